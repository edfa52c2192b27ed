"""The query language: one line of text to a syntax tree.

Promises: pure, bounded (length, terms, nesting), and no exception but
UsageError, whose message names the 1-based character and what would work and
never repeats what was typed (a query may hold a patient's name). What the
words mean is decided in `plan`. Reference: docs/reference/query-language.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from scanindex.errors import UsageError
from scanindex.index import expand, spans

MAX_CHARACTERS = 1_000
MAX_TERMS = 32
MAX_DEPTH = 8
MIN_WILD_CHARACTERS = 2
"""Letters or digits needed before a `*`, so that it stands for a bounded list."""

WORD_FIELDS = ("patient", "name", "mrn", "type", "provider", "facility", "source", "sensitivity")
DATE_FIELDS = ("date", "dob", "filed")
FIELDS = (*WORD_FIELDS, *DATE_FIELDS)

_FIELD = re.compile(r"([^\W\d_]+):(.*)", re.DOTALL)
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‑": "-"})


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
class FieldValue:
    """`item` is a Word, Phrase or Wild; for date fields `days` holds the spans."""

    name: str
    item: Word | Phrase | Wild
    days: tuple[spans.DaySpan, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Both:
    """All of `wanted`, none of `unwanted`; `wanted` is never empty."""

    wanted: tuple[Node, ...]
    unwanted: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    choices: tuple[Node, ...]


Node = Word | Phrase | Wild | FieldValue | Both | Either


@dataclass(frozen=True, slots=True)
class _Lexeme:
    kind: str
    """open, close, minus, or, and, word, phrase, field"""
    text: str
    at: int
    quoted: bool = False
    field: str = ""


def parse(text: str) -> Node:
    """The tree of a query. Raises UsageError naming the character at fault."""
    if len(text) > MAX_CHARACTERS:
        raise _fault(MAX_CHARACTERS + 1, f"a query may have {MAX_CHARACTERS} characters; shorten it")
    lexemes = _Lexer(text.translate(_QUOTES)).run()
    parser = _Parser(lexemes, len(text) + 1)
    return parser.run()


def _fault(at: int, what: str) -> UsageError:
    return UsageError(f"character {at}: {what}")


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.i = 0
        self.found: list[_Lexeme] = []

    def run(self) -> list[_Lexeme]:
        while self._skip_space():
            self._one()
        return self.found

    def _skip_space(self) -> bool:
        while self.i < len(self.text) and self.text[self.i].isspace():
            self.i += 1
        return self.i < len(self.text)

    def _one(self) -> None:
        at, char = self.i + 1, self.text[self.i]
        if char in "()":
            self.i += 1
            self.found.append(_Lexeme("open" if char == "(" else "close", char, at))
        elif char == "-" and self.text[self.i + 1 : self.i + 2].strip():
            self.i += 1
            self.found.append(_Lexeme("minus", char, at))
        elif char == '"':
            self.found.append(_Lexeme("phrase", self._quoted(), at, quoted=True))
        else:
            self._bare(at)

    def _quoted(self) -> str:
        end = self.text.find('"', self.i + 1)
        if end < 0:
            raise _fault(self.i + 1, "this quotation mark has no partner; close it or leave it out")
        inside = self.text[self.i + 1 : end]
        self.i = end + 1
        return inside

    def _bare(self, at: int) -> None:
        word = self._run_of_text()
        operator = {"OR": "or", "AND": "and", "NOT": "minus"}.get(word)
        if operator:
            self.found.append(_Lexeme(operator, word, at))
        elif field := _FIELD.fullmatch(word):
            self._field(field.group(1).lower(), field.group(2), at)
        else:
            self.found.append(_Lexeme("word", word, at))

    def _run_of_text(self) -> str:
        start = self.i
        while self.i < len(self.text) and not (self.text[self.i].isspace() or self.text[self.i] == '"'):
            self.i += 1
        # A bracket belongs to the word only if it is closed inside it.
        while self.text[self.i - 1] == ")" and self.text[start : self.i].count("(") < self.text[
            start : self.i
        ].count(")"):
            self.i -= 1
        return self.text[start : self.i]

    def _field(self, name: str, value: str, at: int) -> None:
        if name not in FIELDS:
            raise _fault(
                at, f"there is no such field; there are {', '.join(FIELDS)} (to search the text, use quotes)"
            )
        quoted = False
        if not value:
            if not self._skip_space():
                raise _fault(at + len(name), f"nothing follows {name}: (write {name}:VALUE)")
            quoted = self.text[self.i] == '"'
            value = self._quoted() if quoted else self._run_of_text()
        if not value:
            raise _fault(at + len(name), f"nothing follows {name}: (write {name}:VALUE)")
        self.found.append(_Lexeme("field", value, at, quoted=quoted, field=name))


class _Parser:
    """any = all-of (items next to each other); OR joins its two neighbours only."""

    def __init__(self, lexemes: list[_Lexeme], end: int) -> None:
        self.lexemes = lexemes
        self.end = end
        self.i = 0
        self.terms = 0

    def run(self) -> Node:
        node = self._all(0)
        if self.i < len(self.lexemes):
            raise _fault(self.lexemes[self.i].at, "this bracket was not opened; remove it")
        if node is None:
            raise _fault(1, "nothing to look for; type a word, a number or a field such as mrn:")
        return node

    def _peek(self) -> _Lexeme | None:
        return self.lexemes[self.i] if self.i < len(self.lexemes) else None

    def _all(self, depth: int) -> Node | None:
        if depth > MAX_DEPTH:
            raise _fault(self.lexemes[self.i - 1].at, f"more than {MAX_DEPTH} brackets inside each other")
        wanted: list[Node] = []
        unwanted: list[Node] = []
        start = self.lexemes[self.i].at if self.i < len(self.lexemes) else self.end
        while (head := self._peek()) and head.kind != "close":
            if head.kind == "and":
                self.i += 1
                continue
            negated = head.kind == "minus"
            self.i += negated
            node = self._operand(depth, head) if negated else self._choice(depth)
            if node is not None:
                (unwanted if negated else wanted).append(node)
        if unwanted and not wanted:
            raise _fault(start, "only things to leave out; add a word or field to look for")
        if len(wanted) == 1 and not unwanted:
            return wanted[0]
        return Both(tuple(wanted), tuple(unwanted)) if wanted else None

    def _choice(self, depth: int) -> Node | None:
        choices = [self._operand(depth, None)]
        while (head := self._peek()) and head.kind == "or":
            self.i += 1
            choices.append(self._operand(depth, head))
        nodes = tuple(c for c in choices if c is not None)
        return Either(nodes) if len(nodes) > 1 else (nodes[0] if nodes else None)

    def _operand(self, depth: int, before: _Lexeme | None) -> Node | None:
        head = self._peek()
        if head is None or head.kind in ("close", "and", "or"):
            at = before.at if before else (head.at if head else self.end)
            raise _fault(at, "a word is missing beside this OR, NOT or -")
        if head.kind == "minus":
            raise _fault(head.at, "something to leave out cannot be one side of OR or NOT; use brackets")
        self.i += 1
        if head.kind != "open":
            return self._item(head)
        node = self._all(depth + 1)
        if (last := self._peek()) is None or last.kind != "close":
            raise _fault(head.at, "this bracket is not closed")
        self.i += 1
        return node

    def _item(self, lexeme: _Lexeme) -> Node | None:
        item = _item(lexeme)
        if item is None:
            return None
        size = len(item.text.split()) if isinstance(item, Phrase) else 1
        self.terms += size
        if self.terms > MAX_TERMS:
            raise _fault(lexeme.at, f"a query may have {MAX_TERMS} words; leave some out")
        if not lexeme.field:
            return item
        return FieldValue(lexeme.field, item, _days(lexeme), lexeme.at)


def _item(lexeme: _Lexeme) -> Word | Phrase | Wild | None:
    """The searchable form of a word, phrase or value; None where it has no letter or digit."""
    if lexeme.field in DATE_FIELDS:
        return Word(lexeme.text, lexeme.at)
    if not expand.joined(lexeme.text.replace("*", " ")):
        if lexeme.field == "source" and lexeme.text.strip() and "*" not in lexeme.text:
            return Word(lexeme.text, lexeme.at)
        if lexeme.field:
            raise _fault(lexeme.at, f"{lexeme.field}: needs a letter or a digit")
        if "*" in lexeme.text and not lexeme.quoted:
            raise _fault(lexeme.at, f"a * needs {MIN_WILD_CHARACTERS} letters or digits before it")
        return None
    if lexeme.quoted:
        return Phrase(lexeme.text, lexeme.at)
    if "*" in lexeme.text:
        return _wild(lexeme)
    return Word(lexeme.text, lexeme.at)


def _wild(lexeme: _Lexeme) -> Wild:
    pieces = [expand.joined(piece) for piece in lexeme.text.split("*")]
    if len(pieces[0]) < MIN_WILD_CHARACTERS:
        raise _fault(lexeme.at, f"a * needs {MIN_WILD_CHARACTERS} letters or digits before it")
    return Wild(tuple(pieces), lexeme.at)


def _days(lexeme: _Lexeme) -> tuple[spans.DaySpan, ...]:
    if lexeme.field not in DATE_FIELDS:
        return ()
    try:
        return spans.parse(lexeme.text)
    except ValueError as error:
        raise _fault(
            lexeme.at,
            f"{lexeme.field}: takes 1998, 1998-03, 1998-03-02 or a range such as 1998..2003 or 1998-03..",
        ) from error
