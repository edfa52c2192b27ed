"""The operations of the application as it is put together: whatever is added to it is in here by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from scanindex.access_model import Right
from scanindex.web import guard
from scanindex.web.application import API

_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
LOOKING = ("GET", "HEAD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    method: str
    path: str
    """With its parameters in braces."""
    rights: frozenset[Right]
    """Any of these is enough; none: of anybody who is logged in, or of anybody at all."""
    is_known: bool
    """Asks for a login at all."""
    is_by_hand: bool
    """Closed to programs' tokens."""
    dependant: Dependant

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_api(self) -> bool:
        return self.path.startswith(f"{API}/")

    @property
    def is_look(self) -> bool:
        return self.method in LOOKING

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(_PARAMETER.findall(self.path))

    def address(self, values: dict[str, str]) -> str:
        return _PARAMETER.sub(lambda found: values[found.group(1)], self.path)


def operations(web: FastAPI) -> list[Operation]:
    """Every route, method by method, in the order in which they are asked."""
    return list(_operations(web))


def _operations(web: FastAPI) -> Iterator[Operation]:
    for route in iter_route_contexts(web.routes):
        if not isinstance(route.original_route, APIRoute):
            continue
        dependant: Any = route.dependant
        rights, is_known = guard.rights_of(dependant)
        for method in sorted(route.methods or ()):
            yield Operation(
                method=method,
                path=str(route.path),
                rights=frozenset(rights),
                is_known=is_known,
                is_by_hand=_holds(dependant, guard._by_hand),
                dependant=dependant,
            )


def others(web: FastAPI) -> list[str]:
    """What is mounted or routed past FastAPI: static files and the description of the interface."""
    found = iter_route_contexts(web.routes)
    return sorted(str(r.path) for r in found if not isinstance(r.original_route, APIRoute))


def _holds(dependant: Any, call: Any) -> bool:
    return dependant.call is call or any(_holds(inner, call) for inner in dependant.dependencies)
