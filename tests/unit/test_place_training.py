"""The trained reader of places: names that no list holds, and words that only look like some."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from time import process_time

import pytest

from bot.language.entities import EntityReader
from bot.language.normalise import normalise
from bot.language.place_augmentation import Maker, Names
from bot.language.place_examples import Example, parse_marked, read_examples
from bot.language.place_tagger import MODEL_FILE, PlaceTagger
from bot.language.place_training import train_places
from bot.language.understanding import PLACES
from hotline.settings import Settings
from hotline.training import train, unpacked_models
from tests.assistant import CACHE

pytestmark = pytest.mark.assistant

NOW = datetime.fromisoformat("2026-11-22T14:30:00+08:00")
NAMES = Names(["海淀区"], ["上地街道"], ["望京", "苏州街", "知春里"], ["国贸"])


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """What was trained with the assistant that the tests share."""
    with unpacked_models(train(Settings(data_dir=CACHE))) as models:
        yield models / PLACES


@pytest.fixture(scope="module")
def reader(folder: Path) -> EntityReader:
    return EntityReader(folder)


@pytest.mark.long
def test_training_again_gives_the_same_model(folder: Path, tmp_path: Path) -> None:
    train_places(tmp_path / "again")
    before, after = (each / MODEL_FILE for each in (folder, tmp_path / "again"))
    assert after.read_bytes() == before.read_bytes()


@pytest.mark.long
def test_the_same_examples_are_made_every_time() -> None:
    made = (
        "from bot.language import place_training as p; from bot.language.spacy_pipeline import *; "
    )
    shown = "import zlib; print(zlib.crc32(repr(p.make_examples(build_pipeline())).encode()))"
    told = [
        subprocess.run(
            [sys.executable, "-c", made + shown],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert told[0] == told[1] != b""


def spans(reader: EntityReader, said: str) -> list[str]:
    found = reader.read(said, normalise(said), "webchat", NOW)
    return [entity.text for entity in found if entity.entity == "location"]


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("楼道里全是纸箱子，枫泽园西里", "枫泽园西里"),
        ("井盖翘起来了，石板峪二条", "石板峪二条"),
        ("电动车堵着门，金隅悦澜湾二期", "金隅悦澜湾二期"),
        ("崔家务村垃圾没人拉", "崔家务村"),
        ("柳泉渠边上有人烧烤", "柳泉渠边上"),
        ("路灯不亮，双井地铁站C口", "双井地铁站C口"),
        ("红绿灯坏了，枫林路和泽丰街路口", "枫林路和泽丰街路口"),
        ("3号楼和4号楼中间的空地堆满了垃圾", "3号楼和4号楼中间的空地"),
        ("早餐点 国贸", "国贸"),
        ("买菜去哪儿，我在西单", "西单"),
        ("Trash everywhere on Fuxing Road", "Fuxing Road"),
        ("甲15号", "甲15号"),
        ("西门", "西门"),
        ("胡同东口", "胡同东口"),
    ],
)
def test_finds_what_no_list_holds(reader: EntityReader, said: str, place: str) -> None:
    assert spans(reader, said) == [place]


@pytest.mark.parametrize(
    "said",
    [
        "麻烦来贴条", "灯和路都得修", "路边洗车，水流一街", "过街天桥全是冰", "我找过社区没人管", "致主管公园的同志",
        "别让我过大马路", "车堆里有只猫", "我们小区物业不管", "转人工", "The street lamp is broken.",
    ],
)  # fmt: skip
def test_leaves_words_that_tempt(reader: EntityReader, said: str) -> None:
    assert spans(reader, said) == []


def test_the_lexicon_still_gives_codes_and_candidates(reader: EntityReader) -> None:
    said = "海淀区苏州街33号有人烧烤"
    (place,) = reader.read(said, normalise(said), "webchat", NOW)
    assert (place.data["district"], place.data["number"]) == ("海淀区", "33号")
    (doubtful,) = reader.read("和平里", normalise("和平里"), "webchat", NOW)
    assert isinstance(doubtful.data["candidates"], list)


def test_a_place_never_takes_a_plate_or_a_phone(reader: EntityReader) -> None:
    said = "车牌京A12345，电话13800138000"
    found = reader.read(said, normalise(said), "webchat", NOW)
    assert {entity.entity for entity in found} == {"plate", "phone"}


def test_the_model_is_small(folder: Path) -> None:
    assert (folder / MODEL_FILE).stat().st_size < 8_000_000


def test_a_missing_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        PlaceTagger(tmp_path / MODEL_FILE)


def test_threads_read_as_one_does(reader: EntityReader) -> None:
    said = [f"楼道堆物，枫泽园{n}号楼" for n in range(1, 40)]
    alone = [spans(reader, text) for text in said]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda text: spans(reader, text), said)) == alone


@pytest.mark.parametrize("piece", ["路和", "海淀", "1号", "for a ", "门口", "西里"])
def test_twenty_thousand_signs_take_time_in_proportion(reader: EntityReader, piece: str) -> None:
    took = []
    for signs in (5_000, 20_000):
        tries = []
        # the better of two: a busy machine slows one of them down by chance
        for _ in range(2):
            start = process_time()
            spans(reader, piece * (signs // len(piece)))
            tries.append(process_time() - start)
        took.append(min(tries))
    assert took[1] < 12 * took[0]


def test_enough_sentences_were_written_and_each_has_its_brackets() -> None:
    examples = read_examples()
    assert sum(bool(example.places) for example in examples) >= 900
    assert sum(not example.places for example in examples) >= 350


def test_a_marked_sentence() -> None:
    example = parse_marked("我住[望京]，[西门]")
    assert example == Example("我住望京，西门", ((2, 4), (5, 7)))


@pytest.mark.parametrize("line", ["我住[望京", "我住望京]", "[[望京]]"])
def test_a_bracket_without_its_partner_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match="bracket"):
        parse_marked(line)


def test_what_is_made_is_the_same_every_time_and_well_marked() -> None:
    example = parse_marked("我住[望京]，灯坏了")
    first, second = Maker(NAMES), Maker(NAMES)
    for _ in range(200):
        made = _make_all(first, example)
        assert made == _make_all(second, example)
        assert all(0 <= start < end <= len(e.text) for e in made for start, end in e.places)


def _make_all(maker: Maker, example: Example) -> list[Example]:
    return [
        maker.swap_names(example),
        maker.join_sentence("灯坏了"),
        maker.make_alone(),
        maker.make_correction(),
        maker.make_in_english(),
    ]
