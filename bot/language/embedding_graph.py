"""multilingual-e5-small as an ONNX graph, out of the weight file's matrices.

After the word rows: 12 post-norm BERT layers, mean over the tokens, unit length; beside it the same
mean of two layers in the middle. `measuring` builds it with its matrices as they are, and shows what
goes into each product; `serving` with eight-bit integers, whose steps are set by what was measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnx

from bot.language.embedding_e5 import PRESENT_INPUT, SHARES_INPUT, WORD_ROWS_INPUT
from bot.language.embedding_weights import WeightFile, unpack_blocks
from bot.language.models import Vector

LARGEST_INTEGER = 64
"""Seven bits and a sign: processors without VNNI add two products of a weight and an
activation (up to 255) in 16 bits, and larger weights would overflow there."""

STEPS = 255
"""Steps of an activation's range."""

SPREAD = 4.0
"""How many standard deviations of a normalised value the balancing below reckons with."""

LEAST_GELU = 0.17
"""GELU never falls below minus this."""

MANNER_LAYERS = (5, 7)
"""Counted from 0. The last layers turn what is said into what it is about; whether it is asked,
told, mended or thanked for is clearer halfway (intents of 2,242 sentences right: .980 from these
two, .965 from the last layer; categories: .901 and .933)."""

MICROSOFT = "com.microsoft"
OPSETS = {"": 20, MICROSOFT: 1}
IR_VERSION = 9

Range = tuple[float, float]
"""The least and the largest of what goes into a product."""


def measuring(weights: WeightFile) -> tuple[Any, list[str]]:
    """The exact model, and the names of the outputs (after the row) that go into products."""
    writer = _GraphWriter()
    products = _ExactProducts(writer)
    row = _write_layers(writer, weights, products)
    return _make_model(writer, weights, [row, *products.entered]), products.entered


def serving(weights: WeightFile, ranges: Mapping[str, Range]) -> Any:
    """The eight-bit model; `ranges` by the names that `measuring` gave."""
    writer = _GraphWriter()
    row = _write_layers(writer, weights, _RoundedProducts(writer, ranges))
    return _make_model(writer, weights, [row])


class _GraphWriter:
    """Collects nodes and constants; each method returns the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, value: npt.ArrayLike) -> str:
        array = np.ascontiguousarray(value)
        self.constants.append(onnx.numpy_helper.from_array(array.reshape(np.shape(value)), name))
        return name

    def node(self, operator: str, inputs: Sequence[str], *outputs: str, **attributes: Any) -> str:
        domain = MICROSOFT if operator in _MICROSOFT_OPERATORS else ""
        made = onnx.helper.make_node(operator, inputs, outputs, domain=domain, **attributes)
        self.nodes.append(made)
        return outputs[0]


_MICROSOFT_OPERATORS = {
    "MatMulIntegerToFloat",
    "MultiHeadAttention",
    "QAttention",
    "SkipLayerNormalization",
}


class _Products(Protocol):
    """How a state is multiplied by a matrix (outputs, inputs); both give their result's name."""

    def add(self, name: str, matrix: Vector, state: str, bias: Vector | None = None) -> str:
        """The product."""

    def attend(self, name: str, matrix: Vector, state: str, bias: Vector, heads: int) -> str:
        """What each piece takes from the others; `matrix` gives queries, keys and values."""


class _ExactProducts:
    def __init__(self, writer: _GraphWriter) -> None:
        self._writer = writer
        self.entered: list[str] = []

    def add(self, name: str, matrix: Vector, state: str, bias: Vector | None = None) -> str:
        self.entered.append(state)
        whole = self._writer.constant(f"{name}.w", matrix.T)
        product = self._writer.node("MatMul", [state, whole], f"{name}.product")
        if bias is None:
            return product
        added = self._writer.constant(f"{name}.b", bias)
        return self._writer.node("Add", [product, added], f"{name}.moved")

    def attend(self, name: str, matrix: Vector, state: str, bias: Vector, heads: int) -> str:
        joined = self.add(name, matrix, state, bias)
        parts = [f"{name}.{part}" for part in ("queries", "keys", "values")]
        self._writer.node("Split", [joined], *parts, axis=-1, num_outputs=3)
        inputs = [*parts, "", PRESENT_INPUT]
        return self._writer.node("MultiHeadAttention", inputs, f"{name}.context", num_heads=heads)


class _RoundedProducts:
    """Integers times integers, a scale for each output of the matrix.

    A state's steps are the same for every sentence: one that is read beside others keeps the very
    numbers that it has alone.
    """

    def __init__(self, writer: _GraphWriter, ranges: Mapping[str, Range]) -> None:
        self._writer = writer
        self._ranges = ranges

    def add(self, name: str, matrix: Vector, state: str, bias: Vector | None = None) -> str:
        rounded, step, zero = self._round_state(name, state)
        integers, scales, zeros = self._round_matrix(name, matrix)
        inputs = [rounded, integers, step, scales, zero, zeros]
        if bias is not None:
            inputs.append(self._writer.constant(f"{name}.b", bias))
        return self._writer.node("MatMulIntegerToFloat", inputs, f"{name}.product")

    def attend(self, name: str, matrix: Vector, state: str, bias: Vector, heads: int) -> str:
        rounded, step, zero = self._round_state(name, state)
        integers, scales, zeros = self._round_matrix(name, matrix)
        added = self._writer.constant(f"{name}.b", bias)
        inputs = [rounded, integers, added, step, scales, PRESENT_INPUT, zero, zeros]
        return self._writer.node("QAttention", inputs, f"{name}.context", num_heads=heads)

    def _round_state(self, name: str, state: str) -> tuple[str, str, str]:
        low, high = self._ranges[state]
        step = (max(high, 0.0) - min(low, 0.0)) / STEPS
        size = self._writer.constant(f"{name}.step", np.float32(step))
        zero = self._writer.constant(f"{name}.zero", np.uint8(round(-min(low, 0.0) / step)))
        rounded = self._writer.node("QuantizeLinear", [state, size, zero], f"{name}.rounded")
        return rounded, size, zero

    def _round_matrix(self, name: str, matrix: Vector) -> tuple[str, str, str]:
        scales = np.abs(matrix).max(axis=1) / LARGEST_INTEGER
        integers = np.rint(matrix / scales[:, np.newaxis]).astype(np.int8)
        return (
            self._writer.constant(f"{name}.w", integers.T),
            self._writer.constant(f"{name}.scales", scales.astype(np.float32)),
            self._writer.constant(f"{name}.zeros", np.zeros(len(scales), np.int8)),
        )


def _make_model(writer: _GraphWriter, weights: WeightFile, outputs: Sequence[str]) -> Any:
    floats, integers = onnx.TensorProto.FLOAT, onnx.TensorProto.INT32
    describe = onnx.helper.make_tensor_value_info
    inputs = [
        describe(WORD_ROWS_INPUT, floats, ["n", "t", weights.sizes.hidden]),
        describe(PRESENT_INPUT, integers, ["n", "t"]),
        describe(SHARES_INPUT, floats, ["n", 1, "t"]),
    ]
    graph = onnx.helper.make_graph(
        writer.nodes,
        "multilingual-e5-small",
        inputs,
        [describe(output, floats, None) for output in outputs],
        writer.constants,
    )
    opsets = [onnx.helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)


def _write_layers(writer: _GraphWriter, weights: WeightFile, products: _Products) -> str:
    writer.constant("last_axis", [-1])
    writer.constant("tokens_axis", [1])
    writer.constant("least_gelu", np.float32(LEAST_GELU))
    state, norm = _add_positions(writer, weights), "emb.ln"
    halfway = []
    for layer in range(weights.sizes.layers):
        name = f"l{layer}"
        state = _add_attention(writer, weights, products, name, state, norm)
        state = _add_feed_forward(writer, weights, products, name, state)
        norm = f"{name}.oln"
        if layer in MANNER_LAYERS:
            halfway.append(_add_mean(writer, state))
    meaning = _add_mean(writer, state)
    writer.node("Concat", halfway, "halfway", axis=-1)
    manner = writer.node("LpNormalization", ["halfway"], "manner", axis=-1, p=2)
    return writer.node("Concat", [meaning, manner], "row", axis=-1)


def _add_mean(writer: _GraphWriter, state: str) -> str:
    """The mean over the tokens, of unit length."""
    mean = writer.node("MatMul", [SHARES_INPUT, state], f"{state}.mean")
    flat = writer.node("Squeeze", [mean, "tokens_axis"], f"{state}.flat")
    return writer.node("LpNormalization", [flat], f"{state}.vector", axis=-1, p=2)


def _add_positions(writer: _GraphWriter, weights: WeightFile) -> str:
    """Word rows plus the rows of their places, normalised."""
    hidden = weights.sizes.hidden
    places = weights.floats("emb.pos").reshape(-1, hidden)
    # There is one sentence a row, so every token is of the first type.
    writer.constant("places", places + weights.floats("emb.type")[:hidden])
    writer.node("Shape", [WORD_ROWS_INPUT], "length", start=1, end=2)
    first = writer.constant("first", np.zeros(1, np.int64))
    writer.node("Slice", ["places", first, "length", first], "used_places")
    writer.node("Add", [WORD_ROWS_INPUT, "used_places"], "placed")
    inputs = ["placed", *_norm_constants(writer, weights, "emb.ln")]
    epsilon = weights.sizes.epsilon
    return writer.node("LayerNormalization", inputs, "start", axis=-1, epsilon=epsilon)


def _add_attention(
    writer: _GraphWriter,
    weights: WeightFile,
    products: _Products,
    layer: str,
    state: str,
    norm: str,
) -> str:
    """Self-attention; `norm` names the normalisation that `state` came out of."""
    inputs = [f"{layer}.{part}" for part in "qkv"]
    matrix = np.concatenate([_matrix(weights, each) for each in inputs])
    bias = np.concatenate([weights.floats(f"{each}.b") for each in inputs])
    balanced, matrix = _balance(writer, weights, f"{layer}.qkv", matrix, state, norm)
    context = products.attend(f"{layer}.qkv", matrix, balanced, bias, weights.sizes.heads)
    attended = products.add(f"{layer}.ao", _matrix(weights, f"{layer}.ao"), context)
    return _add_and_normalise(writer, weights, f"{layer}.a", state, attended)


def _add_feed_forward(
    writer: _GraphWriter, weights: WeightFile, products: _Products, layer: str, state: str
) -> str:
    name = f"{layer}.fi"
    norm = f"{layer}.aln"
    balanced, inner = _balance(writer, weights, name, _matrix(weights, name), state, norm)
    inside = products.add(name, inner, balanced, weights.floats(f"{name}.b"))
    active = writer.node("Gelu", [inside], f"{layer}.gelu")
    # The first token carries values ten times the others'. Each token is divided by its own
    # largest value and multiplied back, so that the same steps serve all of them.
    writer.node("ReduceMax", [active, "last_axis"], f"{layer}.peak", keepdims=1)
    size = writer.node("Max", [f"{layer}.peak", "least_gelu"], f"{layer}.size")
    even = writer.node("Div", [active, size], f"{layer}.even")
    matrix = _matrix(weights, f"{layer}.fo", weights.sizes.feed_forward)
    product = products.add(f"{layer}.fo", matrix, even)
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


def _balance(
    writer: _GraphWriter, weights: WeightFile, name: str, matrix: Vector, state: str, norm: str
) -> tuple[str, Vector]:
    """A normalised state and the matrix it is multiplied by, so that both round well.

    A few columns of the states are far larger than the rest. Dividing each column and
    multiplying the matrix by the same factor shares the range between the two before both
    are rounded (SmoothQuant, arXiv 2211.10438; the range is reckoned from `norm`'s weights).
    """
    reach = SPREAD * np.abs(weights.floats(f"{norm}.w")) + np.abs(weights.floats(f"{norm}.b"))
    factors = np.sqrt(reach / np.abs(matrix).max(axis=0)).astype(np.float32)
    smaller = writer.constant(f"{name}.factors", 1 / factors)
    return writer.node("Mul", [state, smaller], f"{name}.balanced"), matrix * factors
