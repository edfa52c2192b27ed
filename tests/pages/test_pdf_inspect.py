"""What `inspect` says about PDFs: the right number of pages, and what readers would hide."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanindex import pages
from scanindex.errors import (
    CorruptFile,
    EmptyFile,
    EncryptedFile,
    InputError,
    NoPages,
    OversizeFile,
    UnknownFormat,
)
from scanindex.settings import PagesSettings
from tests.pages.conftest import Odd
from tests.pages.look import damage, inspected
from tests.pages.make_odd_files import MAKERS


@pytest.mark.parametrize(
    ("name", "count", "codes"),
    [
        ("pdf_grey_jpeg.pdf", 1, set()),
        ("pdf_born_digital.pdf", 1, set()),
        ("pdf_owner_password.pdf", 1, set()),
        ("pdf_incremental.pdf", 2, set()),
        ("pdf_attachment.pdf", 1, set()),
        ("pdf_leading_junk.pdf", 2, set()),
        ("pdf_page_twice.pdf", 3, set()),
        ("pdf_no_media_box.pdf", 1, set()),
        ("pdf_glued.pdf", 3, {"glued_pdfs", "xref_rebuilt"}),
        ("pdf_glued_first_cut.pdf", 3, {"glued_pdfs", "xref_rebuilt"}),
        ("pdf_xref_broken.pdf", 2, {"xref_rebuilt"}),
        ("pdf_no_end_mark.pdf", 2, {"xref_rebuilt"}),
        ("pdf_count_lies.pdf", 1, {"page_counts_differ"}),
        ("pdf_tree_loop.pdf", 1, {"page_counts_differ"}),
        ("pdf_portfolio.pdf", 1, {"portfolio"}),
        ("pdf_missing_content.pdf", 1, {"damaged_content"}),
        ("pdf_cut_jpeg.pdf", 1, {"truncated_image"}),
        ("pdf_cut_flate.pdf", 1, {"truncated_image"}),
        ("pdf_cut_jpx.pdf", 1, {"truncated_image"}),
        ("pdf_jbig2_cut.pdf", 1, {"truncated_image"}),
    ],
)
def test_pages_and_damage(odd: Odd, name: str, count: int, codes: set[str]) -> None:
    """Three trailers of an edited file are no damage; two files in one are."""
    info = inspected(odd(name))
    assert (info.page_count, damage(info.problems)) == (count, codes)


def test_a_pdf_cut_to_a_third_never_looks_sound(odd: Odd) -> None:
    assert damage(inspected(odd("pdf_cut_third.pdf")).problems) >= {"xref_rebuilt", "page_counts_differ"}


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("pdf_javascript.pdf", "note:active_content"),
        ("pdf_attachment.pdf", "note:attachments"),
        ("pdf_portfolio.pdf", "note:attachments"),
    ],
)
def test_active_content_is_noted(odd: Odd, name: str, note: str) -> None:
    assert note in inspected(odd(name)).problems


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("pdf_user_password.pdf", EncryptedFile),
        ("pdf_no_pages.pdf", NoPages),
        ("pdf_header_only.pdf", CorruptFile),
        ("pdf_bomb_image.pdf", OversizeFile),
        ("empty.pdf", EmptyFile),
        ("text.tif", UnknownFormat),
    ],
)
def test_files_that_cannot_be_processed(odd: Odd, name: str, error: type[InputError]) -> None:
    with pytest.raises(error):
        inspected(odd(name))


def test_too_many_pages(odd: Odd) -> None:
    with pytest.raises(OversizeFile):
        inspected(odd("pdf_glued.pdf"), PagesSettings(max_pages=2))


def test_a_content_bomb_is_survived(odd: Odd) -> None:
    """200 MB of blanks behind 200 kB: looked at up to a limit."""
    assert inspected(odd("pdf_bomb_content.pdf")).page_count == 1


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_only_documented_errors_come_out(odd: Odd, name: str) -> None:
    """Whatever type a file claims to be, each function answers or raises an InputError."""
    path = odd(name)
    for media_type in (
        "application/pdf",
        "image/tiff",
        "image/jpeg",
        "image/heic",
        "image/png",
        "text/plain",
    ):
        try:
            pages.inspect(path, media_type, PagesSettings())
        except InputError as error:
            assert error.code
    if name.startswith("pdf_bomb"):
        return
    for media_type in ("image/tiff", "image/jpeg", "image/jp2"):
        try:
            assert pages.rasterise(path, media_type, 1, PagesSettings()).pixels.ndim == 2
        except InputError as error:
            assert error.code


@pytest.mark.parametrize(
    "name", ["pdf_g4.pdf", "pdf_born_digital.pdf", "tiff_g4_strips.tif", "jpeg_colour.jpg"]
)
@pytest.mark.parametrize("share", [0.1, 0.35, 0.5, 0.8, 0.97])
def test_no_cut_file_passes_as_sound(odd: Odd, tmp_path: Path, name: str, share: float) -> None:
    """Cut anywhere, a file is refused or marked; never one page, no problem."""
    data = odd(name).read_bytes()
    path = tmp_path / name
    path.write_bytes(data[: int(len(data) * share)])
    try:
        info = pages.inspect(path, _type(name), PagesSettings())
    except InputError:
        return
    assert damage(info.problems)


def _type(name: str) -> str:
    return {"pdf": "application/pdf", "tif": "image/tiff", "jpg": "image/jpeg"}[name[-3:]]
