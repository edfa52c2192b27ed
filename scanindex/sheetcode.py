"""The code on sheets that scanindex prints: separator, patient cover, batch.

A code is "SIX1", one letter for the kind, the fields that are filled, and two
check characters. It uses digits and capital letters only, so a QR code takes it
in its dense alphanumeric mode (ISO/IEC 18004, 7.4.4), Code 128 in set B, and a
person can key it in. The check characters are ISO 7064 MOD 1271-36, the pure
system for alphanumeric strings with two check characters: it catches every
single wrong character and every transposition of neighbours.

Promises: `decode(encode(code)) == code`; `decode` never raises and answers None
for anything that is not exactly what `encode` writes. Left out: what a sheet
means for the stack (documents) and how it is drawn (sheets). Standard library
only.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["separator", "patient", "batch"]

PREFIX = "SIX1"
MAX_FIELD_CHARACTERS = 64

_KINDS: dict[Kind, str] = {"separator": "S", "patient": "P", "batch": "B"}
_KIND_OF: dict[str, Kind] = {letter: kind for kind, letter in _KINDS.items()}
_TAGS = {"mrn": "M", "authority": "A", "birth_date": "D", "document_type": "T", "batch_id": "I"}
_FIELD_OF = {tag: name for name, tag in _TAGS.items()}
_DIGITS36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ESCAPE = "Z"
_SWAP = str.maketrans(string.ascii_letters, string.ascii_letters.swapcase())
"""ASCII only: str.swapcase changes the length of some other letters."""
_ISO_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)
_MODULUS, _RADIX = 1271, 36


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetCode:
    """What a sheet says. Raises ValueError for a value that no sheet can carry."""

    kind: Kind
    mrn: str = field(default="", repr=False)
    authority: str = ""
    birth_date: str = field(default="", repr=False)
    """ISO, possibly partial ("1934", "1934-01")."""
    document_type: str = ""
    batch_id: str = ""

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ValueError("unknown kind of sheet")
        if (self.kind == "patient" and not self.mrn) or (self.kind == "batch" and not self.batch_id):
            raise ValueError(f"a {self.kind} sheet must name its {self.kind}")
        for name in _TAGS:
            value = getattr(self, name)
            if len(value) > MAX_FIELD_CHARACTERS or not value.isprintable():
                raise ValueError(f"{name} is too long or not printable")


def encode(code: SheetCode) -> str:
    """The text of the bar code; digits and capitals only."""
    parts = [PREFIX, _KINDS[code.kind]]
    for name, tag in _TAGS.items():
        if value := getattr(code, name):
            parts += [tag, _field(name, value)]
    body = "".join(parts)
    return body + _check(body)


def decode(text: str) -> SheetCode | None:
    """The sheet behind a bar code's text, or None if it is not one of ours or was misread."""
    text = text.strip()
    body = text[:-2]
    if not body.startswith(PREFIX) or not set(text) <= set(_DIGITS36) or text[-2:] != _check(body):
        return None
    try:
        code = _parse(body[len(PREFIX) :])
        return code if encode(code) == text else None
    except (ValueError, KeyError, IndexError):
        return None


def _field(name: str, value: str) -> str:
    """Mode letter, length in two base-36 digits, content."""
    if name == "birth_date" and _ISO_DATE.fullmatch(value):
        mode, content = "N", value.replace("-", "")
    else:
        forms = {"U": _escape(value), "L": _escape(value.translate(_SWAP))}
        mode, content = min(forms.items(), key=_content_length)
    return mode + _two_digits(len(content)) + content


def _content_length(form: tuple[str, str]) -> int:
    return len(form[1])


def _escape(text: str) -> str:
    """Digits and A-Y stand for themselves; any other UTF-8 byte is Z and two base-36 digits."""
    plain = set(_DIGITS36) - {_ESCAPE}
    return "".join(
        c if c in plain else "".join(_ESCAPE + _two_digits(byte) for byte in c.encode("utf-8")) for c in text
    )


def _unescape(content: str) -> str:
    out, at = bytearray(), 0
    while at < len(content):
        if content[at] == _ESCAPE:
            out.append(int(content[at + 1 : at + 3], _RADIX))
            at += 3
        else:
            out += content[at].encode("ascii")
            at += 1
    return out.decode("utf-8")


def _parse(body: str) -> SheetCode:
    """Fields after the prefix; any exception of a malformed body is the caller's to catch."""
    values: dict[str, str] = {}
    at = 1
    while at < len(body):
        tag, mode, size = body[at], body[at + 1], int(body[at + 2 : at + 4], _RADIX)
        content = body[at + 4 : at + 4 + size]
        values[_FIELD_OF[tag]] = _value(mode, content)
        at += 4 + size
    return SheetCode(kind=_KIND_OF[body[0]], **values)


def _value(mode: str, content: str) -> str:
    if mode == "N":
        return "-".join(part for part in (content[:4], content[4:6], content[6:]) if part)
    text = _unescape(content)
    return text.translate(_SWAP) if mode == "L" else text


def _two_digits(number: int) -> str:
    return _DIGITS36[number // _RADIX] + _DIGITS36[number % _RADIX]


def _check(body: str) -> str:
    """ISO 7064 MOD 1271-36: the two characters that make the whole string congruent to 1."""
    remainder = 0
    for character in body + "00":
        value = _DIGITS36.find(character)
        if value < 0:
            return ""
        remainder = (remainder * _RADIX + value) % _MODULUS
    return _two_digits((1 - remainder) % _MODULUS)
