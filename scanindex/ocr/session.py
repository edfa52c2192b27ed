"""The time, the findings and the place of one page while it is being read. Worker-only."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from scanindex.model import PageRaster
from scanindex.ocr.engines import Engines
from scanindex.settings import OcrSettings


@dataclass(slots=True)
class Session:
    """What the steps of reading one page share."""

    raster: PageRaster
    settings: OcrSettings
    engines: Engines
    deadline: float
    """Of time.monotonic()."""
    seconds: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def seconds_left(self) -> float:
        return self.deadline - time.monotonic()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Adds the CPU time of what runs inside, children included, to that stage."""
        started = _cpu_seconds()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + _cpu_seconds() - started, 4)


def _cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
