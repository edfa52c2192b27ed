"""Turns a recogniser's best class per time step into words with places and confidences.

Connectionist temporal classification: class 0 is "nothing here"; a class that repeats in
neighbouring steps is one character. Pure; knows nothing of models or pictures. Worker-only.
"""

from __future__ import annotations

import statistics
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

GAP_HEIGHTS = 0.95
"""Characters that begin further apart, in heights of the crop, are two words: the
recogniser leaves out many a space of a table."""
GAP_ADVANCES = 1.7
"""And further apart than that many of the line's own steps from character to character:
letter-spaced print is one word."""
EDGE_SHARE = 0.5
LATIN_SIGNS = "°±²³½¼¾µ£¢€§·×÷–—‘’“”•…©®™¿¡«»≤≥→←↑↓ªº¹"
LATIN_BLOCKS = ((0xC0, 0x24F), (0x1E00, 0x1EFF))
_OTHER = """
amh ara asm aze_cyrl bel ben bod bul chi_sim chi_sim_vert chi_tra chi_tra_vert chr div dzo ell equ
fas grc guj heb hin hye iku jpn jpn_vert kan kat kaz khm kir kor lao mal mar mkd mya nep ori osd pan
pus rus san sin snd srp syr tam tat tel tgk tha tir uig ukr urd uzb_cyrl yid
"""
OTHER_SCRIPTS = frozenset(_OTHER.split())
"""Tesseract codes of languages that are not written in Latin letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One word of a line: a stretch of the crop's width."""

    text: str = field(repr=False)
    confidence: float
    """Of its least sure character, which is close to the share of such words that are right."""
    left_share: float
    """0..1 of the crop's width."""
    right_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LineText:
    """What the recogniser saw in one crop."""

    text: str = field(repr=False)
    confidence: float
    """Mean over characters, 0 where there are none."""
    spans: tuple[Span, ...] = field(repr=False)


@dataclass(slots=True)
class _Sign:
    character: str
    confidence: float
    at: float
    """Where it begins, 0..1 of the crop's width."""


def usable_classes(characters: Sequence[str], languages: str) -> list[int]:
    """Numbers of the classes that text in these Tesseract languages can need; 0 is among them.

    characters: the text of each class, "" for "nothing here". What is left out can no
    longer be read, so that a blot becomes no ideograph and a wide comma a plain one.
    """
    if OTHER_SCRIPTS & set(languages.split("+")):
        return list(range(len(characters)))
    return [number for number, text in enumerate(characters) if not text or all(map(_is_latin, text))]


def _is_latin(character: str) -> bool:
    code = ord(character)
    if code < 0x80:
        return unicodedata.category(character) != "Cc"
    return character in LATIN_SIGNS or any(first <= code <= last for first, last in LATIN_BLOCKS)


def decode(
    classes: Sequence[int],
    odds: Sequence[float],
    characters: Sequence[str],
    shape: tuple[int, ...],
) -> LineText:
    """The text of one crop.

    classes, odds: best class of each time step and its probability; the steps cover the
    width of the crop. shape: of the crop as it was cut, before anything was squeezed.
    """
    signs: list[_Sign] = []
    before = 0
    for step, (number, odd) in enumerate(zip(classes, odds, strict=True)):
        if number and number != before:
            at = (step + 0.5) / len(classes)
            signs.append(_Sign(characters[number], float(odd), at))
        elif number:
            signs[-1].confidence = max(signs[-1].confidence, float(odd))
        before = number
    gap = max(GAP_HEIGHTS * shape[0] / shape[1], GAP_ADVANCES * _usual_advance(signs))
    spans = tuple(_span(word) for word in _words(signs, gap))
    return LineText(
        text=" ".join(span.text for span in spans),
        confidence=sum(sign.confidence for sign in signs) / len(signs) if signs else 0.0,
        spans=spans,
    )


def _usual_advance(signs: Sequence[_Sign]) -> float:
    advances = [
        two.at - one.at
        for one, two in pairwise(signs)
        if not one.character.isspace() and not two.character.isspace()
    ]
    return statistics.median(advances) if advances else 0.0


def _words(signs: Iterable[_Sign], gap: float) -> list[list[_Sign]]:
    words: list[list[_Sign]] = [[]]
    for sign in signs:
        if sign.character.isspace():
            words.append([])
            continue
        if words[-1] and sign.at - words[-1][-1].at > gap:
            words.append([])
        words[-1].append(sign)
    return [word for word in words if word]


def _span(signs: Sequence[_Sign]) -> Span:
    """Its edges lie half a character outside the middles of its first and last one."""
    first, last = signs[0].at, signs[-1].at
    rim = EDGE_SHARE * ((last - first) / (len(signs) - 1) if len(signs) > 1 else 0.0)
    left, right = max(0.0, first - rim), min(1.0, last + rim)
    return Span(
        text="".join(sign.character for sign in signs),
        confidence=min(1.0, min(sign.confidence for sign in signs)),
        left_share=left,
        right_share=max(right, left),
    )
