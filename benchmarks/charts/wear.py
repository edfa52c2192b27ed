"""What scanners, copiers and time do to a page picture: skew, copies, stains, holes, faxes, thresholds."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

# numpy is imported inside: the truth can be planned without it.


@dataclass(frozen=True, slots=True, kw_only=True)
class Wear:
    """How one page fared. `level` 0 is clean, 3 awful; `mode` is bw, gray or fax."""

    level: int
    mode: str
    dpi: tuple[int, int]
    skew: float
    upside_down: bool
    effects: tuple[str, ...]


_EFFECTS = ("copy_shadow", "punch_holes", "faded", "speckle", "dark_edge", "fold")


def draw_wear(rng: random.Random, *, mode: str, dpi: tuple[int, int]) -> Wear:
    """Chance for one page: most are good, few are awful."""
    level = rng.choices((0, 1, 2, 3), (30, 45, 20, 5))[0]
    if mode == "fax":
        level = max(level, 2)
    return Wear(
        level=level,
        mode=mode,
        dpi=dpi,
        skew=round(rng.gauss(0, (0.15, 0.5, 1.0, 1.6)[level]), 2),
        upside_down=rng.random() < 0.05,
        effects=tuple(sorted(rng.sample(_EFFECTS, (0, 1, 2, 3)[level]))),
    )


def worn(picture: Any, wear: Wear, rng: random.Random) -> Any:
    """The picture after wear: mode "1" for bw and fax, "L" for gray; pixels as `wear.dpi` says.

    `picture` is drawn at `wear.dpi[0]` both ways; faxes lose rows here."""
    import numpy as np
    from PIL import Image, ImageFilter

    noise = np.random.default_rng(rng.getrandbits(32))
    picture = picture.rotate(-wear.skew, resample=Image.Resampling.BICUBIC, fillcolor=255)
    if wear.level:
        picture = picture.filter(
            ImageFilter.GaussianBlur(wear.dpi[0] / 200 * (0.35, 0.45, 0.6, 0.8)[wear.level])
        )
    grey = np.asarray(picture, dtype=np.float32)
    for effect in wear.effects:
        grey = globals()[f"_{effect}"](grey, noise, wear)
    sigma = (4, 8, 14, 22)[wear.level]
    grey = grey + noise.normal(0, sigma, grey.shape).astype(np.float32)
    out = Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))
    if wear.dpi[1] != wear.dpi[0]:
        out = out.resize((out.width, round(out.height * wear.dpi[1] / wear.dpi[0])), Image.Resampling.BOX)
    if wear.upside_down:
        out = out.rotate(180)
    if wear.mode != "gray":
        # Scanners and faxes set their limit by the paper: faint print is not simply lost.
        limit = (
            150 + int(noise.integers(-12, 13)) + 30 * ("faded" in wear.effects) + 25 * (wear.mode == "fax")
        )
        out = out.point([0 if v < limit else 255 for v in range(256)]).convert("1", dither=Image.Dither.NONE)
    return out


def turned_box(
    box: tuple[float, float, float, float], size: tuple[float, float], wear: Wear | None
) -> list[int]:
    """A box in points of the upright page -> pixels of the scan (points if `wear` is None)."""
    if wear is None:
        return [round(v) for v in box]
    sx, sy = wear.dpi[0] / 72, wear.dpi[1] / 72
    angle = math.radians(wear.skew)
    cx, cy = size[0] / 2, size[1] / 2
    corners = []
    for x, y in ((box[0], box[1]), (box[2], box[1]), (box[0], box[3]), (box[2], box[3])):
        dx, dy = x - cx, y - cy
        px = cx + dx * math.cos(angle) - dy * math.sin(angle)
        py = cy + dx * math.sin(angle) + dy * math.cos(angle)
        if wear.upside_down:
            px, py = size[0] - px, size[1] - py
        corners.append((px * sx, py * sy))
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return [round(min(xs)), round(min(ys)), round(max(xs)), round(max(ys))]


def _copy_shadow(grey: Any, noise: Any, wear: Wear) -> Any:
    import numpy as np

    ramp = np.linspace(0, 1, grey.shape[1], dtype=np.float32) ** 6
    if noise.random() < 0.5:
        ramp = ramp[::-1]
    return grey - ramp[None, :] * (60 + 25 * wear.level)


def _dark_edge(grey: Any, noise: Any, wear: Wear) -> Any:
    out = grey.copy()
    wide = int(wear.dpi[0] * noise.uniform(0.05, 0.16))
    if noise.random() < 0.5:
        out[:, :wide] = 20
    else:
        out[-wide:, :] = 20
    return out


def _punch_holes(grey: Any, noise: Any, wear: Wear) -> Any:
    import numpy as np
    from PIL import Image, ImageDraw

    out = Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))
    pen, r = ImageDraw.Draw(out), 0.12 * wear.dpi[0]
    x = 0.24 * wear.dpi[0]
    for y in (0.16, 0.5, 0.84):
        pen.ellipse((x - r, y * out.height - r, x + r, y * out.height + r), fill=25)
    return np.asarray(out, dtype=np.float32)


def _faded(grey: Any, noise: Any, wear: Wear) -> Any:
    return 255 - (255 - grey) * float(noise.uniform(0.62, 0.8))


def _speckle(grey: Any, noise: Any, wear: Wear) -> Any:
    out = grey.copy()
    count = int(grey.size * 0.00006 * (1 + wear.level))
    rows, columns = noise.integers(0, grey.shape[0] - 2, count), noise.integers(0, grey.shape[1] - 2, count)
    for dy, dx in ((0, 0), (0, 1), (1, 0)):
        out[rows + dy, columns + dx] = 40
    return out


def _fold(grey: Any, noise: Any, wear: Wear) -> Any:
    out = grey.copy()
    row = int(grey.shape[0] * noise.uniform(0.3, 0.7))
    out[row : row + 2, :] -= 50
    return out
