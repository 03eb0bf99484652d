"""Compares the network with a reference's answers: ``python -m tests.golden PREFIX [PREFIX ...]``.

Reads PREFIX_config.json, PREFIX_weights.safetensors and PREFIX_expected.safetensors, computes in fp32 on the CPU,
prints each tensor's relative error (norm of the difference over norm) or whether it is exact, and exits with 1 when
one fails. Any number of prompts (``prompt0.*``, ``prompt1.*`` ...) and any number of streamed frames.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from core.errors import AfterimageError
from core.model.config import read_shape
from core.model.network import InfiniteVL
from core.model.positions import prompt_positions
from core.model.state import MemoryState
from core.model.weights import load_files

LIMIT = 1e-4


@dataclass(frozen=True)
class Finding:
    """One tensor's comparison. ``error``: relative, or the share that differs where it must be exact."""

    name: str
    error: float
    exact: bool = False

    @property
    def passed(self) -> bool:
        return self.error == 0 if self.exact else self.error <= LIMIT

    def __str__(self) -> str:
        how = ("exact" if self.passed else f"{self.error:.1%} differ") if self.exact else f"{self.error:.2e}"
        return f"{'ok  ' if self.passed else 'FAIL'}  {self.name:<40} {how}"


def near(name: str, ours: Tensor, theirs: Tensor) -> Finding:
    ours, theirs = ours.double().reshape(-1), theirs.double().reshape(-1)
    if ours.shape != theirs.shape:
        return Finding(name, float("inf"))
    return Finding(name, float((ours - theirs).norm() / theirs.norm().clamp_min(1e-30)))


def same(name: str, ours: Tensor, theirs: Tensor) -> Finding:
    if ours.numel() != theirs.numel():
        return Finding(name, 1.0, exact=True)
    return Finding(name, float((ours.reshape(-1) != theirs.reshape(-1)).float().mean()), exact=True)


def see(model: InfiniteVL, pixels: Tensor, grids: Tensor) -> Tensor:
    """pixels: [patches of all pictures, patch values]; grids: [pictures, 3] -> embeddings [tokens, hidden]."""
    parts, start = [], 0
    for t, h, w in grids.tolist():
        patches = pixels[start : start + t * h * w].view(t, h * w, -1)
        parts.append(model.visual(patches, h, w).flatten(0, 1))
        start += t * h * w
    return torch.cat(parts)


def check_prompt(model: InfiniteVL, case: dict[str, Tensor], name: str) -> Iterator[Finding]:
    """A text with pictures in one pass: pictures' embeddings, positions, all logits."""
    ids, grids = case["input_ids"], case.get("grid_thw", torch.zeros(0, 3, dtype=torch.int64))
    rows = [(int(t), int(h), int(w)) for t, h, w in grids.tolist()]
    positions = prompt_positions(ids[0].tolist(), rows, model.shape)[:, None]
    yield same(f"{name}.position_ids", positions, case["position_ids"])
    x = model.embed(ids)
    if rows:
        vision = see(model, case["pixel_values"], grids)
        yield near(f"{name}.vision", vision, case["vision"])
        x[(ids == model.shape.image_token_id) | (ids == model.shape.video_token_id)] = vision
    hidden, _ = model(x, positions)
    yield near(f"{name}.logits", model.logits(hidden), case["logits"])


def check_stream(model: InfiniteVL, case: dict[str, Tensor], name: str) -> Iterator[Finding]:
    """Frames one by one at the positions given, a question, greedy tokens, the recurrent state at the end."""
    state = model.empty_state()
    for index, (pixels, places) in enumerate(zip(case["frames"], case["frame_position_ids"], strict=True)):
        x = see(model, pixels, case["grid_thw"])[None]
        positions = places[:, None]
        if index == 0:  # <vision_start> stands before the first frame, at 0 where no place is given for it
            start = model.embed(torch.tensor([[model.shape.vision_start_token_id]]))
            x = torch.cat([start, x], dim=1)
            unplaced = x.shape[1] - positions.shape[2]
            positions = torch.cat([torch.zeros(3, 1, unplaced, dtype=torch.int64), positions], dim=2)
        hidden, state = model(x, positions, state)
        yield near(f"{name}.last_logits[{index}]", model.logits(hidden[0, -1]), case["last_logits"][index])
    question = case["question_ids"]
    place = int(case["question_start_position"])
    positions = place + torch.arange(question.shape[1]).expand(3, 1, -1)
    hidden, state = model(question, positions, state)
    logits = model.logits(hidden)
    yield near(f"{name}.question_logits", logits, case["question_logits"])
    yield from check_answer(model, case, name, state, logits[0, -1], place + question.shape[1])


def check_answer(
    model: InfiniteVL, case: dict[str, Tensor], name: str, state: MemoryState, logits: Tensor, place: int
) -> Iterator[Finding]:
    tokens, all_logits = [], []
    for step in range(len(case["answer_ids"])):
        tokens.append(int(logits.argmax()))
        hidden, state = model(torch.tensor([[tokens[-1]]]), torch.full((3, 1, 1), place + step), state)
        logits = model.logits(hidden[0, -1])
        all_logits.append(logits)  # the reference keeps what follows each answered token
    yield same(f"{name}.answer_ids", torch.tensor(tokens), case["answer_ids"])
    yield near(f"{name}.answer_logits", torch.stack(all_logits), case["answer_logits"])
    for key, theirs in case.items():
        match = re.fullmatch(r"final_recurrent_state_layer(\d+)", key)
        if match:
            index = sum(model.shape.linear_layers[: int(match[1])])  # among the linear layers
            yield near(f"{name}.{key}", state.recurrent[index], theirs)


def check(prefix: str) -> Iterator[Finding]:
    """All findings for one golden model."""
    shape = read_shape(Path(f"{prefix}_config.json"))
    model = load_files(shape, [Path(f"{prefix}_weights.safetensors")])
    cases: dict[str, dict[str, Tensor]] = {}
    for key, tensor in load_file(f"{prefix}_expected.safetensors").items():
        name, _, field = key.partition(".")
        cases.setdefault(name, {})[field] = tensor
    with torch.inference_mode():
        for name, case in sorted(cases.items()):
            yield from (check_stream if "frames" in case else check_prompt)(model, case, name)


def main(prefixes: list[str]) -> int:
    if not prefixes:
        print(__doc__)
        return 2
    failed = 0
    for prefix in prefixes:
        try:
            for finding in check(prefix):
                print(finding)
                failed += not finding.passed
        except (AfterimageError, OSError) as error:
            print(f"FAIL  {prefix}: {error}")
            failed += 1
    print("all within limits" if not failed else f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
