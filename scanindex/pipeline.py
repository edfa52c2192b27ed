"""The path of a page, in the order it travels. Start reading here.

    intake.look          inbox entry → durable original + row       (take over)
    workers.inspect      how many pages, what damage                (open)
    workers.read_pages   pages → clean → ocr, in limited children   (read)
    extract.find         words → findings, each with its place
    documents.group      pages → documents, blanks set aside
    match.decide         findings + roster → AUTO / REVIEW / NEW with reasons
      ── commits.intent makes it a fact here; recovery never decides again ──
    filing / archive     PDF/A + record, verified, published, committed
    index.apply          follows from the outbox, as does the chart tree

Every step can be repeated: start-up recovery is this same code. A file's own
fault quarantines it, the world's fault makes it wait; both are decided in
`process` and nowhere else.
"""

from __future__ import annotations

import dataclasses
import shutil
import zoneinfo
from collections.abc import Sequence
from datetime import datetime

from scanindex import __version__, certify, commits, documents, extract, filing, match, quality, sensitivity
from scanindex.errors import (
    ConflictError,
    HiddenContent,
    InputError,
    ScanindexError,
    Stopping,
    TransientError,
    Unexpected,
    VerifyFailed,
    transient,
)
from scanindex.model import (
    Decision,
    Document,
    DocumentId,
    DocumentState,
    IndexPage,
    Outcome,
    PageFacts,
    PageFindings,
    PageGroup,
    PageReading,
    Scan,
    ScanId,
    ScanInfo,
    ScanState,
)
from scanindex.services import Services
from scanindex.settings import DocumentsSettings

SOFTWARE = f"scanindex {__version__}"
DAMAGED = "The file is damaged"
"""How the reason of a damaged file begins; it outlives every other decision."""
_HIDING = {"glued_pdfs", "glued_files", "portfolio"}
_OPEN_STATES = (DocumentState.PROPOSED, DocumentState.IN_REVIEW)


def process(scan: Scan, services: Services) -> None:
    """Take one recorded scan as far as the machine can; safe to repeat at any point."""
    try:
        if not commits.is_decided(scan, services):
            commits.count_attempt(scan, services)
            info = _nothing_hidden(services.workers.inspect(scan))
            readings = services.workers.read_pages(scan, info.page_count)
            findings = [find(reading, scan.received_at, services) for reading in readings]
            grouping = documents.group(readings, findings, scan.preset, _grouping_settings(info, services))
            drafts = [_draft(scan, info, group, readings, findings, services) for group in grouping.groups]
            commits.intent(scan, info, grouping, readings, drafts, services)
        file_proposed(scan, services)
    except Stopping:
        return  # nothing changed: the next start finds it due
    except InputError as error:
        commits.quarantine(scan, error, services)
    except (TransientError, VerifyFailed) as error:
        commits.wait(scan, error, services)
    except ScanindexError:
        raise  # broken integrity or a wrong setting: the service stops and says so
    except Exception as error:  # a bug of ours must not take the other scans along
        commits.wait(scan, Unexpected(type(error).__name__), services)
    finally:
        services.workers.rest(scan.scan_id)


def file_proposed(scan: Scan, services: Services) -> None:
    """File every decided document of a scan that is not filed yet."""
    with services.catalog.read() as unit:
        proposed = unit.documents.all(DocumentState.PROPOSED, scan_id=scan.scan_id)
    for document in proposed:
        file_document(scan, document, services)
    with services.catalog.read() as unit:
        is_settled = not unit.documents.all(*_OPEN_STATES, scan_id=scan.scan_id, limit=1)
        now = unit.scans.get(scan.scan_id)
    if now and now.state is ScanState.WAITING:
        commits.resume(scan, services)
    if is_settled:
        services.workers.forget(scan.scan_id)


def file_document(scan: Scan, document: Document, services: Services) -> None:
    """Assemble, verify, publish, commit: a document counts as filed only after all four."""
    patient = services.roster.get(document.patient_id) if document.patient_id else None
    if patient is None:
        raise VerifyFailed(f"document {document.document_id} has no patient to be filed under")
    readings = readings_of(scan, document, services)
    now = services.clock.now()
    filed = dataclasses.replace(
        document, state=DocumentState.FILED, filed_at=now, filed_version=document.version
    )
    staged = services.archive.staging()
    try:
        renditions = services.workers.assemble(scan, filed, readings, staged)
        filing.stage(staged, filed, patient, scan, readings, now, renditions, SOFTWARE)
        services.archive.publish(staged, document.document_id, document.version)
    except BaseException as error:
        # On a full disk every try would leave its half-made folder and fill it more.
        shutil.rmtree(staged, ignore_errors=True)
        if isinstance(error, OSError):
            raise transient(error) from None
        raise
    try:
        with services.catalog.write() as unit:
            unit.documents.change(filed, expected_version=document.version)
            certify.enter(filed, unit)
            unit.outbox.add(filed)
            unit.events.append(
                "filed", document.decision.decided_by, document_id=filed.document_id, document=filed
            )
    except ConflictError:
        return  # a person changed it meanwhile: the newer version is filed in its turn


def forget_settled(services: Services) -> None:
    """Drop what a kill between the last commit and the clearing of the spool left behind."""
    with services.catalog.read() as unit:
        settled = [scan.scan_id for scan in unit.scans.all(ScanState.DECIDED, ScanState.QUARANTINED)]
        opened = {document.scan_id for document in unit.documents.all(*_OPEN_STATES)}
    left = {path.name for path in services.settings.spool.glob("*")}
    for scan_id in settled:
        if scan_id in left and scan_id not in opened:
            services.workers.forget(scan_id)


def readings_of(scan: Scan, document: Document, services: Services) -> list[PageReading]:
    """The document's pages as read: later readings first, then as filed before, else the spool."""
    known = read_later(document.scan_id, document.readings, services)
    if document.filed_version is not None and set(document.pages) - set(known):
        folder = services.archive.document_folder(document.document_id, document.filed_version)
        known = {r.scan_page_no: r for r in filing.read_words(folder)} | known
    if set(document.pages) <= set(known):
        return [known[no] for no in document.pages]
    count = scan.page_count or max(document.pages)
    everything = services.workers.read_pages(scan, count)
    return [known.get(no, everything[no - 1]) for no in document.pages]


def read_later(scan_id: ScanId, names: Sequence[str], services: Services) -> dict[int, PageReading]:
    """What `scanindex reread` or a turned page kept under these names, by scan page; the last counts."""
    return {
        reading.scan_page_no: reading
        for name in names
        for reading in filing.unpack_words(services.readings.kept_reading(scan_id, name))
    }


def decide(
    readings: Sequence[PageReading],
    findings: Sequence[PageFindings],
    group: PageGroup,
    services: Services,
) -> Decision:
    """Whose document these pages of one group are, as far as the machine may say."""
    settings, own = services.settings.match, services.settings.site.houses
    decision = match.decide(readings, findings, group, services.roster, settings, houses=own)
    decision = dataclasses.replace(decision, policy_id=certify.policy_id(services.settings))
    return quality.withheld(decision, facts_of(readings, services))


def find(reading: PageReading, received_at: datetime, services: Services) -> PageFindings:
    """What a page says; nothing on it happened after it arrived, by the site's calendar."""
    site = services.settings.site
    received = received_at.astimezone(zoneinfo.ZoneInfo(site.timezone)).date()
    return extract.find(reading, received, site.date_order, services.types.current(), site.houses)


def facts_of(readings: Sequence[PageReading], services: Services) -> tuple[PageFacts, ...]:
    floor = services.settings.ocr.legibility_floor
    return tuple(quality.facts(reading, floor) for reading in readings)


def follow_outbox(services: Services, limit: int = 200) -> int:
    """Bring the search index up to the catalog; returns how many items it applied."""
    seq = int(services.index.info()["seq"])
    with services.catalog.read() as unit:
        items = unit.outbox.after(seq, limit)
        changed = {item.document_id: unit.documents.get(item.document_id) for item in items}
    if items:
        renew = [(document_id, index_pages(document, services)) for document_id, document in changed.items()]
        services.index.apply(items[-1].seq, renew, after=seq)
    return len(items)


def index_pages(document: Document | None, services: Services) -> list[IndexPage]:
    """The pages of a filed document as the index takes them, under the names and numbers that its
    patient has now; none for any other."""
    if document is None or document.state is not DocumentState.FILED or document.filed_version is None:
        return []
    folder = services.archive.document_folder(document.document_id, document.filed_version)
    patient = services.roster.get(document.patient_id) if document.patient_id else None
    return filing.index_pages(folder, patient)


def follow_charts(services: Services, document_ids: Sequence[DocumentId]) -> None:
    """Show filed documents in the chart tree and take back those that are no longer filed."""
    for document_id in document_ids:
        with services.catalog.read() as unit:
            document = unit.documents.get(document_id)
        patient = (
            services.roster.get(document.patient_id)
            if document and document.patient_id and document.state is DocumentState.FILED
            else None
        )
        is_open = document and (
            services.settings.sensitivity.in_charts or not sensitivity.is_restricted(document)
        )
        if document and is_open and patient and document.filed_version is not None:
            folder = services.archive.document_folder(document_id, document.filed_version)
            services.charts.show(document, patient, folder)
        else:
            services.charts.hide(document_id)


# --- what the machine proposes ------------------------------------------------
def _nothing_hidden(info: ScanInfo) -> ScanInfo:
    """Filing the visible pages alone would lose the others. Raises HiddenContent."""
    if hidden := sorted(_HIDING & set(info.problems)):
        raise HiddenContent(", ".join(hidden))
    return info


def _grouping_settings(info: ScanInfo, services: Services) -> DocumentsSettings:
    """In a damaged file an empty page may be a lost one: none is set aside unseen."""
    settings = services.settings.documents
    return dataclasses.replace(settings, drop_blanks=False) if _damage_of(info) else settings


def _damage_of(info: ScanInfo) -> list[str]:
    return [problem for problem in info.problems if not problem.startswith("note:")]


def _draft(
    scan: Scan,
    info: ScanInfo,
    group: PageGroup,
    readings: Sequence[PageReading],
    findings: Sequence[PageFindings],
    services: Services,
) -> Document:
    """One document as the machine proposes it."""
    pages = [readings[no - 1] for no in group.pages]  # in the document's order
    found = [findings[no - 1] for no in group.pages]
    decision = _withheld(decide(pages, found, group, services), info)
    fields = extract.fields([group.cover, *found] if group.cover else found)
    is_auto = decision.outcome is Outcome.AUTO
    draft = Document(
        document_id=DocumentId(services.ids.new()),
        version=1,
        scan_id=scan.scan_id,
        pages=group.pages,
        state=DocumentState.PROPOSED if is_auto else DocumentState.IN_REVIEW,
        document_type=scan.preset.document_type or fields.document_type,
        service_date=fields.service_date,
        patient_id=decision.patient_id if is_auto else None,
        fields=fields,
        findings=tuple(finding for page in found for finding in page.findings),
        decision=decision,
        grouping_reasons=group.reasons,
        is_break_sure=group.is_sure and group.cover is None,
        ties=group.ties,
        page_facts=facts_of(pages, services),
        created_at=services.clock.now(),
    )
    patient = services.roster.get(draft.patient_id) if draft.patient_id else None
    text = "\n".join(page.text for page in pages)
    found_labels = sensitivity.labels(text, draft, patient, services.settings.sensitivity)
    return dataclasses.replace(draft, sensitivity=found_labels)


def _withheld(decision: Decision, info: ScanInfo) -> Decision:
    """A damaged file is never filed without a person, whatever its pages say.

    The rule stays on documents that wait for another reason too: a later roster may
    settle that reason, never the damage (redecide.py).
    """
    damage = _damage_of(info)
    if not damage:
        return decision
    reason = f"{DAMAGED} ({', '.join(damage)}); a person must look at it."
    return dataclasses.replace(
        decision,
        outcome=Outcome.REVIEW if decision.outcome is Outcome.AUTO else decision.outcome,
        patient_id=None,
        rule="gate.damage",
        reasons=(reason, *decision.reasons),
    )
