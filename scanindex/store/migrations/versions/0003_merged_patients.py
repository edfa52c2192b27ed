"""Patients that were registered twice: merged records, and merges that wait for their survivor."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "roster_merges",
        sa.Column("merge_no", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False, comment="roster_rows.MergeState"),
        sa.Column("loser_id", sa.String(length=32), nullable=True, comment="NULL while parked"),
        sa.Column("survivor_id", sa.String(length=32), nullable=True, comment="NULL while parked"),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="roster_rows.Merge as JSON"),
        sa.PrimaryKeyConstraint("merge_no", name=op.f("pk_roster_merges")),
    )
    op.create_index("ix_roster_merges_state", "roster_merges", ["state"], unique=False)
    op.create_index("ix_roster_merges_loser", "roster_merges", ["loser_id"], unique=False)
    # Added in place: a batch would copy a million people.
    op.add_column(
        "roster_patients",
        sa.Column(
            "merged_into",
            sa.String(length=32),
            nullable=True,
            comment="the patient it was merged into; reversible",
        ),
    )
    op.create_index("ix_roster_patients_merged", "roster_patients", ["merged_into"], unique=False)
    op.create_index(
        "ix_roster_names_birth",
        "roster_names",
        ["birth_date", "last_key", "first_key", "person_no"],
        unique=False,
    )
