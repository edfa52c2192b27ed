"""A patient's chart as a timeline; the same as data.

What is closed to the asker is not there; that there is more is said only to who may open it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from scanindex import charts, trail
from scanindex.access_model import Right
from scanindex.charts import Chart
from scanindex.model import Document
from scanindex.people.glass import FEWEST_CHARACTERS
from scanindex.web import document_models as models
from scanindex.web import document_views as views
from scanindex.web import errors, glass, render
from scanindex.web.guard import Caller, needs
from scanindex.web.world import TheWorld, World

screens = APIRouter()
api = APIRouter(tags=["charts"])
Reader = Annotated[Caller, needs(Right.READ)]
_PICTURES_UP_TO = 60
"""Documents in a chart that is shown with small pictures unless somebody wants otherwise."""


class ChartOut(BaseModel):
    patient: models.PatientOut
    dated: list[models.DocumentBrief]
    """Newest day of service first."""
    undated: list[models.DocumentBrief]
    some_closed: bool
    """There is more, and the caller could open it by breaking the glass."""


@screens.get("/charts/{patient_id}")
def chart_page(
    request: Request,
    caller: Reader,
    world: TheWorld,
    patient_id: str,
    type: Annotated[str, Query(max_length=80)] = "",
    pictures: bool | None = None,
) -> Response:
    chart = _chart(caller, world, patient_id)
    kinds = Counter(d.document_type or "" for d in chart.documents)
    dated = [d for d in chart.dated if not type or (d.document_type or "") == _code(type)]
    undated = [d for d in chart.undated if not type or (d.document_type or "") == _code(type)]
    return render.page(
        request,
        "chart.html",
        patient=chart.patient,
        total=len(chart.documents),
        shown_count=len(dated) + len(undated),
        years=_by_year(dated),
        undated=undated,
        kinds=sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0])),
        chosen=type,
        some_closed=chart.some_closed,
        with_pictures=len(chart.documents) <= _PICTURES_UP_TO if pictures is None else pictures,
        grants=glass.standing(caller.access, world.services, chart.patient.patient_id),
        glass_minutes=world.settings.access.glass_minutes,
        fewest_characters=FEWEST_CHARACTERS,
    )


@api.get("/charts/{patient_id}", responses=errors.DESCRIBED)
def chart_data(caller: Reader, world: TheWorld, patient_id: str) -> ChartOut:
    """All filed documents of a patient that the caller may see."""
    chart = _chart(caller, world, patient_id)
    return ChartOut(
        patient=views.patient_out(chart.patient),
        dated=[views.brief(one) for one in chart.dated],
        undated=[views.brief(one) for one in chart.undated],
        some_closed=chart.some_closed,
    )


def _chart(caller: Caller, world: World, patient_id: str) -> Chart:
    chart = charts.chart(caller.access, patient_id, world.services)
    trail.seen(
        caller.access,
        "chart",
        world.services,
        [one.document_id for one in chart.documents],
        [chart.patient.patient_id],
    )
    return chart


def _code(chosen: str) -> str:
    return "" if chosen == "unknown" else chosen


def _by_year(documents: Sequence[Document]) -> list[tuple[str, list[Document]]]:
    years: dict[str, list[Document]] = {}
    for one in documents:
        years.setdefault((one.service_date or "")[:4], []).append(one)
    return list(years.items())
