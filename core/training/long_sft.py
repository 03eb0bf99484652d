"""Stage 3, long sequences: ``python -m core.training.long_sft --model DIR --length 32768 --steps N --out DIR``.

Rows far longer than the window go through in chunks, the memory carried from one to the next with its gradient: what
is asked at the end teaches what to write at the beginning. Low-rank adapters learn, the rest is frozen.
"""

from __future__ import annotations

import sys

import torch
from torch import Tensor

from core.errors import InputError
from core.model.network import InfiniteVL
from core.training import lora
from core.training.data.batches import Batch
from core.training.loop import Objective
from core.training.sft import Answers
from core.training.stage import Options, open_student, run_stage, stage_parser

RATE = 2e-5  # the paper's, for the 4B


class CarriedAnswers(Answers):
    """Cross entropy of the answers of whole streams, ``chunk`` tokens at a time."""

    def __init__(self, network: InfiniteVL, chunk: int) -> None:
        super().__init__(network)
        if chunk < 1:
            raise InputError(f"Chunks of {chunk} tokens hold nothing.", "Give --chunk at least 1.")
        self.chunk = chunk

    def hidden(self, batch: Batch) -> Tensor:
        x = self.backbone.embedded(batch)
        rows, tokens = x.shape[:2]
        state = self.backbone.empty_state(rows, x.device, min(batch.recipe.window, tokens))
        parts = []
        for start in range(0, tokens, self.chunk):
            inside = slice(start, start + self.chunk)
            part, state = self.backbone.decoder(
                x[:, inside], batch.positions[:, :, inside], state, window=batch.recipe.window
            )
            parts.append(part)
        return torch.cat(parts, dim=1)


def make(options: Options) -> tuple[Objective, InfiniteVL]:
    network = open_student(options)
    network.requires_grad_(requires_grad=False)
    lora.add_adapters(network.language_model, options.rank, options.alpha)
    return CarriedAnswers(network, options.chunk), network


def main(arguments: list[str] | None = None) -> int:
    parser = stage_parser("long_sft", __doc__, RATE)
    parser.set_defaults(data="drawn:frames=0.8,text=0.2", length=32768, furthest=256)
    parser.add_argument("--chunk", type=int, default=4096, help="tokens that go through at once")
    parser.add_argument("--rank", type=int, default=16, help="of the adapters")
    parser.add_argument("--alpha", type=float, default=32.0, help="adapters count alpha / rank times")
    return run_stage("long_sft", parser.parse_args(arguments), make)


if __name__ == "__main__":
    sys.exit(main())
