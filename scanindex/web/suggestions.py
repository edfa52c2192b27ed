"""A person for what somebody types, as a line with the places to mark: what every patient field shows.

Pure. The line is always the same way round (name; born, sex, MRN); what fits but does not stand
in it (a former name, another number) is told in a note.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel

from scanindex.model import Patient, Suggestion, SuggestionFit, SuggestionReason

Range = tuple[int, int]
_NAME_PARTS = ("last", "first", "middle", "suffix")
_HOW = {SuggestionFit.NICKNAME: "nickname", SuggestionFit.SOUND: "sounds alike"}


class SuggestionOut(BaseModel):
    id: str
    """patient_id"""
    title: str
    """Name."""
    ranges: list[Range]
    """Characters of `title` that fit: start, end (exclusive)."""
    detail: str
    """Birth date, sex, MRN."""
    detail_ranges: list[Range]
    note: str
    """What fits and stands in neither; and whether the person is provisional."""


def suggestion_out(one: Suggestion) -> SuggestionOut:
    patient = one.patient
    title, places = _title(patient)
    detail, spots = _detail(patient)
    ranges: list[Range] = []
    detail_ranges: list[Range] = []
    notes = ["provisional"] if patient.is_provisional else []
    for reason in one.reasons:
        start = places.get((reason.datum, reason.value)) if reason.use in ("", "official") else None
        spot = spots.get((reason.datum, reason.value))
        if start is not None:
            ranges.append((start + reason.start, start + reason.end))
        elif spot is not None:
            detail_ranges.append((spot + reason.start, spot + reason.end))
        else:
            notes.append(_elsewhere(reason))
        if reason.fit in _HOW:
            notes.append(_HOW[reason.fit])
    return SuggestionOut(
        id=patient.patient_id,
        title=title,
        ranges=_joined(ranges),
        detail=detail,
        detail_ranges=_joined(detail_ranges),
        note=", ".join(dict.fromkeys(notes)),
    )


def _title(patient: Patient) -> tuple[str, dict[tuple[str, str], int]]:
    """The name as it is shown everywhere, and where each part of it begins."""
    title, places = patient.display_name, {}
    if patient.names:
        name, at = patient.names[0], 0
        for part in _NAME_PARTS:
            value = getattr(name, part)
            found = title.find(value, at) if value else -1
            if found >= 0:
                datum = part if part == "suffix" else f"{part}_name"
                places[datum, value] = found
                at = found + len(value)
    return title, places


def _detail(patient: Patient) -> tuple[str, dict[tuple[str, str], int]]:
    parts = (
        ("birth_date", "born ", patient.birth_date or ""),
        ("sex", "", patient.sex or ""),
        ("number", "MRN ", patient.mrn or ""),
    )
    text, spots = "", {}
    for datum, lead, value in parts:
        if value or datum == "birth_date":
            text += (" · " if text else "") + lead
            if value:
                spots[datum, value] = len(text)
            text += value or "?"
    return text, spots


def _elsewhere(reason: SuggestionReason) -> str:
    kind = f"{reason.use} {reason.datum.replace('_', ' ')}" if reason.use else reason.datum.replace("_", " ")
    return f"{kind.removesuffix(' number')} {reason.value}"


def _joined(ranges: Iterable[Range]) -> list[Range]:
    """Sorted, overlapping ones as one, none of them empty."""
    joined: list[Range] = []
    for start, end in sorted(r for r in ranges if r[0] < r[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
