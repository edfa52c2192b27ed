"""Facts about charts on the screen, and about opening one that is closed."""

from __future__ import annotations

import re
from datetime import timedelta

from scanindex import app, review
from scanindex.model import Document, DocumentState, PatientId
from scanindex.outside import MOST_MISSES
from scanindex.trail_model import TrailFilter
from tests.crash import stub
from tests.crash.service_main import drive
from tests.crash.stub import Person
from tests.web.conftest import Browser, ClientOf, access_as, file_scan

FIRST, SECOND = stub.PEOPLE[:2]
REASON = "called from the emergency room about them"


def patient_id(opened: app.Workspace, person: Person) -> PatientId:
    (found,) = opened.roster.by_identifier([person.mrn])
    return found.patient_id


def filed(opened: app.Workspace, serial: str, person: Person = FIRST) -> Document:
    (one,) = file_scan(opened, f"{serial}.pdf", [stub.page_text(person, serial)])
    assert one.state is DocumentState.FILED
    return one


def closed(opened: app.Workspace, serial: str) -> Document:
    """A document with a label that clerks and clinicians may not see."""
    label = opened.settings.access.restricted_labels[0]
    document = filed(opened, serial)
    review.relabel(
        document.document_id, document.version, [label], [], "says so", "user:sue", opened.services
    )
    drive(opened.settings)
    return document


def break_by_number(browser: Browser, mrn: str, born: str, reason: str = REASON) -> tuple[int, str, str]:
    answer = browser.post("/glass", data={"mrn": mrn, "birth_date": born, "reason": reason})
    found = re.search(r'role="alert">.*?<p>(.*?)</p>', answer.text, re.S)
    return answer.status_code, answer.headers.get("location", ""), found.group(1) if found else ""


def test_a_chart_lists_newest_first_and_undated_apart(opened: app.Workspace, client_of: ClientOf) -> None:
    one, two = filed(opened, "a"), filed(opened, "b")
    review.redate(one.document_id, one.version, "2001-05-06", "", "user:sue", opened.services)
    review.redate(two.document_id, two.version, None, "", "user:sue", opened.services)
    drive(opened.settings)
    three = filed(opened, "c")

    chart = client_of("cleo").get(f"/api/v1/charts/{patient_id(opened, FIRST)}").json()

    assert [d["document_id"] for d in chart["dated"]] == [one.document_id, three.document_id]
    assert [d["document_id"] for d in chart["undated"]] == [two.document_id]


def test_the_page_groups_by_year_and_filters_by_type(opened: app.Workspace, client_of: ClientOf) -> None:
    """The title names nobody."""
    document = filed(opened, "a")
    browser, path = client_of("cleo"), f"/charts/{patient_id(opened, FIRST)}"

    whole, none = browser.get(path).text, browser.get(f"{path}?type=consultation").text

    assert 'id="year-1998"' in whole and document.document_id in whole
    assert document.document_id not in none
    assert "<title>Chart" in whole


def test_opening_a_chart_is_written_down_with_what_it_listed(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    document = filed(opened, "a")
    client_of("cleo").get(f"/charts/{patient_id(opened, FIRST)}")

    with opened.catalog.read() as unit:
        found = unit.events.trail(TrailFilter(kinds=("viewed",), actor="user:cleo"))
    entry = next(one for one in found if one.what == "chart")
    assert entry.document_ids == (document.document_id,)
    assert entry.patient_ids == (patient_id(opened, FIRST),)


def test_a_chart_outside_the_list_is_as_one_that_is_not_there(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    filed(opened, "a")
    browser = client_of("doc")
    foreign = browser.get(f"/api/v1/charts/{patient_id(opened, FIRST)}")
    missing = browser.get("/api/v1/charts/nobody")
    assert (foreign.status_code, foreign.json()) == (missing.status_code, missing.json())
    assert foreign.status_code == 404


def test_where_a_chart_is_not_found_the_way_past_it_is_named(client_of: ClientOf) -> None:
    """To who may break the glass, and alike whether there is such a chart or not."""
    assert 'href="/glass"' in client_of("doc").get("/charts/nobody").text
    assert 'href="/glass"' in client_of("doc").get("/patients").text
    assert 'href="/glass"' not in client_of("adm").get("/nothing").text


def test_breaking_the_glass_opens_all_of_one_chart_for_a_time(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """That something is closed is said, never how much; closing it closes it again."""
    document = closed(opened, "s")
    who = patient_id(opened, FIRST)
    browser = client_of("cleo")
    before = browser.get(f"/api/v1/charts/{who}").json()
    assert (before["some_closed"], before["dated"]) == (True, [])

    opened_now = browser.post("/api/v1/glass", json={"patient_id": who, "reason": REASON})
    after = browser.get(f"/api/v1/charts/{who}").json()
    page = browser.get(f"/charts/{who}").text

    assert opened_now.status_code == 201
    assert [d["document_id"] for d in after["dated"]] == [document.document_id]
    assert "Opened by breaking the glass" in page
    browser.post(f"/glass/{opened_now.json()['grant_id']}/close")
    assert browser.get(f"/api/v1/charts/{who}").json()["dated"] == []


def test_a_reason_too_short_opens_nothing(opened: app.Workspace, client_of: ClientOf) -> None:
    who = patient_id(opened, FIRST)
    answer = client_of("cleo").post("/api/v1/glass", json={"patient_id": who, "reason": "urgent"})
    assert answer.status_code == 422


def test_a_clinician_opens_a_stranger_by_both_numbers_exactly(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    document = filed(opened, "a")
    browser = client_of("doc")

    status, location, _ = break_by_number(browser, FIRST.mrn, FIRST.born)

    assert (status, location) == (303, f"/charts/{patient_id(opened, FIRST)}")
    assert document.document_id in browser.get(location).text


def test_a_miss_does_not_tell_which_of_the_two_was_wrong(opened: app.Workspace, client_of: ClientOf) -> None:
    """Nor whether there is such a patient; it is written down."""
    browser = client_of("doc")

    wrong_day = break_by_number(browser, FIRST.mrn, SECOND.born)
    nobody = break_by_number(browser, "00000000", "1901-01-01")
    short = [break_by_number(browser, mrn, FIRST.born, "urgent") for mrn in (FIRST.mrn, "00000000")]

    assert wrong_day == nobody and wrong_day[0] == 404
    assert short[0] == short[1] and short[0][0] == 422
    with opened.catalog.read() as unit:
        misses = unit.events.trail(TrailFilter(kinds=("denied",), actor="user:doc"))
    assert [entry.what for entry in misses if "glass" in entry.what] == ["glass", "glass"]


def test_guessing_is_stopped_even_where_the_next_guess_is_right(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    browser = client_of("doc")
    for number in range(MOST_MISSES):
        assert break_by_number(browser, f"0000000{number}", FIRST.born)[0] == 404

    assert break_by_number(browser, FIRST.mrn, FIRST.born)[0] == 429
    assert access_as(opened, "doc").opened == frozenset()


def test_a_patient_outside_the_list_is_not_opened_by_id(opened: app.Workspace, client_of: ClientOf) -> None:
    """An id from elsewhere is no proof of knowing the person."""
    answer = client_of("doc").post(
        "/api/v1/glass", json={"patient_id": patient_id(opened, FIRST), "reason": REASON}
    )
    assert answer.status_code == 404


def test_only_ones_own_glass_is_closed(opened: app.Workspace, client_of: ClientOf) -> None:
    closed(opened, "s")
    who = patient_id(opened, FIRST)
    grant = client_of("cleo").post("/api/v1/glass", json={"patient_id": who, "reason": REASON}).json()

    other = client_of("clark").post(f"/api/v1/glass/{grant['grant_id']}/close")

    assert other.status_code == 404
    with opened.catalog.read() as unit:
        assert unit.grants.active("cleo", opened.services.clock.now() + timedelta(seconds=1))
