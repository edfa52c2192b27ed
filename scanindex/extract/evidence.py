"""From a value's words to a Finding: confidence, and which independent readers saw it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from scanindex.extract.layout import Token, bounding_box, key_of
from scanindex.model import Finding, FindingKind, PageReading, Role, TextSource, Word

REPAIRED = 0.5
"""Factor on the confidence of a value that needed an OCR repair."""
DISAGREED = 0.45
"""Factor where the second reader read something else."""
UNSEEN = 0.8
"""Factor where the second reader saw nothing."""


def doubted(finding: Finding) -> Finding:
    """The finding with halved confidence: something else on the page speaks against it."""
    if finding.confidence is None:
        return finding
    return dataclasses.replace(finding, confidence=finding.confidence * DISAGREED)


@dataclass(frozen=True, slots=True)
class Evidence:
    """How the words of one page become findings."""

    reading: PageReading

    def finding(
        self, kind: FindingKind, *, raw: str, value: str, tokens: Sequence[Token], rule: str,
        role: Role = Role.UNKNOWN, factor: float = 1.0,
    ) -> Finding:  # fmt: skip
        words = tuple({id(t.word): t.word for t in tokens}.values())
        known = [w.confidence for w in words if w.confidence is not None]
        readers, doubt = self._readers(words)
        return Finding(
            kind=kind,
            raw=raw,
            value=value,
            scan_page_no=self.reading.scan_page_no,
            box=bounding_box(tokens) if tokens else None,
            confidence=round(min(known) * factor * doubt, 4) if known else None,
            rule=f"{rule}/1",
            role=role,
            readers=readers,
        )

    def _readers(self, words: Sequence[Word]) -> tuple[tuple[str, ...], float]:
        if self.reading.text_source is TextSource.TEXT_LAYER:
            return ("text_layer",), 1.0
        engines = tuple(dict.fromkeys(w.engine.split()[0] for w in words if w.engine))
        seconds = [(w.text, getattr(w, "second_text", None)) for w in words]
        read_twice = [(first, second) for first, second in seconds if second is not None]
        if any(second and key_of(second) != key_of(first) for first, second in read_twice):
            return engines, DISAGREED
        if any(not second for _, second in read_twice):
            return engines, UNSEEN
        if read_twice and len(read_twice) == sum(1 for first, _ in seconds if key_of(first)):
            return (*engines, "rapidocr"), 1.0
        return engines, 1.0
