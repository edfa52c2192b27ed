"""Does a new document start at this page? Cues, their weights, and how sure the answer is.

Hard cues answer alone (change of patient, "page 1 of 3", "page 3 of 3" after "2 of
3"); the others add up: above zero the page starts a document. An answer is sure
when a hard cue gives it, or when the sum is far from zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz
from rapidfuzz.distance import DamerauLevenshtein

from scanindex.documents.facts import Identity, PageFacts
from scanindex.documents.identity import Same, compare, is_other_person

SURE = 1.5
LIKELY = 0.7
GOES_ON = 0.9
_MISSING = frozenset({"no title", "no letterhead", "no identifiers"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    starts: bool
    is_sure: bool
    reason: str
    is_likely: bool = False
    """A join that nothing speaks against, of a page read well enough to show it: sure enough
    where the operator marked the documents, or where the scan holds a single one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The document gathered so far: its pages' facts and identity."""

    pages: tuple[PageFacts, ...]
    identity: Identity

    @property
    def names(self) -> frozenset[str]:
        """The patient's names; where no label tells them, those in the pages' heads."""
        heads = (name for page in self.pages for name in page.head_names)
        return self.identity.names or frozenset(heads)

    @property
    def last(self) -> PageFacts:
        return self.pages[-1]

    @property
    def first(self) -> PageFacts:
        return self.pages[0]


def judge(run: Run, page: PageFacts, *, blank_sheet: bool = False) -> Break:
    """Whether `page` starts a new document after `run`."""
    same = compare(run.identity, page.identity)
    hard = _hard(run, page, same)
    if hard is not None:
        return hard
    cues = tuple(_cues(run, page, same, blank_sheet=blank_sheet))
    total = sum(weight for weight, _ in cues)
    if total > 0:
        reason = max(cues)[1] if cues else "no sign that it goes on"
        return Break(starts=True, is_sure=total >= SURE, reason=reason)
    reason = min(cues)[1] if cues else "nothing starts here"
    return Break(
        starts=False,
        is_sure=total <= -SURE and _goes_on(cues),
        reason=reason,
        is_likely=total <= -LIKELY and page.is_well_read,
    )


def goes_on(page: PageFacts, following: PageFacts) -> bool:
    """Whether print on the two pages says that the second continues the first."""
    one, two = page.number, following.number
    return (
        (one is not None and two is not None and one.total == two.total and one.number + 1 == two.number)
        or following.is_continued
        or following.side == 2
        or (page.ends_open and following.first_words[:1].islower())
        or (
            (following.first_item is not None and page.last_item is not None)
            and following.first_item == page.last_item + 1 > 2
        )
    )


def _goes_on(cues: Sequence[tuple[float, str]]) -> bool:
    """Whether something on the page itself says so. Missing titles and names do not: they
    are missing on badly read first pages of other people too."""
    return sum(weight for weight, reason in cues if weight < 0 and reason not in _MISSING) <= -GOES_ON


def _hard(run: Run, page: PageFacts, same: Same) -> Break | None:
    if same is Same.NO:
        return Break(starts=True, is_sure=True, reason="another patient is named")
    if is_other_person(run.names, page.head_names):
        return Break(starts=True, is_sure=False, reason="another name stands in its head")
    number, last = page.number, run.last.number
    if number is not None and number.total is not None:
        if number.number == 1:
            return Break(starts=True, is_sure=True, reason="page 1 of a count")
        if last is not None and last.total == number.total and last.number + 1 == number.number:
            return Break(starts=False, is_sure=True, reason="next page of the count")
    if page.fax_number is not None and page.fax_number.number == 1 and run.last.fax_number is not None:
        return Break(starts=True, is_sure=True, reason="a new fax begins")
    return None


def _cues(run: Run, page: PageFacts, same: Same, *, blank_sheet: bool) -> Iterator[tuple[float, str]]:
    yield from _number_cues(run, page)
    yield from _title_cues(run, page, same)
    yield from _header_cues(run, page, same)
    if blank_sheet:
        yield 2.4, "a blank sheet lies between"
    if page.is_continued:
        yield -2.5, "it says that it continues"
    if run.last.is_to_be_continued:
        yield -1.6, "the page before says that it goes on"
    if page.is_landscape != run.last.is_landscape:
        yield 0.7, "the paper is turned"
    if (
        page.width_inches
        and run.last.width_inches
        and abs(page.width_inches / run.last.width_inches - 1) > 0.12
    ):
        yield 0.5, "the paper has another size"
    yield from _form_cues(run, page)
    yield from _text_cues(run, page)


def _form_cues(run: Run, page: PageFacts) -> Iterator[tuple[float, str]]:
    if page.form and run.last.form:
        if page.form != run.last.form:
            yield 0.8, "another form number"
        elif page.title is None and not page.letterhead:
            yield -0.8, "same form number, no title of its own"
    if page.side == 2 and len(run.pages) == 1:
        yield -2.0, "it is side 2"
    elif page.side == 1:
        yield 1.2, "it is side 1"


def _text_cues(run: Run, page: PageFacts) -> Iterator[tuple[float, str]]:
    if page.greets:
        yield 2.0, "a letter begins"
    if run.last.closes:
        yield 0.9, "the text before it is closed"
    if page.first_item and run.last.last_item and page.first_item == run.last.last_item + 1 > 2:
        yield -1.5, "a numbered list goes on"


def _number_cues(run: Run, page: PageFacts) -> Iterator[tuple[float, str]]:
    number, last = page.number, run.last.number
    if number is None:
        if last is not None and last.total is not None:
            yield (
                (1.4, "the count before it is complete")
                if last.number == last.total
                else (-0.8, "the count before it is not complete")
            )
        elif last is not None and last.number > 1:
            yield 0.4, "the numbers before it do not go on"
        return
    if number.number == 1:
        yield 1.6, "page number 1"
    elif last is not None and last.number + 1 == number.number and None in {last.total, number.total}:
        yield -2.2, "next page number"
    elif last is None and number.number == len(run.pages) + 1:
        yield -1.8, "next page number"
    elif (
        number.total is not None
        and last is not None
        and last.total == number.total
        and number.number > last.number
    ):
        yield -0.6, "a later page of the same count"
    else:
        yield 0.6, "its page number does not follow"


def _title_cues(run: Run, page: PageFacts, same: Same) -> Iterator[tuple[float, str]]:
    kind = next((p.title for p in run.pages if p.title), None)
    kind = kind or next((p.type_by_words for p in run.pages if p.type_by_words), None)
    if page.title is not None:
        if page.title != kind:
            yield (0.9 if page.is_title_weak else 2.2), "another title"
        else:
            yield from _same_title(run, page)
    elif page.type_by_words is not None and kind is not None and page.type_by_words != kind:
        yield 0.9, "its words are of another kind of document"
    elif page.type_by_words is not None and page.type_by_words == kind:
        yield -0.4, "its words are of the same kind"
    else:
        yield -0.7, "no title"


def _same_title(run: Run, page: PageFacts) -> Iterator[tuple[float, str]]:
    before = run.first
    if page.service_dates and before.service_dates and not page.service_dates & before.service_dates:
        yield 1.6, "same title, other date"
    elif fuzz.ratio(page.head, run.last.head) >= (82 if page.service_dates & before.service_dates else 88):
        yield -0.5, "same running header"
    else:
        yield 0.8, "the title stands again"


def _header_cues(run: Run, page: PageFacts, same: Same) -> Iterator[tuple[float, str]]:
    if page.letterhead and not any(_is_same_house(page, other) for other in (run.first, run.last)):
        yield (1.2 if run.first.letterhead else 0.6), "another letterhead"
    elif page.letterhead and run.first.letterhead:
        yield 0.4, "the letterhead stands again"
    elif run.first.letterhead:
        yield -0.4, "no letterhead"
    if same is Same.SLIP:
        yield 0.8, "the identifiers differ slightly"
    if page.identity.is_empty and not run.identity.is_empty:
        yield -0.3, "no identifiers"
    if page.accounts & run.first.accounts:
        yield -0.3, "same account number"
    elif page.accounts and run.first.accounts and not _are_close(page.accounts, run.first.accounts):
        yield 1.2, "another account number"
    if page.first_words[:1].islower():
        yield (-0.9 if run.last.ends_open else -0.4), "it begins in mid-sentence"
    elif run.last.ends_open and page.first_words and page.title is None:
        yield -0.4, "the text before it is unfinished"


def _is_same_house(page: PageFacts, other: PageFacts) -> bool:
    return bool(other.letterhead) and fuzz.partial_ratio(page.letterhead, other.letterhead) >= 85


def _are_close(some: frozenset[str], others: frozenset[str]) -> bool:
    """One character off: the same number misread, or the next one; it tells nothing."""
    return any(DamerauLevenshtein.distance(a, b) <= 1 for a in some for b in others)
