"""Writes the FHIR definitions that the judges and servers load: R4's own, the rules of US Core and MHD.

R4's come from the npm package of the peers. US Core is in no package registry, so what it demands of the
four resources we send is stated here, in our words, as facts about HL7's guide: cardinalities, bindings and
invariants of the profiles in HL7/US-Core (85bf4af, 2026-04, the build of release 9; the rules named here are
the same since release 3.1.1). What only says "must support" binds no sender and is left out, as are the
profiles of references' targets. Likewise IHE MHD's two ways to send a DocumentReference (IHE/ITI.MHD,
24c374c, 2026-06), without its Bundles, Lists and types of identifiers. These are not the publications
themselves: a receiver's own validator has the last word.

    python definitions.py PACKAGES FOLDER     PACKAGES is the node_modules of the peers

Folders written: `differentials` (the rules alone; HL7's Java validator makes its own snapshots) and
`snapshots` (rules merged into R4, for judges that cannot, with R4's definitions beside them).
"""

from __future__ import annotations

import copy
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]

CORE = "http://hl7.org/fhir/us/core"
MHD = "https://profiles.ihe.net/ITI/MHD"
R4 = "http://hl7.org/fhir/StructureDefinition"
LOINC = "http://loinc.org"
CATEGORY = f"{CORE}/CodeSystem/us-core-documentreference-category"
DOC_TYPES = f"{CORE}/ValueSet/us-core-documentreference-type"
DOC_CATEGORIES = f"{CORE}/ValueSet/us-core-documentreference-category"
_NEEDS_TIME = "(status in ('partial' | 'preliminary' | 'final' | 'amended' | 'corrected' | 'appended'))"
# Codes of LOINC's document list that are younger than the copy in R4, which is of 2018.
YOUNGER_DOC_TYPES = ("82593-5", "86533-7", "84095-9", "93037-0", "64298-3")


def rule(path: str, **facts: Any) -> Json:
    """One element of a differential; `path` may end in ":slice"."""
    plain = ".".join(part.split(":")[0] for part in path.split("."))
    named = {"sliceName": path.rsplit(":", 1)[1]} if ":" in path.rsplit(".", 1)[-1] else {}
    return {"id": path, "path": plain, **named, **facts}


def bound(strength: str, value_set: str) -> Json:
    """A binding."""
    return {"strength": strength, "valueSet": value_set}


def invariant(key: str, human: str, expression: str) -> Json:
    """A constraint whose failing is an error."""
    return {"key": key, "severity": "error", "human": human, "expression": expression}


def to(*types: str) -> list[Json]:
    """A reference to resources of R4 (US Core's profiles of them are not looked at)."""
    return [{"code": "Reference", "targetProfile": [f"{R4}/{name}" for name in types]}]


def sliced(kind: str = "value", path: str = "$this") -> Json:
    """Open slicing by a discriminator."""
    return {"discriminator": [{"type": kind, "path": path}], "rules": "open"}


def mhd(content: str, other: str, subject: Json, *status: Json) -> tuple[str, list[Json]]:
    """What both ways have in common; the document is in `content`, never in `other`."""
    # In R4's order: from another, HL7's validator makes a snapshot without the rules that come too late.
    attachment = "DocumentReference.content.attachment"
    return "DocumentReference", [
        rule("DocumentReference.modifierExtension", max="0"),
        rule("DocumentReference.masterIdentifier", min=1),
        *status,
        rule("DocumentReference.docStatus", max="0"),
        rule("DocumentReference.category", max="1"),
        subject,
        rule("DocumentReference.content", max="1"),
        rule(f"{attachment}.contentType", min=1),
        rule(f"{attachment}.{content}", min=1),
        rule(f"{attachment}.{other}", max="0"),
    ]


PROFILES: dict[str, tuple[str, list[Json]]] = {
    "us-core-documentreference": (
        "DocumentReference",
        [
            rule("DocumentReference.type", min=1, binding=bound("required", DOC_TYPES)),
            rule("DocumentReference.category", min=1, slicing=sliced()),
            rule("DocumentReference.category:uscore", binding=bound("required", DOC_CATEGORIES)),
            rule("DocumentReference.subject", min=1, type=to("Patient", "Practitioner", "Group", "Device")),
            rule(
                "DocumentReference.content.attachment",
                constraint=[
                    invariant("us-core-6", "url or data, or both", "url.exists() or data.exists()"),
                ],
            ),
            rule("DocumentReference.context.encounter", max="1", type=to("Encounter")),
        ],
    ),
    "us-core-diagnosticreport-note": (
        "DiagnosticReport",
        [
            rule(
                "DiagnosticReport",
                constraint=[
                    invariant(
                        "us-core-10",
                        "effective[x] once reported",
                        f"{_NEEDS_TIME} implies effective.exists()",
                    ),
                ],
            ),
            rule("DiagnosticReport.category", min=1),
            rule("DiagnosticReport.subject", min=1, type=to("Patient", "Group", "Device", "Location")),
        ],
    ),
    "us-core-diagnosticreport-lab": (
        "DiagnosticReport",
        [
            rule(
                "DiagnosticReport",
                constraint=[
                    invariant(
                        "us-core-8", "effective[x] once reported", f"{_NEEDS_TIME} implies effective.exists()"
                    ),
                    invariant("us-core-9", "issued once reported", f"{_NEEDS_TIME} implies issued.exists()"),
                ],
            ),
            rule("DiagnosticReport.category", min=1, slicing=sliced("pattern")),
            rule(
                "DiagnosticReport.category:LaboratorySlice",
                min=1,
                max="1",
                patternCodeableConcept={
                    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "LAB"}]
                },
            ),
            rule("DiagnosticReport.subject", min=1, type=to("Patient", "Group", "Device", "Location")),
        ],
    ),
    "us-core-patient": (
        "Patient",
        [
            rule("Patient.identifier", min=1),
            rule("Patient.identifier.system", min=1),
            rule("Patient.identifier.value", min=1),
            rule(
                "Patient.name",
                min=1,
                constraint=[
                    invariant(
                        "us-core-6",
                        "family or given, or why not",
                        "(family.exists() or given.exists()) xor "
                        f"extension.where(url='{R4}/data-absent-reason').exists()",
                    ),
                ],
            ),
            rule("Patient.telecom.system", min=1),
            rule("Patient.telecom.value", min=1),
        ],
    ),
    "us-core-provenance": (
        "Provenance",
        [
            rule(
                "Provenance.agent",
                constraint=[
                    invariant(
                        "provenance-1",
                        "onBehalfOf for a Practitioner or Device",
                        "who.exists((resolve() is Practitioner) or (resolve() is Device)) "
                        "implies onBehalfOf.exists()",
                    ),
                ],
            ),
        ],
    ),
    "IHE.MHD.Minimal.DocumentReference": mhd(
        "url", "data", rule("DocumentReference.subject", type=to("Patient"))
    ),
    "IHE.MHD.SimplifiedPublish.DocumentReference": mhd(
        "data",
        "url",
        rule("DocumentReference.subject", min=1, type=to("Patient")),
        rule("DocumentReference.status", fixedCode="current"),
    ),
}


def profile(name: str) -> Json:
    """A StructureDefinition without snapshot."""
    kind, elements = PROFILES[name]
    return {
        "resourceType": "StructureDefinition",
        "id": name,
        "url": f"{CORE if name.startswith('us-core') else MHD}/StructureDefinition/{name}",
        "name": "".join(part.title() for part in re.split("[-.]", name)),
        "status": "active",
        "fhirVersion": "4.0.1",
        "kind": "resource",
        "abstract": False,
        "type": kind,
        "baseDefinition": f"{R4}/{kind}",
        "derivation": "constraint",
        "differential": {"element": copy.deepcopy(elements)},
    }


# --- snapshots --------------------------------------------------------------------------------------
def snapshot(base: Json, differential: list[Json], types: dict[str, Json]) -> list[Json]:
    """R4's elements with the rules merged in. For the shapes used above only, not for any profile."""
    elements: list[Json] = copy.deepcopy(base["snapshot"]["element"])
    for told in differential:
        target = _element(elements, told["id"], types)
        for key, value in told.items():
            if key == "constraint":
                target["constraint"] = [*target.get("constraint", []), *value]
            elif key != "id":
                target[key] = copy.deepcopy(value)
    return elements


def _element(elements: list[Json], wanted: str, types: dict[str, Json]) -> Json:
    ids = [element["id"] for element in elements]
    if wanted in ids:
        return elements[ids.index(wanted)]
    parent, leaf = wanted.rsplit(".", 1)
    if ":" in leaf:
        of = wanted.rsplit(":", 1)[0]
        made = copy.deepcopy(elements[ids.index(of)])
        made.pop("slicing", None)
        made |= {"id": wanted, "min": 0}
        elements.insert(ids.index(of) + 1, made)
        return made
    # A child of a data type: R4's snapshot ends at the type, so all of the type's elements are unfolded.
    at = ids.index(parent)
    kind = elements[at]["type"][0]["code"]
    unfolded = [
        {
            **copy.deepcopy(child),
            "id": child["id"].replace(kind, parent, 1),
            "path": child["path"].replace(kind, elements[at]["path"], 1),
        }
        for child in types[kind]["snapshot"]["element"][1:]
    ]
    elements[at + 1 : at + 1] = unfolded
    return next(element for element in unfolded if element["id"] == wanted)


# --- value sets -------------------------------------------------------------------------------------
def value_sets(r4_doc_types: Json) -> Iterator[Json]:
    """US Core's two value sets of DocumentReference and its code system."""
    known = r4_doc_types["compose"]["include"][0]["concept"]
    younger = [{"code": code} for code in YOUNGER_DOC_TYPES]
    unknown = {
        "system": "http://terminology.hl7.org/CodeSystem/v3-NullFlavor",
        "concept": [{"code": "UNK"}],
    }
    codes = {"system": LOINC, "concept": [*({"code": each["code"]} for each in known), *younger]}
    yield _terms("ValueSet", DOC_TYPES, compose={"include": [unknown, codes]})
    yield _terms("ValueSet", DOC_CATEGORIES, compose={"include": [{"system": CATEGORY}]})
    yield _terms(
        "CodeSystem",
        CATEGORY,
        content="complete",
        caseSensitive=True,
        concept=[{"code": "clinical-note", "display": "Clinical Note"}],
    )


def _terms(kind: str, url: str, **content: Any) -> Json:
    name = url.rsplit("/", 1)[1]
    return {"resourceType": kind, "id": name, "url": url, "name": name, "status": "active", **content}


# --- writing ----------------------------------------------------------------------------------------
def write(packages: Path, folder: Path) -> None:
    """Writes both folders."""
    source = packages / "@medplum" / "definitions" / "dist" / "fhir" / "r4"
    resources = _definitions(source / "profiles-resources.json")
    types = _definitions(source / "profiles-types.json")
    terms = [entry["resource"] for entry in _read(source / "valuesets.json")["entry"]]
    doc_types = next(each for each in terms if each["id"] == "c80-doc-typecodes")
    ours = list(value_sets(doc_types))
    for name in PROFILES:
        made = profile(name)
        _put(folder / "differentials", made)
        elements = snapshot(resources[made["type"]], made["differential"]["element"], types)
        _put(folder / "snapshots", {**made, "snapshot": {"element": elements}})
    for each in ours:
        _put(folder / "differentials", each)
    for each in (*resources.values(), *types.values(), *terms, *ours):
        _put(folder / "snapshots", each)


def _definitions(path: Path) -> dict[str, Json]:
    found = (entry["resource"] for entry in _read(path)["entry"])
    return {each["id"]: each for each in found if each["resourceType"] == "StructureDefinition"}


def _read(path: Path) -> Json:
    read: Json = json.loads(path.read_text("utf-8"))
    return read


def _put(folder: Path, resource: Json) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{resource['resourceType']}-{resource['id']}.json"
    (folder / name).write_text(json.dumps(resource), "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
