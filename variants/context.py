"""What travels beside the stream in one forward: positions, masks, memory, state and what is recorded on the way."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from variants.parts import Position, Visibility


@dataclass
class State:
    """What decoding keeps between calls, preallocated for `capacity` slots per layer occurrence and branch.

    `slots` maps (stack, depth, branch) to that mixer's own tensors; `mask_BS` is True on real tokens.
    """

    batch: int
    capacity: int
    length: int = 0
    slots: dict[Hashable, dict[str, Tensor]] = field(default_factory=dict)
    mask_BS: Tensor | None = None
    prefix_B: Tensor | None = None
    memory_BSD: Tensor | None = None
    memory_mask_BS: Tensor | None = None

    def extend_mask(self, mask: Tensor | None, batch: int, tokens: int, device: torch.device) -> Tensor | None:
        """The mask of all slots once `tokens` more have come; None while every slot is real."""
        if mask is None and self.mask_BS is None:
            return None
        old = torch.ones(batch, self.length, dtype=torch.bool, device=device) if self.mask_BS is None else self.mask_BS
        new = torch.ones(batch, tokens, dtype=torch.bool, device=device) if mask is None else mask
        self.mask_BS = torch.cat([old, new], 1)
        return self.mask_BS

    def bytes(self) -> int:
        """Bytes held by the mixers' tensors."""
        return sum(t.numel() * t.element_size() for slot in self.slots.values() for t in slot.values())

    def reorder(self, rows: Tensor) -> None:
        """Keeps the given rows of the batch, in that order (beam search)."""
        for slot in self.slots.values():
            for name in slot:
                slot[name] = slot[name].index_select(0, rows)
        for name in ("mask_BS", "prefix_B", "memory_BSD", "memory_mask_BS"):
            value = getattr(self, name)
            if value is not None:
                setattr(self, name, value.index_select(0, rows))


@dataclass
class Output:
    """Logits, auxiliary losses (weighted scalars by name), the state after the call and what was captured."""

    logits: Tensor
    aux: dict[str, Tensor] = field(default_factory=dict)
    state: State | None = None
    captures: dict[str, Tensor] = field(default_factory=dict)


@dataclass
class Context:
    """One stack's view of one forward.

    `past` slots are in the state already; `mask_BS` covers past and present slots, None when all are real. `scale` is
    what the running attention multiplies q.k with.
    """

    batch: int
    tokens: int
    device: torch.device
    past: int = 0
    mask_BS: Tensor | None = None
    prefix_B: Tensor | None = None
    segments_BT: Tensor | None = None
    memory_BSD: Tensor | None = None
    memory_mask_BS: Tensor | None = None
    state: State | None = None
    positions: tuple[Position, ...] = ()
    scale: float = 1.0
    where: tuple[str, int, str] = ("", 0, "")
    aux: dict[str, Tensor] = field(default_factory=dict)
    captures: dict[str, Tensor] | None = None
    kernels: set[str] = field(default_factory=set)
    tables: dict[Hashable, Any] = field(default_factory=dict)

    @property
    def mask_BT(self) -> Tensor | None:
        """The mask of the present tokens alone."""
        return None if self.mask_BS is None else self.mask_BS[:, self.past :]

    def table(self, key: Hashable, build: Callable[[], Any]) -> Any:
        """Builds once per forward, keyed by what the table depends on."""
        if key not in self.tables:
            self.tables[key] = build()
        return self.tables[key]

    def key_ids(self, ids: str) -> Tensor:
        """Positions of all slots: (S,) for `arange`, (B, S) for `mask`; int64."""
        return self.table(("ids", ids), lambda: self._key_ids(ids))  # type: ignore[no-any-return]

    def _key_ids(self, ids: str) -> Tensor:
        if ids == "arange" or self.mask_BS is None:
            return torch.arange(self.past + self.tokens, device=self.device)
        return (self.mask_BS.long().cumsum(1) - 1).clamp_min(0)

    def query_ids(self, ids: str) -> Tensor:
        """Positions of the present tokens, shaped as `key_ids`."""
        return self.key_ids(ids)[..., self.past :]

    def mask(self, visibility: Visibility) -> Tensor | None:
        """The dense boolean mask of a predicate and the padding, (1 or B, 1, T, S); None when all is visible."""
        return self.table(("mask", visibility.signature()), lambda: self._mask(visibility))  # type: ignore[no-any-return]

    def _mask(self, visibility: Visibility) -> Tensor | None:
        allowed = None
        if not visibility.is_full:
            slots = torch.arange(self.past + self.tokens, device=self.device)
            prefix = None if self.prefix_B is None else self.prefix_B[:, None, None]
            allowed = visibility.allows(slots[self.past :, None], slots[None, :], prefix)
            allowed = allowed.reshape(-1, 1, *allowed.shape[-2:])
        if self.mask_BS is None:
            return allowed
        real = self.mask_BS[:, None, None, :]
        # a padded query may end up with no visible key; letting it see itself keeps softmax finite
        own = torch.eye(self.tokens, dtype=torch.bool, device=self.device)
        own = torch.nn.functional.pad(own, (self.past, 0))
        return (real if allowed is None else allowed & real) | own

    def slot(self, build: Callable[[State], dict[str, Tensor]]) -> dict[str, Tensor] | None:
        """The state of the branch that runs now, made on first use; None outside decoding."""
        if self.state is None:
            return None
        if self.where not in self.state.slots:
            self.state.slots[self.where] = build(self.state)
        return self.state.slots[self.where]

    def capture(self, name: str, value: Tensor) -> None:
        """Records a tensor under the running branch's place when the caller asked for captures."""
        if self.captures is not None:
            self.captures["/".join([*map(str, self.where), name])] = value

    def add_aux(self, name: str, value: Tensor) -> None:
        """Adds a weighted auxiliary loss, summed over depths."""
        self.aux[name] = self.aux[name] + value if name in self.aux else value
