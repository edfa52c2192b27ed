"""The fields of the query language, and which one a mistyped name stands for. Pure."""

from __future__ import annotations

WORD_FIELDS = ("patient", "name", "mrn", "type", "provider", "facility", "source", "sensitivity", "text")
DATE_FIELDS = ("date", "dob", "filed")
FIELDS = (*WORD_FIELDS, *DATE_FIELDS)

_MOST_SLIPS, _MOST_CHARACTERS = 2, 14
_MEANT = {
    **dict.fromkeys(("pt", "person", "client"), "patient"),
    **dict.fromkeys(("surname", "lastname", "firstname", "last", "first", "alias"), "name"),
    **dict.fromkeys(("record", "number", "chart", "medrec", "id", "mr", "hospitalnumber"), "mrn"),
    **dict.fromkeys(("kind", "doctype", "documenttype", "category", "title"), "type"),
    **dict.fromkeys(("doctor", "physician", "dr", "surgeon", "author", "clinician", "by"), "provider"),
    **dict.fromkeys(("hospital", "clinic", "site", "ward", "location"), "facility"),
    **dict.fromkeys(("folder", "inbox", "batch", "box", "path"), "source"),
    **dict.fromkeys(("label", "restricted", "confidential"), "sensitivity"),
    **dict.fromkeys(("word", "words", "body", "content", "contains"), "text"),
    **dict.fromkeys(("year", "dos", "service", "servicedate", "when", "day", "month"), "date"),
    **dict.fromkeys(("birth", "born", "birthdate", "birthday", "dateofbirth", "bd"), "dob"),
    **dict.fromkeys(("filing", "filedate", "archived", "added"), "filed"),
}


def nearest(name: str) -> str | None:
    """The field probably meant by a name that is none: other words for it, then one or two slips."""
    from rapidfuzz.distance import OSA

    folded = name.lower().replace("_", "")
    if meant := _MEANT.get(folded):
        return meant
    if len(folded) > _MOST_CHARACTERS:
        return None
    slips = {field: OSA.distance(folded, field) for field in FIELDS}
    best = min(slips, key=lambda field: slips[field])
    return best if slips[best] <= min(_MOST_SLIPS, (len(best) - 1) // 2) else None
