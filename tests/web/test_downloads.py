"""Facts about what leaves the program: which bytes, under which name, to whom, and its trace in the trail."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanindex import app, handover, people
from scanindex.model import Document, DocumentState, PatientId
from scanindex.trail_model import TrailFilter
from tests.crash import stub
from tests.web.conftest import ClientOf, access_as, file_scan

FIRST, SECOND = stub.PEOPLE[:2]
NAME = "okonkwobell theodora.pdf"
API = "/api/v1/documents"


def filed(opened: app.Workspace, serial: str = "a") -> Document:
    (one,) = file_scan(opened, NAME, [stub.page_text(FIRST, serial)])
    return one


def two_in_one(opened: app.Workspace) -> list[Document]:
    """One scan with a document of each of two patients, in that order."""
    path = opened.settings.inbox / "box.pdf"
    texts = [stub.page_text(FIRST, "1"), stub.page_text(SECOND, "2", "DISCHARGE SUMMARY")]
    found = file_scan(opened, path.name, texts)
    assert [one.state for one in found] == [DocumentState.FILED] * 2
    return sorted(found, key=lambda one: one.pages)


def put_on_list(opened: app.Workspace, *patients: PatientId | None) -> None:
    on_list = frozenset(one for one in patients if one)
    people.change_user(access_as(opened, "ada"), "doc", opened.services, patient_ids=on_list)


def taken(opened: app.Workspace, kind: str = "downloaded") -> list[tuple[str, str, tuple[str, ...]]]:
    with opened.catalog.read() as unit:
        found = unit.events.trail(TrailFilter(kinds=(kind,)))
    return [(entry.actor, entry.what, entry.document_ids) for entry in found]


def test_the_pdf_comes_under_a_name_of_ours_and_is_written_down(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """Type, date and document id; never the patient, nor what the file was called."""
    document = filed(opened)

    answer = client_of("cleo").get(f"/documents/{document.document_id}/pdf")

    assert document.filed_version is not None
    folder = opened.archive.document_folder(document.document_id, document.filed_version)
    assert answer.content == (folder / "document.pdf").read_bytes()
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="lab-report-1998-04-02-{document.document_id}.pdf"'
    )
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; sandbox")
    assert answer.headers["cache-control"] == "no-store"
    assert taken(opened) == [("user:cleo", "document pdf", (document.document_id,))]


def test_what_is_not_filed_has_no_pdf(opened: app.Workspace, client_of: ClientOf) -> None:
    (waiting,) = file_scan(opened, "who.pdf", [stub.page_text(stub.STRANGER, "s")])
    answer = client_of("cleo").get(f"{API}/{waiting.document_id}/pdf")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_allowed_now")
    assert taken(opened) == []


def test_the_original_comes_untouched_and_names_all_that_was_in_it(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """As bytes, not as a PDF that a browser would open."""
    one, two = two_in_one(opened)

    answer = client_of("cleo").get(f"/documents/{one.document_id}/original")

    assert answer.content == opened.archive.path(one.scan_id).read_bytes()
    assert answer.headers["content-type"] == "application/octet-stream"
    assert NAME.split()[0] not in answer.headers["content-disposition"]
    ((who, what, documents),) = taken(opened)
    assert (who, what, set(documents)) == ("user:cleo", "original", {one.document_id, two.document_id})


def test_a_scan_of_two_patients_is_not_served_to_who_may_see_one(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    """They get the document's own pages; the refusal reads like an id that is not there."""
    one, _ = two_in_one(opened)
    put_on_list(opened, one.patient_id)
    browser = client_of("doc")

    refused, missing = browser.get(f"{API}/{one.document_id}/original"), browser.get(f"{API}/no/original")
    told = browser.get(f"{API}/{one.document_id}").json()

    assert (refused.status_code, refused.json()) == (missing.status_code, missing.json())
    assert (told["has_original"], told["has_pdf"], told["in_same_scan"]) == (False, True, [])
    assert browser.get(f"{API}/{one.document_id}/pdf").status_code == 200
    assert [what for _, what, _ in taken(opened)] == ["document pdf"]


def test_active_content_is_warned_of_and_taken_only_knowingly(
    opened: app.Workspace, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The screen asks; a program has to say that it knows."""
    document = filed(opened)
    monkeypatch.setattr(handover, "problems_of", lambda *_: (handover.ACTIVE,))
    browser, path = client_of("cleo"), f"{document.document_id}/original"

    page = browser.get(f"/documents/{path}")
    assert "holds active content" in page.text and "content-disposition" not in page.headers
    assert browser.get(f"{API}/{path}").status_code == 422
    assert taken(opened) == []
    assert browser.get(f"{API}/{path}?accept_active_content=true").status_code == 200
    assert len(taken(opened)) == 1


def test_what_was_found_when_a_file_was_opened_is_known_later(opened: app.Workspace) -> None:
    """From the event that took it apart; a clean one has nothing."""
    document = filed(opened)
    assert handover.problems_of(document.scan_id, opened.services) == ()
    with opened.catalog.write() as unit:
        unit.events.append("decided", "machine", scan_id=document.scan_id, problems=[handover.ACTIVE])
    assert handover.problems_of(document.scan_id, opened.services) == (handover.ACTIVE,)


def test_a_file_that_is_gone_is_said_and_not_recorded_as_taken(
    opened: app.Workspace, client_of: ClientOf
) -> None:
    document = filed(opened)
    assert document.filed_version is not None
    folder = opened.archive.document_folder(document.document_id, document.filed_version)
    pdf = Path(folder / "document.pdf")
    folder.chmod(0o700)
    pdf.unlink()

    answer = client_of("cleo").get(f"{API}/{document.document_id}/pdf")

    assert (answer.status_code, answer.json()["code"]) == (500, "fixity")
    assert taken(opened) == []


def test_the_print_page_has_every_page_with_who_and_when(opened: app.Workspace, client_of: ClientOf) -> None:
    """It is written down as printed when it is shown."""
    document = filed(opened)

    page = client_of("cleo").get(f"/documents/{document.document_id}/print").text

    assert f'src="/pictures/{document.document_id}/1/full"' in page
    assert "page 1 of 1 · printed by cleo" in page
    assert taken(opened, "printed") == [("user:cleo", "document", (document.document_id,))]


@pytest.mark.parametrize("kind", ["pdf", "original", "print"])
def test_nothing_is_handed_to_who_may_not_take(kind: str, opened: app.Workspace, client_of: ClientOf) -> None:
    document = filed(opened)
    assert client_of("aud").get(f"/documents/{document.document_id}/{kind}").status_code == 403
    assert client_of("doc").get(f"/documents/{document.document_id}/{kind}").status_code == 404
    assert taken(opened) == taken(opened, "printed") == []
