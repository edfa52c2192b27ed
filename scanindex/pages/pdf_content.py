"""Is this PDF page nothing but one upright picture? Reads the drawing instructions.

A page qualifies if, besides text that is not painted (render mode 3) and things
the picture hides completely, exactly one image is drawn, axis-aligned and not
mirrored, on the whole crop box. Whatever is not understood disqualifies: such a
page is rendered, which is slower but never wrong. Worker-only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pikepdf

from scanindex.pages.pdf_open import PageFrame, inflate, inherited, names_of, number, page_frame

Matrix = tuple[float, float, float, float, float, float]

_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_EDGE_TOLERANCE = 0.01
_MAX_CONTENT_BYTES = 4 << 20
_MAX_FORM_DEPTH = 5
_QUIET_ANNOTATIONS = frozenset(("/Link", "/Popup"))
_HIDDEN_FLAGS = 0x02 | 0x20
"""Annotation flags Hidden and NoView (ISO 32000-2 table 167)."""


@dataclass(frozen=True, slots=True)
class OnlyPicture:
    """The one image of a page and how large it is drawn, in points."""

    image: Any
    width_points: float
    height_points: float
    has_text: bool
    """Invisible text, or text under the picture: an earlier OCR's layer."""


class _NotOnlyPicture(Exception):
    pass


@dataclass(slots=True)
class _State:
    matrix: Matrix = _IDENTITY
    text_mode: int = 0
    fill_is_black: bool = True

    def copy(self) -> _State:
        return _State(self.matrix, self.text_mode, self.fill_is_black)


@dataclass(slots=True)
class _Reader:
    """One pass over the instructions of a page and of the forms it draws."""

    frame: PageFrame
    found: OnlyPicture | None = None
    has_paint: bool = False
    has_text: bool = False
    path: list[tuple[float, float, float, float] | None] = field(default_factory=list)

    def read(self, operations: Any, resources: Any, state: _State, depth: int) -> None:
        stack: list[_State] = []
        for operands, operator in operations:
            name = str(operator)
            if name == "q":
                stack.append(state.copy())
            elif name == "Q":
                state = stack.pop() if stack else state
            elif name == "Do":
                self.draw(resources, operands, state, depth)
            elif (act := _ACTIONS.get(name)) is not None:
                act(self, state, operands)
            elif name == "gs":
                _require_plain(_named(resources, "/ExtGState", operands))
            elif name not in _NEUTRAL:
                raise _NotOnlyPicture

    # --- the pictures
    def draw(self, resources: Any, operands: Any, state: _State, depth: int) -> None:
        item = _named(resources, "/XObject", operands)
        if not isinstance(item, pikepdf.Stream) or item.get("/OC") is not None:
            raise _NotOnlyPicture
        if item.get("/Subtype") == "/Form":
            self.draw_form(item, resources, state, depth)
        elif item.get("/Subtype") == "/Image":
            self.draw_image(item, state)
        else:
            raise _NotOnlyPicture

    def draw_form(self, form: Any, resources: Any, state: _State, depth: int) -> None:
        box = form.get("/BBox")
        if depth >= _MAX_FORM_DEPTH or not isinstance(box, pikepdf.Array) or len(box) != 4:
            raise _NotOnlyPicture
        inner = state.copy()
        inner.matrix = _times(_matrix(form.get("/Matrix", None)), state.matrix)
        x0, y0, x1, y1 = (_finite(v) for v in box)
        self.require_covers((x0, y0, x1 - x0, y1 - y0), inner.matrix)
        own = form.get("/Resources")
        self.read(_operations(form), own if own is not None else resources, inner, depth + 1)

    def draw_image(self, image: Any, state: _State) -> None:
        if self.found is not None or any(
            image.get(key) is not None for key in ("/SMask", "/Mask", "/SMaskInData")
        ):
            raise _NotOnlyPicture
        a, b, c, d, e, f = state.matrix
        if abs(b) + abs(c) > 1e-3 * (abs(a) + abs(d)) or a <= 0 or d <= 0:
            raise _NotOnlyPicture
        if not _same_box((e, f, e + a, f + d), self.frame):
            if a * d > 0.0001 * self.frame.width * self.frame.height:
                raise _NotOnlyPicture
            self.paint(state, ())
            return
        if (
            image.get("/ImageMask") is not None
            and bool(image.get("/ImageMask"))
            and (self.has_paint or not state.fill_is_black)
        ):
            raise _NotOnlyPicture
        self.found = OnlyPicture(image, a, d, has_text=False)

    # --- everything else
    def paint(self, _: _State, __: Any) -> None:
        """Something visible is drawn: harmless only before an opaque picture hides it."""
        if self.found is not None:
            raise _NotOnlyPicture
        self.has_paint = True
        self.path.clear()

    def show_text(self, state: _State, operands: Any) -> None:
        self.has_text = True
        if state.text_mode != 3:
            self.paint(state, operands)

    def set_text_mode(self, state: _State, operands: Any) -> None:
        state.text_mode = int(_finite(operands[0]))
        if state.text_mode > 3:
            raise _NotOnlyPicture

    def concat(self, state: _State, operands: Any) -> None:
        state.matrix = _times(_matrix(operands), state.matrix)

    def add_rectangle(self, state: _State, operands: Any) -> None:
        x, y, width, height = (_finite(v) for v in operands)
        self.path.append((x, y, width, height))

    def add_line(self, _: _State, __: Any) -> None:
        self.path.append(None)

    def clip(self, state: _State, _: Any) -> None:
        if len(self.path) != 1 or self.path[0] is None:
            raise _NotOnlyPicture
        self.require_covers(self.path[0], state.matrix)

    def end_path(self, _: _State, __: Any) -> None:
        self.path.clear()

    def set_fill(self, state: _State, operands: Any) -> None:
        """Black in grey and RGB; anything else counts as coloured."""
        levels = [number(v) for v in operands]
        state.fill_is_black = bool(levels) and len(levels) in (1, 3) and all(v == 0 for v in levels)

    def set_fill_cmyk(self, state: _State, operands: Any) -> None:
        state.fill_is_black = len(operands) == 4 and number(operands[3]) == 1

    def set_fill_space(self, state: _State, _: Any) -> None:
        state.fill_is_black = False

    def begin_marked(self, _: _State, operands: Any) -> None:
        if len(operands) and str(operands[0]) == "/OC":
            raise _NotOnlyPicture

    def require_covers(self, rectangle: tuple[float, float, float, float], matrix: Matrix) -> None:
        """A clip may not cut anything off the page."""
        x, y, width, height = rectangle
        corners = [_apply(matrix, px, py) for px in (x, x + width) for py in (y, y + height)]
        if abs(matrix[1]) + abs(matrix[2]) > 1e-3 * (abs(matrix[0]) + abs(matrix[3])):
            raise _NotOnlyPicture
        left, right = min(c[0] for c in corners), max(c[0] for c in corners)
        bottom, top = min(c[1] for c in corners), max(c[1] for c in corners)
        slack_x, slack_y = self.frame.width * _EDGE_TOLERANCE, self.frame.height * _EDGE_TOLERANCE
        if (
            left > self.frame.left + slack_x
            or right < self.frame.right - slack_x
            or bottom > self.frame.bottom + slack_y
            or top < self.frame.top - slack_y
        ):
            raise _NotOnlyPicture


_Action = Callable[[_Reader, _State, Any], None]
_ACTIONS: dict[str, _Action] = {
    "cm": _Reader.concat,
    "Tr": _Reader.set_text_mode,
    "re": _Reader.add_rectangle,
    "n": _Reader.end_path,
    "W": _Reader.clip,
    "W*": _Reader.clip,
    "g": _Reader.set_fill,
    "rg": _Reader.set_fill,
    "k": _Reader.set_fill_cmyk,
    "cs": _Reader.set_fill_space,
    "sc": _Reader.set_fill_space,
    "scn": _Reader.set_fill_space,
    "BDC": _Reader.begin_marked,
    **dict.fromkeys(("Tj", "TJ", "'", '"'), _Reader.show_text),
    **dict.fromkeys(("f", "F", "f*", "S", "s", "B", "B*", "b", "b*", "sh", "INLINE IMAGE"), _Reader.paint),
    **dict.fromkeys(("m", "l", "c", "v", "y", "h"), _Reader.add_line),
}
_NEUTRAL = frozenset(
    (
        *("G", "RG", "K", "CS", "SC", "SCN", "w", "J", "j", "M", "d", "ri", "i"),
        *("BT", "ET", "Tf", "Td", "TD", "Tm", "T*", "Tc", "Tw", "Tz", "TL", "Ts"),
        *("BMC", "EMC", "MP", "DP", "BX", "EX"),
    )
)


def only_picture(page: Any) -> OnlyPicture | None:
    """The picture that is this page (a pikepdf page dictionary), or None."""
    if has_drawn_annotations(page):
        return None
    try:
        reader = _Reader(page_frame(page))
        reader.read(_operations(page), inherited(page, "/Resources"), _State(), 0)
    except (_NotOnlyPicture, pikepdf.PdfError, ValueError, TypeError, IndexError, KeyError, AttributeError):
        return None
    return reader.found and replace(reader.found, has_text=reader.has_text)


def has_drawn_annotations(page: Any) -> bool:
    """Stamps, notes, form fields: whatever a viewer draws on top of the page."""
    annotations = page.get("/Annots")
    if not isinstance(annotations, pikepdf.Array):
        return False
    return any(_is_drawn(annotation) for annotation in annotations)


def _is_drawn(annotation: Any) -> bool:
    if not isinstance(annotation, pikepdf.Dictionary):
        return False
    if str(annotation.get("/Subtype")) in _QUIET_ANNOTATIONS:
        return False
    return not int(number(annotation.get("/F")) or 0) & _HIDDEN_FLAGS


def _operations(source: Any) -> Any:
    """Instructions of a page or form; refuses more than a page with hidden text can need."""
    pieces = source if isinstance(source, pikepdf.Stream) else source.get("/Contents")
    budget = _MAX_CONTENT_BYTES
    for piece in pieces if isinstance(pieces, pikepdf.Array) else [pieces]:
        if not isinstance(piece, pikepdf.Stream):
            raise _NotOnlyPicture
        raw = piece.read_raw_bytes()
        if names_of(piece.get("/Filter")) == ["/FlateDecode"]:
            budget -= len(inflate(raw, budget + 1).data)
        else:
            budget -= len(raw)
        if budget < 0:
            raise _NotOnlyPicture
    if isinstance(source, pikepdf.Stream):
        return pikepdf.parse_content_stream(source)
    return pikepdf.parse_content_stream(pikepdf.Page(source))


def _named(resources: Any, kind: str, operands: Any) -> Any:
    group = resources.get(kind) if isinstance(resources, pikepdf.Dictionary) else None
    if not isinstance(group, pikepdf.Dictionary) or len(operands) != 1:
        raise _NotOnlyPicture
    return group.get(str(operands[0]))


def _require_plain(state: Any) -> None:
    """A graphics state that makes nothing transparent and changes no tone."""
    if not isinstance(state, pikepdf.Dictionary):
        raise _NotOnlyPicture
    for key in ("/ca", "/CA"):
        if (value := state.get(key)) is not None and number(value) != 1:
            raise _NotOnlyPicture
    blend = state.get("/BM")
    if blend is not None and names_of(blend) not in (["/Normal"], ["/Compatible"]):
        raise _NotOnlyPicture
    for key, idle in (("/SMask", "/None"), ("/TR", "/Identity"), ("/TR2", "/Default")):
        value = state.get(key)
        if value is not None and names_of(value) != [idle]:
            raise _NotOnlyPicture


def _same_box(box: tuple[float, float, float, float], frame: PageFrame) -> bool:
    slack_x, slack_y = frame.width * _EDGE_TOLERANCE, frame.height * _EDGE_TOLERANCE
    return (
        abs(box[0] - frame.left) <= slack_x
        and abs(box[2] - frame.right) <= slack_x
        and abs(box[1] - frame.bottom) <= slack_y
        and abs(box[3] - frame.top) <= slack_y
    )


def _finite(value: Any) -> float:
    found = number(value)
    if found is None or abs(found) > 1e9:
        raise _NotOnlyPicture
    return found


def _matrix(values: Any) -> Matrix:
    if values is None:
        return _IDENTITY
    a, b, c, d, e, f = (_finite(v) for v in values)
    return (a, b, c, d, e, f)


def _times(m: Matrix, n: Matrix) -> Matrix:
    return (
        m[0] * n[0] + m[1] * n[2],
        m[0] * n[1] + m[1] * n[3],
        m[2] * n[0] + m[3] * n[2],
        m[2] * n[1] + m[3] * n[3],
        m[4] * n[0] + m[5] * n[2] + n[4],
        m[4] * n[1] + m[5] * n[3] + n[5],
    )


def _apply(m: Matrix, x: float, y: float) -> tuple[float, float]:
    return m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]
