"""Searches that people keep: saved, run again, renamed, deleted; and what is new in them.

Names and queries may hold a patient's name: they stand in the catalog and in the archive's
event log only, so that a rebuild brings them back, and in no message. Each person has
their own. New is what was filed after the last event before the search was run last;
numbers count, not clocks. In doubt a document is called new once too often.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scanindex import find
from scanindex.errors import NotFound, UsageError
from scanindex.index import query
from scanindex.model import DocumentId, SavedSearch, SearchRequest, SearchScope
from scanindex.ports import Unit
from scanindex.services import Services

MAX_NAME_CHARACTERS = 60
MOST_LOOKED_AT = 2_000
"""Documents of a search that are gone through to see which are new."""
_SAVED, _RUN, _RENAMED, _DELETED = "search_saved", "search_run", "search_renamed", "search_deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What came to a saved search since it was run last."""

    found: tuple[find.FoundDocument, ...]
    is_complete: bool
    """False: the search finds more documents than were looked at."""

    @property
    def documents(self) -> frozenset[DocumentId]:
        return frozenset(f.document.document_id for f in self.found)


def save(name: str, asked: SearchRequest, owner: str, services: Services) -> SavedSearch:
    """Keep a query under a name. Raises QueryError, UsageError where the owner has one of that name."""
    query.parse(asked.query)
    saved = SavedSearch(
        owner=owner,
        name=_checked(name),
        query=asked.query,
        order=asked.order,
        spellings=asked.spellings,
        synonyms=asked.synonyms,
        created_at=services.clock.now(),
    )
    with services.catalog.write() as unit:
        _refuse_taken(unit, owner, saved.name)
        # What is there already is shown when it is saved: new is what comes after.
        saved = dataclasses.replace(saved, seen_seq=unit.events.last_seq())
        _keep(unit, _SAVED, saved)
    return saved


def by_name(name: str, owner: str, services: Services) -> SavedSearch:
    """The owner's search of this name, capitals aside. Raises NotFound."""
    with services.catalog.read() as unit:
        return _named(unit, owner, name)


def of(owner: str, services: Services) -> Sequence[SavedSearch]:
    """By name."""
    with services.catalog.read() as unit:
        return unit.searches.of(owner)


def rename(old: str, new: str, owner: str, services: Services) -> SavedSearch:
    """Raises NotFound, UsageError where the owner has one of the new name."""
    with services.catalog.write() as unit:
        saved = _named(unit, owner, old)
        renamed = dataclasses.replace(saved, name=_checked(new))
        _refuse_taken(unit, owner, renamed.name, besides=saved.name)
        unit.searches.drop(owner, saved.name)
        _keep(unit, _RENAMED, renamed, saved_search_gone=(owner, saved.name))
    return renamed


def delete(name: str, owner: str, services: Services) -> None:
    """Raises NotFound."""
    with services.catalog.write() as unit:
        saved = _named(unit, owner, name)
        unit.searches.drop(owner, saved.name)
        unit.events.append(_DELETED, owner, saved_search_gone=(owner, saved.name))


def request_of(saved: SavedSearch, scope: SearchScope | None = None) -> SearchRequest:
    """What is asked when it is run; the asker's scope is never the saved one."""
    return SearchRequest(
        query=saved.query,
        order=saved.order,
        spellings=saved.spellings,
        synonyms=saved.synonyms,
        scope=scope or SearchScope(),
    )


def news(saved: SavedSearch, services: Services, scope: SearchScope | None = None) -> News:
    """Documents it finds that were filed since it was run last. Raises QueryError, IndexBroken."""
    with services.catalog.read() as unit:
        filed = unit.events.filed_after(saved.seen_seq)
    if not filed:
        return News(found=(), is_complete=True)
    found = list(find.every(request_of(saved, scope), services, most=MOST_LOOKED_AT))
    fresh = tuple(f for f in found if f.document.document_id in filed)
    return News(found=fresh, is_complete=len(found) < MOST_LOOKED_AT)


def note_run(saved: SavedSearch, before_seq: int, page: find.FoundPage, services: Services) -> None:
    """Say that its owner has looked.

    before_seq: number of the last event before the search. While the index is behind, what was
    new stays new, or what is on its way into it would never be.
    """
    seen = before_seq if page.is_up_to_date else saved.seen_seq
    looked = dataclasses.replace(saved, last_run_at=services.clock.now(), seen_seq=seen)
    with services.catalog.write() as unit:
        if unit.searches.get(saved.owner, saved.name):
            _keep(unit, _RUN, looked)


def _keep(unit: Unit, event: str, saved: SavedSearch, **more: Any) -> None:
    unit.searches.put(saved)
    unit.events.append(event, saved.owner, saved_search=saved, **more)


def _named(unit: Unit, owner: str, name: str) -> SavedSearch:
    if exact := unit.searches.get(owner, name):
        return exact
    alike = [s for s in unit.searches.of(owner) if s.name.casefold() == name.strip().casefold()]
    if len(alike) != 1:
        raise NotFound("no saved search of that name", hint="`scanindex searches` lists yours.")
    return alike[0]


def _refuse_taken(unit: Unit, owner: str, name: str, besides: str | None = None) -> None:
    taken = {s.name.casefold() for s in unit.searches.of(owner) if s.name != besides}
    if name.casefold() in taken:
        raise UsageError("there is a saved search of that name; `scanindex searches` renames or deletes it")


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        raise UsageError(f"a name has 1 to {MAX_NAME_CHARACTERS} characters that can be printed")
    return name
