"""What is written in a pale colour alone on a side must not vanish on the way to grey."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from scanindex.pages import rasterise
from scanindex.settings import PagesSettings

YELLOW, PINK, BLUE = (255, 245, 40), (255, 170, 190), (150, 200, 255)
TYPES = {"jpg": "image/jpeg", "png": "image/png", "tif": "image/tiff", "pdf": "application/pdf"}


def side(colour: tuple[int, int, int], *, is_printed: bool = False) -> Image.Image:
    """A letter page at 100 dots per inch with a short note; `is_printed` adds black lines."""
    page = Image.new("RGB", (850, 1100), (252, 252, 250))
    draw = ImageDraw.Draw(page)
    draw.line([(300, 500), (340, 540), (420, 470), (500, 540)], fill=colour, width=5)
    for top in range(200, 900, 20) if is_printed else ():
        draw.rectangle((150, top, 700, top + 7), fill=(20, 20, 20))
    return page


def darkness(page: Image.Image, folder: Path, ending: str) -> int:
    """How much darker than the paper the note is on the page as read."""
    path = folder / f"side.{ending}"
    page.save(path)
    pixels = rasterise(path, TYPES[ending], 1, PagesSettings()).pixels
    height, width = pixels.shape
    note = pixels[int(0.42 * height) : int(0.5 * height), int(0.35 * width) : int(0.6 * width)]
    return int(np.median(pixels)) - int(note.min())


@pytest.mark.parametrize("ending", TYPES)
@pytest.mark.parametrize("colour", [YELLOW, PINK, BLUE], ids=["yellow", "pink", "blue"])
def test_a_pale_note_alone_on_a_side_is_dark(
    tmp_path: Path, ending: str, colour: tuple[int, int, int]
) -> None:
    """Yellow pen is all but white in luma; on an empty side the darkest channel counts."""
    assert darkness(side(colour), tmp_path, ending) >= 50


def test_a_palette_picture_keeps_its_pale_note(tmp_path: Path) -> None:
    """Scanners save few colours as a palette."""
    assert darkness(side(YELLOW).quantize(8), tmp_path, "png") >= 50


def test_highlighter_over_print_stays_light(tmp_path: Path) -> None:
    """On a printed side yellow must not cover what is read under it."""
    page = side(YELLOW, is_printed=True)
    page.save(tmp_path / "side.png")

    pixels = rasterise(tmp_path / "side.png", "image/png", 1, PagesSettings()).pixels

    between = pixels[489:499, 310:330]
    assert between.min() > 200
