"""The bytes of a document as a Binary of their own, where they are too many to stand in line.

A Binary has no identifier, so nothing can be created only once. Promises: under our own id (PUT) it
is one however often it is sent; else it bears our id as a tag and is looked for by it first. Whoever
does not search Binaries by tag may keep one that nothing points to when a transfer was cut off after
it was stored.
"""

from __future__ import annotations

import contextlib

from scanindex.delivery_model import ExportRecord
from scanindex.ehr import fhir_resources, parts
from scanindex.ehr.fhir_server import FhirServer, entries, reference_of
from scanindex.ehr.fhir_values import Json, json_parts, own_id, token
from scanindex.ehr.http_client import HttpLine
from scanindex.errors import ProfileError, ReceiverSilent
from scanindex.target_profile import FhirRule


class BinaryStore:
    def __init__(self, server: FhirServer, line: HttpLine, rule: FhirRule) -> None:
        self._server, self._line, self._rule = server, line, rule
        self._is_searchable = True

    def stored(self, record: ExportRecord) -> tuple[str, int]:
        """Its reference, and the bytes it took. Raises Refused, ReceiverSilent, ProfileError,
        FixityFailed."""
        if self._rule.binary == "own_id":
            own = own_id(record.external_id, self._rule.id_system)
            body, kind = self._body(record, own)
            self._server.put(f"Binary/{own}", body, kind)
            return f"Binary/{own}", parts.length(body)
        if found := self.found(record):
            return found, 0
        body, kind = self._body(record, None)
        reference = self._server.create("Binary", body, content_type=kind)
        if reference is None:
            raise ProfileError("the server does not say where it put a Binary; see fhir.binary")
        return reference, parts.length(body)

    def _body(self, record: ExportRecord, own: str | None) -> tuple[tuple[parts.Part, ...], str]:
        content = record.content
        if self._rule.binary_form == "raw" and content is not None:
            return (parts.content_part(content, in_base64=False),), content.media_type
        return json_parts(fhir_resources.binary(record, self._rule, own)), ""

    def found(self, record: ExportRecord) -> str | None:
        """One that bears our tag. Many servers cannot look for it; then nothing is found."""
        if not self._is_searchable or self._rule.binary_form == "raw":
            return None
        query = f"_tag={token(self._rule.id_system, record.external_id)}&_summary=true"
        with contextlib.suppress(ReceiverSilent, ProfileError):
            answer = self._line.get(self._line.address("Binary", query))
            self._is_searchable = answer.is_good
            for one in entries(answer.json(), "Binary"):
                if _bears_tag(one, self._rule.id_system, record.external_id):
                    return reference_of(one)
        return None


def _bears_tag(resource: Json, system: str, code: str) -> bool:
    meta = resource.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    return any(
        isinstance(tag, dict) and tag.get("system") == system and tag.get("code") == code
        for tag in (tags or [])
    )
