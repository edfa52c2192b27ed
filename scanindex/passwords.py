"""Which passwords are too easy to guess: long ones made of what everybody tries first.

No rules about kinds of characters (NIST SP 800-63B, 3.1.1.2): length, and a look whether
anything is left once common words, the site's own words, digits and signs are taken away.
Pure. Leaves out how a password is kept (credentials).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

MOST_CHARACTERS = 256
_LEFT_CHARACTERS = 4
"""Fewer letters than this beside common words do not make a password."""
_FEWEST_DIFFERENT = 5
_LEAST_WORD = 4

_WORDS = """
    password passwort passwd motdepasse contrasena parola wachtwoord secret geheim
    qwerty qwertyuiop qwertz qwertzuiop azerty asdf asdfgh asdfghjkl zxcv zxcvbn zxcvbnm yxcvbnm
    qazwsx qazwsxedc letmein welcome willkommen bienvenue bienvenido hello iloveyou loveyou
    admin administrator root guest user login logon access master super supervisor manager
    changeme change default temp temporary test testing tester demo sample example
    monkey dragon shadow sunshine princess football baseball basketball hockey soccer superman batman
    michael jordan jennifer jessica charlie thomas daniel ashley nicole andrew joshua matthew
    freedom whatever trustno starwars pokemon computer internet service server system network
    summer winter spring autumn january february march april june july august september october
    november december monday tuesday wednesday thursday friday saturday sunday
    hospital clinic medical doctor nurse patient patients health records record chart charts scanner
    scan scans index scanindex archive clerk office praxis klinik krankenhaus
    orange banana cheese chocolate cookie flower purple yellow silver golden diamond
    mustang ferrari mercedes porsche harley corvette yankees cowboys eagles steelers
    blessed jesus christ angel heaven heart forever family mother father brother sister
    lovely love baby honey sweet happy lucky money magic power ninja hunter killer ranger
    correcthorsebatterystaple
"""
_COMMON = frozenset(_WORDS.split())
_LOOK_ALIKE = str.maketrans("013457@$!|", "oleastasii")
_ROWS = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
)


def normalized(password: str) -> str:
    """One form of what is typed on different keyboards (NFC)."""
    return unicodedata.normalize("NFC", password)


def problem(password: str, fewest_characters: int, own_words: Iterable[str] = ()) -> str | None:
    """Why it cannot be taken, in words for who chose it; None where it can.

    own_words: login, name, names of the site; they count as common here.
    """
    if len(password) < fewest_characters:
        return f"a password has at least {fewest_characters} characters; several words in a row are fine"
    if len(password) > MOST_CHARACTERS:
        return f"a password has at most {MOST_CHARACTERS} characters"
    if any(unicodedata.category(c).startswith("C") for c in password):
        return "a password has characters that can be typed and seen"
    if _is_monotonous(password) or not _has_something_of_its_own(password, own_words):
        return "too easy to guess: made of common words, names known here, or a row of keys"
    return None


def _is_monotonous(password: str) -> bool:
    text = password.casefold()
    if len(set(text)) < _FEWEST_DIFFERENT:
        return True
    period = (text + text).find(text, 1)  # "abcabcabc" has one of 3
    return period <= len(text) // 2 and not _has_something_of_its_own(text[:period], ())


def _has_something_of_its_own(password: str, own_words: Iterable[str]) -> bool:
    known = _COMMON | {part for word in own_words for part in _parts(word)}
    text = password.casefold()
    for plain in (text, text.translate(_LOOK_ALIKE)):
        left, taken = _without(plain, known)
        if not taken:
            continue
        if len(re.sub(r"[\W\d_]", "", left)) < _LEFT_CHARACTERS and taken <= 2:
            return False
    return not _is_row(text)


def _parts(word: str) -> list[str]:
    parts = re.split(r"[\W_]+", word.casefold())
    return [part for part in (*parts, "".join(parts)) if len(part) >= _LEAST_WORD]


def _without(text: str, words: Iterable[str]) -> tuple[str, int]:
    """What is left of the text, and how many different words were taken out of it."""
    taken = 0
    for word in sorted(words, key=len, reverse=True):
        if word in text:
            text = text.replace(word, " ")
            taken += 1
    return text, taken


def _is_row(text: str) -> bool:
    """A row of keys or letters, forwards or backwards, and little else."""
    longest = text
    for row in _ROWS:
        for way in (row, row[::-1]):
            for size in range(min(len(text), len(way)), _LEAST_WORD - 1, -1):
                runs = (way[start : start + size] for start in range(len(way) - size + 1))
                run = next((piece for piece in runs if piece in text), "")
                if run:
                    left = text.replace(run, "")
                    longest = left if len(left) < len(longest) else longest
                    break
    return len(longest) < _LEFT_CHARACTERS
