"""What the machine may do alone with a source, and what it does where it may not. Pure."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from scanindex.audit_model import Mode, Policy, SourceRecord
from scanindex.model import Candidate, Decision, Document, DocumentState, Outcome
from scanindex.settings import Settings

SUGGEST_RULE = "mode.suggest"
_MACHINE = "machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The mode a source runs in now, and why it is no higher."""

    mode: Mode
    reasons: tuple[str, ...] = ()
    """Plain words; () where nothing keeps it from being certified, or it is."""


def files_alone(source: str, record: SourceRecord | None, settings: Settings) -> bool:
    """Whether anything from this source may be filed without a person."""
    return _asked_for(source, record, settings) is not Mode.SUGGEST


def held_by_settings(source: str, settings: Settings) -> bool:
    """Whether the settings say that this source suggests, whatever was recorded."""
    named = next((s.mode for s in settings.sources if s.name == source), "")
    return named == Mode.SUGGEST.value


def _asked_for(source: str, record: SourceRecord | None, settings: Settings) -> Mode:
    """What was recorded goes before the settings, unless these are more careful about this source."""
    if held_by_settings(source, settings):
        return Mode.SUGGEST
    if record is not None and record.mode is not None:
        return record.mode
    named = next((s.mode for s in settings.sources if s.name == source), "")
    return Mode(named or settings.filing.mode)


def standing(source: str, record: SourceRecord | None, settings: Settings, policy: Policy) -> Standing:
    """The mode in force. A certificate holds only while nothing it names has changed."""
    asked = _asked_for(source, record, settings)
    if asked is Mode.SUGGEST:
        reason = "the settings say so" if held_by_settings(source, settings) else ""
        if not reason and record is not None and record.mode is not None:
            reason = record.reason
        return Standing(mode=Mode.SUGGEST, reasons=(reason,) if reason else ())
    certificate = record.certificate if record else None
    if asked is Mode.STRICT or certificate is None:
        return Standing(mode=Mode.STRICT, reasons=("not certified",))
    changed = certificate.policy.differences(policy)
    if certificate.upper_bound > settings.filing.misfile_bound:
        changed = (*changed, "the bound asked for")
    if changed:
        return Standing(mode=Mode.STRICT, reasons=(f"the certificate lapsed: {', '.join(changed)} changed",))
    return Standing(mode=Mode.CERTIFIED)


def held(document: Document, is_alone: bool) -> Document:
    """A document as it is to be kept: not on its way to be filed where its source files nothing alone.

    What was filed before is left as it is: its text may be filed anew, in the same place.
    """
    decision = document.decision
    if is_alone or document.state is not DocumentState.PROPOSED or document.filed_version is not None:
        return document
    if decision.decided_by != _MACHINE or decision.outcome is not Outcome.AUTO:
        return document
    return dataclasses.replace(
        document, state=DocumentState.IN_REVIEW, patient_id=None, decision=suggested(decision)
    )


def suggested(decision: Decision) -> Decision:
    """The machine's decision as a mere proposal: its patient is the first candidate, a person decides."""
    if decision.outcome is not Outcome.AUTO or decision.patient_id is None:
        return decision
    chosen = [c for c in decision.candidates if c.patient_id == decision.patient_id]
    others = [c for c in decision.candidates if c.patient_id != decision.patient_id]
    leader = chosen or [Candidate(patient_id=decision.patient_id, score=1.0, comparisons=())]
    reason = "the gates hold for the first candidate; nothing from this source is filed alone"
    return dataclasses.replace(
        decision,
        outcome=Outcome.REVIEW,
        patient_id=None,
        candidates=(*leader, *others),
        rule=SUGGEST_RULE,
        reasons=(reason, *decision.reasons),
    )
