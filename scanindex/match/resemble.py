"""Who could be meant where hardly anything was read right: people to show, never to file under.

Asked only for a document that waits, and only to fill the list a clerk chooses from.
The roster is searched by misread names, by the labelled birth date and by numbers one
slip away; whoever resembles most of what was read stands first.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from rapidfuzz.distance import OSA, Indel

from scanindex.match import fold
from scanindex.match.evidence import Evidence
from scanindex.model import Candidate, Comparison, FindingKind, Level, Patient, PatientId, Role
from scanindex.ports import Roster

_LEAST_TOTAL = 0.45
_MOST_NAMES, _MOST_ALIKE = 4, 40
_NAME_SHARE, _DAY_SHARE, _NUMBER_SHARE = 0.8, 0.5, 0.7
_NAME_FLOOR = 0.55
"""Two names of nothing in common still share half their letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    names: tuple[tuple[str, str], ...] = field(repr=False)
    days: tuple[str, ...] = field(repr=False)
    numbers: tuple[str, ...] = field(repr=False)


def resembling(
    evidence: Evidence, roster: Roster, known: Collection[PatientId], most: int
) -> tuple[Candidate, ...]:
    """Up to `most` more people for the clerk's list, best first, without those already `known`."""
    read = _read(evidence)
    people: dict[PatientId, Patient] = {}
    for last, first in read.names:
        people.update((p.patient_id, p) for p in roster.by_name(last, first, _MOST_ALIKE))
        people.update((p.patient_id, p) for p in roster.resembling(last, first, _MOST_ALIKE))
    if read.days:
        people.update((p.patient_id, p) for p in roster.by_birth_date(read.days))
    scored = [(_likeness(p, read), p) for p in people.values() if p.patient_id not in known]
    ranked = sorted(scored, key=lambda found: (-found[0], found[1].patient_id))
    return tuple(_candidate(p, read) for total, p in ranked[:most] if total >= _LEAST_TOTAL)


def _read(evidence: Evidence) -> _Read:
    births = list(evidence.labelled(FindingKind.BIRTH_DATE))
    numbers = list(evidence.labelled(FindingKind.MRN))
    return _Read(
        names=tuple(dict.fromkeys(_names(evidence)))[:_MOST_NAMES],
        days=tuple({v: None for s in births for v in (*s.values, *s.seen_otherwise) if len(v) == 10}),
        numbers=tuple(
            {fold.identifier_key(v): None for s in numbers for v in (s.values[0], *s.seen_otherwise)}
        ),
    )


def _names(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Last and first parts of every name that is nobody else's, as either reader saw it."""
    for page in evidence.findings:
        for finding in page.of(FindingKind.NAME):
            if finding.role not in (Role.PATIENT, Role.UNKNOWN):
                continue
            for text in (finding.value, finding.other_raw or ""):
                last, _, given = text.partition(",")
                if given.split() and len(fold.name_key(last)) >= 3:
                    yield fold.name_key(last), fold.name_key(given.split()[0])
                words = [w for w in re.split(r"[\s,.]+", fold.ascii_upper(text)) if w]
                parts = [w for w in words if len(w) >= 3 and not fold.suffix_key(w)]
                if len(parts) >= 2:
                    yield parts[0], parts[1]
                    yield parts[1], parts[0]
                    if len(parts) > 2:
                        yield parts[-1], parts[0]


def _likeness(patient: Patient, read: _Read) -> float:
    name = max((_alike(n, read) for n in _whole(patient)), default=0.0)
    day = max((_day(patient.birth_date, d) for d in read.days), default=0.0)
    number = max((_number(i.value, n) for i in patient.identifiers for n in read.numbers), default=0.0)
    return _NAME_SHARE * name + _DAY_SHARE * day + _NUMBER_SHARE * number


def _whole(patient: Patient) -> Iterator[str]:
    for name in patient.names:
        yield f"{fold.name_key(name.last)} {fold.name_key(name.first)}"


def _alike(known: str, read: _Read) -> float:
    best = max(
        (Indel.normalized_similarity(known, f"{last} {first}") for last, first in read.names), default=0
    )
    return max(0.0, (best - _NAME_FLOOR) / (1 - _NAME_FLOOR))


def _day(born: str | None, read: str) -> float:
    if born is None:
        return 0.0
    return 1.0 if born == read else 0.5 if OSA.distance(born, read, score_cutoff=1) <= 1 else 0.0


def _number(known: str, read: str) -> float:
    key = fold.identifier_key(known)
    apart = OSA.distance(key, read, score_cutoff=2)
    return 0.0 if apart > 2 or len(key) < 5 else 1.0 - 0.3 * apart


def _candidate(patient: Patient, read: _Read) -> Candidate:
    """Shown with what was read beside what is known, so that a person sees how thin it is."""
    pairs = (
        (FindingKind.NAME, " ".join(reversed(read.names[0])) if read.names else "", patient.display_name),
        (FindingKind.BIRTH_DATE, read.days[0] if read.days else "", patient.birth_date or ""),
        (FindingKind.MRN, read.numbers[0] if read.numbers else "", patient.mrn or ""),
    )
    comparisons = tuple(
        Comparison(
            kind=kind,
            level=Level.NEAR,
            read=seen,
            expected=expected,
            scan_page_no=None,
            box=None,
            log_odds=0.0,
            note="resembles what was read",
        )
        for kind, seen, expected in pairs
        if seen and expected
    )
    return Candidate(patient_id=patient.patient_id, score=0.0, comparisons=comparisons)
