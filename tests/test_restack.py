"""Facts about putting a stack right: every page stays in exactly one place, whatever is done to it."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from scanindex import app, check, redecide, reread, restack, review
from scanindex.errors import ConflictError, NotAllowedNow, NotFound, UsageError
from scanindex.model import (
    Document,
    DocumentId,
    DocumentState,
    Outcome,
    PageKind,
    PageReading,
    Scan,
    ScanId,
)
from scanindex.pipeline import readings_of
from scanindex.revisions import CHANGEABLE
from scanindex.store.rebuild import replay
from scanindex.store.roster_import import import_csv
from tests.crash import stub
from tests.crash.service_main import drive, open_stubbed, quick_settings

WHO = "user:clerk"
ONE, OTHER = stub.PEOPLE[0], stub.PEOPLE[1]
PAGES = 6


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace without a roster that holds one scan, all of it in review; made once."""
    home = tmp_path_factory.mktemp("stack")
    app.initialise(quick_settings(home))
    people = (ONE, ONE, OTHER, OTHER)
    pages = [stub.page_text(p, f"s{no}") for no, p in enumerate(people)]
    (home / "inbox" / "A.pdf").write_bytes(stub.pdf([*pages, "", stub.page_text(ONE, "s9", "CONSENT FORM")]))
    drive(quick_settings(home))
    return home


def opened_copy(stack: Path, home: Path) -> app.Workspace:
    shutil.copytree(stack, home, dirs_exist_ok=True)
    return open_stubbed(quick_settings(home))


@pytest.fixture
def opened(stack: Path, tmp_path: Path) -> Iterator[app.Workspace]:
    workspace = opened_copy(stack, tmp_path / "home")
    yield workspace
    workspace.close()


def the_scan(opened: app.Workspace) -> Scan:
    with opened.catalog.read() as unit:
        (scan,) = unit.scans.all()
    return scan


def strip(opened: app.Workspace) -> restack.Strip:
    return restack.strip(the_scan(opened).scan_id, opened.services)


def holder(opened: app.Workspace, no: int) -> Document:
    found = strip(opened)
    place = next(page for page in found.pages if page.scan_page_no == no)
    return next(d for d in found.documents if d.document_id == place.document_id)


def move(opened: app.Workspace, pages: list[int], into: DocumentId | None) -> tuple[Document, ...]:
    found = strip(opened)
    return restack.move_pages(found.scan_id, pages, into, found.versions, WHO, opened.services)


def aside(opened: app.Workspace, pages: list[int], kind: PageKind = PageKind.BLANK) -> tuple[Document, ...]:
    found = strip(opened)
    return restack.set_aside(found.scan_id, pages, kind, found.versions, WHO, opened.services)


def is_whole(opened: app.Workspace) -> bool:
    return check.run(opened.services, fixity=True).is_clean


def give_roster(opened: app.Workspace) -> None:
    path = opened.settings.home / "roster.csv"
    path.write_text(stub.roster_csv())
    import_csv(opened.engine, path, authority="local")


# --- the strip ---------------------------------------------------------------------------------
def test_the_strip_shows_every_page_once(opened: app.Workspace) -> None:
    """Those set aside too, with where each stands."""
    found = strip(opened)

    assert [page.scan_page_no for page in found.pages] == list(range(1, PAGES + 1))
    assert [page.scan_page_no for page in found.pages if page.is_set_aside] == [5]
    for document in found.documents:
        mine = [page.scan_page_no for page in found.pages if page.document_id == document.document_id]
        assert tuple(mine) == document.pages


def test_an_unknown_scan_has_no_strip(opened: app.Workspace) -> None:
    with pytest.raises(NotFound):
        restack.strip(ScanId("0" * 64), opened.services)


# --- moving ------------------------------------------------------------------------------------
def test_pages_moved_to_a_new_document_speak_for_their_own_patient(opened: app.Workspace) -> None:
    """Its candidates are those of its pages, not those of the document they came from."""
    give_roster(opened)
    joined = move(opened, [3, 4], holder(opened, 1).document_id)[0]

    made = move(opened, [3, 4], None)[0]

    assert made.pages == (3, 4) and joined.pages != made.pages
    leader = opened.roster.get(made.decision.candidates[0].patient_id)
    assert leader is not None and leader.mrn == OTHER.mrn
    assert made.fields.mrn == OTHER.mrn
    assert (made.state, made.patient_id) == (DocumentState.IN_REVIEW, None)
    assert is_whole(opened)


def test_what_a_person_put_together_is_never_filed_by_the_machine(opened: app.Workspace) -> None:
    """Not even where a later roster would settle it: they are looking at it."""
    made = move(opened, [3], None)[0]
    give_roster(opened)
    redecide.decide_again(opened.services)

    assert holder(opened, 3).state is DocumentState.IN_REVIEW
    assert made.decision.outcome is not Outcome.AUTO and made.decision.rule == "person"


def test_a_document_that_gave_its_last_page_is_superseded(opened: app.Workspace) -> None:
    giver, target = holder(opened, 3), holder(opened, 1)

    changed = move(opened, list(giver.pages), target.document_id)

    assert changed[0].pages == tuple(sorted({*target.pages, *giver.pages}))
    assert (changed[1].state, changed[1].pages) == (DocumentState.SUPERSEDED, ())
    assert is_whole(opened)


def test_moving_with_a_version_that_is_no_longer_so_is_refused(opened: app.Workspace) -> None:
    """And a document that the asker did not see give a page is refused as well."""
    before = strip(opened)
    move(opened, [2], None)

    with pytest.raises(ConflictError):
        restack.move_pages(before.scan_id, [1], None, before.versions, WHO, opened.services)
    with pytest.raises(ConflictError):
        restack.move_pages(before.scan_id, [1], None, {}, WHO, opened.services)


def test_pages_of_a_filed_document_stay_until_it_is_reopened(opened: app.Workspace) -> None:
    give_roster(opened)
    redecide.decide_again(opened.services)
    drive(opened.settings)
    filed = holder(opened, 1)
    assert filed.state is DocumentState.FILED

    with pytest.raises(NotAllowedNow, match="undo"):
        move(opened, [1], None)
    review.reopen(filed.document_id, filed.version, "", WHO, opened.services)
    assert move(opened, [1], None)[0].pages == (1,)
    assert is_whole(opened)


def test_moving_nothing_or_a_page_that_is_not_there_is_refused(opened: app.Workspace) -> None:
    target = holder(opened, 1)
    with pytest.raises(UsageError):
        move(opened, list(target.pages), target.document_id)
    with pytest.raises(NotFound):
        move(opened, [PAGES + 1], None)


# --- setting aside -----------------------------------------------------------------------------
def test_a_page_set_aside_by_mistake_comes_back_with_what_it_says(opened: app.Workspace) -> None:
    """The patient it names counts again, else a stranger's page could hide in a document."""
    target = holder(opened, 1)
    aside(opened, [3], PageKind.SEPARATOR)
    assert next(p for p in strip(opened).pages if p.scan_page_no == 3).kind is PageKind.SEPARATOR
    target = holder(opened, 1)

    back = review.take_in(target.scan_id, 3, target.document_id, target.version, WHO, opened.services)

    assert {f.scan_page_no for f in back.findings} >= {1, 3}
    assert next(p for p in strip(opened).pages if p.scan_page_no == 3).kind is PageKind.CONTENT
    assert is_whole(opened)


def test_a_page_set_aside_can_become_a_document_of_its_own(opened: app.Workspace) -> None:
    aside(opened, [3])

    back = review.rescue(the_scan(opened).scan_id, WHO, opened.services, 3)

    assert (back.pages, back.fields.mrn) == ((3,), OTHER.mrn)


def test_a_page_that_nobody_could_read_is_not_set_aside(opened: app.Workspace) -> None:
    """What stands on it is not known; it would be lost."""
    scan = the_scan(opened)
    with opened.catalog.write() as unit:
        unit.pages.mark(scan.scan_id, {1: PageKind.FAILED})

    with pytest.raises(NotAllowedNow, match="could not be read"):
        aside(opened, [1])


def test_only_blanks_and_separators_are_set_aside(opened: app.Workspace) -> None:
    with pytest.raises(UsageError):
        aside(opened, [1], PageKind.CONTENT)


# --- turning -----------------------------------------------------------------------------------
SIDEWAYS = "hqvb dnp\nwx oo rtl"


def only_upright_at(turn: int) -> Callable[[Any, Scan, int], PageReading]:
    """A reader to whom page 1 makes sense only at this turn."""
    known = stub.StubWorkers._read_or_load

    def read(self: stub.StubWorkers, scan: Scan, no: int) -> PageReading:
        if no != 1 or scan.turn_of(1) == turn:
            return known(self, scan, no)
        found = stub.reading_of(SIDEWAYS, 1)
        return dataclasses.replace(found, rotation_degrees=scan.turn_of(1) or 0)

    return read


def test_a_turned_page_is_read_again(opened: app.Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says now counts for fields and candidates; what was read before is kept with it."""
    give_roster(opened)
    monkeypatch.setattr(stub.StubWorkers, "_read_or_load", only_upright_at(180))
    own = holder(opened, 1)
    sideways = restack.rotate(own.scan_id, 1, 90, own.version, WHO, opened.services)

    after = restack.rotate(own.scan_id, 1, 90, sideways.version, WHO, opened.services)

    scan = the_scan(opened)
    reading = readings_of(scan, after, opened.services)[0]
    assert scan.turn_of(1) == reading.rotation_degrees == 180
    assert ONE.mrn in reading.text and after.fields.mrn == ONE.mrn
    assert any("hqvb" in other.text for other in reading.other_texts)
    assert after.state is DocumentState.IN_REVIEW and after.decision.candidates
    page = next(p for p in strip(opened).pages if p.scan_page_no == 1)
    assert (page.rotation_degrees, page.is_turned_by_person) == (180, True)
    assert is_whole(opened)


def test_a_turn_goes_with_the_page_and_survives_later_readings(opened: app.Workspace) -> None:
    own = holder(opened, 1)
    restack.rotate(own.scan_id, 1, 270, own.version, WHO, opened.services)
    made = move(opened, [1], None)[0]
    scan = the_scan(opened)
    again = opened.services.workers.reread_page(scan, 1)

    changed, _ = reread.reread(scan, made, [again], "thorough", WHO, opened.services)

    assert readings_of(scan, changed, opened.services)[0].rotation_degrees == 270


def test_where_nothing_can_be_read_at_the_turn_the_words_turn_along(
    opened: app.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that fails loses no word that was read before."""
    own = holder(opened, 1)
    before = readings_of(the_scan(opened), own, opened.services)[0]
    failed = dataclasses.replace(before, kind=PageKind.FAILED, words=())
    monkeypatch.setattr(stub.StubWorkers, "reread_page", lambda *_, **__: failed)

    after = restack.rotate(own.scan_id, 1, 90, own.version, WHO, opened.services)

    reading = readings_of(the_scan(opened), after, opened.services)[0]
    assert reading.text == before.text and reading.rotation_degrees == 90
    assert (reading.width_px, reading.height_px) == (before.height_px, before.width_px)
    box, old = reading.words[0].box, before.words[0].box
    assert (box.left_px, box.top_px) == (before.height_px - old.bottom_px, old.left_px)


def test_only_quarter_turns_of_pages_in_documents(opened: app.Workspace) -> None:
    own = holder(opened, 1)
    with pytest.raises(UsageError):
        restack.rotate(own.scan_id, 1, 45, own.version, WHO, opened.services)
    with pytest.raises(NotAllowedNow, match="set aside"):
        restack.rotate(own.scan_id, 5, 90, 1, WHO, opened.services)
    with pytest.raises(ConflictError):
        restack.rotate(own.scan_id, 1, 90, own.version + 1, WHO, opened.services)


# --- the paper itself --------------------------------------------------------------------------
def test_an_unreadable_document_keeps_its_paper_until_it_is_reopened(opened: app.Workspace) -> None:
    own = holder(opened, 1)
    kept = review.reject(own.document_id, own.version, DocumentState.PAPER_KEPT, "", WHO, opened.services)
    assert kept.state is DocumentState.PAPER_KEPT and is_whole(opened)

    back = review.reopen(kept.document_id, kept.version, "", WHO, opened.services)
    assert back.state is DocumentState.IN_REVIEW


# --- everything at once ------------------------------------------------------------------------
def test_a_rebuilt_catalog_holds_the_same_stack(opened: app.Workspace) -> None:
    """Places, kinds and turns come back from the event log alone."""
    aside(opened, [2])
    move(opened, [3, 5], None)
    own = holder(opened, 3)
    restack.rotate(own.scan_id, 3, 180, own.version, WHO, opened.services)
    before = strip(opened)
    opened.close()
    (opened.settings.var / "catalog.db").unlink()
    app.initialise(opened.settings, is_rebuild=True)

    again = open_stubbed(opened.settings)
    replay(again.catalog, again.event_log, again.roster)
    found = strip(again)
    clean = is_whole(again)
    again.close()

    assert found.pages == before.pages and clean


class Stack(RuleBasedStateMachine):
    """Any sequence of changes to one scan, on a real catalog and archive."""

    stack: Path
    scratch: Path
    runs = 0

    @initialize()
    def open(self) -> None:
        Stack.runs += 1
        self.home = self.scratch / str(Stack.runs)
        self.opened = opened_copy(self.stack, self.home)

    def teardown(self) -> None:
        if not hasattr(self, "opened"):
            return
        clean = is_whole(self.opened)
        self.opened.close()
        shutil.rmtree(self.home)
        assert clean

    def documents(self) -> tuple[Document, ...]:
        return tuple(d for d in strip(self.opened).documents if d.state in CHANGEABLE)

    def pages(self, data: st.DataObject) -> list[int]:
        return data.draw(st.lists(st.integers(1, PAGES), min_size=1, max_size=4, unique=True))

    @rule(data=st.data())
    def move(self, data: st.DataObject) -> None:
        goal = data.draw(st.sampled_from([None, *(d.document_id for d in self.documents())]))
        self.allowed(lambda: move(self.opened, self.pages(data), goal))

    @rule(data=st.data(), kind=st.sampled_from(restack.ASIDE))
    def put_aside(self, data: st.DataObject, kind: PageKind) -> None:
        self.allowed(lambda: aside(self.opened, self.pages(data), kind))

    @rule(data=st.data())
    def split(self, data: st.DataObject) -> None:
        for document in [d for d in self.documents() if len(d.pages) > 1][:1]:
            at = data.draw(st.integers(2, len(document.pages)))
            review.split(document.document_id, document.version, at, WHO, self.opened.services)

    @rule()
    def join(self) -> None:
        if len(found := self.documents()) > 1:
            one, two = found[:2]
            review.join(one.document_id, one.version, two.document_id, two.version, WHO, self.opened.services)

    @rule(data=st.data(), is_new=st.booleans())
    def bring_back(self, data: st.DataObject, is_new: bool) -> None:
        loose = [page.scan_page_no for page in strip(self.opened).pages if page.is_set_aside]
        if not loose:
            return
        no, scan_id = data.draw(st.sampled_from(loose)), the_scan(self.opened).scan_id
        found = self.documents()
        if is_new or not found:
            review.rescue(scan_id, WHO, self.opened.services, no)
        else:
            goal = found[0]
            review.take_in(scan_id, no, goal.document_id, goal.version, WHO, self.opened.services)

    @rule(no=st.integers(1, PAGES), degrees=st.sampled_from((90, 180, 270)))
    def turn(self, no: int, degrees: int) -> None:
        page = next(p for p in strip(self.opened).pages if p.scan_page_no == no)
        if page.document_id is not None and page.version is not None:
            scan_id = the_scan(self.opened).scan_id
            restack.rotate(scan_id, no, degrees, page.version, WHO, self.opened.services)

    @invariant()
    def every_page_has_one_place(self) -> None:
        if not hasattr(self, "opened"):
            return
        found = strip(self.opened)
        assert [page.scan_page_no for page in found.pages] == list(range(1, PAGES + 1))
        held = sorted(no for document in found.documents for no in document.pages)
        assert held == sorted(p.scan_page_no for p in found.pages if not p.is_set_aside)
        for document in found.documents:
            assert document.state is DocumentState.IN_REVIEW and document.patient_id is None
            assert document.pages == tuple(sorted(document.pages))
            assert {f.scan_page_no for f in document.findings} <= set(document.pages)

    @staticmethod
    def allowed(change: Callable[[], object]) -> None:
        """A change that has nothing to do is refused, and that is all right."""
        with contextlib.suppress(UsageError, NotAllowedNow):
            change()


def test_no_sequence_of_changes_loses_a_page(stack: Path, tmp_path: Path) -> None:
    """Split, join, move, set aside, bring back, turn, in any order."""
    Stack.stack, Stack.scratch = stack, tmp_path
    machine = Stack.TestCase
    machine.settings = settings(
        max_examples=12,
        stateful_step_count=10,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    machine("runTest").runTest()
