"""What every search index promises (`ports.SearchIndex`), whichever engine runs it.

To add a back-end, add its factory to BACK_ENDS; every test here must pass as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scanindex.errors import UsageError
from scanindex.index import plan
from scanindex.model import (
    DocumentId,
    IndexPage,
    PatientId,
    SearchOrder,
    SearchRequest,
    SearchResult,
    SearchScope,
    Spellings,
)


def _whoosh(path: Path) -> Any:
    from scanindex.index.whoosh_index import WhooshIndex

    return WhooshIndex(path)


def _tantivy(path: Path) -> Any:
    pytest.importorskip("tantivy")
    from scanindex.index.tantivy_index import TantivyIndex

    return TantivyIndex(path)


BACK_ENDS: dict[str, Callable[[Path], Any]] = {"whoosh": _whoosh, "tantivy": _tantivy}


@pytest.fixture(params=sorted(BACK_ENDS))
def open_index(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Any]:
    """Opens the same index again and again, as separate processes would."""
    return lambda: BACK_ENDS[request.param](tmp_path / "index")


@pytest.fixture
def index(open_index: Callable[[], Any]) -> Any:
    return open_index()


def page(document: str, page_no: int, text: str, **changes: Any) -> IndexPage:
    values: dict[str, Any] = {
        "document_id": DocumentId(document),
        "version": 1,
        "page_no": page_no,
        "text": text,
        "patient_id": PatientId("p-marsh"),
        "patient_name": "MARSH, Odile Tamsin QUILLER",
        "mrns": ("0047-118",),
        "birth_date": "1931-07-09",
        "document_type": "operative_report",
        "service_date": "1998-03-02",
        "provider": "Dr. Anselm Rook",
        "facility": "Harbour Wing",
        "source": "boxes/a7",
        "filed_at": datetime(2025, 5, 4, 22, 30, tzinfo=UTC),
    }
    return IndexPage(**(values | changes))


def doc(document: str, *texts: str, **changes: Any) -> tuple[DocumentId, list[IndexPage]]:
    pages = [page(document, number, text, **changes) for number, text in enumerate(texts, start=1)]
    return DocumentId(document), pages


def ask(index: Any, query: str, **wishes: Any) -> SearchResult:
    return index.search(SearchRequest(query=query, **wishes))


def places(result: SearchResult) -> list[tuple[str, int]]:
    return [(hit.document_id, hit.page_no) for hit in result.hits]


def found(index: Any, query: str) -> set[tuple[str, int]]:
    return set(places(ask(index, query, limit=100, pages_per_document=100)))


# --- apply ----------------------------------------------------------------------
def test_a_new_index_is_empty_and_answers(index: Any) -> None:
    """Before the first document a search finds nothing and is no error."""
    assert index.search("spleen").total == 0
    assert {k: index.info()[k] for k in ("documents", "pages", "seq")} == {
        "documents": 0,
        "pages": 0,
        "seq": 0,
    }


def test_an_applied_page_is_found_at_once_and_by_others(index: Any, open_index: Callable[[], Any]) -> None:
    """The writer and a reader that was open before both see the commit."""
    reader = open_index()
    assert reader.search("spleen").total == 0
    index.apply(7, [doc("d1", "a ruptured spleen", "nothing else")])
    assert found(index, "spleen") == found(reader, "spleen") == {("d1", 1)}
    assert index.info()["seq"] == reader.info()["seq"] == 7


def test_replaying_an_apply_never_doubles_a_hit(index: Any) -> None:
    """The outbox may deliver the same item any number of times."""
    for _ in range(3):
        index.apply(1, [doc("d1", "a ruptured spleen", "second page")])
    assert index.search("ruptured").total == 1
    assert (index.info()["documents"], index.info()["pages"]) == (1, 2)


def test_a_document_twice_in_one_apply_counts_once_and_the_last_wins(index: Any) -> None:
    index.apply(1, [doc("d1", "an early reading"), doc("d1", "a later reading")])
    assert index.search("early").total == 0
    assert index.search("later").total == 1


def test_renewing_replaces_text_patient_and_version(index: Any) -> None:
    """A corrected document is never found under its old patient or words."""
    index.apply(1, [doc("d1", "left knee", "old second page")])
    corrected = doc("d1", "right knee", patient_name="OTHER, Person", patient_id="p2", version=2)
    index.apply(2, [corrected])
    assert found(index, "patient:marsh") == found(index, "left") == found(index, "second") == set()
    (hit,) = index.search("name:other knee").hits
    assert (hit.version, hit.page_no) == (2, 1)
    assert index.info()["pages"] == 1


def test_an_empty_sequence_removes_the_document(index: Any) -> None:
    index.apply(1, [doc("d1", "one"), doc("d2", "two")])
    index.apply(2, [(DocumentId("d1"), [])])
    assert (found(index, "patient:marsh"), index.info()["documents"]) == ({("d2", 1)}, 1)


def test_removing_what_is_not_there_only_moves_the_sequence_number(index: Any) -> None:
    index.apply(5, [(DocumentId("d9"), [])])
    assert (index.info()["seq"], index.info()["pages"]) == (5, 0)


def test_an_index_survives_being_opened_again(open_index: Callable[[], Any]) -> None:
    open_index().apply(3, [doc("d1", "a ruptured spleen")])
    again = open_index()
    assert (found(again, "ruptured"), again.info()["seq"]) == ({("d1", 1)}, 3)


def test_odd_pages_are_indexed_like_others(index: Any) -> None:
    """No text, no person, undecodable bytes, rubbish of any length: filing never fails on them."""
    rubbish = "\ud800 \x00 " + "x-" * 3_000 + " " + "Ω" * 5_000 + " spleen"
    index.apply(
        1,
        [
            doc("d1", "", rubbish, source="boxes/\udcff"),
            doc("d2", "knee", patient_id=None, patient_name="", mrns=(), provider=None, facility=None),
        ],
    )
    assert found(index, "source:boxes/\udcff patient:marsh") == {("d1", 1), ("d1", 2)}
    assert (found(index, "spleen"), found(index, "knee")) == ({("d1", 2)}, {("d2", 1)})


# --- rebuild ---------------------------------------------------------------------
def test_rebuild_replaces_everything_and_says_how_many_pages(index: Any) -> None:
    index.apply(1, [doc("d1", "old words")])
    assert index.rebuild([doc("d2", "new words", "more words")], seq=9) == 2
    assert found(index, "words") == {("d2", 1), ("d2", 2)}
    assert {k: index.info()[k] for k in ("documents", "pages", "seq")} == {
        "documents": 1,
        "pages": 2,
        "seq": 9,
    }


def test_searching_goes_on_during_a_rebuild(index: Any, open_index: Callable[[], Any]) -> None:
    """Until the swap everybody sees the old index, afterwards the new one."""
    index.apply(1, [doc("d1", "old words")])
    reader = open_index()
    seen: list[set[tuple[str, int]]] = []

    def documents() -> Any:
        seen.append(found(reader, "words"))
        yield doc("d2", "new words")
        seen.append(found(index, "words"))

    index.rebuild(documents(), seq=2)
    assert seen == [{("d1", 1)}, {("d1", 1)}]
    assert found(reader, "words") == {("d2", 1)}


def test_a_rebuild_that_fails_leaves_the_old_index(index: Any) -> None:
    index.apply(4, [doc("d1", "old words")])

    def documents() -> Any:
        yield doc("d2", "new words")
        raise RuntimeError("the archive went away")

    with pytest.raises(RuntimeError):
        index.rebuild(documents(), seq=5)
    assert (found(index, "words"), index.info()["seq"]) == ({("d1", 1)}, 4)


def test_rebuild_and_applies_give_the_same_answers(index: Any, open_index: Callable[[], Any]) -> None:
    documents = [doc(f"d{n}", f"knee number {n}", f"shared word {n % 3}") for n in range(12)]
    for seq, document in enumerate(documents, start=1):
        index.apply(seq, [document])
    queries = ["knee", '"number 7"', "shared 1", "kne*", "type:operative -shared"]
    before = [found(index, q) for q in queries]
    index.rebuild(documents, seq=12)
    assert [found(index, q) for q in queries] == before


# --- words, phrases, operators ------------------------------------------------------
@pytest.fixture
def filled(index: Any) -> Any:
    index.apply(
        1,
        [
            doc("d1", "The patient fell on 03/12/1987 and had an x-ray film; dose 500mg."),
            doc("d2", "Dr O'Neil: no fracture of the left wrist, number 12-34-567"),
            doc("d3", "Naïve café wrist left swollen. The who was not seen", service_date="2003-05"),
            doc("d4", "nothing of note", patient_id="p2", patient_name="ROOK, Ines", mrns=("88",)),
        ],
    )
    return index


@pytest.mark.parametrize(
    ("query", "documents"),
    [
        ("fracture wrist", {"d2"}),
        ("fracture AND wrist", {"d2"}),
        ("WRIST", {"d2", "d3"}),
        ("fracture OR swollen", {"d2", "d3"}),
        ("wrist fracture OR swollen", {"d2", "d3"}),
        ("wrist (fracture OR film)", {"d2"}),
        ("wrist -fracture", {"d3"}),
        ("wrist NOT swollen", {"d2"}),
        ('wrist -"left wrist"', {"d3"}),
        ('"left wrist"', {"d2"}),
        ('"wrist left"', {"d3"}),
        ('"the who was not"', {"d3"}),
        ("swol*", {"d3"}),
        ("sw*len", {"d3"}),
        ("03/12/1987", {"d1"}),
        ('"on 03/12/1987 and"', {"d1"}),
        ("1987", {"d1"}),
        ("12-34-567", {"d2"}),
        ("1234567", {"d2"}),
        ("567", {"d2"}),
        ("O'Neil", {"d2"}),
        ("oneil", {"d2"}),
        ("neil", {"d2"}),
        ("x-ray", {"d1"}),
        ("xray", {"d1"}),
        ("ray", {"d1"}),
        ('"x ray film"', {"d1"}),
        ("500mg", {"d1"}),
        ('"500 mg"', {"d1"}),
        ("500", {"d1"}),
        ("naive cafe", {"d3"}),
        ("NAÏVE", {"d3"}),
    ],
)
def test_words_are_found_as_typed_and_in_parts(filled: Any, query: str, documents: set[str]) -> None:
    """Case, accents and punctuation do not matter; stop words do not break phrases."""
    assert {document for document, _ in found(filled, query)} == documents


@pytest.mark.parametrize(
    ("query", "documents"),
    [
        ("patient:marsh", {"d1", "d2", "d3"}),
        ('patient:"odile marsh"', {"d1", "d2", "d3"}),
        ("patient:quiller", {"d1", "d2", "d3"}),
        ("patient:rook", {"d4"}),
        ("patient:0047-118", {"d1", "d2", "d3"}),
        ("name:qui*", {"d1", "d2", "d3"}),
        ("mrn:47118", {"d1", "d2", "d3"}),
        ("mrn:0047118", {"d1", "d2", "d3"}),
        ("mrn:88", {"d4"}),
        ("mrn:8", set()),
        ("provider:rook", {"d1", "d2", "d3", "d4"}),
        ("facility:harbour wrist", {"d2", "d3"}),
        ("type:operative", {"d1", "d2", "d3", "d4"}),
        ("type:operative_report", {"d1", "d2", "d3", "d4"}),
        ('type:"operative report" -wrist', {"d1", "d4"}),
        ("type:letter", set()),
        ("source:boxes/a7 wrist", {"d2", "d3"}),
        ("date:1998", {"d1", "d2", "d4"}),
        ("date:1998-03", {"d1", "d2", "d4"}),
        ("date:1998-03-02", {"d1", "d2", "d4"}),
        ("date:1998-04", set()),
        ("date:1998..2003", {"d1", "d2", "d3", "d4"}),
        ("date:1999..", {"d3"}),
        ("date:..1998", {"d1", "d2", "d4"}),
        ("date:2003", {"d3"}),
        ("date:2003-05-04", set()),
        ("dob:1931", {"d1", "d2", "d3", "d4"}),
        ("dob:07/09/1931 swollen", {"d3"}),
        ("dob:09.07.1931 swollen", {"d3"}),
        ("filed:2025-05-04 swollen", {"d3"}),
        ("marsh wrist", {"d2", "d3"}),
    ],
)
def test_fields_narrow_the_search(filled: Any, query: str, documents: set[str]) -> None:
    """A partial date fits where all of it is inside; plain words find the patient too."""
    assert {document for document, _ in found(filled, query)} == documents


def test_an_undated_page_fits_no_date(index: Any) -> None:
    index.apply(1, [doc("d1", "words", service_date=None, birth_date=None)])
    assert index.search("date:..2100").total == index.search("dob:1900..").total == 0


# --- hits ------------------------------------------------------------------------
def test_a_hit_names_the_words_of_the_page(filled: Any) -> None:
    """Word numbers count the page's words from 0 and the snippet marks the same words."""
    (hit,) = filled.search('wrist "no fracture"').hits
    words = ["Dr", "O'Neil:", "no", "fracture", "of", "the", "left", "wrist,", "number", "12-34-567"]
    assert [words[n] for n in hit.word_numbers] == ["no", "fracture", "wrist,"]
    assert hit.snippet == "Dr O'Neil: [no] [fracture] of the left [wrist,] number 12-34-567"


def test_a_hit_by_field_alone_shows_the_page_without_marks(filled: Any) -> None:
    (hit,) = filled.search("mrn:88").hits
    assert (hit.snippet, hit.word_numbers) == ("nothing of note", ())


def test_a_long_page_is_cut_around_the_hits(index: Any) -> None:
    words = [f"w{n}w" for n in range(400)]
    words[250] = "spleen"
    index.apply(1, [doc("d1", " ".join(words))])
    (hit,) = index.search("spleen").hits
    assert hit.word_numbers == (250,)
    assert "w249w [spleen] w251w" in hit.snippet
    assert len(hit.snippet.split()) < 40


def test_pages_with_more_of_the_words_come_first(index: Any) -> None:
    index.apply(
        1,
        [
            doc("d1", "spleen " + "filler " * 30),
            doc("d2", "spleen spleen spleen " + "filler " * 28),
            doc("d3", "filler " * 31),
        ],
    )
    assert places(index.search("spleen")) == [("d2", 1), ("d1", 1)]


def test_equal_pages_come_newest_first(index: Any) -> None:
    for seq, year in enumerate((1990, 2001, 1975), start=1):
        index.apply(seq, [doc(f"y{year}", "same", service_date=f"{year}-01-01")])
    assert [d for d, _ in places(index.search("patient:marsh"))] == ["y2001", "y1990", "y1975"]


def test_paging_covers_every_page_once_and_the_total_is_exact(index: Any) -> None:
    index.apply(1, [doc(f"d{n:02}", "knee", "knee knee") for n in range(15)])
    pages = [places(ask(index, "knee", limit=7, offset=start)) for start in range(0, 35, 7)]
    everything = [place for part in pages for place in part]
    assert len(everything) == len(set(everything)) == ask(index, "knee", limit=1).total == 30


# --- look-alikes --------------------------------------------------------------------
def test_misread_words_are_found_when_exact_hits_are_few(index: Any) -> None:
    """Confused letters and single slips count, after the exact pages, and it is said."""
    index.apply(1, [doc("d1", "the rnodern splcen was rupturod"), doc("d2", "a modern spleen")])
    result = index.search("modern spleen")
    assert places(result) == [("d2", 1), ("d1", 1)]
    assert result.notes == ("includes look-alikes",)
    assert result.hits[1].word_numbers == (1, 2)
    assert found(index, "ruptured") == {("d1", 1)}


def test_misread_words_are_left_out_when_there_are_enough_exact_hits(index: Any) -> None:
    index.apply(1, [doc(f"d{n}", "the spleen") for n in range(3)] + [doc("d9", "the splcen")])
    result = index.search("spleen")
    assert (result.total, result.notes) == (3, ())


def test_a_number_with_another_digit_is_no_look_alike(index: Any) -> None:
    index.apply(1, [doc("d1", "number 4711823")])
    assert index.search("4711824").total == 0


def test_what_is_left_out_is_meant_exactly(index: Any) -> None:
    """A look-alike of an unwanted word must not hide a page."""
    index.apply(1, [doc("d1", "rnodern knee")])
    assert index.search("knee -modern").total == 1


# --- limits -------------------------------------------------------------------------
def test_only_permitted_patients_are_searched_and_counted(filled: Any) -> None:
    """The permission filter works inside the query, totals included."""
    result = ask(filled, "operative", scope=SearchScope(patient_ids=frozenset({PatientId("p2")})))
    assert (places(result), result.total) == ([("d4", 1)], 1)
    assert ask(filled, "operative", scope=SearchScope(patient_ids=frozenset())).total == 0


def test_a_fault_names_its_place_and_repeats_nothing(filled: Any) -> None:
    with pytest.raises(UsageError) as caught:
        filled.search("knee surname:quiller")
    assert "character 6" in str(caught.value)
    assert "patient" in str(caught.value)
    assert "quiller" not in str(caught.value)
    assert "surname" not in str(caught.value)


def test_a_star_that_means_too_many_words_is_cut_and_said(index: Any) -> None:
    words = [f"ab{chr(97 + n // 26)}{chr(97 + n % 26)}x" for n in range(400)]
    index.apply(1, [doc("d1", " ".join(words))])
    result = index.search("ab*")
    assert result.total == 1
    assert any("most frequent" in note for note in result.notes)


# --- documents, order, facets, scope ---------------------------------------------
CHARTS = (
    doc("a1", "ruptured spleen seen at operation", "the spleen was removed", "nothing of note"),
    doc("a2", "spleen normal", document_type="radiology_report", service_date="2001-05-01", patient_id="p2"),
    doc("a3", "spleen enlarged", service_date=None, provider="Dr. Ilse Varga", patient_id="p2"),
    doc("a4", "spleen tender", service_date="1990", patient_id="p3", sensitivity=("hiv",)),
)


@pytest.fixture
def charts(index: Any) -> Any:
    index.apply(5, CHARTS)
    return index


def test_pages_of_a_document_come_together(charts: Any) -> None:
    result = ask(charts, "spleen", pages_per_document=1)
    assert (result.total, result.total_documents) == (5, 4)
    (found,) = [d for d in result.documents if d.document_id == "a1"]
    assert (len(found.pages), found.pages_total) == (1, 2)


@pytest.mark.parametrize(
    ("order", "expected"), [("newest", ["a2", "a1", "a4", "a3"]), ("oldest", ["a4", "a1", "a2", "a3"])]
)
def test_documents_by_date_leave_undated_ones_for_last(charts: Any, order: str, expected: list[str]) -> None:
    result = ask(charts, "spleen", order=SearchOrder(order))
    assert [d.document_id for d in result.documents] == expected


@pytest.mark.parametrize("order", list(SearchOrder))
def test_pages_of_results_neither_repeat_nor_skip(charts: Any, order: SearchOrder) -> None:
    whole = [d.document_id for d in ask(charts, "spleen", order=order).documents]
    parts = [
        d.document_id
        for n in range(4)
        for d in ask(charts, "spleen", order=order, limit=1, offset=n).documents
    ]
    assert parts == whole


def test_facets_count_documents_not_pages(charts: Any) -> None:
    facets = ask(charts, "spleen", facets=True).facets
    assert facets["type"] == (("operative_report", 3), ("radiology_report", 1))
    assert facets["year"] == (("1990", 1), ("1998", 1), ("2001", 1))
    assert facets["patient"] == (("p2", 2), ("p-marsh", 1), ("p3", 1))
    assert facets["provider"] == (("dr. anselm rook", 3), ("dr. ilse varga", 1))


def of(*patient_ids: str) -> frozenset[PatientId]:
    return frozenset(map(PatientId, patient_ids))


def many(*patient_ids: str) -> frozenset[PatientId]:
    """A long list of patients, nearly all without documents."""
    return of(*patient_ids, *(f"other{n}" for n in range(2 * plan.MANY_PATIENTS)))


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (SearchScope(patient_ids=of("p2")), {"a2", "a3"}),
        (SearchScope(without_sensitivity=frozenset({"hiv"})), {"a1", "a2", "a3"}),
        (SearchScope(hidden=frozenset({DocumentId("a1"), DocumentId("a2")})), {"a3", "a4"}),
        (SearchScope(patient_ids=of("p2"), opened=of("p3")), {"a2", "a3", "a4"}),
        (SearchScope(patient_ids=of(), opened=of("p3"), without_sensitivity=frozenset({"hiv"})), {"a4"}),
        (SearchScope(patient_ids=of("p2", "p3"), without_sensitivity=frozenset({"hiv"})), {"a2", "a3"}),
        (
            SearchScope(without_sensitivity=frozenset({"hiv"}), opened=of("p3")),
            {"a1", "a2", "a3", "a4"},
        ),
        (
            SearchScope(without_sensitivity=frozenset({"hiv"}), opened=of("p2")),
            {"a1", "a2", "a3"},
        ),
        (
            SearchScope(patient_ids=of(), opened=of("p3"), hidden=frozenset({DocumentId("a4")})),
            set(),
        ),
        (SearchScope(patient_ids=many("p2"), opened=of("p3")), {"a2", "a3", "a4"}),
        (SearchScope(patient_ids=many("p3"), without_sensitivity=frozenset({"hiv"})), set()),
        (SearchScope(without_sensitivity=frozenset({"hiv"}), opened=many("p3")), {"a1", "a2", "a3", "a4"}),
        (SearchScope(patient_ids=many()), set()),
    ],
)
def test_what_is_out_of_scope_is_neither_shown_nor_counted(
    charts: Any, scope: SearchScope, expected: set[str]
) -> None:
    result = ask(charts, "spleen", scope=scope, facets=True)
    assert {d.document_id for d in result.documents} == expected
    assert result.total_documents == len(expected)
    assert sum(n for _, n in result.facets["type"]) == len(expected)
    assert result.total == sum(len(pages) for document, pages in CHARTS if document in expected) - (
        "a1" in expected  # of its three pages two hold the word
    )


def test_a_word_that_only_others_pages_hold_is_as_unknown_as_one_nobody_has(index: Any) -> None:
    """Corrections are offered for what the asker's own pages lack, whatever stands on others'."""
    index.apply(1, [doc("d1", "nothing of note", patient_id="p1"), doc("d2", "ruptred", patient_id="p2")])
    assert ask(index, "ruptred", spellings=Spellings.EXACT).did_you_mean is None
    for scope in (SearchScope(patient_ids=of("p1")), SearchScope(patient_ids=many("p1"))):
        assert ask(index, "ruptred", spellings=Spellings.EXACT, scope=scope).did_you_mean == "ruptured"
    opened = SearchScope(patient_ids=of("p1"), opened=of("p2"))
    assert ask(index, "ruptred", spellings=Spellings.EXACT, scope=opened).did_you_mean is None


def test_words_near_each_other_in_either_order(index: Any) -> None:
    index.apply(1, [doc("d1", "spleen one two rupture"), doc("d2", "rupture one two three four spleen")])
    assert found(index, "spleen near/3 rupture") == {("d1", 1)}
    assert found(index, "spleen near/5 rupture") == {("d1", 1), ("d2", 1)}


def test_a_word_is_not_near_itself(index: Any) -> None:
    """ "x-ray" is one printed word, though `x` and `ray` are both found in it."""
    index.apply(1, [doc("d1", "an x-ray was taken")])
    assert found(index, "x near/5 ray") == set()


def test_a_tilde_finds_words_some_letters_away(index: Any) -> None:
    index.apply(1, [doc("d1", "amoxycillin given"), doc("d2", "amoxicillin given"), doc("d3", "given")])
    exact = Spellings.EXACT
    assert places(ask(index, "amoxicillin", spellings=exact)) == [("d2", 1)]
    assert set(places(ask(index, "amoxicillin~", spellings=exact))) == {("d1", 1), ("d2", 1)}


def test_names_are_found_by_sound_and_short_form(index: Any) -> None:
    index.apply(
        1,
        [doc("d1", "one", patient_name="SMYTH, Catherine"), doc("d2", "one", patient_name="WEBER, William")],
    )
    assert found(index, "name:smith") == found(index, "name:kathryn") == {("d1", 1)}
    assert found(index, "name:bill") == {("d2", 1)}
    assert found(index, 'name:"smith"') == set()


def test_a_full_date_is_also_a_birth_date(index: Any) -> None:
    index.apply(1, [doc("d1", "one"), doc("d2", "one", birth_date="1940-01-01")])
    assert found(index, "07/09/1931") == found(index, "marsh 9 jul 1931") == {("d1", 1)}


def test_misread_words_can_be_asked_for(index: Any) -> None:
    """Exact pages first, even where a look-alike page is newer."""
    pages = [doc(f"d{n}", "a modern ward") for n in range(5)]
    index.apply(1, [*pages, doc("d9", "a rnodern ward", service_date="2010-01-01")])
    assert ask(index, "modern").total == 5
    result = ask(index, "modern", spellings=Spellings.ALIKE)
    assert [h.is_look_alike for h in result.hits] == [False] * 5 + [True]
    assert ask(index, "rnodern", spellings=Spellings.EXACT).total == 1


def test_unknown_words_get_a_suggestion_from_the_lexicon(index: Any) -> None:
    """Never a form that only the scanner knows."""
    index.apply(1, [doc("d1", "pneunomia"), doc("d2", "nothing")])
    assert ask(index, "pnuemonia").did_you_mean == "pneumonia"


def test_misreadings_of_common_words_are_looked_for_on_request_only(
    index: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Automatically they would cost hundreds of look-ups for a page or two."""
    index.apply(1, [doc("d1", "a modern ward"), doc("d2", "a modern wing"), doc("d3", "a rnodern ward")])
    monkeypatch.setattr("scanindex.index.widen.MOST_UNASKED_PAGES", 1)
    assert ask(index, "modern").total == 2
    assert ask(index, "modern", spellings=Spellings.ALIKE).total == 3
