"""Document types by what people call them: for `type:` in a query.

A value names every type one of whose titles has all its words, in any order;
singular and plural are one. The words of a code are found without this module.
Pure; site types and titles come in through `with_site`.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping

from scanindex.doctypes import DOCUMENT_TYPES
from scanindex.index import expand
from scanindex.settings import TypeSettings

Titles = Mapping[str, tuple[str, ...]]
"""Type code to what it is called."""

_ALSO = {
    "anesthesia_record": ("anaesthesia record", "anaesthetic record chart"),
    "billing_statement": ("bill", "invoice"),
    "cardiology_report": ("echo", "echocardiogram", "stress test"),
    "consent_form": ("informed consent",),
    "consultation": ("consult", "consultation report note"),
    "correspondence": ("letter",),
    "discharge_summary": ("D/C summary", "discharge letter"),
    "ecg_report": ("EKG report tracing", "electrocardiogram"),
    "emergency_report": ("ER report note", "ED report note", "emergency room report note"),
    "face_sheet": ("facesheet", "registration", "demographics"),
    "flowsheet": ("flow sheet",),
    "history_physical": ("H&P", "admission note", "H and P"),
    "immunization_record": ("immunisation record", "vaccination record", "shot record"),
    "lab_report": ("lab report result", "laboratory result", "blood work"),
    "labor_delivery_record": ("labour and delivery record", "L&D record"),
    "medication_record": ("MAR", "medication administration record", "med list"),
    "nursing_note": ("nurse note", "nurses notes"),
    "operative_report": (
        "op note report",
        "operation note record",
        "surgery note report",
        "surgical report note",
    ),
    "pathology_report": ("path report", "biopsy report"),
    "physician_orders": ("doctor orders", "MD orders"),
    "prescription": ("Rx", "script"),
    "progress_note": ("SOAP note", "clinic note", "office visit"),
    "psychiatric_evaluation": ("psych evaluation eval", "psychiatry evaluation"),
    "radiology_report": ("x-ray report", "imaging report", "CT report", "MRI report", "ultrasound report"),
    "release_authorization": ("ROI", "release authorization"),
    "telephone_encounter": ("phone call note", "telephone note"),
    "therapy_note": ("PT note", "OT note", "physical therapy note", "physiotherapy note"),
}


def _shipped() -> Titles:
    return types.MappingProxyType(
        {kind.key: (kind.title, *_ALSO.get(kind.key, ())) for kind in DOCUMENT_TYPES}
    )


SHIPPED = _shipped()


def with_site(own: Iterable[TypeSettings]) -> Titles:
    """The shipped titles and those of the site's settings."""
    found = dict(SHIPPED)
    for kind in own:
        more = [title for title in (kind.name, *kind.titles) if title]
        found[kind.code] = (*found.get(kind.code, (kind.code,)), *more)
    return types.MappingProxyType(found)


def codes_of(value: str, titles: Titles) -> tuple[str, ...]:
    """The codes whose title has all words of the value, in the table's order."""
    wanted = _words(value)
    if not wanted:
        return ()
    return tuple(code for code, names in titles.items() if any(wanted <= _words(name) for name in names))


def _words(text: str) -> frozenset[str]:
    found = (expand.joined(word).removesuffix("s") for word in text.replace("_", " ").split())
    return frozenset(word for word in found if word)
