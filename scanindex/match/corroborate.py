"""When data that are each open to doubt bear one another out.

Two readers who dispute one character of a number leave it open which of them is right.
If one of the two readings is the very number of the patient whose name stands beside it,
coincidence is no explanation any more: a misread number hits somebody in a dense roster,
but not somebody of that name. What coincidence cannot do, a look-alike can: relatives
registered together, namesakes, twins. So nothing here counts while the roster holds
anybody who could stand behind the disputed readings, unless what was read without doubt
tells that person apart.

Measured by `benchmarks/simulate_filing.py`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from rapidfuzz.distance import OSA

from scanindex.match import fold
from scanindex.match.case import Case
from scanindex.match.names import first_names_alike, last_names_alike
from scanindex.match.profile import Profile
from scanindex.model import FindingKind, Level, Patient
from scanindex.nicknames import are_nicknames

RULE_WORDS = {
    "number_and_name_borne_out": "MRN and name bear each other out, though readers differ on them",
    "number_and_near_name": "the MRN agrees exactly and the name but for its spelling",
    "number_birth_date_and_near_name": "MRN and birth date agree, and the name but for its spelling",
    "name_and_birth_date_borne_out": "name and birth date bear each other out, though readers differ on one",
}
LEAST_PATIENTS_FOR_NAME_AND_BIRTH_DATE = 1_000
"""Below it a roster's own counts cannot tell how rare a name is."""
_CLEARLY_APART = 2
"""Edits between two numbers that no single slip explains."""
_FAR_APART = 4
"""Edits between two numbers that no two readings of one print explain."""
_THIRDS = frozenset(("ssn4", "phone", "barcode"))


def rule_of(case: Case) -> str | None:
    """The combination of mutually supporting readings that is enough, or None."""
    leader, seen, sure = case.leader, case.witnessed, case.leader.exact
    number = _number_kind(case)
    if number is None and leader.unknown_mrn:
        return None  # the page gives a number that nobody here holds: the patient may be a stranger
    if any(not is_surely_apart(case, other) for other in rivals(case)):
        return None
    name = "name" in seen
    birth = "birth_date" in seen
    if number and name:
        return "number_and_name_borne_out"
    is_rare_enough = case.around.frequencies.patients >= LEAST_PATIENTS_FOR_NAME_AND_BIRTH_DATE
    if _is_near_name(leader) and not _is_anothers_name(case):
        if (number or "number" in seen) and "birth_date" in sure:
            return "number_birth_date_and_near_name"
        if "mrn" in sure and is_rare_enough:
            return "number_and_near_name"
    if name and birth and ((is_rare_enough and {"name", "birth_date"} & sure) or seen & _THIRDS):
        return "name_and_birth_date_borne_out"
    return None


def rivals(case: Case) -> Iterator[Patient]:
    """People of a like name whom the readings of number or birth date may mean as well."""
    yield from case.around.look_alikes
    for other in case.others:
        if other.level("name") not in (Level.EXACT, Level.NEAR) or not _are_alike(other, case.leader):
            continue
        kinds = ("mrn", "number", "birth_date", "ssn4")
        if any(other.level(k) in (Level.EXACT, Level.NEAR) for k in kinds) or _is_close(case, other.patient):
            yield other.patient


def is_surely_apart(case: Case, other: Patient) -> bool:
    """Two things read without doubt are the leader's and not the other's. A birth date that differs by
    more than a slip is enough. A number that does needs the name and one kind besides: it may have
    been looked up by name, and the wrong namesake's written down."""
    apart = {kind: steps for kind in case.leader.exact if (steps := _steps(kind, case.leader, other))}
    number = _number_kind(case)
    if number and not _is_close(case, other) and (steps := _steps(number, case.leader, other)) >= _FAR_APART:
        apart[number] = steps  # no reader takes one for the other
    if len(apart) >= 2 or apart.get("birth_date", 0) >= _CLEARLY_APART:
        return True
    kinds = case.witnessed | case.leader.cover
    is_clear = any(steps >= _CLEARLY_APART for steps in apart.values())
    return is_clear and "name" in kinds and len(kinds) >= 3


def _number_kind(case: Case) -> str | None:
    seen = case.witnessed
    if "mrn" in seen:
        return "mrn"
    return "number" if "number" in seen and case.leader.level("number_by_name") is Level.EXACT else None


def _is_near_name(leader: Profile) -> bool:
    """The last name but for its spelling, with the first name or a short form of it: Nora is not Dora."""
    agreement = leader.agreements.get("name")
    return agreement is not None and (
        agreement.level is Level.EXACT or (agreement.level is Level.NEAR and has_own_first_name(leader))
    )


def has_own_first_name(profile: Profile) -> bool:
    """The first name stands there exactly, or a short form of it."""
    agreement = profile.agreements.get("name")
    read = agreement.first_read if agreement else ""
    firsts = [fold.name_key(n.first) for n in profile.patient.names]
    return any(fold.name_key(read) == first or are_nicknames(fold.name_key(read), first) for first in firsts)


def _is_anothers_name(case: Case) -> bool:
    """The name that is spelt differently stands there as somebody else of the roster is spelt: the
    number may have been keyed from the wrong chart."""
    if case.leader.level("name") is Level.EXACT:
        return False
    if any(other.level("name") is Level.EXACT or _has_read_name(other) for other in case.others):
        return True
    texts = (*case.evidence.texts, *case.evidence.other_texts)
    keys = [(fold.name_key(n.last), fold.name_key(n.first)) for o in case.around.look_alikes for n in o.names]
    return any(text.has(last) and text.has(first) for text in texts for last, first in keys)


def _has_read_name(profile: Profile) -> bool:
    agreement = profile.agreements.get("name")
    return agreement is not None and agreement.is_read_once


def _are_alike(other: Profile, leader: Profile) -> bool:
    return any(
        last_names_alike(a.last, b.last) and first_names_alike(a.first, b.first)
        for a in leader.patient.names
        for b in other.patient.names
    )


def _is_close(case: Case, other: Patient) -> bool:
    """One of the numbers read is two slips or less from the other's."""
    theirs = [fold.identifier_key(i.value) for i in other.identifiers if i.type == "mrn"]
    read = {
        fold.identifier_key(value)
        for s in case.evidence.labelled(FindingKind.MRN)
        for value in (s.values[0], *s.seen_otherwise)
    }
    return any(OSA.distance(a, b, score_cutoff=2) <= 2 for a in read for b in theirs)


def _steps(kind: str, leader: Profile, other: Patient) -> int:
    """How many edits the leader's datum of this kind is from the other's; 0 where it tells nothing."""
    patient = leader.patient
    if kind in ("mrn", "barcode", "number"):
        return _least(_mrns(patient), _mrns(other))
    if kind == "name":
        return _least(_names(patient), _names(other))
    if kind == "suffix":
        mine, theirs = fold.suffix_key(patient.names[0].suffix), fold.suffix_key(other.names[0].suffix)
        return _CLEARLY_APART if mine and theirs and mine != theirs else 0
    if kind == "birth_date" and patient.birth_date and other.birth_date:
        one, two = patient.birth_date, other.birth_date
        is_swapped = (one[:4], one[5:7], one[8:]) == (two[:4], two[8:], two[5:7])
        return 1 if is_swapped else OSA.distance(one, two)
    if kind == "ssn4" and patient.ssn4 and other.ssn4:
        return OSA.distance(patient.ssn4, other.ssn4)
    return 0


def _mrns(patient: Patient) -> list[str]:
    return [fold.identifier_key(i.value) for i in patient.identifiers if i.type == "mrn"]


def _names(patient: Patient) -> list[str]:
    return [fold.name_key(n.last) + " " + fold.name_key(n.first) for n in patient.names]


def _least(mine: list[str], theirs: list[str]) -> int:
    return min((OSA.distance(a, b) for a in mine for b in theirs), default=0)
