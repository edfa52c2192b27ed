"""From a typed line to the pieces of the query language, each with its place.

Places are 1-based characters of the line as typed, also where it holds invisible
marks (right-to-left, zero width, soft hyphens), which count for nothing. Curly and
angled quotation marks are quotation marks. Pure; linear; raises QueryError only.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from scanindex.errors import QueryError
from scanindex.index.query_fields import DATE_FIELDS, FIELDS, nearest

MAX_CHARACTERS = 1_000
_MAX_DIGITS = 6

_FIELD = re.compile(r"([^\W\d]+):(.*)", re.DOTALL)
_FUZZY = re.compile(r"(.*[^~])~+([0-9]*)", re.DOTALL)
_NEAR = re.compile(r"near/([0-9]*)", re.IGNORECASE)
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"') | {"‑": "-", "−": "-", "～": "~", "：": ":"})
_OPERATORS = {"OR": "or", "AND": "and", "NOT": "minus"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexeme:
    kind: str
    """open, close, minus, or, and, near, word, fuzzy, phrase"""
    text: str
    at: int
    quoted: bool = False
    field: str = ""
    number: int = 0
    """Words for near, letters for fuzzy."""


def fault(at: int, what: str) -> QueryError:
    return QueryError(f"character {at}: {what}", at)


def split(text: str) -> list[Lexeme]:
    """The pieces in order. Raises QueryError."""
    if len(text) > MAX_CHARACTERS:
        raise fault(MAX_CHARACTERS + 1, f"a query may have {MAX_CHARACTERS} characters; shorten it")
    places = [n for n, c in enumerate(text, start=1) if c.isascii() or unicodedata.category(c) != "Cf"]
    seen = "".join(text[place - 1] for place in places).translate(_QUOTES)
    return _Lexer(seen, [*places, len(text) + 1]).run()


class _Lexer:
    def __init__(self, text: str, places: list[int]) -> None:
        self.text = text
        self.places = places
        self.i = 0
        self.found: list[Lexeme] = []

    def run(self) -> list[Lexeme]:
        while self._skip_space():
            self._one()
        return self.found

    def _skip_space(self) -> bool:
        while self.i < len(self.text) and self.text[self.i].isspace():
            self.i += 1
        return self.i < len(self.text)

    def _add(self, kind: str, text: str, start: int, **more: str | int | bool) -> None:
        self.found.append(Lexeme(kind=kind, text=text, at=self.places[start], **more))  # type: ignore[arg-type]

    def _one(self) -> None:
        start, char = self.i, self.text[self.i]
        if char in "()":
            self.i += 1
            self._add("open" if char == "(" else "close", char, start)
        elif char == "-" and self.text[self.i + 1 : self.i + 2].strip():
            self.i += 1
            self._add("minus", char, start)
        elif char == '"':
            self._add("phrase", self._quoted(), start, quoted=True)
        else:
            self._bare(start)

    def _quoted(self) -> str:
        start, end = self.i, self.text.find('"', self.i + 1)
        if end < 0:
            raise fault(self.places[start], "this quotation mark has no partner; close it or leave it out")
        self.i = end + 1
        if self.text[self.i : self.i + 1] == "~":
            raise fault(
                self.places[self.i],
                "~ goes behind a single word without quotes; for words near each other write a near/5 b",
            )
        return self.text[start + 1 : end]

    def _bare(self, start: int) -> None:
        word = self._run_of_text()
        if operator := _OPERATORS.get(word):
            self._add(operator, word, start)
        elif near := _NEAR.fullmatch(word):
            self._add("near", word, start, number=self._number(near.group(1), start))
        elif field := _FIELD.fullmatch(word):
            self._field(field.group(1).lower(), field.group(2), start)
        else:
            self._word(word, start)

    def _number(self, digits: str, start: int) -> int:
        if not digits:
            raise fault(self.places[start], "near/ needs a number of words, such as near/5")
        return int(digits[:_MAX_DIGITS])

    def _word(self, word: str, start: int, field: str = "") -> None:
        fuzzy = _FUZZY.fullmatch(word) if field not in DATE_FIELDS else None
        if fuzzy and any(c.isalnum() for c in fuzzy.group(1)):
            edits = int(fuzzy.group(2)[:_MAX_DIGITS] or 1)
            self._add("fuzzy", fuzzy.group(1), start, field=field, number=edits)
        else:
            self._add("word", word, start, field=field)

    def _run_of_text(self) -> str:
        start = self.i
        while self.i < len(self.text) and not (self.text[self.i].isspace() or self.text[self.i] == '"'):
            self.i += 1
        # A bracket belongs to the word only if it is opened inside it.
        word = self.text[start : self.i]
        excess = word.count(")") - word.count("(")
        while excess > 0 and word.endswith(")"):
            word, excess = word[:-1], excess - 1
        self.i = start + len(word)
        return word

    def _field(self, name: str, value: str, start: int) -> None:
        if name not in FIELDS:
            raise fault(self.places[start], _unknown(name))
        nothing = fault(self.places[start + len(name)], f"nothing follows {name}: (write {name}:VALUE)")
        quoted = False
        if not value:
            if not self._skip_space():
                raise nothing
            quoted = self.text[self.i] == '"'
            value = self._quoted() if quoted else self._run_of_text()
        if not value:
            raise nothing
        if quoted:
            self._add("phrase", value, start, quoted=True, field=name)
            return
        self._check_value(name, value, start)
        self._word(value, start, name)

    def _check_value(self, name: str, value: str, start: int) -> None:
        """What would silently mean something else than was meant."""
        if value.startswith("(") and ")" not in value:
            raise fault(
                self.places[start + len(name) + 1],
                f"brackets go around the field: ({name}:VALUE OR {name}:VALUE)",
            )
        rest = self.text[self.i :].lstrip()
        if name in DATE_FIELDS and rest.startswith(".."):
            raise fault(self.places[self.i], f"write the range without blanks, such as {name}:1998..2003")


def _unknown(name: str) -> str:
    meant = nearest(name)
    hint = f"did you mean {meant}:? " if meant else ""
    return (
        f"there is no such field; {hint}there are {', '.join(FIELDS)} (to search the text for it, use quotes)"
    )
