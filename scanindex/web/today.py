"""The dashboard: what came, what is in work, what stands still and why; and trying again.

One shape (`TodayOut`) is the API's answer, what the page is made of, and what its script asks for
every two seconds. Who does not review sees counts only; `today.Board` decides that.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from scanindex import fetch, people, review, today
from scanindex.access_model import Right
from scanindex.model import ScanState
from scanindex.today_model import Level, Stage, Today, Trouble, Work
from scanindex.web import render
from scanindex.web.guard import Caller, Known, needs
from scanindex.web.world import TheWorld, World

screens = APIRouter()
api = APIRouter(tags=["today"])
ScanIdText = Annotated[str, Form(min_length=1, max_length=64)]
_STAGES = {
    Stage.QUEUED: "waits its turn",
    Stage.OPENING: "being opened",
    Stage.READING: "pages are read",
    Stage.DECIDING: "being taken apart",
    Stage.FILING: "being filed",
    Stage.DONE: "done",
    Stage.WAITING: "waits",
    Stage.QUARANTINED: "quarantined",
}
_SHORT_ID = 12
_URGENCY = {Level.GOOD: "notice", Level.WARN: "notice", Level.BAD: "urgent"}
_ROOM = {Level.GOOD: "enough", Level.WARN: "low", Level.BAD: "too_little"}


class AlertOut(BaseModel):
    key: str
    level: str
    """warn or bad."""
    urgency: str
    """notice or urgent: the same in a word."""
    text: str
    hint: str
    href: str = ""
    """The screen where something can be done about it; "" where it is not one of ours."""


class DayOut(BaseModel):
    day: str
    """ISO, in the site's zone."""
    arrived: int
    duplicates: int
    filed: int
    """Documents, each on the day it was filed first."""
    refiled: int
    """Times that one was filed again, corrected."""
    settled: int
    """Documents that people decided or rejected."""
    pages: int
    """Of the documents filed."""
    quarantined: int


class WorkOut(BaseModel):
    scan_id: str
    name: str
    """File name; for who may not see it the first digits of the scan's id."""
    source: str
    stage: str
    words: str
    """The stage in plain words, with the pages read so far."""
    pages_read: int
    pages: int | None
    """None until it was opened."""


class TroubleOut(BaseModel):
    scan_id: str
    name: str
    source: str
    state: str
    """waiting or quarantined."""
    code: str
    meaning: str
    hint: str
    since: str
    retry_at: str
    """When a waiting one is tried again, in plain words; "" for a quarantined one."""


class DiskOut(BaseModel):
    places: str
    level: str
    room: str
    """enough, low or too_little."""
    free_bytes: int
    words: str


class HeldOut(BaseModel):
    source: str
    why: str


class BacklogOut(BaseModel):
    in_review: int
    parked: int
    questions: int
    oldest: str
    """How long the oldest one has waited, in plain words."""
    rescans: int
    rechecks: int
    being_filed: int


class ServiceOut(BaseModel):
    is_running: bool
    words: str
    settling: int
    """Inbox entries not taken over yet."""
    refused: int


class IndexOut(BaseModel):
    words: str
    behind: int
    rebuilding_percent: int | None


class TodayOut(BaseModel):
    at: str
    service: ServiceOut
    alerts: list[AlertOut]
    now: DayOut
    days: list[DayOut]
    """The last 14, today first."""
    work: list[WorkOut]
    queued: int
    """Files that are not decided yet, those of `work` included."""
    queued_more: int
    """Of them, not listed in `work`."""
    troubles: list[TroubleOut]
    troubles_more: int
    """That stand still and are not listed."""
    waiting: int
    quarantined: int
    backlog: BacklogOut
    index: IndexOut
    disks: list[DiskOut]
    held: list[HeldOut]
    incidents: int
    last_backup: str
    names_shown: bool


@screens.get("/")
def today_page(request: Request, caller: Known, world: TheWorld) -> Response:
    if not caller.access.may(Right.STATUS):
        return RedirectResponse(render.home_of(caller.access), status_code=303)
    return render.page(request, "today.html", today=_look(request, caller, world).model_dump())


@api.get("/today")
def today_now(request: Request, caller: Annotated[Caller, needs(Right.STATUS)], world: TheWorld) -> TodayOut:
    """What came, what is in work, what stands still; counts only for who does not review."""
    return _look(request, caller, world)


@screens.post("/retry")
def retry_form(
    caller: Annotated[Caller, needs(Right.REVIEW)], world: TheWorld, scan_id: ScanIdText
) -> Response:
    _retry(caller, scan_id, world)
    return RedirectResponse("/", status_code=303)


@api.post("/scans/{scan_id}/retry", status_code=204)
def retry(caller: Annotated[Caller, needs(Right.REVIEW)], world: TheWorld, scan_id: str) -> None:
    """Have the machine try a quarantined or waiting scan again, from its original."""
    _retry(caller, scan_id, world)


def _retry(caller: Caller, scan_id: str, world: World) -> None:
    scan = fetch.whole_scan(caller.access, scan_id, world.services)
    review.retry(scan.scan_id, caller.access.actor, world.services)


# --- as shown -------------------------------------------------------------------------------
def _look(request: Request, caller: Caller, world: World) -> TodayOut:
    board: today.Board = request.app.state.board
    shown = _shown(board.today(caller.access, world.services), world.zone)
    shown.alerts += _glass(people.to_review(caller.access, world.services))
    return shown


def _glass(count: int) -> list[AlertOut]:
    """Charts opened by breaking the glass; counted only for whoever may look at them afterwards."""
    if not count:
        return []
    text = (
        "1 use of broken glass waits for review"
        if count == 1
        else f"{count} uses of broken glass wait for review"
    )
    return [
        AlertOut(
            key="glass",
            level=Level.WARN,
            urgency=_URGENCY[Level.WARN],
            text=text,
            hint="Somebody opened a chart that is closed to them.",
            href="/glass/review",
        )
    ]


def _shown(found: Today, zone: ZoneInfo) -> TodayOut:
    days = [
        DayOut(
            day=f"{d.day:%a %Y-%m-%d}",
            arrived=d.arrived,
            duplicates=d.duplicates,
            filed=d.filed,
            refiled=d.refiled,
            settled=d.settled,
            pages=d.pages,
            quarantined=d.quarantined,
        )
        for d in found.days
    ]
    listed = sum(work.stage is not Stage.FILING for work in found.work)
    return TodayOut(
        at=found.at.astimezone(zone).strftime("%H:%M:%S"),
        service=_service(found, zone),
        alerts=[
            AlertOut(key=a.key, level=a.level, urgency=_URGENCY[a.level], text=a.text, hint=a.hint)
            for a in found.alerts
        ],
        now=days[0],
        days=days,
        work=[_work(work) for work in found.work],
        queued=found.queued,
        queued_more=max(0, found.queued - listed),
        troubles=[_trouble(trouble, found.at, zone) for trouble in found.troubles],
        troubles_more=max(0, found.waiting + found.quarantined - len(found.troubles)),
        waiting=found.waiting,
        quarantined=found.quarantined,
        backlog=BacklogOut(
            in_review=found.backlog.in_review,
            parked=found.backlog.parked,
            questions=found.backlog.questions,
            oldest=_age(found.backlog.oldest, found.at),
            rescans=found.backlog.rescans,
            rechecks=found.backlog.rechecks,
            being_filed=found.backlog.being_filed,
        ),
        index=IndexOut(
            words=_index_words(found),
            behind=found.index.behind,
            rebuilding_percent=found.index.rebuilding_percent,
        ),
        disks=[
            DiskOut(
                places=", ".join(disk.places),
                level=disk.level,
                room=_ROOM[disk.level],
                free_bytes=disk.free_bytes,
                words=f"{render.sized(disk.free_bytes)} free of {render.sized(disk.total_bytes)}",
            )
            for disk in found.disks
        ],
        held=[HeldOut(source=_folder(source), why=why) for source, why in found.held],
        incidents=found.incidents,
        last_backup=f"{found.last_backup.astimezone(zone):%Y-%m-%d %H:%M}" if found.last_backup else "",
        names_shown=found.names_shown,
    )


def _work(work: Work) -> WorkOut:
    words = _STAGES[work.stage]
    if work.stage is Stage.READING:
        of = f" of {work.pages}" if work.pages else ""
        words = f"page {work.pages_read}{of} read"
    if work.stage is Stage.FILING:
        words = f"{work.documents} document{'' if work.documents == 1 else 's'} being filed"
    return WorkOut(
        scan_id=work.scan_id,
        name=_name(work),
        source=_folder(work.source),
        stage=work.stage,
        words=words,
        pages_read=work.pages_read,
        pages=work.pages,
    )


def _trouble(trouble: Trouble, now: datetime, zone: ZoneInfo) -> TroubleOut:
    retry_at = ""
    if trouble.state == ScanState.WAITING and trouble.retry_at is not None:
        local = trouble.retry_at.astimezone(zone)
        retry_at = "at once" if trouble.retry_at <= now else f"at {local:%H:%M:%S}"
    return TroubleOut(
        scan_id=trouble.scan_id,
        name=_name(trouble),
        source=_folder(trouble.source),
        state=trouble.state,
        code=trouble.code,
        meaning=trouble.meaning,
        hint=trouble.hint,
        since=trouble.since.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
        retry_at=retry_at,
    )


def _name(of: Work | Trouble) -> str:
    names = [render.printable(name) for name in of.names]
    more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
    return f"{names[0]}{more}" if names else f"file {of.scan_id[:_SHORT_ID]}"


def _folder(source: str) -> str:
    return "inbox" if source == "." else render.printable(source)


def _service(found: Today, zone: ZoneInfo) -> ServiceOut:
    state = found.service
    if state.is_running:
        words = "running"
    elif state.seen_at is None:
        words = "never ran here"
    else:
        words = f"not running since {state.seen_at.astimezone(zone):%Y-%m-%d %H:%M}"
    return ServiceOut(
        is_running=state.is_running, words=words, settling=state.settling, refused=state.refused
    )


def _index_words(found: Today) -> str:
    index = found.index
    if not index.is_enabled:
        return "switched off"
    if index.rebuilding_percent is not None:
        return f"being built anew, {index.rebuilding_percent} %"
    if index.problem:
        return f"cannot be read ({index.problem})"
    return f"{index.behind} changes behind" if index.behind else "up to date"


def _age(since: datetime | None, now: datetime) -> str:
    if since is None:
        return ""
    minutes = int((now - since).total_seconds() // 60)
    for length, unit in ((60 * 24, "day"), (60, "hour"), (1, "minute")):
        if minutes >= length:
            count = minutes // length
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"
