"""A mixture of experts, among which a router chooses for each token."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from catalog.types import Count, Flag, Positive, Probability, RouterPart, Whole
from variants.activations import ACTIVATIONS, Activation
from variants.context import Context
from variants.experts import ExpertForm, Experts
from variants.matrices import matrix_numbers
from variants.parts import Mixer, Position, Site, Visibility
from variants.registry import FFN
from variants.routing import Router, refuse

TOP_K: dict[str, Any] = {"kind": "top_k"}


@FFN.register("moe", n_experts=4, d_ff=24, n_shared=1, d_shared=20, clamp=0.5)
class MixtureOfExperts(Mixer):
    """sum over chosen experts of p_e * expert_e(x) (Shazeer et al., 2017, https://arxiv.org/abs/1701.06538).

    `n_experts` feed-forward networks share the tokens. `router` says which of them serve a token, and with what p.
    `d_ff` is the hidden width of each. `activation` acts on the hidden layer, or on its gate. `weighs` says whether p
    multiplies the `output` of an expert or its `input` (Llama 4). `bias` gives experts biases. `gated` experts are
    activation(gate(x)) * up(x) instead of activation(up(x)). `clamp` c limits gates to c and ups to -c .. c, and adds
    one to ups (gpt-oss). `n_shared` experts more serve every token, as one network n_shared times as wide (DeepSeekMoE,
    https://arxiv.org/abs/2401.06066). `d_shared` is the hidden width of each of these, d_ff by default. `shared_gate`
    multiplies it by sigmoid of a projection of x to one number (Qwen1.5-MoE). `dropout` acts on the hidden layer.

    Raises:
        ValueError: an option without what it acts on, or a router that cannot choose among so many.
    """

    def __init__(
        self,
        site: Site,
        *,
        d_ff: Count,
        n_experts: Count,
        router: RouterPart = TOP_K,
        weighs: Literal["output", "input"] = "output",
        activation: Activation = "silu",
        bias: Flag = False,
        gated: Flag = True,
        clamp: Positive | None = None,
        n_shared: Whole = 0,
        d_shared: Count | None = None,
        shared_gate: Flag = False,
        dropout: Probability = 0.0,
    ) -> None:
        super().__init__()
        refuse(d_shared is not None and not n_shared, f"d_shared={d_shared} is a width of shared experts; n_shared=0")
        refuse(shared_gate and not n_shared, "shared_gate=True gates the shared experts, but n_shared=0")
        refuse(weighs == "input" and bias, "weighs='input' with bias=True: experts that were not chosen would write")
        self.router: Router = site.part("router", router, n_experts=n_experts)
        # whether a token is served may hang on those before it
        self.is_bounded = self.router.queue is not None
        refuse(weighs == "input" and self.is_bounded, "weighs='input' with a capacity: full experts would write")
        form = ExpertForm(ACTIVATIONS[activation], gated, bias, clamp, weighs == "input", dropout)
        self.experts = Experts(n_experts, site.width, d_ff, form)
        shared = {"kind": "gated" if gated else "mlp", "d_ff": n_shared * (d_shared or d_ff), "activation": activation}
        self.shared = site.part("ffn", {**shared, "dropout": dropout}) if n_shared else None
        self.shared_gate = nn.Linear(site.width, 1, bias=False) if shared_gate else None

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        pairs = _pairs(x_BTD, *self.router(x_BTD, context))
        y_BTD = self.experts(*pairs, context).unflatten(0, x_BTD.shape[:2])
        return self._with_shared(y_BTD, x_BTD, context)

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        pairs = _pairs(x_BTD, *self.router.plain(x_BTD, context))
        y_BTD = self.experts.dense(*pairs).reshape(x_BTD.shape)
        return self._with_shared(y_BTD, x_BTD, context)

    def _with_shared(self, y_BTD: Tensor, x_BTD: Tensor, context: Context) -> Tensor:
        if self.shared is None:
            return y_BTD
        shared_BTD: Tensor = self.shared(x_BTD, context)
        if self.shared_gate is not None:
            shared_BTD = shared_BTD * torch.sigmoid(self.shared_gate(x_BTD))
        return y_BTD + shared_BTD

    def sees(self) -> Visibility | None:
        return self.router.queue

    def flops(self, tokens: int, pairs: int) -> int:
        experts = self.experts.numbers * self.router.n_active
        return 2 * tokens * (matrix_numbers(self.router, self.shared, self.shared_gate) + experts)

    def dead_parameters(self, positions: tuple[Position, ...]) -> dict[str, str]:
        return {f"router.{name}": reason for name, reason in self.router.dead_parameters().items()}


def _pairs(x_BTD: Tensor, weights_BTA: Tensor, chosen_BTA: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The tokens of all rows, and the weights and numbers of their experts."""
    return x_BTD.flatten(0, 1), weights_BTA.to(x_BTD.dtype).flatten(0, 1), chosen_BTA.flatten(0, 1)
