"""Writes PDF/A-2b: pictures, invisible words, metadata. ISO 19005-2; ISO 32000-1.

Promises: nothing in the file but what is written here - no scripts, actions,
attachments, annotations, transparency or encryption; equal input gives equal
bytes. Worker-only: imports pikepdf.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pikepdf
from pikepdf import Array, Dictionary, Name

from scanindex.filing.pdfa_text import FONT_NAME, text_operators
from scanindex.filing.picture import Colour, PagePicture, Picture
from scanindex.model import PageReading

PRODUCER = "scanindex"
_FONT_FILE = Path(__file__).with_name("blank.ttf")
_CONDITION = "sRGB IEC61966-2.1"
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
   <pdfaid:part>2</pdfaid:part>
   <pdfaid:conformance>B</pdfaid:conformance>
   <dc:format>application/pdf</dc:format>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
   <pdf:Producer>{producer}</pdf:Producer>
   <xmp:CreateDate>{moment}</xmp:CreateDate>
   <xmp:ModifyDate>{moment}</xmp:ModifyDate>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


class PdfaWriter:
    """One PDF/A-2b file, page after page."""

    def __init__(self, title: str, moment: datetime) -> None:
        self._pdf = pikepdf.new()
        self._title = title
        self._moment = moment
        self._shared: dict[str, Any] = {}
        self._font: Any = None

    def add(self, page: PagePicture, reading: PageReading) -> None:
        """One page; /Rotate makes it upright as the reading says."""
        xobjects = Dictionary()
        parts = []
        for number, placement in enumerate(page.placements, start=1):
            name = f"/P{number}"
            xobjects[name] = self._image(placement.picture)
            matrix = " ".join(f"{value:.5f}".rstrip("0").rstrip(".") for value in placement.matrix)
            fill = " ".join(f"{value:.4f}" for value in placement.fill) + " rg " if placement.fill else ""
            parts.append(f"q {fill}{matrix} cm {name} Do Q".encode("ascii"))
        resources = Dictionary()
        if parts:
            resources.XObject = xobjects
        if words := text_operators(reading, page.width_pt, page.height_pt):
            resources.Font = Dictionary({FONT_NAME: self._words_font()})
            parts.append(words)
        leaf = Dictionary(
            Type=Name.Page,
            MediaBox=Array([0, 0, round(page.width_pt, 3), round(page.height_pt, 3)]),
            Resources=resources,
            Contents=self._pdf.make_stream(b"\n".join(parts)),
        )
        if turn := reading.rotation_degrees % 360:
            leaf.Rotate = turn
        self._pdf.pages.append(pikepdf.Page(self._pdf.make_indirect(leaf)))

    def save(self, target: Path) -> None:
        self._metadata()
        self._pdf.save(
            target,
            min_version="1.7",
            deterministic_id=True,
            compress_streams=True,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            fix_metadata_version=False,
        )

    # --- pictures ----------------------------------------------------------
    def _image(self, picture: Picture) -> Any:
        """The image object; pages that show the same picture share it."""
        about = repr(replace(picture, data=b"", mask=None)) + repr(picture.mask and id(picture.mask))
        key = hashlib.sha256(picture.data + about.encode()).hexdigest()
        if key not in self._shared:
            self._shared[key] = self._new_image(picture)
        return self._shared[key]

    def _new_image(self, picture: Picture) -> Any:
        stream = self._pdf.make_stream(picture.data)
        stream.Type, stream.Subtype = Name.XObject, Name.Image
        stream.Width, stream.Height = picture.width_px, picture.height_px
        stream.Filter = Name("/" + picture.codec)
        parms: dict[str, Any] = {f"/{name}": value for name, value in picture.parms.items()}
        if picture.jbig2_globals is not None:
            parms["/JBIG2Globals"] = self._once(picture.jbig2_globals)
        if parms:
            stream.DecodeParms = Dictionary(parms)
        if picture.decode:
            stream.Decode = Array([_plain(value) for value in picture.decode])
        if picture.is_stencil:
            stream.ImageMask = True
            stream.BitsPerComponent = 1
            return stream
        stream.BitsPerComponent = picture.bits
        if picture.colour is not None:
            stream.ColorSpace = self._colour(picture.colour)
        if picture.colour_key:
            stream.Mask = Array(list(picture.colour_key))
        if picture.mask is not None:
            stream.Mask = self._image(picture.mask)
        return stream

    def _colour(self, colour: Colour) -> Any:
        if colour.kind == "ICCBased":
            return Array([Name.ICCBased, self._once(colour.profile, N=colour.components)])
        if colour.kind in ("CalGray", "CalRGB"):
            values = {f"/{n}": _cal(n, colour.kind, v) for n, v in colour.numbers.items()}
            return Array([Name("/" + colour.kind), Dictionary(values)])
        if colour.kind == "Indexed" and colour.base is not None:
            last = len(colour.lookup) // colour.base.components - 1
            return Array([Name.Indexed, self._colour(colour.base), last, pikepdf.String(colour.lookup)])
        return Name("/" + colour.kind)

    def _once(self, data: bytes, **entries: int) -> Any:
        """A stream that several pages share."""
        key = hashlib.sha256(data + repr(entries).encode()).hexdigest()
        if key not in self._shared:
            stream = self._pdf.make_stream(data)
            for name, value in entries.items():
                stream[f"/{name}"] = value
            self._shared[key] = stream
        return self._shared[key]

    # --- words -------------------------------------------------------------
    def _words_font(self) -> Any:
        if self._font is None:
            self._font = self._pdf.make_indirect(_font(self._pdf))
        return self._font

    # --- metadata ----------------------------------------------------------
    def _metadata(self) -> None:
        moment = self._moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")
        xmp = _XMP.format(title=escape(self._title), producer=PRODUCER, moment=moment)
        metadata = self._pdf.make_stream(xmp.encode("utf-8"))
        metadata.Type, metadata.Subtype = Name.Metadata, Name.XML
        root = self._pdf.Root
        root.Metadata = metadata
        profile = self._once(srgb_profile(), N=3)
        intent = Dictionary(
            Type=Name.OutputIntent,
            S=Name.GTS_PDFA1,
            OutputConditionIdentifier=pikepdf.String(_CONDITION),
            Info=pikepdf.String(_CONDITION),
            DestOutputProfile=profile,
        )
        root.OutputIntents = Array([self._pdf.make_indirect(intent)])
        info = self._pdf.docinfo
        info.Title = pikepdf.String(self._title)
        info.Producer = pikepdf.String(PRODUCER)
        stamp = pikepdf.String(self._moment.strftime("D:%Y%m%d%H%M%S+00'00'"))
        info.CreationDate, info.ModDate = stamp, stamp


def srgb_profile() -> bytes:
    """An sRGB display profile; the date of making is fixed so that equal input gives equal bytes."""
    from PIL import ImageCms

    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    fixed_date = b"".join(n.to_bytes(2, "big") for n in (2000, 1, 1, 0, 0, 0))
    return made[:24] + fixed_date + made[36:84] + bytes(16) + made[100:]


def _font(pdf: pikepdf.Pdf) -> Any:
    """Every character code shows the empty glyph 1; ISO 32000-1, 9.7."""
    program = _FONT_FILE.read_bytes()
    embedded = pdf.make_stream(program)
    embedded.Length1 = len(program)
    name = Name("/ScanindexBlank")
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=name,
        Flags=5,
        FontBBox=Array([0, -150, 500, 700]),
        ItalicAngle=0,
        Ascent=700,
        Descent=-150,
        CapHeight=700,
        StemV=80,
        FontFile2=embedded,
    )
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=name,
        CIDSystemInfo=Dictionary(
            Registry=pikepdf.String("Adobe"), Ordering=pikepdf.String("Identity"), Supplement=0
        ),
        FontDescriptor=pdf.make_indirect(descriptor),
        CIDToGIDMap=pdf.make_stream(b"\x00\x01" * 65_536),
        DW=500,
    )
    return Dictionary(
        Type=Name.Font,
        Subtype=Name.Type0,
        BaseFont=name,
        Encoding=Name("/Identity-H"),
        DescendantFonts=Array([pdf.make_indirect(descendant)]),
        ToUnicode=pdf.make_stream(_to_unicode()),
    )


def _to_unicode() -> bytes:
    """Code = UTF-16 unit; ranges may not cross the last byte (ISO 32000-1, 9.10.3)."""
    firsts = {high: f"{high:02X}{'00' if high else '20'}" for high in range(256) if not 0xD8 <= high < 0xE0}
    ranges = [f"<{first}> <{high:02X}FF> <{first}>" for high, first in firsts.items()]
    blocks = []
    for start in range(0, len(ranges), 100):
        block = ranges[start : start + 100]
        blocks.append(f"{len(block)} beginbfrange\n" + "\n".join(block) + "\nendbfrange")
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        + "\n".join(blocks)
        + "\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode("ascii")


def _cal(name: str, kind: str, values: tuple[float, ...]) -> Any:
    if name == "Gamma" and kind == "CalGray":
        return _plain(values[0])
    return Array([_plain(value) for value in values])


def _plain(value: float) -> Any:
    return int(value) if float(value).is_integer() else round(float(value), 6)
