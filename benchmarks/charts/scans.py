"""Plans scan files, draws their pages and writes them with their truth.

A file is one document or a stack; a stack may have blank sheets between documents, blank
backs (duplex), a page of somebody else in the middle of a document, and a document that
was scanned twice. Same family, number, seed and fonts: same bytes.
"""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.charts import truth
from benchmarks.charts.case import Case, civil
from benchmarks.charts.fonts import Fonts
from benchmarks.charts.layout import LAYOUTS, Layout
from benchmarks.charts.paint import born, paint
from benchmarks.charts.people import Person, Population, population, write_roster
from benchmarks.charts.sheet import LETTER, Mark, Sheet
from benchmarks.charts.traps import draw_trap, make_case
from benchmarks.charts.wear import Wear, draw_wear, worn

_MODES = (
    ("bw", (200, 200), 46),
    ("bw", (300, 300), 20),
    ("gray", (200, 200), 18),
    ("fax", (204, 196), 8),
    ("fax", (204, 98), 3),
)
_EPOCH = time.gmtime(0)


@dataclass(slots=True, kw_only=True)
class Paper:
    """A document on its sheets."""

    number: str
    case: Case
    layout: Layout
    sheets: list[Sheet]


@dataclass(slots=True, kw_only=True)
class Leaf:
    """One page of a scan file: of a document, or a separator or blank back."""

    sheet: Sheet
    paper: Paper | None
    kind: str = "content"
    wear: Wear | None = None


@dataclass(slots=True, kw_only=True)
class Made:
    """What came out: counts and any print that a person could not read."""

    files: int = 0
    documents: int = 0
    pages: int = 0
    faults: list[str] = field(default_factory=list)


def make(out: Path, family: str, documents: int, seed: int, fonts: Fonts, patients: int = 20_400) -> Made:
    """Writes `out`/files, roster.csv and truth.jsonl."""
    people = population(family, seed, patients)
    (out / "files").mkdir(parents=True, exist_ok=True)
    write_roster(out / "roster.csv", people.people)
    made, lines = Made(), []
    for number, papers in enumerate(_stacks(people, fonts, documents, seed), start=1):
        rng = random.Random(f"file {family} {seed} {number}")
        line = _write(out, rng, f"{family.lower()}{seed}_{number:04d}", papers, made)
        lines.append(json.dumps(line, sort_keys=False))
    (out / "truth.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return made


def _stacks(people: Population, fonts: Fonts, documents: int, seed: int) -> list[list[Paper]]:
    """All documents, as they lie together in a scan file."""
    rng = random.Random(f"stacks {people.family} {seed}")
    layouts = [layout for layout in LAYOUTS.values() if layout.family == people.family]
    order: list[Layout] = []
    while len(order) < documents:
        order += rng.sample(layouts, len(layouts))
    stacks: list[list[Paper]] = []
    for n, layout in enumerate(order[:documents], start=1):
        begins = not stacks or rng.random() < 0.5
        last: Person | None = None if begins else stacks[-1][-1].case.person
        paper = _paper(
            people, fonts, layout, f"{people.family}{n:04d}", seed, last if rng.random() < 0.45 else None
        )
        if begins:
            stacks.append([paper])
        else:
            stacks[-1].append(paper)
    for n in range(documents // 40):
        source = rng.choice(rng.choice(stacks))
        stacks.append(
            [
                Paper(
                    number=f"{source.number}R{n}",
                    case=source.case,
                    layout=source.layout,
                    sheets=source.sheets,
                )
            ]
        )
    return stacks


def _paper(
    people: Population, fonts: Fonts, layout: Layout, number: str, seed: int, last: Person | None
) -> Paper:
    rng = random.Random(f"paper {seed} {number}")
    trap = "" if last is not None else draw_trap(rng)
    case = make_case(rng, people, layout, trap, last)
    sheets = layout.draw(case, fonts)
    for sheet in sheets:
        if rng.random() < 0.12:
            _stamp(sheet, case)
    return Paper(number=number, case=case, layout=layout, sheets=sheets)


def _stamp(sheet: Sheet, case: Case) -> None:
    """RECEIVED with a later date, where there is room."""
    day = case.service.toordinal() + case.rng.randrange(3, 40)
    stamped = civil(case.service.fromordinal(day), "dd MMM yyyy")
    taken = [text.box() for text in sheet.texts()]
    for _ in range(60):
        x, y = case.rng.uniform(40, sheet.size[0] - 170), case.rng.uniform(60, sheet.size[1] - 80)
        if all(b[2] < x - 12 or b[0] > x + 135 or b[3] < y - 12 or b[1] > y + 60 for b in taken):
            with sheet.patch(x, y, case.rng.uniform(-9, 9)):
                sheet.box(0, 0, 120, 42, width=1.6, ink=90)
                sheet.put(
                    60,
                    17,
                    case.pick("RECEIVED", "SCANNED", "FILED"),
                    font="arial-bold",
                    size=12,
                    align="c",
                    kind="stamp",
                    ink=90,
                )
                mark = Mark(text=stamped, field="received_date", value="", role="distractor")
                sheet.put(60, 34, mark, font="arial-bold", size=11, align="c", kind="stamp", ink=90)
            return


def _write(out: Path, rng: random.Random, name: str, papers: list[Paper], made: Made) -> dict[str, Any]:
    is_born = len(papers) == 1 and papers[0].layout.can_be_born and rng.random() < 0.85
    separated = len(papers) > 1 and rng.random() < 0.4
    leaves = _leaves(rng, papers, separated=separated)
    if not is_born:
        mode, dpi, _ = rng.choices(_MODES, [weight for *_, weight in _MODES])[0]
        if mode == "fax" and len(papers) > 3:
            mode, dpi = "bw", (200, 200)
        for leaf in leaves:
            leaf.wear = draw_wear(rng, mode=mode, dpi=dpi)
    data, suffix, sizes, style = _encode(rng, leaves, is_born=is_born)
    path = out / "files" / f"{name}{suffix}"
    path.write_bytes(data)
    pages, own = [], {paper.number: [] for paper in papers}  # type: tuple[list[Any], dict[str, list[int]]]
    for n, (leaf, size) in enumerate(zip(leaves, sizes, strict=True), start=1):
        pages.append(
            truth.page(n, leaf.kind, leaf.paper.number if leaf.paper else None, leaf.sheet, leaf.wear, size)
        )
        if leaf.paper is not None:
            own[leaf.paper.number].append(n)
        made.faults += [
            f"{leaf.paper.layout.name if leaf.paper else '-'}: {fault}" for fault in leaf.sheet.faults()
        ]
    made.files, made.pages, made.documents = (
        made.files + 1,
        made.pages + len(pages),
        made.documents + len(papers),
    )
    return {
        "file": f"files/{path.name}",
        "format": style,
        "bytes": len(data),
        "npages": len(pages),
        "note": ("single" if len(papers) == 1 else f"batch sep={'blank' if separated else 'none'}"),
        "documents": [_document(paper, own[paper.number], pages) for paper in papers],
        "pages": pages,
    }


def _document(paper: Paper, numbers: list[int], pages: list[dict[str, Any]]) -> dict[str, Any]:
    worst = max(pages[n - 1]["level"] for n in numbers)
    line = truth.document(paper.number, paper.case, paper.layout, paper.sheets, numbers, worst)
    if "R" in paper.number:
        line["dup_of"] = paper.number.partition("R")[0]
    return line


def _leaves(rng: random.Random, papers: list[Paper], *, separated: bool) -> list[Leaf]:
    leaves: list[Leaf] = []
    duplex = rng.random() < 0.18 and len(papers) <= 5
    waiting = list(papers)
    while waiting:
        paper = waiting.pop(0)
        if leaves and separated:
            leaves.append(
                Leaf(sheet=Sheet(fonts=paper.sheets[0].fonts, size=LETTER), paper=None, kind="separator")
            )
        for n, sheet in enumerate(paper.sheets):
            leaves.append(Leaf(sheet=sheet, paper=paper))
            if duplex:
                leaves.append(
                    Leaf(sheet=Sheet(fonts=sheet.fonts, size=sheet.size), paper=None, kind="blank_back")
                )
            more = n + 1 < len(paper.sheets)
            if more and waiting and not separated and _can_stray(rng, paper, waiting[0]):
                stray = waiting.pop(0)
                leaves.append(Leaf(sheet=stray.sheets[0], paper=stray))
                stray.case.traps.append("foreign_page")
                paper.case.traps.append("interrupted")
    return leaves


def _can_stray(rng: random.Random, paper: Paper, other: Paper) -> bool:
    return len(other.sheets) == 1 and other.case.person is not paper.case.person and rng.random() < 0.5


def _encode(
    rng: random.Random, leaves: list[Leaf], *, is_born: bool
) -> tuple[bytes, str, list[tuple[int, int]], str]:
    """File bytes, suffix, pixels per page, name of the format."""
    if is_born:
        sheets = [leaf.sheet for leaf in leaves if leaf.kind == "content"]
        leaves[:] = [leaf for leaf in leaves if leaf.kind == "content"]
        return born(sheets), ".pdf", [(round(s.size[0]), round(s.size[1])) for s in sheets], "pdf_born"
    import io

    pictures = []
    for leaf in leaves:
        assert leaf.wear is not None
        pictures.append(worn(paint(leaf.sheet, leaf.wear.dpi[0]), leaf.wear, rng))
    wear, out = leaves[0].wear, io.BytesIO()
    assert wear is not None
    rest: dict[str, Any] = {"save_all": True, "append_images": pictures[1:]} if len(pictures) > 1 else {}
    sizes = [picture.size for picture in pictures]
    kind = rng.choice(("pdf", "pdf", "tif") if wear.mode != "gray" else ("pdf", "pdf"))
    if len(pictures) == 1 and rng.random() < 0.5:
        kind = "jpg" if wear.mode == "gray" else "png"
    if kind == "tif":
        pictures[0].save(out, "TIFF", compression="group4", dpi=wear.dpi, **rest)
    elif kind == "pdf":
        rest |= {"quality": 72} if wear.mode == "gray" else {}
        pictures[0].save(out, "PDF", dpi=wear.dpi, creationDate=_EPOCH, modDate=_EPOCH, **rest)
    else:
        pictures[0].save(out, "JPEG" if kind == "jpg" else "PNG", dpi=wear.dpi)
    style = {"pdf": "pdf_jpeg" if wear.mode == "gray" else "pdf_g4", "tif": "tiff_g4"}.get(kind, kind)
    return out.getvalue(), f".{kind}", sizes, style
