"""Drops what the first reader made of smudges, rules and pictures. Worker-only.

Tesseract gives some text for whatever looks like a line, with a confidence that is
honest at its low end: of its words below LEAST_CONFIDENCE one in five is right. Such
words are neither found by a search nor safe to compare with a name; a page is better
said to be hardly legible than filled with them.
"""

from __future__ import annotations

from collections.abc import Sequence

from scanindex.model import Word
from scanindex.ocr.merge import renumber

LEAST_CONFIDENCE = 0.3


def without_noise(words: Sequence[Word]) -> tuple[Word, ...]:
    """`words` without those that nobody vouches for, lines counted anew."""
    lines: dict[int, list[Word]] = {}
    for word in words:
        if not _is_noise(word):
            lines.setdefault(word.line_no, []).append(word)
    return renumber(lines[number] for number in sorted(lines))


def _is_noise(word: Word) -> bool:
    return word.confidence is not None and word.confidence < LEAST_CONFIDENCE and not word.second_text
