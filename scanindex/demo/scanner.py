"""What a scanner, a copier and a fax line do to drawn pages, and the files they write.

Grey images in, bytes out. All damage is seeded; time stamps in files are fixed.
"""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_STAMP = time.gmtime(1_000_000_000)
"""A fixed moment for the dates that PDF files carry, so that bytes repeat."""


def scanned(image: Image, seed: int, *, degrees: float = 0.0) -> Image:
    """Paper that is not quite white, a little blur and grain, laid in crooked by `degrees`."""
    import numpy as np
    from PIL import Image as Images
    from PIL import ImageFilter

    noise = np.random.default_rng(seed)
    if degrees:
        image = image.rotate(-degrees, resample=Images.Resampling.BICUBIC, fillcolor=255)
    soft = np.asarray(image.filter(ImageFilter.GaussianBlur(0.6)), dtype=np.float32)
    height, width = soft.shape
    shade = np.linspace(0, 12, width, dtype=np.float32)[None, :]
    grain = noise.standard_normal((height, width), dtype=np.float32) * 4
    return Images.fromarray(np.clip(soft * 0.94 + 8 - shade + grain, 0, 255).astype(np.uint8))


def black_and_white(image: Image, seed: int) -> Image:
    """One bit per pixel with some specks, as document scanners deliver it."""
    import numpy as np
    from PIL import Image as Images
    from PIL import ImageFilter

    grey = np.asarray(image.filter(ImageFilter.BoxBlur(1))).copy()
    noise = np.random.default_rng(seed)
    specks = grey.size // 10_000
    grey[noise.integers(0, grey.shape[0], specks), noise.integers(0, grey.shape[1], specks)] = 0
    return Images.fromarray(np.where(grey < 150, 0, 255).astype(np.uint8)).convert("1")


def faxed(image: Image, seed: int) -> Image:
    """1728 dots across at 204 dpi, 196 lines an inch (ITU-T T.4, fine mode), with line noise.

    A line lost on the way shows its predecessor again.
    """
    import numpy as np
    from PIL import Image as Images

    inches_high = image.height / image.width * (1728 / 204)
    small = np.asarray(image.resize((1728, round(inches_high * 196)), Images.Resampling.BOX)).copy()
    noise = np.random.default_rng(seed)
    small[noise.random(small.shape) < 0.0008] = 0
    for row in noise.integers(1, small.shape[0], 3):
        small[row] = small[row - 1]
    return Images.fromarray(np.where(small < 140, 0, 255).astype(np.uint8)).convert("1")


def pdf(images: Sequence[Image], dpi: float) -> bytes:
    """One image per page: JPEG for grey, CCITT G4 for 1-bit."""
    out = io.BytesIO()
    images[0].save(
        out,
        "PDF",
        save_all=True,
        append_images=images[1:],
        resolution=dpi,
        producer="Demo Scanner",
        creationDate=_STAMP,
        modDate=_STAMP,
    )
    return out.getvalue()


def tiff(images: Sequence[Image], dpi: tuple[float, float]) -> bytes:
    """Multi-page TIFF, CCITT G4."""
    out = io.BytesIO()
    images[0].save(out, "TIFF", save_all=True, append_images=images[1:], compression="group4", dpi=dpi)
    return out.getvalue()


def jpeg(image: Image, dpi: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=82, dpi=(dpi, dpi))
    return out.getvalue()


def png(image: Image, dpi: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", dpi=(dpi, dpi))
    return out.getvalue()
