"""Patch embeddings: an image is cut into squares, and each is projected to one slot."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from catalog.types import Count, Flag, NormPart, Probability
from variants.context import Context
from variants.parts import Embedding, Site
from variants.registry import EMBEDDING


@EMBEDDING.register("patch", image_size=8, patch_size=2)
class PatchEmbedding(Embedding):
    """W patch + b, row by row, then positions (Dosovitskiy et al., 2020, https://arxiv.org/abs/2010.11929).

    Images are (B, channels, side, side), floating point. `image_size` is the side in pixels. `patch_size` is that of a
    patch. `channels` is the number of colours. `class_token` puts one learned vector before the patches.
    `distillation_token` puts one more after it (DeiT, https://arxiv.org/abs/2012.12877). `bias` is that of the
    projection. `norm` acts after positions are added, `dropout` after it.

    Raises:
        ValueError: patches do not tile the image, the context is too short for them, or a distillation token has no
            class token before it.
    """

    def __init__(
        self,
        site: Site,
        *,
        image_size: Count,
        patch_size: Count,
        channels: Count = 3,
        class_token: Flag = True,
        distillation_token: Flag = False,
        bias: Flag = True,
        norm: NormPart | None = None,
        dropout: Probability = 0.0,
    ) -> None:
        super().__init__()
        if image_size % patch_size:
            raise ValueError(f"patch_size={patch_size} does not divide image_size={image_size}")
        if distillation_token and not class_token:
            raise ValueError("distillation_token=True stands after the class token, but class_token=False")
        self.own_slots = class_token + distillation_token
        self.slots = (image_size // patch_size) ** 2 + self.own_slots
        if self.slots > site.context_length:
            raise ValueError(f"an image takes {self.slots} slots, but context_length is {site.context_length}")
        self.width, self.shape = site.width, (channels, image_size, image_size)
        self.project = nn.Conv2d(channels, site.width, patch_size, patch_size, bias=bias)
        self.class_token = nn.Parameter(torch.empty(1, site.width)) if class_token else None
        self.distillation_token = nn.Parameter(torch.empty(1, site.width)) if distillation_token else None
        self.norm = site.part("norm", norm, width=site.width)
        self.dropout = dropout

    def forward(self, tokens: Tensor, context: Context) -> Tensor:
        x_BTD = self.project(tokens).flatten(2).transpose(1, 2)
        for token in (self.distillation_token, self.class_token):
            x_BTD = x_BTD if token is None else torch.cat([token.expand(len(tokens), 1, -1), x_BTD], 1)
        for position in context.positions:
            x_BTD = position.embed(x_BTD, context)
        x_BTD = x_BTD if self.norm is None else self.norm(x_BTD)
        return F.dropout(x_BTD, self.dropout, self.training) if self.dropout else x_BTD

    def check(self, name: str, tokens: Tensor) -> None:
        if tokens.shape[1:] != self.shape or not tokens.shape[0] or not tokens.is_floating_point():
            got, wanted = f"{tokens.dtype}, {tuple(tokens.shape)}", f"(B, {', '.join(map(str, self.shape))})"
            raise ValueError(f"{name} are {got}; allowed: images, floating point, {wanted}")

    @property
    def table_width(self) -> None:
        return None

    def length(self, tokens: Tensor) -> int:
        return self.slots

    def flops(self, tokens: int) -> int:
        # a token of its own counts as a patch, so that FLOPs are linear in tokens
        return 2 * tokens * self.project.weight.numel()

    def sample(self, batch: int, length: int, draw: torch.Generator) -> Tensor:
        return torch.randn(batch, *self.shape, generator=draw)
