"""The search index on Whoosh: the only module that imports it.

One Whoosh document per page; each write is one new segment without merging, so
filing pays a flat price. Whoosh itself never syncs and finds damage only by
crashing, so its files count only once `state` has synced, hashed and named
them (`folder_index`). Whoosh's own query classes, scorers and highlighters are
not used: plans are evaluated on sets of page numbers (`plan`, `answer`).
Importing this costs Whoosh's import: do it where an index is opened. Whoosh
pickles its files: the folder is 0700, and a copy from elsewhere must be
rebuilt, never opened. Only what whoosh-reloaded 2.7.5 shares with its
relatives (2.7.4, whoosh3) is used.
"""

from __future__ import annotations

import contextlib
import functools
import heapq
import mmap
import pickle
import shutil
import struct
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from whoosh import columns, fields
from whoosh.codec.whoosh3 import W3Codec, W3LeafMatcher
from whoosh.filedb.compound import CompoundStorage
from whoosh.filedb.filestore import FileStorage
from whoosh.filedb.structfile import StructFile
from whoosh.index import TOC, FileIndex
from whoosh.matching import FilterMatcher
from whoosh.reading import SegmentReader

from scanindex.index import expand, plan, row, state
from scanindex.index.folder_index import Change, FolderIndex
from scanindex.index.language import Language
from scanindex.index.leaves import PAGE_ROW, PLACE_BITS
from scanindex.index.postings import PostingCache
from scanindex.index.reader import FACETS
from scanindex.model import IndexPage

NAME = "pages"
SCHEMA = "2"
"""Raise it when fields, or what stands in them, change: older indexes are made anew then."""
WRITER_MEMORY_MB = 64
CACHED_BYTES = 64_000_000
BLOCK_POSTINGS = 512
"""Postings that are packed together: larger means fewer steps in Python."""
MANY = 16
"""More candidates than one in so many postings: all places are read, and kept."""
KNOWN_FREQUENCIES = 100_000
LAST_WORD_NUMBER = 65_535
LABELS = (
    *("about", "alike", "name", "sound", "patient_id", "mrn"),
    *("type", "provider", "facility", "source", "sensitivity"),
)


# --- Whoosh schema and storage ------------------------------------------------
class _NumberedKeys(fields.TEXT):  # type: ignore[misc]
    """A text field that is handed its keys with their word numbers ready made.

    Word numbers are kept as they are, two bytes each: a block of postings is
    read as one array. Words after the 65,535th have no number of their own.
    """

    def index(self, value: dict[str, list[int]], **_: Any) -> Iterator[tuple[bytes, int, float, bytes]]:
        for key, numbers in value.items():
            yield key.encode(), len(numbers), float(len(numbers)), _encoded(numbers)


def _encoded(numbers: Sequence[int]) -> bytes:
    if numbers[-1] > LAST_WORD_NUMBER:
        numbers = sorted({min(n, LAST_WORD_NUMBER) for n in numbers})
    return array("H", numbers).tobytes()


_PACK = struct.Struct(">" + "".join({"i4": "i", "u4": "I", "u8": "Q", "u1": "B"}[k] for _, k in row.PAGE_ROW))


@functools.cache
def _schema() -> Any:
    """One for all: Whoosh reads it while writing and never changes it here."""
    labels = {name: fields.ID() for name in LABELS}
    facets = {f"facet_{name}": fields.COLUMN(columns.RefBytesColumn()) for name in FACETS}
    return fields.Schema(
        document_id=fields.ID(stored=True),
        version=fields.STORED(),
        page_no=fields.STORED(),
        text=_NumberedKeys(phrase=True, stored=True),
        rows=fields.COLUMN(columns.FixedBytesColumn(_PACK.size)),
        **labels,
        **facets,
    )


def _fields(page: IndexPage, dictionary: row.Dictionary, starts: bool) -> dict[str, Any]:
    words = page.text.split()
    tokens = expand.page_tokens(words)
    facets = {f"facet_{name}": value.encode() for name, value in row.facets(page).items()}
    return {
        "_stored_document_id": page.document_id,
        "version": page.version,
        "page_no": page.page_no,
        "text": tokens,
        "_stored_text": page.text,
        "alike": dictionary.take(words),
        "rows": _PACK.pack(*_numbers(page, sum(map(len, tokens.values())), starts)),
        **row.labels(page),
        **facets,
    }


def _numbers(page: IndexPage, length: int, starts: bool) -> Iterator[int]:
    for span in row.days(page).values():
        yield from (span.first, span.last)
    yield from (length, page.page_no, row.order_key(page.document_id), starts)


class _NoLock:
    """Writers are kept apart by `state.locked` before Whoosh is asked."""

    def acquire(self, blocking: bool = False) -> bool:
        return True

    def release(self) -> None:
        return None


class _Storage(FileStorage):  # type: ignore[misc]
    """Shows Whoosh only committed and own files, and keeps committed ones until told."""

    def __init__(self, folder: Path, committed: Iterable[str] = ()) -> None:
        super().__init__(str(folder))
        self.path = folder
        self.committed = set(committed)
        self.created: set[str] = set()
        self.dropped: set[str] = set()

    def list(self) -> list[str]:
        return sorted((self.committed | self.created) - self.dropped)

    def file_exists(self, name: str) -> bool:
        # Asked for every posting written: no look at the disk.
        return name in self.created or (name in self.committed and name not in self.dropped)

    def create_file(self, name: str, *args: Any, **kwargs: Any) -> Any:
        self.created.add(name)
        return super().create_file(name, *args, **kwargs)

    def rename_file(self, oldname: str, newname: str, safe: bool = False) -> None:
        (self.path / oldname).replace(self.path / newname)
        self.created.discard(oldname)
        self.created.add(newname)

    def delete_file(self, name: str) -> None:
        if name in self.committed:
            self.dropped.add(name)
        else:
            self.created.discard(name)
            (self.path / name).unlink()

    def lock(self, name: str) -> _NoLock:
        return _NoLock()

    def sweep(self) -> None:
        """Remove what a broken-off write left behind."""
        for entry in list(self.path.iterdir()):
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name not in self.committed:
                entry.unlink()
        self.created.clear()
        self.dropped.clear()

    def change(self, held: state.State | None, generation: int) -> Change:
        """Sync what was written; what a state may now name."""
        files = {} if held is None else {n: e for n, e in held.files.items() if n not in self.dropped}
        return Change(
            generation=generation,
            files=files | state.seal(self.path, sorted(self.created)),
            obsolete=tuple(self.path / name for name in sorted(self.dropped)),
        )


class _Mapped(StructFile):  # type: ignore[misc]
    """A file inside a segment, read straight from the map of the segment.

    Whoosh's own class copies all of it into memory first, which makes opening as
    slow, and the process as large, as the whole index.
    """

    def __init__(self, source: mmap.mmap, start: int, length: int, name: str) -> None:
        super().__init__(None, name=name)
        self._source = source
        self._start = start
        self._length = length
        self._at = 0

    def seek(self, position: int, whence: int = 0) -> None:
        self._at = position + (0, self._at, self._length)[whence]

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        end = self._length if size < 0 else min(self._at + size, self._length)
        data = self._source[self._start + self._at : self._start + end]
        self._at += len(data)
        return data

    def read_pickle(self) -> Any:
        self._source.seek(self._start + self._at)
        value = pickle.load(self._source)
        self._at = self._source.tell() - self._start
        return value

    def get(self, position: int, length: int) -> bytes:
        return self._source[self._start + position : self._start + min(position + length, self._length)]

    def get_array(self, position: int, typecode: str, length: int) -> Any:
        self._at = position
        return self.read_array(typecode, length)

    def subset(self, position: int, length: int, name: str | None = None) -> _Mapped:
        return _Mapped(self._source, self._start + position, length, name or self._name)


class _MappedSegment(CompoundStorage):  # type: ignore[misc]
    def open_file(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if self._source is None:
            return super().open_file(name, *args, **kwargs)
        start, length = self.range(name)
        return _Mapped(self._source, start, length, name)


# --- reading --------------------------------------------------------------------
class _Leaf:
    """One segment; implements leaves.Leaf. Page numbers are Whoosh document numbers."""

    def __init__(self, storage: _Storage, segment: Any, cache: PostingCache) -> None:
        if segment.is_compound():
            segment.open_compound_file = lambda files: _MappedSegment(
                files.open_file(segment.make_filename(segment.COMPOUND_EXT))
            )
        self.reader = SegmentReader(storage, _schema(), segment)
        self.segment = segment
        self.key: str = segment.segment_id()
        self.size: int = segment.doc_count_all()
        self.deleted = frozenset(segment.deleted_docs())
        self._cache = cache
        self._frequencies: dict[plan.Key, int] = {}
        self._facets: dict[str, tuple[list[str], Any]] = {}

    @functools.cached_property
    def live(self) -> Any:
        live = np.ones(self.size, bool)
        live[list(self.deleted)] = False
        return live

    @property
    def live_pages(self) -> int:
        return self.size - len(self.deleted)

    @functools.cached_property
    def rows(self) -> Any:
        native = np.zeros(self.size, PAGE_ROW.newbyteorder("="))
        column = self._column("rows")
        if isinstance(column, columns.EmptyColumnReader):
            return native
        raw = column._dbfile.get(column._basepos, column._count * _PACK.size)
        held = np.frombuffer(raw, PAGE_ROW)
        native[: len(held)] = held
        return native

    @functools.cached_property
    def documents(self) -> Any:
        return np.cumsum(self.rows["starts"], dtype=np.int32)

    def facet(self, name: str) -> tuple[list[str], Any]:
        if name not in self._facets:
            column = self._column(f"facet_{name}")
            if isinstance(column, columns.EmptyColumnReader):
                return [""], np.zeros(self.size, np.int32)
            kind = np.dtype("u1" if column._typecode == "B" else ">u2")
            raw = column._dbfile.get(column._basepos, self.size * kind.itemsize)
            values = [value.decode() for value in column._uniques]
            self._facets[name] = values, np.frombuffer(raw, kind).astype(np.int32)
        return self._facets[name]

    def _column(self, name: str) -> Any:
        return self.reader.column_reader(name, translate=False)

    def frequency(self, key: plan.Key) -> int:
        if key[0] == "document_id":
            # Asked once for each document that is written: remembered, they would fill the memory.
            return int(self.reader.doc_frequency(*key))
        if key not in self._frequencies:
            if len(self._frequencies) > KNOWN_FREQUENCIES:
                self._frequencies.clear()
            self._frequencies[key] = int(self.reader.doc_frequency(*key))
        return self._frequencies[key]

    def postings(self, key: plan.Key) -> tuple[Any, Any]:
        found = self._cache.get((self.key, *key))
        if found is None:
            blocks = list(_blocks(self._matcher(key)))
            found = tuple(np.concatenate([block[n] for block in blocks]) for n in (0, 1))
            self._cache.put((self.key, *key), found)
        return found[0], found[1]

    def among(self, key: plan.Key, pages: Any) -> tuple[Any, Any]:
        ids, counts = [_NOTHING], [_NOTHING]
        for block_ids, block_counts, _ in _blocks(self._matcher(key), pages):
            chosen = np.isin(block_ids, pages)
            ids.append(block_ids[chosen])
            counts.append(block_counts[chosen])
        return np.concatenate(ids).astype(np.int64), np.concatenate(counts)

    def places(self, key: plan.Key, pages: Any) -> Any:
        whole = len(pages) * MANY > self.frequency(key)
        kept = self._cache.get((self.key, "places", *key))
        if kept is None:
            kept = (_all_places(_blocks(self._matcher(key), None if whole else pages)),)
            if whole:
                self._cache.put((self.key, "places", *key), kept)
        chosen = np.zeros(self.size, bool)
        chosen[pages] = True
        return kept[0][chosen[kept[0] >> PLACE_BITS]]

    def keys_from(self, field: str, prefix: str) -> list[tuple[str, int]]:
        reader = self.reader
        found = [raw for raw in reader.expand_prefix(field, prefix)]
        return [(raw.decode(), self.frequency((field, raw.decode()))) for raw in found]

    def stored(self, page: int) -> dict[str, Any]:
        return dict(self.reader.stored_fields(page))

    def document_ids(self) -> set[str]:
        """Of every document with a page here, deleted ones included."""
        return {raw.decode() for raw in self.reader.expand_prefix("document_id", "")}

    def versions(self) -> Iterator[tuple[str, int]]:
        """Documents with a live page here, ascending, and which version it is."""
        for raw in self.reader.expand_prefix("document_id", ""):
            matcher = self.reader.postings("document_id", raw)  # live pages only
            if matcher.is_active():
                yield raw.decode(), int(self.stored(matcher.id())["version"])

    def _matcher(self, key: plan.Key) -> Any:
        """Postings with deleted pages: whoever asks takes those away once, at the end."""
        matcher = self.reader.postings(*key)
        if isinstance(matcher, FilterMatcher):
            matcher = matcher.child
            matcher.reset()  # the filter has moved it on already
        return matcher


_NOTHING = np.zeros(0, np.int64)
_Block = tuple[Any, Any, Sequence[bytes]]


# Whoosh steps through postings one by one in Python. Its matcher holds them in
# blocks; taking whole blocks is far faster, and blocks without any of the wanted
# pages need not even be unpacked. Other kinds of matcher (very short lists) are
# stepped through.
def _blocks(matcher: Any, pages: Any = None) -> Iterator[_Block]:
    """Page numbers, counts and raw word numbers of each block that may hold one of `pages`."""
    if not isinstance(matcher, W3LeafMatcher):
        yield from _stepped(matcher)
        return
    before = 0
    while matcher.is_active():
        last = matcher.block_max_id()
        if pages is None or ((at := np.searchsorted(pages, before)) < len(pages) and pages[at] <= last):
            matcher._read_data()
            ids, counts, values = matcher._data
            numbers = np.cumsum(np.array(ids, np.int64))
            yield numbers, _counts(counts, len(numbers)), values or ()
        elif at == len(pages):
            return
        before = last + 1
        matcher._next_block()


def _stepped(matcher: Any) -> Iterator[_Block]:
    while matcher.is_active():
        value = matcher.value()
        one = np.array([matcher.id()], np.int64)
        yield one, np.array([matcher.weight()], np.float32), (value,) if value else ()
        matcher.next()


def _counts(counts: Any, size: int) -> Any:
    if counts is None or isinstance(counts, float):
        return np.full(size, counts or 1.0, np.float32)
    return np.array(counts, np.float32)


def _all_places(blocks: Iterable[_Block]) -> Any:
    found = [_NOTHING]
    for ids, _, values in blocks:
        sizes = np.fromiter(map(len, values), np.int64, len(values)) // 2
        numbers = np.frombuffer(b"".join(values), np.uint16).astype(np.int64)
        found.append((np.repeat(ids, sizes) << PLACE_BITS) | numbers)
    return np.concatenate(found)


# --- engine ---------------------------------------------------------------------
class WhooshEngine:
    """`folder_index.Engine`: a leaf is a segment, a generation is a table of contents."""

    name = "whoosh"

    def __init__(self, language: Language) -> None:
        self._language = language
        self._cache = PostingCache(CACHED_BYTES)
        self.schema = SCHEMA

    def is_part(self, file_name: str) -> bool:
        return file_name.endswith(".seg")

    def documents(self, leaves: Sequence[_Leaf]) -> Iterator[tuple[str, int]]:
        return heapq.merge(*(leaf.versions() for leaf in leaves))

    def without(self, folder: Path, held: state.State, lost: Collection[str]) -> Change:
        storage = _Storage(folder, held.files)
        storage.sweep()
        whole = [s for s in _segments(storage, held.generation) if _file_of(s) not in lost]
        with _writer(storage) as writer:
            writer.commit(mergetype=lambda *_: whole)
        return storage.change(held, writer.generation)

    def create(self, folder: Path) -> Change:
        storage = _Storage(folder)
        TOC.create(storage, _schema(), NAME)
        return storage.change(None, 0)

    def leaves(
        self, folder: Path, held: state.State, known: Sequence[_Leaf], lost: Collection[str] = ()
    ) -> list[_Leaf]:
        storage = _Storage(folder, held.files)
        unchanged = {(leaf.key, len(leaf.deleted)): leaf for leaf in known}
        return [
            unchanged.get((segment.segment_id(), segment.deleted_count()))
            or _Leaf(storage, segment, self._cache)
            for segment in _segments(storage, held.generation)
            if _file_of(segment) not in lost
        ]

    def write(
        self, folder: Path, held: state.State, drop: Sequence[int], pages: Iterable[IndexPage]
    ) -> Change:
        storage = _Storage(folder, held.files)
        storage.sweep()
        with _writer(storage) as writer:
            for number in drop:
                writer.delete_document(number)
            dictionary, before = row.Dictionary(self._language.spelling), None
            for page in pages:
                writer.add_document(**_fields(page, dictionary, starts=page.document_id != before))
                before = page.document_id
            writer.commit(merge=False)
        return storage.change(held, writer.generation)

    def merge(self, leaves: Sequence[_Leaf], scratch: Path) -> tuple[Path, list[Any]]:
        storage = _Storage(scratch)
        TOC.create(storage, _schema(), NAME)
        with _writer(storage) as writer:
            for leaf in leaves:
                writer.add_reader(leaf.reader)
            writer.commit(merge=False)
        return scratch, _segments(storage, writer.generation)

    def swap(
        self, folder: Path, held: state.State, old: Sequence[_Leaf], merged: tuple[Path, list[Any]]
    ) -> Change | None:
        storage = _Storage(folder, held.files)
        storage.sweep()
        now = {segment.segment_id(): segment for segment in _segments(storage, held.generation)}
        gone = {leaf.key for leaf in old}
        if not gone <= now.keys():
            return None
        scratch, segments = merged
        for segment in segments:
            name = _file_of(segment)
            (scratch / name).replace(folder / name)
            storage.created.add(name)
            _delete_later_ones(segment, old, now)
        with _writer(storage) as writer:
            writer.commit(
                mergetype=lambda _, kept: [*(s for s in kept if s.segment_id() not in gone), *segments]
            )
        return storage.change(held, writer.generation)


class WhooshIndex(FolderIndex):
    """`ports.SearchIndex` on Whoosh in the folder `path`; see FolderIndex for its methods.

    lock_seconds: how long a write waits for another process's. search_seconds: time limit
    of one search; what was found until then is returned and marked as incomplete.
    """

    def __init__(
        self,
        path: Path,
        *,
        lock_seconds: float = 10.0,
        search_seconds: float = 3.0,
        language: Language | None = None,
    ) -> None:
        super().__init__(
            path,
            WhooshEngine(language or Language()),
            lock_seconds=lock_seconds,
            search_seconds=search_seconds,
            language=language,
        )


def _segments(storage: _Storage, generation: int) -> list[Any]:
    return list(TOC.read(storage, NAME, gen=generation, schema=_schema()).segments)


def _file_of(segment: Any) -> str:
    return str(segment.make_filename(segment.COMPOUND_EXT))


@contextlib.contextmanager
def _writer(storage: _Storage) -> Iterator[Any]:
    writer = FileIndex(storage, schema=_schema(), indexname=NAME).writer(
        limitmb=WRITER_MEMORY_MB, codec=W3Codec(blocklimit=BLOCK_POSTINGS)
    )
    try:
        yield writer
    except BaseException:
        with contextlib.suppress(Exception):
            writer.cancel()
        raise


def _delete_later_ones(segment: Any, old: Sequence[_Leaf], now: dict[str, Any]) -> None:
    """Merging renumbers the live pages in order; mark those deleted since it began."""
    base = 0
    for leaf in old:
        live = [page for page in range(leaf.size) if page not in leaf.deleted]
        numbers = {page: base + n for n, page in enumerate(live)}
        for page in now[leaf.key].deleted_docs():
            if page in numbers:
                segment.delete_document(numbers[page])
        base += len(live)
