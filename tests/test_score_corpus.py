"""Facts about the corpus runner: the listing becomes predictions that say no more than the product did."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import score_corpus


def document(**changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "document_id": "d1",
        "version": 1,
        "state": "filed",
        "scan_pages": [1, 2],
        "document_type": "lab_report",
        "read": {
            "name": "HALE, IDA",
            "birth_date": "1931-07-04",
            "mrn": "731",
            "service_date": None,
            "sex": "F",
        },
        "service_date": "1990-01-01",
        "patient": {"patient_id": "p", "mrn": "00731", "name": "Hale, Ida", "birth_date": "1931-07-04"},
        "filed_by": "machine",
        "candidates": [{"patient_id": "p", "mrn": "00731", "score": 1.0}],
        "reasons": [],
    }
    return usual | changes


def listing(*documents: dict[str, Any], names: tuple[str, ...] = ("a.pdf",)) -> dict[str, Any]:
    page = {
        "scan_page_no": 1,
        "kind": "content",
        "text": "words",
        "stage_seconds": {"ocr": 3.0, "clean": 1.0},
    }
    scan = {"scan_id": "s", "names": list(names), "state": "decided", "reason": None, "page_count": 1}
    return {"scans": [scan | {"pages": [page], "documents": list(documents)}]}


def predicted(**changes: Any) -> dict[str, Any]:
    line = score_corpus.prediction_lines(listing(document(**changes)))["a.pdf"]
    return dict(line["documents"][0])


def test_a_document_filed_by_the_machine_counts_as_such() -> None:
    """Filed under the roster's spelling of the MRN, while the fields tell what was read."""
    got = predicted()
    assert (got["mrn"], got["auto_filed"], got["fields"]["mrn"]) == ("00731", True, "731")


def test_a_document_filed_by_a_person_is_not_auto_filed() -> None:
    """Only the machine's own decisions count."""
    assert predicted(filed_by="user:ida")["auto_filed"] is False


def test_in_review_the_best_candidate_is_predicted() -> None:
    """The first candidate with an MRN stands for the patient; nothing is auto-filed."""
    candidates = [{"patient_id": "x", "mrn": m, "score": 0.5} for m in (None, "2", "3", "4", "5", "6", "7")]
    got = predicted(state="in_review", patient=None, filed_by=None, candidates=candidates)
    assert (got["mrn"], got["auto_filed"], got["candidates"]) == ("2", False, ["2", "3", "4", "5", "6"])


def test_fields_come_from_the_reading_only() -> None:
    """What was not read is absent, even where the filed patient or the document knows it."""
    got = predicted(read={"name": None, "birth_date": None, "mrn": None, "service_date": None})
    assert (got["name"], got["dob"], got["service_date"], got["fields"]) == (None, None, None, {})


def test_each_name_of_a_scan_has_its_line() -> None:
    """Equal bytes under two names are two lines."""
    lines = score_corpus.prediction_lines(listing(document(), names=("a.pdf", "ward/b.pdf")))
    assert sorted(lines) == ["a.pdf", "b.pdf"] and lines["a.pdf"]["page_texts"] == {"1": "words"}


def test_the_summary_tells_states_and_stages() -> None:
    """Counts per state, and the share of each reading stage."""
    text = "\n".join(score_corpus.summary(listing(document(), document(state="in_review"))))
    assert "filed 1, in_review 1" in text and "ocr 75%, clean 25%" in text


@pytest.mark.parametrize(("kept", "code"), [(("a.pdf", "b.pdf"), 0), (("a.pdf",), 1)])
def test_a_file_that_does_not_come_out_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kept: Any, code: int
) -> None:
    """The exit code is 1 and the file is named; the rest is written all the same."""
    (tmp_path / "files").mkdir()
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / "files" / name).write_bytes(b"x")
    (tmp_path / "roster.csv").write_text("mrn\n")
    fake = tmp_path / "bin" / "scanindex"
    fake.parent.mkdir()
    answer = json.dumps(listing(document(), names=kept))
    fake.write_text(f"#!{sys.executable}\nimport sys\nif sys.argv[1] == 'documents': print({answer!r})\n")
    fake.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(fake.with_name("python")))
    out = tmp_path / "out.jsonl"
    assert score_corpus.main([str(tmp_path), "--out", str(out)]) == code
    assert [json.loads(line)["file"] for line in out.read_text().splitlines()] == list(kept)
    assert ("MISSING  b.pdf" in capsys.readouterr().err) is bool(code)


def test_the_baseline_reads_every_page_of_a_folder(tmp_path: Path) -> None:
    """A two-page TIFF and a file that nobody can open are two pages, with time spent on them."""
    from PIL import Image

    (tmp_path / "files").mkdir()
    pages = [Image.new("L", (300, 200), 255) for _ in range(2)]
    pages[0].save(tmp_path / "files" / "two.tif", save_all=True, append_images=pages[1:], dpi=(100, 100))
    (tmp_path / "files" / "broken.pdf").write_bytes(b"%PDF-1.7 nothing more")
    count, cost = score_corpus.run_baseline(tmp_path, 1)
    assert count == 2 and cost.cpu_seconds > 0


def test_time_of_orphans_is_counted() -> None:
    """A grandchild that outlives its parent still counts: servers of worker processes are such."""
    burn = "import time\nwhile time.process_time() < 0.4: pass"
    parent = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {burn!r}])"
    with score_corpus.measured() as cost:
        subprocess.run([sys.executable, "-c", parent], check=True)
    assert cost.cpu_seconds >= 0.4
