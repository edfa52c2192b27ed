"""A scan's pages as they stand, and what changes between its documents make of those.

What restack.py is made of. Promises: what was seen is still so when it is changed, or the change
is refused; what a document knows of its pages follows them; candidates are those the pages speak
for now. Leaves out what a person may want (restack).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scanindex import drawn_anew, filing, pipeline, revisions
from scanindex.errors import ConflictError, NotAllowedNow, NotFound
from scanindex.model import (
    Document,
    DocumentId,
    DocumentState,
    PageKind,
    PageReading,
    Scan,
    ScanId,
)
from scanindex.ports import Unit
from scanindex.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A scan as it stood when a change was asked for."""

    scan: Scan
    documents: Mapping[DocumentId, Document]
    holders: Mapping[int, DocumentId | None]
    kinds: Mapping[int, PageKind]
    names: tuple[str, ...]

    def holder(self, scan_page_no: int) -> Document | None:
        holder = self.holders[scan_page_no]
        return None if holder is None else self.documents[holder]


def stack_of(unit: Unit, scan_id: ScanId) -> Stack:
    scan = unit.scans.get(scan_id)
    if scan is None:
        raise NotFound(f"no scan {scan_id[:12]}")
    rows = unit.pages.of(scan_id)
    if not rows:
        raise NotAllowedNow(f"scan {scan_id[:12]} is {scan.state}; its pages have no places yet")
    return Stack(
        scan=scan,
        documents={d.document_id: d for d in unit.documents.all(scan_id=scan_id)},
        holders={no: holder for no, _, holder in rows},
        kinds={no: kind for no, kind, _ in rows},
        names=revisions.kept_for_scan(unit, scan_id),
    )


def known(stack: Stack, page_nos: Iterable[int]) -> list[int]:
    numbers = list(dict.fromkeys(page_nos))
    if strange := [no for no in numbers if no not in stack.holders]:
        raise NotFound(f"scan {stack.scan.scan_id[:12]} has no page {strange[0]}")
    return numbers


def involved(
    unit: Unit, stack: Stack, numbers: Sequence[int], expected: Mapping[DocumentId, int]
) -> list[Document]:
    """The documents that hold these pages, each as the asker saw it and free to change."""
    ids = dict.fromkeys(holder for no in numbers if (holder := stack.holders[no]) is not None)
    return [_expected(unit, document_id, expected) for document_id in ids]


def _expected(unit: Unit, document_id: DocumentId, expected: Mapping[DocumentId, int]) -> Document:
    if document_id not in expected:
        raise ConflictError(f"the pages stand in document {document_id} by now; look again")
    return revisions.changeable(unit, document_id, expected[document_id])


def target_of(
    unit: Unit, stack: Stack, document_id: DocumentId | None, expected: Mapping[DocumentId, int]
) -> Document | None:
    if document_id is None:
        return None
    if document_id not in stack.documents:
        raise NotFound(f"no document {document_id} of scan {stack.scan.scan_id[:12]}")
    return _expected(unit, document_id, expected)


def fresh_document(
    stack: Stack, givers: Sequence[Document], moving: Sequence[int], services: Services
) -> Document:
    """A new document that holds nothing yet, after one of the scan's."""
    like = next(iter(givers), None) or next(iter(stack.documents.values()), None)
    if like is None:
        raise NotAllowedNow("every page is set aside; bring one back as a document first")
    return dataclasses.replace(
        like,
        document_id=DocumentId(services.ids.new()),
        version=0,
        pages=(),
        state=DocumentState.IN_REVIEW,
        patient_id=None,
        findings=(),
        page_facts=(),
        ties=(),
        readings=(),
        is_break_sure=False,
        sensitivity=(),
        sensitivity_by_hand=(),
        created_at=services.clock.now(),
        filed_at=None,
        filed_version=None,
        recheck=(),
        replaced_by=None,
    )


def readings(
    stack: Stack, holding: Sequence[Document], moving: Sequence[int], services: Services
) -> dict[int, PageReading]:
    """The pages of these documents, and pages set aside that are to move, as read."""
    read = {r.scan_page_no: r for d in holding for r in pipeline.readings_of(stack.scan, d, services)}
    aside = [no for no in moving if stack.holders[no] is None]
    return read | revisions.read_aside(stack.scan, aside, stack.names, services)


def as_taken(
    stack: Stack,
    base: Document,
    givers: Sequence[Document],
    moving: Sequence[int],
    read: Mapping[int, PageReading],
    services: Services,
) -> Document:
    """The receiving document knowing what the moving pages say; labels only ever join."""
    aside = {no: read[no] for no in moving if stack.holders[no] is None}
    names = [name for giver in givers for name in giver.readings]
    if filed := [no for giver in givers if giver.filed_version for no in giver.pages if no in moving]:
        # They lie in the giver's folder, where nobody would look for them.
        kept = filing.words_gz([read[no] for no in filed])
        names.append(services.readings.keep_reading(stack.scan.scan_id, kept))
    taken = dataclasses.replace(
        base,
        findings=base.findings + tuple(f for g in givers for f in g.findings if f.scan_page_no in moving),
        page_facts=base.page_facts
        + tuple(f for g in givers for f in g.page_facts if f.scan_page_no in moving),
        readings=tuple(dict.fromkeys((*base.readings, *names))),
        sensitivity=tuple(
            dict.fromkeys([*base.sensitivity, *(label for g in givers for label in g.sensitivity)])
        ),
        sensitivity_by_hand=_by_hand(base, givers),
    )
    return revisions.with_found(taken, stack.scan, aside, stack.names if aside else (), services)


def _by_hand(base: Document, givers: Sequence[Document]) -> tuple[str, ...]:
    """What people added goes along; what they took away holds only where nobody else's pages came."""
    added = {mark for d in (base, *givers) for mark in d.sensitivity_by_hand if mark[0] == "+"}
    return tuple(sorted(added))


def without(
    giver: Document,
    gone: Sequence[int],
    read: Mapping[int, PageReading],
    reason: str,
    services: Services,
) -> Document:
    left = tuple(no for no in giver.pages if no not in gone)
    if not left:
        return dataclasses.replace(
            giver, version=giver.version + 1, state=DocumentState.SUPERSEDED, pages=(), recheck=()
        )
    return drawn_anew.proposed(revisions.with_pages(giver, left, reason), read, reason, services)


def still(unit: Unit, stack: Stack, seen: Sequence[Document], numbers: Sequence[int]) -> None:
    """Nothing that was planned with changed meanwhile. Raises ConflictError, NotAllowedNow."""
    for document in seen:
        revisions.changeable(unit, document.document_id, document.version)
    now = {no: holder for no, _, holder in unit.pages.of(stack.scan.scan_id)}
    if moved := [no for no in numbers if now.get(no) != stack.holders[no]]:
        raise ConflictError(f"page {moved[0]} of scan {stack.scan.scan_id[:12]} stands elsewhere by now")
