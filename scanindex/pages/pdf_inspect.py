"""How many pages a PDF has, and what a reader would hide about it. Worker-only."""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pikepdf

from scanindex.errors import CorruptFile, EncryptedFile, NoPages
from scanindex.model import ScanInfo
from scanindex.pages import guard
from scanindex.pages.pdf_content import has_drawn_annotations
from scanindex.pages.pdf_open import inflate, inherited, names_of, open_pdfium, open_qpdf
from scanindex.pages.pdf_stream import image_facts, image_problems, peeled
from scanindex.settings import PagesSettings
from scanindex.sniff import PDF

GLUED = "glued_pdfs"
"""Two PDFs in one file: readers show the last one's pages only."""
COUNTS_DIFFER = "page_counts_differ"
XREF_REBUILT = "xref_rebuilt"
"""The table of objects was broken and reconstructed by search; pages may be missing."""
DAMAGED_STREAM = "damaged_stream"
"""qpdf met wrong data inside the file."""
DAMAGED_CONTENT = "damaged_content"
"""A page's drawing instructions are cut, wrong or missing."""
DAMAGED_FONT = "damaged_font"
"""A font that the page embeds is cut or wrong: letters may be missing or others."""
PORTFOLIO = "portfolio"
"""The documents are attachments; the pages are only their wrapper."""
DYNAMIC_FORM = "dynamic_form"
"""XFA: what a person would see is not in the pages."""
NOTE_ACTIVE = "note:active_content"
NOTE_ATTACHMENTS = "note:attachments"
NOTE_WARNINGS = "note:reader_warnings"

_MAX_FORM_DEPTH = 5
_MAX_CONTENT_BYTES = 64 << 20
_POPPLER_SECONDS = 30


def inspect(path: Path, settings: PagesSettings) -> ScanInfo:
    """See `pages.inspect`."""
    problems: list[str] = [GLUED] if is_glued(path) else []
    qpdf_count = _with_qpdf(path, settings, problems)
    count = _agreed_count(path, qpdf_count, settings, problems)
    if count == 0:
        raise NoPages
    guard.check_page_count(count, settings.max_pages)
    return ScanInfo(media_type=PDF, page_count=count, problems=tuple(dict.fromkeys(problems)))


# --- one file or two ----------------------------------------------------------
def is_glued(path: Path) -> bool:
    """A second header at an object boundary.

    Incremental updates add trailers but never a header; an attached PDF's header
    stands right behind the word "stream".
    """
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        headers = [found.start() for found in re.finditer(rb"%PDF-\d\.\d", data)]
        return any(_starts_a_file(data, at) for at in headers[1:])


def _starts_a_file(data: mmap.mmap, at: int) -> bool:
    before = data[max(0, at - 256) : at].rstrip(b"\r\n\t\x00 ")
    return before.endswith((b"%%EOF", b"endobj", b"endstream")) or (
        not before.endswith(b"stream") and re.search(rb"startxref\s+\d+\s*$", before) is not None
    )


# --- what qpdf says -----------------------------------------------------------
def _with_qpdf(path: Path, settings: PagesSettings, problems: list[str]) -> int | None:
    """Page count by walking the tree, None where qpdf cannot; adds to `problems`."""
    try:
        with open_qpdf(path) as pdf:
            count = _tree_count(pdf)
            if count is not None:
                guard.check_page_count(count, settings.max_pages)
                _survey(pdf, settings, problems)
            problems.extend(_warnings(pdf))
            return count
    except EncryptedFile:
        raise
    except CorruptFile:
        return None


def _tree_count(pdf: pikepdf.Pdf) -> int | None:
    try:
        return len(pdf.pages)
    except (pikepdf.PdfError, RuntimeError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _survey(pdf: pikepdf.Pdf, settings: PagesSettings, problems: list[str]) -> None:
    problems.extend(_wrappers(pdf))
    seen: set[tuple[int, int]] = set()
    for page in pdf.pages:
        problems.extend(page_problems(page.obj, settings, seen))


def _warnings(pdf: pikepdf.Pdf) -> list[str]:
    said = [str(warning).lower() for warning in pdf.get_warnings()]
    problems = []
    if any("reconstruct" in text for text in said):
        problems.append(XREF_REBUILT)
    if any("decoding stream" in text or "stream data" in text for text in said):
        problems.append(DAMAGED_STREAM)
    if said and not problems:
        problems.append(NOTE_WARNINGS)
    return problems


def page_problems(page: Any, settings: PagesSettings, seen: set[tuple[int, int]]) -> list[str]:
    """Damage of one page's instructions and pictures; objects in `seen` are not looked at again."""
    problems = [] if content_is_readable(page) else [DAMAGED_CONTENT]
    if _is_active(page):
        problems.append(NOTE_ACTIVE)
    resources = inherited(page, "/Resources")
    if not all(_piece_is_readable(stream) for stream in _font_streams(resources, seen)):
        problems.append(DAMAGED_FONT)
    for image in images_of(resources, seen):
        facts = image_facts(image)
        if facts is not None:
            guard.check_dimensions(facts.width, facts.height, settings.max_pixels, is_grey=True)
        problems.extend(image_problems(image))
    return problems


def content_is_readable(page: Any) -> bool:
    """Whether every piece of the page's instructions is there and complete.

    A page without any is legal and blank, but so looks one whose instructions
    were lost (a reference to nothing is null): worth a person's look.
    """
    contents = page.get("/Contents")
    if contents is None:
        return has_drawn_annotations(page)
    pieces = list(contents) if isinstance(contents, pikepdf.Array) else [contents]
    return all(_piece_is_readable(piece) for piece in pieces)


def _piece_is_readable(piece: Any) -> bool:
    if not isinstance(piece, pikepdf.Stream):
        return False
    filters = names_of(piece.get("/Filter"))
    if filters[-1:] != ["/FlateDecode"]:
        return True
    try:
        data = peeled(piece, filters)
    except (pikepdf.PdfError, pikepdf.DataDecodingError):
        return False
    found = inflate(data, _MAX_CONTENT_BYTES)
    return not data or (found.is_complete and not found.is_wrong)


def _font_streams(resources: Any, seen: set[tuple[int, int]]) -> Iterator[Any]:
    """Embedded font programs and code tables of a page's fonts, each once."""
    fonts = resources.get("/Font") if isinstance(resources, pikepdf.Dictionary) else None
    for _, font in fonts.items() if isinstance(fonts, pikepdf.Dictionary) else ():
        if not isinstance(font, pikepdf.Dictionary) or (font.is_indirect and font.objgen in seen):
            continue
        seen.add(font.objgen)
        parts = [font]
        below = font.get("/DescendantFonts")
        if isinstance(below, pikepdf.Array) and len(below) and isinstance(below[0], pikepdf.Dictionary):
            parts.append(below[0])
        holders = [*parts, *(part.get("/FontDescriptor") for part in parts)]
        for holder in holders:
            for key in ("/ToUnicode", "/FontFile", "/FontFile2", "/FontFile3"):
                stream = holder.get(key) if isinstance(holder, pikepdf.Dictionary) else None
                if isinstance(stream, pikepdf.Stream):
                    yield stream


def images_of(resources: Any, seen: set[tuple[int, int]], depth: int = 0) -> Iterator[Any]:
    """Image XObjects of a resource dictionary and of the forms in it, each once."""
    xobjects = resources.get("/XObject") if isinstance(resources, pikepdf.Dictionary) else None
    if not isinstance(xobjects, pikepdf.Dictionary) or depth > _MAX_FORM_DEPTH:
        return
    for _, item in xobjects.items():
        if not isinstance(item, pikepdf.Stream) or item.objgen in seen:
            continue
        seen.add(item.objgen)
        kind = item.get("/Subtype")
        if kind == "/Image":
            yield item
            mask = item.get("/SMask")
            if isinstance(mask, pikepdf.Stream) and mask.objgen not in seen:
                seen.add(mask.objgen)
                yield mask
        elif kind == "/Form":
            yield from images_of(item.get("/Resources"), seen, depth + 1)


# --- things that are not pages ------------------------------------------------
def _wrappers(pdf: pikepdf.Pdf) -> list[str]:
    root = pdf.Root
    problems = []
    if isinstance(root.get("/Collection"), pikepdf.Dictionary):
        problems.append(PORTFOLIO)
    names = root.get("/Names")
    if isinstance(names, pikepdf.Dictionary):
        if names.get("/EmbeddedFiles") is not None:
            problems += [NOTE_ATTACHMENTS, NOTE_ACTIVE]
        if names.get("/JavaScript") is not None:
            problems.append(NOTE_ACTIVE)
    if _is_active(root):
        problems.append(NOTE_ACTIVE)
    form = root.get("/AcroForm")
    if isinstance(form, pikepdf.Dictionary) and form.get("/XFA") is not None and _needs_rendering(root):
        problems.append(DYNAMIC_FORM)
    return problems


def _needs_rendering(root: Any) -> bool:
    value = root.get("/NeedsRendering")
    return value is not None and bool(value)


def _is_active(node: Any) -> bool:
    """Actions that run something when the node (catalog or page) is opened or clicked."""
    if node.get("/AA") is not None:
        return True
    annotations = node.get("/Annots")
    holders = [node, *(annotations if isinstance(annotations, pikepdf.Array) else ())]
    return any(_runs_something(holder) for holder in holders[:2000])


def _runs_something(holder: Any) -> bool:
    if not isinstance(holder, pikepdf.Dictionary):
        return False
    if holder.get("/Subtype") == "/FileAttachment":
        return True
    for key in ("/OpenAction", "/A"):
        action = holder.get(key)
        if isinstance(action, pikepdf.Dictionary) and str(action.get("/S")) in _ACTIVE_ACTIONS:
            return True
    return False


_ACTIVE_ACTIONS = frozenset(
    ("/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE", "/Rendition")
)


# --- how many pages -----------------------------------------------------------
def _agreed_count(path: Path, qpdf_count: int | None, settings: PagesSettings, problems: list[str]) -> int:
    """The number two readers agree on; where none do, the most pages that can be reached."""
    pdfium_count = _opinion(lambda: _pdfium_pages(path))
    if qpdf_count is not None and qpdf_count == pdfium_count:
        return qpdf_count
    poppler_count = _opinion(lambda: _poppler_pages(path))
    votes = [count for count in (qpdf_count, pdfium_count, poppler_count) if count is not None]
    if not votes:
        raise CorruptFile("no reader opens it")
    problems.append(COUNTS_DIFFER)
    reachable = _opinion(lambda: _reachable_pages(path, settings.max_pages)) or 0
    walked = qpdf_count or 0
    return max(reachable, walked) or min(max(votes), settings.max_pages)


def _opinion(ask: Callable[[], int]) -> int | None:
    try:
        return ask()
    except (EncryptedFile, MemoryError):
        raise
    except Exception:
        return None


def _pdfium_pages(path: Path) -> int:
    with open_pdfium(path) as document:
        return len(document)


def _poppler_pages(path: Path) -> int:
    from pdf2image import pdfinfo_from_path

    return int(pdfinfo_from_path(str(path), timeout=_POPPLER_SECONDS)["Pages"])


def _reachable_pages(path: Path, max_pages: int) -> int:
    """Pages that pdfium can load: a catalog may promise more than there are."""
    last = 0
    with open_pdfium(path) as document:
        for index in range(min(len(document), max_pages)):
            if _opinion(lambda index=index: _load(document, index)) is not None:  # type: ignore[misc]
                last = index + 1
    return last


def _load(document: Any, index: int) -> int:
    document[index].close()
    return index
