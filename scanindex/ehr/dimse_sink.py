"""Sends documents to an imaging archive by DICOM C-STORE and asks it what it holds by C-FIND.

Sources: DICOM PS3.4 B (Storage), C (Query/Retrieve); PS3.7 9.1.1 and annex C (statuses); PS3.8 9.3.4
(rejections). `ports.EhrSink`. Promises: a document is whole and hashed before its first byte goes; a
resend has the same UIDs, so that an archive keeps one; patient data goes in clear only where the
profile says so. Leaves out two things: an archive tells no hash, so what is in a document is not
compared; and the library keeps what the archive has not taken yet in memory, at most one document.
Needs pynetdicom (the extra `dicom`).
"""

from __future__ import annotations

import contextlib
import shutil
import socket
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scanindex.delivery_model import Action, ExportRecord, Held, Parcel, Problem, Receipt
from scanindex.ehr import dicom_objects as objects
from scanindex.ehr import parts, tls
from scanindex.ehr.dicom import DicomForm
from scanindex.errors import (
    MissingTool,
    NotAllowedNow,
    ProfileError,
    ReceiverSilent,
    ScanindexError,
    transient,
)
from scanindex.target_profile import DicomRule, Target

_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
"""Study Root Query/Retrieve Information Model - FIND."""
_DUPLICATE = 0x0111
_PENDING = (0xFF00, 0xFF01)
_REJECTED_FOR_GOOD = 1
_SLOWEST_BYTES_PER_SECOND = 250_000


class DimseSink:
    """For one thread. Keeps its association open between documents."""

    def __init__(self, target: Target, environ: Mapping[str, str], folder: Path) -> None:
        """folder: of this sink alone, for the file that is under way. environ: names the file of the
        client's certificate. Raises ProfileError, MissingTool."""
        rule = target.dicom
        self._target, self._rule, self._folder = target, rule, folder
        self._form = DicomForm(target)
        self._tls = (tls.context("dicom", rule, environ), rule.host) if rule.tls else None
        self._entity = _entity(rule, target.sending.timeout_seconds)
        self._line: Any = None

    @property
    def parcel_documents(self) -> int:
        """1: each document is answered by itself."""
        return 1

    def problems(self, record: ExportRecord) -> Sequence[Problem]:
        return self._form.problems(record)

    def send(self, parcel: Parcel) -> Iterator[Receipt]:
        """Raises ReceiverSilent, ProfileError, FixityFailed (before anything of the document went)."""
        for record in parcel.records:
            yield self._sent(record)

    def inventory(self, external_ids: Collection[str] | None = None) -> Iterator[Held]:
        """Instances that the archive has. Raises NotAllowedNow where it answers no queries, or is asked for
        all: it can only be asked id by id."""
        if external_ids is None:
            raise NotAllowedNow("an imaging archive can only be asked document by document")
        line = self._associated([_FIND])
        try:
            if not _accepts(line, _FIND):
                raise NotAllowedNow("the archive answers no queries (C-FIND) of this AE title")
            for external_id in external_ids:
                yield from self._found(line, external_id)
        finally:
            line.release()

    def close(self) -> None:
        if self._line is not None and self._line.is_established:
            self._line.release()
        self._line = None
        shutil.rmtree(self._folder, ignore_errors=True)

    # --- storing --------------------------------------------------------------------------
    def _sent(self, record: ExportRecord) -> Receipt:
        """All files of it: a document, a note that rejects what it replaces, or both."""
        subject = record.replaces if record.action is Action.CANCEL else record.external_id
        size, said = 0, (0, "")
        try:
            for number, (name, pieces) in enumerate(self._form.files(record)):
                path = self._written(name, pieces)
                size += path.stat().st_size
                self._reach(is_first=not number)
                said = self._stored(path)
                if not _is_taken(said[0]):
                    break
        except OSError as error:
            raise transient(error) from None
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
        return Receipt(
            external_id=record.external_id,
            is_taken=_is_taken(said[0]),
            code=f"{said[0]:04X}",
            receiver_ids=(objects.uids(self._target, subject or "")[2],),
            text=said[1],
            sent_bytes=size,
        )

    def _written(self, name: str, pieces: Sequence[parts.Part]) -> Path:
        """Whole and hashed, for the library to read from."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(mode=0o700, parents=True)
        path = self._folder / name
        with path.open("xb") as stream:
            parts.write(pieces, stream)
        return path

    def _reach(self, *, is_first: bool) -> None:
        """Raises as `_associated` does; where it is the record's first file, nothing of it has left."""
        if self._line is not None and self._line.is_established:
            return
        try:
            self._line = self._associated(self._classes())
        except ScanindexError as error:
            error.nothing_left = is_first
            raise

    def _stored(self, path: Path) -> tuple[int, str]:
        """Status and comment. Raises ReceiverSilent where there is none, or it is out of resources."""
        if not _accepts(self._line, objects.ENCAPSULATED_PDF):
            raise ProfileError("the archive does not take Encapsulated PDF in Explicit VR Little Endian")
        # The library counts from when it began to send: a large document on a slow line takes its time.
        seconds = self._target.sending.timeout_seconds
        self._line.dimse_timeout = seconds + path.stat().st_size / _SLOWEST_BYTES_PER_SECOND
        try:
            answer = self._line.send_c_store(path)
        except RuntimeError:  # the association ended just now
            answer = None
        except ValueError:
            return 0x0122, "the archive does not take this SOP class"
        if not answer or "Status" not in answer:
            self._drop()
            raise ReceiverSilent("the archive did not answer")
        status, comment = int(answer.Status), str(answer.get("ErrorComment", "") or "")
        if 0xA700 <= status <= 0xA7FF:
            raise ReceiverSilent("the archive is out of resources")
        return status, comment

    def _classes(self) -> list[str]:
        wanted = [objects.ENCAPSULATED_PDF]
        return [*wanted, objects.KEY_OBJECT_SELECTION] if self._rule.corrections == "note" else wanted

    # --- asking ---------------------------------------------------------------------------
    def _found(self, line: Any, external_id: str) -> Iterator[Held]:
        from pydicom.dataset import Dataset

        asked = Dataset()
        asked.QueryRetrieveLevel = "IMAGE"
        asked.StudyInstanceUID, asked.SeriesInstanceUID, asked.SOPInstanceUID = objects.uids(
            self._target, external_id
        )
        asked.PatientID = ""
        try:
            answers = list(line.send_c_find(asked, _FIND))
        except RuntimeError:
            raise ReceiverSilent("the archive ended the line") from None
        for status, found in answers:
            if "Status" not in status:
                raise ReceiverSilent("the archive did not answer")
            if status.Status in _PENDING and found is not None:
                patient = str(found.get("PatientID", "") or "") or None
                instance = str(found.get("SOPInstanceUID", "") or "")
                yield Held(external_id=external_id, receiver_id=instance, patient=patient)
            elif status.Status:
                raise NotAllowedNow(f"the archive refused a query (status {int(status.Status):04X})")

    # --- the line -------------------------------------------------------------------------
    def _associated(self, classes: Sequence[str]) -> Any:
        """Raises ReceiverSilent; ProfileError where the archive does not want us."""
        from pynetdicom.events import EVT_CONN_OPEN
        from pynetdicom.presentation import build_context

        more = {"tls_args": self._tls} if self._tls else {}
        try:
            line = self._entity.associate(
                self._rule.host,
                self._rule.port,
                contexts=[build_context(one, objects.EXPLICIT_LITTLE_ENDIAN) for one in classes],
                ae_title=self._rule.called_title,
                evt_handlers=[(EVT_CONN_OPEN, _prepare, [self._target.sending.timeout_seconds])],
                **more,
            )
        except OSError:
            raise ReceiverSilent("the archive cannot be reached") from None
        if line.is_established or line.rejected_contexts:  # whoever asked looks at what was accepted
            return line
        if line.is_rejected:
            refusal = line.acceptor.primitive
            if refusal is not None and refusal.result == _REJECTED_FOR_GOOD:
                raise ProfileError(
                    "the archive rejects us for good; look at dicom.called_title and dicom.calling_title "
                    f"(source {refusal.result_source}, reason {refusal.diagnostic})"
                )
        raise ReceiverSilent("the archive cannot be reached, or ended the line")

    def _drop(self) -> None:
        if self._line is not None:
            with contextlib.suppress(Exception):
                self._line.abort()
        self._line = None


def _is_taken(status: int) -> bool:
    """Success, a warning, or a duplicate: of a resend, under the same UID."""
    return status in (0, _DUPLICATE) or 0xB000 <= status <= 0xBFFF


def _prepare(event: Any, seconds: float) -> None:
    """An archive that stops reading must not hold us for ever; and the last piece of a message shall not
    wait until the archive's system confirms the one before."""
    line = event.assoc.dul.socket.socket
    line.settimeout(seconds)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _accepts(line: Any, sop_class: str) -> bool:
    return any(one.abstract_syntax == sop_class for one in line.accepted_contexts)


def _entity(rule: DicomRule, seconds: float) -> Any:
    try:
        import pynetdicom
    except ImportError:
        raise MissingTool("pynetdicom is not installed: pip install 'scanindex[dicom]'") from None
    # Files are sent in pieces from disk; the library has this as a setting of its module only.
    pynetdicom._config.STORE_SEND_CHUNKED_DATASET = True
    entity = pynetdicom.AE(ae_title=rule.calling_title)
    entity.connection_timeout = entity.acse_timeout = entity.dimse_timeout = seconds
    entity.network_timeout = max(seconds, 60.0)
    return entity
