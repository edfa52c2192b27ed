"""AUTO, REVIEW or NEW: one pure function over what was read and what the roster says.

The same inputs give the same decision; nothing is looked up here. Changing a gate,
a weight or a threshold means a new `POLICY_VERSION`: certificates name it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scanindex.match import gates, weigh
from scanindex.match.case import Case, Known
from scanindex.match.evidence import COVER_PAGE, Evidence
from scanindex.match.profile import Agreement, Profile
from scanindex.model import (
    Candidate,
    Comparison,
    Decision,
    FindingKind,
    Level,
    Outcome,
    PatientId,
    Role,
)
from scanindex.settings import MatchSettings

POLICY_VERSION = "match/6"
SHOWN = 5
_FLOOR = 0.0
"""Log odds under which a candidate is less likely than somebody unregistered."""
_KINDS = {
    "number": FindingKind.MRN,
    "barcode": FindingKind.MRN,
    "middle": FindingKind.NAME,
    "suffix": FindingKind.NAME,
}


def choose(
    evidence: Evidence,
    candidates: Sequence[Profile],
    known: Mapping[PatientId, Known],
    settings: MatchSettings,
    roster_version: int,
    active: Mapping[str, gates.Gate] = gates.GATES,
) -> Decision:
    """Decide. `candidates` is everybody who agrees with anything, `known` their surroundings
    in the roster; those without surroundings only count against the leader."""
    weighed = {
        p.patient.patient_id: weigh.log_odds(
            p, known[p.patient.patient_id].frequencies, settings.not_in_roster_prior
        )
        for p in candidates
        if p.patient.patient_id in known
    }
    odds = {patient_id: total for patient_id, (total, _) in weighed.items()}
    scores, _ = weigh.posteriors(list(odds.items()))
    ranked = sorted(
        (p for p in candidates if p.patient.patient_id in odds),
        key=lambda p: (-odds[p.patient.patient_id], p.patient.patient_id),
    )
    rest = tuple(p for p in candidates if p.patient.patient_id not in odds)
    shown = tuple(
        _candidate(p, scores[p.patient.patient_id], weighed[p.patient.patient_id][1]) for p in ranked[:SHOWN]
    )

    def decision(
        outcome: Outcome, patient_id: PatientId | None, reasons: Sequence[str], rule: str
    ) -> Decision:
        return Decision(
            outcome=outcome,
            patient_id=patient_id,
            candidates=shown,
            reasons=tuple(dict.fromkeys(reasons)),
            rule=rule,
            policy_version=POLICY_VERSION,
            roster_version=roster_version,
            decided_by="machine",
        )

    if not ranked or odds[ranked[0].patient.patient_id] < _FLOOR:
        if _names_a_person(evidence) and not (ranked and _is_close(ranked[0])):
            return decision(Outcome.NEW, None, ("nobody in the roster fits the person named",), "nobody_fits")
        return decision(
            Outcome.REVIEW, None, ("the pages do not say clearly whose they are",), "no_candidate"
        )
    leader = ranked[0]
    case = Case(
        evidence=evidence,
        leader=leader,
        others=(*ranked[1:], *rest),
        known=known,
        odds=odds,
        posterior=scores[leader.patient.patient_id],
        settings=settings,
    )
    refused = gates.refusals(case, active)
    rule = gates.rule_of(case)
    agreed = [gates.words_of(rule)] if rule else []
    if refused or (rule is None and "two_identifiers" in active):
        return decision(
            Outcome.REVIEW, None, [*(reason for _, reason in refused), *agreed], f"gate.{refused[0][0]}"
        )
    return decision(Outcome.AUTO, leader.patient.patient_id, agreed, f"gate.{rule or 'none'}")


def _is_close(profile: Profile) -> bool:
    """Near enough that a person should look before somebody new is made."""
    levels = [profile.level(k) for k in ("mrn", "name", "birth_date")]
    return sum(level in (Level.EXACT, Level.NEAR) for level in levels) >= 2


def _names_a_person(evidence: Evidence) -> bool:
    """A labelled name with a labelled birth date or number."""
    kinds = {
        f.kind
        for page in evidence.findings
        for f in page.findings
        if f.role is Role.PATIENT or (f.role is Role.UNKNOWN and f.kind is not FindingKind.NAME)
    }
    if evidence.group.cover:
        kinds |= {f.kind for f in evidence.group.cover.findings}
    return FindingKind.NAME in kinds and bool(kinds & {FindingKind.BIRTH_DATE, FindingKind.MRN})


def _candidate(profile: Profile, score: float, shares: Mapping[str, float]) -> Candidate:
    agreed = [
        _comparison(profile, kind, agreement, shares.get(kind, 0.0))
        for kind, agreement in sorted(profile.agreements.items())
        if kind != "number_by_name"
    ]
    against = [
        Comparison(
            kind=c.kind,
            level=Level.CONFLICT,
            read=c.read,
            expected=_expected(profile, c.kind.value),
            scan_page_no=c.scan_page_no if c.scan_page_no != COVER_PAGE else None,
            box=c.box,
            log_odds=shares.get(f"conflict:{c.code}", 0.0),
            note=c.code.replace("_", " "),
        )
        for c in profile.conflicts
    ]
    return Candidate(patient_id=profile.patient.patient_id, score=score, comparisons=(*agreed, *against))


def _comparison(profile: Profile, kind: str, agreement: Agreement, share: float) -> Comparison:
    note = agreement.note or (kind if kind in _KINDS else "")
    if not agreement.is_sure:
        note = f"{note}, read with doubt" if note else "read with doubt"
    return Comparison(
        kind=_KINDS.get(kind) or FindingKind(kind),
        level=agreement.level,
        read=agreement.read,
        expected=_expected(profile, kind),
        scan_page_no=agreement.scan_page_no if agreement.scan_page_no != COVER_PAGE else None,
        box=agreement.box,
        log_odds=share,
        note=note,
    )


def _expected(profile: Profile, kind: str) -> str:
    patient = profile.patient
    if kind in ("name", "middle", "suffix"):
        return patient.display_name
    if kind in ("mrn", "number", "barcode"):
        return patient.mrn or ""
    return getattr(patient, kind, None) or ""
