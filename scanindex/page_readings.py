"""What was read on the pages of a scan, for people: words beside the picture, filed or not.

Three places, the first that knows a page wins: later readings that a document names (archive),
the words of a document as it was filed (archive), the checkpoint of the page (spool; there until
everything of the scan is settled). Nothing is read anew here: a page that no place knows (it was
set aside and its scan is settled, or asked for another scan before it was ever filed) is left
out, and its text is missing until it is read again (`review.retry`, `scanindex reread`).
Promises: readings stand as the page is upright now, also where a person turned it since; neither
locks nor changes anything, so it serves beside the service. Pure but for reading files.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import msgspec

from scanindex import filing
from scanindex.errors import transient
from scanindex.model import Box, Document, DocumentState, PageReading, Scan, ScanId
from scanindex.services import Services
from scanindex.turning import turned

_ALL_STATES = tuple(DocumentState)
_Found = dict[int, PageReading]


def readings_of(
    scan: Scan, services: Services, numbers: Collection[int] | None = None
) -> tuple[PageReading, ...]:
    """The pages of a scan as read, ascending; only `numbers` (1-based) where given.

    Pages that nobody kept a reading of are left out. Raises StorageFailed, IntegrityError.
    """
    wanted = set(numbers) if numbers is not None else set(range(1, (scan.page_count or 0) + 1))
    if numbers is None and not wanted:
        wanted = _checkpoints(scan.scan_id, services)
    with services.catalog.read() as unit:
        documents = unit.documents.all(*_ALL_STATES, scan_id=scan.scan_id)
    # Those that hold the pages now speak before those that held them once.
    documents.sort(key=lambda document: wanted.isdisjoint(document.pages))
    found: _Found = {}
    for place in (_later, _filed):
        for document in documents:
            if missing := wanted - set(found):
                found.update(_of(place, document, missing, services))
    for number in wanted - set(found):
        if (reading := _checkpoint(scan.scan_id, number, services)) is not None:
            found[number] = reading
    return tuple(_as_now(found[number], scan) for number in sorted(found))


def fractions(box: Box, reading: PageReading) -> tuple[float, float, float, float]:
    """left, top, right, bottom of a box of this reading as fractions of its upright page; they fit a
    picture of any width."""
    width_px, height_px = max(1, reading.width_px), max(1, reading.height_px)
    left, right = box.left_px / width_px, box.right_px / width_px
    top, bottom = box.top_px / height_px, box.bottom_px / height_px
    return _share(left), _share(top), _share(right), _share(bottom)


def _share(part: float) -> float:
    return round(min(1.0, max(0.0, part)), 5)


def _as_now(reading: PageReading, scan: Scan) -> PageReading:
    turn = scan.turn_of(reading.scan_page_no)
    return reading if turn is None or turn == reading.rotation_degrees else turned(reading, turn)


def _of(
    place: Callable[[Document, Services], _Found],
    document: Document,
    wanted: Collection[int],
    services: Services,
) -> _Found:
    """What that place knows of these pages; a document that never was there is not looked for."""
    is_there = document.readings if place is _later else document.filed_version is not None
    if not is_there:
        return {}
    return {number: reading for number, reading in place(document, services).items() if number in wanted}


def _later(document: Document, services: Services) -> _Found:
    return {
        reading.scan_page_no: reading
        for name in document.readings
        for reading in filing.unpack_words(services.readings.kept_reading(document.scan_id, name))
    }


def _filed(document: Document, services: Services) -> _Found:
    if document.filed_version is None:
        return {}
    folder = services.archive.document_folder(document.document_id, document.filed_version)
    return {reading.scan_page_no: reading for reading in filing.read_words(folder)}


def _checkpoints(scan_id: ScanId, services: Services) -> set[int]:
    """Of a scan that nobody knows the page count of yet."""
    names = (
        path.stem.removeprefix("page-") for path in (services.settings.spool / scan_id).glob("page-*.json")
    )
    return {int(name) for name in names if name.isdigit()}


def _checkpoint(scan_id: ScanId, scan_page_no: int, services: Services) -> PageReading | None:
    path = services.settings.spool / scan_id / f"page-{scan_page_no:04d}.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=PageReading)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise transient(error) from None
    except msgspec.MsgspecError:
        return None  # torn by a power cut: the service reads the page again
