"""The register of hostile files, and charts in every format, whole and hurt.

A damaged chart would be filed by the machine if it were whole: that it is not is the test.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from functools import cache
from typing import Any

import pikepdf
from pikepdf import Array
from PIL import Image

from scanindex.demo import charts, paper, people
from tests.pages import make_odd_files as odd

DPI = 150

CAST = people.make(7)
ANN, BOB, *_ = CAST.plain
OWNED: dict[str, tuple[str, bool]] = {}
"""File name to the MRN whose chart it shows, and whether it is damaged."""
MAKERS: dict[str, Callable[[], bytes]] = {}


def file(
    name: str, owner: people.Person | None = None, *, damaged: bool = False
) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    def register(make: Callable[[], bytes]) -> Callable[[], bytes]:
        MAKERS[name] = make
        OWNED[name] = (owner.mrn if owner else "", damaged)
        return make

    return register


# --- charts that would be filed if they were whole ---------------------------------------------
@cache
def chart(person: people.Person = ANN, dpi: int = DPI) -> Image.Image:
    return paper.draw(charts.lab_report(person).pages[0], dpi)


@cache
def bits(dpi: int = 200) -> Image.Image:
    return chart(ANN, dpi).point(lambda v: 255 if v > 128 else 0).convert("1", dither=Image.Dither.NONE)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.copy().save(out, kind, **options)
    return out.getvalue()


def image_pdf(image: Image.Image, dpi: int = DPI, **page_entries: Any) -> pikepdf.Pdf:
    """One page that is one JPEG, in its own size."""
    box = [0, 0, round(image.width * 72 / dpi, 2), round(image.height * 72 / dpi, 2)]
    entries = {**odd.GREY8, **odd.DCT, "/Width": image.width, "/Height": image.height}
    content = f"q {box[2]} 0 0 {box[3]} 0 0 cm /Im0 Do Q".encode()
    more = {"/MediaBox": Array(box), **{f"/{key}": value for key, value in page_entries.items()}}
    return odd.one_image(saved(image, "JPEG", quality=85), entries, content, more)


def append(pdf: pikepdf.Pdf, other: pikepdf.Pdf) -> None:
    """The other's pages, carried over while it is still alive."""
    with pikepdf.open(io.BytesIO(odd.written(other))) as kept:
        pdf.pages.extend(kept.pages)


WHOLE: dict[str, Callable[[], bytes]] = {
    "chart.pdf": lambda: odd.written(image_pdf(chart())),
    "chart_text.pdf": lambda: paper.write_pdf(list(charts.lab_report(ANN).pages)),
    "chart_g4.tif": lambda: saved(bits(), "TIFF", compression="group4", dpi=(200, 200)),
    "chart_lzw.tif": lambda: saved(chart(), "TIFF", compression="tiff_lzw", dpi=(DPI, DPI)),
    "chart_jpeg.tif": lambda: saved(chart(), "TIFF", compression="jpeg", quality=85, dpi=(DPI, DPI)),
    "chart.jpg": lambda: saved(chart(), "JPEG", quality=85, dpi=(DPI, DPI)),
    "chart_progressive.jpg": lambda: saved(chart(), "JPEG", quality=85, progressive=True, dpi=(DPI, DPI)),
    "chart.png": lambda: saved(chart(), "PNG", dpi=(DPI, DPI)),
    "chart.bmp": lambda: saved(chart(), "BMP", dpi=(DPI, DPI)),
    "chart.gif": lambda: saved(chart(), "GIF"),
    "chart.webp": lambda: saved(chart(), "WEBP", quality=85, method=0),
    "chart.jp2": lambda: saved(chart(), "JPEG2000", quality_mode="rates", quality_layers=[12]),
}
"""Controls: whole, in each format. Each is also cut and given a hole."""
WHOLE = {name: cache(make) for name, make in WHOLE.items()}


def _cut(name: str, share: float) -> Callable[[], bytes]:
    def make() -> bytes:
        data = WHOLE[name]()
        return data[: int(len(data) * share)]

    return make


def _holed(name: str) -> Callable[[], bytes]:
    """A lost sector: 512 zeros past the middle, where the picture is."""

    def make() -> bytes:
        data = WHOLE[name]()
        return odd.damaged(data, len(data) * 6 // 10, 512)

    return make


def _flipped(name: str, seed: int) -> Callable[[], bytes]:
    """Twelve bits turned at random places; may or may not hurt."""

    def make() -> bytes:
        rng, data = random.Random(f"{name}{seed}"), bytearray(WHOLE[name]())
        for _ in range(12):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        return bytes(data)

    return make


for _name, _make in WHOLE.items():
    file(_name, ANN)(_make)
    _stem, _end = _name.rsplit(".", 1)
    for _share in (0.4, 0.95):
        file(f"{_stem}_cut_{int(_share * 100)}.{_end}", ANN, damaged=True)(_cut(_name, _share))
    # A hole in raw pixels is a white or black bar that no reader can tell from ink.
    _is_checked = _name != "chart.bmp"
    file(f"{_stem}_zero_block.{_end}", ANN, damaged=_is_checked)(_holed(_name))
    for _seed in range(2):
        file(f"{_stem}_flipped_{_seed}.{_end}", ANN)(_flipped(_name, _seed))
