"""Fingerprints of pages and the pages that may be the same paper.

Every page has some twenty look-up keys (prints.py); a look-up reads at most `_MOST_A_KEY`
entries of each, the newest ones, so that a form of which there are a hundred thousand does
not slow it down.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select

from scanindex import prints
from scanindex.model import PagePrint, ScanId
from scanindex.store import tables

_P = tables.page_prints
_K = tables.page_print_keys
_MOST_A_KEY = 150
_MOST_CANDIDATES = 40
_HOLDERS = (
    select(_K.c.print_no)
    .where(_K.c.key == bindparam("key"))
    .order_by(_K.c.print_no.desc())
    .limit(_MOST_A_KEY)
)


class Prints:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, scan_id: ScanId, pages: Sequence[PagePrint]) -> None:
        """Record the prints of a scan, replacing what was recorded before."""
        known = select(_P.c.print_no).where(_P.c.scan_id == scan_id)
        self._connection.execute(delete(_K).where(_K.c.print_no.in_(known)))
        self._connection.execute(delete(_P).where(_P.c.scan_id == scan_id))
        for page in pages:
            row = {"word_sketch": page.words, "value_sketch": page.values, "picture": page.picture}
            done = self._connection.execute(
                insert(_P).values(scan_id=scan_id, scan_page_no=page.scan_page_no, **row)
            )
            assert done.inserted_primary_key is not None
            number = done.inserted_primary_key[0]
            keys = [{"key": key, "print_no": number} for key in prints.keys_of(page)]
            if keys:
                self._connection.execute(insert(_K), keys)

    def of(self, scan_id: ScanId, pages: Iterable[int]) -> list[PagePrint]:
        chosen = (_P.c.scan_id == scan_id, _P.c.scan_page_no.in_(list(pages)))
        return [_print(row) for row in self._connection.execute(select(_P).where(*chosen))]

    def near(self, page: PagePrint) -> list[tuple[ScanId, PagePrint]]:
        """Pages that share a key with this one, most keys first; itself among them if recorded."""
        shared: Counter[int] = Counter()
        for key in prints.keys_of(page):
            shared.update(self._connection.execute(_HOLDERS, {"key": key}).scalars())
        best = [number for number, _ in shared.most_common(_MOST_CANDIDATES)]
        rows = {
            row.print_no: row for row in self._connection.execute(select(_P).where(_P.c.print_no.in_(best)))
        }
        return [(ScanId(rows[number].scan_id), _print(rows[number])) for number in best]


def _print(row: object) -> PagePrint:
    fields = row._mapping  # type: ignore[attr-defined]
    return PagePrint(
        scan_page_no=fields["scan_page_no"],
        words=fields["word_sketch"],
        values=fields["value_sketch"],
        picture=fields["picture"],
    )
