"""Facts about permission: every route, for everybody, of what they may see and of what they may not.

Generated from the route map. A route that is new is looked for in `WANTED`: somebody has to say
in words which right it needs before it passes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.web import bodies, samples
from tests.web.gate import KNOWN_CALLERS, STAFF, STRANGERS, Gate, explain, is_let_in
from tests.web.route_map import Operation, others
from tests.web.samples import Closed
from tests.web.wanted_rights import ANYBODY, KNOWN, PUBLIC, WANTED

pytestmark = pytest.mark.xdist_group("web_samples")

PASSED_BY = ("/api/v1/openapi.json", "/static/")
"""What is no operation: the description of the interface, and our own files."""
ENDS_ITSELF = ("/logout", "/me/password", "/me/sessions/end", "/me/sessions", "/release")
"""Its session is over behind it, or its claim."""
QUIET = ("/scans/{scan_id}/release", "/claims/{scan_id}/release")
"""Letting go of what one does not hold is done already: the same 204 for everything, nothing learnt."""
ASKS_AGAIN = ("/me/password", "/me/factor/confirm", "/me/factor/drop")
"""401 for a wrong password or code, as at the door."""
NO_OBJECT = frozenset({"page_no", "scan_page_no", "width", "secret", "login"})
"""Parameters that name nothing which could be somebody else's."""


# --- the map --------------------------------------------------------------------------------
def test_every_route_asks_for_the_right_that_is_written_down(gate: Gate) -> None:
    """`WANTED` is written by hand; what is missing there, or is there no longer, fails too."""
    found = {str(op): stated(op) for op in gate.operations}
    assert {name: right for name, right in found.items() if WANTED.get(name) != right} == {}
    assert sorted(set(WANTED) - set(found)) == []


def stated(operation: Operation) -> str:
    if operation.rights:
        return "|".join(sorted(operation.rights))
    if not operation.is_known:
        return ANYBODY
    return KNOWN


def test_only_the_doors_are_open_to_anybody(gate: Gate) -> None:
    """Logging in and taking up an invitation; and what no route serves is our own files."""
    assert {str(op) for op in gate.operations if not op.is_known} == PUBLIC
    assert [path for path in others(gate.web) if not path.startswith(PASSED_BY)] == []


def test_no_two_routes_answer_to_one_address(gate: Gate) -> None:
    """The second would never be asked, whatever right it names."""
    seen = [str(op) for op in gate.operations]
    assert sorted(name for name in set(seen) if seen.count(name) > 1) == []


def test_every_parameter_has_a_sample(gate: Gate) -> None:
    """Without one its objects would go untested."""
    asked = {parameter for op in gate.operations for parameter in op.parameters}
    assert sorted(asked - set(gate.samples.values)) == []


# --- who is let in ----------------------------------------------------------------------------
def test_whoever_has_no_login_gets_nothing(gate: Gate) -> None:
    """Nobody, a session that is over, somebody disabled: to the door, or 401 for a program."""
    problems = []
    for op, caller in itertools.product(gate.operations, STRANGERS):
        if not op.is_known:
            continue
        answer = gate.ask(op, caller, gate.values(op))
        is_door = answer.status_code == 303 and answer.headers["location"].startswith("/login")
        if not (answer.status_code == 401 if op.is_api else is_door):
            problems.append(f"{caller}: {op} -> {answer.status_code}")
    assert not problems, explain(problems)


def test_whoever_lacks_the_right_is_refused_and_written_down(gate: Gate) -> None:
    """The same words for everything, and one line of the trail each."""
    problems, texts = [], set()
    for op, caller in itertools.product(gate.operations, KNOWN_CALLERS):
        if not op.is_known or is_let_in(op, caller):
            continue
        before = samples.last_seq(gate.samples.opened)
        answer = gate.ask(op, caller, gate.values(op))
        if answer.status_code != 403:
            problems.append(f"{caller}: {op} -> {answer.status_code}")
        elif op.rights and samples.denied_since(gate.samples.opened, before) != 1:
            problems.append(f"{caller}: {op} is not in the trail")
        elif op.is_api and op.rights:
            texts.add(answer.text)
    assert not problems, explain(problems)
    assert len(texts) == 1


def test_whoever_has_the_right_may_look(gate: Gate) -> None:
    """Every screen and every answer of the interface about what is there and theirs to see."""
    problems = []
    for op, caller in itertools.product(gate.operations, KNOWN_CALLERS):
        if not (op.is_look and op.is_known and is_let_in(op, caller)):
            continue
        answer = gate.ask(op, caller, gate.values(op))
        if answer.status_code not in looks(op):
            problems.append(f"{caller}: {op} -> {answer.status_code} {answer.text[:150]!r}")
    assert not problems, explain(problems)


def looks(operation: Operation) -> tuple[int, ...]:
    """Other answers than a page: to somewhere else, or nothing was begun."""
    if operation.path == "/me/factor.svg":
        return (404, 409, 422)
    if operation.path.endswith("/look/{document_id}"):
        return (200, 404)  # nothing was drawn of the sample's batch
    if operation.path.endswith("/batches/{batch_id}/release"):
        return (200, 409)  # nor was its paper released
    if operation.path.endswith(("/patients/{patient_id}/correct", "/patients/{patient_id}/correction")):
        return (200, 409)  # who comes from the roster is put right there
    return (200, 204, 303)


# --- what they may not see ---------------------------------------------------------------------
def closed_cases(gate: Gate) -> Iterator[tuple[Operation, str, Closed]]:
    for op in gate.operations:
        for caller in STAFF:
            if op.is_known and is_let_in(op, caller):
                for one in gate.samples.closed[caller]:
                    if one.parameter in op.parameters and is_theirs_only(op, one):
                        yield op, caller, one


def is_theirs_only(operation: Operation, one: Closed) -> bool:
    """Who keeps people may end anybody's session; whoever reviews sees every broken glass."""
    if one.parameter in ("session_id", "token_id"):
        return "/me/" in operation.path
    if one.parameter == "grant_id":
        return "review" not in operation.path
    return True


def test_what_is_closed_looks_like_what_is_not_there(gate: Gate) -> None:
    """To the byte, but for the id that was asked for; and the trail has both."""
    problems = []
    for op, caller, one in closed_cases(gate):
        known = gate.values(op)
        answers, written = [], []
        for value in (one.value, samples.missing(one.parameter)):
            before = samples.last_seq(gate.samples.opened)
            answer = gate.ask(op, caller, known | {one.parameter: value})
            written.append(samples.denied_since(gate.samples.opened, before))
            answers.append((answer.status_code, plain(answer, value)))
        what = f"{caller}: {op} of {one.what} {one.parameter}"
        if answers[0] != answers[1]:
            problems.append(f"{what} -> {answers[0][0]} and missing -> {answers[1][0]}: {answers}"[:700])
        elif op.path.endswith(QUIET):
            continue
        elif answers[0][0] != 404:
            problems.append(f"{what} -> {answers[0]}"[:400])
        elif written[0] != written[1] or written[0] < 1:
            problems.append(f"{what}: written down {written}")
    assert not problems, explain(problems)


def plain(answer: Any, value: str) -> tuple[str, list[tuple[str, str]]]:
    return answer.text.replace(value, "ID"), sorted(answer.headers.items())


def test_an_id_of_something_closed_inside_a_body_is_as_good_as_none(gate: Gate) -> None:
    """Of patients, documents and sittings that are named in what is sent, not in the address."""
    problems = []
    for op in gate.operations:
        if op.is_look or not op.is_known:
            continue
        for caller in ("cleo", "doc"):
            if not is_let_in(op, caller):
                continue
            for one in gate.samples.closed[caller]:
                if one.parameter in op.parameters or not is_theirs_only(op, one):
                    continue
                known = gate.values(op)
                first = bodies.request_of(op, known | {one.parameter: one.value})
                second = bodies.request_of(op, known | {one.parameter: samples.missing(one.parameter)})
                if first == second:
                    continue
                answers = []
                for value in (one.value, samples.missing(one.parameter)):
                    answer = gate.ask(op, caller, known | {one.parameter: value})
                    answers.append((answer.status_code, plain(answer, value)))
                if answers[0] != answers[1]:
                    problems.append(f"{caller}: {op} with {one.what} {one.parameter}: {answers}"[:900])
    assert not problems, explain(problems)


# --- nothing breaks ----------------------------------------------------------------------------
def test_nothing_breaks_whatever_is_missing(gate: Gate) -> None:
    """Every route that names something, asked by whoever may ask for what is not there: 404 or 422."""
    problems = []
    for op, caller in itertools.product(gate.operations, KNOWN_CALLERS):
        if not op.is_known or not is_let_in(op, caller):
            continue
        for parameter in set(op.parameters) - NO_OBJECT:
            answer = gate.ask(op, caller, gate.values(op) | {parameter: samples.missing(parameter)})
            if answer.status_code not in (404, 409, 422) and not op.path.endswith(QUIET):
                problems.append(
                    f"{caller}: {op} without {parameter} -> {answer.status_code} {answer.text[:200]!r}"
                )
    assert not problems, explain(problems)


def test_whoever_has_the_right_is_not_refused_a_change(gate: Gate) -> None:
    """Done, or refused for a reason of its own (a stale version, a missing reason), never 403 nor broken."""
    problems = []
    for op, caller in itertools.product(gate.operations, KNOWN_CALLERS):
        if op.is_look or not op.is_known or not is_let_in(op, caller):
            continue
        if op.path.removeprefix("/api/v1").endswith(ENDS_ITSELF):
            gate.log_in_anew(caller)
        answer = gate.ask(op, caller, gate.values(op))
        if answer.status_code == 401 and op.path.endswith(ASKS_AGAIN):
            continue
        if answer.status_code in (401, 403) or answer.status_code >= 500 or is_to_door(answer):
            problems.append(f"{caller}: {op} -> {answer.status_code} {answer.text[:300]!r}")
        if op.path.removeprefix("/api/v1").endswith(ENDS_ITSELF):
            gate.log_in_anew(caller)
    assert not problems, explain(problems)


def is_to_door(answer: Any) -> bool:
    return answer.status_code == 303 and answer.headers["location"] == "/login"
