"""People, papers and short ways to ask a real workspace."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

from scanindex import app, desk
from scanindex.access_model import Access, Right, StaffRole, User, access_of
from scanindex.model import Document, DocumentId, DocumentState, PatientId
from scanindex.settings import FilingSettings, Settings
from tests.crash import stub
from tests.crash.service_main import drive, open_stubbed, quick_settings
from tests.crash.stub import Person

ANYA = Person(last="BRUNDLEY", first="ANYA", born="1951-04-17", mrn="50211348")
TWIN = Person(last="BRUNDLEY", first="ELSPETH", born="1951-04-17", mrn="50211355")
NAMESAKE = Person(last="CORRIGALL", first="MORWENNA", born="1968-09-02", mrn="60774412")
OTHER_NAMESAKE = Person(last="CORRIGALL", first="MORWENNA", born="1971-12-25", mrn="61839907")
PLAIN = Person(last="THISTLETHWAITE", first="OSWIN", born="1933-01-30", mrn="80145526")
STRANGER = Person(last="ZAMBRANOWSKI", first="LEOCADIA", born="1944-06-08", mrn="99120034")
"""In no roster."""
ROSTER = (ANYA, TWIN, NAMESAKE, OTHER_NAMESAKE, PLAIN)


def roster_csv() -> str:
    lines = ["mrn,last_name,first_name,birth_date,sex"]
    return "\n".join(lines + [f"{p.mrn},{p.last},{p.first},{p.born},F" for p in ROSTER]) + "\n"


def settings_in(home: Path, mode: str = "suggest") -> Settings:
    return dataclasses.replace(quick_settings(home), filing=FilingSettings(mode=mode))


def user(login: str, *roles: StaffRole, **more: Any) -> Access:
    made = User(login=login, name=login, roles=roles, created_at=datetime.fromisoformat("2024-01-01T00:00Z"))
    return access_of(dataclasses.replace(made, **more), restricted=("hiv",))


ANN = user("ann", StaffRole.CLERK)
BEN = user("ben", StaffRole.CLERK)
SUE = user("sue", StaffRole.SUPERVISOR)
AUDITOR = user("aud", StaffRole.AUDITOR)
READER = Access(actor="user:reader", login="reader", rights=frozenset({Right.READ}))


def birth_day(person: Person) -> str:
    return person.born[5:7] + person.born[8:10]


class Lab:
    """One opened workspace."""

    def __init__(self, workspace: app.Workspace) -> None:
        self.workspace = workspace
        self.services = workspace.services

    def scan(self, *pages: str, folder: str = ".", name: str = "") -> None:
        """One scan of these pages, taken as far as the machine goes."""
        place = self.workspace.settings.inbox / folder
        place.mkdir(exist_ok=True)
        key = name or hashlib.sha256("".join(pages).encode()).hexdigest()[:12]
        (place / f"{key}.pdf").write_bytes(stub.pdf(pages))
        self.work()

    def work(self) -> None:
        drive(self.workspace.settings)

    def one_page(self, person: Person, serial: str = "a", title: str = "LABORATORY REPORT") -> None:
        self.scan(stub.page_text(person, serial, title))

    def two_pages(self, one: Person = PLAIN, two: Person = ANYA, serial: str = "a") -> None:
        """A scan that splits into two documents."""
        first = stub.page_text(one, f"{serial}1")
        self.scan(first, stub.page_text(two, f"{serial}2", "DISCHARGE SUMMARY"))

    def documents(self, *states: DocumentState) -> list[Document]:
        with self.workspace.catalog.read() as unit:
            return unit.documents.all(*states)

    def document(self, document_id: DocumentId) -> Document:
        with self.workspace.catalog.read() as unit:
            found = unit.documents.get(document_id)
        assert found is not None
        return found

    def patient_id(self, person: Person) -> PatientId:
        (found,) = self.workspace.roster.by_identifier([person.mrn])
        return found.patient_id

    def next(self, access: Access = ANN, **more: Any) -> desk.Item:
        filters = more.pop("filters", desk.Filters())
        return desk.next_item(access, filters, self.services, **more)[0]

    def ids(self, access: Access = ANN, **filters: Any) -> list[DocumentId]:
        """What the queue would hand out, in order."""
        return [w.item_id for w in desk.waiting(access, desk.Filters(**filters), self.services)]

    def accept(
        self,
        item: desk.Item | Document,
        person: Person,
        access: Access = ANN,
        datum: str | None = None,
        **more: Any,
    ) -> desk.Done:
        item_id = item.item_id if isinstance(item, desk.Item) else item.document_id
        values: dict[str, Any] = {"document_type": None, "service_date": None, "note": ""} | more
        return desk.accept(
            access, item_id, item.version, self.patient_id(person), datum, services=self.services, **values
        )

    def kinds(self, document_id: DocumentId | None = None) -> list[str]:
        with self.workspace.catalog.read() as unit:
            events = unit.events.of(document_id=document_id) if document_id else unit.events.after(0, 10_000)
        return [event.kind for event in events]


def race(home: str, login: str, gate: Any, found: Any) -> None:
    """One of several processes that ask at the same moment."""
    opened = open_stubbed(settings_in(Path(home)))
    got = desk.next_item(user(login, StaffRole.CLERK), desk.Filters(), _waited(opened, gate), prefetch=2)
    opened.close()
    found.put((login, [item.scan_id for item in got]))


def _waited(opened: app.Workspace, gate: Any) -> Any:
    services = opened.services
    gate.wait()
    return services
