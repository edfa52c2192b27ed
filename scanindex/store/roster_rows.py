"""One person to and from the roster's rows.

The body is a JSON array of the person's values in fixed order (a million people
at half the size of named fields); later fields may only be appended.
"""

from __future__ import annotations

import base64
import secrets
from typing import Any

import msgspec

from scanindex.match import fold
from scanindex.model import Identifier, Patient, PatientId, PersonName

Row = dict[str, Any]


class _NameRow(msgspec.Struct, array_like=True, frozen=True):
    last: str
    first: str
    middle: str = ""
    suffix: str = ""
    use: str = "official"


class _IdentifierRow(msgspec.Struct, array_like=True, frozen=True):
    authority: str
    type: str
    value: str


class _Body(msgspec.Struct, array_like=True, frozen=True):
    names: tuple[_NameRow, ...]
    birth_date: str | None
    sex: str | None
    ssn4: str | None
    phone: str | None
    address: str | None
    identifiers: tuple[_IdentifierRow, ...]


DEFAULT_BIRTH_DATE_COLLISION = 1.2e-3
"""Chance that two people of one name share their birth date, where a roster cannot say:
35 times what independence predicts, as a hospital of 3.4 million patients counted."""


class Statistics(msgspec.Struct, frozen=True):
    """How often people are alike in this roster; no patient data."""

    birth_date_collision: float = DEFAULT_BIRTH_DATE_COLLISION
    """Chance that two people of one name share their birth date."""
    namesakes_of_single: float = 1.0
    """Expected namesakes, in another population of this size, of somebody whose name
    occurs once here (Good-Turing: 2 x names occurring twice / names occurring once)."""
    namesakes_of_double: float = 2.0


def to_text(statistics: Statistics) -> str:
    return _ENCODER.encode(statistics).decode("utf-8")


def statistics_of(text: str) -> Statistics:
    return msgspec.json.decode(text, type=Statistics)


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Body)


def new_patient_id() -> PatientId:
    """A random key; says nothing about anybody."""
    return PatientId(base64.b32encode(secrets.token_bytes(13)).decode("ascii").lower()[:20])


def body_of(patient: Patient) -> str:
    """The person as the text of `roster_patients.body`."""
    body = _Body(
        tuple(_NameRow(n.last, n.first, n.middle, n.suffix, n.use) for n in patient.names),
        patient.birth_date,
        patient.sex,
        patient.ssn4,
        patient.phone,
        patient.address,
        tuple(_IdentifierRow(i.authority, i.type, i.value) for i in patient.identifiers),
    )
    return _ENCODER.encode(body).decode("utf-8")


def patient_of(patient_id: str, is_provisional: bool, body_text: str) -> Patient:
    """The person of a `roster_patients` row."""
    body = _DECODER.decode(body_text)
    return Patient(
        patient_id=PatientId(patient_id),
        names=tuple(
            PersonName(last=n.last, first=n.first, middle=n.middle, suffix=n.suffix, use=n.use)
            for n in body.names
        ),
        birth_date=body.birth_date,
        sex=body.sex,
        identifiers=tuple(
            Identifier(authority=i.authority, type=i.type, value=i.value) for i in body.identifiers
        ),
        ssn4=body.ssn4,
        phone=body.phone,
        address=body.address,
        is_provisional=is_provisional,
    )


def name_rows(person_no: int, patient: Patient) -> list[Row]:
    """A look-up row per different name; an alias without a last name takes the official one's."""
    official_last = patient.names[0].last if patient.names else ""
    keys = {(fold.name_key(n.last or official_last), fold.name_key(n.first)) for n in patient.names}
    return [
        {
            "person_no": person_no,
            "last_key": last,
            "first_key": first,
            "sound_key": fold.sound_key(last),
            "birth_date": patient.birth_date,
        }
        for last, first in sorted(keys)
    ]


def identifier_rows(person_no: int, patient: Patient) -> list[Row]:
    """A look-up row per identifier."""
    return [
        {
            "person_no": person_no,
            "authority": i.authority,
            "type": i.type,
            "value": i.value,
            "key": fold.identifier_key(i.value),
        }
        for i in patient.identifiers
    ]
