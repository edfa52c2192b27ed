"""One patient against one document's evidence, kind by kind.

Pure. `exact` holds the kinds that agree exactly and were read without a doubt,
`unsure` those that agree but were not; conflicts are what any page says of its
patient that cannot be this one. A repaired or disputed reading is NEAR at best.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from scanindex.match import demographics, fold, names, wording
from scanindex.match.evidence import COVER_PAGE, Evidence
from scanindex.match.identifiers import (
    FINDING_ONLY,
    Holders,
    agreement,
    barcodes,
    births,
    cover_kinds,
    has_unknown_mrn,
    mrns,
)
from scanindex.match.names import NameSighting
from scanindex.match.profile import Agreement, Conflict, Profile
from scanindex.match.text import overlaps
from scanindex.match.thirds import thirds
from scanindex.model import Finding, FindingKind, Level, Patient

NAME = FindingKind.NAME
_RANK = {Level.EXACT: 3, Level.CONFLICT: 2, Level.NEAR: 1, Level.ABSENT: 0}
_CONFLICT_CONFIDENCE = 0.55
_NO_NAME = re.compile(
    r"\b(?:NAME|DATE|BIRTH|DOB|MRN|SEX|AGE|ROOM|ACCOUNT|PHONE|ADDRESS|SIGNATURE|NUMBER|PAGE|HOSPITAL|CENTER|CLINIC|"
    r"MEDICAL|UNIT|REPORT|ADMISSION|INFORMATION|LABEL|ID|NO)\b"
)


def profile(
    evidence: Evidence, patient: Patient, holders: Holders, seen: Sequence[NameSighting]
) -> Profile | None:
    """Compare everything; `seen` is where the patient's names stand. None for somebody who agrees
    with nothing but a date."""
    own = tuple(s for s in seen if s.is_patients)
    found: list[tuple[str, Agreement]] = []
    conflicts: list[Conflict] = []
    found += _names(own, patient)
    found += mrns(evidence, patient, holders, own, conflicts)
    found += births(evidence, patient, own, conflicts)
    found += barcodes(evidence, patient, holders)
    found += thirds(evidence, patient, conflicts)
    cover = cover_kinds(evidence, patient, holders)
    if not cover and not _agrees(found):
        return None
    if not any(kind == "mrn" and a.level is Level.EXACT for kind, a in found):
        conflicts = [c for c in conflicts if c.code != "mrn_nearly"]  # the same number, misread
    _name_conflicts(evidence, patient, own, conflicts)
    conflicts += demographics.contradictions(evidence, patient, own)
    found = list(_placed(evidence, found))
    pages = {
        a.scan_page_no for _, a in found if a.level in (Level.EXACT, Level.NEAR) and a.note != FINDING_ONLY
    }
    return Profile(
        patient=patient,
        agreements=_best(found),
        cover=cover,
        conflicts=tuple(conflicts),
        pages=frozenset(n for n in pages if n),
        supported=frozenset(n for kind, a in found if (n := a.scan_page_no) and _supports(kind, a)),
        numbered=frozenset(
            n for kind, a in found if kind == "mrn" and a.level is Level.EXACT and (n := a.scan_page_no)
        ),
        misnamed=frozenset(s.scan_page_no for s in seen if s.level is Level.EXACT and not s.is_patients)
        - {s.scan_page_no for s in own},
        name_boxes=tuple((s.scan_page_no, s.box) for s in own),
        unknown_mrn=has_unknown_mrn(evidence, holders),
    )


def _agrees(found: Sequence[tuple[str, Agreement]]) -> bool:
    levels = {(kind, a.level) for kind, a in found}
    kinds = {kind for kind, level in levels if level in (Level.EXACT, Level.NEAR)}
    return bool(kinds & {"name", "mrn", "barcode", "number"}) or (
        ("birth_date", Level.EXACT) in levels and bool(kinds & {"phone", "ssn4", "address"})
    )


_SUPPORTING = frozenset(("name", "mrn", "barcode", "birth_date", "number"))


def _supports(kind: str, agreement: Agreement) -> bool:
    """Says by itself whose the page is; a bare number must be the patient's in every digit."""
    if kind not in _SUPPORTING or agreement.is_prose:
        return False
    levels = (Level.EXACT,) if kind == "number" else (Level.EXACT, Level.NEAR)
    return agreement.level in levels


def _placed(evidence: Evidence, found: list[tuple[str, Agreement]]) -> Iterator[tuple[str, Agreement]]:
    """The same agreements, told apart by whether they stand in a sentence or beside an empty field."""
    texts = evidence.text_of
    for kind, a in found:
        text = texts.get(a.scan_page_no or COVER_PAGE)
        if text is None:
            yield kind, a
            continue
        no = text.page.scan_page_no
        is_stray = kind == "name" and wording.is_stray(text, a.box, evidence.empty_fields[no])
        is_prose = wording.is_in_lines(text, a.box, evidence.prose[no])
        yield kind, replace(a, is_prose=is_prose, is_stray=is_stray)


def _best(found: list[tuple[str, Agreement]]) -> dict[str, Agreement]:
    best: dict[str, Agreement] = {}
    for kind, one in found:
        known = best.get(kind)
        if known is None or _strength(one) > _strength(known):
            best[kind] = one
    return best


def _strength(one: Agreement) -> tuple[int, bool, bool, bool]:
    in_place = not (one.is_prose or one.is_stray)
    return _RANK[one.level], in_place, one.is_read_once, one.is_sure


# --- names ------------------------------------------------------------------------------
def _names(own: tuple[NameSighting, ...], patient: Patient) -> Iterator[tuple[str, Agreement]]:
    known = fold.suffix_key(patient.names[0].suffix) if patient.names else ""
    for s in own:
        note = "" if s.name.use == "official" else f"{s.name.use} name"
        agreed = agreement(s.level, s.is_sure, s.raw, s.scan_page_no, s.box, note)
        agreed = replace(agreed, is_read_once=s.is_read_once, is_whole=s.is_whole_first)
        yield "name", replace(agreed, first_read=s.first_read)
        if s.suffix and s.suffix == known:
            yield "suffix", agreement(Level.EXACT, s.is_sure, s.raw, s.scan_page_no, s.box)
        if (s.level is Level.EXACT or s.is_read_once) and s.middle is not Level.ABSENT:
            yield "middle", agreement(s.middle, s.is_sure, s.raw, s.scan_page_no, s.box)


def _name_conflicts(
    evidence: Evidence, patient: Patient, own: tuple[NameSighting, ...], conflicts: list[Conflict]
) -> None:
    if not patient.names:
        return
    standing = [n for n in own if n.level is Level.EXACT or n.is_read_once]
    for finding in evidence.named:
        here = [n for n in standing if n.scan_page_no == finding.scan_page_no]
        if any(overlaps(n.box, finding.box) for n in here):
            continue  # the whole name stands there, whatever part of it the label rule took
        if finding.other_raw and names.compare(finding.other_raw, patient.names)[0] is Level.EXACT:
            continue  # another reader saw this patient's name there
        if _is_plain_name(finding) and names.compare(finding.value, patient.names)[0] is Level.CONFLICT:
            conflicts.append(_conflict(NAME, "name", finding))
    for finding in evidence.group.cover.of(NAME) if evidence.group.cover else ():
        if names.compare(finding.value, patient.names)[0] is Level.CONFLICT:
            conflicts.append(_conflict(NAME, "name", finding))
    known = fold.suffix_key(patient.names[0].suffix)
    for s in own:
        if s.suffix and s.suffix != known:
            # "Jr" on paper and nothing in the roster may be the unregistered son of the one registered
            code = "suffix" if known else "suffix_unknown"
            conflicts.append(
                Conflict(
                    kind=NAME,
                    code=code,
                    scan_page_no=s.scan_page_no,
                    is_sure=s.is_sure,
                    read=s.suffix,
                    box=s.box,
                )
            )


def _is_plain_name(finding: Finding) -> bool:
    """Two parts of letters, read well enough to accuse somebody."""
    value = fold.ascii_upper(finding.value)
    parts = [p for p in re.split(r"[\s,]+", value) if p]
    return (
        (finding.confidence is None or finding.confidence >= _CONFLICT_CONFIDENCE)
        and len([p for p in parts if len(p) > 1]) >= 2
        and not any(c.isdigit() for c in value)
        and not _NO_NAME.search(value)
    )


def _conflict(kind: FindingKind, code: str, finding: Finding) -> Conflict:
    return Conflict(
        kind=kind,
        code=code,
        scan_page_no=finding.scan_page_no,
        is_sure=True,
        read=finding.raw,
        box=finding.box,
    )
