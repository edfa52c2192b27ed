"""Facts about houses: which names mean one, and whose a number is by the words around it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanindex.errors import ConfigError
from scanindex.extract import fields, find
from scanindex.houses import known, words_of
from scanindex.model import FindingKind
from scanindex.settings import load
from tests.extract.paper import page

OURS = known("", ("Harbor View Memorial Hospital", "St. Bride's Infirmary"))


@pytest.mark.parametrize(
    "written",
    [
        "HARBOR VIEW MEMORIAL HOSPITAL",
        "Harbor View Memorial Medical Center",
        "Harbcr View Memorial Hospital Emergency Department",
        "Harbor View",
        "ST..BRIDE\u2019S INFIRMARY",
        "Saint Brides",
    ],
)
def test_a_house_is_known_by_what_tells_it_from_others(written: str) -> None:
    """Kinds of house, departments, punctuation and one misread letter make no other house."""
    assert OURS.is_ours(words_of(written))


@pytest.mark.parametrize("written", ["Harbor Orthopaedic Clinic", "Lakeside Memorial Hospital", "Hospital"])
def test_sharing_a_word_makes_no_house_ours(written: str) -> None:
    """Nor does a word that every house bears."""
    assert not OURS.is_ours(words_of(written))


def test_only_a_list_of_houses_is_complete() -> None:
    """The name alone may have sister houses."""
    assert OURS.is_complete and not known("Harbor View Hospital", ()).is_complete
    assert not known("", ()).names


def paper(head: str, *lines: str) -> str:
    return "\n".join((head, "", "CONSULTATION", "", *lines, "Patient: Rowan, Ida", "DOB: 04/12/1951"))


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("LAKESIDE CLINIC", "MRN: 4471902"),
        ("HARBOR VIEW MEMORIAL HOSPITAL", "Lakeside Clinic MRN: 4471902"),
        ("HARBOR VIEW MEMORIAL HOSPITAL", "MRN: 4471902 (Lakeside Clinic)"),
    ],
)
def test_another_houses_number_is_kept_as_such(head: str, line: str) -> None:
    """Among the fields it stands under a name of its own."""
    read = fields([find(page(paper(head, line)), houses=OURS)])

    assert (read.mrn, read.outside_mrn) == (None, "4471902")


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("HARBOR VIEW MEMORIAL HOSPITAL", "MRN: 4471902"),
        ("LAKESIDE CLINIC", "Harbor View MRN: 4471902"),
        ("DEPARTMENT OF RADIOLOGY", "MRN: 4471902"),
    ],
)
def test_our_number_stays_ours(head: str, line: str) -> None:
    """Also on another house's paper that says so, and under a department's name."""
    read = fields([find(page(paper(head, line)), houses=OURS)])

    assert (read.mrn, read.outside_mrn) == ("4471902", None)


def test_a_number_of_another_house_is_so_on_every_page() -> None:
    """The continuation page has no letterhead."""
    first = find(page(paper("LAKESIDE CLINIC", "MRN: 4471902")), houses=OURS)
    second = find(page("Rowan, Ida   MRN: 4471902   Page 2", number=2), houses=OURS)

    assert fields([first, second]).mrn is None


def test_a_page_still_says_whose_the_number_is() -> None:
    """The role stays, so that stacks split at a change of patient as before."""
    with_houses = find(page(paper("LAKESIDE CLINIC", "MRN: 4471902")), houses=OURS)
    without = find(page(paper("LAKESIDE CLINIC", "MRN: 4471902")))

    roles = [[f.role for f in found.of(FindingKind.MRN)] for found in (with_houses, without)]
    assert roles[0] == roles[1] != []


def test_houses_come_from_the_settings(tmp_path: Path) -> None:
    """A list in the file, or one variable divided by semicolons."""
    (tmp_path / "scanindex.toml").write_text(
        '[site]\nfacilities = ["Harbor View Hospital", "Lakeside Clinic"]\n'
    )
    by_file = load(tmp_path, {}).site
    by_variable = load(tmp_path, {"SCANINDEX_SITE_FACILITIES": "Lakeside Clinic; Moss Hill"}).site

    assert by_file.facilities == ("Harbor View Hospital", "Lakeside Clinic")
    assert by_variable.facilities == ("Lakeside Clinic", "Moss Hill")
    assert by_variable.houses.is_ours(words_of("MOSS HILL"))


def test_a_name_that_every_house_bears_is_refused(tmp_path: Path) -> None:
    """It tells no house from another."""
    with pytest.raises(ConfigError, match="facilities"):
        load(tmp_path, {"SCANINDEX_SITE_FACILITIES": "Moss Hill; Medical Center"})
