"""ScaleNorm: vectors brought to one learned length."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from variants.parts import Norm, Site
from variants.registry import NORM

SHORTEST = 1e-5  # a vector shorter than this counts as this long, so that zero stays zero


@NORM.register("scale_norm")
class ScaleNorm(Norm):
    """g * x / |x|, g one learned number from sqrt(width) (Nguyen and Salazar, 2019, https://arxiv.org/abs/1910.05895)."""

    def __init__(self, site: Site) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(site.width**0.5))

    def forward(self, x: Tensor) -> Tensor:
        # float32: the square of a long bfloat16 vector loses its last bits
        exact = x.to(torch.promote_types(x.dtype, torch.float32))
        length = torch.linalg.vector_norm(exact, dim=-1, keepdim=True).clamp_min(SHORTEST)
        y: Tensor = x * (self.gain / length).to(x.dtype)
        return y

    def plain(self, x: Tensor) -> Tensor:
        y: Tensor = self.gain * x / x.square().sum(-1, keepdim=True).sqrt()
        return y
