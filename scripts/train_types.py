"""Train the type model on the texts in `scripts/type_texts/` and write its weights.

    python -m scripts.train_types            train, report, write the weights
    python -m scripts.train_types --report   only what it is worth on habits that it did not see

Each file of texts is one habit of writing (dictation, printed forms, printouts and short
hand); the word lists of the rules make a fourth. Texts are put together from random lines of
one habit, half of them under a title, with patient blocks, sentences of other types and
misread letters mixed in; clinical texts also share [shared] sections (history, examination,
laboratory), which real reports of many types have in common. What is reported, the temperature
and the thresholds come from leaving out one habit at a time; the shipped weights are trained on all.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scanindex.classify.model import OTHER, WEIGHTS
from scanindex.classify.words import features
from scanindex.extract.tables import read_table

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "scanindex" / "classify" / WEIGHTS
VERSION = "types-1"
HABITS = ("dictated", "forms", "printouts")
WORDS = "words"
TEXTS_PER_CELL = 60
SHARED = "shared"
SHARING = frozenset(
    [
        "anesthesia_record",
        "autopsy_report",
        "cardiology_report",
        "consultation",
        "correspondence",
        "discharge_instructions",
        "discharge_summary",
        "emergency_report",
        "history_physical",
        "labor_delivery_record",
        "newborn_record",
        "nursing_note",
        "operative_report",
        "pathology_report",
        "progress_note",
        "psychiatric_evaluation",
        "radiology_report",
        "referral",
        "telephone_encounter",
        "therapy_note",
        "transfer_form",
        "dialysis_record",
        "problem_list",
        "medication_record",
    ]
)
"""Types whose pages may hold any of the shared sections."""
MAX_FEATURES = 9000
EPOCHS, BATCH, RATE, DECAY = 14, 512, 0.02, 1e-4
WANTED_PRECISION = 0.96
FLOOR, CEILING = 0.55, 0.9
STRANGENESS = 2.0
"""Factor on the fitted temperature: a site's papers differ more from these texts than one habit here
does from another, so the model must believe itself less."""
_SLOT = re.compile(r"@(n|dr|d|t|pt|place)\b|\{([^{}]*)\}")
_LOOK_ALIKE = dict(zip("eoclitsmnrhabdgu0158", "co0e1lf5nnrbn6dqv6l1s", strict=False))

Lines = Mapping[str, Mapping[str, Sequence[str]]]
"""Habit -> type -> lines."""


@dataclass(frozen=True)
class Sample:
    key: str
    habit: str
    text: str


def load() -> Lines:
    """All lines by habit and type, the word lists of the rules as the habit "words"."""
    habits: dict[str, dict[str, list[str]]] = {}
    for name in HABITS:
        kinds: dict[str, list[str]] = {}
        for line in (HERE / "type_texts" / f"{name}.txt").read_text("utf-8").splitlines():
            if re.fullmatch(r"\[[a-z_]+\]", line):
                kinds[line.strip("[]")] = current = []
            elif line and not line.startswith(";"):
                current.append(line)
        habits[name] = kinds
    words: dict[str, list[str]] = defaultdict(list)
    for heading, phrases in read_table("keywords"):
        words[heading[0]] += phrases
    habits[WORDS] = {key: [" ".join(part) for part in _pairs(lines)] for key, lines in words.items()}
    return habits


def _pairs(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    return (lines[i : i + 2] for i in range(0, len(lines), 2))


def titles() -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for heading, phrases in read_table("titles"):
        found[heading[0]] += phrases
    return found


# --- making texts ---------------------------------------------------------------------
class Writer:
    """Makes texts of one type and habit; everything random comes from one seed."""

    def __init__(self, lines: Lines, seed: int) -> None:
        self.lines, self.chance, self.titles = lines, random.Random(seed), titles()

    def samples(self, habits: Sequence[str], per_cell: int) -> list[Sample]:
        return [
            Sample(key, habit, self.text(key, habit))
            for habit in habits
            for key in self.lines[habit]
            if key != SHARED
            for _ in range(per_cell)
        ]

    def text(self, key: str, habit: str) -> str:
        chance, pool = self.chance, list(self.lines[habit][key])
        chance.shuffle(pool)
        body = [self.fill(line) for line in pool[: chance.randint(2, max(3, len(pool)))]]
        if key in SHARING and chance.random() < 0.65:
            shared = self.lines[habit if habit != WORDS else chance.choice(HABITS)][SHARED]
            for line in chance.sample(list(shared), chance.randint(1, min(9, len(shared)))):
                body.insert(chance.randint(0, len(body)), self.fill(line))
        if chance.random() < 0.35:
            other = chance.choice([kind for kind in self.lines[habit] if kind != SHARED])
            body.insert(chance.randint(0, len(body)), self.fill(chance.choice(self.lines[habit][other])))
        if chance.random() < 0.15:
            body.append(f"see {chance.choice(self.titles[chance.choice(list(self.titles))]).lower()}")
        if chance.random() < 0.5 and key in self.titles:
            body.insert(0, chance.choice(self.titles[key]))
        if chance.random() < 0.7:
            body.insert(chance.randint(0, 1), self.head())
        if chance.random() < 0.4:
            body.append(chance.choice(_FEET))
        return misread("\n".join(body), chance.choice((0, 0, 0, 0.01, 0.03, 0.06)), chance)

    def head(self) -> str:
        parts = [part for part in _HEADS if self.chance.random() < 0.4]
        return " ".join(self.fill(part) for part in parts)

    def fill(self, line: str) -> str:
        def put(match: re.Match[str]) -> str:
            if match[2] is not None:
                return str(self.chance.choice(match[2].split("|")))
            return self.chance.choice(_VALUES[match[1]])

        while _SLOT.search(line):
            line = _SLOT.sub(put, line)
        return line


_VALUES: Mapping[str, Sequence[str]] = {
    "n": ("1", "2", "3", "12", "14", "36", "48", "72", "98", "140"),
    "d": ("3/4/82", "11-02-1994", "May 6, 1979", "10/10/01", "06/21/88"),
    "t": ("0730", "10:15 a.m.", "2300", "4 pm", "14:20"),
    "dr": ("Halloran", "Voss", "Petrakis", "Osei", "Lindqvist"),
    "pt": ("Ada Merriwell", "Roy Castellan", "J. Thornbury"),
    "place": ("Fair Oak Hospital", "Lakeview Medical Center", "St. Brendan's", "Tri-County Clinic"),
}
_HEADS = (
    "@place", "NAME: @pt", "MR# @n@n@n", "DATE: @d", "DOB @d", "Dr. @dr", "ROOM @n", "Patient @pt Age @n Sex",
    "department of medicine", "attending: @dr, M.D.", "page @n of @n", "account no. @n", "medical record no.",
    "Street, City, State telephone", "birth date",
)  # fmt: skip
_FEET = (
    "signature date", "form no. 12 rev. 6/84", "medical records copy", "page 1 of 2", "D: T: transcribed by",
    "continued", "confidential", "original chart copy yellow physician", "electronically signed",
    "printed by user date time", "M.D.", "end of report",
)  # fmt: skip


def misread(text: str, rate: float, chance: random.Random) -> str:
    """Letters changed, dropped and split the way scanners' readers do it."""
    if not rate:
        return text
    out = []
    for letter in text:
        if not letter.isspace() and chance.random() < rate:
            how = chance.random()
            out.append("" if how < 0.25 else letter + " " if how < 0.35 else _swap(letter, chance))
        else:
            out.append(letter)
    return "".join(out)


def _swap(letter: str, chance: random.Random) -> str:
    return _LOOK_ALIKE.get(letter.lower()) or chance.choice("etaoinsr")


# --- learning ---------------------------------------------------------------------------
Matrix = NDArray[np.float32]


@dataclass
class Trained:
    types: list[str]
    names: list[str]
    idf: Matrix
    weights: Matrix
    biases: Matrix
    temperature: float = 1.0

    def logits(self, texts: Sequence[str]) -> Matrix:
        return matrix(texts, self.names, self.idf) @ self.weights + self.biases


def matrix(texts: Sequence[str], names: Sequence[str], idf: Matrix) -> Matrix:
    place = {name: i for i, name in enumerate(names)}
    out = np.zeros((len(texts), len(names)), dtype=np.float32)
    for row, text in enumerate(texts):
        for name, value in features(text).items():
            if name in place:
                out[row, place[name]] = value * idf[place[name]]
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
    return out


def vocabulary(samples: Sequence[Sample]) -> tuple[list[str], Matrix]:
    """All words, and the pairs that tell types apart best; with their idf."""
    seen: Counter[str] = Counter()
    by_type: dict[str, Counter[str]] = defaultdict(Counter)
    for sample in samples:
        for name in features(sample.text):
            seen[name] += 1
            by_type[name][sample.key] += 1
    least = max(4, len(samples) // 1500)
    worth = {
        name: math.log(n) * max(by_type[name].values()) / n if " " in name else math.inf
        for name, n in seen.items()
        if n >= least
    }
    names = sorted(sorted(worth, key=lambda name: (-worth[name], name))[:MAX_FEATURES])
    idf = np.array([math.log((1 + len(samples)) / (1 + seen[name])) + 1 for name in names], dtype=np.float32)
    return names, idf


def train(samples: Sequence[Sample], seed: int = 5) -> Trained:
    """Adam on the cross entropy with weight decay."""
    types = sorted({s.key for s in samples})
    names, idf = vocabulary(samples)
    x = matrix([s.text for s in samples], names, idf)
    y = np.array([types.index(s.key) for s in samples])
    rng = np.random.default_rng(seed)
    w = np.zeros((len(names) + 1, len(types)), dtype=np.float32)
    first, second, step = np.zeros_like(w), np.zeros_like(w), 0
    for _ in range(EPOCHS):
        order = rng.permutation(len(y))
        for begin in range(0, len(y), BATCH):
            rows = order[begin : begin + BATCH]
            p = softmax(x[rows] @ w[:-1] + w[-1])
            p[np.arange(len(rows)), y[rows]] -= 1
            p /= len(rows)
            gradient = np.vstack([x[rows].T @ p, p.sum(axis=0)]) + DECAY * w
            step += 1
            first = 0.9 * first + 0.1 * gradient
            second = 0.999 * second + 0.001 * gradient**2
            w -= RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return Trained(types, names, idf, w[:-1], w[-1])


def softmax(logits: Matrix) -> Matrix:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


# --- what it is worth -----------------------------------------------------------------
@dataclass(frozen=True)
class Judged:
    """Logits for texts of a habit that the weights did not see."""

    habit: str
    types: list[str]
    logits: Matrix
    truth: list[str]


def leave_out(lines: Lines, per_cell: int) -> list[Judged]:
    found = []
    for left_out in HABITS:
        kept = [habit for habit in lines if habit != left_out]
        model = train(Writer(lines, 11).samples(kept, per_cell))
        unseen = Writer(lines, 97).samples([left_out], max(10, per_cell // 3))
        logits = model.logits([s.text for s in unseen])
        found.append(Judged(left_out, model.types, logits, [s.key for s in unseen]))
    return found


def temperature_of(judged: Sequence[Judged]) -> float:
    """The one under which the unseen texts are most probable (negative log likelihood)."""

    def loss(temperature: float) -> float:
        total = 0.0
        for part in judged:
            p = softmax(part.logits / temperature)
            rows = [p[i, part.types.index(key)] for i, key in enumerate(part.truth)]
            total -= float(np.log(np.maximum(rows, 1e-9)).sum())
        return total

    return min((0.1 * i for i in range(2, 60)), key=loss)


def thresholds_of(judged: Sequence[Judged], temperature: float) -> dict[str, float]:
    """Per type the least probability above which answers on unseen habits are precise enough."""
    by_type: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for part in judged:
        p = softmax(part.logits / temperature)
        for row, key in zip(p, part.truth, strict=True):
            best = int(row.argmax())
            by_type[part.types[best]].append((float(row[best]), part.types[best] == key))
    found = {}
    for key in sorted(set(by_type) | set(judged[0].types)):
        answers = sorted(by_type.get(key, []), reverse=True)
        threshold, right = CEILING, 0
        for n, (probability, is_right) in enumerate(answers, start=1):
            right += is_right
            if right / n >= WANTED_PRECISION:
                threshold = probability
        found[key] = round(min(CEILING, max(FLOOR, threshold)), 3)
    return found


def report(judged: Sequence[Judged], temperature: float, thresholds: Mapping[str, float]) -> None:
    for part in judged:
        p = softmax(part.logits / temperature)
        best = [part.types[int(i)] for i in p.argmax(axis=1)]
        sure = [row.max() >= thresholds[key] for key, row in zip(best, p, strict=True)]
        right = [one == two for one, two in zip(best, part.truth, strict=True)]
        answered = sum(sure)
        good = sum(r for r, s in zip(right, sure, strict=True) if s)
        print(
            f"{part.habit:10} left out: best guess right {sum(right) / len(right):.3f}; "
            f"answers {answered / len(right):.3f}, right where it answers {good / max(1, answered):.3f}"
        )
        wrong = Counter(
            (t, b) for t, b, r, s in zip(part.truth, best, right, sure, strict=True) if s and not r
        )
        for (truth, guess), n in wrong.most_common(6):
            print(f"    {n:3} {truth} taken for {guess}")


def pack(model: Trained, temperature: float, thresholds: Mapping[str, float]) -> bytes:
    scales = np.maximum(np.abs(model.weights).max(axis=0), 1e-6) / 127
    bytes_ = np.clip(np.round(model.weights / scales), -127, 127).astype(np.int8)
    kept = {
        "version": VERSION,
        "types": model.types,
        "features": model.names,
        "idf": [round(float(v), 3) for v in model.idf],
        "scales": [float(f"{v:.6g}") for v in scales],
        "biases": [round(float(v), 4) for v in model.biases],
        "temperature": round(temperature, 2),
        "thresholds": {key: value for key, value in thresholds.items() if key != OTHER},
        "weights": base64.b64encode(bytes_.tobytes()).decode(),
    }
    return gzip.compress(json.dumps(kept, separators=(",", ":")).encode(), 9, mtime=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", action="store_true", help="do not write the weights")
    parser.add_argument("--texts", type=int, default=TEXTS_PER_CELL, help="texts per type and habit")
    options = parser.parse_args()
    lines = load()
    judged = leave_out(lines, options.texts)
    temperature = STRANGENESS * temperature_of(judged)
    thresholds = thresholds_of(judged, temperature)
    print(f"temperature {temperature:.1f}")
    report(judged, temperature, thresholds)
    if options.report:
        return
    model = train(Writer(lines, 23).samples(list(lines), options.texts))
    data = pack(model, temperature, thresholds)
    TARGET.write_bytes(data)
    print(f"{TARGET.name}: {len(data):,} bytes, {len(model.names)} features, {len(model.types)} types")


if __name__ == "__main__":
    main()
