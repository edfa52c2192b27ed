"""Tantivy's segments as plain files: made in scratch folders, named by a list of ours.

Tantivy never works in the index folder. Every write is a small index of its own
in a scratch folder, whose finished segment files are then moved; deletions and
merges see links to the segments concerned. So there is no lock file to go
stale, no background merge that a kill can lose, and nothing that removes files
of an older state. A reader opens links to exactly the files that a state names.

The list (`parts-<generation>.json`) holds what Tantivy's own meta.json would,
and which documents were dropped lately, so that a merge that ran meanwhile can
drop them too.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import tantivy

from scanindex.errors import IndexBroken, Unexpected
from scanindex.index import row, tantivy_pages
from scanindex.index.spelling import Spelling
from scanindex.model import IndexPage

WRITER_BYTES = 64_000_000
MERGE_FAN = 8
"""Tantivy merges no fewer."""
SMALL_PAGES = 10_000
"""Parts below this size are one class for Tantivy's merge policy..."""
CLASS_RATIO = 2**0.75
"""...and larger ones are if none is more than so much smaller than the largest."""
MAX_SMALL_RATIO = 32
"""Small parts merge with their like, or every few filings would write large ones again."""
MAX_MERGED_PAGES = 200_000
"""Larger parts stay as they are: a merge takes that much disk and time again."""
REMEMBERED_DROPS = 256
_OS_ERROR = re.compile(r"\(os error (\d+)\)|code: (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One Tantivy segment."""

    segment_id: str
    max_doc: int
    deleted: int = 0
    opstamp: int | None = None
    """Of its file of deletions."""

    @property
    def live(self) -> int:
        return self.max_doc - self.deleted

    @property
    def stem(self) -> str:
        """What the names of its files begin with."""
        return self.segment_id.replace("-", "")

    def owns(self, name: str) -> bool:
        stem, _, rest = name.partition(".")
        return stem == self.stem and (not rest.endswith("del") or rest == f"{self.opstamp}.del")

    def as_meta(self) -> dict[str, Any]:
        deletes = {"num_deleted_docs": self.deleted, "opstamp": self.opstamp}
        return {
            "segment_id": self.segment_id,
            "max_doc": self.max_doc,
            "deletes": deletes if self.opstamp is not None else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PartList:
    """What a generation of the index consists of."""

    generation: int
    opstamp: int
    """Grows with every deletion, so that no two files of deletions share a name."""
    parts: tuple[Part, ...]
    schema: Any
    """As Tantivy writes it."""
    dropped: tuple[tuple[int, tuple[str, ...]], ...] = ()
    """Generation, and the documents dropped on the way to it; the last ones."""

    @property
    def name(self) -> str:
        return list_name(self.generation)


def owned(parts: Iterable[Part], names: Iterable[str]) -> list[str]:
    """Those of the names that are files of one of these parts, in their order."""
    by_stem = {part.stem: part for part in parts}

    def is_owned(name: str) -> bool:
        part = by_stem.get(name.partition(".")[0])
        return part is not None and part.owns(name)

    return [name for name in names if is_owned(name)]


def list_name(generation: int) -> str:
    return f"parts-{generation}.json"


def write_list(folder: Path, held: PartList) -> None:
    values = {field.name: getattr(held, field.name) for field in fields(held)}
    parts = [{field.name: getattr(part, field.name) for field in fields(Part)} for part in held.parts]
    made = {"format": tantivy_pages.FORMAT, **values, "parts": parts}
    (folder / held.name).write_text(json.dumps(made))


def read_list(folder: Path, generation: int) -> PartList:
    """Raises IndexBroken where another format wrote it."""
    values = json.loads((folder / list_name(generation)).read_text())
    if values.pop("format") != tantivy_pages.FORMAT:
        raise IndexBroken("the index was written in another format")
    parts = tuple(Part(**part) for part in values.pop("parts"))
    dropped = tuple((number, tuple(ids)) for number, ids in values.pop("dropped"))
    return PartList(parts=parts, dropped=dropped, **values)


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """What the system refused becomes an OSError, a panic (no Exception for Python) an error of the
    table; neither repeats the engine's words."""
    try:
        yield
    except BaseException as error:
        if refusal := _OS_ERROR.search(str(error)):
            raise OSError(int(refusal[1] or refusal[2]), "the search engine was refused") from None
        if type(error).__name__ != "PanicException":
            raise
        raise Unexpected("the search engine broke off") from None


# --- scratch ----------------------------------------------------------------------
@contextlib.contextmanager
def scratch_folder(parent: Path | None) -> Iterator[Path]:
    """A private folder that goes away again; `parent` None: among the system's temporary ones."""
    path = Path(tempfile.mkdtemp(prefix="merge-", dir=parent))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def open_linked(folder: Path, files: Iterable[str], held: PartList, into: Path) -> tantivy.Index:
    """The parts of `held` as a Tantivy index in `into`, made of links to the files in `folder`.

    Symbolic ones: a hard link would change the file's times, and it would have to be hashed again.
    """
    for name in owned(held.parts, files):
        (into / name).symlink_to(folder.absolute() / name)
    meta = {
        "index_settings": {"docstore_compression": "lz4", "docstore_blocksize": 16384},
        "segments": [part.as_meta() for part in held.parts],
        "schema": held.schema,
        "opstamp": held.opstamp,
    }
    (into / "meta.json").write_text(json.dumps(meta))
    return tantivy.Index.open(str(into))


def _in_memory() -> Path | None:
    """A file system in memory, where hundreds of links cost nothing: every filing opens the index anew."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and os.access(memory, os.W_OK | os.X_OK) else None


def searcher(folder: Path, files: Iterable[str], held: PartList) -> tantivy.Searcher:
    """Everything is open (mapped) on return: the links are gone, the files may go too."""
    with guarded(), scratch_folder(_in_memory()) as view:
        index = open_linked(folder, files, held, view)
        # The reader that opening makes would look for news in a folder that is gone.
        index.config_reader("manual")
        found = index.searcher()
    if found.num_docs != sum(part.live for part in held.parts):
        raise IndexBroken("the index holds another number of pages than its state says")
    return found


def _done(writer: tantivy.IndexWriter, path: Path) -> tuple[tuple[Part, ...], int, Any]:
    """Commit, let merges end; what there is then: parts, opstamp, schema."""
    writer.commit()
    writer.wait_merging_threads()
    meta = json.loads((path / "meta.json").read_text())
    return tuple(_part(segment) for segment in meta["segments"]), meta["opstamp"], meta["schema"]


def _part(segment: dict[str, Any]) -> Part:
    deletes = segment["deletes"] or {"num_deleted_docs": 0, "opstamp": None}
    return Part(
        segment_id=segment["segment_id"],
        max_doc=segment["max_doc"],
        deleted=deletes["num_deleted_docs"],
        opstamp=deletes["opstamp"],
    )


def take(names_of: Sequence[Part], path: Path, folder: Path) -> list[str]:
    """Move the files of these parts from the scratch `path` into `folder`; their names."""
    names = owned(names_of, [entry.name for entry in path.iterdir()])
    for name in names:
        (path / name).replace(folder / name)
    return sorted(names)


# --- work on parts ------------------------------------------------------------------
def empty(generation: int, scratch: Path) -> PartList:
    with guarded():
        tantivy.Index(tantivy_pages.schema(), path=str(scratch))
    schema = json.loads((scratch / "meta.json").read_text())["schema"]
    return PartList(generation=generation, opstamp=1, parts=(), schema=schema)


def write_pages(scratch: Path, pages: Iterable[IndexPage], spelling: Spelling) -> tuple[Part, ...]:
    """The pages as new parts (mostly one) in `scratch`."""
    with guarded():
        index = tantivy.Index(tantivy_pages.schema(), path=str(scratch))
        # One thread: the parts then hold the pages in order.
        writer = index.writer(WRITER_BYTES, 1)
        dictionary = row.Dictionary(spelling)
        for page in pages:
            writer.add_document(tantivy_pages.document(page, dictionary))
        return _done(writer, scratch)[0]


def drop_documents(
    folder: Path, files: Iterable[str], held: PartList, part: Part, ids: Iterable[str], scratch: Path
) -> tuple[Part | None, int]:
    """The part without these documents (None: nothing is left) and the new opstamp."""
    alone = replace(held, parts=(part,))
    with guarded():
        index = open_linked(folder, files, alone, scratch)
        writer = index.writer(WRITER_BYTES, 1)
        for document_id in ids:
            writer.delete_documents_by_term("document_id", document_id)
        left, opstamp, _ = _done(writer, scratch)
    return (left[0] if left else None), opstamp


def merged(folder: Path, files: Iterable[str], held: PartList, scratch: Path) -> tuple[Part, ...]:
    """The parts of `held` as fewer (mostly one) in `scratch`."""
    with guarded():
        writer = open_linked(folder, files, held, scratch).writer(WRITER_BYTES, 1)
        return _done(writer, scratch)[0]


def worth_merging(parts: Sequence[Part]) -> tuple[Part, ...]:
    """A group that Tantivy merges when it sees nothing else; () if there is none."""
    ordered = sorted((part for part in parts if part.live), key=lambda part: part.live)
    for start in range(len(ordered) - MERGE_FAN + 1):
        group = ordered[start : start + MERGE_FAN]
        low, high = (max(SMALL_PAGES, group[end].live) for end in (0, -1))
        if group[-1].live > MAX_SMALL_RATIO * group[0].live:
            continue
        # A little within the policy's own bound: it compares logarithms.
        if high * 1.01 <= low * CLASS_RATIO and sum(part.live for part in group) <= MAX_MERGED_PAGES:
            return tuple(group)
    return ()
