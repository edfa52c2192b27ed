"""Facts about sending to MLLP receivers that are not ours."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from scanindex.delivery_model import Action, Parcel
from scanindex.ehr.mllp_sink import MllpSink
from tests.ehr import records
from tests.ehr.hl7_samples import document_of, read, record
from tests.ehr.peers import mllp
from tests.ehr.test_mllp_sink import sending


@pytest.mark.parametrize("peer", list(mllp.RECEIVERS))
def test_every_receiver_takes_every_action_and_the_whole_document(tmp_path: Path, peer: str) -> None:
    """Byte-equal after decoding, also where the receiver encodes the message anew."""
    data = b"%PDF-1.7\n" + random.Random(7).randbytes(700_001)
    content = records.content(records.pdf(tmp_path, "large.pdf", data))
    made = [record(tmp_path, action, external_id=f"doc{n}-1") for n, action in enumerate(Action)]
    made.append(record(tmp_path, external_id="large-1", content=content))

    with mllp.RECEIVERS[peer](tmp_path / "far") as receiver:
        sink = MllpSink(sending(receiver.port, seconds=60), {})
        got = list(sink.send(Parcel(name="p-1", number=1, records=tuple(made))))
        sink.close()
        kept = receiver.messages()

    assert [(r.external_id, r.is_taken, r.code) for r in got] == [(r.external_id, True, "AA") for r in made]
    assert document_of(kept[0]) == document_of(kept[1]) == records.SMALL_PDF
    assert document_of(kept[3]) == data


def test_hapi_writes_hostile_values_as_we_do(tmp_path: Path) -> None:
    """It takes each message apart, undoes the escapes and writes it anew.

    Left out is what is HAPI's own: it reads the line as ASCII unless told otherwise, and writes a text
    that looks like a highlight as one.
    """
    values = [value for value in records.HOSTILE if value.isascii() and "\\H\\" not in value]
    made = [record(tmp_path, author=value, external_id=f"h{n}-1") for n, value in enumerate(values)]
    with mllp.hapi_v2(tmp_path / "far") as receiver:
        sink = MllpSink(sending(receiver.port, seconds=60), {})
        assert all(r.is_taken for r in sink.send(Parcel(name="p-1", number=1, records=tuple(made))))
        sink.close()
        kept = receiver.messages()

    got = [txa.text(9, component=2) for data in kept if (txa := read(data).first("TXA"))]
    assert got == [v.replace("\r\n", "\n").replace("\r", "\n") for v in values]
