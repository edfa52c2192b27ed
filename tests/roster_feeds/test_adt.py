"""Facts about what an ADT message says of people and numbers, and what is refused; people are invented."""

from __future__ import annotations

import dataclasses
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scanindex.hl7.er7 import NULL, parse, segment
from scanindex.model import Identifier, Patient
from scanindex.store.roster_adt import Adt, moment_of
from scanindex.store.roster_adt_file import AdtSource, messages_of
from scanindex.store.roster_source import AuthorityNames, SourceRow
from tests.roster_feeds.messages import Fed, Told, adt, merge, number, separate

NAMES = AuthorityNames("local", ["GOODHEALTH=local", "urn:oid:2.16.1.9=county"])
TILDA = Told(mrn="0071184")
OTTO = Told(mrn="0071185", last="GRUNDELHAVEN", first="OTTO", born="19600901", sex="M")


def row(message: bytes) -> SourceRow:
    return Adt(NAMES).row(parse(message), 7)


def person(message: bytes) -> Patient:
    found = row(message).person
    assert found is not None
    return found


def mrn(value: str, authority: str = "local") -> Identifier:
    return Identifier(authority=authority, type="mrn", value=value)


# --- who somebody is ----------------------------------------------------------------------
def test_a_message_says_who_somebody_is() -> None:
    """Number, names by their use, birth date, sex, phone, address, the end of the SSN, the mother."""
    found = person(
        adt(
            "A28", TILDA, 3,
            pid_5=[("OLDNAME", "TILDA", None, None, None, None, "M"),
                   ("ABERCRONVIK", "TILDA", "M", "Jr", None, None, "L")],
            pid_9=[("ABER", "TILLY")],
            pid_11=[("1 BILLING RD", None, "X", "OH", "1", None, "B"),
                    ("3 MILL ROW", "APT 2", "TIFFIN", "OH", "44883", None, "H")],
            pid_13=[(None, "NET", "Internet", "t@example.org"),
                    (None, "PRN", "PH", None, None, "419", "5550101")],
            pid_19="123-45-6789", pid_21=number("0060000"),
        )
    )  # fmt: skip

    assert found.identifiers == (mrn("0071184"),)
    assert [(n.last, n.first, n.middle, n.suffix, n.use) for n in found.names] == [
        ("ABERCRONVIK", "TILDA", "M", "Jr", "official"),
        ("OLDNAME", "TILDA", "", "", "former"),
        ("ABER", "TILLY", "", "", "alias"),
    ]
    assert (found.birth_date, found.sex, found.phone) == ("1948-03-09", "F", "4195550101")
    assert (found.address, found.ssn4) == ("3 MILL ROW APT 2, TIFFIN, OH 44883", "6789")
    assert found.mother_mrn == "0060000"


def test_numbers_are_known_by_issuer_and_type() -> None:
    """The site's own comes first; an account or an insurer's number is no record number."""
    message = adt(
        "A08",
        TILDA,
        pid_3=[
            ("C-9", None, None, ("CTY", "2.16.1.9", "ISO"), "MR"),
            ("A-1", None, None, "GOODHEALTH", "AN"),
            ("123456789", None, None, "USA", "SS"),
            ("0071184", None, None, ("GOODHEALTH", "2.16.1.1", "ISO"), "MR"),
        ],
    )
    found = person(message)

    assert found.identifiers == (mrn("0071184"), mrn("C-9", "county")) and found.ssn4 == "6789"


@pytest.mark.parametrize(
    ("text", "birth_date", "warnings"),
    [
        ("19480309", "1948-03-09", ()),
        ("194803091215", "1948-03-09", ()),
        ("1948", None, ("birth_date_partial",)),
        ("194803", None, ("birth_date_partial",)),
        ("", None, ()),
        ("00000000", None, ()),
    ],
)
def test_birth_dates(text: str, birth_date: str | None, warnings: tuple[str, ...]) -> None:
    """A part of one is no birth date: nothing is invented."""
    found = row(adt("A28", dataclasses.replace(TILDA, born=text)))

    assert (found.person and found.person.birth_date, found.warnings) == (birth_date, warnings)


def test_a_partners_name_is_not_theirs() -> None:
    """XPN-7 P."""
    found = person(adt("A28", TILDA, pid_5=[("X", "Y", *[None] * 4, "P"), ("ABERCRONVIK", "TILDA")]))
    assert [n.last for n in found.names] == ["ABERCRONVIK"]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (adt("A28", TILDA, pid_3=None), "mrn_missing"),
        (adt("A28", TILDA, pid_5=None), "name_missing"),
        (adt("A28", TILDA, pid_7="21990101"), "birth_date_impossible"),
        (adt("A28", TILDA, pid_7="tuesday"), "birth_date_unreadable"),
        (adt("A29", TILDA), "event_not_taken"),
        (adt("A24", TILDA), "event_not_taken"),
        (adt("Z99", TILDA), "event_not_taken"),
        (adt("A40", TILDA), "merge_numbers_missing"),
        (adt("A40", TILDA, wrong=TILDA.mrn), "merge_numbers_missing"),
        (adt("A40", TILDA, more=(segment("MRG", {1: number("7", "ELSEWHERE")}),)), "merge_numbers_missing"),
    ],
)
def test_what_cannot_be_taken(message: bytes, code: str) -> None:
    """By a code."""
    assert row(message).fault == code


@pytest.mark.parametrize("event", ["A11", "A12", "A44", "A60"])
def test_events_of_visits_are_passed_over(event: str) -> None:
    """Accepted, and nothing done."""
    found = row(adt(event, TILDA))
    assert (found.fault, found.person, found.moves) == ("", None, ())


@pytest.mark.parametrize("event", ["A40", "A34", "A39", "A18", "A30", "A36"])
def test_a_merge_names_the_wrong_and_the_right_number(event: str) -> None:
    """Of each issuer; several pairs in one message."""
    more = (
        segment("PID", {3: [number("3"), ("C-3", None, None, "county", "MR")]}),
        segment("MRG", {1: [number("4"), ("C-4", None, None, "county", "MR")]}),
    )
    found = row(adt(event, TILDA, 4, wrong="0099", more=more))

    assert [(m.number, m.into) for m in found.moves] == [
        (mrn("0099"), mrn("0071184")),
        (mrn("4"), mrn("3")),
        (mrn("C-4", "county"), mrn("C-3", "county")),
    ]


def test_moments_sort_as_they_were() -> None:
    """In any zone; a day alone is midnight there."""
    assert moment_of("20240501100000+0200", UTC) == "2024-05-01T08:00:00.000000+00:00"
    assert moment_of("20240501100000.5", ZoneInfo("America/New_York")) == "2024-05-01T14:00:00.500000+00:00"
    assert moment_of("20240501", UTC) == "2024-05-01T00:00:00.000000+00:00"
    assert moment_of("202405", UTC) is None and moment_of("20241399", UTC) is None


# --- files ----------------------------------------------------------------------------------
BARE = adt("A28", TILDA)


@pytest.mark.parametrize(
    "text",
    [
        BARE + BARE,
        BARE + b"\r\n\r\n" + BARE,
        b"\x0b" + BARE + b"\x1c\r\x0b" + BARE + b"\x1c\r",
        b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + BARE + BARE + b"BTS|2\rFTS|1\r",
        BARE.replace(b"\r", b"\n") + b"\n" + BARE.replace(b"\r", b"\r\n"),
        b"\xef\xbb\xbf" + BARE + BARE,
    ],
)
def test_files_of_messages(tmp_path: Path, text: bytes) -> None:
    """Bare, with blank lines, framed, in a batch, with other line ends."""
    path = tmp_path / "x.hl7"
    path.write_bytes(text)
    rows = list(AdtSource(path, NAMES, Adt(NAMES)).rows())

    assert [r.line_no for r in rows] == [1, 2] and {r.person for r in rows} == {person(BARE)}


def test_a_broken_message_spoils_no_other(tmp_path: Path) -> None:
    """It is told by its number."""
    path = tmp_path / "x.hl7"
    path.write_bytes(BARE + b"MSH|^^^^|x\r" + BARE)

    assert [r.fault for r in AdtSource(path, NAMES, Adt(NAMES)).rows()] == ["", "message_unreadable", ""]
    assert len(list(messages_of(path))) == 3


# --- into the roster --------------------------------------------------------------------------
def test_updates_follow_the_rules_of_an_import(fed: Fed) -> None:
    """A new name keeps the old one; what is emptied stays; nothing is overwritten silently."""
    fed.send(adt("A28", dataclasses.replace(TILDA, phone="4195550101"), 1))
    married = dataclasses.replace(TILDA, last="QUILLFEATHER")

    assert fed.code(adt("A08", married, 2, pid_13=NULL)) == ""
    assert fed.code(adt("A08", dataclasses.replace(married, born="19490309"), 3)) == "birth_date_changed"
    assert fed.code(adt("A31", dataclasses.replace(OTTO, mrn=TILDA.mrn), 4)) == "person_changed"

    found = fed.one(TILDA.mrn)
    assert [n.last for n in found.names] == ["QUILLFEATHER", "ABERCRONVIK"]
    assert (found.phone, found.birth_date) == ("4195550101", "1948-03-09")
    assert len(fed.opened.roster.history(found.patient_id)) == 1


def test_an_issuer_that_nobody_knows_is_refused(fed: Fed) -> None:
    """Under another name for the same issuer everybody would be registered twice."""
    assert fed.code(adt("A28", TILDA)) == ""
    assert fed.code(adt("A28", OTTO, authority="GOODHEALTH")) == "authority_unknown"
    assert fed.nobody(OTTO.mrn)


def test_a_merge_moves_documents_and_keeps_the_old_number(fed: Fed) -> None:
    """Two patients with five documents each: both numbers find all ten; taken back, each has five."""
    other = dataclasses.replace(TILDA, mrn="0099999")
    fed.send(adt("A28", TILDA, 1), adt("A28", other, 2))
    mine, theirs = fed.give(TILDA.mrn, 5), fed.give(other.mrn, 5)

    assert fed.send(merge(other.mrn, TILDA, 3))[0].is_changed
    for old_or_new in (TILDA.mrn, other.mrn):
        assert {d.document_id for d in fed.documents(old_or_new)} == {*mine, *theirs}

    fed.send(separate(other, 4))
    assert {d.document_id for d in fed.documents(TILDA.mrn)} == set(mine)
    assert {d.document_id for d in fed.documents(other.mrn)} == set(theirs)
    assert all(d.version == 3 for d in fed.documents(other.mrn))


def test_two_people_who_share_nothing_wait_for_a_person(fed: Fed) -> None:
    """The hospital's feed is believed, but for a merge in which name and birth date both differ."""
    one_day = dataclasses.replace(OTTO, born=TILDA.born)
    fed.send(adt("A28", TILDA, 1), adt("A28", OTTO, 1), adt("A28", dataclasses.replace(one_day, mrn="3"), 1))

    outcome, fine = fed.send(merge(OTTO.mrn, TILDA, 2), merge("3", TILDA, 3))

    assert (outcome.code, outcome.state) == ("", "waiting")
    assert [state for *_, state in fed.waiting()] == ["doubtful"]
    assert fed.one("3").mrn == TILDA.mrn and fine.state == "taken"


def test_what_a_person_took_apart_no_message_merges_again(fed: Fed) -> None:
    """And what a person merged, no message takes apart."""
    from scanindex.store import roster_merging

    other = dataclasses.replace(TILDA, mrn="0099999")
    fed.send(adt("A28", TILDA, 1), adt("A28", other, 1))
    loser, survivor = (fed.one(m).patient_id for m in (other.mrn, TILDA.mrn))
    roster_merging.merge(fed.opened.catalog, loser, survivor, "twice", "user:sue")
    fed.send(separate(other, 2))
    assert [state for *_, state in fed.waiting()] == ["doubtful"] and fed.one(other.mrn).mrn == TILDA.mrn

    roster_merging.unmerge(fed.opened.catalog, loser, "sisters", "user:sue")
    fed.send(merge(other.mrn, TILDA, 9))
    assert fed.one(other.mrn).mrn == other.mrn


def test_a_message_about_a_merged_number_is_refused(fed: Fed) -> None:
    """It was not to be used again; to take it silently would change nobody."""
    other = dataclasses.replace(TILDA, mrn="0099999")
    fed.send(adt("A28", TILDA, 1), adt("A28", other, 1), merge(other.mrn, TILDA, 2))

    assert fed.code(adt("A08", other, 3)) == "row_of_merged"


def test_the_survivor_may_list_the_old_number(fed: Fed) -> None:
    """PID-3 of the survivor often does."""
    other = dataclasses.replace(TILDA, mrn="0099999")
    fed.send(adt("A28", TILDA, 1), adt("A28", other, 1), merge(other.mrn, TILDA, 2))

    assert fed.code(adt("A08", dataclasses.replace(TILDA, phone="4195550101"), 3, others=(other.mrn,))) == ""
    assert fed.one(other.mrn).phone == "4195550101"


def test_a_number_beside_others_takes_nobody_along(fed: Fed) -> None:
    """A further number of one person, named as wrong: who else is meant is for a person to say."""
    fed.send(adt("A28", OTTO, 1, others=("0088",)), adt("A28", TILDA, 1))
    fed.send(merge("0088", TILDA, 2))

    assert fed.one("0088").mrn == OTTO.mrn and [state for *_, state in fed.waiting()] == ["doubtful"]


def test_two_records_that_were_linked_stand_for_themselves_again(fed: Fed) -> None:
    """A37 names both."""
    other = dataclasses.replace(TILDA, mrn="0099999")
    fed.send(adt("A28", TILDA, 1), adt("A28", other, 1), merge(other.mrn, TILDA, 2))
    second = segment("PID", {3: number(other.mrn), 5: (other.last, other.first)})

    fed.send(adt("A37", TILDA, 3, more=(second,)))

    assert fed.one(other.mrn).mrn == other.mrn
