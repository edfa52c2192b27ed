"""One page as keys and numbers per field: the same for every engine. Pure.

Fields are those of `plan`; a missing value gives a missing field, except the
dates, whose days are 0 when unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC

from scanindex.index import expand, names, spans
from scanindex.index.spelling import Spelling
from scanindex.model import IndexPage

DICTIONARY_POSTINGS = 6
NO_DAYS = spans.DaySpan(first=0, last=0)
_HEX = re.compile(r"[0-9a-f]{16,}")

PAGE_ROW = (
    ("date_first", "i4"),
    ("date_last", "i4"),
    ("dob_first", "i4"),
    ("dob_last", "i4"),
    ("filed_first", "i4"),
    ("filed_last", "i4"),
    ("length", "u4"),
    ("page_no", "u4"),
    ("order_key", "u8"),
    ("starts", "u1"),
)
"""Numbers of a page that engines keep in a column of their own: name and numpy kind.

`length` counts text keys; `starts` is 1 on the first page of its document in a write.
"""


def labels(page: IndexPage) -> dict[str, list[str]]:
    """Field to its keys, for everything that is known about the page's document."""
    found = {
        "name": expand.label_tokens(page.patient_name),
        "mrn": list(dict.fromkeys(key for mrn in page.mrns for key in expand.mrn_keys(mrn))),
        "type": expand.label_tokens(page.document_type),
        "provider": expand.label_tokens(page.provider),
        "facility": expand.label_tokens(page.facility),
    }
    found["about"] = list(dict.fromkeys(key for keys in found.values() for key in keys))
    found["sound"] = names.sound_keys(page.patient_name.split())
    labels_of_page = (key for label in page.sensitivity for key in expand.label_tokens(label))
    found["sensitivity"] = list(dict.fromkeys(labels_of_page))
    source = expand.exact(page.source)
    found["source"] = [key for key in dict.fromkeys([source, *expand.label_tokens(source)]) if key]
    found["document_id"] = [page.document_id]
    found["patient_id"] = [page.patient_id] if page.patient_id else []
    return {field: keys for field, keys in found.items() if keys}


def days(page: IndexPage) -> dict[str, spans.DaySpan]:
    """The span of each date field."""
    dates = {
        "date": page.service_date,
        "dob": page.birth_date,
        "filed": page.filed_at.astimezone(UTC).date().isoformat(),
    }
    return {field: spans.of_iso(iso) or NO_DAYS for field, iso in dates.items()}


def facets(page: IndexPage) -> dict[str, str]:
    """Facet to its value; "" where the document has none."""
    year = (page.service_date or "")[:4]
    return {
        "type": page.document_type or "",
        "year": year if year.isascii() and year.isdecimal() else "",
        "patient": page.patient_id or "",
        "provider": " ".join((page.provider or "").split()).casefold(),
    }


def order_key(document_id: str) -> int:
    """64 bits that sort like the ids; equal scores and dates are ordered by it."""
    if _HEX.match(document_id):
        return int(document_id[:16], 16)
    return int.from_bytes(document_id.encode()[:8].ljust(8, b"\0"), "big")


class Dictionary:
    """Posts an entry of the spelling dictionary on the first few documents of a write only.

    The entries are a dictionary, their pages do not matter; several keep it whole
    when documents are removed later.
    """

    def __init__(self, spelling: Spelling) -> None:
        self._spelling = spelling
        self._posted: dict[str, int] = {}

    def take(self, words: Iterable[str]) -> list[str]:
        """Entries to post for a page of these printed words, in order."""
        found = []
        for entry in self._spelling.page_entries(words):
            times = self._posted.get(entry, 0)
            if times < DICTIONARY_POSTINGS:
                self._posted[entry] = times + 1
                found.append(entry)
        return found
