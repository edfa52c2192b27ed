"""Facts about receivers' own lists: every row counts, whatever the receiver calls its columns."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from scanindex.delivery_model import Held
from scanindex.ehr.listing import read_listing
from scanindex.errors import UsageError
from scanindex.target_profile import ListingRule, Target

PLAIN = Target(name="general")


def read(folder: Path, data: str | bytes, target: Target = PLAIN) -> list[Held]:
    path = folder / "listing.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return list(read_listing(path, target))


def naming(taken: tuple[str, ...] = (), ignored: tuple[str, ...] = (), **columns: str) -> Target:
    rule = ListingRule(columns=columns, taken=taken, ignored=ignored)
    return dataclasses.replace(PLAIN, listing=rule)


@pytest.mark.parametrize("delimiter", [",", "|", ";", "\t"])
def test_usual_headers_are_understood(tmp_path: Path, delimiter: str) -> None:
    rows = [
        ["Document Handle", "External ID", "MRN", "File Size", "SHA256", "Status", "Document Type"],
        ["71", "a-1", "00123", "512", "AB" * 32, "active", "PROG"],
    ]
    (held,) = read(tmp_path, "\r\n".join(delimiter.join(row) for row in rows))

    assert held == Held(
        external_id="a-1",
        receiver_id="71",
        sha256="ab" * 32,
        size_bytes=512,
        patient="00123",
        is_current=True,
        local_type="PROG",
    )


def test_a_report_per_row_holds_what_was_not_rejected(tmp_path: Path) -> None:
    """As an import job writes it: our own columns again, and what became of the row."""
    report = (
        "Patient ID|External ID|File Name|Import Status|Message\n"
        "00123|a-1|a.pdf|Success|\n"
        "00124|b-1|b.pdf|Rejected|no such patient\n"
        '00125|c-1|c.pdf|ERROR|"file | empty"\n'
        "00126|d-1|d.pdf|Imported|\n"
    )
    held = read(tmp_path, report, naming(status="Import Status", taken=("Duplicate",)))

    assert [(h.external_id, h.is_current) for h in held] == [("a-1", True), ("d-1", True)]


def test_a_word_of_status_that_nobody_explained_is_not_a_yes(tmp_path: Path) -> None:
    report = "external_id,status\na-1,success\nb-1,queued for scrubbing\n"
    with pytest.raises(UsageError):
        read(tmp_path, report)

    assert len(read(tmp_path, report, naming(taken=("Queued for scrubbing",)))) == 2


def test_a_column_that_may_hold_refusals_is_asked_about(tmp_path: Path) -> None:
    """A report whose status nobody pointed out would else verify what was refused."""
    report = "external_id,Import Outcome\na-1,no such patient\n"
    with pytest.raises(UsageError):
        read(tmp_path, report)

    assert len(read(tmp_path, report, naming(ignored=("Import Outcome",)))) == 1


@pytest.mark.parametrize("word", ["Import failed", "Rejected - bad", "not filed", "pending", "Duplicate"])
def test_a_status_that_is_not_known_is_never_a_yes(tmp_path: Path, word: str) -> None:
    with pytest.raises(UsageError):
        read(tmp_path, f"external_id,status\na-1,{word}\n")


def test_a_column_that_may_be_a_status_must_be_named_or_ignored(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="import status"):
        read(tmp_path, "external_id,Import Status\na-1,FAILED\n")


@pytest.mark.parametrize("word", ["Deleted", "superseded", "ENTERED-IN-ERROR", "Obsolete"])
def test_what_is_not_valid_there_any_more_says_so(tmp_path: Path, word: str) -> None:
    (held,) = read(tmp_path, f"external_id,status\na-1,{word}\n")

    assert held.is_current is False


def test_a_document_that_is_there_twice_is_given_twice(tmp_path: Path) -> None:
    held = read(tmp_path, "external_id,receiver_id\na-1,7\na-1,8\n")

    assert [(h.external_id, h.receiver_id) for h in held] == [("a-1", "7"), ("a-1", "8")]


@pytest.mark.parametrize(
    ("told", "sha256", "sha1"),
    [("ab" * 32, "ab" * 32, None), ("ab" * 20, None, "ab" * 20), ("ab" * 16, None, None), ("", None, None)],
)
def test_a_hash_is_compared_only_if_its_kind_is_known(
    tmp_path: Path, told: str, sha256: str | None, sha1: str | None
) -> None:
    (held,) = read(tmp_path, f"external_id,hash\na-1,{told}\n")

    assert (held.sha256, held.sha1) == (sha256, sha1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_what_spreadsheets_save_is_read(tmp_path: Path, encoding: str) -> None:
    (held,) = read(tmp_path, "external_id\tdocument type\na-1\tMüller\n".encode(encoding))

    assert held.external_id == "a-1"
    assert held.local_type == "Müller" or encoding == "cp1252"


@pytest.mark.parametrize(
    "data",
    [b"", b"a,b,c\n1,2,3\n", b"PK\x03\x04\x00\x00\x00\x00\n\x00", b"\xff\xfe\x00"],
)
def test_what_is_no_list_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(UsageError):
        read(tmp_path, data)


def test_a_column_that_the_profile_names_must_be_there(tmp_path: Path) -> None:
    """Else a misspelt header would hide what the list says."""
    with pytest.raises(UsageError):
        read(tmp_path, "external_id,status\na-1,ok\n", naming(status="Import Status"))


def test_a_list_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        list(read_listing(tmp_path / "none.csv", PLAIN))
