"""Who a document is about and what is wrong with its paper.

`make_case` draws a patient, a trap and the staff. A trap changes what is `shown`, never
whose the document is. REVIEW are those after which a machine must not file alone, EITHER
those where both are acceptable; after all others two identifiers suffice.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import replace

from benchmarks.charts.case import Case, Staff
from benchmarks.charts.layout import Layout
from benchmarks.charts.people import Person, Population

OWN = {"A": "Sparrow Creek County Hospital", "B": "St. Bride's Infirmary"}
OUTSIDE = {
    "A": ("Bluegrass Baptist Hospital", "Cumberland Valley Medical Center", "Veterans Hospital, Marlin Fork"),
    "B": ("Granite State General Hospital", "Royal Dunmore Hospital", "Seacoast Women's Hospital"),
}
WEIGHTS = {
    "": 34,
    "unregistered": 9,
    "unregistered_namesake": 9,
    "provider_is_namesake": 4,
    "relative_is_namesake": 4,
    "mrn_transposed": 6,
    "mrn_of_other": 5,
    "outside_collision": 4,
    "outside_facility": 3,
    "wrong_middle": 3,
    "age_contradiction": 3,
    "name_misspelt": 3,
    "dob_typo": 3,
    "former_name": 3,
    "nickname": 3,
    "twin": 4,
    "jr_sr": 4,
    "same_name_and_dob": 3,
}
REVIEW = frozenset({"unregistered", "unregistered_namesake", "mrn_of_other", "mrn_hits_other"})
EITHER = frozenset(
    {
        "mrn_transposed",
        "outside_collision",
        "wrong_middle",
        "age_contradiction",
        "name_misspelt",
        "dob_typo",
        "newborn",
        "interrupted",
        "foreign_page",
    }
)
NEEDS_MRN = frozenset({"twin", "jr_sr", "same_name_and_dob", "former_name", "nickname"})
"""Easily mistaken: without their own number both filing and asking are right."""
_DEGREES = ("M.D.", "M.D.", "M.D.", "D.O.", "M.D., F.A.C.S.")


def draw_trap(rng: random.Random) -> str:
    """One trap by weight; '' for none."""
    return rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]


def make_case(
    rng: random.Random, people: Population, layout: Layout, trap: str, same_as: Person | None = None
) -> Case:
    """A document to be drawn. `same_as` asks for that patient if the layout can be about them."""
    person, service = _patient(rng, people, layout, trap, same_as)
    if not _WANTED.get(trap, _anybody)(person):
        trap = ""
    staff = [_staff(rng, people) for _ in range(2)]
    case = Case(
        rng=rng,
        person=person,
        shown=person,
        service=service,
        provider=staff[0],
        other_staff=staff[1],
        mother=_relative(rng, people, person),
        facility=OWN[people.family],
        own_facility=OWN[people.family],
        is_registered=person.mrn in people.by_mrn,
        account=f"{rng.choice('VEA')}{rng.randrange(10_000_000, 99_999_999)}",
        omits=frozenset(word for word in ("mrn", "dob") if rng.random() < 0.35),
    )
    if trap:
        case.traps.append(trap)
    case.traps.extend(sorted(person.kin - {trap, "namesake"}))
    if layout.is_outside and trap not in {"outside_facility", "outside_collision"}:
        _outside_facility(case, people)
    if not case.is_registered and not trap.startswith("unregistered"):
        case.traps.append("unregistered")
    change = _CHANGES.get(trap)
    if change is not None:
        change(case, people)
    if layout.doc_type == "newborn_record":
        case.traps.append("newborn")
    return case


def _patient(
    rng: random.Random, people: Population, layout: Layout, trap: str, same_as: Person | None
) -> tuple[Person, dt.date]:
    fits = _WANTED.get(trap, _anybody)
    pool = tuple(p for p in people.people if fits(p)) or people.people
    for attempt in range(8000):
        if attempt == 5000:
            # Nobody of that kind has the age that the layout needs: the document goes without the trap.
            pool = people.people
        person = same_as if same_as is not None and attempt < 40 else rng.choice(pool)
        if trap == "unregistered":
            person = people.stranger(rng)
        elif trap == "unregistered_namesake":
            person = people.stranger(rng, rng.choice(people.people))
        service = _service(rng, layout, person)
        if service is not None and (not layout.sex or layout.sex == person.sex):
            return person, service
    raise ValueError(f"nobody fits layout {layout.name}")


def _anybody(person: Person) -> bool:
    return True


def _service(rng: random.Random, layout: Layout, person: Person) -> dt.date | None:
    first = max(layout.years[0], person.dob.year + layout.ages[0] + 1)
    last = min(layout.years[1], person.dob.year + layout.ages[1])
    if layout.ages == (0, 0):
        return person.dob if layout.years[0] <= person.dob.year <= layout.years[1] else None
    if first > last:
        return None
    return dt.date(rng.randint(first, last), rng.randint(1, 12), rng.randint(1, 28))


def _staff(rng: random.Random, people: Population) -> Staff:
    one, other = rng.choice(people.people), rng.choice(people.people)
    return Staff(first=one.first, last=other.last, middle=one.middle, degree=rng.choice(_DEGREES))


def _relative(rng: random.Random, people: Population, person: Person) -> Person:
    """A registered woman of the family, a generation older where one is found."""
    for _ in range(400):
        other = rng.choice(people.people)
        if other.sex == "F" and 17 <= person.dob.year - other.dob.year <= 40:
            return replace(other, last=person.last)
    return replace(other, last=person.last)


def _outside_facility(case: Case, people: Population) -> None:
    case.is_outside = True
    case.facility = case.rng.choice(OUTSIDE[people.family])
    case.shown = replace(case.shown, mrn=f"{case.rng.randrange(10**5, 10**7)}")
    if "outside_facility" not in case.traps:
        case.traps.append("outside_facility")


def _outside_collision(case: Case, people: Population) -> None:
    _outside_facility(case, people)
    case.shown = replace(case.shown, mrn=_other(case, people).mrn)


def _other(case: Case, people: Population) -> Person:
    """Another patient, often the next number."""
    place = int(case.rng.random() * len(people.people))
    other = people.people[place]
    return other if other.mrn != case.person.mrn else people.people[place - 1]


def _mrn_of_other(case: Case, people: Population) -> None:
    case.shown = replace(case.shown, mrn=_other(case, people).mrn)


def _mrn_transposed(case: Case, people: Population) -> None:
    digits = list(case.shown.mrn)
    places = [n for n in range(1, len(digits) - 1) if digits[n] != digits[n + 1]]
    n = case.rng.choice(places)
    digits[n], digits[n + 1] = digits[n + 1], digits[n]
    number = "".join(digits)
    if number in people.by_mrn:
        case.traps.append("mrn_hits_other")
    case.shown = replace(case.shown, mrn=number)


def _provider_is_namesake(case: Case, people: Population) -> None:
    other = case.person if case.rng.random() < 0.4 else _other(case, people)
    case.provider = replace(case.provider, first=other.first, last=other.last)


def _relative_is_namesake(case: Case, people: Population) -> None:
    near = people.namesakes(case.person)
    case.mother = case.rng.choice(near) if near else _other(case, people)


def _wrong_middle(case: Case, people: Population) -> None:
    middle = case.rng.choice([m for m in "ABCDEFGHJKLMNPRSTVW" if m != case.shown.middle])
    case.shown = replace(case.shown, middle=middle)


def _age_contradiction(case: Case, people: Population) -> None:
    case.age_shift = case.rng.choice((-20, -11, 10, 19, 27))


def _name_misspelt(case: Case, people: Population) -> None:
    last = case.shown.last
    n = case.rng.randrange(1, len(last) - 1)
    wrong = case.rng.choice(
        (
            last[:n] + last[n] + last[n:],
            last[:n] + last[n + 1 :],
            last[:n] + last[n + 1] + last[n] + last[n + 2 :],
        )
    )
    case.shown = replace(case.shown, last=wrong if wrong != last else last + "e")


def _dob_typo(case: Case, people: Population) -> None:
    born = case.shown.dob
    year = born.year + case.rng.choice((-10, -1, 1))
    changed = born.replace(year=year, day=min(28, born.day))
    if case.rng.random() < 0.5:
        changed = born.replace(day=born.day % 28 + 1)
    case.shown = replace(case.shown, dob=changed)


def _former_name(case: Case, people: Population) -> None:
    case.shown = replace(case.shown, last=case.person.prior_names.split(",")[0])


def _nickname(case: Case, people: Population) -> None:
    case.shown = replace(case.shown, first=case.person.aliases)


_WANTED: dict[str, Callable[[Person], bool]] = {
    "twin": lambda p: "twin" in p.kin,
    "jr_sr": lambda p: "jr_sr" in p.kin,
    "same_name_and_dob": lambda p: "same_name_and_dob" in p.kin,
    "former_name": lambda p: bool(p.prior_names),
    "nickname": lambda p: bool(p.aliases),
    "wrong_middle": lambda p: bool(p.middle),
}
"""Whom a trap needs."""
_CHANGES: dict[str, Callable[[Case, Population], None]] = {
    "outside_facility": _outside_facility,
    "outside_collision": _outside_collision,
    "mrn_of_other": _mrn_of_other,
    "mrn_transposed": _mrn_transposed,
    "provider_is_namesake": _provider_is_namesake,
    "relative_is_namesake": _relative_is_namesake,
    "wrong_middle": _wrong_middle,
    "age_contradiction": _age_contradiction,
    "name_misspelt": _name_misspelt,
    "dob_typo": _dob_typo,
    "former_name": _former_name,
    "nickname": _nickname,
}
