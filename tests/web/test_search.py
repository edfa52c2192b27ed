"""Facts about the search box: what is shown to whom, what is written down, and what never leaves a body."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest

from scanindex import app, people, review
from scanindex.errors import IndexBroken
from scanindex.model import Document, PatientId
from scanindex.trail_model import TrailEntry, TrailFilter
from scanindex.web import search_shown
from tests.crash import stub
from tests.web.conftest import Browser, ClientOf, access_as, file_scan

FIRST, SECOND = stub.PEOPLE[:2]


@pytest.fixture
def filed(opened: app.Workspace) -> list[Document]:
    """Two documents of the first person, one of the second."""
    one = file_scan(opened, "a.pdf", [stub.page_text(FIRST, "a"), stub.page_text(SECOND, "b")])
    return one + file_scan(opened, "c.pdf", [stub.page_text(FIRST, "c", "OPERATIVE REPORT")])


def _search(browser: Browser, query: str, **more: object) -> dict[str, Any]:
    answer = browser.post("/api/v1/search", json={"query": query} | more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _trail(opened: app.Workspace, *kinds: str) -> list[TrailEntry]:
    with opened.catalog.read() as unit:
        return list(unit.events.trail(TrailFilter(kinds=kinds, limit=50)))


def _bound(opened: app.Workspace, patient_id: PatientId | None) -> None:
    assert patient_id is not None
    people.change_user(access_as(opened, "ada"), "doc", opened.services, patient_ids=frozenset({patient_id}))


def test_hits_come_as_parts_with_page_numbers(filed: list[Document], client_of: ClientOf) -> None:
    """The word searched stands in a part of its own; the document is named with its patient."""
    found = _search(client_of("cleo"), stub.rare_word("c"))

    (one,) = found["documents"]
    assert one["document_id"] == filed[-1].document_id and one["patient"]["mrn"] == FIRST.mrn
    (hit,) = one["pages"]
    assert hit["page_no"] == 1
    assert [p["text"].lower() for p in hit["snippet"] if p["is_hit"]] == [stub.rare_word("c")]


def test_people_come_before_documents(filed: list[Document], client_of: ClientOf) -> None:
    """A name alone offers the patient, with how many documents they have."""
    found = _search(client_of("cleo"), FIRST.last.lower())

    (person,) = found["patients"]
    assert (person["mrn"], person["documents"]) == (FIRST.mrn, 2)
    assert found["total_documents"] == 2


def test_pages_of_the_list_neither_repeat_nor_skip(filed: list[Document], client_of: ClientOf) -> None:
    """Following next_offset brings each document once."""
    browser, seen, offset = client_of("cleo"), [], 0
    while offset is not None:
        found = _search(browser, "hemoglobin", limit=1, offset=offset)
        seen += [one["document_id"] for one in found["documents"]]
        offset = found["next_offset"]

    assert sorted(seen) == sorted(d.document_id for d in filed)


def test_behind_the_end_there_is_an_empty_page(filed: list[Document], client_of: ClientOf) -> None:
    """It has no numbers. No answer tells how long it took: closed documents would show in that."""
    found = _search(client_of("cleo"), "hemoglobin", offset=20)

    assert (found["first"], found["last"], found["documents"]) == (0, 0, [])
    assert found["total_documents"] == 3 and found["next_offset"] is None
    assert not {"milliseconds", "seconds"} & set(found)


def test_a_count_is_a_term_that_narrows_the_query(filed: list[Document], client_of: ClientOf) -> None:
    """Adding the term of a count finds exactly so many; adding it again takes it away."""
    browser = client_of("cleo")
    facets = _search(browser, "hemoglobin")["facets"]
    for values in facets.values():
        for value in values:
            line = search_shown.toggled("hemoglobin", value["term"])
            assert _search(browser, line)["total_documents"] == value["documents"], line
            assert search_shown.toggled(line, value["term"]) == "hemoglobin"


def test_who_is_bound_to_patients_finds_nothing_else(
    filed: list[Document], opened: app.Workspace, client_of: ClientOf
) -> None:
    """Hits, totals, counts, people and suggestions are as if nobody else were there."""
    _bound(opened, filed[-1].patient_id)
    browser = client_of("doc")

    found = _search(browser, "hemoglobin")
    assert found["total_documents"] == 2
    assert {one["label"] for one in found["facets"]["patient"]} == {
        f"{FIRST.last}, {FIRST.first}, {FIRST.born}, {FIRST.mrn}"
    }
    other = _search(browser, SECOND.last.lower())
    assert (other["patients"], other["documents"], other["total_documents"]) == ([], [], 0)
    assert other["did_you_mean"] is None and other["also_searched"] == []


def test_what_was_asked_and_shown_is_in_the_trail(
    filed: list[Document], opened: app.Workspace, client_of: ClientOf
) -> None:
    """One line for the question with its words, one for the documents and people shown."""
    _search(client_of("cleo"), stub.rare_word("c"))

    (asked,) = _trail(opened, "searched")
    seen = next(e for e in _trail(opened, "viewed") if e.what == "search")
    assert asked.details["query"] == stub.rare_word("c")
    assert seen.document_ids == (filed[-1].document_id,) and seen.actor == "user:cleo"
    assert filed[-1].patient_id in seen.patient_ids


def test_a_query_that_makes_no_sense_says_where(client_of: ClientOf) -> None:
    """The API gives the character; the screen marks it; neither repeats more than that in a message."""
    browser = client_of("cleo")

    answer = browser.post("/api/v1/search", json={"query": "okapi type:("})
    assert (answer.status_code, answer.json()["code"], answer.json()["at"]) == (422, "query", 12)
    assert "okapi" not in answer.text

    page = browser.post("/search", data={"query": "okapi type:("})
    assert page.status_code == 422 and "okapi type:<mark>(</mark>" in page.text


@pytest.mark.parametrize(
    "body",
    [
        {"query": ""},
        {"query": "x" * 1001},
        {"query": "x", "limit": 1000},
        {"query": "x", "order": "random"},
        {"query": "x", "scope": {}},
        {"query": "x", "offset": -1},
    ],
)
def test_the_interface_takes_only_what_it_knows(body: dict[str, object], client_of: ClientOf) -> None:
    """Unknown fields, other words of a closed set and what is too long are refused, and not repeated."""
    answer = client_of("cleo").post("/api/v1/search", json=body)

    assert answer.status_code == 422 and "xxx" not in answer.text


def test_the_form_works_without_script(filed: list[Document], client_of: ClientOf) -> None:
    """Results are in the page that the form answers with; titles and addresses do not say what was asked."""
    browser = client_of("cleo")

    page = browser.post("/search", data={"query": stub.rare_word("c")})

    assert page.status_code == 200
    assert f'href="/documents/{filed[-1].document_id}?page=1"' in page.text
    title = re.search(r"<title>(.*?)</title>", page.text)
    assert title is not None and title.group(1).startswith("Search")
    addresses = re.findall(r'(?:href|src|action)="([^"]*)"', page.text)
    assert addresses and stub.rare_word("c") not in "".join(addresses)


def test_a_click_on_a_count_narrows_the_form(filed: list[Document], client_of: ClientOf) -> None:
    """The button's term is added to what was asked."""
    page = client_of("cleo").post("/search", data={"query": "hemoglobin", "toggle": f"mrn:{SECOND.mrn}"})

    assert f'value="hemoglobin mrn:{SECOND.mrn}"' in page.text
    assert "Documents 1–1 of 1" in page.text


def test_text_from_paper_stays_text(opened: app.Workspace, client_of: ClientOf) -> None:
    """Markup on a page is shown, never taken for markup."""
    file_scan(opened, "x.pdf", [stub.page_text(FIRST, "x", "<IMG SRC=X ONERROR=ALERT(1)> OKAPI [REPORT]")])

    page = client_of("cleo").post("/search", data={"query": "okapi"}).text

    assert "<mark>OKAPI</mark>" in page and "<IMG" not in page and "&lt;IMG" in page


def test_an_index_that_is_gone_is_a_state_of_the_screen(
    filed: list[Document], opened: app.Workspace, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says that it is built anew and that the search is repeated; the API says so with its code."""
    browser = client_of("cleo")

    def broken(*_: object, **__: object) -> None:
        raise IndexBroken()

    monkeypatch.setattr(type(opened.services.index), "search", broken)
    page = browser.post("/search", data={"query": "hemoglobin"})
    answer = browser.post("/api/v1/search", json={"query": "hemoglobin"})

    assert page.status_code == 503 and "built anew" in page.text and 'data-broken="yes"' in page.text
    assert answer.json()["code"] == "index_broken"


# --- kept searches ---------------------------------------------------------------------------
def test_a_kept_search_tells_what_is_new(opened: app.Workspace, client_of: ClientOf) -> None:
    """What was filed since it was run last is counted, and marked when it is run."""
    browser = client_of("cleo")
    file_scan(opened, "a.pdf", [stub.page_text(FIRST, "a")])
    kept = browser.post("/api/v1/searches", json={"name": "Blood", "query": "hemoglobin"})
    assert kept.status_code == 201
    (later,) = file_scan(opened, "b.pdf", [stub.page_text(SECOND, "b")])

    (news,) = browser.get("/api/v1/searches/news").json()
    ran = browser.post("/api/v1/searches/run", json={"name": "blood"}).json()

    assert (news["new"], ran["new"]) == (1, 1)
    assert [d["document_id"] for d in ran["result"]["documents"] if d["is_new"]] == [later.document_id]
    assert browser.get("/api/v1/searches/news").json()[0]["new"] == 0


def test_kept_searches_are_ones_own(client_of: ClientOf) -> None:
    """Somebody else neither lists, runs, renames nor deletes them; the owner does."""
    mine, theirs = client_of("cleo"), client_of("clark")
    mine.post("/api/v1/searches", json={"name": "Blood", "query": "hemoglobin"})

    assert theirs.get("/api/v1/searches").json() == []
    for what in ("run", "delete"):
        assert theirs.post(f"/api/v1/searches/{what}", json={"name": "Blood"}).status_code == 404
    renamed = mine.post("/api/v1/searches/rename", json={"name": "Blood", "new_name": "Red cells"})
    assert renamed.json()["name"] == "Red cells"
    assert mine.post("/api/v1/searches/delete", json={"name": "Red cells"}).status_code == 204
    assert mine.get("/api/v1/searches").json() == []


def test_kept_searches_by_forms(filed: list[Document], client_of: ClientOf) -> None:
    """Kept, run, renamed and deleted without script."""
    browser = client_of("cleo")
    browser.post("/search/saved/keep", data={"name": "Blood", "query": "hemoglobin"})

    ran = browser.post("/search/saved/run", data={"name": "Blood"})
    assert "Documents 1–3 of 3" in ran.text
    browser.post("/search/saved/change", data={"name": "Blood", "new_name": "Cells", "do": "rename"})
    assert "Cells" in browser.get("/search").text
    browser.post("/search/saved/change", data={"name": "Cells", "do": "delete"})
    assert "Cells" not in browser.get("/search").text


# --- lists that are taken away -----------------------------------------------------------------
def test_a_list_is_a_file_of_ours_and_written_down(
    filed: list[Document], opened: app.Workspace, client_of: ClientOf
) -> None:
    """All rows as an attachment whose name says nothing; who took which documents is in the trail."""
    answer = client_of("cleo").post("/search/export", data={"query": "hemoglobin", "kind": "csv"})

    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {row["document_id"] for row in rows} == {d.document_id for d in filed}
    assert re.fullmatch(
        r'attachment; filename="search-results-\d{8}-\d{6}\.csv"', answer.headers["content-disposition"]
    )
    assert "sandbox" in answer.headers["content-security-policy"]
    (taken,) = _trail(opened, "exported")
    assert set(taken.document_ids) == {d.document_id for d in filed}


def test_a_list_as_json_holds_only_what_may_be_seen(
    filed: list[Document], opened: app.Workspace, client_of: ClientOf
) -> None:
    """A clinician's list holds their patients' documents, a row per page where asked for."""
    _bound(opened, filed[-1].patient_id)
    answer = client_of("doc").post(
        "/api/v1/search/export", json={"query": "hemoglobin", "kind": "json", "per_page": True}
    )

    rows = json.loads(answer.text)
    assert len(rows) == 2 and {row["mrn"] for row in rows} == {FIRST.mrn}
    assert all(row["page_no"] == 1 for row in rows)


def test_cells_start_no_formula(opened: app.Workspace, client_of: ClientOf) -> None:
    """What a spreadsheet would run is made text."""
    (waiting,) = file_scan(opened, "f.pdf", [stub.page_text(stub.STRANGER, "f")])
    browser = client_of("cleo")
    added = browser.post("/api/v1/patients", json={"last": "=CMD|CALC"}).json()["patient_id"]
    settled = review.Settlement(patient_id=added)
    review.accept(waiting.document_id, waiting.version, settled, "user:cleo", opened.services)
    file_scan(opened, "g.pdf", [stub.page_text(FIRST, "g")])

    text = browser.post("/search/export", data={"query": stub.rare_word("f")}).content.decode("utf-8-sig")

    (row,) = csv.DictReader(io.StringIO(text))
    assert row["patient"].startswith("'=")


def test_a_list_of_nothing_is_an_empty_file(client_of: ClientOf) -> None:
    """And JSON that can be read."""
    browser = client_of("cleo")

    assert browser.post("/search/export", data={"query": "okapi"}).content in (b"", b"\xef\xbb\xbf")
    assert browser.post("/search/export", data={"query": "okapi", "kind": "json"}).json() == []


def test_who_reads_no_charts_searches_nothing(client_of: ClientOf) -> None:
    """Auditor and administrator are refused everywhere here."""
    for login in ("aud", "adm"):
        browser = client_of(login)
        assert browser.get("/search").status_code == 403
        for path in ("search", "patients/suggest", "searches/run", "search/export"):
            assert browser.post(f"/api/v1/{path}", json={}).status_code in (403, 422), path
        assert browser.post("/api/v1/search", json={"query": "okapi"}).status_code == 403
