"""What the words around a place say about it: whose it is, and what it is.

The nearest label to the left on the line counts; without one, a label right above
in the same column. Role words veto: a name that stands only as somebody's doctor,
mother or guarantor is no evidence of a patient.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from scanindex.match.fold import ascii_upper
from scanindex.match.text import PageText, Span, Token
from scanindex.model import Role


class Label(enum.StrEnum):
    """What kind of datum a label announces."""

    BIRTH = "birth"
    OTHER_DATE = "other_date"
    MRN = "mrn"
    OTHER_NUMBER = "other_number"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    role: Role
    label: Label


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PROVIDER = _words(
    """
    DR DOCTOR PHYSICIAN PHYSICIANS ATTENDING PROVIDER SURGEON ASSISTANT CONSULTANT RADIOLOGIST
    PATHOLOGIST ANESTHESIOLOGIST ANESTHETIST NURSE RN PCP DICTATED SIGNED SIGNATURE TRANSCRIBED
    INTERPRETED CONFIRMED ORDERING ORDERED PRESCRIBER REQUESTED REQUESTING REFERRED REFERRING
    THERAPIST TECHNICIAN TECHNOLOGIST AUTHOR ELECTRONICALLY REVIEWED VERIFIED ADMINISTERED TECH
    PHARMACIST SCRIBE COSIGNED APPROVED PERFORMED READ PSYCHIATRIST PSYCHOLOGIST COUNSELOR ENTERED
    """
)
RELATIVES = _words(
    """
    MOTHER MOTHERS FATHER FATHERS PARENT PARENTS GUARANTOR GUARANTORS INSURED INSUREDS SUBSCRIBER
    SUBSCRIBERS SPOUSE SPOUSES HUSBAND WIFE WITNESS WITNESSED EMERGENCY CONTACT NEXT KIN NOK
    GUARDIAN POLICYHOLDER HOLDER RELATIVE NOTIFY SON DAUGHTER BROTHER SISTER RESPONSIBLE EMPLOYER
    BENEFICIARY AGENT PROXY CAREGIVER INFORMANT SIBLING AUNT UNCLE GRANDMOTHER GRANDFATHER
    RELATIONSHIP DONOR ROOMMATE PARTNER FRIEND SURROGATE REPRESENTATIVE DEPENDENT CALLER
    """
)
_OTHER = _words(
    """
    CC COPIES COPY ATTN ATTENTION SENDER RECIPIENT FROM
    """
)
_PATIENT = _words(
    """
    PATIENT PATIENTS PT RE REGARDING CLIENT RESIDENT SUBJECT PNAME PATNAME
    """
)
_BIRTH = _words(
    """
    DOB BIRTH BIRTHDATE BORN BDATE BIRTHDAY BD DATEOFBIRTH DOR D0B
    """
)
_OTHER_DATE = _words(
    """
    SERVICE ADMIT ADMITTED ADMISSION ADM DISCHARGE DISCHARGED DISCH COLLECTED RECEIVED REPORTED
    PRINTED PRINT EXAM VISIT SIGNED PROCEDURE SURGERY OPERATION DICTATED TRANSCRIBED ORDERED SEEN
    DOS RUN FAX FAXED ISSUED EFFECTIVE EXPIRES EXPIRATION GIVEN ONSET LMP EDD EDC DIED DEATH ENTERED
    COMPLETED VERIFIED STUDY PERFORMED DRAWN FILLED STARTED START STOP REFILL APPOINTMENT INJURY LOT
    DUE TODAY
    """
)
_MRN = _words(
    """
    MRN MR MR# MEDREC UNIT CHART RECORD MEDICAL HOSPITAL HOSP MRNO REC MPI PID MEDICALRECORD
    """
)
_OTHER_NUMBER = _words(
    """
    ACCOUNT ACCT ACC ENCOUNTER VISIT PHONE TEL TELEPHONE FAX CELL SSN SS SOCIAL NPI DEA POLICY GROUP
    MEMBER CLAIM ACCESSION SPECIMEN CASE INVOICE LICENSE LIC ROOM BED ZIP ORDER CONTROL CERTIFICATE
    FIN CSN BILL BILLING LOT AUTHORIZATION AUTH TAX EIN UPIN RX NDC CPT JOB CONFIRMATION REFERENCE
    SERIAL PAGER EXT
    """
)
_CREDENTIALS = _words(
    """
    MD DO RN PAC NP ARNP CRNA LPN PHD DDS DMD DPM RPT LCSW MSW PSYD PHARMD FACS FACP MBBS CNM LPC
    """
)
_MENTION = re.compile(
    r"\W*(?:CC|C/O|CARE OF|COPY|COPIES|COPIED|ROOM-?MATE|COMPARED?|COMPARISON|SPECIMEN OF|SAMPLE OF|DONOR"
    r"|(?:PATIENT|PT|CLIENT) OF|SAME AS|ATTN|ATTENTION|FRIEND|NEIGHBOU?R|VISITOR|CALLER"
    r"|NOT (?:THIS|THE) PATIENT|(?:PREVIOUSLY|WRONGLY) FILED"
    r"|MIS-?FILED|FILED IN ERROR|SEE ALSO|SEE CHART|CROSS[ -]?REF\w*|REPLACES|DUPLICATE OF|MIXED UP"
    r"|GRAFT FROM|ORGAN FROM|TRANSPLANT(?:ED)? FROM|DONATED BY|BLOOD FROM"
    r"|WRONG PATIENT|ACCOMPANIED BY|BROUGHT (?:IN )?BY|NAMESAKE)\b"
)
"""Openings of a line that only mentions people; they govern all that follows on it."""
_KIN = re.compile(
    r"\W*(?:MOTHER|FATHER|SPOUSE|HUSBAND|WIFE|SON|DAUGHTER|BROTHER|SISTER|GUARANTOR|INSURED|SUBSCRIBER|WITNESS"
    r"|GUARDIAN|NEXT OF KIN|NOK|PARTNER|INFORMANT|CAREGIVER|SIBLING|AUNT|UNCLE|GRAND(?:MOTHER|FATHER|PARENT))"
    r"(?:['’`]?S)?\b"
)
"""Openings of a cell about somebody of the patient's family or beside the bed."""
_ON_BEHALF = re.compile(
    r"\bAS (?:\w+ ){0,4}"
    r"(?:GUARDIAN|PARENT|MOTHER|FATHER|REPRESENTATIVE|AGENT|PROXY"
    r"|NEXT OF KIN|EXECUTOR|CONSERVATOR|SURROGATE|ATTORNEY)\b|\bON BEHALF OF\b"
)
"""Somebody speaks for the patient: names beside it are not sure to be the patient's."""
_I = re.compile(r"\W*[I1L|], ?[A-Z]")
_NAMING = _words(
    """
    NAME NAMES LAST FIRST MIDDLE SURNAME FORENAME GIVEN FAMILY FOR OF MRN DOB BIRTH UNIT RECORD CHART NO
    NUMBER ID IDENTIFICATION CHILD INFANT BABY NEWBORN PERSON INDIVIDUAL MEMBER ADDRESSOGRAPH IMPRINT
    STICKER LABEL STAMP DECEASED DECEDENT EMPLOYEE STUDENT VETERAN SAILOR INMATE PASSENGER ACCOUNT
    """
)
_TOWARDS = _words("FROM BY TO INTO AGAINST WITH THROUGH")
_HONORIFICS = _words("MR MRS MS MISS MASTER")
_REACH_TOKENS = 7
_WIDE_GAP = 0.10
"""Share of the page's width that separates cells of one line."""


def context_of(page: PageText, span: Span) -> Context:
    """Role and label of a place on the page."""
    mention = mention_role(page, span)
    left = _left_of(page, span)
    above = () if _has_label(left) else _above(page, span)
    role = _role(left) or _role(above) or (_heading_role(page, span) if _is_neutral(left) else None)
    if _has_credentials(page, span):
        role = Role.PROVIDER
    return Context(role=mention or role or Role.UNKNOWN, label=_label(left) or _label(above) or Label.NONE)


def mention_role(page: PageText, span: Span) -> Role | None:
    """The role that the opening of the line, or of its cell, gives to all that follows; even a
    labelled number behind "cc:" or "Roommate:" is not the patient's."""
    if _speaks_for_another(page, span.line_no):
        return Role.RELATIVE
    cells = _cells(page, page.by_line[span.line_no])
    is_mention = False
    for cell in cells:
        text = _text(cell)
        if _MENTION.match(text):
            is_mention = True
        elif cell[0].key in _PATIENT:
            is_mention = False
        is_here = cell[0].order <= span.first.order <= cell[-1].order
        if is_here and _KIN.match(text):
            return Role.RELATIVE
        if is_here:
            return Role.OTHER if is_mention else None
    return None


def has_unknown_label(page: PageText, span: Span) -> bool:
    """Something announces the name that is no known way to name a patient: "Graft from", "Struck by:",
    "Index case:"."""
    cell = next(
        c for c in _cells(page, page.by_line[span.line_no]) if c[0].order <= span.first.order <= c[-1].order
    )
    before = [t for t in cell if t.order < span.first.order and t.key not in _HONORIFICS]
    if not before or any(t.key in _PATIENT | _NAMING for t in before):
        return False
    return before[-1].key in _TOWARDS or before[-1].word.text.rstrip().endswith(":")


def _speaks_for_another(page: PageText, line_no: int) -> bool:
    """ "I, Ann Roe, born …, as legal guardian of": the sentence may run on for a line or two."""
    here = next((at for at, line in enumerate(page.lines) if line.line_no == line_no), None)
    if here is None:
        return False
    if _ON_BEHALF.search(page.lines[here].text):
        return True
    opening = next((at for at in (here, here - 1) if at >= 0 and _I.match(page.lines[at].text)), None)
    if opening is None:
        return False
    return bool(_ON_BEHALF.search(" ".join(line.text for line in page.lines[opening : opening + 3])))


def _cells(page: PageText, tokens: list[Token]) -> list[list[Token]]:
    limit_px = _WIDE_GAP * page.page.width_px
    cells: list[list[Token]] = [[]]
    for token in tokens:
        if cells[-1] and token.word.box.left_px - cells[-1][-1].word.box.right_px > limit_px:
            cells.append([])
        cells[-1].append(token)
    return [cell for cell in cells if cell]


def _text(tokens: list[Token]) -> str:
    words = {id(t.word): t.word.text for t in tokens}
    return ascii_upper(" ".join(words.values()))


def _left_of(page: PageText, span: Span) -> tuple[Token, ...]:
    """Tokens of the same cell before the place, nearest first."""
    found: list[Token] = []
    right = span.first
    limit_px = _WIDE_GAP * page.page.width_px
    before = [t for t in page.by_line[span.line_no] if t.order < span.first.order]
    for token in reversed(before[-_REACH_TOKENS:]):
        if right.word.box.left_px - token.word.box.right_px > limit_px and found:
            break
        found.append(token)
        right = token
    return tuple(found)


def _above(page: PageText, span: Span) -> tuple[Token, ...]:
    """Tokens of the nearest line above in the same column, last first."""
    box, reach_px = span.box, 2.6 * page.line_height_px
    middle = (box.top_px + box.bottom_px) / 2
    rows = [
        t
        for t in page.tokens
        if 0.6 * page.line_height_px < middle - (t.word.box.top_px + t.word.box.bottom_px) / 2 < reach_px
        and t.word.box.left_px < box.right_px + page.line_height_px
        and box.left_px - 2 * page.line_height_px < t.word.box.right_px
    ]
    if not rows:
        return ()
    nearest = max(t.word.box.top_px for t in rows)
    row = [t for t in rows if nearest - t.word.box.top_px < page.line_height_px]
    # a line of prose above is no label
    return tuple(reversed(row)) if len(row) <= 4 else ()


def _heading_role(page: PageText, span: Span) -> Role | None:
    """The role a short heading one or two lines up gives to what stands below it."""
    top = span.box.top_px
    near = [
        tokens
        for tokens in page.by_line.values()
        if 0 < top - tokens[0].word.box.top_px < 4 * page.line_height_px and len(tokens) <= 4
    ]
    for tokens in sorted(near, key=lambda line: -line[0].word.box.top_px):
        role = _role(tuple(reversed(tokens)))
        if role in (Role.RELATIVE, Role.PROVIDER):
            return role
    return None


def _has_label(tokens: tuple[Token, ...]) -> bool:
    return _role(tokens) is not None or _label(tokens) is not None or _is_neutral(tokens)


def _is_neutral(tokens: tuple[Token, ...]) -> bool:
    return any(t.key in ("NAME", "LAST", "FIRST", "SURNAME") for t in tokens[:4])


def _role(tokens: tuple[Token, ...]) -> Role | None:
    for token in tokens:
        if token.key in RELATIVES:
            return Role.RELATIVE
        if token.key in _PROVIDER:
            return Role.PROVIDER
        if token.key in _OTHER:
            return Role.OTHER
        if token.key in _PATIENT:
            return Role.PATIENT
    return None


def _label(tokens: tuple[Token, ...]) -> Label | None:
    kinds = ((_BIRTH, Label.BIRTH), (_OTHER_NUMBER, Label.OTHER_NUMBER), (_OTHER_DATE, Label.OTHER_DATE))
    for token in tokens[:5]:
        if any(c.isdigit() for c in token.key) and token.key not in _BIRTH:
            return None  # the value of another label
        for words, label in kinds:
            if token.key in words:
                return label
        if token.key in _MRN:
            return Label.MRN
    return None


def _has_credentials(page: PageText, span: Span) -> bool:
    """A degree right behind a name makes it a provider's."""
    after = [t for t in page.by_line[span.line_no] if t.order > span.last.order][:3]
    gap_px = 1.6 * page.line_height_px
    right = span.last.word.box.right_px
    for token in after:
        if token.word.box.left_px - right > gap_px:
            return False
        if token.key in _CREDENTIALS:
            return True
        right = token.word.box.right_px
    return _spelled_degree(after)


def _spelled_degree(after: list[Token]) -> bool:
    """ "M. D." as two tokens; "D. O. B." is a label."""
    keys = [t.key for t in after]
    pairs = (keys[:2], keys[1:3])
    return keys[:3] != ["D", "O", "B"] and any(p in (["M", "D"], ["D", "O"], ["R", "N"]) for p in pairs)
