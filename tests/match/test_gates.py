"""Each gate prevents a misfile that nothing else would prevent.

For every gate there is a situation whose paper must not be filed under the patient it
seems to name. With all gates it is not; without that one gate it would be.
"""

from __future__ import annotations

import pytest

from scanindex.match import GATES
from scanindex.model import BETWEEN_SHEETS, Outcome, PageKind
from scanindex.settings import MatchSettings
from tests.match.papers import Situation, SmallRoster, cover_sheet, page, patient

CLARA = patient(
    "clara",
    "Rosen",
    "Clara",
    "1948-03-09",
    "0481220",
    sex="F",
    ssn4="7713",
    phone="4195550136",
    address="88 Linden Way, Tiffin, OH 44883",
)
NAME, BORN, MRN = "<name ROSEN, CLARA>", "<birth_date 03/09/1948=1948-03-09>", "<mrn 0481220>"
LABEL = (f"Patient: {NAME}   DOB: {BORN}   MRN: {MRN}",)
ROSTER = SmallRoster([CLARA])

SITUATIONS: dict[str, Situation] = {
    "two_identifiers": Situation(  # a stray number on a page that names nobody
        roster=SmallRoster([CLARA], size=100), papers=(page(f"MRN: {MRN}", "No acute distress."),)
    ),
    "no_other_mrn": Situation(  # the number on the label is another patient's
        roster=SmallRoster(
            [CLARA, patient("otto", "Brandt", "Otto", "1931-12-01", "0734415")], collision=3.4e-5
        ),
        papers=(
            page(
                f"Patient: {NAME}  DOB: {BORN}  MRN: <mrn 0734415>",
                "Phone: <phone (419) 555-0136=4195550136>  SSN: <ssn4 7713>",
                "88 LINDEN WAY",
            ),
        ),
    ),
    "number_of_this_house": Situation(  # a stranger of the same name, with another hospital's number
        roster=ROSTER,
        papers=(page("<facility ST. BRENDAN INFIRMARY>", f"Patient: {NAME}  St. Brendan MRN: {MRN}"),),
    ),
    "no_other_birth_date": Situation(  # the unregistered daughter of the same name, with her mother's number
        roster=ROSTER, papers=(page(f"Patient: {NAME}  DOB: <birth_date 07/21/1975=1975-07-21>  MRN: {MRN}"),)
    ),
    "no_other_name": Situation(  # the unregistered twin brother, with his sister's number
        roster=ROSTER, papers=(page(f"Patient: <name ROSEN, MARTIN>  DOB: {BORN}  MRN: {MRN}"),)
    ),
    "no_name_like_it": Situation(  # the unregistered twin; one digit of the number was smudged
        roster=SmallRoster(
            [
                patient("dora", "Rosen", "Dora", "1948-03-09", "0481220"),
                patient("nora", "Quinn", "Nora", "1955-08-17", "0559031"),
            ]
        ),
        papers=(page(f"Patient: <name ROSEN, NORA>  DOB: {BORN}  MRN: {MRN}"),),
    ),
    "named_in_this_role": Situation(  # the donor of a graft; the recipient is not in the roster
        roster=ROSTER, papers=(page("Harvested from ROSEN, CLARA", f"MRN: {MRN}   DOB: {BORN}"),)
    ),
    "no_word_of_error": Situation(  # somebody noticed
        roster=ROSTER, papers=(page(*LABEL, "", "WRONG PLATE - this note is about her sister"),)
    ),
    "no_other_suffix": Situation(  # Jr with the number of Sr
        roster=SmallRoster([patient("sr", "Voss", "Henry", "1922-05-30", "0233190", suffix="Sr")]),
        papers=(page("Patient: <name VOSS, HENRY JR=VOSS, HENRY JR>  MRN: <mrn 0233190>"),),
    ),
    "no_other_sex": Situation(  # brother and sister share the day; the number is hers, the page is his
        roster=ROSTER, papers=(page(f"DOB: {BORN}   Sex: <sex M>   MRN: {MRN}"),)
    ),
    "no_other_ssn": Situation(  # an unregistered namesake whose number was keyed wrong
        roster=ROSTER, papers=(page(f"Patient: {NAME}  MRN: {MRN}  SSN: <ssn4 xxx-xx-2204=2204>"),)
    ),
    "no_second_patient": Situation(  # somebody else's sheet behind the first page
        roster=SmallRoster([CLARA, patient("ida", "Quinn", "Ida", "1955-08-17", "0559031")]),
        papers=(page(*LABEL, "", "QUINN, IDA   08/17/1955", "Wound clean and dry."),),
    ),
    "no_list": Situation(  # the second row is somebody's whom the roster does not know
        roster=ROSTER,
        papers=(
            page(
                "Name              MRN        Born         Result",
                f"{NAME}      {MRN}    {BORN}   8.1",
                "YARVERBY, ARTHUR  5754873    03/24/1964   18.6",
            ),
        ),
    ),
    "margin": Situation(  # two namesakes of one day; the telephone has changed hands since
        roster=SmallRoster(
            [CLARA, patient("clara2", "Rosen", "Clara", "1948-03-09", "0990011", phone="4195550172")]
        ),
        papers=(page(f"Patient: {NAME}   DOB: {BORN}", "Phone: <phone (419) 555-0136=4195550136>"),),
        settings=MatchSettings(posterior=0.5),
        truth="clara2",
    ),
    "third_for_look_alikes": Situation(  # twins of similar names: the number was keyed from the other's chart
        roster=SmallRoster([CLARA, patient("clare", "Rosen", "Clare", "1948-03-09", "0481227")]),
        papers=(page(f"DOB: {BORN}   MRN: {MRN}", "Name:"),),
        truth="clare",
    ),
    "likely_enough": Situation(  # an unregistered person of a common name, born on the same day
        roster=SmallRoster([CLARA], namesakes=40.0, collision=0.01),
        papers=(page(f"Patient: {NAME}   DOB: {BORN}"),),
    ),
    "read_surely": Situation(  # one reader guessed a digit and hit somebody of a like name
        roster=SmallRoster([CLARA, patient("clare", "Rosen", "Clare", "1948-03-09", "0487220")]),
        papers=(
            page(f"Patient: {NAME}   MRN: {MRN}   DOB: {BORN}", confidence={"0481220": 0.4, "CLARA": 0.3}),
        ),
        truth="clare",
    ),
    "every_page_supports": Situation(  # page 2 names somebody, too badly read to accuse or acquit
        roster=ROSTER,
        papers=(
            page(*LABEL),
            page("Patient: <name QU1NN, lDA=QU1NN, LDA>", "Wound clean.", number=2, confidence=0.3),
        ),
        reasons=(BETWEEN_SHEETS,),
    ),
    "sure_of_pages": Situation(  # page 2 names nobody and may begin another document
        roster=ROSTER,
        papers=(page(*LABEL), page("Wound clean and dry.", number=2)),
        is_sure=False,
        reasons=(BETWEEN_SHEETS,),
    ),
    "whole_pages": Situation(  # nobody knows what page 2 says
        roster=ROSTER,
        papers=(page(*LABEL), page(number=2, kind=PageKind.FAILED, problems=("timeout",))),
        reasons=(BETWEEN_SHEETS,),
    ),
    "infants_own_number": Situation(  # the mother's sticker on her baby's sheet
        roster=ROSTER, papers=(page(*LABEL, "BABY BOY ROSEN   delivered 06/02/1979   Apgar 9"),)
    ),
    "cover_agrees": Situation(  # the sheet of somebody not registered yet lies before a stray page
        roster=ROSTER,
        papers=(page(*LABEL),),
        cover=cover_sheet("0559031"),
    ),
    "no_other_head_name": Situation(  # the clinic's label on a sheet that says in its head whose it is
        roster=ROSTER, papers=(page("<running ADLER, PAUL T>   page 2", *LABEL),)
    ),
    "every_page_tied": Situation(  # a loose sheet behind the first page: nothing says whose it is
        roster=ROSTER, papers=(page(*LABEL), page("Wound clean and dry.", number=2))
    ),
    "silent_pages": Situation(  # a sheet of somebody unregistered lies between the same separators
        roster=ROSTER,
        papers=(page(*LABEL), page("0999123   page 2", "Wound clean and dry.", number=2)),
        reasons=(BETWEEN_SHEETS,),
    ),
    "named_as_patient": Situation(  # the story of a page that names nobody mentions somebody
        roster=ROSTER,
        papers=(
            page(
                f"DOB: {BORN}",
                "",
                f"The lady in the next bed was {NAME} with mrn {MRN} and had the same tray.",
            ),
        ),
    ),
    "name_in_its_place": Situation(  # nobody filled in the name; a name and number stand far below
        roster=ROSTER, papers=(page("Patient: ________", *[""] * 14, f"ROSEN, CLARA   MRN: {MRN}"),)
    ),
    "no_other_age": Situation(  # the unregistered grandson of the same name and number
        roster=ROSTER,
        papers=(
            page(f"Patient: {NAME}  Age 31   MRN: {MRN}", "Visit: <service_date 05/02/1996=1996-05-02>"),
        ),
    ),
    "no_other_middle": Situation(  # an unregistered cousin; the number was looked up by name
        roster=SmallRoster([patient("mae", "Rosen", "Clara", "1948-03-09", "0481220", middle="Mae")]),
        papers=(page(f"Patient: <name ROSEN, CLARA JUNE>   MRN: {MRN}"),),
    ),
}


def test_every_gate_has_its_situation() -> None:
    """No gate without a document that shows what it is for."""
    assert set(SITUATIONS) == set(GATES)


@pytest.mark.parametrize("name", SITUATIONS)
def test_all_gates_together_ask_a_person(name: str) -> None:
    """None of the situations is filed by the machine, and the gate meant for it says so."""
    decision = SITUATIONS[name].decide()

    assert decision.outcome is not Outcome.AUTO
    only_this = SITUATIONS[name].decide({name: GATES[name]})
    assert only_this.outcome is Outcome.REVIEW
    assert only_this.rule == f"gate.{name}"


@pytest.mark.parametrize("name", SITUATIONS)
def test_without_the_gate_it_would_be_misfiled(name: str) -> None:
    """Dropping one gate alone files the paper under somebody it does not belong to."""
    situation = SITUATIONS[name]

    decision = situation.decide({other: gate for other, gate in GATES.items() if other != name})

    assert decision.outcome is Outcome.AUTO
    assert decision.patient_id != situation.truth
