"""The roster's look-ups as statements, built once: making them costs more than running them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, select

from scanindex.store.roster_tables import roster_identifiers, roster_names, roster_patients, roster_versions

AFTER_ALL = "\U0010ffff"
"""Sorts behind every letter: the end of a prefix range."""


def people() -> Select[Any]:
    person = roster_patients.c
    return select(
        person.person_no,
        person.patient_id,
        person.is_provisional,
        person.body,
        person.linked_to,
        person.merged_into,
    )


def starts_with(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """A range instead of LIKE, which SQLite does not serve from a plain index."""
    return and_(column >= prefix, column < prefix + AFTER_ALL)


def _found(condition: ColumnElement[bool]) -> Select[Any]:
    return people().where(condition, roster_patients.c.linked_to.is_(None))


def _named(*conditions: ColumnElement[bool]) -> Select[Any]:
    joined = people().join(roster_names, roster_names.c.person_no == roster_patients.c.person_no)
    return joined.where(*conditions, roster_patients.c.linked_to.is_(None)).limit(bindparam("most"))


def _holding(condition: ColumnElement[bool]) -> Select[Any]:
    return select(roster_identifiers.c.person_no).where(condition)


def _counted(label: str, *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).select_from(roster_names).where(*conditions).scalar_subquery().label(label)


_NAME = roster_names.c
_SAME_LAST = _NAME.last_key == bindparam("last")
_SAME_FIRST = _NAME.first_key == bindparam("first")
_SAME_INITIAL = and_(_NAME.first_key >= bindparam("low"), _NAME.first_key < bindparam("high"))
_SAME_DAY = _NAME.birth_date == bindparam("born")

BY_IDENTIFIER = _found(
    roster_patients.c.person_no.in_(
        # The key of a value is the same wherever it stands: it finds exact ones too.
        _holding(roster_identifiers.c.key.in_(bindparam("keys", expanding=True)))
    )
)
BY_BIRTH_DATE = _found(roster_patients.c.birth_date.in_(bindparam("dates", expanding=True)))
NAMES_BY_BIRTH_DATE = select(_NAME.person_no, _NAME.last_key, _NAME.first_key).where(
    _NAME.birth_date.in_(bindparam("dates", expanding=True))
)
BY_NUMBER_START = _found(
    roster_patients.c.person_no.in_(
        _holding(
            and_(roster_identifiers.c.key >= bindparam("low"), roster_identifiers.c.key < bindparam("high"))
        ).limit(bindparam("most"))
    )
)
BY_NAME = (
    _named(_SAME_LAST, _SAME_FIRST),
    _named(_SAME_LAST, _SAME_INITIAL, _NAME.first_key != bindparam("first")),
    _named(_NAME.sound_key == bindparam("sound"), _SAME_INITIAL, _NAME.last_key != bindparam("last")),
)
OTHER_PARTS = (
    select(_NAME.person_no, _NAME.last_key).where(_SAME_FIRST).limit(bindparam("most")),
    select(_NAME.person_no, _NAME.first_key).where(_SAME_LAST).limit(bindparam("most")),
)
"""Of everybody with one part of a name: the other part."""
SAME_LAST = select(_counted("found", _SAME_LAST))
SAME_FIRST = select(_counted("found", _SAME_FIRST))
COUNTS = select(
    _counted("same_name", _SAME_LAST, _SAME_FIRST),
    _counted("same_name_and_birth_date", _SAME_LAST, _SAME_FIRST, _SAME_DAY),
    _counted("same_last_and_birth_date", _SAME_LAST, _SAME_DAY),
    select(func.count())
    .select_from(roster_patients)
    .where(roster_patients.c.birth_date == bindparam("born"))
    .scalar_subquery()
    .label("same_birth_date"),
)
LAST_VERSION = (
    select(roster_versions.c.version, roster_versions.c.patients, roster_versions.c.statistics)
    .where(roster_versions.c.version > 0)  # what waits to become one stands under 0 (roster_pending)
    .order_by(roster_versions.c.version.desc())
    .limit(1)
)
PROVISIONAL = (
    select(func.count())
    .select_from(roster_patients)
    .where(roster_patients.c.is_provisional.is_(True), roster_patients.c.linked_to.is_(None))
)
