"""Which people a line of a search may mean: offered before the documents.

A line is taken for a person where it names one by a field, or is a name, a number or a
date and nothing else. People are offered only where each word of it is theirs (a whole
name, one that sounds like it, a nickname, the beginning of a number): a search for "knee"
must not begin with all the Kneelands. `within` bounds who may be seen at all.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from scanindex.index import query, query_plain
from scanindex.model import Patient, PatientId, Suggestion, SuggestionFit, SuggestionReason
from scanindex.services import Services

MOST = 5
_ASKED = 20
_PERSON_FIELDS = ("patient", "name", "mrn", "dob")
_WHOLE = {SuggestionFit.EXACT, SuggestionFit.NICKNAME, SuggestionFit.SOUND}
_BEGUN = {SuggestionFit.EXACT, SuggestionFit.BEGINNING}
_INITIAL = 1


def person_text(text: str) -> str:
    """The part of a query that may name a person; "" where none does. Raises QueryError."""
    node = query.parse(text)
    members = node.wanted if isinstance(node, query.Both) else (node,)
    named = [
        m.item.text
        for m in members
        if isinstance(m, query.FieldValue) and m.name in _PERSON_FIELDS and not isinstance(m.item, query.Wild)
    ]
    if named:
        return " ".join(named)
    line = query_plain.plain(node)
    return " ".join(line.words) if line and line.may_be_patient else ""


def suggest(
    text: str,
    services: Services,
    *,
    within: Collection[PatientId] | None = None,
    is_eager: bool = False,
    limit: int = MOST,
) -> Sequence[Patient]:
    """People the query may mean, best first.

    within: nobody else is ever offered, or looked at. is_eager: beginnings of names and pieces of numbers
    count as well (where no document was found).
    """
    named = person_text(text)
    if not named or limit < 1:
        return ()
    found = services.registry.suggest(named, limit=_ASKED, within=within)
    sure = [s for s in found if _is_sure(s)]
    return tuple(s.patient for s in (sure or (found if is_eager else [])))[:limit]


def _is_sure(suggestion: Suggestion) -> bool:
    return all(_is_theirs(reason) for reason in suggestion.reasons)


def _is_theirs(reason: SuggestionReason) -> bool:
    if reason.datum == "number":
        return reason.fit in _BEGUN
    is_initial = len(reason.typed.strip(".,")) == _INITIAL
    return reason.fit in (_BEGUN if is_initial else _WHOLE)
