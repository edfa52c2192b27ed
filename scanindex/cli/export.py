"""export: documents delivered to other systems, and proof that each arrived once."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from scanindex import app, trail
from scanindex.access_model import Access, Right
from scanindex.cli.common import asking, batch_by, document_by, emit_json, json_option, pass_home, table
from scanindex.cli.export_records import consent, list_, resend, retry, status, targets, withdraw
from scanindex.delivery import choose, holds, queue, reconcile, sending
from scanindex.delivery.status import WRONG_THERE, refused
from scanindex.delivery_model import NO_STRAYS
from scanindex.errors import ExportStopped, UsageError
from scanindex.ports import PackageKeeper
from scanindex.target_file import load_target
from scanindex.target_profile import Target

if TYPE_CHECKING:
    from scanindex.delivery_model import ExportRun, Held

_SHOWN = 20
_FOR_A_PERSON, _INTERRUPTED = 1, 130
"""Exit codes: a check that found something, and Ctrl-C (docs/reference/errors.md)."""
_IN_THE_WAY = {
    "disk_full": "there is no room where the packages are written (target.folder)",
    "permission": "the folder of the packages cannot be written (target.folder)",
    "storage": "the folder of the packages cannot be used (target.folder)",
    "receiver_silent": "the receiver cannot be reached, or gives no answer that counts",
}
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class _Export(click.Group):
    """`export TARGET ...` is `export run TARGET ...`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            args = ["run", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=_Export)
def export() -> None:
    """Deliver documents to an EHR in the form that its profile (targets/NAME.toml) describes.

    \b
    scanindex export targets --example fhir-server > targets/hospital.toml
    scanindex export hospital --dry-run        what would go, and what is held back and why
    scanindex export hospital                  send; broken off, the same command goes on
    scanindex export hospital --corrections    only what was delivered and changed here since
    scanindex export reconcile hospital        compare with what the receiver has

    `export TARGET` is short for `export run TARGET`.
    """


for _command in (status, list_, targets, resend, retry, withdraw, consent):
    export.add_command(_command)


@export.command("run")
@click.argument("target")
@click.option("--document", "documents", multiple=True, help="Only this document (several).")
@click.option("--patient", "patients", multiple=True, help="Only this patient, by MRN or id (several).")
@click.option("--patients-from", type=_FILE, help="Only the patients of this file: an MRN or id a line.")
@click.option("--batch", "batches", multiple=True, help="Only this batch (several).")
@click.option("--type", "types", multiple=True, help="Only documents of this type (several).")
@click.option("--since", help="Only with a date of care from here on: 1998, 1998-03, 1998-03-02.")
@click.option("--until", help="Only with a date of care up to here, inclusive.")
@click.option("--query", default="", help="Only what this search finds (`scanindex search`).")
@click.option("--corrections", is_flag=True, help="Nothing new: only what was delivered and changed since.")
@click.option("--dry-run", is_flag=True, help="Check everything, list what is held back; send nothing.")
@click.option("--check-files", is_flag=True, help="Hash every file of a document before it is queued.")
@click.option("--queue-only", is_flag=True, help="Queue and stop; the next call sends.")
@click.option("--send-only", is_flag=True, help="Send what is queued; look for nothing more.")
@json_option
@pass_home
def run(
    home: Path,
    target: str,
    documents: tuple[str, ...],
    patients: tuple[str, ...],
    patients_from: Path | None,
    batches: tuple[str, ...],
    types: tuple[str, ...],
    since: str | None,
    until: str | None,
    query: str,
    corrections: bool,
    dry_run: bool,
    check_files: bool,
    queue_only: bool,
    send_only: bool,
    as_json: bool,
) -> None:
    """Deliver filed documents to TARGET: all, or those that every option given fits.

    What was delivered before and is unchanged is left alone; what changed is replaced or cancelled.
    Doubtful, damaged or protected documents are held back and listed. Exit 4 where the receiver was
    in the way (run it again); 1 where a person has to settle something: refused now or before,
    damaged, or wrong at the receiver and held back here; 130 after Ctrl-C (run it again).
    """
    if queue_only and send_only:
        raise UsageError("--queue-only and --send-only leave nothing to do")
    with asking(home, Right.EXPORT) as (opened, access):
        profile = load_target(opened.settings.home, target)
        wanted = choose.Selection(
            document_ids=tuple(document_by(d, opened, access).document_id for d in documents),
            patients=(*patients, *_lines_of(patients_from)),
            batch_ids=tuple(batch_by(b, opened) for b in batches),
            types=types,
            since=since,
            until=until,
            query=query,
            only_corrections=corrections,
        )
        if dry_run:
            _dry_run(wanted, profile, opened, access, check_files=check_files, as_json=as_json)
            # What the line needs (certificates, secrets) is checked, too, but hides no list.
            app.open_sink(opened.settings, profile, os.environ).close()
            return
        sink = app.open_sink(opened.settings, profile, os.environ)
        try:
            with app.exporting(opened.settings, target):
                sending.refuse_unreconciled(target, opened.services)
                made = None
                if not send_only:
                    with _interruptible(_WHILE_QUEUEING):
                        made = queue.queue(
                            access,
                            wanted,
                            profile,
                            sink,
                            opened.services,
                            check_fixity=check_files,
                            told=_looked_at(),
                        )
                sent = sending.Sent()
                if not queue_only:
                    with _interruptible(_WHILE_SENDING):
                        sent = sending.send(access.actor, profile, sink, opened.services, told=_sending())
            refused_ones = refused(access, target, opened.services)
        finally:
            sink.close()
    _report(made, sent, refused_ones, target, as_json=as_json, queue_only=queue_only)


@export.command("reconcile")
@click.argument("target")
@click.option("--listing", type=_FILE, help="The receiver's own list (CSV), where it cannot be asked.")
@click.option("--partial", is_flag=True, help="The list is not whole: what is not in it is not missing.")
@json_option
@pass_home
def reconcile_(home: Path, target: str, listing: Path | None, partial: bool, as_json: bool) -> None:
    """Compare what TARGET was sent with what it has; exit 1 unless everything fits and nothing is refused.

    Documents that fit become verified. `export resend` sends again what is missing.
    """
    with asking(home, Right.EXPORT) as (opened, access), _interruptible(_WHILE_COMPARING):
        profile = load_target(opened.settings.home, target)
        if listing is not None:
            held = _listed(listing, profile)
            found = reconcile.reconcile(access, target, held, opened.services, is_whole_list=not partial)
        else:
            sink = app.open_sink(opened.settings, profile, os.environ)
            try:
                wanted = reconcile.asked_of(profile, opened.services)
                strays = sink.strays() if isinstance(sink, PackageKeeper) else NO_STRAYS
                listed = sink.inventory(wanted)
                found = reconcile.reconcile(access, target, listed, opened.services, strays=strays)
            finally:
                sink.close()
        refused_ones = refused(access, target, opened.services)
    if as_json:
        faults = [{**dataclasses.asdict(f), "meaning": f.meaning} for f in found.faults]
        told = {"faults": faults, "is_clean": found.is_clean, "refused": refused_ones}
        emit_json({**dataclasses.asdict(found), **told})
    else:
        _tell_faults(found)
        _tell_refused(refused_ones, target)
    if refused_ones or not found.is_clean:
        sys.exit(_FOR_A_PERSON)


def _tell_faults(found: reconcile.Reconciliation) -> None:
    counts = Counter(f.code for f in found.faults)
    for code, count in counts.most_common():
        click.echo(f"{code}: {count}. {reconcile.FAULTS[code]}")
    if found.faults:
        rows = [(f.code, f.external_id, " ".join(f.receiver_ids) or "-") for f in found.faults[:_SHOWN]]
        table(("FAULT", "EXTERNAL ID", "THERE"), rows)
        if len(found.faults) > _SHOWN:
            click.echo(f"… {len(found.faults) - _SHOWN} more; --json lists them")
    click.echo(f"{found.verified} of {found.expected} documents verified; the receiver lists {found.held}")
    if found.weakly:
        click.echo(f"  {found.weakly} of them without a hash: the list has none to compare")
    if found.strays.count:
        click.echo(
            f"{found.strays.count} file(s) in the packages that no list of theirs names; they were not "
            "written by an export"
        )
        for name in found.strays.named:
            click.echo(f"  {name}")
    if found.unnamed:
        click.echo(f"  {found.unnamed} of them without a patient: the list does not say whose they are")


def _listed(listing: Path, profile: Target) -> Iterator[Held]:
    from scanindex.ehr.listing import read_listing

    return read_listing(listing, profile)


def _lines_of(path: Path | None) -> Iterator[str]:
    if path is None:
        return
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("the list of patients is not UTF-8 text") from None
    yield from (line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))


def _dry_run(
    wanted: choose.Selection,
    profile: Target,
    opened: app.Workspace,
    access: Access,
    *,
    check_files: bool,
    as_json: bool,
) -> None:
    counts: Counter[str] = Counter()
    held: Counter[str] = Counter()
    rows: list[dict[str, Any]] = []
    judge = app.open_judge(profile)
    for one in queue.dry_run(access, wanted, profile, judge, opened.services, check_fixity=check_files):
        counts.update(action.value for action in one.actions)
        counts["held"] += bool(one.problems)
        counts["unchanged"] += not one.actions and not one.problems
        held.update(p.code for p in one.problems)
        if one.problems or one.actions:
            rows.append(dataclasses.asdict(one))
    trail.seen(access, "export dry run", opened.services, [r["document_id"] for r in rows])
    if as_json:
        emit_json({"planned": counts, "held": held, "documents": rows})
        return
    told = [r for r in rows if r["problems"]]
    shown = [
        (r["document_id"], " ".join(p["code"] for p in r["problems"]), r["problems"][0]["text"])
        for r in told[:_SHOWN]
    ]
    if shown:
        table(("HELD BACK", "WHY", "MEANING"), shown)
    if len(told) > _SHOWN:
        click.echo(f"… {len(told) - _SHOWN} more; --json lists them")
    _tell_counts(counts, held, "would be sent")


def _tell_counts(planned: dict[str, int], held: dict[str, int], verb: str) -> None:
    parts = [f"{planned.get(key, 0)} {key}" for key in ("new", "replace", "cancel")]
    click.echo(
        f"{', '.join(parts)} {verb}; "
        f"{planned.get('unchanged', 0)} unchanged, {planned.get('held', 0)} held back"
    )
    for code, count in sorted(held.items(), key=lambda item: (-item[1], item[0])):
        click.echo(f"  {code}: {count}. {holds.HOLDS.get(code, '')}".rstrip())


def _report(
    made: ExportRun | None,
    sent: sending.Sent,
    refused_ones: int,
    target: str,
    *,
    as_json: bool,
    queue_only: bool,
) -> None:
    if as_json:
        told: dict[str, Any] = {"sent": dataclasses.asdict(sent), "refused": refused_ones}
        if made is not None:
            told |= {"run_id": made.run_id, "planned": made.planned, "held": made.held}
        emit_json(told)
    else:
        if made is not None:
            _tell_counts(made.planned, made.held, "queued")
        if not queue_only:
            click.echo(
                f"{sent.taken} delivered, {sent.refused} refused, {sent.overtaken} changed meanwhile, "
                f"{sent.damaged} damaged, {sent.left} left"
            )
        _tell_refused(refused_ones, target)
    if sent.stopped_by == sending.INTERRUPTED:
        _interrupted(f"{sent.taken} delivered and kept, {sent.left} left; the same command goes on")
    if sent.stopped_by:
        why = _IN_THE_WAY.get(sent.stopped_by, f"the receiver was in the way ({sent.stopped_by})")
        raise ExportStopped(f"{why}; {sent.left} left")
    if refused_ones or sent.refused or sent.damaged or (made and {*made.held} & {*WRONG_THERE}):
        sys.exit(_FOR_A_PERSON)


def _tell_refused(count: int, target: str) -> None:
    if count:
        click.echo(f"{count} refused: `scanindex export list {target} --state refused` says why")


_WHILE_QUEUEING = "nothing was sent; what was queued stays so, and the same command goes on"
_WHILE_SENDING = "what was answered is kept; the same command goes on"
_WHILE_COMPARING = "what was found to fit is verified; compare again for the rest"


@contextlib.contextmanager
def _interruptible(what: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        _interrupted(what)


def _interrupted(what: str) -> NoReturn:
    click.echo(f"\ninterrupted: {what}", err=True)
    sys.exit(_INTERRUPTED)


def _looked_at() -> queue.Told:
    if not sys.stderr.isatty():
        return lambda count: None
    return lambda count: click.echo(f"\r\033[Kqueue: {count} documents looked at", nl=False, err=True)


def _sending() -> sending.Told:
    if not sys.stderr.isatty():
        return lambda sent: None
    return lambda sent: click.echo(
        f"\r\033[Ksend: {sent.taken} delivered, {sent.refused} refused", nl=False, err=True
    )
