"""What is written into the trail of every attempt to hand documents over, and of those that came to nothing.

An attempt is in the trail before its first byte goes. Promises: one of which it is certain that no byte
of the document left is taken back there (`NOT_LEFT`), for the accounting of disclosures lists only what
was handed over or may have been; where there is the least doubt, and after `kill -9`, it stands.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from scanindex.delivery_model import Delivery, DeliveryState
from scanindex.ports import Unit
from scanindex.target_profile import Target
from scanindex.trail_model import EXPORTED, NOT_LEFT

IN_ONE_EVENT = 200


class Attempts:
    """Those of one call."""

    def __init__(self, actor: str, target: Target) -> None:
        self._actor, self._target = actor, target
        self._told: set[str] = set()
        """External ids whose attempt is in the trail."""
        self._stayed: dict[str, Delivery] = {}
        """Of those: nothing left so far, for certain."""
        self._first: set[str] = set()
        """External ids that no earlier call has sent."""

    def begin(self, lines: Sequence[Delivery], first: Iterable[str], unit: Unit) -> None:
        """Documents go for the first time (`first`), or again after they were lost or refused."""
        self._first.update(first)
        for group in grouped(lines):
            self._tell(group, unit, deliveries=group)

    def begin_again(self, lines: Sequence[Delivery], unit: Unit) -> None:
        """What an earlier call broke off goes once more; its own tries are one attempt."""
        fresh = [line for line in lines if line.record.external_id not in self._told]
        for group in grouped(fresh):
            self._tell(group, unit, again=[_named(line) for line in group])

    def begun(self, lines: Iterable[Delivery]) -> None:
        """To be called once that is committed."""
        for line in lines:
            if line.record.external_id not in self._told:
                self._told.add(line.record.external_id)
                self._stayed[line.record.external_id] = line

    def leave(self, lines: Iterable[Delivery]) -> list[Delivery]:
        """From now on something may have left; returns those of which nothing had."""
        found = (self._stayed.pop(line.record.external_id, None) for line in lines)
        return [line for line in found if line is not None]

    def stay(self, lines: Iterable[Delivery]) -> None:
        """After all, nothing left: lines that `leave` returned."""
        self._stayed.update((line.record.external_id, line) for line in lines)

    @property
    def came_to_nothing(self) -> bool:
        return bool(self._stayed)

    def take_back(self, unit: Unit) -> None:
        """Write down which attempts came to nothing; the next try is an attempt of its own.

        Lines that went for the first time wait again as if nobody had tried, so that what is corrected
        here before the receiver can be reached does not reach it as it was.
        """
        for group in grouped(list(self._stayed.values())):
            waiting = [line for line in group if line.record.external_id in self._first]
            unit.events.append(
                NOT_LEFT,
                self._actor,
                target=self._target.name,
                external_ids=[line.record.external_id for line in group],
                waiting=[line.record.external_id for line in waiting],
                **_about(group),
            )
            now = (unit.deliveries.get(line.target, line.record.external_id) for line in waiting)
            unit.deliveries.put(as_before(x) for x in now if x and x.state is DeliveryState.SENDING)
        self._told.difference_update(self._stayed)
        self._stayed = {}

    def _tell(self, group: Sequence[Delivery], unit: Unit, **which: Any) -> None:
        head = self._target.target
        unit.events.append(
            EXPORTED,
            self._actor,
            **_about(group),
            what="ehr",
            target=self._target.name,
            recipient=head.recipient,
            recipient_address=head.recipient_address,
            purpose=head.purpose,
            **which,
        )


def as_before(line: Delivery) -> Delivery:
    """The line as it was before it was sent for the first time."""
    return dataclasses.replace(line, state=DeliveryState.PENDING, sent_at=None, parcel_no=None)


def grouped(lines: Sequence[Delivery]) -> Iterator[Sequence[Delivery]]:
    return (lines[start : start + IN_ONE_EVENT] for start in range(0, len(lines), IN_ONE_EVENT))


def _about(group: Sequence[Delivery]) -> dict[str, Any]:
    return {
        "document_ids": [line.record.document_id for line in group],
        "patient_ids": list(dict.fromkeys(line.record.patient.patient_id for line in group)),
    }


def _named(line: Delivery) -> dict[str, Any]:
    record = line.record
    return {
        "external_id": record.external_id,
        "document_id": record.document_id,
        "patient_id": record.patient.patient_id,
        "action": record.action,
        "replaces": record.replaces,
    }
