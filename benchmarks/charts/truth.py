"""What is to be found on the pages, in the line format of the corpora that `score_corpus.py` takes."""

from __future__ import annotations

from typing import Any

from benchmarks.charts import traps
from benchmarks.charts.case import Case
from benchmarks.charts.layout import Layout
from benchmarks.charts.sheet import Sheet, Text
from benchmarks.charts.wear import Wear, turned_box

Line = dict[str, Any]


def printed(sheets: list[Sheet]) -> Line:
    """Field -> value, texts and kinds of what the pages state about the patient and the document."""
    found: Line = {}
    for text in (text for sheet in sheets for text in sheet.texts()):
        mark = text.mark
        if mark is None or mark.role != "patient":
            continue
        one = found.setdefault(mark.field, {"value": mark.value, "texts": [], "kinds": []})
        one["texts"] += [text.text] if text.text not in one["texts"] else []
        one["kinds"] = sorted({*one["kinds"], text.kind})
    return found


def expected(case: Case, layout: Layout, has: Line, worst_level: int) -> str:
    """auto, review, or either where both are right."""
    marked, kinds = set(case.traps), set(has)
    two = ("name" in kinds and bool(kinds & {"mrn", "dob"})) or {"mrn", "dob"} <= kinds
    if not case.is_registered or marked & traps.REVIEW or not two:
        return "review"
    unsure = marked & traps.EITHER or (marked & traps.NEEDS_MRN and "mrn" not in kinds)
    return "either" if unsure or worst_level >= 3 or layout.is_by_hand else "auto"


def document(
    number: str, case: Case, layout: Layout, sheets: list[Sheet], pages: list[int], worst_level: int
) -> Line:
    """The truth of one document."""
    has, person = printed(sheets), case.person
    row = person.row()
    mrn = person.mrn if case.is_registered else None
    number_shown = has.get("mrn", has.get("mrn_outside"))
    days = [case.date("yyyy-mm-dd", n).text for n in case.accepted_days]
    return {
        "id": number,
        "doc_type": layout.doc_type,
        "template": f"{layout.family}.{layout.name}",
        "template_in_dev": layout.family == "A",
        "pages": pages,
        "mrn": mrn,
        "accept_mrns": [mrn] if mrn else [],
        "in_roster": case.is_registered,
        "patient": {key: value for key, value in row.items() if key != "mrn"},
        "printed": has,
        "printed_name": has["name"]["value"] if "name" in has else f"{case.shown.last}, {case.shown.first}",
        "printed_mrn": number_shown["value"] if number_shown else None,
        "service_date": case.service.isoformat(),
        "accept_service_dates": days,
        "service_date_printed": "service_date" in has,
        "facility": case.facility,
        "outside_facility": case.is_outside,
        "provider": f"{case.provider.last}, {case.provider.first}",
        "expected": expected(case, layout, has, worst_level),
        "traps": sorted(set(case.traps)),
        "dup_of": None,
    }


def page(
    number: int, kind: str, doc: str | None, sheet: Sheet, wear: Wear | None, size: tuple[int, int]
) -> Line:
    """The truth of one page; `wear` None is a born-digital one, measured in points."""
    texts = sheet.texts()
    return {
        "page": number,
        "kind": kind,
        "sep": "blank" if kind == "separator" else None,
        "doc": doc,
        "rotation_ccw": 180 if wear and wear.upside_down else 0,
        "skew": wear.skew if wear else 0.0,
        "level": wear.level if wear else -1,
        "mode": wear.mode if wear else "born",
        "dpi": list(wear.dpi) if wear else [72, 72],
        "effects": list(wear.effects) if wear else [],
        "size": list(size),
        "text": "\n".join(text.text for text in texts if text.kind != "hand"),
        "hand_text": "\n".join(text.text for text in texts if text.kind == "hand"),
        "fields": [_field(text, sheet, wear) for text in texts if text.mark is not None],
    }


def _field(text: Text, sheet: Sheet, wear: Wear | None) -> Line:
    assert text.mark is not None
    return {
        "field": text.mark.field,
        "role": text.mark.role,
        "kind": text.kind,
        "text": text.text,
        "value": text.mark.value,
        "bbox": turned_box(text.box(), sheet.size, wear),
    }
