"""An archive of charts to search: documents of one to six noisy pages, as a stream.

Deterministic by seed: chunk n of a corpus is the same whatever the size asked for, so a
small corpus is the beginning of a large one. Chunks are made by several processes and
kept in a folder; reading them takes the memory of one chunk. Noise differs by page (LEVELS).
Imports nothing of the product.
"""

from __future__ import annotations

import json
import os
import random
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from benchmarks.search.misreading import Misreader, learned, spoil
from benchmarks.search.wording import SPECIALTIES, Wording, wording
from benchmarks.simulation.people import MEN, SURNAMES, WOMEN

LEVELS = ((0.60, 0.0, 0.003), (0.25, 0.01, 0.03), (0.10, 0.03, 0.08), (0.05, 0.08, 0.15))
"""Share of pages, and between which character error rates they lie."""
PAGES_OF_DOCUMENT = ((1, 35), (2, 25), (3, 16), (4, 10), (5, 8), (6, 6))
CHUNK_DOCUMENTS = 1_000
FORMAT = 3
"""Part of the folder's name: raise it when the generator changes."""

TYPES = (
    "progress_note", "nursing_note", "laboratory_report", "radiology_report", "operative_report",
    "discharge_summary", "history_and_physical", "consultation", "emergency_record", "medication_record",
    "vital_signs_record", "pathology_report", "consent_form", "correspondence", "electrocardiogram",
    "anesthesia_record", "delivery_record", "newborn_record", "immunization_record", "therapy_note",
    "psychiatric_evaluation", "social_work_note", "referral", "insurance_form", "advance_directive",
    "transfer_summary", "dietary_note", "audiology_report", "dialysis_record", "transfusion_record",
)  # fmt: skip
_SOURCES = tuple(f"boxes/room {room}/shelf {shelf}" for room in "abc" for shelf in range(1, 9))
_SENSITIVE = ("psychotherapy", "substance_use", "hiv", "minor")
_FACILITIES = (
    "Kestrel Valley Hospital", "Tamarack Clinic", "Saint Odo Infirmary", "Quillwater Medical Center",
    "Northmoor Sanatorium", "Fernbank Family Practice", "Copperhill Community Hospital",
    "Larkspur Women Center", "Millrace Rehabilitation", "Ashgrove Eye Institute",
    "Bellwether Childrens Hospital", "Dunlin Bay Surgery",
)  # fmt: skip
_TITLES = ("MD", "MD", "DO", "RN")
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_GIVEN = tuple(zip(MEN, "M" * len(MEN), strict=True)) + tuple(zip(WOMEN, "F" * len(WOMEN), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusSettings:
    folder: Path
    """Where chunks are kept; a corpus takes about 1 kB a page."""
    pages: int
    seed: int = 5
    patients: int = 20_000
    misreadings: Path | None = None
    """JSON of pairs counted on real output, laid over the table."""

    @property
    def chunks(self) -> Path:
        mark = ""
        if self.misreadings:
            mark = f"-{zlib.crc32(self.misreadings.read_bytes()):08x}"
        return self.folder / f"corpus-f{FORMAT}-s{self.seed}-p{self.patients}{mark}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    number: int
    last: str = field(repr=False)
    first: str = field(repr=False)
    mrn: str = field(repr=False)
    born: date = field(repr=False)

    @property
    def patient_id(self) -> str:
        return f"p{self.number:07d}"

    @property
    def name(self) -> str:
        return f"{self.last.upper()}, {self.first}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One document as the generator writes it."""

    document_id: str
    person: Person
    type: str
    day: str | None
    """Of service, ISO; at times only a year, or none."""
    provider: str
    facility: str
    source: str
    filed_at: datetime
    sensitivity: tuple[str, ...]
    pages: tuple[str, ...] = field(repr=False)


class Writer:
    """Writes chunks; everything that all chunks share is made once."""

    def __init__(self, seed: int, patients: int, misreadings: Path | None = None) -> None:
        self.seed = seed
        self.patients = patients
        self.wording: Wording = wording(seed)
        self.misreader = Misreader(seed, learned(misreadings) if misreadings else None)
        rng = random.Random(f"corpus/{seed}")
        surnames = [*SURNAMES, *(w for w in self.wording.tail if w[0].isupper())][:12_000]
        self._surnames = surnames
        self._surname_sums = list(accumulate(1.0 / (rank + 12) for rank in range(len(surnames))))
        # A few people fill shelves, most have a thin chart.
        self._chart_sums = list(accumulate(rng.lognormvariate(0.0, 1.0) for _ in range(patients)))
        self._type_sums = list(accumulate(1.0 / (rank + 3) for rank in range(len(TYPES))))
        self._providers = [
            " ".join(
                (rng.choice("ABCDEFGHJKLMNPRSTW") + ".", rng.choice(surnames[40:4_000]), rng.choice(_TITLES))
            )
            for _ in range(400)
        ]
        self._provider_sums = list(accumulate(1.0 / (rank + 5) for rank in range(400)))

    @lru_cache(maxsize=200_000)  # noqa: B019 - a writer lives as long as its process
    def person(self, number: int) -> Person:
        rng = random.Random(f"person/{self.seed}/{number}")
        first, _sex = rng.choice(_GIVEN)
        return Person(
            number=number,
            last=rng.choices(self._surnames, cum_weights=self._surname_sums)[0],
            first=first,
            mrn=f"{1_000_003 + number * 7:08d}",
            born=date(1905, 1, 1) + timedelta(days=rng.randrange(39_000)),
        )

    def chunk(self, number: int) -> Iterator[Paper]:
        rng = random.Random(f"chunk/{self.seed}/{number}")
        start = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=CHUNK_DOCUMENTS * 2 * number)
        for n in range(CHUNK_DOCUMENTS):
            yield self._paper(rng, start + timedelta(minutes=2 * n))

    def _paper(self, rng: random.Random, filed_at: datetime) -> Paper:
        person = self.person(rng.choices(range(self.patients), cum_weights=self._chart_sums)[0])
        kind = rng.choices(TYPES, cum_weights=self._type_sums)[0]
        day = _service_day(person.born, rng)
        provider = rng.choices(self._providers, cum_weights=self._provider_sums)[0]
        facility = _FACILITIES[min(rng.randrange(12), rng.randrange(12))]
        count = rng.choices([n for n, _ in PAGES_OF_DOCUMENT], weights=[w for _, w in PAGES_OF_DOCUMENT])[0]
        title = kind.replace("_", " ").title()
        head = f"{facility} {title} Patient: {person.name} MRN: {person.mrn} DOB: {person.born:%m/%d/%Y}"
        subject = rng.randrange(len(SPECIALTIES))
        pages = tuple(
            self._page(f"{head} Date: {day:%m/%d/%Y} Page {n} of {count}", subject, provider, rng)
            for n in range(1, count + 1)
        )
        precision = rng.random()
        return Paper(
            document_id="".join(rng.choices(_BASE32, k=20)),
            person=person,
            type=kind,
            day=None if precision < 0.03 else str(day.year) if precision < 0.06 else day.isoformat(),
            provider=provider,
            facility=facility,
            source=rng.choice(_SOURCES),
            filed_at=filed_at,
            sensitivity=(rng.choice(_SENSITIVE),) if rng.random() < 0.03 else (),
            pages=pages,
        )

    def _page(self, head: str, subject: int, provider: str, rng: random.Random) -> str:
        stock = self.wording
        words = head.split()
        target = int(max(40.0, rng.gauss(300, 90)))
        special, general = stock.special[subject], stock.general
        while len(words) < target:
            chance = rng.random()
            if chance < 0.48:
                words += special[int(rng.random() * len(special))]
            elif chance < 0.84:
                words += general[int(rng.random() * len(general))]
            else:
                words += self._rare(rng)
        words += ("Signed", *provider.split())
        _, low, high = rng.choices(LEVELS, weights=[share for share, _, _ in LEVELS])[0]
        return " ".join(spoil(words, rng.uniform(low, high), self.misreader, rng))

    def _rare(self, rng: random.Random) -> list[str]:
        """A line of things that hardly another page has: rare words, values, codes."""
        rare = rng.choices(self.wording.tail, cum_weights=self.wording.tail_sums, k=3)
        chance = rng.random()
        if chance < 0.5:
            return ["Noted:", f"{rare[0]},", rare[1], "and", f"{rare[2]}."]
        if chance < 0.75:
            values = (
                f"Na {rng.randrange(125, 150)} K {rng.uniform(3, 6):.1f} Glucose {rng.randrange(60, 400)}"
            )
            return [*values.split(), "WBC", f"{rng.uniform(2, 25):.1f}", "re", rare[0]]
        phone = f"{rng.randrange(200, 990)}-555-{rng.randrange(10_000):04d},"
        return ["Spoke", "with", rare[0], "at", phone, "claim", f"{rng.randrange(10**6):06d}."]


def _service_day(born: date, rng: random.Random) -> date:
    first = max(born, date(1970, 1, 1))
    return first + timedelta(days=rng.randrange((date(2015, 12, 31) - first).days))


# --- kept on disk -------------------------------------------------------------------
def prepare(settings: CorpusSettings, jobs: int = 2) -> int:
    """Make the chunks that are missing; returns how many were made."""
    settings.chunks.mkdir(parents=True, exist_ok=True)
    made = 0
    with ProcessPoolExecutor(jobs, initializer=_start, initargs=(settings,)) as pool:
        number, pages = 0, 0
        while pages < settings.pages:
            # Means are exact enough: at worst the last round makes one chunk too many.
            mean = pages / number if number else 2.4 * CHUNK_DOCUMENTS
            batch = range(number, number + 1 + int((settings.pages - pages) / mean))
            for is_new, found in pool.map(_make, batch):
                made += is_new
                pages += found
            number = batch.stop
    return made


_writer: Writer | None = None
_folder: Path | None = None


def _start(settings: CorpusSettings) -> None:
    global _writer, _folder
    _folder = settings.chunks
    _writer = Writer(settings.seed, settings.patients, settings.misreadings)


def _make(number: int) -> tuple[bool, int]:
    """Whether chunk `number` was made now, and its pages."""
    assert _writer is not None
    assert _folder is not None
    path = _folder / f"{number:05d}.z"
    if path.exists():
        return False, int.from_bytes(path.read_bytes()[:4], "big")
    rows = [_row(paper) for paper in _writer.chunk(number)]
    pages = sum(len(row[-1]) for row in rows)
    scratch = path.with_suffix(f".{os.getpid()}")
    scratch.write_bytes(pages.to_bytes(4, "big") + zlib.compress(json.dumps(rows).encode(), 1))
    scratch.replace(path)
    return True, pages


def _row(paper: Paper) -> list[Any]:
    return [paper.document_id, paper.person.number, paper.type, paper.day, paper.provider, paper.facility,
            paper.source, paper.filed_at.timestamp(), list(paper.sensitivity), list(paper.pages)]  # fmt: skip


class Corpus:
    """Reads what `prepare` made."""

    def __init__(self, settings: CorpusSettings) -> None:
        self.settings = settings
        self._writer = Writer(settings.seed, settings.patients)

    def papers(self, start_chunk: int = 0) -> Iterator[Paper]:
        """Documents in order of filing, until `settings.pages` pages; the last may lose some."""
        left = self.settings.pages
        for number, path in enumerate(sorted(self.settings.chunks.glob("*.z"))):
            data = path.read_bytes()
            if number < start_chunk:
                left -= int.from_bytes(data[:4], "big")
                continue
            for row in json.loads(zlib.decompress(data[4:])):
                if left <= 0:
                    return
                yield self._paper(row, left)
                left -= len(row[-1])

    def fresh(self, count: int) -> Iterator[Paper]:
        """Documents that are not in the corpus, to be filed while it is searched."""
        found = 0
        for chunk in range(90_000, 99_999):
            for paper in self._writer.chunk(chunk):
                yield paper
                found += 1
                if found >= count:
                    return

    def label_words(self) -> frozenset[str]:
        """Words of names, types, providers and facilities: found as labels, not only as text."""
        texts: Sequence[str] = (*self._writer._surnames, *(first for first, _ in _GIVEN), *TYPES,
                                *_FACILITIES, *self._writer._providers)  # fmt: skip
        return frozenset(
            word for text in texts for word in text.lower().replace("_", " ").replace("-", " ").split()
        )

    def clean_words(self) -> frozenset[str]:
        """Every word form of letters that is printed before anything is misread."""
        stock = self._writer.wording
        sentences = (*stock.general, *(sentence for part in stock.special for sentence in part))
        words = [*stock.tail, *(word for sentence in sentences for word in sentence)]
        return frozenset(form for word in words if (form := word.strip(".,:;").lower()).isalpha())

    def _paper(self, row: list[Any], left: int) -> Paper:
        return Paper(
            document_id=row[0],
            person=self._writer.person(row[1]),
            type=row[2],
            day=row[3],
            provider=row[4],
            facility=row[5],
            source=row[6],
            filed_at=datetime.fromtimestamp(row[7], UTC),
            sensitivity=tuple(row[8]),
            pages=tuple(row[9][:left]),
        )
