"""Sending scans through the browser: by drag and drop, from a folder, from a phone's camera.

A file goes to disk while it comes in, then into the inbox as `scanindex add` puts it there.
Who may not send is refused before any of it is read.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.datastructures import UploadFile as SentFile

from scanindex import uploads
from scanindex.access_model import Right
from scanindex.errors import InputError, TransientError, UsageError, by_code
from scanindex.model import DocumentState
from scanindex.uploads import Upload, UploadState
from scanindex.web import errors, render
from scanindex.web.guard import Caller, needs
from scanindex.web.world import TheWorld, World

screens = APIRouter()
api = APIRouter(tags=["uploads"])
Sender = Annotated[Caller, needs(Right.UPLOAD)]
_MOST_FILES, _MOST_FIELDS = 200, 10
_MOST_FOLDER_CHARACTERS = 1_000
ACCEPT = ".pdf,.tif,.tiff,.jpg,.jpeg,.png,.heic,.heif,.webp,.bmp,.gif,.jp2,.j2k"
_STATES = {
    UploadState.SETTLING: "received; the service takes it over in a moment",
    UploadState.QUEUED: "taken over; waits its turn",
    UploadState.READING: "pages are read",
    UploadState.WAITING: "waits",
    UploadState.QUARANTINED: "quarantined",
    UploadState.GONE: "somebody took it out of the inbox before it was read",
}
_DOCUMENTS = {
    DocumentState.FILED: "filed",
    DocumentState.IN_REVIEW: "in review",
    DocumentState.PROPOSED: "being filed",
    DocumentState.RESCAN_WANTED: "to be scanned again",
}
_LEVELS = {
    "received": "info",
    "reading": "info",
    "filed": "good",
    "in_review": "warn",
    "waiting": "warn",
    "quarantined": "bad",
    "gone": "bad",
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "folder": {
                            "type": "string",
                            "default": ".",
                            "maxLength": _MOST_FOLDER_CHARACTERS,
                            "description": "One of the folders of GET /uploads/folders.",
                        },
                    },
                }
            }
        },
    }
}


class UploadOut(BaseModel):
    upload_id: str
    scan_id: str
    """SHA-256 of the bytes: what it is known by everywhere."""
    name: str
    folder: str
    size_bytes: int
    at: str
    state: str
    """settling, queued, reading, decided, waiting, quarantined or gone."""
    badge: str
    """received, reading, filed, in_review, waiting, quarantined or gone: the one word for it."""
    level: str
    """good, info, warn or bad."""
    is_reading: bool
    message: str
    """The state in plain words."""
    hint: str
    code: str
    pages_read: int
    pages: int | None
    documents: dict[str, int]
    """State of a document to how many of them the file became."""
    is_duplicate: bool
    is_settled: bool
    """Nothing more happens to it without a person."""


class UploadsOut(BaseModel):
    uploads: list[UploadOut]
    open: int
    """Of them: on their way."""


class FolderOut(BaseModel):
    path: str
    label: str


class FoldersOut(BaseModel):
    folders: list[FolderOut]
    most_bytes: int


class RefusedOut(BaseModel):
    code: str
    message: str
    hint: str


# --- screens ------------------------------------------------------------------------------
@screens.get("/upload")
def upload_page(request: Request, caller: Sender, world: TheWorld) -> Response:
    return _page(request, caller, world, [])


@screens.post("/upload")
async def upload_form(request: Request, caller: Sender, world: TheWorld) -> Response:
    """Without script: all files of one form, answered when all are there."""
    form = await _form(request)
    refused = []
    for sent in form.getlist("file"):
        if isinstance(sent, SentFile) and sent.filename:
            try:
                await run_in_threadpool(_take, sent, _folder(form), caller, world)
            except (InputError, TransientError) as error:
                name, hint = _name_of(sent), errors.hint_of(error)
                refused.append({"name": name, "text": str(error), "hint": hint})
    if not refused:
        return RedirectResponse("/upload", status_code=303)
    return await run_in_threadpool(_page, request, caller, world, refused)


def _page(request: Request, caller: Caller, world: World, refused: list[dict[str, str]]) -> Response:
    settings = world.settings
    return render.page(
        request,
        "upload.html",
        status=422 if refused else 200,
        folders=uploads.folders(caller.access, world.services),
        most_bytes=min(settings.web.max_upload_bytes, settings.intake.max_bytes),
        uploads=_mine(caller, world).model_dump(),
        refused=refused,
        accept=ACCEPT,
    )


# --- API ----------------------------------------------------------------------------------
@api.post(
    "/uploads",
    status_code=201,
    response_model=UploadOut,
    openapi_extra=_BODY,
    responses={422: {"model": RefusedOut, "description": "Not taken: no bytes, no scan, or too large."}},
)
async def send(request: Request, caller: Sender, world: TheWorld) -> UploadOut:
    """Send one file to the inbox. What is certainly no scan is refused at once and not kept."""
    form = await _form(request)
    files = [sent for sent in form.getlist("file") if isinstance(sent, SentFile)]
    if len(files) != 1:
        raise UsageError("send exactly one file, as the form field `file`")
    return _shown(await run_in_threadpool(_take, files[0], _folder(form), caller, world), world)


@api.get("/uploads")
def mine(caller: Sender, world: TheWorld) -> UploadsOut:
    """What the caller sent last, newest first, and what became of each."""
    return _mine(caller, world)


@api.get("/uploads/folders")
def folders(caller: Sender, world: TheWorld) -> FoldersOut:
    """Where files can be sent to."""
    found = uploads.folders(caller.access, world.services)
    settings = world.settings
    return FoldersOut(
        folders=[FolderOut(path=one.path, label=one.label) for one in found],
        most_bytes=min(settings.web.max_upload_bytes, settings.intake.max_bytes),
    )


# --- inside -------------------------------------------------------------------------------
async def _form(request: Request) -> FormData:
    """The parts of a form; files lie in unnamed temporary files on disk."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise UsageError("files are sent as multipart/form-data")
    return await request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS)


def _folder(form: FormData) -> str:
    value = form.get("folder") or "."
    if not isinstance(value, str) or len(value) > _MOST_FOLDER_CHARACTERS:
        raise UsageError("no such inbox folder")
    return value


def _name_of(sent: SentFile) -> str:
    """As it was before the browser wrote it into the form (HTML, 4.10.21.8: three characters are escaped)."""
    name = sent.filename or "scan"
    for sign, character in (("%22", '"'), ("%0D", "\r"), ("%0A", "\n")):
        name = name.replace(sign, character)
    return name


def _take(sent: SentFile, folder: str, caller: Caller, world: World) -> Upload:
    try:
        return uploads.send(caller.access, sent.file, _name_of(sent), folder, world.services)
    finally:
        sent.file.close()


def _mine(caller: Caller, world: World) -> UploadsOut:
    shown = [_shown(one, world) for one in uploads.mine(caller.access, world.services)]
    return UploadsOut(uploads=shown, open=sum(not one.is_settled for one in shown))


def _shown(upload: Upload, world: World) -> UploadOut:
    return UploadOut(
        upload_id=upload.upload_id,
        scan_id=upload.scan_id,
        name=render.printable(upload.name.encode("utf-8", "replace").decode()) or "file",
        folder="inbox" if upload.folder == "." else render.printable(upload.folder),
        size_bytes=upload.size_bytes,
        at=upload.at.astimezone(world.zone).strftime("%Y-%m-%d %H:%M"),
        state=upload.state,
        badge=_badge(upload),
        level=_LEVELS[_badge(upload)],
        is_reading=upload.state is UploadState.READING,
        message=_message(upload) if upload.is_whole else _broken_off(world),
        hint=_hint(upload),
        code=upload.code,
        pages_read=upload.pages_read,
        pages=upload.pages,
        documents=dict(upload.documents),
        is_duplicate=upload.is_duplicate,
        is_settled=upload.is_settled,
    )


def _hint(upload: Upload) -> str:
    """Without the commands that the table names: who sends scans has none."""
    fault = by_code(upload.code) if upload.code else None
    return errors.hint_of(fault()) if fault else upload.hint


def _broken_off(world: World) -> str:
    minutes = max(1, round(world.settings.intake.incomplete_seconds / 60))
    return (
        "Its end is missing: it was cut off, or is no such file. Send the whole one; this one waits "
        f"{minutes} minute{'' if minutes == 1 else 's'} for its end and is then put aside."
    )


def _badge(upload: Upload) -> str:
    if not upload.is_whole:
        return "waiting"
    if upload.state in (UploadState.SETTLING, UploadState.QUEUED):
        return "received"
    if upload.state is not UploadState.DECIDED:
        return upload.state
    states = {state for state, _ in upload.documents}
    if states & {DocumentState.IN_REVIEW, DocumentState.RESCAN_WANTED}:
        return "in_review"
    return "reading" if DocumentState.PROPOSED in states else "filed"


def _message(upload: Upload) -> str:
    text = _STATES.get(upload.state, "")
    if upload.state is UploadState.READING:
        text = f"page {upload.pages_read}{f' of {upload.pages}' if upload.pages else ''} read"
    if upload.state is UploadState.DECIDED:
        text = _documents(upload)
    if upload.meaning:
        text = f"{text}: {upload.meaning}"
    if upload.is_duplicate:
        text = f"The same file was here before; it is not read again. {text[:1].upper()}{text[1:]}"
    return f"{text[:1].upper()}{text[1:]}"


def _documents(upload: Upload) -> str:
    pages = f"{upload.pages} page{'' if upload.pages == 1 else 's'}" if upload.pages else "read"
    parts = [
        f"{count} {_DOCUMENTS.get(DocumentState(state), state.replace('_', ' '))}"
        for state, count in upload.documents
    ]
    return f"{pages}; documents: {', '.join(parts)}" if parts else f"{pages}; nothing in it is for you to see"
