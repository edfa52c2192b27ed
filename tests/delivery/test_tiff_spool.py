"""Facts about the spool of TIFFs: what waits lies there; nothing is drawn to learn that nothing changed."""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path
from typing import Any, cast

import pytest

from scanindex.delivery import reconcile, renditions
from scanindex.delivery_model import Action
from tests.delivery.conftest import SUE, Exports
from tests.desk import lab


class Drawing:
    """Draws as equal input wants it, at once; the real one is shown in test_sending."""

    def __init__(self) -> None:
        self.count = 0

    def make_tiff(self, pdf: Path, page_count: int, target: Path) -> None:
        self.count += 1
        target.write_bytes(b"II*\0" + pdf.read_bytes())


@pytest.fixture
def drawing(exports: Exports) -> Drawing:
    made = Drawing()
    exports.services = dataclasses.replace(exports.services, workers=cast(Any, made))
    exports.rule("document", content="tiff")
    return made


def spool(exports: Exports) -> list[Path]:
    folder = exports.workspace.settings.var / "export" / exports.target.name / "tiff"
    return sorted(folder.glob("*"))


def test_what_was_answered_is_removed_and_what_waits_stays(exports: Exports, drawing: Drawing) -> None:
    exports.receiver.chokes_on = {lab.PLAIN.mrn}
    exports.export()

    waiting = exports.document_of(lab.PLAIN)
    assert [path.name for path in spool(exports)] == [f"{waiting.document_id}-{waiting.filed_version}.tif"]
    exports.receiver.chokes_on = set()
    exports.send()
    assert spool(exports) == [] and len(exports.receiver.valid) == 3


def test_a_refused_one_is_made_again_when_it_is_tried_again(exports: Exports, drawing: Drawing) -> None:
    exports.receiver.refuses = {Action.NEW}
    exports.export()

    assert spool(exports) == []
    exports.receiver.refuses = set()
    reconcile.retry(SUE, exports.target.name, exports.services)
    assert exports.export()[1].taken == 3 and drawing.count == 6


def test_what_is_unchanged_is_not_drawn_again(exports: Exports, drawing: Drawing) -> None:
    exports.export()
    run, _ = exports.export()

    assert (run.planned["unchanged"], drawing.count, spool(exports)) == (3, 3, [])


def test_what_a_dry_run_left_goes_with_the_next_send(exports: Exports, drawing: Drawing) -> None:
    exports.looked_at()
    exports.queue(patients=(lab.PLAIN.mrn,))
    folder = spool(exports)[0].parent
    old, young = folder / "old.partial", folder / "young.partial"
    for path in (old, young):
        path.write_bytes(b"II*")
    os.utime(old, (time.time() - 7_200,) * 2)
    assert len(spool(exports)) == 5

    exports.send()

    assert spool(exports) == [young]


def test_the_spool_is_bounded(exports: Exports, drawing: Drawing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond, a TIFF is drawn again when its turn comes, with the same bytes."""
    monkeypatch.setattr(renditions, "MOST_SPOOLED_BYTES", 0)
    exports.queue()
    assert (spool(exports), drawing.count) == ([], 3)

    assert exports.send().taken == 3
    assert drawing.count == 6 and spool(exports) == []
    wanted = {line.record.content.sha256 for line in exports.lines() if line.record.content}
    assert {entry["sha256"] for entry in exports.receiver.entries} == wanted
