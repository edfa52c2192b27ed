"""The parts of `roster` about single records: shown, their past, merged and taken apart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scanindex.access_model import Right
from scanindex.cli.common import (
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
from scanindex.cli.find import catch_up, patient_by
from scanindex.cli.render import patient_data
from scanindex.errors import UsageError

if TYPE_CHECKING:
    from scanindex.model import Patient

_FILED = {True: "filed again", False: "are filed again by the running service"}


@click.command()
@click.argument("patient")
@json_option
@pass_home
def show(home: Path, patient: str, as_json: bool) -> None:
    """All that the roster holds about PATIENT, and who may be taken for them."""
    from scanindex.store.roster_flags import flags_of

    with asking(home, Right.ROSTER) as (opened, access):
        person = patient_by(patient, opened, access)
        flags = flags_of(person, opened.roster)
        merged = opened.roster.merged_into(person.patient_id)
        record_read(opened, access, "roster", (), [person.patient_id])
        if as_json:
            data = _data(person)
            data["flags"] = [{"code": f.code, "text": f.text, "patients": f.patient_ids} for f in flags]
            data["merged"] = [patient_data(p) for p in merged]
            emit_json(data)
            return
        click.echo(printable(patient_line(person)) + ("  (provisional)" if person.is_provisional else ""))
        for name, value in _lines(person):
            click.echo(f"  {name:10s} {printable(value)}")
        for p in merged:
            click.echo(f"  merged     {printable(patient_line(p))}")
        for flag in flags:
            click.echo(f"  flag       {flag.text} [{flag.code}]")


def _data(person: Patient) -> dict[str, Any]:
    data = patient_data(person) or {}
    names = [
        {"last": n.last, "first": n.first, "middle": n.middle, "suffix": n.suffix, "use": n.use}
        for n in person.names
    ]
    rest = ("ssn4", "phone", "address", "mother_mrn")
    return data | {"names": names} | {key: getattr(person, key) for key in rest}


def _lines(person: Patient) -> list[tuple[str, str]]:
    found = [("id", str(person.patient_id))]
    found += [("number", f"{i.value}  ({i.authority})") for i in person.identifiers]
    found += [
        (n.use, " ".join(part for part in (f"{n.last},", n.first, n.middle, n.suffix) if part))
        for n in person.names[1:]
    ]
    rest = ("sex", "ssn4", "phone", "address", "mother_mrn")
    found += [(key.replace("_mrn", ""), value) for key in rest if (value := getattr(person, key))]
    return found


@click.command()
@click.argument("patient")
@json_option
@pass_home
def history(home: Path, patient: str, as_json: bool) -> None:
    """What PATIENT was before each change, oldest first, with the version that changed it."""
    with asking(home, Right.ROSTER) as (opened, access):
        person = patient_by(patient, opened, access)
        past = opened.roster.history(person.patient_id)
        record_read(opened, access, "roster", (), [person.patient_id])
        if as_json:
            emit_json([{"version": v, "changed_at": at} | _data(p) for v, at, p in past])
            return
        after = [p for _, _, p in past[1:]] + [person]
        rows = [
            (f"before version {v}", at[:19], patient_line(before), _changes(before, then))
            for (v, at, before), then in zip(past, after, strict=True)
        ]
        table(("WHEN", "CHANGED AT", "PATIENT", "CHANGE"), [*rows, ("now", "", patient_line(person), "")])


def _changes(before: Patient, after: Patient) -> str:
    """What a merge or an import gave and took, where the patient's line alone would not show it."""
    was, now = ({f"{i.type.upper()} {i.value}" for i in p.identifiers} for p in (before, after))
    parts = [f"+ {number}" for number in sorted(now - was)] + [f"- {number}" for number in sorted(was - now)]
    if before.names != after.names:
        parts.append("names")
    kinds = ("birth_date", "sex", "ssn4", "phone", "address", "mother_mrn")
    parts += [kind.replace("_", " ") for kind in kinds if getattr(before, kind) != getattr(after, kind)]
    return ", ".join(parts)


@click.command()
@json_option
@pass_home
def versions(home: Path, as_json: bool) -> None:
    """Every version of the roster: imports, merges and their undoing."""
    with workspace(home) as opened:
        found = opened.roster.versions()
    if as_json:
        emit_json(found)
        return
    table(
        ("VERSION", "AT", "PATIENTS", "WHAT"),
        [
            (v["version"], v["imported_at"][:19], v["patients"], ", ".join(_counts(v["summary"])))
            for v in found
        ],
    )


def _counts(summary: dict[str, int]) -> list[str]:
    # A file asks for merges; the version after it carries them out.
    told = {"merges": "merges asked for"} if "rows" in summary else {}
    return [
        f"{count} {told.get(name, name.replace('_count', 's'))}"
        for name, count in summary.items()
        if count and name != "first_new"
    ]


@click.command()
@click.argument("loser")
@click.argument("survivor")
@click.option("--reason", required=True, help="Why; kept in the history.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_home
def merge(home: Path, loser: str, survivor: str, reason: str, yes: bool) -> None:
    """Say that LOSER and SURVIVOR are one person, registered twice.

    The old number and names find SURVIVOR from now on, and LOSER's documents are filed again there.
    `roster unmerge` takes it back.
    """
    from scanindex.store import roster_merging

    with asking(home, Right.ROSTER_MERGE) as (opened, access):
        one, two = (patient_by(text, opened, access, is_for_filing=True) for text in (loser, survivor))
        if one.patient_id == two.patient_id:
            raise UsageError("both are one patient already")
        if not yes:
            click.echo(
                f"  {printable(patient_line(one))}\n  becomes part of\n  {printable(patient_line(two))}"
            )
            click.confirm("Merge them?", abort=True)
        moved = roster_merging.merge(opened.catalog, one.patient_id, two.patient_id, reason, access.actor)
        at_once = file_proposed(opened)
        catch_up(opened)
    click.echo(f"merged; {moved} document(s) {_FILED[at_once]}")


@click.command()
@click.argument("loser")
@click.option("--reason", required=True, help="Why; kept in the history.")
@pass_home
def unmerge(home: Path, loser: str, reason: str) -> None:
    """Take a merge back; LOSER is the number, or the id, that was merged into another patient.

    Documents that changed hands with the merge go back; what was filed there since is put on
    `review --recheck`.
    """
    from scanindex.store import roster_merging

    with asking(home, Right.ROSTER_MERGE) as (opened, access):
        loser_id = roster_merging.merged_id(opened.catalog, loser)
        moved, again = roster_merging.unmerge(opened.catalog, loser_id, reason, access.actor)
        at_once = file_proposed(opened)
        catch_up(opened)
    click.echo(f"taken apart; {moved} document(s) went back and {_FILED[at_once]}")
    if again:
        click.echo(f"{again} document(s) filed since then to look at: `review --recheck`")


@click.command()
@json_option
@pass_home
def merges(home: Path, as_json: bool) -> None:
    """Merges that imported files ask for and that wait: for a patient, or for a person's word."""
    from scanindex.store import roster_merging

    with asking(home, Right.ROSTER) as (opened, access):
        found = roster_merging.waiting(opened.catalog)
        record_read(opened, access, "roster")
    if as_json:
        emit_json(
            [
                {"state": m.state, "loser": m.merge.loser, "survivor": m.merge.survivor, "at": m.at}
                | {"reason": m.merge.reason}
                for m in found
            ]
        )
        return
    table(
        ("STATE", "LOSER", "SURVIVOR", "ASKED BY"),
        [(m.state, m.merge.loser[1], m.merge.survivor[1], m.merge.reason) for m in found],
    )
