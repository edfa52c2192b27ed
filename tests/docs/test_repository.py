"""Facts about the repository: installable, locked, licensed, and free of this machine's traces."""

from __future__ import annotations

import ast
import importlib.metadata
import itertools
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
PROJECT: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
SCRIPTS = sorted(
    p
    for folder in ("scripts", ".ci")
    for p in (REPOSITORY / folder).iterdir()
    if p.is_file() and not p.suffix
)


def locked(name: str) -> list[Requirement]:
    lines = (REPOSITORY / name).read_text("utf-8").splitlines()
    return [Requirement(line.rstrip(" \\")) for line in lines if re.match(r"\w", line)]


def files() -> Iterator[Path]:
    """What is, or would be, in the repository."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
    names = listing.stdout.decode().split("\0")
    yield from (path for name in names if name and (path := REPOSITORY / name).is_file())


# --- traces -------------------------------------------------------------------------------------
FORBIDDEN = {
    # A path is told from a share of something ("work/rest") by what stands before it.
    "a path of some machine": re.compile(rb"(?<![\w.~*>)\]-])/(?:work|root|home/[a-z]+|tmp/w)/\w"),
    "a package registry": re.compile(
        rb"(?:" + rb"|".join([rb"pypi\.o" + rb"rg", rb"pythonhos" + rb"ted"]) + rb")"
    ),
    "an index option": re.compile(rb"^\s*--(?:extra-)?index-u" + rb"rl", re.MULTILINE),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what: str) -> None:
    """Neither the place where it was made nor a host that packages come from."""
    found = [p.relative_to(REPOSITORY).as_posix() for p in files() if FORBIDDEN[what].search(p.read_bytes())]
    assert found == []


def test_inbox_and_archive_hold_nothing_but_their_readme() -> None:
    """Scans can never be committed by accident."""
    for folder in ("inbox", "archive"):
        tracked = {p.name for p in files() if p.relative_to(REPOSITORY).parts[0] == folder}
        assert tracked == {"README.md", ".gitignore"}


# --- locks and packaging ------------------------------------------------------------------------
@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_is_pinned_by_version_and_hash(name: str) -> None:
    """Each entry is `name==version` followed by at least one SHA-256."""
    text = (REPOSITORY / name).read_text("utf-8")
    entries = re.findall(
        r"^(\w\S*==\S+)[^\n]*\\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", text, re.MULTILINE
    )
    assert len(entries) == len(locked(name)) > 10


def test_the_locks_cover_what_the_project_declares() -> None:
    """Dependencies and both extras in the one lock, the development group in the other."""
    extras = PROJECT["project"]["optional-dependencies"]
    runtime = [*PROJECT["project"]["dependencies"], *itertools.chain(*extras.values())]
    declared = {LOCKS[0]: runtime, LOCKS[1]: PROJECT["dependency-groups"]["dev"]}
    for name, requirements in declared.items():
        pinned: dict[str, list[Requirement]] = {}
        for entry in locked(name):
            pinned.setdefault(canonicalize_name(entry.name), []).append(entry)
        for requirement in map(Requirement, requirements):
            entries = pinned[canonicalize_name(requirement.name)]
            versions = [next(iter(entry.specifier)).version for entry in entries]
            assert all(requirement.specifier.contains(version) for version in versions), requirement.name


def test_two_packages_never_bring_the_same_module() -> None:
    """opencv-python would overwrite opencv-python-headless file by file."""
    names = {canonicalize_name(entry.name) for lock in LOCKS for entry in locked(lock)}
    assert {n for n in names if n.startswith("opencv")} == {"opencv-python-headless"}
    assert {n for n in names if "whoosh" in n} == {"whoosh-reloaded"}


def test_what_the_package_imports_it_declares() -> None:
    """No module of the product leans on a package that only happens to be there."""
    provides = importlib.metadata.packages_distributions()
    extras = PROJECT["project"]["optional-dependencies"]
    declared = [*PROJECT["project"]["dependencies"], *itertools.chain(*extras.values())]
    names = {canonicalize_name(Requirement(r).name) for r in declared}
    foreign = {
        module
        for module in _imported()
        if module not in sys.stdlib_module_names
        and module != "scanindex"
        and not names & {canonicalize_name(d) for d in provides.get(module, [])}
    }
    assert foreign == set()


def _imported() -> set[str]:
    found: set[str] = set()
    for path in (REPOSITORY / "scanindex").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found


def test_a_built_wheel_holds_the_package_and_nothing_else(tmp_path: Path) -> None:
    """Every file of the package is in it, inbox and archive are not, and the command is declared."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
        points = next(wheel.read(n).decode() for n in names if n.endswith("entry_points.txt"))
    package = {
        p.relative_to(REPOSITORY).as_posix()
        for p in files()
        if p.relative_to(REPOSITORY).parts[0] == "scanindex"
    }
    assert {n for n in names if ".dist-info/" not in n} == package
    assert "scanindex = scanindex.cli:main" in points
    assert any(n.endswith("licenses/LICENSE") for n in names)


# --- licences -----------------------------------------------------------------------------------
_COPYLEFT = re.compile(
    r"\b(?:AGPL|GPL)|(?<!Lesser )(?<!Library or Lesser )General Public|Affero", re.IGNORECASE
)


def licence_of(name: str) -> str:
    """What the distribution's own metadata say, all fields together; else how its licence file begins."""
    metadata = importlib.metadata.metadata(name)
    said = [metadata.get("License-Expression"), *(metadata.get("License") or "").splitlines()[:1]]
    said += [c for c in metadata.get_all("Classifier") or () if c.startswith("License ::")]
    if not any(said):
        distribution = importlib.metadata.distribution(name)
        for file in metadata.get_all("License-File") or ():
            said += (distribution.read_text(f"licenses/{file}") or "").strip().splitlines()[:1]
    return "; ".join(part for part in said if part)


@pytest.mark.parametrize("lock", LOCKS)
def test_no_locked_package_is_under_a_strong_copyleft(lock: str) -> None:
    """Every package names a licence, and none of them is GPL or AGPL (LGPL and MPL are fine)."""
    names = [r.name for r in locked(lock) if r.marker is None or r.marker.evaluate()]
    licences = {name: licence_of(name) for name in names}
    assert [name for name, licence in licences.items() if not licence] == []
    assert {name: licence for name, licence in licences.items() if _COPYLEFT.search(licence)} == {}


@pytest.mark.parametrize(
    ("licence", "is_strong"),
    [
        ("GPL-3.0-or-later", True),
        ("GNU Affero General Public License v3", True),
        ("License :: OSI Approved :: GNU General Public License v2 (GPLv2)", True),
        ("LGPL", False),
        ("License :: OSI Approved :: GNU Library or Lesser General Public License (LGPL)", False),
        ("GNU Lesser General Public License v3 (LGPLv3)", False),
        ("MPL-2.0 AND MIT", False),
    ],
)
def test_the_licence_check_tells_strong_from_weak(licence: str, is_strong: bool) -> None:
    """The expression used above catches what it must and lets pass what it may."""
    assert bool(_COPYLEFT.search(licence)) is is_strong


# --- scripts and start-up -----------------------------------------------------------------------
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.name)
def test_scripts_can_be_run(script: Path) -> None:
    """Executable, and the shell understands them."""
    assert os.access(script, os.X_OK)
    assert script.read_text("utf-8").startswith("#!/bin/sh\n")
    subprocess.run(["sh", "-n", str(script)], check=True)


HEAVY = [
    "PIL",
    "cv2",
    "numpy",
    "pikepdf",
    "pypdfium2",
    "pdf2image",
    "pi_heif",
    "zxingcpp",
    "reportlab",
    "pytesseract",
    "tesserocr",
    "rapidocr",
    "onnxruntime",
    "whoosh",
    "sqlalchemy",
    "alembic",
    "rapidfuzz",
    "jellyfish",
    "fontTools",
    "watchdog",
    "psutil",
]


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_asking_for_help_loads_no_heavy_library(arguments: list[str]) -> None:
    """The answer must come at once: no image, search or database library is imported for it."""
    code = (
        "import sys\nfrom scanindex.cli import main\nsys.argv = ['scanindex', *sys.argv[1:]]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print('heavy:', *[name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "heavy:" and len(done.stdout.splitlines()) > 1
