"""Audit samples and incidents: the page beside what was filed, a verdict by one key, and what a
misfile sets off.

What the machine read and how sure it was is left out on purpose: whoever looks compares the
paper with the chart that holds it, and nothing else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from scanindex import audit, fetch, trail
from scanindex.audit_model import AutoFiling, Incident, Verdict
from scanindex.errors import ConflictError, NotFound
from scanindex.model import Document, DocumentId, DocumentState, Patient
from scanindex.web import render
from scanindex.web.supervise import Strict, Supervisor, Text
from scanindex.web.world import TheWorld, World

screens = APIRouter()
api = APIRouter(prefix="/supervise", tags=["supervise"])
_MOST_DRAWN = 5_000
_MOST_TEXT = 2_000
_WIDTHS = ("thumb:256", "screen:1400", "full:2200")
_PLAIN_SIZE = (850, 1100)
"""Of a page whose size nobody recorded; for the shape of its place only."""
_BLIND_SPOTS = (
    "Not known: who read, printed or copied the files of archive/ directly, and what left the house on paper."
)
Source = Annotated[str | None, Query(max_length=1_000)]


class DrawIn(Strict):
    count: int = Field(ge=1, le=_MOST_DRAWN)
    source: str | None = Field(default=None, max_length=1_000)
    seed: int | None = Field(default=None, ge=0, lt=2**31)
    """The same again from the same documents; recorded either way."""


class DrawnOut(BaseModel):
    seed: int
    drawn: int
    uniform: int
    """Of them: drawn with equal chances; only these count for the bound."""


class SampleOut(BaseModel):
    document_id: str
    version: int
    patient_id: str
    filed_under: str
    document_type: str | None
    service_date: str | None
    source: str
    pages: int
    waiting: int
    """Of the sample to look at, this one included."""


class VerdictIn(Strict):
    verdict: Verdict
    version: int = Field(ge=1)
    """Of the document as it was shown."""
    note: str = Field(default="", max_length=_MOST_TEXT)


class VerdictOut(BaseModel):
    incident_id: str | None
    """Of the incident that a misfile opened or was added to."""


class IncidentOut(BaseModel):
    incident_id: str
    source: str
    rule: str
    opened_at: datetime
    opened_by: str
    misfiles: int
    rechecks: int
    closed_at: datetime | None
    closed_by: str
    is_unfounded: bool


class ExposureOut(BaseModel):
    document_id: str
    at: datetime
    actor: str
    what: str


class IncidentWholeOut(IncidentOut):
    misfiled: list[str]
    """Documents."""
    open_points: list[str]
    """What must be done before it may be closed."""
    exposures: list[ExposureOut]
    not_known: str


class ClosingIn(Strict):
    note: str = Field(default="", max_length=_MOST_TEXT)
    is_unfounded: bool = False


# --- samples --------------------------------------------------------------------------------
@screens.post("/supervise/audit/draw")
def draw_form(
    caller: Supervisor,
    world: TheWorld,
    count: Annotated[int, Form(ge=1, le=_MOST_DRAWN)],
    source: Annotated[str, Form(max_length=1_000)] = "",
) -> Response:
    draw(caller, world, DrawIn(count=count, source=source or None))
    return RedirectResponse("/supervise/audit", status_code=303)


@api.post("/audit/draw")
def draw(caller: Supervisor, world: TheWorld, wanted: DrawIn) -> DrawnOut:
    """Put documents that were filed alone into the sample: three quarters by chance, the rest the weakest."""
    seed, lines = audit.draw(wanted.count, wanted.seed, wanted.source, caller.access.actor, world.services)
    return DrawnOut(seed=seed, drawn=len(lines), uniform=sum(x.stratum == "uniform" for x in lines))


@screens.get("/supervise/audit")
def audit_page(request: Request, caller: Supervisor, world: TheWorld, source: Source = None) -> Response:
    found = _next(caller, world, source)
    if found is None:
        return render.page(request, "supervise/audit_done.html", tab="audit")
    line, document, waiting = found
    tally = next((s.tally for s in audit.status(world.services) if s.source == line.source), None)
    return render.page(
        request,
        "supervise/audit.html",
        tab="audit",
        document=document,
        patient=_patient(line, world),
        line=line,
        waiting=waiting,
        tally=tally,
        pages=_pages(document, world),
        widths=_WIDTHS,
        only=source,
    )


@api.get("/audit/next")
def next_sample(caller: Supervisor, world: TheWorld, source: Source = None) -> SampleOut | None:
    """The next document to compare with its paper; null where nothing is left."""
    found = _next(caller, world, source)
    if found is None:
        return None
    line, document, waiting = found
    patient = _patient(line, world)
    return SampleOut(
        document_id=document.document_id,
        version=document.version,
        patient_id=line.patient_id,
        filed_under=patient.display_name if patient else "",
        document_type=document.document_type,
        service_date=document.service_date,
        source=line.source,
        pages=len(document.pages),
        waiting=waiting,
    )


def _next(caller: Supervisor, world: World, source: str | None) -> tuple[AutoFiling, Document, int] | None:
    """The first of the sample that they may see, shown: the trail says so."""
    waiting = audit.waiting(source, world.services)
    for line in waiting:
        with world.services.catalog.read() as unit:
            document = unit.documents.get(line.document_id)
        if document is not None and fetch.sees(caller.access, document):
            ids, people = [document.document_id], [line.patient_id]
            trail.seen(caller.access, "audit", world.services, ids, people)
            return line, document, len(waiting)
    return None


@screens.post("/supervise/audit/{document_id}")
def verdict_form(
    caller: Supervisor,
    world: TheWorld,
    document_id: str,
    verdict: Annotated[Verdict, Form()],
    version: Annotated[int, Form(ge=1)],
    note: Text = "",
    only: Annotated[str, Form(max_length=1_000)] = "",
) -> Response:
    said = record(caller, world, document_id, VerdictIn(verdict=verdict, version=version, note=note))
    if said.incident_id:
        return RedirectResponse(f"/supervise/incidents/{said.incident_id}", status_code=303)
    where = f"?source={quote(only)}" if only else ""
    return RedirectResponse(f"/supervise/audit{where}", status_code=303)


@api.post("/audit/{document_id}")
def record(caller: Supervisor, world: TheWorld, document_id: str, said: VerdictIn) -> VerdictOut:
    """Say whether every page is in the chart of the person it is about.

    wrong takes the document out of its chart at once, opens an incident and stops filing alone
    from its source; cannot_tell counts as a misfile until somebody can.
    """
    document = fetch.document(caller.access, document_id, world.services)
    if document.version != said.version:
        raise ConflictError(f"document {document.document_id} is version {document.version} by now")
    actor = caller.access.actor
    incident = audit.record(
        document.document_id, said.verdict, actor, said.note.strip(), actor, world.services
    )
    world.file_soon([document.scan_id])
    return VerdictOut(incident_id=incident.incident_id if incident else None)


def _patient(line: AutoFiling, world: World) -> Patient | None:
    return world.services.roster.get(line.patient_id)


def _pages(document: Document, world: World) -> list[dict[str, object]]:
    sizes = {r.scan_page_no: (r.width_px, r.height_px) for r in fetch.readings(document, world.services)}
    pages: list[dict[str, object]] = []
    for number, scan_page_no in enumerate(document.pages, start=1):
        width, height = sizes.get(scan_page_no, _PLAIN_SIZE)
        address = f"/pictures/{document.document_id}/{number}"
        shape = {"width": width or _PLAIN_SIZE[0], "height": height or _PLAIN_SIZE[1]}
        pages.append({"number": number, "src": f"{address}/{{width}}", "thumb": f"{address}/thumb", **shape})
    return pages


# --- incidents --------------------------------------------------------------------------------
@screens.get("/supervise/incidents")
def incidents_page(
    request: Request, caller: Supervisor, world: TheWorld, everything: bool = False
) -> Response:
    found = incidents(caller, world, everything)
    return render.page(
        request, "supervise/incidents.html", tab="incidents", incidents=found, everything=everything
    )


@api.get("/incidents")
def incidents(caller: Supervisor, world: TheWorld, everything: bool = False) -> list[IncidentOut]:
    """Confirmed misfiles that are not closed yet; closed ones too with `everything`."""
    found = audit.all_incidents(world.services, open_only=not everything)
    return [_incident(one) for one in reversed(found)]


@screens.get("/supervise/incidents/{incident_id}")
def incident_page(request: Request, caller: Supervisor, world: TheWorld, incident_id: str) -> Response:
    found = _known(incident_id, world)
    misfiled = [
        (misfile, document, world.services.roster.get(misfile.patient_id))
        for misfile in found.misfiles
        if (document := _seen(caller, misfile.document_id, world))
    ]
    rechecks = [document for i in found.rechecks if (document := _seen(caller, i, world))]
    ids = [d.document_id for _, d, _ in misfiled] + [d.document_id for d in rechecks]
    trail.seen(caller.access, "incident", world.services, ids, [p.patient_id for _, _, p in misfiled if p])
    return render.page(
        request,
        "supervise/incident.html",
        tab="incidents",
        incident=found,
        misfiled=misfiled,
        rechecks=[(d, found.recheck_reason not in d.recheck) for d in rechecks],
        whole=_whole(found, world),
        filed=DocumentState.FILED,
    )


@api.get("/incidents/{incident_id}")
def incident(caller: Supervisor, world: TheWorld, incident_id: str) -> IncidentWholeOut:
    """What was misfiled, who was shown it meanwhile, and what must be done before closing."""
    found = _known(incident_id, world)
    ids = [misfile.document_id for misfile in found.misfiles]
    trail.seen(caller.access, "incident", world.services, ids)
    return _whole(found, world)


@screens.post("/supervise/incidents/{incident_id}/close")
def close_form(
    caller: Supervisor, world: TheWorld, incident_id: str, note: Text = "", unfounded: str = Form("")
) -> Response:
    close(caller, world, incident_id, ClosingIn(note=note, is_unfounded=bool(unfounded)))
    return RedirectResponse(f"/supervise/incidents/{incident_id}", status_code=303)


@api.post("/incidents/{incident_id}/close", status_code=204)
def close(caller: Supervisor, world: TheWorld, incident_id: str, said: ClosingIn) -> None:
    """Close an incident; refused while something is left to do, and to whoever found the misfile."""
    found = _known(incident_id, world)
    actor = caller.access.actor
    audit.close(found.incident_id, actor, said.note, actor, world.services, is_unfounded=said.is_unfounded)


def _known(incident_id: str, world: World) -> Incident:
    """Raises NotFound."""
    if len(incident_id) > 64:
        raise NotFound()
    return audit.incident(incident_id, world.services)


def _seen(caller: Supervisor, document_id: DocumentId, world: World) -> Document | None:
    with world.services.catalog.read() as unit:
        found = unit.documents.get(document_id)
    return found if found is not None and fetch.sees(caller.access, found) else None


def _incident(one: Incident) -> IncidentOut:
    return IncidentOut(
        incident_id=one.incident_id,
        source=one.source,
        rule=one.rule,
        opened_at=one.opened_at,
        opened_by=one.opened_by,
        misfiles=len(one.misfiles),
        rechecks=len(one.rechecks),
        closed_at=one.closed_at,
        closed_by=one.closed_by,
        is_unfounded=one.is_unfounded,
    )


def _whole(found: Incident, world: World) -> IncidentWholeOut:
    points = audit.open_points(found.incident_id, world.services) if found.closed_at is None else []
    met = audit.exposures(found.incident_id, world.services)
    return IncidentWholeOut(
        **_incident(found).model_dump(),
        misfiled=[misfile.document_id for misfile in found.misfiles],
        open_points=points,
        exposures=[ExposureOut(document_id=e.document_id, at=e.at, actor=e.actor, what=e.what) for e in met],
        not_known=_BLIND_SPOTS,
    )
