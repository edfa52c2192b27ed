"""The pages of a scan at the desk: moved, set aside, turned (restack.py), with claim and undo.

Reading pages again takes its time, so these are not one transaction with the desk's own
rows: what is done is done, and only then kept for undo. Who comes from a test item sees the strip
with that item in the place of the filed paper it shows; what they do to it ends the test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from scanindex import restack
from scanindex.access_model import Access, Right
from scanindex.desk import hands, seeds
from scanindex.desk.acting import Done
from scanindex.desk_model import Action, SeedOutcome
from scanindex.errors import ConflictError, NotFound
from scanindex.model import Document, DocumentId, PageKind, ScanId
from scanindex.ports import Unit
from scanindex.services import Services


@hands.watched
def strip(
    access: Access, scan_id: ScanId, services: Services, item_id: DocumentId | None = None
) -> restack.Strip:
    """Every page of a scan; only for who may see all of its documents. Raises NotFound.

    item_id: what they have in hand, if they come from an item.
    """
    hands.need(access, Right.REVIEW)
    found = restack.strip(scan_id, services)
    if not access.sees_all(found.documents):
        raise NotFound(f"no scan {scan_id[:12]}")
    hands.note_seen(access, [d.document_id for d in found.documents], [], services)
    return found if item_id is None else as_met(access, found, item_id, services)


def as_met(access: Access, found: restack.Strip, item_id: DocumentId, services: Services) -> restack.Strip:
    """A strip as it is from this item: of a test item it shows what the item shows, while it waits."""
    with services.catalog.read() as unit:
        try:
            held = hands.seen_or_missing(access, item_id, unit)
        except NotFound:
            return found
    seed, document = held.seed, held.document
    if seed is None:
        return found
    pages = tuple(
        replace(
            page,
            document_id=item_id,
            version=document.version,
            state=document.state,
            is_changeable=True,
        )
        if page.document_id == seed.origin
        else page
        for page in found.pages
    )
    documents = tuple(document if d.document_id == seed.origin else d for d in found.documents)
    return replace(found, pages=pages, documents=documents)


@hands.watched
def end_tests(access: Access, item_ids: Iterable[DocumentId], services: Services) -> None:
    """Before pages move: a test item among what is to change ends, as if somebody had been quicker.

    Its pages stand in a filed document, where nothing may change. Raises ConflictError.
    """
    hands.need(access, Right.REVIEW)
    is_ended = False
    with services.catalog.write() as unit:
        for item_id in item_ids:
            seed = unit.desk.seed(item_id)
            if seed is not None and seed.outcome is None:
                hands.hold(access, seed.document.scan_id, unit, services)
                seeds.settle(seed, SeedOutcome.SPOILED, access.actor, None, unit, services)
            is_ended = is_ended or seed is not None
    if is_ended:
        raise ConflictError("a page stands somewhere else by now; look again")


@hands.watched
def move_pages(
    access: Access,
    scan_id: ScanId,
    page_nos: Sequence[int],
    to_document_id: DocumentId | None,
    expected_versions: Mapping[DocumentId, int],
    services: Services,
) -> tuple[Done, ...]:
    """See `restack.move_pages`; page numbers count in the scan."""
    hands.need(access, Right.REVIEW)
    return _restacked(
        access,
        scan_id,
        "pages_moved",
        lambda: restack.move_pages(
            scan_id, page_nos, to_document_id, expected_versions, access.actor, services
        ),
        services,
        detail=_aside(scan_id, page_nos, services),
    )


@hands.watched
def set_aside(
    access: Access,
    scan_id: ScanId,
    page_nos: Sequence[int],
    kind: PageKind,
    expected_versions: Mapping[DocumentId, int],
    services: Services,
) -> tuple[Done, ...]:
    """See `restack.set_aside`: BLANK or SEPARATOR."""
    hands.need(access, Right.REVIEW)
    return _restacked(
        access,
        scan_id,
        "set_aside",
        lambda: restack.set_aside(scan_id, page_nos, kind, expected_versions, access.actor, services),
        services,
        detail=_aside(scan_id, page_nos, services),
    )


@hands.watched
def set_blank(
    access: Access,
    item_id: DocumentId,
    version: int,
    page_no: int,
    services: Services,
    kind: PageKind = PageKind.BLANK,
) -> Done:
    """Page `page_no` (in the document) is an empty side or a separator sheet."""
    held = _of_item(access, item_id, page_no, services)
    if held.seed:
        return _spoil(access, item_id, "set_aside", services)
    document = held.document
    done = set_aside(
        access, document.scan_id, [document.pages[page_no - 1]], kind, {item_id: version}, services
    )
    return next((d for d in done if d.item_id == item_id), done[0])


@hands.watched
def rotate(
    access: Access, item_id: DocumentId, version: int, page_no: int, degrees: int, services: Services
) -> Done:
    """Turn page `page_no` (in the document) clockwise and have it read again so; takes seconds."""
    held = _of_item(access, item_id, page_no, services)
    if held.seed:
        return _spoil(access, item_id, "rotated", services)
    no = held.document.pages[page_no - 1]
    done = _restacked(
        access,
        held.document.scan_id,
        "rotated",
        lambda: (restack.rotate(held.document.scan_id, no, degrees, version, access.actor, services),),
        services,
        detail=f"{no}:{degrees}",
    )
    return done[0]


# --- inside --------------------------------------------------------------------------------
def _of_item(access: Access, item_id: DocumentId, page_no: int, services: Services) -> hands.Held:
    hands.need(access, Right.REVIEW)
    with services.catalog.read() as unit:
        held = hands.seen_or_missing(access, item_id, unit)
    if not 1 <= page_no <= len(held.document.pages):
        raise NotFound(f"document {item_id} has no page {page_no}")
    return held


def _aside(scan_id: ScanId, page_nos: Sequence[int], services: Services) -> str:
    """ "2:blank,5:separator": as what those of these pages lie aside, for undoing."""
    with services.catalog.read() as unit:
        places = unit.pages.of(scan_id)
    asked = set(page_nos)
    found = [
        f"{no}:{kind.value}"
        for no, kind, holder in places
        if no in asked and holder is None and kind in restack.ASIDE
    ]
    return ",".join(found)


def _restacked(
    access: Access,
    scan_id: ScanId,
    kind: str,
    change: Callable[[], Iterable[Document]],
    services: Services,
    detail: str = "",
) -> tuple[Done, ...]:
    hands.need(access, Right.REVIEW)
    with services.catalog.write() as unit:
        before = unit.documents.all(scan_id=scan_id)
        if not before or not access.sees_all(before):
            raise NotFound(f"no scan {scan_id[:12]}")
        hands.hold(access, scan_id, unit, services)
    changed = tuple(change())
    with services.catalog.write() as unit:
        _keep(access, scan_id, kind, detail, before, changed, unit, services)
    return tuple(Done(item_id=d.document_id, version=d.version, kind=kind) for d in changed)


def _keep(
    access: Access,
    scan_id: ScanId,
    kind: str,
    detail: str,
    before: Sequence[Document],
    changed: Sequence[Document],
    unit: Unit,
    services: Services,
) -> None:
    ids = {d.document_id for d in changed}
    # Pages that were set aside and still are change no document; the act is kept by the scan's first.
    first = changed[0] if changed else before[0]
    unit.desk.did(
        Action(
            group=services.ids.new(),
            actor=access.actor,
            at=services.clock.now(),
            kind=kind,
            item_id=first.document_id,
            scan_id=scan_id,
            version_after=first.version,
            pages=0,
            before=tuple(d for d in before if d.document_id in ids),
            after=tuple((d.document_id, d.version) for d in changed),
            event_seq=unit.events.last_seq(),
            detail=detail,
        )
    )


def _spoil(access: Access, item_id: DocumentId, kind: str, services: Services) -> Done:
    with services.catalog.write() as unit:
        seed = unit.desk.seed(item_id)
        if seed is None:
            raise NotFound(f"no document {item_id}")
        seeds.settle(seed, SeedOutcome.SPOILED, access.actor, None, unit, services)
    return Done(item_id=item_id, version=seed.document.version + 1, kind=kind)
