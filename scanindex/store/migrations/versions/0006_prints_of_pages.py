"""Fingerprints of pages, with look-up keys, by which the same paper scanned twice is found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "page_prints",
        sa.Column("print_no", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("scan_id", sa.String(length=64), nullable=False),
        sa.Column("scan_page_no", sa.Integer(), nullable=False),
        sa.Column("word_sketch", sa.Text(), nullable=False, comment="see prints.py"),
        sa.Column("value_sketch", sa.Text(), nullable=False),
        sa.Column("picture", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["scan_id"], ["scans.scan_id"]),
        sa.PrimaryKeyConstraint("print_no", name=op.f("pk_page_prints")),
    )
    with op.batch_alter_table("page_prints", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_page_prints_scan_id_scan_page_no"), ["scan_id", "scan_page_no"], unique=True
        )

    op.create_table(
        "page_print_keys",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("print_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("key", "print_no", name=op.f("pk_page_print_keys")),
        sqlite_with_rowid=False,
    )
