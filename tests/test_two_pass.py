"""The whole program on scans whose fronts and backs were taken apart, and on paper scanned twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

pytestmark = pytest.mark.xdist_group("end_to_end")

QUICK = {
    "SCANINDEX_INTAKE_SETTLE_SECONDS": "0.2",
    "SCANINDEX_INTAKE_POLL_SECONDS": "0.3",
    "SCANINDEX_OCR_EFFORT": "fast",
    "SCANINDEX_OCR_SECOND_READER": "false",
}
BODY = [
    "The incision is dry and intact, no drainage seen.",
    "She walks with a stick and sleeps well at night.",
    "Repeat blood count in a week, then clinic visit.",
]
HEAD = {
    "note": ["BIRCHWOOD COMMUNITY HOSPITAL", "PROGRESS NOTE", "Patient: TORVALD, AGNES", "MRN: 4471902"],
    "surgery": [
        "BIRCHWOOD COMMUNITY HOSPITAL",
        "OPERATIVE REPORT",
        "Patient: MELLING, OSCAR",
        "MRN: 5530817",
    ],
}


def side(*lines: str, turn: float = 0.0) -> Image.Image:
    picture = Image.new("L", (1275, 1650), 255)
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size=30)
    for row, line in enumerate((*lines, "", *BODY * 3)):
        pen.text((110, 120 + 60 * row), line, fill=10, font=font)
    return picture.rotate(turn, fillcolor=255)


FRONTS = [side(*HEAD["note"], "Page 1 of 2"), side(*HEAD["surgery"], "Page 1 of 2")]
BACKS = [side("Page 2 of 2", "Plan: home on Friday"), side("Page 2 of 2", "Closure with silk sutures")]


def scanindex(home: Path, *arguments: str) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "scanindex", "--home", str(home), *arguments],
        capture_output=True,
        text=True,
        timeout=200,
        env={**os.environ, **QUICK},
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout


def save(path: Path, sides: list[Image.Image]) -> bytes:
    sides[0].save(path, "PDF", save_all=True, append_images=sides[1:], resolution=150)
    return path.read_bytes()


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A workspace in which three scans were read: in two passes, one side short, and again, crooked."""
    home = tmp_path_factory.mktemp("home")
    scanindex(home, "init")
    folder = home / "inbox" / "old-scanner"
    folder.mkdir()
    (folder / "preset.toml").write_text('page_order = "fronts_then_backs"\n')
    whole = save(folder / "whole.pdf", [*FRONTS, *reversed(BACKS)])
    save(folder / "short.pdf", [*FRONTS, BACKS[0]])
    save(home / "inbox" / "again.pdf", [side(*HEAD["note"], "Page 1 of 2", turn=1.5)])
    scanindex(home, "run", "--until-idle")
    listed = json.loads(scanindex(home, "documents", "--json"))["scans"]
    found = {scan["names"][0]: scan for scan in listed}
    return {**found, "home": home, "whole bytes": whole}


def shown(scans: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(scanindex(scans["home"], "show", document["document_id"], "--json"))
    return data


def test_fronts_and_backs_are_put_together(scans: dict[str, Any]) -> None:
    """Two sheets: sides 1 and 4, sides 2 and 3; page numbers still name the sides as scanned."""
    assert [d["scan_pages"] for d in scans["whole.pdf"]["documents"]] == [[1, 4], [2, 3]]


def test_the_original_stays_as_it_was_scanned(scans: dict[str, Any]) -> None:
    """Only the documents have another order."""
    original = scans["home"] / "archive" / "originals"
    kept = [path.read_bytes() for path in original.rglob("*") if path.is_file()]

    assert scans["whole bytes"] in kept


def test_an_odd_number_of_sides_waits_unsplit(scans: dict[str, Any]) -> None:
    """Nobody can tell which back is missing."""
    (only,) = scans["short.pdf"]["documents"]

    assert (only["scan_pages"], only["state"]) == ([1, 2, 3], "in_review")
    assert "fronts and backs do not pair" in scanindex(scans["home"], "show", only["document_id"])


def test_paper_scanned_again_names_the_other_document(scans: dict[str, Any]) -> None:
    """A crooked second scan of a page, found from both sides and left where it is."""
    (again,) = scans["again.pdf"]["documents"]
    first = scans["whole.pdf"]["documents"][0]

    named = {alike["document_id"] for alike in shown(scans, again)["look_alikes"]}
    assert first["document_id"] in named
    assert again["document_id"] in {a["document_id"] for a in shown(scans, first)["look_alikes"]}
    assert again["state"] == "in_review"
    assert "looks like" in scanindex(scans["home"], "review")
