"""The parts of `batch` about the paper: the second look, holds, release."""

from __future__ import annotations

from pathlib import Path

import click

from scanindex import app, batch_qa, paper
from scanindex.access_model import Right
from scanindex.cli.common import (
    asking,
    batch_by,
    document_by,
    emit_json,
    json_option,
    pass_home,
    printable,
    record_read,
    table,
)
from scanindex.errors import NotFound, UsageError
from scanindex.paper_model import QaStatus, ReleaseList


@click.command()
@click.argument("batch_id")
@click.option("--draw", is_flag=True, help="Draw a sample (another one, where there is one).")
@click.option("--ok", "ok_id", help="Document that was compared with its paper and is right.")
@click.option("--fault", "fault_id", help="Document with a fault; needs --note.")
@click.option("--note", default="", help="What is wrong; kept in the history.")
@json_option
@pass_home
def qa(
    home: Path,
    batch_id: str,
    draw: bool,
    ok_id: str | None,
    fault_id: str | None,
    note: str,
    as_json: bool,
) -> None:
    """The second look at a closed batch: its sample, and what is still to be compared with the paper.

    Whoever settled a document or closed the batch cannot look at it.
    """
    if sum((draw, ok_id is not None, fault_id is not None)) > 1:
        raise UsageError("one of --draw, --ok and --fault")
    with asking(home, Right.BATCH) as (opened, access):
        batch = batch_by(batch_id, opened)
        if draw:
            batch_qa.draw_qa(batch, access.actor, opened.services)
        elif looked := ok_id or fault_id:
            document = document_by(looked, opened, access)
            batch_qa.qa_verdict(
                batch,
                document.document_id,
                document.version,
                fault_id is None,
                note,
                access.actor,
                opened.services,
            )
        found = batch_qa.qa_status(batch, opened.services)
        record_read(opened, access, "batch", found.to_look_at)
        emit_json(found) if as_json else _print_qa(found)


def _print_qa(found: QaStatus) -> None:
    drawn = sum(item.draw_no > 0 for item in found.items)
    click.echo(f"{drawn} of {found.documents} document(s) drawn (a sample takes {found.sample_size})")
    for document_id in found.to_look_at:
        click.echo(f"look at: {document_id}")
    for document_id in found.faults_open:
        click.echo(f"fault:   {document_id}")
    for point in found.points:
        click.echo(f"open: {point}")
    if found.is_passed:
        click.echo("passed")


@click.command()
@click.argument("batch_id", required=False)
@click.option("--document", "document_id", help="Hold the paper of this document (and so of its batch).")
@click.option("--reason", required=True, help="Why the paper must be kept.")
@pass_home
def hold(home: Path, batch_id: str | None, document_id: str | None, reason: str) -> None:
    """Keep the paper of a batch or a document until the hold is lifted; prints the hold's id."""
    if (batch_id is None) == (document_id is None):
        raise UsageError("name a batch, or a document with --document")
    with asking(home, Right.BATCH) as (opened, access):
        made = paper.hold(
            reason,
            access.actor,
            opened.services,
            batch_id=batch_by(batch_id, opened) if batch_id else None,
            document_id=document_by(document_id, opened, access).document_id if document_id else None,
        )
        click.echo(made.hold_id)


@click.command()
@click.argument("hold_id")
@click.option("--note", required=True, help="Why; kept in the history.")
@pass_home
def lift(home: Path, hold_id: str, note: str) -> None:
    """Lift a hold; `batch holds` lists them."""
    with asking(home, Right.SUPERVISE) as (opened, access):
        found = [h.hold_id for h in paper.holds(opened.services) if h.hold_id.startswith(hold_id.lower())]
        if not found:
            raise NotFound(f"no hold {hold_id!r}")
        if len(found) > 1:
            raise UsageError(f"several holds start with {hold_id!r}; give more characters")
        paper.lift(found[0], note, access.actor, opened.services)
        click.echo("lifted")


@click.command()
@click.option("--all", "everything", is_flag=True, help="Lifted ones too.")
@json_option
@pass_home
def holds(home: Path, everything: bool, as_json: bool) -> None:
    """Holds on paper that are not lifted."""
    with asking(home, Right.BATCH) as (opened, _):
        found = paper.holds(opened.services, open_only=not everything)
        if as_json:
            emit_json(found)
            return
        table(
            ("HOLD", "BATCH", "DOCUMENT", "SINCE", "BY", "LIFTED", "REASON"),
            [
                (
                    h.hold_id,
                    (h.batch_id or "-")[:8],
                    (h.document_id or "-")[:8],
                    f"{h.placed_at:%Y-%m-%d}",
                    h.placed_by,
                    f"{h.lifted_at:%Y-%m-%d}" if h.lifted_at else "-",
                    h.reason,
                )
                for h in found
            ],
        )


@click.command()
@click.argument("batch_id")
@click.option("--confirm", "confirmation", help="The label of the batch, as a confirmation.")
@click.option("--backed-up", is_flag=True, help="A backup made after its last filing lies elsewhere.")
@json_option
@pass_home
def release(home: Path, batch_id: str, confirmation: str | None, backed_up: bool, as_json: bool) -> None:
    """Let the paper of a batch go, for good; prints the list to be signed.

    Without --confirm it only tells what is in the way. Of a released batch it prints the list again.
    """
    with asking(home, Right.SUPERVISE) as (opened, access):
        batch = batch_by(batch_id, opened)
        with opened.catalog.read() as unit:
            known = unit.batches.get(batch)
        if known and known.released_at:
            made = paper.release_list(batch, opened.services)
        elif confirmation is None:
            _say_points(paper.release_points(batch, opened.services))
            return
        else:
            made = paper.release(batch, confirmation, backed_up, access.actor, opened.services)
        record_read(opened, access, "batch")
        emit_json(made) if as_json else _print_list(made, opened)


def _say_points(points: list[str]) -> None:
    for point in points:
        click.echo(f"open: {point}")
    if not points:
        click.echo("nothing is in the way; --confirm LABEL --backed-up releases the paper")


def _print_list(made: ReleaseList, opened: app.Workspace) -> None:
    click.echo(printable(f"RELEASE OF PAPER  {opened.settings.site.name}".rstrip()))
    click.echo(printable(f"batch {made.batch_id}  {made.label}  {made.location}".rstrip()))
    click.echo(f"closed {made.closed_at:%Y-%m-%d} by {made.closed_by or '-'}")
    click.echo(f"second look by {', '.join(made.looked_at_by) or '-'}")
    click.echo(f"released {made.released_at:%Y-%m-%d %H:%M} UTC by {made.released_by}")
    click.echo(f"{made.sheets} sheet(s), {made.sides} side(s), {len(made.lines)} file(s)")
    if made.duplicates:
        click.echo(f"{made.duplicates} more arrival(s) had bytes that were there already")
    click.echo("")
    rows = [
        (line.name, line.sides, line.documents, f"{line.received_at:%Y-%m-%d}", line.scan_id)
        for line in made.lines
    ]
    table(("FILE", "SIDES", "DOCUMENTS", "RECEIVED", "SHA-256"), rows)
    click.echo("\nDestroyed on ____________ by ____________________ witness ____________________")
