"""What one site adds to the types: own titles, own types, and what its clerks taught."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from scanindex.classify.model import Answer, TypeModel, base_model
from scanindex.errors import UsageError

Shift = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTypes:
    """Everything that reading a page's type needs besides the page."""

    titles: Mapping[str, str] = field(default_factory=dict)
    """A title as it is printed -> type; exact but for blanks, signs and small misreadings."""
    learned: TypeModel | None = None
    """The base model shifted by this site's corrections; None: as shipped."""

    @property
    def model(self) -> TypeModel:
        return self.learned or base_model()

    def answer(self, text: str) -> Answer:
        return _answer(text) if self.learned is None else self.learned.answer(text)


@lru_cache(maxsize=64)
def _answer(text: str) -> Answer:
    """Grouping, review and reading again ask for the same page."""
    return base_model().answer(text)


def with_shift(shift: Shift, bias_shift: Mapping[str, float]) -> TypeModel:
    """The shipped model with a site's additions."""
    return dataclasses.replace(base_model(), shift=shift, bias_shift=bias_shift)


DEFAULT = SiteTypes()


class FixedTypes:
    """A port `TypeBook` that never changes: the types as shipped."""

    def current(self) -> SiteTypes:
        return DEFAULT

    def learned(self) -> dict[str, Any] | None:
        return None

    def keep(self, about: Mapping[str, Any], shift: Shift, bias_shift: Mapping[str, float]) -> None:
        raise UsageError("there is no workspace to keep what was learnt")


AS_SHIPPED = FixedTypes()
