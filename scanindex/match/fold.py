"""Spelling-blind keys of names and identifiers, shared by the matcher and the roster.

Two texts with one key are "equal after normalisation" everywhere in the product.
Keys only ever fold what people write in several ways (case, accents, hyphens,
apostrophes, leading zeros); they never repair what a reader may have misread.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_NOT_LETTERS = re.compile(r"[^A-Z]+")
_NOT_ALNUM = re.compile(r"[^A-Z0-9]+")
_MISREAD_DIGITS = str.maketrans("OQDILZSGB", "000112568")
_ODD_LETTERS = str.maketrans({"Ø": "O", "Æ": "AE", "Œ": "OE", "ß": "SS", "Ł": "L", "Đ": "D", "Þ": "TH"})

SUFFIXES = {
    "JR": "JR",
    "JUNIOR": "JR",
    "SR": "SR",
    "SENIOR": "SR",
    "II": "II",
    "2ND": "II",
    "III": "III",
    "3RD": "III",
    "IV": "IV",
    "4TH": "IV",
}
"""Generational suffixes as they are written, to one spelling each."""


def ascii_upper(text: str) -> str:
    """Upper case without accents: "García" becomes "GARCIA"."""
    if text.isascii():
        return text.upper()
    folded = unicodedata.normalize("NFKD", text.upper().translate(_ODD_LETTERS))
    return folded.encode("ascii", "ignore").decode("ascii")


def name_key(text: str) -> str:
    """Letters only, so that "O'Brien-Smith" and "OBRIEN SMITH" are one."""
    return _NOT_LETTERS.sub("", ascii_upper(text))


def name_parts(text: str) -> tuple[str, ...]:
    """The single names in "Garcia-Lopez" or "De la Cruz", as keys."""
    return tuple(part for part in _NOT_LETTERS.split(ascii_upper(text)) if part)


def suffix_key(text: str) -> str:
    """JR, SR, II, III, IV, or "" where there is none."""
    return SUFFIXES.get(_NOT_ALNUM.sub("", ascii_upper(text)), "")


def identifier_text(value: str) -> str:
    """Upper case, letters and digits only; leading zeros kept."""
    return _NOT_ALNUM.sub("", ascii_upper(value))


def identifier_key(value: str) -> str:
    """`identifier_text` without leading zeros: equality on it must be unique to count."""
    text = identifier_text(value)
    return text.lstrip("0") or text[:1]


def as_digits(text: str) -> str:
    """Letters that readers take digits for, as those digits: for finding, never for equality."""
    return text.translate(_MISREAD_DIGITS)


def digits(text: str) -> str:
    return re.sub(r"\D", "", text)


@lru_cache(maxsize=100_000)
def sound_key(last: str) -> str:
    """What a last name sounds like in English (metaphone), for look-alike look-ups."""
    import jellyfish

    key = name_key(last)
    return (jellyfish.metaphone(key) or key)[:8]
