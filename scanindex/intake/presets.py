"""What an inbox folder says about the scans dropped into it.

A folder may hold `preset.toml` (keys: source, document_type, splitting,
page_order, priority, effort), or be named for a document type ("lab_report"). The nearest folder
wins key by key. A preset that cannot be understood holds its folder back:
scans must not be filed under rules that the operator did not mean.
"""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path
from typing import Any

from scanindex.errors import ConfigError
from scanindex.model import Preset
from scanindex.settings import EFFORTS

FILE_NAME = "preset.toml"
PAGE_ORDERS = ("as_scanned", "fronts_then_backs")
SPLITTINGS = ("auto", "one_document", "every_page", "separators_only")
_TYPES = {
    "source": str,
    "document_type": str,
    "splitting": str,
    "page_order": str,
    "priority": int,
    "effort": str,
}
_MAX_BYTES = 64 * 1024


def preset_of(inbox: Path, entry: Path) -> Preset:
    """The preset for one inbox entry. Raises ConfigError naming the folder's depth, not its name."""
    relative = entry.parent.relative_to(inbox)
    values: dict[str, Any] = {"source": relative.as_posix()}
    folder = inbox
    for part in ("", *relative.parts):
        folder = folder / part if part else folder
        if part and is_type_name(part):
            values["document_type"] = part.lower()
        values |= _read(folder / FILE_NAME)
    return Preset(**values)


def is_type_name(name: str) -> bool:
    from scanindex.doctypes import KEYS

    return name.lower() in KEYS


def _read(path: Path) -> dict[str, Any]:
    try:
        # Non-blocking: a pipe of this name must not stop the intake.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise ConfigError(f"an inbox folder's {FILE_NAME} is not a file")
            table = tomllib.loads(stream.read(_MAX_BYTES).decode("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"an inbox folder's {FILE_NAME} cannot be read ({type(error).__name__})") from None
    for key, value in table.items():
        if key not in _TYPES:
            raise ConfigError(f"{FILE_NAME}: unknown key {key!r}; known: {', '.join(_TYPES)}")
        if not isinstance(value, _TYPES[key]):
            raise ConfigError(f"{FILE_NAME}: {key} must be {_TYPES[key].__name__}")
    if table.get("splitting", "auto") not in SPLITTINGS:
        raise ConfigError(f"{FILE_NAME}: splitting must be one of {', '.join(SPLITTINGS)}")
    if table.get("page_order", PAGE_ORDERS[0]) not in PAGE_ORDERS:
        raise ConfigError(f"{FILE_NAME}: page_order must be one of {', '.join(PAGE_ORDERS)}")
    if table.get("effort", EFFORTS[0]) not in EFFORTS:
        raise ConfigError(f"{FILE_NAME}: effort must be one of {', '.join(EFFORTS)}")
    if (named := table.get("document_type")) and not is_type_name(named):
        raise ConfigError(f"{FILE_NAME}: unknown document_type; see docs/reference/document-types.md")
    return table
