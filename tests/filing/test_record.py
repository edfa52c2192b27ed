"""Record, words, text and manifest: everything comes back, and only from a known format."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from scanindex import filing
from scanindex.errors import IntegrityError, SchemaTooNew, VerifyFailed
from scanindex.filing import record
from tests.filing import paper


def _record(**changes: object) -> bytes:
    return filing.record_json(
        paper.document(**changes), paper.patient(), paper.scan(), [paper.reading()], paper.NOW, ["pass:jpeg"]
    )


def test_a_record_comes_back_whole() -> None:
    """Document, decision, patient and scan, as they were."""
    back = record.read_record(_record())
    assert (back.document, back.patient, back.scan) == (paper.document(), paper.patient(), paper.scan())
    assert (back.format, back.renditions, back.written_at) == (1, ("pass:jpeg",), paper.NOW)
    assert back.pages[0].word_count == len(paper.WORDS)


def test_equal_records_are_equal_bytes() -> None:
    assert _record() == _record()


def test_unknown_members_of_later_writers_are_ignored() -> None:
    value = json.loads(_record()) | {"mood": "sunny"}
    assert record.read_record(json.dumps(value).encode()).document == paper.document()


def test_a_later_format_is_refused() -> None:
    value = json.loads(_record()) | {"format": 2}
    with pytest.raises(SchemaTooNew):
        record.read_record(json.dumps(value).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"format": 1}', b"\xff\xfe"])
def test_what_is_no_record_says_so(data: bytes) -> None:
    with pytest.raises(IntegrityError):
        record.read_record(data)


def test_words_come_back_with_their_boxes() -> None:
    readings = (paper.reading(1), paper.reading(2, words=()))
    assert record.read_words(filing.words_gz(readings)) == readings


def test_equal_words_are_equal_bytes() -> None:
    """No time and no name in the gzip header."""
    assert filing.words_gz([paper.reading()]) == filing.words_gz([paper.reading()])


def test_a_damaged_words_file_says_so() -> None:
    data = filing.words_gz([paper.reading()])
    with pytest.raises(IntegrityError):
        record.read_words(data[: len(data) // 2])


def test_pages_of_text_are_parted_by_form_feeds() -> None:
    """One form feed between two pages, whatever the words hold."""
    odd = paper.reading(2, words=(paper.word("a\fb", 1, 1, 5, 5),))
    assert filing.text_of([paper.reading(), odd]).split("\f")[1] == "a b"


def _stage(folder: Path, **changes: object) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "document.pdf").write_bytes(b"%PDF-1.7 made elsewhere")
    values: dict[str, object] = {"renditions": ["pass:jpeg"]} | changes
    filing.stage(
        folder, paper.document(), paper.patient(), paper.scan(), [paper.reading()], paper.NOW,
        values["renditions"],  # type: ignore[arg-type]
    )  # fmt: skip


def test_sha256sum_verifies_a_staged_folder(tmp_path: Path) -> None:
    """With nothing but coreutils, as the format promises; a flipped byte is found."""
    _stage(tmp_path / "s")
    command = ["sha256sum", "--check", "--quiet", "manifest-sha256.txt"]
    assert subprocess.run(command, cwd=tmp_path / "s", timeout=30).returncode == 0
    (tmp_path / "s" / "text.txt").write_text("x")
    done = subprocess.run(command, cwd=tmp_path / "s", timeout=30, capture_output=True)
    assert done.returncode == 1 and b"text.txt" in done.stdout


def test_a_stray_file_is_not_published(tmp_path: Path) -> None:
    """A child that was taken over could leave something behind."""
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "extra").write_text("x")
    with pytest.raises(VerifyFailed):
        _stage(tmp_path / "s")


def test_a_child_s_words_about_its_pages_are_checked(tmp_path: Path) -> None:
    """Only the fixed vocabulary comes into the record."""
    _stage(tmp_path / "s", renditions=["<script>", "render:text"])
    back = filing.read_record(tmp_path / "s")
    assert back.renditions == ("render:unknown", "render:text")


def test_a_page_without_reading_is_refused(tmp_path: Path) -> None:
    """A lost page must be noticed here at the latest."""
    with pytest.raises(VerifyFailed):
        filing.in_page_order(paper.document((1, 2)), [paper.reading(1)])
