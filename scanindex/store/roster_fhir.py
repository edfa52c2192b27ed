"""FHIR R4 Patients as a source of people: a Bundle, or newline-delimited JSON of a bulk export.

Sources: HL7 FHIR R4 Patient (8.1), Patient.link (replaced-by, replaces: one record of a person stands
for another), Bundle (2.36), Bulk Data Export 1.0 (NDJSON). Promises: a resource that is no Patient
is left out; a link is followed by its identifier or within the file. Leaves out: contained and
remote references, photos, contacts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from scanindex.errors import RosterRejected
from scanindex.model import Identifier, PersonName
from scanindex.store.roster_people import Habits, RowError, today, told_person
from scanindex.store.roster_source import AuthorityNames, Move, Note, SourceRow

BUNDLE_BYTES = 256 << 20
_LINE_BYTES = 4 << 20
_RECORD_TYPES = frozenset(["", "MR", "MRN", "PI", "PT", "EPI", "MRT", "PN", "U", "LR"])
_SSN = ("http://hl7.org/fhir/sid/us-ssn", "urn:oid:2.16.840.1.113883.4.1")


class _Part(msgspec.Struct):
    start: str = ""
    end: str = ""


class _Coding(msgspec.Struct):
    code: str = ""


class _Concept(msgspec.Struct):
    coding: list[_Coding] = []


class _Assigner(msgspec.Struct):
    display: str = ""


class _Identifier(msgspec.Struct):
    use: str = ""
    system: str = ""
    value: str = ""
    type: _Concept | None = None
    assigner: _Assigner | None = None


class _Name(msgspec.Struct):
    use: str = ""
    text: str = ""
    family: str = ""
    given: list[str | None] = []
    suffix: list[str | None] = []
    period: _Part | None = None


class _Telecom(msgspec.Struct):
    system: str = ""
    value: str = ""
    use: str = ""
    rank: int = 99


class _Address(msgspec.Struct):
    use: str = ""
    line: list[str | None] = []
    city: str = ""
    state: str = ""
    postal: str = msgspec.field(name="postalCode", default="")
    text: str = ""


class _Reference(msgspec.Struct):
    reference: str = ""
    identifier: _Identifier | None = None


class _Link(msgspec.Struct):
    other: _Reference
    type: str = ""


class _Meta(msgspec.Struct):
    updated: str = msgspec.field(name="lastUpdated", default="")


class _Patient(msgspec.Struct):
    kind: str = msgspec.field(name="resourceType", default="")
    id: str = ""
    meta: _Meta | None = None
    active: bool = True
    identifier: list[_Identifier] = []
    name: list[_Name] = []
    telecom: list[_Telecom] = []
    gender: str = ""
    birth_date: str = msgspec.field(name="birthDate", default="")
    address: list[_Address] = []
    link: list[_Link] = []


class _Entry(msgspec.Struct):
    full_url: str = msgspec.field(name="fullUrl", default="")
    resource: msgspec.Raw = msgspec.Raw(b"{}")


class _Bundle(msgspec.Struct):
    kind: str = msgspec.field(name="resourceType", default="")
    entry: list[_Entry] = []


class _Kind(msgspec.Struct):
    kind: str = msgspec.field(name="resourceType", default="")


_PATIENT: Any = msgspec.json.Decoder(_Patient)
_KIND: Any = msgspec.json.Decoder(_Kind)
_Raw = tuple[int, str, bytes | msgspec.Raw]
"""(place, full URL or "", one resource)."""


class FhirSource:
    """`roster_source.Source`."""

    is_full = False

    def __init__(self, path: Path, names: AuthorityNames, *, is_bundle: bool) -> None:
        self.path, self.authority, self.authorities = path, names.default, names.all
        self.unit = "entry" if is_bundle else "line"
        self._is_bundle = is_bundle
        self._names = names
        self._habits = Habits(is_day_first=False, authority=names.default, today=today())
        self._numbers: dict[str, Identifier] = {}

    def notes(self) -> Iterator[Note]:
        if self._is_bundle and self.path.stat().st_size > BUNDLE_BYTES:
            raise RosterRejected("the Bundle is too large to be read at once; send NDJSON, a line each")
        self._numbers = self._linked()
        return iter(())

    def rows(self) -> Iterator[SourceRow]:
        for place, url, raw in self._resources():
            try:
                found = _PATIENT.decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError):
                yield _other_or_fault(place, raw)
                continue
            if found.kind != "Patient":
                yield SourceRow(place, warnings=("not_a_patient",))
                continue
            try:
                yield self._row(place, url, found)
            except RowError as fault:
                yield SourceRow(place, None, fault.code)

    # --- one patient ------------------------------------------------------------------
    def _row(self, place: int, url: str, patient: _Patient) -> SourceRow:
        numbers, ssn = self._identifiers(patient.identifier)
        is_partial = len(patient.birth_date) in (4, 7)
        person = told_person(
            numbers=numbers,
            names=_names(patient.name),
            birth_date="" if is_partial else patient.birth_date,
            sex=patient.gender,
            phone=_phone(patient.telecom),
            address=_address(patient.address),
            ssn=ssn,
            habits=self._habits,
        )
        moves, warnings = self._moves(patient, numbers[0])
        if is_partial:
            warnings += ("birth_date_partial",)
        if not patient.active and not moves and not warnings:
            warnings = ("inactive",)
        told_at = _moment(patient.meta.updated) if patient.meta else None
        return SourceRow(place, person, moves=moves, warnings=warnings, told_at=told_at)

    def _identifiers(self, found: Iterable[_Identifier]) -> tuple[list[Identifier], str]:
        """(record numbers: the site's own first, old ones last; SSN or "")."""
        ranked: list[tuple[bool, bool, Identifier]] = []
        ssn = ""
        for one in found:
            code = one.type.coding[0].code.upper() if one.type and one.type.coding else ""
            if one.system in _SSN or code == "SS":
                ssn = one.value
            elif one.value.strip() and (code in _RECORD_TYPES or self._is_named(one)):
                number = self._number(one)
                ranked.append((one.use == "old", number.authority != self._names.default, number))
        return [number for _, _, number in sorted(ranked, key=lambda r: r[:2])], ssn

    def _is_named(self, one: _Identifier) -> bool:
        return self._names.of(one.system) in self._names.all and bool(one.system)

    def _number(self, one: _Identifier) -> Identifier:
        assigner = one.assigner.display if one.assigner else ""
        authority = self._names.of(one.system, assigner)
        return Identifier(authority=authority, type="mrn", value=one.value.strip())

    def _moves(self, patient: _Patient, mine: Identifier) -> tuple[tuple[Move, ...], tuple[str, ...]]:
        moves: list[Move] = []
        for link in patient.link:
            if link.type not in ("replaced-by", "replaces"):
                continue
            other = self._target(link.other)
            if other is None or other == mine:
                return (), ("merge_unclear",)
            moves.append(Move(mine, other) if link.type == "replaced-by" else Move(other, mine))
        return tuple(moves), ()

    def _target(self, other: _Reference) -> Identifier | None:
        if other.identifier and other.identifier.value:
            return self._number(other.identifier)
        return self._numbers.get(_key(other.reference))

    # --- links ------------------------------------------------------------------------
    def _linked(self) -> dict[str, Identifier]:
        """Of patients that others name by reference: the number each is known by."""
        wanted: set[str] = set()
        for _, _, raw in self._resources():
            if b'"link"' in bytes(raw) and (found := _readable(raw)):
                wanted |= {_key(link.other.reference) for link in found.link if link.other.reference}
        numbers: dict[str, Identifier] = {}
        if not wanted:
            return numbers
        for _, url, raw in self._resources():
            found = _readable(raw)
            if found and (keys := {f"Patient/{found.id}", url} & wanted):
                mine, _ = self._identifiers(found.identifier)
                numbers.update(dict.fromkeys(keys, mine[0]) if mine else {})
        return numbers

    # --- the file ---------------------------------------------------------------------
    def _resources(self) -> Iterator[_Raw]:
        return self._entries() if self._is_bundle else self._lines()

    def _entries(self) -> Iterator[_Raw]:
        try:
            bundle = msgspec.json.decode(self.path.read_bytes().removeprefix(b"\xef\xbb\xbf"), type=_Bundle)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise RosterRejected("the file is no FHIR Bundle (JSON)") from None
        if bundle.kind == "Patient":
            yield 1, "", self.path.read_bytes().removeprefix(b"\xef\xbb\xbf")
            return
        if bundle.kind != "Bundle":
            raise RosterRejected("the file holds neither a FHIR Bundle nor a Patient")
        for number, entry in enumerate(bundle.entry, 1):
            if entry.resource != b"{}":
                yield number, entry.full_url, entry.resource

    def _lines(self) -> Iterator[_Raw]:
        with self.path.open("rb") as stream:
            number = 0
            while line := stream.readline(_LINE_BYTES):
                number += 1
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                if not line.endswith(b"\n"):  # the last one, or one that is too long to be a patient
                    while (more := stream.readline(_LINE_BYTES)) and not more.endswith(b"\n"):
                        pass
                if text := line.strip():
                    yield number, "", text


def _readable(raw: bytes | msgspec.Raw) -> _Patient | None:
    try:
        found: _Patient = _PATIENT.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if found.kind == "Patient" else None


def _other_or_fault(place: int, raw: bytes | msgspec.Raw) -> SourceRow:
    try:
        kind = _KIND.decode(raw).kind
    except (msgspec.DecodeError, UnicodeDecodeError):
        kind = ""
    if kind and kind != "Patient":
        return SourceRow(place, warnings=("not_a_patient",))
    return SourceRow(place, None, "message_unreadable")


def _key(reference: str) -> str:
    """ "http://x/fhir/Patient/7/_history/2" and "Patient/7" alike; a urn as it is."""
    if reference.startswith("urn:"):
        return reference
    parts = reference.split("/_history/")[0].rsplit("/", 2)
    return "/".join(parts[-2:])


def _names(found: Iterable[_Name]) -> list[PersonName]:
    """The official one first, then the others as former names and aliases."""
    ranked: list[tuple[int, PersonName]] = []
    for one in found:
        is_past = one.use in ("old", "maiden") or bool(one.period and one.period.end)
        use = "former" if is_past else "alias" if one.use in ("nickname", "anonymous") else "official"
        rank = {"former": 3, "alias": 4}.get(use, 0 if one.use == "official" else 1)
        ranked.append((rank, _name(one, use)))
    ordered = [name for _, name in sorted(ranked, key=lambda r: r[0])]
    return [n if not i or n.use != "official" else _as(n, "alias") for i, n in enumerate(ordered)]


def _name(one: _Name, use: str) -> PersonName:
    given = [g.strip() for g in one.given if g and g.strip()]
    if not one.family and not given and one.text:
        last, comma, rest = one.text.partition(",")
        words = rest.split() if comma else one.text.split()
        given, last = (words, last) if comma else (words[:-1], words[-1])
        return PersonName(
            last=last.strip(), first=given[0] if given else "", middle=" ".join(given[1:]), use=use
        )
    return PersonName(
        last=one.family.strip(),
        first=given[0] if given else "",
        middle=" ".join(given[1:]),
        suffix=" ".join(s for s in one.suffix if s),
        use=use,
    )


def _as(name: PersonName, use: str) -> PersonName:
    return PersonName(last=name.last, first=name.first, middle=name.middle, suffix=name.suffix, use=use)


def _phone(found: Iterable[_Telecom]) -> str:
    numbers = [t for t in found if t.system in ("phone", "sms", "") and t.use != "old" and t.value]
    order = {"home": 0, "mobile": 1, "": 2}
    best = min(numbers, key=lambda t: (order.get(t.use, 3), t.rank), default=None)
    return best.value if best else ""


def _address(found: Iterable[_Address]) -> str:
    usable = [a for a in found if a.use not in ("old", "billing")]
    best = min(usable, key=lambda a: a.use != "home", default=None)
    if best is None:
        return ""
    street = " ".join(part for part in best.line if part)
    place = " ".join(part for part in (best.state, best.postal) if part)
    return ", ".join(part for part in (street, best.city, place) if part) or best.text


@lru_cache(maxsize=4096)
def _moment(text: str) -> str | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at.tzinfo else None
