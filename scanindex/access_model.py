"""The nouns of access: roles, rights, who asks and what they may do and see.

Values and pure rules only, beside `model.py`. `Access` is made anew for every request
(`people.access_of`) and decides everything about permission; whoever shows or changes
something asks it and nothing else. Leaves out how somebody proves who they are
(people.py) and what is written down about it (trail.py).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from scanindex.model import Document, PatientId, SearchScope


class StaffRole(enum.StrEnum):
    """What somebody is here for; a person may have several."""

    CLERK = "clerk"
    SUPERVISOR = "supervisor"
    CLINICIAN = "clinician"
    """Sees only the patients on their list, and others by breaking the glass."""
    AUDITOR = "auditor"
    """Reads the trail, never a chart."""
    ADMINISTRATOR = "administrator"
    """Keeps people and sees how the machine does, never a chart."""


class Right(enum.StrEnum):
    """One thing that may be done. Every route and command asks for exactly one of these."""

    STATUS = "status"
    """See how work goes: counts and states, no patients."""
    READ = "read"
    """Search, and read filed documents (within patients and labels)."""
    DOWNLOAD = "download"
    """Take PDF, original, print or lists away."""
    REVIEW = "review"
    """Settle what waits: claim, accept, split, join, reject, park."""
    CORRECT = "correct"
    """Change what is filed: refile, retype, relabel, entered in error."""
    UPLOAD = "upload"
    ROSTER = "roster"
    """Find and add patients."""
    ROSTER_MERGE = "roster_merge"
    BATCH = "batch"
    """Open, count and close batches."""
    SUPERVISE = "supervise"
    """Audit samples, incidents, second looks, parked questions, paper release, others' figures, claims."""
    BREAK_GLASS = "break_glass"
    """Open what is closed to them, with a reason, for a time."""
    EXPORT = "export"
    """Deliver documents to other systems, reconcile and withdraw them; record consents."""
    TRAIL = "trail"
    """Read the audit trail, disclosure reports and what was opened by breaking the glass."""
    PEOPLE = "people"
    """Keep logins, roles, sessions, tokens of others."""


_SEEING = {Right.STATUS, Right.READ, Right.DOWNLOAD}
_CLERK = _SEEING | {Right.REVIEW, Right.CORRECT, Right.UPLOAD, Right.ROSTER, Right.BATCH, Right.BREAK_GLASS}

RIGHTS: Mapping[StaffRole, frozenset[Right]] = MappingProxyType(
    {
        StaffRole.CLERK: frozenset(_CLERK),
        StaffRole.SUPERVISOR: frozenset(_CLERK | {Right.ROSTER_MERGE, Right.SUPERVISE, Right.EXPORT}),
        StaffRole.CLINICIAN: frozenset({Right.READ, Right.DOWNLOAD, Right.BREAK_GLASS}),
        StaffRole.AUDITOR: frozenset({Right.STATUS, Right.TRAIL}),
        StaffRole.ADMINISTRATOR: frozenset({Right.STATUS, Right.PEOPLE}),
    }
)
"""docs/reference/roles.md shows the same table; a test compares them."""

_OF_ANYBODY = frozenset({StaffRole.CLERK, StaffRole.SUPERVISOR})
"""Whose work is with every chart: a patient list does not bound them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody with a login; secrets are hashes or sealed, never plain."""

    login: str
    """a-z, 0-9, "." "-" "_"; also in events as "user:<login>"."""
    name: str = field(repr=False)
    roles: tuple[StaffRole, ...]
    password_hash: str = field(default="", repr=False)
    """argon2id; "" until the invitation was used."""
    totp_secret: str = field(default="", repr=False)
    """Sealed with the key of this workspace; "" where there is no second factor."""
    recovery_hashes: tuple[str, ...] = field(default=(), repr=False)
    patient_ids: frozenset[PatientId] = field(default=frozenset(), repr=False)
    """A clinician's list."""
    may_see_sensitive: bool = False
    """Documents with labels of sensitivity, without breaking the glass."""
    is_disabled: bool = False
    os_user: str = ""
    """The account of the operating system that speaks for this login on the command line."""
    created_at: datetime
    password_set_at: datetime | None = None
    last_login_at: datetime | None = None

    @property
    def actor(self) -> str:
        return f"user:{self.login}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One login in one browser; the cookie's secret is kept as a hash only."""

    session_id: str
    """Public name, to list and end it by; not the secret."""
    login: str
    started_at: datetime
    seen_at: datetime
    address: str = ""
    agent: str = ""
    """Browser, shortened."""
    csrf: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A key for programs; its secret is kept as a hash only."""

    token_id: str
    login: str
    label: str
    rights: frozenset[Right]
    """At most those of its owner, at any time."""
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The glass was broken: one patient's chart is open to one person for a time."""

    grant_id: str
    login: str
    patient_id: PatientId
    reason: str = field(repr=False)
    opened_at: datetime
    until: datetime
    reviewed_at: datetime | None = None
    reviewed_by: str = ""
    verdict: str = ""
    """"justified" or "not_justified" once somebody looked at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A one-time link to choose a password; its secret is kept as a hash only."""

    login: str
    """Whose; "" for the first administrator, who chooses it."""
    name: str = field(default="", repr=False)
    roles: tuple[StaffRole, ...] = ()
    invited_by: str
    """As events name them."""
    created_at: datetime
    expires_at: datetime

    @property
    def is_first(self) -> bool:
        """Whether it makes the first administrator of this workspace."""
        return not self.login


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who asks, and what they may do and see, now."""

    actor: str
    """As decisions and events name them: "user:<login>"."""
    login: str
    rights: frozenset[Right]
    patient_ids: frozenset[PatientId] | None = field(default=None, repr=False)
    """Only these; None: anybody."""
    without_sensitivity: frozenset[str] = frozenset()
    """No documents with one of these labels."""
    opened: frozenset[PatientId] = field(default=frozenset(), repr=False)
    """Charts open by breaking the glass: wholly, labels or not."""
    needs_second_factor: bool = False
    """One of their roles works only with a second factor, and they have none: no rights until then."""

    def may(self, right: Right) -> bool:
        return right in self.rights

    def sees(self, document: Document) -> bool:
        """Whether any of it may be shown, counted or named to them."""
        return self.scope.holds(document.patient_id, document.sensitivity)

    def sees_all(self, documents: Iterable[Document]) -> bool:
        """Whether a whole scan may be served: it holds these documents."""
        return all(self.sees(document) for document in documents)

    def sees_patient(self, patient_id: PatientId) -> bool:
        """Whether the person may be named to them (with what of the chart they may see)."""
        return self.patient_ids is None or patient_id in self.patient_ids or patient_id in self.opened

    @property
    def scope(self) -> SearchScope:
        """The same rule for every search; see `plan.restricted`."""
        return SearchScope(
            patient_ids=self.patient_ids,
            without_sensitivity=self.without_sensitivity,
            opened=self.opened,
        )


def access_of(
    user: User,
    restricted: Iterable[str],
    opened: Iterable[PatientId] = (),
    only: frozenset[Right] | None = None,
) -> Access:
    """What a person may now.

    restricted: labels that close a document to whoever has no leave to see such ones
    (setting access.restricted_labels). only: no more than these rights (a token's).
    """
    rights: frozenset[Right] = (
        frozenset().union(*(RIGHTS[role] for role in user.roles)) if not user.is_disabled else frozenset()
    )
    is_bound = not _OF_ANYBODY & set(user.roles)
    sees_labels = user.may_see_sensitive or StaffRole.SUPERVISOR in user.roles
    return Access(
        actor=user.actor,
        login=user.login,
        rights=rights if only is None else rights & only,
        patient_ids=user.patient_ids if is_bound else None,
        without_sensitivity=frozenset() if sees_labels else frozenset(restricted),
        opened=frozenset(opened),
    )


def unlimited(actor: str) -> Access:
    """Before any login exists: whoever can read the data folders may do everything."""
    return Access(actor=actor, login=actor.removeprefix("user:"), rights=frozenset(Right))
