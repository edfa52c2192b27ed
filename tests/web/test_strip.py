"""Facts about the split strip over HTTP: what it shows, what moves, who may, what a stale version does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scanindex import app, audit, desk
from scanindex.audit_model import Verdict
from scanindex.model import Document
from tests.crash import stub
from tests.desk import lab
from tests.web.conftest import Browser, ClientOf, access_as
from tests.web.reviewing import drop, open_copy


@pytest.fixture
def opened(prepared: Path, tmp_path: Path) -> Iterator[app.Workspace]:
    workspace = open_copy(prepared, tmp_path / "home")
    yield workspace
    workspace.close()


def _three(opened: app.Workspace, *, mode: str = "suggest") -> list[Document]:
    """A scan of three papers and an empty side between the first and the second."""
    return drop(
        opened,
        "stack",
        stub.page_text(lab.PLAIN, "one"),
        "",
        stub.page_text(lab.ANYA, "two", "DISCHARGE SUMMARY"),
        stub.page_text(stub.PEOPLE[0], "three", "PATHOLOGY REPORT"),
        mode=mode,
    )


def _path(documents: list[Document], act: str = "") -> str:
    return f"/api/v1/scans/{documents[0].scan_id}/strip{act}"


def _strip(browser: Browser, documents: list[Document]) -> dict[str, Any]:
    answer = browser.get(_path(documents))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _versions(strip: dict[str, Any]) -> dict[str, int]:
    return {d["document_id"]: d["version"] for d in strip["documents"]}


def _places(strip: dict[str, Any]) -> list[int | None]:
    """The number of its document for each page in the order of the paper."""
    numbers = {d["document_id"]: d["number"] for d in strip["documents"]}
    return [numbers.get(page["document_id"]) for page in strip["pages"]]


def _act(browser: Browser, documents: list[Document], act: str, **sent: Any) -> dict[str, Any]:
    answer = browser.post(_path(documents, f"/{act}"), json=sent)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_every_page_stands_once_in_the_order_of_the_paper(opened: app.Workspace, client_of: ClientOf) -> None:
    """With its document, what it was set aside as, and whether it may be changed."""
    documents = _three(opened)
    strip = _strip(client_of("cleo"), documents)

    assert [page["page"] for page in strip["pages"]] == [1, 2, 3, 4]
    assert _places(strip) == [1, None, 2, 3]
    assert [page["kind"] for page in strip["pages"]] == ["content", "blank", "content", "content"]
    assert all(page["is_changeable"] for page in strip["pages"])
    assert [d["is_decided"] for d in strip["documents"]] == [False, False, False]


def test_joined_and_split_again(opened: app.Workspace, client_of: ClientOf) -> None:
    """Joining gives all pages to the one before, splitting takes them out; the answer is the strip."""
    documents = _three(opened)
    browser = client_of("cleo")
    strip = _strip(browser, documents)
    _, two, three = strip["documents"]
    joined = _act(
        browser,
        documents,
        "join",
        document_id=three["document_id"],
        version=three["version"],
        previous_id=two["document_id"],
        previous_version=two["version"],
    )
    assert _places(joined) == [1, None, 2, 2]

    both = joined["documents"][1]
    parted = _act(
        browser, documents, "split", page=4, document_id=both["document_id"], version=both["version"]
    )
    assert _places(parted) == [1, None, 2, 3]
    assert parted["undo"] and parted["holder"]["is_own"]


def test_pages_move_and_undo_puts_them_back(opened: app.Workspace, client_of: ClientOf) -> None:
    """To another document, to a new one; each undo takes back one act."""
    documents = _three(opened)
    browser = client_of("cleo")
    strip = _strip(browser, documents)
    one = strip["documents"][0]["document_id"]
    moved = _act(browser, documents, "move", pages=[3], to_document_id=one, versions=_versions(strip))
    assert _places(moved) == [1, None, 1, 2]
    fresh = _act(browser, documents, "move", pages=[3, 4], to_document_id=None, versions=_versions(moved))
    assert _places(fresh) == [1, None, 2, 2]

    assert _places(_act(browser, documents, "undo")) == [1, None, 1, 2]
    assert _places(_act(browser, documents, "undo")) == [1, None, 2, 3]


def test_set_aside_brought_back_and_undone(opened: app.Workspace, client_of: ClientOf) -> None:
    """A page set aside says as what; undoing that it came back sets it aside as before."""
    documents = _three(opened)
    browser = client_of("cleo")
    strip = _strip(browser, documents)
    aside = _act(browser, documents, "set-aside", pages=[4], kind="separator", versions=_versions(strip))
    assert _places(aside) == [1, None, 2, None] and aside["pages"][3]["kind"] == "separator"

    strip, two = aside, aside["documents"][1]["document_id"]
    for to, number in ((two, 2), (None, 3)):
        back = _act(browser, documents, "move", pages=[4], to_document_id=to, versions=_versions(strip))
        assert _places(back) == [1, None, 2, number] and back["pages"][3]["kind"] == "content"
        strip = _act(browser, documents, "undo")
        assert _places(strip) == [1, None, 2, None] and strip["pages"][3]["kind"] == "separator"


def test_a_turned_page_is_read_again_and_tells_its_turn(opened: app.Workspace, client_of: ClientOf) -> None:
    """From how it stands now; the others are as they were."""
    documents = _three(opened)
    browser = client_of("cleo")
    one = _strip(browser, documents)["documents"][0]
    for expected in (90, 180):
        strip = _act(
            browser,
            documents,
            "rotate",
            page=1,
            document_id=one["document_id"],
            version=one["version"],
            degrees=90,
        )
        one = strip["documents"][0]
        assert strip["pages"][0]["turn"] == expected and strip["pages"][2]["turn"] in (0, None)


def test_a_stale_version_changes_nothing(opened: app.Workspace, client_of: ClientOf) -> None:
    """409; the strip is as before."""
    documents = _three(opened)
    browser = client_of("cleo")
    before = _strip(browser, documents)
    stale = {document_id: version - 1 for document_id, version in _versions(before).items()}
    answer = browser.post(_path(documents, "/move"), json={"pages": [3], "versions": stale})

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert _places(_strip(browser, documents)) == _places(before)


def test_what_a_colleague_works_at_is_refused_and_named(opened: app.Workspace, client_of: ClientOf) -> None:
    """They may look; the strip says whose it is and an act is refused."""
    documents = _three(opened)
    one, two = client_of("cleo"), client_of("clark")
    strip = _strip(one, documents)
    _act(one, documents, "set-aside", pages=[4], kind="blank", versions=_versions(strip))

    seen = _strip(two, documents)
    assert seen["holder"]["login"] == "cleo" and not seen["holder"]["is_own"] and not seen["undo"]
    answer = two.post(_path(documents, "/move"), json={"pages": [3], "versions": _versions(seen)})
    assert (answer.status_code, answer.json()["code"]) == (409, "claimed")


def test_filed_documents_are_locked(opened: app.Workspace, client_of: ClientOf) -> None:
    """They are shown with whose they are, and refuse to give or take pages."""
    documents = drop(
        opened,
        "sure",
        stub.page_text(lab.PLAIN, "a"),
        stub.page_text(lab.ANYA, "b", "DISCHARGE SUMMARY"),
        mode="strict",
    )
    browser = client_of("cleo")
    strip = _strip(browser, documents)
    locked = [d for d in strip["documents"] if not d["is_changeable"]]
    assert locked and all(d["is_decided"] and d["person"] for d in locked)

    sent = {"pages": [locked[0]["pages"][0]], "versions": _versions(strip)}
    answer = browser.post(_path(documents, "/move"), json=sent)
    assert answer.status_code == 409
    assert _places(_strip(browser, documents)) == _places(strip)


def test_from_a_test_item_the_strip_shows_what_the_item_shows(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """Not whose the paper is; to move its pages is refused like what somebody else changed meanwhile."""
    (filed,) = drop(opened, "filed", stub.page_text(lab.NAMESAKE, "filed"), mode="strict")
    supervisor = access_as(opened, "sue")
    audit.draw(1, 1, None, supervisor.actor, opened.services)
    audit.record(filed.document_id, Verdict.RIGHT, "Zoe", "", supervisor.actor, opened.services)
    assert desk.plant(supervisor, 1, opened.services) == 1
    with opened.catalog.read() as unit:
        (seed,) = unit.desk.seeds()
    browser, item = client_of("cleo"), {"item": seed.item_id}
    path = _path([filed])

    (shown,) = browser.get(path, params=item).json()["documents"]
    assert (shown["document_id"], shown["state"]) == (seed.item_id, "in_review")
    assert shown["is_changeable"] and not shown["is_decided"]
    page = browser.get(f"/scans/{filed.scan_id}/strip", params=item).text
    assert filed.document_id not in page and f'href="/review/items/{seed.item_id}"' in page

    sent = {"pages": [1], "kind": "blank", "versions": {seed.item_id: shown["version"]}}
    answer = browser.post(f"{path}/set-aside", params=item, json=sent)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    (now,) = browser.get(path, params=item).json()["documents"]
    assert (now["document_id"], now["version"]) == (filed.document_id, filed.version)


def test_strange_requests_are_refused(opened: app.Workspace, client_of: ClientOf) -> None:
    """Unknown fields, no pages, a kind that no page is set aside as, another scan's document."""
    documents = _three(opened)
    browser = client_of("cleo")
    versions = _versions(_strip(browser, documents))
    (other,) = drop(opened, "other", stub.page_text(lab.PLAIN, "other"))
    wrong: list[tuple[str, dict[str, Any], int]] = [
        ("move", {"pages": [3], "versions": versions, "more": 1}, 422),
        ("move", {"pages": [], "versions": versions}, 422),
        ("move", {"pages": [3], "versions": versions, "to_document_id": other.document_id}, 404),
        ("set-aside", {"pages": [3], "kind": "content", "versions": versions}, 422),
    ]
    for act, sent, status in wrong:
        assert browser.post(_path(documents, f"/{act}"), json=sent).status_code == status, sent


def test_the_page_works_without_script(opened: app.Workspace, client_of: ClientOf) -> None:
    """One form with a tick per page and the versions that were looked at."""
    documents = _three(opened)
    browser = client_of("cleo")
    scan = f"/scans/{documents[0].scan_id}/strip"
    strip = _strip(browser, documents)
    shown = browser.get(scan).text
    assert shown.count('name="pages"') == 4 and 'value="set_aside"' not in shown

    version = [f"{d['document_id']}:{d['version']}" for d in strip["documents"]]
    sent = {"do": "blank", "pages": ["4"], "version": version}
    assert browser.post(scan, data=sent).headers["location"] == scan
    assert _places(_strip(browser, documents)) == [1, None, 2, None]
    browser.post(scan, data={"do": "undo"})
    assert _places(_strip(browser, documents)) == [1, None, 2, 3]
