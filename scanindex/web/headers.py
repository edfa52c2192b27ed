"""What every answer carries, whatever route it came from; and what no request may be.

Promises (OWASP ASVS 5.0, 3.4 and 14.3): nothing from elsewhere is loaded, no script or
style stands in a page, no page is framed or kept by a cache, no address is told to others.
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
FILE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
"""Of downloads: were one opened in the browser all the same, nothing in it would run."""
_YEAR_SECONDS = 31_536_000
_FORM_BYTES = 1 << 20
UPLOAD_PATHS = ("/upload", "/api/v1/uploads", "/roster/import")


class SafeAnswers:
    """ASGI middleware: headers on every answer, a bound on every request's body."""

    def __init__(self, app: ASGIApp, *, is_tls: bool, max_upload_bytes: int) -> None:
        self._app = app
        self._is_tls = is_tls
        self._max_upload_bytes = max_upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._max_upload_bytes if scope["path"].startswith(UPLOAD_PATHS) else _FORM_BYTES
        is_static = scope["path"].startswith("/static/")
        started = is_over = was_cut = False

        async def send_completed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._complete(MutableHeaders(scope=message), is_static=is_static)
            await send(message)

        async def send_safely(message: Message) -> None:
            nonlocal was_cut
            if is_over and not started:  # whatever the route made of a body that was cut off
                was_cut = True
                await _too_large(send_completed)
            elif not was_cut:
                await send_completed(message)

        length = Headers(scope=scope).get("content-length", "")
        if length and not (re.fullmatch("[0-9]{1,18}", length) and int(length) <= most):
            await _too_large(send_completed)
            return
        received = 0

        async def receive_bounded() -> Message:
            nonlocal received, is_over
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                is_over = True
                raise _TooLarge
            return message

        try:
            await self._app(scope, receive_bounded, send_safely)
        except _TooLarge:
            if not started:
                await _too_large(send_completed)

    def _complete(self, headers: MutableHeaders, *, is_static: bool) -> None:
        headers.setdefault("content-security-policy", PAGE_POLICY)
        headers["x-content-type-options"] = "nosniff"
        headers["x-frame-options"] = "DENY"
        headers["referrer-policy"] = "no-referrer"
        headers["cross-origin-opener-policy"] = "same-origin"
        headers["cross-origin-resource-policy"] = "same-origin"
        headers["permissions-policy"] = "camera=(self), geolocation=(), microphone=()"
        if not is_static:
            headers["cache-control"] = "no-store"
        if self._is_tls:
            headers["strict-transport-security"] = f"max-age={_YEAR_SECONDS}"


class _TooLarge(Exception):
    pass


async def _too_large(send: Send) -> None:
    body = b'{"code": "oversize", "message": "The request is larger than is taken here."}'
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
