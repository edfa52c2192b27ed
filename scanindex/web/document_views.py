"""What the document screens show and the interface answers: one shape for both.

Everything here is made for one asker, of a document that `fetch` gave them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scanindex import corrections, fetch, handover, history, hits, page_readings, trail
from scanindex.access_model import Access, Grant, Right
from scanindex.corrections import Correction
from scanindex.desk import items
from scanindex.desk.hands import Held
from scanindex.desk.items import Item
from scanindex.errors import NotFound
from scanindex.model import Document, DocumentState, PageReading, Patient, PatientId, Scan, Word
from scanindex.services import Services
from scanindex.web.document_models import (
    DifferenceOut,
    DocumentBrief,
    DocumentOut,
    FieldOut,
    HistoryOut,
    LookOut,
    MarksOut,
    PageMarksOut,
    PageOut,
    PageWordsOut,
    PatientOut,
    PlaceOut,
    StepOut,
    WordOut,
)

LEAST_SURE = 0.7
"""Words read with less confidence than this are marked as doubtful."""
PICTURES = ("screen:1400", "full:2200")
_LETTER = (1700, 2200)
FIELD_TITLES = {
    "mrn": "Record number",
    "name": "Name",
    "birth_date": "Birth date",
    "sex": "Sex",
    "ssn4": "SSN, last four",
    "phone": "Phone",
    "address": "Address",
    "account": "Account",
    "service_date": "Date of service",
    "document_type": "Type",
    "provider": "Provider",
    "facility": "Facility",
    "page_of": "Page count",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A document with all that its screen needs."""

    document: Document
    out: DocumentOut
    patient: Patient | None = field(repr=False)
    scan: Scan
    item: Item = field(repr=False)
    readings: Mapping[int, PageReading] = field(repr=False)
    """By page of the document; pages that nobody kept a reading of are missing."""
    others: Sequence[Document]
    grants: Sequence[Grant]
    claimed_by: str

    def words(self, page_no: int) -> PageWordsOut:
        return words_of(page_no, self.readings.get(page_no))


def shown(access: Access, document: Document, services: Services) -> Shown:
    scan = fetch.scan(access, document.scan_id, services)
    read = readings(document, services)
    item = items.view(access, Held(document=document), services)
    patient = _patient(access, document, services)
    others = [d for d in fetch.scan_documents(access, document.scan_id, services) if d.state in _STANDING]
    others = [d for d in others if d.document_id != document.document_id]
    with services.catalog.read() as unit:
        active = unit.grants.active(access.login, services.clock.now())
    out = _out(access, document, patient, item, read, others, scan, services)
    return Shown(
        document=document,
        out=out,
        patient=patient,
        scan=scan,
        item=item,
        readings=read,
        others=others,
        grants=[g for g in active if patient and g.patient_id == patient.patient_id],
        claimed_by=item.claimed_by if item.claimed_by != access.actor else "",
    )


_STANDING = frozenset(DocumentState) - {DocumentState.SUPERSEDED}


def readings(document: Document, services: Services) -> dict[int, PageReading]:
    """By page of the document."""
    with services.catalog.read() as unit:
        scan = unit.scans.get(document.scan_id)
    if scan is None:
        return {}
    found = {r.scan_page_no: r for r in page_readings.readings_of(scan, services, document.pages)}
    return {page_no: found[no] for page_no, no in enumerate(document.pages, start=1) if no in found}


def brief(document: Document) -> DocumentBrief:
    return DocumentBrief(**_brief(document))


def patient_out(patient: Patient) -> PatientOut:
    return PatientOut(
        patient_id=patient.patient_id,
        name=patient.display_name,
        birth_date=patient.birth_date,
        sex=patient.sex,
        mrn=patient.mrn,
        is_provisional=patient.is_provisional,
    )


def pages_of(document: Document, read: Mapping[int, PageReading]) -> list[PageOut]:
    return [_page(document, no, read.get(no)) for no in range(1, len(document.pages) + 1)]


def words_of(page_no: int, reading: PageReading | None) -> PageWordsOut:
    if reading is None:
        return PageWordsOut(number=page_no, is_read=False, words=[])
    words = [
        WordOut(
            number=number,
            line=word.line_no,
            text=word.text,
            box=_box(page_readings.fractions(word.box, reading)),
            confidence=word.confidence,
            is_doubtful=_is_doubtful(word),
        )
        for number, word in enumerate(reading.words)
    ]
    return PageWordsOut(number=page_no, is_read=True, words=words)


def _is_doubtful(word: Word) -> bool:
    """Of letters or digits: a row of dots reads nobody anything."""
    is_text = any(character.isalnum() for character in word.text)
    return is_text and word.confidence is not None and word.confidence < LEAST_SURE


def lines_of(words: PageWordsOut) -> list[list[WordOut]]:
    """A line of paper each."""
    lines: dict[int, list[WordOut]] = {}
    for word in words.words:
        lines.setdefault(word.line, []).append(word)
    return [line for _, line in sorted(lines.items())]


def marks_out(found: Sequence[hits.PageMarks]) -> MarksOut:
    pages = [
        PageMarksOut(
            number=one.page_no,
            places=[PlaceOut(box=_box(m.place), words=list(m.word_numbers)) for m in one.marks],
        )
        for one in found
    ]
    return MarksOut(
        total=sum(len(page.places) for page in pages),
        is_look_alike=any(one.is_look_alike for one in found),
        pages=pages,
    )


def history_out(access: Access, document: Document, services: Services) -> HistoryOut:
    """Other patients that it was filed under are named only to who may see them."""
    told = history.steps(access, document, services)
    looks = history.looks(access, document, services)
    named = [
        v for step in told for d in step.differences if d.part == "patient_id" for v in (d.before, d.after)
    ]
    shown_people = [c.patient_id for c in document.decision.candidates] + [PatientId(v) for v in named if v]
    people = [one for one in dict.fromkeys(shown_people) if access.sees_patient(one)]
    trail.seen(access, "history", services, [document.document_id], people)
    return HistoryOut(
        document_id=document.document_id,
        version=document.version,
        steps=[_step(access, step, services) for step in told],
        opened_by=None
        if looks is None
        else [LookOut(at=one.at, actor=one.actor, how=one.how, what=one.what) for one in looks],
    )


# --- inside ------------------------------------------------------------------------------
def _out(
    access: Access,
    document: Document,
    patient: Patient | None,
    item: Item,
    read: Mapping[int, PageReading],
    others: Sequence[Document],
    scan: Scan,
    services: Services,
) -> DocumentOut:
    may_take = access.may(Right.DOWNLOAD)
    has_original = may_take and fetch.may_see_whole_scan(access, document.scan_id, services)
    can = corrections.possible(access, document)
    return DocumentOut(
        **_brief(document),
        patient=patient_out(patient) if patient else None,
        pages=pages_of(document, read),
        fields=_fields(item, read),
        decided_by=document.decision.decided_by,
        reasons=list(document.decision.reasons),
        recheck=list(document.recheck),
        replaced_by=document.replaced_by,
        in_same_scan=[brief(one) for one in others],
        has_pdf=may_take and document.state is DocumentState.FILED,
        has_original=has_original,
        original_is_active=has_original and handover.is_active(scan, services),
        corrections=list(can),
        can_undo=corrections.can_undo(access, document, services),
        incident_if_refiled=Correction.REFILE in can and corrections.would_open_incident(document, services),
    )


def _brief(document: Document) -> dict[str, Any]:
    return {
        "document_id": document.document_id,
        "version": document.version,
        "state": document.state.value,
        "document_type": document.document_type,
        "service_date": document.service_date,
        "page_count": len(document.pages),
        "sensitivity": list(document.sensitivity),
        "filed_at": document.filed_at,
        "provider": document.fields.provider,
        "facility": document.fields.facility,
    }


def _page(document: Document, number: int, reading: PageReading | None) -> PageOut:
    width, height = (reading.width_px, reading.height_px) if reading else _LETTER
    address = f"/pictures/{document.document_id}/{number}"
    return PageOut(
        number=number,
        src=f"{address}/{{width}}",
        thumb=f"{address}/thumb",
        width=width or _LETTER[0],
        height=height or _LETTER[1],
    )


def _fields(item: Item, read: Mapping[int, PageReading]) -> list[FieldOut]:
    found = []
    for one in item.fields:
        reading = read.get(one.page_no)
        place = page_readings.fractions(one.box, reading) if one.box and reading else None
        found.append(
            FieldOut(
                kind=one.kind.value,
                title=FIELD_TITLES.get(one.kind.value, one.kind.value),
                value=one.value,
                raw=one.raw,
                other_raw=one.other_raw,
                page=one.page_no,
                box=_box(place) if place else None,
                confidence=one.confidence,
                role=one.role.value,
                is_used=one.is_used,
            )
        )
    return found


def _box(place: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = place
    return left, top, round(right - left, 5), round(bottom - top, 5)


def _patient(access: Access, document: Document, services: Services) -> Patient | None:
    if document.patient_id is None:
        return None
    try:
        return fetch.patient(access, document.patient_id, services)
    except NotFound:
        return None  # gone from the roster: the document says nothing of who it was


def _step(access: Access, step: history.Step, services: Services) -> StepOut:
    return StepOut(
        at=step.at,
        actor=step.actor,
        kind=step.kind,
        words=step.words,
        version=step.version,
        state=step.state,
        differences=[
            DifferenceOut(
                part=one.part,
                before=_named(access, one.part, one.before, services),
                after=_named(access, one.part, one.after, services),
            )
            for one in step.differences
        ],
        note=step.note,
        reasons=list(step.reasons),
    )


def _named(access: Access, part: str, value: str, services: Services) -> str:
    if part != "patient_id" or not value:
        return value
    if not access.sees_patient(PatientId(value)):
        return "another patient"
    known = services.roster.get(PatientId(value))
    return f"{known.display_name}, MRN {known.mrn or 'none'}" if known else "somebody no longer in the roster"
