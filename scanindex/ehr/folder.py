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
import hashlib
import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from scanindex.delivery_model import ExportRecord, Held, Parcel, Problem, Receipt
from scanindex.ehr import parts
from scanindex.ehr.forms import FileForm, NamedParts
from scanindex.ehr.parts import FilePart
from scanindex.errors import IntegrityError, NotAllowedNow, transient

INDEX, SUMS = "parcel.json", "sha256sums.txt"
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_MOST_INDEX_BYTES = 1 << 30
_PARCEL = re.compile(r"(?P<number>.+-[0-9]{8})-.+")
"""Names of parcels; what follows the number may differ from try to try (a damaged first document)."""


@dataclass(frozen=True, slots=True)
class _File:
    """One written file, as `parcel.json` lists it."""

    name: str
    size_bytes: int
    sha256: str
    external_id: str


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
        with _disk():
            final = self._folder / (f"{parcel.name}.zip" if self._is_zip else parcel.name)
            if final.exists():
                files = _whole(final, parcel)
            else:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                files = self._write(parcel, final)
            sizes: dict[str, int] = {}
            for file in files:
                sizes[file.external_id] = sizes.get(file.external_id, 0) + file.size_bytes
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
        for place in found:
            with _disk(), contextlib.suppress(_NoParcelError), _opened(place) as package:
                yield from _held(place.name, package, external_ids)

    def close(self) -> None:
        pass

    def _is_ours(self, place: Path) -> bool:
        name = place.name.removesuffix(".zip")
        is_named = not self._target or re.fullmatch(rf"{re.escape(self._target)}-[0-9]{{8}}-.+", name)
        return bool(is_named) and (place.suffix == ".zip" if place.is_file() else (place / INDEX).is_file())

    # --- writing --------------------------------------------------------------------------
    def _write(self, parcel: Parcel, final: Path) -> list[_File]:
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

    def _fill(self, parcel: Parcel, add: _Add, before: Path | None = None) -> list[_File]:
        """before: a folder in which documents may stand that an earlier try wrote."""
        files = [
            _kept(before, named, record.external_id) or _written(add, named, record.external_id)
            for record in parcel.records
            for named in self._form.files(record)
        ]
        files += [_written(add, named, "") for named in self._form.closing(parcel)]
        sums = "".join(f"{f.sha256}  {f.name}\n" for f in files)
        index = _written(add, (INDEX, [_index_of(parcel, files)]), "")
        _written(add, (SUMS, [f"{sums}{index.sha256}  {INDEX}\n".encode()]), "")
        return files

    def _remove_leftovers(self, staging: Path) -> None:
        """Of other tries with a parcel of this number."""
        if (named := _PARCEL.fullmatch(staging.name)) is not None:
            for place in self._folder.glob(".*.part"):
                other = _PARCEL.fullmatch(place.name)
                if place != staging and other and other["number"] == named["number"]:
                    _remove(place)


_Write = Callable[[BinaryIO], Any]
_Add = Callable[[str, _Write], None]


def _kept(folder: Path | None, named: NamedParts, external_id: str) -> _File | None:
    """What an earlier try left of this document, if it is whole; None: it is to be written."""
    name, pieces = named
    part = _document(pieces)
    if folder is None or part is None:
        return None
    path = folder / name
    try:
        if path.is_symlink() or path.stat().st_size != part.size_bytes or _hash(path) != part.sha256:
            return None
    except OSError:
        return None
    return _File(name, part.size_bytes, part.sha256, external_id)


def _document(pieces: Sequence[parts.Part]) -> FilePart | None:
    """The document's own file, where it is all that these pieces are."""
    part = pieces[0] if len(pieces) == 1 else None
    return part if isinstance(part, FilePart) and not part.in_base64 else None


def _written(add: _Add, named: NamedParts, external_id: str) -> _File:
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
    return _File(name, size, document.sha256 if document else made.hexdigest(), external_id)


def _write_file(path: Path, write: _Write) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with path.open("xb", opener=_private) as stream:
        write(stream)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@contextlib.contextmanager
def _zip_writer(path: Path) -> Iterator[_Add]:
    """Stored, in order, without times of this machine: equal parcels give equal files."""
    with (
        path.open("xb", opener=_private) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as package,
    ):

        def add(name: str, write: _Write) -> None:
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            info.external_attr = 0o600 << 16
            info.create_system = 3
            with package.open(info, "w", force_zip64=True) as stream:
                write(stream)  # type: ignore[arg-type]  # a writable binary stream

        yield add


def _index_of(parcel: Parcel, files: Sequence[_File]) -> bytes:
    told = {
        "format": 1,
        "parcel": parcel.name,
        "records_total": len(parcel.records),
        "bytes_total": sum(f.size_bytes for f in files),
        "records": [_told(record) for record in parcel.records],
        "files": [
            {"name": f.name, "bytes": f.size_bytes, "sha256": f.sha256, "external_id": f.external_id}
            for f in files
        ],
    }
    return (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode("utf-8")


def _told(record: ExportRecord) -> dict[str, Any]:
    content = record.content
    return {
        "external_id": record.external_id,
        "action": str(record.action),
        "replaces": record.replaces,
        "content_sha256": content.sha256 if content else None,
        "content_bytes": content.size_bytes if content else None,
    }


# --- reading back -------------------------------------------------------------------------
class _Package:
    """A folder or zip file, read alike."""

    def __init__(self, place: Path, package: zipfile.ZipFile | None) -> None:
        self._place, self._package = place, package

    def open(self, name: str) -> Any:
        """A binary stream. Raises OSError or KeyError where it is not there."""
        if self._package is not None:
            return self._package.open(name)
        path = self._place / name
        if not path.resolve().is_relative_to(self._place.resolve()):
            raise FileNotFoundError(name)  # the list came back from elsewhere
        return path.open("rb")


class _NoParcelError(IntegrityError):
    """What lies there is no parcel, or torn."""


@contextlib.contextmanager
def _opened(place: Path) -> Iterator[_Package]:
    if place.suffix == ".zip":
        try:
            with zipfile.ZipFile(place) as package:
                yield _Package(place, package)
        except zipfile.BadZipFile:
            raise _NoParcelError(f"{place.name} is damaged") from None
    else:
        yield _Package(place, None)


def _read_index(package: _Package) -> dict[str, Any]:
    try:
        with package.open(INDEX) as stream:
            index: dict[str, Any] = json.loads(stream.read(_MOST_INDEX_BYTES))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        raise _NoParcelError(f"a package lies there without a readable {INDEX}") from None
    if not (isinstance(index, dict) and {"records", "files"} <= index.keys()):
        raise _NoParcelError(f"a package lies there with another {INDEX} than ours")
    return index


def _whole(final: Path, parcel: Parcel) -> list[_File]:
    """The files of what lies there. Raises IntegrityError unless it is this parcel, every byte of it."""
    with _opened(final) as package:
        index = _read_index(package)
        if index["records"] != [_told(record) for record in parcel.records]:
            raise IntegrityError(f"{final.name} is there with other documents than are to be sent")
        if not all(_is_as_listed(package, file) for file in index["files"]):
            raise IntegrityError(f"{final.name} was changed after it was written; move it away")
    return [_File(f["name"], f["bytes"], f["sha256"], f["external_id"]) for f in index["files"]]


def _held(name: str, package: _Package, wanted: Collection[str] | None) -> Iterator[Held]:
    """Records with content: right if their own files are, and the files that they share."""
    index = _read_index(package)
    own: dict[str, list[dict[str, Any]]] = {}
    for file in index["files"]:
        own.setdefault(file["external_id"], []).append(file)
    is_shared_whole = all(_is_as_listed(package, file) for file in own.get("", ()))
    for record in index["records"]:
        external_id = record["external_id"]
        if record["content_sha256"] is None or (wanted is not None and external_id not in wanted):
            continue
        files = own.get(external_id)
        is_whole = all(_is_as_listed(package, f) for f in files) if files else is_shared_whole
        yield Held(
            external_id=external_id,
            receiver_id=name,
            sha256=record["content_sha256"] if is_whole else "0" * 64,
            size_bytes=record["content_bytes"],
        )


def _is_as_listed(package: _Package, file: dict[str, Any]) -> bool:
    try:
        with package.open(file["name"]) as stream:
            return bool(_digest(stream) == file["sha256"])
    except (OSError, KeyError, zipfile.BadZipFile):
        return False


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return _digest(stream)


def _digest(stream: Any) -> str:
    made = hashlib.sha256()
    while piece := stream.read(1 << 20):
        made.update(piece)
    return made.hexdigest()


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
