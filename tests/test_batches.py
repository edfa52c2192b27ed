"""Facts about boxes of paper: every side is explained before a batch may be closed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanindex import app, batches, review
from scanindex.errors import ConflictError, NotAllowedNow
from scanindex.model import Batch, BatchId, DocumentState
from tests.crash import stub
from tests.crash.service_main import drive, open_stubbed, quick_settings
from tests.crash.tasks import prepare

WHO = "user:clerk"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[app.Workspace]:
    prepare(str(tmp_path))
    workspace = open_stubbed(quick_settings(tmp_path))
    yield workspace
    workspace.close()


def open_box(opened: app.Workspace, folder: str = "box", sheets: int | None = None) -> BatchId:
    (opened.settings.inbox / folder).mkdir(exist_ok=True)
    batch = Batch(
        batch_id=BatchId(opened.services.ids.new()),
        label="Box 7",
        folder=folder,
        sheets_expected=sheets,
        sides=1,
        opened_at=opened.clock.now(),
    )
    batches.open_batch(batch, WHO, opened.services)
    return batch.batch_id


def scan_into(opened: app.Workspace, folder: str = "box") -> int:
    """Drop one scan and work until idle; returns its pages."""
    data = stub.two_documents("box")
    (opened.settings.inbox / folder / "A.pdf").write_bytes(data)
    drive(opened.settings)
    return len(stub.pages_in(data))


def test_every_side_of_a_batch_is_counted_once(opened: app.Workspace) -> None:
    """Filed, in review and set aside add up to the sides scanned."""
    batch_id = open_box(opened)
    pages = scan_into(opened)

    found = batches.summary(batch_id, opened.services)

    assert found.sides_scanned == pages
    assert found.filed + found.in_review + found.blanks == pages


def test_what_comes_through_another_folder_is_not_the_batchs(opened: app.Workspace) -> None:
    """Arrivals belong to the batch of their folder only."""
    batch_id = open_box(opened, "box")
    (opened.settings.inbox / "other").mkdir()
    scan_into(opened, "other")

    assert batches.summary(batch_id, opened.services).files == 0


def test_a_batch_with_a_document_in_review_cannot_be_closed(opened: app.Workspace) -> None:
    """Closing names what is open."""
    batch_id = open_box(opened)
    scan_into(opened)
    with opened.catalog.read() as unit:
        filed = unit.documents.all(DocumentState.FILED)
    for document in filed:
        review.reopen(document.document_id, document.version, "", WHO, opened.services)

    with pytest.raises(NotAllowedNow, match="wait for review"):
        batches.close_batch(batch_id, "", WHO, opened.services)


def test_missing_sides_need_an_explanation(opened: app.Workspace) -> None:
    """An expected count that differs is refused without a note and accepted with one."""
    pages_expected = 99
    batch_id = open_box(opened, sheets=pages_expected)
    scan_into(opened)
    with opened.catalog.read() as unit:
        for document in unit.documents.all(DocumentState.IN_REVIEW):
            review.reject(
                document.document_id,
                document.version,
                DocumentState.ENTERED_IN_ERROR,
                "",
                WHO,
                opened.services,
            )

    with pytest.raises(NotAllowedNow, match="99 sides expected"):
        batches.close_batch(batch_id, "", WHO, opened.services)
    assert batches.close_batch(batch_id, "sheets were torn", WHO, opened.services).batch.closed_at


def test_one_open_batch_for_a_folder(opened: app.Workspace) -> None:
    """A second one for the same folder is refused until the first is closed."""
    first = open_box(opened)

    with pytest.raises(ConflictError):
        open_box(opened)
    with opened.catalog.read() as unit:
        kept = unit.batches.get(first)
    assert kept is not None and dataclasses.replace(kept, closed_at=None) == kept
