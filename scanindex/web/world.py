"""What every route is given: the opened workspace and what the screens keep beside it."""

from __future__ import annotations

import contextlib
import zoneinfo
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from scanindex import app
from scanindex.errors import ScanindexError
from scanindex.model import ScanId
from scanindex.services import Services
from scanindex.settings import Settings


def _one_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="filing")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    workspace: app.Workspace
    _filing: ThreadPoolExecutor = field(default_factory=_one_thread)

    @property
    def services(self) -> Services:
        return self.workspace.services

    @property
    def settings(self) -> Settings:
        return self.workspace.settings

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """In which times are shown."""
        return zoneinfo.ZoneInfo(self.settings.site.timezone)

    def file_soon(self, scan_ids: Iterable[ScanId]) -> None:
        """Have what was decided of these scans filed; returns at once.

        Where a service runs (`scanindex run`) it does that by itself within its next turn.
        """
        self._filing.submit(self._file, tuple(scan_ids))

    def _file(self, scan_ids: tuple[ScanId, ...]) -> None:
        # What cannot be filed now stays decided; the next start of the service files it.
        with contextlib.suppress(ScanindexError):
            app.file_now(self.workspace, scan_ids)

    def close(self) -> None:
        self._filing.shutdown(wait=True, cancel_futures=True)


def world_of(request: Request) -> World:
    found: World = request.app.state.world
    return found


TheWorld = Annotated[World, Depends(world_of)]
