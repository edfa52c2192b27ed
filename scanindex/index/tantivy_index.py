"""The search index on Tantivy, for archives beyond Whoosh's size; needs the extra `tantivy`.

Same promises, plans and answers as Whoosh's. A generation is a list of Tantivy's
segment files (`tantivy_parts`) which count only once `state` has synced, hashed
and named them (`folder_index`). Only `tantivy_*` modules import the engine: do
it where an index is opened.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from tantivy import DocAddress, Query, Searcher

from scanindex.errors import CatalogBusy
from scanindex.index import state, tantivy_pages, tantivy_parts
from scanindex.index.folder_index import Change, FolderIndex
from scanindex.index.language import Language
from scanindex.index.leaves import LeafReader
from scanindex.index.plan import Key
from scanindex.index.reader import Reader
from scanindex.index.tantivy_parts import Part, PartList
from scanindex.index.tantivy_reader import TantivyReader
from scanindex.model import IndexPage

_ALL = 100_000_000


class _Opened:
    """Everything that one state names, open; shared by its leaves."""

    def __init__(self, folder: Path, held: state.State, lost: Collection[str] = ()) -> None:
        self.folder = folder
        self.held = held
        self.files = tuple(held.files)
        self.lost = frozenset(lost)
        self.parts = _whole_parts(tantivy_parts.read_list(folder, held.generation), lost)
        self.searcher: Searcher = tantivy_parts.searcher(folder, self.files, self.parts)
        self.reader = TantivyReader(
            self.searcher, tantivy_pages.schema(), sum(part.max_doc for part in self.parts.parts)
        )

    def hash_again(self, some: PartList) -> None:
        """Damage must not get into a merged part, whose own hash would vouch for it.

        Raises IndexBroken, FileNotFoundError (replaced by a writer meanwhile).
        """
        files = {name: self.held.files[name] for name in tantivy_parts.owned(some.parts, self.held.files)}
        unseen = {name: replace(entry, ctime_ns=-1) for name, entry in files.items()}
        for name in files:
            (self.folder / name).stat()
        state.verify(self.folder.parent, replace(self.held, folder=self.folder.name, files=unseen))

    def addresses(self, key: Key) -> list[DocAddress]:
        """Of the live pages that hold the key."""
        with tantivy_parts.guarded():
            # Twice: deleted pages count in the one and not in the other.
            if not (size := self.searcher.doc_freq(*key)):
                return []
            query = Query.term_query(self.reader.schema, *key, "basic")
            return [address for _, address in self.searcher.search(query, size, False).hits]


@dataclass(frozen=True)
class TantivyLeaf:
    """One segment, as `folder_index` counts and merges them."""

    opened: _Opened
    number: int
    part: Part

    @property
    def key(self) -> str:
        return self.part.segment_id

    @property
    def size(self) -> int:
        return self.part.max_doc

    @cached_property
    def live(self) -> Any:
        """All: `postings` gives live pages only."""
        return np.ones(self.size, bool)

    @property
    def live_pages(self) -> int:
        return self.part.live

    def frequency(self, key: Key) -> int:
        return len(self.postings(key)[0])

    def postings(self, key: Key) -> tuple[Any, Any]:
        found = sorted(a.doc for a in self.opened.addresses(key) if a.segment_ord == self.number)
        return np.array(found, np.int64), np.ones(len(found))


class TantivyEngine:
    """`folder_index.Engine`: a leaf is a segment, a generation is a list of them."""

    name = "tantivy"

    def __init__(self, language: Language) -> None:
        self._language = language
        self._opened: _Opened | None = None
        self.schema = str(tantivy_pages.FORMAT)

    def is_part(self, file_name: str) -> bool:
        return not file_name.endswith(".json")

    def documents(self, leaves: Sequence[TantivyLeaf]) -> Iterator[tuple[str, int]]:
        if not leaves:
            return
        opened = leaves[0].opened
        for document_id, _ in sorted(opened.reader.keys_from("document_id", "", _ALL)):
            addresses = opened.addresses(("document_id", document_id))
            versions = set(opened.reader.column(tantivy_pages.VERSION, addresses))
            yield from ((document_id, version) for version in sorted(versions))

    def without(self, folder: Path, held: state.State, lost: Collection[str]) -> Change:
        _sweep(folder, held)
        before = tantivy_parts.read_list(folder, held.generation)
        return _change(folder, held, replace(_whole_parts(before, lost), generation=held.generation + 1), [])

    def create(self, folder: Path) -> Change:
        with tantivy_parts.scratch_folder(folder) as scratch:
            made = tantivy_parts.empty(0, scratch)
        tantivy_parts.write_list(folder, made)
        return Change(generation=0, files=state.seal(folder, [made.name]))

    def leaves(
        self, folder: Path, held: state.State, known: Sequence[TantivyLeaf], lost: Collection[str] = ()
    ) -> list[TantivyLeaf]:
        opened = self._open(folder, held, lost)
        return [TantivyLeaf(opened, number, part) for number, part in enumerate(opened.parts.parts)]

    def _open(self, folder: Path, held: state.State, lost: Collection[str] = ()) -> _Opened:
        known = self._opened
        wanted = (folder, held.generation, frozenset(lost))
        if known is None or (known.folder, known.parts.generation, known.lost) != wanted:
            known = self._opened = _Opened(folder, held, lost)
        return known

    # --- writing ------------------------------------------------------------------------
    def write(
        self, folder: Path, held: state.State, drop: Sequence[int], pages: Iterable[IndexPage]
    ) -> Change:
        _sweep(folder, held)
        before = tantivy_parts.read_list(folder, held.generation)
        after, made = before, []
        if drop:
            after, names = self._without(folder, held, drop)
            made += names
        with tantivy_parts.scratch_folder(folder) as scratch:
            parts = tantivy_parts.write_pages(scratch, pages, self._language.spelling)
            made += tantivy_parts.take(parts, scratch, folder)
        after = replace(after, generation=held.generation + 1, parts=(*after.parts, *parts))
        return _change(folder, held, after, made)

    def _without(self, folder: Path, held: state.State, drop: Sequence[int]) -> tuple[PartList, list[str]]:
        """The list without these pages' documents, and the new files of deletions."""
        opened = self._open(folder, held)
        by_part = _documents_by_part(opened, drop)
        kept: list[Part] = []
        names: list[str] = []
        opstamp = opened.parts.opstamp
        for number, part in enumerate(opened.parts.parts):
            if number not in by_part:
                kept.append(part)
                continue
            with tantivy_parts.scratch_folder(folder) as scratch:
                left, opstamp = tantivy_parts.drop_documents(
                    folder, held.files, replace(opened.parts, opstamp=opstamp), part, by_part[number], scratch
                )
                if left is not None:
                    kept.append(left)
                    names += _take_deletions(left, scratch, folder)
        everything = tuple(sorted(set(itertools.chain.from_iterable(by_part.values()))))
        dropped = (*opened.parts.dropped, (held.generation + 1, everything))
        return replace(
            opened.parts,
            parts=tuple(kept),
            opstamp=opstamp,
            dropped=dropped[-tantivy_parts.REMEMBERED_DROPS :],
        ), names

    # --- merging ------------------------------------------------------------------------
    def merge(self, leaves: Sequence[TantivyLeaf], scratch: Path) -> tuple[Path, tuple[Part, ...], int]:
        opened = leaves[0].opened
        some = replace(opened.parts, parts=tuple(leaf.part for leaf in leaves))
        try:
            opened.hash_again(some)
            parts = tantivy_parts.merged(opened.folder, opened.files, some, scratch)
        except FileNotFoundError:
            raise CatalogBusy("the parts to merge were replaced meanwhile") from None
        return scratch, parts, some.generation

    def swap(
        self,
        folder: Path,
        held: state.State,
        old: Sequence[TantivyLeaf],
        merged: tuple[Path, tuple[Part, ...], int],
    ) -> Change | None:
        scratch, parts, since = merged
        now = tantivy_parts.read_list(folder, held.generation)
        gone = {leaf.key for leaf in old}
        # A part that is gone was given up as damaged (its pages must not come back) or lost its last
        # page: either is too rare to save the merge.
        if not gone <= {part.segment_id for part in now.parts} or len(parts) >= len(old):
            return None
        dropped = _dropped_since(now, since)
        if dropped is None:
            return None
        _sweep(folder, held)
        made = tantivy_parts.take(parts, scratch, folder)
        opstamp = now.opstamp
        if dropped:
            parts, opstamp, names = _drop_from(folder, made, replace(now, parts=parts), dropped)
            made = tantivy_parts.owned(parts, made) + names
        after = replace(
            now,
            generation=held.generation + 1,
            opstamp=opstamp,
            parts=(*parts, *(part for part in now.parts if part.segment_id not in gone)),
        )
        return _change(folder, held, after, made)


def _whole_parts(held: PartList, lost: Collection[str]) -> PartList:
    whole = tuple(part for part in held.parts if not any(part.owns(name) for name in lost))
    return replace(held, parts=whole)


def _documents_by_part(opened: _Opened, drop: Sequence[int]) -> dict[int, list[str]]:
    """Index-wide page numbers to the documents they belong to, by number of the part."""
    ends = list(itertools.accumulate(part.max_doc for part in opened.parts.parts))
    found: dict[int, list[DocAddress]] = {}
    for page in drop:
        number = next(n for n, end in enumerate(ends) if page < end)
        base = ends[number] - opened.parts.parts[number].max_doc
        found.setdefault(number, []).append(DocAddress(number, page - base))
    with tantivy_parts.guarded():
        ids = opened.reader.document_ids
        return {number: list(dict.fromkeys(ids(addresses))) for number, addresses in found.items()}


def _dropped_since(now: PartList, generation: int) -> list[str] | None:
    """Documents dropped after that generation; None if that is not remembered any more."""
    if len(now.dropped) >= tantivy_parts.REMEMBERED_DROPS and now.dropped[0][0] > generation:
        return None
    return sorted({name for number, ids in now.dropped if number > generation for name in ids})


def _drop_from(
    folder: Path, files: Sequence[str], held: PartList, ids: Sequence[str]
) -> tuple[tuple[Part, ...], int, list[str]]:
    kept: list[Part] = []
    names: list[str] = []
    for part in held.parts:
        with tantivy_parts.scratch_folder(folder) as scratch:
            left, opstamp = tantivy_parts.drop_documents(folder, files, held, part, ids, scratch)
            held = replace(held, opstamp=opstamp)
            if left is not None:
                kept.append(left)
                names += _take_deletions(left, scratch, folder)
    return tuple(kept), held.opstamp, names


def _take_deletions(part: Part, scratch: Path, folder: Path) -> list[str]:
    """The other files of the part in `scratch` are links to those in `folder`."""
    for entry in list(scratch.iterdir()):
        if not entry.name.endswith(".del") or (folder / entry.name).exists():
            entry.unlink()
    return tantivy_parts.take([part], scratch, folder)


def _change(folder: Path, held: state.State, after: PartList, made: Sequence[str]) -> Change:
    """Write the list, sync what is new; what the state may now name."""
    tantivy_parts.write_list(folder, after)
    kept = {name: held.files[name] for name in tantivy_parts.owned(after.parts, held.files)}
    return Change(
        generation=after.generation,
        files=kept | state.seal(folder, sorted({*made, after.name})),
        obsolete=tuple(folder / name for name in sorted(held.files.keys() - kept.keys())),
    )


def _sweep(folder: Path, held: state.State) -> None:
    """Remove what a broken-off write left behind."""
    for entry in list(os.scandir(folder)):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        elif entry.name not in held.files:
            Path(entry.path).unlink()


class TantivyIndex(FolderIndex):
    """`ports.SearchIndex` on Tantivy in the folder `path`; see FolderIndex for its methods.

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
            TantivyEngine(language or Language()),
            lock_seconds=lock_seconds,
            search_seconds=search_seconds,
            language=language,
        )

    def _reader(self, leaves: Sequence[TantivyLeaf]) -> Reader:
        return leaves[0].opened.reader if leaves else LeafReader(())

    def _worth_merging(self, leaves: Sequence[TantivyLeaf]) -> list[TantivyLeaf]:
        chosen = set(tantivy_parts.worth_merging([leaf.part for leaf in leaves]))
        return [leaf for leaf in leaves if leaf.part in chosen]
