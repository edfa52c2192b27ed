"""Acknowledgements of HL7 v2: answering a message, and reading the answer to ours.

Sources: HL7 v2.5.1 chapter 2 (2.9 acknowledgement modes, 2.15.1 ACK, 2.16.5 ERR, 2.16.8 MSA), tables
0008 (AA, AE, AR; CA, CE, CR), 0357 (error codes), 0516 (severity). Pure: whoever answers brings the
moment and the id.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime

from scanindex.errors import MalformedMessage
from scanindex.hl7.er7 import Message, encode, parse, segment

MAX_ANSWER_BYTES = 1 << 20


class Code(enum.StrEnum):
    ACCEPTED = "AA"
    ERROR = "AE"
    """Understood and not taken: sending the same again will not help."""
    REJECTED = "AR"
    """Not read at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What ERR says."""

    code: str
    """Table 0357: "101" required field missing, "204" unknown key, "207" application error, ..."""
    location: str = ""
    """Where: "PID^1^3"."""
    own_code: str = ""
    """The sender's own word for it (ERR-5)."""
    text: str = field(default="", repr=False)
    severity: str = "E"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    code: str
    """MSA-1: AA, AE, AR, or CA, CE, CR of the enhanced mode."""
    control_id: str
    """MSA-2: of the message that it answers."""
    text: str = field(default="", repr=False)
    faults: tuple[Fault, ...] = ()

    @property
    def is_accepted(self) -> bool:
        return self.code in ("AA", "CA")

    @property
    def is_rejected(self) -> bool:
        return self.code in ("AR", "CR")


def timestamp(at: datetime) -> str:
    """An aware moment as TS: 20240501100000+0000."""
    return at.strftime("%Y%m%d%H%M%S%z")


def ack(
    message: Message,
    code: Code,
    *,
    control_id: str,
    at: datetime,
    text: str = "",
    fault: Fault | None = None,
) -> bytes:
    """The answer to a message, in its version; text and fault hold no patient data."""
    asked = message.header
    version = asked.text(12) or "2.5.1"
    event = asked.text(9, component=2)
    lines = [
        segment(
            "MSH",
            {
                3: _hierarchic(message, 5),
                4: _hierarchic(message, 6),
                5: _hierarchic(message, 3),
                6: _hierarchic(message, 4),
                7: timestamp(at),
                9: ("ACK", event, "ACK") if _at_least(version, (2, 4)) else ("ACK", event),
                10: control_id,
                11: asked.text(11) or "P",
                12: version,
                18: "UNICODE UTF-8" if _at_least(version, (2, 3)) else None,
            },
        ),
        segment("MSA", {1: str(code), 2: message.control_id, 3: text}),
    ]
    if fault and _at_least(version, (2, 5)):
        lines.append(_err(fault))
    return encode(lines)


def rejection(*, control_id: str, at: datetime, text: str) -> bytes:
    """The answer to bytes that are no message: there is nothing to refer to."""
    head = {7: timestamp(at), 9: ("ACK", None, "ACK"), 10: control_id, 11: "P", 12: "2.5.1"}
    return encode([segment("MSH", head), segment("MSA", {1: str(Code.REJECTED), 2: "0", 3: text})])


def read_ack(data: bytes) -> Answer:
    """Raises MalformedMessage where the bytes are no acknowledgement."""
    message = parse(data, MAX_ANSWER_BYTES)
    msa = message.first("MSA")
    if msa is None or not msa.text(1):
        raise MalformedMessage("an answer has no MSA segment")
    faults = tuple(
        Fault(
            code=err.text(3) or err.text(1, component=4),
            location="^".join(err.repetitions(2)[0].raw.split(message.delimiters.component)[:3])
            if err.raw(2)
            else "",
            own_code=err.text(5),
            text=err.text(8) or err.text(7) or err.text(3, component=2),
            severity=err.text(4) or "E",
        )
        for err in message.all("ERR")
    )
    return Answer(code=msa.text(1), control_id=msa.text(2), text=msa.text(3), faults=faults)


def _err(fault: Fault) -> str:
    place = tuple(fault.location.split("^")) if fault.location else None
    return segment(
        "ERR",
        {
            2: place,
            3: (fault.code, _NAMES.get(fault.code), "HL70357"),
            4: fault.severity,
            5: (fault.own_code,) if fault.own_code else None,
            8: fault.text,
        },
    )


_NAMES = {
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "204": "Unknown key identifier",
    "205": "Duplicate key identifier",
    "206": "Application record locked",
    "207": "Application internal error",
}


def _hierarchic(message: Message, number: int) -> tuple[str, ...] | None:
    """An HD field as it came."""
    found = message.header.repetitions(number)
    return tuple(found[0].text(n) for n in (1, 2, 3)) if found else None


def _at_least(version: str, wanted: tuple[int, int]) -> bool:
    parts = [int(p) if p.isdigit() else 0 for p in version.split(".")[:2]]
    return tuple([*parts, 0, 0][:2]) >= wanted
