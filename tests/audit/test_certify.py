"""Facts about modes, policies and samples, without a catalog."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanindex import certify
from scanindex.audit_model import AutoFiling, Certificate, Mode, Policy, SourceRecord, Stratum, Verdict
from scanindex.certify import policies
from scanindex.model import (
    BatchId,
    Candidate,
    Comparison,
    Decision,
    Document,
    DocumentFields,
    DocumentId,
    DocumentState,
    FindingKind,
    Level,
    Outcome,
    PatientId,
    ScanId,
)
from scanindex.settings import FilingSettings, MatchSettings, Settings, SourceSettings

HOME = Path("workspace")
NOW = datetime(2027, 4, 5, 6, 7, tzinfo=UTC)
SUGGEST = Settings(home=HOME, filing=FilingSettings(mode="suggest"))
STRICT = Settings(home=HOME)
POLICY = Policy(
    match="match/9", engines=("reader 1",), rules="aa", type_model="", thresholds="bb", roster_version=3
)


def record(mode: Mode | None, certificate: Certificate | None = None) -> SourceRecord:
    return SourceRecord(source="fax", mode=mode, reason="because", certificate=certificate)


def certificate(policy: Policy = POLICY, upper_bound: float = 0.0009) -> Certificate:
    return Certificate(
        policy=policy,
        audited=3_100,
        misfiles=0,
        upper_bound=upper_bound,
        limit=0.001,
        issued_by="Ann",
        issued_at=NOW,
    )


def candidate(key: str, *weights: float) -> Candidate:
    comparisons = tuple(
        Comparison(
            kind=FindingKind.MRN,
            level=Level.EXACT,
            read="",
            expected="",
            scan_page_no=1,
            box=None,
            log_odds=weight,
        )
        for weight in weights
    )
    return Candidate(patient_id=PatientId(key), score=0.5, comparisons=comparisons)


def document(**changes: object) -> Document:
    decision = Decision(
        outcome=Outcome.AUTO,
        patient_id=PatientId("right"),
        candidates=(candidate("other", 2.0), candidate("right", 9.0, 4.0)),
        reasons=("MRN and name agree exactly",),
        rule="gate.mrn_and_name",
        policy_version="match/9",
        roster_version=3,
        decided_by="machine",
    )
    made = Document(
        document_id=DocumentId("d1"),
        version=1,
        scan_id=ScanId("ab" * 32),
        pages=(1, 2),
        state=DocumentState.PROPOSED,
        document_type=None,
        service_date=None,
        patient_id=PatientId("right"),
        fields=DocumentFields(),
        decision=decision,
        created_at=NOW,
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


# --- modes ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("recorded", "settings", "alone"),
    [
        (None, SUGGEST, False),
        (None, STRICT, True),
        (Mode.STRICT, SUGGEST, True),
        (Mode.SUGGEST, STRICT, False),
        (Mode.CERTIFIED, SUGGEST, True),
    ],
)
def test_what_was_recorded_goes_before_the_default(
    recorded: Mode | None, settings: Settings, alone: bool
) -> None:
    assert certify.files_alone("fax", record(recorded), settings) is alone


def test_a_source_nobody_knows_does_as_the_settings_say() -> None:
    assert not certify.files_alone("fax", None, SUGGEST)
    assert certify.files_alone("fax", None, STRICT)


def test_the_settings_can_hold_one_source_whatever_was_recorded() -> None:
    """And the others go on."""
    settings = dataclasses.replace(STRICT, sources=(SourceSettings(name="fax", mode="suggest"),))

    assert not certify.files_alone("fax", record(Mode.CERTIFIED), settings)
    assert certify.files_alone("desk", None, settings)


def test_the_settings_never_bring_back_a_source_that_was_stopped() -> None:
    """What an incident stopped is let go by a person only."""
    settings = dataclasses.replace(STRICT, sources=(SourceSettings(name="fax", mode="strict"),))

    assert certify.files_alone("fax", None, dataclasses.replace(settings, filing=SUGGEST.filing))
    assert not certify.files_alone("fax", record(Mode.SUGGEST), settings)


def test_a_certificate_holds_while_nothing_it_names_changed() -> None:
    found = certify.standing("fax", record(Mode.CERTIFIED, certificate()), STRICT, POLICY)

    assert (found.mode, found.reasons) == (Mode.CERTIFIED, ())


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"match": "match/10"}, "matching policy"),
        ({"engines": ("reader 2",)}, "engine"),
        ({"rules": "ab"}, "rules"),
        ({"type_model": "cc"}, "type model"),
        ({"thresholds": "bc"}, "threshold"),
        ({"roster_version": 4}, "roster"),
    ],
)
def test_a_certificate_lapses_when_anything_it_names_changes(change: dict[str, object], named: str) -> None:
    """The source then runs as strict, and it is said what changed."""
    policy = dataclasses.replace(POLICY, **change)  # type: ignore[arg-type]
    found = certify.standing("fax", record(Mode.CERTIFIED, certificate()), STRICT, policy)

    assert found.mode is Mode.STRICT
    assert "lapsed" in found.reasons[0] and named in found.reasons[0]


def test_a_certificate_lapses_when_a_tighter_bound_is_asked_for() -> None:
    settings = dataclasses.replace(STRICT, filing=FilingSettings(misfile_bound=0.0005))

    assert (
        certify.standing("fax", record(Mode.CERTIFIED, certificate()), settings, POLICY).mode is Mode.STRICT
    )


def test_strict_is_shown_as_not_certified() -> None:
    assert certify.standing("fax", None, STRICT, POLICY).reasons == ("not certified",)


# --- what a held document looks like ------------------------------------------------------
def test_a_held_document_waits_with_the_one_patient_it_would_have_gone_to() -> None:
    """First candidate, a rule of its own, the gate's reasons kept, nobody chosen."""
    held = certify.held(document(), is_alone=False)

    assert (held.state, held.patient_id) == (DocumentState.IN_REVIEW, None)
    assert (held.decision.outcome, held.decision.patient_id) == (Outcome.REVIEW, None)
    assert held.decision.rule == certify.SUGGEST_RULE
    assert [c.patient_id for c in held.decision.candidates] == ["right", "other"]
    assert held.decision.reasons[1:] == ("MRN and name agree exactly",)


def test_nothing_else_is_held() -> None:
    """Not what a person decided, what was filed before, or what waits anyway."""
    by_person = dataclasses.replace(document().decision, decided_by="user:ann")
    others = (
        document(decision=by_person),
        document(filed_version=1, version=2),
        document(state=DocumentState.IN_REVIEW),
    )

    assert [certify.held(other, is_alone=False) is other for other in others] == [True] * 3
    assert certify.held(document(), is_alone=True).state is DocumentState.PROPOSED


# --- policies ------------------------------------------------------------------------
def test_a_threshold_makes_another_policy() -> None:
    """And what does not reach a decision makes none."""
    stricter = dataclasses.replace(STRICT, match=MatchSettings(posterior=0.9999))
    elsewhere = dataclasses.replace(STRICT, home=Path("elsewhere"), filing=FilingSettings(charts=False))

    assert certify.policy_id(stricter) != certify.policy_id(STRICT) == certify.policy_id(elsewhere)


def test_a_policy_names_what_decides() -> None:
    found = certify.policy_in_force(STRICT, 7)

    assert found.match.startswith("match/") and len(found.rules) == len(found.thresholds) == 16
    assert any("onnxruntime" in name or "tesse" in name for name in found.engines)
    assert found.roster_version == 7


def test_every_module_that_the_rules_name_is_there() -> None:
    """Else a module that moved would change without a new policy."""
    package = Path(policies.__file__).parents[1]

    assert [name for name in policies._RULES if not list(package.glob(name))] == []


def test_audits_made_under_an_earlier_roster_still_count() -> None:
    """The certificate lapses with the roster, what was audited does not."""
    later = dataclasses.replace(POLICY, roster_version=99)

    assert later.policy_id == POLICY.policy_id
    assert later.differences(POLICY) == ("the roster",)


# --- samples -------------------------------------------------------------------------
LEDGER = [(DocumentId(f"d{number:03d}"), float(number)) for number in range(200)]


def test_a_sample_is_mostly_uniform_with_some_of_the_weakest() -> None:
    drawn = certify.draw(LEDGER, 40, seed=5)
    weak = [key for key, stratum in drawn.items() if stratum is Stratum.WEAK]

    assert (len(drawn), len(weak)) == (40, 10)
    left = [key for key, _ in LEDGER if drawn.get(key) is not Stratum.UNIFORM]
    assert sorted(weak) == left[:10]


def test_the_same_seed_draws_the_same_in_whatever_order_it_is_asked() -> None:
    assert certify.draw(LEDGER, 30, seed=8) == certify.draw(LEDGER[::-1], 30, seed=8)
    assert certify.draw(LEDGER, 30, seed=8) != certify.draw(LEDGER, 30, seed=9)


def test_drawing_more_than_there_is_takes_all_of_them_uniformly() -> None:
    """What would be looked at anyway may as well count."""
    drawn = certify.draw(LEDGER[:6], 40, seed=1)

    assert len(drawn) == 6 and set(drawn.values()) == {Stratum.UNIFORM}


def test_uniform_draws_favour_nobody() -> None:
    """Every document is drawn about as often as any other (chance of failing: one in millions)."""
    counts = dict.fromkeys((key for key, _ in LEDGER[:20]), 0)
    for seed in range(2_000):
        for key, stratum in certify.draw(LEDGER[:20], 4, seed).items():
            counts[key] += stratum is Stratum.UNIFORM

    assert min(counts.values()) > 200 and max(counts.values()) < 400  # expected 300, deviation 16


def line(stratum: Stratum | None, verdict: Verdict | None) -> AutoFiling:
    return AutoFiling(
        document_id=DocumentId("d"),
        version=1,
        scan_id=ScanId("s"),
        pages=(1,),
        source="fax",
        batch_id=BatchId("b"),
        rule="gate.mrn_and_name",
        policy_id="p",
        patient_id=PatientId("right"),
        margin=3.0,
        filed_at=NOW,
        stratum=stratum,
        verdict=verdict,
    )


def test_only_uniform_draws_count_and_every_doubt_counts_against_the_machine() -> None:
    """A misfile found in any other way is added as one more audited and one more wrong."""
    right, wrong, doubt = Verdict.RIGHT, Verdict.WRONG, Verdict.CANNOT_TELL
    found = certify.tally(
        [
            *[line(Stratum.UNIFORM, right)] * 5,
            line(Stratum.UNIFORM, wrong),
            line(Stratum.UNIFORM, doubt),
            line(Stratum.UNIFORM, None),
            *[line(Stratum.WEAK, right)] * 3,
            line(Stratum.WEAK, None),
            line(Stratum.WEAK, wrong),
            line(None, wrong),
        ]
    )

    assert (found.audited, found.misfiles, found.cannot_tell) == (9, 4, 1)
    assert (found.not_counted, found.open) == (3, 1)


def test_the_margin_is_over_the_next_candidate_or_over_nobody() -> None:
    """A runner-up less likely than "nobody in the roster" is not what the leader must beat."""
    decision = document().decision
    alone = dataclasses.replace(decision, candidates=(candidate("right", 13.0), candidate("other", -5.0)))

    assert certify.margin(decision) == 11.0
    assert certify.margin(alone) == 13.0


def test_what_a_person_filed_is_not_in_the_ledger() -> None:
    from scanindex.model import Preset, Scan, ScanState

    scan = Scan(
        scan_id=ScanId("ab" * 32),
        size_bytes=1,
        media_type="application/pdf",
        name="x",
        preset=Preset(source="fax"),
        state=ScanState.DECIDED,
        received_at=NOW,
    )
    filed = document(state=DocumentState.FILED, filed_at=NOW, filed_version=1)
    by_person = dataclasses.replace(
        filed, decision=dataclasses.replace(filed.decision, decided_by="user:ann")
    )

    entered = certify.auto_filing(filed, scan, None)
    assert entered is not None and (entered.source, entered.margin) == ("fax", 11.0)
    assert certify.auto_filing(by_person, scan, None) is None


def test_a_later_reading_of_the_same_filing_keeps_its_verdict() -> None:
    audited = dataclasses.replace(line(Stratum.UNIFORM, Verdict.RIGHT), document_id=DocumentId("d1"))
    again = document(state=DocumentState.FILED, filed_at=NOW, filed_version=2, version=2)

    entered = certify.auto_filing(again, None, audited)  # type: ignore[arg-type]

    assert entered is not None
    assert (entered.version, entered.verdict, entered.stratum) == (2, Verdict.RIGHT, Stratum.UNIFORM)
