"""What this site added to the document types: its settings, and the file of what clerks taught.

The file is a cache of decisions that the events hold (`scanindex types learn` makes it anew),
written durably and read again when it changed, so that a running service follows. It holds
words of documents with their weights: keep it where the catalog lies. A file that cannot be
read counts as none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scanindex.classify import SiteTypes, base_model
from scanindex.classify.site import with_shift
from scanindex.settings import TypeSettings
from scanindex.store import durable

FORMAT = 1


class TypeFile:
    """Implements ports.TypeBook."""

    def __init__(self, path: Path, own: Sequence[TypeSettings] = ()) -> None:
        self._path = path
        self._titles = {title: kind.code for kind in own for title in kind.titles}
        self._stamp: tuple[int, int] | None = None
        self._current = SiteTypes(titles=self._titles)

    def current(self) -> SiteTypes:
        """As of now; looks at the file's time stamp only."""
        stamp = self._stamp_now()
        if stamp != self._stamp:
            kept = self.learned()
            learned = with_shift(kept["shift"], kept["bias_shift"]) if kept else None
            self._current, self._stamp = SiteTypes(titles=self._titles, learned=learned), stamp
        return self._current

    def learned(self) -> dict[str, Any] | None:
        """What was taught, or None: nothing, unreadable, or for another version of the model."""
        try:
            kept = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return None
        is_ours = isinstance(kept, dict) and kept.get("format") == FORMAT
        return kept if is_ours and kept.get("base") == base_model().version else None

    def keep(
        self, about: Mapping[str, Any], shift: Mapping[str, Any], bias_shift: Mapping[str, float]
    ) -> None:
        """Durable on return."""
        value = {"format": FORMAT, "base": base_model().version, "about": about, "shift": shift}
        data = json.dumps(value | {"bias_shift": bias_shift}, sort_keys=True).encode("utf-8")
        durable.write_durable(self._path, data)

    def _stamp_now(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size
