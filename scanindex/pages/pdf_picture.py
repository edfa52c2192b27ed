"""The own pixels of an image in a PDF, without rendering: no resampling, true resolution.

Covers what scanners write: JPEG in grey and colour, CCITT G4, JPEG 2000, plain
samples (Flate, LZW, run length) in grey, RGB and indexed colour at any depth,
stencil masks, inverted Decode arrays. The rest (JBIG2, G3, CMYK, Separation ...)
comes from pdfium's decoder at the picture's own size. Worker-only.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from scanindex.errors import CorruptFile
from scanindex.pages import g4, guard, jpeg
from scanindex.pages.grey import Grey, Picture, darkest_channel, grey_of, is_nearly_empty, is_two_level
from scanindex.pages.pdf_open import inflate, number, open_pdfium
from scanindex.pages.pdf_stream import (
    ImageFacts,
    colour_family,
    component_count,
    image_facts,
    image_problems,
    parameter,
    peeled,
)
from scanindex.pages.pillow import pillow_open

_GREY_SPACES = frozenset(("/DeviceGray", "/G", "/CalGray", "/ICCBased", "/Indexed", "/I"))
_RGB_SPACES = frozenset(("/DeviceRGB", "/RGB", "/CalRGB", "/ICCBased"))
_LUMA = (0.299, 0.587, 0.114)
_MAX_IMAGES_SEARCHED = 64


class NotHere(Exception):
    """This way of decoding does not fit the image; another one may."""


def decode(image: Any, path: Path, page_index: int, max_pixels: int) -> Picture:
    """Grey pixels of an image XObject that is alone on its page. Raises NotHere, OversizeFile."""
    facts = image_facts(image)
    if facts is None:
        raise NotHere
    is_grey = facts.components == 1 or facts.filters[-1:] == ("/DCTDecode",)
    guard.check_dimensions(facts.width, facts.height, max_pixels, is_grey=is_grey)
    problems = image_problems(image)
    try:
        pixels, found = _own_pixels(image, facts, max_pixels)
    except NotHere:
        pixels, found = _by_pdfium(path, page_index, facts), ()
    # libjpeg leaves out detail while decoding where the picture is too large.
    notes = (guard.NOTE_REDUCED,) if pixels.shape[1] < 0.9 * facts.width else ()
    return Picture(
        pixels=pixels,
        is_bilevel=facts.bits == 1 or is_two_level(pixels),
        problems=tuple(dict.fromkeys((*problems, *found, *notes))),
        may_have_colour=facts.components != 1 or facts.colour not in _GREY_SPACES - {"/Indexed", "/I"},
    )


def _own_pixels(image: Any, facts: ImageFacts, max_pixels: int) -> tuple[Grey, tuple[str, ...]]:
    inverted = _is_inverted(image, facts)
    last = facts.filters[-1] if facts.filters else ""
    try:
        if last == "/DCTDecode":
            return _from_jpeg(image, facts, inverted, max_pixels)
        if last == "/JPXDecode":
            return _from_jpx(image, facts, inverted)
        if last == "/CCITTFaxDecode":
            samples, found = _from_g4(image, facts)
            return _toned(samples, image, facts, inverted), found
        if last == "/JBIG2Decode":
            raise NotHere
        return _toned(_samples(image, facts), image, facts, inverted), ()
    except (pikepdf.PdfError, pikepdf.DataDecodingError, NotImplementedError, CorruptFile) as error:
        raise NotHere from error


def _is_inverted(image: Any, facts: ImageFacts) -> bool:
    """Whether /Decode swaps black and white. Raises NotHere for any other tone curve."""
    decode_array = image.get("/Decode")
    if decode_array is None:
        return False
    values = [number(v) for v in decode_array]
    pairs = len(values) // 2
    top = float((1 << facts.bits) - 1) if facts.colour in ("/Indexed", "/I") else 1.0
    if values == [0.0, top] * pairs:
        return False
    if values == [1.0, 0.0] * pairs and facts.colour not in ("/Indexed", "/I"):
        return True
    raise NotHere


# --- codecs -------------------------------------------------------------------
def _from_jpeg(
    image: Any, facts: ImageFacts, inverted: bool, max_pixels: int
) -> tuple[Grey, tuple[str, ...]]:
    data = peeled(image, facts.filters)
    header = jpeg.frame_header(data)
    expected = {1: _GREY_SPACES - {"/Indexed", "/I"}, 3: _RGB_SPACES}
    if header is None or header[:2] != (facts.width, facts.height):
        raise NotHere
    if header[2] != facts.components or facts.colour not in expected.get(header[2], frozenset()):
        raise NotHere
    if parameter(facts, "/ColorTransform", -1) >= 0:
        raise NotHere
    pixels, problems = jpeg.decode(data, max_pixels)
    return (255 - pixels if inverted else pixels), problems


def _from_jpx(image: Any, facts: ImageFacts, inverted: bool) -> tuple[Grey, tuple[str, ...]]:
    if facts.colour and facts.colour not in (_GREY_SPACES | _RGB_SPACES) - {"/Indexed", "/I"}:
        raise NotHere
    with pillow_open(io.BytesIO(peeled(image, facts.filters)), ("JPEG2000",)) as opened:
        if opened.image.size != (facts.width, facts.height) or opened.image.mode not in ("L", "RGB", "I;16"):
            raise NotHere
        problems = opened.load()
        pixels, _ = grey_of(opened.image)
    return (255 - pixels if inverted else pixels), problems


def _from_g4(image: Any, facts: ImageFacts) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Samples 0/1 of a G4 stream as the PDF understands them."""
    if (
        parameter(facts, "/K", 0) >= 0
        or parameter(facts, "/EncodedByteAlign", 0)
        or parameter(facts, "/Columns", 1728) != facts.width
        or facts.components != 1
    ):
        raise NotHere
    white, problems = g4.decode(peeled(image, facts.filters), facts.width, facts.height)
    return (1 - white if parameter(facts, "/BlackIs1", 0) else white), problems


def _samples(image: Any, facts: ImageFacts) -> NDArray[np.uint8]:
    """Decoded samples, height x (width * components), 16-bit ones by their high byte."""
    if facts.row_bytes is None or facts.bits not in (1, 2, 4, 8, 16) or facts.components not in (1, 3):
        raise NotHere
    wanted = facts.height * facts.row_bytes
    flat = np.frombuffer(_plain_bytes(image, facts, wanted), np.uint8)
    if flat.size < wanted:
        flat = np.concatenate((flat, np.full(wanted - flat.size, 0xFF, np.uint8)))
    rows = flat[:wanted].reshape(facts.height, facts.row_bytes)
    return _unpacked(rows, facts.bits)[:, : facts.width * facts.components]


def _plain_bytes(image: Any, facts: ImageFacts, wanted: int) -> bytes:
    """Through all filters; a Flate bomb is cut off where the picture is full."""
    if facts.filters == ("/FlateDecode",):
        if parameter(facts, "/Predictor", 1) <= 1:
            return inflate(image.read_raw_bytes(), wanted).data
        if len(inflate(image.read_raw_bytes(), wanted * 2 + 4096).data) > wanted + facts.height + 4096:
            raise NotHere
    return bytes(image.read_bytes())


def _unpacked(rows: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    if bits == 8:
        return rows
    if bits == 16:
        return rows[:, ::2]
    if bits == 1:
        return np.unpackbits(rows, axis=1)
    per_byte = 8 // bits
    shifts = np.arange(per_byte - 1, -1, -1, dtype=np.uint8) * bits
    parts = (rows[:, :, None] >> shifts) & ((1 << bits) - 1)
    return parts.reshape(rows.shape[0], -1).astype(np.uint8)


# --- tones --------------------------------------------------------------------
def _toned(samples: NDArray[np.uint8], image: Any, facts: ImageFacts, inverted: bool) -> Grey:
    if facts.colour in ("/Indexed", "/I"):
        luma, darkest = _palettes(image.get("/ColorSpace"))
        grey = luma[samples]
        return darkest[samples] if is_nearly_empty(grey) else grey
    if facts.components == 1 and facts.colour in _GREY_SPACES:
        depth = min(facts.bits, 8)
        table = np.round(np.arange(1 << depth) * (255 / ((1 << depth) - 1))).astype(np.uint8)
        return (255 - table if inverted else table)[samples]
    if facts.components == 3 and facts.colour in _RGB_SPACES and facts.bits in (8, 16):
        import cv2

        pixels = np.ascontiguousarray(samples).reshape(facts.height, facts.width, 3)
        pixels = 255 - pixels if inverted else pixels
        grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
        return darkest_channel(pixels) if is_nearly_empty(grey) else grey
    raise NotHere


def _palettes(space: Any) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Luma and darkest channel of each index; 256 entries, the missing ones white."""
    base, lookup = space[1], space[3]
    channels = component_count(base)
    raw = lookup.read_bytes() if isinstance(lookup, pikepdf.Stream) else bytes(lookup)
    if channels == 1 and colour_family(base) in _GREY_SPACES:
        levels = darkest = np.frombuffer(raw, np.uint8)
    elif channels == 3 and colour_family(base) in _RGB_SPACES:
        colours = np.frombuffer(raw[: len(raw) // 3 * 3], np.uint8).reshape(-1, 3)
        levels, darkest = np.round(colours @ np.array(_LUMA)).astype(np.uint8), colours.min(axis=1)
    else:
        raise NotHere
    return _filled(levels), _filled(darkest)


def _filled(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    table = np.full(256, 255, np.uint8)
    table[: min(256, levels.size)] = levels[:256]
    return table


# --- the rest -----------------------------------------------------------------
def _by_pdfium(path: Path, page_index: int, facts: ImageFacts) -> Grey:
    """pdfium's decoder at the picture's own size (colour managed, Decode applied)."""
    import cv2

    if names := set(facts.filters) - _PDFIUM_FILTERS:
        raise NotHere(str(len(names)))
    with open_pdfium(path) as document:
        page = document[page_index]
        found = page.get_objects(filter=(pdfium_c.FPDF_PAGEOBJ_IMAGE,), max_depth=6)
        for _, item in zip(range(_MAX_IMAGES_SEARCHED), found, strict=False):
            if item.get_px_size() == (facts.width, facts.height):
                bitmap = item.get_bitmap(render=False)
                pixels = bitmap.to_numpy()
                if pixels.shape[:2] != (facts.height, facts.width):
                    raise NotHere
                if pixels.ndim == 2 or pixels.shape[2] == 1:
                    return np.array(pixels.reshape(pixels.shape[:2]), np.uint8)
                code = cv2.COLOR_BGR2GRAY if pixels.shape[2] == 3 else cv2.COLOR_BGRA2GRAY
                grey = np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), code), np.uint8)
                return darkest_channel(pixels[:, :, :3]) if is_nearly_empty(grey) else grey
    raise NotHere


_PDFIUM_FILTERS = frozenset(
    (
        "/FlateDecode",
        "/LZWDecode",
        "/RunLengthDecode",
        "/ASCII85Decode",
        "/ASCIIHexDecode",
        "/DCTDecode",
        "/CCITTFaxDecode",
        "/JBIG2Decode",
        "/JPXDecode",
    )
)
