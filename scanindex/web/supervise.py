"""Supervision: sources and how far they may be trusted, questions, claims, figures, test items.

Samples and incidents are in supervise_audit.py. Everything here asks for `Right.SUPERVISE`;
who acts is who is logged in. Screens post forms; the API has the same operations.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from scanindex import audit, desk, trail
from scanindex.access_model import Access, Right
from scanindex.audit_model import Mode
from scanindex.desk import Figures, Filters, QueueState
from scanindex.desk_model import Claim, Parked, Waiting
from scanindex.errors import NotFound
from scanindex.model import DocumentId, ScanId
from scanindex.web import render
from scanindex.web.guard import Caller, needs
from scanindex.web.world import TheWorld, World

screens = APIRouter()
api = APIRouter(prefix="/supervise", tags=["supervise"])
Supervisor = Annotated[Caller, needs(Right.SUPERVISE)]
Text = Annotated[str, Form(max_length=2_000)]
Days = Annotated[int, Query(ge=1, le=366)]
_MOST_SEEDS = 200
_MOST_TEXT = 2_000


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SourceOut(BaseModel):
    source: str
    mode: Mode
    reasons: list[str]
    filed_alone: int
    """Under the policy in force."""
    audited: int
    misfiles: int
    cannot_tell: int
    not_counted: int
    open: int
    """Drawn and not looked at yet."""
    upper_bound: float
    """95 % upper bound of the share misfiled; 1 where nothing was audited."""
    limit: float
    more_needed: int
    open_incidents: list[str]


class ModeIn(Strict):
    source: str = Field(max_length=1_000)
    mode: Mode
    reason: str = Field(default="", max_length=_MOST_TEXT)


class SourceIn(Strict):
    source: str = Field(max_length=1_000)


class QuestionOut(BaseModel):
    item_id: str
    version: int
    scan_id: str
    state: QueueState
    document_type: str | None
    source: str
    kind: str
    """question, keys_differ or parked."""
    note: str
    actor: str
    at: datetime


class AnswerIn(Strict):
    note: str = Field(min_length=1, max_length=_MOST_TEXT)


class ClaimOut(BaseModel):
    scan_id: str
    actor: str
    since: datetime
    until: datetime


class FiguresOut(BaseModel):
    actor: str
    items: int
    pages: int
    active_hours: float
    pages_per_hour: float | None
    median_seconds: float | None
    keystrokes_per_item: float | None
    datum_differed: int
    corrected_later: int
    tests_caught: int | None
    tests_met: int | None
    catch_rate: float | None


class SeedsIn(Strict):
    count: int = Field(ge=1, le=_MOST_SEEDS)


class SeedsOut(BaseModel):
    planted: int


# --- sources ------------------------------------------------------------------------------
@screens.get("/supervise")
def overview_page(request: Request, caller: Supervisor, world: TheWorld) -> Response:
    waiting = audit.waiting(None, world.services)
    return render.page(
        request,
        "supervise/sources.html",
        tab="sources",
        sources=sources(caller, world),
        waiting=len(waiting),
        limit=world.settings.filing.misfile_bound,
        confidence=audit.CONFIDENCE,
    )


@api.get("/sources")
def sources(caller: Supervisor, world: TheWorld) -> list[SourceOut]:
    """How each source stands: mode, audits, misfiles and their upper bound, what is missing."""
    return [_source(one, world.settings.filing.misfile_bound) for one in audit.status(world.services)]


@screens.post("/supervise/sources/mode")
def mode_form(
    caller: Supervisor,
    world: TheWorld,
    source: Annotated[str, Form(max_length=1_000)],
    mode: Annotated[Mode, Form()],
    reason: Text = "",
) -> Response:
    set_mode(caller, world, ModeIn(source=source, mode=mode, reason=reason))
    return RedirectResponse("/supervise", status_code=303)


@api.post("/sources/mode", status_code=204)
def set_mode(caller: Supervisor, world: TheWorld, wanted: ModeIn) -> None:
    """Let a source file alone where the gates hold (strict), or only propose (suggest).

    What waited only for that is decided again by the running service.
    """
    _known_source(wanted.source, world)
    audit.set_mode(wanted.source, wanted.mode, wanted.reason, caller.access.actor, world.services)


@screens.post("/supervise/sources/certify")
def certify_form(
    caller: Supervisor, world: TheWorld, source: Annotated[str, Form(max_length=1_000)]
) -> Response:
    certify(caller, world, SourceIn(source=source))
    return RedirectResponse("/supervise", status_code=303)


@api.post("/sources/certify", status_code=204)
def certify(caller: Supervisor, world: TheWorld, wanted: SourceIn) -> None:
    """Certify a source under the policy in force; refused, saying why, until its audits meet the bound."""
    _known_source(wanted.source, world)
    audit.certify_source(wanted.source, caller.access.actor, caller.access.actor, world.services)


def _known_source(source: str, world: World) -> None:
    if source not in {one.source for one in audit.status(world.services)}:
        raise NotFound()


def _source(one: audit.SourceStatus, limit: float) -> SourceOut:
    return SourceOut(
        source=one.source,
        mode=one.standing.mode,
        reasons=list(one.standing.reasons),
        filed_alone=one.filed_alone,
        audited=one.tally.audited,
        misfiles=one.tally.misfiles,
        cannot_tell=one.tally.cannot_tell,
        not_counted=one.tally.not_counted,
        open=one.tally.open,
        upper_bound=one.upper_bound,
        limit=limit,
        more_needed=one.more_needed,
        open_incidents=list(one.open_incidents),
    )


# --- questions ------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class _Laid:
    waiting: Waiting
    parked: Parked | None
    state: QueueState


@screens.get("/supervise/questions")
def questions_page(request: Request, caller: Supervisor, world: TheWorld) -> Response:
    return render.page(
        request, "supervise/questions.html", tab="questions", questions=questions(caller, world)
    )


@api.get("/questions")
def questions(caller: Supervisor, world: TheWorld) -> list[QuestionOut]:
    """What clerks asked, what two people settled differently, and what is parked."""
    found = _laid(caller.access, world)
    if found:
        ids = [one.waiting.item_id for one in found]
        trail.seen(caller.access, "question", world.services, ids)
    return [_question(one) for one in found]


def _laid(access: Access, world: World) -> list[_Laid]:
    found = [
        (w, state)
        for state in (QueueState.QUESTIONS, QueueState.PARKED)
        for w in desk.waiting(access, Filters(state=state), world.services)
    ]
    with world.services.catalog.read() as unit:
        return [_Laid(waiting=w, parked=unit.desk.parked(w.item_id), state=state) for w, state in found]


def _question(one: _Laid) -> QuestionOut:
    w, parked = one.waiting, one.parked
    return QuestionOut(
        item_id=w.item_id,
        version=w.version,
        scan_id=w.scan_id,
        state=one.state,
        document_type=w.document_type,
        source=w.source,
        kind=parked.kind if parked else "",
        note=parked.note if parked else "",
        actor=parked.actor if parked else "",
        at=parked.at if parked else w.created_at,
    )


@screens.post("/supervise/questions/{item_id}/answer")
def answer_form(caller: Supervisor, world: TheWorld, item_id: str, note: Text) -> Response:
    desk.answer(caller.access, DocumentId(item_id), note, world.services)
    return RedirectResponse("/supervise/questions", status_code=303)


@api.post("/questions/{item_id}/answer", status_code=204)
def answer(caller: Supervisor, world: TheWorld, item_id: str, said: AnswerIn) -> None:
    """Answer a question; the item goes back to the queue with question and answer on it."""
    desk.answer(caller.access, DocumentId(item_id), said.note, world.services)


@screens.post("/supervise/questions/{item_id}/unpark")
def unpark_form(caller: Supervisor, world: TheWorld, item_id: str) -> Response:
    unpark(caller, world, item_id)
    return RedirectResponse("/supervise/questions", status_code=303)


@api.post("/questions/{item_id}/unpark", status_code=204)
def unpark(caller: Supervisor, world: TheWorld, item_id: str) -> None:
    """Put what was parked or asked back into the queue, in the caller's hands."""
    desk.unpark(caller.access, DocumentId(item_id), world.services)


# --- claims -----------------------------------------------------------------------------------
@screens.get("/supervise/claims")
def claims_page(request: Request, caller: Supervisor, world: TheWorld) -> Response:
    return render.page(request, "supervise/claims.html", tab="claims", claims=claims(caller, world))


@api.get("/claims")
def claims(caller: Supervisor, world: TheWorld) -> list[ClaimOut]:
    """Which scans are in whose hands."""
    return [_claim(one) for one in desk.claims(caller.access, world.services)]


@screens.post("/supervise/claims/{scan_id}/take")
def take_form(caller: Supervisor, world: TheWorld, scan_id: str) -> Response:
    take(caller, world, scan_id)
    return RedirectResponse("/supervise/claims", status_code=303)


@api.post("/claims/{scan_id}/take")
def take(caller: Supervisor, world: TheWorld, scan_id: str) -> ClaimOut:
    """Take a scan out of somebody's hands; the trail says so."""
    return _claim(desk.take_over(caller.access, ScanId(scan_id), world.services))


@screens.post("/supervise/claims/{scan_id}/release")
def release_form(caller: Supervisor, world: TheWorld, scan_id: str) -> Response:
    desk.release(caller.access, ScanId(scan_id), world.services)
    return RedirectResponse("/supervise/claims", status_code=303)


def _claim(one: Claim) -> ClaimOut:
    return ClaimOut(scan_id=one.scan_id, actor=one.actor, since=one.since, until=one.until)


# --- figures and test items ---------------------------------------------------------------------
@screens.get("/supervise/figures")
def figures_page(
    request: Request, caller: Supervisor, world: TheWorld, days: Days = 7, planted: int | None = None
) -> Response:
    return render.page(
        request,
        "supervise/figures.html",
        tab="figures",
        figures=figures(caller, world, days),
        days=days,
        planted=planted,
        per_thousand=world.settings.review.seeded_per_thousand,
    )


@api.get("/figures")
def figures(caller: Supervisor, world: TheWorld, days: Days = 7) -> list[FiguresOut]:
    """Of everybody who reviewed in the last so many days: how much, how fast, what was corrected later,
    how many of the seeded test items were noticed."""
    first = world.services.clock.now().astimezone(world.zone).date() - timedelta(days=days - 1)
    since = datetime.combine(first, time(), world.zone).astimezone(UTC)
    return [_figures(one) for one in desk.figures(caller.access, world.services, since=since)]


def _figures(one: Figures) -> FiguresOut:
    return FiguresOut(
        actor=one.actor,
        items=one.items,
        pages=one.pages,
        active_hours=one.active_hours,
        pages_per_hour=one.pages_per_hour,
        median_seconds=one.median_seconds,
        keystrokes_per_item=one.keystrokes_per_item,
        datum_differed=one.datum_differed,
        corrected_later=one.corrected_later,
        tests_caught=one.tests_caught,
        tests_met=one.tests_met,
        catch_rate=one.catch_rate,
    )


@screens.post("/supervise/seeds")
def plant_form(
    caller: Supervisor, world: TheWorld, count: Annotated[int, Form(ge=1, le=_MOST_SEEDS)]
) -> Response:
    planted = plant(caller, world, SeedsIn(count=count)).planted
    return RedirectResponse(f"/supervise/figures?planted={planted}", status_code=303)


@api.post("/seeds")
def plant(caller: Supervisor, world: TheWorld, wanted: SeedsIn) -> SeedsOut:
    """Mix test items with a wrong proposal into the queue; how many there were papers for."""
    return SeedsOut(planted=desk.plant(caller.access, wanted.count, world.services))
