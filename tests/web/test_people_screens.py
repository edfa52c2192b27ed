"""Keeping logins, and one's own: what an administrator, a supervisor and everybody else can do."""

from __future__ import annotations

import dataclasses
import re

import pyotp
import pytest
from fastapi import FastAPI

from scanindex import app, people
from scanindex.access_model import Right, StaffRole
from tests.crash import stub
from tests.web.conftest import PASSWORD, Browser, ClientOf, access_as

NEW = "copper lanterns drift"
_LINK = re.compile(r'value="(http://127\.0\.0\.1/invited/[^"]+)"')
_KEY = re.compile(r'value="(scanindex_[^"]+)"')


FIRST = stub.PEOPLE[0].mrn


# --- administrators ---------------------------------------------------------------------------
def test_an_invited_person_chooses_a_password_and_begins(web: FastAPI, client_of: ClientOf) -> None:
    """The link is shown once and leads in; nobody else ever knew the password."""
    boss = client_of("adm")
    page = boss.post("/invite", data={"login": "Bo", "name": "Bo Lee", "roles": ["clerk", "auditor"]})
    link = _LINK.search(page.text)
    assert page.status_code == 200 and link
    assert link.group(1) not in boss.get("/people/bo").text
    newcomer = Browser(web, base_url="http://127.0.0.1", follow_redirects=False)
    assert newcomer.post(link.group(1), data={"password": NEW, "again": NEW}).status_code == 303
    assert set(newcomer.get("/api/v1/me").json()["roles"]) == {"clerk", "auditor"}


def test_what_is_wrong_is_said_and_what_was_typed_stays(client_of: ClientOf) -> None:
    """A login that somebody has, and roles without a name."""
    page = client_of("adm").post("/invite", data={"login": "cleo", "name": "Other", "roles": ["clerk"]})
    assert page.status_code == 422
    assert "Somebody has that login" in page.text and 'value="Other"' in page.text


def test_the_administrator_sees_how_long_a_list_is_and_nobody_on_it(client_of: ClientOf) -> None:
    """Neither on the page nor in the API; the supervisor's pages are closed to them."""
    supervisor, boss = client_of("sue"), client_of("adm")
    added = supervisor.post("/api/v1/clinicians/doc/patients", json={"numbers": [FIRST]})
    assert added.json() == {"added": 1, "known": 0, "problems": []}
    (listed,) = supervisor.get("/api/v1/clinicians/doc/patients").json()
    shown = boss.get("/people/doc").text + boss.get("/api/v1/people/doc").text + boss.get("/people").text
    assert boss.get("/api/v1/people/doc").json()["patients"] == 1
    for secret in (listed["patient_id"], listed["mrn"], listed["name"]):
        assert secret not in shown
    for path in ("/clinicians", "/clinicians/doc", "/api/v1/clinicians/doc/patients"):
        assert boss.get(path).status_code == 403


def test_a_supervisor_keeps_the_list_and_is_told_what_was_not_found(client_of: ClientOf) -> None:
    """By line, without the number; taken off again, the list is empty."""
    browser = client_of("sue")
    page = browser.post("/clinicians/doc/add", data={"numbers": f"{FIRST}\n\n00000000\n{FIRST}"})
    assert "1 added" in page.text and "line 3: no patient has this number" in page.text
    assert "00000000" not in page.text
    (listed,) = browser.get("/api/v1/clinicians/doc/patients").json()
    browser.post("/clinicians/doc/remove", data={"patient_ids": [listed["patient_id"]]})
    assert browser.get("/api/v1/clinicians/doc/patients").json() == []


def test_a_number_opens_the_chart_of_exactly_that_number(client_of: ClientOf) -> None:
    """Without its leading zeros, or with one more, it is nobody's: it might have been somebody else's."""
    browser = client_of("sue")
    done = browser.post("/api/v1/clinicians/doc/patients", json={"numbers": [f"00{FIRST}"]}).json()

    assert done["added"] == 0 and "leading zeros" in done["problems"][0]


def test_a_list_is_for_clinicians_only(client_of: ClientOf) -> None:
    """It would bound nobody else, so nothing is kept."""
    answer = client_of("sue").post("/api/v1/clinicians/cleo/patients", json={"numbers": ["1"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_allowed_now")


@pytest.mark.parametrize("login", ["cleo", "sue", "doc", "aud"])
def test_only_administrators_keep_logins(client_of: ClientOf, login: str) -> None:
    """Looking and changing alike; the refusal names the right place to ask."""
    browser = client_of(login)
    for path in ("/people", "/people/adm", "/invite", "/api/v1/people", "/api/v1/people/adm/sessions"):
        assert browser.get(path).status_code == 403
    assert browser.patch("/api/v1/people/cleo", json={"roles": ["administrator"]}).status_code == 403
    assert browser.post(f"/people/{login}/link").status_code == 403


def test_nobody_gives_more_to_themselves(client_of: ClientOf) -> None:
    """While another administrator could; it is said on the page, and nothing changed."""
    boss = client_of("adm")
    page = boss.post("/people/adm", data={"name": "Adm", "roles": ["administrator", "auditor"]})
    assert page.status_code == 403 and "ask another administrator" in page.text
    assert boss.get("/api/v1/people/adm").json()["roles"] == ["administrator"]


def test_the_last_administrator_stays_one(client_of: ClientOf) -> None:
    """Neither disabled nor demoted, by nobody."""
    boss = client_of("ada")
    assert boss.post("/people/adm/disabled", data={"is_disabled": "yes"}).status_code == 303
    page = boss.post("/people/ada/disabled", data={"is_disabled": "yes"})
    assert page.status_code == 409 and "last administrator" in page.text


def test_sessions_of_others_are_seen_and_ended(client_of: ClientOf) -> None:
    """One by one or all; ending one's own leaves the one that asks."""
    boss, clerk = client_of("adm"), client_of("cleo")
    session = boss.get("/api/v1/people/cleo/sessions").json()[0]
    assert boss.delete(f"/api/v1/sessions/{session['session_id']}").status_code == 204
    assert clerk.get("/api/v1/me").status_code == 401
    client_of("adm")
    boss.post("/people/adm/sessions/end")
    assert [one["is_this"] for one in boss.get("/api/v1/people/adm/sessions").json()] == [True]


def test_unknown_fields_and_roles_are_refused(client_of: ClientOf) -> None:
    """Strictly: what is not understood changes nothing."""
    boss = client_of("adm")
    for sent in ({"roles": ["king"]}, {"name": "X", "password_hash": "y"}, {"patient_ids": ["p1"]}):
        assert boss.patch("/api/v1/people/cleo", json=sent).status_code == 422
    assert boss.get("/api/v1/people/nobody-here").status_code == 404


# --- one's own ----------------------------------------------------------------------------------
def test_a_wrong_present_password_changes_nothing(client_of: ClientOf) -> None:
    """And says which of the two it was."""
    browser = client_of("cleo")
    page = browser.post("/me/password", data={"old": "wrong", "new": NEW, "again": NEW})
    assert page.status_code == 401 and "present password is not right" in page.text
    assert client_of("cleo").get("/me").status_code == 200


def test_a_second_factor_is_set_up_by_picture_or_letters(client_of: ClientOf) -> None:
    """The code that is shown works; the picture is gone once it is confirmed; codes are shown once."""
    browser = client_of("cleo")
    assert browser.get("/me/factor.svg").status_code == 404
    browser.post("/me/factor")
    picture = browser.get("/me/factor.svg")
    assert picture.headers["content-type"] == "image/svg+xml" and b"style=" not in picture.content
    shown = re.search(r'<code class="id">([A-Z2-7 ]+)</code>', browser.get("/me").text)
    assert shown
    code = pyotp.TOTP(shown.group(1).replace(" ", "")).now()
    page = browser.post("/me/factor/confirm", data={"code": code})
    codes = re.findall(r'<li class="id">([a-z2-7-]+)</li>', page.text)
    assert len(codes) == 10
    after = browser.get("/me").text
    assert browser.get("/me/factor.svg").status_code == 404 and codes[0] not in after
    assert browser.post("/me/factor/drop", data={"code": "000000"}).status_code == 401
    assert browser.post("/me/factor/drop", data={"code": codes[0]}).status_code == 303


def test_where_a_role_wants_a_second_factor_nothing_else_opens(
    opened: app.Workspace, web: FastAPI, client_of: ClientOf
) -> None:
    """Pages lead to one's own, which says why; programs are told a code of its own."""
    browser = client_of("cleo")
    workspace = web.state.world.workspace
    settings = workspace.services.settings
    wanted = dataclasses.replace(
        settings, access=dataclasses.replace(settings.access, second_factor_for=("clerk",))
    )
    object.__setattr__(workspace, "services", dataclasses.replace(workspace.services, settings=wanted))
    for path in ("/", "/upload", "/review"):
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/me")
    refused = browser.get("/api/v1/today")
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_wanted")
    assert "A second factor first" in browser.get("/me").text
    assert browser.post("/logout").status_code == 303


def test_a_key_is_shown_once_and_does_what_was_chosen(web: FastAPI, client_of: ClientOf) -> None:
    """No more rights than its owner has; revoked, it is worth nothing."""
    browser = client_of("cleo")
    page = browser.post("/me/tokens", data={"label": "nightly", "days": "3", "rights": ["status"]})
    found = _KEY.search(page.text)
    assert found and found.group(1) not in browser.get("/me").text
    program = Browser(web, base_url="http://127.0.0.1")
    program.headers["authorization"] = f"Bearer {found.group(1)}"
    assert program.get("/api/v1/me").json()["rights"] == ["status"]
    assert program.get("/api/v1/uploads").status_code == 403
    more = browser.post("/api/v1/me/tokens", json={"label": "x", "days": 3, "rights": ["people"]})
    assert more.status_code == 403
    (token,) = browser.get("/api/v1/me/tokens").json()
    assert browser.delete(f"/api/v1/me/tokens/{token['token_id']}").status_code == 204
    assert program.get("/api/v1/me").status_code == 401


def test_a_key_of_a_program_cannot_make_keys_or_change_the_password(
    opened: app.Workspace, web: FastAPI
) -> None:
    """It must not outlive itself, nor see where its owner is logged in."""
    rights = [Right.STATUS, Right.READ]
    secret, _ = people.new_token(access_as(opened, "cleo"), "x", rights, 3, opened.services)
    program = Browser(web, base_url="http://127.0.0.1")
    program.headers["authorization"] = f"Bearer {secret}"
    for method, path, body in (
        ("POST", "/api/v1/me/tokens", {"label": "y", "days": 366, "rights": ["read"]}),
        ("POST", "/api/v1/me/password", {"old": PASSWORD, "new": NEW}),
        ("POST", "/api/v1/me/factor", None),
        ("GET", "/api/v1/me/sessions", None),
    ):
        assert program.request(method, path, json=body).status_code == 403


def test_sessions_and_keys_of_others_are_not_there_on_ones_own_page(client_of: ClientOf) -> None:
    """Not even for an administrator: that is the page of people."""
    clerk, boss = client_of("cleo"), client_of("adm")
    session = clerk.get("/api/v1/me/sessions").json()[0]
    assert boss.delete(f"/api/v1/me/sessions/{session['session_id']}").status_code == 404
    assert clerk.get("/api/v1/me").json()["roles"] == [StaffRole.CLERK]
