"""Seals over events, and whom each event is about."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_GROUP = 1_000


def upgrade() -> None:
    op.add_column(
        "events",
        sa.Column(
            "mac",
            sa.String(length=64),
            nullable=True,
            comment="see trail_chain.py; NULL: older than seals, or restored",
        ),
    )
    op.create_index("ix_events_at", "events", ["at"])
    op.create_index("ix_events_actor_seq", "events", ["actor", "seq"])
    op.create_index("ix_events_kind_seq", "events", ["kind", "seq"])
    documents = op.create_table(
        "event_documents",
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("patient_id", sa.String(length=32), nullable=True, comment="whose it was then"),
        sa.PrimaryKeyConstraint("document_id", "seq", name=op.f("pk_event_documents")),
        sqlite_with_rowid=False,
    )
    subjects = op.create_table(
        "event_subjects",
        sa.Column("patient_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("patient_id", "seq", name=op.f("pk_event_subjects")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "trail_seal",
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False, comment="1: there is one row"),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("mac", sa.String(length=64), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_trail_seal")),
    )
    _fill(op.get_bind(), documents, subjects)
    op.create_index("ix_event_documents_seq", "event_documents", ["seq"])
    op.create_index("ix_event_subjects_seq", "event_subjects", ["seq"])


def _fill(connection: sa.Connection, documents: sa.Table, subjects: sa.Table) -> None:
    """Whom the events so far are about, as far as they tell, in order: so each document has the
    patient that it had when it was looked at."""
    holder: dict[str, str | None] = {}
    last = 0
    query = sa.text("SELECT seq, document_id, payload FROM events WHERE seq > :last ORDER BY seq LIMIT :most")
    while rows := connection.execute(query, {"last": last, "most": _GROUP}).all():
        named: list[dict[str, Any]] = []
        people: list[dict[str, Any]] = []
        for row in rows:
            found, patients = _named(row.document_id, json.loads(row.payload), holder)
            named += [{"seq": row.seq, "document_id": d, "patient_id": p} for d, p in found.items()]
            people += [{"seq": row.seq, "patient_id": p} for p in sorted(patients)]
        if named:
            connection.execute(sa.insert(documents), named)
        if people:
            connection.execute(sa.insert(subjects), people)
        last = rows[-1].seq


def _named(
    document_id: str | None, payload: dict[str, Any], holder: dict[str, str | None]
) -> tuple[dict[str, str | None], set[str]]:
    """As trail_subjects.py does it today; copied, because a migration never changes."""
    patients = {payload.get("patient_id"), *(payload.get("patient_ids") or ())}
    found: dict[str, str | None] = {}
    for document in (payload.get("document"), payload.get("also"), *(payload.get("documents") or ())):
        if isinstance(document, dict) and (named := document.get("document_id")):
            patients.add(holder.get(named))
            found[named] = holder[named] = document.get("patient_id")
    incident = payload.get("incident")
    misfiles = incident.get("misfiles") or () if isinstance(incident, dict) else ()
    for line in (*(payload.get("filings") or ()), *misfiles):
        found.setdefault(line["document_id"], holder.get(line["document_id"]))
        patients.add(line.get("patient_id"))
    for named in (document_id, *(payload.get("document_ids") or ())):
        if named:
            found.setdefault(named, holder.get(named))
    for key in ("patient", "loser", "survivor"):
        if isinstance(payload.get(key), dict):
            patients.add(payload[key].get("patient_id"))
    patients |= set(found.values())
    return found, {p for p in patients if isinstance(p, str) and p}
