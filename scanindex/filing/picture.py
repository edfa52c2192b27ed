"""A page's picture as it will stand in the PDF: coded bytes and how to read them.

Pure values between the readers of originals (`pdfa_pdf`, `pdfa_tiff`, ...) and
the PDF/A writer. Points (1/72 inch) exist only here and in the writer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

Matrix = tuple[float, float, float, float, float, float]
"""a b c d e f of ISO 32000-1, 8.3.3."""

GREY = "DeviceGray"
RGB = "DeviceRGB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """A colour space that PDF/A-2b allows under an sRGB output intent."""

    kind: str
    """DeviceGray | DeviceRGB | ICCBased | CalGray | CalRGB | Indexed."""
    components: int
    profile: bytes = field(default=b"", repr=False)
    """ICCBased: the profile."""
    numbers: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """CalGray, CalRGB: WhitePoint, BlackPoint, Gamma, Matrix."""
    base: Colour | None = None
    lookup: bytes = field(default=b"", repr=False)
    """Indexed: base colours, one after the other."""


DEVICE_GREY = Colour(kind=GREY, components=1)
DEVICE_RGB = Colour(kind=RGB, components=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One image XObject."""

    data: bytes = field(repr=False)
    width_px: int
    height_px: int
    bits: int
    """Per component."""
    colour: Colour | None
    """None for a stencil."""
    codec: str
    """FlateDecode | DCTDecode | JPXDecode | CCITTFaxDecode | JBIG2Decode."""
    parms: Mapping[str, int | bool] = field(default_factory=dict)
    jbig2_globals: bytes | None = field(default=None, repr=False)
    decode: tuple[float, ...] = ()
    is_stencil: bool = False
    """Paints its 0 samples (or as `decode` says) in a colour: /ImageMask."""
    mask: Picture | None = None
    """Stencil that leaves parts unpainted: /Mask."""
    colour_key: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    picture: Picture
    matrix: Matrix
    """Unit square to page, in points."""
    fill: tuple[float, float, float] | None = None
    """Colour of a stencil, RGB 0..1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePicture:
    """Everything visible on one page, in the frame before /Rotate."""

    width_pt: float
    height_pt: float
    placements: tuple[Placement, ...]
    rendition: str
    """pass:<codec> | recode:<codec> | render:<why>; goes into the record."""


def full_page(picture: Picture, width_pt: float, height_pt: float, rendition: str) -> PagePicture:
    """The picture fills the page."""
    matrix = (width_pt, 0.0, 0.0, height_pt, 0.0, 0.0)
    return PagePicture(
        width_pt=width_pt,
        height_pt=height_pt,
        placements=(Placement(picture=picture, matrix=matrix),),
        rendition=rendition,
    )


def mirrored(page: PagePicture) -> PagePicture:
    """Left and right exchanged, without touching the pixels."""
    placements = []
    for placement in page.placements:
        a, b, c, d, e, f = placement.matrix
        placements.append(replace(placement, matrix=(-a, b, -c, d, page.width_pt - e, f)))
    return replace(page, placements=tuple(placements))
