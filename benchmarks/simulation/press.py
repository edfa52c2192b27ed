"""Writes single papers: about whom, on which form, how worn. Imports nothing of the product."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.simulation.layouts import Shown
from benchmarks.simulation.noise import Noise
from benchmarks.simulation.paper import Page, Paper, Sheet
from benchmarks.simulation.people import Person, Town, is_common
from benchmarks.simulation.writing import (
    drawn_page,
    printed_kinds,
    shown_of,
)

DENSE_TWIN_SHARE, CENSUS_TWIN_SHARE = 0.025, 0.00013
"""Share of unregistered people who have a namesake with their birth date in the roster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    pages: tuple[Page, ...]
    printed: frozenset[str] = frozenset()
    tell: str = ""


class Press:
    """Writes paper number n of a roster; the same number always gives the same paper."""

    def __init__(self, kind: str, people: Sequence[Person], seed: int, layouts: Sequence[str]) -> None:
        self.kind, self.people, self.seed, self.layouts = kind, people, seed, tuple(layouts)
        self.town = Town(kind, seed)
        self.noise = Noise.measured()
        self.families: dict[str, list[int]] = defaultdict(list)
        for at, person in enumerate(people):
            if person.family:
                self.families[person.family].append(at)
        self.chance = random.Random(seed)
        self.layout = ""

    def paper(self, number: int, kinds: Mapping[str, tuple[float, Callable[[Press], Made]]]) -> Paper:
        """Of one of these kinds, each with its weight."""
        self.chance = self.town.chance = random.Random(f"{self.kind} {self.seed} {number}")
        trap = self.chance.choices(tuple(kinds), [share for share, _ in kinds.values()])[0]
        self.layout = self.chance.choice(self.layouts)
        made = kinds[trap][1](self)
        return Paper(
            number=number,
            trap=trap,
            layout=self.layout,
            wear=self.noise.wear(self.chance),
            pages=made.pages,
            printed=made.printed,
            tell=made.tell,
        )

    # --- whom and how ----------------------------------------------------------------------
    def anyone(self, sex: str = "", eldest_after: int = 0) -> Person:
        """A registered person of no family."""
        while True:
            person = self.chance.choice(self.people)
            if not person.family and (not sex or person.sex == sex) and person.born.year > eldest_after:
                return person

    def relatives(self, *families: str) -> tuple[Person, Person]:
        """Two registered people that belong together, in the roster's order."""
        at = self.chance.choice([at for family in families for at in self.families[family]])
        if self.people[at].family == "alike_twin":
            pair = [i for i in (at - 1, at, at + 1) if self.people[i].family == "alike_twin"]
            pair = [i for i in pair if self.people[i].last == self.people[at].last]
            return self.people[pair[0]], self.people[pair[-1]]
        return self.people[at - 1], self.people[at]

    def stranger(self) -> Person:
        """Nobody of this hospital's."""
        share = DENSE_TWIN_SHARE if self.kind == "dense" else CENSUS_TWIN_SHARE
        if self.chance.random() >= share:
            return self.town.person()
        while True:
            known = self.chance.choice(self.people)
            if self.kind == "census" or is_common(known):
                return self.town.stranger_like(known)

    def page(self, shown: Shown, owner: str | None) -> Page:
        return drawn_page(shown, self.layout, self.chance, owner)

    def one(self, shown: Shown, owner: str | None, tell: str | None = "") -> Made:
        return Made(pages=(self.page(shown, owner),), printed=printed_kinds(shown), tell=tell or "")

    def shown(self, person: Person, *kinds: str) -> Shown:
        return shown_of(person, self.chance, kinds or None)

    def simple_layout(self) -> None:
        """One that shows what it is given, in labelled fields."""
        wanted = [n for n in ("label_right", "listed", "boxed", "label_below") if n in self.layouts]
        self.layout = self.chance.choice(wanted)

    def other_mrn(self, mrn: str) -> str:
        """Somebody else's number of the roster."""
        while True:
            found = self.chance.choice(self.people).mrn
            if found != mrn:
                return found

    def continuation(self, head: str, owner: str | None, *rest: tuple[str, str]) -> Page:
        """A second page: a line at the top, then text."""
        sheet = Sheet(top_px=self.chance.randrange(70, 130))
        if head:
            sheet.line(head, "name")
        for text, kind in rest:
            sheet.line(text, kind)
        sheet.feed()
        for sentence in self.chance.sample(SENTENCES, 6):
            sheet.line(sentence)
        return sheet.page(owner)


SENTENCES = (
    "continued without complication until the third day after surgery.",
    "She was able to walk with help and took fluids well.",
    "Vital signs remained stable through the night.",
    "Intake and output were recorded each shift.",
    "The dressing was changed and the drain removed.",
    "Physical therapy will see the patient again tomorrow.",
    "Pain was controlled with oral medication.",
    "No further bleeding was noted after the second unit.",
    "Follow up with the surgeon was arranged for next week.",
)
SEPARATOR = Page(owner=None, kind="separator")
