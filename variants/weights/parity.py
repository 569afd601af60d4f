"""Logits of an entry beside those of its reference: tiny models, random weights, padding as the library pads."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from catalog.access import resolve
from catalog.spec_paths import write_dimension
from variants.builder import Model
from variants.parts import Spec
from variants.registry import records
from variants.shrink import shrink
from variants.weights.entries import Known, known_entries
from variants.weights.exporting import config_for, export_tensors
from variants.weights.importing import build_known
from variants.weights.matching import matches_words

BATCH, LENGTH, SOURCE_LENGTH = 3, 13, 9
GLOBAL = 0.25  # of all tokens, in models that know global ones
Inputs = dict[str, Tensor]


@dataclass(frozen=True)
class Parity:
    """One comparison: the largest absolute difference of logits at real tokens, for each padding, and their spread.

    `back` is the largest difference between the library's tensors and what export makes of ours.
    """

    entry: str
    case: str
    class_name: str
    differences: dict[str, float]
    spread: float
    back: float

    @property
    def worst(self) -> float:
        return max(self.differences.values())


def cases(user: Path | str | None = None) -> Iterator[tuple[Known, str]]:
    """Every entry with a reference, as the entry stands (an empty case) and in each further case that it names."""
    for known in sorted(known_entries(user), key=lambda each: each.id):
        for case in ("", *known.reference.cases):
            yield known, case


def compare(known: Known, case: str = "", user: Path | str | None = None) -> Parity:
    """Builds the reference tiny, gives it random weights, loads it and compares logits under every padding."""
    reference = tiny_reference(known, case, user)
    model = build_known(reference, known)
    differences: dict[str, float] = {}
    spread = 0.0
    for padding in paddings(model, reference, known.reference.paddings):
        inputs = make_inputs(model, padding, getattr(reference.config, "pad_token_id", None))
        with torch.no_grad():
            theirs = library_logits(reference, inputs)
            ours = model(**inputs)
            theirs = theirs if theirs.dim() == ours.dim() else theirs[..., None]
        real = inputs.get("padding_mask")
        apart = (ours - theirs).abs()
        differences[padding] = float((apart if real is None or apart.dim() < 3 else apart[real]).max())
        spread = float(theirs.std())
    back = _round_trip(model, known, reference)
    return Parity(known.id, case, type(reference).__name__, differences, spread, back)


def _round_trip(model: Model, known: Known, reference: Any) -> float:
    theirs = reference.state_dict()
    ours = export_tensors(model, known, reference.config)
    return max(float((ours[name] - theirs[name]).abs().max()) for name in ours)


def tiny_reference(known: Known, case: str = "", user: Path | str | None = None) -> Any:
    """The library's model of the shrunk entry, with the case's fields over its config, and random weights."""
    import transformers

    spec = shrink(resolve(known.id, user=user, records=records()))
    for name, value in known.reference.tiny.items():
        spec = write_dimension(spec, name, value)
    config = config_for(spec, known, known.reference.cases.get(case))
    torch.manual_seed(0)
    reference = getattr(transformers, known.reference.classes[0])(config).eval()
    kept = (*known.reference.fixed, *known.reference.ignore, *known.reference.constants)
    randomise(reference, kept)
    return reference


@torch.no_grad()
def randomise(reference: nn.Module, fixed: tuple[str, ...] = (), seed: int = 0) -> None:
    """Matrices N(0, 0.125^2), vectors moved by N(0, 0.2^2): nothing stays where it hides, and logits spread by 1.

    Numbers that no gradient moves, such as corrections of a router, are moved by N(0, 0.05^2).
    """
    draw = torch.Generator().manual_seed(seed)
    frozen = dict(reference.state_dict())
    for name, parameter in reference.named_parameters(remove_duplicate=False):
        if parameter.requires_grad:
            frozen.pop(name, None)
    for name, parameter in reference.named_parameters():
        if parameter.requires_grad and not any(matches_words(text, name) for text in fixed):
            noise = torch.randn(parameter.shape, generator=draw)
            parameter.copy_(parameter + 0.2 * noise if parameter.dim() < 2 else 0.125 * noise)
    for name, tensor in frozen.items():
        if tensor.is_floating_point() and not any(matches_words(text, name) for text in fixed):
            tensor.add_(0.05 * torch.randn(tensor.shape, generator=draw))


def paddings(model: Model, reference: Any, compared: tuple[str, ...]) -> tuple[str, ...]:
    """What can be padded: text, unless the library's class reads every slot whatever a mask says."""
    tokens = model.embedding.sample(1, 4, torch.Generator().manual_seed(0))
    takes_mask = "attention_mask" in inspect.signature(reference.forward).parameters
    return compared if takes_mask and not tokens.is_floating_point() else ("none",)


def make_inputs(model: Model, padding: str, pad_token_id: int | None = None, seed: int = 0) -> Inputs:
    """Random tokens without the padding token, and masks; a row in the middle of the batch stays whole."""
    draw = torch.Generator().manual_seed(seed)
    inputs = {"tokens": model.embedding.sample(BATCH, LENGTH, draw)}
    two = model.encoder is not None and model.decoder is not None
    if two:
        inputs["source"] = (model.source_embedding or model.embedding).sample(BATCH, SOURCE_LENGTH, draw)
    if model.n_segments:
        inputs["segments"] = torch.randint(0, model.n_segments, inputs["tokens"].shape, generator=draw)
    if model.encoder is not None and model.encoder.knows_globals:
        inputs["global_mask"] = torch.rand(inputs["source" if two else "tokens"].shape, generator=draw) < GLOBAL
    for name in ("tokens", "source") if padding != "none" else ():
        if name in inputs:
            side = "right" if two and name == "tokens" else padding
            mask = _mask(inputs[name], side)
            inputs["padding_mask" if name == "tokens" else "source_padding_mask"] = mask
    pad = 0 if pad_token_id is None else pad_token_id
    for name, mask_name in (("tokens", "padding_mask"), ("source", "source_padding_mask")):
        if name in inputs and not inputs[name].is_floating_point():
            other = torch.where(inputs[name] == pad, (inputs[name] + 3) % _size(model.spec, name), inputs[name])
            inputs[name] = other if mask_name not in inputs else other.masked_fill(~inputs[mask_name], pad)
    return inputs


def library_logits(reference: Any, inputs: Inputs) -> Tensor:
    """The library's logits for inputs that are named as ours are."""
    accepted = inspect.signature(reference.forward).parameters
    two = "source" in inputs
    names = {
        "tokens": "decoder_input_ids" if two else reference.main_input_name,
        "padding_mask": "decoder_attention_mask" if two else "attention_mask",
        "source": "input_ids",
        "source_padding_mask": "attention_mask",
        "segments": "token_type_ids",
        "global_mask": "global_attention_mask",
    }
    given: dict[str, Any] = {
        names[name]: value.long() if value.dtype == torch.bool else value for name, value in inputs.items()
    }
    if "task_type_ids" in accepted and "segments" in inputs:
        kinds = reference.config.type_vocab_size
        given |= {"token_type_ids": inputs["segments"] % kinds, "task_type_ids": inputs["segments"] // kinds}
    refused = set(given) - set(accepted)
    if refused:
        raise ValueError(f"{type(reference).__name__} does not take {', '.join(sorted(refused))}")
    if "use_cache" in accepted:
        given["use_cache"] = False
    logits: Tensor = reference(**given).logits
    return logits


def _mask(tokens: Tensor, side: str) -> Tensor:
    """True on real tokens: every second row lacks a few at one side."""
    batch, length = tokens.shape
    missing = torch.tensor([(4, 0, 2)[row % 3] for row in range(batch)])[:, None]
    slots = torch.arange(length)[None]
    return slots >= missing if side == "left" else slots < length - missing


def _size(spec: Spec, name: str) -> int:
    return int(spec.get("source_vocab_size") or spec["vocab_size"]) if name == "source" else int(spec["vocab_size"])
