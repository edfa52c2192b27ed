"""Facts about the paper of a box: who looks again, what keeps it, and when it may go."""

from __future__ import annotations

import dataclasses
import math
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scanindex import app, batch_qa, batches, paper, review
from scanindex.cli import cli
from scanindex.errors import ConflictError, FixityFailed, NotAllowedNow, NotFound, UsageError
from scanindex.model import Batch, BatchId, Document, DocumentState
from scanindex.services import Services
from scanindex.store.rebuild import replay
from tests.crash import stub
from tests.crash.service_main import JumpingClock, drive, open_stubbed, quick_settings
from tests.crash.tasks import prepare

CLERK, CLOSER, SECOND, THIRD = "user:clerk", "user:closer", "user:second", "user:third"
BATCH = BatchId("k7box000000000000000")
LABEL = "Box 7"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with an open batch of two filed documents; made once."""
    home = tmp_path_factory.mktemp("filled")
    prepare(str(home))
    opened = open_stubbed(quick_settings(home))
    batch = Batch(
        batch_id=BATCH,
        label=LABEL,
        folder="box",
        location="Shelf 3",
        sides=1,
        opened_at=opened.clock.now(),
    )
    batches.open_batch(batch, CLERK, opened.services)
    (home / "inbox" / "box").mkdir()
    (home / "inbox" / "box" / "A.pdf").write_bytes(stub.two_documents("paper"))
    drive(opened.settings)
    opened.close()
    return home


@pytest.fixture
def opened(filled: Path, tmp_path: Path) -> Iterator[app.Workspace]:
    shutil.copytree(filled, tmp_path / "home")
    workspace = open_stubbed(quick_settings(tmp_path / "home"))
    yield workspace
    workspace.close()


@pytest.fixture
def later(opened: app.Workspace) -> Services:
    """The same world, the waiting days gone by."""
    batches.close_batch(BATCH, "", CLOSER, opened.services)
    clock = JumpingClock()
    clock.ahead = timedelta(days=opened.settings.batches.keep_days + 1)
    return dataclasses.replace(opened.services, clock=clock)


def documents(services: Services) -> list[Document]:
    with services.catalog.read() as unit:
        return unit.documents.all()


def look(document: Document, services: Services, who: str = SECOND, is_ok: bool = True) -> None:
    note = "" if is_ok else "page 1 is cut off"
    batch_qa.qa_verdict(BATCH, document.document_id, document.version, is_ok, note, who, services)


def look_at_all(services: Services) -> None:
    batch_qa.draw_qa(BATCH, SECOND, services)
    for document in documents(services):
        look(document, services)


# --- the sample --------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [1, 7, 40, 150, 900, 20_000])
@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
def test_the_sample_shows_the_stated_share_of_faults(count: int, share: float) -> None:
    """With 95 percent probability, and one document fewer would not."""

    def unseen(drawn: int) -> float:
        faulty = math.ceil(share * count)
        return math.comb(count - faulty, drawn) / math.comb(count, drawn)

    drawn = batch_qa.sample_size(count, share)

    assert 0 < drawn <= count
    assert unseen(drawn) <= 0.05 < unseen(drawn - 1)


def test_the_sample_of_a_large_box_is_known() -> None:
    """The textbook figure: 59 for one in twenty."""
    assert batch_qa.sample_size(100_000, 0.05) == 59
    assert batch_qa.sample_size(0, 0.05) == 0


# --- the second look ---------------------------------------------------------------------------
def test_a_sample_is_drawn_of_closed_batches_only(opened: app.Workspace) -> None:
    with pytest.raises(NotAllowedNow, match="close it first"):
        batch_qa.draw_qa(BATCH, SECOND, opened.services)


def test_it_passes_when_a_second_person_looked_at_all_that_was_drawn(later: Services) -> None:
    drawn = batch_qa.draw_qa(BATCH, SECOND, later)
    assert len(drawn.to_look_at) == drawn.sample_size == 2

    first, second = documents(later)
    look(first, later)
    assert not batch_qa.qa_status(BATCH, later).is_passed
    look(second, later)
    assert batch_qa.qa_status(BATCH, later).is_passed


def test_nobody_looks_at_what_they_settled_or_closed(opened: app.Workspace) -> None:
    """Who decided, who only changed it, and who closed the batch."""
    one, other = documents(opened.services)
    assert one.patient_id is not None
    back = review.reopen(one.document_id, one.version, "", THIRD, opened.services)
    settled = review.Settlement(patient_id=one.patient_id)
    review.accept(back.document_id, back.version, settled, CLERK, opened.services)
    drive(opened.settings)
    batches.close_batch(BATCH, "", CLOSER, opened.services)
    batch_qa.draw_qa(BATCH, SECOND, opened.services)
    one = next(d for d in documents(opened.services) if d.document_id == one.document_id)

    for who in (CLERK, THIRD):
        with pytest.raises(NotAllowedNow, match="same person"):
            look(one, opened.services, who)
    with pytest.raises(NotAllowedNow, match="closed"):
        look(other, opened.services, CLOSER)
    look(one, opened.services, SECOND)
    look(other, opened.services, CLERK)
    assert batch_qa.qa_status(BATCH, opened.services).is_passed


def test_a_fault_is_put_right_by_somebody_else_and_looked_at_again(
    opened: app.Workspace, later: Services
) -> None:
    """It comes to the recheck list; whoever mends it cannot also say that it is right."""
    batch_qa.draw_qa(BATCH, SECOND, later)
    faulty, fine = documents(later)
    look(fine, later)
    look(faulty, later, is_ok=False)
    found = batch_qa.qa_status(BATCH, later)
    assert found.faults_open == (faulty.document_id,) and not found.is_passed
    assert next(d for d in documents(later) if d.document_id == faulty.document_id).recheck

    review.retype(faulty.document_id, faulty.version, "lab_report", "", CLERK, later)
    drive(opened.settings)
    mended = next(d for d in documents(later) if d.document_id == faulty.document_id)
    assert batch_qa.qa_status(BATCH, later).to_look_at == (faulty.document_id,)
    with pytest.raises(NotAllowedNow, match="same person"):
        look(mended, later, CLERK)
    look(mended, later)
    assert batch_qa.qa_status(BATCH, later).is_passed


def test_a_fault_asks_for_another_sample(later: Services) -> None:
    """Where something is left to draw: the first one came out badly."""
    settings = dataclasses.replace(
        later.settings, batches=dataclasses.replace(later.settings.batches, qa_fault_share=0.99)
    )
    services = dataclasses.replace(later, settings=settings)
    (drawn,) = batch_qa.draw_qa(BATCH, SECOND, services).to_look_at
    first = next(d for d in documents(services) if d.document_id == drawn)
    look(first, services, is_ok=False)
    look(first, services, THIRD)

    assert any("another one" in point for point in batch_qa.qa_status(BATCH, services).points)
    (more,) = batch_qa.draw_qa(BATCH, SECOND, services).to_look_at
    assert more != drawn
    look(next(d for d in documents(services) if d.document_id == more), services)
    assert batch_qa.qa_status(BATCH, services).is_passed


def test_pages_that_were_drawn_are_looked_at_wherever_they_go(opened: app.Workspace, later: Services) -> None:
    """Joining a drawn document into another does not make its look go away."""
    look_at_all(later)
    one, two = [review.reopen(d.document_id, d.version, "", CLERK, later) for d in documents(later)]
    joined = review.join(one.document_id, one.version, two.document_id, two.version, CLERK, later)
    assert one.decision.candidates
    patient = one.decision.candidates[0].patient_id
    review.accept(joined.document_id, joined.version, review.Settlement(patient_id=patient), CLERK, later)
    drive(opened.settings)

    assert batch_qa.qa_status(BATCH, later).to_look_at == (joined.document_id,)


def test_a_verdict_is_on_what_was_seen_and_drawn(opened: app.Workspace, later: Services) -> None:
    one, _ = documents(later)
    with pytest.raises(NotAllowedNow, match="not drawn"):
        look(one, later)
    batch_qa.draw_qa(BATCH, SECOND, later)
    with pytest.raises(ConflictError):
        look(dataclasses.replace(one, version=one.version + 1), later)
    with pytest.raises(UsageError):
        batch_qa.qa_verdict(BATCH, one.document_id, one.version, False, " ", SECOND, later)


# --- holds -------------------------------------------------------------------------------------
def test_a_hold_on_one_document_keeps_its_whole_box(later: Services) -> None:
    """Until it is lifted with a note, once."""
    look_at_all(later)
    made = paper.hold("lawsuit", SECOND, later, document_id=documents(later)[0].document_id)
    assert made.batch_id == BATCH
    with pytest.raises(NotAllowedNow, match="not lifted"):
        paper.release(BATCH, LABEL, True, SECOND, later)

    with pytest.raises(UsageError):
        paper.lift(made.hold_id, "", SECOND, later)
    paper.lift(made.hold_id, "settled", SECOND, later)
    assert paper.release_points(BATCH, later) == []
    with pytest.raises(NotAllowedNow):
        paper.lift(made.hold_id, "again", SECOND, later)
    assert paper.holds(later, open_only=True) == []


def test_holds_name_something_that_is_there_and_say_why(later: Services) -> None:
    with pytest.raises(UsageError):
        paper.hold(" ", SECOND, later, batch_id=BATCH)
    with pytest.raises(NotFound):
        paper.hold("x", SECOND, later, batch_id=BatchId("nothing"))


def test_what_only_the_paper_shows_holds_it_by_itself(opened: app.Workspace) -> None:
    """Such a batch can be closed, never released, until the document is something else."""
    one, _ = documents(opened.services)
    review.reject(one.document_id, one.version, DocumentState.PAPER_KEPT, "", CLERK, opened.services)
    found = batches.close_batch(BATCH, "", CLOSER, opened.services)

    assert found.paper_kept == 1
    assert [d.document_id for d in paper.kept(BATCH, opened.services)] == [one.document_id]
    assert any("only be read on paper" in p for p in paper.release_points(BATCH, opened.services))


# --- release -----------------------------------------------------------------------------------
def test_paper_goes_only_after_the_waiting_days_and_the_second_look(opened: app.Workspace) -> None:
    """All that is in the way is told at once."""
    assert paper.release_points(BATCH, opened.services)[0] == "it is not closed"
    batches.close_batch(BATCH, "", CLOSER, opened.services)

    points = paper.release_points(BATCH, opened.services)

    assert any("kept until" in point for point in points)
    assert any("no sample" in point for point in points)


def test_the_release_list_names_every_file_with_its_hash(later: Services) -> None:
    """It can be printed again, and nobody can release or hold what is gone."""
    look_at_all(later)

    made = paper.release(BATCH, LABEL, True, THIRD, later)

    with later.catalog.read() as unit:
        (scan,) = unit.scans.all()
    assert [(line.scan_id, line.sides, line.documents) for line in made.lines] == [(scan.scan_id, 2, 2)]
    assert (made.sheets, made.location, made.looked_at_by) == (2, "Shelf 3", (SECOND,))
    assert paper.release_list(BATCH, later) == made
    for again in (
        lambda: paper.release(BATCH, LABEL, True, THIRD, later),
        lambda: paper.hold("late", SECOND, later, batch_id=BATCH),
        lambda: batch_qa.draw_qa(BATCH, SECOND, later),
    ):
        with pytest.raises(NotAllowedNow):
            again()


def test_a_release_is_confirmed_and_backed_up(later: Services) -> None:
    """The label typed, and a backup said to be there."""
    look_at_all(later)
    with pytest.raises(UsageError):
        paper.release(BATCH, "Box 8", True, THIRD, later)
    with pytest.raises(UsageError):
        paper.release(BATCH, LABEL, False, THIRD, later)
    assert paper.release_points(BATCH, later) == []


@pytest.mark.parametrize("what", ["originals", "documents"])
def test_a_damaged_file_keeps_the_paper(later: Services, what: str) -> None:
    """One flipped byte, of the original or of what was filed, found at that moment."""
    look_at_all(later)
    pattern = "*/*" if what == "originals" else "**/document.pdf"
    victim = next(p for p in (later.settings.archive / what).glob(pattern) if p.is_file())
    victim.chmod(0o600)
    data = bytearray(victim.read_bytes())
    data[-1] ^= 1
    victim.write_bytes(data)

    with pytest.raises(FixityFailed):
        paper.release(BATCH, LABEL, True, THIRD, later)
    with pytest.raises(NotAllowedNow):
        paper.release_list(BATCH, later)


def test_all_of_it_comes_back_from_the_event_log(opened: app.Workspace, later: Services) -> None:
    """Holds, looks and the release survive a lost catalog."""
    held = paper.hold("once", SECOND, later, batch_id=BATCH)
    paper.lift(held.hold_id, "over", SECOND, later)
    look_at_all(later)
    made = paper.release(BATCH, LABEL, True, THIRD, later)
    status, all_holds = batch_qa.qa_status(BATCH, later), paper.holds(later)
    opened.close()
    (opened.settings.var / "catalog.db").unlink()
    app.initialise(opened.settings, is_rebuild=True)

    again = open_stubbed(opened.settings)
    replay(again.catalog, again.event_log, again.roster)
    found = (
        batch_qa.qa_status(BATCH, again.services),
        paper.holds(again.services),
        paper.release_list(BATCH, again.services),
    )
    again.close()

    assert found == (status, all_holds, made)


# --- the command line --------------------------------------------------------------------------
def scanindex(opened: app.Workspace, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--home", str(opened.settings.home), *arguments])


def test_the_commands_take_abbreviated_ids(opened: app.Workspace) -> None:
    """Look, hold, lift, and what is in the way of a release."""
    assert scanindex(opened, "batch", "close", "k7").output == "closed\n"
    assert "sample" in scanindex(opened, "batch", "qa", "k7").output
    assert "look at:" in scanindex(opened, "batch", "qa", "k7box", "--draw").output
    hold_id = scanindex(opened, "batch", "hold", "k7", "--reason", "lawsuit").output.strip()
    assert "lawsuit" in scanindex(opened, "batch", "holds").output
    assert "is not lifted" in scanindex(opened, "batch", "release", "k7").output
    assert scanindex(opened, "batch", "lift", hold_id[:6], "--note", "over").output == "lifted\n"
    refused = scanindex(opened, "batch", "release", "k7", "--confirm", LABEL, "--backed-up")
    assert refused.exit_code != 0
    assert scanindex(opened, "batch", "show", "zz").exit_code != 0


def test_the_printed_list_is_signed(opened: app.Workspace, later: Services) -> None:
    look_at_all(later)
    paper.release(BATCH, LABEL, True, THIRD, later)

    printed = scanindex(opened, "batch", "release", "k7").output

    assert LABEL in printed and "SHA-256" in printed and "Destroyed on" in printed


def test_the_strip_on_the_command_line(opened: app.Workspace) -> None:
    """Pages move, are set aside and turned by number."""
    for document in documents(opened.services):
        review.reopen(document.document_id, document.version, "", CLERK, opened.services)
    with opened.catalog.read() as unit:
        scan = unit.scans.all()[0].scan_id[:8]

    assert "in_review" in scanindex(opened, "review", "strip", scan).output
    assert "pages 2" in scanindex(opened, "review", "move", scan, "2").output
    assert "no page left" in scanindex(opened, "review", "set-aside", scan, "1", "--as", "blank").output
    assert "set aside" in scanindex(opened, "review", "strip", scan).output
    assert scanindex(opened, "review", "move", scan, "2-1").exit_code != 0
