"""Pages into documents: separators, blanks, counts, titles, patients; nothing lost, nobody joined."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanindex import sheetcode
from scanindex.documents import group
from scanindex.extract import find
from scanindex.model import (
    BETWEEN_SHEETS,
    Barcode,
    FindingKind,
    Grouping,
    PageKind,
    PageReading,
    Preset,
    Role,
)
from scanindex.settings import DocumentsSettings
from tests.extract.paper import page

NORA = "Patient: QUILL, NORA B   MRN: 0048213   DOB: 04/05/1951"
CARL = "Patient: BRANDT, CARL   MRN: 0093355   DOB: 10/12/1940"
TEXT = "\n".join(["the wound is clean and dry and she walks with one stick again today."] * 8)
BLANK = ""


def grouped(*pages: PageReading | str, splitting: str = "auto", **switches: bool) -> Grouping:
    readings = [
        p if isinstance(p, PageReading) else page(p, number=n, kind=PageKind.CONTENT if p else PageKind.BLANK)
        for n, p in enumerate(pages, 1)
    ]
    found = [find(r) for r in readings]
    return group(readings, found, Preset(splitting=splitting), DocumentsSettings(**switches))


def cut(*pages: PageReading | str, splitting: str = "auto", **switches: bool) -> list[tuple[int, ...]]:
    return [g.pages for g in grouped(*pages, splitting=splitting, **switches).groups]


def separator(number: int, code: sheetcode.SheetCode | None = None) -> PageReading:
    value = sheetcode.encode(code) if code else "PATCHT"
    return page(
        "",
        number=number,
        kind=PageKind.SEPARATOR,
        barcodes=[Barcode(symbology="QRCode", value=value, box=None)],
    )


def note(who: str, title: str = "PROGRESS NOTE", date: str = "06/11/1987", extra: str = "") -> str:
    return f"FAIR OAK HOSPITAL\n{title}\n{who}\nDate of Service: {date}\n{extra}\n{TEXT}"


def test_a_change_of_patient_splits_and_is_sure() -> None:
    """Two notes of two people are two documents."""
    result = grouped(note(NORA), note(CARL))
    assert [g.pages for g in result.groups] == [(1,), (2,)]
    assert all(g.is_sure for g in result.groups)


def test_a_change_of_patient_splits_even_inside_a_count() -> None:
    """Page 2 of 2 with another name is another document, whatever the count says."""
    assert cut(note(NORA, extra="Page 1 of 2"), "Page 2 of 2\n" + CARL + "\n" + TEXT) == [(1,), (2,)]


@pytest.mark.parametrize("splitting", ["one_document", "separators_only"])
def test_no_folder_joins_two_patients(splitting: str) -> None:
    """What the folder says never joins two people; a person is asked."""
    result = grouped(note(NORA), note(CARL), splitting=splitting)
    assert [g.pages for g in result.groups] == [(1,), (2,)]
    assert not result.groups[1].is_sure


@pytest.mark.parametrize(
    "other",
    [
        "Patient: QUILL, NONA B   MRN: 0048219   DOB: 04/05/1951",
        "Patient: QUILL, NATHAN   MRN: 0077001   DOB: 04/05/1951",
        "Patient: QUILL, NORA B   MRN: 0077001   DOB: 09/09/1980",
        "Patient: BRANDT, NORA B   DOB: 11/30/1962",
    ],
)
def test_twins_and_namesakes_are_split(other: str) -> None:
    """One identifier alike does not make one patient."""
    assert cut(note(NORA), note(other)) == [(1,), (2,)]


def test_one_misread_digit_does_not_split_a_count() -> None:
    """Same name and birth date, one digit of the MRN off, page 2 of 2: one document."""
    first = note(NORA, extra="Page 1 of 2")
    second = "Page 2 of 2\nPatient: QUILL, NORA B   MRN: 0048218   DOB: 04/05/1951\n" + TEXT
    assert cut(first, second) == [(1, 2)]


def test_page_counts_hold_a_document_together() -> None:
    """Pages 2 and 3 of 3 without any name belong to page 1 of 3, surely."""
    result = grouped(
        note(NORA, extra="Page 1 of 3"),
        "Page 2 of 3\n" + TEXT,
        "Page 3 of 3\n" + TEXT,
        note(NORA, "LAB REPORT"),
    )
    assert [g.pages for g in result.groups] == [(1, 2, 3), (4,)]
    assert result.groups[0].is_sure


def test_counts_that_are_out_of_order_hold_nothing_for_sure() -> None:
    """A stack of two letters was dropped: A1, B1, A2, B2."""
    found = grouped(
        f"{note(NORA)}\nPage 1 of 2",
        f"{note(CARL)}\nPage 1 of 2",
        f"{TEXT}\nPage 2 of 2",
        f"FAIR OAK HOSPITAL\nDISCHARGE SUMMARY\n{TEXT}\nPage 2 of 2",
    )

    assert [g.pages for g in found.groups if g.is_sure and len(g.pages) > 1] == []


def test_page_one_starts_a_document() -> None:
    """Two counts in a row, same patient and title."""
    one, two = "Page 1 of 2", "Page 2 of 2\n" + NORA + "\n" + TEXT
    assert cut(note(NORA, extra=one), two, note(NORA, extra=one), two) == [(1, 2), (3, 4)]


def test_another_title_starts_a_document() -> None:
    """Same patient, other kind of document."""
    assert cut(note(NORA), note(NORA, "OPERATIVE REPORT"), note(NORA, "LABORATORY REPORT")) == [
        (1,),
        (2,),
        (3,),
    ]


def test_the_same_title_with_another_date_starts_a_document() -> None:
    """Two lab reports of one patient."""
    assert cut(note(NORA, "LAB REPORT"), note(NORA, "LAB REPORT", date="06/19/1987")) == [(1,), (2,)]


def test_a_continued_page_goes_on() -> None:
    """The title repeated with (continued) is no new document."""
    assert cut(note(NORA), f"PROGRESS NOTE (continued)\n{NORA}\n{TEXT}") == [(1, 2)]


def test_a_page_that_says_that_another_follows_is_followed() -> None:
    """ "continued on page 2" is no page number, and the repeated title starts nothing."""
    first = note(NORA) + "\ncontinued on page 2"
    (only,) = grouped(first, f"PROGRESS NOTE   Page 2\n{NORA}\n{TEXT}").groups
    assert (only.pages, only.is_sure) == ((1, 2), True)


def test_another_patient_splits_even_after_to_be_continued() -> None:
    """Two sheets in the wrong order must not join two people."""
    assert cut(note(NORA) + "\ncontinued on next page", note(CARL)) == [(1,), (2,)]


def test_a_nameless_page_joined_by_guess_is_not_sure() -> None:
    """Nothing says that the second page belongs to the first: keep it there, but ask."""
    (only,) = grouped(note(NORA), "Sketch of the wound\nleft leg").groups
    assert only.pages == (1, 2)
    assert not only.is_sure


def test_a_nameless_page_of_a_mixed_stack_is_not_sure() -> None:
    """Well-read text without a name after another patient's note: it may be anybody's."""
    result = grouped(note(CARL), note(NORA), TEXT)
    assert [g.pages for g in result.groups] == [(1,), (2, 3)]
    assert [g.is_sure for g in result.groups] == [True, False]


def test_between_separators_a_well_read_page_is_sure() -> None:
    """The operator marked where documents end; nothing on the page speaks against it."""
    result = grouped(note(CARL), separator(2), note(NORA), TEXT)
    assert [(g.pages, g.is_sure) for g in result.groups] == [((1,), True), ((3, 4), True)]


def test_separators_split_and_are_set_aside() -> None:
    """Same patient on both sides; only the sheet tells."""
    result = grouped(note(NORA), separator(2), TEXT)
    assert [g.pages for g in result.groups] == [(1,), (3,)]
    assert result.set_aside == (2,) and result.groups[1].is_sure


def test_separators_in_a_row_make_no_empty_document() -> None:
    """Leading, trailing and doubled sheets."""
    result = grouped(separator(1), note(NORA), separator(3), separator(4), note(CARL), separator(6))
    assert [g.pages for g in result.groups] == [(2,), (5,)]
    assert result.set_aside == (1, 3, 4, 6)


def test_separators_can_be_switched_off() -> None:
    """Then they are set aside and split nothing."""
    text = "Page 2 of 2\n" + TEXT
    assert cut(note(NORA, extra="Page 1 of 2"), separator(2), text, separators=False) == [(1, 3)]


@pytest.mark.parametrize(
    "head", ["Weeks, Harlan   page 2", "WEEKS, HARLAN    0999123", "Frank D. Weeks", "Page 2   Mr. Weeks"]
)
def test_another_name_in_the_head_splits_without_a_label(head: str) -> None:
    """A running head that names somebody else is a change of patient; a person looks at the break."""
    result = grouped(note(NORA), f"{head}\n{TEXT}")

    assert [g.pages for g in result.groups] == [(1,), (2,)]
    assert not result.groups[1].is_sure


@pytest.mark.parametrize("head", ["QUILL, NORA   page 2", "Nora B. Quill", "Mrs. Quill   page 2"])
def test_the_patients_own_name_in_the_head_does_not_split(head: str) -> None:
    """The running head of a continuation sheet."""
    assert cut(note(NORA), f"{head}\n(continued)\n{TEXT}") == [(1, 2)]


def test_a_document_that_fills_the_space_between_sheets_says_so() -> None:
    """Only then may a page that names nobody rely on the sheets."""
    whole = grouped(note(NORA), TEXT, separator(3), note(CARL), note(NORA))

    assert [BETWEEN_SHEETS in g.reasons for g in whole.groups] == [True, False, False]


def test_a_patient_sheet_covers_the_document_behind_it() -> None:
    """MRN and birth date of the code become the group's cover, read by barcode."""
    code = sheetcode.SheetCode(
        kind="patient", mrn="0048213", birth_date="1951-04-05", document_type="lab_report"
    )
    result = grouped(separator(1, code), TEXT, separator(3), TEXT)
    cover = result.groups[0].cover
    assert cover is not None and result.groups[1].cover is None
    assert [(f.value, f.role, f.readers, f.rule) for f in cover.of(FindingKind.MRN)] == [
        ("0048213", Role.PATIENT, ("barcode",), "cover/1")
    ]
    assert [f.value for f in cover.of(FindingKind.BIRTH_DATE)] == ["1951-04-05"]
    assert [f.value for f in cover.of(FindingKind.DOCUMENT_TYPE)] == ["lab_report"]


def test_a_misread_patient_sheet_still_splits_but_names_nobody() -> None:
    """A code whose check fails is a plain separator."""
    good = sheetcode.encode(sheetcode.SheetCode(kind="patient", mrn="0048213"))
    bad = Barcode(symbology="QRCode", value=good[:-3] + "0" + good[-2:], box=None)
    sheet = page("", number=2, kind=PageKind.SEPARATOR, barcodes=[bad])
    result = grouped(note(NORA), sheet, TEXT)
    assert [g.pages for g in result.groups] == [(1,), (3,)]
    assert result.groups[1].cover is None


def test_a_page_against_its_cover_splits() -> None:
    """A page of somebody else behind a patient sheet is not covered by it."""
    code = sheetcode.SheetCode(kind="patient", mrn="0048213", birth_date="1951-04-05")
    assert cut(separator(1, code), note(NORA), note(CARL)) == [(2,), (3,)]


def test_a_home_made_header_sheet_is_a_separator() -> None:
    """A few words under BATCH HEADER split, even without a code."""
    header = f"CHART BATCH HEADER\n{CARL}\nPages: ____"
    result = grouped(note(NORA), header, note(CARL))
    assert [g.pages for g in result.groups] == [(1,), (3,)]
    assert result.set_aside == (2,)


def test_blank_backs_do_not_split() -> None:
    """One-sided sheets scanned duplex."""
    result = grouped(note(NORA, extra="Page 1 of 2"), BLANK, "Page 2 of 2\n" + TEXT, BLANK)
    assert [g.pages for g in result.groups] == [(1, 3)]
    assert result.set_aside == (2, 4)


def test_a_blank_sheet_between_blank_backs_splits() -> None:
    """Two blanks in a row are a sheet laid in; nameless text behind it is a document of its own."""
    assert cut(note(NORA), BLANK, TEXT, BLANK, BLANK, BLANK, TEXT, BLANK) == [(1, 3), (7,)]


def test_blanks_can_stay() -> None:
    """With drop_blanks off a blank page remains in its document."""
    result = grouped(note(NORA), BLANK, drop_blanks=False)
    assert [g.pages for g in result.groups] == [(1, 2)] and result.set_aside == ()


def test_only_blanks_make_no_document() -> None:
    """Nothing to file; every page is named as set aside."""
    result = grouped(BLANK, BLANK)
    assert result.groups == () and result.set_aside == (1, 2)


def test_a_failed_page_stays_in_a_document() -> None:
    """A page that could not be read is never set aside."""
    failed = page("", number=2, kind=PageKind.FAILED)
    assert sorted(n for pages in cut(note(NORA), failed) for n in pages) == [1, 2]


def test_every_page_a_document() -> None:
    """A folder of single sheets."""
    assert cut(note(NORA), TEXT, TEXT, splitting="every_page") == [(1,), (2,), (3,)]


def test_one_document_per_scan() -> None:
    """A folder whose scans are single documents."""
    result = grouped(note(NORA), note(NORA, "LAB REPORT"), splitting="one_document")
    assert [g.pages for g in result.groups] == [(1, 2)] and result.groups[0].is_sure


PAGES = st.lists(
    st.sampled_from(
        [BLANK, TEXT, note(NORA), note(CARL), "Page 2 of 3\n" + TEXT, note(NORA, "LAB REPORT"), "SEPARATOR"]
    ),
    max_size=9,
)


@settings(max_examples=40, deadline=None)
@given(
    PAGES,
    st.sampled_from(["auto", "one_document", "every_page", "separators_only"]),
    st.booleans(),
    st.booleans(),
)
def test_every_page_is_somewhere_exactly_once_and_nobody_is_joined(
    texts: list[str], splitting: str, separators: bool, drop_blanks: bool
) -> None:
    """Conservation for any stack; no document holds two named patients."""
    stack = [separator(n) if t == "SEPARATOR" else t for n, t in enumerate(texts, 1)]
    result = grouped(*stack, splitting=splitting, separators=separators, drop_blanks=drop_blanks)
    placed = [n for g in result.groups for n in g.pages] + list(result.set_aside)
    assert sorted(placed) == list(range(1, len(texts) + 1))
    for g in result.groups:
        assert g.reasons
        assert not (
            {n for n in g.pages if NORA in texts[n - 1]} and {n for n in g.pages if CARL in texts[n - 1]}
        )


def loose(number: int) -> PageReading:
    """A page with something on it of which nothing can be read."""
    return page("", number=number, kind=PageKind.CONTENT)


def test_unread_pages_behind_a_document_stand_alone() -> None:
    """A drawing, or a back that shines through: the document before it is not held up by it."""
    result = grouped(note(NORA, extra="Page 1 of 1"), loose(2), note(CARL))

    assert [(g.pages, g.is_sure) for g in result.groups] == [((1,), True), ((2,), False), ((3,), True)]


def test_an_unread_page_inside_a_count_stays_there() -> None:
    """The next page of the count says that the document was not over."""
    assert cut(note(NORA, extra="Page 1 of 2"), loose(2), "Page 2 of 2\n" + TEXT) == [(1, 2, 3)]


def test_a_letter_starts_a_document_without_a_title() -> None:
    """Its greeting says so, although the same patient's note stands before it."""
    letter = f"May 4, 1987\nDear Dr. Ames,\nRE: Nora Quill, MRN 0048213\n{TEXT}"
    assert cut(note(NORA), letter) == [(1,), (2,)]


def test_side_two_of_a_form_belongs_to_side_one() -> None:
    """Both sides carry the form's number; the back names nobody."""
    front = note(NORA, "CONSENT FOR OPERATION") + "\n" * 35 + "FORM C-12   SIDE 1 OF 2"
    back = TEXT + "\n" * 42 + "FORM C-12   SIDE 2 OF 2"
    (only,) = grouped(front, back).groups

    assert only.pages == (1, 2)
    assert {(tie.code, tie.is_proof) for tie in only.ties} >= {("form", False)}


def test_blanks_inside_documents_do_not_separate() -> None:
    """A scanner that leaves out most blank backs leaves some anywhere; a count runs across this one."""
    stack = (note(NORA, extra="Page 1 of 2"), BLANK, "Page 2 of 2\n" + TEXT, note(NORA, "LAB REPORT"))
    assert cut(*stack, BLANK, f"(continued)\n{TEXT}") == [(1, 3), (4, 6)]


def tie_codes(*pages: str) -> set[tuple[int, str, bool]]:
    (only,) = grouped(*pages).groups
    return {(tie.scan_page_no, tie.code, tie.is_proof) for tie in only.ties}


def test_counts_that_follow_each_other_are_proof() -> None:
    """Printed on both pages and read without mending."""
    assert (2, "count", True) in tie_codes(note(NORA, extra="Page 1 of 2"), "Page 2 of 2\n" + TEXT)


def test_a_mended_count_joins_and_is_no_proof() -> None:
    """ "Paqe 2 0f 2" is good enough to cut by and not to file by."""
    codes = tie_codes(note(NORA, extra="Page 1 of 2"), TEXT + "\nPaqe 2 0f 2")
    assert (2, "count", False) in codes


def test_a_page_between_two_counts_is_proven() -> None:
    """Nothing was read where its own count stands."""
    codes = tie_codes(note(NORA, extra="Page 1 of 3"), "(continued)\n" + TEXT, "Page 3 of 3\n" + TEXT)
    assert (2, "between_counts", True) in codes


def test_the_same_account_number_is_proof() -> None:
    """Labelled on the first page, bare on the second."""
    codes = tie_codes(note(NORA, extra="Account No: 61882034"), "61882034   (continued)\n" + TEXT)
    assert (2, "visit_number", True) in codes


@pytest.mark.parametrize(
    "second",
    [
        "(continued)\n" + TEXT,
        "and the wound was left open\n" + TEXT,
        "Page 2 of 2\n" + TEXT,
        "61882035   (continued)\n" + TEXT,
    ],
)
def test_what_a_strangers_page_shows_as_well_is_no_proof(second: str) -> None:
    """A sentence, a count without its beginning, a number one digit off."""
    first = note(NORA, extra="Account No: 61882034") + "\nthe edges of the wound were cleaned and then"
    result = grouped(first, second)

    assert not [tie for g in result.groups for tie in g.ties if tie.is_proof]


def two_pass(*pages: PageReading | str) -> Grouping:
    readings = [p if isinstance(p, PageReading) else page(p, number=n) for n, p in enumerate(pages, 1)]
    preset = Preset(page_order="fronts_then_backs")
    return group(readings, [find(r) for r in readings], preset, DocumentsSettings())


def test_fronts_and_backs_are_paired_before_cutting() -> None:
    """Three fronts, then three backs, the last sheet's first."""
    one, two = "Page 1 of 2", "Page 2 of 2\n" + TEXT
    fronts = (note(NORA, extra=one), note(CARL, extra=one), note(NORA, "LAB REPORT", extra=one))
    assert [g.pages for g in two_pass(*fronts, two, two, two).groups] == [(1, 6), (2, 5), (3, 4)]


def test_an_odd_number_of_sides_is_neither_ordered_nor_cut() -> None:
    """Everything in one document that a person must look at, blank sides too."""
    blank = page("", number=3, kind=PageKind.BLANK)
    result = two_pass(note(NORA), note(CARL), blank)

    assert [(g.pages, g.is_sure) for g in result.groups] == [((1, 2, 3), False)]
    assert result.set_aside == () and "do not pair" in result.groups[0].reasons[0]
