"""Decisions on papers that try to mislead: who is filed, who is asked about, who is new."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from scanindex.houses import known
from scanindex.match import POLICY_VERSION
from scanindex.match.sightings import gather
from scanindex.model import BETWEEN_SHEETS, FindingKind, Level, Outcome, PageGroup, PersonName
from scanindex.settings import MatchSettings
from tests.match.papers import Situation, SmallRoster, cover_sheet, page, patient

CLARA = patient(
    "clara",
    "Rosen",
    "Clara",
    "1948-03-09",
    "0481220",
    middle="Mae",
    sex="F",
    ssn4="7713",
    phone="4195550136",
    address="88 Linden Way, Tiffin, OH 44883",
)
NAME, BORN, MRN = "<name ROSEN, CLARA>", "<birth_date 03/09/1948=1948-03-09>", "<mrn 0481220>"
ROSTER = SmallRoster([CLARA])


def decide(*papers, people=(CLARA,), **changes):
    roster = SmallRoster(
        people, **{k: changes.pop(k) for k in ("size", "namesakes", "collision") if k in changes}
    )
    return Situation(roster=roster, papers=papers, **changes).decide()


# --- enough -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (f"Patient: {NAME}  MRN: {MRN}", "gate.mrn_and_name"),
        (f"MRN: {MRN}  DOB: {BORN}", "gate.mrn_and_birth_date"),
        (f"Patient: {NAME}  DOB: {BORN}  SSN: <ssn4 xxx-xx-7713=7713>", "gate.name_birth_date_and_third"),
        (
            f"Patient: {NAME}  DOB: {BORN}  Tel <phone (419) 555-0136=4195550136>",
            "gate.name_birth_date_and_third",
        ),
        (f"Patient: {NAME}  DOB: {BORN}  88 LINDEN WAY", "gate.name_birth_date_and_third"),
        (f"Patient: {NAME}  DOB: {BORN}", "gate.name_and_birth_date"),
    ],
)
def test_two_exact_kinds_are_filed(line: str, rule: str) -> None:
    """Each combination that the rules call enough files alone, and says which it was."""
    decision = decide(page(line))

    assert (Outcome.AUTO, "clara", rule) == (decision.outcome, decision.patient_id, decision.rule)
    assert decision.policy_version == POLICY_VERSION


def test_an_unlabelled_sticker_is_enough() -> None:
    """Name, date and number standing together need no labels."""
    decision = decide(page("ROSEN, CLARA M", "0481220   03/09/48  F", "", "PROGRESS NOTES"))

    assert decision.outcome is Outcome.AUTO


def test_a_barcode_is_a_third_kind() -> None:
    """The MRN in a bar code beside name and birth date."""
    decision = decide(page(f"{NAME}  DOB: {BORN}", barcodes=["0481220"]), size=20)

    assert decision.rule == "gate.name_birth_date_and_third"


@pytest.mark.parametrize(
    "written",
    ["CLARA M. ROSEN", "Rosen, Clara Mae", "CLARA ROSEN", "Rosen Clara", "Clara Mae Rosen"],
)
def test_either_order_of_the_name_is_exact(written: str) -> None:
    """First and last may be swapped, with and without a middle name."""
    assert decide(page(f"Patient: <name {written}=ROSEN, CLARA>  MRN: {MRN}")).outcome is Outcome.AUTO


@pytest.mark.parametrize(
    ("last", "written"),
    [("O'Brien-Lutz", "OBRIEN LUTZ, CLARA"), ("De la Cruz", "DELACRUZ, CLARA"), ("García", "GARCIA, CLARA")],
)
def test_hyphens_accents_and_spaces_do_not_matter(last: str, written: str) -> None:
    """Names are compared by their letters."""
    person = patient("p", last, "Clara", "1948-03-09", "0481220")

    assert decide(page(f"Patient: <name {written}>  MRN: {MRN}"), people=[person]).outcome is Outcome.AUTO


def test_a_former_name_of_the_roster_is_exact() -> None:
    """A maiden name on old paper, known to the roster, with the number."""
    person = replace(CLARA, names=(*CLARA.names, PersonName(last="Amsel", first="Clara", use="former")))

    decision = decide(page(f"Patient: <name AMSEL, CLARA>  MRN: {MRN}"), people=[person])

    assert decision.outcome is Outcome.AUTO


def test_last_and_first_in_two_cells_stand_together() -> None:
    """Labelled cells one below the other."""
    decision = decide(page("Last Name: ROSEN", "First Name: CLARA", f"MRN: {MRN}"))

    assert decision.rule == "gate.mrn_and_name"


@pytest.mark.parametrize("written", ["481220", "48-12-20", "0-48-12-20", "48 12 20"])
def test_lost_zeros_and_grouping_count_where_unique(written: str) -> None:
    """The same number in another grouping is that number if nobody else could be meant."""
    assert decide(page(f"Patient: {NAME}  MRN: <mrn {written}>")).outcome is Outcome.AUTO


# --- not enough, or contradicted ------------------------------------------------------
def test_a_lost_zero_that_two_could_have_lost_is_asked() -> None:
    """0481220 and 481220 belong to two people: printed without zero it decides nothing."""
    other = patient("ida", "Quinn", "Ida", "1955-08-17", "00481220")

    assert (
        decide(page(f"Patient: {NAME}  MRN: <mrn 481220>"), people=[CLARA, other]).outcome is Outcome.REVIEW
    )


def test_one_number_of_two_authorities_is_no_match() -> None:
    """Without its authority a number that two hospitals gave out names nobody."""
    other = patient("ida", "Quinn", "Ida", "1955-08-17", "0481220", authority="north")

    assert decide(page(f"Patient: {NAME}  MRN: {MRN}"), people=[CLARA, other]).outcome is Outcome.REVIEW


def test_an_mrn_alone_is_asked() -> None:
    """The number was read well and belongs to somebody; still only one identifier."""
    decision = decide(page(f"MRN: {MRN}"))

    assert (decision.outcome, decision.candidates[0].patient_id) == (Outcome.REVIEW, "clara")


def test_name_and_sex_are_not_enough() -> None:
    """Sex is no identifier."""
    assert decide(page(f"Patient: {NAME}   Sex: <sex F>")).outcome is Outcome.REVIEW


def test_a_transposed_number_that_hits_somebody_is_asked() -> None:
    """Two digits exchanged on paper name another patient: name and birth date do not outvote that."""
    other = patient("otto", "Brandt", "Otto", "1931-12-01", "0482120")

    decision = decide(page(f"Patient: {NAME}  DOB: {BORN}  MRN: <mrn 0482120>"), people=[CLARA, other])

    assert decision.outcome is Outcome.REVIEW
    assert decision.candidates[0].patient_id == "clara"


def test_an_outside_number_equal_to_a_patients_does_not_name_that_patient() -> None:
    """Another hospital's number happens to be our patient's; name and birth date are strangers'."""
    decision = decide(
        page("Patient: <name ADLER, PAUL>  DOB: <birth_date 10/11/1960=1960-10-11>  MRN: <mrn 0481220>")
    )

    assert decision.outcome is not Outcome.AUTO


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((NAME, "0481220   F"), Outcome.AUTO),
        ((NAME, "Specimen 0481220"), Outcome.REVIEW),
        ((NAME, *[""] * 12, "0481220"), Outcome.REVIEW),
        (("Dr. Clara Rosen", "0481220"), Outcome.REVIEW),
        (("ADLER, PAUL", "0481220"), Outcome.REVIEW),
    ],
)
def test_an_unlabelled_number_counts_only_beside_its_owners_name(
    lines: tuple[str, ...], expected: Outcome
) -> None:
    """On a sticker it is the MRN; elsewhere, under another label or name, it only finds."""
    assert decide(page(*lines)).outcome is expected


@pytest.mark.parametrize("born", ["03/09/1949=1949-03-09", "09/03/1948=1948-09-03", "03/09/1984=1984-03-09"])
def test_a_wrong_birth_date_is_asked(born: str) -> None:
    """A typing error on paper looks like another person; with the number it finds the right one."""
    decision = decide(page(f"Patient: {NAME}  DOB: <birth_date {born}>  MRN: {MRN}"))

    assert (decision.outcome, decision.candidates[0].patient_id) == (Outcome.REVIEW, "clara")


def test_a_repaired_number_is_never_exact() -> None:
    """O for 0: surely meant, still not read."""
    decision = decide(page(f"Patient: {NAME}  MRN: <mrn O48122O>"))

    assert decision.outcome is Outcome.REVIEW
    (near,) = [c for c in decision.candidates[0].comparisons if c.kind is FindingKind.MRN]
    assert near.level is Level.NEAR


CLARE = patient("clare", "Rosen", "Clare", "1962-11-30", "0487220")
"""Whom a misread letter and a misread digit would turn into Clara."""


def test_a_disputed_number_counts_for_the_person_whose_name_it_stands_with() -> None:
    """Of two readings one is the very number of the person named there: no coincidence does that."""
    paper = page(f"Patient: {NAME}  MRN: {MRN}", second={"0481220": "0487220"})

    decision = decide(paper)

    assert (decision.outcome, decision.rule) == (Outcome.AUTO, "gate.number_and_name_borne_out")


def test_a_disputed_number_counts_for_nobody_beside_somebody_alike() -> None:
    """Both readings are numbers of people of a like name."""
    paper = page(f"Patient: {NAME}  MRN: {MRN}", second={"0481220": "0487220"})

    assert decide(paper, people=[CLARA, CLARE]).outcome is Outcome.REVIEW


@pytest.mark.parametrize("second", [{"0481220": "04B1220"}, {"CLARA": "CIARA"}])
def test_both_may_be_disputed_where_nobody_is_alike(second: dict[str, str]) -> None:
    """Name and number, each read exactly by one reader at least."""
    other = {"0481220": "0461220", "CLARA": "CLANA", **second}

    assert decide(page(f"Patient: {NAME}  MRN: {MRN}", second=other)).outcome is Outcome.AUTO


def test_what_only_the_other_reader_saw_counts_as_well() -> None:
    """Neither reader has both right; together they have."""
    paper = page(
        "Patient: <name ROSEM, CLARA>  MRN: <mrn 0481220>", second={"ROSEM,": "ROSEN,", "0481220": "O4B122D"}
    )

    assert decide(paper).patient_id == "clara"


def test_a_disputed_birth_date_needs_the_number_or_a_sure_name() -> None:
    """Name and date both disputed leave too many strangers."""
    line = f"Patient: {NAME}  DOB: {BORN}"
    date_only = page(line, second={"03/09/1948": "03/09/1943"})
    both = page(line, second={"03/09/1948": "03/09/1943", "CLARA": "CIARA"})

    assert [decide(p).outcome for p in (date_only, both)] == [Outcome.AUTO, Outcome.REVIEW]


def test_a_name_spelt_otherwise_counts_beside_the_number() -> None:
    """The number is hers, the typist wrote ROSEM; nobody else is called so."""
    paper = page(f"Patient: <name ROSEM, CLARA>  MRN: {MRN}")

    assert decide(paper).rule == "gate.number_and_near_name"


@pytest.mark.parametrize(
    "lines",
    [
        ("Graft from: <name ROSEN, CLARA>  MRN: <mrn 0481220>  DOB: <birth_date 03/09/1948=1948-03-09>",),
        (
            "I, <name Clara Rosen=ROSEN, CLARA>, MRN <mrn 0481220>, as legal guardian,",
            "authorize the release",
        ),
        ("I, <name Clara Rosen=ROSEN, CLARA>, MRN <mrn 0481220>,", "mother and on behalf of the patient"),
    ],
)
def test_who_gives_or_speaks_for_the_patient_is_not_the_patient(lines: tuple[str, ...]) -> None:
    """A donor's data and a guardian's stand on the patient's paper."""
    assert decide(page(*lines)).outcome is not Outcome.AUTO


def test_who_speaks_for_herself_is_the_patient() -> None:
    """An advance directive opens with the patient."""
    paper = page(f"I, <name Clara Rosen=ROSEN, CLARA>, born {BORN}, declare:", f"MRN: {MRN}")

    assert decide(paper).patient_id == "clara"


@pytest.mark.parametrize(
    "told",
    [
        "This 23 year old woman presents with pelvic pain.",
        "A 6 y/o girl with a cough, brought in today.",
        "Mr. Rosen was seen with his cane today and walks well.",
    ],
)
def test_a_text_that_tells_of_nobody_like_the_patient_is_asked(told: str) -> None:
    """Name and number agree, the story is about somebody else."""
    lines = (f"Patient: {NAME}  MRN: {MRN}", "Visit: <service_date 05/02/1996=1996-05-02>", told)

    assert decide(page(*lines)).outcome is Outcome.REVIEW


def test_a_text_may_tell_of_others_beside_the_patient() -> None:
    """A husband in the story of his wife."""
    lines = (
        f"Patient: {NAME}  MRN: {MRN}   Visit: <service_date 05/02/1996=1996-05-02>",
        "This 48 year old woman came with her husband, a 51 year old man.",
    )

    assert decide(page(*lines)).patient_id == "clara"


def test_an_age_over_its_caption_counts() -> None:
    """Forms with captions under the line one writes on."""
    lines = (
        f"{NAME}    {MRN}    65",
        "Name            MRN        Age",
        "Visit: <service_date 05/02/1996=1996-05-02>",
    )

    assert decide(page(*lines)).outcome is Outcome.REVIEW


def test_care_before_birth_was_somebody_elses() -> None:
    """Seen in 1940, born in 1948."""
    line = f"Patient: {NAME}  MRN: {MRN}  Visit: <service_date 05/02/1940=1940-05-02>"

    assert decide(page(line)).outcome is Outcome.REVIEW


def test_another_houses_number_is_not_ours() -> None:
    """Its label says whose number it is."""
    assert decide(page(f"Patient: {NAME}  Mercy Hospital MRN: {MRN}")).outcome is Outcome.REVIEW


HEAD = "<facility ST. BRENDAN INFIRMARY>"


@pytest.mark.parametrize(
    "lines",
    [
        (HEAD, f"Patient: {NAME}", f"St. Brendan MRN: {MRN}"),
        (HEAD, f"Patient: {NAME}", f"MRN: {MRN} (St. Brendan)"),
        (HEAD, f"Patient: {NAME}", "St. Brendan MRN", MRN),
        (HEAD, f"Patient: {NAME}", "Medical Record No. (Mercy Hospital): 0481220"),
        (HEAD, f"Patient: {NAME}", "Mercy No. 0481220"),
        (f"Patient: {NAME}", "Hospital No. (Lakeside Clinic): 0481220"),
        ("<facility RIVERSIDE CLINIC>", f"Patient: {NAME}", f"Riverside MRN: {MRN}"),
        (HEAD, f"Patient: {NAME}  St. Brendan MRN: {MRN}", "ROSEN, CLARA   0481220"),
        (HEAD, f"Patient: {NAME}", f"St. Brendan MRN: {MRN}", f"MRN: {MRN}"),
    ],
)
def test_a_number_that_a_house_claims_needs_name_and_birth_date(lines: tuple[str, ...]) -> None:
    """By its label, by brackets, by a caption over it, labelled or not, wherever else it stands: nobody
    told which house is ours."""
    assert decide(page(*lines)).outcome is Outcome.REVIEW
    assert decide(page(*lines, f"DOB: {BORN}")).patient_id == "clara"


def test_the_letterhead_alone_makes_no_number_anothers() -> None:
    """Most papers of the site are under its own letterhead."""
    assert decide(page(HEAD, f"Patient: {NAME}  MRN: {MRN}")).rule == "gate.mrn_and_name"


def test_a_number_of_a_known_house_is_ours() -> None:
    """Its name alone tells, in the settings' spelling or a misread one."""
    paper = page("<facility ST. BRENDAM INFIRMARY>", f"Patient: {NAME}", f"St. Brendan MRN: {MRN}")

    assert decide(paper, houses=known("St. Brendan Infirmary", ())).rule == "gate.mrn_and_name"
    assert decide(paper, houses=known("", ("Saint Brendan",))).rule == "gate.mrn_and_name"


def test_under_another_houses_letterhead_a_number_needs_name_and_birth_date() -> None:
    """Where the site listed its houses; what it did not list may be a clinic that uses its numbers."""
    ours = known("", ("Harbor View Hospital",))
    paper = (HEAD, f"Patient: {NAME}  MRN: {MRN}")

    assert decide(page(*paper), houses=ours).rule == "gate.number_of_this_house"
    assert decide(page(*paper, f"DOB: {BORN}"), houses=ours).rule == "gate.mrn_and_name"
    assert decide(page(*paper), houses=known("Harbor View Hospital", ())).rule == "gate.mrn_and_name"


def test_a_number_labelled_by_another_house_names_and_accuses_nobody() -> None:
    """Not the holder of our number of the same digits; the patient goes by name and birth date."""
    otto = patient("otto", "Brandt", "Otto", "1931-12-01", "0734415")
    paper = page(HEAD, f"Patient: {NAME}  DOB: {BORN}", "St. Brendan MRN: <mrn 0734415>")
    ours = known("", ("Harbor View Hospital",))

    assert decide(paper, people=(CLARA, otto)).rule == "gate.no_other_mrn"
    filed = decide(paper, people=(CLARA, otto), houses=ours)
    assert (filed.patient_id, filed.rule) == ("clara", "gate.name_and_birth_date")


def test_another_letterhead_alone_does_not_excuse_anothers_number() -> None:
    """A laboratory prints the number that our order gave it."""
    otto = patient("otto", "Brandt", "Otto", "1931-12-01", "0734415")
    paper = page("<facility LAKESIDE LABORATORIES>", f"Patient: {NAME}  DOB: {BORN}  MRN: <mrn 0734415>")

    decision = decide(paper, people=(CLARA, otto), houses=known("", ("Harbor View Hospital",)))

    assert decision.rule == "gate.no_other_mrn"


def test_two_numbers_that_differ_by_a_digit_are_asked() -> None:
    """The other hospital's number, or a typing error: the page does not say which is ours."""
    paper = page(f"Patient: {NAME}  MRN: {MRN}", "Our number: <mrn 0481202>")

    assert decide(paper).outcome is Outcome.REVIEW


def test_another_account_on_a_silent_page_is_another_visits() -> None:
    """ "Page 2 of 2" holds it, and the account number says that it belongs elsewhere."""
    first = page(f"Patient: {NAME}  MRN: {MRN}  Account: <account 77120391>", "<page_of 1/2>")
    same, other = (
        page(f"Account: <account {number}>", "<page_of 2/2>", number=2) for number in ("77120391", "77120319")
    )

    assert decide(first, same, reasons=()).outcome is Outcome.AUTO
    assert decide(first, other, reasons=()).outcome is Outcome.REVIEW


def test_a_name_spelt_like_somebody_elses_does_not() -> None:
    """Clare's page with the number of Clara, keyed from the wrong chart."""
    clare = replace(CLARE, identifiers=patient("x", "X", "X", None, "0999887").identifiers)
    paper = page(f"Patient: <name ROSEN, CLARE>  MRN: {MRN}")

    assert decide(paper, people=[CLARA, clare]).outcome is Outcome.REVIEW


def test_an_unknown_number_makes_disputed_data_a_strangers() -> None:
    """A labelled number that nobody here holds: name and date read once may be somebody unregistered."""
    line = f"Patient: {NAME}  DOB: {BORN}  MRN: <mrn 5550123>"

    assert decide(page(line, second={"CLARA": "CIARA"})).outcome is Outcome.REVIEW


def test_a_second_reader_that_agrees_makes_a_doubtful_word_sure() -> None:
    """Two independent readers are the machine's double key."""
    line, second = f"Patient: {NAME}  MRN: {MRN}", {"0481220": "0481220"}
    alone = page(line, confidence={"0481220": 0.85})
    agreed = page(line, confidence={"0481220": 0.85}, second=second)
    guessed = page(line, confidence={"0481220": 0.6}, second=second)

    outcomes = [decide(paper, people=[CLARA, CLARE]).outcome for paper in (alone, agreed, guessed)]
    assert outcomes == [Outcome.REVIEW, Outcome.AUTO, Outcome.REVIEW]


def test_a_second_reader_that_saw_nothing_is_no_second_reader() -> None:
    """It looked where the number stands and saw none: high confidence of the first is not enough."""
    paper = page(f"Patient: {NAME}  MRN: {MRN}", second={"0481220": ""})

    assert decide(paper, people=[CLARA, CLARE]).outcome is Outcome.REVIEW


def test_a_letter_among_the_digits_is_sure_to_nobody() -> None:
    """Both readers take one broken shape for the same letter."""
    people = [patient("odd", "Rosen", "Clara", "1948-03-09", "04B1220"), CLARE]
    odd = page(f"Patient: {NAME}  MRN: <mrn 04B1220>", second={"04B1220": "04B1220"})

    assert decide(odd, people=people).outcome is Outcome.REVIEW


@pytest.mark.parametrize(
    ("line", "is_sure"),
    [
        ("DOB: 6344", False),
        ("DOB: 3 1848", False),
        ("DOB: <birth_date Pebruary 7, 1961=1961-02-07>", False),
        ("DOB: February 7, 1961", True),
        ("MRN: 446344", True),
        ("MRN: B446344", False),
    ],
)
def test_two_readers_count_only_for_what_is_well_formed(line: str, is_sure: bool) -> None:
    """A date that lost its separators for both is no sure number, a month that is none no date."""
    words = {word: word for word in re.findall(r"[\w,]+", line)}
    paper = page(line, second=words)

    seen = gather(
        [paper.reading], [paper.findings], PageGroup(pages=(1,), reasons=(), is_sure=True)
    ).sightings
    assert {sighting.is_sure for sighting in seen} <= {is_sure}
    assert seen or not is_sure


@pytest.mark.parametrize(
    ("line", "second"),
    [
        ("Patient: <name ROSEM, CIARA>  MRN: <mrn 7736001>", {"7736001": "0481220"}),
        (
            "Patient: <name ROSEN, CIARA>  DOB: <birth_date 08/08/1943=1943-08-08>",
            {"08/08/1943": "03/09/1948"},
        ),
    ],
)
def test_what_the_other_reader_saw_finds_the_patient(line: str, second: dict[str, str]) -> None:
    """Shown as a candidate that nearly agrees, never filed."""
    decision = decide(page(line, second=second))

    assert decision.outcome is Outcome.REVIEW
    assert [c.patient_id for c in decision.candidates] == ["clara"]


def test_the_reason_says_that_nobody_read_twice() -> None:
    """Without the second reader a doubtful identifier waits, and the clerk sees why."""
    line, people = f"Patient: {NAME}  MRN: {MRN}", [CLARA, CLARE]
    once = decide(page(line, confidence={"0481220": 0.8}), people=people)
    twice = decide(page(line, confidence={"0481220": 0.8}, second={"ROSEN,": "ROSEN"}), people=people)

    assert [once.outcome, twice.outcome] == [Outcome.REVIEW, Outcome.REVIEW]
    assert any("no second reader" in reason for reason in once.reasons)
    assert not any("no second reader" in reason for reason in twice.reasons)


def test_an_illegible_page_needs_two_readers() -> None:
    """High confidence of one reader does not count on a page it can hardly read."""
    paper = page(f"Patient: {NAME}  MRN: {MRN}", legibility=0.3)

    assert decide(paper, people=[CLARA, CLARE]).outcome is Outcome.REVIEW


@pytest.mark.parametrize("read", ["R0SEN, CLARA", "ROSEM, CLARA", "ROSEN, CIARA"])
def test_a_slip_in_the_name_is_near(read: str) -> None:
    """It finds the patient and is no contradiction; name and birth date alone do not file then."""
    decision = decide(page(f"Patient: <name {read}>   DOB: {BORN}"))

    assert (decision.outcome, decision.candidates[0].patient_id) == (Outcome.REVIEW, "clara")


def test_a_nickname_is_no_contradiction() -> None:
    """Bill for William: not exact, but the number stands beside it. An initial is too little."""
    person = patient("bill", "Voss", "William", "1922-05-30", "0233190")
    line = "Patient: <name VOSS, {}>  MRN: <mrn 0233190>"

    bill = decide(page(line.format("BILL")), people=[person])
    initial = decide(page(line.format("W")), people=[person])

    assert [bill.outcome, initial.outcome] == [Outcome.AUTO, Outcome.REVIEW]


# --- somebody else on the page ----------------------------------------------------------
@pytest.mark.parametrize(
    "line",
    [
        "Attending: Clara Rosen",
        "Dr. Clara Rosen",
        "Clara Rosen, M.D.",
        "Mother's name: Clara Rosen",
        "Guarantor: ROSEN, CLARA",
        "Emergency contact: Clara Rosen",
        "Insured: Clara Rosen",
        "Witness: Clara Rosen",
        "cc: Clara Rosen",
        "Next of kin: ROSEN, CLARA",
    ],
)
def test_a_name_in_another_role_is_no_evidence(line: str) -> None:
    """A doctor or mother who is also a patient is not whose page it is."""
    decision = decide(page(line, "", f"DOB: {BORN}"))

    assert decision.outcome is not Outcome.AUTO


def test_a_relatives_birth_date_is_no_evidence() -> None:
    """The mother's date beside the mother's name says nothing about the patient."""
    decision = decide(page(f"Patient: {NAME}", "Mother: Vera Rosen   DOB: 03/09/1948"))

    assert decision.outcome is Outcome.REVIEW


def test_a_mothers_birth_date_does_not_contradict() -> None:
    """Another date that belongs to a relative leaves the patient's own alone."""
    decision = decide(
        page(f"Patient: {NAME}  DOB: {BORN}  MRN: {MRN}", "", "Mother: Vera Rosen   DOB: 11/02/1921")
    )

    assert decision.outcome is Outcome.AUTO


def test_two_patients_in_one_document_are_asked() -> None:
    """Page 2 belongs to somebody else of the roster."""
    other = patient("ida", "Quinn", "Ida", "1955-08-17", "0559031")
    second = page("Patient: <name QUINN, IDA>  MRN: <mrn 0559031>", number=2)

    assert (
        decide(page(f"Patient: {NAME}  MRN: {MRN}"), second, people=[CLARA, other]).outcome is Outcome.REVIEW
    )


def test_a_page_naming_an_unregistered_person_is_asked() -> None:
    """Page 2 names a stranger: it may have been stapled in."""
    second = page("Patient: <name ADLER, PAUL>", number=2)

    assert decide(page(f"Patient: {NAME}  MRN: {MRN}"), second).outcome is Outcome.REVIEW


def test_a_continuation_without_identifiers_is_carried() -> None:
    """A page that names nobody goes with its document where a printed count or sheets hold it."""
    first = page(f"Patient: {NAME}  MRN: {MRN}", "<page_of Page 1 of 2=1/2>")
    counted = page("and so on", "<page_of Page 2 of 2=2/2>", number=2)
    loose = page("and so on", number=2)

    assert decide(first, counted).outcome is Outcome.AUTO
    assert decide(first, loose).rule == "gate.every_page_tied"
    assert decide(first, loose, reasons=(BETWEEN_SHEETS,)).outcome is Outcome.AUTO


@pytest.mark.parametrize(
    "line",
    [
        "cc: Clara Rosen, DOB 03/09/1948, MRN <mrn 0481220>",
        "Roommate: <name ROSEN, CLARA>   MRN: <mrn 0481220>   DOB: <birth_date 03/09/1948=1948-03-09>",
        "Compared with specimen of Clara Rosen, MRN <mrn 0481220>",
        "c/o <name ROSEN, CLARA>  MRN <mrn 0481220>",
        "Same as Rosen, Clara MRN: <mrn 0481220>",
        "Husband: <name ROSEN, CLARA> MRN: <mrn 0481220>",
    ],
)
def test_a_line_that_opens_with_a_mention_is_no_evidence(line: str) -> None:
    """All that follows "cc:" or "Roommate:" is somebody's mentioned, even with a label."""
    decision = decide(page("PATHOLOGY REPORT", "Patient: ________", "", line))

    assert decision.outcome is not Outcome.AUTO


def test_fitting_age_title_and_middle_name_do_not_stop_it() -> None:
    """What agrees with the roster is no contradiction; an age may be two years off."""
    paper = page(
        "Patient: Mrs. <name Clara M. Rosen=ROSEN, CLARA M>   Age 49   Female   MRN: <mrn 0481220>",
        "Date of visit: <service_date 05/02/1996=1996-05-02>",
    )

    assert decide(paper).outcome is Outcome.AUTO


def test_an_age_in_a_story_is_nobodys() -> None:
    """A sentence tells ages of anybody at any time."""
    paper = page(
        f"Patient: {NAME}   MRN: {MRN}",
        "Visit: <service_date 05/02/1996=1996-05-02>",
        "This is the story of a 19 year old who was seen for the first time in the clinic",
    )

    assert decide(paper).outcome is Outcome.AUTO


def test_notes_about_a_page_do_not_stop_it() -> None:
    """Problems that begin with "note:" inform; others force review."""
    line = f"Patient: {NAME}  MRN: {MRN}"

    noted, damaged = (
        decide(page(line, problems=("note:non_square",))),
        decide(page(line, problems=("damaged",))),
    )

    assert [noted.outcome, damaged.outcome] == [Outcome.AUTO, Outcome.REVIEW]


def test_a_guessed_break_matters_only_where_a_page_does_not_say_whose_it_is() -> None:
    """One page, or pages that each give the number, may be split too often, but not filed wrongly."""
    first = page(f"Patient: {NAME}  MRN: {MRN}")
    again, silent = page(f"MRN: {MRN}", number=2), page("Wound clean and dry.", number=2)

    outcomes = [
        decide(*papers, is_sure=False).outcome for papers in ((first,), (first, again), (first, silent))
    ]
    assert outcomes == [Outcome.AUTO, Outcome.AUTO, Outcome.REVIEW]


# --- look-alikes --------------------------------------------------------------------------
TWIN = patient("cora", "Rosen", "Clare", "1948-03-09", "0481227")


def test_twins_of_similar_names_are_told_apart_by_two_sure_identifiers() -> None:
    """Name and number each differ from the twin's by one character: both must have been read for sure."""
    line = f"Patient: {NAME}  MRN: {MRN}"
    sure = decide(page(line), people=[CLARA, TWIN])
    unsure = decide(page(line, confidence={"0481220": 0.7}), people=[CLARA, TWIN])

    assert [sure.outcome, unsure.outcome] == [Outcome.AUTO, Outcome.REVIEW]


def test_twins_without_number_are_asked() -> None:
    """Name and birth date do not part twins of similar names, nor does their telephone."""
    twin = replace(TWIN, phone=CLARA.phone)

    decision = decide(
        page(f"Patient: {NAME}  DOB: {BORN}  Tel <phone (419) 555-0136=4195550136>"), people=[CLARA, twin]
    )

    assert decision.outcome is Outcome.REVIEW


def test_twins_of_unlike_names_are_told_apart_by_name() -> None:
    """Clara and Boris: the number and the first name leave no doubt."""
    twin = patient("boris", "Rosen", "Boris", "1948-03-09", "0481227")

    assert decide(page(f"Patient: {NAME}  MRN: {MRN}"), people=[CLARA, twin]).patient_id == "clara"


def test_namesakes_with_one_birth_date_need_the_number() -> None:
    """Two people, one name, one day: only a number says which."""
    namesake = patient("clara2", "Rosen", "Clara", "1948-03-09", "0990011")

    without = decide(page(f"Patient: {NAME}  DOB: {BORN}"), people=[CLARA, namesake])
    with_it = decide(page(f"Patient: {NAME}  DOB: {BORN}  MRN: {MRN}"), people=[CLARA, namesake])

    assert [without.outcome, with_it.outcome] == [Outcome.REVIEW, Outcome.AUTO]
    assert {"clara", "clara2"} == {c.patient_id for c in without.candidates}


SENIOR = patient("sr", "Voss", "Henry", "1922-05-30", "0233190", suffix="Sr")
JUNIOR = patient("jr", "Voss", "Henry", "1951-01-15", "0233841", suffix="Jr")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Patient: <name VOSS, HENRY SR>  MRN: <mrn 0233190>", Outcome.AUTO),
        ("Patient: <name VOSS, HENRY>  MRN: <mrn 0233190>", Outcome.REVIEW),
        ("Patient: <name VOSS, HENRY>  DOB: <birth_date 5/30/1922=1922-05-30>", Outcome.AUTO),
        ("Patient: <name VOSS, HENRY>", Outcome.REVIEW),
        ("Patient: <name VOSS, HENRY JR>  MRN: <mrn 0233190>", Outcome.REVIEW),
        (
            "Patient: <name VOSS, HENRY>  MRN: <mrn 0233190>  DOB: <birth_date 5/30/1922=1922-05-30>",
            Outcome.AUTO,
        ),
        (
            "Patient: <name VOSS, HENRY>  MRN: <mrn 0233190>  DOB: <birth_date 1/15/1951=1951-01-15>",
            Outcome.REVIEW,
        ),
    ],
)
def test_senior_and_junior(line: str, expected: Outcome) -> None:
    """The number may have been looked up by name: suffix or birth date must tell father and son apart."""
    decision = decide(page(line), people=[SENIOR, JUNIOR])

    assert decision.outcome is expected
    assert decision.patient_id in ("sr", None)


# --- frequencies ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("namesakes", "collision", "size", "expected"),
    [
        (0.1, 1.2e-3, 20_000, Outcome.AUTO),
        (40.0, 1.2e-2, 20_000, Outcome.REVIEW),
        (0.1, 0.3, 20_000, Outcome.REVIEW),
        (0.1, 1.2e-3, 40, Outcome.REVIEW),
    ],
)
def test_name_and_birth_date_alone_depend_on_the_roster(
    namesakes: float, collision: float, size: int, expected: Outcome
) -> None:
    """Rare name in a large roster: filed; common name, dense or tiny roster: asked."""
    paper = page(f"Patient: {NAME}   DOB: {BORN}")

    assert decide(paper, namesakes=namesakes, collision=collision, size=size).outcome is expected


def test_a_small_roster_files_on_the_number() -> None:
    """With two people in it, number and name are still enough."""
    assert decide(page(f"Patient: {NAME}  MRN: {MRN}"), size=2).outcome is Outcome.AUTO


def test_a_nobody_prior_of_the_site_counts() -> None:
    """Where most paper comes from strangers, name and birth date are not enough."""
    settings = MatchSettings(not_in_roster_prior=0.99)

    assert decide(page(f"Patient: {NAME}  DOB: {BORN}"), settings=settings).outcome is Outcome.REVIEW


# --- newborns ---------------------------------------------------------------------------------
INFANT = patient("infant", "Rosen", "Baby Boy", "1979-06-02", "0700441")


def test_a_newborns_own_number_and_birth_date_file() -> None:
    """The infant's own sticker, beside its mother's name."""
    paper = page(
        "Patient: <name ROSEN, BABY BOY>  MRN: <mrn 0700441>  DOB: <birth_date 06/02/1979=1979-06-02>",
        "Mother: <name:relative CLARA ROSEN>",
    )

    decision = decide(paper, people=[CLARA, INFANT])

    assert (decision.outcome, decision.patient_id) == (Outcome.AUTO, "infant")


def test_a_newborn_without_its_own_number_is_asked() -> None:
    """Name and day of a baby do not file, with the mother's number least of all."""
    plain = page("Patient: <name ROSEN, BABY BOY>  DOB: <birth_date 06/02/1979=1979-06-02>")
    mothers = page(f"Patient: <name ROSEN, BABY BOY>  DOB: <birth_date 06/02/1979=1979-06-02>  MRN: {MRN}")

    assert {Outcome.REVIEW} == {decide(p, people=[CLARA, INFANT]).outcome for p in (plain, mothers)}


# --- cover sheets -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("line", "cover", "expected"),
    [
        (f"Patient: {NAME}", cover_sheet("0481220"), Outcome.AUTO),
        (f"DOB: {BORN}", cover_sheet("0481220"), Outcome.AUTO),
        ("No acute distress.", cover_sheet("0481220", "1948-03-09"), Outcome.REVIEW),
        ("No acute distress.", cover_sheet("0481220"), Outcome.REVIEW),
        ("No acute distress.", cover_sheet("0481220", "1950-01-01"), Outcome.REVIEW),
        ("Patient: <name ADLER, PAUL>", cover_sheet("0481220", "1948-03-09"), Outcome.REVIEW),
    ],
)
def test_cover_sheets(line: str, cover, expected: Outcome) -> None:
    """A cover sheet is the operator's word: believed only where the pages agree."""
    assert decide(page(line), cover=cover).outcome is expected


# --- nobody ---------------------------------------------------------------------------------------
def test_a_stranger_is_new() -> None:
    """Nobody fits and the page names somebody clearly."""
    decision = decide(page("Patient: <name ADLER, PAUL>  DOB: <birth_date 10/11/1960=1960-10-11>"))

    assert (decision.outcome, decision.patient_id) == (Outcome.NEW, None)


def test_without_a_roster_the_first_document_is_new() -> None:
    """An empty roster knows nobody."""
    decision = decide(page(f"Patient: {NAME}  MRN: {MRN}"), people=[], size=0)

    assert (decision.outcome, decision.roster_version) == (Outcome.NEW, 0)


def test_without_a_roster_later_documents_meet_the_provisional_patient() -> None:
    """One confirmed person in an otherwise empty roster: the number files, name and day do not."""
    known = replace(CLARA, is_provisional=True)

    with_number = decide(page(f"Patient: {NAME}  MRN: {MRN}"), people=[known], size=0)
    without = decide(page(f"Patient: {NAME}  DOB: {BORN}"), people=[known], size=0)

    assert [with_number.outcome, without.outcome] == [Outcome.AUTO, Outcome.REVIEW]


def test_a_page_that_names_nobody_is_asked() -> None:
    """Nothing to go by is no new person."""
    assert decide(page("Wound clean and dry.")).outcome is Outcome.REVIEW


# --- explanations ---------------------------------------------------------------------------------
def test_reasons_hold_no_patient_data() -> None:
    """Sentences name kinds and situations only."""
    decision = decide(page(f"Patient: {NAME}  DOB: <birth_date 1/2/1950=1950-01-02>  MRN: {MRN}"))

    said = " ".join(decision.reasons).upper()
    assert not any(value in said for value in ("ROSEN", "CLARA", "0481220", "1950", "1948"))
    assert decision.reasons


def test_comparisons_show_where_each_datum_stands() -> None:
    """Every agreement has its page and box for the reviewer."""
    decision = decide(page(f"Patient: {NAME}  DOB: {BORN}  MRN: {MRN}", number=1))

    shown = {c.kind: c for c in decision.candidates[0].comparisons}
    assert {FindingKind.NAME, FindingKind.BIRTH_DATE, FindingKind.MRN} <= set(shown)
    assert all(c.scan_page_no == 1 and c.box for c in shown.values())


def test_the_same_papers_give_the_same_decision() -> None:
    """Nothing depends on order of look-up or time."""
    people = [CLARA, TWIN, SENIOR, JUNIOR]
    paper = page(f"Patient: {NAME}  DOB: {BORN}  MRN: {MRN}")

    assert decide(paper, people=people) == decide(paper, people=people[::-1])


def test_at_most_five_candidates_are_shown_best_first() -> None:
    """A name that many share gives the reviewer five."""
    people = [patient(f"p{n}", "Rosen", "Clara", f"19{n + 40}-01-05", f"07000{n:02}") for n in range(9)]

    decision = decide(page(f"Patient: {NAME}"), people=people)

    assert len(decision.candidates) == 5
    scores = [c.score for c in decision.candidates]
    assert scores == sorted(scores, reverse=True)


# --- the list to choose from -----------------------------------------------------------------
@pytest.mark.parametrize(
    "line",
    [
        "Patient: <name ROSFN, CLAPA>",
        "Patient: <name BOFEN, CLARA>  MRN: <mrn 0487>",
        "Patient: <name ROZIN, CIRA>  DOB: <birth_date 03/09/1943=1943-03-09>",
    ],
)
def test_a_person_is_shown_who_only_resembles_what_was_read(line: str) -> None:
    """Nothing agrees, but a clerk finds her in the list; nobody is filed on a likeness."""
    decision = decide(page(line), people=[CLARA, SENIOR, TWIN])

    assert decision.outcome is not Outcome.AUTO
    assert "clara" in {c.patient_id for c in decision.candidates}


def test_nobody_is_shown_for_a_name_like_no_other() -> None:
    """A stranger's page does not come with a list of unlike people."""
    decision = decide(page("Patient: <name QUILLFEATHER, BARNABY>"), people=[CLARA, SENIOR])

    assert decision.candidates == ()
