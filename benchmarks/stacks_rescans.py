"""Are rescans found, and other people's copies of a form left alone? On invented pages, no OCR needed.

    python benchmarks/stacks_rescans.py [--pages 150] [--seed 1]

Each page of `stack_pages` is drawn and read twice: once as it is, once crooked, lighter or darker,
noisy, shifted, often as 1-bit, with other misreadings of its words. A form is the same page for
somebody else: same print, same day, another name, number and birth date. Prints detection and
false alarms per sort of page; exit code 1 where a form or another page counts as a rescan in more
than one case of a hundred, or fewer than 90 of a hundred rescans are found.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks import stack_pages
from benchmarks.stacks import reading_of
from scanindex import extract, prints
from scanindex.clean import prepare, upright
from scanindex.model import DocumentFields, PagePrint, PageRaster
from scanindex.ocr.picture_print import picture_print
from scanindex.settings import OcrSettings

Known = tuple[PagePrint, DocumentFields]
FORMS = ("_form", "_flowsheet", "_laboratory")
LEAST_FOUND, MOST_FALSE = 0.90, 0.01


def drawn(sheet: stack_pages.Sheet) -> Any:
    picture = Image.new("L", (sheet.width_px, sheet.height_px), 255)
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size=26)
    for text, left, top, *_ in sheet.words:
        pen.text((left, top), text, fill=20, font=font)
    return np.array(picture)


def scanned_again(page: Any, chance: random.Random) -> tuple[Any, bool, int]:
    """Pixels, whether they are 1-bit, and the turn that makes them upright."""
    height, width = page.shape
    matrix = cv2.getRotationMatrix2D(
        (width / 2, height / 2), chance.uniform(-2, 2), chance.uniform(0.97, 1.03)
    )
    matrix[:, 2] += np.array((chance.uniform(-30, 30), chance.uniform(-30, 30)))
    grey = cv2.warpAffine(page, matrix, (width, height), borderValue=255).astype(np.float32)
    grey = grey * chance.uniform(0.75, 1.0) + chance.uniform(-10, 30)
    grey += np.random.default_rng(chance.randint(0, 10**6)).normal(0, 7, grey.shape)
    pixels, is_bilevel = np.clip(grey, 0, 255).astype(np.uint8), chance.random() < 0.4
    if is_bilevel:
        pixels = np.where(pixels > chance.uniform(115, 165), 255, 0).astype(np.uint8)
    turn = chance.choice((0, 0, 90, 180))
    return upright(pixels, (360 - turn) % 360), is_bilevel, turn


def known_of(sheet: stack_pages.Sheet, pixels: Any, *, is_bilevel: bool, turn: int) -> Known:
    raster = PageRaster(scan_page_no=1, pixels=pixels, dpi=200.0, is_bilevel=is_bilevel, rotation_degrees=0)
    cleaned = prepare(raster, turn, OcrSettings())
    reading = dataclasses.replace(reading_of(sheet, 1), picture=picture_print(cleaned.pixels))
    found = prints.print_of(reading)
    assert found is not None
    return found, extract.fields([extract.find(reading)])


def read(sheet: stack_pages.Sheet, chance: random.Random) -> stack_pages.Sheet:
    copy = dataclasses.replace(sheet, words=list(sheet.words))
    stack_pages.damage(chance, copy, chance.choice((0.005, 0.012, 0.03)))
    return copy


def page_of(sort: Callable[..., list[stack_pages.Sheet]], seed: int, person: int) -> stack_pages.Sheet:
    """The same seed gives the same print, the same person the same names and numbers."""
    pages = sort(random.Random(seed), stack_pages.somebody(random.Random(person)))
    return pages[seed % len(pages)]


@dataclasses.dataclass(frozen=True, slots=True)
class Example:
    page: Known
    rescan: Known
    others: Known
    """The same print for somebody else."""
    is_form: bool
    """Printed once for many; else running text, here word for word the same."""


def examples(seed: int, count: int) -> list[Example]:
    made: list[Example] = []
    chance = random.Random(seed)
    for number in itertools.count():
        if len(made) == count:
            break
        sort, key = stack_pages.SORTS[number % len(stack_pages.SORTS)], seed * 100_000 + number
        mine, others = page_of(sort, key, key), page_of(sort, key, key + 50_000)
        if [w[0] for w in mine.words] == [w[0] for w in others.words]:
            continue  # a page that names nobody is no other one
        picture = drawn(mine)
        again, is_bilevel, turn = scanned_again(picture, chance)
        other, other_bilevel, other_turn = scanned_again(drawn(others), chance)
        made.append(
            Example(
                page=known_of(read(mine, chance), picture, is_bilevel=False, turn=0),
                rescan=known_of(read(mine, chance), again, is_bilevel=is_bilevel, turn=turn),
                others=known_of(read(others, chance), other, is_bilevel=other_bilevel, turn=other_turn),
                is_form=sort.__name__ in FORMS,
            )
        )
    return made


def is_found(one: Known, two: Known) -> bool:
    """As the catalog finds it: by a common key, then by the likeness, unless they name two people."""
    (print_one, fields_one), (print_two, fields_two) = one, two
    is_candidate = bool({*prints.keys_of(print_one)} & {*prints.keys_of(print_two)})
    is_alike = is_candidate and prints.likeness(print_one, print_two).is_rescan
    return is_alike and not prints.name_two_people(fields_one, fields_two)


def rate(pairs: Sequence[tuple[Known, Known]], name: str) -> float:
    found = sum(is_found(a, b) for a, b in pairs)
    print(f"{name}: {found} of {len(pairs)} pairs count as one paper ({found / len(pairs):.1%})")
    return found / len(pairs)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pages", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    started = time.process_time()
    made = examples(asked.seed, asked.pages)
    found = rate([(e.page, e.rescan) for e in made], "rescans")
    copies = [(x, e.others, e.is_form) for e in made for x in (e.page, e.rescan)]
    forms = rate([(a, b) for a, b, is_form in copies if is_form], "the same form for somebody else")
    rate(
        [(a, b) for a, b, is_form in copies if not is_form], "the same text, word for word, for somebody else"
    )
    others = rate(list(itertools.combinations([e.page for e in made], 2)), "other pages")
    print(f"{time.process_time() - started:.0f} s of processor time")
    return 0 if found >= LEAST_FOUND and max(forms, others) <= MOST_FALSE else 1


if __name__ == "__main__":
    sys.exit(main())
