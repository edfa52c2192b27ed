"""The whole job, with nothing put in its place: a page is drawn, dropped, read, settled by keyboard, found,
looked at, taken away; the trail knows who did it, and nothing about the patient stands where it must not.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from scanindex import app, people
from scanindex.access_model import Right, StaffRole
from scanindex.settings import load
from scanindex.store.roster_import import import_csv
from tests.web.browser.conftest import Seen, enter, free_port, note, watch
from tests.web.conftest import PASSWORD, access_as

pytestmark = pytest.mark.xdist_group("browser_whole_job")

LAST, FIRST, MRN, BORN = "QUENTHALLER", "MIRABELLE", "60718293", "1949-11-23"
WORD = "sarcoidosis"
LINES = (
    "PROGRESS NOTE", "", f"Patient Name: {LAST}, {FIRST}", f"MRN: {MRN}", "Date of Birth: 11/23/1949",
    "Date of Service: 03/14/2001", "", f"The chest film shows changes of {WORD} in both lungs.",
    "She feels well and has no fever. Breathing is quiet at rest.", "Return to the clinic in six weeks.",
)  # fmt: skip
CANARIES = (LAST, FIRST, MRN, WORD, "11/23/1949")
FILE_NAME = f"{LAST} {MRN}.png"
_PATIENCE_MS = 120_000
_FIRST = (StaffRole.ADMINISTRATOR,)


@dataclass(slots=True)
class Job:
    home: Path
    temporary: Path
    token: str = ""
    seen: Seen = field(default_factory=Seen)
    arrived: str = ""
    keys: str = ""
    marks: int = 0
    downloaded: bytes = b""
    trail: str = ""
    said: str = ""
    verified: int = -1


def draw(path: Path) -> None:
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("L", (1700, 2200), 255)
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=38)
    for number, line in enumerate(LINES):
        pen.text((150, 180 + 70 * number), line, fill=0, font=font)
    partial = path.with_name(".drawing.part")
    image.save(partial, format="PNG", dpi=(200, 200))
    partial.rename(path)


def prepare(home: Path) -> str:
    """A workspace with a roster and three people; the auditor's token for the command line."""
    home.mkdir()
    (home / "scanindex.toml").write_text('[filing]\nmode = "suggest"\n')
    app.initialise(load(home, {}))
    opened = app.open_workspace(load(home, {}))
    (home / "roster.csv").write_text(
        f"mrn,last_name,first_name,birth_date,sex\n{MRN},{LAST},{FIRST},{BORN},F\n"
        "60718301,OSTERMANN,EDELTRAUD,1951-02-03,F\n"
    )
    import_csv(opened.engine, home / "roster.csv", authority="local")
    (home / "roster.csv").unlink()
    services = opened.services
    secret = people.first_invitation(services)
    people.accept_invitation(
        secret, "ada", "Ada", PASSWORD, "", "", services, roles=(StaffRole.ADMINISTRATOR,)
    )
    for login, role in (("cleo", StaffRole.CLERK), ("aud", StaffRole.AUDITOR)):
        link = people.invite(access_as(opened, "ada"), login, login.title(), (role,), services)
        people.accept_invitation(link, None, None, PASSWORD, "", "", services)
    token, _ = people.new_token(access_as(opened, "aud"), "proof", [Right.TRAIL], 1, services)
    opened.close()
    return token


@contextlib.contextmanager
def running(job: Job, port: int) -> Iterator[str]:
    """`scanindex run`, as it comes."""
    environ = os.environ | {
        "SCANINDEX_INTAKE_SETTLE_SECONDS": "0.2",
        "SCANINDEX_INTAKE_POLL_SECONDS": "0.3",
        "SCANINDEX_WEB_PORT": str(port),
        "TMPDIR": str(job.temporary),
    }
    output = job.home.parent / "output.txt"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "scanindex", "--home", str(job.home), "run"],
            stdout=stream, stderr=subprocess.STDOUT, env=environ,
        )  # fmt: skip
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            job.said = output.read_text(errors="replace")


def opened_page(context: Any, address: str, login: str, seen: Seen) -> Any:
    context.set_default_timeout(_PATIENCE_MS)
    enter(context, address, login)
    page = context.new_page()
    watch(page, seen)
    return page


def wait_for_door(page: Any, address: str) -> None:
    for _ in range(300):
        with contextlib.suppress(Exception):
            page.goto(f"{address}/login")
            return
        page.wait_for_timeout(200)
    pytest.fail("the screens did not come up")


@pytest.fixture(scope="module")
def job(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Job]:
    """Done once; the tests tell what came of it."""
    folder = tmp_path_factory.mktemp("job")
    made = Job(folder / "home", folder / "tmp")
    made.temporary.mkdir()
    made.token = prepare(made.home)
    with running(made, free_port()) as address:
        context = chromium.new_context(viewport={"width": 1366, "height": 768}, accept_downloads=True)
        wait_for_door(context.new_page(), address)
        page = opened_page(context, address, "cleo", made.seen)
        _see_it_arrive(page, address, made)
        _settle_it(page, address, made)
        _find_it(page, address, made)
        _take_it(page, made)
        context.close()
        context = chromium.new_context()
        page = opened_page(context, address, "aud", made.seen)
        page.goto(f"{address}/trail")
        made.trail = page.inner_text("main")
        note(page, made.seen)
        context.close()
    verify = [sys.executable, "-m", "scanindex", "--home", str(made.home), "audit", "verify"]
    environ = os.environ | {"SCANINDEX_TOKEN": made.token}
    done = subprocess.run(verify, capture_output=True, text=True, timeout=60, env=environ, check=False)
    made.verified = done.returncode
    made.said += done.stdout + done.stderr
    yield made


def _see_it_arrive(page: Any, address: str, job: Job) -> None:
    page.goto(f"{address}/")
    draw(job.home / "inbox" / FILE_NAME)
    page.wait_for_function(
        "() => fetch('/api/v1/today', {headers: {'X-Background': '1'}}).then((a) => a.json())"
        ".then((t) => t.backlog.in_review === 1)",
        polling=500,
    )
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-live-text=\"backlog.in_review\"]')]"
        ".some((e) => e.textContent.trim() === '1')"
    )
    job.arrived = page.inner_text("main")
    note(page, job.seen)


def _settle_it(page: Any, address: str, job: Job) -> None:
    page.goto(f"{address}/review")
    page.keyboard.press("Enter")
    page.wait_for_selector("#bench[data-seq='1'][data-ready=yes]")
    note(page, job.seen)
    if (
        not page.locator("#panel input[type=radio]:checked").count()
        and page.locator(".review-candidate").count()
    ):
        page.keyboard.press("1")
    page.keyboard.press("Enter")
    datum = page.locator("#datum")
    if datum.count() and datum.is_visible():
        page.keyboard.type("1123")
        page.keyboard.press("Enter")
    page.wait_for_selector("#bench[data-last-kind=accepted]", state="attached", timeout=30_000)
    note(page, job.seen)


def _find_it(page: Any, address: str, job: Job) -> None:
    for _ in range(60):
        page.goto(f"{address}/search")
        page.fill("#q", WORD)
        page.keyboard.press("Enter")
        with contextlib.suppress(Exception):
            page.wait_for_selector(".result mark", timeout=1_500)
            break
    note(page, job.seen)
    page.locator("[data-document] h3 a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/documents/**")
    page.wait_for_selector(".mark-hit", state="attached")
    job.marks = page.locator(".mark-hit").count()
    note(page, job.seen)


def _take_it(page: Any, job: Job) -> None:
    link = page.locator("a[href$='/pdf']").first
    with page.expect_download() as waiting:
        link.evaluate("(a) => a.click()")
    job.downloaded = Path(waiting.value.path()).read_bytes()


def test_it_is_seen_to_arrive(job: Job) -> None:
    """The dashboard says so without being loaded anew."""
    assert "1" in job.arrived and job.seen.failed == []


def test_the_word_is_marked_on_the_page(job: Job) -> None:
    """Settled, filed, indexed and found, with a frame around the word that was asked for."""
    assert job.marks >= 1


def test_what_is_taken_is_the_pdf(job: Job) -> None:
    """Searchable, of one page."""
    assert job.downloaded.startswith(b"%PDF-") and len(job.downloaded) > 5_000


def test_the_trail_knows_who_did_it(job: Job) -> None:
    """The clerk accepted, searched, viewed and downloaded; the proof of the trail holds."""
    told = job.trail.lower()
    assert "cleo" in told
    assert [word for word in ("search", "view", "download") if word not in told] == []
    assert job.verified == 0, job.said[-600:]


def test_the_browser_was_told_of_nobody_where_it_remembers(job: Job) -> None:
    """No name, number or query in an address, a title or a referrer; nothing was asked of anybody else."""
    remembered = "\n".join([*job.seen.urls, *job.seen.titles, *job.seen.referers]).upper()
    assert len(job.seen.urls) > 50
    assert [canary for canary in CANARIES if canary.upper() in remembered] == []
    assert (job.seen.said, job.seen.violations, job.seen.dialogs) == ([], [], [])


def test_the_service_says_and_names_nobody(job: Job) -> None:
    """Not on its output, nor in the name of any file but the one that the scanner named, and the tree of
    charts, which is there to be browsed by name."""
    said = job.said.upper()
    named = (job.home / "archive" / "charts", job.home / "processed")
    names = [p for p in job.home.rglob("*") if not any(p.is_relative_to(one) for one in named)]
    ours = "\n".join(p.name for p in [*names, *job.temporary.rglob("*")]).upper()
    assert [canary for canary in CANARIES if canary.upper() in said] == []
    assert [canary for canary in CANARIES if canary.upper() in ours] == []
    logs = [p for p in (job.home / "var").rglob("*") if p.suffix in (".log", ".txt", ".pid", ".lock")]
    assert [p for p in logs if any(c.encode() in p.read_bytes() for c in CANARIES)] == []
