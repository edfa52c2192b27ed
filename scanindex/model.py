"""Every noun of the product, as frozen values.

Units and frames, once for all: page numbers are 1-based (`scan_page_no` counts
in the original, `page_no` in the document). Boxes are pixels of the *upright*
page image, origin top-left, right and bottom exclusive. Degrees are clockwise.
Confidence is 0..1, or None for unknown (never 0 for unknown). Events are aware
UTC datetimes; clinical dates are civil ISO text, possibly partial ("1987",
"1987-03"). Fields that can name a patient are `repr=False`. Long because it is a
glossary: what belongs to one area alone has a `*_model` of its own.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NewType

ScanId = NewType("ScanId", str)
"""SHA-256 of the received bytes, 64 lower-case hex digits."""
DocumentId = NewType("DocumentId", str)
PatientId = NewType("PatientId", str)
"""Our own key of a person; never printed on paper, never an MRN."""
BatchId = NewType("BatchId", str)


class ScanState(enum.StrEnum):
    """Where an original stands; the allowed moves are in docs/reference/states.md."""

    RECEIVED = "received"
    WAITING = "waiting"
    """Not the file's fault (disk full, share gone): retried with back-off."""
    DECIDED = "decided"
    """Documents and their filing intents are committed."""
    QUARANTINED = "quarantined"


class DocumentState(enum.StrEnum):
    PROPOSED = "proposed"
    """Decided (by rule or person) and to be filed; recovery completes it."""
    IN_REVIEW = "in_review"
    FILED = "filed"
    RESCAN_WANTED = "rescan_wanted"
    REPLACED = "replaced"
    """Scanned again; `replaced_by` names the better one. It keeps its pages."""
    SUPERSEDED = "superseded"
    """Its pages went to other documents (split, join)."""
    ENTERED_IN_ERROR = "entered_in_error"
    PAPER_KEPT = "paper_kept"
    """No picture of it will ever be readable: the paper itself stays the record, and is held."""


class PageKind(enum.StrEnum):
    CONTENT = "content"
    BLANK = "blank"
    SEPARATOR = "separator"
    FAILED = "failed"
    """Could not be read; stays in its document and sends it to review."""


class TextSource(enum.StrEnum):
    OCR = "ocr"
    TEXT_LAYER = "text_layer"
    NONE = "none"


class FindingKind(enum.StrEnum):
    MRN = "mrn"
    NAME = "name"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    SSN4 = "ssn4"
    PHONE = "phone"
    ADDRESS = "address"
    ACCOUNT = "account"
    SERVICE_DATE = "service_date"
    DOCUMENT_TYPE = "document_type"
    PROVIDER = "provider"
    FACILITY = "facility"
    PAGE_OF = "page_of"
    """Value "2/5": page 2 of 5 as printed."""


class Role(enum.StrEnum):
    """Whose datum a finding is, as the words around it say."""

    PATIENT = "patient"
    UNKNOWN = "unknown"
    PROVIDER = "provider"
    RELATIVE = "relative"
    """Mother, father, guarantor, insured, emergency contact, witness."""
    OTHER = "other"


class Outcome(enum.StrEnum):
    AUTO = "auto"
    REVIEW = "review"
    NEW = "new"
    """Nobody in the roster fits and the page names a person: confirm once."""


class Level(enum.StrEnum):
    """How one datum read on the page compares with the roster's."""

    EXACT = "exact"
    NEAR = "near"
    """Equal but for an OCR slip or a spelling habit; never counts as exact."""
    CONFLICT = "conflict"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    left_px: int
    top_px: int
    right_px: int
    bottom_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    text: str = field(repr=False)
    box: Box
    confidence: float | None
    engine: str
    line_no: int
    """1-based reading-order line; words of one line share it."""
    second_text: str | None = field(default=None, repr=False)
    """What another, independent reader than `engine` saw at this place; "" where it saw
    nothing, None where it did not look."""
    least_confidence: float | None = None
    """Where both readers agree, of the less sure one (`confidence` is of both together);
    None where they do not, or unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Barcode:
    symbology: str
    """zxing-cpp's name ("QRCode", "Code128") or "PatchT"."""
    value: str = field(repr=False)
    box: Box | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanInfo:
    """What a limited child found when it opened an original."""

    media_type: str
    page_count: int
    problems: tuple[str, ...] = ()
    """Stable codes of damage that a reader would hide, e.g. "glued_pdfs",
    "page_counts_differ", "truncated_image". Any of them forces review."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherText:
    """Text of a page that was not chosen, kept with where it came from."""

    source: str
    """ "text_layer", or name and version of the engine that read it."""
    reason: str
    """Stable code why it was not chosen: layer_garbage, reread (an earlier reading),
    reread_poorer (a later one that read less), ..."""
    text: str = field(repr=False)
    effort: str = ""
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRaster:
    """One rasterised page, in the frame of its archived picture (not turned yet).

    The pixels are the archived ones where the page is one image; otherwise a
    rendering; scaled down where the page exceeds `pages.max_pixels`. Positions
    therefore carry over to other sizes as fractions of width and height.
    """

    scan_page_no: int
    pixels: Any = field(repr=False)
    """numpy uint8, height x width, grey, 0 = black."""
    dpi: float | None
    is_bilevel: bool
    """The archived picture is 1-bit (fax, G4): never upscale it for reading."""
    rotation_degrees: int
    """Clockwise turn that the container asks for (PDF /Rotate, EXIF); not applied yet."""
    text_layer: tuple[Word, ...] | None = field(default=None, repr=False)
    """Words of a trustworthy born-digital text layer; boxes in the frame after
    `rotation_degrees`; None where there is none or it is not to be trusted."""
    other_texts: tuple[OtherText, ...] = field(default=(), repr=False)
    """A text layer that is not to be trusted."""
    problems: tuple[str, ...] = ()
    may_have_colour: bool = True
    """False where `pixels` are all there is to see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageQuality:
    dpi: float | None
    skew_degrees: float
    contrast: float
    """95th minus 5th percentile of grey, 0..1."""
    ink_share: float
    """Share of dark pixels, 0..1."""
    legibility: float | None
    """Expected share of words read right, 0..1; None where nothing was read."""
    blur: float | None = None
    """0 = crisp, 1 = no edge of a letter is left; None where nothing was measured."""
    coverage: float | None = None
    """Share of what looks like print that lies in words that were read, 0..1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReading:
    """All that was read on one page; JSON of this is the per-page checkpoint."""

    scan_page_no: int
    kind: PageKind
    width_px: int
    height_px: int
    dpi: float | None
    rotation_degrees: int
    """Clockwise turn (0/90/180/270) that makes the archived picture upright."""
    words: tuple[Word, ...] = field(repr=False)
    barcodes: tuple[Barcode, ...] = ()
    quality: PageQuality
    text_source: TextSource
    engines: tuple[str, ...]
    """Name and version of each engine that contributed."""
    other_texts: tuple[OtherText, ...] = field(default=(), repr=False)
    problems: tuple[str, ...] = ()
    """Stable codes: damaged, no_text, timeout, low_legibility, ..."""
    effort: str = ""
    """The setting `ocr.effort` it was read with; "" where that was not recorded."""
    read_at: datetime | None = None
    stage_seconds: dict[str, float] = field(default_factory=dict)
    picture: str = ""
    """Fingerprint of the cleaned, upright picture (ocr/picture_print.py); "" where there is none."""

    @property
    def text(self) -> str:
        """The words in reading order, a line of paper per line of text."""
        lines: dict[int, list[str]] = {}
        for word in self.words:
            lines.setdefault(word.line_no, []).append(word.text)
        return "\n".join(" ".join(words) for _, words in sorted(lines.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One datum read on a page: what stood there, and what we made of it."""

    kind: FindingKind
    raw: str = field(repr=False)
    value: str = field(repr=False)
    """Normalised: ISO dates, digits-only phones, "LAST, FIRST MIDDLE" names, type codes."""
    scan_page_no: int
    box: Box | None
    confidence: float | None
    rule: str
    """Name and version of the rule that found it, e.g. "label.mrn/1"."""
    role: Role = Role.UNKNOWN
    readers: tuple[str, ...] = ()
    """Independent readers that saw this value: engines, "barcode", "text_layer"."""
    other_raw: str | None = field(default=None, repr=False)
    """What another reader saw in its place where that differs from `raw`; "" for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFindings:
    scan_page_no: int
    findings: tuple[Finding, ...]

    def of(self, kind: FindingKind) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.kind is kind)


BETWEEN_SHEETS = "the only document between two separator sheets"
"""Reason of a group whose pages the operator's sheets (or folder) hold together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTie:
    """What holds two pages of a document together, as printed on both."""

    scan_page_no: int
    to_page_no: int
    """The page of the same document that it is held to."""
    code: str
    """count, between_counts, visit_number: see documents/ties.py for what each proves;
    count_fits, sentence, form, list: only likely."""
    is_proof: bool
    """A stranger's page that slipped in would not show it."""
    reason: str
    """Plain words, no values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageGroup:
    """Pages of one scan that look like one document, in document order."""

    pages: tuple[int, ...]
    """scan_page_no of each page of the document."""
    reasons: tuple[str, ...]
    """Why it starts where it starts, in plain words."""
    is_sure: bool
    """False: a person must confirm the page break before filing."""
    cover: PageFindings | None = None
    """What a patient cover sheet in front of it says (already check-verified)."""
    ties: tuple[PageTie, ...] = ()
    """What holds its pages together besides the names on them, page by page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    groups: tuple[PageGroup, ...]
    set_aside: tuple[int, ...]
    """Blank and separator pages: kept with the original, in no document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonName:
    last: str = field(repr=False)
    first: str = field(repr=False)
    middle: str = field(default="", repr=False)
    suffix: str = field(default="", repr=False)
    use: str = "official"
    """official, former, alias."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """Text keyed by authority, never a number: leading zeros and letters count."""

    authority: str
    type: str
    """mrn, account, ..."""
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    patient_id: PatientId
    names: tuple[PersonName, ...] = field(repr=False)
    birth_date: str | None = field(repr=False)
    sex: str | None = field(default=None, repr=False)
    identifiers: tuple[Identifier, ...] = field(default=(), repr=False)
    ssn4: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    mother_mrn: str | None = field(default=None, repr=False)
    """A newborn's: the mother's number, where the roster says whose child it is."""
    is_provisional: bool = False
    """Confirmed by a clerk from paper, not (yet) linked to the roster."""

    @property
    def mrn(self) -> str | None:
        return next((i.value for i in self.identifiers if i.type == "mrn"), None)

    @property
    def display_name(self) -> str:
        """ "LAST, FIRST MIDDLE SUFFIX" of the first name."""
        if not self.names:
            return ""
        name = self.names[0]
        given = " ".join(part for part in (name.first, name.middle, name.suffix) if part)
        return f"{name.last}, {given}" if given else name.last


class SuggestionFit(enum.StrEnum):
    """How something typed fits a datum of a patient, best first."""

    EXACT = "exact"
    BEGINNING = "beginning"
    ENDING = "ending"
    """Of a number."""
    INSIDE = "inside"
    """Of a number."""
    NICKNAME = "nickname"
    SOUND = "sound"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionReason:
    """One thing typed and the datum it fits, with the place to mark."""

    typed: str = field(repr=False)
    datum: str
    """last_name, first_name, middle_name, suffix, number, birth_date."""
    use: str
    """Of a name official, former, alias; of a number its type (mrn, account, ...); else ""."""
    value: str = field(repr=False)
    """The datum as the roster writes it."""
    fit: SuggestionFit
    start: int
    """Of what fits, in characters of `value`."""
    end: int
    """Exclusive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A patient for what somebody types, and why."""

    patient: Patient
    reasons: tuple[SuggestionReason, ...]
    """One per thing typed, in typed order."""
    fit: SuggestionFit
    """The least good one of its reasons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One field: what the page says against what the roster says."""

    kind: FindingKind
    level: Level
    read: str = field(repr=False)
    expected: str = field(repr=False)
    scan_page_no: int | None
    box: Box | None
    log_odds: float
    note: str = ""
    """Plain words for the reviewer; names kinds, never values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    patient_id: PatientId
    score: float
    """Posterior against the other candidates and "nobody in the roster", 0..1."""
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    outcome: Outcome
    patient_id: PatientId | None
    candidates: tuple[Candidate, ...]
    """Best first; at most five."""
    reasons: tuple[str, ...]
    """Plain sentences without patient data; the same ones everywhere."""
    rule: str
    """The gate that decided, e.g. "gate.mrn_and_birth_date"."""
    policy_version: str
    roster_version: int
    decided_by: str
    """"machine" or "user:<login>"."""
    policy_id: str = ""
    """Of the whole policy that decided: rules, engines, thresholds (certify.policies); "" if unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFields:
    """What was read on a document's pages (best finding per kind)."""

    name: str | None = field(default=None, repr=False)
    birth_date: str | None = field(default=None, repr=False)
    mrn: str | None = field(default=None, repr=False)
    outside_mrn: str | None = field(default=None, repr=False)
    """The number that another house gave the patient."""
    sex: str | None = field(default=None, repr=False)
    ssn4: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    account: str | None = field(default=None, repr=False)
    service_date: str | None = None
    """The day the document is filed under."""
    service_start: str | None = None
    """First and last day of care where the paper names a stay or a range; both or neither."""
    service_end: str | None = None
    document_type: str | None = None
    provider: str | None = field(default=None, repr=False)
    facility: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePrint:
    """Fingerprints of a page by which the same paper scanned twice is found (prints.py)."""

    scan_page_no: int
    words: str
    values: str
    picture: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """How a page of a document was read; its words lie in the archive or the spool."""

    scan_page_no: int
    legibility: float | None
    """Expected share of words read right; None where nothing was read."""
    faults: tuple[str, ...] = ()
    """Stable codes of quality.py: why the paper should be scanned again."""
    engines: tuple[str, ...] = ()
    effort: str = ""
    """The most that was tried; the reading in force may be an earlier, better one."""
    read_at: datetime | None = None
    rotation_degrees: int | None = None
    """Clockwise turn that makes the archived picture upright; None where nobody kept it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    document_id: DocumentId
    version: int
    """Raised by every change; a change that names an older one is refused."""
    scan_id: ScanId
    pages: tuple[int, ...]
    state: DocumentState
    document_type: str | None
    service_date: str | None
    patient_id: PatientId | None
    fields: DocumentFields = field(repr=False)
    findings: tuple[Finding, ...] = field(default=(), repr=False)
    decision: Decision
    grouping_reasons: tuple[str, ...] = ()
    is_break_sure: bool = False
    """Its page breaks rest on hard cues; else a person confirms them before filing."""
    ties: tuple[PageTie, ...] = ()
    """What holds its pages together besides the names on them (`PageGroup.ties`)."""
    created_at: datetime
    filed_at: datetime | None = None
    filed_version: int | None = None
    """The version whose folder in the archive is current; None until filed."""
    page_facts: tuple[PageFacts, ...] = ()
    """One per page that was read; () where nobody kept them."""
    readings: tuple[str, ...] = ()
    """Names of later readings kept in the archive, oldest first; a later one wins page by page."""
    recheck: tuple[str, ...] = ()
    """Why a person should look again at a filed document (plain words); it stays filed meanwhile."""
    replaced_by: DocumentId | None = None
    sensitivity: tuple[str, ...] = ()
    """Labels that restrict access, apart from the type (classify.sensitivity.LABELS)."""
    sensitivity_by_hand: tuple[str, ...] = ()
    """What people changed about them, as "+hiv" or "-minor"; the machine never overrules it."""

    @property
    def legibility(self) -> float | None:
        """That of its worst page (0 where nothing could be read on one); None if not known."""
        return min((facts.legibility or 0.0 for facts in self.page_facts), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """What the folder a scan was dropped into says about it."""

    source: str = "inbox"
    """Relative inbox folder, "." for the root: the certification unit."""
    document_type: str | None = None
    splitting: str = "auto"
    """auto | one_document | every_page | separators_only"""
    page_order: str = "as_scanned"
    """as_scanned | fronts_then_backs: all fronts first, then all backs, last sheet first."""
    priority: int = 0
    """Higher first."""
    effort: str | None = None
    """Instead of the setting `ocr.effort`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    scan_id: ScanId
    size_bytes: int
    media_type: str
    """As told from the bytes, e.g. "application/pdf"; never from the name."""
    name: str = field(repr=False)
    """The file name it first arrived under: data, never a key."""
    preset: Preset
    state: ScanState
    reason: str | None = None
    """Error code of the table in errors.py where waiting or quarantined."""
    detail: str | None = None
    attempts: int = 0
    """Openings begun without an end; a file that takes the service down is found by it."""
    waits: int = 0
    """Times it was put off in a row; sets the back-off."""
    page_count: int | None = None
    batch_id: BatchId | None = None
    received_at: datetime
    retry_at: datetime | None = None
    turns: tuple[tuple[int, int], ...] = ()
    """Pages that a person turned upright: scan_page_no and clockwise turn of the archived picture."""

    def turn_of(self, scan_page_no: int) -> int | None:
        """The turn that a person gave this page; None where the machine's own holds."""
        return dict(self.turns).get(scan_page_no)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One entry of the inbox that was taken over; duplicates have their own."""

    arrival_id: int
    scan_id: ScanId
    inbox_path: str = field(repr=False)
    is_duplicate: bool
    arrived_at: datetime
    is_retired: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A box or run of paper; closing it needs every page explained."""

    batch_id: BatchId
    label: str
    folder: str
    """Inbox folder whose arrivals belong to it while it is open."""
    location: str = ""
    sheets_expected: int | None = None
    sides: int = 2
    opened_at: datetime
    closed_at: datetime | None = None
    closed_by: str = ""
    """As events name who acts; "" where nobody recorded it."""
    released_at: datetime | None = None
    """From then on its paper may be gone."""
    released_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Who did what when; append-only, hash-chained in archive/events."""

    seq: int
    at: datetime
    actor: str
    kind: str
    scan_id: ScanId | None
    document_id: DocumentId | None
    payload: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """A document whose index entry must be renewed (or removed if not filed)."""

    seq: int
    document_id: DocumentId
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPage:
    """One page as the search index takes it."""

    document_id: DocumentId
    version: int
    page_no: int
    text: str = field(repr=False)
    """Words joined by single spaces, in reading order: token n is word n of the page."""
    patient_id: PatientId | None
    patient_name: str = field(repr=False)
    """All names of the filed patient, former ones included."""
    mrns: tuple[str, ...] = field(repr=False)
    birth_date: str | None = field(repr=False)
    document_type: str | None
    service_date: str | None
    provider: str | None = field(repr=False)
    facility: str | None = field(repr=False)
    source: str
    filed_at: datetime
    sensitivity: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchScope:
    """What the asker may be shown; holds for hits, counts, facets and suggestions alike."""

    patient_ids: frozenset[PatientId] | None = None
    """Only documents filed under one of these; None: of anybody."""
    without_sensitivity: frozenset[str] = frozenset()
    """No documents with one of these labels."""
    opened: frozenset[PatientId] = frozenset()
    """Documents filed under one of these all the same, whatever the two above say."""
    hidden: frozenset[DocumentId] = frozenset()
    """Documents that changed since the index's last commit: what it holds of them is no longer so."""

    def holds(self, patient_id: PatientId | None, sensitivity: Iterable[str]) -> bool:
        """Whether a document of this patient with these labels lies within it (`hidden` aside)."""
        if patient_id is not None and patient_id in self.opened:
            return True
        if self.patient_ids is not None and patient_id not in self.patient_ids:
            return False
        return self.without_sensitivity.isdisjoint(sensitivity)

    @property
    def is_narrow(self) -> bool:
        """Whether there may be documents outside it."""
        return self.patient_ids is not None or bool(self.without_sensitivity)

    @property
    def people(self) -> frozenset[PatientId] | None:
        """Who may be named; None: anybody."""
        return None if self.patient_ids is None else self.patient_ids | self.opened


class SearchOrder(enum.StrEnum):
    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"


class Spellings(enum.StrEnum):
    """Whether words count that a scanner may have misread."""

    AUTO = "auto"
    """Only where few pages fit exactly."""
    EXACT = "exact"
    ALIKE = "alike"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    query: str = field(repr=False)
    limit: int = 20
    """Documents wanted."""
    offset: int = 0
    """Documents to skip."""
    pages_per_document: int = 3
    """Matching pages of a document that are shown with a snippet."""
    order: SearchOrder = SearchOrder.RELEVANCE
    spellings: Spellings = Spellings.AUTO
    synonyms: bool = True
    facets: bool = False
    scope: SearchScope = SearchScope()


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch:
    """A query that somebody keeps; it may name a patient."""

    owner: str
    """As events name who acts; a name is theirs alone."""
    name: str = field(repr=False)
    query: str = field(repr=False)
    order: SearchOrder = SearchOrder.RELEVANCE
    spellings: Spellings = Spellings.AUTO
    synonyms: bool = True
    created_at: datetime
    last_run_at: datetime | None = None
    seen_seq: int = 0
    """Number of the last event before it was run last: what was filed later is new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    """One matching page."""

    document_id: DocumentId
    version: int
    page_no: int
    score: float
    snippet: str = field(repr=False)
    """Plain text around the hits, hit words between "[" and "]"."""
    word_numbers: tuple[int, ...]
    """0-based numbers of the hit words in the page's reading order."""
    is_look_alike: bool = False
    """Found only by a spelling that a scanner takes for the one searched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentHit:
    """One document with its matching pages, best first; at least one."""

    document_id: DocumentId
    version: int
    score: float
    is_look_alike: bool
    pages: tuple[SearchHit, ...]
    pages_total: int
    """Its matching pages, also those that are not in `pages`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    documents: tuple[DocumentHit, ...]
    total: int
    """Matching pages, before paging."""
    total_documents: int
    is_exact_total: bool
    """False: `total_documents` (and facets) are estimates."""
    seconds: float
    facets: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict, repr=False)
    """Per facet (type, year, patient, provider) values with their documents, most first."""
    did_you_mean: str | None = field(default=None, repr=False)
    """The query with unknown words replaced by known ones."""
    also_searched: tuple[str, ...] = field(default=(), repr=False)
    """Synonyms and look-alikes that were searched besides, as text."""
    notes: tuple[str, ...] = ()
    """E.g. "stopped after 3 seconds: results are incomplete"."""

    @property
    def hits(self) -> tuple[SearchHit, ...]:
        """All pages of all documents, in order."""
        return tuple(hit for document in self.documents for hit in document.pages)
