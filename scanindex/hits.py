"""Where a hit stands on the paper: word numbers of a page to places on its picture.

The index counts words as the filed reading of the page does, so word n of a hit is
word n of `words.json.gz`, with its box. Boxes are pixels of the upright page; the
fractions beside them fit a picture of that page at any size. Pure but for `readings`,
which reads the archive.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from scanindex import filing, page_readings
from scanindex.index import expand, plan, query
from scanindex.index.language import Language
from scanindex.index.snippet import hit_words
from scanindex.model import Box, Document, PageReading, Word
from scanindex.services import Services

_WIDE_GAP_HEIGHTS = 2.0
"""Hit words of one line further apart than this many of their heights are marked apart (columns)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One place to mark: hit words that follow each other on one line."""

    line_no: int
    word_numbers: tuple[int, ...]
    """0-based, in reading order."""
    text: str = field(repr=False)
    box: Box
    left: float
    """Fractions 0..1 of the page's width and height, as CSS takes them."""
    top: float
    right: float
    bottom: float

    @property
    def place(self) -> tuple[float, float, float, float]:
        """left, top, right, bottom as fractions."""
        return self.left, self.top, self.right, self.bottom


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMarks:
    """The places of one page of a document."""

    page_no: int
    """In the document, 1-based."""
    marks: tuple[Mark, ...]
    is_look_alike: bool
    """Found only by spellings that a scanner takes for what was typed."""


def marks(reading: PageReading, word_numbers: Iterable[int]) -> tuple[Mark, ...]:
    """What to mark on the page for these words, in reading order; numbers it has no word for are left out."""
    if reading.width_px <= 0 or reading.height_px <= 0:
        return ()
    runs: list[list[int]] = []
    for number in sorted({n for n in word_numbers if 0 <= n < len(reading.words)}):
        if runs and _belong_together(reading.words, runs[-1][-1], number):
            runs[-1].append(number)
        else:
            runs.append([number])
    return tuple(_mark(reading, run) for run in runs)


def readings(document: Document, services: Services) -> tuple[PageReading, ...]:
    """The pages of a filed document as they were filed, in its order; () where it never was.

    Raises IntegrityError, StorageFailed.
    """
    if document.filed_version is None:
        return ()
    folder = services.archive.document_folder(document.document_id, document.filed_version)
    return filing.read_words(folder)


def word_numbers(text: str, reading: PageReading, language: Language | None = None) -> tuple[int, ...]:
    """Which words of the page a query means, whether or not the page fits it as a whole.

    Misread spellings count only where nothing is as typed. Raises QueryError.
    """
    known = language or Language()
    node = query.parse(text, known.titles)
    for with_misread in (False, True):
        if found := _meant(node, reading, known, with_misread=with_misread):
            return found
    return ()


def of_document(
    document: Document, text: str, services: Services, language: Language | None = None
) -> tuple[PageMarks, ...]:
    """What to mark on the pages of a document (from fetch), filed or not; pages without a mark are left out.

    Misread spellings count only where no page holds what was typed. Raises QueryError,
    IntegrityError, StorageFailed.
    """
    known = language or Language()
    node = query.parse(text, known.titles)
    with services.catalog.read() as unit:
        scan = unit.scans.get(document.scan_id)
    if scan is None or not text.strip():
        return ()
    read = {r.scan_page_no: r for r in page_readings.readings_of(scan, services, document.pages)}
    for with_misread in (False, True):
        found = [
            PageMarks(
                page_no=page_no,
                marks=marks(read[no], _meant(node, read[no], known, with_misread=with_misread)),
                is_look_alike=with_misread,
            )
            for page_no, no in enumerate(document.pages, start=1)
            if no in read
        ]
        if shown := tuple(one for one in found if one.marks):
            return shown
    return ()


def _meant(node: query.Node, reading: PageReading, known: Language, *, with_misread: bool) -> tuple[int, ...]:
    words = [_one_token(word.text) for word in reading.words]
    meant = plan.wanted(plan.build(node, _PageWords(words, known, with_misread=with_misread)))
    return hit_words(words, meant)


class _PageWords:
    """`plan.Words` of one page alone."""

    def __init__(self, words: Sequence[str], language: Language, *, with_misread: bool) -> None:
        self._tokens = sorted({token for word in words for token in expand.word_tokens(word)})
        self._spelling = language.spelling
        self._thesaurus = language.thesaurus
        self._entries = sorted(set(self._spelling.page_entries(words)))
        self._with_misread = with_misread

    def spellings(self, token: str) -> Iterable[str]:
        return self._spelling.look_alikes(token, self._keys_from) if self._with_misread else ()

    def fuzzy(self, token: str, edits: int) -> Iterable[str]:
        return self._spelling.fuzzy(token, edits, self._keys_from)

    def matching(self, field: str, pieces: tuple[str, ...]) -> Iterable[str]:
        return [t for t in self._tokens if field == plan.TEXT and expand.glob_matches(pieces, t)]

    def other_ways(self, words: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
        return self._thesaurus.of(words) if self._thesaurus else ()

    def _keys_from(self, prefix: str) -> list[tuple[str, int]]:
        later = itertools.islice(self._entries, bisect_left(self._entries, prefix), None)
        return [(entry, 1) for entry in itertools.takewhile(lambda e: e.startswith(prefix), later)]


def _one_token(text: str) -> str:
    """As the index counts words: blanks inside one do not make two."""
    return "".join(text.split()) or "\N{MIDDLE DOT}"


def _belong_together(words: Sequence[Word], before: int, after: int) -> bool:
    if after != before + 1 or words[before].line_no != words[after].line_no:
        return False
    one, two = words[before].box, words[after].box
    height = max(one.bottom_px - one.top_px, two.bottom_px - two.top_px)
    # The gap may lie on either side: lines of turned or right-to-left print run the other way.
    gap = max(two.left_px - one.right_px, one.left_px - two.right_px)
    return gap <= _WIDE_GAP_HEIGHTS * height


def _mark(reading: PageReading, run: Sequence[int]) -> Mark:
    words = [reading.words[number] for number in run]
    box = Box(
        left_px=min(w.box.left_px for w in words),
        top_px=min(w.box.top_px for w in words),
        right_px=max(w.box.right_px for w in words),
        bottom_px=max(w.box.bottom_px for w in words),
    )
    return Mark(
        line_no=words[0].line_no,
        word_numbers=tuple(run),
        text=" ".join(w.text for w in words),
        box=box,
        left=_share(box.left_px, reading.width_px),
        top=_share(box.top_px, reading.height_px),
        right=_share(box.right_px, reading.width_px),
        bottom=_share(box.bottom_px, reading.height_px),
    )


def _share(part: int, whole: int) -> float:
    return round(min(1.0, max(0.0, part / whole)), 5)
