"""What may change between queueing and sending without a new version of the document: holds, consents.

Asked when a document is queued and again before it leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from scanindex.delivery import holds
from scanindex.delivery_model import Consent, ExportRecord
from scanindex.model import BatchId, DocumentId, PatientId
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
