"""One receiver over HTTP: requests whose bulk stays on disk, answers of bounded length.

Promises: nothing goes in clear beyond this machine unless the profile allows it; a redirect is never
followed; no proxy or password file of the environment is used; a request's length is announced, so
that one broken off is never taken for whole; answers are read to a bound and within the time limit.
Raises ReceiverSilent for what may be over soon, ProfileError for what a person has to change; any
other answer is the caller's to judge. Knows nothing of FHIR but its media type.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin, urlsplit

from scanindex import __version__
from scanindex.ehr import parts, tls
from scanindex.ehr.http_auth import auth_of
from scanindex.ehr.parts import Part
from scanindex.errors import ProfileError, ReceiverSilent
from scanindex.target_profile import HttpRule

if TYPE_CHECKING:
    import httpx

FHIR_JSON = "application/fhir+json"
_MOST_RETRY_SECONDS = 3_600.0
_BUSY = (408, 425, 429)
_NOT_MADE = 501
"""What a server says that will never do what was asked for: waiting does not help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case."""
    body: bytes = field(default=b"", repr=False)

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> dict[str, Any]:
        """{} for what is no JSON object."""
        try:
            made = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return made if isinstance(made, dict) else {}


class HttpLine:
    """A connection that is kept open between requests; for one thread."""

    def __init__(
        self,
        rule: HttpRule,
        timeout_seconds: float,
        environ: Mapping[str, str],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Raises ProfileError."""
        import httpx

        self.base_url = rule.base_url.rstrip("/")
        self.most_answer_bytes = rule.most_answer_bytes
        self._origin = _origin(self.base_url)
        self._timeout_seconds = timeout_seconds
        self._now = now
        is_encrypted = not rule.base_url.startswith("http://") or rule.auth == "smart"
        self._client = httpx.Client(
            timeout=timeout_seconds,
            verify=tls.context("http", rule, environ, is_encrypted=is_encrypted),
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": f"scanindex/{__version__}", "Accept-Encoding": "identity"},
        )
        self._auth = auth_of(rule, environ, self._ask_for_token, now)
        self._allow_plain = rule.allow_plain

    def close(self) -> None:
        self._client.close()

    def address(self, path: str, query: Mapping[str, str] | str = "") -> str:
        """query: a mapping, or ready as it stands in the address."""
        asked = query if isinstance(query, str) else urlencode(query)
        return f"{self.base_url}/{path}".rstrip("/") + (f"?{asked}" if asked else "")

    def within(self, address: str) -> str | None:
        """The absolute address; None where it is another host's, which we do not call."""
        made = urljoin(f"{self.base_url}/", address)
        is_ours = _origin(made) == self._origin and "@" not in urlsplit(made).netloc
        return made if is_ours else None

    def get(self, address: str, accept: str = FHIR_JSON) -> Answer:
        return self._exchange("GET", address, (), {"Accept": accept})

    def send(
        self,
        method: str,
        address: str,
        body: Sequence[Part],
        headers: Mapping[str, str] | None = None,
        content_type: str = FHIR_JSON,
    ) -> Answer:
        """Raises FixityFailed from the body: then the request was broken off before its end."""
        told = {"Accept": FHIR_JSON, "Content-Type": f"{content_type}", **(headers or {})}
        return self._exchange(method, address, body, told)

    @contextlib.contextmanager
    def download(self, address: str, accept: str) -> Iterator[tuple[Answer, Iterator[bytes]]]:
        """The answer without body, and its body in pieces (unbounded; the time limit is per piece)."""
        with self._translated(), self._open("GET", address, (), {"Accept": accept}) as response:
            yield _answer(response), response.iter_bytes()

    # --- one exchange -----------------------------------------------------------------------
    def _exchange(
        self, method: str, address: str, body: Sequence[Part], headers: Mapping[str, str]
    ) -> Answer:
        for is_last in (False, True):
            with self._translated(), self._open(method, address, body, headers) as response:
                answer = _answer(response, self._body(response))
            if answer.status == 401 and not is_last and self._auth.renew():
                continue
            break
        self._refuse(answer)
        return answer

    @contextlib.contextmanager
    def _open(
        self, method: str, address: str, body: Sequence[Part], headers: Mapping[str, str]
    ) -> Iterator[httpx.Response]:
        told = dict(headers)
        if who := self._auth.header():
            told["Authorization"] = who
        content = None
        if body:
            told["Content-Length"] = str(parts.length(body))
            content = parts.chunks(body)
        with self._client.stream(method, address, content=content, headers=told) as response:
            yield response

    def _body(self, response: httpx.Response) -> bytes:
        end = time.monotonic() + self._timeout_seconds
        made = bytearray()
        for piece in response.iter_bytes():
            made += piece
            if len(made) > self.most_answer_bytes:
                raise ProfileError("the server's answer is longer than http.most_answer_bytes")
            if time.monotonic() > end:
                raise ReceiverSilent("the server's answer took longer than sending.timeout_seconds")
        return bytes(made)

    def _refuse(self, answer: Answer) -> None:
        """What is nobody's document's fault."""
        status = answer.status
        if status in _BUSY or (status >= 500 and status != _NOT_MADE):
            wait = retry_after(answer.headers.get("retry-after", ""), self._now())
            raise ReceiverSilent(f"the server answered {status}", retry_after_seconds=wait)
        if 300 <= status < 400 and status != 304:
            raise ProfileError(f"the server answered {status} and points elsewhere; mend http.base_url")
        if status == 401:
            raise ProfileError("the server answered 401: it does not accept our credentials ([http])")

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """httpx's faults as ours; what comes from the body's own file goes through as it is."""
        import httpx

        try:
            yield
        except httpx.TransportError as error:
            if fault := _profile_fault(error):
                raise ProfileError(fault) from None
            raise ReceiverSilent(f"no answer from the server ({type(error).__name__})") from None
        except (httpx.InvalidURL, httpx.DecodingError):
            raise ProfileError("http.base_url or what the server answers cannot be read") from None

    def _ask_for_token(self, address: str, fields: Mapping[str, str]) -> Mapping[str, object]:
        """Without our credentials: it is how we get some."""
        parts_of = urlsplit(address)
        is_here = _origin(address) == self._origin or parts_of.hostname in ("localhost", "127.0.0.1", "::1")
        if parts_of.scheme != "https" and not (is_here or self._allow_plain):
            raise ProfileError("the token endpoint is not https://")
        headers = {"Accept": "application/json"}
        data, method = (dict(fields), "POST") if fields else (None, "GET")
        with (
            self._translated(),
            self._client.stream(method, address, headers=headers, data=data) as response,
        ):
            answer = _answer(response, self._body(response))
        if answer.status in _BUSY or answer.status >= 500:
            raise ReceiverSilent(f"the token endpoint answered {answer.status}")
        if not answer.is_good:
            raise ProfileError(f"the token endpoint answered {answer.status}: it does not know us ([http])")
        return answer.json()


def retry_after(value: str, now: float) -> float | None:
    """Seconds to wait as `Retry-After` says (RFC 9110, 10.2.3: a number or a date); bounded."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), _MOST_RETRY_SECONDS)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    wait = (moment - datetime.fromtimestamp(now, UTC)).total_seconds()
    return min(max(0.0, wait), _MOST_RETRY_SECONDS)


def _answer(response: httpx.Response, body: bytes = b"") -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(status=response.status_code, headers=headers, body=body)


def _origin(address: str) -> tuple[str, str, int]:
    found = urlsplit(address)
    usual = 443 if found.scheme == "https" else 80
    try:
        port = found.port or usual
    except ValueError:
        raise ProfileError("http.base_url has a port that is none") from None
    return found.scheme, (found.hostname or "").lower(), port


def _profile_fault(error: BaseException) -> str:
    """What of a failed connection will not mend itself; "" for the rest."""
    import httpx

    if isinstance(error, httpx.UnsupportedProtocol):
        return "http.base_url must start with https:// or http://"
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return "the server's certificate is not to be trusted (http.ca_file, the host's name, its dates)"
        if isinstance(seen, socket.gaierror) and seen.errno == socket.EAI_NONAME:
            return "http.base_url names a host that is not known"
        seen = seen.__cause__ or seen.__context__
    return ""
