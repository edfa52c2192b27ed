"""What somebody names by an id from outside, if they may see it: the one way from an id to a thing.

Screens, API and command line take every document, patient, scan and page from here. Promises:
what may not be seen is answered exactly as what is not there (`NotFound`, the same words), and
either is written down as refused, so that not even the time it takes tells them apart. Only who
settles or corrects (`_BEHIND`) sees what is not filed now; a whole scan is given only to who may
see every document in it. Leaves out: writing down what was shown (trail), which whoever shows it
does; lists and searches (find, charts).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

from scanindex import filing, trail
from scanindex.access_model import Access, Right
from scanindex.errors import Forbidden, NotFound
from scanindex.model import (
    Document,
    DocumentId,
    DocumentState,
    PageReading,
    Patient,
    PatientId,
    Scan,
    ScanId,
    ScanState,
)
from scanindex.ports import Unit
from scanindex.services import Services

_BEHIND = frozenset({Right.REVIEW, Right.CORRECT, Right.SUPERVISE})
"""Any of them: documents that wait, were set right or given up."""
_UNDECIDED = frozenset({Right.REVIEW, Right.SUPERVISE})
"""Any of them: scans that were not taken apart yet, or cannot be."""
_READING = _BEHIND | {Right.READ}
_NAMING = _READING | {Right.ROSTER}
_ID = re.compile(r"[0-9A-Za-z_.-]{1,80}")


def document(access: Access, document_id: str, services: Services) -> Document:
    """Raises Forbidden, NotFound."""
    return documents(access, (document_id,), services)[0]


def documents(access: Access, document_ids: Iterable[str], services: Services) -> tuple[Document, ...]:
    """All of them in the order given. Raises Forbidden; NotFound where one of them may not be seen."""
    _require(access, _READING)
    found: list[Document] = []
    missed: str | None = None
    with services.catalog.read() as unit:
        for one in document_ids:
            known = unit.documents.get(DocumentId(one))
            if known and sees(access, known):
                found.append(among_people(known, access.scope.people))
            elif missed is None:
                missed = one
    if missed is not None:
        raise refused(access, "document", missed, services)
    return tuple(found)


def patient(access: Access, patient_id: str, services: Services) -> Patient:
    """The person, or whoever their record was merged into. Raises Forbidden, NotFound."""
    _require(access, _NAMING)
    found = services.roster.get(PatientId(patient_id))
    if found is None or not access.sees_patient(found.patient_id):
        raise refused(access, "patient", patient_id, services)
    return found


def scan(access: Access, scan_id: str, services: Services) -> Scan:
    """What is known of an original of which they may see something.

    Where they may not see all of it, its file name (and what else could name others) is left
    out. Raises Forbidden, NotFound.
    """
    _require(access, _READING)
    with services.catalog.read() as unit:
        found = unit.scans.get(ScanId(scan_id))
        inside = _of_scan(unit, found)
    if found is None or not (_sees_whole(access, found, inside) or any(sees(access, d) for d in inside)):
        raise refused(access, "scan", scan_id, services)
    if _sees_whole(access, found, inside):
        return found
    folder = dataclasses.replace(found.preset, source="")
    return dataclasses.replace(found, name="", detail=None, preset=folder, page_count=None)


def scan_documents(access: Access, scan_id: str, services: Services) -> tuple[Document, ...]:
    """Those documents of a scan that they may see, by their first page. Raises Forbidden, NotFound."""
    found = scan(access, scan_id, services)
    with services.catalog.read() as unit:
        inside = _of_scan(unit, found)
    seen = (among_people(d, access.scope.people) for d in inside if sees(access, d))
    return tuple(sorted(seen, key=lambda d: (min(d.pages, default=0), d.document_id)))


def may_see_whole_scan(access: Access, scan_id: str, services: Services) -> bool:
    """Whether the original may be shown, printed or handed over as it is."""
    with services.catalog.read() as unit:
        found = unit.scans.get(ScanId(scan_id))
        return found is not None and _sees_whole(access, found, _of_scan(unit, found))


def whole_scan(access: Access, scan_id: str, services: Services) -> Scan:
    """For whoever serves the original, or a page of it in no document. Raises Forbidden, NotFound."""
    _require(access, _READING)
    with services.catalog.read() as unit:
        found = unit.scans.get(ScanId(scan_id))
        is_seen = found is not None and _sees_whole(access, found, _of_scan(unit, found))
    if found is None or not is_seen:
        raise refused(access, "scan", scan_id, services)
    return found


def scan_page(access: Access, scan_id: str, scan_page_no: int, services: Services) -> Scan:
    """For whoever shows one page of an original: a page of a document they may see, or of a scan
    that they may see wholly. Raises Forbidden, NotFound."""
    _require(access, _READING)
    with services.catalog.read() as unit:
        found = unit.scans.get(ScanId(scan_id))
        inside = _of_scan(unit, found)
    is_theirs = any(scan_page_no in d.pages and sees(access, d) for d in inside)
    is_seen = found is not None and (is_theirs or _sees_whole(access, found, inside))
    count = found.page_count if found and found.page_count is not None else scan_page_no
    if found is None or not is_seen or not 1 <= scan_page_no <= count:
        raise refused(access, "page", scan_id, services)
    return found


def reading(
    access: Access, document_id: str, page_no: int, services: Services
) -> tuple[Document, PageReading]:
    """A page of a filed document with its words and where they stand.

    Raises Forbidden, NotFound (also where there is no such page, or it was never filed),
    IntegrityError, StorageFailed.
    """
    found = document(access, document_id, services)
    pages = readings(found, services)
    if not 1 <= page_no <= len(pages):
        raise refused(access, "document", document_id, services)
    return found, pages[page_no - 1]


def reading_text(access: Access, document_id: str, page_no: int, services: Services) -> str:
    """The text of such a page, a line of paper per line. Raises as `reading` does."""
    return reading(access, document_id, page_no, services)[1].text


def readings(of: Document, services: Services) -> tuple[PageReading, ...]:
    """The pages of a document (from here) as they were filed; () where it never was."""
    if of.filed_version is None:
        return ()
    return filing.read_words(services.archive.document_folder(of.document_id, of.filed_version))


def sees(access: Access, one: Document) -> bool:
    """Whether they may see this document as it stands now."""
    if not access.sees(one):
        return False
    return _has(access, _BEHIND) or (one.state is DocumentState.FILED and access.may(Right.READ))


def among_people(one: Document, people: frozenset[PatientId] | None) -> Document:
    """The document for somebody who may know of these people only (None: of everybody).

    How it was weighed against namesakes names them, and the weights tell how many there are.
    """
    if people is None:
        return one
    return dataclasses.replace(one, decision=dataclasses.replace(one.decision, candidates=()))


# --- how ----------------------------------------------------------------------------------
def _of_scan(unit: Unit, found: Scan | None) -> list[Document]:
    return unit.documents.all(scan_id=found.scan_id) if found else []


def _sees_whole(access: Access, found: Scan, inside: Iterable[Document]) -> bool:
    """Every document in it; of what no document tells about, only who settles it, bound by no list."""
    held = list(inside)
    if found.state is not ScanState.DECIDED or not held:
        return access.patient_ids is None and _has(access, _UNDECIDED)
    return all(sees(access, one) for one in held)


def _has(access: Access, rights: Iterable[Right]) -> bool:
    return any(access.may(right) for right in rights)


def _require(access: Access, rights: Iterable[Right]) -> None:
    if not _has(access, rights):
        raise Forbidden


def refused(access: Access, what: str, object_id: str, services: Services) -> NotFound:
    """The same for what is not there and what is closed; an id from outside is kept only if it is one.

    Writes: not to be called inside a transaction.
    """
    trail.denied(access, what, services, object_id if _ID.fullmatch(object_id) else "")
    return NotFound()
