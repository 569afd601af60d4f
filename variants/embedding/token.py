"""Token embeddings: one table, with the extras that models add before the first block."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from catalog.types import Count, Flag, NormPart, Positive, Probability, Whole
from variants.binding import Step, bind, binds, bound
from variants.context import Context
from variants.given import check_tokens
from variants.parts import Embedding, Site
from variants.projections import Table
from variants.registry import EMBEDDING


@EMBEDDING.register("token", d_embedding=8)
class TokenEmbedding(Embedding):
    """norm(table[token] * scale + segment + task + position), then projected to the model's width.

    `d_embedding` is the table's width where it is factorised (Lan et al., 2019, https://arxiv.org/abs/1909.11942).
    `project_first` projects the looked-up vector instead, before anything is added (OPT). `project_bias` is the bias of
    the projection. `scale` multiplies the looked-up vector. `scale_by_width` does so by sqrt(d_model). `segments` is
    the number of segment ids, none by default. `tasks` is that of tasks, each with a vector of its own: segment s is
    then segment s % segments of task s // segments (ERNIE 2.0, https://arxiv.org/abs/1907.12412). `extra_tokens` are
    read and never written, as a start symbol: they come after the vocabulary. `norm` acts after positions are added,
    `dropout` after it.

    Raises:
        ValueError: an option of the projection is given, but there is none; or there are tasks without segments.
    """

    def __init__(
        self,
        site: Site,
        *,
        d_embedding: Count | None = None,
        project_first: Flag = False,
        project_bias: Flag = True,
        scale: Positive = 1.0,
        scale_by_width: Flag = False,
        segments: Whole = 0,
        tasks: Whole = 0,
        extra_tokens: Whole = 0,
        norm: NormPart | None = None,
        dropout: Probability = 0.0,
    ) -> None:
        super().__init__()
        if d_embedding is None and (project_first or not project_bias):
            told = f"project_first={project_first} and project_bias={project_bias} belong to the projection"
            raise ValueError(f"{told}, and without d_embedding there is none; give d_embedding")
        if tasks and not segments:
            raise ValueError(f"tasks={tasks} are told by segment ids, but segments=0; give segments, 1 or more")
        narrow = d_embedding or site.width
        self.width, self.project_first = site.width if project_first else narrow, project_first
        self.table, self.vocab_size = Table(site.vocab_size + extra_tokens, narrow), site.vocab_size
        self.n_ids = self.table.num_embeddings
        self.segment_table = Table(segments, self.width) if segments else None
        self.task_table = Table(tasks, self.width) if tasks else None
        self.n_segments = segments * max(tasks, 1)
        self.norm = site.part("norm", norm, width=self.width)
        self.project = nn.Linear(narrow, site.width, project_bias) if d_embedding else None
        self.scale, self.dropout = scale * (site.width**0.5 if scale_by_width else 1.0), dropout

    def forward(self, tokens: Tensor, context: Context) -> Tensor:
        x: Tensor = self.table(tokens)
        x = self.project(x) if self.project is not None and self.project_first else x
        x = x * self.scale if self.scale != 1.0 else x
        x = x if self.segment_table is None else x + self._segments(self.segment_table, tokens, context)
        for position in context.positions:
            x = position.embed(x, context)
        x = x if self.norm is None else self.norm(x)
        x = F.dropout(x, self.dropout, self.training) if self.dropout else x
        return x if self.project is None or self.project_first else self.project(x)

    def _segments(self, table: Table, tokens: Tensor, context: Context) -> Tensor:
        ids, n = context.segments_BT, table.num_embeddings
        if ids is not None and context.prefix_B is not None:
            # slots of a prefix are of segment 0
            ids = F.pad(ids, (tokens.shape[1] - ids.shape[1], 0))
        if self.task_table is None:
            only: Tensor = table.weight[0] if ids is None else table(ids)
            return only
        ids = tokens.new_zeros(()) if ids is None else ids
        y: Tensor = table(ids % n) + self.task_table(ids // n)
        return y

    def check(self, name: str, tokens: Tensor) -> None:
        check_tokens(name, tokens)

    def tie(self, other: Embedding) -> None:
        assert isinstance(other, TokenEmbedding)
        self.table, self.project = other.table, other.project
        self.segment_table, self.task_table = other.segment_table, other.task_table

    @property
    def table_width(self) -> int:
        return self.table.embedding_dim

    def matrix(self) -> Tensor:
        # the gradient of a slice is one more matrix of the table's size
        whole = self.table.num_embeddings == self.vocab_size
        return self.table.weight if whole else self.table.weight[: self.vocab_size]

    def flops(self, tokens: int) -> int:
        return 0 if self.project is None else 2 * tokens * self.project.weight.numel()

    def sample(self, batch: int, length: int, draw: torch.Generator) -> Tensor:
        return torch.randint(0, self.table.num_embeddings, (batch, length), generator=draw)


@binds(TokenEmbedding)
def _bind(embedding: TokenEmbedding, context: Context) -> Step | None:
    extras = (embedding.project, embedding.segment_table)
    if type(embedding.table) is not Table or any(extra is not None for extra in extras):
        return None
    weight, scale = embedding.table.weight, embedding.scale
    placing = [p for p in context.positions if p.overrides("embed")]
    steps = [bound(position, context) or partial(position.embed, context=context) for position in placing]
    steps += [] if embedding.norm is None else [bind(embedding.norm, context)]

    def step(tokens_B1: Tensor) -> Tensor:
        x_B1D = torch.embedding(weight, tokens_B1)
        x_B1D = x_B1D * scale if scale != 1.0 else x_B1D
        for each in steps:
            x_B1D = each(x_B1D)
        return x_B1D

    return step
