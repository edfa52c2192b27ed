"""Facts about sending to a FHIR server: once, whatever happens on the way."""

from __future__ import annotations

import base64
import dataclasses
import itertools
import random
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scanindex.delivery_model import Action, ExportRecord
from scanindex.ehr.fhir_sink import FhirSink
from scanindex.errors import ConfigError, FixityFailed, ReceiverSilent, TransientError
from scanindex.model import PersonName
from tests.ehr.fhir_faults import Fault, FaultyFhir
from tests.ehr.fhir_samples import SYSTEM, corrected, patient_resource, report, send, send_one, sink
from tests.ehr.records import SMALL_PDF, content, patient, pdf, record

DOCUMENT, REPORT = "DocumentReference", "DiagnosticReport"


@pytest.fixture
def far() -> Iterator[FaultyFhir]:
    """A server that knows our patient."""
    with FaultyFhir() as made:
        made.keep(patient_resource(patient()))
        yield made


def pushed_until_taken(to: FhirSink, one: ExportRecord, most: int = 10) -> int:
    """As the courier does: the same again after what may be over soon. Returns the tries."""
    for count in itertools.count(1):
        try:
            assert send_one(to, one).is_taken
            return count
        except TransientError:
            assert count < most


def statuses(far: FaultyFhir, kind: str = DOCUMENT) -> dict[str, str]:
    return {one["identifier"][0]["value"]: one["status"] for one in far.kept(kind)}


# --- once -------------------------------------------------------------------------------------------
def test_a_document_arrives_under_its_patient(far: FaultyFhir, tmp_path: Path) -> None:
    receipt = send_one(sink(far.base), record(tmp_path))

    (made,) = far.kept(DOCUMENT)
    assert receipt.is_taken
    assert receipt.receiver_ids == (f"{DOCUMENT}/{made['id']}",)
    assert made["subject"] == {"reference": "Patient/1"}
    assert base64.b64decode(made["content"][0]["attachment"]["data"]) == SMALL_PDF


@pytest.mark.parametrize("bundle", ["single", "transaction"])
def test_sent_again_it_stays_one(far: FaultyFhir, tmp_path: Path, bundle: str) -> None:
    to, one = sink(far.base, bundle=bundle, provenance=True), report(tmp_path)

    first, second = send_one(to, one), send_one(to, one)

    assert second.code == "found"
    assert first.receiver_ids[0] == second.receiver_ids[0]
    assert [len(far.kept(kind)) for kind in (DOCUMENT, REPORT, "Provenance", "Binary")] == [1, 1, 1, 1]


@pytest.mark.parametrize("fault", [Fault.LOSE, Fault.DROP_AFTER, Fault.UNAVAILABLE, Fault.BUSY])
@pytest.mark.parametrize("bundle", ["single", "transaction"])
def test_what_is_lost_on_the_way_is_sent_again_and_stays_one(
    far: FaultyFhir, tmp_path: Path, fault: Fault, bundle: str
) -> None:
    far.script = [fault]

    tries = pushed_until_taken(sink(far.base, bundle=bundle), record(tmp_path))

    assert tries == 2
    assert len(far.kept(DOCUMENT)) == 1


def test_an_answer_that_comes_too_late_is_no_second_document(far: FaultyFhir, tmp_path: Path) -> None:
    far.script, far.delay_seconds = [Fault.DELAY], 1.0
    to = sink(far.base, sending={"timeout_seconds": 0.3})

    pushed_until_taken(to, record(tmp_path))

    assert len(far.kept(DOCUMENT)) == 1


@pytest.mark.parametrize("seed", range(6))
def test_any_order_of_faults_leaves_one_of_everything(far: FaultyFhir, tmp_path: Path, seed: int) -> None:
    """Documents, reports, provenances and the Binary that reports need."""
    chance = random.Random(seed)
    faults = [Fault.NONE, Fault.LOSE, Fault.DROP_AFTER, Fault.BUSY, Fault.UNAVAILABLE]
    far.script = chance.choices(faults, k=30)
    to = sink(far.base, provenance=True)
    records = [report(tmp_path, external_id=f"d{seed}{n}-1") for n in range(4)]

    for one in records:
        pushed_until_taken(to, one, most=40)

    assert sorted(statuses(far)) == sorted(one.external_id for one in records)
    assert [len(far.kept(kind)) for kind in (DOCUMENT, REPORT, "Binary")] == [4, 4, 4]
    assert len(far.kept("Provenance")) == 4
    pointed_to = {one["content"][0]["attachment"]["url"].rsplit("/", 1)[1] for one in far.kept(DOCUMENT)}
    assert pointed_to == {one["id"] for one in far.kept("Binary")}


def test_a_document_of_this_id_with_other_content_is_not_taken_for_ours(
    far: FaultyFhir, tmp_path: Path
) -> None:
    one = record(tmp_path)
    to = sink(far.base)
    send_one(to, one)
    other = dataclasses.replace(one, content=content(pdf(tmp_path, "other.pdf", SMALL_PDF + b"\n")))

    receipt = send_one(to, other)

    assert (receipt.is_taken, receipt.code) == (False, "other_content")


def test_a_server_that_finds_anything_for_any_id_is_not_believed(far: FaultyFhir, tmp_path: Path) -> None:
    """Some servers ignore search parameters; then nothing could be sent only once."""
    to = sink(far.base)
    send_one(to, record(tmp_path, external_id="one-1"))
    far.ignores_search = True

    with pytest.raises(ConfigError, match="by identifier"):
        send_one(to, record(tmp_path, external_id="two-1"))
    assert len(far.kept(DOCUMENT)) == 1


def test_a_report_that_is_not_taken_does_not_hide_that_the_document_was(
    far: FaultyFhir, tmp_path: Path
) -> None:
    """Were it told as refused, no correction would ever be sent after it."""
    far.script = [Fault.NONE, Fault.NONE, Fault.REFUSE]

    receipt = send_one(sink(far.base), report(tmp_path))

    assert (receipt.is_taken, len(far.kept(DOCUMENT)), len(far.kept(REPORT))) == (True, 1, 0)
    assert "422 it is wrong" in receipt.text


@pytest.mark.parametrize("half", [DOCUMENT, REPORT])
def test_a_transaction_taken_by_half_is_completed_or_refused(
    far: FaultyFhir, tmp_path: Path, half: str
) -> None:
    far.keeps_good_half = half

    receipt = send_one(sink(far.base, bundle="transaction"), report(tmp_path))

    assert receipt.is_taken is (half == REPORT)
    assert len(far.kept(DOCUMENT)) == (half == REPORT)
    assert len(far.kept(REPORT)) == 1


# --- large ones -------------------------------------------------------------------------------------
@pytest.mark.parametrize("form", ["json", "raw"])
@pytest.mark.parametrize("how", ["post", "own_id"])
def test_a_large_file_goes_as_binary_and_is_pointed_to(
    far: FaultyFhir, tmp_path: Path, form: str, how: str
) -> None:
    to = sink(far.base, inline_bytes=50, binary=how, binary_form=form)

    send_one(to, record(tmp_path))

    (binary,), (made,) = far.kept("Binary"), far.kept(DOCUMENT)
    assert made["content"][0]["attachment"]["url"] == f"{far.base}/Binary/{binary['id']}"
    assert base64.b64decode(binary["data"]) == SMALL_PDF


@pytest.mark.parametrize(
    ("how", "has_search", "left"), [("own_id", False, 1), ("post", True, 1), ("post", False, 2)]
)
def test_killed_between_binary_and_document_no_second_binary_is_left(
    far: FaultyFhir, tmp_path: Path, how: str, has_search: bool, left: int
) -> None:
    """But where the server neither takes our ids nor finds Binaries by tag: there one remains."""
    far.has_binary_search = has_search
    far.script = [Fault.DROP_AFTER]
    to = sink(far.base, inline_bytes=50, binary=how)
    with pytest.raises(ReceiverSilent):
        send_one(to, record(tmp_path))

    send_one(sink(far.base, inline_bytes=50, binary=how), record(tmp_path))

    assert len(far.kept(DOCUMENT)) == 1
    assert len(far.kept("Binary")) == left


def test_a_report_shows_the_same_address_twice(far: FaultyFhir, tmp_path: Path) -> None:
    """US Core, clinical notes: DocumentReference and DiagnosticReport point to one content."""
    send_one(sink(far.base), report(tmp_path))

    (document,), (made,) = far.kept(DOCUMENT), far.kept(REPORT)
    assert made["presentedForm"][0] == document["content"][0]["attachment"]
    assert made["presentedForm"][0]["url"]


def test_memory_stays_flat(far: FaultyFhir, tmp_path: Path) -> None:
    """A file of 24 MB is never in our memory; the server here keeps it in base64, outside of the count."""
    data = bytes(24 << 20)
    one = record(tmp_path, content=content(pdf(tmp_path, data=data)))
    peaks: list[int] = []
    to = sink(far.base, inline_bytes=50, binary_form="raw")
    real = to._line.send  # type: ignore[attr-defined]

    def watched(method: str, address: str, body: Any, *more: Any, **how: Any) -> Any:
        if address.endswith("/Binary"):
            tracemalloc.start()
            assert sum(len(piece) for piece in _drained(body)) == len(data)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            return real(method, address, (b"%PDF-",), *more, **how)
        return real(method, address, body, *more, **how)

    to._line.send = watched  # type: ignore[attr-defined,method-assign]
    send_one(to, one)

    assert peaks[0] < 8 << 20


def _drained(body: Any) -> Iterator[bytes]:
    from scanindex.ehr import parts

    return parts.chunks(body)


def test_a_damaged_file_is_never_sent_whole(far: FaultyFhir, tmp_path: Path) -> None:
    one = record(tmp_path)
    assert one.content is not None
    one.content.path.write_bytes(SMALL_PDF[:-1] + b"X")

    for inline_bytes in (50, 5 << 20):
        with pytest.raises(FixityFailed):
            send_one(sink(far.base, inline_bytes=inline_bytes), one)
    assert far.kept(DOCUMENT) == []


def test_a_file_damaged_on_the_way_breaks_the_request_off(far: FaultyFhir, tmp_path: Path) -> None:
    """Its hash is known only at its end; the announced length is not reached, so nothing is taken."""
    one = record(tmp_path)
    assert one.content is not None
    to = sink(far.base, inline_bytes=50, binary_form="raw")
    one.content.path.write_bytes(b"x" * len(SMALL_PDF))

    with pytest.raises(FixityFailed):
        send_one(to, one)
    assert (far.kept("Binary"), far.kept(DOCUMENT)) == ([], [])


# --- whose it is ------------------------------------------------------------------------------------
def patients(far: FaultyFhir, *found: dict[str, Any]) -> None:
    far.resources.clear()
    for one in found:
        far.keep(one)


OURS = patient_resource(patient())


@pytest.mark.parametrize(
    ("there", "code"),
    [
        ([], "patient_unknown"),
        ([OURS, OURS], "patient_ambiguous"),
        ([{**OURS, "active": False}], "patient_inactive"),
        (
            [{**OURS, "link": [{"type": "replaced-by", "other": {"reference": "Patient/9"}}]}],
            "patient_inactive",
        ),
        ([{**OURS, "birthDate": "1924-11-12"}], "patient_birth_date_differs"),
        ([{**OURS, "birthDate": "1925"}], "patient_birth_date_differs"),
        ([{**OURS, "name": [{"family": "Sorensen", "given": ["Ole"]}]}], "patient_name_differs"),
        (
            [{**OURS, "birthDate": None, "name": [{"family": "Roe", "given": ["Harriet"]}]}],
            "patient_name_differs",
        ),
    ],
)
def test_a_doubtful_patient_is_refused_and_never_guessed(
    far: FaultyFhir, tmp_path: Path, there: list[dict[str, Any]], code: str
) -> None:
    patients(far, *there)

    receipt = send_one(sink(far.base), record(tmp_path))

    assert (receipt.is_taken, receipt.code) == (False, code)
    assert far.kept(DOCUMENT) == [] and not receipt.has_left


@pytest.mark.parametrize(
    "there",
    [
        {**OURS, "birthDate": "1924-11"},
        {**OURS, "birthDate": None},
        {**OURS, "name": [{"family": "Married", "given": ["HARRIET"]}]},
        {**OURS, "name": [{"text": "quimby, h."}]},
        {**OURS, "name": None},
    ],
)
def test_what_does_not_contradict_is_the_patient(
    far: FaultyFhir, tmp_path: Path, there: dict[str, Any]
) -> None:
    patients(far, there)

    assert send_one(sink(far.base), record(tmp_path)).is_taken


def test_accents_and_case_are_no_difference(far: FaultyFhir, tmp_path: Path) -> None:
    name = PersonName(last="Ñandú-O’Brien", first="X")
    patients(far, {**OURS, "birthDate": None, "name": [{"family": "NANDU OBRIEN"}]})

    assert send_one(sink(far.base), record(tmp_path, patient=patient(names=(name,)))).is_taken


def test_the_strict_rule_wants_a_birth_date(far: FaultyFhir, tmp_path: Path) -> None:
    patients(far, {**OURS, "birthDate": "1924"})

    receipt = send_one(sink(far.base, patient_check="birth_date"), record(tmp_path))

    assert receipt.code == "patient_birth_date_unknown"


def test_the_comparison_can_be_turned_off(far: FaultyFhir, tmp_path: Path) -> None:
    patients(far, {**OURS, "birthDate": "1999-01-01"})

    assert send_one(sink(far.base, patient_check="off"), record(tmp_path)).is_taken


def test_patients_are_made_only_where_the_profile_says_so_and_once(far: FaultyFhir, tmp_path: Path) -> None:
    patients(far)
    far.script = [Fault.DROP_AFTER]
    to = sink(far.base, create_patients=True)

    pushed_until_taken(to, record(tmp_path))
    send_one(to, record(tmp_path, external_id="other-1"))

    (made,) = far.kept("Patient")
    assert made["birthDate"] == "1924-11-21"
    assert len(far.kept(DOCUMENT)) == 2


def test_a_chart_asks_for_its_patient_once(far: FaultyFhir, tmp_path: Path) -> None:
    send(sink(far.base), *(record(tmp_path, external_id=f"d{n}-1") for n in range(5)))

    assert sum("/Patient?" in path for _, path, _ in far.requests) == 1


def test_searching_by_post_leaves_no_number_in_an_address(far: FaultyFhir, tmp_path: Path) -> None:
    to = sink(far.base, search="post", page_size=1)
    send(to, record(tmp_path), record(tmp_path, external_id="other-1"))

    assert len(list(to.inventory())) == 2
    assert any(path.endswith("/Patient/_search") for _, path, _ in far.requests)
    assert not any("00123456" in path for _, path, _ in far.requests)


def test_a_cached_patient_is_compared_each_time(far: FaultyFhir, tmp_path: Path) -> None:
    to = sink(far.base)
    send_one(to, record(tmp_path))

    receipt = send_one(to, record(tmp_path, external_id="d-9", patient=patient(birth_date="1950-01-01")))

    assert receipt.code == "patient_birth_date_differs"


@pytest.mark.parametrize(("rule", "taken"), [("known", True), ("required", False)])
def test_a_visit_of_another_patient_is_not_named(
    far: FaultyFhir, tmp_path: Path, rule: str, taken: bool
) -> None:
    number = {"system": "urn:oid:1.2.3", "value": "V7"}
    far.keep({"resourceType": "Encounter", "identifier": [number], "subject": {"reference": "Patient/77"}})
    to = sink(far.base, encounter_system="urn:oid:1.2.3", document={"encounter": rule})

    receipt = send_one(to, record(tmp_path, encounter_id="V7"))

    assert receipt.is_taken is taken
    assert not any("encounter" in one.get("context", {}) for one in far.kept(DOCUMENT))


def test_a_visit_of_the_patient_is_named(far: FaultyFhir, tmp_path: Path) -> None:
    number = {"system": "urn:oid:1.2.3", "value": "V7"}
    subject = {"reference": f"{far.base}/Patient/1"}
    visit = far.keep({"resourceType": "Encounter", "identifier": [number], "subject": subject})
    to = sink(far.base, encounter_system="urn:oid:1.2.3", document={"encounter": "known"})

    send_one(to, record(tmp_path, encounter_id="V7"))

    assert far.kept(DOCUMENT)[0]["context"]["encounter"] == [{"reference": visit}]


# --- corrections ------------------------------------------------------------------------------------
@pytest.mark.parametrize("update", ["put", "patch"])
def test_a_replacement_stands_and_the_old_one_is_superseded(
    far: FaultyFhir, tmp_path: Path, update: str
) -> None:
    to, old = sink(far.base, update=update), report(tmp_path)
    send_one(to, old)
    new = corrected(tmp_path, old, Action.REPLACE)

    receipt = send_one(to, new)

    assert statuses(far) == {old.external_id: "superseded", new.external_id: "current"}
    assert statuses(far, REPORT) == {old.external_id: "entered-in-error", new.external_id: "final"}
    made = next(one for one in far.kept(DOCUMENT) if one["status"] == "current")
    (relation,) = made["relatesTo"]
    assert relation["code"] == "replaces"
    assert relation["target"]["identifier"] == {"system": SYSTEM, "value": old.external_id}
    assert f"{DOCUMENT}/{made['id']}" == receipt.receiver_ids[0]


def test_a_replacement_broken_off_before_the_old_one_was_marked_is_made_good(
    far: FaultyFhir, tmp_path: Path
) -> None:
    to, old = sink(far.base), record(tmp_path)
    send_one(to, old)
    new = corrected(tmp_path, old, Action.REPLACE)
    far.script = [Fault.NONE, Fault.LOSE]

    pushed_until_taken(to, new)

    assert statuses(far) == {old.external_id: "superseded", new.external_id: "current"}


def test_a_server_without_updates_keeps_the_old_one_and_says_so(far: FaultyFhir, tmp_path: Path) -> None:
    to, old = sink(far.base), record(tmp_path)
    send_one(to, old)
    far.takes_updates = False

    receipt = send_one(to, corrected(tmp_path, old, Action.REPLACE))

    assert receipt.is_taken
    assert "could not be marked" in receipt.text


def test_a_withdrawal_marks_every_double(far: FaultyFhir, tmp_path: Path) -> None:
    far.script = [Fault.NONE, Fault.DOUBLE]
    to, old = sink(far.base), report(tmp_path)
    send_one(to, old)
    assert len(far.kept(DOCUMENT)) == 2

    receipt = send_one(to, corrected(tmp_path, old, Action.CANCEL))

    assert receipt.is_taken
    assert {one["status"] for one in (*far.kept(DOCUMENT), *far.kept(REPORT))} == {"entered-in-error"}
    assert all("content" in one for one in far.kept(DOCUMENT))


def test_a_withdrawal_of_what_is_not_there_is_done_already(far: FaultyFhir, tmp_path: Path) -> None:
    receipt = send_one(sink(far.base), corrected(tmp_path, record(tmp_path), Action.CANCEL))

    assert (receipt.is_taken, receipt.code) == (True, "absent")


def test_a_withdrawal_that_is_not_allowed_is_refused(far: FaultyFhir, tmp_path: Path) -> None:
    to, old = sink(far.base), record(tmp_path)
    send_one(to, old)
    far.takes_updates = False

    receipt = send_one(to, corrected(tmp_path, old, Action.CANCEL))

    assert (receipt.is_taken, receipt.code) == (False, "no_update")


def test_a_server_that_forgets_our_ids_is_corrected_by_its_own(far: FaultyFhir, tmp_path: Path) -> None:
    """Some ignore what they do not list; their answer to the first sending is all there is."""
    far.keeps_identifiers = False
    to, old = sink(far.base), record(tmp_path)
    ids = send_one(to, old).receiver_ids

    send_one(to, corrected(tmp_path, old, Action.CANCEL, replaced_receiver_ids=ids))

    assert far.kept(DOCUMENT)[0]["status"] == "entered-in-error"


def test_another_document_under_a_remembered_id_is_left_alone(far: FaultyFhir, tmp_path: Path) -> None:
    to = sink(far.base)
    other = send_one(to, record(tmp_path, external_id="other-1"))
    old = record(tmp_path)

    receipt = send_one(to, corrected(tmp_path, old, Action.CANCEL, replaced_receiver_ids=other.receiver_ids))

    assert receipt.code == "absent"
    assert statuses(far) == {"other-1": "current"}


# --- what a server may say --------------------------------------------------------------------------
def test_a_refusal_is_a_receipt_with_the_servers_words(far: FaultyFhir, tmp_path: Path) -> None:
    far.script = [Fault.REFUSE]

    receipts = send(sink(far.base), record(tmp_path), record(tmp_path, external_id="next-1"))

    assert (receipts[0].is_taken, receipts[0].code, receipts[0].text) == (False, "422", "it is wrong")
    assert receipts[1].is_taken


@pytest.mark.parametrize("fault", [Fault.FORBID, Fault.UNKNOWN_USER, Fault.REDIRECT])
def test_what_only_a_person_can_mend_stops_the_run(far: FaultyFhir, tmp_path: Path, fault: Fault) -> None:
    far.script = [fault]

    with pytest.raises(ConfigError):
        send_one(sink(far.base), record(tmp_path))


def test_a_busy_server_says_when_it_may_be_asked_again(far: FaultyFhir, tmp_path: Path) -> None:
    far.script = [Fault.BUSY]

    with pytest.raises(ReceiverSilent) as caught:
        send_one(sink(far.base), record(tmp_path))
    assert caught.value.retry_after_seconds == 7


@pytest.mark.parametrize("host", ["127.0.0.1:1", "no-such-host.invalid"])
def test_where_nobody_is_reached_nothing_left(tmp_path: Path, host: str) -> None:
    """Which is said, for the accounting of disclosures."""
    with pytest.raises((ConfigError, ReceiverSilent)) as caught:
        send_one(sink(f"https://{host}/fhir"), record(tmp_path))
    assert caught.value.nothing_left


def test_a_document_whose_request_was_cut_off_may_have_arrived(far: FaultyFhir, tmp_path: Path) -> None:
    far.script = [Fault.DROP_AFTER]
    with pytest.raises(ReceiverSilent) as caught:
        send_one(sink(far.base), record(tmp_path))
    assert not caught.value.nothing_left


def test_no_name_no_number_in_any_error(far: FaultyFhir, tmp_path: Path) -> None:
    for fault in (Fault.FORBID, Fault.LOSE, Fault.UNAVAILABLE):
        far.script = [fault]
        with pytest.raises((ConfigError, ReceiverSilent)) as caught:
            send_one(sink(far.base), record(tmp_path))
        assert not any(word in str(caught.value) for word in ("Quimby", "00123456", "Chen", str(tmp_path)))
