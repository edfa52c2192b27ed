"""Which documents lie in which file of the demo, and the truth about them."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scanindex.demo import charts, clinic, paper, scanner
from scanindex.demo.charts import Chart
from scanindex.demo.people import Cast, Person
from scanindex.sheets import patient_sheets, separator_sheets

if TYPE_CHECKING:
    from PIL.Image import Image

GREY_DPI, BILEVEL_DPI = 200, 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One page of a file: part of a document, a printed sheet (its PDF), or nothing."""

    page: paper.Page | None = None
    sheet: bytes | None = field(default=None, repr=False)
    document_no: int | None = None
    """0-based place in the file's documents."""

    @property
    def kind(self) -> str:
        return "content" if self.page else "separator" if self.sheet else "blank"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoScan:
    name: str
    leaves: tuple[Leaf, ...]
    documents: tuple[Chart, ...]
    write: Callable[[tuple[Leaf, ...]], bytes] = field(repr=False)
    mode: str
    level: int = 1
    """How bad it looks: 0 born-digital, 1 clean, 2 crooked or upside down, 3 faxed."""
    rotation_ccw: int = 0

    def content(self) -> bytes:
        return self.write(self.leaves)


def scans(cast: Cast) -> tuple[DemoScan, ...]:
    """The files, in the order of a morning's work."""
    first, second, third, fourth, fifth = cast.plain
    twin = cast.twins[0]
    return (
        _stack(
            "stack-monday.pdf",
            _separator(),
            charts.lab_report(first),
            _separator(),
            clinic.progress_note(second),
            None,
            _cover(third),
            charts.discharge_summary(third),
            write=_grey_pdf,
            mode="gray",
        ),
        _stack(
            "archive-box-7.tif",
            charts.radiology_report(fourth),
            _separator(),
            charts.operative_report(first),
            write=_g4_tiff,
            mode="bilevel",
        ),
        _stack("face-sheet-crooked.jpg", charts.face_sheet(fifth), write=_crooked_jpeg, mode="gray", level=2),
        _stack("FAX00017.TIF", clinic.referral(second), write=_fax_tiff, mode="bilevel", level=3),
        _stack(
            "consent-upside-down.pdf",
            charts.consent_form(twin),
            write=_upside_down_pdf,
            mode="gray",
            level=2,
            rotation_ccw=180,
        ),
        _stack(
            "emergency-report.pdf",
            charts.emergency_report(cast.son),
            write=_born_digital,
            mode="text",
            level=0,
        ),
        _stack("call-unknown-person.png", clinic.telephone_encounter(cast.stranger), write=_png, mode="gray"),
        _stack("prescription.jpg", clinic.prescription(cast.namesakes[0]), write=_jpeg, mode="gray"),
        _stack("immunizations-twin.pdf", charts.immunization_record(twin), write=_g4_pdf, mode="bilevel"),
    )


def truth(scan: DemoScan, cast: Cast) -> dict[str, Any]:
    """The file's pages and documents; keys as the corpus scorers read them."""
    pages = [
        {
            "page": number,
            "kind": leaf.kind,
            "level": scan.level,
            "mode": scan.mode,
            "rotation_ccw": scan.rotation_ccw,
            "text": leaf.page.text if leaf.page else "",
        }
        for number, leaf in enumerate(scan.leaves, 1)
    ]
    return {
        "file": scan.name,
        "npages": len(pages),
        "pages": pages,
        "documents": [
            _document_truth(scan, number, chart, cast) for number, chart in enumerate(scan.documents)
        ],
    }


def _document_truth(scan: DemoScan, number: int, chart: Chart, cast: Cast) -> dict[str, Any]:
    person = chart.person
    values = {
        "name": f"{person.last}, {person.first}",
        "mrn": person.mrn,
        "dob": person.born.isoformat(),
        "sex": person.sex,
        "phone": person.phone,
        "address": person.street,
        "service_date": chart.service_date,
        "provider": chart.provider,
        "facility": chart.facility,
    }
    traps = _traps(person, cast, chart)
    return {
        "id": f"{scan.name}#{number + 1}",
        "doc_type": chart.document_type,
        "template_in_dev": False,
        "pages": [at for at, leaf in enumerate(scan.leaves, 1) if leaf.document_no == number],
        "mrn": person.mrn,
        "accept_mrns": [person.mrn] if person.is_in_roster else [],
        "in_roster": person.is_in_roster,
        "printed": {key: {"value": values[key], "kinds": ["print"]} for key in sorted(chart.printed)},
        "printed_name": f"{person.last}, {person.first}",
        "printed_mrn": person.mrn,
        "service_date": chart.service_date,
        "accept_service_dates": [chart.service_date],
        "expected": "review" if traps & {"not_in_roster", "name_only"} else "auto",
        "traps": sorted(traps),
    }


def _traps(person: Person, cast: Cast, chart: Chart) -> set[str]:
    found = {"twin"} if person in cast.twins else set()
    found |= {"same_name"} if person in (*cast.namesakes, cast.father, cast.son) else set()
    found |= set() if person.is_in_roster else {"not_in_roster"}
    return found | (set() if chart.printed & {"mrn", "dob"} else {"name_only"})


def _stack(
    name: str,
    *parts: Chart | bytes | None,
    write: Callable[[tuple[Leaf, ...]], bytes],
    mode: str,
    level: int = 1,
    rotation_ccw: int = 0,
) -> DemoScan:
    """Charts, printed sheets (PDF) and blank pages (None), in the order they lie."""
    leaves: list[Leaf] = []
    documents: list[Chart] = []
    for part in parts:
        if isinstance(part, Chart):
            leaves += [Leaf(page=page, document_no=len(documents)) for page in part.pages]
            documents.append(part)
        else:
            leaves.append(Leaf(sheet=part))
    return DemoScan(
        name=name,
        leaves=tuple(leaves),
        documents=tuple(documents),
        write=write,
        mode=mode,
        level=level,
        rotation_ccw=rotation_ccw,
    )


def _separator() -> bytes:
    return separator_sheets(1, charts.HOSPITAL)


def _cover(person: Person) -> bytes:
    return patient_sheets([person.patient], site_name=charts.HOSPITAL)


# --- how each kind of file is made --------------------------------------------------------
def _drawn(leaf: Leaf, dpi: int) -> Image:
    if leaf.page:
        return paper.draw(leaf.page, dpi)
    if leaf.sheet:
        import pypdfium2

        bitmap = pypdfium2.PdfDocument(io.BytesIO(leaf.sheet))[0].render(scale=dpi / 72)
        image: Image = bitmap.to_pil().convert("L")
        return image
    return paper.draw(paper.Page(), dpi)


def _greys(leaves: Sequence[Leaf], degrees: float = 0.0) -> list[Image]:
    return [scanner.scanned(_drawn(leaf, GREY_DPI), n, degrees=degrees) for n, leaf in enumerate(leaves)]


def _bits(leaves: Sequence[Leaf]) -> list[Image]:
    return [scanner.black_and_white(_drawn(leaf, BILEVEL_DPI), n) for n, leaf in enumerate(leaves)]


def _grey_pdf(leaves: tuple[Leaf, ...]) -> bytes:
    return scanner.pdf(_greys(leaves), GREY_DPI)


def _g4_pdf(leaves: tuple[Leaf, ...]) -> bytes:
    return scanner.pdf(_bits(leaves), BILEVEL_DPI)


def _g4_tiff(leaves: tuple[Leaf, ...]) -> bytes:
    return scanner.tiff(_bits(leaves), (BILEVEL_DPI, BILEVEL_DPI))


def _fax_tiff(leaves: tuple[Leaf, ...]) -> bytes:
    return scanner.tiff([scanner.faxed(_drawn(leaf, 204), n) for n, leaf in enumerate(leaves)], (204, 196))


def _crooked_jpeg(leaves: tuple[Leaf, ...]) -> bytes:
    return scanner.jpeg(_greys(leaves, degrees=2.6)[0], GREY_DPI)


def _jpeg(leaves: tuple[Leaf, ...]) -> bytes:
    return scanner.jpeg(_greys(leaves)[0], GREY_DPI)


def _png(leaves: tuple[Leaf, ...]) -> bytes:
    return scanner.png(_greys(leaves)[0], GREY_DPI)


def _upside_down_pdf(leaves: tuple[Leaf, ...]) -> bytes:
    return scanner.pdf([image.rotate(180) for image in _greys(leaves)], GREY_DPI)


def _born_digital(leaves: tuple[Leaf, ...]) -> bytes:
    return paper.write_pdf([leaf.page for leaf in leaves if leaf.page])
