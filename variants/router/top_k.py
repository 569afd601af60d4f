"""A router that sends each token to the experts with the highest scores."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import torch
from torch import Tensor

from catalog.types import Count, Flag, NonNegative, Positive
from variants.context import Context
from variants.parts import Site
from variants.reading import real_slots
from variants.registry import ROUTER
from variants.routing import Correction, Router, finds_room, imbalance, loudness, refuse, within_groups
from variants.visibility.causal import CausalVisibility

FROZEN = "it counts in the choice of experts alone, and moves without a gradient"


@ROUTER.register("top_k", n_active=2, n_groups=2, n_active_groups=1, capacity=2)
class TopK(Router):
    """Token choice: p scores all experts, the `n_active` highest serve (https://arxiv.org/abs/1701.06538).

    An expert takes all tokens that choose it, or the first `capacity` of a sequence: to later ones it gives zero
    (Switch, https://arxiv.org/abs/2101.03961). Padding takes no room. `score` is `softmax` over the experts or
    `sigmoid` of each (DeepSeek-V3). `softmax` is taken `before` the choice, over all experts (Switch, OLMoE), or
    `after` it, over the chosen ones (Mixtral, https://arxiv.org/abs/2401.04088): p is then divided by its `p_norm`-norm
    over these, their sum by default, sigmoids as well. `scale` multiplies p. `bias` adds one number per expert to what
    is scored. `n_groups` parts the experts in groups. `n_active_groups` of them are open to a token, the ones with the
    best members. `group_score` counts the best member (`max`) or the two best (`top2`) of a group. `correction` adds
    one number per expert to the scores, for the choice alone. `correction_counts` makes them frozen parameters (ERNIE
    4.5). `correction_speed` is how far a training step moves them towards an even load, 0 by default
    (https://arxiv.org/abs/2408.15664). `balance` weighs the auxiliary loss n_experts * sum over e of f_e P_e, with f_e
    the share of choices and P_e the mean probability of an expert over the real tokens of a batch (Switch,
    https://arxiv.org/abs/2101.03961). `z_loss` weighs the mean square of the logits' log-sum-exp
    (https://arxiv.org/abs/2202.08906).

    Raises:
        ValueError: more experts are active than there are, groups that do not fit, a router without gradient, or an
            option without what it acts on.
    """

    silent: ClassVar[dict[str, str]] = {"correction_speed": "it acts between training steps, not within one"}

    def __init__(
        self,
        site: Site,
        *,
        n_active: Count,
        score: Literal["softmax", "sigmoid"] = "softmax",
        softmax: Literal["before", "after"] = "after",
        p_norm: Positive = 1.0,
        scale: Positive = 1.0,
        capacity: Count | None = None,
        bias: Flag = False,
        n_groups: Count | None = None,
        n_active_groups: Count | None = None,
        group_score: Literal["max", "top2"] = "max",
        correction: Flag = False,
        correction_counts: Flag = False,
        correction_speed: NonNegative | None = None,
        balance: NonNegative = 0.0,
        z_loss: NonNegative = 0.0,
    ) -> None:
        super().__init__(site, bias=bias)
        self.groups = _check_groups(self.n_experts, n_active, n_groups, n_active_groups, group_score)
        refuse(n_active > self.n_experts, f"n_active={n_active} is more than n_experts={self.n_experts}")
        refuse(
            n_active == 1 and softmax == "after",
            "softmax='after' over n_active=1 expert is always 1, so the router never learns; use before",
        )
        refuse(softmax == "before" and p_norm != 1, f"p_norm={p_norm} divides chosen scores, but softmax='before'")
        refuse(correction_speed is not None and not correction, "correction_speed is given, but correction=False")
        refuse(correction_counts and not correction, "correction_counts=True, but correction=False")
        self.choice = Correction(self.n_experts, correction_speed or 0.0, correction_counts) if correction else None
        self.n_active, self.score, self.softmax, self.scale = n_active, score, softmax, scale
        self.p_norm = p_norm
        self.capacity, self.queue = capacity, CausalVisibility(site) if capacity is not None else None
        self.balance, self.z_loss = balance, z_loss

    def forward(self, x_BTD: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        logits_BTE = self.logits(x_BTD)
        scores_BTE = logits_BTE.softmax(-1) if self.score == "softmax" else logits_BTE.sigmoid()
        context.capture("router", scores_BTE)
        wanted = scores_BTE if self.choice is None else self.choice(scores_BTE)
        wanted = wanted if self.groups is None else within_groups(wanted, *self.groups)
        chosen = wanted.topk(self.n_active, -1).indices
        weights = scores_BTE.gather(-1, chosen)
        if self.softmax == "after":
            weights = weights / (self._size(weights) + 1e-20)
        if self.capacity is not None:
            weights = weights * finds_room(chosen, self.n_experts, self.capacity, context)
        self._losses(logits_BTE, scores_BTE, chosen, context)
        if self.choice is not None and self.choice.speed and self.training:
            self.choice.move(chosen, context.mask_BT)
        return weights * self.scale, chosen

    def plain(self, x_BTD: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Token after token; each takes some of the room that experts have in its row."""
        rows = []
        for row, x_TD in enumerate(x_BTD):
            room, real = [self.capacity or math.inf] * self.n_experts, real_slots(context.mask_BT, row, x_BTD).tolist()
            rows.append([self._single(x_D, room, t in real) for t, x_D in enumerate(x_TD)])
        weights, chosen = ([torch.stack([token[i] for token in tokens]) for tokens in rows] for i in (0, 1))
        return torch.stack(weights), torch.stack(chosen)

    def _single(self, x_D: Tensor, room: list[float], is_real: bool) -> tuple[Tensor, Tensor]:
        logits_E = self.logits(x_D)
        scores_E = logits_E.exp() / logits_E.exp().sum() if self.score == "softmax" else 1 / (1 + (-logits_E).exp())
        wanted = (scores_E if self.choice is None else scores_E + self.choice.values).tolist()
        chosen = sorted(self._open(wanted), key=wanted.__getitem__, reverse=True)[: self.n_active]
        weights_A = scores_E[chosen]
        if self.softmax == "after":
            weights_A = weights_A / (weights_A**self.p_norm).sum() ** (1 / self.p_norm)
        for place, expert in enumerate(chosen):
            room[expert] -= is_real
            weights_A[place] *= room[expert] >= 0
        return weights_A * self.scale, torch.tensor(chosen, device=x_D.device)

    def _open(self, wanted: list[float]) -> list[int]:
        """The experts among which a token chooses."""
        if self.groups is None:
            return list(range(self.n_experts))
        n_groups, n_active_groups, members = self.groups
        size = self.n_experts // n_groups
        parts = [range(first, first + size) for first in range(0, self.n_experts, size)]
        parts.sort(key=lambda part: sum(sorted(wanted[expert] for expert in part)[-members:]))
        return [expert for part in parts[-n_active_groups:] for expert in part]

    def _size(self, weights_BTA: Tensor) -> Tensor:
        """The p-norm of weights, which are not negative; with p = 1 a softmax becomes that over the chosen logits."""
        total: Tensor = weights_BTA.pow(self.p_norm).sum(-1, keepdim=True).pow(1 / self.p_norm)
        return total

    def dead_parameters(self) -> dict[str, str]:
        return {"choice.correction.bias": FROZEN} if self.choice is not None and self.choice.counts else {}

    def _losses(self, logits_BTE: Tensor, scores_BTE: Tensor, chosen: Tensor, context: Context) -> None:
        if self.balance:
            probability = scores_BTE / scores_BTE.sum(-1, keepdim=True)
            context.add_aux("balance", self.balance * imbalance(probability, chosen, context.mask_BT))
        if self.z_loss:
            context.add_aux("z_loss", self.z_loss * loudness(logits_BTE, context.mask_BT))


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
