"""Labels that restrict access: found, and not found where nothing is told."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from scanindex.classify.sensitivity import LABELS, is_minor, labels_of
from tests.classify.sensitive_texts import NEGATIVE, POSITIVE

CARRIERS = (
    "{}",
    "PROGRESS NOTE 3/4/88\nBP 130/80, wt 162. Lungs clear.\n{}.\nPlan: return in 3 months",
    "PAST HISTORY: appendectomy 1971; {}; hypertension\nMEDICATIONS: HCTZ 50 mg\nEXAM: unremarkable",
    "1. Hypertension\n2. {}\n3. Osteoarthritis of knees",
)
NOISE = 0.02


def misread(text: str, seed: int) -> str:
    """One letter in fifty read as a look-alike."""
    chance, alike = (
        random.Random(seed),
        {"e": "c", "l": "1", "o": "0", "i": "l", "a": "o", "h": "b", "s": "5"},
    )
    return "".join(alike.get(c, c) if chance.random() < NOISE * 2 else c for c in text)


def texts(sentences: tuple[str, ...]) -> list[str]:
    """Each sentence in every carrier, upper case in one of them."""
    return [
        carrier.format(s.upper() if n == 3 else s) for s in sentences for n, carrier in enumerate(CARRIERS)
    ]


def test_there_are_enough_texts() -> None:
    """The shares below rest on hundreds of texts."""
    assert sum(len(texts(part)) for part in POSITIVE.values()) >= 200 and len(texts(NEGATIVE)) >= 400


@pytest.mark.parametrize("label", POSITIVE)
def test_recall(label: str) -> None:
    """At least 99 of 100 texts that tell of it have the label."""
    missed = [text for text in texts(POSITIVE[label]) if label not in labels_of(text)]
    assert len(missed) <= 0.01 * len(texts(POSITIVE[label])), missed


def test_precision() -> None:
    """Of texts that tell nothing, denials, relatives, forms and look-alikes, few get a label."""
    wrong = Counter(sentence for sentence in NEGATIVE for t in texts((sentence,)) if labels_of(t))
    assert sum(wrong.values()) <= 0.02 * len(texts(NEGATIVE)), wrong


def test_recall_on_misread_print() -> None:
    """One letter in fifty misread: nineteen of twenty are still found."""
    everything = [
        (label, misread(t, n)) for label, part in POSITIVE.items() for n, t in enumerate(texts(part))
    ]
    missed = [text for label, text in everything if label not in labels_of(text)]
    assert len(missed) <= 0.05 * len(everything), missed


@pytest.mark.parametrize(
    ("birth", "service", "expected"),
    [
        ("1980-06-15", "1998-06-14", True),
        ("1980-06-15", "1998-06-15", False),
        ("1980", "1998", True),
        ("1980", "1999", False),
        ("1980-06-15", None, False),
        (None, "1990-01-01", False),
    ],
)
def test_a_minor_is_told_by_age_at_the_date_of_care(
    birth: str | None, service: str | None, expected: bool
) -> None:
    """Under eighteen on that day; a year alone counts where it may have been so."""
    assert is_minor(birth, service, 18) is expected


def test_a_psychiatric_type_is_a_label_by_itself() -> None:
    """Whatever was read of its words."""
    assert labels_of("", "psychiatric_evaluation") == ("mental_health",)


def test_labels_come_in_one_order() -> None:
    """So that equal sets look equal everywhere."""
    found = labels_of("HIV positive, heroin addict, schizophrenia")
    assert found == tuple(label for label in LABELS if label in found) and len(found) == 3
