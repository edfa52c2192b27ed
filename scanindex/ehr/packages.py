"""What a package holds besides the documents: its list, and how it is checked by that list.

Read with distrust: a package may have been with a receiver. Promises: nothing outside the package is
opened whatever the list says; a document counts as held only if every file of it has the hash that
was listed. Leaves out writing (folder.py).
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from scanindex.delivery_model import ExportRecord, Held, Parcel
from scanindex.errors import IntegrityError

INDEX, SUMS = "parcel.json", "sha256sums.txt"
_MOST_INDEX_BYTES = 1 << 30
DAMAGED = "0" * 64
"""In place of the hash of what lies there otherwise than it was written."""


_OURS = re.compile(r"[0-9a-z]{20}-[0-9]{1,6}(-note)?\.[a-z0-9]{2,6}")
"""Names of files that are made from an external id."""


class PackagedFile(msgspec.Struct, frozen=True):
    """One written file, as `parcel.json` lists it."""

    name: str
    bytes: int
    sha256: str
    external_id: str
    """Of the record that it belongs to alone; "" where records share it."""


class _Record(msgspec.Struct, frozen=True):
    external_id: str
    action: str
    replaces: str | None
    content_sha256: str | None
    content_bytes: int | None


class _Index(msgspec.Struct, frozen=True):
    format: int
    parcel: str
    records_total: int
    bytes_total: int
    records: list[_Record]
    files: list[PackagedFile]


def index_of(parcel: Parcel, files: Sequence[PackagedFile]) -> bytes:
    """`parcel.json`."""
    told = _Index(
        format=1,
        parcel=parcel.name,
        records_total=len(parcel.records),
        bytes_total=sum(file.bytes for file in files),
        records=[_told(record) for record in parcel.records],
        files=list(files),
    )
    return msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n"


def _told(record: ExportRecord) -> _Record:
    content = record.content
    return _Record(
        external_id=record.external_id,
        action=str(record.action),
        replaces=record.replaces,
        content_sha256=content.sha256 if content else None,
        content_bytes=content.size_bytes if content else None,
    )


class Package:
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

    def has(self, name: str) -> bool:
        if self._package is not None:
            return name in self._package.namelist()
        return (self._place / name).is_file()

    def names(self) -> Iterator[str]:
        """Of everything in it but folders, as its list would name it."""
        if self._package is not None:
            yield from (name for name in self._package.namelist() if not name.endswith("/"))
            return
        for path in self._place.rglob("*"):
            if path.is_symlink() or not path.is_dir():
                yield path.relative_to(self._place).as_posix()


@contextlib.contextmanager
def opened(place: Path) -> Iterator[Package]:
    """Raises IntegrityError."""
    if place.suffix == ".zip":
        try:
            with zipfile.ZipFile(place) as package:
                yield Package(place, package)
        except zipfile.BadZipFile:
            raise IntegrityError(f"{place.name} is damaged") from None
    else:
        yield Package(place, None)


def _read_index(package: Package) -> _Index:
    try:
        with package.open(INDEX) as stream:
            return msgspec.json.decode(stream.read(_MOST_INDEX_BYTES), type=_Index)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        raise IntegrityError(f"a package lies there without a {INDEX} that can be read") from None


def whole(place: Path, parcel: Parcel) -> list[PackagedFile]:
    """The files of what lies there. Raises IntegrityError unless it is this parcel, every byte of it."""
    with opened(place) as package:
        index = _read_index(package)
        if index.records != [_told(record) for record in parcel.records]:
            raise IntegrityError(f"{place.name} is there with other documents than are to be sent")
        if not all(_is_as_listed(package, file) for file in index.files):
            raise IntegrityError(f"{place.name} was changed after it was written")
    return index.files


def held(name: str, package: Package, wanted: Collection[str] | None) -> Iterator[Held]:
    """Records with content: right if their own files are, or else the files that they share; what has
    a file that is gone is not held. Raises IntegrityError."""
    index = _read_index(package)
    own: dict[str, list[PackagedFile]] = {}
    for file in index.files:
        own.setdefault(file.external_id, []).append(file)
    is_shared_whole = all(_is_as_listed(package, file) for file in own.get("", ()))
    for record in index.records:
        if record.content_sha256 is None or (wanted is not None and record.external_id not in wanted):
            continue
        files = own.get(record.external_id)
        if files and not all(package.has(f.name) for f in files):
            continue
        is_whole = all(_is_as_listed(package, f) for f in files) if files else is_shared_whole
        yield Held(
            external_id=record.external_id,
            receiver_id=name,
            sha256=record.content_sha256 if is_whole else DAMAGED,
            size_bytes=record.content_bytes,
        )


def replaced_in(package: Package) -> set[str]:
    """External ids that its records replace or cancel. Raises IntegrityError."""
    return {record.replaces for record in _read_index(package).records if record.replaces}


def unlisted(package: Package) -> tuple[list[str], int]:
    """Files that its list lacks: names made like ours, and how many there are in all. Raises
    IntegrityError."""
    listed = {INDEX, SUMS, *(file.name for file in _read_index(package).files)}
    folders = {name.rpartition("/")[0] for name in listed}
    strays = sorted({*package.names()} - listed)
    ours = [s for s in strays if s.rpartition("/")[0] in folders and _OURS.fullmatch(s.rpartition("/")[2])]
    return ours, len(strays)


def once(entries: Iterable[Held]) -> Iterator[Held]:
    """Without damaged copies of documents that are whole in another package: they were sent again."""
    found = list(entries)
    whole_ones = {one.external_id for one in found if one.sha256 != DAMAGED}
    yield from (one for one in found if one.sha256 != DAMAGED or one.external_id not in whole_ones)


def _is_as_listed(package: Package, file: PackagedFile) -> bool:
    try:
        with package.open(file.name) as stream:
            return _digest(stream) == file.sha256
    except (OSError, KeyError, zipfile.BadZipFile):
        return False


def hash_of(path: Path) -> str:
    with path.open("rb") as stream:
        return _digest(stream)


def _digest(stream: Any) -> str:
    made = hashlib.sha256()
    while piece := stream.read(1 << 20):
        made.update(piece)
    return made.hexdigest()
