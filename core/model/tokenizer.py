"""Text to token ids and back. The screen's own text can never become a special token.

Reads the published ``tokenizer.json``; without one, a byte-level tokenizer serves.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tokenizers import AddedToken, decoders, models, pre_tokenizers
from tokenizers import Tokenizer as Library
from tokenizers.decoders import DecodeStream

from core.errors import WeightsError

CACHED = 256  # words whose tokens the library remembers


class Tokenizer:
    """``trusted`` text (framing) may name special tokens; any other text is taken letter by letter."""

    def __init__(self, definition: str) -> None:
        """``definition``: the text of a ``tokenizer.json``."""
        self._trusted = Library.from_str(definition)
        self._plain = Library.from_str(definition)
        self._plain.encode_special_tokens = True  # what looks like a special token stays text
        for library in (self._trusted, self._plain):
            if isinstance(
                library.model, models.BPE
            ):  # it would keep the last 10,000 headers: megabytes that help nobody
                library.model._resize_cache(CACHED)  # noqa: SLF001  the library's only way to say so

    @staticmethod
    def open(file: Path) -> Tokenizer:
        try:
            return Tokenizer(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise WeightsError(f"{file} is missing.", "Point to a folder that holds a whole model.") from None
        except Exception as error:  # noqa: BLE001  # the library raises bare Exception for what it cannot parse
            raise WeightsError(f"{file} cannot be read: {error}.", "Fetch the model again.") from None

    @property
    def size(self) -> int:
        return int(self._plain.get_vocab_size())

    def encode(self, text: str) -> list[int]:
        """Untrusted text: no special token comes out of it. Halves of characters (from a broken argument, say), which
        the library refuses, become question marks."""
        whole = text.encode("utf-8", "replace").decode("utf-8")
        return list(self._plain.encode(whole, add_special_tokens=False).ids)

    def encode_trusted(self, text: str) -> list[int]:
        """Our own framing: special tokens inside it are found."""
        return list(self._trusted.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Sequence[int]) -> str:
        return str(self._plain.decode(list(ids), skip_special_tokens=True))

    def stream(self) -> StreamingText:
        return StreamingText(self._plain)

    def save(self, file: Path) -> None:
        self._trusted.save(str(file))


class StreamingText:
    """Tokens in, text out as soon as whole characters are there."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._stream = DecodeStream(skip_special_tokens=True)

    def step(self, token: int) -> str:
        """The text this token completes; "" while a character is still unfinished."""
        piece: str | None = self._stream.step(self._library, token)
        return piece or ""


def byte_tokenizer(specials: Sequence[str]) -> Tokenizer:
    """Every byte is a token, 0 to 255, and ``specials`` follow from 256."""
    alphabet = _byte_letters()
    library = Library(models.BPE(vocab={letter: byte for byte, letter in enumerate(alphabet)}, merges=[]))
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    library.decoder = decoders.ByteLevel()
    library.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in specials])
    return Tokenizer(library.to_str())


def _byte_letters() -> list[str]:
    """The letter by which byte-level tokenizers write each byte: itself where printable, else one past U+0100."""
    printable = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]
