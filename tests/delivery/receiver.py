"""A receiver that really keeps what it is sent, and can be told to misbehave."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence

from scanindex.delivery_model import Action, ExportRecord, Held, Parcel, Problem, Receipt
from scanindex.ehr import parts
from scanindex.errors import ReceiverSilent


class Receiver:
    """Takes a document once per external id; a fault is asked for by its external id's ending."""

    def __init__(self, parcel_documents: int = 1) -> None:
        self._parcel_documents = parcel_documents
        self.entries: list[dict[str, object]] = []
        """Everything it holds, in order: id, patient, sha256, size, current."""
        self._ids: set[str] = set()
        self.sends: list[tuple[str, ...]] = []
        self.silent_after: int | None = None
        """Stores so many more documents and then gives no answers."""
        self.chokes_on: set[str] = set()
        """Patient numbers whose documents it never answers to."""
        self.refuses: set[Action] = set()
        self.problem_of: dict[str, str] = {}

    @property
    def parcel_documents(self) -> int:
        return self._parcel_documents

    def problems(self, record: ExportRecord) -> Sequence[Problem]:
        code = self.problem_of.get(record.type.key)
        return (Problem(code=code, text="as the test wants"),) if code else ()

    def send(self, parcel: Parcel) -> Iterator[Receipt]:
        self.sends.append(tuple(r.external_id for r in parcel.records))
        for record in parcel.records:
            if record.patient.main.value in self.chokes_on:
                raise ReceiverSilent()
            if record.action in self.refuses:
                yield Receipt(external_id=record.external_id, is_taken=False, code="AR", text="no")
                continue
            self._take(record)
            if self.silent_after is not None:
                self.silent_after -= 1
                if self.silent_after < 0:
                    raise ReceiverSilent()
            yield Receipt(
                external_id=record.external_id,
                is_taken=True,
                code="AA",
                receiver_ids=(f"Doc/{record.external_id}",),
            )

    def _take(self, record: ExportRecord) -> None:
        for entry in self.entries if record.replaces else ():
            if entry["id"] == record.replaces:
                entry["current"] = False
        if record.content is None or record.external_id in self._ids:
            return
        self._ids.add(record.external_id)
        data = b"".join(parts.content_part(record.content, in_base64=False).chunks())
        self.entries.append(
            {
                "id": record.external_id,
                "patient": record.patient.main.value,
                "sha256": hashlib.sha256(data).hexdigest(),
                "size": len(data),
                "current": True,
            }
        )

    def lose(self, place: int) -> None:
        self._ids.discard(str(self.entries.pop(place)["id"]))

    def inventory(self, external_ids: Collection[str] | None = None) -> Iterator[Held]:
        for entry in self.entries:
            yield Held(
                external_id=str(entry["id"]),
                receiver_id=f"Doc/{entry['id']}",
                sha256=str(entry["sha256"]),
                size_bytes=int(str(entry["size"])),
                patient=str(entry["patient"]),
                is_current=bool(entry["current"]),
            )

    def close(self) -> None:
        pass

    @property
    def valid(self) -> dict[str, str]:
        """External id to patient number of what it shows as valid."""
        return {str(e["id"]): str(e["patient"]) for e in self.entries if e["current"]}
