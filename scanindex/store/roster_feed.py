"""One message of a feed into the roster: who it tells of, and which numbers it moves.

Part of the transaction that keeps the message, so that a message is either taken whole or not at
all. Promises: the rules of an import; merges that wait for a number this message brings are done;
the cost does not grow with the roster. Leaves out: what follows for documents that wait (publish).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scanindex.store import roster_merge_rows, roster_merging
from scanindex.store.catalog import Unit
from scanindex.store.documents import Outbox
from scanindex.store.roster_import import authorities_taken, next_person_no
from scanindex.store.roster_merge_rows import WAITING
from scanindex.store.roster_pending import Pending
from scanindex.store.roster_rows import Merge
from scanindex.store.roster_source import SourceRow
from scanindex.store.roster_taking import Rules, Taking, numbers_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a row."""

    code: str = ""
    """Why nothing of it was taken (`roster_people.MESSAGES`, or row_of_merged)."""
    words: str = ""
    is_changed: bool = False
    waits: int = 0
    """Its merges that wait: for a patient, or for a person's word."""


def take(
    unit: Unit,
    row: SourceRow,
    actor: str,
    *,
    named: frozenset[str],
    check_rules: Mapping[str, str],
    accept_changes: bool = False,
) -> Taken:
    """actor: "feed:NAME"; named: authorities of the settings. Nothing is written where it is refused."""
    connection = unit.connection
    first_no = next_person_no(connection)
    book = Pending(connection, actor, first_no)
    rules = Rules(
        accept_changes=accept_changes,
        check_rules=check_rules,
        authorities=authorities_taken(named, book.shapes),
        is_full=False,
    )
    taking = Taking(connection, book.version, first_no, rules, book.shapes)
    taking.take([row])
    if taking.errors.count:
        _, code, words = taking.errors.kept[0]
        return Taken(code=code, words=words)
    if taking.counts["of_merged"] and not row.moves:
        _, code, words = taking.warnings.kept[-1]
        return Taken(code=code, words=words)
    settled = _move(unit, row, actor, book, accept_changes)
    own = {(move.number.authority, move.number.value) for move in row.moves}
    waiting = roster_merge_rows.rows(connection, *WAITING, numbers=sorted(own)) if own else []
    Outbox(connection).add_filed_of(taking.renamed)
    counts = {name: taking.counts[name] for name in ("added", "changed") if taking.counts[name]}
    is_changed = bool(counts or settled.done or settled.separated)
    if is_changed:
        book.add(counts, taking.shapes.learned() if taking.counts["added"] else None)
        book.write()
    return Taken(is_changed=is_changed, waits=sum(r.merge.loser in own for r in waiting))


def _move(unit: Unit, row: SourceRow, actor: str, book: Pending, is_trusted: bool) -> roster_merging.Settled:
    connection = unit.connection
    asked = [
        Merge(
            loser=(move.number.authority, move.number.value),
            survivor=(move.into.authority, move.into.value),
            reason=actor,
            actor=actor,
            is_trusted=is_trusted,
            told_at=row.told_at or "",
        )
        for move in row.moves
    ]
    roster_merge_rows.park(connection, asked)
    numbers = {(n.authority, n.value) for n in numbers_of(row)}
    numbers |= {number for merge in asked for number in (merge.loser, merge.survivor)}
    waiting = roster_merge_rows.rows(connection, *WAITING, numbers=sorted(numbers))
    return roster_merging.settle_in(unit, waiting, actor, book)
