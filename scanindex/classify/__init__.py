"""What kind of document a text is, and how sensitive: small rules and a small model. Pure.

`TypeModel` scores a text against every type and abstains where it is unsure; `learn`
shifts it by what clerks corrected on this site; `sensitivity` finds labels that restrict
access whatever the type. No I/O but reading the word lists and weights that ship inside
the package.
"""

from __future__ import annotations

from scanindex.classify.model import Answer, TypeModel, base_model
from scanindex.classify.site import AS_SHIPPED, DEFAULT, SiteTypes

__all__ = ["AS_SHIPPED", "DEFAULT", "Answer", "SiteTypes", "TypeModel", "base_model"]
