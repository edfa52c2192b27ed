"""One's own page: roles, password, second factor, sessions, keys for programs.

The only screen that works while a second factor is wanted and missing. Secrets are shown once.
What gives more or lasts longer (password, factor, keys) is for somebody who logged in, never for
a program's token.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from scanindex import fetch, people
from scanindex.access_model import RIGHTS, Right, StaffRole
from scanindex.errors import ConflictError, LoginFailed, NotFound, ScanindexError, UsageError
from scanindex.web import errors, login, render
from scanindex.web.guard import Caller, InPerson, Known
from scanindex.web.people import (
    ROLE_WORDS,
    EndedOut,
    SessionOut,
    TokenOut,
    sessions_of,
    token_out,
    tokens_of,
)
from scanindex.web.world import TheWorld, World

screens = APIRouter()
api = APIRouter(tags=["me"])
Text = Annotated[str, Form(max_length=300)]
_QR_PIXELS_PER_MODULE = 5
_MOST_PASSWORD = 300


class MeOut(BaseModel):
    login: str
    name: str
    roles: list[StaffRole]
    rights: list[Right]
    """What the caller may now: a token's, where one asks."""
    has_second_factor: bool
    needs_second_factor: bool
    """Nothing works until one is set up."""
    patients: int | None
    """On the list that bounds what they see; null: every chart."""


class PasswordIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    old: str = Field(max_length=_MOST_PASSWORD)
    new: str = Field(max_length=_MOST_PASSWORD)


class CodeIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: str = Field(min_length=1, max_length=60)
    """Six digits, or a recovery code where one is asked for."""


class FactorOut(BaseModel):
    uri: str
    """For a QR code (otpauth:)."""
    secret: str


class RecoveryOut(BaseModel):
    recovery_codes: list[str]
    """Shown once; each counts once."""


class NewTokenIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    label: str = Field(min_length=1, max_length=120)
    rights: list[Right] = Field(min_length=1, max_length=len(Right))
    days: int = Field(ge=1, le=366)


class NewTokenOut(TokenOut):
    secret: str
    """Shown once."""


# --- screens ------------------------------------------------------------------------------
@screens.get("/me")
def my_page(request: Request, caller: InPerson, world: TheWorld) -> Response:
    return _page(request, caller, world)


@screens.post("/me/password")
def password_form(
    request: Request, caller: InPerson, world: TheWorld, old: Text, new: Text, again: Text
) -> Response:
    try:
        if new != again:
            raise UsageError("the two new passwords differ")
        secret, _ = people.change_password(caller.access, old, new, *login.place_of(request), world.services)
    except ScanindexError as error:
        return _page(request, caller, world, "password", error)
    answer = RedirectResponse("/me?changed", status_code=303)
    login.put_cookie(request, answer, secret)
    return answer


@screens.post("/me/factor")
def start_factor_form(request: Request, caller: InPerson, world: TheWorld) -> Response:
    try:
        people.start_second_factor(caller.access, world.services)
    except ConflictError as error:
        return _page(request, caller, world, "factor", error)
    return RedirectResponse("/me#factor", status_code=303)


@screens.get("/me/factor.svg")
def factor_picture(caller: InPerson, world: TheWorld) -> Response:
    """The QR code of a second factor that was started and not confirmed yet."""
    uri = people.pending_second_factor(caller.access, world.services)
    if not uri:
        raise NotFound()
    return Response(_qr(uri), media_type="image/svg+xml")


@screens.post("/me/factor/confirm")
def confirm_factor_form(request: Request, caller: InPerson, world: TheWorld, code: Text) -> Response:
    try:
        codes = people.confirm_second_factor(caller.access, code, world.services)
    except ScanindexError as error:
        return _page(request, caller, world, "factor", error)
    return render.page(request, "me_recovery.html", codes=codes, login=caller.access.login)


@screens.post("/me/factor/drop")
def drop_factor_form(request: Request, caller: InPerson, world: TheWorld, code: Text) -> Response:
    try:
        people.drop_second_factor(caller.access, world.services, code=code)
    except ScanindexError as error:
        return _page(request, caller, world, "factor", error)
    return RedirectResponse("/me#factor", status_code=303)


@screens.post("/me/sessions/end")
def end_form(caller: InPerson, world: TheWorld, session_id: Text = "") -> Response:
    """One of one's own, or all others."""
    if session_id:
        _end_own(caller, session_id, world)
    else:
        _end_others(caller, world)
    return RedirectResponse("/me#sessions", status_code=303)


@screens.post("/me/tokens")
def token_form(
    request: Request,
    caller: InPerson,
    world: TheWorld,
    label: Text,
    days: Annotated[int, Form()],
    rights: Annotated[list[Right], Form(max_length=len(Right))] = [],  # noqa: B006  # FastAPI copies it
) -> Response:
    try:
        secret, token = people.new_token(caller.access, label, rights, days, world.services)
    except ScanindexError as error:
        return _page(request, caller, world, "tokens", error)
    return render.page(request, "me_token.html", secret=secret, token=token_out(token))


@screens.post("/me/tokens/revoke")
def revoke_form(caller: InPerson, world: TheWorld, token_id: Text) -> Response:
    _revoke_own(caller, token_id, world)
    return RedirectResponse("/me#tokens", status_code=303)


# --- API ----------------------------------------------------------------------------------
@api.get("/me")
def me(caller: Known, world: TheWorld) -> MeOut:
    """Who asks, and what they may."""
    return _me(caller, world)


@api.post("/me/password", status_code=204, responses=errors.DESCRIBED)
def change_password(request: Request, caller: InPerson, world: TheWorld, asked: PasswordIn) -> Response:
    """Every session of theirs ends; the answer brings the cookie of a new one."""
    secret, _ = people.change_password(
        caller.access, asked.old, asked.new, *login.place_of(request), world.services
    )
    answer = Response(status_code=204)
    login.put_cookie(request, answer, secret)
    return answer


@api.post("/me/factor", status_code=201, responses=errors.DESCRIBED)
def start_factor(caller: InPerson, world: TheWorld) -> FactorOut:
    """Begin with a second factor; it counts once a code was confirmed."""
    uri = people.start_second_factor(caller.access, world.services)
    return FactorOut(uri=uri, secret=_secret_in(uri))


@api.post("/me/factor/confirm", responses=errors.DESCRIBED)
def confirm_factor(caller: InPerson, world: TheWorld, asked: CodeIn) -> RecoveryOut:
    """Confirm it with a code; from then on every login asks for one. Answers recovery codes, once."""
    codes = people.confirm_second_factor(caller.access, asked.code, world.services)
    return RecoveryOut(recovery_codes=list(codes))


@api.post("/me/factor/drop", status_code=204, responses=errors.DESCRIBED)
def drop_factor(caller: InPerson, world: TheWorld, asked: CodeIn) -> None:
    """Go on without a second factor; takes a code."""
    people.drop_second_factor(caller.access, world.services, code=asked.code)


@api.get("/me/sessions")
def my_sessions(caller: InPerson, world: TheWorld) -> list[SessionOut]:
    """Where one is logged in, newest first."""
    return sessions_of(caller, caller.access.login, world.services)


@api.delete("/me/sessions", responses=errors.DESCRIBED)
def end_others(caller: InPerson, world: TheWorld) -> EndedOut:
    """All but the one that asks."""
    return EndedOut(ended=_end_others(caller, world))


@api.delete("/me/sessions/{session_id}", status_code=204, responses=errors.DESCRIBED)
def end_one(caller: InPerson, world: TheWorld, session_id: str) -> None:
    """Log one of one's own sessions out."""
    _end_own(caller, session_id, world)


@api.get("/me/tokens")
def my_tokens(caller: InPerson, world: TheWorld) -> list[TokenOut]:
    """One's own keys for programs; never their secrets."""
    return tokens_of(caller.access, caller.access.login, world.services)


@api.post("/me/tokens", status_code=201, responses=errors.DESCRIBED)
def new_token(caller: InPerson, world: TheWorld, asked: NewTokenIn) -> NewTokenOut:
    """A key for a program: some of one's own rights, for some days."""
    secret, token = people.new_token(caller.access, asked.label, asked.rights, asked.days, world.services)
    return NewTokenOut(**token_out(token).model_dump(), secret=secret)


@api.delete("/me/tokens/{token_id}", status_code=204, responses=errors.DESCRIBED)
def revoke(caller: InPerson, world: TheWorld, token_id: str) -> None:
    """End one of one's own tokens at once."""
    _revoke_own(caller, token_id, world)


# --- inside -------------------------------------------------------------------------------
def _page(
    request: Request,
    caller: Caller,
    world: World,
    part: str = "",
    error: ScanindexError | None = None,
) -> Response:
    """The whole page; part: where the error belongs."""
    user, services = people.me(caller.access, world.services), world.services
    uri = people.pending_second_factor(caller.access, services) if not user.totp_secret else ""
    answer = render.page(
        request,
        "me.html",
        status=errors.status_of(error) if error else 200,
        me=_me(caller, world),
        role_words=ROLE_WORDS,
        role_rights={role: [right for right in Right if right in RIGHTS[role]] for role in StaffRole},
        recovery_left=len(user.recovery_hashes),
        password_set_at=user.password_set_at,
        password_characters=world.settings.access.password_characters,
        pending_secret=_grouped(_secret_in(uri)) if uri else "",
        sessions=sessions_of(caller, caller.access.login, services),
        tokens=tokens_of(caller.access, caller.access.login, services),
        part=part,
        problem=_said(error, part),
        is_changed="changed" in request.query_params,
    )
    answer.headers.update(errors.retry_after(error) if error else {})
    return answer


def _said(error: ScanindexError | None, part: str) -> str:
    if error is None:
        return ""
    # The usual words name login and code, too; here only the password can be wrong.
    if isinstance(error, LoginFailed) and part == "password":
        return "the present password is not right"
    return str(error)


def _me(caller: Caller, world: World) -> MeOut:
    user = people.me(caller.access, world.services)
    bound = caller.access.patient_ids
    return MeOut(
        login=user.login,
        name=user.name,
        roles=list(user.roles),
        rights=[right for right in Right if caller.access.may(right)],
        has_second_factor=bool(user.totp_secret),
        needs_second_factor=caller.access.needs_second_factor,
        patients=None if bound is None else len(bound),
    )


def _secret_in(uri: str) -> str:
    return parse_qs(urlsplit(uri).query)["secret"][0]


def _grouped(secret: str) -> str:
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def _qr(uri: str) -> bytes:
    """Dark on light whatever the colours of the page: cameras want it so. Nothing inline: no style."""
    import io

    import segno

    stream = io.BytesIO()
    segno.make(uri, error="m", micro=False).save(
        stream, kind="svg", scale=_QR_PIXELS_PER_MODULE, border=4, dark="#000", light="#fff", xmldecl=True
    )
    return stream.getvalue()


def _end_own(caller: Caller, session_id: str, world: World) -> None:
    """Not another's, whatever rights they have: that is the page of people."""
    if session_id not in {one.session_id for one in sessions_of(caller, caller.access.login, world.services)}:
        raise fetch.refused(caller.access, "session", session_id, world.services)
    people.end_session(caller.access, session_id, world.services)


def _end_others(caller: Caller, world: World) -> int:
    this = caller.session.session_id if caller.session else ""
    return people.end_sessions(caller.access, caller.access.login, world.services, but=this)


def _revoke_own(caller: Caller, token_id: str, world: World) -> None:
    if token_id not in {
        one.token_id for one in tokens_of(caller.access, caller.access.login, world.services)
    }:
        raise fetch.refused(caller.access, "token", token_id, world.services)
    people.revoke_token(caller.access, token_id, world.services)
