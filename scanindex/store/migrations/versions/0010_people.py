"""People with logins: sessions, tokens, grants, invitations, and tries that failed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("os_user", sa.String(length=64), nullable=False, server_default=""),
        sa.Column("has_password", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column(
            "totp_step", sa.BigInteger(), nullable=False, server_default="0", comment="last one that was used"
        ),
        sa.Column(
            "totp_pending", sa.Text(), nullable=False, server_default="", comment="sealed; not confirmed yet"
        ),
        sa.Column("body", sa.Text(), nullable=False, comment="access_model.User as JSON"),
        sa.PrimaryKeyConstraint("login", name=op.f("pk_users")),
    )
    op.create_index(op.f("ix_users_os_user"), "users", ["os_user"])
    op.create_index(op.f("ix_users_has_password"), "users", ["has_password"])
    _with_secret("sessions", "session_id", "access_model.Session as JSON")
    _with_secret("tokens", "token_id", "access_model.Token as JSON")
    op.create_table(
        "grants",
        sa.Column("grant_id", sa.String(length=32), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("until", sa.String(length=32), nullable=False),
        sa.Column("opened_at", sa.String(length=32), nullable=False),
        sa.Column("is_reviewed", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("body", sa.Text(), nullable=False, comment="access_model.Grant as JSON"),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_grants")),
    )
    op.create_index(op.f("ix_grants_login_until"), "grants", ["login", "until"])
    op.create_index(op.f("ix_grants_is_reviewed"), "grants", ["is_reviewed"])
    op.create_table(
        "invitations",
        sa.Column("login", sa.String(length=64), nullable=False, comment="empty: the first administrator"),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="access_model.Invitation as JSON"),
        sa.PrimaryKeyConstraint("login", name=op.f("pk_invitations")),
    )
    op.create_index(op.f("ix_invitations_secret_hash"), "invitations", ["secret_hash"], unique=True)
    op.create_table(
        "login_tries",
        sa.Column("key", sa.String(length=80), nullable=False, comment="kind and hash; never what was typed"),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_login_tries")),
    )
    op.create_index(op.f("ix_login_tries_last_at"), "login_tries", ["last_at"])


def _with_secret(table: str, key: str, comment: str) -> None:
    op.create_table(
        table,
        sa.Column(key, sa.String(length=32), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment=comment),
        sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{table}")),
    )
    op.create_index(op.f(f"ix_{table}_secret_hash"), table, ["secret_hash"], unique=True)
    op.create_index(op.f(f"ix_{table}_login"), table, ["login"])
