"""The accounting of what was handed over to other systems: an entry for each document and attempt.

Source: 45 CFR 164.528(b). Promises: an attempt of which the trail says that nothing left is not in it;
each of the others says whether the receiver answered. What became of the newest attempt stands in the
ledger; an older one was answered if somebody had the document sent again, else it was broken off.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from scanindex.delivery_model import Delivery, DeliveryState
from scanindex.model import DocumentId, PatientId
from scanindex.store import tables
from scanindex.store.deliveries import Deliveries
from scanindex.store.rows import from_json
from scanindex.trail_model import EXPORTED, HANDED_OVER, NOT_LEFT, PERHAPS, REFUSED, TrailEntry

_E, _ED, _ES = tables.events, tables.event_documents, tables.event_subjects
_GROUP = 500
_ABOUT = ("target", "recipient", "recipient_address", "purpose")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """One document on its way."""

    seq: int
    place: int
    """Within its event, in the order of sending."""
    at: datetime
    actor: str
    external_id: str
    document_id: DocumentId
    patient_id: PatientId
    action: str
    replaces: str
    is_again: bool
    """An earlier attempt had been broken off."""
    about: Mapping[str, str] = field(repr=False)


def handed_over(
    connection: Connection, patient_ids: Collection[PatientId], document_ids: Collection[DocumentId]
) -> list[TrailEntry]:
    """Newest first; of these patients then, or of these documents; no other patient is named."""
    patients, documents = frozenset(patient_ids), frozenset(document_ids)
    attempts: dict[tuple[str, str], list[_Attempt]] = {}
    for row in _events(connection, patients, documents):
        payload = from_json(dict[str, Any], row.payload)
        if row.kind == NOT_LEFT:
            for external_id in payload["external_ids"]:
                if known := attempts.get((payload["target"], external_id)):
                    known.pop()
            continue
        for one in _attempts(row, payload):
            if one.patient_id in patients or one.document_id in documents:
                attempts.setdefault((one.about["target"], one.external_id), []).append(one)
    ledger = Deliveries(connection)
    found = [
        (one, outcome)
        for (target, external_id), tries in attempts.items()
        for one, outcome in _outcomes(tries, ledger.get(target, external_id))
    ]
    found.sort(key=lambda pair: (pair[0].seq, pair[0].place), reverse=True)
    return [_entry(one, outcome, patients) for one, outcome in found]


def _events(
    connection: Connection, patients: frozenset[PatientId], documents: frozenset[DocumentId]
) -> Iterator[Any]:
    """Oldest first."""
    numbers: set[int] = set()
    for column, ids in ((_ES.c.patient_id, patients), (_ED.c.document_id, documents)):
        for group in _grouped(sorted(ids)):
            query = select(_E.c.seq).join(column.table, column.table.c.seq == _E.c.seq)
            query = query.where(column.in_(group), _E.c.kind.in_((EXPORTED, NOT_LEFT)))
            numbers |= set(connection.execute(query).scalars())
    for group in _grouped(sorted(numbers)):
        yield from connection.execute(select(_E).where(_E.c.seq.in_(group)).order_by(_E.c.seq))


def _attempts(row: Any, payload: Mapping[str, Any]) -> Iterator[_Attempt]:
    """None where it is another export: a list that somebody took."""
    about = {key: str(payload[key]) for key in _ABOUT if payload.get(key)}
    records = [(line["record"], False) for line in payload.get("deliveries", ())]
    records += [(named, True) for named in payload.get("again", ())]
    for place, (record, is_again) in enumerate(records):
        patient = record["patient_id"] if is_again else record["patient"]["patient_id"]
        yield _Attempt(
            seq=row.seq,
            place=place,
            at=datetime.fromisoformat(row.at),
            actor=row.actor,
            external_id=record["external_id"],
            document_id=DocumentId(record["document_id"]),
            patient_id=PatientId(patient),
            action=record["action"],
            replaces=record.get("replaces") or "",
            is_again=is_again,
            about=about,
        )


def _outcomes(tries: Sequence[_Attempt], line: Delivery | None) -> Iterator[tuple[_Attempt, str]]:
    for place, one in enumerate(tries):
        later = tries[place + 1] if place + 1 < len(tries) else None
        if later is not None:
            yield one, PERHAPS if later.is_again else HANDED_OVER
        else:
            yield one, _outcome(line)


def _outcome(line: Delivery | None) -> str:
    if line is None or line.state in (DeliveryState.SENDING, DeliveryState.DROPPED):
        return PERHAPS
    return REFUSED if line.state is DeliveryState.REFUSED else HANDED_OVER


def _entry(one: _Attempt, outcome: str, patients: frozenset[PatientId]) -> TrailEntry:
    details = {"outcome": outcome, "external_id": one.external_id, "action": one.action}
    if one.replaces:
        details["replaces"] = one.replaces
    return TrailEntry(
        seq=one.seq,
        at=one.at,
        actor=one.actor,
        kind=EXPORTED,
        what="ehr",
        document_ids=(one.document_id,),
        patient_ids=tuple({one.patient_id} & patients),
        details={**details, **one.about},
    )


def _grouped(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + _GROUP] for start in range(0, len(values), _GROUP))
