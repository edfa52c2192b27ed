"""What the interface answers about documents: shapes only.

Boxes are fractions of the upright page, so that they fit a picture of any width.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from scanindex.corrections import Correction


class PageOut(BaseModel):
    number: int
    """In the document, 1-based."""
    src: str
    """Address of its picture; "{width}" stands for thumb, screen or full."""
    thumb: str
    width: int
    height: int
    """Pixels of the upright page."""


class WordOut(BaseModel):
    number: int
    """0-based, in reading order; what `marks` counts by."""
    line: int
    text: str
    box: tuple[float, float, float, float]
    """left, top, width, height as fractions of the upright page."""
    confidence: float | None
    is_doubtful: bool


class PageTextOut(BaseModel):
    number: int
    is_read: bool
    """False: nobody kept a reading of this page."""
    text: str


class PageWordsOut(BaseModel):
    number: int
    is_read: bool
    words: list[WordOut]


class PlaceOut(BaseModel):
    box: tuple[float, float, float, float]
    words: list[int]


class PageMarksOut(BaseModel):
    number: int
    places: list[PlaceOut]


class MarksOut(BaseModel):
    total: int
    is_look_alike: bool
    """Nothing is as typed: these are spellings that a scanner takes for it."""
    pages: list[PageMarksOut]


class FieldOut(BaseModel):
    kind: str
    title: str
    value: str
    raw: str
    other_raw: str | None
    page: int
    box: tuple[float, float, float, float] | None
    confidence: float | None
    role: str
    is_used: bool


class PatientOut(BaseModel):
    patient_id: str
    name: str
    birth_date: str | None
    sex: str | None
    mrn: str | None
    is_provisional: bool


class DocumentBrief(BaseModel):
    document_id: str
    version: int
    state: str
    document_type: str | None
    service_date: str | None
    page_count: int
    sensitivity: list[str]
    filed_at: datetime | None
    provider: str | None
    facility: str | None


class DocumentOut(DocumentBrief):
    patient: PatientOut | None
    pages: list[PageOut]
    fields: list[FieldOut]
    decided_by: str
    reasons: list[str]
    recheck: list[str]
    replaced_by: str | None
    in_same_scan: list[DocumentBrief]
    """Others of the same scan that the asker may see."""
    has_pdf: bool
    has_original: bool
    original_is_active: bool
    corrections: list[Correction]
    can_undo: bool
    incident_if_refiled: bool


class DifferenceOut(BaseModel):
    part: str
    before: str
    after: str


class StepOut(BaseModel):
    at: datetime
    actor: str
    kind: str
    words: str
    version: int | None
    state: str
    differences: list[DifferenceOut]
    note: str
    reasons: list[str]


class LookOut(BaseModel):
    at: datetime
    actor: str
    how: str
    what: str


class HistoryOut(BaseModel):
    document_id: str
    version: int
    steps: list[StepOut]
    """Oldest first."""
    opened_by: list[LookOut] | None
    """Newest first; null for who may not know."""
