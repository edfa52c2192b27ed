"""batch: boxes of paper."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from scanindex import batches as use
from scanindex.access_model import Right
from scanindex.cli.batch_paper import hold, holds, lift, qa, release
from scanindex.cli.common import (
    asking,
    batch_by,
    emit_json,
    json_option,
    pass_home,
    printable,
    table,
)
from scanindex.errors import UsageError
from scanindex.model import Batch, BatchId


@click.group()
def batch() -> None:
    """Boxes of paper: what came of every side, who looked again, may the paper go.

    BATCH may be abbreviated.
    """


for _command in (qa, hold, lift, holds, release):
    batch.add_command(_command)


@batch.command("open")
@click.argument("label")
@click.option("--folder", default=".", show_default=True, help="Inbox folder whose arrivals belong to it.")
@click.option("--location", default="", help="Where the paper lies.")
@click.option("--sheets", type=click.IntRange(1), help="Paper sheets expected.")
@click.option(
    "--sides", type=click.IntRange(1, 2), default=2, show_default=True, help="Sides scanned per sheet."
)
@pass_home
def open_(home: Path, label: str, folder: str, location: str, sheets: int | None, sides: int) -> None:
    """Open a batch: from now on arrivals in --folder belong to it."""
    with asking(home, Right.BATCH) as (opened, access):
        inbox = opened.settings.inbox.resolve()
        goal = (inbox / folder).resolve()
        if not goal.is_relative_to(inbox):
            raise UsageError("--folder must lie in the inbox")
        goal.mkdir(parents=True, exist_ok=True)
        made = Batch(
            batch_id=BatchId(opened.services.ids.new()),
            label=label,
            folder=goal.relative_to(inbox).as_posix(),
            location=location,
            sheets_expected=sheets,
            sides=sides,
            opened_at=opened.clock.now(),
        )
        use.open_batch(made, access.actor, opened.services)
        click.echo(made.batch_id)


@batch.command("close")
@click.argument("batch_id")
@click.option("--note", default="", help="Explains a difference between sides expected and scanned.")
@pass_home
def close(home: Path, batch_id: str, note: str) -> None:
    """Close a batch; refused while a page of it is unexplained."""
    with asking(home, Right.BATCH) as (opened, access):
        use.close_batch(batch_by(batch_id, opened), note, access.actor, opened.services)
        click.echo("closed")


@batch.command("show")
@click.argument("batch_id")
@json_option
@pass_home
def show(home: Path, batch_id: str, as_json: bool) -> None:
    """Every side of a batch and where it went."""
    with asking(home, Right.BATCH) as (opened, _):
        found = use.summary(batch_by(batch_id, opened), opened.services)
        if as_json:
            emit_json({**dataclasses.asdict(found), "open_points": found.open_points()})
            return
        for f in dataclasses.fields(found):
            if f.name != "batch":
                click.echo(f"{f.name.replace('_', ' ') + ':':20} {getattr(found, f.name)}")
        for point in found.open_points():
            click.echo(f"open: {point}")


@batch.command("list")
@json_option
@pass_home
def list_(home: Path, as_json: bool) -> None:
    """All batches."""
    with asking(home, Right.BATCH) as (opened, _), opened.catalog.read() as unit:
        found = unit.batches.all()
        if as_json:
            emit_json(found)
            return
        table(
            ("BATCH", "LABEL", "FOLDER", "OPENED", "CLOSED", "RELEASED"),
            [
                (
                    b.batch_id,
                    printable(b.label),
                    b.folder,
                    f"{b.opened_at:%Y-%m-%d}",
                    f"{b.closed_at:%Y-%m-%d}" if b.closed_at else "-",
                    f"{b.released_at:%Y-%m-%d}" if b.released_at else "-",
                )
                for b in found
            ],
        )
