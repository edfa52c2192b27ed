"""The site's synonyms as a running program sees them: an edit counts from the next search on.

Never raises in a search: a file with a fault leaves the table as it was (the shipped one
at first), and `fault` tells `scanindex doctor` and whoever starts the service.
"""

from __future__ import annotations

from pathlib import Path

from scanindex.errors import ConfigError
from scanindex.index.synonyms import Saying, Synonyms


class SiteSynonyms:
    """A `widen.Thesaurus` that follows its file; nothing is read before the first question."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._table: Synonyms | None = None
        self._fault: ConfigError | None = None

    def of(self, words: tuple[str, ...]) -> tuple[Saying, ...]:
        """Other ways of saying these keys; see Synonyms.of."""
        return self._current().of(words)

    @property
    def fault(self) -> ConfigError | None:
        """What is wrong with the file as it is now; it names the line."""
        self._current()
        return self._fault

    def _current(self) -> Synonyms:
        stamp = self._seen()
        if self._table is None or stamp != self._stamp:
            try:
                self._table, self._fault = Synonyms.load(self._path), None
            except ConfigError as error:
                self._table, self._fault = self._table or Synonyms.load(), error
            self._stamp = stamp
        return self._table

    def _seen(self) -> tuple[int, int, int]:
        try:
            now = self._path.stat()
        except OSError:
            return (0, 0, 0)
        return (now.st_ino, now.st_size, now.st_mtime_ns)
