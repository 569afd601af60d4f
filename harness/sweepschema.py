"""JSON Schema of a sweep file, for completion and checks in editors; loads torch, whose options it lists."""

from __future__ import annotations

from typing import Any

from catalog.editor_schema import closed, option_schema, part_schemas
from catalog.records import PartRecord
from harness.grid import FIELDS as GRID
from harness.sweepfile import FIELDS, OWN
from harness.sweeptable import SCALARS, VARIANT, VIEWS
from harness.tasks.registry import task_records

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
SETTINGS: Schema = {"type": "object", "description": "Dotted paths of an entry's model, with their values."}


def json_schema() -> Schema:
    """The schema of a sweep file; since layers supply what a table leaves out, no field of a table is required."""
    from harness.train.options import train_records

    records = {**train_records(), **task_records()}
    train = records.pop("train")["train"]
    table = {**_options(SCALARS), **_nested(train)}
    layer = {name: value for name, value in table.items() if name not in OWN}
    tables = {"type": "object", "additionalProperties": {"anyOf": [closed(table), {"type": "null"}]}}
    own = {"name": TEXT, "title": TEXT, "extends": {**TEXT, "description": "Another sweep, by path or shipped name."}}
    preset = closed({**layer, "tables": tables})
    fields = {**own, **layer, "tables": tables, "presets": {"type": "object", "additionalProperties": preset}}
    assert set(fields) == {*FIELDS, "extends"}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Bestiary sweep"}
    return {**head, **closed(fields), "required": ["name"], "$defs": part_schemas(records)}


def _options(record: PartRecord) -> Schema:
    return {name: option_schema(option) for name, option in record.options.items()}


def _nested(train: PartRecord) -> Schema:
    task = {"$ref": "#/$defs/part-task"}
    # the rates that are tried stand beside `train`, not in it
    given = {name: option for name, option in _options(train).items() if name != "learning_rate"}
    start = closed({"task": task, "train": closed(given), "learning_rates": _options(SCALARS)["learning_rates"]})
    variant = closed({**_options(VARIANT), "set": SETTINGS, "init_from": {"anyOf": [start, {"type": "null"}]}})
    by_name = {"type": "object", "additionalProperties": {"anyOf": [TEXT, variant, {"type": "null"}]}}
    match = {"anyOf": [TEXT, {"type": "number", "exclusiveMinimum": 0}], "description": "A variant, or an amount."}
    return {
        "task": task,
        "variants": {"anyOf": [by_name, {"type": "array", "items": TEXT}]},
        "grid": closed({name: {} for name in GRID}),
        "size": SETTINGS,
        "budget": closed({"view": {"enum": list(VIEWS)}, "match": match}),
        "train": closed(given),
        "init_from": start,
    }
