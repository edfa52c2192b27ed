"""What a site's clerks teach the type model: small additions to the shipped weights.

A few passes of gradient steps over corrected and confirmed documents, pulled back towards the
shipped weights after each pass, so that a handful of corrections moves what they are about and
little else. Pure and repeatable: the same documents give the same additions. Whether they are
worth keeping is judged on documents left out (`cross_validated`).
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scanindex.classify.model import TypeModel, softmax
from scanindex.classify.words import features

PASSES, STEP, PULL = 12, 0.5, 0.93
FOLDS = 5
LEAST_DOCUMENTS = 2
"""A word that the shipped model does not know must stand in so many documents."""
_MOVED = 4
"""Types moved by one document: its own and its strongest rivals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A document whose type a person gave or let stand."""

    text: str = field(repr=False)
    key: str
    is_correction: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Right best guesses on lessons left out, as shipped and as taught."""

    corrections: int
    confirmations: int
    right_before: int
    right_after: int
    confirmed_before: int
    confirmed_after: int

    @property
    def is_better(self) -> bool:
        """More right over all and none lost among what was right and confirmed."""
        return self.right_after > self.right_before and self.confirmed_after >= self.confirmed_before


def taught(base: TypeModel, lessons: Sequence[Lesson]) -> TypeModel:
    """The base model with what these lessons add."""
    shift: dict[str, dict[str, float]] = {name: {} for name in _new_words(base, lessons)}
    bias: dict[str, float] = {key: 0.0 for key in sorted({lesson.key for lesson in lessons})}
    model = dataclasses.replace(base, shift=shift, bias_shift=bias)
    vectors = [model.vector(lesson.text) for lesson in lessons]
    for _ in range(PASSES):
        for lesson, vector in zip(lessons, vectors, strict=True):
            _step(model, shift, bias, lesson.key, vector)
        for weights in shift.values():
            for key in weights:
                weights[key] *= PULL
        for key in bias:
            bias[key] *= PULL
    kept = {name: _rounded(weights) for name, weights in shift.items() if _rounded(weights)}
    return dataclasses.replace(base, shift=kept, bias_shift={k: round(v, 4) for k, v in bias.items()})


def cross_validated(base: TypeModel, lessons: Sequence[Lesson]) -> Verdict:
    """How often the best guess is right on lessons that were left out of teaching."""
    before, after = [], []
    for fold in range(FOLDS):
        kept = [lesson for i, lesson in enumerate(lessons) if i % FOLDS != fold]
        model = taught(base, kept)
        for lesson in lessons[fold::FOLDS]:
            before.append((lesson, _best(base, lesson.text) == lesson.key))
            after.append((lesson, _best(model, lesson.text) == lesson.key))
    return Verdict(
        corrections=sum(lesson.is_correction for lesson in lessons),
        confirmations=sum(not lesson.is_correction for lesson in lessons),
        right_before=sum(right for _, right in before),
        right_after=sum(right for _, right in after),
        confirmed_before=sum(right for lesson, right in before if not lesson.is_correction),
        confirmed_after=sum(right for lesson, right in after if not lesson.is_correction),
    )


def _step(
    model: TypeModel,
    shift: dict[str, dict[str, float]],
    bias: dict[str, float],
    key: str,
    vector: Mapping[str, float],
) -> None:
    """One gradient step on the types that matter for this document."""
    probabilities = softmax(model.logits(vector), model.temperature)
    rivals = sorted(probabilities, key=lambda name: -probabilities[name])[:_MOVED]
    for name in {key, *rivals}:
        error = (name == key) - probabilities.get(name, 0.0)
        if abs(error) < 0.01:
            continue
        for word, value in vector.items():
            weights = shift.setdefault(word, {})
            weights[name] = weights.get(name, 0.0) + STEP * error * value
        if name in bias:
            bias[name] += STEP * 0.1 * error


def _new_words(base: TypeModel, lessons: Sequence[Lesson]) -> list[str]:
    seen: Counter[str] = Counter()
    for lesson in lessons:
        seen.update(name for name in features(lesson.text) if name not in base.rows)
    return sorted(name for name, n in seen.items() if n >= LEAST_DOCUMENTS)


def _best(model: TypeModel, text: str) -> str | None:
    answer = model.answer(text)
    return answer.ranked[0][0] if answer.ranked else None


def _rounded(weights: Mapping[str, float]) -> dict[str, float]:
    return {key: round(weight, 4) for key, weight in sorted(weights.items()) if abs(weight) >= 0.001}
