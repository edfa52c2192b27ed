"""people: logins, roles, sessions, tokens, and who broke the glass."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from scanindex import app
from scanindex import people as use
from scanindex.access_model import Access, Grant, Right, Session, StaffRole, Token, User
from scanindex.cli.common import (
    access_now,
    actor,
    allow,
    asking,
    emit_json,
    json_option,
    pass_home,
    printable,
    record_read,
    table,
    workspace,
)
from scanindex.cli.find import patient_id_by
from scanindex.errors import Forbidden, NotFound, UsageError
from scanindex.model import PatientId
from scanindex.settings import Settings

_ROLES = click.Choice([role.value for role in StaffRole])
_RIGHTS = click.Choice([right.value for right in Right])
_roles = click.option("--role", "roles", multiple=True, type=_ROLES, help="What they do here (repeatable).")
_patients = click.option(
    "--patient", "patients", multiple=True, help="A clinician's patient: MRN or id (repeatable)."
)


@click.group()
def people() -> None:
    """Logins, roles, sessions, tokens, and who broke the glass.

    \b
    scanindex people link                              the first administrator's link
    scanindex people invite bo "Bo Lee" --role clerk   a login and the link for its password
    scanindex people list
    scanindex people set bo --role clerk --role supervisor
    scanindex people disable bo
    scanindex people rescue ann                        who owns the data folders lets ann in again
    Until somebody has a login, whoever may read the data folders may do everything.
    """


def link_of(secret: str, settings: Settings) -> str:
    """Where a browser opens an invitation."""
    scheme = "https" if settings.web.tls_certificate else "http"
    return f"{scheme}://{settings.web.host}:{settings.web.port}/invited/{secret}"


def _tell_link(secret: str, opened: app.Workspace, hours: int) -> None:
    click.echo(link_of(secret, opened.settings))
    click.echo(
        f"for once, within {hours} hours; or `scanindex people accept` on this machine. "
        "Whoever opens it first has the login: give it to nobody else.",
        err=True,
    )


@people.command("list")
@json_option
@pass_home
def list_(home: Path, as_json: bool) -> None:
    """Everybody who has a login, with roles and how they stand."""
    with asking(home, Right.PEOPLE) as (opened, access):
        found = use.users(access, opened.services)
        invited = {one.login for one in use.invitations(access, opened.services)}
    if as_json:
        emit_json([_user_data(user, user.login in invited) for user in found])
        return
    table(
        ("LOGIN", "NAME", "ROLES", "STATE", "LAST LOGIN", "SPEAKS FOR"),
        [
            (
                user.login,
                user.name,
                ", ".join(user.roles) or "-",
                _state(user, user.login in invited),
                f"{user.last_login_at:%Y-%m-%d %H:%M}Z" if user.last_login_at else "never",
                user.os_user or "-",
            )
            for user in found
        ],
    )


def _state(user: User, is_invited: bool) -> str:
    if user.is_disabled:
        return "disabled"
    parts = ["active" if user.password_hash else "invited" if is_invited else "link expired"]
    parts += ["second factor"] if user.totp_secret else []
    parts += ["sensitive"] if user.may_see_sensitive else []
    return ", ".join(parts)


def _user_data(user: User, is_invited: bool) -> dict[str, Any]:
    """Without anything that is secret."""
    return {
        "login": user.login,
        "name": user.name,
        "roles": list(user.roles),
        "state": _state(user, is_invited),
        "is_disabled": user.is_disabled,
        "has_second_factor": bool(user.totp_secret),
        "may_see_sensitive": user.may_see_sensitive,
        "patients": len(user.patient_ids),
        "os_user": user.os_user,
        "created_at": user.created_at,
        "last_login_at": user.last_login_at,
    }


@people.command()
@click.argument("login")
@click.argument("name")
@_roles
@_patients
@click.option("--sensitive", is_flag=True, help="They see documents with labels without breaking the glass.")
@click.option("--os-user", "os_name", default="", help="This account speaks for them on the command line.")
@pass_home
def invite(
    home: Path,
    login: str,
    name: str,
    roles: tuple[str, ...],
    patients: tuple[str, ...],
    sensitive: bool,
    os_name: str,
) -> None:
    """Give NAME the login LOGIN; prints a one-time link by which they choose their password."""
    with asking(home, Right.PEOPLE) as (opened, access):
        secret = use.invite(
            access,
            login,
            name,
            [StaffRole(role) for role in roles],
            opened.services,
            patient_ids=_patient_ids(patients, opened),
            may_see_sensitive=sensitive,
            os_user=os_name,
        )
        _tell_link(secret, opened, 72)


def _patient_ids(patients: tuple[str, ...], opened: app.Workspace) -> list[PatientId]:
    return [patient_id_by(text, opened) for text in patients]


@people.command("set")
@click.argument("login")
@_roles
@_patients
@click.option("--no-patients", is_flag=True, help="Empty their list of patients.")
@click.option("--name", help="Another name.")
@click.option(
    "--sensitive/--no-sensitive", default=None, help="Documents with labels without breaking the glass."
)
@click.option("--os-user", "os_name", help="This account speaks for them; '' for none.")
@click.option("--enable", is_flag=True, help="Undo `people disable`.")
@pass_home
def set_(
    home: Path,
    login: str,
    roles: tuple[str, ...],
    patients: tuple[str, ...],
    no_patients: bool,
    name: str | None,
    sensitive: bool | None,
    os_name: str | None,
    enable: bool,
) -> None:
    """Change what LOGIN is; roles and patients given replace those they had.

    A clinician's patients are named by a supervisor; everything else is an administrator's.
    """
    with asking(home, Right.PEOPLE, Right.SUPERVISE) as (opened, access):
        user = use.change_user(
            access,
            login,
            opened.services,
            roles=[StaffRole(role) for role in roles] if roles else None,
            patient_ids=_patient_ids(patients, opened) if patients or no_patients else None,
            name=name,
            may_see_sensitive=sensitive,
            os_user=os_name,
            is_disabled=False if enable else None,
        )
    click.echo(f"{user.login}: {', '.join(user.roles) or 'no role'}")


@people.command()
@click.argument("login")
@pass_home
def disable(home: Path, login: str) -> None:
    """Shut LOGIN out: sessions, tokens and links end at once. Nothing they did is changed."""
    with asking(home, Right.PEOPLE) as (opened, access):
        use.change_user(access, login, opened.services, is_disabled=True)
    click.echo(f"{login} is disabled")


@people.command()
@click.argument("login", required=False)
@pass_home
def link(home: Path, login: str | None) -> None:
    """A new link for LOGIN (password forgotten, link lost); without it: for the first administrator."""
    with workspace(home) as opened:
        if login is None:
            _tell_link(use.first_invitation(opened.services, actor()), opened, 24)
            return
        access = access_now(opened)
        allow(opened, access, Right.PEOPLE)
        _tell_link(use.link(access, login, opened.services), opened, 72)


@people.command()
@click.option("--login", help="The first administrator's login, to be chosen.")
@click.option("--name", help="The first administrator's name.")
@click.option(
    "--also", multiple=True, type=click.Choice(["clerk", "supervisor"]), help="Do this work as well."
)
@pass_home
def accept(home: Path, login: str | None, name: str | None, also: tuple[str, ...]) -> None:
    """Use a link on the terminal: asks for it and for the new password."""
    with workspace(home) as opened:
        secret = click.prompt("Link", hide_input=True, err=True).strip().rpartition("/")[2]
        invited = use.invitation(secret, opened.services)
        if invited.is_first and not login:
            raise UsageError("the first administrator chooses a login: --login and --name")
        password = click.prompt("New password", hide_input=True, confirmation_prompt=True, err=True)
        roles = [StaffRole(role) for role in also]
        _, session = use.accept_invitation(
            secret, login, name, password, "terminal", "", opened.services, roles
        )
        use.log_out(session, opened.services)
    click.echo(f"{session.login} can log in")


@people.command()
@click.argument("login")
@pass_home
def rescue(home: Path, login: str) -> None:
    """Let LOGIN in again, for who owns the data folders: a new link, without second factor. Recorded."""
    with workspace(home) as opened:
        if os.geteuid() not in (0, opened.settings.var.stat().st_uid):
            raise Forbidden("only the account that owns the data folders may do this")
        _tell_link(use.rescue(login, actor(), opened.services), opened, 72)


@people.command()
@click.option("--of", "login", help="Only of this login.")
@json_option
@pass_home
def sessions(home: Path, login: str | None, as_json: bool) -> None:
    """Who is logged in: everybody for administrators, else only oneself."""
    with workspace(home) as opened:
        found = use.sessions(access_now(opened), opened.services, login)
    if as_json:
        emit_json([_session_data(one) for one in found])
        return
    table(
        ("SESSION", "LOGIN", "SINCE", "SEEN", "ADDRESS", "BROWSER"),
        [
            (
                s.session_id[:8],
                s.login,
                f"{s.started_at:%Y-%m-%d %H:%M}Z",
                f"{s.seen_at:%H:%M}Z",
                s.address,
                s.agent,
            )
            for s in found
        ],
    )


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}Z"


def _session_data(one: Session) -> dict[str, Any]:
    names = ("session_id", "login", "started_at", "seen_at", "address", "agent")
    return {name: getattr(one, name) for name in names}


@people.command()
@click.argument("session_id")
@pass_home
def end(home: Path, session_id: str) -> None:
    """End a session; the first characters of its id are enough."""
    with workspace(home) as opened:
        access = access_now(opened)
        ids = [s.session_id for s in use.sessions(access, opened.services)]
        use.end_session(access, _one(session_id, ids, "session"), opened.services)
    click.echo("ended")


def _one(text: str, ids: list[str], what: str) -> str:
    fitting = [one for one in ids if text and one.startswith(text.lower())]
    if len(fitting) != 1:
        raise NotFound(f"no {what}, or several, begin so")
    return fitting[0]


@people.command()
@click.option("--drop", is_flag=True, help="Take the second factor off (with a code of it).")
@click.option("--of", "login", help="With --drop: of somebody who lost the device (administrators).")
@pass_home
def factor(home: Path, drop: bool, login: str | None) -> None:
    """Set up one's second factor: an authenticator's codes beside the password."""
    with workspace(home) as opened:
        access = access_now(opened)
        if drop:
            code = "" if login else click.prompt("Code", err=True)
            use.drop_second_factor(access, opened.services, code=code, login=login)
            click.echo("the second factor is off")
            return
        click.echo(use.start_second_factor(access, opened.services))
        code = click.prompt("Enter it in an authenticator, then type the code it shows", err=True)
        click.echo("recovery codes, each for once; keep them on paper:")
        for one in use.confirm_second_factor(access, code, opened.services):
            click.echo(f"  {one}")


# --- tokens ---------------------------------------------------------------------------------
@people.group()
def token() -> None:
    """Keys for programs: some rights of their owner, for some days."""


@token.command()
@click.argument("label")
@click.option(
    "--right", "rights", multiple=True, required=True, type=_RIGHTS, help="What it may (repeatable)."
)
@click.option("--days", type=click.IntRange(1), default=90, show_default=True, help="Valid for so long.")
@pass_home
def new(home: Path, label: str, rights: tuple[str, ...], days: int) -> None:
    """Make a token called LABEL for oneself; it is printed once."""
    with workspace(home) as opened:
        access = access_now(opened)
        secret, made = use.new_token(access, label, [Right(r) for r in rights], days, opened.services)
    click.echo(secret)
    click.echo(f"shown only now; valid until {made.expires_at:%Y-%m-%d}", err=True)


@token.command("list")
@json_option
@pass_home
def list_tokens(home: Path, as_json: bool) -> None:
    """Tokens: everybody's for administrators, else one's own."""
    with workspace(home) as opened:
        found = use.tokens(access_now(opened), opened.services)
    if as_json:
        emit_json([_token_data(one) for one in found])
        return
    table(
        ("TOKEN", "LOGIN", "LABEL", "RIGHTS", "UNTIL", "USED"),
        [
            (
                t.token_id[:8],
                t.login,
                printable(t.label),
                ", ".join(sorted(t.rights)),
                f"{t.expires_at:%Y-%m-%d}",
                f"{t.used_at:%Y-%m-%d}" if t.used_at else "never",
            )
            for t in found
        ],
    )


def _token_data(one: Token) -> dict[str, Any]:
    names = ("token_id", "login", "label", "created_at", "expires_at", "used_at")
    return {name: getattr(one, name) for name in names} | {"rights": sorted(one.rights)}


@token.command()
@click.argument("token_id")
@pass_home
def revoke(home: Path, token_id: str) -> None:
    """Make a token worthless; the first characters of its id are enough."""
    with workspace(home) as opened:
        access = access_now(opened)
        ids = [t.token_id for t in use.tokens(access, opened.services)]
        use.revoke_token(access, _one(token_id, ids, "token"), opened.services)
    click.echo("revoked")


# --- breaking the glass -----------------------------------------------------------------------
@people.group()
def glass() -> None:
    """Charts that somebody opened although they are closed to them: break, list, review."""


@glass.command("break")
@click.argument("patient_id")
@click.option("--reason", required=True, help="Why it cannot wait; at least 10 characters.")
@pass_home
def break_(home: Path, patient_id: str, reason: str) -> None:
    """Open the chart of PATIENT_ID (whole MRN or id) for the time that the settings say."""
    with asking(home, Right.BREAK_GLASS) as (opened, access):
        (whose,) = _patient_ids((patient_id,), opened)
        grant = use.break_glass(access, whose, reason, opened.services)
    click.echo(f"open until {grant.until:%Y-%m-%d %H:%M}Z; it will be reviewed")


@glass.command("list")
@click.option("--open", "open_only", is_flag=True, help="Only those that nobody reviewed yet.")
@json_option
@pass_home
def list_glass(home: Path, open_only: bool, as_json: bool) -> None:
    """Who opened which chart and why; without the right to review only one's own."""
    with workspace(home) as opened:
        access = access_now(opened)
        found = use.grants(access, opened.services, open_only=open_only)
        record_read(opened, access, "glass", (), [grant.patient_id for grant in found])
    if as_json:
        emit_json([_grant_data(one) for one in found])
        return
    table(
        ("GRANT", "LOGIN", "PATIENT", "OPENED", "UNTIL", "VERDICT", "REASON"),
        [
            (
                g.grant_id[:8],
                g.login,
                g.patient_id,
                f"{g.opened_at:%Y-%m-%d %H:%M}Z",
                f"{g.until:%H:%M}Z",
                g.verdict or "-",
                printable(g.reason),
            )
            for g in found
        ],
    )


def _grant_data(one: Grant) -> dict[str, Any]:
    names = (
        "grant_id",
        "login",
        "patient_id",
        "reason",
        "opened_at",
        "until",
        "reviewed_at",
        "reviewed_by",
        "verdict",
    )
    return {name: getattr(one, name) for name in names}


@glass.command("review")
@click.argument("grant_id")
@click.argument("verdict", type=click.Choice(["justified", "not-justified"]))
@click.option("--note", default="", help="What was found; kept in the trail.")
@pass_home
def review_glass(home: Path, grant_id: str, verdict: str, note: str) -> None:
    """Say whether it was right to; not one's own. Where it was not, the chart closes at once."""
    with asking(home, Right.TRAIL, Right.SUPERVISE) as (opened, access):
        ids = [grant.grant_id for grant in use.grants(access, opened.services)]
        one = _one(grant_id, ids, "grant")
        use.review_grant(access, one, verdict.replace("-", "_"), note, opened.services)
    click.echo(f"{one[:8]}: {verdict}")


@glass.command("close")
@click.argument("grant_id")
@pass_home
def close_glass(home: Path, grant_id: str) -> None:
    """Close a chart that one opened, before its time."""
    with workspace(home) as opened:
        access: Access = access_now(opened)
        ids = [grant.grant_id for grant in use.grants(access, opened.services)]
        use.close_glass(access, _one(grant_id, ids, "grant"), opened.services)
    click.echo("closed")
