"""A FHIR server that does wrong on command: stands before a real one and spoils what passes.

    with sekmet(tmp_path) as real, FaultServer(real, script=[HttpFault.CLOSES_AFTER]) as server:
        ...push to server.base...
    server.requests      every request as it came, resends included

Without a fault a request is passed on and its answer returned, with the real server's address replaced by
this one's, so that links and locations lead back here. Only requests that change something meet faults,
unless `reads_too`. What was really stored is asked of the real server. Runs in threads, on 127.0.0.1.
"""

from __future__ import annotations

import base64
import contextlib
import enum
import http.client
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import urlsplit

from tests.ehr.peers.base import LOOPBACK


class HttpFault(enum.StrEnum):
    """What goes wrong with one request. "Passed on" means that the real server has done it."""

    NONE = "none"
    BUSY = "429 with Retry-After, not passed on"
    UNAVAILABLE = "503, not passed on"
    LOGIN = "401, not passed on"
    REDIRECTS = "307 to another host, not passed on"
    CLOSES_BEFORE = "closed without an answer, not passed on"
    CLOSES_AFTER = "passed on, closed without an answer"
    FAILS_AFTER = "passed on, answered 500"
    LATE = "passed on, answered after `late_seconds`"
    CUT = "passed on, half of the answer"
    PAGE = "passed on, answered 200 with a page of HTML"
    SILENT = "passed on, answered 200 with nothing"
    LOSES = "answered 201 with a location, not passed on"
    DOUBLES = "passed on twice, the second time unconditionally"
    ALTERS = "passed on with one byte of the document changed"


Script = Callable[[int, "Request"], HttpFault]
_NOT_PASSED_ON = {
    HttpFault.BUSY: (429, {"Retry-After": "1"}),
    HttpFault.UNAVAILABLE: (503, {}),
    HttpFault.LOGIN: (401, {"WWW-Authenticate": "Bearer"}),
    HttpFault.REDIRECTS: (307, {"Location": "http://elsewhere.invalid/fhir"}),
    HttpFault.LOSES: (201, {}),
}
_HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding", "accept-encoding"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; `number` counts those that may meet a fault, from 0 (-1 for the others)."""

    number: int
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class FaultServer:
    """See the module's words. `script` is a sequence of faults, or a function of (number, request)."""

    def __init__(
        self,
        real: str,
        *,
        script: Sequence[HttpFault] | Script = (),
        late_seconds: float = 0.5,
        reads_too: bool = False,
    ) -> None:
        self._real = real
        self._script = script if callable(script) else _in_order(script)
        self._late_seconds = late_seconds
        self._reads_too = reads_too
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._faulty = 0
        self._http = _Http((LOOPBACK, 0), _Handler)
        self._http.owner = self
        path = urlsplit(real).path
        self.base = f"http://{LOOPBACK}:{self._http.server_address[1]}{path}"

    @property
    def requests(self) -> list[Request]:
        """Every request, in order of arrival."""
        with self._lock:
            return list(self._requests)

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    # --- one request -------------------------------------------------------------------------------
    def note(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Request:
        """Counts and keeps it."""
        with self._lock:
            number = -1
            if self._reads_too or method not in {"GET", "HEAD"}:
                number, self._faulty = self._faulty, self._faulty + 1
            request = Request(number=number, method=method, path=path, headers=headers, body=body)
            self._requests.append(request)
        return request

    def answer(self, request: Request) -> _Answer | None:
        """What to send back; None closes the connection."""
        fault = HttpFault.NONE if request.number < 0 else self._script(request.number, request)
        if fault is HttpFault.CLOSES_BEFORE:
            return None
        if fault in _NOT_PASSED_ON:
            status, headers = _NOT_PASSED_ON[fault]
            if fault is HttpFault.LOSES:
                kind = request.path.rstrip("/").rsplit("/", 1)[-1]
                headers = {"Location": f"{self.base}/{kind}/lost-{request.number}/_history/1"}
            return _Answer(status, headers, b"")
        body = _altered(request.body) if fault is HttpFault.ALTERS else request.body
        answer = self._pass_on(request, body)
        if fault is HttpFault.DOUBLES:
            self._pass_on(request, _unconditional(body), keeps_condition=False)
        return self._spoil(answer, fault)

    def _spoil(self, answer: _Answer, fault: HttpFault) -> _Answer | None:
        match fault:
            case HttpFault.CLOSES_AFTER:
                return None
            case HttpFault.FAILS_AFTER:
                return _Answer(500, {}, b"")
            case HttpFault.PAGE:
                return _Answer(200, {"Content-Type": "text/html"}, b"<html>Welcome</html>")
            case HttpFault.SILENT:
                return _Answer(200, {}, b"")
            case HttpFault.CUT:
                # The handler says the length of the whole.
                told = {**answer.headers, "Content-Length": str(len(answer.body))}
                return _Answer(answer.status, told, answer.body[: len(answer.body) // 2])
            case HttpFault.LATE:
                time.sleep(self._late_seconds)
        return answer

    def _pass_on(self, request: Request, body: bytes, *, keeps_condition: bool = True) -> _Answer:
        left_out = _HOP_BY_HOP if keeps_condition else _HOP_BY_HOP | {"if-none-exist"}
        headers = {name: value for name, value in request.headers.items() if name.lower() not in left_out}
        to = urlsplit(self._real)
        connection = http.client.HTTPConnection(to.hostname or LOOPBACK, to.port, timeout=120)
        try:
            connection.request(request.method, request.path, body=body or None, headers=headers)
            got = connection.getresponse()
            here, there = self.base.encode(), self._real.encode()
            told = {
                name: value.replace(self._real, self.base)
                for name, value in got.getheaders()
                if name.lower() not in _HOP_BY_HOP
            }
            return _Answer(got.status, told, got.read().replace(there, here))
        finally:
            connection.close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    owner: FaultServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _handle(self) -> None:
        owner = cast(_Http, self.server).owner
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = owner.answer(owner.note(self.command, self.path, dict(self.headers.items()), body))
        self.close_connection = True
        if answer is None:
            return
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _handle  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: the test's output is not the place."""


def _in_order(faults: Sequence[HttpFault]) -> Script:
    return lambda number, _request: faults[number] if number < len(faults) else HttpFault.NONE


def _altered(body: bytes) -> bytes:
    """The first document inside, with its first byte changed; bytes that are no JSON likewise."""
    try:
        resource = json.loads(body)
    except ValueError:
        return bytes([body[0] ^ 1]) + body[1:] if body else body
    for holder in _holders(resource):
        content = base64.b64decode(holder["data"])
        holder["data"] = base64.b64encode(bytes([content[0] ^ 1]) + content[1:]).decode()
        break
    return json.dumps(resource).encode()


def _unconditional(body: bytes) -> bytes:
    """A Bundle whose entries are created whatever is there already."""
    try:
        resource = json.loads(body)
    except ValueError:
        return body
    for entry in resource.get("entry", []):
        entry.get("request", {}).pop("ifNoneExist", None)
    return json.dumps(resource).encode()


def _holders(value: Any) -> list[dict[str, Any]]:
    """Every object with base64 in `data`, in depth."""
    if isinstance(value, list):
        return [found for each in value for found in _holders(each)]
    if not isinstance(value, dict):
        return []
    mine = [value] if isinstance(value.get("data"), str) and value["data"] else []
    return mine + [found for each in value.values() for found in _holders(each)]
