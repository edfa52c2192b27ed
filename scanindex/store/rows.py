"""Model values to and from their JSON columns."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

import msgspec

T = TypeVar("T")


def to_json(value: object) -> str:
    return msgspec.json.encode(value).decode("utf-8")


def from_json(cls: type[T], text: str) -> T:
    return msgspec.json.decode(text, type=cls)


def stamp(moment: datetime | None) -> str | None:
    """Sortable ISO text of an aware UTC moment."""
    return moment.isoformat(timespec="microseconds") if moment else None
