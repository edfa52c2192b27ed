"""Asks the roster who could be meant: the only part of the matcher that looks things up.

Every date on a page is looked up as a birth date, every number as an identifier;
names are looked up where a label gives them to the patient, or where nothing else
found anybody. Then whoever also stands on the page by name is compared in full.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise

from rapidfuzz.distance import OSA

from scanindex.match import fold, names, weigh
from scanindex.match.case import Known
from scanindex.match.compare import profile
from scanindex.match.evidence import Evidence
from scanindex.match.identifiers import Holders
from scanindex.match.profile import Profile
from scanindex.match.text import Line, PageText
from scanindex.model import FindingKind, Level, Patient, PatientId
from scanindex.nicknames import are_nicknames
from scanindex.ports import Roster
from scanindex.settings import MatchSettings

_MOST_DATES = 60
_MOST_NUMBERS = 200
_MOST_NAMES = 6
MOST_MISREAD = 200
_LONGEST_VARIED, _STEPS = 12, 3
_MOST_OF_A_NAME = 100
_MOST_HEAD_NAMES = 16
_MOST_OF_A_STICKER = 100
_MOST_NAMESAKES = 60
"""Of one name whatever the birth date; those born on nearly the same day are all looked up."""
_MOST_STICKERS = 8
_ALONE = re.compile(
    r"\W*(?P<one>[A-Z][A-Z'’-]+)(?P<comma>\s?,)?\s+(?P<two>[A-Z][A-Z'’-]+)(?:\s+[A-Z]\.?|\s+(?:JR|SR|II|III)\.?)*\W*"
)
_MOST_WEIGHED, _MOST_LED = 6, 2
_CONFUSED = {
    "0": "86O9", "1": "7I4L", "2": "7Z", "3": "89", "4": "91", "5": "6S3", "6": "850G", "7": "12",
    "8": "30B6", "9": "4073", "O": "0", "I": "1", "L": "1", "S": "5", "B": "8", "Z": "2", "G": "6",
    "Q": "0", "D": "0",
}  # fmt: skip
"""What a reader takes a character for."""


def people(evidence: Evidence, roster: Roster) -> tuple[tuple[Patient, ...], Holders]:
    """Everybody the pages may mean, and who holds each number on them."""
    numbers = _numbers(evidence)
    by_number = roster.by_identifier(numbers) if numbers else ()
    held: dict[str, set[PatientId]] = defaultdict(set)
    _hold(held, by_number, roster)
    repaired = _repaired(evidence, held)
    by_repair = roster.by_identifier(repaired) if repaired else ()
    _hold(held, by_repair, roster)
    born, other_days = _dates(evidence)
    named = {key for text in evidence.texts for key in text.name_keys}
    found: dict[PatientId, Patient] = {p.patient_id: p for p in by_number}
    for block in (
        roster.by_birth_date(born) if born else (),
        roster.by_birth_date(other_days, named) if other_days else (),
        by_repair,
        *_by_label(evidence, roster),
    ):
        found.update((p.patient_id, p) for p in block)
    return tuple(found.values()), {key: frozenset(ids) for key, ids in held.items()}


def _hold(held: dict[str, set[PatientId]], patients: Iterable[Patient], roster: Roster) -> None:
    """A number whose check digit says that it was never issued is nobody's."""
    for patient in patients:
        for identifier in patient.identifiers:
            if identifier.type == "mrn" and roster.passes_check(identifier):
                held[fold.identifier_key(identifier.value)].add(patient.patient_id)


def profiles(
    evidence: Evidence, patients: Iterable[Patient], holders: Holders, *, thorough: bool = False
) -> list[Profile]:
    """Full comparisons of everybody who agrees with more than a date; with `thorough`
    also of those whose names may stand there misread in both parts."""
    labelled = {v for s in evidence.labelled(FindingKind.BIRTH_DATE) for v in s.values}
    read = {
        fold.identifier_key(value)
        for s in evidence.of(FindingKind.MRN)
        for value in (s.values[0], *s.seen_otherwise)
    }
    held = {p for key, ids in holders.items() if key in read for p in ids}
    holding = {p for ids in holders.values() for p in ids}
    has_thirds = any(True for _ in evidence.of(FindingKind.PHONE, FindingKind.SSN4, FindingKind.ADDRESS))
    found = []
    for patient in patients:
        is_born = patient.birth_date in labelled
        closely = thorough or is_born or patient.patient_id in held
        if not closely and not _may_stand(evidence, patient):
            continue
        seen = names.sightings_of(evidence, patient, thorough=closely)
        if not seen and patient.patient_id not in holding and not (is_born and has_thirds):
            continue  # nothing could agree but the date
        compared = profile(evidence, patient, holders, seen)
        if compared is not None:
            found.append(compared)
    return found


def by_page_names(evidence: Evidence, roster: Roster, known: Iterable[PatientId]) -> list[Patient]:
    """People whose names stand at the head of a page; for pages that give nothing better."""
    seen = set(known)
    found: dict[PatientId, Patient] = {}
    for last, first in _head_names(evidence):
        for patient in roster.by_name(last, first, _MOST_OF_A_NAME):
            if patient.patient_id not in seen:
                found.setdefault(patient.patient_id, patient)
    return list(found.values())


def by_stickers(evidence: Evidence, roster: Roster, known: Iterable[PatientId]) -> list[Patient]:
    """People whose exact names stand alone on a line somewhere: each may be a second patient."""
    seen = set(known)
    found: dict[PatientId, Patient] = {}
    for last, first in sticker_names(evidence):
        key = fold.name_key(last), fold.name_key(first)
        for patient in roster.by_name(last, first, _MOST_OF_A_STICKER):
            is_exact = any((fold.name_key(n.last), fold.name_key(n.first)) == key for n in patient.names)
            if is_exact and patient.patient_id not in seen:
                found.setdefault(patient.patient_id, patient)
    return list(found.values())


def surroundings(
    candidates: Sequence[Profile], roster: Roster, settings: MatchSettings
) -> Mapping[PatientId, Known]:
    """Frequencies of the most likely candidates, and the look-alikes of the first."""
    rough = _Rough(max(roster_size(roster, candidates), 1))
    order = sorted(candidates, key=lambda p: -weigh.log_odds(p, rough, settings.not_in_roster_prior)[0])[
        :_MOST_WEIGHED
    ]
    known: dict[PatientId, Known] = {}
    for number, candidate in enumerate(order):
        patient = candidate.patient
        name = patient.names[0] if patient.names else None
        frequencies = roster.frequencies(
            name.last if name else "", name.first if name else "", patient.birth_date
        )
        alike = look_alikes(patient, roster) if number < _MOST_LED else ()
        known[patient.patient_id] = Known(
            frequencies=frequencies,
            look_alikes=alike,
            is_read_as_another=number < _MOST_LED and _is_another_name(candidate, roster),
        )
    return known


def _is_another_name(candidate: Profile, roster: Roster) -> bool:
    """Nora for Dora, Storm for Strom: what is spelt differently is itself a name of the roster. A
    short form of the patient's own name is none."""
    read = candidate.agreements.get("name")
    if read is None or read.level is not Level.NEAR or read.is_read_once:
        return False
    own = {fold.name_key(part) for n in candidate.patient.names for part in (n.last, n.first, n.middle)}
    words = [
        key
        for part in re.split(r"[\s,.]+", fold.ascii_upper(read.read))
        if len(key := fold.name_key(part)) > 2
    ]
    firsts = [fold.name_key(n.first) for n in candidate.patient.names]
    for word in (w for w in words if w not in own and not any(are_nicknames(w, first) for first in firsts)):
        seen = roster.frequencies(word, word, None)
        if seen.same_last or seen.same_first:
            return True
    return False


def look_alikes(patient: Patient, roster: Roster) -> tuple[Patient, ...]:
    """People whom paper could confuse with this patient: one name and (nearly) one birth date,
    twins of similar first names, Jr and Sr, like names with numbers one slip apart."""
    found: dict[PatientId, Patient] = {}
    for name in patient.names[:3]:
        for other in roster.by_name(name.last, name.first, _MOST_NAMESAKES):
            if other.patient_id != patient.patient_id and _is_namesake(patient, other):
                found[other.patient_id] = other
    if patient.birth_date:
        keys = {fold.name_key(part) for n in patient.names for part in (n.last, n.first)}
        near = (
            *roster.by_birth_date((patient.birth_date,)),
            *roster.by_birth_date(_near_days(patient.birth_date), keys),
        )
        for other in near:
            if other.patient_id == patient.patient_id:
                continue
            if _is_namesake(patient, other) or (
                other.birth_date == patient.birth_date and _is_twin(patient, other)
            ):
                found[other.patient_id] = other
    for other in roster.by_identifier(_slips(patient)):
        if other.patient_id != patient.patient_id and _is_twin(patient, other):
            found[other.patient_id] = other
    return tuple(found.values())


def _near_days(born: str) -> list[str]:
    """Days that one wrong digit, or day and month exchanged, make of this one."""
    found = {f"{born[:4]}-{born[8:]}-{born[5:7]}"} if len(born) == 10 else set()
    for at, character in enumerate(born):
        if character.isdigit():
            found |= {born[:at] + digit + born[at + 1 :] for digit in "0123456789"}
    return sorted(day for day in found - {born} if _is_day(day))


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _slips(patient: Patient) -> list[str]:
    """Every number one wrong digit, two exchanged neighbours or a few steps of counting away from the
    patient's: whole families are registered one after another."""
    found: dict[str, None] = {}
    for identifier in patient.identifiers:
        value = fold.identifier_text(identifier.value)
        if identifier.type != "mrn" or len(value) > _LONGEST_VARIED:
            continue
        if value.isdigit():
            counted = (int(value) + step for step in range(-_STEPS, _STEPS + 1))
            found.update(dict.fromkeys(f"{n:0{len(value)}d}" for n in counted if n > 0))
        for at, character in enumerate(value):
            if character.isdigit():
                found.update(dict.fromkeys(value[:at] + d + value[at + 1 :] for d in "0123456789"))
            if at:
                found[value[: at - 1] + character + value[at - 1] + value[at + 1 :]] = None
    return list(found)[:_MOST_NUMBERS]


def roster_size(roster: Roster, candidates: Sequence[Profile]) -> int:
    if not candidates:
        return 0
    name = next((n for c in candidates for n in c.patient.names), None)
    return roster.frequencies(name.last if name else "", name.first if name else "", None).patients


class _Rough:
    """Frequencies before anybody was counted: only to choose whom to count."""

    def __init__(self, patients: int) -> None:
        self.patients = patients
        self.same_last = self.same_first = self.same_name = 1
        self.same_name_and_birth_date = self.same_last_and_birth_date = self.same_birth_date = 1
        self.expected_namesakes = 1.0
        self.birth_date_collision = 1e-3


# --- what to look up -------------------------------------------------------------------
def _numbers(evidence: Evidence) -> list[str]:
    values = {s.values[0]: None for s in evidence.of(FindingKind.MRN)}
    values.update({b.value: None for p in evidence.pages for b in p.barcodes if len(b.value) <= 32})
    return list(values)[:_MOST_NUMBERS]


def _dates(evidence: Evidence) -> tuple[list[str], list[str]]:
    """Readings of the labelled birth dates (also the other way round, and as another reader saw
    them), and of all other dates."""
    born: dict[str, None] = {}
    others: dict[str, None] = {}
    for s in evidence.of(FindingKind.BIRTH_DATE):
        values = s.values + s.others + s.seen_otherwise if s.is_labelled else s.values
        (born if s.is_labelled else others).update(dict.fromkeys(v for v in values if len(v) == 10))
    return list(born)[:_MOST_DATES], [d for d in others if d not in born][:_MOST_DATES]


def _repaired(evidence: Evidence, held: Mapping[str, set[PatientId]]) -> list[str]:
    """What another reader saw, and one-character OCR slips of labelled numbers that nobody
    holds: candidates, never exact."""
    found: dict[str, None] = {}
    for s in evidence.labelled(FindingKind.MRN):
        found.update(dict.fromkeys(s.seen_otherwise))
        value = fold.identifier_text(s.values[0])
        if held.get(fold.identifier_key(value)):
            continue
        found[fold.as_digits(value)] = None
        for at, character in enumerate(value):
            for other in _CONFUSED.get(character, ""):
                found[value[:at] + other + value[at + 1 :]] = None
    return list(found)[:_MOST_NUMBERS]


def _by_label(evidence: Evidence, roster: Roster) -> Iterator[Sequence[Patient]]:
    asked: set[tuple[str, str]] = set()
    for finding in evidence.named:
        for last, first in _orders(finding.value):
            if (last, first) not in asked and len(asked) < _MOST_NAMES:
                asked.add((last, first))
                yield roster.by_name(last, first, _MOST_OF_A_NAME)


def _orders(value: str) -> Iterator[tuple[str, str]]:
    last, _, given = value.partition(",")
    words = given.split() or last.split()[:1]
    if not given:
        last = last.split()[-1] if last.split() else ""
    if last and words:
        yield last.strip(), words[0]
        yield words[0], last.strip()


def sticker_names(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """ "LAST, FIRST" alone on a line anywhere, or two words alone on a line over a date or number."""
    pairs: dict[tuple[str, str], None] = {}
    for text in evidence.texts:
        for line in text.lines:
            match = _ALONE.fullmatch(line.text)
            if match and (match["comma"] or _has_data_below(text, line)):
                pairs[match["one"], match["two"]] = None
                if not match["comma"]:
                    pairs[match["two"], match["one"]] = None
    yield from list(pairs)[:_MOST_STICKERS]


def _has_data_below(text: PageText, line: Line) -> bool:
    left_px, bottom_px = line.words[0].box.left_px, line.words[0].box.bottom_px
    return any(
        0 <= other.words[0].box.top_px - bottom_px < 2 * text.line_height_px
        and abs(other.words[0].box.left_px - left_px) < 4 * text.line_height_px
        and sum(c.isdigit() for c in other.text) >= 4
        for other in text.lines
    )


def _head_names(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Pairs of words at the top of the first pages that may be a name."""
    pairs: dict[tuple[str, str], None] = {}
    for text in evidence.texts[:2]:
        for tokens in text.by_line.values():
            if tokens[0].word.box.top_px > 0.4 * text.page.height_px:
                continue
            keys = [t.key for t in tokens if re.fullmatch(r"[A-Z]{2,20}", t.key)]
            if len(keys) > 6:
                continue  # prose
            for one, two in pairwise(keys):
                pairs[one, two] = None
                pairs[two, one] = None
    yield from list(pairs)[:_MOST_HEAD_NAMES]


# --- who is worth comparing ---------------------------------------------------------------
def _may_stand(evidence: Evidence, patient: Patient) -> bool:
    """One of the patient's names stands on a page whole, at least its last or first part."""
    for name in patient.names:
        last, first = fold.name_key(name.last), fold.name_key(name.first)
        if any(t.has(last) or (len(first) > 2 and t.has(first)) for t in evidence.texts):
            return True
    return False


def _is_namesake(patient: Patient, other: Patient) -> bool:
    same = any(
        fold.name_key(a.last) == fold.name_key(b.last) and names.first_names_alike(a.first, b.first)
        for a in patient.names
        for b in other.names
    )
    if not same:
        return False
    if patient.birth_date is None or other.birth_date is None:
        return True
    if _are_near_dates(patient.birth_date, other.birth_date):
        return True
    return bool(_suffix(patient) or _suffix(other)) and fold.name_key(
        patient.names[0].first
    ) == fold.name_key(other.names[0].first)


def _is_twin(patient: Patient, other: Patient) -> bool:
    a, b = patient.names[0], other.names[0]
    return names.last_names_alike(a.last, b.last) and names.first_names_alike(a.first, b.first)


def _are_near_dates(one: str, two: str) -> bool:
    """Equal, one character off, or day and month exchanged."""
    return OSA.distance(one, two) <= 1 or (one[:4], one[5:7], one[8:]) == (two[:4], two[8:], two[5:7])


def _suffix(patient: Patient) -> str:
    return fold.suffix_key(patient.names[0].suffix) if patient.names else ""
