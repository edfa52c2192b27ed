"""Which labels a text earns that restrict access, apart from its type.

A label stands for what a reader would learn about the patient: mental health treatment,
substance use (42 CFR part 2), HIV (tests included), reproductive health (contraception,
abortion, fertility, sexually transmitted infection). Found by phrases, word by word with one
misread letter forgiven in long words. Recall comes first: a phrase counts unless its own
clause denies it, speaks of a relative, or is the print of a form or leaflet. Minors and VIPs
are told from birth date, date of care and lists, not from words.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from scanindex.classify.sensitive_words import (
    DENIALS,
    HARMLESS,
    PHRASES,
    PRINTED,
    RELATIVES,
    WEAK,
)

MENTAL_HEALTH, SUBSTANCE_USE, HIV, REPRODUCTIVE = "mental_health", "substance_use", "hiv", "reproductive"
MINOR, VIP = "minor", "vip"
LABELS: Mapping[str, str] = MappingProxyType(
    {
        MENTAL_HEALTH: "Mental health and psychotherapy",
        SUBSTANCE_USE: "Alcohol and drug use (42 CFR part 2)",
        HIV: "HIV and AIDS, tests included",
        REPRODUCTIVE: "Reproductive health",
        MINOR: "Patient was a minor at the date of care",
        VIP: "Patient on the site's list of protected persons",
    }
)
TYPE_LABELS: Mapping[str, str] = MappingProxyType({"psychiatric_evaluation": MENTAL_HEALTH})
"""What a document type says by itself."""
_SLIP_FROM, _ANY_SLIP_FROM = 7, 10
"""Letters from which a misread look-alike is forgiven, and from which any letter is."""
_LOOK_ALIKE = str.maketrans("0o6eacg9q1ilj!tf5s8bhnuvyz2", "ooooooggglllllllsssnnnuuuzz")
_OTHER_WORDS = frozenset(
    [
        "ability",
        "addition",
        "additions",
        "additive",
        "necrosis",
        "nephrosis",
        "artist",
        "attention",
        "depressing",
        "repression",
        "impression",
        "expression",
        "compression",
        "decompression",
        "regression",
        "transference",
        "detection",
        "retention",
        "fertility",
        "reference",
        "resection",
        "section",
        "sections",
        "contraction",
        "contractions",
        "conception",
    ]
)
"""Everyday words that lie one letter from a phrase's."""
PRINTED_TYPES = frozenset({"release_authorization"})
"""Forms that name every label in print: their words say nothing about the patient."""
_CLAUSE = re.compile(r"[.;\n]+|\bbut\b|\bhowever\b|\balthough\b")
_WORD = re.compile(r"[a-z0-9]+(?:['’][a-z]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Why a label was given."""

    label: str
    phrase: str = field(repr=False)


def labels_of(text: str, document_type: str | None = None) -> tuple[str, ...]:
    """The labels that words and type earn, in the order of `LABELS`."""
    found = set() if document_type in PRINTED_TYPES else {s.label for s in sightings(text)}
    if document_type is not None and document_type in TYPE_LABELS:
        found.add(TYPE_LABELS[document_type])
    return tuple(label for label in LABELS if label in found)


def sightings(text: str) -> tuple[Sighting, ...]:
    """Each label's first counting phrase."""
    found: dict[str, Sighting] = {}
    for clause in _clauses(text):
        if _PRINTED.search(clause):
            continue
        kept = _HARMLESS.sub("~", clause)
        for label, phrase, is_weak, at, end in _hits(kept):
            if label not in found and _counts(kept, at, end, is_weak=is_weak):
                found[label] = Sighting(label=label, phrase=phrase)
    return tuple(found.values())


def is_minor(birth_date: str | None, service_date: str | None, minor_age: int) -> bool:
    """Whether the patient was younger than `minor_age` years at the date of care.

    With partial dates: whether that is possible by the year alone.
    """
    if not birth_date or not service_date:
        return False
    years = int(service_date[:4]) - int(birth_date[:4])
    if len(birth_date) >= 10 and len(service_date) >= 10:
        years -= service_date[5:10] < birth_date[5:10]
    else:
        years -= 1
    return 0 <= years < minor_age or (years == -1 and len(service_date) < 10)


def ordered(labels: Iterable[str]) -> tuple[str, ...]:
    """Known labels once each, in the order of `LABELS`."""
    given = set(labels)
    return tuple(label for label in LABELS if label in given)


# --- phrases ------------------------------------------------------------------------------
def _clauses(text: str) -> list[str]:
    """Clauses as plain words, blanks around each, long misread words put right."""
    plain = text.lower().replace("’", "'")
    found = []
    for part in _CLAUSE.split(re.sub(r"(?<=\b[a-z])\.(?=[a-z]\b|\s|$)", "", plain)):
        if words := _WORD.findall(part):
            found.append(f" {' '.join(_mended(word) for word in words)} ")
    return found


@functools.lru_cache(maxsize=50_000)
def _mended(word: str) -> str:
    """A long word as the phrases spell it, if it is one letter off one of theirs."""
    if len(word) < _SLIP_FROM - 1 or word in _VOCABULARY:
        return word
    slips = 2 if len(word) >= 11 else 1
    found = process.extractOne(word, _LONG_WORDS, scorer=Levenshtein.distance, score_cutoff=slips)
    if found is None or word in _OTHER_WORDS:
        return word
    looks_alike = word.translate(_LOOK_ALIKE) == found[0].translate(_LOOK_ALIKE)
    return found[0] if looks_alike or len(found[0]) >= _ANY_SLIP_FROM else word


def _compiled(phrases: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """A star stands for any ending; longer phrases first."""

    def pattern(phrase: str) -> str:
        return re.escape(phrase).replace(r"\*", r"[a-z0-9]*").replace(r"\ ", " ")

    return tuple(
        (
            label,
            re.compile(
                rf"(?<= )(?:{'|'.join(pattern(p) for p in sorted(words, key=len, reverse=True))})(?= )"
            ),
        )
        for label, words in phrases.items()
    )


_STRONG_PATTERNS, _WEAK_PATTERNS = _compiled(PHRASES), _compiled(WEAK)
_VOCABULARY = frozenset(
    word.rstrip("*")
    for table in (PHRASES, WEAK)
    for phrases in table.values()
    for p in phrases
    for word in p.split()
)
_LONG_WORDS = tuple(sorted(word for word in _VOCABULARY if len(word) >= _SLIP_FROM))
_DENIAL = re.compile(rf" (?:{'|'.join(DENIALS)})(?= )")
_RELATIVE = re.compile(rf" (?:{'|'.join(RELATIVES)}) ")
_PRINTED = re.compile(rf" (?:{'|'.join(PRINTED)})[a-z]* ")
_HARMLESS = re.compile(rf"(?<= )(?:{'|'.join(HARMLESS)})(?= )")
_DENIED_AFTER = re.compile(
    r"^(?: (?:use|abuse|history|screen|test|testing|hx|drugs?|risk|exposure|is|was|ideation|intent|plan|"
    r"or|and|illness|problems?|disorder|today))*"
    r" (?:none|no|denie[sd]|neg|negative|never|nil|n a|not|absent|nonreactive) "
)
_DENIAL_REACH = 8
"""Words between a denial and what it denies."""


def _hits(clause: str) -> Iterable[tuple[str, str, bool, int, int]]:
    for patterns, is_weak in ((_STRONG_PATTERNS, False), (_WEAK_PATTERNS, True)):
        for label, pattern in patterns:
            for match in pattern.finditer(clause):
                yield label, match[0], is_weak, match.start(), match.end()


def _counts(clause: str, at: int, end: int, *, is_weak: bool) -> bool:
    """Whether a weak phrase says something about this patient."""
    if not is_weak:
        return True
    if _RELATIVE.search(clause[:at]):
        return False
    denials = list(_DENIAL.finditer(clause[:at]))
    if denials and len(clause[denials[-1].end() : at].split()) <= _DENIAL_REACH:
        return False
    return not _DENIED_AFTER.match(clause[end:])
