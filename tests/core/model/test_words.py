"""Tokens, framing, positions and sampling: small rules with exact answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from core.errors import InputError, WeightsError
from core.model.bundle import SPECIALS, tiny_shape
from core.model.framing import CHAT, Framing, observation_ids, question_ids, read_chat_template, read_manners
from core.model.positions import picture_positions, prompt_positions
from core.model.sampling import next_token
from core.model.tokenizer import Tokenizer, byte_tokenizer

SHAPE = tiny_shape()
PAD, START, END = SHAPE.image_token_id, SHAPE.vision_start_token_id, SHAPE.vision_end_token_id


def test_bytes_go_in_and_come_back() -> None:
    words = byte_tokenizer(SPECIALS)
    text = "Zoë €5 \n\t日本 \x00"
    assert words.encode(text) == list(text.encode())
    assert words.decode(words.encode(text)) == text
    assert words.size == 256 + len(SPECIALS)


def test_special_tokens_count_only_in_trusted_text() -> None:
    words = byte_tokenizer(SPECIALS)
    assert words.encode_trusted("<|im_end|>") == [258]
    assert words.encode("<|im_end|>") == list(b"<|im_end|>")
    assert words.decode([258, 65]) == "A"


def test_streamed_text_waits_for_whole_characters() -> None:
    stream = byte_tokenizer(SPECIALS).stream()
    assert [stream.step(byte) for byte in "a€b".encode()] == ["a", "", "", "€", "b"]


def test_a_tokenizer_file_is_read_and_a_bad_one_refused(tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.json"
    with pytest.raises(WeightsError, match="missing"):
        Tokenizer.open(file)
    byte_tokenizer(SPECIALS).save(file)
    assert Tokenizer.open(file).encode("hé") == list("hé".encode())
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(WeightsError, match=r"tokenizer\.json"):
        Tokenizer.open(file)


def test_the_chat_template_puts_the_stream_into_one_closed_turn() -> None:
    framing = Framing.from_chat(CHAT)
    assert framing.opening.endswith("<|im_start|>user\n")
    assert framing.question_suffix == "<|im_end|>\n<|im_start|>assistant\n"


@pytest.mark.parametrize("template", ["{% for %}", "nothing of the user", "{{ ''.__class__.__mro__ }}"])
def test_a_template_that_cannot_serve_is_refused(template: str) -> None:
    with pytest.raises(WeightsError, match="template"):
        Framing.from_chat(template)


def test_a_template_is_found_in_any_of_its_published_places(tmp_path: Path) -> None:
    assert read_chat_template(tmp_path) == CHAT
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": "A"}), encoding="utf-8")
    assert read_chat_template(tmp_path) == "A"
    (tmp_path / "chat_template.json").write_text(json.dumps({"chat_template": "B"}), encoding="utf-8")
    assert read_chat_template(tmp_path) == "B"
    (tmp_path / "chat_template.jinja").write_text("C", encoding="utf-8")
    assert read_chat_template(tmp_path) == "C"


def test_a_model_may_bring_its_own_framing(tmp_path: Path) -> None:
    assert read_manners(tmp_path).framing is None
    raw = {"framing": {"observation_prefix": "<|im_start|>", "question_suffix": "!"}, "stop": ["<|im_end|>"]}
    (tmp_path / "afterimage.json").write_text(json.dumps(raw | {"answers": False}), encoding="utf-8")
    manners = read_manners(tmp_path)
    assert manners.framing == Framing(observation_prefix="<|im_start|>", question_suffix="!")
    assert manners.stop == ("<|im_end|>",)
    assert not manners.answers
    (tmp_path / "afterimage.json").write_text(json.dumps({"framing": {"colour": 1}}), encoding="utf-8")
    with pytest.raises(WeightsError, match=r"afterimage\.json"):
        read_manners(tmp_path)


def test_observations_and_questions_are_framed() -> None:
    words = byte_tokenizer(SPECIALS)
    framing = Framing(
        observation_prefix="<|im_start|>", observation_suffix="!", question_prefix="?", question_suffix="="
    )
    ids = observation_ids(framing, words, "h", [2, 1], SHAPE)
    assert ids == [257, ord("h"), START, PAD, PAD, END, START, PAD, END, ord("!")]
    assert question_ids(framing, words, "q") == [ord("?"), ord("q"), ord("=")]


def test_text_moves_all_axes_and_a_picture_spreads() -> None:
    ids = [1, START, PAD, PAD, PAD, PAD, PAD, PAD, END, 2]
    places = prompt_positions(ids, [(1, 4, 6)], SHAPE)
    assert places.tolist() == [
        [0, 1, 2, 2, 2, 2, 2, 2, 5, 6],
        [0, 1, 2, 2, 2, 3, 3, 3, 5, 6],
        [0, 1, 2, 3, 4, 2, 3, 4, 5, 6],
    ]


def test_pictures_side_by_side_keep_apart_and_videos_keep_time() -> None:
    places = prompt_positions([PAD] * 4, [(1, 2, 4), (1, 4, 2)], SHAPE)
    assert places.tolist() == [[0, 0, 2, 2], [0, 0, 2, 3], [0, 1, 2, 2]]
    video = prompt_positions([SHAPE.video_token_id] * 3, [(3, 2, 2)], SHAPE, seconds=0.75)
    assert video[0].tolist() == [0, 1, 3]  # two positions a second: 0, 1.5, 3.0, cut
    assert picture_positions((1, 2, 2), 2, 0).tolist() == [[0], [0], [0]]


@pytest.mark.parametrize(
    ("ids", "grids"), [([PAD], []), ([1], [(1, 2, 2)]), ([PAD], [(1, 2, 4)]), ([PAD, 1, PAD], [(1, 2, 4)])]
)
def test_pads_and_pictures_must_agree(ids: list[int], grids: list[tuple[int, int, int]]) -> None:
    with pytest.raises(InputError):
        prompt_positions(ids, grids, SHAPE)


NONE = torch.empty(0, dtype=torch.int64)


def test_greedy_takes_the_likeliest_and_says_how_likely() -> None:
    token, logprob = next_token(torch.tensor([0.0, 2.0, 1.0]), 0.0, 1.0, 1.0, NONE)
    assert int(token) == 1
    assert float(logprob) == pytest.approx(float(torch.log_softmax(torch.tensor([0.0, 2.0, 1.0]), 0)[1]))


def test_a_penalty_makes_used_tokens_lose() -> None:
    logits = torch.tensor([-1.0, 2.0, 1.9])
    assert int(next_token(logits, 0.0, 1.0, 1.5, torch.tensor([1]))[0]) == 2
    assert int(next_token(logits - 3, 0.0, 1.0, 3.0, torch.tensor([1, 2]))[0]) == 1


def test_top_p_never_leaves_its_share() -> None:
    make = torch.Generator().manual_seed(0)
    logits = torch.tensor([0.6, 0.3, 0.1]).log()
    for top_p, allowed in ((0.5, {0}), (0.7, {0, 1}), (1.0, {0, 1, 2})):
        drawn = {int(next_token(logits, 1.0, top_p, 1.0, NONE, make)[0]) for _ in range(200)}
        assert drawn == allowed
