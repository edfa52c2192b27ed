"""The application with everybody at its door, for the tests that go through every route."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from scanindex.access_model import RIGHTS, Right
from scanindex.web.application import make_app
from tests.web import bodies, samples
from tests.web.conftest import ROLES
from tests.web.route_map import Operation, operations
from tests.web.samples import Samples

TOKEN_RIGHTS = (Right.STATUS, Right.READ)
STRANGERS = ("nobody", "expired", "disabled")
STAFF = ("cleo", "sue", "doc", "aud", "adm")
KNOWN_CALLERS = (*STAFF, "token")


@dataclass(slots=True)
class Gate:
    samples: Samples
    web: FastAPI
    client: TestClient
    headers: dict[str, dict[str, str]]

    @property
    def operations(self) -> list[Operation]:
        return operations(self.web)

    def ask(self, operation: Operation, caller: str, values: dict[str, Any], **more: Any) -> Any:
        """more: `headers` beside those of the caller, or another body."""
        self.client.cookies.clear()
        if caller not in STRANGERS:
            values = {"right": min(rights_of(caller))} | values
        sent = bodies.request_of(operation, values) | extra(operation)
        headers = self.headers[caller] | more.pop("headers", {})
        address = operation.address({key: str(value) for key, value in values.items()})
        return self.client.request(operation.method, address, headers=headers, **sent | more)

    def values(self, operation: Operation) -> dict[str, Any]:
        return samples.person_values(self.samples, operation.path)

    def log_in_anew(self, caller: str) -> None:
        if caller in self.headers and caller in ROLES:
            self.headers[caller] = samples.session_headers(self.samples.opened, caller)


def extra(operation: Operation) -> dict[str, Any]:
    """What a route reads from the request itself."""
    if operation.path.endswith(("/upload", "/uploads", "/roster/import")) and not operation.is_look:
        return {"files": {"file": ("scan.pdf", b"%PDF-1.4 nothing")}}
    return {}


@contextmanager
def gate_over(sampled: Samples) -> Iterator[Gate]:
    web = make_app(sampled.opened)
    with pytest.MonkeyPatch.context() as patch:
        # What was decided is filed by a service; here nobody waits for it.
        patch.setattr(type(web.state.world), "file_soon", lambda self, scan_ids: None)
        opened = sampled.opened
        headers: dict[str, dict[str, str]] = {"nobody": {}}
        headers["expired"] = samples.expired_headers(opened, "sue")
        headers["disabled"] = samples.session_headers(opened, samples.GONE)
        samples.disable(opened, samples.GONE)
        for login in (*STAFF, "ada"):
            headers[login] = samples.session_headers(opened, login)
        headers["token"] = samples.token_headers(opened, "cleo", *TOKEN_RIGHTS)
        with TestClient(
            web, base_url="http://127.0.0.1", follow_redirects=False, raise_server_exceptions=False
        ) as client:
            yield Gate(sampled, web, client, headers)


def rights_of(caller: str) -> frozenset[Right]:
    if caller == "token":
        return frozenset(TOKEN_RIGHTS)
    return frozenset().union(*(RIGHTS[role] for role in ROLES[caller]))


def is_let_in(operation: Operation, caller: str) -> bool:
    """As the tables of rights say, not as the code decides."""
    if operation.is_by_hand and caller == "token":
        return False
    return not operation.rights or bool(operation.rights & rights_of(caller))


def explain(problems: list[str]) -> str:
    return f"{len(problems)} problems\n" + "\n".join(problems[:60])
