"""Whose document it is, in the receiver's words: exactly one patient there, and the same person.

Promises: a number that finds nobody, or several, is refused, never guessed at; a patient found whose
birth date or name differs from ours is refused, because that would be an overlay at the receiver.
What was found is kept for some minutes, so that a chart of fifty documents asks once.
"""

from __future__ import annotations

import time
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from scanindex.delivery_model import ExportRecord, SentPatient
from scanindex.ehr.fhir_resources import patient as rendered
from scanindex.ehr.fhir_server import FhirServer, Refused, reference_of
from scanindex.ehr.fhir_values import Json, json_parts, token
from scanindex.target_profile import Target

_KEPT = 10_000
_KEPT_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A patient as the server has it."""

    reference: str
    birth_date: str = field(repr=False)
    names: frozenset[str] = field(repr=False)
    """Folded words of all names."""


class PatientFinder:
    def __init__(
        self, server: FhirServer, target: Target, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._server, self._target, self._monotonic = server, target, monotonic
        self._kept: OrderedDict[tuple[str, str], tuple[float, Known]] = OrderedDict()

    def subject(self, record: ExportRecord) -> Json:
        """Reference to the patient. Raises Refused, ReceiverSilent, ProfileError."""
        main = record.patient.main
        key = (main.system, main.value)
        kept = self._kept.get(key)
        if kept is None or self._monotonic() - kept[0] > _KEPT_SECONDS:
            kept = (self._monotonic(), self._found(record.patient))
            self._kept[key] = kept
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        if why := difference(record.patient, kept[1], self._target.fhir.patient_check):
            raise Refused(why)
        return {"reference": kept[1].reference}

    def encounter(self, record: ExportRecord, subject: Json) -> Json | None:
        """Reference to the visit, where the profile wants it. Raises as `subject` does."""
        rule, system = self._target.document.encounter, self._target.fhir.encounter_system
        if rule == "never" or not record.encounter_id or not system:
            return None
        found = self._server.by_identifier("Encounter", system, record.encounter_id)
        own = [one for one in found if _subject(one) == subject["reference"]]
        if len(own) == 1:
            return {"reference": reference_of(own[0])}
        if rule == "required":
            raise Refused("encounter_ambiguous" if own else "encounter_unknown")
        return None

    def _found(self, patient: SentPatient) -> Known:
        main = patient.main
        found = self._server.by_identifier("Patient", main.system, main.value)
        if not found and self._target.fhir.create_patients:
            body = json_parts(rendered(patient, is_claiming=self._target.fhir.claim_profiles))
            self._server.create("Patient", body, f"identifier={token(main.system, main.value)}")
            found = self._server.by_identifier("Patient", main.system, main.value)
        active = [one for one in found if is_active(one)]
        if not active:
            raise Refused("patient_inactive" if found else "patient_unknown")
        if len(active) > 1:
            raise Refused("patient_ambiguous")
        return known(active[0])


def is_active(patient: Json) -> bool:
    """Neither put out of use nor merged into another."""
    links = patient.get("link") or []
    merged = any(isinstance(one, dict) and one.get("type") == "replaced-by" for one in links)
    return patient.get("active") is not False and not merged


def known(patient: Json) -> Known:
    said: list[str] = []
    for name in patient.get("name") or []:
        if isinstance(name, dict):
            said += (str(name.get(key) or "") for key in ("family", "text"))
            said += map(str, name.get("given") or [])
    birth_date = patient.get("birthDate")
    return Known(
        reference=reference_of(patient),
        birth_date=birth_date if isinstance(birth_date, str) else "",
        names=words(said),
    )


def difference(ours: SentPatient, theirs: Known, rule: str) -> str:
    """Code of why they are not the same person; "" where nothing speaks against it."""
    if rule == "off":
        return ""
    born = ours.birth_date or ""
    common = min(len(born), len(theirs.birth_date))
    if common and born[:common] != theirs.birth_date[:common]:
        return "patient_birth_date_differs"
    if rule == "birth_date" and (common < len("1998-03-02")):
        return "patient_birth_date_unknown"
    # Where the birth date says it, one word in common is enough: people marry. Else a last name is needed.
    is_born_alike = common == len("1998-03-02")
    names = words(
        p for n in ours.names for p in ((n.last, n.first, n.middle) if is_born_alike else (n.last,))
    )
    if names and theirs.names and not names & theirs.names:
        return "patient_name_differs"
    return ""


def words(names: Iterable[str]) -> frozenset[str]:
    """Folded: without case, accents and punctuation; single letters say nothing."""
    folded = unicodedata.normalize("NFKD", " ".join(names)).casefold()
    plain = "".join(c for c in folded if not unicodedata.combining(c))
    apart = "".join(c if c.isalnum() else " " for c in plain.replace("'", "").replace("’", ""))
    return frozenset(word for word in apart.split() if len(word) > 1)


def _subject(resource: Json) -> str:
    subject = resource.get("subject")
    from_server = str(subject.get("reference") or "") if isinstance(subject, dict) else ""
    return "/".join(from_server.split("/")[-2:])
