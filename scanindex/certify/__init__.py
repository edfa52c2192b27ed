"""Certification of filing alone: modes, policies, samples and the bound.

`bound` is the arithmetic, `modes` what a source may do, `policies` what a certificate
names, `ledger` what was filed alone and what audits found; `book` enters it. All but
`book` is pure.
"""

from __future__ import annotations

from scanindex.certify.book import enter, seen
from scanindex.certify.bound import CONFIDENCE, clean_audits_needed, upper_bound
from scanindex.certify.ledger import auto_filing, draw, margin, tally
from scanindex.certify.modes import SUGGEST_RULE, Standing, files_alone, held, held_by_settings, standing
from scanindex.certify.policies import policy_id, policy_in_force

__all__ = [
    "CONFIDENCE",
    "SUGGEST_RULE",
    "Standing",
    "auto_filing",
    "clean_audits_needed",
    "draw",
    "enter",
    "files_alone",
    "held",
    "held_by_settings",
    "margin",
    "policy_id",
    "policy_in_force",
    "seen",
    "standing",
    "tally",
    "upper_bound",
]
