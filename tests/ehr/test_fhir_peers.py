"""Facts shown against servers and judges that are not ours (see tests/ehr/peers)."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scanindex.delivery_model import Action, ConsentNote, ExportRecord, Held, Parcel
from scanindex.ehr import fhir_resources, parts
from scanindex.ehr.fhir_files import FhirFiles
from scanindex.ehr.fhir_resources import Place, is_report
from scanindex.ehr.fhir_sink import FhirSink
from scanindex.ehr.fhir_values import Json, json_parts
from scanindex.ehr.mhd import MhdFiles
from scanindex.errors import TransientError
from scanindex.model import PersonName
from tests.ehr.fhir_faults import FaultyFhir
from tests.ehr.fhir_samples import (
    corrected,
    every_type,
    patient_resource,
    report,
    send,
    send_one,
    sink,
    target,
)
from tests.ehr.peers import servers
from tests.ehr.peers import validators as judges
from tests.ehr.peers.fault_server import FaultServer, HttpFault
from tests.ehr.records import HOSTILE, SMALL_PDF, patient, pdf, record

SHA256 = hashlib.sha256(SMALL_PDF).hexdigest()
_SERVERS = [
    pytest.param(name, marks=() if name in servers.FAST else pytest.mark.slow) for name in servers.ALL
]


@pytest.fixture(scope="module", params=_SERVERS)
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server that knows our patient."""
    with servers.ALL[request.param](tmp_path_factory.mktemp(request.param)) as address:
        posted(address, "Patient", patient_resource(patient()))
        yield address


def posted(base: str, kind: str, resource: Json) -> None:
    asked = urllib.request.Request(f"{base}/{kind}", json.dumps(resource).encode(), method="POST")
    asked.add_header("Content-Type", "application/fhir+json")
    with urllib.request.urlopen(asked, timeout=60):
        pass


def receiver(base: str, **fhir: Any) -> FhirSink:
    # Medplum's server in memory gives no next pages.
    return sink(base, **{"page_size": 1000, "sending": {"timeout_seconds": 60.0}, **fhir})


def fresh(folder: Path, name: str, **changes: Any) -> ExportRecord:
    return record(folder, external_id=f"{name}-1", document_id=name, **changes)


def listed(to: FhirSink, *names: str) -> dict[str, list[Held]]:
    """By external id."""
    found: dict[str, list[Held]] = {}
    for one in to.inventory():
        if one.external_id.rsplit("-", 1)[0] in names:
            found.setdefault(one.external_id, []).append(one)
    return found


# --- servers ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "how",
    [
        {},
        {"bundle": "transaction", "provenance": True},
        {"inline_bytes": 50, "binary": "own_id", "update": "patch", "provenance": True},
    ],
    ids=["single", "transaction", "binary"],
)
def test_push_resend_replace_cancel_and_list(base: str, tmp_path: Path, how: dict[str, Any]) -> None:
    name = f"life{abs(hash(str(how))) % 10**6}"
    to = receiver(base, verify="content", **how)
    note = fresh(tmp_path, f"n{name}")
    lab = dataclasses.replace(report(tmp_path, external_id=f"r{name}-1"), document_id=f"r{name}")
    for one in (note, lab, note, lab):
        assert send_one(to, one).is_taken
    new_note, new_lab = (corrected(tmp_path, one, Action.REPLACE) for one in (note, lab))
    for one in (new_note, new_lab, new_note):
        assert send_one(to, one).is_taken

    found = listed(to, f"n{name}", f"r{name}")

    assert {key: [one.is_current for one in held] for key, held in found.items()} == {
        note.external_id: [False],
        lab.external_id: [False],
        new_note.external_id: [True],
        new_lab.external_id: [True],
    }
    assert {one.sha256 for held in found.values() for one in held} == {SHA256}
    assert {one.patient for held in found.values() for one in held} == {"00123456"}
    gone = corrected(tmp_path, new_note, Action.CANCEL, 3)
    assert [one.is_taken for one in send(to, gone, gone)] == [True, True]
    assert [one.is_current for one in listed(to, f"n{name}")[new_note.external_id]] == [False]


def test_a_patient_unknown_there_is_refused(base: str, tmp_path: Path) -> None:
    main = dataclasses.replace(patient().main, value="40404040")

    receipt = send_one(receiver(base), fresh(tmp_path, "nobody", patient=patient(identifiers=(main,))))

    assert receipt.code == "patient_unknown"


def test_hostile_values_are_stored_as_they_were_sent(base: str, tmp_path: Path) -> None:
    to = receiver(base)
    for place, value in enumerate(HOSTILE):
        one = fresh(tmp_path, f"hostile{place}", title=value, author=value, facility=value)
        (reference, *_) = send_one(to, one).receiver_ids
        with urllib.request.urlopen(f"{base}/{reference}", timeout=60) as answer:
            made = json.load(answer)
        allowed = "".join(c for c in value if c in "\t\n\r" or ord(c) >= 32).strip()
        assert made["content"][0]["attachment"]["title"] == allowed
        assert made["author"][0]["display"] == allowed


_FAULTS = [
    HttpFault.BUSY,
    HttpFault.UNAVAILABLE,
    HttpFault.CLOSES_BEFORE,
    HttpFault.CLOSES_AFTER,
    HttpFault.FAILS_AFTER,
]


@pytest.mark.parametrize("seed", range(2))
def test_faults_on_the_way_leave_one(base: str, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    records = [fresh(tmp_path, f"fault{seed}x{n}") for n in range(6)]
    with FaultServer(base, script=lambda number, asked: chance.choice([*_FAULTS, HttpFault.NONE])) as far:
        to = receiver(far.base)
        for one in records:
            for _ in range(40):
                try:
                    assert send_one(to, one).is_taken
                    break
                except TransientError:
                    continue

    found = listed(receiver(base), *(one.document_id for one in records))
    assert {key: len(held) for key, held in found.items()} == {one.external_id: 1 for one in records}


@pytest.mark.parametrize(("fault", "held"), [(HttpFault.LOSES, 0), (HttpFault.DOUBLES, 2)])
def test_what_the_server_does_behind_our_back_shows_in_its_list(
    base: str, tmp_path: Path, fault: HttpFault, held: int
) -> None:
    one = fresh(tmp_path, f"behind{held}")
    with FaultServer(base, script=[fault]) as far:
        send_one(receiver(far.base), one)

    assert len(listed(receiver(base), one.document_id).get(one.external_id, [])) == held


def test_one_byte_changed_on_the_way_is_refused_or_shows_in_the_list(base: str, tmp_path: Path) -> None:
    """HAPI compares the hash itself; the others keep what came."""
    one = fresh(tmp_path, "altered")
    with FaultServer(base, script=[HttpFault.ALTERS]) as far:
        receipt = send_one(receiver(far.base), one)

    held = listed(receiver(base, verify="content"), "altered").get(one.external_id, [])
    assert [made.sha256 == SHA256 for made in held] == ([False] if receipt.is_taken else [])


# --- killed, and large ------------------------------------------------------------------------------
_CHILD = """
import dataclasses, hashlib, sys
from pathlib import Path
from tests.ehr.fhir_samples import send_one, sink
from tests.ehr.records import record
base, folder, file, name = sys.argv[1:5]
one = record(Path(folder), external_id=name)
with Path(file).open("rb") as stream:
    made = hashlib.file_digest(stream, "sha256").hexdigest()
size = Path(file).stat().st_size
content = dataclasses.replace(one.content, path=Path(file), size_bytes=size, sha256=made)
one = dataclasses.replace(one, content=content)
# Relative: the fault server stands at another address than the real one.
how = {"inline_bytes": 1000, "binary": sys.argv[5], "binary_form": sys.argv[6], "binary_url": "relative"}
receipt = send_one(sink(base, **how), one)
peak = next(x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith("VmHWM"))
print(receipt.code, peak.split()[1])
"""


def child(*args: object) -> subprocess.Popen[str]:
    """Sends one document in a process of its own."""
    command = [sys.executable, "-c", _CHILD, *map(str, args)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2], env={**os.environ}
    )


@pytest.mark.slow
@pytest.mark.parametrize("asked", ["/Binary", "/DocumentReference"])
def test_killed_while_the_server_works_it_stays_one(base: str, tmp_path: Path, asked: str) -> None:
    """kill -9 after the server took a Binary, or a document, and before we heard of it."""
    name = f"killed{asked[1:4].lower()}-1"
    file = pdf(tmp_path, data=SMALL_PDF + b"%" * 5_000)

    def late(number: int, request: Any) -> HttpFault:
        return HttpFault.LATE if asked in request.path else HttpFault.NONE

    with FaultServer(base, script=late, late_seconds=3.0) as far:
        process = child(far.base, tmp_path, file, name, "own_id", "json")
        end = time.monotonic() + 60
        while not any(asked in one.path and one.number >= 0 for one in far.requests):
            assert time.monotonic() < end
            time.sleep(0.02)
        time.sleep(1.0)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    again = child(base, tmp_path, file, name, "own_id", "json")
    told, _ = again.communicate(timeout=120)

    assert told.split()[0] == ("201" if asked == "/Binary" else "found")
    found = listed(receiver(base, verify="content"), name.rsplit("-", 1)[0])
    assert [(one.sha256, one.size_bytes) for one in found[name]] == [
        (hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_size)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "raw"])
def test_a_hundred_megabytes_take_no_more_memory_than_one(tmp_path: Path, form: str) -> None:
    peaks = []
    for size in (1 << 20, 100 << 20):
        file = pdf(tmp_path, f"{size}.pdf", b"%PDF-1.7\n" + os.urandom(size))
        with FaultyFhir() as far:
            far.keep(patient_resource(patient()))
            told, _ = child(far.base, tmp_path, file, "large-1", "post", form).communicate(timeout=300)
            code, peak = told.split()
            assert code == "201"
            peaks.append(int(peak))
            found = list(sink(far.base, verify="content").inventory())
            assert found[0].size_bytes == file.stat().st_size

    assert peaks[1] - peaks[0] < 12_000  # kB


# --- judges -----------------------------------------------------------------------------------------
HERE = Place(subject={"reference": "Patient/1"})
THERE = Place(
    subject={"reference": "Patient/1"},
    url="https://ehr.example/fhir/Binary/1",
    encounter={"reference": "Encounter/2"},
    replaced=({"reference": "DocumentReference/3"},),
)
EXCUSED = {
    ("pyfhircheck", "Invalid reference Patient?identifier="): (
        "R4 allows conditional references in transactions (http.html#trules); it knows none."
    ),
    ("pyfhircheck", "is not in required profile ValueSet"): (
        "A required binding wants one coding of the set, beside which a local one may stand; it wants all."
    ),
    ("pyfhircheck", "ihe-sourceId could not be found"): "It has no definitions of MHD.",
    ("hl7_java", "None of the codings provided are in the value set"): (
        "Only where a local code of a system that it does not know stands beside LOINC; alone, LOINC passes."
    ),
}
"""Judge and complaint to why it is wrong here; all others fail the test."""


def read(value: Any) -> Any:
    return json.loads(b"".join(parts.chunks(json_parts(value))))


def resources(folder: Path) -> Iterator[tuple[str, Json]]:
    """Everything we send: all types, actions and forms."""
    rule = target(provenance=True, custodian="Organization/1", custodian_name="Records").fhir
    for one in every_type(folder):
        for place in (HERE, THERE):
            shown = fhir_resources.attachment(one, place.url)
            yield (
                f"{one.type.key} {place.url}",
                read(fhir_resources.document_reference(one, rule, place, shown)),
            )
            if is_report(one, rule):
                made = fhir_resources.diagnostic_report(one, rule, place, shown)
                yield f"report of {one.type.key}", read(made)
    plain = record(folder)
    full = dataclasses.replace(
        plain,
        sensitivity=("mental_health", "substance_use", "hiv", "reproductive", "vip", "minor"),
        confidentiality="V",
        service_date="1998-03",
        service_end="1999-04-03",
        consent=ConsentNote(reference="C-12", given_on="2026-01-02", notice="42 CFR part 2 ..."),
        type=dataclasses.replace(plain.type, local="PN1", local_title="Note"),
    )
    local = dataclasses.replace(rule, type_system="https://springfield.example/types", author="contained")
    for one, how in ((full, rule), (full, local), (dataclasses.replace(plain, service_date="1998"), rule)):
        shown = fhir_resources.attachment(one, None)
        yield "all labels", read(fhir_resources.document_reference(one, how, HERE, shown))
    undated = report(folder, external_id="undated-1", service_date=None)
    yield (
        "undated",
        read(fhir_resources.diagnostic_report(undated, rule, HERE, {"contentType": "a/b", "url": "x"})),
    )
    yield "provenance", read(fhir_resources.provenance(plain, rule, ({"reference": "DocumentReference/1"},)))
    yield "patient", read(fhir_resources.patient(plain.patient, is_claiming=True))
    yield "binary", read(fhir_resources.binary(plain, rule, "x-1"))
    yield from hostile(folder)
    yield from files(folder)


def hostile(folder: Path) -> Iterator[tuple[str, Json]]:
    rule = target().fhir
    for place, value in enumerate(HOSTILE):
        who = patient(names=(PersonName(last=value, first=value),), address=value, phone=value)
        one = record(folder, title=value, author=value, facility=value, patient=who)
        shown = fhir_resources.attachment(one, None)
        yield f"hostile {place}", read(fhir_resources.document_reference(one, rule, HERE, shown))
        yield f"hostile patient {place}", read(fhir_resources.patient(who, is_claiming=True))


def files(folder: Path) -> Iterator[tuple[str, Json]]:
    for kind in ("ndjson", "bundles"):
        form = FhirFiles(target(files=kind, provenance=True))
        for old in (record(folder), report(folder, external_id="rep-1")):
            for action in Action:
                one = old if action is Action.NEW else corrected(folder, old, action)
                parcel = Parcel(name="p", number=1, records=(one,))
                for _, made in (*form.files(one), *form.closing(parcel)):
                    for line in b"".join(parts.chunks(made)).splitlines():
                        yield f"{kind} {action}", json.loads(line)
    for shape in ("simplified", "minimal"):
        # Nobody here has MHD's profiles; what they demand stands in test_mhd.py.
        how = target(target={"format": "mhd"}, mhd=shape, source_oid="1.2.3.4", claim_profiles=False)
        for one in (record(folder), corrected(folder, record(folder), Action.REPLACE)):
            for _, made in MhdFiles(how).files(one):
                yield f"mhd {shape}", json.loads(b"".join(parts.chunks(made)))


@pytest.mark.slow
@pytest.mark.parametrize("judge", judges.FHIR_JUDGES)
def test_every_type_action_and_form_is_valid(tmp_path: Path, judge: str) -> None:
    complaints = [
        f"{label}: {complaint}"
        for label, resource in resources(tmp_path)
        for complaint in judges.errors(judges.FHIR_JUDGES[judge](resource))
        if not any(judge == name and words in complaint for name, words in EXCUSED)
    ]

    assert complaints == []


def test_the_quick_judges_find_nothing(tmp_path: Path) -> None:
    """A few samples in every run; all of them with `-m slow`."""
    one = report(tmp_path)
    shown = fhir_resources.attachment(one, THERE.url)
    rule = target().fhir
    for make in (fhir_resources.document_reference, fhir_resources.diagnostic_report):
        assert judges.errors(judges.fhirkit(read(make(one, rule, THERE, shown)))) == []
