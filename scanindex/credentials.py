"""What proves who somebody is: passwords, one-time codes, random secrets, and how they are kept.

Passwords are kept as argon2id (RFC 9106; parameters after the OWASP Password Storage Cheat
Sheet); sessions, tokens and invitations are random 256 bits of which only the SHA-256 is kept;
secrets of second factors (TOTP, RFC 6238) are sealed with a key that lies beside the catalog,
not in it. Leaves out who may do what (access_model) and when a secret still counts (people).
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import os
import re
import secrets
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from scanindex.errors import IntegrityError, TooManyTries, transient
from scanindex.passwords import MOST_CHARACTERS, normalized

MEMORY_KIB, ROUNDS, LANES = 19 * 1024, 2, 1
SECRET_BYTES = 32
STEP_SECONDS = 30
_SALT_BYTES, _HASH_BYTES = 16, 32
_AT_ONCE, _WAIT_SECONDS = 2, 10.0
_HASHING = threading.BoundedSemaphore(_AT_ONCE)
"""Each hash takes 19 MiB and a core for a moment: a flood of logins must not take them all."""
_RECOVERY_CODES, _RECOVERY_BYTES = 10, 10
_PRODUCT = "scanindex"
_KEY_FILE = "people.key"


# --- passwords -----------------------------------------------------------------------------
def password_hash(password: str) -> str:
    """argon2id of it, as PHC text. Raises TooManyTries where too many are being checked."""
    from argon2 import PasswordHasher

    hasher = PasswordHasher(
        time_cost=ROUNDS,
        memory_cost=MEMORY_KIB,
        parallelism=LANES,
        hash_len=_HASH_BYTES,
        salt_len=_SALT_BYTES,
    )
    with _turn():
        return hasher.hash(normalized(password))


def is_password(password: str, kept: str) -> bool:
    """Whether it is the one; takes as long where nothing is kept (kept = ""), and is then False."""
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    if len(password) > MOST_CHARACTERS:
        password, kept = "", ""
    with _turn():
        try:
            return PasswordHasher().verify(kept or _NOBODY, normalized(password)) and bool(kept)
        except (VerificationError, InvalidHashError):
            return False


def needs_new_hash(kept: str) -> bool:
    """Whether it was made with parameters that are not those of now."""
    return not kept.startswith(f"$argon2id$v=19$m={MEMORY_KIB},t={ROUNDS},p={LANES}$")


def _nobody() -> str:
    """A hash like all others that no password is known to have."""
    salt, digest = (base64.b64encode(bytes(n)).decode().rstrip("=") for n in (_SALT_BYTES, _HASH_BYTES))
    return f"$argon2id$v=19$m={MEMORY_KIB},t={ROUNDS},p={LANES}${salt}${digest}"


_NOBODY = _nobody()


@contextlib.contextmanager
def _turn() -> Iterator[None]:
    if not _HASHING.acquire(timeout=_WAIT_SECONDS):
        raise TooManyTries("many people are logging in just now; try again in a moment")
    try:
        yield
    finally:
        _HASHING.release()


# --- random secrets -------------------------------------------------------------------------
def new_secret() -> str:
    """256 random bits, to be shown once."""
    return secrets.token_urlsafe(SECRET_BYTES)


def secret_hash(secret: str) -> str:
    """What is kept of it: enough, as nobody can try 2**256."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def csrf_of(session_secret: str) -> str:
    """What forms of a session carry: follows from its secret, so nothing more is kept."""
    return hmac.new(session_secret.encode("utf-8", "surrogatepass"), b"csrf", hashlib.sha256).hexdigest()


def new_recovery_codes() -> tuple[str, ...]:
    """80 bits each, in groups of four letters and digits."""
    made = (base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)) for _ in range(_RECOVERY_CODES))
    return tuple("-".join(re.findall("....", code.decode().lower())) for code in made)


def recovery_hash(code: str) -> str:
    """Blanks, hyphens and capitals do not count."""
    return secret_hash(re.sub(r"[\s-]", "", code).lower())


# --- second factor ---------------------------------------------------------------------------
def new_totp_secret() -> str:
    import pyotp

    return pyotp.random_base32()


def totp_uri(secret: str, login: str, site: str) -> str:
    """What an authenticator reads from a QR code."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=site or _PRODUCT)


def totp_step(secret: str, code: str, now: datetime) -> int | None:
    """Which step of 30 seconds the code belongs to, this one or its neighbours; None: to none."""
    import pyotp

    digits = re.sub(r"\s", "", code)
    if not re.fullmatch(r"[0-9]{6}", digits):
        return None
    maker = pyotp.TOTP(secret)
    this = int(now.timestamp()) // STEP_SECONDS
    near = (this - 1, this, this + 1)
    fitting = [step for step in near if hmac.compare_digest(maker.at(step * STEP_SECONDS), digits)]
    return max(fitting, default=None)


class Seal:
    """Closes and opens secrets with this workspace's key (Fernet: AES-128-CBC with HMAC-SHA-256)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def close(self, secret: str) -> str:
        from cryptography.fernet import Fernet

        return Fernet(_key(self._folder / _KEY_FILE, may_make=True)).encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raises IntegrityError where the key is another one, or gone."""
        from cryptography.fernet import Fernet, InvalidToken

        try:
            return Fernet(_key(self._folder / _KEY_FILE, may_make=False)).decrypt(sealed.encode()).decode()
        except (InvalidToken, ValueError, binascii.Error):
            raise IntegrityError("second factors were sealed with another key; restore var/keys") from None


def _key(path: Path, *, may_make: bool) -> bytes:
    """The key, made once and durably where it may be; readable by its owner only."""
    try:
        if may_make and not path.exists():
            _make_key(path)
        return path.read_bytes()
    except FileNotFoundError:
        raise IntegrityError("the key of second factors is missing; restore var/keys from backup") from None
    except OSError as error:
        raise transient(error) from None


def _make_key(path: Path) -> None:
    from cryptography.fernet import Fernet

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(Fernet.generate_key())
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first: its key is the key
            os.link(partial, path)
    finally:
        partial.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
