"""A page as text with places: what is printed where, and whose it truly is. Imports nothing of the product.

Pixels of an upright letter page at 200 dpi, origin top-left. All letters are equally wide.
"""

from __future__ import annotations

from dataclasses import dataclass, field

WIDTH_PX, HEIGHT_PX = 1700, 2200
LETTER_PX, HIGH_PX, LINE_PX = 15, 24, 36


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A stretch of print on one line."""

    left_px: int
    top_px: int
    text: str = field(repr=False)
    kind: str = "other"
    """name, mrn, birth date (any number or date is read like those), other."""
    letter_px: int = LETTER_PX
    read_as: str = field(default="", repr=False)
    """What the first reader takes it for; "" leaves that to the noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    runs: tuple[Run, ...] = field(default=(), repr=False)
    owner: str | None
    """MRN of the patient whose chart it belongs to; None for nobody of the roster."""
    kind: str = "content"
    """content, damaged (a part of it is lost, and known to be), failed (nobody knows what it says),
    separator, cover."""
    cover_mrn: str = field(default="", repr=False)
    cover_born: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One scan: what it holds, and what it was made to try."""

    number: int
    trap: str
    layout: str
    wear: str
    pages: tuple[Page, ...]
    printed: frozenset[str] = frozenset()
    """name, birth_date, mrn: what of the first page's owner stands on it, rightly spelt."""
    tell: str = field(default="", repr=False)
    """The print that alone tells a trap from an honest paper; "" where nothing needs to be read for that."""

    @property
    def is_sufficient(self) -> bool:
        """It names a patient of the roster by two identifiers."""
        first = next(page for page in self.pages if page.kind in ("content", "damaged"))
        return first.owner is not None and len(self.printed) >= 2


class Sheet:
    """A page being written, top to bottom or anywhere."""

    def __init__(self, top_px: int = 110, left_px: int = 120, letter_px: int = LETTER_PX) -> None:
        self.runs: list[Run] = []
        self.left_px, self.letter_px = left_px, letter_px
        self.y = top_px

    def put(self, left_px: int, top_px: int, text: str, kind: str = "other") -> int:
        """Print there; returns where it ends."""
        if text:
            self.runs.append(
                Run(left_px=left_px, top_px=top_px, text=text, kind=kind, letter_px=self.letter_px)
            )
        return left_px + len(text) * self.letter_px

    def line(self, text: str = "", kind: str = "other", left_px: int | None = None) -> None:
        """Print on the next line."""
        self.put(self.left_px if left_px is None else left_px, self.y, text, kind)
        self.feed()

    def labelled(self, label: str, value: str, kind: str, left_px: int, gap: float = 1.0) -> int:
        """A label and its value to the right, on the current line; returns where it ends."""
        end_px = self.put(left_px, self.y, label)
        return self.put(end_px + round(gap * self.letter_px), self.y, value, kind)

    def centred(self, text: str) -> None:
        self.put((WIDTH_PX - len(text) * self.letter_px) // 2, self.y, text)
        self.feed()

    def feed(self, lines: float = 1.0) -> None:
        self.y += round(lines * LINE_PX)

    def page(self, owner: str | None) -> Page:
        return Page(runs=tuple(r for r in self.runs if r.top_px < HEIGHT_PX - 40), owner=owner)
