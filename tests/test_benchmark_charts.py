"""`benchmarks/make_charts.py`: the same bytes each time, complete truth, print that a person can read."""

from __future__ import annotations

import ast
import csv
import functools
import json
import random
from pathlib import Path
from typing import Any

import pytest

import benchmarks.charts
from benchmarks.charts import families, traps
from benchmarks.charts.fonts import Fonts
from benchmarks.charts.layout import LAYOUTS
from benchmarks.charts.people import Population, population
from benchmarks.charts.scans import make

DOCUMENT_KEYS = {
    "id", "doc_type", "template", "template_in_dev", "pages", "mrn", "accept_mrns", "in_roster", "patient",
    "printed", "printed_name", "printed_mrn", "service_date", "accept_service_dates", "service_date_printed",
    "facility", "outside_facility", "provider", "expected", "traps", "dup_of",
}  # fmt: skip
PAGE_KEYS = {
    "page", "kind", "sep", "doc", "rotation_ccw", "skew", "level", "mode", "dpi", "effects", "size", "text",
    "hand_text", "fields",
}  # fmt: skip


@pytest.fixture(scope="module")
def fonts() -> Fonts:
    return Fonts()


@functools.cache
def some_people(family: str) -> Population:
    return population(family, 5, 900)


def written(out: Path, fonts: Fonts, family: str) -> dict[str, bytes]:
    """All files of a run of three documents, by path."""
    make(out, family, documents=3, seed=5, fonts=fonts, patients=900)
    return {
        str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()
    }


def lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "truth.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("family", families.FAMILIES)
def test_the_same_seed_gives_the_same_bytes(family: str, fonts: Fonts, tmp_path: Path) -> None:
    """Scans, roster and truth of two runs are equal."""
    assert written(tmp_path / "one", fonts, family) == written(tmp_path / "two", fonts, family)


def test_truth_is_complete(fonts: Fonts, tmp_path: Path) -> None:
    """Every file, page and document has all keys; each content page is in exactly one document."""
    files = written(tmp_path, fonts, "B")
    found = lines(tmp_path)

    assert {line["file"] for line in found} == {name for name in files if name.startswith("files/")}
    assert sum(len(line["documents"]) for line in found) == 3
    for line in found:
        assert [page["page"] for page in line["pages"]] == list(range(1, line["npages"] + 1))
        assert all(set(page) == PAGE_KEYS for page in line["pages"])
        assert all(set(document) == DOCUMENT_KEYS for document in line["documents"])
        content = [page["page"] for page in line["pages"] if page["kind"] == "content"]
        assert sorted(n for document in line["documents"] for n in document["pages"]) == content


def test_truth_agrees_with_the_roster(fonts: Fonts, tmp_path: Path) -> None:
    """A document's MRN is a line of the roster with the same person; strangers have none."""
    make(tmp_path, "A", documents=3, seed=8, fonts=fonts, patients=900)
    with (tmp_path / "roster.csv").open(encoding="utf-8") as rows:
        roster = {row["mrn"]: row for row in csv.DictReader(rows)}

    for document in (document for line in lines(tmp_path) for document in line["documents"]):
        assert document["in_roster"] == (document["mrn"] is not None)
        if document["mrn"]:
            row = roster[document["mrn"]]
            assert {key: row[key] for key in document["patient"]} == document["patient"]
        else:
            assert document["expected"] == "review"


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_no_print_is_cut_or_lies_on_other_print(name: str, fonts: Fonts) -> None:
    """Every layout with several patients, each with a trap."""
    layout = LAYOUTS[name]
    people = some_people(layout.family)
    for n, trap in enumerate(("", "jr_sr", "former_name", "unregistered")):
        case = traps.make_case(random.Random(f"{name} {n}"), people, layout, trap)

        assert [fault for sheet in layout.draw(case, fonts) for fault in sheet.faults()] == []


def test_families_share_no_layout_and_are_large_enough() -> None:
    """At least fourteen each; a name belongs to one family."""
    sizes = [sum(layout.family == family for layout in LAYOUTS.values()) for family in families.FAMILIES]

    assert min(sizes) >= 14
    assert sum(sizes) == len(LAYOUTS)


def test_the_generator_takes_nothing_from_the_product() -> None:
    """A generator that shares the product's ideas would prove nothing."""
    folder = Path(benchmarks.charts.__file__).parent
    names: set[str] = set()
    for path in (*folder.glob("*.py"), folder.parent / "make_charts.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names.add(node.module or "")
            elif isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}

    assert not [name for name in names if name.split(".")[0] == "scanindex"]
    assert "benchmarks.charts.fonts" in names
