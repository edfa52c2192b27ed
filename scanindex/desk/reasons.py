"""Why something waits, as one of a few stable codes: what queues are filtered and counted by. Pure.

The sentences of a decision say more and are shown beside; the code only sorts.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

from scanindex import certify, quality


class Why(enum.StrEnum):
    SUGGESTED = "suggested"
    NOT_IN_ROSTER = "not_in_roster"
    NOBODY_NAMED = "nobody_named"
    TOO_LITTLE = "too_little"
    LOOK_ALIKES = "look_alikes"
    CONTRADICTION = "contradiction"
    MOTHER_AND_CHILD = "mother_and_child"
    READ_WITH_DOUBT = "read_with_doubt"
    PAGE_BREAK = "page_break"
    POOR_PICTURE = "poor_picture"
    DAMAGED = "damaged"
    BY_HAND = "by_hand"
    OTHER = "other"


WORDS: Mapping[Why, str] = MappingProxyType(
    {
        Why.SUGGESTED: "the machine is sure, but files nothing alone from this source",
        Why.NOT_IN_ROSTER: "nobody in the roster fits the person named",
        Why.NOBODY_NAMED: "the pages do not say clearly whose they are",
        Why.TOO_LITTLE: "too little agrees for certain",
        Why.LOOK_ALIKES: "several patients look alike",
        Why.CONTRADICTION: "something on the pages speaks against the likeliest patient",
        Why.MOTHER_AND_CHILD: "mother and newborn may be confused",
        Why.READ_WITH_DOUBT: "something that decides was not read with certainty",
        Why.PAGE_BREAK: "where the document begins or ends is not certain",
        Why.POOR_PICTURE: "a page is hardly legible",
        Why.DAMAGED: "the file is damaged",
        Why.BY_HAND: "somebody put it here by hand",
        Why.OTHER: "another reason",
    }
)

_GATES: Mapping[Why, tuple[str, ...]] = {
    Why.TOO_LITTLE: ("two_identifiers", "likely_enough", "number_of_this_house"),
    Why.LOOK_ALIKES: ("margin", "third_for_look_alikes", "no_name_like_it"),
    Why.CONTRADICTION: (
        "no_other_mrn",
        "no_other_birth_date",
        "no_other_name",
        "no_other_suffix",
        "no_other_sex",
        "no_other_ssn",
        "no_other_age",
        "no_other_middle",
        "no_other_head_name",
        "no_second_patient",
        "no_list",
        "no_word_of_error",
        "named_in_this_role",
        "every_page_supports",
        "cover_agrees",
        "silent_pages",
    ),
    Why.MOTHER_AND_CHILD: ("infants_own_number",),
    Why.READ_WITH_DOUBT: ("read_surely", "named_as_patient", "name_in_its_place"),
    Why.PAGE_BREAK: ("sure_of_pages", "every_page_tied"),
    Why.POOR_PICTURE: ("whole_pages",),
}
_RULES: Mapping[str, Why] = {
    certify.SUGGEST_RULE: Why.SUGGESTED,
    "nobody_fits": Why.NOT_IN_ROSTER,
    "no_candidate": Why.NOBODY_NAMED,
    quality.GATE: Why.POOR_PICTURE,
    "gate.damage": Why.DAMAGED,
    "person": Why.BY_HAND,
} | {f"gate.{gate}": why for why, gates in _GATES.items() for gate in gates}


def why(rule: str) -> Why:
    """Of the rule that decided."""
    return _RULES.get(rule, Why.OTHER)
