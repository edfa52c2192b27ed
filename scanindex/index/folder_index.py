"""A crash-safe index in a folder, for engines that write immutable files.

`FolderIndex` keeps the promises of `ports.SearchIndex` that do not depend on
the engine: one writer at a time, a commit that is either whole or absent
(`state`), damage found before anything is searched, a rebuild beside the old
index. A damaged part is left out: the others are searched meanwhile, the result
says so, and `documents` tells whoever mends it what is still held. The engine
turns pages into files and files into leaves (`Engine`).

    index/           0700
      state.json     the commit: folder in use, seq, every file with its hash
      g1/            the engine's files; g2/ after a rebuild
      merge-*/       scratch of `tidy`
      *.lock         write, rebuild, tidy
"""

from __future__ import annotations

import contextlib
import math
import shutil
import tempfile
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from scanindex.errors import CatalogBusy, IndexBroken, ScanindexError, TransientError, UsageError
from scanindex.index import answer, state
from scanindex.index import query as query_language
from scanindex.index.language import Language
from scanindex.index.leaves import Leaf, LeafReader
from scanindex.index.reader import Reader
from scanindex.model import DocumentId, IndexPage, SearchRequest, SearchResult

REBUILD_BATCH_PAGES = 8_000
"""Pages written at a time by a rebuild: bounds its memory."""
MERGE_FAN = 8
FEWEST_MERGED = 4
"""Where eight together are too large."""
MAX_MERGED_PAGES = 20_000
MAX_LOOSE_LEAVES = 40
"""With more small leaves `apply` merges some itself, in case nobody calls `tidy`."""
LOOSE_PAGES = MERGE_FAN**3
_OPENING_ATTEMPTS = 5

Renewal = tuple[DocumentId, Sequence[IndexPage]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Files that are written and synced, waiting for the state that names them."""

    generation: int
    files: Mapping[str, state.FileEntry]
    obsolete: tuple[Path, ...] = ()
    """Files that the new state no longer names; to be removed after it is written."""

    def forget_obsolete(self) -> None:
        for path in self.obsolete:
            path.unlink(missing_ok=True)


class Engine(Protocol):
    """Turns pages into files and back. Leaves nothing half-done that a state could name."""

    name: str
    schema: str
    """Changes with whatever makes older files unreadable or wrong."""

    def is_part(self, file_name: str) -> bool:
        """Whether all other pages can be read without this file."""

    def documents(self, leaves: Sequence[Any]) -> Iterable[tuple[str, int]]:
        """Ids of the documents with a live page in these leaves, ascending, and their versions."""

    def without(self, folder: Path, held: state.State, lost: Collection[str]) -> Change:
        """Give up these parts and what they held."""

    def create(self, folder: Path) -> Change:
        """An empty index in an empty folder."""

    def leaves(
        self, folder: Path, held: state.State, known: Sequence[Any], lost: Collection[str] = ()
    ) -> list[Any]:
        """Readers of everything the state names, but of parts with a lost file; takes over unchanged
        ones of `known`."""

    def write(
        self, folder: Path, held: state.State, drop: Sequence[int], pages: Iterable[IndexPage]
    ) -> Change:
        """Delete pages by index-wide number, add others. Cleans up what a broken-off write left."""

    def merge(self, leaves: Sequence[Any], scratch: Path) -> Any:
        """Write the live pages of the leaves, in order, as one leaf in `scratch`."""

    def swap(self, folder: Path, held: state.State, old: Sequence[Any], merged: Any) -> Change | None:
        """Put `merged` in the place of `old`, with what was deleted meanwhile; None if they are gone."""


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The index as one state names it; stays whole while newer ones come."""

    held: state.State
    stamp: tuple[int, int, int] | None
    leaves: tuple[Any, ...]
    lost: frozenset[str] = frozenset()
    """Files of damaged parts, which are not among the leaves."""

    @property
    def missing(self) -> int:
        """Pages that are not searched although they should be."""
        if not self.lost:
            return self.held.missing
        return self.held.missing + self.held.pages - sum(map(_live_pages, self.leaves))


_NOTHING = state.State(folder="", generation=-1, seq=0, documents=0, pages=0)


class FolderIndex:
    """`ports.SearchIndex` in the folder `path`: any number of readers, one writer at a time."""

    def __init__(
        self,
        path: Path,
        engine: Engine,
        *,
        lock_seconds: float = 10.0,
        search_seconds: float = 3.0,
        language: Language | None = None,
    ) -> None:
        self._root = path
        self._engine = engine
        self._lock_seconds = lock_seconds
        self._search_seconds = search_seconds
        self._language = language or Language()
        self._open: _Snapshot | None = None
        # Readers may keep file positions: one search at a time per object.
        self._reading = threading.RLock()
        self._writing = threading.RLock()

    # --- port -----------------------------------------------------------------
    def apply(self, seq: int, renew: Sequence[Renewal], *, after: int | None = None) -> None:
        """Replace all pages of each document (none: remove it), then store `seq`; durable on return.

        after: the number that the caller goes on from; CatalogBusy where the index is behind it.
        Raises IndexBroken, CatalogBusy (another writer), DiskFull, PermissionMissing, StorageFailed.
        """
        with self._writer_lock() as lock:
            snapshot = self._own_parts(lock)
            if after is not None and snapshot.held.seq < after:
                raise CatalogBusy("the search index was replaced meanwhile; look again where it stands")
            held, change = self._renewed(snapshot, dict(renew))
            lock.check()
            state.write(self._root, replace(held, seq=seq))
            change.forget_obsolete()
        if sum(leaf.size < LOOSE_PAGES for leaf in snapshot.leaves) > MAX_LOOSE_LEAVES:
            # The apply itself is done: trouble with this extra waits for next time.
            with contextlib.suppress(TransientError):
                self.tidy()

    def search(self, request: SearchRequest | str) -> SearchResult:
        """Documents with their matching pages. Raises UsageError, IndexBroken; see ports."""
        start = time.monotonic()
        if isinstance(request, str):
            request = SearchRequest(query=request)
        # What is no query is refused before anything is opened.
        node = query_language.parse(request.query, self._language.titles)
        with self._reading, state.disk_errors():
            snapshot = self._snapshot()
            try:
                found = answer.answer(
                    request,
                    node,
                    self._reader(snapshot.leaves),
                    seconds=self._search_seconds,
                    language=self._language,
                )
            except UsageError:
                raise
            except Exception:
                # Damage that came after the look at the files; else it is a fault of ours.
                self._verify_again()
                raise
        notes = (*found.notes, *_mending_note(snapshot.missing))
        return replace(found, seconds=time.monotonic() - start, notes=notes)

    def _reader(self, leaves: Sequence[Any]) -> Reader:
        """Engines that search all their leaves at once have one of their own."""
        return LeafReader(leaves)

    def info(self) -> dict[str, Any]:
        """documents, pages, seq, bytes, engine, segments, missing. Raises IndexBroken.

        seq is 0 where no index was written yet, also when its folder was deleted: the
        caller then rebuilds (or replays everything).
        """
        with self._reading, state.disk_errors():
            snapshot = self._snapshot()
        return {
            "documents": snapshot.held.documents,
            "pages": snapshot.held.pages,
            "seq": snapshot.held.seq,
            "bytes": sum(entry.size for entry in snapshot.held.files.values()),
            "engine": self._engine.name,
            "segments": len(snapshot.leaves),
            "missing": snapshot.missing,
        }

    def documents(self) -> Iterator[tuple[DocumentId, int]]:
        """Every document with the version held, ascending by id; of one state, whatever comes meanwhile."""
        with state.disk_errors():
            for document_id, version in self._engine.documents(self._own_snapshot().leaves):
                yield DocumentId(document_id), version

    def settle(self, missing: int) -> None:
        """Store how many pages of damaged parts are still to be added again; 0: it is whole."""
        with self._writer_lock() as lock:
            held = self._own_parts(lock).held
            if held.missing != missing:
                lock.check()
                state.write(self._root, replace(held, missing=missing))

    def rebuild(self, documents: Iterable[Renewal], seq: int) -> int:
        """Build anew beside the old index, then swap; returns pages. Old searches go on meanwhile.

        An `apply` during the build goes to the old index and is gone after the swap:
        `info()["seq"]` is `seq` then, so the caller replays from there. A document
        that comes twice counts once. Raises CatalogBusy if a rebuild is running.
        """
        with state.disk_errors():
            self._make_root()
            with state.locked(self._root / "rebuild.lock", 0.0):
                # So that a build broken off later is not taken for a damaged index.
                with contextlib.suppress(IndexBroken), self._writer_lock() as lock:
                    self._own_parts(lock)
                folder = self._new_folder()
                try:
                    built = self._built(folder, documents)
                except BaseException:
                    shutil.rmtree(folder, ignore_errors=True)
                    raise
                with self._writer_lock() as lock:
                    lock.check()
                    state.write(self._root, replace(built, seq=seq))
                    self._remove_folders(keep=folder)
        return built.pages

    # --- upkeep -----------------------------------------------------------------
    def tidy(self) -> bool:
        """Merge one group of small leaves; True if it did (there may be more).

        Does the long part without the writer's lock. Call it when there is nothing to file.
        """
        with state.disk_errors(), contextlib.suppress(CatalogBusy):
            snapshot = self._own_snapshot()
            if chosen := self._worth_merging(snapshot.leaves):
                with state.locked(self._root / "tidy.lock", 0.0):
                    return self._merge(snapshot.held.folder, chosen)
        return False

    def _worth_merging(self, leaves: Sequence[Any]) -> Sequence[Any]:
        return _merge_group(leaves)

    def _merge(self, folder: str, chosen: Sequence[Any]) -> bool:
        for stale in self._root.glob("merge-*"):
            shutil.rmtree(stale, ignore_errors=True)
        scratch = Path(tempfile.mkdtemp(prefix="merge-", dir=self._root))
        try:
            merged = self._merged(chosen, scratch)
            with self._writer_lock() as lock:
                held = state.read(self._root)
                # What was damaged while it was being read would stand in the merged part as well.
                if merged is None or held is None or held.folder != folder or self._is_damaged(held):
                    return False
                change = self._engine.swap(self._root / folder, held, chosen, merged)
                if change is None:
                    return False
                lock.check()
                state.write(self._root, replace(held, generation=change.generation, files=change.files))
                change.forget_obsolete()
                return True
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _merged(self, chosen: Sequence[Any], scratch: Path) -> Any:
        """The merged part; None where a file was damaged while it was being read."""
        try:
            return self._engine.merge(chosen, scratch)
        except (OSError, ScanindexError):
            raise
        except Exception:
            held = state.read(self._root)
            if held is None or self._is_damaged(held):
                return None
            raise

    def _is_damaged(self, held: state.State) -> bool:
        return bool(state.whole_files(self._root, held)[1])

    # --- snapshots ----------------------------------------------------------------
    def _snapshot(self) -> _Snapshot:
        """The newest whole state; files are looked at every time, hashed when they changed."""
        for _ in range(_OPENING_ATTEMPTS):
            stamp = state.stamp(self._root)
            try:
                snapshot = self._snapshot_of(stamp)
                # A writer removes what it replaced: that is no damage.
                if not snapshot.lost or state.stamp(self._root) == stamp:
                    return snapshot
                self._open = None
            except FileNotFoundError:
                # Gone between check and opening: the next round tells which it is.
                continue
            except IndexBroken:
                # A writer may have replaced the state between our looks.
                if state.stamp(self._root) == stamp:
                    raise
        raise CatalogBusy("the search index changes faster than it can be opened")

    def _snapshot_of(self, stamp: tuple[int, int, int] | None) -> _Snapshot:
        known = self._open
        if known is not None and known.stamp == stamp:
            held, lost = state.whole_files(self._root, known.held, known.lost)
            if lost == known.lost:
                self._open = replace(known, held=held)
                return self._open
        else:
            there = state.read(self._root)
            if there is None:
                if known is not None:
                    raise IndexBroken("the index folder has vanished")
                return _Snapshot(_NOTHING, None, ())
            if there.schema != self._engine.schema:
                raise IndexBroken("the index was written by another version")
            held, lost = state.whole_files(self._root, there)
        if essential := sorted(name for name in lost if not self._engine.is_part(name)):
            raise IndexBroken(f"the index file {essential[0]} is damaged or gone")
        leaves = self._leaves(held, known.leaves if known else (), lost)
        self._open = _Snapshot(held, stamp, leaves, lost)
        return self._open

    def _own_snapshot(self) -> _Snapshot:
        """A snapshot with readers of its own, for use beside searches."""
        with self._reading:
            snapshot = self._snapshot()
        held, lost = snapshot.held, snapshot.lost
        if not held.folder:
            return _Snapshot(held, None, ())
        try:
            return _Snapshot(held, None, self._leaves(held, (), lost), lost)
        except FileNotFoundError:
            # Replaced by a writer meanwhile: nothing to do this time.
            return _Snapshot(_NOTHING, None, ())

    def _leaves(self, held: state.State, known: Sequence[Any], lost: Collection[str]) -> tuple[Any, ...]:
        try:
            return tuple(self._engine.leaves(self._root / held.folder, held, known, lost))
        except (OSError, ScanindexError):
            raise
        except Exception as error:
            # Whole but unreadable: another engine version or Python wrote it. The cause
            # is not chained because it may quote what is in the index.
            raise IndexBroken(f"the index cannot be opened ({type(error).__name__})") from None

    def _verify_again(self) -> None:
        """Forget what is open and hash every file. Raises IndexBroken."""
        known, self._open = self._open, None
        if known is not None:
            unseen = {
                name: replace(entry, ctime_ns=-1)
                for name, entry in known.held.files.items()
                if name not in known.lost
            }
            state.verify(self._root, replace(known.held, files=unseen))

    # --- writing ------------------------------------------------------------------
    @contextlib.contextmanager
    def _writer_lock(self) -> Iterator[state.Lock]:
        with self._writing, state.disk_errors():
            self._make_root()
            with state.locked(self._root / "write.lock", self._lock_seconds) as lock:
                yield lock

    def _make_root(self) -> None:
        if not self._root.exists():
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            state.sync_folder(self._root.parent)
        self._root.chmod(0o700)

    def _own_parts(self, lock: state.Lock) -> _Snapshot:
        """The snapshot to write on, without damaged parts: those are given up first, durably."""
        with self._reading:
            snapshot = self._create_if_new()
            if not snapshot.lost:
                return snapshot
            held = snapshot.held
            change = self._engine.without(self._root / held.folder, held, snapshot.lost)
            documents = sum(1 for _ in self._engine.documents(snapshot.leaves))
            pages = sum(map(_live_pages, snapshot.leaves))
            left = _with(held, change, documents=documents, pages=pages)
            lock.check()
            state.write(self._root, replace(left, missing=snapshot.missing))
            change.forget_obsolete()
            return self._snapshot()

    def _create_if_new(self) -> _Snapshot:
        """The snapshot to write on; an empty index is committed first where there is none."""
        with self._reading:
            snapshot = self._snapshot()
            if snapshot.held.folder:
                return snapshot
            folder = self._new_folder()
            change = self._engine.create(folder)
            state.write(
                self._root,
                replace(self._new_state(folder), generation=change.generation, files=change.files),
            )
            return self._snapshot()

    def _new_state(self, folder: Path) -> state.State:
        return replace(_NOTHING, folder=folder.name, schema=self._engine.schema)

    def _new_folder(self) -> Path:
        numbers = [int(p.name[1:]) for p in self._root.glob("g*") if p.name[1:].isdecimal()]
        folder = self._root / f"g{max(numbers, default=0) + 1}"
        folder.mkdir(mode=0o700)
        state.sync_folder(self._root)
        return folder

    def _remove_folders(self, keep: Path) -> None:
        for folder in self._root.glob("g*"):
            if folder != keep:
                shutil.rmtree(folder, ignore_errors=True)

    def _renewed(
        self, snapshot: _Snapshot, renew: Mapping[DocumentId, Sequence[IndexPage]]
    ) -> tuple[state.State, Change]:
        held = snapshot.held
        with self._reading:
            old = {document: _pages_of(document, snapshot.leaves) for document in renew}
        drop = [page for pages in old.values() for page in pages]
        add = [page for pages in renew.values() for page in pages]
        if not drop and not add:
            return held, Change(generation=held.generation, files=held.files)
        change = self._engine.write(self._root / held.folder, held, drop, add)
        documents = held.documents + sum(map(bool, renew.values())) - sum(map(bool, old.values()))
        pages = held.pages + len(add) - len(drop)
        return _with(held, change, documents=documents, pages=pages), change

    def _built(self, folder: Path, documents: Iterable[Renewal]) -> state.State:
        built = _with(self._new_state(folder), self._engine.create(folder), documents=0, pages=0)
        seen: set[DocumentId] = set()
        for batch in _batches(documents, seen):
            change = self._engine.write(folder, built, (), batch)
            change.forget_obsolete()
            built = _with(built, change, documents=len(seen), pages=built.pages + len(batch))
        return built


def _with(held: state.State, change: Change, *, documents: int, pages: int) -> state.State:
    return replace(held, generation=change.generation, files=change.files, documents=documents, pages=pages)


def _pages_of(document_id: DocumentId, leaves: Sequence[Leaf]) -> list[int]:
    """Index-wide numbers of a document's live pages."""
    found: list[int] = []
    key, base = ("document_id", document_id), 0
    for leaf in leaves:
        if leaf.frequency(key):
            pages = leaf.postings(key)[0]
            found += [base + int(page) for page in pages[leaf.live[pages]]]
        base += leaf.size
    return found


def _batches(documents: Iterable[Renewal], seen: set[DocumentId]) -> Iterator[list[IndexPage]]:
    """Pages of whole documents, about REBUILD_BATCH_PAGES at a time."""
    batch: list[IndexPage] = []
    for document_id, pages in documents:
        if document_id in seen or not pages:
            continue
        seen.add(document_id)
        batch.extend(pages)
        if len(batch) >= REBUILD_BATCH_PAGES:
            yield batch
            batch = []
    if batch:
        yield batch


def _mending_note(missing: int) -> list[str]:
    return [f"the index is being mended: {missing} page(s) are missing"] if missing else []


def _live_pages(leaf: Leaf) -> int:
    return leaf.live_pages


def _merge_group(leaves: Sequence[Leaf]) -> list[Leaf]:
    """Leaves worth merging now: eight of about one size (or as many as may), or one mostly deleted."""
    levels: dict[int, list[Leaf]] = {}
    for leaf in leaves:
        live = _live_pages(leaf)
        if live * 3 < leaf.size * 2:
            return [leaf]
        levels.setdefault(int(math.log(max(1, live), MERGE_FAN)), []).append(leaf)
    for _, group in sorted(levels.items()):
        if len(group) < MERGE_FAN:
            continue
        chosen, pages = [], 0
        for leaf in group[:MERGE_FAN]:
            pages += _live_pages(leaf)
            if pages > MAX_MERGED_PAGES:
                break
            chosen.append(leaf)
        if len(chosen) >= min(FEWEST_MERGED, MERGE_FAN):
            return chosen
    return []
