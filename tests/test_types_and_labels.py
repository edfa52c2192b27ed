"""Facts about correcting types and labels: versions, the chart tree, and what is learnt from them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scanindex import app, pipeline, review, settings, typelearning
from scanindex.errors import ConfigError, UsageError
from scanindex.model import Document, DocumentState
from scanindex.store.types_file import TypeFile
from scanindex.watch import Follower
from tests.crash import stub
from tests.crash.service_main import drive, open_stubbed, quick_settings
from tests.test_review import give_roster

WHO = "user:clerk"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[app.Workspace]:
    """A workspace with a roster and one filed document, at least."""
    app.initialise(quick_settings(tmp_path))
    workspace = open_stubbed(quick_settings(tmp_path))
    give_roster(workspace, tmp_path)
    (workspace.settings.inbox / "A.pdf").write_bytes(stub.two_documents("review"))
    drive(workspace.settings)
    yield workspace
    workspace.close()


def filed(opened: app.Workspace) -> Document:
    with opened.catalog.read() as unit:
        found = unit.documents.all(DocumentState.FILED)
    if found:
        return found[0]
    with opened.catalog.read() as unit:
        waiting = unit.documents.all(DocumentState.IN_REVIEW)[0]
    patient = opened.roster.find("", limit=1) or opened.roster.find("a", limit=1)
    settled = review.Settlement(patient_id=patient[0].patient_id)
    review.accept(waiting.document_id, waiting.version, settled, WHO, opened.services)
    file_again(opened, waiting)
    return filed(opened)


def file_again(opened: app.Workspace, document: Document) -> None:
    with opened.catalog.read() as unit:
        scan = unit.scans.get(document.scan_id)
    assert scan is not None
    pipeline.file_proposed(scan, opened.services)
    Follower(opened.services, lambda kind, text: None).catch_up()


def now(opened: app.Workspace, document: Document) -> Document:
    with opened.catalog.read() as unit:
        found = unit.documents.get(document.document_id)
    assert found is not None
    return found


def in_tree(opened: app.Workspace, document: Document) -> bool:
    name = f"*{document.document_id[:8]}.pdf"
    return any((opened.settings.archive / "charts").rglob(name))


def test_a_label_takes_a_document_out_of_the_chart_tree_and_back(opened: app.Workspace) -> None:
    """Filed anew as the next version, found by its label, with the reason in its history."""
    first = filed(opened)
    Follower(opened.services, lambda kind, text: None).catch_up()
    assert in_tree(opened, first)

    review.relabel(first.document_id, first.version, ["hiv"], [], "see page 2", WHO, opened.services)
    file_again(opened, first)
    labelled = now(opened, first)
    assert (labelled.state, labelled.version) == (DocumentState.FILED, first.version + 1)
    assert labelled.sensitivity == ("hiv",) and not in_tree(opened, first)
    with opened.catalog.read() as unit:
        assert [d.document_id for d in unit.documents.all(sensitivity="hiv")] == [first.document_id]
        event = [e for e in unit.events.of(document_id=first.document_id) if e.kind == "relabelled"]
    assert event[0].payload["note"] == "see page 2"
    assert [h.document_id for h in opened.services.index.search("sensitivity:hiv").hits] == [
        first.document_id
    ]

    review.relabel(first.document_id, labelled.version, [], ["hiv"], "misread", WHO, opened.services)
    file_again(opened, first)
    assert now(opened, first).sensitivity == () and in_tree(opened, first)


def test_a_label_needs_a_reason_and_a_known_name(opened: app.Workspace) -> None:
    """Nothing is changed without either."""
    first = filed(opened)
    for add, note in (["hiv"], " "), (["gossip"], "why not"):
        with pytest.raises(UsageError):
            review.relabel(first.document_id, first.version, add, [], note, WHO, opened.services)
    assert now(opened, first).version == first.version


def test_retyping_keeps_patient_and_date_and_labels_by_type(opened: app.Workspace) -> None:
    """A psychiatric type brings its label; nothing else moves."""
    first = filed(opened)
    review.retype(first.document_id, first.version, "psychiatric_evaluation", "", WHO, opened.services)
    file_again(opened, first)
    second = now(opened, first)
    assert second.document_type == "psychiatric_evaluation" and second.sensitivity == ("mental_health",)
    assert (second.patient_id, second.service_date) == (first.patient_id, first.service_date)
    assert second.decision == first.decision


def test_a_retyped_document_is_a_correction_and_few_teach_nothing(opened: app.Workspace) -> None:
    """The lessons come from documents and events; under five corrections nothing is kept."""
    first = filed(opened)
    review.retype(first.document_id, first.version, "flowsheet", "", WHO, opened.services)
    file_again(opened, first)
    lessons = typelearning.lessons_of(opened.services)
    assert [(lesson.key, lesson.is_correction) for lesson in lessons] == [("flowsheet", True)]
    learned = typelearning.learn(opened.services)
    assert (learned.corrections, learned.is_kept) == (1, False) and opened.types.learned() is None


def test_what_was_learnt_is_used_at_once_and_a_damaged_file_is_none(tmp_path: Path) -> None:
    """A running service follows the file; one that cannot be read counts as nothing learnt."""
    path = tmp_path / "types.json"
    book = TypeFile(path)
    assert book.current().learned is None
    TypeFile(path).keep({"types": ["flowsheet"]}, {"candle": {"flowsheet": 2.0}}, {"flowsheet": 0.1})
    learned = book.current().learned
    assert learned is not None and learned.shift["candle"] == {"flowsheet": 2.0}
    path.write_text("{")
    assert book.current().learned is None


def test_own_types_stand_in_the_settings(tmp_path: Path) -> None:
    """Code, name and titles; a code that could not be a folder or column is refused."""
    (tmp_path / settings.FILE_NAME).write_text(
        '[types.day_clinic_note]\nname = "Day clinic"\ntitles = ["X", "Y Z"]\n'
    )
    (own,) = settings.load(tmp_path, {}).types
    assert (own.code, own.name, own.titles) == ("day_clinic_note", "Day clinic", ("X", "Y Z"))
    for bad in ("[types.'A/B']\n", "[types.x1]\ncolour = 1\n", "[types.other]\n"):
        (tmp_path / settings.FILE_NAME).write_text(bad)
        with pytest.raises(ConfigError):
            settings.load(tmp_path, {})
