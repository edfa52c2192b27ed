"""The web application: frame around the routes. Start reading here, then `guard.py`.

Every screen and every operation is a route of one of the modules in `_ROUTES`; a route
asks for one right (`guard.needs`), fetches what is named by `fetch` (which says the same
of what is missing and what is not for the caller), calls a use case and shows the result.
"""

from __future__ import annotations

import contextlib
import importlib
import ipaddress
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from scanindex import __version__, app, today
from scanindex.web import errors, render
from scanindex.web.headers import SafeAnswers
from scanindex.web.pictures import Looked
from scanindex.web.proof import Proof
from scanindex.web.world import World

API = "/api/v1"
_ROUTES = (
    "login",
    "pictures",
    "documents",
    "corrections",
    "downloads",
    "charts",
    "glass",
    "today",
    "upload",
    "people",
    "clinicians",
    "me",
    "trail_pages",
    "glass_review",
    "supervise",
    "supervise_audit",
    "migration",
    "batches",
    "batch_paper",
    "patients",
    "patient_corrections",
    "review",
    "strip",
    "roster",
    "search",
    "saved_searches",
)
"""Modules of this package with `screens` and `api`, each an APIRouter (or one of them)."""
_FOREVER = "public, max-age=31536000, immutable"


def make_app(workspace: app.Workspace) -> FastAPI:
    """The application over an opened workspace; closing it is the caller's."""
    world = World(workspace=workspace)
    web = FastAPI(
        title="scanindex",
        version=__version__,
        summary="Files scanned paper charts; the same operations as the screens and the command line.",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan,
    )
    web.state.world = world
    web.state.looked = Looked()
    web.state.board = today.Board()
    web.state.proof = Proof()
    for name in _ROUTES:
        module = importlib.import_module(f"scanindex.web.{name}")
        if screens := getattr(module, "screens", None):
            web.include_router(screens, include_in_schema=False)
        if api := getattr(module, "api", None):
            web.include_router(api, prefix=API, responses=errors.DESCRIBED)
    web.mount(f"/static/{render.tree_mark()}", _Static(directory=render.STATIC), name="static")
    errors.install(web)
    settings = workspace.settings.web
    if is_loopback(settings.host) and not settings.behind_proxy:
        # A name that somebody points at this machine must not reach it (DNS rebinding).
        web.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "::1", "[::1]"])
    # Added last, so that it stands around everything: refused hosts get its headers too.
    web.add_middleware(
        SafeAnswers,
        is_tls=bool(settings.tls_certificate or settings.behind_proxy),
        max_upload_bytes=settings.max_upload_bytes,
    )
    return web


@contextlib.asynccontextmanager
async def _lifespan(web: FastAPI) -> AsyncIterator[None]:
    try:
        yield
    finally:
        web.state.world.close()


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Static(StaticFiles):
    """Our own files: their address changes with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer: Any = await super().get_response(path, scope)
        if answer.status_code == 200:
            answer.headers["cache-control"] = _FOREVER
        return answer  # type: ignore[no-any-return]
