"""Facts about supervision: samples and verdicts, incidents closed by a second person, who may see it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from scanindex import app, audit, desk, redecide, review
from scanindex.audit_model import Mode, Verdict
from scanindex.model import Document, DocumentState
from scanindex.trail_model import TrailFilter
from tests.crash import stub
from tests.crash.service_main import drive
from tests.web.conftest import ClientOf, access_as, documents, file_scan

FIRST, SECOND, THIRD = stub.PEOPLE[:3]
PAGES = ("", "/audit", "/incidents", "/questions", "/claims", "/figures")


def _filed(opened: app.Workspace, count: int = 3) -> list[Document]:
    for number in range(count):
        file_scan(opened, f"s{number}.pdf", [stub.page_text(stub.PEOPLE[number], f"p{number}")])
    return documents(opened, DocumentState.FILED)


def _drawn(opened: app.Workspace, browser: Any, count: int = 3) -> dict[str, Any]:
    browser.post("/api/v1/supervise/audit/draw", json={"count": count})
    found: dict[str, Any] = browser.get("/api/v1/supervise/audit/next").json()
    return found


def _incident(opened: app.Workspace, browser: Any) -> str:
    """A misfile that `browser` found."""
    sample = _drawn(opened, browser)
    said = {"verdict": "wrong", "version": sample["version"], "note": "another name"}
    found: str = browser.post(f"/api/v1/supervise/audit/{sample['document_id']}", json=said).json()[
        "incident_id"
    ]
    return found


def test_only_supervisors_supervise(client_of: ClientOf) -> None:
    """Every screen and its data is closed to all other roles."""
    for login in ("cleo", "doc", "aud", "adm"):
        browser = client_of(login)
        assert [browser.get(f"/supervise{page}").status_code for page in PAGES] == [403] * len(PAGES)
        assert browser.get("/api/v1/supervise/sources").status_code == 403
        assert browser.post("/api/v1/supervise/audit/draw", json={"count": 1}).status_code == 403


def test_every_screen_opens_on_an_empty_workspace(client_of: ClientOf) -> None:
    """Nothing to audit, nobody asked, nothing in hand."""
    browser = client_of("sue")

    assert [browser.get(f"/supervise{page}").status_code for page in PAGES] == [200] * len(PAGES)
    assert browser.get("/api/v1/supervise/audit/next").json() is None


def test_a_sample_shows_the_chart_and_not_what_the_machine_read(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """Whoever audits compares the paper with the chart; confidence and rule would lead them."""
    _filed(opened)
    browser = client_of("sue")
    sample = _drawn(opened, browser)

    page = browser.get("/supervise/audit").text

    assert sample["filed_under"].split(",")[0] in page
    assert f"/pictures/{sample['document_id']}/1/" in page
    assert "gate." not in page and "posterior" not in page
    assert sample["waiting"] == 3


def test_a_verdict_moves_on_to_the_next_and_counts(opened: app.Workspace, client_of: ClientOf) -> None:
    """One form, one key: the bound of the source follows."""
    _filed(opened)
    browser = client_of("sue")
    _drawn(opened, browser)
    shown = []
    for verdict in ("right", "right", "cannot_tell"):
        sample = browser.get("/api/v1/supervise/audit/next").json()
        shown.append(sample["document_id"])
        form = {"verdict": verdict, "version": sample["version"], "csrf": browser.csrf}
        answer = browser.post(f"/supervise/audit/{sample['document_id']}", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/supervise/audit")

    (source,) = browser.get("/api/v1/supervise/sources").json()

    assert len(set(shown)) == 3
    assert (source["audited"], source["misfiles"], source["cannot_tell"], source["open"]) == (3, 1, 1, 0)
    assert 0 < source["upper_bound"] < 1 and source["more_needed"] > 0


def test_who_looked_is_who_is_logged_in(opened: app.Workspace, client_of: ClientOf) -> None:
    """No name is taken from the request; showing it is in the trail too."""
    _filed(opened, 1)
    browser = client_of("sue")
    sample = _drawn(opened, browser)
    said = {"verdict": "right", "version": sample["version"]}
    path = f"/api/v1/supervise/audit/{sample['document_id']}"

    assert browser.post(path, json=said | {"by": "somebody"}).status_code == 422
    assert browser.post(path, json=said).status_code == 200

    with opened.catalog.read() as unit:
        line = unit.filings.get(sample["document_id"])
        viewed = unit.events.trail(TrailFilter(kinds=("viewed",), document_id=sample["document_id"]))
    assert line is not None and (line.audited_by, line.verdict) == ("user:sue", Verdict.RIGHT)
    assert {(entry.actor, entry.what) for entry in viewed} == {("user:sue", "audit")}


def test_a_verdict_on_what_changed_meanwhile_is_refused(opened: app.Workspace, client_of: ClientOf) -> None:
    """It names the version that was shown."""
    _filed(opened, 1)
    browser = client_of("sue")
    sample = _drawn(opened, browser)
    review.retype(
        sample["document_id"], sample["version"], "discharge_summary", "", "user:cleo", opened.services
    )

    said = {"verdict": "right", "version": sample["version"]}
    answer = browser.post(f"/api/v1/supervise/audit/{sample['document_id']}", json=said)

    assert answer.status_code == 409


def test_a_misfile_opens_an_incident_and_stops_its_source(opened: app.Workspace, client_of: ClientOf) -> None:
    """The document leaves its chart at once; the screen tells what is left to do."""
    _filed(opened)
    browser = client_of("sue")
    incident_id = _incident(opened, browser)

    told = browser.get(f"/api/v1/supervise/incidents/{incident_id}").json()
    page = browser.get(f"/supervise/incidents/{incident_id}")
    (source,) = browser.get("/api/v1/supervise/sources").json()

    assert source["mode"] == Mode.SUGGEST and source["open_incidents"] == [incident_id]
    assert told["rechecks"] == 2 and len(told["open_points"]) == 3
    assert page.status_code == 200 and "is not settled yet" in page.text
    assert len(documents(opened, DocumentState.IN_REVIEW)) == 1


def test_an_incident_is_closed_by_a_second_person_once_all_is_done(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """Refused while something is left, and to whoever found it."""
    _filed(opened, 1)
    sue, sven = client_of("sue"), client_of("sven")
    incident_id = _incident(opened, sue)
    path = f"/api/v1/supervise/incidents/{incident_id}/close"
    too_early = sven.post(path, json={"note": "done"}).status_code
    (waiting,) = documents(opened, DocumentState.IN_REVIEW)
    patient_id = opened.roster.by_identifier([SECOND.mrn])[0].patient_id
    settled = review.Settlement(patient_id=patient_id)
    review.accept(waiting.document_id, waiting.version, settled, "user:cleo", opened.services)
    drive(opened.settings)

    by_finder = sue.post(path, json={"note": "done"}).status_code
    by_second = sven.post(
        f"/supervise/incidents/{incident_id}/close", data={"note": "torn", "csrf": sven.csrf}
    )

    assert (too_early, by_finder, by_second.status_code) == (409, 409, 303)
    assert audit.incident(incident_id, opened.services).closed_by == "user:sven"
    assert sue.get("/api/v1/supervise/incidents").json() == []
    assert len(sue.get("/api/v1/supervise/incidents?everything=true").json()) == 1


def test_a_source_is_let_go_and_stopped_by_a_supervisor(opened: app.Workspace, client_of: ClientOf) -> None:
    """From the form and the API; certified cannot be set, only earned."""
    _filed(opened, 1)
    browser = client_of("sue")
    form = {"source": ".", "mode": "suggest", "reason": "new scanner", "csrf": browser.csrf}
    assert browser.post("/supervise/sources/mode", data=form).status_code == 303
    stopped = browser.get("/api/v1/supervise/sources").json()[0]
    let_go = browser.post("/api/v1/supervise/sources/mode", json={"source": ".", "mode": "strict"})
    certified = browser.post("/api/v1/supervise/sources/mode", json={"source": ".", "mode": "certified"})
    unearned = browser.post("/api/v1/supervise/sources/certify", json={"source": "."})
    unknown = browser.post("/api/v1/supervise/sources/mode", json={"source": "nowhere", "mode": "strict"})

    assert (stopped["mode"], stopped["reasons"]) == ("suggest", ["new scanner"])
    assert [a.status_code for a in (let_go, certified, unearned, unknown)] == [204, 422, 409, 404]
    assert "clean audit" in unearned.json()["message"]
    assert redecide.let_go(".", opened.services) == 0


def test_a_clerks_question_is_answered_and_goes_back(opened: app.Workspace, client_of: ClientOf) -> None:
    """With the words as text; who is no supervisor cannot answer."""
    (waiting,) = file_scan(opened, "who.pdf", [stub.page_text(stub.STRANGER, "s")])
    clerk, browser = access_as(opened, "cleo"), client_of("sue")
    desk.next_item(clerk, desk.Filters(), opened.services)
    desk.ask(clerk, waiting.document_id, waiting.version, "Is <b>this</b> hers?", opened.services)

    page = browser.get("/supervise/questions").text
    (question,) = browser.get("/api/v1/supervise/questions").json()
    path = f"/supervise/questions/{question['item_id']}/answer"
    by_clerk = client_of("clark").post(path, data={"note": "yes"}).status_code
    answered = browser.post(path, data={"note": "Yes, by the address.", "csrf": browser.csrf})

    assert "Is &lt;b&gt;this&lt;/b&gt; hers?" in page
    assert (question["kind"], question["actor"]) == ("question", "user:cleo")
    address = f"/review/items/{waiting.document_id}?state=questions"
    assert f'href="{address}"' in page and browser.get(address).status_code == 200
    assert (by_clerk, answered.status_code) == (403, 303)
    assert browser.get("/api/v1/supervise/questions").json() == []


def test_a_scan_is_taken_out_of_somebodys_hands(opened: app.Workspace, client_of: ClientOf) -> None:
    """The trail says who took it from whom."""
    (waiting,) = file_scan(opened, "who.pdf", [stub.page_text(stub.STRANGER, "s")])
    desk.next_item(access_as(opened, "cleo"), desk.Filters(), opened.services)
    browser = client_of("sue")
    before = browser.get("/api/v1/supervise/claims").json()

    answer = browser.post(f"/supervise/claims/{waiting.scan_id}/take", data={"csrf": browser.csrf})

    assert [claim["actor"] for claim in before] == ["user:cleo"]
    assert answer.status_code == 303
    assert [c["actor"] for c in browser.get("/api/v1/supervise/claims").json()] == ["user:sue"]
    assert browser.post(f"/api/v1/supervise/claims/{'0' * 64}/take").status_code == 404


def test_everybodys_figures_are_shown(opened: app.Workspace, client_of: ClientOf) -> None:
    """Items and pages of who settled them, in the time asked for."""
    (waiting,) = file_scan(opened, "who.pdf", [stub.page_text(stub.STRANGER, "s")])
    clerk, browser = access_as(opened, "cleo"), client_of("sue")
    desk.next_item(clerk, desk.Filters(), opened.services)
    desk.reject(
        clerk,
        waiting.document_id,
        waiting.version,
        DocumentState.RESCAN_WANTED,
        "",
        opened.services,
        seconds=12.0,
        keystrokes=3,
    )

    (mine,) = browser.get("/api/v1/supervise/figures?days=1").json()
    page = browser.get("/supervise/figures").text

    assert (mine["actor"], mine["items"], mine["median_seconds"]) == ("user:cleo", 1, 12.0)
    assert re.search(r"<th scope=\"row\">cleo</th>", page)
    assert browser.get("/api/v1/supervise/figures?days=0").status_code == 422


def test_test_items_are_planted_as_far_as_there_are_papers(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """Nothing was audited as right yet: none can be made, and that is said."""
    browser = client_of("sue")

    answer = browser.post("/supervise/seeds", data={"count": "3", "csrf": browser.csrf})
    page = browser.get(answer.headers["location"]).text

    assert answer.headers["location"] == "/supervise/figures?planted=0"
    assert "0 test items planted" in page


@pytest.mark.parametrize("path", ["/supervise/incidents/nothing", "/supervise/incidents/" + "x" * 100])
def test_an_incident_that_is_not_there_is_not_found(client_of: ClientOf, path: str) -> None:
    """The same page as for anything else that is missing."""
    assert client_of("sue").get(path).status_code == 404
