"""JSON Schema of an entry's file, for completion and checks in editors."""

from collections.abc import Mapping
from typing import Any, get_args

from catalog.facts import Facts
from catalog.records import Option, PartRecord, Records, load_records
from catalog.stacks import BLOCK_FIELDS
from catalog.types import SCALARS, parse

BRANCH_SORTS = ("attention", "cross_attention", "ffn", "recurrence", "convolution")
_DIMENSION = {"type": ["integer", "number", "string", "boolean", "null"]}
_JSON_TYPES = {int: "integer", float: "number", bool: "boolean", str: "string"}


def json_schema(records: Records | None = None) -> dict[str, Any]:
    """The schema of an entry; since `extends` may supply any field, no option is required by it.

    An entry has a model, its own or a parent's, or says why it has none.
    """
    records = records or load_records()
    facts = Facts.model_json_schema(ref_template="#/$defs/{model}")
    definitions = {**facts.pop("$defs", {}), **_definitions(records)}
    properties = {
        **facts["properties"],
        "extends": {"type": "string", "description": "The parent entry's id."},
        "model": {"$ref": "#/$defs/model"},
        "sizes": _or_null({"type": "object", "additionalProperties": _or_null({"$ref": "#/$defs/model"})}),
        "reference": _or_null({"type": "object"}),
    }
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Bestiary entry", "type": "object"}
    either = [{"required": [name]} for name in ("model", "extends")] + [{"required": ["not_built", "stack"]}]
    rest = {"required": facts["required"], "anyOf": either, "additionalProperties": False, "$defs": definitions}
    return {**head, "properties": properties, **rest}


def part_schemas(records: Records) -> dict[str, Any]:
    """A definition `part-SORT` for each sort of part, which others refer to."""
    return {f"part-{sort}": _sort_schema(kinds) for sort, kinds in records.items()}


def option_schema(option: Option) -> dict[str, Any]:
    """The schema of one option's value; null leaves it to its default."""
    kind = parse(option.type)
    if kind.form == "choice":
        schema: dict[str, Any] = {"enum": list(kind.choices)}
    elif kind.form == "part":
        schema = _ref(kind.argument)
    elif kind.form == "parts":
        schema = {"anyOf": [_ref(kind.argument), {"type": "array", "items": _ref(kind.argument)}]}
    else:
        schema = _scalar_schema(SCALARS[kind.argument])
    described = {**schema, "description": option.doc} if option.doc else schema
    return _or_null(described if option.required else {**described, "default": option.default})


def closed(properties: dict[str, Any]) -> dict[str, Any]:
    """An object with these properties and no others."""
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _definitions(records: Records) -> dict[str, Any]:
    definitions = part_schemas(records)
    nullable = {"anyOf": [{"$ref": "#/$defs/branch"}, {"type": "null"}]}
    sublayer = {"type": "object", "additionalProperties": nullable}
    definitions["branch"] = {"anyOf": [_ref(sort) for sort in BRANCH_SORTS if sort in records]}
    definitions["sublayers"] = {"type": "array", "items": {"anyOf": [sublayer, {"type": "array", "items": sublayer}]}}
    definitions["stack"] = _stack_schema(records)
    model = {name: _or_null({"$ref": "#/$defs/stack"}) for name in ("encoder", "decoder")}
    model |= {name: _or_null(_ref(name)) for name in ("embedding", "head", "init")}
    definitions["model"] = {"type": "object", "properties": model, "additionalProperties": _DIMENSION}
    return definitions


def _stack_schema(records: Records) -> dict[str, Any]:
    parts = {sort: _or_null(_ref(sort)) for sort in ("norm", "residual", "visibility") if sort in records}
    sublayers = {"sublayers": {"$ref": "#/$defs/sublayers"}}
    block = {**sublayers, **{name: parts[name] for name in BLOCK_FIELDS if name in parts}}
    names = {"type": "array", "items": {"type": "string"}}
    groups = {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]}
    fields = {
        **sublayers,
        "position": _or_null({"anyOf": [_ref("position"), {"type": "array", "items": _ref("position")}]}),
        **parts,
        "blocks": _or_null({"type": "object", "additionalProperties": _or_null(closed(block))}),
        **{name: _or_null(names) for name in ("prefix", "pattern", "suffix")},
        "share": _or_null(closed({"groups": groups})),
    }
    return {"type": "object", "properties": fields, "additionalProperties": _DIMENSION}


def _sort_schema(kinds: Mapping[str, PartRecord]) -> dict[str, Any]:
    names = {"enum": sorted(kinds), "description": "; ".join(f"{kind}: {record.doc}" for kind, record in kinds.items())}
    partial = {"type": "object", "not": {"required": ["kind"]}}
    return {"anyOf": [names, *(_kind_schema(kind, record) for kind, record in kinds.items()), partial]}


def _kind_schema(kind: str, record: PartRecord) -> dict[str, Any]:
    options = {name: option_schema(option) for name, option in record.options.items()}
    properties = {"kind": {"const": kind, "description": record.doc}, "sort": {"type": "string"}, **options}
    return {**closed(properties), "required": ["kind"]}


def _scalar_schema(hint: Any) -> dict[str, Any]:
    base, limit = get_args(hint)
    if base not in _JSON_TYPES:
        return {"type": "array", "items": _scalar_schema(get_args(base)[0])}
    bounds = {"minimum": limit.ge, "exclusiveMinimum": limit.gt, "maximum": limit.le}
    return {"type": _JSON_TYPES[base], **{name: bound for name, bound in bounds.items() if bound is not None}}


def _ref(sort: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/part-{sort}"}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}
