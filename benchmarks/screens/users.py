"""Twenty people at work over HTTP, each with a login, a browser's headers and time to think."""

from __future__ import annotations

import random
import re
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

_CSRF = re.compile(r'<meta name="csrf" content="([^"]*)"')
_THUMBS = 6


@dataclass(slots=True)
class Waits:
    """What was waited for, in milliseconds, by kind; and what went wrong."""

    ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    faults: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, kind: str, seconds: float, status: int, code: str) -> None:
        with self.lock:
            self.ms[kind].append(seconds * 1000)
            if status >= 400:
                self.faults[f"{kind} {status} {code}"] += 1


class Person(threading.Thread):
    """Logs in and works until told to stop."""

    def __init__(
        self, login: str, password: str, address: str, waits: Waits, stop: threading.Event, seed: int
    ) -> None:
        super().__init__(name=login, daemon=True)
        self._client = httpx.Client(base_url=address, timeout=60, follow_redirects=True)
        self._login, self._password = login, password
        self._waits, self._stopped = waits, stop
        self.random = random.Random(seed)

    def log_in(self) -> None:
        answer = self._client.post("/login", data={"login": self._login, "password": self._password})
        found = _CSRF.search(answer.text)
        assert found and found[1], f"no session: {answer.status_code}"
        self._client.headers["x-csrf-token"] = found[1]

    def get(self, kind: str, path: str) -> httpx.Response:
        return self._ask(kind, "GET", path, None)

    def post(self, kind: str, path: str, body: dict[str, Any]) -> httpx.Response:
        return self._ask(kind, "POST", path, body)

    def _ask(self, kind: str, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        begun = time.perf_counter()
        answer = self._client.request(method, path, json=body)
        taken = time.perf_counter() - begun
        code = (
            answer.json().get("code", "")
            if answer.status_code >= 400 and "json" in str(answer.headers)
            else ""
        )
        self._waits.note(kind, taken, answer.status_code, code)
        return answer

    def think(self, seconds: float) -> None:
        self._stopped.wait(self.random.uniform(0.5, 1.5) * seconds)

    def run(self) -> None:
        while not self._stopped.is_set():
            self.work()

    def work(self) -> None:
        raise NotImplementedError


class Reviewer(Person):
    """Settles what is proposed, parks the rest; fetches the next items ahead, as the screen does."""

    after: str = ""

    def work(self) -> None:
        asked = {"after": self.after, "prefetch": 2} if self.after else {"prefetch": 2}
        answer = self.post("next items (ahead)", "/api/v1/review/next", asked)
        items = answer.json().get("items", []) if answer.status_code == 200 else []
        if not items:
            self.think(2)
            return
        for one in items[:2]:
            self.get("page image", f"/review/items/{one['item_id']}/pages/1/screen")
        item = items[0]
        self.think(4)
        self._settle(item)
        self.after = item["item_id"]

    def _settle(self, item: dict[str, Any]) -> None:
        path = f"/api/v1/review/items/{item['item_id']}"
        chosen = item.get("preselected")
        if chosen:
            body = {"version": item["version"], "patient_id": chosen, "seconds": 4.0, "keystrokes": 1}
            self.post("settle", f"{path}/accept", body)
        else:
            self.post("settle", f"{path}/park", {"version": item["version"], "note": "benchmark"})


class Searcher(Person):
    """Types a name, searches, looks at thumbnails."""

    queries: Sequence[str] = ()
    names: Sequence[str] = ()

    def work(self) -> None:
        name = self.random.choice(self.names)
        for length in range(2, min(len(name), 6)):
            self.post("typeahead", "/api/v1/patients/suggest", {"text": name[:length]})
            self.think(0.15)
        self.post("search", "/api/v1/search", {"query": self.random.choice(self.queries)})
        self.think(3)
        self.get("today", "/api/v1/today")
        self.think(1)


class Reader(Person):
    """Opens filed documents that were really scanned and pages through them."""

    documents: Sequence[str] = ()

    def work(self) -> None:
        document = self.random.choice(self.documents)
        self.get("document", f"/documents/{document}")
        self.get("page image", f"/pictures/{document}/1/screen")
        self.get("thumbnail", f"/pictures/{document}/1/thumb")
        self.think(3)


def share(values: Sequence[float], part: float) -> float:
    """The value below which this part of them lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")
