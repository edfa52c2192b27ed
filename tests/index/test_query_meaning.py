"""What queries find, from the typed line to the documents of a real index."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from scanindex.index.language import Language
from scanindex.index.site_synonyms import SiteSynonyms
from scanindex.index.whoosh_index import WhooshIndex
from scanindex.model import DocumentId, IndexPage, PatientId, SearchRequest


def document(name: str, text: str, **changes: Any) -> tuple[DocumentId, list[IndexPage]]:
    values: dict[str, Any] = {
        "document_id": DocumentId(name),
        "version": 1,
        "page_no": 1,
        "text": text,
        "patient_id": PatientId("p-quill"),
        "patient_name": "SCHMIDT, William Garcia-Quill",
        "mrns": ("0047-118",),
        "birth_date": "1931-07-09",
        "document_type": "lab_report",
        "service_date": "1998-03-02",
        "provider": "Dr. Anselm Rook",
        "facility": "Harbour Wing",
        "source": "boxes/a7",
        "filed_at": datetime(2025, 5, 4, 22, 30, tzinfo=UTC),
    }
    return DocumentId(name), [IndexPage(**(values | changes))]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> WhooshIndex:
    folder = tmp_path_factory.mktemp("meaning")
    (folder / "synonyms.txt").write_text("KB, knee brace\n", "utf-8")
    made = WhooshIndex(folder / "index", language=Language(thesaurus=SiteSynonyms(folder / "synonyms.txt")))
    other = {"patient_id": PatientId("p2"), "patient_name": "ROOK, Ines", "mrns": ("88",)}
    made.apply(
        1,
        [
            document("d1", "HTN with a ruptured and bleeding spleen s/p fall"),
            document("d2", "high blood pressure, oedema; the spleen seen by Schmidt was not at all ruptured"),
            document("d3", "no MI", **other, birth_date="1960-01-02", document_type="operative_report"),
            document("d4", "old myocardial infarction, KB worn", **other, service_date="2003-05"),
        ],
    )
    return made


@pytest.mark.parametrize(
    ("query", "documents"),
    [
        ("hypertension", "d1 d2"),
        ("high blood pressure", "d1 d2"),
        ('"htn"', "d1"),
        ("text:htn", "d1"),
        ("spleen -hypertension", "d1 d2"),
        ("edema", "d2"),
        ("status post", "d1"),
        ("heart attack", "d3 d4"),
        ('"MI"', "d3"),
        ("knee brace", "d4"),
        ("ruptured near/3 spleen", "d1"),
        ("spleen near/3 ruptured", "d1"),
        ("ruptured near/8 spleen", "d1 d2"),
        ("(torn OR rupt*) near/8 spleen", "d1 d2"),
        ("spleen near/7 ruptured near/2 bleeding", "d1"),
        ("spleem~", "d1 d2"),
        ("slpeen~", "d1 d2"),
        ("sqleem~", ""),
        ("sqleem~2", "d1 d2"),
        ("name:smith", "d1 d2"),
        ("patient:smyth", "d1 d2"),
        ('name:"smith"', ""),
        ("name:smit*", ""),
        ("name:bill", "d1 d2"),
        ("name:garcya", "d1 d2"),
        ('patient:"william schmidt"', "d1 d2"),
        ("text:schmidt", "d2"),
        ('type:"laboratory report"', "d1 d2 d4"),
        ('type:"op note"', "d3"),
        ('date:"mar 1998"', "d1 d2 d3"),
        ("date:>1998", "d4"),
        ('dob:"before 1940"', "d1 d2 d4"),
        ("\u200fmrn:0047\u200b118", "d1 d2"),
    ],
)
def test_a_query_finds_these(index: WhooshIndex, query: str, documents: str) -> None:
    found = index.search(SearchRequest(query=query))
    assert " ".join(sorted(hit.document_id for hit in found.documents)) == documents


def test_synonyms_can_be_left_out_and_are_told(index: WhooshIndex) -> None:
    told = index.search(SearchRequest(query="hypertension"))
    assert "htn" in told.also_searched
    silent = index.search(SearchRequest(query="hypertension", synonyms=False))
    assert (silent.documents, silent.also_searched) == ((), ())
