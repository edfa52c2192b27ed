"""Facts about FHIR Patients as a roster, and about telling formats apart; people are invented."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine

from scanindex.errors import RosterRejected
from scanindex.model import Patient
from scanindex.store import roster_tables
from scanindex.store.roster import SqlRoster
from scanindex.store.roster_import import RosterImport, import_source
from scanindex.store.roster_merge_rows import WAITING
from scanindex.store.roster_merge_rows import rows as merge_rows
from scanindex.store.roster_source import AuthorityNames
from scanindex.store.roster_sources import format_of, open_source
from tests.roster_feeds.messages import Told, adt

SYSTEM = "http://h.example/mrn"
NAMES = AuthorityNames("local", [f"{SYSTEM}=local", "2.16.1.9=county"])


def patient(mrn: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": f"p{mrn}",
        "identifier": [{"system": SYSTEM, "value": mrn}],
        "name": [{"use": "official", "family": "Abercronvik", "given": ["Tilda", "M"]}],
        "gender": "female",
        "birthDate": "1948-03-09",
    } | more


@pytest.fixture
def engine() -> Engine:
    engine = create_engine("sqlite://")
    roster_tables.metadata.create_all(engine)
    return engine


@pytest.fixture
def load(engine: Engine, tmp_path: Path):
    def _load(*resources: Any, bundle: str = "", **options: Any) -> RosterImport:
        path = tmp_path / "patients"
        if bundle:
            entries = [{"resource": r} for r in resources]
            path.write_text(
                json.dumps({"resourceType": "Bundle", "type": bundle, "entry": entries}, indent=1)
            )
        else:
            path.write_text("".join(json.dumps(r) + "\n" for r in resources))
        return import_source(engine, open_source(path, NAMES), **options)

    return _load


@pytest.fixture
def one(engine: Engine):
    def _one(mrn: str) -> Patient:
        (found,) = SqlRoster(engine).by_identifier([mrn])
        return found

    return _one


@pytest.mark.parametrize("bundle", ["", "searchset", "collection", "transaction"])
def test_a_patient_becomes_a_person(load, one, bundle: str) -> None:
    """Names by use, numbers by system and type, the way to reach them; what is no Patient is left out."""
    full = patient(
        "0071184",
        identifier=[
            {"use": "old", "system": SYSTEM, "value": "0011"},
            {"type": {"coding": [{"code": "MC"}]}, "system": "http://medicare.example", "value": "M1"},
            {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "123-45-6789"},
            {"system": "urn:oid:2.16.1.9", "value": "C-9"},
            {"use": "usual", "type": {"coding": [{"code": "MR"}]}, "system": SYSTEM, "value": "0071184"},
        ],
        name=[
            {"use": "maiden", "family": "Quill", "given": ["Tilda"]},
            {"use": "nickname", "given": ["Tilly"], "family": "Abercronvik"},
            {"use": "official", "family": "Abercronvik", "given": ["Tilda", "M"], "suffix": ["Jr"]},
        ],
        telecom=[
            {"system": "email", "value": "x@y"},
            {"system": "phone", "use": "home", "value": "419 555 0101"},
        ],
        address=[{"use": "home", "line": ["3 Mill Row"], "city": "Tiffin", "state": "OH", "postalCode": "4"}],
    )
    report = load(full, {"resourceType": "OperationOutcome"}, bundle=bundle)

    assert (report.added, report.error_count, report.unit) == (1, 0, "entry" if bundle else "line")
    found = one("0071184")
    assert [(i.authority, i.value) for i in found.identifiers] == [
        ("local", "0071184"), ("county", "C-9"), ("local", "0011"),
    ]  # fmt: skip
    assert [(n.last, n.first, n.suffix, n.use) for n in found.names] == [
        ("Abercronvik", "Tilda", "Jr", "official"),
        ("Quill", "Tilda", "", "former"),
        ("Abercronvik", "Tilly", "", "alias"),
    ]
    assert (found.birth_date, found.sex, found.ssn4, found.phone) == ("1948-03-09", "F", "6789", "4195550101")
    assert found.address == "3 Mill Row, Tiffin, OH 4"


def test_faults_name_line_and_code(load) -> None:
    """One bad patient spoils no other."""
    report = load(
        patient("1"),
        patient("2", name=[]),
        patient("3", identifier=[]),
        patient("4", birthDate="1948-13-40"),
        {"resourceType": "Patient", "name": "no list"},
        patient("6", birthDate="1948-03"),
    )

    assert [(n, code) for n, code, _ in report.errors] == [
        (2, "name_missing"), (3, "mrn_missing"), (4, "birth_date_unreadable"), (5, "message_unreadable"),
    ]  # fmt: skip
    assert (6, "birth_date_partial") in [(n, code) for n, code, _ in report.warnings]


@pytest.mark.parametrize(
    "other",
    [{"reference": "Patient/p2"}, {"reference": "http://x/fhir/Patient/p2/_history/1"},
     {"identifier": {"system": SYSTEM, "value": "2"}}],
)  # fmt: skip
def test_a_replaced_patient_asks_for_a_merge(load, engine: Engine, other: dict[str, Any]) -> None:
    """By reference within the file, or by identifier; from either side."""
    load(patient("1", active=False, link=[{"type": "replaced-by", "other": other}]), patient("2"))
    load(patient("3"), patient("2", link=[{"type": "replaces", "other": {"reference": "Patient/p3"}}]))

    with engine.connect() as connection:
        asked = [(r.merge.loser[1], r.merge.survivor[1]) for r in merge_rows(connection, *WAITING)]
    assert asked == [("1", "2"), ("3", "2")]


def test_a_link_to_nowhere_is_told(load) -> None:
    """Nothing is merged."""
    report = load(
        patient("1", active=False, link=[{"type": "replaced-by", "other": {"reference": "Patient/gone"}}]),
        patient("2", active=False),
    )
    assert [note[:2] for note in report.warnings][:2] == [(1, "merge_unclear"), (2, "inactive")]


def test_the_later_word_counts(load, one) -> None:
    """`meta.lastUpdated` tells; an older one only adds."""
    new = patient(
        "1", meta={"lastUpdated": "2024-05-02T10:00:00Z"}, telecom=[{"system": "phone", "value": "5550202"}]
    )
    old = patient(
        "1", meta={"lastUpdated": "2024-05-01T10:00:00Z"}, telecom=[{"system": "phone", "value": "5550101"}]
    )
    load(new)
    load(old)

    assert one("1").phone == "5550202"


def test_birth_dates_are_not_changed_silently(load, one) -> None:
    """Unless somebody accepts it."""
    load(patient("1"))
    changed = patient("1", birthDate="1949-03-09")

    assert [code for _, code, _ in load(patient("2"), changed).errors] == ["birth_date_changed"]
    assert load(changed, accept_changes=True).changed == 1 and one("1").birth_date == "1949-03-09"


def test_an_unknown_system_is_refused_once_the_roster_knows_others(load) -> None:
    """Else everybody would be registered twice."""
    other = patient("9", identifier=[{"system": "http://elsewhere.example", "value": "9"}])
    load(patient("1"))

    assert [code for _, code, _ in load(patient("2"), other).errors] == ["authority_unknown"]


# --- which format ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"mrn,last,first\n", "csv"),
        (adt("A28", Told(mrn="1")), "hl7"),
        (b"\x0b" + adt("A28", Told(mrn="1")), "hl7"),
        (b"FHS|^~\\&|A\r", "hl7"),
        (b'{"resourceType":"Patient"}\n{"resourceType":"Patient"}\n', "ndjson"),
        (b'{"resourceType":"Bundle"}', "fhir"),
        (b'{\n "resourceType": "Bundle"\n}', "fhir"),
    ],
)
def test_formats_are_told_by_content(tmp_path: Path, text: bytes, found: str) -> None:
    """Names of files say nothing."""
    path = tmp_path / "roster.csv"
    path.write_bytes(text)
    assert format_of(path) == found


@pytest.mark.parametrize("text", [b"[1]", b"{}", b'{"resourceType":"Encounter"}', b'{\n"a":', b"MSH|", b""])
def test_what_is_no_roster_is_rejected(engine: Engine, tmp_path: Path, text: bytes) -> None:
    """As a whole; the roster in use stays."""
    path = tmp_path / "x"
    path.write_bytes(text)
    with pytest.raises(RosterRejected):
        import_source(engine, open_source(path, NAMES))


def test_a_large_file_is_read_ahead_with_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a second process; errors come through it too."""
    from scanindex.store import roster_ahead

    path = tmp_path / "x"
    lines = [json.dumps(patient(str(n), name=[] if n == 5 else patient("1")["name"])) for n in range(1, 40)]
    path.write_text("\n".join(lines))
    source = open_source(path, NAMES)
    plain = [row for batch in roster_ahead.batches(source, 10) for row in batch]
    monkeypatch.setattr(roster_ahead, "_WORTH_BYTES", 0)
    ahead = [row._replace(body="") for batch in roster_ahead.batches(source, 10) for row in batch]

    assert ahead == plain
    path.write_text("{")
    with pytest.raises(RosterRejected):
        list(roster_ahead.batches(open_source(path, NAMES, format_name="fhir"), 10))
