"""Two layers of rectified units, as small networks before 2017 have them."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class ReluLayers(nn.Module):
    """max(0, W_2 max(0, W_1 x + b_1) + b_2); `dropout` acts on what each layer reads."""

    def __init__(self, d_in: int, d_hidden: int, d_out: int, dropout: float, last: type[nn.Linear] = nn.Linear) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(d_in, d_hidden), last(d_hidden, d_out)
        self.dropout = dropout

    def forward(self, x: Tensor) -> Tensor:
        for layer in (self.first, self.second):
            x = F.dropout(x, self.dropout, self.training) if self.dropout else x
            x = F.relu(layer(x))
        return x
