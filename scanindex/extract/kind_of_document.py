"""Which kind of document a page opens: its title, else its words, else no answer.

A title is a short line in the top part of the page that a synonym matches and that
is set like one (tall, upper case, centred or alone). Without one the form of a letter
and then the words of the page decide: a small model that abstains where it is unsure
(`classify`), and weighted phrases that may contradict it. Where words and title speak
for different types a good title stays with less confidence, and a weak one is no answer.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from scanindex.classify import DEFAULT, Answer, SiteTypes
from scanindex.extract.evidence import Evidence
from scanindex.extract.layout import Layout, Row, Token
from scanindex.extract.tables import read_table
from scanindex.extract.titles import match_own_title, match_title
from scanindex.extract.values import text_of
from scanindex.model import Finding, FindingKind, Role

TITLE_SHARE = 0.42
"""Titles are looked for in this upper share of the page (letterhead and patient box come first)."""
LEAST_TITLE = 0.62
LEAST_KEYWORDS = 8.0
LEAST_LEAD = 1.5
SURE, UNLIKELY = 0.9, 0.02
"""The words contradict a title: the model that sure of another type, the title's so unlikely."""
LEAST_GUESS = 0.4
"""A guess below its type's threshold that the phrases second."""
GOOD_TITLE = 0.85
CONTRADICTED = 0.7
"""Factor on the confidence of a good title that the words contradict."""
_SALUTATION = re.compile(r"^(?:Dear|DEAR)\s+[A-Z]|^(?:To|TO) (?:Whom|WHOM) (?:It|IT) (?:May|MAY)")
_CLOSING = re.compile(
    r"^(?:(?:Very )?(?:Sincerely|Truly)(?: Yours)?|Yours (?:Truly|Sincerely|Very Truly)|"
    r"Respectfully(?: Yours)?|Cordially|Regards|"
    r"(?:With )?(?:Best|Kind|Warm)(?:est)? (?:Personal )?(?:Regards|Wishes))\W*$",
    re.IGNORECASE,
)
_DATE_LINE = re.compile(
    r"^(?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r"\s+\d{1,2},?\s+\d{4}\W*$",
    re.IGNORECASE,
)
_ABOUT = re.compile(r"^(?:RE|Re|IN RE|Regarding|SUBJECT)\s?:")
_TOWN = re.compile(
    r"^[A-Z][A-Za-z. ]+,\s+(?:[A-Z]{2}|[A-Z][a-z]+(?: [A-Z][a-z]+)?)\.?\s+\d{5}(?:-\d{4})?\W*$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleLine:
    key: str
    score: float
    text: str = field(repr=False)
    tokens: tuple[Token, ...] = field(repr=False)
    is_weak: bool = False

    @property
    def is_poor(self) -> bool:
        """A word that also heads sections, or a line not set like a title."""
        return self.is_weak or self.score < GOOD_TITLE


def document_type(layout: Layout, evidence: Evidence, types: SiteTypes = DEFAULT) -> Iterator[Finding]:
    """At most one DOCUMENT_TYPE finding for the page, from its title or its words."""
    text = "\n".join(row.text for row in layout.rows)
    words = keyword_scores(text)
    best = choose_title(title_lines(layout, types), words)
    answer = types.answer(text)
    if best is not None:
        is_contradicted = contradicts(answer, best.key)
        if not (is_contradicted and best.is_poor):
            yield evidence.finding(
                FindingKind.DOCUMENT_TYPE,
                raw=best.text,
                value=best.key,
                tokens=best.tokens,
                rule="title.document_type.weak" if best.is_weak else "title.document_type",
                role=Role.OTHER,
                factor=min(1.0, best.score) * (CONTRADICTED if is_contradicted else 1.0),
            )
            return
        if leading(words) != answer.key:
            return  # title, words and phrases each say something else
    key, rule = ("correspondence", "letter") if is_letter(layout) else (by_words(answer, words), "words")
    if key is not None:
        yield evidence.finding(
            FindingKind.DOCUMENT_TYPE,
            raw="",
            value=key,
            tokens=(),
            rule=f"{rule}.document_type",
            role=Role.OTHER,
        )


def contradicts(answer: Answer, key: str) -> bool:
    """Whether the words speak clearly for another type than a title does."""
    if not answer.ranked or answer.key in (None, key):
        return False
    return answer.confidence >= SURE and answer.probability(key) <= UNLIKELY


def by_words(answer: Answer, words: Mapping[str, float]) -> str | None:
    """The model's answer, or its best guess where the phrases lead to the same type.

    None where they lead to another one and the model is not very sure.
    """
    leader = leading(words)
    if answer.key is None:
        guess = answer.ranked[0][0] if answer.confidence >= LEAST_GUESS else None
        return guess if guess == leader else None
    return answer.key if leader in (None, answer.key) or answer.confidence >= SURE else None


def title_lines(layout: Layout, types: SiteTypes = DEFAULT) -> tuple[TitleLine, ...]:
    """Every line or cell of the upper page that reads as a title, best first."""
    found: list[TitleLine] = []
    for row in layout.rows:
        if row.middle > TITLE_SHARE * layout.height_px:
            break
        for cell in dict.fromkeys((row.tokens, *row.cells())):
            line = _title(layout, row, cell, types.titles)
            if line is not None:
                found.append(line)
    return tuple(sorted(found, key=lambda line: -line.score))


def choose_title(titles: Sequence[TitleLine], words: Mapping[str, float]) -> TitleLine | None:
    """The best title; a weak one (also a section or department) needs the page's words behind it."""
    strong = [t for t in titles if not t.is_weak and t.score >= LEAST_TITLE]
    if strong:
        return strong[0]
    weak = [t for t in titles if t.is_weak and t.score >= LEAST_TITLE]
    leader = leading(words)
    for line in weak:
        if leader is None or leader == line.key or words.get(line.key, 0) >= 0.5 * words.get(leader, 0):
            return line
    return None


def keyword_scores(text: str) -> dict[str, float]:
    """Summed weights of the phrases each type has in this text, each phrase once."""
    plain = f" {re.sub(r'[^a-z0-9]+', ' ', text.lower()).strip()} "
    return {key: sum(w for phrase, w in phrases if phrase in plain) for key, phrases in _phrases().items()}


def leading(scores: Mapping[str, float]) -> str | None:
    """The type that clearly leads, or None: too few words, or two types compete."""
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    (first, best), (_, second) = ranked[0], ranked[1]
    return first if best >= LEAST_KEYWORDS and best >= LEAST_LEAD * second else None


@functools.cache
def _phrases() -> Mapping[str, tuple[tuple[str, float], ...]]:
    phrases: dict[str, list[tuple[str, float]]] = {}
    for heading, words in read_table("keywords"):
        key, weight = heading
        phrases.setdefault(key, []).extend((f" {phrase} ", float(weight)) for phrase in words)
    return {key: tuple(pairs) for key, pairs in phrases.items()}


def is_letter(layout: Layout) -> bool:
    """Set like a letter: at least three of date line, addressee with postcode, "RE:", salutation, closing;
    or salutation and closing."""
    upper = [row.text.strip() for row in layout.rows if row.middle < 0.45 * layout.height_px]
    all_rows = [row.text.strip() for row in layout.rows]
    salutation = any(_SALUTATION.match(text) for text in all_rows)
    closing = any(_CLOSING.match(text) for text in all_rows)
    date_line = any(_DATE_LINE.match(text) for text in upper)
    about = any(_ABOUT.match(text) for text in upper)
    addressee = any(_TOWN.match(text) and len(text) < 45 for text in upper)
    return (salutation and closing) or salutation + closing + date_line + about + addressee >= 3


def _title(
    layout: Layout, row: Row, cell: tuple[Token, ...], own_titles: Mapping[str, str]
) -> TitleLine | None:
    if len(cell) > 14:
        return None
    text = text_of(cell)
    match = match_own_title(text, own_titles) or match_title(text)
    if match is None or text.rstrip().endswith((".", ",", ";")):
        return None
    key, closeness, is_weak = match
    if is_weak and text.rstrip().endswith(":"):
        return None
    letters = [c for c in text if c.isalpha()]
    upper = sum(c.isupper() for c in letters) / max(1, len(letters))
    height = sorted(t.height for t in cell)[len(cell) // 2] / max(1.0, layout.text_height)
    centre = abs((cell[0].left + cell[-1].right) / 2 / layout.width_px - 0.5)
    is_alone = len(cell) == len(row.tokens)
    style = (
        0.25 * (upper > 0.9)
        + 0.25 * min(1.0, max(0.0, height - 1.0) * 2)
        + 0.1 * (centre < 0.12)
        + 0.15 * is_alone
    )
    if text.rstrip().endswith(":"):
        style -= 0.3
    place = 0.15 * (1 - row.middle / layout.height_px / TITLE_SHARE)
    initial_capitals = all(t.text[:1].isupper() or not t.text[:1].isalpha() or len(t.key) <= 3 for t in cell)
    if upper <= 0.9 and not initial_capitals:
        return None
    return TitleLine(
        key=key, score=closeness * (0.6 + style) + place, text=text, tokens=cell, is_weak=is_weak
    )
