"""Facts about filed documents as multi-page TIFF, made in the limited child processes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import pikepdf
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from scanindex import app
from scanindex.errors import CorruptFile
from scanindex.filing import tiff
from scanindex.settings import Settings, WorkersSettings
from scanindex.store.archive import FileArchive
from scanindex.workers import ProcessWorkers

pytestmark = pytest.mark.xdist_group("workers")


def paper(mode: str, size: tuple[int, int] = (850, 1100), ink: object = 0, mark: int = 0) -> Image.Image:
    """Lines of odd lengths and a box, so that a turned or resampled page shows."""
    page = Image.new(mode, size, 1 if mode == "1" else "white")
    pen = ImageDraw.Draw(page)
    for row in range(60, size[1] - 60, 37):
        pen.line((71, row, 71 + row % 611, row), fill=ink, width=3)
    pen.rectangle((101 + mark, 203, 333 + mark, 421), fill=ink)
    return page


def filed(folder: Path, pages: list[Image.Image], dpi: float = 100.0) -> Path:
    path = folder / "document.pdf"
    pages[0].save(path, save_all=True, append_images=pages[1:], resolution=dpi)
    return path


def shown(path: Path) -> list[Image.Image]:
    with Image.open(path) as opened:
        found = []
        for number in range(opened.n_frames):
            opened.seek(number)
            opened.load()
            frame = opened.copy()
            frame.info = dict(opened.info)
            found.append(frame)
        return found


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[ProcessWorkers]:
    made = Settings(home=tmp_path / "home", workers=WorkersSettings(processes=1, cpu_seconds=20))
    app.initialise(made)
    opened = ProcessWorkers(made, FileArchive(made.archive))
    yield opened
    opened.close()


def test_black_and_white_pages_stay_so_pixel_by_pixel(tmp_path: Path) -> None:
    """At their own resolution, which the file says."""
    page = paper("1")
    tiff.write(filed(tmp_path, [page], dpi=200.0), tmp_path / "a.tif")
    (made,) = shown(tmp_path / "a.tif")

    assert (made.mode, made.info["compression"]) == ("1", "group4")
    assert made.info["dpi"] == (200, 200)
    assert made.size == page.size
    assert ImageChops.difference(made.convert("L"), page.convert("L")).getbbox() is None


@pytest.mark.parametrize(("mode", "ink"), [("L", 70), ("RGB", (160, 20, 20))])
def test_grey_and_colour_pages_become_jpeg_of_the_same_size(tmp_path: Path, mode: str, ink: object) -> None:
    page = paper(mode, ink=ink)
    tiff.write(filed(tmp_path, [page]), tmp_path / "a.tif")
    (made,) = shown(tmp_path / "a.tif")

    assert made.info["compression"] == "jpeg"
    assert made.size == page.size
    difference = ImageChops.difference(made.convert("RGB"), page.convert("RGB"))
    assert max(ImageStat.Stat(difference).mean) < 4
    assert (made.convert("L").mode == made.mode) == (mode == "L")


def test_another_reader_sees_every_page_in_its_place(tmp_path: Path) -> None:
    """OpenCV, with a libtiff of its own."""
    pages = [paper("1"), paper("L", ink=70, mark=40), paper("RGB", ink=(160, 20, 20), mark=80)]
    assert tiff.write(filed(tmp_path, pages), tmp_path / "a.tif") == 3
    is_read, found = cv2.imreadmulti(str(tmp_path / "a.tif"), flags=cv2.IMREAD_GRAYSCALE)

    assert is_read
    for page, seen in zip(pages, found, strict=True):
        wanted = page.convert("L")
        assert ImageStat.Stat(ImageChops.difference(Image.fromarray(seen), wanted)).mean[0] < 4


def test_turned_pages_stand_upright(tmp_path: Path) -> None:
    page = paper("1")
    path = filed(tmp_path, [page.transpose(Image.Transpose.ROTATE_90)])
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[0].rotate(90, relative=False)
        pdf.save(path)
    tiff.write(path, tmp_path / "a.tif")
    (made,) = shown(tmp_path / "a.tif")

    assert made.mode == "1"
    assert ImageChops.difference(made.convert("L"), page.convert("L")).getbbox() is None


def test_a_page_without_a_picture_is_drawn(tmp_path: Path) -> None:
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(612, 792))
    pdf.save(tmp_path / "document.pdf")
    tiff.write(tmp_path / "document.pdf", tmp_path / "a.tif")
    (made,) = shown(tmp_path / "a.tif")

    assert (made.size, made.info["compression"]) == ((2550, 3300), "tiff_lzw")


def test_a_huge_page_is_drawn_coarser(tmp_path: Path) -> None:
    """200 inches square, as a hostile page may claim."""
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(14_400, 14_400))
    pdf.save(tmp_path / "document.pdf")
    tiff.write(tmp_path / "document.pdf", tmp_path / "a.tif")
    (made,) = shown(tmp_path / "a.tif")

    assert made.width * made.height <= tiff.MOST_PIXELS * 1.01


def test_children_make_a_long_document_in_several_calls(tmp_path: Path, pool: ProcessWorkers) -> None:
    """More pages than one call takes: all, in order, in the same bytes each time."""
    pages = [paper("1", (240, 330), mark=number) for number in range(60)]
    path = filed(tmp_path, pages)
    pool.make_tiff(path, 60, tmp_path / "a.tif")
    pool.make_tiff(path, 60, tmp_path / "b.tif")

    made = shown(tmp_path / "a.tif")
    assert len(made) == 60
    for page, seen in zip(pages, made, strict=True):
        assert ImageChops.difference(seen.convert("L"), page.convert("L")).getbbox() is None
    hashes = {hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("a.tif", "b.tif")}
    assert len(hashes) == 1


@pytest.mark.parametrize("page_count", [1, 3])
def test_other_pages_than_the_catalog_says_make_no_file(
    tmp_path: Path, pool: ProcessWorkers, page_count: int
) -> None:
    path = filed(tmp_path, [paper("1", (240, 330))] * 2)

    with pytest.raises(CorruptFile):
        pool.make_tiff(path, page_count, tmp_path / "a.tif")
    assert [p.name for p in tmp_path.glob("a.*")] == []


def test_a_file_that_is_no_pdf_makes_no_file(tmp_path: Path, pool: ProcessWorkers) -> None:
    (tmp_path / "document.pdf").write_bytes(b"no")

    with pytest.raises(CorruptFile):
        pool.make_tiff(tmp_path / "document.pdf", 1, tmp_path / "a.tif")
    assert [p.name for p in tmp_path.glob("a.*")] == []
