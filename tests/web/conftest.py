"""A workspace with a roster and somebody of every role, and browsers that logged in for real."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from scanindex import app, credentials, people
from scanindex.access_model import Access, StaffRole, access_of
from scanindex.model import Document, DocumentState
from scanindex.store.roster_import import import_csv
from scanindex.web.application import make_app
from tests.crash import stub
from tests.crash.service_main import drive, open_stubbed, quick_settings

PASSWORD = "violet kettles drift"
ROLES = {
    "ada": (StaffRole.ADMINISTRATOR, StaffRole.SUPERVISOR, StaffRole.CLERK),
    "sue": (StaffRole.SUPERVISOR,),
    "sven": (StaffRole.SUPERVISOR,),
    "cleo": (StaffRole.CLERK,),
    "clark": (StaffRole.CLERK,),
    "doc": (StaffRole.CLINICIAN,),
    "aud": (StaffRole.AUDITOR,),
    "adm": (StaffRole.ADMINISTRATOR,),
}
"""Logins; "doc" has an empty patient list until a test gives one."""
_CSRF = re.compile(r'<meta name="csrf" content="([^"]+)">')


class Browser(TestClient):
    """Sends the token against forgery with whatever is not a mere look."""

    csrf = ""

    def request(self, method: str, url: Any, **more: Any) -> Any:
        if method not in ("GET", "HEAD"):
            more["headers"] = {"x-csrf-token": self.csrf} | dict(more.get("headers") or {})
        return super().request(method, url, **more)


ClientOf = Callable[[str], Browser]


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(credentials, "MEMORY_KIB", 64)
        patch.setattr(credentials, "ROUNDS", 1)
        patch.setattr(credentials, "_NOBODY", credentials._nobody())
        yield


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, quick_hashes: None) -> Path:
    """A workspace with a roster and the people of ROLES, made once; nothing is filed."""
    home = tmp_path_factory.mktemp("prepared")
    app.initialise(quick_settings(home))
    workspace = open_stubbed(quick_settings(home))
    (home / "roster.csv").write_text(stub.roster_csv())
    import_csv(workspace.engine, home / "roster.csv", authority="local")
    _make_people(workspace)
    workspace.close()
    return home


@pytest.fixture
def opened(prepared: Path, tmp_path: Path) -> Iterator[app.Workspace]:
    home = tmp_path / "home"
    shutil.copytree(prepared, home)
    workspace = open_stubbed(quick_settings(home))
    yield workspace
    workspace.close()


def _make_people(workspace: app.Workspace) -> None:
    services = workspace.services
    secret = people.first_invitation(services)
    people.accept_invitation(secret, "ada", "Ada", PASSWORD, "", "", services, roles=ROLES["ada"])
    first = access_as(workspace, "ada")
    for login, roles in ROLES.items():
        if login != "ada":
            link = people.invite(first, login, login.title(), roles, services)
            people.accept_invitation(link, None, None, PASSWORD, "", "", services)


@pytest.fixture
def web(opened: app.Workspace) -> Iterator[FastAPI]:
    made = make_app(opened)
    yield made
    made.state.world.close()


@pytest.fixture
def client_of(web: FastAPI) -> ClientOf:
    """A browser of its own in which this person logged in."""

    def log_in(login: str) -> Browser:
        browser = Browser(web, base_url="http://127.0.0.1", follow_redirects=False)
        answer = browser.post("/login", data={"login": login, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        pages = (browser.get(path).text for path in ("/me", "/", "/upload"))
        found = next((match for match in map(_CSRF.search, pages) if match), None)
        assert found is not None, "no page with the session's token"
        browser.csrf = found.group(1)
        return browser

    return log_in


def access_as(opened: app.Workspace, login: str) -> Access:
    with opened.catalog.read() as unit:
        user = unit.users.get(login)
    assert user is not None
    return access_of(user, opened.settings.access.restricted_labels)


def file_scan(opened: app.Workspace, name: str, texts: list[str]) -> list[Document]:
    """Drop a scan, let the machine take it as far as it goes; its documents."""
    path = opened.settings.inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(stub.pdf(texts))
    with opened.catalog.read() as unit:
        before = {d.document_id for d in unit.documents.all()}
    drive(opened.settings)
    with opened.catalog.read() as unit:
        return [d for d in unit.documents.all() if d.document_id not in before]


def documents(opened: app.Workspace, *states: DocumentState) -> list[Document]:
    with opened.catalog.read() as unit:
        return unit.documents.all(*states)


# --- for the tests that go through every route ------------------------------------------------
@pytest.fixture(scope="session")
def built(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One of everything (samples.py), made once and closed."""
    from tests.web import samples

    home = tmp_path_factory.mktemp("built") / "home"
    shutil.copytree(prepared, home)
    made = samples.build(home)
    made.opened.close()
    return made


@pytest.fixture(scope="module")
def sampled(built: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A copy of it that the tests of one module share."""
    from tests.web import samples

    made = samples.copied(built, tmp_path_factory.mktemp("sampled") / "home")
    yield made
    made.opened.close()


@pytest.fixture(scope="module")
def standing_gate(sampled: Any) -> Iterator[Any]:
    from tests.web.gate import gate_over

    with gate_over(sampled) as made:
        yield made


@pytest.fixture
def gate(standing_gate: Any) -> Any:
    """Everybody at the door of the samples, logged in just now."""
    for caller in ROLES:
        standing_gate.log_in_anew(caller)
    return standing_gate
