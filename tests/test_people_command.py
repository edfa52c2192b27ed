"""Facts about the command line once people have logins: who asks, what they see, what is written down."""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from click.testing import CliRunner, Result

from scanindex import app, credentials, people
from scanindex.access_model import Right, StaffRole, access_of
from scanindex.cli import cli
from scanindex.errors import Forbidden, LoginFailed, LoginNeeded, NotAllowedNow, NotFound, UsageError
from scanindex.model import DocumentState
from scanindex.review import relabel
from tests.crash.service_main import open_stubbed, quick_settings
from tests.test_find import FIRST, SECOND, drop, give_roster

GOOD, WRONG = "violet kettles drift", "a wrong guess of it"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cheap parameters; no token or account of the machine that runs this."""
    monkeypatch.setattr(credentials, "MEMORY_KIB", 64)
    monkeypatch.setattr(credentials, "ROUNDS", 1)
    monkeypatch.setattr(credentials, "_NOBODY", credentials._nobody())
    monkeypatch.delenv("SCANINDEX_TOKEN", raising=False)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two patients, a document of each; the second one's is about HIV. Nobody has a login."""
    home = tmp_path_factory.mktemp("home")
    app.initialise(quick_settings(home))
    opened = open_stubbed(quick_settings(home))
    give_roster(opened, FIRST, SECOND)
    drop(opened, FIRST, "a", "spleen")
    drop(opened, SECOND, "b", "spleen")
    with opened.catalog.read() as unit:
        documents = unit.documents.all(DocumentState.FILED)
    second = next(d for d in documents if d.fields.mrn == SECOND.mrn)
    relabel(second.document_id, second.version, ("hiv",), (), "seen", "user:x", opened.services)
    opened.close()
    drop(opened, FIRST, "c", "kidney")
    return home


@pytest.fixture
def home(filled: Path, tmp_path: Path) -> Path:
    """A copy of it for each fact."""
    import shutil

    copy = tmp_path / "home"
    shutil.copytree(filled, copy, symlinks=True)
    return copy


@pytest.fixture
def staffed(home: Path) -> Path:
    """Ann administrates; bo is clerk, doc a clinician of the first patient, eve an auditor."""
    opened = open_stubbed(quick_settings(home))
    services = opened.services
    link = people.first_invitation(services)
    secret, _ = people.accept_invitation(link, "ann", "Ann Ode", GOOD, "", "", services)
    boss = people.session_of(secret, services)[1]
    (patient,) = opened.roster.by_identifier([FIRST.mrn])
    for login, role in (("bo", StaffRole.CLERK), ("sue", StaffRole.SUPERVISOR), ("eve", StaffRole.AUDITOR)):
        enrol(boss, login, role, services)
    enrol(boss, "doc", StaffRole.CLINICIAN, services)
    with opened.catalog.read() as unit:
        sue = unit.users.get("sue")
    assert sue is not None
    people.add_patients(access_of(sue, ()), "doc", [patient.patient_id], services)
    opened.close()
    return home


def enrol(boss: Any, login: str, role: StaffRole, services: Any, **more: Any) -> None:
    link = people.invite(boss, login, f"{login} Person", [role], services, **more)
    people.accept_invitation(link, None, None, GOOD, "", "", services)


def called(home: Path, *arguments: str, as_: str = "", typed: str = GOOD + "\n") -> Result:
    who = ["--as", as_] if as_ else []
    return CliRunner().invoke(cli, ["--home", str(home), *who, *arguments], input=typed)


def said(home: Path, *arguments: str, as_: str = "", typed: str = GOOD + "\n") -> str:
    result = called(home, *arguments, as_=as_, typed=typed)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def events(home: Path) -> list[dict[str, Any]]:
    lines = [line for p in sorted((home / "archive" / "events").glob("*.jsonl")) for line in p.open()]
    return [json.loads(line) for line in lines]


def document_of(home: Path, mrn: str) -> str:
    opened = open_stubbed(quick_settings(home))
    with opened.catalog.read() as unit:
        found = [d.document_id for d in unit.documents.all(DocumentState.FILED) if d.fields.mrn == mrn]
    opened.close()
    return found[0]


READS = (
    ("search", "spleen"), ("searches",), ("documents",), ("review",), ("review", "--recheck"),
    ("review", "--rescans"), ("chart", FIRST.mrn), ("roster", "find", "oko"), ("roster", "show", FIRST.mrn),
    ("roster", "merges"), ("audit", "next"), ("audit", "incidents"), ("people", "list"),
    ("people", "sessions"), ("people", "token", "list"), ("people", "glass", "list"),
)  # fmt: skip


def test_before_anybody_has_a_login_everything_works_as_the_systems_user(home: Path) -> None:
    """And the reads say so."""
    assert "Documents 1-" in said(home, "search", "spleen")
    assert events(home)[-1]["actor"] == f"user:{pwd.getpwuid(os.getuid()).pw_name}"
    result = called(home, "search", "spleen", as_="bo")
    assert isinstance(result.exception, UsageError)


@pytest.mark.parametrize("command", READS, ids=" ".join)
def test_once_logins_exist_nobody_reads_without_one(staffed: Path, command: tuple[str, ...]) -> None:
    """Owning the data folders is not enough for the program to show what is in them."""
    result = called(staffed, *command)
    assert isinstance(result.exception, LoginNeeded) and not result.stdout


@pytest.mark.parametrize("command", ["status", "check", "health", "reindex", "config", "retry --all"])
def test_what_operators_do_needs_no_login(staffed: Path, command: str) -> None:
    """A service account has no password to type."""
    assert not isinstance(called(staffed, *command.split()).exception, LoginNeeded)


def test_a_login_and_its_password_open_what_its_role_includes(staffed: Path) -> None:
    """Events name the login, not the account of the system."""
    assert "OKONKWOBELL" in said(staffed, "documents", as_="bo")
    assert events(staffed)[-1]["actor"] == "user:bo"
    assert isinstance(called(staffed, "documents", as_="bo", typed=WRONG + "\n").exception, LoginFailed)
    assert events(staffed)[-1]["kind"] == "login_failed"


@pytest.mark.parametrize(
    ("login", "command"),
    [("ann", ("search", "spleen")), ("eve", ("chart", FIRST.mrn)), ("doc", ("review",)),
     ("doc", ("roster", "find", "oko")), ("bo", ("people", "list")), ("bo", ("audit", "incidents")),
     ("bo", ("audit", "trail"))],
)  # fmt: skip
def test_what_a_role_does_not_include_is_refused_and_written_down(
    staffed: Path, login: str, command: tuple[str, ...]
) -> None:
    """Administrators and auditors read no charts, clinicians settle nothing."""
    result = called(staffed, *command, as_=login)
    assert isinstance(result.exception, Forbidden) and not result.stdout
    assert (events(staffed)[-1]["kind"], events(staffed)[-1]["actor"]) == ("denied", f"user:{login}")


def test_restricted_documents_are_as_if_they_were_not_there(staffed: Path) -> None:
    """In search, lists, charts and by their id; supervisors see them."""
    hidden = document_of(staffed, SECOND.mrn)
    for command in (("search", "spleen"), ("documents",), ("documents", "--json"), ("chart", SECOND.mrn)):
        assert hidden[:8] not in said(staffed, *command, as_="bo")
        assert hidden[:8] in said(staffed, *command, as_="sue"), command
    for command in (
        ("show", hidden),
        ("page", hidden),
        ("review", "undo", hidden),
        ("types", "explain", hidden),
    ):
        refused = called(staffed, *command, as_="bo")
        missing = called(staffed, *[word.replace(hidden, "zz234567") for word in command], as_="bo")
        assert isinstance(refused.exception, NotFound) and isinstance(missing.exception, NotFound)
    assert any(e["kind"] == "denied" and e["actor"] == "user:bo" for e in events(staffed))


def test_a_clinician_sees_the_patients_of_their_list_only(staffed: Path) -> None:
    """Nobody else is found, named or counted, until they break the glass."""
    other = document_of(staffed, SECOND.mrn)
    text = said(staffed, "documents", "--json", as_="doc") + said(
        staffed, "search", "spleen", "--json", as_="doc"
    )
    assert FIRST.last in text and SECOND.last not in text and SECOND.mrn not in text
    assert isinstance(called(staffed, "chart", SECOND.mrn, as_="doc").exception, NotFound)
    assert isinstance(called(staffed, "show", other, as_="doc").exception, NotFound)

    reason = "unconscious in the emergency room"
    said(staffed, "people", "glass", "break", SECOND.mrn, "--reason", reason, as_="doc")
    assert SECOND.last in said(staffed, "chart", SECOND.mrn, as_="doc")
    assert other[:8] in said(staffed, "search", "spleen", as_="doc")
    (grant,) = json.loads(said(staffed, "people", "glass", "list", "--open", "--json", as_="eve"))
    said(staffed, "people", "glass", "review", grant["grant_id"], "not-justified", as_="eve")
    assert isinstance(called(staffed, "chart", SECOND.mrn, as_="doc").exception, NotFound)


def test_a_token_in_the_environment_speaks_for_its_owner(
    staffed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its own rights only; revoked it is worth nothing."""
    secret = said(staffed, "people", "token", "new", "script", "--right", "read", as_="bo").strip()
    monkeypatch.setenv("SCANINDEX_TOKEN", secret)
    assert "spleen" in said(staffed, "search", "spleen")
    assert isinstance(called(staffed, "search", "spleen", "--all", "--json").exception, Forbidden)
    (token,) = json.loads(said(staffed, "people", "token", "list", "--json"))
    said(staffed, "people", "token", "revoke", token["token_id"])
    assert isinstance(called(staffed, "search", "spleen").exception, LoginNeeded)


def test_an_account_of_the_system_can_speak_for_a_login(staffed: Path) -> None:
    """Where an administrator says so; no password is asked for."""
    said(staffed, "people", "set", "bo", "--os-user", pwd.getpwuid(os.getuid()).pw_name, as_="ann")
    assert "spleen" in said(staffed, "search", "spleen")
    assert events(staffed)[-1]["actor"] == "user:bo"


def test_decisions_name_the_login(staffed: Path) -> None:
    """And what takes a filed document back wants the right to correct."""
    mine = document_of(staffed, FIRST.mrn)
    said(staffed, "review", "undo", mine, as_="bo")
    assert [e["actor"] for e in events(staffed) if e["kind"] == "reopened"] == ["user:bo"]


def test_a_list_taken_along_is_written_down_as_that(staffed: Path, tmp_path: Path) -> None:
    """With the documents on it."""
    said(staffed, "search", "spleen", "--csv", str(tmp_path / "list.csv"), as_="bo")
    taken = [e for e in events(staffed) if e["kind"] == "exported"][-1]
    assert taken["actor"] == "user:bo" and taken["payload"]["document_ids"] == [
        document_of(staffed, FIRST.mrn)
    ]


def test_people_are_made_and_shut_out_on_the_terminal(home: Path) -> None:
    """From the first link to the last session; a link is shown once and opens a browser or a terminal."""
    link = said(home, "people", "link").strip()
    assert link.startswith("http://127.0.0.1:8700/invited/")
    said(home, "people", "accept", "--login", "ann", "--name", "Ann Ode", typed=f"{link}\n{GOOD}\n{GOOD}\n")
    assert isinstance(called(home, "people", "link").exception, NotAllowedNow)

    made = said(home, "people", "invite", "bo", "Bo Lee", "--role", "clerk", as_="ann").strip()
    said(home, "people", "accept", typed=f"{made}\n{GOOD}\n{GOOD}\n")
    assert "bo" in said(home, "people", "list", as_="ann")
    said(home, "people", "set", "bo", "--role", "supervisor", as_="ann")
    (_, bo) = json.loads(said(home, "people", "list", "--json", as_="ann"))
    assert bo["roles"] == ["supervisor"] and not {"password_hash", "totp_secret"} & set(bo)
    said(home, "people", "disable", "bo", as_="ann")
    assert isinstance(called(home, "search", "spleen", as_="bo").exception, LoginFailed)


def test_who_owns_the_data_folders_can_rescue_a_login(staffed: Path) -> None:
    """Recorded under the account of the system."""
    link = said(staffed, "people", "rescue", "ann").strip()
    rescued = [e for e in events(staffed) if e["kind"] == "user_rescued"]
    assert [e["actor"] for e in rescued] == [f"user:{pwd.getpwuid(os.getuid()).pw_name}"]
    other = "slow amber lighthouse"
    said(staffed, "people", "accept", typed=f"{link}\n{other}\n{other}\n")
    said(staffed, "people", "list", as_="ann", typed=f"{other}\n")


def test_logins_and_keys_come_back_with_a_backup_and_sessions_do_not(staffed: Path, tmp_path: Path) -> None:
    """Second factors still open; a session that was stolen with the backup is worth nothing."""
    opened = open_stubbed(quick_settings(staffed))
    services = opened.services
    secret, _ = people.log_in("bo", GOOD, None, "", "", services)
    access = people.session_of(secret, services)[1]
    device = pyotp.parse_uri(people.start_second_factor(access, services))
    (code, *_) = people.confirm_second_factor(access, device.now(), services)
    opened.close()
    said(staffed, "backup", str(tmp_path / "kept"))
    said(tmp_path / "new", "restore", str(tmp_path / "kept"))

    opened = open_stubbed(quick_settings(tmp_path / "new"))
    with pytest.raises(LoginNeeded):
        people.session_of(secret, opened.services)
    assert people.log_in("bo", GOOD, code, "", "", opened.services)
    opened.close()


def test_roles_in_the_documentation_are_those_of_the_code() -> None:
    """docs/reference/roles.md shows `access_model.RIGHTS`, right by right."""
    from scanindex.access_model import RIGHTS

    page = Path(__file__).resolve().parents[1] / "docs" / "reference" / "roles.md"
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in page.read_text("utf-8").splitlines()
            if line.startswith("|")]  # fmt: skip
    head, *body = [row for row in rows if set(row[0]) != {"-"}][: len(Right) + 1]
    assert head[2:] == [role.value for role in StaffRole]
    told = {
        row[0].strip("`"): {r for r, mark in zip(head[2:], row[2:], strict=True) if mark == "yes"}
        for row in body
    }
    assert told == {right.value: {r.value for r in StaffRole if right in RIGHTS[r]} for right in Right}


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Every fact leaves the environment as it was."""
    before = dict(os.environ)
    yield
    assert before.get("SCANINDEX_HOME") == os.environ.get("SCANINDEX_HOME")
