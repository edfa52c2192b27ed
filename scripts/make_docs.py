"""Reference pages made from the code, so that they cannot say something else: see scripts/make-docs."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from scanindex.classify.sensitivity import LABELS
from scanindex.delivery.holds import HOLDS
from scanindex.delivery.reconcile import FAULTS
from scanindex.doctypes import DOCUMENT_TYPES
from scanindex.errors import ScanindexError, error_classes
from scanindex.settings import CHOICES, FILE_NAME, SourceSettings, TypeSettings, sections
from scanindex.target_checks import CHOICES as TARGET_CHOICES
from scanindex.target_profile import FORMATS, ManifestColumn, TypeCode
from scanindex.target_profile import sections as target_sections

REPOSITORY = Path(__file__).resolve().parent.parent
REFERENCE = REPOSITORY / "docs" / "reference"
MOST_CHOICES = 12
NOTICE = "<!-- Made by scripts/make-docs from the code; change it there. -->\n\n"


def settings_page() -> str:
    """One table per section of the settings file."""
    parts = [
        NOTICE,
        "# Settings\n\n",
        _prose(
            f"All of them are optional. They stand in `{FILE_NAME}` in the workspace, one table per section; "
            "the environment variable `SCANINDEX_<SECTION>_<KEY>` (for instance "
            "`SCANINDEX_INTAKE_SETTLE_SECONDS=10`) wins over the file. An unknown key or a value out of "
            "range stops the program and is named. `scanindex config` prints what is in force. Relative "
            "paths start at the workspace."
        ),
    ]
    for name, cls in sections().items():
        rows = [
            (f"`{f.name}`", _type(f), _value(f.default), _meaning(name, f)) for f in dataclasses.fields(cls)
        ]
        parts.append(f"\n## [{name}]\n\n" + _table(("Key", "Type", "Default", "Meaning"), rows))
    parts.append(_own_types())
    parts.append(_sources())
    return "".join(parts)


def _own_types() -> str:
    """Types and titles of the site's own."""
    rows = [
        (f"`{f.name}`", _type(f), _value(f.default), str(f.metadata["doc"]))
        for f in dataclasses.fields(TypeSettings)
        if f.metadata
    ]
    prose = _prose(
        "One table for each document type of the site's own, or for a known one to give it more titles: "
        "`[types.day_clinic_note]`. See [types and sensitivity](../how-to/types-and-sensitivity.md)."
    )
    return "\n## [types.CODE]\n\n" + prose + "\n" + _table(("Key", "Type", "Default", "Meaning"), rows)


def _sources() -> str:
    """The tables that are named by the site."""
    rows = [
        (f"`{f.name}`", _type(f), _value(f.default), str(f.metadata["doc"]))
        for f in dataclasses.fields(SourceSettings)
        if f.metadata
    ]
    prose = _prose(
        'One table for each source that is to differ, named as the inbox folder is: `[sources."fax/east"]`, '
        '`[sources."."]` for the inbox itself. See [audit](../how-to/audit.md).'
    )
    return "\n## [sources.NAME]\n\n" + prose + "\n" + _table(("Key", "Type", "Default", "Meaning"), rows)


def _type(setting: dataclasses.Field[Any]) -> str:
    return {
        "str": "text",
        "float": "number",
        "int": "whole number",
        "bool": "true or false",
        "tuple[str, ...]": "list of texts",
        "tuple[ManifestColumn, ...]": "tables",
        "Mapping[str, str]": "table of texts",
    }[str(setting.type)]


def _value(value: object) -> str:
    if isinstance(value, tuple):
        told = ", ".join(f'"{one}"' for one in value)
        return f"`[{told}]`"
    if value is dataclasses.MISSING:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value:_}`"


def _meaning(section: str, setting: dataclasses.Field[Any]) -> str:
    text = str(setting.metadata["doc"])
    choices = CHOICES.get(f"{section}.{setting.name}", ())
    if missing := [choice for choice in choices if choice not in text]:
        raise SystemExit(f"the text of {section}.{setting.name} does not name {', '.join(missing)}")
    return text


def errors_page() -> str:
    """The error table, a branch per section."""
    branches = ScanindexError.__subclasses__()
    rows = [(f"`{b.code}`", str(b.exit_code), "yes" if b.is_retryable else "no", b.meaning) for b in branches]
    parts = [
        NOTICE,
        "# Errors\n\n",
        _prose(
            "Every error has a stable code, a sentence, and what to do next. The command line prints the "
            "sentence with the code in brackets and ends with the exit code of its branch; 0 is success, "
            "1 is an error without a code of its own or a check that found something, 130 is Ctrl-C. "
            "Messages name ids and codes, never people."
        ),
        "\n",
        _table(("Branch", "Exit code", "Retried by itself", "Meaning"), rows),
    ]
    for branch in branches:
        parts.append(f"\n## Exit code {branch.exit_code}: {branch.code}\n\n")
        leaves = [(f"`{c.code}`", c.meaning, c.hint) for c in error_classes() if issubclass(c, branch)]
        parts.append(_table(("Code", "Meaning", "What to do"), leaves))
    return "".join(parts)


def target_profiles_page() -> str:
    """One table per section of a target's file."""
    parts = [
        NOTICE,
        "# Target profiles\n\n",
        _prose(
            "A receiver of exports is described in `targets/NAME.toml` in the workspace; NAME is what "
            "`scanindex export NAME` says. `scanindex export targets --examples` lists examples to begin "
            "with. An unknown key or an impossible value is refused by its name before anything is sent. "
            "Secrets never stand here, only the names of the environment variables that hold them. "
            "[How to export](../how-to/export-to-an-ehr.md)."
        ),
        "\nWhat goes by which way:\n\n",
        _table(("`target.format`", "`target.transport`"), [(f, ", ".join(t)) for f, t in FORMATS.items()]),
    ]
    named = {**target_sections(), "manifest.columns": ManifestColumn, "types.KEY": TypeCode}
    for name, cls in named.items():
        rows = [
            (f"`{f.name}`", _type(f), _value(f.default), _target_meaning(name, f))
            for f in dataclasses.fields(cls)
        ]
        head = f"[[{name}]]" if name == "manifest.columns" else f"[{name}]"
        parts.append(f"\n## {head}\n\n" + _table(("Key", "Type", "Default", "Meaning"), rows))
    return "".join(parts)


def _target_meaning(section: str, setting: dataclasses.Field[Any]) -> str:
    choices = TARGET_CHOICES.get(f"{section}.{setting.name}", ())
    text = str(setting.metadata["doc"])
    told = f" Allowed: {', '.join(f'`{c}`' for c in choices)}." if choices and choices[0] not in text else ""
    return (text + told).replace("|", "\\|")


def export_problems_page() -> str:
    """Why a document is held back from an export, and what a comparison of both sides may find."""
    found = [(f"`{code}`", text) for code, text in HOLDS.items()]
    forms = [
        (f"`{code}`", text, module.__name__.rsplit(".", 1)[1])
        for module in _ehr_modules()
        for code, text in getattr(module, "PROBLEMS", {}).items()
    ]
    faults = [(f"`{code}`", text) for code, text in FAULTS.items()]
    return "".join(
        (
            NOTICE,
            "# What exports hold back, and what reconciling finds\n\n",
            _prose(
                "Documents that are held back are listed by `scanindex export TARGET --dry-run`, with every "
                "reason. Nothing is held back silently: each run counts them."
            ),
            "\n## Held back whatever the form\n\n" + _table(("Code", "Meaning"), found),
            "\n## Held back by a form\n\n" + _table(("Code", "Meaning", "Module of `scanindex.ehr`"), forms),
            "\n## Found by `scanindex export reconcile`\n\n" + _table(("Code", "Meaning"), faults),
        )
    )


def _ehr_modules() -> Iterator[Any]:
    for path in sorted((REPOSITORY / "scanindex" / "ehr").glob("*.py")):
        yield importlib.import_module(f"scanindex.ehr.{path.stem}")


def commands_page() -> str:
    """Every command with its arguments and options."""
    parts = [
        NOTICE,
        "# Commands\n\n",
        _prose(
            "Exit codes are those of the [error table](errors.md). `--json`, where offered, prints for "
            "scripts."
        ),
    ]
    for words, command, context in walk_commands():
        parts.append(_command(words, command, context))
    return "".join(parts)


def walk_commands() -> Iterator[tuple[str, click.Command, click.Context]]:
    """Full name, command and context of the program and each command under it."""
    from scanindex.cli import cli

    def walk(
        name: str, command: click.Command, parent: click.Context | None
    ) -> Iterator[tuple[str, click.Command, click.Context]]:
        context = click.Context(command, info_name=name.rsplit(" ", 1)[-1], parent=parent)
        yield name, command, context
        if isinstance(command, click.Group):
            for sub in command.list_commands(context):
                found = command.get_command(context, sub)
                if found is not None and not found.hidden:
                    yield from walk(f"{name} {sub}", found, context)

    yield from walk("scanindex", cli, None)


def _command(name: str, command: click.Command, context: click.Context) -> str:
    parts = [f"\n{'##' if name.count(' ') < 2 else '###'} {name}\n\n"]
    parts.append(f"    {' '.join([name, *command.collect_usage_pieces(context)])}\n\n")
    parts.append(_prose(command.help or ""))
    rows = [record for p in command.get_params(context) if (record := _option(p, context))]
    return "".join(parts) + ("\n" + _table(("Option", "Meaning"), rows) if rows else "")


def _prose(text: str) -> str:
    """Paragraphs filled, but those that click marks as laid out kept as they are."""
    paragraphs = []
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith("\b\n"):
            paragraphs.append(textwrap.indent(textwrap.dedent(paragraph[2:]), "    "))
        else:
            paragraphs.append(textwrap.fill(" ".join(paragraph.split()), 115))
    return "\n\n".join(paragraphs) + "\n"


def _option(parameter: click.Parameter, context: click.Context) -> tuple[str, str] | None:
    if isinstance(parameter, click.Option) and parameter.hidden:
        return None
    record = parameter.get_help_record(context)
    if record is None or not record[1] or "--help" in parameter.opts:
        return None
    if isinstance(parameter.type, click.Choice) and len(parameter.type.choices) > MOST_CHOICES:
        # Only document types have so many.
        return f"`{parameter.opts[0]} TYPE`", f"{record[1]} See [document types](document-types.md)."
    return f"`{record[0]}`", record[1]


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def document_types_page() -> str:
    """Keys, titles and codes of what a document can be."""
    rows = [
        (f"`{t.key}`", t.title, t.loinc or "none known", "yes" if t.is_sensitive else "no")
        for t in DOCUMENT_TYPES
    ]
    intro = _prose(
        "The keys are what commands, presets, sheets and records use. Sensitive types need restricted access "
        "whatever their text says. A document whose type is unclear has none; nothing is guessed."
    )
    head = ("Key", "Title", "LOINC", "Sensitive")
    labels = _table(("Label", "Meaning"), [(f"`{key}`", text) for key, text in LABELS.items()])
    about = _prose(
        "Sensitivity is a label apart from the type; a document may have several. Documents with one, and "
        "those of a sensitive type, are not shown in the chart tree unless `sensitivity.in_charts` says so. "
        "See [types and sensitivity](../how-to/types-and-sensitivity.md)."
    )
    types_part = [NOTICE, "# Document types\n\n", intro, "\n", _table(head, rows)]
    return "".join([*types_part, "\n## Sensitivity\n\n", about, "\n", labels])


def http_operations_page() -> str:
    """Every operation of the interface for programs, by area, with the right it asks for."""
    intro = _prose(
        "Addresses begin with the one of the screens, for instance `http://127.0.0.1:8700`. A token must "
        "hold the right; where two stand, either is enough. `-`: only what belongs to the caller. *In "
        "person*: refused to tokens. The bodies stand in the description that the service itself gives, "
        "`GET /api/v1/openapi.json`. How to call them: [HTTP API](http-api.md); what a right allows: "
        "[roles](roles.md)."
    )
    areas: dict[str, list[tuple[str, ...]]] = {}
    for area, row in _operations():
        areas.setdefault(area, []).append(row)
    parts = [NOTICE, "# HTTP operations\n\n", intro]
    for area, rows in sorted(areas.items()):
        parts.append(f"\n## {area}\n\n" + _table(("Method", "Address", "Right", "What it does"), rows))
    return "".join(parts)


def _operations() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Area and row of each route that is described, in the order of the modules."""
    from fastapi import FastAPI
    from fastapi.routing import APIRoute, iter_route_contexts

    from scanindex.web import application, guard

    web = FastAPI()
    for name in application._ROUTES:
        module = importlib.import_module(f"scanindex.web.{name}")
        if api := getattr(module, "api", None):
            web.include_router(api, prefix=application.API)
    for route in iter_route_contexts(web.routes):
        if not isinstance(route.original_route, APIRoute):
            continue
        dependant: Any = route.dependant
        rights, _ = guard.rights_of(dependant)
        right = ", ".join(f"`{one.value}`" for one in sorted(rights)) or "-"
        if _asks(dependant, guard._by_hand):
            right += " (in person)"
        area = str((route.original_route.tags or ["other"])[0])
        said = route.original_route.description or route.original_route.name.replace("_", " ").capitalize()
        for method in sorted(route.methods or ()):
            yield area, (method, f"`{route.path}`", right, " ".join(said.split("\n\n")[0].split()))


def _asks(dependant: Any, call: object) -> bool:
    return dependant.call is call or any(_asks(inner, call) for inner in dependant.dependencies)


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "errors.md": errors_page,
    "export-problems.md": export_problems_page,
    "target-profiles.md": target_profiles_page,
    "commands.md": commands_page,
    "document-types.md": document_types_page,
    "http-operations.md": http_operations_page,
}


def main(arguments: list[str]) -> int:
    stale = [n for n, make in PAGES.items() if not _path(n).exists() or _path(n).read_text("utf-8") != make()]
    if arguments == ["--check"]:
        for name in stale:
            sys.stderr.write(f"{name} is out of date: run scripts/make-docs\n")
        return 1 if stale else 0
    for name in stale:
        _path(name).write_text(PAGES[name](), "utf-8")
        sys.stderr.write(f"{name} written\n")
    return 0


def _path(name: str) -> Path:
    return REFERENCE / name


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
