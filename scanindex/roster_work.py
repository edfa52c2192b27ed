"""What people do to records of the roster: merge two, take them apart, link one from paper, import a file.

Promises: both records are named to the asker, are still as they were when they were compared, and the
one that is retired was named by its number; documents change hands with the records, in the same
transaction where it is a merge. Every one can be taken back (a link: by refiling its documents).
Leaves out how records are changed (store) and who is asked for what (the edges).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from scanindex import app, fetch, recheck, redecide, review
from scanindex.access_model import Access
from scanindex.desk.marks import Mark, marks
from scanindex.errors import AlreadyRunning, ConflictError, DatumDiffers, NotFound, UsageError
from scanindex.model import Document, DocumentState, Patient, PatientId, ScanId
from scanindex.settings import Settings, SiteSettings
from scanindex.store import roster_merging

if TYPE_CHECKING:
    from scanindex.store.roster_import import RosterImport
    from scanindex.store.roster_source import AuthorityNames

_MOVED = (DocumentState.FILED, DocumentState.PROPOSED, DocumentState.IN_REVIEW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One datum of both records, with what differs."""

    name: str
    values: tuple[tuple[str, ...], tuple[str, ...]] = field(repr=False)
    marks: tuple[tuple[tuple[Mark, ...], ...], tuple[tuple[Mark, ...], ...]]
    """Of each value; none where the other record has it too."""
    is_different: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two records beside each other, before one is retired."""

    loser: Patient
    survivor: Patient
    rows: tuple[Row, ...]
    documents: tuple[int, int]
    """Of the one to be retired and of the one that stays: filed, or on the way there."""
    seen: str
    """Of both records as they are now: a change in between is noticed by it."""


def compared(access: Access, loser_id: str, survivor_id: str, opened: app.Workspace) -> Comparison:
    """Raises Forbidden, NotFound, UsageError where it is one record, ConflictError where one was merged."""
    loser, survivor = (_standing(access, one, opened) for one in (loser_id, survivor_id))
    if loser.patient_id == survivor.patient_id:
        raise UsageError("both are one patient already")
    return Comparison(
        loser=loser,
        survivor=survivor,
        rows=_rows(loser, survivor),
        documents=(_count(loser, opened), _count(survivor, opened)),
        seen=_mark(loser, survivor),
    )


def retired_number(patient: Patient) -> str:
    """What is typed to retire this record: its MRN, or its birth date where it has none."""
    return patient.mrn or patient.birth_date or ""


def merge(
    access: Access,
    loser_id: str,
    survivor_id: str,
    typed: str,
    seen: str,
    reason: str,
    opened: app.Workspace,
) -> int:
    """One record becomes part of the other; returns how many documents changed hands.

    typed: the number of the record that is retired, by hand. seen: of the comparison.
    Raises DatumDiffers, UsageError, and ConflictError where a record is not as it was compared.
    """
    found = compared(access, loser_id, survivor_id, opened)
    _require(reason)
    if found.seen != seen:
        raise ConflictError("one of the two records was changed since they were compared")
    if typed.strip().casefold() != retired_number(found.loser).casefold():
        raise DatumDiffers("what was typed is not the number of the record to be retired")
    return roster_merging.merge(
        opened.catalog, found.loser.patient_id, found.survivor.patient_id, reason.strip(), access.actor
    )


def unmerge(
    access: Access, survivor_id: str, loser_id: str, reason: str, opened: app.Workspace
) -> tuple[int, int]:
    """Take a merge back; (documents that went back, documents to look at again)."""
    survivor = _standing(access, survivor_id, opened)
    _require(reason)
    held = {one.patient_id for one in opened.roster.merged_into(survivor.patient_id)}
    if loser_id not in held:
        raise NotFound()
    return roster_merging.unmerge(opened.catalog, PatientId(loser_id), reason.strip(), access.actor)


def link(
    access: Access, provisional_id: str, patient_id: str, seen: str, reason: str, opened: app.Workspace
) -> int:
    """A person known from paper is this patient of the roster; returns how many documents are filed again."""
    found = compared(access, provisional_id, patient_id, opened)
    _require(reason)
    if not found.loser.is_provisional or found.survivor.is_provisional:
        raise ConflictError("a provisional patient is linked to one of the roster")
    if found.seen != seen:
        raise ConflictError("one of the two records was changed since they were compared")
    one, two = found.loser.patient_id, found.survivor.patient_id
    documents = _documents(one, opened, DocumentState.FILED)
    opened.roster.link(one, two)
    with opened.catalog.write() as unit:
        unit.events.append("patient_linked", access.actor, patient_ids=[one, two], note=reason.strip())
    settled = review.Settlement(patient_id=two, note="patient linked", is_same_person=True)
    for document in documents:
        review.accept(document.document_id, document.version, settled, access.actor, opened.services)
    return len(documents)


def being_filed(opened: app.Workspace) -> tuple[ScanId, ...]:
    """Scans with documents that are decided and not filed yet."""
    with opened.catalog.read() as unit:
        proposed = unit.documents.all(DocumentState.PROPOSED)
    return tuple(dict.fromkeys(document.scan_id for document in proposed))


# --- importing ------------------------------------------------------------------------------
def import_file(
    access: Access,
    path: Path,
    opened: app.Workspace,
    *,
    dry_run: bool,
    format_name: str = "",
    authority: str = "",
    accept_changes: bool = False,
    progress: Callable[[int], None] | None = None,
) -> RosterImport:
    """A file of patients as one new version, or what it would do: CSV, FHIR or HL7, found by content.

    authority: of numbers that name none; empty: the site's. Raises RosterRejected.
    """
    report = take_in(
        path,
        opened,
        dry_run=dry_run,
        format_name=format_name,
        authority=authority,
        accept_changes=accept_changes,
        progress=progress,
    )
    if not dry_run:
        after_import(report, access.actor, opened)
    return report


def take_in(
    path: Path,
    opened: app.Workspace,
    *,
    dry_run: bool,
    format_name: str = "",
    authority: str = "",
    accept_changes: bool = False,
    progress: Callable[[int], None] | None = None,
) -> RosterImport:
    """The roster's part of it; `after_import` follows."""
    from scanindex.store.roster_check_digits import rules_of
    from scanindex.store.roster_import import import_source
    from scanindex.store.roster_sources import open_source

    site = opened.settings.site
    return import_source(
        opened.engine,
        open_source(
            path, authority_names(opened.settings, authority), format_name=format_name, zone=zone_of(site)
        ),
        dry_run=dry_run,
        accept_changes=accept_changes,
        progress=progress,
        check_rules=rules_of(site.mrn_check_digits),
    )


def authority_names(settings: Settings, authority: str = "") -> AuthorityNames:
    """What feeds call the issuers of numbers; authority: of numbers that name none."""
    from scanindex.store.roster_source import AuthorityNames

    return AuthorityNames(authority or settings.site.mrn_authority, settings.feeds.authorities)


def zone_of(site: SiteSettings) -> tzinfo:
    return ZoneInfo(site.timezone)


def after_import(report: RosterImport, actor: str, opened: app.Workspace) -> dict[str, int]:
    """What a new roster means for documents; each step can be repeated. Returns counts by name."""
    with opened.catalog.write() as unit:
        unit.events.append("roster_imported", actor, version=report.version, rows=report.rows)
    return follow(report.version - 1, actor, opened)


def follow(before: int, actor: str, opened: app.Workspace) -> dict[str, int]:
    """The same for whatever changed since the version `before`: merges, what waits, what is filed."""
    settled = roster_merging.settle(opened.catalog, actor)
    late = roster_merging.repoint_stragglers(opened.catalog, actor)
    try:
        with app.exclusive(opened.settings):
            again = redecide.decide_again(opened.services)
    except AlreadyRunning:
        again = 0  # the running service does it
    return {
        "merged": settled.done,
        "separated": settled.separated,
        "merges_parked": settled.parked,
        "merges_doubtful": settled.doubtful,
        "moved": settled.documents + late,
        "decided_again": again,
        "to_recheck": recheck.after_import(
            opened.services,
            lambda patient: opened.roster.is_touched(patient, before),
            lambda patient: opened.roster.is_exchanged(patient, before),
            opened.roster.touched_since(before),
        ),
    }


# --- comparing ------------------------------------------------------------------------------
def _standing(access: Access, patient_id: str, opened: app.Workspace) -> Patient:
    """The record itself, if it may be named to them and stands for itself."""
    found = fetch.patient(access, patient_id, opened.services)
    if found.patient_id != patient_id:
        raise ConflictError("that record was merged into another by now")
    if opened.roster.linked_to(found.patient_id):
        raise ConflictError("that record was linked to another by now")
    return found


def _require(reason: str) -> None:
    if not reason.strip():
        raise UsageError("say why; it is kept in the history")


def _documents(patient_id: PatientId, opened: app.Workspace, *states: DocumentState) -> Sequence[Document]:
    with opened.catalog.read() as unit:
        return unit.documents.all(*states, patient_id=patient_id)


def _count(patient: Patient, opened: app.Workspace) -> int:
    return len(_documents(patient.patient_id, opened, *_MOVED))


def _mark(*records: Patient) -> str:
    return hashlib.sha256(msgspec.json.encode(records)).hexdigest()[:32]


def _rows(one: Patient, two: Patient) -> tuple[Row, ...]:
    first, second = _values(one), _values(two)
    return tuple(_row(name, first[name], second[name]) for name in first if first[name] or second[name])


def _values(patient: Patient) -> dict[str, tuple[str, ...]]:
    names = tuple(
        f"{n.last}, {' '.join(part for part in (n.first, n.middle, n.suffix) if part)}"
        + (f" ({n.use})" if n.use != "official" else "")
        for n in patient.names
    )
    numbers = tuple(f"{i.type.upper()} {i.value} ({i.authority})" for i in patient.identifiers)
    rest = {
        "Birth date": patient.birth_date,
        "Sex": patient.sex,
        "SSN, last four": patient.ssn4,
        "Phone": patient.phone,
        "Address": patient.address,
        "Mother's MRN": patient.mother_mrn,
    }
    return {"Names": names, "Numbers": numbers} | {name: (v,) if v else () for name, v in rest.items()}


def _row(name: str, one: tuple[str, ...], two: tuple[str, ...]) -> Row:
    return Row(
        name=name,
        values=(one, two),
        marks=(tuple(_differs(v, two) for v in one), tuple(_differs(v, one) for v in two)),
        is_different=bool(one and two) and not {v.casefold() for v in one} & {v.casefold() for v in two},
    )


def _differs(value: str, others: tuple[str, ...]) -> tuple[Mark, ...]:
    """Against the value of the other record that it differs from least."""
    found = [marks(value, other) for other in others]
    return min(found, key=lambda ranges: sum(m.end - m.start for m in ranges), default=())
