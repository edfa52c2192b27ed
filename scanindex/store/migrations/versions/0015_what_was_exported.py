"""The ledger of exports, their runs, and patients' consents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "export_runs",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=32), nullable=False),
        sa.Column("started_at", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="delivery_model.ExportRun as JSON"),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_export_runs")),
    )
    op.create_table(
        "deliveries",
        sa.Column("delivery_no", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("target", sa.String(length=32), nullable=False),
        sa.Column("external_id", sa.String(length=48), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="of the document"),
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("answered_day", sa.String(length=10), nullable=True, comment="UTC; NULL: no answer yet"),
        sa.Column("body", sa.Text(), nullable=False, comment="delivery_model.Delivery as JSON"),
        sa.PrimaryKeyConstraint("delivery_no", name=op.f("pk_deliveries")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "consents",
        sa.Column("consent_id", sa.String(length=32), nullable=False),
        sa.Column("patient_id", sa.String(length=32), nullable=False),
        sa.Column("recorded_at", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="delivery_model.Consent as JSON"),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_consents")),
    )
    for table, columns, unique in (
        ("export_runs", ("target", "started_at"), False),
        ("deliveries", ("target", "external_id"), True),
        ("deliveries", ("target", "document_id"), False),
        ("deliveries", ("target", "state", "delivery_no"), False),
        ("deliveries", ("run_id", "delivery_no"), False),
        ("deliveries", ("answered_day",), False),
        ("consents", ("patient_id",), False),
    ):
        with op.batch_alter_table(table, schema=None) as batch_op:
            name = batch_op.f(f"ix_{table}_{'_'.join(columns)}")
            batch_op.create_index(name, list(columns), unique=unique)
