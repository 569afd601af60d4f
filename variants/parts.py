"""The contracts of the parts that the builder joins, and the legend of shape letters.

Letters that end a tensor's name: B batch, T tokens (queries), S source or key tokens, D model width, H heads,
G key-value heads, K head width, F hidden width, E experts, V vocabulary, C classes, P patches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from variants.context import Context

Spec = dict[str, Any]


@dataclass(frozen=True)
class Site:
    """Where a part stands: what the builder knows and an entry need not repeat.

    `width` is the width of the vectors that the part reads and writes; `d_memory` the encoder's width, where there
    is an encoder; `table_width` that of the token table; `own_slots` are those that the embedding puts before the
    input's; `make` builds a nested part from its filled spec; `layer` and
    `sublayer` count from 0 in the stack and in the block; `last_layer` is the last one with the same block; `hooks` are
    those of the stack's position schemes; `n_experts` is how many experts a router chooses from.
    """

    width: int
    stack: str
    n_layers: int
    vocab_size: int
    context_length: int
    make: Callable[[str, Spec, Site], Any]
    norm: Spec = field(default_factory=dict)
    visibility: Visibility | None = None
    d_memory: int | None = None
    table_width: int | None = None
    own_slots: int = 0
    layer: int = 0
    last_layer: int = 0
    sublayer: int = 0
    hooks: frozenset[str] = frozenset()
    n_experts: int | None = None

    def at(self, **changes: Any) -> Site:
        return replace(self, **changes)

    def part(self, sort: str, spec: Spec | None, **changes: Any) -> Any:
        """Builds the nested part `spec` here; None stays None."""
        return None if spec is None else self.make(sort, spec, self.at(**changes))

    def make_norm(self, **changes: Any) -> Norm:
        """Builds the stack's own norm here."""
        norm: Norm = self.part("norm", self.norm, **changes)
        return norm


class Part(nn.Module):
    """Anything that an entry can name by `kind`."""

    # why no slower form stands beside what runs, where none does
    is_plain: ClassVar[str] = ""
    # options without effect on parameters, outputs and gradients, with the reason (read by the certificate)
    silent: ClassVar[dict[str, str]] = {}
    # parameters that keep the value their constructor gave them
    fixed_init: ClassVar[frozenset[str]] = frozenset()
    # how many segment ids this part tells apart; 0: it reads none
    n_segments: int = 0


class Mixer(Part):
    """A branch of a sublayer: `forward(x_BTD, context) -> x_BTD`; its memory of past tokens lives in the context."""

    # position hooks that this kind honours; an entry that asks for another is refused when it is loaded
    hooks: ClassVar[frozenset[str]] = frozenset()
    # True where content decides what is read, so that `sees` is a bound and no equality
    is_bounded: bool = False
    # how many heads meet the hooks of position schemes, and how wide each is; None where none do
    head_shape: tuple[int, int] | None = None
    # True where the encoder's output is read beside the own past; `flops` then counts queries times memory slots
    reads_memory: ClassVar[bool] = False
    # False where a query reads a part of the encoder's output alone
    spans_memory: bool = True

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        raise NotImplementedError

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor | None:
        """The paper's formula, written out slowly and without a cache; None where `is_plain` says why not."""
        return None

    def flops(self, tokens: int, pairs: int) -> int:
        """Forward FLOPs (a multiply-add counts two) for `tokens` tokens and `pairs` visible query-key pairs."""
        raise NotImplementedError

    def sees(self) -> Visibility | None:
        """The predicate of what this mixer may read; None: each token sees only itself."""
        return None

    def positions(self) -> Iterator[Position]:
        """The position schemes that belong to this branch alone."""
        return iter(())

    def dead_parameters(self, positions: tuple[Position, ...]) -> dict[str, str]:
        """Names of parameters (or slices) without gradient under the stack's `positions`, each with the reason."""
        return {}


class Norm(Part):
    """Normalises the last dimension of `width` numbers."""

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def plain(self, x: Tensor) -> Tensor | None:
        """As `Mixer.plain`."""
        return None


class Marks(NamedTuple):
    """What a call says of its rows that a predicate may hang on; None where it says nothing.

    `prefix_B11` counts the slots of a prefix, `global_BS` is True on global tokens.
    """

    prefix_B11: Tensor | None = None
    global_BS: Tensor | None = None


NO_MARKS = Marks()


class Visibility(Part):
    """A predicate over (query slot, key slot), stated once for masks, FLOPs and the certificate."""

    is_plain = "the predicate is the formula"
    # True where the predicate is exactly `key <= query`, which fused kernels know
    is_causal: ClassVar[bool] = False
    # True where every slot is visible
    is_full: ClassVar[bool] = False
    # True where no later slot is ever visible, so that states of past tokens can be kept
    is_streaming: ClassVar[bool] = False
    # True where a slot sees itself and every slot before it, back to `reach`
    is_unbroken: ClassVar[bool] = False
    # True where slots of a prefix see more than the predicate gives to those after it
    reads_prefix: ClassVar[bool] = False
    # True where the predicate is over positions of real tokens, so that padding does not shift it
    counts_real: ClassVar[bool] = False
    # how many tokens at the start are global where a call marks none; None: it knows no global tokens
    n_global: int | None = None
    # how many slots back a query sees at most, its own included; None: all of them
    reach: int | None = None
    # how many slots ahead it sees at most; None: all of them
    ahead: int | None = None

    def allows(self, query: Tensor, key: Tensor, marks: Marks = NO_MARKS) -> Tensor:
        """Booleans in the broadcast shape of `query` and `key` (slot numbers, int64); True is visible."""
        raise NotImplementedError

    def signature(self) -> tuple[Any, ...]:
        """What two predicates must share to be the same one."""
        return (type(self).__name__,)


class Position(Part):
    """A position scheme: hooks that are the identity by default.

    `ids` says where positions come from: `arange` counts slots, `mask` counts real tokens.
    """

    is_plain = "the hooks are the formula, and tests hold each to the paper's or the library's, pair by pair"
    hooks: ClassVar[frozenset[str]] = frozenset()
    # True where scores depend on differences of positions alone, so that padding on the left shifts nothing
    is_relative: ClassVar[bool] = False
    # True where the scheme adds to each score something that depends on its key, so that a key's bias is felt
    reads_keys: ClassVar[bool] = False
    # up to how many tokens a text's length has no say in its positions; None: it never has
    settled: int | None = None
    ids: str = "arange"

    def check_heads(self, n_heads: int, d_head: int) -> None:
        """Refuses the heads of an attention that the scheme cannot serve.

        Raises:
            ValueError: it needs another number of heads, or others than `d_head` wide.
        """

    def overrides(self, hook: str) -> bool:
        """Whether this scheme does anything in a hook."""
        return getattr(type(self), hook) is not getattr(Position, hook)

    def prepare(self, context: Context) -> None:
        """Builds this forward's tables, in float32, into `context.tables`."""

    def embed(self, x_BTD: Tensor, context: Context) -> Tensor:
        return x_BTD

    def step(self, x_BTD: Tensor, context: Context, depth: int) -> Tensor:
        """As `embed`, before the block at every depth, which counts from 0."""
        return x_BTD

    def rotate(self, q_BHTK: Tensor, k_BGTK: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        return q_BHTK, k_BGTK

    def rotate_values(self, v_BGTK: Tensor, context: Context) -> Tensor:
        return v_BGTK

    def bias(self, q_BHTK: Tensor, k_BHSK: Tensor, context: Context) -> Tensor | None:
        """Added to the scaled scores; broadcasts to (B, H, T, S). `context.scale` is what q.k was scaled by."""
        return None

    def flops(self, tokens: int, pairs: int) -> int:
        """Forward FLOPs that one attention spends on this scheme's matrix products, as `Mixer.flops`."""
        return 0


def hooks_of(positions: Iterable[nn.Module]) -> frozenset[str]:
    """All hooks that some position schemes provide."""
    return frozenset(hook for p in positions if isinstance(p, Position) for hook in p.hooks)


class Joint(nn.Module):
    """Ties one sublayer to the stream: what its branches read, and how their outputs are written back."""

    def read(self, stream: Any) -> list[Tensor]:
        raise NotImplementedError

    def write(self, stream: Any, outputs: list[Tensor]) -> Any:
        raise NotImplementedError


class ResidualScheme(Part):
    """Owns the stream of a stack from `open` to `close`, and makes one joint per sublayer."""

    is_plain = "sums of branches and norms, as papers write them"

    def open(self, x_BTD: Tensor) -> Any:
        return x_BTD

    def change(self, stream: Any, function: Callable[[Tensor], Tensor]) -> Any:
        """The stream with every tensor that branches read changed; between two blocks."""
        return function(stream)

    def close(self, stream: Any) -> Tensor:
        x: Tensor = stream
        return x

    def joint(self, site: Site, n_branches: int) -> Joint:
        raise NotImplementedError


class Embedding(Part):
    """From tokens (or patches) to the stream; applies the `embed` hooks of the stack's positions.

    `width` is the width that positions are added at (the factorised width, where there is one).
    """

    is_plain = "rows of tables and their sums, as papers write them"
    width: int
    # how many slots it puts before the input's, as for a class
    own_slots: int = 0
    # how many ids it has vectors for; None where it looks nothing up
    n_ids: int | None = None

    @property
    def table_width(self) -> int | None:
        """The width of the table that a tied head reads; None where there is none."""
        return self.width

    def forward(self, tokens: Tensor, context: Context) -> Tensor:
        raise NotImplementedError

    def check(self, name: str, tokens: Tensor) -> None:
        """Refuses tokens of a shape or type that cannot be read, by the name that the caller knows them by.

        Raises:
            ValueError: they do not fit.
        """

    def length(self, tokens: Tensor) -> int:
        """How many slots these tokens take in the stack."""
        return tokens.shape[1]

    def tie(self, other: Embedding) -> None:
        """Shares the other's tables; norms stay this one's own."""
        raise NotImplementedError

    def sample(self, batch: int, length: int, draw: torch.Generator) -> Tensor:
        """Random valid input of about `length` slots, for checks and timing."""
        raise NotImplementedError

    def matrix(self) -> Tensor | None:
        """The (V, width) table that a tied head reads; None where there is none."""
        return None

    def flops(self, tokens: int) -> int:
        """Forward FLOPs of what is projected before the first block; a lookup costs none."""
        return 0


class Head(Part):
    """From the last stack's output to logits."""

    is_plain = "products with whole matrices, as papers write them"

    def forward(self, x_BTD: Tensor, context: Context, embedding: Embedding) -> Tensor:
        raise NotImplementedError

    def flops(self, tokens: int) -> int:
        raise NotImplementedError


class Init(Part):
    """A rule that turns the counter-based standard normal draw into a tensor's first value.

    `role` is the tensor's dotted name in the model, a slice's own included.
    """

    is_plain = "the rule is the formula"

    def fill(self, noise: Tensor, role: str, module: nn.Module, fan_in: int, fan_out: int, n_layers: int) -> Tensor:
        raise NotImplementedError
