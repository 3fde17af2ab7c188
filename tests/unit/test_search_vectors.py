"""Vectors of passages are made once, kept on disk, and shared by processes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.language.embedding import Role
from bot.language.normalise import Normalised, normalise
from kb.search import SearchIndex
from kb.vectors import PassageVectors
from tests.small_base import (
    ARTICLES,
    DOGS,
    TREES,
    WEIGHTS,
    CharacterEmbedder,
    find,
)


def test_passages_are_embedded_once_and_in_their_role(tmp_path: Path) -> None:
    embedder = CharacterEmbedder()
    vectors = PassageVectors(embedder, tmp_path)
    first = vectors([("query", "甲"), ("passage", "甲"), ("passage", "乙")])
    assert sorted(embedder.embedded) == [("passage", "乙"), ("passage", "甲"), ("query", "甲")]
    again = PassageVectors(embedder, tmp_path)([("passage", "乙"), ("query", "甲")])
    assert len(embedder.embedded) == 3
    assert np.array_equal(again, first[[2, 0]])


def test_texts_that_have_vectors_are_not_normalised_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = replace(DOGS, questions=(*DOGS.questions, "遛狗　不牵绳?"))
    first = SearchIndex([wide, TREES], PassageVectors(CharacterEmbedder(), tmp_path), WEIGHTS, [])
    normalised: list[str] = []

    def watch(text: str) -> Normalised:
        normalised.append(text)
        return normalise(text)

    monkeypatch.setattr("kb.passages.normalise", watch)
    again = SearchIndex([wide, TREES], PassageVectors(CharacterEmbedder(), tmp_path), WEIGHTS, [])
    assert "遛狗　不牵绳?" in normalised
    assert not {DOGS.questions[0], TREES.questions[0]} & set(normalised)
    for query in ("遛狗不牵绳？", "砍树要批吗"):
        assert find(again, query) == find(first, query)


def test_vectors_are_kept_closely(tmp_path: Path) -> None:
    texts = [q for each in ARTICLES for q in each.questions]
    kept = PassageVectors(CharacterEmbedder(), tmp_path)([("query", text) for text in texts])
    exact = CharacterEmbedder().embed(texts)
    assert np.abs(kept @ kept.T - exact @ exact.T).max() < 0.01


def test_what_another_process_embeds_is_seen(tmp_path: Path) -> None:
    one, other = CharacterEmbedder(), CharacterEmbedder()
    first, second = PassageVectors(one, tmp_path), PassageVectors(other, tmp_path)
    first([("query", "甲")])
    second([("query", "乙"), ("query", "甲")])
    assert other.embedded == [("query", "乙")]
    assert np.array_equal(first([("query", "乙")]), second([("query", "乙")]))
    assert len(one.embedded) == 1


def test_many_keys_are_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.vectors._FRESH_AT_MOST", 3)
    embedder = CharacterEmbedder()
    vectors = PassageVectors(embedder, tmp_path)
    passages: list[tuple[Role, str]] = [("query", char) for char in "甲乙丙丁戊己庚"]
    for passage in passages:
        vectors([passage])
    assert np.array_equal(vectors(passages), PassageVectors(embedder, tmp_path)(passages))
    assert len(embedder.embedded) == len(passages)


def test_row_cut_short_by_a_crash_is_written_again(tmp_path: Path) -> None:
    embedder = CharacterEmbedder()
    PassageVectors(embedder, tmp_path)([("query", "甲"), ("query", "乙")])
    (file,) = tmp_path.glob("*.rows")
    file.write_bytes(file.read_bytes()[:-5])
    vectors = PassageVectors(embedder, tmp_path)([("query", "甲"), ("query", "乙")])
    assert np.array_equal(
        vectors, PassageVectors(CharacterEmbedder(), None)([("query", "甲"), ("query", "乙")])
    )
    assert len(embedder.embedded) == 3
