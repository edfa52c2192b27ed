"""Facts about sending: once, in order, resumed, recorded before it goes."""

from __future__ import annotations

import dataclasses
import hashlib

import pytest
from PIL import Image

from scanindex import app, review
from scanindex.delivery import reconcile, sending
from scanindex.delivery_model import Action, DeliveryState
from scanindex.errors import Forbidden, NotAllowedNow
from scanindex.filing import folder as filed
from scanindex.filing import record
from scanindex.model import Document
from tests.delivery.conftest import AUDITOR, SUE, Exports
from tests.desk import lab


def states(exports: Exports) -> list[str]:
    return [line.state.value for line in exports.lines()]


def test_every_filed_document_goes_once(exports: Exports) -> None:
    run, sent = exports.export()

    assert (run.planned["new"], sent.taken, sent.left) == (3, 3, 0)
    assert sorted(exports.receiver.valid.values()) == sorted(
        p.mrn for p in (lab.ANYA, lab.PLAIN, lab.NAMESAKE)
    )
    assert states(exports) == ["delivered"] * 3


def test_a_second_export_sends_nothing(exports: Exports) -> None:
    exports.export()
    run, sent = exports.export()

    assert (run.planned["unchanged"], sent.taken, len(exports.receiver.sends)) == (3, 0, 3)


def test_a_dry_run_writes_nothing(exports: Exports) -> None:
    found = exports.looked_at()

    assert [one.actions for one in found] == [(Action.NEW,)] * 3
    assert exports.lines() == []


def test_who_may_not_export_gets_nothing(exports: Exports) -> None:
    with pytest.raises(Forbidden):
        exports.export(AUDITOR)
    assert exports.lines() == []


def test_a_silent_receiver_gets_the_same_ids_again(exports: Exports) -> None:
    """It stored the second one and said nothing: after the resend it holds it once."""
    exports.receiver.silent_after = 1
    _, sent = exports.export()
    assert (sent.taken, sent.stopped_by, sent.left) == (1, "receiver_silent", 2)
    assert states(exports) == ["delivered", "sending", "sending"]

    exports.receiver.silent_after = None
    again = exports.send()

    assert (again.taken, len(exports.receiver.entries)) == (2, 3)
    assert exports.receiver.sends[1] == exports.receiver.sends[2] == exports.receiver.sends[-2]


def test_a_document_that_the_receiver_chokes_on_does_not_hold_up_the_others(exports: Exports) -> None:
    exports.receiver.chokes_on = {lab.PLAIN.mrn}
    _, sent = exports.export()

    assert (sent.taken, sent.left, sent.stopped_by) == (2, 1, "receiver_silent")
    exports.receiver.chokes_on = set()
    assert exports.send().taken == 1


def test_a_parcel_that_was_broken_off_is_sent_again_whole(exports: Exports) -> None:
    exports.receiver._parcel_documents = 2
    exports.receiver.silent_after = 0
    exports.export()
    exports.receiver.silent_after = None
    exports.send()

    first = exports.receiver.sends[0]
    assert len(first) == 2 and exports.receiver.sends[-2] == first
    assert states(exports) == ["delivered"] * 3


def test_a_disclosure_is_in_the_trail_before_it_goes(exports: Exports) -> None:
    """Recipient, purpose and what, also where no answer ever came."""
    exports.receiver.silent_after = 0
    exports.export()

    with exports.workspace.catalog.read() as unit:
        told = [e for e in unit.events.after(0, 10_000) if e.kind == "exported"]
    assert len(told) == 1 and len(told[0].payload["deliveries"]) == 3
    assert (told[0].payload["recipient"], told[0].payload["purpose"]) == ("Springfield General", "treatment")
    assert told[0].actor == SUE.actor


def test_what_is_corrected_after_it_was_queued_does_not_go(exports: Exports) -> None:
    """The queue holds the wrong patient; it was refiled meanwhile, which makes the machine's other
    filings of that run doubtful, too."""
    exports.queue()
    document = exports.document_of(lab.ANYA)
    refile(exports, document, lab.PLAIN)

    sent = exports.send()

    assert (sent.taken, sent.overtaken) == (0, 3)
    assert lab.ANYA.mrn not in exports.receiver.valid.values()


def test_refused_ones_wait_for_a_person(exports: Exports) -> None:
    exports.receiver.refuses = {Action.NEW}
    _, sent = exports.export()
    exports.receiver.refuses = set()
    again, nothing = exports.export()

    assert (sent.refused, nothing.taken, again.held) == (3, 0, {"was_refused": 3})


def test_a_refused_document_is_tried_again_under_its_id(exports: Exports) -> None:
    """The receiver may have it all the same: under another id it would have it twice."""
    exports.receiver.refuses = {Action.NEW}
    exports.export()
    before = [line.record.external_id for line in exports.lines()]
    exports.receiver.refuses = set()

    assert reconcile.retry(SUE, exports.target.name, exports.services) == 3
    _, sent = exports.export()

    assert sent.taken == 3 and states(exports) == ["delivered"] * 3
    assert [line.record.external_id for line in exports.lines()] == before


def test_a_damaged_document_stays_and_the_others_go(exports: Exports) -> None:
    exports.receiver._parcel_documents = 10
    exports.queue()
    document = exports.document_of(lab.ANYA)
    folder = exports.services.archive.document_folder(document.document_id, document.filed_version)
    pdf = folder / "document.pdf"
    pdf.chmod(0o600)
    pdf.write_bytes(pdf.read_bytes()[:-1] + b"x")

    sent = exports.send()

    assert (sent.taken, sent.damaged) == (2, 1)
    assert lab.ANYA.mrn not in exports.receiver.valid.values()


def test_the_pace_is_kept(exports: Exports) -> None:
    """At ten a second, three documents ask for waits between them."""
    exports.rule("sending", per_second=10.0)
    exports.queue()
    waits: list[float] = []
    sending.send(SUE.actor, exports.target, exports.receiver, exports.services, sleep=waits.append)

    assert len(waits) == 3 and sum(waits) > 0.1


def test_after_the_catalog_was_put_back_nothing_goes_unreconciled(exports: Exports) -> None:
    exports.export()
    sending.stop_until_reconciled(SUE.actor, exports.services)
    with pytest.raises(NotAllowedNow):
        exports.send()

    assert exports.reconcile().is_clean
    assert exports.send().left == 0


def refile(exports: Exports, document: object, person: lab.Person) -> None:
    """As a supervisor does it, and filed again."""
    current = exports.lab.document(document.document_id)  # type: ignore[attr-defined]
    settled = review.Settlement(patient_id=exports.lab.patient_id(person), note="wrong chart")
    review.accept(current.document_id, current.version, settled, SUE.actor, exports.services)
    exports.lab.work()


__all__ = ["DeliveryState", "dataclasses", "refile"]


def really_a_pdf(exports: Exports, document: Document) -> None:
    """The stub engine files text; a page is needed that can be drawn."""
    folder = exports.services.archive.document_folder(document.document_id, document.filed_version or 1)
    files = filed.manifest_of(folder)
    for name in ("document.pdf", "manifest-sha256.txt"):
        (folder / name).chmod(0o600)
    Image.new("1", (850, 1100), 1).save(folder / "document.pdf", resolution=100)
    files["document.pdf"] = hashlib.sha256((folder / "document.pdf").read_bytes()).hexdigest()
    (folder / "manifest-sha256.txt").write_bytes(record.manifest_of(files))


def test_a_receiver_may_get_a_tiff_of_every_page(exports: Exports) -> None:
    """Drawn from the PDF/A by the real workers; gone from the spool, it is made again with the same bytes."""
    services = dataclasses.replace(
        exports.services, workers=app.process_workers()(exports.workspace.settings, exports.services.archive)
    )
    exports.services = services
    really_a_pdf(exports, exports.document_of(lab.PLAIN))
    exports.rule("document", content="tiff")
    exports.queue(patients=(lab.PLAIN.mrn,))
    for made in exports.workspace.settings.var.rglob("*.tif"):
        made.unlink()

    sent = exports.send()
    services.workers.close()  # type: ignore[attr-defined]  # pools have one

    (line,) = exports.lines()
    assert sent.taken == 1 and line.record.content is not None
    assert (line.record.content.media_type, line.record.content.file_name[-4:]) == ("image/tiff", ".tif")
    assert exports.receiver.entries[0]["sha256"] == line.record.content.sha256
