"""Puts a form and a line together as a profile says; the one place in `ehr/` that knows all of them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scanindex.ehr.forms import FileForm
from scanindex.ports import EhrJudge, EhrSink
from scanindex.target_profile import Target

_FORMS = {
    "manifest": ("manifest", "ManifestForm"),
    "mdm": ("hl7_files", "Hl7Form"),
    "oru": ("hl7_files", "Hl7Form"),
    "fhir": ("fhir_files", "FhirFiles"),
    "mhd": ("mhd", "MhdFiles"),
    "ccda": ("ccda", "CcdaForm"),
    "dicom": ("dicom", "DicomForm"),
}
_LINES = {
    "mllp": ("mllp_sink", "MllpSink"),
    "http": ("http_sink", "open_http"),
}


def open_sink(target: Target, folder: Path, environ: Mapping[str, str]) -> EhrSink:
    """folder: where files and packages go. environ: holds the secrets that the profile names.

    Sends nothing yet. Raises ProfileError, MissingTool.
    """
    head = target.target
    if head.transport == "dimse":
        spool = folder / f".{target.name}.sending"
        archive: EhrSink = _made(("dimse_sink", "DimseSink"))(target, environ, spool)
        return archive
    if head.transport in _LINES:
        sink: EhrSink = _made(_LINES[head.transport])(target, environ)
        return sink
    from scanindex.ehr.folder import FolderSink

    form: FileForm = _made(_FORMS[head.format])(target)
    return FolderSink(
        form,
        folder,
        parcel_documents=target.sending.parcel_documents,
        is_zip=head.transport == "zip",
        target=target.name,
    )


def open_judge(target: Target) -> EhrJudge:
    """What the receiver takes, by its profile alone: no address, key or password is looked at.

    Raises ProfileError, MissingTool.
    """
    head = target.target
    if head.transport == "http":
        from scanindex.ehr.mhd import as_mhd

        # Over the line a document can be withdrawn; files of "mhd" cannot say so.
        target = as_mhd(target) if head.format == "mhd" else target
        over_http: EhrJudge = _made(_FORMS["fhir"])(target)
        return over_http
    form: EhrJudge = _made(_FORMS[head.format])(target)
    return form


def _made(where: tuple[str, str]) -> Callable[..., Any]:
    """Imported only when it is wanted: HTTP and DICOM libraries are heavy."""
    module, name = where
    made: Callable[..., Any] = getattr(importlib.import_module(f"scanindex.ehr.{module}"), name)
    return made
