"""roster: the hospital's patients."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scanindex.access_model import Right
from scanindex.cli import roster_feeds, roster_records
from scanindex.cli.common import (
    actor,
    asking,
    emit_json,
    file_proposed,
    json_option,
    pass_home,
    patient_line,
    printable,
    record_read,
    table,
    workspace,
)
from scanindex.cli.render import patient_data

if TYPE_CHECKING:
    from scanindex.model import Patient, Suggestion, SuggestionReason
    from scanindex.store.roster_import import RosterImport

_SHOWN = 20


@click.group()
def roster() -> None:
    """Import and look up the hospital's patients."""


for command in (
    roster_records.show,
    roster_records.history,
    roster_records.versions,
    roster_records.merge,
    roster_records.unmerge,
    roster_records.merges,
    roster_feeds.listen,
    roster_feeds.messages,
    roster_feeds.accept,
):
    roster.add_command(command)


@roster.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--format",
    "format_name",
    type=click.Choice(("csv", "fhir", "ndjson", "hl7")),
    help="What the file is (default: found by its content).",
)
@click.option(
    "--authority", help="Assigning authority of numbers that name none (default: site.mrn_authority)."
)
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@click.option("--accept-changes", is_flag=True, help="Also take changed birth dates and moved MRNs.")
@json_option
@pass_home
def import_(
    home: Path,
    file: Path,
    format_name: str | None,
    authority: str | None,
    dry_run: bool,
    accept_changes: bool,
    as_json: bool,
) -> None:
    """Import FILE as one new version; bad rows are listed by line, good ones taken.

    A CSV with a heading line, a FHIR Bundle of Patients (JSON), Patients as NDJSON, or HL7 v2 ADT messages.
    CSV columns by name, in any order: mrn, last, first, middle, suffix (or name), sex, dob, ssn4, phone,
    address, city, state, zip, prior_names, aliases, authority, other_mrns, merged_into, mother_mrn.
    Merges are carried out, what waits is decided again, and filed documents whose evidence no longer
    holds are put on `review --recheck`. Exit 2 if rows had errors.
    """
    from scanindex import roster_work

    with workspace(home) as opened:
        is_told = sys.stderr.isatty()
        report = roster_work.take_in(
            file,
            opened,
            dry_run=dry_run,
            format_name=format_name or "",
            authority=authority or "",
            accept_changes=accept_changes,
            progress=_progress if is_told else None,
        )
        if is_told:
            click.echo(err=True)
        after = {}
        if not dry_run:
            after = roster_work.after_import(report, actor(), opened)
            file_proposed(opened)
    if as_json:
        emit_json(dataclasses.asdict(report) | after)
    else:
        _tell(report, dry_run)
        for name, count in after.items():
            if count:
                click.echo(f"{_AFTER[name]}: {count}")
    if report.error_count:
        sys.exit(2)


_AFTER = {
    "merged": "patients merged",
    "separated": "patients taken apart again",
    "merges_parked": "merges that wait for a patient who is not in the roster (`roster merges`)",
    "merges_doubtful": "merges of patients who differ, for a person to do (`roster merges`)",
    "moved": "documents that went with a merge",
    "decided_again": "waiting documents decided again",
    "to_recheck": "filed documents to look at again (`review --recheck`)",
}


def _tell(report: RosterImport, dry_run: bool) -> None:
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
            click.echo(f"{title}: {report.unit} {line_no}: {text} [{code}]", err=True)
        if count > _SHOWN:
            click.echo(f"… {count - _SHOWN} more {title}s; --json lists them", err=True)


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
@click.option("--limit", default=_SHOWN, show_default=True, help="Patients to show; at most 500.")
@json_option
@pass_home
def find(home: Path, text: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Look patients up by whatever is known of them; best first, with what fits.

    \b
    smi jo             beginnings of names in any order; middle, former and other names too
    kathryn smyth      names that sound alike, nicknames (bob, peggy)
    4829  00-48-29     beginning, end or middle of a number
    07/09/1931  9 jul 31  070931  jul 1931  1931   a birth date or a part of it
    smi 1931           any of these together

    Of records that were merged, the one that stands for them is shown.
    """
    with asking(home, Right.ROSTER) as (opened, access):
        found = opened.roster.suggest(" ".join(text), limit=limit, within=access.scope.people)
        record_read(opened, access, "roster", (), [one.patient.patient_id for one in found])
        if as_json:
            emit_json([suggestion_data(one) for one in found])
            return
        rows = [(printable(_whose(one.patient)), one.patient.patient_id, _why(one)) for one in found]
        table(("PATIENT", "ID", "FITS BY"), rows)


def suggestion_data(one: Suggestion) -> dict[str, Any]:
    """The patient's data, and beside them why the patient is suggested."""
    reasons = [
        {
            "typed": r.typed,
            "datum": r.datum,
            "use": r.use,
            "value": r.value,
            "fit": r.fit,
            "start": r.start,
            "end": r.end,
        }
        for r in one.reasons
    ]
    return (patient_data(one.patient) or {}) | {"fit": one.fit, "reasons": reasons}


def _whose(patient: Patient) -> str:
    return patient_line(patient) + (" (provisional)" if patient.is_provisional else "")


def _why(one: Suggestion) -> str:
    """ "last name [Smi]th, birth date [1931]-07-09": what fits stands in brackets."""
    return printable(", ".join(_reason(reason) for reason in one.reasons))


def _reason(reason: SuggestionReason) -> str:
    value, start, end = reason.value, reason.start, reason.end
    use = f"{reason.use} " if reason.use in ("former", "alias") else ""
    how = {"nickname": " (nickname)", "sound": " (sounds alike)"}.get(reason.fit, "")
    marked = f"{value[:start]}[{value[start:end]}]{value[end:]}"
    return f"{use}{reason.datum.replace('_', ' ')} {marked}{how}"


@roster.command("link")
@click.argument("provisional_id")
@click.argument("patient")
@pass_home
def link(home: Path, provisional_id: str, patient: str) -> None:
    """Say that a provisional patient is PATIENT of the roster; its documents are filed again there."""
    from scanindex import review
    from scanindex.cli.find import patient_by
    from scanindex.model import DocumentState, PatientId

    with asking(home, Right.ROSTER_MERGE) as (opened, access):
        person = patient_by(patient, opened, access, is_for_filing=True)
        with opened.catalog.read() as unit:
            documents = unit.documents.all(DocumentState.FILED, patient_id=PatientId(provisional_id))
        opened.roster.link(PatientId(provisional_id), person.patient_id)
        for document in documents:
            settled = review.Settlement(
                patient_id=person.patient_id, note="patient linked", is_same_person=True
            )
            review.accept(document.document_id, document.version, settled, access.actor, opened.services)
    click.echo(f"linked; {len(documents)} document(s) will be filed again by `scanindex run`")
