"""Who is it: finds the roster's people on a document's pages and decides.

`decide` asks the roster (witness), everything after that is pure: comparisons per
kind (compare), their weight against "nobody in the roster" (weigh), the gates that
all must hold before filing without a person (gates), the decision (policy). For what
waits, `resemble` fills the list to choose from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from scanindex.houses import NOBODY_SAID, Houses
from scanindex.match import resemble, sightings, witness
from scanindex.match.evidence import Evidence
from scanindex.match.gates import GATES, Gate
from scanindex.match.policy import POLICY_VERSION, SHOWN, choose
from scanindex.model import Decision, Level, Outcome, PageFindings, PageGroup, PageReading
from scanindex.ports import Roster
from scanindex.settings import MatchSettings

__all__ = ["GATES", "POLICY_VERSION", "choose", "decide"]


def decide(
    pages: Sequence[PageReading],
    findings: Sequence[PageFindings],
    group: PageGroup,
    roster: Roster,
    settings: MatchSettings,
    active: Mapping[str, Gate] = GATES,
    houses: Houses = NOBODY_SAID,
) -> Decision:
    """Whose document the pages of `group` are; only the roster port is asked.

    `pages` and `findings` may be those of the whole scan; `houses` are the site's own; fewer gates than
    all are for tests that show what each of them prevents.
    """
    evidence = sightings.gather(pages, findings, group, houses)
    people, holders = witness.people(evidence, roster)
    candidates = witness.profiles(evidence, people, holders)
    if not any(c.level("name") is Level.EXACT for c in candidates):
        more = witness.by_page_names(evidence, roster, [p.patient_id for p in people])
        candidates = witness.profiles(evidence, people[: witness.MOST_MISREAD], holders, thorough=True)
        candidates += witness.profiles(evidence, (*people[witness.MOST_MISREAD :], *more), holders)
    by_stickers = witness.by_stickers(evidence, roster, [c.patient.patient_id for c in candidates])
    candidates += witness.profiles(evidence, by_stickers, holders)
    known = witness.surroundings(candidates, roster, settings)
    decision = choose(evidence, candidates, known, settings, roster.version(), active)
    return _with_more_to_choose_from(decision, evidence, roster)


def _with_more_to_choose_from(decision: Decision, evidence: Evidence, roster: Roster) -> Decision:
    missing = SHOWN - len(decision.candidates)
    if decision.outcome is Outcome.AUTO or missing <= 0:
        return decision
    shown = {candidate.patient_id for candidate in decision.candidates}
    more = resemble.resembling(evidence, roster, shown, missing)
    return replace(decision, candidates=(*decision.candidates, *more))
