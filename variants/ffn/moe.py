"""A mixture of experts with token-choice routing."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from catalog.types import Count, Flag, NonNegative, Probability, Whole
from variants.activations import ACTIVATIONS, Activation
from variants.context import Context
from variants.experts import Experts
from variants.matrices import matrix_numbers
from variants.parts import Mixer, Site
from variants.registry import FFN


@FFN.register("moe", n_experts=4, n_active=2, d_ff=24)
class MixtureOfExperts(Mixer):
    """sum over chosen experts of p_e * expert_e(x) (Shazeer et al., 2017, https://arxiv.org/abs/1701.06538).

    p is a softmax of a linear router; an expert takes all tokens that choose it. `n_experts` feed-forward networks
    share the tokens. `d_ff` is the hidden width of each. `n_active` of them serve each token. `activation` acts on the
    hidden layer, or on its gate. `softmax` is taken `before` the choice, over all experts (Switch, OLMoE), or `after`
    it, over the chosen ones (Mixtral, https://arxiv.org/abs/2401.04088). `gated` experts are activation(gate(x)) *
    up(x) instead of activation(up(x)). `n_shared` experts more serve every token, as one network n_shared times as wide
    (DeepSeekMoE, https://arxiv.org/abs/2401.06066). `balance` weighs the auxiliary loss n_experts * sum over e of f_e
    P_e, with f_e the share of choices and P_e the mean probability of an expert over the real tokens of a batch
    (Switch, https://arxiv.org/abs/2101.03961). `dropout` acts on the hidden layer.

    Raises:
        ValueError: more experts are active than there are, or a router without gradient.
    """

    def __init__(
        self,
        site: Site,
        *,
        d_ff: Count,
        n_experts: Count,
        n_active: Count,
        softmax: Literal["before", "after"] = "after",
        activation: Activation = "silu",
        gated: Flag = True,
        n_shared: Whole = 0,
        balance: NonNegative = 0.0,
        dropout: Probability = 0.0,
    ) -> None:
        super().__init__()
        if n_active > n_experts:
            raise ValueError(f"n_active={n_active} is more than n_experts={n_experts}")
        if n_active == 1 and softmax == "after":
            raise ValueError(
                "softmax='after' over n_active=1 expert is always 1, so the router never learns; use before"
            )
        self.router = nn.Linear(site.width, n_experts, bias=False)
        self.experts = Experts(n_experts, site.width, d_ff, ACTIVATIONS[activation], gated, dropout)
        shared = {"kind": "gated" if gated else "mlp", "d_ff": n_shared * d_ff, "activation": activation}
        self.shared = site.part("ffn", {**shared, "dropout": dropout}) if n_shared else None
        self.n_active, self.softmax, self.balance = n_active, softmax, balance

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        logits_BTE = self.router(x_BTD)
        exact = logits_BTE.dtype if logits_BTE.dtype == torch.float64 else torch.float32
        probability_BTE = F.softmax(logits_BTE, -1, dtype=exact)
        weights, chosen = probability_BTE.topk(self.n_active, -1)
        if self.softmax == "after":
            # equals softmax over the chosen logits
            weights = weights / weights.sum(-1, keepdim=True)
        context.capture("router", probability_BTE)
        if self.balance:
            context.add_aux("balance", self.balance * self._imbalance(probability_BTE, chosen, context.mask_BT))
        pairs = (weights.to(x_BTD.dtype).flatten(0, 1), chosen.flatten(0, 1))
        y_BTD = self.experts(x_BTD.flatten(0, 1), *pairs, context).unflatten(0, x_BTD.shape[:2])
        out: Tensor = y_BTD if self.shared is None else y_BTD + self.shared(x_BTD, context)
        return out

    def _imbalance(self, probability_BTE: Tensor, chosen_BTA: Tensor, real_BT: Tensor | None) -> Tensor:
        """1 where choices and probabilities are even, n_experts where one expert takes all."""
        n_experts = probability_BTE.shape[-1]
        share_BTE = F.one_hot(chosen_BTA, n_experts).sum(-2).to(probability_BTE.dtype) / self.n_active
        if real_BT is None:
            return n_experts * (share_BTE.mean((0, 1)) * probability_BTE.mean((0, 1))).sum()
        real_BT1 = real_BT[..., None].to(probability_BTE.dtype)
        count = real_BT1.sum().clamp_min(1)
        share_E, mean_E = (share_BTE * real_BT1).sum((0, 1)) / count, (probability_BTE * real_BT1).sum((0, 1)) / count
        return n_experts * (share_E * mean_E).sum()

    def flops(self, tokens: int, pairs: int) -> int:
        experts = matrix_numbers(self.experts) * self.n_active // self.experts.n_experts
        return 2 * tokens * (matrix_numbers(self.router, self.shared) + experts)
