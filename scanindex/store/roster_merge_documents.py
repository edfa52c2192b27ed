"""The documents of two records that become one, or two again: whose they are, and what is looked at.

Each function is part of the merge's transaction. Promises: what changes hands keeps its
state but for a filed document, which leaves chart and index at once and is filed again;
every change is an event. Leaves out: the records themselves (roster_merge_records).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence

from scanindex.model import Document, DocumentState, PatientId
from scanindex.store.catalog import Unit

REPOINTED = "repointed"
_BY_MERGE = (REPOINTED, "recheck_wanted")
_REFILED = (DocumentState.FILED, DocumentState.PROPOSED)
_MERGE_REASON = "The patient it stood under was merged into this one."
_SEPARATE_REASON = "The patient it stood under was separated from this one again."
_RECHECK_REASON = "filed while two records were one; they are separate patients again"


def hand_over(unit: Unit, loser: PatientId, survivor: PatientId, actor: str, note: str) -> Sequence[Document]:
    """Every document of the loser, in any state, as the survivor's."""
    found = unit.documents.all(*DocumentState, patient_id=loser)
    return [_repoint(unit, d, loser, survivor, _MERGE_REASON, actor, note) for d in found]


def give_back(
    unit: Unit,
    loser: PatientId,
    parts: Collection[PatientId],
    holder: PatientId,
    actor: str,
    note: str,
) -> int:
    """What was decided for the loser, or for a part of it, and only changed hands with merges since,
    goes back; returns how many.

    parts: the loser and the records merged into it. holder: who stands for the survivor now.
    """
    found = unit.documents.all(*DocumentState, patient_id=holder)
    mine = [d for d in found if _decided_for(unit, d) in parts]
    for document in mine:
        _repoint(unit, document, holder, loser, _SEPARATE_REASON, actor, note)
    return len(mine)


def _decided_for(unit: Unit, document: Document) -> str | None:
    """Whose it was before merges alone moved it to where it is; None where they did not."""
    first: str | None = None
    version = 0
    for event in unit.events.of(document_id=document.document_id):
        if event.kind == REPOINTED:
            before = int(event.payload["version_before"])
            first = first if first and before == version else str(event.payload["patient_before"])
            version = before + 1
    return first if version == document.version else None


def _repoint(
    unit: Unit,
    document: Document,
    before: PatientId,
    after: PatientId,
    reason: str,
    actor: str,
    note: str,
) -> Document:
    decision = document.decision
    is_filed = document.state is DocumentState.FILED
    reasons = (reason, *(r for r in decision.reasons if r not in (_MERGE_REASON, _SEPARATE_REASON)))
    changed = dataclasses.replace(
        document,
        version=document.version + 1,
        state=DocumentState.PROPOSED if is_filed else document.state,
        patient_id=after,
        decision=dataclasses.replace(
            decision,
            patient_id=after if decision.patient_id == before else decision.patient_id,
            candidates=tuple(
                dataclasses.replace(c, patient_id=after) if c.patient_id == before else c
                for c in decision.candidates
            ),
            reasons=reasons,
        ),
    )
    unit.documents.change(changed, expected_version=document.version)
    if is_filed:
        unit.outbox.add(changed)  # out of chart and index now, not only once it is filed again
    unit.events.append(
        REPOINTED,
        actor,
        document_id=changed.document_id,
        scan_id=changed.scan_id,
        document=changed,
        patient_before=before,
        note=note,
        version_before=document.version,
    )
    return changed


def look_again(unit: Unit, survivor: PatientId, since_seq: int, actor: str) -> int:
    """Put on the recheck list what came to the survivor while it stood for two people."""
    documents = unit.documents.all(*_REFILED, patient_id=survivor)
    found = [d for d in documents if _came_since(unit, d, since_seq)]
    for document in found:
        changed = dataclasses.replace(document, recheck=(*document.recheck, _RECHECK_REASON))
        unit.documents.change(changed, expected_version=document.version)
        unit.events.append(
            "recheck_wanted",
            actor,
            document_id=changed.document_id,
            scan_id=changed.scan_id,
            document=changed,
            reasons=changed.recheck,
        )
    return len(found)


def _came_since(unit: Unit, document: Document, since_seq: int) -> bool:
    """Decided or filed after this event, but for what merges themselves did; by numbers, because
    clocks may be set."""
    before = ""
    for event in unit.events.of(document_id=document.document_id):
        is_by_merge = event.kind in _BY_MERGE or (event.kind == "filed" and before == REPOINTED)
        if event.seq > since_seq and not is_by_merge:
            return True
        before = event.kind
    return False
