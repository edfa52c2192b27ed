"""Errors of the table as answers: JSON for programs, a page for people.

No answer repeats what was sent, and none tells what could not be shown from what is not there.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from scanindex.errors import (
    Claimed,
    ConfigError,
    ConflictError,
    DatumDiffers,
    Forbidden,
    InputError,
    IntegrityError,
    LoginFailed,
    LoginNeeded,
    NotAllowedNow,
    NotFound,
    OversizeFile,
    ScanindexError,
    SecondFactorWanted,
    TooManyTries,
    TransientError,
    UsageError,
)
from scanindex.web import render
from scanindex.web.guard import cookie_name, is_secure

_STATUS: tuple[tuple[type[ScanindexError], int], ...] = (
    (LoginNeeded, 401),
    (LoginFailed, 401),
    (Forbidden, 403),
    (SecondFactorWanted, 403),
    (NotFound, 404),
    (Claimed, 409),
    (DatumDiffers, 409),
    (ConflictError, 409),
    (UsageError, 422),
    (InputError, 422),
    (TooManyTries, 429),
    (ConfigError, 422),
    (TransientError, 503),
    (IntegrityError, 500),
)


_HINTS: tuple[tuple[type[ScanindexError], str], ...] = (
    (Claimed, Claimed.hint),
    (DatumDiffers, DatumDiffers.hint),
    (NotAllowedNow, "Open it again to see how it stands now; what it needs may have been done already."),
    (ConflictError, "Open it again and repeat the change; nothing of yours was done."),
    (UsageError, "Mend what is named and send it again; nothing was changed."),
    (OversizeFile, "Split it into smaller files."),
    (InputError, "Scan the paper again, or save it anew as PDF, TIFF, JPEG or PNG."),
    (TransientError, "Nothing is lost. Try again in a moment; if it stays, tell whoever keeps this system."),
    (ScanindexError, "If it stays, tell whoever keeps this system, with the code."),
)
"""For people at a screen, where the table's own hint names a command."""


class ErrorOut(BaseModel):
    code: str
    """Of the error table (docs/reference/errors.md)."""
    message: str
    hint: str


DESCRIBED: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorOut} for status in (400, 401, 403, 404, 409, 413, 422, 429, 503)
}
"""`responses` of a route of the interface: whatever goes wrong looks alike."""
_PLAIN = {
    404: ("not_found", "There is nothing here, or it is not for you to see."),
    405: ("method_not_allowed", "This address does not take that."),
    413: ("oversize", "The request is larger than is taken here."),
}


def status_of(error: ScanindexError) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def hint_of(error: ScanindexError) -> str:
    """What to do next, for who has a browser and no command line."""
    if "`" not in error.hint and "docs/" not in error.hint and "--" not in error.hint:
        return error.hint
    return next(hint for kind, hint in _HINTS if isinstance(error, kind))


def install(app: FastAPI) -> None:
    app.add_exception_handler(ScanindexError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(Exception, _unexpected)


async def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, ScanindexError)
    if isinstance(error, LoginNeeded) and not _is_program(request):
        had_session = cookie_name(request) in request.cookies
        return without_cookie(
            request, RedirectResponse("/login?ended" if had_session else "/login", status_code=303)
        )
    if isinstance(error, SecondFactorWanted) and not _is_program(request):
        return RedirectResponse("/me", status_code=303)
    is_missing = isinstance(error, NotFound)
    text = _PLAIN[404][1] if is_missing else str(error)
    hint = "" if is_missing else hint_of(error)
    return _answer(request, status_of(error), error.code, text, hint, retry_after(error))


async def _invalid(request: Request, error: Exception) -> Response:
    """Where it is wrong, never what was sent."""
    assert isinstance(error, RequestValidationError)
    places = sorted({".".join(str(part) for part in found["loc"]) for found in error.errors()})
    names = ", ".join(place[:60] for place in places[:5])
    return _answer(request, 422, "usage", f"not understood: {names}", "See the description of the interface.")


async def _plain(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, text = _PLAIN.get(error.status_code, ("http", "That did not work."))
    return _answer(request, error.status_code, code, text, "", dict(error.headers or {}))


async def _unexpected(request: Request, error: Exception) -> Response:
    text = f"Something unexpected happened ({type(error).__name__}); nothing was lost."
    return _answer(
        request, 500, "unexpected", text, "Try again; if it stays, tell whoever keeps this system."
    )


def retry_after(error: Exception) -> dict[str, str]:
    """The header that says how long to wait (RFC 9110, 10.2.3)."""
    seconds = error.wait_seconds if isinstance(error, TooManyTries) else 0
    return {"Retry-After": str(seconds)} if seconds else {}


def without_cookie(request: Request, answer: Response) -> Response:
    """Also takes back a __Host- cookie, which browsers only let go with all its marks."""
    answer.delete_cookie(
        cookie_name(request), path="/", secure=is_secure(request), httponly=True, samesite="strict"
    )
    return answer


def _is_program(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def _answer(
    request: Request, status: int, code: str, text: str, hint: str, headers: dict[str, Any] | None = None
) -> Response:
    if _is_program(request) or "application/json" in request.headers.get("accept", ""):
        body = {"code": code, "message": text, "hint": hint}
        return JSONResponse(body, status_code=status, headers=headers)
    page = render.page(
        request, "error.html", status=status, code=code, text=text, hint=hint, title=_title(status)
    )
    page.headers.update(headers or {})
    return page


def _title(status: int) -> str:
    return {403: "Not allowed", 404: "Not found", 409: "Changed meanwhile", 429: "Please wait"}.get(
        status, "That did not work"
    )
