"""Facts about two records of one person: merged, taken apart, and rebuilt; people are invented."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from scanindex import app, check, recheck, review
from scanindex.cli import cli
from scanindex.errors import ConflictError, NotFound
from scanindex.model import Document, DocumentState, Identifier, Patient, PatientId
from scanindex.store import roster_merging
from scanindex.store.rebuild import replay
from scanindex.store.roster_import import RosterImport, import_csv
from scanindex.watch import Follower
from tests.crash import stub
from tests.crash.service_main import drive, open_stubbed, quick_settings

WHO = "user:clerk"
NOW = stub.PEOPLE[1]
OLD = stub.Person(last="PELLERINOTTE", first="ISOLDE", born=NOW.born, mrn="60000011")
"""The same woman, registered before she married."""
OTHER = stub.Person(last="GRUNDELHAVEN", first="OSWALD", born="1919-01-23", mrn="61110022")
HEAD = "mrn,last,first,dob,sex,merged_into"


def row(person: stub.Person, merged_into: str = "") -> str:
    return f"{person.mrn},{person.last},{person.first},{person.born},F,{merged_into}"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[app.Workspace]:
    """A workspace in which both records of one woman have a filed document, and nobody else."""
    app.initialise(quick_settings(tmp_path))
    workspace = open_stubbed(quick_settings(tmp_path))
    load(workspace, HEAD, *(row(p) for p in (*stub.PEOPLE, OLD, OTHER)))
    drop(workspace, "old", OLD)
    drop(workspace, "now", NOW)
    yield workspace
    workspace.close()


def load(opened: app.Workspace, *lines: str, **options: bool) -> RosterImport:
    path = opened.settings.home / "roster.csv"
    path.write_text("\n".join(lines) + "\n")
    return import_csv(opened.engine, path, authority="local", **options)


def drop(opened: app.Workspace, serial: str, person: stub.Person) -> None:
    (opened.settings.inbox / f"{serial}.pdf").write_bytes(stub.pdf([stub.page_text(person, serial)]))
    drive(opened.settings)


def one(opened: app.Workspace, person: stub.Person) -> Patient:
    (found,) = opened.roster.by_identifier([person.mrn])
    return found


def documents(opened: app.Workspace, patient_id: PatientId) -> list[Document]:
    with opened.catalog.read() as unit:
        return unit.documents.all(patient_id=patient_id)


def merge(opened: app.Workspace) -> tuple[Patient, Patient, int]:
    loser, survivor = one(opened, OLD), one(opened, NOW)
    moved = roster_merging.merge(opened.catalog, loser.patient_id, survivor.patient_id, "married", WHO)
    return loser, survivor, moved


def catch_up(opened: app.Workspace) -> None:
    Follower(opened.services, lambda kind, text: None).catch_up()


def charts_of(opened: app.Workspace, person: stub.Person) -> list[Path]:
    folder = opened.settings.archive / "charts"
    return [p for p in folder.rglob("*.pdf") if person.last.lower() in str(p).lower()]


# --- merging --------------------------------------------------------------------------
def test_the_old_number_and_name_find_the_survivor(opened: app.Workspace) -> None:
    """Old paper carries them for decades."""
    loser, survivor, _ = merge(opened)

    assert [p.patient_id for p in opened.roster.by_identifier([OLD.mrn])] == [survivor.patient_id]
    assert [p.patient_id for p in opened.roster.by_name(OLD.last, OLD.first)] == [survivor.patient_id]
    found = opened.roster.get(loser.patient_id)
    assert found is not None and (found.patient_id, found.mrn) == (survivor.patient_id, NOW.mrn)
    assert opened.roster.patients() == len(stub.PEOPLE) + 1


def test_documents_of_the_loser_are_filed_again_under_the_survivor(opened: app.Workspace) -> None:
    """They leave the old chart at once and come to the new one; nothing is lost on the way."""
    loser, survivor, moved = merge(opened)
    catch_up(opened)
    assert (moved, charts_of(opened, OLD)) == (1, [])

    drive(opened.settings)

    assert documents(opened, loser.patient_id) == []
    assert [d.state for d in documents(opened, survivor.patient_id)] == [DocumentState.FILED] * 2
    assert len(charts_of(opened, NOW)) == 2
    assert check.run(opened.services, fixity=True).is_clean


def test_new_paper_with_the_old_number_is_filed_under_the_survivor(opened: app.Workspace) -> None:
    """Its name and number agree exactly, as they did before."""
    _, survivor, _ = merge(opened)
    drop(opened, "late", OLD)

    assert len(documents(opened, survivor.patient_id)) == 3


def test_merging_twice_changes_nothing(opened: app.Workspace) -> None:
    """A command that was cut off may be given again."""
    merge(opened)
    loser, survivor = opened.roster.merged_into(one(opened, NOW).patient_id)[0], one(opened, NOW)
    version = opened.roster.version()

    again = roster_merging.merge(opened.catalog, loser.patient_id, survivor.patient_id, "again", WHO)

    assert (again, opened.roster.version()) == (0, version)


def test_a_merge_is_a_version_of_the_roster(opened: app.Workspace) -> None:
    """So what waits is decided again, and decisions tell before from after."""
    before = opened.roster.version()
    merge(opened)

    assert opened.roster.version() == before + 1
    assert opened.roster.versions()[-1]["summary"] == {"merges": 1}


def test_a_decision_for_the_loser_that_comes_late_is_refused(opened: app.Workspace) -> None:
    """A reviewer whose screen is older than the merge is told to look again."""
    document = documents(opened, one(opened, NOW).patient_id)[0]
    loser, _, _ = merge(opened)

    with pytest.raises(ConflictError):
        review.accept(
            document.document_id,
            document.version,
            review.Settlement(patient_id=loser.patient_id),
            WHO,
            opened.services,
        )


def test_a_document_decided_meanwhile_follows(opened: app.Workspace) -> None:
    """One that was committed for the loser just after the merge is found by the sweep."""
    loser, survivor, _ = merge(opened)
    document = documents(opened, survivor.patient_id)[0]
    late = dataclasses.replace(document, patient_id=loser.patient_id, version=document.version + 1)
    with opened.catalog.write() as unit:
        unit.documents.change(late, expected_version=document.version)

    assert roster_merging.repoint_stragglers(opened.catalog, WHO) == 1
    assert documents(opened, loser.patient_id) == []


def test_a_chain_of_merges_ends_at_the_last(opened: app.Workspace) -> None:
    """The first number finds the third record, and is taken apart from the end."""
    loser, survivor, _ = merge(opened)
    last = one(opened, OTHER)
    roster_merging.merge(opened.catalog, survivor.patient_id, last.patient_id, "", WHO)

    assert one(opened, OLD).patient_id == last.patient_id
    with pytest.raises(ConflictError):
        roster_merging.unmerge(opened.catalog, loser.patient_id, "", WHO)


def test_what_cannot_be_merged(opened: app.Workspace) -> None:
    """Itself, a provisional patient, somebody unknown, somebody merged elsewhere."""
    loser, _, _ = merge(opened)
    other = one(opened, OTHER).patient_id
    provisional = opened.roster.add_provisional(
        dataclasses.replace(
            one(opened, OTHER),
            patient_id=PatientId(""),
            identifiers=(Identifier(authority="x", type="mrn", value="7"),),
        )
    )
    for pair in ((other, other), (provisional, other), (loser.patient_id, other)):
        with pytest.raises(ConflictError):
            roster_merging.merge(opened.catalog, *pair, "", WHO)
    with pytest.raises(NotFound):
        roster_merging.merge(opened.catalog, PatientId("nobody"), other, "", WHO)


# --- taking apart ------------------------------------------------------------------------
def test_taking_apart_gives_back_what_changed_hands(opened: app.Workspace) -> None:
    """Number, name and documents; each record is as it was."""
    loser, survivor, _ = merge(opened)
    drive(opened.settings)

    moved, again = roster_merging.unmerge(opened.catalog, loser.patient_id, "two sisters", WHO)
    drive(opened.settings)

    assert (moved, again) == (1, 0)
    assert one(opened, OLD) == loser and one(opened, NOW) == survivor
    assert [len(documents(opened, p.patient_id)) for p in (loser, survivor)] == [1, 1]
    assert [len(charts_of(opened, p)) for p in (OLD, NOW)] == [1, 1]
    assert check.run(opened.services, fixity=True).is_clean


def test_what_was_filed_while_they_were_one_is_looked_at_again(opened: app.Workspace) -> None:
    """Nobody but a person can say whose it is."""
    loser, survivor, _ = merge(opened)
    drop(opened, "between", OLD)

    moved, again = roster_merging.unmerge(opened.catalog, loser.patient_id, "", WHO)

    assert (moved, again) == (1, 1)
    assert [d.patient_id for d in recheck.rechecks(opened.services)] == [survivor.patient_id]


# --- files that ask for merges --------------------------------------------------------------
def test_a_file_may_say_who_was_merged(opened: app.Workspace) -> None:
    """The column is honoured once, and again without harm; the merged row changes nobody."""
    lines = (HEAD, *(row(p) for p in stub.PEOPLE), row(OLD, NOW.mrn))
    report = load(opened, *lines)
    settled = roster_merging.settle(opened.catalog, WHO)
    again = load(opened, *lines)

    assert (report.merges, settled.done, settled.documents) == (1, 1, 1)
    assert (again.error_count, again.changed, roster_merging.settle(opened.catalog, WHO).done) == (0, 0, 0)
    assert one(opened, OLD).mrn == NOW.mrn


def test_a_merge_waits_for_its_survivor(opened: app.Workspace) -> None:
    """Until a later import brings the other record."""
    new = dataclasses.replace(OLD, mrn="65550033", last="VANDERSTRAETEN")
    load(opened, HEAD, row(OLD, new.mrn))
    assert roster_merging.settle(opened.catalog, WHO).parked == 1
    assert [m.merge.survivor[1] for m in roster_merging.waiting(opened.catalog)] == [new.mrn]

    load(opened, HEAD, row(new))

    assert roster_merging.settle(opened.catalog, WHO).done == 1
    assert one(opened, OLD).mrn == new.mrn and roster_merging.waiting(opened.catalog) == []


def test_a_merge_of_two_different_people_waits_for_a_person(opened: app.Workspace) -> None:
    """A mistyped number in a file must not join two charts, unless somebody accepts its changes."""
    load(opened, HEAD, row(OTHER, NOW.mrn))
    assert roster_merging.settle(opened.catalog, WHO).doubtful == 1
    assert one(opened, OTHER).mrn == OTHER.mrn

    load(opened, HEAD, row(OTHER, NOW.mrn), accept_changes=True)

    assert roster_merging.settle(opened.catalog, WHO).done == 1


def test_a_merge_of_a_man_and_a_woman_waits_for_a_person(opened: app.Workspace) -> None:
    """Twins registered one after the other, and a slip in the file."""
    twin = dataclasses.replace(NOW, first=NOW.first[:-1], mrn="60000099")
    load(opened, HEAD, row(twin).replace(",F,", ",M,"), row(NOW))
    load(opened, HEAD, row(twin, NOW.mrn).replace(",F,", ",M,"))

    assert roster_merging.settle(opened.catalog, WHO).doubtful == 1


def test_documents_of_a_number_that_changed_hands_are_looked_at_again(opened: app.Workspace) -> None:
    """The file gives her number to somebody else, and the import was told to believe it."""
    before = opened.roster.version()
    (filed,) = documents(opened, one(opened, NOW).patient_id)
    load(opened, HEAD, row(dataclasses.replace(OTHER, mrn=NOW.mrn)), accept_changes=True)

    count = recheck.after_import(
        opened.services,
        lambda patient: opened.roster.is_touched(patient, before),
        lambda patient: opened.roster.is_exchanged(patient, before),
    )

    assert count == 1
    (listed,) = [d for d in documents(opened, filed.patient_id or PatientId("")) if d.recheck]
    assert listed.document_id == filed.document_id


def test_a_part_of_a_number_files_under_nobody(opened: app.Workspace) -> None:
    """Whoever's number happens to begin so."""
    document = documents(opened, one(opened, OLD).patient_id)[0]
    command = ["--home", str(opened.settings.home), "review", "accept", document.document_id]

    refused = CliRunner().invoke(cli, [*command, "--patient", NOW.mrn[:5]])

    assert refused.exit_code != 0
    assert documents(opened, one(opened, OLD).patient_id)[0].version == document.version


def test_what_a_person_took_apart_no_file_merges_again(opened: app.Workspace) -> None:
    """The nightly export still says so."""
    loser, _, _ = merge(opened)
    roster_merging.unmerge(opened.catalog, loser.patient_id, "", WHO)
    load(opened, HEAD, row(OLD, NOW.mrn))

    assert roster_merging.settle(opened.catalog, WHO).done == 0
    assert one(opened, OLD).patient_id == loser.patient_id


def test_a_row_of_a_merged_number_changes_nobody(opened: app.Workspace) -> None:
    """An export that still lists the old record is told so, by line."""
    merge(opened)
    report = load(opened, HEAD, row(dataclasses.replace(OLD, last="SOMEBODYELSE")), row(NOW))

    assert [(line, code) for line, code, _ in report.warnings if line] == [(2, "row_of_merged")]
    assert (report.unchanged, report.changed) == (1, 0)


def test_a_survivor_that_changes_keeps_what_it_took_over(opened: app.Workspace) -> None:
    """An import that corrects the survivor leaves the old number with it."""
    _, survivor, _ = merge(opened)
    load(opened, "mrn,last,first,dob,phone", f"{NOW.mrn},{NOW.last},{NOW.first},{NOW.born},4195550177")

    assert one(opened, OLD).patient_id == survivor.patient_id
    assert one(opened, OLD).phone == "4195550177"


# --- a lost catalog -------------------------------------------------------------------------
@pytest.mark.parametrize("is_undone", [False, True])
def test_a_rebuilt_catalog_knows_merges(opened: app.Workspace, tmp_path: Path, is_undone: bool) -> None:
    """From the archive's events alone, and once more without harm."""
    loser, survivor, _ = merge(opened)
    if is_undone:
        roster_merging.unmerge(opened.catalog, loser.patient_id, "", WHO)
    drive(opened.settings)
    other = dataclasses.replace(
        opened.settings, store=dataclasses.replace(opened.settings.store, var=str(tmp_path / "var2"))
    )
    app.initialise(other, is_rebuild=True)
    rebuilt = open_stubbed(other)
    for _ in range(2):
        replay(rebuilt.catalog, rebuilt.event_log, rebuilt.roster)
    for event in rebuilt.event_log.read():
        if not is_undone:
            roster_merging.replay(rebuilt.roster, event)

    expected = loser.patient_id if is_undone else survivor.patient_id
    assert one(rebuilt, OLD).patient_id == expected
    assert len(documents(rebuilt, survivor.patient_id)) == (1 if is_undone else 2)
    rebuilt.close()


# --- after an import ---------------------------------------------------------------------------
def test_filed_documents_whose_evidence_no_longer_passes_are_looked_at_again(
    opened: app.Workspace, tmp_path: Path
) -> None:
    """The roster learns that the number on a filed page is another patient's: nothing moves, a
    person looks; documents of others are left alone."""
    patient = one(opened, NOW)
    corrected = f"{NOW.mrn},{NOW.last},{NOW.first},1926-04-03,F,"
    path = tmp_path / "later.csv"
    path.write_text("\n".join((HEAD, corrected, row(OLD))) + "\n")
    done = CliRunner().invoke(
        cli, ["--home", str(tmp_path), "roster", "import", str(path), "--accept-changes", "--json"]
    )

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["to_recheck"] == 1
    (listed,) = recheck.rechecks(opened.services)
    assert (listed.patient_id, listed.state) == (patient.patient_id, DocumentState.FILED)
    assert listed.recheck[0] == "The roster now has somebody else under this patient's number."


# --- the command line --------------------------------------------------------------------------
def test_merging_from_the_command_line(opened: app.Workspace, tmp_path: Path) -> None:
    """By numbers, shown before it is done, shown after, and taken back by the old number."""
    run = CliRunner().invoke
    home = ["--home", str(tmp_path), "roster"]

    asked = run(cli, [*home, "merge", OLD.mrn, NOW.mrn, "--reason", "married"], input="y\n")
    shown = json.loads(run(cli, [*home, "show", OLD.mrn, "--json"]).stdout)
    past = json.loads(run(cli, [*home, "history", NOW.mrn, "--json"]).stdout)
    told = run(cli, [*home, "history", NOW.mrn]).output
    listed = run(cli, [*home, "versions"]).output
    back = run(cli, [*home, "unmerge", OLD.mrn, "--reason", "not she"])

    assert "1 document(s)" in asked.output and asked.exit_code == 0
    assert shown["mrn"] == NOW.mrn and [p["mrn"] for p in shown["merged"]] == [OLD.mrn]
    assert len(past) == 1 and "1 merges" in listed
    assert f"+ MRN {OLD.mrn}" in told
    assert back.exit_code == 0 and one(opened, OLD).mrn == OLD.mrn
