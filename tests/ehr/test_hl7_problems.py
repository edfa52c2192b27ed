"""Facts about what an HL7 receiver would refuse, known before anything is sent."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from scanindex.delivery_model import Action, SentIdentifier
from scanindex.ehr import mdm
from scanindex.ehr.hl7_problems import problems
from scanindex.model import PersonName
from scanindex.target_profile import Hl7Rule
from tests.ehr import records
from tests.ehr.hl7_samples import message, record


def number(**changes: Any) -> SentIdentifier:
    return dataclasses.replace(records.patient().main, **changes)


def codes(folder: Path, rule: dict[str, Any] | None = None, /, **changes: Any) -> list[str]:
    return [p.code for p in problems(record(folder, **changes), Hl7Rule(**(rule or {})), mdm.parts)]


@pytest.mark.parametrize("action", list(Action))
def test_nothing_is_in_the_way_of_a_good_record(tmp_path: Path, action: Action) -> None:
    assert codes(tmp_path, action=action) == []


@pytest.mark.parametrize(
    ("identifiers", "found"),
    [
        ((), ["no_number"]),
        ((number(value=" "),), ["no_number"]),
        ((number(is_main=False),), ["no_number"]),
        ((number(namespace="", oid=""),), ["no_authority"]),
        ((number(oid="2.16.840.x"),), ["bad_oid"]),
        ((number(oid="2.16.00.1"),), ["bad_oid"]),
        ((number(oid=""),), []),
    ],
)
def test_a_number_needs_its_authority(
    tmp_path: Path, identifiers: tuple[SentIdentifier, ...], found: list[str]
) -> None:
    assert codes(tmp_path, patient=records.patient(identifiers=identifiers)) == found


def test_a_profile_may_insist_on_the_oid(tmp_path: Path) -> None:
    who = records.patient(identifiers=(number(oid=""),))

    assert codes(tmp_path, {"oid_needed": True}, patient=who) == ["no_oid"]


def test_a_type_without_code_is_not_sent_as_something_else(tmp_path: Path) -> None:
    kind = dataclasses.replace(records.record(tmp_path).type, hl7="")

    assert codes(tmp_path, type=kind) == ["unmapped_type"]
    assert codes(tmp_path, {"other_type": "OTH"}, type=kind) == []
    assert codes(tmp_path, {"type_from": "loinc"}, type=kind) == []


@pytest.mark.parametrize("date", ["1998-13", "1998-02-30", "98", "1998-1-2", "0000", "1998-10-02T00:00"])
def test_a_date_that_is_none_is_not_sent(tmp_path: Path, date: str) -> None:
    assert codes(tmp_path, service_date=date) == ["bad_date"]
    assert codes(tmp_path, patient=records.patient(birth_date=date)) == ["bad_date"]


@pytest.mark.parametrize("date", ["1998", "1998-02", "2000-02-29", None])
def test_partial_dates_are_dates(tmp_path: Path, date: str | None) -> None:
    assert codes(tmp_path, service_date=date) == []


def test_a_receiver_may_need_a_date(tmp_path: Path) -> None:
    assert codes(tmp_path, {"date_needed": True}, service_date=None) == ["no_date"]


def test_a_file_above_the_cap_is_held_unless_it_can_be_referenced(tmp_path: Path) -> None:
    cap = {"embedded_bytes": 10}

    assert codes(tmp_path, cap) == ["too_large"]
    assert codes(tmp_path, {**cap, "carry": "by_size", "reference_prefix": "/s/"}) == []
    assert codes(tmp_path, {"embedded_bytes": 0}) == []


def test_a_file_without_bytes_is_not_sent(tmp_path: Path) -> None:
    assert codes(tmp_path, content=records.content(records.pdf(tmp_path, data=b""))) == ["empty_file"]


def test_a_file_of_another_kind_needs_its_name_in_the_profile(tmp_path: Path) -> None:
    content = records.content(records.pdf(tmp_path), media_type="text/rtf")

    assert codes(tmp_path, content=content) == ["unknown_media_type"]
    assert codes(tmp_path, {"data_subtype": "RTF"}, content=content) == []


def test_a_correction_says_what_it_is_about(tmp_path: Path) -> None:
    made = dataclasses.replace(record(tmp_path, Action.REPLACE), replaces=None)

    assert [p.code for p in problems(made, Hl7Rule(), mdm.parts)] == ["nothing_to_replace"]


@pytest.mark.parametrize("version", ["2.3", "2.5.1", "2.6"])
def test_ids_that_a_receiver_would_cut_are_not_sent(tmp_path: Path, version: str) -> None:
    """MSH-10 has room for 20 characters and TXA-12 for 30, up to 2.6: a cut id fits no answer."""
    rule = {"version": version}

    assert codes(tmp_path, rule, control_id="C" * 20, external_id="a" * 30) == []
    assert codes(tmp_path, rule, control_id="C" * 21) == ["too_long"]
    assert codes(tmp_path, rule, external_id="a" * 31) == ["too_long"]
    assert codes(tmp_path, {"version": "2.7"}, control_id="C" * 21, external_id="a" * 31) == []


def test_texts_are_refused_rather_than_cut(tmp_path: Path) -> None:
    megabyte = "x" * 1_000_000

    assert codes(tmp_path, author=megabyte) == ["too_long"]
    assert codes(tmp_path, patient=records.patient(names=(PersonName(last=megabyte, first=""),))) == [
        "too_long"
    ]
    assert codes(tmp_path, {"author": "never"}, author=megabyte) == []


def test_escapes_count_towards_the_length(tmp_path: Path) -> None:
    assert codes(tmp_path, author="|" * 100) == ["too_long"]


def test_what_the_character_set_lacks_is_found(tmp_path: Path) -> None:
    who = records.patient(names=(PersonName(last="山田", first="Ñandú"),))

    assert codes(tmp_path, {"charset": "8859/1"}, patient=who) == ["not_in_charset"]
    assert codes(tmp_path, patient=who) == []


def test_what_is_not_sent_is_no_problem(tmp_path: Path) -> None:
    assert codes(tmp_path, {"charset": "ASCII", "author": "never"}, author="Ñandú") == []


@pytest.mark.parametrize("text", ["\ud800", "a\ufffe", "\uffff"])
def test_what_is_no_character_is_not_sent(tmp_path: Path, text: str) -> None:
    assert "not_text" in codes(tmp_path, author=text)


@pytest.mark.parametrize("value", records.HOSTILE)
def test_hostile_values_are_no_problem(tmp_path: Path, value: str) -> None:
    who = records.patient(names=(PersonName(last=value, first=value),))

    assert codes(tmp_path, patient=who, author=value, title=value, encounter_id=value) == []


def test_problems_never_quote_values(tmp_path: Path) -> None:
    who = records.patient(birth_date="1924-99", identifiers=(number(value="S3CRET", oid="x"),))
    made = record(tmp_path, patient=who, author="S3CRET" * 50)
    found = problems(made, Hl7Rule(), mdm.parts)

    assert len(found) == 3
    assert not any("S3CRET" in p.text or "1924" in p.text for p in found)


def test_a_record_without_problems_can_be_rendered_in_every_version(tmp_path: Path) -> None:
    for version in ("2.3", "2.8"):
        assert message(record(tmp_path, author="\x00\ud7ff"), version=version)
