"""Facts about the upper bound of the misfile rate."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from scanindex.certify.bound import clean_audits_needed, regularised_beta, upper_bound

PUBLISHED = ((0, 2_995, 0.001), (1, 4_742, 0.001), (2, 6_294, 0.001), (0, 5_990, 0.0005), (0, 29_956, 0.0001))
"""Misfiles, audited, upper bound at 95 %: the least number audited that reaches it."""


@pytest.mark.parametrize(("misfiles", "audited", "limit"), PUBLISHED)
def test_the_bound_is_reached_with_exactly_the_published_number(
    misfiles: int, audited: int, limit: float
) -> None:
    """One audit less does not reach it."""
    assert upper_bound(misfiles, audited) <= limit < upper_bound(misfiles, audited - 1)


@pytest.mark.parametrize(("misfiles", "audited"), [(0, 1), (1, 2), (3, 10), (9, 10), (7, 350), (40, 900)])
def test_at_the_bound_so_few_misfiles_are_just_improbable(misfiles: int, audited: int) -> None:
    """The defining equation, with the binomial summed term by term: 5 % at the bound."""
    rate = upper_bound(misfiles, audited)
    chance = sum(math.comb(audited, k) * rate**k * (1 - rate) ** (audited - k) for k in range(misfiles + 1))
    assert chance == pytest.approx(0.05, rel=1e-9)


@pytest.mark.parametrize(
    ("x", "a", "b", "expected"),
    [
        (0.5, 3, 3, 0.5),  # symmetric
        (0.25, 1, 1, 0.25),  # uniform
        (0.3, 2, 1, 0.09),  # x squared
        (0.3, 1, 2, 0.51),  # 1 - (1 - x) squared
        (0.2, 0.5, 0.5, 2 / math.pi * math.asin(math.sqrt(0.2))),  # arcsine law
        (0.0, 4, 7, 0.0),
        (1.0, 4, 7, 1.0),
    ],
)
def test_the_incomplete_beta_function_where_it_has_a_closed_form(
    x: float, a: float, b: float, expected: float
) -> None:
    assert regularised_beta(x, a, b) == pytest.approx(expected, abs=1e-13)


def test_a_bound_says_nothing_without_audits() -> None:
    """Nothing audited, or everything wrong: anything is possible."""
    assert (upper_bound(0, 0), upper_bound(5, 5)) == (1.0, 1.0)


def test_more_clean_audits_lower_the_bound_and_a_misfile_raises_it() -> None:
    falling = [upper_bound(2, n) for n in (10, 100, 1_000, 10_000, 100_000)]
    assert all(one > other for one, other in pairwise(falling))
    assert upper_bound(3, 1_000) > upper_bound(2, 1_000)


@pytest.mark.parametrize(
    ("misfiles", "audited", "more"),
    [(0, 0, 2_995), (0, 2_990, 5), (1, 1, 4_741), (2, 6_294, 0), (0, 9_999, 0)],
)
def test_how_many_clean_audits_are_still_needed(misfiles: int, audited: int, more: int) -> None:
    assert clean_audits_needed(misfiles, audited, 0.001) == more


@pytest.mark.parametrize("limit", [0.0, 1.0, -0.5])
def test_a_limit_that_can_not_be_met_is_refused(limit: float) -> None:
    with pytest.raises(ValueError, match="limit"):
        clean_audits_needed(0, 10, limit)
    with pytest.raises(ValueError, match="misfiles"):
        upper_bound(3, 2)
