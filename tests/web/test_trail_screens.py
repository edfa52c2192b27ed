"""The trail, disclosure reports, the proof and broken glass, as auditors and supervisors see them."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

import scanindex
from scanindex import app, people, trail
from scanindex.model import PatientId
from scanindex.trail_model import TrailEntry, TrailFilter
from scanindex.web.trail_words import KINDS, WORDS, says
from tests.crash import stub
from tests.web.conftest import Browser, ClientOf, access_as, file_scan

FIRST, SECOND = stub.PEOPLE[:2]
WHY = "unconscious in the emergency room"


def patient_of(opened: app.Workspace, person: Any = FIRST) -> PatientId:
    (found,) = opened.roster.by_identifier([person.mrn])
    return found.patient_id


def broken(opened: app.Workspace, login: str = "doc") -> str:
    access = access_as(opened, login)
    return people.break_glass(access, patient_of(opened), WHY, opened.services).grant_id


def entries(browser: Browser, **asked: Any) -> list[dict[str, Any]]:
    answer = browser.post("/api/v1/trail", json=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["entries"]  # type: ignore[no-any-return]


# --- the viewer -------------------------------------------------------------------------------
def test_every_kind_of_event_has_plain_words() -> None:
    """Whatever the program writes as an event by that name is told in words on the screen."""
    written: set[str] = set()
    for path in Path(scanindex.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "append"
                and ast.unparse(node.func.value).endswith("events")
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                written.add(node.args[0].value)
    assert len(written) > 30
    assert written <= set(WORDS), written - set(WORDS)


def test_what_can_be_chosen_is_what_is_written() -> None:
    """No category asks for a kind that has no words."""
    shown = {"viewed", "searched", "printed", "downloaded", "exported", "denied"}
    assert {kind for kinds in KINDS.values() for kind in kinds} <= shown | set(WORDS)


def test_entries_are_narrowed_by_who_what_whom_and_when(opened: app.Workspace, client_of: ClientOf) -> None:
    """Everything given must hold; a patient is named by number or id."""
    file_scan(opened, "a.pdf", [stub.page_text(FIRST, "a")])
    trail.seen(access_as(opened, "cleo"), "chart", opened.services, patient_ids=[patient_of(opened)])
    trail.seen(access_as(opened, "cleo"), "chart", opened.services, patient_ids=[patient_of(opened, SECOND)])
    browser = client_of("aud")
    found = entries(browser, who="cleo", category="viewed", patient=FIRST.mrn)
    assert [(e["says"], e["patient_ids"]) for e in found] == [("looked at a chart", [patient_of(opened)])]
    assert entries(browser, who="cleo", category="taken") == []
    assert entries(browser, who="cleo", until="2001-01-01") == []
    assert len(entries(browser, who="cleo", since="2001-01-01", category="viewed")) == 2


def test_pages_go_back_to_the_beginning_without_gaps(client_of: ClientOf) -> None:
    """Though reading writes entries of its own meanwhile."""
    browser = client_of("aud")
    seen: list[int] = []
    before = None
    while True:
        page = browser.post("/api/v1/trail", json={"limit": 7, "before": before}).json()
        seen += [entry["seq"] for entry in page["entries"]]
        before = page["next_before"]
        if before is None:
            break
    assert seen == list(range(seen[0], 0, -1))


def test_the_screen_asks_by_post_and_keeps_what_was_chosen(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """A record number stands in no address; the way to older entries carries the filter.

    The newest entry is this very look.
    """
    for _ in range(60):
        trail.seen(access_as(opened, "cleo"), "chart", opened.services, patient_ids=[patient_of(opened)])
    browser = client_of("aud")
    page = browser.post("/trail", data={"patient": FIRST.mrn, "category": "viewed", "since": "", "csrf": "x"})
    assert page.status_code == 200 and page.text.count("looked at a chart") == 49
    assert not re.search(rf'(href|action)="[^"]*{FIRST.mrn}', page.text)
    before = re.search(r'name="before" value="(\d+)"', page.text)
    assert before
    older = browser.post(
        "/trail", data={"patient": FIRST.mrn, "category": "viewed", "before": before.group(1)}
    )
    assert older.text.count("looked at a chart") >= 10 and "This is the beginning" in older.text


def test_an_unknown_patient_is_said_and_nothing_shown(client_of: ClientOf) -> None:
    """On the page and for programs; names are not looked up."""
    browser = client_of("aud")
    for text in ("00000000", FIRST.last):
        page = browser.post("/trail", data={"patient": text})
        assert page.status_code == 404 and "No patient has this number" in page.text
        assert browser.post("/api/v1/trail", json={"patient": text}).status_code == 404


def test_an_export_is_written_down_and_holds_no_formula(opened: app.Workspace, client_of: ClientOf) -> None:
    """CSV with a line for each entry."""
    trail.search_made(access_as(opened, "cleo"), "=HYPERLINK(1)", 0, opened.services)
    browser = client_of("aud")
    answer = browser.post("/trail/export", data={"category": "searched"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    lines = answer.text.splitlines()
    assert len(lines) == 2 and ",=" not in answer.text
    assert entries(browser, category="taken")[0]["who"] == "aud"


@pytest.mark.parametrize("login", ["cleo", "sue", "doc", "adm"])
def test_the_trail_is_for_auditors(opened: app.Workspace, client_of: ClientOf, login: str) -> None:
    """Whoever else asks is refused, and that stands in it."""
    browser = client_of(login)
    assert browser.get("/trail").status_code == 403
    assert browser.post("/api/v1/trail/disclosures", json={"patient": FIRST.mrn}).status_code == 403
    assert browser.post("/api/v1/trail/proof").status_code == 403
    with opened.catalog.read() as unit:
        refused = unit.events.trail(TrailFilter(actor=login, kinds=("denied",)))
    assert len(refused) == 3


# --- disclosures --------------------------------------------------------------------------------
def test_a_report_names_the_patient_on_the_page_and_nobody_else(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """Not in title or address; that it was made is an entry about the patient."""
    both = [patient_of(opened), patient_of(opened, SECOND)]
    trail.seen(access_as(opened, "cleo"), "search", opened.services, patient_ids=both)
    browser = client_of("aud")
    page = browser.post("/trail/disclosures", data={"patient": FIRST.mrn})
    assert "saw results of a search" in page.text and FIRST.mrn in page.text
    assert both[1] not in page.text and SECOND.mrn not in page.text
    title = re.search(r"<title>(.*?)</title>", page.text)
    assert title and title.group(1) == "Disclosure report · scanindex"
    report = browser.post("/api/v1/trail/disclosures", json={"patient": FIRST.mrn}).json()
    assert report["patient_id"] == both[0] and report["entries"][0]["says"] == "read a disclosure report"
    taken = browser.post("/trail/disclosures/export", data={"patient": FIRST.mrn})
    assert taken.status_code == 200 and both[1] not in taken.text


# --- proof ----------------------------------------------------------------------------------------
def proved(browser: Browser, web: FastAPI) -> dict[str, Any]:
    assert browser.post("/api/v1/trail/proof").status_code == 202
    web.state.proof.wait()
    return browser.get("/api/v1/trail/proof").json()  # type: ignore[no-any-return]


def test_a_whole_trail_is_proved_and_the_proof_is_an_entry(web: FastAPI, client_of: ClientOf) -> None:
    """The page says it in words."""
    browser = client_of("aud")
    assert browser.get("/api/v1/trail/proof").json()["state"] == "none"
    found = proved(browser, web)
    assert (found["state"], found["problems"]) == ("whole", []) and found["sealed"] > 10
    assert "The trail is whole" in browser.get("/trail/proof").text
    assert any(entry["says"].startswith("had the trail proved") for entry in entries(browser, who="aud"))


def test_a_changed_row_is_found_and_named(opened: app.Workspace, web: FastAPI, client_of: ClientOf) -> None:
    """By its number and what that means."""
    browser = client_of("aud")
    with opened.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER IF EXISTS events_no_update")
        for (name,) in connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events'"
        ).all():
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        connection.exec_driver_sql("UPDATE events SET actor = 'user:sue' WHERE seq = 5")
    found = proved(browser, web)
    assert found["state"] == "broken" and "5" in {p["place"].split()[-1] for p in found["problems"]}
    page = browser.get("/trail/proof").text
    assert "The trail was changed" in page and "row_changed" in page


# --- broken glass -----------------------------------------------------------------------------------
def test_a_broken_glass_is_shown_to_who_reviews_and_counted(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """Supervisors see who the patient is, auditors the id; the count goes when it is settled."""
    grant_id = broken(opened)
    supervisor, auditor = client_of("sue"), client_of("aud")
    for browser in (supervisor, auditor):
        page = browser.get("/glass/review").text
        assert WHY in page and '<span class="count-badge">1<span class="sr">' in page
    assert FIRST.mrn in supervisor.get("/glass/review").text
    assert FIRST.mrn not in auditor.get("/glass/review").text
    sent = {"verdict": "not_justified", "note": "nobody of that name was there"}
    assert auditor.post(f"/glass/review/{grant_id}", data=sent).status_code == 303
    page = supervisor.get("/glass/review").text
    assert '<span class="count-badge">1<span' not in page and "Not right" in page
    (reviewed,) = supervisor.get("/api/v1/glass/reviews").json()
    assert reviewed["is_open"] is False and reviewed["reviewed_by"] == "aud"


def test_nobody_reviews_their_own_nor_twice(opened: app.Workspace, client_of: ClientOf) -> None:
    """It does not even count as waiting for them."""
    grant_id = broken(opened, "sue")
    own, other = client_of("sue"), client_of("sven")
    assert "Somebody else reviews this" in own.get("/glass/review").text
    assert '<span class="count-badge">1<span' not in own.get("/glass/review").text
    sent = {"verdict": "justified"}
    assert own.post(f"/api/v1/glass/{grant_id}/review", json=sent).status_code == 403
    assert other.post(f"/api/v1/glass/{grant_id}/review", json=sent).status_code == 200
    assert other.post(f"/api/v1/glass/{grant_id}/review", json=sent).status_code == 409


@pytest.mark.parametrize("login", ["cleo", "doc", "adm"])
def test_who_does_not_review_sees_no_list(opened: app.Workspace, client_of: ClientOf, login: str) -> None:
    """Nor the count of it."""
    broken(opened)
    browser = client_of(login)
    assert browser.get("/glass/review").status_code == 403
    assert browser.get("/api/v1/glass/reviews").status_code == 403
    assert "count-badge" not in browser.get("/me").text


def test_words_never_hold_what_was_searched(opened: app.Workspace) -> None:
    """The sentence is ours; words of a query stand beside it."""
    trail.search_made(access_as(opened, "cleo"), "secretword", 3, opened.services)
    with opened.catalog.read() as unit:
        (entry,) = unit.events.trail(TrailFilter(kinds=("searched",)))
    assert isinstance(entry, TrailEntry) and says(entry) == "searched"
