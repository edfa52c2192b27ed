"""What the routes of review are sent and answer: strict, bounded, closed.

Values only; an unknown field is refused. The item itself is in review_items.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from scanindex import desk
from scanindex.model import BatchId
from scanindex.web.review_items import ComparedOut, DatumOut, ItemOut, PersonOut

OutsideId = Annotated[str, Field(min_length=1, max_length=80)]
Version = Annotated[int, Field(ge=1, le=1_000_000)]
PageNo = Annotated[int, Field(ge=1, le=100_000)]
Note = Annotated[str, Field(max_length=2_000)]
ShortText = Annotated[str, Field(max_length=120)]
CivilDate = Annotated[str, Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")]
TypeCode = Annotated[str, Field(min_length=1, max_length=80)]
_MOST_AHEAD = 4
_LONGEST_RUN = 500


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FiltersIn(_In):
    state: desk.QueueState = desk.QueueState.WAITING
    source: ShortText | None = None
    reason: desk.Why | None = None
    batch_id: OutsideId | None = None
    document_type: ShortText | None = None
    """ "" for those without one."""
    min_age_days: Annotated[float, Field(ge=0, le=10_000)] | None = None

    def filters(self) -> desk.Filters:
        return desk.Filters(
            state=self.state,
            source=self.source,
            reason=self.reason,
            batch_id=BatchId(self.batch_id) if self.batch_id else None,
            document_type=self.document_type,
            min_age_days=self.min_age_days,
        )


class NextIn(_In):
    filters: FiltersIn = FiltersIn()
    after: OutsideId | None = None
    prefetch: int = Field(default=0, ge=0, le=_MOST_AHEAD)
    skipped: Annotated[list[OutsideId], Field(max_length=_LONGEST_RUN)] = []
    """Passed over before: they come last."""


class EffortIn(_In):
    seconds: Annotated[float, Field(ge=0, le=86_400)] | None = None
    """From showing the item to this."""
    keystrokes: Annotated[int, Field(ge=0, le=100_000)] | None = None


class VersionIn(_In):
    version: Version


class NoteIn(VersionIn):
    note: Note


class AnswerIn(_In):
    note: Note


class AcceptIn(EffortIn):
    version: Version
    patient_id: OutsideId
    datum: Annotated[str, Field(max_length=40)] | None = None
    """The confirming datum as typed from the page, where one is asked."""
    document_type: TypeCode | None = None
    service_date: CivilDate | None = None
    note: Note = ""


class OneOfRun(_In):
    item_id: OutsideId
    version: Version


class RunIn(EffortIn):
    items: Annotated[list[OneOfRun], Field(min_length=1, max_length=_LONGEST_RUN)]
    """Of one scan or batch; the datum is that of the first."""
    patient_id: OutsideId
    datum: Annotated[str, Field(max_length=40)] | None = None
    note: Note = ""


class NewPatientIn(EffortIn):
    version: Version
    last_name: Annotated[str, Field(min_length=1, max_length=120)]
    first_name: ShortText = ""
    middle_name: ShortText = ""
    birth_date: CivilDate | None = None
    sex: Literal["F", "M", "X", ""] = ""
    mrn: Annotated[str, Field(max_length=60)] = ""
    is_surely_new: bool = False
    document_type: TypeCode | None = None
    service_date: CivilDate | None = None
    note: Note = ""


class RejectIn(EffortIn):
    version: Version
    state: Literal["rescan_wanted", "entered_in_error", "paper_kept"]
    note: Note = ""


class SplitIn(VersionIn):
    before_page_no: PageNo


class JoinIn(VersionIn):
    previous_id: OutsideId
    previous_version: Version


class TypeIn(VersionIn):
    document_type: TypeCode
    note: Note = ""


class DateIn(VersionIn):
    service_date: CivilDate | None
    note: Note = ""


class PageIn(VersionIn):
    page_no: PageNo


class TurnIn(PageIn):
    degrees: Literal[90, 180, 270] = 90


class PatientIn(_In):
    patient_id: OutsideId
    is_run: bool = False
    """A run is confirmed in any case."""


class DoneOut(BaseModel):
    item_id: str
    version: int
    kind: str
    other_id: str | None = None


class RefusedOut(BaseModel):
    item_id: str
    why: str


class RunOut(BaseModel):
    done: list[DoneOut]
    refused: list[RefusedOut]


class UndoneOut(BaseModel):
    kind: str
    item_ids: list[str]
    words: str


class ItemsOut(BaseModel):
    items: list[ItemOut]


class ClaimOut(BaseModel):
    scan_id: str
    until: datetime


class ChangeOut(BaseModel):
    version: int
    at: datetime
    by: str
    words: str


class ChangesOut(BaseModel):
    changes: list[ChangeOut]


class FollowerOut(BaseModel):
    item_id: str
    version: int
    pages: list[int]
    type_title: str
    service_date: str
    name: str
    """As read."""
    mrn: str


class FollowersOut(BaseModel):
    items: list[FollowerOut]


class ConfirmationOut(BaseModel):
    person: PersonOut
    confirmation: DatumOut | None
    compared: list[ComparedOut]


class CountOut(BaseModel):
    key: str
    count: int


class OwnOut(BaseModel):
    items: int
    pages: int
    pages_per_hour: float | None
    median_seconds: float | None
    keystrokes_per_item: float | None


class CountsOut(BaseModel):
    waiting: int
    parked: int
    questions: int
    second_key: int
    claimed_by_others: int
    is_more_for_others: bool
    """Something waits that the caller may not see; how much, and what, is told to nobody here."""
    by_source: list[CountOut]
    by_reason: list[CountOut]
    by_age: list[CountOut]
    by_batch: list[CountOut]
    by_type: list[CountOut]
    own: OwnOut
    """Of the caller, today."""
