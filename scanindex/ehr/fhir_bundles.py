"""Transaction Bundles of R4: what is sent together and stands together or not at all. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from scanindex.ehr.fhir_values import Json, derived


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    method: str
    url: str
    resource: Json = field(repr=False)
    full_url: str
    """urn:uuid, by which other entries point to it."""
    if_none_exist: str = ""


def transaction(entries: Sequence[Entry], profile: str = "") -> Json:
    made: Json = {"resourceType": "Bundle"}
    if profile:
        made["meta"] = {"profile": [profile]}
    return {**made, "type": "transaction", "entry": [_entry(one) for one in entries]}


def _entry(entry: Entry) -> Json:
    request: Json = {"method": entry.method, "url": entry.url}
    if entry.if_none_exist:
        request["ifNoneExist"] = entry.if_none_exist
    return {"fullUrl": entry.full_url, "resource": entry.resource, "request": request}


def urn(system: str, external_id: str, kind: str) -> str:
    """The same on every resend."""
    return f"urn:uuid:{derived(system, external_id, kind)}"
