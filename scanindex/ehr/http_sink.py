"""Opens the sink for formats "fhir" and "mhd" over HTTP."""

from __future__ import annotations

from collections.abc import Mapping

from scanindex.ehr.fhir_sink import FhirSink
from scanindex.ehr.http_client import HttpLine
from scanindex.ehr.mhd import Mhd, as_mhd
from scanindex.target_profile import Target


def open_http(target: Target, environ: Mapping[str, str]) -> FhirSink:
    """environ: holds the secrets that the profile names. Sends nothing yet. Raises ProfileError."""
    line = HttpLine(target.http, target.sending.timeout_seconds, environ)
    if target.target.format == "mhd":
        return FhirSink(as_mhd(target), line, Mhd())
    return FhirSink(target, line)
