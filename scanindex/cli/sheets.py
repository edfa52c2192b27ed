"""sheets: separator, patient and batch sheets to print."""

from __future__ import annotations

from pathlib import Path

import click

from scanindex.access_model import Right
from scanindex.cli.common import asking, batch_by, pass_home, record_read, settings_of, workspace
from scanindex.doctypes import KEYS
from scanindex.errors import NotFound, transient

_paper = click.option(
    "--paper", type=click.Choice(["letter", "a4"]), default="letter", show_default=True, help="Paper size."
)
_type = click.option("--type", "document_type", type=click.Choice(sorted(KEYS)), help="Type of what follows.")
_out = click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="PDF to write."
)


@click.group()
def sheets() -> None:
    """Print sheets that split and label a stack (QR code, Code 128, Patch T)."""


@sheets.command("separator")
@click.option("--count", default=10, show_default=True, help="Sheets to print.")
@_type
@_paper
@_out
@pass_home
def separator(home: Path, count: int, document_type: str | None, paper: str, out: Path) -> None:
    """A new document starts after each of these."""
    from scanindex.sheets import separator_sheets

    _write(
        out, separator_sheets(count, settings_of(home).site.name, document_type=document_type, paper=paper)
    )


@sheets.command("patient")
@click.argument("patients", nargs=-1, required=True)
@_type
@_paper
@_out
@pass_home
def patient(home: Path, patients: tuple[str, ...], document_type: str | None, paper: str, out: Path) -> None:
    """A cover sheet for each of PATIENTS (MRN or id): what follows it is theirs."""
    from scanindex.cli.find import patient_by
    from scanindex.sheets import patient_sheets

    with asking(home, Right.ROSTER) as (opened, access):
        found = [patient_by(text, opened, access) for text in patients]
        record_read(opened, access, "sheets", (), [p.patient_id for p in found])
        name = opened.settings.site.name
    _write(out, patient_sheets(found, document_type, site_name=name, paper=paper))


@sheets.command("batch")
@click.argument("batch_id")
@_paper
@_out
@pass_home
def batch(home: Path, batch_id: str, paper: str, out: Path) -> None:
    """The sheet for the top of a box."""
    from scanindex.sheets import batch_sheet

    with workspace(home) as opened, opened.catalog.read() as unit:
        found = unit.batches.get(batch_by(batch_id, opened))
        if found is None:
            raise NotFound(f"no batch {batch_id}")
        name = opened.settings.site.name
    _write(out, batch_sheet(found, site_name=name, paper=paper))


def _write(out: Path, content: bytes) -> None:
    try:
        out.write_bytes(content)
    except OSError as error:
        raise transient(error) from None
    click.echo(f"{out} written")
