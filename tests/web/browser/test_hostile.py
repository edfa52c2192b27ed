"""Facts about hostile content: what a scan, its name, the roster or a note holds is only ever text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from scanindex import app, desk, people
from scanindex.model import PatientId
from scanindex.store.roster_import import import_csv
from tests.crash import stub
from tests.crash.service_main import drive
from tests.web.browser.conftest import OpenContext, Seen, note, served, watch
from tests.web.browser.screens import screens
from tests.web.conftest import access_as
from tests.web.papers import drawable_pdf
from tests.web.samples import Samples, copied

pytestmark = pytest.mark.xdist_group("browser_hostile")

SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(2)>'
LINK = "javascript:alert(3)"
TEMPLATE = "{{7*7}}${7*7}<%=7*7%>"
RIGHT_TO_LEFT = "\u202etxt.exe\u2066"
ALL = f"{SCRIPT} {IMAGE} {LINK} {TEMPLATE} {RIGHT_TO_LEFT}"
WHO = stub.Person(last=f"XIMENEZ{IMAGE}", first=f"OLAF{SCRIPT}", born="1941-10-12", mrn="74455661")
LIKE = stub.Person(last=f"XIMENEZ{IMAGE}", first=f"OLAF {LINK}", born="1941-12-10", mrn="74455688")
NAME = '"><img src=x onerror=alert(4)>{{7*7}} \u202efdp.pdf'


@pytest.fixture(scope="module")
def hostile(built: Samples, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samples]:
    made = copied(built, tmp_path_factory.mktemp("hostile") / "home")
    _spoil(made)
    yield made
    made.opened.close()


def _spoil(made: Samples) -> None:
    opened = made.opened
    path = opened.settings.home / "hostile.csv"
    lines = ["mrn,last_name,first_name,birth_date,sex"]
    lines += [",".join([p.mrn, _quoted(p.last), _quoted(p.first), p.born, "F"]) for p in (WHO, LIKE)]
    path.write_text("\n".join(lines) + "\n")
    import_csv(opened.engine, path, authority="local")
    text = (
        stub.page_text(WHO, "hostile", ALL) + "\n" + "\n".join((SCRIPT, IMAGE, LINK, TEMPLATE, RIGHT_TO_LEFT))
    )
    unsure = text.replace(f"MRN: {WHO.mrn}\n", "").replace(WHO.first, "OLAF")
    inbox = opened.settings.inbox
    (inbox / NAME.replace("/", "_")).write_bytes(drawable_pdf([text]))
    (inbox / f"unsure {NAME}".replace("/", "_")).write_bytes(drawable_pdf([unsure]))
    (inbox / f"bad {NAME}".replace("/", "_")).write_bytes(b"no scan <script>")
    drive(opened.settings)
    with opened.catalog.read() as unit:
        waiting = [d for d in unit.documents.all() if d.state.value == "in_review"]
    clerk = access_as(opened, "clark")
    (patient,) = opened.roster.by_identifier([WHO.mrn])
    (unit_doc,) = [
        d for d in waiting if opened.services and _scan_name(opened, d.scan_id).startswith("unsure")
    ]
    desk.ask(clerk, unit_doc.document_id, unit_doc.version, ALL[:400], opened.services)
    people.break_glass(clerk, patient.patient_id, f"night call {SCRIPT}{IMAGE}", opened.services)
    made.values |= {"patient_id": patient.patient_id, "item_id": unit_doc.document_id}
    made.values["document_id"] = _filed_of(opened, patient.patient_id) or made.values["document_id"]
    made.values["scan_id"] = unit_doc.scan_id


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _scan_name(opened: app.Workspace, scan_id: Any) -> str:
    with opened.catalog.read() as unit:
        found = unit.scans.get(scan_id)
    return found.name if found else ""


def _filed_of(opened: app.Workspace, patient_id: PatientId) -> str | None:
    with opened.catalog.read() as unit:
        found = unit.documents.all(patient_id=patient_id)
    return found[0].document_id if found else None


def test_no_screen_runs_what_it_shows(hostile: Samples, context_of: OpenContext) -> None:
    """No dialog, nothing refused by the policy because nothing tried, nothing asked of anybody else."""
    seen = Seen()
    shown = []
    with served(hostile.opened) as address:
        pages: dict[str, Any] = {}
        for login, path in screens(hostile):
            if login not in pages:
                pages[login] = context_of(address, login).new_page()
                watch(pages[login], seen)
            page = pages[login]
            page.goto(f"{address}{path}")
            page.wait_for_timeout(150)
            note(page, seen)
            shown.append(page.content())
        _search_and_suggest(pages["ada"], address, seen)
        shown.append(pages["ada"].content())
        elsewhere = seen.elsewhere(address)
    assert seen.dialogs == [] and seen.violations == [] and seen.said == [] and seen.failed == []
    assert elsewhere == []
    everything = "".join(shown)
    assert "XIMENEZ" in everything, "the hostile chart was on no screen: nothing was tested"
    assert "49$" not in everything and "onerror=alert(2)>" in everything.replace("&gt;", ">")


def _search_and_suggest(page: Any, address: str, seen: Seen) -> None:
    page.goto(f"{address}/search")
    for text in ("ximenez", SCRIPT, f'"{IMAGE}'):
        page.fill("#q", text)
        page.keyboard.press("Enter")
        page.wait_for_timeout(400)
        note(page, seen)
    page.goto(f"{address}/patients")
    box = page.locator("main input[type=search], main input[type=text], main input:not([type])").first
    box.type("ximenez")
    page.wait_for_timeout(600)
    note(page, seen)
