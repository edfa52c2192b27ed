"""What is known about a patient from paper, put right: a mistyped name, birth date or sex.

Promises: only provisional patients change here (who comes from the hospital's roster is changed there);
the record is still as it was when it was shown; somebody who may be the same person is shown first; how
it stood stays in the history, and a correction can be taken back. What waits is decided again and what
is filed is looked at again, as after an import. Leaves out numbers (a wrong number is another person's:
link or merge) and who may be asked (the edges).
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from scanindex import app, fetch, recheck, redecide, registering
from scanindex.access_model import Access
from scanindex.errors import AlreadyRunning, ConflictError, NotAllowedNow, UsageError
from scanindex.match import fold
from scanindex.model import Patient, PatientId, PersonName
from scanindex.registering import LookAlikePerson
from scanindex.store import roster_provisional

CORRECTED = "patient_corrected"
_NAMESAKES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How it reads on the paper."""

    last: str = field(repr=False)
    first: str = field(default="", repr=False)
    middle: str = field(default="", repr=False)
    suffix: str = field(default="", repr=False)
    birth_date: str | None = field(default=None, repr=False)
    sex: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    patient: Patient
    decided_again: int
    """Of what waits; 0 where the running service does it."""
    to_recheck: int
    """Filed documents that came to the recheck list."""


def shown(access: Access, patient_id: str, opened: app.Workspace) -> tuple[Patient, str]:
    """The record to be corrected, and its mark. Raises NotFound, ConflictError, NotAllowedNow."""
    found = fetch.patient(access, patient_id, opened.services)
    if found.patient_id != patient_id:
        raise ConflictError("that record was merged into another by now")
    if opened.roster.linked_to(found.patient_id):
        raise ConflictError("that record was linked to another by now")
    if not found.is_provisional:
        raise NotAllowedNow(f"patient {patient_id} comes from the roster; change it there and import")
    return found, _mark(found)


def look_alikes(
    access: Access, patient_id: str, said: Said, opened: app.Workspace
) -> tuple[LookAlikePerson, ...]:
    """Who may be the person that the record would name then. Raises as `correct`."""
    before, _ = shown(access, patient_id, opened)
    after = _as_said(before, said)
    registering.check(after, opened.services)
    return registering.look_alikes(access, after, opened.services)


def correct(
    access: Access,
    patient_id: str,
    said: Said,
    seen: str,
    reason: str,
    opened: app.Workspace,
    *,
    is_another: bool = False,
) -> Corrected:
    """Put a provisional patient's name, birth date and sex right.

    seen: of `shown`. is_another: whoever looks alike was shown, and is somebody else. Raises UsageError,
    ConflictError (changed since, or somebody may be the same), NotAllowedNow, NotFound.
    """
    before, _ = shown(access, patient_id, opened)
    after = _as_said(before, said)
    registering.check(after, opened.services)
    if after == before:
        raise UsageError("nothing differs from what is known")
    if not is_another and look_alikes(access, patient_id, said, opened):
        raise ConflictError(
            "somebody who may be the same person is known already",
            hint="Link the record with that patient, or say that this is another person.",
        )
    return _changed(access, before, after, seen, reason, opened)


def take_back(access: Access, patient_id: str, seen: str, reason: str, opened: app.Workspace) -> Corrected:
    """The record as it was before its last change; a further change, as any. Raises as `correct`."""
    before, _ = shown(access, patient_id, opened)
    past = opened.roster.history(before.patient_id)
    if not past:
        raise NotAllowedNow(f"patient {patient_id} was never changed")
    return _changed(access, before, past[-1][2], seen, reason, opened)


# --- inside ------------------------------------------------------------------------------
def _as_said(before: Patient, said: Said) -> Patient:
    use = before.names[0].use if before.names else "official"
    name = PersonName(last=said.last, first=said.first, middle=said.middle, suffix=said.suffix, use=use)
    return dataclasses.replace(
        before, names=(name, *before.names[1:]), birth_date=said.birth_date, sex=said.sex
    )


def _changed(
    access: Access,
    before: Patient,
    after: Patient,
    seen: str,
    reason: str,
    opened: app.Workspace,
) -> Corrected:
    if not reason.strip():
        raise UsageError("say why; it is kept in the history")
    with opened.catalog.write() as unit:
        # Here nobody else writes: what is there now is what will be replaced.
        if _mark(before) != seen or opened.roster.get(before.patient_id) != before:
            raise ConflictError("the record was changed since it was shown")
        roster_provisional.change(unit.connection, after)
        unit.events.append(
            CORRECTED,
            access.actor,
            patient_id=after.patient_id,
            patient=after,
            patient_before=before,
            note=reason.strip(),
        )
    return _followed(before, after, opened)


def _followed(before: Patient, after: Patient, opened: app.Workspace) -> Corrected:
    """What it means for documents: those of this patient, and of whoever could be taken for them."""
    try:
        with app.exclusive(opened.settings):
            again = redecide.decide_again(opened.services)
    except AlreadyRunning:
        again = 0  # the running service sees that a record changed, and does it
    mine, since = after.patient_id, opened.roster.version() - 1
    among = {mine, *(p for one in (before, after) for p in _alike(one, opened))}
    count = recheck.after_import(
        opened.services,
        lambda _: True,
        lambda patient: patient.patient_id == mine and opened.roster.is_exchanged(patient, since),
        among,
    )
    return Corrected(patient=after, decided_again=again, to_recheck=count)


def _alike(patient: Patient, opened: app.Workspace) -> Sequence[PatientId]:
    roster = opened.services.roster
    found = list(roster.by_identifier([i.value for i in patient.identifiers]))
    for name in patient.names:
        found += roster.by_name(name.last, name.first, _NAMESAKES)
        keys = {fold.name_key(name.last), fold.name_key(name.first)}
        found += roster.by_birth_date([patient.birth_date], named=keys) if patient.birth_date else ()
    return [one.patient_id for one in found]


def _mark(patient: Patient) -> str:
    return hashlib.sha256(msgspec.json.encode(patient)).hexdigest()[:32]
