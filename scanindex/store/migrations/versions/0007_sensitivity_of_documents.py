"""Sensitivity of documents: labels that restrict access, apart from the type."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "sensitivity",
                sa.String(120),
                server_default="",
                nullable=False,
                comment="labels, with blanks",
            )
        )
