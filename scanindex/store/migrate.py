"""Versioned migrations of the catalog (Alembic); never edited once released."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, inspect, text

from scanindex.errors import SchemaTooNew
from scanindex.store.catalog import translated

HEAD = "0015"
"""The newest migration; a test compares it with the folder."""


def current(engine: Engine) -> str | None:
    """The revision the catalog is at, or None for an empty one."""
    with translated(), engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def is_empty(engine: Engine) -> bool:
    """Whether there is no catalog yet: no file, or one without tables."""
    with translated():
        return not inspect(engine).get_table_names()


def is_current(engine: Engine) -> bool:
    """Whether the catalog is at HEAD. Raises SchemaTooNew for one from the future."""
    revision = current(engine)
    if revision is not None and revision > HEAD:
        raise SchemaTooNew(f"catalog at {revision}, this program knows {HEAD}")
    return revision == HEAD


def migrate(engine: Engine) -> None:
    """Bring the catalog to HEAD; an existing SQLite file is copied aside before."""
    if is_current(engine):
        return
    from alembic import command
    from alembic.config import Config

    if current(engine) is not None:
        _keep_copy(engine)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with (
        translated(),
        engine.connect().execution_options(immediate=True) as connection,
        connection.begin(),
    ):
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _keep_copy(engine: Engine) -> None:
    import sqlite3
    from contextlib import closing

    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path:
        return
    copy = f"{path}.before-{HEAD}"
    with closing(sqlite3.connect(path)) as live, closing(sqlite3.connect(copy)) as target:
        live.backup(target)
