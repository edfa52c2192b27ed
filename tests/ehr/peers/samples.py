"""Invented documents to show the peers, and ways to spoil them; nobody in them exists."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable
from typing import Any

Resource = dict[str, Any]

PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]>>endobj\n"
    b"xref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n0000000053 00000 n \n0000000102 00000 n \n"
    b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n163\n%%EOF\n"
)
PATIENTS = "urn:oid:2.16.840.1.113883.19.5.7.1"
DOCUMENTS = "urn:oid:2.16.840.1.113883.19.5.7.2"
US_CORE = "http://hl7.org/fhir/us/core"


# --- FHIR -------------------------------------------------------------------------------------------
def patient() -> Resource:
    """A Patient of US Core."""
    return {
        "resourceType": "Patient",
        "meta": {"profile": [f"{US_CORE}/StructureDefinition/us-core-patient"]},
        "identifier": [{"system": PATIENTS, "value": "70012"}],
        "name": [{"family": "Quarrelton", "given": ["Ottilie"]}],
        "gender": "female",
        "birthDate": "1931-05-06",
    }


def document(subject: str = "Patient/70012") -> Resource:
    """A DocumentReference of US Core with its PDF inside."""
    return {
        "resourceType": "DocumentReference",
        "meta": {"profile": [f"{US_CORE}/StructureDefinition/us-core-documentreference"]},
        "identifier": [{"system": DOCUMENTS, "value": "sample-1"}],
        "status": "current",
        "type": {"coding": [{"system": "http://loinc.org", "code": "18842-5"}], "text": "Discharge summary"},
        "category": [
            {
                "coding": [
                    {
                        "system": f"{US_CORE}/CodeSystem/us-core-documentreference-category",
                        "code": "clinical-note",
                    }
                ]
            }
        ],
        "subject": {"reference": subject},
        "date": "2024-05-01T10:00:00Z",
        "content": [
            {
                "attachment": {
                    "contentType": "application/pdf",
                    "data": base64.b64encode(PDF).decode(),
                    "size": len(PDF),
                }
            }
        ],
        "context": {"period": {"start": "1998-03-01", "end": "1998-03-02"}},
    }


def spoilt(change: Callable[[Resource], object], made: Resource | None = None) -> Resource:
    """A copy with something wrong."""
    copied = copy.deepcopy(made or document())
    change(copied)
    return copied


# --- HL7 v2 -----------------------------------------------------------------------------------------
def mdm(document: str = "sample-1", control_id: str = "C1", content: bytes = PDF) -> str:
    """An MDM^T02 of version 2.5.1."""
    return "\r".join(
        [
            rf"MSH|^~\&|HERE|CLINIC|THERE|HOSP|20240501100000-0500||MDM^T02^MDM_T02|{control_id}|P|2.5.1",
            "EVN|T02|20240501100000-0500",
            "PID|1||70012^^^CLINIC&2.16.840.1.113883.19.5.7.1&ISO^MR||QUARRELTON^OTTILIE||19310506|F",
            "PV1|1|U",
            f"TXA|1|DS|AP|19980302||20240501100000-0500||||||{document}^CLINIC||||doc.pdf|AU||AV",
            "OBX|1|ED|18842-5^Discharge summary^LN||"
            f"^AP^PDF^Base64^{base64.b64encode(content).decode()}||||||F",
            "",
        ]
    )


def without(segment: str, message: str) -> str:
    """The message without segments of that name."""
    return "\r".join(line for line in message.split("\r") if not line.startswith(segment))


# --- CDA --------------------------------------------------------------------------------------------
_NO_ADDRESS = (
    '<addr nullFlavor="UNK"><streetAddressLine nullFlavor="UNK"/><city nullFlavor="UNK"/></addr>'
    '<telecom nullFlavor="UNK"/>'
)
_ROOT = "2.16.840.1.113883.19.5.7"


def unstructured() -> str:
    """A C-CDA 2.1 Unstructured Document."""
    # Release 2.1 wants the ids of 1.1, which have no extension, beside its own.
    templates = "".join(
        f'<templateId root="2.16.840.1.113883.10.20.22.1.{part}"{edition}/>'
        for part in (1, 10)
        for edition in ("", ' extension="2015-08-01"')
    )
    return (
        '<ClinicalDocument xmlns="urn:hl7-org:v3"><realmCode code="US"/>'
        f'<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>{templates}'
        f'<id root="{_ROOT}" extension="sample-1"/><code code="18842-5" codeSystem="2.16.840.1.113883.6.1"/>'
        '<title>Discharge summary</title><effectiveTime value="20240501100000-0500"/>'
        '<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/><languageCode code="en-US"/>'
        f'<recordTarget><patientRole><id root="{_ROOT}.1" extension="70012"/>{_NO_ADDRESS}<patient>'
        "<name><given>Ottilie</given><family>Quarrelton</family></name>"
        '<administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/><birthTime value="19310506"/>'
        '<raceCode nullFlavor="UNK"/><ethnicGroupCode nullFlavor="UNK"/></patient></patientRole>'
        "</recordTarget>"
        f'<author><time value="20240501100000-0500"/><assignedAuthor><id root="{_ROOT}.3"/>{_NO_ADDRESS}'
        "<assignedAuthoringDevice><manufacturerModelName>scanner</manufacturerModelName>"
        "<softwareName>scanner</softwareName></assignedAuthoringDevice></assignedAuthor></author>"
        "<custodian><assignedCustodian><representedCustodianOrganization>"
        f'<id root="{_ROOT}"/><name>Clinic</name><telecom nullFlavor="UNK"/>'
        '<addr nullFlavor="UNK"><streetAddressLine nullFlavor="UNK"/><city nullFlavor="UNK"/></addr>'
        "</representedCustodianOrganization></assignedCustodian></custodian><component><nonXMLBody>"
        f'<text mediaType="application/pdf" representation="B64">{base64.b64encode(PDF).decode()}</text>'
        "</nonXMLBody></component></ClinicalDocument>"
    )
