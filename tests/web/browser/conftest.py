"""One Chromium for all tests of this folder, the application on a port, a record of what the browser did."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from scanindex import app
from scanindex.web.application import make_app
from tests.web.conftest import PASSWORD

DESK, PHONE, ZOOMED = (
    {"width": 1366, "height": 768},
    {"width": 390, "height": 844},
    {"width": 683, "height": 384},
)
"""A desk's screen, a phone's, and the desk's at 200 % zoom."""
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_LISTEN = """
window.__violations = [];
document.addEventListener('securitypolicyviolation',
  (e) => window.__violations.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
"""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """`scripts/setup --dev` installs it; CHROMIUM names another."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.fail("no Chromium here: run scripts/setup --dev, or name one by CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        yield browser
        browser.close()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@contextmanager
def served(workspace: app.Workspace) -> Iterator[str]:
    """The application over this workspace in a thread; its address."""
    import uvicorn

    web = make_app(workspace)
    server = uvicorn.Server(
        uvicorn.Config(web, host="127.0.0.1", port=0, log_config=None, server_header=False)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        thread.join(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@dataclass(slots=True)
class Seen:
    """What the browser asked for and said."""

    urls: list[str] = field(default_factory=list)
    referers: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """Errors of the console and of scripts."""
    dialogs: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """Answers of 500 and more."""

    def elsewhere(self, address: str) -> list[str]:
        return [u for u in self.urls if not u.startswith((address, "blob:", "data:", "about:"))]


def watch(page: Any, seen: Seen) -> None:
    page.add_init_script(_LISTEN)

    def asked(request: Any) -> None:
        seen.urls.append(request.url)
        if referer := request.headers.get("referer"):
            seen.referers.append(referer)

    def answered(response: Any) -> None:
        if response.status >= 500:
            seen.failed.append(f"{response.status} {response.url}")

    def spoke(message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            seen.said.append(message.text)

    def asks(dialog: Any) -> None:
        seen.dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("request", asked)
    page.on("response", answered)
    page.on("console", spoke)
    page.on("pageerror", lambda error: seen.said.append(str(error)))
    page.on("dialog", asks)


def note(page: Any, seen: Seen) -> None:
    """What only the page itself knows."""
    seen.titles.append(page.title())
    seen.violations += page.evaluate("window.__violations || []")


def enter(context: Any, address: str, login: str, password: str = PASSWORD) -> None:
    """Log in as a person does."""
    page = context.new_page()
    page.goto(f"{address}/login")
    page.fill("[name=login]", login)
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    page.close()


OpenContext = Callable[..., Any]


@pytest.fixture
def context_of(chromium: Any) -> Iterator[OpenContext]:
    """A browser of its own: `context_of(address, login, viewport=..., color_scheme=...)`."""
    made = []

    def opening(address: str, login: str = "", **more: Any) -> Any:
        context = chromium.new_context(**{"viewport": DESK} | more)
        made.append(context)
        context.set_default_timeout(20_000)
        if login:
            enter(context, address, login)
        return context

    yield opening
    for context in made:
        context.close()
