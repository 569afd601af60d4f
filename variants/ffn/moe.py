"""A mixture of experts with token-choice routing."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from catalog.types import Count, Flag, NonNegative, Positive, Probability, Whole
from variants.activations import ACTIVATIONS, Activation
from variants.context import Context
from variants.experts import ExpertForm, Experts
from variants.matrices import matrix_numbers
from variants.parts import Mixer, Site
from variants.registry import FFN
from variants.routing import Correction, within_groups


@FFN.register("moe", n_experts=4, n_active=2, d_ff=24, n_groups=2, n_active_groups=1, n_shared=1, clamp=0.5)
class MixtureOfExperts(Mixer):
    """sum over chosen experts of p_e * expert_e(x) (Shazeer et al., 2017, https://arxiv.org/abs/1701.06538).

    p scores a linear router; an expert takes all tokens that choose it. `n_experts` feed-forward networks share the
    tokens. `d_ff` is the hidden width of each. `n_active` of them serve each token. `activation` acts on the hidden
    layer, or on its gate. `score` is `softmax` over the experts or `sigmoid` of each (DeepSeek-V3). `softmax` is taken
    `before` the choice, over all experts (Switch, OLMoE), or `after` it, over the chosen ones (Mixtral,
    https://arxiv.org/abs/2401.04088): p is then divided by its sum over these, sigmoids as well. `routed_scale`
    multiplies p. `n_groups` parts the experts in groups. `n_active_groups` of them are open to a token, the ones with
    the best members. `group_score` counts the best member (`max`) or the two best (`top2`) of a group. `correction`
    adds one number per expert to the scores, for the choice alone. `correction_speed` is how far a training step moves
    it towards an even load, 0 by default (https://arxiv.org/abs/2408.15664). `weighs` says whether p multiplies the
    `output` of an expert or its `input` (Llama 4). `bias` gives router and experts biases. `gated` experts are
    activation(gate(x)) * up(x) instead of activation(up(x)). `clamp` c limits gates to c and ups to -c .. c, and adds
    one to ups (gpt-oss). `n_shared` experts more serve every token, as one network n_shared times as wide (DeepSeekMoE,
    https://arxiv.org/abs/2401.06066). `shared_gate` multiplies it by sigmoid of a projection of x to one number
    (Qwen1.5-MoE). `balance` weighs the auxiliary loss n_experts * sum over e of f_e P_e, with f_e the share of choices
    and P_e the mean probability of an expert over the real tokens of a batch (Switch,
    https://arxiv.org/abs/2101.03961). `z_loss` weighs the mean square of the router's log-sum-exp
    (https://arxiv.org/abs/2202.08906). `dropout` acts on the hidden layer.

    Raises:
        ValueError: more experts are active than there are, groups that do not fit, a router without gradient, or an
            option without what it acts on.
    """

    silent: ClassVar[dict[str, str]] = {"correction_speed": "it acts between training steps, not within one"}

    def __init__(
        self,
        site: Site,
        *,
        d_ff: Count,
        n_experts: Count,
        n_active: Count,
        score: Literal["softmax", "sigmoid"] = "softmax",
        softmax: Literal["before", "after"] = "after",
        routed_scale: Positive = 1.0,
        n_groups: Count | None = None,
        n_active_groups: Count | None = None,
        group_score: Literal["max", "top2"] = "max",
        correction: Flag = False,
        correction_speed: NonNegative | None = None,
        weighs: Literal["output", "input"] = "output",
        activation: Activation = "silu",
        bias: Flag = False,
        gated: Flag = True,
        clamp: Positive | None = None,
        n_shared: Whole = 0,
        shared_gate: Flag = False,
        balance: NonNegative = 0.0,
        z_loss: NonNegative = 0.0,
        dropout: Probability = 0.0,
    ) -> None:
        super().__init__()
        self.groups = _check_groups(n_experts, n_active, n_groups, n_active_groups, group_score)
        refuse(n_active > n_experts, f"n_active={n_active} is more than n_experts={n_experts}")
        refuse(
            n_active == 1 and softmax == "after",
            "softmax='after' over n_active=1 expert is always 1, so the router never learns; use before",
        )
        refuse(shared_gate and not n_shared, "shared_gate=True gates the shared experts, but n_shared=0")
        refuse(correction_speed is not None and not correction, "correction_speed is given, but correction=False")
        refuse(weighs == "input" and bias, "weighs='input' with bias=True: experts that were not chosen would write")
        self.router = nn.Linear(site.width, n_experts, bias=bias)
        form = ExpertForm(ACTIVATIONS[activation], gated, bias, clamp, weighs == "input", dropout)
        self.experts = Experts(n_experts, site.width, d_ff, form)
        shared = {"kind": "gated" if gated else "mlp", "d_ff": n_shared * d_ff, "activation": activation}
        self.shared = site.part("ffn", {**shared, "dropout": dropout}) if n_shared else None
        self.shared_gate = nn.Linear(site.width, 1, bias=False) if shared_gate else None
        self.choice = Correction(n_experts, correction_speed or 0.0) if correction else None
        self.n_active, self.score, self.softmax, self.scale = n_active, score, softmax, routed_scale
        self.balance, self.z_loss = balance, z_loss

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        weights_BTA, chosen_BTA = self._route(x_BTD, context)
        pairs = (weights_BTA.to(x_BTD.dtype).flatten(0, 1), chosen_BTA.flatten(0, 1))
        y_BTD = self.experts(x_BTD.flatten(0, 1), *pairs, context).unflatten(0, x_BTD.shape[:2])
        if self.shared is None:
            return y_BTD  # type: ignore[no-any-return]
        shared_BTD: Tensor = self.shared(x_BTD, context)
        if self.shared_gate is not None:
            shared_BTD = shared_BTD * torch.sigmoid(self.shared_gate(x_BTD))
        return y_BTD + shared_BTD  # type: ignore[no-any-return]

    def _route(self, x_BTD: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Weights and numbers of each token's experts."""
        logits_BTE = self.router(x_BTD)
        logits_BTE = logits_BTE.to(torch.promote_types(logits_BTE.dtype, torch.float32))
        scores_BTE = logits_BTE.softmax(-1) if self.score == "softmax" else logits_BTE.sigmoid()
        context.capture("router", scores_BTE)
        wanted = scores_BTE if self.choice is None else self.choice(scores_BTE)
        wanted = wanted if self.groups is None else within_groups(wanted, *self.groups)
        chosen = wanted.topk(self.n_active, -1).indices
        weights = scores_BTE.gather(-1, chosen)
        if self.softmax == "after":
            # for softmax this equals the softmax over the chosen logits
            weights = weights / (weights.sum(-1, keepdim=True) + 1e-20)
        self._losses(logits_BTE, scores_BTE, chosen, context)
        if self.choice is not None and self.choice.speed and self.training:
            self.choice.move(chosen, context.mask_BT)
        return weights * self.scale, chosen

    def _losses(self, logits_BTE: Tensor, scores_BTE: Tensor, chosen: Tensor, context: Context) -> None:
        if self.balance:
            probability = scores_BTE / scores_BTE.sum(-1, keepdim=True)
            context.add_aux("balance", self.balance * self._imbalance(probability, chosen, context.mask_BT))
        if self.z_loss:
            square_BT = logits_BTE.logsumexp(-1).square()
            real_BT = torch.ones_like(square_BT) if context.mask_BT is None else context.mask_BT.to(square_BT.dtype)
            context.add_aux("z_loss", self.z_loss * (square_BT * real_BT).sum() / real_BT.sum().clamp_min(1))

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
        stacks = (self.experts.gate, self.experts.up, self.experts.down)
        experts = sum(stack.weight[0].numel() for stack in stacks if stack is not None) * self.n_active
        return 2 * tokens * (matrix_numbers(self.router, self.shared, self.shared_gate) + experts)


def refuse(is_wrong: bool, message: str) -> None:
    """Raises a ValueError with this message where something is wrong."""
    if is_wrong:
        raise ValueError(message)


def _check_groups(
    n_experts: int, n_active: int, n_groups: int | None, n_active_groups: int | None, group_score: str
) -> tuple[int, int, int] | None:
    """Groups, open groups and members that count; None without groups."""
    if n_groups is None or n_active_groups is None:
        refuse(n_groups != n_active_groups, "n_groups and n_active_groups are given together or not at all")
        refuse(group_score != "max", f"group_score={group_score!r} ranks groups, but there is no n_groups")
        return None
    refuse(n_experts % n_groups != 0, f"n_groups={n_groups} does not divide n_experts={n_experts}")
    members, size = (1 if group_score == "max" else 2), n_experts // n_groups
    refuse(members > size, f"group_score={group_score!r} needs {members} experts in a group; there are {size}")
    refuse(n_active_groups > n_groups, f"n_active_groups={n_active_groups} is more than n_groups={n_groups}")
    refuse(n_active > n_active_groups * size, f"n_active={n_active} experts do not fit in {n_active_groups} groups")
    return n_groups, n_active_groups, members
