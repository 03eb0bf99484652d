"""The whole network: vision tower, decoder, head. Holds weights and nothing else."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.model.config import ModelShape
from core.model.state import MemoryState
from core.model.text import Decoder
from core.model.vision import VisionTower

HIGH_PRECISION = ("A_log", "dt_bias")  # fp32 in any model: the decay's rounding would add up over a stream


class InfiniteVL(nn.Module):
    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.shape = shape
        self.visual = VisionTower(shape.vision)
        self.language_model = Decoder(shape)
        untied = shape.tie_word_embeddings is False
        # a tied head is the embeddings themselves; packing a network puts a packed copy of them here
        self.lm_head: nn.Module | None = (
            nn.Linear(shape.hidden_size, shape.vocab_size, bias=False) if untied else None
        )

    def empty_state(self, batch: int = 1, recurrent_dtype: torch.dtype = torch.float32) -> MemoryState:
        """A fresh memory on this network's device, in its dtype. ``recurrent_dtype`` bf16 halves the recurrent part,
        and rounds away what decays slowly."""
        weight = self.language_model.norm.weight
        return MemoryState.empty(self.shape, weight.device, weight.dtype, batch, recurrent_dtype)

    def embed(self, ids: Tensor) -> Tensor:
        """ids: int64 [B, T] -> [B, T, hidden]."""
        embeddings: Tensor = self.language_model.embed_tokens(ids)
        return embeddings

    def logits(self, hidden: Tensor) -> Tensor:
        """hidden: [..., hidden] -> [..., vocabulary]."""
        if self.lm_head is None:
            return F.linear(hidden, self.language_model.embed_tokens.weight)
        logits: Tensor = self.lm_head(hidden)
        return logits

    def forward(
        self,
        x: Tensor,
        positions: Tensor,
        state: MemoryState | None = None,
        *,
        window: int | None = None,
        in_place: bool = False,
    ) -> tuple[Tensor, MemoryState]:
        """Ids [B, T] or embeddings [B, T, hidden] go through the decoder; see :meth:`Decoder.forward`.

        ``positions``: int64 [3, B, T]. ``state`` None starts a stream. Logits are made only where asked, by
        :meth:`logits` on the hidden values chosen.
        """
        if not x.is_floating_point():
            x = self.embed(x)
        if state is None:
            state = self.empty_state(x.shape[0])
        result: tuple[Tensor, MemoryState] = self.language_model(
            x, positions, state, window=window, in_place=in_place
        )
        return result
