"""Facts about C-CDA documents as HL7's schema of CDA and HL7's Schematron of C-CDA 2.1 see them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanindex.delivery_model import Action, ConsentNote, ExportRecord, Kind, SentType
from scanindex.doctypes import DOCUMENT_TYPES
from scanindex.ehr.ccda_xml import lacks
from scanindex.model import PersonName
from tests.ehr.peers import validators
from tests.ehr.records import HOSTILE, patient, record
from tests.ehr.test_ccda import bytes_of, target

pytestmark = pytest.mark.xdist_group("peers")
NOTE = ConsentNote(reference="F-17", given_on="2026-01-02", notice="42 CFR part 2 prohibits it.")
ALL_SAID = target(
    address=True,
    custodian_phone="+1-555-0100",
    type_oid="2.16.840.1.113883.3.999.7",
    visit_oid="2.16.840.1.113883.3.999.8",
)


def complaints(one: ExportRecord, to: object = None) -> dict[str, list[str]]:
    return validators.complaints_about_cda(bytes_of(one, ALL_SAID if to is None else target()).decode())


def corrected(one: ExportRecord, action: Action) -> ExportRecord:
    if action is Action.NEW:
        return one
    return dataclasses.replace(
        one, action=action, external_id="4uobb7qkxw3z5c2m7ray-2", replaces=one.external_id
    )


def shapes(folder: Path) -> Iterator[ExportRecord]:
    """Full and bare ones, exact and inexact ones."""
    untyped = SentType(key="", title="Document", loinc=None, kind=Kind.NOTE)
    nobody = patient(names=(), birth_date=None, sex=None, address=None, phone=None)
    yield record(folder, encounter_id="V77", consent=NOTE, confidentiality="V")
    yield record(folder, type=untyped, patient=nobody, service_date=None, author=None, facility=None)
    yield record(folder, service_date="1998", author=None, patient=patient(birth_date="1924", sex="O"))
    yield record(folder, service_date="1998-03", facility=None, patient=patient(birth_date="1924-11"))
    yield record(folder, service_date="1998-03-02", service_end="1998-03-05", language="es-US")


@pytest.mark.parametrize("action", [Action.NEW, Action.REPLACE])
def test_full_and_bare_documents_are_valid(tmp_path: Path, action: Action) -> None:
    """With all that a profile can say, and with as little as it needs."""
    for one in shapes(tmp_path):
        assert complaints(corrected(one, action)) == {}
        assert complaints(corrected(one, action), to="bare") == {}


def test_hostile_values_leave_a_document_valid(tmp_path: Path) -> None:
    """All of them at once, in every place for a text."""
    value = " ".join(value for value in HOSTILE if not lacks(value))
    assert complaints(hostile(tmp_path, value)) == {}


@pytest.mark.slow
@pytest.mark.parametrize("action", [Action.NEW, Action.REPLACE])
def test_every_type_is_valid_with_every_hostile_value(tmp_path: Path, action: Action) -> None:
    """Values that XML lacks are held; what would be written is valid all the same."""
    for kind in DOCUMENT_TYPES:
        made = SentType(key=kind.key, title=kind.title, loinc=kind.loinc, kind=kind.kind, local=kind.key)
        for value in ("Quimby", *HOSTILE):
            one = dataclasses.replace(hostile(tmp_path, value), type=made)
            assert complaints(corrected(one, action)) == {}, (kind.key, value)


def hostile(folder: Path, value: str) -> ExportRecord:
    number = dataclasses.replace(patient().identifiers[0], value=value)
    name = PersonName(last=value, first=value, middle=value, suffix=value)
    who = patient(identifiers=(number,), names=(name,), address=value, phone=value)
    note = dataclasses.replace(NOTE, reference=value)
    return record(
        folder, patient=who, title=value, author=value, facility=value, encounter_id=value, consent=note
    )
