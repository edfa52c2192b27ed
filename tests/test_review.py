"""Facts about review that no page and no patient may fall through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scanindex import app, check, redecide, review
from scanindex.errors import NotFound
from scanindex.model import DocumentState, PageKind, Scan, ScanInfo
from scanindex.store.roster_import import import_csv
from tests.crash import stub
from tests.crash.service_main import drive, open_stubbed, quick_settings

WHO = "user:clerk"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[app.Workspace]:
    """A workspace without a roster."""
    app.initialise(quick_settings(tmp_path))
    workspace = open_stubbed(quick_settings(tmp_path))
    yield workspace
    workspace.close()


def give_roster(opened: app.Workspace, folder: Path) -> None:
    path = folder / "roster.csv"
    path.write_text(stub.roster_csv())
    import_csv(opened.engine, path, authority="local")


def read_one_scan(opened: app.Workspace) -> Scan:
    (opened.settings.inbox / "A.pdf").write_bytes(stub.two_documents("review"))
    drive(opened.settings)
    with opened.catalog.read() as unit:
        (scan,) = unit.scans.all()
    return scan


def test_a_later_roster_settles_what_waited_for_it(opened: app.Workspace, tmp_path: Path) -> None:
    """Documents that only lacked a roster are proposed once there is one."""
    read_one_scan(opened)
    give_roster(opened, tmp_path)

    assert redecide.decide_again(opened.services) == 2


def test_a_later_roster_never_files_a_damaged_file(
    opened: app.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Damage outlasts every other reason for waiting: only a person files it."""
    whole = stub.StubWorkers.inspect

    def damaged(self: stub.StubWorkers, scan: Scan) -> ScanInfo:
        found = whole(self, scan)
        return ScanInfo(
            media_type=found.media_type, page_count=found.page_count, problems=("page_counts_differ",)
        )

    monkeypatch.setattr(stub.StubWorkers, "inspect", damaged)
    read_one_scan(opened)
    give_roster(opened, tmp_path)
    redecide.decide_again(opened.services)
    drive(opened.settings)

    with opened.catalog.read() as unit:
        assert {d.state for d in unit.documents.all()} == {DocumentState.IN_REVIEW}


def test_a_page_taken_for_a_separator_can_be_brought_back(opened: app.Workspace) -> None:
    """Even where its scan has no document in review; conservation holds after it."""
    scan = read_one_scan(opened)
    with opened.catalog.write() as unit:
        first, second = unit.documents.all(scan_id=scan.scan_id)
        holders = {no: first.document_id for no in first.pages}
        kinds = dict.fromkeys(first.pages, PageKind.CONTENT) | dict.fromkeys(second.pages, PageKind.SEPARATOR)
        unit.pages.assign(scan.scan_id, kinds, holders)

    document = review.rescue(scan.scan_id, WHO, opened.services, second.pages[0])

    assert (document.pages, document.state) == (second.pages, DocumentState.IN_REVIEW)
    with opened.catalog.read() as unit:
        assert all(holder for _, _, holder in unit.pages.of(scan.scan_id))


def test_a_page_in_a_document_is_not_brought_back_twice(opened: app.Workspace) -> None:
    """A page never stands in two documents."""
    scan = read_one_scan(opened)

    with pytest.raises(NotFound):
        review.rescue(scan.scan_id, WHO, opened.services, 1)
    assert check.run(opened.services, fixity=True).is_clean
