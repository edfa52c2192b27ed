"""Sends HL7 messages over MLLP, one after the other, and reads what the receiver says to each.

Source: HL7 v2.5.1 chapter 2 (2.9 original and enhanced acknowledgement, table 0008). `ports.EhrSink`.
Promises: no message goes while an answer is outstanding; an answer counts only for the message whose
id it repeats (MSA-2), anything else drops the line and leaves the message to be sent again under the
same ids; a referenced file is durable before its message goes; patient data goes in clear only where
the profile says so. An acknowledgement is no proof of filing: the receiver cannot be asked what it
holds, a listing has to be fed in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from scanindex.delivery_model import ExportRecord, Held, Parcel, Problem, Receipt
from scanindex.ehr import hl7_message, hl7_share, parts, tls
from scanindex.ehr.hl7_files import Hl7Form
from scanindex.errors import MalformedMessage, NotAllowedNow, ProfileError, ReceiverSilent
from scanindex.hl7.answers import Answer, read_ack
from scanindex.hl7.mllp import MllpConnection, is_loopback
from scanindex.target_profile import Target

_TEXT_CHARACTERS = 500
_COMMIT = ("CA", "CE", "CR")
_TAKEN, _ERROR, _REJECTED = ("AA", "CA"), ("AE", "CE"), ("AR", "CR")
_NOT_SENT = "not_sent"


class MllpSink:
    """For one thread."""

    def __init__(self, target: Target, environ: Mapping[str, str]) -> None:
        """environ: names the file of the client's certificate. Raises ProfileError."""
        rule = target.mllp
        if not rule.tls and not is_loopback(rule.host) and not rule.allow_plain:
            raise ProfileError("mllp.tls must be on beyond this machine (or set mllp.allow_plain)")
        self._hl7, self._mllp = target.hl7, rule
        self._form = Hl7Form(target)
        self._line = MllpConnection(
            rule.host,
            rule.port,
            tls=tls.context("mllp", rule, environ) if rule.tls else None,
            connect_seconds=rule.connect_seconds,
            answer_seconds=target.sending.timeout_seconds,
            max_answer_bytes=rule.most_answer_bytes,
        )

    @property
    def parcel_documents(self) -> int:
        """1: each message is answered by itself."""
        return 1

    def problems(self, record: ExportRecord) -> Sequence[Problem]:
        return self._form.problems(record)

    def send(self, parcel: Parcel) -> Iterator[Receipt]:
        """A receipt per message; what is no longer fit to be sent is refused here. Raises ReceiverSilent,
        FixityFailed (the message was broken off before its end)."""
        for record in parcel.records:
            found = self.problems(record)
            if found:
                text = ", ".join(problem.code for problem in found)
                yield Receipt(external_id=record.external_id, is_taken=False, code=_NOT_SENT, text=text)
            else:
                yield self._sent(record)

    def inventory(self, external_ids: Collection[str] | None = None) -> Iterator[Held]:
        raise NotAllowedNow(
            "a receiver of HL7 messages cannot be asked what it holds: what it took is acknowledged, not "
            "verified, until a listing of its own is fed in",
            hint="`scanindex export reconcile TARGET --listing FILE` compares with a list that it gave you.",
        )

    def close(self) -> None:
        self._line.close()

    def _sent(self, record: ExportRecord) -> Receipt:
        message = self._form.message(record)
        if record.content and hl7_message.is_referenced(record.content, self._hl7):
            hl7_share.put(record.content, Path(self._hl7.reference_folder))
        answer = self._answered(record, parts.chunks(message))
        if self._is_for_later(answer):
            raise ReceiverSilent(f"the receiver answered {answer.code}: later (mllp.errors)")
        return Receipt(
            external_id=record.external_id,
            is_taken=answer.code in _TAKEN,
            code=answer.code,
            text=_words(answer),
            sent_bytes=parts.length(message),
        )

    def _answered(self, record: ExportRecord, message: Iterable[bytes]) -> Answer:
        answer = self._understood(record, self._line.exchange(message))
        while self._hl7.acknowledge == "both" and answer.code == "CA":
            answer = self._understood(record, self._line.another_answer())
            if answer.code in _COMMIT:
                raise self._dropped("the receiver committed twice and did not say what became of it")
        return answer

    def _understood(self, record: ExportRecord, data: bytes) -> Answer:
        """The answer, if it is one, and to this message."""
        try:
            answer = read_ack(data)
        except MalformedMessage:
            raise self._dropped("the receiver's answer is no acknowledgement") from None
        if answer.control_id != record.control_id:
            raise self._dropped("the receiver answered another message than the one sent (MSA-2)")
        if answer.code not in (*_TAKEN, *_ERROR, *_REJECTED):
            raise self._dropped("the receiver's answer has a code that is none of table 0008 (MSA-1)")
        return answer

    def _dropped(self, why: str) -> ReceiverSilent:
        self._line.close()
        return ReceiverSilent(why)

    def _is_for_later(self, answer: Answer) -> bool:
        if answer.code not in _ERROR:
            return False
        if self._mllp.errors == "by_code":
            codes = {code for fault in answer.faults for code in (fault.code, fault.own_code)}
            return not codes.isdisjoint(self._mllp.retry_codes)
        return self._mllp.errors == "retry"


def _words(answer: Answer) -> str:
    said = [answer.text]
    said += [" ".join(filter(None, (f.code, f.own_code, f.location, f.text))) for f in answer.faults]
    return "; ".join(filter(None, said))[:_TEXT_CHARACTERS]
