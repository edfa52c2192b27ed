"""Facts about the interface for programs: as it is described, and never broken.

Schemathesis makes requests from the description. SCHEMATHESIS_EXAMPLES asks for more of them per
operation than every run of the tests can afford.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from scanindex.web.application import API, make_app
from tests.web import samples
from tests.web.gate import Gate, explain
from tests.web.samples import Samples

pytestmark = pytest.mark.xdist_group("web_interface")
_EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "3"))
_HERE = {"host": "127.0.0.1"}
_CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


@pytest.fixture(scope="module")
def schema(sampled: Samples) -> Iterator[Any]:
    web = make_app(sampled.opened)
    yield schemathesis.openapi.from_asgi(f"{API}/openapi.json", web, headers=_HERE)
    web.state.world.close()


def test_every_operation_is_described(gate: Gate) -> None:
    """With what it answers and what goes wrong; a body has a model that knows all its fields."""
    described = gate.client.get(f"{API}/openapi.json").json()
    found = {
        f"{method.upper()} {path}"
        for path, methods in described["paths"].items()
        for method in methods
        if method != "parameters"
    }
    assert found == {str(op) for op in gate.operations if op.is_api}


def test_whatever_is_sent_gets_an_answer_that_is_described(schema: Any, sampled: Samples) -> None:
    """Random requests to every operation by somebody who may do all: no 5xx, answers keep to the schema."""
    opened = sampled.opened
    problems: list[str] = []
    count = 0
    headers: dict[str, str] = {}
    for result in schema.get_all_operations():
        operation = result.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=_EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Any) -> None:
            nonlocal count
            count += 1
            case.headers = {**(case.headers or {}), **headers, **_HERE}
            fill(case, sampled)
            answer = case.call()
            try:
                case.validate_response(answer, checks=list(_CHECKS))
            except (AssertionError, BaseExceptionGroup) as error:
                first = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error
                text = " ".join(str(first).split())[:260]
                problems.append(f"{case.method} {case.path} -> {answer.status_code} {text}")

        headers.update(samples.session_headers(opened, "ada"))  # anew: an operation may end it
        ask()
    print(f"{count} requests")
    assert not problems, explain(sorted(set(problems)))


def fill(case: Any, sampled: Samples) -> None:
    """Half of the addresses name something that is there."""
    values = sampled.of(case.path)
    for name in list(case.path_parameters or {}):
        if name in values and len(str(case.path_parameters[name])) % 2 == 0:
            case.path_parameters[name] = values[name]
