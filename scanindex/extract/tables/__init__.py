"""Word lists of the rules as plain text, read once; sites and translators edit text, not code."""

from __future__ import annotations

import functools
from importlib import resources


@functools.cache
def read_table(name: str) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """Sections of `name`.txt in order: (words of the [heading], phrases).

    Raises ValueError for a phrase before any heading, because such a file is a fault of ours.
    """
    sections: list[tuple[tuple[str, ...], list[str]]] = []
    text = resources.files(__package__).joinpath(f"{name}.txt").read_text("utf-8")
    for line in text.splitlines():
        if line.startswith("[") and line.endswith("]"):
            sections.append((tuple(line[1:-1].split()), []))
        elif line.strip() and not line.startswith("#"):
            if not sections:
                raise ValueError(f"{name}.txt: phrase before any heading")
            sections[-1][1].extend(phrase.strip() for phrase in line.split("|") if phrase.strip())
    return tuple((heading, tuple(phrases)) for heading, phrases in sections)


def words_of(name: str, heading: str) -> frozenset[str]:
    """All phrases under the headings that begin with this word."""
    return frozenset(p for head, phrases in read_table(name) if head[0] == heading for p in phrases)
