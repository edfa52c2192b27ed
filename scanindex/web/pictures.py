"""Pictures of pages: of a document by its page, of a scan by its sheet.

Whoever looks at a page large enough to read it is written down, once per document and
session in a while; small thumbnails stand in lists that are written down themselves.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from scanindex import fetch, trail
from scanindex.access_model import Right
from scanindex.errors import NotFound
from scanindex.model import DocumentId, Scan
from scanindex.pictures import Width
from scanindex.web.guard import Caller, needs
from scanindex.web.world import TheWorld, World

api = APIRouter(tags=["pictures"])
screens = APIRouter()
PageNo = Annotated[int, Path(ge=1, le=100_000)]
Reader = Annotated[Caller, needs(Right.READ)]
_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {}, "image/jpeg": {}}, "description": "The page, upright."}
}
_AGAIN_SECONDS = 600.0
_REMEMBERED = 20_000


@screens.get("/pictures/{document_id}/{page_no}/{width}")
@api.get(
    "/documents/{document_id}/pages/{page_no}/picture/{width}", responses=_PICTURE, response_class=Response
)
def page_picture(
    request: Request, caller: Reader, world: TheWorld, document_id: str, page_no: PageNo, width: Width
) -> Response:
    """A page of a document, upright; `page_no` counts in the document."""
    document = fetch.document(caller.access, document_id, world.services)
    if page_no > len(document.pages):
        raise NotFound()
    scan_page_no = document.pages[page_no - 1]
    scan = fetch.scan_page(caller.access, document.scan_id, scan_page_no, world.services)
    if width != "thumb":
        note_view(request, caller, document.document_id, world)
    return picture(scan, scan_page_no, width, world)


@screens.get("/scans/{scan_id}/pictures/{scan_page_no}/{width}")
@api.get("/scans/{scan_id}/pages/{scan_page_no}/picture/{width}", responses=_PICTURE, response_class=Response)
def scan_picture(
    caller: Reader, world: TheWorld, scan_id: str, scan_page_no: PageNo, width: Width
) -> Response:
    """A page of a scan, upright; `scan_page_no` counts in the original."""
    scan = fetch.scan_page(caller.access, scan_id, scan_page_no, world.services)
    if width != "thumb":
        trail.seen(caller.access, "page", world.services, scan_id=scan.scan_id, scan_page_no=scan_page_no)
    return picture(scan, scan_page_no, width, world)


def picture(scan: Scan, scan_page_no: int, width: Width, world: World) -> Response:
    """The file's bytes; permission was asked before."""
    found, content = world.workspace.pictures.fetch(scan, scan_page_no, width, 0, world.services)
    return Response(content, media_type=found.media_type)


class Looked:
    """Which documents were looked at in which session lately, so that each is written down once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: OrderedDict[tuple[str, str], float] = OrderedDict()

    def is_new(self, who: str, document_id: str) -> bool:
        now, key = time.monotonic(), (who, document_id)
        with self._lock:
            before = self._seen.get(key)
            if before is not None and now - before < _AGAIN_SECONDS:
                return False
            self._seen[key] = now
            self._seen.move_to_end(key)
            while len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
        return True


def note_view(request: Request, caller: Caller, document_id: DocumentId, world: World) -> None:
    """Write down that the caller sees a document, unless it was a moment ago."""
    looked: Looked = request.app.state.looked
    who = caller.session.session_id if caller.session else caller.access.actor
    if looked.is_new(who, document_id):
        trail.seen(caller.access, "document", world.services, document_ids=[document_id])
