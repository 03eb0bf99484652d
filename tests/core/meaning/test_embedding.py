from __future__ import annotations

import hashlib
import shutil
import socket
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from core.errors import EnvironmentTroubleError
from core.meaning.embedding import SUMS, TABLE, TOKENIZER, Embedding

SHIPPED = Path(str(resources.files("resources") / "meaning"))


@pytest.fixture(scope="module")
def embedding() -> Embedding:
    return Embedding()


@pytest.mark.parametrize(
    ("word", "near", "far"),
    [
        ("doctor", "physician", "window"),
        ("film", "cinema", "invoice"),
        ("price", "cost", "garden"),
        ("mum", "mother", "engine"),
        ("couch", "sofa", "error"),
    ],
)
def test_words_of_about_the_same_meaning_are_nearer_than_others(
    embedding: Embedding, word: str, near: str, far: str
) -> None:
    vector, other, strange = embedding.vectors([word, near, far])
    assert vector @ other > 0.5
    assert abs(vector @ strange) < 0.3


def test_vectors_have_length_one_and_words_not_known_well_have_none(embedding: Embedding) -> None:
    vectors = embedding.vectors(["doctor", "Doctor", "zzyzzxqk", "", "医者"])
    assert vectors.shape == (5, 256)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 1, 0, 0, 0], atol=1e-6)
    np.testing.assert_array_equal(vectors[0], vectors[1])
    assert embedding.vectors([]).shape == (0, 256)


def test_nothing_is_loaded_before_it_is_needed_and_never_from_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    fresh = Embedding()
    assert fresh._loaded is None
    assert fresh.vectors(["doctor"]).any()


def test_the_shipped_files_are_those_of_the_checksums_and_small() -> None:
    sums = [line.split() for line in (SHIPPED / SUMS).read_text().splitlines()]
    assert {name for _, name in sums} == {TABLE, TOKENIZER}
    for digest, name in sums:
        assert hashlib.sha256((SHIPPED / name).read_bytes()).hexdigest() == digest
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) < 10_000_000


@pytest.mark.parametrize("name", [TABLE, TOKENIZER, SUMS])
def test_a_missing_or_damaged_table_is_told_with_what_to_do(tmp_path: Path, name: str) -> None:
    with pytest.raises(EnvironmentTroubleError, match="missing or damaged"):
        Embedding(tmp_path).vectors(["doctor"])
    shutil.copytree(SHIPPED, tmp_path, dirs_exist_ok=True)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-100] + b" " * 100)
    with pytest.raises(EnvironmentTroubleError, match="missing or damaged") as raised:
        Embedding(tmp_path).vectors(["doctor"])
    assert raised.value.remedy == "Install Afterimage again."
