"""What follows a label -> a normalised value and the words it was read from.

Each parser takes the tokens after a label and either reads its kind of value at
their head or refuses (None); a value of the wrong shape is never forced. Numbers
stay text as printed: letters and leading zeros count. Of a full social security
number only the last four digits are ever kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from scanindex.extract.dates import DateSpan, find_dates, labelled_date
from scanindex.extract.layout import Token
from scanindex.extract.names import ReadName, read_name

_ID = re.compile(r"^[A-Za-z]{0,4}-?\d[\dA-Za-z]*(?:-[\dA-Za-z]+)*$")
_SLIP_DIGITS = re.compile(r"^[\dOolI|SBZ]+$")
_PHONE = re.compile(r"^\W*(?:1[-. ])?\(?(\d{3})\)?[-. /]{0,3}(\d{3})[-. ]{1,3}(\d{4})(?!\d)")
_SHORT_PHONE = re.compile(r"^\W*(\d{3})[-. ]{1,2}(\d{4})(?!\d)")
_SSN = re.compile(r"^\W*(?:[\dXx*#•]{3}[- ]?[\dXx*#•]{2}[- ]?)?(\d{4})(?![\d])")
_FULL_SSN = re.compile(r"^\W*(\d{3})[- ](\d{2})[- ](\d{4})(?!\d)")
_SEX = re.compile(r"^[\W\d]*(?:Y(?:RS?|O|/O|EARS?)?\.?\s*(?:OLD)?\s*[/,-]?\s*)?(MALE|FEMALE|M|F)(?![A-Z])")
_AGE = re.compile(r"^\W*(\d{1,3})\s*(?:Y|YRS?|YEARS?|YO|Y/O|M|F|/|$|\W)", re.IGNORECASE)
_ZIP = re.compile(r"\b[A-Za-z]{2}\.?,?\s+\d{5}(?:-\d{4})?\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    raw: str = field(repr=False)
    text: str = field(repr=False)
    tokens: tuple[Token, ...] = field(repr=False)
    is_repaired: bool = False
    date: DateSpan | None = None
    name: ReadName | None = None


def text_of(tokens: Sequence[Token]) -> str:
    return " ".join(t.text for t in tokens)


def read_identifier(tokens: Sequence[Token]) -> Value | None:
    """4 to 14 letters and digits, mostly digits; groups printed apart are joined."""
    tokens = _skip_marks(tokens)
    if not tokens:
        return None
    grouped = _grouped(tokens)
    used = tokens[: grouped or 1]
    text = "".join(t.text for t in used) if not grouped else "-".join(_bare(t.text) for t in used)
    text = _bare(text)
    plain = "".join(c for c in text if c.isalnum())
    digits = sum(c.isdigit() for c in plain)
    if not _ID.match(text) and not _SLIP_DIGITS.match(text):
        return None
    if not 4 <= len(plain) <= 14 or digits < 3 or 2 * digits < len(plain) or find_dates(text):
        return None
    if _PHONE.match(text_of(tokens[:3])) and not text.isdigit():
        return None
    return Value(raw=text_of(used), text=text, tokens=tuple(used))


def read_date(tokens: Sequence[Token]) -> Value | None:
    tokens = _skip_marks(tokens)
    text = text_of(tokens)
    span = labelled_date(text)
    if span is None:
        return None
    used = covering(tokens, span.start, span.end)
    if not used:
        return None
    return Value(
        raw=span.raw.strip(), text=span.iso() or "", tokens=used, is_repaired=span.is_repaired, date=span
    )


def read_person(tokens: Sequence[Token], *, last_first: bool = False) -> Value | None:
    tokens = _skip_marks(tokens)
    words = _cut_glued([t.text for t in tokens[:10]])
    name = read_name(words, last_first=last_first)
    if name is None:
        return None
    used = tuple(tokens[: max(1, min(name.words_used, len(tokens)))])
    return Value(raw=text_of(used), text=name.value, tokens=used, name=name)


def read_sex(tokens: Sequence[Token]) -> Value | None:
    """M or F; nothing where both are printed for ticking and no single mark tells which."""
    text = text_of(tokens[:6]).upper()
    words = [t.key for t in tokens[:6]]
    if len({w[0] for w in words if w in {"M", "F", "MALE", "FEMALE"}}) > 1:
        ticked = re.findall(r"[\[(]?\s*[X✓☒✔]\s*[\])]?\s*(MALE|FEMALE|M|F)\b", text)
        return _sex_value(ticked[0], tokens) if len(ticked) == 1 else None
    m = _SEX.match(text)
    return _sex_value(m[1], tokens) if m else None


def read_age(tokens: Sequence[Token]) -> int | None:
    m = _AGE.match(text_of(tokens[:2]))
    return int(m[1]) if m and int(m[1]) <= 112 else None


def read_ssn4(tokens: Sequence[Token]) -> Value | None:
    text = text_of(tokens[:4])
    m = _FULL_SSN.match(text)
    last = m[3] if m else None
    if m is None and (short := _SSN.match(text)):
        m, last = short, short[1]
    if m is None or last is None:
        return None
    used = covering(tokens, m.start(), m.end())
    return Value(raw=f"***-**-{last}", text=last, tokens=used) if used else None


def read_phone(tokens: Sequence[Token]) -> Value | None:
    text = text_of(tokens[:5])
    m = _PHONE.match(text) or _SHORT_PHONE.match(text)
    if not m:
        return None
    used = covering(tokens, m.start(), m.end())
    return Value(raw=m[0].strip(), text="".join(g for g in m.groups()), tokens=used) if used else None


def read_address(tokens: Sequence[Token], below: Sequence[Token] = ()) -> Value | None:
    """A street line; the line below joins it where it ends in state and postcode."""
    used = list(tokens[:12])
    text = text_of(used).strip(" :_,")
    if not re.search(r"\d", text) or not re.search(r"[A-Za-z]{2}", text) or len(text) < 6:
        return None
    if below and not _ZIP.search(text) and _ZIP.search(text_of(below)):
        used += list(below)
        text = f"{text}, {text_of(below)}"
    if end := _ZIP.search(text):
        text = text[: end.end()]
    return Value(raw=text, text=re.sub(r"\s*,(\s*,)*\s*", ", ", text).upper(), tokens=tuple(used))


def is_whole_address(text: str) -> bool:
    """Street, city, state and postcode, all of them."""
    zip_code = _ZIP.search(text)
    return zip_code is not None and len(text[: zip_code.start()].strip(" ,").split()) >= 3


def _sex_value(word: str, tokens: Sequence[Token]) -> Value:
    used = next(
        (t for t in tokens[:6] if t.key and t.key.strip("0123456789")[-len(word) :] == word), tokens[0]
    )
    return Value(raw=word, text=word[0], tokens=(used,))


def _skip_marks(tokens: Sequence[Token]) -> Sequence[Token]:
    i = 0
    while i < len(tokens) and not tokens[i].key:
        i += 1
    return tokens[i:]


def _bare(text: str) -> str:
    return text.strip(" #:.,;_|()[]{}*'\"=~<>")


def _cut_glued(words: list[str]) -> list[str]:
    return [w.strip("_|[]{}") for w in words]


def _grouped(tokens: Sequence[Token]) -> int:
    """How many leading tokens are digit groups of one number ("12 34 56"); 0 for none."""
    groups: list[Token] = []
    for token in tokens[:4]:
        text = _bare(token.text)
        if not text.isdigit() or not 2 <= len(text) <= 4:
            break
        if groups and token.left - groups[-1].right > 1.2 * token.height:
            break
        groups.append(token)
    lengths = [len(_bare(t.text)) for t in groups]
    return len(groups) if len(groups) >= 2 and 6 <= sum(lengths) <= 10 and max(lengths) <= 4 else 0


def covering(tokens: Sequence[Token], start: int, end: int) -> tuple[Token, ...]:
    """Tokens that hold characters start..end of their joined text."""
    used, at = [], 0
    for token in tokens:
        if at < end and at + len(token.text) > start:
            used.append(token)
        at += len(token.text) + 1
    return tuple(used)
