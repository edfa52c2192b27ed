"""From a value's words to a Finding: confidence, and which independent readers saw it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from scanindex.agreement import DoubleKey, agree, double_key, other_reading, readers
from scanindex.extract.layout import Token, bounding_box
from scanindex.model import Finding, FindingKind, PageReading, Role, TextSource

REPAIRED = 0.5
"""Factor on the confidence of a value that needed an OCR repair."""
DISAGREED = 0.45
"""Factor where the second reader read something else."""
UNSEEN = 0.8
"""Factor where the second reader saw nothing."""
OTHER_HOUSE = "other_house."
"""Before the name of the rule: the page gives this record number to another house."""


_DOUBT = MappingProxyType({DoubleKey.DISPUTED: DISAGREED, DoubleKey.UNSEEN: UNSEEN})


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
        role: Role = Role.UNKNOWN, factor: float = 1.0, is_repaired: bool = False,
    ) -> Finding:  # fmt: skip
        words = tuple({id(t.word): t.word for t in tokens}.values())
        known = [w.confidence for w in words if w.confidence is not None]
        is_printed = self.reading.text_source is not TextSource.TEXT_LAYER
        found = readers(words, kind) if is_printed else ("text_layer",)
        doubt = _DOUBT.get(double_key(words, kind), 1.0) * (REPAIRED if is_repaired else 1.0)
        other = other_reading(words)
        return Finding(
            kind=kind,
            raw=raw,
            value=value,
            scan_page_no=self.reading.scan_page_no,
            box=bounding_box(tokens) if tokens else None,
            confidence=round(min(known) * factor * doubt, 4) if known else None,
            rule=f"{rule}/1",
            role=role,
            # What was repaired is what neither of them saw.
            readers=found[:1] if is_repaired else found,
            other_raw=other if other is not None and not agree(raw, other) else None,
        )
