"""The query language: what is accepted, where faults are pointed at, and that nothing hangs."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scanindex.errors import UsageError
from scanindex.index import plan
from scanindex.index.query import (
    FIELDS,
    MAX_CHARACTERS,
    MAX_DEPTH,
    MAX_TERMS,
    Both,
    Either,
    FieldValue,
    Phrase,
    Wild,
    Word,
    parse,
)


def place_of_fault(text: str) -> int:
    with pytest.raises(UsageError) as caught:
        parse(text)
    match = re.match(r"character (\d+): ", str(caught.value))
    assert match
    return int(match.group(1))


def test_words_beside_each_other_are_all_wanted() -> None:
    assert parse("left knee") == Both((Word("left", 1), Word("knee", 6)), ())


def test_or_joins_only_its_two_neighbours() -> None:
    """`chest pain OR dyspnoea` is chest and (pain or dyspnoea), as in web searches."""
    node = parse("chest pain OR dyspnoea")
    assert node == Both((Word("chest", 1), Either((Word("pain", 7), Word("dyspnoea", 15)))), ())


def test_brackets_group() -> None:
    node = parse("(chest pain) OR dyspnoea")
    assert isinstance(node, Either)
    assert isinstance(node.choices[0], Both)


def test_a_minus_before_a_word_leaves_it_out_but_one_inside_belongs_to_it() -> None:
    assert parse("x-ray -film") == Both((Word("x-ray", 1),), (Word("film", 8),))


def test_a_phrase_keeps_its_stop_words_and_operators() -> None:
    assert parse('"to be OR not"') == Phrase("to be OR not", 1)


def test_typographic_quotes_are_quotes() -> None:
    assert parse("“left knee”") == Phrase("left knee", 1)


def test_a_field_takes_a_word_a_phrase_or_what_follows_a_blank() -> None:
    for text in ("name:marsh", "Name:marsh", "name: marsh"):
        node = parse(text)
        assert isinstance(node, FieldValue)
        assert (node.name, node.item.text if isinstance(node.item, Word) else None) == ("name", "marsh")
    phrase = parse('name:"odile marsh"')
    assert isinstance(phrase, FieldValue)
    assert isinstance(phrase.item, Phrase)


def test_a_time_is_a_word_and_no_field() -> None:
    assert parse("10:30") == Word("10:30", 1)


def test_a_star_needs_letters_before_it_and_keeps_its_pieces() -> None:
    assert parse("sple*") == Wild(("sple", ""), 1)
    assert parse("sp*n*y") == Wild(("sp", "n", "y"), 1)


def test_a_word_without_letters_is_passed_over() -> None:
    assert parse("left & knee --") == Both((Word("left", 1), Word("knee", 8)), ())


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", 1),
        ("   ", 1),
        ("&", 1),
        ('knee "left', 6),
        ("knee (left", 6),
        ("knee left)", 10),
        ("knee OR", 6),
        ("OR knee", 1),
        ("knee NOT", 6),
        ("knee OR -left", 9),
        ("-knee", 1),
        ("(a) (-knee)", 6),
        ("knee surname:x", 6),
        ("knee name:", 10),
        ("knee date:soon", 6),
        ("date:2003..1998", 1),
        ("date:1998-13", 1),
        ("date:03/04/1998..2003", 1),
        ("knee *", 6),
        ("knee a*", 6),
        ("name:*", 1),
        ("mrn:--", 1),
        ("x" * (MAX_CHARACTERS + 1), MAX_CHARACTERS + 1),
        ("ab " * (MAX_TERMS + 1), 3 * MAX_TERMS + 1),
        ('"' + "ab " * (MAX_TERMS + 1) + '"', 1),
        ("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1), MAX_DEPTH + 1),
    ],
)
def test_a_fault_is_pointed_at(text: str, place: int) -> None:
    """Every refusal names the 1-based character where it went wrong."""
    assert place_of_fault(text) == place


def test_an_unknown_field_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        parse("doctor:rook")
    assert all(name in str(caught.value) for name in FIELDS)


_BITS = st.sampled_from(
    [
        *("-", '"', "(", ")", "*", ":", " ", "OR", "NOT", "AND", "name:", "date:", "mrn:", "source:"),
        *("1998..", "03/12/1987", "x-ray", "O'Neil", "a", "knee", "500mg", "ß", "İ", "①", "\x00", "\ud800"),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(_BITS, max_size=40).map("".join)))
@example("*" * MAX_CHARACTERS)
@example("a" + "*a" * 400)
@example("-" * MAX_CHARACTERS)
@example('"' + "a-" * 450 + '"')
@example("date:９９９９")
@example("date:٠٠٠١..")
@example("dob:1998-02-30")
def test_any_text_gives_a_bounded_plan_or_a_usage_error(text: str) -> None:
    """No other exception, whatever is typed; and no query unfolds into a huge one."""
    try:
        node = parse(text)
    except UsageError as error:
        assert str(error).startswith("character ")
        return
    for speller in (plan.EXACT, plan.Speller(variants=lambda token: [token + "x"] * 50)):
        assert size(plan.build(node, speller)) < 5_000


def size(planned: plan.Plan) -> int:
    match planned:
        case plan.AllOf(wanted, unwanted):
            return sum(map(size, (*wanted, *unwanted)))
        case plan.AnyOf(choices):
            return sum(map(size, choices))
        case plan.Keys(any_of):
            return len(any_of)
        case plan.Consecutive(slots):
            return sum(map(len, slots))
        case _:
            return 1
