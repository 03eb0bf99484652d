"""Makes the embedding table that ships: ``python -m core.meaning.distil TEACHER FOLDER``.

TEACHER is the folder of all-MiniLM-L6-v2 (model.safetensors, config.json, tokenizer.json). Each word piece, and each
common word that the teacher's vocabulary has to cut ("invoice"; words.txt), goes through the teacher by itself, as
Model2Vec does it (https://github.com/MinishLab/model2vec): mean of its outputs, principal components, weights by
Zipf's law over the vocabulary's order of frequency, int8 with one scale a row. Half a minute on a CPU; equal inputs
give the same files on the same machine. Needs transformers, which the app does not: run it in an environment of its
own (``pip install transformers`` beside this project).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from core.meaning.embedding import SUMS, TABLE, TOKENIZER

DIMENSIONS: Final = 256
SIF: Final = 1e-4  # a piece of probability p weighs SIF / (SIF + p): the commoner, the less it tells
BATCH: Final = 512  # word pieces that go through the teacher at once
UNWANTED: Final = re.compile(r"\[.*\]|.*[^\x00-\x7f].*")  # [unused12], [MASK] ..., and what is not English
WORDS: Final = (
    Path(__file__).parent / "words.txt"
)  # one a line: those with a frequency in WordNet, and words of desktops and of everyday life

Floats = npt.NDArray[np.float32]


def smaller_tokenizer(original: dict[str, Any], words: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """The tokenizer file without special tokens, padding and cutting, with ``words`` as pieces of their own; and all
    its pieces in order.

    [UNK] stays first, as a piece that the embedding leaves out.
    """
    vocabulary: dict[str, int] = original["model"]["vocab"]
    unknown = original["model"]["unk_token"]
    pieces = [piece for piece in sorted(vocabulary, key=vocabulary.__getitem__) if not UNWANTED.fullmatch(piece)]
    kept = [unknown, *pieces, *(word for word in words if word not in vocabulary)]
    model = original["model"] | {"vocab": {piece: number for number, piece in enumerate(kept)}}
    smaller = original | {
        "model": model,
        "added_tokens": [],
        "post_processor": None,
        "truncation": None,
        "padding": None,
    }
    return smaller, kept


def numbered(pieces: Sequence[str], teacher: Path) -> list[list[int]]:
    """The teacher's numbers for "[CLS] piece [SEP]", for each piece or word."""
    tokenizer = Tokenizer.from_file(str(teacher / "tokenizer.json"))
    tokenizer.no_padding()
    first, last = tokenizer.encode("").ids  # [CLS] [SEP]
    known = [tokenizer.token_to_id(piece) for piece in pieces]
    return [
        tokenizer.encode(piece).ids if number is None else [first, number, last]
        for piece, number in zip(pieces, known, strict=True)
    ]


def teacher_outputs(teacher: Path, sequences: Sequence[Sequence[int]]) -> Floats:
    """[V, H]: the mean of the teacher's outputs for each sequence."""
    from transformers import AutoModel

    model = AutoModel.from_pretrained(teacher, local_files_only=True).eval()
    outputs = np.empty((len(sequences), model.config.hidden_size), np.float32)
    lengths = np.array([len(sequence) for sequence in sequences])
    with torch.inference_mode():
        for length in np.unique(lengths):
            places = np.flatnonzero(lengths == length)
            for start in range(0, len(places), BATCH):
                chosen = places[start : start + BATCH]
                batch = torch.tensor([sequences[place] for place in chosen])  # [B, T]
                outputs[chosen] = model(input_ids=batch).last_hidden_state.mean(dim=1).numpy()  # [B, T, H] -> [B, H]
    return outputs


def principal(vectors: Floats, dimensions: int) -> Floats:
    """[V, D]: the vectors about their mean, in the directions in which they differ most."""
    centred = (vectors - vectors.mean(axis=0)).astype(np.float64)
    _, directions = np.linalg.eigh(centred.T @ centred)  # ascending
    chosen = directions[:, ::-1][:, :dimensions]
    chosen *= np.sign(chosen[np.abs(chosen).argmax(axis=0), range(dimensions)])  # a direction has no sign of its own
    reduced: Floats = (centred @ chosen).astype(np.float32)
    return reduced


def zipf_weights(count: int) -> Floats:
    """[V]: the weight of each piece, the commonest first."""
    inverse = 1 / np.arange(2, count + 2)
    weights: Floats = (SIF / (SIF + inverse / inverse.sum())).astype(np.float32)
    return weights


def packed(vectors: Floats) -> dict[str, npt.NDArray[Any]]:
    """``rows`` [V, D] int8 and ``scales`` [V] float32, whose product is about ``vectors``."""
    scales = np.maximum(np.abs(vectors).max(axis=1), 1e-12) / 127
    rows = np.rint(vectors / scales[:, None]).astype(np.int8)
    return {"rows": rows, "scales": scales.astype(np.float32)}


def write(teacher: Path, folder: Path) -> None:
    original = json.loads((teacher / "tokenizer.json").read_text(encoding="utf-8"))
    smaller, pieces = smaller_tokenizer(original, WORDS.read_text(encoding="utf-8").split())
    vectors = principal(teacher_outputs(teacher, numbered(pieces, teacher)), DIMENSIONS)
    vectors *= zipf_weights(len(vectors))[:, None]
    vectors[0] = 0.0  # what is unknown means nothing
    folder.mkdir(parents=True, exist_ok=True)
    save_file(packed(vectors), folder / TABLE)
    (folder / TOKENIZER).write_text(json.dumps(smaller, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    sums = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}" for name in (TABLE, TOKENIZER)]
    (folder / SUMS).write_text("\n".join(sums) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the embedding table from a sentence transformer.")
    parser.add_argument("teacher", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    if not (options.teacher / "model.safetensors").is_file():
        parser.error(f"{options.teacher} has no model.safetensors: give the folder of all-MiniLM-L6-v2.")
    write(options.teacher, options.folder)
    sys.stdout.write(f"written to {options.folder}\n")


if __name__ == "__main__":
    main()
