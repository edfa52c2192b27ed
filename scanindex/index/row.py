"""One page as keys per field: the same for every engine. Pure.

Fields are those of `plan`; a missing value gives a missing field, except the
dates, whose days are 0 when unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC

from scanindex.index import expand, spans
from scanindex.model import IndexPage

LOOK_ALIKE_POSTINGS = 6
NO_DAYS = spans.DaySpan(first=0, last=0)


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


class LookAlikes:
    """Posts a look-alike entry on the first few documents of a write only.

    The entries are a dictionary, their pages do not matter; several keep it whole
    when documents are removed later.
    """

    def __init__(self) -> None:
        self._posted: dict[str, int] = {}

    def take(self, tokens: Iterable[str]) -> list[str]:
        found = []
        for entry in expand.look_alike_entries(tokens):
            times = self._posted.get(entry, 0)
            if times < LOOK_ALIKE_POSTINGS:
                self._posted[entry] = times + 1
                found.append(entry)
        return found
