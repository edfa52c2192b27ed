"""Facts about exports to an imaging archive that is not ours: delivered once, found again one by one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.ehr.peers import dicom

pytestmark = [pytest.mark.peers, pytest.mark.xdist_group("peers")]
PROFILE = """
[target]
format = "dicom"
transport = "dimse"
recipient = "Springfield General, imaging archive"
[document]
undated = "send"
untyped = "send"
[dicom]
host = "127.0.0.1"
port = {port}
called_title = "{title}"
calling_title = "STORESCU"
tls = false
"""


def test_every_document_is_stored_once_and_verified(
    home: Path, tmp_path: Path, run: Callable[..., Result]
) -> None:
    with dicom.orthanc(tmp_path) as far:
        (home / "targets" / "pacs.toml").write_text(PROFILE.format(port=far.port, title=far.title))
        assert "3 delivered" in run("pacs").stdout
        stored = {far.pdf(instance) for instance in far.instances()}
        assert "3 of 3 documents verified" in run("reconcile", "pacs").stdout
        assert "3 unchanged" in run("pacs").stdout

    ours = sorted(path.read_bytes() for path in (home / "archive").rglob("document.pdf"))
    assert len(stored) == len(ours) == 3
    # Orthanc takes the last byte for padding where a document does not end as PDF does; stubs do not.
    assert all(mine.startswith(theirs) for mine, theirs in zip(ours, sorted(stored), strict=True))
    assert all(len(mine) - len(theirs) <= 1 for mine, theirs in zip(ours, sorted(stored), strict=True))
