"""When two readings of one place count as the machine's blind double key.

Shared by reading, extraction and matching, so that all three mean the same by
"agree". Pure; stdlib only. Promises: nothing is repaired before it is compared. Case,
spacing and punctuation may differ, a character may not (the letter O is no zero), and
digits that punctuation groups (1/12/51, 11/2/51) must be grouped alike. What both readers
saw counts only where it is well formed for its kind: worn print misleads both alike, and
mostly into something that is no date and no number.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Sequence
from datetime import date

from scanindex.model import FindingKind, Word

_GROUPS = re.compile(r"\d+")
LEAST_DIGITS, DATE_GROUPS = 4, 3
_LOOKS_LIKE_DIGIT = re.compile(r"[OoQDIlSsBZzGg](?=\d)|(?<=\d)[OoQDIlSsBZzGg]")
_BROKEN_OFF = re.compile(r"^\W*[-\u2013\u2014/](?=\d)|(?<=\d)[-\u2013\u2014/]\W*$")
_GROUPED = re.compile(r"\d+(?:-\d+){2,}")
_SIGN_INSIDE = re.compile(r"\d[:;|!()\[\]{}$§&%?*~]+\d")
SURE_TOGETHER, MOST_TOGETHER = 0.8, 0.99
LEAST_OF_EITHER, LEAST_OF_EITHER_NAME = 0.4, 0.7
"""A reader less sure than that is no second witness: broken letters made it lean to what the other
was sure of (seeds 1 to 4 of `benchmarks/double_key.py`). Names need more, since no form betrays them."""
_BETWEEN_DIGITS = re.compile(r"\d[^\w\s]+(?=\d)")
_MONTHS = (
    "JANUARY JAN", "FEBRUARY FEB", "MARCH MAR", "APRIL APR", "MAY", "JUNE JUN", "JULY JUL",
    "AUGUST AUG", "SEPTEMBER SEPT SEP", "OCTOBER OCT", "NOVEMBER NOV", "DECEMBER DEC",
)  # fmt: skip
_MONTH_NUMBERS = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_MONTH = "(?P<name>" + "|".join(sorted(_MONTH_NUMBERS, key=len, reverse=True)) + r")(?![A-Z])\.?"
_START, _END = r"(?<![\d/.\-])", r"(?![\d/\-]|\.\d)"
_YEAR, _ORDINAL = r"(?P<y>\d{4}|\d{2})", r"(?:ST|ND|RD|TH)?"
_DATES = tuple(
    re.compile(_START + form + _END)
    for form in (
        r"(?P<y>\d{4})(?P<sep>[/.-])(?P<a>\d{1,2})(?P=sep)(?P<b>\d{1,2})",
        rf"(?P<a>\d{{1,2}})\s?(?P<sep>[/.-])\s?(?P<b>\d{{1,2}})\s?(?P=sep)\s?{_YEAR}",
        # Cells of a form; with fewer digits a lost separator may hide in them (3 1848 for 3/18/48).
        r"(?P<a>\d\d)\s(?P<b>\d\d)\s(?P<y>\d{4})",
        rf"(?<![A-Z]){_MONTH}[ /-]?\s?(?P<b>\d{{1,2}}){_ORDINAL}[ ,./-]{{1,3}}'?{_YEAR}",
        rf"(?P<b>\d{{1,2}}){_ORDINAL}[ /.-]{{0,2}}{_MONTH}[ ,./-]{{0,3}}'?{_YEAR}",
    )
)
_MONTH_INSIDE = re.compile(rf"(?<=\d)(?:{'|'.join(_MONTH_NUMBERS)})(?=\d)", re.IGNORECASE)
_YEARS = range(1880, 2100)
_DATE_KINDS = frozenset({FindingKind.BIRTH_DATE, FindingKind.SERVICE_DATE})


class DoubleKey(enum.StrEnum):
    """What two readers make of one datum, weakest first."""

    DISPUTED = "disputed"
    """They saw different characters."""
    UNSEEN = "unseen"
    """The other reader looked and saw nothing there."""
    SINGLE = "single"
    """At least a part of it was looked at by one reader only."""
    AMBIGUOUS = "ambiguous"
    """They saw the same, but unsurely, or nothing that is well formed for its kind."""
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


def double_key(words: Sequence[Word], kind: FindingKind | None = None) -> DoubleKey:
    """What the two readings make of the datum that these words spell. Punctuation is left out.

    kind: what the datum is taken for; agreement of something else than that is no agreement.
    """
    spoken = [word for word in words if characters(word.text) or characters(word.second_text or "")]
    if any(word.second_text and not agree(word.text, word.second_text) for word in spoken):
        return DoubleKey.DISPUTED
    if any(word.second_text == "" for word in spoken):
        return DoubleKey.UNSEEN
    if not spoken or any(word.second_text is None for word in spoken):
        return DoubleKey.SINGLE
    is_doubtful = any(
        is_ambiguous(word.text) or is_ambiguous(word.second_text or "") or _is_unsure(word, kind)
        for word in spoken
    )
    is_formed = is_well_formed(" ".join(word.text for word in words), kind)
    return DoubleKey.AGREED if is_formed and not is_doubtful else DoubleKey.AMBIGUOUS


def is_well_formed(text: str, kind: FindingKind | None) -> bool:
    """Whether `text` is what it is taken for: a date exactly one date, a name without digits in it."""
    if kind in _DATE_KINDS:
        return is_date(text)
    if kind is FindingKind.NAME:
        return not any(re.search(r"\d", part) for part in re.findall(r"[^\W_]+", text) if not part.isdigit())
    return True


def is_date(text: str) -> bool:
    """One full civil date with its separators, month words spelt as the calendar does, no digit more.

    Separators that both readers lost or took for digits leave 6344, 428 12 or 3 1848.
    """
    upper = text.upper()
    found = next((match for pattern in _DATES if (match := pattern.search(upper))), None)
    if found is None or re.search(r"\d", upper[: found.start()] + upper[found.end() :]):
        return False
    groups = found.groupdict()
    year = int(groups["y"]) + (2000 if len(groups["y"]) == 2 else 0)
    named, second = _MONTH_NUMBERS.get(groups.get("name") or ""), int(groups["b"])
    first = named or int(groups["a"])
    orders = [(first, second)] if named else [(first, second), (second, first)]
    return year in _YEARS and any(_is_day(year, month, day) for month, day in orders)


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def is_ambiguous(text: str) -> bool:
    """A number with a letter or sign in it that a digit looks like (A32B745, B795655, 79:90):
    what one reader takes for it the other does as well, since the shape is the same. Or one
    that breaks off (331-58-, 33-15-8): both may have missed the rest."""
    if sum(c.isdigit() for c in text) < LEAST_DIGITS:
        return False
    parts = re.findall(r"[^\W_]+", _MONTH_INSIDE.sub("-", text))
    return (
        any(_LOOKS_LIKE_DIGIT.search(part) for part in parts)
        or bool(_SIGN_INSIDE.search(text) or _BROKEN_OFF.search(text))
        or _lacks_digits(text)
    )


def _lacks_digits(text: str) -> bool:
    """The last of three or more groups is shorter than the one before it."""
    grouped = _GROUPED.search(text)
    if grouped is None or is_date(grouped[0]):
        return False
    groups = grouped[0].split("-")
    return len(groups[-1]) < len(groups[-2])


def _is_unsure(word: Word, kind: FindingKind | None) -> bool:
    """Neither reader was sure, or one of them guessed: agreement about a broken shape."""
    least = LEAST_OF_EITHER_NAME if kind is FindingKind.NAME else LEAST_OF_EITHER
    is_guess = word.least_confidence is not None and word.least_confidence < least
    return is_guess or (word.confidence is not None and word.confidence < SURE_TOGETHER)


def together(one: float | None, two: float | None) -> float | None:
    """Confidence of what two readers agree on; at least the surer one's."""
    if one is None or two is None:
        return one if two is None else two
    return max(one, two, min(MOST_TOGETHER, 1.0 - (1.0 - one) * (1.0 - two)))


def less_sure(one: float | None, two: float | None) -> float | None:
    """The lower of two confidences; None where one is unknown."""
    return None if one is None or two is None else min(one, two)


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


def readers(words: Sequence[Word], kind: FindingKind | None = None) -> tuple[str, ...]:
    """Short names of the engines that each saw the whole datum: two of them only where they agree.

    A datum whose words came from different engines was seen whole by neither, unless
    each agreed with the other's words.
    """
    spoken = [word for word in words if characters(word.text)]
    engines = tuple(dict.fromkeys(short_name(word.engine) for word in spoken if word.engine))
    if len(engines) > 1:
        return engines[:2] if double_key(words, kind) is DoubleKey.AGREED else ()
    if double_key(words, kind) is DoubleKey.AGREED and engines:
        return (*engines, other_reader(engines[0]))
    return engines


def short_name(engine: str) -> str:
    """ "tesseract" of "tesseract 5.3.0"."""
    return engine.split()[0] if engine.split() else ""


def other_reader(name: str) -> str:
    """Who the second opinion on a word of engine `name` came from."""
    return "tesseract" if name == "rapidocr" else "rapidocr"
