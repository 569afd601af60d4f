"""From a model as written to the resolved spec: every layer named, every option of every part filled in."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from catalog.errors import Faults, did_you_mean
from catalog.hooks import check_hooks
from catalog.layers import MAX_LAYERS
from catalog.located import LocatedMap, mark_of
from catalog.overrides import apply_overrides
from catalog.records import Records, load_records
from catalog.rules import check_dimensions, check_memory, check_norms
from catalog.schema import Filling
from catalog.scope import ALWAYS, Scope
from catalog.stacks import FIELDS, Draft, block_path, draft_stack

STACKS = ("encoder", "decoder")
MODEL_PARTS = ("embedding", "head", "init")
_VISIBILITY = {"encoder": "full", "decoder": "causal"}
_REQUIRED = ("d_model", "context_length")
_COUNT = "a whole number of at least 1"

Spec = dict[str, Any]


def resolve_model(
    model: Mapping[str, Any],
    records: Records | None = None,
    overrides: Mapping[str, Any] | None = None,
    *,
    check: bool = True,
) -> Spec:
    """The resolved spec of a model given as nested maps; `overrides` are dotted paths with their values.

    Without `check` the spec is completed but values are not validated: quick, for listings.

    Raises:
        CatalogError: anything is wrong; all faults at once.
    """
    return _Resolving(records or load_records(), check).model(apply_overrides(model, overrides or {}))


def spec_hash(spec: Mapping[str, Any]) -> str:
    """The 16 hexadecimal digits that name a resolved spec."""
    text = json.dumps(spec, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class _Resolving:
    def __init__(self, records: Records, check: bool) -> None:
        self.records = records
        self.faults = Faults()
        self.filling = Filling(records, self.faults, check=check)

    def model(self, model: Mapping[str, Any]) -> Spec:
        dims = self._dims(model, (*STACKS, *MODEL_PARTS), "")
        scope = Scope(dims)
        self._check_required(model, dims)
        stacks: dict[str, Spec | None] = {name: self._stack(name, model, scope) for name in STACKS}
        if not any(stacks.values()) and not any(model.get(name) for name in STACKS):
            self.faults.add(mark_of(model), "model", "the model has no stack", allowed="encoder, decoder or both")
        scope.parts["norm"] = next((stack["norm"] for stack in reversed(stacks.values()) if stack), None)
        spec: Spec = {name: scope.take(name)[0] if name in scope else None for name in ALWAYS if name != "n_layers"}
        if "source_vocab_size" in scope:
            spec["source_vocab_size"] = scope.take("source_vocab_size")[0]
        spec["embedding"] = self._required_part("embedding", model, scope)
        spec.update(stacks)
        spec.update({name: self._required_part(name, model, scope) for name in ("head", "init")})
        check_dimensions(scope, "", self.records, self.faults)
        check_memory(spec, model, self.faults)
        check_norms(spec, model, self.records, self.faults)
        self.faults.raise_any()
        return spec

    def _dims(self, holder: Mapping[str, Any], fields: tuple[str, ...], path: str) -> LocatedMap:
        dims = LocatedMap(mark=mark_of(holder))
        for name, value in holder.items():
            if name in fields or value is None:
                continue
            if isinstance(value, int | float | str):
                dims.put(name, value, mark_of(holder, name))
                continue
            self.faults.add(
                mark_of(holder, name),
                f"{path}{name}",
                f"{path.rstrip('.') or 'the model'} has no such field",
                allowed=f"{', '.join(fields)} or a dimension with one value",
                suggestion=did_you_mean(name, fields),
            )
        return dims

    def _check_required(self, model: Mapping[str, Any], dims: LocatedMap) -> None:
        for name in _REQUIRED:
            if name not in dims:
                self.faults.add(mark_of(model), name, "the model needs this dimension", allowed=_COUNT)
        for name in (*ALWAYS, "source_vocab_size"):
            self._check_count(dims, name, name)

    def _check_count(self, dims: LocatedMap, name: str, path: str) -> None:
        value = dims.get(name, 1)
        if type(value) is not int or value < 1:
            self.faults.add(mark_of(dims, name), path, "does not fit", value=value, allowed=_COUNT)
        elif name == "n_layers" and value > MAX_LAYERS:
            self.faults.add(mark_of(dims, name), path, "does not fit", value=value, allowed=f"at most {MAX_LAYERS:,}")

    def _stack(self, name: str, model: Mapping[str, Any], outer: Scope) -> Spec | None:
        stack = model.get(name)
        if stack is None:
            return None
        if not isinstance(stack, Mapping):
            self.faults.add(mark_of(model, name), name, "a stack must be a map", value=stack, allowed=", ".join(FIELDS))
            return None
        dims = self._dims(stack, FIELDS, f"{name}.")
        self._check_count(dims, "n_layers", f"{name}.n_layers")
        scope = Scope(dims, outer)
        if "n_layers" not in scope:
            self.faults.add(mark_of(stack), f"{name}.n_layers", "the stack needs this dimension", allowed=_COUNT)
        n_layers = scope.take("n_layers")[0] if "n_layers" in scope else None
        draft = draft_stack(name, stack, n_layers, self.faults)
        filled = self._fill_stack(draft, scope)
        check_hooks(draft, filled, self.records, self.faults)
        check_dimensions(scope, f"{name}.", self.records, self.faults)
        return {"n_layers": n_layers, **filled}

    def _fill_stack(self, draft: Draft, scope: Scope) -> Spec:
        stack, name = draft.stack, draft.name
        positions = stack.get("position")
        listed = positions if isinstance(positions, list) else [] if positions is None else [positions]
        places = [mark_of(listed, i) or mark_of(stack, "position") for i in range(len(listed))]
        filled: Spec = {
            "position": [
                self._part("position", part, scope, f"{name}.position", places[i]) for i, part in enumerate(listed)
            ],
            "norm": self._optional_part("norm", stack, scope, name),
        }
        filled["position"] = [part for part in filled["position"] if part is not None]
        scope.parts["norm"] = filled["norm"]
        filled["residual"] = self._required_part("residual", stack, scope, f"{name}.")
        visibility = stack if stack.get("visibility") is not None else {"visibility": _VISIBILITY[name]}
        filled["visibility"] = self._required_part("visibility", visibility, scope, f"{name}.")
        filled["blocks"] = {block: self._block(draft, block, filled, scope) for block in draft.blocks}
        return {**filled, "layers": draft.layers, "groups": draft.groups}

    def _block(self, draft: Draft, block: str, stack: Spec, outer: Scope) -> Spec:
        fields, path = draft.blocks[block], block_path(draft.name, block)
        scope = Scope({}, outer)
        norm = self._optional_part("norm", fields, scope, path) if "norm" in fields else stack["norm"]
        scope.parts["norm"] = norm
        residual = stack["residual"]
        if fields.get("residual") is not None:
            residual = self._required_part("residual", fields, scope, f"{path}.")
        elif norm is not stack["norm"]:
            residual = self._required_part("residual", draft.stack, scope, f"{draft.name}.")
        sublayers = [self._sublayer(row, scope, path) for row in fields["sublayers"]]
        return {"sublayers": sublayers, "residual": residual, "norm": norm}

    def _sublayer(self, row: LocatedMap, scope: Scope, path: str) -> Spec:
        filled = {}
        for name, branch in row.items():
            where = mark_of(row, name)
            sort = branch.get("sort", name) if isinstance(branch, Mapping) else name
            part = self._part(sort, branch, scope, f"{path}.{name}", where)
            if part is not None:
                filled[name] = {"sort": sort, **part}
        return filled

    def _required_part(self, name: str, holder: Mapping[str, Any], scope: Scope, path: str = "") -> Spec | None:
        if holder.get(name) is None:
            known = ", ".join(sorted(self.records.get(name, {})))
            self.faults.add(mark_of(holder), f"{path}{name}", "must be given", allowed=known)
            return None
        return self._part(name, holder[name], scope, f"{path}{name}", mark_of(holder, name))

    def _optional_part(self, name: str, holder: Mapping[str, Any], scope: Scope, path: str) -> Spec | None:
        if holder.get(name) is None:
            return None
        return self._part(name, holder[name], scope, f"{path}.{name}", mark_of(holder, name))

    def _part(self, sort: Any, spec: Any, scope: Scope, path: str, where: Any) -> Spec | None:
        return self.filling.part(str(sort), spec, scope, path, where)
