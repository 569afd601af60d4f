"""The gated feed-forward network."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from catalog.types import Count, Flag, NormPart, Probability
from variants.activations import ACTIVATIONS, Activation
from variants.binding import Step, bind, binds, weights_of
from variants.context import Context
from variants.grouped import whole_product
from variants.parts import Mixer, Site
from variants.projections import OutputLinear, SlicedLinear
from variants.registry import FFN


@FFN.register("gated")
class GatedMLP(Mixer):
    """down(activation(gate(x)) * up(x)), SwiGLU with silu (Shazeer, 2020, https://arxiv.org/abs/2002.05202).

    `d_ff` is the hidden width. `bias` gives all projections a bias. `hidden_norm` normalises the hidden layer, and
    `dropout` acts on it.
    """

    def __init__(
        self,
        site: Site,
        *,
        d_ff: Count,
        activation: Activation = "silu",
        bias: Flag = False,
        hidden_norm: NormPart | None = None,
        dropout: Probability = 0.0,
    ) -> None:
        super().__init__()
        self.gate_up = SlicedLinear(site.width, {"gate": d_ff, "up": d_ff}, frozenset({"gate", "up"} if bias else ()))
        self.down = OutputLinear(d_ff, site.width, bias=bias)
        self.hidden_norm = site.part("norm", hidden_norm, width=d_ff)
        self.activation, self.dropout = ACTIVATIONS[activation], dropout

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        gate_BTF, up_BTF = self.gate_up(x_BTD)
        h_BTF = self.activation(gate_BTF) * up_BTF
        h_BTF = h_BTF if self.hidden_norm is None else self.hidden_norm(h_BTF)
        if self.dropout:
            h_BTF = F.dropout(h_BTF, self.dropout, self.training)
        y: Tensor = self.down(h_BTF)
        return y

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        slices = dict(self.gate_up.named_slices())
        gate_BTF, up_BTF = (
            x_BTD @ slices[f"{name}.weight"].T + slices.get(f"{name}.bias", 0) for name in ("gate", "up")
        )
        h_BTF = self.activation(gate_BTF) * up_BTF
        h_BTF = h_BTF if self.hidden_norm is None else self.hidden_norm(h_BTF)
        return whole_product(h_BTF, self.down)

    def flops(self, tokens: int, pairs: int) -> int:
        return 2 * tokens * (self.gate_up.weight.numel() + self.down.weight.numel())


@binds(GatedMLP)
def _bind(mlp: GatedMLP, context: Context) -> Step | None:
    gate_up, down, activation = weights_of(mlp.gate_up), weights_of(mlp.down), mlp.activation
    if gate_up is None or down is None:
        return None
    norm = None if mlp.hidden_norm is None else bind(mlp.hidden_norm, context)

    def step(x_B1D: Tensor) -> Tensor:
        gate_B1F, up_B1F = F.linear(x_B1D, *gate_up).chunk(2, -1)
        h_B1F = activation(gate_B1F) * up_B1F
        return F.linear(h_B1F if norm is None else norm(h_B1F), *down)

    return step
