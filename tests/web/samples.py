"""A workspace with one of everything that an address can name, and who may see which of it.

A parameter of a new route needs its value in `Samples.values`; tests name the one that is missing.
"""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from scanindex import app, audit, batches, desk, paper, people, review, searches
from scanindex.access_model import Access, Right, Session, StaffRole
from scanindex.audit_model import Verdict
from scanindex.model import (
    Batch,
    BatchId,
    Document,
    DocumentId,
    DocumentState,
    PatientId,
    ScanState,
    SearchRequest,
)
from scanindex.people.sessions import begin_session
from tests.crash import stub
from tests.crash.service_main import drive, open_stubbed, quick_settings
from tests.web.conftest import PASSWORD, access_as
from tests.web.papers import drawable_pdf

LABEL = "hiv"
HERS, OTHERS, AUDITED = stub.PEOPLE[0], stub.PEOPLE[1], stub.PEOPLE[2]
"""On the clinician's list; not on it; whose filing was found wrong."""
MISSING = {
    "scan_id": hashlib.sha256(b"nothing").hexdigest(),
    "login": "nobody-here",
}
NO_ID = "z" * 20
"""Looks like one of ours."""
GONE, THROWAWAY = "gone", "zed"
"""A clerk who is disabled; somebody whose login may be changed by the tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Something that is there and not for whoever asks."""

    what: str
    parameter: str
    value: str


@dataclass(slots=True, kw_only=True)
class Samples:
    opened: app.Workspace
    values: dict[str, str] = field(default_factory=dict)
    """Parameter to something that everybody with the right may see."""
    special: dict[str, dict[str, str]] = field(default_factory=dict)
    """Beginning of a path to what its routes want instead."""
    closed: dict[str, list[Closed]] = field(default_factory=dict)
    """Login to what is not for them."""

    def of(self, path: str) -> dict[str, str]:
        found = dict(self.values)
        for start, more in self.special.items():
            if path.removeprefix("/api/v1").startswith(start):
                found |= more
        return found

    def version_of(self, document_id: str) -> int:
        with self.opened.catalog.read() as unit:
            found = unit.documents.get(DocumentId(document_id))
        return found.version if found else 1


def missing(parameter: str) -> str:
    return MISSING.get(parameter, NO_ID)


# --- who asks -------------------------------------------------------------------------------
def session_headers(opened: app.Workspace, login: str) -> dict[str, str]:
    """Of a browser in which this person logged in just now."""
    secret, session = begin(opened, login)
    return {"cookie": f"scanindex={secret}", "x-csrf-token": session.csrf}


def begin(opened: app.Workspace, login: str) -> tuple[str, Session]:
    """Without the password: who attacks the door must not keep the tests out."""
    with opened.catalog.write() as unit:
        user = unit.users.get(login)
        assert user is not None
        return begin_session(user, "testclient", "tests", unit, opened.services)


def expired_headers(opened: app.Workspace, login: str) -> dict[str, str]:
    """Of a session that nobody touched for too long."""
    secret, session = begin(opened, login)
    long_ago = timedelta(minutes=opened.settings.access.idle_minutes + 1)
    with opened.catalog.write() as unit:
        unit.sessions.put(dataclasses.replace(session, csrf="", seen_at=session.seen_at - long_ago))
    return {"cookie": f"scanindex={secret}", "x-csrf-token": session.csrf}


def token_headers(opened: app.Workspace, login: str, *rights: Right) -> dict[str, str]:
    secret, _ = people.new_token(access_as(opened, login), "program", rights, 1, opened.services)
    return {"authorization": f"Bearer {secret}"}


# --- what there is --------------------------------------------------------------------------
def build(home: Path) -> Samples:
    """On a copy of the prepared workspace."""
    opened = open_stubbed(quick_settings(home))
    made = Samples(opened=opened)
    _more_people(opened)
    clerk, supervisor = access_as(opened, "cleo"), access_as(opened, "sue")
    batch_id = _batch(opened)
    ids = {name: place(opened, name, *texts) for name, texts in _PAPERS.items()}
    (opened.settings.inbox / "no scan.pdf").write_bytes(b"no scan at all")
    drive(opened.settings)
    papers = {name: _first_of(opened, scan_id) for name, scan_id in ids.items()}
    for name in ("closed", "touchy"):
        papers[name] = _labelled(opened, papers[name])
    incident_id = _incident(opened, papers["wrong"])
    drive(opened.settings)
    own = papers["own"]
    _give_list(opened, supervisor)
    made.values = {
        "document_id": own.document_id,
        "scan_id": own.scan_id,
        "item_id": papers["waiting"].document_id,
        "patient_id": _patient(opened, HERS),
        "batch_id": batch_id,
        "hold_id": paper.hold("a court asks", clerk.actor, opened.services, batch_id=batch_id).hold_id,
        "incident_id": incident_id,
        "grant_id": _grant(opened, access_as(opened, "clark"), OTHERS),
        "session_id": begin(opened, THROWAWAY)[1].session_id,
        "token_id": _token(opened, THROWAWAY),
        "login": THROWAWAY,
        "target": _target(opened),
        "page_no": "1",
        "scan_page_no": "1",
        "width": "thumb",
        "secret": _invitation(opened),
    }
    made.special = _special(opened, clerk, supervisor, papers)
    made.closed = _closed(opened, made, papers)
    searches.save("kept", SearchRequest(query="hemoglobin"), clerk.actor, opened.services)
    return made


def copied(built: Samples, home: Path) -> Samples:
    """The same in a folder of its own."""
    shutil.copytree(built.opened.settings.home, home)
    opened = open_stubbed(quick_settings(home))
    return dataclasses.replace(built, opened=opened, values=dict(built.values))


_PAPERS = {
    "own": (stub.page_text(HERS, "own"), stub.page_text(HERS, "own too")),
    "foreign": (stub.page_text(OTHERS, "foreign"),),
    "closed": (stub.page_text(HERS, "closed"),),
    "both": (stub.page_text(HERS, "both1"), stub.page_text(OTHERS, "both2", "DISCHARGE SUMMARY")),
    "waiting": (stub.page_text(stub.STRANGER, "who"),),
    "parked": (stub.page_text(stub.STRANGER, "parked"),),
    "touchy": (stub.page_text(stub.STRANGER, "touchy"),),
    "wrong": (stub.page_text(AUDITED, "wrong"),),
    "box7/seven": (stub.page_text(stub.PEOPLE[3], "seven"),),
}


def place(opened: app.Workspace, name: str, *texts: str) -> str:
    """A scan in the inbox; its id."""
    data = drawable_pdf(texts)
    (opened.settings.inbox / f"{name}.pdf").write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def _first_of(opened: app.Workspace, scan_id: str) -> Document:
    with opened.catalog.read() as unit:
        return min((d for d in unit.documents.all() if d.scan_id == scan_id), key=lambda d: min(d.pages))


def _more_people(opened: app.Workspace) -> None:
    first = access_as(opened, "ada")
    for login, role in ((GONE, StaffRole.CLERK), (THROWAWAY, StaffRole.CLERK), ("dot", StaffRole.CLINICIAN)):
        link = people.invite(first, login, login.title(), (role,), opened.services)
        people.accept_invitation(link, None, None, PASSWORD, "", "", opened.services)


def disable(opened: app.Workspace, login: str) -> None:
    people.change_user(access_as(opened, "ada"), login, opened.services, is_disabled=True)


def _give_list(opened: app.Workspace, supervisor: Access) -> None:
    people.add_patients(supervisor, "doc", [HERS.mrn], opened.services)
    people.add_patients(supervisor, "dot", [OTHERS.mrn], opened.services)


def _labelled(opened: app.Workspace, document: Document) -> Document:
    made = review.relabel(
        document.document_id, document.version, [LABEL], [], "asked for", "user:sue", opened.services
    )
    return made


def _quarantined(opened: app.Workspace) -> str:
    with opened.catalog.read() as unit:
        (scan,) = unit.scans.all(ScanState.QUARANTINED)
    return scan.scan_id


def _patient(opened: app.Workspace, person: stub.Person) -> PatientId:
    (found,) = opened.roster.by_identifier([person.mrn])
    return found.patient_id


def _target(opened: app.Workspace) -> str:
    folder = opened.settings.home / "targets"
    folder.mkdir()
    (folder / "springfield.toml").write_text('[target]\nrecipient = "Springfield General"\n')
    return "springfield"


def _batch(opened: app.Workspace) -> str:
    batch_id = BatchId(opened.services.ids.new())
    batch = Batch(batch_id=batch_id, label="Box 7", folder="box7", opened_at=opened.services.clock.now())
    batches.open_batch(batch, "user:cleo", opened.services)
    (opened.settings.inbox / "box7").mkdir(exist_ok=True)
    return batch_id


def _incident(opened: app.Workspace, wrong: Document) -> str:
    found = audit.record(wrong.document_id, Verdict.WRONG, "Sue", "another name", "user:sue", opened.services)
    assert found is not None
    return found.incident_id


def _grant(opened: app.Workspace, access: Access, person: stub.Person) -> str:
    given = people.break_glass(access, _patient(opened, person), "was called at night", opened.services)
    return given.grant_id


def _token(opened: app.Workspace, login: str) -> str:
    access = access_as(opened, login)
    return people.new_token(access, "theirs", [Right.STATUS], 1, opened.services)[1].token_id


def _invitation(opened: app.Workspace) -> str:
    return people.invite(access_as(opened, "ada"), "new", "New", (StaffRole.CLERK,), opened.services)


def _special(
    opened: app.Workspace, clerk: Access, supervisor: Access, papers: Mapping[str, Document]
) -> dict[str, dict[str, str]]:
    audit.draw(20, 1, None, "user:sue", opened.services)
    drawn = audit.waiting(None, opened.services)
    held, parked = papers["waiting"], papers["parked"]
    desk.ask(supervisor, parked.document_id, parked.version, "whose?", opened.services)
    desk.item(clerk, held.document_id, opened.services)
    return {
        "/supervise/audit": {"document_id": drawn[0].document_id},
        "/supervise/questions": {"item_id": parked.document_id},
        "/supervise/claims": {"scan_id": held.scan_id},
        "/review/scans": {"scan_id": held.scan_id},
        "/clinicians": {"login": "dot"},
    }


def _closed(opened: app.Workspace, made: Samples, papers: Mapping[str, Document]) -> dict[str, list[Closed]]:
    def documents(*names: str) -> list[Closed]:
        return [Closed(what=n, parameter="document_id", value=papers[n].document_id) for n in names]

    def scans(*names: str) -> list[Closed]:
        return [Closed(what=n, parameter="scan_id", value=papers[n].scan_id) for n in names]

    def another(*parameters: str) -> list[Closed]:
        return [Closed(what="another's", parameter=p, value=made.values[p]) for p in parameters]

    anybodys = another("session_id", "token_id", "grant_id")
    touchy = Closed(what="touchy", parameter="item_id", value=papers["touchy"].document_id)
    patient = Closed(what="foreign", parameter="patient_id", value=_patient(opened, OTHERS))
    quarantined = Closed(what="quarantined", parameter="scan_id", value=_quarantined(opened))
    return {
        "doc": [
            *documents("foreign", "closed", "waiting", "touchy"),
            *scans("foreign", "closed", "waiting", "touchy"),
            quarantined,
            patient,
            *anybodys,
        ],
        "cleo": [*documents("closed", "touchy"), *scans("closed", "touchy"), touchy, *anybodys],
        "sue": anybodys,
        "aud": anybodys,
        "adm": another("grant_id"),
    }


def last_seq(opened: app.Workspace) -> int:
    with opened.catalog.read() as unit:
        return unit.events.last_seq()


def denied_since(opened: app.Workspace, seq: int) -> int:
    """How many refusals the trail has after that entry."""
    with opened.catalog.read() as unit:
        return sum(event.kind == "denied" for event in unit.events.after(seq, 1_000))


def states(opened: app.Workspace) -> Mapping[str, DocumentState]:
    with opened.catalog.read() as unit:
        return {d.document_id: d.state for d in unit.documents.all()}


def person_values(samples: Samples, path: str) -> dict[str, Any]:
    """Values for a request that names only what there is, at its version."""
    values: dict[str, Any] = samples.of(path)
    named = values["item_id" if "{item_id}" in path else "document_id"]
    return values | {"version": samples.version_of(named), "previous_version": 1, "previous_id": named}
