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

from scanindex import app, fetch, people, trail
from scanindex.access_model import Access, Right, unlimited
from scanindex.doctypes import KEYS
from scanindex.errors import (
    ConflictError,
    Forbidden,
    LoginNeeded,
    NotFound,
    SecondFactorNeeded,
    UsageError,
)
from scanindex.model import BatchId, Document, DocumentId, DocumentState, Patient, ScanId
from scanindex.settings import Settings, load

AS = "scanindex.as"
"""Key of the context's notes under which the option --as stands."""
TOKEN = "SCANINDEX_TOKEN"
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


@contextlib.contextmanager
def asking(home: Path, *rights: Right) -> Iterator[tuple[app.Workspace, Access]]:
    """The opened workspace, and who asks: somebody who has one of these rights.

    Every command that shows or changes patient data begins so. Raises LoginNeeded, LoginFailed,
    Forbidden (written down as refused).
    """
    with workspace(home) as opened:
        access = access_now(opened)
        allow(opened, access, *rights)
        yield opened, access


def access_now(opened: app.Workspace) -> Access:
    """Who speaks: until anybody has a login whoever may read the data folders, then a known person."""
    services, login = opened.services, _as()
    if not people.exist(services):
        if login:
            raise UsageError("nobody has a login yet; leave --as away, or see `scanindex people link`")
        return unlimited(actor())
    if login:
        return _by_password(login, opened)
    if secret := os.environ.get(TOKEN):
        return people.access_of_token(secret, services)
    if access := people.access_of_os_user(os_user(), services):
        return access
    raise LoginNeeded(f"say who you are: `scanindex --as LOGIN ...`, or a token in {TOKEN}")


def _as() -> str:
    context = click.get_current_context(silent=True)
    return str(context.meta.get(AS) or "") if context else ""


def _by_password(login: str, opened: app.Workspace) -> Access:
    password = click.prompt("Password", hide_input=True, err=True)
    try:
        return people.check_in(login, password, None, opened.services)
    except SecondFactorNeeded:
        code = click.prompt("Code of the second factor", err=True)
        return people.check_in(login, password, code, opened.services)


def allow(opened: app.Workspace, access: Access, *rights: Right) -> None:
    """Raises Forbidden unless they have one of these rights; a refusal is written down."""
    if any(access.may(right) for right in rights):
        return
    trail.denied(access, _command(), opened.services)
    if access.needs_second_factor:
        raise Forbidden("your role needs a second factor; set it up (`scanindex people factor`)")
    raise Forbidden()


def refuse_correcting(document: Document, opened: app.Workspace, access: Access) -> None:
    """What settles a waiting document corrects a filed one: that is another right."""
    if document.state is DocumentState.FILED:
        allow(opened, access, Right.CORRECT)


def _command() -> str:
    """Which command runs, without what was typed behind it."""
    context = click.get_current_context(silent=True)
    return " ".join(context.command_path.split()[1:])[:60] if context else "command"


def os_user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid{os.getuid()}"


def actor() -> str:
    """The operating system's user: who runs what needs no login."""
    return f"user:{os_user()}"


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


def document_by(text: str, opened: app.Workspace, access: Access) -> Document:
    """The document whose id is, or uniquely starts with, `text`, among those that they may see."""
    prefix, _, version = text.partition("@")
    with opened.catalog.read() as unit:
        ids = unit.documents.with_prefix(prefix.lower())
        known = {i: document for i in ids if (document := unit.documents.get(i))}
    seen = [i for i in ids if i in known and fetch.sees(access, known[i])]
    if not seen and len(ids) == 1:
        fetch.document(access, ids[0], opened.services)  # refused, and written down as that
    document = known[_only(seen, prefix, "document")]
    if version and (not version.isdigit() or int(version) != document.version):
        raise ConflictError(f"document {document.document_id} is version {document.version}, not {version}")
    return document


def scan_by(text: str, opened: app.Workspace, access: Access | None = None) -> ScanId:
    """The scan whose id is, or uniquely starts with, `text`; with `access` one they may see as a whole."""
    with opened.catalog.read() as unit:
        ids = unit.scans.with_prefix(text.lower())
    if access is not None:
        ids = [i for i in ids if fetch.may_see_whole_scan(access, i, opened.services)]
    return _only(ids, text, "scan")


def batch_by(text: str, opened: app.Workspace) -> BatchId:
    """The batch whose id is, or uniquely starts with, `text`."""
    with opened.catalog.read() as unit:
        ids = [b.batch_id for b in unit.batches.all() if text and b.batch_id.startswith(text.lower())]
    return _only(ids, text, "batch")


Id = TypeVar("Id", DocumentId, ScanId, BatchId)


def _only(ids: Sequence[Id], text: str, what: str) -> Id:
    if not text or not ids:
        raise NotFound(f"no {what} {text!r}")
    if len(ids) > 1 and text not in ids:
        raise UsageError(
            f"several {what}{'es' if what == 'batch' else 's'} start with {text!r}; give more characters"
        )
    return ids[0]


def patient_line(patient: Patient | None) -> str:
    if patient is None:
        return "-"
    parts = [patient.display_name, patient.birth_date or "birth date unknown"]
    parts.append(f"MRN {patient.mrn}" if patient.mrn else "no MRN")
    return ", ".join(parts)


def record_read(
    opened: app.Workspace,
    access: Access,
    what: str,
    document_ids: Sequence[str] = (),
    patient_ids: Sequence[str] = (),
) -> None:
    """Reads of patient data are events too."""
    trail.seen(access, what, opened.services, document_ids, patient_ids)
