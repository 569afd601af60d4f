"""Local attention cut into blocks, so that time and memory grow with tokens times reach, not with tokens squared."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from variants.context import Context
from variants.parts import NO_MARKS, Marks, Visibility

# Measured on a CPU, forward and backward, for windows of 4 to 256 tokens: from these on blocks are 1.15 to 6.5 times as
# fast as a dense mask; in shorter texts cutting and joining costs as much as it saves.
FEWEST_TOKENS = 512
MEETS_AT_MOST = 0.5  # of all keys
NARROWEST = 16  # narrower blocks take as long


@dataclass(frozen=True)
class LocalBlocks:
    """`tokens` queries in blocks of `width`; each meets its own block of keys, the one before, and `after` later ones.

    Tensors of N blocks have N times the batch, so that any attention over a dense mask serves them.
    """

    tokens: int
    width: int
    after: int

    @classmethod
    def of(cls, visibility: Visibility, context: Context) -> LocalBlocks | None:
        """The blocks of a local predicate; None where it is not local, or a dense mask serves better."""
        if visibility.reach is None or visibility.ahead is None or visibility.n_global is not None or context.past:
            return None
        if visibility.counts_real and context.mask_BS is not None:
            return None  # padding within a row would widen its reach
        width, after = max(visibility.reach, visibility.ahead, NARROWEST), int(visibility.ahead > 0)
        enough = context.tokens >= FEWEST_TOKENS and (2 + after) * width <= MEETS_AT_MOST * context.tokens
        return cls(context.tokens, width, after) if enough else None

    @property
    def number(self) -> int:
        """How many blocks there are."""
        return -(-self.tokens // self.width)

    def queries(self, q_BHTK: Tensor) -> Tensor:
        """(B * N, H, width, K); the last block is filled up with zeros."""
        return self._cut(q_BHTK).flatten(0, 1)

    def keys(self, k_BGTK: Tensor) -> Tensor:
        """(B * N, G, (2 + after) * width, K): the keys that each block meets, zeros where the text has none."""
        blocks = self._cut(k_BGTK)
        # blocks moved on by one: faster than slices, whose gradients are each as large as the whole
        met = [blocks if by == 0 else F.pad(blocks, (0, 0, 0, 0, 0, 0, by, -by)) for by in (1, 0, -1)[: 2 + self.after]]
        return torch.cat(met, 3).flatten(0, 1)

    def mask(self, visibility: Visibility, context: Context) -> Tensor:
        """(B * N, 1, width, (2 + after) * width): what each query sees of the keys that its block meets."""
        seen: Tensor = context.table(("local", visibility.signature()), lambda: self._mask(visibility, context))
        return seen.expand(context.batch, -1, -1, -1).flatten(0, 1)[:, None]

    def _mask(self, visibility: Visibility, context: Context) -> Tensor:
        """(1 or B, N, width, keys)."""
        starts_N1 = torch.arange(self.number, device=context.device)[:, None] * self.width
        queries = (starts_N1 + torch.arange(self.width, device=context.device))[..., :, None]
        around = torch.arange(-self.width, (1 + self.after) * self.width, device=context.device)
        keys = (starts_N1 + around)[..., None, :]
        marks = NO_MARKS if context.prefix_B is None else Marks(context.prefix_B[:, None, None, None])
        seen = visibility.allows(queries, keys, marks) & self._real(keys, context.mask_BS)
        if context.mask_BS is not None or self.number * self.width > self.tokens:
            # as in a dense mask a query without a visible key sees itself, which keeps softmax finite
            alone = (queries >= self.tokens) | (context.mask_BS is not None)
            seen = seen | (alone & (queries == keys))
        return seen if seen.dim() == 4 else seen[None]

    def _real(self, keys: Tensor, mask_BS: Tensor | None) -> Tensor:
        """Whether there is such a slot, and no padding in it."""
        real = (keys >= 0) & (keys < self.tokens)
        return real if mask_BS is None else real & mask_BS[:, keys.clamp(0, self.tokens - 1)]

    def join(self, y_NHTK: Tensor) -> Tensor:
        """The blocks' outputs as one text again, (B, H, T, K)."""
        y = y_NHTK.reshape(-1, self.number, *y_NHTK.shape[1:]).transpose(1, 2).flatten(2, 3)
        return y.narrow(2, 0, self.tokens)

    def _cut(self, x_BHTK: Tensor) -> Tensor:
        """The text in blocks, (B, N, H, width, K)."""
        fill = self.number * self.width - self.tokens
        filled = F.pad(x_BHTK, (0, 0, 0, fill)) if fill else x_BHTK
        return filled.reshape(*x_BHTK.shape[:2], -1, self.width, x_BHTK.shape[3]).transpose(1, 2)
