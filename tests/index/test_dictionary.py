"""The spelling entries beside a part of an index."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from scanindex.index import dictionary
from scanindex.index.dictionary import Dictionary

ENTRIES = st.dictionaries(st.text("abäz\x1f>9", min_size=1, max_size=6), st.integers(1, 10**6), max_size=400)


def read(path: Path, counts: dict[str, int]) -> Dictionary:
    path.write_bytes(dictionary.packed(counts))
    return Dictionary.read(path)


@given(counts=ENTRIES, prefix=st.text("abäz\x1f>9", max_size=3))
def test_entries_are_found_by_their_beginning(counts: dict[str, int], prefix: str) -> None:
    kept = Dictionary(dictionary.packed(counts))
    expected = sorted((e for e in counts if e.startswith(prefix)), key=lambda e: e.encode() + b"\t")
    assert kept.entries_from(prefix) == [(entry, counts[entry]) for entry in expected]


def test_beginnings_are_found_in_a_large_file(tmp_path: Path) -> None:
    """Larger than the steps in which it is looked through."""
    counts = {f"word{number:06}": number + 1 for number in range(50_000)}
    kept = read(tmp_path / "words", counts)
    assert kept.entries_from("word04999") == [(f"word{n:06}", n + 1) for n in range(49_990, 50_000)]
    assert kept.entries_from("word000000") == [("word000000", 1)]
    assert len(kept.entries_from("word")) == 50_000
    assert kept.entries_from("x") == kept.entries_from("a") == []


@given(parts=st.lists(ENTRIES, max_size=4))
def test_merging_adds_up_the_pages(parts: list[dict[str, int]]) -> None:
    totals: dict[str, int] = {}
    for part in parts:
        for entry, pages in part.items():
            totals[entry] = totals.get(entry, 0) + pages
    merged = dictionary.merged([Dictionary(dictionary.packed(part)) for part in parts])
    assert merged == dictionary.packed(totals)


def test_a_part_without_odd_words_has_an_empty_file(tmp_path: Path) -> None:
    assert read(tmp_path / "words", {}).entries_from("a") == []
