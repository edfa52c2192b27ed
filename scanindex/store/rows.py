"""Model values to and from their JSON columns."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import TypeVar

import msgspec

T = TypeVar("T")


@cache
def _decoder(cls: type[T]) -> msgspec.json.Decoder[T]:
    return msgspec.json.Decoder(cls)


def to_json(value: object) -> str:
    return msgspec.json.encode(value).decode("utf-8")


def from_json(cls: type[T], text: str) -> T:
    return _decoder(cls).decode(text)


def stamp(moment: datetime | None) -> str | None:
    """Sortable ISO text of an aware UTC moment."""
    return moment.isoformat(timespec="microseconds") if moment else None
