"""Patients: found while one types, listed, seen as the roster has them, added from paper.

Somebody bound to a list of patients meets nobody else here, not even as a namesake. Leaves out
what is done to records that are there (roster.py) and documents (charts).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from scanindex.access_model import Right
from scanindex.web.guard import Caller, needs
from scanindex.web.suggestions import SuggestionOut, suggestion_out
from scanindex.web.world import TheWorld

api = APIRouter(tags=["patients"])
_MOST_SUGGESTED = 20


class SuggestIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: str = Field(max_length=200)
    limit: int = Field(default=8, ge=1, le=_MOST_SUGGESTED)


class SuggestOut(BaseModel):
    suggestions: list[SuggestionOut]


@api.post("/patients/suggest")
def suggest(asked: SuggestIn, caller: Annotated[Caller, needs(Right.READ)], world: TheWorld) -> SuggestOut:
    """People for what is typed: parts of names, numbers, birth dates, in any order; best first.

    Not written into the trail key by key; opening or choosing somebody is.
    """
    found = world.services.registry.suggest(asked.text, asked.limit, within=caller.access.scope.people)
    return SuggestOut(suggestions=[suggestion_out(one) for one in found])
