"""What to ask the index for a reading of typed text, strictest first. Pure.

Promises: whoever fits a reading is found by one of its steps unless a cap cut it off; whatever a
step finds is judged by roster_suggest_fit, so a step may find too many. Leaves out: the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from scanindex.store.roster_suggest_dates import Birth
from scanindex.store.roster_suggest_fit import Alike
from scanindex.store.roster_suggest_terms import (
    END,
    START,
    Ask,
    Term,
    all_of,
    any_of,
    is_first_symbol,
    number_key,
    number_symbols,
    symbol,
)
from scanindex.store.roster_suggest_typed import Part, Reading

_MOST_SYMBOLS = 16
_CENTURIES = ("1", "19", "2", "20")


def exact_steps(reading: Reading) -> Iterator[Ask]:
    """Everything typed is whole."""
    exact = [_exact(part) for part in reading.parts]
    if len(exact) == 1:
        yield from exact[0]
    elif all(exact):
        yield _every(exact)


def begun_steps(reading: Reading) -> Iterator[Ask]:
    """One name is whole and the others are beginnings; all are beginnings."""
    begun = [_begun(part) for part in reading.parts]
    if len(begun) == 1:
        yield from begun[0]
        return
    if not all(begun):
        return
    parts = reading.parts if reading.has_only_names else ()
    whole = [(here, _exact(part)) for here, part in enumerate(parts) if _is_long(part)]
    one_whole = [_every([*begun[:here], exact, *begun[here + 1 :]]) for here, exact in whole if exact]
    if one_whole:
        yield any_of(*one_whole)
    yield _every(begun)


def loose_steps(reading: Reading, alike: Alike) -> Iterator[Ask]:
    """Pieces of numbers, nicknames, words that sound alike."""
    pieces = [_pieces(part) for part in reading.parts]
    if len(reading.parts) == 1:
        yield from pieces[0]
    elif any(pieces):
        yield _every([[*_begun(part), *extra] for part, extra in zip(reading.parts, pieces, strict=True)])
    for tables in ((alike.nicknames,), (alike.nicknames, alike.sounds)):
        choices = []
        for part, extra in zip(reading.parts, pieces, strict=True):
            others = sorted({w for table in tables for w in table.get(part.joined, ())} if part.words else ())
            choices.append([*_begun(part), *extra, *(Term(word) for word in others)])
        if any(table.get(part.joined) for table in tables[-1:] for part in reading.parts if part.words):
            yield _every(choices)


def _every(choices: Sequence[Sequence[Ask]]) -> Ask:
    """All parts; those that nearly everybody fits are left to the judge, for their lists are long."""
    telling = [part for part in choices if not any(map(_is_common, part))]
    return all_of(*(any_of(*part) for part in telling or choices[:1]))


def _is_common(ask: Ask) -> bool:
    """The century of a birth, the first character of a number."""
    if not isinstance(ask, Term):
        return False
    return (ask.is_beginning and ask.text in _CENTURIES) or is_first_symbol(ask.text)


def _is_long(part: Part) -> bool:
    return len(part.joined) > 1


def _exact(part: Part) -> list[Ask]:
    if part.words:
        whole: list[Ask] = [Term(part.joined)]
        return [*whole, all_of(*map(Term, part.words))] if len(part.words) > 1 else whole
    asks: list[Ask] = [_symbols(number_symbols(number_key(part.number)))] if part.number else []
    return asks + [_birth(b) for b in part.births if b.is_whole]


def _begun(part: Part) -> list[Ask]:
    if part.words:
        whole = Term(part.joined, is_beginning=True)
        if len(part.words) == 1:
            return [whole]
        return [whole, all_of(*map(Term, part.words[:-1]), Term(part.words[-1], is_beginning=True))]
    births = [_birth(birth) for birth in part.births]
    return [_number_start(number_key(part.number)), *births] if part.number else births


def _pieces(part: Part) -> list[Ask]:
    """A number by its end or by any three characters of it."""
    number = part.number
    if part.words or len(number) < 2:
        return []
    inside = [symbol(number[n : n + 3]) for n in range(len(number) - 2)]
    found = [_symbols([symbol(number[-2:] + END), *inside])]
    return [*found, _symbols(inside)] if inside else found


def _number_start(key: str) -> Ask:
    if len(key) == 1:
        return Term(symbol(START + key))
    return _symbols([symbol(START + key[:2]), *(symbol(key[n : n + 3]) for n in range(len(key) - 2))])


def _symbols(symbols: Iterator[str] | list[str]) -> Ask:
    return all_of(*(Term(one) for one in islice(dict.fromkeys(symbols), _MOST_SYMBOLS)))


def _birth(birth: Birth) -> Ask:
    day = Term(birth.month_day, is_beginning=len(birth.month_day) < 4)
    if not birth.year:
        return day
    if len(birth.year) == 4:
        return Term(birth.year + birth.month_day, is_beginning=not birth.is_whole)
    year = Term(birth.year, is_beginning=True)
    if not birth.month_day:
        return year
    return day if birth.year in _CENTURIES else all_of(day, year)
