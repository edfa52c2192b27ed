"""Facts about the safety case: every test it names exists, so that no control is only claimed."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
TEXT = (REPOSITORY / "docs" / "safety-case.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)(?:\[(\w+)\])?`", TEXT)))
ROWS = [line for line in TEXT.splitlines() if re.match(r"\| H\d+ ", line)]


@pytest.mark.parametrize(("path", "name", "situation"), NAMED, ids=lambda part: str(part).rpartition("/")[2])
def test_every_named_test_exists(path: str, name: str, situation: str) -> None:
    """The file, the function in it, and the situation among those it is run with."""
    source = (REPOSITORY / path).read_text("utf-8")
    tree = ast.parse(source)
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}

    assert name in functions
    assert not situation or situation in words


def test_every_hazard_has_a_control_and_a_test() -> None:
    """Numbered without a gap; no row that only promises."""
    numbers = [int(found.group(1)) for row in ROWS if (found := re.match(r"\| H(\d+) ", row))]
    assert numbers == list(range(1, len(ROWS) + 1)) and len(ROWS) > 20
    for row in ROWS:
        hazard, how, control, shown = (cell.strip() for cell in row.strip("|").split(" | "))
        assert hazard and how and control and "`tests/" in shown


def test_nothing_is_named_in_a_way_that_is_not_checked() -> None:
    """Every mention of a test has the form that the first test reads."""
    assert TEXT.count("::test_") == len(re.findall(r"`tests/[\w/]+\.py::test_\w+(?:\[\w+\])?`", TEXT))
