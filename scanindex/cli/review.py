"""review: what waits for a person, and settling it from the terminal."""

from __future__ import annotations

from pathlib import Path

import click

from scanindex import app, fetch, pipeline, quality, redecide
from scanindex import review as use
from scanindex.access_model import Access, Right
from scanindex.classify.sensitivity import LABELS
from scanindex.cli.common import (
    DocumentTypeChoice,
    asking,
    document_by,
    emit_json,
    json_option,
    pass_home,
    patient_line,
    printable,
    record_read,
    refuse_correcting,
    scan_by,
)
from scanindex.cli.find import candidate_lines, catch_up, look_alike_lines, other_reading_line, patient_by
from scanindex.cli.recheck import confirm, list_rechecks, list_rescans, replaced, rescan
from scanindex.cli.render import document_data, names_of, pages_text
from scanindex.cli.restack import move, rotate, set_aside, strip
from scanindex.desk.hands import refuse_others, told
from scanindex.desk.keys import refuse_one_key
from scanindex.errors import AlreadyRunning, UsageError
from scanindex.model import Document, DocumentState, FindingKind, Identifier, Patient, PatientId, PersonName

_LABEL = click.Choice(sorted(LABELS))
_DATE_HELP = "Clinical date: 1987-03-02, 1987-03 or 1987."
_IDENTIFYING = (FindingKind.MRN, FindingKind.BIRTH_DATE, FindingKind.NAME)
_STATES = {
    "rescan": DocumentState.RESCAN_WANTED,
    "error": DocumentState.ENTERED_IN_ERROR,
    "paper": DocumentState.PAPER_KEPT,
}


@click.group(invoke_without_command=True)
@click.option("--rescans", is_flag=True, help="List the paper to be scanned again instead (printable).")
@click.option("--recheck", is_flag=True, help="List filed documents to look at again instead.")
@json_option
@click.pass_context
def review(ctx: click.Context, rescans: bool, recheck: bool, as_json: bool) -> None:
    """List what waits for a person and why; the sub-commands settle it.

    \b
    scanindex review                               what waits
    scanindex show DOCUMENT                        everything about one
    scanindex review accept DOCUMENT --patient 2   candidate 2 of the list
    scanindex review accept DOCUMENT --patient 0482913 --type lab_report --date 1998-03-02
    scanindex review new DOCUMENT --last DOE --first JANE --birth-date 1950-04-01
    scanindex review split DOCUMENT 3              page 3 begins another document
    scanindex review rescan DOCUMENT               the picture is too poor
    DOCUMENT may be abbreviated, and pinned to the version you looked at: k7f3q2@1
    """
    if ctx.invoked_subcommand is not None:
        return
    if rescans:
        list_rescans(ctx.obj, as_json)
    elif recheck:
        list_rechecks(ctx.obj, as_json)
    else:
        _list(ctx.obj, as_json)


for _command in (rescan, replaced, confirm, strip, move, set_aside, rotate):
    review.add_command(_command)


def _list(home: Path, as_json: bool) -> None:
    with asking(home, Right.REVIEW) as (opened, access):
        waiting = [d for d in use.queue(opened.services) if fetch.sees(access, d)]
        record_read(opened, access, "review", [d.document_id for d in waiting])
        if as_json:
            emit_json([document_data(document, opened, access) for document in waiting])
            return
        for document in waiting:
            _print_item(document, opened, access)
        click.echo(f"{len(waiting)} document(s) wait for review", err=True)


def _print_item(document: Document, opened: app.Workspace, access: Access) -> None:
    with opened.catalog.read() as unit:
        scan = unit.scans.get(document.scan_id)
        claim = unit.desk.holder(document.scan_id, opened.services.clock.now())
    names = ", ".join(names_of(scan, opened)) if scan else "?"
    head = f"{document.document_id[:8]}@{document.version}  {document.document_type or 'type unknown'}"
    click.echo(
        f"{head}  {document.service_date or 'undated'}  {printable(names)} p.{pages_text(document.pages)}"
    )
    read = document.fields
    click.echo(
        printable(f"    read: {read.name or '-'}, born {read.birth_date or '-'}, MRN {read.mrn or '-'}")
    )
    for finding in document.findings:
        if finding.other_raw is not None and finding.kind in _IDENTIFYING:
            click.echo(f"    look: {finding.kind.value}, {other_reading_line(finding)}")
    if claim is not None:
        click.echo(f"    {told(claim)}")
    for reason in document.decision.reasons:
        click.echo(f"    why:  {reason}")
    for line in look_alike_lines(document, opened, access):
        click.echo(f"    looks like {line}")
    for wish in quality.wishes(document):
        click.echo(f"    {wish}: scan it again (`review rescan`), or accept it as it is")
    for line in candidate_lines(document, opened, access):
        click.echo(f"    {line}")


@review.command()
@click.argument("document_id")
@click.option("--patient", "patient", required=True, help="Candidate number, MRN, or patient id.")
@click.option("--type", "document_type", type=DocumentTypeChoice(), help="Document type.")
@click.option("--date", "service_date", help=_DATE_HELP)
@click.option("--note", default="", help="Why; kept in the history.")
@pass_home
def accept(
    home: Path, document_id: str, patient: str, document_type: str | None, service_date: str | None, note: str
) -> None:
    """Say whose document it is; it is filed next. Works on a filed one too (refile)."""
    with asking(home, Right.REVIEW) as (opened, access):
        document = document_by(document_id, opened, access)
        refuse_others(document.scan_id, access.actor, opened.services)
        refuse_correcting(document, opened, access)
        refuse_one_key(document, document_type, opened.services)
        person = _person(patient, document, opened, access)
        settled = use.Settlement(
            patient_id=person.patient_id,
            document_type=document_type,
            service_date=civil_date(service_date),
            note=note,
        )
        changed = use.accept(document.document_id, document.version, settled, access.actor, opened.services)
        click.echo(f"{changed.document_id[:8]}: {printable(patient_line(person))}")
        _say_incident(changed, opened)
        _finish(changed, opened)


@review.command()
@click.argument("document_id")
@click.option("--last", help="Last name (default: as read).")
@click.option("--first", help="First name (default: as read).")
@click.option("--middle", help="Middle name (default: as read).")
@click.option("--birth-date", help="1950-04-01 (default: as read).")
@click.option("--sex", type=click.Choice(["F", "M", "U"]), help="Default: as read.")
@click.option("--mrn", help="Record number (default: as read; --mrn '' for another hospital's or none).")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before registering.")
@click.option("--type", "document_type", type=DocumentTypeChoice(), help="Document type.")
@click.option("--date", "service_date", help=_DATE_HELP)
@pass_home
def new(
    home: Path,
    document_id: str,
    last: str | None,
    first: str | None,
    middle: str | None,
    birth_date: str | None,
    sex: str | None,
    mrn: str | None,
    yes: bool,
    document_type: str | None,
    service_date: str | None,
) -> None:
    """File under a person who is not in the roster: registers a provisional patient.

    What was read on the pages is the default; compare it with the paper before saying yes.
    """
    with asking(home, Right.REVIEW) as (opened, access):
        document = document_by(document_id, opened, access)
        refuse_others(document.scan_id, access.actor, opened.services)
        refuse_one_key(document, document_type, opened.services)
        authority = opened.settings.site.mrn_authority
        number = document.fields.mrn if mrn is None else mrn
        read = document.fields
        patient = Patient(
            patient_id=PatientId(""),
            names=(_name(read.name, last, first, middle),),
            birth_date=civil_date(birth_date) or read.birth_date,
            sex=sex or read.sex,
            identifiers=(Identifier(authority=authority, type="mrn", value=number),) if number else (),
            is_provisional=True,
        )
        if not yes:
            click.confirm(f"Register {printable(patient_line(patient))}?", abort=True)
        patient_id = use.new_patient(patient, access.actor, opened.services)
        settled = use.Settlement(
            patient_id=patient_id, document_type=document_type, service_date=civil_date(service_date)
        )
        changed = use.accept(document.document_id, document.version, settled, access.actor, opened.services)
        click.echo(f"provisional patient {patient_id}")
        _finish(changed, opened, look_again=True)


@review.command()
@click.argument("document_id")
@click.option(
    "--as",
    "how",
    type=click.Choice(sorted(_STATES)),
    required=True,
    help="rescan: image not good enough; error: not a record; paper: only the paper can be read, keep it.",
)
@click.option("--note", default="", help="Why; kept in the history.")
@pass_home
def reject(home: Path, document_id: str, how: str, note: str) -> None:
    """Take a document out of filing; its pages stay in the archive."""
    with asking(home, Right.REVIEW) as (opened, access):
        document = document_by(document_id, opened, access)
        refuse_others(document.scan_id, access.actor, opened.services)
        refuse_correcting(document, opened, access)
        changed = use.reject(
            document.document_id, document.version, _STATES[how], note, access.actor, opened.services
        )
        click.echo(f"{changed.document_id[:8]} is {changed.state}")
        catch_up(opened)


@review.command()
@click.argument("document_id")
@click.option("--note", default="", help="Why; kept in the history.")
@pass_home
def undo(home: Path, document_id: str, note: str) -> None:
    """Put a settled document back into review; it leaves chart and search at once."""
    with asking(home, Right.CORRECT) as (opened, access):
        document = document_by(document_id, opened, access)
        refuse_others(document.scan_id, access.actor, opened.services)
        changed = use.reopen(document.document_id, document.version, note, access.actor, opened.services)
        click.echo(f"{changed.document_id[:8]}@{changed.version} is in review again")
        catch_up(opened)


@review.command()
@click.argument("document_id")
@click.argument("document_type", type=DocumentTypeChoice())
@click.option("--note", default="", help="Why; kept in the history.")
@pass_home
def retype(home: Path, document_id: str, document_type: str, note: str) -> None:
    """Correct only the type; `scanindex types learn` learns from it. See types for what there is."""
    with asking(home, Right.CORRECT) as (opened, access):
        document = document_by(document_id, opened, access)
        refuse_others(document.scan_id, access.actor, opened.services)
        changed = use.retype(
            document.document_id, document.version, document_type, note, access.actor, opened.services
        )
        click.echo(f"{changed.document_id[:8]}@{changed.version} is a {document_type}")
        _finish_if_filed(changed, opened)


@review.command()
@click.argument("document_id")
@click.option("--add", multiple=True, type=_LABEL, help="Give it this label (repeatable).")
@click.option("--remove", multiple=True, type=_LABEL, help="Take this label away (repeatable).")
@click.option("--note", required=True, help="Why; kept in the history.")
@pass_home
def sensitivity(
    home: Path, document_id: str, add: tuple[str, ...], remove: tuple[str, ...], note: str
) -> None:
    """Add or remove a label that restricts access; the machine never overrules it."""
    with asking(home, Right.CORRECT) as (opened, access):
        document = document_by(document_id, opened, access)
        refuse_others(document.scan_id, access.actor, opened.services)
        changed = use.relabel(
            document.document_id, document.version, add, remove, note, access.actor, opened.services
        )
        labels = ", ".join(changed.sensitivity) or "no label"
        click.echo(f"{changed.document_id[:8]}@{changed.version}: {labels}")
        _finish_if_filed(changed, opened)


def _finish_if_filed(changed: Document, opened: app.Workspace) -> None:
    """What was filed is filed anew; what waits goes on waiting."""
    if changed.state is DocumentState.PROPOSED:
        _finish(changed, opened)


@review.command()
@click.argument("document_id")
@click.argument("before_page", type=int)
@pass_home
def split(home: Path, document_id: str, before_page: int) -> None:
    """Make two documents: page BEFORE_PAGE (1-based in the document) begins the second."""
    with asking(home, Right.REVIEW) as (opened, access):
        document = document_by(document_id, opened, access)
        refuse_others(document.scan_id, access.actor, opened.services)
        first, second = use.split(
            document.document_id, document.version, before_page, access.actor, opened.services
        )
        for part in (first, second):
            click.echo(f"{part.document_id[:8]}@{part.version} pages {pages_text(part.pages)}")


@review.command()
@click.argument("first_id")
@click.argument("second_id")
@pass_home
def join(home: Path, first_id: str, second_id: str) -> None:
    """Make one document of two that came from the same scan."""
    with asking(home, Right.REVIEW) as (opened, access):
        first, second = document_by(first_id, opened, access), document_by(second_id, opened, access)
        refuse_others(first.scan_id, access.actor, opened.services)
        joined = use.join(
            first.document_id,
            first.version,
            second.document_id,
            second.version,
            access.actor,
            opened.services,
        )
        click.echo(f"{joined.document_id[:8]}@{joined.version} pages {pages_text(joined.pages)}")


@review.command()
@click.argument("scan_id")
@click.option("--page", "page_no", type=int, help="Only this page of the scan, a separator too.")
@click.option("--into", "document_id", help="With --page: a document of the same scan in review.")
@pass_home
def unblank(home: Path, scan_id: str, page_no: int | None, document_id: str | None) -> None:
    """Bring back pages that were set aside: all blanks, or one page, as a new document or --into one."""
    if page_no is None and document_id is not None:
        raise UsageError("--into needs --page")
    with asking(home, Right.REVIEW) as (opened, access):
        scan = scan_by(scan_id, opened, access)
        refuse_others(scan, access.actor, opened.services)
        if page_no is not None and document_id is not None:
            document = document_by(document_id, opened, access)
            refuse_others(document.scan_id, access.actor, opened.services)
            changed = use.take_in(
                scan, page_no, document.document_id, document.version, access.actor, opened.services
            )
        else:
            changed = use.rescue(scan, access.actor, opened.services, page_no)
        click.echo(f"{changed.document_id[:8]}@{changed.version} pages {pages_text(changed.pages)}")


def _name(read: str | None, last: str | None, first: str | None, middle: str | None) -> PersonName:
    """The name as read ("LAST, FIRST MIDDLE"), part by part replaced by what was typed."""
    read_last, _, given = (read or "").partition(",")
    parts = given.split()
    return PersonName(
        last=(last or read_last).strip(),
        first=first if first is not None else (parts[0] if parts else ""),
        middle=middle if middle is not None else " ".join(parts[1:]),
    )


def _person(text: str, document: Document, opened: app.Workspace, access: Access) -> Patient:
    """A candidate by its number in the list (1-5), else somebody by MRN or id."""
    candidates = document.decision.candidates
    if len(text) == 1 and text.isdigit():
        if not 1 <= int(text) <= len(candidates):
            raise UsageError(f"this document has {len(candidates)} candidate(s)")
        chosen = opened.roster.get(candidates[int(text) - 1].patient_id)
        if chosen:
            return chosen
    return patient_by(text, opened, access, is_for_filing=True)


def civil_date(text: str | None) -> str | None:
    """ISO text of a possibly partial date. Raises UsageError for anything else."""
    from datetime import date

    if text is None:
        return None
    parts = text.split("-")
    try:
        if len(parts) > 3 or len(parts[0]) != 4:
            raise ValueError
        padded = [int(part) for part in parts] + [1] * (3 - len(parts))
        date(*padded)
        return "-".join([parts[0], *(f"{int(part):02d}" for part in parts[1:])])
    except ValueError:
        raise UsageError("a date is written 1987-03-02, 1987-03 or 1987") from None


def _say_incident(document: Document, opened: app.Workspace) -> None:
    """Where the machine had filed it under somebody else, there is an incident now."""
    with opened.catalog.read() as unit:
        found = unit.incidents.all(open_only=True)
        mine = {line.document_id for line in unit.filings.of_scan(document.scan_id)}
    for incident in found:
        if mine & {misfile.document_id for misfile in incident.misfiles}:
            click.echo(
                f"incident {incident.incident_id[:8]}: it was filed under somebody else; nothing from its "
                "source is filed alone any more (`scanindex audit incident show`)"
            )


def _finish(document: Document, opened: app.Workspace, *, look_again: bool = False) -> None:
    """File now, unless the running service will do it within seconds.

    `look_again`: somebody new is known, so other documents may find their patient.
    """
    try:
        with app.exclusive(opened.settings):
            others = redecide.decide_again(opened.services) if look_again else 0
            with opened.catalog.read() as unit:
                proposed = {d.scan_id for d in unit.documents.all(DocumentState.PROPOSED)}
                scans = [unit.scans.get(scan_id) for scan_id in proposed | {document.scan_id}]
            for scan in scans:
                if scan is not None:
                    pipeline.file_proposed(scan, opened.services)
    except AlreadyRunning:
        click.echo("the running service files it next")
        return
    catch_up(opened)
    click.echo("filed" + (f"; {others} other document(s) decided again" if others else ""))
