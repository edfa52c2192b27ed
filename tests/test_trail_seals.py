"""The seals of the audit trail: every change shows, every honest interruption does not."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from scanindex import app, trail
from scanindex.access_model import unlimited
from scanindex.errors import IntegrityError
from scanindex.settings import AccessSettings, Settings
from scanindex.store import event_log
from scanindex.store.rebuild import replay
from scanindex.store.trail_chain import FIRST_MAC, SealedRow, mac_of, seal_of

ANN = unlimited("user:ann")
_DIGITS = "0123456789abcdef"


def _open(home: Path, heads_file: str = "") -> app.Workspace:
    settings = Settings(home=home, access=AccessSettings(heads_file=heads_file))
    app.initialise(settings)
    return app.open_workspace(settings)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[app.Workspace]:
    opened = _open(tmp_path / "home")
    yield opened
    opened.close()


def _look(opened: app.Workspace, times: int = 1) -> None:
    for _ in range(times):
        trail.seen(ANN, "document", opened.services, ["k7f3q2"], ["p1"])


def _codes(opened: app.Workspace) -> set[str]:
    return {problem.code for problem in trail.verify(opened.services).problems}


def _database(opened: app.Workspace) -> Path:
    return opened.settings.var / "catalog.db"


def _sql(opened: app.Workspace, *statements: str) -> None:
    with closing(sqlite3.connect(_database(opened))) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_a_trail_that_nobody_touched_is_whole(workspace: app.Workspace) -> None:
    """Each row is sealed, from the first on, which says that the chain begins."""
    _look(workspace, 3)
    report = trail.verify(workspace.services)
    assert (report.problems, report.events, report.sealed, report.first_sealed) == ((), 4, 4, 1)


def test_a_workspace_before_its_first_event_is_whole(workspace: app.Workspace) -> None:
    assert trail.verify(workspace.services).is_whole


def test_the_key_is_for_the_service_account_only(workspace: app.Workspace) -> None:
    """32 bytes, mode 0600, in a folder 0700, outside the catalog."""
    _look(workspace)
    key = workspace.settings.var / "keys" / "trail.key"
    assert (key.stat().st_mode & 0o777, key.parent.stat().st_mode & 0o777, key.stat().st_size) == (
        0o600,
        0o700,
        32,
    )


def test_a_seal_can_be_computed_by_anybody_with_the_key() -> None:
    """As docs/reference/archive-format.md gives it, worked out with openssl."""
    row = SealedRow(
        1, "2026-03-04T05:06:07.000000+00:00", "user:ann", "viewed", None, None, '{"what":"chart"}'
    )
    assert mac_of(bytes(range(32)), FIRST_MAC, row) == (
        "39fc3f1a38b3760b11224af3c562ebdef2e3a198f68687173cbe05b49a77166e"
    )


def test_a_missing_key_stops_every_write_and_is_named(workspace: app.Workspace) -> None:
    """It is never replaced by another one in silence."""
    _look(workspace)
    key = workspace.settings.var / "keys" / "trail.key"
    key.unlink()
    again = app.open_workspace(workspace.settings)
    with pytest.raises(IntegrityError):
        _look(again)
    assert (_codes(again), key.exists()) == ({"key_missing"}, False)
    again.close()


def test_another_key_is_named(workspace: app.Workspace) -> None:
    _look(workspace)
    (workspace.settings.var / "keys" / "trail.key").write_bytes(bytes(32))
    again = app.open_workspace(workspace.settings)
    with pytest.raises(IntegrityError):
        _look(again)
    assert "key_other" in _codes(again)
    again.close()


def test_nothing_is_written_behind_a_trail_that_was_cut(workspace: app.Workspace) -> None:
    """The next write would cover the cut up."""
    _look(workspace, 3)
    _sql(workspace, "DELETE FROM events WHERE seq = 4")
    with pytest.raises(IntegrityError):
        _look(workspace)


def test_a_chain_begun_anew_says_so_and_goes_on(workspace: app.Workspace) -> None:
    """After a lost key: a new one, and the old rows are held by the log's hashes."""
    _look(workspace, 2)
    (workspace.settings.var / "keys" / "trail.key").unlink()
    again = app.open_workspace(workspace.settings)
    with again.catalog.write() as unit:
        unit.events.restart("user:ann", "the key was lost")
    _look(again)
    report = trail.verify(again.services)
    assert (report.problems, report.starts, report.other_key, report.sealed) == ((), (1, 4), 3, 2)
    _sql(again, "UPDATE events SET actor = 'user:bob' WHERE seq = 2")
    assert "log_differs" in _codes(again)
    again.close()


def test_rows_of_an_earlier_key_cannot_be_changed_in_both_places(workspace: app.Workspace) -> None:
    """The first row of the new chain names the log's hash of that time."""
    _look(workspace, 2)
    (workspace.settings.var / "keys" / "trail.key").unlink()
    again = app.open_workspace(workspace.settings)
    with again.catalog.write() as unit:
        unit.events.restart("user:ann", "the key was lost")
    copy = _Copy.of(again)
    again.close()
    copy.rows[1]["actor"] = "user:bob"
    copy.log = [dict(row) for row in copy.rows]
    copy.write()
    assert "start_differs" in _codes(again)


def test_rows_from_before_the_seals_are_held_by_the_log(workspace: app.Workspace) -> None:
    """An older catalog: its events have no seal, and the first sealed one names the log's end."""
    _look(workspace, 3)
    _sql(workspace, "UPDATE events SET mac = NULL", "DELETE FROM trail_seal", "UPDATE events SET kind = 'x'")
    (workspace.settings.var / "keys" / "trail.key").unlink()
    log = workspace.settings.archive / "events"
    shutil.rmtree(log)
    older = app.open_workspace(workspace.settings)
    older.catalog.flush_events()
    assert trail.verify(older.services).is_whole
    _look(older)
    report = trail.verify(older.services)
    assert (report.problems, report.first_sealed, report.sealed) == ((), 5, 2)
    copy = _Copy.of(older)
    older.close()
    copy.rows[2]["payload"] = '{"what":"roster"}'
    copy.log = [dict(row) for row in copy.rows]
    copy.write()
    assert "start_differs" in _codes(older)


def test_a_rebuilt_catalog_begins_a_chain_behind_what_the_log_gave_back(workspace: app.Workspace) -> None:
    """Rows put back have no seal; the row after them is sealed and names the log's end."""
    _look(workspace, 3)
    workspace.close()
    for name in ("catalog.db", "catalog.db-wal", "catalog.db-shm"):
        (workspace.settings.var / name).unlink(missing_ok=True)
    app.initialise(workspace.settings, is_rebuild=True)
    again = app.open_workspace(workspace.settings, is_rebuild=True)
    assert replay(again.catalog, again.event_log, again.roster) == 4
    _look(again)
    report = trail.verify(again.services)
    assert (report.problems, report.first_sealed, report.starts, report.sealed) == ((), 5, (5,), 2)
    again.close()


# --- somebody without the key ----------------------------------------------------------
@dataclass
class _Copy:
    """Table and log of a closed workspace, in memory, to be changed and written back."""

    home: Path
    rows: list[dict[str, object]]
    log: list[dict[str, object]]

    @classmethod
    def of(cls, opened: app.Workspace) -> _Copy:
        opened.engine.dispose()
        with closing(sqlite3.connect(_database(opened))) as connection:
            connection.row_factory = sqlite3.Row
            rows = [dict(row) for row in connection.execute("SELECT * FROM events ORDER BY seq")]
        return cls(opened.settings.home, rows, [dict(row) for row in rows])

    def write(self) -> None:
        """The log is written as its format says: hashes need no key."""
        with closing(sqlite3.connect(self.home / "var" / "catalog.db")) as connection, connection:
            connection.execute("DELETE FROM events")
            for row in self.rows:
                marks = ", ".join("?" * len(row))
                connection.execute(
                    f"INSERT INTO events ({', '.join(row)}) VALUES ({marks})", list(row.values())
                )
        segment = self.home / "archive" / "events" / "000000000001.jsonl"
        previous, lines = event_log.FIRST_PREV, []
        for row in self.log:
            body = {k: row[k] for k in ("seq", "at", "actor", "kind", "scan_id", "document_id")}
            body["payload"] = json.loads(str(row["payload"]))
            digest = event_log._digest(previous, body)
            lines.append(event_log._canonical(body | {"prev": previous, "hash": digest}) + b"\n")
            previous = digest
        segment.write_bytes(b"".join(lines))


def _edit(rows: list[dict[str, object]], chance: random.Random) -> None:
    row = chance.choice(rows)
    field = chance.choice(("at", "actor", "kind", "document_id", "payload"))
    changed = {
        "at": "2020-01-01T00:00:00.000000+00:00",
        "actor": f"user:{chance.randrange(10**9)}",
        "kind": f"kind{chance.randrange(10**9)}",
        "document_id": f"d{chance.randrange(10**9)}",
        "payload": json.dumps({"what": chance.randrange(10**9)}),
    }
    row[field] = changed[field]


def _delete(rows: list[dict[str, object]], chance: random.Random) -> None:
    first = chance.randrange(len(rows))
    del rows[first : first + chance.randint(1, 4)]


def _reorder(rows: list[dict[str, object]], chance: random.Random) -> None:
    """What two rows say changes places; with their seals, or without."""
    one, two = chance.sample(range(len(rows)), 2)
    moved = [name for name in rows[one] if name not in ("seq", *(("mac",) if chance.random() < 0.5 else ()))]
    for name in moved:
        rows[one][name], rows[two][name] = rows[two][name], rows[one][name]


def _truncate(rows: list[dict[str, object]], chance: random.Random) -> None:
    del rows[chance.randrange(len(rows)) :]


def _insert(rows: list[dict[str, object]], chance: random.Random) -> None:
    """Behind the end, or before everything, with a seal of chance, of another row, or none."""
    seq = chance.choice((len(rows) + 1, len(rows) + 2, 0))
    mac = chance.choice((None, "".join(chance.choices(_DIGITS, k=64)), rows[0]["mac"]))
    row = {**chance.choice(rows), "seq": seq, "mac": mac, "actor": "user:nobody"}
    rows.insert(0 if seq == 0 else len(rows), row)


def _unseal(rows: list[dict[str, object]], chance: random.Random) -> None:
    """Seals taken away from some row on, so that they look older than the seals."""
    for row in rows[: chance.randint(1, len(rows))]:
        row["mac"] = None


_Change = Callable[[list[dict[str, object]], random.Random], None]
_CHANGES: tuple[_Change, ...] = (_edit, _delete, _reorder, _truncate, _insert)
_PLACES = ("table", "log", "both")


def _tampered(home: Path, count: int, seed: int) -> list[str]:
    """Change a trail in `count` random ways, each on a fresh copy; those that were not found."""
    opened = _open(home)
    for number in range(12):
        trail.seen(ANN, f"screen {number}", opened.services, [f"d{number}"])
    with opened.catalog.write() as unit:
        unit.events.restart("user:ann", "to have two chains")
    for number in range(12):
        trail.took(ANN, "printed", opened.services, [f"d{number}"])
    sound = _Copy.of(opened)
    chance = random.Random(seed)
    missed = []
    for number in range(count):
        copy = _Copy(sound.home, [dict(row) for row in sound.rows], [dict(row) for row in sound.rows])
        change, place = chance.choice((*_CHANGES, _unseal)), chance.choice(_PLACES)
        if change is _unseal:
            place = "table"  # the log has no seals
        change(copy.rows, chance)
        if place == "log":
            copy.rows, copy.log = [dict(row) for row in sound.rows], copy.rows
        elif place == "both":
            copy.log = [dict(row) for row in copy.rows]
        if copy.rows == sound.rows and copy.log == sound.log:
            continue  # two rows that say the same changed places
        copy.write()
        if trail.verify(opened.services).is_whole:
            missed.append(f"{number}: {change.__name__} in {place}")
    sound.write()
    assert trail.verify(opened.services).is_whole
    opened.close()
    return missed


def test_changes_without_the_key_are_all_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows edited, removed, moved, cut off, added and unsealed: in the table, in the log (its hashes
    made to fit), in both alike."""
    monkeypatch.setattr("scanindex.store.trail_proof._CATCH_UP_PAUSE_SECONDS", 0)
    count = int(os.environ.get("SCANINDEX_TAMPER", "300"))
    assert _tampered(tmp_path / "home", count, seed=20260304) == []


@pytest.mark.parametrize("statement", ["DELETE FROM trail_seal", "UPDATE trail_seal SET seq = 2"])
def test_a_seal_over_the_end_that_is_gone_or_changed_is_found(
    workspace: app.Workspace, statement: str
) -> None:
    """Also together with the rows behind it."""
    _look(workspace, 4)
    _sql(workspace, statement)
    assert _codes(workspace) & {"seal_missing", "seal_differs"}


def test_a_row_that_pretends_to_begin_a_chain_of_an_earlier_key_is_found(workspace: app.Workspace) -> None:
    """Else everything behind it would go unchecked."""
    _look(workspace, 4)
    copy = _Copy.of(workspace)
    copy.rows[2] |= {"kind": "trail_started", "payload": json.dumps({"key_id": "0" * 16})}
    copy.rows[3]["actor"] = "user:bob"
    copy.log = [dict(row) for row in copy.rows]
    copy.write()
    assert "key_other" in _codes(workspace)


def test_a_trail_emptied_with_its_seal_is_found(workspace: app.Workspace) -> None:
    """The key is still there and says that there was one."""
    _look(workspace, 2)
    _sql(workspace, "DELETE FROM events", "DELETE FROM trail_seal")
    shutil.rmtree(workspace.settings.archive / "events")
    assert _codes(workspace) == {"key_unused"}


# --- the second place ------------------------------------------------------------------
def test_an_older_state_put_back_whole_is_found_by_the_noted_head(tmp_path: Path) -> None:
    """Catalog, log and key of last week fit each other; the second place remembers more."""
    opened = _open(tmp_path / "home", str(tmp_path / "heads.jsonl"))
    _look(opened, 2)
    opened.engine.dispose()
    for name in ("var", "archive"):
        shutil.copytree(opened.settings.home / name, tmp_path / "older" / name)
    _look(opened, 2)
    assert trail.note_head(opened.services)
    assert trail.verify(opened.services).is_whole
    opened.engine.dispose()
    for name in ("var", "archive"):
        shutil.rmtree(opened.settings.home / name)
        shutil.copytree(tmp_path / "older" / name, opened.settings.home / name)
    again = app.open_workspace(opened.settings)
    assert _codes(again) == {"head_differs"}
    again.close()


def test_a_head_that_vanished_from_the_second_place_is_found(tmp_path: Path) -> None:
    """The trail says that it was noted."""
    opened = _open(tmp_path / "home", str(tmp_path / "heads.jsonl"))
    _look(opened)
    trail.note_head(opened.services)
    (tmp_path / "heads.jsonl").write_text("")
    assert _codes(opened) == {"head_lacks"}
    opened.close()


# --- honest interruptions ----------------------------------------------------------------
def _write_many(home: Path, count: int) -> None:
    opened = app.open_workspace(Settings(home=home))
    _look(opened, count)
    opened.close()


def test_writers_in_several_processes_keep_one_chain(workspace: app.Workspace) -> None:
    """Also where none of them began it."""
    context = multiprocessing.get_context("fork")
    workspace.engine.dispose()
    writers = [context.Process(target=_write_many, args=(workspace.settings.home, 15)) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    report = trail.verify(workspace.services)
    assert (report.problems, report.sealed, report.starts) == ((), 61, (1,))


def _die_before_the_log(home: Path) -> None:
    opened = app.open_workspace(Settings(home=home))
    opened.event_log.append = lambda events: os._exit(9)  # type: ignore[method-assign]
    _look(opened)


def test_a_kill_between_commit_and_log_is_mended_by_the_next_start(workspace: app.Workspace) -> None:
    """The row is committed and sealed; the log gets its line later, and the chain goes on."""
    _look(workspace)
    workspace.engine.dispose()
    child = multiprocessing.get_context("fork").Process(
        target=_die_before_the_log, args=(workspace.settings.home,)
    )
    child.start()
    child.join()
    assert child.exitcode == 9
    assert _codes(workspace) == {"log_behind"}
    workspace.recover()
    _look(workspace)
    report = trail.verify(workspace.services)
    assert (report.problems, report.sealed, report.log_lines) == ((), 4, 4)


def test_what_is_rolled_back_leaves_no_gap(workspace: app.Workspace) -> None:
    """A refused change is not in the trail, and the next one takes its number."""
    _look(workspace)
    with pytest.raises(RuntimeError), workspace.catalog.write() as unit:
        unit.events.append("viewed", "user:ann", what="nothing")
        raise RuntimeError
    _look(workspace)
    assert trail.verify(workspace.services).is_whole


def test_the_seal_over_the_end_binds_number_and_seal() -> None:
    key = bytes(32)
    assert len({seal_of(key, 1, "ab"), seal_of(key, 2, "ab"), seal_of(key, 1, "ac")}) == 3
