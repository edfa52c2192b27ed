"""Alembic's entry: runs on the connection that migrate.py hands over."""

from alembic import context

from scanindex.store import roster_tables, tables  # noqa: F401 - they register their tables

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=tables.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
