"""Facts about the catalog's migrations."""

from __future__ import annotations

from pathlib import Path

import pytest
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


def test_a_catalog_from_the_future_is_left_alone(tmp_path: Path) -> None:
    """An older program refuses it and changes nothing."""
    engine = open_engine(f"sqlite:///{tmp_path / 'catalog.db'}")
    migrate.migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SchemaTooNew):
        migrate.migrate(engine)
