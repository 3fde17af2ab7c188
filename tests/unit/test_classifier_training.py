"""The three ways of fitting give what their textbooks say, and the held-out part is truly held out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge

from bot.language.classifier import train_classifier
from bot.language.classifier_training import Lesson, Solver, Training, fit

_KEPT = 40


def _lesson(labels: int = 3) -> Lesson:
    dice = np.random.default_rng(7)
    target = dice.integers(0, labels, 50)
    vectors = dice.normal(size=(50, 4)) + target[:, np.newaxis]
    grams = sparse.csr_matrix(
        dice.random((50, 30)) * (dice.random((50, 30)) < 0.2), dtype=np.float32
    )
    return Lesson(vectors.astype(np.float32), grams, target, labels, _KEPT)


def _features(lesson: Lesson) -> np.ndarray:
    return np.hstack([lesson.vectors, lesson.grams.toarray()])


@pytest.mark.parametrize("solver", ["logistic", "ridge", "centroid"])
def test_the_sentences_held_out_leave_no_trace_in_the_first_weights(solver: Solver) -> None:
    lesson = _lesson()
    spoiled = lesson.vectors.copy()
    spoiled[_KEPT:] = 9.0
    other = Lesson(spoiled, lesson.grams, lesson.target, lesson.labels, _KEPT)
    (first, bias), (whole, _) = fit(lesson, Training(solver, c=2.0))
    (again, bias_again), (other_whole, _) = fit(other, Training(solver, c=2.0))
    np.testing.assert_allclose(first, again, atol=2e-4)
    np.testing.assert_allclose(bias, bias_again, atol=2e-4)
    assert np.abs(whole - other_whole).max() > 0.01


def test_log_loss_is_as_low_as_scikit_learn_makes_it() -> None:
    lesson = _lesson()
    model = LogisticRegression(C=2.0, max_iter=500, tol=1e-6).fit(_features(lesson), lesson.target)
    _, whole = fit(lesson, Training("logistic", c=2.0))
    theirs = model.decision_function(_features(lesson))
    ours = lesson.apply(whole, slice(None))
    np.testing.assert_allclose(_odds(ours), _odds(theirs), atol=0.02)


def _odds(scores: np.ndarray) -> np.ndarray:
    grown = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("rows", [_KEPT, 50])
def test_least_squares_are_those_of_scikit_learn(rows: int) -> None:
    lesson = _lesson()
    # The bias is a feature of its own, a tenth in every sentence.
    features = np.hstack([_features(lesson), np.full((50, 1), 0.1)])[:rows]
    aims = np.where(np.eye(3)[lesson.target[:rows]] == 1, 1.0, -0.5)
    model = Ridge(alpha=0.5, fit_intercept=False).fit(features, aims)
    part, whole = fit(lesson, Training("ridge", c=2.0))
    weights, bias = part if rows == _KEPT else whole
    np.testing.assert_allclose(weights, model.coef_[:, :-1], atol=1e-3)
    np.testing.assert_allclose(bias, 0.1 * model.coef_[:, -1], atol=1e-3)


def test_a_handful_of_sentences_can_be_learned() -> None:
    vectors = np.eye(2, 4, dtype=np.float32)
    model = train_classifier(
        ["是", "不是"], vectors, ["yes", "no"], Training("ridge", fewest_grams=1)
    )
    assert model.rank("是", vectors[0])[0][0] == "yes"
    assert model.rank("不是", vectors[1])[0][0] == "no"
