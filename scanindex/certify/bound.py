"""How large the misfile rate may be, given what was audited. Pure arithmetic, no library.

The one-sided Clopper-Pearson upper limit (C. J. Clopper, E. S. Pearson, "The use of
confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26,
1934, 404-413): the rate at which `misfiles` or fewer among `audited` would be seen with
probability 1 - confidence. It needs the regularised incomplete beta function, evaluated
by its continued fraction (NIST Digital Library of Mathematical Functions, 8.17.22).
"""

from __future__ import annotations

import math

CONFIDENCE = 0.95
_TINY = 1e-300
_CLOSE = 1e-15
_STEPS = 100_000
_HALVINGS = 200


def upper_bound(misfiles: int, audited: int, confidence: float = CONFIDENCE) -> float:
    """The rate that is not exceeded with this confidence, 0..1; 1 where nothing was audited."""
    if not 0 <= misfiles <= audited:
        raise ValueError("misfiles must lie between 0 and audited")
    if misfiles == audited:
        return 1.0
    if misfiles == 0:
        return -math.expm1(math.log1p(-confidence) / audited)
    low, high = misfiles / audited, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if regularised_beta(middle, misfiles + 1, audited - misfiles) < confidence:
            low = middle
        else:
            high = middle
    return high


def clean_audits_needed(misfiles: int, audited: int, limit: float, confidence: float = CONFIDENCE) -> int:
    """How many more audits, all right, until the upper bound is at most `limit` (0 < limit < 1)."""
    if not 0 < limit < 1 or misfiles > audited:
        raise ValueError("limit must lie between 0 and 1, and misfiles among the audited")

    def is_met(more: int) -> bool:
        return audited + more > 0 and upper_bound(misfiles, audited + more, confidence) <= limit

    if is_met(0):
        return 0
    step = 1
    while not is_met(step):
        step *= 2
    low, high = step // 2, step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_met(middle) else (middle, high)
    return high


def regularised_beta(x: float, a: float, b: float) -> float:
    """I_x(a, b) for a, b > 0 and 0 <= x <= 1: the chance that a beta variable is at most x."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):  # the fraction converges fast on the other side only
        return 1.0 - regularised_beta(1.0 - x, b, a)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) * _fraction(x, a, b) / a


def _fraction(x: float, a: float, b: float) -> float:
    """1/(1 + d1/(1 + d2/(1 + ...))) of DLMF 8.17.22, evaluated forwards (Lentz's way)."""
    value = top = _TINY
    bottom = 0.0
    numerator = 1.0
    for step in range(1, _STEPS):
        bottom = 1.0 / _not_zero(1.0 + numerator * bottom)
        top = _not_zero(1.0 + numerator / top)
        value *= top * bottom
        if step > 1 and abs(top * bottom - 1.0) < _CLOSE:
            break
        numerator = _coefficient(step, x, a, b)
    return value


def _coefficient(number: int, x: float, a: float, b: float) -> float:
    """d1, d2, ... of DLMF 8.17.23 and 8.17.24."""
    m = number // 2
    if number % 2:
        return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))


def _not_zero(number: float) -> float:
    return number if abs(number) > _TINY else _TINY
