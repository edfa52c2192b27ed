"""The parts of `review` about the pages of one scan: the strip, moving, setting aside, turning."""

from __future__ import annotations

import re
from pathlib import Path

import click

from scanindex import app, fetch
from scanindex import restack as use
from scanindex.access_model import Access, Right
from scanindex.cli.common import (
    asking,
    document_by,
    emit_json,
    json_option,
    pass_home,
    record_read,
    scan_by,
    table,
)
from scanindex.cli.render import pages_text
from scanindex.desk.hands import refuse_others
from scanindex.errors import UsageError
from scanindex.model import Document, DocumentState, PageKind, ScanId

_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
_MOST_PAGES = 100_000


@click.command()
@click.argument("scan_id")
@json_option
@pass_home
def strip(home: Path, scan_id: str, as_json: bool) -> None:
    """Every page of a scan in the order of the paper, and where it stands."""
    with asking(home, Right.REVIEW) as (opened, access):
        found = _whole(scan_by(scan_id, opened, access), opened, access)
        record_read(opened, access, "review", [d.document_id for d in found.documents])
        if as_json:
            emit_json({"scan_id": found.scan_id, "pages": found.pages})
            return
        table(
            ("PAGE", "KIND", "DOCUMENT", "STATE", "IS PAGE", "TURN"),
            [
                (
                    page.scan_page_no,
                    page.kind,
                    f"{page.document_id[:8]}@{page.version}" if page.document_id else "set aside",
                    page.state or "-",
                    page.page_no or "-",
                    "-" if page.rotation_degrees is None else page.rotation_degrees,
                )
                for page in found.pages
            ],
        )


@click.command()
@click.argument("scan_id")
@click.argument("pages")
@click.option("--into", "document_id", help="A document of the same scan in review; default: a new one.")
@pass_home
def move(home: Path, scan_id: str, pages: str, document_id: str | None) -> None:
    """Hand PAGES of a scan (3, or 3-5,9) to another of its documents, or to a new one."""
    with asking(home, Right.REVIEW) as (opened, access):
        scan = scan_by(scan_id, opened, access)
        goal = document_by(document_id, opened, access).document_id if document_id else None
        versions = _in_hand(scan, opened, access).versions
        changed = use.move_pages(scan, page_numbers(pages), goal, versions, access.actor, opened.services)
        _say(changed)


@click.command("set-aside")
@click.argument("scan_id")
@click.argument("pages")
@click.option(
    "--as",
    "kind",
    type=click.Choice([kind.value for kind in use.ASIDE]),
    default=PageKind.BLANK.value,
    show_default=True,
    help="What they are.",
)
@pass_home
def set_aside(home: Path, scan_id: str, pages: str, kind: str) -> None:
    """Take PAGES (3, or 3-5,9) out of their documents; `review unblank` brings them back."""
    with asking(home, Right.REVIEW) as (opened, access):
        scan = scan_by(scan_id, opened, access)
        versions = _in_hand(scan, opened, access).versions
        changed = use.set_aside(
            scan, page_numbers(pages), PageKind(kind), versions, access.actor, opened.services
        )
        _say(changed)


@click.command()
@click.argument("scan_id")
@click.argument("page", type=int)
@click.argument("degrees", type=click.Choice(["90", "180", "270"]))
@pass_home
def rotate(home: Path, scan_id: str, page: int, degrees: str) -> None:
    """Turn PAGE of a scan clockwise and read it again that way round; the original stays."""
    with asking(home, Right.REVIEW) as (opened, access):
        scan = scan_by(scan_id, opened, access)
        found = _in_hand(scan, opened, access)
        version = next((p.version for p in found.pages if p.scan_page_no == page), None)
        changed = use.rotate(scan, page, int(degrees), version or 0, access.actor, opened.services)
        _say((changed,))


def _whole(scan: ScanId, opened: app.Workspace, access: Access) -> use.Strip:
    """Only whoever may see every document of a scan may see its strip. Raises NotFound."""
    fetch.whole_scan(access, scan, opened.services)
    return use.strip(scan, opened.services)


def _in_hand(scan: ScanId, opened: app.Workspace, access: Access) -> use.Strip:
    """To be changed: nobody else works on it. Raises Claimed, NotFound."""
    refuse_others(scan, access.actor, opened.services)
    return _whole(scan, opened, access)


def page_numbers(text: str) -> list[int]:
    """ "3-5,9" as numbers. Raises UsageError."""
    found: list[int] = []
    for part in text.split(","):
        matched = _RANGE.fullmatch(part.strip())
        first, last = (int(matched[1]), int(matched[2] or matched[1])) if matched else (1, 0)
        if not 1 <= first <= last <= _MOST_PAGES:
            raise UsageError("pages are written 3 or 3-5,9")
        found += range(first, last + 1)
    return found


def _say(changed: tuple[Document, ...]) -> None:
    for document in changed:
        if document.state is DocumentState.SUPERSEDED:
            click.echo(f"{document.document_id[:8]} has no page left")
        else:
            click.echo(f"{document.document_id[:8]}@{document.version} pages {pages_text(document.pages)}")
