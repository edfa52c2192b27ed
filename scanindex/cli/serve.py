"""serve."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import click

from scanindex import app
from scanindex.cli.common import pass_home, settings_of

_LOOK_SECONDS = 0.5


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Instead of the setting web.port.")
@click.option("--with-parent", is_flag=True, hidden=True, help="End with the process that started this one.")
@pass_home
def serve(home: Path, port: int | None, with_parent: bool) -> None:
    """Serve the screens and the HTTP API, until Ctrl-C; `scanindex run` does so by itself.

    On this machine only, unless TLS or a proxy is set up. The first start prints a link
    that makes its opener the administrator; there is no default password.
    """
    import dataclasses

    from scanindex.web.server import serve as serve_workspace

    if with_parent:
        threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    settings = settings_of(home)
    if port is not None:
        settings = dataclasses.replace(settings, web=dataclasses.replace(settings.web, port=port))
    opened = app.open_workspace(settings)
    try:
        serve_workspace(opened, lambda text: click.echo(text, err=True))
    finally:
        opened.close()


def _end_with_parent(parent: int) -> None:
    """A killed service must not leave screens behind that hold its port."""
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
