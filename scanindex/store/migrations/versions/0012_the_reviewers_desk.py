"""What a reviewer's day leaves: claims, parked items, first keys, test items, what was done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "claims",
        sa.Column("scan_id", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("since", sa.String(length=32), nullable=False),
        sa.Column("until", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("scan_id", name=op.f("pk_claims")),
    )
    op.create_index(op.f("ix_claims_actor"), "claims", ["actor"])
    op.create_table(
        "parked",
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="desk_model.Parked as JSON"),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_parked")),
    )
    op.create_table(
        "first_keys",
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="desk_model.Key as JSON"),
        sa.PrimaryKeyConstraint("document_id", "actor", name=op.f("pk_first_keys")),
    )
    op.create_table(
        "seeds",
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("origin", sa.String(length=32), nullable=False),
        sa.Column("scan_id", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=8), comment="NULL: waits"),
        sa.Column("body", sa.Text(), nullable=False, comment="desk_model.Seed as JSON"),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_seeds")),
    )
    op.create_index(op.f("ix_seeds_outcome"), "seeds", ["outcome"])
    op.create_index(op.f("ix_seeds_origin"), "seeds", ["origin"])
    op.create_table(
        "desk_actions",
        sa.Column("action_no", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("is_undone", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="desk_model.Action as JSON"),
        sa.PrimaryKeyConstraint("action_no", name=op.f("pk_desk_actions")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_desk_actions_actor_action_no"), "desk_actions", ["actor", "action_no"])
    op.create_index(op.f("ix_desk_actions_at"), "desk_actions", ["at"])
