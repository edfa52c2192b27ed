"""Facts about the document viewer: what it shows, marks and tells; what may be corrected, and how."""

from __future__ import annotations

import re

import pytest

from scanindex import app, corrections, review
from scanindex.errors import UsageError
from scanindex.model import Document, DocumentState, PatientId
from scanindex.trail_model import TrailFilter
from tests.crash import stub
from tests.crash.service_main import drive
from tests.crash.stub import Person
from tests.web.conftest import Browser, ClientOf, access_as, file_scan

FIRST, SECOND = stub.PEOPLE[:2]
WHY = "the name at the top is another one"


def filed(opened: app.Workspace, serial: str = "a", person: Person = FIRST) -> Document:
    (one,) = file_scan(opened, f"{serial}.pdf", [stub.page_text(person, serial)])
    assert one.state is DocumentState.FILED
    return one


def patient_id(opened: app.Workspace, person: Person) -> PatientId:
    (found,) = opened.roster.by_identifier([person.mrn])
    return found.patient_id


def birth_day(person: Person) -> str:
    return person.born[5:7] + person.born[8:10]


def now(opened: app.Workspace, document: Document) -> Document:
    with opened.catalog.read() as unit:
        found = unit.documents.get(document.document_id)
    assert found is not None
    return found


def typed_for(browser: Browser, document: Document, who: Person, opened: app.Workspace) -> str:
    """What the clerk would type, by what is asked."""
    asked = browser.post(
        f"/api/v1/documents/{document.document_id}/confirmation",
        json={"patient_id": patient_id(opened, who)},
    ).json()
    answers = {
        "birth_day": birth_day(who),
        "mrn_end": who.mrn[-4:],
        "mrn_start": who.mrn[:4],
        "first_name": who.first[:4],
        "last_name": who.last[:4],
        "birth_year": who.born[:4],
        "birth_date": birth_day(who) + who.born[:4],
        "first_initial": who.first[:1],
    }
    return answers[asked["kind"]]


# --- looking -------------------------------------------------------------------------------
def test_the_viewer_shows_page_text_and_patient_but_names_nobody_in_its_title(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """Text of the page, fields, type and date; the address and the title tell nothing of who it is."""
    document = filed(opened)

    page = client_of("cleo").get(f"/documents/{document.document_id}")

    title = re.search(r"<title>(.*?)</title>", page.text)
    assert page.status_code == 200
    assert title and FIRST.last not in title.group(1)
    assert f"MRN: {FIRST.mrn}" in re.sub(r"<[^>]+>|\s+", " ", page.text).replace("  ", " ")
    assert f'href="/charts/{patient_id(opened, FIRST)}"' in page.text
    assert page.headers["cache-control"] == "no-store"


def test_looking_is_written_down_once_in_a_while(opened: app.Workspace, client_of: ClientOf) -> None:
    """Page, words and data of one document are one look of one session."""
    document = filed(opened)
    browser = client_of("cleo")

    for path in (f"/documents/{document.document_id}", f"/api/v1/documents/{document.document_id}"):
        assert browser.get(path).status_code == 200

    with opened.catalog.read() as unit:
        seen = [e for e in unit.events.seen(document.document_id) if e.actor == "user:cleo"]
    assert [event.payload["what"] for event in seen] == ["document"]


def test_words_stand_in_fractions_of_the_page(opened: app.Workspace, client_of: ClientOf) -> None:
    """Each has its number, line, box and whether it was read with doubt."""
    document = filed(opened)

    answer = client_of("cleo").get(f"/api/v1/documents/{document.document_id}/pages/1/words").json()

    assert answer["is_read"]
    assert [w["number"] for w in answer["words"]] == list(range(len(answer["words"])))
    assert all(0 <= edge <= 1 for word in answer["words"] for edge in word["box"])
    assert FIRST.mrn in {word["text"] for word in answer["words"]}


def test_a_page_that_is_not_there_is_not_found(opened: app.Workspace, client_of: ClientOf) -> None:
    document = filed(opened)
    answer = client_of("cleo").get(f"/api/v1/documents/{document.document_id}/pages/2/words")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_document_in_review_is_shown_to_who_settles_it_and_to_nobody_else(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """A clinician is told the same as of an id that does not exist."""
    (waiting,) = file_scan(opened, "who.pdf", [stub.page_text(stub.STRANGER, "s")])
    path = f"/api/v1/documents/{waiting.document_id}"

    assert client_of("cleo").get(path).json()["state"] == "in_review"
    page = client_of("cleo").get(f"/documents/{waiting.document_id}").text
    assert f'href="/review/items/{waiting.document_id}"' in page
    hidden, missing = client_of("doc").get(path), client_of("doc").get("/api/v1/documents/nothing")
    assert (
        (hidden.status_code, hidden.json()) == (missing.status_code, missing.json()) == (404, hidden.json())
    )


def test_what_paper_says_is_never_markup(opened: app.Workspace, client_of: ClientOf) -> None:
    """A page that spells a script shows it as text."""
    text = stub.page_text(FIRST, "x") + "\n<script>alert(1)</script> <img src=x onerror=alert(1)>"
    (document,) = file_scan(opened, "x.pdf", [text])

    page = client_of("cleo").get(f"/documents/{document.document_id}").text

    assert "<script>alert" not in page and "<img src=x" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_document_whose_pages_went_elsewhere_still_opens(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """Joined into its neighbour it has no page, but its history."""
    texts = [stub.page_text(FIRST, "j1"), stub.page_text(SECOND, "j2", "DISCHARGE SUMMARY")]
    one, two = (
        review.reopen(d.document_id, d.version, "", "user:sue", opened.services)
        for d in sorted(file_scan(opened, "j.pdf", texts), key=lambda d: d.pages)
    )
    review.join(one.document_id, one.version, two.document_id, two.version, "user:sue", opened.services)
    browser = client_of("cleo")

    for path in (f"/documents/{two.document_id}", f"/documents/{two.document_id}/history"):
        assert browser.get(path).status_code == 200
    told = browser.get(f"/api/v1/documents/{two.document_id}").json()
    assert (told["state"], told["pages"], told["corrections"]) == ("superseded", [], [])


# --- marks -----------------------------------------------------------------------------------
def test_hits_are_marked_where_they_stand(opened: app.Workspace, client_of: ClientOf) -> None:
    """Per page the places, and which words they are; the query is in the trail, not in an address."""
    (document,) = file_scan(opened, "two.pdf", [stub.page_text(FIRST, "p1"), stub.page_text(FIRST, "p2")])[:1]
    path = f"/api/v1/documents/{document.document_id}/marks"
    word = stub.rare_word("p1")

    answer = client_of("cleo").post(path, json={"query": word}).json()

    assert (answer["total"], answer["is_look_alike"], answer["pages"][0]["number"]) == (1, False, 1)
    assert all(0 <= edge <= 1 for edge in answer["pages"][0]["places"][0]["box"])
    with opened.catalog.read() as unit:
        (entry,) = unit.events.trail(TrailFilter(kinds=("searched",)))
    assert entry.details["query"] == word


def test_a_misread_spelling_counts_only_where_nothing_is_as_typed(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    text = stub.page_text(FIRST, "m") + "\nThe sp1een was removed"
    (document,) = file_scan(opened, "m.pdf", [text])
    path = f"/api/v1/documents/{document.document_id}/marks"
    browser = client_of("cleo")

    as_typed = browser.post(path, json={"query": "sp1een"}).json()
    misread = browser.post(path, json={"query": "spleen"}).json()

    assert (as_typed["total"], as_typed["is_look_alike"]) == (1, False)
    assert (misread["total"], misread["is_look_alike"]) == (1, True)


def test_unknown_fields_are_refused(opened: app.Workspace, client_of: ClientOf) -> None:
    document = filed(opened)
    answer = client_of("cleo").post(
        f"/api/v1/documents/{document.document_id}/marks", json={"query": "a", "patient": "b"}
    )
    assert answer.status_code == 422


# --- history -------------------------------------------------------------------------------
def test_history_tells_who_changed_what_and_why(opened: app.Workspace, client_of: ClientOf) -> None:
    """And the machine's reasons by which it decided."""
    document = filed(opened)
    browser = client_of("cleo")
    browser.post(
        f"/api/v1/documents/{document.document_id}/corrections/retype",
        json={"version": document.version, "reason": WHY, "document_type": "consultation"},
    )

    steps = browser.get(f"/api/v1/documents/{document.document_id}/history").json()["steps"]

    decided = next(step for step in steps if step["kind"] == "decided")
    change = next(step for step in steps if step["kind"] == "retyped")
    assert decided["reasons"] == list(document.decision.reasons)
    assert (change["actor"], change["note"]) == ("user:cleo", WHY)
    assert change["differences"] == [
        {"part": "document_type", "before": "lab_report", "after": "consultation"}
    ]


def test_who_opened_it_is_told_to_supervisors_only(opened: app.Workspace, client_of: ClientOf) -> None:
    document = filed(opened)
    path = f"/api/v1/documents/{document.document_id}/history"
    clerk = client_of("cleo").get(path).json()

    seen = client_of("sue").get(path).json()["opened_by"]

    assert clerk["opened_by"] is None
    assert "user:cleo" in {look["actor"] for look in seen}


# --- corrections ---------------------------------------------------------------------------
def test_another_patient_needs_the_datum_from_the_page(opened: app.Workspace, client_of: ClientOf) -> None:
    """A wrong one changes nothing; the right one moves it, and the misfile opens an incident."""
    document = filed(opened)
    browser = client_of("cleo")
    path = f"/api/v1/documents/{document.document_id}/corrections/refile"
    asked = {
        "version": document.version,
        "reason": WHY,
        "patient_id": patient_id(opened, SECOND),
        "datum": "ZZZZ",
    }

    wrong = browser.post(path, json=asked)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "datum_differs")
    assert now(opened, document).patient_id == patient_id(opened, FIRST)

    done = browser.post(path, json=asked | {"datum": typed_for(browser, document, SECOND, opened)})
    assert (done.status_code, done.json()["did"]) == (200, "refiled")
    assert now(opened, document).patient_id == patient_id(opened, SECOND)
    with opened.catalog.read() as unit:
        (incident,) = unit.incidents.all(open_only=True)
    assert done.json()["incident_id"] == incident.incident_id


def test_the_screen_covers_what_must_be_typed(opened: app.Workspace, client_of: ClientOf) -> None:
    """The chosen patient's birth date is nowhere on it while its day is asked for; the look is kept."""
    document = filed(opened)
    form = {"patient_id": patient_id(opened, SECOND)}
    browser = client_of("cleo")

    page = browser.post(f"/documents/{document.document_id}/refile", data=form)

    assert page.status_code == 200
    assert "covered: type it below" in page.text
    assert SECOND.born not in page.text
    with opened.catalog.read() as unit:
        (entry,) = unit.events.trail(TrailFilter(kinds=("viewed",), patient_id=patient_id(opened, SECOND)))
    assert entry.document_ids == (document.document_id,)


def test_without_script_a_whole_record_number_names_the_patient(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """Part of one names nobody: nothing is guessed."""
    document = filed(opened)
    browser, path = client_of("cleo"), f"/documents/{document.document_id}/refile"

    chosen = browser.post(path, data={"patient": SECOND.mrn, "patient_id": ""})
    unknown = browser.post(path, data={"patient": SECOND.mrn[:-1], "patient_id": ""})

    assert chosen.status_code == 200 and f'value="{patient_id(opened, SECOND)}"' in chosen.text
    assert unknown.status_code == 422 and "Nothing was changed" in unknown.text


def test_a_correction_by_form_comes_back_to_the_viewer(opened: app.Workspace, client_of: ClientOf) -> None:
    document = filed(opened)
    browser = client_of("cleo")
    form = {"version": str(document.version), "service_date": "1998-03", "reason": WHY}

    answer = browser.post(f"/documents/{document.document_id}/redate", data=form)

    assert answer.status_code == 303
    assert "The date is corrected." in browser.get(answer.headers["location"]).text
    assert now(opened, document).service_date == "1998-03"


def test_a_stale_correction_is_refused_and_says_what_changed(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    document = filed(opened)
    path = f"/api/v1/documents/{document.document_id}/corrections/redate"
    body = {"version": document.version, "reason": WHY, "service_date": "1998-03-01"}
    assert client_of("clark").post(path, json=body).status_code == 200

    stale = client_of("cleo").post(path, json=body)

    assert stale.status_code == 409
    assert "given another date (the date changed)" in stale.json()["message"]
    assert "user:clark" in stale.json()["message"]


def test_a_correction_without_a_reason_changes_nothing(opened: app.Workspace, client_of: ClientOf) -> None:
    document = filed(opened)
    form = {"version": str(document.version), "service_date": "1998-03", "reason": " "}

    answer = client_of("cleo").post(f"/documents/{document.document_id}/redate", data=form)

    assert answer.status_code == 422
    assert "say why" in answer.text
    assert now(opened, document).version == document.version


def test_a_label_closes_it_to_who_may_not_see_such(opened: app.Workspace, client_of: ClientOf) -> None:
    """Also to the clerk who set it; a supervisor still sees it."""
    document = filed(opened)
    path = f"/api/v1/documents/{document.document_id}"
    clerk = client_of("cleo")

    done = clerk.post(
        f"{path}/corrections/relabel",
        json={
            "version": document.version,
            "reason": WHY,
            "labels": [opened.settings.access.restricted_labels[0]],
        },
    )

    assert done.status_code == 200
    assert clerk.get(path).status_code == 404
    assert client_of("sue").get(path).status_code == 200


def test_entered_in_error_leaves_the_chart(opened: app.Workspace, client_of: ClientOf) -> None:
    document = filed(opened)
    browser = client_of("cleo")

    browser.post(
        f"/api/v1/documents/{document.document_id}/corrections/entered-in-error",
        json={"version": document.version, "reason": WHY},
    )

    chart = browser.get(f"/api/v1/charts/{patient_id(opened, FIRST)}").json()
    assert now(opened, document).state is DocumentState.ENTERED_IN_ERROR
    assert chart["dated"] == chart["undated"] == []


def test_back_to_review_waits_again_and_leaves_no_claim(opened: app.Workspace, client_of: ClientOf) -> None:
    document = filed(opened)

    done = client_of("cleo").post(
        f"/api/v1/documents/{document.document_id}/corrections/back-to-review",
        json={"version": document.version, "reason": WHY},
    )

    assert done.json()["did"] == "reopened"
    assert now(opened, document).state is DocumentState.IN_REVIEW
    with opened.catalog.read() as unit:
        assert unit.desk.holder(document.scan_id, opened.services.clock.now()) is None


def test_ones_own_last_correction_can_be_taken_back(opened: app.Workspace, client_of: ClientOf) -> None:
    """Not by somebody else."""
    document = filed(opened)
    path = f"/api/v1/documents/{document.document_id}/corrections"
    browser = client_of("cleo")
    body = {"version": document.version, "reason": WHY, "document_type": "consultation"}
    assert browser.post(f"{path}/retype", json=body).status_code == 200
    drive(opened.settings)

    assert client_of("clark").post(f"{path}/undo").status_code == 409
    undone = browser.post(f"{path}/undo")

    assert (undone.status_code, undone.json()["did"]) == (200, "undone")
    assert now(opened, document).document_type == document.document_type


def test_nobody_is_disturbed_who_has_the_scan_in_hand(opened: app.Workspace, client_of: ClientOf) -> None:
    document = filed(opened)
    moment = opened.services.clock.now()
    with opened.catalog.write() as unit:
        unit.desk.claim(document.scan_id, "user:clark", moment, moment.replace(year=moment.year + 1))

    answer = client_of("cleo").post(
        f"/api/v1/documents/{document.document_id}/corrections/back-to-review",
        json={"version": document.version, "reason": WHY},
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "claimed")


def test_who_only_reads_is_offered_no_correction(opened: app.Workspace, client_of: ClientOf) -> None:
    """And is refused one."""
    document = filed(opened)
    _list_for_doc(opened, patient_id(opened, FIRST))
    browser = client_of("doc")

    answer = browser.post(
        f"/api/v1/documents/{document.document_id}/corrections/back-to-review",
        json={"version": document.version, "reason": WHY},
    )

    assert browser.get(f"/api/v1/documents/{document.document_id}").json()["corrections"] == []
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_partial_dates_are_taken_and_impossible_ones_are_not() -> None:
    assert [corrections.civil(text) for text in ("1998", "1998-03", "1998-03-21", "", None)] == [
        "1998", "1998-03", "1998-03-21", None, None,
    ]  # fmt: skip
    for text in ("98", "1998-13", "1998-02-30", "21.3.1998"):
        with pytest.raises(UsageError):
            corrections.civil(text)


def _list_for_doc(opened: app.Workspace, patient: PatientId) -> None:
    from scanindex import people

    people.change_user(access_as(opened, "ada"), "doc", opened.services, patient_ids=frozenset({patient}))
