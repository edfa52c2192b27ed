"""One-time links by which people choose their password; nobody else ever knows one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import timedelta

from scanindex import credentials
from scanindex.access_model import Access, Invitation, Right, Session, StaffRole, User
from scanindex.errors import NotAllowedNow, NotFound, UsageError
from scanindex.model import PatientId
from scanindex.people.common import (
    check_password,
    checked_login,
    checked_name,
    checked_roles,
    is_active_administrator,
    known,
    require,
)
from scanindex.people.factors import without_factor
from scanindex.people.sessions import begin_session
from scanindex.people.staff import free_os_user
from scanindex.ports import Unit
from scanindex.services import MACHINE, Services

FIRST_VALID = timedelta(hours=24)
VALID = timedelta(hours=72)
_ALSO = {StaffRole.CLERK, StaffRole.SUPERVISOR}
"""What the first administrator may take as well: an office of one person must work."""


def first_invitation(services: Services, actor: str = MACHINE) -> str:
    """The secret of the link for the first administrator, in place of an earlier one; valid 24 h.

    Raises NotAllowedNow once somebody has a login.
    """
    with services.catalog.write() as unit:
        if unit.users.have_password():
            raise NotAllowedNow("somebody has a login already; an administrator invites the others")
        made = Invitation(
            login="",
            roles=(StaffRole.ADMINISTRATOR,),
            invited_by=actor,
            created_at=services.clock.now(),
            expires_at=services.clock.now() + FIRST_VALID,
        )
        return _issue(made, unit)


def invite(
    access: Access,
    login: str,
    name: str,
    roles: Iterable[StaffRole],
    services: Services,
    *,
    patient_ids: Iterable[PatientId] = (),
    may_see_sensitive: bool = False,
    os_user: str = "",
) -> str:
    """A new login without a password, and the secret of the link by which they choose one; valid 72 h.

    patient_ids: of a clinician; wants the right "supervise" as well. Raises NotAllowedNow before
    there is an administrator, Forbidden, UsageError.
    """
    require(access, Right.PEOPLE)
    listed = frozenset(patient_ids)
    if listed:
        require(access, Right.SUPERVISE)
    login = checked_login(login)
    with services.catalog.write() as unit:
        if not any(map(is_active_administrator, unit.users.all())):
            raise NotAllowedNow("the first login is an administrator's; see `scanindex people link`")
        if unit.users.get(login):
            raise UsageError("somebody has that login; `people link` makes a new link for them")
        user = User(
            login=login,
            name=checked_name(name),
            roles=checked_roles(roles),
            patient_ids=listed,
            may_see_sensitive=may_see_sensitive,
            os_user=free_os_user(os_user, login, unit),
            created_at=services.clock.now(),
        )
        unit.users.put(user)
        unit.events.append(
            "user_added", access.actor, login=login, name=user.name, roles=user.roles, os_user=os_user
        )
        return _invite(user, access.actor, unit, services)


def link(access: Access, login: str, services: Services) -> str:
    """A new link for somebody who has a login: the first was lost, or the password forgotten.

    What they have keeps working until the link is used.
    """
    require(access, Right.PEOPLE)
    with services.catalog.write() as unit:
        user = known(login, unit)
        if user.is_disabled:
            raise NotAllowedNow("that login is disabled")
        return _invite(user, access.actor, unit, services)


def rescue(login: str, actor: str, services: Services) -> str:
    """A link for somebody who cannot come in any more, asked for by whoever owns the data.

    The second factor is dropped and a disabled login works again; the caller makes sure who asks.
    """
    with services.catalog.write() as unit:
        user = dataclasses.replace(without_factor(known(login, unit)), is_disabled=False)
        unit.users.put(user)
        unit.events.append("user_rescued", actor, login=login)
        return _invite(user, actor, unit, services)


def _invite(user: User, actor: str, unit: Unit, services: Services) -> str:
    now = services.clock.now()
    made = Invitation(
        login=user.login,
        name=user.name,
        roles=user.roles,
        invited_by=actor,
        created_at=now,
        expires_at=now + VALID,
    )
    return _issue(made, unit)


def _issue(made: Invitation, unit: Unit) -> str:
    secret = credentials.new_secret()
    unit.invitations.put(made, credentials.secret_hash(secret))
    unit.events.append("invited", made.invited_by, login=made.login, roles=made.roles)
    return secret


def invitation(secret: str, services: Services) -> Invitation:
    """Who is invited by it. Raises NotFound: used, replaced, or too old."""
    with services.catalog.read() as unit:
        return _standing(secret, unit, services)


def invitations(access: Access, services: Services) -> Sequence[Invitation]:
    """Those that still count."""
    require(access, Right.PEOPLE)
    with services.catalog.read() as unit:
        return [i for i in unit.invitations.all() if i.expires_at > services.clock.now()]


def _standing(secret: str, unit: Unit, services: Services) -> Invitation:
    found = unit.invitations.by_secret(credentials.secret_hash(secret)) if secret else None
    if found is None or found.expires_at <= services.clock.now():
        raise NotFound("this link was used, replaced by a newer one, or is too old; ask for another")
    if found.is_first and unit.users.have_password():
        raise NotFound("somebody has a login already; an administrator invites the others")
    return found


def accept_invitation(
    secret: str,
    login: str | None,
    name: str | None,
    password: str,
    address: str,
    agent: str,
    services: Services,
    roles: Iterable[StaffRole] | None = None,
) -> tuple[str, Session]:
    """Choose the password, and come in; the link is used up and older sessions and tokens end.

    login, name, roles: for the first administrator only, who may be clerk and supervisor too.
    Raises NotFound (see `invitation`), UsageError.
    """
    with services.catalog.read() as unit:
        found = _standing(secret, unit, services)
        user = _invited(found, login, name, roles, unit, services)
    check_password(password, user.login, user.name, services)
    made = credentials.password_hash(password)
    now = services.clock.now()
    with services.catalog.write() as unit:
        found = _standing(secret, unit, services)  # only one of two who came at once
        user = _invited(found, login, name, roles, unit, services)
        user = dataclasses.replace(user, password_hash=made, password_set_at=now, last_login_at=now)
        unit.users.put(user)
        unit.invitations.drop(found.login)
        unit.sessions.drop_of(user.login)
        unit.tokens.drop_of(user.login)
        unit.events.append(
            "invitation_accepted", user.actor, login=user.login, roles=user.roles, address=address
        )
        session = begin_session(user, address, agent, unit, services)
        unit.events.append("logged_in", user.actor, address=address, session_id=session[1].session_id)
    return session


def _invited(
    found: Invitation,
    login: str | None,
    name: str | None,
    roles: Iterable[StaffRole] | None,
    unit: Unit,
    services: Services,
) -> User:
    """Whose password it will be."""
    if not found.is_first:
        user = known(found.login, unit)
        if user.is_disabled:
            raise NotFound("this link was used, replaced by a newer one, or is too old; ask for another")
        return user
    also = checked_roles(roles or ())
    if set(also) - _ALSO - {StaffRole.ADMINISTRATOR}:
        raise UsageError("the first administrator may be clerk and supervisor too, nothing else")
    return User(
        login=checked_login(login or ""),
        name=checked_name(name or login or ""),
        roles=checked_roles({StaffRole.ADMINISTRATOR, *also}),
        created_at=services.clock.now(),
    )
