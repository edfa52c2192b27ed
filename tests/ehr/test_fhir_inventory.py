"""Facts about what a FHIR server says it holds."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scanindex.delivery_model import Action
from scanindex.ehr.fhir_inventory import data_in
from scanindex.errors import ConfigError, NotAllowedNow
from tests.ehr.fhir_faults import Fault, FaultyFhir
from tests.ehr.fhir_samples import SYSTEM, corrected, patient_resource, report, send, send_one, sink
from tests.ehr.records import SMALL_PDF, patient, record

SHA1 = hashlib.sha1(SMALL_PDF).hexdigest()
SHA256 = hashlib.sha256(SMALL_PDF).hexdigest()


@pytest.fixture
def far() -> Iterator[FaultyFhir]:
    with FaultyFhir() as made:
        made.keep(patient_resource(patient()))
        yield made


def test_each_document_is_told_as_the_server_has_it(far: FaultyFhir, tmp_path: Path) -> None:
    to = sink(far.base, type_system="https://ehr.example/types")
    one = record(tmp_path)
    ids = send_one(to, one).receiver_ids

    (found,) = to.inventory()

    assert (found.external_id, found.receiver_id) == (one.external_id, ids[0])
    assert (found.sha1, found.size_bytes, found.sha256) == (SHA1, len(SMALL_PDF), None)
    assert (found.patient, found.is_current, found.loinc) == ("00123456", True, "11506-3")


def test_all_pages_are_read(far: FaultyFhir, tmp_path: Path) -> None:
    to = sink(far.base, page_size=3)
    send(to, *(record(tmp_path, external_id=f"d{n:02}-1") for n in range(10)))

    assert sorted(one.external_id for one in to.inventory()) == [f"d{n:02}-1" for n in range(10)]


def test_a_list_cut_short_is_no_short_list(far: FaultyFhir, tmp_path: Path) -> None:
    """What is not shown would count as lost."""
    to = sink(far.base, page_size=3)
    send(to, *(record(tmp_path, external_id=f"d{n}-1") for n in range(5)))
    far.has_next_links = False

    with pytest.raises(NotAllowedNow, match="5 documents"):
        list(to.inventory())


def test_doubles_are_told_twice(far: FaultyFhir, tmp_path: Path) -> None:
    far.script = [Fault.DOUBLE]
    to, one = sink(far.base), record(tmp_path)
    send_one(to, one)

    for ids in (None, [one.external_id]):
        found = list(to.inventory(ids))
        assert [held.external_id for held in found] == [one.external_id] * 2
        assert len({held.receiver_id for held in found}) == 2


def test_one_that_was_said_to_be_there_is_missing(far: FaultyFhir, tmp_path: Path) -> None:
    far.script = [Fault.VANISH]
    to = sink(far.base)

    assert send_one(to, record(tmp_path)).is_taken
    assert list(to.inventory()) == []


def test_corrected_ones_are_not_current(far: FaultyFhir, tmp_path: Path) -> None:
    to, old = sink(far.base), record(tmp_path)
    new = corrected(tmp_path, old, Action.REPLACE)
    send(to, old, new)

    assert {one.external_id: one.is_current for one in to.inventory()} == {
        old.external_id: False,
        new.external_id: True,
    }
    send_one(to, corrected(tmp_path, new, Action.CANCEL, 3))
    assert [one.is_current for one in to.inventory()] == [False, False]


def test_documents_of_others_are_not_ours(far: FaultyFhir, tmp_path: Path) -> None:
    to = sink(far.base)
    send_one(to, record(tmp_path))
    far.keep({"resourceType": "DocumentReference", "identifier": [{"system": "urn:x", "value": "1"}]})

    assert len(list(to.inventory())) == 1


def test_a_document_moved_to_another_patient_shows(far: FaultyFhir, tmp_path: Path) -> None:
    to = sink(far.base)
    send_one(to, record(tmp_path))
    main = patient().main
    other = {"system": main.system, "value": "00999999"}
    reference = far.keep({"resourceType": "Patient", "identifier": [other]})
    made = far.kept("DocumentReference")[0]
    made["subject"]["reference"] = f"{far.base}/{reference}"

    assert [one.patient for one in to.inventory()] == ["00999999"]


@pytest.mark.parametrize("inline_bytes", [50, 5 << 20])
@pytest.mark.parametrize("form", ["json", "raw"])
def test_content_is_fetched_and_hashed_where_the_profile_says_so(
    far: FaultyFhir, tmp_path: Path, inline_bytes: int, form: str
) -> None:
    to = sink(far.base, verify="content", inline_bytes=inline_bytes, binary_form=form)
    send(to, record(tmp_path), report(tmp_path, external_id="rep-1"))

    assert [(one.sha256, one.size_bytes) for one in to.inventory()] == [(SHA256, len(SMALL_PDF))] * 2


def test_a_changed_or_lost_binary_shows_though_the_document_says_otherwise(
    far: FaultyFhir, tmp_path: Path
) -> None:
    to = sink(far.base, verify="content", inline_bytes=50)
    send(to, record(tmp_path, external_id="a-1"), record(tmp_path, external_id="b-1"))
    changed, lost = far.kept("Binary")
    changed["data"] = base64.b64encode(SMALL_PDF[:-1] + b"!").decode()
    del far.resources[f"Binary/{lost['id']}"]

    found = {one.external_id: one for one in to.inventory()}

    assert found["a-1"].sha256 not in (SHA256, None)
    assert found["b-1"].size_bytes == 0


def test_content_on_another_host_is_not_fetched(far: FaultyFhir, tmp_path: Path) -> None:
    to = sink(far.base, verify="content", inline_bytes=50)
    send_one(to, record(tmp_path))
    shown: Any = far.kept("DocumentReference")[0]["content"][0]["attachment"]
    shown["url"] = "http://elsewhere.example/Binary/1"

    assert [(one.sha256, one.sha1) for one in to.inventory()] == [(None, SHA1)]


def test_a_server_asked_id_by_id_needs_the_ids(far: FaultyFhir, tmp_path: Path) -> None:
    to = sink(far.base, inventory="each")
    ids = [f"d{n:02}-1" for n in range(25)]
    send(to, *(record(tmp_path, external_id=one) for one in ids))

    with pytest.raises(NotAllowedNow):
        to.inventory()
    assert sorted(one.external_id for one in to.inventory([*ids, "never-1"])) == ids


def test_a_server_that_lists_anything_is_not_believed(far: FaultyFhir, tmp_path: Path) -> None:
    far.keep({"resourceType": "DocumentReference", "identifier": [{"system": "urn:x", "value": "1"}]})
    far.ignores_search = True

    with pytest.raises(ConfigError, match="system alone"):
        list(sink(far.base).inventory())


def test_a_list_without_content_is_completed_by_reading(far: FaultyFhir, tmp_path: Path) -> None:
    """Some servers leave the content out of lists; then its hash is asked for."""
    to = sink(far.base)
    send_one(to, record(tmp_path))
    real = far.kept("DocumentReference")[0]
    reference = f"DocumentReference/{real['id']}"
    listed = {key: value for key, value in real.items() if key != "content"}

    class Listing(dict[str, Any]):
        def values(self) -> Any:
            return [listed if one is real else one for one in super().values()]

    far.resources = Listing(far.resources)

    assert far.resources[reference] is real
    assert [one.sha1 for one in to.inventory()] == [SHA1]


@pytest.mark.parametrize("step", [1, 2, 3, 5, 7, 64, 10_000])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 100])
def test_base64_within_json_is_decoded_as_it_comes(step: int, size: int) -> None:
    data = bytes(range(256))[:size] * 3
    text = base64.b64encode(data).decode().replace("/", "\\/")
    whole = b'{"resourceType": "Binary", "contentType":"x", "data" : "' + text.encode() + b'", "id":"1"}'

    pieces = (whole[at : at + step] for at in range(0, len(whole), step))

    assert b"".join(data_in(pieces)) == data


def test_json_without_data_is_nothing() -> None:
    assert b"".join(data_in([json.dumps({"resourceType": "Binary"}).encode()])) == b""


def test_the_ids_of_one_document_are_told_once(far: FaultyFhir, tmp_path: Path) -> None:
    """masterIdentifier and identifier say the same."""
    to = sink(far.base)
    send_one(to, record(tmp_path))
    made = far.kept("DocumentReference")[0]

    assert (
        made["masterIdentifier"]
        == made["identifier"][0]
        == {"system": SYSTEM, "value": record(tmp_path).external_id}
    )
    assert len(list(to.inventory())) == 1
