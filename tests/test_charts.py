"""The browsable tree: right patient, right place, and nothing left behind."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from scanindex.model import Document, DocumentId, Identifier, Patient, PatientId, PersonName
from scanindex.store import charts as charts_module
from scanindex.store.charts import Charts
from tests.filing import paper


def _folder(root: Path, document: Document, text: str = "pdf") -> Path:
    folder = root / "documents" / document.document_id / f"v{document.version:04d}"
    folder.mkdir(parents=True)
    (folder / "document.pdf").write_text(text)
    return folder


def _tree(root: Path) -> list[str]:
    """Everything a person sees, hidden files left out."""
    view = root / "charts"
    found = (p.relative_to(view) for p in view.rglob("*") if p.is_file())
    return sorted(p.as_posix() for p in found if not any(part.startswith(".") for part in p.parts))


def _patient(number: str, last: str = "QUILLFEATHER", mrn: str = "0047110") -> Patient:
    return paper.patient(
        patient_id=PatientId(f"p-{number}"),
        names=(PersonName(last=last, first="ODA"),),
        identifiers=(Identifier(authority="local", type="mrn", value=mrn),),
    )


PLACE = "QUILLFEATHER, ODA  0047110/1994/1994-06-21 progress note qx2k7abc.pdf"


def test_a_document_is_shown_under_its_patient(tmp_path: Path) -> None:
    document = paper.document()
    shown = Charts(tmp_path).show(document, _patient("1"), _folder(tmp_path, document))
    assert _tree(tmp_path) == [PLACE]
    assert shown.read_text() == "pdf"
    assert Charts(tmp_path).where(document.document_id) == shown


def test_showing_again_changes_nothing(tmp_path: Path) -> None:
    document = paper.document()
    folder = _folder(tmp_path, document)
    for _ in range(3):
        shown = Charts(tmp_path).show(document, _patient("1"), folder)
    assert _tree(tmp_path) == [PLACE]
    assert shown.stat().st_ino == (folder / "document.pdf").stat().st_ino


def test_a_lost_link_is_made_again(tmp_path: Path) -> None:
    document = paper.document()
    folder = _folder(tmp_path, document)
    Charts(tmp_path).show(document, _patient("1"), folder).unlink()
    Charts(tmp_path).show(document, _patient("1"), folder)
    assert _tree(tmp_path) == [PLACE]


def test_a_new_version_replaces_the_old(tmp_path: Path) -> None:
    charts = Charts(tmp_path)
    first, second = paper.document(), paper.document(version=2)
    charts.show(first, _patient("1"), _folder(tmp_path, first, "old"))
    shown = charts.show(second, _patient("1"), _folder(tmp_path, second, "new"))
    assert (_tree(tmp_path), shown.read_text()) == ([PLACE], "new")


def test_a_correction_leaves_nothing_under_the_wrong_patient(tmp_path: Path) -> None:
    """Neither the link nor an empty folder with the other person's name."""
    charts = Charts(tmp_path)
    first, second = paper.document(), paper.document(version=2)
    charts.show(first, _patient("1"), _folder(tmp_path, first))
    charts.show(second, _patient("2", "OTHERWISE", "99"), _folder(tmp_path, second))
    assert _tree(tmp_path) == ["OTHERWISE, ODA  99/1994/1994-06-21 progress note qx2k7abc.pdf"]
    assert not (tmp_path / "charts" / "QUILLFEATHER, ODA  0047110").exists()


def test_the_old_place_is_cleared_before_the_new_one_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash in between shows the document nowhere for a while, never in two charts."""
    charts = Charts(tmp_path)
    first, second = paper.document(), paper.document(version=2)
    charts.show(first, _patient("1"), _folder(tmp_path, first))
    other, folder = _patient("2", "OTHERWISE", "99"), _folder(tmp_path, second)

    def crash(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(charts_module, "_link", crash)
        with pytest.raises(KeyboardInterrupt):
            charts.show(second, other, folder)
    assert _tree(tmp_path) == []
    Charts(tmp_path).show(second, other, folder)
    assert len(_tree(tmp_path)) == 1


def test_hiding_takes_it_out(tmp_path: Path) -> None:
    charts, document = Charts(tmp_path), paper.document()
    charts.show(document, _patient("1"), _folder(tmp_path, document))
    charts.hide(document.document_id)
    charts.hide(document.document_id)
    charts.hide(DocumentId("never1shown"))
    assert _tree(tmp_path) == []
    assert charts.where(document.document_id) is None


def test_a_changed_name_moves_the_whole_chart(tmp_path: Path) -> None:
    """Also documents that were not shown again since."""
    charts = Charts(tmp_path)
    one, two = paper.document(), paper.document(document_id=DocumentId("zz2k7abcdefghijklmno"))
    folder = _folder(tmp_path, one)
    charts.show(one, _patient("1"), folder)
    charts.show(two, _patient("1"), _folder(tmp_path, two))
    charts.show(one, _patient("1", last="MARRIED"), folder)
    assert len(_tree(tmp_path)) == 2
    assert {name.split("/")[0] for name in _tree(tmp_path)} == {"MARRIED, ODA  0047110"}
    charts.hide(two.document_id)
    assert len(_tree(tmp_path)) == 1


def test_a_move_cut_short_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while the chart moves: everything can still be found, hidden and moved."""
    charts = Charts(tmp_path)
    one, two = paper.document(), paper.document(document_id=DocumentId("zz2k7abcdefghijklmno"))
    folder = _folder(tmp_path, one)
    charts.show(one, _patient("1"), folder)
    charts.show(two, _patient("1"), _folder(tmp_path, two))

    def crash(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(charts_module, "_merge", crash)
        with pytest.raises(KeyboardInterrupt):
            charts.show(one, _patient("1", last="MARRIED"), folder)
    fresh = Charts(tmp_path)
    assert fresh.where(two.document_id) is not None
    fresh.show(one, _patient("1", last="MARRIED"), folder)
    assert {name.split("/")[0] for name in _tree(tmp_path)} == {"MARRIED, ODA  0047110"}


def test_namesakes_keep_their_own_folders(tmp_path: Path) -> None:
    """Same name and, by two authorities or in another case, the same number."""
    charts = Charts(tmp_path)
    people = [_patient("1", mrn="a1"), _patient("2", mrn="A1"), _patient("3", mrn="b2")]
    for number, person in enumerate(people):
        document = paper.document(document_id=DocumentId(f"d{number}2k7abcdefghijklmno"))
        charts.show(document, person, _folder(tmp_path, document))
    folders = {name.split("/")[0] for name in _tree(tmp_path)}
    assert len(folders) == 3 == len({name.casefold() for name in folders})


def test_undated_documents_have_their_place(tmp_path: Path) -> None:
    document = paper.document(service_date=None, document_type=None)
    Charts(tmp_path).show(document, _patient("1"), _folder(tmp_path, document))
    assert _tree(tmp_path) == ["QUILLFEATHER, ODA  0047110/undated/undated untyped qx2k7abc.pdf"]


def test_where_links_do_not_exist_it_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on many network shares."""

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EOPNOTSUPP, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    document = paper.document()
    shown = Charts(tmp_path).show(document, _patient("1"), _folder(tmp_path, document))
    assert shown.read_text() == "pdf" and _tree(tmp_path) == [PLACE]


def test_rebuilding_shows_exactly_what_it_is_given(tmp_path: Path) -> None:
    """Leftovers of any kind are gone afterwards."""
    charts, document = Charts(tmp_path), paper.document()
    folder = _folder(tmp_path, document)
    stray = tmp_path / "charts" / "SOMEBODY, ELSE  1" / "1990" / "x.pdf"
    stray.parent.mkdir(parents=True)
    stray.write_text("x")
    assert charts.rebuild([(document, _patient("1"), folder)]) == 1
    assert _tree(tmp_path) == [PLACE]


def test_a_damaged_marker_points_nowhere_outside(tmp_path: Path) -> None:
    """Whoever can write into the view can not make the product remove other files."""
    charts, document = Charts(tmp_path), paper.document()
    folder = _folder(tmp_path, document)
    charts.show(document, _patient("1"), folder)
    victim = tmp_path / "victim"
    victim.write_text("kept")
    for marker in (tmp_path / "charts" / ".shown").rglob("*"):
        if marker.is_file():
            marker.chmod(0o640)
            marker.write_text('{"patient": "p-1", "rest": "../../victim", "version": 1}')
    charts.hide(document.document_id)
    assert victim.read_text() == "kept"
