"""What comes back for a page: its kind, its turn, its words, and what was wrong with it."""

from __future__ import annotations

import dataclasses
import io
import subprocess
import sys
from collections import Counter

import msgspec
import pytest
from PIL import Image

from scanindex.model import Box, PageKind, PageReading, TextSource, Word
from scanindex.ocr import Engines, open_engines, read_page, thumbnail
from scanindex.settings import OcrSettings
from tests.ocr import papers

SETTINGS = OcrSettings(second_reader=False)


@pytest.fixture(scope="module")
def engines() -> Engines:
    return open_engines(SETTINGS)


def read(page: papers.Grey, engines: Engines, **about: object) -> PageReading:
    return read_page(papers.raster(page, **about), SETTINGS, engines)  # type: ignore[arg-type]


def recall(reading: PageReading, words: list[str]) -> float:
    found, wanted = Counter(word.text for word in reading.words), Counter(words)
    return sum((found & wanted).values()) / sum(wanted.values())


def test_a_clean_page_is_read_whole(engines: Engines) -> None:
    """Every word, upright, legible, without complaint."""
    page, words = papers.chart_page()
    reading = read(page, engines)
    assert recall(reading, words) > 0.98
    assert (reading.kind, reading.rotation_degrees, reading.problems) == (PageKind.CONTENT, 0, ())
    assert reading.text_source is TextSource.OCR
    assert reading.quality.legibility is not None and reading.quality.legibility > 0.8


def test_a_reading_survives_the_checkpoint(engines: Engines) -> None:
    """The per-page checkpoint is JSON: no number in a reading may be a foreign type."""
    page = papers.crooked(papers.patch_page(lines=["Harbour Hill", "Seen today"] * 4), 2)
    reading = read(page, engines)
    assert msgspec.json.decode(msgspec.json.encode(reading), type=PageReading) == reading


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_page_comes_out_upright(turn: int, engines: Engines) -> None:
    """Rotation undoes the turn, and words and boxes are those of the upright page."""
    page, words = papers.chart_page(2)
    straight, reading = read(page, engines), read(papers.turned(page, turn), engines)
    assert reading.rotation_degrees == (360 - turn) % 360
    assert (reading.width_px, reading.height_px) == (page.shape[1], page.shape[0])
    assert recall(reading, words) > 0.97
    name = next(word.box for word in straight.words if word.text == "Rosalind")
    again = next(word.box for word in reading.words if word.text == "Rosalind")
    assert again.left_px == pytest.approx(name.left_px, abs=6)
    assert again.top_px == pytest.approx(name.top_px, abs=6)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_small_label_comes_out_upright(turn: int, engines: Engines) -> None:
    """Four short lines on an empty page are enough."""
    label = papers.lines_page(
        ["MARSH, ROSALIND", "MRN 4471203", "DOB 03/14/1951", "Adm 04/17/1996"], points=9
    )
    assert read(papers.turned(label, turn), engines).rotation_degrees == (360 - turn) % 360


def test_the_containers_turn_is_believed_first(engines: Engines) -> None:
    """A page stored sideways with a /Rotate entry needs no second look."""
    page, words = papers.chart_page(2)
    reading = read(papers.turned(page, 270), engines, turn=90)
    assert reading.rotation_degrees == 90
    assert recall(reading, words) > 0.97


def test_the_container_may_be_wrong(engines: Engines) -> None:
    """An upright picture with a wrong /Rotate entry still comes out upright."""
    page, _ = papers.chart_page(2)
    assert read(page, engines, turn=180).rotation_degrees == 0


def test_sideways_text_in_the_margin_does_not_turn_the_page(engines: Engines) -> None:
    """A form number running up the margin is no reason to turn."""
    page, words = papers.chart_page(2)
    strip = papers.turned(papers.lines_page(["Form 4711 revised"], points=8)[180:260, 180:600], 270)
    page[300 : 300 + strip.shape[0], 10 : 10 + strip.shape[1]] = strip
    reading = read(page, engines)
    assert reading.rotation_degrees == 0
    assert recall(reading, words) > 0.97


def test_a_crooked_grey_page_reads(engines: Engines) -> None:
    """Skew, stains and noise together cost few words."""
    page, words = papers.chart_page(4)
    reading = read(papers.crooked(papers.stained(page), 3, paper=180), engines)
    assert recall(reading, words) > 0.93
    assert reading.quality.skew_degrees == pytest.approx(-3, abs=0.3)


def test_a_coarse_page_is_enlarged_and_reads(engines: Engines) -> None:
    """100 dpi grey is enough once enlarged."""
    page, words = papers.chart_page(4, dpi=100)
    assert recall(read(page, engines, dpi=100), words) > 0.9


def test_a_fax_reads(engines: Engines) -> None:
    """1-bit with broken strokes."""
    page, words = papers.chart_page(4)
    assert recall(read(papers.faxed(page), engines, is_bilevel=True), words) > 0.93


def test_resolution_may_be_unknown(engines: Engines) -> None:
    """Phone pictures and bare TIFFs name none."""
    page, words = papers.chart_page(4)
    reading = read(page, engines, dpi=None)
    assert reading.dpi is None
    assert recall(reading, words) > 0.97


def test_ink_without_words_is_kept_and_said(engines: Engines) -> None:
    """A heart trace has no text; the page stays and a person is told."""
    page = papers.bilevel(papers.heart_trace(), 90)
    reading = read(page, engines, is_bilevel=True)
    assert reading.kind is PageKind.CONTENT
    assert set(reading.problems) & {"no_text", "low_legibility"}


def test_a_hopeless_page_asks_for_a_rescan(engines: Engines) -> None:
    """Far too noisy and coarse to trust."""
    page = papers.noisy(papers.faded(papers.chart_page(5, dpi=60)[0], 190, 130), 30)
    reading = read(page, engines, dpi=60)
    assert reading.kind is PageKind.CONTENT
    assert set(reading.problems) & {"no_text", "low_legibility"}


def test_no_time_is_a_failed_page_not_an_exception() -> None:
    """The page stays in its document and says why it has no words."""
    settings = OcrSettings(second_reader=False, page_seconds=0.02)
    page, _ = papers.chart_page()
    reading = read_page(papers.raster(page), settings, open_engines(settings))
    assert (reading.kind, reading.problems, reading.words) == (PageKind.FAILED, ("timeout",), ())


def test_a_born_digital_page_keeps_its_own_words(engines: Engines) -> None:
    """No reading of a picture is better than the text it was printed from."""
    own = Word(
        text="Quill",
        box=Box(left_px=10, top_px=10, right_px=60, bottom_px=30),
        confidence=None,
        engine="text_layer",
        line_no=1,
    )
    raster = papers.raster(papers.chart_page()[0])
    reading = read_page(dataclasses.replace(raster, text_layer=(own,)), SETTINGS, engines)
    assert reading.words == (own,)
    assert (reading.text_source, reading.engines) == (TextSource.TEXT_LAYER, ("text_layer",))


def test_damage_found_earlier_is_passed_on(engines: Engines) -> None:
    """A cut picture stays marked after reading."""
    raster = dataclasses.replace(papers.raster(papers.chart_page()[0]), problems=("truncated_image",))
    assert "truncated_image" in read_page(raster, SETTINGS, engines).problems


def test_stage_times_are_told(engines: Engines) -> None:
    """Where the time went, per stage, in CPU seconds."""
    reading = read(papers.chart_page()[0], engines)
    assert {"barcode", "blank", "clean", "ocr"} <= set(reading.stage_seconds)
    assert all(value >= 0 for value in reading.stage_seconds.values())


def test_a_thumbnail_is_upright_and_small() -> None:
    """JPEG, longest side as asked, turned."""
    page, _ = papers.chart_page()
    picture = Image.open(io.BytesIO(thumbnail(papers.raster(page), 90, 300)))
    assert (picture.format, picture.size) == ("JPEG", (300, 232))


def test_importing_the_package_is_cheap() -> None:
    """The command line imports it for its names; libraries load with the first use."""
    heavy = "{'cv2', 'numpy', 'zxingcpp', 'tesserocr', 'PIL'}"
    code = f"import scanindex.ocr, sys; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
