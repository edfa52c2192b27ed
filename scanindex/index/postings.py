"""A bounded memory of posting lists, for services that search again and again."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from typing import Any


class PostingCache:
    """Most recently used posting lists of all leaves, bounded by their total length."""

    def __init__(self, postings: int) -> None:
        self._room = postings
        self._lists: OrderedDict[tuple[Any, ...], tuple[array[int], array[float]]] = OrderedDict()

    def get(self, key: tuple[Any, ...]) -> tuple[array[int], array[float]] | None:
        if key in self._lists:
            self._lists.move_to_end(key)
        return self._lists.get(key)

    def put(self, key: tuple[Any, ...], lists: tuple[array[int], array[float]]) -> None:
        self._lists[key] = lists
        self._room -= len(lists[0])
        while self._room < 0:
            _, (old, _weights) = self._lists.popitem(last=False)
            self._room += len(old)
