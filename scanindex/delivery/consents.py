"""Patients' consents to hand over what is labelled (42 CFR part 2): recorded, listed, revoked."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from scanindex import fetch
from scanindex.access_model import Access, Right
from scanindex.classify.sensitivity import LABELS
from scanindex.delivery_model import Consent
from scanindex.errors import Forbidden, NotAllowedNow, NotFound, UsageError
from scanindex.model import PatientId
from scanindex.services import Services

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOST_CHARACTERS = 200


def record(
    access: Access,
    patient_id: PatientId,
    target: str,
    labels: Sequence[str],
    reference: str,
    given_on: str,
    until: str | None,
    services: Services,
) -> Consent:
    """reference: where the signed form is (a document id, a file number). Raises Forbidden, NotFound,
    UsageError."""
    _require(access)
    patient = fetch.patient(access, patient_id, services)
    if unknown := [label for label in labels if label not in LABELS]:
        raise UsageError(f"no label {unknown[0]!r}; there are {', '.join(LABELS)}")
    if not labels or not reference.strip() or len(reference) > _MOST_CHARACTERS:
        raise UsageError("name the labels it covers and where the signed form is")
    if not _DAY.fullmatch(given_on) or (until is not None and not _DAY.fullmatch(until)):
        raise UsageError("days are written 2026-03-31")
    if until is not None and until < given_on:
        raise UsageError("the consent ends before it was given")
    made = Consent(
        consent_id=services.ids.new(),
        patient_id=patient.patient_id,
        target=target,
        labels=tuple(dict.fromkeys(labels)),
        reference=reference.strip(),
        given_on=given_on,
        until=until,
        recorded_by=access.actor,
        recorded_at=services.clock.now(),
    )
    _put("consent_recorded", made, access, services)
    return made


def revoke(access: Access, consent_id: str, services: Services) -> Consent:
    """From now on; what was handed over under it stays there unless it is withdrawn. Raises Forbidden,
    NotFound, NotAllowedNow."""
    _require(access)
    with services.catalog.read() as unit:
        found = unit.consents.get(consent_id)
    if found is None or not access.sees_patient(found.patient_id):
        raise NotFound("no such consent")
    if found.revoked_at is not None:
        raise NotAllowedNow("this consent was revoked already")
    gone = dataclasses.replace(found, revoked_at=services.clock.now(), revoked_by=access.actor)
    _put("consent_revoked", gone, access, services)
    return gone


def of(access: Access, patient_id: PatientId | None, services: Services) -> list[Consent]:
    """Oldest first, revoked ones too. Raises Forbidden."""
    _require(access)
    with services.catalog.read() as unit:
        return [c for c in unit.consents.of(patient_id) if access.sees_patient(c.patient_id)]


def _require(access: Access) -> None:
    if not access.may(Right.EXPORT):
        raise Forbidden


def _put(kind: str, consent: Consent, access: Access, services: Services) -> None:
    with services.catalog.write() as unit:
        unit.consents.put(consent)
        unit.events.append(kind, access.actor, patient_id=consent.patient_id, consent=consent)
