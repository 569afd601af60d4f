"""Models of one attention branch alone, cut out of an entry: one layer, nothing else in it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from catalog.resolution import spec_hash
from variants import Model, build_model
from variants.parts import NO_MARKS, Marks, Spec
from variants.registry import SORTS, discover

ATTENTION, CROSS = "attention", "cross_attention"
# options of what stands around attention, not of attention itself
AROUND = frozenset({"sort", "bias", "scale", "qk_norm", "qk_norm_over", "output_gate", "position"})
VOCABULARY = 256


@dataclass(frozen=True)
class Alone:
    """One attention branch: where it stands in its entry, and the spec of a model that holds nothing else."""

    name: str
    side: str
    part: Spec
    spec: Spec

    def signature(self) -> str:
        """What two branches share that ask the device for the same attention."""
        stack = self.spec[self.side]
        positions = self.part.get("position") or stack["position"]
        biased = [position for position in positions if "bias" in _hooks(position["kind"])]
        own = {name: value for name, value in self.part.items() if name not in AROUND}
        width = self.part.get("d_head") or self.spec["d_model"] // self.part.get("n_heads", 1)
        return spec_hash({"part": own, "width": width, "visibility": stack["visibility"], "positions": biased})


def _hooks(position: str) -> frozenset[str]:
    discover()
    hooks: frozenset[str] = getattr(SORTS["position"].kinds[position].cls, "hooks", frozenset())
    return hooks


def branches(entry: str, spec: Spec) -> Iterator[Alone]:
    """Every attention branch of an entry, one for each block that its layers use."""
    for side in ("encoder", "decoder"):
        stack = spec[side] or {"layers": [], "blocks": {}}
        for block in dict.fromkeys(stack["layers"]):
            for sublayer in stack["blocks"][block]["sublayers"]:
                for name, part in sublayer.items():
                    if part["sort"] in (ATTENTION, CROSS):
                        words = (entry, side, *([block] if len(stack["blocks"]) > 1 else []), name)
                        yield Alone(" ".join(words), side, part, _cut(spec, side, block, {name: part}))


def _cut(spec: Spec, side: str, block: str, sublayer: Spec) -> Spec:
    """The entry with this sublayer alone; a branch that reads the encoder keeps one without layers."""
    cut = copy.deepcopy({**spec, "encoder": None, "decoder": None, "vocab_size": VOCABULARY})
    cut.pop("source_vocab_size", None)
    cut[side] = _layers(spec[side], block, [sublayer])
    if any(part["sort"] == CROSS for part in sublayer.values()):
        cut["encoder"] = _layers(spec["encoder"], None, [])
    return cut


def _layers(stack: Spec, block: str | None, sublayers: list[Spec]) -> Spec:
    layers = [] if block is None else [block]
    blocks = {name: {**stack["blocks"][name], "sublayers": sublayers} for name in layers}
    return {
        **copy.deepcopy(stack),
        "n_layers": len(layers),
        "layers": layers,
        "groups": [0] * len(layers),
        "blocks": blocks,
    }


@dataclass(frozen=True)
class Trial:
    """A model on a device with its inputs; calling it runs forward and backward."""

    model: Model
    inputs: dict[str, Any]

    def __call__(self) -> None:
        self.model.zero_grad(set_to_none=True)
        self.model.run(**self.inputs).logits.float().square().mean().backward()  # type: ignore[no-untyped-call]


def trial(spec: Spec, device: torch.device, batch: int, length: int, padded: bool) -> Trial:
    """Builds the model with random weights and input; `padded` empties the last quarter of every other row."""
    model = _filled(spec, device)
    draw = torch.Generator().manual_seed(0)
    inputs = {"tokens": model.embedding.sample(batch, length, draw)}
    if model.encoder is not None and model.decoder is not None:
        inputs["source"] = (model.source_embedding or model.embedding).sample(batch, length, draw)
    elif _reads_prefix(model):
        inputs["source"], inputs["tokens"] = inputs["tokens"].tensor_split(2, dim=1)
    if padded:
        where, mask = ("source_padding_mask", "source") if "source" in inputs else ("padding_mask", "tokens")
        slots = model.embedding.length(inputs[mask])
        inputs[where] = (torch.arange(slots) < slots - slots // 4) | (torch.arange(batch)[:, None] % 2 == 0)
    return Trial(model, {name: value.to(device) for name, value in inputs.items()})


def _filled(spec: Spec, device: torch.device) -> Model:
    """A model whose weights were drawn on the device: those of a run are drawn on the CPU, slowly at great widths."""
    model = build_model(spec, device="meta").to_empty(device=device).train()
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.02)
    return model


def _reads_prefix(model: Model) -> bool:
    """Whether the visibility of a decoder alone depends on where a prefix ends."""
    if model.decoder is None:
        return False
    slots, calls = torch.arange(3), (NO_MARKS, Marks(torch.full((1, 1, 1), 2)))
    without, prefixed = (model.decoder.visibility.allows(slots[:, None], slots[None, :], call) for call in calls)
    return not torch.equal(without.expand(1, 3, 3), prefixed.expand(1, 3, 3))


def shape_of(part: Spec) -> dict[str, Any]:
    """The numbers of heads and their width, where the kind has them."""
    return {name: part[name] for name in ("kind", "n_heads", "n_kv_heads", "d_head") if name in part}
