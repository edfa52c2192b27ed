"""Check digits: numbers whose last character follows from the others.

Each rule says whether a number can have been issued; a number with letters, spaces or
hyphens is judged by its digits alone, except the X that stands for ten in `mod11`.
Sources: luhn ISO/IEC 7812-1 annex B; mod10 (weights 3 and 1 from the right) ISO/IEC
15420 (EAN/UPC); mod11 the NHS Data Dictionary's NHS number (weights 10 to 2, X or ten
not issued); verhoeff J. Verhoeff, Error Detecting Decimal Codes, 1969; damm H. M. Damm,
Total anti-symmetrische Quasigruppen, 2004.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_DAMM = (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)  # fmt: skip
_VERHOEFF_STEP = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _luhn(digits: list[int]) -> bool:
    doubled = [d if n % 2 == 0 else sum(divmod(2 * d, 10)) for n, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _mod10(digits: list[int]) -> bool:
    return sum(d * (1, 3)[n % 2] for n, d in enumerate(reversed(digits))) % 10 == 0


def _mod11(digits: list[int]) -> bool:
    return len(digits) == 10 and sum(d * w for d, w in zip(digits, range(10, 0, -1), strict=True)) % 11 == 0


def _damm(digits: list[int]) -> bool:
    state = 0
    for digit in digits:
        state = int(_DAMM[state][digit])
    return state == 0


def _verhoeff(digits: list[int]) -> bool:
    state = 0
    for place, digit in enumerate(reversed(digits)):
        for _ in range(place % 8):
            digit = _VERHOEFF_STEP[digit]
        state = _product(state, digit)
    return state == 0


def _product(one: int, two: int) -> int:
    """In the symmetries of a pentagon: 0 to 4 are turns, 5 to 9 reflections."""
    turn = (one + two) % 5 if one < 5 else (one - two) % 5
    return turn if (one < 5) == (two < 5) else turn + 5


RULES: Mapping[str, Callable[[list[int]], bool]] = {
    "luhn": _luhn,
    "mod10": _mod10,
    "mod11": _mod11,
    "verhoeff": _verhoeff,
    "damm": _damm,
}


def passes(rule: str, value: str) -> bool:
    """Whether a number obeys a rule; any number does where there is none ("")."""
    if not rule:
        return True
    digits = [int(c) for c in re.sub(r"[^0-9]", "", value)]
    return len(digits) > 1 and RULES[rule](digits)


def rules_of(text: str) -> dict[str, str]:
    """ "main=luhn, county=mod11" as authority to rule. Raises ValueError for an unknown rule."""
    found = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        authority, _, rule = (p.strip() for p in part.partition("="))
        if rule not in RULES:
            raise ValueError(f"check digits are written authority=rule; rules: {', '.join(RULES)}")
        found[authority] = rule
    return found
