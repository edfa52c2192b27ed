"""Coming in and going out: logging in by password and second factor, invitations, logging out.

Everything here but logging out is open to anybody, and takes nothing from another site. Every
login makes a new session; a second step asks for the code alone (people.log_in_with_code).
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from scanindex import people
from scanindex.access_model import StaffRole
from scanindex.errors import (
    LoginFailed,
    NotFound,
    ScanindexError,
    SecondFactorNeeded,
    TooManyTries,
    UsageError,
)
from scanindex.web import errors, guard, render
from scanindex.web.guard import Known
from scanindex.web.world import TheWorld, World

screens = APIRouter()
api = APIRouter(tags=["session"])
Text = Annotated[str, Form(max_length=300)]
Ticket = Annotated[str, Form(max_length=1_000)]
_WHY_HERE = {
    "idle": "Nobody touched this for a while, so you were logged out. What was saved is safe.",
    "ended": "Your session has ended; log in again.",
    "out": "You are logged out.",
}
"""What is said above the form, by the word in the address."""
_ALSO = (StaffRole.ADMINISTRATOR, StaffRole.SUPERVISOR, StaffRole.CLERK)


@screens.get("/login")
def login_page(request: Request, world: TheWorld) -> Response:
    if not people.exist(world.services):
        return render.page(request, "unclaimed.html")
    why = next((text for word, text in _WHY_HERE.items() if word in request.query_params), "")
    return _login_page(request, why=why)


@screens.post("/login")
def log_in(request: Request, world: TheWorld, login: Text, password: Text) -> Response:
    guard.refuse_other_sites(request)
    try:
        secret, _ = people.log_in(login.strip(), password, None, *place_of(request), world.services)
    except SecondFactorNeeded as needed:
        return render.page(request, "login_code.html", ticket=needed.ticket, login=login.strip(), problem="")
    except (LoginFailed, TooManyTries) as error:
        return _login_page(request, login=login, error=error)
    return _welcome(request, secret, world)


@screens.post("/login/code")
def log_in_with_code(
    request: Request, world: TheWorld, ticket: Ticket, code: Text, login: Text = ""
) -> Response:
    """The second step: what proves that the password was right is good for some minutes."""
    guard.refuse_other_sites(request)
    try:
        secret, _ = people.log_in_with_code(ticket, code.strip(), *place_of(request), world.services)
    except (LoginFailed, TooManyTries) as error:
        again = str(error) == LoginFailed.meaning or isinstance(error, TooManyTries)
        if not again:
            return _login_page(request, login=login, error=error)
        answer = render.page(
            request,
            "login_code.html",
            status=errors.status_of(error),
            ticket=ticket,
            login=login,
            wait_seconds=getattr(error, "wait_seconds", 0),
            problem=str(error)
            if isinstance(error, TooManyTries)
            else "That code does not fit, or was used already.",
        )
        answer.headers.update(errors.retry_after(error))
        return answer
    return _welcome(request, secret, world)


def _login_page(
    request: Request, *, login: str = "", why: str = "", error: ScanindexError | None = None
) -> Response:
    answer = render.page(
        request,
        "login.html",
        status=errors.status_of(error) if error else 200,
        login=login,
        why=why,
        problem=str(error) if error else "",
        hint=error.hint if isinstance(error, LoginFailed) else "",
        wait_seconds=getattr(error, "wait_seconds", 0),
    )
    answer.headers.update(errors.retry_after(error) if error else {})
    return answer


@screens.get("/invited/{secret}")
def invitation_page(request: Request, world: TheWorld, secret: str) -> Response:
    return _invited_page(request, world, secret)


@screens.post("/invited/{secret}")
def accept_invitation(
    request: Request,
    world: TheWorld,
    secret: str,
    password: Text,
    again: Text,
    login: Text = "",
    name: Text = "",
    also_files: Text = "",
) -> Response:
    guard.refuse_other_sites(request)
    try:
        if password != again:
            raise UsageError("the two passwords differ")
        cookie, _ = people.accept_invitation(
            secret,
            login.strip() or None,
            name.strip() or None,
            password,
            *place_of(request),
            world.services,
            roles=_ALSO if also_files else None,
        )
    except ScanindexError as error:
        return _invited_page(request, world, secret, {"login": login, "name": name}, error)
    return _welcome(request, cookie, world)


def _invited_page(
    request: Request,
    world: World,
    secret: str,
    typed: dict[str, str] | None = None,
    error: ScanindexError | None = None,
) -> Response:
    try:
        invitation = people.invitation(secret, world.services)
    except NotFound:
        return render.page(request, "invited_gone.html", status=404)
    answer = render.page(
        request,
        "invited.html",
        status=errors.status_of(error) if error else 200,
        invitation=invitation,
        problem=str(error) if error else "",
        secret=secret,
        typed={"login": "", "name": ""} | (typed or {}),
        password_characters=world.settings.access.password_characters,
    )
    answer.headers.update(errors.retry_after(error) if error else {})
    return answer


@screens.post("/logout")
def log_out(request: Request, world: TheWorld, caller: Known) -> Response:
    if caller.session is not None:
        people.log_out(caller.session, world.services)
    answer = errors.without_cookie(request, RedirectResponse("/login?out", status_code=303))
    answer.headers["clear-site-data"] = '"cache", "storage"'
    return answer


@api.post("/session/renew")
def renew(caller: Known) -> dict[str, Any]:
    """Still there: the session goes on. Being asked at all has renewed it."""
    return {"login": caller.access.login}


def place_of(request: Request) -> tuple[str, str]:
    """Address and browser, as sessions keep them."""
    return guard.address_of(request), guard.agent_of(request)


def put_cookie(request: Request, answer: Response, secret: str) -> None:
    answer.set_cookie(
        guard.cookie_name(request),
        secret,
        path="/",
        httponly=True,
        samesite="strict",
        secure=guard.is_secure(request),
    )


def _welcome(request: Request, secret: str, world: World) -> Response:
    """A new session's cookie, never one that was there before (fixation)."""
    _, access = people.session_of(secret, world.services)
    answer = RedirectResponse(render.home_of(access), status_code=303)
    put_cookie(request, answer, secret)
    return answer
