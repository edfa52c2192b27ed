"""Clinical-like pages of invented text with a vocabulary of many thousand words.

Sentences are frames of our own; their slots are filled, by a Zipf law, from the trusted lexicon
(sorted into kinds by word endings) and from words made up here (names of people and brands, and
compounds of medical roots), so that a stated share of forms lies outside the lexicon.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence


def _split(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_ENDINGS = {
    "ill": _split("itis osis oma emia uria algia pathy plegia sclerosis rrhea megaly"),
    "cut": _split("ectomy otomy ostomy plasty oscopy rrhaphy pexy centesis graphy"),
    "drug": _split(
        "pril olol sartan statin azole cillin mycin floxacin azepam tidine prazole oxetine dipine "
        "thiazide semide parin coxib profen triptan lukast sone olone caine cycline zosin gliptin "
        "glitazone amide barbital phylline terol tropium triptyline azine dronate"
    ),
    "how": _split("al ic ous ar ary oid ive"),
    "ly": _split("ly"),
    "done": _split("ated ized ted ned red sed"),
}
_ROOTS = _split(
    "gastr hepat nephr oste arthr my neur derm card angi enter col cyst splen pancreat trache bronch "
    "pneum thorac lapar crani encephal rhin ot laryng phleb ureter pyel salping orchi metr mast"
)
_LINKED_TO = _split(
    "ectomy otomy ostomy plasty oscopy itis opathy orrhaphy opexy ocele olysis ogram oma osclerosis omalacia"
)
_SYLLABLES = _split(
    "bar ven tol mar rick den lo ha sil ver ost kal min dor fen wick ley ton stad ski ka ro bel gor"
)
_FRAMES = (
    "The patient is a {n2} year old {ill} {person} who was {done} {ly} for {how} {ill}.",
    "{Name} {Name} was seen in clinic on {date} for follow-up of {how} {noun} and {ill}.",
    "Past medical history includes {ill}, {ill}, and {how} {noun}, status post {cut} in {year}.",
    "Current medications: {drug} {dose} mg p.o. {often}, {drug} {dose} mg {often}, {brand} {dose} mg p.r.n.",
    "On examination the {noun} was {done} and {how}, with {ly} {done} {noun} on the {side} side.",
    "Blood pressure {n3}/{n2}, pulse {n2}, temperature {n2}.{n1}, respirations {n2}, weight {n3} lb.",
    "The {noun} was {ly} {done} and the {how} {noun} was {done} with {n1}-0 {brand} suture.",
    "{Cut} of the {how} {noun} was performed by Dr. {Name} under {how} anesthesia.",
    "Laboratory data: {noun} {n1}.{n1}, {noun} {n3}, {how} {noun} {n2}, {noun} within normal limits.",
    "There is no {ill}, no {ill} and no evidence of {how} {noun}.",
    "Impression: {n1}. {ill} with {how} {noun}. {n1}. {ill}, {ly} {done}.",
    "Plan: continue {drug} {dose} mg {often}; {cut} on {date}; return in {n1} weeks to see Dr. {Name}.",
    "Specimen {n1} is labelled {how} {noun} and measures {n1}.{n1} x {n1}.{n1} cm; the {noun} is {done}.",
    "Consultation was requested from Dr. {Name} because of {how} {ill} and {noun}.",
    "She was {done} from the {noun} on {date} in {how} condition, MRN {mrn}, and {ly} {done} her {noun}.",
    "He denies {noun}, {noun}, {ill} or {noun}, but reports {how} {noun} since {year}.",
    "Allergies: {drug} ({noun}), {drug} and {brand}. Family history of {ill} and {ill}.",
    "The {noun} of the {noun} and the {how} {noun} were {done} as before; {noun} remains {how}.",
    "{compound} was {done}, then {compound} of the {how} {noun} followed without {noun}.",
)
_FIXED: Mapping[str, Sequence[str]] = {
    "person": ("man", "woman", "male", "female", "gentleman", "lady"),
    "often": ("b.i.d.", "t.i.d.", "q.d.", "q.i.d.", "h.s.", "daily", "at bedtime", "every 6 hours"),
    "side": ("left", "right"),
    "dose": ("2.5", "5", "10", "12.5", "20", "25", "40", "50", "75", "100", "250", "500", "875"),
}
WORDS_PER_PAGE = 130


class Writer:
    """Writes pages; the same seed and lexicon give the same pages."""

    def __init__(self, lexicon: Mapping[str, int], seed: int, vocabulary_seed: int = 7) -> None:
        """`lexicon`: word to frequency class (0..21). `vocabulary_seed`: which names, brands and
        compounds there are, and which words are the usual ones."""
        self._rng = random.Random(seed)
        vocabulary = random.Random(vocabulary_seed)
        self._kinds: dict[str, list[str]] = {kind: [] for kind in (*_ENDINGS, "noun")}
        for word in sorted(lexicon):
            if 4 <= len(word) <= 18 and lexicon[word] >= 2:
                self._kinds[_kind(word)].append(word)
        for words in self._kinds.values():
            # Frequent words first, but not strictly: every vocabulary has its own favourites.
            words.sort(key=lambda w: -lexicon[w] + vocabulary.gauss(0, 3))
        made = {"name": 2000, "brand": 900}
        for kind, size in made.items():
            drawn = {_made_up(vocabulary, vocabulary.choice((2, 2, 3))) for _ in range(size)}
            self._kinds[kind] = sorted(drawn, key=lambda _: vocabulary.random())
        compounds = [a + "o" + b + c for a in _ROOTS for b in _ROOTS for c in _LINKED_TO if a != b]
        self._kinds["compound"] = vocabulary.sample(compounds, 2000)

    def page(self) -> list[str]:
        """The words of one page."""
        words: list[str] = []
        while len(words) < WORDS_PER_PAGE:
            words += self._fill(self._rng.choice(_FRAMES)).split()
        return words

    def _fill(self, frame: str) -> str:
        out, rest = [], frame
        while "{" in rest:
            before, rest = rest.split("{", 1)
            slot, rest = rest.split("}", 1)
            out += [before, self._slot(slot)]
        return "".join([*out, rest])

    def _slot(self, slot: str) -> str:
        rng = self._rng
        match slot:
            case "n1" | "n2" | "n3":
                size = int(slot[1])
                return str(rng.randrange(10 ** (size - 1), 10**size))
            case "year":
                return str(rng.randrange(1962, 2009))
            case "date":
                return f"{rng.randrange(1, 13):02}/{rng.randrange(1, 29):02}/{rng.randrange(1962, 2009)}"
            case "mrn":
                return str(rng.randrange(10**6, 10**7))
        if slot in _FIXED:
            return rng.choice(_FIXED[slot])
        words = self._kinds[slot.lower()]
        # A Zipf-Mandelbrot draw: log-uniform rank, flattened at the top.
        rank = int(8 * ((len(words) + 8) / 8) ** rng.random()) - 8
        word = words[min(rank, len(words) - 1)]
        if slot == "brand" or slot[0].isupper():
            return word.upper() if rng.random() < 0.2 else word.capitalize()
        return word.upper() if rng.random() < 0.03 else word


def _kind(word: str) -> str:
    return next((kind for kind, ends in _ENDINGS.items() if word.endswith(ends)), "noun")


def _made_up(rng: random.Random, syllables: int) -> str:
    return "".join(rng.choice(_SYLLABLES) for _ in range(syllables))
