"""Names as they are searched: by spelling, short form and sound.

`name:` and `patient:` find Smyth for Smith, Kathryn for Catherine and William for
Bill. The sound key is of this product: it keeps how a name starts, its consonants
by sound, and of its vowels only the first one's class (a; e, i, y; o, u) and whether
one stands at the end, since those are where Miller, Mahler and Moeller, or Mary and
Marr, differ. Measured on a census list of surnames it joins fewer people than
Soundex, NYSIIS or Metaphone (docs/reference/query-language.md). English spelling
with what German, Spanish and Slavic names bring along. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from scanindex.index import expand
from scanindex.nicknames import forms_of

MIN_SOUND_CHARACTERS = 2
MAX_KEY_CHARACTERS = 10
MAX_NICKNAMES = 30

_ODD_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "þ": "th", "ß": "ss"})
_NOT_LETTERS = re.compile(r"[^a-z]+")

_START = (
    (r"^mac(?=[bcdfghjklmnpqrstvwxz]..)|^mc", "m0k"),
    (r"^[gkp]n", "n"),
    (r"^wr", "r"),
    (r"^rh", "r"),
    (r"^ps(?=[aeiouy])", "s"),
    (r"^x", "s"),
    (r"^wh", "w"),
    (r"^(?:tch|tsch|cz)", "C"),
    (r"^[jy](?=[aeiou])", "j"),
)
"""How a name starts: silent letters away. Capitals are sounds: C as in church or Bach."""
_BODY = (
    (r"sch|sh|sz|cz|tz|ts|zs", "s"),
    (r"tch", "C"),
    (r"ph|pf", "f"),
    (r"(?<=[aeiouy])ght", "t"),
    (r"(?<=[aeiouyw])gh", ""),
    (r"gh", "g"),
    (r"qu(?=[aeiy])", "k"),
    (r"(?<=m)p(?=[sft])", ""),
    (r"(?<=.)mb$", "m"),
    (r"ch(?=[rl])", "k"),
    (r"ck|cq|cc(?=[aou])|q", "k"),
    (r"ch", "C"),
    (r"c(?=[eiy])", "s"),
    (r"c", "k"),
    (r"dg(?=[eiy])|(?<!^)g(?=[eiy](?!r?$))|^g(?=e)", "j"),
    (r"gn$|gn(?=e?$)", "n"),
    (r"th|dt|td", "t"),
    (r"x", "ks"),
    (r"z", "s"),
    (r"(?<=.)d", "t"),
    (r"(?<=.)v", "f"),
    (r"(?<=.)h", ""),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NameKeys:
    """What one word of a name query stands for; nothing stands in two places."""

    exact: tuple[str, ...]
    """Keys of the field `name`: the word itself."""
    nicknames: tuple[str, ...]
    """Keys of the field `name`: other forms of that given name."""
    sounds: tuple[str, ...]
    """Keys of the field `sound`."""


def query_keys(word: str) -> NameKeys:
    """Keys for one unquoted word without stars of `name:` or `patient:`."""
    exact = expand.joined(word)
    forms = sorted(form.lower() for form in forms_of(_letters(word).upper()))
    return NameKeys(
        exact=(exact,) if exact else (),
        nicknames=tuple(form for form in forms if form != exact)[:MAX_NICKNAMES],
        sounds=tuple(dict.fromkeys(sounds_of(word))),
    )


def sound_keys(name_words: Iterable[str]) -> list[str]:
    """Entries of the field `sound` for the words of a person's names, each once.

    A double name has those of its parts, too ("Garcia-Lopez", "O'Neil").
    """
    found: dict[str, None] = {}
    for word in name_words:
        parts = [part for part in expand.parts(word) if len(part) > MIN_SOUND_CHARACTERS]
        for form in (word, *(parts if len(parts) > 1 or parts != [expand.joined(word)] else ())):
            found |= dict.fromkeys(sounds_of(form))
    return list(found)


@lru_cache(maxsize=65_536)
def sounds_of(word: str) -> tuple[str, ...]:
    """One to three sound keys of a name written as one word; none without enough letters."""
    letters = _letters(word)
    if len(letters) < MIN_SOUND_CHARACTERS:
        return ()
    skeleton = _skeleton(letters)
    hard = skeleton[:1] + skeleton[1:].replace("C", "k")
    return tuple(dict.fromkeys((_key(skeleton), _key(skeleton, is_open=True), _key(hard))))


def _letters(word: str) -> str:
    return _NOT_LETTERS.sub("", expand.fold(word.translate(_ODD_LETTERS)))[: expand.MAX_TOKEN_CHARACTERS]


def _skeleton(letters: str) -> str:
    """The name with its consonants as sounds, vowels still as written."""
    for pattern, sound in (*_START, *_BODY):
        letters = re.sub(pattern, sound, letters)
    return _DOUBLE.sub(r"\1", letters)


_DOUBLE = re.compile(r"([^aeiouyw])\1+")
_VOWELS = re.compile(r"[aeiouyw]+")
_FRONT, _OPEN, _BACK = "e", "a", "o"


def _key(skeleton: str, *, is_open: bool = False) -> str:
    """Start, class of the first vowel, consonants, and + where a vowel ends it.

    is_open: "ae", "ai", "ay", "ei", "ey" as an a (Hayes as Haze) instead of an e (Maier as Meyer).
    """
    start = skeleton[0] if skeleton[0] not in "aeiou" else ""
    body = skeleton[len(start) :]
    match = _VOWELS.search(body)
    vowel = _vowel(match.group(), is_open) if match else ""
    ends = match is not None and body[match.end() :] != "" and _ends_in_vowel(body)
    rest = re.sub(r"[aeiouyw0]+", "", body)
    return f"{start}{vowel}{rest}"[:MAX_KEY_CHARACTERS] + ("+" if ends else "")


def _vowel(letters: str, is_open: bool) -> str:
    if letters[:2] in ("ae", "ai", "ay", "ei", "ey"):
        return _OPEN if is_open else _FRONT
    if letters[:2] in ("au", "aw", "eu", "ew", "oe", "ue", "uu") or letters[0] in "ouw":
        return _BACK
    return _OPEN if letters[0] == "a" else _FRONT


def _ends_in_vowel(body: str) -> bool:
    """A sounded one: Murray, Garcia, Lee; not Clarke."""
    last = _VOWELS.match(body[::-1])
    return last is not None and last.group() != "e"
