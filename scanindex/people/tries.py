"""Guessing is made slow: each miss makes the next try wait longer, and nobody is locked out.

Misses are counted for a login from an address, for an address, and for a login from wherever;
the last does not hold back an address from which this login came in before, so a stranger
elsewhere cannot keep somebody out. A try is counted as a miss before it is looked at, so that
many at once do not slip through; whoever proves to be right is counted out again. Keys are
hashes: passwords typed into the wrong field are not kept.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from scanindex.credentials import secret_hash
from scanindex.errors import TooManyTries
from scanindex.ports import Unit

_FREE = {"pair": 5, "address": 30, "login": 20}
_MOST_SECONDS = {"pair": 300, "address": 120, "login": 60}
"""The longest wait; that of a login is short, as it meets people who only come from a new place."""
FORGET_AFTER = timedelta(hours=12)
_KNOWN = "known"
_KNOWN_FOR = timedelta(days=90)


def begin(login: str, address: str, now: datetime, unit: Unit) -> None:
    """Count a try. Raises TooManyTries while one has to wait."""
    keys = _keys(login, address)
    known = _key(_KNOWN, login, address)
    found = unit.login_tries.get([*keys.values(), known])
    counted = {key: value for key, value in found.items() if now - value[1] < FORGET_AFTER}
    is_known = known in found and now - found[known][1] < _KNOWN_FOR
    for kind, key in keys.items():
        misses, last = counted.get(key, (0, now))
        if kind == "login" and is_known:
            continue
        wait = (last + timedelta(seconds=delay_seconds(kind, misses)) - now).total_seconds()
        if wait > 0:
            raise _too_many(wait)
    for key in keys.values():
        unit.login_tries.put(key, counted.get(key, (0, now))[0] + 1, now)
    unit.login_tries.forget_before(now - _KNOWN_FOR)


def take_back(login: str, address: str, now: datetime, unit: Unit) -> None:
    """The try was no miss after all: as if it had not been."""
    found = unit.login_tries.get(list(_keys(login, address).values()))
    for key, (misses, last) in found.items():
        if misses > 1:
            unit.login_tries.put(key, misses - 1, last)
        else:
            unit.login_tries.drop(key)


def succeed(login: str, address: str, now: datetime, unit: Unit) -> None:
    """They proved who they are: their own misses are forgotten, those of the address are not."""
    take_back(login, address, now, unit)
    unit.login_tries.drop(_key("pair", login, address))
    unit.login_tries.put(_key(_KNOWN, login, address), 0, now)


def delay_seconds(kind: str, misses: int) -> int:
    """None for the first few, then 1, 2, 4 ... seconds after the last one."""
    beyond = misses - _FREE[kind]
    return 0 if beyond < 0 else int(min(_MOST_SECONDS[kind], 2 ** min(beyond, 20)))


def _too_many(wait: float) -> TooManyTries:
    seconds = int(wait) + 1
    error = TooManyTries(f"too many tries; the next one is taken in {seconds} s")
    error.wait_seconds = seconds
    return error


def _keys(login: str, address: str) -> dict[str, str]:
    return {
        "pair": _key("pair", login, address),
        "address": _key("address", address),
        "login": _key("login", login),
    }


def _key(kind: str, *parts: str) -> str:
    return f"{kind}:{secret_hash(chr(0).join(parts))}"
