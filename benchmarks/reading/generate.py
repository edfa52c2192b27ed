"""Generated sets: composed, drawn, damaged, written; the truth is what was drawn.

One seed gives the same pages and bytes on every machine with the same package versions.
`rotated` is `light` pages each in all four turns.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from pathlib import Path

from benchmarks.reading.case import Case, Identifier, TruthWord

ROTATED = "rotated"
GENERATED = ("clean", "light", "heavy", "photocopy", "fax", "fax_low", ROTATED)
PAGES = 10
ROTATED_PAGES = 64


def generate(set_name: str, pages: int, seed: int, folder: Path) -> list[Case]:
    """Write `pages` pages of the set into `folder` and return them with their truth."""
    folder.mkdir(parents=True, exist_ok=True)
    if set_name == ROTATED:
        upright = [_page("light", f"{set_name}{n}", n, seed, folder) for n in range(-(-pages // 4))]
        turned = [_turned(case, turn) for case in upright for turn in (0, 90, 180, 270)]
        return turned[:pages]
    return [_page(set_name, f"{set_name}{n}", n, seed, folder) for n in range(pages)]


def _page(damage_name: str, name: str, number: int, seed: int, folder: Path) -> Case:
    import numpy as np

    from benchmarks.reading.damage import DAMAGES, VERSION
    from benchmarks.reading.layouts import LAYOUTS, compose
    from benchmarks.reading.sheet import draw, segments

    key = f"{seed}/{name}/{VERSION}"
    layout = tuple(LAYOUTS)[number % len(LAYOUTS)]
    sheet, identifiers = compose(random.Random(key), layout)
    drawn, words = draw(sheet)
    noise = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    scan = DAMAGES[damage_name](drawn, np.random.default_rng(noise))
    path = folder / f"{name}{'.tif' if scan.is_bilevel else '.png'}"
    _write(scan.pixels, scan.is_bilevel, scan.dpi, path)
    return Case(
        set_name=name.rstrip("0123456789"),
        name=name,
        path=path,
        group=layout,
        dpi=scan.dpi[0],
        words=tuple(TruthWord(text=text, box=scan.box(box)) for text, box in words),
        segments=segments(sheet),
        identifiers=tuple(Identifier(kind=found.kind, text=found.text) for found in identifiers),
        turn_degrees=0,
    )


def _turned(case: Case, turn_degrees: int) -> Case:
    """The same page lying so that `turn_degrees` clockwise would make it upright."""
    from PIL import Image

    path = case.path.with_stem(f"{case.path.stem}-{turn_degrees}")
    with Image.open(case.path) as image:
        # Pillow turns counter-clockwise.
        turned = image.rotate(turn_degrees, expand=True)
        turned.save(path, dpi=image.info["dpi"], compress_level=1)
    return replace(case, name=path.stem, path=path, group=str(turn_degrees), turn_degrees=turn_degrees)


def _write(pixels: object, is_bilevel: bool, dpi: tuple[float, float], path: Path) -> None:
    from PIL import Image

    image = Image.fromarray(pixels)  # type: ignore[arg-type]
    if is_bilevel:
        image.convert("1").save(path, compression="group4", dpi=dpi)
    else:
        image.save(path, dpi=dpi, compress_level=1)
