"""The type model: multinomial logistic regression over words, with a right to abstain.

Weights come from `scripts/train_types.py`, which trains on texts written for this project;
they ship as one JSON file (gzip, 8-bit weights), so that nothing is executed by loading it.
Probabilities are softmax(logits / temperature), the temperature fitted on texts of
habits that the weights did not see; below its threshold a type is no answer.
"""

from __future__ import annotations

import base64
import functools
import gzip
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from types import MappingProxyType

from scanindex.classify.words import features

WEIGHTS = "weights.json.gz"
OTHER = "other"
"""The class of what is no document of a chart; never an answer."""
LEAST_FEATURES, ENOUGH_FEATURES = 18, 60
"""Fewer known words say nothing; up to enough of them the probabilities are damped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the model makes of a text."""

    ranked: tuple[tuple[str, float], ...]
    """(type, probability), best first."""
    key: str | None
    """The best type where it reaches its threshold, else None."""

    @property
    def confidence(self) -> float:
        return self.ranked[0][1] if self.ranked else 0.0

    def probability(self, key: str) -> float:
        return next((p for name, p in self.ranked if name == key), 0.0)


NOTHING = Answer(ranked=(), key=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeModel:
    """Base weights, and what a site added on top: `shift[feature][type]`, `bias_shift[type]`."""

    version: str
    types: tuple[str, ...]
    rows: Mapping[str, tuple[float, bytes]] = field(repr=False)
    """Feature to (inverse document frequency, one signed byte per type)."""
    scales: tuple[float, ...] = field(repr=False)
    biases: tuple[float, ...] = field(repr=False)
    temperature: float
    thresholds: Mapping[str, float]
    shift: Mapping[str, Mapping[str, float]] = field(default_factory=dict, repr=False)
    bias_shift: Mapping[str, float] = field(default_factory=dict, repr=False)

    @property
    def all_types(self) -> tuple[str, ...]:
        """Types of the base and those that a site taught."""
        return (*self.types, *sorted(set(self.bias_shift) - set(self.types)))

    def answer(self, text: str) -> Answer:
        """Ranked types of a text; no answer where unsure, nothing at all for a text without known words."""
        vector = self.vector(text)
        if len(vector) < LEAST_FEATURES:
            return NOTHING
        logits = self.logits(vector)
        temperature = self.temperature * max(1.0, ENOUGH_FEATURES / len(vector))
        ranked = tuple(sorted(softmax(logits, temperature).items(), key=lambda item: -item[1]))
        best, probability = ranked[0]
        is_sure = best != OTHER and probability >= self.thresholds.get(best, 0.5)
        return Answer(ranked=ranked, key=best if is_sure else None)

    def vector(self, text: str) -> dict[str, float]:
        """Known features of a text, weighted and of length 1 together."""
        known = {
            name: value * (self.rows[name][0] if name in self.rows else _SITE_IDF)
            for name, value in features(text).items()
            if name in self.rows or name in self.shift
        }
        length = math.sqrt(sum(v * v for v in known.values())) or 1.0
        return {name: value / length for name, value in known.items()}

    def logits(self, vector: Mapping[str, float]) -> dict[str, float]:
        sums = [0.0] * len(self.types)
        for name, value in vector.items():
            row = self.rows.get(name)
            if row is not None:
                sums = [s + value * w for s, w in zip(sums, memoryview(row[1]).cast("b"), strict=True)]
        found = {
            key: s * scale + bias
            for key, s, scale, bias in zip(self.types, sums, self.scales, self.biases, strict=True)
        }
        lowest = min(found.values())
        for key, shift in self.bias_shift.items():
            found[key] = found.get(key, lowest) + shift
        for name, value in vector.items():
            for key, weight in self.shift.get(name, _NO_SHIFT).items():
                found[key] = found.get(key, lowest) + value * weight
        return found

    def speaks_for(self, text: str, key: str, limit: int = 12) -> Sequence[tuple[str, float]]:
        """The features of a text that speak most for a type, with their share of its logit."""
        vector = self.vector(text)
        place = self.types.index(key) if key in self.types else None
        weighed = []
        for name, value in vector.items():
            weight = self.shift.get(name, _NO_SHIFT).get(key, 0.0)
            if place is not None and name in self.rows:
                weight += memoryview(self.rows[name][1]).cast("b")[place] * self.scales[place]
            weighed.append((name, round(value * weight, 3)))
        return sorted(weighed, key=lambda item: -item[1])[:limit]


_SITE_IDF = 4.0
"""Of words that only a site's own documents taught."""
_NO_SHIFT: Mapping[str, float] = MappingProxyType({})


def softmax(logits: Mapping[str, float], temperature: float) -> dict[str, float]:
    highest = max(logits.values())
    powers = {key: math.exp((logit - highest) / temperature) for key, logit in logits.items()}
    total = sum(powers.values())
    return {key: power / total for key, power in powers.items()}


@functools.cache
def base_model() -> TypeModel:
    """The model that ships with the product."""
    packed = resources.files(__package__).joinpath(WEIGHTS).read_bytes()
    return unpack(gzip.decompress(packed))


def unpack(data: bytes) -> TypeModel:
    """The model of a weights file's JSON; `scripts/train_types.py` writes it."""
    kept = json.loads(data)
    weights, width = base64.b64decode(kept["weights"]), len(kept["types"])
    rows = {
        name: (idf, weights[i * width : (i + 1) * width])
        for i, (name, idf) in enumerate(zip(kept["features"], kept["idf"], strict=True))
    }
    return TypeModel(
        version=kept["version"],
        types=tuple(kept["types"]),
        rows=rows,
        scales=tuple(kept["scales"]),
        biases=tuple(kept["biases"]),
        temperature=kept["temperature"],
        thresholds=kept["thresholds"],
    )
