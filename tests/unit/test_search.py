"""Search over articles: ranking, the decision to answer or decline, renewal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from hotline.clock import FakeClock
from hotline.db import Database
from kb import store
from kb.fit import read_also_right, read_asked
from kb.jurisdiction import is_elsewhere
from kb.passages import read_strangers
from kb.search import CANDIDATES, SearchIndex
from kb.service import Knowledge, read_articles
from kb.trust import EVIDENCE, FEATURES, Found, Judge, load_weights, read_weights
from kb.vectors import PassageVectors
from kb.words import (
    fold,
)
from tests.small_base import (
    ARTICLES,
    DIMENSION,
    DOGS,
    HEATING,
    TREES,
    TRIM,
    WEIGHTS,
    CharacterEmbedder,
    article,
    build,
    find,
    weigh,
)


def test_right_article_comes_first_and_answers() -> None:
    found = find(build(), "遛狗没牵绳")
    assert found.answer == "dogs"
    assert found.hits[0].slug == "dogs"
    assert found.confidence >= WEIGHTS.answer_at
    assert len(found.hits[0].features) == len(FEATURES)
    assert [hit.score for hit in found.hits] == sorted((h.score for h in found.hits), reverse=True)


def test_stranger_is_declined() -> None:
    found = find(build(), "居民身份证丢失补办")
    assert (found.answer, found.choices) == (None, ())
    assert found.confidence < WEIGHTS.offer_at
    assert found.hits  # what came closest is still told, for whoever writes articles


def elsewhere(index: SearchIndex, query: str) -> float:
    return index.compare(query, CharacterEmbedder().embed([query])[0]).elsewhere


def test_likeness_to_a_stranger_is_seen() -> None:
    index = build(strangers=["居民身份证丢了补办"])
    assert elsewhere(index, "身份证丢了") > elsewhere(index, "遛狗没牵绳")
    assert elsewhere(build(strangers=[]), "身份证丢了") == 0


def test_stranger_an_article_came_to_answer_is_no_stranger() -> None:
    form = DOGS.questions[0]
    assert elsewhere(build(strangers=[f"{form}？"]), form) == 0


def test_close_articles_are_offered_as_choices() -> None:
    doubtful = replace(WEIGHTS, answer_at=0.999)
    found = find(build(weights=doubtful), "树挡光能砍树吗")
    assert found.answer is None
    assert set(found.choices) == {"trees", "trim"}


def test_there_are_never_more_than_three_choices() -> None:
    twins = [replace(TREES, slug=f"trees-{n}", questions=(f"砍树{n}",)) for n in range(6)]
    sure = Judge(weigh(), 9.0)
    found = find(build(twins, replace(WEIGHTS, known=sure, answer_at=0.999)), "我要砍树")
    assert len(found.choices) == 3


def test_known_form_is_answered_whatever_the_signs() -> None:
    for form in (*DOGS.questions, DOGS.title):
        found = find(build(), f" {form}！")
        assert (found.answer, found.confidence) == ("dogs", 1.0)


@pytest.mark.parametrize("query", ["", "？！", "的", "zzz", "😀"])
def test_nothing_to_go_by_is_declined(query: str) -> None:
    found = find(build(), query)
    assert (found.answer, found.choices) == (None, ())


def test_empty_knowledge_finds_nothing() -> None:
    assert find(build(()), "遛狗") == Found((), 0.0, None, ())


def test_single_article_can_answer() -> None:
    assert find(build([DOGS]), "遛狗没牵绳").hits[0].slug == "dogs"


def test_k_limits_hits_but_not_choices() -> None:
    found = find(build(weights=replace(WEIGHTS, answer_at=0.999)), "树挡光能砍树吗", k=1)
    assert len(found.hits) == 1
    assert len(found.choices) == 2


def test_right_article_survives_the_rough_step_among_many() -> None:
    crowd = [
        article(f"a{n}", f"第{n}号规定说什么", [f"规定{n}"], f"内容{n}。")
        for n in range(CANDIDATES + 60)
    ]
    index = build([*crowd, HEATING])
    seen = index.compare("暖气片冰凉没人管", CharacterEmbedder().embed(["暖气片冰凉没人管"])[0])
    assert len(seen.articles) == CANDIDATES
    assert find(index, "暖气片冰凉没人管").hits[0].slug == "heating"


def test_centre_of_another_model_is_not_used() -> None:
    foreign = replace(WEIGHTS, centre=(1.0, 2.0))
    assert find(build(weights=foreign), "遛狗没牵绳").hits[0].slug == "dogs"


def test_shipped_weights_fit_the_features() -> None:
    weights = load_weights()
    assert len(weights.rank) == len(FEATURES)
    assert len(weights.known.weights) == len(weights.right.weights) == len(EVIDENCE)
    assert 0 < weights.answer_at < 1
    assert 0 < weights.offer_at < 1
    assert min(weights.rank) >= 0
    assert weights.centre is not None
    assert weights.fitted_with


def test_weights_for_other_features_are_refused() -> None:
    with pytest.raises(ValueError, match="hotline kb fit"):
        read_weights({"features": ["topic"], "evidence": list(EVIDENCE)})


def test_also_right_names_forms_and_articles_that_exist() -> None:
    articles = [each for each, _ in read_articles().values()]
    homes = {question: each.slug for each in articles for question in each.questions}
    slugs = {each.slug for each in articles}
    for question, others in read_also_right().items():
        assert question in homes, question
        assert others <= slugs - {homes[question]}, question


def test_strangers_are_no_question_of_an_article() -> None:
    forms = {fold(q) for each, _ in read_articles().values() for q in (each.title, *each.questions)}
    strangers = read_strangers()
    assert len(set(strangers)) == len(strangers) > 100
    assert not forms & set(map(fold, strangers))


def test_asked_questions_name_articles_that_exist() -> None:
    articles = read_articles()
    asked = read_asked()
    assert set().union(*asked.values()) <= set(articles)
    assert 0 < sum(not slugs for slugs in asked.values()) < len(asked) / 4


CROWD = [article(f"a{n}", f"第{n}号规定说什么", [f"规定{n}"], f"内容{n}。") for n in range(60)]


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.segment.LARGEST", 25)
    monkeypatch.setattr("kb.segment._AT_ONCE", 7)
    monkeypatch.setattr("kb.search._SMALL", 3)


@pytest.mark.usefixtures("small_segments")
def test_segments_rank_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = replace(WEIGHTS, centre=(0.02,) * DIMENSION)  # else of the first segment alone
    parted = build([*CROWD, *ARTICLES], weights)
    monkeypatch.setattr("kb.segment.LARGEST", 1000)
    whole = build([*CROWD, *ARTICLES], weights)
    for query in ("遛狗没牵绳", "规定17", "暖气片冰凉", "树挡光能砍树吗"):
        one, other = find(parted, query), find(whole, query)
        assert [hit.slug for hit in one.hits] == [hit.slug for hit in other.hits]
        assert one.hits[0].score == pytest.approx(other.hits[0].score, rel=1e-4)


@pytest.mark.usefixtures("small_segments")
def test_in_a_large_base_words_of_many_articles_are_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kb.search._LARGE", 0)
    index = build([*CROWD, *ARTICLES])
    common = "规定"  # in every article of the crowd
    alone = index.compare(common, CharacterEmbedder().embed([common])[0])
    assert not alone.features[:, FEATURES.index("words")].any()
    for query, slug in (("遛狗不牵绳罚多少", "dogs"), ("暖气片冰凉", "heating")):
        found = find(index, f"{common}{query}")
        assert found.hits[0].slug == slug


@pytest.mark.usefixtures("small_segments")
def test_change_in_a_large_base_embeds_only_what_is_new() -> None:
    embedder = CharacterEmbedder()
    index = SearchIndex([*CROWD, *ARTICLES], PassageVectors(embedder, None), WEIGHTS, [])
    embedder.embedded.clear()
    cats = replace(DOGS, slug="cats", title="遛猫要拴绳吗？", questions=("遛猫不牵绳罚多少",))
    other = replace(HEATING, answer="暖气不热，先打供热单位。")
    changed = index.renew([*CROWD, DOGS, TREES, TRIM, other, cats])
    assert 0 < len(embedder.embedded) < 12
    assert find(changed, "遛猫不牵绳罚多少").answer == "cats"
    assert find(changed, "遛狗不牵绳罚多少").answer == "dogs"
    assert changed.articles[
        changed.compare("暖气片冰凉", embedder.embed(["暖气片冰凉"])[0]).articles.max()
    ].slug in {"cats", "heating"}
    gone = changed.renew([*CROWD, TREES, TRIM, other, cats])
    assert "dogs" not in {hit.slug for hit in find(gone, "遛狗不牵绳罚多少", 60).hits}
    assert find(gone, "遛狗不牵绳罚多少").answer != "dogs"
    assert "heating" in {hit.slug for hit in find(gone, "暖气片冰凉").hits}


@pytest.mark.usefixtures("small_segments")
def test_renewed_often_is_as_built_at_once() -> None:
    index = build(CROWD)
    for number in range(len(ARTICLES)):
        index = index.renew([*CROWD, *ARTICLES[: number + 1]])
    whole = build([*CROWD, *ARTICLES])
    for query in ("遛狗没牵绳", "暖气片冰凉", "规定3"):
        assert find(index, query).hits[0].slug == find(whole, query).hits[0].slug


@pytest.mark.usefixtures("small_segments")
def test_article_that_answers_a_stranger_ends_it() -> None:
    index = build(CROWD, strangers=[f"{DOGS.questions[0]}？"])
    assert elsewhere(index, DOGS.questions[0]) > 0
    assert elsewhere(index.renew([*CROWD, DOGS]), DOGS.questions[0]) == 0


@pytest.mark.parametrize(
    "question",
    ["上海夜里几点不让施工", "请问天津摆摊罚多少", "我在广州，能放炮吗", "燕郊养狗要办证吗"],
)
def test_law_of_another_city_is_not_told(question: str) -> None:
    assert is_elsewhere(question, "北京市")


@pytest.mark.parametrize(
    "question",
    [
        "上海路的路灯不亮", "我是河北人，在北京养狗", "从河北带鞭炮进京可以吗", "北京和上海哪个罚得多",
        "重庆饭店门口有人摆摊", "我刚从四川来，怎么分垃圾", "夜里几点不让施工",
    ],
)  # fmt: skip
def test_places_that_are_only_named_do_not_matter(question: str) -> None:
    assert not is_elsewhere(question, "北京市")


def test_own_city_is_not_another() -> None:
    assert not is_elsewhere("天津摆摊罚多少", "天津市")
    assert is_elsewhere("北京摆摊罚多少", "天津市")
    assert not is_elsewhere("上海摆摊罚多少", "全国")


def test_question_about_another_city_is_declined() -> None:
    found = find(build(), "上海遛狗没牵绳")
    assert (found.answer, found.choices) == (None, ())
    assert found.hits[0].slug == "dogs"


async def test_expired_article_is_not_found(
    sqlite_db: Database, clock: FakeClock, tmp_path: Path
) -> None:
    expired = replace(DOGS, valid_to=date(2026, 11, 21))
    async with sqlite_db.write() as session:
        for each in (expired, TREES, HEATING):
            await store.put_article(session, each, "x", edited=False, now=clock.now())
        await store.raise_revision(session)
    embedder = CharacterEmbedder()
    knowledge = Knowledge(sqlite_db, clock, PassageVectors(embedder, tmp_path))
    await knowledge.refresh()
    found = knowledge.search("遛狗不牵绳罚多少", embedder.embed(["遛狗不牵绳罚多少"])[0])
    assert {hit.slug for hit in found.hits} == {"trees", "heating"}
