"""Packages on disk: a folder or a zip file per parcel, whole or not there at all.

Promises: a parcel is written beside its final place and appears by one rename once every byte is on
disk; broken off anywhere, sending it again keeps the documents that are there whole, and ends in the
same bytes; what stands there already is hashed and not written again. The copies are independent of
the archive: no link, no shared block that a receiver could change. `parcel.json` counts and hashes
every file, and `sha256sums.txt` lets anybody check them with `sha256sum -c`. Leaves out what the
files say (a `FileForm`).
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import hashlib
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from scanindex.delivery_model import ExportRecord, Held, Parcel, Problem, Receipt, Strays
from scanindex.ehr import parts
from scanindex.ehr.forms import FileForm, NamedParts
from scanindex.ehr.packages import (
    INDEX,
    SUMS,
    PackagedFile,
    hash_of,
    held,
    index_of,
    once,
    opened,
    replaced_in,
    unlisted,
    whole,
)
from scanindex.ehr.parts import FilePart
from scanindex.errors import IntegrityError, NotAllowedNow, transient

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_MOST_STRAYS = 10
_PARCEL = re.compile(r"(?P<number>.+?-[0-9]{8})-.+")
"""Names of parcels; what follows the number may differ from try to try (a damaged first document)."""


class FolderSink:
    """See `ports.EhrSink`."""

    def __init__(
        self, form: FileForm, folder: Path, *, parcel_documents: int, is_zip: bool = False, target: str = ""
    ) -> None:
        """folder: where parcels appear; made where it is not there. target: read back only parcels of this
        target, where several share a folder; "": all."""
        self._form, self._folder = form, folder
        self._parcel_documents = parcel_documents
        self._is_zip = is_zip
        self._target = target

    @property
    def parcel_documents(self) -> int:
        return max(2, self._parcel_documents)  # one alone is a parcel too, never a stream of records

    def problems(self, record: ExportRecord) -> Sequence[Problem]:
        return self._form.problems(record)

    def send(self, parcel: Parcel) -> Iterator[Receipt]:
        """Raises NotAllowedNow where something else lies under the parcel's name."""
        with _disk():
            final = self._folder / (f"{parcel.name}.zip" if self._is_zip else parcel.name)
            if final.exists():
                files = _delivered(final, parcel)
            else:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                files = self._write(parcel, final)
            sizes: dict[str, int] = {}
            for file in files:
                sizes[file.external_id] = sizes.get(file.external_id, 0) + file.bytes
        for record in parcel.records:
            yield Receipt(
                external_id=record.external_id,
                is_taken=True,
                code="written",
                receiver_ids=(final.name,),
                sent_bytes=sizes.get(record.external_id, 0),
            )

    def inventory(self, external_ids: Collection[str] | None = None) -> Iterator[Held]:
        """What lies there, every file hashed. Of a parcel that the receiver took away, or whose
        `parcel.json` is gone or torn, nothing is known here: its documents are not held."""
        with _disk():
            found = [place for place in sorted(self._folder.glob("[!.]*")) if self._is_ours(place)]
        if not found:
            raise NotAllowedNow(
                "no package lies in the folder: if the receiver took them, compare with its own list "
                "(`export reconcile TARGET --listing FILE`)"
            )
        overtaken = self._overtaken(found)
        for one in once(self._entries(found, external_ids)):
            yield dataclasses.replace(one, is_current=one.external_id not in overtaken)

    def strays(self) -> Strays:
        """What lies in packages and is none of their files. Raises TransientError."""
        count, named = 0, []
        with _disk():
            for place in sorted(self._folder.glob("[!.]*")):
                if self._is_ours(place):
                    with contextlib.suppress(IntegrityError), opened(place) as package:
                        ours, found = unlisted(package)
                        named += [f"{place.name}/{name}" for name in ours[:_MOST_STRAYS]]
                        count += found
        return Strays(count=count, named=tuple(named[:_MOST_STRAYS]))

    def close(self) -> None:
        pass

    def _entries(self, found: Sequence[Path], external_ids: Collection[str] | None) -> Iterator[Held]:
        for place in found:
            with _disk(), contextlib.suppress(IntegrityError), opened(place) as package:
                yield from held(place.name, package, external_ids)

    def _overtaken(self, found: Sequence[Path]) -> set[str]:
        """Ids that another record in the folder replaces or cancels."""
        ids: set[str] = set()
        for place in found:
            with _disk(), contextlib.suppress(IntegrityError), opened(place) as package:
                ids |= replaced_in(package)
        return ids

    def _is_ours(self, place: Path) -> bool:
        name = place.name.removesuffix(".zip")
        is_named = not self._target or re.fullmatch(rf"{re.escape(self._target)}-[0-9]{{8}}-.+", name)
        return bool(is_named) and (place.suffix == ".zip" if place.is_file() else (place / INDEX).is_file())

    # --- writing --------------------------------------------------------------------------
    def _write(self, parcel: Parcel, final: Path) -> list[PackagedFile]:
        """Into a hidden place beside it, then there by a rename."""
        staging = self._folder / f".{final.name}.part"
        self._remove_leftovers(staging)
        if self._is_zip:
            _remove(staging)
            with _zip_writer(staging) as add:
                files = self._fill(parcel, add)
            with staging.open("rb") as stream:
                os.fsync(stream.fileno())
        else:
            staging.mkdir(mode=0o700, exist_ok=True)
            files = self._fill(parcel, lambda name, write: _write_file(staging / name, write), staging)
            _remove_others(staging, {INDEX, SUMS, *(file.name for file in files)})
            _sync_tree(staging)
        staging.rename(final)
        _sync_folder(self._folder)
        return files

    def _fill(self, parcel: Parcel, add: _Add, before: Path | None = None) -> list[PackagedFile]:
        """before: a folder in which documents may stand that an earlier try wrote."""
        files = [
            _kept(before, named, record.external_id) or _written(add, named, record.external_id)
            for record in parcel.records
            for named in self._form.files(record)
        ]
        files += [_written(add, named, "") for named in self._form.closing(parcel)]
        sums = "".join(f"{f.sha256}  {f.name}\n" for f in files)
        index = _written(add, (INDEX, [index_of(parcel, files)]), "")
        _written(add, (SUMS, [f"{sums}{index.sha256}  {INDEX}\n".encode()]), "")
        return files

    def _remove_leftovers(self, staging: Path) -> None:
        """Of other tries with a parcel of this number."""
        if (named := _PARCEL.fullmatch(staging.name)) is not None:
            for place in self._folder.glob(".*.part"):
                other = _PARCEL.fullmatch(place.name)
                if place != staging and other and other["number"] == named["number"]:
                    _remove(place)


def _delivered(final: Path, parcel: Parcel) -> list[PackagedFile]:
    """The files of what an earlier try finished and could not tell any more."""
    try:
        return whole(final, parcel)
    except IntegrityError as error:
        raise NotAllowedNow(f"{error}; move it away, then send again") from None


_Write = Callable[[BinaryIO], Any]
_Add = Callable[[str, _Write], None]


def _kept(folder: Path | None, named: NamedParts, external_id: str) -> PackagedFile | None:
    """What an earlier try left of this document, if it is whole; None: it is to be written."""
    name, pieces = named
    part = _document(pieces)
    if folder is None or part is None:
        return None
    path = folder / name
    try:
        if path.is_symlink() or path.stat().st_size != part.size_bytes or hash_of(path) != part.sha256:
            return None
    except OSError:
        return None
    return PackagedFile(name, part.size_bytes, part.sha256, external_id)


def _document(pieces: Sequence[parts.Part]) -> FilePart | None:
    """The document's own file, where it is all that these pieces are."""
    part = pieces[0] if len(pieces) == 1 else None
    return part if isinstance(part, FilePart) and not part.in_base64 else None


def _written(add: _Add, named: NamedParts, external_id: str) -> PackagedFile:
    name, pieces = named
    document = _document(pieces)
    made, size = hashlib.sha256(), 0

    def write(stream: BinaryIO) -> None:
        nonlocal size
        for piece in parts.chunks(pieces):
            if document is None:  # else its chunks end only if its hash is right
                made.update(piece)
            size += stream.write(piece)

    add(name, write)
    return PackagedFile(name, size, document.sha256 if document else made.hexdigest(), external_id)


def _write_file(path: Path, write: _Write) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with _created(path) as stream:
        write(stream)


def _created(path: Path) -> BinaryIO:
    """Never to be read by others, not for a moment."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


@contextlib.contextmanager
def _zip_writer(path: Path) -> Iterator[_Add]:
    """Stored, in order, without times of this machine: equal parcels give equal files."""
    with (
        _created(path) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as package,
    ):

        def add(name: str, write: _Write) -> None:
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            info.external_attr = 0o600 << 16
            info.create_system = 3
            with package.open(info, "w", force_zip64=True) as stream:
                write(stream)  # type: ignore[arg-type]  # a writable binary stream

        yield add


# --- disk ---------------------------------------------------------------------------------
@contextlib.contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise transient(error) from None


def _remove_others(folder: Path, names: Collection[str]) -> None:
    """Whatever an earlier try left that does not belong."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            with contextlib.suppress(OSError):
                path.rmdir()  # goes only if it is empty
        elif path.relative_to(folder).as_posix() not in names:
            path.unlink()


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def _sync_tree(folder: Path) -> None:
    """All of it on disk: in one call where the system has it, thousands of single ones are slow."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
        if syncfs is not None and syncfs(descriptor) == 0:
            return
    finally:
        os.close(descriptor)
    for path in sorted(folder.rglob("*"), reverse=True):
        with_one = os.open(path, os.O_RDONLY)
        try:
            os.fsync(with_one)
        finally:
            os.close(with_one)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
