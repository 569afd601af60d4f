"""Multi-head latent attention: keys and values are rebuilt from one narrow vector per token; only that is kept."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from catalog.types import Count, Flag, NormPart, PositionParts, Positive, Probability, VisibilityPart
from variants.attend import Scores, attend
from variants.conjunction import both
from variants.context import Context
from variants.keep import keep
from variants.matrices import matrix_numbers
from variants.parts import Mixer, Position, Site, Visibility
from variants.projections import OutputLinear, SlicedLinear
from variants.registry import ATTENTION
from variants.scores import softmax_over

LATENT_NORM = {"kind": "rms_norm", "eps": 1e-6, "gain": True}


@ATTENTION.register("latent", n_heads=4, d_latent=16, d_query_latent=12, d_content=6, d_rotary=8, d_value=5)
class LatentAttention(Mixer):
    """Softmax over (q_c.k_c + q_r.k_r), k_c and v from a latent (DeepSeek-V2, 2024, https://arxiv.org/abs/2405.04434).

    c = norm(W x) has few numbers; k_c = U c and v = V c are made of it per head. The rotated key k_r is one for all
    heads, straight from x. While decoding only c and k_r are kept. `n_heads` is the number of heads. `d_latent` is the
    width of c. `d_query_latent` is that of a latent for queries, which come straight from x by default. `d_content` is
    the width of q_c and k_c. `d_rotary` is that of q_r and k_r. `d_value` is that of v. `norm` acts on both latents, an
    RMS norm by default. `bias` gives biases to what reads x and what writes to the stream. `scale` multiplies scores,
    1/sqrt(d_content + d_rotary) by default. `stretch` f multiplies that scale by (0.1 m ln f + 1)^2, as DeepSeek does
    beside YaRN. `sharpness` is m. `position` is this branch's own, in place of the stack's. `visibility` narrows the
    stack's for this branch.

    Raises:
        ValueError: one of `stretch` and `sharpness` is given without the other.
    """

    hooks = frozenset({"embed", "rotate"})

    def __init__(
        self,
        site: Site,
        *,
        n_heads: Count,
        d_latent: Count,
        d_content: Count,
        d_rotary: Count,
        d_value: Count,
        d_query_latent: Count | None = None,
        norm: NormPart | None = None,
        bias: Flag = False,
        scale: Positive | None = None,
        stretch: Positive | None = None,
        sharpness: Positive | None = None,
        position: PositionParts | None = None,
        visibility: VisibilityPart | None = None,
        dropout: Probability = 0.0,
    ) -> None:
        super().__init__()
        if (stretch is None) != (sharpness is None):
            raise ValueError(f"stretch={stretch} and sharpness={sharpness} are given together or not at all")
        self.n_heads, self.d_content, self.d_rotary, self.d_value = n_heads, d_content, d_rotary, d_value
        self.head_shape = (n_heads, d_rotary)
        d_query, latent_norm = d_content + d_rotary, norm or LATENT_NORM
        if d_query_latent is None:
            self.q = nn.Linear(site.width, n_heads * d_query, bias=False)
        else:
            self.q_down = nn.Linear(site.width, d_query_latent, bias=bias)
            self.q_norm = site.part("norm", latent_norm, width=d_query_latent)
            self.q = nn.Linear(d_query_latent, n_heads * d_query, bias=False)
        self.has_query_latent = d_query_latent is not None
        slices = {"latent": d_latent, "k_rotary": d_rotary}
        self.down = SlicedLinear(site.width, slices, frozenset(slices) if bias else frozenset())
        self.inner_norm = site.part("norm", latent_norm, width=d_latent)
        self.up = SlicedLinear(d_latent, {"k": n_heads * d_content, "v": n_heads * d_value})
        self.o = OutputLinear(n_heads * d_value, site.width, bias=bias)
        self.growth = (0.1 * (sharpness or 0.0) * math.log(stretch or 1.0) + 1) ** 2
        self.given_scale, self.scale = scale, (scale or d_query**-0.5) * self.growth
        self.dropout = dropout
        self.own = nn.ModuleList(site.part("position", spec) for spec in position or ()) if position else None
        self.visibility = both(site.visibility, site.part("visibility", visibility))

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        q_BHTC, q_BHTR, latent_B1TL, k_B1TR = self._project(x_BTD, context)
        latent_B1SL, k_B1SR = keep(latent_B1TL, k_B1TR, self.visibility, context)
        k_BHSC, v_BHSK = (self._heads(y) for y in self.up(latent_B1SL[:, 0]))
        k = torch.cat([k_BHSC, k_B1SR.expand(-1, self.n_heads, -1, -1)], -1)
        scores = Scores(self.scale, dropout=self.dropout if self.training else 0.0)
        y_BHTK = attend(torch.cat([q_BHTC, q_BHTR], -1), k, v_BHSK, scores, None, self.visibility, context)
        out: Tensor = self.o(y_BHTK.transpose(1, 2).flatten(2))
        return out

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        q_BHTC, q_BHTR, latent_B1TL, k_B1TR = self._project(x_BTD, context)
        k_BHTC, v_BHTK = (self._heads(y) for y in self.up(latent_B1TL[:, 0]))
        scores = q_BHTC @ k_BHTC.mT + q_BHTR @ k_B1TR.mT
        scale = self.given_scale or 1 / math.sqrt(self.d_content + self.d_rotary)
        weights = softmax_over(scores * scale * self.growth, context.mask(self.visibility))
        out: Tensor = self.o((weights @ v_BHTK).transpose(1, 2).flatten(2))
        return out

    def _project(self, x_BTD: Tensor, context: Context) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Queries of content and of position, the latent, and the key of position, which is turned."""
        q = self.q(self.q_norm(self.q_down(x_BTD)) if self.has_query_latent else x_BTD)
        q_BHTC, q_BHTR = torch.split(self._heads(q), [self.d_content, self.d_rotary], -1)
        latent_BTL, k_BTR = self.down(x_BTD)
        latent_B1TL, k_B1TR = self.inner_norm(latent_BTL)[:, None], k_BTR[:, None]
        for position in context.positions if self.own is None else self.own:
            assert isinstance(position, Position)
            q_BHTR, k_B1TR = position.rotate(q_BHTR, k_B1TR, context)
        return q_BHTC, q_BHTR, latent_B1TL, k_B1TR

    def _heads(self, y: Tensor) -> Tensor:
        return y.reshape(*y.shape[:-1], self.n_heads, -1).transpose(1, 2)

    def flops(self, tokens: int, pairs: int) -> int:
        weights = matrix_numbers(self)
        return 2 * tokens * weights + 2 * pairs * self.n_heads * (self.d_content + self.d_rotary + self.d_value)

    def sees(self) -> Visibility:
        return self.visibility

    def positions(self) -> Iterator[Position]:
        return iter(self.own or ())  # type: ignore[arg-type]
