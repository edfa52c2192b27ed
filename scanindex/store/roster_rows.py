"""One person to and from the roster's rows.

The body is a JSON array of the person's values in fixed order (a million people
at half the size of named fields); later fields may only be appended.
"""

from __future__ import annotations

import base64
import dataclasses
import enum
import secrets
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec

from scanindex.match import fold
from scanindex.model import Identifier, Patient, PatientId, PersonName

Row = dict[str, Any]
name_key = lru_cache(maxsize=50_000)(fold.name_key)
"""A million people have some ten thousand names between them."""


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


class Absorbed(msgspec.Struct, array_like=True, frozen=True):
    """What a patient holds because another record was merged into it."""

    patient_id: str
    names: tuple[_NameRow, ...]
    identifiers: tuple[_IdentifierRow, ...]


class MergeState(enum.StrEnum):
    PARKED = "parked"
    """Asked for; loser or survivor is not in the roster yet."""
    DOUBTFUL = "doubtful"
    """Asked for by a file; the two differ in name or birth date: a person must say so."""
    DONE = "done"
    UNDONE = "undone"


class Merge(msgspec.Struct, frozen=True):
    """One merge of two records, asked for or done."""

    loser: tuple[str, str]
    """Authority and number."""
    survivor: tuple[str, str]
    reason: str
    actor: str = ""
    documents: tuple[tuple[str, int], ...] = ()
    """Documents that changed hands with it, and the version that did."""
    event_seq: int = 0
    """The event that tells of it."""
    is_trusted: bool = False
    """Asked for by a person, or by a file whose changes a person accepted: the two may differ."""
    told_at: str = ""
    """UTC, by the clock of the feed that asked for it: of several words about a number the last counts."""
    undone_by: str = ""
    """The feed that took it back; empty where a person did."""

    @property
    def is_separation(self) -> bool:
        """That the number stands for itself again."""
        return self.loser == self.survivor


class _Body(msgspec.Struct, array_like=True, frozen=True):
    names: tuple[_NameRow, ...]
    birth_date: str | None
    sex: str | None
    ssn4: str | None
    phone: str | None
    address: str | None
    identifiers: tuple[_IdentifierRow, ...]
    mother_mrn: str | None = None
    absorbed: tuple[Absorbed, ...] = ()


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
    shapes: dict[str, dict[str, int]] = {}
    """Per authority: how its numbers look (`roster_shapes.shape_of`), and how many do."""


def to_text(statistics: Statistics) -> str:
    return _ENCODER.encode(statistics).decode("utf-8")


def statistics_of(text: str) -> Statistics:
    return msgspec.json.decode(text, type=Statistics)


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Body)


def new_patient_id() -> PatientId:
    """A random key; says nothing about anybody."""
    return new_patient_ids(1)[0]


def new_patient_ids(count: int) -> list[PatientId]:
    text = base64.b32encode(secrets.token_bytes(13 * count)).decode("ascii").lower()
    return [PatientId(text[20 * n : 20 * n + 20]) for n in range(count)]


def body_of(patient: Patient, absorbed: tuple[Absorbed, ...] = ()) -> str:
    """The person as the text of `roster_patients.body`.

    patient: without what was absorbed (see `own_of`).
    """
    body = _Body(
        tuple(_NameRow(n.last, n.first, n.middle, n.suffix, n.use) for n in patient.names),
        patient.birth_date,
        patient.sex,
        patient.ssn4,
        patient.phone,
        patient.address,
        tuple(_IdentifierRow(i.authority, i.type, i.value) for i in patient.identifiers),
        patient.mother_mrn,
        absorbed,
    )
    return _ENCODER.encode(body).decode("utf-8")


def patient_of(patient_id: str, is_provisional: bool, body_text: str) -> Patient:
    """The person of a `roster_patients` row, with names and numbers of records merged into it."""
    body = _DECODER.decode(body_text)
    own = _patient(patient_id, is_provisional, body)
    return _with_absorbed(own, body.absorbed) if body.absorbed else own


def own_of(patient_id: str, is_provisional: bool, body_text: str) -> Patient:
    """The same without what came by merges."""
    return _patient(patient_id, is_provisional, _DECODER.decode(body_text))


def absorbed_of(body_text: str) -> tuple[Absorbed, ...]:
    return _DECODER.decode(body_text).absorbed


def absorbing(loser: Patient) -> Absorbed:
    """What its survivor takes over from a patient: every name and every number."""
    return Absorbed(
        loser.patient_id,
        tuple(_NameRow(n.last, n.first, n.middle, n.suffix, n.use) for n in loser.names),
        tuple(_IdentifierRow(i.authority, i.type, i.value) for i in loser.identifiers),
    )


def labels_of(patient: Patient) -> tuple[object, ...]:
    """What the search index says of a patient's documents: where it changes, they are indexed again."""
    return patient.names, patient.identifiers, patient.birth_date


def _patient(patient_id: str, is_provisional: bool, body: _Body) -> Patient:
    return Patient(
        patient_id=PatientId(patient_id),
        names=tuple(
            [
                PersonName(last=n.last, first=n.first, middle=n.middle, suffix=n.suffix, use=n.use)
                for n in body.names
            ]
        ),
        birth_date=body.birth_date,
        sex=body.sex,
        identifiers=_identifiers(body.identifiers),
        ssn4=body.ssn4,
        phone=body.phone,
        address=body.address,
        mother_mrn=body.mother_mrn,
        is_provisional=is_provisional,
    )


def _identifiers(rows: Iterable[_IdentifierRow]) -> tuple[Identifier, ...]:
    return tuple([Identifier(authority=i.authority, type=i.type, value=i.value) for i in rows])


def _with_absorbed(own: Patient, absorbed: Iterable[Absorbed]) -> Patient:
    """Old paper carries the loser's names and numbers: they find the survivor."""
    names = {(n.last, n.first, n.suffix): n for n in own.names}
    identifiers = dict.fromkeys(own.identifiers)
    for entry in absorbed:
        for n in entry.names:
            use = "former" if n.use == "official" else n.use
            kept = PersonName(last=n.last, first=n.first, middle=n.middle, suffix=n.suffix, use=use)
            names.setdefault((n.last, n.first, n.suffix), kept)
        identifiers.update(dict.fromkeys(_identifiers(entry.identifiers)))
    return dataclasses.replace(own, names=tuple(names.values()), identifiers=tuple(identifiers))


def name_rows(person_no: int, patient: Patient) -> list[Row]:
    """A look-up row per different name; an alias without a last name takes the official one's."""
    return [dict(zip(NAME_COLUMNS, row, strict=True)) for row in name_tuples(person_no, patient)]


def identifier_rows(person_no: int, patient: Patient) -> list[Row]:
    """A look-up row per identifier."""
    return [dict(zip(IDENTIFIER_COLUMNS, row, strict=True)) for row in identifier_tuples(person_no, patient)]


def number_key(value: str) -> str:
    """`fold.identifier_key`, quicker for plain digits."""
    if value.isascii() and value.isdigit():
        return value.lstrip("0") or value[:1]
    return fold.identifier_key(value)


NAME_COLUMNS = ("person_no", "last_key", "first_key", "sound_key", "birth_date")
IDENTIFIER_COLUMNS = ("person_no", "authority", "type", "value", "key")


def name_tuples(person_no: int, patient: Patient) -> list[tuple[Any, ...]]:
    """`name_rows` in the order of NAME_COLUMNS."""
    official_last = patient.names[0].last if patient.names else ""
    keys = {(name_key(n.last or official_last), name_key(n.first)) for n in patient.names}
    return [
        (person_no, last, first, fold.sound_key(last), patient.birth_date) for last, first in sorted(keys)
    ]


def identifier_tuples(person_no: int, patient: Patient) -> list[tuple[Any, ...]]:
    """`identifier_rows` in the order of IDENTIFIER_COLUMNS."""
    return [(person_no, i.authority, i.type, i.value, number_key(i.value)) for i in patient.identifiers]
