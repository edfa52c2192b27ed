"""Where on its pages a document names people: heads, fields, sentences; and what ties pages.

Pure helpers of the gates. A page belongs to the leader if it names the leader itself, or
if a printed count or separator sheets hold it to such a page and it speaks of nobody else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rapidfuzz.distance import Indel

from scanindex.houses import Standing
from scanindex.match import fold, forms, names
from scanindex.match.case import Case
from scanindex.match.evidence import Evidence, Sighting
from scanindex.match.profile import Profile
from scanindex.model import BETWEEN_SHEETS, Finding, FindingKind, Level, PageKind, Patient

HEAD_SHARE, FOOT_SHARE = 0.2, 0.88
LEAST_CONFIDENCE = 0.35
"""A name read worse accuses nobody on a page that names the patient itself."""
_ALIKE = 0.6
_LEAST_DIGITS, _MOST_DIGITS = 6, 10
"""Numbers of these lengths in a head may be somebody's; shorter ones are rooms, codes, postcodes."""


def placed(profile: Profile) -> Profile:
    """Without what stands in running text only."""
    return replace(profile, agreements={k: a for k, a in profile.agreements.items() if not a.is_prose})


def without_stray_names(case: Case) -> Profile:
    """Without names that stand neither in the patient field nor in head or sticker."""
    agreements = {k: a for k, a in case.leader.agreements.items() if not a.is_stray}
    return replace(case.leader, agreements=agreements)


def without_number(profile: Profile) -> Profile:
    """Without the record number, labelled or not."""
    numbers = ("mrn", "number", "number_by_name")
    return replace(profile, agreements={k: a for k, a in profile.agreements.items() if k not in numbers})


def houses_of_number(case: Case) -> frozenset[Standing]:
    """Whose the pages say that the leader's number is, at every place where it stands."""
    own = {fold.identifier_key(i.value) for i in case.leader.patient.identifiers if i.type == "mrn"}
    return frozenset(
        s.house
        for s in case.evidence.of(FindingKind.MRN)
        if own & {fold.identifier_key(v) for v in (s.values[0], *s.seen_otherwise)}
    )


def running_names(evidence: Evidence) -> Iterator[Finding]:
    """Names in heads and feet that no label gives to anybody."""
    for page in evidence.findings:
        yield from (f for f in page.of(FindingKind.NAME) if f.rule.startswith("running."))


def carries_other_name(case: Case) -> bool:
    """A name in the head of a page is not the leader's, on whatever page it stands."""
    patient = case.leader.patient
    for finding in running_names(case.evidence):
        is_read_twice = len(finding.readers) > 1
        is_clear = is_read_twice or finding.confidence is None or finding.confidence >= LEAST_CONFIDENCE
        is_prose = ".prose" in finding.rule
        if finding.scan_page_no in case.leader.supported and (is_prose or not is_clear):
            continue
        if _holds_name(finding.value, patient):
            continue
        if patient.names and names.compare(finding.value, patient.names)[0] is Level.CONFLICT:
            return True
    return False


def names_somebody_else(case: Case) -> bool:
    """A page that is only tied to the leader's has its own field for the patient's name, or a first line,
    filled with what is no part of the leader's name."""
    silent = set(unsupported_pages(case))
    parts = [part for n in case.leader.patient.names for part in (n.last, n.first, n.middle)]
    texts = [text for text in case.evidence.texts if text.page.scan_page_no in silent]
    said = [value for text in texts for value in forms.filled_names(text)]
    said += [line for text in texts if (line := forms.head_line(text))]
    return any(not forms.fits(value, parts) for value in said)


def _holds_name(value: str, patient: Patient) -> bool:
    """The patient's last and first name both stand there, with a word more ("REC, JANE R ROE")."""
    words = {fold.name_key(word) for word in value.replace(",", " ").split()}
    parts = [(fold.name_key(n.last), fold.name_key(n.first)) for n in patient.names]
    return any(len(first) > 1 and {last, first} <= words for last, first in parts)


def unsupported_pages(case: Case) -> tuple[int, ...]:
    """Pages with content that do not name the leader."""
    return tuple(
        p.scan_page_no
        for p in case.evidence.pages
        if p.kind is not PageKind.BLANK and p.scan_page_no not in case.leader.supported
    )


def untied_pages(case: Case) -> tuple[int, ...]:
    """Unsupported pages that neither a count, another proof of documents.ties nor sheets hold to a
    supported one."""
    if BETWEEN_SHEETS in case.evidence.group.reasons:
        return ()
    counts = _counts(case.evidence)
    held = set(case.leader.supported)
    pending = list(unsupported_pages(case))
    proofs = [{tie.scan_page_no, tie.to_page_no} for tie in case.evidence.group.ties if tie.is_proof]
    while found := [n for n in pending if _is_next_to_held(n, counts, held) or _is_proven(n, proofs, held)]:
        held.update(found)
        pending = [n for n in pending if n not in held]
    return tuple(pending)


def speaking_pages(case: Case) -> tuple[int, ...]:
    """Unsupported pages with a number or a day in the head that may be another person's."""
    silent = set(unsupported_pages(case))
    speaking = {s.scan_page_no for s in _in_heads(case, silent) if _is_anothers(case, s)}
    speaking |= _with_another_account(case, silent) | _with_another_head(case, silent)
    return tuple(sorted(speaking))


def _with_another_head(case: Case, silent: set[int]) -> set[int]:
    """Silent pages under another house's letterhead, or with a title that the named pages do not have."""
    named = case.leader.supported
    heads: dict[int, list[Finding]] = {p.scan_page_no: list(p.findings) for p in case.evidence.findings}
    found = set()
    for no in silent:
        for kind, rule in ((FindingKind.FACILITY, "letterhead."), (FindingKind.DOCUMENT_TYPE, "title.")):
            own = {f.value for f in heads.get(no, ()) if f.kind is kind and f.rule.startswith(rule)}
            theirs = {f.value for n in named for f in heads.get(n, ()) if f.kind is kind}
            if own and theirs and not any(_are_alike(a, b) for a in own for b in theirs):
                found.add(no)
    return found


def _are_alike(one: str, two: str) -> bool:
    return Indel.normalized_similarity(one.upper(), two.upper()) >= _ALIKE


def _with_another_account(case: Case, silent: set[int]) -> set[int]:
    """Silent pages of another visit than all those that name the leader."""
    accounts: dict[int, set[str]] = {}
    for page in case.evidence.findings:
        accounts[page.scan_page_no] = {fold.identifier_key(f.value) for f in page.of(FindingKind.ACCOUNT)}
    named = set().union(*(accounts.get(n, set()) for n in case.leader.supported), set())
    return {n for n in silent if named and accounts.get(n) and not accounts[n] & named}


def _counts(evidence: Evidence) -> dict[int, tuple[int, int]]:
    """Printed "page k of N" per page; none where the page prints several."""
    found: dict[int, tuple[int, int]] = {}
    for page in evidence.findings:
        values = {f.value for f in page.of(FindingKind.PAGE_OF) if f.rule.startswith("print.page_of")}
        if len(values) == 1:
            number, _, total = values.pop().partition("/")
            if total.isdigit():
                found[page.scan_page_no] = int(number), int(total)
    return found


def _is_next_to_held(page_no: int, counts: dict[int, tuple[int, int]], held: set[int]) -> bool:
    if page_no not in counts:
        return False
    number, total = counts[page_no]
    return any(counts.get(n) in ((number - 1, total), (number + 1, total)) for n in held)


def _is_proven(page_no: int, proofs: list[set[int]], held: set[int]) -> bool:
    return any(page_no in pair and pair & held for pair in proofs)


def _in_heads(case: Case, page_nos: set[int]) -> Iterator[Sighting]:
    heights = {p.scan_page_no: p.height_px for p in case.evidence.pages}
    for s in case.evidence.of(FindingKind.MRN, FindingKind.BIRTH_DATE):
        if s.scan_page_no not in page_nos or s.box is None or not s.is_patients:
            continue
        top, height = s.box.top_px, heights[s.scan_page_no]
        if s.is_labelled or top <= HEAD_SHARE * height or top >= FOOT_SHARE * height:
            yield s


def _is_anothers(case: Case, s: Sighting) -> bool:
    if s.kind is FindingKind.MRN:
        key = fold.identifier_key(s.values[0])
        own = {fold.identifier_key(i.value) for i in case.leader.patient.identifiers}
        return (
            not s.is_other
            and key not in own
            and (s.is_labelled or _LEAST_DIGITS <= sum(c.isdigit() for c in s.values[0]) <= _MOST_DIGITS)
        )
    if case.leader.patient.birth_date in s.values:
        return False
    return s.is_labelled or _is_long_before(case, s.values) or _is_long_after(case, s.values)


def _is_long_after(case: Case, days: tuple[str, ...]) -> bool:
    """Two years or more after every day of care of the pages that name the leader."""
    named = case.leader.supported
    found = [p.of(FindingKind.SERVICE_DATE) for p in case.evidence.findings if p.scan_page_no in named]
    years = [int(f.value[:4]) for page in found for f in page if f.value[:4].isdigit()]
    seen = [int(d[:4]) for d in days if d[:4].isdigit()]
    return bool(years and seen) and min(seen) > max(years) + 1


def _is_long_before(case: Case, days: tuple[str, ...]) -> bool:
    """Two years or more before any day of care: the day of somebody's birth, not of a visit."""
    served = [f.value for p in case.evidence.findings for f in p.of(FindingKind.SERVICE_DATE)]
    years = [int(v[:4]) for v in served if v[:4].isdigit() and v not in days]
    seen = [int(d[:4]) for d in days if d[:4].isdigit()]
    return not years or not seen or min(seen) < min(years) - 1
