"""Coming in and going out through the screens: what a stolen, old or forged request is worth."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pyotp
import pytest
from fastapi import FastAPI

from scanindex import app, people
from scanindex.web.application import make_app
from tests.crash.service_main import open_stubbed
from tests.web.conftest import PASSWORD, Browser, ClientOf, access_as

NEW = "copper lanterns drift"
_TICKET = re.compile(r'name="ticket" value="([^"]+)"')


class MovedClock:
    """The clock of a workspace, some time later."""

    def __init__(self, clock: Any) -> None:
        self._clock, self.later = clock, timedelta()
        self.monotonic = clock.monotonic

    def now(self) -> datetime:
        return self._clock.now() + self.later  # type: ignore[no-any-return]


@pytest.fixture
def clock(opened: app.Workspace, web: FastAPI) -> MovedClock:
    """Of the service that the browsers of a test speak with."""
    world = web.state.world
    moved = MovedClock(world.workspace.services.clock)
    workspace = world.workspace
    services = dataclasses.replace(workspace.services, clock=moved)
    object.__setattr__(workspace, "services", services)
    return moved


def fresh(web: FastAPI, base_url: str = "http://127.0.0.1", **more: Any) -> Browser:
    return Browser(web, base_url=base_url, follow_redirects=False, **more)


def enter(browser: Browser, login: str = "cleo", password: str = PASSWORD, **headers: str) -> Any:
    return browser.post("/login", data={"login": login, "password": password}, headers=headers)


def kept(browser: Browser) -> str:
    return browser.cookies.get("scanindex") or ""


def is_in(web: FastAPI, cookie: str) -> bool:
    browser = fresh(web)
    browser.cookies.set("scanindex", cookie)
    return browser.get("/api/v1/me").status_code == 200


def with_factor(opened: app.Workspace, login: str) -> tuple[pyotp.TOTP, tuple[str, ...]]:
    access = access_as(opened, login)
    people.start_second_factor(access, opened.services)
    maker = pyotp.parse_uri(people.pending_second_factor(access, opened.services))
    assert isinstance(maker, pyotp.TOTP)
    now = opened.services.clock.now()
    codes = people.confirm_second_factor(access, maker.at(now - timedelta(seconds=30)), opened.services)
    return maker, codes


# --- sessions -------------------------------------------------------------------------------
def test_a_login_never_takes_a_session_that_was_there_before(web: FastAPI) -> None:
    """Fixation: a cookie planted in the browser is replaced, and stays worthless."""
    browser = fresh(web)
    browser.cookies.set("scanindex", "planted", domain="127.0.0.1", path="/")
    answer = enter(browser)
    assert answer.status_code == 303 and "scanindex=" in answer.headers["set-cookie"]
    assert "planted" not in answer.headers["set-cookie"] and not is_in(web, "planted")


def test_a_second_login_makes_a_session_of_its_own(web: FastAPI) -> None:
    """Two browsers share nothing."""
    one, two = fresh(web), fresh(web)
    enter(one), enter(two)
    assert kept(one) != kept(two)


def test_a_cookie_is_worth_nothing_after_logging_out(web: FastAPI, client_of: ClientOf) -> None:
    """The session ends on the server; the browser is told to forget what it kept."""
    browser = client_of("cleo")
    cookie = kept(browser)
    answer = browser.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?out")
    assert '"cache"' in answer.headers["clear-site-data"]
    assert not is_in(web, cookie)


def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(
    web: FastAPI, client_of: ClientOf
) -> None:
    """The browser that changed it goes on with a new cookie."""
    here, there = client_of("cleo"), client_of("cleo")
    old = kept(here)
    answer = here.post("/me/password", data={"old": PASSWORD, "new": NEW, "again": NEW})
    assert (answer.status_code, answer.headers["location"]) == (303, "/me?changed")
    assert is_in(web, kept(here)) and not is_in(web, old) and not is_in(web, kept(there))


def test_who_is_disabled_is_out_at_once(opened: app.Workspace, web: FastAPI, client_of: ClientOf) -> None:
    """And does not come in again."""
    browser = client_of("cleo")
    people.change_user(access_as(opened, "ada"), "cleo", opened.services, is_disabled=True)
    assert not is_in(web, kept(browser))
    assert enter(fresh(web)).status_code == 401


def test_a_session_ends_when_nobody_touches_it(web: FastAPI, client_of: ClientOf, clock: MovedClock) -> None:
    """After access.idle_minutes; a page then leads to the login and says why."""
    browser = client_of("cleo")
    clock.later = timedelta(minutes=14)
    assert browser.get("/api/v1/me").status_code == 200
    clock.later = timedelta(minutes=14 + 16)
    answer = browser.get("/upload")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?ended")
    assert "has ended" in browser.get("/login?ended").text


def test_polling_alone_does_not_keep_a_session_alive(client_of: ClientOf, clock: MovedClock) -> None:
    """What a page asks by itself (X-Background) does not count as a hand."""
    polling, working = client_of("cleo"), client_of("clark")
    answers = {}
    for minutes in (5, 10, 16, 21):
        clock.later = timedelta(minutes=minutes)
        answers[minutes] = (
            polling.get("/api/v1/me", headers={"x-background": "1"}).status_code,
            working.get("/api/v1/me").status_code,
        )
    assert answers == {5: (200, 200), 10: (200, 200), 16: (401, 200), 21: (401, 200)}


def test_a_session_ends_after_its_hours_however_busy(client_of: ClientOf, clock: MovedClock) -> None:
    """access.session_hours, with a hand on it all the time."""
    browser = client_of("cleo")
    for minutes in range(10, 12 * 60, 10):
        clock.later = timedelta(minutes=minutes)
        assert browser.get("/api/v1/me").status_code == 200
    clock.later = timedelta(hours=12, minutes=1)
    assert browser.get("/api/v1/me").status_code == 401


# --- forgery ----------------------------------------------------------------------------------
@pytest.mark.parametrize("sent", ["", "0" * 64, "other"])
def test_a_change_needs_the_token_of_this_very_session(client_of: ClientOf, sent: str) -> None:
    """Missing, made up, or of somebody else's session: refused, and nothing happened."""
    browser, other = client_of("cleo"), client_of("clark")
    token = other.csrf if sent == "other" else sent
    for headers, data in (({"x-csrf-token": token}, {}), ({"x-csrf-token": ""}, {"csrf": token})):
        answer = browser.post("/logout", headers=headers, data=data)
        assert answer.status_code == 403 and "forged" in answer.text
    assert browser.get("/api/v1/me").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "http://127.0.0.1:9"}],
)
def test_what_another_site_sends_is_refused_even_with_the_token(
    client_of: ClientOf, web: FastAPI, headers: dict[str, str]
) -> None:
    """Also logging in: nobody is logged in to somebody else's account by a page elsewhere."""
    assert client_of("cleo").post("/logout", headers=headers).status_code == 403
    answer = enter(fresh(web), **headers)
    assert answer.status_code == 403 and "set-cookie" not in answer.headers


# --- guessing ---------------------------------------------------------------------------------
def test_guessing_has_to_wait_and_is_told_how_long(web: FastAPI) -> None:
    """429 with Retry-After, also for the right password; somebody else comes in meanwhile."""
    browser = fresh(web)
    answers = [enter(browser, password=f"wrong {n}") for n in range(5)]
    assert {a.status_code for a in answers} == {401}
    waits = enter(browser)
    assert waits.status_code == 429 and int(waits.headers["retry-after"]) >= 1
    assert "data-wait" in waits.text and "too many tries" in waits.text.lower()
    assert enter(browser, login="clark").status_code == 303


def test_the_wait_is_not_shaken_off_by_claiming_other_addresses(web: FastAPI) -> None:
    """X-Forwarded-For counts from a declared proxy only."""
    browser = fresh(web)
    statuses = [
        enter(browser, password=f"wrong {n}", **{"x-forwarded-for": f"10.9.8.{n}"}).status_code
        for n in range(6)
    ]
    assert statuses == [401] * 5 + [429]


def test_a_login_that_nobody_has_is_answered_like_a_wrong_password(web: FastAPI) -> None:
    """Nothing tells who works here."""
    shown = [enter(fresh(web), login=who, password="wrong").text for who in ("cleo", "nobody-here")]
    assert shown[0].replace("cleo", "LOGIN") == shown[1].replace("nobody-here", "LOGIN")


# --- second factor ------------------------------------------------------------------------------
def test_the_second_step_asks_for_the_code_alone(opened: app.Workspace, web: FastAPI) -> None:
    """And each code opens once."""
    maker, _ = with_factor(opened, "cleo")
    browser = fresh(web)
    page = enter(browser)
    assert page.status_code == 200 and "set-cookie" not in page.headers and PASSWORD not in page.text
    ticket = _TICKET.search(page.text)
    assert ticket
    code = maker.at(opened.services.clock.now())
    sent = {"ticket": ticket.group(1), "code": code}
    assert browser.post("/login/code", data=sent).status_code == 303
    again = fresh(web).post("/login/code", data=sent)
    assert again.status_code == 401 and "set-cookie" not in again.headers


def test_a_recovery_code_opens_once(opened: app.Workspace, web: FastAPI) -> None:
    """Instead of the six digits."""
    _, codes = with_factor(opened, "cleo")
    for status in (303, 401):
        browser = fresh(web)
        ticket = _TICKET.search(enter(browser).text)
        assert ticket
        sent = {"ticket": ticket.group(1), "code": codes[0]}
        assert browser.post("/login/code", data=sent).status_code == status


@pytest.mark.parametrize("spoilt", ["made up", "late", "password"])
def test_the_ticket_of_the_first_step_is_good_for_minutes_and_for_that_password(
    opened: app.Workspace, web: FastAPI, clock: MovedClock, spoilt: str
) -> None:
    """One that is made up, too old, or older than the password opens nothing with a right code."""
    maker, _ = with_factor(opened, "cleo")
    browser = fresh(web)
    found = _TICKET.search(enter(browser).text)
    assert found
    ticket = "made-up" if spoilt == "made up" else found.group(1)
    if spoilt == "late":
        clock.later = timedelta(minutes=6)
    if spoilt == "password":
        args = (access_as(opened, "cleo"), PASSWORD, NEW, "", "", opened.services)
        people.change_password(*args)
    sent = {"ticket": ticket, "code": maker.at(clock.now())}
    answer = browser.post("/login/code", data=sent)
    assert answer.status_code == 401 and "begin again" in answer.text.lower()


def test_codes_cannot_be_guessed_with_one_ticket(opened: app.Workspace, web: FastAPI) -> None:
    """Each miss counts like a wrong password."""
    maker, _ = with_factor(opened, "cleo")
    browser = fresh(web)
    ticket = _TICKET.search(enter(browser).text)
    assert ticket
    used = maker.at(opened.services.clock.now() - timedelta(seconds=30))
    statuses = [
        browser.post("/login/code", data={"ticket": ticket.group(1), "code": used}).status_code
        for _ in range(6)
    ]
    assert statuses == [401] * 5 + [429]


# --- cookies and links --------------------------------------------------------------------------
def test_the_cookie_is_for_this_site_and_no_script(web: FastAPI) -> None:
    """On plain http of this machine: HttpOnly, SameSite=Strict, no Domain."""
    marks = enter(fresh(web)).headers["set-cookie"].lower()
    assert marks.startswith("scanindex=") and "httponly" in marks and "samesite=strict" in marks
    assert "path=/" in marks and "domain=" not in marks and "secure" not in marks


@pytest.fixture
def behind_proxy(opened: app.Workspace) -> Iterator[FastAPI]:
    """The same people, served behind a declared proxy that speaks TLS."""
    quick = opened.settings
    settings = dataclasses.replace(quick, web=dataclasses.replace(quick.web, behind_proxy="10.0.0.2"))
    workspace = open_stubbed(settings)
    made = make_app(workspace)
    yield made
    made.state.world.close()
    workspace.close()


def test_behind_a_proxy_the_cookie_belongs_to_this_host_and_tls(behind_proxy: FastAPI) -> None:
    """Secure with the prefix __Host-, when set and when taken back."""
    browser = fresh(behind_proxy, "https://charts.example")
    answer = enter(browser)
    marks = answer.headers["set-cookie"].lower()
    assert marks.startswith("__host-scanindex=") and "secure" in marks and "domain=" not in marks
    assert "max-age" in answer.headers["strict-transport-security"]
    page = browser.get("/me").text
    browser.csrf = re.search(r'name="csrf" content="([^"]+)"', page).group(1)  # type: ignore[union-attr]
    gone = browser.post("/logout").headers["set-cookie"].lower()
    assert gone.startswith("__host-scanindex=") and "secure" in gone and "max-age=0" in gone


def test_a_link_is_used_once(opened: app.Workspace, web: FastAPI) -> None:
    """The second who comes by it is told that it does not count any more."""
    secret = people.invite(access_as(opened, "ada"), "newt", "Newt", [], opened.services)
    browser = fresh(web)
    assert "Newt" in browser.get(f"/invited/{secret}").text
    differing = browser.post(f"/invited/{secret}", data={"password": NEW, "again": "x"})
    assert differing.status_code == 422 and "differ" in differing.text and NEW not in differing.text
    assert browser.post(f"/invited/{secret}", data={"password": NEW, "again": NEW}).status_code == 303
    late = fresh(web).get(f"/invited/{secret}")
    assert late.status_code == 404 and "does not count" in late.text and "Newt" not in late.text
