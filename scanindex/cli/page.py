"""page: what stands on one page of a document, as text or as a picture with words marked."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

import click

from scanindex import app, hits, trail
from scanindex.access_model import Right
from scanindex.child import SCRATCH
from scanindex.cli.common import (
    allow,
    asking,
    document_by,
    emit_json,
    json_option,
    new_file,
    pass_home,
    patient_line,
    printable,
    record_read,
)
from scanindex.cli.search import marks_data, pointing
from scanindex.cli.search_text import Style, style
from scanindex.errors import NotFound, UsageError, transient
from scanindex.model import Document, PageReading


@click.command()
@click.argument("document_id")
@click.argument("page_no", type=click.IntRange(1), required=False)
@click.option("--mark", "query", default="", help="Mark the words that this query means.")
@click.option(
    "--image",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the page as it was scanned to this PNG file, with the words marked. It holds patient data.",
)
@json_option
@pass_home
def page(
    home: Path, document_id: str, page_no: int | None, query: str, image: Path | None, as_json: bool
) -> None:
    """Show page PAGE_NO of a filed document (without it: the first one with a marked word).

    \b
    scanindex page 6x2iv7kz 2
    scanindex page 6x2iv7kz --mark "ruptured spleen" --image page.png
    """
    with asking(home, Right.READ) as (opened, access), pointing(query):
        if image:
            allow(opened, access, Right.DOWNLOAD)
            new_file(image, opened.settings)
        document = document_by(document_id, opened, access)
        readings = hits.readings(document, opened.services)
        if not readings:
            raise UsageError("the document is not filed yet; `scanindex show DOCUMENT --text` has its text")
        found = [
            hits.word_numbers(query, reading, opened.language) if query.strip() else ()
            for reading in readings
        ]
        number = page_no or next((no for no, words in enumerate(found, start=1) if words), 1)
        if number > len(readings):
            pages = len(readings)
            raise NotFound(f"the document has {pages} page(s)", hint=f"Ask for a page from 1 to {pages}.")
        if image:
            trail.took(access, "downloaded", opened.services, [document.document_id], what="page picture")
        else:
            record_read(opened, access, "page", [document.document_id])
        reading, words = readings[number - 1], found[number - 1]
        marks = hits.marks(reading, words)
        if image:
            _draw(opened, document, number, marks, image)
        if as_json:
            emit_json(
                {
                    "document_id": document.document_id,
                    "version": document.version,
                    "page_no": number,
                    "pages": len(readings),
                    "word_numbers": words,
                    "text": reading.text,
                    **marks_data(reading, marks),
                }
            )
            return
        patient = opened.roster.get(document.patient_id) if document.patient_id else None
        kind = (document.document_type or "untyped").replace("_", " ")
        click.echo(
            f"{kind}, {document.service_date or 'undated'}, page {number} of {len(readings)}  "
            f"{printable(patient_line(patient))}",
            err=True,
        )
        if image:
            click.echo(f"{len(words)} word(s) marked; the picture holds patient data", err=True)
        else:
            for line in _lines(reading, words, style()):
                click.echo(line)


def _lines(reading: PageReading, words: Collection[int], style: Style) -> list[str]:
    marked = frozenset(words)
    lines: dict[int, list[str]] = {}
    for number, word in enumerate(reading.words):
        text = printable("".join(word.text.split()))
        shown = style.hit(text) if number in marked else text
        lines.setdefault(word.line_no, []).append(shown)
    return [" ".join(line) for _, line in sorted(lines.items())]


def _draw(
    opened: app.Workspace, document: Document, page_no: int, marks: Sequence[hits.Mark], image: Path
) -> None:
    """Drawn in a limited child below var/, then put where it is wanted: readable by its owner only."""
    assert document.filed_version is not None
    folder = opened.archive.document_folder(document.document_id, document.filed_version)
    try:
        shared = opened.settings.spool / SCRATCH  # emptied at every start: no picture outlives a kill
        shared.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="page-", dir=shared) as scratch:
            made = Path(scratch) / "page.png"
            opened.workers.draw_page(folder / "document.pdf", page_no, [m.place for m in marks], made)
            _put(made, image)
    except OSError as error:
        raise transient(error) from None


def _put(made: Path, image: Path) -> None:
    handle, name = tempfile.mkstemp(prefix=".scanindex-", dir=image.absolute().parent)
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as target, made.open("rb") as source:
            shutil.copyfileobj(source, target)
        partial.replace(image)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
