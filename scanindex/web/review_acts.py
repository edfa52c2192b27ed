"""The desk over HTTP: take, settle, reject, park, ask, split, join, correct, undo.

The screen and other programs use the same routes. Every change carries the version that was
looked at; what a person decided is filed soon after, in the background.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from scanindex import desk, fetch
from scanindex.access_model import Right
from scanindex.desk import shown
from scanindex.errors import UsageError
from scanindex.model import (
    DocumentId,
    DocumentState,
    Identifier,
    PageKind,
    Patient,
    PatientId,
    PersonName,
    ScanId,
)
from scanindex.web.guard import Caller, needs
from scanindex.web.review_items import (
    ItemOut,
    beside,
    datum_out,
    item_out,
    person_out,
    title,
    titles_of,
)
from scanindex.web.review_shapes import (
    AcceptIn,
    AnswerIn,
    ChangeOut,
    ChangesOut,
    ClaimOut,
    ConfirmationOut,
    CountOut,
    CountsOut,
    DateIn,
    DoneOut,
    FollowerOut,
    FollowersOut,
    ItemsOut,
    JoinIn,
    NewPatientIn,
    NextIn,
    NoteIn,
    OwnOut,
    PageIn,
    PatientIn,
    RefusedOut,
    RejectIn,
    RunIn,
    RunOut,
    SplitIn,
    TurnIn,
    TypeIn,
    UndoneOut,
)
from scanindex.web.world import TheWorld, World

api = APIRouter(tags=["review"])
Reviewer = Annotated[Caller, needs(Right.REVIEW)]
Supervisor = Annotated[Caller, needs(Right.SUPERVISE)]
ItemId = Annotated[str, Path(min_length=1, max_length=80)]
FromVersion = Annotated[int, Query(ge=0, le=1_000_000)]


# --- the queue -------------------------------------------------------------------------------
@api.get("/review/counts")
def counts(caller: Reviewer, world: TheWorld) -> CountsOut:
    """What waits, as far as the caller may see it, and their own figures of today."""
    found = desk.counts(caller.access, world.services)
    own = own_today(caller, world)
    return CountsOut(
        waiting=found.waiting,
        parked=found.parked,
        questions=found.questions,
        second_key=found.second_key,
        claimed_by_others=found.claimed_by_others,
        is_more_for_others=found.is_more_for_others,
        by_source=_counts(found.by_source),
        by_reason=_counts(found.by_reason),
        by_age=_counts(found.by_age),
        by_batch=_counts(found.by_batch),
        by_type=_counts(found.by_type),
        own=OwnOut(
            items=own.items,
            pages=own.pages,
            pages_per_hour=own.pages_per_hour,
            median_seconds=own.median_seconds,
            keystrokes_per_item=own.keystrokes_per_item,
        ),
    )


def own_today(caller: Caller, world: World) -> desk.Figures:
    now = world.services.clock.now().astimezone(world.zone)
    since = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return desk.own_figures(caller.access, world.services, since)


def _counts(found: tuple[tuple[Any, int], ...]) -> list[CountOut]:
    return [CountOut(key=str(key), count=count) for key, count in found]


@api.post("/review/next")
def take_next(asked: NextIn, caller: Reviewer, world: TheWorld) -> ItemsOut:
    """Take the next item and `prefetch` more; their scans are the caller's from now on."""
    after = DocumentId(asked.after) if asked.after else None
    skipped = frozenset(DocumentId(one) for one in asked.skipped)
    found = desk.next_item(
        caller.access, asked.filters.filters(), world.services, after, asked.prefetch, skipped
    )
    return ItemsOut(items=[item_out(one, caller.access, world.services) for one in found])


@api.get("/review/items/{item_id}")
def show_item(item_id: ItemId, caller: Reviewer, world: TheWorld) -> ItemOut:
    """One item; takes nothing."""
    return item_out(
        desk.item(caller.access, DocumentId(item_id), world.services), caller.access, world.services
    )


@api.get("/review/items/{item_id}/changes")
def changes(item_id: ItemId, from_version: FromVersion, caller: Reviewer, world: TheWorld) -> ChangesOut:
    """What happened to it after that version."""
    found = desk.changes(caller.access, DocumentId(item_id), from_version, world.services)
    return ChangesOut(
        changes=[ChangeOut(version=c.version, at=c.at, by=c.actor, words=c.words) for c in found]
    )


@api.get("/review/items/{item_id}/following")
def following(item_id: ItemId, caller: Reviewer, world: TheWorld) -> FollowersOut:
    """What waits behind it in its scan: the run that may go to one patient."""
    titles = titles_of(world.settings)
    found = shown.following(caller.access, DocumentId(item_id), world.services)
    return FollowersOut(
        items=[
            FollowerOut(
                item_id=f.item_id,
                version=f.version,
                pages=list(f.pages),
                type_title=title(f.document_type, titles),
                service_date=f.service_date or "",
                name=f.name or "",
                mrn=f.mrn or "",
            )
            for f in found
        ]
    )


@api.post("/review/items/{item_id}/confirmation")
def confirmation(item_id: ItemId, asked: PatientIn, caller: Reviewer, world: TheWorld) -> ConfirmationOut:
    """What must be typed before it goes to somebody who was searched."""
    services = world.services
    patient = fetch.patient(caller.access, asked.patient_id, services)
    item = desk.item(caller.access, DocumentId(item_id), services)
    ask = shown.run_confirmation if asked.is_run else desk.confirmation
    datum = ask(caller.access, item.item_id, patient.patient_id, services)
    return ConfirmationOut(
        person=person_out(patient),
        confirmation=datum_out(datum, item, services),
        compared=beside(patient, item),
    )


@api.post("/review/scans/{scan_id}/claim")
def claim(scan_id: ItemId, caller: Reviewer, world: TheWorld) -> ClaimOut:
    """Keep a scan longer, or take it if it is free."""
    found = desk.renew(caller.access, ScanId(scan_id), world.services)
    return ClaimOut(scan_id=found.scan_id, until=found.until)


@api.post("/review/scans/{scan_id}/release", status_code=204)
def release(scan_id: ItemId, caller: Reviewer, world: TheWorld) -> None:
    """Give it back; harmless if it is not theirs."""
    desk.release(caller.access, ScanId(scan_id), world.services)


@api.post("/review/release", status_code=204)
def release_all(caller: Reviewer, world: TheWorld) -> None:
    """Give back all that the caller holds."""
    desk.release_all(caller.access, world.services)


# --- settling --------------------------------------------------------------------------------
@api.post("/review/items/{item_id}/accept")
def accept(item_id: ItemId, asked: AcceptIn, caller: Reviewer, world: TheWorld) -> DoneOut:
    """Say whose it is. 409 `datum_differs`: nothing was filed."""
    done = desk.accept(
        caller.access,
        DocumentId(item_id),
        asked.version,
        PatientId(asked.patient_id),
        asked.datum,
        known_type(asked.document_type, world),
        asked.service_date,
        asked.note,
        world.services,
        asked.seconds,
        asked.keystrokes,
    )
    return _done(done, world)


@api.post("/review/run")
def accept_run(asked: RunIn, caller: Reviewer, world: TheWorld) -> RunOut:
    """Settle items of one scan or batch to one patient, confirmed once on the first."""
    run = [(DocumentId(one.item_id), one.version) for one in asked.items]
    done = desk.accept_run(
        caller.access,
        run,
        PatientId(asked.patient_id),
        asked.datum,
        world.services,
        asked.note,
        asked.seconds,
        asked.keystrokes,
    )
    return RunOut(
        done=[_done(one, world) for one in done.done],
        refused=[RefusedOut(item_id=item_id, why=why) for item_id, why in done.refused],
    )


@api.post("/review/items/{item_id}/new-patient")
def new_patient(item_id: ItemId, asked: NewPatientIn, caller: Reviewer, world: TheWorld) -> DoneOut:
    """Somebody who is in no roster: registered as provisional, and the item is theirs."""
    done = desk.new_patient(
        caller.access,
        DocumentId(item_id),
        asked.version,
        _newcomer(asked, world),
        known_type(asked.document_type, world),
        asked.service_date,
        asked.note,
        world.services,
        asked.seconds,
        asked.keystrokes,
        asked.is_surely_new,
    )
    return _done(done, world)


def _newcomer(asked: NewPatientIn, world: World) -> Patient:
    authority = world.settings.site.mrn_authority
    number = asked.mrn.strip()
    name = PersonName(
        last=asked.last_name.strip(), first=asked.first_name.strip(), middle=asked.middle_name.strip()
    )
    return Patient(
        patient_id=PatientId(""),
        names=(name,),
        birth_date=asked.birth_date,
        sex=asked.sex or None,
        identifiers=(Identifier(authority=authority, type="mrn", value=number),) if number else (),
        is_provisional=True,
    )


@api.post("/review/items/{item_id}/reject")
def reject(item_id: ItemId, asked: RejectIn, caller: Reviewer, world: TheWorld) -> DoneOut:
    """Take it out of filing. The bytes stay."""
    done = desk.reject(
        caller.access,
        DocumentId(item_id),
        asked.version,
        DocumentState(asked.state),
        asked.note,
        world.services,
        asked.seconds,
        asked.keystrokes,
    )
    return _done(done, world)


@api.post("/review/items/{item_id}/park")
def park(item_id: ItemId, asked: NoteIn, caller: Reviewer, world: TheWorld) -> DoneOut:
    """Put it aside with a note."""
    return _done(
        desk.park(caller.access, DocumentId(item_id), asked.version, asked.note, world.services), world
    )


@api.post("/review/items/{item_id}/unpark")
def unpark(item_id: ItemId, caller: Reviewer, world: TheWorld) -> DoneOut:
    """Take it up again."""
    return _done(desk.unpark(caller.access, DocumentId(item_id), world.services), world)


@api.post("/review/items/{item_id}/ask")
def ask(item_id: ItemId, asked: NoteIn, caller: Reviewer, world: TheWorld) -> DoneOut:
    """Put a question to a supervisor."""
    return _done(
        desk.ask(caller.access, DocumentId(item_id), asked.version, asked.note, world.services), world
    )


@api.post("/review/items/{item_id}/note", status_code=204)
def keep_note(item_id: ItemId, asked: AnswerIn, caller: Reviewer, world: TheWorld) -> None:
    """Keep what is being typed until it is sent with `park`, `ask` or `reject`; an empty one is forgotten."""
    desk.keep_note(caller.access, DocumentId(item_id), asked.note, world.services)


@api.post("/review/items/{item_id}/answer")
def answer(item_id: ItemId, asked: AnswerIn, caller: Supervisor, world: TheWorld) -> DoneOut:
    """A supervisor answers; it is back in the queue."""
    return _done(desk.answer(caller.access, DocumentId(item_id), asked.note, world.services), world)


# --- correcting ------------------------------------------------------------------------------
@api.post("/review/items/{item_id}/split")
def split(item_id: ItemId, asked: SplitIn, caller: Reviewer, world: TheWorld) -> DoneOut:
    """A page begins another document."""
    done = desk.split(caller.access, DocumentId(item_id), asked.version, asked.before_page_no, world.services)
    return _done(done, world)


@api.post("/review/items/{item_id}/join")
def join(item_id: ItemId, asked: JoinIn, caller: Reviewer, world: TheWorld) -> DoneOut:
    """Its pages go to the document before it."""
    done = desk.join_previous(
        caller.access,
        DocumentId(item_id),
        asked.version,
        DocumentId(asked.previous_id),
        asked.previous_version,
        world.services,
    )
    return _done(done, world)


@api.post("/review/items/{item_id}/type")
def retype(item_id: ItemId, asked: TypeIn, caller: Reviewer, world: TheWorld) -> DoneOut:
    """Correct the type alone."""
    done = desk.retype(
        caller.access,
        DocumentId(item_id),
        asked.version,
        known_type(asked.document_type, world) or "",
        asked.note,
        world.services,
    )
    return _done(done, world)


@api.post("/review/items/{item_id}/date")
def redate(item_id: ItemId, asked: DateIn, caller: Reviewer, world: TheWorld) -> DoneOut:
    """Correct the clinical date alone; null: undated."""
    done = desk.redate(
        caller.access, DocumentId(item_id), asked.version, asked.service_date, asked.note, world.services
    )
    return _done(done, world)


@api.post("/review/items/{item_id}/blank")
def set_blank(item_id: ItemId, asked: PageIn, caller: Reviewer, world: TheWorld) -> DoneOut:
    """A page of it is an empty side: kept with the original, in no document."""
    done = desk.set_blank(
        caller.access, DocumentId(item_id), asked.version, asked.page_no, world.services, PageKind.BLANK
    )
    return _done(done, world)


@api.post("/review/items/{item_id}/rotate")
def rotate(item_id: ItemId, asked: TurnIn, caller: Reviewer, world: TheWorld) -> DoneOut:
    """Turn a page clockwise and have it read again so; takes seconds."""
    done = desk.rotate(
        caller.access, DocumentId(item_id), asked.version, asked.page_no, asked.degrees, world.services
    )
    return _done(done, world)


@api.post("/review/undo")
def undo(caller: Reviewer, world: TheWorld) -> UndoneOut:
    """Take back the caller's last act; again, and the one before it."""
    done = desk.undo(caller.access, world.services)
    return UndoneOut(kind=done.kind, item_ids=list(done.item_ids), words=done.words)


# --- inside ----------------------------------------------------------------------------------
def _done(done: desk.Done, world: World) -> DoneOut:
    if done.kind == desk.ACCEPTED and (scan_id := shown.scan_of(done.item_id, world.services)):
        world.file_soon([scan_id])
    return DoneOut(item_id=done.item_id, version=done.version, kind=done.kind, other_id=done.other_id)


def known_type(code: str | None, world: World) -> str | None:
    """Raises UsageError for a code of no type."""
    if code is not None and code not in titles_of(world.settings):
        raise UsageError("there is no document type of that code")
    return code
