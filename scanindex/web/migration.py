"""Migration: how far the charts are on their way into other systems, and what is open.

Looks only: exports are begun and reconciled on the command line, where the network and the secrets
of a target are. Everything here asks for `Right.EXPORT`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from scanindex.access_model import Right
from scanindex.delivery import status
from scanindex.delivery.holds import HOLDS
from scanindex.delivery_model import Delivery, DeliveryState
from scanindex.web import render
from scanindex.web.guard import Caller, needs
from scanindex.web.world import TheWorld

screens = APIRouter()
api = APIRouter(prefix="/exports", tags=["exports"])
Exporter = Annotated[Caller, needs(Right.EXPORT)]
TargetName = Annotated[str, Path(max_length=31)]
After = Annotated[int, Query(ge=0, le=2**53)]
_PAGE = 50


class DayOut(BaseModel):
    day: str
    """UTC."""
    answered: int


class RunOut(BaseModel):
    run_id: str
    started_at: datetime
    started_by: str
    planned: dict[str, int]
    """new, replace, cancel, unchanged, held, looked_at."""
    held: dict[str, int]
    """Documents held back, by code."""


class TargetOut(BaseModel):
    name: str
    form: str
    transport: str
    recipient: str
    fault: str
    """What is wrong with its profile; empty where it can be read."""
    states: dict[str, int]
    delivered: int
    """Verified ones included."""
    open: int
    """Pending, under way or refused."""
    corrections_due: int
    """Documents that changed here since the target was told of them."""
    consents_gone: int
    """Documents there whose patient's consent was revoked or ended."""
    is_stopped: bool
    """Nothing goes until both sides were compared."""
    days: list[DayOut]
    runs: list[RunOut]


class LineOut(BaseModel):
    delivery_no: int
    external_id: str
    document_id: str
    version: int
    action: str
    reason: str
    state: DeliveryState
    attempts: int
    queued_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None
    verified_at: datetime | None
    error: str
    code: str
    """The receiver's word: AA, AE, 201, 400 ..."""
    receiver_ids: list[str]


@screens.get("/migration")
def overview_page(request: Request, caller: Exporter, world: TheWorld) -> Response:
    found = targets(caller, world)
    most = max((day.answered for one in found for day in one.days), default=0)
    return render.page(request, "migration.html", targets=found, most=most, holds=HOLDS)


@screens.get("/migration/{target}")
def lines_page(
    request: Request,
    caller: Exporter,
    world: TheWorld,
    target: TargetName,
    state: Annotated[list[DeliveryState] | None, Query()] = None,
    after: After = 0,
) -> Response:
    found = lines(caller, world, target, state, after, _PAGE)
    return render.page(
        request,
        "migration_lines.html",
        target=target,
        lines=found,
        wanted=[s.value for s in state or status.OPEN],
        states=[s.value for s in DeliveryState],
        next_after=found[-1].delivery_no if len(found) == _PAGE else None,
    )


@api.get("")
def targets(caller: Exporter, world: TheWorld) -> list[TargetOut]:
    """How far every target is: states, days, runs, what is open."""
    return [_target(one) for one in status.overview(caller.access, world.services)]


@api.get("/{target}/lines")
def lines(
    caller: Exporter,
    world: TheWorld,
    target: TargetName,
    state: Annotated[list[DeliveryState] | None, Query()] = None,
    after: After = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = _PAGE,
) -> list[LineOut]:
    """Lines of the ledger of one target by number; of these states, else what is open."""
    wanted = tuple(state or status.OPEN)
    found = status.lines(caller.access, target, wanted, world.services, after=after, limit=limit)
    return [_line(one) for one in found]


def _target(one: status.Progress) -> TargetOut:
    return TargetOut(
        name=one.name,
        form=one.form,
        transport=one.transport,
        recipient=one.recipient,
        fault=one.fault,
        states=one.states,
        delivered=one.delivered,
        open=one.open,
        corrections_due=one.corrections_due,
        consents_gone=one.consents_gone,
        is_stopped=one.is_stopped,
        days=[DayOut(day=d.day, answered=d.answered) for d in one.days],
        runs=[
            RunOut(
                run_id=r.run_id,
                started_at=r.started_at,
                started_by=r.started_by,
                planned=r.planned,
                held=r.held,
            )
            for r in one.runs
        ],
    )


def _line(one: Delivery) -> LineOut:
    record, receipt = one.record, one.receipt
    return LineOut(
        delivery_no=one.delivery_no,
        external_id=record.external_id,
        document_id=record.document_id,
        version=record.version,
        action=record.action,
        reason=record.reason,
        state=one.state,
        attempts=one.attempts,
        queued_at=one.queued_at,
        sent_at=one.sent_at,
        answered_at=one.answered_at,
        verified_at=one.verified_at,
        error=one.error,
        code=receipt.code if receipt else "",
        receiver_ids=list(receipt.receiver_ids) if receipt else [],
    )
