"""Hands the simulation's papers to the product and brings plain verdicts back.

Print as read becomes pages, the roster a database; extraction, grouping and matching are the real ones. The
gates record who refused and what case they saw, so what a policy without one of them would have done is known
without deciding again: a document that only gate G refused is what would be filed without G.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rapidfuzz import fuzz

from benchmarks.simulation.noise import Noise, ReadWord
from benchmarks.simulation.paper import HEIGHT_PX, HIGH_PX, WIDTH_PX, Page, Paper, Run
from benchmarks.simulation.people import Person, write_roster
from scanindex import documents, extract, match, quality, sheetcode
from scanindex.agreement import characters
from scanindex.match import names
from scanindex.match.case import Case
from scanindex.match.gates import Gate
from scanindex.model import (
    Barcode,
    Box,
    FindingKind,
    Level,
    Outcome,
    PageFindings,
    PageGroup,
    PageKind,
    PageQuality,
    PageReading,
    Patient,
    Preset,
    Role,
    TextSource,
    Word,
)
from scanindex.settings import DocumentsSettings, MatchSettings, OcrSettings
from scanindex.store.catalog import open_engine
from scanindex.store.roster import SqlRoster
from scanindex.store.roster_import import import_csv
from scanindex.store.tables import metadata

FUZZY_RATIO = 85.0
BASELINES = ("MRN alone", "name and birth date", "fuzzy name")
_WIDE_GAP_PX = 150
_KINDS = {"failed": PageKind.FAILED, "content": PageKind.CONTENT, "damaged": PageKind.CONTENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one document of a paper."""

    number: int
    trap: str
    layout: str
    wear: str
    is_sufficient: bool
    """It holds the page that names a patient of the roster by two identifiers."""
    owners: tuple[str | None, ...]
    """Whose each of its pages is, by MRN."""
    outcome: str
    filed: str | None
    leader: str | None
    """Whom it would be filed under, were it not for the gates."""
    refused: tuple[str, ...]
    reasons: tuple[str, ...]
    rule: str
    posterior: float
    shown: tuple[str, ...]
    """The first five candidates."""
    is_told: bool
    """What alone tells the trap was read, every word of it, by one reader at least."""
    is_legible: bool
    """No page of it asks for a rescan."""
    baselines: Mapping[str, str | None]
    text: str = field(default="", repr=False)

    def is_misfiled(self, mrn: str | None) -> bool:
        return mrn is not None and any(owner != mrn for owner in self.owners)

    @property
    def owner(self) -> str | None:
        """Whose all its pages are; None for nobody's and for a mixture."""
        return self.owners[0] if len(set(self.owners)) == 1 else None


class Office:
    """The product's stages over one roster in a database file."""

    def __init__(self, url: str, settings: MatchSettings) -> None:
        self.roster = SqlRoster(open_engine(url))
        self.settings = settings
        self.noise = Noise.measured()
        self._numbers: dict[str, str] = {}

    def settle(self, paper: Paper, seed: int) -> Iterator[Verdict]:
        """A verdict for each document that the paper is taken for."""
        chance = random.Random(f"reading {seed} {paper.number}")
        readings = [read(p, n, paper.wear, self.noise, chance) for n, p in enumerate(paper.pages, 1)]
        findings = [extract.find(r) for r in readings]
        grouping = documents.group(readings, findings, Preset(), DocumentsSettings())
        first = next(n for n, p in enumerate(paper.pages, 1) if p.kind in ("content", "damaged"))
        for group in grouping.groups:
            pages = [r for r in readings if r.scan_page_no in group.pages]
            found = [f for f in findings if f.scan_page_no in group.pages]
            yield self._verdict(paper, pages, found, group, is_first=first in group.pages)

    def _verdict(
        self,
        paper: Paper,
        pages: Sequence[PageReading],
        findings: Sequence[PageFindings],
        group: PageGroup,
        *,
        is_first: bool,
    ) -> Verdict:
        seen = _Seen()
        active = {name: seen.recording(name, gate) for name, gate in match.GATES.items()}
        decision = match.decide(pages, findings, group, self.roster, self.settings, active)
        floor = OcrSettings().legibility_floor
        facts = [quality.facts(p, floor) for p in pages]
        decision = quality.withheld(decision, facts)
        case = seen.case
        filed = self.number_of(decision.patient_id) if decision.outcome is Outcome.AUTO else None
        if decision.rule == quality.GATE:
            seen.refused.append("quality")
        verdict = Verdict(
            number=paper.number,
            trap=paper.trap,
            layout=paper.layout,
            wear=paper.wear,
            is_sufficient=is_first and paper.is_sufficient,
            owners=tuple(paper.pages[n - 1].owner for n in group.pages),
            outcome=decision.outcome.value,
            filed=filed,
            leader=self.number_of(case.leader.patient.patient_id) if case else None,
            refused=tuple(seen.refused),
            reasons=decision.reasons,
            rule=decision.rule,
            posterior=case.posterior if case else 0.0,
            shown=tuple(self.number_of(c.patient_id) or "" for c in decision.candidates),
            is_told=_is_read(paper.tell, pages),
            is_legible=not any(f.faults for f in facts),
            baselines=self.baselines(findings),
        )
        is_of_interest = verdict.is_misfiled(filed) or (verdict.is_sufficient and filed is None)
        return replace(verdict, text=_text(pages, findings)) if is_of_interest else verdict

    def number_of(self, patient_id: str | None) -> str | None:
        if patient_id is None:
            return None
        if patient_id not in self._numbers:
            patient = self.roster.get(patient_id)  # type: ignore[arg-type]
            self._numbers[patient_id] = (patient.mrn if patient else None) or ""
        return self._numbers[patient_id]

    # --- what simpler rules would do -----------------------------------------------------------
    def baselines(self, findings: Sequence[PageFindings]) -> dict[str, str | None]:
        fields = extract.fields(findings)
        return {
            "MRN alone": self._by_mrn(findings),
            "name and birth date": self._by_name_and_birth(fields.name, fields.birth_date),
            "fuzzy name": self._by_fuzzy_name(fields.name),
        }

    def _by_mrn(self, findings: Sequence[PageFindings]) -> str | None:
        values = {
            f.value for p in findings for f in p.of(FindingKind.MRN) if f.role in (Role.PATIENT, Role.UNKNOWN)
        }
        return _only(self.roster.by_identifier(values)) if values else None

    def _by_name_and_birth(self, name: str | None, born: str | None) -> str | None:
        if not name or not born:
            return None
        people = self.roster.by_birth_date((born,))
        return _only([p for p in people if names.compare(name, p.names)[0] is Level.EXACT])

    def _by_fuzzy_name(self, name: str | None) -> str | None:
        if not name:
            return None
        last, _, given = name.partition(",")
        people = self.roster.by_name(last, given.split()[0] if given.split() else "", 200)
        alike = [p for p in people if fuzz.ratio(name.upper(), p.display_name.upper()) >= FUZZY_RATIO]
        return _only(alike)


@dataclass(slots=True)
class _Seen:
    """What the gates saw of the case before them."""

    case: Case | None = None
    refused: list[str] = field(default_factory=list)

    def recording(self, name: str, gate: Gate) -> Callable[[Case], str | None]:
        def asked(case: Case) -> str | None:
            self.case = case
            reason = gate(case)
            if reason:
                self.refused.append(name)
            return reason

        return asked


def _only(people: Sequence[Patient]) -> str | None:
    return people[0].mrn if len(people) == 1 else None


# --- print to readings ---------------------------------------------------------------------------
def read(page: Page, number: int, wear: str, noise: Noise, chance: random.Random) -> PageReading:
    """The page as the product's reader would hand it on."""
    kind = _KINDS.get(page.kind, PageKind.SEPARATOR)
    words = _words(page.runs, wear, noise, chance) if kind is PageKind.CONTENT else ()
    return PageReading(
        scan_page_no=number,
        kind=kind,
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        dpi=200.0,
        rotation_degrees=0,
        words=words,
        barcodes=_code(page),
        quality=PageQuality(
            dpi=200.0,
            skew_degrees=0.0,
            contrast=0.8,
            ink_share=0.05,
            legibility=min(0.99, noise.legibility[wear] + chance.uniform(-0.03, 0.01)),
            blur=0.2,
            coverage=0.95,
        ),
        text_source=TextSource.OCR,
        engines=("tesseract 5", "rapidocr"),
        problems={"failed": ("timeout",), "damaged": ("truncated_image",)}.get(page.kind, ()),
    )


def _code(page: Page) -> tuple[Barcode, ...]:
    if page.kind == "cover":
        code = sheetcode.SheetCode(kind="patient", mrn=page.cover_mrn, birth_date=page.cover_born)
    elif page.kind == "separator":
        code = sheetcode.SheetCode(kind="separator")
    else:
        return ()
    return (Barcode(symbology="QRCode", value=sheetcode.encode(code), box=None),)


def _words(runs: Sequence[Run], wear: str, noise: Noise, chance: random.Random) -> tuple[Word, ...]:
    """In reading order; cells far apart on one line are one line of text on some pages, several on others."""
    words: list[Word] = []
    are_cells_apart = chance.random() < 0.4
    line_no, row_top, right = 0, -100, 0
    for run in sorted(runs, key=lambda r: (r.top_px, r.left_px)):
        if run.top_px - row_top > 8 or (are_cells_apart and run.left_px - right > _WIDE_GAP_PX):
            line_no, row_top = line_no + 1, run.top_px
        right = run.left_px + len(run.text) * run.letter_px
        for read_word in _read_words(run, wear, noise, chance):
            left = run.left_px + read_word.start * run.letter_px
            end = run.left_px + len(run.text[: read_word.end].rstrip()) * run.letter_px
            words.append(
                Word(
                    text=read_word.text,
                    box=Box(
                        left_px=left,
                        top_px=run.top_px,
                        right_px=max(end, left + run.letter_px),
                        bottom_px=run.top_px + HIGH_PX,
                    ),
                    confidence=read_word.confidence,
                    engine="tesseract 5",
                    line_no=line_no,
                    second_text=read_word.second,
                    least_confidence=read_word.least_confidence,
                )
            )
    return tuple(words)


def _read_words(run: Run, wear: str, noise: Noise, chance: random.Random) -> list[ReadWord]:
    if run.read_as:
        return noise.read_wrongly(chance, wear, run.text, run.read_as)
    return noise.read(chance, wear, run.kind, run.text)


def _is_read(tell: str, pages: Sequence[PageReading]) -> bool:
    read = {characters(text) for p in pages for w in p.words for text in (w.text, w.second_text or "")}
    return all(characters(part) in read for part in tell.split() if characters(part))


def _text(pages: Sequence[PageReading], findings: Sequence[PageFindings]) -> str:
    """For people who look into single documents: the text as read, and what was found in it."""
    told = [f"  {f.kind.value} {f.value!r} ({f.role.value}, {f.rule})" for p in findings for f in p.findings]
    return "\n--- page\n".join(p.text for p in pages) + "\nfound:\n" + "\n".join(told)


# --- roster --------------------------------------------------------------------------------------
def make_roster(people: Sequence[Person], folder: Path, name: str) -> str:
    """Imports the people by the product's own import; the URL of their database."""
    path = folder / f"{name}.csv"
    write_roster(people, path)
    url = f"sqlite:///{folder / name}.db"
    engine = open_engine(url)
    metadata.create_all(engine)
    report = import_csv(engine, path, authority="local")
    if report.error_count:
        raise RuntimeError(f"{report.error_count} rows of the simulated roster were refused")
    engine.dispose()
    return url
