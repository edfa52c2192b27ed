"""Font files by role, from the folders of this machine.

A role lists file names, best first; the last ones ship with reportlab or are on nearly
every machine, so that a page can always be drawn. The same fonts give the same pages.
The richer ones are Debian's fonts-liberation, fonts-urw-base35, fonts-gnutypewriter,
fonts-courier-prime, fonts-sjfonts, fonts-breip, fonts-rufscript, fonts-dkg-handwriting.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

_SANS = ("DejaVuSans.ttf", "Vera.ttf")
_SANS_BOLD = ("DejaVuSans-Bold.ttf", "VeraBd.ttf")
_SERIF = ("DejaVuSerif.ttf", "Vera.ttf")
_SERIF_BOLD = ("DejaVuSerif-Bold.ttf", "VeraBd.ttf")
_MONO = ("DejaVuSansMono.ttf", "cour____.pfb", "Vera.ttf")
_MONO_BOLD = ("DejaVuSansMono-Bold.ttf", "VeraBd.ttf")
_HAND = ("DejaVuSerif-Italic.ttf", "VeraIt.ttf")

ROLES: dict[str, tuple[str, ...]] = {
    # family A
    "arial": ("LiberationSans-Regular.ttf", *_SANS),
    "arial-bold": ("LiberationSans-Bold.ttf", *_SANS_BOLD),
    "narrow": ("LiberationSansNarrow-Regular.ttf", *_SANS),
    "times": ("LiberationSerif-Regular.ttf", *_SERIF),
    "times-bold": ("LiberationSerif-Bold.ttf", *_SERIF_BOLD),
    "courier": ("LiberationMono-Regular.ttf", *_MONO),
    "courier-bold": ("LiberationMono-Bold.ttf", *_MONO_BOLD),
    "typewriter": ("GNUTypewriter.ttf", *_MONO),
    "matrix": ("DejaVuSansMono.ttf", *_MONO),
    "hand-a": ("Breip.ttf", "SteveHand.ttf", *_HAND),
    "hand-a2": ("SteveHand.ttf", *_HAND),
    # family B
    "gothic": ("URWGothic-Book.otf", *_SANS),
    "gothic-bold": ("URWGothic-Demi.otf", *_SANS_BOLD),
    "helvetica": ("NimbusSans-Regular.otf", *_SANS),
    "helvetica-bold": ("NimbusSans-Bold.otf", *_SANS_BOLD),
    "condensed": ("NimbusSansNarrow-Regular.otf", "DejaVuSansCondensed.ttf", *_SANS),
    "condensed-bold": ("NimbusSansNarrow-Bold.otf", "DejaVuSansCondensed-Bold.ttf", *_SANS_BOLD),
    "schoolbook": ("C059-Roman.otf", *_SERIF),
    "schoolbook-bold": ("C059-Bold.otf", *_SERIF_BOLD),
    "bookman": ("URWBookman-Light.otf", *_SERIF),
    "bookman-bold": ("URWBookman-Demi.otf", *_SERIF_BOLD),
    "palatino": ("P052-Roman.otf", *_SERIF),
    "palatino-bold": ("P052-Bold.otf", *_SERIF_BOLD),
    "prime": ("Courier Prime.otf", *_MONO),
    "prime-bold": ("Courier Prime Bold.otf", *_MONO_BOLD),
    "nimbus-mono": ("NimbusMonoPS-Bold.otf", *_MONO),
    "console": ("DejaVuSansMono.ttf", *_MONO),
    "console-bold": ("DejaVuSansMono-Bold.ttf", *_MONO_BOLD),
    "verdana": ("DejaVuSans.ttf", *_SANS),
    "verdana-bold": ("DejaVuSans-Bold.ttf", *_SANS_BOLD),
    "slab": ("DejaVuSerif.ttf", *_SERIF),
    "slab-bold": ("DejaVuSerif-Bold.ttf", *_SERIF_BOLD),
    "hand-b": ("dkg.ttf", "Rufscript010.ttf", *_HAND),
    "hand-b2": ("Rufscript010.ttf", *_HAND),
    "script": ("Z003-MediumItalic.otf", *_HAND),
}
"""What a layout asks for -> file names, best first."""


class Fonts:
    """Finds and opens fonts; `folders` come before the system's."""

    def __init__(self, folders: tuple[Path, ...] = ()) -> None:
        self._files: dict[str, Path] = {}
        for folder in (*folders, *_system_folders()):
            for path in sorted(folder.rglob("*")):
                if path.suffix in {".ttf", ".otf", ".pfb"}:
                    self._files.setdefault(path.name, path)
        self._open = functools.lru_cache(maxsize=512)(self._load)

    def path(self, role: str) -> Path:
        """The file for a role; KeyError for a role that is not listed."""
        for name in ROLES[role]:
            if name in self._files:
                return self._files[name]
        raise FileNotFoundError(f"no font for {role!r}: install reportlab or the DejaVu fonts")

    def at(self, role: str, size_px: int) -> Any:
        """A Pillow font of `size_px` pixels."""
        return self._open(role, size_px)

    def _load(self, role: str, size_px: int) -> Any:
        from PIL import ImageFont

        return ImageFont.truetype(str(self.path(role)), size_px, layout_engine=ImageFont.Layout.BASIC)

    def width(self, role: str, text: str, size: float) -> float:
        """Width of a line in the unit of `size`."""
        return float(self.at(role, 200).getlength(text)) * size / 200


def _system_folders() -> tuple[Path, ...]:
    import reportlab

    return (
        Path("/usr/share/fonts/truetype/dejavu"),
        Path("/usr/share/fonts"),
        Path(reportlab.__file__).parent / "fonts",
    )
