"""Smallest bodies that an operation understands, made from what it declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import params
from fastapi.dependencies.models import Dependant
from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from scanindex.access_model import Right, StaffRole
from tests.web.route_map import Operation

Schema = Mapping[str, Any]
_WORDS = "because it had to be said"


def request_of(operation: Operation, values: Mapping[str, Any]) -> dict[str, Any]:
    """Keyword arguments for a client: `params`, `json`, `data`; ids come from `values` by their names."""
    query = {
        field.alias: _text(_of_field(field.field_info, field.alias, values))
        for field in operation.dependant.query_params
        if field.field_info.is_required()
    }
    return ({"params": query} if query else {}) | _body_of(operation, values)


def _body_of(operation: Operation, values: Mapping[str, Any]) -> dict[str, Any]:
    fields = list(_body_fields(operation.dependant))
    if not fields:
        return {}
    if any(isinstance(info, params.Form | params.File) for _, info in fields):
        known = {name: info for name, info in fields if info.is_required() or _is_id(name, values)}
        return {"data": {name: _text(_of_field(info, name, values)) for name, info in known.items()}}
    if len(fields) == 1 and not getattr(fields[0][1], "embed", False):
        name, info = fields[0]
        return {"json": _of_field(info, name, values)}
    return {"json": {name: _of_field(info, name, values) for name, info in fields}}


def _body_fields(dependant: Dependant) -> Iterator[tuple[str, FieldInfo]]:
    for field in dependant.body_params:
        yield field.alias, field.field_info
    for inner in dependant.dependencies:
        yield from _body_fields(inner)


def _of_field(info: FieldInfo, name: str, values: Mapping[str, Any]) -> Any:
    kind: Any = info.annotation
    if info.metadata:
        from typing import Annotated

        kind = Annotated[kind, *info.metadata]
    schema = TypeAdapter(kind).json_schema()
    return example(schema, name, values, schema.get("$defs", {}))


def _text(value: Any) -> Any:
    return [str(one) for one in value] if isinstance(value, list) else str(value)


def _is_id(name: str, values: Mapping[str, Any]) -> bool:
    return name in values


def example(schema: Schema, name: str, values: Mapping[str, Any], known: Mapping[str, Schema]) -> Any:
    """A value that the schema takes."""
    if "$ref" in schema:
        return example(known[schema["$ref"].rsplit("/", 1)[-1]], name, values, known)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            real = [one for one in schema[several] if one.get("type") != "null"]
            return example(real[0], name, values, known)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        if values.get(name) in schema["enum"]:
            return str(values[name])
        return schema["enum"][0]
    made = {"object": _object, "array": _array}.get(schema.get("type", "string"))
    return made(schema, name, values, known) if made else _plain(schema, name, values)


def _object(schema: Schema, _: str, values: Mapping[str, Any], known: Mapping[str, Schema]) -> Any:
    wanted = schema.get("required", ())
    inside = schema.get("properties", {})
    return {
        key: example(one, key, values, known) for key, one in inside.items() if key in wanted or key in values
    }


def _array(schema: Schema, name: str, values: Mapping[str, Any], known: Mapping[str, Schema]) -> Any:
    singular = name.removesuffix("s")
    return [example(schema.get("items", {}), singular, values, known)]


def _plain(schema: Schema, name: str, values: Mapping[str, Any]) -> Any:
    kind = schema.get("type", "string")
    if name in values:
        return int(values[name]) if kind in ("integer", "number") else str(values[name])
    if kind == "boolean":
        return False
    if kind in ("integer", "number"):
        return schema.get("minimum", int(schema.get("exclusiveMinimum", 0)) + 1)
    by_name = {
        "role": StaffRole.CLERK.value,
        "right": Right.STATUS.value,
        "document_type": "lab_report",
        "label": "hiv",
        "service_date": "1998-04-02",
        "birth_date": "1960-02-03",
        "until": "2026-01-02",
        "since": "2026-01-01",
    }
    text = by_name.get(name, _WORDS)
    return text[: schema.get("maxLength", 1_000)].ljust(schema.get("minLength", 0), "x")
