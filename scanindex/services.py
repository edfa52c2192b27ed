"""The world, as the stages see it: what pipeline and review are given to work with.

Leaves out how it is put together (app.py) and what each part promises (ports.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from scanindex.classify import AS_SHIPPED
from scanindex.ports import (
    ArchiveStore,
    Catalog,
    ChartView,
    Clock,
    EventLog,
    Ids,
    ReadingStore,
    Registry,
    Roster,
    SwitchableIndex,
    TypeBook,
    Workers,
)
from scanindex.settings import Settings

MACHINE = "machine"
"""Who acts where no person does, in decisions and events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One of each; put together in app.py."""

    settings: Settings
    catalog: Catalog
    archive: ArchiveStore
    event_log: EventLog
    readings: ReadingStore
    roster: Roster
    registry: Registry
    index: SwitchableIndex
    charts: ChartView
    workers: Workers
    clock: Clock
    ids: Ids
    types: TypeBook = AS_SHIPPED
