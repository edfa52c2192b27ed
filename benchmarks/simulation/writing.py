"""How a clinic writes down who somebody is: names, dates, numbers in their many shapes.

Imports nothing of the product.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import replace
from datetime import date, timedelta

from benchmarks.simulation.layouts import LAYOUTS, PLACES, TITLES, Shown
from benchmarks.simulation.paper import Page, Sheet
from benchmarks.simulation.people import LAST_DAY, MEN, SURNAMES, WOMEN, Person

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def written_day(day: date, chance: random.Random) -> str:
    month = _MONTHS[day.month - 1]
    return chance.choice(
        (
            f"{day.month:02d}/{day.day:02d}/{day.year}",
            f"{day.month:02d}/{day.day:02d}/{day.year}",
            f"{day.month}/{day.day}/{day.year}",
            f"{day.month}/{day.day}/{day.year % 100:02d}",
            f"{day.month:02d}-{day.day:02d}-{day.year}",
            f"{month} {day.day}, {day.year}",
            f"{day.day:02d}-{month.upper()}-{day.year}",
            f"{day.year}-{day.month:02d}-{day.day:02d}",
        )
    )


def written_name(person: Person, chance: random.Random, *, middle: float = 0.5, suffix: bool = True) -> str:
    """In a usual order; `middle` is how often a middle initial is written (a third of that: whole)."""
    drawn = chance.random()
    mid = person.middle[:1] if drawn < middle else ""
    mid = person.middle if drawn < middle / 3 else mid
    given = " ".join(part for part in (person.first, mid) if part)
    behind = f" {person.suffix}" if person.suffix and suffix else ""
    text = f"{person.last}, {given}{behind}" if chance.random() < 0.65 else f"{given} {person.last}{behind}"
    return text.upper() if chance.random() < 0.5 else text


def doctor(chance: random.Random) -> str:
    return f"{chance.choice((*MEN, *WOMEN))} {chance.choice(SURNAMES)}"


def written_mrn(mrn: str, chance: random.Random) -> str:
    """As in the roster, without leading zeros, or grouped."""
    drawn = chance.random()
    if drawn < 0.12:
        return mrn.lstrip("0")
    return f"{mrn[:2]}-{mrn[2:4]}-{mrn[4:6]}-{mrn[6:]}" if drawn < 0.2 else mrn


def written_phone(phone: str, chance: random.Random) -> str:
    return chance.choice((f"({phone[:3]}) {phone[3:6]}-{phone[6:]}", f"{phone[:3]}-{phone[3:6]}-{phone[6:]}"))


def day_of_care(person: Person, chance: random.Random) -> date:
    first = max(person.born + timedelta(days=1), date(1985, 1, 1))
    return first + timedelta(days=chance.randrange(max(1, (LAST_DAY - first).days)))


def age_on(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def shown_of(person: Person, chance: random.Random, kinds: Collection[str] | None = None) -> Shown:
    """What a page shows of a person; without `kinds`, as much as pages usually do."""
    if kinds is None:
        shares = {
            "name": 0.98, "birth_date": 0.86, "mrn": 0.72 if person.mrn else 0, "sex": 0.5, "age": 0.3,
            "phone": 0.15, "ssn": 0.06, "street": 0.12,
        }  # fmt: skip
        kinds = {kind for kind, share in shares.items() if chance.random() < share}
    served = day_of_care(person, chance)
    masked = chance.choice((f"xxx-xx-{person.ssn4}", f"***-**-{person.ssn4}"))
    return Shown(
        name=written_name(person, chance) if "name" in kinds else None,
        last=person.last if "name" in kinds else "",
        first=person.first if "name" in kinds else "",
        born=written_day(person.born, chance) if "birth_date" in kinds else None,
        mrn=written_mrn(person.mrn, chance) if "mrn" in kinds and person.mrn else None,
        sex=written_sex(person.sex, chance) if "sex" in kinds else None,
        age=age_on(person.born, served) if "age" in kinds else None,
        phone=written_phone(person.phone, chance) if "phone" in kinds else None,
        ssn=masked if "ssn" in kinds else None,
        street=person.street if "street" in kinds else None,
        town=person.town,
        served=written_day(served, chance),
        doctor=doctor(chance),
        account=f"{chance.randrange(10**9, 10**10)}" if chance.random() < 0.25 else "",
        title=chance.choice(TITLES),
        place=chance.choice(PLACES),
    )


def written_sex(sex: str, chance: random.Random) -> str:
    return sex if chance.random() < 0.6 else {"M": "Male", "F": "Female"}[sex]


def printed_kinds(shown: Shown) -> frozenset[str]:
    pairs = (("name", shown.name), ("birth_date", shown.born), ("mrn", shown.mrn))
    return frozenset(kind for kind, value in pairs if value)


def drawn_page(shown: Shown, layout: str, chance: random.Random, owner: str | None) -> Page:
    """The page of that layout."""
    sheet = Sheet(top_px=chance.randrange(80, 150), letter_px=chance.choice((13, 14, 15)))
    LAYOUTS[layout](sheet, shown, chance)
    return sheet.page(owner)


def with_runs(page: Page, sheet: Sheet) -> Page:
    """The page with what else was printed on it."""
    return replace(page, runs=(*page.runs, *sheet.runs))
