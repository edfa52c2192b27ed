"""A disk that forgets: what may be left of a recorded run after the power is cut.

`record` turns a strace log into operations on inodes. `Disk.state` then gives
one tree that could be found after a power cut at a moment, under the promises
of POSIX only (fsync(2), rename(2)):

* bytes of a file are sure once that file was synced; later ones may be there,
  missing, torn at a sector or read back as zeros;
* a name (create, rename, link, unlink, mkdir) is sure once the folder that
  holds it was synced; until then each may have happened or not, in any order;
* a rename never loses both names, and a synced file whose name is not synced
  is lost with its name.

This is harsher than ext4, which keeps names in order. The model is checked
against reality: with everything kept it must equal the real tree byte for byte.
"""

from __future__ import annotations

import enum
import os
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

SECTOR_BYTES = 512
TRACED = (
    "openat,open,creat,close,dup,dup2,dup3,fcntl,read,lseek,write,pwrite64,writev,pwritev,ftruncate,truncate,"
    "fallocate,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir,"
    "fsync,fdatasync,sync_file_range,sendfile,copy_file_range"
)
_LINE = re.compile(r"^(?:\d+\s+)?(\w+)\((.*)\)\s+= (-?\d+)")
_FORGOTTEN = re.compile(r"catalog\.db-shm$|\.lock$|/health\.json|\.partial$")
"""Memory-mapped or merely advisory: no content of these is ever relied on."""


class Keep(enum.Enum):
    """What becomes of everything that was not synced."""

    NOTHING = "nothing"
    NAMES = "names"
    """Names survive, bytes do not: files are there, short."""
    ZEROS = "zeros"
    """Names and sizes survive, bytes read back as zeros."""
    CHANCE = "chance"
    """Each operation on its own, writes torn."""
    ORDER = "order"
    """Names in the order they were made, up to some moment; bytes by chance."""
    EVERYTHING = "everything"


@dataclass(slots=True)
class Inode:
    number: int
    is_folder: bool
    place: str
    """Where it was first seen, below the root."""
    data: bytes = b""
    entries: dict[str, Inode] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    syncs: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Change:
    at: int
    kind: str
    """write, cut, add, drop."""
    offset: int = 0
    data: bytes = b""
    name: str = ""
    inode: Inode | None = None
    partner: tuple[Inode, int] | None = None
    """For the lost name of a rename: folder and moment of the name it became."""


@dataclass(frozen=True, slots=True)
class Sync:
    at: int
    inode: Inode

    @property
    def place(self) -> str:
        return self.inode.place


@dataclass(slots=True)
class _Open:
    inode: Inode | None
    path: str
    position: int = 0
    is_appending: bool = False


class Disk:
    """A recorded run over a tree that was durable when it began."""

    def __init__(self, root: Path, base: Path) -> None:
        """root: where the run worked. base: a copy of the tree from before."""
        self._root = str(root)
        self._count = 0
        self.now = 0
        self.root = self._load(base, "")
        self.syncs: list[Sync] = []
        self.renames: list[tuple[int, str, str]] = []
        """(moment, from, to), below the root."""
        self.names_changed_at: list[int] = []

    def _load(self, path: Path, place: str) -> Inode:
        inode = self._new(path.is_dir(), place)
        if path.is_dir():
            inode.entries = {p.name: self._load(p, f"{place}/{p.name}") for p in sorted(path.iterdir())}
        else:
            inode.data = path.read_bytes()
        return inode

    def _new(self, is_folder: bool, place: str) -> Inode:
        self._count += 1
        return Inode(self._count, is_folder, place)

    # --- recording -------------------------------------------------------------
    def record(self, log: Path) -> None:
        """Add what one process did; several after one another make one run."""
        _Recorder(self, self._root).read(log)

    def live(self, inode: Inode) -> dict[str, Inode]:
        """A folder's entries as the running program sees them now."""
        entries = dict(inode.entries)
        for change in inode.changes:
            _apply_name(entries, change)
        return entries

    # --- what is left ------------------------------------------------------------
    def state(
        self,
        moment: int,
        keep: Keep,
        target: Path,
        *,
        seed: int = 0,
        sure: Callable[[str], bool] = lambda place: False,
        lying: Callable[[Sync], bool] = lambda sync: False,
    ) -> None:
        """Write a tree into `target` as it may be found after a cut right after `moment`.

        sure: folders (by place) whose names all survive, synced or not. lying: syncs
        that never reached the disk.
        """
        chance = random.Random(f"{seed}/{moment}/{keep.value}")
        synced: dict[int, int] = {}
        for sync in self.syncs:
            if sync.at <= moment and not lying(sync):
                synced[sync.inode.number] = sync.at
        horizon = chance.randint(0, moment)
        _Leftover(moment, keep, chance, synced, sure, horizon).write(self.root, target)


class _Leftover:
    def __init__(
        self,
        moment: int,
        keep: Keep,
        chance: random.Random,
        synced: dict[int, int],
        sure: Callable[[str], bool],
        horizon: int,
    ) -> None:
        self._moment, self._keep, self._chance = moment, keep, chance
        self._synced, self._sure, self._horizon = synced, sure, horizon
        self._kept_names: dict[tuple[int, int], bool] = {}

    def write(self, inode: Inode, target: Path) -> None:
        if not inode.is_folder:
            target.write_bytes(self._bytes(inode))
            return
        target.mkdir(exist_ok=True)
        for name, child in self._names(inode).items():
            self.write(child, target / name)

    def _is_synced(self, inode: Inode, at: int) -> bool:
        return at <= self._synced.get(inode.number, -1)

    # --- names -------------------------------------------------------------------
    def _names(self, folder: Inode) -> dict[str, Inode]:
        entries = dict(folder.entries)
        for change in folder.changes:
            if change.at <= self._moment and self._survives(folder, change):
                _apply_name(entries, change)
        return entries

    def _survives(self, folder: Inode, change: Change) -> bool:
        if change.partner is not None:
            # The old name goes only if the new one came.
            goal, at = change.partner
            arrival = next(c for c in goal.changes if c.at == at and c.kind == "add")
            if not self._survives(goal, arrival):
                return False
        if self._is_synced(folder, change.at) or self._sure(folder.place):
            return True
        return self._kept(folder, change)

    def _kept(self, folder: Inode, change: Change) -> bool:
        if self._keep is Keep.NOTHING:
            return False
        if self._keep is Keep.ORDER:
            return change.at <= self._horizon
        if self._keep is Keep.CHANCE:
            key = (folder.number, change.at)
            if key not in self._kept_names:
                self._kept_names[key] = self._chance.random() < 0.5
            return self._kept_names[key]
        return True

    # --- bytes -------------------------------------------------------------------
    def _bytes(self, inode: Inode) -> bytes:
        content = bytearray(inode.data)
        for change in inode.changes:
            if change.at > self._moment:
                break
            if self._is_synced(inode, change.at) or self._keep is Keep.EVERYTHING:
                _apply_data(content, change)
            else:
                self._apply_unsure(content, change)
        return bytes(content)

    def _apply_unsure(self, content: bytearray, change: Change) -> None:
        if self._keep in (Keep.NOTHING, Keep.NAMES):
            return
        if self._keep is Keep.ZEROS:
            if change.kind == "write":
                content.extend(bytes(max(0, change.offset + len(change.data) - len(content))))
            return
        if self._chance.random() < 0.4:
            return
        if change.kind == "write" and self._chance.random() < 0.4:
            change = self._torn(change)
        _apply_data(content, change)

    def _torn(self, change: Change) -> Change:
        """Up to a sector boundary of the file."""
        edges = range(SECTOR_BYTES - change.offset % SECTOR_BYTES, len(change.data), SECTOR_BYTES)
        cut = self._chance.choice(edges) if edges else 0
        return Change(change.at, "write", change.offset, change.data[:cut])


def _apply_name(entries: dict[str, Inode], change: Change) -> None:
    if change.kind == "add":
        assert change.inode is not None
        entries[change.name] = change.inode
    elif entries.get(change.name) is change.inode:
        entries.pop(change.name, None)


def _apply_data(content: bytearray, change: Change) -> None:
    if change.kind == "cut":
        del content[change.offset :]
        content.extend(bytes(change.offset - len(content)))
        return
    if not change.data:
        return
    content.extend(bytes(max(0, change.offset - len(content))))
    content[change.offset : change.offset + len(change.data)] = change.data


class _Recorder:
    """strace -xx lines of one thread, as changes of inodes."""

    def __init__(self, disk: Disk, root: str) -> None:
        self._disk = disk
        self._root = root
        self._open: dict[int, _Open] = {}

    def read(self, log: Path) -> None:
        with log.open("r", encoding="ascii", errors="replace") as lines:
            for line in lines:
                found = _LINE.match(line)
                if not found or int(found[3]) < 0:
                    continue
                self._disk.now += 1
                call, arguments = found[1], found[2].split(", ")
                step = getattr(self, f"_do_{call}", None)
                if step is None:
                    raise NotImplementedError(f"{call} changes files and is not modelled")
                step(arguments, int(found[3]))

    # --- where -------------------------------------------------------------------
    def _full(self, folder: str, path: str) -> str:
        name = os.fsdecode(_unquoted(path))
        if name.startswith("/"):
            return os.path.normpath(name)
        if folder == "AT_FDCWD":
            return os.path.normpath(f"{self._root}/../../{name}")  # never of interest
        opened = self._open.get(int(folder))
        return os.path.normpath(f"{opened.path if opened else ''}/{name}")

    def _below(self, full: str) -> PurePosixPath | None:
        """None outside the workspace."""
        if full != self._root and not full.startswith(self._root + "/"):
            return None
        return PurePosixPath(os.path.relpath(full, self._root))

    def _find(self, path: PurePosixPath) -> Inode | None:
        inode = self._disk.root
        for part in path.parts:
            entries = self._disk.live(inode)
            if part not in entries:
                return None
            inode = entries[part]
        return inode

    def _holder(self, path: PurePosixPath) -> Inode:
        folder = self._find(path.parent)
        assert folder is not None, path
        return folder

    def _add(self, path: PurePosixPath, inode: Inode) -> Inode:
        folder = self._holder(path)
        folder.changes.append(Change(self._disk.now, "add", name=path.name, inode=inode))
        self._disk.names_changed_at.append(self._disk.now)
        return folder

    def _drop(self, path: PurePosixPath, partner: tuple[Inode, int] | None = None) -> None:
        inode = self._find(path)
        if inode is None:
            return
        self._holder(path).changes.append(
            Change(self._disk.now, "drop", name=path.name, inode=inode, partner=partner)
        )
        self._disk.names_changed_at.append(self._disk.now)

    # --- calls: files ------------------------------------------------------------
    def _do_openat(self, arguments: list[str], result: int) -> None:
        folder, path, flags = arguments[0], arguments[1], arguments[2]
        self._opened(self._full(folder, path), flags, result)

    def _do_open(self, arguments: list[str], result: int) -> None:
        self._opened(self._full("AT_FDCWD", arguments[0]), arguments[1], result)

    def _opened(self, full: str, flags: str, result: int) -> None:
        below = self._below(full)
        inode = None
        if below is not None:
            inode = self._find(below)
            if inode is None and "O_CREAT" in flags:
                inode = self._disk._new(False, f"/{below}")
                self._add(below, inode)
            if inode is not None and "O_TRUNC" in flags:
                inode.changes.append(Change(self._disk.now, "cut", 0))
        self._open[result] = _Open(inode, full, is_appending="O_APPEND" in flags)

    def _do_close(self, arguments: list[str], result: int) -> None:
        self._open.pop(int(arguments[0]), None)

    def _do_fcntl(self, arguments: list[str], result: int) -> None:
        if arguments[1].startswith("F_DUPFD") and int(arguments[0]) in self._open:
            self._open[result] = self._open[int(arguments[0])]

    def _do_dup(self, arguments: list[str], result: int) -> None:
        if int(arguments[0]) in self._open:
            self._open[result] = self._open[int(arguments[0])]

    _do_dup2 = _do_dup3 = _do_dup

    def _do_read(self, arguments: list[str], result: int) -> None:
        if opened := self._open.get(int(arguments[0])):
            opened.position += result

    def _do_lseek(self, arguments: list[str], result: int) -> None:
        if opened := self._open.get(int(arguments[0])):
            opened.position = result

    def _do_write(self, arguments: list[str], result: int) -> None:
        opened = self._open.get(int(arguments[0]))
        if opened is None or opened.inode is None:
            return
        data = _unquoted(arguments[1])[:result]
        assert len(data) == result, "the log cut the data short"
        offset = self._size(opened.inode) if opened.is_appending else opened.position
        opened.inode.changes.append(Change(self._disk.now, "write", offset, data))
        opened.position = offset + result

    def _do_pwrite64(self, arguments: list[str], result: int) -> None:
        opened = self._open.get(int(arguments[0]))
        if opened is None or opened.inode is None:
            return
        data = _unquoted(arguments[1])[:result]
        assert len(data) == result, "the log cut the data short"
        opened.inode.changes.append(Change(self._disk.now, "write", int(arguments[3]), data))

    def _do_ftruncate(self, arguments: list[str], result: int) -> None:
        opened = self._open.get(int(arguments[0]))
        if opened is not None and opened.inode is not None:
            opened.inode.changes.append(Change(self._disk.now, "cut", int(arguments[1])))

    def _size(self, inode: Inode) -> int:
        content = bytearray(inode.data)
        for change in inode.changes:
            _apply_data(content, change)
        return len(content)

    def _do_fsync(self, arguments: list[str], result: int) -> None:
        opened = self._open.get(int(arguments[0]))
        if opened is not None and opened.inode is not None:
            self._disk.syncs.append(Sync(self._disk.now, opened.inode))

    _do_fdatasync = _do_fsync

    # --- calls: names ------------------------------------------------------------
    def _do_rename(self, arguments: list[str], result: int) -> None:
        self._renamed(self._full("AT_FDCWD", arguments[0]), self._full("AT_FDCWD", arguments[1]))

    def _do_renameat(self, arguments: list[str], result: int) -> None:
        self._renamed(self._full(arguments[0], arguments[1]), self._full(arguments[2], arguments[3]))

    _do_renameat2 = _do_renameat

    def _renamed(self, source: str, target: str) -> None:
        old, new = self._below(source), self._below(target)
        if old is None or new is None:
            return
        inode = self._find(old)
        assert inode is not None, old
        if self._find(new) is inode:
            return  # two names of one file: rename(2) does nothing
        folder = self._add(new, inode)
        self._drop(old, (folder, self._disk.now))
        inode.place = f"/{new}" if inode.is_folder else inode.place
        self._disk.renames.append((self._disk.now, str(old), str(new)))

    def _do_link(self, arguments: list[str], result: int) -> None:
        old = self._below(self._full("AT_FDCWD", arguments[0]))
        new = self._below(self._full("AT_FDCWD", arguments[1]))
        if old is not None and new is not None and (inode := self._find(old)):
            self._add(new, inode)

    def _do_unlink(self, arguments: list[str], result: int) -> None:
        below = self._below(self._full("AT_FDCWD", arguments[0]))
        if below is not None:
            self._drop(below)

    _do_rmdir = _do_unlink

    def _do_unlinkat(self, arguments: list[str], result: int) -> None:
        below = self._below(self._full(arguments[0], arguments[1]))
        if below is not None:
            self._drop(below)

    def _do_mkdir(self, arguments: list[str], result: int) -> None:
        below = self._below(self._full("AT_FDCWD", arguments[0]))
        if below is not None:
            self._add(below, self._disk._new(True, f"/{below}"))


def _unquoted(text: str) -> bytes:
    inner = text[text.index('"') + 1 : text.rindex('"')]
    assert not text.endswith("..."), "the log cut the data short"
    return bytes.fromhex(inner.replace("\\x", ""))


def tree(root: Path) -> dict[str, bytes | None]:
    """Every file's bytes and every folder (None), without what nobody relies on."""
    found: dict[str, bytes | None] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if not _FORGOTTEN.search(f"/{name}"):
            found[name] = None if path.is_dir() else path.read_bytes()
    return found


def differences(one: dict[str, bytes | None], other: dict[str, bytes | None]) -> list[str]:
    return sorted(name for name in set(one) | set(other) if one.get(name, b"?") != other.get(name, b"?"))


def moments(disk: Disk) -> Sequence[int]:
    """Where a cut can make a difference: after each sync and each change of a name."""
    return sorted({sync.at for sync in disk.syncs} | set(disk.names_changed_at))


def classes(disk: Disk, patterns: dict[str, str]) -> Iterator[tuple[str, int]]:
    """How many syncs of the run fall into each class of places."""
    for name, pattern in patterns.items():
        yield name, sum(bool(re.fullmatch(pattern, sync.place)) for sync in disk.syncs)
