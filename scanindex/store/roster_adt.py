"""HL7 v2 ADT messages as rows of people: who somebody is, and which number became part of which.

Sources: HL7 v2.5.1 chapter 3 (PID, MRG, events A01-A62; 3.3.40 A40, 3.3.43 A43, 3.3.47 A47), tables
0190, 0200, 0201, 0203. A merge's wrong number is in MRG-1, the surviving one of the same authority
and type in PID-3. What an emptied field ("") held is kept: old paper still carries it.
Promises: pure; faults are codes. Leaves out: visits, accounts, what a merge does (roster_merging).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from functools import lru_cache

from scanindex.hl7.er7 import Components, Message, Segment
from scanindex.model import Identifier, PersonName
from scanindex.store.roster_people import Habits, RowError, today, told_person
from scanindex.store.roster_source import AuthorityNames, Move, SourceRow

PERSON = frozenset(["A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A10", "A14", "A28", "A31"])
"""Events whose PID says who somebody is."""
MERGE = frozenset(["A18", "A30", "A34", "A36", "A39", "A40"])
MOVE = frozenset(["A43"])
RENUMBER = frozenset(["A46", "A47"])
UNLINK = frozenset(["A37"])
PASSED_OVER = frozenset(
    (
        "A09", "A11", "A12", "A13", "A15", "A16", "A17", "A19", "A20", "A21", "A22",
        "A25", "A26", "A27", "A32", "A33", "A35", "A38", "A41", "A42", "A44", "A45",
        "A48", "A49", "A50", "A51", "A52", "A53", "A54", "A55", "A60", "A61", "A62",
    )
)  # fmt: skip
"""About visits, accounts, beds: nothing of them changes who somebody is."""
KNOWN = PERSON | MERGE | MOVE | RENUMBER | UNLINK | PASSED_OVER
_RECORD_TYPES = frozenset(["", "MR", "MRN", "PI", "PT", "EPI", "MRT", "PN", "U", "LR"])
"""CX-5 of what the roster calls a record number."""
_FORMER = frozenset("MBC")
_ALIAS = frozenset(("A", "N", "S", "D", "I", "K"))
_NOT_THEIRS = frozenset("P")
"""XPN-7: the partner's name."""
_HOME = ("", "H", "L", "P", "M")
_NO_HOME = ("BA", "B", "O", "BDL", "BR", "N")
_PARTIAL_DIGITS = 8
_AUTHORITIES_KEPT = 1_000


class Adt:
    """Reads messages of one site."""

    def __init__(self, names: AuthorityNames, zone: tzinfo = UTC) -> None:
        """zone: of moments that name none."""
        self._names, self._zone = names, zone
        self._authorities: dict[str, str] = {}
        self._habits = Habits(is_day_first=False, authority=names.default, today=today())

    def row(self, message: Message, line_no: int) -> SourceRow:
        """What the roster is to take of a message; its fault where that is nothing."""
        try:
            return self._row(message, line_no)
        except RowError as fault:
            return SourceRow(line_no, None, fault.code)

    def _row(self, message: Message, line_no: int) -> SourceRow:
        event = message.event
        pid = message.first("PID")
        if event in PASSED_OVER:
            return SourceRow(line_no, warnings=("event_passed_over",))
        if event not in KNOWN or message.header.text(9) not in ("ADT", ""):
            raise RowError("event_not_taken")
        if pid is None:
            raise RowError("mrn_missing")
        told_at = self._told_at(message)
        if event in PERSON:
            return self._person(pid, line_no, told_at)
        if event in RENUMBER:
            return self._renumbered(message, pid, line_no, told_at)
        moves = self._moves(message, event)
        if not moves:
            raise RowError("merge_numbers_missing")
        return SourceRow(line_no, moves=tuple(moves), told_at=told_at)

    # --- people -----------------------------------------------------------------------
    def _person(self, pid: Segment, line_no: int, told_at: str | None) -> SourceRow:
        numbers, ssn = self._numbers(pid, 3)
        birth, is_partial = _birth_date(pid.text(7))
        mothers = [c.text(1) for c in pid.repetitions(21)]
        person = told_person(
            numbers=numbers,
            names=[*_names(pid.repetitions(5), "official"), *_names(pid.repetitions(9), "alias")],
            birth_date=birth,
            sex=pid.text(8),
            phone=_phone(pid.repetitions(13)),
            address=_address(pid.repetitions(11)),
            ssn=pid.text(19) or ssn,
            mother=mothers[0] if mothers else "",
            habits=self._habits,
        )
        return SourceRow(
            line_no, person, warnings=("birth_date_partial",) if is_partial else (), told_at=told_at
        )

    def _numbers(self, segment: Segment, field: int) -> tuple[list[Identifier], str]:
        """(record numbers, the site's own authority first; SSN or "")."""
        own: list[Identifier] = []
        other: list[Identifier] = []
        ssn = ""
        for cx in segment.repetitions(field):
            value, _, _, _, kind = cx.texts(5)
            kind, value = kind.upper(), value.strip()
            if kind == "SS":
                ssn = value
            if kind in _RECORD_TYPES and value and not cx.is_null:
                number = self._number(cx, value)
                (own if number.authority == self._names.default else other).append(number)
        if not own and len(other) > 1:
            other.sort(key=lambda n: n.authority not in self._names.all)
        return [*own, *other], ssn

    def _number(self, cx: Components, value: str) -> Identifier:
        assigner = cx.raw_part(4)
        authority = self._authorities.get(assigner)
        if authority is None:
            authority = self._names.of(cx.text(4, 1), cx.text(4, 2))
            if len(self._authorities) < _AUTHORITIES_KEPT:
                self._authorities[assigner] = authority
        return Identifier(authority=authority, type="mrn", value=value)

    # --- numbers that move ---------------------------------------------------------------
    def _moves(self, message: Message, event: str) -> list[Move]:
        if event in UNLINK:
            return self._unlinked(message)
        found: list[Move] = []
        pid: Segment | None = None
        for segment in message.segments:
            if segment.name == "PID":
                pid = segment
            elif segment.name == "MRG" and pid is not None:
                found += self._pairs(pid, segment, event)
        return found

    def _pairs(self, pid: Segment, mrg: Segment, event: str) -> list[Move]:
        """Each wrong number with the surviving one of its authority; of A43 also with itself, which says
        that the record stands for itself again."""
        right, _ = self._numbers(pid, 3)
        wrong, _ = self._numbers(mrg, 1)
        found = []
        for number in wrong:
            same = [n for n in right if n.authority == number.authority]
            others = [n for n in same if n != number]
            if event in MOVE and number in same and not others:
                found.append(Move(number, number))
            elif others:
                found.append(Move(number, others[0]))
        return found

    def _unlinked(self, message: Message) -> list[Move]:
        """Each of the two stands for itself; for one of them that is nothing new."""
        pids = [self._numbers(pid, 3)[0] for pid in message.all("PID")]
        return [Move(numbers[0], numbers[0]) for numbers in pids if numbers] if len(pids) > 1 else []

    def _renumbered(self, message: Message, pid: Segment, line_no: int, told_at: str | None) -> SourceRow:
        """The same person under another number; the old one is kept beside it."""
        mrg = message.first("MRG")
        pairs = self._pairs(pid, mrg, "A47") if mrg else []
        if not pairs:
            raise RowError("merge_numbers_missing")
        row = self._person(pid, line_no, told_at)
        if row.person is None:
            return row
        old, new = pairs[0]
        return row._replace(known_as=old, moves=(Move(old, new),))

    def _told_at(self, message: Message) -> str | None:
        event = message.first("EVN")
        return moment_of((event.text(2) if event else "") or message.header.text(7), self._zone)


_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,6})\d*)?)?)?)?([+-]\d{4})?")


@lru_cache(maxsize=4096)
def moment_of(text: str, zone: tzinfo) -> str | None:
    """TS as UTC in ISO with microseconds, so that texts sort as moments; None where it is no full day."""
    match = _MOMENT.fullmatch(text.strip())
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups("")
    try:
        at = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int(fraction.ljust(6, "0")) if fraction else 0,
            datetime.strptime(offset, "%z").tzinfo if offset else zone,
        )
        return at.astimezone(UTC).isoformat(timespec="microseconds")
    except (ValueError, OverflowError):
        return None


def _birth_date(text: str) -> tuple[str, bool]:
    """(ISO or as it came, is it partial)."""
    digits = text.strip()[:_PARTIAL_DIGITS]
    if digits.isdigit() and len(digits) == _PARTIAL_DIGITS:
        return ("", False) if digits.strip("0") == "" else (f"{digits[:4]}-{digits[4:6]}-{digits[6:]}", False)
    return ("", True) if digits.isdigit() and len(digits) in (4, 6) else (text.strip(), False)


def _names(found: Iterable[Components], first_use: str) -> list[PersonName]:
    """Official ones first."""
    made: list[tuple[int, PersonName]] = []
    for xpn in found:
        last, first, middle, suffix, _, _, kind = xpn.texts(7)
        kind = kind.upper()
        if kind in _NOT_THEIRS or xpn.is_null:
            continue
        use = "former" if kind in _FORMER else "alias" if kind in _ALIAS else first_use
        name = PersonName(
            last=last.strip(), first=first.strip(), middle=middle.strip(), suffix=suffix.strip(), use=use
        )
        rank = 0 if kind == "L" and use == "official" else 1 if use == "official" else 2
        made.append((rank, name))
    if len(made) == 1:
        return [made[0][1]]
    ordered = [name for _, name in sorted(made, key=lambda pair: pair[0])]
    return [
        _used(name, "former" if number and name.use == "official" else name.use)
        for number, name in enumerate(ordered)
    ]


def _used(name: PersonName, use: str) -> PersonName:
    if name.use == use:
        return name
    return PersonName(last=name.last, first=name.first, middle=name.middle, suffix=name.suffix, use=use)


def _phone(found: Iterable[Components]) -> str:
    for xtn in found:
        whole, use, equipment, _, _, area, local, _, _, _, _, unformatted = xtn.texts(12)
        if use.upper() == "NET" or equipment.upper() in ("INTERNET", "FX", "BP"):
            continue
        if number := area + local or unformatted or whole:
            return number
    return ""


def _address(found: Iterable[Components]) -> str:
    best: tuple[bool, str] | None = None
    for xad in found:
        street, more, city, state, zip_code, _, kind = xad.texts(7)
        kind = kind.upper()
        if kind in _NO_HOME or xad.is_null:
            continue
        street = f"{street} {more}".strip()
        text = ", ".join([part for part in (street, city, f"{state} {zip_code}".strip()) if part])
        if text and (best is None or (best[0] and kind in _HOME)):
            best = (kind not in _HOME, text)
    return best[1] if best else ""
