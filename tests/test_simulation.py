"""The simulation of filing: what it generates, how it wears print, what it counts."""

from __future__ import annotations

import ast
import random
import re
from collections import Counter
from pathlib import Path

import pytest

import benchmarks.simulation as simulation
from benchmarks.simulation import tally
from benchmarks.simulation.bridge import Office, Verdict, make_roster
from benchmarks.simulation.layouts import DEVELOPMENT, LAYOUTS
from benchmarks.simulation.measure_noise import ReadDatum, outputs, tabulate
from benchmarks.simulation.noise import Noise
from benchmarks.simulation.people import Person, roster
from benchmarks.simulation.plot import plot
from benchmarks.simulation.press import Press
from benchmarks.simulation.traps import TRAPS
from scanindex.settings import MatchSettings

SOURCE = Path(simulation.__file__).parent
GENERATOR = ("layouts", "noise", "paper", "people", "press", "traps", "traps_pages", "writing")
PATIENTS = 1_500


@pytest.fixture(scope="module")
def people() -> list[Person]:
    return roster("dense", PATIENTS, seed=5)


@pytest.fixture(scope="module")
def press(people: list[Person]) -> Press:
    return Press("dense", people, 5, tuple(LAYOUTS))


def verdict(
    number: int,
    *,
    owner: str | None = "1",
    filed: str | None = None,
    refused: tuple[str, ...] = (),
    posterior: float = 1.0,
    is_sufficient: bool = True,
) -> Verdict:
    return Verdict(
        number=number,
        trap="plain",
        layout="letter",
        wear="clean good",
        is_sufficient=is_sufficient,
        owners=(owner,),
        outcome="auto" if filed else "review",
        filed=filed,
        leader="1",
        refused=refused,
        reasons=(),
        rule="",
        posterior=posterior,
        shown=("1",),
        is_told=True,
        is_legible=True,
        baselines=dict.fromkeys(tally.BASELINES),
    )


# --- the generator ---------------------------------------------------------------------------
@pytest.mark.parametrize("module", GENERATOR)
def test_the_generator_imports_nothing_of_the_product(module: str) -> None:
    """Its papers would else share the product's own errors."""
    tree = ast.parse((SOURCE / f"{module}.py").read_text("utf-8"))
    imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    imported |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}

    allowed = {f"benchmarks.simulation.{name}" for name in GENERATOR}
    assert {name for name in imported if name.split(".")[0] in ("scanindex", "benchmarks")} <= allowed


def test_one_number_always_gives_one_paper(people: list[Person], press: Press) -> None:
    """So that a document of a report can be looked at again."""
    again = Press("dense", people, 5, tuple(LAYOUTS))

    assert [again.paper(n, TRAPS) for n in (3, 40)] == [press.paper(n, TRAPS) for n in (3, 40)]


def test_roster_numbers_are_unique_and_dense(people: list[Person]) -> None:
    """A misread digit must be able to meet somebody."""
    numbers = [int(p.mrn) for p in people]

    assert len(set(numbers)) == PATIENTS
    assert max(numbers) - min(numbers) < 1.1 * PATIENTS


def test_a_dense_roster_has_namesakes_of_one_birth_date() -> None:
    """About one in forty; a census-like one hardly any."""
    shares = {}
    for kind in ("dense", "census"):
        alike = Counter((p.last, p.first, p.born) for p in roster(kind, 20_000, seed=3))
        shares[kind] = sum(n for n in alike.values() if n > 1) / 20_000

    assert 0.015 < shares["dense"] < 0.04
    assert shares["census"] < 0.002


@pytest.mark.parametrize("trap", TRAPS)
def test_every_kind_of_paper_can_be_written(trap: str, press: Press) -> None:
    """Each has a content page with print on it, and says whose its pages are."""
    press.chance = press.town.chance = random.Random(trap)
    press.layout = "listed"
    made = TRAPS[trap][1](press)
    known = {p.mrn for p in press.people}

    assert any(page.runs for page in made.pages)
    assert all(page.owner is None or page.owner in known for page in made.pages)
    assert all(run.left_px >= 0 and run.top_px >= 0 for page in made.pages for run in page.runs)


def test_half_of_the_layouts_are_kept_for_the_report() -> None:
    assert len(LAYOUTS) >= 12
    assert len(DEVELOPMENT) <= len(LAYOUTS) / 2


# --- noise -----------------------------------------------------------------------------------
def test_insertions_and_losses_stand_with_their_character() -> None:
    """What was read for each printed character, blanks included."""
    assert outputs("ab cd", "ab cd") == ["a", "b", " ", "c", "d"]
    assert outputs("ab cd", "abcd") == ["a", "b", "", "c", "d"]
    assert outputs("108", "1O8|") == ["1", "O", "8|"]


def test_joint_errors_are_told_from_those_of_one_reader() -> None:
    """8 read as 6 by both is another thing than by one."""
    both = ReadDatum(
        page=0, wear="fax", kind="mrn", printed="4810", words=(("4610", "4610", 0.9, 0.8),), second="4610"
    )
    one = ReadDatum(
        page=0, wear="fax", kind="mrn", printed="4810", words=(("4810", "4610", 0.9, 0.8),), second="4610"
    )
    table = tabulate([both, one])

    assert table["confusions"]["same"] == {"8": {"6": 1}}
    assert table["confusions"]["second"] == {"8": {"6": 1}}


def test_clean_print_is_mostly_read_right_and_worn_print_less() -> None:
    noise, chance = Noise.measured(), random.Random(1)

    def right(wear: str) -> int:
        return sum(
            [w.text for w in noise.read(chance, wear, "mrn", "01204817")] == ["01204817"] for _ in range(400)
        )

    assert right("clean good") > 390
    assert right("photocopy poor") < 200


def test_words_keep_their_places() -> None:
    """Each read word says which printed characters it stands for."""
    noise, chance = Noise.measured(), random.Random(2)
    words = noise.read(chance, "clean good", "name", "Ulley, Sarah J")

    assert [("Ulley, Sarah J"[w.start : w.end]).strip() for w in words] == [w.text for w in words]


# --- the run ---------------------------------------------------------------------------------
def test_papers_reach_the_product_and_are_decided(people: list[Person], press: Press, tmp_path: Path) -> None:
    """Through the real import, extraction, grouping and matching; most clear papers go where they belong."""
    office = Office(make_roster(people, tmp_path, "small"), MatchSettings())
    verdicts = [v for n in range(60) for v in office.settle(press.paper(n, TRAPS), 5)]
    right = [v for v in verdicts if v.filed and not v.is_misfiled(v.filed)]

    assert len(verdicts) >= 60
    assert len(right) > 15
    assert all(v.refused or v.filed or v.rule in ("nobody_fits", "no_candidate") for v in verdicts)


# --- counting --------------------------------------------------------------------------------
def test_a_page_of_anybody_else_makes_a_misfile() -> None:
    """Also when the other page is nobody's of the roster."""
    assert not verdict(1, owner="1").is_misfiled("1")
    assert verdict(1, owner="2").is_misfiled("1")
    assert verdict(1, owner=None).is_misfiled("1")
    assert not verdict(1, owner=None).is_misfiled(None)


def test_without_a_gate_what_only_it_refused_is_filed() -> None:
    alone = verdict(1, owner="2", refused=("no_other_sex",))
    together = verdict(2, owner="2", refused=("no_other_sex", "margin"))
    row = tally.row("x", [alone, together], tally.without("no_other_sex"))

    assert (row.filed, row.misfiled) == (1, 1)


def test_the_threshold_moves_only_what_nothing_else_refuses() -> None:
    seen = [
        verdict(1, filed="1", posterior=0.9999),
        verdict(2, refused=("likely_enough",), posterior=0.99),
        verdict(3, refused=("likely_enough", "margin"), posterior=0.99),
    ]

    assert tally.row("x", seen, tally.at_posterior(0.98)).filed == 2
    assert tally.row("x", seen, tally.at_posterior(0.999)).filed == 1


@pytest.mark.parametrize(
    ("events", "trials", "bound"), [(0, 2995, 0.0010), (1, 4742, 0.0010), (0, 300, 0.00994), (5, 5, 1.0)]
)
def test_the_bound_is_clopper_pearsons(events: int, trials: int, bound: float) -> None:
    """One-sided, 95 %; none of 2,995 shows one in a thousand."""
    assert tally.upper_bound(events, trials) == pytest.approx(bound, rel=0.01)


def test_the_plot_is_an_image_with_a_mark_a_threshold() -> None:
    verdicts = [verdict(n, filed="1", posterior=0.99999) for n in range(30)]
    svg = plot({"dense": tally.curve(verdicts)}, 0.9997)

    assert svg.startswith("<svg")
    assert len(re.findall(r"<circle", svg)) >= len([t for t in tally.THRESHOLDS if t <= 0.99999])
