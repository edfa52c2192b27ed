"""The split strip: the pages of one scan put right between its documents.

Every act goes at once, with the versions that were looked at, and answers with the strip as it
is then; the scan is in the caller's hands from the first act (the screen claims it on opening).
Promises: only who may see every document of the scan sees its strip; undo takes back the
caller's acts on this scan only. The original stays untouched, whatever is done here. `item` says
from which item of the review somebody comes: a test item looks like one that waits here too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import RedirectResponse, Response

from scanindex import desk, fetch, restack, review, trail
from scanindex.access_model import Right
from scanindex.desk_model import Action
from scanindex.errors import ConflictError, NotAllowedNow, NotFound, UsageError
from scanindex.model import Document, DocumentId, PageKind, Scan
from scanindex.restack import StripPage
from scanindex.web import render
from scanindex.web.guard import Caller, needs
from scanindex.web.review_items import titles_of
from scanindex.web.strip_shapes import (
    AsideIn,
    JoinIn,
    MoveIn,
    RotateIn,
    SplitIn,
    StripOut,
    came_from,
    people_of,
    strip_out,
)
from scanindex.web.world import TheWorld, World

screens = APIRouter()
api = APIRouter(tags=["strip"])
Reviewer = Annotated[Caller, needs(Right.REVIEW)]
FromItem = Annotated[str, Query(max_length=80)]
ScanKey = Annotated[str, Path(min_length=1, max_length=80)]
Do = Literal["move", "split", "join", "blank", "separator", "turn", "undo"]
FormPages = Annotated[list[Annotated[int, Form(ge=1, le=100_000)]], Form(max_length=2_000)]
FormVersions = Annotated[list[Annotated[str, Form(max_length=100)]], Form(max_length=2_000)]
_PICTURES = ("thumb:256", "screen:1400", "full:2200")
_NOT_UNDONE = ("answered", "datum_differs")
"""Acts that undoing passes over."""
_RECENT = 50
_WORDS = {
    "pages_moved": "moving pages",
    "set_aside": "setting pages aside",
    "rotated": "turning a page",
    "split": "splitting",
    "joined": "joining",
}


# --- looking ---------------------------------------------------------------------------------
@screens.get("/scans/{scan_id}/strip")
def strip_page(
    request: Request, scan_id: ScanKey, caller: Reviewer, world: TheWorld, item: FromItem = ""
) -> Response:
    found = show(scan_id, caller, world, item)
    return render.page(
        request,
        "strip.html",
        strip=found,
        item=item,
        numbers={d.document_id: d.number for d in found.documents},
        versions=[f"{d.document_id}:{d.version}" for d in found.documents],
        strip_json=json.dumps(found.model_dump(mode="json")),
        pictures=_PICTURES,
    )


@api.get("/scans/{scan_id}/strip")
def show(scan_id: ScanKey, caller: Reviewer, world: TheWorld, item: FromItem = "") -> StripOut:
    """Every page once, in the order of the paper; takes nothing into anybody's hands."""
    scan = fetch.whole_scan(caller.access, scan_id, world.services)
    item_id = DocumentId(item) if item else None
    found = desk.strip(caller.access, scan.scan_id, world.services, item_id)
    return _told(found, scan, caller, world, is_first=True)


# --- acts ------------------------------------------------------------------------------------
@api.post("/scans/{scan_id}/strip/move")
def move(scan_id: ScanKey, asked: MoveIn, caller: Reviewer, world: TheWorld, item: FromItem = "") -> StripOut:
    """Hand pages to another document of the scan or to a new one; also brings set aside ones back."""
    scan = fetch.whole_scan(caller.access, scan_id, world.services)
    desk.end_tests(caller.access, _named(asked.versions, asked.to_document_id), world.services)
    versions = _ids(asked.versions)
    known = restack.strip(scan.scan_id, world.services)
    if asked.to_document_id is None and not known.documents:
        _rescue(asked.pages, scan, caller, world)
        return _after(scan, f"{_pages(asked.pages)} brought back", caller, world, item=item)
    to = DocumentId(asked.to_document_id) if asked.to_document_id else None
    if to is not None and to not in known.versions:
        raise fetch.refused(caller.access, "document", to, world.services)
    done = desk.move_pages(caller.access, scan.scan_id, asked.pages, to, versions, world.services)
    return _after(scan, f"{_pages(asked.pages)} moved to document {{}}", caller, world, done[0].item_id, item)


@api.post("/scans/{scan_id}/strip/set-aside")
def set_aside(
    scan_id: ScanKey, asked: AsideIn, caller: Reviewer, world: TheWorld, item: FromItem = ""
) -> StripOut:
    """Empty sides and separator sheets: kept with the original, in no document."""
    scan = fetch.whole_scan(caller.access, scan_id, world.services)
    desk.end_tests(caller.access, _named(asked.versions), world.services)
    known = restack.strip(scan.scan_id, world.services)
    wanted = set(asked.pages)
    if any(p.is_set_aside for p in known.pages if p.scan_page_no in wanted):
        raise NotAllowedNow("a page is set aside already; bring it back first")
    kind = PageKind(asked.kind)
    desk.set_aside(caller.access, scan.scan_id, asked.pages, kind, _ids(asked.versions), world.services)
    return _after(scan, f"{_pages(asked.pages)} set aside as {kind.value}", caller, world, item=item)


@api.post("/scans/{scan_id}/strip/rotate")
def rotate(
    scan_id: ScanKey, asked: RotateIn, caller: Reviewer, world: TheWorld, item: FromItem = ""
) -> StripOut:
    """Turn a page for good and have it read again so; answers when that is done, in some seconds."""
    scan = fetch.whole_scan(caller.access, scan_id, world.services)
    desk.end_tests(caller.access, _named([asked.document_id]), world.services)
    page = _page_in(scan, asked.page, asked.document_id, caller, world)
    assert page.document_id is not None and page.page_no is not None
    desk.rotate(caller.access, page.document_id, asked.version, page.page_no, asked.degrees, world.services)
    return _after(scan, f"page {asked.page} turned by {asked.degrees} degrees", caller, world, item=item)


@api.post("/scans/{scan_id}/strip/split")
def split(
    scan_id: ScanKey, asked: SplitIn, caller: Reviewer, world: TheWorld, item: FromItem = ""
) -> StripOut:
    """A page and what follows it in its document become a document of their own."""
    scan = fetch.whole_scan(caller.access, scan_id, world.services)
    desk.end_tests(caller.access, _named([asked.document_id]), world.services)
    page = _page_in(scan, asked.page, asked.document_id, caller, world)
    assert page.document_id is not None and page.page_no is not None
    done = desk.split(caller.access, page.document_id, asked.version, page.page_no, world.services)
    said = f"page {asked.page} begins document {{}}"
    return _after(scan, said, caller, world, done.other_id, item)


@api.post("/scans/{scan_id}/strip/join")
def join(scan_id: ScanKey, asked: JoinIn, caller: Reviewer, world: TheWorld, item: FromItem = "") -> StripOut:
    """The pages of a document go to another one of the scan, usually the one before it."""
    scan = fetch.whole_scan(caller.access, scan_id, world.services)
    desk.end_tests(caller.access, _named([asked.document_id, asked.previous_id]), world.services)
    known = restack.strip(scan.scan_id, world.services).versions
    for one in (asked.document_id, asked.previous_id):
        if one not in known:
            raise _gone(DocumentId(one), scan, caller, world)
    done = desk.join_previous(
        caller.access,
        DocumentId(asked.document_id),
        asked.version,
        DocumentId(asked.previous_id),
        asked.previous_version,
        world.services,
    )
    return _after(scan, "joined to document {}", caller, world, done.item_id, item)


@api.post("/scans/{scan_id}/strip/undo")
def undo(scan_id: ScanKey, caller: Reviewer, world: TheWorld, item: FromItem = "") -> StripOut:
    """Take back the caller's last act; again, and the one before it. Only acts on this scan."""
    scan = fetch.whole_scan(caller.access, scan_id, world.services)
    last = _last_act(caller, world)
    if last is None:
        raise NotAllowedNow("there is nothing of yours to undo")
    if last.scan_id != scan.scan_id:
        raise NotAllowedNow("your last act was on another scan; undo it in review")
    done = desk.undo(caller.access, world.services)
    return _after(scan, done.words, caller, world, item=item)


# --- without script --------------------------------------------------------------------------
@screens.post("/scans/{scan_id}/strip")
def act_form(
    scan_id: ScanKey,
    caller: Reviewer,
    world: TheWorld,
    do: Annotated[Do, Form()],
    pages: FormPages = [],  # noqa: B006  # FastAPI copies it
    version: FormVersions = [],  # noqa: B006
    to: Annotated[str, Form(max_length=80)] = "",
    degrees: Annotated[Literal[90, 180, 270], Form()] = 90,
    item: FromItem = "",
) -> Response:
    """The same acts as a form: pages are ticked, `version` is "id:version" of each document shown."""
    fetch.whole_scan(caller.access, scan_id, world.services)
    versions = _sent_versions(version)
    if do != "undo" and pages:
        desk.end_tests(caller.access, _named(versions), world.services)
    if do == "undo":
        undo(scan_id, caller, world)
    elif not pages:
        raise UsageError("tick the pages first")
    elif do == "move":
        move(scan_id, MoveIn(pages=pages, to_document_id=to or None, versions=versions), caller, world)
    elif do in ("blank", "separator"):
        kind: Literal["blank", "separator"] = "blank" if do == "blank" else "separator"
        set_aside(scan_id, AsideIn(pages=pages, kind=kind, versions=versions), caller, world)
    else:
        _one_page_form(scan_id, do, pages, versions, degrees, caller, world)
    back = f"?{urlencode({'item': item})}" if item else ""
    return RedirectResponse(f"/scans/{scan_id}/strip{back}", status_code=303)


def _one_page_form(
    scan_id: str,
    do: str,
    pages: list[int],
    versions: dict[str, int],
    degrees: Literal[90, 180, 270],
    caller: Caller,
    world: World,
) -> None:
    if len(pages) != 1:
        raise UsageError("tick one page for that")
    scan = fetch.whole_scan(caller.access, scan_id, world.services)
    known = restack.strip(scan.scan_id, world.services)
    holder = next((p.document_id for p in known.pages if p.scan_page_no == pages[0]), None)
    if holder is None:
        raise NotAllowedNow("bring that page back first")
    version = versions.get(holder, 0)
    if do == "split":
        split(scan_id, SplitIn(page=pages[0], document_id=holder, version=version), caller, world)
    elif do == "turn":
        turning = RotateIn(page=pages[0], document_id=holder, version=version, degrees=degrees)
        rotate(scan_id, turning, caller, world)
    else:
        order = [d.document_id for d in known.documents]
        at = order.index(holder)
        if at == 0:
            raise UsageError("there is no document before the first one")
        before = order[at - 1]
        joining = JoinIn(
            document_id=holder,
            version=version,
            previous_id=before,
            previous_version=versions.get(before, 0),
        )
        join(scan_id, joining, caller, world)


def _sent_versions(sent: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in sent:
        document_id, _, version = one.rpartition(":")
        if not document_id or not version.isdecimal() or len(version) > 9:
            raise UsageError("the form is not understood; open the strip again")
        found[document_id] = int(version)
    return found


# --- inside ----------------------------------------------------------------------------------
def _told(
    found: restack.Strip,
    scan: Scan,
    caller: Caller,
    world: World,
    said: str = "",
    *,
    is_first: bool = False,
) -> StripOut:
    services = world.services
    people = people_of(found.documents, caller.access, services)
    if is_first and people:
        patients = sorted({p.patient_id for p in people.values()})
        trail.seen(caller.access, "strip", services, (), patients, scan_id=scan.scan_id)
    with services.catalog.read() as unit:
        claim = unit.desk.holder(scan.scan_id, services.clock.now())
        givers = came_from(found, unit)
    last = _last_act(caller, world)
    can_undo = last is not None and last.scan_id == scan.scan_id
    undo_words = _WORDS.get(last.kind, last.kind.replace("_", " ")) if can_undo and last else ""
    titles = titles_of(world.settings)
    return strip_out(found, scan, people, titles, claim, caller.access, undo_words, said, givers)


def _after(
    scan: Scan,
    said: str,
    caller: Caller,
    world: World,
    document_id: DocumentId | None = None,
    item: str = "",
) -> StripOut:
    """The strip as it is after an act, saying what was done; "{}" becomes the document's number."""
    world.file_soon([scan.scan_id])
    found = restack.strip(scan.scan_id, world.services)
    if not caller.access.sees_all(found.documents):
        # What was just read again may have made a document one that is closed to them.
        raise fetch.refused(caller.access, "scan", scan.scan_id, world.services)
    order = [d.document_id for d in found.documents]
    number = order.index(document_id) + 1 if document_id in order else "?"
    now = fetch.whole_scan(caller.access, scan.scan_id, world.services)
    if item:
        found = desk.as_met(caller.access, found, DocumentId(item), world.services)
    return _told(found, now, caller, world, said.format(number))


def _page_in(scan: Scan, no: int, document_id: str, caller: Caller, world: World) -> StripPage:
    """The page, where it still stands in that document."""
    known = restack.strip(scan.scan_id, world.services)
    page = next((p for p in known.pages if p.scan_page_no == no), None)
    if page is None:
        raise fetch.refused(caller.access, "page", scan.scan_id, world.services)
    if page.document_id != document_id:
        raise ConflictError(f"page {no} stands somewhere else by now; look again")
    return page


def _gone(document_id: DocumentId, scan: Scan, caller: Caller, world: World) -> Exception:
    """Of a document that is not in the strip: it lost its pages since, or never was in this scan."""
    with world.services.catalog.read() as unit:
        document: Document | None = unit.documents.get(document_id)
    if document is not None and document.scan_id == scan.scan_id:
        return ConflictError(f"the pages of document {document_id} stand in another document by now")
    missing: NotFound = fetch.refused(caller.access, "document", document_id, world.services)
    return missing


def _rescue(pages: Sequence[int], scan: Scan, caller: Caller, world: World) -> None:
    """Pages of a scan that has no document at all become one."""
    services, actor = world.services, caller.access.actor
    desk.refuse_others(scan.scan_id, actor, services)
    first, *more = dict.fromkeys(pages)
    made = review.rescue(scan.scan_id, actor, services, first)
    if more:
        versions = {made.document_id: made.version}
        desk.move_pages(caller.access, scan.scan_id, more, made.document_id, versions, services)


def _last_act(caller: Caller, world: World) -> Action | None:
    """What `desk.undo` would take back."""
    with world.services.catalog.read() as unit:
        recent = unit.desk.recent(caller.access.actor, _RECENT)
    return next((a for a in recent if not a.is_undone and a.kind not in _NOT_UNDONE), None)


def _named(ids: Iterable[str], *more: str | None) -> list[DocumentId]:
    return [DocumentId(one) for one in (*ids, *more) if one]


def _ids(versions: dict[str, int]) -> dict[DocumentId, int]:
    return {DocumentId(one): version for one, version in versions.items()}


def _pages(numbers: Sequence[int]) -> str:
    named = sorted(set(numbers))
    if len(named) == 1:
        return f"page {named[0]}"
    if named[-1] - named[0] + 1 == len(named):
        return f"pages {named[0]} to {named[-1]}"
    return f"{len(named)} pages"
