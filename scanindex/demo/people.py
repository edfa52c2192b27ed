"""The invented patients of the demo: forty in the roster, one who is not.

Among them stand the cases that make filing hard: twins, a father and son of one
name, and two unrelated people of one name. Telephone numbers are from the range
reserved for fiction (555-0100 to 555-0199).
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from scanindex.model import Identifier, Patient, PatientId, PersonName

ROSTER_SIZE = 40
_COLUMNS = "mrn last first middle suffix sex dob ssn4 phone address city state zip prior_names aliases"

_LAST = (
    "Abernethy Bellweather Calloway Dunmore Eastlake Farthing Greenhalgh Hollister Inglewood Jessup "
    "Kettering Lockhart Merriweather Netherby Oakhurst Pemberton Quimby Ravenscroft Stapleton "
    "Thackeray Underhill Van Houten Wetherby Yarborough Zimmerly Brightwell Copperfield Dovecote"
).replace("Van Houten", "Van_Houten")
_WOMEN = (
    "Adelaide Beatrice Cordelia Dorothea Eleanor Florence Harriet Imogen Josephine Lavinia Marjorie Rosalind"
)
_MEN = "Ambrose Bertram Clarence Desmond Edmund Frederick Gilbert Horace Jerome Leonard Mortimer Reginald"
_STREETS = "Larkspur Millrace Hawthorn Quarry Juniper Orchard Tannery Willowmere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    mrn: str = field(repr=False)
    last: str = field(repr=False)
    first: str = field(repr=False)
    middle: str = field(default="", repr=False)
    suffix: str = field(default="", repr=False)
    sex: str = field(repr=False)
    born: date = field(repr=False)
    ssn4: str = field(repr=False)
    phone: str = field(repr=False)
    street: str = field(repr=False)
    is_in_roster: bool = True

    @property
    def last_first(self) -> str:
        """ "Last, First M Jr"."""
        return f"{self.last}, " + " ".join(p for p in (self.first, self.middle[:1], self.suffix) if p)

    @property
    def first_last(self) -> str:
        return " ".join(p for p in (self.first, self.middle[:1], self.last, self.suffix) if p)

    @property
    def patient(self) -> Patient:
        """As a cover sheet takes it."""
        return Patient(
            patient_id=PatientId(f"demo-{self.mrn}"),
            names=(PersonName(last=self.last, first=self.first, middle=self.middle, suffix=self.suffix),),
            birth_date=self.born.isoformat(),
            identifiers=(Identifier(authority="local", type="mrn", value=self.mrn),),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who plays which part; `roster` holds them all but the stranger."""

    roster: tuple[Person, ...]
    plain: tuple[Person, ...]
    """Five people whom nobody resembles."""
    twins: tuple[Person, Person]
    father: Person
    son: Person
    namesakes: tuple[Person, Person]
    stranger: Person


def make(seed: int) -> Cast:
    rng = random.Random(f"scanindex-demo-{seed}")
    people = _crowd(rng, ROSTER_SIZE + 1)
    first_twin, father, namesake = people[5], replace(people[7], sex="M", suffix="Sr"), people[9]
    father = replace(father, first=people[7].first if people[7].sex == "M" else "Cornelius")
    twins = (first_twin, _double(people[6], first_twin, first=_other_first(rng, first_twin)))
    twins = (twins[0], replace(twins[1], born=first_twin.born, street=first_twin.street))
    son = replace(_double(people[8], father, first=father.first), suffix="Jr", sex="M", street=father.street)
    son = replace(son, born=father.born + timedelta(days=9_131))
    other = _double(people[10], namesake, first=namesake.first)
    stranger = replace(people[ROSTER_SIZE], last="Fairweather-Knox", is_in_roster=False)
    roster = (*people[:5], *twins, father, son, namesake, other, *people[11:ROSTER_SIZE])
    return Cast(
        roster=roster,
        plain=people[:5],
        twins=twins,
        father=father,
        son=son,
        namesakes=(namesake, other),
        stranger=stranger,
    )


def write_roster(cast: Cast, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, _COLUMNS.split())
        writer.writeheader()
        for person in sorted(cast.roster, key=lambda p: p.mrn):
            writer.writerow(_row(person))


def _row(person: Person) -> dict[str, str]:
    return {
        "mrn": person.mrn,
        "last": person.last,
        "first": person.first,
        "middle": person.middle,
        "suffix": person.suffix,
        "sex": person.sex,
        "dob": person.born.isoformat(),
        "ssn4": person.ssn4,
        "phone": person.phone,
        "address": person.street,
        "city": "Fernhollow",
        "state": "OH",
        "zip": "45000",
        "prior_names": "",
        "aliases": "",
    }


def _crowd(rng: random.Random, count: int) -> tuple[Person, ...]:
    """Unrelated people; no two share first and last name, birth date or MRN."""
    lasts = [name.replace("_", " ") for name in _LAST.split()]
    pairs = [
        (last, sex, first)
        for last in lasts
        for sex, names in (("F", _WOMEN), ("M", _MEN))
        for first in names.split()
    ]
    chosen = rng.sample(pairs, count)
    days = rng.sample(range(15_000), count)
    numbers = rng.sample(range(20_000, 990_000), count)
    return tuple(
        Person(
            mrn=f"{number:07d}",
            last=last,
            first=first,
            middle=rng.choice("ABCDEFGHJKLMNPRSTW"),
            sex=sex,
            born=date(1921, 3, 1) + timedelta(days=day),
            ssn4=f"{rng.randrange(1_000, 10_000)}",
            phone=f"(555) 555-01{rng.randrange(100):02d}",
            street=f"{rng.randrange(12, 980)} {rng.choice(_STREETS.split())} Lane",
        )
        for (last, sex, first), day, number in zip(chosen, days, numbers, strict=True)
    )


def _double(person: Person, of: Person, *, first: str) -> Person:
    """`person` under the name of somebody else; number, birth date and address stay."""
    return replace(person, last=of.last, first=first, sex=of.sex)


def _other_first(rng: random.Random, person: Person) -> str:
    names = (_WOMEN if person.sex == "F" else _MEN).split()
    return rng.choice([name for name in names if name[0] != person.first[0]])
