"""Facts about uploads: whole in the inbox or refused in words, and followed to their end."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import io
import os
from typing import Any

import pytest

from scanindex import app, uploads
from scanindex.errors import Forbidden, OversizeFile
from scanindex.intake import drop
from scanindex.model import Batch, BatchId
from scanindex.trail_model import TrailFilter
from tests.crash import stub
from tests.crash.service_main import drive
from tests.web.conftest import Browser, ClientOf, access_as

FIRST = stub.PEOPLE[0]


def _scan(serial: str = "up", pages: int = 1) -> bytes:
    return stub.pdf([stub.page_text(FIRST, f"{serial}{n}") for n in range(pages)])


def _send(browser: Browser, data: bytes, name: str = "scan.pdf", **fields: str) -> Any:
    return browser.post("/api/v1/uploads", files={"file": (name, data)}, data=fields)


def _inbox(opened: app.Workspace) -> list[str]:
    root = opened.settings.inbox
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


def test_an_upload_is_filed_like_any_scan(opened: app.Workspace, client_of: ClientOf) -> None:
    """Received, then filed: each state is told, by the hash of its bytes."""
    browser, data = client_of("cleo"), _scan(pages=2)

    sent = _send(browser, data)
    lying = _inbox(opened)
    drive(opened.settings)
    (told,) = browser.get("/api/v1/uploads").json()["uploads"]

    assert (sent.status_code, sent.json()["badge"]) == (201, "received")
    assert sent.json()["scan_id"] == told["scan_id"] == hashlib.sha256(data).hexdigest()
    assert lying == ["scan.pdf"]
    assert (told["badge"], told["is_settled"]) == ("filed", True)
    assert told["message"].startswith("2 pages; documents:") and told["documents"] == {"filed": 1}


def test_who_sent_it_is_in_the_trail(opened: app.Workspace, client_of: ClientOf) -> None:
    """With the scan's id and not with its name."""
    sent = _send(client_of("cleo"), _scan(), "OKONKWOBELL.pdf").json()

    with opened.catalog.read() as unit:
        (entry,) = unit.events.trail(TrailFilter(kinds=(uploads.UPLOADED,)))
        (event,) = unit.today.done_by("user:cleo", uploads.UPLOADED, 5)
    assert (entry.actor, entry.scan_id) == ("user:cleo", sent["scan_id"])
    assert "OKONKWOBELL" not in str(event.payload)


def test_what_is_no_scan_is_refused_in_the_tables_words(opened: app.Workspace, client_of: ClientOf) -> None:
    """Nothing is left in the inbox, the refusal is recorded, the sender told what to do."""
    browser = client_of("cleo")
    answers = [_send(browser, b"MZ not a scan", "virus.pdf"), _send(browser, b"", "nothing.pdf")]

    assert [a.status_code for a in answers] == [422, 422]
    assert [a.json()["code"] for a in answers] == ["unknown_format", "empty"]
    assert all(a.json()["hint"] for a in answers)
    assert _inbox(opened) == []
    with opened.catalog.read() as unit:
        assert len(unit.events.trail(TrailFilter(kinds=(uploads.REFUSED,)))) == 2


def test_a_file_that_arrives_cut_is_followed_into_quarantine(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """It may be all there is of a paper: it is kept and its fault is told."""
    browser = client_of("cleo")
    assert _send(browser, _scan()[:-40]).status_code == 201
    impatient = dataclasses.replace(opened.settings.intake, incomplete_seconds=0)
    drive(dataclasses.replace(opened.settings, intake=impatient))

    (told,) = browser.get("/api/v1/uploads").json()["uploads"]
    assert (told["badge"], told["code"]) == ("quarantined", "incomplete")
    assert "not structurally whole" in told["message"] and told["hint"]


def test_a_second_copy_is_said_to_be_one(opened: app.Workspace, client_of: ClientOf) -> None:
    """Nothing is dropped in silence: the duplicate is an arrival of its own."""
    browser = client_of("cleo")
    _send(browser, _scan())
    drive(opened.settings)

    again = _send(browser, _scan()).json()
    drive(opened.settings)
    newest = browser.get("/api/v1/uploads").json()["uploads"][0]

    assert again["is_duplicate"] and newest["is_duplicate"]
    assert newest["message"].startswith("The same file was here before")
    with opened.catalog.read() as unit:
        assert unit.arrivals.count(duplicates_only=True) == 1


def test_a_file_without_its_end_is_told_so_at_once(opened: app.Workspace, client_of: ClientOf) -> None:
    """Nobody takes it over for minutes: it does not say that it will be in a moment."""
    browser = client_of("cleo")
    sent = _send(browser, _scan()[:300]).json()
    (told,) = browser.get("/api/v1/uploads").json()["uploads"]

    for one in (sent, told):
        assert "end is missing" in one["message"] and "moment" not in one["message"]
        assert (one["badge"], one["level"]) == ("waiting", "warn")


def test_a_name_is_what_it_was_before_the_browser_wrote_it(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """Quotes and line breaks come as %22 and %0A in a form; neither can stand in a file's name."""
    sent = _send(client_of("cleo"), _scan(), "a%22b%0D%0Ac.pdf").json()

    assert sent["name"] == "a_b__c.pdf" and _inbox(opened) == ["a_b__c.pdf"]


def test_nobody_is_told_of_what_others_sent(opened: app.Workspace, client_of: ClientOf) -> None:
    """The list is one's own."""
    _send(client_of("cleo"), _scan())

    assert client_of("clark").get("/api/v1/uploads").json()["uploads"] == []


def test_an_upload_that_was_taken_out_of_the_inbox_is_not_forgotten(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """Its sender is told that nobody read it."""
    browser = client_of("cleo")
    _send(browser, _scan())
    (opened.settings.inbox / "scan.pdf").unlink()

    (told,) = browser.get("/api/v1/uploads").json()["uploads"]

    assert (told["state"], told["level"]) == ("gone", "bad")


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/cron.d/evil.pdf",
        "..\\..\\evil.pdf",
        "/etc/passwd",
        "preset.toml",
        ".hidden.pdf",
        "scan.pdf.part",
        "~$lock.pdf",
        "bad\x00\r\nname‮.pdf",
        "n" * 400 + ".pdf",
        "ü" * 200 + ".pdf",
        "",
        "...",
        "Thumbs.db",
    ],
)
def test_a_name_is_data_and_never_a_path(opened: app.Workspace, name: str) -> None:
    """Whatever it is, the file lies in the folder itself and the intake looks at it."""
    kept = drop.safe_name(name)
    drop.put(io.BytesIO(_scan()), kept, opened.settings.inbox)

    assert kept.isprintable() and "/" not in kept and len(os.fsencode(kept)) <= 255
    opened.intake.look()
    taken = opened.intake.look().taken
    with opened.catalog.read() as unit:
        assert unit.arrivals.count() == 1 or taken == 1


def test_a_name_that_waits_in_the_inbox_is_not_written_over(opened: app.Workspace) -> None:
    """The newcomer gets a number."""
    for serial in ("a", "b", "c"):
        drop.put(io.BytesIO(_scan(serial)), "SCAN0001.PDF", opened.settings.inbox)

    assert _inbox(opened) == ["SCAN0001-2.PDF", "SCAN0001-3.PDF", "SCAN0001.PDF"]
    assert (opened.settings.inbox / "SCAN0001.PDF").read_bytes() == _scan("a")


def test_a_share_without_hard_links_takes_files_all_the_same(
    opened: app.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And still writes nothing over."""

    def no_links(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", no_links)
    for serial in ("a", "b"):
        drop.put(io.BytesIO(_scan(serial)), "one.pdf", opened.settings.inbox)

    assert _inbox(opened) == ["one-2.pdf", "one.pdf"]
    assert (opened.settings.inbox / "one.pdf").read_bytes() == _scan("a")


def test_what_grows_too_large_leaves_nothing_behind(opened: app.Workspace) -> None:
    """Not even a hidden part of it."""
    with pytest.raises(OversizeFile):
        drop.put(io.BytesIO(b"x" * 5000), "large.pdf", opened.settings.inbox, most_bytes=4000)

    assert _inbox(opened) == []


def test_folders_are_chosen_from_a_list(opened: app.Workspace, client_of: ClientOf) -> None:
    """Presets and open batches are offered; no other path is taken, however it is written."""
    (opened.settings.inbox / "lab_report").mkdir()
    (opened.settings.inbox / "elsewhere").symlink_to(opened.settings.archive)
    with opened.catalog.write() as unit:
        box = Batch(
            batch_id=BatchId("b1"), label="Box 7", folder="box7", opened_at=opened.services.clock.now()
        )
        unit.batches.put(box)
    browser = client_of("cleo")

    offered = {f["path"]: f["label"] for f in browser.get("/api/v1/uploads/folders").json()["folders"]}
    into_box = _send(browser, _scan("box"), folder="box7")
    others = [
        _send(browser, _scan("x"), folder=bad).status_code for bad in ("..", "/tmp", "elsewhere", "box7/..")
    ]

    assert offered == {".": "", "box7": "batch Box 7", "lab_report": "filed as lab report"}
    assert into_box.status_code == 201 and others == [404] * 4
    assert _inbox(opened) == ["box7/scan.pdf"]


def test_it_works_without_script(opened: app.Workspace, client_of: ClientOf) -> None:
    """A plain form with several files: what fits is taken, what does not is named on the page."""
    browser = client_of("cleo")
    files = [("file", ("good.pdf", _scan())), ("file", ("bad<b>.pdf", b"no scan"))]

    page = browser.post("/upload", files=files, data={"folder": ".", "csrf": browser.csrf})

    assert page.status_code == 422 and "bad&lt;b&gt;.pdf" in page.text and "good.pdf" in page.text
    assert _inbox(opened) == ["good.pdf"]
    only_good = browser.post("/upload", files=[("file", ("b.pdf", _scan("b")))], data={"csrf": browser.csrf})
    assert (only_good.status_code, only_good.headers["location"]) == (303, "/upload")


def test_who_may_not_upload_is_refused_before_anything_is_read(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """Nothing lands in the inbox."""
    for login in ("doc", "aud", "adm"):
        assert _send(client_of(login), _scan()).status_code == 403
    assert _inbox(opened) == []


def test_a_forged_upload_is_refused(opened: app.Workspace, client_of: ClientOf) -> None:
    """Without the session's token nothing is taken."""
    browser = client_of("cleo")
    browser.csrf = "guessed"

    assert _send(browser, _scan()).status_code == 403
    assert _inbox(opened) == []


def test_bad_requests_are_answered_in_words(client_of: ClientOf) -> None:
    """No file, two files, no form at all."""
    browser = client_of("cleo")
    two = [("file", ("a.pdf", _scan("a"))), ("file", ("b.pdf", _scan("b")))]

    answers = [
        browser.post("/api/v1/uploads", data={"folder": "."}, files={"other": ("a.pdf", b"x")}),
        browser.post("/api/v1/uploads", files=two),
        browser.post("/api/v1/uploads", json={"file": "x"}),
    ]

    assert [a.status_code for a in answers] == [422, 422, 422]


def test_reading_is_told_page_by_page(opened: app.Workspace, client_of: ClientOf) -> None:
    """While the machine is at it: page n of m."""
    browser = client_of("cleo")
    sent = _send(browser, _scan(pages=3)).json()
    opened.intake.look()
    opened.intake.look()
    with opened.catalog.read() as unit:
        scan = unit.scans.get(sent["scan_id"])
    assert scan is not None
    opened.workers.read_pages(scan, 1)
    (opened.settings.spool / scan.scan_id / "pages").write_text("3")

    (told,) = browser.get("/api/v1/uploads").json()["uploads"]

    assert told["message"] == "Page 1 of 3 read" and told["is_reading"]


def test_the_list_is_never_someone_elses_by_a_use_case_either(opened: app.Workspace) -> None:
    """The use case asks for the right itself."""
    with pytest.raises(Forbidden):
        uploads.mine(access_as(opened, "aud"), opened.services)
