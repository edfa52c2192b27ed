"""`group`: the whole of grouping, readable from top to bottom."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scanindex.documents import order
from scanindex.documents.breaks import Break, Run, goes_on, judge
from scanindex.documents.facts import Identity, PageFacts, facts_of
from scanindex.documents.identity import Same, compare
from scanindex.documents.sheets import Between, blanks_separate, cover_of, is_header_sheet
from scanindex.documents.ties import ties_of
from scanindex.model import (
    BETWEEN_SHEETS,
    FindingKind,
    Grouping,
    PageFindings,
    PageGroup,
    PageKind,
    PageReading,
    Preset,
)
from scanindex.settings import DocumentsSettings

_UNREAD = "nothing can be read on it"
_SHUFFLED = "guess: printed page counts of this scan are out of order"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """A page that belongs into a document, with what lies in front of it."""

    facts: PageFacts
    before: Between
    blank_sheet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """A group being gathered."""

    run: Run
    cover: PageFindings | None
    reason: str
    guesses: tuple[Break, ...] = ()


def group(
    readings: Sequence[PageReading],
    findings: Sequence[PageFindings],
    preset: Preset,
    settings: DocumentsSettings,
) -> Grouping:
    """Documents of one scan; readings and findings page by page, in scan order.

    Every content and failed page is in exactly one group, every blank and separator
    page in `set_aside` (blanks stay in their document where `drop_blanks` is off).
    Where the folder says that fronts and backs were scanned apart, pages are taken as
    they lie on paper; if they do not pair, nothing is cut and a person is asked.
    """
    if order.is_unpaired(preset.page_order, len(readings)):
        return _unpaired(readings)
    readings = order.on_paper(readings, preset.page_order)
    findings = order.on_paper(findings, preset.page_order)
    set_aside = tuple(r.scan_page_no for r in readings if _is_set_aside(r, settings))
    contents = _contents(readings, findings, settings)
    gathered = tuple(_gather(contents, preset))
    is_marked = len(gathered) == 1 or any(c.before.separator for c in contents)
    between = _between_sheets(contents, gathered, preset)
    groups = tuple(_closed(g, is_marked=is_marked, is_between=g.run.first in between) for g in gathered)
    if _is_shuffled(gathered):
        groups = tuple(_doubted(g) for g in groups)
    return Grouping(groups=groups, set_aside=set_aside)


def _is_shuffled(gathered: Sequence[_Open]) -> bool:
    """One document lacks a page of its printed count and another page of such a count lies loose: the
    stack was dropped, or its two passes are out of step, and any count may have caught a stranger."""
    counts = [[p.number for p in g.run.pages if p.number and p.number.total] for g in gathered]
    lacking = {n[0].total for n in counts if n and n[0].number == 1 and len(n) < (n[0].total or 1)}
    loose = {n[0].total for n in counts if n and n[0].number > 1}
    return bool(lacking & loose)


def _doubted(group: PageGroup) -> PageGroup:
    if len(group.pages) == 1:
        return group
    return dataclasses.replace(group, is_sure=False, reasons=(*group.reasons, _SHUFFLED))


def _unpaired(readings: Sequence[PageReading]) -> Grouping:
    """Everything, blanks too: which back belongs to which front is not known."""
    pages = tuple(reading.scan_page_no for reading in readings)
    group = PageGroup(pages=pages, reasons=(order.UNPAIRED,), is_sure=False)
    return Grouping(groups=(group,), set_aside=())


def _is_separator(reading: PageReading) -> bool:
    return reading.kind is PageKind.SEPARATOR or is_header_sheet(reading)


def _is_set_aside(reading: PageReading, settings: DocumentsSettings) -> bool:
    return _is_separator(reading) or (reading.kind is PageKind.BLANK and settings.drop_blanks)


def _contents(
    readings: Sequence[PageReading], findings: Sequence[PageFindings], settings: DocumentsSettings
) -> Sequence[_Content]:
    """The pages of documents; which blanks between them are sheets laid in, the whole scan tells."""
    contents = tuple(_plain_contents(readings, findings, settings))
    if any(c.before.separator for c in contents):
        return contents
    least = blanks_separate([PageKind.SEPARATOR if _is_separator(r) else r.kind for r in readings])
    inside = [b.before.blanks for a, b in itertools.pairwise(contents) if goes_on(a.facts, b.facts)]
    least = max(least, max(inside, default=0) + 1) if least else 0
    return tuple(
        dataclasses.replace(c, blank_sheet=True) if 0 < least <= c.before.blanks else c for c in contents
    )


def _plain_contents(
    readings: Sequence[PageReading], findings: Sequence[PageFindings], settings: DocumentsSettings
) -> Iterator[_Content]:
    before = Between()
    for reading, found in zip(readings, findings, strict=True):
        if _is_separator(reading):
            cover = cover_of(reading) if settings.separators else None
            before = Between(separator=settings.separators, cover=cover or before.cover)
        elif reading.kind is PageKind.BLANK and settings.drop_blanks:
            before = Between(separator=before.separator, cover=before.cover, blanks=before.blanks + 1)
        else:
            yield _Content(facts=facts_of(reading, found), before=before)
            before = Between()


def _gather(contents: Sequence[_Content], preset: Preset) -> Iterator[_Open]:
    """Groups in order. A page on which nothing can be read waits for the next one to tell."""
    current: _Open | None = None
    waiting: list[_Content] = []
    for content in contents:
        if current is None:
            current = _start(content, Break(starts=True, is_sure=True, reason="first page"))
            continue
        if _may_wait(content, preset):
            waiting.append(content)
            continue
        verdict = _verdict(current, content, preset.splitting)
        if verdict.starts:
            yield current
            yield from _loose(waiting)
            current = _start(content, verdict)
        else:
            for between in waiting:
                current = _add(current, between, dataclasses.replace(verdict, reason=_UNREAD))
            current = _add(current, content, verdict)
        waiting = []
    if current is not None:
        yield current
        yield from _loose(waiting)


def _may_wait(content: _Content, preset: Preset) -> bool:
    is_free = preset.splitting == "auto" and not content.before.separator
    return is_free and content.facts.is_wordless


def _loose(waiting: Sequence[_Content]) -> Iterator[_Open]:
    """Unread pages at the end of a document: a drawing of it, or backs that shine through."""
    for content in waiting:
        yield _start(content, Break(starts=True, is_sure=False, reason=_UNREAD))


def _verdict(current: _Open, content: _Content, splitting: str) -> Break:
    if splitting == "every_page":
        return Break(starts=True, is_sure=True, reason="every page is a document here")
    if content.before.separator:
        return Break(starts=True, is_sure=True, reason="a separator sheet lies before it")
    if splitting == "auto":
        return judge(current.run, content.facts, blank_sheet=content.blank_sheet)
    if compare(current.run.identity, content.facts.identity) is Same.NO:
        return Break(starts=True, is_sure=False, reason="another patient is named")
    return Break(starts=False, is_sure=True, reason="the folder says so")


def _start(content: _Content, verdict: Break) -> _Open:
    cover = content.before.cover
    identity = content.facts.identity.plus(_cover_identity(cover))
    return _Open(
        run=Run(pages=(content.facts,), identity=identity),
        cover=cover,
        reason=verdict.reason,
        guesses=() if verdict.is_sure else (verdict,),
    )


def _add(current: _Open, content: _Content, verdict: Break) -> _Open:
    """The page joins; a guess counts only where the page does not itself name the same patient."""
    same = compare(current.run.identity, content.facts.identity)
    is_guess = not verdict.is_sure and same is not Same.YES
    return _Open(
        run=Run(
            pages=(*current.run.pages, content.facts),
            identity=current.run.identity.plus(content.facts.identity),
        ),
        cover=current.cover,
        reason=current.reason,
        guesses=(*current.guesses, verdict) if is_guess else current.guesses,
    )


def _cover_identity(cover: PageFindings | None) -> Identity:
    if cover is None:
        return Identity()
    return Identity(
        mrns=frozenset(f.value.upper().lstrip("0") for f in cover.of(FindingKind.MRN)),
        births=frozenset(f.value for f in cover.of(FindingKind.BIRTH_DATE) if len(f.value) == 10),
    )


def _between_sheets(
    contents: Sequence[_Content], gathered: Sequence[_Open], preset: Preset
) -> tuple[PageFacts, ...]:
    """First pages of the documents that fill the whole space between two separator sheets (the
    ends of a scan that has some count as sheets), or that the folder declares to be one."""
    if preset.splitting in ("one_document", "separators_only") and len(gathered) == 1:
        return (gathered[0].run.first,)
    if not any(c.before.separator for c in contents):
        return ()
    marked = {c.facts.scan_page_no for c in contents[1:] if c.before.separator}
    starts = [g.run.first.scan_page_no for g in gathered]
    return tuple(
        g.run.first
        for g, start, following in zip(gathered, starts, [*starts[1:], None], strict=True)
        if (start == starts[0] or start in marked) and (following is None or following in marked)
    )


def _closed(current: _Open, *, is_marked: bool, is_between: bool) -> PageGroup:
    """is_marked: separators delimit documents here, or the whole scan is one."""
    open_guesses = [g for g in current.guesses if not (is_marked and g.is_likely)]
    return PageGroup(
        pages=tuple(p.scan_page_no for p in current.run.pages),
        reasons=(
            current.reason,
            *((BETWEEN_SHEETS,) if is_between else ()),
            *dict.fromkeys(f"guess: {g.reason}" for g in current.guesses),
        ),
        is_sure=not open_guesses,
        cover=current.cover,
        ties=ties_of(current.run.pages),
    )
