"""export status, list, targets, resend, retry, withdraw, consent: the ledger, and what keeps it right."""

from __future__ import annotations

import dataclasses
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanindex import trail
from scanindex.access_model import Right
from scanindex.cli.common import (
    asking,
    document_by,
    emit_json,
    json_option,
    pass_home,
    printable,
    table,
)
from scanindex.delivery import answers, consents, queue, reconcile, standstill
from scanindex.delivery.status import OPEN, Progress, lines, overview
from scanindex.delivery_model import Delivery, DeliveryState
from scanindex.errors import ProfileError, UsageError
from scanindex.model import PatientId
from scanindex.target_file import load_target, names

if TYPE_CHECKING:
    from scanindex.delivery_model import Consent


@click.command()
@click.argument("target", required=False)
@json_option
@pass_home
def status(home: Path, target: str | None, as_json: bool) -> None:
    """How far every target (or TARGET) is: sent, verified, refused, to be corrected, days, runs."""
    with asking(home, Right.EXPORT) as (opened, access):
        found = [p for p in overview(access, opened.services) if target in (None, p.name)]
    if target is not None and not found:
        raise UsageError(f"no target {printable(target)!r}; `scanindex export targets` lists them")
    if as_json:
        emit_json(found)
        return
    if not found:
        click.echo("no targets yet: `scanindex export targets --examples` shows how one is described")
    for one in found:
        _tell(one)


def _tell(one: Progress) -> None:
    click.echo(f"{one.name}  {one.fault or one.recipient}")
    click.echo(
        "  " + (", ".join(f"{n} {state}" for state, n in sorted(one.states.items())) or "nothing sent yet")
    )
    if one.is_stopped:
        click.echo(f"  stopped since the catalog was put back: `scanindex export reconcile {one.name}`")
    if one.corrections_due:
        click.echo(
            f"  {one.corrections_due} document(s) changed here since: `scanindex export {one.name} "
            "--corrections` tells the receiver, or you what holds them back"
        )
    if one.consents_gone:
        click.echo(
            f"  {one.consents_gone} document(s) there whose consent was revoked or ended: `scanindex export "
            f"{one.name} --corrections --dry-run` names them, `export withdraw` takes them back"
        )
    for day in one.days:
        click.echo(f"  {day.day}: {day.answered} answered")
    for run in one.runs:
        planned = ", ".join(f"{n} {what}" for what, n in run.planned.items() if what != "looked_at")
        click.echo(f"  {run.started_at:%Y-%m-%d %H:%M} {run.started_by}: {planned}")


@click.command("list")
@click.argument("target")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([s.value for s in DeliveryState]),
    help="Only lines in this state (several); else what is open: pending, sending, refused.",
)
@click.option(
    "-n", "--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many."
)
@click.option(
    "--answers",
    "has_answers",
    is_flag=True,
    help="With the receiver's own words, which may quote the patient; recorded in the trail.",
)
@json_option
@pass_home
def list_(
    home: Path, target: str, states: tuple[str, ...], limit: int, has_answers: bool, as_json: bool
) -> None:
    """Lines of the ledger of TARGET: what went, under which id, and what came of it."""
    wanted = tuple(DeliveryState(s) for s in states) or OPEN
    with asking(home, Right.EXPORT) as (opened, access):
        found = lines(access, target, wanted, opened.services, limit=limit, with_answers=has_answers)
    if as_json:
        emit_json([_line(line) for line in found])
        return
    head = (
        "EXTERNAL ID",
        "ACTION",
        "STATE",
        "TRIES",
        "ANSWER",
        "MEANING",
        *(["SAID"] if has_answers else []),
    )
    table(head, [_cells(line, has_answers=has_answers) for line in found])


def _cells(line: Delivery, *, has_answers: bool) -> tuple[object, ...]:
    record, receipt = line.record, line.receipt
    code = receipt.code if receipt else line.error or "-"
    cells = (
        record.external_id,
        record.action,
        line.state,
        line.attempts,
        code,
        answers.in_words(line) or "-",
    )
    return (*cells, receipt.text if receipt else "") if has_answers else cells


def _line(line: Delivery) -> dict[str, object]:
    """Without the patient: who wants that asks for the document."""
    record, receipt = line.record, line.receipt
    return {
        "external_id": record.external_id,
        "document_id": record.document_id,
        "version": record.version,
        "action": record.action,
        "reason": record.reason,
        "replaces": record.replaces,
        "state": line.state,
        "run_id": line.run_id,
        "attempts": line.attempts,
        "error": line.error,
        "sent_at": line.sent_at,
        "answered_at": line.answered_at,
        "verified_at": line.verified_at,
        "sha256": record.content.sha256 if record.content else None,
        "receipt": dataclasses.asdict(receipt) if receipt else None,
        "meaning": answers.in_words(line),
    }


@click.command()
@click.option("--examples", "is_listing", is_flag=True, help="Name the examples that ship with the product.")
@click.option("--example", metavar="NAME", help="Print one, to be kept as targets/NAME.toml and changed.")
@json_option
@pass_home
def targets(home: Path, is_listing: bool, example: str | None, as_json: bool) -> None:
    """The targets of this workspace; each is a file targets/NAME.toml."""
    shipped = {
        p.name.removesuffix(".toml"): p
        for p in resources.files("scanindex.ehr").joinpath("profiles").iterdir()
        if p.name.endswith(".toml")
    }
    if example is not None:
        if example not in shipped:
            raise UsageError(f"no example {printable(example)!r}; there are {', '.join(sorted(shipped))}")
        click.echo(shipped[example].read_text("utf-8"), nl=False)
        return
    if is_listing:
        for name in sorted(shipped):
            first = shipped[name].read_text("utf-8").splitlines()[0].lstrip("# ")
            click.echo(f"{name:16} {first}")
        return
    found, rows = [], []
    for name in names(home):
        try:
            one = load_target(home, name)
        except ProfileError as error:
            rows.append((name, "-", "-", str(error)))
        else:
            found.append(one)
            rows.append((name, one.target.format, one.target.transport, one.target.recipient))
    if as_json:
        emit_json(found)
        return
    table(("TARGET", "FORM", "BY", "RECIPIENT"), rows)


@click.command()
@click.argument("target")
@click.argument("external_ids", nargs=-1, required=True)
@pass_home
def resend(home: Path, target: str, external_ids: tuple[str, ...]) -> None:
    """Queue again, under the same ids, what TARGET took and lost (see `reconcile`)."""
    with asking(home, Right.EXPORT) as (opened, access):
        count = reconcile.resend(access, target, external_ids, opened.services)
    click.echo(f"{count} queued again; `scanindex export {target}` sends them")


@click.command()
@click.argument("target")
@pass_home
def retry(home: Path, target: str) -> None:
    """Let what TARGET refused be decided again by the next export, after its cause was mended."""
    with asking(home, Right.EXPORT) as (opened, access):
        count = reconcile.retry(access, target, opened.services)
    click.echo(f"{count} will be decided again; `scanindex export {target} --dry-run` shows how")


@click.command()
@click.argument("target")
@click.argument("documents", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why it is taken back; kept in the trail.")
@pass_home
def withdraw(home: Path, target: str, documents: tuple[str, ...], reason: str) -> None:
    """Queue the cancellation of DOCUMENTS at TARGET though they are filed here."""
    if not reason.strip():
        raise UsageError("say why")
    with asking(home, Right.EXPORT) as (opened, access):
        profile = load_target(opened.settings.home, target)
        ids = [document_by(d, opened, access).document_id for d in documents]
        run = queue.withdraw(access, ids, reason.strip(), profile, opened.services)
    click.echo(
        f"{run.planned.get('cancel', 0)} cancellation(s) queued; `scanindex export {target}` sends them"
    )


@click.group()
def consent() -> None:
    """Patients' consents to hand over labelled documents (42 CFR part 2)."""


@consent.command("add")
@click.argument("patient")
@click.option("--target", required=True, help="For this target; '*' for all.")
@click.option("--label", "labels", multiple=True, required=True, help="Covers this label (several).")
@click.option("--reference", required=True, help="Where the signed form is: a document id, a file number.")
@click.option("--given", required=True, help="Day it was signed, 2026-03-31.")
@click.option("--until", help="Last day on which it holds.")
@pass_home
def consent_add(
    home: Path,
    patient: str,
    target: str,
    labels: tuple[str, ...],
    reference: str,
    given: str,
    until: str | None,
) -> None:
    """Record that PATIENT (MRN or id) agreed in writing. It counts from the day of signing on."""
    from scanindex.cli.find import patient_by

    if target != "*" and target not in names(home):
        raise UsageError(
            f"no target {printable(target)!r}; `scanindex export targets` lists them, '*' is all"
        )
    with asking(home, Right.EXPORT) as (opened, access):
        person = patient_by(patient, opened, access)
        made = consents.record(
            access, person.patient_id, target, labels, reference, given, until, opened.services
        )
        is_early = given > standstill.today(opened.services)
    click.echo(made.consent_id)
    if is_early:
        click.echo(f"its day of signing is to come: it does not count before {given}", err=True)


@consent.command("revoke")
@click.argument("consent_id")
@pass_home
def consent_revoke(home: Path, consent_id: str) -> None:
    """From now on nothing more goes under it."""
    with asking(home, Right.EXPORT) as (opened, access):
        consents.revoke(access, consent_id, opened.services)
    click.echo("revoked; what was delivered under it stays there until `scanindex export withdraw`")


@consent.command("list")
@click.option("--patient", help="Only of this patient (MRN or id).")
@json_option
@pass_home
def consent_list(home: Path, patient: str | None, as_json: bool) -> None:
    """Consents that were recorded, revoked ones too."""
    from scanindex.cli.find import patient_by

    with asking(home, Right.EXPORT) as (opened, access):
        person: PatientId | None = patient_by(patient, opened, access).patient_id if patient else None
        found = consents.of(access, person, opened.services)
        trail.seen(access, "consents", opened.services, (), [c.patient_id for c in found])
    if as_json:
        emit_json(found)
        return
    table(("CONSENT", "PATIENT", "TARGET", "LABELS", "GIVEN", "UNTIL", "REVOKED"), [_row(c) for c in found])


def _row(one: Consent) -> tuple[str, ...]:
    revoked = one.revoked_at.date().isoformat() if one.revoked_at else "-"
    labels = " ".join(one.labels)
    return (one.consent_id, one.patient_id, one.target, labels, one.given_on, one.until or "-", revoked)
