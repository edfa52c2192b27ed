"""Judges that are Python packages; runs in `.peers/venv`, never in the product's environment.

    judges.py NAME...    reads {"judge": NAME, ...} line by line, answers {"complaints": [...]}

Each complaint begins with "error: " or "warning: ". A judge is loaded when first asked.
"""

from __future__ import annotations

import functools
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Question = dict[str, Any]
Complaints = list[str]


# --- HL7 v2 -----------------------------------------------------------------------------------------
def hl7apy(question: Question) -> Complaints:
    """Structure, required fields, lengths, data types (STRICT), and tables (as warnings).

    The base64 of an ED is shortened first: HL7's length for OBX-5 would refuse any real document.
    """
    from hl7apy.consts import VALIDATION_LEVEL
    from hl7apy.exceptions import HL7apyException
    from hl7apy.parser import parse_message

    text = "\r".join(_shortened(line) for line in question["text"].split("\r"))
    found: Complaints = []
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report")
        for level in (VALIDATION_LEVEL.STRICT, VALIDATION_LEVEL.TOLERANT):
            try:
                parse_message(text, validation_level=level, find_groups=True).validate(str(report))
            except (HL7apyException, ValueError) as error:
                found.append(f"error: {error}")
            if report.exists():
                found += [_leveled(line) for line in report.read_text("utf-8").splitlines() if line]
    return list(dict.fromkeys(found))


def _shortened(line: str) -> str:
    fields = line.split("|")
    if fields[0] == "OBX" and len(fields) > 5 and fields[2] == "ED":
        parts = fields[5].split("^")
        fields[5] = "^".join([*parts[:4], *(part[:64] for part in parts[4:])])
    return "|".join(fields)


def _leveled(line: str) -> str:
    level, _, words = line.partition(": ")
    return f"{level.lower()}: {words}"


def python_hl7(question: Question) -> Complaints:
    """Only whether python-hl7 reads it and finds the same segments."""
    import hl7

    text = question["text"]
    try:
        message = hl7.parse(text)
    except (hl7.HL7Exception, ValueError, IndexError) as error:
        return [f"error: {error}"]
    read = [str(segment[0]) for segment in message]
    wanted = [line[:3] for line in text.split("\r") if line]
    return [] if read == wanted else [f"error: read as {read}"]


# --- FHIR -------------------------------------------------------------------------------------------
def r4b_models(question: Question) -> Complaints:
    """Typed models of R4B: shapes, cardinality, unknown elements; required bindings are not checked."""
    from fhir.resources.R4B import get_fhir_model_class
    from pydantic import ValidationError

    try:
        model = get_fhir_model_class(question["resource"]["resourceType"])
    except (KeyError, LookupError) as error:
        return [f"error: {error!r}"]
    try:
        model.model_validate(question["resource"])
    except ValidationError as error:
        return [f"error: {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
    return []


def r4_models(question: Question) -> Complaints:
    """Typed models of R4 4.0.1 (fhirclient): cardinality, dates, unknown elements."""
    from fhirclient.models.fhirabstractbase import FHIRValidationError
    from fhirclient.models.fhirelementfactory import FHIRElementFactory

    resource = question["resource"]
    try:
        FHIRElementFactory.instantiate(resource["resourceType"], resource).as_json()
    except FHIRValidationError as error:
        return [f"error: {' '.join(str(error).split())}"]
    except Exception as error:  # its models raise whatever they stumble over
        return [f"error: {type(error).__name__}: {error}"]
    return []


def fhirkit(question: Question) -> Complaints:
    """Strict R4 shapes and primitives, empty values; no bindings and no profiles."""
    import fhirkit as judge

    try:
        issues = judge.validate(question["resource"])
    except judge.ParseError as error:
        return [f"error: {error}"]
    return [f"{issue.severity}: {issue.path}: {issue.message}" for issue in issues]


def pyfhircheck(question: Question) -> Complaints:
    """US Core cardinality, bindings, invariants, sizes, references, Bundle rules."""
    report = _pyfhircheck(question["definitions"]).validate_resource(question["resource"])
    return [f"{issue.severity.value.lower()}: {issue.path}: {issue.message}" for issue in report.issues]


@functools.cache
def _pyfhircheck(definitions: str) -> Any:
    from pyfhircheck.config import ValidatorConfig
    from pyfhircheck.core.engine import Validator

    return Validator(ValidatorConfig.load_dict({"localPackagePaths": [definitions]}))


# --- CDA --------------------------------------------------------------------------------------------
def cda_schema(question: Question) -> Complaints:
    """HL7's XML schema of CDA R2 (without the sdtc extensions)."""
    from lxml import etree

    schema = _cda_schema(question["schema"])
    try:
        document = etree.fromstring(question["text"].encode(), _xml_parser())
    except etree.XMLSyntaxError as error:
        return [f"error: {error}"]
    schema.validate(document)
    return [f"error: line {each.line}: {each.message}" for each in schema.error_log]


def ccda_schematron(question: Question) -> Complaints:
    """HL7's Schematron of C-CDA 2.1, its errors only."""
    from lxml import etree

    schematron = _ccda_schematron(question["schematron"])
    try:
        schematron.validate(etree.fromstring(question["text"].encode(), _xml_parser()))
    except etree.XMLSyntaxError as error:
        return [f"error: {error}"]
    failed = schematron.validation_report.xpath('//*[local-name()="failed-assert"]')
    # A document is judged once for each of a template's two ids: the same words twice are one complaint.
    told = dict.fromkeys(" ".join("".join(each.itertext()).split()) for each in failed)
    return [f"error: {words}" for words in told]


def _xml_parser() -> Any:
    from lxml import etree

    # A document of many megabytes is one text node; nothing is fetched and no entity is followed.
    return etree.XMLParser(huge_tree=True, resolve_entities=False, no_network=True)


@functools.cache
def _cda_schema(path: str) -> Any:
    from lxml import etree

    return etree.XMLSchema(etree.parse(path))


@functools.cache
def _ccda_schematron(path: str) -> Any:
    from lxml import etree, isoschematron

    tree = etree.parse(path, etree.XMLParser(huge_tree=True, no_network=True))
    return isoschematron.Schematron(tree, store_report=True, validate_schema=False, phase="errors")


# --- DICOM ------------------------------------------------------------------------------------------
def pydicom(question: Question) -> Complaints:
    """Whether pydicom reads every element of the file with values valid for their representation."""
    import pydicom as judge

    judge.config.settings.reading_validation_mode = judge.config.RAISE
    try:
        dataset = judge.dcmread(question["path"])
        for element in dataset.iterall():
            _ = element.value
    except Exception as error:  # a judge of hostile files: whatever it raises is its complaint
        return [f"error: {type(error).__name__}: {error}"]
    return []


JUDGES: dict[str, Callable[[Question], Complaints]] = {
    judge.__name__: judge
    for judge in (
        hl7apy,
        python_hl7,
        r4b_models,
        r4_models,
        fhirkit,
        pyfhircheck,
        cda_schema,
        ccda_schematron,
        pydicom,
    )
}


def questions() -> Iterator[Question]:
    """What is asked, until the asker closes the pipe."""
    for line in sys.stdin.buffer:
        yield json.loads(line)


def main() -> None:
    """Answers until the pipe is closed. What packages print must not get between the answers."""
    answers, sys.stdout = sys.stdout, sys.stderr
    for question in questions():
        try:
            answer: dict[str, Any] = {"complaints": JUDGES[question["judge"]](question)}
        except Exception as error:  # the asker must learn of it, and go on
            answer = {"failed": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
