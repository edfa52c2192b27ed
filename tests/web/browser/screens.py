"""Every screen of the application with something on it, from the route map."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import FastAPI

from scanindex.web.application import make_app
from tests.web.gate import is_let_in
from tests.web.route_map import operations
from tests.web.samples import Samples

NO_PAGE = ("/pictures/", "/pdf", "/original", "/factor.svg", "/review/items/{item_id}/pages", "/export")
"""Looks whose answer is a file."""
_WHO = ("ada", "aud", "doc")


def screens(samples: Samples) -> list[tuple[str, str]]:
    """(login, address): by whoever sees most of it; "" where nobody needs to log in."""
    web = make_app(samples.opened)
    try:
        return list(dict.fromkeys(_screens(web, samples)))
    finally:
        web.state.world.close()


def _screens(web: FastAPI, samples: Samples) -> Iterator[tuple[str, str]]:
    for op in operations(web):
        if op.is_look and not op.is_api and not any(part in op.path for part in NO_PAGE):
            address = op.address(samples.of(op.path))
            if not op.is_known:
                yield "", address
            else:
                yield next(who for who in _WHO if is_let_in(op, who)), address
