"""People and what proves who they are: logins, sessions, tokens, grants, invitations, tries.

Secrets come here as hashes or sealed and are looked up by their hash. Model values are kept
as JSON; the columns beside them exist to be looked up by. What may be changed by whom is
decided in people.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, Table, and_, delete, func, insert, or_, select, update

from scanindex.access_model import Grant, Invitation, Session, Token, User
from scanindex.store import tables
from scanindex.store.rows import from_json, stamp, to_json

_U, _S, _T, _G = tables.users, tables.sessions, tables.tokens, tables.grants
_I, _L = tables.invitations, tables.login_tries
V = TypeVar("V", Session, Token)


class Users:
    """`ports.UserTable`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, login: str) -> User | None:
        row = self._connection.execute(select(_U.c.body).where(_U.c.login == login)).first()
        return from_json(User, row.body) if row else None

    def put(self, user: User) -> None:
        values = {
            "os_user": user.os_user,
            "has_password": bool(user.password_hash),
            "body": to_json(user),
        }
        done = self._connection.execute(update(_U).where(_U.c.login == user.login).values(**values))
        if not done.rowcount:
            self._connection.execute(insert(_U).values(login=user.login, **values))

    def all(self) -> list[User]:
        rows = self._connection.execute(select(_U.c.body).order_by(_U.c.login))
        return [from_json(User, row.body) for row in rows]

    def have_password(self) -> bool:
        found = self._connection.execute(select(_U.c.login).where(_U.c.has_password).limit(1)).first()
        return found is not None

    def of_os_user(self, os_user: str) -> User | None:
        if not os_user:
            return None
        row = self._connection.execute(select(_U.c.body).where(_U.c.os_user == os_user)).first()
        return from_json(User, row.body) if row else None

    def use_step(self, login: str, step: int) -> bool:
        this = and_(_U.c.login == login, _U.c.totp_step < step)
        return bool(self._connection.execute(update(_U).where(this).values(totp_step=step)).rowcount)

    def pending_factor(self, login: str) -> str:
        found = self._connection.execute(select(_U.c.totp_pending).where(_U.c.login == login)).scalar()
        return str(found or "")

    def set_pending_factor(self, login: str, sealed: str) -> None:
        self._connection.execute(update(_U).where(_U.c.login == login).values(totp_pending=sealed))


class _WithSecret:
    """Rows that are found by the hash of a secret, by their public id, or by whose they are."""

    def __init__(self, connection: Connection, table: Table, key: str) -> None:
        self._connection, self._table, self._key = connection, table, table.c[key]

    def _by_secret(self, cls: type[V], secret_hash: str) -> V | None:
        where = self._table.c.secret_hash == secret_hash
        row = self._connection.execute(select(self._table.c.body).where(where)).first()
        return from_json(cls, row.body) if row else None

    def _get(self, cls: type[V], key: str) -> V | None:
        row = self._connection.execute(select(self._table.c.body).where(self._key == key)).first()
        return from_json(cls, row.body) if row else None

    def _add(self, key: str, value: Session | Token, secret_hash: str) -> None:
        values = {self._key.name: key, "secret_hash": secret_hash}
        self._connection.execute(insert(self._table).values(login=value.login, body=to_json(value), **values))

    def _put(self, key: str, value: Session | Token) -> None:
        self._connection.execute(update(self._table).where(self._key == key).values(body=to_json(value)))

    def _of(self, cls: type[V], login: str | None) -> list[V]:
        query = select(self._table.c.body).order_by(self._table.c.login, self._key)
        if login is not None:
            query = query.where(self._table.c.login == login)
        return [from_json(cls, row.body) for row in self._connection.execute(query)]

    def drop(self, key: str) -> None:
        self._connection.execute(delete(self._table).where(self._key == key))

    def drop_of(self, login: str | None) -> int:
        """Everybody's for None."""
        wanted = delete(self._table)
        if login is not None:
            wanted = wanted.where(self._table.c.login == login)
        return int(self._connection.execute(wanted).rowcount)


class Sessions(_WithSecret):
    """`ports.SessionTable`."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, _S, "session_id")

    def by_secret(self, secret_hash: str) -> Session | None:
        return self._by_secret(Session, secret_hash)

    def get(self, session_id: str) -> Session | None:
        return self._get(Session, session_id)

    def add(self, session: Session, secret_hash: str) -> None:
        self._add(session.session_id, session, secret_hash)

    def put(self, session: Session) -> None:
        self._put(session.session_id, session)

    def of(self, login: str | None = None) -> Sequence[Session]:
        return self._of(Session, login)


class Tokens(_WithSecret):
    """`ports.TokenTable`."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, _T, "token_id")

    def by_secret(self, secret_hash: str) -> Token | None:
        return self._by_secret(Token, secret_hash)

    def get(self, token_id: str) -> Token | None:
        return self._get(Token, token_id)

    def add(self, token: Token, secret_hash: str) -> None:
        self._add(token.token_id, token, secret_hash)

    def put(self, token: Token) -> None:
        self._put(token.token_id, token)

    def of(self, login: str | None = None) -> Sequence[Token]:
        return self._of(Token, login)


class Grants:
    """`ports.GrantTable`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, grant_id: str) -> Grant | None:
        row = self._connection.execute(select(_G.c.body).where(_G.c.grant_id == grant_id)).first()
        return from_json(Grant, row.body) if row else None

    def put(self, grant: Grant) -> None:
        values = {
            "login": grant.login,
            "until": stamp(grant.until),
            "opened_at": stamp(grant.opened_at),
            "is_reviewed": grant.reviewed_at is not None,
            "body": to_json(grant),
        }
        this = _G.c.grant_id == grant.grant_id
        if not self._connection.execute(update(_G).where(this).values(**values)).rowcount:
            self._connection.execute(insert(_G).values(grant_id=grant.grant_id, **values))

    def active(self, login: str, now: datetime) -> list[Grant]:
        query = select(_G.c.body).where(_G.c.login == login, _G.c.until > stamp(now))
        return [from_json(Grant, row.body) for row in self._connection.execute(query)]

    def all(self, *, login: str | None = None, unreviewed_only: bool = False) -> list[Grant]:
        query = select(_G.c.body).order_by(_G.c.opened_at, _G.c.grant_id)
        if login is not None:
            query = query.where(_G.c.login == login)
        if unreviewed_only:
            query = query.where(_G.c.is_reviewed.is_(False))
        return [from_json(Grant, row.body) for row in self._connection.execute(query)]


class Invitations:
    """`ports.InvitationTable`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_secret(self, secret_hash: str) -> Invitation | None:
        row = self._connection.execute(select(_I.c.body).where(_I.c.secret_hash == secret_hash)).first()
        return from_json(Invitation, row.body) if row else None

    def put(self, invitation: Invitation, secret_hash: str) -> None:
        self.drop(invitation.login)
        values = {"login": invitation.login, "secret_hash": secret_hash, "body": to_json(invitation)}
        self._connection.execute(insert(_I).values(**values))

    def drop(self, login: str | None) -> None:
        wanted = delete(_I) if login is None else delete(_I).where(_I.c.login == login)
        self._connection.execute(wanted)

    def all(self) -> list[Invitation]:
        rows = self._connection.execute(select(_I.c.body).order_by(_I.c.login))
        return [from_json(Invitation, row.body) for row in rows]


class LoginTries:
    """`ports.LoginTryTable`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, keys: Sequence[str]) -> dict[str, tuple[int, datetime]]:
        found = self._connection.execute(select(_L).where(or_(*(_L.c.key == key for key in keys))))
        return {row.key: (row.misses, datetime.fromisoformat(row.last_at)) for row in found}

    def put(self, key: str, misses: int, at: datetime) -> None:
        values = {"misses": misses, "last_at": stamp(at)}
        if not self._connection.execute(update(_L).where(_L.c.key == key).values(**values)).rowcount:
            self._connection.execute(insert(_L).values(key=key, **values))

    def drop(self, key: str) -> None:
        self._connection.execute(delete(_L).where(_L.c.key == key))

    def forget_before(self, moment: datetime) -> None:
        self._connection.execute(delete(_L).where(_L.c.last_at < stamp(moment)))

    def count(self) -> int:
        return int(self._connection.execute(select(func.count()).select_from(_L)).scalar_one())
