"""Facts about reading documents again: the text follows, the filing does not move by itself."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from scanindex import app, check, demo, filing, find, pipeline, quality, recheck, reindex, review
from scanindex import reread as use
from scanindex.cli import cli
from scanindex.errors import ConfigError, NotAllowedNow, Stopping
from scanindex.intake import preset_of
from scanindex.model import (
    Document,
    DocumentState,
    PageKind,
    PageReading,
    Scan,
    ScanId,
    TextSource,
)
from scanindex.store.rebuild import replay
from scanindex.store.roster_import import import_csv
from scanindex.watch import Follower
from tests.crash import stub
from tests.crash.service_main import drive, open_stubbed, quick_settings

WHO = "user:clerk"
READ_AT = datetime(2031, 5, 6, 7, 8, tzinfo=UTC)
ONE, OTHER = stub.PEOPLE[0], stub.PEOPLE[1]
BLURRED = "LABORATORY REPORT\nPatlemt Nqme:\nD@te of Service: 04/02/1998\nspecimen cloudy yellow"
"""What a quick look made of a page about ONE."""

Say = Callable[[str], str]


class Reader:
    """A better engine: sees on each page what `say` makes of what was seen before."""

    def __init__(self, opened: app.Workspace, say: Say, **changes: Any) -> None:
        self.opened, self.say, self.changes = opened, say, changes
        self.pages_read: list[int] = []

    def reread_page(self, scan: Scan, scan_page_no: int, *, fresh: bool = True) -> PageReading:
        del fresh
        self.pages_read.append(scan_page_no)
        text = stub.pages_in(self.opened.archive.path(scan.scan_id).read_bytes())[scan_page_no - 1]
        found = stub.reading_of(self.say(text), scan_page_no)
        told = {"engines": ("better 2",), "effort": "thorough", "read_at": READ_AT} | self.changes
        return dataclasses.replace(found, **told)

    def rest(self, scan_id: ScanId) -> None:
        """Nothing is kept ready here."""

    def forget(self, scan_id: ScanId) -> None:
        pass


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
def opened(empty: Path, tmp_path: Path) -> Iterator[app.Workspace]:
    shutil.copytree(empty, tmp_path, dirs_exist_ok=True)
    workspace = open_stubbed(quick_settings(tmp_path))
    yield workspace
    workspace.close()


def filed_or_not(opened: app.Workspace, *pages: str) -> list[Document]:
    """One scan of these pages, taken as far as the machine goes."""
    (opened.settings.inbox / "A.pdf").write_bytes(stub.pdf(pages))
    drive(opened.settings)
    return everything(opened)


def everything(opened: app.Workspace) -> list[Document]:
    with opened.catalog.read() as unit:
        return unit.documents.all()


def read_again(
    opened: app.Workspace, say: Say, documents: Sequence[Document] | None = None, **changes: Any
) -> dict[str, use.Result]:
    """Reread and file, as the command does beside no service."""
    results: dict[str, use.Result] = {}

    def told(document: Document, result: use.Result) -> None:
        results[document.document_id] = result
        app.file_now(opened, [document.scan_id])

    reader: Any = Reader(opened, say, **changes)
    rereading = use.Rereading(opened.services, reader, "thorough", WHO)
    assert rereading.run(everything(opened) if documents is None else documents, told)
    Follower(opened.services, lambda kind, text: None).catch_up()
    return results


def only(results: dict[str, use.Result]) -> use.Result:
    (result,) = results.values()
    return result


def add_word(text: str) -> str:
    return text + "\nsplenectomy recommended"


def hits(opened: app.Workspace, word: str) -> int:
    return find.search(word, opened.services).total_pages


def is_clean(opened: app.Workspace) -> bool:
    report = check.run(opened.services, fixity=True)
    return report.is_clean and not report.moving


# --- a filed document ------------------------------------------------------------------
def test_the_text_of_a_filed_document_follows(opened: app.Workspace) -> None:
    """PDF, words and search carry the new text; patient, type, date and first version stay."""
    (before,) = filed_or_not(opened, stub.page_text(ONE, "a"))

    assert only(read_again(opened, add_word)) is use.Result.FILED_ANEW

    (after,) = everything(opened)
    kept = ("state", "patient_id", "document_type", "service_date", "pages", "decision")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert (after.version, after.filed_version) == (before.version + 1, before.version + 1)
    folder = opened.archive.document_folder(after.document_id, after.version)
    assert "splenectomy" in filing.read_words(folder)[0].text
    assert hits(opened, "splenectomy") == 1
    first = opened.archive.document_folder(before.document_id, before.version)
    assert "splenectomy" not in filing.read_words(first)[0].text
    assert is_clean(opened)


def test_the_record_says_who_read_it_when_and_how_hard(opened: app.Workspace) -> None:
    """Engine, effort and time of the text in force, and of the text that gave way."""
    filed_or_not(opened, stub.page_text(ONE, "a"))
    read_again(opened, add_word)
    (document,) = everything(opened)

    record = filing.read_record(opened.archive.document_folder(document.document_id, document.version))
    (page,) = record.pages
    assert (page.engines, page.effort, page.read_at) == (("better 2",), "thorough", READ_AT)
    (other,) = page.other_texts
    assert (other.source, other.reason) == ("stub 1, stub 2", "reread")


def test_the_old_text_stays_with_the_new(opened: app.Workspace) -> None:
    """Whoever reads the words file finds what stood there before."""
    filed_or_not(opened, stub.page_text(ONE, "a"))
    read_again(opened, add_word)
    (document,) = everything(opened)

    (page,) = filing.read_words(opened.archive.document_folder(document.document_id, document.version))
    assert page.other_texts[0].text == stub.page_text(ONE, "a")


def test_text_for_another_patient_moves_nothing_and_calls_a_person(opened: app.Workspace) -> None:
    """The document stays in its chart, on the recheck list, with reasons that name nobody."""
    (before,) = filed_or_not(opened, stub.page_text(ONE, "a"))

    assert only(read_again(opened, lambda _: stub.page_text(OTHER, "a"))) is use.Result.RECHECK

    (after,) = everything(opened)
    assert (after.state, after.patient_id) == (DocumentState.FILED, before.patient_id)
    assert recheck.rechecks(opened.services) == [after]
    told = " ".join(after.recheck).lower()
    assert "another patient" in told
    assert not [p for p in stub.PEOPLE if p.last.lower() in told or p.mrn in told]
    assert is_clean(opened)


def test_text_that_no_longer_names_the_patient_calls_a_person(opened: app.Workspace) -> None:
    """The machine filed it on evidence that is gone."""
    filed_or_not(opened, stub.page_text(ONE, "a"))

    assert only(read_again(opened, lambda _: "LABORATORY REPORT\nblood count normal")) is use.Result.RECHECK


def test_what_a_person_filed_is_not_questioned_for_lack_of_evidence(opened: app.Workspace) -> None:
    """They saw the paper; only text that speaks against it counts."""
    (document,) = filed_or_not(opened, BLURRED)
    (patient,) = opened.roster.by_identifier([ONE.mrn])
    settled = review.Settlement(patient_id=patient.patient_id)
    review.accept(document.document_id, document.version, settled, WHO, opened.services)
    drive(opened.settings)

    assert only(read_again(opened, add_word)) is use.Result.FILED_ANEW
    assert only(read_again(opened, lambda _: stub.page_text(OTHER, "a"))) is use.Result.RECHECK


def test_what_rests_on_more_than_its_pages_is_not_questioned_for_that(opened: app.Workspace) -> None:
    """A cover sheet, say, is not among the pages that are read again."""
    (document,) = filed_or_not(opened, stub.page_text(ONE, "a"))
    resting = dataclasses.replace(document, is_break_sure=False)
    with opened.catalog.write() as unit:
        unit.documents.change(resting, expected_version=document.version)

    assert only(read_again(opened, add_word)) is use.Result.FILED_ANEW
    assert only(read_again(opened, lambda _: stub.page_text(OTHER, "a"))) is use.Result.RECHECK


def test_confirming_takes_it_off_the_list(opened: app.Workspace) -> None:
    """In the same version: it was filed all the time."""
    filed_or_not(opened, stub.page_text(ONE, "a"))
    read_again(opened, lambda _: stub.page_text(OTHER, "a"))
    (document,) = recheck.rechecks(opened.services)

    recheck.confirm(document.document_id, document.version, "", WHO, opened.services)

    assert recheck.rechecks(opened.services) == []
    assert is_clean(opened)
    with pytest.raises(NotAllowedNow):
        recheck.confirm(document.document_id, document.version, "", WHO, opened.services)


def test_undoing_it_tells_the_reviewer_why(opened: app.Workspace) -> None:
    """What put it on the list stands first among the reasons."""
    filed_or_not(opened, stub.page_text(ONE, "a"))
    read_again(opened, lambda _: stub.page_text(OTHER, "a"))
    (document,) = recheck.rechecks(opened.services)

    undone = review.reopen(document.document_id, document.version, "", WHO, opened.services)

    assert undone.decision.reasons[1 : 1 + len(document.recheck)] == document.recheck
    assert recheck.rechecks(opened.services) == []


def test_the_same_text_again_makes_no_new_version(opened: app.Workspace) -> None:
    """But what was tried is remembered, so it is not tried again."""
    (before,) = filed_or_not(opened, stub.page_text(ONE, "a"))

    assert only(read_again(opened, lambda text: text)) is use.Result.SAME

    (after,) = everything(opened)
    assert (after.version, after.readings, after.state) == (before.version, (), DocumentState.FILED)
    assert use.choose(use.Selection(everything=True), opened.services) == []
    assert hits(opened, stub.rare_word("a")) == 1


# --- which reading is better --------------------------------------------------------------
def reading(legibility: float | None, text: str = "clear words here", **changes: Any) -> PageReading:
    made = stub.reading_of(text, 1)
    measured = dataclasses.replace(made.quality, legibility=legibility)
    return dataclasses.replace(made, quality=measured, **changes)


@pytest.mark.parametrize(
    ("old", "new", "is_new"),
    [
        (reading(0.8), reading(0.9, "clearer words"), True),
        (reading(0.8), reading(0.75, "other words"), True),
        (reading(0.8), reading(0.5, "fewer"), False),
        (reading(0.8), reading(None, "", kind=PageKind.FAILED), False),
        (reading(0.8), reading(None, "", kind=PageKind.BLANK), False),
        (reading(None, "", kind=PageKind.FAILED), reading(0.3, "some words"), True),
        (reading(1.0, text_source=TextSource.TEXT_LAYER), reading(1.0, "ocr words"), False),
    ],
    ids=["better", "as good", "much less", "failed", "blank", "first success", "born digital"],
)
def test_the_better_reading_is_kept_in_force(old: PageReading, new: PageReading, is_new: bool) -> None:
    """A later one wins unless it clearly lost something; words of the loser stay beside."""
    kept = use.better(old, new)
    loser = old if is_new else new

    assert kept.text == (new if is_new else old).text
    assert [other.text for other in kept.other_texts] == ([loser.text] if loser.words else [])


def test_earlier_texts_do_not_pile_up_without_end() -> None:
    """Read ten times, five texts are kept."""
    kept = reading(0.5, "first")
    for number in range(10):
        kept = use.better(kept, reading(0.5, f"try {number}"))

    assert [other.text for other in kept.other_texts] == [f"try {number}" for number in range(4, 9)]


# --- a document in review --------------------------------------------------------------------
def test_better_text_settles_what_waited(opened: app.Workspace) -> None:
    """The machine files by the gates, as if it had read so well at first."""
    filed_or_not(opened, BLURRED)

    assert only(read_again(opened, lambda _: stub.page_text(ONE, "a"))) is use.Result.DECIDED

    (after,) = everything(opened)
    (patient,) = opened.roster.by_identifier([ONE.mrn])
    assert (after.state, after.patient_id) == (DocumentState.FILED, patient.patient_id)
    assert hits(opened, stub.rare_word("a")) == 1
    assert is_clean(opened)


def test_better_text_outlives_the_spool(opened: app.Workspace) -> None:
    """It lies in the archive; deciding or filing later never falls back to the first reading."""
    filed_or_not(opened, BLURRED)
    read_again(opened, lambda _: BLURRED + "\nhemolysis suspected")
    shutil.rmtree(opened.settings.spool)
    opened.settings.spool.mkdir()
    (document,) = everything(opened)
    with opened.catalog.read() as unit:
        scan = unit.scans.get(document.scan_id)
    assert scan is not None

    (page,) = pipeline.readings_of(scan, document, opened.services)

    assert "hemolysis" in page.text
    assert page.other_texts[0].text == BLURRED


def test_what_a_person_took_in_hand_stays_with_people(opened: app.Workspace) -> None:
    """New text, same review."""
    (document,) = filed_or_not(opened, stub.page_text(ONE, "a"))
    review.reopen(document.document_id, document.version, "", WHO, opened.services)

    assert only(read_again(opened, add_word)) is use.Result.IN_REVIEW

    (after,) = everything(opened)
    assert (after.state, after.decision.rule) == (DocumentState.IN_REVIEW, "person")


def test_a_person_who_was_quicker_wins(opened: app.Workspace) -> None:
    """What was chosen in an older version is left alone."""
    (document,) = filed_or_not(opened, stub.page_text(ONE, "a"))
    with opened.catalog.read() as unit:
        scan = unit.scans.get(document.scan_id)
    assert scan is not None
    new = [stub.reading_of(add_word(stub.page_text(ONE, "a")), 1)]
    undone = review.reopen(document.document_id, document.version, "", WHO, opened.services)

    _, result = use.reread(scan, document, new, "thorough", WHO, opened.services)

    assert result is use.Result.CHANGED_MEANWHILE
    assert everything(opened) == [undone]


def test_a_page_that_failed_at_first_is_a_page_now(opened: app.Workspace) -> None:
    """Also in the list of pages."""
    (document,) = filed_or_not(opened, stub.page_text(ONE, "a"))
    failed = reading(None, "", kind=PageKind.FAILED)
    name = opened.archive.keep_reading(document.scan_id, filing.words_gz([failed]))
    document = dataclasses.replace(document, readings=(name,))
    with opened.catalog.write() as unit:
        unit.documents.change(document, expected_version=document.version)
        unit.pages.mark(document.scan_id, {1: PageKind.FAILED})

    read_again(opened, add_word, [document])

    with opened.catalog.read() as unit:
        assert [kind for _, kind, _ in unit.pages.of(document.scan_id)] == [PageKind.CONTENT]


# --- lost catalogs, damaged readings ---------------------------------------------------------
def test_a_rebuilt_catalog_knows_what_was_read_again(opened: app.Workspace, tmp_path: Path) -> None:
    """From the event log and the archive alone: states, versions, readings, recheck list."""
    filed_or_not(opened, stub.page_text(ONE, "a"), BLURRED)
    read_again(opened, lambda text: stub.page_text(OTHER, "a") if "MRN" in text else text + "\nmore words")
    before = everything(opened)
    opened.close()
    settings = opened.settings
    shutil.rmtree(settings.var)
    app.initialise(settings, is_rebuild=True)
    anew = open_stubbed(settings)
    try:
        replay(anew.catalog, anew.event_log, anew.roster)
        app.restore_patients(anew)
        reindex.reindex(anew.services)

        assert everything(anew) == before
        assert [d.document_id for d in recheck.rechecks(anew.services)] == [
            d.document_id for d in before if d.recheck
        ]
        assert check.run(anew.services, fixity=True).is_clean
    finally:
        anew.close()


@pytest.mark.parametrize(("harm", "with_hashes_only"), [("gone", False), ("changed", True)])
def test_check_finds_a_lost_or_changed_reading(
    opened: app.Workspace, harm: str, with_hashes_only: bool
) -> None:
    """A reading is part of the archive and proved like the rest."""
    filed_or_not(opened, BLURRED)
    read_again(opened, lambda _: BLURRED + "\nmore words")
    (kept,) = (opened.settings.archive / "readings").rglob("*.json.gz")
    if harm == "gone":
        kept.unlink()
    else:
        kept.chmod(0o600)
        kept.write_bytes(b"x" + kept.read_bytes()[1:])

    codes = [[p.code for p in check.run(opened.services, fixity=fixity).problems] for fixity in (False, True)]

    assert codes == [[] if with_hashes_only else ["reading_damaged"], ["reading_damaged"]]


# --- which documents ----------------------------------------------------------------------------
def test_documents_are_chosen_by_id_scan_batch_and_legibility(opened: app.Workspace) -> None:
    """Each selector finds its own; what cannot be read again is left out."""
    one, other = filed_or_not(opened, stub.page_text(ONE, "a"), stub.page_text(OTHER, "b"))
    worse = dataclasses.replace(
        one, page_facts=tuple(dataclasses.replace(f, legibility=0.4) for f in one.page_facts)
    )
    with opened.catalog.write() as unit:
        unit.documents.change(worse, expected_version=one.version)

    def chosen(**selectors: Any) -> list[str]:
        return [d.document_id for d in use.choose(use.Selection(**selectors), opened.services)]

    both = sorted([one.document_id, other.document_id])
    assert chosen(document_ids=(other.document_id,)) == [other.document_id]
    assert sorted(chosen(scan_ids=(one.scan_id,))) == both
    assert chosen(below=0.6) == [one.document_id]
    assert sorted(chosen(everything=True)) == both
    assert chosen() == []
    review.reject(other.document_id, other.version, DocumentState.ENTERED_IN_ERROR, "", WHO, opened.services)
    assert chosen(everything=True) == [one.document_id]


def test_a_stopped_run_goes_on_with_the_rest(opened: app.Workspace) -> None:
    """What was read stays read; the next choice holds only what is left."""
    for number in range(4):
        (opened.settings.inbox / f"{number}.pdf").write_bytes(stub.pdf([stub.page_text(ONE, str(number))]))
    drive(opened.settings)
    reader: Any = Reader(opened, add_word)
    rereading = use.Rereading(opened.services, reader, "thorough", WHO)
    done: list[str] = []

    def told(document: Document, result: use.Result) -> None:
        done.append(document.document_id)
        rereading.stop()

    assert not rereading.run(everything(opened), told)
    app.file_now(opened, [d.scan_id for d in everything(opened)])
    left = use.choose(use.Selection(everything=True), opened.services)

    assert done
    assert {d.document_id for d in left} == {d.document_id for d in everything(opened)} - set(done)


def test_a_worker_that_is_told_to_stop_ends_the_run_quietly(opened: app.Workspace) -> None:
    """The page under way is given up, its document untouched."""
    (before,) = filed_or_not(opened, stub.page_text(ONE, "a"))

    class Stopped(Reader):
        def reread_page(self, scan: Scan, scan_page_no: int, *, fresh: bool = True) -> PageReading:
            rereading.stop()
            raise Stopping()

    reader: Any = Stopped(opened, add_word)
    rereading = use.Rereading(opened.services, reader, "thorough", WHO)

    assert not rereading.run([before], lambda *_: None)
    assert everything(opened) == [before]


# --- quality in the catalog -----------------------------------------------------------------------
def test_a_poor_page_waits_although_its_identifiers_agree(
    opened: app.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accept it as it is, or ask for the paper: nothing is filed alone."""
    whole = stub.reading_of

    def soft(text: str, scan_page_no: int) -> PageReading:
        found = whole(text, scan_page_no)
        return dataclasses.replace(found, quality=dataclasses.replace(found.quality, legibility=0.2))

    monkeypatch.setattr(stub, "reading_of", soft)
    (document,) = filed_or_not(opened, stub.page_text(ONE, "a"))

    assert (document.state, document.decision.rule) == (DocumentState.IN_REVIEW, quality.GATE)
    assert quality.wishes(document) == ("page 1 is hardly legible",)


def test_the_document_from_the_new_scan_takes_the_old_ones_place(opened: app.Workspace) -> None:
    """It leaves the list of wanted rescans, keeps its pages, and can be taken back."""
    first, second = filed_or_not(opened, stub.page_text(ONE, "a"), stub.page_text(OTHER, "b"))
    wanted = review.reject(
        first.document_id, first.version, DocumentState.RESCAN_WANTED, "", WHO, opened.services
    )
    assert recheck.rescans(opened.services) == [wanted]

    gone = recheck.replace(wanted.document_id, wanted.version, second.document_id, "", WHO, opened.services)

    assert recheck.rescans(opened.services) == []
    assert (gone.state, gone.replaced_by, gone.pages) == (
        DocumentState.REPLACED,
        second.document_id,
        first.pages,
    )
    Follower(opened.services, lambda kind, text: None).catch_up()
    assert is_clean(opened)
    back = review.reopen(gone.document_id, gone.version, "", WHO, opened.services)
    assert (back.state, back.replaced_by) == (DocumentState.IN_REVIEW, None)


def test_a_document_cannot_replace_itself(opened: app.Workspace) -> None:
    """Nor can one that is not in use."""
    (document,) = filed_or_not(opened, stub.page_text(ONE, "a"))

    with pytest.raises(NotAllowedNow):
        recheck.replace(
            document.document_id, document.version, document.document_id, "", WHO, opened.services
        )


def test_splitting_keeps_to_each_part_how_its_pages_were_read(opened: app.Workspace) -> None:
    """The wish for a rescan goes with its page, and so does the later reading."""
    one, other = filed_or_not(opened, stub.page_text(stub.STRANGER, "a"), stub.page_text(ONE, "b"))
    other = review.reopen(other.document_id, other.version, "", WHO, opened.services)
    document = review.join(
        one.document_id, one.version, other.document_id, other.version, WHO, opened.services
    )
    faulty = dataclasses.replace(document.page_facts[1], faults=("faded",))
    marked = dataclasses.replace(document, page_facts=(document.page_facts[0], faulty))
    with opened.catalog.write() as unit:
        unit.documents.change(marked, expected_version=document.version)

    first, second = review.split(document.document_id, document.version, 2, WHO, opened.services)

    assert quality.wishes(first) == ()
    assert quality.wishes(second) == ("page 1 is hardly legible (faded or too dark)",)


def test_a_folder_may_ask_for_its_own_effort(tmp_path: Path) -> None:
    """One of the three; a mistake is named, and holds the folder back."""
    (tmp_path / "preset.toml").write_text('effort = "thorough"')
    assert preset_of(tmp_path, tmp_path / "A.pdf").effort == "thorough"

    (tmp_path / "preset.toml").write_text('effort = "heroic"')
    with pytest.raises(ConfigError, match="effort"):
        preset_of(tmp_path, tmp_path / "A.pdf")


# --- the program itself -----------------------------------------------------------------------------
def scanindex(home: Path, *arguments: str) -> str:
    quick = {"SCANINDEX_INTAKE_SETTLE_SECONDS": "0.1", "SCANINDEX_INTAKE_POLL_SECONDS": "0.2"}
    done = subprocess.run(
        [sys.executable, "-m", "scanindex", "--home", str(home), *arguments],
        capture_output=True,
        text=True,
        timeout=400,
        env={**os.environ, **quick},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def quickly(home: Path, *arguments: str) -> str:
    """The same in this process: for what starts no children."""
    done = CliRunner().invoke(cli, ["--home", str(home), *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def asked(home: Path, *arguments: str) -> Any:
    run = scanindex if arguments[:1] == ("reread",) and "--dry-run" not in arguments else quickly
    return json.loads(run(home, *arguments, "--json"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filed page and one in review, read quickly because their folder says so, then again."""
    home = tmp_path_factory.mktemp("home")
    made = demo.make(home / "made", home / "roster.csv")
    quickly(home, "init", "--mode", "strict")
    quickly(home, "roster", "import", str(home / "roster.csv"))
    quick = home / "inbox" / "quick"
    quick.mkdir()
    (quick / "preset.toml").write_text('effort = "fast"\n')
    for path in made.files:
        if path.name in ("call-unknown-person.png", "prescription.jpg") or "radiology" in path.name:
            shutil.copyfile(path, quick / path.name)
    scanindex(home, "run", "--until-idle", "--quiet")
    return home


@pytest.mark.xdist_group("end_to_end")
def test_real_pages_are_read_again_by_the_command(home: Path) -> None:
    """From the quick reading that the folder asked for to a thorough one, once."""
    listed = [d for scan in asked(home, "documents")["scans"] for d in scan["documents"]]
    assert {facts["effort"] for d in listed for facts in d["page_facts"]} == {"fast"}

    planned = asked(home, "reread", "--all", "--dry-run")
    done = asked(home, "reread", "--all", "--yes")
    again = asked(home, "reread", "--all", "--dry-run")

    assert planned["documents"] == done["documents"] == len(listed) > 1
    assert (done["is_finished"], again["documents"]) == (True, 0)
    shown = [asked(home, "show", d["document_id"], "--text") for d in listed]
    assert {f["effort"] for s in shown for f in s["page_facts"]} == {"thorough"}
    assert [s["patient"] for s in shown] == [d["patient"] for d in listed]
    assert asked(home, "check", "--fixity")["is_clean"]


@pytest.mark.xdist_group("end_to_end")
def test_paper_wanted_again_is_listed_with_where_it_lies(home: Path) -> None:
    """From review to the list, and off it when the new scan is named."""
    one, other = [d for scan in asked(home, "documents")["scans"] for d in scan["documents"]][:2]
    quickly(home, "review", "rescan", one["document_id"], "--note", "coffee")

    (wanted,) = asked(home, "review", "--rescans")
    assert (wanted["document_id"], bool(wanted["names"])) == (one["document_id"], True)
    assert "1 document(s) to be scanned again" in quickly(home, "status")
    assert one["document_id"][:8] in quickly(home, "review", "--rescans")

    quickly(home, "review", "replaced", one["document_id"], "--by", other["document_id"])

    assert asked(home, "review", "--rescans") == []
    assert asked(home, "show", one["document_id"])["replaced_by"] == other["document_id"]
    quickly(home, "review", "undo", one["document_id"])


@pytest.mark.xdist_group("end_to_end")
def test_show_says_who_read_each_page(home: Path) -> None:
    """Engine, effort and day above the text."""
    document = asked(home, "documents")["scans"][0]["documents"][0]["document_id"]

    assert "read by tesseract" in quickly(home, "show", document, "--text")
