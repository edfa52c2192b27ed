"""Fingerprints of pages, to find the same paper scanned twice. Pure.

Three sketches: of the words (pairs of neighbouring ones), of the values (whatever has four
digits or more: dates, numbers, results), and of the picture (made by the reader,
`PageReading.picture`). Words are folded first, so that 0 and O or 1 and l read alike. A sketch
keeps the least hash of each of its bins: the share of equal bins estimates how much two pages
have in common (one-permutation MinHash: Li, Owen, Zhang 2012). Pairs of bins are the look-up keys.

A form filled for somebody else shares its printed words and its lines but not its values; a
rescan shares all three, whatever its skew, brightness or turn. Hence all that is known of both
pages must agree. Hashes are not secrets: a print is kept like the text it is made from.
"""

from __future__ import annotations

import itertools
import zlib
from dataclasses import dataclass

from rapidfuzz.distance import DamerauLevenshtein

from scanindex.model import DocumentFields, PageKind, PagePrint, PageReading

WORD_BINS, VALUE_BINS = 32, 16
_HEX = 6
"""Hexadecimal digits a bin keeps."""
_EMPTY = "-" * _HEX
LEAST_BINS = 10
"""Filled bins of words below which a page has too little text to be told by it."""
LEAST_DIGITS, LEAST_VALUES = 4, 3
ALIKE_VALUES = 0.50
LEAST_WORDS = ((0.20, 0.40), (0.30, 0.55))
"""Common words needed with and without values to compare: where the pictures agree, and where
one of them is not known."""
MOST_PICTURE_BITS = 60
"""Of 256 that may differ in the pictures of one paper scanned twice."""
MOST_BITS_ALONE = 24
"""The same where hardly anything could be read."""
COARSE_DIGITS = 16
_FOLD = str.maketrans("0OQD1IL|!5S8B2Z6G", "00001111155882266")


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How alike two pages are; None where that could not be compared."""

    words: float | None
    values: float | None
    picture_bits: int | None
    """Differing bits of 256."""

    @property
    def is_rescan(self) -> bool:
        """Probably the same paper."""
        if self.words is None:
            return self.picture_bits is not None and self.picture_bits <= MOST_BITS_ALONE
        if self.picture_bits is not None and self.picture_bits > MOST_PICTURE_BITS:
            return False
        with_values, without = LEAST_WORDS[self.picture_bits is None]
        if self.values is not None:
            return self.words >= with_values and self.values >= ALIKE_VALUES
        return self.words >= without

    @property
    def reason(self) -> str:
        told = []
        if self.words is not None:
            told.append("nearly the same words")
        if self.values is not None:
            told.append("the same numbers and dates")
        if self.picture_bits is not None:
            told.append("the same picture")
        return ", ".join(told)


def print_of(reading: PageReading) -> PagePrint | None:
    """None for pages that are no content."""
    if reading.kind is not PageKind.CONTENT:
        return None
    words = [key for word in reading.words if len(key := _key(word.text)) > 1]
    pairs = [f"{a} {b}" for a, b in itertools.pairwise(words)]
    values = [_key(word.text) for word in reading.words if _digits(word.text) >= LEAST_DIGITS]
    return PagePrint(
        scan_page_no=reading.scan_page_no,
        words=_sketch(pairs, WORD_BINS),
        values=_sketch(values, VALUE_BINS),
        picture=reading.picture,
    )


def keys_of(page: PagePrint) -> tuple[int, ...]:
    """Look-up keys: two pages of one paper very probably share one. Below 2**58."""
    words, values = _bins(page.words), _bins(page.values)
    keys = [_key_number(1, i, words[i] + words[i + 1]) for i in range(0, WORD_BINS, 2)]
    if _filled(values) >= LEAST_VALUES:
        keys += [_key_number(2, i, values[i] + values[i + 1]) for i in range(0, VALUE_BINS, 2)]
    if _filled(words) < LEAST_BINS and page.picture:
        parts = [page.picture[i : i + 4] for i in range(0, COARSE_DIGITS, 4)]
        keys += [_key_number(3, i, part) for i, part in enumerate(parts)]
    return tuple(dict.fromkeys(key for key in keys if key is not None))


def likeness(one: PagePrint, two: PagePrint) -> Likeness:
    values = _common(one.values, two.values, LEAST_VALUES)
    if values is None and _common(one.values, two.values, 1) == 0.0:
        values = 0.0  # a number or two on each, and none on both
    return Likeness(
        words=_common(one.words, two.words, LEAST_BINS),
        values=values,
        picture_bits=_differing_bits(one.picture, two.picture),
    )


def name_two_people(one: DocumentFields, two: DocumentFields) -> bool:
    """Two identifiers differ by more than a misreading: then it is a form filled for somebody else."""
    pairs = (
        (_digits_of(one.mrn), _digits_of(two.mrn), 2),
        (_digits_of(one.birth_date), _digits_of(two.birth_date), 2),
        (_key(one.name or ""), _key(two.name or ""), 4),
    )
    told = [(a, b, least) for a, b, least in pairs if a and b]
    differing = sum(_distance(a, b) >= least for a, b, least in told)
    return differing >= 2 or (differing == 1 == len(told))


def _digits_of(text: str | None) -> str:
    return "".join(c for c in (text or "").upper().translate(_FOLD) if c.isdigit()).lstrip("0")


def _distance(one: str, two: str) -> int:
    return int(DamerauLevenshtein.distance(one, two))


def _key(text: str) -> str:
    return "".join(c for c in text.upper() if c.isalnum()).translate(_FOLD)


def _digits(text: str) -> int:
    return sum(c.isdigit() for c in text)


def _sketch(features: list[str], bins: int) -> str:
    """The least hash of each bin, `_HEX` digits each."""
    least: dict[int, int] = {}
    for feature in features:
        rest, place = divmod(zlib.crc32(feature.encode()) * 2654435761 % 2**32, bins)
        least[place] = min(rest, least.get(place, rest))
    return "".join(f"{least[i] % 16**_HEX:0{_HEX}x}" if i in least else _EMPTY for i in range(bins))


def _bins(sketch: str) -> list[str]:
    return [sketch[i : i + _HEX] for i in range(0, len(sketch), _HEX)]


def _filled(bins: list[str]) -> int:
    return sum(b != _EMPTY for b in bins)


def _key_number(kind: int, place: int, digits: str) -> int | None:
    """None where a bin is empty: emptiness is shared by too many."""
    if "-" in digits:
        return None
    return (kind << 56) + (place << 50) + int(digits, 16)


def _common(one: str, two: str, least: int) -> float | None:
    a, b = _bins(one), _bins(two)
    if min(_filled(a), _filled(b)) < least:
        return None
    told = [(x, y) for x, y in zip(a, b, strict=True) if x != _EMPTY or y != _EMPTY]
    return sum(x == y for x, y in told) / len(told)


def _differing_bits(one: str, two: str) -> int | None:
    if not one or not two:
        return None
    return (int(one[COARSE_DIGITS:], 16) ^ int(two[COARSE_DIGITS:], 16)).bit_count()
