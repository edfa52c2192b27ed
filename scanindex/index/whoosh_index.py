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
import mmap
import pickle
import shutil
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from whoosh import columns, fields
from whoosh.codec.whoosh3 import W3LeafMatcher
from whoosh.filedb.compound import CompoundStorage
from whoosh.filedb.filestore import FileStorage
from whoosh.filedb.structfile import StructFile
from whoosh.index import TOC, FileIndex
from whoosh.matching import FilterMatcher
from whoosh.reading import SegmentReader

from scanindex.index import expand, plan, query, row, state
from scanindex.index.folder_index import Change, FolderIndex
from scanindex.index.postings import PostingCache
from scanindex.model import IndexPage

NAME = "pages"
WRITER_MEMORY_MB = 64
CACHED_POSTINGS = 2_000_000
SPARSE = 64
"""Fewer candidates than one in so many postings: blocks are skipped instead of read and kept."""


# --- Whoosh schema and storage ------------------------------------------------
class _NumberedKeys(fields.TEXT):  # type: ignore[misc]
    """A text field that is handed its keys with their word numbers ready made."""

    def index(self, value: dict[str, list[int]], **_: Any) -> Iterator[tuple[bytes, int, float, bytes]]:
        encode = self.format.encode
        for key, numbers in value.items():
            yield key.encode(), len(numbers), float(len(numbers)), encode(numbers)


@functools.cache
def _schema() -> Any:
    """One for all: Whoosh reads it while writing and never changes it here."""
    number = columns.NumericColumn("i", default=0)
    labels = {name: fields.ID() for name in ("about", "alike", "name", "patient_id", *query.WORD_FIELDS[2:])}
    days = {f"{name}_{end}": fields.COLUMN(number) for name in query.DATE_FIELDS for end in ("first", "last")}
    return fields.Schema(
        document_id=fields.ID(stored=True),
        version=fields.STORED(),
        page_no=fields.STORED(),
        text=_NumberedKeys(phrase=True, stored=True),
        **labels,
        **days,
    )


def _fields(page: IndexPage, alike: row.LookAlikes) -> dict[str, Any]:
    tokens = expand.page_tokens(page.text.split())
    values: dict[str, Any] = {
        "_stored_document_id": page.document_id,
        "version": page.version,
        "page_no": page.page_no,
        "text": tokens,
        "_stored_text": page.text,
        "alike": alike.take(tokens),
        **row.labels(page),
    }
    for name, span in row.days(page).items():
        values |= {f"{name}_first": span.first, f"{name}_last": span.last}
    return values


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
    """One segment; implements folder_index.Leaf. Page numbers are Whoosh document numbers."""

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
        self._days: dict[str, list[tuple[int, int]]] = {}
        self._lengths: dict[int, int] = {}
        self._frequencies: dict[plan.Key, int] = {}
        self._words: list[str] | None = None

    def frequency(self, key: plan.Key) -> int:
        if key not in self._frequencies:
            self._frequencies[key] = int(self.reader.doc_frequency(*key))
        return self._frequencies[key]

    def pages(self, key: plan.Key, within: set[int] | None) -> set[int]:
        if not self.frequency(key):
            return set()
        if within is not None and len(within) * SPARSE < self.frequency(key):
            return {page for page, _ in self._among(key, sorted(within))}
        found = set(self._postings(key)[0])
        return found if within is None else found & within

    def weights(self, key: plan.Key, pages: set[int]) -> Iterator[tuple[int, float]]:
        """Page and number of occurrences, for those of `pages` that hold the key."""
        if not self.frequency(key):
            return
        if len(pages) * SPARSE < self.frequency(key):
            yield from ((page, m.weight()) for page, m in self._among(key, sorted(pages)))
            return
        for page, weight in zip(*self._postings(key), strict=True):
            if page in pages:
                yield page, weight

    def positions(self, key: plan.Key, pages: Sequence[int]) -> dict[int, list[int]]:
        if not self.frequency(key):
            return {}
        return {page: m.value_as("positions") for page, m in self._among(key, pages)}

    def keys_from(self, field: str, prefix: str) -> Iterator[str]:
        return (raw.decode() for raw in self.reader.expand_prefix(field, prefix))

    def days(self, field: str) -> list[tuple[int, int]]:
        if field not in self._days:
            ends = [self.reader.column_reader(f"{field}_{end}").load() for end in ("first", "last")]
            self._days[field] = list(zip(*ends, strict=True))
        return self._days[field]

    def length(self, page: int) -> int:
        if page not in self._lengths:
            self._lengths[page] = self.reader.doc_field_length(page, plan.TEXT, 1)
        return self._lengths[page]

    def total_length(self) -> int:
        return int(self.reader.field_length(plan.TEXT))

    def stored(self, page: int) -> dict[str, Any]:
        return dict(self.reader.stored_fields(page))

    def words(self) -> list[str]:
        """Every text key of letters only; for spellings by edit distance."""
        if self._words is None:
            self._words = [k for k in self.keys_from(plan.TEXT, "") if k.isalpha()]
        return self._words

    def look_alikes(self, key: str) -> Iterator[str]:
        prefix = key + expand.LOOK_ALIKE_SEPARATOR
        return (entry[len(prefix) :] for entry in self.keys_from("alike", prefix))

    def _among(self, key: plan.Key, pages: Sequence[int]) -> Iterator[tuple[int, Any]]:
        """Each of the ascending `pages` that holds the key, with the matcher standing on it."""
        matcher = self._matcher(key)
        if isinstance(matcher, W3LeafMatcher):
            yield from _among_blocks(matcher, pages)
            return
        for page in pages:
            if matcher.is_active() and matcher.id() < page:
                matcher.skip_to(page)
            if not matcher.is_active():
                return
            if matcher.id() == page:
                yield page, matcher

    def _postings(self, key: plan.Key) -> tuple[array[int], array[float]]:
        cached = self._cache.get((self.key, *key))
        if cached is None:
            ids, weights = array("I"), array("f")
            for block_ids, block_weights in _blocks(self._matcher(key)):
                ids.extend(block_ids)
                weights.extend(block_weights)
            cached = ids, weights
            self._cache.put((self.key, *key), cached)
        return cached

    def _matcher(self, key: plan.Key) -> Any:
        """Postings with deleted pages: whoever asks takes those away once, at the end."""
        matcher = self.reader.postings(*key)
        return matcher.child if isinstance(matcher, FilterMatcher) else matcher


# Whoosh steps through postings one by one in Python. Its matcher holds them in
# blocks of 128; taking whole blocks is ten times faster. Other kinds of matcher
# (very short lists, other codecs) are stepped through.
def _blocks(matcher: Any) -> Iterator[tuple[Sequence[int], Sequence[float]]]:
    if not isinstance(matcher, W3LeafMatcher):
        while matcher.is_active():
            yield (matcher.id(),), (matcher.weight(),)
            matcher.next()
        return
    while matcher.is_active():
        matcher.id()
        matcher.weight()
        yield matcher._ids[matcher._i :], matcher._weights[matcher._i :]
        matcher._next_block()


def _among_blocks(matcher: Any, pages: Sequence[int]) -> Iterator[tuple[int, Any]]:
    wanted, done = set(pages), 0
    while done < len(pages) and matcher.is_active():
        if matcher.block_max_id() >= pages[done]:
            matcher.id()
            for place, page in enumerate(matcher._ids):
                if page in wanted:
                    matcher._i = place
                    yield page, matcher
            done = bisect_right(pages, matcher.block_max_id())
        matcher._next_block()


# --- engine ---------------------------------------------------------------------
class WhooshEngine:
    """`folder_index.Engine`: a leaf is a segment, a generation is a table of contents."""

    name = "whoosh"

    def __init__(self) -> None:
        self._cache = PostingCache(CACHED_POSTINGS)

    def create(self, folder: Path) -> Change:
        storage = _Storage(folder)
        TOC.create(storage, _schema(), NAME)
        return storage.change(None, 0)

    def leaves(self, folder: Path, held: state.State, known: Sequence[_Leaf]) -> list[_Leaf]:
        storage = _Storage(folder, held.files)
        unchanged = {(leaf.key, len(leaf.deleted)): leaf for leaf in known}
        return [
            unchanged.get((segment.segment_id(), segment.deleted_count()))
            or _Leaf(storage, segment, self._cache)
            for segment in _segments(storage, held.generation)
        ]

    def write(
        self, folder: Path, held: state.State, drop: Sequence[int], pages: Iterable[IndexPage]
    ) -> Change:
        storage = _Storage(folder, held.files)
        storage.sweep()
        with _writer(storage) as writer:
            for number in drop:
                writer.delete_document(number)
            alike = row.LookAlikes()
            for page in pages:
                writer.add_document(**_fields(page, alike))
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
            name = segment.make_filename(segment.COMPOUND_EXT)
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

    def __init__(self, path: Path, *, lock_seconds: float = 10.0, search_seconds: float = 3.0) -> None:
        super().__init__(path, WhooshEngine(), lock_seconds=lock_seconds, search_seconds=search_seconds)


def _segments(storage: _Storage, generation: int) -> list[Any]:
    return list(TOC.read(storage, NAME, gen=generation, schema=_schema()).segments)


@contextlib.contextmanager
def _writer(storage: _Storage) -> Iterator[Any]:
    writer = FileIndex(storage, schema=_schema(), indexname=NAME).writer(limitmb=WRITER_MEMORY_MB)
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
