"""types: the kinds of documents, what this site taught, and why a document has its type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from scanindex import typelearning
from scanindex.access_model import Right
from scanindex.cli.common import (
    asking,
    document_by,
    emit_json,
    json_option,
    pass_home,
    printable,
    record_read,
    table,
    workspace,
)
from scanindex.doctypes import DOCUMENT_TYPES, KEYS


@click.group()
def types() -> None:
    """The kinds of documents: list them, learn from corrections, explain one.

    \b
    scanindex types list
    scanindex types learn               after some `review retype` or `review accept --type`
    scanindex types explain DOCUMENT
    A site adds types and titles in scanindex.toml: [types.CODE] name, loinc, titles.
    """


@types.command(name="list")
@json_option
@pass_home
def list_types(home: Path, as_json: bool) -> None:
    """Code, LOINC code, how many titles are known, and what was learnt here."""
    from scanindex.extract.tables import read_table

    with workspace(home) as opened:
        learned = opened.types.learned()
        rows = []
        own = {kind.code: kind for kind in opened.settings.types}
        for kind in DOCUMENT_TYPES:
            titles = sum(len(p) for heading, p in read_table("titles") if heading[0] == kind.key)
            extra = len(own[kind.key].titles) if kind.key in own else 0
            rows.append(_row(kind.key, kind.title, kind.loinc, titles + extra, learned))
        rows += [
            _row(code, k.name or code, k.loinc or None, len(k.titles), learned)
            for code, k in own.items()
            if code not in KEYS
        ]
        if as_json:
            emit_json({"types": rows, "learned": learned["about"] if learned else None})
            return
        table(
            ("CODE", "LOINC", "TITLES", "LEARNT HERE", "NAME"),
            [
                (r["code"], r["loinc"] or "-", r["titles"], "yes" if r["is_learned"] else "-", r["name"])
                for r in rows
            ],
        )


def _row(
    code: str, name: str, loinc: str | None, titles: int, learned: dict[str, Any] | None
) -> dict[str, Any]:
    is_learned = bool(learned and code in learned["about"].get("types", ()))
    return {"code": code, "name": name, "loinc": loinc, "titles": titles, "is_learned": is_learned}


@types.command()
@json_option
@pass_home
def learn(home: Path, as_json: bool) -> None:
    """Teach the type model what people corrected; refused where it would get worse.

    Judged on documents that were left out of teaching. A running service follows at once;
    documents that are filed already keep their type.
    """
    with workspace(home) as opened:
        learned = typelearning.learn(opened.services)
        if as_json:
            emit_json(learned)
            return
        verdict = learned.verdict
        if verdict:
            of = verdict.corrections + verdict.confirmations
            click.echo(
                f"{verdict.corrections} corrected and {verdict.confirmations} confirmed document(s); "
                f"type right on those left out: {verdict.right_before} of {of} before, "
                f"{verdict.right_after} of {of} after"
            )
        else:
            click.echo(f"{learned.corrections} corrected document(s)")
        click.echo("learnt" if learned.is_kept else f"nothing changed: {learned.reason}")


@types.command()
@click.argument("document_id")
@json_option
@pass_home
def explain(home: Path, document_id: str, as_json: bool) -> None:
    """Why DOCUMENT has its type: its title, what its words say, and the labels found."""
    from scanindex.classify.sensitivity import sightings
    from scanindex.model import FindingKind

    with asking(home, Right.READ) as (opened, access):
        document = document_by(document_id, opened, access)
        record_read(opened, access, "types explain", [document.document_id])
        text = typelearning.text_of(document, opened.services)
        site = opened.types.current()
        answer = site.answer(text)
        titles = [f for f in document.findings if f.kind is FindingKind.DOCUMENT_TYPE]
        best = answer.ranked[0][0] if answer.ranked else None
        words = site.model.speaks_for(text, best) if best else []
        if as_json:
            emit_json(
                {
                    "document_type": document.document_type,
                    "read": [{"type": f.value, "rule": f.rule, "page": f.scan_page_no} for f in titles],
                    "by_words": [{"type": k, "probability": round(p, 4)} for k, p in answer.ranked[:5]],
                    "is_sure": answer.key is not None,
                    "words": [{"word": name, "weight": weight} for name, weight in words],
                    "sensitivity": list(document.sensitivity),
                }
            )
            return
        click.echo(f"type: {document.document_type or 'unknown'}")
        for finding in titles:
            click.echo(
                f"  page {finding.scan_page_no}: {finding.value} ({finding.rule}) {printable(finding.raw)}"
            )
        for key, probability in answer.ranked[:3]:
            click.echo(f"  by the words of its first page: {key} {probability:.2f}")
        if answer.key is None:
            click.echo("  the words alone would give no answer")
        if words:
            click.echo(f"  speaking for {best}: {printable(', '.join(name for name, _ in words))}")
        click.echo(f"sensitivity: {', '.join(document.sensitivity) or 'none found'}")
        for sighting in sightings(text):
            click.echo(f"  {sighting.label}: {printable(sighting.phrase)}")
