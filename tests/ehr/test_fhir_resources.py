"""Facts about the resources made from a record."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from scanindex.delivery_model import ConsentNote, ExportRecord, Kind
from scanindex.ehr import fhir_resources, parts
from scanindex.ehr.fhir_resources import Place
from scanindex.ehr.fhir_values import Json, instant, json_parts, own_id, period, text, token
from scanindex.model import PersonName
from tests.ehr.fhir_samples import SYSTEM, report, target
from tests.ehr.records import HOSTILE, SMALL_PDF, content, patient, pdf, record

HERE = Place(subject={"reference": "Patient/1"})


def read(value: Json) -> Any:
    """As an independent reader sees it."""
    return json.loads(b"".join(parts.chunks(json_parts(value))))


def document(one: ExportRecord, place: Place = HERE, **fhir: Any) -> Any:
    rule = target(**fhir).fhir
    made = fhir_resources.attachment(one, place.url)
    return read(fhir_resources.document_reference(one, rule, place, made))


def test_the_hash_is_that_of_the_example_in_mhd(tmp_path: Path) -> None:
    """IHE MHD gives "Hello World" as test vector."""
    one = record(tmp_path, content=content(pdf(tmp_path, data=b"Hello World")))

    made = document(one)["content"][0]["attachment"]

    assert (made["hash"], made["size"]) == ("Ck1VqNd45QIvq3AZd8XYQLvEhtA=", 11)


def test_the_content_in_line_is_the_file(tmp_path: Path) -> None:
    made = document(record(tmp_path))["content"][0]["attachment"]

    assert base64.b64decode(made["data"]) == SMALL_PDF
    assert made["contentType"] == "application/pdf"
    assert "url" not in made


def test_content_elsewhere_is_pointed_to(tmp_path: Path) -> None:
    place = dataclasses.replace(HERE, url="https://ehr.example/fhir/Binary/7")

    made = document(record(tmp_path), place)["content"][0]["attachment"]

    assert made["url"] == place.url
    assert "data" not in made
    assert made["size"] == len(SMALL_PDF)


def test_equal_records_give_equal_bytes(tmp_path: Path) -> None:
    one, rule = report(tmp_path), target(provenance=True).fhir

    def made() -> bytes:
        content_here = fhir_resources.attachment(one, None)
        both = [f(one, rule, HERE, content_here) for f in _BOTH]
        return b"".join(parts.chunks(json_parts(both)))

    assert made() == made()


_BOTH = (fhir_resources.document_reference, fhir_resources.diagnostic_report)


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [
        ("1998", None, {"start": "1998", "end": "1998"}),
        ("1998-03", None, {"start": "1998-03", "end": "1998-03"}),
        ("1998-03-02", None, {"start": "1998-03-02", "end": "1998-03-02"}),
        ("1998-03-02", "1998-03-09", {"start": "1998-03-02", "end": "1998-03-09"}),
        ("1998-03", "1999-04-01", {"start": "1998-03", "end": "1999-04"}),
        (None, None, None),
    ],
)
def test_the_date_of_care_is_no_more_exact_than_it_was(
    start: str | None, end: str | None, wanted: Json | None
) -> None:
    """No time, no zone, no first of January; of two dates the less exact one counts for both."""
    assert period(start, end) == wanted


def test_the_clinical_date_stands_in_the_period_and_not_in_date(tmp_path: Path) -> None:
    made = document(record(tmp_path, service_date="1998-03"))

    assert made["context"]["period"] == {"start": "1998-03", "end": "1998-03"}
    assert made["date"] == "2026-05-05T08:00:00Z"


def test_an_undated_document_has_no_period(tmp_path: Path) -> None:
    assert "context" not in document(record(tmp_path, service_date=None))


def test_it_bears_its_id_under_our_system(tmp_path: Path) -> None:
    one = record(tmp_path)

    made = document(one)

    key = {"system": SYSTEM, "value": one.external_id}
    assert (made["masterIdentifier"], made["identifier"]) == (key, [key])


def test_a_type_without_loinc_is_unknown_with_its_name(tmp_path: Path) -> None:
    """US Core's binding allows a LOINC document code or "unknown", nothing else."""
    kind = dataclasses.replace(record(tmp_path).type, loinc=None, title="Face sheet")

    made = document(record(tmp_path, type=kind))["type"]

    assert [one["code"] for one in made["coding"]] == ["UNK"]
    assert made["text"] == "Face sheet"


def test_the_receivers_own_code_stands_beside_loinc(tmp_path: Path) -> None:
    kind = dataclasses.replace(record(tmp_path).type, local="PN-7", local_title="Progress")

    made = document(record(tmp_path, type=kind), type_system="https://ehr.example/types")["type"]

    assert made["coding"][0] == {"system": "http://loinc.org", "code": "11506-3"}
    assert made["coding"][1]["code"] == "PN-7"


@pytest.mark.parametrize(
    ("kind", "key", "code"),
    [
        (Kind.NOTE, "progress_note", "clinical-note"),
        (Kind.REPORT, "lab_report", "clinical-note"),
        (Kind.ADMIN, "insurance_card", "51851-4"),
        (Kind.ADMIN, "advance_directive", "42348-3"),
    ],
)
def test_papers_of_administration_are_no_clinical_notes(
    tmp_path: Path, kind: Kind, key: str, code: str
) -> None:
    one = record(tmp_path)
    one = dataclasses.replace(one, type=dataclasses.replace(one.type, kind=kind, key=key))

    assert document(one)["category"][0]["coding"][0]["code"] == code


def test_a_profile_says_other_categories(tmp_path: Path) -> None:
    made = document(record(tmp_path), categories={"note": "https://ehr.example/c|N|Notes"})

    assert made["category"][0]["coding"][0] == {
        "system": "https://ehr.example/c",
        "code": "N",
        "display": "Notes",
    }


@pytest.mark.parametrize("how", ["display", "contained", "omit"])
def test_the_author_is_named_as_on_the_paper(tmp_path: Path, how: str) -> None:
    made = document(record(tmp_path), author=how)

    if how == "omit":
        assert "author" not in made
        return
    names = [one.get("display") or _contained(made, one["reference"]) for one in made["author"]]
    assert names == ["R. Chen, MD", "Springfield Clinic"]


def _contained(made: Any, reference: str) -> str:
    (found,) = [one for one in made["contained"] if f"#{one['id']}" == reference]
    name: Any = found["name"]
    return str(name if isinstance(name, str) else name[0]["text"])


def test_labels_and_the_notice_of_part_2_go_along(tmp_path: Path) -> None:
    """42 CFR 2.32: the notice accompanies what is disclosed, with the consent."""
    note = ConsentNote(reference="C-12", given_on="2026-01-02", notice="42 CFR part 2 prohibits it.")
    one = record(tmp_path, sensitivity=("substance_use", "minor"), confidentiality="R", consent=note)

    made = document(one)

    codes = [label["coding"][0]["code"] for label in made["securityLabel"]]
    assert codes == ["R", "SUD", "42CFRPart2", "NORDSCLCD"]
    assert made["securityLabel"][-1]["text"] == note.notice
    assert made["context"]["related"][0]["identifier"]["value"] == "C-12"


def test_an_undated_report_does_not_claim_to_be_final(tmp_path: Path) -> None:
    """us-core-10 wants a date once a report is final."""
    rule = target().fhir
    made = fhir_resources.diagnostic_report(report(tmp_path, service_date=None), rule, HERE, {})

    assert made["status"] == "unknown"
    assert "effectiveDateTime" not in made


def test_provenance_names_the_scan_by_its_hash(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"the scan").hexdigest()
    one = record(tmp_path)
    one = dataclasses.replace(one, provenance=dataclasses.replace(one.provenance, scan_id=digest))

    made = read(fhir_resources.provenance(one, target().fhir, ({"reference": "DocumentReference/1"},)))

    name = made["entity"][0]["what"]["identifier"]["value"]
    raw = base64.urlsafe_b64decode(name.removeprefix("ni:///sha-256;") + "=")
    assert raw == hashlib.sha256(b"the scan").digest()


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_come_out_as_they_went_in(tmp_path: Path, value: str) -> None:
    """But for control characters and white space around, which FHIR strings must not have."""
    one = record(tmp_path, title=value, author=value, facility=value)

    made = document(one)

    allowed = "".join(c for c in value if c in "\t\n\r" or ord(c) >= 32).strip()
    assert made["author"][0]["display"] == allowed
    assert made["description"] == allowed
    assert made["content"][0]["attachment"]["title"] == allowed


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_names_of_patients_come_out_as_they_went_in(value: str) -> None:
    sent = patient(names=(PersonName(last=value, first="A"),), address=value)

    made = read(fhir_resources.patient(sent, is_claiming=True))

    assert made["name"][0]["family"] == text(value)
    assert made["address"][0]["text"] == text(value)


def test_a_text_of_a_million_characters_goes_whole(tmp_path: Path) -> None:
    assert len(document(record(tmp_path, author="x" * 1_000_000))["author"][0]["display"]) == 1_000_000


def test_broken_surrogates_do_not_break_the_message() -> None:
    assert json.loads(json_parts({"a": text("a\ud800b")})[0]) == {"a": "a?b"}


def test_strange_white_space_becomes_a_space() -> None:
    """A no-break space is refused by some servers as no white space of FHIR's."""
    assert text("Ada\u00a0Lovelace\u2028\u0085") == "Ada Lovelace"


def test_search_tokens_are_escaped_twice() -> None:
    r"""R4 search: \ before , | $ \; then as in any address."""
    assert token("urn:oid:1.2", "a|b,c&d") == "urn%3Aoid%3A1.2%7Ca%5C%7Cb%5C%2Cc%26d"


def test_an_id_that_fhir_cannot_have_is_derived() -> None:
    made = own_id("böse/id", SYSTEM)

    assert made == own_id("böse/id", SYSTEM)
    assert made != own_id("böse/ie", SYSTEM)
    assert own_id("abc-1", SYSTEM) == "abc-1"


def test_instants_are_utc_and_say_so(tmp_path: Path) -> None:
    assert instant(record(tmp_path).created_at) == "2026-05-05T08:00:00Z"
