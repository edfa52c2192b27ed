"""A small FHIR server in this process that misbehaves as it is told: loses, doubles, delays, refuses.

    with FaultyFhir(script=[Fault.DROP_AFTER]) as far: ...     far.base, far.kept("DocumentReference")

It knows what our sender uses: search by identifier, tag and target (paged), conditional create, read, PUT and
JSON patch with If-Match, raw Binaries, transactions (all or nothing), tokens. It does not validate.
"""

from __future__ import annotations

import base64
import enum
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]


class Fault(enum.Enum):
    NONE = "none"
    LOSE = "lose"
    """Takes the request and hangs up without keeping anything."""
    DROP_AFTER = "drop_after"
    """Keeps it, then hangs up without an answer."""
    DOUBLE = "double"
    """Keeps it twice and says nothing of that."""
    DELAY = "delay"
    """Keeps it, and answers too late."""
    BUSY = "busy"
    UNAVAILABLE = "unavailable"
    REFUSE = "refuse"
    FORBID = "forbid"
    UNKNOWN_USER = "unknown_user"
    REDIRECT = "redirect"
    BABBLE = "babble"
    """An answer without end."""
    VANISH = "vanish"
    """Says 201, keeps nothing."""


@dataclass
class FaultyFhir:
    """script: a fault for each request that would change something, in order; then none."""

    script: list[Fault] = field(default_factory=list)
    script_of_reads: list[Fault] = field(default_factory=list)
    delay_seconds: float = 0.0
    has_binary_search: bool = True
    has_next_links: bool = True
    ignores_search: bool = False
    takes_updates: bool = True
    keeps_identifiers: bool = True
    keeps_good_half: str = ""
    """A kind that is refused within transactions, of which the rest is kept all the same."""
    token: str = ""
    resources: dict[str, Json] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    requests: list[tuple[str, str, int]] = field(default_factory=list)
    """Method, path with query, and bytes of the body."""
    headers: list[dict[str, str]] = field(default_factory=list)

    def __enter__(self) -> FaultyFhir:
        far = self

        class Handler(_Handler):
            server_state = far

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/fhir"

    def kept(self, kind: str) -> list[Json]:
        return [one for one in self.resources.values() if one["resourceType"] == kind]

    def keep(self, resource: Json, own_id: str = "") -> str:
        number = own_id or str(len(self.resources) + 1)
        reference = f"{resource['resourceType']}/{number}"
        self.versions[reference] = self.versions.get(reference, 0) + 1
        made = {**resource, "id": number}
        if not self.keeps_identifiers and resource["resourceType"] == "DocumentReference":
            made.pop("identifier", None)
            made.pop("masterIdentifier", None)
        made["meta"] = {**resource.get("meta", {}), "versionId": str(self.versions[reference])}
        self.resources[reference] = made
        return reference


class _Handler(BaseHTTPRequestHandler):
    server_state: FaultyFhir
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_: object) -> None:
        pass

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def do_GET(self) -> None:
        self._serve(is_read=True)

    def do_POST(self) -> None:
        self._serve(is_read=self.path.endswith("/_search"))

    def do_PUT(self) -> None:
        self._serve(is_read=False)

    def do_PATCH(self) -> None:
        self._serve(is_read=False)

    # --- faults -------------------------------------------------------------------------------------
    def _serve(self, *, is_read: bool) -> None:
        far = self.server_state
        body = self._body()
        if body is None:
            self.close_connection = True
            return
        far.requests.append((self.command, self.path, len(body)))
        far.headers.append({name.lower(): value for name, value in self.headers.items()})
        script = far.script_of_reads if is_read else far.script
        fault = script.pop(0) if script else Fault.NONE
        is_open = self.path.endswith(("/token", "/smart-configuration"))
        if far.token and not is_open and self.headers.get("Authorization") != f"Bearer {far.token}":
            fault = Fault.UNKNOWN_USER
        self._answer_with(fault, body)

    def _body(self) -> bytes | None:
        """None for one that was broken off."""
        wanted = int(self.headers.get("Content-Length", 0))
        try:
            body = self.rfile.read(wanted)
        except ConnectionError:
            return None
        return body if len(body) == wanted else None

    def _answer_with(self, fault: Fault, body: bytes) -> None:
        far = self.server_state
        plain: dict[Fault, tuple[int, dict[str, str]]] = {
            Fault.BUSY: (429, {"Retry-After": "7"}),
            Fault.UNAVAILABLE: (503, {}),
            Fault.REFUSE: (422, {}),
            Fault.FORBID: (403, {}),
            Fault.UNKNOWN_USER: (401, {}),
            Fault.REDIRECT: (307, {"Location": "http://elsewhere.example/fhir/DocumentReference"}),
            Fault.VANISH: (201, {"Location": f"{far.base}/DocumentReference/999/_history/1"}),
        }
        if fault in plain:
            status, headers = plain[fault]
            self._reply(status, outcome("it is wrong") if status == 422 else None, headers)
            return
        if fault is Fault.LOSE:
            self.close_connection = True
            return
        status, answer, headers = self._done(body)
        if fault is Fault.DOUBLE:
            self._done(body, is_forced=True)
        if fault is Fault.DROP_AFTER:
            self.close_connection = True
            return
        if fault is Fault.DELAY:
            time.sleep(far.delay_seconds)
        if fault is Fault.BABBLE:
            answer = {"resourceType": "Bundle", "padding": "x" * 300_000}
        self._reply(status, answer, headers)

    def _reply(self, status: int, answer: Json | None, headers: dict[str, str]) -> None:
        raw = headers.pop("raw", None)
        data = base64.b64decode(raw) if raw else json.dumps(answer).encode() if answer is not None else b""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Type" not in headers:
            self.send_header("Content-Type", "application/fhir+json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    # --- FHIR ---------------------------------------------------------------------------------------
    def _done(self, body: bytes, *, is_forced: bool = False) -> tuple[int, Json | None, dict[str, str]]:
        far = self.server_state
        path = urlsplit(self.path)
        place = path.path.removeprefix("/fhir").strip("/")
        kind, _, own_id = place.partition("/")
        if self.command == "GET":
            return self._read(place) if own_id else self._searched(kind, path.query)
        if own_id == "_search":
            return self._searched(kind, body.decode())
        if self.command == "POST" and kind == "token":
            is_right = b"client_assertion=" in body and b"grant_type=client_credentials" in body
            return (200, {"access_token": far.token}, {}) if is_right else (400, None, {})
        if self.command == "POST" and not kind:
            return self._transaction(json.loads(body))
        if self.command == "POST":
            query = "" if is_forced else self.headers.get("If-None-Exist", "")
            return self._created(kind, self._resource(body), query)
        if self.command == "PUT" and kind == "Binary" and place not in far.resources:
            return 201, None, {"Location": f"{far.base}/{far.keep(self._resource(body), own_id)}"}
        return self._updated(place, body)

    def _resource(self, body: bytes) -> Json:
        if "json" in self.headers.get("Content-Type", ""):
            return dict(json.loads(body))
        data = base64.b64encode(body).decode()
        return {"resourceType": "Binary", "contentType": self.headers["Content-Type"], "data": data}

    def _created(self, kind: str, resource: Json, query: str) -> tuple[int, Json | None, dict[str, str]]:
        far = self.server_state
        if query:
            found = list(_matching(far, kind, query))
            if len(found) > 1:
                return 412, outcome("several"), {}
            if found:
                return 200, None, {"Location": f"{far.base}/{kind}/{found[0]['id']}"}
        reference = far.keep(resource)
        return 201, None, {"Location": f"{far.base}/{reference}/_history/1"}

    def _updated(self, place: str, body: bytes) -> tuple[int, Json | None, dict[str, str]]:
        far = self.server_state
        if not far.takes_updates:
            return 405, outcome("read only"), {}
        if place not in far.resources:
            return 404, outcome("none"), {}
        wanted = self.headers.get("If-Match", "")
        if wanted and wanted != f'W/"{far.versions[place]}"':
            return 412, outcome("changed meanwhile"), {}
        resource = far.resources[place]
        if self.command == "PATCH":
            for step in json.loads(body):
                resource = {**resource, step["path"].strip("/"): step["value"]}
        else:
            resource = json.loads(body)
        far.keep(resource, place.partition("/")[2])
        return 200, None, {}

    def _read(self, place: str) -> tuple[int, Json | None, dict[str, str]]:
        far = self.server_state
        if place == ".well-known/smart-configuration":
            return 200, {"token_endpoint": f"{far.base}/token"}, {}
        resource = far.resources.get(place.split("/_history")[0])
        if resource is None:
            return 404, outcome("none"), {}
        wants_raw = "json" not in self.headers.get("Accept", "json")
        if resource["resourceType"] == "Binary" and wants_raw:
            return 200, None, {"raw": resource["data"], "Content-Type": resource["contentType"]}
        return 200, resource, {"ETag": f'W/"{far.versions[place]}"'}

    def _searched(self, kind: str, query: str) -> tuple[int, Json | None, dict[str, str]]:
        far = self.server_state
        asked = parse_qs(query)
        if kind == "Binary" and not far.has_binary_search:
            return 400, outcome("Binary cannot be searched"), {}
        found = far.kept(kind) if far.ignores_search else list(_matching(far, kind, query))
        count, start = int(asked.get("_count", ["1000"])[0]), int(asked.get("_offset", ["0"])[0])
        page: Json = {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(found),
            "entry": [{"resource": one, "search": {"mode": "match"}} for one in found[start : start + count]],
        }
        if start + count < len(found) and far.has_next_links:
            plain = "&".join(part for part in query.split("&") if not part.startswith("_offset="))
            address = f"{far.base}/{kind}?{plain}&_offset={start + count}"
            page["link"] = [{"relation": "next", "url": address}]
        return 200, page, {}

    def _transaction(self, bundle: Json) -> tuple[int, Json | None, dict[str, str]]:
        far = self.server_state
        before = dict(far.resources)
        answers: list[Json] = []
        given: dict[str, str] = {}
        for entry in bundle["entry"]:
            asked = entry["request"]
            if asked["method"] != "POST":
                far.resources = before
                return 400, outcome("only POST here"), {}
            if asked["url"] == far.keeps_good_half:
                answers.append({"response": {"status": "400"}})
                continue
            resource = _with_references(entry["resource"], given)
            status, _, headers = self._created(asked["url"], resource, asked.get("ifNoneExist", ""))
            place = headers.get("Location", "").removeprefix(f"{far.base}/").removesuffix("/_history/1")
            given[entry["fullUrl"]] = place
            answers.append({"response": {"status": str(status), "location": headers.get("Location", "")}})
        return 200, {"resourceType": "Bundle", "type": "transaction-response", "entry": answers}, {}


def _with_references(resource: Json, given: dict[str, str]) -> Json:
    """References to entries before it as the server names them; not in url-typed elements, as on many."""
    made: Json = json.loads(json.dumps(resource), object_hook=lambda one: _pointed(one, given))
    return made


def _pointed(one: Json, given: dict[str, str]) -> Json:
    return {**one, "reference": given[one["reference"]]} if one.get("reference") in given else one


def outcome(words: str) -> Json:
    issue = [{"severity": "error", "code": "invalid", "diagnostics": words}]
    return {"resourceType": "OperationOutcome", "issue": issue}


def _matching(far: FaultyFhir, kind: str, query: str) -> Iterator[Json]:
    asked = parse_qs(query)
    tests: list[Callable[[Json], bool]] = []
    for name in ("identifier", "_tag", "target"):
        for value in asked.get(name, []):
            tests.append(lambda one, n=name, v=value: any(_fits(one, n, part) for part in _split(v)))
    return (one for one in far.kept(kind) if all(test(one) for test in tests))


def _split(value: str) -> list[str]:
    return [part.replace("\0", ",") for part in value.replace("\\,", "\0").split(",")]


def _fits(resource: Json, name: str, wanted: str) -> bool:
    if name == "target":
        return any(one["reference"] == wanted for one in resource.get("target", []))
    system, _, value = wanted.replace("\\|", "\0").partition("|")
    value = value.replace("\0", "|").replace("\\\\", "\\").replace("\\$", "$")
    if name == "_tag":
        tags = resource.get("meta", {}).get("tag", [])
        return any(tag == {"system": system, "code": value} for tag in tags)
    found = [*resource.get("identifier", []), resource.get("masterIdentifier", {})]
    return any(one.get("system") == system and value in ("", one.get("value")) for one in found)
