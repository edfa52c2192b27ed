"""Invented people of a hospital's roster, and of the town around it. Imports nothing of the product.

Two kinds of roster: `census` has many rare surnames, `dense` draws nearly half its people from a few
surnames and first names and gives about 2.5 % of all, from among those, a namesake with the same birth
date (as large real rosters count). Numbers are dense, so that a misread digit meets somebody.
"""

from __future__ import annotations

import csv
import random
from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SURNAMES = _listed(
    """Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez
    Gonzalez Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez
    Clark Ramirez Lewis Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill Flores Green
    Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts Gomez Phillips Evans Turner Diaz
    Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy Cook Rogers Gutierrez Ortiz Morgan
    Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks Chavez Wood
    James Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross Foster
    Jimenez Powell Jenkins Perry Russell Sullivan Bell Coleman Butler Henderson Barnes Fisher Vasquez
    Simmons Romero Jordan Patterson Alexander Hamilton Graham Reynolds Griffin Wallace Moreno West Cole
    Hayes Bryant Herrera Gibson Ellis Tran Medina Aguilar Stevens Murray Ford Castro Marshall Owens
    Harrison Fernandez Woods Washington Kennedy Wells Vargas Henry Chen Freeman Webb Tucker Guzman Burns
    Crawford Olson Simpson Porter Hunter Gordon Mendez Silva Shaw Snyder Mason Dixon Munoz Hunt Hicks
    Holmes Palmer Wagner Black Robertson Boyd Rose Stone Salazar Fox Warren Mills Meyer Rice Schmidt
    Garza Daniels Ferguson Nichols Stephens Soto Weaver Ryan Gardner Payne Grant Dunn Kelley Spencer
    Hawkins Arnold Pierce Hansen Peters Santos Hart Bradley Knight Elliott Cunningham Duncan Armstrong
    Hudson Carroll Lane Riley Andrews Alvarado Ray Delgado Berry Perkins Hoffman Johnston Matthews Pena
    Richards Contreras Willis Carpenter Lawrence O'Brien McDonald O'Neill St.John De-La-Cruz Van-Dyke"""
)
MEN = _listed(
    """James Robert John Michael William David Richard Joseph Thomas Charles Christopher Daniel Matthew
    Anthony Mark Donald Steven Paul Andrew Joshua Kenneth Kevin Brian George Edward Ronald Timothy Jason
    Jeffrey Ryan Jacob Gary Nicholas Eric Jonathan Stephen Larry Justin Scott Brandon Benjamin Samuel
    Frank Gregory Raymond Alexander Patrick Jack Dennis Jerry Tyler Aaron Jose Adam Henry Nathan Douglas
    Zachary Peter Kyle Walter Ethan Jeremy Harold Keith Christian Roger Noah Gerald Carl Terry Sean
    Austin Arthur Lawrence Jesse Dylan Bryan Joe Jordan Billy Bruce Albert Willie Gabriel Logan Alan
    Juan Wayne Roy Ralph Randy Eugene Vincent Russell Louis Philip Bobby Johnny Bradley Luis Carlos
    Miguel Jorge Otto Cedric Milton Norman Clifford Ernest Leroy Marvin"""
)
WOMEN = _listed(
    """Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Lisa Nancy Betty
    Margaret Sandra Ashley Kimberly Emily Donna Michelle Carol Amanda Dorothy Melissa Deborah Stephanie
    Rebecca Sharon Laura Cynthia Kathleen Amy Angela Shirley Anna Brenda Pamela Emma Nicole Helen
    Samantha Katherine Christine Debra Rachel Carolyn Janet Catherine Maria Heather Diane Ruth Julie
    Olivia Joyce Virginia Victoria Kelly Lauren Christina Joan Evelyn Judith Megan Andrea Cheryl Hannah
    Jacqueline Martha Gloria Teresa Ann Sara Madison Frances Kathryn Janice Jean Abigail Alice Julia
    Judy Sophia Grace Denise Amber Doris Marilyn Danielle Beverly Isabella Theresa Diana Natalie
    Brittany Charlotte Marie Kayla Alexis Lori Carmen Rosa Juana Edna Ethel Mildred Lois Irene Thelma
    Norma"""
)
ALIKE = (
    ("Clara", "Clare"), ("Jan", "Jane"), ("Marie", "Maria"), ("Ann", "Anna"), ("Eric", "Erica"),
    ("Joan", "Jean"), ("Darrell", "Darren"), ("Karl", "Carl"), ("Ronald", "Donald"), ("Tina", "Gina"),
    ("Jayden", "Hayden"), ("Kayla", "Kaylee"), ("Michael", "Michele"), ("Daniel", "Danielle"),
    ("Marvin", "Mervin"), ("Ella", "Ellen"),
)  # fmt: skip
"""First names that paper and readers confuse."""
_SYLLABLES = _listed(
    """ba ber bran cas cor dal den dor el far fen gar gil hal har is jor kal ken lam lin lor mal mar mor
    nel nor ol par pel quin ral ren ros sal sel sten tal tor ul van ver wal wes yar zan"""
)
_ENDINGS = _listed("son ski sen ley man berg ton field er off ini ez ard wick ham worth low by ova stein")
_STREETS = _listed(
    """Oak Maple Cedar Elm Main Church Mill Park River Hill Lake Spring Union Prospect Walnut Chestnut
    Orchard Linden Grove Quarry"""
)
_KINDS_OF_STREET = ("St", "Ave", "Rd", "Ln", "Dr", "Ct")
_TOWNS = ("Dunmore", "Eastgate", "Harrow Point", "Alder Creek", "Granite Falls")
_COLUMNS = (
    "mrn", "last_name", "first_name", "middle_name", "suffix", "dob", "sex", "ssn_last4", "phone", "address",
    "previous_names",
)  # fmt: skip
LAST_DAY = date(2016, 12, 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody, in the roster or not."""

    mrn: str = field(repr=False)
    """Of this hospital; "" for somebody it does not know."""
    last: str = field(repr=False)
    first: str = field(repr=False)
    middle: str = field(default="", repr=False)
    suffix: str = ""
    former: str = field(default="", repr=False)
    """Last name before marriage."""
    is_former_known: bool = False
    born: date = field(repr=False)
    sex: str
    ssn4: str = field(repr=False)
    phone: str = field(repr=False)
    """Ten digits."""
    street: str = field(repr=False)
    town: str = field(repr=False)
    family: str = ""
    """What ties this person to the one before in the roster: twin, alike_twin, junior, newborn, namesake,
    same_day_namesake, one_digit; "" for nobody in particular."""


class Town:
    """Draws people of one kind of population from a generator of its own."""

    def __init__(self, kind: str, seed: int) -> None:
        self.kind = kind
        self.chance = random.Random(f"town {kind} {seed}")
        self._rare = tuple(_made_up(self.chance) for _ in range(12_000))

    def person(self, mrn: str = "", youngest: int = 0, sex: str = "") -> Person:
        """Somebody of no particular family, at least `youngest` years old on the last day."""
        chance = self.chance
        sex = sex or chance.choice("MF")
        is_common = self.kind == "dense" and chance.random() < 0.45
        if is_common:
            last, first = chance.choice(SURNAMES[:60]), chance.choice((MEN if sex == "M" else WOMEN)[:20])
        else:
            last = _drawn(chance, SURNAMES) if chance.random() < 0.5 else chance.choice(self._rare)
            first = _drawn(chance, MEN if sex == "M" else WOMEN)
        born = LAST_DAY - timedelta(days=chance.randrange(max(1, youngest) * 365 + 400, 95 * 365))
        if is_common and chance.random() < 0.04:
            born = born.replace(month=1, day=1)
        middle = _drawn(chance, MEN if sex == "M" else WOMEN) if chance.random() < 0.7 else ""
        former = _drawn(chance, SURNAMES) if sex == "F" and chance.random() < 0.4 else ""
        return Person(
            mrn=mrn,
            last=last,
            first=first,
            middle=middle,
            former=former if former != last else "",
            is_former_known=chance.random() < 0.5,
            born=born,
            sex=sex,
            **self.contact(),
        )

    def contact(self) -> dict[str, Any]:
        chance = self.chance
        return {
            "ssn4": f"{chance.randrange(10_000):04d}",
            "phone": f"{chance.choice((419, 567, 614))}555{chance.randrange(10_000):04d}",
            "street": " ".join(
                (f"{chance.randrange(2, 9_800)}", chance.choice(_STREETS), chance.choice(_KINDS_OF_STREET))
            ),
            "town": f"{chance.choice(_TOWNS)}, OH 4{chance.randrange(3_000, 5_999)}",
        }

    def stranger_like(self, known: Person) -> Person:
        """Somebody the hospital does not know with that name and birth date."""
        sharing: dict[str, Any] = {
            "mrn": "",
            "middle": self.other_middle(known),
            "former": "",
            "suffix": "",
            "family": "",
        }
        return replace(known, **sharing, **self.contact())

    def other_middle(self, known: Person) -> str:
        names = MEN if known.sex == "M" else WOMEN
        return next(n for n in self.chance.sample(names, 10) if n[0] != known.middle[:1])


def roster(kind: str, size: int, seed: int) -> list[Person]:
    """Everybody the hospital knows, by rising number; about one in seven belongs to a family of the list."""
    town = Town(kind, seed)
    numbers = iter(range(1_200_000 + 7 * seed, 9_999_999))
    share = {"dense": 0.0125 / 0.46, "census": 0.00006}[kind]
    people: list[Person] = []
    while len(people) < size:
        one = town.person(_mrn(numbers))
        people.append(one)
        drawn = town.chance.random()
        if drawn < share and (kind == "census" or is_common(one)):
            people.append(
                replace(
                    town.stranger_like(one), mrn=_mrn(numbers), middle=one.middle, family="same_day_namesake"
                )
            )
        elif drawn > 0.95:
            people += _family(town, one, numbers)
    return people[:size]


def is_common(person: Person) -> bool:
    """Of the names of which a dense roster has so many."""
    return person.last in SURNAMES[:60] and person.first in (MEN if person.sex == "M" else WOMEN)[:20]


def _family(town: Town, one: Person, numbers: Iterable[int]) -> list[Person]:
    chance, mrn = town.chance, _mrn(numbers)
    home: dict[str, Any] = {"street": one.street, "town": one.town, "phone": one.phone}
    other: dict[str, Any] = {"mrn": mrn, "ssn4": f"{chance.randrange(10_000):04d}", "former": "", **home}
    match chance.randrange(6):
        case 0:
            sex = chance.choice("MF")
            first = chance.choice([n for n in (MEN if sex == "M" else WOMEN)[:60] if n != one.first])
            return [replace(one, **other, first=first, sex=sex, middle="", family="twin")]
        case 1:
            pair = chance.choice(ALIKE)
            return [
                replace(one, **{**other, "mrn": number}, first=name, middle="", family="alike_twin")
                for name, number in zip(pair, (mrn, _mrn(numbers)), strict=True)
            ]
        case 2 if one.sex == "M" and one.born.year < 1970:
            born = one.born.replace(
                year=one.born.year + chance.randrange(20, 40), day=chance.randrange(1, 28)
            )
            return [replace(one, **other, suffix="Jr", born=born, family="junior")]
        case 3 if one.sex == "F" and one.born.year < 1985:
            sex = chance.choice("MF")
            years = chance.randrange(18, min(38, 2016 - one.born.year))
            born = one.born.replace(year=one.born.year + years, day=chance.randrange(1, 28))
            first = "Baby Boy" if sex == "M" else "Baby Girl"
            return [replace(one, **other, first=first, middle="", sex=sex, born=born, family="newborn")]
        case 4:
            twin = replace(one, **{**other, **_moved(town)}, family="namesake")
            return [replace(twin, born=twin.born - timedelta(days=chance.randrange(400, 9_000)))]
        case 5:
            return [_one_digit_apart(town, one, mrn)]
        case _:
            return []


def _one_digit_apart(town: Town, one: Person, mrn: str) -> Person:
    """A namesake registered next to the first: the numbers differ in one character."""
    other = replace(one, mrn=mrn, **town.contact(), former="", family="one_digit")
    return replace(other, born=one.born - timedelta(days=town.chance.randrange(900, 9_000)), middle="")


def _moved(town: Town) -> dict[str, Any]:
    return {k: v for k, v in town.contact().items() if k in ("street", "town", "phone")}


def _mrn(numbers: Iterable[int]) -> str:
    return f"{next(iter(numbers)):08d}"


def write_roster(people: Sequence[Person], path: Path) -> None:
    """The roster as a hospital exports it."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(_COLUMNS)
        for p in people:
            out.writerow(
                (
                    *(p.mrn, p.last, p.first, p.middle, p.suffix, p.born.isoformat(), p.sex, p.ssn4, p.phone),
                    f"{p.street}, {p.town}",
                    p.former if p.is_former_known else "",
                )
            )


@cache
def _ranks(count: int) -> list[float]:
    return list(accumulate(1 / (rank + 8) for rank in range(count)))


def _drawn(chance: random.Random, names: Sequence[str]) -> str:
    """The first names of a list are the commonest."""
    shares = _ranks(len(names))
    return names[min(bisect(shares, chance.random() * shares[-1]), len(names) - 1)]


def _made_up(chance: random.Random) -> str:
    parts = chance.sample(_SYLLABLES, chance.choice((1, 2, 2)))
    return ("".join(parts) + chance.choice(_ENDINGS)).capitalize()
