"""Words as the second reader saw them, for places where the first reader's text says nothing.

Two readers fail at different print; where the first made no label or no value of some
words, the other's text may. What is taken from here was seen by one reader against
the other, so whoever uses it says so (`is_repaired`): it finds people, it confirms none.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from rapidfuzz.distance import DamerauLevenshtein

from scanindex.extract.layout import Token, key_of


def texts_as_seen(tokens: Sequence[Token]) -> list[str]:
    """The other reader's text word by word; a text that neighbours share stands once."""
    return [token.text for token in as_seen(tokens)]


def as_seen(tokens: Sequence[Token]) -> tuple[Token, ...]:
    """The tokens with the other reader's text; () where it saw the same or did not look."""
    seen: list[Token] = []
    before: Token | None = None
    differs = False
    for token in tokens:
        other = token.word.second_text
        if not other or key_of(other) == key_of(token.word.text):
            seen.append(token)
        elif before is None or before.word.second_text != other:
            differs = True
            seen += _split(token, other)
        before = token
    return tuple(seen) if differs else ()


def is_alike(tokens: Sequence[Token], seen: Sequence[Token]) -> bool:
    """Whether both readers saw the same print, but for a character: "5/13188" is no "9/15/98"."""
    digits, others = _digits(tokens), _digits(seen)
    if not others:
        return True
    return DamerauLevenshtein.distance(digits, others, score_cutoff=1) <= 1


def _digits(tokens: Sequence[Token]) -> str:
    return "".join(c for token in tokens for c in token.key if c.isdigit())


def _split(token: Token, text: str) -> list[Token]:
    """One token per word of the text, side by side in the token's place."""
    parts = text.split()
    if not parts:
        return []
    width = (token.right - token.left) / sum(len(part) for part in parts)
    tokens, left = [], token.left
    for part in parts:
        right = left + width * len(part)
        tokens.append(dataclasses.replace(token, text=part, key=key_of(part), left=left, right=right))
        left = right
    return tokens
