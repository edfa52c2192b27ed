"""What the other modules of people share: rights asked for, names checked, Access put together."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

from scanindex import passwords
from scanindex.access_model import Access, Right, StaffRole, User, access_of
from scanindex.credentials import Seal
from scanindex.errors import Forbidden, NotFound, UsageError
from scanindex.ports import Unit
from scanindex.services import Services

NOBODY = "nobody"
"""Who acts in events where it is not known."""
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
_MOST_NAME_CHARACTERS = 120


def require(access: Access, *rights: Right) -> None:
    """Raises Forbidden unless they have one of these."""
    if not any(access.may(right) for right in rights):
        raise Forbidden(f"this needs the right {' or '.join(right.value for right in rights)}")


def me(access: Access, services: Services) -> User:
    """The person who asks. Raises NotFound where no login stands behind it."""
    with services.catalog.read() as unit:
        return known(access.login, unit)


def known(login: str, unit: Unit) -> User:
    user = unit.users.get(login)
    if user is None:
        raise NotFound("nobody has that login; `scanindex people list` shows who has one")
    return user


def access_for(user: User, unit: Unit, services: Services, only: frozenset[Right] | None = None) -> Access:
    """What somebody may now, with the charts that they opened by breaking the glass."""
    settings = services.settings.access
    opened = [grant.patient_id for grant in unit.grants.active(user.login, services.clock.now())]
    access = access_of(user, settings.restricted_labels, opened, only)
    if not access.may(Right.BREAK_GLASS):
        access = dataclasses.replace(access, opened=frozenset())
    if not user.totp_secret and set(settings.second_factor_for) & {role.value for role in user.roles}:
        return dataclasses.replace(access, rights=frozenset(), needs_second_factor=True)
    return access


def seal(services: Services) -> Seal:
    return Seal(services.settings.keys)


def checked_login(text: str) -> str:
    login = text.strip().lower()
    if not _LOGIN.fullmatch(login):
        raise UsageError('a login has 2 to 40 of a-z, 0-9, ".", "-", "_"; a letter or digit comes first')
    return login


def checked_name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > _MOST_NAME_CHARACTERS or not name.isprintable():
        raise UsageError(f"a name has 1 to {_MOST_NAME_CHARACTERS} characters that can be printed")
    return name


def checked_roles(roles: Iterable[str]) -> tuple[StaffRole, ...]:
    """Each once, in the order of the table. Raises UsageError."""
    wanted = set(roles)
    if unknown := wanted - {role.value for role in StaffRole}:
        raise UsageError(f"{len(unknown)} unknown role(s); there are {', '.join(r.value for r in StaffRole)}")
    return tuple(role for role in StaffRole if role.value in wanted)


def check_password(password: str, login: str, name: str, services: Services) -> None:
    """Raises UsageError saying what is wrong with it."""
    site = services.settings.site
    own_words = (login, name, site.name, *site.facilities)
    fewest = services.settings.access.password_characters
    if problem := passwords.problem(passwords.normalized(password), fewest, own_words):
        raise UsageError(problem)


def is_active_administrator(user: User) -> bool:
    return StaffRole.ADMINISTRATOR in user.roles and not user.is_disabled and bool(user.password_hash)
