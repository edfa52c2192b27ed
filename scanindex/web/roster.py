"""What is done to records of the roster: merged and taken apart, linked, imported; and how the roster stands.

Two records are always shown beside each other first; the one to be retired is named by typing its
number; why is asked for and kept. Leaves out finding and adding (patients.py) and the doing (roster_work).
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile as SentFile

from scanindex import fetch, roster_work, trail
from scanindex.access_model import Right
from scanindex.errors import ConflictError, DatumDiffers, RosterRejected, UsageError
from scanindex.roster_work import Comparison
from scanindex.store import roster_merging
from scanindex.web import errors, render
from scanindex.web.guard import Caller, needs
from scanindex.web.search_shown import PersonOut, person
from scanindex.web.world import TheWorld, World

screens = APIRouter()
api = APIRouter(tags=["roster"])
Reader = Annotated[Caller, needs(Right.ROSTER)]
Merger = Annotated[Caller, needs(Right.ROSTER_MERGE)]
IdText = Annotated[str, Form(max_length=80)]
ReasonText = Annotated[str, Form(max_length=500)]
_Id = Field(min_length=1, max_length=80)
_Reason = Field(min_length=1, max_length=500)
_VERSIONS_SHOWN = 50
_CHUNK_BYTES = 1 << 20


class RosterVersionOut(BaseModel):
    version: int
    at: str
    patients: int
    what: dict[str, int]


class RosterOut(BaseModel):
    version: int
    patients: int
    versions: list[RosterVersionOut]
    """The last fifty, newest first."""
    waiting: int
    """Merges that imported files asked for and that wait."""


class MarkOut(BaseModel):
    start: int
    end: int


class ValueOut(BaseModel):
    text: str
    marks: list[MarkOut]
    """Characters in which it differs from the other record's."""


class RowOut(BaseModel):
    name: str
    loser: list[ValueOut]
    survivor: list[ValueOut]
    is_different: bool


class CompareIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    loser_id: str = _Id
    """The record to be retired (or the provisional one to be linked)."""
    survivor_id: str = _Id


class ComparisonOut(BaseModel):
    loser: PersonOut
    survivor: PersonOut
    rows: list[RowOut]
    loser_documents: int
    survivor_documents: int
    seen: str
    """To be sent with the merge or link: a change in between is noticed by it."""


class MergeIn(CompareIn):
    typed: str = Field(min_length=1, max_length=80)
    """The number of the record to be retired, by hand."""
    seen: str = Field(min_length=1, max_length=64)
    reason: str = _Reason


class LinkIn(CompareIn):
    seen: str = Field(min_length=1, max_length=64)
    reason: str = _Reason


class UnmergeIn(CompareIn):
    reason: str = _Reason


class MovedOut(BaseModel):
    documents: int
    """That changed hands and are filed again."""
    to_look_at: int = 0
    """Filed since, to be looked at again."""


class NoteOut(BaseModel):
    line: int
    code: str
    text: str


class ImportOut(BaseModel):
    is_dry_run: bool
    version: int
    rows: int
    added: int
    changed: int
    unchanged: int
    missing: int
    """Patients that the file does not hold; they stay."""
    error_count: int
    warning_count: int
    errors: list[NoteOut]
    """Lines that were not taken; lines and codes, never people."""
    warnings: list[NoteOut]


# --- API ------------------------------------------------------------------------------------
@api.get("/roster", responses=errors.DESCRIBED)
def status(caller: Reader, world: TheWorld) -> RosterOut:
    """Version in force, number of patients, the last versions."""
    return _status(world)


@api.post("/roster/compare", responses=errors.DESCRIBED)
def compare(asked: CompareIn, caller: Merger, world: TheWorld) -> ComparisonOut:
    """Two records beside each other, with the characters in which they differ."""
    return _comparison(_compared(asked.loser_id, asked.survivor_id, caller, world))


@api.post("/roster/merge", responses=errors.DESCRIBED)
def merge(asked: MergeIn, caller: Merger, world: TheWorld) -> MovedOut:
    """Retire one record into the other; its documents are filed again there. `unmerge` takes it back."""
    return MovedOut(documents=_merge(asked, caller, world))


@api.post("/roster/unmerge", responses=errors.DESCRIBED)
def unmerge(asked: UnmergeIn, caller: Merger, world: TheWorld) -> MovedOut:
    """Take a merge back: the documents that came with it go back."""
    moved, again = _unmerge(asked, caller, world)
    return MovedOut(documents=moved, to_look_at=again)


@api.post("/roster/link", responses=errors.DESCRIBED)
def link(asked: LinkIn, caller: Merger, world: TheWorld) -> MovedOut:
    """Say that a provisional patient is one of the roster; its documents are filed again there."""
    return MovedOut(documents=_link(asked, caller, world))


# --- screens: two records ---------------------------------------------------------------------
@screens.get("/patients/{patient_id}/merge")
def merge_page(request: Request, caller: Merger, world: TheWorld, patient_id: str) -> Response:
    """Choose the other record."""
    patient = fetch.patient(caller.access, patient_id, world.services)
    trail.seen(caller.access, "roster", world.services, patient_ids=[patient.patient_id])
    return render.page(request, "patient_merge.html", patient=person(patient), found=None, problem="")


@screens.post("/patients/{patient_id}/merge")
def compare_form(
    request: Request,
    caller: Merger,
    world: TheWorld,
    patient_id: str,
    other_id: IdText = "",
    survivor_id: IdText = "",
) -> Response:
    """The two beside each other; survivor_id: which of them stays, if it is not the one begun with."""
    patient = fetch.patient(caller.access, patient_id, world.services)
    if not other_id:
        return render.page(
            request,
            "patient_merge.html",
            status=422,
            patient=person(patient),
            found=None,
            problem="Pick the other record from the list that opens while you type.",
        )
    pair = (other_id, patient_id) if survivor_id != other_id else (patient_id, other_id)
    if patient.is_provisional:
        pair = (patient_id, other_id)  # the one from paper goes, whatever was asked
    return _compare_page(request, caller, world, *pair)


@screens.post("/roster/merge")
def merge_form(
    request: Request,
    caller: Merger,
    world: TheWorld,
    loser_id: IdText,
    survivor_id: IdText,
    seen: Annotated[str, Form(max_length=64)],
    typed: Annotated[str, Form(max_length=80)] = "",
    reason: ReasonText = "",
) -> Response:
    try:
        if not reason.strip():
            raise UsageError("say why; it is kept in the history")
        asked = MergeIn(
            loser_id=loser_id, survivor_id=survivor_id, seen=seen, typed=typed or "-", reason=reason
        )
        _merge(asked, caller, world)
    except (UsageError, DatumDiffers, ConflictError) as error:
        return _compare_page(
            request, caller, world, loser_id, survivor_id, status=409, problem=str(error), reason=reason
        )
    return RedirectResponse(f"/patients/{survivor_id}?merged", status_code=303)


@screens.post("/roster/link")
def link_form(
    request: Request,
    caller: Merger,
    world: TheWorld,
    loser_id: IdText,
    survivor_id: IdText,
    seen: Annotated[str, Form(max_length=64)],
    reason: ReasonText = "",
) -> Response:
    try:
        if not reason.strip():
            raise UsageError("say why; it is kept in the history")
        _link(LinkIn(loser_id=loser_id, survivor_id=survivor_id, seen=seen, reason=reason), caller, world)
    except (UsageError, ConflictError) as error:
        return _compare_page(
            request, caller, world, loser_id, survivor_id, status=409, problem=str(error), reason=reason
        )
    return RedirectResponse(f"/patients/{survivor_id}?linked", status_code=303)


@screens.post("/roster/unmerge")
def unmerge_form(
    caller: Merger,
    world: TheWorld,
    loser_id: IdText,
    survivor_id: IdText,
    note: ReasonText,
) -> Response:
    if not note.strip():
        raise UsageError("say why; it is kept in the history")
    _unmerge(UnmergeIn(loser_id=loser_id, survivor_id=survivor_id, reason=note), caller, world)
    return RedirectResponse(f"/patients/{survivor_id}?separated", status_code=303)


# --- screens: the roster ------------------------------------------------------------------------
@screens.get("/roster")
def roster_page(request: Request, caller: Reader, world: TheWorld) -> Response:
    return _roster_page(request, caller, world)


@screens.post("/roster/import")
async def import_form(request: Request, caller: Merger, world: TheWorld) -> Response:
    """A CSV file: only looked through, or taken as a new version of the roster."""
    form = await request.form(max_files=1, max_fields=10)
    sent = form.get("file")
    if not isinstance(sent, SentFile) or not sent.filename:
        return await run_in_threadpool(_roster_page, request, caller, world, problem="Choose a file.")
    is_dry = form.get("do") != "import"
    try:
        report = await run_in_threadpool(_import, sent, caller, world, is_dry)
    except RosterRejected as error:
        return await run_in_threadpool(_roster_page, request, caller, world, problem=f"{error} {error.hint}")
    return await run_in_threadpool(_roster_page, request, caller, world, report=report)


def _import(sent: SentFile, caller: Caller, world: World, is_dry: bool) -> ImportOut:
    with tempfile.TemporaryDirectory(prefix="roster-", dir=world.settings.var) as folder:
        path = Path(folder) / "roster.csv"
        with path.open("wb") as target:
            while part := sent.file.read(_CHUNK_BYTES):
                target.write(part)
        found = roster_work.import_file(caller.access, path, world.workspace, dry_run=is_dry)
    if not is_dry:
        world.file_soon(roster_work.being_filed(world.workspace))
    errors, warnings = (
        [NoteOut(line=line, code=code, text=text) for line, code, text in notes]
        for notes in (found.errors, found.warnings)
    )
    return ImportOut(
        is_dry_run=is_dry,
        version=found.version,
        rows=found.rows,
        added=found.added,
        changed=found.changed,
        unchanged=found.unchanged,
        missing=found.missing,
        error_count=found.error_count,
        warning_count=found.warning_count,
        errors=errors,
        warnings=warnings,
    )


def _roster_page(
    request: Request, caller: Caller, world: World, *, report: ImportOut | None = None, problem: str = ""
) -> Response:
    return render.page(
        request,
        "roster.html",
        status=422 if problem else 200,
        roster=_status(world),
        report=report,
        problem=problem,
        may_import=caller.access.may(Right.ROSTER_MERGE),
    )


# --- how ------------------------------------------------------------------------------------
def _compared(loser_id: str, survivor_id: str, caller: Caller, world: World) -> Comparison:
    found = roster_work.compared(caller.access, loser_id, survivor_id, world.workspace)
    shown = [found.loser.patient_id, found.survivor.patient_id]
    trail.seen(caller.access, "roster", world.services, patient_ids=shown)
    return found


def _compare_page(
    request: Request,
    caller: Caller,
    world: World,
    loser_id: str,
    survivor_id: str,
    *,
    status: int = 200,
    **more: Any,
) -> Response:
    found = _compared(loser_id, survivor_id, caller, world)
    return render.page(
        request,
        "patient_merge.html",
        status=status,
        patient=person(found.survivor),
        found=_comparison(found),
        number_kind="MRN" if found.loser.mrn else "birth date",
        **{"problem": "", "reason": ""} | more,
    )


def _merge(asked: MergeIn, caller: Caller, world: World) -> int:
    moved = roster_work.merge(
        caller.access,
        asked.loser_id,
        asked.survivor_id,
        asked.typed,
        asked.seen,
        asked.reason,
        world.workspace,
    )
    world.file_soon(roster_work.being_filed(world.workspace))
    return moved


def _unmerge(asked: UnmergeIn, caller: Caller, world: World) -> tuple[int, int]:
    found = roster_work.unmerge(
        caller.access, asked.survivor_id, asked.loser_id, asked.reason, world.workspace
    )
    world.file_soon(roster_work.being_filed(world.workspace))
    return found


def _link(asked: LinkIn, caller: Caller, world: World) -> int:
    moved = roster_work.link(
        caller.access, asked.loser_id, asked.survivor_id, asked.seen, asked.reason, world.workspace
    )
    world.file_soon(roster_work.being_filed(world.workspace))
    return moved


def _comparison(found: Comparison) -> ComparisonOut:
    return ComparisonOut(
        loser=person(found.loser),
        survivor=person(found.survivor),
        rows=[
            RowOut(
                name=row.name,
                loser=_side(row, 0),
                survivor=_side(row, 1),
                is_different=row.is_different,
            )
            for row in found.rows
        ],
        loser_documents=found.documents[0],
        survivor_documents=found.documents[1],
        seen=found.seen,
    )


def _side(row: roster_work.Row, side: int) -> list[ValueOut]:
    return [
        ValueOut(text=text, marks=[MarkOut(start=mark.start, end=mark.end) for mark in marked])
        for text, marked in zip(row.values[side], row.marks[side], strict=True)
    ]


def _status(world: World) -> RosterOut:
    roster = world.workspace.roster
    versions = [
        RosterVersionOut(
            version=one["version"],
            at=one["imported_at"][:16].replace("T", " "),
            patients=one["patients"],
            what={name: count for name, count in one["summary"].items() if count and name != "first_new"},
        )
        for one in reversed(roster.versions()[-_VERSIONS_SHOWN:])
    ]
    return RosterOut(
        version=roster.version(),
        patients=roster.patients(),
        versions=versions,
        waiting=len(roster_merging.waiting(world.workspace.catalog)),
    )
