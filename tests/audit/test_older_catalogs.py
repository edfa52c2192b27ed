"""Facts about catalogs from before audits: what the machine had filed is in the ledger."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from scanindex.model import BatchId, DocumentId
from scanindex.store import migrate
from scanindex.store.audits import Filings
from scanindex.store.catalog import open_engine

_SCAN = '{"preset": {"source": "fax"}, "batch_id": "box7"}'
_DOCUMENT = (
    '{"document_id": "%s", "version": 2, "scan_id": "s", "pages": [1, 2], "patient_id": "p", '
    '"filed_at": "2027-01-02T03:04:05Z", "decision": {"rule": "gate.mrn_and_name"}}'
)


def test_what_the_machine_had_filed_is_in_the_ledger(tmp_path: Path) -> None:
    """An incident can call its run back; it counts for no certificate. What people filed is not there."""
    engine = open_engine(f"sqlite:///{tmp_path / 'catalog.db'}")
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    scan = "INSERT INTO scans (scan_id, arrival_no, state, priority, attempts, received_at, body)"
    document = "INSERT INTO documents (document_id, version, scan_id, state, decided_by, created_at, body)"
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(text(f"{scan} VALUES ('s', 1, 'decided', 0, 0, '', :body)"), {"body": _SCAN})
        for key, by in (("alone", "machine"), ("person", "user:ann")):
            values = {"key": key, "by": by, "body": _DOCUMENT % key}
            connection.execute(text(f"{document} VALUES (:key, 2, 's', 'filed', :by, '', :body)"), values)

    migrate.migrate(engine)

    with engine.begin() as connection:
        filings = Filings(connection)
        found = filings.get(DocumentId("alone"))
        assert filings.get(DocumentId("person")) is None
        assert filings.of_run("fax", BatchId("box7"), "gate.mrn_and_name") == ["alone"]
        assert filings.undrawn("0123456789abcdef") == []
    assert found is not None and (found.pages, found.version, found.policy_id) == ((1, 2), 2, "")
