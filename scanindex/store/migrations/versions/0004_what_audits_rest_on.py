"""What audits rest on: modes of sources, the ledger of what the machine filed, incidents.

The ledger of what was filed before is drawn from the documents; under which policy that
was nobody recorded, so those lines count for no certificate.
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_sources",
        sa.Column("source", sa.Text(), nullable=False, comment="inbox folder, see model.Preset"),
        sa.Column("body", sa.Text(), nullable=False, comment="audit_model.SourceRecord as JSON"),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_audit_sources")),
    )
    op.create_table(
        "incidents",
        sa.Column("incident_id", sa.String(length=32), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.String(length=32), nullable=False),
        sa.Column("closed_at", sa.String(length=32), nullable=True),
        sa.Column("body", sa.Text(), nullable=False, comment="audit_model.Incident as JSON"),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_incidents")),
    )
    filings = op.create_table(
        "auto_filings",
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("scan_id", sa.String(length=64), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.String(length=32), nullable=True),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("policy_id", sa.String(length=16), nullable=False),
        sa.Column("margin", sa.Float(), nullable=False),
        sa.Column("stratum", sa.String(length=8), nullable=True, comment="NULL: never drawn"),
        sa.Column("drawn_at", sa.String(length=32), nullable=True),
        sa.Column("verdict", sa.String(length=16), nullable=True, comment="NULL: not audited"),
        sa.Column("body", sa.Text(), nullable=False, comment="audit_model.AutoFiling as JSON"),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_auto_filings")),
    )
    with op.batch_alter_table("auto_filings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_auto_filings_scan_id"), ["scan_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_auto_filings_source_policy_id_verdict"),
            ["source", "policy_id", "verdict"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_auto_filings_stratum_verdict"), ["stratum", "verdict"], unique=False
        )
    _fill(filings)


def _fill(filings: sa.Table) -> None:
    query = sa.text(
        "SELECT d.body AS document, s.body AS scan FROM documents d JOIN scans s ON s.scan_id = d.scan_id "
        "WHERE d.state = 'filed' AND d.decided_by = 'machine'"
    )
    connection = op.get_bind()
    for row in connection.execute(query):
        if row.document and row.scan:
            line = _line(json.loads(row.document), json.loads(row.scan))
            connection.execute(filings.insert().values(**line, body=json.dumps(_body(line, row.document))))


def _line(document: dict[str, Any], scan: dict[str, Any]) -> dict[str, Any]:
    return {
        "document_id": document["document_id"],
        "scan_id": document["scan_id"],
        "source": scan["preset"].get("source", "inbox"),
        "batch_id": scan.get("batch_id"),
        "rule": document["decision"]["rule"],
        "policy_id": "",
        "margin": 0.0,
    }


def _body(line: dict[str, Any], text: str) -> dict[str, Any]:
    document = json.loads(text)
    return line | {key: document[key] for key in ("version", "pages", "patient_id", "filed_at")}
