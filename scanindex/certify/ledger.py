"""What the machine filed, which of it is looked at again, and what came of that. Pure."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterable, Sequence

from scanindex.audit_model import AutoFiling, Stratum, Tally, Verdict
from scanindex.model import Candidate, Decision, Document, DocumentId, DocumentState, Scan

_MACHINE = "machine"
_WEAK_SHARE = 0.25
"""Of a sample: those with the least margin."""


def auto_filing(document: Document, scan: Scan, before: AutoFiling | None) -> AutoFiling | None:
    """The ledger's line for a document just filed; None if a person decided it.

    before: the line it has. Filed again by the machine for the same patient (a later
    reading) it stays the same filing, with the verdict it has.
    """
    decision = document.decision
    is_machines = decision.decided_by == _MACHINE and document.state is DocumentState.FILED
    if not is_machines or document.patient_id is None or document.filed_at is None:
        return None
    if before is not None and before.patient_id == document.patient_id:
        return dataclasses.replace(before, version=document.version, pages=document.pages)
    return AutoFiling(
        document_id=document.document_id,
        version=document.version,
        scan_id=document.scan_id,
        pages=document.pages,
        source=scan.preset.source,
        batch_id=scan.batch_id,
        rule=decision.rule,
        policy_id=decision.policy_id,
        patient_id=document.patient_id,
        margin=margin(decision),
        filed_at=document.filed_at,
    )


def margin(decision: Decision) -> float:
    """Log odds of the chosen patient over the next candidate, or over "nobody" where that is nearer."""
    others = [_weight(c) for c in decision.candidates if c.patient_id != decision.patient_id]
    chosen = [_weight(c) for c in decision.candidates if c.patient_id == decision.patient_id]
    if not chosen:
        return 0.0
    return round(chosen[0] - max(0.0, *others, 0.0), 3)


def _weight(candidate: Candidate) -> float:
    return sum(comparison.log_odds for comparison in candidate.comparisons)


def draw(candidates: Sequence[tuple[DocumentId, float]], count: int, seed: int) -> dict[DocumentId, Stratum]:
    """Which of these (document, margin) to look at; the same for the same seed, in any order given.

    Three quarters uniformly, from all of them; the rest the weakest of what is left.
    """
    ordered = sorted(candidates)
    weak_count = min(int(count * _WEAK_SHARE), max(0, len(ordered) - (count - int(count * _WEAK_SHARE))))
    uniform_count = min(count - weak_count, len(ordered))
    chosen = random.Random(seed).sample(ordered, uniform_count)
    drawn = {document_id: Stratum.UNIFORM for document_id, _ in chosen}
    rest = sorted((c for c in ordered if c[0] not in drawn), key=lambda c: (c[1], c[0]))
    return drawn | {document_id: Stratum.WEAK for document_id, _ in rest[:weak_count]}


def tally(filings: Iterable[AutoFiling]) -> Tally:
    """The audited outcomes of one source under one policy; every doubt counts against the machine."""
    uniform = wrong_besides = wrong = cannot_tell = not_counted = opened = 0
    for filing in filings:
        is_uniform = filing.stratum is Stratum.UNIFORM
        if filing.verdict is None:
            opened += is_uniform
            continue
        uniform += is_uniform
        wrong += filing.verdict is Verdict.WRONG
        wrong_besides += filing.verdict is not Verdict.RIGHT and not is_uniform
        cannot_tell += filing.verdict is Verdict.CANNOT_TELL
        not_counted += filing.verdict is Verdict.RIGHT and not is_uniform
    return Tally(
        audited=uniform + wrong_besides,
        misfiles=wrong + cannot_tell,
        cannot_tell=cannot_tell,
        not_counted=not_counted,
        open=opened,
    )
