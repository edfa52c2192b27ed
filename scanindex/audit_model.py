"""The nouns of certification: modes, samples, verdicts, certificates, incidents.

Values only, beside `model.py`. A *source* is what `Preset.source` names: the inbox
folder a scan came through, the unit in which filing alone is allowed.
"""

from __future__ import annotations

import enum
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime

from scanindex.model import BatchId, DocumentId, PatientId, ScanId


class Mode(enum.StrEnum):
    """How much the machine may do alone with what comes through a source."""

    SUGGEST = "suggest"
    """Nothing is filed alone; the one patient it would have filed to is proposed."""
    STRICT = "strict"
    """Filed alone where the gates hold; not certified."""
    CERTIFIED = "certified"
    """Strict, and audited until the bound held under the policy that is still in force."""


class Stratum(enum.StrEnum):
    """Why a document is in the sample."""

    UNIFORM = "uniform"
    """Drawn with equal chances: the only ones that count for the bound."""
    WEAK = "weak"
    """Among those with the least margin: looked at because a fault would show there first."""


class Verdict(enum.StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    CANNOT_TELL = "cannot_tell"
    """The paper does not say whose it is; counted as a misfile until somebody can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything that decides, by version: a certificate holds for one of these."""

    match: str
    """`match.POLICY_VERSION`."""
    engines: tuple[str, ...]
    """What reads: packages with versions, and the identity of the Tesseract program and data."""
    rules: str
    """SHA-256 over the code that reads, finds, groups and decides."""
    type_model: str
    """SHA-256 over the document type model that ships; "" where there is none."""
    thresholds: str
    """SHA-256 over the settings that reach a decision."""
    roster_version: int

    @property
    def policy_id(self) -> str:
        """Of all but the roster: documents audited under an earlier roster still count."""
        parts = [self.match, self.engines, self.rules, self.type_model, self.thresholds]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    def differences(self, other: Policy) -> tuple[str, ...]:
        """What another policy has changed, in plain words; () where they are the same."""
        names = {
            "match": "the matching policy",
            "engines": "an engine",
            "rules": "the rules",
            "type_model": "the document type model",
            "thresholds": "a threshold",
            "roster_version": "the roster",
        }
        return tuple(text for key, text in names.items() if getattr(self, key) != getattr(other, key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Somebody's statement that a source's audits met the bound under one policy."""

    policy: Policy
    audited: int
    misfiles: int
    upper_bound: float
    """95 % Clopper-Pearson (one-sided) of the share misfiled."""
    limit: float
    """What the setting asked for then."""
    issued_by: str
    issued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """What was decided about a source; settings fill in where nothing was."""

    source: str
    mode: Mode | None = None
    """None: seen, and as the settings say."""
    since: datetime | None = None
    set_by: str = ""
    reason: str = ""
    certificate: Certificate | None = None
    """The last one, also where it lapsed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoFiling:
    """One document as the machine filed it, and what an audit found."""

    document_id: DocumentId
    version: int
    scan_id: ScanId
    pages: tuple[int, ...]
    """scan_page_no, as filed."""
    source: str
    batch_id: BatchId | None
    rule: str
    """The gate that let it pass."""
    policy_id: str
    patient_id: PatientId
    margin: float
    """Log odds of the patient over the next best explanation."""
    filed_at: datetime
    stratum: Stratum | None = None
    """None: never drawn."""
    drawn_at: datetime | None = None
    verdict: Verdict | None = None
    audited_at: datetime | None = None
    audited_by: str = ""
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfile:
    """One document found under the wrong patient."""

    document_id: DocumentId
    version: int
    """Filed so by the machine."""
    patient_id: PatientId
    """The wrong one."""
    found_by: str
    found_at: datetime
    how: str
    """audit, or review (a clerk filed its pages under somebody else)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A confirmed misfile and what followed; one per run (source, batch and rule) while open."""

    incident_id: str
    source: str
    batch_id: BatchId | None
    rule: str
    misfiles: tuple[Misfile, ...]
    rechecks: tuple[DocumentId, ...]
    """Filed by the same rule, from the same source and batch: to be looked at again."""
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None = None
    closed_by: str = ""
    closing_note: str = field(default="", repr=False)
    is_unfounded: bool = False
    """It turned out that nothing was misfiled."""

    @property
    def recheck_reason(self) -> str:
        """What stands on the recheck list for it."""
        return f"incident {self.incident_id}: filed by the same rule in the same run as a misfile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Audited outcomes of one source under one policy."""

    audited: int
    """Uniformly drawn ones with a verdict, and every other one found misfiled."""
    misfiles: int
    """Known ones, and those nobody could tell."""
    cannot_tell: int
    """Of the misfiles, those that nobody could tell."""
    not_counted: int
    """Looked at besides and right: the weak ones, and what was not drawn."""
    open: int
    """Drawn uniformly, without a verdict yet."""
