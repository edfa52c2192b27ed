"""Facts about `scanindex export`: from an example profile to a verified package, and what it tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scanindex import app
from scanindex.cli import cli
from scanindex.delivery.sending import stop_until_reconciled
from scanindex.ehr.manifest import ManifestForm
from scanindex.errors import ConfigError, NotAllowedNow
from scanindex.store.rebuild import replay
from scanindex.target_file import parse_target
from tests.crash.service_main import open_stubbed
from tests.desk import lab
from tests.ehr.peers.base import free_port

EXAMPLES = sorted(
    p.name.removesuffix(".toml")
    for p in resources.files("scanindex.ehr").joinpath("profiles").iterdir()
    if p.name.endswith(".toml")
)
LOOSE = '\n[document]\nundated = "send"\nuntyped = "send"\n'


@pytest.fixture
def target(home: Path, run: Callable[..., Result]) -> str:
    """As somebody begins: an example, printed and kept."""
    text = run("targets", "--example", "generic-csv").stdout
    (home / "targets" / "general.toml").write_text(text + LOOSE)
    return "general"


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_a_profile(name: str) -> None:
    text = resources.files("scanindex.ehr").joinpath("profiles", f"{name}.toml").read_text("utf-8")

    made = parse_target(name, text)

    assert text.startswith("# ") and made.target.recipient
    if made.target.format == "manifest":
        ManifestForm(made)


def test_from_an_example_to_a_verified_package(home: Path, target: str, run: Callable[..., Result]) -> None:
    assert "3 new" in run(target, "--dry-run").stdout
    assert not (home / "export").exists()

    assert "3 delivered" in run(target).stdout
    assert "3 of 3 documents verified" in run("reconcile", target).stdout
    assert "3 unchanged" in run(target).stdout

    (package,) = (home / "export").iterdir()
    assert len(list(package.rglob("*.pdf"))) == 3
    assert "3 verified" in run("status", target).stdout


def test_a_lost_file_ends_in_exit_1_and_is_sent_again(
    home: Path, target: str, run: Callable[..., Result]
) -> None:
    run(target)
    (package,) = (home / "export").iterdir()
    lost = package / "documents" / f"{lines(home)[0][0]}.pdf"
    lost.unlink()

    told = json.loads(run("reconcile", target, "--json", code=1).stdout)

    assert [f["code"] for f in told["faults"]] == ["missing"]
    run("resend", target, told["faults"][0]["external_id"])
    assert "1 delivered" in run(target).stdout
    assert len(list((home / "export").rglob(lost.name))) == 1
    assert "3 of 3 documents verified" in run("reconcile", target).stdout


def test_a_damaged_file_is_found_and_mended_by_sending_it_again(
    home: Path, target: str, run: Callable[..., Result]
) -> None:
    run(target)
    (package,) = (home / "export").iterdir()
    next(package.rglob("*.pdf")).write_bytes(b"not what was sent")
    (fault,) = json.loads(run("reconcile", target, "--json", code=1).stdout)["faults"]
    assert fault["code"] == "different_content"

    run("resend", target, fault["external_id"])
    run(target)

    assert "3 of 3 documents verified" in run("reconcile", target).stdout


def test_a_file_that_nobody_sent_is_told_of(home: Path, target: str, run: Callable[..., Result]) -> None:
    run(target)
    (package,) = (home / "export").iterdir()
    (package / "documents" / "O'Hara.pdf").write_bytes(b"not ours")

    done = run("reconcile", target, code=1)

    assert "3 of 3 documents verified" in done.stdout and "1 file(s) in the packages" in done.stdout
    assert "hara" not in (done.stdout + run("reconcile", target, "--json", code=1).stdout).lower()


def test_a_dry_run_needs_no_keys_to_say_what_is_held_back(home: Path, run: Callable[..., Result]) -> None:
    """The list first, then what the line still wants."""
    text = run("targets", "--example", "fhir-server").stdout
    (home / "targets" / "fhir.toml").write_text(text.replace('undated = "hold"', 'undated = "send"'))

    done = run("fhir", "--dry-run", code=1)

    assert "would be sent" in done.stdout and "new" in done.stdout
    assert isinstance(done.exception, ConfigError) and "SCANINDEX_FHIR_CLIENT_ID" in str(done.exception)


def test_the_accounting_names_recipient_and_purpose(
    home: Path, target: str, run: Callable[..., Result]
) -> None:
    """45 CFR 164.528: date, to whom (and where), what, what for."""
    run(target)

    done = CliRunner().invoke(cli, ["--home", str(home), "audit", "disclosures", lab.PLAIN.mrn, "--json"])

    (told,) = [e for e in json.loads(done.stdout) if e["kind"] == "exported"]
    assert told["details"]["recipient"] == "General Hospital, document store"
    assert told["details"]["recipient_address"].startswith("1 Hospital Way")
    assert told["details"]["purpose"] == "treatment" and told["at"] and len(told["document_ids"]) == 1
    assert lab.ANYA.mrn not in done.stdout


def test_no_name_stands_in_what_export_prints(target: str, run: Callable[..., Result]) -> None:
    said = run(target, "--dry-run", "--json").stdout + run(target).stdout
    said += run("list", target, "--state", "delivered", "--json").stdout + run("status", "--json").stdout

    people = [part for p in lab.ROSTER for part in (p.last, p.mrn)]
    assert not [part for part in people if part.lower() in said.lower()]


def test_an_unknown_target_is_named_with_those_there_are(target: str, run: Callable[..., Result]) -> None:
    error = run("generel", code=1).exception

    assert isinstance(error, ConfigError) and "there are: general" in str(error)


def test_a_rebuilt_catalog_knows_what_was_delivered_and_asks_first(
    home: Path, target: str, run: Callable[..., Result]
) -> None:
    """The ledger comes back from the log; nothing goes until both sides were compared. Without its roster
    (that comes from the backup) what was delivered stands in nobody's chart, which wants a person."""
    run(target)
    before = lines(home)
    rebuild(home)

    assert lines(home) == before
    assert isinstance(run(target, code=1).exception, NotAllowedNow)
    run("reconcile", target)
    assert "0 delivered" in run(target, code=1).stdout


def test_a_rebuilt_ledger_knows_what_never_left(home: Path, run: Callable[..., Result]) -> None:
    """Nobody listens: all of it waits as if nobody had tried, here and after the rebuild."""
    (home / "targets" / "general.toml").write_text(
        '[target]\nformat = "mdm"\ntransport = "mllp"\nrecipient = "General"\n'
        f'[mllp]\nhost = "127.0.0.1"\nport = {free_port()}\ntls = false\n[hl7]\nother_type = "PR"\n'
        f"[sending]\nattempts = 1\nwait_seconds = 0.0\n{LOOSE}"
    )
    run("general", code=1)  # as an exception; the program makes it 4
    before = lines(home)
    rebuild(home)

    assert [state for _, state, _ in lines(home)] == ["pending"] * 3
    assert lines(home) == before


def rebuild(home: Path) -> None:
    """The catalog is lost and made anew from the archive's log."""
    settings = lab.settings_in(home, "strict")
    for name in ("catalog.db", "catalog.db-wal", "catalog.db-shm"):
        (home / "var" / name).unlink(missing_ok=True)
    app.initialise(settings, is_rebuild=True)
    opened = app.open_workspace(settings, is_rebuild=True)
    replay(opened.catalog, opened.event_log, opened.roster)
    stop_until_reconciled("user:ann", opened.services)
    opened.close()


def lines(home: Path) -> list[tuple[str, str, str]]:
    opened = open_stubbed(lab.settings_in(home, "strict"))
    with opened.catalog.read() as unit:
        found = unit.deliveries.select("general")
    opened.close()
    return [(x.record.external_id, x.state, x.fingerprint) for x in found]
