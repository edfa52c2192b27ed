"""Other ways of saying the words of a query: abbreviations, synonyms, British spelling.

A shipped table (synonyms.txt beside this module, which describes the syntax) and the
site's file, which adds to it and takes out of it. Applied to queries, never to pages,
so an edit holds at once and every engine answers alike. Not transitive: only what
stands on one line is one. Keys are those of `expand.joined`, so "s/p" is "sp".
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from scanindex.errors import ConfigError
from scanindex.index import expand

MAX_WAYS = 24
"""Other ways given for one saying."""
MAX_TERM_WORDS = 5
MAX_TERMS = 24
"""Terms on one line."""
MAX_LINES = 5_000
MAX_BYTES = 1_000_000
_MIN_SPLIT_PART = 3
_MIN_JOINED = 8

SHIPPED = Path(__file__).with_name("synonyms.txt")

Saying = tuple[str, ...]
"""Folded keys of consecutive words."""


@dataclass(frozen=True, slots=True)
class Rule:
    """British to American, at the start, the end, inside or as the whole of a word."""

    british: str
    american: str
    at_start: bool
    at_end: bool

    def american_of(self, token: str) -> str:
        return self._swapped(token, self.british, self.american)

    def british_of(self, token: str) -> str:
        return self._swapped(token, self.american, self.british)

    def _swapped(self, token: str, old: str, new: str) -> str:
        place = self._place(token, old)
        # What has the other spelling already stays: "sulpha" holds no "sulfa".
        if place < 0 or (old in new and self._place(token, new) >= 0):
            return token
        return token[:place] + new + token[place + len(old) :]

    def _place(self, token: str, part: str) -> int:
        if self.at_start and self.at_end:
            return 0 if token == part else -1
        if self.at_start:
            return 0 if token.startswith(part) else -1
        if self.at_end:
            return len(token) - len(part) if token.endswith(part) else -1
        return token.find(part)


class _Spelling:
    """All rules together; words that hold none of their letters cost one look."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        self._has_british = _any_of(rule.british for rule in rules)
        self._has_american = _any_of(rule.american for rule in rules)

    def american(self, words: Saying) -> Saying:
        return tuple(self._american(word) for word in words)

    def british(self, words: Saying) -> Saying:
        return tuple(self._british(word) for word in words)

    def _american(self, word: str) -> str:
        if self._has_british.search(word):
            for rule in self._rules:
                word = rule.american_of(word)
        return word[: expand.MAX_TOKEN_CHARACTERS]

    def _british(self, word: str) -> str:
        if self._has_american.search(word):
            for rule in self._rules:
                word = rule.british_of(word)
        return word[: expand.MAX_TOKEN_CHARACTERS]


def _any_of(parts: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(sorted(map(re.escape, set(parts)), key=len)) or "(?!)")


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    left: tuple[Saying, ...]
    right: tuple[Saying, ...] | None
    """None: two-way."""


@dataclass(slots=True)
class _Parsed:
    lines: list[_Line] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    removals: list[_Line] = field(default_factory=list)


class Synonyms:
    """The table in force; immutable, cheap to ask, safe to share between threads."""

    def __init__(self, ways: Mapping[Saying, tuple[Saying, ...]], spelling: _Spelling) -> None:
        self._ways = ways
        self._spelling = spelling

    @classmethod
    def load(cls, path: Path | None = None) -> Synonyms:
        """The shipped table with the site's file, if there is one at `path`.

        Raises ConfigError naming the line at fault.
        """
        shipped = _shipped()
        site = _read(path) if path is not None and path.exists() else _Parsed()
        spelling = _Spelling([*shipped.rules, *site.rules])
        lines = shipped.lines
        for removal in site.removals:
            lines = _without(lines, removal, path.name if path else "")
        return cls(_table([*site.lines, *lines], spelling), spelling)

    def of(self, words: tuple[str, ...]) -> tuple[Saying, ...]:
        """Other ways of saying these keys of consecutive words, best first, at most MAX_WAYS."""
        if not words or len(words) > MAX_TERM_WORDS or not all(words):
            return ()
        spelled = self._spelling.american(words)
        known = self._ways.get(spelled, ())
        if len(words) > 1 and not known:
            return ()
        said = (form for way in (spelled, *known) for form in (way, self._spelling.british(way)))
        found = dict.fromkeys(said)
        found.pop(words, None)
        return tuple(itertools.islice(found, MAX_WAYS))

    def __len__(self) -> int:
        return len(self._ways)


@lru_cache(maxsize=1)
def _shipped() -> _Parsed:
    return _parse(SHIPPED.read_text("utf-8"), SHIPPED.name)


def _read(path: Path) -> _Parsed:
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_BYTES:
            raise ConfigError(f"{path.name} has more than {MAX_BYTES:,} bytes")
        return _parse(raw.decode("utf-8-sig"), path.name)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path.name} line {line}: is not UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path.name} cannot be read: {error.strerror}") from error


# --- the file -----------------------------------------------------------------
def _parse(text: str, name: str) -> _Parsed:
    found = _Parsed()
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        raise ConfigError(f"{name} has more than {MAX_LINES:,} lines")
    for number, line in enumerate(lines, start=1):
        plain = line.strip()
        if plain and not plain.startswith("#"):
            try:
                _take(plain, number, found)
            except ValueError as error:
                raise ConfigError(f"{name} line {number}: {error}") from error
    return found


def _take(line: str, number: int, found: _Parsed) -> None:
    word, colon, rest = line.partition(":")
    if colon and word.strip().lower() == "spelling":
        found.rules.append(_rule(rest))
    elif line.startswith("-"):
        found.removals.append(_Line(number, _terms(line[1:]), None))
    elif "=>" in line:
        left, _, right = line.partition("=>")
        if "=>" in right:
            raise ValueError("only one => can stand in a line")
        found.lines.append(_Line(number, _terms(left), _terms(right)))
    else:
        terms = _terms(line)
        if len(terms) < 2:
            raise ValueError("needs two different terms with a comma between, or a => b")
        found.lines.append(_Line(number, terms, None))


def _terms(text: str) -> tuple[Saying, ...]:
    """The different terms of a list with commas. Raises ValueError."""
    written = [term.strip() for term in text.split(",")]
    found = {saying: None for term in written for saying in _sayings(term)}
    if () in found:
        raise ValueError("an empty term: write terms of letters or digits with commas between")
    if max(map(len, found)) > MAX_TERM_WORDS:
        raise ValueError(f"a term may have {MAX_TERM_WORDS} words")
    if len(found) > MAX_TERMS:
        raise ValueError(f"a line may have {MAX_TERMS} terms")
    return tuple(found)


def _sayings(term: str) -> Iterator[Saying]:
    """A term, and where words have hyphens or the like, the same written apart ("x ray" for "x-ray")."""
    yield tuple(key for word in term.split() if (key := expand.joined(word)))
    apart = [expand.parts(word) for word in term.split()]
    if any(len(parts) > 1 and max(map(len, parts)) >= _MIN_SPLIT_PART for parts in apart):
        yield tuple(part for parts in apart for part in parts)


def _rule(text: str) -> Rule:
    sides = [side.strip().lower() for side in text.split(",")]
    if len(sides) != 2:
        raise ValueError("write a spelling rule as: spelling: haem*, hem*")
    stars = [(side.startswith("*"), side.endswith("*")) for side in sides]
    parts = [expand.fold(side.strip("*")) for side in sides]
    if stars[0] != stars[1] or not all(part.isalpha() and len(part) >= 2 for part in parts):
        raise ValueError("both sides need two letters or more, and stars at the same ends")
    if parts[0] == parts[1]:
        raise ValueError("both sides are the same")
    return Rule(parts[0], parts[1], at_start=not stars[0][0], at_end=not stars[0][1])


# --- the table ----------------------------------------------------------------
def _without(lines: Sequence[_Line], removal: _Line, name: str) -> list[_Line]:
    """The shipped lines without one term, or without the connection between several."""
    gone = set(removal.left)
    kept = []
    hits = 0
    for line in lines:
        here = {*line.left, *(line.right or ())}
        if not gone <= here:
            kept.append(line)
            continue
        hits += 1
        left = tuple(t for t in line.left if t not in gone)
        right = None if line.right is None else tuple(t for t in line.right if t not in gone)
        if len(left) >= (2 if right is None else 1) and right != ():
            kept.append(_Line(line.number, left, right))
    if not hits:
        raise ConfigError(f"{name} line {removal.number}: the shipped table has no such term or line")
    return kept


def _table(lines: Iterable[_Line], spelling: _Spelling) -> dict[Saying, tuple[Saying, ...]]:
    found: dict[Saying, dict[Saying, None]] = {}
    for line in lines:
        for term in line.left:
            others = [t for t in (line.right if line.right is not None else line.left) if t != term]
            for key in _keys(spelling.american(term)):
                found.setdefault(key, {}).update(dict.fromkeys(others))
    return {key: tuple(ways) for key, ways in found.items()}


def _keys(term: Saying) -> Iterator[Saying]:
    """Under which a term is looked up: also when written together ("heart-attack")."""
    yield term
    together = "".join(term)
    if len(term) > 1 and len(together) >= _MIN_JOINED:
        yield (together[: expand.MAX_TOKEN_CHARACTERS],)
