"""One patient against one document's evidence, kind by kind.

Pure. `exact` holds the kinds that agree exactly and were read without a doubt,
`unsure` those that agree but were not; conflicts are what any page says of its
patient that cannot be this one. A repaired or disputed reading is NEAR at best.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rapidfuzz.distance import OSA

from scanindex.match import demographics, fold, names, wording
from scanindex.match.evidence import COVER_PAGE, Evidence, Sighting
from scanindex.match.names import NameSighting
from scanindex.match.profile import Agreement, Conflict, Profile
from scanindex.match.text import PageText, overlaps
from scanindex.model import Box, Finding, FindingKind, Level, Patient, PatientId

Holders = Mapping[str, frozenset[PatientId]]
"""`fold.identifier_key` to everybody who holds such a number."""

NAME, BIRTH, MRN = FindingKind.NAME, FindingKind.BIRTH_DATE, FindingKind.MRN
_RANK = {Level.EXACT: 3, Level.CONFLICT: 2, Level.NEAR: 1, Level.ABSENT: 0}
_LEAST_BARE_DIGITS = 5
"""An unlabelled number shorter than this is too likely something else."""
_HEAD_SHARE = 0.4
_LEAST_MRN_DIGITS, _MOST_MRN_DIGITS = 6, 9
_NEAR_NAME_LINES = 4.5
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
    found += _mrns(evidence, patient, holders, own, conflicts)
    found += _births(evidence, patient, own, conflicts)
    found += _barcodes(evidence, patient, holders)
    found += _thirds(evidence, patient, conflicts)
    cover = _cover(evidence, patient, holders)
    if not cover and not _agrees(found):
        return None
    _name_conflicts(evidence, patient, own, conflicts)
    conflicts += demographics.contradictions(evidence, patient, own)
    found = list(_placed(evidence, found))
    pages = {
        a.scan_page_no for _, a in found if a.level in (Level.EXACT, Level.NEAR) and a.note != _FINDING_ONLY
    }
    return Profile(
        patient=patient,
        agreements=_best(found),
        cover=cover,
        conflicts=tuple(conflicts),
        pages=frozenset(n for n in pages if n),
        supported=frozenset(n for kind, a in found if (n := a.scan_page_no) and _supports(kind, a)),
        name_boxes=tuple((s.scan_page_no, s.box) for s in own),
        unknown_mrn=_has_unknown_mrn(evidence, holders),
    )


def _agrees(found: Sequence[tuple[str, Agreement]]) -> bool:
    levels = {(kind, a.level) for kind, a in found}
    kinds = {kind for kind, level in levels if level in (Level.EXACT, Level.NEAR)}
    return bool(kinds & {"name", "mrn", "barcode", "number"}) or (
        ("birth_date", Level.EXACT) in levels and bool(kinds & {"phone", "ssn4", "address"})
    )


_FINDING_ONLY = "stands on the page without a label"


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
    for kind, agreement in found:
        known = best.get(kind)
        if known is None or _strength(agreement) > _strength(known):
            best[kind] = agreement
    return best


def _strength(agreement: Agreement) -> tuple[int, bool, bool, bool]:
    in_place = not (agreement.is_prose or agreement.is_stray)
    return _RANK[agreement.level], in_place, agreement.is_read_once, agreement.is_sure


# --- names ------------------------------------------------------------------------------
def _names(own: tuple[NameSighting, ...], patient: Patient) -> Iterator[tuple[str, Agreement]]:
    known = fold.suffix_key(patient.names[0].suffix) if patient.names else ""
    for s in own:
        note = "" if s.name.use == "official" else f"{s.name.use} name"
        agreed = _agreement(s.level, s.is_sure, s.raw, s.scan_page_no, s.box, note)
        yield "name", replace(agreed, is_read_once=s.is_read_once, is_whole=s.is_whole_first)
        if s.suffix and s.suffix == known:
            yield "suffix", _agreement(Level.EXACT, s.is_sure, s.raw, s.scan_page_no, s.box)
        if (s.level is Level.EXACT or s.is_read_once) and s.middle is not Level.ABSENT:
            yield "middle", _agreement(s.middle, s.is_sure, s.raw, s.scan_page_no, s.box)


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


# --- numbers ---------------------------------------------------------------------------
def _mrns(
    evidence: Evidence,
    patient: Patient,
    holders: Holders,
    own: tuple[NameSighting, ...],
    conflicts: list[Conflict],
) -> Iterator[tuple[str, Agreement]]:
    values = [i.value for i in patient.identifiers if i.type == "mrn"]
    own_keys = [fold.identifier_key(v) for v in values]
    texts = evidence.text_of
    for s, key in evidence.numbers:
        raw = s.values[0]
        held = holders.get(key, frozenset())
        if patient.patient_id in held:
            kind, agreement = _own_mrn(s, raw in values, len(held))
            if s.is_disputed and len(held) == 1 and _is_placed(s, own, texts[s.scan_page_no]):
                agreement = replace(agreement, is_read_once=True)
            yield kind, agreement
            if kind == "number" and agreement.level is Level.EXACT and len(key) >= _LEAST_BARE_DIGITS:
                exact = tuple(n for n in own if n.level is Level.EXACT or n.is_read_once)
                if _stands_by_name(s, exact, texts[s.scan_page_no]):
                    yield "number_by_name", agreement
            continue
        other = next((o for o in s.seen_otherwise if fold.identifier_key(o) in own_keys), None)
        if other is not None:
            is_own = holders.get(fold.identifier_key(other)) == frozenset((patient.patient_id,))
            is_read_once = is_own and _is_placed(s, own, texts[s.scan_page_no])
            agreed = _from(s, Level.NEAR, "another reader saw this number")
            yield "mrn", replace(agreed, is_read_once=is_read_once)
        elif held and (s.is_labelled or _may_be_mrn(s, texts[s.scan_page_no])):
            conflicts.append(_from_sighting(s, "mrn_of_another"))
        elif s.is_labelled and any(_is_slip(key, k) for k in own_keys):
            yield "mrn", _from(s, Level.NEAR, "equal but for an OCR slip")


def _may_be_mrn(s: Sighting, text: PageText) -> bool:
    """A number without a label in the upper part of the page, of the length of record numbers: what
    announces it may have been misread."""
    in_head = s.box is not None and s.box.top_px <= _HEAD_SHARE * text.page.height_px
    digits = sum(c.isdigit() for c in s.values[0])
    return in_head and not s.is_other and s.is_sure and _LEAST_MRN_DIGITS <= digits <= _MOST_MRN_DIGITS


def _is_placed(s: Sighting, own: tuple[NameSighting, ...], text: PageText) -> bool:
    """The page itself gives the datum to the patient: by a label, or by standing at the name."""
    by = tuple(n for n in own if n.level is Level.EXACT or n.is_read_once)
    return not s.is_other and (s.is_labelled or _stands_by_name(s, by, text))


def _is_slip(read: str, known: str) -> bool:
    """Letters for digits anywhere, or one character off."""
    return (
        fold.identifier_key(fold.as_digits(read)) == known or OSA.distance(read, known, score_cutoff=1) <= 1
    )


def _own_mrn(s: Sighting, is_verbatim: bool, holders: int) -> tuple[str, Agreement]:
    if s.is_disputed:
        return "mrn", _from(s, Level.NEAR, "a second reader saw another number")
    if holders > 1:
        return "mrn", _from(s, Level.NEAR, "several patients hold this number")
    note = "" if is_verbatim else "equal without leading zeros and punctuation"
    if s.is_labelled:
        return "mrn", _from(s, Level.EXACT, note)
    return "number", _from(s, Level.NEAR if s.is_other else Level.EXACT, _FINDING_ONLY)


def _has_unknown_mrn(evidence: Evidence, holders: Holders) -> bool:
    return any(not holders.get(fold.identifier_key(s.values[0])) for s in evidence.labelled(MRN))


def _barcodes(evidence: Evidence, patient: Patient, holders: Holders) -> Iterator[tuple[str, Agreement]]:
    for page in evidence.pages:
        for code in page.barcodes:
            if holders.get(fold.identifier_key(code.value)) == frozenset((patient.patient_id,)):
                yield "barcode", _agreement(Level.EXACT, True, code.value, page.scan_page_no, code.box)


def _cover(evidence: Evidence, patient: Patient, holders: Holders) -> frozenset[str]:
    found = set()
    for s in evidence.sightings:
        if s.scan_page_no != COVER_PAGE:
            continue
        if s.kind is MRN and holders.get(fold.identifier_key(s.values[0])) == frozenset(
            (patient.patient_id,)
        ):
            found.add("mrn")
        if s.kind is BIRTH and patient.birth_date in s.values:
            found.add("birth_date")
    return frozenset(found)


# --- birth date --------------------------------------------------------------------------
def _births(
    evidence: Evidence, patient: Patient, own: tuple[NameSighting, ...], conflicts: list[Conflict]
) -> Iterator[tuple[str, Agreement]]:
    born = patient.birth_date
    if born is None:
        return
    texts = evidence.text_of
    for s in evidence.of(BIRTH):
        if not s.is_patients or s.scan_page_no == COVER_PAGE:
            if s.scan_page_no == COVER_PAGE and born not in s.values:
                conflicts.append(_from_sighting(s, "birth_date"))
            continue
        if born in s.values:
            agreed = _own_birth(s, own, texts[s.scan_page_no])
            is_read_once = s.is_disputed and _is_placed(s, own, texts[s.scan_page_no])
            yield "birth_date", replace(agreed, is_read_once=is_read_once)
        elif s.is_labelled:
            yield from _other_birth(s, born, conflicts)


def _own_birth(s: Sighting, own: tuple[NameSighting, ...], text: PageText) -> Agreement:
    if s.is_disputed:
        return _from(s, Level.NEAR, "a second reader saw another date")
    if s.is_labelled or _stands_by_name(s, own, text):
        return _from(s, Level.EXACT, "")
    return _from(s, Level.NEAR, _FINDING_ONLY)


def _other_birth(s: Sighting, born: str, conflicts: list[Conflict]) -> Iterator[tuple[str, Agreement]]:
    is_slip = born in (*s.others, *s.seen_otherwise) or any(OSA.distance(v, born) <= 1 for v in s.values)
    if is_slip:
        agreed = _from(s, Level.NEAR, "one character or the order of day and month differs")
        yield "birth_date", replace(agreed, is_read_once=born in s.seen_otherwise)
    if s.is_sure or not is_slip:
        conflicts.append(_from_sighting(s, "birth_date"))


def _stands_by_name(s: Sighting, own: tuple[NameSighting, ...], text: PageText) -> bool:
    """An unlabelled date counts as the birth date only beside the name (a sticker)."""
    return any(n.scan_page_no == s.scan_page_no and _is_near(s.box, n.box, text) for n in own)


def _is_near(one: Box | None, two: Box, text: PageText) -> bool:
    """On one printed row (cells of a form), or a few lines off in one block (a sticker)."""
    if one is None:
        return False
    shared_px = min(one.bottom_px, two.bottom_px) - max(one.top_px, two.top_px)
    if shared_px > 0.4 * text.line_height_px:
        return True
    apart_px = max(one.top_px - two.bottom_px, two.top_px - one.bottom_px)
    aside_px = max(one.left_px - two.right_px, two.left_px - one.right_px)
    return apart_px < _NEAR_NAME_LINES * text.line_height_px and aside_px < 0.2 * text.page.width_px


# --- third kinds --------------------------------------------------------------------------
def _thirds(
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
            yield kind, replace(_from(s, level, ""), is_read_once=s.is_disputed)
        elif s.is_labelled and kind in ("sex", "ssn4") and (not s.is_disputed or _is_neither(s, expected)):
            if s.kind is FindingKind.SEX and value not in ("M", "F"):
                continue
            if s.confidence is None or s.confidence >= _CONFLICT_CONFIDENCE:
                conflicts.append(_from_sighting(s, kind))
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
                    _agreement(
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


# --- making values --------------------------------------------------------------------------
def _from(s: Sighting, level: Level, note: str) -> Agreement:
    return Agreement(
        level=level,
        is_sure=s.is_sure,
        read=s.raw,
        scan_page_no=s.scan_page_no,
        box=s.box,
        note=note,
        readings=len(s.values),
    )


def _agreement(
    level: Level, is_sure: bool, read: str, scan_page_no: int, box: Box | None, note: str = ""
) -> Agreement:
    return Agreement(level=level, is_sure=is_sure, read=read, scan_page_no=scan_page_no, box=box, note=note)


def _from_sighting(s: Sighting, code: str) -> Conflict:
    return Conflict(
        kind=s.kind, code=code, scan_page_no=s.scan_page_no, is_sure=s.is_sure, read=s.raw, box=s.box
    )
