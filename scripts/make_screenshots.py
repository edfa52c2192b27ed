"""Pictures of the screens for docs/images, from the demo's invented people: see scripts/make-screenshots.

The batch is drawn, dropped and read by the program as anybody runs it; then somebody of each role
logs in and looks. Pictures are reduced to a palette, so that all of them together stay small.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanindex import app, people
from scanindex.access_model import Access, StaffRole
from scanindex.demo import batch, charts, clinic, make
from scanindex.demo import people as cast_of
from scanindex.model import DocumentState
from scanindex.services import Services
from scanindex.settings import load

REPOSITORY = Path(__file__).resolve().parent.parent
IMAGES = REPOSITORY / "docs" / "images"
DESK, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
MOST_BYTES, MOST_BYTES_TOGETHER = 120_000, 1_500_000
_PALETTES = ((18, 110), (12, 80), (9, 40))
"""Greys and colours."""
_PASSWORD = "violet kettles drift"
_STAFF = {
    "ann": ("Ann Weaver", (StaffRole.ADMINISTRATOR, StaffRole.SUPERVISOR, StaffRole.CLERK)),
    "bo": ("Bo Lee", (StaffRole.CLERK,)),
    "eve": ("Eve Marsh", (StaffRole.AUDITOR,)),
}
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)
_PATIENCE_MS = 60_000
_SETTLED_MS = 900
_SETTINGS = {
    "SCANINDEX_INTAKE_SETTLE_SECONDS": "0.3",
    "SCANINDEX_INTAKE_POLL_SECONDS": "0.5",
    "SCANINDEX_REVIEW_CONFIRM_ALWAYS": "true",
}


# --- the workspace ------------------------------------------------------------------------------
def prepare(home: Path) -> None:
    """A morning's work: some filed, some waiting, one box of paper, one fat chart."""
    _scanindex(home, "init", "--mode", "strict")
    drop = home / "drop"
    for seed, folder in ((1, "."), (2, "box-114"), (3, "fax")):
        make(drop / folder, home / f"roster-{seed}.csv", seed)
        _scanindex(home, "roster", "import", str(home / f"roster-{seed}.csv"))
    stack = _fat_chart(_chart_owner())
    (drop / stack.name).write_bytes(stack.content())
    _scanindex(home, "audit", "mode", "fax", "suggest")
    box = ("--folder", "box-114", "--location", "Basement, shelf 7", "--sheets", "16", "--sides", "1")
    _scanindex(home, "batch", "open", "Box 114", *box)
    shutil.copytree(drop, home / "inbox", dirs_exist_ok=True)
    shutil.rmtree(drop)
    _scanindex(home, "run", "--until-idle", "--no-screens")
    opened = app.open_workspace(load(home, {}))
    _make_staff(opened.services)
    opened.close()


def _scanindex(home: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "scanindex", "--home", str(home), *arguments]
    subprocess.run(command, check=True, env=os.environ | _SETTINGS, stdout=subprocess.DEVNULL)


def _fat_chart(person: cast_of.Person) -> batch.DemoScan:
    draw = (
        charts.emergency_report,
        charts.radiology_report,
        charts.consent_form,
        charts.discharge_summary,
        clinic.progress_note,
        charts.face_sheet,
        charts.immunization_record,
        clinic.referral,
    )
    parts = [part for one in draw for part in (batch._separator(), one(person))]
    return batch._stack("chart-by-chart.pdf", *parts[1:], write=batch._grey_pdf, mode="gray")


def _make_staff(services: Services) -> None:
    first: Access | None = None
    for login, (name, roles) in _STAFF.items():
        if first is None:
            secret = people.first_invitation(services)
            cookie, _ = people.accept_invitation(
                secret, login, name, _PASSWORD, "", "", services, roles=roles
            )
            _, first = people.session_of(cookie, services)
        else:
            link = people.invite(first, login, name, roles, services)
            people.accept_invitation(link, None, None, _PASSWORD, "", "", services)


@contextmanager
def running(home: Path) -> Iterator[str]:
    """`scanindex run`, as it comes: the address of its screens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "scanindex", "--home", str(home), "run", "--quiet"]
    environ = os.environ | _SETTINGS | {"SCANINDEX_WEB_PORT": str(port)}
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


# --- the shots ---------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Things:
    """What there is to look at."""

    unsure: str
    """A document that waits, between two people of one name."""
    proposed: str
    """One whose patient is proposed: a father and a son of one name."""
    stack: str
    """A scan of several documents."""
    patient: str
    """Somebody with a chart."""
    box: str


def things_of(services: Services) -> Things:
    with services.catalog.read() as unit:
        waiting = unit.documents.all(DocumentState.IN_REVIEW)
        filed = unit.documents.all(DocumentState.FILED)
        boxes = unit.batches.all()
    kinds = {d.document_type: d for d in waiting}
    patients = Counter(d.patient_id for d in filed if d.patient_id)
    return Things(
        unsure=kinds["prescription"].document_id,
        proposed=kinds["emergency_report"].document_id,
        stack=kinds["progress_note"].scan_id,
        patient=patients.most_common(1)[0][0],
        box=boxes[0].batch_id,
    )


def today(page: Any, _: Things) -> None:
    page.goto("/")


def queue(page: Any, _: Things) -> None:
    page.goto("/review")


def review(page: Any, things: Things) -> None:
    _open_item(page, things.unsure)


def review_datum(page: Any, things: Things) -> None:
    _open_item(page, things.proposed)
    if not page.locator("#datum").count():
        page.keyboard.press("1")
    page.wait_for_selector("#datum")
    page.wait_for_timeout(_SETTLED_MS)


def _open_item(page: Any, item_id: str) -> None:
    page.goto(f"/review/items/{item_id}")
    page.wait_for_selector("#bench[data-ready=yes]")
    page.wait_for_timeout(_SETTLED_MS)


def search(page: Any, _: Things) -> None:
    page.goto("/search")
    page.keyboard.type("blood pressure")
    page.keyboard.press("Enter")
    page.wait_for_selector(".result")
    page.wait_for_load_state("networkidle")


def document(page: Any, things: Things) -> None:
    search(page, things)
    page.click(".result .page-link")
    page.wait_for_selector(".viewer-stage .mark-hit")
    page.wait_for_timeout(_SETTLED_MS)


def chart(page: Any, things: Things) -> None:
    page.goto(f"/charts/{things.patient}")


def strip(page: Any, things: Things) -> None:
    page.goto(f"/scans/{things.stack}/strip")


def box(page: Any, things: Things) -> None:
    page.goto(f"/batches/{things.box}")


def upload(page: Any, _: Things) -> None:
    photo = batch._stack("IMG_0412.jpg", clinic.referral(_chart_owner()), write=batch._jpeg, mode="gray")
    page.goto("/upload")
    file = {"name": photo.name, "mimeType": "image/jpeg", "buffer": photo.content()}
    page.set_input_files("input[type=file] >> nth=0", [file])
    page.wait_for_selector("#mine tbody .badge-good, #mine tbody .badge-warn")


def _chart_owner() -> cast_of.Person:
    return cast_of.make(1).plain[0]


def trail(page: Any, _: Things) -> None:
    page.goto("/trail")


def supervise(page: Any, _: Things) -> None:
    page.goto("/supervise")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    name: str
    go: Callable[[Any, Things], None]
    who: str = "ann"
    dark: bool = False
    size: Mapping[str, int] | None = None


SHOTS = (
    Shot(name="review", go=review, who="bo"),
    Shot(name="review-dark", go=review, who="bo", dark=True),
    Shot(name="review-datum", go=review_datum, who="bo"),
    Shot(name="queue", go=queue, who="bo"),
    Shot(name="today", go=today),
    Shot(name="today-dark", go=today, dark=True),
    Shot(name="search", go=search, who="bo"),
    Shot(name="search-dark", go=search, who="bo", dark=True),
    Shot(name="document", go=document, who="bo"),
    Shot(name="document-dark", go=document, who="bo", dark=True),
    Shot(name="chart", go=chart, who="bo"),
    Shot(name="batch", go=box),
    Shot(name="supervise", go=supervise),
    Shot(name="trail", go=trail, who="eve"),
    Shot(name="strip", go=strip),
    Shot(name="upload-phone", go=upload, who="bo", size=PHONE),
)


def take(home: Path, only: str) -> list[Path]:
    """The pictures that were written."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    workspace = app.open_workspace(load(home, {}))
    IMAGES.mkdir(parents=True, exist_ok=True)
    made = []
    try:
        things = things_of(workspace.services)
    finally:
        workspace.close()
    with running(home) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        _wait_for_door(browser.new_page(), address)
        for shot in SHOTS:
            if shot.name.startswith(only):
                made.append(_take(browser, address, shot, things))
                sys.stderr.write(f"{made[-1].name}: {made[-1].stat().st_size} bytes\n")
        browser.close()
    return made


def _wait_for_door(page: Any, address: str) -> None:
    for _ in range(_PATIENCE_MS // 200):
        with contextlib.suppress(Exception):
            page.goto(f"{address}/login")
            page.close()
            return
        page.wait_for_timeout(200)
    raise SystemExit("the screens did not come up")


def _take(browser: Any, address: str, shot: Shot, things: Things) -> Path:
    context = browser.new_context(
        base_url=address,
        viewport=shot.size or DESK,
        color_scheme="dark" if shot.dark else "light",
        reduced_motion="reduce",
        has_touch=shot.size is not None,
    )
    context.set_default_timeout(_PATIENCE_MS)
    page = context.new_page()
    page.goto("/login")
    page.fill("[name=login]", shot.who)
    page.fill("[name=password]", _PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    problems: list[str] = []
    page.on("response", lambda r: problems.append(f"{r.status} {r.url}") if r.status >= 400 else None)
    shot.go(page, things)
    page.wait_for_load_state("networkidle")
    picture = page.screenshot(scale="css")
    # Leaving the page gives back what was claimed.
    page.goto("/me")
    context.close()
    if problems:
        raise SystemExit(f"{shot.name}: {', '.join(problems)}")
    path = IMAGES / f"{shot.name}.png"
    _write(picture, path)
    return path


def _write(picture: bytes, path: Path) -> None:
    """With as many colours as fit; greys of paper are noise and get a ramp of their own."""
    import numpy
    from PIL import Image

    image = Image.open(io.BytesIO(picture)).convert("RGB")
    pixels = numpy.asarray(image)
    is_grey = pixels.max(axis=2) == pixels.min(axis=2)
    coloured = Image.fromarray(numpy.where(is_grey[..., None], 255, pixels).astype("uint8"))
    for greys, colours in _PALETTES:
        few = coloured.quantize(colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        level = numpy.rint(pixels[..., 0] * ((greys - 1) / 255)) + colours
        small = Image.fromarray(numpy.where(is_grey, level, numpy.asarray(few)).astype("uint8"))
        own = (few.getpalette() or [])[: 3 * colours]
        own += [0] * (3 * colours - len(own))
        small.putpalette([*own, *(round(255 * n / (greys - 1)) for n in range(greys) for _ in "rgb")])
        small.save(path, optimize=True)
        if path.stat().st_size < MOST_BYTES:
            return
    raise SystemExit(f"{path.name} is larger than {MOST_BYTES} bytes")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make-screenshots", description=__doc__)
    parser.add_argument("--home", type=Path, help="a workspace to keep, made if it is not there")
    parser.add_argument("--only", default="", help="only pictures whose names begin so")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        home = (asked.home or Path(temporary) / "home").absolute()
        if not home.exists():
            home.mkdir(parents=True)
            prepare(home)
        take(home, asked.only)
    together = sum(path.stat().st_size for path in IMAGES.glob("*.png"))
    if together > MOST_BYTES_TOGETHER:
        raise SystemExit(f"{together} bytes of pictures are more than {MOST_BYTES_TOGETHER}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
