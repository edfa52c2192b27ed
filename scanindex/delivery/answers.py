"""What a receiver's answer comes to, in our own words: theirs may quote the patient. Pure."""

from __future__ import annotations

import dataclasses

from scanindex.delivery_model import Delivery

WORDS = {
    "AA": "taken",
    "CA": "taken",
    "AE": "the receiver found an error in the message, or could not file it",
    "CE": "the receiver found an error in the message, or could not file it",
    "AR": "the receiver rejects messages like this one",
    "CR": "the receiver rejects messages like this one",
    "written": "the package was written",
    "listed": "in the receiver's own list",
    "found": "it stood there already, from an earlier try",
    "absent": "the receiver had nothing to take back",
    "not_sent": "not fit to be sent to this receiver as it is now (`--dry-run` says why)",
    "400": "the server found a fault in it",
    "409": "the server says that it clashes with what is there",
    "412": "the server says that it was there already",
    "413": "too large for the server",
    "415": "the server does not take this kind of content",
    "422": "the server found it against its rules",
    "incomplete": "the server took only a part of it",
    "patient_unknown": "the receiver knows no patient of this number",
    "patient_inactive": "the receiver's patient is out of use, or was merged there",
    "patient_ambiguous": "the receiver has several patients of this number",
    "patient_birth_date_differs": "the receiver's patient of this number has another birth date",
    "patient_birth_date_unknown": "a birth date is missing here or there",
    "patient_name_differs": "the receiver's patient of this number has another name",
    "encounter_unknown": "the receiver knows no such visit of this patient",
    "encounter_ambiguous": "the receiver has several such visits",
    "other_content": "a document of this id stands there with other content",
    "too_large_in_line": "larger than what may stand within a document (fhir.inline_bytes)",
    "not_found_again": "the server says that it has it, and does not show it",
    "content_unresolved": "the document there does not lead to its content",
    "no_update": "the server, or the profile, does not let us change the old document",
    "0000": "taken",
    "0111": "it was there already",
    "0122": "the archive does not take this kind of object",
}
"""By `Receipt.code`."""


def in_words(line: Delivery) -> str:
    """ "" where nothing was answered."""
    if line.receipt is None:
        return ""
    code = line.receipt.code
    said = WORDS.get(code) or ("taken" if line.receipt.is_taken else "refused; the code is the receiver's")
    return f"{said}, with a note" if line.receipt.is_taken and line.receipt.text else said


def without_theirs(line: Delivery) -> Delivery:
    if line.receipt is None or not line.receipt.text:
        return line
    return dataclasses.replace(line, receipt=dataclasses.replace(line.receipt, text=""))
