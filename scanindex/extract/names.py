"""Person names as charts print them -> "LAST, FIRST MIDDLE SUFFIX" in upper case.

Three habits: a comma after the last name; the first name first; the last name
first without a comma where a hint on the form ("Last, First, MI") says so. What
cannot be a name (digits, common words, form words) is refused, not forced.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from scanindex.extract.tables import words_of

SUFFIXES = {"JR": "JR", "SR": "SR", "II": "II", "III": "III", "IV": "IV", "2ND": "II", "3RD": "III"}
HONORIFICS = frozenset(["MR", "MRS", "MS", "MISS", "MSTR", "MASTER", "REV", "SISTER", "FR"])
DOCTOR_WORDS = frozenset(["DR", "DOCTOR", "PROF"])
CREDENTIALS = words_of("names", "credential")
PARTICLES = words_of("names", "particle")
NEVER = words_of("names", "never")
_LETTER = r"[^\W\d_]"
_PART = re.compile(r"^[A-Z][A-Za-z'’`-]*\.?,?$")
_MISREAD_COMMA = re.compile(r"^(?:[A-Z'’-]{3,}|[A-Z][a-z'’-]{4,})[.;:]$")
"""A full stop behind a whole word that opens a name was printed as a comma."""
GIVEN = words_of("given_names", "given")
"""First names that are hardly ever last names; `FIRST_NAMES` holds those as well that are both."""
FIRST_NAMES = GIVEN | words_of("given_names", "either")
_MOST_NOISE = 2
_WHOLE = re.compile(r"^[A-Za-z'’`.,-]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadName:
    last: str = field(repr=False)
    first: str = field(repr=False)
    middle: str = field(default="", repr=False)
    suffix: str = field(default="", repr=False)
    credentials: tuple[str, ...] = ()
    """MD, RN ...: whoever carries these here is not the patient."""
    words_used: int = 0

    @property
    def value(self) -> str:
        given = " ".join(part for part in (self.first, self.middle, self.suffix) if part)
        return f"{self.last}, {given}" if given else self.last


def read_name(words: Sequence[str], *, last_first: bool = False) -> ReadName | None:
    """The name at the head of these words, or None where there is none.

    last_first: the form says that the last name stands first even without a comma.
    """
    words = _space_commas(words)
    used, parts, credentials, comma_after, noise = 0, list[str](), list[str](), None, 0
    for word in words:
        plain = _plain(word)
        if not plain or _is_noise(word, plain, parts):
            used += 1
            noise += word.strip() not in {",", "."}
            if word.strip() == "," and parts and comma_after is None:
                comma_after = len(parts)
            if noise > _MOST_NOISE:
                break
            continue
        if not _is_part(word, plain, parts):
            if plain in CREDENTIALS and parts:
                credentials.append(plain)
                used += 1
                continue
            if not parts and plain in HONORIFICS | DOCTOR_WORDS:
                credentials += [plain] if plain in DOCTOR_WORDS else []
                used += 1
                continue
            break
        if credentials and parts:
            break
        parts.append(plain)
        used += 1
        if comma_after is None and (
            word.rstrip().endswith(",")
            or (
                len(parts) == 1
                and _MISREAD_COMMA.match(unaccented(word))
                and (word.isupper() or plain not in GIVEN)
            )
        ):
            comma_after = len(parts)
        if len(parts) == 6:
            break
    return _assemble(parts, comma_after, credentials, used, last_first)


def _hyphens_joined(words: Sequence[str]) -> Iterator[str]:
    """ "Edwards- Trujillo" is one name that the reader took apart."""
    before = ""
    for word in words:
        if before and not word[:1].isalpha():
            yield before
            before = ""
        if len(word) > 2 and word.endswith("-") and word[0].isalpha() and not before:
            before = word
        else:
            yield before + word
            before = ""
    if before:
        yield before


def _is_noise(word: str, plain: str, parts: list[str]) -> bool:
    """Specks read as letters inside a name: a lower-case scrap after its first part."""
    scrap = word.strip(" .,;:_|-~'")
    return (
        bool(parts)
        and len(plain) <= 2
        and scrap.islower()
        and plain not in PARTICLES | NEVER
        and plain not in SUFFIXES
    )


def join_cells(last: str, first: str, middle: str = "") -> ReadName | None:
    """A name from the separate Last / First / Middle cells of a form."""
    given = read_name([last + ",", *first.split(), *middle.split()])
    return given if given and given.first else None


def _space_commas(words: Sequence[str]) -> list[str]:
    """ "SMITH,JOHN" is two words; so is "SMITH.JOHN", a comma misread."""
    out: list[str] = []
    for word in _hyphens_joined(words):
        word = re.sub(rf"^((?:{_LETTER}|['’-]){{3,}})[.;:]((?:{_LETTER}|['’-]){{2,}},?)$", r"\1,\2", word)
        out += re.split(rf"(?<={_LETTER}{_LETTER},)(?={_LETTER})", word)
    return out


def unaccented(text: str) -> str:
    """The text with letters reduced to their base ("GARCÍA" is "GARCIA"), for looking at its shape."""
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _plain(word: str) -> str:
    text = word.replace("’", "'").replace("`", "'").strip(' .,;:_|()[]{}*~="')
    if re.fullmatch(r"(?:[A-Za-z]\.){2,}[A-Za-z]?", text + ".") and len(text) <= 6:
        text = text.replace(".", "")
    return text.strip("'-.").upper()


def _is_part(word: str, plain: str, parts: list[str]) -> bool:
    bare = unaccented(word.strip(' ;:_|()[]{}*~="'))
    if plain in SUFFIXES:
        return bool(parts)
    if not plain or not _WHOLE.match(bare) or plain in NEVER or plain in HONORIFICS | DOCTOR_WORDS:
        return False
    if plain in CREDENTIALS and len(parts) >= 2:
        return False
    if "." in bare[:-1] and not re.fullmatch(r"(?:[A-Za-z]\.)+,?", bare):
        return False
    return bool(_PART.match(bare)) or (bare.isupper() and bool(_WHOLE.match(bare)))


def _assemble(
    parts: list[str], comma_after: int | None, credentials: list[str], used: int, last_first: bool
) -> ReadName | None:
    suffix = next((SUFFIXES[p] for p in parts[1:] if p in SUFFIXES), "")
    comma_after = _without_suffixes(parts, comma_after)
    names = [p for i, p in enumerate(parts) if not (i and p in SUFFIXES)]
    if comma_after is not None and 0 < comma_after < len(names) and comma_after <= 3:
        last, given = names[:comma_after], names[comma_after:]
    elif last_first and len(names) >= 2 and not (len(names) == 3 and len(names[1]) == 1):
        last, given = names[:1], names[1:]
        while last[-1] in PARTICLES and len(given) > 1:
            last, given = [*last, given[0]], given[1:]
    elif len(names) >= 2 and _is_last_first(names):
        last, given = names[:1], names[1:]
    elif len(names) >= 2:
        start = len(names) - 1
        while start > 1 and names[start - 1] in PARTICLES:
            start -= 1
        last, given = names[start:], names[:start]
    elif credentials and names and len(names[0]) > 2:
        last, given = names, []
    else:
        return None
    if max(len(x) for x in last) < 2 or (given and len(given[0]) == 1 and len(last[0]) < 3):
        return None
    return ReadName(
        last=" ".join(last),
        first=given[0] if given else "",
        middle=" ".join(given[1:3]),
        suffix=suffix,
        credentials=tuple(credentials),
        words_used=used,
    )


def _is_last_first(names: list[str]) -> bool:
    """Without a comma: "QUILL NORA B" (an initial ends no name), "QUILL NORA" (NORA is no last name)."""
    if len(names) >= 3 and len(names[-1]) == 1 and len(names[0]) > 1:
        return len(names[1]) > 1
    return len(names) == 2 and names[-1] in GIVEN and names[0] not in GIVEN and len(names[0]) > 1


def _without_suffixes(parts: list[str], comma_after: int | None) -> int | None:
    """Where the comma stands once suffixes before it ("DOE JR, JOHN") are taken out."""
    if comma_after is None:
        return None
    return comma_after - sum(1 for i, p in enumerate(parts[:comma_after]) if i and p in SUFFIXES)
