"""Pages of text as worn pictures: how far a wear goes is one number, so that it can be steered."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Sequence
from typing import Any

FONTS = (
    "arial", "times", "courier", "typewriter", "schoolbook", "palatino", "helvetica", "prime", "bookman",
    "narrow", "console", "slab",
)  # fmt: skip
WEARS = ("copy", "fax", "coarse", "faint", "thick", "speckle")
PAGE_DPI = 300
_POINTS = (10, 11, 12)
_WIDTH_INCHES = 6.5


def draw(words: Sequence[str], fonts: Any, rng: random.Random) -> Any:
    """A grey picture of the words at PAGE_DPI; lines are broken between words only."""
    from PIL import Image, ImageDraw

    size = round(rng.choice(_POINTS) * PAGE_DPI / 72)
    role = rng.choice(FONTS)
    font = fonts.at(role, size)
    width, lines = _WIDTH_INCHES * PAGE_DPI, [""]
    for word in words:
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    step = round(size * rng.choice((1.2, 1.3, 1.5)))
    picture = Image.new("L", (round(width) + 200, step * len(lines) + 240), 255)
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        pen.text((100, 120 + number * step), line, fill=rng.randrange(0, 40), font=font)
    return picture.rotate(rng.gauss(0, 0.2), resample=Image.Resampling.BICUBIC, fillcolor=255)


def wear(picture: Any, kind: str, degree: float, rng: random.Random) -> Any:
    """The picture after a wear of degree 0 (hardly) to 1 (hopeless), still at PAGE_DPI."""
    import numpy as np

    noise = np.random.default_rng(rng.getrandbits(32))
    return _KINDS[kind](picture, degree, noise)


def _grey(picture: Any) -> Any:
    import numpy as np

    return np.asarray(picture, dtype=np.float32)


def _picture(grey: Any) -> Any:
    import numpy as np
    from PIL import Image

    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))


def _blurred(picture: Any, radius: float) -> Any:
    from PIL import ImageFilter

    return picture.filter(ImageFilter.GaussianBlur(radius))


def _scaled(picture: Any, across: float, down: float) -> Any:
    from PIL import Image

    small = (max(1, round(picture.width * across)), max(1, round(picture.height * down)))
    return picture.resize(small, Image.Resampling.BOX)


def _restored(picture: Any, size: tuple[int, int]) -> Any:
    from PIL import Image

    return picture.resize(size, Image.Resampling.BICUBIC)


def _bw(picture: Any, limit: float) -> Any:
    return picture.point([0 if v < limit else 255 for v in range(256)])


def _copy(picture: Any, degree: float, noise: Any) -> Any:
    """A copy of a copy: soft, uneven, black and white."""
    soft = _grey(_blurred(picture, 1 + 5 * degree))
    soft += noise.normal(0, 8 + 40 * degree, soft.shape)
    return _bw(_picture(soft), 135 + 30 * degree * noise.uniform(-1, 1))


def _fax(picture: Any, degree: float, noise: Any) -> Any:
    """204 x 98 dots an inch (ITU-T T.4), worse towards 1."""
    shrink = 1 - 0.55 * degree
    small = _scaled(
        _blurred(picture, 1 + degree), 204 / PAGE_DPI * shrink, (196 - 60 * degree) / PAGE_DPI * shrink
    )
    grey = _grey(small) + noise.normal(0, 6 + 12 * degree, (small.height, small.width))
    return _restored(_bw(_picture(grey), 150 + 15 * noise.uniform(-1, 1)), picture.size)


def _coarse(picture: Any, degree: float, noise: Any) -> Any:
    """Few dots an inch, squeezed by JPEG."""
    from PIL import Image

    share = 0.5 - 0.32 * degree
    kept = io.BytesIO()
    _scaled(picture, share, share).save(kept, "JPEG", quality=round(75 - 60 * degree))
    kept.seek(0)
    return _restored(Image.open(kept).convert("L"), picture.size)


def _faint(picture: Any, degree: float, noise: Any) -> Any:
    """Ink lost in strokes and patches, then black and white."""
    grey = _grey(_blurred(picture, 0.8))
    patches = _restored(
        _picture(noise.uniform(0, 255, (picture.height // 24 + 1, picture.width // 24 + 1))), picture.size
    )
    lost = _grey(patches) / 255 * degree * 1.3 + noise.uniform(0, degree * 0.8, grey.shape)
    return _bw(_blurred(_picture(255 - (255 - grey) * (1 - lost).clip(0, 1)), 0.7), 150)


def _thick(picture: Any, degree: float, noise: Any) -> Any:
    """Ink that ran: letters touch."""
    soft = _grey(_blurred(picture, 1 + 3.5 * degree)) + noise.normal(0, 6, (picture.height, picture.width))
    return _bw(_picture(soft), 170 + 62 * degree)


def _speckle(picture: Any, degree: float, noise: Any) -> Any:
    """Dirt and holes of a few dots."""
    grey = _grey(picture).copy()
    spots = _restored(
        _picture(noise.uniform(0, 255, (picture.height // 3 + 1, picture.width // 3 + 1))), picture.size
    )
    spots = _grey(spots) / 255
    grey[spots < 0.20 * degree * degree] = 255
    grey[spots > 1 - 0.13 * degree] = 0
    return _blurred(_picture(grey), 0.6)


_KINDS: dict[str, Callable[[Any, float, Any], Any]] = {
    "copy": _copy,
    "fax": _fax,
    "coarse": _coarse,
    "faint": _faint,
    "thick": _thick,
    "speckle": _speckle,
}
