"""A roster row as a person, or the code of what is wrong with it.

Pure: the same row, layout habits and day give the same answer. Codes name what is
wrong without saying whose it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from scanindex.match import fold
from scanindex.match.dates import dates_in
from scanindex.model import Identifier, Patient, PatientId, PersonName
from scanindex.store.roster_rows import name_key

MESSAGES: Mapping[str, str] = {
    "mrn_missing": "The medical record number is empty.",
    "mrn_scientific": "The number was turned into powers of ten by a spreadsheet; export the column as text.",
    "mrn_decimal": "The number ends in a decimal part; export the column as text.",
    "mrn_date": "The number was turned into a date by a spreadsheet; export the column as text.",
    "mrn_unreadable": "The medical record number holds no digit or is too long.",
    "mrn_zeros_lost": "The number equals a known one but for zeros or punctuation; export it as text.",
    "name_missing": "The last or the first name is empty.",
    "birth_date_unreadable": "The birth date cannot be read in the order the file uses.",
    "birth_date_impossible": "The birth date lies in the future or more than 130 years back.",
    "birth_date_century": "The two-digit year fits two centuries.",
    "row_ragged": "The row has more cells than headings.",
    "identifier_on_two_people": "An earlier row gives the same number to somebody else.",
    "birth_date_changed": "The birth date differs from the roster (--accept-changes takes it over).",
    "person_changed": "The number now names somebody who looks different (--accept-changes takes it over).",
    "authority_unknown": "Nobody in the roster has a number of this authority (`feeds.authorities`).",
    "message_unreadable": "It cannot be read as what the file is made of.",
    "event_not_taken": "An event that a person must carry out by hand.",
    "merge_numbers_missing": "The message does not say which number became part of which.",
    "provisional_differs": "A patient confirmed from paper holds this number but looks different.",
}

_NOT_A_DATE = {"", "NULL", "NONE", "N/A", "NA", "UNKNOWN", "UNK", "0", "00/00/0000", "0000-00-00"}
_SEXES = {"M": "M", "MALE": "M", "F": "F", "FEMALE": "F"}
_OLDEST_YEARS = 130
_MONTH = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
_SPREADSHEET_DATE = re.compile(
    rf"\d{{1,2}}[- ](?:{_MONTH})(?:[- ]\d\d(?:\d\d)?)?|(?:{_MONTH})[- ]\d\d(?:\d\d)?"
    r"|\d{1,2}/\d{1,2}/\d{4}|(?:19|20)\d\d-\d\d-\d\d(?: 00:00(?::00)?)?",
    re.IGNORECASE,
)
"""What becomes of "3-12" or "4/7" in a cell."""


@dataclass(frozen=True, slots=True)
class RowError(Exception):
    """Why a row is not imported."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What holds for a whole file."""

    is_day_first: bool
    authority: str
    today: date


def today() -> date:
    return datetime.now(UTC).date()


def person_of(values: Mapping[str, str], habits: Habits) -> Patient:
    """The person of a row, with an empty patient id. Raises RowError."""
    authority = values.get("authority", habits.authority)
    number = Identifier(authority=authority, type="mrn", value=_mrn(values.get("mrn", "")))
    others = number_list(values["other_mrns"], authority) if "other_mrns" in values else ()
    mother = values.get("mother_mrn")
    return Patient(
        patient_id=PatientId(""),
        names=_names(values),
        birth_date=_birth_date(values.get("birth_date", ""), habits),
        sex=_SEXES.get(values.get("sex", "").upper()),
        identifiers=(number, *(i for i in others if i != number)),
        mother_mrn=_mrn(mother) if mother else None,
        ssn4=_ssn4(values),
        phone=_phone(values.get("phone", "")),
        address=_address(values),
    )


def told_person(
    *,
    numbers: Sequence[Identifier],
    names: Sequence[PersonName],
    birth_date: str,
    sex: str,
    phone: str,
    address: str,
    ssn: str = "",
    mother: str = "",
    habits: Habits,
) -> Patient:
    """A person as a feed tells of one: values are parts already, dates ISO or empty. Raises RowError.

    numbers: the one it is known by first. names: official ones first.
    """
    if not numbers:
        raise RowError("mrn_missing")
    checked = [Identifier(authority=n.authority, type=n.type, value=_mrn(n.value)) for n in numbers]
    if not names:
        raise RowError("name_missing")
    official = names[0]
    if not official.suffix and (len(official.middle) > 1 or not official.last.isalpha()):
        official = _suffix_split(official)
    if not name_key(official.last) or not name_key(official.first):
        raise RowError("name_missing")
    others = [n for n in names[1:] if name_key(n.last) or name_key(n.first)]
    return Patient(
        patient_id=PatientId(""),
        names=tuple(dict.fromkeys((official, *others))) if others else (official,),
        birth_date=_birth_date(birth_date, habits) if birth_date else None,
        sex=_SEXES.get(sex.upper()),
        identifiers=tuple(dict.fromkeys(checked)) if len(checked) > 1 else tuple(checked),
        mother_mrn=_mrn(mother) if mother else None,
        ssn4=_last_four(ssn),
        phone=_phone(phone) if phone else None,
        address=address or None,
    )


def number_list(text: str, authority: str) -> tuple[Identifier, ...]:
    """ "0071184; county:88-12" as identifiers; those that name no authority are of this one."""
    found: dict[Identifier, None] = {}
    for part in _several(text):
        of, _, value = part.rpartition(":")
        number = Identifier(authority=of.strip() or authority, type="mrn", value=_mrn(value.strip()))
        found[number] = None
    return tuple(found)


def order_of(texts: Iterable[str]) -> tuple[bool, bool]:
    """(is day first, is it certain) from all numeric birth dates of a file."""
    month_first = day_first = False
    for text in texts:
        if match := re.match(r"(\d{1,2})[/.\-](\d{1,2})[/.\-]", text):
            month_first = month_first or int(match[2]) > 12
            day_first = day_first or int(match[1]) > 12
    return day_first and not month_first, day_first != month_first or not (day_first or month_first)


def _mrn(text: str) -> str:
    if not text:
        raise RowError("mrn_missing")
    if text.isascii() and text.isdigit() and len(text) <= 32:
        return text
    if re.fullmatch(r"\d(\.\d+)?[eE]\+?\d+", text):
        raise RowError("mrn_scientific")
    if re.fullmatch(r"\d+\.0*", text):
        raise RowError("mrn_decimal")
    if _SPREADSHEET_DATE.fullmatch(text):
        raise RowError("mrn_date")
    if not text.isalnum():
        text = re.sub(r"^=?\"(.*)\"$", r"\1", text).strip("' ")
    if not any(c.isdigit() for c in text) or len(text) > 32:
        raise RowError("mrn_unreadable")
    return text


def _names(values: Mapping[str, str]) -> tuple[PersonName, ...]:
    official = (
        _full_name(values["name"])
        if "last" not in values and "name" in values
        else PersonName(
            last=values.get("last", ""),
            first=values.get("first", ""),
            middle=values.get("middle", ""),
            suffix=values.get("suffix", ""),
        )
    )
    if not official.suffix and (len(official.middle) > 1 or not official.last.isalpha()):
        official = _suffix_split(official)
    if not name_key(official.last) or not name_key(official.first):
        raise RowError("name_missing")
    if "prior_names" not in values and "aliases" not in values:
        return (official,)
    others = [_other(text, official, "former") for text in _several(values.get("prior_names", ""))]
    others += [_other(text, official, "alias") for text in _several(values.get("aliases", ""))]
    return (official, *(n for n in others if fold.name_key(n.last + n.first)))


def _full_name(text: str) -> PersonName:
    """ "Last, First Middle" or "First Middle Last"."""
    if "," in text:
        last, _, rest = text.partition(",")
        given = rest.replace(",", " ").split()
    else:
        words = text.split()
        cut = -2 if len(words) > 2 and fold.suffix_key(words[-1]) else -1
        last, given = " ".join(words[cut:]), words[:cut]
    return PersonName(last=last.strip(), first=given[0] if given else "", middle=" ".join(given[1:]))


def _suffix_split(name: PersonName) -> PersonName:
    """ "Smith Jr" and "John A Jr" carry their suffix in another field."""
    for part in ("last", "middle"):
        words = getattr(name, part).replace(",", " ").split()
        if words and fold.suffix_key(words[-1]) and (part == "middle" or len(words) > 1):
            kept = {"last": name.last, "middle": name.middle, part: " ".join(words[:-1])}
            return PersonName(
                last=kept["last"], first=name.first, middle=kept["middle"], suffix=words[-1].rstrip(".")
            )
    return name


def _other(text: str, official: PersonName, use: str) -> PersonName:
    """A former name is a last name unless it says more; an alias is a first name."""
    if "," in text:
        name = _full_name(text)
        return PersonName(last=name.last, first=name.first or official.first, middle=name.middle, use=use)
    words = text.split()
    if use == "alias":
        if len(words) > 1:
            return PersonName(last=words[-1], first=words[0], middle=" ".join(words[1:-1]), use=use)
        return PersonName(last=official.last, first=text, middle=official.middle, use=use)
    if len(words) > 1 and fold.name_key(words[0]) == fold.name_key(official.first):
        return PersonName(last=words[-1], first=words[0], middle=" ".join(words[1:-1]), use=use)
    return PersonName(last=text, first=official.first, middle=official.middle, use=use)


def _several(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[;|]", text) if part.strip()]


def _birth_date(text: str, habits: Habits) -> str | None:
    if (day := _iso(text)) and day <= habits.today and day.year >= habits.today.year - _OLDEST_YEARS:
        return text
    text = re.sub(r"[T ]\d{1,2}:\d\d.*$", "", text.strip().upper())
    if text in _NOT_A_DATE:
        return None
    if match := re.fullmatch(r"(\d{4})(\d\d)(\d\d)", text):
        text = "-".join(match.groups())
    found = list(dates_in(text, date(9999, 12, 31)))
    if len(found) != 1 or (found[0].start, found[0].end) != (0, len(text)):
        raise RowError("birth_date_unreadable")
    readings = found[0].readings
    if re.match(r"\d{1,2}[/.\- ]\d{1,2}[/.\- ]", text):
        readings = _ordered(text, habits.is_day_first)
    alive = [
        d
        for d in readings
        if f"{habits.today.year - _OLDEST_YEARS}" <= d[:4] and d <= habits.today.isoformat()
    ]
    if not alive:
        raise RowError("birth_date_impossible" if readings else "birth_date_unreadable")
    if len(alive) > 1:
        # A living memory of 105 years decides; both within it is a question for people.
        alive = [d for d in alive if int(d[:4]) > habits.today.year - 105]
    if len(alive) != 1:
        raise RowError("birth_date_century")
    return alive[0]


def _iso(text: str) -> date | None:
    """The plain case, a fifth of the time of the general one."""
    if len(text) != 10 or text[4] != "-":
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _ordered(text: str, is_day_first: bool) -> tuple[str, ...]:
    """Readings of a numeric date in the file's own order only."""
    first, second, year = (int(part) for part in re.split(r"[/.\- ]+", text)[:3])
    month, day = (second, first) if is_day_first else (first, second)
    years = (year,) if year > 99 else (1900 + year, 2000 + year)
    days = []
    for value in years:
        try:
            days.append(date(value, month, day).isoformat())
        except ValueError:
            continue
    return tuple(days)


def _ssn4(values: Mapping[str, str]) -> str | None:
    return _last_four(values.get("ssn4", "") or values.get("ssn", ""))


def _last_four(text: str) -> str | None:
    text = fold.digits(text) if text else ""
    if not text or set(text) == {"0"} or (len(text) > 4 and len(text) != 9):
        return None
    return text[-4:].rjust(4, "0")


def _phone(text: str) -> str | None:
    found = fold.digits(text)
    found = found[1:] if len(found) == 11 and found.startswith("1") else found
    return found if len(found) >= 7 else None


def _address(values: Mapping[str, str]) -> str | None:
    street = " ".join(values[k] for k in ("address", "address2") if k in values)
    place = " ".join(values[k] for k in ("state", "zip") if k in values)
    return ", ".join(part for part in (street, values.get("city", ""), place) if part) or None
