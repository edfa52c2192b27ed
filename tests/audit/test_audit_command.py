"""Facts about `scanindex audit` and `scanindex init` as people type them."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from scanindex import app
from scanindex.cli import cli
from scanindex.errors import ConflictError, ScanindexError, UsageError
from scanindex.settings import load
from tests.crash import stub
from tests.crash.service_main import drive, quick_settings

ONE, TWO = stub.PEOPLE[:2]


def typed(home: Path, *arguments: str) -> str:
    done = CliRunner().invoke(cli, ["--home", str(home), *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def beside_the_service(home: Path, *arguments: str) -> str:
    """The same while a service runs: it is the one that files, here with its stand-in for reading."""
    with app.exclusive(quick_settings(home)):
        said = typed(home, *arguments)
    drive(quick_settings(home))
    return said


def refused(home: Path, *arguments: str) -> ScanindexError | click.ClickException:
    done = CliRunner().invoke(cli, ["--home", str(home), *arguments], standalone_mode=False)
    assert isinstance(done.exception, ScanindexError | click.ClickException), done.output
    return done.exception


def asked(home: Path, *arguments: str) -> Any:
    return json.loads(typed(home, *arguments, "--json"))


def scanned(home: Path, *serials: str) -> None:
    for serial in serials:
        (home / "inbox" / f"{serial}.pdf").write_bytes(stub.pdf([stub.page_text(ONE, serial)]))
    drive(quick_settings(home))  # files as its settings say: strict until recorded otherwise


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A workspace with a roster, as `init --mode strict` leaves it."""
    home = tmp_path / "home"
    typed(home, "init", "--mode", "strict")
    (tmp_path / "roster.csv").write_text(stub.roster_csv())
    typed(home, "roster", "import", str(tmp_path / "roster.csv"))
    return home


def states(home: Path) -> list[str]:
    scans = asked(home, "documents")["scans"]
    return sorted(d["state"] for scan in scans for d in scan["documents"])


def ids(home: Path) -> list[str]:
    return [d["document_id"] for scan in asked(home, "documents")["scans"] for d in scan["documents"]]


def test_a_new_workspace_suggests(tmp_path: Path) -> None:
    """Said outright in its settings, with the way to more."""
    said = typed(tmp_path, "init")

    text = (tmp_path / "scanindex.toml").read_text()
    assert tomllib.loads(text) == {
        name: {"mode": "suggest"} if name == "filing" else {} for name in tomllib.loads(text)
    }
    assert load(tmp_path, {}).filing.mode == "suggest"
    assert "suggest" in said and "audit mode . strict" in said


def test_a_new_workspace_can_be_strict_from_the_start(tmp_path: Path) -> None:
    said = typed(tmp_path, "init", "--mode", "strict")

    assert load(tmp_path, {}).filing.mode == "strict"
    assert "not certified" in said


def test_init_leaves_settings_that_are_there(tmp_path: Path) -> None:
    """Run again, or over an older workspace: nothing is changed."""
    (tmp_path / "scanindex.toml").write_text("[filing]\ncharts = false\n")
    typed(tmp_path, "init", "--mode", "suggest")

    assert (tmp_path / "scanindex.toml").read_text() == "[filing]\ncharts = false\n"


@pytest.mark.parametrize("mode", ["certified", "auto"])
def test_certified_cannot_be_asked_for(home: Path, mode: str) -> None:
    assert isinstance(refused(home, "audit", "mode", ".", mode), click.ClickException)
    assert isinstance(refused(home, "init", "--mode", mode), click.ClickException)


def test_status_says_how_far_a_source_is(home: Path) -> None:
    """Mode, policy, audits, misfiles, bound and what is missing, for people and for scripts."""
    scanned(home, "a", "b", "c")
    typed(home, "audit", "draw", "-n", "3", "--seed", "7")
    typed(home, "audit", "record", asked(home, "audit", "next")["document_id"], "right", "--by", "Ann")

    found = asked(home, "audit", "status")
    (source,) = found["sources"]
    assert (source["source"], source["mode"], source["filed_alone"]) == (".", "strict", 3)
    assert (source["audited"], source["misfiles"], source["more_needed"]) == (1, 0, 2_994)
    assert found["policy"]["roster_version"] == 1 and len(found["policy_id"]) == 16
    shown = typed(home, "audit", "status")
    assert found["policy_id"] in shown and "2994" in shown and "not certified" in shown


def test_next_shows_the_filing_and_hides_the_machines_reasons(home: Path) -> None:
    """Whose chart holds it and where its file lies; nothing that would lead the eye."""
    scanned(home, "a")
    typed(home, "audit", "draw")
    shown, data = typed(home, "audit", "next"), asked(home, "audit", "next")

    assert ONE.mrn in shown and ONE.mrn in data["filed_under"] and Path(data["file"]).is_file()
    assert "exactly" not in shown and "score" not in data and "reasons" not in data


def test_the_whole_way_from_a_misfile_to_filing_alone_again(home: Path) -> None:
    """Found, taken to the right chart, the run looked at, closed by a second person, let go."""
    scanned(home, "a", "b")
    wrong, other = ids(home)
    said = beside_the_service(home, "audit", "record", wrong, "wrong", "--by", "Ann", "--patient", TWO.mrn)
    assert "incident" in said and "1 document(s) of the same run" in said
    (incident,) = asked(home, "audit", "incidents")
    assert asked(home, "show", wrong)["patient"]["mrn"] == TWO.mrn

    scanned(home, "held")
    assert states(home) == ["filed", "filed", "in_review"]
    settle_the_rest(home, incident["incident_id"], other)
    assert "may not close" in str(refused_close(home, incident["incident_id"], "Ann"))
    typed(home, "audit", "incident", "close", incident["incident_id"][:8], "--by", "Ben", "--note", "label")
    beside_the_service(home, "audit", "mode", ".", "strict")

    assert states(home) == ["filed"] * 3
    assert asked(home, "audit", "incidents") == []
    assert len(asked(home, "audit", "incidents", "--all")) == 1


def settle_the_rest(home: Path, incident_id: str, other: str) -> None:
    """It says what is left to do, and is not closed before."""
    shown = asked(home, "audit", "incident", "show", incident_id)
    assert [other in point for point in shown["open_points"]] == [True]
    assert isinstance(refused_close(home, incident_id, "Ben"), ConflictError)
    typed(home, "review", "confirm", other)
    assert asked(home, "audit", "incident", "show", incident_id)["open_points"] == []


def refused_close(home: Path, incident_id: str, by: str) -> ScanindexError | click.ClickException:
    return refused(home, "audit", "incident", "close", incident_id, "--by", by)


def test_an_incident_shows_who_saw_it_and_says_what_is_not_known(home: Path) -> None:
    scanned(home, "a")
    (document,) = ids(home)
    typed(home, "show", document)
    typed(home, "audit", "record", document, "wrong", "--by", "Ann")
    (incident,) = asked(home, "audit", "incidents")

    data = asked(home, "audit", "incident", "show", incident["incident_id"])
    shown = typed(home, "audit", "incident", "show", incident["incident_id"])
    assert "show" in [one["what"] for one in data["exposures"]]
    assert ONE.mrn in shown and "not settled" in shown and "Not known" in shown


def test_refiling_in_review_tells_of_the_incident_it_opened(home: Path) -> None:
    scanned(home, "a")
    (document,) = ids(home)
    said = beside_the_service(home, "review", "accept", document, "--patient", TWO.mrn)

    assert "incident" in said and len(asked(home, "audit", "incidents")) == 1


def test_a_patient_goes_with_wrong_only(home: Path) -> None:
    scanned(home, "a")
    (document,) = ids(home)
    for verdict, mrn in (("right", TWO.mrn), ("wrong", ONE.mrn)):
        arguments = ("audit", "record", document, verdict, "--by", "Ann", "--patient", mrn)
        assert isinstance(refused(home, *arguments), UsageError)
    assert states(home) == ["filed"]


def test_certify_is_refused_with_what_is_missing(home: Path) -> None:
    scanned(home, "a")
    assert "2995 more clean" in str(refused(home, "audit", "certify", ".", "--by", "Ann"))


def test_whose_it_is_must_be_said_outright(home: Path) -> None:
    """Accepting has no default: not even where there is one candidate, and the gates hold."""
    typed(home, "audit", "mode", ".", "suggest")
    scanned(home, "a")
    (document,) = ids(home)

    assert isinstance(refused(home, "review", "accept", document), click.ClickException)
    assert states(home) == ["in_review"]
