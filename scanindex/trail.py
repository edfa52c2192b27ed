"""The audit trail: what is written when somebody looks, takes or is refused, and how it is read.

The trail is the catalog's events and the archive's log of them; changes write theirs where they
happen. Promises: each call here is one write transaction; what is recorded names documents and
patients by id, and of what was asked for the words of the query. Reading the trail wants
`Right.TRAIL` and is itself an entry. Leaves out: how rows are sealed (store/trail_chain.py),
and what is read, printed or copied from the archive's files without the program.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from scanindex.access_model import Access, Right
from scanindex.errors import Forbidden, NotFound, UsageError, transient
from scanindex.model import DocumentId, DocumentState, PatientId
from scanindex.ports import Unit
from scanindex.services import MACHINE, Services
from scanindex.trail_model import (
    DENIED,
    EXPORTED,
    NOT_LEFT,
    NOTED,
    SEARCHED,
    TAKEN,
    VIEWED,
    TrailEntry,
    TrailFilter,
    TrailHead,
    TrailPage,
    TrailProblem,
    TrailReport,
)

MOST_NAMED = 1_000
"""Documents or patients in one event; longer lists make several."""
_MOST_CHARACTERS = 1_000
_MERGED = "patients_merged"


# --- writing ---------------------------------------------------------------------------
def seen(
    access: Access,
    what: str,
    services: Services,
    document_ids: Sequence[str] = (),
    patient_ids: Sequence[str] = (),
    **more: Any,
) -> None:
    """Somebody was shown something: "document", "review", "search", "chart", "roster" ..."""
    _write(VIEWED, access.actor, services, document_ids, patient_ids, what=what, **more)


def took(
    access: Access,
    how: str,
    services: Services,
    document_ids: Sequence[str] = (),
    patient_ids: Sequence[str] = (),
    **more: Any,
) -> None:
    """Something left the program: printed, downloaded or exported. Recorded before it goes."""
    if how not in TAKEN:
        raise ValueError(f"how something is taken: {', '.join(TAKEN)}")
    more.setdefault("what", how)
    _write(how, access.actor, services, document_ids, patient_ids, **more)


def denied(access: Access | str, what: str, services: Services, object_id: str = "", **more: Any) -> None:
    """Somebody was refused; `access` may be an actor alone, where nobody is known.

    What `object_id` names, if it is there, is linked: so it shows who tried to see a patient.
    """
    actor = access if isinstance(access, str) else access.actor
    documents = list(more.pop("document_ids", ()))
    patients = list(more.pop("patient_ids", ()))
    if object_id:
        documents, patients = _named(object_id, services, documents, patients)
    more["object_id"] = object_id[:64]
    _write(DENIED, actor, services, documents, patients, what=what, **more)


def search_made(access: Access, query: str, total: int, services: Services, **more: Any) -> None:
    """Somebody searched; what was shown of the results is `seen(access, "search", ...)`."""
    _write(SEARCHED, access.actor, services, (), (), query=query[:_MOST_CHARACTERS], total=total, **more)


def results_seen(
    access: Access,
    query: str,
    total: int,
    services: Services,
    document_ids: Sequence[str],
    patient_ids: Sequence[str],
) -> None:
    """`search_made`, and "search" `seen` where anything was found, in one commit."""
    with services.catalog.write() as unit:
        asked = {"query": query[:_MOST_CHARACTERS], "total": total}
        _append(unit, SEARCHED, access.actor, (), (), asked)
        if document_ids or patient_ids:
            _append(unit, VIEWED, access.actor, document_ids, patient_ids, {"what": "search"})


def _write(
    kind: str,
    actor: str,
    services: Services,
    document_ids: Sequence[str],
    patient_ids: Sequence[str],
    **payload: Any,
) -> None:
    with services.catalog.write() as unit:
        _append(unit, kind, actor, document_ids, patient_ids, payload)


def _append(
    unit: Unit,
    kind: str,
    actor: str,
    document_ids: Sequence[str],
    patient_ids: Sequence[str],
    payload: Mapping[str, Any],
) -> None:
    for documents, patients in _parts(list(document_ids), list(patient_ids)):
        named: dict[str, Any] = {"document_ids": documents} if documents else {}
        if patients:
            named["patient_ids"] = patients
        unit.events.append(kind, actor, **named, **payload)


def _parts(documents: list[str], patients: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """At least one; each id in exactly one of them, and none twice."""
    documents, patients = list(dict.fromkeys(documents)), list(dict.fromkeys(patients))
    for start in range(0, max(len(documents), len(patients), 1), MOST_NAMED):
        yield documents[start : start + MOST_NAMED], patients[start : start + MOST_NAMED]


def _named(
    object_id: str, services: Services, documents: list[str], patients: list[str]
) -> tuple[list[str], list[str]]:
    with services.catalog.read() as unit:
        document = unit.documents.get(DocumentId(object_id))
    if document is not None:
        return [*documents, object_id], patients
    if services.roster.get(PatientId(object_id)) is not None:
        return documents, [*patients, object_id]
    return documents, patients


# --- reading ---------------------------------------------------------------------------
def entries(access: Access, wanted: TrailFilter, services: Services) -> TrailPage:
    """A page of the trail, newest first; the next one by `dataclasses.replace(wanted, before=...)`.

    Pages neither repeat nor skip, whatever is written meanwhile. Raises Forbidden.
    """
    _may_read(access, "trail", services, wanted)
    with services.catalog.read() as unit:
        found = unit.events.trail(dataclasses.replace(wanted, limit=wanted.limit + 1))
    shown = tuple(found[: wanted.limit])
    return TrailPage(entries=shown, next_before=shown[-1].seq if len(found) > len(shown) else None)


def every(access: Access, wanted: TrailFilter, services: Services) -> Iterator[TrailEntry]:
    """All entries that fit, newest first, as a list that leaves the program. Raises Forbidden."""
    _may_read(access, "trail", services, wanted, kind="exported")
    step = dataclasses.replace(wanted, limit=MOST_NAMED)
    while True:
        with services.catalog.read() as unit:
            found = unit.events.trail(step)
        yield from found
        if len(found) < MOST_NAMED:
            return
        step = dataclasses.replace(step, before=found[-1].seq)


def disclosures(access: Access, patient_id: PatientId, services: Services) -> list[TrailEntry]:
    """Who saw, searched out, printed, took or changed what of this patient, newest first.

    Counts in the records merged with theirs, and documents that are theirs now and were looked
    at while they lay in another chart. What other systems got, or may have got, is an entry for each
    document (its details say which of both); an attempt of which nothing left is none. Nobody else is
    named in it. Raises Forbidden.
    """
    _may_read(access, "disclosures", services, TrailFilter(patient_id=patient_id))
    people = same_person(patient_id, services)
    with services.catalog.read() as unit:
        documents = [
            document.document_id
            for one in people
            for document in unit.documents.all(*DocumentState, patient_id=one)
        ]
        found = [e for e in unit.events.about(people, documents) if not _is_about_exports(e)]
        found += unit.events.handed_over(people, documents)
    return sorted(found, key=lambda entry: -entry.seq)


def _is_about_exports(entry: TrailEntry) -> bool:
    return entry.kind == NOT_LEFT or (entry.kind == EXPORTED and entry.what == "ehr")


def named_patient(access: Access, text: str, services: Services) -> PatientId:
    """An id, also of a record that is gone, or a number exactly as it is; never a name: who reads
    the trail does not look people up. Raises Forbidden, NotFound, UsageError."""
    if not access.may(Right.TRAIL):
        denied(access, "trail", services)
        raise Forbidden()
    text = text.strip()
    with services.catalog.read() as unit:
        if unit.events.trail(TrailFilter(patient_id=PatientId(text), limit=1)):
            return PatientId(text)
    if services.roster.get(PatientId(text)) is not None:
        return PatientId(text)
    found = {p.patient_id for p in services.roster.by_identifier([text]) if p.patient_id}
    if len(found) > 1:
        raise UsageError("several patients have this number; give the patient's id")
    if not found:
        raise NotFound("no patient with this id or number")
    return found.pop()


def same_person(patient_id: PatientId, services: Services) -> list[PatientId]:
    """Every record that stands for the same person now, this one first."""
    survivor = services.roster.get(patient_id)
    known, open_ids = [patient_id], [patient_id]
    if survivor is not None and survivor.patient_id not in known:
        known.append(survivor.patient_id)
        open_ids.append(survivor.patient_id)
    while open_ids:
        wanted = TrailFilter(patient_id=open_ids.pop(), kinds=(_MERGED,), limit=MOST_NAMED)
        with services.catalog.read() as unit:
            merges = unit.events.trail(wanted)
        for other in dict.fromkeys(p for entry in merges for p in entry.patient_ids if p not in known):
            holder = services.roster.get(other)
            if holder and survivor and holder.patient_id == survivor.patient_id:
                known.append(other)
                open_ids.append(other)
    return known


def _may_read(access: Access, what: str, services: Services, wanted: TrailFilter, kind: str = VIEWED) -> None:
    """Whoever reads the trail leaves a line in it; whoever may not, one too."""
    if not access.may(Right.TRAIL):
        denied(access, what, services, wanted.patient_id or wanted.document_id or "")
        raise Forbidden()
    asked = [
        f"{key} {value}"
        for key, value in (
            ("by", wanted.actor),
            ("kinds", " ".join(wanted.kinds)),
            ("from", wanted.since),
            ("until", wanted.until),
            ("document", wanted.document_id),
        )
        if value
    ]
    patients = [wanted.patient_id] if wanted.patient_id else []
    # By text and not as its document: who reads about a document has not seen it.
    _write(kind, access.actor, services, (), patients, what=what, about="; ".join(asked))


# --- proof -----------------------------------------------------------------------------
def verify(services: Services) -> TrailReport:
    """Whether nobody changed the trail: every seal, table against log, heads of the second place."""
    target = heads_file(services)
    heads: list[TrailHead] = []
    problems: list[TrailProblem] = []
    if target is not None:
        heads, problems = _noted_heads(target, services)
    report = services.catalog.prove_trail(heads)
    return dataclasses.replace(report, problems=(*report.problems, *problems))


def heads_file(services: Services) -> Path | None:
    """The second place (setting access.heads_file), or None."""
    name = services.settings.access.heads_file
    return services.settings.home / name if name else None


def note_head(services: Services) -> bool:
    """Write down where the trail ends in the second place, and in the trail that it was done.

    False where no such place is set. Raises TransientError where it cannot be written.
    """
    target = heads_file(services)
    if target is None:
        return False
    services.catalog.flush_events()
    head = services.catalog.trail_head()
    try:
        handle = os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "ab") as stream:
            stream.write(_line_of(head))
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise transient(error) from None
    with services.catalog.write() as unit:
        unit.events.append(NOTED, MACHINE, noted_seq=head.seq, noted_mac=head.mac, place=_place_id(target))
    return True


def last_noted(services: Services) -> datetime | None:
    """When the head was last noted in the place that is set."""
    target = heads_file(services)
    if target is None:
        return None
    with services.catalog.read() as unit:
        found = unit.events.trail(TrailFilter(kinds=(NOTED,), limit=1))
    return found[0].at if found and found[0].details.get("place") == _place_id(target) else None


def _line_of(head: TrailHead) -> bytes:
    assert head.at is not None
    values = {
        "at": head.at.isoformat(timespec="seconds"),
        "seq": head.seq,
        "mac": head.mac,
        "log_seq": head.log_seq,
        "log_hash": head.log_hash,
    }
    return json.dumps(values).encode() + b"\n"


def _noted_heads(target: Path, services: Services) -> tuple[list[TrailHead], list[TrailProblem]]:
    """What stands in the second place, and what is missing or wrong in it."""
    with services.catalog.read() as unit:
        noted = unit.events.trail(TrailFilter(kinds=(NOTED,), limit=100_000))
    wanted = [e for e in noted if e.details.get("place") == _place_id(target)]
    try:
        lines = target.read_text("utf-8", "replace").splitlines() if target.exists() or wanted else []
    except OSError:
        return [], [TrailProblem(code="heads_unreadable", place="access.heads_file")]
    heads: list[TrailHead] = []
    problems: list[TrailProblem] = []
    for number, line in enumerate(lines, start=1):
        head = _head_of(line)
        if head is not None:
            heads.append(head)
        else:
            problems.append(TrailProblem(code="head_unreadable", place=f"line {number}"))
    there = {(str(head.seq), head.mac) for head in heads}
    problems += [
        TrailProblem(code="head_lacks", place=f"event {entry.details.get('noted_seq')}")
        for entry in wanted
        if (entry.details.get("noted_seq", ""), entry.details.get("noted_mac", "")) not in there
    ]
    return heads, problems


def _head_of(line: str) -> TrailHead | None:
    try:
        said = json.loads(line)
        return TrailHead(
            seq=int(said["seq"]),
            mac=str(said["mac"]),
            log_seq=int(said["log_seq"]),
            log_hash=str(said["log_hash"]),
            at=datetime.fromisoformat(said["at"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def _place_id(target: Path) -> str:
    """Tells one second place from another without writing paths into the trail."""
    return hashlib.sha256(os.fsencode(target)).hexdigest()[:12]
