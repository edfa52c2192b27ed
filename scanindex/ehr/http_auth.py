"""How we say who we are over HTTP: nothing, a token, a password, or SMART backend services.

Secrets come from the environment alone. Promises: a token is asked for anew before it runs out, and
once when the server does not take it any more. Facts: SMART App Launch 2.x, "Backend Services" and
"asymmetric client authentication" (RS384 or ES384, `exp` at most five minutes off, a new `jti` each
time); RFC 7523; RFC 6749, 4.4.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from scanindex.errors import ProfileError
from scanindex.target_profile import HttpRule

_SECONDS_TO_SPARE = 30.0
_ASSERTION_SECONDS = 240
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
Ask = Callable[[str, Mapping[str, str]], Mapping[str, object]]
"""POST of a form (with fields) or GET (without) at an address; the JSON that came back."""


class Auth(Protocol):
    def header(self) -> str | None:
        """For `Authorization`. Raises ProfileError, ReceiverSilent."""

    def renew(self) -> bool:
        """After a 401: whether another try makes sense."""


@dataclass(frozen=True, slots=True)
class Fixed:
    value: str | None

    def header(self) -> str | None:
        return self.value

    def renew(self) -> bool:
        return False


class Smart:
    """Tokens for a system of its own, without a person (client_credentials with private_key_jwt)."""

    def __init__(
        self,
        rule: HttpRule,
        environ: Mapping[str, str],
        ask: Ask,
        now: Callable[[], float],
    ) -> None:
        """now: seconds since 1970."""
        self._rule, self._ask, self._now = rule, ask, now
        self._client_id = _needed(environ, rule.client_id_env)
        self._key_pem = _pem(_needed(environ, rule.key_env), rule.key_env)
        self._token, self._good_until = "", 0.0
        self._token_url = rule.token_url

    def header(self) -> str:
        if not self._token or self._now() >= self._good_until:
            self._fetch()
        return f"Bearer {self._token}"

    def renew(self) -> bool:
        had, self._token = bool(self._token), ""
        return had

    def _fetch(self) -> None:
        address = self._token_url or self._discovered()
        fields = {
            "grant_type": "client_credentials",
            "scope": self._rule.scope,
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self._assertion(address),
        }
        answer = self._ask(address, fields)
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            raise ProfileError("the token endpoint gave no access_token")
        lifetime = answer.get("expires_in")
        # RFC 6749: expires_in may be missing; SMART recommends five minutes.
        seconds = (
            float(lifetime) if isinstance(lifetime, int | float | str) and str(lifetime).isdigit() else 300.0
        )
        self._token = token
        self._good_until = self._now() + max(1.0, seconds - _SECONDS_TO_SPARE)

    def _discovered(self) -> str:
        address = f"{self._rule.base_url.rstrip('/')}/.well-known/smart-configuration"
        found = self._ask(address, {}).get("token_endpoint")
        if not isinstance(found, str):
            raise ProfileError("the server names no token endpoint; set http.token_url")
        self._token_url = found
        return found

    def _assertion(self, audience: str) -> str:
        issued = int(self._now())
        algorithm, sign = _signer(self._key_pem, self._rule.key_env)
        header = {"alg": algorithm, "typ": "JWT"} | ({"kid": self._rule.key_id} if self._rule.key_id else {})
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": audience,
            "jti": secrets.token_urlsafe(24),
            "iat": issued,
            "exp": issued + _ASSERTION_SECONDS,
        }
        signed = b".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
        return b".".join((signed, _base64url(sign(signed)))).decode("ascii")


def auth_of(rule: HttpRule, environ: Mapping[str, str], ask: Ask, now: Callable[[], float]) -> Auth:
    """Raises ProfileError for a variable that is not set."""
    if rule.auth == "bearer":
        return Fixed(f"Bearer {_needed(environ, rule.token_env)}")
    if rule.auth == "basic":
        pair = f"{_needed(environ, rule.user_env)}:{_needed(environ, rule.password_env)}"
        return Fixed(f"Basic {base64.b64encode(pair.encode()).decode('ascii')}")
    if rule.auth == "smart":
        return Smart(rule, environ, ask, now)
    return Fixed(None)


def _needed(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").strip() if name else ""
    if not value:
        raise ProfileError(f"the environment variable {name or '(none named)'} is not set")
    if any(ord(c) < 32 for c in value) and "-----BEGIN" not in value:
        raise ProfileError(f"the environment variable {name} holds control characters")
    return value


def _pem(value: str, name: str) -> bytes:
    if value.startswith("-----BEGIN"):
        return value.replace("\\n", "\n").encode()
    try:
        return Path(value).read_bytes()
    except OSError:
        raise ProfileError(f"the key file that {name} names cannot be read") from None


def _signer(pem: bytes, name: str) -> tuple[str, Callable[[bytes], bytes]]:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        raise ProfileError(f"{name} holds no private key in PEM without password") from None
    if isinstance(key, rsa.RSAPrivateKey):
        own = key
        return "RS384", lambda data: own.sign(data, padding.PKCS1v15(), hashes.SHA384())
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP384R1):
        curve = key

        def sign(data: bytes) -> bytes:
            # RFC 7518, 3.4: R and S side by side, 48 bytes each.
            pair = decode_dss_signature(curve.sign(data, ec.ECDSA(hashes.SHA384())))
            return b"".join(number.to_bytes(48, "big") for number in pair)

        return "ES384", sign
    raise ProfileError(f"{name}: SMART wants an RSA key or one on P-384")


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
