"""What a roster says about itself after an import: look-alikes, and how often they occur.

Warnings carry the line of the file and a code. The collision rate is the site's own
measure of the most dangerous case, somebody unregistered who shares name and birth
date with a patient; it enters every decision.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations

from sqlalchemy import Connection, and_, func, select

from scanindex.model import Patient
from scanindex.store import roster_rows
from scanindex.store.roster_tables import roster_names, roster_patients, roster_versions

_LEAST_COLLISION = 3.4e-5
"""One day out of eighty years: below it, sharing a birth date would be rarer than chance."""
_WARNED_GROUPS = 1_000
_COLLISIONS_LOOKED_AT = 20_000

_WORDS = {
    "same_name_and_birth_date": "Shares name and birth date with another patient.",
    "twins": "Shares last name and birth date with somebody of another first name (twins).",
    "generations": "Has a Jr, Sr or number, and a namesake in the roster.",
}


def found(
    connection: Connection,
    version: int,
    suffixed: Sequence[tuple[int, str, str]],
) -> Iterator[tuple[int, str, str]]:
    """Warnings of the import `version`.

    `suffixed` lists (line, last key, first key) of people with a generational suffix.
    """
    for line_no, code in (*_look_alikes(connection, version), *_generations(connection, suffixed)):
        yield line_no, code, _WORDS[code]


def statistics(connection: Connection) -> roster_rows.Statistics:
    """How alike people are in this roster, smoothed towards the published collision rate
    so that a small roster does not promise what it cannot know."""
    sizes = _name_sizes(connection)
    once, twice, thrice = (sizes.get(n, 0) for n in (1, 2, 3))
    same_name = sum(count * size * (size - 1) // 2 for size, count in sizes.items())
    default = roster_rows.DEFAULT_BIRTH_DATE_COLLISION
    rate = (_namesake_pairs(connection) + 1.0) / (same_name + 1.0 / default)
    return roster_rows.Statistics(
        birth_date_collision=max(_LEAST_COLLISION, rate),
        namesakes_of_single=_between(2.0 * (twice + 1) / (once + 10), 0.02, 1.0),
        namesakes_of_double=_between(3.0 * (thrice + 1) / (twice + 1), 0.2, 2.0),
    )


def known_shapes(connection: Connection) -> dict[str, dict[str, int]]:
    """What earlier imports learned of how each authority's numbers look."""
    query = select(roster_versions.c.statistics).order_by(roster_versions.c.version.desc()).limit(1)
    text = connection.execute(query).scalar_one_or_none()
    return roster_rows.statistics_of(text).shapes if text else {}


def _between(value: float, least: float, most: float) -> float:
    return min(max(value, least), most)


def _name_sizes(connection: Connection) -> dict[int, int]:
    """How many names occur once, twice, ..."""
    name = roster_names.c
    size = func.count().label("size")
    groups = (
        select(size).where(name.birth_date.is_not(None)).group_by(name.last_key, name.first_key).subquery()
    )
    query = select(groups.c.size, func.count()).group_by(groups.c.size)
    return {row[0]: row[1] for row in connection.execute(query)}


def _namesake_pairs(connection: Connection) -> int:
    """Pairs of different people with one name and birth date.

    Two rows that also share SSN digits, phone or address are one person registered
    twice: a duplicate to merge, not a namesake.
    """
    name, person = roster_names.c, roster_patients.c
    keys = (name.last_key, name.first_key, name.birth_date)
    shared = (
        select(*keys)
        .where(name.birth_date.is_not(None))
        .group_by(*keys)
        .having(func.count() > 1)
        .limit(_COLLISIONS_LOOKED_AT)
        .subquery()
    )
    query = (
        select(*keys, person.patient_id, person.body)
        .join(shared, and_(*(shared.c[key.name] == key for key in keys)))
        .join(roster_patients, person.person_no == name.person_no)
    )
    groups: dict[tuple[str, str, str], list[Patient]] = {}
    for r in connection.execute(query):
        members = groups.setdefault((r.last_key, r.first_key, r.birth_date), [])
        members.append(roster_rows.patient_of(r.patient_id, False, r.body))
    pairs = (pair for members in groups.values() for pair in combinations(members, 2))
    return sum(not _is_registered_twice(*pair) for pair in pairs)


def _is_registered_twice(one: Patient, two: Patient) -> bool:
    if one.ssn4 and two.ssn4:
        return one.ssn4 == two.ssn4
    return bool((one.phone and one.phone == two.phone) or (one.address and one.address == two.address))


def _look_alikes(connection: Connection, version: int) -> Iterator[tuple[int, str]]:
    """(line, code) of people of this version who share last name and birth date with another."""
    name, person = roster_names.c, roster_patients.c
    shared = (
        select(name.last_key, name.birth_date)
        .where(name.birth_date.is_not(None))
        .group_by(name.last_key, name.birth_date)
        .having(func.count() > 1)
        .limit(_WARNED_GROUPS)
        .subquery()
    )
    query = (
        select(
            name.last_key, name.birth_date, name.first_key, person.person_no, person.line_no, person.version
        )
        .join(shared, and_(shared.c.last_key == name.last_key, shared.c.birth_date == name.birth_date))
        .join(roster_patients, person.person_no == name.person_no)
    )
    groups: dict[tuple[str, str], dict[int, tuple[str, int, int]]] = {}
    for r in connection.execute(query):
        members = groups.setdefault((r.last_key, r.birth_date), {})
        members.setdefault(r.person_no, (r.first_key, r.line_no, r.version))
    for members in groups.values():
        firsts = Counter(first for first, _, _ in members.values())
        for first, line_no, seen in members.values():
            if len(members) > 1 and seen == version:
                yield line_no, "same_name_and_birth_date" if firsts[first] > 1 else "twins"


def _generations(
    connection: Connection, suffixed: Sequence[tuple[int, str, str]]
) -> Iterator[tuple[int, str]]:
    """People with a Jr, Sr or number who have a namesake."""
    name = roster_names.c
    for line_no, last_key, first_key in suffixed:
        namesakes = select(func.count(name.person_no.distinct())).where(
            name.last_key == last_key, name.first_key == first_key
        )
        if connection.execute(namesakes).scalar_one() > 1:
            yield line_no, "generations"
