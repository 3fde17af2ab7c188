"""Fits the weights of the duplicate check on pairs of our own, and tells how good they are.

    python -m cases.duplicate_fit .cache/tests/cache tests/cases/duplicates.jsonl

Prints the lines of duplicates.WEIGHTS. Beside the pairs, the report of each that is closest in
meaning to one of another pair makes a pair that is none: most reports at hand are of other places
and told in other words. Pairs that are refused outright teach nothing. No test set is used.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bot.language.embedding import Embedder, load_embedder
from cases.categories import DATA
from cases.duplicates import read_report
from cases.resemblance import FEATURES, Told, measure_closeness, prepare, refuse, weigh

Numbers = npt.NDArray[np.float64]
FOLDS = 8
_STIFFNESS = 1.0
_CROSSED = 0.25
"""What a crossed pair counts for: there are as many as reports, and most are easy."""
_EVERY = 2


@dataclass(frozen=True, slots=True)
class Row:
    """One pair weighed; rows of one `group` are held out together."""

    values: tuple[float, ...]
    duplicate: bool
    refused: bool
    group: int
    weight: float


def read_pairs(path: Path) -> list[tuple[Told, Told, bool]]:
    """The labelled pairs of a file, prepared."""
    pairs = []
    for line in path.read_text("utf-8").splitlines():
        item = json.loads(line)
        a, b = (read_report(item, key) for key in "ab")
        told = [prepare(each.title, each.body, each.posted_at) for each in (a, b)]
        pairs.append((told[0], told[1], bool(item["duplicate"])))
    return pairs


def weigh_pairs(pairs: Iterable[tuple[Told, Told, bool]], embedder: Embedder) -> list[Row]:
    """Their features; four neighbours in a file, which share places, are one group."""
    return [
        _weigh(a, b, embedder, duplicate, number // 4)
        for number, (a, b, duplicate) in enumerate(pairs)
    ]


def cross(pairs: Sequence[tuple[Told, Told, bool]], embedder: Embedder) -> list[Row]:
    """Reports beside the closest of other pairs, as if told on one day."""
    told = [report for a, b, _ in pairs for report in (a, b)]
    vectors = embedder.embed([report.pieces[0] for report in told])
    near = vectors @ vectors.T
    rows = []
    for number in range(0, len(told), _EVERY):
        one = told[number]
        at = next(each for each in np.argsort(-near[number]) if each // 2 != number // 2)
        other = replace(told[at], posted_at=one.posted_at)
        rows.append(_weigh(one, other, embedder, False, number // 8, _CROSSED))
    return rows


def fit(rows: Sequence[Row]) -> tuple[Numbers, float]:
    """Weights and base of a logistic regression, duplicates and others counting alike."""
    from scipy.optimize import minimize

    taught = [row for row in rows if not row.refused]
    values = np.array([row.values for row in taught])
    truth = np.array([row.duplicate for row in taught])
    weight = np.array([row.weight for row in taught])
    for side in (truth, ~truth):
        weight[side] *= weight.sum() / 2 / weight[side].sum()
    scale = values.std(axis=0) + 1e-9
    scaled, sides = values / scale, np.where(truth, 1.0, -1.0)

    def loss(found: Numbers) -> tuple[float, Numbers]:
        weights, base = found[:-1], found[-1]
        margins = sides * (scaled @ weights + base)
        misses = weight * sides / (1 + np.exp(np.clip(margins, -60, 60)))
        total = float(weight @ np.logaddexp(0, -margins)) + _STIFFNESS / 2 * float(
            weights @ weights
        )
        return total, np.append(_STIFFNESS * weights - misses @ scaled, -misses.sum())

    found = minimize(loss, np.zeros(values.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return found[:-1] / scale, float(found[-1])


def share_right(rows: Sequence[Row], taught: Sequence[Row], seed: int = 0) -> float:
    """Cross-validated: each row is judged by weights that never saw its group."""
    groups = np.unique([row.group for row in rows])
    folds = dict(
        zip(groups, np.random.default_rng(seed).permutation(len(groups)) % FOLDS, strict=True)
    )
    right = 0
    for fold in range(FOLDS):
        # a crossed row shares its reports with a group of the first file
        weights, base = fit([row for row in taught if folds.get(row.group) != fold])
        for row in rows:
            if folds[row.group] == fold:
                judged = not row.refused and float(weights @ row.values) + base > 0
                right += judged == row.duplicate
    return right / len(rows)


def _weigh(
    a: Told, b: Told, embedder: Embedder, duplicate: bool, group: int, weight: float = 1.0
) -> Row:
    values = weigh(a, b, measure_closeness(a, [b], embedder.embed)[0])
    return Row(values, duplicate, refuse(a, b) is not None, group, weight)


def main(cache: Path, *others: Path) -> list[str]:
    """The report; `others` are more files of pairs to fit on."""
    embedder = load_embedder(cache)
    ours = read_pairs(DATA / "duplicate_pairs.jsonl")
    files = [weigh_pairs(ours, embedder)]
    for path in others:
        begin = 1 + max(row.group for rows in files for row in rows)
        rows = weigh_pairs(read_pairs(path), embedder)
        files.append([replace(row, group=row.group + begin) for row in rows])
    taught = [row for rows in files for row in rows] + cross(ours, embedder)
    lines = [f"{len(rows)} 对，交叉验证正确率 {share_right(rows, taught):.3f}" for rows in files]
    weights, base = fit(taught)
    lines += [f'    "{name}": {value:.2f},' for name, value in zip(FEATURES, weights, strict=True)]
    return [*lines, f"BASE = {base:.2f}"]


if __name__ == "__main__":
    sys.stdout.write("\n".join(main(*map(Path, sys.argv[1:]))) + "\n")
