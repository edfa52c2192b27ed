"""The roster's tables: the hospital's patients, how they are looked up, what changed.

`roster_patients.body` holds a person compactly (see `roster_rows`); the columns
beside it and the two look-up tables exist to be searched by. `person_no` joins
them inside the database only; `patient_id` is the key everybody else knows.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from scanindex.store.tables import metadata

roster_versions = Table(
    "roster_versions",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("imported_at", String(32), nullable=False),
    Column("authority", String(64), nullable=False),
    Column("file_sha256", String(64), nullable=False),
    Column("patients", Integer, nullable=False, comment="roster patients once it was in force"),
    Column("statistics", Text, nullable=False, comment="roster_rows.Statistics as JSON"),
    Column("summary", Text, nullable=False, comment="counts of the import as JSON, no patient data"),
)

roster_patients = Table(
    "roster_patients",
    metadata,
    Column("person_no", Integer, primary_key=True, autoincrement=True),
    Column("patient_id", String(32), nullable=False),
    Column("birth_date", String(10)),
    Column("is_provisional", Boolean, nullable=False, default=False),
    Column("linked_to", String(32), comment="not looked up: who it was linked to or merged into"),
    Column("merged_into", String(32), comment="the patient it was merged into; reversible"),
    Column("version", Integer, nullable=False, comment="last import that held this person"),
    Column("line_no", Integer, nullable=False, comment="line of that file"),
    Column("told_at", String(32), comment="UTC; when the feed that told of it last wrote so"),
    Column("body", Text, nullable=False, comment="the person, see roster_rows"),
    Index("ix_roster_patients_id", "patient_id", unique=True),
    Index("ix_roster_patients_birth", "birth_date"),
    Index("ix_roster_patients_version", "version"),
    Index("ix_roster_patients_provisional", "is_provisional", "linked_to"),
    Index("ix_roster_patients_merged", "merged_into"),
)

roster_names = Table(
    "roster_names",
    metadata,
    Column("name_no", Integer, primary_key=True, autoincrement=True),
    Column("person_no", Integer, ForeignKey("roster_patients.person_no"), nullable=False),
    Column("last_key", String(64), nullable=False),
    Column("first_key", String(64), nullable=False),
    Column("sound_key", String(8), nullable=False),
    Column("birth_date", String(10), comment="the person's, so that namesakes are counted in one index"),
    Index("ix_roster_names_name", "last_key", "first_key", "birth_date"),
    Index("ix_roster_names_first", "first_key"),
    Index("ix_roster_names_birth", "birth_date", "last_key", "first_key", "person_no"),
    Index("ix_roster_names_sound", "sound_key", "first_key"),
    Index("ix_roster_names_person", "person_no"),
)

roster_identifiers = Table(
    "roster_identifiers",
    metadata,
    Column("identifier_no", Integer, primary_key=True, autoincrement=True),
    Column("person_no", Integer, ForeignKey("roster_patients.person_no"), nullable=False),
    Column("authority", String(64), nullable=False),
    Column("type", String(16), nullable=False),
    Column("value", String(64), nullable=False),
    Column("key", String(64), nullable=False, comment="fold.identifier_key of the value"),
    Index("ix_roster_identifiers_value", "value", "authority", "type", unique=True),
    Index("ix_roster_identifiers_key", "key"),
    Index("ix_roster_identifiers_person", "person_no"),
)

roster_terms = Table(
    "roster_terms",
    metadata,
    Column("person_no", Integer, ForeignKey("roster_patients.person_no"), primary_key=True),
    Column("terms", Text, nullable=False, comment="roster_suggest_terms.terms_of the person"),
)
"""What a typeahead finds people by; whoever is not looked up (linked, merged) has no row. On SQLite
a full-text index follows it by triggers (roster_suggest_index)."""

roster_words = Table(
    "roster_words",
    metadata,
    Column("word", String(40), primary_key=True),
    Column("sound", String(8), nullable=False, comment="fold.sound_key of the word"),
    Index("ix_roster_words_sound", "sound", "word"),
    sqlite_with_rowid=False,
)
"""Words of names that occur, or once did, so that those that sound alike are found."""

roster_history = Table(
    "roster_history",
    metadata,
    Column("history_no", Integer, primary_key=True, autoincrement=True),
    Column("person_no", Integer, nullable=False),
    Column("version", Integer, nullable=False, comment="the import, or the one in force, that changed it"),
    Column("changed_at", String(32), nullable=False),
    Column("body", Text, nullable=False, comment="the person before the change"),
    Index("ix_roster_history_person", "person_no"),
    Index("ix_roster_history_version", "version"),
)

roster_merges = Table(
    "roster_merges",
    metadata,
    Column("merge_no", Integer, primary_key=True, autoincrement=True),
    Column("state", String(16), nullable=False, comment="roster_rows.MergeState"),
    Column("loser_id", String(32), comment="NULL while parked"),
    Column("survivor_id", String(32), comment="NULL while parked"),
    Column("at", String(32), nullable=False),
    Column("loser_key", String(136), comment="authority|number"),
    Column("survivor_key", String(136), comment="authority|number"),
    Column("told_at", String(32), comment="UTC; when the feed that asked for it wrote so"),
    Column("body", Text, nullable=False, comment="roster_rows.Merge as JSON"),
    Index("ix_roster_merges_state", "state"),
    Index("ix_roster_merges_loser", "loser_id"),
    Index("ix_roster_merges_loser_key", "loser_key"),
    Index("ix_roster_merges_survivor_key", "survivor_key"),
)

feed_messages = Table(
    "feed_messages",
    metadata,
    Column("message_no", Integer, primary_key=True, autoincrement=True),
    Column("feed", String(32), nullable=False),
    Column("sender", String(128), nullable=False, comment="MSH-3 and MSH-4"),
    Column("control_id", String(199), nullable=False, comment="MSH-10"),
    Column("sha256", String(64), nullable=False, comment="of the message"),
    Column("received_at", String(32), nullable=False),
    Column("event", String(8), nullable=False),
    Column("state", String(12), nullable=False, comment="store.feed_messages.MessageState"),
    Column("code", String(40), nullable=False, comment="why it was not taken, or empty"),
    Column("body", LargeBinary, nullable=False, comment="the message; patient data"),
    Column("answer", LargeBinary, nullable=False, comment="what it was answered; empty: not yet"),
    Index("ix_feed_messages_control", "control_id", "sender", "sha256", unique=True),
    Index("ix_feed_messages_state", "state", "message_no"),
    sqlite_autoincrement=True,
)
"""What feeds said, kept before it is answered (`feed_messages`); patient data like the roster itself."""
