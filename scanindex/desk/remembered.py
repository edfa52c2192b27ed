"""A roster that is asked everything once, for the length of one look at the desk.

An item compares its candidates with one another and with their namesakes, so that the same people
are wanted many times over; and the items that are handed out together often have the same ones.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

from scanindex.model import Patient, PatientId
from scanindex.ports import Roster
from scanindex.services import Services


class _Remembered:
    """What is not asked often goes straight to the roster."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._known: dict[Hashable, Any] = {}

    def get(self, patient_id: PatientId) -> Patient | None:
        found: Patient | None = self._once(
            ("get", patient_id), functools.partial(self._roster.get, patient_id)
        )
        return found

    def by_name(self, last: str, first: str, limit: int = 50) -> Sequence[Patient]:
        ask = functools.partial(self._roster.by_name, last, first, limit)
        found: Sequence[Patient] = self._once(("name", last, first, limit), ask)
        return found

    def by_birth_date(
        self, iso_dates: Iterable[str], named: Collection[str] | None = None
    ) -> Sequence[Patient]:
        days = tuple(iso_dates)
        ask = functools.partial(self._roster.by_birth_date, days, named=named)
        among = None if named is None else tuple(sorted(named))
        found: Sequence[Patient] = self._once(("born", days, among), ask)
        return found

    def _once(self, key: Hashable, ask: functools.partial[Any]) -> Any:
        if key not in self._known:
            self._known[key] = ask()
        return self._known[key]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._roster, name)


def remembering(services: Services) -> Services:
    """The same services; of the roster everything is asked once. For one look, not to be kept."""
    if isinstance(services.roster, _Remembered):
        return services
    return replace(services, roster=cast(Roster, _Remembered(services.roster)))
