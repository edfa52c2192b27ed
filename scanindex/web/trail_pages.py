"""The audit trail on the screen: who did what when, whose data was shown to whom, and its proof.

What is looked for is sent in the body, never in an address: record numbers stand there. That
somebody read the trail is an entry of it (trail.entries). Leaves out what the words mean
(trail_words.py) and who reviews broken glass (glass_review.py).
"""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from scanindex import exports, trail
from scanindex.access_model import Right
from scanindex.errors import NotFound, UsageError
from scanindex.model import DocumentId, Patient
from scanindex.trail_model import TrailEntry, TrailFilter, TrailPage
from scanindex.web import errors, render
from scanindex.web.guard import Caller, needs
from scanindex.web.proof import Proof, ProofOut
from scanindex.web.trail_words import CATEGORIES, KINDS, says, who
from scanindex.web.world import TheWorld, World

screens = APIRouter()
api = APIRouter(tags=["trail"])
Auditor = Annotated[Caller, needs(Right.TRAIL)]
Category = Literal["", "viewed", "searched", "taken", "denied", "login", "people", "glass", "filing"]
_PER_PAGE = 50
_MOST_SHOWN_DISCLOSURES = 5_000


class TrailIn(BaseModel):
    """Everything given must hold."""

    model_config = ConfigDict(extra="forbid")

    who: str = Field(default="", max_length=80)
    """A login, or "machine"."""
    category: Category = ""
    kinds: list[Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]] = Field(default=[], max_length=50)
    """Instead of a category: kinds of events."""
    patient: str = Field(default="", max_length=80)
    """Record number or id, exactly."""
    document_id: str = Field(default="", max_length=80)
    since: date | datetime | None = None
    """From this day (of the site) or moment on."""
    until: date | datetime | None = None
    """To the end of this day, or before this moment."""
    before: int | None = Field(default=None, ge=1, le=2**62)
    """Older than this entry: `next_before` of the page before."""
    limit: int = Field(default=_PER_PAGE, ge=1, le=1_000)


class TrailForm(TrailIn):
    csrf: str = Field(default="", max_length=100)

    def asked(self) -> TrailIn:
        return TrailIn(**self.model_dump(exclude={"csrf"}))


class DisclosuresIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    patient: str = Field(min_length=1, max_length=80)
    """Record number or id, exactly."""


class EntryOut(BaseModel):
    seq: int
    at: datetime
    who: str
    kind: str
    category: str
    says: str
    """What was done, in plain words."""
    what: str
    reason: str
    scan_id: str
    document_ids: list[str]
    patient_ids: list[str]
    details: dict[str, str]
    """Words, ids and counts; of a document for another system also outcome, external_id, recipient."""


class TrailOut(BaseModel):
    entries: list[EntryOut]
    """Newest first."""
    next_before: int | None


class DisclosuresOut(BaseModel):
    patient_id: str
    record_ids: list[str]
    """All records that stand for the same person now."""
    entries: list[EntryOut]


# --- screens ------------------------------------------------------------------------------
Text = Annotated[str, Form(max_length=80)]


@screens.get("/trail")
def trail_page(request: Request, caller: Auditor, world: TheWorld) -> Response:
    return _page(request, caller, world, TrailIn())


@screens.post("/trail")
def filtered_page(
    request: Request, caller: Auditor, world: TheWorld, sent: Annotated[TrailForm, Form()]
) -> Response:
    return _page(request, caller, world, sent.asked())


@screens.post("/trail/export")
def export_form(caller: Auditor, world: TheWorld, sent: Annotated[TrailForm, Form()]) -> Response:
    return _export(caller, sent.asked(), world)


@screens.get("/trail/disclosures")
def disclosures_form_page(request: Request, caller: Auditor, world: TheWorld) -> Response:
    return render.page(request, "disclosures.html", report=None, problem="", patient=None)


@screens.post("/trail/disclosures")
def disclosures_page(request: Request, caller: Auditor, world: TheWorld, patient: Text) -> Response:
    try:
        report = _report(caller, patient, world)
    except (NotFound, UsageError) as error:
        text = "No patient has this number or id." if isinstance(error, NotFound) else str(error)
        status = errors.status_of(error)
        return render.page(
            request, "disclosures.html", status=status, report=None, problem=text, patient=None
        )
    person: Patient | None = world.services.roster.get(
        trail.named_patient(caller.access, patient, world.services)
    )
    return render.page(
        request,
        "disclosures.html",
        report=report,
        most=_MOST_SHOWN_DISCLOSURES,
        patient=person,
        problem="",
        made_at=world.services.clock.now(),
        made_by=caller.access.login,
    )


@screens.post("/trail/disclosures/export")
def export_disclosures_form(caller: Auditor, world: TheWorld, patient: Text) -> Response:
    return _export_disclosures(caller, patient, world)


@screens.get("/trail/proof")
def proof_page(request: Request, caller: Auditor, world: TheWorld) -> Response:
    return render.page(
        request,
        "proof.html",
        proof=_proof(request).told(world.services),
        has_second_place=trail.heads_file(world.services) is not None,
    )


@screens.post("/trail/proof")
def proof_form(request: Request, caller: Auditor, world: TheWorld) -> Response:
    _proof(request).start(caller.access, world.services)
    return RedirectResponse("/trail/proof", status_code=303)


# --- API ----------------------------------------------------------------------------------
@api.post("/trail", responses=errors.DESCRIBED)
def entries(caller: Auditor, world: TheWorld, asked: TrailIn) -> TrailOut:
    """A page of the trail, newest first. That it was read is an entry, too."""
    return _out(trail.entries(caller.access, _filter(caller, asked, world), world.services))


_CSV: dict[int | str, dict[str, Any]] = {
    **errors.DESCRIBED,
    200: {
        "content": {"text/csv": {"schema": {"type": "string"}}},
        "description": "Newest first, a line each.",
    },
}


@api.post("/trail/export", response_class=Response, responses=_CSV)
def export(caller: Auditor, world: TheWorld, asked: TrailIn) -> Response:
    """All entries that fit, as CSV; written down as taken away."""
    return _export(caller, asked, world)


@api.post("/trail/disclosures", responses=errors.DESCRIBED)
def disclosures(caller: Auditor, world: TheWorld, asked: DisclosuresIn) -> DisclosuresOut:
    """Who saw, printed, took or changed what of one patient, in every record merged with theirs."""
    return _report(caller, asked.patient, world)


@api.post("/trail/disclosures/export", response_class=Response, responses=_CSV)
def export_disclosures(caller: Auditor, world: TheWorld, asked: DisclosuresIn) -> Response:
    """The same report as CSV; written down as taken away."""
    return _export_disclosures(caller, asked.patient, world)


@api.get("/trail/proof", responses=errors.DESCRIBED)
def proof(request: Request, caller: Auditor, world: TheWorld) -> ProofOut:
    """How far the last proof is, or what it found."""
    return _proof(request).told(world.services)


@api.post("/trail/proof", status_code=202, responses=errors.DESCRIBED)
def start_proof(request: Request, caller: Auditor, world: TheWorld) -> ProofOut:
    """Prove that nobody changed the trail; ask GET /trail/proof what was found. One runs at a time."""
    _proof(request).start(caller.access, world.services)
    return _proof(request).told(world.services)


# --- inside -------------------------------------------------------------------------------
def _page(request: Request, caller: Caller, world: World, asked: TrailIn) -> Response:
    problem, found = "", TrailPage(entries=(), next_before=None)
    status = 200
    try:
        found = trail.entries(caller.access, _filter(caller, asked, world), world.services)
    except (NotFound, UsageError) as error:
        problem = "No patient has this number or id." if isinstance(error, NotFound) else str(error)
        status = errors.status_of(error)
    return render.page(
        request,
        "trail.html",
        status=status,
        asked=asked,
        sent=_sent(asked),
        is_narrowed=asked.model_copy(update={"before": None}) != TrailIn(),
        entries=_out(found).entries,
        next_before=found.next_before,
        categories=CATEGORIES,
        problem=problem,
    )


def _sent(asked: TrailIn) -> list[tuple[str, str]]:
    """The filters as hidden fields, without the page."""
    said = asked.model_dump(mode="json", exclude_defaults=True, exclude={"before"})
    return [
        (name, str(one))
        for name, value in said.items()
        for one in (value if isinstance(value, list) else [value])
    ]


def _filter(caller: Caller, asked: TrailIn, world: World) -> TrailFilter:
    """Raises NotFound, UsageError."""
    patient = (
        trail.named_patient(caller.access, asked.patient, world.services) if asked.patient.strip() else None
    )
    return TrailFilter(
        since=_moment(asked.since, world.zone, is_end=False),
        until=_moment(asked.until, world.zone, is_end=True),
        actor=asked.who.strip(),
        kinds=tuple(asked.kinds) or KINDS[asked.category],
        patient_id=patient,
        document_id=DocumentId(asked.document_id.strip()) if asked.document_id.strip() else None,
        before=asked.before,
        limit=asked.limit,
    )


def _moment(day: date | datetime | None, zone: ZoneInfo, *, is_end: bool) -> datetime | None:
    """Raises UsageError where the calendar ends."""
    if day is None:
        return None
    try:
        if isinstance(day, datetime):
            return (day if day.tzinfo else day.replace(tzinfo=zone)).astimezone(UTC)
        return datetime.combine(day + timedelta(days=is_end), time(), zone).astimezone(UTC)
    except (OverflowError, ValueError):
        raise UsageError("no such day") from None


def _out(page: TrailPage) -> TrailOut:
    return TrailOut(entries=[entry_out(one) for one in page.entries], next_before=page.next_before)


def entry_out(entry: TrailEntry) -> EntryOut:
    return EntryOut(
        seq=entry.seq,
        at=entry.at,
        who=who(entry.actor),
        kind=entry.kind,
        category=entry.category,
        says=says(entry),
        what=entry.what,
        reason=entry.reason,
        scan_id=entry.scan_id or "",
        document_ids=list(entry.document_ids),
        patient_ids=list(entry.patient_ids),
        details=dict(entry.details),
    )


def _report(caller: Caller, patient: str, world: World) -> DisclosuresOut:
    patient_id = trail.named_patient(caller.access, patient, world.services)
    found = trail.disclosures(caller.access, patient_id, world.services)
    return DisclosuresOut(
        patient_id=patient_id,
        record_ids=list(trail.same_person(patient_id, world.services)),
        entries=[entry_out(one) for one in found],
    )


def _export(caller: Caller, asked: TrailIn, world: World) -> Response:
    wanted = dataclasses.replace(_filter(caller, asked, world), before=None)
    return _csv(trail.every(caller.access, wanted, world.services), world, "trail.csv")


def _export_disclosures(caller: Caller, patient: str, world: World) -> Response:
    patient_id = trail.named_patient(caller.access, patient, world.services)
    found = trail.disclosures(caller.access, patient_id, world.services)
    trail.took(caller.access, "exported", world.services, patient_ids=[patient_id], what="disclosures")
    return _csv(iter(found), world, "disclosures.csv")


def _csv(found: Iterator[TrailEntry], world: World, name: str) -> Response:
    return StreamingResponse(
        _lines(found, world.zone),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


_COLUMNS = (
    "event",
    "when",
    "who",
    "category",
    "kind",
    "what",
    "why",
    "documents",
    "patients",
    "scan",
    "more",
)


def _lines(found: Iterable[TrailEntry], zone: ZoneInfo) -> Iterator[str]:
    """The same columns as `scanindex audit trail --csv`; no cell is a formula."""
    yield "\ufeff" + _line(_COLUMNS)
    for one in found:
        yield _line(
            (
                one.seq,
                f"{one.at.astimezone(zone):%Y-%m-%d %H:%M:%S%z}",
                one.actor,
                one.category,
                one.kind,
                one.what,
                one.reason,
                list(one.document_ids),
                list(one.patient_ids),
                one.scan_id or "",
                "; ".join(f"{key}={value}" for key, value in one.details.items()),
            )
        )


def _line(values: Iterable[Any]) -> str:
    stream = io.StringIO()
    csv.writer(stream).writerow([exports.safe_cell(value) for value in values])
    return stream.getvalue()


def _proof(request: Request) -> Proof:
    found: Proof = request.app.state.proof
    return found
