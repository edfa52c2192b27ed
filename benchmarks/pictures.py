#!/usr/bin/env python3
"""How long a clerk waits for the picture of a page: kept ready, and drawn from the original.

    benchmarks/pictures.py [--users 20] [--rounds 12] [--load] [--reading] [--kinds a,b] [--json FILE]

Makes one original of each kind (born-digital PDF, 300 dpi grey JPEG in a PDF, G4 TIFF of 100
pages of which the 90th is wanted, colour photo, A3 at 600 dpi), puts it into a fresh workspace
as a scan that nobody read, and asks `Pictures` for it in three ways: alone and not kept, kept,
and `--users` people at once who leaf through kept pages and now and then meet one that is not.
--load reads pages with the OCR engine in one more process all the while, as the service does.
Prints p50, p95 and the largest in milliseconds and the bytes of the picture; also what making
the two pictures at reading time adds to a page. Everything is seeded and made here.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

# Children import this file too: what is heavy is imported where it is used, as in `scanindex.__main__`.
if TYPE_CHECKING:
    from PIL.Image import Image

    from scanindex import app
    from scanindex.model import Scan

WORDS = ("patient", "seen", "today", "cough", "and", "fever", "since", "three", "days", "takes", "metformin")
PDF, TIFF, JPEG = "application/pdf", "image/tiff", "image/jpeg"
KINDS = {
    "digital": (PDF, 1),
    "grey_pdf": (PDF, 1),
    "g4_tiff_p90": (TIFF, 90),
    "colour_photo": (JPEG, 1),
    "a3_600dpi": (PDF, 1),
}


# --- originals ------------------------------------------------------------------
def _sheet(width_px: int, height_px: int, seed: int) -> Image:
    from PIL import Image, ImageDraw, ImageFont

    chance = random.Random(seed)
    sheet = Image.new("L", (width_px, height_px), 255)
    pen, letters = ImageDraw.Draw(sheet), height_px // 78
    font = ImageFont.load_default(size=letters)
    for top in range(height_px // 16, height_px * 15 // 16, letters * 3 // 2):
        pen.text((width_px // 12, top), " ".join(chance.choices(WORDS, k=10)), font=font, fill=25)
    return sheet


def _coloured(sheet: Image, seed: int) -> Image:
    import numpy as np
    from PIL import Image

    grain = np.random.default_rng(seed).normal(0, 4, (sheet.height, sheet.width, 1))
    paper = np.asarray(sheet, dtype=np.float32)[:, :, None] * np.array([0.98, 0.95, 0.86]) + grain
    pixels = np.clip(paper, 0, 255).astype(np.uint8)
    pixels[: sheet.height // 20, :, 0] //= 2
    return Image.fromarray(pixels)


def make(kind: str) -> bytes:
    stream = io.BytesIO()
    if kind == "digital":
        from reportlab.pdfgen.canvas import Canvas

        page = Canvas(stream, (612, 792), invariant=1)
        for line in range(55):
            page.drawString(50, 740 - 12 * line, " ".join(random.Random(line).choices(WORDS, k=12)))
        page.save()
    elif kind == "grey_pdf":
        from scanindex.demo.scanner import scanned

        scanned(_sheet(2550, 3300, 1), 1).save(stream, "PDF", resolution=300, quality=80)
    elif kind == "g4_tiff_p90":
        pages = [_sheet(1728, 2200, seed).convert("1") for seed in range(4)] * 25
        pages[0].save(
            stream, "TIFF", compression="group4", dpi=(204, 204), save_all=True, append_images=pages[1:]
        )
    elif kind == "colour_photo":
        _coloured(_sheet(3024, 4032, 2), 2).save(stream, "JPEG", quality=88)
    else:
        _coloured(_sheet(7016, 9921, 3), 3).save(stream, "PDF", resolution=600, quality=80)
    return stream.getvalue()


def take_in(workspace: app.Workspace, data: bytes, media_type: str, pages: int) -> Scan:
    from scanindex.model import Preset, Scan, ScanState

    scan_id, size = workspace.archive.put(io.BytesIO(data))
    scan = Scan(
        scan_id=scan_id,
        size_bytes=size,
        media_type=media_type,
        name="",
        preset=Preset(),
        state=ScanState.RECEIVED,
        page_count=pages,
        received_at=datetime(2020, 1, 1, tzinfo=UTC),
    )
    with workspace.catalog.write() as unit:
        unit.scans.add(scan)
    return scan


# --- measuring --------------------------------------------------------------------
def wait_for(workspace: app.Workspace, scan: Scan, page_no: int, width: Any) -> tuple[float, int]:
    """Milliseconds until its bytes are in hand, as the web would send them; how many they are."""
    started = time.perf_counter()
    picture = workspace.pictures.picture(scan, page_no, width, 0, workspace.services)
    size = len(picture.path.read_bytes())
    return (time.perf_counter() - started) * 1000, size


def told(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "p50": round(statistics.median(ordered), 1),
        "p95": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 1),
        "max": round(ordered[-1], 1),
        "n": len(ordered),
    }


def alone(workspace: app.Workspace, scan: Scan, page_no: int, rounds: int) -> dict[str, Any]:
    """One person: pictures that are not kept, each by a child of its own, then kept ones."""
    found: dict[str, Any] = {}
    for width in ("thumb", "screen", "full"):
        drawn, size = [], 0
        for _ in range(rounds):
            workspace.pictures.forget(scan.scan_id)
            milliseconds, size = wait_for(workspace, scan, page_no, width)
            drawn.append(milliseconds)
        kept = [wait_for(workspace, scan, page_no, width)[0] for _ in range(rounds * 5)]
        found[width] = {"bytes": size, "drawn": told(drawn), "kept": told(kept)}
    return found


def many(workspace: app.Workspace, scan: Scan, users: int, turns: int, missing: float) -> dict[str, Any]:
    """Users leafing through a stack of 100 pages; `missing`: share of pages that are not kept."""
    ready = [wait_for(workspace, scan, no, "screen") for no in range(1, 41)]

    def leaf(seed: int) -> list[tuple[bool, float]]:
        chance = random.Random(seed)
        found = []
        for turn in range(turns):
            is_missing = chance.random() < missing
            number = 41 + (seed * turns + turn) % 60 if is_missing else chance.randint(1, 40)
            found.append((is_missing, wait_for(workspace, scan, number, "screen")[0]))
            time.sleep(chance.uniform(0.2, 0.8))  # looking at it
        return found

    with ThreadPoolExecutor(users) as people:
        waits = [one for person in people.map(leaf, range(users)) for one in person]
    return {
        "all": told([ms for _, ms in waits]),
        "not_kept": told([ms for is_missing, ms in waits if is_missing] or [0.0]),
        "bytes": ready[0][1],
    }


def at_reading(workspace: app.Workspace, scan: Scan, page_no: int, folder: Path) -> dict[str, float]:
    """Milliseconds of processor time that decoding takes, and what the two pictures add (warm, in here)."""
    from scanindex import child
    from scanindex.settings import PagesSettings

    path, spent = workspace.archive.path(scan.scan_id), {}
    for name, pictures in (("decode", None), ("decode_and_draw", folder / "pictures")):
        times = []
        for _ in range(4):
            started = time.process_time()
            child.rasterise(path, scan.media_type, page_no, PagesSettings(), folder / "p.grey", pictures)
            times.append((time.process_time() - started) * 1000)
        spent[name] = round(min(times), 1)
    spent["pictures"] = round(spent["decode_and_draw"] - spent["decode"], 1)
    return spent


def page_seconds(workspace: app.Workspace, scan: Scan) -> float:
    """Processor and engine seconds that reading the page takes in all, with the settings as shipped."""
    reading = workspace.services.workers.reread_page(scan, 1)
    return round(sum(reading.stage_seconds.values()), 2)


@contextlib.contextmanager
def load(is_wanted: bool, folder: Path) -> Iterator[None]:
    """An OCR engine at work on one core, nice as the service's readers are."""
    if not is_wanted:
        yield
        return
    page = folder / "load.png"
    _sheet(1700, 2200, 9).save(page)
    command = f"while :; do OMP_THREAD_LIMIT=1 nice -n 10 tesseract {page} - >/dev/null 2>&1; done"
    with subprocess.Popen(["sh", "-c", command], start_new_session=True) as running:
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--load", action="store_true")
    parser.add_argument("--reading", action="store_true", help="read a page of each kind, too")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--json", type=Path)
    wanted = parser.parse_args()
    from scanindex import app
    from scanindex.settings import Settings

    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        settings = Settings(home=home)
        app.initialise(settings)
        workspace = app.open_workspace(settings)
        workspace.pictures.warm_up()
        with contextlib.closing(workspace), load(wanted.load, home):
            for kind in wanted.kinds.split(","):
                media_type, page_no = KINDS[kind]
                data = make(kind)
                scan = take_in(workspace, data, media_type, 100 if media_type == TIFF else 1)
                one = alone(workspace, scan, page_no, wanted.rounds)
                reading = at_reading(workspace, scan, page_no, home)
                found[kind] = {"original_bytes": len(data), "pictures": one, "at_reading_ms": reading}
                if wanted.reading:
                    found[kind]["page_seconds"] = page_seconds(workspace, scan)
                sys.stdout.write(f"{kind}: {json.dumps(found[kind])}\n")
                if media_type == TIFF:
                    people = {
                        f"missing_{share:.0%}": many(workspace, scan, wanted.users, wanted.rounds, share)
                        for share in (0.0, 0.05)
                    }
                    found["users"] = people
                    sys.stdout.write(f"{wanted.users} users: {json.dumps(people)}\n")
                sys.stdout.flush()
    if wanted.json:
        wanted.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
