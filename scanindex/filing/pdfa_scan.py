"""Is a PDF page nothing but images, and where do they stand?

Walks the content stream with a small allow-list of operators (ISO 32000-1,
Annex A). Hidden text (render mode 3) is allowed and dropped: the words come
from our own reading. Anything else that could show - paths, visible text,
shadings, optional content, blending, clips that cut an image - means that the
page is not a plain scan. Worker-only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pikepdf

from scanindex.filing.pdfa_image import NotPassable
from scanindex.filing.picture import Matrix

MAX_IMAGES = 400
MAX_OPERATORS = 200_000
MAX_FORM_DEPTH = 5
_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_BLACK, _WHITE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
_HIDDEN_TEXT = 3
_SLACK = 0.01
"""Share of the page's longer side that a clip may miss."""
_LINE_STATE = ("w", "J", "j", "M", "d", "ri", "i", "n", "G", "RG", "K", "CS", "SC", "SCN")
_TEXT_STATE = ("BT", "ET", "Td", "TD", "Tm", "T*", "Tf", "Tc", "Tw", "Tz", "TL", "Ts")
_MARKS = ("MP", "DP", "BMC", "EMC", "BX", "EX")
_HARMLESS = frozenset((*_LINE_STATE, *_TEXT_STATE, *_MARKS))
_TEXT_SHOWING = frozenset(("Tj", "TJ", "'", '"'))
_FILLING = frozenset(("f", "F", "f*"))
_NEUTRAL_STATE = {
    "/ca": (1,),
    "/CA": (1,),
    "/BM": ("/Normal", "/Compatible"),
    "/SMask": ("/None",),
    "/TR": ("/Identity", "/Default"),
    "/TR2": ("/Identity", "/Default"),
}
Rectangle = tuple[float, float, float, float]
"""Left, bottom, right, top in user space."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An image XObject and where it is painted, in user space."""

    xobject: Any = field(repr=False)
    matrix: Matrix
    fill: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class _State:
    matrix: Matrix = _IDENTITY
    fill: tuple[float, float, float] | None = _BLACK
    """None: a colour that is not plain grey or RGB."""
    text_mode: int = 0
    clip: Rectangle | None = None


def placed_images(page: pikepdf.Page) -> tuple[Placed, ...]:
    """The images of a page in painting order. Raises NotPassable if anything else shows."""
    left, bottom, right, top = (float(value) for value in page.cropbox)
    walker = _Walker((min(left, right), min(bottom, top), max(left, right), max(bottom, top)))
    walker.walk(page, page.obj.get("/Resources") or _inherited_resources(page))
    if not walker.placed:
        raise NotPassable("no_image")
    return tuple(walker.placed)


class _Walker:
    def __init__(self, box: Rectangle) -> None:
        self._box = box
        self._slack = _SLACK * max(box[2] - box[0], box[3] - box[1])
        self._state = _State()
        self._stack: list[_State] = []
        self._path: list[Rectangle] = []
        self._resources: Any = None
        self._depth = 0
        self._steps = 0
        self.placed: list[Placed] = []
        self._handlers: dict[str, Callable[[list[Any]], None]] = {
            "q": self._push,
            "Q": self._pop,
            "cm": self._transform,
            "Do": self._paint,
            "Tr": self._text_mode,
            "g": self._grey,
            "rg": self._rgb,
            "re": self._rectangle,
            "W": self._clip,
            "W*": self._clip,
            "BDC": self._marked,
            "gs": self._graphics_state,
        }

    def walk(self, content: Any, resources: Any) -> None:
        """A page or form, with the resources its names stand for."""
        outer, self._resources = self._resources, resources
        for instruction in pikepdf.parse_content_stream(content):
            self._steps += 1
            if self._steps > MAX_OPERATORS:
                raise NotPassable("drawing")
            if isinstance(instruction, pikepdf.ContentStreamInlineImage):
                raise NotPassable("inline_image")
            self._step(str(instruction.operator), list(instruction.operands))
        self._resources = outer

    def _step(self, operator: str, operands: list[Any]) -> None:
        if operator in self._handlers:
            self._handlers[operator](operands)
        elif operator in _TEXT_SHOWING:
            if self._state.text_mode != _HIDDEN_TEXT:
                raise NotPassable("text")
        elif operator in _FILLING:
            self._fill()
        elif operator in ("k", "cs", "sc", "scn"):
            self._state = replace(self._state, fill=None)
        elif operator not in _HARMLESS:
            raise NotPassable("drawing")
        if operator == "n":
            self._path = []

    # --- state ---------------------------------------------------------------
    def _push(self, _: list[Any]) -> None:
        self._stack.append(self._state)

    def _pop(self, _: list[Any]) -> None:
        if self._stack:
            self._state = self._stack.pop()

    def _transform(self, operands: list[Any]) -> None:
        self._state = replace(self._state, matrix=multiplied(_matrix(operands), self._state.matrix))

    def _text_mode(self, operands: list[Any]) -> None:
        self._state = replace(self._state, text_mode=int(operands[0]))

    def _grey(self, operands: list[Any]) -> None:
        level = float(operands[0])
        self._state = replace(self._state, fill=(level, level, level))

    def _rgb(self, operands: list[Any]) -> None:
        red, green, blue = (float(value) for value in operands)
        self._state = replace(self._state, fill=(red, green, blue))

    def _marked(self, operands: list[Any]) -> None:
        if str(operands[0]) == "/OC":
            raise NotPassable("optional_content")

    def _graphics_state(self, operands: list[Any]) -> None:
        values = self._resources.get("/ExtGState", {}).get(str(operands[0]))
        if values is None:
            raise NotPassable("broken")
        for name, neutral in _NEUTRAL_STATE.items():
            value = values.get(name)
            if (
                value is not None
                and (str(value) if isinstance(value, pikepdf.Name) else value) not in neutral
            ):
                raise NotPassable("transparency")

    # --- paths ---------------------------------------------------------------
    def _rectangle(self, operands: list[Any]) -> None:
        x, y, width, height = (float(value) for value in operands)
        matrix = self._state.matrix
        if not _is_upright(matrix):
            raise NotPassable("drawing")
        self._path.append(_bounds(matrix, (x, x + width), (y, y + height)))

    def _fill(self) -> None:
        """White rectangles under everything are the paper; others are drawing."""
        if self._state.fill != _WHITE or self.placed:
            raise NotPassable("drawing")
        self._path = []

    def _clip(self, _: list[Any]) -> None:
        if len(self._path) != 1:
            raise NotPassable("clipping")
        self._narrow(self._path[0])

    def _narrow(self, to: Rectangle) -> None:
        now = self._state.clip
        clip = (
            to
            if now is None
            else (max(now[0], to[0]), max(now[1], to[1]), min(now[2], to[2]), min(now[3], to[3]))
        )
        self._state = replace(self._state, clip=clip)

    # --- XObjects --------------------------------------------------------------
    def _paint(self, operands: list[Any]) -> None:
        xobject = self._resources.get("/XObject", {}).get(str(operands[0]))
        if xobject is None:
            raise NotPassable("broken")
        if "/OC" in xobject:
            raise NotPassable("optional_content")
        subtype = str(xobject.get("/Subtype", ""))
        if subtype == "/Form":
            self._form(xobject)
        elif subtype == "/Image":
            self._image(xobject)
        else:
            raise NotPassable("form")

    def _form(self, form: Any) -> None:
        if self._depth >= MAX_FORM_DEPTH:
            raise NotPassable("form")
        kept, stack = self._state, self._stack
        self._stack, self._depth = [], self._depth + 1
        matrix = multiplied(_matrix(form.get("/Matrix", _IDENTITY)), self._state.matrix)
        self._state = replace(self._state, matrix=matrix)
        x0, y0, x1, y1 = (float(value) for value in form["/BBox"])
        if _is_upright(matrix):
            self._narrow(_bounds(matrix, (x0, x1), (y0, y1)))
        else:
            self._narrow((0.0, 0.0, 0.0, 0.0))  # an image in it is not passed
        self.walk(form, form.get("/Resources", self._resources))
        self._state, self._stack, self._depth = kept, stack, self._depth - 1

    def _image(self, image: Any) -> None:
        if len(self.placed) >= MAX_IMAGES:
            raise NotPassable("many_images")
        fill = self._state.fill
        if fill is None:
            if bool(image.get("/ImageMask", False)):
                raise NotPassable("colour")
            fill = _BLACK
        shown = _bounds(self._state.matrix, (0.0, 1.0), (0.0, 1.0))
        if self._state.clip and any(self._missed(shown, self._state.clip)):
            raise NotPassable("clipping")
        self.placed.append(Placed(image, self._state.matrix, fill))

    def _missed(self, shown: Rectangle, clip: Rectangle) -> Iterator[bool]:
        """Per side: does the clip cut off something that lies on the page?"""
        box = self._box
        yield clip[0] > max(shown[0], box[0]) + self._slack
        yield clip[1] > max(shown[1], box[1]) + self._slack
        yield clip[2] < min(shown[2], box[2]) - self._slack
        yield clip[3] < min(shown[3], box[3]) - self._slack


def multiplied(first: Matrix, then: Matrix) -> Matrix:
    """ISO 32000-1, 8.3.4: `first` applied before `then`."""
    a, b, c, d, e, f = first
    g, h, i, j, k, m = then
    return (
        a * g + b * i,
        a * h + b * j,
        c * g + d * i,
        c * h + d * j,
        e * g + f * i + k,
        e * h + f * j + m,
    )


def _matrix(values: Any) -> Matrix:
    a, b, c, d, e, f = (float(value) for value in values)
    return a, b, c, d, e, f


def _is_upright(matrix: Matrix) -> bool:
    return (matrix[1] == 0 == matrix[2]) or (matrix[0] == 0 == matrix[3])


def _bounds(matrix: Matrix, xs: tuple[float, float], ys: tuple[float, float]) -> Rectangle:
    a, b, c, d, e, f = matrix
    across = [a * x + c * y + e for x in xs for y in ys]
    up = [b * x + d * y + f for x in xs for y in ys]
    return min(across), min(up), max(across), max(up)


def _inherited_resources(page: pikepdf.Page) -> Any:
    node: Any = page.obj
    for _ in range(50):
        if "/Resources" in node:
            return node["/Resources"]
        if "/Parent" not in node:
            break
        node = node["/Parent"]
    return pikepdf.Dictionary()
