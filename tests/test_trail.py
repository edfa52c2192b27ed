"""Facts about reading the audit trail: entries, disclosures, and the commands; people are invented."""

from __future__ import annotations

import csv
import dataclasses
import json
import runpy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete, select

from scanindex import app, trail
from scanindex.access_model import Access, Right, unlimited
from scanindex.cli import cli
from scanindex.errors import Forbidden
from scanindex.model import Document, DocumentState, PatientId
from scanindex.store import migrate, roster_merging
from scanindex.store.roster_import import import_csv
from scanindex.store.tables import event_documents, event_subjects
from scanindex.trail_model import TrailFilter
from scanindex.watch import Service
from tests.crash import stub
from tests.crash.service_main import drive, open_stubbed, quick_settings

ANN, BEN = unlimited("user:ann"), unlimited("user:ben")
CLERK = Access(actor="user:clerk", login="clerk", rights=frozenset(Right) - {Right.TRAIL})
ONE, TWO = stub.PEOPLE[:2]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[app.Workspace]:
    """A workspace with a roster and one filed document each of two people."""
    settings = quick_settings(tmp_path / "home")
    app.initialise(settings)
    workspace = open_stubbed(settings)
    (tmp_path / "roster.csv").write_text(stub.roster_csv())
    import_csv(workspace.engine, tmp_path / "roster.csv", authority="local")
    for serial, person in (("a", ONE), ("b", TWO)):
        (settings.inbox / f"{serial}.pdf").write_bytes(stub.pdf([stub.page_text(person, serial)]))
    drive(settings)
    yield workspace
    workspace.close()


def patient(opened: app.Workspace, person: stub.Person) -> PatientId:
    (found,) = opened.roster.by_identifier([person.mrn])
    assert found.patient_id
    return found.patient_id


def document(opened: app.Workspace, person: stub.Person) -> Document:
    with opened.catalog.read() as unit:
        (found,) = unit.documents.all(DocumentState.FILED, patient_id=patient(opened, person))
    return found


def told(opened: app.Workspace, **wanted: object) -> list[tuple[str, str, str]]:
    page = trail.entries(ANN, dataclasses.replace(TrailFilter(), **wanted), opened.services)  # type: ignore[arg-type]
    return [(entry.actor, entry.kind, entry.what) for entry in page.entries]


def test_who_looked_at_a_patient_is_told_by_the_documents_shown(opened: app.Workspace) -> None:
    """A document is linked to whoever had it then, without the caller saying so."""
    trail.seen(BEN, "document", opened.services, [document(opened, ONE).document_id])
    trail.seen(BEN, "document", opened.services, [document(opened, TWO).document_id])
    found = told(opened, patient_id=patient(opened, ONE), actor="ben")
    assert found == [("user:ben", "viewed", "document")]


def test_every_filter_narrows(opened: app.Workspace) -> None:
    one = document(opened, ONE).document_id
    trail.seen(BEN, "document", opened.services, [one])
    trail.took(BEN, "printed", opened.services, [one])
    trail.search_made(BEN, "pneumonia", 3, opened.services)
    trail.denied("user:eve", "document", opened.services, one)
    later = datetime.now(UTC) + timedelta(hours=1)
    assert [kind for _, kind, _ in told(opened, actor="user:ben")] == ["searched", "printed", "viewed"]
    assert [kind for _, kind, _ in told(opened, kinds=("printed", "denied"))] == ["denied", "printed"]
    assert told(opened, document_id=one, kinds=("denied",)) == [("user:eve", "denied", "document")]
    assert (told(opened, since=later), told(opened, until=later - timedelta(days=9))) == ([], [])


def test_pages_neither_repeat_nor_skip_while_others_write(opened: app.Workspace) -> None:
    for number in range(7):
        trail.seen(BEN, f"screen {number}", opened.services)
    wanted, seen = TrailFilter(actor="ben", limit=3), []
    while True:
        page = trail.entries(ANN, wanted, opened.services)
        seen += [entry.what for entry in page.entries]
        trail.seen(BEN, "meanwhile", opened.services)
        if page.next_before is None:
            break
        wanted = dataclasses.replace(wanted, before=page.next_before)
    assert seen == [f"screen {number}" for number in reversed(range(7))]


def test_looking_at_the_trail_is_an_entry(opened: app.Workspace) -> None:
    """With what was looked for: a patient's trail tells who read it."""
    one = patient(opened, ONE)
    trail.entries(BEN, TrailFilter(patient_id=one), opened.services)
    assert told(opened, patient_id=one, actor="ben") == [("user:ben", "viewed", "trail")]


def test_without_the_right_nothing_is_told_and_the_try_is(opened: app.Workspace) -> None:
    one = patient(opened, ONE)
    with pytest.raises(Forbidden):
        trail.entries(CLERK, TrailFilter(patient_id=one), opened.services)
    with pytest.raises(Forbidden):
        trail.disclosures(CLERK, one, opened.services)
    with pytest.raises(Forbidden):
        list(trail.every(CLERK, TrailFilter(), opened.services))
    assert [what for _, kind, what in told(opened, actor="clerk")] == ["trail", "disclosures", "trail"]


def test_an_entry_shows_nothing_of_a_chart(opened: app.Workspace) -> None:
    """Events carry whole documents, for the rebuild; whoever reads the trail sees ids and words only."""
    page = trail.entries(ANN, TrailFilter(limit=500), opened.services)
    text = str([dataclasses.asdict(entry) for entry in page.entries])
    assert page.entries and not [word for word in (ONE.last, ONE.first, ONE.mrn, ONE.born) if word in text]


def test_a_refusal_names_whom_it_was_about(opened: app.Workspace) -> None:
    """Who tried to open a chart belongs into that patient's account."""
    trail.denied(BEN, "chart", opened.services, patient(opened, ONE))
    trail.denied(BEN, "chart", opened.services, "x' OR 1=1 --")
    assert told(opened, patient_id=patient(opened, ONE), actor="ben") == [("user:ben", "denied", "chart")]


def test_long_lists_are_recorded_whole(opened: app.Workspace) -> None:
    """In several events; each document in exactly one."""
    ids = [f"d{number:05}" for number in range(2 * trail.MOST_NAMED + 1)]
    trail.took(BEN, "exported", opened.services, [*ids, ids[0]])
    page = trail.entries(ANN, TrailFilter(kinds=("exported",)), opened.services)
    assert len(page.entries) == 3
    assert sorted(d for entry in page.entries for d in entry.document_ids) == ids


# --- disclosures ---------------------------------------------------------------------------
def accounted(opened: app.Workspace, person: stub.Person) -> list[tuple[str, str]]:
    """By people, oldest first."""
    found = trail.disclosures(ANN, patient(opened, person), opened.services)
    return [(e.actor, e.category) for e in reversed(found) if e.actor not in ("machine", ANN.actor)]


def test_the_account_of_a_patient_names_nobody_else(opened: app.Workspace) -> None:
    """A result list showed two people; each account lists its own document only."""
    one, two = document(opened, ONE), document(opened, TWO)
    trail.seen(BEN, "search", opened.services, [one.document_id, two.document_id])
    (entry,) = [
        e for e in trail.disclosures(ANN, patient(opened, ONE), opened.services) if e.actor == BEN.actor
    ]
    assert (entry.document_ids, entry.patient_ids) == ((one.document_id,), (patient(opened, ONE),))


def test_the_account_has_views_prints_and_changes(opened: app.Workspace) -> None:
    one = document(opened, ONE)
    trail.seen(BEN, "document", opened.services, [one.document_id])
    trail.took(BEN, "printed", opened.services, [one.document_id], reason="for the consultation")
    _hand_over(opened, one, patient(opened, TWO))
    assert accounted(opened, ONE) == [
        ("user:ben", "viewed"),
        ("user:ben", "printed"),
        ("user:clerk", "changed"),
    ]


def _hand_over(opened: app.Workspace, old: Document, to: PatientId) -> None:
    """What a correction does to the catalog: the document is another patient's from now on."""
    changed = dataclasses.replace(old, patient_id=to, version=old.version + 1)
    with opened.catalog.write() as unit:
        unit.documents.change(changed, expected_version=old.version)
        unit.events.append("refiled", "user:clerk", document_id=old.document_id, document=changed)


def test_what_was_seen_in_the_wrong_chart_is_in_both_accounts(opened: app.Workspace) -> None:
    """Whoever opened the wrong chart saw the pages of whom they are really about."""
    one = document(opened, ONE)
    trail.seen(BEN, "document", opened.services, [one.document_id])
    _hand_over(opened, one, patient(opened, TWO))
    wanted = [("user:ben", "viewed"), ("user:clerk", "changed")]
    assert (accounted(opened, ONE), accounted(opened, TWO)) == (wanted, wanted)


def test_a_merged_record_keeps_its_account(opened: app.Workspace) -> None:
    """What was seen of either record before the merge is in the account of the one that is left."""
    loser, survivor = patient(opened, ONE), patient(opened, TWO)
    trail.seen(BEN, "chart", opened.services, (), [loser])
    roster_merging.merge(opened.catalog, loser, survivor, "twice registered", "user:clerk")
    assert ("user:ben", "viewed") in accounted(opened, TWO)
    found = trail.disclosures(ANN, loser, opened.services)
    assert ("user:ben", "chart") in [(e.actor, e.what) for e in found]


# --- the second place -----------------------------------------------------------------------
def test_the_service_notes_the_head_daily_and_when_it_stops(opened: app.Workspace, tmp_path: Path) -> None:
    """Once at its first turn of the day, once at its end."""
    access = dataclasses.replace(opened.settings.access, heads_file=str(tmp_path / "heads.jsonl"))
    settings = dataclasses.replace(opened.settings, access=access)
    services = dataclasses.replace(opened.services, settings=settings)
    for _ in range(2):
        Service(services, opened.intake, lambda kind, text: None).run(until_idle=True)
    assert len((tmp_path / "heads.jsonl").read_text().splitlines()) == 3
    report = trail.verify(services)
    assert (report.problems, report.heads) == ((), 3)


def test_a_second_place_out_of_reach_does_not_stop_the_service(opened: app.Workspace, tmp_path: Path) -> None:
    said: list[str] = []
    access = dataclasses.replace(opened.settings.access, heads_file=str(tmp_path / "gone" / "heads.jsonl"))
    settings = dataclasses.replace(opened.settings, access=access)
    services = dataclasses.replace(opened.services, settings=settings)
    Service(services, opened.intake, lambda kind, text: said.append(text)).run(until_idle=True)
    assert [text for text in said if "access.heads_file" in text]


# --- commands --------------------------------------------------------------------------------
def typed(opened: app.Workspace, *arguments: str) -> Result:
    home = str(opened.settings.home)
    return CliRunner().invoke(cli, ["--home", home, "audit", *arguments], catch_exceptions=False)


def test_verify_says_that_the_trail_is_whole(opened: app.Workspace) -> None:
    done = typed(opened, "verify")
    assert (done.exit_code, done.stdout.startswith("whole: ")) == (0, True)


def test_verify_ends_with_6_and_the_place_when_the_trail_was_changed(opened: app.Workspace) -> None:
    with opened.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE events SET actor = 'user:eve' WHERE seq = 3")
    done = typed(opened, "verify", "--json")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["is_whole"]) == (6, False)
    assert {"row_changed", "log_differs"} <= {p["code"] for p in found["problems"]}
    assert {p["place"] for p in found["problems"]} == {"event 3"}


def test_trail_lists_and_writes_what_fits(opened: app.Workspace, tmp_path: Path) -> None:
    """A cell that a spreadsheet would take for a formula is written as text."""
    trail.seen(BEN, "=cmd", opened.services, [document(opened, ONE).document_id])
    listed = json.loads(typed(opened, "trail", "--who", "ben", "--patient", ONE.mrn, "--json").stdout)
    assert [entry["what"] for entry in listed["entries"]] == ["=cmd"]
    assert typed(opened, "trail", "--who", "ben", "--csv", str(tmp_path / "t.csv")).exit_code == 0
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert [row["what"] for row in csv.DictReader(stream)] == ["'=cmd"]


def test_disclosures_are_written_for_the_patient(opened: app.Workspace, tmp_path: Path) -> None:
    trail.seen(BEN, "document", opened.services, [document(opened, ONE).document_id])
    assert "user:ben" in typed(opened, "disclosures", ONE.mrn).stdout
    assert typed(opened, "disclosures", ONE.mrn, "--csv", str(tmp_path / "d.csv")).exit_code == 0
    assert "user:ben" in (tmp_path / "d.csv").read_text("utf-8-sig")


def test_the_trail_looks_nobody_up_by_name(opened: app.Workspace) -> None:
    home = str(opened.settings.home)
    done = CliRunner().invoke(cli, ["--home", home, "audit", "disclosures", ONE.last], standalone_mode=False)
    assert getattr(done.exception, "code", None) == "not_found"


def test_a_catalog_from_before_the_trail_learns_whom_its_events_are_about(
    opened: app.Workspace,
) -> None:
    """The migration reads what the events say, and comes to the same as writing them would have."""
    one = document(opened, ONE)
    trail.seen(BEN, "document", opened.services, [one.document_id])
    _hand_over(opened, one, patient(opened, TWO))
    roster_merging.merge(opened.catalog, patient(opened, ONE), patient(opened, TWO), "twice", "user:clerk")
    path = next((Path(migrate.__file__).parent / "migrations" / "versions").glob("0011_*.py"))
    migration = runpy.run_path(str(path))
    with opened.engine.begin() as connection:
        tables = (event_documents, event_subjects)
        before = [set(connection.execute(select(table)).all()) for table in tables]
        for table in tables:
            connection.execute(delete(table))
        migration["_fill"](connection, *tables)
        assert [set(connection.execute(select(table)).all()) for table in tables] == before
