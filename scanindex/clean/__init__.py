"""Makes a page easier to read, each step only where the page needs it.

Promises: the cleaned pixels are for reading only (the archived picture keeps its
own); every step is gated by something measured on this page and is named in
`CleanPage.steps`; boxes found on the cleaned pixels can be mapped back to the
upright page image. Never binarises: Tesseract's own threshold beats ours on grey
pages. Leaves out rule-line removal and adaptive thresholds, which lost more words
than they won. Imported by OCR worker processes only, hence the heavy imports.
"""

from __future__ import annotations

from scanindex.clean.edges import whiten_scanner_edges
from scanindex.clean.facing import find_gutter
from scanindex.clean.level import reading_scale, skew_degrees
from scanindex.clean.page import CleanPage, Grey, PageMeasures, likely_dpi, upright
from scanindex.clean.steps import prepare
from scanindex.clean.tone import contrast

__all__ = [
    "CleanPage",
    "Grey",
    "PageMeasures",
    "contrast",
    "find_gutter",
    "likely_dpi",
    "prepare",
    "reading_scale",
    "skew_degrees",
    "upright",
    "whiten_scanner_edges",
]
