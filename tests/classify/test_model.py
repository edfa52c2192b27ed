# ruff: noqa: E501  (texts)
"""The type model: it answers on habits of writing that it was not trained on, and abstains."""

from __future__ import annotations

import dataclasses

import pytest

from scanindex.classify import DEFAULT, SiteTypes, base_model
from scanindex.classify.learn import Lesson, cross_validated, taught
from scanindex.doctypes import KEYS
from scanindex.extract import fields, find
from tests.extract.paper import page

UNTITLED: dict[str, str] = {
    "operative_report": "The patient was brought to the theatre and placed supine. After prepping and draping, a "
    "transverse incision was made over the thyroid. The strap muscles were separated, the left lobe was "
    "mobilized and removed, and hemostasis secured with silk ties. The wound was closed in layers over a "
    "small drain. Sponge count correct. Blood loss minimal. Tolerated procedure well.",
    "radiology_report": "Views of the left hip and pelvis demonstrate an intertrochanteric fracture with varus "
    "angulation. No dislocation. Osseous structures are osteoporotic. Impression: fracture of proximal femur. "
    "PA and lateral views of the chest: heart size normal, lung fields clear, costophrenic angles sharp. "
    "Comparison with earlier films shows no other change. Radiologist.",
    "pathology_report": "Received in formalin labeled colon is a 14 cm segment. Opened to reveal a polypoid mass 3 cm "
    "from the distal margin. Microscopic sections show moderately differentiated adenocarcinoma invading "
    "the muscularis. Twelve lymph nodes negative for tumor. Margins free.",
    "release_authorization": "I hereby authorize the clinic to release copies of my medical records to my attorney for "
    "the purpose of legal review. This authorization may be revoked in writing and expires in ninety days.",
    "lab_report": "WBC 6.1 RBC 4.3 HGB 12.9 HCT 38 MCV 90 PLT 220 Sodium 140 Potassium 4.0 Chloride 101 BUN 12 "
    "Creatinine 0.9 Glucose 92 reference range mg/dL flag H L collected specimen",
    "nursing_note": "2300 asleep, respirations easy. 0200 turned, IV infusing, site clear, side rails up. 0430 medicated "
    "for pain with relief. 0600 voided, vital signs taken, slept fairly well, call bell in reach.",
}
CLERK = "Day clinic circle of the house: candle ritual, clay workshop, garden round and evening bell with group {}"


@pytest.mark.parametrize("key", UNTITLED)
def test_words_alone_tell_the_type(key: str) -> None:
    """Running text without a title, in words of its own."""
    assert base_model().answer(UNTITLED[key]).key == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "seen today, doing well",
        "The bus leaves every half hour from the main gate; tickets can be bought from the driver or at the kiosk. "
        "Dogs are carried free of charge. Lost property is kept for three months at the depot in Mill Street.",
    ],
)
def test_it_abstains_where_words_say_little(text: str) -> None:
    """Few words, or words of something else: no answer rather than a guess."""
    assert base_model().answer(text).key is None


def test_every_answer_is_a_type_of_the_table() -> None:
    """The weights know no type that the product does not; "other" is never answered."""
    assert set(base_model().types) - {"other"} == KEYS and "other" not in base_model().thresholds


def test_probabilities_are_probabilities() -> None:
    """They add up to one and are ranked."""
    ranked = base_model().answer(UNTITLED["radiology_report"]).ranked
    assert sum(p for _, p in ranked) == pytest.approx(1) and list(ranked) == sorted(
        ranked, key=lambda r: -r[1]
    )


def test_the_word_consultation_in_a_note_is_no_title() -> None:
    """A progress note that mentions other documents keeps its type."""
    text = (
        "PROGRESS NOTES\nPatient: QUILL, NORA B   MRN: 0048213\n"
        "Cardiology consultation requested, see discharge summary of March.\n"
        "S: feels better. O: lungs clear. A: improving. P: continue."
    )
    assert fields([find(page(text))]).document_type == "progress_note"


def test_a_poor_title_that_the_words_contradict_is_no_answer() -> None:
    """A department's name over an unmistakable text of another type."""
    found = fields([find(page("Pathology\n" + UNTITLED["release_authorization"].replace(". ", ".\n")))])
    assert found.document_type in (None, "release_authorization")


def test_a_site_adds_titles() -> None:
    """A known type under another title, and a type of its own; a misread letter is forgiven."""
    site = SiteTypes(titles={"THEATRE SHEET": "operative_report", "RAINBOW ROOM SHEET": "day_clinic_note"})
    who = "\nPatient: QUILL, NORA B   MRN: 0048213   DOB: 04/05/1951\n"
    assert fields([find(page("THEATRE SHEET" + who), types=site)]).document_type == "operative_report"
    assert fields([find(page("RAINB0W ROOM SHEET" + who), types=site)]).document_type == "day_clinic_note"
    assert fields([find(page("RAINBOW ROOM SHEET" + who), types=DEFAULT)]).document_type is None


def lessons(n: int = 20) -> list[Lesson]:
    """A site's own kind of paper, corrected by clerks, among documents that they let stand."""
    own = [Lesson(text=CLERK.format(i) * 2, key="day_clinic_note", is_correction=True) for i in range(n)]
    rest = [Lesson(text=text, key=key, is_correction=False) for key, text in UNTITLED.items()]
    return [*own, *rest, *rest]


def test_corrections_teach_a_type_of_the_sites_own() -> None:
    """Better on what was left out, and nothing lost of what was right."""
    verdict = cross_validated(base_model(), lessons())
    assert verdict.is_better and verdict.right_before <= 12 and verdict.right_after >= 30
    model = taught(base_model(), lessons())
    assert model.answer(CLERK.format("green") * 2).ranked[0][0] == "day_clinic_note"
    assert model.answer(UNTITLED["lab_report"]).key == "lab_report"


def test_contradictory_corrections_are_refused() -> None:
    """The same text as three types: nothing can be learnt from that."""
    keys = ("nursing_note", "flowsheet", "problem_list", "face_sheet", "referral")
    muddled = [
        Lesson(text=UNTITLED["lab_report"], key=keys[n * 7 % 5], is_correction=True) for n in range(10)
    ]
    rest = [Lesson(text=UNTITLED["lab_report"], key="lab_report", is_correction=False)] * 5
    assert not cross_validated(base_model(), [*muddled, *rest]).is_better


def test_learning_is_repeatable() -> None:
    """The file of what was learnt can be made anew."""
    one, two = (taught(base_model(), lessons(6)) for _ in range(2))
    assert one.shift == two.shift and one.bias_shift == two.bias_shift
    assert dataclasses.replace(one, shift={}, bias_shift={}) == base_model()
