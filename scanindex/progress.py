"""How far the machine is with one scan, as its spool shows: for screens that follow it live.

Cheap (one look into one folder) and never wrong about what is durable: the catalog says what
was decided, the checkpoints in the spool only how many pages of an undecided scan were read.
"""

from __future__ import annotations

import os

from scanindex.model import Scan, ScanState
from scanindex.settings import Settings
from scanindex.today_model import Stage

COUNT_FILE = "pages"
"""In a scan's spool folder: how many pages it has, known before it is decided."""


def read_so_far(scan: Scan, settings: Settings) -> tuple[Stage, int, int | None]:
    """(stage, pages read, pages) of a scan; pages None until it was opened."""
    if scan.state is ScanState.WAITING:
        return Stage.WAITING, *_counted(scan, settings)
    if scan.state is ScanState.QUARANTINED:
        return Stage.QUARANTINED, 0, scan.page_count
    if scan.state is ScanState.DECIDED:
        return Stage.DONE, scan.page_count or 0, scan.page_count
    done, pages = _counted(scan, settings)
    if pages is not None and done >= pages:
        return Stage.DECIDING, done, pages
    if done or pages is not None:
        return Stage.READING, done, pages
    return (Stage.OPENING if scan.attempts else Stage.QUEUED), 0, None


def _counted(scan: Scan, settings: Settings) -> tuple[int, int | None]:
    folder = settings.spool / scan.scan_id
    done, pages = 0, scan.page_count
    try:
        with os.scandir(folder) as listing:
            done = sum(item.name.startswith("page-") and item.name.endswith(".json") for item in listing)
        if pages is None:
            pages = int((folder / COUNT_FILE).read_text("ascii"))
    except (OSError, ValueError):
        pass  # not begun, or just cleared away
    return min(done, pages or done), pages
