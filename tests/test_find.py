"""Facts about search as people see it: what is shown, under whom, and what never is."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scanindex import app, find, reindex, review
from scanindex.errors import QueryError
from scanindex.model import DocumentState, Patient, SearchOrder, SearchRequest, SearchScope
from scanindex.store import roster_merging
from scanindex.store.roster_import import import_csv
from scanindex.watch import Follower
from tests.crash import stub
from tests.crash.service_main import drive, open_stubbed, quick_settings

WHO = "user:clerk"
FIRST, SECOND, THIRD, FOURTH = stub.PEOPLE
MAIDEN = stub.Person(last="PELLERINOTTE", first="ISOLDE", born=SECOND.born, mrn="60000011")
"""The second person, registered before she married."""


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[app.Workspace]:
    """A workspace with a roster and nothing filed."""
    app.initialise(quick_settings(tmp_path))
    workspace = open_stubbed(quick_settings(tmp_path))
    give_roster(workspace, *stub.PEOPLE, MAIDEN)
    yield workspace
    workspace.close()


def give_roster(opened: app.Workspace, *people: stub.Person, accept_changes: bool = False) -> None:
    path = opened.settings.home / "roster.csv"
    rows = [f"{p.mrn},{p.last},{p.first},{p.born},F" for p in people]
    path.write_text("\n".join(["mrn,last_name,first_name,birth_date,sex", *rows]) + "\n")
    import_csv(opened.engine, path, authority="local", accept_changes=accept_changes)


def drop(opened: app.Workspace, person: stub.Person, serial: str, *more: str, pages: int = 1) -> None:
    """File a document of so many pages; each says `more` as well."""
    texts = [stub.page_text(person, serial) + "\n" + f"Page {n} of {pages} " + " ".join(more)
             for n in range(1, pages + 1)]  # fmt: skip
    (opened.settings.inbox / f"{serial}.pdf").write_bytes(stub.pdf(texts))
    drive(opened.settings)


def catch_up(opened: app.Workspace) -> None:
    Follower(opened.services, lambda kind, text: None).catch_up()


def person(opened: app.Workspace, who: stub.Person) -> Patient:
    (found,) = opened.roster.by_identifier([who.mrn])
    return found


def ask(opened: app.Workspace, query: str, **wishes: Any) -> find.FoundPage:
    return find.search(dataclasses.replace(SearchRequest(query=query), **wishes), opened.services)


def only_of(opened: app.Workspace, *people: stub.Person) -> SearchScope:
    return SearchScope(patient_ids=frozenset(person(opened, p).patient_id for p in people))


# --- what is shown ------------------------------------------------------------------------
def test_pages_of_a_document_stand_together(opened: app.Workspace) -> None:
    """One entry per document, its matching pages in it, with who, what and when."""
    drop(opened, FIRST, "long", "spleen", pages=3)
    drop(opened, SECOND, "short", "spleen")

    page = ask(opened, "spleen")

    assert (page.total_documents, page.total_pages) == (2, 4)
    assert sorted(found.pages_total for found in page.documents) == [1, 3]
    long = next(found for found in page.documents if found.pages_total == 3)
    assert sorted(hit.page_no for hit in long.hits) == [1, 2, 3]
    assert long.patient == person(opened, FIRST)
    assert long.document.service_date == "1998-04-02"
    assert all("[spleen]" in hit.snippet for hit in long.hits)


def test_paging_shows_every_document_once(opened: app.Workspace) -> None:
    """Steps of one end after the last, and the whole list holds the same."""
    for n, who in enumerate(stub.PEOPLE):
        drop(opened, who, f"d{n}", "spleen")
    seen: list[str] = []
    offset: int | None = 0
    while offset is not None:
        page = ask(opened, "spleen", limit=1, offset=offset, order=SearchOrder.NEWEST)
        seen += [found.document.document_id for found in page.documents]
        offset = page.next_offset

    told: list[tuple[int, int]] = []
    request = SearchRequest(query="spleen", order=SearchOrder.NEWEST)
    whole = find.every(request, opened.services, lambda done, total: told.append((done, total)))

    assert len(seen) == len(set(seen)) == 4
    assert [found.document.document_id for found in whole] == seen
    assert told[-1] == (4, 4)


def test_facets_name_patients(opened: app.Workspace) -> None:
    """Counts are of documents; a patient's is labelled by name."""
    drop(opened, FIRST, "a", "spleen")
    drop(opened, FIRST, "b", "spleen")
    drop(opened, SECOND, "c", "spleen")

    facets = ask(opened, "spleen", facets=True).facets

    assert [(f.label.split(",")[0], f.documents) for f in facets["patient"]] == [
        (FIRST.last, 2),
        (SECOND.last, 1),
    ]
    assert [(f.value, f.documents) for f in facets["year"]] == [("1998", 3)]


@pytest.mark.parametrize(
    "line",
    [
        "okonkwobell",
        "theodora okonkwobell",
        "Okonkwobell, T",
        "70418826",
        "704188",
        "1947-08-23",
        "08/23/1947",
        "patient:okonkwobell spleen",
        "mrn:70418826",
    ],
)
def test_a_line_that_names_a_person_offers_that_person_first(opened: app.Workspace, line: str) -> None:
    """With the number of documents there are; also where no document fits."""
    drop(opened, FIRST, "a")

    (offered,) = ask(opened, line).patients

    assert (offered.patient, offered.documents) == (person(opened, FIRST), 1)


@pytest.mark.parametrize("line", ["hemoglobin", "okonkwobell OR fever", '"okonkwobell"', "type:lab_report"])
def test_other_lines_offer_nobody(opened: app.Workspace, line: str) -> None:
    """Words of the text, operators, phrases and other fields."""
    drop(opened, FIRST, "a")

    assert ask(opened, line).patients == ()


def test_the_beginning_of_a_name_offers_people_only_where_no_document_fits(opened: app.Workspace) -> None:
    """A word on paper comes before everybody whose name begins so."""
    drop(opened, FIRST, "a", "march")

    assert ask(opened, "march").patients == ()
    assert [p.patient.patient_id for p in ask(opened, "marchet").patients] == [
        person(opened, FOURTH).patient_id
    ]


def test_a_query_without_sense_points_at_the_place(opened: app.Workspace) -> None:
    """The character counts from 1."""
    with pytest.raises(QueryError) as refused:
        ask(opened, "spleen colour:red")

    assert refused.value.at == 8


def test_behind_the_end_of_the_list_is_said_to_be_nothing(opened: app.Workspace) -> None:
    """Not that nothing was found."""
    drop(opened, FIRST, "a", "spleen")

    page = ask(opened, "spleen", offset=5)

    assert (page.documents, page.total_documents) == ((), 1)
    assert any("ends with document 1" in note for note in page.notes)
    assert not any("ends with" in note for note in ask(opened, "quinsy", offset=5).notes)


@pytest.mark.parametrize(
    ("query", "is_said"),
    [("type:bogus", True), ("spleen -type:bogus", True), ("type:lab", False), ("type:lab_report", False),
     ('type:"op note"', False), ("type:lab*", False), ("bogus", False)],
)  # fmt: skip
def test_a_type_that_there_is_not_is_said(opened: app.Workspace, query: str, is_said: bool) -> None:
    """An empty list must not look as if no such paper had come; the value is not repeated."""
    notes = ask(opened, query).notes

    assert any("no document type" in note for note in notes) == is_said
    assert not any("bogus" in note for note in notes)


# --- what changed since the index was written -----------------------------------------------
def test_a_document_taken_back_is_gone_before_the_index_knows(opened: app.Workspace) -> None:
    """From hits, counts and facets."""
    drop(opened, FIRST, "a", "spleen")
    drop(opened, SECOND, "b", "spleen")
    with opened.catalog.read() as unit:
        (mine,) = unit.documents.all(patient_id=person(opened, FIRST).patient_id)
    review.reopen(mine.document_id, mine.version, "", WHO, opened.services)

    page = ask(opened, "spleen", facets=True)

    assert [found.patient for found in page.documents] == [person(opened, SECOND)]
    assert (page.total_documents, page.total_pages, page.is_exact_total) == (1, 1, True)
    assert [f.label.split(",")[0] for f in page.facets["patient"]] == [SECOND.last]
    assert ask(opened, f"mrn:{FIRST.mrn}").total_documents == 0


def refile(opened: app.Workspace, who: stub.Person, other: stub.Person) -> None:
    """Correct the one document of `who` to be the other's and file it, index not followed."""
    with opened.catalog.read() as unit:
        (mine,) = unit.documents.all(patient_id=person(opened, who).patient_id)
    settled = review.Settlement(patient_id=person(opened, other).patient_id)
    review.accept(mine.document_id, mine.version, settled, WHO, opened.services)
    assert app.file_now(opened, [mine.scan_id])


def test_a_corrected_document_is_never_shown_under_its_old_patient(opened: app.Workspace) -> None:
    """Before the index catches up it is on its way; after that it is the other's."""
    drop(opened, FIRST, "a", "spleen")
    refile(opened, FIRST, SECOND)

    before = ask(opened, "spleen", facets=True)
    catch_up(opened)
    after = ask(opened, "spleen", facets=True)

    assert (before.documents, before.total_documents, before.on_their_way) == ((), 0, 1)
    assert not any(before.facets.values())
    assert any("on their way" in note for note in before.notes)
    assert [found.patient for found in after.documents] == [person(opened, SECOND)]
    assert (after.on_their_way, ask(opened, f"mrn:{FIRST.mrn}").total_documents) == (0, 0)


def test_a_large_backlog_hides_by_checking(opened: app.Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Totals are no longer exact and nothing is counted by patient, but nothing stale is shown."""
    drop(opened, FIRST, "a", "spleen")
    drop(opened, THIRD, "b", "spleen")
    refile(opened, FIRST, SECOND)
    monkeypatch.setattr(find, "MOST_HIDDEN", 0)

    page = ask(opened, "spleen", facets=True)

    assert [found.patient for found in page.documents] == [person(opened, THIRD)]
    assert (page.total_documents, page.is_exact_total, dict(page.facets)) == (1, False, {})


def test_a_document_whose_patient_was_renamed_stays_in_sight(opened: app.Workspace) -> None:
    """It is indexed again under the new name, and meanwhile found as it was."""
    drop(opened, FIRST, "a", "spleen")
    give_roster(opened, dataclasses.replace(FIRST, last="OKONKWOBELLS"), accept_changes=True)

    (found,) = ask(opened, "spleen").documents
    catch_up(opened)

    assert found.patient and found.patient.display_name.startswith("OKONKWOBELLS")
    assert ask(opened, "name:okonkwobells").total_documents == 1
    assert ask(opened, "name:okonkwobell").total_documents == 1


# --- merged records ---------------------------------------------------------------------------
def test_documents_of_the_survivor_are_found_by_the_name_and_number_that_came_with_a_merge(
    opened: app.Workspace,
) -> None:
    """Also those that were filed before it, and until the two are taken apart again."""
    drop(opened, SECOND, "now", "spleen")
    loser, survivor = person(opened, MAIDEN), person(opened, SECOND)
    roster_merging.merge(opened.catalog, loser.patient_id, survivor.patient_id, "married", WHO)
    catch_up(opened)

    merged = [ask(opened, q).total_documents for q in ("name:pellerinotte", f"mrn:{MAIDEN.mrn}")]
    roster_merging.unmerge(opened.catalog, loser.patient_id, "two sisters", WHO)
    catch_up(opened)

    assert merged == [1, 1]
    assert ask(opened, "name:pellerinotte").total_documents == 0
    assert ask(opened, f"mrn:{SECOND.mrn}").total_documents == 1


def test_a_rebuilt_index_holds_the_names_of_the_roster_as_it_is(opened: app.Workspace) -> None:
    """Not those of the day when a document was filed."""
    drop(opened, SECOND, "now", "spleen")
    loser, survivor = person(opened, MAIDEN), person(opened, SECOND)
    roster_merging.merge(opened.catalog, loser.patient_id, survivor.patient_id, "married", WHO)

    reindex.reindex(opened.services)

    assert ask(opened, "name:pellerinotte").total_documents == 1


# --- who may see what ---------------------------------------------------------------------------
def test_what_may_not_be_seen_has_no_say_in_anything(opened: app.Workspace) -> None:
    """Hits, counts, facets, patients offered, words searched besides, and did-you-mean."""
    drop(opened, FIRST, "a", "spleen haematocrit")
    mine = only_of(opened, SECOND)
    alone = [
        ask(opened, query, scope=mine, facets=True)
        for query in ("spleen", "okonkwobell", "splene", "70418826", "haematocrit", "hem*")
    ]

    for page in alone:
        assert (page.documents, page.patients, page.total_documents, page.total_pages) == ((), (), 0, 0)
        assert not any(page.facets.values()) and page.also_searched == ()
        assert page.did_you_mean is None


def test_another_patients_documents_change_nothing_within_the_scope(opened: app.Workspace) -> None:
    """What is shown of one patient is the same with and without everybody else's paper."""
    drop(opened, SECOND, "b", "spleen")
    scope = only_of(opened, SECOND)
    alone = [ask(opened, q, scope=scope, facets=True) for q in ("spleen", "isolde", "spleem")]
    for n in range(3):
        drop(opened, FIRST, f"a{n}", "spleen spleem isolde")
    beside = [ask(opened, q, scope=scope, facets=True) for q in ("spleen", "isolde", "spleem")]

    for one, two in zip(alone, beside, strict=True):
        assert told(one) == told(two)


def told(page: find.FoundPage) -> tuple[object, ...]:
    """Everything that is shown but scores and times."""
    documents = [(f.document, f.patient, f.is_look_alike, [(h.page_no, h.snippet) for h in f.hits])
                 for f in page.documents]  # fmt: skip
    return (
        documents, page.patients, page.total_documents, page.total_pages, dict(page.facets),
        page.did_you_mean, page.also_searched, page.notes,
    )  # fmt: skip


def test_labels_that_may_not_be_seen_hide_documents(opened: app.Workspace) -> None:
    """From hits and counts, and from what is counted of a patient who is offered."""
    drop(opened, FIRST, "a", "spleen")
    drop(opened, FIRST, "b", "spleen")
    with opened.catalog.read() as unit:
        one, _ = unit.documents.all(DocumentState.FILED)
    review.relabel(one.document_id, one.version, ["hiv"], [], "asked", WHO, opened.services)
    drive(opened.settings)
    catch_up(opened)
    scope = SearchScope(without_sensitivity=frozenset({"hiv"}))

    page = ask(opened, "okonkwobell", scope=scope)

    assert (page.total_documents, len(page.documents)) == (1, 1)
    assert [p.documents for p in page.patients] == [1]
    assert ask(opened, "okonkwobell").total_documents == 2


def test_what_is_about_to_be_filed_is_said(opened: app.Workspace) -> None:
    """Decided, in no chart yet: an empty list must not look like the whole truth."""
    drop(opened, FIRST, "a", "spleen")
    with opened.catalog.read() as unit:
        (mine,) = unit.documents.all(patient_id=person(opened, FIRST).patient_id)
    settled = review.Settlement(patient_id=person(opened, SECOND).patient_id)
    review.accept(mine.document_id, mine.version, settled, WHO, opened.services)

    page = ask(opened, "spleen")

    assert page.total_documents == 0
    assert any(note.startswith("1 document(s) are decided and about to be filed") for note in page.notes)
