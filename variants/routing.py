"""Which experts a token is sent to: the contract of routers, and the groups, corrections, room and losses they use."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from variants.context import Context
from variants.parts import Part, Site, Visibility
from variants.projections import Slice


class Router(Part):
    """Sends each token to `n_active` of the experts around it, which it scores by a linear projection."""

    n_active: int

    def __init__(self, site: Site, *, bias: bool = False) -> None:
        super().__init__()
        if site.n_experts is None:
            raise ValueError("a router stands in a mixture of experts; here there are none")
        self.n_experts = site.n_experts
        # which slots decide whether an expert serves a token, where not the token alone does
        self.queue: Visibility | None = None
        self.weight = nn.Parameter(torch.empty(site.n_experts, site.width))
        self.bias = nn.Parameter(torch.zeros(site.n_experts)) if bias else None

    def forward(self, x_BTD: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Weights and numbers of each token's A experts, both (B, T, A)."""
        raise NotImplementedError

    def plain(self, x_BTD: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """The paper's formula, written out token by token, without auxiliary losses; `forward` where none is."""
        routed: tuple[Tensor, Tensor] = self(x_BTD, context)
        return routed

    def dead_parameters(self) -> dict[str, str]:
        """Names of parameters (or slices) without gradient, each with the reason."""
        return {}

    def logits(self, x_BTD: Tensor) -> Tensor:
        """(B, T, E), in float32 at least."""
        logits_BTE = F.linear(x_BTD, self.weight, self.bias)
        return logits_BTE.to(torch.promote_types(logits_BTE.dtype, torch.float32))


class Correction(nn.Module):
    """One number per expert, added to scores for the choice and moved without a gradient (https://arxiv.org/abs/2408.15664).

    In training it moves by `speed` up for experts with less than the mean load, and down for those with more. It is a
    buffer, or where it `counts` a frozen parameter.
    """

    values: Tensor

    def __init__(self, n_experts: int, speed: float, counts: bool) -> None:
        super().__init__()
        if counts:
            self.values = nn.Parameter(torch.zeros(n_experts), requires_grad=False)
        else:
            self.register_buffer("values", torch.zeros(n_experts))
        self.speed, self.counts = speed, counts

    def forward(self, scores_BTE: Tensor) -> Tensor:
        return scores_BTE + self.values

    def named_slices(self) -> Iterator[Slice]:
        """The numbers under the name that tables of weights use."""
        yield "correction.bias", self.values

    @torch.no_grad()
    def move(self, chosen_BTA: Tensor, real_BT: Tensor | None) -> None:
        """One step towards even loads; padding is no load."""
        n_experts = len(self.values)
        load_BTE = F.one_hot(chosen_BTA, n_experts).sum(-2).to(self.values.dtype)
        load_E = (load_BTE if real_BT is None else load_BTE * real_BT[..., None]).sum((0, 1))
        self.values.add_(self.speed * torch.sign(load_E.mean() - load_E))


def within_groups(scores_BTE: Tensor, n_groups: int, n_active_groups: int, members: int) -> Tensor:
    """Scores with -inf outside the best groups; a group counts as the sum of its `members` best experts."""
    grouped: Tensor = scores_BTE.reshape(*scores_BTE.shape[:-1], n_groups, -1)
    best = grouped.topk(members, -1).values.sum(-1).topk(n_active_groups, -1).indices
    kept = torch.zeros(*scores_BTE.shape[:-1], n_groups, dtype=torch.bool, device=scores_BTE.device)
    kept = kept.scatter(-1, best, True)
    open_BTE: Tensor = grouped.masked_fill(~kept[..., None], float("-inf")).flatten(-2)
    return open_BTE


def finds_room(chosen_BTA: Tensor, n_experts: int, capacity: int, context: Context) -> Tensor:
    """True where an expert had fewer than `capacity` earlier tokens of the row, (B, T, A); padding takes no room."""
    taken_BTE = F.one_hot(chosen_BTA, n_experts).sum(-2)
    if context.mask_BT is not None:
        taken_BTE = taken_BTE * context.mask_BT[..., None]
    load_BTE = taken_BTE.cumsum(1)
    slot = context.slot(lambda state: {"load": load_BTE.new_zeros(state.batch, n_experts)})
    if slot is not None:
        load_BTE = load_BTE + slot["load"][:, None]
        slot["load"] = load_BTE[:, -1]
    return load_BTE.gather(-1, chosen_BTA) <= capacity


def imbalance(probability_BTE: Tensor, chosen_BTA: Tensor, real_BT: Tensor | None) -> Tensor:
    """1 where choices and probabilities are even, n_experts where one expert takes all."""
    n_experts, n_active = probability_BTE.shape[-1], chosen_BTA.shape[-1]
    share_BTE = F.one_hot(chosen_BTA, n_experts).sum(-2).to(probability_BTE.dtype) / n_active
    if real_BT is None:
        return n_experts * (share_BTE.mean((0, 1)) * probability_BTE.mean((0, 1))).sum()
    real_BT1 = real_BT[..., None].to(probability_BTE.dtype)
    count = real_BT1.sum().clamp_min(1)
    share_E, mean_E = (share_BTE * real_BT1).sum((0, 1)) / count, (probability_BTE * real_BT1).sum((0, 1)) / count
    return n_experts * (share_E * mean_E).sum()


def loudness(logits_BTE: Tensor, real_BT: Tensor | None) -> Tensor:
    """The mean over real tokens of the squared log-sum-exp of their logits."""
    square_BT = logits_BTE.logsumexp(-1).square()
    weight_BT = torch.ones_like(square_BT) if real_BT is None else real_BT.to(square_BT.dtype)
    return (square_BT * weight_BT).sum() / weight_BT.sum().clamp_min(1)


def refuse(is_wrong: bool, message: str) -> None:
    """Raises a ValueError with this message where something is wrong."""
    if is_wrong:
        raise ValueError(message)
