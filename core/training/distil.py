"""Stage 1, distillation: ``python -m core.training.distil layers|logits --teacher DIR --steps N --out DIR``.

``layers`` (1a): each Gated DeltaNet layer of the student gets what the teacher's layer got and learns to give what it
gave. ``logits`` (1b): the student as a whole learns the teacher's next-token distribution. Without ``--model`` the
student is made from the teacher.
"""

from __future__ import annotations

import argparse
import sys

import torch
import torch.nn.functional as F
from torch import Tensor

from core.errors import InputError
from core.model.network import InfiniteVL
from core.training.backbone import Backbone, real_tokens, summed, text_places
from core.training.data.batches import Batch
from core.training.loop import Objective
from core.training.stage import Options, add_student_options, open_student, open_teacher, run_stage, stage_parser
from core.training.student import TRAINED, let_learn

RATE = 2e-4  # the paper's, for the 4B


class LayerOutputs(Objective):
    """Mean squared error between decoder layers' outputs, over real tokens, channels, and the layers that learn.

    The student's attention layers are the teacher's own, and would add a constant: they are left out.
    """

    def __init__(self, student: InfiniteVL, teacher: InfiniteVL) -> None:
        super().__init__()
        self.student, self.teacher = Backbone(student), Backbone(teacher)
        self.linear = sum(student.shape.linear_layers)

    def terms(self, batch: Batch) -> Tensor:
        return real_tokens(batch).sum()

    def forward(self, batch: Batch) -> Tensor:
        real = real_tokens(batch)
        cos, sin = self.teacher.decoder.rotary(batch.positions)
        with torch.no_grad():
            x = self.teacher.embedded(batch)
        total = x.new_zeros(())
        for index, linear in enumerate(self.student.shape.linear_layers):
            with torch.no_grad():
                target = self.teacher.through(index, x, cos, sin, self.teacher.shape.window)
            if linear:
                found = self.student.through(index, x, cos, sin, self.student.shape.window)
                each = (found.float() - target.float()).square().mean(-1)  # [B, T]
                total = total + each[real].sum()
            x = target
        return total / self.linear


class Logits(Objective):
    """Kullback-Leibler divergence from the teacher's next-token distribution to the student's, mean over tokens.

    ``everywhere``: wherever text follows; otherwise only where an answer's tokens are predicted.
    """

    def __init__(self, student: InfiniteVL, teacher: InfiniteVL, *, everywhere: bool) -> None:
        super().__init__()
        self.student, self.teacher = Backbone(student), Backbone(teacher)
        self.everywhere = everywhere

    def places(self, batch: Batch) -> Tensor:
        """int64 [n], in the flattened rows: where distributions are compared."""
        shape = self.student.shape
        if self.everywhere:
            return text_places(batch, (shape.image_token_id, shape.video_token_id))
        return batch.label_place

    def terms(self, batch: Batch) -> Tensor:
        return torch.tensor(self.places(batch).numel())

    def forward(self, batch: Batch) -> Tensor:
        places = self.places(batch)
        with torch.no_grad():
            wanted = self.teacher.hidden(batch, whole=True).flatten(0, 1)[places]
        found = self.student.hidden(batch).flatten(0, 1)[places]
        return summed(self._divergence, found, wanted)

    def _divergence(self, found: Tensor, wanted: Tensor) -> Tensor:
        with torch.no_grad():
            target = self.teacher.logits(wanted).float().log_softmax(-1)
        ours = self.student.logits(found).float().log_softmax(-1)
        return F.kl_div(ours, target, reduction="sum", log_target=True)


def make(options: Options) -> tuple[Objective, InfiniteVL]:
    teacher, student = open_teacher(options), open_student(options)
    if teacher.shape.num_hidden_layers != student.shape.num_hidden_layers:
        raise InputError("Teacher and student differ in depth.", "Make the student from the teacher.")
    if options.what == "layers":
        let_learn(student, "gdn")
        return LayerOutputs(student, teacher), student
    let_learn(student, options.train)
    return Logits(student, teacher, everywhere=options.positions == "text"), student


def main(arguments: list[str] | None = None) -> int:
    parser = stage_parser("distil", __doc__, RATE)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("what", choices=("layers", "logits"), help="1a or 1b")
    add_student_options(parser)
    parser.add_argument("--train", choices=TRAINED, default="decoder", help="what learns from the logits")
    parser.add_argument("--positions", choices=("answers", "text"), default="answers",
                        help="where logits are compared: on answers' tokens, or wherever text follows")  # fmt: skip
    options = parser.parse_args(arguments)
    return run_stage(f"distil {options.what}", options, make)


if __name__ == "__main__":
    sys.exit(main())
