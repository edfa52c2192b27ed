"""Reading a large roster file ahead, in a process beside the one that writes it to the database.

Half of an import's time goes into reading values; on a second core it costs nothing. Promises: the
same rows in the same order, or the same error; a few batches in memory at most; a reader ends with
its import, however that ends.
"""

from __future__ import annotations

import contextlib
import gc
import pickle
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from scanindex.errors import ScanindexError, WorkerLost
from scanindex.model import PatientId
from scanindex.store import roster_rows
from scanindex.store.roster_source import Source, SourceRow

_WORTH_BYTES = 8_000_000
"""Below it the second process takes longer to start than it saves."""
_ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = (
    f"import sys; sys.path[:0] = [{str(_ROOT)!r}]; from scanindex.store.roster_ahead import main; main()"
)


def batches(source: Source, size: int) -> Iterator[list[SourceRow]]:
    """The rows of a source, so many at a time. Raises what reading it raises."""
    if source.path.stat().st_size < _WORTH_BYTES:
        stream = source.rows()
        while batch := list(islice(stream, size)):
            yield batch
        return
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=-1
    ) as reader:
        try:
            yield from _received(reader, (source, size))
        finally:
            reader.kill()


def _received(reader: subprocess.Popen[bytes], asked: tuple[Source, int]) -> Iterator[list[SourceRow]]:
    if reader.stdin is None or reader.stdout is None:
        raise WorkerLost("the reader of the roster has no pipes")
    with contextlib.suppress(BrokenPipeError):  # it is gone; told below
        pickle.dump(asked, reader.stdin, pickle.HIGHEST_PROTOCOL)
        reader.stdin.close()
    while True:
        try:
            found: list[Any] | ScanindexError | None = pickle.load(reader.stdout)
        except (EOFError, pickle.UnpicklingError):
            raise WorkerLost("the reader of the roster ended before the file did") from None
        if isinstance(found, ScanindexError):
            raise found
        if found is None:
            return
        yield [_unpacked(values) for values in found]


def _packed(row: SourceRow) -> tuple[Any, ...]:
    """Its person as the text that the database keeps: a quarter of the cost of pickling one."""
    if row.person is None:
        return tuple(row)
    return tuple(row._replace(person=None, body=roster_rows.body_of(row.person)))


def _unpacked(values: tuple[Any, ...]) -> SourceRow:
    row = SourceRow._make(values)
    if not row.body:
        return row
    return row._replace(person=roster_rows.own_of(PatientId(""), False, row.body))


def main() -> None:
    """The reader: a source from standard input, its rows to standard output."""
    gc.disable()
    source, size = pickle.load(sys.stdin.buffer)
    with contextlib.suppress(BrokenPipeError):
        _send(source, size, sys.stdout.buffer)


def _send(source: Source, size: int, outgoing: IO[bytes]) -> None:
    try:
        stream = source.rows()
        while batch := list(islice(stream, size)):
            pickle.dump([_packed(row) for row in batch], outgoing, pickle.HIGHEST_PROTOCOL)
            outgoing.flush()
        pickle.dump(None, outgoing)
    except ScanindexError as error:
        pickle.dump(error, outgoing)
    outgoing.flush()
