"""Conversations: what is read, what is skipped, what is learnt, and a model of another vocabulary trained on them."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from jinja2.sandbox import ImmutableSandboxedEnvironment
from PIL import Image

from core.errors import InputError
from core.model import weights
from core.model.bundle import SPECIALS, tiny_shape
from core.model.framing import CHAT
from core.model.network import InfiniteVL
from core.model.positions import prompt_positions
from core.model.tokenizer import byte_tokenizer
from core.training import distil
from core.training.conversations import (
    Budget,
    Maker,
    Reading,
    Turn,
    collate,
    conversation_at,
    open_tokenizer,
    usable_lines,
    worded,
)
from core.training.curves import read_points
from tests.helpers.models import picture

SHAPE = tiny_shape()
TOKENS = byte_tokenizer(SPECIALS)


def _list(folder: Path, *lines: Any) -> Path:
    for number in range(2):
        Image.fromarray(picture(number)).save(folder / f"{number}.png")
    file = folder / "list.jsonl"
    text = "".join(line + "\n" if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)
    file.write_text(text, encoding="utf-8")
    return file


def _said(question: str, answer: str, **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"messages": messages, **more}


def _read(file: Path) -> list[list[Turn]]:
    return [conversation_at(file, place) for place in usable_lines(file)]


def test_three_ways_of_writing_a_line_are_read_alike(tmp_path: Path) -> None:
    parts = [{"type": "image", "image": "0.png"}, {"type": "text", "text": "What is it?"}]
    file = _list(
        tmp_path,
        _said("<image>What is it?", "Noise.", images=["0.png"]),
        _said(parts, "Noise."),  # type: ignore[arg-type]
        {"conversations": [{"from": "human", "value": "<image>What is it?"}, {"from": "gpt", "value": "Noise."}],
         "image": "0.png"},
    )  # fmt: skip
    first, second, third = _read(file)
    assert first == second == third
    assert first[0].parts == (("image", tmp_path / "0.png"), "What is it?")


def test_bad_lines_are_named_counted_and_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = _list(
        tmp_path,
        "no json",
        _said("<image>?", "a", images=["gone.png"]),
        _said("?", "a", images=["0.png"]),
        _said("<image><image>", "a", images=["0.png"]),
        {"messages": [{"role": "user", "content": "?"}]},
        {"messages": [{"role": "oracle", "content": "?"}]},
        [1, 2],
        _said("?", "good"),
    )
    with caplog.at_level(logging.WARNING):
        assert len(usable_lines(file)) == 1
    assert "line 2 is skipped: there is no file 'gone.png'" in caplog.text
    assert "line 3 is skipped: it names more files" in caplog.text
    assert "7 lines were skipped in all" in caplog.text
    with pytest.raises(InputError, match="no conversation"):
        usable_lines(_list(tmp_path, "no json"))
    with pytest.raises(InputError, match="cannot be read"):
        usable_lines(tmp_path / "nowhere.jsonl")


def test_turns_are_worded_as_the_chat_template_does(tmp_path: Path) -> None:
    messages = [
        {"role": "user", "content": "How much?"},
        {"role": "assistant", "content": "Nine."},
        {"role": "user", "content": "Sure?"},
        {"role": "assistant", "content": "Yes."},
    ]
    (turns,) = _read(_list(tmp_path, {"messages": messages}))
    example = worded(turns, TOKENS, SHAPE, Budget())
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    assert example.ids == TOKENS.encode_trusted(environment.from_string(CHAT).render(messages=messages))
    end = TOKENS.encode_trusted("<|im_end|>")[0]
    learnt = [i for i, yes in zip(example.ids, example.learnt, strict=True) if yes]
    assert learnt == [*b"Nine.", end, *b"Yes.", end]


def test_words_that_look_like_marks_stay_words(tmp_path: Path) -> None:
    (turns,) = _read(_list(tmp_path, _said("<|im_end|><|image_pad|>", "ok")))
    example = worded(turns, TOKENS, SHAPE, Budget())
    assert SHAPE.image_token_id not in example.ids
    assert example.ids.count(TOKENS.encode_trusted("<|im_end|>")[0]) == 3  # of the three turns


def test_pictures_take_their_places_within_the_budget(tmp_path: Path) -> None:
    Image.fromarray(picture(3, 560, 840)).save(tmp_path / "large.png")
    file = _list(tmp_path, _said("<image>, <image>?", "Yes.", images=["large.png", "0.png"]), _said("?", "No."))
    first, second = (worded(turns, TOKENS, SHAPE, Budget(picture_tokens=60)) for turns in _read(file))
    assert [p.grid for p in first.pictures] == [(6, 9), (2, 3)]
    batch = collate([first, second], SHAPE, 1 << 30)
    assert int((batch.ids == SHAPE.image_token_id).sum()) == 60 == len(batch.place)
    assert torch.all(batch.ids.flatten()[batch.place] == SHAPE.image_token_id)
    assert torch.equal(batch.ids.flatten()[batch.label_place + 1], batch.label)
    assert len(batch.label) == sum(first.learnt) + sum(second.learnt)
    grids = [(1, 12, 18), (1, 4, 6)]
    assert torch.equal(batch.positions[:, 0, : len(first.ids)], prompt_positions(first.ids, grids, SHAPE))
    assert not batch.positions[:, 1, len(second.ids) :].any()


def test_a_video_is_the_pictures_taken_from_it(tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "film.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 8, (84, 56))
    for number in range(32):
        writer.write(np.full((56, 84, 3), 8 * number, np.uint8))
    writer.release()
    (turns,) = _read(_list(tmp_path, _said("<video>What?", "Grey.", videos=["film.avi"])))
    shown = [len(worded(turns, TOKENS, SHAPE, Budget(100, fps, 5)).pictures) for fps in (1.0, 4.0)]
    assert shown == [4, 5]


def _reading(file: Path, **changes: Any) -> Reading:
    TOKENS.save(file.parent / "tokenizer.json")
    return replace(Reading(file, usable_lines(file), file.parent, SHAPE, 1, 300, 1 << 30, 5), **changes)


def test_processes_share_the_shuffled_lines(tmp_path: Path) -> None:
    reading = _reading(_list(tmp_path, *(_said(f"Number {n}?", str(n)) for n in range(6))))
    alone = [Maker(reading).make(step).label.tolist() for step in range(12)]
    shared = [Maker(replace(reading, rank=step % 2, of=2)).make(step // 2) for step in range(12)]
    assert [batch.label.tolist() for batch in shared] == alone
    assert {batch.ids.shape[1] for batch in shared} == {300}
    once, again = alone[:6], alone[6:]
    assert sorted(once) == sorted(again)
    assert len({str(labels) for labels in once}) == 6
    assert once != again


def test_what_cannot_be_used_is_replaced_by_the_next(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    damaged = _said("<image>", "a", images=["bad.png"])
    file = _list(tmp_path, damaged, _said("x" * 400, "long"), _said("?", "ok"))
    maker = Maker(_reading(file))
    with caplog.at_level(logging.WARNING):
        answers = {bytes(maker.make(step).label[:-1].tolist()) for step in range(4)}
    assert answers == {b"ok"}
    assert "bad.png is no picture" in caplog.text
    assert "passed over: 4" in caplog.text
    with pytest.raises(InputError, match="20 tokens"):
        Maker(_reading(file, length=20)).make(0)


def test_a_tokenizer_without_chat_marks_is_refused(tmp_path: Path) -> None:
    byte_tokenizer(()).save(tmp_path / "tokenizer.json")
    with pytest.raises(InputError, match="chat marks"):
        open_tokenizer(tmp_path, SHAPE)


def test_a_model_of_its_own_vocabulary_is_distilled_on_conversations(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The 4B's way in miniature: a teacher's folder with a tokenizer of its own, a larger vocabulary, no nano."""
    shape = replace(SHAPE, vocab_size=300, linear_layers=(False,) * 4)
    torch.manual_seed(0)
    weights.save(InfiniteVL(shape), tmp_path / "teacher")
    TOKENS.save(tmp_path / "teacher" / "tokenizer.json")
    file = _list(tmp_path, *(_said("<image>?", f"Answer {n}.", images=["0.png"]) for n in range(3)), _said("?", "!"))
    small = ["--device", "cpu", "--rows", "2", "--length", "200", "--steps", "2", "--log-every", "1"]
    given = ["--teacher", str(tmp_path / "teacher"), "--window", "64", *small]
    assert distil.main(["layers", *given, "--out", str(tmp_path / "no")]) == 2
    assert "conversations:" in capsys.readouterr().out
    for what in ("layers", "logits"):
        told = ["--data", f"conversations:{file}", "--out", str(tmp_path / what)]
        assert distil.main([what, *given, *told]) == 0, capsys.readouterr().out
        assert all(point["loss"] > 0 for point in read_points(tmp_path / what))
    assert (tmp_path / "logits" / "model" / "tokenizer.json").is_file()
    assert weights.load(tmp_path / "logits" / "model").shape.vocab_size == 300
