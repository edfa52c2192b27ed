"""Auditing what was filed alone: samples, verdicts, certificates, modes, incidents.

Promises: only what was drawn uniformly counts for the bound, every doubt counts against
the machine, and a certificate cannot be had while a drawn document is left unlooked at.
Names given with `by` are taken at their word: there are no logins yet.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scanindex import certify, incidents
from scanindex.audit_model import (
    AutoFiling,
    Certificate,
    Incident,
    Mode,
    Policy,
    SourceRecord,
    Tally,
    Verdict,
)
from scanindex.certify import CONFIDENCE, Standing
from scanindex.errors import NotAllowedNow, NotFound, UsageError
from scanindex.model import DocumentId, DocumentState, Event
from scanindex.ports import Unit
from scanindex.revisions import back_in_review, store
from scanindex.services import Services

_DOUBT = "an audit could not tell whose it is"
_SEEDS = 2**31
_POINTS_TOLD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """How one source stands, under the policy in force."""

    source: str
    standing: Standing
    record: SourceRecord | None
    filed_alone: int
    """Under the policy in force."""
    tally: Tally
    upper_bound: float
    more_needed: int
    """Clean audits until the bound holds."""
    open_incidents: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What the event log knows of who met a misfiled document."""

    document_id: DocumentId
    at: datetime
    actor: str
    what: str
    """The command that showed it."""


# --- sampling -------------------------------------------------------------------------
def draw(
    count: int, seed: int | None, source: str | None, actor: str, services: Services
) -> tuple[int, list[AutoFiling]]:
    """Add up to `count` documents to the sample; the seed used and what was drawn."""
    if count < 1:
        raise UsageError("draw at least one document")
    chosen_seed = secrets.randbelow(_SEEDS) if seed is None else seed
    policy_id = certify.policy_id(services.settings)
    with services.catalog.write() as unit:
        drawn = certify.draw(unit.filings.undrawn(policy_id, source), count, chosen_seed)
        now = services.clock.now()
        lines = []
        for document_id, stratum in sorted(drawn.items()):
            line = unit.filings.get(document_id)
            if line is not None:
                lines.append(dataclasses.replace(line, stratum=stratum, drawn_at=now))
                unit.filings.put(lines[-1])
        if lines:
            unit.events.append("audit_drawn", actor, seed=chosen_seed, filings=lines)
    return chosen_seed, lines


def waiting(source: str | None, services: Services) -> list[AutoFiling]:
    """What was drawn and nobody looked at yet, first drawn first."""
    with services.catalog.read() as unit:
        return unit.filings.drawn(source)


# --- verdicts -------------------------------------------------------------------------
def record(
    document_id: DocumentId, verdict: Verdict, by: str, note: str, actor: str, services: Services
) -> Incident | None:
    """Keep what somebody found; a misfile leaves chart and search at once and opens an incident.

    Raises NotFound for what the machine did not file, NotAllowedNow where a verdict stands.
    """
    who = _named(by)
    with services.catalog.write() as unit:
        line = unit.filings.get(document_id)
        if line is None:
            raise NotFound(f"document {document_id} was not filed by the machine")
        if line.verdict is Verdict.WRONG or (line.verdict is Verdict.RIGHT and verdict is not Verdict.WRONG):
            raise NotAllowedNow(f"document {document_id} was found {line.verdict} by an audit already")
        if verdict is Verdict.WRONG:
            _out_of_the_chart(line, who, note, actor, unit)
            return incidents.misfiled(line, who, incidents.BY_AUDIT, note, actor, unit, services)
        looked = dataclasses.replace(
            line, verdict=verdict, audited_at=services.clock.now(), audited_by=who, note=note
        )
        unit.filings.put(looked)
        unit.events.append("audited", actor, document_id=document_id, filings=[looked])
        if verdict is Verdict.CANNOT_TELL:
            _doubted(document_id, actor, unit)
    return None


def _out_of_the_chart(line: AutoFiling, who: str, note: str, actor: str, unit: Unit) -> None:
    document = unit.documents.get(line.document_id)
    if document is None or document.state not in (DocumentState.FILED, DocumentState.PROPOSED):
        return
    if document.patient_id != line.patient_id:
        return  # a person put it elsewhere meanwhile
    reason = f"An audit by {who} found it under the wrong patient."
    store(unit, back_in_review(document, reason), document, "reopened", actor, note)


def _doubted(document_id: DocumentId, actor: str, unit: Unit) -> None:
    document = unit.documents.get(document_id)
    if document is None or document.state is not DocumentState.FILED or _DOUBT in document.recheck:
        return
    changed = dataclasses.replace(document, recheck=(*document.recheck, _DOUBT))
    unit.documents.change(changed, expected_version=document.version)
    unit.events.append("recheck_asked", actor, document_id=document_id, document=changed)


# --- modes and certificates -----------------------------------------------------------
def status(services: Services) -> list[SourceStatus]:
    """Every source that something came through, or that settings or people named."""
    policy = _policy(services)
    with services.catalog.read() as unit:
        known = {record.source for record in unit.sources.all()} | set(unit.filings.counts())
        known |= {named.name for named in services.settings.sources}
        counts = unit.filings.counts(policy.policy_id)
        return [_status(source, counts.get(source, 0), policy, unit, services) for source in sorted(known)]


def policy_in_force(services: Services) -> Policy:
    return _policy(services)


def _policy(services: Services) -> Policy:
    return certify.policy_in_force(services.settings, services.roster.version())


def _status(source: str, filed: int, policy: Policy, unit: Unit, services: Services) -> SourceStatus:
    tally = certify.tally(unit.filings.looked_at(source, policy.policy_id))
    limit = services.settings.filing.misfile_bound
    known = unit.sources.get(source)
    return SourceStatus(
        source=source,
        standing=certify.standing(source, known, services.settings, policy),
        record=known,
        filed_alone=filed,
        tally=tally,
        upper_bound=certify.upper_bound(tally.misfiles, tally.audited),
        more_needed=certify.clean_audits_needed(tally.misfiles, tally.audited, limit),
        open_incidents=tuple(i.incident_id for i in unit.incidents.all(open_only=True, source=source)),
    )


def certify_source(source: str, by: str, actor: str, services: Services) -> Certificate:
    """Certify a source under the policy in force. Raises NotAllowedNow saying what is missing."""
    who, policy = _named(by), _policy(services)
    with services.catalog.write() as unit:
        now = _status(source, 0, policy, unit, services)
        if missing := _missing(now):
            raise NotAllowedNow("; ".join(missing))
        certificate = Certificate(
            policy=policy,
            audited=now.tally.audited,
            misfiles=now.tally.misfiles,
            upper_bound=now.upper_bound,
            limit=services.settings.filing.misfile_bound,
            issued_by=who,
            issued_at=services.clock.now(),
        )
        changed = SourceRecord(
            source=source,
            mode=Mode.CERTIFIED,
            since=certificate.issued_at,
            set_by=who,
            reason="certified",
            certificate=certificate,
        )
        unit.sources.put(changed)
        unit.events.append("certified", actor, source_record=changed)
    return certificate


def _missing(now: SourceStatus) -> list[str]:
    """Why a source cannot be certified yet, in plain words."""
    missing = []
    if now.open_incidents:
        missing.append(f"incident {now.open_incidents[0]} is open")
    if now.standing.mode is Mode.SUGGEST:
        missing.append("it files nothing alone (`scanindex audit mode`)")
    if now.tally.open:
        missing.append(f"{now.tally.open} drawn document(s) were not looked at yet (`scanindex audit next`)")
    if now.more_needed:
        missing.append(
            f"{now.more_needed} more clean audit(s) are needed ({now.tally.misfiles} of {now.tally.audited} "
            f"misfiled, upper bound {now.upper_bound:.4%})"
        )
    return missing


def set_mode(source: str, mode: Mode, reason: str, actor: str, services: Services) -> None:
    """Let a source file alone where the gates hold, or stop it. Raises NotAllowedNow."""
    if mode is Mode.CERTIFIED:
        raise UsageError("certified is earned: `scanindex audit certify`")
    with services.catalog.write() as unit:
        if mode is Mode.SUGGEST:
            incidents.hold_source(source, actor, reason, actor, unit, services)
            return
        if opened := unit.incidents.all(open_only=True, source=source):
            raise NotAllowedNow(f"incident {opened[0].incident_id} is open; close it first")
        if certify.held_by_settings(source, services.settings):
            raise NotAllowedNow("scanindex.toml says suggest for this source; change it there")
        known = unit.sources.get(source) or SourceRecord(source=source)
        changed = dataclasses.replace(
            known, mode=Mode.STRICT, since=services.clock.now(), set_by=actor, reason=reason
        )
        unit.sources.put(changed)
        unit.events.append("mode_set", actor, source_record=changed)


# --- incidents ------------------------------------------------------------------------
def all_incidents(services: Services, *, open_only: bool = False) -> list[Incident]:
    with services.catalog.read() as unit:
        return unit.incidents.all(open_only=open_only)


def incident(incident_id: str, services: Services) -> Incident:
    with services.catalog.read() as unit:
        return _incident(incident_id, unit)


def _incident(incident_id: str, unit: Unit) -> Incident:
    found = unit.incidents.get(incident_id)
    if found is None:
        raise NotFound(f"no incident {incident_id}")
    return found


def open_points(incident_id: str, services: Services) -> list[str]:
    """What must be done before the incident may be closed."""
    with services.catalog.read() as unit:
        return _open_points(_incident(incident_id, unit), unit)


def _open_points(found: Incident, unit: Unit) -> list[str]:
    points = []
    for misfile in found.misfiles:
        document = unit.documents.get(misfile.document_id)
        if document is not None and document.state in (DocumentState.IN_REVIEW, DocumentState.PROPOSED):
            points.append(f"misfiled document {misfile.document_id} is not settled yet ({document.state})")
    for document_id in found.rechecks:
        document = unit.documents.get(document_id)
        if document is not None and found.recheck_reason in document.recheck:
            points.append(f"document {document_id} waits to be looked at again (`review --recheck`)")
    return points


def close(
    incident_id: str, by: str, note: str, actor: str, services: Services, *, is_unfounded: bool = False
) -> Incident:
    """A second person says that all is done. The source stays as it is: `set_mode` lets it go."""
    who = _named(by)
    with services.catalog.write() as unit:
        found = _incident(incident_id, unit)
        if found.closed_at is not None:
            raise NotAllowedNow(f"incident {incident_id} was closed already")
        if _key(who) in {_key(found.opened_by), *(_key(misfile.found_by) for misfile in found.misfiles)}:
            raise NotAllowedNow("who found or confirmed the misfile may not close its incident")
        if points := _open_points(found, unit):
            more = f"; {len(points)} in all" if len(points) > _POINTS_TOLD else ""
            raise NotAllowedNow("; ".join(points[:_POINTS_TOLD]) + more)
        closed = dataclasses.replace(
            found,
            closed_at=services.clock.now(),
            closed_by=who,
            closing_note=note,
            is_unfounded=is_unfounded,
        )
        lines = _taken_back(closed, unit) if is_unfounded else []
        unit.incidents.put(closed)
        unit.events.append("incident_closed", actor, incident=closed, filings=lines)
    return closed


def _taken_back(closed: Incident, unit: Unit) -> list[AutoFiling]:
    """What was no misfile after all no longer counts as one."""
    lines = []
    for misfile in closed.misfiles:
        line = unit.filings.get(misfile.document_id)
        if line is not None and line.verdict is Verdict.WRONG:
            lines.append(dataclasses.replace(line, verdict=Verdict.RIGHT, audited_by=closed.closed_by))
            unit.filings.put(lines[-1])
    return lines


def exposures(incident_id: str, services: Services) -> list[Exposure]:
    """Who was shown a misfiled document while the wrong chart held it, as far as events tell.

    Every command that shows patient data leaves an event. What is read, printed or copied
    straight from the archive's files leaves none; nothing is exported yet.
    """
    with services.catalog.read() as unit:
        found = _incident(incident_id, unit)
        met = []
        for misfile in found.misfiles:
            document_id = misfile.document_id
            first, last = _span(unit.events.of(document_id=document_id))
            met += [
                Exposure(document_id=document_id, at=e.at, actor=e.actor, what=str(e.payload.get("what", "")))
                for e in unit.events.seen(document_id)
                if first < e.seq < last
            ]
    return sorted(met, key=lambda exposure: exposure.at)


def _span(history: Sequence[Event]) -> tuple[int, int]:
    """Numbers of the events between which the wrong chart held a document; clocks may jump, they do not."""
    filed = [event.seq for event in history if event.kind == "filed"]
    found = [event.seq for event in history if event.kind in incidents.OPENING_EVENTS]
    return (min(filed, default=0), max(found, default=0))


def _named(by: str) -> str:
    who = " ".join(by.split())
    if not who:
        raise UsageError("say who looked: --by NAME")
    return who


def _key(name: str) -> str:
    """One person under the spellings of her name; a login counts as the name it bears."""
    return " ".join(name.removeprefix("user:").split()).casefold()


__all__: Sequence[str] = (
    "CONFIDENCE",
    "Exposure",
    "SourceStatus",
    "all_incidents",
    "certify_source",
    "close",
    "draw",
    "exposures",
    "incident",
    "open_points",
    "policy_in_force",
    "record",
    "set_mode",
    "status",
    "waiting",
)
