"""A corpus of scanned charts with a truth file: stacks as they arrive from a scanner.

Expects `truth.jsonl` (one line per file: `file`, `documents`, `pages`) beside the
files it names. Only pages with content count. Handwriting is left out of the truth,
since the typed text is what is scored: recall of typed words, and the typed names,
birth dates and record numbers of the patient that stand on the page.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.reading.case import Case, Identifier, TruthWord

_KINDS = {"name": "name", "dob": "birth_date", "mrn": "mrn", "mrn_outside": "mrn"}
_MODES = {"bw": "1-bit", "gray": "grey"}


def load_charts(folder: Path, work: Path) -> list[Case]:
    """Every content page; its picture for other readers lies in `work` (see `pictures`)."""
    cases = []
    for line in (folder / "truth.jsonl").read_text("utf-8").splitlines():
        scan = json.loads(line)
        path = folder / scan["file"]
        for page in scan["pages"]:
            if page["kind"] == "content" and path.exists():
                cases.append(_case(path, page, work))
    return cases


def _case(path: Path, page: dict[str, Any], work: Path) -> Case:
    number = int(page["page"])
    lines = tuple(line for line in str(page["text"]).splitlines() if line.strip())
    return Case(
        set_name="charts",
        name=f"{path.name}#{number}",
        path=path,
        page_no=number,
        picture=work / f"{path.stem}-{number}.png",
        group=_degradation(page),
        words=tuple(TruthWord(text=word) for line in lines for word in line.split()),
        segments=lines,
        identifiers=tuple(_identifiers(page)),
        turn_degrees=int(page["rotation_ccw"]) % 360,
        is_recall_only=True,
    )


def _degradation(page: dict[str, Any]) -> str:
    """One word for what was done to the page, the gravest first."""
    if page["level"] < 0:
        return "born digital"
    if page["rotation_ccw"]:
        return "turned"
    if page["mode"] == "fax":
        return "fax"
    return f"{_MODES.get(page['mode'], page['mode'])} level {page['level']}"


def _identifiers(page: dict[str, Any]) -> list[Identifier]:
    """Each typed value once, however often it stands on the page."""
    found = {
        (_KINDS[field["field"]], field["text"]): None
        for field in page["fields"]
        if field["field"] in _KINDS and field["kind"] == "print" and field["role"] == "patient"
    }
    return [Identifier(kind=kind, text=text) for kind, text in found]


def draw_picture(case: Case) -> None:
    """Make the page's picture, upright as its container asks, unless it is there already."""
    if case.picture is None or case.picture.exists():
        return
    from PIL import Image

    from scanindex.pages import rasterise
    from scanindex.settings import PagesSettings
    from scanindex.sniff import media_type

    with case.path.open("rb") as stream:
        kind = media_type(stream) or ""
    raster = rasterise(case.path, kind, case.page_no, PagesSettings())
    image = Image.fromarray(raster.pixels).rotate(-raster.rotation_degrees, expand=True)
    if raster.is_bilevel:
        image = image.point(lambda value: 255 if value > 127 else 0).convert("1")
    case.picture.parent.mkdir(parents=True, exist_ok=True)
    dpi = raster.dpi or 200.0
    image.save(case.picture, dpi=(dpi, dpi))
