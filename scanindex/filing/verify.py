"""Is a freshly assembled document fit to be filed? Two readers must agree. Worker-only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scanindex.errors import VerifyFailed, transient
from scanindex.filing import paths, record


def verify(staged: Path, page_count: int, expects_text: bool) -> None:
    """Raises VerifyFailed unless document.pdf is a PDF/A-2b of `page_count` pages in both readers,
    and document-small.pdf, where there is one, too.

    expects_text: some page has words, so the text layer must give some back; where
    words.json.gz is staged already, that is asked of each page that has words.
    A staged manifest must fit the files.
    """
    pdfs = [staged / paths.DOCUMENT_PDF]
    pdfs += [path for name in paths.OPTIONAL_FILES if (path := staged / name).exists()]
    try:
        for pdf in pdfs:
            _check_structure(pdf, page_count)
            _check_second_reader(pdf, page_count, _pages_with_words(staged), expects_text)
        _check_manifest(staged)
    except OSError as error:
        if error.errno is None:
            raise VerifyFailed("a reader gave up on the assembled PDF") from error
        raise transient(error) from error


def _check_structure(pdf: Path, page_count: int) -> None:
    import pikepdf

    from scanindex.filing.pdfa_check import problems

    try:
        with pikepdf.open(pdf) as opened:
            if len(opened.pages) != page_count:
                raise VerifyFailed(f"{len(opened.pages)} pages instead of {page_count}")
            found = problems(opened)
    except pikepdf.PdfError as error:
        raise VerifyFailed("the first reader cannot open the assembled PDF") from error
    if found:
        raise VerifyFailed(f"not PDF/A-2b: {found[0]} ({len(found)} findings)")


def _check_second_reader(pdf: Path, page_count: int, with_words: frozenset[int], expects_text: bool) -> None:
    import pypdfium2

    try:
        opened = pypdfium2.PdfDocument(pdf)
    except pypdfium2.PdfiumError as error:
        raise VerifyFailed("the second reader cannot open the assembled PDF") from error
    try:
        if len(opened) != page_count:
            raise VerifyFailed(f"the second reader sees {len(opened)} pages instead of {page_count}")
        if not expects_text:
            return
        found = frozenset(no for no in range(1, page_count + 1) if _has_text(opened, no))
        if not found or with_words - found:
            raise VerifyFailed("the text layer is empty where words were read")
    except pypdfium2.PdfiumError as error:
        raise VerifyFailed("the second reader cannot load a page") from error
    finally:
        opened.close()


def _has_text(opened: Any, page_no: int) -> bool:
    page = opened[page_no - 1]
    text = page.get_textpage()
    count = int(text.count_chars())
    text.close()
    page.close()
    return count > 0


def _pages_with_words(staged: Path) -> frozenset[int]:
    words = staged / paths.WORDS
    if not words.is_file():
        return frozenset()
    readings = record.read_words(words.read_bytes())
    return frozenset(
        no for no, reading in enumerate(readings, start=1) if any(word.text.strip() for word in reading.words)
    )


def _check_manifest(staged: Path) -> None:
    manifest = staged / paths.MANIFEST
    if not manifest.is_file():
        return
    for name, digest in record.read_manifest(manifest.read_bytes()).items():
        if record.sha256_hex((staged / name).read_bytes()) != digest:
            raise VerifyFailed(f"{name} does not match its manifest")
