"""What the pipeline makes of files that are damaged, or hide more than they show."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from scanindex import app
from scanindex.model import (
    Document,
    DocumentState,
    PageKind,
    PageQuality,
    PageReading,
    Scan,
    ScanId,
    ScanInfo,
    ScanState,
    TextSource,
)
from scanindex.settings import IntakeSettings, Settings
from scanindex.watch import Service


class BlankReader:
    """Workers that find `problems` in every file, and one empty page."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems

    def inspect(self, scan: Scan) -> ScanInfo:
        return ScanInfo(media_type=scan.media_type, page_count=1, problems=self.problems)

    def read_pages(self, scan: Scan, page_count: int) -> list[PageReading]:
        return [self.reread_page(scan, no) for no in range(1, page_count + 1)]

    def reread_page(self, scan: Scan, scan_page_no: int, *, fresh: bool = True) -> PageReading:
        return PageReading(
            scan_page_no=scan_page_no,
            kind=PageKind.BLANK,
            width_px=100,
            height_px=100,
            dpi=100,
            rotation_degrees=0,
            words=(),
            quality=PageQuality(dpi=100, skew_degrees=0, contrast=0, ink_share=0, legibility=None),
            text_source=TextSource.NONE,
            engines=(),
        )

    def assemble(
        self, scan: Scan, document: Document, readings: Sequence[PageReading], staged: Path
    ) -> tuple[str, ...]:
        raise AssertionError("nothing here is filed")

    def rest(self, scan_id: ScanId) -> None:
        """Nothing is kept ready here."""

    def forget(self, scan_id: ScanId) -> None:
        """Nothing was kept."""


def became(home: Path, *problems: str) -> tuple[Scan, list[DocumentState]]:
    """The one scan after a run over a file with these problems, and its documents' states."""
    intake = IntakeSettings(settle_seconds=0.0, poll_seconds=0.05, watch_events=False, floor_bytes=0)
    settings = Settings(home=home, intake=intake)
    app.initialise(settings)
    out = io.BytesIO()
    Image.new("L", (100, 100), 255).save(out, "PNG")
    (settings.inbox / "one.png").write_bytes(out.getvalue())
    opened = app.open_workspace(settings, lambda *_: BlankReader(*problems))
    try:
        Service(opened.services, opened.intake, lambda *_: None).run(until_idle=True)
        with opened.catalog.read() as unit:
            (scan,) = unit.scans.all()
            return scan, [document.state for document in unit.documents.all()]
    finally:
        opened.close()


@pytest.mark.parametrize("problems", [(), ("note:reader_warnings",)])
def test_a_blank_page_of_a_whole_file_is_set_aside(tmp_path: Path, problems: tuple[str, ...]) -> None:
    """No document comes of it; the page stays with its original."""
    scan, states = became(tmp_path, *problems)

    assert (scan.state, states) == (ScanState.DECIDED, [])


@pytest.mark.parametrize("problem", ["xref_rebuilt", "page_counts_differ", "page_chain_loop"])
def test_a_blank_page_of_a_damaged_file_goes_to_review(tmp_path: Path, problem: str) -> None:
    """It may be empty because what it said is lost."""
    scan, states = became(tmp_path, problem)

    assert (scan.state, states) == (ScanState.DECIDED, [DocumentState.IN_REVIEW])


@pytest.mark.parametrize("problem", ["glued_pdfs", "glued_files", "portfolio"])
def test_a_file_that_hides_another_is_quarantined(tmp_path: Path, problem: str) -> None:
    """Filing what shows would lose the rest."""
    scan, states = became(tmp_path, problem)

    assert (scan.state, scan.reason, states) == (ScanState.QUARANTINED, "hidden_content", [])
