"""The first catalog."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.String(length=32), nullable=False),
        sa.Column("closed_at", sa.String(length=32), nullable=True),
        sa.Column("body", sa.Text(), nullable=False, comment="model.Batch as JSON"),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_batches")),
    )
    op.create_table(
        "events",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("scan_id", sa.String(length=64), nullable=True),
        sa.Column("document_id", sa.String(length=32), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_events_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_events_scan_id"), ["scan_id"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "roster_history",
        sa.Column("history_no", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("person_no", sa.Integer(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="the import, or the one in force, that changed it",
        ),
        sa.Column("changed_at", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="the person before the change"),
        sa.PrimaryKeyConstraint("history_no", name=op.f("pk_roster_history")),
    )
    with op.batch_alter_table("roster_history", schema=None) as batch_op:
        batch_op.create_index("ix_roster_history_person", ["person_no"], unique=False)

    op.create_table(
        "roster_patients",
        sa.Column("person_no", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("patient_id", sa.String(length=32), nullable=False),
        sa.Column("birth_date", sa.String(length=10), nullable=True),
        sa.Column("is_provisional", sa.Boolean(), nullable=False),
        sa.Column(
            "linked_to",
            sa.String(length=32),
            nullable=True,
            comment="provisional only: the roster patient a person linked it to",
        ),
        sa.Column("version", sa.Integer(), nullable=False, comment="last import that held this person"),
        sa.Column("line_no", sa.Integer(), nullable=False, comment="line of that file"),
        sa.Column("body", sa.Text(), nullable=False, comment="the person, see roster_rows"),
        sa.PrimaryKeyConstraint("person_no", name=op.f("pk_roster_patients")),
    )
    with op.batch_alter_table("roster_patients", schema=None) as batch_op:
        batch_op.create_index("ix_roster_patients_birth", ["birth_date"], unique=False)
        batch_op.create_index("ix_roster_patients_id", ["patient_id"], unique=True)
        batch_op.create_index("ix_roster_patients_provisional", ["is_provisional", "linked_to"], unique=False)
        batch_op.create_index("ix_roster_patients_version", ["version"], unique=False)

    op.create_table(
        "roster_versions",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("imported_at", sa.String(length=32), nullable=False),
        sa.Column("authority", sa.String(length=64), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("patients", sa.Integer(), nullable=False, comment="roster patients once it was in force"),
        sa.Column("statistics", sa.Text(), nullable=False, comment="roster_rows.Statistics as JSON"),
        sa.Column(
            "summary", sa.Text(), nullable=False, comment="counts of the import as JSON, no patient data"
        ),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_roster_versions")),
    )
    op.create_table(
        "scans",
        sa.Column("scan_id", sa.String(length=64), nullable=False),
        sa.Column("arrival_no", sa.Integer(), nullable=False, comment="order of first arrival"),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.String(length=32), nullable=True),
        sa.Column("retry_at", sa.String(length=32), nullable=True),
        sa.Column("received_at", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="model.Scan as JSON"),
        sa.PrimaryKeyConstraint("scan_id", name=op.f("pk_scans")),
    )
    with op.batch_alter_table("scans", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_scans_arrival_no"), ["arrival_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_scans_batch_id"), ["batch_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_scans_state_priority_arrival_no"),
            ["state", "priority", "arrival_no"],
            unique=False,
        )

    op.create_table(
        "arrivals",
        sa.Column("arrival_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("scan_id", sa.String(length=64), nullable=False),
        sa.Column("inbox_path", sa.Text(), nullable=False, comment="relative, percent-encoded raw bytes"),
        sa.Column("fingerprint", sa.Text(), nullable=False, comment="inode, size, mtime, ctime as copied"),
        sa.Column("batch_id", sa.String(length=32), nullable=True),
        sa.Column("is_duplicate", sa.Boolean(), nullable=False),
        sa.Column("is_retired", sa.Boolean(), nullable=False),
        sa.Column("arrived_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["scan_id"],
            ["scans.scan_id"],
        ),
        sa.PrimaryKeyConstraint("arrival_id", name=op.f("pk_arrivals")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("arrivals", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_arrivals_batch_id"), ["batch_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_arrivals_is_retired"), ["is_retired"], unique=False)
        batch_op.create_index(batch_op.f("ix_arrivals_scan_id"), ["scan_id"], unique=False)

    op.create_table(
        "documents",
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("scan_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("patient_id", sa.String(length=32), nullable=True),
        sa.Column("document_type", sa.String(length=48), nullable=True),
        sa.Column("service_date", sa.String(length=32), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=False),
        sa.Column("filed_version", sa.Integer(), nullable=True),
        sa.Column("filed_at", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="model.Document as JSON"),
        sa.ForeignKeyConstraint(
            ["scan_id"],
            ["scans.scan_id"],
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_documents")),
    )
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_documents_patient_id"), ["patient_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_documents_scan_id"), ["scan_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_documents_state_created_at"), ["state", "created_at"], unique=False
        )

    op.create_table(
        "pages",
        sa.Column("scan_id", sa.String(length=64), nullable=False),
        sa.Column("scan_page_no", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column(
            "document_id", sa.String(length=32), nullable=True, comment="NULL: set aside with its original"
        ),
        sa.ForeignKeyConstraint(
            ["scan_id"],
            ["scans.scan_id"],
        ),
        sa.PrimaryKeyConstraint("scan_id", "scan_page_no", name=op.f("pk_pages")),
    )
    with op.batch_alter_table("pages", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pages_document_id"), ["document_id"], unique=False)

    op.create_table(
        "roster_identifiers",
        sa.Column("identifier_no", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("person_no", sa.Integer(), nullable=False),
        sa.Column("authority", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False, comment="fold.identifier_key of the value"),
        sa.ForeignKeyConstraint(
            ["person_no"],
            ["roster_patients.person_no"],
        ),
        sa.PrimaryKeyConstraint("identifier_no", name=op.f("pk_roster_identifiers")),
    )
    with op.batch_alter_table("roster_identifiers", schema=None) as batch_op:
        batch_op.create_index("ix_roster_identifiers_key", ["key"], unique=False)
        batch_op.create_index("ix_roster_identifiers_person", ["person_no"], unique=False)
        batch_op.create_index("ix_roster_identifiers_value", ["value", "authority", "type"], unique=True)

    op.create_table(
        "roster_names",
        sa.Column("name_no", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("person_no", sa.Integer(), nullable=False),
        sa.Column("last_key", sa.String(length=64), nullable=False),
        sa.Column("first_key", sa.String(length=64), nullable=False),
        sa.Column("sound_key", sa.String(length=8), nullable=False),
        sa.Column(
            "birth_date",
            sa.String(length=10),
            nullable=True,
            comment="the person's, so that namesakes are counted in one index",
        ),
        sa.ForeignKeyConstraint(
            ["person_no"],
            ["roster_patients.person_no"],
        ),
        sa.PrimaryKeyConstraint("name_no", name=op.f("pk_roster_names")),
    )
    with op.batch_alter_table("roster_names", schema=None) as batch_op:
        batch_op.create_index("ix_roster_names_first", ["first_key"], unique=False)
        batch_op.create_index("ix_roster_names_name", ["last_key", "first_key", "birth_date"], unique=False)
        batch_op.create_index("ix_roster_names_person", ["person_no"], unique=False)
        batch_op.create_index("ix_roster_names_sound", ["sound_key", "first_key"], unique=False)
