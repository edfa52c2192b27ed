"""Second factors: six digits from an authenticator (TOTP), or a recovery code; each counts once."""

from __future__ import annotations

import dataclasses
from datetime import datetime

from scanindex import credentials
from scanindex.access_model import Access, Right, User
from scanindex.errors import LoginFailed, NotAllowedNow
from scanindex.people import tries
from scanindex.people.common import known, require, seal
from scanindex.ports import Unit
from scanindex.services import Services

_OWN = "own"
"""Instead of an address: who tries codes of their own second factor is logged in already."""


def start_second_factor(access: Access, services: Services) -> str:
    """The address (otpauth:) for a QR code; it counts once a code was confirmed."""
    secret = credentials.new_totp_secret()
    with services.catalog.write() as unit:
        user = known(access.login, unit)
        if user.totp_secret:
            raise NotAllowedNow("there is a second factor already; drop it first")
        unit.users.set_pending_factor(user.login, seal(services).close(secret))
    return credentials.totp_uri(secret, user.login, services.settings.site.name)


def pending_second_factor(access: Access, services: Services) -> str:
    """The address (otpauth:) of one that was started and not confirmed; "" where there is none."""
    with services.catalog.read() as unit:
        pending = unit.users.pending_factor(access.login)
    if not pending:
        return ""
    return credentials.totp_uri(seal(services).open(pending), access.login, services.settings.site.name)


def confirm_second_factor(access: Access, code: str, services: Services) -> tuple[str, ...]:
    """Take the factor into use; returns recovery codes, shown once. Raises LoginFailed, TooManyTries."""
    now = services.clock.now()
    with services.catalog.write() as unit:
        tries.begin(access.login, _OWN, now, unit)
    with services.catalog.write() as unit:
        user = known(access.login, unit)
        pending = unit.users.pending_factor(user.login)
        if not pending:
            raise NotAllowedNow("begin with a new second factor; this one was not started")
        step = credentials.totp_step(seal(services).open(pending), code, now)
        if step is None or not unit.users.use_step(user.login, step):
            raise LoginFailed("the code does not fit; look at the clock of the device and try the next one")
        codes = credentials.new_recovery_codes()
        hashes = tuple(credentials.recovery_hash(c) for c in codes)
        unit.users.put(dataclasses.replace(user, totp_secret=pending, recovery_hashes=hashes))
        unit.users.set_pending_factor(user.login, "")
        tries.succeed(access.login, _OWN, now, unit)
        unit.events.append("second_factor_set", access.actor, login=user.login)
    return codes


def drop_second_factor(
    access: Access, services: Services, *, code: str = "", login: str | None = None
) -> None:
    """One's own with a code of it; somebody else's (lost device) with the right "people".

    Raises LoginFailed, TooManyTries, Forbidden.
    """
    whose = access.login if login is None else login
    now = services.clock.now()
    if whose != access.login:
        require(access, Right.PEOPLE)
    else:
        with services.catalog.write() as unit:
            tries.begin(whose, _OWN, now, unit)
    with services.catalog.write() as unit:
        user = known(whose, unit)
        if whose == access.login:
            if not user.totp_secret or not spend(user, code, now, unit, services):
                raise LoginFailed("the code does not fit")
            tries.succeed(whose, _OWN, now, unit)
        unit.users.put(without_factor(user))
        unit.events.append("second_factor_dropped", access.actor, login=whose)


def without_factor(user: User) -> User:
    return dataclasses.replace(user, totp_secret="", recovery_hashes=())


def spend(user: User, code: str, now: datetime, unit: Unit, services: Services) -> bool:
    """Whether the code fits and was not used before; it is used up with that."""
    step = credentials.totp_step(seal(services).open(user.totp_secret), code, now)
    if step is not None:
        return unit.users.use_step(user.login, step)
    used = credentials.recovery_hash(code)
    if used not in user.recovery_hashes:
        return False
    left = tuple(kept for kept in user.recovery_hashes if kept != used)
    unit.users.put(dataclasses.replace(user, recovery_hashes=left))
    unit.events.append("recovery_code_used", user.actor, left=len(left))
    return True
