"""Further kinds that may agree: sex, SSN digits, telephone, street. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from scanindex.match import fold
from scanindex.match.evidence import Evidence, Sighting
from scanindex.match.identifiers import agreement, agreement_of, conflict_of
from scanindex.match.profile import Agreement, Conflict
from scanindex.model import FindingKind, Level, Patient

_CONFLICT_CONFIDENCE = 0.55


def thirds(
    evidence: Evidence, patient: Patient, conflicts: list[Conflict]
) -> Iterator[tuple[str, Agreement]]:
    for s in evidence.of(FindingKind.SEX, FindingKind.SSN4, FindingKind.PHONE, FindingKind.ADDRESS):
        if not s.is_patients:
            continue
        kind, value = s.kind.value, s.values[0]
        expected = getattr(patient, kind)
        if not expected or not value:
            continue
        if _is_equal(s.kind, value, expected):
            level = Level.NEAR if s.is_disputed else Level.EXACT
            yield kind, replace(agreement_of(s, level, ""), is_read_once=s.is_disputed)
        elif s.is_labelled and kind in ("sex", "ssn4") and (not s.is_disputed or _is_neither(s, expected)):
            if s.kind is FindingKind.SEX and value not in ("M", "F"):
                continue
            if s.confidence is None or s.confidence >= _CONFLICT_CONFIDENCE:
                conflicts.append(conflict_of(s, kind))
    yield from _streets(evidence, patient)


def _is_neither(s: Sighting, expected: str) -> bool:
    """Two readers differ, and what either saw is not the patient's."""
    return s.kind is FindingKind.SSN4 and bool(s.seen_otherwise) and expected not in s.seen_otherwise


def _is_equal(kind: FindingKind, value: str, expected: str) -> bool:
    if kind is FindingKind.PHONE:
        one, two = fold.digits(value)[-10:], fold.digits(expected)[-10:]
        return len(one) >= 7 and one[-min(len(one), len(two)) :] == two[-min(len(one), len(two)) :]
    if kind is FindingKind.ADDRESS:
        return False  # looked for on the page by its street, see _streets
    return value == expected


def _streets(evidence: Evidence, patient: Patient) -> Iterator[tuple[str, Agreement]]:
    """The roster's street line as it stands on a page."""
    wanted = _street_key(patient.address or "")
    if not wanted:
        return
    for text in evidence.texts:
        for line in text.lines:
            if wanted.split()[0] in line.text and wanted in (found := _street_key(line.text, wanted)):
                words = line.words
                yield (
                    "address",
                    agreement(
                        Level.EXACT, True, found, text.page.scan_page_no, words[0].box if words else None
                    ),
                )


def _street_key(text: str, within: str = "") -> str:
    """House number and the street's own name; "" where it has no house number."""
    street = text if within else text.split(",")[0]
    words = re.findall(r"[A-Z0-9#]+", fold.ascii_upper(street))
    plain = [_STREET_WORDS.get(w, w) for w in words]
    if within:
        return " " + " ".join(plain) + " "
    plain = [w for w in plain if "#" not in w]
    if len(plain) < 2 or not any(c.isdigit() for w in plain for c in w):
        return ""
    return " " + " ".join(plain) + " "


_STREET_WORDS = {
    "STREET": "ST", "AVENUE": "AVE", "AV": "AVE", "ROAD": "RD", "DRIVE": "DR", "LANE": "LN", "COURT": "CT",
    "BOULEVARD": "BLVD", "PLACE": "PL", "TERRACE": "TER", "CIRCLE": "CIR", "HIGHWAY": "HWY", "NORTH": "N",
    "SOUTH": "S", "EAST": "E", "WEST": "W", "APARTMENT": "APT",
}  # fmt: skip
