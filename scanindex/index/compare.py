"""What the catalog has filed against what an index holds: by document and version. Bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scanindex.model import DocumentId
from scanindex.ports import Catalog

_FETCHED = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    document_id: DocumentId
    filed: int | None
    """Version that is filed; None: not filed (any more)."""
    held: int | None
    """Version in the index; None: not in it."""


def filed(catalog: Catalog, after: str = "") -> Iterator[tuple[DocumentId, int]]:
    """Filed documents with their versions, ascending by id from the one behind `after`.

    One short transaction for each few thousand: writers are not held up.
    """
    while True:
        with catalog.read() as unit:
            found = unit.documents.filed_versions(DocumentId(after), _FETCHED)
        yield from found
        if len(found) < _FETCHED:
            return
        after = found[-1][0]


def differences(
    filed: Iterable[tuple[DocumentId, int]], held: Iterable[tuple[DocumentId, int]]
) -> Iterator[Difference]:
    """Both ascending by id; a document that is held twice is one whose version differs."""
    in_index = _once(held)
    there = next(in_index, None)
    for document_id, version in filed:
        while there is not None and there[0] < document_id:
            yield Difference(document_id=there[0], filed=None, held=there[1])
            there = next(in_index, None)
        if there is None or there[0] != document_id:
            yield Difference(document_id=document_id, filed=version, held=None)
            continue
        if there[1] != version:
            yield Difference(document_id=document_id, filed=version, held=there[1])
        there = next(in_index, None)
    while there is not None:
        yield Difference(document_id=there[0], filed=None, held=there[1])
        there = next(in_index, None)


def _once(held: Iterable[tuple[DocumentId, int]]) -> Iterator[tuple[DocumentId, int]]:
    """Each document once; -1 instead of a version where there are several."""
    last: tuple[DocumentId, int] | None = None
    for document_id, version in held:
        if last is not None and last[0] == document_id:
            last = document_id, -1
            continue
        if last is not None:
            yield last
        last = document_id, version
    if last is not None:
        yield last
