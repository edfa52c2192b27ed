"""Values as DICOM holds them: UIDs, names, texts of bounded length, dates.

Sources: DICOM PS3.5, 6.2 (value representations), 9 and annex B.2 (UIDs from UUIDs, under 2.25),
6.1.2.3 and PS3.3 C.12.1.1.2 (ISO_IR 192, UTF-8). Pure. DICOM has no escape: what a value
representation cannot hold is said by the functions `fits_*`, and whoever writes nonetheless gets a
value that is legal.
"""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime

from scanindex.model import PersonName

SHORT, LONG, TITLE = 16, 64, 1024
"""Characters of SH, LO (and a component group of PN), ST."""
_NAMESPACE = uuid.UUID("c6d0b6a4-5e7e-4a0c-8f5c-1c1c0e6f9d57")
_NO_CHARACTER = "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
_CONTROL = re.compile(f"[\x00-\x1f\x7f-\x9f{_NO_CHARACTER}]")
_NOT_IN_TITLE = re.compile(f"[\x00-\x09\x0b\x0e-\x1f\x7f-\x9f{_NO_CHARACTER}]")


def uid(*what: str) -> str:
    """The UID that stands for these words: always the same one."""
    return f"2.25.{uuid.uuid5(_NAMESPACE, chr(10).join(what)).int}"


# --- names and texts ----------------------------------------------------------------------
def person(name: PersonName | None) -> str:
    """PN: family, given, middle, prefix, suffix. "" of somebody without a name."""
    if name is None:
        return ""
    given = (name.last, name.first, name.middle, "", name.suffix)
    return "^".join(_legal(part, "^=") for part in given).rstrip("^")[:LONG].rstrip("^ ")


def fits_person(name: PersonName) -> bool:
    """Whether `person` says it exactly, but for white space around it."""
    parts = [name.last, name.first, name.middle, name.suffix]
    is_exact = all(_legal(part, "^=") == part.strip() for part in parts)
    return is_exact and len("^".join([*parts[:3], "", parts[3]]).rstrip("^")) <= LONG


def long(value: str | None) -> str:
    """LO, for descriptions: what does not fit is blank, what is too long is cut."""
    return _legal(value or "")[:LONG].strip()


def fits_long(value: str) -> bool:
    """Whether `long` says it exactly. Spaces around a LO mean nothing, so a value with some does not fit."""
    return long(value) == value


def title(value: str) -> str:
    """ST: may hold line ends and backslashes; tabs only in younger editions of the standard, so none."""
    return _NOT_IN_TITLE.sub(" ", value)[:TITLE].rstrip(" ")


def fits_title(value: str) -> bool:
    return title(value) == value.rstrip(" ")


def _legal(value: str, forbidden: str = "") -> str:
    """Without control characters, backslashes (which part values) and those that part components."""
    cleaned = _CONTROL.sub(" ", value).replace("\\", "/")
    return cleaned.translate({ord(one): " " for one in forbidden}).strip()


# --- dates --------------------------------------------------------------------------------
def day(civil: str | None) -> str:
    """DA; "" where the day is not known: DICOM has no partial DA."""
    return civil.replace("-", "") if civil and len(civil) == len("1998-03-02") else ""


def as_known(civil: str | None) -> str:
    """DT, which may end after the year or the month."""
    return civil.replace("-", "") if civil else ""


def moment(when: datetime) -> str:
    """DT with its zone."""
    return when.astimezone(UTC).strftime("%Y%m%d%H%M%S+0000")
