"""The tree that people browse: patient / year / date and type.

A view made of hard links (copies where the file system has none) to the current
PDF of each filed document; it holds nothing of its own and may be deleted and
rebuilt at will. Promises: showing again changes nothing; a document is shown in
one place at most, and taken from its old place, durably, before it appears in a
new one, so that a correction never leaves a page under the wrong patient. One
caller at a time.

What makes that hold after a crash: `.shown/<ab>/<document id>` says where a
link may be, and is durable before the link is made.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from scanindex.filing import paths
from scanindex.model import Document, DocumentId, Patient
from scanindex.store import durable

_SHOWN, _OWNERS, _PATIENTS = ".shown", ".owners", ".patients"


class Charts:
    """The view below an archive's root."""

    def __init__(self, root: Path) -> None:
        self._archive = root
        self._root = root / paths.CHARTS
        self._folders = durable.Folders(root)

    def show(self, document: Document, patient: Patient, folder: Path) -> Path:
        """Show the document's current PDF under this patient; returns where.

        folder: the published version, as FileArchive.publish returned it. Idempotent.
        """
        chart = self._chart_of(patient)
        rest = f"{paths.year_label(document.service_date)}/{paths.document_label(document)}"
        entry = {"patient": str(patient.patient_id), "rest": rest, "version": document.version}
        marker = self._shown_file(document.document_id)
        known = _read(marker)
        target = chart / rest
        if known == entry and target.is_file():
            return target
        if known and (known.get("patient"), known.get("rest")) != (entry["patient"], rest):
            self._take_away(known)
        if known != entry:
            _write(marker, entry)
        self._folders.ensure(target.parent)
        _link(folder / paths.DOCUMENT_PDF, target)
        return target

    def hide(self, document_id: DocumentId) -> None:
        """Take the document out of the tree, durably; fine if it is not shown."""
        marker = self._shown_file(document_id)
        if known := _read(marker):
            self._take_away(known)
            durable.remove(marker)

    def where(self, document_id: DocumentId) -> Path | None:
        """Where a document is shown, or None."""
        known = _read(self._shown_file(document_id))
        return next((path for path in self._places(known) if path.is_file()), None) if known else None

    def rebuild(self, items: Iterable[tuple[Document, Patient, Path]]) -> int:
        """Throw the tree away and show these documents; returns how many."""
        if self._root.exists():
            aside = self._archive / paths.TMP / f"charts.{secrets.token_hex(6)}"
            with durable.translate():
                aside.parent.mkdir(exist_ok=True)
            durable.move(self._root, aside)
            durable.fsync_dir(self._archive)
            durable.remove_tree(aside)
        count = 0
        for document, patient, folder in items:
            self.show(document, patient, folder)
            count += 1
        return count

    # --- folders of patients -------------------------------------------------
    def _chart_of(self, patient: Patient) -> Path:
        """The patient's folder; a changed name moves the whole of it.

        The marker names both folders before anything moves and only the new one
        after, so that a document is found and can be hidden at any moment.
        """
        marker = self._marker(_PATIENTS, patient.patient_id)
        known = _read(marker) or {}
        label, old = self._free_label(patient), known.get("label")
        chart = self._root / label
        if old == label and not known.get("old"):
            return chart
        _write(self._marker(_OWNERS, paths.folded(label)), {"patient": str(patient.patient_id)})
        former = sorted({name for name in (old, *known.get("old", [])) if name and name != label})
        _write(marker, {"label": label, "old": former})
        for name in former:
            _merge(self._folder(name), chart)
            durable.remove(self._marker(_OWNERS, paths.folded(name)))
        if former:
            durable.fsync_dir(self._root)
            _write(marker, {"label": label})
        return chart

    def _free_label(self, patient: Patient) -> str:
        """The label, with our own key added where somebody else already has the same.

        "The same" as a case-insensitive share sees it.
        """
        label = paths.patient_label(patient)
        owner = _read(self._marker(_OWNERS, paths.folded(label)))
        if owner is None or owner.get("patient") == patient.patient_id:
            return label
        key = _digest(patient.patient_id)[:8]
        return f"{paths.safe_name(label, max_bytes=paths.MAX_NAME_BYTES - len(key) - 3)} ({key})"

    # --- places ----------------------------------------------------------------
    def _places(self, known: dict[str, Any]) -> list[Path]:
        """Where the link of an index entry may be: one path, or two while a folder moves."""
        rest = PurePosixPath(str(known.get("rest", "")))
        if len(rest.parts) != 2 or ".." in rest.parts or rest.is_absolute():
            return []
        chart = _read(self._marker(_PATIENTS, str(known.get("patient")))) or {}
        labels = [name for name in (chart.get("label"), *chart.get("old", [])) if name]
        return [self._folder(label) / rest for label in labels]

    def _folder(self, label: str) -> Path:
        """Below the root whatever a damaged marker says."""
        return self._root / PurePosixPath(label.replace("/", "-").lstrip(".") or "_").name

    def _take_away(self, known: dict[str, Any]) -> None:
        for path in self._places(known):
            durable.remove(path)
            if path.parent.is_dir():
                durable.fsync_dir(path.parent)
                if durable.remove_empty(path.parent):
                    durable.remove_empty(path.parent.parent)

    def _shown_file(self, document_id: DocumentId) -> Path:
        name = PurePosixPath(paths.document_path(document_id)).name
        return self._root / _SHOWN / name[:2] / name

    def _marker(self, kind: str, key: str) -> Path:
        digest = _digest(key)
        return self._root / kind / digest[:2] / digest[:40]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _read(marker: Path) -> dict[str, Any] | None:
    with durable.translate():
        try:
            value = json.loads(marker.read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
    return value if isinstance(value, dict) else None


def _write(marker: Path, value: dict[str, Any]) -> None:
    with durable.translate():
        marker.parent.mkdir(parents=True, exist_ok=True)
    durable.write_durable(marker, json.dumps(value, sort_keys=True).encode("utf-8"))


def _link(source: Path, target: Path) -> None:
    partial = target.with_name(f".{secrets.token_hex(6)}.tmp")
    durable.link(source, partial)
    durable.move(partial, target)
    durable.remove(partial)  # rename does nothing where both were names of one file already
    # Who follows the outbox writes down how far it got; the link must not be the one that is lost.
    durable.fsync_dir(target.parent)


def _merge(old: Path, new: Path) -> None:
    """Move all files of a folder into another; fine if it is gone already."""
    if not old.is_dir() or old.is_symlink():
        return
    for path in sorted(p for p in old.rglob("*") if p.is_file()):
        target = new / path.relative_to(old)
        with durable.translate():
            target.parent.mkdir(parents=True, exist_ok=True)
        durable.move(path, target)
    for folder in sorted((p for p in old.rglob("*") if p.is_dir()), reverse=True):
        durable.fsync_dir(folder)
        durable.remove_empty(folder)
    durable.remove_empty(old)
