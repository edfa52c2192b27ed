"""What one document has to show: the patient as printed, dates, staff, others who are named, and its traps.

Layouts ask for `Mark`s (`case.name("LAST, FIRST M")`) and so cannot print a value without
its truth. Which traps are set is decided before any layout is chosen.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field

from benchmarks.charts.people import Person
from benchmarks.charts.sheet import Mark

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """A doctor, nurse or other author."""

    first: str
    last: str
    middle: str = ""
    degree: str = "M.D."


@dataclass(slots=True, kw_only=True)
class Case:
    """One document to be drawn."""

    rng: random.Random
    person: Person
    """Whose it is."""
    shown: Person
    """As the paper has them: differs from `person` where a trap changes a value."""
    service: dt.date
    provider: Staff
    other_staff: Staff
    mother: Person
    facility: str
    own_facility: str
    is_outside: bool = False
    is_registered: bool = True
    age_shift: int = 0
    omits: frozenset[str] = frozenset()
    traps: list[str] = field(default_factory=list)
    account: str = ""
    accepted_days: tuple[int, ...] = (0,)
    """Days after `service` that are right answers too (a stay's last day)."""

    # --- the patient ---------------------------------------------------------------------
    def name(self, style: str = "LAST, FIRST M") -> Mark:
        """Styles: words LAST/Last, FIRST/First, M, MIDDLE stand for the parts; the rest is kept."""
        p = self.shown
        text = style
        for upper in (True, False):
            for word, value in (("last", p.last), ("first", p.first)):
                key = word.upper() if upper else word.capitalize()
                text = text.replace(key, f"\0{value.upper() if upper else value}\0")
        text = text.replace("\0", "")
        words, out = style.split(), text
        if "M" in words or "M." in words:
            mark = "M." if "M." in words else "M"
            kept = f"{p.middle}." if p.middle and mark == "M." else p.middle
            out = _swap_word(text, mark, kept)
        if p.suffix:
            out = f"{out} {p.suffix.upper() if out.isupper() else p.suffix}"
        shows_middle = bool(p.middle) and ("M" in words or "M." in words)
        value = f"{p.last}, {p.first}" + (f" {p.middle}" if shows_middle else "")
        return Mark(text=out, field="name", value=value + (f" {p.suffix}" if p.suffix else ""))

    def mrn(self, style: str = "plain") -> Mark:
        """Styles: plain, dashed (12-34-567), spaced, hash."""
        number = text = self.shown.mrn
        if style in {"dashed", "spaced"}:
            cut = 3 if number[0].isalpha() else 2
            text = ("-" if style == "dashed" else " ").join(
                (number[:cut], number[cut : cut + 2], number[cut + 2 :])
            )
        if style == "hash":
            text = f"#{number}"
        return Mark(text=text, field="mrn_outside" if self.is_outside else "mrn", value=number)

    def dob(self, style: str = "mm/dd/yyyy") -> Mark:
        """The birth date as printed."""
        return Mark(text=civil(self.shown.dob, style), field="dob", value=self.shown.dob.isoformat())

    def sex(self, style: str = "M") -> Mark:
        """M, Male or MALE."""
        word = "Male" if self.shown.sex == "M" else "Female"
        text = word if style == "Male" else word.upper() if style == "MALE" else self.shown.sex
        return Mark(text=text, field="sex", value=self.shown.sex)

    def age(self, style: str = "{}") -> Mark:
        """Years at the service date; `style` holds {}."""
        born = self.shown.dob
        years = (
            self.service.year - born.year - ((self.service.month, self.service.day) < (born.month, born.day))
        )
        years = max(0, years + self.age_shift)
        return Mark(text=style.format(years), field="age", value=str(years))

    def phone(self, style: str = "(") -> Mark:
        """(301) 555-0123, or with dashes for style '-'."""
        phone = self.shown.phone
        text = phone if style == "(" else phone.replace("(", "").replace(") ", "-")
        return Mark(text=text, field="phone", value=phone)

    def street(self, *, upper: bool = False) -> Mark:
        """First line of the address; the value holds the whole."""
        p = self.shown
        whole = f"{p.address}, {p.city}, {p.state} {p.zip}"
        return Mark(text=p.address.upper() if upper else p.address, field="address", value=whole)

    def town(self, *, upper: bool = False) -> Mark:
        """Town, state and zip."""
        text = f"{self.shown.city}, {self.shown.state} {self.shown.zip}"
        return Mark(text=text.upper() if upper else text, field="city", value=text)

    def ssn(self, style: str = "XXX-XX-{}") -> Mark:
        """Last four digits."""
        return Mark(text=style.format(self.shown.ssn4), field="ssn4", value=self.shown.ssn4)

    def acct(self) -> Mark:
        """Number of the visit."""
        return Mark(text=self.account, field="account", value=self.account)

    def baby(self) -> Mark:
        """A newborn before it was named."""
        word = "Boy" if self.shown.sex == "M" else "Girl"
        text = f"{self.shown.last.upper()}, BABY {word.upper()}"
        return Mark(text=text, field="name", value=f"{self.shown.last}, Baby {word}")

    # --- the visit -----------------------------------------------------------------------
    def date(self, style: str = "mm/dd/yyyy", days: int = 0) -> Mark:
        """Service date; `days` later it is another date and no service date."""
        day = self.service + dt.timedelta(days=days)
        if days:
            return Mark(text=civil(day, style), field="other_date", value=day.isoformat(), role="distractor")
        return Mark(text=civil(day, style), field="service_date", value=day.isoformat())

    def place(self, *, upper: bool = False) -> Mark:
        """The facility's name."""
        return Mark(
            text=self.facility.upper() if upper else self.facility, field="facility", value=self.facility
        )

    def doctor(self, style: str = "First M. Last, M.D.") -> Mark:
        """The responsible author."""
        return self._staff(self.provider, style, "provider", "patient")

    def second(self, style: str = "First M. Last, M.D.") -> Mark:
        """Somebody else of the staff."""
        return self._staff(self.other_staff, style, "other_staff", "distractor")

    def _staff(self, who: Staff, style: str, name: str, role: str) -> Mark:
        text = style.replace("M.D.", "\1").replace("M.", f"{who.middle}." if who.middle else "\2")
        for key, value in (
            ("FIRST", who.first.upper()),
            ("LAST", who.last.upper()),
            ("First", who.first),
            ("Last", who.last),
        ):
            text = text.replace(key, value)
        text = (
            text.replace("F. ", f"{who.first[0]}. ")
            .replace("\1", who.degree)
            .replace(" \2", "")
            .replace("\2", "")
        )
        return Mark(text=text, field=name, value=f"{who.last}, {who.first}", role=role)

    def relative(self, style: str = "LAST, FIRST", field_name: str = "next_of_kin") -> Mark:
        """Mother, guarantor, next of kin: somebody who is not the patient."""
        m = self.mother
        text = style
        for key, value in (
            ("LAST", m.last.upper()),
            ("FIRST", m.first.upper()),
            ("Last", m.last),
            ("First", m.first),
        ):
            text = text.replace(key, value)
        return Mark(text=text, field=field_name, value=f"{m.last}, {m.first}", role="distractor")

    def relative_dob(self, style: str = "mm/dd/yyyy") -> Mark:
        """Birth date of the relative."""
        return Mark(
            text=civil(self.mother.dob, style),
            field="relative_dob",
            value=self.mother.dob.isoformat(),
            role="distractor",
        )

    def pick(self, *choices: str) -> str:
        """One of the wordings."""
        return self.rng.choice(choices)

    def number(self, low: int, high: int) -> str:
        """A whole number as text."""
        return str(self.rng.randint(low, high))


def _swap_word(text: str, word: str, value: str) -> str:
    words = [value if part == word else part for part in text.split(" ")]
    return " ".join(part for part in words if part)


def civil(day: dt.date, style: str) -> str:
    """A date in a style made of yyyy yy mmmm MMM Mmm mm m dd d and other signs."""
    month = _MONTHS[day.month - 1]
    parts = (
        ("yyyy", f"{day.year}"),
        ("Month", month),
        ("MMM", month[:3].upper()),
        ("Mmm", month[:3]),
        ("yy", f"{day.year % 100:02d}"),
        ("mm", f"{day.month:02d}"),
        ("dd", f"{day.day:02d}"),
    )
    out, at = "", 0
    while at < len(style):
        for key, value in parts:
            if style.startswith(key, at):
                out, at = out + value, at + len(key)
                break
        else:
            sign = style[at]
            out += str(day.month) if sign == "m" else str(day.day) if sign == "d" else sign
            at += 1
    return out
