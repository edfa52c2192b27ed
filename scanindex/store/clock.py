"""Real time and random ids."""

from __future__ import annotations

import base64
import secrets
import time
from datetime import UTC, datetime


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class RandomIds:
    """100 random bits as 20 lower-case base-32 characters: no order, no meaning."""

    def new(self) -> str:
        return base64.b32encode(secrets.token_bytes(13)).decode("ascii")[:20].lower()
