"""Who is asking: every route names the one right it needs, and gets a caller who has it.

`needs(Right.X)` is the only way into a route that is not public; the route map is tested
for it. A request is let in by the session's cookie, and then anything but a look must
carry the session's token against forgery; or by a program's token. Leaves out which
documents somebody may see: `caller.access` knows, `fetch` asks it.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from scanindex import people, trail
from scanindex.access_model import Access, Right, Session
from scanindex.errors import Forbidden, Forged, LoginNeeded, SecondFactorWanted
from scanindex.web.world import World, world_of

PLAIN_COOKIE, SECURE_COOKIE = "scanindex", "__Host-scanindex"
"""The second where the browser speaks TLS: no other host or path can set it."""
CSRF_HEADER, CSRF_FIELD = "x-csrf-token", "csrf"
BACKGROUND_HEADER = "x-background"
"""Sent with what a page asks by itself (live.js): it must not keep a session alive."""
_LOOKING = frozenset({"GET", "HEAD", "OPTIONS"})
_AGENT_CHARACTERS = 80
_BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    access: Access
    session: Session | None
    """None for a program's token."""
    address: str


def is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def cookie_name(request: Request) -> str:
    return SECURE_COOKIE if is_secure(request) else PLAIN_COOKIE


def address_of(request: Request) -> str:
    """Of the client; uvicorn puts in what a declared proxy forwards."""
    return request.client.host if request.client else ""


def agent_of(request: Request) -> str:
    """The browser in words; what it says of itself where it is none we know."""
    agent = request.headers.get("user-agent", "")
    name = next((title for mark, title in _BROWSERS if mark in agent), "")
    system = next((title for mark, title in _SYSTEMS if mark in agent), "")
    return f"{name} on {system}" if name and system else name or agent[:_AGENT_CHARACTERS]


async def signed_in(request: Request) -> Caller:
    """Raises LoginNeeded, Forged."""
    from starlette.concurrency import run_in_threadpool

    world = world_of(request)
    caller = await run_in_threadpool(_identify, request, world)
    if caller.session is not None and request.method not in _LOOKING:
        await _refuse_forged(request, caller.session)
    request.state.caller = caller
    return caller


def _identify(request: Request, world: World) -> Caller:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        access = people.access_of_token(secret.strip(), world.services)
        return Caller(access=access, session=None, address=address_of(request))
    cookie = request.cookies.get(cookie_name(request))
    if not cookie:
        raise LoginNeeded()
    is_hand = request.headers.get(BACKGROUND_HEADER) != "1"
    session, access = people.session_of(cookie, world.services, is_hand=is_hand)
    return Caller(access=access, session=session, address=address_of(request))


async def _refuse_forged(request: Request, session: Session) -> None:
    refuse_other_sites(request)
    sent = request.headers.get(CSRF_HEADER, "")
    if not sent and "form" in request.headers.get("content-type", ""):
        form = await request.form()
        sent = str(form.get(CSRF_FIELD, ""))
    if not session.csrf or not hmac.compare_digest(sent.encode(), session.csrf.encode()):
        raise Forged("the form is out of date")


def refuse_other_sites(request: Request) -> None:
    """What another site made the browser send (Fetch Metadata, else Origin)."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        raise Forged("requests from other sites are refused")
    origin = request.headers.get("origin")
    if site is None and origin not in (None, f"{request.url.scheme}://{request.url.netloc}"):
        raise Forged("requests from other sites are refused")


Known = Annotated[Caller, Depends(signed_in)]
"""Anybody who is logged in: for what is about themselves only."""


def _by_hand(caller: Known) -> Caller:
    if caller.session is None:
        raise Forbidden("a program's token cannot do this; log in")
    return caller


InPerson = Annotated[Caller, Depends(_by_hand)]
"""Somebody who logged in: a program's token must not give itself more, or last longer."""


def needs(right: Right, *others: Right) -> Any:
    """The dependency of a route: a caller who has this right (or one of the others).

    Raises Forbidden, recorded; SecondFactorWanted where they have no rights until they set one up.
    """
    rights = (right, *others)

    def check(request: Request, caller: Known) -> Caller:
        if not any(caller.access.may(one) for one in rights):
            if caller.access.needs_second_factor:
                raise SecondFactorWanted()
            route = getattr(request.scope.get("route"), "path", "")
            trail.denied(caller.access, right.value, world_of(request).services, route=route)
            raise Forbidden()
        return caller

    check.rights = rights  # type: ignore[attr-defined]  # read by the test of the route map
    return Depends(check)


def rights_of(dependant: Any) -> tuple[set[Right], bool]:
    """What a route asks for: (rights, any of which is enough; whether a login at all)."""
    rights: set[Right] = set(getattr(dependant.call, "rights", ()))
    is_known = dependant.call is signed_in
    for inner in dependant.dependencies:
        more, known = rights_of(inner)
        rights |= more
        is_known = is_known or known
    return rights, is_known


Handler = Callable[[Request, Exception], Awaitable[Any]]
