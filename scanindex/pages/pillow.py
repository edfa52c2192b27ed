"""Pillow behind an allow-list: one format, no size warnings, cut files read as far as they go.

Pillow would otherwise pick its reader by content, and some of its readers start
programs (EPS). Its switches are module globals: set while a file is open, put
back after. Worker-only.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageFile

from scanindex.errors import CorruptFile
from scanindex.pages.guard import DAMAGED_IMAGE, TRUNCATED_IMAGE, captured_stderr, is_worlds_fault

_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
)


@dataclass(slots=True)
class Opened:
    """An open picture; `load` decodes the current frame."""

    image: Image.Image

    def load(self) -> tuple[str, ...]:
        """Decode; problems found. Raises CorruptFile where not even a part can be read."""
        with captured_stderr() as said:
            try:
                self.image.load()
                problems: tuple[str, ...] = ()
            except _DECODER_ERRORS as error:
                if is_worlds_fault(error):
                    raise
                problems = self._load_what_is_there(error)
        # libtiff says there what Pillow keeps to itself.
        return problems or ((DAMAGED_IMAGE,) if said[0] else ())

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
        with ExitStack() as stack:
            stack.enter_context(warnings.catch_warnings(action="ignore"))
            # A stream, never a path: by path Pillow maps raw pixels into memory and
            # then gets the sides of turned TIFFs the wrong way round.
            stream = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
            yield Opened(stack.enter_context(_open_header(stream, formats)))
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _open_header(source: BinaryIO, formats: Sequence[str]) -> Image.Image:
    try:
        return Image.open(source, formats=list(formats))
    except _DECODER_ERRORS as error:
        if is_worlds_fault(error):
            raise
    source.seek(0)
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        return Image.open(source, formats=list(formats))
    except _DECODER_ERRORS as error:
        raise CorruptFile("picture header") from error
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
