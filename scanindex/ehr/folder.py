"""Packages on disk: a folder or a zip file per parcel, whole or not there at all.

Promises: a parcel is written beside its final place and appears by one rename once every byte is on
disk; broken off anywhere, sending it again begins anew and ends in the same bytes; what stands there
already is checked and not written again. `parcel.json` counts and hashes every file, and
`sha256sums.txt` lets anybody check them with `sha256sum -c`. Leaves out what the files say (a
`FileForm`).
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from scanindex.delivery_model import ExportRecord, Held, Parcel, Problem, Receipt
from scanindex.ehr import parts
from scanindex.ehr.forms import FileForm, NamedParts
from scanindex.errors import IntegrityError, NotAllowedNow, transient

INDEX, SUMS = "parcel.json", "sha256sums.txt"
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_MOST_INDEX_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class _File:
    """One written file, as `parcel.json` lists it."""

    name: str
    size_bytes: int
    sha256: str
    external_id: str


class FolderSink:
    """See `ports.EhrSink`."""

    def __init__(self, form: FileForm, folder: Path, *, parcel_documents: int, is_zip: bool = False) -> None:
        """folder: where parcels appear; made where it is not there."""
        self._form, self._folder = form, folder
        self._parcel_documents = parcel_documents
        self._is_zip = is_zip

    @property
    def parcel_documents(self) -> int:
        return max(2, self._parcel_documents)  # one alone is a parcel too, never a stream of records

    def problems(self, record: ExportRecord) -> Sequence[Problem]:
        return self._form.problems(record)

    def send(self, parcel: Parcel) -> Iterator[Receipt]:
        with _disk():
            final = self._folder / (f"{parcel.name}.zip" if self._is_zip else parcel.name)
            if not final.exists():
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._write(parcel, final)
            sizes = self._sizes(final, parcel)
        for record in parcel.records:
            yield Receipt(
                external_id=record.external_id,
                is_taken=True,
                code="written",
                receiver_ids=(final.name,),
                sent_bytes=sizes.get(record.external_id, 0),
            )

    def inventory(self, external_ids: Collection[str] | None = None) -> Iterator[Held]:
        """What lies there, every file hashed. A parcel that the receiver took away is not known here."""
        parcels = (
            sorted(p for p in self._folder.glob("*") if not p.name.startswith(".")) if self._there() else []
        )
        found = [p for p in parcels if _is_parcel(p)]
        if not found:
            raise NotAllowedNow(
                "no package lies in the folder: if the receiver took them, compare with its own list "
                "(`export reconcile TARGET --listing FILE`)"
            )
        for place in found:
            with _disk(), _opened(place) as package:
                yield from _held(place.name, package, external_ids)

    def close(self) -> None:
        pass

    def _there(self) -> bool:
        return self._folder.is_dir()

    # --- writing --------------------------------------------------------------------------
    def _write(self, parcel: Parcel, final: Path) -> None:
        """Into a hidden place beside it, then there by a rename."""
        staging = self._folder / f".{final.name}.part"
        _remove(staging)
        if self._is_zip:
            with _zip_writer(staging) as add:
                self._fill(parcel, add)
            with staging.open("rb") as stream:
                os.fsync(stream.fileno())
        else:
            staging.mkdir(mode=0o700)
            self._fill(parcel, lambda name, write: _write_file(staging / name, write))
            _sync_tree(staging)
        staging.rename(final)
        _sync_folder(self._folder)

    def _fill(self, parcel: Parcel, add: _Add) -> None:
        files = [
            _written(add, named, record.external_id)
            for record in parcel.records
            for named in self._form.files(record)
        ]
        files += [_written(add, named, "") for named in self._form.closing(parcel)]
        sums = "".join(f"{f.sha256}  {f.name}\n" for f in files)
        index = _written(add, (INDEX, [_index_of(parcel, files)]), "")
        _written(add, (SUMS, [f"{sums}{index.sha256}  {INDEX}\n".encode()]), "")

    def _sizes(self, final: Path, parcel: Parcel) -> dict[str, int]:
        """Bytes of each record's files; also the check that what lies there is this parcel."""
        with _opened(final) as package:
            index = _read_index(package)
        wanted = [r.external_id for r in parcel.records]
        if [r["external_id"] for r in index["records"]] != wanted:
            raise IntegrityError(f"{final.name} is there with other documents than are to be sent")
        sizes: dict[str, int] = {}
        for file in index["files"]:
            sizes[file["external_id"]] = sizes.get(file["external_id"], 0) + file["bytes"]
        return sizes


_Write = Callable[[BinaryIO], Any]
_Add = Callable[[str, _Write], None]


def _written(add: _Add, named: NamedParts, external_id: str) -> _File:
    name, pieces = named
    made, size = hashlib.sha256(), 0

    def write(stream: BinaryIO) -> None:
        nonlocal size
        for piece in parts.chunks(pieces):
            made.update(piece)
            size += stream.write(piece)

    add(name, write)
    return _File(name, size, made.hexdigest(), external_id)


def _write_file(path: Path, write: _Write) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("xb") as stream:
        write(stream)
    path.chmod(0o600)


@contextlib.contextmanager
def _zip_writer(path: Path) -> Iterator[_Add]:
    """Stored, in order, without times of this machine: equal parcels give equal files."""
    with zipfile.ZipFile(path, "x", zipfile.ZIP_STORED, allowZip64=True) as package:
        path.chmod(0o600)

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
        "records": [
            {
                "external_id": r.external_id,
                "action": r.action,
                "replaces": r.replaces,
                "content_sha256": r.content.sha256 if r.content else None,
                "content_bytes": r.content.size_bytes if r.content else None,
            }
            for r in parcel.records
        ],
        "files": [
            {"name": f.name, "bytes": f.size_bytes, "sha256": f.sha256, "external_id": f.external_id}
            for f in files
        ],
    }
    return (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode("utf-8")


# --- reading back -------------------------------------------------------------------------
class _Package:
    """A folder or zip file, read alike."""

    def __init__(self, place: Path, package: zipfile.ZipFile | None) -> None:
        self._place, self._package = place, package

    def open(self, name: str) -> Any:
        """A binary stream. Raises OSError or KeyError where it is not there."""
        return self._package.open(name) if self._package else (self._place / name).open("rb")


@contextlib.contextmanager
def _opened(place: Path) -> Iterator[_Package]:
    if place.suffix == ".zip":
        try:
            with zipfile.ZipFile(place) as package:
                yield _Package(place, package)
        except zipfile.BadZipFile:
            raise IntegrityError(f"{place.name} is damaged") from None
    else:
        yield _Package(place, None)


def _is_parcel(place: Path) -> bool:
    return place.suffix == ".zip" if place.is_file() else (place / INDEX).is_file()


def _read_index(package: _Package) -> dict[str, Any]:
    try:
        with package.open(INDEX) as stream:
            index: dict[str, Any] = json.loads(stream.read(_MOST_INDEX_BYTES))
            return index
    except (OSError, KeyError, ValueError):
        raise IntegrityError(f"a package lies there without a readable {INDEX}") from None


def _held(name: str, package: _Package, wanted: Collection[str] | None) -> Iterator[Held]:
    index = _read_index(package)
    records = {r["external_id"]: r for r in index["records"]}
    whole: dict[str, bool] = {}
    for file in index["files"]:
        if (owner := file["external_id"]) and (wanted is None or owner in wanted):
            whole[owner] = whole.get(owner, True) and _is_as_listed(package, file)
    for external_id, is_whole in whole.items():
        record = records[external_id]
        yield Held(
            external_id=external_id,
            receiver_id=name,
            sha256=record["content_sha256"] if is_whole else "0" * 64,
            size_bytes=record["content_bytes"],
        )


def _is_as_listed(package: _Package, file: dict[str, Any]) -> bool:
    try:
        with package.open(file["name"]) as stream:
            made = hashlib.sha256()
            while piece := stream.read(1 << 20):
                made.update(piece)
    except (OSError, KeyError, zipfile.BadZipFile):
        return False
    return bool(made.hexdigest() == file["sha256"])


# --- disk ---------------------------------------------------------------------------------
@contextlib.contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise transient(error) from None


def _remove(place: Path) -> None:
    if place.is_dir():
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
