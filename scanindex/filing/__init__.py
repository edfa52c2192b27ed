"""Filing: searchable PDF/A, words, record and manifest of a document.

`assemble` and `verify` open bytes and run in limited children; `stage` and the
readers of the archive's own files run in the parent. Image and PDF libraries are
imported only inside `assemble` and `verify`.
"""

from __future__ import annotations

from scanindex.filing.assemble import assemble, title_of
from scanindex.filing.folder import damaged_files, index_pages, read_record, read_words
from scanindex.filing.record import Record, RecordPage, record_json, text_of, words_gz
from scanindex.filing.record import read_words as unpack_words
from scanindex.filing.staging import in_page_order, stage
from scanindex.filing.verify import verify

__all__ = [
    "Record",
    "RecordPage",
    "assemble",
    "damaged_files",
    "in_page_order",
    "index_pages",
    "read_record",
    "read_words",
    "record_json",
    "stage",
    "text_of",
    "title_of",
    "unpack_words",
    "verify",
    "words_gz",
]
