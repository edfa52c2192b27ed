"""Who is trusted at the other end of a line, and who we say we are: the same for every line."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Protocol

from scanindex.errors import ProfileError


class TlsRule(Protocol):
    """The keys that every section of a line has."""

    @property
    def ca_file(self) -> str: ...

    @property
    def client_certificate_env(self) -> str: ...


def context(
    section: str, rule: TlsRule, environ: Mapping[str, str], *, is_encrypted: bool = True
) -> ssl.SSLContext:
    """TLS 1.2 or later. Raises ProfileError.

    section: of the profile, for what is said of it. is_encrypted: False where the line is in clear:
    then nobody is to be checked, and loading the system's authorities takes a while.
    """
    try:
        made = ssl.create_default_context(cafile=rule.ca_file or None) if is_encrypted else _nobody()
    except (OSError, ssl.SSLError):
        raise ProfileError(f"{section}.ca_file cannot be read as certificates") from None
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if name := rule.client_certificate_env:
        path = environ.get(name, "")
        if not path:
            raise ProfileError(f"the environment has no {name} ({section}.client_certificate_env)")
        try:
            made.load_cert_chain(path, password=_no_password)
        except (OSError, ssl.SSLError):
            raise ProfileError(f"what {name} names cannot be read as certificate and key") from None
    return made


def _nobody() -> ssl.SSLContext:
    """Trusts no authority at all."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _no_password() -> str:
    """Instead of OpenSSL's question at the terminal."""
    return ""
