"""FHIR over HTTP: each record becomes a DocumentReference at the server, once.

Promises: before anything is created the server is asked whether it is there already, and the create
itself is conditional on the same identifier, so that a document sent again after a crash, a lost
answer or a doubled request stays one; everything that belongs to it (DiagnosticReport, Provenance,
the old one's status) is asked for and made good in the same way. Nothing is remembered outside of the
server. What remains: a Binary whose request was cut off after the server stored it is left without a
document pointing to it, unless the server finds Binaries by tag or takes our own ids (fhir.binary).
Raises TransientError, ProfileError; FixityFailed breaks the request off before its end.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from scanindex.delivery_model import Action, ExportRecord, Held, Parcel, Problem, Receipt
from scanindex.ehr import fhir_inventory, fhir_resources, parts
from scanindex.ehr.fhir_binaries import BinaryStore
from scanindex.ehr.fhir_bundles import Entry, transaction, urn
from scanindex.ehr.fhir_checks import problems_of
from scanindex.ehr.fhir_patients import PatientFinder
from scanindex.ehr.fhir_resources import Place, is_report
from scanindex.ehr.fhir_server import FhirServer, Refused, reference_of, values_of
from scanindex.ehr.fhir_values import Json, json_parts, reference_in, token
from scanindex.ehr.http_client import HttpLine
from scanindex.errors import ReceiverSilent, ScanindexError
from scanindex.target_profile import FhirRule, Target

DOCUMENT, REPORT = "DocumentReference", "DiagnosticReport"
_UNRESOLVED = "urn:uuid:"


class Rendering(Protocol):
    """How a document reads in one form of FHIR."""

    def document(self, record: ExportRecord, rule: FhirRule, place: Place, content: Json) -> Json: ...
    def is_in_line(self, record: ExportRecord, rule: FhirRule) -> bool:
        """Whether its content goes within the document."""

    def bundle(self, record: ExportRecord, rule: FhirRule, place: Place) -> Json | None:
        """One transaction that is all there is to send; None: not in this form."""


class UsCore:
    def document(self, record: ExportRecord, rule: FhirRule, place: Place, content: Json) -> Json:
        return fhir_resources.document_reference(record, rule, place, content)

    def is_in_line(self, record: ExportRecord, rule: FhirRule) -> bool:
        """A report's content has one address for both resources that show it."""
        size = record.content.size_bytes if record.content else 0
        return rule.binary == "never" or (size <= rule.inline_bytes and not is_report(record, rule))

    def bundle(self, record: ExportRecord, rule: FhirRule, place: Place) -> Json | None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A document that stands at the server now."""

    reference: str
    others: tuple[str, ...] = ()
    """What was made in the same breath."""
    code: str
    content: Json
    """Its attachment."""
    place: Place | None = None
    """Where it was just made."""
    has_companions: bool = False
    """Report and provenance went with it."""
    has_marked: bool = False
    """The old one was marked with it."""
    sent_bytes: int = 0


class FhirSink:
    """One FHIR server as receiver (ports.EhrSink). For one thread."""

    def __init__(
        self,
        target: Target,
        line: HttpLine,
        rendering: Rendering | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._target, self._rule, self._line = target, target.fhir, line
        self._rendering = rendering or UsCore()
        self._server = FhirServer(line, target.fhir)
        self._patients = PatientFinder(self._server, target, monotonic)
        self._binaries = BinaryStore(self._server, line, target.fhir)
        self._has_left = False
        """Whether anything of the record that is sent now may have gone."""

    @property
    def parcel_documents(self) -> int:
        return 1

    def problems(self, record: ExportRecord) -> Sequence[Problem]:
        return problems_of(record, self._target)

    def send(self, parcel: Parcel) -> Iterator[Receipt]:
        for record in parcel.records:
            self._has_left = False
            try:
                yield self._withdrawn(record) if record.action is Action.CANCEL else self._published(record)
            except Refused as no:
                yield Receipt(
                    external_id=record.external_id,
                    is_taken=False,
                    code=no.code,
                    text=no.text,
                    has_left=self._has_left,
                )
            except ScanindexError as error:
                error.nothing_left = not self._has_left
                raise

    def inventory(self, external_ids: Collection[str] | None = None) -> Iterator[Held]:
        return fhir_inventory.held(self._server, self._line, self._target, external_ids)

    def close(self) -> None:
        self._line.close()

    # --- new and replace --------------------------------------------------------------------
    def _published(self, record: ExportRecord) -> Receipt:
        made = self._standing(record) or self._created(record)
        ids, notes = [made.reference, *made.others], []
        # The document stands there now: what fails beside it must not make it look refused, or no
        # correction would ever reach it.
        if not made.has_companions:
            notes.append(self._completed(record, made, ids))
        if record.replaces and not made.has_marked:
            notes.append(self._superseded(record))
        return Receipt(
            external_id=record.external_id,
            is_taken=True,
            code=made.code,
            receiver_ids=tuple(ids),
            text="; ".join(filter(None, notes)),
            sent_bytes=made.sent_bytes,
        )

    def _standing(self, record: ExportRecord) -> _Made | None:
        """What came of an earlier try."""
        found = self._server.by_identifier(DOCUMENT, self._rule.id_system, record.external_id)
        if not found:
            return None
        self._has_left = True
        shown = attachment_of(found[0])
        if shown.get("hash") and shown["hash"] != fhir_resources.attachment(record, "")["hash"]:
            raise Refused("other_content", "a document of this id stands there with other content")
        shown.pop("data", None)
        made = _Made(reference=reference_of(found[0]), code="found", content=shown)
        if str(shown.get("url", "")).startswith(_UNRESOLVED):
            self._pointed(record, made)
        return made

    def _created(self, record: ExportRecord) -> _Made:
        self._has_left = self._rule.create_patients  # then the look-up itself tells who it is
        place = self._place(record)
        self._has_left = True
        if (whole := self._rendering.bundle(record, self._rule, place)) is not None:
            made = dataclasses.replace(self._transacted(record, place, {}, whole), has_marked=True)
            self._pointed(record, made)
            return made
        sent = 0
        if not self._rendering.is_in_line(record, self._rule):
            place, sent = self._with_binary(record, place)
        elif record.content and record.content.size_bytes > self._rule.inline_bytes:
            raise Refused("too_large_in_line")
        content = fhir_resources.attachment(record, place.url)
        document = self._rendering.document(record, self._rule, place, content)
        if self._rule.bundle == "transaction":
            entries = self._entries(record, place, document, content)
            made = self._transacted(record, place, content, transaction(entries))
        else:
            body = json_parts(document)
            reference = self._once(DOCUMENT, body, record.external_id)
            made = _Made(
                reference=reference, code="201", content=content, place=place, sent_bytes=parts.length(body)
            )
        return dataclasses.replace(made, sent_bytes=made.sent_bytes + sent)

    def _once(self, kind: str, body: Sequence[parts.Part], external_id: str) -> str:
        """Create unless it is there; its reference either way."""
        query = f"identifier={token(self._rule.id_system, external_id)}"
        if reference := self._server.create(kind, body, query):
            return reference
        found = self._server.by_identifier(kind, self._rule.id_system, external_id)
        if not found:
            raise Refused("not_found_again", f"the server says there is such a {kind}, and shows none")
        return reference_of(found[0])

    def _place(self, record: ExportRecord) -> Place:
        subject = self._patients.subject(record)
        return Place(
            subject=subject,
            encounter=self._patients.encounter(record, subject),
            replaced=self._old_ones(record) if record.replaces else (),
        )

    def _old_ones(self, record: ExportRecord) -> tuple[Json, ...]:
        found = self._documents_of(record)
        key = fhir_resources.key_of(record.replaces or "", self._rule)
        if not found:
            return ({"type": DOCUMENT, "identifier": key},)
        return tuple({"reference": reference, "identifier": key} for reference in found)

    def _with_binary(self, record: ExportRecord, place: Place) -> tuple[Place, int]:
        reference, sent = self._binaries.stored(record)
        url = reference if self._rule.binary_url == "relative" else self._line.address(reference)
        return dataclasses.replace(place, url=url), sent

    # --- as one bundle ----------------------------------------------------------------------
    def _entries(self, record: ExportRecord, place: Place, document: Json, content: Json) -> list[Entry]:
        system, external_id = self._rule.id_system, record.external_id
        own = urn(system, external_id, DOCUMENT)
        query = f"identifier={token(system, external_id)}"
        made = [Entry(method="POST", url=DOCUMENT, resource=document, full_url=own, if_none_exist=query)]
        if is_report(record, self._rule):
            report = fhir_resources.diagnostic_report(record, self._rule, place, content)
            name = urn(system, external_id, REPORT)
            made.append(Entry(method="POST", url=REPORT, resource=report, full_url=name, if_none_exist=query))
        if self._rule.provenance:
            told = fhir_resources.provenance(record, self._rule, ({"reference": own},))
            name = urn(system, external_id, "Provenance")
            made.append(Entry(method="POST", url="Provenance", resource=told, full_url=name))
        return made

    def _transacted(self, record: ExportRecord, place: Place, content: Json, bundle: Json) -> _Made:
        body = json_parts(bundle)
        answers = self._server.transaction(body)
        bad = [status for status, _ in answers if not 200 <= status < 300]
        is_whole = not bad and len(answers) == len(bundle["entry"])
        found = [location for status, location in answers if 200 <= status < 300]
        reference = next((r for one in found if (r := reference_in(one, DOCUMENT))), "")
        if not reference:
            again = self._server.by_identifier(DOCUMENT, self._rule.id_system, record.external_id)
            if not again and is_whole:
                raise ReceiverSilent("the server took a transaction and does not show the document")
            if not again:
                raise Refused(str(bad[0]) if bad else "incomplete", "the transaction was not taken whole")
            reference = reference_of(again[0])
        kinds = {entry["resource"]["resourceType"] for entry in bundle["entry"]} - {DOCUMENT}
        others = [r for one in found for kind in sorted(kinds) if (r := reference_in(one, kind))]
        return _Made(
            reference=reference,
            others=tuple(others),
            code="201",
            content=content,
            place=place,
            # Some servers keep the good part of a transaction; then the rest is made one by one.
            has_companions=is_whole,
            sent_bytes=parts.length(body),
        )

    def _pointed(self, record: ExportRecord, made: _Made) -> None:
        """Servers should, and many do not, make the address of a Binary in a Bundle one that leads there.

        Without this the document would stand there and could not be opened.
        """
        read = self._server.read(made.reference)
        shown = attachment_of(read[0]) if read is not None else {}
        if read is None or not str(shown.get("url", "")).startswith(_UNRESOLVED):
            return
        binary = next((one for one in made.others if one.startswith("Binary/")), None)
        binary = binary or self._binaries.found(record)
        if binary is None:
            raise Refused(
                "content_unresolved", "the document does not lead to its content, and none is found"
            )
        url = binary if self._rule.binary_url == "relative" else self._line.address(binary)
        first, *rest = read[0]["content"]
        content = [{**first, "attachment": {**shown, "url": url}}, *rest]
        self._server.change(made.reference, {"content": content})

    # --- what belongs to it -----------------------------------------------------------------
    def _completed(self, record: ExportRecord, made: _Made, ids: list[str]) -> str:
        """Makes what is missing beside the document, its references go to `ids`; words for what failed."""
        try:
            if is_report(record, self._rule):
                ids.append(self._report(record, made))
            if self._rule.provenance and not self._has_provenance(made):
                targets = tuple({"reference": one} for one in ids)
                body = json_parts(fhir_resources.provenance(record, self._rule, targets))
                if reference := self._server.create("Provenance", body):
                    ids.append(reference)
        except Refused as no:
            return f"what belongs to the document was not taken: {no.code} {no.text}".strip()
        return ""

    def _report(self, record: ExportRecord, made: _Made) -> str:
        found = self._server.by_identifier(REPORT, self._rule.id_system, record.external_id)
        if found:
            return reference_of(found[0])
        place = made.place or self._place(record)
        shown = made.content if made.content.get("url") or made.content.get("data") else {}
        content = shown or fhir_resources.attachment(record, None)
        report = fhir_resources.diagnostic_report(record, self._rule, place, content)
        return self._once(REPORT, json_parts(report), record.external_id)

    def _has_provenance(self, made: _Made) -> bool:
        if made.place is not None:
            return False
        found = self._server.search("Provenance", f"target={made.reference}")
        return any(_targets(one, made.reference) for one in found)

    # --- corrections ------------------------------------------------------------------------
    def _superseded(self, record: ExportRecord) -> str:
        """The old ones marked; words where the server does not let us: the new one stands all the same."""
        try:
            self._mark(record, "superseded")
        except Refused as no:
            return f"the old document could not be marked: {no.text or no.code}"
        return ""

    def _withdrawn(self, record: ExportRecord) -> Receipt:
        marked = self._mark(record, "entered-in-error")
        return Receipt(
            external_id=record.external_id,
            is_taken=True,
            code="200" if marked else "absent",
            receiver_ids=tuple(marked),
        )

    def _mark(self, record: ExportRecord, status: str) -> list[str]:
        """Every document (and report) of the old id gets this status; one withdrawn stays so."""
        marked = []
        documents = self._documents_of(record)
        self._has_left = True
        for reference, current in documents.items():
            if current != "entered-in-error":
                self._server.set_status(reference, status)
            marked.append(reference)
        for report in self._server.by_identifier(REPORT, self._rule.id_system, record.replaces or ""):
            # A report has no word for "superseded"; two valid ones must not stand side by side.
            self._server.set_status(reference_of(report), "entered-in-error")
            marked.append(reference_of(report))
        return marked

    def _documents_of(self, record: ExportRecord) -> Mapping[str, str]:
        """Reference and status of what the record replaces or takes back: by our id, else by theirs."""
        system, old = self._rule.id_system, record.replaces or ""
        found = {
            reference_of(one): str(one.get("status", ""))
            for one in self._server.by_identifier(DOCUMENT, system, old)
        }
        for name in record.replaced_receiver_ids:
            reference = reference_in(name, DOCUMENT)
            if reference is None or reference in found:
                continue
            read = self._server.read(reference)
            # A server that dropped our id is believed; one that has another of our ids there is not.
            if read is not None and values_of(read[0], system) in ([], [old]):
                found[reference] = str(read[0].get("status", ""))
        return found


def attachment_of(resource: Json) -> Json:
    """The first attachment of a document as a server has it; {} where there is none."""
    content = resource.get("content")
    first = content[0] if isinstance(content, list) and content else {}
    found = first.get("attachment") if isinstance(first, dict) else None
    return dict(found) if isinstance(found, dict) else {}


def _targets(resource: Json, reference: str) -> bool:
    targets = resource.get("target")
    shown = [str(t.get("reference", "")) for t in targets if isinstance(t, dict)] if targets else []
    return any("/".join(one.split("/")[:2]) == reference or reference in one for one in shown)
