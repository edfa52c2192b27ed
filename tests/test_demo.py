"""Facts about the demo batch: what a newcomer gets is whole, readable, repeatable and true."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageSequence

from scanindex.demo import DemoBatch, make
from scanindex.sheetcode import decode


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> DemoBatch:
    folder = tmp_path_factory.mktemp("demo")
    return make(folder / "inbox", folder / "roster.csv")


def pages_of(path: Path) -> list[Image.Image]:
    """Grey pages at about 200 dpi, square pixels."""
    if path.suffix == ".pdf":
        return [p.render(scale=200 / 72).to_pil().convert("L") for p in pypdfium2.PdfDocument(path)]
    frames = [frame.convert("L") for frame in ImageSequence.Iterator(Image.open(path))]
    return [f.resize((1700, 2200), Image.Resampling.BOX) for f in frames]


def read(page: Image.Image, folder: Path) -> str:
    path = folder / "page.png"
    page.save(path, dpi=(200, 200))
    command = ["tesseract", str(path), "-", "--psm", "3"]
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


def words(text: str) -> set[str]:
    return {word for word in re.split(r"[^A-Za-z0-9]+", text) if len(word) > 1}


def documents(batch: DemoBatch) -> list[dict[str, Any]]:
    return [document for entry in batch.truth for document in entry["documents"]]


def test_a_dozen_documents_in_the_formats_that_scanners_write(batch: DemoBatch) -> None:
    """Twelve documents, each of its own type, in PDF, TIFF, JPEG and PNG."""
    assert len({document["doc_type"] for document in documents(batch)}) == len(documents(batch)) == 12
    assert {path.suffix.lower() for path in batch.files} == {".pdf", ".tif", ".jpg", ".png"}


def test_nothing_but_whole_files_is_left_in_the_folder(batch: DemoBatch) -> None:
    """The folder holds exactly the files named, no private leftovers."""
    assert sorted(batch.files[0].parent.iterdir()) == sorted(batch.files)


def test_every_page_is_where_the_truth_says(batch: DemoBatch) -> None:
    """Page counts agree, and each content page belongs to exactly one document."""
    for path, entry in zip(batch.files, batch.truth, strict=True):
        content = [page["page"] for page in entry["pages"] if page["kind"] == "content"]
        assert len(pages_of(path)) == entry["npages"]
        assert sorted(number for document in entry["documents"] for number in document["pages"]) == content


def test_the_roster_holds_forty_people_with_the_hard_cases(batch: DemoBatch) -> None:
    """Twins, a father and son of one name, and unrelated namesakes stand in the roster."""
    with batch.roster_csv.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len({row["mrn"] for row in rows}) == 40
    pairs = [(a, b) for a in rows for b in rows if a["mrn"] < b["mrn"] and a["last"] == b["last"]]
    assert [a for a, b in pairs if a["dob"] == b["dob"] and a["first"] != b["first"]], "twins"
    assert [a for a, b in pairs if {a["suffix"], b["suffix"]} == {"Sr", "Jr"} and a["first"] == b["first"]]
    assert [a for a, b in pairs if a["first"] == b["first"] and not a["suffix"] and not b["suffix"]]


def test_one_person_is_unknown_and_one_is_named_ambiguously(batch: DemoBatch) -> None:
    """Exactly these two documents are for a person to settle."""
    asked = {d["doc_type"]: d["traps"] for d in documents(batch) if d["expected"] == "review"}
    assert asked == {"telephone_encounter": ["not_in_roster"], "prescription": ["name_only", "same_name"]}


def test_roster_and_pages_name_the_same_people(batch: DemoBatch) -> None:
    """Every patient of a document but the unknown one is in the roster file."""
    numbers = {line.split(",")[0] for line in batch.roster_csv.read_text("utf-8").splitlines()[1:]}
    for document in documents(batch):
        assert (document["mrn"] in numbers) == document["in_roster"]


def test_separator_and_cover_sheets_can_be_read(batch: DemoBatch) -> None:
    """Three separators and one cover sheet, whose MRN is that of the document behind it."""
    found = []
    for path, entry in zip(batch.files, batch.truth, strict=True):
        pages = pages_of(path)
        for page in entry["pages"]:
            if page["kind"] == "separator":
                codes = {decode(c.text) for c in zxingcpp.read_barcodes(pages[page["page"] - 1])}
                found += [code for code in codes if code]
    assert sorted(code.kind for code in found) == ["patient", "separator", "separator", "separator"]
    cover = next(code for code in found if code.kind == "patient")
    summary = next(d for d in documents(batch) if d["doc_type"] == "discharge_summary")
    assert (cover.mrn, cover.birth_date) == (summary["mrn"], summary["printed"]["dob"]["value"])


def test_tesseract_reads_the_pages(batch: DemoBatch, tmp_path: Path) -> None:
    """One page of each kind of file has nine words in ten right, the crooked and the faxed included."""
    chosen = {"archive-box-7.tif", "face-sheet-crooked.jpg", "FAX00017.TIF", "consent-upside-down.pdf"}
    for path, entry in zip(batch.files, batch.truth, strict=True):
        if path.name in chosen:
            page = pages_of(path)[0].rotate(-entry["pages"][0]["rotation_ccw"])
            expected = words(entry["pages"][0]["text"])
            assert len(expected & words(read(page, tmp_path))) >= 0.9 * len(expected), path.name


def test_the_upside_down_page_really_is(batch: DemoBatch, tmp_path: Path) -> None:
    """As it lies in the file the page gives no usable text."""
    path, entry = next(x for x in zip(batch.files, batch.truth, strict=True) if "upside" in x[0].name)
    expected = words(entry["pages"][0]["text"])
    assert len(expected & words(read(pages_of(path)[0], tmp_path))) < 0.2 * len(expected)


def test_the_born_digital_report_has_its_text(batch: DemoBatch) -> None:
    """The text layer says what the truth says."""
    path, entry = next(x for x in zip(batch.files, batch.truth, strict=True) if "emergency" in x[0].name)
    text = pypdfium2.PdfDocument(path)[0].get_textpage().get_text_range()
    assert words(entry["pages"][0]["text"]) == words(text)


def test_the_same_seed_gives_the_same_bytes_and_another_one_other_people(
    batch: DemoBatch, tmp_path: Path
) -> None:
    """Files and roster repeat; a new seed invents a new town."""

    def prints(made: DemoBatch) -> list[str]:
        return [hashlib.sha256(p.read_bytes()).hexdigest() for p in (*made.files, made.roster_csv)]

    again = make(tmp_path / "again", tmp_path / "again.csv")
    other = make(tmp_path / "other", tmp_path / "other.csv", seed=8)
    assert prints(again) == prints(batch)
    assert set(prints(other)).isdisjoint(prints(batch))


def test_truth_is_written_one_line_per_file(batch: DemoBatch, tmp_path: Path) -> None:
    """The truth file can be read back line by line."""
    batch.write_truth(tmp_path / "truth.jsonl")
    lines = (tmp_path / "truth.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["file"] for line in lines] == [path.name for path in batch.files]
