"""How often whole answers are right, on unseen rows, each token predicted from the right ones before it.

Quicker and milder than free-running answers (``evaluate``): made for comparing networks trained in the same way.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from core.training.backbone import Backbone
from core.training.data.batches import Batch, Source
from core.training.feed import KINDS, Mixture, with_kind

Counts = dict[str, tuple[int, int]]  # right, all
RECALL_WINDOW = 64  # tokens: in questions about the past attention sees next to nothing, so the state must know


@torch.no_grad()
def accuracies(backbone: Backbone, source: Source, plan: Mixture, batches: int, half: bool) -> Counts:
    """Over ``batches`` batches of each kind of row: ``reading`` (of the screen just seen), ``recall`` and
    ``recall_text`` (of earlier screens, of earlier text) with a window of RECALL_WINDOW, and both with ``_open``, the
    whole window."""
    out: Counts = {}
    drawer = source.drawer()
    device = backbone.decoder.norm.weight.device
    names = {"reading": "reading", "frames": "recall", "text": "recall_text"}
    for kind in KINDS:
        for number in range(batches):
            recipe = with_kind(plan, kind).recipe(number)
            windows = {names[kind]: recipe.window}
            if kind != "reading":
                windows = {names[kind]: min(RECALL_WINDOW, recipe.window), f"{names[kind]}_open": recipe.window}
            batch = source.make(number, recipe, drawer).to(device)
            for name, window in windows.items():
                seen = replace(batch, recipe=replace(recipe, window=window))
                with torch.autocast(device.type, torch.bfloat16, half):
                    right, count = whole_answers(backbone, seen, now=kind == "reading")
                before = out.get(name, (0, 0))
                out[name] = before[0] + right, before[1] + count
    return out


def whole_answers(backbone: Backbone, batch: Batch, *, now: bool) -> tuple[int, int]:
    """Answers with every token right, and all answers, about the newest observation or about earlier ones."""
    chosen = backbone.hidden(batch).flatten(0, 1)[batch.label_place]
    wrong = (backbone.logits(chosen).argmax(-1) != batch.label).long()
    answers = torch.zeros_like(batch.answer_kind).index_add_(0, batch.label_answer, wrong)
    asked = (batch.answer_distance == 0) == now
    return int(((answers == 0) & asked).sum()), int(asked.sum())
