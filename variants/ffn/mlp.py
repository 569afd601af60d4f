"""The two-layer feed-forward network."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from catalog.types import Count, Flag, Probability
from variants.activations import AnyActivation, make_activation
from variants.binding import Step, binds, weights_of
from variants.context import Context
from variants.grouped import GroupedLinear, GroupedOutput, whole_product
from variants.matrices import matrix_numbers
from variants.parts import Mixer, Site
from variants.projections import OutputLinear
from variants.registry import FFN


@FFN.register("mlp")
class MLP(Mixer):
    """down(activation(up(x))) (Vaswani et al., 2017, https://arxiv.org/abs/1706.03762).

    `d_ff` is the hidden width. `bias` gives both projections a bias. `groups` cuts what each reads and writes in as
    many shares, and each share of the output reads its own share of the input (SqueezeBERT,
    https://arxiv.org/abs/2006.11316). `dropout` acts on the hidden layer.

    Raises:
        ValueError: the groups do not divide a width.
    """

    def __init__(
        self,
        site: Site,
        *,
        d_ff: Count,
        activation: AnyActivation = "gelu",
        bias: Flag = False,
        groups: Count = 1,
        dropout: Probability = 0.0,
    ) -> None:
        super().__init__()
        self.up: nn.Linear | GroupedLinear = nn.Linear(site.width, d_ff, bias=bias)
        self.down: nn.Linear | GroupedLinear = OutputLinear(d_ff, site.width, bias=bias)
        if groups > 1:
            self.up = GroupedLinear(site.width, d_ff, groups, bias)
            self.down = GroupedOutput(d_ff, site.width, groups, bias)
        self.activation, self.dropout = make_activation(activation), dropout

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        h_BTF = self.activation(self.up(x_BTD))
        if self.dropout:
            h_BTF = F.dropout(h_BTF, self.dropout, self.training)
        y: Tensor = self.down(h_BTF)
        return y

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        return whole_product(self.activation(whole_product(x_BTD, self.up)), self.down)

    def flops(self, tokens: int, pairs: int) -> int:
        return 2 * tokens * matrix_numbers(self.up, self.down)


@binds(MLP)
def _bind(mlp: MLP, context: Context) -> Step | None:
    up, down, activation = weights_of(mlp.up), weights_of(mlp.down), mlp.activation
    if up is None or down is None:
        return None
    return lambda x_B1D: F.linear(activation(F.linear(x_B1D, *up)), *down)
