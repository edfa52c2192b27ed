"""The catalog's tables (SQLAlchemy Core); migrations in `store/migrations` make them.

Times are aware-UTC ISO text, so that SQLite and PostgreSQL sort and compare them
alike. JSON columns hold msgspec renderings of model values; the columns beside
them exist to be looked up by.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    false,
)

metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"}
)

scans = Table(
    "scans",
    metadata,
    Column("scan_id", String(64), primary_key=True),
    Column("arrival_no", Integer, nullable=False, comment="order of first arrival"),
    Column("state", String(16), nullable=False),
    Column("reason", String(32)),
    Column("priority", Integer, nullable=False, default=0),
    Column("attempts", Integer, nullable=False, default=0),
    Column("batch_id", String(32)),
    Column("retry_at", String(32)),
    Column("received_at", String(32), nullable=False),
    Column("body", Text, nullable=False, comment="model.Scan as JSON"),
    Index(None, "state", "priority", "arrival_no"),
    Index(None, "arrival_no"),
    Index(None, "batch_id"),
)

arrivals = Table(
    "arrivals",
    metadata,
    Column("arrival_id", Integer, primary_key=True, autoincrement=True),
    Column("scan_id", String(64), ForeignKey("scans.scan_id"), nullable=False),
    Column("inbox_path", Text, nullable=False, comment="relative, percent-encoded raw bytes"),
    Column("fingerprint", Text, nullable=False, comment="inode, size, mtime, ctime as copied"),
    Column("batch_id", String(32)),
    Column("is_duplicate", Boolean, nullable=False),
    Column("is_retired", Boolean, nullable=False, default=False),
    Column("arrived_at", String(32), nullable=False),
    Index(None, "scan_id"),
    Index(None, "is_retired"),
    Index(None, "batch_id"),
    sqlite_autoincrement=True,
)

pages = Table(
    "pages",
    metadata,
    Column("scan_id", String(64), ForeignKey("scans.scan_id"), primary_key=True),
    Column("scan_page_no", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("document_id", String(32), comment="NULL: set aside with its original"),
    Index(None, "document_id"),
)

documents = Table(
    "documents",
    metadata,
    Column("document_id", String(32), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("scan_id", String(64), ForeignKey("scans.scan_id"), nullable=False),
    Column("state", String(20), nullable=False),
    Column("patient_id", String(32)),
    Column("document_type", String(48)),
    Column("service_date", String(32)),
    Column("decided_by", String(64), nullable=False),
    Column("filed_version", Integer),
    Column("filed_at", String(32)),
    Column("created_at", String(32), nullable=False),
    Column("legibility", Float, comment="that of its worst page; NULL: not known"),
    Column("needs_recheck", Boolean, nullable=False, server_default=false()),
    Column("sensitivity", String(120), nullable=False, server_default="", comment="labels, with blanks"),
    Column("body", Text, nullable=False, comment="model.Document as JSON"),
    Index(None, "scan_id"),
    Index(None, "state", "created_at"),
    Index(None, "patient_id"),
    Index(None, "legibility"),
    Index(None, "needs_recheck"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("document_id", String(32), nullable=False),
    Column("version", Integer, nullable=False),
    Index(None, "document_id"),
    sqlite_autoincrement=True,
)

events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("at", String(32), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("scan_id", String(64)),
    Column("document_id", String(32)),
    Column("payload", Text, nullable=False),
    Index(None, "scan_id"),
    Index(None, "document_id"),
    sqlite_autoincrement=True,
)

page_prints = Table(
    "page_prints",
    metadata,
    Column("print_no", Integer, primary_key=True, autoincrement=True),
    Column("scan_id", String(64), ForeignKey("scans.scan_id"), nullable=False),
    Column("scan_page_no", Integer, nullable=False),
    Column("word_sketch", Text, nullable=False, comment="see prints.py"),
    Column("value_sketch", Text, nullable=False),
    Column("picture", Text, nullable=False),
    Index(None, "scan_id", "scan_page_no", unique=True),
)

page_print_keys = Table(
    "page_print_keys",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("print_no", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

audit_sources = Table(
    "audit_sources",
    metadata,
    Column("source", Text, primary_key=True, comment="inbox folder, see model.Preset"),
    Column("body", Text, nullable=False, comment="audit_model.SourceRecord as JSON"),
)

auto_filings = Table(
    "auto_filings",
    metadata,
    Column("document_id", String(32), primary_key=True),
    Column("scan_id", String(64), nullable=False),
    Column("source", Text, nullable=False),
    Column("batch_id", String(32)),
    Column("rule", String(64), nullable=False),
    Column("policy_id", String(16), nullable=False),
    Column("margin", Float, nullable=False),
    Column("stratum", String(8), comment="NULL: never drawn"),
    Column("drawn_at", String(32)),
    Column("verdict", String(16), comment="NULL: not audited"),
    Column("body", Text, nullable=False, comment="audit_model.AutoFiling as JSON"),
    Index(None, "scan_id"),
    Index(None, "source", "policy_id", "verdict"),
    Index(None, "stratum", "verdict"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("incident_id", String(32), primary_key=True),
    Column("source", Text, nullable=False),
    Column("opened_at", String(32), nullable=False),
    Column("closed_at", String(32)),
    Column("body", Text, nullable=False, comment="audit_model.Incident as JSON"),
)

saved_searches = Table(
    "saved_searches",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("body", Text, nullable=False, comment="model.SavedSearch as JSON"),
)

batches = Table(
    "batches",
    metadata,
    Column("batch_id", String(32), primary_key=True),
    Column("folder", Text, nullable=False),
    Column("opened_at", String(32), nullable=False),
    Column("closed_at", String(32)),
    Column("body", Text, nullable=False, comment="model.Batch as JSON"),
)
