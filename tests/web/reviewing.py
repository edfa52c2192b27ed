"""A workspace where nothing is filed alone, with look-alikes in its roster and papers that can be seen."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

from scanindex import app
from scanindex.model import Document, DocumentState
from scanindex.settings import FilingSettings, ReviewSettings, Settings
from scanindex.store.roster_import import import_csv
from tests.crash.service_main import drive, open_stubbed, quick_settings
from tests.desk import lab
from tests.web.papers import drawable_pdf


def settings_in(home: Path, **review: Any) -> Settings:
    made = quick_settings(home)
    return dataclasses.replace(made, filing=FilingSettings(mode="suggest"), review=ReviewSettings(**review))


def open_copy(prepared: Path, home: Path, **review: Any) -> app.Workspace:
    """A copy of the prepared workspace, its roster that of the desk's tests as well."""
    shutil.copytree(prepared, home)
    workspace = open_stubbed(settings_in(home, **review))
    (home / "desk.csv").write_text(lab.roster_csv())
    import_csv(workspace.engine, home / "desk.csv", authority="local")
    return workspace


def drop(opened: app.Workspace, name: str, *pages: str, mode: str = "suggest") -> list[Document]:
    """One scan, taken as far as the machine goes; its documents, in its order.

    mode "strict": the machine files alone what it is sure of.
    """
    (opened.settings.inbox / f"{name}.pdf").write_bytes(drawable_pdf(pages))
    with opened.catalog.read() as unit:
        before = {d.document_id for d in unit.documents.all()}
    drive(dataclasses.replace(opened.settings, filing=FilingSettings(mode=mode)))
    with opened.catalog.read() as unit:
        found = [d for d in unit.documents.all() if d.document_id not in before]
    return sorted(found, key=lambda d: d.pages)


def state_of(opened: app.Workspace, document_id: str) -> DocumentState:
    with opened.catalog.read() as unit:
        found = next(d for d in unit.documents.all() if d.document_id == document_id)
    return found.state
