"""Whose data a label announces, when the label itself does not say: sections and neighbours.

"Phone" under the heading "EMERGENCY CONTACT" is not the patient's, nor is the birth
date right of "Mother:". Errs towards *not the patient*.
"""

from __future__ import annotations

import itertools

from scanindex.extract.labels import LABELS, Field, Sighting
from scanindex.extract.layout import Row, key_of
from scanindex.extract.places import LabelledPage
from scanindex.extract.tables import words_of
from scanindex.model import Role

_SECTION_ROWS = 9
_SECTION_GAP_HEIGHTS = 5.0
"""White space that ends a section: what stands below it is another part of the page (a sticker)."""
_RELATIVE = words_of("roles", "relative")
_PROVIDER = words_of("roles", "provider")
_PATIENT = words_of("roles", "patient")
_FILLER = words_of("roles", "filler")
_WORDS = _RELATIVE | _PROVIDER | _PATIENT
_OWN_LABELS = ("PATIENT", "INFANT", "NEWBORN", "BABY", "CHILD")


def role_of(page: LabelledPage, sighting: Sighting) -> Role:
    """PATIENT, RELATIVE, PROVIDER, OTHER or UNKNOWN for the value of this label."""
    label = sighting.label
    if label.role not in {Role.UNKNOWN, Role.PATIENT}:
        return label.role
    tokens = page.label_tokens(sighting)
    first = next((t for t in tokens if t.key and not t.key.isdigit()), tokens[0])
    if first.key.startswith(_OWN_LABELS) or first.key in {"PT", "PTS"}:
        return Role.PATIENT
    neighbour = _neighbour_role(page, sighting)
    if neighbour is not None:
        return neighbour
    section = _section_role(page, sighting)
    if section is not None:
        return section
    return label.role


def _neighbour_role(page: LabelledPage, sighting: Sighting) -> Role | None:
    """Role of the person label that precedes it in its row, or stands above it and owns it."""
    before = [s for s in page.by_row.get(sighting.row_no, ()) if s.end <= sighting.start]
    for other in reversed(before):
        if other.label.field is Field.PERSON:
            return Role.RELATIVE
        if other.label.field is Field.PROVIDER and sighting.label.field in {
            Field.PHONE,
            Field.ADDRESS,
            Field.ID,
        }:
            return Role.PROVIDER
        if other.label.field in {Field.NAME, Field.LAST_NAME}:
            return None
    return None


def _section_role(page: LabelledPage, sighting: Sighting) -> Role | None:
    top = max(-1, sighting.row_no - _SECTION_ROWS - 1)
    for row_no in range(sighting.row_no - 1, top, -1):
        if _is_apart(page, row_no):
            return None
        labels = page.by_row.get(row_no, ())
        if any(s.label.field is Field.NAME and s.label.role is Role.PATIENT and s.is_marked for s in labels):
            return None
        if _marks_owners(page, row_no):
            continue
        role = _heading_role(page.layout.rows[row_no])
        if role is not None:
            return role if role is not Role.PATIENT else None
        if labels and labels[0].label.field is Field.PERSON and labels[0].start == 0:
            return (
                Role.RELATIVE
                if row_no >= sighting.row_no - 3 and not _is_new_block(page, row_no, sighting)
                else None
            )
    return None


def _marks_owners(page: LabelledPage, row_no: int) -> bool:
    """A row of boxes such as MOTHER | MOTHER'S NUMBER: the form says at each box whose it is, so
    the row is no heading for those below."""
    labels = page.by_row.get(row_no, ())
    persons = [s for s in labels if s.label.field is Field.PERSON and s.is_alone and not s.is_marked]
    return bool(persons) and any(s.label.role is Role.RELATIVE and s not in persons for s in labels)


def _is_apart(page: LabelledPage, row_no: int) -> bool:
    """So much white below this row that no heading reaches across it."""
    above, below = page.layout.rows[row_no : row_no + 2]
    height = max(page.layout.text_height, min(above.height, below.height))
    return below.middle - above.middle > _SECTION_GAP_HEIGHTS * height


def _is_new_block(page: LabelledPage, row_no: int, sighting: Sighting) -> bool:
    """A white gap between the person's row and this one: another block of the form."""
    rows = page.layout.rows[row_no : sighting.row_no + 1]
    return any(b.middle - a.middle > 2.6 * max(a.height, b.height) for a, b in itertools.pairwise(rows))


def _heading_role(row: Row) -> Role | None:
    """Role of a section heading: one short cell without value, made of role and filler words."""
    for cell in row.cells():
        words = [t.key for t in cell if t.key]
        if not 1 <= len(words) <= 6 or any(c.isdigit() for w in words for c in w):
            continue
        if not all(w in _FILLER or w.rstrip("S") in _WORDS or w in _WORDS for w in words):
            continue
        for role, vocabulary in (
            (Role.PATIENT, _PATIENT),
            (Role.RELATIVE, _RELATIVE),
            (Role.PROVIDER, _PROVIDER),
        ):
            if any(w in vocabulary or w.rstrip("S") in vocabulary for w in words):
                return None if role is Role.PROVIDER and len(words) == 1 and _is_box_label(words[0]) else role
    return None


def _is_box_label(word: str) -> bool:
    """A lone "Physician" heads one box, not a section."""
    label = LABELS.get(key_of(word))
    return label is not None and label.field in {Field.PROVIDER, Field.NAME, Field.FACILITY, Field.STOP}
