"""Facts about the batch screens: counts that sum, a second person's look, holds, and release."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from scanindex import app
from scanindex.settings import BatchesSettings
from tests.crash import stub
from tests.web.conftest import Browser, ClientOf, file_scan

FIRST, SECOND = stub.PEOPLE[:2]


@pytest.fixture
def batch_id(client_of: ClientOf, opened: app.Workspace) -> str:
    """A batch of two filed documents, opened by a clerk."""
    clerk = client_of("cleo")
    made = clerk.post("/api/v1/batches", json={"label": "Box 7", "folder": "box7", "sheets": 2, "sides": 1})
    assert made.status_code == 201
    for number, person in enumerate((FIRST, SECOND)):
        file_scan(opened, f"box7/b{number}.pdf", [stub.page_text(person, f"b{number}")])
    found: str = made.json()["batch_id"]
    return found


def _show(browser: Browser, batch_id: str) -> dict[str, Any]:
    found: dict[str, Any] = browser.get(f"/api/v1/batches/{batch_id}").json()
    return found


def _look_at_all(browser: Browser, batch_id: str) -> None:
    for document_id in _show(browser, batch_id)["qa"]["to_look_at"]:
        version = browser.get(f"/api/v1/documents/{document_id}").json()["version"]
        said = {"version": version, "is_ok": True}
        assert browser.post(f"/api/v1/batches/{batch_id}/qa/{document_id}", json=said).status_code == 200


def test_where_the_sides_went_sums_to_what_was_scanned(client_of: ClientOf, batch_id: str) -> None:
    """The page shows the same figures as the interface."""
    clerk = client_of("cleo")
    found = _show(clerk, batch_id)
    assert sum(found["counts"].values()) == found["sides_scanned"] == found["sides_expected"] == 2
    assert "Box 7" in clerk.get(f"/batches/{batch_id}").text
    assert "Box 7" in clerk.get("/batches").text


def test_a_folder_outside_the_inbox_is_refused(client_of: ClientOf) -> None:
    """A batch cannot reach for other folders, nor make any there."""
    for folder in ("../elsewhere", "/etc", "a\0b"):
        answer = client_of("cleo").post("/api/v1/batches", json={"label": "x", "folder": folder})
        assert answer.status_code == 422


def test_a_second_person_looks_and_whoever_closed_does_not(client_of: ClientOf, batch_id: str) -> None:
    """The refusal stands on the page, in words; somebody else's look passes the batch."""
    clerk, other = client_of("cleo"), client_of("clark")
    assert clerk.post(f"/batches/{batch_id}/close", data={"note": ""}).status_code == 303
    assert clerk.post(f"/batches/{batch_id}/qa/draw").status_code == 303
    first = _show(clerk, batch_id)["qa"]["to_look_at"][0]
    page = clerk.get(f"/batches/{batch_id}/look/{first}")
    assert (page.status_code == 200 and FIRST.last.title() in page.text.title()) or SECOND.last in page.text
    version = clerk.get(f"/api/v1/documents/{first}").json()["version"]
    refused = clerk.post(f"/batches/{batch_id}/look/{first}", data={"version": version, "verdict": "ok"})
    assert refused.status_code == 409
    assert "closed" in refused.text
    _look_at_all(other, batch_id)
    assert _show(other, batch_id)["qa"]["is_passed"]


def test_paper_under_hold_is_not_released(client_of: ClientOf, opened: app.Workspace, batch_id: str) -> None:
    """Also not with the right label and a backup; lifted by a supervisor, it goes and the list says what."""
    kept = dataclasses.replace(opened.settings, batches=BatchesSettings(keep_days=0))
    opened.__dict__["services"] = dataclasses.replace(opened.services, settings=kept)
    clerk, other, chief = client_of("cleo"), client_of("clark"), client_of("sue")
    clerk.post(f"/api/v1/batches/{batch_id}/close", json={})
    clerk.post(f"/api/v1/batches/{batch_id}/qa/draw")
    _look_at_all(other, batch_id)
    held = clerk.post(f"/api/v1/batches/{batch_id}/holds", json={"reason": "court order"}).json()
    asked = {"confirmation": "Box 7", "is_backed_up": True}
    assert chief.post(f"/api/v1/batches/{batch_id}/release", json=asked).status_code == 409
    assert clerk.post(f"/api/v1/holds/{held['hold_id']}/lift", json={"note": "over"}).status_code == 403
    chief.post(f"/api/v1/holds/{held['hold_id']}/lift", json={"note": "over"})
    assert clerk.post(f"/api/v1/batches/{batch_id}/release", json=asked).status_code == 403
    answer = chief.post(f"/batches/{batch_id}/release", data={"confirmation": "Box 7", "is_backed_up": "yes"})
    assert answer.status_code == 303
    printed = chief.get(f"/batches/{batch_id}/release").text
    assert "b0.pdf" in printed and "b1.pdf" in printed


def test_a_missing_batch_is_not_found(client_of: ClientOf) -> None:
    """On every address of a batch."""
    clerk = client_of("cleo")
    assert clerk.get("/batches/nosuchbatch").status_code == 404
    assert clerk.get("/api/v1/batches/nosuchbatch").status_code == 404
    assert clerk.get("/batches/nosuchbatch/look/nosuchdocument").status_code == 404
