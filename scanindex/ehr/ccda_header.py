"""The header of a C-CDA unstructured document: who, what, when, kept by whom, instead of what.

Sources: HL7 CDA R2 (header classes), HL7 C-CDA R2.1 (US Realm Header, Unstructured Document; both
template ids with their extension 2015-08-01 and, as R2.1 asks of those that R1.1 had, without).
Pure. Promises: dates as exact as known; what is unknown says so (nullFlavor). Claims no XDS-SD:
that wants PDF/A-1.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

from scanindex.delivery_model import Action, ConsentNote, ExportRecord, SentPatient
from scanindex.ehr.ccda_xml import element, said, text, unknown
from scanindex.model import PersonName
from scanindex.target_profile import CcdaRule, Target

LOINC, CONFIDENTIALITY, GENDER = (
    "2.16.840.1.113883.6.1",
    "2.16.840.1.113883.5.25",
    "2.16.840.1.113883.5.1",
)
_TEMPLATES = ("2.16.840.1.113883.10.20.22.1.1", "2.16.840.1.113883.10.20.22.1.10")
_EDITION = "2015-08-01"
_NAMESPACE = uuid.UUID("5b1c6a52-8f0e-4c55-9d0c-6f6f1d0f7a31")
"""Of the UUIDs that stand for a target where it has no OID."""
_GENDERS = {"M": "M", "F": "F"}


def header(record: ExportRecord, target: Target) -> str:
    """Everything before `component`, in the order of the schema."""
    rule = target.ccda
    root = rule.document_oid or root_of(target, "documents")
    return "".join(
        (
            element("realmCode", code="US"),
            element("typeId", root="2.16.840.1.113883.1.3", extension="POCD_HD000040"),
            *_templates(),
            element("id", root=root, extension=record.external_id),
            _code(record, rule),
            said("title", _title(record)),
            element("effectiveTime", value=_moment(record.created_at)),
            element("confidentialityCode", code=record.confidentiality, codeSystem=CONFIDENTIALITY),
            element("languageCode", code=record.language),
            element("setId", root=root, extension=_series(record)),
            element("versionNumber", value=_version(record.external_id, record)),
            element("recordTarget", _patient(record.patient, rule)),
            _original_author(record) if rule.author == "printed" else "",
            _device(record, target),
            _original_source(record) if rule.author == "printed" else "",
            _custodian(rule),
            _service(record),
            _replaced(record, root),
            _consent(record.consent, target),
            _visit(record, rule),
        )
    )


def root_of(target: Target, what: str) -> str:
    """A UUID that stands for the numbers of this kind that this target is given."""
    return str(uuid.uuid5(_NAMESPACE, f"{target.name}\n{what}"))


def _templates() -> Iterator[str]:
    for root in _TEMPLATES:
        yield element("templateId", root=root, extension=_EDITION)
        yield element("templateId", root=root)


def _title(record: ExportRecord) -> str:
    """With the notice of 42 CFR 2.32 where there is one: the title is what every viewer shows."""
    title = record.title or record.type.title
    return f"{title} ({record.consent.notice})" if record.consent else title


def _code(record: ExportRecord, rule: CcdaRule) -> str:
    kind = record.type
    local = kind.local if rule.type_oid else ""
    translation = element("translation", code=local, codeSystem=rule.type_oid, displayName=kind.local_title)
    said_as = said("originalText", kind.title)
    loinc = kind.loinc or rule.other_loinc
    known: dict[str, str] = {"code": loinc, "codeSystem": LOINC} if loinc else {"nullFlavor": "UNK"}
    return element("code", said_as, translation if local else "", **known)


def _series(record: ExportRecord) -> str:
    return record.series_id or record.replaces or record.external_id


def _version(external_id: str | None, record: ExportRecord) -> str:
    """The number of the export, which grows with every replacement."""
    number = (external_id or "").rpartition("-")[2]
    return number if re.fullmatch(r"[1-9][0-9]{0,8}", number) else str(record.version)


# --- people -------------------------------------------------------------------------------
def _patient(patient: SentPatient, rule: CcdaRule) -> str:
    ordered = sorted(patient.identifiers, key=lambda one: not one.is_main)
    ids = [element("id", root=one.oid, extension=one.value) for one in ordered]
    phone = patient.phone if rule.address else None
    return element(
        "patientRole",
        *(ids or [unknown("id")]),
        _address(patient.address if rule.address else None),
        _phone(phone),
        element(
            "patient",
            *([_name(name) for name in patient.names] or [_name(None)]),
            _gender(patient.sex),
            _civil("birthTime", patient.birth_date),
            unknown("raceCode"),
            unknown("ethnicGroupCode"),
        ),
    )


def _name(name: PersonName | None) -> str:
    if name is None:
        return element("name", unknown("given"), unknown("family"))
    return element(
        "name",
        said("given", name.first),
        said("given", name.middle) if name.middle else "",
        said("family", name.last),
        said("suffix", name.suffix) if name.suffix else "",
        use="L" if name.use == "official" else None,
    )


def _gender(sex: str | None) -> str:
    if sex in _GENDERS:
        return element("administrativeGenderCode", code=_GENDERS[sex], codeSystem=GENDER)
    return element("administrativeGenderCode", nullFlavor="OTH" if sex == "O" else "UNK")


def _address(whole: str | None) -> str:
    """As one line: which of its words are a city is not known."""
    if not (whole and whole.strip()):
        return element("addr", unknown("streetAddressLine"), unknown("city"), nullFlavor="UNK")
    rest = (unknown("city"), unknown("state"), unknown("postalCode"))
    return element("addr", said("streetAddressLine", whole), *rest)


def _phone(number: str | None) -> str:
    dialled = re.sub(r"[^0-9+().-]", "", number or "")
    return element("telecom", value=f"tel:{dialled}") if dialled else unknown("telecom")


def _original_author(record: ExportRecord) -> str:
    """Who and where, as printed, if the day is known: nothing else about them is, and the time of an author
    must be exact to the day (CONF:81-10127), where even nullFlavor is an error."""
    if not _is_day(record.service_date) or not (record.author or record.facility):
        return ""
    when = _civil("time", record.service_date)
    return element("author", when, element("assignedAuthor", *_printed(record)))


def _original_source(record: ExportRecord) -> str:
    """The same where the day is not known: an informant has no time."""
    if _is_day(record.service_date) or not (record.author or record.facility):
        return ""
    return element("informant", element("assignedEntity", *_printed(record)))


def _printed(record: ExportRecord) -> Iterator[str]:
    yield from (unknown("id"), _address(None), _phone(None))
    yield element("assignedPerson", said("name", record.author))
    if record.facility:
        yield element("representedOrganization", said("name", record.facility))


def _is_day(date: str | None) -> bool:
    return len(date or "") == len("1998-03-02")


def _device(record: ExportRecord, target: Target) -> str:
    """What made this document of the paper."""
    made = record.provenance
    return element(
        "author",
        element("time", value=_moment(made.received_at)),
        element(
            "assignedAuthor",
            element("id", root=root_of(target, "scanners")),
            _address(None),
            _phone(None),
            element(
                "assignedAuthoringDevice",
                element("manufacturerModelName", "scanindex"),
                said("softwareName", made.software),
            ),
        ),
    )


def _custodian(rule: CcdaRule) -> str:
    known = element("id", root=rule.custodian_oid) if rule.custodian_oid else unknown("id")
    keeper = element(
        "representedCustodianOrganization",
        known,
        said("name", rule.custodian_name),
        _phone(rule.custodian_phone),
        _address(None),
    )
    return element("custodian", element("assignedCustodian", keeper))


# --- acts ---------------------------------------------------------------------------------
def _service(record: ExportRecord) -> str:
    """The care that the paper tells of; its days are the document's clinical date."""
    if not record.service_date:
        return ""
    first, last = record.service_date, record.service_end or record.service_date
    span = element("effectiveTime", _civil("low", first), _civil("high", last))
    return element("documentationOf", element("serviceEvent", span, classCode="PCPR"))


def _replaced(record: ExportRecord, root: str) -> str:
    if record.action is not Action.REPLACE:
        return ""
    parent = element(
        "parentDocument",
        element("id", root=root, extension=record.replaces),
        element("setId", root=root, extension=_series(record)),
        element("versionNumber", value=_version(record.replaces, record)),
    )
    return element("relatedDocument", parent, typeCode="RPLC")


def _consent(consent: ConsentNote | None, target: Target) -> str:
    """The patient's leave that goes along with what needs it (42 CFR 2.31, 2.32)."""
    if consent is None:
        return ""
    words = f"{consent.notice} Consent of {consent.given_on}: {consent.reference}"
    given = element(
        "consent",
        element("id", root=root_of(target, "consents"), extension=consent.reference),
        element("code", element("originalText", text(words)), nullFlavor="UNK"),
        element("statusCode", code="completed"),
    )
    return element("authorization", given, typeCode="AUTH")


def _visit(record: ExportRecord, rule: CcdaRule) -> str:
    if not (record.encounter_id and rule.visit_oid):
        return ""
    number = element("id", root=rule.visit_oid, extension=record.encounter_id)
    when = element("effectiveTime", unknown("low"))
    return element("componentOf", element("encompassingEncounter", number, when))


# --- moments ------------------------------------------------------------------------------
def _civil(name: str, date: str | None) -> str:
    """TS as exact as known: 1998, 199803, 19980302; no hour and no zone."""
    return element(name, value=date.replace("-", "")) if date else unknown(name)


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y%m%d%H%M%S+0000")
