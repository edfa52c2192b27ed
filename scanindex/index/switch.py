"""The index in use, whichever engine it has and wherever it lies.

Every build of an index gets a folder of its own; a small pointer beside them
says which one is in use. So a rebuild, or a move to another engine, goes on
beside searches and filing and ends with one atomic change that every process
notices at its next call. A build keeps its place in a file and goes on there
after a kill.

    var/index.json         the pointer; found again from the folders if it is lost
    var/index.build.lock   held by whoever builds
    var/index/whoosh-3/    in use
    var/index/whoosh-4/    being built, with build.json: how far it is

Knows nothing of any engine: factories are handed in.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from scanindex.errors import CatalogBusy, ConfigError, IndexBroken, ScanindexError, StorageFailed
from scanindex.index import state
from scanindex.model import DocumentId, IndexPage, SearchRequest, SearchResult
from scanindex.ports import SearchIndex

POINTER_SUFFIX = ".json"
LOCK_SUFFIX = ".build.lock"
PROGRESS_NAME = "build.json"
BUILD_LOCK_SECONDS = 1.0

Renewal = tuple[DocumentId, Sequence[IndexPage]]
Factory = Callable[[Path], SearchIndex]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a build is; what its file holds."""

    engine: str
    seq: int
    """Outbox number up to which it holds what `last` covers."""
    last: str = ""
    """Documents come in ascending order of their ids; this was the last one."""
    documents: int = 0
    total: int = 0
    pages: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilding:
    """A build that was begun and is not in use yet."""

    engine: str
    documents: int
    total: int
    pages: int
    is_running: bool
    """False: broken off; the next one goes on there."""

    @property
    def percent(self) -> int:
        return min(99, self.documents * 100 // self.total) if self.total else 0


@dataclass(frozen=True, slots=True)
class _InUse:
    stamp: tuple[int, int, int] | None
    folder: str
    index: SearchIndex


class Build:
    """One rebuild under way; what it was given is durable and is not asked for again."""

    def __init__(self, owner: SwitchedIndex, folder: Path, index: SearchIndex, progress: Progress) -> None:
        self._owner = owner
        self._folder = folder
        self._index = index
        self.progress = progress

    def add(self, documents: Sequence[Renewal], *, last: str = "", seq: int | None = None) -> None:
        """Add (or renew, or remove) documents.

        last: all up to this id are in now. seq: all changes up to this outbox number are.
        Raises IndexBroken where what was built so far is damaged: begin a fresh one.
        """
        # The build's own number stays 0, so that it is never taken for a whole index.
        self._index.apply(0, documents)
        now = self.progress
        self.progress = replace(
            now,
            last=last or now.last,
            seq=now.seq if seq is None else seq,
            documents=now.documents + (len(documents) if last else 0),
            pages=int(self._index.info()["pages"]),
        )
        self._owner._keep(self._folder, self.progress)

    def finish(self) -> int:
        """Put it into use in place of the old one, which is removed; returns the pages in it."""
        self._index.apply(self.progress.seq, ())
        pages = int(self._index.info()["pages"])
        self._owner._put_into_use(self._folder, self.progress)
        return pages


class SwitchedIndex:
    """`ports.SwitchableIndex`: hands every call to the index that is in use at that moment.

    root: the folder that holds all builds. factories: engine name to what opens (or makes) its
    index in a folder. preferred: the engine of a new workspace.
    """

    def __init__(self, root: Path, factories: Mapping[str, Factory], preferred: str) -> None:
        self._root = root
        self._pointer = root.with_name(root.name + POINTER_SUFFIX)
        self._lock = root.with_name(root.name + LOCK_SUFFIX)
        self._factories = factories
        self._preferred = preferred
        self._in_use: _InUse | None = None
        self._opening = threading.RLock()

    # --- port -------------------------------------------------------------------
    def apply(self, seq: int, renew: Sequence[Renewal], *, after: int | None = None) -> None:
        """See ports. CatalogBusy where the index was replaced by one that is behind `after`."""

        def write(index: SearchIndex) -> None:
            index.apply(seq, renew, after=after)

        self._with_index(write)
        if state.stamp_of(self._pointer) is None:
            self._point_to_adopted()

    def search(self, request: SearchRequest | str) -> SearchResult:
        """See ports. While an index that cannot be read is built anew, what is in the new one already."""
        try:
            return self._with_index(lambda index: index.search(request))
        except IndexBroken:
            found = self._search_unfinished(request)
            if found is None:
                raise
            return found

    def info(self) -> dict[str, Any]:
        """See ports; `folder` besides."""
        with self._opening:
            values = self._with_index(lambda index: index.info())
            folder = self._in_use.folder if self._in_use else ""
        return {**values, "folder": folder}

    def seq(self) -> int:
        """See ports."""
        try:
            return int(self.info()["seq"])
        except IndexBroken:
            begun = [p for folder in self._folders() if (p := _progress_in(folder)) is not None]
            if not begun:
                raise
            return begun[0].seq

    def documents(self) -> Iterator[tuple[DocumentId, int]]:
        """See ports."""
        return self._with_index(lambda index: index.documents())

    def settle(self, missing: int) -> None:
        """See ports."""
        self._with_index(lambda index: index.settle(missing))

    def tidy(self) -> bool:
        """See ports."""
        return self._with_index(lambda index: index.tidy())

    def rebuild(self, documents: Iterable[Renewal], seq: int) -> int:
        """See ports; not resumable."""
        with self.build(seq, fresh=True) as build:
            for document in documents:
                build.add([document], last=document[0])
            return build.finish()

    # --- builds -----------------------------------------------------------------
    @contextlib.contextmanager
    def build(
        self, seq: int, *, total: int = 0, engine: str | None = None, fresh: bool = False
    ) -> Iterator[Build]:
        """A new index beside the one in use; goes on with one that was broken off, if that is sound.

        seq: outbox number of now. total: documents that are to come. Raises CatalogBusy where
        another process builds, ConfigError for an unknown engine, MissingTool for one that is not
        installed.
        """
        name = engine or self.engine()
        make = self._factory(name)
        with state.disk_errors():
            self._make_root()
            with state.locked(self._lock, BUILD_LOCK_SECONDS):
                begun = None if fresh else self._begun(name, seq)
                folder, index, progress = begun or self._begin(name, make, seq)
                self._remove_others(folder)
                progress = replace(progress, total=total)
                self._keep(folder, progress)
                yield Build(self, folder, index, progress)

    def engine(self) -> str:
        """Of the index in use, or that of a new one."""
        try:
            held = state.read_sealed(self._pointer)
        except (IndexBroken, OSError):
            held = None
        if held and held.get("engine") in self._factories:
            return str(held["engine"])
        with contextlib.suppress(ScanindexError):
            return str(self.info()["folder"]).partition("-")[0]
        return self._preferred

    def rebuilding(self) -> Rebuilding | None:
        """What is being built, or was broken off; None where nothing is."""
        for folder in self._folders():
            progress = _progress_in(folder)
            if progress is not None:
                return Rebuilding(
                    engine=progress.engine,
                    documents=progress.documents,
                    total=progress.total,
                    pages=progress.pages,
                    is_running=state.is_locked(self._lock),
                )
        return None

    def _begun(self, engine: str, seq: int) -> tuple[Path, SearchIndex, Progress] | None:
        """A build of this engine that was broken off, if everything about it is sound."""
        for folder in self._folders():
            progress = _progress_in(folder)
            if progress is None or progress.engine != engine or progress.seq > seq:
                continue
            index = self._factory(engine)(folder)
            with contextlib.suppress(ScanindexError):
                info = index.info()
                if int(info["pages"]) >= progress.pages and not info["missing"]:
                    return folder, index, progress
        return None

    def _begin(self, engine: str, make: Factory, seq: int) -> tuple[Path, SearchIndex, Progress]:
        numbers = [_number(folder) for folder in self._root.iterdir()]
        folder = self._root / f"{engine}-{max(numbers, default=0) + 1}"
        folder.mkdir(mode=0o700)
        # Before anything is in it: a folder without this file may be taken for a whole index.
        progress = Progress(engine=engine, seq=seq)
        self._keep(folder, progress)
        return folder, make(folder), progress

    def _keep(self, folder: Path, progress: Progress) -> None:
        values = {name: getattr(progress, name) for name in Progress.__dataclass_fields__}
        try:
            state.write_sealed(folder / PROGRESS_NAME, {"format": state.FORMAT, **values})
        except FileNotFoundError:
            raise IndexBroken("the folder of the new index has vanished") from None

    def _put_into_use(self, folder: Path, progress: Progress) -> None:
        state.write_sealed(
            self._pointer, {"engine": progress.engine, "folder": folder.name, "seq": progress.seq}
        )
        (folder / PROGRESS_NAME).unlink(missing_ok=True)
        for other in list(self._root.iterdir()):
            if other != folder:
                _remove(other)

    def _remove_others(self, building: Path) -> None:
        """What is neither in use nor being built: left behind by kills, or by an older version."""
        keep = {building.name, self._named_folder()}
        if None in keep:
            keep |= {folder.name for folder in self._folders() if _progress_in(folder) is None}
        for other in list(self._root.iterdir()):
            if other.name not in keep:
                _remove(other)

    def _search_unfinished(self, request: SearchRequest | str) -> SearchResult | None:
        for folder in self._folders():
            progress = _progress_in(folder)
            if progress is None:
                continue
            with contextlib.suppress(IndexBroken):
                found = self._factory(progress.engine)(folder).search(request)
                share = f"{progress.documents} of {progress.total} documents are in it"
                return replace(found, notes=(*found.notes, f"the index is being rebuilt: {share}"))
        return None

    # --- which one --------------------------------------------------------------
    def _with_index(self, use: Callable[[SearchIndex], T]) -> T:
        """Call `use` with the index in use; once more where it was replaced meanwhile."""
        with state.disk_errors():
            index, stamp = self._current()
            try:
                return use(index)
            except (IndexBroken, StorageFailed):
                # Replaced meanwhile, or the pointer is lost and others have gone on without us.
                with self._opening:
                    self._in_use = None
                if stamp is not None and state.stamp_of(self._pointer) == stamp:
                    raise
            return use(self._current()[0])

    def _current(self) -> tuple[SearchIndex, tuple[int, int, int] | None]:
        with self._opening:
            stamp = state.stamp_of(self._pointer)
            known = self._in_use
            if known is None or known.stamp != stamp:
                known = self._in_use = self._open(stamp)
            return known.index, stamp

    def _open(self, stamp: tuple[int, int, int] | None) -> _InUse:
        self._in_use = None
        pointer = self._pointer_values()
        if pointer is None:
            return self._adopted(stamp)
        folder = self._root / str(pointer["folder"])
        index = self._factory(str(pointer["engine"]))(folder)
        if not folder.is_dir() or int(index.info()["seq"]) < int(pointer["seq"]):
            raise IndexBroken("the index in use is gone")
        return _InUse(stamp, folder.name, index)

    def _pointer_values(self) -> dict[str, Any] | None:
        """None where it is missing or damaged: the folders then tell."""
        try:
            values = state.read_sealed(self._pointer)
        except IndexBroken:
            return None
        if values is None or not {"folder", "engine", "seq"} <= values.keys():
            return None
        return values if Path(str(values["folder"])).name == values["folder"] else None

    def _named_folder(self) -> str | None:
        values = self._pointer_values()
        return str(values["folder"]) if values else None

    def _adopted(self, stamp: tuple[int, int, int] | None) -> _InUse:
        """Without a pointer: the index that is up to date most; a new one where there is nothing."""
        best: tuple[int, int, _InUse] | None = None
        for folder in self._folders():
            if (folder / PROGRESS_NAME).exists():
                continue
            with contextlib.suppress(ScanindexError):
                index = self._factory(folder.name.partition("-")[0])(folder)
                info = index.info()
                rank = int(info["seq"]), _number(folder)
                if (rank[0] or not info["documents"]) and (best is None or rank > best[:2]):
                    best = (*rank, _InUse(stamp, folder.name, index))
        if best is not None:
            return best[2]
        if self._root.is_dir() and any(self._root.iterdir()):
            raise IndexBroken("there is no index that can be read")
        folder = self._root / f"{self._preferred}-1"
        return _InUse(stamp, folder.name, self._factory(self._preferred)(folder))

    def _point_to_adopted(self) -> None:
        """Write the pointer that was lost, or never was; not while somebody builds."""
        with contextlib.suppress(CatalogBusy), state.disk_errors(), state.locked(self._lock, 0.0):
            in_use = self._in_use
            if in_use is None or state.stamp_of(self._pointer) is not None:
                return
            info = in_use.index.info()
            values = {"engine": in_use.folder.partition("-")[0], "folder": in_use.folder}
            state.write_sealed(self._pointer, {**values, "seq": int(info["seq"])})

    def _folders(self) -> list[Path]:
        if not self._root.is_dir():
            return []
        return sorted(f for f in self._root.iterdir() if f.is_dir() and _number(f))

    def _factory(self, engine: str) -> Factory:
        try:
            return self._factories[engine]
        except KeyError:
            known = ", ".join(self._factories)
            raise ConfigError(f"unknown search engine; index.engine may be {known}") from None

    def _make_root(self) -> None:
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root.chmod(0o700)


def _progress_in(folder: Path) -> Progress | None:
    """None where nothing is being built there, or its file is damaged or of another version."""
    try:
        values = state.read_sealed(folder / PROGRESS_NAME)
    except (IndexBroken, OSError):
        return None
    if values is None or values.pop("format", None) != state.FORMAT:
        return None
    try:
        return Progress(**values)
    except TypeError:
        return None


def _number(folder: Path) -> int:
    """The n of `engine-n`; 0 for anything else."""
    number = folder.name.rpartition("-")[2]
    return int(number) if number.isdecimal() else 0


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
