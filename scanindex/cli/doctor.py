"""doctor: what is missing or wrong here, and how to mend it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from scanindex import app, sandbox
from scanindex.cli.common import emit_json, json_option, pass_home, settings_of
from scanindex.errors import ConfigError, IndexBroken, MissingTool, ScanindexError
from scanindex.settings import IndexSettings, Settings

_NETWORK_TYPES = {"cifs", "smb3", "smbfs", "nfs", "nfs4", "fuse.sshfs", "9p"}
_SHARE_SETTLE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Finding:
    level: str
    """ok, warn, fail"""
    what: str
    mend: str = ""


@click.command()
@json_option
@pass_home
def doctor(home: Path, as_json: bool) -> None:
    """Look at programs, libraries, folders, disk, catalog and index. Exit 2 if something must be mended."""
    settings = settings_of(home)
    found = [*_programs(settings), *_libraries(settings), *_system(settings), *_workspace(settings)]
    if as_json:
        emit_json([asdict(f) for f in found])
    else:
        for f in found:
            click.echo(f"{f.level:5} {f.what}" + (f"\n      → {f.mend}" if f.mend else ""))
    if any(f.level == "fail" for f in found):
        sys.exit(MissingTool.exit_code)


def _programs(settings: Settings) -> Iterator[Finding]:
    if not shutil.which("tesseract"):
        yield Finding("fail", "tesseract is missing", "apt install tesseract-ocr tesseract-ocr-eng")
    else:
        known = subprocess.run(
            ["tesseract", "--list-langs"], capture_output=True, text=True, timeout=20, check=False
        ).stdout.split()
        missing = [code for code in settings.ocr.languages.split("+") if code not in known]
        if missing:
            packages = " ".join(f"tesseract-ocr-{code}" for code in missing)
            yield Finding("fail", f"tesseract lacks {', '.join(missing)}", f"apt install {packages}")
        else:
            yield Finding("ok", f"tesseract with {settings.ocr.languages}")
    if shutil.which("pdfinfo"):
        yield Finding("ok", "poppler (second opinion on PDFs)")
    else:
        yield Finding("fail", "poppler is missing", "apt install poppler-utils")


def _libraries(settings: Settings) -> Iterator[Finding]:
    if not settings.ocr.second_reader:
        yield Finding("warn", "identifiers are read once: more to review", "Set ocr.second_reader = true.")
    optional = {
        "tesserocr": ("in-process OCR", "pip install 'scanindex[fast]': 1.4 to 2 times faster pages"),
        "rapidocr": (
            "second reader",
            "pip install 'scanindex[second-reader]': now identifiers are read once, more goes to review",
        ),
    }
    for name, (what, mend) in optional.items():
        if importlib.util.find_spec(name):
            yield Finding("ok", f"{what} ({name})")
        else:
            yield Finding("warn", f"no {what} ({name})", mend)


def _system(settings: Settings) -> Iterator[Finding]:
    if settings.workers.sandbox and not sandbox.available():
        yield Finding(
            "warn",
            "decoding children keep the network (no network name spaces here)",
            "Enable user name spaces, or run the service with PrivateNetwork=yes (deploy/scanindex.service).",
        )
    else:
        yield Finding("ok", "decoding children are cut off the network")
    if os.geteuid() == 0:
        yield Finding(
            "warn", "running as root", "Run the service as a user of its own: docs/how-to/run-as-a-service.md"
        )


def _workspace(settings: Settings) -> Iterator[Finding]:
    for folder in (settings.inbox, settings.archive, settings.var):
        if not folder.is_dir():
            yield Finding("fail", f"{folder} is missing", "scanindex init")
            return
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            yield Finding("fail", f"{folder} is not readable and writable", "Give it to the service account.")
    disk = os.statvfs(settings.archive)
    free = disk.f_bavail * disk.f_frsize
    if free < settings.intake.floor_bytes:
        yield Finding(
            "fail", f"{free / 1e9:.1f} GB free, intake waits", "Free space or lower intake.floor_bytes."
        )
    else:
        yield Finding("ok", f"{free / 1e9:.1f} GB free")
    kind = _mount_type(settings.inbox)
    if kind in _NETWORK_TYPES and settings.intake.settle_seconds < _SHARE_SETTLE_SECONDS:
        yield Finding(
            "warn", f"the inbox is on {kind}", f"Set intake.settle_seconds = {_SHARE_SETTLE_SECONDS}."
        )
    if _mount_type(settings.var) in _NETWORK_TYPES:
        yield Finding(
            "fail", "var/ is on a network share", "Point store.var at a local disk: locks need one."
        )
    if settings.intake.retire == "processed" and _device(settings.inbox) != _device(
        settings.processed.parent
    ):
        yield Finding(
            "fail", "processed/ is on another file system than the inbox", "Set intake.processed or retire."
        )
    yield from _synonyms(settings)
    yield from _stores(settings)


def _synonyms(settings: Settings) -> Iterator[Finding]:
    from scanindex.index.synonyms import Synonyms

    path = settings.synonyms_path
    if not path.exists():
        if settings.index.synonyms != IndexSettings().synonyms:
            yield Finding("warn", "index.synonyms names no file", "Create it, or leave the setting out.")
        return
    try:
        Synonyms.load(path)
    except ConfigError as error:
        yield Finding(
            "fail", f"synonyms: {error}", "Mend that line; until then searches go without the edit."
        )
    else:
        yield Finding("ok", "synonyms of the site")


def _stores(settings: Settings) -> Iterator[Finding]:
    try:
        opened = app.open_workspace(settings)
    except ScanindexError as error:
        yield Finding("fail", f"catalog: {error}", error.hint)
        return
    try:
        patients = opened.roster.patients()
        if patients:
            yield Finding("ok", f"catalog; roster version {opened.roster.version()} with {patients} patients")
        else:
            yield Finding("warn", "the roster is empty", "scanindex roster import patients.csv")
        yield from _check_digits(opened, settings)
        if settings.index.enabled:
            yield from _index(opened, settings)
    except ScanindexError as error:
        yield Finding("fail", f"{error.code}: {error}", error.hint)
    finally:
        opened.close()


def _check_digits(opened: app.Workspace, settings: Settings) -> Iterator[Finding]:
    """A rule for an authority that numbers nobody is a slip of the pen, and checks nothing."""
    from scanindex.store.roster_check_digits import rules_of

    if not opened.roster.patients():
        return
    for authority in rules_of(settings.site.mrn_check_digits):
        if not opened.roster.has_authority(authority):
            yield Finding(
                "warn",
                f"site.mrn_check_digits: nobody has a number of authority {authority}",
                "Write it as in the roster (`scanindex roster show`), or leave it out.",
            )


def _index(opened: app.Workspace, settings: Settings) -> Iterator[Finding]:
    index = opened.services.index
    rebuilding = index.rebuilding()
    if rebuilding is not None:
        text = f"the index is being built anew ({rebuilding.engine}): {rebuilding.percent} %"
        mend = "" if rebuilding.is_running else "It was broken off: `scanindex reindex` goes on there."
        yield Finding("ok" if rebuilding.is_running else "warn", text, mend)
    try:
        info = index.info()
    except IndexBroken as error:
        mend = "The service, or `scanindex reindex`, makes it anew."
        yield Finding("ok" if rebuilding else "warn", f"index: {error}", "" if rebuilding else mend)
        return
    size = f"{info['bytes'] / 1e6:.1f} MB in {info['segments']} part(s)"
    yield Finding(
        "ok", f"index: {info['engine']}, {info['documents']} documents, {info['pages']} pages, {size}"
    )
    if info["missing"]:
        yield Finding(
            "warn",
            f"index: a part is damaged, {info['missing']} page(s) are missing",
            "The service mends it, or `scanindex reindex --mend`.",
        )
    if info["engine"] != settings.index.engine and info["pages"]:
        yield Finding(
            "warn",
            f"the index in use is {info['engine']}, index.engine says {settings.index.engine}",
            f"`scanindex reindex --engine {settings.index.engine}`, or change the setting.",
        )


def _device(path: Path) -> int:
    return path.stat().st_dev


def _mount_type(path: Path) -> str:
    """File system type of the mount that holds `path`, from /proc/mounts; "" where unknown."""
    try:
        lines = Path("/proc/mounts").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        mount, fs_type = line.split()[1:3]
        if path.resolve().is_relative_to(mount) and len(mount) >= len(best):
            best, kind = mount, fs_type
    return kind
