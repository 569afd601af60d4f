"""The loss of every task: weighted cross entropy in nats."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def nats(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross entropy of each target, float32, in the shape of `targets`; classes last in `logits`."""
    # float32: bf16 keeps 8 bits, too few for differences of a thousandth of a nat
    flat = functional.cross_entropy(logits.flatten(0, -2).float(), targets.flatten(), reduction="none")
    return flat.view(targets.shape)


def weighted_nats(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """The sum over targets of weight times nats."""
    return (nats(logits, targets) * weights).sum()
