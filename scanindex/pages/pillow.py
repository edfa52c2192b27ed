"""Pillow behind an allow-list: one format, no size warnings, cut files read as far as they go.

Pillow would otherwise pick its reader by content, and some of its readers start
programs (EPS). Its switches are module globals: set while a file is open, put
back after. Worker-only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageFile

from scanindex.errors import CorruptFile
from scanindex.pages.guard import TRUNCATED_IMAGE

_DECODER_ERRORS = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, AttributeError)


@dataclass(slots=True)
class Opened:
    """An open picture; `load` decodes the current frame."""

    image: Image.Image

    def load(self) -> tuple[str, ...]:
        """Decode; problems found. Raises CorruptFile where not even a part can be read."""
        try:
            self.image.load()
        except _DECODER_ERRORS as error:
            return self._load_what_is_there(error)
        return ()

    def _load_what_is_there(self, strict_error: Exception) -> tuple[str, ...]:
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            self.image.load()
        except _DECODER_ERRORS:
            raise CorruptFile("no picture data") from strict_error
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = False
        return (TRUNCATED_IMAGE,)


@contextmanager
def pillow_open(source: Path | BinaryIO, formats: Sequence[str]) -> Iterator[Opened]:
    """Open with these Pillow formats only; header read, nothing decoded."""
    limit = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None  # guard.check_dimensions judges instead, before decoding
    try:
        with _open_header(source, formats) as image:
            yield Opened(image)
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _open_header(source: Path | BinaryIO, formats: Sequence[str]) -> Image.Image:
    try:
        return Image.open(source, formats=list(formats))
    except _DECODER_ERRORS as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        return Image.open(source, formats=list(formats))
    except _DECODER_ERRORS as error:
        raise CorruptFile("picture header") from error
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
