"""Reads messages with two parsers that are not ours; runs in the peers' own environment.

    hl7_reader.py FOLDER    prints {file: {parser: {place: value}}} as JSON

Of a batch (*.batch) the values are the ids of its messages, as python-hl7 finds them.

python-hl7 undoes escapes; hl7apy leaves them as they stand, so its values are undone by python-hl7.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

PLACES = {"name": ("PID", 5, 1), "author": ("TXA", 9, 2), "title": ("OBX", 3, 2), "visit": ("PV1", 19, 1)}


def main() -> None:
    import hl7
    from hl7apy.consts import VALIDATION_LEVEL
    from hl7apy.parser import parse_message

    found = {}
    for path in sorted(Path(sys.argv[1]).glob("*.hl7")):
        text = path.read_bytes().decode()
        one = hl7.parse(text)
        two = parse_message(text, validation_level=VALIDATION_LEVEL.TOLERANT, find_groups=False)
        undone: dict[str, dict[str, str]] = {"python_hl7": {}, "hl7apy": {}}
        for place, (segment, field, component) in PLACES.items():
            undone["python_hl7"][place] = one.extract_field(segment, 1, field, 1, component, 1)
            undone["hl7apy"][place] = hl7.util.unescape(one, _first(two, segment, field, component))
        found[path.name] = undone
    for path in sorted(Path(sys.argv[1]).glob("*.batch")):
        for batch in hl7.parse_file(path.read_bytes().decode()):
            found[path.name] = {"batch": {str(number): str(m[0][10]) for number, m in enumerate(batch)}}
    json.dump(found, sys.stdout)


def _first(message: object, segment: str, field: int, component: int) -> str:
    """The first subcomponent as hl7apy holds it."""
    found = getattr(message, segment.lower())
    found = getattr(found, f"{segment}_{field}".lower())[0]
    found = getattr(found, f"{found.datatype}_{component}".lower())[0]
    while getattr(found, "children", None):
        found = found.children[0]
    value = getattr(found, "value", "")
    return str(getattr(value, "value", value))


if __name__ == "__main__":
    main()
