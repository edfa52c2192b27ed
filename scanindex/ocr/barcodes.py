"""Reads barcodes and Patch T, and tells separator sheets from charts that carry codes.

Only formats that hospitals print on charts and sheets are looked for: others would
add time and false readings. Worker-only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import zxingcpp

from scanindex.model import Barcode, Box, Word
from scanindex.ocr.patch import find_patch_t

FORMATS: Any = (
    zxingcpp.BarcodeFormat.QRCode,
    zxingcpp.BarcodeFormat.DataMatrix,
    zxingcpp.BarcodeFormat.Code128,
    zxingcpp.BarcodeFormat.Code39,
)
ON_THE_WHOLE_PAGE: Any = tuple(kind for kind in FORMATS if kind != zxingcpp.BarcodeFormat.DataMatrix)
"""Looking for DataMatrix everywhere takes as long as for all others; its place is found first."""
LARGEST_PX = 4_400
MOST_REGIONS = 6
MOST_LOOKED_AT = 16
LEAST_GRAIN = 0.4
"""Edges of a code run along two axes at right angles: bars and QR measured .44 to .95, half of all text
below .34."""
LEAST_SQUARE_GRAIN = 0.24
"""Of a block about as high as wide: a small DataMatrix has few long edges."""
MATRIX: Any = (zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.DataMatrix)
SHEET_PREFIX = "SIX"
"""What the codes on this product's own sheets start with."""
SEPARATOR_VALUE = re.compile(
    r"(DOC(UMENT)?|BATCH|PAGE|FILE)?(SEP(ARATOR|ARATE)?|SPLIT(TER)?|BREAK)(SHEET|PAGE)?"
    r"|(NEW|NEXT|START|END)(OF)?(DOC(UMENT)?|BATCH|FILE|PATIENT|CHART)"
    r"|PATCH(CODE)?(T|[1-46]|II|III)?"
)
SEPARATOR_TITLE = re.compile(
    r"\b(separator|patch\s*(code)?\s*(t|ii|2)\b|(document|batch|record|chart|file|scan(ning)?)\s+"
    r"(header|cover|break|divider)|(header|cover|divider)\s+sheet|between\s+documents|slip\s*sheet)",
    re.IGNORECASE,
)
NO_SEPARATOR = re.compile(r"\b(fax|facsimile|telefax|attn|attention)\b", re.IGNORECASE)
"""The cover sheet of a fax names people: it is a page of the chart."""
MOST_SEPARATOR_WORDS = 60


def read_barcodes(page: Any, dpi: float) -> tuple[Barcode, ...]:
    """Codes on a page at any angle; Patch T among them.

    Boxes are pixels of `page`.
    """
    found = _decode(page, ON_THE_WHOLE_PAGE)
    regions = [box for box in code_regions(page, dpi) if not any(_overlap(box, code.box) for code in found)]
    found += _decode_regions(page, _grainy(page, dpi, regions)[:MOST_REGIONS])
    return tuple(found) + find_patch_t(page, dpi)


def _overlap(one: Box, other: Box | None) -> bool:
    return (
        other is not None
        and min(one.right_px, other.right_px) > max(one.left_px, other.left_px)
        and min(one.bottom_px, other.bottom_px) > max(one.top_px, other.top_px)
    )


def is_sheet_code(barcode: Barcode) -> bool:
    """Printed by this product, or its text says that it separates."""
    if barcode.value.startswith(SHEET_PREFIX):
        return True
    return SEPARATOR_VALUE.fullmatch(re.sub(r"[^A-Z0-9]", "", barcode.value.upper())) is not None


def is_separator(barcodes: Sequence[Barcode], words: Sequence[Word]) -> bool:
    """A sheet that only splits: by its code, or by Patch T or a code under a separator's title.

    A chart page that carries a barcode, or the picture of a patch, holds more words
    than a separator and no such title.
    """
    if any(is_sheet_code(barcode) for barcode in barcodes):
        return True
    if not barcodes or len(words) > MOST_SEPARATOR_WORDS:
        return False
    if any(barcode.symbology == "PatchT" for barcode in barcodes):
        return True
    text = " ".join(word.text for word in words)
    return SEPARATOR_TITLE.search(text) is not None and NO_SEPARATOR.search(text) is None


def _decode(page: Any, formats: Any = FORMATS) -> list[Barcode]:
    scale = min(1.0, LARGEST_PX / max(page.shape))
    image = page
    if scale < 1.0:
        image = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    results = zxingcpp.read_barcodes(
        np.ascontiguousarray(image), formats=formats, text_mode=zxingcpp.TextMode.Plain, try_invert=False
    )
    codes: dict[tuple[str, str, Box | None], Barcode] = {}
    for result in results:
        if not result.valid or not result.text.strip():
            continue
        code = Barcode(
            symbology=_plain_name(result.format.name),
            value=result.text,
            box=_box(result.position, scale, page.shape),
        )
        codes.setdefault((code.symbology, code.value, code.box), code)
    return list(codes.values())


def _plain_name(name: str) -> str:
    """ "QRCodeModel2" and the like are still a "QRCode" to everybody else."""
    return next((known for known in ("QRCode", "Code39", "Code128", "DataMatrix") if known in name), name)


def _box(position: Any, scale: float, shape: tuple[int, int]) -> Box:
    points = (position.top_left, position.top_right, position.bottom_left, position.bottom_right)
    xs, ys = [point.x / scale for point in points], [point.y / scale for point in points]
    left, top = max(0, round(min(xs))), max(0, round(min(ys)))
    return Box(
        left_px=left,
        top_px=top,
        right_px=min(shape[1], max(left + 1, round(max(xs)))),
        bottom_px=min(shape[0], max(top + 1, round(max(ys)))),
    )


def code_regions(page: Any, dpi: float) -> list[Box]:
    """Where the page has the dense look of a code, largest first.

    Bars close up to a solid block when gaps of a few modules are bridged along one
    axis, while lines of print stay thin across it. Two scales, for fine and coarse codes.
    """
    regions = []
    for working_dpi in (75.0, 37.5):
        factor = max(1, round(dpi / working_dpi))
        small = cv2.resize(page, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
        paper = float(np.percentile(small[::2, ::2], 80))
        dark = (small < paper - max(20.0, 0.25 * (paper - float(small.min())))).astype(np.uint8)
        solid = np.zeros_like(dark)
        for bridge in ((1, 7), (7, 1)):
            closed = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones(bridge, np.uint8))
            solid |= cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((11, 11), np.uint8))
        _, _, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
        for left, top, width, height, area in stats[1:].tolist():
            if _is_code_like(small[top : top + height, left : left + width], area):
                regions.append(_grown(left, top, width, height, factor, page.shape))
    return sorted(regions, key=lambda box: (box.left_px - box.right_px) * (box.bottom_px - box.top_px))


def _is_code_like(block: Any, area: int) -> bool:
    """Light and dark by turns inside: a solid blot, a border or a picture's shade is no code."""
    if area > 0.25e6 or block.size == 0:
        return False
    level = (int(block.min()) + int(block.max())) / 2
    light = float(np.mean(block > level))
    return 0.12 < light < 0.92 and int(block.max()) - int(block.min()) > 60


def _grainy(page: Any, dpi: float, regions: Sequence[Box]) -> list[tuple[Box, Any]]:
    """Regions whose edges run along two axes like those of a code, the most regular first, and
    what each may hold."""
    looked_at = regions[:MOST_LOOKED_AT]
    grains = [_grain(page, dpi, box) for box in looked_at]
    return [
        (looked_at[number], FORMATS if grains[number] >= LEAST_GRAIN else MATRIX)
        for number in sorted(range(len(grains)), key=lambda number: -grains[number])
        if grains[number] >= (LEAST_SQUARE_GRAIN if _is_square(looked_at[number]) else LEAST_GRAIN)
    ]


def _is_square(box: Box) -> bool:
    width, height = box.right_px - box.left_px, box.bottom_px - box.top_px
    return max(width, height) < 1.6 * min(width, height)


def _grain(page: Any, dpi: float, box: Box) -> float:
    """How much the directions of edges in the middle of the block agree by quarter turns, 0..1."""
    block = page[box.top_px : box.bottom_px, box.left_px : box.right_px]
    scale = min(1.0, 150.0 / dpi)
    if scale < 0.85:
        block = cv2.resize(block, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    middle_y, middle_x = block.shape[0] // 2, block.shape[1] // 2
    block = block[max(0, middle_y - 110) : middle_y + 110, max(0, middle_x - 110) : middle_x + 110]
    soft = cv2.GaussianBlur(block, (3, 3), 0)
    across, down = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    even, odd = across * across - down * down, 2 * across * down
    weight = across * across + down * down + 1.0
    # The edge direction times four: bars and both axes of a matrix code add up, curves cancel.
    level = float(((even * even - odd * odd) / weight).sum())
    slant = float((2 * even * odd / weight).sum())
    return math.hypot(level, slant) / float(weight.sum())


def _grown(left: int, top: int, width: int, height: int, factor: int, shape: tuple[int, int]) -> Box:
    """The block in page pixels with room for its quiet zone and clipped ends."""
    rim = 14
    return Box(
        left_px=max(0, (left - rim) * factor),
        top_px=max(0, (top - rim) * factor),
        right_px=min(shape[1], (left + width + rim) * factor),
        bottom_px=min(shape[0], (top + height + rim) * factor),
    )


def _decode_regions(page: Any, regions: Sequence[tuple[Box, Any]]) -> list[Barcode]:
    """Tries harder where the page looks like a code.

    Scanner noise breaks thin bars: a median mends what a threshold cannot. The
    decoder wants bars nearly straight: a slanted block is levelled by its own edges.
    """
    found: dict[tuple[str, str], Barcode] = {}
    for region, formats in regions:
        block = page[region.top_px : region.bottom_px, region.left_px : region.right_px]
        angle = _bar_angle(block)
        is_slanted = abs(angle) >= 4.0
        if is_slanted:
            block = _levelled(block, angle)
        # Straight and as it is, all but DataMatrix were looked for before.
        codes = _decode(cv2.medianBlur(block, 3), formats) or _decode(
            block, formats if is_slanted else MATRIX
        )
        for code in codes:
            found.setdefault((code.symbology, code.value), replace(code, box=region))
    return list(found.values())


def _levelled(block: Any, angle: float) -> Any:
    height, width = block.shape
    side = int(np.hypot(height, width)) + 8
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    matrix[:, 2] += (side - width) / 2, (side - height) / 2
    return cv2.warpAffine(block, matrix, (side, side), borderValue=255)


def _bar_angle(block: Any) -> float:
    """Clockwise degrees from the nearest axis at which the edges of the block run."""
    soft = cv2.GaussianBlur(block, (0, 0), 1.5)
    across, down = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    # Four-fold symmetry: both axes of a matrix code, and bars either way, add up.
    angle, weight = np.arctan2(down, across), np.hypot(across, down)
    turned = np.angle(np.sum(weight * weight * np.exp(4j * angle))) / 4
    return float(np.degrees(turned))
