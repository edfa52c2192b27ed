"""Facts about the catalog's migrations."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, text

from scanindex.errors import SchemaTooNew
from scanindex.store import migrate, roster_tables, tables
from scanindex.store.catalog import open_engine


def test_head_is_the_newest_migration() -> None:
    """A migration that nobody applies is a trap."""
    folder = Path(migrate.__file__).parent / "migrations" / "versions"

    assert max(path.name[:4] for path in folder.glob("[0-9]*.py")) == migrate.HEAD


def test_the_migrations_make_exactly_the_tables_of_the_code(tmp_path: Path) -> None:
    """Columns and indexes agree with `tables.py` and `roster_tables.py`."""
    assert roster_tables.roster_patients.metadata is tables.metadata
    engine = open_engine(f"sqlite:///{tmp_path / 'catalog.db'}")
    migrate.migrate(engine)
    found = inspect(engine)

    for table in tables.metadata.sorted_tables:
        assert {c["name"] for c in found.get_columns(table.name)} == {c.name for c in table.columns}
        assert {i["name"] for i in found.get_indexes(table.name)} == {i.name for i in table.indexes}


def test_documents_of_an_older_catalog_are_kept(tmp_path: Path) -> None:
    """What nobody recorded then is unknown, and a copy of the old file lies beside."""
    engine = open_engine(f"sqlite:///{tmp_path / 'catalog.db'}")
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    scan = "INSERT INTO scans (scan_id, arrival_no, state, priority, attempts, received_at, body)"
    document = "INSERT INTO documents (document_id, version, scan_id, state, decided_by, created_at, body)"
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text(f"{scan} VALUES ('s', 1, 'decided', 0, 0, '', '')"))
        connection.execute(text(f"{document} VALUES ('d', 3, 's', 'filed', 'machine', '', '')"))

    migrate.migrate(engine)

    with engine.begin() as connection:
        (row,) = connection.execute(text("SELECT version, legibility, needs_recheck FROM documents"))
    assert tuple(row) == (3, None, 0)
    assert (tmp_path / f"catalog.db.before-{migrate.HEAD}").is_file()


def test_a_catalog_from_the_future_is_left_alone(tmp_path: Path) -> None:
    """An older program refuses it and changes nothing."""
    engine = open_engine(f"sqlite:///{tmp_path / 'catalog.db'}")
    migrate.migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SchemaTooNew):
        migrate.migrate(engine)
