"""Test items: filed documents shown as if they waited, with a proposal that is wrong.

They measure who looks at the paper. A test item is a row of the table `seeds` under an id
like any document's and nothing else: it is in no chart, index, count, export or event, and
whatever is done to it changes that row alone. What was read is shown as a slip would have
made it: everything agrees with the wrong person but the picture. Who met one is not told,
neither after a miss: people would work for the test. Only the supervisor's figures say so.
"""

from __future__ import annotations

import random
import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from scanindex import certify
from scanindex.access_model import Access, Right
from scanindex.certify.modes import suggested
from scanindex.desk import hands
from scanindex.desk.asking import could_be_taken_for
from scanindex.desk_model import Seed, SeedOutcome, Waiting
from scanindex.errors import UsageError
from scanindex.model import (
    Candidate,
    Comparison,
    Decision,
    Document,
    DocumentId,
    DocumentState,
    Finding,
    FindingKind,
    Level,
    Outcome,
    Patient,
    Role,
)
from scanindex.ports import Unit
from scanindex.services import Services

_POOL = 400
_NAMESAKES = 20
_DOUBT_RULE, _DOUBT = "gate.read_surely", "an identifier was not read with certainty"
_SWAPPED = (
    FindingKind.NAME,
    FindingKind.BIRTH_DATE,
    FindingKind.MRN,
    FindingKind.SEX,
    FindingKind.SSN4,
    FindingKind.PHONE,
    FindingKind.ADDRESS,
)
_SHOWN = _SWAPPED[:3]
_NUMERIC_DATE = re.compile(r"\d{1,2}([/.\-])\d{1,2}\1\d{4}")


@hands.watched
def plant(access: Access, count: int, services: Services) -> int:
    """Mix up to `count` test items into the queue; how many there were papers and namesakes for."""
    hands.need(access, Right.SUPERVISE)
    if count < 1:
        raise UsageError("plant at least one test item")
    chance = random.Random(secrets.randbits(64))
    planted = 0
    with services.catalog.write() as unit:
        now = services.clock.now()
        places = [w for w in unit.desk.waiting(now) if not w.is_test]
        pool = unit.desk.seedable(_POOL)
        chance.shuffle(pool)
        for document_id in pool:
            if planted == count:
                break
            place = chance.choice(places) if places else None
            planted += _plant(document_id, place, access.actor, unit, services)
        unit.events.append("tests_planted", access.actor, count=planted)
    return planted


def mix_in(access: Access, place: Waiting, unit: Unit, services: Services) -> None:
    """By chance (setting `review.seeded_per_thousand`) one more, right behind what was handed out."""
    if secrets.randbelow(1_000) >= services.settings.review.seeded_per_thousand:
        return
    pool = unit.desk.seedable(_POOL)
    random.Random(secrets.randbits(64)).shuffle(pool)
    for document_id in pool[:20]:
        origin = unit.documents.get(document_id)
        if origin and access.sees(origin) and _plant(document_id, place, "machine", unit, services):
            return


def settle(
    seed: Seed, outcome: SeedOutcome, actor: str, seconds: float | None, unit: Unit, services: Services
) -> None:
    """What came of it; the row is all that changes."""
    now = services.clock.now()
    unit.desk.put_seed(replace(seed, outcome=outcome, actor=actor, settled_at=now, seconds=seconds))
    unit.desk.unpark(seed.item_id)
    unit.desk.drop_unsent(seed.item_id)


# --- making one --------------------------------------------------------------------------
def _plant(
    document_id: DocumentId, place: Waiting | None, actor: str, unit: Unit, services: Services
) -> bool:
    origin = unit.documents.get(document_id)
    right = services.roster.get(origin.patient_id) if origin and origin.patient_id else None
    scan = unit.scans.get(origin.scan_id) if origin else None
    if origin is None or right is None or scan is None or right.patient_id != origin.patient_id:
        return False
    wrong = _plausible(right, services)
    if wrong is None:
        return False
    now = services.clock.now()
    since = place.created_at + timedelta(microseconds=1) if place else now
    alone = certify.files_alone(scan.preset.source, unit.sources.get(scan.preset.source), services.settings)
    item_id = DocumentId(services.ids.new())
    unit.desk.put_seed(
        Seed(
            item_id=item_id,
            document=_shown(origin, item_id, right, wrong, since, is_suggested=not alone),
            origin=origin.document_id,
            right=right.patient_id,
            wrong=wrong.patient_id,
            priority=place.priority if place else 0,
            planted_at=now,
            planted_by=actor,
        )
    )
    return True


def _plausible(right: Patient, services: Services) -> Patient | None:
    """Somebody else of the roster whom a tired eye takes for this person; most alike first."""
    for other in _near(right, services):
        if other.patient_id != right.patient_id and could_be_taken_for(right, other):
            return other
    return None


def _near(right: Patient, services: Services) -> Iterator[Patient]:
    roster = services.roster
    for name in right.names[:1]:
        yield from roster.by_name(name.last, name.first, _NAMESAKES)
        yield from roster.resembling(name.last, name.first, _NAMESAKES)
    if right.birth_date and len(right.birth_date) == 10:
        yield from roster.by_birth_date([right.birth_date])
    if right.mrn:
        yield from roster.by_identifier(_one_slip(right.mrn))


def _one_slip(number: str) -> list[str]:
    """One digit misread, or two neighbours swapped."""
    found = [
        number[:at] + digit + number[at + 1 :]
        for at, old in enumerate(number)
        if old.isdigit()
        for digit in "0123456789"
        if digit != old
    ]
    found += [
        number[:at] + number[at + 1] + number[at] + number[at + 2 :]
        for at in range(len(number) - 1)
        if number[at] != number[at + 1]
    ]
    return found


def _shown(
    origin: Document,
    item_id: DocumentId,
    right: Patient,
    wrong: Patient,
    since: datetime,
    *,
    is_suggested: bool,
) -> Document:
    findings = tuple(_misread(finding, wrong) for finding in origin.findings)
    swapped = {
        kind.value: _value(wrong, kind)
        for kind in _SWAPPED
        if getattr(origin.fields, kind.value) and _value(wrong, kind)
    }
    return replace(
        origin,
        document_id=item_id,
        version=1,
        state=DocumentState.IN_REVIEW,
        patient_id=None,
        findings=findings,
        fields=replace(origin.fields, **swapped),
        decision=_decision(origin.decision, findings, right, wrong, is_suggested=is_suggested),
        created_at=since,
        filed_at=None,
        filed_version=None,
        recheck=(),
        replaced_by=None,
    )


def _misread(finding: Finding, wrong: Patient) -> Finding:
    value = _value(wrong, finding.kind) if finding.kind in _SWAPPED else None
    if finding.role not in (Role.PATIENT, Role.UNKNOWN) or not value or value == finding.value:
        return finding
    return replace(finding, value=value, raw=_as_printed(value, finding), other_raw=None)


def _as_printed(value: str, finding: Finding) -> str:
    """The wrong value in the way this page writes such a one."""
    like = _NUMERIC_DATE.fullmatch(finding.raw.strip())
    if finding.kind is not FindingKind.BIRTH_DATE or like is None or len(value) != 10:
        return value
    sign, (year, month, day) = like[1], value.split("-")
    is_month_first = finding.raw.strip().startswith(finding.value[5:7]) if len(finding.value) == 10 else True
    return sign.join((month, day, year) if is_month_first else (day, month, year))


def _value(patient: Patient, kind: FindingKind) -> str | None:
    if kind is FindingKind.NAME:
        return patient.display_name
    value: str | None = getattr(patient, kind.value, None)
    return value


def _decision(
    before: Decision,
    findings: tuple[Finding, ...],
    right: Patient,
    wrong: Patient,
    *,
    is_suggested: bool,
) -> Decision:
    leader = _candidate(wrong, findings, 0.99)
    second = _candidate(right, findings, 0.01)
    plain = replace(before, patient_id=wrong.patient_id, candidates=(leader, second), outcome=Outcome.AUTO)
    if is_suggested:
        return suggested(plain)
    reasons = (_DOUBT, *before.reasons)
    return replace(plain, outcome=Outcome.REVIEW, patient_id=None, rule=_DOUBT_RULE, reasons=reasons)


def _candidate(patient: Patient, findings: tuple[Finding, ...], score: float) -> Candidate:
    rows = []
    for kind in _SHOWN:
        found = next((f for f in findings if f.kind is kind and f.role in (Role.PATIENT, Role.UNKNOWN)), None)
        expected = _value(patient, kind) or ""
        if found is not None:
            level = Level.EXACT if found.value == expected else Level.CONFLICT
            rows.append(
                Comparison(
                    kind=kind,
                    level=level,
                    read=found.raw,
                    expected=expected,
                    scan_page_no=found.scan_page_no,
                    box=found.box,
                    log_odds=1.0 if level is Level.EXACT else -1.0,
                )
            )
    return Candidate(patient_id=patient.patient_id, score=score, comparisons=tuple(rows))
