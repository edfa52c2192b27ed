"""Facts about finding and starting peers: who is missing is said, and nobody writes where the tests run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.ehr.peers.base import Peer, need, need_command

SKIPPED, FAILED = pytest.skip.Exception, pytest.fail.Exception


@pytest.mark.parametrize(
    ("wanted", "part", "outcome"),
    [
        ("", "python", SKIPPED),
        ("python", "python", FAILED),
        ("python", "fast", SKIPPED),
        ("fast", "fast", FAILED),
        ("fast", "all", SKIPPED),
        ("required", "python", FAILED),
        ("required", "all", FAILED),
    ],
)
def test_a_missing_peer_fails_where_it_was_meant_to_be_there(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wanted: str,
    part: str,
    outcome: type[BaseException],
) -> None:
    monkeypatch.setenv("SCANINDEX_PEERS", wanted)

    with pytest.raises(outcome, match=f"the judge is not installed: run scripts/setup-peers {part}"):
        need(tmp_path / "absent", what="the judge", part=part)


def test_a_missing_command_says_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCANINDEX_PEERS", raising=False)

    with pytest.raises(SKIPPED, match="run scripts/setup-peers all"):
        need_command("no-such-tool-of-dcmtk")


def test_a_peer_leaves_its_files_beside_its_log(tmp_path: Path) -> None:
    """HAPI writes an `id_file` where it is started."""
    peer = Peer([sys.executable, "-c", "open('id_file', 'w').close()"], tmp_path / "far" / "log")
    assert peer.process.wait(30) == 0

    assert (tmp_path / "far" / "id_file").exists()
