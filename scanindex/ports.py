"""The seams: what the stages need from the world, six methods or fewer each.

Imports the model only. Each back-end passes the contract suite of its port
(`tests/contract/`). Unless a docstring says otherwise a method may block on
disk, raises `TransientError` when the world is in the way (a retry may help)
and `IntegrityError` when it may not be retried. Long because it is a list: no entry
depends on another's inside, and there is one place to look for what a stage may ask.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, runtime_checkable

from scanindex.access_model import Grant, Invitation, Session, Token, User
from scanindex.audit_model import AutoFiling, Incident, SourceRecord
from scanindex.delivery_model import (
    Consent,
    Delivery,
    DeliveryState,
    ExportRecord,
    ExportRun,
    Held,
    Parcel,
    Problem,
    Receipt,
    Strays,
)
from scanindex.desk_model import Action, Claim, Key, Parked, Seed, Waiting
from scanindex.model import (
    Arrival,
    Batch,
    BatchId,
    Document,
    DocumentId,
    DocumentState,
    Event,
    Identifier,
    IndexPage,
    OutboxItem,
    PageKind,
    PagePrint,
    PageReading,
    Patient,
    PatientId,
    SavedSearch,
    Scan,
    ScanId,
    ScanInfo,
    ScanState,
    SearchRequest,
    SearchResult,
    SearchScope,
    Suggestion,
    Word,
)
from scanindex.paper_model import Hold, QaItem
from scanindex.today_model import Flow, Standing
from scanindex.trail_model import TrailEntry, TrailFilter, TrailHead, TrailReport

if TYPE_CHECKING:
    import numpy as np

    from scanindex.classify import SiteTypes


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC."""

    def monotonic(self) -> float:
        """Seconds that never jump; for settling and back-off."""


class Ids(Protocol):
    def new(self) -> str:
        """A fresh random id, 20 lower-case base-32 characters; says nothing about anybody."""


class ArchiveStore(Protocol):
    """Content-addressed originals and write-once document folders. No delete."""

    def put(self, stream: BinaryIO) -> tuple[ScanId, int]:
        """Store the bytes durably (synced file and folder); returns their SHA-256 and size.

        Idempotent: equal bytes end in one file.
        """

    def path(self, scan_id: ScanId) -> Path:
        """Where a child process may read the original."""

    def staging(self) -> Path:
        """A fresh empty folder on the archive's file system, to be filled and published."""

    def document_folder(self, document_id: DocumentId, version: int) -> Path:
        """Where a version lies (or will lie) once published."""

    def publish(self, staged: Path, document_id: DocumentId, version: int) -> Path:
        """Move a finished, synced folder to its final place, durably; returns that.

        Idempotent: an equal version that is already there wins and `staged` is dropped.
        """

    def walk(self) -> Iterator[tuple[str, int]]:
        """Relative path and size of everything durable, for checks and backups."""


class ReadingStore(Protocol):
    """Later readings of pages, kept write-once in the archive beside the originals."""

    def keep_reading(self, scan_id: ScanId, data: bytes) -> str:
        """Durable on return; the name it is found by. Idempotent."""

    def kept_reading(self, scan_id: ScanId, name: str) -> bytes:
        """What was kept. Raises StorageFailed where it is gone, FixityFailed where it changed."""

    def has_reading(self, scan_id: ScanId, name: str) -> bool: ...


class OcrEngine(Protocol):
    """Reads pixels that this product encoded itself, never received bytes."""

    @property
    def name(self) -> str:
        """Engine and version, e.g. "tesseract 5.3.0"; recorded with each word."""

    def read(self, image: np.ndarray, dpi: float, timeout_seconds: float) -> tuple[Word, ...]:
        """Words of an upright page in reading order.

        image: uint8, height x width, 0 = black. Boxes are pixels of that image.
        Raises WorkerLost when the time is up.
        """


class Roster(Protocol):
    """The hospital's patients (and provisional ones); every call is an indexed look-up."""

    def by_identifier(self, values: Iterable[str]) -> Sequence[Patient]:
        """Patients holding one of these identifier values, exactly as given or equal
        once leading zeros and punctuation are ignored."""

    def by_birth_date(
        self, iso_dates: Iterable[str], named: Collection[str] | None = None
    ) -> Sequence[Patient]:
        """Everyone born on one of these days.

        named: only those of whom a last or first name is in it, as `fold.name_key` gives it.
        """

    def by_name(self, last: str, first: str, limit: int = 50) -> Sequence[Patient]:
        """Same or similar-sounding last name with this first name or initial; any name use."""

    def resembling(self, last: str, first: str, limit: int = 10) -> Sequence[Patient]:
        """People of one of the two name parts whose other part is spelt most alike, best first; for
        names that were misread. Slower than the others: asked where nobody was found."""

    def get(self, patient_id: PatientId) -> Patient | None:
        """One person, or None; of a record that was merged into another, that one."""

    def all_of(self, patient_ids: Iterable[PatientId]) -> Mapping[PatientId, Patient]:
        """Those of them that there are, at one go; each as `get` gives it."""

    def passes_check(self, identifier: Identifier) -> bool:
        """False where the check digit of its authority says that no such number was issued."""

    def frequencies(self, last: str, first: str, birth_date: str | None) -> NameFrequencies:
        """How common a name (and with the birth date) is in this roster."""

    def version(self) -> int:
        """Number of the import in force; 0 for an empty roster. Recorded with decisions."""


class Registry(Protocol):
    """Patients that people add and look for by hand."""

    def add_provisional(self, patient: Patient) -> PatientId:
        """A person confirmed from paper who is in no roster import (yet)."""

    def patients(self) -> int:
        """How many there are, provisional ones included."""

    def changes(self) -> int:
        """Grows with every record that changes."""

    def find(
        self, text: str, limit: int = 20, within: Collection[PatientId] | None = None
    ) -> Sequence[Patient]:
        """Whom a text names: parts of names in any order, a number, a birth date, or their beginnings;
        never by sound or nickname. within: as for `suggest`."""

    def suggest(
        self, text: str, limit: int = 20, within: Collection[PatientId] | None = None
    ) -> Sequence[Suggestion]:
        """Typeahead, best first: what `find` finds, then ends and middles of numbers, nicknames and
        names that sound alike. Any text is harmless; a patient stands for records merged into it.

        within: the answer, and the work it takes, are as if nobody else were known.
        """


class NameFrequencies(Protocol):
    """Counts over the roster in force."""

    @property
    def patients(self) -> int: ...
    @property
    def same_last(self) -> int: ...
    @property
    def same_first(self) -> int: ...
    @property
    def same_name(self) -> int:
        """Patients with this last and first name."""

    @property
    def same_name_and_birth_date(self) -> int: ...
    @property
    def same_last_and_birth_date(self) -> int:
        """Twins and siblings registered with one date show here."""

    @property
    def same_birth_date(self) -> int: ...
    @property
    def expected_namesakes(self) -> float:
        """Other people of this name to expect in another population of the roster's size."""

    @property
    def birth_date_collision(self) -> float:
        """Chance that two people of one name share their birth date, from the roster's own pairs."""


class SearchIndex(Protocol):
    """A cache of filed documents. Replaying an apply never doubles a hit."""

    def apply(
        self, seq: int, renew: Sequence[tuple[DocumentId, Sequence[IndexPage]]], *, after: int | None = None
    ) -> None:
        """Replace all pages of each document (an empty sequence removes it), then store `seq`.

        Durable on return. after: the outbox number that the caller goes on from; CatalogBusy where
        the index is behind it (it was replaced meanwhile). Raises IndexBroken if it must be rebuilt.
        """

    def search(self, request: SearchRequest | str) -> SearchResult:
        """Documents with their matching pages, within the request's scope.

        The same state of the index and the same request give the same order, so paging by
        offset neither repeats nor skips. Bounded in time; what is found then is returned with a
        note. Raises UsageError with the place of a syntax error, IndexBroken.
        """

    def info(self) -> dict[str, Any]:
        """documents, pages, seq (last applied outbox number), bytes, engine, segments, missing.

        missing: pages that lay in a damaged part; the others are searched meanwhile.
        """

    def documents(self) -> Iterator[tuple[DocumentId, int]]:
        """Every document with the version that is held, ascending by id; of one state of the index."""

    def settle(self, missing: int) -> None:
        """Store how many pages of damaged parts are still to be added again; 0: it is whole."""

    def tidy(self) -> bool:
        """Merge some small parts, away from the filing path; True if there was anything to do."""

    def rebuild(self, documents: Iterable[tuple[DocumentId, Sequence[IndexPage]]], seq: int) -> int:
        """Build anew beside the old one, then swap; returns pages. Bounded memory."""


class IndexBuild(Protocol):
    """A new index being built beside the one in use; what was added is durable."""

    @property
    def progress(self) -> Any:
        """seq, last (document id), documents, total, pages."""

    def add(
        self,
        documents: Sequence[tuple[DocumentId, Sequence[IndexPage]]],
        *,
        last: str = "",
        seq: int | None = None,
    ) -> None:
        """Add, renew or remove documents. last: all up to this id are in. seq: all changes up to it are."""

    def finish(self) -> int:
        """Put it into use at once for every process; returns its pages."""


class SwitchableIndex(SearchIndex, Protocol):
    """The index in use, with what builds another one beside it."""

    def build(
        self, seq: int, *, total: int = 0, engine: str | None = None, fresh: bool = False
    ) -> AbstractContextManager[IndexBuild]:
        """Begin a new index, or go on with one that was broken off. Raises CatalogBusy, MissingTool."""

    def seq(self) -> int:
        """The outbox number that a search made now reflects, also while a lost index is built anew."""

    def rebuilding(self) -> Any:
        """engine, documents, total, pages, percent, is_running of a build; None where there is none."""


class ScanTable(Protocol):
    def get(self, scan_id: ScanId) -> Scan | None: ...
    def all_of(self, scan_ids: Iterable[ScanId]) -> Mapping[ScanId, Scan]:
        """Those of them that there are, at one go."""

    def add(self, scan: Scan) -> None: ...
    def change(self, scan_id: ScanId, **changes: object) -> Scan:
        """The scan with some fields replaced, stored."""

    def due(self, now: datetime, limit: int, skip: Iterable[ScanId] = ()) -> list[Scan]:
        """What the machine can work on now, most urgent and oldest first."""

    def all(self, *states: ScanState, batch_id: BatchId | None = None) -> list[Scan]: ...
    def counts(self) -> dict[str, int]: ...


class ArrivalTable(Protocol):
    def add(
        self,
        scan_id: ScanId,
        inbox_path: str,
        fingerprint: str,
        arrived_at: datetime,
        *,
        is_duplicate: bool,
        batch_id: BatchId | None,
    ) -> int: ...
    def unretired(self) -> list[tuple[Arrival, str]]:
        """Arrivals whose inbox entry is still to be retired, with its fingerprint."""

    def mark_retired(self, arrival_id: int) -> None: ...
    def of(self, scan_id: ScanId) -> Sequence[Arrival]: ...
    def count(self, batch_id: BatchId | None = None, *, duplicates_only: bool = False) -> int: ...


class PageTable(Protocol):
    def assign(
        self, scan_id: ScanId, kinds: Mapping[int, PageKind], holders: Mapping[int, DocumentId]
    ) -> None:
        """Record every page of a scan at once, replacing what was recorded before."""

    def move(self, scan_id: ScanId, numbers: Iterable[int], document_id: DocumentId | None) -> None:
        """Hand pages to another document, or set them aside (None)."""

    def mark(self, scan_id: ScanId, kinds: Mapping[int, PageKind]) -> None:
        """What some pages turned out to be; their places stay."""

    def of(self, scan_id: ScanId) -> Sequence[tuple[int, PageKind, DocumentId | None]]: ...


class DocumentTable(Protocol):
    def get(self, document_id: DocumentId) -> Document | None: ...
    def all_of(self, document_ids: Iterable[DocumentId]) -> list[Document]:
        """Those of them that there are, in the order given, at one go."""

    def add(self, document: Document) -> None: ...
    def change(self, document: Document, expected_version: int) -> None:
        """Store it. Raises ConflictError unless `expected_version` is what it replaces."""

    def all(
        self,
        *states: DocumentState,
        scan_id: ScanId | None = None,
        patient_id: PatientId | None = None,
        limit: int | None = None,
        below: float | None = None,
        needs_recheck: bool = False,
        sensitivity: str | None = None,
    ) -> list[Document]:
        """Oldest first; superseded ones only when asked for.

        sensitivity: only those with this label.

        below: only those whose worst page has a lower legibility, or none that is known.
        """

    def ids(self, *states: DocumentState) -> list[DocumentId]: ...
    def filed_versions(self, after: DocumentId, limit: int) -> list[tuple[DocumentId, int]]:
        """Filed documents and the version that is filed, ascending by id from the one behind `after`."""

    def filed_counts(
        self,
        patient_ids: Iterable[PatientId],
        without_sensitivity: Iterable[str] = (),
        opened: Collection[PatientId] = (),
    ) -> dict[PatientId, int]:
        """How many filed documents each of these patients has, those with such a label not counted;
        of the patients `opened` all are."""

    def count_in(self, state: DocumentState, scope: SearchScope) -> int:
        """How many documents of this state lie within the scope (`hidden` aside)."""

    def counts(self) -> dict[str, int]: ...


class OutboxTable(Protocol):
    def add(self, document: Document) -> None: ...
    def add_filed_of(self, patient_ids: Iterable[PatientId]) -> int:
        """Every filed document of these patients, because names or numbers of theirs changed; how many."""

    def versions_at(self, seq: int, document_ids: Iterable[DocumentId]) -> dict[DocumentId, int]:
        """Which version of each document whoever followed the outbox up to `seq` saw last."""

    def after(self, seq: int, limit: int) -> list[OutboxItem]: ...
    def last_seq(self) -> int: ...


class EventTable(Protocol):
    def append(
        self,
        kind: str,
        actor: str,
        *,
        scan_id: ScanId | None = None,
        document_id: DocumentId | None = None,
        **payload: Any,
    ) -> None: ...
    def of(self, *, document_id: DocumentId | None = None, scan_id: ScanId | None = None) -> list[Event]: ...
    def seen(self, document_id: DocumentId) -> list[Event]:
        """When people looked at a document or took it away, oldest first."""

    def trail(self, wanted: TrailFilter) -> list[TrailEntry]:
        """What fits, newest first by number; an index serves person, kind, patient and document."""

    def about(self, patient_ids: Sequence[PatientId], document_ids: Sequence[DocumentId]) -> list[TrailEntry]:
        """All about these patients or documents, newest first; other patients' data are left out."""

    def handed_over(
        self, patient_ids: Sequence[PatientId], document_ids: Sequence[DocumentId]
    ) -> list[TrailEntry]:
        """An entry for each document of theirs, and attempt, that other systems got or may have got."""

    def restart(self, actor: str, reason: str) -> None:
        """Begin a new chain of seals; only as the first thing in a transaction."""

    def filed_after(self, seq: int) -> frozenset[DocumentId]:
        """Documents of which an event after this one says that they were filed."""

    def last_seq(self) -> int: ...


class BatchTable(Protocol):
    def get(self, batch_id: BatchId) -> Batch | None: ...
    def put(self, batch: Batch) -> None: ...
    def open_for(self, folder: str) -> Batch | None: ...
    def all(self) -> list[Batch]: ...


class HoldTable(Protocol):
    """Reasons why paper must not go."""

    def get(self, hold_id: str) -> Hold | None: ...
    def put(self, hold: Hold) -> None: ...
    def all(self, *, batch_id: BatchId | None = None, open_only: bool = False) -> list[Hold]:
        """Oldest first."""


class QaTable(Protocol):
    """What a second person looks at, one line a document."""

    def get(self, document_id: DocumentId) -> QaItem | None: ...
    def put(self, item: QaItem) -> None: ...
    def of(self, batch_id: BatchId) -> list[QaItem]:
        """First drawn first."""


class PrintTable(Protocol):
    """Fingerprints of pages, by which the same paper scanned twice is found."""

    def put(self, scan_id: ScanId, pages: Sequence[PagePrint]) -> None:
        """Record the prints of a scan, replacing what was recorded before."""

    def of(self, scan_id: ScanId, pages: Iterable[int]) -> Sequence[PagePrint]: ...
    def near(self, page: PagePrint) -> Sequence[tuple[ScanId, PagePrint]]:
        """Pages that may be the same paper, likeliest first; to be compared by prints.likeness."""


class SearchTable(Protocol):
    """Searches that people keep."""

    def get(self, owner: str, name: str) -> SavedSearch | None: ...
    def put(self, saved: SavedSearch) -> None:
        """Keep it, in place of what this owner kept under that name."""

    def drop(self, owner: str, name: str) -> None: ...
    def of(self, owner: str) -> list[SavedSearch]:
        """By name."""


class SourceTable(Protocol):
    def get(self, source: str) -> SourceRecord | None: ...
    def put(self, record: SourceRecord) -> None: ...
    def all(self) -> list[SourceRecord]: ...


class FilingTable(Protocol):
    """The ledger of what the machine filed: one line a document."""

    def get(self, document_id: DocumentId) -> AutoFiling | None: ...
    def put(self, filing: AutoFiling) -> None: ...
    def of_scan(self, scan_id: ScanId) -> list[AutoFiling]: ...
    def undrawn(self, policy_id: str, source: str | None = None) -> list[tuple[DocumentId, float]]:
        """Document and margin of what stands as filed under this policy and nobody looked at yet."""

    def drawn(self, source: str | None = None) -> list[AutoFiling]:
        """Drawn and without a verdict, first drawn first."""

    def looked_at(self, source: str, policy_id: str) -> list[AutoFiling]:
        """Drawn, or with a verdict, under this policy."""

    def of_run(self, source: str, batch_id: BatchId | None, rule: str) -> list[DocumentId]:
        """Documents filed by this rule from this source and batch (no batch: those without one)."""

    def counts(self, policy_id: str | None = None) -> dict[str, int]:
        """Filings per source, all or under one policy."""


class IncidentTable(Protocol):
    def get(self, incident_id: str) -> Incident | None: ...
    def put(self, incident: Incident) -> None: ...
    def all(self, *, open_only: bool = False, source: str | None = None) -> list[Incident]: ...


class UserTable(Protocol):
    """People with a login; passwords as argon2id, second factors sealed."""

    def get(self, login: str) -> User | None: ...
    def put(self, user: User) -> None: ...
    def all(self) -> list[User]:
        """By login."""

    def have_password(self) -> bool:
        """Whether anybody could log in."""

    def of_os_user(self, os_user: str) -> User | None: ...
    def use_step(self, login: str, step: int) -> bool:
        """Take a step of the second factor; False where it, or a later one, was used before."""

    def pending_factor(self, login: str) -> str:
        """A second factor (sealed) that is not confirmed yet; "" for none."""

    def set_pending_factor(self, login: str, sealed: str) -> None: ...


class SessionTable(Protocol):
    def by_secret(self, secret_hash: str) -> Session | None: ...
    def get(self, session_id: str) -> Session | None: ...
    def add(self, session: Session, secret_hash: str) -> None: ...
    def put(self, session: Session) -> None: ...
    def of(self, login: str | None = None) -> Sequence[Session]: ...
    def drop(self, key: str) -> None: ...
    def drop_of(self, login: str | None) -> int:
        """End all of this person, or everybody's (None); how many."""


class TokenTable(Protocol):
    def by_secret(self, secret_hash: str) -> Token | None: ...
    def get(self, token_id: str) -> Token | None: ...
    def add(self, token: Token, secret_hash: str) -> None: ...
    def put(self, token: Token) -> None: ...
    def of(self, login: str | None = None) -> Sequence[Token]: ...
    def drop(self, key: str) -> None: ...
    def drop_of(self, login: str | None) -> int: ...


class GrantTable(Protocol):
    def get(self, grant_id: str) -> Grant | None: ...
    def put(self, grant: Grant) -> None: ...
    def active(self, login: str, now: datetime) -> list[Grant]: ...
    def all(self, *, login: str | None = None, unreviewed_only: bool = False) -> list[Grant]:
        """Oldest first."""


class InvitationTable(Protocol):
    """At most one for each login."""

    def by_secret(self, secret_hash: str) -> Invitation | None: ...
    def put(self, invitation: Invitation, secret_hash: str) -> None:
        """In place of an earlier one for the same login."""

    def drop(self, login: str | None) -> None:
        """None: all."""

    def all(self) -> list[Invitation]: ...


class EhrJudge(Protocol):
    """What one receiver takes."""

    def problems(self, record: ExportRecord) -> Sequence[Problem]:
        """What the receiver would refuse, found by rendering and checking; sends nothing."""


class EhrSink(EhrJudge, Protocol):
    """One receiver, as its profile says: renders records and hands them over.

    Equal records give equal bytes, and a resend carries the same ids, so that a receiver that
    knows them takes a document once. Knows nothing of the ledger.
    """

    @property
    def parcel_documents(self) -> int:
        """Most records that are sent together (a package, a file); 1: each by itself."""

    def send(self, parcel: Parcel) -> Iterator[Receipt]:
        """Hand over; a receipt per record once the receiver (or the disk) has it for sure.

        Idempotent. Raises TransientError where a later try may help (no answer, busy, answer of
        somebody else, disk full): what has a receipt by then counts. ConfigError where the profile
        is at fault (unknown host, password refused).
        """

    def inventory(self, external_ids: Collection[str] | None = None) -> Iterator[Held]:
        """What the receiver says it holds of ours. Raises NotAllowedNow where it cannot be asked.

        external_ids: these at least (a receiver that can only be asked one by one); None: all.
        """

    def close(self) -> None: ...


@runtime_checkable
class PackageKeeper(Protocol):
    """A sink whose packages can be looked into."""

    def strays(self) -> Strays:
        """Files in them that no list of theirs names."""


class DeliveryTable(Protocol):
    """The ledger of exports; one line per record and target, never deleted."""

    def add(self, deliveries: Iterable[Delivery]) -> None:
        """New lines, numbered here in this order; `delivery_no` of the values is not looked at."""

    def put(self, deliveries: Iterable[Delivery]) -> None:
        """These lines as they read now."""

    def get(self, target: str, external_id: str) -> Delivery | None: ...
    def latest(self, target: str, document_ids: Iterable[DocumentId]) -> dict[DocumentId, list[Delivery]]:
        """All lines of these documents, oldest first."""

    def documents(self, target: str, after: DocumentId, limit: int) -> list[DocumentId]:
        """Documents with any line, ascending from the one behind `after`."""

    def select(
        self,
        target: str | None = None,
        *states: DeliveryState,
        run_id: str | None = None,
        after: int = 0,
        limit: int = 1_000,
    ) -> list[Delivery]:
        """Lines by number from the one behind `after`."""

    def counts(self, target: str | None = None, run_id: str | None = None) -> dict[tuple[str, str, str], int]:
        """By target, action and state."""

    def per_day(self, target: str | None, since: datetime) -> list[tuple[str, str, int]]:
        """(day, target, documents answered) in UTC days."""

    def changed_since(self, target: str) -> int:
        """Documents that changed here since the target was told of them: a correction may be due."""

    def last_event(self, kind: str, target: str | None) -> int:
        """Number of the newest event of this kind, and about this target where one is named; 0: none."""

    def run(self, run_id: str) -> ExportRun | None: ...
    def put_run(self, run: ExportRun) -> None: ...
    def runs(self, target: str | None = None, limit: int = 50) -> list[ExportRun]:
        """Newest first."""


class ConsentTable(Protocol):
    def get(self, consent_id: str) -> Consent | None: ...
    def put(self, consent: Consent) -> None: ...
    def of(self, patient_id: PatientId | None = None) -> list[Consent]:
        """Oldest first, revoked ones too."""


class LoginTryTable(Protocol):
    """How often logging in failed, by keys that do not tell what was typed."""

    def get(self, keys: Sequence[str]) -> dict[str, tuple[int, datetime]]:
        """Misses and the moment of the last one."""

    def put(self, key: str, misses: int, at: datetime) -> None: ...
    def drop(self, key: str) -> None: ...
    def forget_before(self, moment: datetime) -> None: ...
    def count(self) -> int: ...


class DeskTable(Protocol):
    """What a reviewer's day leaves; nothing of it is replayed from the archive."""

    def claim(self, scan_id: ScanId, actor: str, now: datetime, until: datetime) -> bool:
        """Take a scan or keep it longer; False while somebody else holds it. Of two at once one gets it."""

    def take(self, scan_id: ScanId, actor: str, now: datetime, until: datetime) -> None:
        """Out of whosever hands it is in."""

    def release(self, scan_id: ScanId, actor: str) -> None: ...
    def holder(self, scan_id: ScanId, now: datetime) -> Claim | None: ...
    def claims(self, now: datetime) -> list[Claim]:
        """Those that have not run out, first taken first."""

    def parked(self, item_id: DocumentId) -> Parked | None: ...
    def park(self, parked: Parked) -> None: ...
    def unpark(self, item_id: DocumentId) -> None: ...
    def unsent(self, item_id: DocumentId, actor: str) -> str:
        """A note that this person typed on it and did not send; ""."""

    def keep_unsent(self, note: Parked) -> None:
        """Instead of the one of this person on this item; an empty one takes it away."""

    def drop_unsent(self, item_id: DocumentId) -> None:
        """Everybody's on this item."""

    def keys(self, document_id: DocumentId) -> list[Key]:
        """First given first."""

    def put_keys(self, document_id: DocumentId, keys: Iterable[Key]) -> None:
        """These instead of what stood there."""

    def seed(self, item_id: DocumentId) -> Seed | None: ...
    def put_seed(self, seed: Seed) -> None: ...
    def seeds(self, *, waiting_only: bool = False) -> list[Seed]: ...
    def seedable(self, limit: int) -> list[DocumentId]:
        """Filed by the machine, audited as right, nothing of their scan waiting, never used before."""

    def waiting(self, now: datetime, scan_ids: Collection[ScanId] | None = None) -> list[Waiting]:
        """Every document in review and every test item that waits, in no order; of these scans only."""

    def line(self, actor: str, now: datetime) -> list[ScanId]:
        """Scans of which something waits and that nobody else holds: those of test items and those in
        this person's hands, then the others by priority and age."""

    def did(self, action: Action) -> None: ...
    def last_done(self, actor: str, kinds: Iterable[str]) -> list[Action]:
        """The newest act that is not undone, with all of its run, newest first."""

    def recent(self, actor: str, limit: int) -> list[Action]:
        """The newest acts of this person, newest first."""

    def amend(self, action: Action) -> None:
        """Keep it as it reads now."""

    def undone(self, action_nos: Iterable[int]) -> None: ...
    def done(self, since: datetime | None, until: datetime | None, actor: str = "") -> list[Action]:
        """In order, undone ones too."""

    def changed_after(self, document_ids: Iterable[DocumentId], kinds: Iterable[str]) -> list[Any]:
        """(document id, event number, actor) of events of these kinds."""


class TodayTable(Protocol):
    """Counts for the dashboard, cheap enough to be asked every two seconds by everybody."""

    def last_event(self) -> int: ...
    def first_event(self, since: datetime) -> int:
        """Number of the first event at or after this moment; one more than the last where there is none."""

    def flow(self, first: int, last: int) -> Flow:
        """What the events from number `first` to `last` (inclusive) tell."""

    def standing(self) -> list[Standing]:
        """Documents that wait for people or to be filed, and filed ones to look at again."""

    def underway(self, limit: int) -> list[Scan]: ...
    def filing(self, limit: int) -> list[tuple[Scan, int]]: ...
    def still(self, state: ScanState, limit: int) -> list[Scan]: ...
    def queued(self) -> int:
        """Scans received and not decided yet."""

    def quarantined_since(self, moment: datetime) -> list[datetime]:
        """When each file arrived that is quarantined now."""

    def reasons(self) -> list[tuple[str, str, int]]: ...
    def names(self, scan_ids: Iterable[ScanId]) -> dict[ScanId, list[str]]:
        """Inbox paths (encoded) that each of a few scans came under."""

    def done_by(self, actor: str, kind: str, limit: int) -> list[Event]:
        """Events of one kind by one person, newest first."""

    def arrival(self, scan_id: ScanId, fingerprint: str) -> Arrival | None:
        """The taking over of just this inbox entry."""


class Unit(Protocol):
    """One transaction over the catalog's tables."""

    @property
    def scans(self) -> ScanTable: ...
    @property
    def arrivals(self) -> ArrivalTable: ...
    @property
    def pages(self) -> PageTable: ...
    @property
    def documents(self) -> DocumentTable: ...
    @property
    def outbox(self) -> OutboxTable: ...
    @property
    def events(self) -> EventTable: ...
    @property
    def batches(self) -> BatchTable: ...
    @property
    def holds(self) -> HoldTable: ...
    @property
    def qa(self) -> QaTable: ...
    @property
    def prints(self) -> PrintTable: ...
    @property
    def searches(self) -> SearchTable: ...
    @property
    def desk(self) -> DeskTable: ...
    @property
    def sources(self) -> SourceTable: ...
    @property
    def filings(self) -> FilingTable: ...
    @property
    def incidents(self) -> IncidentTable: ...
    @property
    def users(self) -> UserTable: ...
    @property
    def sessions(self) -> SessionTable: ...
    @property
    def tokens(self) -> TokenTable: ...
    @property
    def grants(self) -> GrantTable: ...
    @property
    def invitations(self) -> InvitationTable: ...
    @property
    def login_tries(self) -> LoginTryTable: ...
    @property
    def today(self) -> TodayTable: ...
    @property
    def deliveries(self) -> DeliveryTable: ...
    @property
    def consents(self) -> ConsentTable: ...


class Catalog(Protocol):
    def read(self) -> AbstractContextManager[Unit]:
        """One consistent snapshot."""

    def write(self) -> AbstractContextManager[Unit]:
        """All or nothing; on leaving it is durable and its events are in the archive's log."""

    def flush_events(self) -> None:
        """Bring the archive's log up to the catalog, after a `write` that could not; idempotent."""

    def trail_head(self) -> TrailHead:
        """Where the audit trail ends now, to be kept in a second place."""

    def prove_trail(self, heads: Sequence[TrailHead] = ()) -> TrailReport:
        """Check every seal, table against log, and heads kept elsewhere; changes nothing."""


class Workers(Protocol):
    """Everything that touches received bytes or pixels, in limited child processes.

    A child's death is a normal result: `WorkerLost` after a second try.
    """

    def inspect(self, scan: Scan) -> ScanInfo:
        """Open the original and count its pages. Raises InputError for what quarantines it."""

    def read_pages(self, scan: Scan, page_count: int) -> list[PageReading]:
        """Every page read, in order; a page that cannot be has kind FAILED.

        Resumes from per-page checkpoints; blocks until all are there.
        """

    def reread_page(self, scan: Scan, scan_page_no: int, *, fresh: bool = True) -> PageReading:
        """Read one page again; with `fresh` a checkpoint is ignored, else work goes on from it."""

    def assemble(
        self, scan: Scan, document: Document, readings: Sequence[PageReading], staged: Path
    ) -> tuple[str, ...]:
        """Write document.pdf into `staged` and verify it; says per page how. Raises VerifyFailed."""

    def rest(self, scan_id: ScanId) -> None:
        """Let go of what is kept ready for the scan's next step; never raises."""

    def forget(self, scan_id: ScanId) -> None:
        """Drop derived work of a settled scan."""


class PageViews(Protocol):
    """Pictures of filed pages for people, drawn in limited child processes."""

    def draw_page(
        self, pdf: Path, page_no: int, places: Sequence[tuple[float, float, float, float]], target: Path
    ) -> None:
        """Write page `page_no` (1-based) of a filed PDF as PNG to `target`, these places marked.

        places: left, top, right, bottom as fractions of the upright page. Raises CorruptFile,
        WorkerLost, TransientError.
        """


class TiffMaker(Protocol):
    """Filed documents as multi-page TIFF for receivers, made in limited child processes."""

    def make_tiff(self, pdf: Path, page_count: int, target: Path) -> None:
        """The pages of a filed PDF as TIFF in `target`: whole, or not there at all.

        Equal PDFs give equal files. Raises CorruptFile where it cannot be drawn or has not `page_count`
        pages, WorkerLost, TransientError.
        """


class PageDrawings(Protocol):
    """Pictures of pages of originals for the screens, drawn in limited child processes, one a scan."""

    def draw_original(
        self, scan: Scan, scan_page_no: int, turn: int | None, widths: Sequence[str], folder: Path
    ) -> int:
        """Leave pictures of these widths (child.LONG_SIDES_PX) in `folder` under their names.

        turn: clockwise from the archived frame; None: as the file itself asks. Returns the turn that
        was given. Blocks until a child is free. Raises InputError, WorkerLost, TransientError.
        """

    def rest(self, scan_id: ScanId) -> None:
        """Let go of what is kept ready for this scan; never raises."""

    def warm_up(self) -> None: ...
    def interrupt(self) -> None: ...
    def close(self) -> None: ...


class EventLog(Protocol):
    """The archive's append-only, hash-chained record of who did what when."""

    def append(self, events: Sequence[Event]) -> None:
        """Durable on return; numbers already written are skipped."""

    def last_seq(self) -> int: ...
    def read(self) -> Iterator[Event]:
        """All events, oldest first."""

    def verify(self) -> list[str]:
        """Breaks of the chain, each with its place; empty when whole."""


class TypeBook(Protocol):
    """What this site knows about document types besides what ships with the product."""

    def current(self) -> SiteTypes:
        """As of now; cheap to ask for every page."""

    def learned(self) -> dict[str, Any] | None:
        """What was taught, as kept; None where nothing was."""

    def keep(
        self,
        about: Mapping[str, Any],
        shift: Mapping[str, Mapping[str, float]],
        bias_shift: Mapping[str, float],
    ) -> None:
        """Keep what was taught, in place of what was there. Durable on return."""


class ChartView(Protocol):
    """The labelled tree that people browse; a rebuildable view."""

    def show(self, document: Document, patient: Patient, folder: Path) -> Path:
        """Put the document at its one place in the tree and return that; idempotent."""

    def hide(self, document_id: DocumentId) -> None: ...


__all__ = [
    "ArchiveStore",
    "Catalog",
    "ChartView",
    "Clock",
    "EhrSink",
    "EventLog",
    "Ids",
    "NameFrequencies",
    "OcrEngine",
    "PageDrawings",
    "PageViews",
    "ReadingStore",
    "Registry",
    "Roster",
    "SearchIndex",
    "SwitchableIndex",
    "TypeBook",
    "Unit",
    "Workers",
]
