"""The pure parts of `benchmarks/throughput.py`: what goes into the batch, what the figures mean."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks import throughput
from benchmarks.throughput import Run


def run(name: str, processes: int, wall: float, cpu: float, engines: float | None = None) -> Run:
    return Run(
        name=name,
        processes=processes,
        pages=10,
        wall_seconds=wall,
        cpu_seconds=cpu,
        engine_seconds=engines,
        peak_bytes={"all": 5_000_000},
    )


def test_every_page_of_the_batch_is_in_one_file() -> None:
    """Numbers within a set neither repeat nor leave gaps."""
    plan = throughput.files_of(37)
    used: dict[str, list[int]] = {}
    for _, set_name, numbers in plan:
        used.setdefault(set_name, []).extend(numbers)

    assert sum(len(numbers) for numbers in used.values()) == 37
    assert all(numbers == list(range(len(numbers))) for numbers in used.values())


def test_the_batch_is_mixed() -> None:
    """Three kinds of file, single pages and stacks, clean and poor paper."""
    plan = throughput.files_of(60)

    assert {kind for kind, _, _ in plan} == {"pdf", "tif", "jpg"}
    assert {len(numbers) > 1 for _, _, numbers in plan} == {True, False}
    assert min(Counter(name for _, name, _ in plan).values()) > 1


def test_a_short_batch_cuts_its_last_stack() -> None:
    """Four pages: three single ones and one of the stack's five."""
    assert [len(numbers) for _, _, numbers in throughput.files_of(4)] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("printed", "iso"),
    [
        ("1971-03-09", "1971-03-09"),
        ("9 Mar 1971", "1971-03-09"),
        ("March 09, 1971", "1971-03-09"),
        ("03/09/1971", "1971-03-09"),
        ("03-09-1971", "1971-03-09"),
        ("03/09/18", "1918-03-09"),
        ("03/09/98", "1998-03-09"),
    ],
)
def test_printed_birth_dates_become_the_rosters(printed: str, iso: str) -> None:
    """Two digits of a year mean the century in which somebody of the batch was born."""
    assert throughput.iso_date(printed) == iso


@pytest.mark.parametrize("printed", ["TARN, OLA M", "Ola M. Tarn", "Ola Tarn", "TARN,OLA"])
def test_printed_names_become_last_and_first(printed: str) -> None:
    """However the page orders them."""
    last, first = throughput.name_parts(printed)

    assert (last.upper(), first.upper()) == ("TARN", "OLA")


def test_the_roster_names_everybody_on_the_pages() -> None:
    """A header and a line each."""
    person = {"name": "Ola Tarn", "birth_date": "1971-03-09", "mrn": "00-12"}

    assert throughput.roster_csv([person]).splitlines()[1:] == ["00-12,Tarn,Ola,1971-03-09"]


def test_engine_seconds_leave_out_cleaning_and_codes() -> None:
    """Over all pages of all scans."""
    page = {"stage_seconds": {"ocr": 1.0, "second": 0.5, "clean": 9.0, "barcode": 9.0}}
    listing = {"scans": [{"pages": [page, page]}, {"pages": [{}]}]}

    assert throughput.engine_seconds_of(listing) == pytest.approx(3.0)


def test_a_run_tells_its_rates() -> None:
    """Ten pages in twenty seconds on two cores that were kept busy three quarters of the time."""
    found = run("product", 2, wall=20.0, cpu=30.0, engines=24.0)

    assert found.pages_a_minute == pytest.approx(30.0)
    assert found.cores_share == pytest.approx(0.75)
    assert found.outside_engines == pytest.approx(0.2)


def test_ratios_compare_the_best_rounds() -> None:
    """Four times the pages a minute and a fifth of the processor; the slower round does not count."""
    runs = [
        run("product", 2, wall=10.0, cpu=10.0, engines=8.0),
        run("product", 2, wall=99.0, cpu=12.0, engines=8.0),
        run("product", 1, wall=19.0, cpu=10.0, engines=8.0),
        run("ocrmypdf", 2, wall=40.0, cpu=50.0),
    ]
    lines = throughput.report(runs)

    assert "two processes against one: 1.90 times" in lines
    assert "product against OCRmyPDF: 4.0 times the pages/min, processor 1/5.0" in lines
