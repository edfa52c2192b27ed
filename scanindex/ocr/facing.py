"""Two facing pages in one scan, read one after the other.

Each half is levelled and read by itself, left first, so that no line of text is
joined across the gutter. Worker-only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from scanindex.clean import find_gutter, likely_dpi, prepare, upright
from scanindex.errors import WorkerLost
from scanindex.model import Word
from scanindex.ocr.first_look import Text, look_at
from scanindex.ocr.legibility import Look
from scanindex.ocr.session import Session

NOTE = "note:facing_pages"
LEAST_KEPT = 0.9
"""Share of the surely read letters that the halves must hold, or the whole page's reading stays."""


def read_leaves(
    session: Session, text: Text, is_faint: bool, look_again: Callable[[Text, Any], Text]
) -> Text | None:
    """The two halves' words in one Text; None where the page `text` is one page.

    text: the whole scan's reading, the right way up. look_again: a second look at one half
    and its picture before cleaning.
    """
    whole = upright(session.raster.pixels, text.rotation_degrees)
    gutter = find_gutter(whole, likely_dpi(session.raster))
    if gutter is None:
        return None
    leaves: list[Text] = []
    try:
        for part in (whole[:, :gutter], whole[:, gutter:]):
            leaf = replace(session.raster, pixels=part, rotation_degrees=0)
            with session.stage("clean"):
                cleaned = prepare(leaf, 0, session.settings, is_faint)
            leaves.append(look_again(look_at(session, cleaned, 0), part))
    except WorkerLost:
        return None
    look = _sum_of([leaf.look for leaf in leaves])
    if look.sure_letters < LEAST_KEPT * text.look.sure_letters:
        return None
    session.problems.append(NOTE)
    words = _one_after_the_other([leaf.on_upright_page() for leaf in leaves], gutter)
    height_px, width_px = whole.shape
    page = replace(text.page, width_px=width_px, height_px=height_px)
    return replace(
        text, page=page, turn=text.rotation_degrees, extra_turn=0, words=words, look=look, placed=words
    )


def _one_after_the_other(leaves: Sequence[Sequence[Word]], gutter_px: int) -> tuple[Word, ...]:
    """Lines of the right half count on after those of the left."""
    left, right = leaves
    lines = max((word.line_no for word in left), default=0)
    moved = (
        replace(
            word,
            line_no=word.line_no + lines,
            box=replace(
                word.box, left_px=word.box.left_px + gutter_px, right_px=word.box.right_px + gutter_px
            ),
        )
        for word in right
    )
    return (*left, *moved)


def _sum_of(looks: Sequence[Look]) -> Look:
    """As of one page: shares weighted by letters."""
    letters = sum(look.letters for look in looks)
    return Look(
        letters=letters,
        sure_letters=sum(look.sure_letters for look in looks),
        confidence=sum(look.confidence * look.letters for look in looks) / letters if letters else 0.0,
        coverage=sum(look.coverage * look.letters for look in looks) / letters if letters else 0.0,
    )
