"""The parts of `review` about paper to scan again and filed documents to look at again."""

from __future__ import annotations

from typing import Any

import click

from scanindex import app, fetch, quality
from scanindex import recheck as use
from scanindex import review as decide
from scanindex.access_model import Right
from scanindex.cli.common import (
    asking,
    document_by,
    emit_json,
    pass_home,
    patient_line,
    printable,
    record_read,
    refuse_correcting,
)
from scanindex.cli.find import catch_up
from scanindex.cli.render import document_data, names_of, pages_text
from scanindex.model import Document, DocumentState


@click.command()
@click.argument("document_id")
@click.option("--note", default="", help="Why; kept in the history.")
@pass_home
def rescan(home: Any, document_id: str, note: str) -> None:
    """Ask for the paper to be scanned again; `review --rescans` lists what is wanted."""
    with asking(home, Right.REVIEW) as (opened, access):
        document = document_by(document_id, opened, access)
        refuse_correcting(document, opened, access)
        wanted = DocumentState.RESCAN_WANTED
        changed = decide.reject(
            document.document_id, document.version, wanted, note, access.actor, opened.services
        )
        click.echo(f"{changed.document_id[:8]} is wanted again")
        catch_up(opened)


@click.command()
@click.argument("document_id")
@click.option("--by", "by_id", required=True, help="The document made from the new scan.")
@click.option("--note", default="", help="Why; kept in the history.")
@pass_home
def replaced(home: Any, document_id: str, by_id: str, note: str) -> None:
    """Say that the paper of a document was scanned again: the new document takes its place.

    The old one leaves chart, search and the list of wanted rescans; its pages stay in the
    archive. The new one is filed or reviewed as any other.
    """
    with asking(home, Right.CORRECT) as (opened, access):
        document, by = document_by(document_id, opened, access), document_by(by_id, opened, access)
        changed = use.replace(
            document.document_id, document.version, by.document_id, note, access.actor, opened.services
        )
        click.echo(f"{changed.document_id[:8]} is replaced by {by.document_id[:8]}")
        catch_up(opened)


@click.command()
@click.argument("document_id")
@click.option("--note", default="", help="Why; kept in the history.")
@pass_home
def confirm(home: Any, document_id: str, note: str) -> None:
    """Say that a document of `review --recheck` is filed right: it leaves that list."""
    with asking(home, Right.CORRECT) as (opened, access):
        document = document_by(document_id, opened, access)
        use.confirm(document.document_id, document.version, note, access.actor, opened.services)
        click.echo(f"{document.document_id[:8]} stays as it is filed")


def list_rescans(home: Any, as_json: bool) -> None:
    """Printable: what the person with the box of paper needs to find the sheets."""
    with asking(home, Right.REVIEW) as (opened, access):
        found = [d for d in use.rescans(opened.services) if fetch.sees(access, d)]
        record_read(opened, access, "rescans", [d.document_id for d in found])
        if as_json:
            emit_json([document_data(d, opened, access) | _where(d, opened) for d in found])
            return
        for document in found:
            where = _where(document, opened)
            names = ", ".join(where["names"])
            click.echo(
                f"{document.document_id[:8]}@{document.version}  "
                f"{document.document_type or 'type unknown'}  {document.service_date or 'undated'}"
            )
            click.echo(f"    scan:  {printable(names)} p.{pages_text(document.pages)}")
            if where["box"]:
                click.echo(f"    paper: {printable(where['box'])}")
            for wish in quality.wishes(document) or ("asked for by a person",):
                click.echo(f"    why:   {wish}")
        click.echo(f"{len(found)} document(s) to be scanned again", err=True)


def _where(document: Document, opened: app.Workspace) -> dict[str, Any]:
    with opened.catalog.read() as unit:
        scan = unit.scans.get(document.scan_id)
        batch = unit.batches.get(scan.batch_id) if scan and scan.batch_id else None
    box = ", ".join(part for part in (batch.label, batch.location) if part) if batch else ""
    return {"names": names_of(scan, opened) if scan else [], "box": box}


def list_rechecks(home: Any, as_json: bool) -> None:
    with asking(home, Right.CORRECT) as (opened, access):
        found = [d for d in use.rechecks(opened.services) if fetch.sees(access, d)]
        record_read(opened, access, "recheck", [d.document_id for d in found])
        if as_json:
            emit_json([document_data(d, opened, access) for d in found])
            return
        for document in found:
            patient = opened.roster.get(document.patient_id) if document.patient_id else None
            whose = printable(patient_line(patient))
            click.echo(f"{document.document_id[:8]}@{document.version}  filed under {whose}")
            for reason in document.recheck:
                click.echo(f"    why:  {reason}")
        click.echo(
            f"{len(found)} filed document(s) to look at again: `review confirm`, `accept` or `undo` each",
            err=True,
        )
