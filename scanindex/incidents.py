"""A document found under the wrong patient: what happens at once, in the same commit.

Its source files nothing alone from then on, also not what is on its way; every document
that the same rule filed from the same source and batch goes on the recheck list; the
incident stays open until a second person closes it (`audit.close`). Nothing moves to
another patient here.
"""

from __future__ import annotations

import dataclasses

from scanindex import certify
from scanindex.audit_model import AutoFiling, Incident, Misfile, Mode, SourceRecord, Verdict
from scanindex.model import Document, DocumentId, DocumentState, PatientId
from scanindex.ports import Unit
from scanindex.services import MACHINE, Services

BY_AUDIT = "audit"
BY_REVIEW = "review"
OPENING_EVENTS = ("incident_opened", "incident_extended")


def told_by_review(
    document: Document,
    patient_id: PatientId,
    is_same_person: bool,
    actor: str,
    unit: Unit,
    services: Services,
) -> None:
    """A person said whose the pages of a document are: was one of them filed elsewhere by the machine?

    By pages, so that undoing and splitting first makes no difference. `is_same_person`: the
    patient only goes by another key now (linked, merged).
    """
    for filing in unit.filings.of_scan(document.scan_id):
        if filing.patient_id == patient_id or not set(filing.pages) & set(document.pages):
            continue
        now_known = services.roster.get(filing.patient_id)
        if is_same_person or (now_known is not None and now_known.patient_id == patient_id):
            _now_called(filing, patient_id, actor, unit)
        elif filing.verdict is not Verdict.WRONG:
            misfiled(filing, actor, BY_REVIEW, "", actor, unit, services)


def _now_called(filing: AutoFiling, patient_id: PatientId, actor: str, unit: Unit) -> None:
    changed = dataclasses.replace(filing, patient_id=patient_id)
    unit.filings.put(changed)
    unit.events.append("patient_renamed", actor, document_id=filing.document_id, filings=[changed])


def misfiled(
    filing: AutoFiling, found_by: str, how: str, note: str, actor: str, unit: Unit, services: Services
) -> Incident:
    """Open an incident for a confirmed misfile, or add it to the open one of the same run."""
    now = services.clock.now()
    wrong = dataclasses.replace(filing, verdict=Verdict.WRONG, audited_at=now, audited_by=found_by, note=note)
    misfile = Misfile(
        document_id=filing.document_id,
        version=filing.version,
        patient_id=filing.patient_id,
        found_by=found_by,
        found_at=now,
        how=how,
    )
    known = _open_one(filing, unit)
    if known is not None:
        incident = dataclasses.replace(known, misfiles=(*known.misfiles, misfile))
    else:
        incident = Incident(
            incident_id=services.ids.new(),
            source=filing.source,
            batch_id=filing.batch_id,
            rule=filing.rule,
            misfiles=(misfile,),
            rechecks=(),
            opened_at=now,
            opened_by=found_by,
        )
    fresh = _ask_again(incident, actor, unit)
    incident = dataclasses.replace(incident, rechecks=(*incident.rechecks, *fresh))
    unit.filings.put(wrong)
    unit.incidents.put(incident)
    unit.events.append(
        OPENING_EVENTS[known is not None],
        actor,
        document_id=filing.document_id,
        scan_id=filing.scan_id,
        incident=incident,
        filings=[wrong],
    )
    hold_source(filing.source, found_by, f"incident {incident.incident_id}", actor, unit, services)
    return incident


def _open_one(filing: AutoFiling, unit: Unit) -> Incident | None:
    run = (filing.batch_id, filing.rule)
    found = unit.incidents.all(open_only=True, source=filing.source)
    return next((incident for incident in found if (incident.batch_id, incident.rule) == run), None)


def _ask_again(incident: Incident, actor: str, unit: Unit) -> tuple[DocumentId, ...]:
    """Put the rest of the run on the recheck list; those that were not on it for this incident."""
    known = {*incident.rechecks, *(misfile.document_id for misfile in incident.misfiles)}
    asked = []
    for document_id in unit.filings.of_run(incident.source, incident.batch_id, incident.rule):
        document = unit.documents.get(document_id) if document_id not in known else None
        if document is None or document.decision.decided_by != MACHINE or not _is_filed(document):
            continue
        changed = dataclasses.replace(document, recheck=(*document.recheck, incident.recheck_reason))
        unit.documents.change(changed, expected_version=document.version)
        unit.events.append("recheck_asked", actor, document_id=document_id, document=changed)
        asked.append(document_id)
    return tuple(asked)


def _is_filed(document: Document) -> bool:
    """Filed, or about to be filed again in the same place with a later reading."""
    is_again = document.state is DocumentState.PROPOSED and document.filed_version is not None
    return document.state is DocumentState.FILED or is_again


def hold_source(source: str, set_by: str, reason: str, actor: str, unit: Unit, services: Services) -> None:
    """From now on nothing from this source is filed alone, what is on its way included."""
    record = unit.sources.get(source) or SourceRecord(source=source)
    changed = dataclasses.replace(
        record, mode=Mode.SUGGEST, since=services.clock.now(), set_by=set_by, reason=reason
    )
    unit.sources.put(changed)
    unit.events.append("mode_set", actor, source_record=changed)
    for document in unit.documents.all(DocumentState.PROPOSED):
        scan = unit.scans.get(document.scan_id)
        back = certify.held(document, is_alone=False)
        if scan is None or scan.preset.source != source or back is document:
            continue
        back = dataclasses.replace(back, version=document.version + 1)
        unit.documents.change(back, expected_version=document.version)
        unit.events.append("held_back", actor, document_id=back.document_id, document=back)
