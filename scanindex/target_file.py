"""Reads `targets/NAME.toml` of a workspace into a `Target`.

Unknown sections and keys and impossible combinations are refused by name of the key.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from scanindex.errors import ProfileError
from scanindex.target_checks import check
from scanindex.target_profile import Target, TypeCode, sections

FOLDER = "targets"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


def names(home: Path) -> list[str]:
    """Targets of this workspace."""
    return sorted(p.stem for p in (home / FOLDER).glob("*.toml") if _NAME.fullmatch(p.stem))


def load_target(home: Path, name: str) -> Target:
    """Raises ProfileError naming the file and the key at fault."""
    if not _NAME.fullmatch(name):
        raise ProfileError("a target's name is made of a-z, 0-9 and -, like general-hospital")
    path = home / FOLDER / f"{name}.toml"
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        known = ", ".join(names(home)) or "none yet"
        raise ProfileError(f"there is no {FOLDER}/{name}.toml; there are: {known}") from None
    except (OSError, UnicodeDecodeError):
        raise ProfileError(f"{FOLDER}/{name}.toml cannot be read") from None
    return parse_target(name, text)


def parse_target(name: str, text: str) -> Target:
    """The profile in `text`. Raises ProfileError."""
    where = f"{FOLDER}/{name}.toml"
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{where} is not valid TOML: {error}") from None
    values = {key: _section(where, key, cls, raw.pop(key, {})) for key, cls in sections().items()}
    codes = {key: _section(where, f"types.{key}", TypeCode, v) for key, v in raw.pop("types", {}).items()}
    if raw:
        raise ProfileError(f"{where}: unknown section [{min(raw)}]")
    target = Target(name=name, types=codes, **values)
    check(where, target)
    return target


def _section(where: str, name: str, cls: type[Any], table: Any) -> Any:
    if not isinstance(table, dict):
        raise ProfileError(f"{where}: {name} must be a table, [{name}]")
    if unknown := sorted(set(table) - {f.name for f in dataclasses.fields(cls)}):
        raise ProfileError(f"{where}: unknown key {name}.{unknown[0]}")
    try:
        return msgspec.convert(table, cls)
    except msgspec.ValidationError as error:
        raise ProfileError(f"{where}: [{name}] {error}") from None
