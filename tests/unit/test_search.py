"""Search over articles: words, vectors kept, ranking, and the decision to answer or decline."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from bot.language.embedding import Role
from bot.language.models import Vector
from bot.language.normalise import Normalised, normalise
from hotline.clock import FakeClock
from hotline.db import Database
from kb import store
from kb.fit import read_also_right, read_asked
from kb.jurisdiction import is_elsewhere
from kb.models import Article, Source
from kb.passages import read_strangers
from kb.search import CANDIDATES, SearchIndex
from kb.service import Knowledge, read_articles
from kb.trust import EVIDENCE, FEATURES, Found, Judge, Weights, load_weights, read_weights
from kb.vectors import PassageVectors
from kb.words import (
    SYNONYMS_FILE,
    Postings,
    Scores,
    attain,
    bound_lengths,
    fold,
    number_token,
    number_tokens,
    rate_rarity,
    read_document,
    tokenize,
)

DIMENSION = 96


class CharacterEmbedder:
    """Characters counted into a few numbers, beside something all sentences share."""

    name = "characters"
    dimension = DIMENSION

    def __init__(self) -> None:
        self.embedded: list[tuple[Role, str]] = []

    def embed(self, sentences: Sequence[str], role: Role = "query") -> Vector:
        self.embedded += [(role, sentence) for sentence in sentences]
        vectors = np.full((len(sentences), DIMENSION), 0.3, dtype=np.float32)
        for row, sentence in zip(vectors, sentences, strict=True):
            for char in sentence:
                row[zlib.crc32(char.encode()) % DIMENSION] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def weigh(**named: float) -> tuple[float, ...]:
    return tuple(named.get(name, 0.0) for name in EVIDENCE)


WEIGHTS = Weights(
    rank=(8.0, 2.0, 4.0, 2.0, 3.0, 3.0, 0.0),
    known=Judge(weigh(coverage=40.0), -10.0),
    right=Judge(weigh(certainty=8.0), 4.0),
    answer_at=0.6,
    offer_at=0.5,
)


def article(
    slug: str, title: str, questions: Sequence[str], answer: str, **more: object
) -> Article:
    plain = Article(
        slug=slug,
        title=title,
        questions=tuple(questions),
        answer=answer,
        body=f"{answer}\n\n- 情况紧急的，马上说明。",
        authority="街道",
        jurisdiction="北京市",
        sources=(Source("某条例"),),
        review_by=date(2027, 5, 1),
    )
    return replace(plain, **more)  # type: ignore[arg-type]


DOGS = article(
    "dogs", "遛狗要拴绳吗？", ["遛狗不牵绳罚多少", "狗没拴绳谁管"], "遛狗要用束犬链，由成年人牵领。"
)
TREES = article(
    "trees", "能自己砍树吗？", ["院里的树能锯掉吗", "砍树要批准吗"], "砍伐树木要经绿化部门批准。"
)
TRIM = article(
    "trim", "树挡光谁来剪？", ["树枝伸进窗户谁剪", "树挡住阳光了"], "树木遮光由管护单位修剪。"
)
HEATING = article(
    "heating", "暖气不热怎么办？", ["屋里冷找谁", "暖气片冰凉"], "先报修供热单位，再打12345。"
)
ARTICLES = (DOGS, TREES, TRIM, HEATING)


def build(
    articles: Sequence[Article] = ARTICLES,
    weights: Weights = WEIGHTS,
    strangers: Sequence[str] | None = None,
) -> SearchIndex:
    return SearchIndex(articles, PassageVectors(CharacterEmbedder(), None), weights, strangers)


def find(index: SearchIndex, query: str, k: int = 5) -> Found:
    return index.search(query, CharacterEmbedder().embed([query])[0], k)


def test_tokens_are_characters_pairs_and_whole_numbers() -> None:
    assert tokenize("能砍树吗 LED96310") == [
        "砍",
        "树",
        "能砍",
        "砍树",
        "树吗",
        "#砍树",
        "led96310",
    ]


def test_names_of_one_thing_share_a_concept() -> None:
    assert "#电动车" in tokenize("电瓶车")
    assert "#电动车" in tokenize("小电驴")


def test_longest_name_at_a_place_wins() -> None:
    tokens = tokenize("有狗屎")
    assert "#狗粪" in tokens
    assert "#犬" not in tokens


def test_digits_inside_a_longer_number_name_nothing() -> None:
    assert "#热线" in tokenize("打12345")
    assert "#热线" not in tokenize("号码13812345678")


def test_fold_ignores_signs_and_case() -> None:
    assert fold("LED 屏，能装吗？") == fold("led屏能装吗")


def test_every_synonym_group_has_several_names() -> None:
    rows = SYNONYMS_FILE.read_text("utf-8").splitlines()[1:]
    assert [row for row in rows if len(row.partition(",")[2].split()) < 2] == []
    assert len({row.partition(",")[0] for row in rows}) == len(rows)


def post(*texts: str) -> Postings:
    return Postings([read_document(text, "") for text in texts])


def score(postings: Postings, words: str) -> Scores:
    numbers = np.unique(number_tokens(words))
    spans = postings.find(numbers)
    found = np.array([span.stop - span.start for span in spans], dtype=np.int64)
    bounds = bound_lengths(postings.lengths, float(postings.lengths.mean()))
    return postings.score(spans, rate_rarity(found, postings.total), bounds)


@pytest.mark.parametrize(
    "text", ["能砍树吗 LED96310", "电瓶车进楼，打12345", "", "😀狗屎a犬", "\ud800狗"]
)
def test_numbers_are_the_tokens(text: str) -> None:
    assert sorted(number_tokens(text).tolist()) == sorted(map(number_token, tokenize(text)))


def test_numbers_are_the_tokens_of_every_shipped_text() -> None:
    for each, _ in read_articles().values():
        for text in (each.answer, each.body, *each.questions):
            assert sorted(number_tokens(text).tolist()) == sorted(
                map(number_token, tokenize(text))
            ), text


def test_tokens_have_numbers_of_their_own() -> None:
    texts = [q for each, _ in read_articles().values() for q in each.questions]
    tokens = {token for text in texts for token in tokenize(text)}
    assert len({number_token(token) for token in tokens}) == len(tokens) > 5_000


def test_rare_words_outweigh_common_ones() -> None:
    scores = score(post("a b", "a c", "a d"), "a c")
    assert scores.argmax() == 1
    assert scores[0] == pytest.approx(scores[2])


def test_a_word_counts_less_in_a_longer_document() -> None:
    short, long = score(post("x y", "x a b c d e f g h"), "x")
    assert short > long > 0


def test_repeating_a_word_saturates() -> None:
    once, often = score(post("x a b c", "x x x x"), "x")
    assert once < often < 3 * once


def test_what_is_told_is_scored_for_those_asked_about() -> None:
    postings = Postings(
        [read_document("狗", "猫"), read_document("猫", "狗"), read_document("", "")]
    )
    spans = postings.find(np.array([ord("猫")], dtype=np.uint64))
    assert postings.count_told(spans) == [1]
    one, bounds = np.ones(1), np.ones(3)
    first, second = postings.score_told(spans, one, bounds, np.array([0, 2]))
    assert first > second == 0


def test_unknown_words_lower_what_is_covered() -> None:
    found = np.array([1, 0])
    attainable, unknown = attain(rate_rarity(found, 2), found, 2)
    assert score(post("a", "b"), "a zebra").max() < attainable / 2
    assert 0.5 < unknown < 1
    found = np.array([1])
    assert attain(rate_rarity(found, 2), found, 2)[1] == 0
    assert attain(np.zeros(0), np.zeros(0, np.int64), 2) == (0.0, 1.0)


def test_postings_of_nothing() -> None:
    spans = Postings([]).find(np.array([1], dtype=np.uint64))
    assert Postings([]).score(spans, np.ones(1), np.zeros(0)).shape == (0,)


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
