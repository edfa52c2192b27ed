"""Image XObjects of received PDFs as pictures that PDF/A-2b takes.

Coded bytes stay; filters that PDF/A forbids or that only wrap (LZW, ASCII,
RunLength) are taken off; colour spaces beyond grey and RGB are coded again as
RGB. Nothing of the received dictionary is copied but numbers, and the profile
of ICCBased where it is sound. ISO 19005-2, 6.2.4 and 6.2.8. Worker-only.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Any

import pikepdf

from scanindex.filing import pdfa_jp2, pdfa_jpeg
from scanindex.filing.picture import DEVICE_GREY, DEVICE_RGB, Colour, Picture

_WRAPPERS = frozenset(("/ASCII85Decode", "/ASCIIHexDecode", "/LZWDecode", "/RunLengthDecode", "/FlateDecode"))
_CODECS = frozenset(("/CCITTFaxDecode", "/DCTDecode", "/JPXDecode", "/JBIG2Decode"))
_PARMS = {
    "CCITTFaxDecode": (
        "K", "EndOfLine", "EncodedByteAlign", "Columns", "Rows", "EndOfBlock", "BlackIs1",
        "DamagedRowsBeforeError",
    ),
    "FlateDecode": ("Predictor", "Colors", "BitsPerComponent", "Columns"),
    "DCTDecode": ("ColorTransform",),
}  # fmt: skip
_DEVICE = {
    "/DeviceGray": DEVICE_GREY, "/G": DEVICE_GREY, "/DeviceRGB": DEVICE_RGB, "/RGB": DEVICE_RGB,
}  # fmt: skip
_CAL_NUMBERS = ("WhitePoint", "BlackPoint", "Gamma", "Matrix")
_ICC_CLASSES = frozenset((b"scnr", b"mntr", b"prtr", b"spac"))
_BITS = frozenset((1, 2, 4, 8, 16))


class NotPassable(Exception):
    """The page cannot be taken as it is; `code` is the recorded reason."""

    def __init__(self, code: str, dpi: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.dpi = dpi


class PictureReader:
    """Reads the images of one page; remembers whether any had to be coded again."""

    def __init__(self) -> None:
        self.has_recoded = False

    def read(self, xobject: Any, *, is_mask: bool = False) -> Picture:
        """Raises NotPassable."""
        if "/SMask" in xobject or int(xobject.get("/SMaskInData", 0)):
            raise NotPassable("transparency")
        is_stencil = bool(xobject.get("/ImageMask", False))
        if is_mask and not is_stencil:
            raise NotPassable("transparency")
        data, codec, parms, globals_ = _unwrapped(xobject)
        if codec == "FlateDecode" and _filters(xobject)[0] != ["/FlateDecode"]:
            self.has_recoded = True
        picture = Picture(
            data=data,
            width_px=int(xobject["/Width"]),
            height_px=int(xobject["/Height"]),
            bits=1 if is_stencil else int(xobject.get("/BitsPerComponent", 8)),
            colour=None if is_stencil else self._colour(xobject, codec, data),
            codec=codec,
            parms=parms,
            jbig2_globals=globals_,
            decode=_numbers(xobject.get("/Decode")),
            is_stencil=is_stencil,
        )
        return _checked(picture if is_mask else self._with_mask(picture, xobject))

    def _with_mask(self, picture: Picture, xobject: Any) -> Picture:
        mask = xobject.get("/Mask")
        if mask is None:
            return picture
        if isinstance(mask, pikepdf.Array):
            return replace(picture, colour_key=tuple(int(value) for value in mask))
        return replace(picture, mask=self.read(mask, is_mask=True))

    def _colour(self, xobject: Any, codec: str, data: bytes) -> Colour:
        space = xobject.get("/ColorSpace")
        if space is None and codec == "JPXDecode":
            own = pdfa_jp2.picture_of(data)
            if own is None or own.colour is None:
                raise NotPassable("codec")
            return own.colour
        return colour_of(space)


def colour_of(space: Any, depth: int = 0) -> Colour:
    """A colour space of a received PDF as one that PDF/A-2b takes. Raises NotPassable."""
    if isinstance(space, pikepdf.Name):
        if str(space) not in _DEVICE:
            raise NotPassable("colour")
        return _DEVICE[str(space)]
    if not isinstance(space, pikepdf.Array) or len(space) < 1 or depth > 2:
        raise NotPassable("colour")
    kind = str(space[0])
    if kind in _DEVICE:
        return _DEVICE[kind]
    if kind == "/ICCBased":
        return _icc(space[1])
    if kind in ("/CalGray", "/CalRGB"):
        return _calibrated(kind[1:], space[1])
    if kind in ("/Indexed", "/I"):
        return _indexed(space, depth)
    raise NotPassable("colour")


def _icc(stream: Any) -> Colour:
    """The profile where it is one of an input or display device; else the plain space of that size."""
    components = int(stream["/N"])
    if components not in (1, 3):
        raise NotPassable("colour")
    profile = bytes(stream.read_bytes())
    expected = b"GRAY" if components == 1 else b"RGB "
    is_sound = (
        len(profile) >= 132
        and int.from_bytes(profile[:4], "big") == len(profile)
        and profile[8] in (2, 4)
        and profile[12:16] in _ICC_CLASSES
        and profile[16:20] == expected
        and profile[36:40] == b"acsp"
    )
    if not is_sound:
        return DEVICE_GREY if components == 1 else DEVICE_RGB
    return Colour(kind="ICCBased", components=components, profile=profile)


def _calibrated(kind: str, values: Any) -> Colour:
    numbers = {name: _numbers(values.get(f"/{name}")) for name in _CAL_NUMBERS}
    if len(numbers["WhitePoint"]) != 3:
        raise NotPassable("colour")
    if kind == "CalGray":
        gamma = values.get("/Gamma")
        numbers = numbers | {"Gamma": (float(gamma),) if gamma is not None else (), "Matrix": ()}
    return Colour(
        kind=kind,
        components=1 if kind == "CalGray" else 3,
        numbers={name: value for name, value in numbers.items() if value},
    )


def _indexed(space: Any, depth: int) -> Colour:
    base = colour_of(space[1], depth + 1)
    table = space[3]
    lookup = bytes(table.read_bytes()) if isinstance(table, pikepdf.Stream) else bytes(table)
    wanted = (int(space[2]) + 1) * base.components
    if not 0 < wanted <= 256 * 3 or len(lookup) < wanted or base.kind == "Indexed":
        raise NotPassable("colour")
    return Colour(kind="Indexed", components=1, base=base, lookup=lookup[:wanted])


def _unwrapped(xobject: Any) -> tuple[bytes, str, dict[str, int | bool], bytes | None]:
    """Bytes, codec, parameters and JBIG2 globals once wrapping filters are off."""
    filters, parms = _filters(xobject)
    if "/Crypt" in filters or any(f not in _WRAPPERS | _CODECS for f in filters):
        raise NotPassable("codec")
    codec_at = next((i for i, f in enumerate(filters) if f in _CODECS), len(filters))
    if codec_at < len(filters) - 1:
        raise NotPassable("codec")
    if codec_at == len(filters):
        return *_plain(xobject, filters, parms), None
    data = bytes(xobject.read_raw_bytes())
    if codec_at:
        data = _taken_off(data, filters[:codec_at], parms[:codec_at])
    codec = filters[codec_at][1:]
    own = parms[codec_at]
    globals_ = None
    if codec == "JBIG2Decode" and own is not None and "/JBIG2Globals" in own:
        globals_ = bytes(own["/JBIG2Globals"].read_bytes())
    return data, codec, _plain_parms(codec, own), globals_


def _plain(xobject: Any, filters: list[str], parms: list[Any]) -> tuple[bytes, str, dict[str, int | bool]]:
    """Samples: Flate data as they are, all else decoded and deflated."""
    if filters == ["/FlateDecode"]:
        return bytes(xobject.read_raw_bytes()), "FlateDecode", _plain_parms("FlateDecode", parms[0])
    return zlib.compress(bytes(xobject.read_bytes()), 9), "FlateDecode", {}


def _taken_off(data: bytes, filters: list[str], parms: list[Any]) -> bytes:
    with pikepdf.new() as scratch:
        stream = scratch.make_stream(data)
        stream.Filter = pikepdf.Array([pikepdf.Name(f) for f in filters])
        if any(p is not None for p in parms):
            numbers = [_plain_parms("FlateDecode", p) for p in parms]
            stream.DecodeParms = pikepdf.Array([pikepdf.Dictionary(_named(n)) for n in numbers])
        return bytes(stream.read_bytes())


def _filters(xobject: Any) -> tuple[list[str], list[Any]]:
    named = xobject.get("/Filter")
    given = xobject.get("/DecodeParms", xobject.get("/DP"))
    if named is None:
        return [], []
    filters = [str(f) for f in named] if isinstance(named, pikepdf.Array) else [str(named)]
    listed = list(given) if isinstance(given, pikepdf.Array) else [given]
    listed = [p if isinstance(p, pikepdf.Dictionary) else None for p in listed]
    return filters, (listed + [None] * len(filters))[: len(filters)]


def _plain_parms(codec: str, given: Any) -> dict[str, int | bool]:
    result: dict[str, int | bool] = {}
    for name in _PARMS.get(codec, ()):
        value = given.get(f"/{name}") if given is not None else None
        if isinstance(value, bool):
            result[name] = value
        elif value is not None:
            result[name] = int(value)
    return result


def _named(parms: dict[str, int | bool]) -> dict[str, Any]:
    return {f"/{name}": value for name, value in parms.items()}


def _numbers(values: Any) -> tuple[float, ...]:
    if not isinstance(values, pikepdf.Array):
        return ()
    return tuple(float(value) for value in values)


def _checked(picture: Picture) -> Picture:
    """Raises NotPassable where PDF readers might disagree on what the bytes show."""
    if picture.bits not in _BITS or picture.width_px <= 0 or picture.height_px <= 0:
        raise NotPassable("codec")
    if picture.codec == "DCTDecode":
        return _checked_jpeg(picture)
    if picture.codec == "JPXDecode":
        own = pdfa_jp2.picture_of(picture.data)
        size = (picture.width_px, picture.height_px)
        if own is None or own.colour is None or (own.width_px, own.height_px) != size or picture.is_stencil:
            raise NotPassable("codec")
        if picture.colour is None or picture.colour.components != own.colour.components:
            raise NotPassable("codec")
        return replace(picture, data=own.data, bits=8)
    is_bilevel = picture.codec in ("CCITTFaxDecode", "JBIG2Decode")
    if is_bilevel and picture.colour and picture.colour.components != 1:
        raise NotPassable("codec")
    return picture


def _checked_jpeg(picture: Picture) -> Picture:
    own = pdfa_jpeg.picture_of(picture.data)
    if own is None or own.colour is None or picture.colour is None:
        raise NotPassable("codec")
    if (own.width_px, own.height_px) != (picture.width_px, picture.height_px):
        raise NotPassable("codec")
    if own.colour.components != picture.colour.components:
        raise NotPassable("codec")
    return replace(picture, bits=8, parms=dict(own.parms) | dict(picture.parms))
