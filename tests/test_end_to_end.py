"""The whole program on the demo batch: real Tesseract, real files, its own command line."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scanindex import demo

pytestmark = pytest.mark.xdist_group("end_to_end")

QUICK = {"SCANINDEX_INTAKE_SETTLE_SECONDS": "0.2", "SCANINDEX_INTAKE_POLL_SECONDS": "0.3"}


def scanindex(home: Path, *arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        [sys.executable, "-m", "scanindex", "--home", str(home), *arguments],
        capture_output=True,
        text=True,
        timeout=400,
        env={**os.environ, **QUICK},
        check=False,
    )
    assert result.returncode == expect, result.stderr[-2000:]
    return result


def asked(home: Path, *arguments: str) -> Any:
    return json.loads(scanindex(home, *arguments, "--json").stdout)


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("truth")
    return list(demo.make(folder / "files", folder / "roster.csv").truth)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which the demo batch was run to its end; `run.log` holds what was printed."""
    home = tmp_path_factory.mktemp("home")
    result = scanindex(home, "run", "--demo", "--until-idle")
    (home / "run.log").write_text(result.stderr)
    return home


@pytest.fixture
def home(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished workspace that a test may change."""
    shutil.copytree(finished, tmp_path / "copy", symlinks=True)
    return tmp_path / "copy"


def documents(home: Path) -> list[dict[str, Any]]:
    return [document for scan in asked(home, "documents")["scans"] for document in scan["documents"]]


def first(home: Path, state: str) -> dict[str, Any]:
    return next(d for d in documents(home) if d["state"] == state)


def patient_without_documents(home: Path) -> dict[str, Any]:
    """Somebody of the demo roster whose chart is still empty."""
    with (home / "var" / "demo-roster.csv").open(newline="") as stream:
        numbers = [row["mrn"] for row in csv.DictReader(stream)]
    taken = {d["patient"]["mrn"] for d in documents(home) if d["patient"]}
    free = next(number for number in numbers if number not in taken)
    found: dict[str, Any] = asked(home, "roster", "find", free)[0]
    return found


def test_every_dropped_file_is_accounted_for(finished: Path, truth: list[dict[str, Any]]) -> None:
    """Files in are files recorded, and the inbox is empty."""
    recorded = {name for scan in asked(finished, "documents")["scans"] for name in scan["names"]}

    assert {Path(entry["file"]).name for entry in truth} == recorded
    assert not [p for p in (finished / "inbox").rglob("*") if p.is_file()]


def test_every_page_stands_in_exactly_one_place(finished: Path) -> None:
    """Pages of documents do not overlap and together with those set aside are all pages."""
    for scan in asked(finished, "documents")["scans"]:
        held = [no for document in scan["documents"] for no in document["scan_pages"]]
        aside = [page["scan_page_no"] for page in scan["pages"] if page["document_id"] is None]

        assert sorted(held + aside) == list(range(1, scan["page_count"] + 1))


def test_nothing_is_filed_under_another_patient(finished: Path, truth: list[dict[str, Any]]) -> None:
    """Each filed page belongs to the patient that the demo drew on it."""
    owner = {
        (Path(entry["file"]).name, page): document["accept_mrns"]
        for entry in truth
        for document in entry["documents"]
        for page in document["pages"]
    }
    filed = 0
    for scan in asked(finished, "documents")["scans"]:
        for document in scan["documents"]:
            if document["state"] == "filed":
                filed += 1
                for page in document["scan_pages"]:
                    assert document["patient"]["mrn"] in owner[scan["names"][0], page]

    assert filed >= 6


def test_a_filed_document_is_found_by_a_word_and_by_its_patient(finished: Path) -> None:
    """Search by text and by field leads to the same document."""
    document = first(finished, "filed")
    text = asked(finished, "show", document["document_id"], "--text")["text"]
    word = max((w for w in " ".join(text.values()).split() if w.isalpha()), key=len)
    mrn = document["patient"]["mrn"]

    hits = asked(finished, "search", f"mrn:{mrn} {word}")["hits"]

    assert document["document_id"] in {hit["document_id"] for hit in hits}


def test_a_page_is_drawn_with_the_words_marked(finished: Path, tmp_path: Path) -> None:
    """The picture is private, upright, and yellow where the words stand and nowhere else."""
    from PIL import Image

    document = first(finished, "filed")
    word = document["patient"]["name"].split(",")[0]
    picture = tmp_path / "page.png"
    told = asked(finished, "page", document["document_id"], "--mark", f"text:{word}", "--image", str(picture))

    assert told["marks"] and picture.stat().st_mode & 0o777 == 0o600
    with Image.open(picture) as opened:
        image = opened.convert("RGB")
    assert abs(image.width / image.height - told["width_px"] / told["height_px"]) < 0.01
    mark = told["marks"][0]
    middle = round(image.height * (mark["top"] + mark["bottom"]) / 2)
    edge = round(image.width * mark["left"]) - 2
    red, _, blue = image.getpixel((edge, middle))  # type: ignore[misc]  # three bands: RGB
    assert red - blue > 100


def test_check_is_clean_with_every_byte_hashed(finished: Path) -> None:
    """Conservation, fixity and agreement hold after a run."""
    report = asked(finished, "check", "--fixity")

    assert report["is_clean"] and report["moving"] == 0


def test_the_log_names_no_patient(finished: Path) -> None:
    """What the service prints and the names below var/ carry no name or number of a patient."""
    people = {d["patient"]["name"].split(",")[0] for d in documents(finished) if d["patient"]}
    numbers = {d["patient"]["mrn"] for d in documents(finished) if d["patient"]}
    told = (finished / "run.log").read_text() + (finished / "var" / "health.json").read_text()
    told += "\n".join(str(p.relative_to(finished)) for p in (finished / "var").rglob("*"))

    assert not [word for word in people | numbers if word.lower() in told.lower()]


def test_the_readme_tells_what_the_demo_does(finished: Path) -> None:
    """The transcript's last line is what a run prints."""
    told = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
    (end,) = [line for line in (finished / "run.log").read_text().splitlines() if "document(s) filed" in line]

    assert end.split(" · ", 1)[1] in told


def test_the_same_bytes_again_are_a_duplicate_not_a_second_document(home: Path) -> None:
    """A file dropped twice adds an arrival and no document."""
    before = len(documents(home))
    original = next((home / "processed").rglob("*.pdf"))
    shutil.copyfile(original, home / "inbox" / "again.pdf")

    scanindex(home, "run", "--until-idle", "--quiet")

    assert asked(home, "status")["duplicates"] == 1
    assert len(documents(home)) == before


def test_accepting_files_and_undo_takes_it_back_at_once(home: Path) -> None:
    """A person's choice is filed with their name; undo empties chart and search."""
    document = first(home, "in_review")
    patient = patient_without_documents(home)

    scanindex(home, "review", "accept", document["document_id"], "--patient", patient["patient_id"])
    filed = asked(home, "show", document["document_id"])

    assert (filed["state"], filed["patient"]["patient_id"]) == ("filed", patient["patient_id"])
    assert filed["filed_by"].startswith("user:")

    scanindex(home, "review", "undo", document["document_id"])

    assert asked(home, "chart", patient["patient_id"])["documents"] == []
    assert asked(home, "search", f"mrn:{patient['mrn']}")["hits"] == []
    assert asked(home, "check", "--fixity")["is_clean"]


def test_a_change_for_an_older_version_is_refused(home: Path) -> None:
    """Pinning the version that was looked at protects against somebody quicker."""
    document = first(home, "in_review")
    scanindex(home, "review", "reject", document["document_id"], "--as", "rescan")

    refused = scanindex(home, "review", "reject", f"{document['document_id']}@1", "--as", "error", expect=5)

    assert "version" in refused.stderr


def test_split_and_join_keep_every_page(home: Path) -> None:
    """Splitting a document and joining it again ends with the same pages."""
    document = next(d for d in documents(home) if len(d["scan_pages"]) > 1)
    if document["state"] != "in_review":
        scanindex(home, "review", "undo", document["document_id"])
    said = scanindex(home, "review", "split", document["document_id"], "2").stdout.splitlines()
    second = said[1].split("@")[0]

    scanindex(home, "review", "join", document["document_id"], second)

    assert asked(home, "show", document["document_id"])["scan_pages"] == document["scan_pages"]
    assert asked(home, "check")["is_clean"]


def test_a_backup_restored_elsewhere_answers_the_same(home: Path, tmp_path: Path) -> None:
    """Restore into an empty folder: clean check, same documents, same search results."""
    scanindex(home, "backup", str(tmp_path / "backup"))
    scanindex(tmp_path / "new", "restore", str(tmp_path / "backup"))
    queries = ["patient", "page", f"mrn:{first(home, 'filed')['patient']['mrn']}"]

    for query in queries:
        old, new = (asked(place, "search", query)["hits"] for place in (home, tmp_path / "new"))
        assert [(h["document_id"], h["page_no"]) for h in old] == [
            (h["document_id"], h["page_no"]) for h in new
        ]
    assert asked(tmp_path / "new", "check", "--fixity")["is_clean"]


def test_a_lost_catalog_is_rebuilt_from_the_archive(home: Path) -> None:
    """Documents, states, pages and patients come back from the event log and the records."""
    keys = ("document_id", "version", "state", "scan_pages", "document_type")
    before = sorted([d[k] for k in keys] + [(d["patient"] or {}).get("mrn")] for d in documents(home))
    for path in (home / "var").glob("catalog.db*"):
        path.unlink()

    scanindex(home, "rebuild")

    after = sorted([d[k] for k in keys] + [(d["patient"] or {}).get("mrn")] for d in documents(home))
    assert before == after
    assert asked(home, "check", "--fixity")["is_clean"]


def test_without_a_roster_one_confirmation_is_enough_for_a_person(
    tmp_path: Path, truth: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The first document of a person waits; once confirmed, the next one is filed by the machine."""
    made = demo.make(tmp_path / "files", tmp_path / "roster.csv")
    home = tmp_path / "home"
    scanindex(home, "init", "--mode", "strict")
    single = [e for e in truth if len(e["documents"]) == 1 and "mrn" in e["documents"][0]["printed"]]
    owners = [e["documents"][0]["mrn"] for e in single]
    twice = next(mrn for mrn in owners if owners.count(mrn) > 1)
    names = [Path(e["file"]).name for e in single if e["documents"][0]["mrn"] == twice]
    for path in made.files:
        if path.name in names:
            shutil.copyfile(path, home / "inbox" / path.name)
    scanindex(home, "run", "--until-idle", "--quiet")
    waiting = documents(home)

    assert {d["state"] for d in waiting} == {"in_review"}

    scanindex(home, "review", "new", waiting[0]["document_id"], "--yes")

    assert {d["state"] for d in documents(home)} == {"filed"}
    assert len({d["patient"]["patient_id"] for d in documents(home)}) == 1


def test_reads_of_patient_data_are_recorded(home: Path) -> None:
    """Showing a document leaves an event with the operating system's user."""
    document = first(home, "filed")
    scanindex(home, "show", document["document_id"])

    lines = [json.loads(line) for p in (home / "archive" / "events").glob("*.jsonl") for line in p.open()]

    assert any(document["document_id"] in json.dumps(line) and "viewed" in json.dumps(line) for line in lines)


def test_a_second_service_on_the_workspace_is_refused(home: Path) -> None:
    """While one process holds the workspace, another says so and leaves."""
    import fcntl

    with (home / "var").joinpath("held").open("w"):
        descriptor = os.open(home / "var", os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        refused = scanindex(home, "run", "--until-idle", expect=5)
        os.close(descriptor)

    assert "already_running" in refused.stderr
