"""What all commands share: the workspace, who is asking, ids by prefix, output."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from scanindex import app
from scanindex.doctypes import KEYS
from scanindex.errors import ConflictError, NotFound, UsageError
from scanindex.model import Document, DocumentId, DocumentState, Patient, ScanId
from scanindex.settings import Settings, load

F = TypeVar("F", bound=Callable[..., Any])

pass_home = click.pass_obj


def settings_of(home: Path) -> Settings:
    return load(home, os.environ)


@contextlib.contextmanager
def workspace(home: Path) -> Iterator[app.Workspace]:
    """The opened workspace, closed again whatever happens."""
    opened = app.open_workspace(settings_of(home))
    try:
        yield opened
    finally:
        opened.close()


def actor() -> str:
    """The operating system's user, as recorded with decisions and reads."""
    try:
        return f"user:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        return f"user:uid{os.getuid()}"


def json_option(function: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")(function)


def emit_json(value: Any) -> None:
    import msgspec

    click.echo(json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=1))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Aligned columns; control characters of what was read never reach the terminal."""
    lines = [[printable(str(cell)) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(head, *lines, strict=True)]
    for line in ([*head], *lines):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def printable(text: str) -> str:
    """Without control and direction characters: OCR text and file names are not trusted."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


class DocumentTypeChoice(click.Choice):  # type: ignore[type-arg]  # generic from click 8.2 on
    """A document type that ships with the product, or one of the site's own settings."""

    def __init__(self) -> None:
        super().__init__(sorted(KEYS))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value not in KEYS and ctx is not None and isinstance(ctx.obj, Path):
            own = {kind.code for kind in settings_of(ctx.obj).types}
            if value in own:
                return value
        return super().convert(value, param, ctx)


def new_file(target: Path, settings: Settings) -> Path:
    """`target`, if something of the user's may be written there. Raises UsageError.

    Never over a file that is there, and never among the data of the workspace: what takes a
    name there takes the place of a chart.
    """
    place = target.absolute()
    if str(target) == "-" or place.is_dir():
        raise UsageError("name a file to write to")
    if not place.parent.is_dir():
        raise UsageError("the folder for the file does not exist; make it first")
    if os.path.lexists(place):
        raise UsageError("there is a file of that name already; remove it or name another")
    kept = (settings.archive, settings.var, settings.inbox)
    if any(place.parent.resolve().is_relative_to(folder.resolve()) for folder in kept):
        raise UsageError("that is among the program's own data; write it somewhere else")
    return place


def file_proposed(opened: app.Workspace) -> bool:
    """File what is decided now; False where the running service does it."""
    with opened.catalog.read() as unit:
        proposed = list(dict.fromkeys(d.scan_id for d in unit.documents.all(DocumentState.PROPOSED)))
    return app.file_now(opened, proposed)


def document_by(text: str, opened: app.Workspace) -> Document:
    """The document whose id is, or uniquely starts with, `text`."""
    prefix, _, version = text.partition("@")
    with opened.catalog.read() as unit:
        ids = unit.documents.with_prefix(prefix.lower())
        document = unit.documents.get(_only(ids, prefix, "document"))
    assert document is not None
    if version and (not version.isdigit() or int(version) != document.version):
        raise ConflictError(f"document {document.document_id} is version {document.version}, not {version}")
    return document


def scan_by(text: str, opened: app.Workspace) -> ScanId:
    with opened.catalog.read() as unit:
        return _only(unit.scans.with_prefix(text.lower()), text, "scan")


Id = TypeVar("Id", DocumentId, ScanId)


def _only(ids: Sequence[Id], text: str, what: str) -> Id:
    if not text or not ids:
        raise NotFound(f"no {what} {text!r}")
    if len(ids) > 1 and text not in ids:
        raise UsageError(f"several {what}s start with {text!r}; give more characters")
    return ids[0]


def patient_line(patient: Patient | None) -> str:
    if patient is None:
        return "-"
    parts = [patient.display_name, patient.birth_date or "birth date unknown"]
    parts.append(f"MRN {patient.mrn}" if patient.mrn else "no MRN")
    return ", ".join(parts)


def record_read(opened: app.Workspace, what: str, document_ids: Sequence[str] = ()) -> None:
    """Reads of patient data are events too, under the operating system's user."""
    with opened.catalog.write() as unit:
        unit.events.append("viewed", actor(), what=what, document_ids=list(document_ids)[:1_000])
