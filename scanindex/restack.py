"""Putting a stack right: pages of one scan between its documents, set aside, or turned upright.

The use cases behind the split strip; `review` has those that take whole documents. Promises:
every page of the scan stays in exactly one place; pages lie in the order of the paper; every
touched document comes back to review with its fields and candidates drawn anew from the pages it
holds now; the original is untouched and an earlier reading is kept. Only documents that are not
filed change (`review.reopen` a filed one first); a stale version is refused. Leaves out who may.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scanindex import documents, drawn_anew, filing, pipeline, revisions, sensitivity, stacks
from scanindex.errors import NotAllowedNow, UsageError
from scanindex.model import (
    Document,
    DocumentId,
    DocumentState,
    PageFacts,
    PageKind,
    PageReading,
    Scan,
    ScanId,
)
from scanindex.reread import with_other
from scanindex.services import Services
from scanindex.turning import BY_PERSON, turned

ASIDE = (PageKind.BLANK, PageKind.SEPARATOR)
_TURNS = (90, 180, 270)


@dataclass(frozen=True, slots=True, kw_only=True)
class StripPage:
    """One side of the paper, and where it stands."""

    scan_page_no: int
    kind: PageKind
    document_id: DocumentId | None
    """None: set aside."""
    version: int | None
    state: DocumentState | None
    page_no: int | None
    """In its document, from 1."""
    is_changeable: bool
    """False: its document is filed or about to be."""
    rotation_degrees: int | None
    """Clockwise turn that makes the archived picture upright; None where nobody knows it."""
    is_turned_by_person: bool
    faults: tuple[str, ...] = ()
    """Why its picture is poor (codes of `quality.WORDS`)."""

    @property
    def is_set_aside(self) -> bool:
        return self.document_id is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """Every page of a scan exactly once, in the order of the paper."""

    scan_id: ScanId
    pages: tuple[StripPage, ...]
    documents: tuple[Document, ...] = field(repr=False)
    """Those that hold its pages, in the order of their first page; for `Access.sees_all`."""

    @property
    def versions(self) -> dict[DocumentId, int]:
        """To be given back as `expected_versions`."""
        return {document.document_id: document.version for document in self.documents}


# --- looking -----------------------------------------------------------------------------------
def strip(scan_id: ScanId, services: Services) -> Strip:
    """Raises NotFound for an unknown scan, NotAllowedNow where its pages have no places yet."""
    with services.catalog.read() as unit:
        stack = stacks.stack_of(unit, scan_id)
    place = documents.place_of(stack.scan.preset.page_order, len(stack.holders))
    order = sorted(stack.holders, key=place)
    holding = [document for no in order if (document := stack.holder(no)) is not None]
    return Strip(
        scan_id=scan_id,
        pages=tuple(_strip_page(stack, no) for no in order),
        documents=tuple({document.document_id: document for document in holding}.values()),
    )


def _strip_page(stack: stacks.Stack, no: int) -> StripPage:
    document, turn = stack.holder(no), stack.scan.turn_of(no)
    facts = next((f for f in document.page_facts if f.scan_page_no == no), None) if document else None
    return StripPage(
        scan_page_no=no,
        kind=stack.kinds[no],
        document_id=document.document_id if document else None,
        version=document.version if document else None,
        state=document.state if document else None,
        page_no=document.pages.index(no) + 1 if document else None,
        is_changeable=document is None or document.state in revisions.CHANGEABLE,
        rotation_degrees=_shown(turn, facts),
        is_turned_by_person=turn is not None,
        faults=facts.faults if facts else (),
    )


def _shown(turn: int | None, facts: PageFacts | None) -> int | None:
    if turn is None and facts is not None:
        return facts.rotation_degrees
    return turn


# --- moving ------------------------------------------------------------------------------------
def move_pages(
    scan_id: ScanId,
    page_nos: Iterable[int],
    to_document_id: DocumentId | None,
    expected_versions: Mapping[DocumentId, int],
    actor: str,
    services: Services,
) -> tuple[Document, ...]:
    """Hand pages of a scan to another of its documents, or to a new one (None).

    Pages set aside come back by it as well. expected_versions: of every document that gives or
    takes (more do no harm). Returns what changed, the receiving document first; one that gave
    its last page is superseded. Raises NotFound, ConflictError, NotAllowedNow, UsageError.
    """
    with services.catalog.read() as unit:
        stack = stacks.stack_of(unit, scan_id)
        moving = [
            no
            for no in stacks.known(stack, page_nos)
            if to_document_id is None or stack.holders[no] != to_document_id
        ]
        givers = stacks.involved(unit, stack, moving, expected_versions)
        target = stacks.target_of(unit, stack, to_document_id, expected_versions)
    if not moving:
        raise UsageError("name pages that do not stand in that document already")
    reason = f"Pages moved by {actor}."
    fresh = target is None
    base = target or stacks.fresh_document(stack, givers, moving, services)
    read = stacks.readings(stack, [*givers, *([] if fresh else [base])], moving, services)
    taken = stacks.as_taken(stack, base, givers, moving, read, services)
    pages = {*(() if fresh else base.pages), *moving}
    with services.catalog.read() as unit:
        ordered = revisions.as_on_paper(pages, scan_id, unit)
    grown = drawn_anew.proposed(revisions.with_pages(taken, ordered, reason), read, reason, services)
    if fresh:
        grown = dataclasses.replace(grown, version=1)
    shrunk = [stacks.without(giver, moving, read, reason, services) for giver in givers]
    with services.catalog.write() as unit:
        stacks.still(unit, stack, [*givers, *([] if fresh else [base])], moving)
        aside = [no for no in moving if stack.holders[no] is None]
        unit.pages.move(scan_id, moving, grown.document_id)
        unit.pages.mark(scan_id, dict.fromkeys(aside, PageKind.CONTENT))
        more: dict[str, Any] = {
            "pages_moved": moving,
            "kinds_now": revisions.told(dict.fromkeys(aside, PageKind.CONTENT)),
        }
        for before, after in zip(givers, shrunk, strict=True):
            revisions.store(unit, after, before, "pages_moved", actor, pages_moved=moving)
        if fresh:
            unit.documents.add(grown)
            unit.events.append(
                "pages_moved", actor, document_id=grown.document_id, scan_id=scan_id, document=grown, **more
            )
        else:
            revisions.store(unit, grown, base, "pages_moved", actor, **more)
    return (grown, *shrunk)


def set_aside(
    scan_id: ScanId,
    page_nos: Iterable[int],
    kind: PageKind,
    expected_versions: Mapping[DocumentId, int],
    actor: str,
    services: Services,
) -> tuple[Document, ...]:
    """Take pages out of their documents as blank sides or separator sheets; they stay with the original.

    `move_pages`, `review.take_in` and `review.rescue` bring them back. Returns the documents that
    changed; one that lost its last page is superseded. Refuses a page that could not be read:
    nobody knows what stands on it.
    """
    if kind not in ASIDE:
        raise UsageError("pages are set aside as blank or separator")
    with services.catalog.read() as unit:
        stack = stacks.stack_of(unit, scan_id)
        numbers = stacks.known(stack, page_nos)
        givers = stacks.involved(unit, stack, numbers, expected_versions)
    if unread := [no for no in numbers if stack.kinds[no] is PageKind.FAILED]:
        raise NotAllowedNow(f"page {unread[0]} could not be read; scan it again or keep the paper")
    if not numbers or all(stack.holders[no] is None and stack.kinds[no] is kind for no in numbers):
        raise UsageError("name pages that are not set aside so already")
    reason = f"Pages set aside by {actor}."
    read = stacks.readings(stack, givers, [], services)
    shrunk = [stacks.without(giver, numbers, read, reason, services) for giver in givers]
    kinds = dict.fromkeys(numbers, kind)
    with services.catalog.write() as unit:
        stacks.still(unit, stack, givers, numbers)
        unit.pages.move(scan_id, numbers, None)
        unit.pages.mark(scan_id, kinds)
        for before, after in zip(givers, shrunk, strict=True):
            revisions.store(unit, after, before, "pages_left", actor, pages_left=numbers)
        unit.events.append(
            "pages_set_aside", actor, scan_id=scan_id, set_aside=numbers, kinds_now=revisions.told(kinds)
        )
    return tuple(shrunk)


# --- turning -----------------------------------------------------------------------------------
def rotate(
    scan_id: ScanId,
    page_no: int,
    degrees: int,
    expected_version: int,
    actor: str,
    services: Services,
    *,
    is_back: bool = False,
) -> Document:
    """Turn a page clockwise by 90, 180 or 270 degrees from how it stands, and read it again so.

    page_no: in the scan. Takes as long as reading a page. The turn belongs to the page: it holds
    for every later reading and wherever the page goes. What was read before stays with the new
    reading; where nothing can be read at the new turn the earlier words are turned along.
    is_back: an earlier turn is taken back; nothing of it is left among the document's reasons.
    """
    if degrees not in _TURNS:
        raise UsageError("turn by 90, 180 or 270 degrees")
    with services.catalog.read() as unit:
        stack = stacks.stack_of(unit, scan_id)
        stacks.known(stack, [page_no])
        holder = stack.holder(page_no)
        if holder is None:
            raise NotAllowedNow(f"page {page_no} is set aside; bring it back first")
        before = revisions.changeable(unit, holder.document_id, expected_version)
    read = stacks.readings(stack, [before], [], services)
    told = stack.scan.turn_of(page_no)
    turn = ((read[page_no].rotation_degrees if told is None else told) + degrees) % 360
    scan = dataclasses.replace(stack.scan, turns=_turns(stack.scan, page_no, turn))
    try:
        new = _chosen(read[page_no], services.workers.reread_page(scan, page_no), turn)
    finally:
        services.workers.rest(scan_id)
    name = services.readings.keep_reading(scan_id, filing.words_gz([new]))
    by = "" if is_back else actor
    after = _turned_document(before, scan, {**read, page_no: new}, new, name, by, services)
    with services.catalog.write() as unit:
        stacks.still(unit, stack, [before], [page_no])
        now = unit.scans.get(scan_id) or scan
        changed = unit.scans.change(scan_id, turns=_turns(now, page_no, turn))
        kinds = {page_no: new.kind}
        unit.pages.mark(scan_id, kinds)
        revisions.store(
            unit,
            after,
            before,
            "page_turned",
            actor,
            scan=changed,
            page=page_no,
            turn=turn,
            kinds_now=revisions.told(kinds),
        )
    return after


def _turns(scan: Scan, page_no: int, turn: int) -> tuple[tuple[int, int], ...]:
    return tuple(sorted({**dict(scan.turns), page_no: turn}.items()))


def _chosen(old: PageReading, new: PageReading, turn: int) -> PageReading:
    """The reading at the person's turn, the earlier one's text with it."""
    if new.kind is PageKind.FAILED:
        kept = turned(old, turn)
        if BY_PERSON in kept.problems:
            return kept
        return dataclasses.replace(kept, problems=(*kept.problems, BY_PERSON))
    if old.kind is PageKind.CONTENT and new.kind is not PageKind.CONTENT:
        new = dataclasses.replace(new, kind=PageKind.CONTENT)  # a turn sets no page aside
    return with_other(new, old, "reread")


def _turned_document(
    before: Document,
    scan: Scan,
    read: Mapping[int, PageReading],
    new: PageReading,
    name: str,
    actor: str,
    services: Services,
) -> Document:
    """As it is with the page's new reading; what a person had said of type and date stays."""
    no = new.scan_page_no
    found = pipeline.find(new, scan.received_at, services)
    told = [f for f in before.page_facts if f.scan_page_no != no] + [*pipeline.facts_of([new], services)]
    known = dataclasses.replace(
        before,
        findings=(*(f for f in before.findings if f.scan_page_no != no), *found.findings),
        page_facts=tuple(sorted(told, key=lambda facts: facts.scan_page_no)),
        readings=(*(kept for kept in before.readings if kept != name), name),
    )
    reason = f"Page {before.pages.index(no) + 1} turned by {actor}." if actor else ""
    after = revisions.back_in_review(dataclasses.replace(known, fields=revisions.fields_of(known)), reason)
    if before.document_type == before.fields.document_type or before.document_type is None:
        read_type = scan.preset.document_type or after.fields.document_type
        after = dataclasses.replace(after, document_type=read_type or before.document_type)
    if before.service_date == before.fields.service_date or before.service_date is None:
        after = dataclasses.replace(after, service_date=after.fields.service_date or before.service_date)
    text = "\n".join(read[number].text for number in before.pages)
    labels = sensitivity.labels(text, after, None, services.settings.sensitivity)
    return drawn_anew.proposed(dataclasses.replace(after, sensitivity=labels), read, reason, services)
