"""Which policy is in force: everything that reaches a decision, by version or by hash.

Promises: two runs of the same program, with the same engines and settings, give the
same policy; any change of code, engine, language data, threshold or roster gives
another. It would rather lapse a certificate once too often: a changed comment in the
rules is a change. Leaves out: the operating system, the processor.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import importlib.metadata
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from scanindex.audit_model import Policy
from scanindex.match.policy import POLICY_VERSION
from scanindex.settings import Settings

_PACKAGE = Path(__file__).resolve().parent.parent
_RULES = (
    "agreement.py",
    "classify",
    "clean",
    "commits.py",
    "doctypes.py",
    "documents",
    "extract",
    "houses.py",
    "match",
    "nicknames.py",
    "ocr",
    "pages",
    "pipeline.py",
    "quality.py",
    "redecide.py",
    "reread.py",
    "sheetcode.py",
    "store/roster*.py",
    "tiff_layout.py",
)
"""Modules, packages and patterns: what turns a page into words, words and the roster's answers
into a decision, and what files by one."""
_TYPE_MODEL = "classify"
_ENGINES = (
    "tesserocr",
    "pytesseract",
    "rapidocr",
    "onnxruntime",
    "opencv-python-headless",
    "pypdfium2",
    "zxing-cpp",
    "rapidfuzz",
    "jellyfish",
)
_LANGUAGE_FOLDERS = ("tesseract-ocr/*/tessdata", "tessdata", "tesseract/tessdata")
_THRESHOLDS = ("match", "ocr", "documents", "pages")


def policy_in_force(settings: Settings, roster_version: int) -> Policy:
    """What would decide about a page that arrives now."""
    return dataclasses.replace(_policy(settings), roster_version=roster_version)


def policy_id(settings: Settings) -> str:
    """`Policy.policy_id` of the policy in force; cheap when asked again."""
    return _policy(settings).policy_id


@functools.lru_cache(maxsize=8)
def _policy(settings: Settings) -> Policy:
    return Policy(
        match=POLICY_VERSION,
        engines=_engines(settings.ocr.languages),
        rules=_hash(_files(_RULES, is_code=True)),
        type_model=_hash(_files((_TYPE_MODEL,), is_code=False)),
        thresholds=_thresholds(settings),
        roster_version=0,
    )


def _files(names: Iterable[str], *, is_code: bool) -> list[Path]:
    found: list[Path] = []
    for name in names:
        for place in _PACKAGE.glob(name):
            inside = place.rglob("*") if place.is_dir() else [place]
            found += [p for p in inside if p.is_file() and "__pycache__" not in p.parts]
    return sorted(p for p in found if is_code or p.suffix != ".py")


def _hash(files: list[Path]) -> str:
    if not files:
        return ""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(_PACKAGE).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _engines(languages: str) -> tuple[str, ...]:
    found = []
    for name in _ENGINES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    # Asking the program for its version would start a process in a service that reads
    # in children only; its size and that of its data change with every release.
    if program := shutil.which("tesseract"):
        found.append(f"tesseract program {Path(program).stat().st_size}")
    for pattern in _LANGUAGE_FOLDERS:
        for folder in sorted(Path("/usr/share").glob(pattern)):
            for language in sorted(set(languages.split("+"))):
                data = folder / f"{language}.traineddata"
                if data.is_file():
                    found.append(f"{folder.parent.name}/{data.name} {data.stat().st_size}")
    return tuple(found)


def _thresholds(settings: Settings) -> str:
    values = {name: dataclasses.asdict(getattr(settings, name)) for name in _THRESHOLDS}
    site = settings.site
    own = (site.name, *site.facilities)
    values["site"] = {"mrn_authority": site.mrn_authority, "houses": own}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]
