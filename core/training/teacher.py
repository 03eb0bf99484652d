"""Stage 0, the teacher: ``python -m core.training.teacher --size nano --data SPEC --steps N --out DIR``.

Full attention in every layer, trained on the answers. For nano only: the 4B's teacher is Qwen2.5-VL-3B, read from its
own folder. With ``--model`` everything that fits a teacher (vision, embeddings, MLPs, attention) comes from there,
with ``--tower`` the vision tower alone.
"""

from __future__ import annotations

import sys
from pathlib import Path

from core.model.network import InfiniteVL
from core.training.loop import Objective
from core.training.sft import Answers
from core.training.stage import Options, open_as_teacher, run_stage, stage_parser
from core.training.student import TRAINED, let_learn

RATE = 1e-3


def make(options: Options) -> tuple[Objective, InfiniteVL]:
    network = open_as_teacher(options)
    let_learn(network, options.train)
    return Answers(network), network


def main(arguments: list[str] | None = None) -> int:
    parser = stage_parser("teacher", __doc__, RATE)
    parser.add_argument(
        "--tower", type=Path, help="model folder whose vision tower, which reads already, to start from"
    )
    parser.add_argument("--train", choices=TRAINED[1:], default="all", help="what learns")
    return run_stage("teacher", parser.parse_args(arguments), make)


if __name__ == "__main__":
    sys.exit(main())
