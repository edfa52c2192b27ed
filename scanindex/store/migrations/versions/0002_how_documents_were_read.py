"""How documents were read: legibility of the worst page, and the list of filed ones to look at again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("legibility", sa.Float(), comment="that of its worst page; NULL: not known")
        )
        batch_op.add_column(
            sa.Column("needs_recheck", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.create_index(batch_op.f("ix_documents_legibility"), ["legibility"], unique=False)
        batch_op.create_index(batch_op.f("ix_documents_needs_recheck"), ["needs_recheck"], unique=False)
