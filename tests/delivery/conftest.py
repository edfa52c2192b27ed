"""A workspace with a few filed documents of invented people, and one target."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from scanindex import app
from scanindex.access_model import Access, StaffRole
from scanindex.cli import cli
from scanindex.delivery import choose, queue, reconcile, sending
from scanindex.delivery_model import Delivery, ExportRun
from scanindex.store.roster_import import import_csv
from scanindex.target_file import parse_target
from scanindex.target_profile import Target
from tests.crash.service_main import open_stubbed, quick_settings
from tests.delivery.receiver import Receiver
from tests.desk import lab

PROFILE = """
[target]
recipient = "Springfield General"
[patient]
oid = "2.16.840.1.113883.3.999.1"
[document]
undated = "send"
untyped = "send"
[sending]
wait_seconds = 0.0
attempts = 2
"""
SUE = lab.SUE


@pytest.fixture(scope="session")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three documents of ANYA, PLAIN and NAMESAKE, filed; made once."""
    home = tmp_path_factory.mktemp("delivery") / "home"
    settings = lab.settings_in(home, "strict")
    app.initialise(quick_settings(home))
    workspace = open_stubbed(settings)
    (home / "roster.csv").write_text(lab.roster_csv())
    import_csv(workspace.engine, home / "roster.csv", authority="local")
    made = lab.Lab(workspace)
    for person, serial in ((lab.ANYA, "a"), (lab.PLAIN, "b"), (lab.NAMESAKE, "c")):
        made.one_page(person, serial)
    workspace.close()
    return home


class Exports:
    """One opened workspace, one target, one receiver."""

    def __init__(self, workspace: app.Workspace, target: Target) -> None:
        self.workspace, self.services, self.target = workspace, workspace.services, target
        self.lab = lab.Lab(workspace)
        self.receiver = Receiver()

    def rule(self, section: str, **values: Any) -> None:
        """Change the profile."""
        new = dataclasses.replace(getattr(self.target, section), **values)
        self.target = dataclasses.replace(self.target, **{section: new})

    def queue(self, access: Access = SUE, **selection: Any) -> ExportRun:
        wanted = choose.Selection(**selection)
        return queue.queue(access, wanted, self.target, self.receiver, self.services)

    def send(self) -> sending.Sent:
        return sending.send(SUE.actor, self.target, self.receiver, self.services, sleep=lambda seconds: None)

    def export(self, access: Access = SUE, **selection: Any) -> tuple[ExportRun, sending.Sent]:
        return self.queue(access, **selection), self.send()

    def looked_at(self, **selection: Any) -> list[queue.Finding]:
        wanted = choose.Selection(**selection)
        return list(queue.dry_run(SUE, wanted, self.target, self.receiver, self.services))

    def held(self) -> set[str]:
        return {p.code for one in self.looked_at() for p in one.problems}

    def lines(self) -> list[Delivery]:
        with self.workspace.catalog.read() as unit:
            return unit.deliveries.select(self.target.name)

    def reconcile(self) -> reconcile.Reconciliation:
        return reconcile.reconcile(SUE, self.target.name, self.receiver.inventory(), self.services)

    def document_of(self, person: Any) -> Any:
        (found,) = (d for d in self.lab.documents() if d.patient_id == self.lab.patient_id(person))
        return found


@pytest.fixture
def exports(filed: Path, tmp_path: Path) -> Iterator[Exports]:
    home = tmp_path / "home"
    shutil.copytree(filed, home)
    workspace = open_stubbed(lab.settings_in(home, "strict"))
    yield Exports(workspace, parse_target("springfield", PROFILE))
    workspace.close()


@pytest.fixture
def home(filed: Path, tmp_path: Path) -> Path:
    """A copy of it with a place for profiles."""
    place = tmp_path / "home"
    shutil.copytree(filed, place)
    (place / "targets").mkdir()
    return place


@pytest.fixture
def run(home: Path) -> Callable[..., Result]:
    """`scanindex export ...` there, with the exit code that is wanted."""

    def running(*arguments: str, code: int = 0) -> Result:
        done = CliRunner().invoke(cli, ["--home", str(home), "export", *arguments])
        assert done.exit_code == code, done.output
        return done

    return running


AUDITOR = lab.user("aud", StaffRole.AUDITOR)
