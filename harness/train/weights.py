"""A model's tensors by name, tied ones once, and their safetensors file."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from safetensors.torch import save as serialize
from torch import Tensor, nn

from harness.ledger.errors import storage


def tensors_of(model: nn.Module) -> dict[str, Tensor]:
    """Parameters and persistent buffers by name; a tied tensor under its first name only."""
    kept = model.state_dict(keep_vars=True).keys()
    named = [*model.named_parameters(), *((n, b) for n, b in model.named_buffers() if n in kept)]
    return {name: tensor.detach() for name, tensor in named}


@torch.no_grad()
def put_tensors(model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Copies `tensors` into the model.

    Raises:
        ValueError: a name is missing or left over, or a shape differs.
    """
    own = tensors_of(model)
    if own.keys() != tensors.keys():
        raise ValueError(f"weights: names differ ({', '.join(sorted(own.keys() ^ tensors.keys()))})")
    for name, tensor in own.items():
        if tensor.shape != tensors[name].shape:
            raise ValueError(f"weights: {name} has shape {tuple(tensors[name].shape)}, not {tuple(tensor.shape)}")
        tensor.copy_(tensors[name])


def save_weights(model: nn.Module, path: Path) -> None:
    """Writes the model's tensors to `path`, whole or not at all.

    Raises:
        StorageFault: the disk is full or cannot be written.
    """
    temporary = path.with_name(f".{path.name}.part")
    with storage(path):
        temporary.write_bytes(serialize({name: t.cpu().contiguous() for name, t in tensors_of(model).items()}))
        temporary.replace(path)


def load_weights(model: nn.Module, path: Path) -> None:
    """Reads tensors that `save_weights` wrote into a model of the same spec.

    Raises:
        ValueError: the file belongs to another model.
    """
    put_tensors(model, load_file(path))
