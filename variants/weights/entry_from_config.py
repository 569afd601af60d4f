"""A catalog entry written from a checkpoint's config: the known entry of its class, and what differs from it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.difference import difference
from catalog.errors import CatalogError
from catalog.merge import merge
from catalog.overrides import apply_overrides
from catalog.reference import as_plain
from catalog.resolution import resolve_model
from variants.builder import build_model
from variants.parts import Spec
from variants.registry import records
from variants.weights.config import describe, passed_over
from variants.weights.config_file import config_file, read_config
from variants.weights.entries import Known
from variants.weights.importing import choose, default_of, quiet_library

# facts that a config does not tell; the parent's stand in and are marked so
NOT_TOLD = ("date", "paper")


@dataclass(frozen=True)
class WrittenEntry:
    """An entry's id, its parent, what its model changes, its resolved spec, and the text of its file.

    `passed_over` names the config's fields that say nothing about logits and are not the library's own.
    """

    id: str
    parent: str
    model: dict[str, Any]
    spec: Spec
    text: str
    passed_over: list[str]


def entry_from_config(path: Path | str, entry_id: str | None = None, user: Path | str | None = None) -> WrittenEntry:
    """The entry for a folder with `config.json`, or for such a file; nothing is written yet.

    `entry_id` is the folder's name by default. Date and paper are the parent's, listed as unverified.

    Raises:
        ValueError: there is no such config, no entry can say what it says, or its parts do not go together.
        CatalogError: the id is no file name.
    """
    file = config_file(Path(path))
    model_type, class_name = read_config(file, user)
    config = _read(file, model_type)
    known, spec = choose(config, class_name, user=user)
    try:
        build_model(spec, device="meta")
    except ValueError as error:
        raise ValueError(f"{file}: no model of {known.id} can be built from it: {error}") from error
    entry_id = entry_id or _slug(file.resolve().parent.name if file.name == "config.json" else file.stem)
    model = _changes(known, spec, {**config.to_dict(), "num_labels": config.num_labels})
    text = _text(_facts(entry_id, known, class_name), model)
    return WrittenEntry(entry_id, known.id, model, spec, text, passed_over(config.to_dict(), default_of(config)))


def _read(file: Path, model_type: str) -> Any:
    """The library's config."""
    from huggingface_hub.errors import StrictDataclassError
    from transformers import AutoConfig

    try:
        with quiet_library():
            return AutoConfig.from_pretrained(file, local_files_only=True, trust_remote_code=False)
    except (ValueError, KeyError, OSError, TypeError, AttributeError, StrictDataclassError) as error:
        told = " ".join(str(error).split())[:200]
        raise ValueError(f"{file}: the library refuses it as a config of {model_type}: {told}") from error


def _changes(known: Known, spec: Spec, config: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry that extends the known one says under `model:`; its resolved spec is `spec`."""
    overrides = describe(known.entry, known.reference, config)[0]
    needed = dict(_needed(known, spec, overrides))
    model = known.entry.model
    changes = difference(model, apply_overrides(model, needed))
    assert resolve_model(merge(model, changes), records()) == spec
    return changes


def _needed(known: Known, spec: Spec, overrides: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The overrides without which the spec is another."""
    left = dict(overrides)
    for path, value in overrides.items():
        without = {name: each for name, each in left.items() if name != path}
        if _resolved(known, without) == spec:
            left = without
        else:
            yield path, value


def _resolved(known: Known, overrides: Mapping[str, Any]) -> Spec | None:
    try:
        return resolve_model(known.entry.model, records(), overrides)
    except CatalogError:
        return None


def _facts(entry_id: str, known: Known, class_name: str) -> dict[str, Any]:
    raw = known.entry.raw
    return {
        "name": entry_id,
        "extends": known.id,
        "date": str(raw["date"]),
        "change": f"the dimensions of a checkpoint's config, read as {class_name}",
        "paper": as_plain(raw["paper"]),
        "unverified": list(NOT_TOLD),
    }


def _text(facts: Mapping[str, Any], model: Mapping[str, Any]) -> str:
    import yaml

    # a size of its own, since those of the parent are other models
    document = {**facts, **({"model": model} if model else {}), "sizes": {"checkpoint": {}}}
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None))


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9._]+", "-", name.lower()).strip("-.") or "imported"
