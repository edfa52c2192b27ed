"""Messages of the hospital's feeds, and when they spoke last of whom."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feed_messages",
        sa.Column("message_no", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("feed", sa.String(length=32), nullable=False),
        sa.Column("sender", sa.String(length=128), nullable=False, comment="MSH-3 and MSH-4"),
        sa.Column("control_id", sa.String(length=199), nullable=False, comment="MSH-10"),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="of the message"),
        sa.Column("received_at", sa.String(length=32), nullable=False),
        sa.Column("event", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False, comment="store.feed_messages.MessageState"),
        sa.Column("code", sa.String(length=40), nullable=False, comment="why it was not taken, or empty"),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="the message; patient data"),
        sa.Column("answer", sa.LargeBinary(), nullable=False, comment="what it was answered; empty: not yet"),
        sa.PrimaryKeyConstraint("message_no", name=op.f("pk_feed_messages")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("feed_messages", schema=None) as batch_op:
        batch_op.create_index("ix_feed_messages_control", ["control_id", "sender", "sha256"], unique=True)
        batch_op.create_index("ix_feed_messages_state", ["state", "message_no"], unique=False)
    op.add_column("roster_patients", sa.Column("told_at", sa.String(length=32), nullable=True))
    for name, length in (("loser_key", 136), ("survivor_key", 136), ("told_at", 32)):
        op.add_column("roster_merges", sa.Column(name, sa.String(length=length), nullable=True))
    _fill_keys()
    op.create_index("ix_roster_history_version", "roster_history", ["version"], unique=False)
    with op.batch_alter_table("roster_merges", schema=None) as batch_op:
        batch_op.create_index("ix_roster_merges_loser_key", ["loser_key"], unique=False)
        batch_op.create_index("ix_roster_merges_survivor_key", ["survivor_key"], unique=False)


def _fill_keys() -> None:
    """Merges that wait are found by the numbers they name."""
    connection = op.get_bind()
    for number, body in connection.execute(sa.text("SELECT merge_no, body FROM roster_merges")).all():
        asked = json.loads(body)
        connection.execute(
            sa.text("UPDATE roster_merges SET loser_key = :one, survivor_key = :two WHERE merge_no = :no"),
            {"one": "|".join(asked["loser"]), "two": "|".join(asked["survivor"]), "no": number},
        )
