"""How often answers are right, on unseen rows, each token predicted from the right ones before it.

Quicker and milder than free-running answers (``evaluate``): made for comparing networks trained in the same way.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from core.training.backbone import Backbone
from core.training.data.batches import Batch, Source
from core.training.feed import KINDS, Mixture, with_kind

Counts = dict[str, tuple[int, int]]  # right, all
RECALL_WINDOW = 64  # tokens: in questions about the past attention sees next to nothing, so the state must know
FAR = 8  # observations: in rows of 2,048 tokens and more, so many ago lie beyond a window of 512


@torch.no_grad()
def accuracies(backbone: Backbone, source: Source, plan: Mixture, batches: int, half: bool) -> Counts:
    """Whole answers over ``batches`` batches of each kind of row: ``reading`` (of the screen just seen), ``recall``
    and ``recall_text`` (of earlier screens, of earlier text) with a window of RECALL_WINDOW, both with ``_open``, the
    whole window, and of those with ``_far`` the answers about FAR observations ago and more. ``reading_tokens``: the
    tokens of the answers in ``reading``, one by one."""
    out: Counts = {}
    drawer = source.drawer()
    device = backbone.decoder.norm.weight.device
    names = {"reading": "reading", "frames": "recall", "text": "recall_text"}

    def count(name: str, right: Tensor) -> None:
        before = out.get(name, (0, 0))
        out[name] = before[0] + int(right.sum()), before[1] + right.numel()

    for kind in KINDS:
        name = names[kind]
        for number in range(batches):
            recipe = with_kind(plan, kind).recipe(number)
            batch = source.make(number, recipe, drawer).to(device)
            ago = batch.answer_distance
            with torch.autocast(device.type, torch.bfloat16, half):
                tokens = right_tokens(backbone, batch)
                near = right_tokens(backbone, _through(batch, RECALL_WINDOW)) if kind != "reading" else tokens
            whole = whole_answers(batch, tokens)
            if kind == "reading":
                count(name, whole[ago == 0])
                count(f"{name}_tokens", tokens[(ago == 0)[batch.label_answer]])
            else:
                count(name, whole_answers(batch, near)[ago > 0])
                count(f"{name}_open", whole[ago > 0])
                count(f"{name}_far", whole[ago >= FAR])
    return out


def _through(batch: Batch, window: int) -> Batch:
    """The same with attention that sees at most ``window`` tokens."""
    return replace(batch, recipe=replace(batch.recipe, window=min(window, batch.recipe.window)))


def right_tokens(backbone: Backbone, batch: Batch) -> Tensor:
    """bool [labels]: whether the likeliest token is the answer's."""
    chosen = backbone.hidden(batch).flatten(0, 1)[batch.label_place]
    right: Tensor = backbone.logits(chosen).argmax(-1) == batch.label
    return right


def whole_answers(batch: Batch, right: Tensor) -> Tensor:
    """bool [answers]: whether all of an answer's tokens are ``right``."""
    wrong = torch.zeros_like(batch.answer_kind).index_add_(0, batch.label_answer, (~right).long())
    return wrong == 0
