"""The activations that a feed-forward layer may name, each with its formula; those with learned numbers are modules."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from variants.xielu import XIELU

Activation = Literal["relu", "relu2", "gelu", "gelu_tanh", "quick_gelu", "silu", "tanh", "sigmoid", "solu", "identity"]
AnyActivation = Literal[Activation, "xielu"]

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    # max(0, x)^2, https://arxiv.org/abs/2109.08668
    "relu2": lambda x: F.relu(x).square(),
    # x * Phi(x), https://arxiv.org/abs/1606.08415
    "gelu": F.gelu,
    "gelu_tanh": partial(F.gelu, approximate="tanh"),
    # x * sigmoid(1.702 x), the cheap approximation of the same paper
    "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x),
    "silu": F.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    # x * softmax(x) over the hidden layer, https://transformer-circuits.pub/2022/solu/index.html
    "solu": lambda x: x * x.softmax(-1),
    "identity": lambda x: x,
}
LEARNED: dict[str, type[nn.Module]] = {"xielu": XIELU}


def make_activation(name: str) -> Callable[[Tensor], Tensor]:
    """The activation of this name; one with learned numbers is a module of its own for each that asks."""
    return LEARNED[name]() if name in LEARNED else ACTIVATIONS[name]
