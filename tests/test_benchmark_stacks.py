"""The stack benchmark at a size that a test can afford."""

from __future__ import annotations

import ast
from pathlib import Path

from benchmarks import stack_pages, stacks


def test_the_generator_knows_nothing_of_the_product() -> None:
    """Else it would make the pages that the rules expect."""
    tree = ast.parse(Path(stack_pages.__file__).read_text("utf-8"))
    names = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    names += [alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names]

    assert not [name for name in names if name.startswith("scanindex")]


def test_invented_stacks_are_cut_as_asked_and_nobody_is_joined() -> None:
    """Breaks with and without separator sheets, on a sample."""
    for score in stacks.run(seed=5, wanted=60).values():
        recall, precision = score.rates()
        assert score.joined == 0
        assert recall >= 0.97
        assert precision >= 0.90  # a misread name cuts: one break of this small sample is 4 %
