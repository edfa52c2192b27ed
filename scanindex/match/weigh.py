"""How likely is it that the document is this patient's: log odds against "nobody".

Each kind adds the logarithm of how much more likely the page is under this patient
than under somebody who is in no roster. Frequencies come from the roster itself:
how many namesakes to expect, and how often namesakes share a birth date (which is
far more often than chance). The sum is a score; only audits make it a rate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from scanindex.match.profile import Profile
from scanindex.model import Level, PatientId
from scanindex.ports import NameFrequencies

_MRN_SPACE = 1e6
"""Numbers a stranger's MRN may take; a roster's own range is about that wide."""
_WEIGHTS: Mapping[tuple[str, Level], float] = {
    ("mrn", Level.EXACT): math.log(_MRN_SPACE),
    ("mrn", Level.NEAR): math.log(_MRN_SPACE / 63) - 3.0,
    ("number", Level.EXACT): math.log(_MRN_SPACE / 100),
    ("barcode", Level.EXACT): math.log(_MRN_SPACE),
    ("birth_date", Level.NEAR): 3.0,
    ("ssn4", Level.EXACT): math.log(3e3),
    ("ssn4", Level.NEAR): 2.0,
    ("phone", Level.EXACT): 6.0,
    ("phone", Level.NEAR): 2.0,
    ("address", Level.EXACT): 5.0,
    ("sex", Level.EXACT): 0.5,
    ("middle", Level.EXACT): 2.3,
    ("middle", Level.CONFLICT): -3.0,
}
_CONFLICTS: Mapping[str, float] = {
    "mrn_of_another": -5.0,
    "mrn_nearly": 0.0,
    "birth_date": -7.0,
    "name": -6.0,
    "suffix": -6.0,
    "suffix_unknown": -1.5,
    "sex": -4.0,
    "ssn4": -5.0,
    "age": -4.0,
    "middle": 0.0,
}
_UNKNOWN_MRN = -1.5
"""A stranger's page shows a number that nobody here holds; a patient's does so rarely."""
_NEAR_NAME = -3.5
_UNSURE = -1.0
_READ_ONCE = -2.0
"""Two chances to hit by coincidence, and the other reader's word against it."""


def log_odds(profile: Profile, frequencies: NameFrequencies, prior: float) -> tuple[float, dict[str, float]]:
    """(log odds against nobody, each kind's share in them)."""
    shares: dict[str, float] = {}
    for kind, agreement in profile.agreements.items():
        shares[kind] = _share(kind, profile, frequencies)
        if agreement.level is Level.EXACT and not agreement.is_sure:
            shares[kind] += _UNSURE
    for code in {c.code for c in profile.conflicts}:
        shares[f"conflict:{code}"] = _CONFLICTS.get(code, -5.0)
    number = profile.agreements.get("mrn")
    if profile.unknown_mrn and not (number and (number.level is Level.EXACT or number.is_read_once)):
        shares["conflict:mrn_unknown"] = _UNKNOWN_MRN
    if profile.cover:
        shares["cover"] = math.log(_MRN_SPACE)
    prior = min(max(prior, 1e-6), 1 - 1e-6)
    here = math.log((1 - prior) / prior) - math.log(max(frequencies.patients, 1))
    return here + sum(shares.values()), shares


def _share(kind: str, profile: Profile, frequencies: NameFrequencies) -> float:
    agreement = profile.agreements[kind]
    level = Level.EXACT if agreement.is_read_once else agreement.level
    doubt = _READ_ONCE if agreement.is_read_once else 0.0
    if kind == "name" and level in (Level.EXACT, Level.NEAR):
        rare = math.log(max(frequencies.patients, 1) / max(frequencies.expected_namesakes, 1e-3))
        return rare + (_NEAR_NAME if level is Level.NEAR else doubt)
    if kind == "birth_date" and level is Level.EXACT:
        share_of_day = (frequencies.same_birth_date - 1) / max(frequencies.patients, 1)
        collision = frequencies.birth_date_collision if "name" in profile.agreements else 3.4e-5
        return -math.log(max(collision, share_of_day, 1e-6)) - math.log(agreement.readings) + doubt
    return _WEIGHTS.get((kind, level), 0.0) + doubt


def posteriors(odds: Sequence[tuple[PatientId, float]]) -> tuple[dict[PatientId, float], float]:
    """(posterior of each patient, of nobody), from their log odds against nobody."""
    top = max([0.0, *(o for _, o in odds)])
    weights = {p: math.exp(o - top) for p, o in odds}
    nobody = math.exp(-top)
    total = nobody + sum(weights.values())
    return {p: w / total for p, w in weights.items()}, nobody / total
