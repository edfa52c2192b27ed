"""One page as Tantivy holds it: the fields, and the document made of a page.

Keys are made by `row` and `expand`, never by Tantivy's tokenizers, so every
engine holds the same. Several keys share a word's position: the text goes in
ready cut. `stored` is what is shown of a page, `text` of it included.
Numbers beside it (days, sort keys, facet values) are columns.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Any

import tantivy

from scanindex.index import expand, query, row
from scanindex.index.reader import FACETS
from scanindex.model import IndexPage

FORMAT = 2
"""Raise it when fields change: an index of another format is built anew."""
TEXT = "text"
LABELS = (
    "about",
    "alike",
    "name",
    "sound",
    "mrn",
    "type",
    "provider",
    "facility",
    "source",
    "sensitivity",
    "document_id",
    "patient_id",
    "bucket",
)
DAY_ENDS = tuple(f"{name}_{end}" for name in query.DATE_FIELDS for end in ("first", "last"))
NEWEST, OLDEST, DOCUMENT = "newest", "oldest", "document"
VERSION, PAGE_NO, DAY = "version", "page_no", "date_first"
_COLUMNS = (*DAY_ENDS, NEWEST, OLDEST, DOCUMENT, VERSION, PAGE_NO, *(f"facet_{name}" for name in FACETS))
BUCKETS = 128
"""Every document falls in one: what is too many to count is counted in one of them."""

_ID_CHARACTERS = "234567abcdefghijklmnopqrstuvwxyz"
"""What product ids are made of (`ports.Ids`), ascending: eight of them fit a sort key."""
_ID_KEY_CHARACTERS = 8
_ID_BITS = 5 * _ID_KEY_CHARACTERS
_ID_MASK = (1 << _ID_BITS) - 1
_DAY_MASK = (1 << 22) - 1


def schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field(TEXT, tokenizer_name="raw", index_option="position")
    for name in LABELS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in _COLUMNS:
        builder.add_unsigned_field(name, fast=True)
    builder.add_bytes_field("stored", stored=True)
    return builder.build()


def document(page: IndexPage, dictionary: row.Dictionary) -> tantivy.Document:
    made = tantivy.Document()
    tokens = []
    words = page.text.split()
    for number, found in expand.numbered(words):
        tokens += [tantivy.Token(key, number, 0, 0) for key in found]
    made.add_pre_tokenized_text(TEXT, tantivy.PreTokenizedString("", tokens))
    kept = {"alike": dictionary.take(words), "bucket": [str(number_of(page.document_id) % BUCKETS)]}
    for name, keys in {**row.labels(page), **kept}.items():
        for key in keys:
            made.add_text(name, key)
    for name, value in _columns(page).items():
        made.add_unsigned(name, value)
    made.add_bytes("stored", _pack(page))
    return made


def _columns(page: IndexPage) -> dict[str, int]:
    spans = row.days(page)
    found = {f"{name}_{end}": getattr(span, end) for name, span in spans.items() for end in ("first", "last")}
    newest, oldest = sort_keys(spans["date"].first, page.document_id)
    found |= {NEWEST: newest, OLDEST: oldest, VERSION: page.version, PAGE_NO: page.page_no}
    found[DOCUMENT] = number_of(page.document_id)
    for name, value in row.facets(page).items():
        found[f"facet_{name}"] = number_of(value)
    return found


def number_of(value: str) -> int:
    """The value as a number that hardly any other value has; 0 for none."""
    if not value:
        return 0
    digest = hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return max(1, int.from_bytes(digest, "big") >> 1)


def sort_keys(day: int, document_id: str) -> tuple[int, int]:
    """Descending by the first: newest day first, undated last; ascending by the second: oldest first.

    Both then ascend by document id as far as its first characters tell.
    """
    ordinal = date(day // 10_000, day // 100 % 100, day % 100).toordinal() if day else 0
    place = id_place(document_id)
    return ordinal << _ID_BITS | (_ID_MASK - place), (ordinal or _DAY_MASK) << _ID_BITS | place


def id_place(document_id: str) -> int:
    """A number that never falls as ids rise; other characters than those of ids end the comparison."""
    place, bits = 0, _ID_BITS
    for character in document_id[:_ID_KEY_CHARACTERS]:
        bits -= 5
        index = sum(known < character for known in _ID_CHARACTERS)
        if index == len(_ID_CHARACTERS):
            return place | ((1 << (bits + 5)) - 1)
        place |= index << bits
        if character not in _ID_CHARACTERS:
            break
    return place


def _pack(page: IndexPage) -> bytes:
    head = json.dumps([page.document_id, row.facets(page)]).encode()
    return head + b"\n" + page.text.encode("utf-8", "surrogatepass")


def stored(searcher: tantivy.Searcher, address: tantivy.DocAddress) -> bytes:
    """What is kept of a page for showing; see `head_of`, `text_of`."""
    value: Any = searcher.doc(address).get_first("stored")
    return bytes(value)


def head_of(raw: bytes) -> tuple[str, dict[str, str]]:
    """Document id and facet values of a page."""
    document_id, facets = json.loads(raw[: raw.index(b"\n")])
    return document_id, facets


def text_of(raw: bytes) -> str:
    return raw[raw.index(b"\n") + 1 :].decode("utf-8", "surrogatepass")
