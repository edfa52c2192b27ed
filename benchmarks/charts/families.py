"""Importing this module fills the register with the layouts of all families."""

from __future__ import annotations

from benchmarks.charts import (
    family_a_hospital,
    family_a_papers,
    family_b_forms,
    family_b_notes,
    family_b_reports,
)

FAMILIES = ("A", "B")
MODULES = (family_a_hospital, family_a_papers, family_b_forms, family_b_notes, family_b_reports)
