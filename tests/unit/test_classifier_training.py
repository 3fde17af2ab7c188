"""Fitting gives what textbooks say, and the held-out part is truly held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics.pairwise import rbf_kernel

from bot.language.classifier import SentenceClassifier
from bot.language.classifier_training import (
    Lesson,
    Training,
    find_axes,
    fit,
    fit_classifier,
    make_kernel,
    prepare,
)

_KEPT = 40
_BREADTH = 6.0


def _lesson(labels: int = 3) -> Lesson:
    dice = np.random.default_rng(7)
    target = dice.integers(0, labels, 50)
    points = dice.normal(size=(50, 4)) + target[:, np.newaxis]
    grams = sparse.csr_matrix(
        dice.random((50, 30)) * (dice.random((50, 30)) < 0.2), dtype=np.float32
    )
    return Lesson(points.astype(np.float32), grams, target, labels, _KEPT, _BREADTH)


def test_the_kernel_is_likeness_and_shared_grams() -> None:
    lesson = _lesson()
    grams = lesson.grams.toarray()
    expected = rbf_kernel(lesson.points, gamma=1 / _BREADTH) + grams @ grams.T + 0.01
    np.testing.assert_allclose(np.triu(make_kernel(lesson)), np.triu(expected), atol=1e-5)


@pytest.mark.parametrize("rows", [_KEPT, 50])
def test_least_squares_are_those_of_scikit_learn(rows: int) -> None:
    lesson = _lesson()
    half = np.triu(make_kernel(lesson))
    kernel = half + np.triu(half, 1).T
    aims = np.where(np.eye(3)[lesson.target] == 1, 1.0, -0.5)
    model = KernelRidge(alpha=0.5, kernel="precomputed").fit(kernel[:rows, :rows], aims[:rows])
    pulls, held_scores = fit(lesson, c=2.0)
    if rows == 50:
        np.testing.assert_allclose(pulls, model.dual_coef_, atol=1e-3)
    else:
        expected = model.predict(kernel[_KEPT:, :_KEPT])
        np.testing.assert_allclose(held_scores, expected, atol=1e-3)


def test_labels_of_sentences_held_out_leave_no_trace_in_their_scores() -> None:
    lesson = _lesson()
    turned = lesson.target.copy()
    turned[_KEPT:] = (turned[_KEPT:] + 1) % 3
    other = Lesson(lesson.points, lesson.grams, turned, 3, _KEPT, _BREADTH)
    pulls, held_scores = fit(lesson, c=2.0)
    other_pulls, other_scores = fit(other, c=2.0)
    np.testing.assert_allclose(held_scores, other_scores, atol=1e-5)
    assert np.abs(pulls - other_pulls).max() > 0.1


def test_the_axes_keep_what_differs_most() -> None:
    dice = np.random.default_rng(3)
    rows = np.zeros((200, 6), np.float32)
    rows[:, 4], rows[:, 1] = 5 * dice.normal(size=200), 2 * dice.normal(size=200)
    rows -= rows.mean(axis=0)
    axes = find_axes(rows, 2)
    assert axes.shape == (6, 2)
    assert np.abs(axes).argmax(axis=0).tolist() == [4, 1]
    np.testing.assert_allclose((rows @ axes) @ axes.T, rows, atol=1e-3)


def _handful() -> SentenceClassifier:
    how = Training(fewest_grams=1)
    said = prepare(["是", "不是"], ["yes", "no"], how)
    return fit_classifier(said, np.eye(2, 4, dtype=np.float32), how)


def test_a_handful_of_sentences_can_be_learned() -> None:
    model, vectors = _handful(), np.eye(2, 4, dtype=np.float32)
    ranked = model.rank_many(["是", "不是"], vectors)
    assert [[label for label, _ in each] for each in ranked] == [["yes", "no"], ["no", "yes"]]


def test_many_are_read_as_one_by_one() -> None:
    model = _handful()
    vectors = np.random.default_rng(5).normal(size=(3, 4)).astype(np.float32)
    texts = ["是的", "从没见过的字", ""]
    together = model.odds_many(texts, vectors)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)
    for text, vector, odds in zip(texts, vectors, together, strict=True):
        alone = model.odds_many([text], vector[np.newaxis])[0]
        np.testing.assert_allclose(alone, odds, atol=1e-6)


def test_what_was_saved_reads_the_same(tmp_path: Path) -> None:
    model, vectors = _handful(), np.array([[0.7, 0.1, 0.0, 0.0]], np.float32)
    model.save(tmp_path / "new", "tiny")
    loaded = SentenceClassifier.load(tmp_path / "new", "tiny")
    assert loaded.labels == ("no", "yes")
    before, after = (each.odds_many(["不是"], vectors) for each in (model, loaded))
    np.testing.assert_allclose(after, before, atol=0.01)
