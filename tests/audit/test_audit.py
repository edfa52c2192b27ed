"""Facts about sources that suggest, audits, certificates and incidents, on a real catalog."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from scanindex import app, audit, batches, check, incidents, recheck, redecide, review
from scanindex import reread as reread_use
from scanindex.audit_model import Incident, Mode, Stratum, Verdict
from scanindex.certify import SUGGEST_RULE
from scanindex.errors import NotAllowedNow, NotFound, UsageError
from scanindex.model import Batch, BatchId, Document, DocumentState
from scanindex.settings import FilingSettings, MatchSettings, Settings, SourceSettings
from scanindex.store.rebuild import replay
from scanindex.store.roster_import import import_csv
from tests.crash import stub
from tests.crash.service_main import drive, open_stubbed, quick_settings

ONE, TWO, THREE = stub.PEOPLE[:3]
WHO = "user:clerk"
Open = Callable[..., app.Workspace]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a roster, made once."""
    home = tmp_path_factory.mktemp("empty")
    settings = quick_settings(home)
    app.initialise(settings)
    workspace = open_stubbed(settings)
    (home / "roster.csv").write_text(stub.roster_csv())
    import_csv(workspace.engine, home / "roster.csv", authority="local")
    workspace.close()
    return home


@pytest.fixture
def open_in(empty: Path, tmp_path: Path) -> Iterator[Open]:
    """Opens the workspace with some filing settings."""
    home = tmp_path / "home"
    shutil.copytree(empty, home)
    made: list[app.Workspace] = []

    def opening(**filing: object) -> app.Workspace:
        settings = settings_in(home, **filing)
        made.append(open_stubbed(settings))
        return made[-1]

    yield opening
    for workspace in made:
        workspace.close()


def settings_in(home: Path, **filing: object) -> Settings:
    return dataclasses.replace(quick_settings(home), filing=FilingSettings(**filing))  # type: ignore[arg-type]


@pytest.fixture
def opened(open_in: Open) -> app.Workspace:
    """Strict: files alone where the gates hold."""
    return open_in()


def scanned(opened: app.Workspace, *serials: str, folder: str = ".", person: stub.Person = ONE) -> None:
    """A scan of one page for each serial, taken as far as the machine goes."""
    place = opened.settings.inbox / folder
    place.mkdir(exist_ok=True)
    for serial in serials:
        (place / f"{serial}.pdf").write_bytes(stub.pdf([stub.page_text(person, serial)]))
    drive(opened.settings)


def documents(opened: app.Workspace, *states: DocumentState) -> list[Document]:
    with opened.catalog.read() as unit:
        return unit.documents.all(*states)


def patient_id(opened: app.Workspace, person: stub.Person) -> str:
    (found,) = opened.roster.by_identifier([person.mrn])
    return found.patient_id


def standing(opened: app.Workspace, source: str = ".") -> audit.SourceStatus:
    return next(one for one in audit.status(opened.services) if one.source == source)


def audited(opened: app.Workspace, verdict: Verdict = Verdict.RIGHT) -> None:
    """Everything drawn gets this verdict."""
    for line in audit.waiting(None, opened.services):
        audit.record(line.document_id, verdict, "Ann", "", WHO, opened.services)


def found_wrong(opened: app.Workspace, document: Document, by: str = "Ann") -> Incident:
    incident = audit.record(document.document_id, Verdict.WRONG, by, "", WHO, opened.services)
    assert incident is not None
    return incident


def settle(opened: app.Workspace, document: Document, person: stub.Person, actor: str = WHO) -> Document:
    settled = review.Settlement(patient_id=patient_id(opened, person))  # type: ignore[arg-type]
    now = next(d for d in documents(opened) if d.document_id == document.document_id)
    return review.accept(now.document_id, now.version, settled, actor, opened.services)


# --- suggest ---------------------------------------------------------------------------
def test_a_source_that_suggests_files_nothing_alone(open_in: Open) -> None:
    """Every document waits with the one patient it would have gone to, and says why."""
    opened = open_in(mode="suggest")
    scanned(opened, "a", "b")

    waiting = documents(opened, DocumentState.IN_REVIEW)
    assert len(waiting) == len(documents(opened)) == 2
    assert {d.decision.rule for d in waiting} == {SUGGEST_RULE}
    assert {d.decision.candidates[0].patient_id for d in waiting} == {patient_id(opened, ONE)}
    assert standing(opened).standing.mode is Mode.SUGGEST


def test_a_person_files_what_was_suggested(open_in: Open) -> None:
    """Accepting the first candidate is no misfile."""
    opened = open_in(mode="suggest")
    scanned(opened, "a")
    settle(opened, documents(opened)[0], ONE)
    drive(opened.settings)

    assert [d.state for d in documents(opened)] == [DocumentState.FILED]
    assert audit.all_incidents(opened.services) == []


def test_letting_a_source_go_files_what_waited_for_that_only(open_in: Open) -> None:
    """What waits for another reason goes on waiting."""
    opened = open_in(mode="suggest")
    scanned(opened, "a")
    scanned(opened, "b", person=stub.STRANGER)
    audit.set_mode(".", Mode.STRICT, "", WHO, opened.services)

    assert redecide.let_go(".", opened.services) == 1
    drive(opened.settings)
    assert sorted(d.state for d in documents(opened)) == [DocumentState.FILED, DocumentState.IN_REVIEW]


def test_the_service_lets_go_by_itself_at_its_next_start(open_in: Open) -> None:
    """Also where nobody ran the command's own second half."""
    opened = open_in(mode="suggest")
    scanned(opened, "a")
    audit.set_mode(".", Mode.STRICT, "", WHO, opened.services)
    redecide.decide_again(opened.services, only_older=True)
    drive(opened.settings)

    assert [d.state for d in documents(opened)] == [DocumentState.FILED]


def test_only_the_source_that_was_let_go_files_alone(open_in: Open) -> None:
    opened = open_in(mode="suggest")
    audit.set_mode("fax", Mode.STRICT, "", WHO, opened.services)
    scanned(opened, "a")
    scanned(opened, "b", folder="fax")

    modes = {one.source: one.standing.mode for one in audit.status(opened.services)}
    assert modes == {".": Mode.SUGGEST, "fax": Mode.STRICT}
    assert len(documents(opened, DocumentState.FILED)) == len(documents(opened, DocumentState.IN_REVIEW)) == 1


def test_a_new_roster_files_nothing_from_a_source_that_suggests(open_in: Open, tmp_path: Path) -> None:
    """Deciding again is held as deciding is."""
    opened = open_in(mode="suggest")
    scanned(opened, "a", person=stub.STRANGER)
    known = stub.STRANGER
    lines = f"{stub.roster_csv()}{known.mrn},{known.last},{known.first},{known.born},M\n"
    (tmp_path / "later.csv").write_text(lines)
    import_csv(opened.engine, tmp_path / "later.csv", authority="local")

    assert redecide.decide_again(opened.services) == 1
    (document,) = documents(opened)
    assert (document.state, document.decision.rule) == (DocumentState.IN_REVIEW, SUGGEST_RULE)
    assert redecide.decide_again(opened.services) == 0


def test_a_better_reading_files_nothing_from_a_source_that_suggests(open_in: Open) -> None:
    opened = open_in(mode="suggest")
    (opened.settings.inbox / "a.pdf").write_bytes(stub.pdf(["LABORATORY REPORT\nPatlemt Nqme: 0KON"]))
    drive(opened.settings)
    (document,) = documents(opened)
    with opened.catalog.read() as unit:
        scan = unit.scans.get(document.scan_id)
    assert scan is not None
    reading = dataclasses.replace(stub.reading_of(stub.page_text(ONE, "a"), 1), effort="thorough")

    changed, result = reread_use.reread(scan, document, [reading], "thorough", WHO, opened.services)

    assert (changed.state, result) == (DocumentState.IN_REVIEW, reread_use.Result.IN_REVIEW)
    assert documents(opened)[0].decision.rule == SUGGEST_RULE


def test_the_settings_hold_a_source_that_somebody_wants_to_let_go(open_in: Open) -> None:
    opened = open_in()
    opened.settings = dataclasses.replace(
        opened.settings, sources=(SourceSettings(name="fax", mode="suggest"),)
    )
    with pytest.raises(NotAllowedNow, match="suggest"):
        audit.set_mode("fax", Mode.STRICT, "", WHO, opened.services)


# --- samples and the bound -----------------------------------------------------------------
def test_what_was_drawn_is_not_drawn_again(opened: app.Workspace) -> None:
    scanned(opened, *"abcdef")
    seed, first = audit.draw(4, None, None, WHO, opened.services)
    _, second = audit.draw(40, seed, None, WHO, opened.services)

    assert (len(first), len(second)) == (4, 2)
    assert {line.document_id for line in first}.isdisjoint(line.document_id for line in second)
    assert audit.draw(1, None, None, WHO, opened.services)[1] == []


def test_only_one_source_is_drawn_from_where_that_is_asked(opened: app.Workspace) -> None:
    scanned(opened, *"abc")
    scanned(opened, *"de", folder="fax")

    _, drawn = audit.draw(50, 3, "fax", WHO, opened.services)

    assert [line.source for line in drawn] == ["fax", "fax"]
    assert len(audit.waiting("fax", opened.services)) == 2 and audit.waiting(".", opened.services) == []


def test_audits_are_counted_per_source_with_the_bound_beside_them(opened: app.Workspace) -> None:
    scanned(opened, *"abcd")
    audit.draw(4, 1, None, WHO, opened.services)
    audited(opened)

    found = standing(opened)
    uniform = sum(one.stratum is Stratum.UNIFORM for one in ledger(opened))
    assert (found.filed_alone, found.tally.audited, found.tally.misfiles) == (4, uniform, 0)
    assert found.upper_bound == pytest.approx(1 - 0.05 ** (1 / uniform))
    assert found.more_needed == 2_995 - uniform


def ledger(opened: app.Workspace) -> list[object]:
    with opened.catalog.read() as unit:
        return [line for d in unit.documents.all() if (line := unit.filings.get(d.document_id))]


def test_a_verdict_nobody_could_give_counts_against_the_machine_until_somebody_can(
    opened: app.Workspace,
) -> None:
    """And the document is on the recheck list."""
    scanned(opened, "a")
    audit.draw(1, 1, None, WHO, opened.services)
    audited(opened, Verdict.CANNOT_TELL)
    before = standing(opened).tally

    assert (before.misfiles, before.cannot_tell) == (1, 1)
    assert [d.document_id for d in recheck.rechecks(opened.services)] == [documents(opened)[0].document_id]

    audit.record(documents(opened)[0].document_id, Verdict.RIGHT, "Ben", "", WHO, opened.services)
    assert (standing(opened).tally.misfiles, standing(opened).tally.audited) == (0, 1)


def test_what_a_person_filed_cannot_be_audited(open_in: Open) -> None:
    opened = open_in(mode="suggest")
    scanned(opened, "a")
    settle(opened, documents(opened)[0], ONE)
    drive(opened.settings)

    with pytest.raises(NotFound):
        audit.record(documents(opened)[0].document_id, Verdict.RIGHT, "Ann", "", WHO, opened.services)


def test_a_verdict_stands(opened: app.Workspace) -> None:
    """Right may turn out wrong later; wrong is taken back by closing its incident only."""
    scanned(opened, "a")
    (document,) = documents(opened)
    audit.record(document.document_id, Verdict.RIGHT, "Ann", "", WHO, opened.services)
    with pytest.raises(NotAllowedNow):
        audit.record(document.document_id, Verdict.CANNOT_TELL, "Ann", "", WHO, opened.services)
    found_wrong(opened, document)
    with pytest.raises(NotAllowedNow):
        audit.record(document.document_id, Verdict.RIGHT, "Ben", "", WHO, opened.services)


@pytest.mark.parametrize("name", ["", "   "])
def test_a_verdict_needs_a_name(opened: app.Workspace, name: str) -> None:
    scanned(opened, "a")
    with pytest.raises(UsageError):
        audit.record(documents(opened)[0].document_id, Verdict.RIGHT, name, "", WHO, opened.services)


# --- certificates --------------------------------------------------------------------------
LOOSE = 0.75
"""A bound that two clean audits meet: 1 - sqrt(0.05) is 0.776, with three 0.632."""


def certified(open_in: Open) -> app.Workspace:
    opened = open_in(misfile_bound=LOOSE)
    scanned(opened, *"abc")
    audit.draw(3, 1, None, WHO, opened.services)
    audited(opened)
    audit.certify_source(".", "Ann", WHO, opened.services)
    return opened


def test_a_source_is_certified_once_the_bound_holds(open_in: Open) -> None:
    """The certificate says how many were audited and under which policy."""
    opened = certified(open_in)
    found = standing(opened)

    assert found.standing.mode is Mode.CERTIFIED
    assert found.record is not None and found.record.certificate is not None
    given = found.record.certificate
    assert (given.audited, given.misfiles, given.issued_by) == (3, 0, "Ann")
    assert given.policy == audit.policy_in_force(opened.services)


def test_a_certificate_is_refused_before_the_bound_holds(opened: app.Workspace) -> None:
    scanned(opened, *"abc")
    audit.draw(3, 1, None, WHO, opened.services)
    audited(opened)

    with pytest.raises(NotAllowedNow, match="2992 more clean"):
        audit.certify_source(".", "Ann", WHO, opened.services)


def test_a_certificate_is_refused_while_a_drawn_document_is_left_out(open_in: Open) -> None:
    """Nobody skips the hard ones."""
    opened = open_in(misfile_bound=LOOSE)
    scanned(opened, *"abcd")
    audit.draw(4, 1, None, WHO, opened.services)
    uniform = [line for line in audit.waiting(None, opened.services) if line.stratum is Stratum.UNIFORM]
    for line in uniform[1:]:
        audit.record(line.document_id, Verdict.RIGHT, "Ann", "", WHO, opened.services)

    with pytest.raises(NotAllowedNow, match="not looked at"):
        audit.certify_source(".", "Ann", WHO, opened.services)


def test_a_source_that_files_nothing_cannot_be_certified(open_in: Open) -> None:
    opened = open_in(mode="suggest")
    scanned(opened, "a")
    with pytest.raises(NotAllowedNow, match="files nothing alone"):
        audit.certify_source(".", "Ann", WHO, opened.services)


def test_a_new_roster_lets_the_certificate_lapse_but_not_the_audits(open_in: Open, tmp_path: Path) -> None:
    """It goes on as strict and says so; a person certifies it again."""
    opened = certified(open_in)
    (tmp_path / "later.csv").write_text(stub.roster_csv().replace(",F", ",U", 1))
    import_csv(opened.engine, tmp_path / "later.csv", authority="local")

    lapsed = standing(opened)
    assert lapsed.standing.mode is Mode.STRICT and "the roster" in lapsed.standing.reasons[0]
    assert lapsed.tally.audited == 3
    scanned(opened, "later")
    assert len(documents(opened, DocumentState.FILED)) == 4

    audit.certify_source(".", "Ben", WHO, opened.services)
    assert standing(opened).standing.mode is Mode.CERTIFIED


def test_a_changed_threshold_starts_the_count_anew(open_in: Open) -> None:
    """Documents decided by another policy prove nothing about this one."""
    opened = certified(open_in)
    opened.settings = dataclasses.replace(opened.settings, match=MatchSettings(posterior=0.9999))
    del opened.__dict__["services"]  # opened again with the settings changed

    assert standing(opened).standing.mode is Mode.STRICT
    assert standing(opened).tally.audited == 0


# --- incidents -----------------------------------------------------------------------------
def test_a_confirmed_misfile_leaves_the_chart_at_once(opened: app.Workspace) -> None:
    scanned(opened, "a")
    found_wrong(opened, documents(opened)[0])

    (document,) = documents(opened)
    assert (document.state, document.patient_id) == (DocumentState.IN_REVIEW, None)
    assert "wrong patient" in document.decision.reasons[0]


def test_a_confirmed_misfile_stops_its_source(opened: app.Workspace) -> None:
    """At once, and only that source."""
    scanned(opened, "a")
    scanned(opened, "b", folder="fax")
    found_wrong(opened, next(d for d in documents(opened) if is_from(opened, d, "fax")))

    scanned(opened, "c")
    scanned(opened, "d", folder="fax")

    assert standing(opened, "fax").standing.mode is Mode.SUGGEST
    assert len(documents(opened, DocumentState.FILED)) == 2  # a and c
    rules = {d.decision.rule for d in documents(opened, DocumentState.IN_REVIEW)}
    assert rules == {"person", SUGGEST_RULE}


def is_from(opened: app.Workspace, document: Document, source: str) -> bool:
    with opened.catalog.read() as unit:
        scan = unit.scans.get(document.scan_id)
    return scan is not None and scan.preset.source == source


def test_what_was_on_its_way_is_held_back(opened: app.Workspace) -> None:
    """Decided but not yet filed when the misfile was confirmed: it waits for a person."""
    scanned(opened, "a")
    (filed,) = documents(opened)
    on_its_way = dataclasses.replace(
        filed,
        document_id="way",  # type: ignore[arg-type]
        state=DocumentState.PROPOSED,
        filed_at=None,
        filed_version=None,
        pages=(),
    )
    with opened.catalog.write() as unit:
        unit.documents.add(on_its_way)

    found_wrong(opened, filed)

    held = next(d for d in documents(opened) if d.document_id == "way")
    assert (held.state, held.version, held.decision.rule) == (DocumentState.IN_REVIEW, 2, SUGGEST_RULE)


def test_the_rest_of_the_run_is_put_on_the_recheck_list(opened: app.Workspace) -> None:
    """Same rule, same source, same batch: not another batch, not another source."""
    scanned(opened, "before")
    batches.open_batch(
        Batch(batch_id=BatchId("box7"), label="box 7", folder=".", opened_at=opened.clock.now()),
        WHO,
        opened.services,
    )
    scanned(opened, "one", "two", "three")
    scanned(opened, "elsewhere", folder="fax")
    run = [d for d in documents(opened) if batch_of(opened, d) == "box7"]
    incident = found_wrong(opened, run[0])

    expected = {d.document_id for d in run[1:]}
    assert len(expected) == 2
    assert {d.document_id for d in recheck.rechecks(opened.services)} == set(incident.rechecks) == expected


def batch_of(opened: app.Workspace, document: Document) -> str | None:
    with opened.catalog.read() as unit:
        scan = unit.scans.get(document.scan_id)
    return scan.batch_id if scan else None


def test_a_clerk_who_files_it_elsewhere_opens_an_incident(opened: app.Workspace) -> None:
    """Nobody needs to think of telling the audit."""
    scanned(opened, "a", "b")
    settle(opened, documents(opened)[0], TWO)

    (incident,) = audit.all_incidents(opened.services, open_only=True)
    assert (incident.opened_by, incident.misfiles[0].how) == (WHO, incidents.BY_REVIEW)
    assert len(incident.rechecks) == 1
    assert standing(opened).tally.misfiles == 1


def test_taking_it_back_first_opens_the_incident_all_the_same(opened: app.Workspace) -> None:
    scanned(opened, "a")
    (document,) = documents(opened)
    review.reopen(document.document_id, document.version, "", WHO, opened.services)
    assert audit.all_incidents(opened.services) == []

    settle(opened, document, TWO)
    assert len(audit.all_incidents(opened.services)) == 1


def test_a_page_split_off_to_somebody_else_is_a_misfile_of_that_page(opened: app.Workspace) -> None:
    """A page joined to another patient's document is found when its part is filed elsewhere."""
    pages = [stub.page_text(ONE, "a") + "\nPage 1 of 2", stub.page_text(ONE, "b") + "\nPage 2 of 2"]
    (opened.settings.inbox / "two.pdf").write_bytes(stub.pdf(pages))
    drive(opened.settings)
    (document,) = documents(opened, DocumentState.FILED)
    assert len(document.pages) == 2
    back = review.reopen(document.document_id, document.version, "", WHO, opened.services)
    first, second = review.split(back.document_id, back.version, 2, WHO, opened.services)

    settle(opened, first, ONE)
    assert audit.all_incidents(opened.services) == []
    settle(opened, second, TWO)
    assert len(audit.all_incidents(opened.services)) == 1


def test_the_same_person_under_another_key_is_no_misfile(opened: app.Workspace) -> None:
    """A patient who was linked or merged: the ledger follows."""
    scanned(opened, "a")
    (document,) = documents(opened)
    settled = review.Settlement(
        patient_id=patient_id(opened, TWO),  # type: ignore[arg-type]
        is_same_person=True,
    )
    review.accept(document.document_id, document.version, settled, WHO, opened.services)

    assert audit.all_incidents(opened.services) == []
    drive(opened.settings)
    settle(opened, document, TWO)
    assert audit.all_incidents(opened.services) == []


def test_a_second_misfile_of_the_run_joins_the_open_incident(opened: app.Workspace) -> None:
    scanned(opened, "a", "b", "c")
    first, second, _ = documents(opened)
    found_wrong(opened, first)
    found_wrong(opened, second, by="Ben")

    (incident,) = audit.all_incidents(opened.services)
    assert [misfile.found_by for misfile in incident.misfiles] == ["Ann", "Ben"]
    assert standing(opened).tally.misfiles == 2


def test_an_incident_tells_who_was_shown_the_document(opened: app.Workspace) -> None:
    """Reads while the wrong chart held it; not those of other documents, nor later ones."""
    scanned(opened, "a", "b")
    one, other = documents(opened)
    look(opened, "user:dora", one.document_id)
    look(opened, "user:emil", other.document_id)
    incident = found_wrong(opened, one)
    look(opened, "user:late", one.document_id)

    met = audit.exposures(incident.incident_id, opened.services)
    assert [(e.actor, e.what) for e in met] == [("user:dora", "show")]


def look(opened: app.Workspace, actor: str, document_id: str) -> None:
    with opened.catalog.write() as unit:
        unit.events.append("viewed", actor, what="show", document_ids=[document_id])


def test_an_incident_is_not_closed_before_everything_is_done(opened: app.Workspace) -> None:
    """Neither while the misfile is unsettled nor while a recheck is open."""
    scanned(opened, "a", "b")
    misfiled, other = documents(opened)
    incident = found_wrong(opened, misfiled)
    with pytest.raises(NotAllowedNow, match="not settled"):
        audit.close(incident.incident_id, "Ben", "", WHO, opened.services)
    settle(opened, misfiled, TWO)
    drive(opened.settings)
    with pytest.raises(NotAllowedNow, match="looked at again"):
        audit.close(incident.incident_id, "Ben", "", WHO, opened.services)
    recheck.confirm(other.document_id, other.version, "", WHO, opened.services)

    closed = audit.close(incident.incident_id, "Ben", "a swapped label", WHO, opened.services)

    assert closed.closed_by == "Ben"
    assert audit.all_incidents(opened.services, open_only=True) == []


@pytest.mark.parametrize("name", ["Ann", " ann ", "ANN", "user:ann"])
def test_who_found_the_misfile_does_not_close_it(opened: app.Workspace, name: str) -> None:
    """A second person, however the first one spells herself."""
    scanned(opened, "a")
    (document,) = documents(opened)
    incident = found_wrong(opened, document)
    settle(opened, document, TWO)
    drive(opened.settings)

    with pytest.raises(NotAllowedNow, match="may not close"):
        audit.close(incident.incident_id, name, "", WHO, opened.services)


def closed_one(opened: app.Workspace, *, is_unfounded: bool = False) -> None:
    scanned(opened, "a")
    (document,) = documents(opened)
    incident = found_wrong(opened, document)
    settle(opened, document, ONE if is_unfounded else TWO)
    drive(opened.settings)
    audit.close(incident.incident_id, "Ben", "", WHO, opened.services, is_unfounded=is_unfounded)


def test_a_source_stays_stopped_until_somebody_lets_it_go(opened: app.Workspace) -> None:
    """Closing the incident does not; while it is open nobody can."""
    scanned(opened, "z")
    incident = found_wrong(opened, documents(opened)[0])
    with pytest.raises(NotAllowedNow, match=incident.incident_id):
        audit.set_mode(".", Mode.STRICT, "", WHO, opened.services)
    settle(opened, documents(opened)[0], TWO)
    drive(opened.settings)
    audit.close(incident.incident_id, "Ben", "", WHO, opened.services)

    assert standing(opened).standing.mode is Mode.SUGGEST
    audit.set_mode(".", Mode.STRICT, "", WHO, opened.services)
    assert standing(opened).standing.mode is Mode.STRICT


def test_an_unfounded_incident_counts_no_misfile(opened: app.Workspace) -> None:
    closed_one(opened, is_unfounded=True)
    assert standing(opened).tally.misfiles == 0


def test_a_misfile_stays_counted_after_its_incident_is_closed(opened: app.Workspace) -> None:
    closed_one(opened)
    assert standing(opened).tally.misfiles == 1


def test_a_misfile_takes_the_certificate(open_in: Open) -> None:
    opened = certified(open_in)
    found_wrong(opened, documents(opened)[0])

    assert standing(opened).standing.mode is Mode.SUGGEST


# --- durability ----------------------------------------------------------------------------
def everything_kept(opened: app.Workspace) -> str:
    with opened.catalog.read() as unit:
        kept: Sequence[object] = (
            unit.sources.all(),
            [unit.filings.get(d.document_id) for d in unit.documents.all()],
            unit.incidents.all(),
            [(d.document_id, d.version, d.state, d.recheck) for d in unit.documents.all()],
        )
    return repr(kept)


def test_modes_samples_verdicts_and_incidents_come_back_from_the_archive(opened: app.Workspace) -> None:
    """A lost catalog is rebuilt with all of it, and rebuilding again changes nothing."""
    scanned(opened, "a", "b", "c")
    scanned(opened, "d", folder="fax")
    audit.draw(3, 4, None, WHO, opened.services)
    first, second, third = audit.waiting(None, opened.services)
    audit.record(first.document_id, Verdict.RIGHT, "Ann", "fine", WHO, opened.services)
    audit.record(second.document_id, Verdict.WRONG, "Ann", "", WHO, opened.services)
    audit.record(third.document_id, Verdict.CANNOT_TELL, "Ann", "", WHO, opened.services)
    audit.set_mode("desk", Mode.STRICT, "trial", WHO, opened.services)
    before = everything_kept(opened)
    opened.close()
    for path in (opened.settings.home / "var").glob("catalog.db*"):
        path.unlink()
    app.initialise(opened.settings, is_rebuild=True)
    again = open_stubbed(opened.settings)
    replay(again.catalog, again.event_log, again.roster)
    app.restore_patients(again)

    assert everything_kept(again) == before
    assert replay(again.catalog, again.event_log, again.roster) == 0
    assert check.run(again.services, fixity=True).is_clean
    again.close()


def test_an_audit_leaves_no_patient_in_the_words_of_an_error(opened: app.Workspace) -> None:
    """Messages carry ids only."""
    scanned(opened, "a")
    (document,) = documents(opened)
    found_wrong(opened, document)
    with pytest.raises(NotAllowedNow) as refused:
        audit.set_mode(".", Mode.STRICT, "", WHO, opened.services)

    assert not any(word in json.dumps(str(refused.value)) for word in (ONE.last, ONE.mrn, ONE.born))
