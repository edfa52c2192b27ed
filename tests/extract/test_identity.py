"""Who a page speaks of: labels, places of values, roles."""

from __future__ import annotations

import pytest

from scanindex.extract import fields, find
from scanindex.model import FindingKind, Role
from tests.extract.paper import page


def values(text: str, kind: FindingKind, role: Role = Role.PATIENT, **kwargs: object) -> list[str]:
    return [f.value for f in find(page(text, **kwargs)).of(kind) if f.role is role]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "line",
    [
        "MRN: 0048213",
        "MR# 0048213",
        "MR #: 0048213",
        "Med Rec No. 0048213",
        "Medical Record Number: 0048213",
        "Unit No: 0048213",
        "Hospital No.: 0048213",
        "Chart #: 0048213",
        "Patient ID: 0048213",
        "PT ID# 0048213",
        "MRN:0048213",
        "Medica1 Record No: 0048213",
        "HISTORY NO.   0048213",
    ],
)
def test_an_mrn_is_read_behind_any_usual_label(line: str) -> None:
    """Label variants, glued labels and one misread letter; leading zeros stay."""
    assert values(line, FindingKind.MRN) == ["0048213"]


@pytest.mark.parametrize(
    ("printed", "value"),
    [("MRN: M00417-3", "M00417-3"), ("Unit No: 04 82 13", "04-82-13"), ("MRN: 12-34-56", "12-34-56")],
)
def test_an_mrn_keeps_letters_and_groups(printed: str, value: str) -> None:
    """Numbers are text: letters, hyphens and groups set apart are kept."""
    assert values(printed, FindingKind.MRN) == [value]


@pytest.mark.parametrize(
    "line",
    [
        "Acct: 30455671",
        "Policy No: 30455671",
        "Member ID: 30455671",
        "Specimen No: 30455671",
        "NPI: 3045567111",
    ],
)
def test_other_numbers_are_no_mrn(line: str) -> None:
    """An account, policy, member, specimen or licence number never passes as MRN."""
    assert find(page("MRN  \n" + line)).of(FindingKind.MRN) == ()


def test_a_date_or_phone_behind_an_mrn_label_is_no_mrn() -> None:
    """An empty MRN field does not swallow its neighbour."""
    assert find(page("MRN: 03/04/1961\nChart #: (740) 555-0148")).of(FindingKind.MRN) == ()


def test_a_value_stops_at_the_next_label() -> None:
    """Name, number and birth date in one row come apart."""
    found = find(page("Patient: QUILL, NORA B   MRN: 0048213   DOB: 04/05/1951   Sex: F"))
    got = {f.kind: f.value for f in found.findings}
    assert got[FindingKind.NAME] == "QUILL, NORA B"
    assert got[FindingKind.MRN] == "0048213"
    assert got[FindingKind.BIRTH_DATE] == "1951-04-05"
    assert got[FindingKind.SEX] == "F"


BOXED = """
PATIENT NAME              MEDICAL RECORD NO.    DATE OF BIRTH     SEX
Quill, Nora B             0048213               04/05/1951        F
PHYSICIAN                 ADMISSION DATE        ACCOUNT NO.       ROOM
Marsh, Evan               06/11/1987            V30455671         412-B
"""


def test_values_below_their_labels_in_a_boxed_form() -> None:
    """A label that heads a box finds its value under it."""
    got = fields([find(page(BOXED))])
    assert (got.name, got.mrn, got.birth_date, got.sex) == ("QUILL, NORA B", "0048213", "1951-04-05", "F")
    assert (got.account, got.service_date, got.provider) == ("V30455671", "1987-06-11", "MARSH, EVAN")


@pytest.mark.parametrize("skew", [-2.5, 2.5])
def test_a_skewed_page_reads_the_same(skew: float) -> None:
    """Two and a half degrees move a word by more than a line over the width of a page."""
    prose = "\n".join(["the wound is clean and dry and the patient walks with one stick today as before"] * 6)
    assert fields([find(page(BOXED + prose, skew_degrees=skew))]).mrn == "0048213"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("Patient: QUILL, NORA B", "QUILL, NORA B"),
        ("Patient: QUILL,NORA B", "QUILL, NORA B"),
        ("Patient: Nora B. Quill", "QUILL, NORA B"),
        ("Patient Name: Mrs. Nora Quill", "QUILL, NORA"),
        ("Pt: DE LA CRUZ, ANA", "DE LA CRUZ, ANA"),
        ("Patient: Ana Van Horn", "VAN HORN, ANA"),
        ("Patient: O'HARA-LINT, SEAN P JR", "O'HARA-LINT, SEAN P JR"),
        ("Patient: Sean P. O'Hara, Jr.", "O'HARA, SEAN P JR"),
        ("Patient Name (Last, First, MI): Quill Nora B", "QUILL, NORA B"),
        ("RE: Nora Quill", "QUILL, NORA"),
    ],
)
def test_names_are_normalised(line: str, value: str) -> None:
    """Comma form, first name first, particles, suffixes, hints of the form."""
    assert values(line, FindingKind.NAME) == [value]


def test_separate_cells_for_last_and_first_name() -> None:
    """A registration form with a cell per name part gives one name."""
    form = (
        "Last Name          First Name        MI     Date of Birth\n"
        "Quill              Nora              B      04/05/1951"
    )
    assert values(form, FindingKind.NAME) == ["QUILL, NORA B"]


@pytest.mark.parametrize(
    "text", ["The patient was seen in clinic.", "Patient is a 45-year-old", "Patient: see above"]
)
def test_prose_is_no_name(text: str) -> None:
    """The word patient in a sentence announces nobody."""
    assert find(page(text)).of(FindingKind.NAME) == ()


@pytest.mark.parametrize(
    "label",
    [
        "Mother",
        "Guarantor",
        "Insured's Name",
        "Subscriber",
        "Emergency Contact",
        "Next of Kin",
        "Witness",
        "Spouse",
    ],
)
def test_names_of_others_are_not_the_patients(label: str) -> None:
    """Role words in the label keep the name away from the patient."""
    text = f"Patient: QUILL, NORA   MRN: 0048213\n{label}: QUILL, HARRIET"
    assert values(text, FindingKind.NAME) == ["QUILL, NORA"]
    assert values(text, FindingKind.NAME, Role.RELATIVE) == ["QUILL, HARRIET"]


def test_a_birth_date_right_of_the_mother_is_hers() -> None:
    """The role of a person reaches along the row."""
    text = "Patient: BABY GIRL QUILL   MRN: 0048213\nMother: QUILL, NORA   DOB: 04/05/1951"
    assert values(text, FindingKind.BIRTH_DATE) == []
    assert values(text, FindingKind.BIRTH_DATE, Role.RELATIVE) == ["1951-04-05"]


def test_data_under_a_section_heading_belong_to_that_section() -> None:
    """Name, phone and birth date below GUARANTOR INFORMATION are the guarantor's."""
    text = (
        "PATIENT INFORMATION\nName: QUILL, NORA   DOB: 04/05/1951\nPhone: (740) 555-0148\n\n"
        "GUARANTOR INFORMATION\nName: QUILL, HARRIET   DOB: 01/02/1925\nPhone: (740) 555-0199"
    )
    got = fields([find(page(text))])
    assert (got.name, got.birth_date, got.phone) == ("QUILL, NORA", "1951-04-05", "7405550148")


def test_a_doctor_is_never_the_patient() -> None:
    """A name with credentials behind a patient label is kept as a provider's."""
    assert values("Patient: Evan Marsh, M.D.", FindingKind.NAME) == []


def test_the_hospitals_telephone_is_nobodys() -> None:
    """Tel and Fax in a letterhead are not the patient's phone."""
    text = "FAIR OAK HOSPITAL\nTel (740) 555-0100   Fax (740) 555-0119\nPatient: QUILL, NORA  MRN: 0048213"
    assert fields([find(page(text))]).phone is None


def test_only_the_last_four_digits_of_a_social_security_number_are_kept() -> None:
    """The full number appears nowhere in the findings."""
    found = find(page("Patient: QUILL, NORA  SSN: 912-34-5678"))
    assert [f.value for f in found.of(FindingKind.SSN4)] == ["5678"]
    assert not any("912-34" in f.raw + f.value for f in found.findings)


def test_both_sexes_printed_for_ticking_say_nothing() -> None:
    """M and F side by side with no single mark give no value; a mark decides."""
    assert values("Patient: QUILL, NORA   Sex: [ ] M [ ] F", FindingKind.SEX) == []
    assert values("Patient: QUILL, NORA   Sex: [ ] M [X] F", FindingKind.SEX) == ["F"]


def test_a_header_without_labels_gives_the_name_beside_number_and_birth_date() -> None:
    """Running headers of machines print LAST, FIRST with no label."""
    assert values("QUILL,NORA B    ID: 0048213\n36 yr   Sex: F   DOB: 04/05/51", FindingKind.NAME) == [
        "QUILL, NORA B"
    ]


def test_a_town_is_no_name() -> None:
    """CANTON, OH beside a birth date stays an address."""
    assert values("CANTON, OH 44702\nDOB: 04/05/1951", FindingKind.NAME) == []


def test_the_second_reader_confirms_or_casts_doubt() -> None:
    """Agreement adds a reader; disagreement keeps the value with less confidence."""
    agreed = find(page("MRN: 0048213", second={"0048213": "0048213"})).of(FindingKind.MRN)[0]
    other = find(page("MRN: 0048213", second={"0048213": "0048218"})).of(FindingKind.MRN)[0]
    assert agreed.readers == ("tesseract", "rapidocr")
    assert other.readers == ("tesseract",)
    assert other.value == "0048213" and other.confidence < agreed.confidence / 1.5  # type: ignore[operator]


def test_the_other_reading_is_kept_where_it_differs() -> None:
    """For the clerk to choose; "" where the other reader saw nothing."""
    seen = {
        second: find(page("MRN: 0048213", second={"0048213": second})).of(FindingKind.MRN)[0].other_raw
        for second in ("#0048213", "0048218", "")
    }
    assert seen == {"#0048213": None, "0048218": "0048218", "": ""}


def test_a_repaired_date_was_seen_by_nobody() -> None:
    """Two readers that agree on a slip do not confirm its repair."""
    finding = find(page("DOB: O4/05/1951", second={"O4/05/1951": "O4/05/1951"})).of(FindingKind.BIRTH_DATE)[0]
    assert (finding.value, len(finding.readers)) == ("1951-04-05", 1)


def test_a_finding_tells_where_it_was_read() -> None:
    """Box, page and versioned rule come with each value."""
    finding = find(page("Patient: QUILL, NORA   MRN: 0048213", number=4)).of(FindingKind.MRN)[0]
    assert finding.scan_page_no == 4 and finding.rule == "label.mrn/1"
    assert finding.box is not None and finding.box.right_px - finding.box.left_px < 7 * 18


def test_an_empty_page_gives_nothing() -> None:
    """No words, no findings, no error."""
    assert find(page("")).findings == ()
