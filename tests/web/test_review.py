"""Facts about review over HTTP: what an item tells, what a wrong answer does, who gets what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scanindex import app, audit, desk
from scanindex.audit_model import Verdict
from scanindex.model import DocumentState
from scanindex.trail_model import TrailFilter
from tests.crash import stub
from tests.desk import lab
from tests.web.conftest import Browser, ClientOf, access_as
from tests.web.reviewing import drop, open_copy, state_of

NEXT = "/api/v1/review/next"


@pytest.fixture
def opened(prepared: Path, tmp_path: Path) -> Iterator[app.Workspace]:
    workspace = open_copy(prepared, tmp_path / "home")
    yield workspace
    workspace.close()


def _item(browser: Browser, **asked: Any) -> dict[str, Any]:
    found = browser.post(NEXT, json=asked).json()["items"]
    assert found, "nothing waits"
    first: dict[str, Any] = found[0]
    return first


def _doubtful(opened: app.Workspace, name: str = "doubt") -> None:
    """A paper of somebody who has a namesake, without a number: the machine is not sure."""
    text = stub.page_text(lab.NAMESAKE, name)
    drop(opened, name, text.replace(f"MRN: {lab.NAMESAKE.mrn}\n", ""))


def _accept(browser: Browser, item: dict[str, Any], patient_id: str, **more: Any) -> Any:
    path = f"/api/v1/review/items/{item['item_id']}/accept"
    return browser.post(path, json={"version": item["version"], "patient_id": patient_id} | more)


def test_a_sure_item_names_one_and_asks_nothing(opened: app.Workspace, client_of: ClientOf) -> None:
    """Accepting it takes the id and the version, nothing typed."""
    drop(opened, "sure", stub.page_text(lab.PLAIN, "sure"))
    browser = client_of("cleo")
    item = _item(browser)

    assert item["preselected"] == item["candidates"][0]["person"]["patient_id"]
    assert item["candidates"][0]["confirmation"] is None
    done = _accept(browser, item, item["preselected"], seconds=2.5, keystrokes=1)
    assert (done.status_code, done.json()["kind"]) == (200, "accepted")
    own = browser.get("/api/v1/review/counts").json()["own"]
    assert (own["items"], own["median_seconds"], own["keystrokes_per_item"]) == (1, 2.5, 1.0)


def test_what_is_accepted_is_filed_without_another_word(opened: app.Workspace, client_of: ClientOf) -> None:
    """The screens have it filed; nobody waits for it."""
    (document,) = drop(opened, "sure", stub.page_text(lab.PLAIN, "sure"))
    browser = client_of("cleo")
    item = _item(browser)
    _accept(browser, item, item["preselected"])

    browser.app.state.world.close()  # type: ignore[attr-defined]  # waits for what is being filed

    assert state_of(opened, document.document_id) is DocumentState.FILED


def test_in_doubt_nobody_is_preselected_and_a_wrong_datum_files_nothing(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """The answer says that it differs; state and version are as before, and the right one goes on."""
    _doubtful(opened)
    browser = client_of("cleo")
    item = _item(browser)
    right = next(c for c in item["candidates"] if c["person"]["birth_date"] == lab.NAMESAKE.born)

    assert item["preselected"] is None and right["confirmation"]["keys"] <= 4
    wrong = _accept(browser, item, right["person"]["patient_id"], datum="0000")
    assert (wrong.status_code, wrong.json()["code"]) == (409, "datum_differs")
    assert state_of(opened, item["item_id"]) is DocumentState.IN_REVIEW
    done = _accept(browser, item, right["person"]["patient_id"], datum=lab.birth_day(lab.NAMESAKE))
    assert done.status_code == 200


def test_what_is_asked_is_told_nowhere_beside_the_question(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """The question names its kind and what must be covered, not the answer."""
    _doubtful(opened)
    item = _item(client_of("cleo"))

    for candidate in item["candidates"]:
        question = candidate["confirmation"]
        born = candidate["person"]["birth_date"]
        assert question["hides"] and born[5:7] + born[8:] not in json.dumps(question)


def test_places_on_the_paper_are_fractions_of_the_page(opened: app.Workspace, client_of: ClientOf) -> None:
    """Every field that was read says where, and the region lies around the patient's."""
    drop(opened, "sure", stub.page_text(lab.PLAIN, "sure"))
    item = _item(client_of("cleo"))

    named = [f for f in item["fields"] if f["is_used"] and f["kind"] in ("name", "mrn", "birth_date")]
    assert len(named) == 3
    left, top, width, height = item["region"]["box"]
    for field in named:
        x, y, w, h = field["spot"]["box"]
        assert left <= x and top <= y and x + w <= left + width + 1e-6 and y + h <= top + height + 1e-6
        assert 0 < w < 1 and 0 < h < 1


def test_two_clerks_never_get_the_same_scan(opened: app.Workspace, client_of: ClientOf) -> None:
    """What one holds, prefetched included, the other does not get and may not change."""
    for serial in ("a", "b", "c", "d"):
        drop(opened, serial, stub.page_text(lab.PLAIN, serial))
    one, two = client_of("cleo"), client_of("clark")
    hers = one.post(NEXT, json={"prefetch": 1}).json()["items"]
    his = two.post(NEXT, json={"prefetch": 2}).json()["items"]

    assert len(hers) == len(his) == 2
    assert not {i["scan_id"] for i in hers} & {i["scan_id"] for i in his}
    taken = _accept(two, hers[0], hers[0]["preselected"])
    assert (taken.status_code, taken.json()["code"]) == (409, "claimed")
    assert two.post(f"/api/v1/review/scans/{hers[0]['scan_id']}/claim").status_code == 409
    one.post("/api/v1/review/release")
    assert two.post(f"/api/v1/review/scans/{hers[0]['scan_id']}/claim").status_code == 200


def test_what_was_skipped_comes_last(opened: app.Workspace, client_of: ClientOf) -> None:
    """Passing over items goes through all of them before the first one again."""
    for serial in ("a", "b", "c"):
        drop(opened, serial, stub.page_text(lab.PLAIN, serial))
    browser = client_of("cleo")
    met: list[str] = []
    for _ in range(4):
        asked: dict[str, Any] = {"skipped": met, "prefetch": 1}
        met.append(_item(browser, **(asked | ({"after": met[-1]} if met else {})))["item_id"])

    assert len(set(met[:3])) == 3 and met[3] == met[0]


def test_a_stale_version_says_what_changed(opened: app.Workspace, client_of: ClientOf) -> None:
    """The refusal is a conflict, and the changes since are listed with who made them."""
    drop(opened, "sure", stub.page_text(lab.PLAIN, "sure"))
    browser = client_of("cleo")
    item = _item(browser)
    path = f"/api/v1/review/items/{item['item_id']}"
    retyped = browser.post(
        f"{path}/type", json={"version": item["version"], "document_type": "discharge_summary"}
    )
    assert retyped.status_code == 200, retyped.text

    stale = _accept(browser, item, item["preselected"])

    assert (stale.status_code, stale.json()["code"]) == (409, "conflict")
    (change,) = browser.get(f"{path}/changes?from_version={item['version']}").json()["changes"]
    assert change["by"] == "user:cleo" and "type" in change["words"]


def test_undo_takes_back_one_act_after_the_other(opened: app.Workspace, client_of: ClientOf) -> None:
    """The item waits again, nobody preselected; with nothing left it says so."""
    drop(opened, "a", stub.page_text(lab.PLAIN, "a"))
    drop(opened, "b", stub.page_text(lab.ANYA, "b"))
    browser = client_of("cleo")
    done = []
    for _ in range(2):
        item = _item(browser)
        path = f"/api/v1/review/items/{item['item_id']}/reject"
        browser.post(path, json={"version": item["version"], "state": "entered_in_error", "note": "copy"})
        done.append(item["item_id"])

    back = [browser.post("/api/v1/review/undo").json()["item_ids"] for _ in range(2)]

    assert back == [[done[1]], [done[0]]]
    assert {state_of(opened, one) for one in done} == {DocumentState.IN_REVIEW}
    assert browser.post("/api/v1/review/undo").status_code == 404


def test_a_run_goes_to_one_patient_and_leaves_out_who_contradicts(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """It is confirmed once, also where the first item alone would ask nothing."""
    pages = [stub.page_text(lab.PLAIN, "r1"), stub.page_text(lab.ANYA, "r2", "DISCHARGE SUMMARY")]
    drop(opened, "run", *pages, stub.page_text(lab.PLAIN, "r3", "OPERATIVE REPORT"))
    browser = client_of("cleo")
    item = _item(browser)
    path = f"/api/v1/review/items/{item['item_id']}"
    rest = browser.get(f"{path}/following").json()["items"]
    person = {"patient_id": item["preselected"]}
    asked = browser.post(f"{path}/confirmation", json=person | {"is_run": True}).json()["confirmation"]

    run = [{"item_id": i["item_id"], "version": i["version"]} for i in (item, *rest)]
    datum = lab.birth_day(lab.PLAIN) if asked["kind"] == "birth_day" else lab.PLAIN.mrn[-4:]
    done = browser.post("/api/v1/review/run", json=person | {"items": run, "datum": datum}).json()

    assert [r["item_id"] for r in done["refused"]] == [rest[0]["item_id"]]
    assert {d["item_id"] for d in done["done"]} == {item["item_id"], rest[1]["item_id"]}


def test_a_test_item_comes_and_shows_like_any_other(opened: app.Workspace, client_of: ClientOf) -> None:
    """Same keys of the answer, same pictures, same routes; only the supervisor's figures know."""
    (filed,) = drop(opened, "filed", stub.page_text(lab.NAMESAKE, "filed"), mode="strict")
    audit.draw(1, 1, None, "user:sue", opened.services)
    audit.record(filed.document_id, Verdict.RIGHT, "Zoe", "", "user:sue", opened.services)
    first = client_of("cleo")
    drop(opened, "next", stub.page_text(lab.PLAIN, "next"))
    assert desk.plant(access_as(opened, "sue"), 1, opened.services) == 1
    items = first.post(NEXT, json={"prefetch": 2}).json()["items"]
    with opened.catalog.read() as unit:
        (seed,) = unit.desk.seeds()
    tests = [i for i in items if i["item_id"] == seed.item_id]

    assert len(items) == 2 and len(tests) == 1
    assert items[0].keys() == items[1].keys()
    answers = [first.get(f"/review/items/{i['item_id']}/pages/1/thumb") for i in items]
    assert [(a.status_code, a.headers["content-type"]) for a in answers] == [(200, "image/png")] * 2
    assert [first.get(f"/review/items/{i['item_id']}").status_code for i in items] == [200, 200]
    told = _accept(first, tests[0], tests[0]["preselected"])
    assert told.json()["kind"] == "accepted"


def test_looking_at_a_page_is_written_down_once(opened: app.Workspace, client_of: ClientOf) -> None:
    """For the document that was seen; a thumbnail alone is not a look."""
    (document,) = drop(opened, "plain", stub.page_text(lab.PLAIN, "plain"))
    browser = client_of("cleo")
    for width in ("thumb", "screen", "screen"):
        path = f"/review/items/{document.document_id}/pages/1/{width}"
        assert browser.get(path).status_code == 200
    assert browser.get(f"/review/items/{document.document_id}/pages/2/screen").status_code == 404

    with opened.catalog.read() as unit:
        seen = [e for e in unit.events.trail(TrailFilter(kinds=("viewed",))) if e.what == "document"]
    assert len(seen) == 1


def test_who_may_not_review_gets_nothing(opened: app.Workspace, client_of: ClientOf) -> None:
    """Neither the queue nor an item nor its page."""
    (document,) = drop(opened, "plain", stub.page_text(lab.PLAIN, "plain"))
    browser = client_of("doc")
    for path in ("/review", f"/review/items/{document.document_id}", "/api/v1/review/counts"):
        assert browser.get(path).status_code == 403
    assert browser.get(f"/review/items/{document.document_id}/pages/1/screen").status_code == 403


def test_without_script_the_page_files_rejects_and_parks(opened: app.Workspace, client_of: ClientOf) -> None:
    """Plain forms; a refusal shows the page again, with the reason and nothing done."""
    _doubtful(opened)
    browser = client_of("cleo")
    browser.post("/review/start")
    item = _item(browser)
    right = next(c for c in item["candidates"] if c["person"]["birth_date"] == lab.NAMESAKE.born)
    form = {"version": str(item["version"]), "patient_id": right["person"]["patient_id"], "datum": "0000"}
    path = f"/review/items/{item['item_id']}"

    refused = browser.post(f"{path}/accept", data=form)
    assert refused.status_code == 409 and "Nothing was filed" in refused.text
    parked = browser.post(f"{path}/park", data={"version": form["version"], "note": "waits"})
    assert (parked.status_code, parked.headers["location"]) == (303, "/review?none=yes")
    browser.post("/review/undo")
    done = browser.post(f"{path}/accept", data=form | {"datum": lab.birth_day(lab.NAMESAKE)})
    assert done.status_code == 303
    assert state_of(opened, item["item_id"]) in (DocumentState.PROPOSED, DocumentState.FILED)


def test_a_question_shows_who_asks_and_is_answered_by_a_supervisor(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """It leaves the clerk's queue, stands in the supervisor's, and comes back with the answer."""
    drop(opened, "plain", stub.page_text(lab.PLAIN, "plain"))
    clerk, boss = client_of("cleo"), client_of("sue")
    item = _item(clerk)
    path = f"/api/v1/review/items/{item['item_id']}"
    clerk.post(f"{path}/ask", json={"version": item["version"], "note": "which ward?"})
    clerk.post("/api/v1/review/release")

    asked = _item(boss, filters={"state": "questions"})
    assert (asked["parked"]["by"], asked["parked"]["note"]) == ("user:cleo", "which ward?")
    assert clerk.post(f"{path}/answer", json={"note": "three"}).status_code == 403
    boss.post(f"{path}/answer", json={"note": "three"})
    boss.post("/api/v1/review/release")
    assert _item(clerk)["parked"]["answer"] == "three"


def test_unknown_fields_and_types_are_refused(opened: app.Workspace, client_of: ClientOf) -> None:
    """Nothing half understood is done."""
    drop(opened, "plain", stub.page_text(lab.PLAIN, "plain"))
    browser = client_of("cleo")
    item = _item(browser)

    assert _accept(browser, item, item["preselected"], sure=True).status_code == 422
    assert _accept(browser, item, item["preselected"], document_type="poem").status_code == 422
    assert _accept(browser, item, item["preselected"], service_date="03/04/98").status_code == 422
    assert state_of(opened, item["item_id"]) is DocumentState.IN_REVIEW
