"""Pages from templates: escaping is always on, times and dates read alike everywhere."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from scanindex import __version__, people
from scanindex.access_model import Access, Right
from scanindex.doctypes import DOCUMENT_TYPES
from scanindex.errors import ScanindexError
from scanindex.web.world import World, world_of

_HERE = Path(__file__).parent
STATIC = _HERE / "static"


@dataclass(frozen=True, slots=True)
class _Screen:
    href: str
    label: str
    rights: tuple[Right, ...]
    """Any of these."""


SCREENS = (
    _Screen("/", "Today", (Right.STATUS,)),
    _Screen("/review", "Review", (Right.REVIEW,)),
    _Screen("/search", "Search", (Right.READ,)),
    _Screen("/patients", "Patients", (Right.ROSTER, Right.READ)),
    _Screen("/batches", "Batches", (Right.BATCH,)),
    _Screen("/upload", "Upload", (Right.UPLOAD,)),
    _Screen("/migration", "Migration", (Right.EXPORT,)),
    _Screen("/supervise", "Supervise", (Right.SUPERVISE,)),
    _Screen("/clinicians", "Clinicians", (Right.SUPERVISE,)),
    _Screen("/glass/review", "Broken glass", (Right.TRAIL, Right.SUPERVISE)),
    _Screen("/trail", "Trail", (Right.TRAIL,)),
    _Screen("/people", "People", (Right.PEOPLE,)),
)
"""The navigation, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NavItem:
    href: str
    label: str
    is_current: bool
    count: int = 0
    """Of what waits there for this person."""


def nav(access: Access | None, path: str, counts: Mapping[str, int] | None = None) -> list[NavItem]:
    if access is None:
        return []
    return [
        NavItem(
            href=s.href,
            label=s.label,
            is_current=_is_current(s.href, path),
            count=(counts or {}).get(s.href, 0),
        )
        for s in SCREENS
        if any(access.may(right) for right in s.rights)
    ]


def _counts(access: Access | None, world: World) -> dict[str, int]:
    """What the navigation tells of: charts opened by breaking the glass that nobody looked at."""
    if access is None:
        return {}
    # An error's page must come up whatever the error is.
    with contextlib.suppress(ScanindexError):
        return {"/glass/review": people.to_review(access, world.services)}
    return {}


def home_of(access: Access) -> str:
    """Where somebody's work begins."""
    first = (
        (Right.REVIEW, "/review"),
        (Right.READ, "/search"),
        (Right.TRAIL, "/trail"),
        (Right.PEOPLE, "/people"),
    )
    return next((href for right, href in first if access.may(right)), "/me")


def _is_current(href: str, path: str) -> bool:
    return path == href if href == "/" else path == href or path.startswith(f"{href}/")


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """The page of a template. Titles and addresses never name a patient."""
    world = world_of(request)
    caller = getattr(request.state, "caller", None)
    access = caller.access if caller else None
    session = caller.session if caller else None
    known = {
        "request": request,
        "access": access,
        "session": session,
        "csrf": session.csrf if session else "",
        "nav": nav(access, request.url.path, _counts(access, world)),
        "site_name": world.settings.site.name,
        "idle_seconds": world.settings.access.idle_minutes * 60,
        "theme": request.cookies.get("theme", ""),
        "version": __version__,
        "Right": Right,
    }
    text = environment(world).get_template(template).render(**known | context)
    return HTMLResponse(text, status_code=status)


def environment(world: World) -> Environment:
    return _environment(world.settings.site.timezone, tuple((t.code, t.name) for t in world.settings.types))


@cache
def _environment(timezone: str, own_types: tuple[tuple[str, str], ...]) -> Environment:
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    zone = ZoneInfo(timezone)
    titles = {kind.key: kind.title for kind in DOCUMENT_TYPES} | dict(own_types)
    made.filters["when"] = lambda moment: _when(moment, zone)
    made.filters["day"] = lambda moment: moment.astimezone(zone).strftime("%Y-%m-%d") if moment else ""
    made.filters["type_title"] = lambda code: titles.get(code, code) if code else "type unknown"
    made.filters["printable"] = printable
    made.filters["bytes"] = sized
    made.globals["static"] = static
    made.globals["document_types"] = sorted(titles.items(), key=lambda pair: pair[1])
    return made


def printable(text: str | None) -> str:
    """Without control and direction characters: OCR text and file names are not trusted."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text or "")


def _when(moment: datetime | None, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M") if moment else ""


def sized(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def static(path: str) -> str:
    """Address of a file of ours; changes with any of them, so that browsers may keep them."""
    return f"/static/{tree_mark()}/{path}"


@cache
def tree_mark() -> str:
    digest = hashlib.sha256()
    for path in _files(STATIC):
        digest.update(path.relative_to(STATIC).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def _files(folder: Path) -> Iterable[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file())
