"""Facts about the dashboard: what it counts, whom it names files to, and trying again."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta

from fastapi import FastAPI

from scanindex import app, people, review, today
from scanindex.model import DocumentState, ScanState
from scanindex.settings import AccessSettings
from scanindex.trail_model import TrailFilter
from tests.crash import stub
from tests.web.conftest import ClientOf, access_as, documents, file_scan

FIRST, SECOND = stub.PEOPLE[:2]
SECRET_NAME = "okonkwobell theodora.pdf"


def _quarantine(opened: app.Workspace) -> str:
    """A file that is no scan, under a name that names a patient; its id."""
    (opened.settings.inbox / SECRET_NAME).write_bytes(b"no scan at all")
    file_scan(opened, "good.pdf", [stub.page_text(FIRST, "good")])
    with opened.catalog.read() as unit:
        (scan,) = unit.scans.all(ScanState.QUARANTINED)
    return scan.scan_id


def test_a_day_counts_what_came_and_what_became_of_it(opened: app.Workspace, client_of: ClientOf) -> None:
    """Files arrived, documents and pages filed, each from the events of the day."""
    file_scan(opened, "one.pdf", [stub.page_text(FIRST, "a"), stub.page_text(SECOND, "b")])
    file_scan(opened, "two.pdf", [stub.page_text(FIRST, "c")])
    file_scan(opened, "two again.pdf", [stub.page_text(FIRST, "c")])

    now = client_of("cleo").get("/api/v1/today").json()["now"]

    assert (now["arrived"], now["duplicates"], now["filed"], now["pages"]) == (3, 1, 3, 3)
    assert now["settled"] == now["quarantined"] == 0


def test_a_document_counts_as_filed_once(opened: app.Workspace, client_of: ClientOf) -> None:
    """What is filed again, corrected, is counted apart: the same whether somebody looked in between."""
    (document,) = file_scan(opened, "one.pdf", [stub.page_text(FIRST, "a")])
    browser, board, access = client_of("cleo"), today.Board(), access_as(opened, "ada")
    board.today(access, opened.services)
    for number, kind in enumerate(("consult", "lab_report"), start=1):
        with opened.catalog.read() as unit:
            now = unit.documents.get(document.document_id)
        assert now is not None and now.state is DocumentState.FILED
        review.retype(now.document_id, now.version, kind, "wrong", "user:sue", opened.services)
        file_scan(opened, f"other{number}.pdf", [stub.page_text(SECOND, f"b{number}")])

    told = browser.get("/api/v1/today").json()["now"]

    assert (told["filed"], told["pages"], told["refiled"]) == (3, 3, 2)
    day = board.today(access, opened.services).days[0]
    assert (day.filed, day.pages, day.refiled) == (3, 3, 2)


def test_what_people_settle_is_counted_apart(opened: app.Workspace, client_of: ClientOf) -> None:
    """A document that somebody decides counts as settled, at once."""
    (waiting,) = file_scan(opened, "who.pdf", [stub.page_text(stub.STRANGER, "s")])
    browser = client_of("cleo")
    before = browser.get("/api/v1/today").json()

    review.reject(
        waiting.document_id, waiting.version, DocumentState.RESCAN_WANTED, "", "user:cleo", opened.services
    )
    after = browser.get("/api/v1/today").json()

    assert (before["backlog"]["in_review"], before["now"]["settled"]) == (1, 0)
    assert (after["backlog"]["in_review"], after["now"]["settled"]) == (0, 1)
    assert after["backlog"]["rescans"] == 1


def test_broken_glass_is_told_to_who_may_review_it(opened: app.Workspace, client_of: ClientOf) -> None:
    """With a link to the list; nobody else learns of it, nor they of their own."""
    file_scan(opened, "one.pdf", [stub.page_text(FIRST, "a")])
    (patient,) = opened.roster.by_identifier([FIRST.mrn])
    people.break_glass(access_as(opened, "sue"), patient.patient_id, "was called at night", opened.services)
    told = {
        who: [a for a in client_of(who).get("/api/v1/today").json()["alerts"] if a["key"] == "glass"]
        for who in ("sven", "sue", "cleo")
    }

    (alert,) = told["sven"]
    assert (alert["text"], alert["href"]) == ("1 use of broken glass waits for review", "/glass/review")
    assert told["sue"] == told["cleo"] == []
    page = client_of("sven").get("/").text
    assert (
        "1 use of broken glass" in page
        and '<a data-live-show="href" data-live-href="href" href="/glass' in page
    )


def test_counting_on_gives_what_counting_anew_gives(opened: app.Workspace) -> None:
    """A board that looked between the events says the same as one that never looked."""
    access, kept = access_as(opened, "ada"), today.Board()
    for serial in ("a", "b", "c"):
        file_scan(opened, f"{serial}.pdf", [stub.page_text(FIRST, serial)])
        kept.today(access, opened.services)

    fresh = today.Board().today(access, opened.services)

    assert kept.today(access, opened.services).days == fresh.days
    assert fresh.days[0].filed == 3


def test_events_of_yesterday_stay_yesterday(opened: app.Workspace) -> None:
    """Past midnight of the site's zone a new day begins with nothing in it."""
    file_scan(opened, "a.pdf", [stub.page_text(FIRST, "a")])
    access, board = access_as(opened, "ada"), today.Board()
    board.today(access, opened.services)

    class Tomorrow:
        def now(self) -> object:
            return opened.clock.now() + timedelta(days=1)

        monotonic = staticmethod(opened.clock.monotonic)

    later = dataclasses.replace(opened.services, clock=Tomorrow())  # type: ignore[arg-type]
    days = board.today(access, later).days

    assert (days[0].filed, days[1].filed) == (0, 1)
    assert len(days) == today.DAYS


def test_a_file_that_stands_still_says_why_and_what_to_do(opened: app.Workspace, client_of: ClientOf) -> None:
    """Code, plain words and hint of the error table, with the name it came under."""
    _quarantine(opened)

    found = client_of("cleo").get("/api/v1/today").json()

    (trouble,) = found["troubles"]
    assert found["now"]["quarantined"] == found["quarantined"] == 1
    assert (trouble["state"], trouble["code"], trouble["name"]) == (
        "quarantined",
        "unknown_format",
        SECRET_NAME,
    )
    assert "supported formats" in trouble["meaning"] and trouble["hint"]


def test_file_names_are_for_who_reviews(opened: app.Workspace, client_of: ClientOf) -> None:
    """Auditor and administrator get counts; names are neither in the answer nor on the page."""
    _quarantine(opened)
    for login in ("aud", "adm"):
        browser = client_of(login)
        found = browser.get("/api/v1/today").json()
        assert found["quarantined"] == 1 and len(found["troubles"]) == 1
        assert found["troubles"][0]["source"] == "" and found["held"] == []
        for text in (json.dumps(found), browser.get("/").text):
            assert "okonkwobell" not in text.lower()


def test_that_names_were_shown_is_in_the_trail_once(opened: app.Workspace, client_of: ClientOf) -> None:
    """Looking every two seconds writes one line, not thousands; counts alone write none."""
    _quarantine(opened)
    browser, counting = client_of("cleo"), client_of("aud")
    for _ in range(3):
        browser.get("/api/v1/today")
        counting.get("/api/v1/today")

    with opened.catalog.read() as unit:
        seen = unit.events.trail(TrailFilter(kinds=("viewed",)))
    assert [(entry.actor, entry.what) for entry in seen] == [("user:cleo", "today")]


def test_a_page_in_work_shows_pages_read_of_pages(opened: app.Workspace, client_of: ClientOf) -> None:
    """The checkpoints in the spool are counted while a scan is read."""
    texts = [stub.page_text(FIRST, str(n)) for n in range(3)]
    (opened.settings.inbox / "long.pdf").write_bytes(stub.pdf(texts))
    opened.intake.look()
    opened.intake.look()
    with opened.catalog.read() as unit:
        (scan,) = unit.scans.all(ScanState.RECEIVED)
    opened.workers.read_pages(scan, 2)
    (opened.settings.spool / scan.scan_id / "pages").write_text("3")

    (work,) = client_of("cleo").get("/api/v1/today").json()["work"]

    assert (work["stage"], work["pages_read"], work["pages"]) == ("reading", 2, 3)
    assert work["words"] == "page 2 of 3 read"


def test_a_service_that_does_not_run_is_said_plainly(opened: app.Workspace, client_of: ClientOf) -> None:
    """By the age of its last word and whether its process is there, not by taking its lock."""
    browser = client_of("cleo")
    never = browser.get("/api/v1/today").json()
    health = opened.settings.var / "health.json"
    told = {"at": opened.clock.now().isoformat(), "pid": 1, "settling": 4, "refused": 1, "problem": None}
    health.write_text(json.dumps(told))
    running = browser.get("/api/v1/today").json()
    long_ago = opened.clock.now() - timedelta(minutes=10)
    health.write_text(json.dumps(told | {"at": long_ago.isoformat()}))
    silent = browser.get("/api/v1/today").json()

    assert [a["key"] for a in never["alerts"]] == ["service"]
    assert running["service"]["is_running"] and running["service"]["settling"] == 4 and not running["alerts"]
    assert not silent["service"]["is_running"] and silent["alerts"][0]["level"] == "bad"


def test_documents_with_closed_labels_are_in_no_count(opened: app.Workspace) -> None:
    """What somebody may not see does not add to what they may count."""
    (document,) = file_scan(opened, "a.pdf", [stub.page_text(FIRST, "a")])
    review.relabel(
        document.document_id, document.version, ["hiv"], [], "as told", "user:sue", opened.services
    )
    review.reopen(document.document_id, document.version + 1, "again", "user:sue", opened.services)
    (again,) = documents(opened, DocumentState.IN_REVIEW)
    assert "hiv" in again.sensitivity and "hiv" in AccessSettings().restricted_labels

    clerk = today.Board().today(access_as(opened, "cleo"), opened.services)
    supervisor = today.Board().today(access_as(opened, "sue"), opened.services)

    assert (clerk.backlog.in_review, clerk.days[0].filed) == (0, 0)
    assert (supervisor.backlog.in_review, supervisor.days[0].filed) == (1, 1)


def test_trying_again_takes_the_original_up_once_more(opened: app.Workspace, client_of: ClientOf) -> None:
    """From the page's form and from the API; the trail says who asked."""
    scan_id = _quarantine(opened)
    browser = client_of("cleo")

    answer = browser.post(f"/api/v1/scans/{scan_id}/retry")

    assert answer.status_code == 204
    with opened.catalog.read() as unit:
        assert unit.scans.get(scan_id).state is ScanState.RECEIVED  # type: ignore[arg-type, union-attr]
        (entry,) = unit.events.trail(TrailFilter(kinds=("retried",)))
    assert entry.actor == "user:cleo"
    assert browser.post("/retry", data={"scan_id": scan_id, "csrf": browser.csrf}).status_code == 409


def test_trying_again_needs_the_right_and_a_scan_that_is_there(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """Others are refused; a scan that does not exist is simply not found."""
    scan_id = _quarantine(opened)
    for login in ("aud", "adm", "doc"):
        assert client_of(login).post(f"/api/v1/scans/{scan_id}/retry").status_code == 403
    assert client_of("cleo").post(f"/api/v1/scans/{'0' * 64}/retry").status_code == 404


def test_who_sees_no_status_is_led_to_their_work(web: FastAPI, client_of: ClientOf) -> None:
    """The start of a clinician is the search."""
    answer = client_of("doc").get("/")

    assert (answer.status_code, answer.headers["location"]) == (303, "/search")


def test_names_on_the_page_are_text(opened: app.Workspace, client_of: ClientOf) -> None:
    """A file name with markup stays a file name."""
    (opened.settings.inbox / "<img src=x onerror=alert(1)>.pdf").write_bytes(b"no scan")
    file_scan(opened, "good.pdf", [stub.page_text(FIRST, "good")])

    page = client_of("cleo").get("/").text

    assert "<img src=x" not in page and "&lt;img src=x" in page
