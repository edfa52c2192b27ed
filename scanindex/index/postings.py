"""A bounded memory of posting lists, for services that search again and again."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any


class PostingCache:
    """Most recently used arrays of all leaves, bounded by their bytes."""

    def __init__(self, room_bytes: int) -> None:
        self._room_bytes = room_bytes
        self._lists: OrderedDict[tuple[Any, ...], tuple[Any, ...]] = OrderedDict()

    def get(self, key: tuple[Any, ...]) -> tuple[Any, ...] | None:
        if key in self._lists:
            self._lists.move_to_end(key)
        return self._lists.get(key)

    def put(self, key: tuple[Any, ...], arrays: tuple[Any, ...]) -> None:
        """Keep some numpy arrays under a key that is not yet there."""
        self._lists[key] = arrays
        self._room_bytes -= _bytes(arrays)
        while self._room_bytes < 0:
            _, old = self._lists.popitem(last=False)
            self._room_bytes += _bytes(old)


def _bytes(arrays: tuple[Any, ...]) -> int:
    return sum(int(array.nbytes) for array in arrays)
