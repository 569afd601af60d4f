"""What differs between two entries: facts, values of the resolved spec by dotted path, parameters, figures."""

from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from catalog.access import resolve_checked
from catalog.built import built
from catalog.entries import Catalog
from catalog.figures import figures
from catalog.located import LocatedMap
from catalog.records import load_records
from catalog.resolution import Spec, spec_hash
from catalog.sizes import split
from catalog.stacks import block_path

FACTS = ("name", "date", "lab", "licence", "corpus", "objective", "change", "extends", "parent", "not_built")
ABSENT = None


def diff(a: str, b: str, *, user: Path | str | None = None) -> dict[str, Any]:
    """The differences as {"a", "b", "facts", "model", "parameters", "by_module", "figures"}.

    Only what differs, each as {"a": ..., "b": ...}; `by_module` are parameters, `figures` are FLOPs for each token (a
    at its own context and b at its) and bytes of cache for each token in bfloat16. An entry is named by its id, or by
    `id@size`. Where one has no model, there are only facts.

    Raises:
        CatalogError: an entry is unknown or wrong.
    """
    catalog = Catalog(user)
    raws = [catalog.raw(split(side)[0]) for side in (a, b)]
    specs = [_spec(catalog, side) for side in (a, b)]
    found = {"a": a, "b": b, "facts": _pairs(*(_facts(raw) for raw in raws))}
    if None in specs:
        return {**found, "model": {}, "parameters": None, "by_module": {}, "figures": {}}
    records = [built(spec_hash(spec)) for spec in specs if spec is not None]
    numbers = [figures(_row(spec)) for spec in specs if spec is not None]
    totals = _pairs(*({"parameters": each.pop("parameters")} for each in numbers))
    return {
        **found,
        "model": _pairs(*(flat(spec) for spec in specs if spec is not None)),
        "parameters": totals.get("parameters"),
        "by_module": _pairs(*(record["parameters"]["by_module"] if record else {} for record in records)),
        "figures": _pairs(*numbers),
    }


def _spec(catalog: Catalog, side: str) -> Spec | None:
    entry_id, size = split(side)
    has_model = size or catalog.entry(entry_id).model
    return resolve_checked(catalog, entry_id, size) if has_model else None


def _row(spec: Spec) -> dict[str, Any]:
    return {"spec_hash": spec_hash(spec), "dimensions": {"context_length": spec["context_length"]}}


def flat(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A resolved spec as dotted paths; layers, sharing and the order of sublayers as short texts."""
    values: dict[str, Any] = {}
    for name, value in spec.items():
        if name in ("encoder", "decoder"):
            values.update(_flat_stack(name, value) if value else {name: ABSENT})
        else:
            values.update(_flat_value(name, value))
    return values


def layer_text(layers: list[str]) -> str:
    """Names of layers, repeats counted: `2 x dense, 3 x (local, global)`."""
    for start in range(len(layers)):
        rest = layers[start:]
        for period in range(2, len(rest) // 2 + 1):
            times, left = divmod(len(rest), period)
            if not left and len(set(rest)) > 1 and rest == rest[:period] * times:
                tiled = f"{times} x ({_runs(rest[:period])})"
                return f"{_runs(layers[:start])}, {tiled}" if start else tiled
    return _runs(layers)


def _runs(layers: list[str]) -> str:
    runs = [(name, len(list(run))) for name, run in groupby(layers)]
    return ", ".join(name if count == 1 < len(layers) else f"{count} x {name}" for name, count in runs)


def _flat_stack(name: str, stack: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {f"{name}.n_layers": stack["n_layers"]}
    own = list(range(len(stack["groups"])))
    if set(stack["layers"]) != {"default"}:
        values[f"{name}.layers"] = layer_text(stack["layers"])
    if stack["groups"] != own:
        values[f"{name}.share.groups"] = len(set(stack["groups"]))
    for position in stack["position"] or [None]:
        alone = len(stack["position"]) < 2
        values.update(_flat_value(f"{name}.position" + ("" if alone else f".{position['kind']}"), position))
    for field in ("norm", "residual", "visibility"):
        values.update(_flat_value(f"{name}.{field}", stack[field]))
    blocks = {block: _flat_block(fields, stack) for block, fields in stack["blocks"].items()}
    for path in dict.fromkeys(path for block in blocks.values() for path in block):
        found = [block.get(path) for block in blocks.values()]
        # What all blocks share is the stack's; so a stack of one block and one of several can be compared.
        if all(value == found[0] for value in found):
            values[f"{name}.{path}"] = found[0]
        else:
            values.update({f"{block_path(name, block)}.{path}": each.get(path) for block, each in blocks.items()})
    return values


def _flat_block(fields: Mapping[str, Any], stack: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {"sublayers": ", ".join(" + ".join(row) for row in fields["sublayers"])}
    for field in ("norm", "residual"):
        if fields[field] != stack[field]:
            values.update(_flat_value(f"own {field}", fields[field]))
    for row in fields["sublayers"]:
        for name, part in row.items():
            shown = {key: value for key, value in part.items() if key != "sort" or value != name}
            values.update(_flat_value(name, shown))
    return values


def _flat_value(path: str, value: Any) -> dict[str, Any]:
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        value = {item.get("kind", i): item for i, item in enumerate(value)} if len(value) > 1 else value[0]
    if not isinstance(value, Mapping):
        return {path: value}
    inner = [_flat_value(f"{path}.{key}", each) for key, each in value.items()]
    return {key: leaf for each in inner for key, leaf in each.items()}


def _together(paths: list[str]) -> list[str]:
    """Paths without repeats, those of one part side by side."""
    homes = {path: path.rpartition(".")[0] or path for path in paths}
    order = {home: i for i, home in enumerate(dict.fromkeys(homes.values()))}
    return sorted(dict.fromkeys(paths), key=lambda path: order[homes[path]])


def _facts(raw: LocatedMap) -> dict[str, Any]:
    paper = raw.get("paper")
    url = paper.get("url") if isinstance(paper, Mapping) else None
    return {**{name: raw.get(name) for name in FACTS}, "paper": url}


def _pairs(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    # Absent and off are one thing here, and so are absent and the default of an option that the other kind lacks:
    # what a kind brings along would crowd out what matters.
    return {
        name: {"a": a.get(name), "b": b.get(name)}
        for name in _together([*a, *b])
        if a.get(name) != b.get(name) and _tells(a, b, name) and _tells(b, a, name)
    }


def _tells(a: Mapping[str, Any], b: Mapping[str, Any], name: str) -> bool:
    """Whether the value on one side says anything where the other side has none."""
    return name in b or bool(a[name] and not _is_default(a, name))


def _is_default(values: Mapping[str, Any], path: str) -> bool:
    owner, _, option = path.rpartition(".")
    records = (kinds.get(values.get(f"{owner}.kind", "")) for kinds in load_records().values())
    known = [record.options[option] for record in records if record and option in record.options]
    return any(not each.required and each.default == values[path] for each in known)
