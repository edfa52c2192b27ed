"""Pages of one scan -> documents: where one ends, where the next begins, how sure that is.

Pure decisions over what was read and found. A change of patient always splits,
separator sheets split, everything else is weighed; when unsure it splits and says
so, because a join can put a page into another person's chart and a split cannot.
Blank and separator pages are set aside, never lost: `Grouping` names every page once.
"""

from __future__ import annotations

from scanindex.documents.group import group
from scanindex.documents.order import place_of

__all__ = ["group", "place_of"]
