"""reread: read documents again later, with more effort."""

from __future__ import annotations

import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import click

from scanindex import app
from scanindex import reread as use
from scanindex.cli.common import actor, batch_by, emit_json, json_option, pass_home, settings_of
from scanindex.cli.find import catch_up
from scanindex.errors import NotFound, Stopping, UsageError
from scanindex.model import Document, DocumentId, DocumentState, ScanId
from scanindex.settings import EFFORTS

_SAID = {
    use.Result.FILED_ANEW: "filed anew with the new text, same patient and place",
    use.Result.RECHECK: "still filed; look at it again (`scanindex review --recheck`)",
    use.Result.DECIDED: "the new text settles it; filed",
    use.Result.IN_REVIEW: "still in review, with the new text",
    use.Result.SAME: "nothing new read",
    use.Result.CHANGED_MEANWHILE: "changed by somebody meanwhile; left alone",
}
_FOLLOW_EVERY = 20
"""Documents after which search and chart tree are brought up to date."""


@click.command()
@click.argument("what", nargs=-1)
@click.option("--batch", "batch_id", help="Documents of this batch.")
@click.option(
    "--below", type=click.FloatRange(0, 1), help="Documents with a page of lower legibility, or unknown."
)
@click.option("--all", "everything", is_flag=True, help="Everything filed or in review.")
@click.option(
    "--effort",
    type=click.Choice(EFFORTS),
    default=EFFORTS[-1],
    show_default=True,
    help="How many passes a page may earn.",
)
@click.option("--again", is_flag=True, help="Also what was read with that effort already (new engines).")
@click.option("--dry-run", is_flag=True, help="Only count what would be read.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before --all.")
@json_option
@pass_home
def reread(
    home: Path,
    what: tuple[str, ...],
    batch_id: str | None,
    below: float | None,
    everything: bool,
    effort: str,
    again: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Read documents again, with more effort, and keep the better text of each page.

    WHAT are ids of documents or scans. A document in review is decided again with the new text.
    A filed one keeps its patient, date and place: its PDF, words and search entry follow the new
    text as a new version, the old version stays in the archive; where the new text speaks against
    the filing it is listed by `scanindex review --recheck`. Nothing is refiled by this command.

    Works beside the running service, which then files the new versions. Ctrl-C at any time:
    the same command goes on where it was.
    """
    if not (what or batch_id or everything or below is not None):
        raise UsageError("name documents or scans, or say --batch, --below or --all")
    settings = settings_of(home)
    opened = app.open_workspace(settings)
    try:
        _finish_what_was_left(opened)
        selection = _selection(what, batch_id, below, everything, effort, again, opened)
        chosen = use.choose(selection, opened.services)
        pages = sum(len(d.pages) for d in chosen)
        click.echo(f"{len(chosen)} document(s), {pages} page(s) to read again ({effort})", err=True)
        if dry_run or not chosen:
            if as_json:
                emit_json(
                    {"documents": len(chosen), "pages": pages, "results": {}, "is_finished": not chosen}
                )
            return
        if everything and not yes:
            click.confirm("Read all of them again?", abort=True)
        with app.rereading(settings):
            tally, is_finished = _run(chosen, effort, opened)
    finally:
        opened.close()
    if as_json:
        emit_json({"documents": len(chosen), "pages": pages, "results": tally, "is_finished": is_finished})
    for result, count in sorted(tally.items()):
        click.echo(f"{count} {_SAID[use.Result(result)]}", err=True)
    if not is_finished:
        click.echo("stopped; the same command goes on with the rest", err=True)
        sys.exit(Stopping.exit_code)


def _finish_what_was_left(opened: app.Workspace) -> None:
    """New versions that an earlier run was killed before filing; a running service does it by itself."""
    with opened.catalog.read() as unit:
        left = list(dict.fromkeys(d.scan_id for d in unit.documents.all(DocumentState.PROPOSED)))
    if left and app.file_now(opened, left):
        catch_up(opened)


def _selection(
    what: tuple[str, ...],
    batch_id: str | None,
    below: float | None,
    everything: bool,
    effort: str,
    again: bool,
    opened: app.Workspace,
) -> use.Selection:
    document_ids: list[DocumentId] = []
    scan_ids: list[ScanId] = []
    for text in what:
        with opened.catalog.read() as unit:
            documents = unit.documents.with_prefix(text.lower())
            scans = unit.scans.with_prefix(text.lower())
        if len(documents) + len(scans) > 1:
            raise UsageError(f"several documents or scans start with {text!r}; give more characters")
        if not documents and not scans:
            raise NotFound(f"no document or scan {text!r}")
        document_ids += documents
        scan_ids += scans
    return use.Selection(
        document_ids=tuple(document_ids),
        scan_ids=tuple(scan_ids),
        batch_id=batch_by(batch_id, opened) if batch_id else None,
        below=below,
        everything=everything,
        effort=effort,
        again=again,
    )


def _run(chosen: list[Document], effort: str, opened: app.Workspace) -> tuple[dict[str, int], bool]:
    """Counts by result, and whether all was done."""
    workers = app.workers_with_effort(opened, app.process_workers(), effort)
    rereading = use.Rereading(opened.services, workers, effort, actor())
    tally: Counter[str] = Counter()

    def stop(*_: Any) -> None:
        click.echo("stopping: what is done stays, the rest can be read another time", err=True)
        rereading.stop()
        workers.interrupt()

    def told(document: Document, result: use.Result) -> None:
        tally[result.value] += 1
        done = sum(tally.values())
        click.echo(f"{done}/{len(chosen)} {document.document_id[:8]}: {_SAID[result]}", err=True)
        if done % _FOLLOW_EVERY == 0:
            catch_up(opened)
        if document.state is DocumentState.PROPOSED and not app.file_now(opened, [document.scan_id]):
            click.echo(f"{document.document_id[:8]}: the running service files it next", err=True)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        is_finished = rereading.run(chosen, told)
    finally:
        workers.close()
        for number, handler in before.items():
            signal.signal(number, handler)
    catch_up(opened)
    return dict(tally), is_finished
