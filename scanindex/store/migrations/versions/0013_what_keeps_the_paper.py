"""Holds on paper, and what a second person looked at before a batch's paper goes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "paper_holds",
        sa.Column("hold_id", sa.String(length=32), nullable=False),
        sa.Column("batch_id", sa.String(length=32), nullable=True),
        sa.Column("document_id", sa.String(length=32), nullable=True),
        sa.Column("placed_at", sa.String(length=32), nullable=False),
        sa.Column("lifted_at", sa.String(length=32), nullable=True),
        sa.Column("body", sa.Text(), nullable=False, comment="paper_model.Hold as JSON"),
        sa.PrimaryKeyConstraint("hold_id", name=op.f("pk_paper_holds")),
    )
    op.create_table(
        "batch_qa",
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="paper_model.QaItem as JSON"),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_batch_qa")),
    )
    with op.batch_alter_table("paper_holds", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_paper_holds_batch_id"), ["batch_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_paper_holds_document_id"), ["document_id"], unique=False)
    with op.batch_alter_table("batch_qa", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_batch_qa_batch_id"), ["batch_id"], unique=False)
