"""The deep output of recurrent decoders: a maxout layer over the state and all that was read."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from variants.projections import OutputLinear


class DeepOutput(nn.Module):
    """max over pairs of (W_1 x_1 + W_2 x_2 + ...) (Bahdanau et al., 2014, appendix A.2.2)."""

    def __init__(self, widths: dict[str, int], d_out: int) -> None:
        super().__init__()
        first = next(iter(widths))
        self.maps = nn.ModuleDict({name: OutputLinear(d, 2 * d_out, bias=name == first) for name, d in widths.items()})

    def forward(self, **inputs: Tensor) -> Tensor:
        total = torch.stack([project(inputs[name]) for name, project in self.maps.items()]).sum(0)
        return total.reshape(*total.shape[:-1], -1, 2).amax(-1)
