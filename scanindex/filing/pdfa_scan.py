"""Is a PDF page nothing but images, and where do they stand?

Walks the content stream with a small allow-list of operators (ISO 32000-1,
Annex A). Hidden text (render mode 3) is allowed and dropped: the words come
from our own reading. Anything that could show - paths, visible text, shadings,
forms, optional content, graphics states - means: not a plain scan. Worker-only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pikepdf

from scanindex.filing.pdfa_image import NotPassable
from scanindex.filing.picture import Matrix

MAX_IMAGES = 400
MAX_OPERATORS = 200_000
_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_BLACK = (0.0, 0.0, 0.0)
_HIDDEN_TEXT = 3
_HARMLESS = frozenset(
    "w J j M d ri i BT ET Td TD Tm T* Tf Tc Tw Tz TL Ts MP DP BMC EMC BX EX G RG K CS SC SCN n".split()
)
"""State of lines and text, marked content, stroking colour: shows nothing by itself."""
_TEXT_SHOWING = frozenset(("Tj", "TJ", "'", '"'))


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


class _Walker:
    def __init__(self, page: pikepdf.Page) -> None:
        resources: Any = page.resources
        self._xobjects = resources.get("/XObject", {})
        self._box = tuple(float(v) for v in page.cropbox)
        self._state = _State()
        self._stack: list[_State] = []
        self._path: tuple[float, ...] | None = None
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
        }

    def step(self, operator: str, operands: list[Any]) -> None:
        if operator in self._handlers:
            self._handlers[operator](operands)
        elif operator in _TEXT_SHOWING:
            if self._state.text_mode != _HIDDEN_TEXT:
                raise NotPassable("text")
        elif operator in ("k", "cs", "sc", "scn"):
            self._state = replace(self._state, fill=None)
        elif operator not in _HARMLESS:
            raise NotPassable("drawing")

    def _push(self, _: list[Any]) -> None:
        self._stack.append(self._state)

    def _pop(self, _: list[Any]) -> None:
        if self._stack:
            self._state = self._stack.pop()

    def _transform(self, operands: list[Any]) -> None:
        numbers = tuple(float(value) for value in operands)
        if len(numbers) != 6:
            raise NotPassable("broken")
        self._state = replace(self._state, matrix=multiplied(numbers, self._state.matrix))  # type: ignore[arg-type]

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

    def _rectangle(self, operands: list[Any]) -> None:
        if self._path is not None:
            raise NotPassable("drawing")
        self._path = tuple(float(value) for value in operands)

    def _clip(self, _: list[Any]) -> None:
        """A clip that cuts nothing visible off is let pass; any other means rendering."""
        if self._path is None or len(self._path) != 4:
            raise NotPassable("clipping")
        x, y, width, height = self._path
        corners = [_apply(self._state.matrix, px, py) for px in (x, x + width) for py in (y, y + height)]
        slack = 0.01 * max(self._box[2] - self._box[0], self._box[3] - self._box[1])
        is_upright = self._state.matrix[1] == 0 == self._state.matrix[2]
        covers = (
            min(c[0] for c in corners) <= self._box[0] + slack
            and min(c[1] for c in corners) <= self._box[1] + slack
            and max(c[0] for c in corners) >= self._box[2] - slack
            and max(c[1] for c in corners) >= self._box[3] - slack
        )
        if not (is_upright and covers):
            raise NotPassable("clipping")
        self._path = None

    def _paint(self, operands: list[Any]) -> None:
        xobject = self._xobjects.get(str(operands[0]))
        if xobject is None:
            raise NotPassable("broken")
        if str(xobject.get("/Subtype", "")) != "/Image":
            raise NotPassable("form")
        if "/OC" in xobject:
            raise NotPassable("optional_content")
        if len(self.placed) >= MAX_IMAGES:
            raise NotPassable("many_images")
        fill = self._state.fill
        if fill is None:
            if bool(xobject.get("/ImageMask", False)):
                raise NotPassable("colour")
            fill = _BLACK
        self.placed.append(Placed(xobject, self._state.matrix, fill))

    def finish(self) -> None:
        if self._path is not None:
            raise NotPassable("drawing")


def placed_images(page: pikepdf.Page) -> tuple[Placed, ...]:
    """The images of a page in painting order. Raises NotPassable if anything else shows."""
    walker = _Walker(page)
    steps = 0
    for instruction in pikepdf.parse_content_stream(page):
        if isinstance(instruction, pikepdf.ContentStreamInlineImage):
            raise NotPassable("inline_image")
        steps += 1
        if steps > MAX_OPERATORS:
            raise NotPassable("drawing")
        walker.step(str(instruction.operator), list(instruction.operands))
    walker.finish()
    if not walker.placed:
        raise NotPassable("no_image")
    return tuple(walker.placed)


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


def _apply(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f
