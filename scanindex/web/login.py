"""Logging in and out, invitations, and what is one's own: password, second factor, sessions."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from scanindex import people
from scanindex.access_model import StaffRole
from scanindex.errors import LoginFailed, LoginNeeded, ScanindexError, SecondFactorNeeded, TooManyTries
from scanindex.web import guard, render
from scanindex.web.guard import Known
from scanindex.web.world import TheWorld

screens = APIRouter()
api = APIRouter(tags=["session"])
Text = Annotated[str, Form(max_length=300)]


@screens.get("/login")
def login_page(request: Request, world: TheWorld) -> Response:
    if not people.exist(world.services):
        return render.page(request, "unclaimed.html")
    return render.page(request, "login.html", login="", problem="", needs_code=False)


@screens.post("/login")
def log_in(request: Request, world: TheWorld, login: Text, password: Text, code: Text = "") -> Response:
    guard.refuse_other_sites(request)
    try:
        secret, _ = people.log_in(
            login.strip(), password, code.strip() or None, *_where(request), world.services
        )
    except SecondFactorNeeded:
        return render.page(request, "login.html", login=login, problem="", needs_code=True)
    except (LoginFailed, TooManyTries) as error:
        status = 429 if isinstance(error, TooManyTries) else 401
        problem = f"{error} {error.hint}"
        return render.page(
            request, "login.html", status=status, login=login, problem=problem, needs_code=bool(code)
        )
    return _welcome(request, secret, world)


@screens.get("/invited/{secret}")
def invitation_page(request: Request, world: TheWorld, secret: str) -> Response:
    invitation = people.invitation(secret, world.services)
    return render.page(
        request, "invited.html", invitation=invitation, problem="", secret=secret, login="", name=""
    )


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
    invitation = people.invitation(secret, world.services)
    more = (StaffRole.ADMINISTRATOR, StaffRole.SUPERVISOR, StaffRole.CLERK) if also_files else None
    try:
        if password != again:
            raise LoginFailed("the two passwords differ")
        cookie, _ = people.accept_invitation(
            secret,
            login.strip() or None,
            name.strip() or None,
            password,
            *_where(request),
            world.services,
            roles=more,
        )
    except ScanindexError as error:
        return render.page(
            request,
            "invited.html",
            status=422,
            invitation=invitation,
            problem=str(error),
            secret=secret,
            login=login,
            name=name,
        )
    return _welcome(request, cookie, world)


@screens.post("/logout")
def log_out(request: Request, world: TheWorld, caller: Known) -> Response:
    if caller.session is not None:
        people.log_out(caller.session, world.services)
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(guard.cookie_name(request), path="/")
    answer.headers["clear-site-data"] = '"cache", "storage"'
    return answer


@api.post("/session/renew")
def renew(caller: Known) -> dict[str, Any]:
    """Still there: the session goes on. Being asked at all has renewed it."""
    return {"login": caller.access.login}


def _where(request: Request) -> tuple[str, str]:
    return guard.address_of(request), guard.agent_of(request)


def _welcome(request: Request, secret: str, world: TheWorld) -> Response:
    """A new session's cookie, never one that was there before (fixation)."""
    try:
        _, access = people.session_of(secret, world.services)
    except LoginNeeded:
        return JSONResponse({}, status_code=401)
    answer = RedirectResponse(render.home_of(access), status_code=303)
    answer.set_cookie(
        guard.cookie_name(request),
        secret,
        path="/",
        httponly=True,
        samesite="strict",
        secure=guard.is_secure(request),
    )
    return answer
