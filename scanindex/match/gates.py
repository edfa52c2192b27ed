"""The gates of filing without a person: all must hold.

Each is a named pure function from the case to the reason why not, or None. Reasons
name kinds and situations, never values. A test removes each gate in turn and shows
a document that would then be misfiled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from scanindex.houses import Standing
from scanindex.match import corroborate, fold, forms, wording
from scanindex.match.case import THIRD_KINDS, Case
from scanindex.match.names import first_names_alike
from scanindex.match.places import (
    carries_other_name,
    houses_of_number,
    names_somebody_else,
    placed,
    speaking_pages,
    untied_pages,
    without_number,
    without_stray_names,
)
from scanindex.match.profile import Profile
from scanindex.match.stories import tells_of_somebody_else
from scanindex.match.text import overlaps
from scanindex.model import FindingKind, Level, PageKind, Patient, Role

Gate = Callable[[Case], str | None]

LEAST_MARGIN = 7.0
"""Nats between the leader and the next: about a thousand to one."""
_PAIR_WORDS = {
    "mrn_and_name": "MRN and name agree exactly",
    "mrn_and_birth_date": "MRN and birth date agree exactly",
    "cover_and_name": "cover sheet and name agree exactly",
    "cover_and_birth_date": "cover sheet and birth date agree exactly",
    "number_beside_name": "the MRN stands without a label beside the name, and both agree exactly",
    "name_birth_date_and_third": "name, birth date and a third identifier agree exactly",
    "name_and_birth_date": "name and birth date agree exactly and the roster has no plausible namesake",
}


def rule_of(case: Case) -> str | None:
    """The first combination of exact identifiers, or of readings that bear one another out,
    that is enough; or None."""
    return _exact_rule_of(case) or corroborate.rule_of(case)


def _exact_rule_of(case: Case) -> str | None:
    kinds, cover = case.kinds, case.leader.cover
    if "mrn" in kinds and "name" in kinds:
        return "mrn_and_name"
    if "mrn" in kinds and "birth_date" in kinds:
        return "mrn_and_birth_date"
    if "mrn" in cover and "name" in kinds:
        return "cover_and_name"
    if "mrn" in cover and "birth_date" in kinds:
        return "cover_and_birth_date"
    if "name" in kinds and "number" in kinds and _is_exact(case.leader, "number_by_name"):
        return "number_beside_name"
    if {"name", "birth_date"} <= kinds:
        if kinds & THIRD_KINDS:
            return "name_birth_date_and_third"
        if case.around.frequencies.patients >= corroborate.LEAST_PATIENTS_FOR_NAME_AND_BIRTH_DATE:
            return "name_and_birth_date"
    return None


def words_of(rule: str) -> str:
    return _PAIR_WORDS.get(rule) or corroborate.RULE_WORDS[rule]


def two_identifiers(case: Case) -> str | None:
    if rule_of(case) is None:
        return "fewer than two independent identifiers agree exactly"
    return None


def no_other_mrn(case: Case) -> str | None:
    if case.leader.conflicting("mrn_of_another"):
        return "a medical record number on the pages belongs to another patient"
    if case.leader.conflicting("mrn_nearly") and "mrn" in case.kinds:
        return "another medical record number stands there that differs by a digit"
    return None


def number_of_this_house(case: Case) -> str | None:
    """Another hospital's number may be that of one of ours: where the page leaves open whose house's
    it is, name and birth date must both speak for the patient."""
    houses = houses_of_number(case)
    if Standing.OURS in houses or not houses & {Standing.DOUBTFUL, Standing.OTHERS}:
        return None
    is_named = case.leader.level("name") in (Level.EXACT, Level.NEAR) or "name" in case.witnessed
    if rule_of(case) is None or (is_named and "birth_date" in case.witnessed):
        return None
    if rule_of(_with(case, without_number(case.leader))) is not None:
        return None
    return "the number may be another hospital's"


def no_other_birth_date(case: Case) -> str | None:
    return "another birth date stands on the pages" if case.leader.conflicting("birth_date") else None


def no_other_name(case: Case) -> str | None:
    return "a page names its patient differently" if case.leader.conflicting("name") else None


def no_name_like_it(case: Case) -> str | None:
    """A twin or cousin nobody registered is called nearly like the patient."""
    name = case.leader.agreements.get("name")
    is_other_first = (
        name is not None
        and name.level is Level.NEAR
        and name.is_sure
        and name.is_whole
        and not corroborate.has_own_first_name(case.leader)
    )
    if is_other_first or case.around.is_read_as_another:
        return "the name on the pages is spelt like another one"
    return None


def named_in_this_role(case: Case) -> str | None:
    """The donor's name, number and birth date stand on the recipient's paper."""
    if case.leader.misnamed and "name" not in case.witnessed:
        return "the patient's name stands there in another role"
    return None


def no_word_of_error(case: Case) -> str | None:
    """A note on the page says that it lies, or was labelled, wrong."""
    if any(wording.speaks_of_error(text) for text in case.evidence.texts):
        return "a note says that a page or its label is on the wrong chart"
    return None


def no_other_suffix(case: Case) -> str | None:
    if case.leader.conflicting("suffix"):
        return "Jr/Sr differs"
    if case.leader.conflicting("suffix_unknown") and "birth_date" not in case.kinds:
        return "the page says Jr or Sr and the roster does not"
    return None


def no_other_sex(case: Case) -> str | None:
    if case.leader.conflicting("sex"):
        return "sex differs"
    return "the text tells of a person of another age or sex" if tells_of_somebody_else(case) else None


def no_other_ssn(case: Case) -> str | None:
    return "social security digits differ" if case.leader.conflicting("ssn4") else None


def no_second_patient(case: Case) -> str | None:
    """Somebody else in the roster whom the pages support by evidence of their own."""
    for other in case.others:
        if (_is_strong(other) and not _is_explained(other, case.leader)) or _stands_apart(other, case.leader):
            return "a second patient of the roster stands on the pages"
    return None


def no_list(case: Case) -> str | None:
    """A daily list: the patient's row stands among others', whom the roster may not know."""
    name = case.leader.agreements.get("name")
    number = case.leader.agreements.get("mrn") or case.leader.agreements.get("number")
    if not (name and number and name.box and number.box) or name.scan_page_no != number.scan_page_no:
        return None
    text = case.evidence.text_of.get(name.scan_page_no or 0)
    if text is None or abs(name.box.top_px - number.box.top_px) >= text.line_height_px:
        return None
    return "the page lists several people" if forms.rows_like(text, name.box, number.box) else None


def margin(case: Case) -> str | None:
    return "another candidate is nearly as likely" if case.margin < LEAST_MARGIN else None


def third_for_look_alikes(case: Case) -> str | None:
    """Twins, namesakes with one birth date, Jr/Sr: something sure that clearly tells them apart, or
    a third kind beside one that does."""
    leader = case.leader
    kinds = set(case.kinds) | ({"mrn"} & leader.cover)
    if leader.level("suffix") is Level.EXACT:
        kinds.add("suffix")
    for other in case.around.look_alikes:
        if corroborate.is_surely_apart(case, other):
            continue
        if len(kinds) < 3 or "name" not in kinds:
            return "others in the roster look alike and no third identifier tells them apart"
        if not any(_tells_apart(kind, leader.patient, other) for kind in kinds):
            return "nothing on the pages tells look-alike patients apart"
    return None


def likely_enough(case: Case) -> str | None:
    """Against "nobody in the roster", with the roster's own frequencies."""
    if case.posterior < case.settings.posterior:
        return "an unregistered person of this name is too likely"
    return None


def read_surely(case: Case) -> str | None:
    """The identifiers that decide were read by two readers, or by one without doubt, or they
    bear one another out."""
    if rule_of(case) is None or _exact_rule_of(_with(case, _only_sure(case.leader))) is not None:
        return None
    if corroborate.rule_of(case) is not None:
        return None
    if _is_read_once(case):
        return "an identifier was not read with certainty, and no second reader looked at it"
    return "an identifier was not read with certainty"


def every_page_supports(case: Case) -> str | None:
    """A page that names a patient must name this one."""
    labelled = {
        f.scan_page_no
        for page in case.evidence.findings
        for f in page.findings
        if f.role is Role.PATIENT and f.kind in (FindingKind.NAME, FindingKind.MRN, FindingKind.BIRTH_DATE)
    }
    if labelled - case.leader.pages or names_somebody_else(case):
        return "a page names a patient and does not clearly name this one"
    return None


def sure_of_pages(case: Case) -> str | None:
    """Where pages may have come together by a wrong guess, each must itself say whose it is; one page
    alone cannot be somebody else's as well."""
    content = {p.scan_page_no for p in case.evidence.pages if p.kind is not PageKind.BLANK}
    if case.evidence.group.is_sure or len(content) == 1 or content <= case.leader.numbered:
        return None
    return "where the document begins or ends is a guess"


def whole_pages(case: Case) -> str | None:
    for page in case.evidence.pages:
        if page.kind is PageKind.FAILED or any(not p.startswith("note:") for p in page.problems):
            return "a page is damaged or could not be read"
    if len(case.evidence.pages) < len(case.evidence.group.pages):
        return "a page is damaged or could not be read"
    return None


def infants_own_number(case: Case) -> str | None:
    """A page that speaks of a mother and her newborn needs the infant's own MRN and birth date."""
    if not case.evidence.newborn_pages:
        return None
    own = {"mrn", "birth_date"} <= (set(case.witnessed) | case.leader.cover)
    if own and not _is_older_than_document(case):
        return None
    return "the pages speak of a newborn and do not give its own number"


def cover_agrees(case: Case) -> str | None:
    """A cover sheet before pages of somebody else: one of the two lies wrong."""
    cover = case.evidence.group.cover
    if cover is None or not cover.of(FindingKind.MRN):
        return None
    against = any(case.leader.conflicting(code) for code in ("name", "birth_date", "mrn_of_another"))
    if "mrn" not in case.leader.cover or against or carries_other_name(case):
        return "the cover sheet names somebody else than the pages"
    return None


def no_other_head_name(case: Case) -> str | None:
    return "a page carries another name in its head" if carries_other_name(case) else None


def every_page_tied(case: Case) -> str | None:
    """A page that does not itself name the patient is held by a printed count or by sheets."""
    if untied_pages(case):
        return "a page neither names the patient nor is tied to one that does"
    return None


def silent_pages(case: Case) -> str | None:
    """What is only tied to the patient's pages must not speak of anybody else."""
    if speaking_pages(case):
        return "a page that does not name the patient carries another number or date in its head"
    return None


def named_as_patient(case: Case) -> str | None:
    """The identifiers that decide stand in labels, heads or stickers, not in running text."""
    if rule_of(case) is not None and rule_of(_with(case, placed(case.leader))) is None:
        return "an identifier stands in running text, not where a page names its patient"
    return None


def name_in_its_place(case: Case) -> str | None:
    """Where the form asks for the patient's name and got none, a name elsewhere is a mention."""
    if rule_of(case) is not None and rule_of(_with(case, without_stray_names(case))) is None:
        return "the place for the patient's name is empty or unread"
    return None


def no_other_age(case: Case) -> str | None:
    return "the printed age does not fit the birth date" if case.leader.conflicting("age") else None


def no_other_middle(case: Case) -> str | None:
    return "the middle name differs" if case.leader.conflicting("middle") else None


GATES: Mapping[str, Gate] = {
    "two_identifiers": two_identifiers,
    "no_other_mrn": no_other_mrn,
    "number_of_this_house": number_of_this_house,
    "no_other_birth_date": no_other_birth_date,
    "no_other_name": no_other_name,
    "no_name_like_it": no_name_like_it,
    "named_in_this_role": named_in_this_role,
    "no_word_of_error": no_word_of_error,
    "no_other_suffix": no_other_suffix,
    "no_other_sex": no_other_sex,
    "no_other_ssn": no_other_ssn,
    "no_second_patient": no_second_patient,
    "no_list": no_list,
    "margin": margin,
    "third_for_look_alikes": third_for_look_alikes,
    "likely_enough": likely_enough,
    "read_surely": read_surely,
    "every_page_supports": every_page_supports,
    "sure_of_pages": sure_of_pages,
    "whole_pages": whole_pages,
    "infants_own_number": infants_own_number,
    "cover_agrees": cover_agrees,
    "no_other_head_name": no_other_head_name,
    "every_page_tied": every_page_tied,
    "silent_pages": silent_pages,
    "named_as_patient": named_as_patient,
    "name_in_its_place": name_in_its_place,
    "no_other_age": no_other_age,
    "no_other_middle": no_other_middle,
}


def refusals(case: Case, gates: Mapping[str, Gate] = GATES) -> tuple[tuple[str, str], ...]:
    """(gate, reason) of every gate that does not hold; empty means file."""
    found = ((name, gate(case)) for name, gate in gates.items())
    return tuple((name, reason) for name, reason in found if reason)


def _is_read_once(case: Case) -> bool:
    """No word of the document was read by two readers: the second one is off or not installed."""
    return not any(word.second_text is not None for page in case.evidence.pages for word in page.words)


def _is_exact(profile: Profile, kind: str) -> bool:
    return profile.level(kind) is Level.EXACT


# --- helpers ------------------------------------------------------------------------------
def _with(case: Case, leader: Profile) -> Case:
    return replace(case, leader=leader)


def _only_sure(profile: Profile) -> Profile:
    return replace(profile, agreements={k: a for k, a in profile.agreements.items() if a.is_sure})


def _is_strong(other: Profile) -> bool:
    """Two exact kinds, sure or not; a labelled MRN alone has its own gate."""
    exact = other.exact | other.unsure | other.cover
    return len(exact & {"name", "birth_date", "mrn"}) >= 2 or {"name", "number"} <= exact


def _is_explained(other: Profile, leader: Profile) -> bool:
    """All that supports the other stands there for the leader as well (a namesake)."""
    exact = (other.exact | other.unsure) - {"sex", "middle", "suffix", "phone", "address"}
    if "mrn" in exact or "mrn" in other.cover or "number" in exact:
        return False
    return exact <= (leader.exact | leader.unsure) and _same_values(other.patient, leader.patient)


def _stands_apart(other: Profile, leader: Profile) -> bool:
    """A name elsewhere than the leader's, with a birth date or a third identifier that fits it too: a
    sticker of somebody else, one part of it misread."""
    name = other.agreements.get("name")
    if name is None or name.level not in (Level.EXACT, Level.NEAR) or not name.is_whole:
        return False
    if any(page_no == name.scan_page_no and overlaps(name.box, box) for page_no, box in leader.name_boxes):
        return False
    if leader.level("name") is Level.ABSENT and name.level is Level.EXACT and not name.is_prose:
        return True  # the only name on the pages is somebody else's
    thirds = other.exact & {"phone", "ssn4", "address"} - leader.exact
    birth = other.level("birth_date")
    if name.level is Level.EXACT:
        return birth in (Level.EXACT, Level.NEAR) or bool(thirds)
    return birth is Level.EXACT and "birth_date" not in leader.exact


def _same_values(one: Patient, two: Patient) -> bool:
    keys = [{(fold.name_key(n.last), fold.name_key(n.first)) for n in p.names} for p in (one, two)]
    return one.birth_date == two.birth_date and bool(keys[0] & keys[1])


def _tells_apart(kind: str, leader: Patient, other: Patient) -> bool:
    if kind in ("mrn", "barcode", "number"):
        mine = {fold.identifier_key(i.value) for i in leader.identifiers if i.type == "mrn"}
        return mine.isdisjoint(fold.identifier_key(i.value) for i in other.identifiers)
    if kind == "name":
        return all(not first_names_alike(leader.names[0].first, n.first) for n in other.names)
    if kind == "suffix":
        return fold.suffix_key(leader.names[0].suffix) != fold.suffix_key(other.names[0].suffix)
    mine, theirs = getattr(leader, kind), getattr(other, kind)
    return bool(mine and theirs and mine != theirs)


def _is_older_than_document(case: Case) -> bool:
    """By the dates on the pages the leader was no infant: then it is the mother."""
    born = case.leader.patient.birth_date
    if born is None:
        return True
    seen = [s.values[0] for s in case.evidence.of(FindingKind.BIRTH_DATE)]
    seen += [f.value for page in case.evidence.findings for f in page.of(FindingKind.SERVICE_DATE)]
    years = [int(day[:4]) for day in seen if day[:4].isdigit()]
    return max(years, default=9999) - int(born[:4]) > 1
