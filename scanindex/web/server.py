"""Serves the application: on this machine only, unless TLS or a proxy is set up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import uvicorn

from scanindex import app, people
from scanindex.errors import ConfigError
from scanindex.settings import WebSettings
from scanindex.web.application import is_loopback, make_app

_KEEP_ALIVE_SECONDS = 30
_MOST_AT_ONCE = 400


def serve(workspace: app.Workspace, say: Callable[[str], None]) -> None:
    """Until stopped. Raises ConfigError where it would be open to others without TLS."""
    settings = workspace.settings.web
    check(settings)
    home = workspace.settings.home
    config = uvicorn.Config(
        make_app(workspace),
        host=settings.host,
        port=settings.port,
        ssl_certfile=_path(home, settings.tls_certificate),
        ssl_keyfile=_path(home, settings.tls_key),
        proxy_headers=bool(settings.behind_proxy),
        forwarded_allow_ips=settings.behind_proxy or None,
        server_header=False,
        access_log=False,  # addresses and times stand in the trail, with who it was
        log_config=None,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        limit_concurrency=_MOST_AT_ONCE,
    )
    address = address_of(settings)
    say(f"screens at {address}")
    if not people.exist(workspace.services):
        secret = people.first_invitation(workspace.services)
        say(
            f"nobody has a login yet; the first administrator opens, within a day: {address}/invited/{secret}"
        )
    # The first who looks at a page should not wait for what draws it to start.
    threading.Thread(target=workspace.pictures.warm_up, name="warm-up", daemon=True).start()
    uvicorn.Server(config).run()


def check(settings: WebSettings) -> None:
    if bool(settings.tls_certificate) != bool(settings.tls_key):
        raise ConfigError("web.tls_certificate and web.tls_key belong together")
    if not (is_loopback(settings.host) or settings.tls_certificate or settings.behind_proxy):
        raise ConfigError(
            "web.host is open to other machines; set web.tls_certificate and web.tls_key, or web.behind_proxy"
        )


def address_of(settings: WebSettings) -> str:
    scheme = "https" if settings.tls_certificate else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{scheme}://{host}:{settings.port}"


def _path(home: Path, name: str) -> str | None:
    return str(home / name) if name else None
