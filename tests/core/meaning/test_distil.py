from __future__ import annotations

import numpy as np

from core.meaning.distil import packed, principal, smaller_tokenizer, zipf_weights


def test_the_tokenizer_keeps_word_pieces_the_unknown_first_and_gains_whole_words() -> None:
    vocabulary = {"[PAD]": 0, "[unused3]": 1, "[UNK]": 2, "[CLS]": 3, "the": 4, "##ing": 5, "[": 6, "者": 7}
    words = ["invoice", "the"]
    original = {"model": {"vocab": vocabulary, "unk_token": "[UNK]"}, "added_tokens": [{}], "padding": {}}
    smaller, pieces = smaller_tokenizer(original, words)
    assert smaller["model"]["vocab"] == {"[UNK]": 0, "the": 1, "##ing": 2, "[": 3, "invoice": 4}
    assert pieces == ["[UNK]", "the", "##ing", "[", "invoice"]
    assert (smaller["added_tokens"], smaller["padding"], smaller["truncation"]) == ([], None, None)
    assert original["model"] == {"vocab": vocabulary, "unk_token": "[UNK]"}


def test_the_principal_components_keep_distances_and_have_one_sign() -> None:
    chance = np.random.default_rng(3)
    flat = chance.normal(size=(40, 4)) @ chance.normal(size=(4, 12))  # a plane of 4 dimensions in 12
    vectors = flat.astype(np.float32)
    reduced = principal(vectors, 4)
    assert reduced.shape == (40, 4)
    assert np.all(np.diff(reduced.var(axis=0)) <= 0)
    np.testing.assert_allclose(
        np.linalg.norm(reduced[0] - reduced[1:], axis=1), np.linalg.norm(vectors[0] - vectors[1:], axis=1), rtol=1e-4
    )
    np.testing.assert_allclose(principal(vectors[:], 4), reduced)


def test_common_pieces_weigh_less() -> None:
    weights = zipf_weights(1_000)
    assert np.all(np.diff(weights) > 0)
    assert 0 < weights[0] < weights[-1] <= 1


def test_packing_loses_little_and_takes_rows_of_zeros() -> None:
    vectors = np.random.default_rng(5).normal(size=(7, 16)).astype(np.float32)
    vectors[2] = 0
    arrays = packed(vectors)
    assert arrays["rows"].dtype == np.int8
    restored = arrays["rows"] * arrays["scales"][:, None]
    assert np.abs(restored - vectors).max() <= np.abs(vectors).max() / 254 + 1e-6
