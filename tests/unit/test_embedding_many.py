"""Thousands of sentences at once, remembered on disk."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.language.embedding import Both, Role
from bot.language.embedding_many import embed_many
from bot.language.models import Vector


class CountingEmbedder:
    """A sentence's vector tells its length; remembers what it was asked."""

    name = "counting-1"
    dimension = 1

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed(self, sentences: Sequence[str], role: Role = "query") -> Vector:
        return self.embed_both(sentences).meaning

    def embed_both(self, sentences: Sequence[str]) -> Both:
        self.asked.extend(sentences)
        lengths = np.array([[len(s)] for s in sentences], np.float32).reshape(-1, 1)
        return Both(lengths, np.hstack([-lengths, lengths, lengths]))


@pytest.fixture
def embedder() -> CountingEmbedder:
    return CountingEmbedder()


def test_rows_come_in_the_order_given(embedder: CountingEmbedder) -> None:
    texts = ["字" * (index * 7 % 50 + 1) for index in range(300)]
    rows = embed_many(embedder, texts)
    assert rows.meaning[:, 0].tolist() == [len(text) for text in texts]
    assert rows.manner[:, 0].tolist() == [-len(text) for text in texts]


def test_only_new_sentences_are_embedded_again(embedder: CountingEmbedder, tmp_path: Path) -> None:
    memory = tmp_path / "deep" / "vectors.npz"
    first = embed_many(embedder, ["甲", "乙乙", "甲"], memory)
    assert sorted(embedder.asked) == ["乙乙", "甲"]
    embedder.asked.clear()
    again = embed_many(embedder, ["丙丙丙", "甲", "乙乙"], memory)
    assert embedder.asked == ["丙丙丙"]
    assert np.array_equal(again[[1, 2]].meaning, first[[0, 1]].meaning)
    assert np.array_equal(again[[1, 2]].manner, first[[0, 1]].manner)


def test_another_model_s_vectors_are_not_used(embedder: CountingEmbedder, tmp_path: Path) -> None:
    memory = tmp_path / "vectors.npz"
    embed_many(embedder, ["甲"], memory)
    embedder.asked.clear()
    embedder.name = "counting-2"
    embed_many(embedder, ["甲"], memory)
    assert embedder.asked == ["甲"]


@pytest.mark.parametrize("content", [b"", b"not a zip file", b"PK\x03\x04broken"])
def test_a_damaged_file_counts_as_empty(
    embedder: CountingEmbedder, tmp_path: Path, content: bytes
) -> None:
    memory = tmp_path / "vectors.npz"
    memory.write_bytes(content)
    assert embed_many(embedder, ["甲甲"], memory).meaning[0, 0] == 2.0
    assert embed_many(embedder, ["甲甲"], memory).meaning[0, 0] == 2.0
    assert embedder.asked == ["甲甲"]


def test_nothing_gives_no_rows(embedder: CountingEmbedder) -> None:
    assert embed_many(embedder, []).meaning.shape == (0, 1)
    assert embed_many(embedder, []).manner.shape == (0, 3)
