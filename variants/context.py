"""What travels beside the stream in one forward: positions, masks, memory, state and what is recorded on the way."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from variants.parts import Marks, Position, Visibility

MEMORY = ("memory_BSD", "memory_mask_BS", "memory_inputs_BSD")  # what a decoder has of the encoder


@dataclass
class State:
    """What decoding keeps between calls, preallocated for `capacity` slots per layer occurrence and branch.

    `slots` maps (stack, depth, branch) to that mixer's own tensors; `mask_BS` is True on real tokens. Where rows are
    padded on the left alone, `left_padded` makes every position scheme count real tokens. `tables` have a row for each
    slot.
    """

    batch: int
    capacity: int
    length: int = 0
    slots: dict[Hashable, dict[str, Tensor]] = field(default_factory=dict)
    mask_BS: Tensor | None = None
    prefix_B: Tensor | None = None
    memory_BSD: Tensor | None = None
    memory_mask_BS: Tensor | None = None
    memory_inputs_BSD: Tensor | None = None
    left_padded: bool = False
    tables: dict[Hashable, tuple[Tensor, ...]] = field(default_factory=dict)

    def check_room(self, slots: int) -> None:
        """Refuses more slots than there is room for.

        Raises:
            ValueError: there are too many.
        """
        if slots > self.capacity:
            raise ValueError(f"the decoding state has room for {self.capacity} slots, and {slots} are needed")

    def place(self, context: Context, mask: Tensor | None) -> None:
        """Puts a context's present tokens behind those that are kept; `mask` is theirs.

        Raises:
            ValueError: there is no room for them; nothing has changed then.
        """
        self.check_room(self.length + context.tokens)
        context.past = self.length
        context.mask_BS = self.extend_mask(mask, context.batch, context.tokens, context.device)
        self.prefix_B = context.prefix_B if self.prefix_B is None else self.prefix_B
        context.prefix_B = self.prefix_B

    def extend_mask(self, mask: Tensor | None, batch: int, tokens: int, device: torch.device) -> Tensor | None:
        """The mask of all slots once `tokens` more have come; None while every slot is real."""
        if mask is None and self.mask_BS is None:
            return None
        old = torch.ones(batch, self.length, dtype=torch.bool, device=device) if self.mask_BS is None else self.mask_BS
        new = torch.ones(batch, tokens, dtype=torch.bool, device=device) if mask is None else mask
        self.mask_BS = torch.cat([old, new], 1)
        return self.mask_BS

    def share_memory(self, context: Context) -> None:
        """Keeps what the context has of the encoder, or gives it what is kept."""
        giver, taker = (context, self) if self.memory_BSD is None else (self, context)
        for name in MEMORY:
            setattr(taker, name, getattr(giver, name))

    def bytes(self) -> int:
        """Bytes held by the mixers' tensors."""
        return sum(t.numel() * t.element_size() for slot in self.slots.values() for t in slot.values())

    def reorder(self, rows: Tensor) -> None:
        """Keeps the given rows of the batch, in that order and as often as they are named (beam search)."""
        self.batch = len(rows)
        for slot in self.slots.values():
            for name in slot:
                slot[name] = slot[name].index_select(0, rows)
        for name in ("mask_BS", "prefix_B", *MEMORY):
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
    what the running attention multiplies q.k with, `ring` the number of slots that it keeps, 0 where it has them all.
    `inputs_BTD` is what this stack's first block reads, `memory_inputs_BSD` what the encoder's did;
    `respace` puts positions elsewhere before a scheme reads them.
    """

    batch: int
    tokens: int
    device: torch.device
    past: int = 0
    mask_BS: Tensor | None = None
    prefix_B: Tensor | None = None
    segments_BT: Tensor | None = None
    global_BS: Tensor | None = None
    memory_BSD: Tensor | None = None
    memory_mask_BS: Tensor | None = None
    memory_inputs_BSD: Tensor | None = None
    inputs_BTD: Tensor | None = None
    respace: Callable[[Tensor], Tensor] | None = None
    state: State | None = None
    positions: tuple[Position, ...] = ()
    scale: float = 1.0
    ring: int = 0
    where: tuple[str, int, str] = ("", 0, "")
    aux: dict[str, Tensor] = field(default_factory=dict)
    captures: dict[str, Tensor] | None = None
    kernels: set[str] = field(default_factory=set)
    tables: dict[Hashable, Any] = field(default_factory=dict)

    @property
    def mask_BT(self) -> Tensor | None:
        """The mask of the present tokens alone."""
        return None if self.mask_BS is None else self.mask_BS[:, self.past :]

    @property
    def depth(self) -> int:
        """The layer that runs now, from 0; one that several depths share has each in turn."""
        return self.where[1]

    def renew(self, batch: int) -> None:
        """Forgets what belongs to one forward, before the next."""
        self.batch = batch
        self.tables.clear()
        self.aux.clear()

    def skip(self, slots: int) -> None:
        """Counts the first present tokens among the past ones."""
        self.past, self.tokens = self.past + slots, self.tokens - slots

    def enter(self, stack: str, depth: int, branch: str) -> None:
        """Notes which branch runs now."""
        self.where, self.ring = (stack, depth, branch), 0

    def table(self, key: Hashable, build: Callable[[], Any]) -> Any:
        """Builds once per forward, keyed by what the table depends on beside the keys' slots."""
        key = (self.ring, key) if self.ring else key
        if key not in self.tables:
            self.tables[key] = build()
        return self.tables[key]

    def rows(self, key: Hashable, ids: str, build: Callable[[Tensor], tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
        """Tables with a row for each present token, from their positions; decoding makes those of all slots at once."""
        return self.table(key, lambda: self._rows(key, ids, build))  # type: ignore[no-any-return]

    def _rows(self, key: Hashable, ids: str, build: Callable[[Tensor], tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
        state, end = self.state, self.past + self.tokens
        in_order = self.respace is None and self.are_slots(ids)
        if state is None or not in_order:
            return build(self.query_ids(ids))
        if key not in state.tables:
            state.tables[key] = build(torch.arange(state.capacity, device=self.device))
        return tuple(table[..., self.past : end, :] for table in state.tables[key])

    def lengths(self) -> int | Tensor:
        """How long each text is alone, padding left out, one number or (B, 1, 1); decoding counts the room left too."""
        slots = self.past + self.tokens if self.state is None else self.state.capacity
        return slots if self.mask_BS is None else slots - (~self.mask_BS).sum(1)[:, None, None]

    def query_slots(self) -> Tensor:
        """Slot numbers of the present tokens, (T,) int64."""
        return torch.arange(self.past, self.past + self.tokens, device=self.device)

    def key_slots(self) -> Tensor:
        """Slot number of each key of the running branch, (S,) int64: all in order, or as a ring holds them."""
        return self.table(("slots",), self._key_slots)  # type: ignore[no-any-return]

    def _key_slots(self) -> Tensor:
        if not self.ring:
            return torch.arange(self.past + self.tokens, device=self.device)
        return ring_slots(self.ring, self.past, self.tokens, self.device)

    def key_ids(self, ids: str) -> Tensor:
        """Positions of the keys: (S,) for `arange`, (B, S) for `mask`; int64."""
        every = self._ids(ids)
        return every[..., self.key_slots()] if self.ring else every

    def query_ids(self, ids: str) -> Tensor:
        """Positions of the present tokens, shaped as `key_ids`."""
        return self.query_slots() if self.respace is None and self.are_slots(ids) else self._ids(ids)[..., self.past :]

    def _ids(self, ids: str) -> Tensor:
        """Positions of all slots."""
        every: Tensor = self.table(("ids", ids), lambda: self._count(ids))
        return every if self.respace is None else self.respace(every)

    def _count(self, ids: str) -> Tensor:
        if self.are_slots(ids):
            return torch.arange(self.past + self.tokens, device=self.device)
        assert self.mask_BS is not None
        return (self.mask_BS.long().cumsum(1) - 1).clamp_min(0)

    def global_tokens(self, n_global: int | None) -> Tensor | None:
        """The global tokens, (1 or B, S): those the call marks, else the first `n_global` real ones; None: no token."""
        if not n_global or self.global_BS is not None:
            return self.global_BS
        ids = self.table(("ids", "mask"), lambda: self._count("mask"))
        return (ids < n_global).reshape(-1, ids.shape[-1])  # type: ignore[no-any-return]

    def are_slots(self, ids: str) -> bool:
        """Whether positions are the slots' own numbers."""
        by_slot = ids == "arange" and not (self.state is not None and self.state.left_padded)
        return by_slot or self.mask_BS is None

    def mask(self, visibility: Visibility) -> Tensor | None:
        """The dense boolean mask of a predicate and the padding, (1 or B, 1, T, S); None when all is visible."""
        if self.mask_BS is None and self.sees_all(visibility):
            return None
        return self.table(("mask", visibility.signature()), lambda: self._mask(visibility))  # type: ignore[no-any-return]

    def sees_all(self, visibility: Visibility) -> bool:
        """Whether the predicate hides none of the keys that the running branch has."""
        return visibility.is_full or (self.tokens == 1 and visibility.is_unbroken)

    def _mask(self, visibility: Visibility) -> Tensor:
        queries, keys = self.query_slots()[:, None], self.key_slots()[None]
        allowed = None
        if not self.sees_all(visibility):
            prefix = None if self.prefix_B is None else self.prefix_B[:, None, None]
            marks = Marks(prefix, self.global_tokens(visibility.n_global))
            pair = (queries, keys)
            if visibility.counts_real:
                pair = (self.query_ids("mask")[..., :, None], self.key_ids("mask")[..., None, :])
            allowed = visibility.allows(*pair, marks)
            allowed = allowed.reshape(-1, 1, *allowed.shape[-2:])
        if self.mask_BS is None:
            assert allowed is not None
            return allowed
        real = (self.mask_BS[:, keys[0]] if self.ring else self.mask_BS)[:, None, None]
        # a padded query may end up with no visible key; letting it see itself keeps softmax finite
        return (real if allowed is None else allowed & real) | (queries == keys)

    @property
    def held(self) -> dict[str, Tensor]:
        """What the branch that runs now has kept of the slots before, once it has read some."""
        assert self.state is not None
        return self.state.slots[self.where]

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


def ring_slots(width: int, past: int, tokens: int, device: torch.device) -> Tensor:
    """The slots in a ring where slot s has place s % width: after one present token, or before several and then those.

    One token takes the place of the slot that it no longer sees; several would displace some that the first still sees.
    """
    last = past if tokens == 1 else past - 1
    places = torch.arange(min(width, last + 1), device=device)
    kept = last - (last - places) % width
    return kept if tokens == 1 else torch.cat([kept, torch.arange(past, past + tokens, device=device)])
