"""The meaning of a word as a vector: the sum of its word pieces' rows in a static table.

The table was distilled from a sentence transformer (`core.meaning.distil`). Read with numpy and tokenizers, which the
app has anyway: Model2Vec's own reader would bring joblib and tqdm for the same sum. Nothing here uses the network.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from core.errors import EnvironmentTroubleError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TABLE: Final = "table.safetensors"
TOKENIZER: Final = "tokenizer.json"
SUMS: Final = "SHA256SUMS"  # of both
LONGEST: Final = 100  # characters of a word that are heeded
LETTERS: Final = 3.5  # a piece, on average: a word cut finer is misread or a rare name, and its pieces tell nothing

Vectors = npt.NDArray[np.float32]


class Embedding:
    """Turns words into vectors. Loads on first use (about 10 MB); for any thread."""

    def __init__(self, folder: Path | None = None) -> None:
        """``folder``: the table's; None: the one that ships with the app."""
        self._folder = folder or Path(str(resources.files("resources") / "meaning"))
        self._lock = threading.Lock()
        self._loaded: tuple[Tokenizer, npt.NDArray[np.int8], Vectors] | None = None

    @property
    def version(self) -> str:
        """Names the table: vectors of another version cannot be compared with this one's."""
        return self._sums().get(TABLE, "")

    def vectors(self, words: Sequence[str]) -> Vectors:
        """[N, D] float32: a vector of length 1 for each word, of zeros for one that the table does not know well.

        Raises EnvironmentTroubleError where the table is missing or damaged.
        """
        tokenizer, rows, scales = self._table()
        encoded = tokenizer.encode_batch_fast([word[:LONGEST] for word in words], add_special_tokens=False)
        sums = np.zeros((len(words), rows.shape[1]), np.float32)
        for place, (word, encoding) in enumerate(zip(words, encoded, strict=True)):
            pieces = np.asarray(encoding.ids, np.intp)  # [T]
            if len(pieces) == 1 or 0 < LETTERS * len(pieces) <= len(word):
                sums[place] = scales[pieces] @ rows[pieces].astype(np.float32)  # [T] @ [T, D]
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        normalised: Vectors = sums / np.maximum(lengths, 1e-12)
        return normalised

    def _sums(self) -> dict[str, str]:
        """File -> its checksum, as shipped."""
        try:
            lines = (self._folder / SUMS).read_text(encoding="utf-8").splitlines()
            return {name: digest for digest, name in (line.split() for line in lines)}
        except (OSError, ValueError) as error:
            raise _missing() from error

    def _checked(self, name: str) -> bytes:
        try:
            content = (self._folder / name).read_bytes()
        except OSError as error:
            raise _missing() from error
        if hashlib.sha256(content).hexdigest() != self._sums().get(name):
            raise _missing()
        return content

    def _table(self) -> tuple[Tokenizer, npt.NDArray[np.int8], Vectors]:
        with self._lock:
            if self._loaded is None:
                from safetensors.numpy import load
                from tokenizers import Tokenizer

                arrays = load(self._checked(TABLE))
                tokenizer = Tokenizer.from_buffer(self._checked(TOKENIZER))
                self._loaded = tokenizer, arrays["rows"], arrays["scales"]
            return self._loaded


def _missing() -> EnvironmentTroubleError:
    return EnvironmentTroubleError(
        "The table for searching by meaning is missing or damaged.", "Install Afterimage again."
    )
