"""The query language: one line of text to a syntax tree.

Promises: pure, bounded (length, terms, nesting, dear items), and no exception but
QueryError, whose message names the 1-based character and what would work and
never repeats what was typed (a query may hold a patient's name). What the
words mean is decided in `plan`. Reference: docs/reference/query-language.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scanindex.index import expand, query_dates, query_text, type_names
from scanindex.index.query_fields import DATE_FIELDS, FIELDS, WORD_FIELDS
from scanindex.index.query_text import Lexeme, fault
from scanindex.index.spans import DaySpan

MAX_CHARACTERS = query_text.MAX_CHARACTERS
MAX_TERMS = 32
MAX_DEPTH = 8
MAX_DEAR_ITEMS = 8
"""Words with a star and fuzzy words together: each stands for a list that an index must be asked for."""
MAX_NEAR_PAIRS = 16
"""Pairs of words that all the near/ of a query make."""
MAX_NEAR_WORDS = 50
MAX_EDITS = 2
MIN_WILD_CHARACTERS = 2
"""Letters or digits needed before a `*`, so that it stands for a bounded list."""
MIN_FUZZY_CHARACTERS = 3
"""Letters or digits a word needs for one edit; two more for two."""

__all__ = [
    "DATE_FIELDS",
    "FIELDS",
    "MAX_CHARACTERS",
    "WORD_FIELDS",
    "Both",
    "Either",
    "FieldValue",
    "Fuzzy",
    "Near",
    "Node",
    "Phrase",
    "Wild",
    "Word",
    "parse",
]


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Phrase:
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Wild:
    """`pieces` are the folded literals between the stars; at least two."""

    pieces: tuple[str, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """A word, or one that differs from it in 1..`edits` letters."""

    text: str
    edits: int
    at: int


@dataclass(frozen=True, slots=True)
class Near:
    """Two words of the text whose numbers differ by 1..`distance`, in either order."""

    left: Word | Wild | Fuzzy
    right: Word | Wild | Fuzzy
    distance: int
    at: int


@dataclass(frozen=True, slots=True)
class FieldValue:
    """`item` is a Word, Phrase or Wild (for `text` also Fuzzy).

    For date fields `days` holds the spans; for `type`, `codes` are those types whose
    title has all the words, beside those whose code has them.
    """

    name: str
    item: Word | Phrase | Wild | Fuzzy
    days: tuple[DaySpan, ...]
    at: int
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Both:
    """All of `wanted`, none of `unwanted`; `wanted` is never empty."""

    wanted: tuple[Node, ...]
    unwanted: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    choices: tuple[Node, ...]


Node = Word | Phrase | Wild | Fuzzy | Near | FieldValue | Both | Either


def parse(text: str, titles: type_names.Titles | None = None) -> Node:
    """The tree of a query. `titles`: what document types are called here; None: as shipped.

    Raises QueryError naming the character at fault.
    """
    lexemes = query_text.split(text)
    return _Parser(lexemes, len(text) + 1, titles or type_names.SHIPPED).run()


class _Parser:
    """all-of (items next to each other); OR joins its two neighbours only; near/ binds closest."""

    def __init__(self, lexemes: Sequence[Lexeme], end: int, titles: type_names.Titles) -> None:
        self.lexemes = lexemes
        self.end = end
        self.titles = titles
        self.i = 0
        self.terms = 0
        self.dear_items = 0
        self.pairs = 0

    def run(self) -> Node:
        node = self._all(0)
        if self.i < len(self.lexemes):
            raise fault(self.lexemes[self.i].at, "this bracket was not opened; remove it")
        if node is None:
            raise fault(1, "nothing to look for; type a word, a number or a field such as mrn:")
        return node

    def _peek(self) -> Lexeme | None:
        return self.lexemes[self.i] if self.i < len(self.lexemes) else None

    def _all(self, depth: int) -> Node | None:
        if depth > MAX_DEPTH:
            raise fault(self.lexemes[self.i - 1].at, f"more than {MAX_DEPTH} brackets inside each other")
        wanted: list[Node] = []
        unwanted: list[Node] = []
        start = self.lexemes[self.i].at if self.i < len(self.lexemes) else self.end
        while (head := self._peek()) and head.kind != "close":
            if head.kind == "and":
                self.i += 1
                continue
            negated = head.kind == "minus"
            self.i += negated
            node = self._near(depth, head) if negated else self._choice(depth)
            if node is not None:
                (unwanted if negated else wanted).append(node)
        if unwanted and not wanted:
            raise fault(start, "only things to leave out; add a word or field to look for")
        if len(wanted) == 1 and not unwanted:
            return wanted[0]
        return Both(tuple(wanted), tuple(unwanted)) if wanted else None

    def _choice(self, depth: int) -> Node | None:
        choices = [self._near(depth, None)]
        while (head := self._peek()) and head.kind == "or":
            self.i += 1
            choices.append(self._near(depth, head))
        nodes = tuple(c for c in choices if c is not None)
        return Either(nodes) if len(nodes) > 1 else (nodes[0] if nodes else None)

    def _near(self, depth: int, before: Lexeme | None) -> Node | None:
        """An operand, or several joined by near/: then every neighbouring two must be near."""
        start = self._peek()
        node = self._operand(depth, before)
        if start is None or not (self._peek() and self.lexemes[self.i].kind == "near"):
            return node
        left, links = _sides(node, start), []
        while (head := self._peek()) and head.kind == "near":
            self.i += 1
            start = self._peek() or head
            right = _sides(self._operand(depth, head), start)
            links.append(self._pairs(left, right, head))
            left = right
        return links[0] if len(links) == 1 else Both(tuple(links), ())

    def _pairs(self, lefts: Sequence[Side], rights: Sequence[Side], head: Lexeme) -> Node:
        if not 1 <= head.number <= MAX_NEAR_WORDS:
            raise fault(head.at, f"near/ takes 1 to {MAX_NEAR_WORDS} words, such as near/5")
        self.pairs += len(lefts) * len(rights)
        if self.pairs > MAX_NEAR_PAIRS:
            raise fault(head.at, f"near/ may make {MAX_NEAR_PAIRS} pairs of words; leave some out")
        found = tuple(Near(left, right, head.number, head.at) for left in lefts for right in rights)
        return found[0] if len(found) == 1 else Either(found)

    def _operand(self, depth: int, before: Lexeme | None) -> Node | None:
        head = self._peek()
        if head is None or head.kind in ("close", "and", "or", "near"):
            at = before.at if before else (head.at if head else self.end)
            raise fault(at, "a word is missing beside this OR, NOT, near/ or -")
        if head.kind == "minus":
            raise fault(head.at, "something to leave out cannot stand beside OR, NOT or near/; use brackets")
        self.i += 1
        if head.kind != "open":
            return self._item(head)
        node = self._all(depth + 1)
        if (last := self._peek()) is None or last.kind != "close":
            raise fault(head.at, "this bracket is not closed")
        self.i += 1
        return node

    def _item(self, lexeme: Lexeme) -> Node | None:
        item = _item(lexeme)
        if item is None:
            return None
        self.terms += len(item.text.split()) if isinstance(item, Phrase) else 1
        if self.terms > MAX_TERMS:
            raise fault(lexeme.at, f"a query may have {MAX_TERMS} words; leave some out")
        self.dear_items += isinstance(item, Wild | Fuzzy)
        if self.dear_items > MAX_DEAR_ITEMS:
            raise fault(lexeme.at, f"a query may have {MAX_DEAR_ITEMS} words with * or ~; leave some out")
        if not lexeme.field:
            return item
        return FieldValue(lexeme.field, item, _days(lexeme), lexeme.at, _codes(lexeme, self.titles))


Side = Word | Wild | Fuzzy


def _sides(node: Node | None, lexeme: Lexeme) -> tuple[Side, ...]:
    """The words that may stand on one side of near/."""
    match node:
        case Word() | Wild() | Fuzzy():
            return (node,)
        case Phrase(text, at) if len(expand.parts(text)) == 1:
            return (Word(text.strip(), at),)
        case Either(choices) if all(isinstance(c, Word | Wild | Fuzzy) for c in choices):
            return tuple(c for c in choices if isinstance(c, Word | Wild | Fuzzy))
    raise fault(
        lexeme.at,
        "near/ stands between single words: a near/5 b, or (a OR b) near/5 c; put the rest beside it",
    )


def _item(lexeme: Lexeme) -> Word | Phrase | Wild | Fuzzy | None:
    """The searchable form of a word, phrase or value; None where it has no letter or digit."""
    if lexeme.field in DATE_FIELDS:
        return Word(lexeme.text, lexeme.at)
    if lexeme.kind == "fuzzy":
        return _fuzzy(lexeme)
    if not expand.joined(lexeme.text.replace("*", " ")):
        if lexeme.field == "source" and lexeme.text.strip() and "*" not in lexeme.text:
            return Word(lexeme.text, lexeme.at)
        if lexeme.field:
            raise fault(lexeme.at, f"{lexeme.field}: needs a letter or a digit")
        if "*" in lexeme.text and not lexeme.quoted:
            raise fault(lexeme.at, f"a * needs {MIN_WILD_CHARACTERS} letters or digits before it")
        return None
    if lexeme.quoted:
        return Phrase(lexeme.text, lexeme.at)
    if "*" in lexeme.text:
        return _wild(lexeme)
    return Word(lexeme.text, lexeme.at)


def _wild(lexeme: Lexeme) -> Wild:
    pieces = [expand.joined(piece) for piece in lexeme.text.split("*")]
    if len(pieces[0]) < MIN_WILD_CHARACTERS:
        raise fault(lexeme.at, f"a * needs {MIN_WILD_CHARACTERS} letters or digits before it")
    return Wild(tuple(pieces), lexeme.at)


def _fuzzy(lexeme: Lexeme) -> Fuzzy:
    if "*" in lexeme.text:
        raise fault(lexeme.at, "a word takes * or ~, not both")
    if lexeme.field in ("name", "patient"):
        raise fault(lexeme.at, f"{lexeme.field}: finds names that sound alike by itself; leave the ~ out")
    if lexeme.field not in ("", "text"):
        raise fault(lexeme.at, f"{lexeme.field}: does not take ~; a * at the end works")
    if not 1 <= lexeme.number <= MAX_EDITS:
        raise fault(lexeme.at, "~ allows one letter, ~2 two; no other number works")
    least = MIN_FUZZY_CHARACTERS + 2 * (lexeme.number - 1)
    if len(expand.joined(lexeme.text)) < least:
        raise fault(lexeme.at, f"this ~ needs {least} letters or digits before it")
    return Fuzzy(lexeme.text, lexeme.number, lexeme.at)


def _codes(lexeme: Lexeme, titles: type_names.Titles) -> tuple[str, ...]:
    if lexeme.field != "type" or "*" in lexeme.text:
        return ()
    return type_names.codes_of(lexeme.text, titles)


def _days(lexeme: Lexeme) -> tuple[DaySpan, ...]:
    if lexeme.field not in DATE_FIELDS:
        return ()
    try:
        return query_dates.parse(lexeme.text)
    except query_dates.DateFault as error:
        raise fault(lexeme.at, f"{lexeme.field}: {error}") from error
