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
    Column("mac", String(64), comment="see trail_chain.py; NULL: older than seals, or restored"),
    Index(None, "scan_id"),
    Index(None, "document_id"),
    Index(None, "at"),
    Index(None, "actor", "seq"),
    Index(None, "kind", "seq"),
    sqlite_autoincrement=True,
)

event_documents = Table(
    "event_documents",
    metadata,
    Column("document_id", String(32), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("patient_id", String(32), comment="whose it was then"),
    Index(None, "seq"),
    sqlite_with_rowid=False,
)

event_subjects = Table(
    "event_subjects",
    metadata,
    Column("patient_id", String(32), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Index(None, "seq"),
    sqlite_with_rowid=False,
)

trail_seal = Table(
    "trail_seal",
    metadata,
    Column("place", Integer, primary_key=True, autoincrement=False, comment="1: there is one row"),
    Column("seq", Integer, nullable=False),
    Column("mac", String(64), nullable=False),
    Column("seal", String(64), nullable=False),
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

users = Table(
    "users",
    metadata,
    Column("login", String(64), primary_key=True),
    Column("os_user", String(64), nullable=False, server_default=""),
    Column("has_password", Boolean, nullable=False, server_default=false()),
    Column("totp_step", BigInteger, nullable=False, server_default="0", comment="last one that was used"),
    Column("totp_pending", Text, nullable=False, server_default="", comment="sealed; not confirmed yet"),
    Column("body", Text, nullable=False, comment="access_model.User as JSON"),
    Index(None, "os_user"),
    Index(None, "has_password"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_id", String(32), primary_key=True),
    Column("secret_hash", String(64), nullable=False),
    Column("login", String(64), nullable=False),
    Column("body", Text, nullable=False, comment="access_model.Session as JSON"),
    Index(None, "secret_hash", unique=True),
    Index(None, "login"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("token_id", String(32), primary_key=True),
    Column("secret_hash", String(64), nullable=False),
    Column("login", String(64), nullable=False),
    Column("body", Text, nullable=False, comment="access_model.Token as JSON"),
    Index(None, "secret_hash", unique=True),
    Index(None, "login"),
)

grants = Table(
    "grants",
    metadata,
    Column("grant_id", String(32), primary_key=True),
    Column("login", String(64), nullable=False),
    Column("until", String(32), nullable=False),
    Column("opened_at", String(32), nullable=False),
    Column("is_reviewed", Boolean, nullable=False, server_default=false()),
    Column("body", Text, nullable=False, comment="access_model.Grant as JSON"),
    Index(None, "login", "until"),
    Index(None, "is_reviewed"),
)

invitations = Table(
    "invitations",
    metadata,
    Column("login", String(64), primary_key=True, comment="empty: the first administrator"),
    Column("secret_hash", String(64), nullable=False),
    Column("body", Text, nullable=False, comment="access_model.Invitation as JSON"),
    Index(None, "secret_hash", unique=True),
)

login_tries = Table(
    "login_tries",
    metadata,
    Column("key", String(80), primary_key=True, comment="kind and hash; never what was typed"),
    Column("misses", Integer, nullable=False),
    Column("last_at", String(32), nullable=False),
    Index(None, "last_at"),
)

claims = Table(
    "claims",
    metadata,
    Column("scan_id", String(64), primary_key=True),
    Column("actor", String(64), nullable=False),
    Column("since", String(32), nullable=False),
    Column("until", String(32), nullable=False),
    Index(None, "actor"),
)

parked = Table(
    "parked",
    metadata,
    Column("item_id", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("body", Text, nullable=False, comment="desk_model.Parked as JSON"),
)

first_keys = Table(
    "first_keys",
    metadata,
    Column("document_id", String(32), primary_key=True),
    Column("actor", String(64), primary_key=True),
    Column("body", Text, nullable=False, comment="desk_model.Key as JSON"),
)

seeds = Table(
    "seeds",
    metadata,
    Column("item_id", String(32), primary_key=True),
    Column("origin", String(32), nullable=False, comment="the filed document it is a copy of"),
    Column("scan_id", String(64), nullable=False),
    Column("outcome", String(8), comment="NULL: waits"),
    Column("body", Text, nullable=False, comment="desk_model.Seed as JSON"),
    Index(None, "outcome"),
    Index(None, "origin"),
)

desk_actions = Table(
    "desk_actions",
    metadata,
    Column("action_no", Integer, primary_key=True, autoincrement=True),
    Column("actor", String(64), nullable=False),
    Column("at", String(32), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("item_id", String(32), nullable=False),
    Column("is_undone", Boolean, nullable=False, server_default=false()),
    Column("body", Text, nullable=False, comment="desk_model.Action as JSON"),
    Index(None, "actor", "action_no"),
    Index(None, "at"),
    sqlite_autoincrement=True,
)

paper_holds = Table(
    "paper_holds",
    metadata,
    Column("hold_id", String(32), primary_key=True),
    Column("batch_id", String(32)),
    Column("document_id", String(32)),
    Column("placed_at", String(32), nullable=False),
    Column("lifted_at", String(32)),
    Column("body", Text, nullable=False, comment="paper_model.Hold as JSON"),
    Index(None, "batch_id"),
    Index(None, "document_id"),
)

batch_qa = Table(
    "batch_qa",
    metadata,
    Column("document_id", String(32), primary_key=True),
    Column("batch_id", String(32), nullable=False),
    Column("body", Text, nullable=False, comment="paper_model.QaItem as JSON"),
    Index(None, "batch_id"),
)

export_runs = Table(
    "export_runs",
    metadata,
    Column("run_id", String(32), primary_key=True),
    Column("target", String(32), nullable=False),
    Column("started_at", String(32), nullable=False),
    Column("body", Text, nullable=False, comment="delivery_model.ExportRun as JSON"),
    Index(None, "target", "started_at"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_no", Integer, primary_key=True, autoincrement=True),
    Column("target", String(32), nullable=False),
    Column("external_id", String(48), nullable=False),
    Column("document_id", String(32), nullable=False),
    Column("version", Integer, nullable=False, comment="of the document"),
    Column("run_id", String(32), nullable=False),
    Column("action", String(8), nullable=False),
    Column("state", String(12), nullable=False),
    Column("answered_day", String(10), comment="UTC; NULL: no answer yet"),
    Column("body", Text, nullable=False, comment="delivery_model.Delivery as JSON"),
    Index(None, "target", "external_id", unique=True),
    Index(None, "target", "document_id"),
    Index(None, "target", "state", "delivery_no"),
    Index(None, "run_id", "delivery_no"),
    Index(None, "answered_day"),
    sqlite_autoincrement=True,
)

consents = Table(
    "consents",
    metadata,
    Column("consent_id", String(32), primary_key=True),
    Column("patient_id", String(32), nullable=False),
    Column("recorded_at", String(32), nullable=False),
    Column("body", Text, nullable=False, comment="delivery_model.Consent as JSON"),
    Index(None, "patient_id"),
)
