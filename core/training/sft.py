"""Stage 2, instruction tuning: ``python -m core.training.sft --model DIR --data SPEC --steps N --out DIR``.

Cross entropy of the answers' tokens alone, their mean over all answers of a step. Every row starts a stream.
"""

from __future__ import annotations

import sys

import torch
import torch.nn.functional as F
from torch import Tensor

from core.model.network import InfiniteVL
from core.training.backbone import Backbone, summed
from core.training.data.batches import Batch
from core.training.loop import Objective
from core.training.stage import Options, add_student_options, open_student, run_stage, stage_parser
from core.training.student import TRAINED, let_learn

RATE = 5e-5  # the paper's, for the 4B


class Answers(Objective):
    """Next-token cross entropy where an answer stands; questions, pictures and filling are context only."""

    def __init__(self, network: InfiniteVL) -> None:
        super().__init__()
        self.backbone = Backbone(network)

    def terms(self, batch: Batch) -> Tensor:
        return torch.tensor(batch.label.numel())

    def forward(self, batch: Batch) -> Tensor:
        hidden = self.hidden(batch).flatten(0, 1)[batch.label_place]
        return summed(self._surprise, hidden, batch.label)

    def hidden(self, batch: Batch) -> Tensor:
        return self.backbone.hidden(batch)

    def _surprise(self, hidden: Tensor, label: Tensor) -> Tensor:
        return F.cross_entropy(self.backbone.logits(hidden).float(), label, reduction="sum")


def make(options: Options) -> tuple[Objective, InfiniteVL]:
    network = open_student(options)
    let_learn(network, options.train)
    return Answers(network), network


def main(arguments: list[str] | None = None) -> int:
    parser = stage_parser("sft", __doc__, RATE)
    add_student_options(parser)
    parser.add_argument("--train", choices=TRAINED, default="all", help="what learns")
    return run_stage("sft", parser.parse_args(arguments), make)


if __name__ == "__main__":
    sys.exit(main())
