"""What somebody must know about how work goes, in plain words without patient data. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from scanindex.errors import by_code
from scanindex.model import ScanState
from scanindex.today_model import Alert, Disk, IndexState, Level, ServiceState

_BEHIND = 200
"""Changes; an index so far behind is worth a word."""


def alerts(
    service: ServiceState,
    disks: Iterable[Disk],
    index: IndexState,
    by_state: Mapping[str, int],
    incidents: int,
) -> Iterator[Alert]:
    """In words that do not change by the second: they are spoken by screen readers when they do."""
    if not service.is_running:
        text = "The service is not running: nothing is taken over from the inbox or filed."
        yield Alert(key="service", level=Level.BAD, text=text, hint="scanindex run starts it.")
    elif service.problem:
        error = by_code(service.problem)
        yield Alert(key="intake", level=Level.BAD, text=f"The intake waits. {error.meaning}", hint=error.hint)
    for disk in disks:
        if disk.level is not Level.GOOD:
            where = f"the disk of {', '.join(disk.places)}"
            is_full = disk.level is Level.BAD
            text = f"Too little space is left on {where}." if is_full else f"Space runs low on {where}."
            yield Alert(
                key=f"disk-{disk.places[0]}", level=disk.level, text=text, hint="Free space, or add some."
            )
    yield from _index_alerts(index)
    if waiting := by_state.get(ScanState.WAITING, 0):
        text = f"{waiting} file(s) wait for disk, share or permission."
        yield Alert(key="waiting", level=Level.WARN, text=text, hint="They are tried again by themselves.")
    if incidents:
        text = f"{incidents} misfile incident(s) are open."
        yield Alert(key="incidents", level=Level.WARN, text=text, hint="A supervisor follows them up.")


def _index_alerts(index: IndexState) -> Iterator[Alert]:
    if index.rebuilding_percent is not None:
        text = "The search index is being built anew."
        hint = "Searches may miss documents meanwhile."
        if not index.is_rebuild_running:
            text = "A rebuild of the search index was broken off."
            hint = "`scanindex reindex` goes on there."
        yield Alert(key="rebuild", level=Level.WARN, text=text, hint=hint)
    elif index.problem:
        hint = by_code(index.problem).hint
        yield Alert(key="index", level=Level.BAD, text="The search index cannot be read.", hint=hint)
    elif index.behind >= _BEHIND:
        text = "The search index is far behind."
        yield Alert(key="index", level=Level.WARN, text=text, hint="It catches up by itself.")
