"""Invented hospital documents, each in the manner of another department.

Every function takes a person and draws one document on one or two pages, and
says which data it printed. The hospitals, clinicians and findings are made up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from scanindex.demo.paper import Page
from scanindex.demo.people import Person

HOSPITAL = "Fernhollow Regional Hospital"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    document_type: str
    person: Person
    pages: tuple[Page, ...]
    service_date: str
    provider: str = ""
    facility: str = HOSPITAL
    printed: frozenset[str] = field(default=frozenset({"name", "mrn", "dob", "service_date", "facility"}))
    """Kinds of data that stand on the paper."""


def slashed(day: date) -> str:
    return f"{day.month:02d}/{day.day:02d}/{day.year}"


def spelled(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"


def lab_report(person: Person) -> Chart:
    page = Page(size=10)
    page.centre(HOSPITAL.upper(), size=15, font="bold")
    page.centre("Department of Laboratory Medicine")
    page.line()
    page.centre("CHEMISTRY REPORT", size=14, font="bold")
    top = page.y
    page.box(54, top, 558, top + 62)
    page.y += 18
    places = (62.0, 150.0, 340.0, 430.0)
    page.columns(places, "Patient Name:", person.last_first, "MRN:", person.mrn)
    page.columns(places, "Date of Birth:", slashed(person.born), "Sex:", person.sex)
    page.columns(places, "Ordered by:", "Iris Vanterpool, MD", "Collected:", "03/14/1996")
    page.y = top + 92
    places = (62.0, 230.0, 320.0, 420.0)
    page.columns(places, "Test", "Result", "Units", "Reference", font="bold")
    page.rule()
    for row in _LAB_ROWS.strip().splitlines():
        name, result, units, reference = row.split("|")
        page.columns(places, name, result, units, reference)
    page.line()
    page.paragraph(
        "Comment: the potassium was repeated on the same tube and agrees. The sample was not hemolyzed. "
        "The ward was told by telephone at the time of release."
    )
    return Chart(
        document_type="lab_report",
        person=person,
        pages=(page,),
        service_date="1996-03-14",
        provider="Vanterpool, Iris",
        printed=frozenset({"name", "mrn", "dob", "sex", "service_date", "facility", "provider"}),
    )


_LAB_ROWS = """
Sodium|139|mmol/L|136 - 145
Potassium|5.6 H|mmol/L|3.5 - 5.1
Chloride|101|mmol/L|98 - 107
Carbon dioxide|24|mmol/L|22 - 29
Urea nitrogen|22 H|mg/dL|7 - 20
Creatinine|1.3|mg/dL|0.6 - 1.3
Glucose, fasting|96|mg/dL|70 - 105
Calcium|9.4|mg/dL|8.6 - 10.2
"""


def discharge_summary(person: Person) -> Chart:
    first = Page()
    first.line(HOSPITAL, size=16, font="bold")
    first.line("410 Millrace Avenue, Fernhollow", size=9)
    first.rule(1.5)
    first.line("DISCHARGE SUMMARY", size=13, font="bold")
    first.columns((60.0, 330.0), f"Name: {person.first_last}", f"Medical Record No.: {person.mrn}")
    first.columns((60.0, 330.0), f"Birth Date: {spelled(person.born)}", "Attending: Ruth Okonjo-Bell, MD")
    first.columns((60.0, 330.0), "Admitted: January 8, 1994", "Discharged: January 13, 1994")
    first.line()
    first.section(
        "Diagnosis at discharge", "Pneumonia of the left lower lobe. High blood pressure, controlled."
    )
    first.section(
        "Course in hospital",
        "Came through the emergency room with three days of fever, a cough with rusty sputum and pain on "
        "the left side when breathing in. The film showed consolidation behind the heart. Treated with a "
        "cephalosporin by vein for three days, then by mouth. The fever fell on the second day and the "
        "white count on the third. Oxygen could be stopped on the fourth day. Walked the length of the "
        "corridor without help before going home.",
    )
    first.y = 744
    first.put(60, "continued on page 2", size=9)
    second = Page()
    second.columns((60.0, 330.0), f"{person.first_last}", f"Medical Record No.: {person.mrn}")
    second.columns((60.0, 330.0), "Discharge Summary", "Page 2")
    second.rule()
    second.section(
        "Medications at discharge",
        "Cefuroxime 500 mg twice a day for five more days. Hydrochlorothiazide 25 mg each morning as before.",
    )
    second.section(
        "Follow-up",
        "With the family doctor in ten days. A further film of the chest after six weeks, to see that the"
        " shadow has gone. To come back at once for breathlessness or a return of the fever.",
    )
    second.line()
    second.line("Dictated and signed: Ruth Okonjo-Bell, MD", font="italic")
    return Chart(
        document_type="discharge_summary",
        person=person,
        pages=(first, second),
        service_date="1994-01-13",
        provider="Okonjo-Bell, Ruth",
        printed=frozenset({"name", "mrn", "dob", "service_date", "facility", "provider"}),
    )


def radiology_report(person: Person) -> Chart:
    page = Page(size=11)
    page.line("DIAGNOSTIC IMAGING", size=18, font="bold")
    page.line(HOSPITAL, font="italic")
    page.rule(2)
    page.line("RADIOLOGY REPORT", font="bold", size=13)
    for label, value in (
        ("PATIENT", person.last_first.upper()),
        ("MED REC NO", person.mrn),
        ("DOB", slashed(person.born)),
        ("EXAM", "Chest, two views"),
        ("EXAM DATE", "06/21/2001"),
        ("REFERRED BY", "Dr. Solange Whitcombe"),
    ):
        page.columns((60.0, 180.0), label, value)
    page.line()
    page.section(
        "Findings",
        "The heart is not enlarged. The lungs are clear on both sides, and the angles are sharp. There is"
        " an old healed fracture of the seventh rib on the right. The bones are otherwise thin for the "
        "age.",
    )
    page.section("Impression", "No active disease of the chest. Healed rib fracture.")
    page.line("Read by: Ingram Poulsen, MD, Radiologist")
    return Chart(
        document_type="radiology_report",
        person=person,
        pages=(page,),
        service_date="2001-06-21",
        provider="Poulsen, Ingram",
        printed=frozenset({"name", "mrn", "dob", "service_date", "facility", "provider"}),
    )


def operative_report(person: Person) -> Chart:
    first = Page(font="mono", size=10)
    first.line(HOSPITAL.upper())
    first.line("OPERATIVE REPORT")
    first.line("-" * 60)
    first.line(f"Patient Name . . . : {person.last_first}")
    first.line(f"Unit Number  . . . : {person.mrn}")
    first.line(f"Date of Birth  . . : {slashed(person.born)}")
    first.line("Date of Operation  : 11/19/1992")
    first.line("Surgeon  . . . . . : Theodora Lindqvist, MD")
    first.line("Page . . . . . . . : 1 of 2")
    first.line("-" * 60)
    first.line()
    first.section("PREOPERATIVE DIAGNOSIS:", "Gallstones with repeated attacks of pain.")
    first.section("POSTOPERATIVE DIAGNOSIS:", "The same.")
    first.section("OPERATION:", "Laparoscopic removal of the gallbladder.")
    first.section(
        "PROCEDURE:",
        "Under general anesthesia the abdomen was prepared and draped. The first port went in above the "
        "navel by the open method. Three more were placed in the usual positions under sight. The "
        "gallbladder was distended and covered by thin adhesions, which came away with blunt dissection.",
    )
    second = Page(font="mono", size=10)
    second.line(f"{person.last_first}   Unit Number: {person.mrn}   OPERATIVE REPORT   Page 2 of 2")
    second.line("-" * 60)
    second.line()
    second.paragraph(
        "The duct and the artery were shown clearly on both sides, clipped and divided. The gallbladder "
        "was taken off its bed with the hook and brought out through the upper port in a bag. The bed was"
        " dry. The gas was let out and the wounds were closed with absorbable sutures. Counts were "
        "correct twice."
    )
    second.paragraph("Blood loss was less than 30 ml. The patient went to recovery awake and comfortable.")
    return Chart(
        document_type="operative_report",
        person=person,
        pages=(first, second),
        service_date="1992-11-19",
        provider="Lindqvist, Theodora",
        printed=frozenset({"name", "mrn", "dob", "service_date", "facility", "provider"}),
    )


def face_sheet(person: Person) -> Chart:
    """Boxed cells with small labels; a relative and an insurer stand beside the patient."""
    page = Page(size=11)
    page.centre(HOSPITAL, size=15, font="bold")
    page.centre("REGISTRATION FACE SHEET", size=13, font="bold")
    page.y += 8
    rows = (
        (("PATIENT NAME", person.last_first), ("MEDICAL RECORD NUMBER", person.mrn)),
        (("DATE OF BIRTH", slashed(person.born)), ("SEX", "Female" if person.sex == "F" else "Male")),
        (("ADDRESS", f"{person.street}, Fernhollow OH"), ("TELEPHONE", person.phone)),
        (("ADMISSION DATE", "09/05/1997"), ("ADMITTING PHYSICIAN", "Whitcombe, Solange MD")),
        (("EMERGENCY CONTACT", f"Winifred {person.last} (sister)"), ("CONTACT PHONE", "(555) 555-0142")),
        (("INSURANCE COMPANY", "Quarry Mutual Health"), ("POLICY NUMBER", "QM 88 1204 77")),
    )
    for row in rows:
        top = page.y
        for left, (label, value) in zip((60.0, 330.0), row, strict=True):
            page.box(left, top, left + (270 if left < 100 else 222), top + 40)
            page.y = top + 13
            page.put(left + 5, label, size=7)
            page.y = top + 31
            page.put(left + 5, value)
        page.y = top + 40
    page.y += 40
    page.section("Reason for admission", "Planned admission for a colon examination and removal of polyps.")
    page.line("Religion: not stated.    Language: English.    Advance directive on file: no.", size=9)
    return Chart(
        document_type="face_sheet",
        person=person,
        pages=(page,),
        service_date="1997-09-05",
        provider="Whitcombe, Solange",
        printed=frozenset(
            {"name", "mrn", "dob", "sex", "service_date", "facility", "provider", "phone", "address"}
        ),
    )


def consent_form(person: Person) -> Chart:
    page = Page(size=11)
    page.line(HOSPITAL, font="bold")
    page.box(356, 60, 556, 122)
    page.y = 76
    page.line(person.last_first.upper(), x=362, font="mono", size=10)
    page.line(f"MRN {person.mrn}", x=362, font="mono", size=10)
    page.line(f"DOB {slashed(person.born)}  {person.sex}", x=362, font="mono", size=10)
    page.y = 150
    page.centre("CONSENT TO OPERATION OR PROCEDURE", size=14, font="bold")
    page.line()
    for text in (
        "1. I agree to the following procedure: removal of the tonsils under general anesthesia.",
        "2. It was explained to me what will be done, what it is hoped to gain, what else could be done, "
        "and which harms may come of it, bleeding and infection among them. I could ask questions and "
        "they were answered.",
        "3. I understand that nobody has promised me a result.",
        "4. I may take back this consent at any time before the procedure begins.",
    ):
        page.paragraph(text)
    page.line()
    page.line("Date: 02/11/1995          Time: 07:40")
    page.y += 30
    for label in ("Signature of patient", "Signature of witness", "Signature of physician"):
        page.rule()
        page.line(label, size=8)
        page.y += 22
    return Chart(
        document_type="consent_form",
        person=person,
        pages=(page,),
        service_date="1995-02-11",
        printed=frozenset({"name", "mrn", "dob", "sex", "service_date", "facility"}),
    )


def emergency_report(person: Person) -> Chart:
    page = Page()
    page.line(HOSPITAL, size=14, font="bold")
    page.line("EMERGENCY DEPARTMENT REPORT", size=13, font="bold")
    page.rule()
    page.columns((60.0, 330.0), f"Patient: {person.last_first}", f"MRN: {person.mrn}")
    page.columns((60.0, 330.0), f"DOB: {slashed(person.born)}", f"Sex: {person.sex}")
    page.columns((60.0, 330.0), "Date of Service: 08/30/2003", "Physician: Caspar Nwosu, MD")
    page.line()
    page.section("Chief complaint", "Cut on the left forearm from a broken window.")
    page.section(
        "History",
        "Reached through the pane to free a bird and drew the arm back too fast. It bled freely, and "
        "stopped with pressure. The last tetanus shot was more than ten years ago.",
    )
    page.section(
        "Treatment",
        "The wound is six centimeters long and reaches the fat. Feeling and strength of the hand are "
        "normal. It was rinsed, searched for glass and closed with eight stitches. Tetanus toxoid was "
        "given in the other arm.",
    )
    page.section("Disposition", "Home. Stitches out in ten days.")
    return Chart(
        document_type="emergency_report",
        person=person,
        pages=(page,),
        service_date="2003-08-30",
        provider="Nwosu, Caspar",
        printed=frozenset({"name", "mrn", "dob", "sex", "service_date", "facility", "provider"}),
    )


def immunization_record(person: Person) -> Chart:
    page = Page(size=11)
    page.centre("IMMUNIZATION RECORD", size=17, font="bold")
    page.centre(HOSPITAL + ", Occupational Health")
    page.line()
    page.columns((60.0, 330.0), f"Name: {person.last_first}", f"DOB: {slashed(person.born)}")
    page.columns((60.0, 330.0), f"MRN: {person.mrn}", "Record printed: 03/02/1999")
    page.line()
    places = (60.0, 250.0, 350.0, 460.0)
    page.columns(places, "Vaccine", "Date given", "Lot", "Site", font="bold")
    page.rule()
    page.columns(places, "Influenza", "10/20/1998", "FH-2231", "Left arm")
    page.columns(places, "Hepatitis B, first", "01/12/1998", "HB-0917", "Right arm")
    page.columns(places, "Hepatitis B, second", "02/13/1998", "HB-0917", "Right arm")
    page.columns(places, "Hepatitis B, third", "07/16/1998", "HB-1046", "Left arm")
    page.columns(places, "Tetanus and diphtheria", "05/03/1993", "TD-4410", "Left arm")
    page.line()
    page.line("No reactions reported. Next dose due: influenza, autumn 1999.")
    return Chart(
        document_type="immunization_record",
        person=person,
        pages=(page,),
        service_date="1998-10-20",
        printed=frozenset({"name", "mrn", "dob", "facility"}),
    )
