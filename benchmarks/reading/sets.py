"""Real sets, read from a folder as their publishers laid it out. Nothing is copied or kept.

`load(kind, folder)` knows four layouts: FUNSD, SROIE (ICDAR 2019), a chart corpus with
a truth.jsonl (see `charts`), and any folder of pictures with a text file beside each.
A picture whose truth or bytes are missing is left out.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.reading.case import Case, TruthWord
from benchmarks.reading.charts import load_charts

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".pdf")
LETTER_INCHES_HIGH = 11.0
SROIE_DPI = 150.0
"""Receipts have no known height; their pictures say 150 where they say anything."""


def load(kind: str, folder: Path, work: Path) -> list[Case]:
    """Every page of the set in a fixed order.

    work: a folder for pictures that must be made for readers that take nothing else.
    """
    return _LOADERS[kind](folder, work)


def some(cases: Sequence[Case], limit: int | None) -> list[Case]:
    """A mixed part of the set, the same each time: neighbours by name resemble each other."""
    if limit is None or limit >= len(cases):
        return list(cases)
    chosen = set(random.Random(len(cases)).sample(range(len(cases)), limit))
    return [case for number, case in enumerate(cases) if number in chosen]


def in_turns(cases: Sequence[Case]) -> Iterator[Case]:
    """A page of each set in turn, so that a run that is cut short has seen all of them alike."""
    by_set: dict[str, list[Case]] = {}
    for case in cases:
        by_set.setdefault(case.set_name, []).append(case)
    for row in itertools.zip_longest(*by_set.values()):
        yield from (case for case in row if case is not None)


def load_funsd(folder: Path, work: Path) -> list[Case]:
    """images/*.png with annotations/*.json (form[].text, form[].words[].text and .box).

    The forms were letter pages, scaled to 1,000 px in height: that is their resolution.
    """
    cases = []
    for path in sorted((folder / "annotations").glob("*.json")):
        picture = folder / "images" / f"{path.stem}.png"
        if not _is_there(picture):
            continue
        form = json.loads(path.read_text("utf-8"))["form"]
        words = [word for field in form for word in field["words"] if word["text"].strip()]
        cases.append(
            Case(
                set_name="funsd",
                name=path.stem,
                path=picture,
                dpi=_letter_dpi(picture),
                words=tuple(TruthWord(text=w["text"], box=_box(w["box"])) for w in words),
                segments=tuple(field["text"] for field in form if field["text"].strip()),
            )
        )
    return cases


def load_sroie(folder: Path, work: Path) -> list[Case]:
    """img/*.jpg with box/*.csv: eight corner numbers, then the text, which may hold commas."""
    cases = []
    for path in sorted((folder / "box").glob("*.csv")):
        picture = folder / "img" / f"{path.stem}.jpg"
        if not _is_there(picture):
            continue
        lines = [parts[8] for row in _lines(path) if len(parts := row.split(",", 8)) == 9]
        cases.append(_plain("sroie", picture, lines, dpi=SROIE_DPI))
    return cases


def load_folder(folder: Path, work: Path) -> list[Case]:
    """Any picture or one-page PDF with a .txt of the same stem, line by line."""
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES)
    return [
        _plain("folder", path, _lines(path.with_suffix(".txt")))
        for path in found
        if path.with_suffix(".txt").exists() and _is_there(path)
    ]


def _plain(set_name: str, picture: Path, lines: Sequence[str], dpi: float | None = None) -> Case:
    kept = tuple(line for line in lines if line.strip())
    words = tuple(TruthWord(text=word) for line in kept for word in line.split())
    return Case(set_name=set_name, name=picture.stem, path=picture, dpi=dpi, words=words, segments=kept)


def _lines(path: Path) -> list[str]:
    return path.read_bytes().decode("utf-8", "replace").splitlines()


def _is_there(picture: Path) -> bool:
    """Some copies of the sets hold names without bytes."""
    return picture.is_file() and picture.stat().st_size > 0


def _letter_dpi(picture: Path) -> float:
    from PIL import Image

    with Image.open(picture) as image:
        return round(image.height / LETTER_INCHES_HIGH, 1)


def _box(corners: Sequence[int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = corners
    return left, top, right, bottom


_LOADERS: dict[str, Callable[[Path, Path], list[Case]]] = {
    "funsd": load_funsd,
    "sroie": load_sroie,
    "folder": load_folder,
    "charts": load_charts,
}
KINDS = tuple(_LOADERS)
