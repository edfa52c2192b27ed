"""Nobody learns anything of what is closed to them: answers are the same with it and without it.

The same workspace is built several times, with and without somebody's paper; then the same person
asks everything that can be asked, and every byte of the answers is compared. Ids are drawn anew
for each workspace, so they are replaced by what they stand for.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scanindex import app, charts, exports, fetch, find, review, searches
from scanindex.access_model import Access, Right, StaffRole, User, access_of
from scanindex.errors import Forbidden, NotFound, ScanindexError
from scanindex.model import (
    Document,
    DocumentState,
    PatientId,
    SavedSearch,
    SearchOrder,
    SearchRequest,
    Spellings,
)
from tests.crash import stub
from tests.crash.service_main import drive, open_stubbed, quick_settings
from tests.test_find import give_roster

WHO = "user:clerk"
LABEL = "hiv"
ANN = stub.Person(last="TREGARTHWAITE", first="ANNIS", born="1950-01-19", mrn="80114702")
BEN = stub.Person(last="MOLLENHAUER", first="BENNO", born="1944-09-02", mrn="80223518")
NAMESAKE = stub.Person(last="TREGARTHWAITE", first="ANNICE", born="1971-12-08", mrn="80114709")
"""On the other list: would be offered beside the first, and has a number like hers."""
CORA = stub.Person(last="OSTERGAARDE", first="CORALIE", born="1939-05-27", mrn="80347761")
HERS, OTHERS = (ANN, BEN), (NAMESAKE, CORA)

QUERIES = (
    "spleen", "spleem", "splenomegaly", "quinsy", "quinzy", "rupturd", "spl*", "hemoglobin", "htn",
    "tregarthwaite", "tregarthwait", "annis", "annice", "ann", "coralie", "cora", "8011", "80347761",
    "1939-05-27", "mrn:80347761", "name:ostergaarde", "patient:tregarthwaite", "type:lab_report",
    "date:1998", "spleen -quinsy", '"ruptured spleen"', "ruptured near/3 spleen", "sensitivity:hiv",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    who: stub.Person
    serial: str
    day: str
    """As printed."""
    words: str
    is_labelled: bool = False


PAPERS = (
    Paper(who=ANN, serial="a1", day="04/02/1998", words="ruptured spleen seen"),
    Paper(who=ANN, serial="a2", day="05/11/1999", words="spleen spleen quinsy and hypertension"),
    Paper(who=ANN, serial="a3", day="06/12/2000", words="spleen ruptured again", is_labelled=True),
    Paper(who=BEN, serial="b1", day="07/13/2001", words="nothing but a cough"),
    Paper(who=NAMESAKE, serial="n1", day="04/03/1998", words="spleen spleem splenomegaly"),
    Paper(who=NAMESAKE, serial="n2", day="08/14/2002", words="quinsy quinzy rupturd", is_labelled=True),
    Paper(who=CORA, serial="c1", day="09/15/2003", words="ruptured spleen spleen spleen htn annis"),
    Paper(who=CORA, serial="c2", day="10/16/2004", words="splat splint splendid coralie"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    opened: app.Workspace
    names: dict[str, str]
    """Ids to what they stand for, the same in every world."""

    def id_of(self, name: str) -> str:
        return next(known for known, meant in self.names.items() if meant == name)

    def patients(self, *people: stub.Person) -> frozenset[PatientId]:
        return frozenset(PatientId(i) for p in people for i, name in self.names.items() if name == p.mrn)


def build(home: Path, people: tuple[stub.Person, ...], papers: tuple[Paper, ...]) -> World:
    app.initialise(quick_settings(home))
    opened = open_stubbed(quick_settings(home))
    give_roster(opened, *people)
    for paper in papers:
        text = stub.page_text(paper.who, paper.serial).replace("04/02/1998", paper.day)
        text = text.replace("Hemoglobin", f"{paper.words}\nHemoglobin")
        (opened.settings.inbox / f"{paper.serial}.pdf").write_bytes(stub.pdf([text]))
    drive(opened.settings)
    documents = {paper.serial: of_paper(opened, paper) for paper in papers}
    for paper in papers:
        if paper.is_labelled:
            it = documents[paper.serial]
            review.relabel(it.document_id, it.version, [LABEL], [], "asked", WHO, opened.services)
    drive(opened.settings)
    names: dict[str, str] = {d.document_id: serial for serial, d in documents.items()}
    names |= {d.scan_id: f"scan {serial}" for serial, d in documents.items()}
    names |= {p.patient_id: one.mrn for one in people for p in opened.roster.by_identifier([one.mrn])}
    return World(opened=opened, names=names)


def of_paper(opened: app.Workspace, paper: Paper) -> Document:
    (patient,) = opened.roster.by_identifier([paper.who.mrn])
    day = datetime.strptime(paper.day, "%m/%d/%Y").replace(tzinfo=UTC).date().isoformat()
    with opened.catalog.read() as unit:
        (found,) = [d for d in unit.documents.all(patient_id=patient.patient_id) if d.service_date == day]
    return found


def unsettle(world: World, serial: str, to: stub.Person) -> None:
    """Refile a paper without telling the index, so that there is something on its way."""
    document_id = world.id_of(serial)
    with world.opened.catalog.read() as unit:
        known = unit.documents.get(document_id)  # type: ignore[arg-type]
    assert known
    (patient_id,) = world.patients(to)
    review.accept(
        known.document_id, known.version, review.Settlement(patient_id=patient_id), WHO, world.opened.services
    )
    app.file_now(world.opened, [known.scan_id])


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], World]]:
    made: dict[str, World] = {}

    def world(name: str) -> World:
        if name not in made:
            people = {"hers": HERS, "others": OTHERS}.get(name, (*HERS, *OTHERS))
            papers = tuple(
                p for p in PAPERS if p.who in people and not (name == "unlabelled" and p.is_labelled)
            )
            made[name] = build(tmp_path_factory.mktemp(name), people, papers)
            if name == "whole and behind":
                unsettle(made[name], "c1", NAMESAKE)
        return made[name]

    yield world
    for one in made.values():
        one.opened.close()


# --- people ---------------------------------------------------------------------------------
def user(*roles: StaffRole, **more: Any) -> User:
    return User(login="somebody", name="Some Body", roles=roles, created_at=datetime(2026, 1, 1, tzinfo=UTC),
                **more)  # fmt: skip


def clinician(world: World, *people: stub.Person, opened: tuple[stub.Person, ...] = ()) -> Access:
    listed = user(StaffRole.CLINICIAN, patient_ids=world.patients(*people))
    return access_of(listed, [LABEL], world.patients(*opened))


def clerk(_world: World) -> Access:
    return access_of(user(StaffRole.CLERK), [LABEL])


def supervisor(_world: World) -> Access:
    return access_of(user(StaffRole.SUPERVISOR), [LABEL])


# --- everything that can be asked --------------------------------------------------------------
def answers(world: World, access: Access) -> dict[str, str]:
    """By question, each as text without ids, moments and durations."""
    services = world.opened.services
    found: dict[str, Any] = {}
    for query in QUERIES:
        for spellings in (Spellings.AUTO, Spellings.ALIKE):
            request = SearchRequest(query=query, spellings=spellings, facets=True, scope=access.scope)
            found[f"search {query} {spellings}"] = find.search(request, services)
        second = SearchRequest(query=query, limit=1, offset=1, scope=access.scope)
        found[f"second {query}"] = find.search(second, services)
        newest = SearchRequest(query=query, order=SearchOrder.NEWEST, scope=access.scope)
        found[f"export {query}"] = list(exports.rows(find.every(newest, services), per_page=True))
        saved = SavedSearch(owner=WHO, name="x", query=query, order=SearchOrder.NEWEST, created_at=_LONG_AGO)
        found[f"news {query}"] = searches.news(saved, services, access.scope)
        for limit in (1, 5):
            found[f"typeahead {query} {limit}"] = services.registry.suggest(
                query, limit, within=access.scope.people
            )
    for person in HERS:
        asked = partial(charts.chart, access, _id(world, person), services)
        found[f"chart {person.mrn}"] = _tried(asked)
    return {question: _plain(answer, world) for question, answer in found.items()}


_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_LEFT_OUT = {"seconds", "filed_at", "created_at", "recheck"}
"""Moments; and that somebody will look at a paper again, which its readers shall know though the
reason is a misfiled one beside it."""


def _id(world: World, person: stub.Person) -> str:
    return next(iter(world.patients(person)), "")


def _tried(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except ScanindexError as error:
        return [error.code, str(error), error.detail]


def _plain(answer: Any, world: World) -> str:
    data = msgspec.to_builtins(answer, enc_hook=lambda value: sorted(value))
    text = json.dumps(data)
    for known, meant in world.names.items():
        text = text.replace(known, meant)
    return json.dumps(_timeless(json.loads(text)), sort_keys=True)


def _timeless(data: Any) -> Any:
    if isinstance(data, dict):
        kept = {k: _timeless(v) for k, v in data.items() if k not in _LEFT_OUT}
        if "facets" in kept:  # equal counts stand by id, and those are drawn by chance
            kept["facets"] = {k: sorted(map(json.dumps, v)) for k, v in kept["facets"].items()}
        return kept
    return [_timeless(one) for one in data] if isinstance(data, list | tuple) else data


def differing(one: dict[str, str], two: dict[str, str]) -> list[str]:
    return [question for question in one if one[question] != two[question]]


# --- with and without ------------------------------------------------------------------------
@pytest.mark.parametrize("whole", ["whole", "whole and behind"])
def test_a_clinician_is_answered_as_if_there_were_no_other_list(
    worlds: Callable[[str], World], whole: str
) -> None:
    """Also while others' papers are on their way into the index."""
    both, alone = worlds(whole), worlds("hers")

    assert differing(answers(both, clinician(both, *HERS)), answers(alone, clinician(alone, *HERS))) == []


def test_the_other_clinician_is_answered_as_if_there_were_no_first(worlds: Callable[[str], World]) -> None:
    both, alone = worlds("whole"), worlds("others")

    assert differing(answers(both, clinician(both, *OTHERS)), answers(alone, clinician(alone, *OTHERS))) == []


def test_a_long_list_is_answered_as_a_short_one(worlds: Callable[[str], World]) -> None:
    """Thousands of patients without papers change nothing, whichever way the index takes."""
    both = worlds("whole")
    short = clinician(both, *HERS)
    ids = frozenset(PatientId(f"nobody{n}") for n in range(2_000)) | (short.patient_ids or frozenset())

    long = dataclasses.replace(short, patient_ids=ids)

    assert differing(answers(both, short), answers(both, long)) == []


def test_a_clerk_without_leave_is_answered_as_if_nothing_were_labelled(
    worlds: Callable[[str], World],
) -> None:
    """But for the chart, which says that something is closed to who may open it."""
    both, alone = worlds("whole"), worlds("unlabelled")

    assert differing(answers(both, clerk(both)), answers(alone, clerk(alone))) == [f"chart {ANN.mrn}"]


def test_a_supervisor_is_answered_with_everything(worlds: Callable[[str], World]) -> None:
    """The comparison can fail: who may see it all is told of it."""
    both, alone = worlds("whole"), worlds("hers")

    told = differing(answers(both, supervisor(both)), answers(alone, supervisor(alone)))

    assert len(told) > len(QUERIES)


def test_a_chart_opened_by_breaking_the_glass_is_open_wholly_and_alone(
    worlds: Callable[[str], World],
) -> None:
    """Its labelled papers too; those of others stay closed."""
    both = worlds("whole")
    access = clinician(both, BEN, opened=(NAMESAKE,))
    word = SearchRequest(query="hemoglobin", facets=True, scope=access.scope)
    page = find.search(word, both.opened.services)
    typed = find.search(dataclasses.replace(word, query="tregarthwaite"), both.opened.services)

    assert sorted(both.names[f.document.document_id] for f in page.documents) == ["b1", "n1", "n2"]
    assert {f.value: f.documents for f in page.facets["patient"]} == {
        _id(both, NAMESAKE): 2, _id(both, BEN): 1,
    }  # fmt: skip
    assert [(p.patient.mrn, p.documents) for p in typed.patients] == [(NAMESAKE.mrn, 2)]


# --- one thing by its id ------------------------------------------------------------------------
def refusals(world: World, access: Access, name: str) -> list[Any]:
    services, it = world.opened.services, world.id_of(name) if name != "?" else "nothing-of-that-id"
    return [
        _tried(lambda: fetch.document(access, it, services)),
        _tried(lambda: fetch.patient(access, it, services)),
        _tried(lambda: charts.chart(access, it, services)),
        _tried(lambda: fetch.scan(access, it, services)),
        _tried(lambda: fetch.scan_documents(access, it, services)),
        _tried(lambda: fetch.whole_scan(access, it, services)),
        _tried(lambda: fetch.scan_page(access, it, 1, services)),
        _tried(lambda: fetch.reading_text(access, it, 1, services)),
        fetch.may_see_whole_scan(access, it, services),
    ]


@pytest.mark.parametrize("name", ["c1", "n1", "scan c1", CORA.mrn, "a3", "scan a3"])
def test_what_is_closed_is_refused_like_what_is_not_there(worlds: Callable[[str], World], name: str) -> None:
    """The same words, whatever is asked for: others' papers, people, scans; and one's own labelled one."""
    both = worlds("whole")
    access = clinician(both, *HERS)

    assert refusals(both, access, name) == refusals(both, access, "?")


def test_refusals_are_written_down(worlds: Callable[[str], World]) -> None:
    """Of what is closed and of what is not there; an id that is none is not kept."""
    both = worlds("whole")
    access = clinician(both, *HERS)
    with both.opened.catalog.read() as unit:
        before = unit.events.last_seq()
    for asked in (both.id_of("c1"), "nothing-of-that-id", "Jane Doe / 1950"):
        with pytest.raises(NotFound):
            fetch.document(access, asked, both.opened.services)
    kept = [e for e in both.opened.services.event_log.read() if e.seq > before and e.kind == "denied"]

    assert [e.actor for e in kept] == ["user:somebody"] * 3
    assert [e.payload.get("object_id", "") for e in kept] == [both.id_of("c1"), "nothing-of-that-id", ""]


def test_own_papers_are_found_by_their_id(worlds: Callable[[str], World]) -> None:
    """With the scan they came in, its pages and their text."""
    both = worlds("whole")
    access, services = clinician(both, *HERS), both.opened.services
    mine, scan = both.id_of("a1"), both.id_of("scan a1")

    assert fetch.document(access, mine, services).document_id == mine
    assert [d.document_id for d in fetch.scan_documents(access, scan, services)] == [mine]
    assert fetch.may_see_whole_scan(access, scan, services)
    assert fetch.whole_scan(access, scan, services).name == "a1.pdf"
    assert "ruptured spleen seen" in fetch.reading_text(access, mine, 1, services)


def test_a_chart_is_a_timeline(worlds: Callable[[str], World]) -> None:
    """Newest first; that something is closed is said, not how much."""
    both = worlds("whole")
    seen = charts.chart(clerk(both), _id(both, ANN), both.opened.services)
    whole = charts.chart(supervisor(both), _id(both, ANN), both.opened.services)

    assert [both.names[d.document_id] for d in seen.dated] == ["a2", "a1"]
    assert [both.names[d.document_id] for d in whole.dated] == ["a3", "a2", "a1"]
    assert (seen.some_closed, whole.some_closed) == (True, False)


@pytest.mark.parametrize("role", [StaffRole.AUDITOR, StaffRole.ADMINISTRATOR])
def test_who_is_not_here_to_read_is_told_so(worlds: Callable[[str], World], role: StaffRole) -> None:
    """A missing right is no secret."""
    both = worlds("whole")
    with pytest.raises(Forbidden):
        fetch.document(access_of(user(role), [LABEL]), both.id_of("a1"), both.opened.services)


# --- a scan of two patients ---------------------------------------------------------------------
@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[app.Workspace]:
    """One scan with a document of each of two patients, and one that waits for a person."""
    settings = quick_settings(tmp_path_factory.mktemp("stack"))
    app.initialise(settings)
    opened = open_stubbed(settings)
    give_roster(opened, *stub.PEOPLE)
    (settings.inbox / "both.pdf").write_bytes(stub.two_documents("x"))
    (settings.inbox / "who.pdf").write_bytes(stub.pdf([stub.page_text(stub.STRANGER, "y")]))
    drive(settings)
    yield opened
    opened.close()


def listed(opened: app.Workspace, *people: stub.Person) -> Access:
    ids = frozenset(p.patient_id for one in people for p in opened.roster.by_identifier([one.mrn]))
    return access_of(user(StaffRole.CLINICIAN, patient_ids=ids), [LABEL])


def test_a_scan_of_two_patients_is_whole_only_to_who_may_see_both(stack: app.Workspace) -> None:
    """Others get their own document's pages, and not the name of the file."""
    services, one, both = stack.services, listed(stack, stub.PEOPLE[0]), listed(stack, *stub.PEOPLE[:2])
    with stack.catalog.read() as unit:
        (mine,) = unit.documents.all(patient_id=next(iter(one.patient_ids or ())))

    assert fetch.scan(one, mine.scan_id, services).name == ""
    assert [d.document_id for d in fetch.scan_documents(one, mine.scan_id, services)] == [mine.document_id]
    assert not fetch.may_see_whole_scan(one, mine.scan_id, services)
    assert fetch.scan_page(one, mine.scan_id, mine.pages[0], services)
    with pytest.raises(NotFound):
        fetch.scan_page(one, mine.scan_id, 3 - mine.pages[0], services)
    with pytest.raises(NotFound):
        fetch.whole_scan(one, mine.scan_id, services)
    assert fetch.whole_scan(both, mine.scan_id, services).name == "both.pdf"


def test_what_waits_is_for_who_settles_it(stack: app.Workspace) -> None:
    """Not for readers, though they may see everybody."""
    with stack.catalog.read() as unit:
        (waiting,) = unit.documents.all(DocumentState.IN_REVIEW)
    settles = access_of(user(StaffRole.CLERK), [LABEL])
    reads = access_of(user(StaffRole.CLERK), [LABEL], only=frozenset({Right.READ}))

    assert fetch.document(settles, waiting.document_id, stack.services) == waiting
    assert fetch.may_see_whole_scan(settles, waiting.scan_id, stack.services)
    with pytest.raises(NotFound):
        fetch.document(reads, waiting.document_id, stack.services)
    with pytest.raises(NotFound):
        fetch.scan(reads, waiting.scan_id, stack.services)
