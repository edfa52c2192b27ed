"""Scans made for crash tests, and workers that read them without child processes.

A scan is a tiny valid PDF or PNG that carries its page texts inside; `StubWorkers`
reads them back from the *archived original* (so a damaged or swapped one shows)
and makes word boxes that the real extraction and matching work on. Everything
else in these tests is the product itself.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import struct
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from scanindex.errors import CorruptFile, transient
from scanindex.model import (
    Box,
    Document,
    PageKind,
    PageQuality,
    PageReading,
    Scan,
    ScanId,
    ScanInfo,
    TextSource,
    Word,
)
from scanindex.ports import ArchiveStore
from scanindex.settings import Settings
from scanindex.turning import BY_PERSON

_PAYLOAD = re.compile(rb"stub-pages:([A-Za-z0-9+/=]*);")
_WIDTH_PX, _HEIGHT_PX, _LETTER_PX, _LINE_PX = 1700, 2200, 18, 60


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    last: str
    first: str
    born: str
    """ISO."""
    mrn: str


PEOPLE = (
    Person(last="OKONKWOBELL", first="THEODORA", born="1947-08-23", mrn="70418826"),
    Person(last="VANDERSTRAETEN", first="ISOLDE", born="1962-03-14", mrn="70552917"),
    Person(last="QUILLFEATHER", first="BARNABY", born="1931-11-05", mrn="70993604"),
    Person(last="MARCHETTIOLI", first="ROSALBA", born="1978-06-30", mrn="71220458"),
)
STRANGER = Person(last="ZWETSCHGENBERG", first="ALARICH", born="1955-02-17", mrn="99887766")
"""In no roster: a page about them waits for a person."""


def roster_csv() -> str:
    lines = ["mrn,last_name,first_name,birth_date,sex"]
    lines += [f"{p.mrn},{p.last},{p.first},{p.born},F" for p in PEOPLE]
    return "\n".join(lines) + "\n"


def rare_word(serial: str) -> str:
    """A word that no other page holds, nor one that looks like it."""
    digest = hashlib.sha256(serial.encode()).digest()[:14]
    return "".join(chr(ord("a") + byte % 26) for byte in digest)


def page_text(person: Person, serial: str, title: str = "LABORATORY REPORT") -> str:
    """What one page says; `serial` makes its bytes and its search words unique."""
    year, month, day = person.born.split("-")
    return "\n".join(
        (
            title,
            f"Patient Name: {person.last}, {person.first}",
            f"MRN: {person.mrn}",
            f"Date of Birth: {month}/{day}/{year}",
            "Date of Service: 04/02/1998",
            f"Hemoglobin within the usual range specimen {rare_word(serial)}",
        )
    )


def _payload(pages: Sequence[str]) -> bytes:
    return b"stub-pages:" + base64.b64encode(json.dumps(list(pages)).encode()) + b";"


def pdf(pages: Sequence[str]) -> bytes:
    """A PDF that intake finds whole."""
    body = b"%PDF-1.4\n%" + _payload(pages) + b"\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"
    return body + b"xref\n0 1\n0000000000 65535 f \ntrailer\n<< >>\nstartxref\n%d\n%%%%EOF\n" % len(body)


def png(page: str) -> bytes:
    """A one-pixel PNG with a text chunk."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    text = chunk(b"tEXt", b"Comment\0" + _payload([page]))
    pixels = chunk(b"IDAT", zlib.compress(b"\0\0"))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + text + pixels + chunk(b"IEND", b"")


def two_documents(serial: str) -> bytes:
    """One scan that splits into two documents, both filed by the machine."""
    one, two = PEOPLE[0], PEOPLE[1]
    return pdf([page_text(one, f"{serial}a"), page_text(two, f"{serial}b", "DISCHARGE SUMMARY")])


def pages_in(data: bytes) -> list[str]:
    """Raises CorruptFile where the bytes are no scan of ours."""
    found = _PAYLOAD.search(data)
    if found is None:
        raise CorruptFile("no payload")
    pages: list[str] = json.loads(base64.b64decode(found.group(1)))
    return pages


def reading_of(text: str, scan_page_no: int) -> PageReading:
    """The page as a very good reader would see it."""
    words = []
    for line_no, line in enumerate(text.splitlines(), start=1):
        left = 100
        for token in line.split():
            right = left + _LETTER_PX * len(token)
            top = 100 + _LINE_PX * line_no
            box = Box(left_px=left, top_px=top, right_px=right, bottom_px=top + 32)
            words.append(
                Word(text=token, box=box, confidence=0.99, engine="stub", line_no=line_no, second_text=token)
            )
            left = right + _LETTER_PX
    quality = PageQuality(dpi=200, skew_degrees=0, contrast=0.9, ink_share=0.04, legibility=0.97)
    return PageReading(
        scan_page_no=scan_page_no,
        kind=PageKind.CONTENT if words else PageKind.BLANK,
        width_px=_WIDTH_PX,
        height_px=_HEIGHT_PX,
        dpi=200,
        rotation_degrees=0,
        words=tuple(words),
        quality=quality,
        text_source=TextSource.OCR,
        engines=("stub 1", "stub 2"),
    )


class StubWorkers:
    """`ports.Workers` in the calling process.

    delay_seconds: pause per page. fail: called with what is about to be done and
    the scan; may raise what real workers raise.
    """

    def __init__(
        self,
        settings: Settings,
        archive: ArchiveStore,
        delay_seconds: float = 0.0,
        fail: Callable[[str, Scan], None] = lambda step, scan: None,
    ) -> None:
        self._spool = settings.spool
        self._archive = archive
        self._delay_seconds = delay_seconds
        self._fail = fail

    def inspect(self, scan: Scan) -> ScanInfo:
        self._fail("inspect", scan)
        return ScanInfo(media_type=scan.media_type, page_count=len(pages_in(self._bytes(scan))))

    def read_pages(self, scan: Scan, page_count: int) -> list[PageReading]:
        return [self._read_or_load(scan, no) for no in range(1, page_count + 1)]

    def reread_page(self, scan: Scan, scan_page_no: int, *, fresh: bool = True) -> PageReading:
        if fresh:
            self._checkpoint(scan, scan_page_no).unlink(missing_ok=True)
        return self._read_or_load(scan, scan_page_no)

    def assemble(
        self, scan: Scan, document: Document, readings: Sequence[PageReading], staged: Path
    ) -> tuple[str, ...]:
        self._fail("assemble", scan)
        content = b"%PDF-1.4 assembled\n" + "\n\f".join(r.text for r in readings).encode()
        try:
            (staged / "document.pdf").write_bytes(content)
        except OSError as error:
            raise transient(error) from None
        return tuple("render:stub" for _ in document.pages)

    def rest(self, scan_id: ScanId) -> None:
        """Nothing is kept ready here."""

    def forget(self, scan_id: ScanId) -> None:
        folder = self._spool / scan_id
        try:
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()
        except OSError:
            pass

    # --- inside --------------------------------------------------------------
    def _bytes(self, scan: Scan) -> bytes:
        try:
            data = self._archive.path(scan.scan_id).read_bytes()
        except OSError as error:
            raise transient(error) from None
        assert hashlib.sha256(data).hexdigest() == scan.scan_id, "the archived original is not what came"
        return data

    def _checkpoint(self, scan: Scan, scan_page_no: int) -> Path:
        return self._spool / scan.scan_id / f"page-{scan_page_no:04d}.json"

    def _read_or_load(self, scan: Scan, scan_page_no: int) -> PageReading:
        checkpoint = self._checkpoint(scan, scan_page_no)
        try:
            return msgspec.json.decode(checkpoint.read_bytes(), type=PageReading)
        except (FileNotFoundError, msgspec.MsgspecError):
            pass
        except OSError as error:
            raise transient(error) from None
        self._fail("read", scan)
        if self._delay_seconds:
            time.sleep(self._delay_seconds)
        reading = reading_of(pages_in(self._bytes(scan))[scan_page_no - 1], scan_page_no)
        if (turn := scan.turn_of(scan_page_no)) is not None:
            told = (*reading.problems, BY_PERSON)
            reading = dataclasses.replace(reading, rotation_degrees=turn, problems=told)
        try:
            checkpoint.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial = checkpoint.with_suffix(".partial")
            partial.write_bytes(msgspec.json.encode(reading))
            partial.replace(checkpoint)
        except OSError as error:
            raise transient(error) from None
        return reading
