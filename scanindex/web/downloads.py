"""Files that leave: PDF/A, untouched original, print. Each is in the trail before it goes.

The files come straight from disk, as attachments under a name of ours, and with a policy under
which nothing in them would run, were one opened in the browser all the same.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response

from scanindex import fetch, handover
from scanindex.access_model import Right
from scanindex.handover import Handed
from scanindex.web import document_views as views
from scanindex.web import errors, render
from scanindex.web.guard import Caller, needs
from scanindex.web.headers import FILE_POLICY
from scanindex.web.world import TheWorld

screens = APIRouter()
api = APIRouter(tags=["downloads"])
Taker = Annotated[Caller, needs(Right.DOWNLOAD)]
Accepts = Annotated[
    bool, Query(description="Take it although it holds scripts, attachments or actions (active content).")
]
_FILE: dict[int | str, dict[str, Any]] = {200: {"content": {handover.PDF: {}, handover.BYTES: {}}}}


@screens.get("/documents/{document_id}/pdf")
@api.get("/documents/{document_id}/pdf", responses=errors.DESCRIBED | _FILE, response_class=Response)
def pdf(caller: Taker, world: TheWorld, document_id: str) -> Response:
    """The PDF/A of a filed document: its own pages, searchable."""
    return _file(handover.rendition(caller.access, document_id, world.services))


@api.get("/documents/{document_id}/original", responses=errors.DESCRIBED | _FILE, response_class=Response)
def original(
    caller: Taker, world: TheWorld, document_id: str, accept_active_content: Accepts = False
) -> Response:
    """The scan as received, where the caller may see every document in it."""
    handed = handover.original(
        caller.access, document_id, world.services, accepts_active=accept_active_content
    )
    return _file(handed)


@screens.get("/documents/{document_id}/original")
def original_screen(
    request: Request,
    caller: Taker,
    world: TheWorld,
    document_id: str,
    accept_active_content: bool = False,
) -> Response:
    """The same; one that may do something when opened is warned of first."""
    document = fetch.document(caller.access, document_id, world.services)
    scan = fetch.whole_scan(caller.access, document.scan_id, world.services)
    if handover.is_active(scan, world.services) and not accept_active_content:
        return render.page(request, "document_original.html", document=document)
    handed = handover.original(
        caller.access, document_id, world.services, accepts_active=accept_active_content
    )
    return _file(handed)


@screens.get("/documents/{document_id}/print")
def print_page(request: Request, caller: Taker, world: TheWorld, document_id: str) -> Response:
    """All pages below each other, with a line at the foot that says who printed them."""
    document = handover.printed(caller.access, document_id, world.services)
    return render.page(
        request,
        "document_print.html",
        document=document,
        pages=views.pages_of(document, views.readings(document, world.services)),
        printed_at=datetime.now(UTC),
    )


def _file(handed: Handed) -> Response:
    return FileResponse(
        handed.path,
        media_type=handed.media_type,
        filename=handed.name,
        content_disposition_type="attachment",
        headers={"content-security-policy": FILE_POLICY, "cache-control": "no-store"},
    )
