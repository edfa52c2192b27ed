"""Invented people, places and clinical wording for generated pages. All drawn from a given
`random.Random`, so that one seed always gives one page. Nobody real is meant."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta


def _listed(text: str) -> tuple[str, ...]:
    return tuple(" ".join(item.split()) for item in text.split("|"))


_LAST = _listed(
    """
    Abernethy | Alvarado | Bascombe | Birchall | Castellano | Chaudhry | Coldwell | Dankworth | Delacroix |
    Eastlake | Eriksson | Fairweather | Fonseca | Gallowglass | Ghorbani | Halvorsen | Hathersage | Ibekwe |
    Inglethorpe | Jaworski | Jessop | Kilbride | Kowalczyk | Lindqvist | Lockridge | Macalister |
    Mbeki-Stone | Naismith | Nwosu | O'Hanlon | Okonjo | Pemberton | Pettigrew | Quintero | Rademaker |
    Rossdale | Sandoval | Silverthorne | Tannenbaum | Thistlewood | Ueda | Underhay | Valderrama | Vickery |
    Wadsworth | Whitlock | Xiong | Yarborough | Youngblood | Zabriskie | Zielinski
    """
)
_FIRST = _listed(
    """
    Ada | Agnes | Albert | Amara | Arthur | Beatriz | Bernard | Calvin | Cecilia | Chidi | Clara | Cyrus |
    Delia | Desmond | Dora | Edmund | Eleanor | Emil | Esther | Farid | Felix | Flora | Gideon | Greta |
    Harold | Hazel | Hugo | Ines | Irving | Isla | Jerome | Josefa | Kenji | Lavinia | Leopold | Lorna |
    Magnus | Marisol | Mildred | Nadia | Nestor | Odette | Oscar | Petra | Quentin | Ramona | Rufus |
    Sabine | Silas | Tamsin | Theodore | Ursula | Vernon | Wanda | Wilfred | Yolanda | Zachary
    """
)
_PLACES = _listed(
    """
    Alder Creek | Brightwater | Cedar Hollow | Dunmore | Eastgate | Fallowfield | Granite Falls |
    Harrow Point
    """
)
_STREETS = _listed(
    """
    Quarry Lane | Linden Avenue | Old Mill Road | Prospect Street | Harbour View | Tanner Street
    """
)
_TRADES = _listed(
    """
    Regional Medical Center | Memorial Hospital | Family Practice | Cardiology Associates | Community Clinic
    """
)
DRUGS = _listed(
    """
    amlodipine 5 mg daily | atorvastatin 40 mg nightly | lisinopril 10 mg daily |
    metformin 500 mg twice daily | levothyroxine 75 mcg daily | warfarin 2.5 mg at 18:00 |
    furosemide 20 mg each morning | omeprazole 20 mg daily | prednisone 7.5 mg with food |
    digoxin 0.125 mg daily | sertraline 50 mg daily | gabapentin 300 mg three times daily |
    insulin glargine 14 units at bedtime | hydrochlorothiazide 25 mg daily |
    albuterol inhaler 2 puffs as needed
    """
)
TESTS: tuple[tuple[str, str, float, float, int], ...] = (
    ("Sodium", "mmol/L", 136, 145, 0),
    ("Potassium", "mmol/L", 3.5, 5.1, 1),
    ("Chloride", "mmol/L", 98, 107, 0),
    ("Bicarbonate", "mmol/L", 22, 29, 0),
    ("Urea nitrogen", "mg/dL", 7, 20, 0),
    ("Creatinine", "mg/dL", 0.6, 1.2, 2),
    ("Glucose, fasting", "mg/dL", 70, 99, 0),
    ("Calcium", "mg/dL", 8.6, 10.3, 1),
    ("Albumin", "g/dL", 3.4, 5.4, 1),
    ("Bilirubin, total", "mg/dL", 0.1, 1.2, 1),
    ("Alkaline phosphatase", "U/L", 44, 147, 0),
    ("ALT (SGPT)", "U/L", 7, 56, 0),
    ("AST (SGOT)", "U/L", 10, 40, 0),
    ("Hemoglobin", "g/dL", 12.1, 17.2, 1),
    ("Hematocrit", "%", 36.1, 50.3, 1),
    ("White cell count", "x10E3/uL", 4.5, 11.0, 1),
    ("Platelet count", "x10E3/uL", 150, 400, 0),
    ("Hemoglobin A1c", "%", 4.0, 5.6, 1),
    ("TSH", "uIU/mL", 0.4, 4.0, 2),
)
_SUBJECT = _listed(
    """
    The patient | She | He | This pleasant patient | The family | On examination the patient |
    Nursing staff | The spouse
    """
)
_VERB = _listed(
    """
    reports | denies | describes | noted | was seen for | returned because of | remains free of |
    continues to have | has a long history of | was counselled about | called regarding | complains of
    """
)
_COMPLAINT = _listed(
    """
    intermittent chest pressure | shortness of breath on one flight of stairs | swelling of both ankles |
    a dry cough | dizziness when standing | numbness of the left hand | palpitations lasting minutes |
    poor appetite | low back pain radiating to the right leg | blurred vision | burning on urination |
    a healing incision without drainage | difficulty sleeping | joint stiffness | nausea after meals
    """
)
_TIME = _listed(
    """
    since Tuesday | for about three weeks | over the past 6 months | since discharge |
    two days before admission | for 10 years | in the early morning | after the last dose | at rest |
    without change
    """
)
_FINDING = _listed(
    """
    Lungs are clear to auscultation bilaterally. | Heart sounds are regular with a soft systolic murmur. |
    The abdomen is soft and not tender. | Peripheral pulses are palpable. | No focal deficit is present. |
    Blood pressure was {bp}, pulse {pulse}, temperature {temp} F. |
    Weight is {weight} pounds, down {few} since March. | Pupils are equal and react to light. |
    The wound edges are well approximated. | Oxygen saturation is {sat}% on room air. |
    A repeat electrocardiogram showed sinus rhythm at {pulse}. |
    Ejection fraction was estimated at {ef} percent.
    """
)
_PLAN = _listed(
    """
    Continue {drug}. | Start {drug} and recheck in {few} weeks. | Stop {drug} because of side effects. |
    Repeat metabolic panel on {date}. | Refer to physical therapy twice weekly. |
    Return to clinic in {few} months. | Low sodium diet, daily weights. |
    Chest film before the next visit. | Call if fever exceeds 101 F. |
    Follow up with Dr. {doctor} on {date}.
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    first: str = field(repr=False)
    middle: str = field(repr=False)
    last: str = field(repr=False)
    born: date = field(repr=False)
    mrn: str = field(repr=False)
    sex: str
    phone: str = field(repr=False)
    address: str = field(repr=False)


def person(rng: random.Random) -> Person:
    number = "".join(rng.choices("0123456789", k=rng.choice((6, 7, 8))))
    shapes = (number, f"{number[:3]}-{number[3:]}", f"M{number}", f"{number[:2]}-{number[2:4]}-{number[4:]}")
    return Person(
        first=rng.choice(_FIRST),
        middle=rng.choice("ABCDEFGHJKLMNPRSTVW"),
        last=rng.choice(_LAST),
        born=day(rng, 1915, 2003),
        mrn=rng.choice(shapes),
        sex=rng.choice(("F", "M", "Female", "Male")),
        phone=f"({rng.randint(201, 989)}) 555-{rng.randint(100, 199):04d}",
        address=f"{rng.randint(11, 9899)} {rng.choice(_STREETS)}, {rng.choice(_PLACES)}",
    )


def written_name(who: Person, rng: random.Random) -> str:
    shapes = (
        f"{who.last.upper()}, {who.first.upper()} {who.middle}",
        f"{who.last}, {who.first} {who.middle}.",
        f"{who.first} {who.middle}. {who.last}",
        f"{who.first} {who.last}",
        f"{who.last.upper()},{who.first.upper()}",
    )
    return rng.choice(shapes)


def written_day(when: date, rng: random.Random) -> str:
    shapes = ("%m/%d/%Y", "%m/%d/%y", "%d %b %Y", "%B %d, %Y", "%m-%d-%Y", "%Y-%m-%d")
    return when.strftime(rng.choice(shapes))


def day(rng: random.Random, first_year: int, last_year: int) -> date:
    start = date(first_year, 1, 1)
    return start + timedelta(days=rng.randrange((date(last_year, 12, 31) - start).days))


def doctor(rng: random.Random) -> str:
    return f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"


def facility(rng: random.Random) -> str:
    return f"{rng.choice(_PLACES)} {rng.choice(_TRADES)}"


def history(rng: random.Random, sentences: int) -> str:
    return " ".join(
        f"{rng.choice(_SUBJECT)} {rng.choice(_VERB)} {rng.choice(_COMPLAINT)} {rng.choice(_TIME)}."
        for _ in range(sentences)
    )


def findings(rng: random.Random, sentences: int) -> str:
    return " ".join(_filled(rng, _FINDING) for _ in range(sentences))


def plan(rng: random.Random) -> str:
    return _filled(rng, _PLAN)


def _filled(rng: random.Random, patterns: tuple[str, ...]) -> str:
    return rng.choice(patterns).format(
        bp=f"{rng.randint(96, 178)}/{rng.randint(54, 98)}",
        pulse=rng.randint(52, 118),
        temp=f"{rng.uniform(97, 102):.1f}",
        weight=rng.randint(98, 262),
        few=rng.randint(2, 9),
        sat=rng.randint(88, 99),
        ef=rng.randint(25, 65),
        drug=rng.choice(DRUGS),
        date=written_day(day(rng, 1988, 2016), rng),
        doctor=rng.choice(_LAST),
    )
