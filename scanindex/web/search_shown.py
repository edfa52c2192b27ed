"""A page of results as the API answers it and the screen shows it; and queries that are narrowed by a click.

Pure but for looking up whom a count is about. Snippets come in parts, so that whoever shows them
marks hits without taking text from paper for markup.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from scanindex.find import Facet, FoundDocument, FoundPage, FoundPatient
from scanindex.model import Patient, SearchHit
from scanindex.web.render import printable

_HIT = re.compile(r"\[([^\[\]\s]+)\]")
_FIELDS = {"type": "type", "year": "date", "patient": "mrn", "provider": "provider"}
"""Names of counts, and the field of the query language that asks for one of their values."""
_BARE = re.compile(r"[\w-]+")


class PersonOut(BaseModel):
    patient_id: str
    name: str
    birth_date: str | None
    sex: str | None
    mrn: str | None
    is_provisional: bool


class PartOut(BaseModel):
    text: str
    is_hit: bool


class HitOut(BaseModel):
    page_no: int
    """In the document."""
    snippet: list[PartOut]
    word_numbers: list[int]
    """0-based numbers of the hit words in the page's reading order."""
    is_look_alike: bool


class FoundDocumentOut(BaseModel):
    document_id: str
    version: int
    document_type: str | None
    service_date: str | None
    sensitivity: list[str]
    page_count: int
    patient: PersonOut | None
    is_look_alike: bool
    """Found only by spellings that a scanner takes for what was searched."""
    is_new: bool
    """Of a saved search: filed since it was run last."""
    pages_total: int
    """Matching pages, also those not in `pages`."""
    pages: list[HitOut]
    """Best first."""


class FoundPatientOut(PersonOut):
    documents: int
    """Filed documents of theirs that the caller may see."""


class FacetOut(BaseModel):
    value: str
    label: str
    documents: int
    term: str
    """What a query takes to ask for it; "" where it cannot be asked for."""
    is_on: bool
    """The query asks for it already."""


class SearchOut(BaseModel):
    """Says nothing of how long it took: that depends on documents which the asker may not see."""

    query: str
    first: int
    """Number of the first document of this page, 1-based; 0 where there is none, also behind the end."""
    last: int
    """0 where there is none."""
    patients: list[FoundPatientOut]
    documents: list[FoundDocumentOut]
    total_documents: int
    total_pages: int
    is_exact_total: bool
    next_offset: int | None
    facets: dict[str, list[FacetOut]]
    did_you_mean: str | None
    also_searched: list[str]
    notes: list[str]
    is_up_to_date: bool


def shown(query: str, offset: int, page: FoundPage, fresh: frozenset[str] = frozenset()) -> SearchOut:
    """fresh: documents to be marked as new."""
    return SearchOut(
        query=query,
        first=offset + 1 if page.documents else 0,
        last=offset + len(page.documents) if page.documents else 0,
        patients=[_found_patient(found) for found in page.patients],
        documents=[_document(found, fresh) for found in page.documents],
        total_documents=page.total_documents,
        total_pages=page.total_pages,
        is_exact_total=page.is_exact_total,
        next_offset=page.next_offset,
        facets=_facets(query, page.facets),
        did_you_mean=page.did_you_mean,
        also_searched=list(page.also_searched),
        notes=list(page.notes),
        is_up_to_date=page.is_up_to_date,
    )


def person(patient: Patient) -> PersonOut:
    return PersonOut(
        patient_id=patient.patient_id,
        name=patient.display_name,
        birth_date=patient.birth_date,
        sex=patient.sex,
        mrn=patient.mrn,
        is_provisional=patient.is_provisional,
    )


def _found_patient(found: FoundPatient) -> FoundPatientOut:
    return FoundPatientOut(**person(found.patient).model_dump(), documents=found.documents)


def _document(found: FoundDocument, fresh: frozenset[str]) -> FoundDocumentOut:
    document = found.document
    return FoundDocumentOut(
        document_id=document.document_id,
        version=document.version,
        document_type=document.document_type,
        service_date=document.service_date,
        sensitivity=list(document.sensitivity),
        page_count=len(document.pages),
        patient=person(found.patient) if found.patient else None,
        is_look_alike=found.is_look_alike,
        is_new=document.document_id in fresh,
        pages_total=found.pages_total,
        pages=[_hit(hit) for hit in found.hits],
    )


def _hit(hit: SearchHit) -> HitOut:
    return HitOut(
        page_no=hit.page_no,
        snippet=parts(hit.snippet),
        word_numbers=list(hit.word_numbers),
        is_look_alike=hit.is_look_alike,
    )


def parts(snippet: str) -> list[PartOut]:
    """The snippet in pieces: what stands between "[" and "]" is a hit; control characters are replaced."""
    pieces = _HIT.split(printable(snippet))
    found = (PartOut(text=text, is_hit=bool(number % 2)) for number, text in enumerate(pieces))
    return [part for part in found if part.text]


# --- narrowing down -------------------------------------------------------------------------
def toggled(query: str, term: str) -> str:
    """The query with the term added, or without it where it has it."""
    pattern = _standing(term)
    if pattern.search(query):
        return " ".join(pattern.sub(" ", query).split())
    return f"{query.strip()} {term}".strip()


def _standing(term: str) -> re.Pattern[str]:
    return re.compile(rf"(?:(?<=\s)|^){re.escape(term)}(?=\s|$)")


def _facets(query: str, facets: Mapping[str, Sequence[Facet]]) -> dict[str, list[FacetOut]]:
    shown_ones: dict[str, list[FacetOut]] = {}
    for name, values in facets.items():
        rows = []
        for facet in values:
            term = term_of(name, facet.value, facet.patient)
            is_on = bool(term) and bool(_standing(term).search(query))
            rows.append(
                FacetOut(
                    value=facet.value, label=facet.label, documents=facet.documents, term=term, is_on=is_on
                )
            )
        if rows:
            shown_ones[name] = rows
    return shown_ones


def term_of(name: str, value: str, patient: Patient | None = None) -> str:
    """What to add to a query for this value of a count; of a patient their number, else their name."""
    field = _FIELDS.get(name, "")
    if name == "patient":
        field = "mrn" if patient and patient.mrn else "patient"
        value = (patient.mrn or patient.display_name) if patient else ""
    value = " ".join(value.replace('"', " ").split())
    if not field or not value:
        return ""
    return f"{field}:{value}" if _BARE.fullmatch(value) else f'{field}:"{value}"'
