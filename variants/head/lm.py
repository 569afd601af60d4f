"""The language-modelling head: a projection of every slot to the vocabulary."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from catalog.types import Count, Flag, Positive
from variants.activations import ACTIVATIONS, Activation
from variants.context import Context
from variants.matrices import matrix_numbers
from variants.parts import Embedding, Head, Norm, Site
from variants.projections import VocabularyLinear
from variants.registry import HEAD


@HEAD.register("lm", d_hidden=40)
class LMHead(Head):
    """logits = scale * (W x + b), W the embedding table where it is tied (https://arxiv.org/abs/1608.05859).

    `tied` shares the embedding's table. `bias` adds one number per word. `transform` puts dense, `activation` and the
    stack's norm before the projection, as in masked language models (https://arxiv.org/abs/1810.04805).
    `transform_norm` keeps that norm. `dense_bias` is the bias of the dense layer, which also stands where the table is
    narrower than the stream. `d_hidden` puts one more dense layer of that width and `activation` before it (UltraBERT,
    https://huggingface.co/dmis-lab/UltraBERT-150M). `d_table` is the width of a table of its own. `scale` multiplies
    the hidden state. `scale_by_width` divides it by sqrt(d_model) (T5). `softcap` c gives c*tanh(logit/c).

    Raises:
        ValueError: an option belongs to a layer that this head does not have, or there is no table to share.
    """

    def __init__(
        self,
        site: Site,
        *,
        tied: Flag = True,
        bias: Flag = False,
        transform: Flag = False,
        activation: Activation = "gelu",
        transform_norm: Flag = True,
        dense_bias: Flag = True,
        d_hidden: Count | None = None,
        d_table: Count | None = None,
        scale: Positive = 1.0,
        scale_by_width: Flag = False,
        softcap: Positive | None = None,
    ) -> None:
        super().__init__()
        if not transform and (activation != "gelu" or not transform_norm or d_hidden):
            told = f"activation={activation!r}, transform_norm={transform_norm} and d_hidden={d_hidden} belong to the"
            raise ValueError(f"{told} transform, and this head has none; say transform=True")
        if tied and d_table is not None:
            raise ValueError(
                f"d_table={d_table} is the width of a table of the head's own, but this head is tied; say tied=False"
            )
        if tied and site.table_width is None:
            raise ValueError("tied=True shares the embedding's table, and this embedding has none; say `tied: false`")
        width = d_table or site.table_width or site.width
        self.hidden = nn.Linear(site.width, d_hidden, dense_bias) if d_hidden else None
        d_in = d_hidden or site.width
        self.dense = nn.Linear(d_in, width, dense_bias) if transform or width != site.width else None
        if self.dense is None and not dense_bias:
            raise ValueError("dense_bias=False, but this head has no dense layer; say transform=True")
        self.norm: Norm | None = site.make_norm(width=width) if transform and transform_norm else None
        self.activation = ACTIVATIONS[activation] if transform else None
        self.project = None if tied else VocabularyLinear(width, site.vocab_size, bias=False)
        self.bias = nn.Parameter(torch.zeros(site.vocab_size)) if bias else None
        self.scale = scale * (site.width**-0.5 if scale_by_width else 1.0)
        self.softcap, self.width, self.vocab_size = softcap, width, site.vocab_size

    def forward(self, x_BTD: Tensor, context: Context, embedding: Embedding) -> Tensor:
        x = x_BTD if self.hidden is None or self.activation is None else self.activation(self.hidden(x_BTD))
        x = x if self.dense is None else self.dense(x)
        x = x if self.activation is None else self.activation(x)
        x = x if self.norm is None else self.norm(x)
        x = x * self.scale if self.scale != 1.0 else x
        matrix = self.project.weight if self.project is not None else embedding.matrix()
        assert matrix is not None
        logits = F.linear(x, matrix, self.bias)
        return logits if self.softcap is None else self.softcap * torch.tanh(logits / self.softcap)

    def flops(self, tokens: int) -> int:
        return 2 * tokens * (matrix_numbers(self.hidden, self.dense) + self.width * self.vocab_size)
