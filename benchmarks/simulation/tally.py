"""Counts verdicts: misfiles with their bound, coverage, what each gate holds back. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.simulation.bridge import BASELINES, Verdict

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One policy over some documents."""

    name: str
    filed: int
    misfiled: int
    untold: int
    """Of those: the print that alone tells the trap was not read."""
    right: int
    """Filed rightly, of those that name a patient of the roster by two identifiers."""
    sufficient: int

    @property
    def bound(self) -> float:
        return upper_bound(self.misfiled, self.filed)

    @property
    def coverage(self) -> float:
        return self.right / self.sufficient if self.sufficient else 0.0


def upper_bound(events: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """One-sided Clopper-Pearson bound of a share, by bisection on the binomial sum."""
    if trials == 0 or events >= trials:
        return 1.0
    low, high = events / trials, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        if _at_most(events, trials, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def _at_most(events: int, trials: int, share: float) -> float:
    logs = (
        math.lgamma(trials + 1)
        - math.lgamma(k + 1)
        - math.lgamma(trials - k + 1)
        + k * math.log(share)
        + (trials - k) * math.log1p(-share)
        for k in range(events + 1)
    )
    return math.fsum(math.exp(value) for value in logs)


def row(name: str, verdicts: Sequence[Verdict], filed_as: Callable[[Verdict], str | None]) -> Row:
    pairs = [(v, filed_as(v)) for v in verdicts]
    return Row(
        name=name,
        filed=sum(mrn is not None for _, mrn in pairs),
        misfiled=sum(v.is_misfiled(mrn) for v, mrn in pairs),
        untold=sum(v.is_misfiled(mrn) and not v.is_told for v, mrn in pairs),
        right=sum(v.is_sufficient and mrn is not None and not v.is_misfiled(mrn) for v, mrn in pairs),
        sufficient=sum(v.is_sufficient for v in verdicts),
    )


def strict(verdict: Verdict) -> str | None:
    return verdict.filed


def without(gate: str) -> Callable[[Verdict], str | None]:
    """The policy without one gate: files what nothing else refused."""
    return lambda v: v.leader if v.filed or v.refused == (gate,) else None


def at_posterior(least: float) -> Callable[[Verdict], str | None]:
    """The policy with another threshold of the posterior."""
    return lambda v: v.leader if not set(v.refused) - {"likely_enough"} and v.posterior >= least else None


def baseline(name: str) -> Callable[[Verdict], str | None]:
    return lambda v: v.baselines[name]


def policies(verdicts: Sequence[Verdict], gates: Sequence[str]) -> Iterator[Row]:
    """Strict, each gate removed in turn, the simpler rules."""
    yield row("strict", verdicts, strict)
    for gate in gates:
        yield row(f"without {gate}", verdicts, without(gate))
    for name in BASELINES:
        yield row(name, verdicts, baseline(name))


def in_first_five(verdicts: Sequence[Verdict]) -> tuple[int, int]:
    """(the right patient is among the first five, documents in review that name one by two identifiers);
    not of pages that are to be scanned again."""
    waiting = [v for v in verdicts if v.is_sufficient and v.is_legible and v.filed is None and v.owner]
    return sum(v.owner in v.shown for v in waiting), len(waiting)


def refusals(verdicts: Sequence[Verdict]) -> list[tuple[str, int, int]]:
    """(gate, how often it refused a paper that names its patient by two identifiers, how often alone)."""
    waiting = [v for v in verdicts if v.is_sufficient and v.filed is None]
    named: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    for v in waiting:
        gates = v.refused or (v.rule,)
        named.update(gates)
        alone.update(gates if len(gates) == 1 else ())
    return [(gate, count, alone[gate]) for gate, count in named.most_common()]


THRESHOLDS = tuple(1 - 10 ** (-step / 4) for step in range(1, 37))
"""From .44 to 1 - 1e-9."""


def curve(verdicts: Sequence[Verdict]) -> list[tuple[float, Row]]:
    """Coverage and misfiles as the threshold of the posterior moves."""
    return [(least, row(f"{least}", verdicts, at_posterior(least))) for least in THRESHOLDS]
