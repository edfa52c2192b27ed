"""Facts about what is proposed after somebody put pages together or apart: from those pages alone."""

from __future__ import annotations

import shutil

import pytest

from scanindex import desk, drawn_anew
from scanindex.model import Document, DocumentState, FindingKind, ScanId
from tests.crash import stub
from tests.desk.lab import ANN, ANYA, PLAIN, Lab, Person

SUMMARY = "DISCHARGE SUMMARY"


def joined(desk_lab: Lab) -> Document:
    """Two people's pages in one document."""
    desk_lab.two_pages()
    one, two = sorted(desk_lab.documents(), key=lambda d: d.pages)
    done = desk.join_previous(
        ANN, two.document_id, two.version, one.document_id, one.version, desk_lab.services
    )
    return desk_lab.document(done.item_id)


def parts(desk_lab: Lab, whole: Document) -> list[Document]:
    """After a split before the second page."""
    desk.split(ANN, whole.document_id, whole.version, 2, desk_lab.services)
    return sorted(desk_lab.documents(DocumentState.IN_REVIEW), key=lambda d: d.pages)


def forget_readings(desk_lab: Lab, scan_id: ScanId) -> None:
    shutil.rmtree(desk_lab.workspace.settings.spool / scan_id)


def holds_only(desk_lab: Lab, part: Document, person: Person, page_no: int) -> None:
    """Nothing of it comes from another page."""
    item = desk.item(ANN, part.document_id, desk_lab.services)
    assert [c.patient.mrn for c in item.candidates][:1] == [person.mrn]
    rows = [row for c in item.candidates for row in c.compared if row.scan_page_no]
    assert rows and {row.scan_page_no for row in rows} == {page_no}
    assert {f.scan_page_no for f in item.fields} == {page_no}
    assert (part.fields.mrn, part.fields.birth_date) == (person.mrn, person.born)


def test_each_part_of_a_split_speaks_for_its_own_patient(desk_lab: Lab) -> None:
    """At once: candidates, what was compared, fields, type and reasons are of its own page."""
    whole = joined(desk_lab)
    one, two = parts(desk_lab, whole)

    holds_only(desk_lab, one, PLAIN, 1)
    holds_only(desk_lab, two, ANYA, 2)
    assert one.document_type != two.document_type
    assert not any("somebody else" in r or "two" in r for d in (one, two) for r in d.decision.reasons)


def test_nobody_is_preselected_for_what_was_put_together_by_hand(desk_lab: Lab) -> None:
    """Also where its pages speak for one patient without doubt: a datum is typed."""
    for part in parts(desk_lab, joined(desk_lab)):
        item = desk.item(ANN, part.document_id, desk_lab.services)
        assert item.preselected is None and item.why is desk.Why.BY_HAND
        assert all(c.confirmation for c in item.candidates)


def test_what_was_joined_knows_all_of_its_pages(desk_lab: Lab) -> None:
    """Both people named are among its findings and candidates, and it says that they are two."""
    whole = joined(desk_lab)

    assert {f.value for f in whole.findings if f.kind is FindingKind.MRN} == {PLAIN.mrn, ANYA.mrn}
    ids = {c.patient_id for c in whole.decision.candidates}
    assert {desk_lab.patient_id(PLAIN), desk_lab.patient_id(ANYA)} <= ids
    assert whole.fields.mrn is None


def test_undoing_a_join_parts_the_evidence_too(desk_lab: Lab) -> None:
    joined(desk_lab)
    desk.undo(ANN, desk_lab.services)
    one, two = sorted(desk_lab.documents(DocumentState.IN_REVIEW), key=lambda d: d.pages)

    holds_only(desk_lab, one, PLAIN, 1)
    holds_only(desk_lab, two, ANYA, 2)


def test_where_nothing_read_is_at_hand_nobody_is_proposed(
    desk_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is read anew while somebody waits; the reason says to look."""
    whole = joined(desk_lab)
    forget_readings(desk_lab, whole.scan_id)
    monkeypatch.setattr(stub.StubWorkers, "read_pages", _never)
    monkeypatch.setattr(stub.StubWorkers, "reread_page", _never)

    for part in parts(desk_lab, whole):
        item = desk.item(ANN, part.document_id, desk_lab.services)
        assert (item.candidates, item.preselected) == ((), None)
        assert item.reasons == ("Split by user:ann.", drawn_anew.LOOK)
        assert {f.scan_page_no for f in item.fields} == set(part.pages)


def _never(*_: object, **__: object) -> None:
    raise AssertionError("nothing is read anew")
