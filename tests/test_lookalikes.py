"""Fingerprints of pages: paper scanned twice is found, a form filled for somebody else is not."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scanindex import prints
from scanindex.extract import fields, find
from scanindex.model import DocumentFields, PageKind, PagePrint, PageReading, ScanId
from scanindex.ocr.picture_print import picture_print
from scanindex.store import migrate
from scanindex.store.catalog import Unit, open_engine
from scanindex.store.clock import SystemClock
from tests.extract.paper import page

ITEMS = "\n".join(
    f"{n}. {item}   Yes [ ]  No [ ]   initials"
    for n, item in enumerate(
        (
            "teeth removed",
            "ring taped",
            "consent signed",
            "site marked",
            "chart complete",
            "fasting since",
            "blood sent",
        ),
        start=1,
    )
)


def checklist(who: str, number: str, born: str, day: str) -> str:
    return (
        f"MERIDEN SURGICAL CENTER\nPREOPERATIVE CHECK LIST\nPatient: {who}   MRN: {number}   DOB: {born}\n"
        f"Date: {day}\n{ITEMS}\nWeight 1{number[2:4]} lb   Form 2210"
    )


MINE = checklist("OAKLEAF, IRIS", "0773145", "02/11/1946", "05/06/1991")
OTHERS = checklist("STROUD, WALTER", "0918822", "10/30/1932", "08/17/1991")


def printed(text: str, picture: str = "") -> PagePrint:
    made = prints.print_of(replace(page(text), picture=picture))
    assert made is not None
    return made


def read(text: str) -> DocumentFields:
    return fields([find(page(text))])


def misread(text: str, every: int) -> str:
    """One character in `every` read as another."""
    chance = random.Random(7)
    return "".join("x" if c.isalpha() and not chance.randrange(every) else c for c in text)


def test_a_page_read_twice_is_one_paper() -> None:
    """With other misreadings each time."""
    again = printed(misread(MINE, 40))

    assert prints.likeness(printed(MINE), again).is_rescan
    assert set(prints.keys_of(printed(MINE))) & set(prints.keys_of(again))


def test_a_form_of_somebody_else_is_another_paper() -> None:
    """Same print and nearly the same picture; values and names differ."""
    picture = "0" * 80
    alike = prints.likeness(printed(MINE, picture), printed(OTHERS, picture))

    assert alike.words is not None and alike.words > 0.4
    assert not alike.is_rescan or prints.name_two_people(read(MINE), read(OTHERS))


def test_two_people_are_told_by_two_identifiers() -> None:
    """One misread digit is no other person."""
    slip = MINE.replace("0773145", "0773146")

    assert prints.name_two_people(read(MINE), read(OTHERS))
    assert not prints.name_two_people(read(MINE), read(slip))


def test_other_pictures_outweigh_the_same_words() -> None:
    """The same text typed again on other paper is another document."""
    one, two = "0" * 80, "0" * 16 + "f0" * 32
    assert not prints.likeness(printed(MINE, one), printed(MINE, two)).is_rescan


def test_pages_without_words_need_nearly_the_same_picture() -> None:
    """Drawings and photographs."""
    drawing, close, far = "0" * 80, "0" * 78 + "03", "0" * 70 + "f" * 10
    assert prints.likeness(printed("", drawing), printed("", close)).is_rescan
    assert not prints.likeness(printed("", drawing), printed("", far)).is_rescan


def test_blank_pages_have_no_print() -> None:
    """Else every blank back would look like every other one."""
    assert prints.print_of(page("", kind=PageKind.BLANK)) is None


def ink(seed: int) -> Any:
    """A picture of lines of words in some places."""
    chance = np.random.default_rng(seed)
    picture = np.full((2200, 1700), 250, np.uint8)
    for row in range(150, 2000, 45):
        for left in range(150, 1500, 90):
            if chance.random() < 0.6:
                picture[row : row + 22, left : left + int(chance.integers(30, 85))] = 20
    return picture


def bits(one: str, two: str) -> int:
    return (int(one, 16) ^ int(two, 16)).bit_count()


def test_a_picture_is_known_again_shifted_and_darker() -> None:
    """Another place on the bed, another brightness, grain."""
    page_one = ink(1)
    grain = np.random.default_rng(5).normal(0, 6, page_one.shape)
    moved = np.roll(page_one, (25, -18), axis=(0, 1)).astype(float) * 0.8 + grain
    again = np.clip(moved, 0, 255).astype(np.uint8)

    assert bits(picture_print(page_one), picture_print(again)) < 40
    assert bits(picture_print(page_one), picture_print(ink(2))) > 80


def test_a_turned_picture_is_turned_back() -> None:
    """The reader found out by how much."""
    page_one = ink(3)
    turned = np.ascontiguousarray(np.rot90(page_one))

    assert bits(picture_print(page_one), picture_print(turned, extra_turn=90)) < 10


def test_a_white_picture_has_no_print() -> None:
    """Nothing to tell it by."""
    assert picture_print(np.full((2200, 1700), 255, np.uint8)) == ""


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    """A catalog with three scans."""
    engine = open_engine(f"sqlite:///{tmp_path / 'catalog.db'}")
    migrate.migrate(engine)
    with engine.begin() as connection:
        for number, scan in enumerate("abc"):
            connection.exec_driver_sql(
                "INSERT INTO scans (scan_id, arrival_no, state, priority, attempts, received_at, body) "
                f"VALUES ('{scan}', {number}, 'decided', 0, 0, '', '')"
            )
        yield Unit(connection, SystemClock())


def test_the_catalog_finds_what_shares_a_key(unit: Unit) -> None:
    """The rescan, and not a page about something else."""
    unit.prints.put(ScanId("a"), [printed(MINE)])
    unit.prints.put(
        ScanId("b"), [printed("\n".join(f"glucose {n} potassium {n + 3}" for n in range(3000, 3030)))]
    )

    found = unit.prints.near(printed(misread(MINE, 40)))

    assert [scan_id for scan_id, _ in found] == ["a"]


def test_prints_of_a_scan_are_replaced(unit: Unit) -> None:
    """Recording a scan again leaves nothing behind."""
    unit.prints.put(ScanId("a"), [printed(MINE)])
    unit.prints.put(ScanId("a"), [printed(OTHERS)])

    assert unit.prints.of(ScanId("a"), [1]) == [printed(OTHERS)]
    assert all(told == printed(OTHERS) for _, told in unit.prints.near(printed(MINE)))


def test_a_form_of_which_there_are_many_is_looked_up_in_bounds(unit: Unit) -> None:
    """However many share its keys, few are compared."""
    unit.prints.put(ScanId("c"), [replace(printed(MINE), scan_page_no=n) for n in range(1, 400)])

    assert len(unit.prints.near(printed(MINE))) <= 40


def test_readings_of_before_have_no_picture() -> None:
    """A checkpoint written without one is still read."""
    old: PageReading = page(MINE)
    assert old.picture == "" and prints.likeness(printed(MINE), printed(MINE)).picture_bits is None
