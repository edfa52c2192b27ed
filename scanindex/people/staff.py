"""Who has a login here, and what administrators change about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from scanindex.access_model import Access, Right, StaffRole, User
from scanindex.errors import Forbidden, NotAllowedNow, UsageError
from scanindex.model import PatientId
from scanindex.people.common import checked_name, checked_roles, is_active_administrator, known, require
from scanindex.ports import Unit
from scanindex.services import Services


def exist(services: Services) -> bool:
    """Whether anybody has a password: from then on nothing is done without a login."""
    with services.catalog.read() as unit:
        return unit.users.have_password()


def users(access: Access, services: Services) -> Sequence[User]:
    """Everybody, by login."""
    require(access, Right.PEOPLE)
    with services.catalog.read() as unit:
        return unit.users.all()


def change_user(
    access: Access,
    login: str,
    services: Services,
    *,
    roles: Iterable[StaffRole] | None = None,
    name: str | None = None,
    patient_ids: Iterable[PatientId] | None = None,
    may_see_sensitive: bool | None = None,
    is_disabled: bool | None = None,
    os_user: str | None = None,
) -> User:
    """What is None stays. Who is disabled loses sessions, tokens and invitations at once.

    Whoever keeps logins sees no charts, so a clinician's patients are named by who supervises:
    `patient_ids` wants the right "supervise", everything else "people".

    Raises Forbidden (nobody gives more to themselves while somebody else could), NotAllowedNow
    (the last administrator stays one), UsageError, NotFound.
    """
    others = (roles, name, may_see_sensitive, is_disabled, os_user)
    if patient_ids is not None:
        require(access, Right.SUPERVISE)
    if patient_ids is None or any(value is not None for value in others):
        require(access, Right.PEOPLE)
    with services.catalog.write() as unit:
        before = known(login, unit)
        wanted: dict[str, Any] = {
            "roles": None if roles is None else checked_roles(roles),
            "name": None if name is None else checked_name(name),
            "patient_ids": None if patient_ids is None else frozenset(patient_ids),
            "may_see_sensitive": may_see_sensitive,
            "is_disabled": is_disabled,
            "os_user": None if os_user is None else free_os_user(os_user, login, unit),
        }
        changes = {k: v for k, v in wanted.items() if v is not None and v != getattr(before, k)}
        if not changes:
            return before
        after = dataclasses.replace(before, **changes)
        _refuse_raising_oneself(access, before, after, unit)
        unit.users.put(after)
        if is_active_administrator(before) and not any(map(is_active_administrator, unit.users.all())):
            raise NotAllowedNow("the last administrator stays one; make another first")
        if after.is_disabled:
            unit.sessions.drop_of(login)
            unit.tokens.drop_of(login)
            unit.invitations.drop(login)
        unit.events.append("user_changed", access.actor, login=login, **_told(changes))
    return after


def _told(changes: dict[str, Any]) -> dict[str, Any]:
    return {key: sorted(value) if isinstance(value, frozenset) else value for key, value in changes.items()}


def _refuse_raising_oneself(access: Access, before: User, after: User, unit: Unit) -> None:
    if access.login != before.login:
        return
    is_more = (
        not set(after.roles) <= set(before.roles)
        or not after.patient_ids <= before.patient_ids
        or after.may_see_sensitive > before.may_see_sensitive
    )
    others = [u for u in unit.users.all() if u.login != before.login and is_active_administrator(u)]
    if is_more and others:
        raise Forbidden("nobody gives more to themselves; ask another administrator")


def free_os_user(os_user: str, login: str, unit: Unit) -> str:
    """Raises UsageError where the account speaks for somebody else."""
    holder = unit.users.of_os_user(os_user)
    if holder is not None and holder.login != login:
        raise UsageError("that account of the operating system speaks for another login")
    if len(os_user) > 64:
        raise UsageError("a name of an account has at most 64 characters")
    return os_user
