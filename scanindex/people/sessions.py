"""Coming in and going out: logging in, sessions, and the password that opens them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta

from scanindex import credentials
from scanindex.access_model import Access, Right, Session, User
from scanindex.errors import (
    IntegrityError,
    LoginFailed,
    LoginNeeded,
    NotFound,
    SecondFactorNeeded,
    TooManyTries,
)
from scanindex.people import tries
from scanindex.people.common import NOBODY, access_for, check_password, known, require, seal
from scanindex.people.factors import spend
from scanindex.ports import Unit
from scanindex.services import Services

TERMINAL = "terminal"
"""The address of whoever logs in on the command line."""
_SEEN_EVERY = timedelta(minutes=1)
_TICKET, _TICKET_FOR = "login-ticket", timedelta(minutes=5)
_MOST_AGENT_CHARACTERS = 120


def log_in(
    login: str, password: str, code: str | None, address: str, agent: str, services: Services
) -> tuple[str, Session]:
    """A new session and its secret (for the cookie), which is shown to nobody else.

    code: of the second factor, or a recovery code; None where it was not asked for yet. Raises
    LoginFailed (the same for whatever is wrong), SecondFactorNeeded, TooManyTries.
    """
    checked = _checked(login, password, address, bool(code), services)
    return _let_in(checked, password, code, address, agent, services)


def log_in_with_code(
    ticket: str, code: str, address: str, agent: str, services: Services
) -> tuple[str, Session]:
    """The second step after `log_in` raised SecondFactorNeeded, with the ticket of that error.

    The ticket counts for five minutes, from the same address, until the password changes. Raises
    LoginFailed, TooManyTries.
    """
    checked = _of_ticket(ticket, address, services)
    with services.catalog.write() as unit:
        tries.begin(checked.login, address, services.clock.now(), unit)
    return _let_in(checked, "", code, address, agent, services)


def _let_in(
    checked: User | str, password: str, code: str | None, address: str, agent: str, services: Services
) -> tuple[str, Session]:
    with services.catalog.write() as unit:
        user = _proven(checked, password, code, address, unit, services)
        if user is not None:
            _tidy(user, unit, services)
            made = begin_session(user, address, agent, unit, services)
            unit.events.append("logged_in", user.actor, address=address, session_id=made[1].session_id)
    if user is None:
        raise LoginFailed()
    return made


def _ticket(user: User, address: str, services: Services) -> str:
    """Says that the password of this login was right just now; only this workspace can make or read it."""
    at = int(services.clock.now().timestamp())
    said = (_TICKET, str(at), credentials.secret_hash(user.password_hash), address, user.login)
    return seal(services).close("\n".join(said))


def _of_ticket(ticket: str, address: str, services: Services) -> User:
    """Whose it is, with the password as it was then. Raises LoginFailed."""
    try:
        said = seal(services).open(ticket).split("\n")
    except IntegrityError:
        said = []
    if len(said) != 5 or said[0] != _TICKET or said[3] != address:
        raise LoginFailed("begin again with the password")
    age = services.clock.now().timestamp() - int(said[1])
    with services.catalog.read() as unit:
        user = unit.users.get(said[4])
    is_same = user is not None and credentials.secret_hash(user.password_hash) == said[2]
    if user is None or not is_same or not 0 <= age <= _TICKET_FOR.total_seconds():
        raise LoginFailed("too much time has passed; begin again with the password")
    return user


def check_in(login: str, password: str, code: str | None, services: Services) -> Access:
    """The same proof on a terminal, for one command and without a session."""
    checked = _checked(login, password, TERMINAL, bool(code), services)
    with services.catalog.write() as unit:
        user = _proven(checked, password, code, TERMINAL, unit, services)
        if user is not None:
            unit.events.append("logged_in", user.actor, address=TERMINAL)
            access = access_for(user, unit, services)
    if user is None:
        raise LoginFailed()
    return access


def _checked(login: str, password: str, address: str, has_code: bool, services: Services) -> User | str:
    """The user whose password it is, or else the login that was tried; the try is counted."""
    login = login.strip().lower()
    now = services.clock.now()
    with services.catalog.write() as unit:
        tries.begin(login, address, now, unit)
        user = unit.users.get(login)
    kept = user.password_hash if user and not user.is_disabled else ""
    try:
        fits = credentials.is_password(password, kept)
    except TooManyTries:
        with services.catalog.write() as unit:
            tries.take_back(login, address, now, unit)
        raise
    if user is None or not fits:
        return login
    if user.totp_secret and not has_code:
        with services.catalog.write() as unit:
            tries.take_back(login, address, now, unit)
        needed = SecondFactorNeeded()
        needed.ticket = _ticket(user, address, services)
        raise needed
    return user


def _proven(
    checked: User | str, password: str, code: str | None, address: str, unit: Unit, services: Services
) -> User | None:
    """The user as of now if everything fits; else the miss is written down."""
    login = checked if isinstance(checked, str) else checked.login
    user = unit.users.get(login)
    is_same = not isinstance(checked, str) and user is not None and not user.is_disabled
    if user is None or not is_same or user.password_hash != getattr(checked, "password_hash", None):
        _note_miss(login, user, address, unit)
        return None
    now = services.clock.now()
    if user.totp_secret and not spend(user, code or "", now, unit, services):
        _note_miss(login, user, address, unit, at="second factor")
        return None
    tries.succeed(login, address, now, unit)
    user = dataclasses.replace(known(login, unit), last_login_at=now)
    if password and credentials.needs_new_hash(user.password_hash):
        user = dataclasses.replace(user, password_hash=credentials.password_hash(password))
    unit.users.put(user)
    return user


def _note_miss(login: str, user: User | None, address: str, unit: Unit, at: str = "password") -> None:
    # A login nobody has is not written down: it may be a password in the wrong field.
    unit.events.append("login_failed", NOBODY, login=login if user else "", address=address, at=at)


def begin_session(
    user: User, address: str, agent: str, unit: Unit, services: Services
) -> tuple[str, Session]:
    """A session with a secret of its own; whatever the browser had before counts for nothing."""
    secret = credentials.new_secret()
    now = services.clock.now()
    session = Session(
        session_id=services.ids.new(),
        login=user.login,
        started_at=now,
        seen_at=now,
        address=address[:64],
        agent="".join(c for c in agent if c.isprintable())[:_MOST_AGENT_CHARACTERS],
    )
    unit.sessions.add(session, credentials.secret_hash(secret))
    return secret, dataclasses.replace(session, csrf=credentials.csrf_of(secret))


def _tidy(user: User, unit: Unit, services: Services) -> None:
    for session in unit.sessions.of(user.login):
        if _is_over(session, user, services):
            unit.sessions.drop(session.session_id)


def session_of(secret: str, services: Services, *, is_hand: bool = True) -> tuple[Session, Access]:
    """Whose session it is and what they may do now.

    is_hand: a person did something; what screens ask by themselves does not keep a session
    alive. Raises LoginNeeded: no such session, too long without a hand on it, too old, the
    login was disabled or got another password.
    """
    with services.catalog.read() as unit:
        session = unit.sessions.by_secret(credentials.secret_hash(secret)) if secret else None
        user = unit.users.get(session.login) if session else None
        access = access_for(user, unit, services) if user else None
    if session is None or user is None or access is None:
        raise LoginNeeded()
    if why := _is_over(session, user, services):
        with services.catalog.write() as unit:
            unit.sessions.drop(session.session_id)
            unit.events.append("session_ended", user.actor, session_id=session.session_id, why=why)
        raise LoginNeeded("the session ended; log in again")
    now = services.clock.now()
    if is_hand and now - session.seen_at >= _SEEN_EVERY:
        session = dataclasses.replace(session, seen_at=now)
        with services.catalog.write() as unit:
            unit.sessions.put(session)
    return dataclasses.replace(session, csrf=credentials.csrf_of(secret)), access


def _is_over(session: Session, user: User, services: Services) -> str:
    """Why the session no longer counts; "" where it does."""
    settings, now = services.settings.access, services.clock.now()
    if user.is_disabled:
        return "disabled"
    if user.password_set_at and user.password_set_at > session.started_at:
        return "password"
    if now - session.seen_at >= timedelta(minutes=settings.idle_minutes):
        return "idle"
    if now - session.started_at >= timedelta(hours=settings.session_hours):
        return "old"
    return ""


def log_out(session: Session, services: Services) -> None:
    """End it; harmless if it has ended."""
    with services.catalog.write() as unit:
        unit.sessions.drop(session.session_id)
        unit.events.append("logged_out", f"user:{session.login}", session_id=session.session_id)


def sessions(access: Access, services: Services, login: str | None = None) -> Sequence[Session]:
    """Sessions that count now: of `login`, or of all (None). Without the right "people": only one's own."""
    wanted = login if access.may(Right.PEOPLE) else access.login
    with services.catalog.read() as unit:
        found = unit.sessions.of(wanted)
        users = {session.login: unit.users.get(session.login) for session in found}
    return [s for s in found if (user := users[s.login]) and not _is_over(s, user, services)]


def end_session(access: Access, session_id: str, services: Services) -> None:
    """One's own, or anybody's with the right "people". Raises NotFound."""
    with services.catalog.write() as unit:
        session = unit.sessions.get(session_id)
        if session is None or (session.login != access.login and not access.may(Right.PEOPLE)):
            raise NotFound("there is no such session")
        unit.sessions.drop(session_id)
        unit.events.append(
            "session_ended", access.actor, session_id=session_id, login=session.login, why="ended"
        )


def end_sessions(access: Access, login: str, services: Services, *, but: str = "") -> int:
    """All of one person but the one named (its session_id); how many. Raises Forbidden."""
    if login != access.login:
        require(access, Right.PEOPLE)
    with services.catalog.write() as unit:
        ended = [s for s in unit.sessions.of(login) if s.session_id != but]
        for session in ended:
            unit.sessions.drop(session.session_id)
        if ended:
            unit.events.append("session_ended", access.actor, login=login, count=len(ended), why="ended")
    return len(ended)


def end_all_sessions(actor: str, services: Services) -> int:
    """Everybody's, with all open invitations (after a restore: old ones must not come back); how many."""
    with services.catalog.write() as unit:
        count = unit.sessions.drop_of(None)
        unit.invitations.drop(None)
        if count:
            unit.events.append("session_ended", actor, count=count, why="restored")
    return count


def change_password(
    access: Access, old: str, new: str, address: str, agent: str, services: Services
) -> tuple[str, Session]:
    """Another password; every session of theirs ends and a new one begins, for this browser.

    Raises LoginFailed where `old` is wrong, UsageError where `new` is too easy.
    """
    with services.catalog.read() as unit:
        user = known(access.login, unit)
    check_password(new, user.login, user.name, services)
    checked = _checked(user.login, old, address, True, services)
    made = credentials.password_hash(new) if isinstance(checked, User) else ""
    now: datetime = services.clock.now()
    with services.catalog.write() as unit:
        current = known(user.login, unit)
        if isinstance(checked, str) or current.password_hash != checked.password_hash:
            _note_miss(user.login, current, address, unit, at="change of password")
            fresh = None
        else:
            tries.succeed(user.login, address, now, unit)
            changed = dataclasses.replace(current, password_hash=made, password_set_at=now)
            unit.users.put(changed)
            unit.sessions.drop_of(user.login)
            unit.events.append("password_changed", access.actor, login=user.login)
            fresh = begin_session(changed, address, agent, unit, services)
    if fresh is None:
        raise LoginFailed()
    return fresh


def access_of_os_user(os_user: str, services: Services) -> Access | None:
    """What the person may for whom this account of the operating system speaks; None: for nobody."""
    with services.catalog.read() as unit:
        user = unit.users.of_os_user(os_user)
        if user is None or user.is_disabled:
            return None
        return access_for(user, unit, services)
