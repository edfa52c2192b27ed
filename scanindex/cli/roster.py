"""roster: the hospital's patients."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import click

from scanindex.cli.common import (
    actor,
    emit_json,
    json_option,
    pass_home,
    patient_line,
    printable,
    record_read,
    table,
    workspace,
)
from scanindex.cli.render import patient_data

_SHOWN = 20


@click.group()
def roster() -> None:
    """Import and look up the hospital's patients."""


@roster.command("import")
@click.argument("csv_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--authority", help="Assigning authority of the MRNs (default: site.mrn_authority).")
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@click.option("--accept-changes", is_flag=True, help="Also take changed birth dates and moved MRNs.")
@json_option
@pass_home
def import_(
    home: Path, csv_file: Path, authority: str | None, dry_run: bool, accept_changes: bool, as_json: bool
) -> None:
    """Import CSV_FILE as one new version; bad rows are listed by line, good ones taken.

    Columns by name, in any order: mrn, last, first, middle, suffix (or name), sex, dob, ssn4, phone,
    address, city, state, zip, prior_names, aliases, authority. Exit 2 if rows had errors.
    """
    from scanindex.store.roster_import import import_csv

    with workspace(home) as opened:
        report = import_csv(
            opened.engine,
            csv_file,
            authority=authority or opened.settings.site.mrn_authority,
            dry_run=dry_run,
            accept_changes=accept_changes,
            progress=_progress if sys.stderr.isatty() else None,
        )
        if not dry_run:
            with opened.catalog.write() as unit:
                unit.events.append("roster_imported", actor(), version=report.version, rows=report.rows)
    if as_json:
        emit_json(dataclasses.asdict(report))
    else:
        verb = "would be" if dry_run else "were"
        click.echo(
            f"version {report.version}: {report.rows} rows; {report.added} {verb} added, "
            f"{report.changed} changed, {report.unchanged} unchanged, {report.missing} missing (kept)"
        )
        for title, notes, count in (
            ("error", report.errors, report.error_count),
            ("warning", report.warnings, report.warning_count),
        ):
            for line_no, code, text in notes[:_SHOWN]:
                click.echo(f"{title}: line {line_no}: {text} [{code}]", err=True)
            if count > _SHOWN:
                click.echo(f"… {count - _SHOWN} more {title}s; --json lists them", err=True)
    if report.error_count:
        sys.exit(2)


def _progress(rows: int) -> None:
    click.echo(f"\r{rows} rows", nl=False, err=True)


@roster.command("status")
@json_option
@pass_home
def status(home: Path, as_json: bool) -> None:
    """Version in force and number of patients."""
    with workspace(home) as opened:
        found = {"version": opened.roster.version(), "patients": opened.roster.patients()}
    if as_json:
        emit_json(found)
    else:
        click.echo(f"version {found['version']}, {found['patients']} patients")


@roster.command("find")
@click.argument("text", nargs=-1, required=True)
@json_option
@pass_home
def find(home: Path, text: tuple[str, ...], as_json: bool) -> None:
    """Look patients up by name parts in any order, MRN or birth date."""
    with workspace(home) as opened:
        found = opened.roster.find(" ".join(text), limit=_SHOWN)
        record_read(opened, "roster")
        if as_json:
            emit_json([patient_data(p) for p in found])
            return
        table(("PATIENT", "ID"), [(printable(patient_line(p)), p.patient_id) for p in found])


@roster.command("link")
@click.argument("provisional_id")
@click.argument("patient")
@pass_home
def link(home: Path, provisional_id: str, patient: str) -> None:
    """Say that a provisional patient is PATIENT of the roster; its documents are filed again there."""
    from scanindex import review
    from scanindex.cli.find import patient_by
    from scanindex.model import DocumentState, PatientId

    with workspace(home) as opened:
        person = patient_by(patient, opened)
        with opened.catalog.read() as unit:
            documents = unit.documents.all(DocumentState.FILED, patient_id=PatientId(provisional_id))
        opened.roster.link(PatientId(provisional_id), person.patient_id)
        for document in documents:
            settled = review.Settlement(patient_id=person.patient_id, note="patient linked")
            review.accept(document.document_id, document.version, settled, actor(), opened.services)
    click.echo(f"linked; {len(documents)} document(s) will be filed again by `scanindex run`")
