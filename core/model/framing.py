"""How a stream is worded: what stands before and after pictures and questions.

Three ways: a model's own (``afterimage.json``), the published chat template, and the authors' streaming demo. The
strings here are ours, so special tokens in them count; headers and questions are encoded as plain text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from core.errors import WeightsError
from core.model.config import ModelShape, read_json
from core.model.tokenizer import Tokenizer

CHAT = (  # Qwen's, for folders without a template
    "{% for message in messages %}{% if loop.first and message.role != 'system' %}"
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
    "<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_MARK = "\ufffc"  # stands for the user's text while the template is rendered


@dataclass(frozen=True)
class Framing:
    """``opening`` starts a stream. ``demo``: one open picture for a whole stream, frames as pads only, no headers."""

    opening: str = ""
    observation_prefix: str = ""
    observation_suffix: str = ""
    question_prefix: str = ""
    question_suffix: str = ""
    demo: bool = False

    @staticmethod
    def from_chat(template: str) -> Framing:
        """All observations and the question lie in one user turn, properly closed before the answer."""
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        try:
            text = environment.from_string(template).render(
                messages=[{"role": "user", "content": _MARK}], add_generation_prompt=True
            )
        except TemplateError as error:
            raise WeightsError(f"The chat template cannot be used: {error}.", "Fetch the model again.") from None
        before, mark, after = text.partition(_MARK)
        if not mark:
            raise WeightsError("The chat template drops the user's text.", "Fetch the model again.")
        return Framing(opening=before, question_suffix=after)

    @staticmethod
    def for_demo(vision_end: str) -> Framing:
        return Framing(question_prefix=vision_end, demo=True)


@dataclass(frozen=True)
class Manners:
    """What ``afterimage.json`` may say of a model."""

    framing: Framing | None = None
    answers: bool = True  # trained to answer; False: its words mean nothing
    stop: tuple[str, ...] = ()  # special tokens that end an answer, besides the configuration's
    max_question_tokens: int = 4096
    fixed_wordings: bool = False  # trained on the wordings of core.training.data.questions and on no others


def read_manners(folder: Path) -> Manners:
    """The folder's ``afterimage.json``; defaults where there is none."""
    raw = read_json(folder / "afterimage.json", missing_is_empty=True)
    try:
        framing = raw.get("framing")
        return Manners(
            framing=None if framing is None else Framing(**framing),
            answers=bool(raw.get("answers", True)),
            stop=tuple(str(text) for text in raw.get("stop", ())),
            fixed_wordings=bool(raw.get("fixed_wordings", False)),
            max_question_tokens=int(raw.get("max_question_tokens", Manners.max_question_tokens)),
        )
    except (TypeError, ValueError) as error:
        raise WeightsError(f"{folder / 'afterimage.json'} is not as expected: {error}.", "Fetch it again.") from None


def read_chat_template(folder: Path) -> str:
    """The published template, from whichever file carries it; Qwen's where none does."""
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text(encoding="utf-8")
    for name in ("chat_template.json", "tokenizer_config.json"):
        template = read_json(folder / name, missing_is_empty=True).get("chat_template")
        if isinstance(template, str):
            return template
    return CHAT


def observation_ids(
    framing: Framing, tokenizer: Tokenizer, header: str, pictures: Sequence[int], shape: ModelShape
) -> list[int]:
    """Token ids of one observation, pads where its pictures' tokens go. ``pictures``: tokens of each."""
    ids = tokenizer.encode_trusted(framing.observation_prefix) + tokenizer.encode(header)
    for tokens in pictures:
        ids += [shape.vision_start_token_id, *[shape.image_token_id] * tokens, shape.vision_end_token_id]
    return ids + tokenizer.encode_trusted(framing.observation_suffix)


def question_ids(framing: Framing, tokenizer: Tokenizer, question: str) -> list[int]:
    """Token ids of a question, up to where the answer begins."""
    return [
        *tokenizer.encode_trusted(framing.question_prefix),
        *tokenizer.encode(question),
        *tokenizer.encode_trusted(framing.question_suffix),
    ]
