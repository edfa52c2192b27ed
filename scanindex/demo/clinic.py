"""Invented documents of a family practice; the hospital's are in charts."""

from __future__ import annotations

from scanindex.demo.charts import Chart, slashed
from scanindex.demo.paper import Page
from scanindex.demo.people import Person

CLINIC = "Tannery Street Family Practice"


def progress_note(person: Person) -> Chart:
    """Typed on a machine, two pages, the second with a running head only."""
    first = Page(font="mono", size=10.5)
    first.line(CLINIC.upper())
    first.line("PROGRESS NOTE" + " " * 34 + "Page 1 of 2")
    first.line()
    first.line(f"PATIENT: {person.last_first.upper()}")
    first.line(f"MR#: {person.mrn}     D.O.B.: {slashed(person.born)}")
    first.line("DATE OF VISIT: 10/02/1998")
    first.line()
    first.section(
        "SUBJECTIVE:",
        "Returns for the knee that has hurt on stairs since the end of summer. Swelling comes in the "
        "evening and is gone by the morning. No fall, no locking, no fever. Takes two tablets of an anti-"
        "inflammatory on working days and has had some heartburn from it. Walks the dog half a mile and "
        "rests on the way.",
    )
    first.section(
        "OBJECTIVE:",
        "Weight is up four pounds since the spring. Blood pressure 138/84 seated. Small cool effusion of "
        "the right knee, full extension, flexion stops ten degrees short of the left. Ligaments firm. No "
        "redness.",
    )
    second = Page(font="mono", size=10.5)
    second.line(f"{person.last_first.upper()}   MR#: {person.mrn}" + " " * 6 + "Page 2 of 2")
    second.line("PROGRESS NOTE, continued")
    second.line()
    second.section(
        "ASSESSMENT:",
        "Wear of the inner compartment, mild. The stomach complaint is more of a worry than the joint "
        "itself.",
    )
    second.section(
        "PLAN:",
        "Stop the anti-inflammatory and change to plain acetaminophen. Quadriceps exercises as shown on "
        "the sheet, twice a day. Standing films of both knees before the next visit. Back in six weeks, "
        "sooner if it locks.",
    )
    second.line()
    second.line("Signed: Amos Delacourt, M.D.")
    return Chart(
        document_type="progress_note",
        person=person,
        pages=(first, second),
        service_date="1998-10-02",
        provider="Delacourt, Amos",
        facility=CLINIC,
        printed=frozenset({"name", "mrn", "dob", "service_date", "facility", "provider"}),
    )


def referral(person: Person) -> Chart:
    """A letter as it came from the fax machine."""
    page = Page(size=12)
    page.line(
        "FROM: TANNERY STREET FP    FAX 555-555-0190    APR 17 2000  09:14    P. 01/01", size=9, font="mono"
    )
    page.line()
    page.line(CLINIC, size=16, font="bold")
    page.line("22 Tannery Street, Fernhollow")
    page.line()
    page.line("April 17, 2000")
    page.line()
    page.line("REFERRAL", font="bold")
    page.line(f"RE: {person.first_last}")
    page.line(f"DOB: {slashed(person.born)}     Hospital MRN: {person.mrn}")
    page.line()
    page.line("Dear Dr. Poulsen,")
    page.line()
    page.paragraph(
        "Thank you for seeing this patient, whose hands have gone numb at night for about half a year. "
        "The thumb and the two fingers next to it are worst, more on the right. Shaking the hand helps. "
        "Sugar and thyroid are normal."
    )
    page.paragraph(
        "I would be glad of your opinion and of a study of nerve conduction if you think that it will help."
    )
    page.line("Sincerely,")
    page.line()
    page.line("Amos Delacourt, M.D.")
    return Chart(
        document_type="referral",
        person=person,
        pages=(page,),
        service_date="2000-04-17",
        provider="Delacourt, Amos",
        facility=CLINIC,
        printed=frozenset({"name", "mrn", "dob", "service_date", "facility", "provider"}),
    )


def telephone_encounter(person: Person) -> Chart:
    page = Page(size=12)
    page.line(CLINIC, font="bold", size=14)
    page.line("TELEPHONE ENCOUNTER", font="bold", size=14)
    page.rule()
    page.line("Date of call: 12/03/1999     Time: 14:25")
    page.line(f"Patient: {person.first_last}")
    page.line(f"Date of birth: {slashed(person.born)}")
    page.line(f"Phone: {person.phone}")
    page.line()
    page.paragraph(
        "New to the area. Asks whether the tablets for the heart can be filled here before the first "
        "visit. Has enough for nine days. No pain, no swelling, sleeps flat."
    )
    page.paragraph(
        "Told to bring all bottles and the papers from the former doctor. Appointment made for next week."
    )
    page.line("Taken by: Prudence Arkwright, RN")
    return Chart(
        document_type="telephone_encounter",
        person=person,
        pages=(page,),
        service_date="1999-12-03",
        facility=CLINIC,
        printed=frozenset({"name", "dob", "service_date", "facility", "phone"}),
    )


def prescription(person: Person) -> Chart:
    """A name and nothing else: enough for a pharmacist who knows the person, not for filing."""
    page = Page(size=13)
    page.centre(CLINIC, font="bold", size=17)
    page.centre("22 Tannery Street, Fernhollow     Tel. (555) 555-0191", size=10)
    page.rule(1.5)
    page.line(f"Name: {person.first} {person.last}")
    page.line("Date: 05/06/1998")
    page.line()
    page.line("Rx", size=24, font="italic")
    page.line("Amoxicillin 500 mg capsules")
    page.line("Take one capsule three times a day for seven days")
    page.line("Dispense: 21     Refills: none")
    page.line()
    page.line("Amos Delacourt, M.D.")
    return Chart(
        document_type="prescription",
        person=person,
        pages=(page,),
        service_date="1998-05-06",
        provider="Delacourt, Amos",
        facility=CLINIC,
        printed=frozenset({"name", "service_date", "facility", "provider"}),
    )
