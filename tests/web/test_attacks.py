"""Facts about attacks: forged requests, addresses that climb, headers that split, bodies too large.

Each goes through the whole route map, so that a new route is attacked as soon as it is there.
"""

from __future__ import annotations

import html.parser
import itertools
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from scanindex import people
from scanindex.access_model import StaffRole
from scanindex.web.headers import UPLOAD_PATHS
from tests.web import bodies, samples
from tests.web.conftest import PASSWORD
from tests.web.gate import STAFF, Gate, explain, is_let_in
from tests.web.route_map import Operation
from tests.web.wanted_rights import PUBLIC

pytestmark = pytest.mark.xdist_group("web_samples")

CLIMBING = (
    "..%2f..%2f..%2fetc%2fpasswd",
    "%252e%252e%252fcatalog.db",
    "%00%0d%0aX-Split:%20yes",
    "%E2%80%AE'%20OR%20'1'='1{{7*7}}",
    "9" * 400,
    "-1",
)
"""Climbing, climbing when decoded twice, ending and splitting lines, other languages, out of all bounds."""
MIB = 1 << 20
WITHOUT_BODY_BOUND = ("/upload", "/uploads", "/roster/import")


def changes(gate: Gate) -> Iterator[tuple[Operation, str]]:
    """Every route that changes something, with somebody who may."""
    for op in gate.operations:
        if not op.is_look and op.is_known:
            yield op, next(caller for caller in ("ada", *STAFF) if is_let_in(op, caller))


# --- requests that another site makes the browser send ----------------------------------------
FORGERIES: dict[str, dict[str, str]] = {
    "no token": {"x-csrf-token": ""},
    "a wrong token": {"x-csrf-token": "0" * 64},
    "from another site": {"sec-fetch-site": "cross-site"},
    "from a neighbour": {"sec-fetch-site": "same-site"},
    "of another origin": {"origin": "https://elsewhere.example"},
    "of no origin": {"origin": "null"},
}


def test_no_change_is_made_for_another_site(gate: Gate) -> None:
    """Without the session's token, with another's, or said by the browser to come from elsewhere."""
    other = samples.session_headers(gate.samples.opened, "clark")["x-csrf-token"]
    forgeries = FORGERIES | {"another session's token": {"x-csrf-token": other}}
    problems = []
    for (op, caller), (name, headers) in itertools.product(changes(gate), forgeries.items()):
        answer = gate.ask(op, caller, gate.values(op), headers=headers)
        if answer.status_code != 403:
            problems.append(f"{op} with {name} -> {answer.status_code}")
    assert not problems, explain(problems)


def test_a_token_in_a_form_counts_and_a_wrong_one_does_not(gate: Gate) -> None:
    """Forms carry it as a field; a field that is empty, or of another session, is none."""
    own = dict(gate.headers["cleo"])
    csrf = own.pop("x-csrf-token")
    other = samples.session_headers(gate.samples.opened, "clark")["x-csrf-token"]
    sent = [
        gate.client.post("/api/v1/session/renew", headers=own, data={"csrf": value})
        for value in (csrf, other, "", "é")
    ]
    assert [answer.status_code for answer in sent] == [200, 403, 403, 403]


def test_the_doors_take_nothing_from_another_site(gate: Gate) -> None:
    """Logging somebody in as somebody else (login CSRF) is refused before the password is looked at."""
    for name in sorted(PUBLIC):
        method, path = name.split()
        if method != "POST":
            continue
        form = {"login": "cleo", "password": PASSWORD, "again": PASSWORD, "ticket": "x", "code": "1"}
        address = path.replace("{secret}", "x")
        answer = gate.client.post(address, data=form, headers={"sec-fetch-site": "cross-site"})
        assert (name, answer.status_code) == (name, 403)


# --- sessions ----------------------------------------------------------------------------------
def test_a_login_never_takes_over_a_session_that_was_there(gate: Gate) -> None:
    """What somebody put into the browser before counts for nothing, nor after logging out."""
    browser = TestClient(gate.web, base_url="http://127.0.0.1", follow_redirects=False)
    planted = samples.begin(gate.samples.opened, "clark")[0]
    form = {"login": "cleo", "password": PASSWORD}
    answer = browser.post("/login", data=form, headers={"cookie": f"scanindex={planted}"})
    given = answer.cookies["scanindex"]

    def who(secret: str) -> Any:
        answer = browser.get("/api/v1/me", headers={"cookie": f"scanindex={secret}"})
        return answer.json().get("login", answer.status_code)

    assert given != planted and (who(given), who(planted)) == ("cleo", "clark")
    (session, _) = people.session_of(given, gate.samples.opened.services)
    headers = {"cookie": f"scanindex={given}", "x-csrf-token": session.csrf}
    assert browser.post("/logout", headers=headers).status_code == 303
    assert who(given) == 401


def test_the_cookie_is_for_this_site_and_no_script(gate: Gate) -> None:
    """HttpOnly, SameSite=Strict, the whole path; over TLS Secure and bound to the host by its name."""
    form = {"login": "cleo", "password": PASSWORD}
    for base, name in (("http://127.0.0.1", "scanindex"), ("https://127.0.0.1", "__Host-scanindex")):
        browser = TestClient(gate.web, base_url=base, follow_redirects=False)
        set_cookie = browser.post("/login", data=form).headers["set-cookie"]
        flags = {part.strip().lower() for part in set_cookie.split(";")[1:]}
        assert set_cookie.startswith(f"{name}=")
        assert {"httponly", "samesite=strict", "path=/"} <= flags
        assert ("secure" in flags) == base.startswith("https")
        assert not any(flag.startswith("domain") for flag in flags)


# --- addresses -----------------------------------------------------------------------------------
def test_no_address_climbs_or_breaks_anything(gate: Gate) -> None:
    """Every parameter of every route with what people try: refused, and nothing of it in a header."""
    problems = []
    for op in gate.operations:
        caller = next((c for c in ("ada", *STAFF) if is_let_in(op, c)), "nobody")
        for parameter, text in itertools.product(op.parameters, CLIMBING):
            answer = gate.ask(op, caller, gate.values(op) | {parameter: text})
            if answer.status_code not in (303, 400, 403, 404, 405, 409, 422) and not is_let_go(op):
                problems.append(f"{op} {parameter}={text} -> {answer.status_code} {answer.text[:200]!r}")
            if "x-split" in answer.headers or "root:" in answer.text:
                problems.append(f"{op} {parameter}={text} got through")
            location = answer.headers.get("location", "/")
            if not location.startswith("/") or location.startswith("//"):
                problems.append(f"{op} {parameter}={text} leads to {location}")
    assert not problems, explain(problems)


def is_let_go(operation: Operation) -> bool:
    """Letting go of nothing is done already."""
    return operation.path.endswith("/release")


def test_static_files_do_not_climb(gate: Gate) -> None:
    for path in ("../application.py", "..%2fapplication.py", "%2e%2e/render.py", "css/../../world.py", ".."):
        address = "/static/" + mark(gate) + "/" + path
        assert (path, gate.client.get(address).status_code) == (path, 404)


def mark(gate: Gate) -> str:
    from scanindex.web.render import tree_mark

    return tree_mark()


def test_where_a_form_leads_stays_here(gate: Gate) -> None:
    """No address that is sent along is followed."""
    evil = "https://elsewhere.example/"
    names = ("next", "return", "return_to", "back", "url", "redirect", "to", "continue")
    query = "&".join(f"{name}={quote(evil)}" for name in names)
    form = {"login": "cleo", "password": PASSWORD} | dict.fromkeys(names, evil)
    answers = [gate.client.post(f"/login?{query}", data=form)]
    for op, caller in changes(gate):
        if not op.is_api and op.path not in ("/logout",) and "sessions" not in op.path:
            sent = bodies.request_of(op, gate.values(op)).get("data", {})
            more = {"data": {**dict.fromkeys(names, evil), **sent, "back": evil}}
            answers.append(gate.ask(op, caller, gate.values(op), **more))
    places = {a.headers["location"] for a in answers if "location" in a.headers}
    assert places
    assert {
        p for p in places if "elsewhere" in p or not p.startswith("/") or p.startswith(("//", "/\\"))
    } == set()


# --- requests that are not what they say -----------------------------------------------------------
def test_another_host_is_refused(gate: Gate) -> None:
    """A name that somebody points at this machine does not reach it, and no link is made from it."""
    for host in ("elsewhere.example", "127.0.0.1.elsewhere.example", "127.0.0.1@elsewhere.example", ""):
        assert (host, gate.client.get("/login", headers={"host": host}).status_code) == (host, 400)
    answer = gate.client.get("/login", headers={"x-forwarded-host": "elsewhere.example"})
    assert answer.status_code == 200 and "elsewhere" not in answer.text


def test_a_header_cannot_change_the_method(gate: Gate) -> None:
    """A look stays a look; what no route takes is refused."""
    before = samples.states(gate.samples.opened)
    headers = gate.headers["ada"] | {"x-http-method-override": "DELETE", "x-method-override": "DELETE"}
    for op in gate.operations:
        if op.is_look and op.is_known:
            gate.client.get(f"{op.address(gate.samples.of(op.path))}?_method=DELETE", headers=headers)
    for method in ("PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"):
        assert gate.client.request(method, "/review", headers=gate.headers["ada"]).status_code == 405
    assert samples.states(gate.samples.opened) == before
    assert gate.client.get("/api/v1/me", headers=gate.headers["ada"]).status_code == 200


def test_a_body_of_another_kind_is_not_understood(gate: Gate) -> None:
    """What a form of another site could send without asking (text/plain) is no JSON, whatever it holds."""
    problems = []
    for op, caller in changes(gate):
        sent = bodies.request_of(op, gate.values(op))
        if "json" not in sent:
            continue
        text = json.dumps(sent["json"])
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
            more = {"json": None, "content": text, "headers": {"content-type": kind}}
            answer = gate.ask(op, caller, gate.values(op), **more)
            if answer.status_code != 422:
                problems.append(f"{op} as {kind} -> {answer.status_code}")
    assert not problems, explain(problems)


def test_what_no_model_knows_is_refused(gate: Gate) -> None:
    """A field too many is no way to more rights, and no typing error that is passed over."""
    problems = []
    for op, caller in changes(gate):
        sent = bodies.request_of(op, gate.values(op))
        if not isinstance(sent.get("json"), dict):
            continue
        for name in ("is_superuser", "roles_", "__proto__", "actor"):
            answer = gate.ask(op, caller, gate.values(op), json={**sent["json"], name: True})
            if answer.status_code != 422:
                problems.append(f"{op} with {name} -> {answer.status_code}")
    assert not problems, explain(problems)


def test_a_form_gives_nobody_more_rights(gate: Gate) -> None:
    """Fields of other forms beside the right ones change nothing."""
    more = {"roles": "administrator", "role": "administrator", "is_superuser": "1", "may_see_sensitive": "1"}
    for path in ("/me/password", "/me/tokens", "/login", "/me/sessions/end"):
        form = {"login": "cleo", "password": PASSWORD, "csrf": "", **more}
        gate.client.post(path, data=form, headers=gate.headers["cleo"])
    gate.log_in_anew("cleo")
    with gate.samples.opened.catalog.read() as unit:
        user = unit.users.get("cleo")
    assert user is not None and user.roles == (StaffRole.CLERK,) and not user.may_see_sensitive


def test_json_that_is_none_breaks_nothing(gate: Gate) -> None:
    """Cut, nested without end, not UTF-8, of huge numbers, with keys twice, lone surrogates, NUL."""
    texts = (
        b"{", b"[" * 100_000, b"\xff\xfe{}", b'{"version": 1e999}', b'{"version": 1, "version": 2}',
        b'{"text": "\\ud800"}', b'{"text": "\\u0000"}', b"null", b"[]", b'"x"', b"NaN", b"",
    )  # fmt: skip
    problems = []
    for op, caller in changes(gate):
        if "json" not in bodies.request_of(op, gate.values(op)):
            continue
        for text in texts:
            more = {"json": None, "content": text, "headers": {"content-type": "application/json"}}
            answer = gate.ask(op, caller, gate.values(op), **more)
            if answer.status_code not in (400, 404, 409, 422) and not is_understood(op, text, answer):
                problems.append(f"{op} {text[:24]!r} -> {answer.status_code} {answer.text[:200]!r}")
    assert not problems, explain(problems)


def is_understood(operation: Operation, text: bytes, answer: Any) -> bool:
    """Some bodies may be left out, or hold a text of any characters."""
    return answer.status_code < 300 and text in (b"", b"null", b'{"text": "\\u0000"}', b'{"text": "\\ud800"}')


# --- too large --------------------------------------------------------------------------------------
def test_a_body_that_is_too_large_is_cut_off(gate: Gate) -> None:
    """By what it says its length is, or, where it says none, as soon as too much came."""
    problems = []
    for op, caller in changes(gate):
        sent = bodies.request_of(op, gate.values(op))
        kind = "application/json" if "json" in sent else "application/x-www-form-urlencoded"
        for name, content in (("stated", b"x" * (2 * MIB)), ("chunked", chunks(2 * MIB))):
            if op.path.endswith(WITHOUT_BODY_BOUND) or (name == "chunked" and not sent):
                continue  # what nobody reads is not received either
            more = {"json": None, "data": None, "content": content, "headers": {"content-type": kind}}
            answer = gate.ask(op, caller, gate.values(op), **more)
            if answer.status_code != 413:
                problems.append(f"{op} {name} -> {answer.status_code}")
    assert not problems, explain(problems)


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // (64 << 10)):
        yield b"x" * (64 << 10)


def test_an_upload_is_not_read_before_it_is_known_who_sends_it(gate: Gate) -> None:
    """Nobody, and whoever may not, are refused whatever they send; only these ways take much."""
    for path in ("/upload", "/api/v1/uploads"):
        for caller in ("nobody", "doc"):
            files = {"file": ("x.pdf", b"%PDF" + b"x" * (2 * MIB))}
            answer = gate.client.post(path, files=files, headers=gate.headers[caller])
            assert answer.status_code in (303, 401, 403)
    assert UPLOAD_PATHS == ("/upload", "/api/v1/uploads", "/roster/import")


NAMES = (
    "../../../evil.pdf", "..\\..\\evil.pdf", "/etc/cron.d/evil.pdf", "evil\x00.pdf", "evil\r\nX-Evil: 1.pdf",
    ".pdf", "..", "con.pdf", "\u202efdp.exe.pdf", "e" * 400 + ".pdf", "preset.toml", "<img src=x>.pdf",
    "~$x.pdf",
)  # fmt: skip


def test_no_name_of_an_upload_leaves_the_inbox(gate: Gate) -> None:
    """Whatever it is called, it lies in the inbox under a harmless name, or is refused."""
    opened = gate.samples.opened
    root = opened.settings.home
    before = {path for path in root.rglob("*") if path.is_file() and "var" not in path.parts}
    for number, (name, folder) in enumerate(itertools.product(NAMES, (".", "../archive", "/tmp", "..%2f.."))):
        answer = gate.client.post(
            "/api/v1/uploads",
            files={"file": (name, samples.drawable_pdf([f"upload {number}"]))},
            data={"folder": folder},
            headers=gate.headers["cleo"],
        )
        assert answer.status_code in (201, 404, 422), (name, folder, answer.text)
    after = {path for path in root.rglob("*") if path.is_file() and "var" not in path.parts}
    new = after - before
    assert new and all(path.is_relative_to(opened.settings.inbox) for path in new)
    assert all(path.name.isprintable() and len(path.name.encode()) < 255 for path in new)
    assert not list(root.parent.rglob("*evil*.pdf")) or all(
        path.is_relative_to(opened.settings.inbox) for path in root.parent.rglob("*evil*.pdf")
    )
    for path in new:
        path.unlink()


# --- what every answer carries -----------------------------------------------------------------------
def test_every_answer_is_fenced(gate: Gate) -> None:
    """Pages, data, errors of all kinds and files: policy, no sniffing, no frame, no cache, no referrer."""
    problems = []
    for what, answer in every_kind(gate):
        headers = answer.headers
        policy = headers.get("content-security-policy", "")
        faults = [
            "unsafe" in policy
            or "default-src 'none'" not in policy
            or "frame-ancestors 'none'" not in policy,
            headers.get("x-content-type-options") != "nosniff",
            headers.get("x-frame-options") != "DENY",
            headers.get("referrer-policy") != "no-referrer",
            headers.get("cross-origin-opener-policy") != "same-origin",
            headers.get("cross-origin-resource-policy") != "same-origin",
            "permissions-policy" not in headers,
            headers.get("cache-control")
            != ("no-store" if not is_ours(what) else headers.get("cache-control")),
            "server" in headers,
            "access-control-allow-origin" in headers,
        ]
        if any(faults):
            problems.append(f"{what} -> {answer.status_code} {[n for n, f in enumerate(faults) if f]}")
    assert not problems, explain(problems)


def is_ours(what: str) -> bool:
    return what.startswith("static")


def every_kind(gate: Gate) -> Iterator[tuple[str, Any]]:
    for op in gate.operations:
        if op.is_look:
            for caller in ("nobody", "ada", "adm"):
                yield f"{op} {caller}", gate.ask(op, caller, gate.values(op))
    yield "static", gate.client.get(f"/static/{mark(gate)}/css/base.css")
    yield "static missing", gate.client.get(f"/static/{mark(gate)}/css/none.css")
    yield "missing", gate.client.get("/nothing/here")
    yield "method", gate.client.put("/review")
    yield "host", gate.client.get("/login", headers={"host": "elsewhere.example"})
    yield "large", gate.client.post("/login", content=b"x" * (2 * MIB))
    yield "length", gate.client.post("/login", content=b"x", headers={"content-length": "nonsense"})
    yield "openapi", gate.client.get("/api/v1/openapi.json")
    yield "invalid", gate.client.post("/login", data={})
    yield "forged", gate.client.post("/logout", headers=gate.headers["ada"] | {"x-csrf-token": ""})


def test_what_is_taken_away_cannot_run_in_the_browser(gate: Gate) -> None:
    """Files come as attachments under a sandbox, with a name that nothing hides in."""
    for path in ("pdf", "original"):
        for start in ("", "/api/v1"):
            address = f"{start}/documents/{gate.samples.values['document_id']}/{path}"
            headers = gate.client.get(address, headers=gate.headers["cleo"]).headers
            assert headers["content-disposition"].startswith("attachment")
            assert "sandbox" in headers["content-security-policy"]
            assert headers["content-type"] in ("application/pdf", "application/octet-stream")


class Inline(html.parser.HTMLParser):
    """What a strict policy would not run, and what leads elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in known):
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name == "style":
                self.found.append(f"<{tag} {name}>")
            if name in ("src", "href", "action", "formaction", "srcset") and not is_here(value or ""):
                self.found.append(f"<{tag} {name}={value}>")


def is_here(address: str) -> bool:
    return address.startswith(("/", "#", "?")) and not address.startswith("//")


def test_no_page_holds_script_style_or_an_address_elsewhere(gate: Gate) -> None:
    """So that the policy never has to forbid what a screen needs."""
    problems = []
    for op in gate.operations:
        caller = next((c for c in ("ada", *STAFF) if is_let_in(op, c)), "nobody")
        if op.is_look and not op.is_api:
            answer = gate.ask(op, caller, gate.values(op))
            if answer.headers.get("content-type", "").startswith("text/html"):
                reader = Inline()
                reader.feed(answer.text)
                problems += [f"{op}: {one}" for one in reader.found]
    assert not problems, explain(problems)


# --- last, because some of it is done ----------------------------------------------------------
HOSTILE_TEXTS = (
    "\ud7ff\x00",
    "a\r\nSet-Cookie: x=1",
    "x" * 100_000,
    "\u202e\u0000<script>",
    "{{7*7}}",
    "🂡" * 50,
)


def test_no_text_in_a_field_breaks_anything(gate: Gate) -> None:
    """Every text of every body in turn: refused or taken as text, never broken, nothing in a header."""
    problems = []
    for op, caller in changes(gate):
        sent = bodies.request_of(op, gate.values(op))
        kind = "json" if isinstance(sent.get("json"), dict) else "data"
        known = sent.get(kind) or {}
        for name, text in itertools.product(known, HOSTILE_TEXTS):
            if not isinstance(known[name], str):
                continue
            answer = gate.ask(op, caller, gate.values(op), **{kind: {**known, name: text}})
            if answer.status_code >= 500:
                problems.append(f"{op} {name}={text[:20]!r} -> {answer.status_code} {answer.text[:200]!r}")
            if is_over(op):
                gate.log_in_anew(caller)
            if any("\n" in v or "\r" in v for v in answer.headers.values()) or "x" in answer.cookies:
                problems.append(f"{op} {name}={text[:20]!r} splits a header")
    assert not problems, explain(problems)


def is_over(operation: Operation) -> bool:
    """Its session may be, behind it."""
    return "session" in operation.path or operation.path.endswith(("/logout", "/password"))
