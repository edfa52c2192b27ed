"""document-small.pdf: the same pages and words, sharp enough to read, in a fraction of the bytes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageFont

from scanindex import filing
from scanindex.errors import VerifyFailed
from scanindex.filing import folder, paths
from scanindex.model import PageReading
from scanindex.settings import FilingSettings
from tests.filing import paper

SMALL = FilingSettings(small_rendition=True)
DPI = 300.0
WIDTH, HEIGHT = 2550, 3300
LINE = "The wound was irrigated and closed in layers without tension at 14:35"


def _letter_page() -> Image.Image:
    """A grey letter page at 300 dpi: type, shaded and noisy paper."""
    noise = np.random.default_rng(7)
    sheet = Image.new("L", (WIDTH, HEIGHT), 255)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=42)
    for row in range(36):
        draw.text((200, 200 + 80 * row), f"{row} {LINE}", fill=0, font=font)
    ink = 60 + np.asarray(sheet, dtype=np.float32) * (175 / 255)
    shade = np.linspace(0, 25, WIDTH, dtype=np.float32)[None, :]
    pixels = ink - shade + noise.normal(0, 4, (HEIGHT, WIDTH)).astype(np.float32)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def letter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of such a page, assembled and verified with both PDFs."""
    root = tmp_path_factory.mktemp("letter")
    original = paper.saved(root / "o.jpg", _letter_page(), "JPEG", quality=80, dpi=(300, 300))
    return _assembled(
        original, "image/jpeg", root / "out", paper.reading(width_px=WIDTH, height_px=HEIGHT, dpi=DPI)
    )


def _assembled(original: Path, media_type: str, target: Path, reading: PageReading) -> Path:
    target.mkdir()
    document = paper.document([reading.scan_page_no])
    filing.assemble(original, media_type, document, [reading], SMALL, target)
    filing.verify(target, 1, bool(reading.words))
    return target


def test_a_grey_letter_page_takes_60_kilobytes(letter: Path) -> None:
    """Out of more than ten times as much."""
    assert (letter / "document-small.pdf").stat().st_size <= 60_000
    assert (letter / "document.pdf").stat().st_size > 600_000


def test_it_shows_the_same_page(letter: Path) -> None:
    """At reading size, letter by letter: ink where ink was, paper where paper was."""
    first, second = (
        np.asarray(paper.shown(letter / name, dpi=150).convert("L"), dtype=np.float32)
        for name in ("document.pdf", "document-small.pdf")
    )
    assert np.abs(first - second).mean() < 6
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] > 0.97


def test_it_has_the_same_words(letter: Path) -> None:
    texts = [
        pypdfium2.PdfDocument(letter / name)[0].get_textpage().get_text_bounded()
        for name in ("document.pdf", "document-small.pdf")
    ]
    assert texts[0] == texts[1] and "Quillfeather" in texts[0]


def test_colour_stays(tmp_path: Path) -> None:
    """A red stamp and a yellow highlighter over black type."""
    sheet = Image.new("RGB", (850, 1100), "white")
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((100, 300, 700, 360), fill=(255, 245, 120))
    draw.text((110, 305), "Allergic to iodine", fill="black", font=ImageFont.load_default(size=40))
    draw.rectangle((100, 600, 400, 620), fill=(200, 20, 20))
    noise = np.random.default_rng(3).normal(0, 3, (1100, 850, 3))
    noisy = Image.fromarray(np.clip(np.asarray(sheet) + noise, 0, 255).astype(np.uint8))
    original = paper.saved(tmp_path / "o.png", noisy, "PNG")
    reading = paper.reading(width_px=850, height_px=1100)
    made = _assembled(original, "image/png", tmp_path / "out", reading) / "document-small.pdf"
    seen = np.asarray(paper.shown(made)).astype(int)
    red, yellow = seen[605:615, 120:380].mean((0, 1)), seen[310:350, 600:690].mean((0, 1))
    assert red[0] - red[1] > 120
    assert yellow[1] - yellow[2] > 80


def test_pages_of_one_bit_pass_through(tmp_path: Path) -> None:
    """They are small and sharp already."""
    original = paper.saved(tmp_path / "o.tif", paper.sheet("1"), "TIFF", compression="group4")
    target = _assembled(original, "image/tiff", tmp_path / "out", paper.reading())
    data = []
    for name in ("document.pdf", "document-small.pdf"):
        with pikepdf.open(target / name) as pdf:
            data.append(bytes(pdf.pages[0].Resources.XObject["/P1"].read_raw_bytes()))
    assert data[0] == data[1]


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_turned_pages_are_turned_alike(tmp_path: Path, turn: int) -> None:
    upright = (550, 425) if turn % 180 else (425, 550)
    reading = paper.reading(rotation_degrees=turn, width_px=upright[0], height_px=upright[1])
    noisy = Image.effect_noise((paper.WIDTH, paper.HEIGHT), 30)
    original = paper.saved(tmp_path / "o.png", Image.blend(paper.sheet("L"), noisy, 0.1), "PNG")
    target = _assembled(original, "image/png", tmp_path / "out", reading)
    seen = [paper.shown(target / name) for name in ("document.pdf", "document-small.pdf")]
    assert paper.difference(*seen) < 8


def test_it_is_made_only_when_asked_for(tmp_path: Path) -> None:
    original = paper.saved(tmp_path / "o.png", paper.sheet("L"), "PNG")
    paper.assembled(original, "image/png", tmp_path / "out")
    assert not (tmp_path / "out" / "document-small.pdf").exists()


def test_record_and_manifest_know_it(letter: Path) -> None:
    """Its hash stands in both, and its damage is found."""
    reading = paper.reading(width_px=WIDTH, height_px=HEIGHT, dpi=DPI)
    filing.stage(letter, paper.document(), paper.patient(), paper.scan(), [reading], paper.NOW)
    told = json.loads((letter / paths.RECORD).read_text("utf-8"))["small"]
    assert told["name"] == "document-small.pdf" and f"{told['sha256']}  {told['name']}" in (
        letter / paths.MANIFEST
    ).read_text("ascii")
    assert folder.damaged_files(letter, hash_all=True) == []
    kept = (letter / "document-small.pdf").read_bytes()
    (letter / "document-small.pdf").write_bytes(kept[:-1])
    assert folder.damaged_files(letter, hash_all=True) == ["document-small.pdf"]
    (letter / "document-small.pdf").unlink()
    assert folder.damaged_files(letter, hash_all=False) == ["document-small.pdf"]
    (letter / "document-small.pdf").write_bytes(kept)


def test_a_broken_one_is_not_filed(tmp_path: Path) -> None:
    original = paper.saved(tmp_path / "o.png", paper.sheet("L"), "PNG")
    paper.assembled(original, "image/png", tmp_path / "out")
    (tmp_path / "out" / "document-small.pdf").write_bytes(b"%PDF-1.7 nothing")
    with pytest.raises(VerifyFailed):
        filing.verify(tmp_path / "out", 1, True)
