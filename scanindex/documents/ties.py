"""What holds the pages of one document together, besides the names on them.

For the question whether a page that names nobody may be filed with one that does. A tie is
*proof* only where a stranger's page that slipped in at this place would not show it:

    count            "2 of 3" behind "1 of 3" (or before it), both printed, nothing mended
    between_counts   no count was read on it, and it lies between "1 of 3" and "3 of 3"
    visit_number     a labelled account, accession, case, job or order number of six digits
                     or more stands on the other page as well, character by character

The others make it likely and no more: a form number, a list or a sentence that goes on, or
"page 2 of 2" behind a page without a count is what a stranger's page two shows as well. That
fronts and backs lie on one sheet is no tie either: scanners pull two sheets at a time, and
drop blank sides.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from scanindex.documents.facts import PageFacts, PageNumber
from scanindex.model import PageTie


def ties_of(pages: Sequence[PageFacts]) -> tuple[PageTie, ...]:
    """All ties between the pages of one document, in its order."""
    return (
        *(tie for a, b in itertools.pairwise(pages) for tie in _neighbours(a, b)),
        *_between_counts(pages),
        *_visit_numbers(pages),
        *_count_fits(pages),
    )


def _neighbours(one: PageFacts, two: PageFacts) -> Iterator[PageTie]:
    if _is_next(one.number, two.number):
        is_proof = not (one.is_count_repaired or two.is_count_repaired)
        words = "printed page counts follow each other"
        yield _tie(
            two, one, "count", words if is_proof else f"{words}, one of them mended", is_proof=is_proof
        )
    if one.form and one.form == two.form and not two.letterhead:
        yield _tie(two, one, "form", "same form number")
    if two.side == 2 and (one.side == 1 or one.form == two.form != ""):
        yield _tie(two, one, "form", "side 2 of the form behind side 1")
    if one.ends_open and two.first_words[:1].islower():
        yield _tie(two, one, "sentence", "a sentence goes on overleaf")
    if two.first_item and one.last_item and two.first_item == one.last_item + 1 > 2:
        yield _tie(two, one, "list", "a numbered list goes on")


def _between_counts(pages: Sequence[PageFacts]) -> Iterator[PageTie]:
    """Pages without a count in the right number between two that have one."""
    counted = [(i, p.number) for i, p in enumerate(pages) if p.number and p.number.total]
    for (i, a), (j, b) in itertools.pairwise(counted):
        if a.total == b.total and b.number - a.number == j - i > 1 and not _is_mended(pages, i, j):
            for page in pages[i + 1 : j]:
                if page.number is None:
                    words = "lies between printed page counts of one document"
                    yield _tie(page, pages[i], "between_counts", words, is_proof=True)


def _is_mended(pages: Sequence[PageFacts], *places: int) -> bool:
    return any(pages[i].is_count_repaired for i in places)


def _visit_numbers(pages: Sequence[PageFacts]) -> Iterator[PageTie]:
    for one, two in itertools.permutations(pages, 2):
        if one.visit_numbers & two.numbers and (
            one.scan_page_no < two.scan_page_no or not two.visit_numbers & one.numbers
        ):
            yield _tie(
                two, one, "visit_number", "the same account or accession number stands on both", is_proof=True
            )


def _count_fits(pages: Sequence[PageFacts]) -> Iterator[PageTie]:
    """ "2 of 2" as the second and last page of a document whose first page prints no count."""
    counts = {i: p.number for i, p in enumerate(pages, 1) if p.number and p.number.total}
    if len(pages) < 2 or not counts or 1 in counts:
        return
    if all(n.number == i and n.total == len(pages) for i, n in counts.items()):
        for i in counts:
            yield _tie(pages[i - 1], pages[0], "count_fits", "its page count fits its place")


def _is_next(one: PageNumber | None, two: PageNumber | None) -> bool:
    if one is None or two is None or one.total is None:
        return False
    return one.total == two.total and two.number == one.number + 1


def _tie(page: PageFacts, to: PageFacts, code: str, reason: str, *, is_proof: bool = False) -> PageTie:
    return PageTie(
        scan_page_no=page.scan_page_no,
        to_page_no=to.scan_page_no,
        code=code,
        is_proof=is_proof,
        reason=reason,
    )
