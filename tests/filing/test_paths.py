"""Names and places: safe for every file system, and never outside the archive."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanindex.errors import NotFound
from scanindex.filing import paths
from scanindex.model import DocumentId, Identifier, PersonName, ScanId
from tests.filing import paper


@given(st.text(max_size=300))
def test_any_text_becomes_a_safe_name(text: str) -> None:
    """Whatever stood on the paper: one path component that Windows takes, too."""
    name = paths.safe_name(text)
    assert name and len(name.encode("utf-8")) <= paths.MAX_NAME_BYTES
    assert name not in (".", "..") and name == name.strip(" ") and not name.endswith(".")
    assert not set(name) & set('<>:"/\\|?*')
    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in name)


@pytest.mark.parametrize("name", ["CON", "nul", "COM1", "lpt9", "Aux.txt", "con .x"])
def test_device_names_of_windows_are_changed(name: str) -> None:
    assert paths.safe_name(name).startswith("_")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a\u202eb", "ab"),
        ("Zoe\u0308", "Zoë"),
        ("../../etc/passwd", "-..-etc-passwd"),
        ("dots...", "dots"),
        ("tab\there\nline", "tab here line"),
        ("\u200b", "_"),
    ],
)
def test_tricks_in_names(text: str, name: str) -> None:
    """Direction overrides, decomposed accents, path steps, trailing dots, invisible letters."""
    assert paths.safe_name(text) == name


@pytest.mark.parametrize("bad", ["", "..", "AB" * 32, "ab", "g" * 64, "ab" * 32 + "/.."])
def test_what_is_no_scan_id_has_no_place(bad: str) -> None:
    with pytest.raises(NotFound):
        paths.original_path(ScanId(bad))


@pytest.mark.parametrize("bad", ["", "..", "../x", "a/b", ".hidden", "Ab", "a" * 65, "a\n"])
def test_what_is_no_document_id_has_no_place(bad: str) -> None:
    with pytest.raises(NotFound):
        paths.version_path(DocumentId(bad), 1)


def test_places_fan_out_by_prefix() -> None:
    """So that millions of documents do not share one folder."""
    assert str(paths.original_path(ScanId("ab" * 32))) == "originals/ab/" + "ab" * 32
    assert str(paths.version_path(DocumentId("qx2k"), 12)) == "documents/qx/qx2k/v0012"


def test_a_chart_is_labelled_by_name_and_number() -> None:
    assert paths.patient_label(paper.patient()) == "QUILLFEATHER, ODA  0047110"


def test_the_number_survives_a_long_name() -> None:
    """Two people with the same long name must not meet in one folder."""
    long = PersonName(last="ß" * 200, first="X")
    label = paths.patient_label(paper.patient(names=(long,)))
    assert label.endswith("  0047110") and len(label.encode("utf-8")) <= paths.MAX_NAME_BYTES


def test_without_a_number_the_key_parts_namesakes() -> None:
    first = paths.patient_label(paper.patient(identifiers=()))
    second = paths.patient_label(paper.patient(identifiers=(), patient_id="p-2"))
    assert first != second and first.startswith("QUILLFEATHER, ODA  id ")


def test_account_numbers_are_not_chart_numbers() -> None:
    account = Identifier(authority="local", type="account", value="99")
    assert "99" not in paths.patient_label(paper.patient(identifiers=(account,)))


@pytest.mark.parametrize(
    ("date", "year"), [("1994-06-21", "1994"), ("1987", "1987"), (None, "undated"), ("junk", "undated")]
)
def test_years(date: str | None, year: str) -> None:
    assert paths.year_label(date) == year


def test_a_document_is_labelled_by_date_and_type() -> None:
    assert paths.document_label(paper.document()) == "1994-06-21 progress note qx2k7abc.pdf"
    assert paths.document_label(paper.document(service_date=None)).startswith("undated progress")
