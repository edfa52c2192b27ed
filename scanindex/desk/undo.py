"""Taking back one's own last act; again, and the one before it.

Promises: only what is still as the act left it is taken back, else it is refused saying what
changed; nothing is erased, what is taken back is a further version. A settled document comes
back as one put there by a person: nobody is preselected, the machine leaves it alone.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from scanindex import restack, review
from scanindex.access_model import Access, Right
from scanindex.desk import changed, hands
from scanindex.desk_model import Action, SeedOutcome
from scanindex.errors import NotAllowedNow, NotFound
from scanindex.model import Document, DocumentId, DocumentState, PageKind
from scanindex.ports import Unit
from scanindex.revisions import back_in_review, labelled, renewed, store
from scanindex.services import Services

_SETTLED = ("accepted", "rescan_wanted", "entered_in_error", "paper_kept")
_KEYED = ("first_key", "keys_differ")
_LAID = ("parked", "asked", "unparked")
_PAGES = ("pages_moved", "set_aside", "rotated")
_CORRECTED = ("retyped", "redated")
_KINDS = (*_SETTLED, *_KEYED, *_LAID, *_CORRECTED, *_PAGES, "split", "joined")
_RECENT = 200
"""Acts of one person that undoing may still walk back to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    kind: str
    """Of the act that was taken back."""
    item_ids: tuple[DocumentId, ...]
    """What waits again, and is in their hands."""
    words: str


@hands.watched
def undo(access: Access, services: Services) -> Undone:
    """Take back the caller's last act (a run as a whole).

    Raises NotFound where there is none, ConflictError saying what changed where somebody else
    was at it since, Claimed where somebody else has the scan, NotAllowedNow.
    """
    hands.need(access, Right.REVIEW)
    with services.catalog.write() as unit:
        acts = unit.desk.last_done(access.actor, _KINDS)
        if not acts:
            raise NotFound("there is nothing of yours to undo")
        kind = acts[0].kind
        if kind not in _PAGES:
            found = [_undone(access, act, unit, services) for act in acts]
            unit.desk.undone(act.action_no for act in acts)
            for act, item_id in zip(acts, found, strict=True):
                _carry_on(act, _now_called(act, item_id, unit), unit)
            return Undone(kind=kind, item_ids=tuple(found), words=_words(kind, len(acts)))
        for act in acts:
            _unchanged(act, unit)
            hands.hold(access, act.scan_id, unit, services)
    called = [_restacked(access, act, services) for act in acts]
    with services.catalog.write() as unit:
        unit.desk.undone(act.action_no for act in acts)
        for act, names in zip(acts, called, strict=True):
            _carry_on(act, names, unit)
    ids = tuple(names.get(act.item_id, act.item_id) for act, names in zip(acts, called, strict=True))
    return Undone(kind=kind, item_ids=ids, words=_words(kind, len(acts)))


def _now_called(act: Action, item_id: DocumentId, unit: Unit) -> dict[DocumentId, DocumentId]:
    """What an act had changed, by the ids that hold it now: a part that was joined has a new one."""
    names = {document.document_id: document.document_id for document in act.before}
    if act.kind == "joined" and len(act.before) == 2:
        scan = unit.documents.all(DocumentState.IN_REVIEW, scan_id=act.scan_id)
        second = act.before[1]
        parts = [d.document_id for d in scan if d.pages == second.pages]
        names[second.document_id] = parts[0] if parts else second.document_id
    return names


def _carry_on(act: Action, names: dict[DocumentId, DocumentId], unit: Unit) -> None:
    """What was taken back stands as before under a further version: earlier acts may be undone still."""
    moved = {}
    for document in act.before:
        now = unit.documents.get(names[document.document_id])
        if now is not None:
            moved[(document.document_id, document.version)] = (now.document_id, now.version)
    for earlier in unit.desk.recent(act.actor, _RECENT):
        if not earlier.is_undone and set(earlier.after) & set(moved):
            unit.desk.amend(_renamed(earlier, moved, names))


def _renamed(
    act: Action,
    moved: dict[tuple[DocumentId, int], tuple[DocumentId, int]],
    names: dict[DocumentId, DocumentId],
) -> Action:
    return dataclasses.replace(
        act,
        item_id=names.get(act.item_id, act.item_id),
        after=tuple(moved.get(one, one) for one in act.after),
        before=tuple(
            dataclasses.replace(d, document_id=names.get(d.document_id, d.document_id)) for d in act.before
        ),
    )


def _words(kind: str, count: int) -> str:
    what = f"{count} items" if count > 1 else kind.replace("_", " ")
    return f"taken back: {what}"


def _undone(access: Access, act: Action, unit: Unit, services: Services) -> DocumentId:
    hands.hold(access, act.scan_id, unit, services)
    if act.is_test:
        return _seed_back(act, unit)
    if act.kind in _LAID:
        return _laid_back(access, act, unit)
    _unchanged(act, unit)
    if act.kind in _SETTLED:
        _reopened(access, act, unit, services)
    elif act.kind in _KEYED:
        _unkeyed(access, act, unit)
    elif act.kind in _CORRECTED:
        _as_before(access, act.before[0], act.kind, unit, services)
    elif act.kind == "split":
        return _joined_again(access, act, unit, services)
    else:
        return _split_again(access, act, unit, services)
    return act.item_id


def _unchanged(act: Action, unit: Unit) -> None:
    """Raises ConflictError unless everything is as the act left it."""
    for document_id, version in act.after:
        now = unit.documents.get(document_id)
        if now is None or now.version != version:
            raise changed.conflict(document_id, version, unit)


def _now(document_id: DocumentId, unit: Unit) -> Document:
    document = unit.documents.get(document_id)
    if document is None:
        raise NotFound(f"no document {document_id}")
    return document


def _reopened(access: Access, act: Action, unit: Unit, services: Services) -> None:
    now, before = _now(act.item_id, unit), act.before[0]
    back = back_in_review(now, f"Put back into review by {access.actor}.")
    back = dataclasses.replace(
        back,
        document_type=before.document_type,
        service_date=before.service_date,
        sensitivity=before.sensitivity,
    )
    store(unit, back, now, "reopened", access.actor, "undone")
    unit.desk.put_keys(act.item_id, act.keys)
    if act.parked:
        unit.desk.park(act.parked)


def _unkeyed(access: Access, act: Action, unit: Unit) -> None:
    """Theirs is taken back; refused once somebody else has keyed after it."""
    standing = unit.desk.keys(act.item_id)
    if not standing or standing[-1].actor != access.actor:
        raise NotAllowedNow(f"document {act.item_id} was keyed by a second person since")
    unit.desk.put_keys(act.item_id, act.keys)
    unit.desk.unpark(act.item_id)
    if act.parked:
        unit.desk.park(act.parked)
    unit.events.append("key_taken_back", access.actor, document_id=act.item_id, scan_id=act.scan_id)


def _laid_back(access: Access, act: Action, unit: Unit) -> DocumentId:
    now = unit.desk.parked(act.item_id)
    is_mine = now is None if act.kind == "unparked" else now is not None and now.actor == access.actor
    is_answered = now is not None and bool(now.answered_by)
    if not is_mine or is_answered:
        raise NotAllowedNow(f"somebody else took up document {act.item_id} since")
    unit.desk.unpark(act.item_id)
    if act.parked:
        unit.desk.park(act.parked)
    if not act.is_test:
        unit.events.append(
            "unparked" if act.kind != "unparked" else "parked",
            access.actor,
            document_id=act.item_id,
            scan_id=act.scan_id,
        )
    return act.item_id


def _as_before(access: Access, before: Document, kind: str, unit: Unit, services: Services) -> Document:
    """Type and date as they were."""
    now = _now(before.document_id, unit)
    changed = dataclasses.replace(
        renewed(now), document_type=before.document_type, service_date=before.service_date
    )
    changed = labelled(changed, services)
    store(unit, changed, now, kind, access.actor, "undone")
    return changed


def _joined_again(access: Access, act: Action, unit: Unit, services: Services) -> DocumentId:
    (one, one_version), (two, two_version) = act.after[:2]
    inside = hands.within(unit, services)
    review.join(one, one_version, two, two_version, access.actor, inside)
    _as_before(access, act.before[0], "retyped", unit, services)
    return one


def _split_again(access: Access, act: Action, unit: Unit, services: Services) -> DocumentId:
    first, second = act.before[:2]
    now = _now(first.document_id, unit)
    if now.pages != (*first.pages, *second.pages):
        raise NotAllowedNow("their pages lie between one another; move them on the strip")
    inside = hands.within(unit, services)
    one, two = review.split(now.document_id, now.version, len(first.pages) + 1, access.actor, inside)
    _as_before(access, first, "retyped", unit, services)
    _as_before(access, dataclasses.replace(second, document_id=two.document_id), "retyped", unit, services)
    return one.document_id


def _seed_back(act: Action, unit: Unit) -> DocumentId:
    seed = unit.desk.seed(act.item_id)
    if seed is None or seed.outcome is SeedOutcome.SPOILED:
        raise NotFound(f"no document {act.item_id}")
    unit.desk.put_seed(
        dataclasses.replace(seed, document=act.before[0], outcome=None, settled_at=None, seconds=None)
    )
    unit.desk.unpark(act.item_id)
    if act.parked:
        unit.desk.park(act.parked)
    return act.item_id


def _restacked(access: Access, act: Action, services: Services) -> dict[DocumentId, DocumentId]:
    """Pages go back to where they stood. What held them, by the id that holds them now: a document
    that had given its last page is a new one."""
    names = {before.document_id: before.document_id for before in act.before}
    if act.kind == "rotated":
        no, degrees = act.detail.split(":")
        (_, version), turn = act.after[0], 360 - int(degrees)
        restack.rotate(act.scan_id, int(no), turn, version, access.actor, services, is_back=True)
        return names
    for before in act.before:
        with services.catalog.read() as unit:
            versions = {d.document_id: d.version for d in unit.documents.all(scan_id=act.scan_id)}
            now = _now(before.document_id, unit)
            holders = {no: holder for no, _, holder in unit.pages.of(act.scan_id)}
        gone = [no for no in before.pages if holders.get(no) != before.document_id]
        if gone:
            target = None if now.state is DocumentState.SUPERSEDED else before.document_id
            taken = restack.move_pages(act.scan_id, gone, target, versions, access.actor, services)
            names[before.document_id] = taken[0].document_id
    if act.kind in ("pages_moved", "set_aside"):
        _aside_again(access, act, services)
    return names


def _aside_again(access: Access, act: Action, services: Services) -> None:
    """What had been brought back lies aside again, as what it lay there before."""
    told = [one.split(":") for one in act.detail.split(",") if one]
    for kind in dict.fromkeys(kind for _, kind in told):
        numbers = [int(no) for no, of in told if of == kind]
        with services.catalog.read() as unit:
            versions = {d.document_id: d.version for d in unit.documents.all(scan_id=act.scan_id)}
        restack.set_aside(act.scan_id, numbers, PageKind(kind), versions, access.actor, services)
