"""Facts about HL7 messages as others read them: hl7apy, HAPI and python-hl7."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from scanindex.delivery_model import Action, ConsentNote, ExportRecord, Kind, Parcel, SentType
from scanindex.doctypes import DOCUMENT_TYPES, DocumentType
from scanindex.ehr import parts
from scanindex.ehr.hl7_files import Hl7Form
from scanindex.model import PersonName
from tests.ehr import records
from tests.ehr.hl7_samples import message, record, target
from tests.ehr.peers import validators
from tests.ehr.peers.base import python

READER = Path(__file__).with_name("hl7_reader.py")
ALLOWED = {
    # hl7apy's table of 2.8 has the groups of ORU's prior documents and orders as if they were required.
    ("oru", "2.8"): ("ORU_R01_COMMON_ORDER.ORC", "ORU_R01_ORDER_DOCUMENT.TXA"),
}
"""Errors of judges that are faults of the judge."""


def typed(folder: Path, kind: DocumentType, action: Action) -> ExportRecord:
    made = SentType(key=kind.key, title=kind.title, loinc=kind.loinc, kind=kind.kind, hl7=kind.hl7)
    return record(folder, action, type=made, title=kind.title)


@pytest.mark.slow
@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("form", ["mdm", "oru"])
def test_every_type_is_valid_to_all_judges(tmp_path: Path, form: str, action: Action) -> None:
    """All document types, each as new, replaced and cancelled, as document message and as result."""
    assert complaints(tmp_path, form, action, DOCUMENT_TYPES) == {}


def test_every_type_is_valid_as_a_new_document(tmp_path: Path) -> None:
    assert complaints(tmp_path, "mdm", Action.NEW, DOCUMENT_TYPES) == {}


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("form", ["mdm", "oru"])
def test_every_action_is_valid_in_both_forms(tmp_path: Path, form: str, action: Action) -> None:
    """Every eighth type; all of them where there is time."""
    assert complaints(tmp_path, form, action, DOCUMENT_TYPES[::8]) == {}


def complaints(
    folder: Path, form: str, action: Action, kinds: Sequence[DocumentType]
) -> dict[str, dict[str, list[str]]]:
    found = {}
    for kind in kinds:
        text = message(typed(folder, kind, action), form, other_type="OTH").decode()
        found[kind.key] = validators.complaints_about_v2(text)
    return {key: said for key, said in found.items() if said}


@pytest.mark.parametrize("version", ["2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8"])
@pytest.mark.parametrize("form", ["mdm", "oru"])
def test_a_full_message_is_valid_in_every_version(tmp_path: Path, form: str, version: str) -> None:
    """hl7apy knows the structures of all of them (but not of T10 in 2.3, whose header names none)."""
    note = ConsentNote(reference="C-1", given_on="2026-01-01", notice="no further disclosure")
    rule = {"version": version, "address": True, "visit_field": "both"}
    made = record(tmp_path, encounter_id="V7", consent=note, service_end="1998-10-09")

    found = validators.errors(validators.hl7apy(message(made, form, **rule).decode()))
    assert [e for e in found if not e.endswith(ALLOWED.get((form, version), ()))] == []


@pytest.mark.parametrize("version", ["2.3", "2.5.1", "2.8"])
@pytest.mark.parametrize("date", ["1998", "1998-10", None])
def test_partial_dates_are_valid_in_every_version(tmp_path: Path, version: str, date: str | None) -> None:
    made = record(tmp_path, service_date=date, patient=records.patient(birth_date=date))

    assert validators.errors(validators.hl7apy(message(made, version=version).decode())) == []


def test_a_referenced_document_is_valid_to_all_judges(tmp_path: Path) -> None:
    rule = {"carry": "referenced", "reference_prefix": "\\\\server\\scans\\", "observation": "IMAGE_REF"}

    assert validators.complaints_about_v2(message(record(tmp_path), **rule).decode()) == {}


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "\r".join(line for line in text.split("\r") if not line.startswith("TXA")),
        lambda text: text.replace("EVN|T02", "EVN|T02|notadate\rEVN|T02"),
    ],
)
def test_the_judges_would_say_so(tmp_path: Path, damage: Callable[[str], str]) -> None:
    """They find fault with what is wrong, or their silence would say nothing."""
    assert validators.complaints_about_v2(damage(message(record(tmp_path)).decode()))


def _read(folder: Path) -> dict[str, dict[str, dict[str, str]]]:
    done = subprocess.run([python(), READER, folder], capture_output=True, check=True, timeout=60)
    found: dict[str, dict[str, dict[str, str]]] = json.loads(done.stdout)
    return found


def test_hostile_values_come_out_as_they_went_in(tmp_path: Path) -> None:
    """Through two parsers; line ends of any kind are line ends, which python-hl7 gives as CR."""
    sent = tmp_path / "sent"
    sent.mkdir()
    values = [*records.HOSTILE, '""', "a" * 200, "\\.br\\|", "~", "\x7f", "\\E\\F\\"]
    for number, value in enumerate(values):
        who = records.patient(names=(PersonName(last=value, first="A"),))
        kind = SentType(key="", title=value, loinc="11506-3", kind=Kind.NOTE, hl7="PR")
        made = record(tmp_path, patient=who, author=value, type=kind, encounter_id=value)
        (sent / f"{number:03}.hl7").write_bytes(message(made))
    found = _read(sent)

    for number, value in enumerate(values):
        wanted = value.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r")
        for parser, places in found[f"{number:03}.hl7"].items():
            assert places == dict.fromkeys(places, wanted), (parser, number)


def test_hostile_values_are_no_fault_to_any_judge(tmp_path: Path) -> None:
    for value in records.HOSTILE:
        who = records.patient(names=(PersonName(last=value, first=value),), address=value)
        text = message(record(tmp_path, patient=who, author=value, encounter_id=value), address=True)

        assert validators.complaints_about_v2(text.decode()) == {}, repr(value)


def test_a_batch_is_read_whole(tmp_path: Path) -> None:
    sent = tmp_path / "sent"
    sent.mkdir()
    made = [record(tmp_path, action, external_id=f"doc{n}-1") for n, action in enumerate(Action)]
    [(_, batch)] = Hl7Form(target()).closing(Parcel(name="general-1", number=1, records=tuple(made)))
    (sent / "one.batch").write_bytes(b"".join(parts.chunks(batch)))

    assert list(_read(sent)["one.batch"]["batch"].values()) == [r.control_id for r in made]
