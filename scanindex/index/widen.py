"""What stands for the words of a query in one index: stars, spellings, synonyms.

Turns all of it into plain keys before an engine is asked, with caps, so that
engines answer alike and no query can exhaust one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from scanindex.index import expand
from scanindex.index.language import Language
from scanindex.index.plan import Watch
from scanindex.index.reader import Reader

MAX_WILD_WORDS = 200
"""Words a `*` may stand for; the most frequent are taken."""
MAX_ENUMERATED = 100_000
MOST_UNASKED_PAGES = 200
"""Words on more pages are widened on request only."""
MAX_SPELLINGS = 400
"""Forms that one misread word may have."""
MAX_DICTIONARY = 20_000
"""Dictionary entries looked at for one beginning."""


class IndexWords:
    """`plan.Words` of one opened index."""

    def __init__(
        self,
        reader: Reader,
        watch: Watch,
        language: Language,
        *,
        with_misread: bool,
        is_asked: bool = False,
        pages_of: Callable[[str], int] | None = None,
    ) -> None:
        """pages_of: pages that hold a word that was typed, where not all of the index count."""
        self._reader = reader
        self._watch = watch
        self._language = language
        self._with_misread = with_misread
        self._is_asked = is_asked
        self._typed_on = pages_of or self._pages_of
        self._known: dict[tuple[str, int], tuple[str, ...]] = {}
        self.wild_was_capped = False
        self.said: dict[str, None] = {}
        """Synonyms that were searched besides, in order."""

    def spellings(self, token: str) -> Iterable[str]:
        if not self._with_misread or self._is_common(token):
            return ()
        return self._once(token, 0)

    def _is_common(self, token: str) -> bool:
        """Read well often enough: hundreds of look-ups for the few misread pages are made on request only."""
        return not self._is_asked and self._typed_on(token) > MOST_UNASKED_PAGES

    def fuzzy(self, token: str, edits: int) -> Iterable[str]:
        return self._once(token, edits)

    def matching(self, field: str, pieces: tuple[str, ...]) -> Iterable[str]:
        found = []
        for n, (key, frequency) in enumerate(self._reader.keys_from(field, pieces[0], MAX_ENUMERATED)):
            if n % 1024 == 0:
                self._watch.check()
            if expand.glob_matches(pieces, key):
                found.append((-frequency, key))
        if len(found) > MAX_WILD_WORDS:
            self.wild_was_capped = True
            found = sorted(found)[:MAX_WILD_WORDS]
        return [key for _, key in found]

    def other_ways(self, words: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
        thesaurus = self._language.thesaurus
        ways = thesaurus.of(words) if thesaurus else ()
        held = [way for way in ways if all(self._reader.frequency(("text", key)) for key in way)]
        self.said |= {" ".join(way): None for way in held}
        return held

    def _once(self, token: str, edits: int) -> tuple[str, ...]:
        if (token, edits) not in self._known:
            self._watch.check()
            spelling = self._language.spelling
            found = (
                spelling.fuzzy(token, edits, self._entries)
                if edits
                else spelling.look_alikes(
                    token, self._entries, frequency=self._typed_on(token), pages_of=self._pages_of
                )
            )
            self._known[token, edits] = tuple(found)[:MAX_SPELLINGS]
        return self._known[token, edits]

    def _pages_of(self, token: str) -> int:
        return self._reader.frequency(("text", token))

    def _entries(self, prefix: str) -> list[tuple[str, int]]:
        self._watch.check()
        return self._reader.keys_from("alike", prefix, MAX_DICTIONARY)
