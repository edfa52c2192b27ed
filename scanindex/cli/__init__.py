"""The command line: parse input, call a use case, show the result.

Commands live in modules of their own and are imported only when asked for, so
that `scanindex --help` does not pay for image libraries or the database.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import click

from scanindex import __version__

_COMMANDS = {
    "init": ("admin", "Make a folder a workspace (inbox, archive, catalog)."),
    "run": ("run", "Watch the inbox and file what arrives, until Ctrl-C."),
    "serve": ("serve", "Serve the screens and the HTTP API alone."),
    "add": ("run", "Put files into the inbox safely."),
    "status": ("status", "What arrived, is in work, filed, waiting or quarantined."),
    "review": ("review", "List and settle what waits for a person."),
    "reread": ("reread", "Read documents again with more effort; nothing is refiled by it."),
    "search": ("search", "Find patients and documents: names, numbers, dates, any words."),
    "searches": ("searches", "Your saved searches, and what is new in them."),
    "page": ("page", "One page of a document: its text or picture, with words marked."),
    "documents": ("find", "All documents with their pages, patient and state."),
    "show": ("find", "One document: who, what, when, why, and where its files are."),
    "chart": ("find", "All documents of one patient."),
    "roster": ("roster", "Import and look up the hospital's patients."),
    "types": ("types", "The kinds of documents: list, learn from corrections, explain."),
    "batch": ("batch", "Boxes of paper: open, reconcile, close."),
    "audit": ("audit", "Look again at what was filed alone; certify sources; incidents."),
    "export": ("export", "Deliver documents to an EHR; reconcile, correct and withdraw them."),
    "people": ("people", "Logins, roles, sessions, tokens, and who broke the glass."),
    "sheets": ("sheets", "Print separator and patient cover sheets (PDF)."),
    "retry": ("admin", "Try quarantined or waiting scans again."),
    "check": ("admin", "Prove that nothing is lost or damaged."),
    "reindex": ("admin", "Build the search index anew from the archive."),
    "rebuild": ("admin", "Build a lost catalog anew from the archive."),
    "backup": ("admin", "Copy catalog and archive, also while running."),
    "restore": ("admin", "Put a backup into an empty workspace."),
    "doctor": ("doctor", "What is missing or wrong on this machine, and how to mend it."),
    "health": ("status", "Exit 0 if the service is alive and well (for monitoring)."),
    "config": ("admin", "The settings in force, with their meaning."),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"scanindex.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Begin with `scanindex init`, `scanindex roster import patients.csv`, `scanindex run`.",
)
@click.version_option(__version__, prog_name="scanindex")
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=lambda: Path(os.environ.get("SCANINDEX_HOME", ".")),
    show_default="SCANINDEX_HOME, else the current folder",
    help="The workspace: the folder with inbox/, archive/ and var/.",
)
@click.option(
    "--as", "login", metavar="LOGIN", help="Who asks; the password is asked for. See docs/how-to/people.md."
)
@click.pass_context
def cli(ctx: click.Context, home: Path, login: str | None) -> None:
    """Scanned paper charts in, labelled and searchable documents out.

    Drop scans into inbox/. Each page is read, stacks are split, the patient is found in
    the roster, and each document is filed into archive/ and indexed. What is uncertain
    waits for you in `scanindex review`; nothing is ever filed on a guess.
    """
    os.umask(0o077)  # everything this program writes holds patient data
    ctx.obj = home.expanduser().resolve()
    ctx.meta["scanindex.as"] = login


def main() -> None:
    """Console entry: errors of the table become a sentence, a hint and an exit code."""
    from scanindex.errors import ScanindexError

    try:
        cli.main(standalone_mode=False, prog_name="scanindex")
    except ScanindexError as error:
        click.echo(f"scanindex: {error} [{error.code}]\n  {error.hint}", err=True)
        sys.exit(error.exit_code)
    except click.exceptions.Exit as request:
        sys.exit(request.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


if __name__ == "__main__":
    main()
