"""Nothing is filed that two readers do not agree on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from scanindex import filing
from scanindex.errors import IntegrityError, VerifyFailed
from scanindex.filing.pdfa_check import problems
from tests.filing import paper


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    """A whole staged folder of one page."""
    original = paper.saved(tmp_path / "o.png", paper.sheet("L"), "PNG")
    folder = tmp_path / "staged"
    _, renditions = paper.assembled(original, "image/png", folder)
    filing.stage(
        folder, paper.document(), paper.patient(), paper.scan(), [paper.reading()], paper.NOW, renditions
    )
    return folder


def test_a_whole_folder_passes(staged: Path) -> None:
    """The normal case, once more with all files there."""
    filing.verify(staged, 1, True)


def test_a_wrong_page_count_is_refused(staged: Path) -> None:
    with pytest.raises(VerifyFailed, match="1 pages instead of 2"):
        filing.verify(staged, 2, True)


def test_a_missing_text_layer_is_refused(tmp_path: Path) -> None:
    """Words were read, the PDF gives none back."""
    original = paper.saved(tmp_path / "o.png", paper.sheet("L"), "PNG")
    paper.assembled(original, "image/png", tmp_path / "s", [paper.reading(words=())])
    with pytest.raises(VerifyFailed, match="text layer"):
        filing.verify(tmp_path / "s", 1, True)


def test_one_page_without_its_words_is_refused(tmp_path: Path) -> None:
    """Each page that has words is asked, not only the document."""
    original = paper.saved(
        tmp_path / "o.tif", paper.sheet("L"), "TIFF", save_all=True, append_images=[paper.sheet("L")]
    )
    bare = [paper.reading(1), paper.reading(2, words=())]
    paper.assembled(original, "image/tiff", tmp_path / "s", bare)
    full = [paper.reading(1), paper.reading(2)]
    filing.stage(tmp_path / "s", paper.document((1, 2)), None, paper.scan(), full, paper.NOW)
    with pytest.raises(VerifyFailed, match="text layer"):
        filing.verify(tmp_path / "s", 2, True)


@pytest.mark.parametrize("damage", [lambda d: d[: len(d) // 3], lambda d: b"%PDF-1.7 nothing", lambda d: b""])
def test_a_broken_pdf_is_refused(staged: Path, damage: Callable[[bytes], bytes]) -> None:
    pdf = staged / "document.pdf"
    pdf.write_bytes(damage(pdf.read_bytes()))
    with pytest.raises(VerifyFailed):
        filing.verify(staged, 1, True)


def test_a_file_changed_after_staging_is_refused(staged: Path) -> None:
    (staged / "text.txt").write_text("something else")
    with pytest.raises(VerifyFailed, match=r"text\.txt"):
        filing.verify(staged, 1, True)


def test_a_manifest_that_points_outside_is_refused(staged: Path) -> None:
    (staged / "manifest-sha256.txt").write_text("0" * 64 + "  ../../secret\n")
    with pytest.raises(IntegrityError):
        filing.verify(staged, 1, True)


def _change(staged: Path, change: Callable[[pikepdf.Pdf], Any]) -> list[str]:
    with pikepdf.open(staged / "document.pdf") as pdf:
        change(pdf)
        pdf.save(staged / "changed.pdf")
    with pikepdf.open(staged / "changed.pdf") as pdf:
        return problems(pdf)


def _no_metadata(pdf: pikepdf.Pdf) -> None:
    del pdf.Root.Metadata


def _no_intent(pdf: pikepdf.Pdf) -> None:
    del pdf.Root.OutputIntents


def _script(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("1"))


def _annotation(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].obj.Annots = pikepdf.Array([])


def _cmyk(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].Resources.XObject["/P1"].ColorSpace = pikepdf.Name.DeviceCMYK


def _bare_font(pdf: pikepdf.Pdf) -> None:
    del pdf.pages[0].Resources.Font["/Words"].DescendantFonts[0].FontDescriptor["/FontFile2"]


def _notdef(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].Resources.Font["/Words"].DescendantFonts[0].CIDToGIDMap = pikepdf.Name.Identity


def _soft_mask(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].Resources.XObject["/P1"].SMask = pdf.make_stream(b"")


def _title(pdf: pikepdf.Pdf) -> None:
    pdf.docinfo.Title = pikepdf.String("another")


@pytest.mark.parametrize(
    ("change", "clause"),
    [
        (_no_metadata, "6.6.2"),
        (_no_intent, "6.2.3"),
        (_script, "6.5"),
        (_annotation, "page 1 has /Annots"),
        (_cmyk, "6.2.4"),
        (_bare_font, "6.2.11.4"),
        (_notdef, "6.2.11.8"),
        (_soft_mask, "6.2/6.5"),
        (_title, "6.6.3"),
    ],
)
def test_the_structural_check_names_the_clause(
    staged: Path, change: Callable[[pikepdf.Pdf], None], clause: str
) -> None:
    """Each thing that PDF/A-2b forbids or demands and our writer could get wrong."""
    assert _change(staged, lambda pdf: None) == []
    assert any(problem.startswith(clause) for problem in _change(staged, change))


def test_an_encrypted_pdf_is_no_archive_pdf(staged: Path) -> None:
    with pikepdf.open(staged / "document.pdf") as pdf:
        pdf.save(staged / "changed.pdf", encryption=pikepdf.Encryption(owner="x", user=""))
    with pikepdf.open(staged / "changed.pdf") as pdf:
        assert "6.1.3 encrypted" in problems(pdf)


def test_metadata_names_no_person(staged: Path) -> None:
    """Type and date only; the name is read on the page, by whoever may see the page."""
    with pikepdf.open(staged / "document.pdf") as pdf:
        metadata = bytes(pdf.Root.Metadata.read_bytes())
        assert str(pdf.docinfo.Title) == "progress note 1994-06-21"
    assert b"progress note 1994-06-21" in metadata
    assert b"QUILLFEATHER" not in metadata and b"0047110" not in metadata
