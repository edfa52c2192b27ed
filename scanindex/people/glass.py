"""Breaking the glass: one chart, opened by somebody to whom it is closed, with a reason, for a time.

It is always possible for who has the right, and always looked at by somebody else afterwards.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import timedelta

from scanindex import fetch
from scanindex.access_model import Access, Grant, Right
from scanindex.errors import Forbidden, NotAllowedNow, NotFound, UsageError
from scanindex.model import PatientId
from scanindex.people.common import known, require
from scanindex.services import Services

FEWEST_CHARACTERS = 10
_MOST_CHARACTERS = 500
VERDICTS = ("justified", "not_justified")


def break_glass(access: Access, patient_id: PatientId, reason: str, services: Services) -> Grant:
    """Open a whole chart for the minutes of the settings. Raises Forbidden, UsageError, NotFound."""
    require(access, Right.BREAK_GLASS)
    reason = " ".join(reason.split())
    if not FEWEST_CHARACTERS <= len(reason) <= _MOST_CHARACTERS or not reason.isprintable():
        raise UsageError(f"a reason has {FEWEST_CHARACTERS} to {_MOST_CHARACTERS} characters")
    if services.roster.get(patient_id) is None:
        raise NotFound("there is no such patient")
    now = services.clock.now()
    grant = Grant(
        grant_id=services.ids.new(),
        login=access.login,
        patient_id=patient_id,
        reason=reason,
        opened_at=now,
        until=now + timedelta(minutes=services.settings.access.glass_minutes),
    )
    with services.catalog.write() as unit:
        known(access.login, unit)
        unit.grants.put(grant)
        unit.events.append(
            "glass_broken",
            access.actor,
            grant_id=grant.grant_id,
            patient_ids=[patient_id],
            reason=reason,
            until=grant.until,
        )
    return grant


def grants(access: Access, services: Services, *, open_only: bool = False) -> Sequence[Grant]:
    """Oldest first; all for who reviews them, else one's own. open_only: not reviewed yet."""
    sees_all = access.may(Right.TRAIL) or access.may(Right.SUPERVISE)
    with services.catalog.read() as unit:
        return unit.grants.all(login=None if sees_all else access.login, unreviewed_only=open_only)


def to_review(access: Access, services: Services) -> int:
    """How many wait for this person's look: all that nobody reviewed but their own."""
    if not (access.may(Right.TRAIL) or access.may(Right.SUPERVISE)):
        return 0
    with services.catalog.read() as unit:
        return sum(one.login != access.login for one in unit.grants.all(unreviewed_only=True))


def review_grant(access: Access, grant_id: str, verdict: str, note: str, services: Services) -> Grant:
    """Say whether it was right to; where it was not, the chart closes at once.

    Raises Forbidden (no right, or one's own), NotAllowedNow (somebody was first), NotFound.
    """
    require(access, Right.TRAIL, Right.SUPERVISE)
    if verdict not in VERDICTS:
        raise UsageError(f"a verdict is one of {', '.join(VERDICTS)}")
    note = " ".join(note.split())
    if len(note) > _MOST_CHARACTERS:
        raise UsageError(f"a note has at most {_MOST_CHARACTERS} characters")
    now = services.clock.now()
    with services.catalog.write() as unit:
        grant = unit.grants.get(grant_id)
        if grant is None:
            raise NotFound("nobody broke the glass under that id")
        if grant.login == access.login:
            raise Forbidden("nobody reviews what they opened themselves")
        if grant.reviewed_at is not None:
            raise NotAllowedNow("it was reviewed already")
        until = min(grant.until, now) if verdict == "not_justified" else grant.until
        grant = dataclasses.replace(
            grant, reviewed_at=now, reviewed_by=access.actor, verdict=verdict, until=until
        )
        unit.grants.put(grant)
        unit.events.append(
            "glass_reviewed", access.actor, grant_id=grant_id, login=grant.login, verdict=verdict, note=note
        )
    return grant


def close_glass(access: Access, grant_id: str, services: Services) -> Grant:
    """Close one's own before its time. Raises NotFound."""
    now = services.clock.now()
    with services.catalog.write() as unit:
        grant = unit.grants.get(grant_id)
        is_own = grant is not None and grant.login == access.login
        if grant is not None and is_own and grant.until > now:
            grant = dataclasses.replace(grant, until=now)
            unit.grants.put(grant)
            unit.events.append("glass_closed", access.actor, grant_id=grant_id)
    if grant is None or not is_own:
        raise fetch.refused(access, "glass", grant_id, services)
    return grant
