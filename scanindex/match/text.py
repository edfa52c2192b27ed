"""A page's words as the matcher looks at them: tokens on lines, findable by name key.

Label words ("Last Name", "MI") are skipped when looking for names, so that a name in
two labelled cells still stands together. Nothing here knows any patient.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from scanindex.match.fold import ascii_upper, name_key
from scanindex.model import Box, PageReading, Word

_TOKEN = re.compile(r"[A-Z0-9][A-Z0-9'’`\-]*")
_LABELS = "LAST FIRST MIDDLE NAME NAMES SURNAME GIVEN MI INITIAL SUFFIX PATIENT PATIENTS PT FAMILY"
_SKIPPED = frozenset(_LABELS.split())
_LONGEST_NAME_TOKENS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    key: str = field(repr=False)
    """Upper-case ASCII without apostrophes and hyphens at the ends."""
    word: Word = field(repr=False)
    line_no: int
    order: int
    """Place on the page among all tokens, in reading order."""
    step: int
    """Place among the tokens of its line that are no label words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Consecutive tokens of one line."""

    first: Token
    last: Token

    @property
    def line_no(self) -> int:
        return self.first.line_no

    @property
    def box(self) -> Box:
        return union((self.first.word.box, self.last.word.box))


@dataclass(frozen=True, slots=True)
class Line:
    """A line of paper: its text in upper case, and which word holds each character."""

    line_no: int
    text: str = field(repr=False)
    starts: tuple[int, ...] = field(repr=False)
    words: tuple[Word, ...] = field(repr=False)

    def words_at(self, start: int, end: int) -> tuple[Word, ...]:
        """The words that hold characters start..end of the text."""
        return tuple(
            word
            for word, begin in zip(self.words, self.starts, strict=True)
            if begin < end and start < begin + len(ascii_upper(word.text))
        )


class PageText:
    """One page, prepared for looking things up."""

    def __init__(self, page: PageReading) -> None:
        self.page = page
        self.lines = tuple(_lines(page.words))
        self.tokens: tuple[Token, ...] = tuple(_tokens(self.lines))
        self.by_line: dict[int, list[Token]] = {}
        for token in self.tokens:
            self.by_line.setdefault(token.line_no, []).append(token)
        self._spans: dict[str, list[Span]] = {}
        for tokens in self.by_line.values():
            self._index_names([t for t in tokens if t.key not in _SKIPPED])
        heights = sorted(w.box.bottom_px - w.box.top_px for w in page.words)
        self.line_height_px = max(heights[len(heights) // 2], 1) if heights else 1

    def _index_names(self, tokens: Sequence[Token]) -> None:
        for start, first in enumerate(tokens):
            key = ""
            for last in tokens[start : start + _LONGEST_NAME_TOKENS]:
                part = last.key if last.key.isalpha() else name_key(last.key)
                if not part:
                    break
                key += part
                self._spans.setdefault(key, []).append(Span(first=first, last=last))

    def spans(self, key: str) -> Sequence[Span]:
        """Where this name key stands, as one to three tokens of a line."""
        return self._spans.get(key, ())

    def has(self, key: str) -> bool:
        return key in self._spans

    @cached_property
    def name_keys(self) -> list[str]:
        """Every key of three letters or more, once."""
        return [key for key in self._spans if len(key) >= 3]


def union(boxes: Sequence[Box]) -> Box:
    return Box(
        left_px=min(b.left_px for b in boxes),
        top_px=min(b.top_px for b in boxes),
        right_px=max(b.right_px for b in boxes),
        bottom_px=max(b.bottom_px for b in boxes),
    )


def overlaps(one: Box | None, two: Box | None) -> bool:
    """The smaller of the two lies mostly inside the other."""
    if one is None or two is None:
        return False
    width = min(one.right_px, two.right_px) - max(one.left_px, two.left_px)
    height = min(one.bottom_px, two.bottom_px) - max(one.top_px, two.top_px)
    if width <= 0 or height <= 0:
        return False
    return width * height >= 0.4 * min(_area(one), _area(two))


def _area(box: Box) -> int:
    return max(1, (box.right_px - box.left_px) * (box.bottom_px - box.top_px))


def _lines(words: Sequence[Word]) -> Iterator[Line]:
    by_line: dict[int, list[Word]] = {}
    for word in words:
        by_line.setdefault(word.line_no, []).append(word)
    for line_no, members in sorted(by_line.items()):
        starts, parts, at = [], [], 0
        for word in members:
            text = ascii_upper(word.text)
            starts.append(at)
            parts.append(text)
            at += len(text) + 1
        yield Line(line_no, " ".join(parts), tuple(starts), tuple(members))


def _tokens(lines: Sequence[Line]) -> Iterator[Token]:
    order = 0
    for line in lines:
        step = 0
        for word in line.words:
            text = ascii_upper(word.text)
            for key in (text,) if text.isalnum() else _keys(text):
                yield Token(key=key, word=word, line_no=line.line_no, order=order, step=step)
                order += 1
                step += key not in _SKIPPED


def _keys(text: str) -> Iterator[str]:
    for match in _TOKEN.finditer(text):
        for part in match[0].split("-"):
            key = re.sub(r"['’`]", "", part)
            # "PATIENT'S" and "MOTHER'S" are label words, "O'BRIEN" is a name
            yield key[:-1] if re.search(r"['’`]S$", part) else key
