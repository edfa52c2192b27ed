"""Frozen settings: one section per stage, from `scanindex.toml` and the environment.

The file is optional; every value has a default that is right for one machine.
`SCANINDEX_<SECTION>_<KEY>` in the environment wins over the file. Only the
edges (cli, web, app) call `load`, because only they may read the environment.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
import types
import typing
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from scanindex.access_model import StaffRole
from scanindex.errors import ConfigError
from scanindex.houses import Houses, known

FILE_NAME = "scanindex.toml"
EFFORTS = ("fast", "normal", "thorough")
"""From the least to the most."""
CHECK_DIGIT_RULES = ("luhn", "mod10", "mod11", "verhoeff", "damm")
MODES = ("suggest", "strict")
"""What the settings can ask for; certified is earned (`scanindex audit certify`)."""


ENGINES = ("whoosh", "tantivy")
_MODES_ALLOWED = f"allowed: {', '.join(MODES)}; certified is earned by `scanindex audit certify`"


def _doc(default: Any, text: str) -> Any:
    return field(default=default, metadata={"doc": text})


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    name: str = _doc("", "Name of the hospital, printed on separator sheets.")
    facilities: tuple[str, ...] = _doc(
        (),
        "All houses that number their patients as the roster does (hospital, clinics), as their letterheads "
        "print them: a number that the page gives to another house is then no record number of ours.",
    )
    timezone: str = _doc("UTC", "Zone in which times are shown; records keep UTC.")
    mrn_authority: str = _doc("local", "Assigning authority of MRNs in the roster that name none.")
    mrn_check_digits: str = _doc(
        "",
        'Check-digit rule per authority, e.g. "local=luhn, county=mod11" '
        "(luhn, mod10, mod11, verhoeff, damm): a number that breaks it never counts as read for sure.",
    )
    date_order: str = _doc(
        "month_first",
        "How 03/04/98 is read where the page's other dates do not tell: month_first | day_first | "
        "ask (leave it open for a person).",
    )

    @property
    def houses(self) -> Houses:
        """The site's own houses, by `facilities` and `name`."""
        return known(self.name, self.facilities)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeSettings:
    inbox: str = _doc("inbox", "Watched folder; relative paths start at the workspace.")
    settle_seconds: float = _doc(2.0, "An entry must look unchanged this long (network share: 10).")
    poll_seconds: float = _doc(2.0, "Pause between full listings; watcher events only shorten it.")
    watch_events: bool = _doc(True, "Use file system events as hints (polling stays on).")
    incomplete_seconds: float = _doc(
        600.0, "How long a structurally incomplete file may take before quarantine."
    )
    max_bytes: int = _doc(524_288_000, "Larger files are quarantined as oversize.")
    retire: str = _doc(
        "processed", "What happens to an inbox entry once durable: processed (moved) or remove."
    )
    processed: str = _doc("processed", "Folder beside the inbox that takes retired entries.")
    processed_days: int = _doc(30, "Retired entries older than this are removed; 0 keeps all.")
    floor_bytes: int = _doc(2_000_000_000, "Intake waits while less than this is free on the archive's disk.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesSettings:
    max_pages: int = _doc(2_000, "More pages in one file are quarantined as oversize.")
    max_pixels: int = _doc(100_000_000, "A larger page is scaled down for reading (archived as it is).")
    render_dpi: int = _doc(300, "Resolution for PDF pages that must be rendered.")


@dataclass(frozen=True, slots=True, kw_only=True)
class OcrSettings:
    languages: str = _doc("eng", "Tesseract language codes joined by +.")
    engine: str = _doc("auto", "auto | tesserocr | pytesseract (auto: in-process where importable).")
    reading_dpi: int = _doc(
        200, "Grey pages are scaled to about this for reading; 1-bit pages never upscaled."
    )
    effort: str = _doc(
        "normal",
        "fast (one pass) | normal (hard pages earn more) | thorough (every pass on every page); "
        "a folder's preset may say otherwise, and `scanindex reread` reads again with more.",
    )
    page_seconds: float = _doc(120.0, "Wall time one page may take before it is given up and marked.")
    second_reader: bool = _doc(True, "Read identifier regions a second time with RapidOCR where installed.")
    legibility_floor: float = _doc(
        0.40, "Expected share of words read right below which a page asks for a rescan."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentsSettings:
    separators: bool = _doc(True, "Separator sheets split (QR, Code 128, Patch T).")
    drop_blanks: bool = _doc(True, "Set blank pages aside (kept with the original, reversible).")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchesSettings:
    keep_days: int = _doc(30, "How long the paper of a closed batch is kept before it may be released.")
    qa_fault_share: float = _doc(
        0.05,
        "Share of faulty documents that the sample a second person looks at would show with 95 percent "
        "probability; smaller means a larger sample.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchSettings:
    posterior: float = _doc(0.998, "Least posterior against 'nobody in the roster' for filing alone.")
    not_in_roster_prior: float = _doc(0.10, "Share of documents whose person is in no roster.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingSettings:
    mode: str = _doc(
        "strict",
        "What a source may do until `scanindex audit mode` says otherwise: suggest (nothing is filed alone) "
        "or strict (filed alone where the gates hold; not certified). `init` writes suggest.",
    )
    misfile_bound: float = _doc(
        0.001, "A source is certified when at most this share is misfiled (95 % upper bound of its audits)."
    )
    archive: str = _doc("archive", "Archive folder; relative paths start at the workspace.")
    charts: bool = _doc(True, "Keep the browsable patient / year / document tree.")
    jpeg_quality: int = _doc(85, "For pages whose codec PDF/A-2b forbids and whose source was lossy.")
    small_rendition: bool = _doc(
        False, "Keep document-small.pdf beside document.pdf: sharp text over coarse paper, for slow lines."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSettings:
    enabled: bool = _doc(True, "Index filed documents for full-text search.")
    engine: str = _doc(
        "whoosh",
        "Search engine of a new workspace: whoosh (to some 100,000 pages) or tantivy (an extra to be "
        "installed); later `scanindex reindex --engine` changes it.",
    )
    synonyms: str = _doc(
        "synonyms.txt",
        "The site's own abbreviations and synonyms, beside the shipped ones; relative paths start at the "
        "workspace. See [query language](query-language.md#synonyms-and-abbreviations).",
    )
    words: str = _doc(
        "search-words.txt",
        "The site's own rightly spelt words, one a line, beside the shipped list: they are suggested and "
        "never taken for misread ones; relative paths start at the workspace. New ones count at once, what "
        "is taken out after a reindex.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkersSettings:
    processes: int = _doc(0, "Pages read at the same time; 0 means one per core.")
    memory_bytes: int = _doc(3_000_000_000, "Address space one decoding child may use.")
    cpu_seconds: int = _doc(120, "CPU time one decoding child may use.")
    sandbox: bool = _doc(True, "Cut decoding children off the network where the system allows it.")
    nice: int = _doc(10, "Niceness of reading processes.")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    var: str = _doc("var", "Folder for catalog, index, spool and locks (local disk, not a share).")
    catalog_url: str = _doc("", "SQLAlchemy URL of the catalog; empty: SQLite in var/catalog.db.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SensitivitySettings:
    minor_age: int = _doc(18, "Younger than this at the date of care is labelled minor; 0: nobody is.")
    vip: str = _doc("", "MRNs or patient ids of protected persons, with blanks between: labelled vip.")
    in_charts: bool = _doc(
        False, "Show documents with a label or of a sensitive type in the chart tree, whose readers see all."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeSettings:
    """`[types.CODE]`: a document type of the site's own, or more titles for a known one."""

    code: str
    name: str = _doc("", "What people call it; needed for a type of the site's own.")
    loinc: str = _doc("", "Its LOINC code; empty: none known.")
    titles: tuple[str, ...] = _doc((), "Titles as the site prints them over such documents.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """`[sources.NAME]`: what holds for one source (an inbox folder, "." for the inbox itself)."""

    name: str
    mode: str = _doc("", "suggest (always, whatever was recorded) or strict (until recorded otherwise).")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    host: str = _doc(
        "127.0.0.1",
        "Address of the screens; any but this machine's own needs TLS or a proxy.",
    )
    port: int = _doc(8700, "Port that the screens are served on.")
    tls_certificate: str = _doc(
        "", "PEM file of the certificate (with its chain); relative to the workspace."
    )
    tls_key: str = _doc("", "PEM file of its private key.")
    behind_proxy: str = _doc(
        "",
        'Addresses of reverse proxies that speak TLS in front of it, e.g. "10.0.0.2" (several with commas): '
        "only their X-Forwarded-For and -Proto are believed.",
    )
    max_upload_bytes: int = _doc(1 << 30, "Largest upload; what is larger goes into the shared folder.")
    picture_bytes: int = _doc(
        4 << 30,
        "Room for pictures of pages kept ready for the screens; what nobody looked at longest goes first. "
        "0: none are made before somebody asks.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSettings:
    idle_minutes: int = _doc(15, "A session ends after so long without a hand on it.")
    session_hours: int = _doc(12, "A session ends after so long whatever happens.")
    password_characters: int = _doc(12, "Fewest characters of a password.")
    second_factor_for: tuple[str, ...] = _doc(
        (), "Roles that must have a second factor (TOTP) before they can work."
    )
    restricted_labels: tuple[str, ...] = _doc(
        ("mental_health", "substance_use", "hiv", "reproductive", "vip"),
        "Documents with one of these labels are closed to everybody without leave to see such ones "
        "(supervisors have it); the others must break the glass.",
    )
    glass_minutes: int = _doc(60, "How long a chart stays open after the glass was broken.")
    heads_file: str = _doc(
        "",
        "File on another machine or disk that gets the head of the trail daily; relative to the workspace.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSettings:
    claim_minutes: int = _doc(10, "A scan goes back to the queue after so long without a hand on it.")
    confirm_always: bool = _doc(False, "Ask for the confirming datum also where the machine is sure.")
    second_key: tuple[str, ...] = _doc(
        (),
        "Document types, sources (source:NAME) or labels (label:hiv) that two people must settle alike.",
    )
    seeded_per_thousand: int = _doc(
        0, "Test items with a wrong proposal mixed into the queue, per thousand; they measure who notices."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedsSettings:
    authorities: tuple[str, ...] = _doc(
        (),
        "What feeds call the issuers of numbers, and the roster's name for each: an HL7 namespace, an OID or "
        'a FHIR system, e.g. ["GOODHEALTH=local", "2.16.840.1.113883.3.999.1=local", '
        '"http://hospital.example/mrn=local"].',
    )
    message_days: int = _doc(
        90, "Messages of feeds that were taken are kept so long; refused and waiting ones stay."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    home: Path
    site: SiteSettings = SiteSettings()
    intake: IntakeSettings = IntakeSettings()
    pages: PagesSettings = PagesSettings()
    ocr: OcrSettings = OcrSettings()
    documents: DocumentsSettings = DocumentsSettings()
    batches: BatchesSettings = BatchesSettings()
    match: MatchSettings = MatchSettings()
    filing: FilingSettings = FilingSettings()
    index: IndexSettings = IndexSettings()
    workers: WorkersSettings = WorkersSettings()
    store: StoreSettings = StoreSettings()
    sensitivity: SensitivitySettings = SensitivitySettings()
    review: ReviewSettings = ReviewSettings()
    feeds: FeedsSettings = FeedsSettings()
    access: AccessSettings = AccessSettings()
    web: WebSettings = WebSettings()
    types: tuple[TypeSettings, ...] = ()
    sources: tuple[SourceSettings, ...] = ()

    @property
    def inbox(self) -> Path:
        return self.home / self.intake.inbox

    @property
    def processed(self) -> Path:
        """Beside the inbox, on its file system, so that retiring is a rename."""
        return self.inbox.parent / self.intake.processed

    @property
    def archive(self) -> Path:
        return self.home / self.filing.archive

    @property
    def var(self) -> Path:
        return self.home / self.store.var

    @property
    def keys(self) -> Path:
        """Keys that seal secrets and chain the trail; part of every backup."""
        return self.var / "keys"

    @property
    def spool(self) -> Path:
        return self.var / "spool"

    @property
    def index_path(self) -> Path:
        return self.var / "index"

    @property
    def synonyms_path(self) -> Path:
        """Where the site's synonyms stand; need not exist."""
        return self.home / self.index.synonyms

    @property
    def search_words_path(self) -> Path:
        """Where the site's own words stand; need not exist."""
        return self.home / self.index.words

    @property
    def catalog_url(self) -> str:
        return self.store.catalog_url or f"sqlite:///{self.var / 'catalog.db'}"


CHOICES: Mapping[str, tuple[str, ...]] = types.MappingProxyType(
    {
        "intake.retire": ("processed", "remove"),
        "ocr.engine": ("auto", "tesserocr", "pytesseract"),
        "ocr.effort": EFFORTS,
        "site.date_order": ("month_first", "day_first", "ask"),
        "filing.mode": MODES,
        "index.engine": ENGINES,
    }
)


def sections() -> dict[str, type[Any]]:
    """Section name to its dataclass, in the order of `Settings`."""
    hints = typing.get_type_hints(Settings)
    names = [f.name for f in dataclasses.fields(Settings) if f.name not in ("home", "sources", "types")]
    return {name: hints[name] for name in names}


def load(home: Path, environ: Mapping[str, str]) -> Settings:
    """Settings of the workspace at `home`. Raises ConfigError naming the key at fault."""
    path = home / FILE_NAME
    try:
        raw = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{FILE_NAME} is not valid TOML: {error}") from error
    values = {name: _section(name, cls, raw.pop(name, {}), environ) for name, cls in sections().items()}
    sources = _sources(raw.pop("sources", {}))
    own_types = _own_types(raw.pop("types", {}))
    if raw:
        raise ConfigError(f"{FILE_NAME}: unknown section [{min(raw)}]")
    return Settings(home=home, sources=sources, types=own_types, **values)


def _sources(table: Any) -> tuple[SourceSettings, ...]:
    """`[sources.NAME]` tables, in the order of the file."""
    if not isinstance(table, dict) or not all(isinstance(value, dict) for value in table.values()):
        raise ConfigError(f"{FILE_NAME}: sources must be tables, [sources.NAME]")
    found = []
    for name, values in table.items():
        if unknown := sorted(set(values) - {"mode"}):
            raise ConfigError(f"{FILE_NAME}: unknown key {unknown[0]} in a [sources.NAME]")
        mode = values.get("mode", "")
        if mode not in ("", *MODES):
            raise ConfigError(f"sources.NAME.mode is {mode!r}; {_MODES_ALLOWED}")
        found.append(SourceSettings(name=name, mode=mode))
    return tuple(found)


def _own_types(table: Any) -> tuple[TypeSettings, ...]:
    """`[types.CODE]` tables, in the order of the file."""
    if not isinstance(table, dict) or not all(isinstance(value, dict) for value in table.values()):
        raise ConfigError(f"{FILE_NAME}: types must be tables, [types.CODE]")
    found = []
    for code, values in table.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]{1,47}", code) or code == "other":
            raise ConfigError(f"{FILE_NAME}: a type's code is made of a-z, 0-9 and _, like day_clinic_note")
        if unknown := sorted(set(values) - {"name", "loinc", "titles"}):
            raise ConfigError(f"{FILE_NAME}: unknown key {unknown[0]} in a [types.CODE]")
        try:
            found.append(msgspec.convert({"code": code, **values}, TypeSettings))
        except msgspec.ValidationError as error:
            raise ConfigError(f"[types.{code}] {error}") from error
    return tuple(found)


def _section(name: str, cls: type[Any], table: Any, environ: Mapping[str, str]) -> Any:
    if not isinstance(table, dict):
        raise ConfigError(f"{FILE_NAME}: {name} must be a table, [{name}]")
    known = {f.name: f.default for f in dataclasses.fields(cls)}
    if unknown := sorted(set(table) - set(known)):
        raise ConfigError(f"{FILE_NAME}: unknown key {name}.{unknown[0]}")
    merged = dict(table)
    for key in known:
        if (text := environ.get(f"SCANINDEX_{name}_{key}".upper())) is not None:
            # several values in one variable are divided by semicolons
            several = isinstance(known[key], tuple)
            merged[key] = [part.strip() for part in text.split(";") if part.strip()] if several else text
    try:
        value = msgspec.convert(merged, cls, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"[{name}] {error}") from error
    _check(name, value)
    return value


def _check(name: str, value: Any) -> None:
    if isinstance(value, SiteSettings):
        _check_site(value)
    _check_feeds(value)
    if isinstance(value, OcrSettings) and not 0 <= value.legibility_floor <= 1:
        raise ConfigError("ocr.legibility_floor must lie between 0 and 1")
    if isinstance(value, BatchesSettings) and not 0 < value.qa_fault_share < 1:
        raise ConfigError("batches.qa_fault_share must lie between 0 and 1")
    if isinstance(value, MatchSettings) and not 0.99 <= value.posterior < 1:
        raise ConfigError("match.posterior must be at least 0.99 and below 1")
    if isinstance(value, AccessSettings) and not set(value.second_factor_for) <= set(StaffRole):
        raise ConfigError(f"access.second_factor_for holds an unknown role; there are {', '.join(StaffRole)}")
    if isinstance(value, FilingSettings):
        if not 0 < value.misfile_bound < 1:
            raise ConfigError("filing.misfile_bound must lie between 0 and 1 (0.001 is one in a thousand)")
        if value.mode not in MODES:
            raise ConfigError(f"filing.mode is {value.mode!r}; {_MODES_ALLOWED}")
    for f in dataclasses.fields(value):
        got = getattr(value, f.name)
        allowed = CHOICES.get(f"{name}.{f.name}")
        if allowed and got not in allowed:
            raise ConfigError(f"{name}.{f.name} is {got!r}; allowed: {', '.join(allowed)}")
        if isinstance(got, int | float) and not isinstance(got, bool) and got < 0:
            raise ConfigError(f"{name}.{f.name} must not be negative")


def _check_feeds(value: Any) -> None:
    if isinstance(value, FeedsSettings) and not all("=" in text.strip("=") for text in value.authorities):
        raise ConfigError('feeds.authorities holds pairs, "what the feed says=what the roster says"')


def _check_site(value: SiteSettings) -> None:
    if value.timezone not in zoneinfo.available_timezones():
        raise ConfigError(f"site.timezone is {value.timezone!r}; give a name like Europe/Paris, or UTC")
    if not all(known("", (name,)).names for name in value.facilities):
        raise ConfigError(
            "site.facilities holds a name that any house may bear; write it as on the letterhead"
        )
    for part in filter(None, (p.strip() for p in value.mrn_check_digits.split(","))):
        authority, _, rule = (p.strip() for p in part.partition("="))
        if not authority or rule not in CHECK_DIGIT_RULES:
            allowed = ", ".join(CHECK_DIGIT_RULES)
            raise ConfigError(f"site.mrn_check_digits is written authority=rule, ...; rules: {allowed}")
