"""The query language: what is accepted, where faults are pointed at, and that nothing hangs."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scanindex.errors import QueryError, UsageError
from scanindex.index import plan, type_names
from scanindex.index.query import (
    FIELDS,
    MAX_CHARACTERS,
    MAX_DEAR_ITEMS,
    MAX_DEPTH,
    MAX_NEAR_PAIRS,
    MAX_TERMS,
    Both,
    Either,
    FieldValue,
    Fuzzy,
    Near,
    Phrase,
    Wild,
    Word,
    parse,
)
from scanindex.settings import TypeSettings


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


def test_a_tilde_behind_a_word_allows_one_letter_or_two() -> None:
    assert parse("spleen~") == Fuzzy("spleen", 1, 1)
    assert parse("left spleen~2") == Both((Word("left", 1), Fuzzy("spleen", 2, 6)), ())
    assert parse("~5") == Word("~5", 1)


def test_near_stands_between_two_words() -> None:
    expected = Near(Word("torn", 1), Word("spleen", 13), 5, 6)
    assert parse("torn near/5 spleen") == expected
    assert parse("torn NEAR/5 spleen") == expected
    assert parse('torn near/5 "spleen"') == expected
    assert parse('"torn near/5 spleen"') == Phrase("torn near/5 spleen", 1)


def test_near_binds_closer_than_or_and_than_a_blank() -> None:
    near = Near(Word("b", 6), Word("c", 15), 5, 8)
    assert parse("a OR b near/5 c") == Either((Word("a", 1), near))
    assert parse("a -- b near/5 c") == Both((Word("a", 1), near), ())
    assert parse("x -b near/1 c") == Both((Word("x", 1),), (Near(Word("b", 4), Word("c", 13), 1, 6),))


def test_near_in_a_chain_holds_between_neighbours() -> None:
    node = parse("a near/5 b near/2 c")
    first, second = (Near(Word("a", 1), Word("b", 10), 5, 3), Near(Word("b", 10), Word("c", 19), 2, 12))
    assert node == Both((first, second), ())


def test_near_takes_alternatives_stars_and_tildes() -> None:
    """Each becomes pairs of single words, so that an engine needs to know only these."""
    node = parse("(spleen OR splenic~) near/5 rupt*")
    right = Wild(("rupt", ""), 29)
    left = (Word("spleen", 2), Fuzzy("splenic", 1, 12))
    assert node == Either(tuple(Near(side, right, 5, 22) for side in left))


def test_a_range_sign_or_a_month_by_name_is_a_date() -> None:
    for text in ('date:"mar 1998"', "date:1998-03", "date:03/1998", "date:mar-1998", "date:1998-03..1998-03"):
        node = parse(text)
        assert isinstance(node, FieldValue)
        assert [(s.first, s.last) for s in node.days] == [(19980301, 19980331)]


def test_a_type_may_be_named_by_its_title() -> None:
    """Codes come besides the words of the code, so that nothing is lost by a title."""
    for text in ('type:"laboratory report"', 'type:"Report laboratory"', 'type:"lab reports"'):
        node = parse(text)
        assert isinstance(node, FieldValue)
        assert node.codes == ("lab_report",)
    for wild in ("type:lab*", "type:nonsense"):
        node = parse(wild)
        assert isinstance(node, FieldValue)
        assert node.codes == ()


def test_a_type_of_the_site_is_known_by_its_name() -> None:
    own = TypeSettings(code="day_clinic_note", name="Day clinic note", titles=("Tagesklinik",))
    titles = type_names.with_site((own,))
    for text in ("type:tagesklinik", 'type:"day note"'):
        node = parse(text, titles)
        assert isinstance(node, FieldValue)
        assert node.codes == ("day_clinic_note",)


def test_text_looks_into_the_text_only() -> None:
    assert parse("text:spleen~") == FieldValue("text", Fuzzy("spleen", 1, 1), (), 1)
    assert parse('text:"left knee"') == FieldValue("text", Phrase("left knee", 1), (), 1)


def test_invisible_marks_count_for_nothing_but_keep_their_place() -> None:
    """Copied text carries right-to-left and zero-width marks that nobody sees."""
    assert parse("\u200fmrn:12\u200b3 \u202aknee") == Both(
        (FieldValue("mrn", Word("123", 2), (), 2), Word("knee", 12)), ()
    )
    assert place_of_fault("\u200f\u200fknee (left") == 8


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("paitent:x", "patient:"),
        ("provder:x", "provider:"),
        ("Doctor:x", "provider:"),
        ("date_of_birth:x", "dob:"),
        ("surname:x", "name:"),
        ("typ:x", "type:"),
        ("dat:x", "date:"),
    ],
)
def test_a_mistyped_field_is_answered_with_the_one_meant(typed: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean {meant}"):
        parse(typed)


def test_a_field_like_no_other_is_not_guessed() -> None:
    with pytest.raises(UsageError) as caught:
        parse("smith:x")
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "zebulon:quill",
        "name:zebulon~",
        "dob:zebulon",
        'near/5 "zebulon',
        "(zebulon",
        "zebulon OR",
        "mrn:zebulon~",
    ],
)
def test_no_fault_repeats_what_was_typed(text: str) -> None:
    """A query may hold a patient's name, and messages end up in logs."""
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert "zebulon" not in str(caught.value)
    assert str(caught.value).startswith(f"character {caught.value.at}: ")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("spleen~3", 1),
        ("knee ab~", 6),
        ("knee abcd~2", 6),
        ("sple*~", 1),
        ('"a b"~', 6),
        ("name:marsh~", 1),
        ("mrn:12345~", 1),
        ("knee near/ left", 6),
        ("knee near/0 left", 6),
        ("knee near/51 left", 6),
        ("knee near/99999999999999999999 left", 6),
        ("near/5 knee", 1),
        ("knee near/5", 6),
        ("knee near/5 -left", 13),
        ("knee near/5 OR", 6),
        ('"left knee" near/5 torn', 1),
        ('torn near/5 "left knee"', 13),
        ("torn near/5 name:marsh", 13),
        ("torn near/5 (left knee)", 13),
        ("torn near/5 &", 13),
        ("name:(marsh OR rook)", 6),
        ("knee date:1998 .. 2003", 15),
        ("date:mar 1998", 1),
        ("dob:3/2/31", 1),
        ("ab* " * MAX_DEAR_ITEMS + "abc~", 4 * MAX_DEAR_ITEMS + 1),
        ("(" + " OR ".join("abcde") + ") near/2 (" + " OR ".join("abcde") + ")", 25),
    ],
)
def test_a_fault_of_tilde_near_or_date_is_pointed_at(text: str, place: int) -> None:
    assert MAX_NEAR_PAIRS < 5 * 5
    assert place_of_fault(text) == place


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
    for words in (plan.AsTyped(), ManySpellings()):
        assert size(plan.build(node, words)) < 5_000


class ManySpellings(plan.AsTyped):
    def spellings(self, token: str) -> list[str]:
        return [f"{token}{n}" for n in range(50)]


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
