"""Papers of a hospital's backfile: ordinary ones, and every known way of taking somebody for somebody else.

Each function writes one scan and says whose each page truly is. What no reader could know (a complete
label of the wrong patient on a paper that says nothing else) is left out: that is for people and process,
not for gates. Imports nothing of the product.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from benchmarks.simulation.layouts import DEVELOPMENT, LAYOUTS, Shown
from benchmarks.simulation.paper import Sheet
from benchmarks.simulation.people import ALIKE, MEN, WOMEN, Person
from benchmarks.simulation.press import Made, Press
from benchmarks.simulation.traps_pages import (
    covered_stranger,
    damaged,
    empty_field,
    laboratory_list,
    mention,
    other_head,
    own_cover,
    prose_mention,
    second_counted,
    second_half_named,
    second_lost,
    second_named,
    second_numbered,
    second_silent,
    second_sparse,
    second_sticker,
    second_titled,
    sticker_on_form,
    wrong_cover,
)
from benchmarks.simulation.writing import (
    doctor,
    printed_kinds,
    with_runs,
    written_day,
    written_mrn,
    written_name,
)


# --- ordinary papers -----------------------------------------------------------------------------
def plain(press: Press) -> Made:
    """A registered patient's paper, sometimes of two pages."""
    person, chance = press.chance.choice(press.people), press.chance
    shown = press.shown(person)
    first = press.page(shown, person.mrn)
    if chance.random() > 0.12:
        return Made(pages=(first,), printed=printed_kinds(shown))
    head = chance.choice(
        (written_name(person, chance), f"{written_name(person, chance)}   MRN {person.mrn}", "")
    )
    total = Sheet(top_px=2_060)
    total.line("Page 1 of 2", left_px=700)
    second = press.continuation(head, person.mrn, ("Page 2 of 2", "other"))
    return Made(pages=(with_runs(first, total), second), printed=printed_kinds(shown))


def stranger(press: Press) -> Made:
    """Somebody unregistered; a third bear another hospital's number under "MRN"."""
    person = press.stranger()
    if press.chance.random() < 0.35:
        person = replace(person, mrn=f"{press.chance.randrange(10**6, 10**8)}")
    return press.one(press.shown(person), None)


def twin(press: Press) -> Made:
    person = press.chance.choice(press.relatives("twin", "alike_twin"))
    return press.one(press.shown(person), person.mrn)


def namesake(press: Press) -> Made:
    """Registered people of one name, some of one birth date."""
    person = press.chance.choice(press.relatives("namesake", "same_day_namesake", "one_digit"))
    return press.one(press.shown(person), person.mrn)


def junior(press: Press) -> Made:
    """Father or son, the suffix written or not."""
    person = press.chance.choice(press.relatives("junior"))
    shown = press.shown(person)
    if press.chance.random() < 0.5 and shown.name:
        shown = replace(shown, name=written_name(person, press.chance, suffix=False))
    return press.one(shown, person.mrn)


def newborn(press: Press) -> Made:
    """A baby's own paper; the mother stands in a field of hers."""
    mother, baby = press.relatives("newborn")
    served = baby.born + timedelta(days=press.chance.randrange(5))
    shown = replace(press.shown(baby), served=written_day(served, press.chance), age=None)
    extra = (("Mother's Name:", written_name(mother, press.chance)),)
    return press.one(replace(shown, extra=extra), baby.mrn)


def maiden(press: Press) -> Made:
    """Paper from before a marriage; the roster knows the old name or does not."""
    while not (person := press.anyone("F")).former:
        continue
    shown = press.shown(replace(person, last=person.former))
    made = press.one(shown, person.mrn)
    return replace(made, printed=made.printed if person.is_former_known else made.printed - {"name"})


def relative(press: Press) -> Made:
    """Somebody's paper whose mother, guarantor, contact or doctor is a patient, too."""
    other, chance = press.anyone(), press.chance
    person = press.anyone() if chance.random() < 0.4 else press.stranger()
    label = chance.choice(
        ("Mother:", "Guarantor:", "Emergency Contact:", "Insured:", "Spouse:", "Physician:", "Witness:")
    )
    extra = [(label, written_name(other, chance))]
    if label not in ("Physician:", "Witness:") and chance.random() < 0.5:
        extra.append((label.rstrip(":") + " DOB:", written_day(other.born, chance)))
    kinds = [k for k in ("name", "birth_date", "mrn") if chance.random() < 0.75]
    shown = press.shown(person, *kinds, "served")
    return press.one(replace(shown, extra=tuple(extra), doctor=doctor(chance)), person.mrn or None)


# --- numbers that are somebody else's ------------------------------------------------------------
def other_hospital(press: Press) -> Made:
    """Another hospital's number that one of our patients happens to hold."""
    number = press.other_mrn("")
    if press.chance.random() < 0.5:
        person = press.anyone()
        made = press.one(replace(press.shown(person), mrn=number), person.mrn)
        return replace(made, printed=made.printed - {"mrn"})
    person = press.stranger()
    kinds = [("name", "birth_date"), ("name",), ("served",)][press.chance.randrange(3)]
    return press.one(replace(press.shown(person, *kinds), mrn=number), None)


def transposed(press: Press) -> Made:
    """A number copied with two digits exchanged, or one wrong."""
    person, chance = press.anyone(), press.chance
    at = chance.randrange(4, 7)
    digits = list(person.mrn)
    if chance.random() < 0.6:
        digits[at], digits[at + 1] = digits[at + 1], digits[at]
    else:
        digits[at] = str((int(digits[at]) + chance.randrange(1, 10)) % 10)
    made = press.one(replace(press.shown(person), mrn="".join(digits)), person.mrn)
    return replace(made, printed=made.printed - {"mrn"} if "".join(digits) != person.mrn else made.printed)


def looked_up(press: Press) -> Made:
    """A clerk looked an unregistered person up, took somebody of a similar name and wrote that number."""
    known = press.people[press.chance.choice(press.families["alike_twin"])]
    others = [n for pair in ALIKE if known.first in pair for n in pair if n != known.first]
    person = replace(press.town.stranger_like(known), first=press.chance.choice(others), middle="")
    press.simple_layout()
    shown = replace(press.shown(person, "name"), mrn=known.mrn)
    return press.one(shown, None, shown.name)


def same_name_number(press: Press, *kinds: str) -> tuple[Person, Person, Shown]:
    """An unregistered namesake with the registered one's number: (known, stranger, shown)."""
    known, chance = press.anyone(eldest_after=1945), press.chance
    years = chance.randrange(18, 45)
    born = known.born - timedelta(days=years * 365 + chance.randrange(1, 300))
    person = replace(press.town.stranger_like(known), born=born, middle="")
    press.simple_layout()
    return known, person, replace(press.shown(person, *kinds), mrn=known.mrn)


def other_age(press: Press) -> Made:
    """The number of a younger namesake; only the printed age tells."""
    shown = same_name_number(press, "name", "age")[2]
    return press.one(shown, None, f"{shown.age}")


def other_birth(press: Press) -> Made:
    """The number of a namesake; only the birth date tells."""
    shown = same_name_number(press, "name", "birth_date")[2]
    return press.one(shown, None, shown.born)


def other_ssn(press: Press) -> Made:
    """The number of a namesake; only the social security digits tell."""
    shown = same_name_number(press, "name", "ssn")[2]
    return press.one(shown, None, shown.ssn)


def other_middle(press: Press) -> Made:
    """The number of a namesake; only the middle name tells."""
    known, person, shown = same_name_number(press, "name")
    while not known.middle:
        known, person, shown = same_name_number(press, "name")
    person = replace(person, middle=press.town.other_middle(known))
    name = written_name(person, press.chance, middle=1.0)
    return press.one(replace(shown, name=name), None, name)


def other_suffix(press: Press) -> Made:
    """An unregistered son under his father's number; only "Jr" tells."""
    _, person, shown = same_name_number(press, "name")
    person = replace(person, suffix=press.chance.choice(("Jr", "JR", "III", "Jr.")))
    name = written_name(person, press.chance)
    return press.one(replace(shown, name=name), None, name)


def sibling(press: Press, *kinds: str) -> tuple[Person, Shown]:
    """An unregistered twin of a patient under that patient's number; one household."""
    known, chance = press.anyone(), press.chance
    sex = "F" if known.sex == "M" else "M"
    first = chance.choice([n for n in (MEN if sex == "M" else WOMEN)[:50] if n[0] != known.first[0]])
    home: dict[str, Any] = {"phone": known.phone, "street": known.street, "town": known.town}
    person = replace(press.town.stranger_like(known), first=first, sex=sex, middle="", **home)
    press.simple_layout()
    return person, replace(press.shown(person, *kinds), mrn=known.mrn)


def other_name(press: Press) -> Made:
    """Birth date, number and home are a patient's, the name is the unregistered twin's."""
    shown = sibling(press, "name", "birth_date", "phone", "street")[1]
    return press.one(shown, None, shown.name)


def other_sex(press: Press) -> Made:
    """A strip without a name: birth date and number are a patient's, the sex is the twin's."""
    shown = sibling(press, "birth_date", "sex", "phone")[1]
    return press.one(shown, None, shown.sex)


def twins_number(press: Press) -> Made:
    """A twin's paper with the number of the other, and no name."""
    one, two = press.relatives("alike_twin")
    press.simple_layout()
    shown = press.shown(one, "birth_date", *press.chance.choice(((), ("sex",), ("phone",))))
    return Made(pages=(press.page(replace(shown, mrn=two.mrn), one.mrn),))


def one_digit(press: Press) -> Made:
    """Namesakes registered one after the other: the number alone tells them apart, in its last digit."""
    pair = press.relatives("one_digit")
    person = press.chance.choice(pair)
    press.simple_layout()
    return press.one(press.shown(person, "name", "mrn"), person.mrn)


def worn_number(press: Press) -> Made:
    """Namesakes registered one after the other; the first reader takes one's number for the other's. Brought
    about on purpose: of all misreadings these are the few that hit somebody of the same name."""
    person, other = press.relatives("one_digit")
    if press.chance.random() < 0.5:
        person, other = other, person
    press.simple_layout()
    page = press.page(replace(press.shown(person, "name"), mrn=person.mrn), person.mrn)
    runs = tuple(replace(r, read_as=other.mrn) if r.text == person.mrn else r for r in page.runs)
    return Made(pages=(replace(page, runs=runs),))


def wrong_form(press: Press) -> Made:
    """A sheet printed with one patient's number that bears another's label without number."""
    one, two = press.anyone(), press.anyone()
    press.simple_layout()
    kinds = ["name", "birth_date", "phone", "street", "ssn"]
    shown = replace(press.shown(one, *kinds), mrn=written_mrn(two.mrn, press.chance))
    return Made(pages=(press.page(shown, two.mrn),), tell=shown.mrn or "")


# --- mothers and infants -------------------------------------------------------------------------
def mothers_label(press: Press) -> Made:
    """A baby's sheet with the mother's label."""
    mother, baby = press.relatives("newborn")
    chance = press.chance
    press.simple_layout()
    shown = press.shown(mother, "name", "mrn", *chance.choice((("birth_date",), ())))
    shown = replace(shown, served=written_day(baby.born + timedelta(days=1), chance))
    word = chance.choice(("BABY BOY", "BABY GIRL", "Baby Boy", "INFANT OF", "NEWBORN MALE"))
    note = f"{word} {mother.last}  delivered {written_day(baby.born, chance)}  Apgar 8 and 9"
    sheet = Sheet(top_px=1_700)
    sheet.line(note, "name")
    return Made(pages=(with_runs(press.page(shown, baby.mrn), sheet),), tell=f"{word} Apgar")


TRAPS: dict[str, tuple[float, Callable[[Press], Made]]] = {
    f.__name__: (share, f)
    for share, f in (
        (44.7, plain), (10, stranger), (3, twin), (3, namesake), (2, junior), (1.5, newborn),
        (2, maiden), (2.5, relative), (1.5, other_hospital), (2, transposed), (1, looked_up),
        (0.8, other_age), (0.8, other_birth), (0.8, other_ssn), (0.8, other_middle),
        (0.8, other_suffix), (0.8, other_name), (0.8, other_sex), (1, twins_number), (1.5, one_digit),
        (1, worn_number), (1, wrong_form), (1, mothers_label), (1, wrong_cover),
        (0.8, covered_stranger), (1, own_cover), (1, second_named), (0.8, second_half_named),
        (0.8, second_numbered), (0.8, second_counted), (0.8, damaged), (1, second_silent),
        (0.8, second_sparse), (0.8, second_lost), (0.8, second_titled), (1.5, mention),
        (0.8, prose_mention), (0.8, empty_field), (1, second_sticker), (0.8, sticker_on_form),
        (0.8, laboratory_list), (0.8, other_head),
    )
}  # fmt: skip
"""Weights: about how many of a hundred papers are of each kind."""
ORDINARY = frozenset(
    (
        "plain",
        "stranger",
        "twin",
        "namesake",
        "junior",
        "newborn",
        "maiden",
        "own_cover",
        "relative",
        "transposed",
    )
)
"""Papers as they come; the others were made to deceive, and are thousands of times rarer in life."""


def layouts_of(half: str) -> tuple[str, ...]:
    """The report's half also has layouts that nobody saw before."""
    return DEVELOPMENT if half == "development" else tuple(LAYOUTS)
