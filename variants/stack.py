"""Blocks and stacks: sublayers of side-by-side branches, tied to the stream by a residual scheme, in depth order."""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import Tensor, nn

from variants.binding import Change, Step, bind_joint, bind_mixer, binds, bound
from variants.context import Context
from variants.parts import Embedding, Joint, Mixer, Position, ResidualScheme, Site, Spec, Visibility, hooks_of


class Block(nn.Module):
    """Sublayers in order, each one or more branches tied to the stream by a joint."""

    def __init__(self, spec: Spec, site: Site, scheme: ResidualScheme) -> None:
        super().__init__()
        self.stack = site.stack
        self.names = [list(sublayer) for sublayer in spec["sublayers"]]
        rows = enumerate(spec["sublayers"])
        self.joints = nn.ModuleList(scheme.joint(site.at(sublayer=i), len(sublayer)) for i, sublayer in rows)
        branches = {name: branch for sublayer in spec["sublayers"] for name, branch in sublayer.items()}
        self.branches = nn.ModuleDict({name: site.part(b["sort"], b) for name, b in branches.items()})

    def forward(self, stream: Any, context: Context, depth: int) -> Any:
        joint: Joint
        for joint, names in zip(self.joints, self.names, strict=True):  # type: ignore[assignment]
            outputs = []
            for name, x_BTD in zip(names, joint.read(stream), strict=True):
                context.enter(self.stack, depth, name)
                outputs.append(self.branches[name](x_BTD, context))
            stream = joint.write(stream, outputs)
        return stream


@binds(Block)
def _bind_block(block: Block, context: Context, depth: int) -> list[Change]:
    """One step for each sublayer, from stream to stream."""
    steps: list[Change] = []
    for joint, names in zip(block.joints, block.names, strict=True):
        branches: list[Step] = []
        for name in names:
            context.enter(block.stack, depth, name)
            branches.append(bind_mixer(block.branches[name], context))  # type: ignore[arg-type]
        steps.append(bind_joint(joint, context, branches))  # type: ignore[arg-type]
    return steps


class Stack(nn.Module):
    """Blocks in depth order; a block that several depths share is held once."""

    def __init__(self, spec: Spec, site: Site, embedding_width: int) -> None:
        super().__init__()
        site = site.at(norm=spec["norm"], n_layers=spec["n_layers"])
        self.visibility: Visibility = site.part("visibility", spec["visibility"])
        site = site.at(visibility=self.visibility)
        self.positions = nn.ModuleList(site.part("position", p, width=embedding_width) for p in spec["position"])
        site = site.at(hooks=hooks_of(self.positions))
        self.scheme: ResidualScheme = site.part("residual", spec["residual"])
        self.groups: list[int] = spec["groups"]
        firsts = [self.groups.index(group) for group in range(len(set(self.groups)))]
        self.blocks = nn.ModuleList(self._block(spec, i, site) for i in firsts)
        self.stepping = [p for p in self.positions if isinstance(p, Position) and "step" in p.hooks]
        if self.stepping and embedding_width != site.width:
            told = f"{type(self.stepping[0]).__name__} is added to a stream of d_model={site.width} numbers"
            raise ValueError(f"{told}, but the embedding has {embedding_width}")
        mixers = [module for module in self.modules() if isinstance(module, Mixer)]
        for mixer in mixers:
            self._check_heads(mixer)
        self.knows_globals = any(isinstance(m, Visibility) and m.n_global is not None for m in self.modules())
        self.every_position: tuple[Position, ...] = (*self.positions, *(p for m in mixers for p in m.positions()))

    def _check_heads(self, mixer: Mixer) -> None:
        """Whether the schemes that serve an attention, its own or the stack's, fit its heads."""
        for position in tuple(mixer.positions()) or self.positions:
            if mixer.head_shape is not None and isinstance(position, Position):
                position.check_heads(*mixer.head_shape)

    def _block(self, spec: Spec, layer: int, site: Site) -> Block:
        name = spec["layers"][layer]
        block, last = spec["blocks"][name], max(i for i, other in enumerate(spec["layers"]) if other == name)
        site = site.at(norm=block["norm"], layer=layer, last_layer=last)
        same = block["residual"] == spec["residual"]
        return Block(block, site, self.scheme if same else site.part("residual", block["residual"]))

    def forward(self, tokens: Tensor, embedding: Embedding, context: Context) -> Tensor:
        context.positions = tuple(self.positions)  # type: ignore[arg-type]
        for position in self.every_position:
            position.prepare(context)
        context.inputs_BTD = embedding(tokens, context)
        stream = self.scheme.open(context.inputs_BTD)
        blocks = list(self.blocks)
        for depth, group in enumerate(self.groups):
            for position in self.stepping:
                stream = self.scheme.change(stream, partial(position.step, context=context, depth=depth))
            stream = blocks[group](stream, context, depth)
        return self.scheme.close(stream)


@binds(Stack)
def _bind_stack(stack: Stack, context: Context, embedding: Embedding) -> Step | None:
    """As `forward`, from (B, 1) to (B, 1, D)."""
    context.positions = tuple(stack.positions)  # type: ignore[arg-type]
    embed = bound(embedding, context) or partial(embedding, context=context)
    preparing = [position for position in stack.every_position if position.overrides("prepare")]
    steps: list[Change] = []
    for depth, group in enumerate(stack.groups):
        for position in stack.stepping:
            step = partial(position.step, context=context, depth=depth)
            steps.append(partial(stack.scheme.change, function=step))
        of_block = bound(stack.blocks[group], context, depth)
        if of_block is None:
            return None
        steps += of_block

    def decode(tokens_B1: Tensor) -> Tensor:
        for position in preparing:
            position.prepare(context)
        context.inputs_BTD = embed(tokens_B1)
        stream = stack.scheme.open(context.inputs_BTD)
        for change in steps:
            stream = change(stream)
        return stack.scheme.close(stream)

    return decode
