"""documents, show, chart: the ways to a document that is known; search.py finds others."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import Any

import click

from scanindex import app, fetch, pipeline, quality, trail
from scanindex.access_model import Access, Right
from scanindex.classify.sensitivity import LABELS
from scanindex.cli.common import (
    asking,
    document_by,
    emit_json,
    json_option,
    pass_home,
    patient_line,
    printable,
    record_read,
    table,
)
from scanindex.cli.render import (
    DOCUMENT_HEAD,
    document_data,
    document_row,
    folder_of,
    names_of,
    pages_text,
    patient_data,
    scan_data,
)
from scanindex.errors import AlreadyRunning, NotFound, UsageError
from scanindex.lookalikes import LookAlike, look_alikes
from scanindex.model import Document, DocumentState, Finding, PageReading, Patient, PatientId, Scan, ScanState


def catch_up(opened: app.Workspace) -> None:
    """Bring index and chart tree up to date now, if no service does."""
    from scanindex.watch import Follower

    with contextlib.suppress(AlreadyRunning), app.exclusive(opened.settings):
        Follower(opened.services, lambda kind, text: click.echo(text, err=True)).catch_up()


@click.command()
@click.option("--state", type=click.Choice([s.value for s in DocumentState]), help="Only these.")
@click.option("--sensitivity", "label", type=click.Choice(sorted(LABELS)), help="Only those with this label.")
@click.option("--text", "with_text", is_flag=True, help="Add the text of every page (with --json).")
@json_option
@pass_home
def documents(home: Path, state: str | None, label: str | None, with_text: bool, as_json: bool) -> None:
    """List all documents, or with --json every scan with its pages and documents."""
    if with_text and not as_json:
        raise UsageError("--text goes with --json")
    with asking(home, Right.READ) as (opened, access):
        wanted = _Wanted(access, state, label, with_text)
        if as_json:
            entries = [entry for scan in _scans(opened) if (entry := _scan_entry(scan, wanted, opened))]
            record_read(
                opened, access, "documents", [d["document_id"] for e in entries for d in e["documents"]]
            )
            emit_json({"scans": entries})
            return
        with opened.catalog.read() as unit:
            found = [
                d for d in unit.documents.all(*wanted.states, sensitivity=label) if fetch.sees(access, d)
            ]
        record_read(opened, access, "documents", [d.document_id for d in found])
        table(DOCUMENT_HEAD, [document_row(d, opened) for d in found])
        if not found and state is None and label is None:
            click.echo("no documents yet: drop scans into inbox/ and run `scanindex run`", err=True)


def _scans(opened: app.Workspace) -> list[Scan]:
    with opened.catalog.read() as unit:
        return unit.scans.all()


@dataclasses.dataclass(frozen=True, slots=True)
class _Wanted:
    """What is listed, for whom."""

    access: Access
    state: str | None
    label: str | None
    with_text: bool

    @property
    def states(self) -> list[DocumentState]:
        return [DocumentState(self.state)] if self.state else []


def _scan_entry(scan: Scan, wanted: _Wanted, opened: app.Workspace) -> dict[str, Any] | None:
    """None for a scan of which they may see nothing; names and other pages only to who may see it all."""
    access = wanted.access
    is_whole = fetch.may_see_whole_scan(access, scan.scan_id, opened.services)
    with opened.catalog.read() as unit:
        pages = unit.pages.of(scan.scan_id)
        every = unit.documents.all(*wanted.states, scan_id=scan.scan_id, sensitivity=wanted.label)
    found = [document for document in every if fetch.sees(access, document)]
    if not is_whole:
        theirs = {document.document_id for document in found}
        pages = [page for page in pages if page[2] in theirs]
        if not found:
            return None
    readings = _readings(scan, found, opened) if wanted.with_text else {}
    return {
        **scan_data(scan, names_of(scan, opened) if is_whole else []),
        "pages": [
            {"scan_page_no": no, "kind": kind, "document_id": holder} | _page_text(readings.get(no))
            for no, kind, holder in pages
        ],
        "documents": [document_data(document, opened, access) for document in found],
    }


def _page_text(reading: PageReading | None) -> dict[str, Any]:
    if reading is None:
        return {}
    return {"text": reading.text, "stage_seconds": reading.stage_seconds}


def _readings(scan: Scan, found: list[Document], opened: app.Workspace) -> dict[int, PageReading]:
    """Pages as read, by scan page: from the archive where filed, else from the spool."""
    if scan.state is ScanState.QUARANTINED:
        return {}
    return {
        reading.scan_page_no: reading
        for document in found
        if document.pages
        for reading in pipeline.readings_of(scan, document, opened.services)
    }


@click.command()
@click.argument("document_id")
@click.option("--text", "with_text", is_flag=True, help="Print the text of its pages as well.")
@json_option
@pass_home
def show(home: Path, document_id: str, with_text: bool, as_json: bool) -> None:
    """Show one document; the first characters of its id are enough."""
    with asking(home, Right.READ) as (opened, access):
        document = document_by(document_id, opened, access)
        record_read(opened, access, "show", [document.document_id])
        with opened.catalog.read() as unit:
            scan = unit.scans.get(document.scan_id)
            history = unit.events.of(document_id=document.document_id)
        assert scan is not None
        readings = _readings(scan, [document], opened) if with_text else {}
        readings = dict(sorted(readings.items()))
        texts = {no: reading.text for no, reading in readings.items()}
        if as_json:
            emit_json(
                {
                    **document_data(document, opened, access),
                    "look_alikes": _look_alikes(document, opened, access),
                    "scan": scan_data(scan, _names(scan, opened, access)),
                    "findings": document.findings,
                    "comparisons": [
                        c.comparisons
                        for c in document.decision.candidates
                        if access.sees_patient(c.patient_id)
                    ],
                    "history": [{"at": e.at, "actor": e.actor, "kind": e.kind} for e in history],
                    **({"text": texts, "read_by": _read_by(readings)} if with_text else {}),
                }
            )
            return
        _show_text(document, scan, opened, access)
        for event in history:
            click.echo(f"  {event.at:%Y-%m-%d %H:%M:%S}Z  {event.actor}  {event.kind}")
        for no, reading in readings.items():
            _print_page(no, reading)


def _read_by(readings: dict[int, PageReading]) -> dict[int, Any]:
    """Where the text of each page comes from, and which other texts of it are kept."""
    return {
        no: {
            "source": reading.text_source,
            "engines": reading.engines,
            "effort": reading.effort,
            "read_at": reading.read_at,
            "legibility": reading.quality.legibility,
            "other_texts": reading.other_texts,
        }
        for no, reading in readings.items()
    }


def _print_page(no: int, reading: PageReading) -> None:
    by = ", ".join(reading.engines) or "nobody"
    about = [f"{reading.effort} effort"] if reading.effort else []
    if reading.read_at:
        about.append(f"{reading.read_at:%Y-%m-%d}")
    if reading.quality.legibility is not None:
        about.append(f"legibility {reading.quality.legibility:.2f}")
    click.echo(f"--- page {no} of the scan: {'; '.join([f'read by {by}', *about])} ---")
    click.echo("\n".join(map(printable, reading.text.splitlines())))
    for other in reading.other_texts:
        when = f", {other.read_at:%Y-%m-%d}" if other.read_at else ""
        size = len(other.text.split())
        click.echo(
            f"    (also kept: {other.source.replace('_', ' ')}{when}, {other.reason.replace('_', ' ')}, "
            f"{size} words; --json shows them)"
        )


def _show_text(document: Document, scan: Scan, opened: app.Workspace, access: Access) -> None:
    patient = opened.roster.get(document.patient_id) if document.patient_id else None
    rows = [
        ("document", f"{document.document_id} version {document.version}"),
        ("state", document.state.value),
        ("type, date", f"{document.document_type or 'unknown'}, {document.service_date or 'undated'}"),
        ("sensitivity", ", ".join(document.sensitivity) or "none found"),
        ("patient", patient_line(patient)),
        ("decided by", f"{document.decision.decided_by} ({document.decision.rule})"),
        ("scan", f"{', '.join(_names(scan, opened, access))} pages {pages_text(document.pages)}"),
        ("original", str(opened.archive.path(scan.scan_id))),
        ("files", folder_of(document, opened) or "not filed"),
        *([("replaced by", document.replaced_by)] if document.replaced_by else []),
    ]
    for label, value in rows:
        click.echo(f"{label + ':':12} {printable(value)}")
    for wish in quality.wishes(document):
        click.echo(f"picture:     {wish}")
    for reason in document.recheck:
        click.echo(f"recheck:     {reason}")
    for line in look_alike_lines(document, opened, access):
        click.echo(f"looks like:  {line}")
    click.echo("why:")
    for reason in (*document.decision.reasons, *document.grouping_reasons):
        click.echo(f"  {reason}")
    click.echo("read:")
    for finding in document.findings:
        value = printable(finding.value)
        place = f"page {finding.scan_page_no}, {finding.role.value}, {finding.rule}"
        click.echo(f"  {finding.kind.value:14} {value}  ({place})")
        if finding.other_raw is not None:
            click.echo(f"  {'':14} {other_reading_line(finding)}")
    if document.state is DocumentState.IN_REVIEW:
        click.echo("candidates:")
        for line in candidate_lines(document, opened, access):
            click.echo(f"  {line}")
    click.echo("history:")


def _names(scan: Scan, opened: app.Workspace, access: Access) -> list[str]:
    """Names of files may name others than the patient of one document."""
    is_whole = fetch.may_see_whole_scan(access, scan.scan_id, opened.services)
    return names_of(scan, opened) if is_whole else []


def _look_alikes(document: Document, opened: app.Workspace, access: Access) -> list[LookAlike]:
    with opened.catalog.read() as unit:
        return [
            alike
            for alike in look_alikes(document, opened.services)
            if (other := unit.documents.get(alike.document_id)) and fetch.sees(access, other)
        ]


def look_alike_lines(document: Document, opened: app.Workspace, access: Access) -> list[str]:
    """Documents that may be the same paper; shown, and nothing else follows from it."""
    return [
        f"{alike.document_id[:8]} ({alike.state.value}), "
        f"page {', '.join(f'{mine} as its {theirs}' for mine, theirs in alike.pages)}: {alike.reason}"
        for alike in _look_alikes(document, opened, access)
    ]


def other_reading_line(finding: Finding) -> str:
    """What the other reader saw of a datum on which the two differ."""
    if not finding.other_raw:
        return "the other reader saw nothing there"
    return printable(f"one reader saw {finding.raw}, the other {finding.other_raw}")


def candidate_lines(document: Document, opened: app.Workspace, access: Access) -> list[str]:
    """Who it may be, with how each field compares; nobody is preselected."""
    lines = []
    for number, candidate in enumerate(document.decision.candidates, start=1):
        if not access.sees_patient(candidate.patient_id):
            continue
        patient = opened.roster.get(candidate.patient_id)
        compared = ", ".join(f"{c.kind.value} {c.level.value}" for c in candidate.comparisons)
        lines.append(f"{number}. {printable(patient_line(patient))}  [{candidate.patient_id}]  {compared}")
    return lines


@click.command()
@click.argument("patient", nargs=-1, required=True)
@json_option
@pass_home
def chart(home: Path, patient: tuple[str, ...], as_json: bool) -> None:
    """All documents of PATIENT: an MRN, a patient id, or a name that only one person has."""
    with asking(home, Right.READ) as (opened, access):
        person = patient_by(" ".join(patient), opened, access)
        with opened.catalog.read() as unit:
            filed = unit.documents.all(DocumentState.FILED, patient_id=person.patient_id)
        found = [d for d in filed if fetch.sees(access, d)]
        record_read(opened, access, "chart", [d.document_id for d in found], [person.patient_id])
        found.sort(key=lambda d: d.service_date or "9999")
        if as_json:
            emit_json(
                {
                    "patient": patient_data(person),
                    "documents": [document_data(d, opened, access) for d in found],
                }
            )
            return
        click.echo(printable(patient_line(person)))
        table(
            ("DATE", "TYPE", "PAGES", "DOCUMENT"),
            [
                (d.service_date or "undated", d.document_type or "-", str(len(d.pages)), d.document_id[:8])
                for d in found
            ],
        )


def patient_id_by(text: str, opened: app.Workspace) -> PatientId:
    """Whose id or whole number it is; for who names patients without being shown any. Raises NotFound."""
    known = opened.roster.get(PatientId(text))
    found = [known] if known else list(opened.roster.by_identifier([text]))
    if len(found) != 1:
        raise NotFound("no patient, or several, have such a number; give the whole MRN or the id")
    return found[0].patient_id


def patient_by(text: str, opened: app.Workspace, access: Access, *, is_for_filing: bool = False) -> Patient:
    """The one patient meant by an id, an MRN, or a name, among those that may be named to them.

    Raises UsageError listing how many fit, NotFound.

    is_for_filing: charts follow from the answer, so a part of a number or name is not enough.
    """
    from scanindex.match.fold import identifier_key

    known = opened.roster.get(PatientId(text))
    if known and access.sees_patient(known.patient_id):
        return known
    found = list(opened.roster.find(text, limit=20, within=access.scope.people))
    key = identifier_key(text)
    exact = [
        p for p in found if any(i.value == text or identifier_key(i.value) == key for i in p.identifiers)
    ]
    if len(exact) == 1:
        return exact[0]
    if len(found) == 1 and not is_for_filing:
        return found[0]
    if not found:
        if known:
            trail.denied(access, "patient", opened.services, known.patient_id)
        raise NotFound("no patient like that in the roster; `scanindex roster find` searches it")
    for p in found:
        click.echo(f"  {printable(patient_line(p))}  [{p.patient_id}]", err=True)
    raise UsageError(f"{len(found)} fit; name one by the whole MRN or by the id in brackets")
