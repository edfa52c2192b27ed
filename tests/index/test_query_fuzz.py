"""Whatever is typed: a bounded tree or a QueryError, in time that grows with its length."""

from __future__ import annotations

import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scanindex.errors import QueryError
from scanindex.index import query_dates, query_plain
from scanindex.index.names import query_keys, sound_keys
from scanindex.index.query import (
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
    Node,
    Phrase,
    Wild,
    parse,
)
from scanindex.index.synonyms import Synonyms

SYNONYMS = Synonyms.load()
_BITS = st.sampled_from(
    [
        *(
            "-",
            '"',
            "“",
            "”",
            "„",
            "«",
            "»",
            "'",
            "’",
            "(",
            ")",
            "*",
            ":",
            " ",
            "  ",
            "\t",
            "\n",
            "~",
            "~2",
            "..",
        ),
        *(
            " OR ",
            " NOT ",
            " AND ",
            " near/5 ",
            " NEAR/50 ",
            " near/",
            "name:",
            "date:",
            "mrn:",
            "text:",
            "type:",
        ),
        *("paitent:", "1998..", "03/12/1987", ">=1998", "mar 1998", "x-ray", "O'Neil", "a", "knee", "500mg"),
        *(
            "ß",
            "İ",
            "①",
            "９",
            "٣",
            "\x00",
            "\ud800",
            "\u200f",
            "\u202e",
            "\u2066",
            "\ufeff",
            "\u00ad",
            "\u0301",
        ),
        *("\u0301", "😀", "👩‍⚕️", "مرحبا", "李", "z" * 50, "((", "))", "smith "),
    ]
)
_TEXTS = st.one_of(st.text(max_size=80), st.lists(_BITS, max_size=60).map("".join))


@settings(max_examples=1_500, deadline=None)
@given(_TEXTS)
@example("(" * MAX_CHARACTERS)
@example(")" * MAX_CHARACTERS)
@example("-" * MAX_CHARACTERS)
@example('"' * (MAX_CHARACTERS - 1))
@example("~" * MAX_CHARACTERS)
@example("\u200f" * MAX_CHARACTERS)
@example("x" * MAX_CHARACTERS)
@example("x" * (MAX_CHARACTERS - 1) + "~")
@example("ab*" + "a*" * 498)
@example("near/5 " * 140)
@example("(a OR b OR c OR d) near/9 (e OR f OR g OR h) near/9 i")
@example("dob:" + "1" * 900)
@example("dob:" + "1-" * 450)
@example('date:"' + "jan " * 200 + '"')
@example("mrn:" + "\u0301" * 900)
def test_any_text_gives_a_bounded_tree_or_a_pointed_fault(text: str) -> None:
    try:
        node = parse(text)
    except QueryError as error:
        assert 1 <= error.at <= len(text) + 1
        assert str(error).startswith(f"character {error.at}: ")
        return
    assert depth(node) <= 2 * (MAX_DEPTH + 2)
    items = list(leaves(node))
    near = [item for item in items if isinstance(item, Near)]
    single = [item for item in items if not isinstance(item, Near)]
    assert sum(terms(item) for item in single) <= MAX_TERMS
    assert len(near) <= MAX_NEAR_PAIRS
    dear = {s.at for n in near for s in (n.left, n.right) if isinstance(s, Wild | Fuzzy)}
    dear |= {i.at for i in map(inner, single) if isinstance(i, Wild | Fuzzy)}
    assert len(dear) <= MAX_DEAR_ITEMS


@settings(max_examples=300, deadline=None)
@given(_TEXTS)
def test_a_fault_shows_nothing_of_a_long_word(text: str) -> None:
    """Names and numbers typed must not get into messages, and so into logs."""
    secret = "zebulonquill"
    try:
        parse(text + secret)
    except QueryError as error:
        assert secret not in str(error)


@settings(max_examples=300, deadline=None)
@given(_TEXTS)
def test_what_follows_the_tree_takes_any_text_as_well(text: str) -> None:
    """Names, dates, synonyms and plain lines never raise but for their own faults."""
    keys = query_keys(text)
    assert set(keys.sounds) <= set(sound_keys([text]))
    for span in query_dates.readings(text):
        assert span.first == span.last
    try:
        assert query_dates.parse(text)
    except query_dates.DateFault as fault:
        assert str(fault)
    assert SYNONYMS.of(tuple(text.split())) is not None
    try:
        line = query_plain.plain(parse(text))
    except QueryError:
        return
    if line is not None:
        assert set(line.names) | set(line.numbers) | set(line.others) <= set(line.words)


def steps(text: str) -> int:
    """Python lines run while parsing: time without a clock."""
    count = 0

    def trace(frame: object, event: str, arg: object) -> object:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        parse(text)
    except QueryError:
        pass
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "bit", [")", "(", '"', "~", "*", "a ", "- ", "a~ ", "\u200f", "x)", "((", "date:1 ", ".."]
)
def test_the_work_grows_with_the_length_and_no_faster(bit: str) -> None:
    short, long = (bit * n for n in (100, 400))
    assert steps(long[:MAX_CHARACTERS]) <= 6 * steps(short) + 200


def test_a_line_of_any_length_is_refused_before_it_is_looked_at() -> None:
    assert steps("a(" * 5_000_000) < 100


def leaves(node: Node) -> list[Node]:
    match node:
        case Both(wanted, unwanted):
            return [leaf for n in (*wanted, *unwanted) for leaf in leaves(n)]
        case Either(choices):
            return [leaf for n in choices for leaf in leaves(n)]
        case _:
            return [node]


def inner(node: Node) -> object:
    return node.item if isinstance(node, FieldValue) else node


def terms(node: Node) -> int:
    item = inner(node)
    return len(item.text.split()) if isinstance(item, Phrase) else 1


def depth(node: Node) -> int:
    match node:
        case Both(wanted, unwanted):
            return 1 + max(map(depth, (*wanted, *unwanted)))
        case Either(choices):
            return 1 + max(map(depth, choices))
        case _:
            return 1
