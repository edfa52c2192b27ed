"""Facts about patients on the screen: found while typing, seen, added, merged, taken apart, linked."""

from __future__ import annotations

import dataclasses
import re

import pytest

from scanindex import app, patient_corrections, people, review
from scanindex.model import DocumentState, Patient, PatientId, PersonName
from scanindex.store import rebuild
from scanindex.trail_model import TrailFilter
from tests.crash import stub
from tests.web.conftest import Browser, ClientOf, access_as, documents, file_scan

FIRST, SECOND, THIRD = stub.PEOPLE[:3]


def _of(opened: app.Workspace, person: stub.Person) -> Patient:
    (found,) = opened.roster.by_identifier([person.mrn])
    return found


def _id(opened: app.Workspace, person: stub.Person) -> PatientId:
    return _of(opened, person).patient_id


def _bind(opened: app.Workspace, person: stub.Person) -> None:
    mine = frozenset({_id(opened, person)})
    people.change_user(access_as(opened, "ada"), "doc", opened.services, patient_ids=mine)


def _suggest(browser: Browser, text: str) -> list[dict[str, object]]:
    answer = browser.post("/api/v1/patients/suggest", json={"text": text})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json()["suggestions"]
    return found


# --- finding ------------------------------------------------------------------------------------
def test_what_fits_is_marked_where_it_stands(client_of: ClientOf) -> None:
    """Beginnings of names in the title, the number and the year in the line below."""
    browser = client_of("cleo")

    for typed in (FIRST.last[:4].lower(), FIRST.first[:3].lower(), FIRST.mrn[-4:], FIRST.born[:4]):
        (one,) = _suggest(browser, typed)
        marked = [str(one["title"])[a:b] for a, b in one["ranges"]]  # type: ignore[attr-defined]
        marked += [str(one["detail"])[a:b] for a, b in one["detail_ranges"]]  # type: ignore[attr-defined]
        assert [text.lower() for text in marked] == [typed], typed


def test_typing_is_not_written_down_and_opening_is(opened: app.Workspace, client_of: ClientOf) -> None:
    """Keystrokes leave no line in the trail; the record that is opened does."""
    browser = client_of("cleo")
    _suggest(browser, "okon")
    wanted = TrailFilter(patient_id=_id(opened, FIRST), limit=10)
    with opened.catalog.read() as unit:
        assert not unit.events.trail(wanted)

    assert browser.get(f"/patients/{_id(opened, FIRST)}").status_code == 200

    with opened.catalog.read() as unit:
        (seen,) = unit.events.trail(wanted)
    assert (seen.kind, seen.actor) == ("viewed", "user:cleo")


def test_who_is_bound_to_patients_meets_nobody_else(opened: app.Workspace, client_of: ClientOf) -> None:
    """Suggestions, lists and records of others are as if they were not there."""
    _bind(opened, FIRST)
    browser = client_of("doc")

    assert [one["id"] for one in _suggest(browser, FIRST.last[:4])] == [_id(opened, FIRST)]
    assert _suggest(browser, SECOND.last[:4]) == []
    foreign = browser.get(f"/api/v1/patients/{_id(opened, SECOND)}")
    missing = browser.get("/api/v1/patients/nobodyatall")
    assert (foreign.status_code, foreign.json()) == (404, missing.json())
    page = browser.get("/patients").text
    assert FIRST.last in page and SECOND.last not in page
    listed = browser.post("/patients", data={"text": SECOND.mrn}).text
    assert "Nobody fits" in listed and SECOND.last not in listed


def test_a_list_without_script_goes_to_records(opened: app.Workspace, client_of: ClientOf) -> None:
    """Enter lists who fits; a picked one is gone to."""
    browser = client_of("cleo")

    assert f'href="/patients/{_id(opened, FIRST)}"' in browser.post("/patients", data={"text": "okon"}).text
    picked = browser.post("/patients", data={"text": "x", "patient_id": _id(opened, FIRST)})
    assert picked.headers["location"] == f"/patients/{_id(opened, FIRST)}"


def test_a_record_counts_documents_as_its_reader_sees_them(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """A document closed by a label is neither shown nor counted for who may not see it."""
    (document,) = file_scan(opened, "a.pdf", [stub.page_text(FIRST, "a")])
    path = f"/api/v1/patients/{_id(opened, FIRST)}"
    assert client_of("cleo").get(path).json()["documents"] == 1

    (label, *_) = opened.settings.access.restricted_labels
    with opened.catalog.write() as unit:
        closed = dataclasses.replace(document, version=document.version + 1, sensitivity=(label,))
        unit.documents.change(closed, document.version)

    assert client_of("cleo").get(path).json()["documents"] == 0
    assert client_of("sue").get(path).json()["documents"] == 1


# --- adding -------------------------------------------------------------------------------------
def test_who_looks_alike_is_shown_before_anybody_is_added(opened: app.Workspace, client_of: ClientOf) -> None:
    """The first answer names them and adds nobody; saying that it is another person adds."""
    browser, before = client_of("cleo"), opened.roster.patients()
    asked = {"last": FIRST.last, "first": FIRST.first, "birth_date": "1950-01-02"}

    warned = browser.post("/api/v1/patients", json=asked)
    assert (warned.status_code, warned.json()["look_alikes"][0]["mrn"]) == (409, FIRST.mrn)
    assert opened.roster.patients() == before

    added = browser.post("/api/v1/patients", json=asked | {"is_another": True})
    record = browser.get(f"/api/v1/patients/{added.json()['patient_id']}").json()
    assert added.status_code == 201 and record["is_provisional"]


def test_the_form_warns_once_for_what_was_typed(opened: app.Workspace, client_of: ClientOf) -> None:
    """Typing somebody else after the warning is looked at again."""
    browser, before = client_of("cleo"), opened.roster.patients()
    first = browser.post("/patients/new", data={"last": FIRST.last, "first": FIRST.first})
    mark = first.text.split('name="is_another" value="')[1].split('"')[0]

    other = browser.post(
        "/patients/new", data={"last": SECOND.last, "first": SECOND.first, "is_another": mark}
    )
    assert (first.status_code, other.status_code) == (409, 409)
    assert SECOND.mrn in other.text and opened.roster.patients() == before

    sure = browser.post("/patients/new", data={"last": FIRST.last, "first": FIRST.first, "is_another": mark})
    assert sure.status_code == 303 and opened.roster.patients() == before + 1


@pytest.mark.parametrize(
    "wrong",
    [{"birth_date": "1950-13-01"}, {"birth_date": "2999-01-01"}, {"last": "  "}, {"first": "a\u202eb"}],
)
def test_what_cannot_be_a_person_is_refused(
    wrong: dict[str, str], opened: app.Workspace, client_of: ClientOf
) -> None:
    """By form and by API; nobody is added."""
    browser, before = client_of("cleo"), opened.roster.patients()
    asked = {"last": "Plumtree", "first": "Odo"} | wrong

    assert browser.post("/patients/new", data=asked).status_code == 422
    assert browser.post("/api/v1/patients", json=asked).status_code == 422
    assert opened.roster.patients() == before


# --- two records ----------------------------------------------------------------------------------
def _compared(browser: Browser, opened: app.Workspace) -> dict[str, str]:
    pair = {"loser_id": _id(opened, FIRST), "survivor_id": _id(opened, SECOND)}
    answer = browser.post("/api/v1/roster/compare", json=pair)
    assert answer.status_code == 200, answer.text
    return pair | {"seen": answer.json()["seen"]}


def test_two_records_stand_beside_each_other_with_what_differs(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """Every datum of both, the differing characters as ranges."""
    pair = _compared(browser := client_of("sue"), opened)
    del pair["seen"]

    found = browser.post("/api/v1/roster/compare", json=pair).json()

    rows = {row["name"]: row for row in found["rows"]}
    assert rows["Birth date"]["is_different"] and not rows["Sex"]["is_different"]
    (value,) = rows["Birth date"]["loser"]
    assert value["text"] == FIRST.born and value["marks"]


def test_a_merge_wants_the_number_of_the_retired_record(opened: app.Workspace, client_of: ClientOf) -> None:
    """Another number, also the one that stays, merges nothing."""
    browser = client_of("sue")
    asked = _compared(browser, opened) | {"reason": "registered twice"}

    for typed in (SECOND.mrn, FIRST.mrn[:-1], THIRD.mrn):
        answer = browser.post("/api/v1/roster/merge", json=asked | {"typed": typed})
        assert (answer.status_code, answer.json()["code"]) == (409, "datum_differs"), typed
    assert opened.roster.get(_id(opened, FIRST)) == _of(opened, FIRST)


def test_a_merge_moves_documents_and_is_taken_back(opened: app.Workspace, client_of: ClientOf) -> None:
    """They change hands with the records, and go back when the records are taken apart."""
    (document,) = file_scan(opened, "a.pdf", [stub.page_text(FIRST, "a")])
    loser, survivor = _id(opened, FIRST), _id(opened, SECOND)
    browser = client_of("sue")
    asked = _compared(browser, opened) | {"reason": "registered twice", "typed": FIRST.mrn}

    assert browser.post("/api/v1/roster/merge", json=asked).json()["documents"] == 1
    with opened.catalog.read() as unit:
        moved = unit.documents.get(document.document_id)
    assert moved is not None and moved.patient_id == survivor
    page = browser.get(f"/patients/{loser}").text
    assert "was merged into this one" in page and "Take apart" in page

    apart = {"loser_id": loser, "survivor_id": survivor, "reason": "two people after all"}
    assert browser.post("/api/v1/roster/unmerge", json=apart).json()["documents"] == 1
    with opened.catalog.read() as unit:
        back = unit.documents.get(document.document_id)
    assert back is not None and back.patient_id == loser


def test_a_record_that_changed_since_is_not_merged(opened: app.Workspace, client_of: ClientOf) -> None:
    """The comparison is shown anew instead."""
    browser = client_of("sue")
    asked = _compared(browser, opened) | {"reason": "twice", "typed": FIRST.mrn, "seen": "0" * 32}

    assert browser.post("/api/v1/roster/merge", json=asked).status_code == 409
    page = browser.post("/roster/merge", data=asked)
    assert page.status_code == 409 and "changed since they were compared" in page.text


def test_merging_by_forms(opened: app.Workspace, client_of: ClientOf) -> None:
    """Compare, turn round, type the number, merge; the survivor's record is shown."""
    browser = client_of("sue")
    one, two = _id(opened, FIRST), _id(opened, SECOND)
    compared = browser.post(f"/patients/{two}/merge", data={"other_id": one})
    turned = browser.post(f"/patients/{two}/merge", data={"other_id": one, "survivor_id": one})
    assert f'name="loser_id" value="{one}"' in compared.text
    assert f'name="loser_id" value="{two}"' in turned.text

    seen = compared.text.split('name="seen" value="')[1].split('"')[0]
    form = {"loser_id": one, "survivor_id": two, "seen": seen, "reason": "twice"}
    assert browser.post("/roster/merge", data=form | {"typed": "1"}).status_code == 409
    assert browser.post("/roster/merge", data=form | {"typed": FIRST.mrn, "reason": " "}).status_code == 409
    done = browser.post("/roster/merge", data=form | {"typed": FIRST.mrn})
    assert done.headers["location"] == f"/patients/{two}?merged"
    survivor = opened.roster.get(one)
    assert survivor is not None and survivor.patient_id == two


def test_merging_is_for_supervisors(opened: app.Workspace, client_of: ClientOf) -> None:
    """A clerk neither compares nor merges, and is not offered to."""
    browser = client_of("cleo")
    one, two = _id(opened, FIRST), _id(opened, SECOND)

    assert browser.get(f"/patients/{one}/merge").status_code == 403
    pair = {"loser_id": one, "survivor_id": two}
    assert browser.post("/api/v1/roster/compare", json=pair).status_code == 403
    assert "/merge" not in browser.get(f"/patients/{one}").text


def test_a_provisional_patient_is_linked_with_documents(opened: app.Workspace, client_of: ClientOf) -> None:
    """Its filed documents are filed again under the roster's patient, and nobody was misfiled."""
    (waiting,) = file_scan(opened, "s.pdf", [stub.page_text(stub.STRANGER, "s")])
    browser = client_of("sue")
    added = browser.post("/api/v1/patients", json={"last": "Plumtree", "first": "Odo"}).json()["patient_id"]
    review.accept(
        waiting.document_id,
        waiting.version,
        review.Settlement(patient_id=added),
        "user:cleo",
        opened.services,
    )
    file_scan(opened, "t.pdf", [stub.page_text(THIRD, "t")])
    (filed,) = (d for d in documents(opened, DocumentState.FILED) if d.patient_id == added)

    pair = {"loser_id": added, "survivor_id": _id(opened, FIRST)}
    seen = browser.post("/api/v1/roster/compare", json=pair).json()["seen"]
    linked = browser.post("/api/v1/roster/link", json=pair | {"seen": seen, "reason": "found in the roster"})

    assert linked.json()["documents"] == 1, linked.text
    with opened.catalog.read() as unit:
        moved = unit.documents.get(filed.document_id)
    assert moved is not None and moved.patient_id == pair["survivor_id"]
    assert "was linked to a patient of the roster" in browser.get(f"/patients/{added}").text


def _from_paper(opened: app.Workspace, person: stub.Person, born: str) -> PatientId:
    """Somebody made in review with a birth date that was typed wrong, and a paper filed to them."""
    (waiting,) = file_scan(opened, "p.pdf", [stub.page_text(person, "p")])
    made = Patient(
        patient_id=PatientId(""),
        names=(PersonName(last=person.last, first=person.first),),
        birth_date=born,
        is_provisional=True,
    )
    patient_id = review.new_patient(made, "user:cleo", opened.services)
    settled = review.Settlement(patient_id=patient_id)
    review.accept(waiting.document_id, waiting.version, settled, "user:cleo", opened.services)
    file_scan(opened, "t.pdf", [stub.page_text(THIRD, "t")])
    return patient_id


def test_a_patient_from_paper_is_put_right_and_back(opened: app.Workspace, client_of: ClientOf) -> None:
    """A mistyped birth date: how it stood stays, why is in the trail, the index follows, undo is one more."""
    who = _from_paper(opened, stub.STRANGER, "1995-02-17")
    browser, path = client_of("sue"), f"/api/v1/patients/{who}/correction"
    seen = browser.get(path).json()["seen"]
    said = {"last": stub.STRANGER.last, "first": stub.STRANGER.first, "birth_date": stub.STRANGER.born}
    with opened.catalog.read() as unit:
        queued = unit.outbox.last_seq()
    changes = opened.services.registry.changes()

    done = browser.post(path, json=said | {"seen": seen, "reason": "the paper says 1955"})

    assert done.status_code == 200 and done.json()["patient"]["birth_date"] == stub.STRANGER.born, done.text
    assert [p.birth_date for _, _, p in opened.roster.history(who)] == ["1995-02-17"]
    with opened.catalog.read() as unit:
        (told,) = unit.events.trail(TrailFilter(kinds=("patient_corrected",)))
        assert unit.outbox.last_seq() > queued
    assert told.actor == "user:sue"
    assert opened.services.registry.changes() > changes, "the running service would not notice"
    again = browser.post(path, json=said | {"sex": "F", "seen": seen, "reason": "sex too"})
    assert again.status_code == 409 and "changed since" in again.text
    seen = browser.get(path).json()["seen"]
    back = browser.post(f"{path}/undo", json={"seen": seen, "reason": "it is 1995 after all"})
    assert back.json()["patient"]["birth_date"] == "1995-02-17"


def test_correcting_a_person_into_another_lists_what_people_filed(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """As an import does that puts somebody else under a number: a person looks at the papers again."""
    who = _from_paper(opened, stub.STRANGER, stub.STRANGER.born)
    browser, path = client_of("sue"), f"/api/v1/patients/{who}/correction"
    said = {"last": "Plumtree", "first": "Odo", "birth_date": "1950-01-02"}
    said |= {"seen": browser.get(path).json()["seen"], "reason": "wrong person was typed"}

    assert browser.post(path, json=said).json()["to_recheck"] == 1
    (filed,) = (d for d in documents(opened, DocumentState.FILED) if d.patient_id == who)
    assert filed.recheck and filed.state is DocumentState.FILED


def test_a_correction_shows_who_looks_alike_and_wants_a_reason(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """By form: nothing changes until both were answered."""
    who = _from_paper(opened, stub.STRANGER, "1995-02-17")
    browser, path = client_of("sue"), f"/patients/{who}/correct"
    form = {"last": FIRST.last, "first": FIRST.first, "birth_date": FIRST.born, "note": "read again"}
    form["seen"] = browser.get(f"/api/v1/patients/{who}/correction").json()["seen"]
    assert f'href="{path}"' in browser.get(f"/patients/{who}").text

    warned = browser.post(path, data=form)
    mark = re.search(r'name="is_another" value="(\w+)"', warned.text)
    assert warned.status_code == 409 and FIRST.mrn in warned.text and mark
    unsaid = browser.post(path, data=form | {"is_another": mark[1], "note": " "})
    assert unsaid.status_code == 409 and "say why" in unsaid.text
    assert opened.roster.history(who) == ()
    done = browser.post(path, data=form | {"is_another": mark[1]})
    assert (done.status_code, done.headers["location"]) == (303, f"/patients/{who}?corrected")
    assert "Take back the last correction" in browser.get(f"/patients/{who}").text


def test_only_supervisors_correct_and_only_who_is_from_paper(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """Who is in the hospital's roster is changed there."""
    who = _from_paper(opened, stub.STRANGER, "1995-02-17")
    assert client_of("cleo").get(f"/patients/{who}/correct").status_code == 403
    assert "/correct" not in client_of("cleo").get(f"/patients/{who}").text
    browser = client_of("sue")
    of_roster = browser.get(f"/api/v1/patients/{_id(opened, FIRST)}/correction")
    assert of_roster.status_code == 409 and "change it there" in of_roster.text
    assert "/correct" not in browser.get(f"/patients/{_id(opened, FIRST)}").text


def test_a_correction_is_put_back_from_the_log(opened: app.Workspace) -> None:
    """It is told by the archive's log, so that the record is put back as it was put right."""
    who = _from_paper(opened, stub.STRANGER, "1995-02-17")
    _, seen = patient_corrections.shown(access_as(opened, "sue"), who, opened)
    said = patient_corrections.Said(last=stub.STRANGER.last, birth_date=stub.STRANGER.born)
    patient_corrections.correct(access_as(opened, "sue"), who, said, seen, "paper", opened)
    wrong = opened.roster.history(who)[-1][2]
    opened.roster.update(wrong)
    with opened.catalog.read() as unit:
        (event,) = (e for e in unit.events.after(0, 10_000) if e.kind == "patient_corrected")

    rebuild._restore_correction(opened.roster, rebuild._value(event, "patient", Patient))

    now = opened.roster.get(who)
    assert now is not None and now.birth_date == stub.STRANGER.born


# --- the roster ------------------------------------------------------------------------------------
_MORE = "mrn,last_name,first_name,birth_date,sex\n72000001,PLUMTREE,ODO,1950-01-02,M\nbad line\n"


def test_a_roster_file_is_looked_through_before_it_is_taken(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """Checking changes nothing and names lines; importing makes a version."""
    browser = client_of("sue")
    before = (opened.roster.version(), opened.roster.patients())
    file = {"file": ("r.csv", _MORE.encode(), "text/csv")}

    checked = browser.post("/roster/import", files=file, data={"do": "check"})
    assert checked.status_code == 200 and "Nothing was changed" in checked.text
    assert "line 3" in checked.text and "PLUMTREE" not in checked.text
    assert (opened.roster.version(), opened.roster.patients()) == before

    assert "Imported" in browser.post("/roster/import", files=file, data={"do": "import"}).text
    assert (opened.roster.version(), opened.roster.patients()) == (before[0] + 1, before[1] + 1)
    assert not list(opened.settings.var.glob("roster-*"))


def test_what_is_no_roster_is_refused(opened: app.Workspace, client_of: ClientOf) -> None:
    """The page says so; the roster in use stays."""
    before = opened.roster.version()
    file = {"file": ("r.csv", b"\x00\x01 no table", "text/csv")}

    answer = client_of("sue").post("/roster/import", files=file, data={"do": "import"})

    assert answer.status_code == 422 and opened.roster.version() == before
    assert client_of("cleo").post("/roster/import", files=file).status_code == 403
