"""Two records of one person become one, and can be taken apart again.

The survivor takes over every name and number of the loser, so that old paper finds it;
the loser keeps its row, is no longer looked up, and `get` of it answers with the
survivor. The loser's documents change hands in the same transaction, as a correction
does: what was filed leaves chart and index at once and is filed again. Each merge makes
a new roster version, so that whatever waits is decided again. The events carry all that
a rebuild needs. Asking twice changes nothing.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from scanindex.errors import ConflictError, NotFound, UsageError
from scanindex.model import Document, DocumentState, Event, Patient, PatientId
from scanindex.store import roster_merge_rows, roster_rows
from scanindex.store import roster_statements as queries
from scanindex.store.catalog import Catalog, Unit
from scanindex.store.roster import SqlRoster
from scanindex.store.roster_merge import check_change
from scanindex.store.roster_merge_rows import MergeRow
from scanindex.store.roster_people import RowError
from scanindex.store.roster_rows import Merge, MergeState
from scanindex.store.roster_tables import roster_identifiers, roster_patients, roster_versions
from scanindex.store.roster_writes import drop_lookups, insert_lookups, keep_history, utc_now

MERGED, SEPARATED, REPOINTED = "patients_merged", "patients_separated", "repointed"
_WAITING = (MergeState.PARKED, MergeState.DOUBTFUL)
_GROUP = 200
"""Merges of a file done in one transaction."""
_REFILED = (DocumentState.FILED, DocumentState.PROPOSED)
_MERGE_REASON = "The patient it stood under was merged into this one."
_SEPARATE_REASON = "The patient it stood under was separated from this one again."
_RECHECK_REASON = "filed while two records were one; they are separate patients again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of the merges that files asked for."""

    done: int
    parked: int
    """Loser or survivor is not in the roster yet."""
    doubtful: int
    """The two differ in name and birth date: for a person to say."""
    documents: int


@dataclass(frozen=True, slots=True)
class _Row:
    """A record as the database holds it."""

    person_no: int
    patient_id: PatientId
    is_provisional: bool
    body: str
    linked_to: str | None
    merged_into: str | None

    @property
    def own(self) -> Patient:
        return roster_rows.own_of(self.patient_id, self.is_provisional, self.body)

    @property
    def whole(self) -> Patient:
        return roster_rows.patient_of(self.patient_id, self.is_provisional, self.body)


def merge(catalog: Catalog, loser: PatientId, survivor: PatientId, reason: str, actor: str) -> int:
    """Merge two records; returns how many documents changed hands, 0 where it was done before.

    Raises NotFound, and ConflictError where one of them is provisional, or was merged elsewhere.
    """
    with catalog.write() as unit:
        one, two = _row(unit.connection, loser), _standing(unit.connection, survivor)
        if one.merged_into and _standing(unit.connection, loser).patient_id == two.patient_id:
            return 0
        _check(one, two)
        numbers = [(i.authority, i.value) for row in (one, two) for i in row.own.identifiers[:1]]
        asked = Merge(loser=numbers[0], survivor=numbers[-1], reason=reason, actor=actor)
        version = _new_version(unit.connection, {"merges": 1}, -1)
        return _merge(unit, one, two, asked, actor, version)


def unmerge(catalog: Catalog, loser: PatientId, reason: str, actor: str) -> tuple[int, int]:
    """Take a merge back; returns (documents that went back, documents to look at again).

    Documents that changed hands with the merge and were not touched since go back; whatever
    else was filed under the survivor meanwhile goes to the recheck list.
    """
    with catalog.write() as unit:
        connection = unit.connection
        one = _row(connection, loser)
        if not one.merged_into:
            raise ConflictError(f"patient {loser} is not merged into another")
        two = _row(connection, one.merged_into)
        if two.merged_into:
            raise ConflictError(f"patient {two.patient_id} was merged too; `roster unmerge` that one first")
        done = roster_merge_rows.rows(connection, MergeState.DONE, loser_id=loser)
        asked = done[-1].merge if done else Merge(loser=("", ""), survivor=("", ""), reason="")
        _take_apart(connection, one, two, _new_version(connection, {"unmerges": 1}, +1))
        for row in done:
            roster_merge_rows.change(connection, row.merge_no, MergeState.UNDONE)
        unit.events.append(SEPARATED, actor, loser=one.whole, survivor=two.own, note=reason)
        moved = _give_back(unit, one.patient_id, two.patient_id, asked, actor, reason)
        return moved, _look_again(unit, two.patient_id, asked.event_seq, actor)


def settle(catalog: Catalog, actor: str) -> Settled:
    """Carry out the merges that imported files ask for; what cannot be yet stays parked.

    Harmless to repeat; a merge that was undone by a person is not done again.
    """
    counts = {MergeState.DONE: 0, MergeState.PARKED: 0, MergeState.DOUBTFUL: 0}
    documents = 0
    with catalog.read() as unit:
        waiting = roster_merge_rows.rows(unit.connection, *_WAITING)
    for start in range(0, len(waiting), _GROUP):
        with catalog.write() as unit:
            version: int | None = None
            for row in waiting[start : start + _GROUP]:
                state, pair = _judge(unit.connection, row)
                if pair:
                    version = version or _new_version(unit.connection, {"merges": 0}, 0)
                    roster_merge_rows.drop(unit.connection, row.merge_no)
                    documents += _merge(unit, *pair, row.merge, actor, version)
                    _count_merge(unit.connection, version)
                elif state is None:
                    roster_merge_rows.drop(unit.connection, row.merge_no)
                elif state is not row.state:
                    roster_merge_rows.change(unit.connection, row.merge_no, state)
                if state:
                    counts[state] += 1
    return Settled(
        done=counts[MergeState.DONE],
        parked=counts[MergeState.PARKED],
        doubtful=counts[MergeState.DOUBTFUL],
        documents=documents,
    )


def waiting(catalog: Catalog) -> list[MergeRow]:
    """Merges that files asked for and that are not done."""
    with catalog.read() as unit:
        return roster_merge_rows.rows(unit.connection, *_WAITING)


def merged_id(catalog: Catalog, text: str) -> PatientId:
    """The merged record with this id or number. Raises NotFound, UsageError where several have it."""
    with catalog.read() as unit:
        done = roster_merge_rows.rows(unit.connection, MergeState.DONE)
    found = sorted({r.loser_id for r in done if r.loser_id and text in (r.loser_id, r.merge.loser[1])})
    if not found:
        raise NotFound("no merged patient has this number or id; `roster show` lists a patient's merges")
    if len(found) > 1:
        raise UsageError(f"several merged patients have this number; name one by id: {', '.join(found)}")
    return PatientId(found[0])


def repoint_stragglers(catalog: Catalog, actor: str) -> int:
    """Documents that were decided for a record while it was being merged; returns how many."""
    with catalog.write() as unit:
        losers = unit.connection.execute(
            select(roster_patients.c.patient_id).where(roster_patients.c.merged_into.is_not(None))
        )
        count = 0
        for loser in [PatientId(r.patient_id) for r in losers]:
            survivor = _standing(unit.connection, loser).patient_id
            count += len(_hand_over(unit, loser, survivor, actor, "found late"))
        return count


def replay(roster: SqlRoster, event: Event) -> None:
    """Put back a merge, or its undoing, that the archive's log tells (rebuild); idempotent."""
    if event.kind not in (MERGED, SEPARATED):
        return
    one, two = (msgspec.convert(event.payload[key], Patient) for key in ("loser", "survivor"))
    for patient in (one, two):
        if roster.get(patient.patient_id) is None:
            roster.add_provisional(patient)
    with roster.writing() as connection:
        loser, survivor = _row(connection, one.patient_id), _row(connection, two.patient_id)
        version = connection.execute(select(func.max(roster_versions.c.version))).scalar_one() or 0
        if event.kind == SEPARATED:
            if loser.merged_into == survivor.patient_id:
                _take_apart(connection, loser, survivor, version)
                for row in roster_merge_rows.rows(connection, MergeState.DONE, loser_id=loser.patient_id):
                    roster_merge_rows.change(connection, row.merge_no, MergeState.UNDONE)
            return
        survivor = _standing(connection, survivor.patient_id)
        if loser.merged_into or loser.patient_id == survivor.patient_id:
            return
        asked = msgspec.structs.replace(msgspec.convert(event.payload["merge"], Merge), event_seq=event.seq)
        _absorb(connection, loser, survivor, version)
        roster_merge_rows.add(
            connection, MergeState.DONE, asked, loser.patient_id, survivor.patient_id, event.at.isoformat()
        )


# --- the records ------------------------------------------------------------------
def _merge(unit: Unit, loser: _Row, survivor: _Row, asked: Merge, actor: str, version: int) -> int:
    connection = unit.connection
    _absorb(connection, loser, survivor, version)
    moved = _hand_over(unit, loser.patient_id, survivor.patient_id, actor, asked.reason)
    done = msgspec.structs.replace(
        asked, actor=actor, documents=tuple((d.document_id, d.version) for d in moved)
    )
    unit.events.append(MERGED, actor, loser=loser.whole, survivor=survivor.own, merge=done, note=asked.reason)
    done = msgspec.structs.replace(done, event_seq=unit.events.last_seq())
    roster_merge_rows.add(connection, MergeState.DONE, done, loser.patient_id, survivor.patient_id)
    return len(moved)


def _absorb(connection: Connection, loser: _Row, survivor: _Row, version: int) -> None:
    for row in (loser, survivor):
        keep_history(connection, row.person_no, row.body, version)
    drop_lookups(connection, [loser.person_no, survivor.person_no])
    absorbed = (*roster_rows.absorbed_of(survivor.body), roster_rows.absorbing(loser.whole))
    _put(connection, survivor, roster_rows.body_of(survivor.own, absorbed))
    _point(connection, loser, survivor.patient_id)


def _take_apart(connection: Connection, loser: _Row, survivor: _Row, version: int) -> None:
    for row in (loser, survivor):
        keep_history(connection, row.person_no, row.body, version)
    left = tuple(a for a in roster_rows.absorbed_of(survivor.body) if a.patient_id != loser.patient_id)
    drop_lookups(connection, [loser.person_no, survivor.person_no])
    _put(connection, survivor, roster_rows.body_of(survivor.own, left))
    _point(connection, loser, None)
    insert_lookups(connection, loser.person_no, loser.whole)


def _put(connection: Connection, row: _Row, body: str) -> None:
    connection.execute(
        update(roster_patients).where(roster_patients.c.person_no == row.person_no).values(body=body)
    )
    insert_lookups(
        connection, row.person_no, roster_rows.patient_of(row.patient_id, row.is_provisional, body)
    )


def _point(connection: Connection, loser: _Row, survivor_id: str | None) -> None:
    connection.execute(
        update(roster_patients)
        .where(roster_patients.c.person_no == loser.person_no)
        .values(merged_into=survivor_id, linked_to=survivor_id)
    )


def _check(loser: _Row, survivor: _Row) -> None:
    if loser.patient_id == survivor.patient_id:
        raise ConflictError("a patient cannot be merged into itself")
    if loser.merged_into:
        raise ConflictError(f"patient {loser.patient_id} is already merged into {loser.merged_into}")
    for row in (loser, survivor):
        if row.is_provisional:
            raise ConflictError(f"patient {row.patient_id} is provisional; `roster link` it instead")


def _judge(connection: Connection, row: MergeRow) -> tuple[MergeState | None, tuple[_Row, _Row] | None]:
    """What is to become of a merge that a file asked for, and whose; (None, None) where it is done
    already or was undone by a person."""
    loser, survivor = _holder(connection, row.merge.loser), _holder(connection, row.merge.survivor)
    if loser is None or survivor is None:
        return MergeState.PARKED, None
    if loser.patient_id == survivor.patient_id:
        return None, None
    undone = roster_merge_rows.rows(connection, MergeState.UNDONE, loser_id=loser.patient_id)
    if any(u.survivor_id == survivor.patient_id for u in undone):
        return None, None
    is_plain = not (loser.is_provisional or survivor.is_provisional)
    if is_plain and (row.merge.is_trusted or _may_be_one(loser.own, survivor.own)):
        return MergeState.DONE, (loser, survivor)
    return MergeState.DOUBTFUL, None


def _may_be_one(loser: Patient, survivor: Patient) -> bool:
    """As far apart as an import lets one person change without asking."""
    try:
        check_change(loser, survivor)
    except RowError:
        return False
    return True


def _row(connection: Connection, patient_id: str) -> _Row:
    found = connection.execute(
        queries.people().where(roster_patients.c.patient_id == patient_id)
    ).one_or_none()
    if found is None:
        raise NotFound(f"patient {patient_id}")
    return _row_of(found)


def _row_of(found: Any) -> _Row:
    return _Row(
        found.person_no,
        PatientId(found.patient_id),
        found.is_provisional,
        found.body,
        found.linked_to,
        found.merged_into,
    )


def _standing(connection: Connection, patient_id: str) -> _Row:
    """The record, or who stands for it after merges."""
    row = _row(connection, patient_id)
    return _standing(connection, row.merged_into) if row.merged_into else row


def _holder(connection: Connection, number: tuple[str, str]) -> _Row | None:
    held = roster_identifiers.c
    found = connection.execute(
        queries.people()
        .join(roster_identifiers, held.person_no == roster_patients.c.person_no)
        .where(held.authority == number[0], held.value == number[1], held.type == "mrn")
    ).one_or_none()
    return _row_of(found) if found else None


def _new_version(connection: Connection, summary: dict[str, int], patients: int) -> int:
    last = connection.execute(queries.LAST_VERSION).one_or_none()
    version = (last.version if last else 0) + 1
    row = {
        "version": version,
        "imported_at": utc_now(),
        "authority": "",
        "file_sha256": "",
        "patients": (last.patients if last else 0) + patients,
        "statistics": last.statistics if last else roster_rows.to_text(roster_rows.Statistics()),
        "summary": json.dumps(summary),
    }
    connection.execute(insert(roster_versions), [row])
    return version


def _count_merge(connection: Connection, version: int) -> None:
    column = roster_versions.c
    where = column.version == version
    row = connection.execute(select(column.patients, column.summary).where(where)).one()
    merges = json.loads(row.summary)["merges"] + 1
    values = {"patients": row.patients - 1, "summary": json.dumps({"merges": merges})}
    connection.execute(update(roster_versions).where(where).values(**values))


# --- the documents -----------------------------------------------------------------
def _hand_over(
    unit: Unit, loser: PatientId, survivor: PatientId, actor: str, note: str
) -> Sequence[Document]:
    """Every document of the loser, in any state, as the survivor's."""
    found = unit.documents.all(*DocumentState, patient_id=loser)
    return [_repoint(unit, d, loser, survivor, _MERGE_REASON, actor, note) for d in found]


def _give_back(unit: Unit, loser: PatientId, survivor: PatientId, asked: Merge, actor: str, note: str) -> int:
    moved = dict(asked.documents)
    found = unit.documents.all(*DocumentState, patient_id=survivor)
    mine = [d for d in found if moved.get(d.document_id) == d.version]
    for document in mine:
        _repoint(unit, document, survivor, loser, _SEPARATE_REASON, actor, note)
    return len(mine)


def _repoint(
    unit: Unit,
    document: Document,
    before: PatientId,
    after: PatientId,
    reason: str,
    actor: str,
    note: str,
) -> Document:
    decision = document.decision
    is_filed = document.state is DocumentState.FILED
    reasons = (reason, *(r for r in decision.reasons if r not in (_MERGE_REASON, _SEPARATE_REASON)))
    changed = dataclasses.replace(
        document,
        version=document.version + 1,
        state=DocumentState.PROPOSED if is_filed else document.state,
        patient_id=after,
        decision=dataclasses.replace(
            decision,
            patient_id=after if decision.patient_id == before else decision.patient_id,
            candidates=tuple(
                dataclasses.replace(c, patient_id=after) if c.patient_id == before else c
                for c in decision.candidates
            ),
            reasons=reasons,
        ),
    )
    unit.documents.change(changed, expected_version=document.version)
    if is_filed:
        unit.outbox.add(changed)  # out of chart and index now, not only once it is filed again
    unit.events.append(
        REPOINTED,
        actor,
        document_id=changed.document_id,
        scan_id=changed.scan_id,
        document=changed,
        patient_before=before,
        note=note,
        version_before=document.version,
    )
    return changed


def _look_again(unit: Unit, survivor: PatientId, since_seq: int, actor: str) -> int:
    """Put on the recheck list what came to the survivor while it stood for two people."""
    documents = unit.documents.all(*_REFILED, patient_id=survivor)
    found = [d for d in documents if _came_since(unit, d, since_seq)]
    for document in found:
        changed = dataclasses.replace(document, recheck=(*document.recheck, _RECHECK_REASON))
        unit.documents.change(changed, expected_version=document.version)
        unit.events.append(
            "recheck_wanted",
            actor,
            document_id=changed.document_id,
            scan_id=changed.scan_id,
            document=changed,
            reasons=changed.recheck,
        )
    return len(found)


def _came_since(unit: Unit, document: Document, since_seq: int) -> bool:
    """Decided or filed after this event; by numbers, because clocks may be set."""
    return any(e.seq > since_seq for e in unit.events.of(document_id=document.document_id))
