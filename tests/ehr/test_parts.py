"""Facts about parts: bytes around a file, streamed and checked."""

from __future__ import annotations

import base64
import dataclasses
from pathlib import Path

import pytest

from scanindex.ehr import parts
from scanindex.errors import FixityFailed, StorageFailed
from tests.ehr.records import content, pdf


@pytest.fixture(params=[0, 1, 2, 3, 100, 3 * (1 << 18), 3 * (1 << 18) + 1, 2_000_000])
def data(request: pytest.FixtureRequest) -> bytes:
    return bytes(i * 7 % 251 for i in range(min(request.param, 1000))) * (request.param // 1000 or 1)


def test_base64_in_pieces_is_that_of_the_whole(tmp_path: Path, data: bytes) -> None:
    part = parts.content_part(content(pdf(tmp_path, data=data)), in_base64=True)

    assert b"".join(part.chunks()) == base64.b64encode(data)


def test_the_length_is_known_beforehand(tmp_path: Path, data: bytes) -> None:
    made = [b"<", parts.content_part(content(pdf(tmp_path, data=data)), in_base64=True), b">"]

    assert parts.length(made) == len(b"".join(parts.chunks(made)))


@pytest.mark.parametrize("change", [b"", b"x", b"longer than it was"])
def test_a_changed_file_never_gives_its_end(tmp_path: Path, change: bytes) -> None:
    """Whoever passes the pieces on has not passed on the last one when the fault shows."""
    path = pdf(tmp_path, data=b"as it was")
    part = parts.content_part(content(path), in_base64=False)
    path.write_bytes(change)

    with pytest.raises(FixityFailed):
        b"".join(part.chunks())


def test_a_flipped_bit_is_noticed_before_the_last_piece(tmp_path: Path) -> None:
    path = pdf(tmp_path, data=b"\0" * 2_000_000)
    part = parts.content_part(content(path), in_base64=False)
    path.write_bytes(b"\1" + b"\0" * 1_999_999)
    given = 0

    with pytest.raises(FixityFailed):
        for piece in part.chunks():
            given += len(piece)
    assert given < 2_000_000


def test_a_lost_file_is_a_matter_of_storage(tmp_path: Path) -> None:
    part = parts.content_part(content(pdf(tmp_path)), in_base64=False)

    with pytest.raises(StorageFailed):
        list(dataclasses.replace(part, path=tmp_path / "gone").chunks())
