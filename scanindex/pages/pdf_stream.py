"""Whether the data of an image in a PDF are all there, told without drawing it.

Every renderer shows a cut picture without a word, so the stream itself is
asked: end markers for JPEG and JPEG 2000, segment lengths for JBIG2,
and the number of bytes for everything that decodes to plain samples. Worker-only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pikepdf

from scanindex.pages import jpeg
from scanindex.pages.guard import DAMAGED_IMAGE, TRUNCATED_IMAGE, has_hole
from scanindex.pages.pdf_open import inflate, names_of, number

_COMPONENTS = {
    "/DeviceGray": 1,
    "/G": 1,
    "/CalGray": 1,
    "/DeviceRGB": 3,
    "/RGB": 3,
    "/CalRGB": 3,
    "/Lab": 3,
    "/DeviceCMYK": 4,
    "/CMYK": 4,
    "/Indexed": 1,
    "/I": 1,
    "/Separation": 1,
}
_MAX_SAMPLE_BYTES = 1 << 30
_SPARE_BYTES = 4096
"""Writers may add a row or a line end; much more than the picture means wrong codes."""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """The dictionary of an image XObject, checked and resolved."""

    width: int
    height: int
    bits: int
    components: int | None
    colour: str
    """Name of the colour space's family; "" where there is none."""
    filters: tuple[str, ...]
    parameters: tuple[Any, ...]
    is_mask: bool

    @property
    def row_bytes(self) -> int | None:
        return None if self.components is None else (self.width * self.bits * self.components + 7) // 8


def image_facts(image: Any) -> ImageFacts | None:
    """None where even width and height make no sense."""
    width, height = number(image.get("/Width")), number(image.get("/Height"))
    if not width or not height or width < 1 or height < 1:
        return None
    is_mask = image.get("/ImageMask") is not None and bool(image.get("/ImageMask"))
    filters = tuple(names_of(image.get("/Filter")))
    bits = (
        1
        if is_mask or filters[-1:] == ("/CCITTFaxDecode",)
        else int(number(image.get("/BitsPerComponent")) or 8)
    )
    space = image.get("/ColorSpace")
    colour = "/DeviceGray" if is_mask else colour_family(space)
    return ImageFacts(
        width=int(width),
        height=int(height),
        bits=bits,
        components=1 if is_mask else component_count(space),
        colour=colour,
        filters=filters,
        parameters=_parameters(image, len(filters)),
        is_mask=is_mask,
    )


def colour_family(space: Any) -> str:
    if isinstance(space, pikepdf.Name):
        return str(space)
    if isinstance(space, pikepdf.Array) and len(space) and isinstance(space[0], pikepdf.Name):
        return str(space[0])
    return ""


def component_count(space: Any) -> int | None:
    """Samples a pixel; None where the colour space does not tell (JPX, broken)."""
    family = colour_family(space)
    if family == "/ICCBased" and len(space) > 1 and isinstance(space[1], pikepdf.Stream):
        count = number(space[1].get("/N"))
        return int(count) if count else None
    if family == "/DeviceN" and len(space) > 1 and isinstance(space[1], pikepdf.Array):
        return len(space[1])
    return _COMPONENTS.get(family)


def _parameters(image: Any, count: int) -> tuple[Any, ...]:
    value = image.get("/DecodeParms")
    if isinstance(value, pikepdf.Dictionary):
        return (value,) + (None,) * (count - 1)
    if isinstance(value, pikepdf.Array):
        return tuple(v if isinstance(v, pikepdf.Dictionary) else None for v in value)[:count] + (None,) * (
            count - len(value)
        )
    return (None,) * count


def parameter(facts: ImageFacts, key: str, default: float) -> float:
    """A number or boolean of the last filter's parameters."""
    last = facts.parameters[-1] if facts.parameters else None
    value = last.get(key) if last is not None else None
    if isinstance(value, bool):
        return float(value)
    found = number(value)
    return default if found is None else found


def peeled(stream: Any, filters: Sequence[str]) -> bytes:
    """Data as the last filter receives them (a JPEG inside Flate comes out as JPEG)."""
    raw = stream.read_raw_bytes()
    outer_filters = tuple(filters[:-1])
    if not outer_filters:
        return bytes(raw)
    if outer_filters == ("/FlateDecode",):
        return inflate(raw, _MAX_SAMPLE_BYTES).data
    names = pikepdf.Array([pikepdf.Name(name) for name in outer_filters])
    with pikepdf.Pdf.new() as holder:
        return bytes(pikepdf.Stream(holder, raw, Filter=names).read_bytes())


def image_problems(image: Any) -> tuple[str, ...]:
    """TRUNCATED_IMAGE or DAMAGED_IMAGE where the stream shows it; never decodes a bomb."""
    facts = image_facts(image)
    if facts is None:
        return (DAMAGED_IMAGE,)
    try:
        data = peeled(image, facts.filters)
    except (pikepdf.PdfError, pikepdf.DataDecodingError, NotImplementedError):
        return (DAMAGED_IMAGE,)
    look = _LOOKS.get(facts.filters[-1]) if facts.filters else _look_at_samples
    return look(data, facts) if look else ()


def _look_at_jpeg(data: bytes, _: ImageFacts) -> tuple[str, ...]:
    if jpeg.frame_header(data) is None:
        return (DAMAGED_IMAGE,)
    return (TRUNCATED_IMAGE,) if jpeg.is_cut(data) else ()


def _look_at_jpx(data: bytes, _: ImageFacts) -> tuple[str, ...]:
    if b"\xff\xd9" not in data[-64:]:
        return (TRUNCATED_IMAGE,)
    return (DAMAGED_IMAGE,) if has_hole(data) else ()


def _look_at_flate(data: bytes, facts: ImageFacts) -> tuple[str, ...]:
    if facts.row_bytes is None:
        return ()
    has_tags = parameter(facts, "/Predictor", 1) >= 10
    expected = facts.height * (facts.row_bytes + has_tags)
    limit = min(expected + _SPARE_BYTES, _MAX_SAMPLE_BYTES)
    found = inflate(data, limit)
    if found.is_wrong or len(found.data) == limit < _MAX_SAMPLE_BYTES:
        return (DAMAGED_IMAGE,)
    return () if len(found.data) >= min(expected, _MAX_SAMPLE_BYTES) else (TRUNCATED_IMAGE,)


def _look_at_samples(data: bytes, facts: ImageFacts) -> tuple[str, ...]:
    if facts.row_bytes is None or len(data) >= facts.height * facts.row_bytes:
        return ()
    return (TRUNCATED_IMAGE,)


def _look_at_ccitt(data: bytes, _: ImageFacts) -> tuple[str, ...]:
    """Only the empty case here: a cut G4 picture shows once it is decoded (pages.g4)."""
    return () if data else (TRUNCATED_IMAGE,)


def _look_at_jbig2(data: bytes, _: ImageFacts) -> tuple[str, ...]:
    """Walk the segment headers (ITU-T T.88 7.2); a segment beyond the end is a cut picture."""
    at = 0
    while at + 11 <= len(data):
        segment = int.from_bytes(data[at : at + 4], "big")
        flags, count = data[at + 4], data[at + 5] >> 5
        at += 6
        if count == 7:
            count = int.from_bytes(data[at - 1 : at + 3], "big") & 0x1FFFFFFF
            at += 3 + (count + 8) // 8
        at += count * (1 if segment <= 256 else 2 if segment <= 65_536 else 4)
        at += 4 if flags & 0x40 else 1
        length = int.from_bytes(data[at : at + 4], "big")
        at += 4
        if length == 0xFFFFFFFF:
            return ()
        at += length
    return (TRUNCATED_IMAGE,) if at > len(data) or not data else ()


_LOOKS = {
    "/DCTDecode": _look_at_jpeg,
    "/JPXDecode": _look_at_jpx,
    "/FlateDecode": _look_at_flate,
    "/CCITTFaxDecode": _look_at_ccitt,
    "/JBIG2Decode": _look_at_jbig2,
}
