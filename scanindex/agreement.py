"""When two readings of one place count as the machine's blind double key.

Shared by reading, extraction and matching, so that all three mean the same by
"agree". Pure; stdlib only. Promises: nothing is repaired before it is compared. Case,
spacing and punctuation may differ, a character may not (the letter O is no zero), and
digits that punctuation groups (1/12/51, 11/2/51) must be grouped alike.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Sequence

from scanindex.model import Word

_GROUPS = re.compile(r"\d+")
LEAST_DIGITS, DATE_GROUPS = 4, 3
_LOOKS_LIKE_DIGIT = re.compile(r"(?<=[A-Za-z])[OoQIl](?=\d)|(?<=\d)[OoQDIlSsBZzGg]|^[OoIl](?=\d)")
_BETWEEN_DIGITS = re.compile(r"\d[^\w\s]+(?=\d)")


class DoubleKey(enum.StrEnum):
    """What two readers make of one datum, weakest first."""

    DISPUTED = "disputed"
    """They saw different characters."""
    UNSEEN = "unseen"
    """The other reader looked and saw nothing there."""
    SINGLE = "single"
    """At least a part of it was looked at by one reader only."""
    AMBIGUOUS = "ambiguous"
    """They saw the same, but with a letter among the digits that a digit looks like."""
    AGREED = "agreed"


def characters(text: str) -> str:
    """Letters and digits of `text`, case-folded, full-width forms and accents reduced."""
    plain = text if text.isascii() else unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain.casefold() if c.isalnum())


def agree(one: str, two: str) -> bool:
    """Both readings are the same characters, and their digits are grouped alike.

    A reading without any grouping (2478398) agrees with a grouped one (2-47-83-98), but not
    with a date of one-digit groups, since 1/12/51 and 11/2/51 come out alike.
    """
    if characters(one) != characters(two):
        return False
    first, second = _groups(one), _groups(two)
    if first == second:
        return True
    if len(first) > 1 and len(second) > 1:
        return False
    groups = max(first, second, key=len)
    return len(groups) != DATE_GROUPS or all(len(group) > 1 for group in groups[:-1])


def _groups(text: str) -> list[str]:
    """Runs of digits where punctuation stands between digits; else one run."""
    plain = unicodedata.normalize("NFKC", text)
    return _GROUPS.findall(plain) if _BETWEEN_DIGITS.search(plain) else ["".join(_GROUPS.findall(plain))]


def double_key(words: Sequence[Word]) -> DoubleKey:
    """What the two readers make of the datum that these words spell. Punctuation is left out."""
    spoken = [word for word in words if characters(word.text) or characters(word.second_text or "")]
    if any(word.second_text and not agree(word.text, word.second_text) for word in spoken):
        return DoubleKey.DISPUTED
    if any(word.second_text == "" for word in spoken):
        return DoubleKey.UNSEEN
    if not spoken or any(word.second_text is None for word in spoken):
        return DoubleKey.SINGLE
    return DoubleKey.AMBIGUOUS if any(is_ambiguous(word.text) for word in spoken) else DoubleKey.AGREED


def is_ambiguous(text: str) -> bool:
    """A number with a letter inside that a digit looks like (A32B745, HO64297): what one
    reader takes for a letter the other does as well, since the shape is the same."""
    if sum(c.isdigit() for c in text) < LEAST_DIGITS:
        return False
    return any(_LOOKS_LIKE_DIGIT.search(part) for part in re.findall(r"[^\W_]+", text))


def other_reading(words: Sequence[Word]) -> str | None:
    """What the other reader saw of the datum; None where it looked at none of the words.

    Neighbours that share one second reading (it saw one word where these are two) name it once.
    """
    if all(word.second_text is None for word in words):
        return None
    texts: list[str] = []
    before: Word | None = None
    for word in words:
        text = word.text if word.second_text is None else word.second_text
        is_shared = before is not None and text == before.second_text and not agree(word.text, text)
        if text and not is_shared:
            texts.append(text)
        before = word
    return " ".join(texts)


def readers(words: Sequence[Word]) -> tuple[str, ...]:
    """Short names of the engines that each saw the whole datum: two of them only where they agree.

    A datum whose words came from different engines was seen whole by neither, unless
    each agreed with the other's words.
    """
    spoken = [word for word in words if characters(word.text)]
    engines = tuple(dict.fromkeys(short_name(word.engine) for word in spoken if word.engine))
    if len(engines) > 1:
        return engines[:2] if double_key(words) is DoubleKey.AGREED else ()
    if double_key(words) is DoubleKey.AGREED and engines:
        return (*engines, other_reader(engines[0]))
    return engines


def short_name(engine: str) -> str:
    """ "tesseract" of "tesseract 5.3.0"."""
    return engine.split()[0] if engine.split() else ""


def other_reader(name: str) -> str:
    """Who the second opinion on a word of engine `name` came from."""
    return "tesseract" if name == "rapidocr" else "rapidocr"
