"""Tantivy gives the answers that Whoosh gives: pages, totals, facets, order, on anything asked."""

from __future__ import annotations

import itertools
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tantivy")

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scanindex.index import plan
from scanindex.index.plan import AllOf, AnyOf, Consecutive, Days, Keys, Near, Plan
from scanindex.index.reader import Reader
from scanindex.index.spans import DaySpan
from scanindex.index.tantivy_index import TantivyIndex
from scanindex.index.whoosh_index import WhooshIndex
from scanindex.model import (
    DocumentId,
    IndexPage,
    PatientId,
    SearchOrder,
    SearchRequest,
    SearchScope,
    Spellings,
)

WORDS = ("knee", "left", "500mg", "x-ray", "seen", "12-34", "spleen", "splcen", "rnodern", "modern")
KEYS = ("knee", "left", "500", "mg", "500mg", "x", "ray", "xray", "seen", "12", "34", "spleen", "absent")
NAMES = ("MARSH, Odile", "ROOK, Ines", "KNEE, Left")
# Making a failure smaller would take minutes: each try builds two indexes.
FEW = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
    phases=[Phase.generate],
)


@st.composite
def documents(draw: st.DrawFn) -> list[tuple[DocumentId, list[IndexPage]]]:
    """Renewals of up to eight documents; the same one may come again, or go."""
    made = []
    for version in range(1, draw(st.integers(2, 12))):
        document_id = DocumentId(f"d{draw(st.integers(0, 7))}")
        name = draw(st.sampled_from(NAMES))
        about = {
            "patient_id": draw(st.sampled_from([PatientId(f"p{NAMES.index(name)}"), None])),
            "patient_name": name,
            "mrns": (str(40 + NAMES.index(name)),),
            "birth_date": draw(st.sampled_from(["1931-07-09", "1950", None])),
            "document_type": draw(st.sampled_from(["operative_report", "letter", None])),
            "service_date": draw(st.sampled_from(["1998-03-02", "1998-03", "1998", "2003-05-04", None])),
            "provider": draw(st.sampled_from(["Dr. Anselm Rook", "dr. anselm  rook", "Pell", None])),
            "sensitivity": draw(st.sampled_from([(), ("hiv",)])),
        }
        texts = draw(st.lists(st.lists(st.sampled_from(WORDS), max_size=14), max_size=3))
        pages = [_page(document_id, version, n, " ".join(t), about) for n, t in enumerate(texts, start=1)]
        made.append((document_id, pages))
    return made


def _page(document_id: DocumentId, version: int, page_no: int, text: str, about: dict[str, Any]) -> IndexPage:
    return IndexPage(
        document_id=document_id,
        version=version,
        page_no=page_no,
        text=text,
        facility=None,
        source="boxes/a7",
        filed_at=datetime(2025, 5, 4, tzinfo=UTC),
        **about,
    )


text_keys = st.sampled_from([(plan.TEXT, key) for key in KEYS])
slots = st.lists(text_keys, min_size=1, max_size=4).map(tuple)
label_keys = st.sampled_from(
    [
        ("about", "rook"),
        ("about", "knee"),
        ("patient_id", "p1"),
        ("type", "letter"),
        ("mrn", "41"),
        ("document_id", "d1"),
        ("sensitivity", "hiv"),
        ("provider", "nobody"),
    ]
)
days = st.tuples(st.sampled_from([0, 19310709, 19980301, 19980302, 20030504]), st.integers(0, 60_000)).map(
    lambda pair: DaySpan(first=pair[0], last=pair[0] + pair[1])
)
simple = st.one_of(
    st.lists(st.one_of(text_keys, label_keys), max_size=5).map(lambda keys: Keys(tuple(keys))),
    st.lists(slots, min_size=2, max_size=4).map(lambda found: Consecutive(tuple(found))),
    st.builds(Near, slots, slots, st.integers(1, 9)),
    st.builds(
        Days, st.sampled_from(["date", "dob", "filed"]), st.lists(days, min_size=1, max_size=2).map(tuple)
    ),
)
plans: st.SearchStrategy[Plan] = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.builds(
            AllOf, st.lists(inner, min_size=1, max_size=3).map(tuple), st.lists(inner, max_size=2).map(tuple)
        ),
        st.lists(inner, min_size=1, max_size=3).map(lambda found: AnyOf(tuple(found))),
    ),
    max_leaves=6,
)


def both(folder: str, renewals: list[tuple[DocumentId, list[IndexPage]]]) -> tuple[WhooshIndex, TantivyIndex]:
    made = WhooshIndex(Path(folder) / "w"), TantivyIndex(Path(folder) / "t")
    half = len(renewals) // 2
    for index in made:
        index.apply(1, renewals[:half])
        index.apply(2, renewals[half:])
    return made


def reader(index: Any) -> Reader:
    found: Reader = index._reader(index._snapshot().leaves)
    return found


def ranked(index: Any, node: Plan, order: SearchOrder, limit: int = 500) -> list[tuple[Any, ...]]:
    refs = reader(index).find(node, plan.Watch(60.0)).top(limit, order)
    return [(ref.document_id, ref.page_no, ref.version, ref.day) for ref in refs]


@FEW
@given(renewals=documents(), nodes=st.lists(plans, min_size=6, max_size=12))
def test_every_plan_finds_the_same(renewals: list[Any], nodes: list[Plan]) -> None:
    """Whatever is combined with whatever: pages, counts, facets, and the order by day."""
    with tempfile.TemporaryDirectory() as folder:
        indexes = both(folder, renewals)
        for node in nodes:
            found = [reader(index).find(node, plan.Watch(60.0)) for index in indexes]
            assert found[0].count() == found[1].count()
            assert found[0].facets(3) == found[1].facets(3)
            for order in (SearchOrder.NEWEST, SearchOrder.OLDEST):
                assert ranked(indexes[0], node, order) == ranked(indexes[1], node, order)
                assert ranked(indexes[1], node, order, 2) == ranked(indexes[1], node, order)[:2]


@FEW
@given(renewals=documents(), nodes=st.lists(plans, min_size=6, max_size=12))
def test_every_plan_ranks_the_same(renewals: list[Any], nodes: list[Plan]) -> None:
    """Equal scores, so equal order but where they differ by rounding alone; any limit cuts the same list."""
    with tempfile.TemporaryDirectory() as folder:
        indexes = both(folder, renewals)
        for node in nodes:
            one, other = (
                reader(i).find(node, plan.Watch(60.0)).top(500, SearchOrder.RELEVANCE) for i in indexes
            )
            expected = {(ref.document_id, ref.page_no): ref.score for ref in one}
            given_scores = {(ref.document_id, ref.page_no): ref.score for ref in other}
            assert given_scores == pytest.approx(expected, rel=1e-4, abs=1e-6)
            in_turn = [expected[ref.document_id, ref.page_no] for ref in other]
            assert all(a >= b - 1e-4 for a, b in itertools.pairwise(in_turn))
            everything = ranked(indexes[1], node, SearchOrder.RELEVANCE)
            assert ranked(indexes[1], node, SearchOrder.RELEVANCE, 3) == everything[:3]


words = st.sampled_from([*WORDS, "marsh", "rook", "kne*", "sple*", '"left knee"', '"500 mg"', '"x ray seen"'])
fields = st.sampled_from(
    ["type:letter", "date:1998", "date:1998-03", "patient:marsh", "mrn:41", "provider:rook", "dob:1931"]
)
queries = st.lists(
    st.one_of(words, fields, st.just("OR"), words.map(lambda w: f"-{w}")), min_size=1, max_size=4
).map(" ".join)
scopes = st.sampled_from(
    [
        SearchScope(),
        SearchScope(patient_ids=frozenset({PatientId("p1")})),
        SearchScope(without_sensitivity=frozenset({"hiv"}), hidden=frozenset({DocumentId("d2")})),
    ]
)


@FEW
@given(
    renewals=documents(),
    asked=st.lists(
        st.tuples(queries, scopes, st.sampled_from(Spellings), st.sampled_from(SearchOrder)),
        min_size=6,
        max_size=10,
    ),
)
def test_every_query_is_answered_alike(renewals: list[Any], asked: list[Any]) -> None:
    """From a typed line to documents: totals, facets, notes and what is said of look-alikes."""
    with tempfile.TemporaryDirectory() as folder:
        indexes = both(folder, renewals)
        for text, scope, spellings, order in asked:
            request = SearchRequest(
                query=text, scope=scope, spellings=spellings, order=order, limit=50, facets=True
            )
            assert answers(indexes[1], request) == answers(indexes[0], request)


def answers(index: Any, request: SearchRequest) -> Any:
    """All of the answer but scores; by relevance the places are a set, for rounding may swap two."""
    try:
        result = index.search(request)
    except Exception as error:
        return type(error).__name__, str(error)
    places = [(h.document_id, h.page_no, h.version, h.word_numbers, h.is_look_alike) for h in result.hits]
    if request.order is SearchOrder.RELEVANCE:
        places.sort()
    known = (result.total, result.total_documents, result.is_exact_total, dict(result.facets))
    return places, known, result.did_you_mean, result.also_searched, result.notes


# --- dictionaries ---------------------------------------------------------------------
@FEW
@given(
    renewals=documents(), prefix=st.sampled_from(["", "s", "sp", "x", "50", "zz"]), limit=st.integers(1, 9)
)
def test_keys_are_listed_alike(renewals: list[Any], prefix: str, limit: int) -> None:
    """The most frequent when there are more than asked for; documents that were dropped may still count."""
    fresh = list(dict(renewals).items())
    with tempfile.TemporaryDirectory() as folder:
        one, other = both(folder, fresh)
        for field in ("text", "about", "name"):
            listed = [reader(index).keys_from(field, prefix, limit) for index in (one, other)]
            assert listed[0] == listed[1]
            for key, frequency in listed[1]:
                assert reader(other).frequency((field, key)) == frequency
        assert reader(one).keys_from("alike", "", 10_000) == reader(other).keys_from("alike", "", 10_000)
