"""One flipped byte in any kind of stored object: `check --fixity` names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash import stub
from tests.crash.lab import Child, Lab

OBJECTS = {
    "an original": ("archive/originals/*/*", "original_damaged"),
    "a document's PDF": ("archive/documents/*/*/v*/document.pdf", "document_damaged"),
    "its words": ("archive/documents/*/*/v*/words.json.gz", "document_damaged"),
    "its text": ("archive/documents/*/*/v*/text.txt", "document_damaged"),
    "its record": ("archive/documents/*/*/v*/record.json", "document_damaged"),
    "its manifest": ("archive/documents/*/*/v*/manifest-sha256.txt", "document_damaged"),
    "an event": ("archive/events/*.jsonl", "events_"),
    "a segment of the index": ("var/index/whoosh-*/g*/*.seg", "index_broken"),
    "the table of the index": ("var/index/whoosh-*/g*/*.toc", "index_broken"),
    "the state of the index": ("var/index/whoosh-*/state.json", "index_broken"),
}


def flip(path: Path, place: float) -> None:
    """Turn one bit at this share of the file's length."""
    data = bytearray(path.read_bytes())
    data[int((len(data) - 1) * place)] ^= 0x04
    path.chmod(0o640)
    path.write_bytes(data)


def problems(home: Path, child: Child) -> list[str]:
    found: list[str] = child.ask("check_only", home=str(home))["problems"]
    return found


@pytest.mark.parametrize("kind", OBJECTS)
def test_a_flipped_bit_is_named(lab: Lab, kind: str) -> None:
    """At the beginning, in the middle and at the end of the file."""
    pattern, code = OBJECTS[kind]
    with lab.workspace({"A.PDF": stub.two_documents("rot")}) as home, lab.child() as child:
        child.ask("drive", home=str(home))
        assert problems(home, child) == []
        path = sorted(home.glob(pattern))[0]
        whole = path.read_bytes()
        for place in (0.0, 0.5, 1.0):
            flip(path, place)
            found = problems(home, child)
            path.write_bytes(whole)
            assert [f for f in found if f.startswith(code)], f"flipped at {place}: {found}"
            if "originals" in pattern or "documents" in pattern:
                subject = path.name if "originals" in pattern else path.parts[-3]
                assert any(subject in f for f in found)


def test_a_damaged_index_is_made_anew_by_the_service(lab: Lab) -> None:
    """The index is a cache: the next start builds it from the archive, search finds the same."""
    with lab.workspace({"A.PDF": stub.two_documents("heal")}) as home, lab.child() as child:
        child.ask("drive", home=str(home))
        for path in (home / "var" / "index").glob("whoosh-*/g*/*.seg"):
            flip(path, 0.5)
        seen = child.ask("settle", home=str(home))
    assert seen["problems"] == []
    assert set(seen["found"].values()) == {2}


def test_a_damaged_original_that_comes_again_is_healed(lab: Lab) -> None:
    """The same bytes dropped again replace the rotten copy, which is kept aside."""
    scan = stub.two_documents("again")
    with lab.workspace({"A.PDF": scan}) as home, lab.child() as child:
        child.ask("drive", home=str(home))
        (original,) = (home / "archive" / "originals").glob("*/*")
        flip(original, 0.5)
        (home / "inbox" / "A.PDF").write_bytes(scan)
        seen = child.ask("settle", home=str(home))
        assert original.read_bytes() == scan
        assert len(list((home / "archive" / "damaged").iterdir())) == 1
    assert seen["problems"] == []
    assert seen["duplicates"] == 1
