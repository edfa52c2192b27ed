"""The composition root: the only place that names a back-end.

`open_workspace` gives the edges everything they need; heavy parts (process
pools, search engine) come to life on first use, so that `status` stays quick.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import importlib.util
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanindex import filing, pipeline, sensitivity
from scanindex.child import SCRATCH
from scanindex.errors import AlreadyRunning, IntegrityError, MissingTool, NotInitialised
from scanindex.intake import Intake
from scanindex.model import Document, DocumentState, PageReading, Scan, ScanId, ScanInfo
from scanindex.picture_cache import PictureCache
from scanindex.pictures import Pictures
from scanindex.ports import ArchiveStore, EhrJudge, EhrSink, SearchIndex, SwitchableIndex, Workers
from scanindex.services import Services
from scanindex.settings import Settings
from scanindex.store import durable
from scanindex.store.archive import FileArchive
from scanindex.store.catalog import Catalog, open_engine, quick_check, sqlite_path
from scanindex.store.charts import Charts
from scanindex.store.clock import RandomIds, SystemClock
from scanindex.store.event_log import EventLog
from scanindex.store.migrate import is_current, is_empty, migrate
from scanindex.store.roster import SqlRoster
from scanindex.store.roster_check_digits import rules_of
from scanindex.store.trail_chain import TrailKey
from scanindex.store.types_file import TypeFile
from scanindex.target_profile import Target

if TYPE_CHECKING:
    from scanindex.index.language import Language

Progress = Callable[[str, int, int], None]
WorkersFactory = Callable[[Settings, ArchiveStore], Workers]


_LOCK_TRIES, _LOCK_PAUSE_SECONDS = 5, 0.05


class Workspace:
    """One workspace, opened: the services and what only the edges need besides."""

    def __init__(self, settings: Settings, make_workers: WorkersFactory) -> None:
        self.settings = settings
        self.engine = open_engine(settings.catalog_url)
        self.archive = FileArchive(settings.archive)
        self.event_log = EventLog(settings.archive)
        self.clock = SystemClock()
        trail_key = TrailKey(settings.var / "keys" / "trail.key")
        self.catalog = Catalog(self.engine, self.event_log, self.clock, trail_key)
        self.roster = SqlRoster(self.engine, rules_of(settings.site.mrn_check_digits))
        self.types = TypeFile(settings.var / "types.json", settings.types)
        self.workers = LazyWorkers(lambda: make_workers(settings, self.archive))

    @cached_property
    def services(self) -> Services:
        return Services(
            settings=self.settings,
            catalog=self.catalog,
            archive=self.archive,
            event_log=self.event_log,
            readings=self.archive,
            roster=self.roster,
            registry=self.roster,
            index=self._open_index(),
            charts=Charts(self.settings.archive),
            workers=self.workers,
            clock=self.clock,
            ids=RandomIds(),
            types=self.types,
        )

    @cached_property
    def intake(self) -> Intake:
        return Intake(self.settings, self.catalog, self.archive, self.clock)

    @cached_property
    def language(self) -> Language:
        """What search knows about words here: lexicon, synonyms, titles of types; the site's own too."""
        from scanindex.index.language import Language
        from scanindex.index.site_synonyms import SiteSynonyms
        from scanindex.index.spelling import Spelling
        from scanindex.index.type_names import with_site

        return Language(
            spelling=Spelling(self.settings.search_words_path),
            thesaurus=SiteSynonyms(self.settings.synonyms_path),
            titles=with_site(self.settings.types),
        )

    @cached_property
    def pictures(self) -> Pictures:
        """Pictures of pages for the screens, with children of their own beside the service's."""
        from scanindex.drawing import Drawers

        cache = PictureCache(self.settings.var / "pictures", self.settings.web.picture_bytes)
        return Pictures(cache, Drawers(self.settings, self.archive))

    def _open_index(self) -> SwitchableIndex:
        from scanindex.index.switch import SwitchedIndex

        language = self.language
        makers = {
            "whoosh": lambda folder: _whoosh(folder, language),
            "tantivy": lambda folder: _tantivy(folder, language),
        }
        return SwitchedIndex(self.settings.index_path, makers, self.settings.index.engine)

    def recover(self) -> None:
        """What every start does first: stale temporary files away, events written on."""
        self.archive.cleanup_tmp()
        shutil.rmtree(self.settings.spool / SCRATCH, ignore_errors=True)
        self.catalog.flush_events()

    def close(self) -> None:
        self.workers.close()
        if "pictures" in self.__dict__:
            self.pictures.close()
        self.engine.dispose()


def _whoosh(folder: Path, language: Language) -> SearchIndex:
    from scanindex.index.whoosh_index import WhooshIndex

    return WhooshIndex(folder, language=language)


def _tantivy(folder: Path, language: Language) -> SearchIndex:
    """Raises MissingTool where the extra is not installed."""
    if importlib.util.find_spec("tantivy") is None:
        raise MissingTool("the engine tantivy is not installed: pip install 'scanindex[tantivy]'")
    from scanindex.index.tantivy_index import TantivyIndex

    return TantivyIndex(folder, language=language)


class LazyWorkers:
    """Process pools that start when the first page needs them."""

    def __init__(self, make: Callable[[], Workers]) -> None:
        self._make = make
        self._made: Workers | None = None

    @property
    def _workers(self) -> Workers:
        if self._made is None:
            self._made = self._make()
        return self._made

    def inspect(self, scan: Scan) -> ScanInfo:
        return self._workers.inspect(scan)

    def read_pages(self, scan: Scan, page_count: int) -> list[PageReading]:
        return self._workers.read_pages(scan, page_count)

    def reread_page(self, scan: Scan, scan_page_no: int, *, fresh: bool = True) -> PageReading:
        return self._workers.reread_page(scan, scan_page_no, fresh=fresh)

    def assemble(
        self, scan: Scan, document: Document, readings: Sequence[PageReading], staged: Path
    ) -> tuple[str, ...]:
        return self._workers.assemble(scan, document, readings, staged)

    def draw_page(
        self, pdf: Path, page_no: int, places: Sequence[tuple[float, float, float, float]], target: Path
    ) -> None:
        """See `ports.PageViews`."""
        views: Any = self._workers
        views.draw_page(pdf, page_no, places, target)

    def make_tiff(self, pdf: Path, page_count: int, target: Path) -> None:
        """See `ports.TiffMaker`."""
        tiffs: Any = self._workers
        tiffs.make_tiff(pdf, page_count, target)

    def rest(self, scan_id: ScanId) -> None:
        if self._made is not None:
            self._made.rest(scan_id)

    def forget(self, scan_id: ScanId) -> None:
        self._workers.forget(scan_id)

    def interrupt(self) -> None:
        """Give up what is under way; see ProcessWorkers."""
        give_up: Any = getattr(self._made, "interrupt", None)
        if give_up:
            give_up()

    def close(self) -> None:
        close: Any = getattr(self._made, "close", None)
        if close:
            close()


def picture_cache(settings: Settings) -> PictureCache | None:
    """Where pictures of pages are kept ready; None where the settings leave no room for them."""
    if not settings.web.picture_bytes:
        return None
    return PictureCache(settings.var / "pictures", settings.web.picture_bytes)


def process_workers(progress: Progress | None = None) -> WorkersFactory:
    """Makes the real pools; `progress` is told (scan id, pages read, pages)."""

    def make(settings: Settings, archive: ArchiveStore) -> Workers:
        from scanindex.workers import ProcessWorkers

        return ProcessWorkers(settings, archive, progress, picture_cache(settings))

    return make


def workers_with_effort(workspace: Workspace, make: WorkersFactory, effort: str) -> LazyWorkers:
    """Workers that read with another effort than the settings say, beside those of the service.

    They have a spool of their own: a running service must neither take their checkpoints
    for its own nor clear them away, and a later run goes on from them.
    """
    settings = workspace.settings
    ocr = dataclasses.replace(settings.ocr, effort=effort)
    own_place = dataclasses.replace(settings.store, var=str(settings.var / "reread" / effort))
    web = dataclasses.replace(settings.web, picture_bytes=0)  # the service made the pictures already
    own = dataclasses.replace(settings, ocr=ocr, store=own_place, web=web)
    own.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    return LazyWorkers(lambda: make(own, workspace.archive))


@contextlib.contextmanager
def rereading(settings: Settings) -> Iterator[None]:
    """Be the one that reads again in this workspace; the service may run. Raises AlreadyRunning."""
    folder = settings.var / "reread"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if not _locked(descriptor):
            raise AlreadyRunning("documents of this workspace are being read again by another process")
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def exporting(settings: Settings, target: str) -> Iterator[None]:
    """Be the one that sends to this target; the service may run. Raises AlreadyRunning."""
    folder = settings.var / "export" / target
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if not _locked(descriptor):
            raise AlreadyRunning(f"another process is exporting to {target}")
        yield
    finally:
        os.close(descriptor)


def open_judge(target: Target) -> EhrJudge:
    """What the receiver of a profile takes. Raises ConfigError, MissingTool."""
    from scanindex.ehr.open import open_judge as make

    return make(target)


def open_sink(settings: Settings, target: Target, environ: Mapping[str, str]) -> EhrSink:
    """The form and the line that a profile asks for. Raises ConfigError, MissingTool."""
    from scanindex.ehr.open import open_sink as make

    return make(target, settings.home / target.target.folder, environ)


def file_now(workspace: Workspace, scan_ids: Iterable[ScanId]) -> bool:
    """File what is decided of these scans; False, and nothing done, where a running service files it."""
    try:
        with exclusive(workspace.settings):
            for scan_id in scan_ids:
                with workspace.catalog.read() as unit:
                    scan = unit.scans.get(scan_id)
                if scan is not None:
                    pipeline.process(scan, workspace.services)
    except AlreadyRunning:
        return False
    return True


def initialise(settings: Settings, *, is_rebuild: bool = False) -> None:
    """Make the folders and the catalog of a workspace; harmless if they are there.

    A lost catalog is not replaced by an empty one unless it is to be rebuilt (IntegrityError).
    """
    os.umask(0o077)
    for folder in (settings.inbox, settings.archive, settings.var, settings.spool):
        folder.mkdir(parents=True, exist_ok=True)
        durable.fsync_dir(folder.parent)
    FileArchive(settings.archive).initialise()
    engine = open_engine(settings.catalog_url)
    if not is_rebuild:
        _refuse_lost_catalog(engine, EventLog(settings.archive))
    migrate(engine)
    engine.dispose()


def _refuse_lost_catalog(engine: Any, event_log: EventLog) -> None:
    if is_empty(engine) and event_log.last_seq():
        raise IntegrityError("the catalog is missing; `scanindex rebuild` makes it anew from the archive")


def open_workspace(
    settings: Settings,
    make_workers: WorkersFactory | None = None,
    progress: Progress | None = None,
    *,
    is_rebuild: bool = False,
) -> Workspace:
    """Raises NotInitialised where `init` never ran; brings an older catalog up to date.

    An archive with events and no catalog is a lost catalog (IntegrityError), not a new workspace,
    unless it is opened to be rebuilt.
    """
    os.umask(0o077)
    if not settings.var.is_dir() or not settings.archive.is_dir():
        raise NotInitialised("no var/ and archive/ here")
    workspace = Workspace(settings, make_workers or process_workers(progress))
    if not is_current(workspace.engine):
        if not is_rebuild:
            _refuse_lost_catalog(workspace.engine, workspace.event_log)
        FileArchive(settings.archive).initialise()
        migrate(workspace.engine)
    return workspace


def set_damaged_catalog_aside(settings: Settings) -> Path | None:
    """Rename a catalog file that cannot be read, so that it can be rebuilt; its new name, or None."""
    path = sqlite_path(settings.catalog_url)
    if path is None or not path.exists():
        return None
    engine = open_engine(settings.catalog_url)
    try:
        if is_current(engine):
            quick_check(engine)
        return None
    except IntegrityError:
        pass
    finally:
        engine.dispose()
    aside = path.with_name(f"catalog.damaged-{SystemClock().now():%Y%m%dT%H%M%S}.db")
    for name in ("", "-wal", "-shm"):
        part = path.with_name(path.name + name)
        if part.exists():
            part.rename(aside.with_name(aside.name + name))
    return aside


@contextlib.contextmanager
def exclusive(settings: Settings) -> Iterator[None]:
    """Be the one service of this workspace and of its inbox. Raises AlreadyRunning.

    The lock on the inbox folder itself stops two workspaces from sharing one inbox
    on one machine; on network shares locks are not trusted, and claiming by rename
    protects the bytes all the same.
    """
    with contextlib.ExitStack() as stack:
        for path, what in ((settings.var, "workspace"), (settings.inbox, "inbox")):
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            stack.callback(os.close, descriptor)
            if not _locked(descriptor):
                raise AlreadyRunning(f"this {what} is served by another process")
        yield


def _locked(descriptor: int) -> bool:
    """Try for a moment: `status` and its like hold the lock only to see whether it is free."""
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(_LOCK_PAUSE_SECONDS)
    return False


def is_running(settings: Settings) -> bool:
    """Whether a service holds this workspace now."""
    try:
        with exclusive(settings):
            return False
    except AlreadyRunning:
        return True


def restore_patients(workspace: Workspace) -> int:
    """Put back patients that only filed documents still name (after a rebuild); returns how many."""
    from scanindex.store.rebuild import restore_patient

    count = 0
    with workspace.catalog.read() as unit:
        filed = unit.documents.all(DocumentState.FILED)
    for document in filed:
        if document.patient_id is None or document.filed_version is None:
            continue
        if workspace.roster.get(document.patient_id) is None:
            folder = workspace.archive.document_folder(document.document_id, document.filed_version)
            patient = filing.read_record(folder).patient
            if patient is not None:
                restore_patient(workspace.roster, patient, document.patient_id)
                count += 1
    return count


def rebuild_charts(workspace: Workspace) -> int:
    """Throw the chart tree away and make it anew from the catalog; returns the documents shown."""
    with workspace.catalog.read() as unit:
        filed = unit.documents.all(DocumentState.FILED)
    items = (
        (document, patient, workspace.archive.document_folder(document.document_id, document.filed_version))
        for document in filed
        if document.patient_id and document.filed_version is not None
        if workspace.settings.sensitivity.in_charts or not sensitivity.is_restricted(document)
        if (patient := workspace.roster.get(document.patient_id))
    )
    return Charts(workspace.settings.archive).rebuild(items)
