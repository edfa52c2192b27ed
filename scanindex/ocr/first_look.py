"""The first reader's look at a page, the right way up.

One cheap pass; only a page that reads poorly is tried in other turns. Raises
WorkerLost when the time is up before anything was read, and keeps what it has when
it is up later. Worker-only.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from scanindex.clean import CleanPage, prepare
from scanindex.errors import WorkerLost
from scanindex.model import Word
from scanindex.ocr.legibility import Glyphs, Look, find_glyphs, weigh
from scanindex.ocr.orient import best_turn, downward_share
from scanindex.ocr.session import Session
from scanindex.ocr.tesseract import Layout
from scanindex.turning import turn_box

UPRIGHT_SHARE = 0.3
"""Pages upside down never read a quarter of their letters surely, upright ones a third or more."""
LEAST_LEAD_LETTERS = 6
LEAST_EVIDENCE = 2.0
FEW_LETTERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A reading in the frame of its cleaned pixels."""

    page: CleanPage
    turn: int
    """Clockwise turn of the cleaned pixels against the archived picture."""
    words: tuple[Word, ...] = field(repr=False)
    look: Look
    glyphs: Glyphs
    """What of the cleaned pixels looks like print."""
    extra_turn: int = 0
    """Clockwise turn still missing: Tesseract also reads lines that run downwards."""
    placed: tuple[Word, ...] | None = field(default=None, repr=False)
    """`words` on the upright page, where they come from several cleaned pictures."""

    @property
    def rotation_degrees(self) -> int:
        return (self.turn + self.extra_turn) % 360

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the page image once upright."""
        size = self.page.width_px, self.page.height_px
        return size if self.extra_turn % 180 == 0 else size[::-1]

    def on_upright_page(self) -> tuple[Word, ...]:
        """The words with their boxes in pixels of the upright page image."""
        if self.placed is not None:
            return self.placed
        width, height = self.size_px
        return tuple(
            replace(word, box=turn_box(self.page.box_on_page(word.box), self.extra_turn, width, height))
            for word in self.words
        )

    def with_words(self, words: tuple[Word, ...]) -> Text:
        if words == self.words:
            return self
        return replace(self, words=words, look=weigh(words, self.glyphs, self.page.pixels.shape))


def look_at(session: Session, page: CleanPage, turn: int, layout: Layout = Layout.AUTO) -> Text:
    """One pass over the whole page."""
    with session.stage("ocr"):
        words = session.engines.first.read(page.pixels, page.dpi, session.seconds_left(), layout)
        glyphs = find_glyphs(page.pixels, page.dpi)
        look = weigh(words, glyphs, page.pixels.shape)
        return Text(page=page, turn=turn, words=words, look=look, glyphs=glyphs)


def first_look(session: Session, container_turn: int, is_faint: bool) -> Text:
    """The page in its likeliest turn."""

    @functools.cache
    def cleaned(turn: int) -> CleanPage:
        with session.stage("clean"):
            return prepare(session.raster, turn % 360, session.settings, is_faint)

    text = look_at(session, cleaned(container_turn), container_turn)
    try:
        if _may_be_turned(text.look):
            text = _try_other_turns(session, text, cleaned)
        return _stand_up(session, text, cleaned)
    except WorkerLost:
        # Which way up it is was left open.
        session.problems.append("timeout")
        return text


def as_told(session: Session, turn: int, is_faint: bool) -> Text:
    """The page in the turn that a person gave it: no other is tried, whatever it reads like."""
    with session.stage("clean"):
        page = prepare(session.raster, turn, session.settings, is_faint)
    return look_at(session, page, turn)


def _may_be_turned(look: Look) -> bool:
    """A few words can read surely by chance upside down ("SIS NO"), so they need more."""
    is_sparse = look.letters < FEW_LETTERS and look.sure_share < 0.85
    return is_sparse or look.sure_share < UPRIGHT_SHARE


def _try_other_turns(session: Session, text: Text, cleaned: Callable[[int], CleanPage]) -> Text:
    """The best of all turns, for a page that reads like one that stands on its head.

    The opposite turn is a whole reading, since Tesseract's layout analysis finds lines
    that run downwards by itself: the two cover all four turns of an ordinary page. On
    a sparse one it does not, so a band is tried in the other two.
    """
    other = look_at(session, cleaned(text.turn + 180), (text.turn + 180) % 360)
    best = _surer(text, other)
    if _may_be_turned(best.look):
        sides = ((text.turn + 90) % 360, (text.turn + 270) % 360)
        with session.stage("orient"):
            side, evidence = best_turn(sides, cleaned, session.engines.first, session.seconds_left)
        if evidence > LEAST_EVIDENCE:
            best = _surer(best, look_at(session, cleaned(side), side))
    return best


def _surer(one: Text, other: Text) -> Text:
    """`other` only with a clear lead: an unreadable page stays as its container says."""
    lead = other.look.sure_letters - one.look.sure_letters
    is_surer = other.look.sure_share > one.look.sure_share + 0.1
    return other if lead >= LEAST_LEAD_LETTERS and is_surer else one


def _stand_up(session: Session, text: Text, cleaned: Callable[[int], CleanPage]) -> Text:
    """Turns a page back whose lines were read running downwards."""
    if downward_share(text.words) <= 0.5:
        return text
    turn = (text.turn + 270) % 360
    if text.look.is_poor:
        level = look_at(session, cleaned(turn), turn)
        if level.look.sure_letters >= 0.7 * text.look.sure_letters:
            return level
    return replace(text, extra_turn=270)
