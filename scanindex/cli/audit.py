"""audit: look again at what was filed alone, certify sources, follow incidents up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from scanindex import app, pipeline, redecide, review
from scanindex import audit as use
from scanindex.access_model import Right
from scanindex.audit_model import AutoFiling, Incident, Mode, Stratum, Verdict
from scanindex.cli.common import (
    asking,
    document_by,
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
from scanindex.cli.find import catch_up, patient_by
from scanindex.cli.render import document_data, folder_of, pages_text
from scanindex.cli.trail import disclosures, restart, trail, verify
from scanindex.errors import AlreadyRunning, NotFound, UsageError
from scanindex.model import DocumentId, DocumentState

_VERDICTS = {"right": Verdict.RIGHT, "wrong": Verdict.WRONG, "cannot-tell": Verdict.CANNOT_TELL}
_BLIND_SPOTS = (
    "Not known: who read, printed or copied the files of archive/ directly, and what left the house on "
    "paper. Nothing is exported by this version."
)


@click.group()
def audit() -> None:
    """Look again at what was filed alone; certify sources; follow misfiles up.

    \b
    scanindex audit status                         how each source stands
    scanindex audit mode . strict                  let the inbox itself file alone
    scanindex audit draw -n 100                    put 100 documents into the sample
    scanindex audit next                           the next one to compare with its paper
    scanindex audit record k7f3q2 right --by Ann   what you found
    scanindex audit certify . --by Ann             once the bound holds

    \b
    scanindex audit trail                          who did what when
    scanindex audit disclosures MRN                who saw what of a patient
    scanindex audit verify                         that nobody changed the trail
    """


for _command in (trail, disclosures, verify, restart):
    audit.add_command(_command)


@audit.command()
@json_option
@pass_home
def status(home: Path, as_json: bool) -> None:
    """How each source stands: mode, audits, misfiles, upper bound, what is missing."""
    with workspace(home) as opened:
        found = use.status(opened.services)
        policy = use.policy_in_force(opened.services)
        limit = opened.settings.filing.misfile_bound
    if as_json:
        sources = [_status_data(one) for one in found]
        emit_json(
            {
                "policy_id": policy.policy_id,
                "policy": policy,
                "misfile_bound": limit,
                "confidence": use.CONFIDENCE,
                "sources": sources,
            }
        )
        return
    click.echo(
        f"policy {policy.policy_id} ({policy.match}), roster version {policy.roster_version}; "
        f"bound asked for: {limit:.4%} misfiled at {use.CONFIDENCE:.0%} confidence"
    )
    rows = [_status_row(one) for one in found]
    table(("SOURCE", "MODE", "FILED", "AUDITED", "MISFILED", "UPPER BOUND", "STILL NEEDED", "OPEN"), rows)
    for one in found:
        for reason in one.standing.reasons:
            click.echo(f"{printable(one.source)}: {one.standing.mode}, {printable(reason)}")
        for incident_id in one.open_incidents:
            click.echo(f"{printable(one.source)}: incident {incident_id[:8]} is open")
    click.echo("FILED counts what was filed alone under this policy; OPEN is drawn and not looked at yet.")


def _status_row(one: use.SourceStatus) -> tuple[object, ...]:
    bound = f"{one.upper_bound:.4%}" if one.tally.audited else "-"
    counts = (one.filed_alone, one.tally.audited, one.tally.misfiles)
    return (one.source, one.standing.mode, *counts, bound, one.more_needed, one.tally.open)


def _status_data(one: use.SourceStatus) -> dict[str, Any]:
    return {
        "source": one.source,
        "mode": one.standing.mode,
        "reasons": list(one.standing.reasons),
        "filed_alone": one.filed_alone,
        "audited": one.tally.audited,
        "misfiles": one.tally.misfiles,
        "cannot_tell": one.tally.cannot_tell,
        "not_counted": one.tally.not_counted,
        "open": one.tally.open,
        "upper_bound": one.upper_bound,
        "more_needed": one.more_needed,
        "certificate": one.record.certificate if one.record else None,
        "open_incidents": list(one.open_incidents),
    }


@audit.command()
@click.option("--source", help="Only this source (default: all).")
@click.option("-n", "--count", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@click.option("--seed", type=int, help="Draw the same again from the same documents; recorded either way.")
@pass_home
def draw(home: Path, source: str | None, count: int, seed: int | None) -> None:
    """Put documents that were filed alone into the sample to be looked at.

    Three quarters are drawn with equal chances: they count for the bound. The rest are those
    with the least margin: they find faults sooner, and count only where they are wrong.
    """
    with asking(home, Right.SUPERVISE) as (opened, access):
        chosen, lines = use.draw(count, seed, source, access.actor, opened.services)
    uniform = sum(line.stratum == "uniform" for line in lines)
    click.echo(
        f"{len(lines)} document(s) drawn (seed {chosen}): {uniform} uniformly, {len(lines) - uniform} weak"
    )


@audit.command("next")
@click.option("--source", help="Only this source (default: all).")
@json_option
@pass_home
def next_(home: Path, source: str | None, as_json: bool) -> None:
    """The next document to compare with its paper: whose chart holds it, and its file.

    What the machine read and how sure it was is left out on purpose.
    """
    with asking(home, Right.SUPERVISE) as (opened, access):
        waiting = use.waiting(source, opened.services)
        if not waiting:
            if as_json:
                emit_json(None)
            else:
                click.echo("nothing is left to look at; `scanindex audit draw` draws more")
            return
        line = waiting[0]
        record_read(opened, access, "audit", [line.document_id])
        data = _next_data(line, len(waiting), opened)
    if as_json:
        emit_json(data)
        return
    click.echo(f"{line.document_id[:8]}  page(s) {data['pages']} of scan {line.scan_id[:12]}")
    click.echo(f"    filed under: {printable(data['filed_under'])}")
    click.echo(f"    look at:     {data['file']}")
    click.echo(
        f"    then:        scanindex audit record {line.document_id[:8]} right|wrong|cannot-tell --by NAME"
    )
    click.echo(f"{data['waiting']} document(s) of the sample to look at, this one included", err=True)


def _next_data(line: AutoFiling, waiting: int, opened: app.Workspace) -> dict[str, Any]:
    with opened.catalog.read() as unit:
        document = unit.documents.get(line.document_id)
    folder = opened.archive.document_folder(line.document_id, line.version)
    now = folder_of(document, opened) if document else None
    return {
        "document_id": line.document_id,
        "filed_under": patient_line(opened.roster.get(line.patient_id)),
        "patient_id": line.patient_id,
        "file": str(Path(now or folder) / "document.pdf"),
        "pages": pages_text(line.pages),
        "source": line.source,
        "waiting": waiting,
    }


@audit.command()
@click.argument("document_id")
@click.argument("verdict", type=click.Choice(sorted(_VERDICTS)))
@click.option("--by", "by", required=True, help="Who looked.")
@click.option("--patient", help="With wrong: whose it is (MRN or patient id); it is filed there at once.")
@click.option("--reason", default="", help="What you saw; kept in the history.")
@pass_home
def record(home: Path, document_id: str, verdict: str, by: str, patient: str | None, reason: str) -> None:
    """Say what you found: is every page in the chart of the person it is about?

    wrong takes the document out of its chart at once, opens an incident and stops filing alone
    from its source. cannot-tell counts as a misfile until somebody can.
    """
    if patient is not None and verdict != "wrong":
        raise UsageError("--patient goes with wrong")
    with asking(home, Right.SUPERVISE) as (opened, access):
        document = document_by(document_id, opened, access)
        person = patient_by(patient, opened, access, is_for_filing=True) if patient is not None else None
        if person is not None and person.patient_id == document.patient_id:
            raise UsageError("--patient is the one it is filed under")
        incident = use.record(
            document.document_id, _VERDICTS[verdict], by, reason, access.actor, opened.services
        )
        click.echo(f"{document.document_id[:8]}: {verdict}")
        if verdict == "right" and not _counts(document.document_id, opened):
            click.echo("    kept, but not counted: it was not drawn at random (`audit draw`)")
        if incident is None:
            return
        if person is not None:
            now = document_by(document.document_id, opened, access)
            settled = review.Settlement(patient_id=person.patient_id, note=reason)
            review.accept(now.document_id, now.version, settled, access.actor, opened.services)
        _say_incident(incident)
        if person is None:
            click.echo("    it waits in `scanindex review` for its right patient")
        elif not file_proposed(opened):
            click.echo("    the running service files it next")
        catch_up(opened)


def _counts(document_id: DocumentId, opened: app.Workspace) -> bool:
    with opened.catalog.read() as unit:
        filing = unit.filings.get(document_id)
    return filing is not None and filing.stratum is Stratum.UNIFORM


def _say_incident(incident: Incident) -> None:
    click.echo(f"incident {incident.incident_id[:8]}: nothing from this source is filed alone any more")
    click.echo(f"    {len(incident.rechecks)} document(s) of the same run to look at (`review --recheck`)")
    click.echo(f"    `scanindex audit incident show {incident.incident_id[:8]}` tells what is to do")


@audit.command()
@click.argument("source")
@click.argument("mode", type=click.Choice([Mode.SUGGEST.value, Mode.STRICT.value]))
@click.option("--reason", default="", help="Why; kept in the history.")
@pass_home
def mode(home: Path, source: str, mode: str, reason: str) -> None:
    """Let SOURCE file alone where the gates hold (strict), or only propose (suggest).

    SOURCE is the inbox folder, "." for the inbox itself. With strict, what waits only for
    that is decided again at once.
    """
    with asking(home, Right.SUPERVISE) as (opened, access):
        known = {one.source for one in use.status(opened.services)}
        use.set_mode(source, Mode(mode), reason, access.actor, opened.services)
        click.echo(f"{printable(source)}: {mode}" + ("" if mode == "suggest" else " (not certified)"))
        if source not in known:
            click.echo("    nothing came through a source of this name yet", err=True)
        if mode == Mode.STRICT.value:
            _let_go(source, opened)


def _let_go(source: str, opened: app.Workspace) -> None:
    """Decide again what only waited for the mode; a running service does it by itself."""
    try:
        with app.exclusive(opened.settings):
            count = redecide.let_go(source, opened.services)
            with opened.catalog.read() as unit:
                ids = {d.scan_id for d in unit.documents.all(DocumentState.PROPOSED)}
                scans = [unit.scans.get(scan_id) for scan_id in sorted(ids)]
            for scan in scans:
                if scan is not None:
                    pipeline.file_proposed(scan, opened.services)
    except AlreadyRunning:
        click.echo("    the running service decides again what waits")
        return
    catch_up(opened)
    click.echo(f"    {count} waiting document(s) decided again")


@audit.command()
@click.argument("source")
@click.option("--by", "by", required=True, help="Who answers for it.")
@pass_home
def certify(home: Path, source: str, by: str) -> None:
    """Certify SOURCE under the policy in force; refused until its audits meet the bound.

    The certificate lapses when an engine, a rule, a threshold, a model or the roster changes;
    the source then goes on as strict, and is shown so.
    """
    with asking(home, Right.SUPERVISE) as (opened, access):
        given = use.certify_source(source, by, access.actor, opened.services)
    click.echo(
        f"{printable(source)}: certified; {given.misfiles} of {given.audited} misfiled, "
        f"upper bound {given.upper_bound:.4%}, policy {given.policy.policy_id}, "
        f"roster version {given.policy.roster_version}"
    )


@audit.command()
@click.option("--all", "everything", is_flag=True, help="Closed ones too.")
@json_option
@pass_home
def incidents(home: Path, everything: bool, as_json: bool) -> None:
    """List confirmed misfiles that are not closed yet."""
    with asking(home, Right.SUPERVISE) as (opened, _):
        found = use.all_incidents(opened.services, open_only=not everything)
    if as_json:
        emit_json(found)
        return
    rows = [
        (
            one.incident_id[:8],
            f"{one.opened_at:%Y-%m-%d %H:%M}Z",
            one.source,
            one.rule,
            len(one.misfiles),
            len(one.rechecks),
            "closed" if one.closed_at else "open",
        )
        for one in found
    ]
    table(("INCIDENT", "OPENED", "SOURCE", "RULE", "MISFILED", "RECHECKS", "STATE"), rows)


@audit.group("incident")
def incident_group() -> None:
    """One incident: what happened, who met it, what is left to do, and closing it."""


@incident_group.command("show")
@click.argument("incident_id")
@json_option
@pass_home
def show(home: Path, incident_id: str, as_json: bool) -> None:
    """What was misfiled, who was shown it meanwhile, and what must be done before closing."""
    with asking(home, Right.SUPERVISE) as (opened, access):
        found = _incident_by(incident_id, opened)
        met = use.exposures(found.incident_id, opened.services)
        points = use.open_points(found.incident_id, opened.services) if found.closed_at is None else []
        documents = []
        for misfile in found.misfiles:
            with opened.catalog.read() as unit:
                document = unit.documents.get(misfile.document_id)
            if document is not None:
                documents.append(document_data(document, opened, access))
        record_read(opened, access, "incident", [misfile.document_id for misfile in found.misfiles])
        wrong = {m.document_id: patient_line(opened.roster.get(m.patient_id)) for m in found.misfiles}
    if as_json:
        emit_json(
            {
                "incident": found,
                "documents": documents,
                "exposures": met,
                "not_known": _BLIND_SPOTS,
                "open_points": points,
            }
        )
        return
    state = f"closed by {found.closed_by}" if found.closed_at else "open"
    click.echo(f"incident {found.incident_id}  {state}{', unfounded' if found.is_unfounded else ''}")
    click.echo(f"    source {printable(found.source)}, batch {found.batch_id or 'none'}, rule {found.rule}")
    for misfile in found.misfiles:
        click.echo(
            f"    {misfile.document_id[:8]} was filed under {printable(wrong[misfile.document_id])}; "
            f"found by {printable(misfile.found_by)} ({misfile.how}), {misfile.found_at:%Y-%m-%d %H:%M}Z"
        )
    click.echo("shown to (as far as events tell):" + ("" if met else " nobody"))
    for exposure in met:
        moment, document_id = f"{exposure.at:%Y-%m-%d %H:%M}Z", exposure.document_id[:8]
        click.echo(f"    {moment}  {exposure.actor}  {exposure.what}  {document_id}")
    click.echo(f"    {_BLIND_SPOTS}")
    click.echo("before closing:" if points else "nothing is left to do before closing")
    for point in points:
        click.echo(f"    {point}")


@incident_group.command("close")
@click.argument("incident_id")
@click.option("--by", "by", required=True, help="Who closes it: not who found the misfile.")
@click.option("--note", default="", help="Cause and what was done; kept in the history.")
@click.option("--unfounded", is_flag=True, help="Nothing was misfiled after all; it no longer counts.")
@pass_home
def close(home: Path, incident_id: str, by: str, note: str, unfounded: bool) -> None:
    """Close an incident; refused while rechecks are open, and to who found the misfile.

    The source goes on proposing only, until `scanindex audit mode SOURCE strict`.
    """
    with asking(home, Right.SUPERVISE) as (opened, access):
        found = _incident_by(incident_id, opened)
        use.close(found.incident_id, by, note, access.actor, opened.services, is_unfounded=unfounded)
    click.echo(f"incident {found.incident_id[:8]} is closed")
    click.echo(
        f"    `scanindex audit mode {printable(found.source)} strict` lets its source file alone again"
    )


def _incident_by(text: str, opened: app.Workspace) -> Incident:
    found = [one for one in use.all_incidents(opened.services) if one.incident_id.startswith(text.lower())]
    if not text or not found:
        raise NotFound(f"no incident {text!r}")
    if len(found) > 1:
        raise UsageError(f"several incidents start with {text!r}; give more characters")
    return found[0]
