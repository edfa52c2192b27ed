"""Misread words: which keys of an index a scanner may have made of the word that is searched.

How it works, on any engine that can list keys by their beginning: a page posts *entries* for its
odd tokens (those that are no trusted words), each once from the front and once from the back, so
that a word with an error near one end is found from the other end. A search asks for the few
entries that begin or end like its word and have about its length; `verdict` says which of them are
misreadings of the word.

Promises: what has a digit is never taken for anything with another one ("500mg" for "600mg"), only
for what has letters of its form instead ("l2345"); at most MAX_SPELLINGS words come back, likeliest
first; entries of words that became trusted later are passed over; keys are asked for by narrow
beginnings only. Leaves out synonyms, stems and what a page count says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from scanindex.index import expand, misreading
from scanindex.index.lexicon import Lexicon, shipped, site_words, with_site_words
from scanindex.index.verdict import Listed, Rules, Search

KeysFrom = Callable[[str], list[tuple[str, int]]]
"""Entries that begin so, with their frequency."""
MAX_SPELLINGS = 200
MIN_CHARACTERS = 4
MAX_CHARACTERS = 32
ENDS = (4, 3, 2)
"""Letters that must agree at one end; fewer only where that lists little."""
_SHORT = 8
"""Words of fewer letters start with the second."""
_MANY = 1_000
MIN_BROKEN = 6
"""Letters of a word whose two pieces are put together."""
MAX_FUZZY_EDITS = 2
LEAST_SUGGESTED_CLASS = 3
_LONG_ENOUGH_FOR_TWO = 6
_FIRST_LETTER = 0.4
"""Edits that a different first letter adds: people seldom mistype it."""
_TYPING_STEP = 0.08
_EDITS, _MOST_EDITS = ((5, 1), (6, 2), (9, 3), (13, 4)), 5
"""Plain edits of a misreading, by the letters the word has fewer than."""
_PIECE_CLASS = 6
_MOST_WEIGHED = 300
"""Odd words, nearest first, that are weighed and for which rivals are sought."""
SEPARATOR = "\x1f"
_FRONT, _BACK = ">", "<"
_LENGTHS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH"


RULES = Rules()
MAX_VIEWS = 50_000
"""Printed words whose entries are remembered."""


class _View(NamedTuple):
    """A printed word as pages post it."""

    entries: tuple[str, ...]
    whole: str
    is_odd: bool
    """May it be the piece under which a broken word is found?"""
    joins: bool
    """May it be the other piece? Not a usual word."""


class Spelling:
    """The rules over one lexicon."""

    def __init__(self, site_words: Path | None = None, rules: Rules = RULES) -> None:
        """`site_words`: file with the site's own words; read, like the shipped list, at first use."""
        self._site_words = site_words
        self._rules = rules
        # Most words of a page were on the pages before it.
        self._view = lru_cache(maxsize=MAX_VIEWS)(self._view_of)

    @cached_property
    def words(self) -> Lexicon:
        return with_site_words(site_words(self._site_words)) if self._site_words else shipped()

    # --- of a page -----------------------------------------------------------------
    def is_trusted(self, token: str) -> bool:
        return self.words.holds(token)

    def is_odd(self, token: str) -> bool:
        """May it be a misreading? Numbers and trusted words are none; rare short words may be."""
        if not MIN_CHARACTERS - 1 <= len(token) <= MAX_CHARACTERS + 3:
            return False
        if grade := self.words.frequency_class(token):
            return grade <= self._rules.rare_class and len(token) <= self._rules.rare_length
        return not token.isdigit() and not self.is_trusted(token)

    def entries(self, tokens: Iterable[str]) -> list[str]:
        """Entries of the field `alike` for these tokens, each once."""
        return list(dict.fromkeys(e for t in tokens if self.is_odd(t) for e in _entries(t, t)))

    def page_entries(self, words: Iterable[str]) -> list[str]:
        """Entries for a page of these printed words, in order: those of its tokens, and of words that
        the reader broke in two ("rup tured"), which are found by their odd piece."""
        found: list[str] = []
        before = _NOTHING
        for word in words:
            view = self._view(word)
            # Most words are usual ones, for which there is nothing to do.
            if view is not _NOTHING:
                found += view.entries
                if (view.is_odd and (before.is_odd or before.joins)) or (before.is_odd and view.joins):
                    found += _entries_of_broken(before, view)
            before = view
        return list(dict.fromkeys(found))

    def _view_of(self, word: str) -> _View:
        tokens = expand.word_tokens(word)
        odd = [token for token in tokens if self.is_odd(token)]
        whole = tokens[0] if len(tokens) == 1 else expand.joined(word)
        joins = whole.isalpha() and (len(whole) <= 2 or self.words.frequency_class(whole) <= _PIECE_CLASS)
        if not (odd or joins):
            return _NOTHING
        entries = tuple([entry for token in odd for entry in _entries(token, token)])
        return _View(entries, whole, len(whole) >= MIN_CHARACTERS and whole in odd, joins)

    # --- of a search -----------------------------------------------------------------
    def look_alikes(
        self,
        token: str,
        keys_from: KeysFrom,
        *,
        frequency: int | None = None,
        pages_of: Callable[[str], int] | None = None,
    ) -> list[str]:
        """Odd words of the index that are likely misreadings of the token, likeliest first.

        `frequency`: pages that have the token as typed; without it more words are taken for it.
        `pages_of`: pages that have a word, where `keys_from` does not count them all.
        """
        if not MIN_CHARACTERS <= len(token) <= MAX_CHARACTERS:
            return []
        if _has_digit(token):
            return self._misread_numbers(token, keys_from)
        found = _listed(token, _edits(token), keys_from)
        listed = self._odd(token, found, _edits(token))
        if not listed:
            return []
        least = self._rules.recurring
        recurring = {
            seen: keys[seen]
            for seen, keys in found.items()
            if keys.get(seen, 0) >= least and seen != token and not self.words.holds(seen)
        }
        search = Search(
            token=token,
            frequency=frequency,
            words=self.words,
            rules=self._rules,
            pages_of=pages_of or (lambda seen: _pages_listed(seen, keys_from)),
        )
        return list(islice(dict.fromkeys(search.keys(listed, recurring)), MAX_SPELLINGS))

    def fuzzy(self, token: str, edits: int, keys_from: KeysFrom) -> list[str]:
        """For `word~`: trusted words and odd words of the index within 1 or 2 edits, nearest first.

        Of a number only its misreadings: another digit is another number.
        """
        if not MIN_CHARACTERS - 1 <= len(token) <= MAX_CHARACTERS:
            return []
        if _has_digit(token):
            return self._misread_numbers(token, keys_from)
        edits = max(1, min(edits, MAX_FUZZY_EDITS))
        # A pair of letters in the wrong order is one edit here, two there.
        listed = self._odd(token, _listed(token, edits + 1, keys_from), edits + 1)
        odd = [
            seen
            for seen, as_listed in listed.items()
            if seen in as_listed.keys and _distance(token, seen) <= edits
        ]
        near = dict.fromkeys([*odd, *self.words.near(token, edits)])
        near.pop(token, None)
        ranked = sorted(
            near, key=lambda word: (_distance(token, word), -self.words.frequency_class(word), word)
        )
        return ranked[:MAX_SPELLINGS]

    def suggest(self, token: str) -> str | None:
        """The trusted word that was probably meant; None for trusted words, numbers, and what is too
        far from any trusted word (most names)."""
        if not (token.isalpha() and MIN_CHARACTERS <= len(token) <= MAX_CHARACTERS) or self.is_trusted(token):
            return None
        edits = 1 if len(token) < _LONG_ENOUGH_FOR_TWO else 2
        near = [
            word
            for word in self.words.near(token, edits)
            if self.words.frequency_class(word) >= LEAST_SUGGESTED_CLASS
        ]
        return min(near, key=lambda word: self._doubt(token, word), default=None)

    def _doubt(self, typed: str, word: str) -> tuple[float, str]:
        first = 0.0 if typed[0] == word[0] else _FIRST_LETTER
        return _distance(typed, word) + first - self.words.frequency_class(word) * _TYPING_STEP, word

    def _misread_numbers(self, token: str, keys_from: KeysFrom) -> list[str]:
        shape = misreading.shape(token)
        listed = keys_from(f"{_FRONT}{_LENGTHS[len(token)]}{shape}{SEPARATOR}")
        found = {entry.split(SEPARATOR)[-1] for entry, _ in listed if entry.count(SEPARATOR) == 1}
        return sorted(seen for seen in found if seen != token and self.is_odd(seen))[:MAX_SPELLINGS]

    def _odd(self, token: str, found: Mapping[str, Mapping[str, int]], edits: int) -> dict[str, Listed]:
        """Those near the token that are still odd, by what was read."""
        odd: dict[str, Listed] = {}
        for seen in _near(token, found, edits):
            keys = {key: pages for key, pages in found[seen].items() if key != token and self.is_odd(key)}
            if keys:
                odd[seen] = Listed(keys=keys)
        return odd


def _has_digit(token: str) -> bool:
    return any(character.isdigit() for character in token)


_NOTHING = _View((), "", False, False)


def _entries_of_broken(left: _View, right: _View) -> tuple[str, ...]:
    """The whole under its odd piece, the longer one if both are odd; then they may have digits."""
    whole = left.whole + right.whole
    if not MIN_BROKEN <= len(whole) <= MAX_CHARACTERS:
        return ()
    if left.is_odd and right.is_odd:
        return _entries(whole, max(left.whole, right.whole, key=len))
    odd = left if left.is_odd else right
    return _entries(whole, odd.whole) if odd.whole.isalpha() else ()


def _entries(seen: str, key: str) -> tuple[str, str]:
    shape, length = misreading.shape(seen), _LENGTHS[len(seen)]
    rest = seen if seen == key else f"{seen}{SEPARATOR}{key}"
    return (
        f"{_FRONT}{length}{shape}{SEPARATOR}{rest}",
        f"{_BACK}{length}{shape[::-1]}{SEPARATOR}{rest}",
    )


def _edits(token: str) -> int:
    """Plain edits that a misreading of it may have."""
    return next((edits for below, edits in _EDITS if len(token) < below), _MOST_EDITS)


def _beginnings(token: str, edits: int, letters: int) -> Iterator[str]:
    """Of the entries to look through: so many letters as at the front, or as at the back."""
    shape = misreading.shape(token)
    for length in range(max(MIN_CHARACTERS - 1, len(token) - edits), len(token) + edits + 1):
        yield f"{_FRONT}{_LENGTHS[length]}{shape[:letters]}"
        yield f"{_BACK}{_LENGTHS[length]}{shape[::-1][:letters]}"


def _listed(token: str, edits: int, keys_from: KeysFrom) -> dict[str, dict[str, int]]:
    """Words of the index that begin or end like the token and have about its length: what was read,
    to the keys it stands under and their pages."""
    found: dict[str, dict[str, int]] = {}
    for letters in ENDS[len(token) < _SHORT :]:
        listed = [e for prefix in _beginnings(token, edits, letters) for e in keys_from(prefix)]
        for entry, pages in listed:
            _, seen, *piece = entry.split(SEPARATOR)
            found.setdefault(seen, {})[piece[0] if piece else seen] = pages
        if len(listed) > _MANY:
            # A large index: fewer letters would list too much of it.
            break
    return found


def _pages_listed(seen: str, keys_from: KeysFrom) -> int:
    entry, _ = _entries(seen, seen)
    return dict(keys_from(entry)).get(entry, 0)


def _near(token: str, words: Iterable[str], edits: int) -> list[str]:
    from rapidfuzz import process
    from rapidfuzz.distance import Levenshtein

    hits = process.extract(
        token, sorted(words), scorer=Levenshtein.distance, score_cutoff=edits, limit=_MOST_WEIGHED
    )
    return [word for word, _, _ in hits]


def _distance(a: str, b: str) -> int:
    from rapidfuzz.distance import OSA

    return int(OSA.distance(a, b))


# --- over the shipped words --------------------------------------------------------
def is_trusted(token: str) -> bool:
    return Spelling().is_trusted(token)


def entries(tokens: Iterable[str]) -> list[str]:
    return Spelling().entries(tokens)


def page_entries(words: Iterable[str]) -> list[str]:
    return Spelling().page_entries(words)


def look_alikes(token: str, keys_from: KeysFrom, *, frequency: int | None = None) -> list[str]:
    return Spelling().look_alikes(token, keys_from, frequency=frequency)


def fuzzy(token: str, edits: int, keys_from: KeysFrom) -> list[str]:
    return Spelling().fuzzy(token, edits, keys_from)


def suggest(token: str) -> str | None:
    return Spelling().suggest(token)
