"""Reading who, when, where and what kind off a page's words: findings with their places.

`find` reads one page, `fields` sums up a document's pages. Pure: no I/O, no image
libraries, no roster.
"""

from __future__ import annotations

from scanindex.extract.document import fields
from scanindex.extract.page import find

__all__ = ["fields", "find"]
