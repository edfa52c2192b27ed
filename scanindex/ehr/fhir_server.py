"""A FHIR R4 server: search, read, create once, change a status.

Promises: what a search gives is looked at before it is believed (servers are known to ignore
parameters they do not know); a create that was answered with "there is one already" is never taken
for ours unless it bears our identifier; a change carries the version it was made from. Facts: R4
http.html (conditional create, If-Match), search.html.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from scanindex.ehr.fhir_values import Json, reference_in, token
from scanindex.ehr.http_client import Answer, HttpLine
from scanindex.ehr.parts import Part
from scanindex.errors import ProfileError, ReceiverSilent
from scanindex.target_profile import FhirRule

_MOST_TEXT_CHARACTERS = 500
_MOST_PAGES = 100_000
_MOST_PAGES_OF_ONE = 5
_UPDATE_TRIES = 3
_GONE = (404, 410)
_CONFLICT = (409, 412)


class Refused(Exception):
    """The receiver, or our rule about it, said no to one record: a receipt is made of it in `ehr/`."""

    def __init__(self, code: str, text: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.text = text


class FhirServer:
    def __init__(self, line: HttpLine, rule: FhirRule) -> None:
        self._line = line
        self._update = rule.update
        self._is_search_posted = rule.search == "post"

    # --- looking ----------------------------------------------------------------------------
    def by_identifier(self, kind: str, system: str, value: str) -> list[Json]:
        """Those that really bear it; whole resources. Raises ReceiverSilent, ProfileError."""
        found: list[Json] = []
        for page in islice(self.pages(kind, f"identifier={token(system, value)}"), _MOST_PAGES_OF_ONE):
            seen = list(entries(page, kind))
            fitting = [one for one in seen if bears(one, system, value)]
            if seen and not fitting and not any(_almost_bears(one, system, value) for one in seen):
                raise ProfileError(f"the server does not search {kind} by identifier: doubles could arise")
            found += fitting
        return found

    def search(self, kind: str, query: str) -> Iterator[Json]:
        """All pages. Raises ReceiverSilent, ProfileError where the server cannot be asked so."""
        for page in self.pages(kind, query):
            yield from entries(page, kind)

    def pages(self, kind: str, query: str) -> Iterator[Json]:
        """Bundles as they come."""
        address: str | None = self._line.address(kind, query)
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
            if address is None:
                return
            answer = self._searched(kind, query) if not seen else self._line.get(address)
            page = answer.json()
            if not answer.is_good or page.get("resourceType") != "Bundle":
                raise ProfileError(
                    f"the server answered {answer.status} to a search for {kind} ([http], [fhir])"
                )
            yield page
            seen.add(address)
            address = self._next(page)
            if address in seen:
                raise ProfileError("the server's pages go round in a circle")

    def _searched(self, kind: str, query: str) -> Answer:
        if not self._is_search_posted:
            return self._line.get(self._line.address(kind, query))
        # R4 search, 3.1.1.1: the same parameters as a form.
        address, form = self._line.address(f"{kind}/_search"), "application/x-www-form-urlencoded"
        return self._line.send("POST", address, (query.encode("ascii"),), content_type=form)

    def read(self, reference: str) -> tuple[Json, str] | None:
        """The resource and its version tag; None where there is none (any more)."""
        answer = self._line.get(self._line.address(reference))
        if answer.status in _GONE:
            return None
        made = answer.json()
        if not answer.is_good or not made:
            raise ProfileError(f"the server answered {answer.status} when asked for what it named itself")
        version = made.get("meta", {}).get("versionId", "")
        return made, answer.headers.get("etag") or (f'W/"{version}"' if version else "")

    # --- changing ---------------------------------------------------------------------------
    def create(
        self, kind: str, body: Sequence[Part], if_none_exist: str = "", content_type: str = ""
    ) -> str | None:
        """Its reference; None where the server says that there is one already (or several).

        Raises Refused for what is wrong with this resource, ReceiverSilent, ProfileError.
        """
        headers = {"Prefer": "return=minimal"}
        if if_none_exist:
            headers["If-None-Exist"] = if_none_exist
        how = {"content_type": content_type} if content_type else {}
        for _ in range(_UPDATE_TRIES):
            answer = self._line.send("POST", self._line.address(kind), body, headers, **how)
            if answer.status != 409:
                break
        if answer.status == 412 or (if_none_exist and answer.status in (200, 204)):
            return None
        self.accept(answer, kind)
        made = answer.json()
        own = f"{kind}/{made['id']}" if made.get("resourceType") == kind and made.get("id") else None
        return reference_in(answer.headers.get("location", ""), kind) or own

    def put(self, reference: str, body: Sequence[Part], content_type: str = "") -> None:
        """Under our own id. Raises as `create` does."""
        how = {"content_type": content_type} if content_type else {}
        headers = {"Prefer": "return=minimal"}
        answer = self._line.send("PUT", self._line.address(reference), body, headers, **how)
        self.accept(answer, reference.partition("/")[0])

    def transaction(self, body: Sequence[Part]) -> list[tuple[int, str]]:
        """Status and location per entry, in order. Raises as `create` does."""
        answer = self._line.send("POST", self._line.address(""), body, {"Prefer": "return=minimal"})
        self.accept(answer, "Bundle")
        made = [entry.get("response") or {} for entry in _list(answer.json(), "entry")]
        return [(_status(one.get("status")), str(one.get("location") or "")) for one in made]

    def set_status(self, reference: str, status: str) -> None:
        """Raises Refused where the server, or the profile, does not let us."""
        self.change(reference, {"status": status})

    def change(self, reference: str, values: Mapping[str, object]) -> None:
        """These elements become so, the others stay; nothing where they are so already. Raises Refused."""
        if self._update == "never":
            raise Refused("no_update", "fhir.update is never")
        for _ in range(_UPDATE_TRIES):
            found = self.read(reference)
            if found is None or all(found[0].get(key) == value for key, value in values.items()):
                return
            resource, version = found
            answer = self._changed(reference, resource, version, values)
            if answer.is_good:
                return
            if answer.status not in _CONFLICT:
                raise Refused("no_update", f"{answer.status} {outcome_text(answer.json())}".strip())
        raise ReceiverSilent("somebody else keeps changing the document at the receiver")

    def accept(self, answer: Answer, kind: str) -> None:
        """Sorts out everything that is not a success."""
        if answer.is_good:
            return
        if answer.status in (403, 404, 405, 501):
            raise ProfileError(
                f"the server answered {answer.status} to a {kind}: http.base_url, or what we may do"
            )
        raise Refused(str(answer.status), outcome_text(answer.json()))

    def _changed(self, reference: str, resource: Json, version: str, values: Mapping[str, object]) -> Answer:
        address = self._line.address(reference)
        headers = {"Prefer": "return=minimal"} | ({"If-Match": version} if version else {})
        if self._update == "patch":
            steps = [{"op": "replace", "path": f"/{key}", "value": value} for key, value in values.items()]
            patch = json.dumps(steps).encode()
            return self._line.send("PATCH", address, (patch,), headers, "application/json-patch+json")
        body = json.dumps({**resource, **values}, ensure_ascii=False).encode("utf-8")
        return self._line.send("PUT", address, (body,), headers)

    def _next(self, page: Json) -> str | None:
        for link in _list(page, "link"):
            if link.get("relation") == "next" and link.get("url"):
                address = self._line.within(str(link["url"]))
                if address is None:
                    raise ProfileError("the server's next page lies on another host; mend http.base_url")
                return address
        return None


def entries(page: Json, kind: str) -> Iterator[Json]:
    """Matches of a search; not what was sent along."""
    for entry in _list(page, "entry"):
        resource = entry.get("resource")
        search = entry.get("search")
        mode = search.get("mode", "match") if isinstance(search, dict) else "match"
        if isinstance(resource, dict) and resource.get("resourceType") == kind and mode == "match":
            yield resource


def bears(resource: Json, system: str, value: str) -> bool:
    return value in values_of(resource, system)


def _almost_bears(resource: Json, system: str, value: str) -> bool:
    """Some servers compare without case; that is a miss, but not a server that does not look."""
    return value.casefold() in [one.casefold() for one in values_of(resource, system)]


def values_of(resource: Json, system: str) -> list[str]:
    """Its identifiers of one system, current ones first."""
    found = [*_list(resource, "identifier")]
    if isinstance(resource.get("masterIdentifier"), dict):
        found.insert(0, resource["masterIdentifier"])
    found.sort(key=lambda one: one.get("use") == "old")
    values = [str(one["value"]) for one in found if one.get("system") == system and one.get("value")]
    return list(dict.fromkeys(values))


def reference_of(resource: Json) -> str:
    return f"{resource.get('resourceType')}/{resource.get('id')}"


def outcome_text(outcome: Json) -> str:
    """What an OperationOutcome says, shortened."""
    said = []
    for issue in _list(outcome, "issue"):
        details = issue.get("details")
        words = details.get("text") if isinstance(details, dict) else None
        where = issue.get("expression")
        place = f" ({', '.join(map(str, where))})" if isinstance(where, list) else ""
        said.append(f"{words or issue.get('diagnostics') or issue.get('code') or ''}{place}".strip())
    return " | ".join(filter(None, said))[:_MOST_TEXT_CHARACTERS]


def _list(resource: Mapping[str, Any], name: str) -> list[Json]:
    found = resource.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _status(value: object) -> int:
    number = str(value or "").split(" ")[0]
    return int(number) if number.isdigit() else 0
