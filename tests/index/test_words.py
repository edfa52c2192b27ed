"""Words to keys, dates to spans, hits to snippets: the pure parts of the index."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanindex.index import expand, spans
from scanindex.index.snippet import Wanted, hit_words, snippet


# --- keys -----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("word", "tokens"),
    [
        ("Knee,", {"knee"}),
        ("Naïve", {"naive"}),
        ("STRASSE", {"strasse"}),
        ("straße", {"strasse"}),
        ("x-ray", {"x", "ray", "xray"}),
        ("O’Neil", {"o", "neil", "oneil"}),
        ("500mg", {"500", "mg", "500mg"}),
        ("A1234", {"a", "1234", "a1234"}),
        ("l0ve", {"l0ve"}),
        ("120/80", {"120", "80", "12080"}),
        ("1/2/87", {"1", "2", "87", "12", "287", "1287"}),
        ("--", set()),
        ("…", set()),
    ],
)
def test_a_printed_word_is_found_whole_and_in_parts(word: str, tokens: set[str]) -> None:
    assert set(expand.word_tokens(word)) == tokens


@given(st.text(max_size=200))
def test_any_word_gives_few_short_keys_that_fold_to_themselves(word: str) -> None:
    """Also OCR rubbish: bounded, printable, and the same when looked up again."""
    tokens = expand.word_tokens(word)
    assert len(tokens) <= 64
    for token in tokens:
        assert 0 < len(token) <= expand.MAX_TOKEN_CHARACTERS
        assert expand.fold(token) == token
        token.encode()


@given(st.text(alphabet="Aé-'/.1z ", max_size=12))
def test_the_whole_word_is_one_of_its_keys(word: str) -> None:
    """What is typed as one word finds a page where it was printed as one word."""
    whole = expand.joined(word)
    assert (whole in expand.word_tokens(word)) == bool(whole)


def test_a_medical_record_number_is_kept_with_and_without_leading_zeros() -> None:
    assert expand.mrn_keys("0047-118") == ["0047118", "47118"]
    assert expand.mrn_keys("A-12") == ["a12"]
    assert expand.mrn_keys("000") == ["000"]


@pytest.mark.parametrize(
    ("pieces", "token", "fits"),
    [
        (("sp", ""), "spleen", True),
        (("sp", "een"), "spleen", True),
        (("sp", "l", "n"), "spleen", True),
        (("sple", "een"), "spleen", False),
        (("sp", "z", "n"), "spleen", False),
        (("spleen", ""), "spleen", True),
    ],
)
def test_stars_stand_for_any_run(pieces: tuple[str, ...], token: str, fits: bool) -> None:
    assert expand.glob_matches(pieces, token) is fits


# --- dates ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1998", [(19980101, 19981231)]),
        ("1998-02", [(19980201, 19980228)]),
        ("1996-2", [(19960201, 19960229)]),
        ("1998-03-02", [(19980302, 19980302)]),
        ("19980302", [(19980302, 19980302)]),
        ("1998..2003", [(19980101, 20031231)]),
        ("1998-2003", [(19980101, 20031231)]),
        ("1998-11..1999-01", [(19981101, 19990131)]),
        ("1998..", [(19980101, spans.LAST_DAY)]),
        ("..1998", [(spans.FIRST_DAY, 19981231)]),
        ("03/12/1987", [(19870312, 19870312), (19871203, 19871203)]),
        ("13/12/1987", [(19871213, 19871213)]),
        ("04/04/1987", [(19870404, 19870404)]),
    ],
)
def test_a_date_value_is_a_span_of_days(text: str, expected: list[tuple[int, int]]) -> None:
    """A printed date that reads two ways means both."""
    assert [(s.first, s.last) for s in spans.parse(text)] == expected


@pytest.mark.parametrize("text", ["", "..", "soon", "1998-13", "1998-02-30", "2003..1998", "0000", "98"])
def test_other_values_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"date|range"):
        spans.parse(text)


def test_a_partial_date_is_the_span_of_its_days() -> None:
    assert spans.of_iso("1987-03") == spans.DaySpan(first=19870301, last=19870331)
    assert spans.of_iso(None) is spans.of_iso("unknown") is None


# --- snippets --------------------------------------------------------------------
def test_a_phrase_is_marked_only_where_it_stands_together() -> None:
    words = ["left", "knee", "and", "left", "hip"]
    slots = (frozenset({"left"}), frozenset({"hip"}))
    assert hit_words(words, Wanted(sequences=(slots,))) == (3, 4)


def test_the_snippet_shows_where_hits_are_densest() -> None:
    words = [f"w{n}" for n in range(200)]
    text = snippet(words, [5, 120, 122, 124])
    assert text.startswith("… ")
    assert text.endswith(" …")
    assert "[w120] w121 [w122]" in text
    assert "[w5]" not in text


@given(st.lists(st.sampled_from(["a", "bb", "c-c"]), max_size=80), st.data())
def test_a_snippet_is_always_a_bounded_piece_of_the_page(words: list[str], data: st.DataObject) -> None:
    numbers = st.integers(0, max(0, len(words) - 1))
    hits = sorted(set(data.draw(st.lists(numbers, max_size=10)))) if words else []
    text = snippet(words, hits)
    plain = text.replace("[", "").replace("]", "").removeprefix("… ").removesuffix(" …")
    assert plain in " ".join(words)
    assert not hits or "[" in text
