"""What every use case of the desk begins with: the right, the claim, one transaction, the trail.

Promises: what may not be seen is answered like what does not exist, and a scan in somebody
else's hands is refused.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ParamSpec, TypeVar, cast

from scanindex import trail
from scanindex.access_model import Access, Right
from scanindex.desk_model import Claim, Seed
from scanindex.errors import Claimed, Forbidden, NotFound
from scanindex.model import Document, DocumentId, DocumentState, PatientId, ScanId
from scanindex.ports import Catalog, Unit
from scanindex.services import Services

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A document or a test item as an act finds it."""

    document: Document
    seed: Seed | None = None


class _Joined:
    """A catalog whose transactions are the one that is open."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    @contextlib.contextmanager
    def read(self) -> Iterator[Unit]:
        yield self._unit

    @contextlib.contextmanager
    def write(self) -> Iterator[Unit]:
        yield self._unit

    def flush_events(self) -> None:
        """The one that is open does it on leaving."""


def within(unit: Unit, services: Services) -> Services:
    """The same services, so that other use cases become part of this transaction."""
    return replace(services, catalog=cast(Catalog, _Joined(unit)))


def need(access: Access, right: Right) -> None:
    """Raises Forbidden."""
    if not access.may(right):
        raise Forbidden(f"this needs the right {right.value}")


def until(services: Services, now: datetime) -> datetime:
    return now + timedelta(minutes=services.settings.review.claim_minutes)


def hold(access: Access, scan_id: ScanId, unit: Unit, services: Services) -> None:
    """Take the scan for this person, or keep it longer. Raises Claimed."""
    now = services.clock.now()
    if not unit.desk.claim(scan_id, access.actor, now, until(services, now)):
        raise Claimed(f"scan {scan_id[:12]} is {told(unit.desk.holder(scan_id, now))}")


def told(claim: Claim | None) -> str:
    """ "claimed by user:ann until 14:05Z"."""
    return f"claimed by {claim.actor} until {claim.until:%H:%M}Z" if claim else "free"


def refuse_others(scan_id: ScanId, actor: str, services: Services) -> None:
    """Raises Claimed where the scan is in somebody else's hands; for whoever changes without a claim."""
    now = services.clock.now()
    with services.catalog.read() as unit:
        claim = unit.desk.holder(scan_id, now)
    if claim is not None and claim.actor != actor:
        raise Claimed(f"scan {scan_id[:12]} is {told(claim)}")


def seen_or_missing(access: Access, item_id: DocumentId, unit: Unit) -> Held:
    """The item, if it may be shown to them. Raises NotFound in one and the same way."""
    document = unit.documents.get(item_id)
    seed = unit.desk.seed(item_id) if document is None else None
    if seed is not None and seed.outcome is None:
        origin = unit.documents.get(seed.origin)
        # Once the paper it shows is no longer filed alone and at rest, the test is off.
        is_off = origin is None or origin.state is not DocumentState.FILED or origin.patient_id != seed.right
        if origin is not None and not is_off and access.sees(origin):
            return Held(document=seed.document, seed=seed)
    if document is None or not access.sees(document):
        raise NotFound(f"no document {item_id}")
    return Held(document=document)


def note_seen(
    access: Access,
    document_ids: Iterable[DocumentId],
    patient_ids: Iterable[PatientId],
    services: Services,
) -> None:
    """The trail says who was shown which documents and persons."""
    trail.seen(access, "review", services, sorted(set(document_ids)), sorted(set(patient_ids)))


def watched(use_case: Callable[P, R]) -> Callable[P, R]:
    """A use case whose refusals are written in the trail. It takes `access` first, then what it is about."""

    @functools.wraps(use_case)
    def asked(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return use_case(*args, **kwargs)
        except (Forbidden, NotFound):
            _note_denied(use_case.__name__, *args, *kwargs.values())
            raise

    return asked


def _note_denied(name: str, *arguments: Any) -> None:
    access = next(a for a in arguments if isinstance(a, Access))
    services = next(a for a in arguments if isinstance(a, Services))
    named = next((a for a in arguments if isinstance(a, str)), "")
    with services.catalog.read() as unit:
        is_test = unit.desk.seed(DocumentId(named)) is not None
    trail.denied(access, f"review {name}", services, object_id="" if is_test else named)
