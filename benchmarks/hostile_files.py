#!/usr/bin/env python3
"""Write a folder of hostile and odd files, the same ones each time.

    benchmarks/hostile_files.py OUT

OUT gets `files/` (what goes into the inbox), `roster.csv` (the invented people of
the demo) and `expected.json`: for each file whose chart it shows (`owners`, MRNs
under which it may be filed) and whether it is damaged (then nothing of it may be
filed without a person). `special(inbox)` makes what cannot lie in an ordinary
folder: links, pipes, sockets, sparse files, names no sane program writes. Only
the two encrypted PDFs differ between runs: they need fresh random keys.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import socket
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.hostile import pdfs, pictures, wrapped  # noqa: E402
from benchmarks.hostile.pictures import tiny_page  # noqa: E402
from benchmarks.hostile.register import CAST, MAKERS, OWNED, WHOLE, file  # noqa: E402
from scanindex.demo import people  # noqa: E402
from tests.pages import make_odd_files as odd  # noqa: E402

MARK = "hx_"
"""Every file name holds it, so that a name in a log is found."""
DAMAGE_WORDS = ("cut", "zero_block", "damaged", "garbage", "bomb", "broken", "beyond", "loop", "huge_header")
MODULES = (pdfs, pictures, wrapped)
"""Importing them filled the register."""
Expected = dict[str, Any]


# --- no scans at all ---------------------------------------------------------------------------
def _zip(entries: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in entries.items():
            packed.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


_LAUGHS = "".join(f'<!ENTITY l{i + 1} "{f"&l{i};" * 10}">' for i in range(12))
FOREIGN: dict[str, Callable[[], bytes]] = {
    "paths.tif": lambda: b"/etc/hostname\n/etc/passwd\n",
    "paths.txt": lambda: b"/etc/hostname\n",
    "script.eps": lambda: (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n(x) (w) file pop showpage\n%%EOF\n"
    ),
    "script.ps": lambda: b"%!PS\n{ } loop\n",
    "script_named.pdf": lambda: b"%!PS-Adobe-3.0\nshowpage\n%%EOF\n",
    "drawing.svg": lambda: (
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/hostname"/></svg>'
    ),
    "drawing.mvg": lambda: (
        b"push graphic-context\nfill 'url(https://192.0.2.1/x.jpg|id)'\npop graphic-context\n"
    ),
    "letter.docx": lambda: _zip({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>"}),
    "many.zip": lambda: _zip({"a.pdf": WHOLE["chart.pdf"]()}),
    "bomb.zip": lambda: _zip({"zeros": bytes(300 << 20)}),
    "page.html": lambda: b"<!doctype html><script>alert(1)</script>",
    "laughs.xml": lambda: (
        f'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l0 "ha">{_LAUGHS}]><l>&l12;</l>'.encode()
    ),
    "program.exe": lambda: b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(500),
    "program.elf": lambda: b"\x7fELF" + bytes(500),
    "packed.pdf.gz": lambda: gzip.compress(WHOLE["chart.pdf"](), mtime=0),
    "film.mp4": lambda: b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(2000),
    "still.avif": lambda: b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(2000),
    "study.dcm": lambda: bytes(128) + b"DICM" + bytes(500),
    "paint.psd": lambda: b"8BPS\0\1" + bytes(500),
    "note.rtf": lambda: rb"{\rtf1 hello}",
    "zeros.pdf": lambda: bytes(100_000),
    "noise.jpg": lambda: random.Random(9).randbytes(20_000),
    "one_byte.pdf": lambda: b"%",
    "header_only.pdf": lambda: b"%PDF-1.4\n",
    "header_and_end.pdf": lambda: b"%PDF-1.4\nstartxref\n0\n%%EOF\n",
    "header_only.tif": lambda: b"II*\0\x08\0\0\0",
    "header_only.jpg": lambda: b"\xff\xd8\xff\xe0",
    "header_only.png": lambda: b"\x89PNG\r\n\x1a\n",
    "header_only.gif": lambda: b"GIF89a",
    "header_only.webp": lambda: b"RIFF\0\0\0\0WEBP",
    "header_only.bmp": lambda: b"BM" + bytes(12) + b"\x28\0\0\0" + bytes(40),
    "header_only.heic": lambda: b"\0\0\0\x18ftypheic\0\0\0\0heicmif1",
    "header_only.j2k": lambda: b"\xff\x4f\xff\x51",
}
for _name, _make in FOREIGN.items():
    file(_name, damaged=True)(_make)
for _name, _make in odd.MAKERS.items():
    file(_name, damaged=any(word in _name for word in DAMAGE_WORDS))(_make)


# --- names and entries -------------------------------------------------------------------------
NAMES = (
    b"@%s.tif",
    b"-rf %s.tif",
    b"$(touch %s).tif",
    b"`%s`; rm x.tif",
    b"%s' OR 1=1 --.tif",
    b"%s\n09:00:00 filed.tif",
    b"%s\x1b[2J\x1b]0;title\x07.tif",
    b"%s\xff\xfe not UTF-8.tif",
    "%s‮fdp.tif".encode(),
    "%s 🩻 é è.tif".encode(),
    b"%s.tif.exe",
    b"%s no ending",
    b" %s leading and trailing .tif ",
    b"%s%%s%%n{}{0}.tif",
)


def odd_names() -> Iterator[bytes]:
    for number, name in enumerate(NAMES):
        yield name.replace(b"%s", f"{MARK}n{number}".encode(), 1)
    yield MARK.encode() + b"l" * (255 - len(MARK) - 4) + b".tif"


def special(inbox: Path) -> dict[str, int]:
    """Entries that only a file system can hold; how many files, refused entries and clutter they are."""
    root = os.fsencode(inbox)
    files = 0
    for number, raw in enumerate(odd_names()):
        Path(os.fsdecode(os.path.join(root, raw))).write_bytes(odd.tiff([tiny_page(8 + number, 4)]))  # noqa: PTH118
        files += 1
    folder = inbox / f"{MARK}folder\nwith a line" / "-x" / "\x1b[31m"
    folder.mkdir(parents=True)
    (folder / f"{MARK}inner.tif").write_bytes(odd.tiff([tiny_page(50, 1)]))
    (inbox / f"{MARK}nothing.pdf").touch()
    files += 2
    outside = inbox.parent / "outside.pdf"
    outside.write_bytes(WHOLE["chart.pdf"]())
    (inbox / f"{MARK}link.pdf").symlink_to(outside)
    (inbox / f"{MARK}dangling.pdf").symlink_to(inbox / "nowhere")
    (inbox / f"{MARK}link_to_folder").symlink_to(inbox.parent)
    (inbox / f"{MARK}device.pdf").symlink_to("/dev/zero")
    os.mkfifo(inbox / f"{MARK}pipe.pdf")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(inbox / f"{MARK}socket.pdf"))
    with (inbox / f"{MARK}sparse.tif").open("wb") as stream:
        stream.write(b"II*\0")
        stream.truncate(1 << 40)
    deep = inbox.joinpath(*(f"{MARK}deep{level}" for level in range(12)))
    deep.mkdir(parents=True)
    (deep / f"{MARK}too_deep.tif").write_bytes(odd.tiff([tiny_page(60, 1)]))
    for name in (".DS_Store", "Thumbs.db", "~$letter.docx", "scan.part"):
        (inbox / name).write_bytes(b"clutter")
    return {"files": files, "refused": 8, "clutter": 4}


def write(out: Path) -> dict[str, Expected]:
    """All ordinary files, the roster and what is expected of each; returns the expectations."""
    files = out / "files"
    files.mkdir(parents=True, exist_ok=True)
    people.write_roster(CAST, out / "roster.csv")
    expected: dict[str, Expected] = {}
    for name, make in sorted(MAKERS.items()):
        owners, damaged = OWNED[name]
        (files / f"{MARK}{name}").write_bytes(make())
        expected[f"{MARK}{name}"] = {"owners": owners.split(), "damaged": damaged}
    (out / "expected.json").write_text(json.dumps(expected, indent=1), "utf-8")
    return expected


if __name__ == "__main__":
    made = write(Path(sys.argv[1]))
    sys.stderr.write(f"{len(made)} files\n")
