"""What the gates look at: the leading patient, the others, and the document."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from scanindex.match.evidence import Evidence
from scanindex.match.profile import Profile
from scanindex.model import Patient, PatientId
from scanindex.ports import NameFrequencies
from scanindex.settings import MatchSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the roster says around one candidate."""

    frequencies: NameFrequencies
    look_alikes: tuple[Patient, ...] = field(default=(), repr=False)
    """People who could be taken for the candidate: namesakes, twins, Jr/Sr."""
    is_read_as_another: bool = False
    """The name on the pages is nearly the candidate's and quite another one that people bear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    evidence: Evidence
    leader: Profile
    others: tuple[Profile, ...]
    """Everybody else who agrees with anything, best first."""
    known: Mapping[PatientId, Known] = field(repr=False)
    odds: Mapping[PatientId, float]
    """Log odds against nobody."""
    posterior: float
    settings: MatchSettings

    @property
    def around(self) -> Known:
        return self.known[self.leader.patient.patient_id]

    @property
    def kinds(self) -> frozenset[str]:
        """Identifier kinds that agree exactly, whether or not they were read for sure.

        A number without a label and a barcode both show the MRN again, so beside an
        exact MRN they are no further kind.
        """
        found = (self.leader.exact | self.leader.unsure) & IDENTIFIERS
        return found - {"number", "barcode"} if "mrn" in found else found

    @property
    def witnessed(self) -> frozenset[str]:
        """Identifier kinds that at least one reader read exactly so, whatever another saw."""
        read_once = frozenset(k for k, a in self.leader.agreements.items() if a.is_read_once)
        return (self.leader.exact | self.leader.unsure | read_once) & IDENTIFIERS

    @property
    def margin(self) -> float:
        """Log odds of the leader over the next best patient; "nobody" has a gate of its own."""
        mine = self.odds[self.leader.patient.patient_id]
        rest = [o for p, o in self.odds.items() if p != self.leader.patient.patient_id]
        return mine - max(rest, default=-math.inf)


IDENTIFIERS = frozenset(("mrn", "name", "birth_date", "ssn4", "phone", "address", "barcode", "number"))
THIRD_KINDS = frozenset(("ssn4", "phone", "address", "barcode", "number"))
