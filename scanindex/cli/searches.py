"""searches: saved searches, listed with what is new in them, run, renamed, deleted."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Any

import click

from scanindex import app
from scanindex import searches as use
from scanindex.access_model import Access, Right
from scanindex.cli.common import asking, emit_json, json_option, pass_home, record_read, table
from scanindex.cli.find import catch_up
from scanindex.cli.search import MOST_AT_ONCE, ask, pointing, record_search, show, with_index
from scanindex.errors import QueryError
from scanindex.find import FoundPage
from scanindex.model import SavedSearch


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def searches(ctx: click.Context, as_json: bool) -> None:
    """Your saved searches, and how many documents are new in each since you ran it last.

    Save one by `scanindex search --save NAME QUERY`.
    """
    if ctx.invoked_subcommand is None:
        _list(ctx.obj, as_json)


def _list(home: Path, as_json: bool) -> None:
    with asking(home, Right.READ) as (opened, access):
        catch_up(opened)
        mine = use.of(access.actor, opened.services)
        fresh = {s.name: with_index(opened, functools.partial(_news, s, opened, access)) for s in mine}
        record_read(opened, access, "searches")
    if as_json:
        emit_json([_saved_data(s) | {"new": _count(fresh[s.name])} for s in mine])
        return
    if not mine:
        click.echo("no saved searches; `scanindex search --save NAME QUERY` keeps one", err=True)
        return
    run = {s.name: f"{s.last_run_at:%Y-%m-%d %H:%M}Z" if s.last_run_at else "never" for s in mine}
    table(
        ("NAME", "NEW", "LAST RUN", "QUERY"),
        [(s.name, _count_text(fresh[s.name]), run[s.name], s.query) for s in mine],
    )


def _news(kept: SavedSearch, opened: app.Workspace, access: Access) -> use.News | None:
    """None where its query makes no sense any more (a language that was changed)."""
    try:
        return use.news(kept, opened.services, access.scope)
    except QueryError:
        return None


def _count(news: use.News | None) -> int | None:
    return len(news.documents) if news else None


def _count_text(news: use.News | None) -> str:
    if news is None:
        return "?"
    return f"{len(news.documents)}" + ("" if news.is_complete else "+")


def _saved_data(kept: SavedSearch) -> dict[str, Any]:
    return {
        "name": kept.name,
        "query": kept.query,
        "order": kept.order,
        "spellings": kept.spellings,
        "synonyms": kept.synonyms,
        "created_at": kept.created_at,
        "last_run_at": kept.last_run_at,
    }


@searches.command("run")
@click.argument("name")
@click.option("--new", "only_new", is_flag=True, help="Only what is new, all of it.")
@click.option(
    "--limit", type=click.IntRange(1, MOST_AT_ONCE), default=20, show_default=True, help="Documents to show."
)
@click.option("--offset", type=click.IntRange(0), default=0, help="Skip so many documents.")
@json_option
@pass_home
def run_saved(home: Path, name: str, only_new: bool, limit: int, offset: int, as_json: bool) -> None:
    """Ask again; documents that came since the last time are marked as new."""
    with asking(home, Right.READ) as (opened, access):
        catch_up(opened)
        kept = use.by_name(name, access.actor, opened.services)
        with opened.catalog.read() as unit:
            before = unit.events.last_seq()
        request = dataclasses.replace(use.request_of(kept, access.scope), limit=limit, offset=offset)
        with pointing(kept.query):
            fresh = with_index(opened, lambda: use.news(kept, opened.services, access.scope))
            page = ask(opened, request)
        if only_new:
            page = _only(fresh, page)
        record_search(opened, access, kept.query, page)
        use.note_run(kept, before, page, opened.services)
        show(opened, request, page, as_json=as_json, fresh=fresh.documents)
        if not as_json:
            at_least = "" if fresh.is_complete else "at least "
            click.echo(f"{at_least}{len(fresh.documents)} new since the last time", err=True)


def _only(fresh: use.News, page: FoundPage) -> FoundPage:
    """All that is new, and nothing else."""
    return dataclasses.replace(
        page,
        patients=(),
        documents=fresh.found,
        total_documents=len(fresh.found),
        total_pages=sum(f.pages_total for f in fresh.found),
        is_exact_total=fresh.is_complete,
        next_offset=None,
        did_you_mean=None,
    )


@searches.command("rename")
@click.argument("name")
@click.argument("new_name")
@pass_home
def rename_saved(home: Path, name: str, new_name: str) -> None:
    """Give the search NAME another name."""
    with asking(home, Right.READ) as (opened, access):
        use.rename(name, new_name, access.actor, opened.services)
    click.echo("renamed")


@searches.command("delete")
@click.argument("name")
@pass_home
def delete_saved(home: Path, name: str) -> None:
    """Forget the search NAME; documents are not touched."""
    with asking(home, Right.READ) as (opened, access):
        use.delete(name, access.actor, opened.services)
    click.echo("deleted")
