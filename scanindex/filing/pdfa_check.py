"""Structural check of a PDF/A-2b file of our own making.

Not a validator: it looks for what our writer could get wrong and what must
never slip through. Clauses are those of ISO 19005-2:2011. Worker-only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pikepdf

_FORBIDDEN_IN_CATALOG = ("/OpenAction", "/AA", "/AcroForm", "/Names", "/Perms", "/OCProperties")
_FORBIDDEN_IN_PAGE = ("/AA", "/Annots", "/Group", "/PresSteps")
_FORBIDDEN_KEYS = ("/JS", "/JavaScript", "/Launch", "/EmbeddedFiles", "/EF", "/RichMedia", "/XFA", "/SMask")
_ALLOWED_FILTERS = frozenset(("/FlateDecode", "/DCTDecode", "/JPXDecode", "/CCITTFaxDecode", "/JBIG2Decode"))
_ALLOWED_BITS = frozenset((1, 2, 4, 8, 16))


def problems(pdf: pikepdf.Pdf) -> list[str]:
    """Clause and finding, one line each; empty if nothing is wrong."""
    checks: tuple[Callable[[pikepdf.Pdf], Iterator[str]], ...] = (
        _file,
        _catalog,
        _metadata,
        _output_intent,
        _objects,
        _pages,
    )
    return [problem for check in checks for problem in check(pdf)]


def _file(pdf: pikepdf.Pdf) -> Iterator[str]:
    if pdf.is_encrypted or "/Encrypt" in pdf.trailer:
        yield "6.1.3 encrypted"
    if "/ID" not in pdf.trailer:
        yield "6.1.3 no file identifier"
    if not pdf.pdf_version.startswith("1."):
        yield "6.1.2 version is not 1.x"


def _catalog(pdf: pikepdf.Pdf) -> Iterator[str]:
    for key in _FORBIDDEN_IN_CATALOG:
        if key in pdf.Root:
            yield f"6.5/6.6 catalog has {key}"


def _metadata(pdf: pikepdf.Pdf) -> Iterator[str]:
    stream = pdf.Root.get("/Metadata")
    if not isinstance(stream, pikepdf.Stream):
        yield "6.6.2 no metadata"
        return
    xmp = stream.read_bytes()
    for wanted in (b"<pdfaid:part>2</pdfaid:part>", b"<pdfaid:conformance>B</pdfaid:conformance>"):
        if wanted not in xmp:
            yield "6.6.4 no PDF/A-2b identification"
    title = str(pdf.docinfo.get("/Title", ""))
    from xml.sax.saxutils import escape

    if escape(title).encode("utf-8") not in xmp:
        yield "6.6.3 title differs between Info and XMP"


def _output_intent(pdf: pikepdf.Pdf) -> Iterator[str]:
    intents = pdf.Root.get("/OutputIntents")
    if not isinstance(intents, pikepdf.Array) or len(intents) != 1:
        yield "6.2.3 not exactly one output intent"
        return
    intent: Any = intents[0]
    profile = intent.get("/DestOutputProfile")
    if str(intent.get("/S")) != "/GTS_PDFA1" or not isinstance(profile, pikepdf.Stream):
        yield "6.2.3 output intent is not GTS_PDFA1 with a profile"
        return
    data = profile.read_bytes()
    if data[36:40] != b"acsp" or data[16:20] != b"RGB " or int(profile.get("/N", 0)) != 3:
        yield "6.2.3 profile is not RGB"


def _objects(pdf: pikepdf.Pdf) -> Iterator[str]:
    for item in pdf.objects:
        if not isinstance(item, pikepdf.Dictionary | pikepdf.Stream):
            continue
        for key in _FORBIDDEN_KEYS:
            if key in item:
                yield f"6.2/6.5 an object has {key}"
        if isinstance(item, pikepdf.Stream):
            yield from _stream(item)
        if str(item.get("/Type", "")) == "/Font":
            yield from _font(item)


def _stream(stream: Any) -> Iterator[str]:
    filters = stream.get("/Filter", pikepdf.Array())
    for name in filters if isinstance(filters, pikepdf.Array) else [filters]:
        if str(name) not in _ALLOWED_FILTERS:
            yield f"6.1.7.2 filter {name}"
    for key in ("/F", "/FFilter", "/FDecodeParms"):
        if key in stream:
            yield f"6.1.7.1 stream has {key}"
    if str(stream.get("/Subtype", "")) == "/Image":
        yield from _image(stream)


def _image(image: Any) -> Iterator[str]:
    if "/Alternates" in image or bool(image.get("/Interpolate", False)):
        yield "6.2.8 alternates or interpolation"
    if int(image.get("/SMaskInData", 0)):
        yield "6.2.8 transparency in image data"
    bits = int(image.get("/BitsPerComponent", 8))
    if bits not in _ALLOWED_BITS or (bool(image.get("/ImageMask", False)) and bits != 1):
        yield "6.2.8 bits per component"
    if not bool(image.get("/ImageMask", False)) and "/ColorSpace" not in image:
        yield "6.2.4 image without colour space"
    space = image.get("/ColorSpace")
    name = str(space[0]) if isinstance(space, pikepdf.Array) else str(space)
    if name in ("/DeviceCMYK", "/DeviceN", "/Separation", "/Lab", "/Pattern"):
        yield f"6.2.4 colour space {name}"


def _font(font: Any) -> Iterator[str]:
    subtype = str(font.get("/Subtype", ""))
    if subtype == "/Type0":
        if str(font.get("/Encoding")) != "/Identity-H" or "/ToUnicode" not in font:
            yield "6.2.11 composite font without Identity-H or ToUnicode"
    elif subtype == "/CIDFontType2":
        if "/FontFile2" not in font.get("/FontDescriptor", pikepdf.Dictionary()):
            yield "6.2.11.4 font not embedded"
        mapping = font.get("/CIDToGIDMap")
        if not isinstance(mapping, pikepdf.Stream) or _has_zero_pair(mapping.read_bytes()):
            yield "6.2.11.8 a code shows .notdef"
    else:
        yield f"6.2.11 font of kind {subtype}"


def _has_zero_pair(data: bytes) -> bool:
    """At an even place; looked for without making 65,536 objects."""
    return 0 in memoryview(data[: len(data) // 2 * 2]).cast("H")


def _pages(pdf: pikepdf.Pdf) -> Iterator[str]:
    for number, page in enumerate(pdf.pages, start=1):
        for key in _FORBIDDEN_IN_PAGE:
            if key in page.obj:
                yield f"page {number} has {key}"
        if "/Resources" not in page.obj:
            yield f"6.2.2 page {number} has no resources"
        _, _, width, height = (float(value) for value in page.obj.get("/MediaBox", [0, 0, 0, 0]))
        if not (3 <= width <= 14_400 and 3 <= height <= 14_400):
            yield f"6.1.13 page {number} has an impossible size"
