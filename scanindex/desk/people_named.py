"""Where the pages of one document name different people, or one datum in different ways. Pure.

A document of two people's pages goes by neither's identifiers; whoever settles it must see both, and
on which pages. Two readings of one number are no two people: it takes a second datum that differs as
well. The sentences name pages and kinds, never a value: one of them may just be asked for.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from scanindex.match import fold, names
from scanindex.model import Document, Finding, FindingKind, Role

NAMING = (FindingKind.NAME, FindingKind.BIRTH_DATE, FindingKind.MRN)
_WORDS: Mapping[FindingKind, str] = MappingProxyType(
    {
        FindingKind.NAME: "names",
        FindingKind.BIRTH_DATE: "birth dates",
        FindingKind.MRN: "record numbers",
    }
)
_ENOUGH = 2
"""Kinds of datum that must differ between two people."""
_SLIP = 1
"""Characters in which two readings of one number differ at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """More than one person on the pages, or one datum that was read differently."""

    words: str
    """What stands where, in page numbers of the document."""
    hint: str
    """What to do about it; "" where there is nothing likely."""
    split_before: int | None
    """Page of the document that probably begins somebody else's papers."""


@dataclass(frozen=True, slots=True)
class _Page:
    page_no: int
    read: Mapping[FindingKind, tuple[str, ...]]

    def differs(self, other: _Page) -> bool:
        odd = [kind for kind in NAMING if _apart(self.read.get(kind, ()), other.read.get(kind, ()), kind)]
        return len(odd) >= _ENOUGH


def contested(document: Document) -> dict[FindingKind, tuple[Finding, ...]]:
    """Of what names the patient: kinds of which several values were read, none of which it goes by.

    Each value once, in the order of the pages, where it was read best.
    """
    found = {}
    for kind in NAMING:
        if getattr(document.fields, kind.value, None) is None:
            read = _values(document, kind)
            if len(read) > 1:
                found[kind] = tuple(max(group, key=lambda f: f.confidence or 0.0) for group in read)
    return found


def named(document: Document) -> Named | None:
    """Who the pages name, where that is more than one; None where nothing stands against anything."""
    people = _people(document)
    if len(people) > 1:
        return _several(people, document)
    if (crowded := _crowded(document)) is not None:
        return Named(
            words=f"Page {crowded} names more than one person.",
            hint="Splitting does not part them: look whose record the page is.",
            split_before=None,
        )
    if kinds := contested(document):
        kind = next(iter(kinds))
        where = [_on({_page_of(f, document) for f in group}) for group in _values(document, kind)]
        words = f"Different {_WORDS[kind]} were read: {', '.join(where[:-1])} and {where[-1]}."
        return Named(
            words=words, hint="One may be misread, or they are two people's pages.", split_before=None
        )
    return None


# --- inside ------------------------------------------------------------------------------
def _several(people: Sequence[Sequence[int]], document: Document) -> Named:
    told = [
        ("one" if at == 0 else "another" if at == 1 else "somebody else") + f" {_on(pages)}"
        for at, pages in enumerate(people)
    ]
    count = "Two people" if len(people) == 2 else "More than two people"
    second = min(people[1])
    in_turn = all(max(a) < min(b) for a, b in itertools.pairwise(people))
    hint = (
        f"Most likely these are {'two' if len(people) == 2 else 'several'} documents: split before page "
        f"{second}."
        if in_turn
        else "Their pages lie among one another: part them on the strip."
    )
    return Named(
        words=f"{count} are named: {'; '.join(told)}.",
        hint=hint,
        split_before=second if in_turn and second > 1 else None,
    )


def _on(pages: Iterable[int]) -> str:
    numbers = sorted(pages)
    return f"on page{'s' if len(numbers) > 1 else ''} {', '.join(str(no) for no in numbers)}"


def _people(document: Document) -> list[list[int]]:
    """Page numbers by whom they name, in the order of the pages; pages that name nobody are in none."""
    groups: list[list[_Page]] = []
    for page_no in range(1, len(document.pages) + 1):
        page = _page(document, page_no)
        if not page.read:
            continue
        apart = [any(page.differs(other) for other in group) for group in groups]
        # One that could be of either says nothing about where it belongs.
        fitting = [group for group, is_apart in zip(groups, apart, strict=True) if not is_apart]
        if len(fitting) == 1:
            fitting[0].append(page)
        elif not fitting:
            groups.append([page])
    return [[page.page_no for page in group] for group in groups]


def _page(document: Document, page_no: int) -> _Page:
    no = document.pages[page_no - 1]
    mine = [f for f in _usable(document) if f.scan_page_no == no and f.role is Role.PATIENT]
    read = {kind: tuple(f.value for f in mine if f.kind is kind) for kind in NAMING}
    return _Page(page_no, {kind: values for kind, values in read.items() if values})


def _crowded(document: Document) -> int | None:
    """The first page that names two people by itself."""
    for page_no in range(1, len(document.pages) + 1):
        page = _page(document, page_no)
        odd = [k for k, values in page.read.items() if any(_apart((v,), (values[0],), k) for v in values[1:])]
        if len(odd) >= _ENOUGH:
            return page_no
    return None


def _values(document: Document, kind: FindingKind) -> list[list[Finding]]:
    """Findings of one kind by value, in the order of the pages."""
    groups: list[list[Finding]] = []
    for finding in sorted(_usable(document), key=lambda f: _page_of(f, document)):
        if finding.kind is not kind:
            continue
        same = next((g for g in groups if _equal(kind)(g[0].value, finding.value)), None)
        if same is None:
            groups.append([finding])
        else:
            same.append(finding)
    return groups


def _usable(document: Document) -> list[Finding]:
    """Of the patient or of nobody in particular, as `extract.fields` takes them."""
    return [
        f
        for f in document.findings
        if f.scan_page_no in document.pages
        and f.role in (Role.PATIENT, Role.UNKNOWN)
        and not f.rule.startswith("running.name")
    ]


def _page_of(finding: Finding, document: Document) -> int:
    return document.pages.index(finding.scan_page_no) + 1


def _apart(ones: Sequence[str], others: Sequence[str], kind: FindingKind) -> bool:
    """Both are there, and no value of one could be a value of the other."""
    return bool(ones) and bool(others) and not any(_alike(a, b, kind) for a in ones for b in others)


def _alike(one: str, other: str, kind: FindingKind) -> bool:
    """Equal, or a slip of reading: who is in doubt takes them for one."""
    if _equal(kind)(one, other):
        return True
    if kind is FindingKind.NAME:
        return _same_name(one, other)
    from rapidfuzz.distance import OSA

    a, b = (fold.identifier_text(text) for text in (one, other))
    return a.startswith(b) or b.startswith(a) or OSA.distance(a, b, score_cutoff=_SLIP) <= _SLIP


def _same_name(one: str, other: str) -> bool:
    (last, _, given), (other_last, _, other_given) = one.partition(","), other.partition(",")
    return names.last_names_alike(last, other_last) and names.first_names_alike(
        given.strip().split(" ")[0], other_given.strip().split(" ")[0]
    )


def _equal(kind: FindingKind) -> Callable[[str, str], bool]:
    key = {FindingKind.NAME: fold.name_key, FindingKind.MRN: fold.identifier_key}.get(
        kind, fold.identifier_text
    )
    return lambda one, other: key(one) == key(other)
