"""A model of ours as a folder that the transformers library loads, with equal logits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from variants.builder import Model
from variants.parts import Spec
from variants.weights.config import config_from_spec
from variants.weights.entries import Known, known_entries
from variants.weights.importing import empty_model, quiet_library, spec_of
from variants.weights.load import constant, load_reference, refuse
from variants.weights.matching import invert, matches_words
from variants.weights.same import same_function

TOKEN_IDS = ("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id", "forced_eos_token_id")


def to_transformers(model: Model, folder: Path | str, entry: str | None = None, user: Path | str | None = None) -> Path:
    """Writes `config.json` and `model.safetensors`, for `AutoModel...from_pretrained(folder)`; returns the folder.

    `entry` names the entry whose tables are read backwards; otherwise the first that can say all of the model is taken.

    Raises:
        ValueError: no class of the library computes what this model computes, as far as the entries know.
    """
    from safetensors.torch import save_file

    known, config = find_config(model.spec, entry, user)
    tensors = export_tensors(model, known, config)
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    config.save_pretrained(target)
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    return target


def find_config(spec: Spec, entry: str | None = None, user: Path | str | None = None) -> tuple[Known, Any]:
    """The entry and the library's config that say all that a spec says about logits.

    Raises:
        ValueError: there is none; the message gives the reasons.
    """
    reasons = []
    for known in known_entries(user):
        if entry != known.id and (entry is not None or _stacks(known.entry.model) != _stacks(spec)):
            continue
        try:
            return known, config_for(spec, known)
        except ValueError as error:
            reasons.append(f"{known.id}: {str(error).splitlines()[0].removeprefix(f'{known.id}: ')}")
    if not reasons and entry is not None:
        raise ValueError(f"entry {entry!r} is unknown or holds no reference")
    raise ValueError("no class of the library computes what this model computes:\n" + "\n".join(reasons))


def _stacks(model: Mapping[str, Any]) -> list[bool]:
    return [bool(model.get(name)) for name in ("encoder", "decoder")]


def config_for(spec: Spec, known: Known, changes: dict[str, Any] | None = None) -> Any:
    """The library's config of a spec under one entry's tables; `changes` go over its fields, unchecked.

    Raises:
        ValueError: the tables cannot say all of the spec.
    """
    from huggingface_hub.errors import StrictDataclassError
    from transformers import AutoConfig

    fields = config_from_spec(known.reference, spec)
    fields |= _token_ids(known.reference.model_type, fields) | (changes or {})
    try:
        config = AutoConfig.for_model(known.reference.model_type, **fields)
    except (StrictDataclassError, KeyError, TypeError, ValueError) as error:
        said = " ".join(str(error).split())
        raise ValueError(f"the library's config refuses the fields {fields}: {said}") from error
    config.architectures = [known.reference.classes[0]]
    if not changes:
        # a class without a field for one of these has no table that could be too short
        unsaid = {"context_length", "vocab_size"} - set(known.reference.config)
        difference = same_function(spec, spec_of(config, known), unsaid)
        if difference:
            raise ValueError(difference)
    return config


@torch.no_grad()
def export_tensors(model: Model, known: Known, config: Any) -> dict[str, Tensor]:
    """The library's tensors of a model, checked against the shapes of its class.

    Raises:
        ValueError: the tables leave a tensor of the library's without a value.
    """
    tensors: dict[str, Tensor] = {}
    wanted = _shapes(config)
    found = invert(model, known.reference, wanted)
    refuse(found.faults)
    for move in found.moves:
        values = move.backward([slot.tensor.detach() for slot in move.targets])
        tensors |= {name: value.contiguous().clone() for name, value in zip(move.sources, values, strict=True)}
    tensors |= _constants(model, known, wanted)
    refuse(_wrong_shapes(tensors, known, config, wanted))
    load_reference(empty_model(model.spec, next(model.parameters()).dtype), tensors, known.reference)
    return tensors


def _constants(model: Model, known: Known, wanted: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """The library's tensors that hold one number; a class loads them, since it does not fill them itself."""
    dtype = next(model.parameters()).dtype
    numbers = {name: constant(name, known.reference) for name in wanted}
    return {name: torch.full(wanted[name], n, dtype=dtype) for name, n in numbers.items() if n is not None}


def _shapes(config: Any) -> dict[str, tuple[int, ...]]:
    """The shapes of the tensors that the class of a config has."""
    import transformers

    with torch.device("meta"):
        empty = getattr(transformers, config.architectures[0])(config)
    return {name: tuple(tensor.shape) for name, tensor in empty.state_dict().items()}


def _wrong_shapes(
    tensors: dict[str, Tensor], known: Known, config: Any, wanted: dict[str, tuple[int, ...]]
) -> list[str]:
    """What the library's class would miss, or not know, or want in another shape."""
    excused = (*known.reference.ignore, *known.reference.fixed)
    faults = [f"{name} is unknown to {config.architectures[0]}" for name in tensors if name not in wanted]
    for name, shape in wanted.items():
        if name not in tensors:
            if name not in known.reference.aliases and not any(matches_words(text, name) for text in excused):
                faults.append(f"{name} {shape} gets no value")
        elif tuple(tensors[name].shape) != shape:
            faults.append(f"{name} would be {tuple(tensors[name].shape)}, wanted {shape}")
    return faults


def _token_ids(model_type: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Special tokens of the library's default config that a small vocabulary lacks: null, or its last token."""
    from transformers import AutoConfig

    with quiet_library():
        default = AutoConfig.for_model(model_type)
    size = fields.get("vocab_size") or 0
    ids = {name: getattr(default, name, None) for name in TOKEN_IDS if name not in fields}
    beyond = [name for name, number in ids.items() if isinstance(number, int) and number >= size > 0]
    return {name: None if _takes_null(default, name) else size - 1 for name in beyond}


def _takes_null(config: Any, name: str) -> bool:
    from huggingface_hub.errors import StrictDataclassError

    try:
        setattr(config, name, None)
    except StrictDataclassError:
        return False
    return True
