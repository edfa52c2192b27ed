"""The patient's numbers and birth date on the pages: what agrees, what nearly does, what accuses.

Pure. A datum counts as the patient's where a label says what it is or where it stands beside
the patient's name; one that readers dispute is NEAR, marked as read once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from rapidfuzz.distance import OSA

from scanindex.match import fold
from scanindex.match.evidence import COVER_PAGE, Evidence, Sighting
from scanindex.match.names import NameSighting
from scanindex.match.profile import Agreement, Conflict
from scanindex.match.text import PageText
from scanindex.model import Box, FindingKind, Level, Patient, PatientId

Holders = Mapping[str, frozenset[PatientId]]
"""`fold.identifier_key` to everybody who holds such a number."""

BIRTH, MRN = FindingKind.BIRTH_DATE, FindingKind.MRN
FINDING_ONLY = "stands on the page without a label"
_LEAST_BARE_DIGITS = 5
"""An unlabelled number shorter than this is too likely something else."""
_HEAD_SHARE = 0.4
_LEAST_MRN_DIGITS, _MOST_MRN_DIGITS = 6, 9
_NEAR_NAME_LINES = 4.5


# --- numbers ---------------------------------------------------------------------------
def mrns(
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
            agreed = agreement_of(s, Level.NEAR, "another reader saw this number")
            yield "mrn", replace(agreed, is_read_once=is_read_once)
        elif held and (s.is_labelled or _may_be_mrn(s, texts[s.scan_page_no])):
            conflicts.append(conflict_of(s, "mrn_of_another"))
        elif s.is_labelled and any(_is_slip(key, k) for k in own_keys):
            yield "mrn", agreement_of(s, Level.NEAR, "equal but for an OCR slip")
            if s.is_sure:
                conflicts.append(conflict_of(s, "mrn_nearly"))


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
        return "mrn", agreement_of(s, Level.NEAR, "a second reader saw another number")
    if holders > 1:
        return "mrn", agreement_of(s, Level.NEAR, "several patients hold this number")
    note = "" if is_verbatim else "equal without leading zeros and punctuation"
    if s.is_labelled:
        return "mrn", agreement_of(s, Level.EXACT, note)
    return "number", agreement_of(s, Level.NEAR if s.is_other else Level.EXACT, FINDING_ONLY)


def has_unknown_mrn(evidence: Evidence, holders: Holders) -> bool:
    return any(not holders.get(fold.identifier_key(s.values[0])) for s in evidence.labelled(MRN))


def barcodes(evidence: Evidence, patient: Patient, holders: Holders) -> Iterator[tuple[str, Agreement]]:
    for page in evidence.pages:
        for code in page.barcodes:
            if holders.get(fold.identifier_key(code.value)) == frozenset((patient.patient_id,)):
                yield "barcode", agreement(Level.EXACT, True, code.value, page.scan_page_no, code.box)


def cover_kinds(evidence: Evidence, patient: Patient, holders: Holders) -> frozenset[str]:
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
def births(
    evidence: Evidence, patient: Patient, own: tuple[NameSighting, ...], conflicts: list[Conflict]
) -> Iterator[tuple[str, Agreement]]:
    born = patient.birth_date
    if born is None:
        return
    texts = evidence.text_of
    for s in evidence.of(BIRTH):
        if not s.is_patients or s.scan_page_no == COVER_PAGE:
            if s.scan_page_no == COVER_PAGE and born not in s.values:
                conflicts.append(conflict_of(s, "birth_date"))
            continue
        if born in s.values:
            agreed = _own_birth(s, own, texts[s.scan_page_no])
            is_read_once = s.is_disputed and _is_placed(s, own, texts[s.scan_page_no])
            yield "birth_date", replace(agreed, is_read_once=is_read_once)
        elif s.is_labelled:
            yield from _other_birth(s, born, conflicts)


def _own_birth(s: Sighting, own: tuple[NameSighting, ...], text: PageText) -> Agreement:
    if s.is_disputed:
        return agreement_of(s, Level.NEAR, "a second reader saw another date")
    if s.is_labelled or _stands_by_name(s, own, text):
        return agreement_of(s, Level.EXACT, "")
    return agreement_of(s, Level.NEAR, FINDING_ONLY)


def _other_birth(s: Sighting, born: str, conflicts: list[Conflict]) -> Iterator[tuple[str, Agreement]]:
    is_slip = born in (*s.others, *s.seen_otherwise) or any(OSA.distance(v, born) <= 1 for v in s.values)
    if is_slip:
        agreed = agreement_of(s, Level.NEAR, "one character or the order of day and month differs")
        yield "birth_date", replace(agreed, is_read_once=born in s.seen_otherwise)
    if s.is_sure or not is_slip:
        conflicts.append(conflict_of(s, "birth_date"))


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


# --- making values --------------------------------------------------------------------------
def agreement_of(s: Sighting, level: Level, note: str) -> Agreement:
    return Agreement(
        level=level,
        is_sure=s.is_sure,
        read=s.raw,
        scan_page_no=s.scan_page_no,
        box=s.box,
        note=note,
        readings=len(s.values),
    )


def agreement(
    level: Level, is_sure: bool, read: str, scan_page_no: int, box: Box | None, note: str = ""
) -> Agreement:
    return Agreement(level=level, is_sure=is_sure, read=read, scan_page_no=scan_page_no, box=box, note=note)


def conflict_of(s: Sighting, code: str) -> Conflict:
    return Conflict(
        kind=s.kind, code=code, scan_page_no=s.scan_page_no, is_sure=s.is_sure, read=s.raw, box=s.box
    )
