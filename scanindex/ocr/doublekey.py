"""Reads every identifier region a second time, by the second reader: the blind double key.

Promises: what either reader saw is kept, one as the word's text, the other beside it as
`second_text`; agreement is of raw characters (see `scanindex.agreement`), never of repaired
ones; a region is cut wide enough that a letter the first reader cut off is seen. Where
readers differ, the likelier text stands, but it stays disputed. Worker-only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from types import MappingProxyType
from typing import Any

from scanindex.agreement import agree, characters, less_sure, together
from scanindex.model import Box, Word
from scanindex.ocr.align import Pair, align
from scanindex.ocr.choose import second_is_likelier
from scanindex.ocr.crops import crop_line, grown, page_slope, union
from scanindex.ocr.ctc import Span
from scanindex.ocr.engines import LineReader
from scanindex.ocr.gaps import find_gaps
from scanindex.ocr.merge import into_lines
from scanindex.ocr.regions import Rank, find_regions, looks_like_identifier

READER_HEIGHT_PX = 48
MOST_WIDTH_PX: Mapping[str, int] = MappingProxyType({"fast": 1_500, "normal": 5_500, "thorough": 24_000})
"""Widths of all crops of a page at the recogniser's height; 1,000 take about .09 s."""
MOST_GAPS: Mapping[str, int] = MappingProxyType({"fast": 2, "normal": 8, "thorough": 40})
BATCH = 24
LEAST_GAP_CONFIDENCE = 0.4
LEAST_GAP_LETTERS = 3
SURE_OF_PUNCTUATION = 0.75
"""Below it the second reader's punctuation and case are believed where the characters agree."""
CLOSE_HEIGHTS = 0.9
"""Pieces of one number stand closer than that."""


@dataclass(frozen=True, slots=True)
class _Job:
    """One crop to be read; without places it is a gap where the first reader saw nothing."""

    places: tuple[int, ...]
    box: Box
    line_no: int
    rank: Rank
    limits: tuple[int, int]
    """Where its neighbours on the line end and begin, pixels of the page."""
    grown_px: tuple[int, int] = (0, 0)
    """Ink left and right of what the first reader saw."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """Words that the second reader saw, left to right."""

    spans: tuple[Span, ...]
    engine: str

    @property
    def texts(self) -> list[str]:
        return [span.text for span in self.spans]

    @property
    def confidence(self) -> float:
        """Of the least sure word; 0 where nothing was seen."""
        return min((span.confidence for span in self.spans), default=0.0)

    def part(self, places: range) -> _Seen:
        return _Seen(self.spans[places.start : places.stop], self.engine)


def read_twice(
    words: Sequence[Word],
    page: Any,
    reader: LineReader,
    seconds_left: Callable[[], float],
    effort: str = "normal",
) -> tuple[Word, ...]:
    """`words` with `second_text` set where they may be identifiers, in reading order.

    page: the upright page image that the boxes refer to. A word may change its text for
    the second reader's, be split or joined as that saw it, and be added where a label's
    value was not read at all. Words that another step has had read twice stay.
    """
    slope = page_slope(words)
    jobs = _affordable(_jobs(words, page, MOST_GAPS[effort]), MOST_WIDTH_PX[effort])
    changed: dict[int, tuple[Word, ...]] = {}
    added: list[Word] = []
    for batch in (jobs[at : at + BATCH] for at in range(0, len(jobs), BATCH)):
        if seconds_left() < 1.0:
            break
        crops = [crop_line(page, job.box, slope, job.limits) for job in batch]
        for job, found in zip(batch, reader.read_spans(crops, squeeze=1.0), strict=True):
            seen = _Seen(tuple(span for span in found.spans if characters(span.text)), reader.name)
            if job.places:
                changed.update(_settled(words, job, seen))
            else:
                added.extend(_unread(job, seen))
    kept = [word for place, old in enumerate(words) for word in changed.get(place, (old,))]
    return into_lines(kept, added) if added else tuple(kept)


def _jobs(words: Sequence[Word], page: Any, most_gaps: int) -> Iterator[_Job]:
    height, width = page.shape[:2]
    jobs = []
    for places, rank in _read_once(words, height):
        seen = union([words[place].box for place in places])
        limits = _neighbours(words, places, seen, width)
        box = grown(page, seen, *limits)
        more = seen.left_px - box.left_px, box.right_px - seen.right_px
        jobs.append(_Job(places, box, words[places[0]].line_no, rank, limits, more))
    jobs += [
        _Job((), box, line_no, Rank.GAP, (0, width)) for box, line_no in find_gaps(words, page, most_gaps)
    ]
    yield from sorted(jobs, key=lambda job: job.rank)


def _read_once(words: Sequence[Word], height_px: int) -> Iterator[tuple[tuple[int, ...], Rank]]:
    """Regions without the words that another step has had read by both readers."""
    for region in find_regions(words, height_px):
        for was_read, run in groupby(region.places, lambda place: words[place].second_text is not None):
            if not was_read:
                yield tuple(run), region.rank


def _neighbours(words: Sequence[Word], places: Sequence[int], box: Box, width_px: int) -> tuple[int, int]:
    """Where the words left and right of `box` end and begin."""
    own = set(places)
    left, right = 0, width_px
    for place, word in enumerate(words):
        other = word.box
        shared = min(box.bottom_px, other.bottom_px) - max(box.top_px, other.top_px)
        if place in own or shared < 0.3 * (box.bottom_px - box.top_px) or not characters(word.text):
            continue
        if other.right_px <= box.left_px + 2:
            left = max(left, other.right_px)
        elif other.left_px >= box.right_px - 2:
            right = min(right, other.left_px)
    return left, right


def _affordable(jobs: Iterator[_Job], most_px: int) -> list[_Job]:
    """The first of `jobs` that fit the budget; a wide one is skipped for narrower ones behind it."""
    spent, taken = 0.0, []
    for job in jobs:
        height = max(1, job.box.bottom_px - job.box.top_px)
        cost = READER_HEIGHT_PX * ((job.box.right_px - job.box.left_px) / (1.44 * height) + 1.0)
        if spent + cost <= most_px:
            spent += cost
            taken.append(job)
    return taken


# --- what becomes of the words -----------------------------------------------------------
def _settled(words: Sequence[Word], job: _Job, seen: _Seen) -> Iterator[tuple[int, tuple[Word, ...]]]:
    """(place, words that stand there now); the words of a joined run stand at its first place."""
    line = [words[place] for place in job.places]
    before, pairs, behind = _outside(align([word.text for word in line], seen.texts), seen, job, line)
    for number, pair in enumerate(pairs):
        new = _pair_words([line[place] for place in pair.words], seen.part(pair.tokens))
        if number == 0 and before:
            new = (*_beside(seen.part(before), job, line, is_left=True), *new)
        if number == len(pairs) - 1 and behind:
            new = (*new, *_beside(seen.part(behind), job, line, is_left=False))
        yield job.places[pair.words.start], new
        for place in pair.words[1:]:
            yield job.places[place], ()


def _outside(
    pairs: Sequence[Pair], seen: _Seen, job: _Job, line: Sequence[Word]
) -> tuple[range, list[Pair], range]:
    """Tokens left of the words, the pairs of the words, tokens right of them.

    What only the second reader saw stands outside only where there is ink for it, and
    only if it is letters: a digit beside a number disputes the number.
    """
    joined: list[Pair] = []
    before = waiting = range(0)
    for pair in pairs:
        if not len(pair.words):
            waiting = pair.tokens
            continue
        if len(waiting) and not joined and _may_stand_outside(seen.part(waiting), job.grown_px[0], line[0]):
            before, waiting = waiting, range(0)
        start = waiting.start if len(waiting) else pair.tokens.start
        joined.append(Pair(pair.words, range(start, pair.tokens.stop)))
        waiting = range(0)
    if not joined:
        return range(0), [Pair(range(len(line)), waiting)], range(0)
    if len(waiting) and not _may_stand_outside(seen.part(waiting), job.grown_px[1], line[-1]):
        joined[-1] = Pair(joined[-1].words, range(joined[-1].tokens.start, waiting.stop))
        waiting = range(0)
    return before, joined, waiting


def _may_stand_outside(seen: _Seen, grown_px: int, beside: Word) -> bool:
    height = beside.box.bottom_px - beside.box.top_px
    return grown_px > 0.5 * height and all(text.strip(".,:;'()").isalpha() for text in seen.texts)


def _beside(seen: _Seen, job: _Job, line: Sequence[Word], is_left: bool) -> Iterator[Word]:
    """Words that only the second reader saw, in the ink beside those that both did."""
    both = union([word.box for word in line])
    left, right = (job.box.left_px, both.left_px) if is_left else (both.right_px, job.box.right_px)
    place = replace(line[0 if is_left else -1], box=replace(both, left_px=left, right_px=right))
    for word in _spread([place], seen):
        yield replace(word, second_text="")


def _pair_words(old: Sequence[Word], seen: _Seen) -> tuple[Word, ...]:
    first, second = " ".join(word.text for word in old), " ".join(seen.texts)
    if len(old) == 1 and agree(first, second):
        return _parted(old[0], seen)
    if len(seen.texts) == 1 and agree(first.replace(" ", ""), second):
        return _joined(old, seen)
    if second and second_is_likelier(old, first, second, seen.confidence):
        return _spread(old, seen)
    return tuple(replace(word, second_text=second) for word in old)


def _parted(word: Word, seen: _Seen) -> tuple[Word, ...]:
    """The word, in the parts that the second reader saw unless it is one number or date."""
    if len(seen.texts) < 2 or looks_like_identifier(word.text):
        second = " ".join(seen.texts)
        both = replace(
            word,
            confidence=together(word.confidence, seen.confidence),
            least_confidence=less_sure(word.confidence, seen.confidence),
        )
        if (word.confidence or 0.0) < SURE_OF_PUNCTUATION and second != word.text:
            return (replace(both, text=second.replace(" ", ""), second_text=word.text),)
        return (replace(both, second_text=second),)
    # Both readers saw these characters: the parts agree, whatever punctuation says.
    return tuple(
        replace(
            part,
            confidence=together(word.confidence, part.confidence),
            least_confidence=less_sure(word.confidence, part.confidence),
            engine=word.engine,
            second_text=part.text,
        )
        for part in _spread([word], seen)
    )


def _joined(old: Sequence[Word], seen: _Seen) -> tuple[Word, ...]:
    """Several words that the second reader saw as one: one number, or a name in two parts."""
    token = seen.texts[0]
    gaps = [b.box.left_px - a.box.right_px for a, b in pairwise(old)]
    height = max(word.box.bottom_px - word.box.top_px for word in old)
    if looks_like_identifier(token) and max(gaps) < CLOSE_HEIGHTS * height:
        known = [word.confidence for word in old if word.confidence is not None]
        box = union([word.box for word in old])
        least = min(known) if known else None
        whole = replace(old[0], text=token, box=box, confidence=together(least, seen.confidence))
        return (replace(whole, least_confidence=less_sure(least, seen.confidence), second_text=token),)
    return tuple(
        replace(
            word,
            confidence=together(word.confidence, seen.confidence),
            least_confidence=less_sure(word.confidence, seen.confidence),
            second_text=word.text,
        )
        for word in old
    )


def _spread(old: Sequence[Word], seen: _Seen) -> tuple[Word, ...]:
    """The second reader's words over the place of the first's, whose text stays beside each."""
    box = union([word.box for word in old])
    first = " ".join(word.text for word in old)
    others = [word.text for word in old] if len(seen.texts) == len(old) else [first] * len(seen.texts)
    step = (box.right_px - box.left_px) / (sum(len(text) + 1 for text in seen.texts) - 1)
    words, left = [], float(box.left_px)
    for span, other in zip(seen.spans, others, strict=True):
        right = left + step * len(span.text)
        words.append(
            replace(
                old[0],
                text=span.text,
                box=replace(box, left_px=round(left), right_px=max(round(left) + 1, round(right))),
                confidence=span.confidence,
                engine=seen.engine,
                second_text=other,
            )
        )
        left = right + step
    return tuple(words)


def _unread(job: _Job, seen: _Seen) -> Iterator[Word]:
    """Words in the place of a label's value that the first reader did not see."""
    letters = sum(len(characters(text)) for text in seen.texts)
    if letters < LEAST_GAP_LETTERS or seen.confidence < LEAST_GAP_CONFIDENCE:
        return
    blank = Word(text="", box=job.box, confidence=None, engine=seen.engine, line_no=job.line_no)
    for word in _spread([blank], seen):
        yield replace(word, second_text="")
