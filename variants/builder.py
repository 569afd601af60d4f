"""The one builder: from a resolved spec to a model, for every entry of the catalog."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from variants.context import Context, Output, State
from variants.given import Given, check_global, check_range, check_text
from variants.initialise import initialise
from variants.parts import Embedding, Head, Init, Part, Site, Spec
from variants.registry import SORTS, discover
from variants.stack import Stack


def make(sort: str, spec: Spec, site: Site) -> Part:
    """Builds one part from its filled spec."""
    options = {name: value for name, value in spec.items() if name not in ("kind", "sort")}
    return SORTS[sort].kinds[spec["kind"]].build(site, options)


class Model(nn.Module):
    """A built entry. `model(...)` gives logits, `model.run(...)` an `Output`.

    With an encoder and a decoder, `source` goes to the encoder and `tokens` to the decoder. A decoder alone reads
    `source` as a prefix of `tokens` and returns the logits of `tokens`.
    """

    def __init__(self, spec: Spec) -> None:
        super().__init__()
        discover()
        self.spec = spec
        site = Site(spec["d_model"], "decoder", 0, spec["vocab_size"], spec["context_length"], make)
        self.embedding: Embedding = site.part("embedding", spec["embedding"])
        self.source_embedding = self._source_embedding(spec, site)
        width, table_width = self.embedding.width, self.embedding.table_width
        encoder, decoder = spec["encoder"], spec["decoder"]
        self.encoder = Stack(encoder, site.at(stack="encoder"), width) if encoder else None
        memory = spec["d_model"] if encoder else None
        self.decoder = Stack(decoder, site.at(d_memory=memory), width) if decoder else None
        norm, own_slots = (decoder or encoder)["norm"], self.embedding.own_slots
        self.head: Head = site.part("head", spec["head"], norm=norm, table_width=table_width, own_slots=own_slots)
        self.skips_gaps = self.decoder is not None and all(p.ids == "mask" for p in self.decoder.every_position)
        self.n_segments = max(part.n_segments for part in self.modules() if isinstance(part, Part))
        if 0 < self.embedding.n_segments < self.n_segments:
            told = f"the embedding has vectors for {self.embedding.n_segments} segments, and a part tells"
            raise ValueError(f"{told} {self.n_segments} apart; allowed: 0, or {self.n_segments} and more")
        self.kernels_seen: set[str] = set()

    def _source_embedding(self, spec: Spec, site: Site) -> Embedding | None:
        """The encoder's own embedding where there is also a decoder; one vocabulary means one table."""
        if not (spec["encoder"] and spec["decoder"]):
            return None
        if self.embedding.table_width is None:
            raise ValueError(
                "a decoder beside an encoder reads tokens, and this embedding has no table; allowed: token"
            )
        foreign = spec.get("source_vocab_size")
        source: Embedding = site.part("embedding", spec["embedding"], vocab_size=foreign or spec["vocab_size"])
        if not foreign:
            source.tie(self.embedding)
        return source

    def forward(
        self,
        tokens: Tensor,
        padding_mask: Tensor | None = None,
        source: Tensor | None = None,
        source_padding_mask: Tensor | None = None,
        segments: Tensor | None = None,
        global_mask: Tensor | None = None,
    ) -> Tensor:
        return self.run(tokens, padding_mask, source, source_padding_mask, segments, global_mask).logits

    def run(
        self,
        tokens: Tensor,
        padding_mask: Tensor | None = None,
        source: Tensor | None = None,
        source_padding_mask: Tensor | None = None,
        segments: Tensor | None = None,
        global_mask: Tensor | None = None,
        state: State | None = None,
        capture: bool = False,
        last: bool = False,
    ) -> Output:
        """As calling the model, with auxiliary losses, decoding state and captures.

        `tokens` (B, T) int64, or what the embedding takes; masks (B, T) bool, True on real tokens, `global_mask` on the
        global ones of what the encoder reads. With `last` the head reads the last slot alone.

        Raises:
            ValueError: the model has no use for an input or lacks one, or an input does not fit.
        """
        given = Given(tokens, padding_mask, source, source_padding_mask, segments, global_mask)
        given.check(self, state)
        context = Context(0, 0, tokens.device, segments_BT=segments, global_BS=global_mask, state=state)
        context.captures = {} if capture else None
        if not torch.compiler.is_compiling():
            context.kernels = self.kernels_seen
        try:
            return self._run(given, context, last)
        except IndexError:
            given.check_ids(self)
            raise

    def _run(self, given: Given, context: Context, last: bool) -> Output:
        state, prefix = context.state, 0
        if self.encoder is not None and self.decoder is not None:
            self._remember_source(given.source, given.source_padding_mask, context)
            tokens, padding_mask = given.tokens, given.padding_mask
        else:
            tokens, padding_mask, prefix = given.whole()
        self._place(context, tokens, padding_mask, prefix)
        stack = self.decoder if self.decoder is not None else self.encoder
        assert stack is not None
        x_BTD = stack(tokens, self.embedding, context)
        if state is not None:
            state.length += context.tokens
        context.skip(context.tokens - 1 if last else prefix)
        logits = self.head(x_BTD[:, -context.tokens :], context, self.embedding)
        return Output(logits, context.aux, state, context.captures or {})

    def encode(self, source: Tensor, padding_mask: Tensor | None = None, global_mask: Tensor | None = None) -> Tensor:
        """The encoder's output, (B, S, D).

        Raises:
            ValueError: the model has no encoder, or an input does not fit.
        """
        if self.encoder is None:
            raise ValueError("encode needs a model with an encoder; this one is a decoder")
        embedding = self.source_embedding or self.embedding
        check_text(("source", source), ("padding_mask", padding_mask), embedding)
        check_global(("source", source), global_mask, self.encoder, embedding)
        try:
            return self._encode(source, padding_mask, Context(0, 0, source.device, global_BS=global_mask))
        except IndexError:
            check_range("source", source, embedding.n_ids)
            raise

    def new_state(self, batch: int, capacity: int) -> State:
        """An empty decoding state for `batch` rows and at most `capacity` slots, a prefix's own included."""
        return State(batch, capacity)

    def kernels(self) -> list[str]:
        """The attention kernels that ran since the model was built."""
        return sorted(self.kernels_seen)

    def _encode(self, source: Tensor, mask: Tensor | None, context: Context) -> Tensor:
        assert self.encoder is not None
        embedding = self.embedding if self.source_embedding is None else self.source_embedding
        inner = Context(source.shape[0], embedding.length(source), source.device, mask_BS=mask)
        inner.captures, inner.kernels, inner.aux = context.captures, context.kernels, context.aux
        inner.global_BS, context.global_BS = context.global_BS, None  # the decoder has no use for it
        memory: Tensor = self.encoder(source, embedding, inner)
        context.memory_inputs_BSD = inner.inputs_BTD
        return memory

    def _remember_source(self, source: Tensor | None, mask: Tensor | None, context: Context) -> None:
        """Puts the encoder's output into the context, from the state where it is already there."""
        state = context.state
        if state is None or state.memory_BSD is None:
            assert source is not None
            context.memory_BSD, context.memory_mask_BS = self._encode(source, mask, context), mask
        if state is not None:
            state.share_memory(context)

    def _place(self, context: Context, tokens: Tensor, mask: Tensor | None, prefix: int) -> None:
        """Fills in which slots the tokens take, and which of all slots are real."""
        context.batch, context.tokens = tokens.shape[0], self.embedding.length(tokens)
        context.mask_BS = mask
        context.prefix_B = tokens.new_full((context.batch,), prefix, dtype=torch.int64) if prefix else None
        if context.state is not None:
            context.state.place(context, mask)


def build_model(spec: Spec, seed: int = 0, salt: str = "", device: str | torch.device = "cpu") -> Model:
    """Builds a resolved spec and gives every tensor its first value, a pure function of (seed, salt, role).

    `device` may be `meta`: then there are shapes and no values.

    Raises:
        ValueError: the parts cannot be built with these options.
    """
    on_meta = str(device) == "meta"
    with torch.random.fork_rng(devices=[]), torch.device("meta" if on_meta else "cpu"):
        model = Model(spec)
        if not on_meta:
            rule = make("init", spec["init"], Site(1, "", 0, 1, 1, make))
            assert isinstance(rule, Init)
            depth = max(stack["n_layers"] for stack in (spec["encoder"], spec["decoder"]) if stack)
            initialise(model, rule, depth, seed, salt)
    return model.to(device)
