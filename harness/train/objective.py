"""The loss of every task: weighted cross entropy in nats."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def classes(logits: Tensor) -> Tensor:
    """Logits of at least two classes: a single one says yes (class 1) against no (class 0) at 0."""
    return logits if logits.shape[-1] > 1 else functional.pad(logits, (1, 0))


def nats(logits: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    """Cross entropy of each target, float32, in the shape of `targets`; classes last in `logits`.

    `smoothing` is the share of a target's weight that is spread over all classes (Szegedy et al., 2016,
    https://arxiv.org/abs/1512.00567).
    """
    # float32: bf16 keeps 8 bits, too few for differences of a thousandth of a nat
    rows = classes(logits).flatten(0, -2).float()
    flat = functional.cross_entropy(rows, targets.flatten(), reduction="none", label_smoothing=smoothing)
    return flat.view(targets.shape)


def weighted_nats(logits: Tensor, targets: Tensor, weights: Tensor, smoothing: float = 0.0) -> Tensor:
    """The sum over targets of weight times nats."""
    return (nats(logits, targets, smoothing) * weights).sum()
