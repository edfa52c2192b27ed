"""Traps of more than one page or person: covers, second pages, mentions, stickers, lists.

Imports nothing of the product.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from benchmarks.simulation.paper import LINE_PX, Page, Sheet
from benchmarks.simulation.press import SENTENCES, SEPARATOR, Made, Press
from benchmarks.simulation.writing import (
    printed_kinds,
    with_runs,
    written_day,
    written_name,
    written_phone,
)


# --- covers and second pages ---------------------------------------------------------------------
def wrong_cover(press: Press) -> Made:
    """Pages behind the cover sheet of somebody else."""
    one, two = press.anyone(), press.anyone()
    cover = Page(owner=None, kind="cover", cover_mrn=two.mrn, cover_born=two.born.isoformat())
    shown = press.shown(one)
    return Made(pages=(cover, press.page(shown, one.mrn)))


def covered_stranger(press: Press) -> Made:
    """Someone not registered yet, with a sheet of her own, on whose form a patient's label was stuck."""
    known, person = press.anyone(), press.stranger()
    number = f"{press.chance.randrange(90_000_000, 99_999_999)}"
    cover = Page(owner=None, kind="cover", cover_mrn=number, cover_born=person.born.isoformat())
    if press.chance.random() < 0.5:
        cover = replace(cover, cover_born="")
    return Made(pages=(cover, press.page(press.shown(known, "name", "birth_date", "mrn"), None)))


def own_cover(press: Press) -> Made:
    """Pages behind their patient's own cover sheet."""
    person = press.anyone()
    cover = Page(owner=None, kind="cover", cover_mrn=person.mrn, cover_born=person.born.isoformat())
    shown = press.shown(person)
    return Made(pages=(cover, press.page(shown, person.mrn)), printed=printed_kinds(shown))


def _two_pages(press: Press, second: Page, *, between: bool | None = None) -> Made:
    """A fully labelled first page, and `second` behind it; in the same sheets or not."""
    person = press.anyone()
    first = press.page(press.shown(person, "name", "birth_date", "mrn"), person.mrn)
    is_between = press.chance.random() < 0.6 if between is None else between
    head = min(second.runs, key=lambda r: r.top_px, default=None)
    tell = head.text if head and head.kind == "name" else ""
    return Made(pages=(SEPARATOR, first, second) if is_between else (first, second), tell=tell)


def second_named(press: Press) -> Made:
    """The second page is another's, and says so in its head."""
    other = press.anyone() if press.chance.random() < 0.5 else press.stranger()
    head = written_name(other, press.chance)
    if press.chance.random() < 0.5:
        head += f"   {written_day(other.born, press.chance)}"
    return _two_pages(press, press.continuation(head, other.mrn or None))


def second_half_named(press: Press) -> Made:
    """The second page is an unregistered person's and gives a first name only."""
    other = press.stranger()
    head = f"Patient: {other.first} {other.last[0] if press.chance.random() < 0.5 else ''}".strip()
    return _two_pages(press, press.continuation(head, None), between=True)


def second_numbered(press: Press) -> Made:
    """The second page is an unregistered person's and bears a number or a day in its head."""
    other, chance = press.stranger(), press.chance
    number = f"{chance.randrange(10**6, 10**8)}"
    head = chance.choice((f"{number}   page 2", f"MRN: {number}", f"DOB: {written_day(other.born, chance)}"))
    return _two_pages(press, press.continuation(head, None), between=True)


def second_counted(press: Press) -> Made:
    """The second page of an unregistered person's report behind the first of a patient's: the printed count
    fits, a number or day in its head does not."""
    person, other, chance = press.anyone(), press.stranger(), press.chance
    first = press.page(press.shown(person, "name", "birth_date", "mrn"), person.mrn)
    count = Sheet(top_px=2_060)
    count.line("Page 1 of 2", left_px=700)
    number = chance.choice((f"{chance.randrange(10**6, 10**8)}", written_day(other.born, chance)))
    second = press.continuation("", None, (number, "mrn"))
    end = Sheet(top_px=2_060)
    end.line("Page 2 of 2", left_px=700)
    return Made(pages=(with_runs(first, count), with_runs(second, end)), tell=number)


def second_silent(press: Press) -> Made:
    """The second page is somebody's, and says nothing of whom; no sheets lie between."""
    return _two_pages(press, press.continuation("", None), between=False)


def second_sparse(press: Press) -> Made:
    """The second page is a stranger's slip with a few words: too few to show that it belongs or does not."""
    sheet = Sheet(top_px=press.chance.randrange(200, 900))
    words = ("Left eye 20/40", "Rhythm strip lead II", "Drain 40 ml", "Pulse 72, 76, 74")
    sheet.line(press.chance.choice(words))
    return _two_pages(press, sheet.page(None), between=True)


def second_lost(press: Press) -> Made:
    """The second page could not be read; it is another patient's."""
    other = press.anyone() if press.chance.random() < 0.5 else press.stranger()
    return _two_pages(press, Page(owner=other.mrn or None, kind="failed"), between=True)


def second_titled(press: Press) -> Made:
    """The second page begins another person's report under a title, between the same sheets."""
    sheet = Sheet(top_px=90)
    sheet.centred(press.chance.choice(("CONSULTATION", "PATHOLOGY REPORT", "NURSING NOTES", "FLOW SHEET")))
    page = press.continuation("", None)
    return _two_pages(press, with_runs(page, sheet), between=None)


# --- mentions ------------------------------------------------------------------------------------
def mention(press: Press) -> Made:
    """An unregistered person's paper, or one without a name, mentions a patient with number or birth date."""
    known, person, chance = press.anyone(), press.stranger(), press.chance
    told = chance.choice((f"MRN {known.mrn}", f"DOB {written_day(known.born, chance)}", f"#{known.mrn}"))
    opening = chance.choice(
        ("cc:", "Roommate:", "Compared with", "See also chart of", "Specimen of", "Donor:", "Accompanied by")
    )
    shown = press.shown(person, *chance.choice((("name", "birth_date"), ("name",), ("served",))))
    sheet = Sheet(top_px=1_760)
    sheet.line(f"{opening} {written_name(known, chance)} {told}", "name")
    return Made(pages=(with_runs(press.page(shown, None), sheet),))


def prose_mention(press: Press) -> Made:
    """A paper without a name tells in a sentence of a patient, with name and number; in some it is that of an
    unregistered twin, with her birth date."""
    known, chance = press.anyone(), press.chance
    press.simple_layout()
    shown = press.shown(press.stranger(), "served")
    if chance.random() < 0.6:
        shown = replace(press.shown(known, "birth_date"), sex=None)
    story = chance.choice(
        (
            "The lady in the next bed was {} with mrn {} and she had the same tray as this one.",
            "Family says that the medication was given to {} with mrn {} and not to her at the time.",
            "I have spoken with the daughter of {} who has mrn {} and was here for the same complaint.",
        )
    )
    names = f"{known.first} {known.last}"
    shown = replace(shown, notes=(story.format(names, known.mrn),))
    return press.one(shown, None)


def empty_field(press: Press) -> Made:
    """Nobody filled in the name; far below a patient's name and number stand for another reason."""
    known, chance = press.anyone(), press.chance
    sheet = Sheet(top_px=120)
    sheet.centred("FLOW SHEET")
    sheet.line(chance.choice(("Patient: ____________", "Patient Name: __________", "Name: ______________")))
    sheet.labelled(
        "Date of Service:", written_day(known.born + timedelta(days=9_000), chance), "birth date", 120
    )
    sheet.feed(2)
    for sentence in chance.sample(SENTENCES, 8):
        sheet.line(sentence)
    sheet.y = 1_200 + chance.randrange(600)
    sheet.line(f"{written_name(known, chance, middle=0)}   MRN: {known.mrn}", "name")
    return Made(pages=(sheet.page(None),), tell=sheet.runs[1].text.split("_")[0])


def second_sticker(press: Press) -> Made:
    """One patient's label, and another's sticker further down: nobody knows whose it is."""
    one, two, chance = press.anyone(), press.anyone(), press.chance
    press.simple_layout()
    page = press.page(press.shown(one, "name", "birth_date", "mrn"), None)
    sheet = Sheet(top_px=1_650, left_px=chance.choice((140, 900)))
    sheet.line(written_name(two, chance, middle=0), "name")
    sheet.line(written_day(two.born, chance), "birth date")
    if chance.random() < 0.5:
        sheet.line(two.mrn, "mrn")
    tell = " ".join(run.text for run in sheet.runs)
    return Made(pages=(with_runs(page, sheet),), tell=tell)


def damaged(press: Press) -> Made:
    """A label of one patient; the part of the picture with another's sticker is lost, and known to be."""
    person = press.anyone()
    page = press.page(press.shown(person, "name", "birth_date", "mrn"), None)
    upper = tuple(run for run in page.runs if run.top_px < 1_000)
    return Made(pages=(replace(page, runs=upper, kind="damaged"),))


def sticker_on_form(press: Press) -> Made:
    """A form printed for one patient with the sticker of another whose number does not show."""
    one, two, chance = press.anyone(), press.anyone(), press.chance
    press.simple_layout()
    page = press.page(press.shown(one, "birth_date", "mrn"), None)
    sheet = Sheet(top_px=1_600, left_px=140)
    sheet.line(written_name(two, chance, middle=0), "name")
    sheet.line(two.street, "name")
    sheet.line(written_phone(two.phone, chance), "mrn")
    if chance.random() < 0.5:
        sheet.line(f"SSN xxx-xx-{two.ssn4}", "mrn")
    tell = " ".join(run.text for run in sheet.runs)
    return Made(pages=(with_runs(page, sheet),), tell=tell)


def laboratory_list(press: Press) -> Made:
    """A list of several patients' results: no chart's."""
    chance = press.chance
    sheet = Sheet(top_px=120)
    sheet.centred("DAILY LABORATORY LIST")
    for column, heading in ((120, "Name"), (620, "MRN"), (900, "DOB"), (1_250, "Result")):
        sheet.put(column, sheet.y, heading)
    sheet.feed(1.2)
    for _ in range(chance.choice((2, 2, 3, 6))):
        person = press.anyone() if chance.random() < 0.7 else press.stranger()
        sheet.put(120, sheet.y, written_name(person, chance, middle=0.2), "name")
        sheet.put(620, sheet.y, person.mrn or f"{chance.randrange(10**6, 10**8)}", "mrn")
        sheet.put(900, sheet.y, written_day(person.born, chance), "birth date")
        sheet.put(1_250, sheet.y, f"{chance.uniform(1, 20):.1f}")
        sheet.feed()
    return Made(pages=(sheet.page(None),))


def other_head(press: Press) -> Made:
    """A sheet that says in its head whose it is, with the label of another patient in it."""
    known, person = press.anyone(), press.stranger()
    press.simple_layout()
    page = press.page(press.shown(known, "name", "birth_date", "mrn"), None)
    head = Sheet(top_px=30)
    head.line(f"{person.last.upper()}, {person.first.upper()} {person.middle[:1]}   page 2", "name")
    moved = tuple(replace(r, top_px=r.top_px + 2 * LINE_PX) for r in page.runs)
    return Made(pages=(replace(page, runs=(*head.runs, *moved)),), tell=head.runs[0].text)
