"""Model values to and from their JSON columns."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def to_json(value: object) -> str:
    return msgspec.json.encode(value, enc_hook=_plain).decode("utf-8")


def from_json(cls: type[T], text: str) -> T:
    return msgspec.json.decode(text, type=cls, dec_hook=_made)


def from_plain(cls: type[T], value: object) -> T:
    """The same from what an event's payload holds."""
    return msgspec.convert(value, cls, dec_hook=_made)


def _plain(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def _made(cls: type[Any], value: object) -> Any:
    return Path(str(value)) if issubclass(cls, Path) else value


def stamp(moment: datetime | None) -> str | None:
    """Sortable ISO text of an aware UTC moment."""
    return moment.isoformat(timespec="microseconds") if moment else None
