"""One logit per token: was it replaced, or is it the original?"""

from __future__ import annotations

from torch import Tensor, nn

from variants.activations import ACTIVATIONS, Activation
from variants.context import Context
from variants.parts import Embedding, Head, Site
from variants.registry import HEAD


@HEAD.register("token_score")
class TokenScoreHead(Head):
    """w . activation(W x + b) + c at every slot, (B, T, 1) (Clark et al., 2020, https://arxiv.org/abs/2003.10555).

    `activation` stands between the two layers.
    """

    def __init__(self, site: Site, *, activation: Activation = "gelu") -> None:
        super().__init__()
        self.dense, self.score = nn.Linear(site.width, site.width), nn.Linear(site.width, 1)
        self.activation = ACTIVATIONS[activation]

    def forward(self, x_BTD: Tensor, context: Context, embedding: Embedding) -> Tensor:
        logits_BT1: Tensor = self.score(self.activation(self.dense(x_BTD)))
        return logits_BT1

    def flops(self, tokens: int) -> int:
        return 2 * tokens * (self.dense.weight.numel() + self.score.weight.numel())
