"""What may change between queueing and sending: the document, holds on its paper, consents.

Holds and consents are asked when a document is queued; all three again before it leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from scanindex.delivery import holds
from scanindex.delivery_model import Action, Consent, Delivery, ExportRecord
from scanindex.model import BatchId, Document, DocumentId, DocumentState, PatientId
from scanindex.ports import Unit
from scanindex.services import Services
from scanindex.target_profile import Target


@dataclass(frozen=True, slots=True)
class Kept:
    """Whose paper is on hold."""

    documents: frozenset[DocumentId]
    batches: frozenset[BatchId]

    def holds(self, document_id: DocumentId, batch_id: BatchId | None) -> bool:
        return document_id in self.documents or batch_id in self.batches


def kept(unit: Unit) -> Kept:
    """A hold on one document keeps the paper of its whole batch, but not the other documents here."""
    found = unit.holds.all(open_only=True)
    return Kept(
        frozenset(h.document_id for h in found if h.document_id),
        frozenset(h.batch_id for h in found if h.batch_id and not h.document_id),
    )


def today(services: Services) -> str:
    """ISO date at the site."""
    zone = ZoneInfo(services.settings.site.timezone)
    return services.clock.now().astimezone(zone).date().isoformat()


def consents(patient_id: PatientId, target: Target, day: str, unit: Unit) -> tuple[Consent, ...]:
    """Those of a patient that are in force for this target."""
    return tuple(c for c in unit.consents.of(patient_id) if holds.in_force(c, target.name, day))


def may_go(record: ExportRecord, paper: Kept, target: Target, day: str, unit: Unit) -> bool:
    """Whether neither a hold was placed nor a consent revoked since it was queued."""
    if paper.holds(record.document_id, record.provenance.batch_id):
        return False
    needed = {*record.sensitivity} & {*target.document.consent_labels}
    if not needed:
        return True
    found = consents(record.patient.patient_id, target, day, unit)
    return any(needed <= {*c.labels} for c in found)


def still_good(lines: Sequence[Delivery], target: Target, services: Services, unit: Unit) -> list[Delivery]:
    """Those that may leave now: nothing that they say has changed since they were queued."""
    documents = {d.document_id: d for d in unit.documents.all_of(x.record.document_id for x in lines)}
    paper, day = kept(unit), today(services)

    def holds(line: Delivery) -> bool:
        if _is_bound(line):
            return True
        is_same = _is_unchanged(line, documents.get(line.record.document_id))
        return is_same and may_go(line.record, paper, target, day, unit)

    return [line for line in lines if holds(line)]


def _is_bound(line: Delivery) -> bool:
    """To go whatever changed here: it takes something back, or may have arrived already.

    What left once goes again as it was, so that the correction finds it there.
    """
    return line.record.action is Action.CANCEL or line.sent_at is not None


def _is_unchanged(line: Delivery, document: Document | None) -> bool:
    """Whether what was queued is still so: a document that was corrected meanwhile must not go."""
    return (
        document is not None
        and document.state is DocumentState.FILED
        and document.version == line.record.version
        and not document.recheck
    )
