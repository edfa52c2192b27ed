"""Shared by the tests of HL7: records of each kind, and messages whole and taken apart."""

from __future__ import annotations

import base64
import dataclasses
from pathlib import Path
from typing import Any

from scanindex.delivery_model import Action, ExportRecord
from scanindex.ehr import parts
from scanindex.ehr.hl7_files import Hl7Form
from scanindex.hl7 import er7
from scanindex.target_profile import Hl7Rule, Target, TargetHead
from tests.ehr import records

OLD = "4uobb7qkxw3z5c2m7ray-0"
HEAD = {
    "sending_facility": "GOODHEALTH^2.16.840.1.113883.3.999^ISO",
    "receiving_application": "EHR",
    "receiving_facility": "HOSP",
}


def target(form: str = "mdm", transport: str = "folder", **rule: Any) -> Target:
    head = TargetHead(format=form, transport=transport, recipient="General Hospital")
    return Target(name="general", target=head, hl7=Hl7Rule(**{**HEAD, **rule}))


def record(folder: Path, action: Action = Action.NEW, **changes: Any) -> ExportRecord:
    """Of each action, as the ledger would make it."""
    made = records.record(folder, action=action, **changes)
    if action is Action.NEW:
        return made
    made = dataclasses.replace(made, replaces=OLD, reason=changes.get("reason", "retyped"))
    return dataclasses.replace(made, content=None) if action is Action.CANCEL else made


def message(made: ExportRecord, form: str = "mdm", **rule: Any) -> bytes:
    return b"".join(parts.chunks(Hl7Form(target(form, **rule)).message(made)))


def read(data: bytes) -> er7.Message:
    return er7.parse(data)


def document_of(data: bytes) -> bytes:
    """The document that an ED observation carries."""
    observation = er7.parse(data).first("OBX")
    assert observation is not None
    assert observation.text(5, component=4) == "Base64"
    return base64.b64decode(observation.text(5, component=5), validate=True)
