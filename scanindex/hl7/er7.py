"""HL7 v2 messages in the vertical-bar encoding (ER7): read from bytes, written to bytes.

Sources: HL7 v2.5.1 chapter 2 (2.5 construction rules, 2.7 escape sequences), table 0211 (character sets).
Promises: separators are those that the message declares; what `segment` and `encode` write, `parse`
reads back as it was, whatever the text holds (only CR LF and CR become LF); sizes are bounded; errors
name segments, never values. Pure. Leaves out: what a segment means, and whether a message has all it needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from scanindex.errors import MalformedMessage

MAX_BYTES = 16 << 20
MAX_SEGMENTS = 20_000
NULL_TEXT = '""'
"""A field holding just this was emptied by its sender (2.5.3.3); an empty field says nothing."""
_HEADERS = ("MSH", "FHS", "BHS")
"""Their field 1 is the separator itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delimiters:
    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @property
    def encoding_characters(self) -> str:
        """MSH-2."""
        return self.component + self.repetition + self.escape + self.subcomponent


STANDARD = Delimiters()


# --- reading ----------------------------------------------------------------------------
class Components:
    """One repetition of a field."""

    __slots__ = ("_charset", "_delimiters", "_parts", "raw")

    def __init__(self, raw: str, delimiters: Delimiters, charset: str) -> None:
        self.raw, self._delimiters, self._charset = raw, delimiters, charset
        self._parts = raw.split(delimiters.component) if delimiters.component else [raw]

    @property
    def is_null(self) -> bool:
        return self.raw == NULL_TEXT

    def text(self, component: int = 1, sub: int = 1) -> str:
        """Unescaped; "" where it is not there or null."""
        if component > len(self._parts):
            return ""
        raw = self._parts[component - 1]
        mark = self._delimiters.subcomponent
        if mark and mark in raw:
            subs = raw.split(mark)
            raw = subs[sub - 1] if sub <= len(subs) else ""
        elif sub > 1:
            return ""
        return "" if raw == NULL_TEXT else unescape(raw, self._delimiters, self._charset)

    def raw_part(self, component: int) -> str:
        """A component as it stands."""
        return self._parts[component - 1] if component <= len(self._parts) else ""

    def texts(self, count: int) -> list[str]:
        """The first so many components, as `text` gives them; quicker than one by one."""
        raw, marks = self.raw, self._delimiters
        if marks.escape in raw or marks.subcomponent in raw or '"' in raw:
            return [self.text(number) for number in range(1, count + 1)]
        parts = self._parts[:count]
        return parts + [""] * (count - len(parts))


class Segment:
    """One segment. Its values are taken apart when they are asked for: a large one costs nothing."""

    __slots__ = ("_charset", "_delimiters", "_fields", "name")

    def __init__(self, line: str, delimiters: Delimiters, charset: str) -> None:
        self._fields = line.split(delimiters.field)
        self.name = self._fields[0]
        if self.name in _HEADERS:
            self._fields.insert(1, delimiters.field)
        self._delimiters, self._charset = delimiters, charset

    def raw(self, number: int) -> str:
        """A field (from 1) as it stands; "" where the segment is shorter."""
        return self._fields[number] if number < len(self._fields) else ""

    def text(self, number: int, rep: int = 1, component: int = 1, sub: int = 1) -> str:
        """Unescaped; "" where it is not there or null. All numbers count from 1."""
        raw = self.raw(number)
        if not raw or (number <= 2 and self.name in _HEADERS):
            return raw
        if raw.isalnum():  # most values are, and hold nothing to be taken apart
            return raw if rep == component == sub == 1 else ""
        found = raw.split(self._delimiters.repetition) if self._delimiters.repetition else [raw]
        if rep > len(found):
            return ""
        return Components(found[rep - 1], self._delimiters, self._charset).text(component, sub)

    def is_null(self, number: int) -> bool:
        """Whether the sender says that there is nothing any more."""
        return self.raw(number) == NULL_TEXT

    def repetitions(self, number: int) -> list[Components]:
        """Those that say anything, in order."""
        raw = self.raw(number)
        if not raw:
            return []
        parts = raw.split(self._delimiters.repetition) if self._delimiters.repetition else [raw]
        return [Components(part, self._delimiters, self._charset) for part in parts if part]


@dataclass(frozen=True, slots=True)
class Message:
    segments: tuple[Segment, ...] = field(repr=False)
    delimiters: Delimiters
    charset: str
    """Python's name of it."""

    @property
    def header(self) -> Segment:
        return self.segments[0]

    @property
    def control_id(self) -> str:
        return self.header.text(10)

    @property
    def event(self) -> str:
        """MSH-9.2; of old messages that leave it out EVN-1."""
        found = self.header.text(9, component=2)
        event = None if found else self.first("EVN")
        return event.text(1) if event else found

    def first(self, name: str) -> Segment | None:
        return next((s for s in self.segments if s.name == name), None)

    def all(self, name: str) -> list[Segment]:
        return [s for s in self.segments if s.name == name]


def parse(data: bytes, max_bytes: int = MAX_BYTES) -> Message:
    """One message, without the frame around it. Raises MalformedMessage."""
    if len(data) > max_bytes:
        raise MalformedMessage(f"a message is larger than {max_bytes} bytes")
    data = data.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if not data.startswith(b"MSH"):
        raise MalformedMessage("a message does not begin with MSH")
    delimiters, charset = declared(data)
    lines = [line for line in lines_of(decoded(data, charset)) if line and not line.isspace()]
    if len(lines) > MAX_SEGMENTS:
        raise MalformedMessage(f"a message has more than {MAX_SEGMENTS} segments")
    ends = ("", delimiters.field)
    for number, line in enumerate(lines, 1):
        name = line[:3]
        if not (name.isascii() and name.isalnum() and name.isupper()) or line[3:4] not in ends:
            raise MalformedMessage(f"segment {number} of a message has no name")
    return Message(tuple([Segment(line, delimiters, charset) for line in lines]), delimiters, charset)


def lines_of(text: str) -> list[str]:
    """Cut at CR, as the standard has it, and at LF, as files often have it; nowhere else."""
    return (text.replace("\n", "\r") if "\n" in text else text).split("\r")


def declared(data: bytes) -> tuple[Delimiters, str]:
    """Separators and character set as a header segment says. Raises MalformedMessage."""
    line = data[:4096].split(b"\r", 1)[0].split(b"\n", 1)[0]
    fields = line.split(line[3:4], 18) if len(line) > 3 else []
    if len(fields) < 2:
        raise MalformedMessage("the header of a message says nothing")
    return _understood(line[3:4], fields[1], fields[17] if len(fields) > 17 else b"")


@lru_cache(maxsize=64)
def _understood(mark: bytes, characters: bytes, charset: bytes) -> tuple[Delimiters, str]:
    try:
        first, rest = mark.decode("ascii"), characters.decode("ascii")
        named = charset.decode("ascii")
    except UnicodeDecodeError:
        raise MalformedMessage("the header of a message is not ASCII") from None
    used = first + rest[:4]
    if len(set(used)) != len(used) or any(c.isalnum() or c <= " " for c in used) or not rest:
        raise MalformedMessage("the header of a message declares no usable separators")
    marks = [*rest[:4], "", "", "", ""]
    found = Delimiters(
        field=first, component=marks[0], repetition=marks[1], escape=marks[2], subcomponent=marks[3]
    )
    return found, charset_of(named.split(found.repetition)[0] if found.repetition else named)


def charset_of(name: str) -> str:
    """Python's name of a character set of table 0211. Raises MalformedMessage for those not read here."""
    plain = re.sub(r"[^A-Z0-9]", "", name.upper())
    if plain in ("", "ASCII", "UNICODE", "UTF8", "UNICODEUTF8"):
        return "ascii" if plain in ("", "ASCII") else "utf-8"
    if match := re.fullmatch(r"(?:ISO|ISOIR)?8859(1[0-6]|[1-9])", plain):
        return f"iso8859-{match[1]}"
    raise MalformedMessage("a message is in a character set that is not read here (MSH-18)")


def decoded(data: bytes, charset: str) -> str:
    """Bytes as text. What claims to be ASCII and is not is tried as UTF-8, then as Western European;
    Latin-1 is read as Windows writes it, whose quotation marks are no characters of Latin-1."""
    if charset == "ascii":
        for attempt in ("utf-8", "cp1252"):
            try:
                return data.decode(attempt)
            except UnicodeDecodeError:
                continue
        return data.decode("iso8859-1")
    if charset == "iso8859-1":
        try:
            return data.decode("cp1252")
        except UnicodeDecodeError:
            return data.decode("iso8859-1")
    try:
        return data.decode(charset)
    except UnicodeDecodeError:
        raise MalformedMessage("a message is not in the character set that it declares (MSH-18)") from None


def unescape(text: str, delimiters: Delimiters = STANDARD, charset: str = "utf-8") -> str:
    """Escape sequences as what they stand for (2.7); those not known stay as they are."""
    mark = delimiters.escape
    if not mark or mark not in text:
        return text
    known = {
        "F": delimiters.field,
        "S": delimiters.component,
        "T": delimiters.subcomponent,
        "R": delimiters.repetition,
        "E": mark,
        ".br": "\n",
        "H": "",
        "N": "",
    }

    def meant(match: re.Match[str]) -> str:
        token = match[1]
        if token in known:
            return known[token]
        if _HEX.fullmatch(token):
            return bytes.fromhex(token[1:]).decode(charset, errors="replace")
        return match[0]

    return _sequences(mark).sub(meant, text)


_HEX = re.compile(r"X(?:[0-9A-Fa-f]{2})+")


@lru_cache(maxsize=16)
def _sequences(mark: str) -> re.Pattern[str]:
    return re.compile(f"{re.escape(mark)}([^{re.escape(mark)}]*){re.escape(mark)}")


# --- writing ----------------------------------------------------------------------------
class Raw(str):
    """Text that is encoded already, or needs no encoding (base64)."""

    __slots__ = ()


NULL = Raw(NULL_TEXT)
Value = Any
"""str: a text, which is escaped; Raw: as it stands; tuple: components, and in it tuples of
subcomponents; list: repetitions; None: nothing."""


def escape(text: str, delimiters: Delimiters = STANDARD, charset: str = "utf-8") -> str:
    r"""A text as it may stand in a field: separators, line ends (`\.br\`) and control characters escaped."""
    if text == NULL_TEXT:
        return f"{delimiters.escape}X2222{delimiters.escape}"
    if not _special(delimiters).search(text):
        return text
    mark = delimiters.escape
    names = {
        delimiters.field: "F",
        delimiters.component: "S",
        delimiters.subcomponent: "T",
        delimiters.repetition: "R",
        mark: "E",
        "\n": ".br",
    }

    def written(match: re.Match[str]) -> str:
        found = match[0]
        if found in names:
            return f"{mark}{names[found]}{mark}"
        if "\ud800" <= found <= "\udfff":
            return "\N{REPLACEMENT CHARACTER}"
        return f"{mark}X{found.encode(charset, errors='replace').hex().upper()}{mark}"

    return _special(delimiters).sub(written, text.replace("\r\n", "\n").replace("\r", "\n"))


@lru_cache(maxsize=16)
def _special(delimiters: Delimiters) -> re.Pattern[str]:
    used = re.escape(delimiters.field + delimiters.encoding_characters)
    return re.compile(f"[{used}\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def segment(
    name: str,
    fields: Mapping[int, Value],
    delimiters: Delimiters = STANDARD,
    charset: str = "utf-8",
) -> str:
    """A segment as one line, without the CR behind it; fields by their number in the standard.

    Empty components and fields at the end are left out (2.5.3).
    """

    def one(value: Value, level: int) -> str:
        if value is None:
            return ""
        if isinstance(value, Raw):
            return str(value)
        if isinstance(value, str):
            return escape(value, delimiters, charset)
        if isinstance(value, list):
            return delimiters.repetition.join([one(v, 0) for v in value])
        mark = delimiters.subcomponent if level else delimiters.component
        return mark.join([one(v, level + 1) for v in value]).rstrip(mark)

    first = 3 if name in _HEADERS else 1
    last = max(fields, default=first - 1)
    if min(fields, default=first) < first:
        raise ValueError(f"{name} has no field {min(fields)} to set")
    values = [one(fields.get(number), 0) for number in range(first, last + 1)]
    head = [name, delimiters.encoding_characters] if name in _HEADERS else [name]
    return delimiters.field.join([*head, *values]).rstrip(delimiters.field)


def encode(lines: Iterable[str], charset: str = "UNICODE UTF-8") -> bytes:
    """Segments as the bytes of a message, a CR behind each; charset as in MSH-18.

    Raises MalformedMessage where the character set cannot carry a text.
    """
    found = list(lines)
    if any("\r" in line or "\n" in line for line in found):
        raise MalformedMessage("a segment holds a line end")
    try:
        return "".join([line + "\r" for line in found]).encode(charset_of(charset))
    except UnicodeEncodeError:
        raise MalformedMessage("the character set of a message cannot carry its text (MSH-18)") from None
