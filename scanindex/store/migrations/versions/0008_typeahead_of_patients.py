"""What a typeahead finds patients by, filled from the roster that is there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from scanindex.store import roster_suggest_index

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "roster_terms",
        sa.Column("person_no", sa.Integer(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False, comment="roster_suggest_terms.terms_of the person"),
        sa.ForeignKeyConstraint(["person_no"], ["roster_patients.person_no"]),
        sa.PrimaryKeyConstraint("person_no", name=op.f("pk_roster_terms")),
    )
    op.create_table(
        "roster_words",
        sa.Column("word", sa.String(length=40), nullable=False),
        sa.Column("sound", sa.String(length=8), nullable=False, comment="fold.sound_key of the word"),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_roster_words")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_roster_words_sound"), "roster_words", ["sound", "word"])
    connection = op.get_bind()
    roster_suggest_index.make_index(connection)
    roster_suggest_index.refill(connection)
