"""Keys for programs: some of their owner's rights, for some days."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import timedelta

from scanindex import credentials
from scanindex.access_model import Access, Right, Token
from scanindex.errors import Forbidden, LoginNeeded, NotFound, UsageError
from scanindex.people.common import access_for, checked_name, known
from scanindex.services import Services

MOST_DAYS = 366
_PREFIX = "scanindex_"
"""So that a secret which leaked into a file can be found."""
_USED_EVERY = timedelta(minutes=1)


def new_token(
    access: Access, label: str, rights: Iterable[Right], days: int, services: Services
) -> tuple[str, Token]:
    """The secret, shown once, and what is known of it. Raises Forbidden, UsageError."""
    wanted = frozenset(rights)
    if not wanted:
        raise UsageError("a token has at least one right")
    if not wanted <= access.rights:
        raise Forbidden("a token has no more rights than its owner")
    if not 1 <= days <= MOST_DAYS:
        raise UsageError(f"a token is valid for 1 to {MOST_DAYS} days")
    now = services.clock.now()
    secret = _PREFIX + credentials.new_secret()
    with services.catalog.write() as unit:
        token = Token(
            token_id=services.ids.new(),
            login=known(access.login, unit).login,
            label=checked_name(label),
            rights=wanted,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        unit.tokens.add(token, credentials.secret_hash(secret))
        unit.events.append(
            "token_made",
            access.actor,
            token_id=token.token_id,
            label=token.label,
            rights=sorted(wanted),
            expires_at=token.expires_at,
        )
    return secret, token


def access_of_token(secret: str, services: Services) -> Access:
    """What whoever holds it may now. Raises LoginNeeded: unknown, revoked, too old, owner disabled."""
    now = services.clock.now()
    with services.catalog.read() as unit:
        token = unit.tokens.by_secret(credentials.secret_hash(secret)) if secret else None
        user = unit.users.get(token.login) if token else None
        access = access_for(user, unit, services, token.rights) if user and token else None
    if token is None or user is None or access is None or user.is_disabled or token.expires_at <= now:
        raise LoginNeeded("the token is unknown, revoked or too old")
    if token.used_at is None or now - token.used_at >= _USED_EVERY:
        with services.catalog.write() as unit:
            unit.tokens.put(dataclasses.replace(token, used_at=now))
    return access


def tokens(access: Access, services: Services, login: str | None = None) -> Sequence[Token]:
    """Of `login`, or of all (None); without the right "people" only one's own."""
    wanted = login if access.may(Right.PEOPLE) else access.login
    with services.catalog.read() as unit:
        return unit.tokens.of(wanted)


def revoke_token(access: Access, token_id: str, services: Services) -> None:
    """One's own, or anybody's with the right "people". Raises NotFound."""
    with services.catalog.write() as unit:
        token = unit.tokens.get(token_id)
        if token is None or (token.login != access.login and not access.may(Right.PEOPLE)):
            raise NotFound("there is no such token")
        unit.tokens.drop(token_id)
        unit.events.append("token_revoked", access.actor, token_id=token_id, login=token.login)
