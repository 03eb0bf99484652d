"""Everything a model folder holds, opened together; and a tiny random stand-in for where there is no model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from core.errors import WeightsError
from core.model import weights
from core.model.config import ModelShape, VisionShape, read_json
from core.model.framing import CHAT, Framing, Manners, read_chat_template, read_manners
from core.model.network import InfiniteVL
from core.model.pictures import PixelScale
from core.model.quantize import quantized
from core.model.replay import Replays
from core.model.tokenizer import Tokenizer, byte_tokenizer
from kernels.quantized_linear.naive import Kind

SPECIALS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)


@dataclass(frozen=True, eq=False)
class Bundle:
    """A network with what it takes to talk to it. Shared by sessions; none of it changes."""

    name: str
    network: InfiniteVL
    tokenizer: Tokenizer
    framing: Framing
    scale: PixelScale
    stops: frozenset[int]  # tokens that end an answer
    answers: bool
    fixed_wordings: bool  # see Manners
    max_question_tokens: int
    fingerprint: str
    replays: Replays | None  # CUDA graphs of recurring steps; None: every step runs plainly

    @property
    def shape(self) -> ModelShape:
        return self.network.shape

    @property
    def device(self) -> torch.device:
        return self.network.language_model.norm.weight.device

    def quantized(self, kind: Kind) -> Bundle:
        """The same model with its large matrices packed; the rest is shared with this one."""
        network = quantized(self.network, kind)
        return replace(self, network=network, replays=Replays(network.empty_state) if self.replays else None)

    def in_demo_framing(self) -> Bundle:
        """The same model, talked to as the authors' streaming demo does."""
        return replace(self, framing=Framing.for_demo("<|vision_end|>"))


def open_bundle(folder: Path, device: torch.device, dtype: torch.dtype, *, packed: bool = False) -> Bundle:
    """Open a model folder as the published repositories have it. Raises WeightsError, naming what is wrong.

    ``packed``: see :func:`core.model.weights.load`.
    """
    manners = read_manners(folder)
    tokenizer = Tokenizer.open(folder / "tokenizer.json")
    framing = manners.framing or Framing.from_chat(read_chat_template(folder))
    network = weights.load(folder, device, dtype, packed=packed)
    if tokenizer.size > network.shape.vocab_size:
        raise WeightsError(
            f"tokenizer.json knows {tokenizer.size} tokens, the network {network.shape.vocab_size}.", weights.FETCH
        )
    scale = PixelScale.parse(read_json(folder / "preprocessor_config.json", missing_is_empty=True))
    return _bundle(folder.name, network, tokenizer, framing, scale, manners)


def random_bundle(
    device: torch.device, dtype: torch.dtype, shape: ModelShape | None = None, *, on_device: bool = False
) -> Bundle:
    """A small network with random weights, always the same ones: it takes part in everything but knows nothing.

    ``on_device`` draws the weights there: for measuring at full size; they are other ones than the CPU's.
    """
    tokenizer = byte_tokenizer(SPECIALS)
    with torch.random.fork_rng(devices=[]), device if on_device else torch.device("cpu"):
        torch.manual_seed(0)
        network = InfiniteVL(shape or tiny_shape())
    network = weights.place(network, device, dtype)
    manners = Manners(answers=False)
    return _bundle("random", network, tokenizer, Framing.from_chat(CHAT), PixelScale(), manners)


def tiny_shape() -> ModelShape:
    """A network small enough for any machine: one block of four layers, bytes as tokens."""
    ids = {text: 256 + index for index, text in enumerate(SPECIALS)}
    return ModelShape(
        vision=VisionShape(
            depth=2,
            hidden_size=32,
            intermediate_size=48,
            num_heads=2,
            fullatt_block_indexes=(1,),
            out_hidden_size=64,
        ),
        vocab_size=272,
        hidden_size=64,
        intermediate_size=96,
        linear_layers=(False, True, True, True),
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        window=128,
        mrope_section=(2, 3, 3),
        num_linear_heads=4,
        linear_head_dim=16,
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        eos_token_ids=(ids["<|im_end|>"],),
    )


def _bundle(
    name: str, network: InfiniteVL, tokenizer: Tokenizer, framing: Framing, scale: PixelScale, manners: Manners
) -> Bundle:
    on_gpu = network.language_model.norm.weight.device.type == "cuda"
    ends = {token for text in (*manners.stop, "<|im_end|>", "<|endoftext|>") for token in _single(tokenizer, text)}
    return Bundle(
        name=name,
        network=network,
        tokenizer=tokenizer,
        framing=framing,
        scale=scale,
        stops=frozenset(ends | set(network.shape.eos_token_ids)),
        answers=manners.answers,
        fixed_wordings=manners.fixed_wordings,
        max_question_tokens=manners.max_question_tokens,
        fingerprint=weights.fingerprint(network),
        replays=Replays(network.empty_state) if on_gpu else None,
    )


def _single(tokenizer: Tokenizer, text: str) -> list[int]:
    """The one token that this text is, or nothing where the tokenizer does not know it as one."""
    ids = tokenizer.encode_trusted(text)
    return ids if len(ids) == 1 else []
