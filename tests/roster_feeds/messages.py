"""ADT messages of invented people, and the state of a workspace as something to compare."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from scanindex import app
from scanindex.feeding import feed_of
from scanindex.hl7.er7 import encode, segment
from scanindex.model import (
    Decision,
    Document,
    DocumentFields,
    DocumentId,
    DocumentState,
    Outcome,
    Patient,
    PatientId,
    ScanId,
)
from scanindex.store import feed_intake, roster_rows
from scanindex.store.roster_tables import roster_merges, roster_patients
from tests.crash import stub
from tests.crash.service_main import drive

START = datetime(2024, 5, 1, 8, 0, tzinfo=UTC)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Somebody as a feed tells of them."""

    mrn: str
    last: str = "ABERCRONVIK"
    first: str = "TILDA"
    born: str = "19480309"
    sex: str = "F"
    phone: str = ""


def moment(minute: int) -> str:
    return (START + timedelta(minutes=minute)).strftime("%Y%m%d%H%M%S")


def number(mrn: str, authority: str = "local") -> tuple[Any, ...]:
    return (mrn, None, None, authority, "MR")


def adt(
    event: str,
    who: Told,
    minute: int = 0,
    *,
    wrong: str = "",
    others: tuple[str, ...] = (),
    authority: str = "local",
    control_id: str = "",
    processing: str = "P",
    more: tuple[str, ...] = (),
    **fields: Any,
) -> bytes:
    """wrong: MRG-1. others: further numbers of PID-3. fields: pid_N=value."""
    head = {
        3: "ADT",
        4: "HOSP",
        7: moment(minute),
        9: ("ADT", event, "ADT_A01"),
        10: control_id or f"{event}-{who.mrn}-{wrong}-{minute}",
        11: processing,
        12: "2.5.1",
        18: "UNICODE UTF-8",
    }
    pid = {
        1: "1",
        3: [number(who.mrn, authority), *(number(other, authority) for other in others)],
        5: [(who.last, who.first, None, None, None, None, "L")],
        7: who.born,
        8: who.sex,
        13: (None, "PRN", "PH", None, None, None, who.phone) if who.phone else None,
    } | {int(name.removeprefix("pid_")): value for name, value in fields.items()}
    lines = [segment("MSH", head), segment("EVN", {1: event, 2: moment(minute)}), segment("PID", pid)]
    if wrong:
        lines.append(segment("MRG", {1: number(wrong, authority)}))
    return encode([*lines, *more])


def merge(wrong: str, right: Told, minute: int) -> bytes:
    return adt("A40", right, minute, wrong=wrong)


def separate(who: Told, minute: int) -> bytes:
    """The number stands for itself again."""
    return adt("A43", who, minute, wrong=who.mrn)


class Fed:
    """A workspace and a feed into it."""

    def __init__(self, opened: app.Workspace) -> None:
        self.opened = opened
        self.feed = feed_of("adt", opened.settings)

    def send(self, *messages: bytes, **options: bool) -> list[feed_intake.Outcome]:
        now = self.opened.services.clock.now()
        return [feed_intake.receive(self.opened.catalog, self.feed, m, now, **options) for m in messages]

    def code(self, message: bytes) -> str:
        (outcome,) = self.send(message)
        return outcome.code

    def one(self, mrn: str) -> Patient:
        (found,) = self.opened.roster.by_identifier([mrn])
        return found

    def nobody(self, mrn: str) -> bool:
        return not self.opened.roster.by_identifier([mrn])

    def give(self, mrn: str, count: int = 1) -> list[DocumentId]:
        """Documents in review that a person chose this patient for."""
        patient_id = self.one(mrn).patient_id
        made = [f"{mrn.lower()}{n:02d}".rjust(20, "0") for n in range(count)]
        with self.opened.catalog.write() as unit:
            (scan, *_) = unit.scans.all() or [None]
            assert scan is not None, "drop a scan first"
            for name in made:
                unit.documents.add(_document(DocumentId(name), scan.scan_id, patient_id))
        return [DocumentId(name) for name in made]

    def drop(self, person: Told, serial: str) -> None:
        """A scan of one page about somebody, read and filed."""
        born = f"{person.born[:4]}-{person.born[4:6]}-{person.born[6:]}"
        page = stub.Person(last=person.last, first=person.first, born=born, mrn=person.mrn)
        path = self.opened.settings.inbox / f"{serial}.pdf"
        path.write_bytes(stub.pdf([stub.page_text(page, serial)]))
        drive(self.opened.settings)

    def documents(self, mrn: str) -> list[Document]:
        with self.opened.catalog.read() as unit:
            return unit.documents.all(patient_id=self.one(mrn).patient_id)

    def waiting(self) -> list[tuple[str, str, str]]:
        with self.opened.catalog.read() as unit:
            rows = unit.connection.execute(
                select(roster_merges.c.loser_key, roster_merges.c.survivor_key, roster_merges.c.state).where(
                    roster_merges.c.state.in_(["parked", "doubtful"])
                )
            )
            return sorted((r.loser_key, r.survivor_key, r.state) for r in rows)


def state_of(opened: app.Workspace) -> dict[str, Any]:
    """Roster, merges and documents, by numbers instead of the ids that chance gives out."""
    with opened.catalog.read() as unit:
        rows = unit.connection.execute(select(roster_patients)).all()
        own = {r.patient_id: roster_rows.own_of(r.patient_id, r.is_provisional, r.body) for r in rows}
        first = {patient_id: one.mrn for patient_id, one in own.items()}
        people = {
            first[r.patient_id]: (
                dataclasses.replace(own[r.patient_id], patient_id=PatientId("")),
                dataclasses.replace(
                    roster_rows.patient_of(r.patient_id, r.is_provisional, r.body), patient_id=PatientId("")
                ),
                first.get(r.merged_into),
                first.get(r.linked_to),
                r.told_at,
            )
            for r in rows
        }
        documents = {
            d.document_id: (first[d.patient_id or ""], d.state)
            for d in unit.documents.all(*DocumentState)
            if d.patient_id
        }
    held = {
        value: sorted(p.mrn or "" for p in opened.roster.by_identifier([value])) for value in sorted(people)
    }
    return {"people": people, "documents": documents, "found by": held, "waiting": Fed(opened).waiting()}


def write_file(path: Path, messages: list[bytes]) -> Path:
    path.write_bytes(b"\r\n".join(messages))
    return path


def _document(document_id: DocumentId, scan_id: ScanId, patient_id: PatientId) -> Document:
    decision = Decision(
        outcome=Outcome.REVIEW,
        patient_id=patient_id,
        candidates=(),
        reasons=("A person chose.",),
        rule="person",
        policy_version="1",
        roster_version=1,
        decided_by="user:clerk",
        policy_id=hashlib.sha256(b"test").hexdigest()[:8],
    )
    return Document(
        document_id=document_id,
        version=1,
        scan_id=scan_id,
        pages=(),
        state=DocumentState.IN_REVIEW,
        document_type=None,
        service_date=None,
        patient_id=patient_id,
        fields=DocumentFields(),
        decision=decision,
        created_at=START,
    )
