"""How nano is spoken to: its byte tokenizer, special tokens, and how observations and questions become token ids.

The same framing is written into the shipped model's ``afterimage.json``, so the session frames a live stream as the
rows of training were framed.
"""

from __future__ import annotations

from typing import Any

SPECIAL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>",
    "<|video_pad|>", "<|see|>", "<|user|>", "<|assistant|>",
    "<|mem0|>", "<|mem1|>", "<|mem2|>", "<|mem3|>", "<|mem4|>", "<|mem5|>",
)  # fmt: skip
BYTES = 256  # ids below are bytes
VOCABULARY = BYTES + len(SPECIAL)
ID = {token: BYTES + index for index, token in enumerate(SPECIAL)}
END = ID["<|im_end|>"]
VISION_START, VISION_END, IMAGE_PAD = ID["<|vision_start|>"], ID["<|vision_end|>"], ID["<|image_pad|>"]
MEMORY = tuple(token for token in SPECIAL if token.startswith("<|mem"))
OBSERVATION_PREFIX, OBSERVATION_SUFFIX = "<|see|>", "".join(MEMORY)
QUESTION_PREFIX, QUESTION_SUFFIX = "<|user|>", "<|assistant|>"


def text_ids(text: str) -> list[int]:
    """Plain text as ids; special tokens inside it stay plain text."""
    return list(text.encode())


def text_of(ids: list[int]) -> str:
    """The text of ids, special tokens left out."""
    return bytes(i for i in ids if i < BYTES).decode(errors="replace")


def seen_before(header: str) -> list[int]:
    """The ids before an observation's pictures."""
    return [ID["<|see|>"], *text_ids(header)]


def seen_after() -> list[int]:
    """The ids after an observation's pictures: fixed places in which the model sums up what it saw."""
    return [ID[token] for token in MEMORY]


def question_ids(question: str) -> list[int]:
    return [ID[QUESTION_PREFIX], *text_ids(question), ID[QUESTION_SUFFIX]]


def answer_ids(answer: str) -> list[int]:
    return [*text_ids(answer), END]


def _byte_characters() -> list[str]:
    """The printable stand-in for each byte in byte-level tokenizer files."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = (byte for byte in range(256) if byte not in printable)
    stand_in = {byte: chr(byte) for byte in printable} | {byte: chr(256 + n) for n, byte in enumerate(others)}
    return [stand_in[byte] for byte in range(256)]


def tokenizer_json() -> dict[str, Any]:
    """The tokenizer as the ``tokenizers`` library reads it: bytes, no merges, and the special tokens."""
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": ID[token], "content": token, "single_word": False, "lstrip": False, "rstrip": False,
                "normalized": False, "special": True,
            }
            for token in SPECIAL
        ],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": None,
        "decoder": byte_level,
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
            "vocab": {character: byte for byte, character in enumerate(_byte_characters())},
            "merges": [],
        },
    }  # fmt: skip


def framing_fields() -> dict[str, Any]:
    """What ``afterimage.json`` says about framing and about the questions that such a model understands."""
    return {
        "framing": {
            "observation_prefix": OBSERVATION_PREFIX,
            "observation_suffix": OBSERVATION_SUFFIX,
            "question_prefix": QUESTION_PREFIX,
            "question_suffix": QUESTION_SUFFIX,
        },
        "stop": ["<|im_end|>"],
        "fixed_wordings": True,
    }
