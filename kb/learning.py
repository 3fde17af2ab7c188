"""The two small models of search, fitted: a listwise ranking and a logistic judgement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kb.trust import EVIDENCE, Judge, Numbers

Flags = npt.NDArray[np.bool_]

_STIFFNESS = 1.0
# Closeness never speaks against an article, whatever chance says: residents' questions come
# closer to a question form than forms held out come to each other.
_BOUNDS: dict[str, tuple[float | None, float | None]] = {
    "elsewhere": (None, 0.0),
    "unknown": (None, 0.0),
    "length": (None, None),
}


def fit_ranking(lists: Sequence[tuple[Numbers, Flags, float]]) -> Numbers:
    """Weights under which the right candidates of each list get the most of a softmax.

    A list is (features of shape (candidates, f), which candidates are right, what the list
    counts for); lists without a right one teach nothing.
    """
    from scipy.optimize import minimize

    lists = [each for each in lists if each[1].any()]
    scale = np.concatenate([features for features, _, _ in lists]).std(axis=0) + 1e-9
    scaled = [(features / scale, right, weight) for features, right, weight in lists]

    def loss(weights: Numbers) -> tuple[float, Numbers]:
        total = _STIFFNESS / 2 * float(weights @ weights)
        slope = _STIFFNESS * weights
        for features, right, weight in scaled:
            scores = features @ weights
            shares = np.exp(scores - scores.max())
            shares /= shares.sum()
            hit = float(shares[right].sum())
            total -= weight * float(np.log(max(hit, 1e-12)))
            slope += weight * ((shares - shares * right / max(hit, 1e-12)) @ features)
        return total, slope

    start = np.zeros(len(scale))
    bounds = [(0.0, None)] * len(scale)
    found: Numbers = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x / scale
    return found


def fit_judge(rows: Numbers, truth: Flags, weight: Numbers) -> Judge:
    """A logistic judgement of `rows` (columns as in EVIDENCE), in the rows' own units."""
    from scipy.optimize import minimize

    centre, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    scaled = (rows - centre) / scale
    sides = np.where(truth, 1.0, -1.0)

    def loss(found: Numbers) -> tuple[float, Numbers]:
        weights, bias = found[:-1], found[-1]
        margins = sides * (scaled @ weights + bias)
        misses = weight * sides / (1 + np.exp(np.clip(margins, -60, 60)))
        total = float(weight @ np.logaddexp(0, -margins)) + _STIFFNESS / 2 * float(
            weights @ weights
        )
        return total, np.append(_STIFFNESS * weights - misses @ scaled, -misses.sum())

    bounds = [_BOUNDS.get(name, (0.0, None)) for name in EVIDENCE] + [(None, None)]
    start = np.zeros(len(EVIDENCE) + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    weights = found[:-1] / scale
    return Judge(tuple(weights.tolist()), float(found[-1] - weights @ centre))


def judge_unseen(
    rows: Numbers, truth: Flags, weight: Numbers, folds: npt.NDArray[np.int64]
) -> Numbers:
    """For every row the probability by a judge that never saw its fold."""
    judged = np.zeros(len(rows))
    for fold in np.unique(folds):
        seen = (folds != fold) & (weight > 0)
        judge = fit_judge(rows[seen], truth[seen], weight[seen])
        for number in np.flatnonzero(folds == fold):
            judged[number] = judge.probability(rows[number])
    return judged
