"""A hospital's CSV, whatever its habits, as rows of known fields.

Finds encoding (UTF-8 with or without a byte order mark, else Latin-1), delimiter
and columns by their many names, and tells what it could not place. Reads the file
as a stream, so a million rows cost no memory. Values are not interpreted here.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from scanindex.errors import RosterRejected

ALIASES: Mapping[str, tuple[str, ...]] = {
    "mrn": (
        "mrn",
        "mr",
        "mrnumber",
        "mrno",
        "medicalrecordnumber",
        "medicalrecordno",
        "medrecno",
        "medrecnumber",
        "medicalrecord",
        "medrec",
        "patientid",
        "patid",
        "ptid",
        "patientnumber",
        "patientno",
        "unitnumber",
        "unitno",
        "hospitalnumber",
        "hospitalno",
        "chartnumber",
        "chartno",
        "chart",
        "recordnumber",
        "patientmrn",
        "mrnid",
        "primarymrn",
        "epi",
        "empi",
        "patientidentifier",
    ),
    "authority": (
        "authority",
        "assigningauthority",
        "mrnauthority",
        "facility",
        "facilityid",
        "site",
        "assigner",
        "idauthority",
        "mrnfacility",
    ),
    "name": ("name", "fullname", "patientname", "patient", "ptname", "patientfullname"),
    "last": (
        "last",
        "lastname",
        "surname",
        "familyname",
        "family",
        "lname",
        "patientlastname",
        "patlast",
        "lastnm",
    ),
    "first": (
        "first",
        "firstname",
        "givenname",
        "given",
        "forename",
        "fname",
        "patientfirstname",
        "patfirst",
        "firstnm",
    ),
    "middle": (
        "middle",
        "middlename",
        "middleinitial",
        "mi",
        "mname",
        "middlenm",
        "secondname",
        "patientmiddlename",
    ),
    "suffix": ("suffix", "namesuffix", "generation", "generationalsuffix", "sfx", "patientsuffix"),
    "sex": ("sex", "gender", "administrativesex", "legalsex", "birthsex", "patientsex", "patientgender"),
    "birth_date": (
        "dob",
        "birthdate",
        "dateofbirth",
        "birth",
        "born",
        "bdate",
        "birthdt",
        "patientdob",
        "patientbirthdate",
        "datebirth",
    ),
    "ssn4": ("ssn4", "ssnlast4", "last4ssn", "ssnlastfour", "last4", "lastfourssn", "ssn4digits"),
    "ssn": (
        "ssn",
        "socialsecuritynumber",
        "socialsecurityno",
        "socialsecurity",
        "socsec",
        "ss",
        "patientssn",
    ),
    "phone": (
        "phone",
        "phonenumber",
        "telephone",
        "homephone",
        "phone1",
        "primaryphone",
        "tel",
        "telephonenumber",
        "mobile",
        "mobilephone",
        "cell",
        "cellphone",
        "phonehome",
        "patientphone",
        "contactnumber",
    ),
    "address": (
        "address",
        "street",
        "address1",
        "addressline1",
        "streetaddress",
        "addr",
        "addr1",
        "homeaddress",
        "patientaddress",
        "mailingaddress",
        "street1",
    ),
    "address2": ("address2", "addressline2", "addr2", "street2", "apt", "unit"),
    "city": ("city", "town", "patientcity"),
    "state": ("state", "province", "st", "patientstate"),
    "zip": ("zip", "zipcode", "postalcode", "postcode", "zip5", "patientzip"),
    "prior_names": (
        "priornames",
        "priorname",
        "formername",
        "formernames",
        "previousname",
        "previousnames",
        "maidenname",
        "maiden",
        "othernames",
        "formerlast",
        "previouslastname",
        "priorlastname",
    ),
    "aliases": (
        "aliases",
        "alias",
        "aka",
        "alsoknownas",
        "nickname",
        "nicknames",
        "preferredname",
        "preferred",
    ),
    "other_mrns": (
        "othermrns",
        "othermrn",
        "otheridentifiers",
        "otherids",
        "identifiers",
        "alternatemrn",
        "altmrn",
        "secondarymrn",
        "formermrn",
        "previousmrn",
        "oldmrn",
    ),
    "merged_into": (
        "mergedinto",
        "mergedto",
        "mergedintomrn",
        "survivingmrn",
        "survivormrn",
        "survivor",
        "replacedby",
    ),
    "mother_mrn": (
        "mothermrn",
        "mothersmrn",
        "mothermrnumber",
        "mothermedicalrecordnumber",
        "motherid",
        "maternalmrn",
    ),
}
"""Field to the headings it goes by, folded to lower-case letters and digits."""

IGNORED = {
    "patientkey",
    "rowid",
    "age",
    "deceased",
    "active",
    "email",
    "race",
    "ethnicity",
    "language",
    "country",
}
"""Headings that a roster may well have and that say nothing we use: not worth a warning."""

_BY_HEADING = {heading: field for field, headings in ALIASES.items() for heading in headings}
_SAMPLE_CHARS = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How this file is written."""

    encoding: str
    delimiter: str
    columns: Mapping[str, int]
    unknown: tuple[int, ...]
    """1-based columns that no field claims."""
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRow:
    line_no: int
    values: Mapping[str, str]
    """Field to its trimmed text; absent where empty."""
    is_ragged: bool
    """More cells than headings: a stray delimiter moved the values."""


def layout_of(path: Path) -> Layout:
    """Look at the head of the file. Raises RosterRejected where it is no roster."""
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as stream:
        head = stream.readline(_SAMPLE_CHARS)
    if not head.strip():
        raise RosterRejected("the file has no heading line")
    delimiter = max(",;\t|", key=head.count)
    headings = [_fold(cell) for cell in next(csv.reader([head.rstrip("\r\n")], delimiter=delimiter))]
    columns: dict[str, int] = {}
    unknown: list[int] = []
    for number, heading in enumerate(headings):
        field = _BY_HEADING.get(heading)
        if field and field not in columns:
            columns[field] = number
        elif field or heading not in IGNORED:
            unknown.append(number + 1)
    if "mrn" not in columns:
        raise RosterRejected("no column holds the medical record number (mrn, patient id, chart number, ...)")
    if "name" not in columns and not {"last", "first"} <= set(columns):
        raise RosterRejected("no column holds the name (last and first, or full name)")
    return Layout(
        encoding=encoding, delimiter=delimiter, columns=columns, unknown=tuple(unknown), width=len(headings)
    )


def column(path: Path, layout: Layout, field: str) -> Iterator[str]:
    """One field of all rows, quicker than whole rows."""
    number = layout.columns[field]
    with path.open(encoding=layout.encoding, newline="", errors="replace") as stream:
        yield from (cells[number].strip() for _, cells in _cells(stream, layout) if number < len(cells))


def _cells(stream: TextIO, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """(line on which a row begins, its cells), headings left out. Raises RosterRejected."""
    reader = csv.reader((line.replace("\0", "") for line in stream), delimiter=layout.delimiter)
    start = 1
    try:
        for cells in reader:
            if start > 1:
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        raise RosterRejected(f"line {start} cannot be read as CSV; is a quotation mark missing?") from error


def rows(path: Path, layout: Layout) -> Iterator[RawRow]:
    """The data rows; blank lines are skipped, line numbers are the file's."""
    with path.open(encoding=layout.encoding, newline="", errors="replace") as stream:
        wanted = tuple(layout.columns.items())
        for line_no, cells in _cells(stream, layout):
            if not any(cells):
                continue
            width = len(cells)
            yield RawRow(
                line_no=line_no,
                values={f: text for f, n in wanted if n < width and (text := cells[n].strip())},
                is_ragged=len(cells) > layout.width and any(cells[layout.width :]),
            )


def _fold(heading: str) -> str:
    return re.sub(r"[^a-z0-9]", "", heading.lower())


def _encoding(path: Path) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as stream:
        first = stream.read(4)
        if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        stream.seek(0)
        try:
            while block := stream.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252" if _is_cp1252(path) else "latin-1"
    return "utf-8-sig"


def _is_cp1252(path: Path) -> bool:
    """No byte that Windows leaves undefined; 0x80-0x9F are then its quotes and dashes."""
    undefined = (0x81, 0x8D, 0x8F, 0x90, 0x9D)
    with path.open("rb") as stream:
        return not any(
            byte in block for block in iter(lambda: stream.read(1 << 20), b"") for byte in undefined
        )
