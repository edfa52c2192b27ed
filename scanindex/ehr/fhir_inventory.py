"""What a FHIR server says it holds of ours, one entry per resource (so that doubles show).

Promises: only what bears an id of ours is told; a list that the server cut short without saying how
to go on is an error, not a short list; with verify = "content" every attachment is fetched and
hashed, in pieces. Raises NotAllowedNow where the server cannot be asked, ReceiverSilent, ProfileError.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from scanindex.delivery_model import Held
from scanindex.ehr.fhir_server import FhirServer, bears, entries, reference_of, values_of
from scanindex.ehr.fhir_values import LOINC, Json, hex_of_base64, reference_in, token
from scanindex.ehr.http_client import FHIR_JSON, HttpLine
from scanindex.errors import NotAllowedNow, ProfileError, ReceiverSilent
from scanindex.target_profile import Target

DOCUMENT = "DocumentReference"
_AT_ONCE = 20
_PATIENTS_KEPT = 20_000
_DATA = re.compile(rb'"data"\s*:\s*"')
_LONGEST_HEAD_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Bytes:
    sha256: str
    sha1: str
    size_bytes: int


def held(
    server: FhirServer, line: HttpLine, target: Target, external_ids: Collection[str] | None
) -> Iterator[Held]:
    """external_ids: these at least. The server is asked as `fhir.inventory` says."""
    asker = _Asker(server, line, target)
    if target.fhir.inventory == "system":
        return asker.all()
    if external_ids is None:
        raise NotAllowedNow("this server can only be asked id by id (fhir.inventory)")
    return asker.each(external_ids)


class _Asker:
    def __init__(self, server: FhirServer, line: HttpLine, target: Target) -> None:
        self._server, self._line, self._target, self._rule = server, line, target, target.fhir
        rule = target.patient
        self._patient_system = rule.system or f"urn:oid:{rule.oid}"
        self._numbers: OrderedDict[str, str | None] = OrderedDict()

    def all(self) -> Iterator[Held]:
        system = self._rule.id_system
        query = f"identifier={token(system, '')}&_count={self._rule.page_size}&_summary=true"
        seen: set[str] = set()
        total = 0
        for page in self._server.pages(DOCUMENT, query):
            found = list(entries(page, DOCUMENT))
            total = page["total"] if isinstance(page.get("total"), int) else total
            if found and not any(values_of(one, system) for one in found):
                raise ProfileError("the server does not search by system alone; set fhir.inventory = each")
            for one in found:
                if reference_of(one) not in seen:
                    seen.add(reference_of(one))
                    yield from self._told(one)
        if total > len(seen):
            raise NotAllowedNow(
                f"the server has {total} documents of ours, showed {len(seen)} and no next page; "
                "raise fhir.page_size or set fhir.inventory = each"
            )

    def each(self, external_ids: Collection[str]) -> Iterator[Held]:
        """Some at once, as an "or"; what did not come then is asked for by itself."""
        waiting = iter(sorted(external_ids))
        while some := list(islice(waiting, _AT_ONCE)):
            system = self._rule.id_system
            query = "identifier=" + "%2C".join(token(system, one) for one in some)
            found = {reference_of(one): one for one in self._server.search(DOCUMENT, query)}
            kept = [one for one in found.values() if any(bears(one, system, e) for e in some)]
            for external_id in some:
                if not any(bears(one, system, external_id) for one in kept):
                    kept += self._server.by_identifier(DOCUMENT, system, external_id)
            for one in kept:
                yield from self._told(one)

    def _told(self, resource: Json) -> Iterator[Held]:
        """An entry for each id of ours that it bears: there should be one."""
        system = self._rule.id_system
        whole = self._whole(resource)
        shown = _attachment(whole)
        got = self._fetched(whole, shown) if self._rule.verify == "content" else None
        listed = shown.get("size")
        for external_id in values_of(resource, system):
            yield Held(
                external_id=external_id,
                receiver_id=reference_of(resource),
                sha256=got.sha256 if got else None,
                sha1=got.sha1 if got else hex_of_base64(shown.get("hash")),
                size_bytes=got.size_bytes if got else (listed if isinstance(listed, int) else None),
                patient=self._number(whole),
                is_current=_is_current(whole),
                local_type=_code(whole, self._rule.type_system),
                loinc=_code(whole, LOINC),
            )

    def _whole(self, resource: Json) -> Json:
        """Lists leave out what we compare by, on some servers all of the content."""
        is_enough = bool(_attachment(resource).get("hash"))
        if self._rule.verify == "listed" or (is_enough and self._rule.verify == "hash"):
            return resource
        read = self._server.read(reference_of(resource))
        return read[0] if read is not None else resource

    # --- the patient ------------------------------------------------------------------------
    def _number(self, resource: Json) -> str | None:
        """By the reference: it is what the receiver's chart shows, whatever the rest says."""
        subject = resource.get("subject")
        if not isinstance(subject, dict):
            return None
        reference = reference_in(str(subject.get("reference") or ""), "Patient")
        if reference is None:
            given = subject.get("identifier")
            is_ours = isinstance(given, dict) and given.get("system") == self._patient_system
            return str(given.get("value")) if is_ours and isinstance(given, dict) else None
        if reference not in self._numbers:
            self._numbers[reference] = self._asked(reference)
            while len(self._numbers) > _PATIENTS_KEPT:
                self._numbers.popitem(last=False)
        return self._numbers[reference]

    def _asked(self, reference: str) -> str | None:
        read = self._server.read(reference)
        values = values_of(read[0], self._patient_system) if read is not None else []
        return values[0] if values else None

    # --- the content ------------------------------------------------------------------------
    def _fetched(self, resource: Json, shown: Json) -> _Bytes | None:
        """None where it lies somewhere we do not ask; nothing at all counts as zero bytes."""
        data = shown.get("data")
        if isinstance(data, str):
            try:
                return _digests((base64.b64decode(data, validate=True),))
            except ValueError:
                return _digests(())
        address = self._line.within(str(shown.get("url") or ""))
        if not shown.get("url") or address is None:
            return None
        wanted = str(shown.get("contentType") or "application/octet-stream")
        for accept in (wanted, FHIR_JSON):
            with self._line.download(address, accept) as (answer, body):
                if answer.status in (404, 410):
                    return _digests(())
                if answer.is_good:
                    is_json = "json" in answer.headers.get("content-type", "")
                    return _digests(data_in(body) if is_json else body)
                if answer.status >= 500 or answer.status in (408, 429):
                    raise ReceiverSilent(f"the server answered {answer.status} when asked for a content")
        return None


def data_in(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes in `data` of a Binary in JSON, decoded as they come; nothing where there are none."""
    stream = iter(pieces)
    head = b""
    while (found := _DATA.search(head)) is None:
        piece = next(stream, None)
        if piece is None or len(head) > _LONGEST_HEAD_BYTES:
            return
        head += piece
    rest = head[found.end() :]
    while True:
        text, quote, _ = rest.partition(b'"')
        # JSON may write / as \/.
        text = text.replace(b"\\", b"")
        usable = len(text) if quote else len(text) // 4 * 4
        try:
            yield binascii.a2b_base64(text[:usable], strict_mode=True)
        except binascii.Error:
            return
        if quote:
            return
        piece = next(stream, None)
        if piece is None:
            return
        rest = text[usable:] + piece


def _digests(pieces: Iterable[bytes]) -> _Bytes:
    sha256, sha1, size = hashlib.sha256(), hashlib.sha1(usedforsecurity=False), 0
    for piece in pieces:
        sha256.update(piece)
        sha1.update(piece)
        size += len(piece)
    return _Bytes(sha256.hexdigest(), sha1.hexdigest(), size)


def _attachment(resource: Json) -> Json:
    content = resource.get("content")
    first = content[0] if isinstance(content, list) and content else {}
    found = first.get("attachment") if isinstance(first, dict) else None
    return found if isinstance(found, dict) else {}


def _is_current(resource: Json) -> bool | None:
    status = resource.get("status")
    return status == "current" if isinstance(status, str) else None


def _code(resource: Json, system: str) -> str | None:
    if not system:
        return None
    kind = resource.get("type")
    codings = kind.get("coding") if isinstance(kind, dict) else None
    for one in codings or []:
        if isinstance(one, dict) and one.get("system") == system and one.get("code"):
            return str(one["code"])
    return None
