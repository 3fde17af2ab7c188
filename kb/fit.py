"""Fits the search's fusion and confidence on the articles' own question forms.

Each question form in turn is taken out of the index and asked. The right article should rank
first (fusion weights), and the confidence should tell such questions from questions of other
worlds and from questions whose article is taken out as a whole (an honest "I do not know").
No question of any test set is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bot.language.embedding import Embedder
from bot.language.normalise import normalise
from kb.models import Article
from kb.search import FEATURES, SearchIndex, Weights, trust_inputs
from kb.vectors import PassageVectors

_RIVALS = 12
_ANSWER_PRECISION = 0.97
_OFFER_PRECISION = 0.5


def fit(
    articles: Sequence[Article],
    strangers: Sequence[str],
    embedder: Embedder,
    vectors: PassageVectors,
) -> tuple[dict[str, Any], list[str]]:
    """The weights as a JSON-able mapping, and a report in lines."""
    from sklearn.linear_model import LogisticRegression

    start = Weights((1.0,) * len(FEATURES), (0.0,) * (len(FEATURES) + 1), 0.0, 0.5, 0.3)
    index = SearchIndex(articles, vectors, start)
    passages = index.passage_texts()
    owners = np.array([p.article for p in passages])
    asked = [i for i, p in enumerate(passages) if p.asks]
    # half of each article's forms teach the fusion, the other half the confidence
    texts = [normalise(passages[i].text).text for i in asked]
    query_vectors = embedder.embed(texts)
    own, hidden = [], []
    for text, vector, i in zip(texts, query_vectors, asked, strict=True):
        without_form = np.zeros(len(passages), dtype=bool)
        without_form[i] = True
        own.append((index.features(text, vector, without_form), passages[i].article))
        hidden.append(index.features(text, vector, owners == passages[i].article))
    rows, labels = _pairs(own[::2])
    ranker = LogisticRegression(C=10.0, fit_intercept=False, max_iter=500).fit(rows, labels)
    rank = ranker.coef_[0]
    inputs, truth = [], []
    for (features, right), gone in zip(own[1::2], hidden[1::2], strict=True):
        scores = features @ rank
        inputs.append(trust_inputs(features, scores))
        truth.append(int(np.argmax(scores) == right))
        inputs.append(trust_inputs(gone, gone @ rank))
        truth.append(0)
    far = [normalise(text).text for text in strangers]
    for text, vector in zip(far, embedder.embed(far), strict=True):
        features = index.features(text, vector)
        inputs.append(trust_inputs(features, features @ rank))
        truth.append(0)
    judge = LogisticRegression(C=10.0, max_iter=1000).fit(np.stack(inputs), truth)
    trusted = judge.predict_proba(np.stack(inputs))[:, 1]
    answer_at = _threshold(trusted, np.array(truth), _ANSWER_PRECISION)
    offer_at = min(_threshold(trusted, np.array(truth), _OFFER_PRECISION), answer_at)
    first = np.mean([np.argmax(f @ rank) == right for f, right in own[1::2]])
    answered = np.mean([t >= answer_at for t, y in zip(trusted, truth, strict=True) if y])
    weights = {
        "features": list(FEATURES),
        "rank": [round(float(x), 4) for x in rank],
        "trust": [round(float(x), 4) for x in judge.coef_[0]],
        "trust_bias": round(float(judge.intercept_[0]), 4),
        "answer_at": round(answer_at, 4),
        "offer_at": round(offer_at, 4),
        "fitted_with": embedder.name,
    }
    report = [
        f"条目 {len(articles)}，问法 {len(asked)}，无关句 {len(far)}",
        f"留出问法首位正确 {first:.3f}；正确者中直接作答 {answered:.3f}",
        f"权重 {weights['rank']}，作答门槛 {answer_at:.3f}，备选门槛 {offer_at:.3f}",
    ]
    return weights, report


def _pairs(own: Sequence[tuple[np.ndarray, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Differences between the right article and its strongest rivals, both ways round."""
    rows, labels = [], []
    for features, right in own:
        rivals = np.argsort(-features.sum(axis=1))[: _RIVALS + 1]
        for rival in rivals[rivals != right][:_RIVALS]:
            rows += [features[right] - features[rival], features[rival] - features[right]]
            labels += [1, 0]
    return np.stack(rows), np.array(labels)


def _threshold(trusted: np.ndarray, truth: np.ndarray, precision: float) -> float:
    """The lowest confidence from which on at least `precision` of the answers are right."""
    order = np.argsort(-trusted)
    right = np.cumsum(truth[order]) / np.arange(1, len(order) + 1)
    fitting = np.flatnonzero(right >= precision)
    return float(trusted[order][fitting[-1]]) if len(fitting) else 1.0
