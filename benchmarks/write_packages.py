"""How fast packages are written, beside the bare copying and hashing of the same files; prints both.

    python benchmarks/write_packages.py [--documents N] [--bytes N] [--large N] [--folder DIR]

The bare loop reads each file, hashes it, writes it and syncs the file system once at the end: what any
copy costs. The ways take turns and the best round of each counts, as disks shared with others vary
(--folder /dev/shm leaves the disk out). "after a kill" writes the package again where everything but
the last document stands in the hidden folder already. Memory is the peak of a process of its own before
and after one large document.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scanindex.delivery_model import ExportRecord, Parcel
from scanindex.ehr.folder import FolderSink
from scanindex.ehr.manifest import ManifestForm
from scanindex.target_file import parse_target
from tests.ehr import records

ROUNDS = 3
FORM = ManifestForm(parse_target("bench", '[target]\nrecipient = "nobody"\n'))


def made(folder: Path, size: int, count: int) -> Parcel:
    """`count` records, each with a file of its own of random bytes."""
    folder.mkdir()
    one = records.record(folder)
    return Parcel(
        name="bench-00000001-x",
        number=1,
        records=tuple(of_random_bytes(one, folder / f"{n:020}-1.pdf", size) for n in range(count)),
    )


def of_random_bytes(one: ExportRecord, path: Path, size: int) -> ExportRecord:
    digest, left = hashlib.sha256(), size
    with path.open("wb") as stream:
        while left > 0:
            piece = os.urandom(min(1 << 20, left)) if left < size else b"%PDF-1.7"
            digest.update(piece)
            left -= stream.write(piece)
    content = dataclasses.replace(
        records.content(records.pdf(path.parent), path.stem),
        path=path,
        size_bytes=path.stat().st_size,
        sha256=digest.hexdigest(),
    )
    return dataclasses.replace(one, external_id=path.stem, content=content)


def bare(parcel: Parcel, out: Path) -> float:
    """Seconds, as all these."""
    out.mkdir()
    began = time.monotonic()
    for record in parcel.records:
        assert record.content is not None
        data = record.content.path.read_bytes()
        assert hashlib.sha256(data).hexdigest() == record.content.sha256
        (out / record.content.file_name).write_bytes(data)
    os.sync()
    return time.monotonic() - began


def packaged(parcel: Parcel, out: Path, *, is_zip: bool = False) -> float:
    began = time.monotonic()
    sink = FolderSink(FORM, out, parcel_documents=len(parcel.records), is_zip=is_zip)
    assert all(receipt.is_taken for receipt in sink.send(parcel))
    return time.monotonic() - began


def again(parcel: Parcel, out: Path) -> float:
    """As after a kill just before the end."""
    packaged(parcel, out)
    whole = out / parcel.name
    whole.rename(out / f".{parcel.name}.part")
    (out / f".{parcel.name}.part" / "documents" / f"{parcel.records[-1].external_id}.pdf").unlink()
    os.sync()
    return packaged(parcel, out)


def timed(work: Callable[[Parcel, Path], float], parcel: Parcel, folder: Path) -> float:
    os.sync()
    seconds = work(parcel, folder / "out")
    shutil.rmtree(folder / "out")
    return seconds


def large(folder: Path, size: int) -> None:
    """Peak memory around one large document, in a process of its own: the maker has held its bytes."""
    parcel = made(folder / "large", size, 1)
    small = made(folder / "small", 1_000, 1)
    sys.stdout.flush()
    if (child := os.fork()) == 0:
        packaged(small, folder / "small-out")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        packaged(parcel, folder / "large-out")
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{size / 1e6:.0f} MB in one document: peak {before:.1f} MB before, {after:.1f} MB after")
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(child, 0)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--documents", type=int, default=3_000)
    options.add_argument("--bytes", type=int, default=100_000)
    options.add_argument("--large", type=int, default=1_000_000_000)
    options.add_argument(
        "--folder", type=Path, help="where to write; a folder on the disk that is to be measured"
    )
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        folder = Path(name)
        if asked.large:
            large(folder, asked.large)
        parcel = made(folder / "archive", asked.bytes, asked.documents)
        ways: dict[str, Callable[[Parcel, Path], float]] = {
            "bare copy and hash": bare,
            "folder": packaged,
            "zip": lambda parcel, out: packaged(parcel, out, is_zip=True),
            "folder, after a kill": again,
        }
        rounds = [{way: timed(work, parcel, folder) for way, work in ways.items()} for _ in range(ROUNDS)]
        floor = min(one["bare copy and hash"] for one in rounds)
        for way in ways:
            seconds = min(one[way] for one in rounds)
            beyond = f"; beyond copying {(seconds - floor) / asked.documents * 1e3:.3f} ms a document"
            rate = f"{asked.documents / seconds:.0f} documents/s"
            print(f"{way}: {seconds:.2f} s, {rate}{beyond if way != 'bare copy and hash' else ''}")


if __name__ == "__main__":
    main()
