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
import itertools
import mmap
import pickle
import shutil
import struct
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from whoosh import columns, fields
from whoosh.codec.whoosh3 import W3Codec, W3LeafMatcher, W3PostingsWriter
from whoosh.filedb.compound import CompoundStorage
from whoosh.filedb.filestore import FileStorage
from whoosh.filedb.structfile import StructFile
from whoosh.index import TOC, FileIndex
from whoosh.matching import FilterMatcher
from whoosh.reading import SegmentReader
from whoosh.util.numlists import delta_encode

from scanindex.index import dictionary, expand, plan, row, state
from scanindex.index.folder_index import Change, FolderIndex
from scanindex.index.language import Language
from scanindex.index.leaves import PAGE_ROW, PLACE_BITS
from scanindex.index.postings import PostingCache
from scanindex.index.reader import FACETS
from scanindex.model import IndexPage

NAME = "pages"
SCHEMA = "3"
"""Raise it when fields, or what stands in them, change: older indexes are made anew then."""
WRITER_MEMORY_MB = 256
"""Room for the postings of one write; with less Whoosh sorts them through the disk."""
WORDS = ".words"
"""Ends the name of the file beside a segment that lists its odd words."""
CACHED_BYTES = 64_000_000
BLOCK_POSTINGS = 512
"""Postings that are packed together: larger means fewer steps in Python."""
MANY = 16
"""More candidates than one in so many postings: all places are read, and kept."""
KNOWN_FREQUENCIES = 100_000
LAST_WORD_NUMBER = 65_535
LABELS = (
    *("about", "name", "sound", "patient_id", "mrn"),
    *("type", "provider", "facility", "source", "sensitivity"),
)


_Block = tuple[Any, Any, Any]


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
    if numbers[-1] > LAST_WORD_NUMBER or len(numbers) > LAST_WORD_NUMBER:
        numbers = [min(n, LAST_WORD_NUMBER) for n in numbers[:LAST_WORD_NUMBER]]
    return array("H", numbers).tobytes()


def _unscored(field: Any) -> Any:
    """Lengths are kept in `rows`; Whoosh would look up its own for every posting."""
    field.scorable = False
    return field


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
        text=_unscored(_NumberedKeys(phrase=True, stored=True)),
        rows=fields.COLUMN(columns.FixedBytesColumn(_PACK.size)),
        **labels,
        **facets,
    )


def _fields(page: IndexPage, starts: bool) -> dict[str, Any]:
    tokens = expand.page_tokens(page.text.split())
    facets = {f"facet_{name}": value.encode() for name, value in row.facets(page).items()}
    return {
        "_stored_document_id": page.document_id,
        "version": page.version,
        "page_no": page.page_no,
        "text": tokens,
        "_stored_text": page.text,
        "rows": _PACK.pack(*_numbers(page, sum(map(len, tokens.values())), starts)),
        **row.labels(page),
        **facets,
    }


def _numbers(page: IndexPage, length: int, starts: bool) -> Iterator[int]:
    for span in row.days(page).values():
        yield from (span.first, span.last)
    yield from (length, page.page_no, row.order_key(page.document_id), starts)


class _PostingsWriter(W3PostingsWriter):  # type: ignore[misc]
    """Packs a block of postings as three plain arrays: read whole, in one step each."""

    def _mini_ids(self) -> bytes:
        return array("I", delta_encode(self._ids)).tobytes()

    def _mini_weights(self) -> bytes | None:
        if all(weight == 1.0 for weight in self._weights):
            return None
        return array("H", (min(int(weight), LAST_WORD_NUMBER) for weight in self._weights)).tobytes()

    def _mini_values(self) -> bytes:
        return b"".join(self._values)


class _Matcher(W3LeafMatcher):  # type: ignore[misc]
    """Gives Whoosh what it wants to see of such a block; it steps through postings when it merges."""

    def block(self) -> _Block:
        """Page numbers, counts and all word numbers of the block it stands on."""
        if self._data is None:
            self._read_data()
        ids, counts, numbers = self._data
        pages = np.cumsum(np.frombuffer(ids, np.uint32), dtype=np.int64)
        if counts is None:
            return pages, np.ones(len(pages), np.uint16), np.frombuffer(numbers, np.uint16)
        return pages, np.frombuffer(counts, np.uint16), np.frombuffer(numbers, np.uint16)

    def _read_ids(self) -> None:
        self._ids = self.block()[0].tolist()

    def _read_weights(self) -> None:
        self._weights = self.block()[1].astype(np.float32).tolist()

    def _read_values(self) -> None:
        _, counts, numbers = self.block()
        if not len(numbers):
            self._values = [b""] * len(counts)
            return
        ends = np.cumsum(counts, dtype=np.int64).tolist()
        self._values = [numbers[a:b].tobytes() for a, b in itertools.pairwise([0, *ends])]


class _Codec(W3Codec):  # type: ignore[misc]
    def postings_writer(self, dbfile: Any, byteids: bool = False) -> Any:
        if byteids:
            return super().postings_writer(dbfile, byteids)
        return _PostingsWriter(dbfile, BLOCK_POSTINGS, False, self._compression, self._inlinelimit)

    def postings_reader(
        self, dbfile: Any, terminfo: Any, format_: Any, term: Any = None, scorer: Any = None
    ) -> Any:
        offset, length = terminfo.extent()
        return _Matcher(dbfile, offset, length, format_, term=term, scorer=scorer)


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

    def keep_words(self, segment: Any, words: bytes) -> None:
        """The dictionary of a new segment."""
        _, name = _files_of(segment)
        (self.path / name).write_bytes(words)
        self.created.add(name)

    def change(self, held: state.State | None, generation: int) -> Change:
        """Sync what was written; what a state may now name."""
        self.dropped |= self.committed & {f"{name}{WORDS}" for name in self.dropped}
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
        self.words = dictionary.Dictionary.read(storage.path / _files_of(segment)[1])
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
        if field == "alike":
            return self.words.entries_from(prefix)
        found = [raw.decode() for raw in self.reader.expand_prefix(field, prefix)]
        return [(key, self.frequency((field, key))) for key in found]

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


def _blocks(matcher: Any, pages: Any = None) -> Iterator[_Block]:
    """Blocks that may hold one of the ascending `pages`; the others are not even unpacked."""
    before = 0
    while matcher.is_active():
        last = matcher.block_max_id()
        at = 0 if pages is None else int(np.searchsorted(pages, before))
        if pages is not None and at == len(pages):
            return
        if pages is None or pages[at] <= last:
            yield matcher.block()
        before = last + 1
        matcher._next_block()


def _all_places(blocks: Iterable[_Block]) -> Any:
    found = [_NOTHING]
    for ids, counts, numbers in blocks:
        found.append((np.repeat(ids, counts) << PLACE_BITS) | numbers)
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
        return file_name.endswith((".seg", WORDS))

    def documents(self, leaves: Sequence[_Leaf]) -> Iterator[tuple[str, int]]:
        return heapq.merge(*(leaf.versions() for leaf in leaves))

    def without(self, folder: Path, held: state.State, lost: Collection[str]) -> Change:
        storage = _Storage(folder, held.files)
        storage.sweep()
        whole = [s for s in _segments(storage, held.generation) if set(lost).isdisjoint(_files_of(s))]
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
            if set(lost).isdisjoint(_files_of(segment))
        ]

    def write(
        self, folder: Path, held: state.State, drop: Sequence[int], pages: Iterable[IndexPage]
    ) -> Change:
        storage = _Storage(folder, held.files)
        storage.sweep()
        with _writer(storage) as writer:
            for number in drop:
                writer.delete_document(number)
            entries, before = Counter[str](), None
            for page in pages:
                writer.add_document(**_fields(page, starts=page.document_id != before))
                entries.update(self._language.spelling.page_entries(page.text.split()))
                before = page.document_id
            writer.commit(merge=False)
        for segment in _segments(storage, writer.generation):
            if _file_of(segment) in storage.created:
                storage.keep_words(segment, dictionary.packed(entries))
        return storage.change(held, writer.generation)

    def merge(self, leaves: Sequence[_Leaf], scratch: Path) -> tuple[Path, list[Any]]:
        storage = _Storage(scratch)
        TOC.create(storage, _schema(), NAME)
        with _writer(storage) as writer:
            for leaf in leaves:
                writer.add_reader(leaf.reader)
            writer.commit(merge=False)
        merged = _segments(storage, writer.generation)
        for segment in merged:
            storage.keep_words(segment, dictionary.merged([leaf.words for leaf in leaves]))
        return scratch, merged

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
            for name in _files_of(segment):
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


def _files_of(segment: Any) -> tuple[str, str]:
    """A segment and the dictionary of its odd words."""
    return _file_of(segment), f"{_file_of(segment)}{WORDS}"


@contextlib.contextmanager
def _writer(storage: _Storage) -> Iterator[Any]:
    writer = FileIndex(storage, schema=_schema(), indexname=NAME).writer(
        limitmb=WRITER_MEMORY_MB, codec=_Codec()
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
