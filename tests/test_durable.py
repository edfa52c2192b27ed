"""Small promises of the one module that syncs and renames."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from scanindex.errors import DiskFull, StorageFailed
from scanindex.store import durable


def test_a_failed_replacement_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each step: the old content stays, and no temporary file."""
    target = tmp_path / "state.json"
    durable.write_durable(target, b"old")

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "full")

    for call in ("fsync", "replace", "open"):
        with monkeypatch.context() as patched:
            patched.setattr(os, call, refuse)
            with pytest.raises(DiskFull):
                durable.write_durable(target, b"new")
        assert target.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [target]
    durable.write_durable(target, b"new")
    assert target.read_bytes() == b"new"


def test_a_replacement_is_synced_before_and_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        calls.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        real_fsync(descriptor)

    def replace(source: Any, target: Any) -> None:
        calls.append("replace")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    durable.write_durable(tmp_path / "x", b"1")
    assert calls[0].startswith(".x.") and calls[1:] == ["replace", tmp_path.name]


def test_removing_twice_is_fine(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("1")
    durable.remove(tmp_path / "x")
    durable.remove(tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_a_tree_behind_a_link_is_not_removed(tmp_path: Path) -> None:
    """Only the link goes."""
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("1")
    (tmp_path / "link").symlink_to(kept)
    durable.remove_tree(tmp_path / "link")
    assert (kept / "file").exists() and not (tmp_path / "link").exists()


def test_folders_are_synced_up_to_the_root_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(durable, "fsync_dir", synced.append)
    folders = durable.Folders(tmp_path / "root")
    folders.ensure(tmp_path / "root" / "a" / "b")
    assert synced == [tmp_path, tmp_path / "root", tmp_path / "root" / "a"]
    folders.ensure(tmp_path / "root" / "a" / "b")
    assert len(synced) == 3


def test_errors_of_the_system_name_no_path(tmp_path: Path) -> None:
    """Paths may carry names of people."""
    with pytest.raises(StorageFailed) as caught:
        durable.fsync_file(tmp_path / "QUILLFEATHER")
    assert "QUILLFEATHER" not in str(caught.value)
