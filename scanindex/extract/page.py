"""`find`: everything that the rules read on one page.

Pure; a page of some hundred words takes a few milliseconds. Order matters once:
dates of care are read before birth dates, because they decide two-digit years.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace

from scanindex.classify import DEFAULT, SiteTypes
from scanindex.extract.care import facilities, page_numbers, providers
from scanindex.extract.date_habits import USUAL_HABITS, DayOrder
from scanindex.extract.evidence import OTHER_HOUSE, Evidence, doubted
from scanindex.extract.identity import persons, printed_age
from scanindex.extract.kind_of_document import document_type
from scanindex.extract.layout import lay_out
from scanindex.extract.places import LabelledPage, labelled_page
from scanindex.extract.running import running_names
from scanindex.extract.service_dates import habits_on, service_dates
from scanindex.extract.stickers import sticker_findings
from scanindex.extract.unlabelled import header_names, header_sex
from scanindex.houses import NOBODY_SAID, Houses, PageHouses, Standing
from scanindex.model import Finding, FindingKind, PageFindings, PageReading, Role


def find(
    reading: PageReading,
    received: dt.date | None = None,
    date_order: str = DayOrder.MONTH_FIRST,
    types: SiteTypes = DEFAULT,
    houses: Houses = NOBODY_SAID,
) -> PageFindings:
    """What the page says about who, when, where and what kind; empty for a page without words.

    received: the day the scan arrived, after which no date on it can lie.
    date_order: the site's habit (setting `site.date_order`), where the page itself tells none.
    types: a site's own titles and what its clerks taught.
    houses: the site's own (settings `site.name`, `site.facilities`).
    """
    if not reading.words:
        return PageFindings(scan_page_no=reading.scan_page_no, findings=())
    layout = lay_out(reading.words, reading.width_px, reading.height_px)
    evidence = Evidence(reading)
    habits = habits_on(layout, received or USUAL_HABITS.received, DayOrder(date_order))
    found = (*_find(labelled_page(layout, habits), evidence), *document_type(layout, evidence, types))
    found = tuple(_of_house(PageHouses(reading, found, houses), f) for f in found)
    return PageFindings(scan_page_no=reading.scan_page_no, findings=found)


def _of_house(asked: PageHouses, finding: Finding) -> Finding:
    """A record number that the page gives to another house, marked so; whose it is stays."""
    if finding.kind is not FindingKind.MRN or finding.box is None:
        return finding
    house = asked.standing(finding.box)
    is_others = house is Standing.OTHERS or (house is Standing.DOUBTFUL and asked.houses.is_complete)
    return replace(finding, rule=f"{OTHER_HOUSE}{finding.rule}") if is_others else finding


_AGE_SLACK_YEARS = 4
"""A misread year is mostly further off than an age written down carelessly."""


def _fits_age(service: str, births: Sequence[str], age: int | None) -> bool:
    """Whether a date of care agrees with birth date and age, where the page tells both."""
    if age is None or len(set(births)) != 1 or len(births[0]) < 10 or len(service) < 10:
        return True
    years = int(service[:4]) - int(births[0][:4]) - (service[5:] < births[0][5:])
    return abs(years - age) <= _AGE_SLACK_YEARS


def _find(page: LabelledPage, evidence: Evidence) -> Iterator[Finding]:
    dates = service_dates(page, evidence)
    labelled = [f.value for f in dates if f.rule.startswith("label.")]
    own = tuple(persons(page, evidence, labelled))
    own = (*own, *sticker_findings(page, evidence, own))
    births = {f.value for f in own if f.kind is FindingKind.BIRTH_DATE}
    patient_births = [f.value for f in own if f.kind is FindingKind.BIRTH_DATE and f.role is Role.PATIENT]
    earliest = min(patient_births, default="")
    age = printed_age(page)
    dates = tuple(f if _fits_age(f.value, patient_births, age) else doubted(f) for f in dates)
    named = tuple(header_names(page, evidence, own))
    providing = tuple(providers(page, evidence))
    yield from own
    yield from named
    yield from running_names(page, evidence, (*own, *named, *providing))
    yield from header_sex(page, evidence, own)
    yield from (
        f
        for f in dates
        if f.value not in births or (f.rule.startswith(("label.", "caption.")) and f.value >= earliest)
    )
    yield from providing
    yield from facilities(page, evidence)
    yield from page_numbers(page, evidence)
