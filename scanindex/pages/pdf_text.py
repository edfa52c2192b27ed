"""The text layer of a drawn PDF page, if it is real text that a person also sees.

Born-digital text is better than any reading of its picture. But a layer may be
an old hidden OCR, a broken font table (looks right, copies as nonsense), or only
part of the page (a label pasted as a picture, letters drawn as curves): then the
page is read from its pixels, and the layer is handed on as a text that was not
chosen, with the reason. Worker-only.
"""

from __future__ import annotations

import ctypes
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium_c

from scanindex.model import Box, OtherText, Word
from scanindex.pages.grey import Grey
from scanindex.pages.pdf_open import PageFrame

ENGINE = "text_layer"

IS_OCR = "layer_is_ocr"
"""Most of it is invisible: an earlier reading of a picture, nobody knows how good."""
GARBAGE = "layer_garbage"
"""Its codes are no text: unmapped, or in proportions that no language has."""
TURNED = "layer_turned"
PARTIAL = "layer_partial"
"""Pictures, drawn letters or annotations carry what it leaves out."""
UNSEEN = "layer_unseen"
"""Words of it stand where a person sees nothing."""

_MAX_CHARS = 200_000
_MAX_OTHER_CHARS = 50_000
_MAX_HIDDEN_SHARE = 0.05
_MAX_PICTURE_SHARE = 0.05
"""Pictures over more of the page than a logo takes may carry text (a patient label
is about 6 % of a letter page): then everything is read from the pixels."""
_MAX_UNMAPPED_SHARE = 0.02
_MAX_TURNED_SHARE = 0.2
_MAX_UNSEEN_SHARE = 0.1
_LEAST_CONTRAST = 40
_MAX_UNCOVERED_SHARE = 0.25
_LEAST_UNCOVERED = 40
_COMMON_LETTERS = frozenset("etaoinshr")
"""Seven in ten letters of English prose (and of Spanish, French, German); a third
of text whose codes are shuffled."""
_LEAST_COMMON_SHARE = 0.5
_LETTERS_TO_JUDGE = 60


@dataclass(frozen=True, slots=True)
class _Char:
    text: str
    box: tuple[float, float, float, float] | None
    """Left, bottom, right, top in points; None for spaces that the reader made up."""
    is_hidden: bool
    is_unmapped: bool
    is_turned: bool


@dataclass(frozen=True, slots=True)
class TextLayer:
    """What the layer is good for: words to trust, or a text to keep beside the reading."""

    words: tuple[Word, ...] | None = None
    others: tuple[OtherText, ...] = ()


class _NotTrusted(Exception):
    """Carries the reason code."""


def text_layer(page: Any, frame: PageFrame, pixels: Grey, *, is_covered: bool) -> TextLayer:
    """Layer of an open pypdfium2 page (rotation set to 0) drawn as `pixels`; boxes upright.

    is_covered: something else is drawn on top of the page, or may be.
    """
    try:
        chars = list(_chars(page, frame))
        if not any(char.box is not None for char in chars):
            return TextLayer()
        return TextLayer(words=_trusted_words(page, chars, frame, pixels, is_covered))
    except _NotTrusted as why:
        return TextLayer(others=other_text(page, str(why)))
    except (pypdfium2.PdfiumError, ValueError):
        return TextLayer()


def other_text(page: Any, reason: str) -> tuple[OtherText, ...]:
    """The plain text of an open page as one that was not chosen; nothing where there is none."""
    try:
        text_page = page.get_textpage()
        try:
            text = text_page.get_text_range(0, min(text_page.count_chars(), _MAX_OTHER_CHARS))
        finally:
            text_page.close()
    except (pypdfium2.PdfiumError, ValueError):
        return ()
    text = "\n".join(text.replace("\0", "").encode("utf-8", "replace").decode().splitlines()).strip()
    return (OtherText(source=ENGINE, reason=reason, text=text[:_MAX_OTHER_CHARS]),) if text else ()


def _trusted_words(
    page: Any, chars: Sequence[_Char], frame: PageFrame, pixels: Grey, is_covered: bool
) -> tuple[Word, ...]:
    if (reason := fault_of(chars)) is not None:
        raise _NotTrusted(reason)
    if is_covered or picture_share(page, frame) > _MAX_PICTURE_SHARE:
        raise _NotTrusted(PARTIAL)
    boxed = list(_boxed_words(chars, frame, pixels.shape))
    seen = [word for word in boxed if _is_seen(word[1], pixels)]
    if not seen or len(seen) < len(boxed) * (1 - _MAX_UNSEEN_SHARE):
        raise _NotTrusted(UNSEEN)
    if _uncovered_share(pixels, [box for _, box in seen]) > _MAX_UNCOVERED_SHARE:
        raise _NotTrusted(PARTIAL)
    return _in_reading_order(seen, frame.rotation_degrees, pixels.shape)


def picture_share(page: Any, frame: PageFrame) -> float:
    """Share of the page under image objects, 0..1 (overlaps count twice, up to 1)."""
    area = 0.0
    for item in page.get_objects(filter=(pdfium_c.FPDF_PAGEOBJ_IMAGE,), max_depth=6):
        left, bottom, right, top = item.get_bounds()
        width = min(right, frame.right) - max(left, frame.left)
        height = min(top, frame.top) - max(bottom, frame.bottom)
        area += max(0.0, width) * max(0.0, height)
    return min(1.0, area / (frame.width * frame.height))


# --- characters ---------------------------------------------------------------
def _chars(page: Any, frame: PageFrame) -> Iterator[_Char]:
    text_page = page.get_textpage()
    try:
        count = min(text_page.count_chars(), _MAX_CHARS)
        for index in range(count):
            yield _char(text_page, index, frame)
    finally:
        text_page.close()


def _char(text_page: Any, index: int, frame: PageFrame) -> _Char:
    code = pdfium_c.FPDFText_GetUnicode(text_page, index)
    is_letter = 0 < code < 0xD800 or 0xDFFF < code < 0x110000  # half a surrogate pair is none
    text = "-" if code == 2 else chr(code) if is_letter else "\ufffd"
    if pdfium_c.FPDFText_IsGenerated(text_page, index) == 1 or text.isspace():
        return _Char(" " if text not in "\r\n" else "\n", None, False, False, False)
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    pdfium_c.FPDFText_GetCharBox(text_page, index, left, right, bottom, top)
    item = pdfium_c.FPDFText_GetTextObject(text_page, index)
    mode = pdfium_c.FPDFTextObj_GetTextRenderMode(item) if item else 0
    angle = np.degrees(pdfium_c.FPDFText_GetCharAngle(text_page, index))
    upright = (angle + frame.rotation_degrees) % 360  # pdfium counts clockwise
    return _Char(
        text,
        (left.value, bottom.value, right.value, top.value),
        is_hidden=mode in (pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium_c.FPDF_TEXTRENDERMODE_CLIP),
        is_unmapped=_is_unmapped(text) or pdfium_c.FPDFText_HasUnicodeMapError(text_page, index) == 1,
        is_turned=min(upright, 360 - upright) > 10,
    )


def _is_unmapped(text: str) -> bool:
    """Private use, replacement, control or unassigned: a font without a usable table."""
    return text == "\ufffd" or unicodedata.category(text) in ("Co", "Cn", "Cc", "Cs")


def fault_of(chars: Sequence[_Char]) -> str | None:
    """None for text that is visible, mapped to real letters, level and in proportions that language has."""
    solid = [char for char in chars if char.box is not None]
    total = len(solid)
    if sum(c.is_hidden for c in solid) > total * _MAX_HIDDEN_SHARE:
        return IS_OCR
    if sum(c.is_unmapped for c in solid) > total * _MAX_UNMAPPED_SHARE:
        return GARBAGE
    if sum(c.is_turned for c in solid) > total * _MAX_TURNED_SHARE:
        return TURNED
    return None if reads_like_language("".join(char.text for char in chars)) else GARBAGE


def reads_like_language(text: str) -> bool:
    """Rules out shuffled codes and text without word breaks; short text passes for lack of evidence."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    letters = [c for c in plain if c.isalpha()]
    if len(letters) < _LETTERS_TO_JUDGE:
        solid = sum(not c.isspace() for c in text)
        return 2 * sum(c.isalnum() for c in text) >= solid and (len(letters) * 5 >= solid or len(letters) < 5)
    common = sum(c in _COMMON_LETTERS for c in letters) / len(letters)
    tokens = text.split()
    in_long_tokens = sum(len(t) for t in tokens if len(t) > 30) / max(1, sum(len(t) for t in tokens))
    return common >= _LEAST_COMMON_SHARE and in_long_tokens < 0.2


# --- words --------------------------------------------------------------------
def _boxed_words(
    chars: Sequence[_Char], frame: PageFrame, shape: tuple[int, ...]
) -> Iterator[tuple[str, Box]]:
    """Runs of characters between spaces, with boxes in pixels of the unturned picture."""
    run: list[_Char] = []
    for char in [*chars, _Char(" ", None, False, False, False)]:
        if char.box is not None and not (run and _is_apart(run[-1], char)):
            run.append(char)
            continue
        if run:
            yield _word(run, frame, shape)
        run = [char] if char.box is not None else []


def _is_apart(before: _Char, after: _Char) -> bool:
    """A wide gap without a space character: two columns, or a jump to another place."""
    if before.box is None or after.box is None:
        return True
    height = max(before.box[3] - before.box[1], after.box[3] - after.box[1], 1.0)
    across = max(after.box[0] - before.box[2], before.box[0] - after.box[2])
    along = max(after.box[1] - before.box[3], before.box[1] - after.box[3])
    return across > 2.0 * height + 4 or along > 2.0 * height + 4


def _word(run: Sequence[_Char], frame: PageFrame, shape: tuple[int, ...]) -> tuple[str, Box]:
    boxes = [char.box for char in run if char.box is not None]
    left, bottom = min(b[0] for b in boxes), min(b[1] for b in boxes)
    right, top = max(b[2] for b in boxes), max(b[3] for b in boxes)
    across, down = shape[1] / frame.width, shape[0] / frame.height
    box = Box(
        left_px=_clamped((left - frame.left) * across, shape[1] - 1),
        top_px=_clamped((frame.top - top) * down, shape[0] - 1),
        right_px=_clamped((right - frame.left) * across + 1, shape[1]),
        bottom_px=_clamped((frame.top - bottom) * down + 1, shape[0]),
    )
    return unicodedata.normalize("NFKC", "".join(char.text for char in run)), box


def _clamped(value: float, top: int) -> int:
    return int(min(max(value, 0.0), float(top)))


def _is_seen(box: Box, pixels: Grey) -> bool:
    """Whether there is ink (or light on dark) where the word should be."""
    margin = 1
    area = pixels[
        max(0, box.top_px - margin) : box.bottom_px + margin,
        max(0, box.left_px - margin) : box.right_px + margin,
    ]
    return area.size > 0 and int(area.max()) - int(area.min()) >= _LEAST_CONTRAST


def _uncovered_share(pixels: Grey, boxes: Sequence[Box]) -> float:
    """Letter-sized ink outside all words, as a share of all letter-sized ink.

    High where letters are drawn as curves or come in fonts without codes.
    """
    step = max(1, round(max(pixels.shape) / 1650))
    small = cv2.resize(
        pixels, (pixels.shape[1] // step or 1, pixels.shape[0] // step or 1), interpolation=cv2.INTER_AREA
    )
    ink = (small < 128).astype(np.uint8)
    mask = np.zeros(ink.shape, np.uint8)
    for box in boxes:
        mask[
            max(0, box.top_px // step - 2) : box.bottom_px // step + 3,
            max(0, box.left_px // step - 2) : box.right_px // step + 3,
        ] = 1
    outside, inside = _letters(ink * (1 - mask)), _letters(ink * mask)
    return outside / max(1, outside + inside) if outside >= _LEAST_UNCOVERED else 0.0


def _letters(ink: Grey) -> int:
    """Connected pieces of the size of a letter at about 150 dpi."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    width, height, area = (
        stats[1:, cv2.CC_STAT_WIDTH],
        stats[1:, cv2.CC_STAT_HEIGHT],
        stats[1:, cv2.CC_STAT_AREA],
    )
    return int(((height >= 6) & (height <= 60) & (width >= 2) & (width <= 60) & (area >= 8)).sum())


def _in_reading_order(
    words: Sequence[tuple[str, Box]], rotation_degrees: int, shape: tuple[int, ...]
) -> tuple[Word, ...]:
    """Rows from top to bottom, words from left to right, after the page's turn."""
    turned = sorted(
        ((text, turned_box(box, rotation_degrees, shape)) for text, box in words),
        key=lambda word: word[1].top_px + word[1].bottom_px,
    )
    rows: list[list[tuple[str, Box]]] = []
    for text, box in turned:
        if rows and _same_row(rows[-1], box):
            rows[-1].append((text, box))
        else:
            rows.append([(text, box)])
    return tuple(
        Word(text=text, box=box, confidence=None, engine=ENGINE, line_no=number)
        for number, row in enumerate(rows, start=1)
        for text, box in sorted(row, key=lambda word: word[1].left_px)
    )


def _same_row(row: Sequence[tuple[str, Box]], box: Box) -> bool:
    """The middle of the smaller lies within the height of the other, judged by the row's last word."""
    other = row[-1][1]
    middle, other_middle = (box.top_px + box.bottom_px) / 2, (other.top_px + other.bottom_px) / 2
    taller = max(box.bottom_px - box.top_px, other.bottom_px - other.top_px)
    return abs(middle - other_middle) <= 0.35 * taller


def turned_box(box: Box, rotation_degrees: int, shape: tuple[int, ...]) -> Box:
    """The box after turning a picture of `shape` clockwise by `rotation_degrees`."""
    height, width = shape[0], shape[1]
    left, top, right, bottom = box.left_px, box.top_px, box.right_px, box.bottom_px
    if rotation_degrees == 90:
        left, top, right, bottom = height - bottom, left, height - top, right
    elif rotation_degrees == 180:
        left, top, right, bottom = width - right, height - bottom, width - left, height - top
    elif rotation_degrees == 270:
        left, top, right, bottom = top, width - right, bottom, width - left
    return Box(left_px=left, top_px=top, right_px=right, bottom_px=bottom)
