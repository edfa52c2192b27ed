"""A reviewer's day, without a screen: who gets what, what it shows, what is done.

Every use case takes `access` first and `services` last, checks the right, shows only what may be
seen, and leaves its trace in the trail. Start reading at queue.py, then act.py.
"""

from __future__ import annotations

from scanindex.desk.act import (
    accept,
    accept_run,
    answer,
    ask,
    join_previous,
    keep_note,
    new_patient,
    park,
    redate,
    reject,
    retype,
    split,
    unpark,
)
from scanindex.desk.acting import Done, Effort
from scanindex.desk.asking import confirmation
from scanindex.desk.candidates import CandidateView, Compared
from scanindex.desk.changed import Change, changes
from scanindex.desk.confirm import Datum, DatumKind
from scanindex.desk.figures import Figures, figures, own_figures
from scanindex.desk.hands import refuse_others
from scanindex.desk.items import FieldRead, Item, Neighbour, item
from scanindex.desk.marks import Mark
from scanindex.desk.queue import (
    Counts,
    Filters,
    QueueState,
    claims,
    counts,
    next_item,
    release,
    release_all,
    renew,
    take_over,
    waiting,
)
from scanindex.desk.reasons import WORDS as REASON_WORDS
from scanindex.desk.reasons import Why
from scanindex.desk.seeds import plant
from scanindex.desk.settling import ACCEPTED, FIRST_KEY, KEYS_DIFFER, RunDone
from scanindex.desk.strip import as_met, end_tests, move_pages, rotate, set_aside, set_blank, strip
from scanindex.desk.undo import Undone, undo

__all__ = [
    "ACCEPTED",
    "FIRST_KEY",
    "KEYS_DIFFER",
    "REASON_WORDS",
    "CandidateView",
    "Change",
    "Compared",
    "Counts",
    "Datum",
    "DatumKind",
    "Done",
    "Effort",
    "FieldRead",
    "Figures",
    "Filters",
    "Item",
    "Mark",
    "Neighbour",
    "QueueState",
    "RunDone",
    "Undone",
    "Why",
    "accept",
    "accept_run",
    "answer",
    "as_met",
    "ask",
    "changes",
    "claims",
    "confirmation",
    "counts",
    "end_tests",
    "figures",
    "item",
    "join_previous",
    "keep_note",
    "move_pages",
    "new_patient",
    "next_item",
    "own_figures",
    "park",
    "plant",
    "redate",
    "refuse_others",
    "reject",
    "release",
    "release_all",
    "renew",
    "retype",
    "rotate",
    "set_aside",
    "set_blank",
    "split",
    "strip",
    "take_over",
    "undo",
    "unpark",
    "waiting",
]
