"""Newborns before they have a name: "BABY BOY", "BG", "Girl B". Pure.

Such a name says whose child it is, not who it is: it is kept as an alias once the
child is named, and never held against the name that follows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from scanindex.match.fold import ascii_upper
from scanindex.model import Patient, PersonName

_PLACEHOLDER = re.compile(
    r"(?:(?:BABY|INFANT|NEWBORN|NB)[ -]*(?:BOY|GIRL|MALE|FEMALE)?|BOY|GIRL|MALE|FEMALE|BB|BG|NBB|NBG)"
    r"(?:[ -]*(?:TWIN[ -]*)?(?P<letter>[A-H]|[1-8]|I{1,3}))?(?: OF .*)?"
)
_IN_LAST = re.compile(r"(?:BABY|INFANT|NEWBORN)[ -]*(?:BOY|GIRL|MALE|FEMALE)\b")


@dataclass(frozen=True, slots=True)
class Newborn:
    letter: str
    """Which of a multiple birth: "A", "2"; "" for an only child."""


def newborn(name: PersonName) -> Newborn | None:
    """What a placeholder says, or None for a real name."""
    given = " ".join(f"{ascii_upper(name.first)} {ascii_upper(name.middle)}".replace(".", "").split())
    if match := _PLACEHOLDER.fullmatch(given):
        return Newborn(match["letter"] or "")
    return Newborn("") if _IN_LAST.match(ascii_upper(name.last)) else None


def is_named_later(old: Patient, new: Patient) -> bool:
    """A newborn of the same day got its name."""
    return newborn(old.names[0]) is not None and old.birth_date == new.birth_date and bool(old.birth_date)
