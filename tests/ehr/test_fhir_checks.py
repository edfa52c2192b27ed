"""Facts about what is found in a record before it is sent."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from scanindex.delivery_model import Action, ExportRecord
from scanindex.ehr.fhir_checks import PROBLEMS, civil, is_language, is_loinc, is_oid, problems_of
from scanindex.errors import ConfigError
from scanindex.target_file import parse_target
from tests.ehr.fhir_samples import corrected, every_type, target
from tests.ehr.records import content, patient, pdf, record


def codes(one: ExportRecord, base: str = "", **fhir: Any) -> list[str]:
    return [problem.code for problem in problems_of(one, target(base, **fhir))]


def number(**changes: Any) -> Any:
    main = patient().main
    return patient(identifiers=(dataclasses.replace(main, **changes),))


def test_every_type_we_know_passes(tmp_path: Path) -> None:
    assert [one.type.key for one in every_type(tmp_path) if codes(one)] == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"patient": number(system="")}, "no_system"),
        ({"patient": number(system="not a uri")}, "bad_system"),
        ({"patient": number(oid="1.02.3", system="urn:oid:1.02.3")}, "bad_oid"),
        ({"patient": number(system="urn:oid:3.1")}, "bad_oid"),
        ({"patient": number(value="00123\t456")}, "bad_number"),
        ({"patient": number(value=" 00123456")}, "bad_number"),
        ({"patient": patient(birth_date="1924-13-01")}, "bad_birth_date"),
        ({"language": "English (US)"}, "bad_language"),
        ({"service_date": "02/03/1998"}, "bad_date"),
        ({"service_date": "1998-02-30"}, "bad_date"),
        ({"service_date": "2031-01-01"}, "future_date"),
        ({"service_date": "1998-03-02", "service_end": "1998-03-01"}, "reversed_period"),
        ({"service_date": "1923"}, "before_birth"),
        ({"author": "x" * 1_100_000}, "too_long"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, changes: dict[str, Any], code: str) -> None:
    assert codes(record(tmp_path, **changes)) == [code]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sha256": "abc"}, "bad_hash"),
        ({"sha256": "AB" * 32}, "bad_hash"),
        ({"media_type": ""}, "bad_media_type"),
        ({"media_type": "pdf"}, "bad_media_type"),
        ({"media_type": "image/tiff"}, "other_media_type"),
        ({"size_bytes": 0}, "empty_file"),
        ({"size_bytes": 1 << 31}, "too_large_for_fhir"),
    ],
)
def test_what_is_wrong_with_the_file_is_named(tmp_path: Path, changes: dict[str, Any], code: str) -> None:
    """Three of them no validator found."""
    made = content(pdf(tmp_path), **changes)

    assert codes(record(tmp_path, content=made)) == [code]


def test_a_plan_knows_the_file_by_name_only(tmp_path: Path) -> None:
    made = dataclasses.replace(content(pdf(tmp_path)), path=Path("document.pdf"), media_type="image/tiff")

    assert codes(record(tmp_path, content=made)) == []


def test_a_wrong_loinc_code_is_found(tmp_path: Path) -> None:
    one = record(tmp_path)

    assert codes(dataclasses.replace(one, type=dataclasses.replace(one.type, loinc="11506-4"))) == [
        "bad_loinc"
    ]


def test_a_local_code_without_its_system_is_not_dropped_in_silence(tmp_path: Path) -> None:
    one = record(tmp_path)
    one = dataclasses.replace(one, type=dataclasses.replace(one.type, local="PN"))

    assert codes(one) == ["no_type_system"]
    assert codes(one, type_system="https://ehr.example/types") == []


def test_a_server_that_takes_no_changes_cannot_take_back(tmp_path: Path) -> None:
    one = corrected(tmp_path, record(tmp_path), Action.CANCEL)

    assert codes(one, "https://ehr.example/fhir", update="never") == ["cannot_cancel"]
    assert codes(one, "https://ehr.example/fhir") == []


def test_a_correction_says_of_what(tmp_path: Path) -> None:
    one = record(tmp_path, action=Action.REPLACE, replaces=None)

    assert codes(one) == ["no_replaced"]


def test_a_file_that_must_go_in_line_has_its_limit(tmp_path: Path) -> None:
    assert codes(record(tmp_path), "https://ehr.example/fhir", binary="never", inline_bytes=50) == [
        "too_large_in_line"
    ]


def test_every_code_has_a_meaning() -> None:
    assert all(code.islower() and text.endswith(".") for code, text in PROBLEMS.items())


@pytest.mark.parametrize("value", ["2.16.840.1.113883.3.999.1", "1.39.0", "0.0", "2.999"])
def test_good_oids(value: str) -> None:
    assert is_oid(value)


@pytest.mark.parametrize("value", ["", "1", "3.1", "1.40.1", "2.16.0840", "2..1", "2.1.", "urn:oid:2.1"])
def test_bad_oids(value: str) -> None:
    assert not is_oid(value)


@pytest.mark.parametrize(
    "value", ["en", "en-US", "zh-Hant-TW", "es-419", "sl-rozaj-biske", "de-CH-1996", "x" * 2]
)
def test_good_language_tags(value: str) -> None:
    assert is_language(value)


@pytest.mark.parametrize("value", ["", "e", "en_US", "english language", "en-", "-en", "en-US-"])
def test_bad_language_tags(value: str) -> None:
    assert not is_language(value)


@pytest.mark.parametrize("value", ["11506-3", "18842-5", "34117-2", "82593-5", "51851-4"])
def test_good_loinc_codes(value: str) -> None:
    assert is_loinc(value)


@pytest.mark.parametrize("value", ["11506-4", "115063", "11506-", "LP1-2", ""])
def test_bad_loinc_codes(value: str) -> None:
    assert not is_loinc(value)


def test_a_partial_date_is_the_days_it_may_be() -> None:
    first, last = civil("2000-02") or ("", "")

    assert (str(first), str(last)) == ("2000-02-01", "2000-02-29")
    assert str((civil("9999") or ("", ""))[1]) == "9999-12-31"


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ("", "fhir.id_system"),
        ('id_system = "https://a.example/x y"', "fhir.id_system"),
        ('id_system = "https://a.example/x"\nupdate = "delete"', "fhir.update"),
        ('id_system = "https://a.example/x"\ncategories = {note = "no code"}', "system|code|display"),
        ('id_system = "https://a.example/x"\n[http]\nbase_url = "ehr.example"', "http.base_url"),
        ('id_system = "https://a.example/x"\n[http]\nbase_url = "http://ehr.example/fhir"', "https://"),
        ('id_system = "https://a.example/x"\n[http]\nbase_url = "https://u:p@ehr.example/"', "base_url"),
        (
            'id_system = "https://a.example/x"\n[http]\nbase_url = "http://127.0.0.1.evil.example/"',
            "https://",
        ),
    ],
)
def test_a_profile_at_fault_is_refused_by_its_key(more: str, word: str) -> None:
    text = f'[target]\nformat = "fhir"\ntransport = "http"\nrecipient = "R"\n[fhir]\n{more}\n'

    with pytest.raises(ConfigError, match=word.replace("|", r"\|")):
        parse_target("x", text)
