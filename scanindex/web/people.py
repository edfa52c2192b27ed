"""People, for who keeps logins: who has one, what they may do, links, sessions, keys of programs.

Whoever is here sees no chart, so no list of patients either: only how long it is (clinicians.py).
Links are shown once and kept nowhere; nobody but their receiver ever knows a password.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from scanindex import people
from scanindex.access_model import RIGHTS, Access, Right, Session, StaffRole, Token, User
from scanindex.errors import ConfigError, ConflictError, NotFound, ScanindexError
from scanindex.services import Services
from scanindex.web import errors, render
from scanindex.web.guard import Caller, needs
from scanindex.web.world import TheWorld, World

screens = APIRouter()
api = APIRouter(tags=["people"])
Keeper = Annotated[Caller, needs(Right.PEOPLE)]
Text = Annotated[str, Form(max_length=200)]
Roles = Annotated[list[StaffRole], Form(max_length=10)]
ROLE_WORDS = {
    StaffRole.CLERK: "Settles what waits for review, searches and corrects charts, uploads, keeps batches.",
    StaffRole.SUPERVISOR: "Everything a clerk does, plus audits, second looks, merges, release of paper, "
    "clinicians' lists, restricted documents.",
    StaffRole.CLINICIAN: "Reads the charts of the patients on their list, and others by breaking the glass.",
    StaffRole.AUDITOR: "Reads the audit trail and disclosure reports; never a chart.",
    StaffRole.ADMINISTRATOR: "Keeps people and sees how the machine does; never a chart.",
}


class StaffOut(BaseModel):
    login: str
    name: str
    roles: list[StaffRole]
    state: str
    """active, invited, link_expired or disabled."""
    has_second_factor: bool
    may_see_sensitive: bool
    patients: int
    """On a clinician's list; which ones is for who supervises."""
    os_user: str
    created_at: datetime
    last_login_at: datetime | None
    sessions: int


class SessionOut(BaseModel):
    session_id: str
    login: str
    address: str
    browser: str
    started_at: datetime
    seen_at: datetime
    is_this: bool = False
    """The one that asks."""


class TokenOut(BaseModel):
    token_id: str
    login: str
    label: str
    rights: list[Right]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


class InviteIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    login: str = Field(min_length=2, max_length=40)
    name: str = Field(min_length=1, max_length=120)
    roles: list[StaffRole] = Field(max_length=5)
    may_see_sensitive: bool = False
    os_user: str = Field(default="", max_length=64)


class ChangeIn(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, min_length=1, max_length=120)
    roles: list[StaffRole] | None = Field(default=None, max_length=5)
    may_see_sensitive: bool | None = None
    is_disabled: bool | None = None
    os_user: str | None = Field(default=None, max_length=64)


class LinkOut(BaseModel):
    login: str
    link: str
    """Shown once; good once, for 72 hours."""


class EndedOut(BaseModel):
    ended: int


# --- screens ------------------------------------------------------------------------------
@screens.get("/people")
def people_page(request: Request, caller: Keeper, world: TheWorld) -> Response:
    return render.page(request, "people.html", people=_everybody(caller.access, world.services))


@screens.get("/invite")
def invite_page(request: Request, caller: Keeper) -> Response:
    return _invite_form(request)


@screens.post("/invite")
def invite_form(
    request: Request,
    caller: Keeper,
    world: TheWorld,
    login: Text,
    name: Text,
    roles: Roles = [],  # noqa: B006  # FastAPI copies it
    os_user: Text = "",
    may_see_sensitive: Text = "",
) -> Response:
    try:
        secret = people.invite(
            caller.access,
            login,
            name,
            roles,
            world.services,
            may_see_sensitive=bool(may_see_sensitive),
            os_user=os_user.strip(),
        )
    except (ConfigError, ConflictError) as error:
        typed = {"login": login, "name": name, "roles": roles, "os_user": os_user}
        return _invite_form(request, typed | {"may_see_sensitive": bool(may_see_sensitive)}, error)
    return _link_page(request, login.strip().lower(), secret)


def _invite_form(
    request: Request, typed: dict[str, object] | None = None, error: ScanindexError | None = None
) -> Response:
    known = {"login": "", "name": "", "roles": [], "os_user": "", "may_see_sensitive": False}
    return render.page(
        request,
        "people_invite.html",
        status=errors.status_of(error) if error else 200,
        typed=known | (typed or {}),
        problem=_said(error),
        role_words=ROLE_WORDS,
    )


@screens.get("/people/{login}")
def person_page(request: Request, caller: Keeper, world: TheWorld, login: str) -> Response:
    return _person_page(request, caller, world, login)


@screens.post("/people/{login}")
def change_form(
    request: Request,
    caller: Keeper,
    world: TheWorld,
    login: str,
    name: Text,
    roles: Roles = [],  # noqa: B006  # FastAPI copies it
    os_user: Text = "",
    may_see_sensitive: Text = "",
) -> Response:
    try:
        people.change_user(
            caller.access,
            login,
            world.services,
            name=name,
            roles=roles,
            may_see_sensitive=bool(may_see_sensitive),
            os_user=os_user.strip(),
        )
    except NotFound:
        raise
    except (ConfigError, ConflictError) as error:
        return _person_page(request, caller, world, login, error)
    return _back(login)


@screens.post("/people/{login}/disabled")
def disable_form(
    request: Request, caller: Keeper, world: TheWorld, login: str, is_disabled: Text = ""
) -> Response:
    try:
        people.change_user(caller.access, login, world.services, is_disabled=bool(is_disabled))
    except NotFound:
        raise
    except (ConfigError, ConflictError) as error:
        return _person_page(request, caller, world, login, error)
    return _back(login)


@screens.post("/people/{login}/link")
def link_form(request: Request, caller: Keeper, world: TheWorld, login: str) -> Response:
    try:
        secret = people.link(caller.access, login, world.services)
    except NotFound:
        raise
    except ConflictError as error:
        return _person_page(request, caller, world, login, error)
    return _link_page(request, login, secret)


@screens.post("/people/{login}/factor/drop")
def drop_factor_form(request: Request, caller: Keeper, world: TheWorld, login: str) -> Response:
    try:
        _drop_factor(caller, login, world)
    except NotFound:
        raise
    except (ConfigError, ConflictError) as error:
        return _person_page(request, caller, world, login, error)
    return _back(login)


@screens.post("/people/{login}/sessions/end")
def end_form(caller: Keeper, world: TheWorld, login: str, session_id: Text = "") -> Response:
    """One of theirs, or all (but the one that asks)."""
    if session_id:
        people.end_session(caller.access, session_id, world.services)
    else:
        _end_all(caller, login, world)
    return _back(login)


@screens.post("/people/{login}/tokens/revoke")
def revoke_form(caller: Keeper, world: TheWorld, login: str, token_id: Text) -> Response:
    people.revoke_token(caller.access, token_id, world.services)
    return _back(login)


# --- API ----------------------------------------------------------------------------------
@api.get("/people")
def everybody(caller: Keeper, world: TheWorld) -> list[StaffOut]:
    """Everybody who has a login, or was invited, by login."""
    return _everybody(caller.access, world.services)


@api.post("/people", status_code=201, responses=errors.DESCRIBED)
def invite(request: Request, caller: Keeper, world: TheWorld, asked: InviteIn) -> LinkOut:
    """A new login, and the link by which its owner chooses a password."""
    secret = people.invite(
        caller.access,
        asked.login,
        asked.name,
        asked.roles,
        world.services,
        may_see_sensitive=asked.may_see_sensitive,
        os_user=asked.os_user,
    )
    return LinkOut(login=asked.login.strip().lower(), link=link_of(request, secret))


@api.get("/people/{login}", responses=errors.DESCRIBED)
def person(caller: Keeper, world: TheWorld, login: str) -> StaffOut:
    """Somebody's login, roles and state."""
    return _one(caller.access, login, world.services)


@api.patch("/people/{login}", responses=errors.DESCRIBED)
def change(caller: Keeper, world: TheWorld, login: str, asked: ChangeIn) -> StaffOut:
    """What is left out stays. Who is disabled loses sessions, tokens and links at once."""
    people.change_user(
        caller.access,
        login,
        world.services,
        roles=asked.roles,
        name=asked.name,
        may_see_sensitive=asked.may_see_sensitive,
        is_disabled=asked.is_disabled,
        os_user=asked.os_user,
    )
    return _one(caller.access, login, world.services)


@api.post("/people/{login}/link", status_code=201, responses=errors.DESCRIBED)
def new_link(request: Request, caller: Keeper, world: TheWorld, login: str) -> LinkOut:
    """For a forgotten password; what they have keeps working until it is used."""
    return LinkOut(login=login, link=link_of(request, people.link(caller.access, login, world.services)))


@api.delete("/people/{login}/factor", status_code=204, responses=errors.DESCRIBED)
def drop_factor(caller: Keeper, world: TheWorld, login: str) -> None:
    """Of somebody who lost the device; one's own is dropped with a code (POST /me/factor/drop)."""
    _drop_factor(caller, login, world)


@api.get("/people/{login}/sessions", responses=errors.DESCRIBED)
def sessions(caller: Keeper, world: TheWorld, login: str) -> list[SessionOut]:
    """Where somebody is logged in, newest first."""
    _one(caller.access, login, world.services)
    return sessions_of(caller, login, world.services)


@api.delete("/people/{login}/sessions", responses=errors.DESCRIBED)
def end_sessions(caller: Keeper, world: TheWorld, login: str) -> EndedOut:
    """All of theirs but the one that asks."""
    return EndedOut(ended=_end_all(caller, login, world))


@api.delete("/sessions/{session_id}", status_code=204, responses=errors.DESCRIBED)
def end_session(caller: Keeper, world: TheWorld, session_id: str) -> None:
    """Log somebody's session out at once."""
    people.end_session(caller.access, session_id, world.services)


@api.get("/people/{login}/tokens", responses=errors.DESCRIBED)
def tokens(caller: Keeper, world: TheWorld, login: str) -> list[TokenOut]:
    """Somebody's keys for programs; never their secrets."""
    _one(caller.access, login, world.services)
    return tokens_of(caller.access, login, world.services)


@api.delete("/tokens/{token_id}", status_code=204, responses=errors.DESCRIBED)
def revoke(caller: Keeper, world: TheWorld, token_id: str) -> None:
    """End a token at once."""
    people.revoke_token(caller.access, token_id, world.services)


# --- shared with me.py ---------------------------------------------------------------------
def sessions_of(caller: Caller, login: str, services: Services) -> list[SessionOut]:
    """Newest first."""
    this = caller.session.session_id if caller.session else ""
    found = sorted(people.sessions(caller.access, services, login), key=_seen_at, reverse=True)
    return [_session(one, is_this=one.session_id == this) for one in found]


def tokens_of(access: Access, login: str, services: Services) -> list[TokenOut]:
    return [token_out(one) for one in people.tokens(access, services, login)]


def token_out(one: Token) -> TokenOut:
    return TokenOut(
        token_id=one.token_id,
        login=one.login,
        label=one.label,
        rights=[right for right in Right if right in one.rights],
        created_at=one.created_at,
        expires_at=one.expires_at,
        used_at=one.used_at,
    )


def link_of(request: Request, secret: str) -> str:
    return f"{request.url.scheme}://{request.url.netloc}/invited/{secret}"


# --- inside -------------------------------------------------------------------------------
def _everybody(access: Access, services: Services) -> list[StaffOut]:
    invited = {one.login for one in people.invitations(access, services)}
    counts: dict[str, int] = {}
    for session in people.sessions(access, services):
        counts[session.login] = counts.get(session.login, 0) + 1
    found = people.users(access, services)
    return [_person(user, user.login in invited, counts.get(user.login, 0)) for user in found]


def _one(access: Access, login: str, services: Services) -> StaffOut:
    for one in _everybody(access, services):
        if one.login == login:
            return one
    raise NotFound()


def _person(user: User, is_invited: bool, count: int) -> StaffOut:
    state = "active" if user.password_hash else "invited" if is_invited else "link_expired"
    return StaffOut(
        login=user.login,
        name=user.name,
        roles=list(user.roles),
        state="disabled" if user.is_disabled else state,
        has_second_factor=bool(user.totp_secret),
        may_see_sensitive=user.may_see_sensitive,
        patients=len(user.patient_ids),
        os_user=user.os_user,
        created_at=user.created_at,
        last_login_at=user.last_login_at,
        sessions=count,
    )


def _session(one: Session, *, is_this: bool) -> SessionOut:
    return SessionOut(
        session_id=one.session_id,
        login=one.login,
        address=one.address,
        browser=one.agent or "unknown",
        started_at=one.started_at,
        seen_at=one.seen_at,
        is_this=is_this,
    )


def _seen_at(session: Session) -> datetime:
    return session.seen_at


def _drop_factor(caller: Caller, login: str, world: World) -> None:
    _one(caller.access, login, world.services)
    people.drop_second_factor(caller.access, world.services, login=login)


def _end_all(caller: Caller, login: str, world: World) -> int:
    _one(caller.access, login, world.services)
    this = caller.session.session_id if caller.session else ""
    return people.end_sessions(caller.access, login, world.services, but=this)


def _person_page(
    request: Request, caller: Caller, world: World, login: str, error: ScanindexError | None = None
) -> Response:
    shown = _one(caller.access, login, world.services)
    return render.page(
        request,
        "person.html",
        status=errors.status_of(error) if error else 200,
        person=shown,
        sessions=sessions_of(caller, login, world.services),
        tokens=tokens_of(caller.access, login, world.services),
        problem=_said(error),
        role_words=ROLE_WORDS,
        is_self=login == caller.access.login,
        is_listed=_is_listed(shown),
        wanted_factor=set(world.settings.access.second_factor_for) & {r.value for r in shown.roles},
    )


def _is_listed(person: StaffOut) -> bool:
    return StaffRole.CLINICIAN in person.roles and not any(
        Right.REVIEW in RIGHTS[role] for role in person.roles
    )


def _link_page(request: Request, login: str, secret: str) -> Response:
    return render.page(request, "people_link.html", login=login, link=link_of(request, secret))


def _said(error: ScanindexError | None) -> str:
    return str(error) if error else ""


def _back(login: str) -> Response:
    return RedirectResponse(f"/people/{login}", status_code=303)
