"""One small graph for each way of using an operator: input -> Conv "first" -> the operator -> Flatten -> Gemm.

Usage: exportRules.py FOLDER. It writes FOLDER/<case>.onnx, built node by node, and prints one line of JSON for each:
the operators, the input, the seeds, and the layer's maps for each seed by autograd in float64.
"""
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper, save

from camReference import as_json, explain

CHANNELS, ROWS, COLUMNS = 6, 9, 10
SEEDS = [[1, 0, 0], [0, 1, 0], [0, 1, -1]]
cases = []


def case(
    name: str,
    reference: Callable[[torch.Tensor, dict[str, torch.Tensor]], torch.Tensor],
    nodes: list[tuple[str, list[str], list[str], dict[str, Any]]],
    opset: int = 13,
    flat: bool = False,
    **weights: numpy.ndarray,
) -> None:
    """Adds a case.

    `nodes`: (operator, inputs, outputs, attributes) from "a", the layer's output [N, CHANNELS, ROWS, COLUMNS], to "z".
    `reference(a, weights)` computes z. `flat`: one half of the input is 0, so that maxima are tied.
    """
    cases.append((name, reference, nodes, opset, flat, weights))


def unary(
    operator: str,
    reference: Callable[[torch.Tensor], torch.Tensor],
    name: str | None = None,
    opset: int = 13,
    flat: bool = False,
    **attributes: Any,
) -> None:
    """Adds a case with a single node, which has a single input. `name`: the operator's if None."""
    case(name or operator, lambda a, w: reference(a), [(operator, ["a"], ["z"], attributes)], opset, flat)


def convolution(name: str, shape: Sequence[int], opset: int = 13, groups: int = 1, **attributes: Any) -> None:
    """Adds a case with a Conv node whose weights have this shape.

    The reference pads by hand, so asymmetric pads are no special case.
    """
    kernel = shape[2:]
    strides, dilations = attributes.get("strides", [1, 1]), attributes.get("dilations", [1, 1])

    def reference(a: torch.Tensor, w: dict[str, torch.Tensor]) -> torch.Tensor:
        """[N, channels, rows, columns] → the convolution's output, of the same rank."""
        pads = attributes.get("pads", [0, 0, 0, 0])
        if "auto_pad" in attributes:
            pads = same(a.shape[2:], kernel, strides, dilations, attributes["auto_pad"])
        a = F.pad(a, (pads[1], pads[3], pads[0], pads[2]))
        return F.conv2d(a, w["w"], w["b"], stride=strides, dilation=dilations, groups=groups)

    case(name, reference, [("Conv", ["a", "w", "b"], ["z"], {**attributes, "group": groups})], opset,
         w=normal(*shape), b=normal(shape[0]))


def same(
    sizes: Sequence[int], kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int], auto_pad: str
) -> list[int]:
    """ONNX's pads [top, left, bottom, right] for `auto_pad`. The other arguments are (along rows, along columns)."""
    if auto_pad == "VALID":
        return [0, 0, 0, 0]
    total = [max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
             for n, k, s, d in zip(sizes, kernel, strides, dilations)]
    less, more = [t // 2 for t in total], [t - t // 2 for t in total]
    return [*less, *more] if auto_pad == "SAME_UPPER" else [*more, *less]


generator = numpy.random.default_rng(4)


def normal(*shape: int) -> numpy.ndarray:
    """Random normal numbers of this shape, float32."""
    return generator.standard_normal(shape).astype(numpy.float32)


def integers(*values: int) -> numpy.ndarray:
    """A constant of whole numbers, int64 [values]."""
    return numpy.array(values, numpy.int64)


def activations() -> None:
    """Adds cases of activations and other operators that act on each value."""
    unary("Relu", F.relu)
    unary("LeakyRelu", lambda a: F.leaky_relu(a, 0.2), alpha=0.2)
    case("PRelu", lambda a, w: F.prelu(a, w["slope"].flatten()), [("PRelu", ["a", "slope"], ["z"], {})],
         slope=normal(CHANNELS, 1, 1))
    unary("Elu", lambda a: F.elu(a, 1.5), alpha=1.5)
    unary("Sigmoid", torch.sigmoid)
    unary("Tanh", torch.tanh)
    unary("Softplus", F.softplus)
    unary("HardSigmoid", F.hardsigmoid, alpha=1 / 6, beta=0.5)
    unary("HardSwish", lambda a: F.hardswish(a), opset=14)
    unary("Erf", torch.erf)
    unary("Gelu", F.gelu, opset=20)
    unary("Gelu", lambda a: a * (1 + torch.tanh((2 / torch.pi) ** 0.5 * (a + 0.044715 * a**3))) / 2, "Gelu tanh", 20,
          approximate="tanh")
    unary("Exp", torch.exp)
    unary("Abs", torch.abs)
    unary("Neg", torch.neg)
    case("Sqrt and Log", lambda a, w: torch.log(torch.sqrt(torch.exp(a) + 1)),
         [("Exp", ["a"], ["e"], {}), ("Add", ["e", "one"], ["f"], {}), ("Sqrt", ["f"], ["g"], {}),
          ("Log", ["g"], ["z"], {})], one=numpy.float32(1).reshape(()))
    case("Reciprocal", lambda a, w: 1 / (1 + torch.exp(a)),
         [("Exp", ["a"], ["e"], {}), ("Add", ["e", "one"], ["f"], {}), ("Reciprocal", ["f"], ["z"], {})],
         one=numpy.float32(1).reshape(()))
    limits = {"low": numpy.float32(-0.5), "high": numpy.float32(0.7)}
    case("Clip", lambda a, w: a.clamp(-0.5, 0.7), [("Clip", ["a", "low", "high"], ["z"], {})], 11, **limits)
    case("Clip below only", lambda a, w: a.clamp(min=-0.5), [("Clip", ["a", "low"], ["z"], {})], low=limits["low"])
    case("Clip above only", lambda a, w: a.clamp(max=0.7), [("Clip", ["a", "", "high"], ["z"], {})],
         high=limits["high"])
    case("Clip not at all", lambda a, w: a * 1, [("Clip", ["a"], ["z"], {})])


def arithmetic() -> None:
    """Adds cases of operators with two inputs."""
    gate = [("GlobalAveragePool", ["a"], ["m"], {}), ("Sigmoid", ["m"], ["s"], {})]
    case("Mul by a gate", lambda a, w: a * torch.sigmoid(a.mean((2, 3), True)),
         [*gate, ("Mul", ["a", "s"], ["z"], {})])
    case("Mul by a gate opset 11", lambda a, w: a * torch.sigmoid(a.mean((2, 3), True)),
         [*gate, ("Mul", ["a", "s"], ["z"], {})], 11)
    case("Mul by itself", lambda a, w: a * a, [("Mul", ["a", "a"], ["z"], {})])
    case("Mul by a weight", lambda a, w: a * w["w"], [("Mul", ["w", "a"], ["z"], {})], w=normal(CHANNELS, 1, 1))
    case("Add of a residual", lambda a, w: torch.tanh(a) + a,
         [("Tanh", ["a"], ["t"], {}), ("Add", ["t", "a"], ["z"], {})])
    case("Add broadcast", lambda a, w: a + torch.sigmoid(a.mean((2, 3), True)),
         [*gate, ("Add", ["s", "a"], ["z"], {})])
    case("Sub from a weight", lambda a, w: w["w"] - a, [("Sub", ["w", "a"], ["z"], {})], w=normal(1, CHANNELS, 1, 1))
    case("Sub of a mean", lambda a, w: a - a.mean((2, 3), True),
         [("GlobalAveragePool", ["a"], ["m"], {}), ("Sub", ["a", "m"], ["z"], {})])
    case("Div by a gate", lambda a, w: a / torch.sigmoid(a.mean((2, 3), True)),
         [*gate, ("Div", ["a", "s"], ["z"], {})])
    case("Pow", lambda a, w: a**3, [("Pow", ["a", "e"], ["z"], {})], e=numpy.float32(3).reshape(()))
    case("Pow 2", lambda a, w: a**2, [("Pow", ["a", "e"], ["z"], {})], e=numpy.float32(2).reshape(()))
    case("Sum of three", lambda a, w: a + torch.tanh(a) + w["w"],
         [("Tanh", ["a"], ["t"], {}), ("Sum", ["a", "t", "w"], ["z"], {})], w=normal(CHANNELS, 1, 1))
    case("Where", lambda a, w: torch.where(w["c"].bool(), torch.tanh(a), a * a),
         [("Tanh", ["a"], ["t"], {}), ("Mul", ["a", "a"], ["q"], {}), ("Where", ["c", "t", "q"], ["z"], {})],
         c=generator.standard_normal((1, 1, ROWS, COLUMNS)) > 0)


def convolutions() -> None:
    """Adds cases of convolutions."""
    square = (5, CHANNELS, 3, 3)
    convolution("Conv", square, pads=[1, 1, 1, 1])
    convolution("Conv without pads", square)
    convolution("Conv strided", square, strides=[2, 2], pads=[1, 1, 1, 1])
    convolution("Conv strided 1x1", (5, CHANNELS, 1, 1), strides=[2, 2])
    convolution("Conv 1x1", (5, CHANNELS, 1, 1))
    convolution("Conv 1x1 padded", (5, CHANNELS, 1, 1), pads=[1, 1, 1, 1])
    convolution("Conv with two strides", (5, CHANNELS, 2, 3), strides=[3, 1], pads=[0, 1, 1, 1])
    convolution("Conv grouped", (8, CHANNELS // 2, 3, 3), groups=2, pads=[1, 1, 1, 1])
    convolution("Conv grouped strided", (8, CHANNELS // 2, 3, 3), groups=2, strides=[2, 2], pads=[1, 1, 1, 1])
    convolution("Conv depthwise", (CHANNELS, 1, 3, 3), groups=CHANNELS, pads=[1, 1, 1, 1])
    convolution("Conv depthwise doubling", (2 * CHANNELS, 1, 3, 3), groups=CHANNELS, pads=[1, 1, 1, 1])
    convolution("Conv depthwise strided", (CHANNELS, 1, 5, 5), groups=CHANNELS, strides=[2, 2], pads=[2, 2, 2, 2])
    convolution("Conv dilated", square, dilations=[2, 2], pads=[2, 2, 2, 2])
    convolution("Conv dilated strided", square, dilations=[2, 1], strides=[2, 3], pads=[1, 0, 2, 1])
    convolution("Conv with asymmetric pads", square, pads=[0, 2, 1, 0])
    convolution("Conv with asymmetric pads, strided", square, strides=[2, 2], pads=[0, 0, 1, 1])
    for auto_pad in ("SAME_UPPER", "SAME_LOWER", "VALID"):
        convolution(f"Conv {auto_pad}", (5, CHANNELS, 3, 2), strides=[2, 2], auto_pad=auto_pad)
        convolution(f"Conv {auto_pad} dense", (5, CHANNELS, 4, 3), auto_pad=auto_pad)
    weights = {"w": normal(CHANNELS, 4, 3, 3), "b": normal(4)}
    case("ConvTranspose", lambda a, w: F.conv_transpose2d(a, w["w"], w["b"], 2, 1, 1),
         [("ConvTranspose", ["a", "w", "b"], ["z"],
           {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]})], **weights)
    case("ConvTranspose grouped", lambda a, w: F.conv_transpose2d(a, w["w"], None, 2, 0, 0, 2),
         [("ConvTranspose", ["a", "w"], ["z"], {"strides": [2, 2], "group": 2})], w=normal(CHANNELS, 4, 2, 2))


def pools() -> None:
    """Adds cases of pooling."""
    def maximum(name: str, *arguments: Any, padded: tuple[int, ...] | None = None, **attributes: Any) -> None:
        """Adds a case of MaxPool. `arguments`: PyTorch's. `padded`: left, right, top, bottom, for the reference."""
        def reference(a: torch.Tensor) -> torch.Tensor:
            """[N, channels, rows, columns] → the pool's output, of the same rank."""
            return F.max_pool2d(a if padded is None else F.pad(a, padded, value=-1e30), *arguments)
        unary("MaxPool", reference, f"MaxPool {name}", flat=True, **attributes)

    # torch: kernel, stride, padding, dilation, ceil_mode
    maximum("side by side", 2, 2, kernel_shape=[2, 2], strides=[2, 2])
    maximum("overlapping", 3, 2, 1, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    maximum("overlapping, ceil", 3, 2, 0, 1, True, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    maximum("dense", 3, 1, 1, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    maximum("dilated", 2, 2, 0, 3, kernel_shape=[2, 2], strides=[2, 2], dilations=[3, 3])
    maximum("with two strides", (3, 2), (3, 1), kernel_shape=[3, 2], strides=[3, 1])
    maximum("with gaps", 1, 2, kernel_shape=[1, 1], strides=[2, 2])
    maximum("with asymmetric pads", 3, 2, padded=(0, 1, 1, 0), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 0, 0, 1])
    maximum("SAME_UPPER", 3, 2, padded=(0, 1, 1, 1), kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")
    unary("GlobalMaxPool", lambda a: F.adaptive_max_pool2d(a, 1), flat=True)

    def average(name: str, *arguments: Any, padded: tuple[int, ...] | None = None, **attributes: Any) -> None:
        """Adds a case of AveragePool. `arguments`: PyTorch's. `padded`: left, right, top, bottom, for the reference."""
        def reference(a: torch.Tensor) -> torch.Tensor:
            """[N, channels, rows, columns] → the pool's output, of the same rank."""
            return F.avg_pool2d(a if padded is None else F.pad(a, padded), *arguments)
        unary("AveragePool", reference, f"AveragePool {name}", **attributes)

    # torch: kernel, stride, padding, ceil_mode, count_include_pad
    average("side by side", 2, 2, kernel_shape=[2, 2], strides=[2, 2])
    average("side by side, ceil", 2, 2, 0, True, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
    average("overlapping", 3, 2, 1, False, False, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    average("overlapping, padding counts", 3, 2, 1, False, True, kernel_shape=[3, 3], strides=[2, 2],
            pads=[1, 1, 1, 1], count_include_pad=1)
    average("overlapping, ceil", 3, 2, 1, True, False, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1],
            ceil_mode=1)
    unary("AveragePool", lambda a: F.avg_pool2d(a, 3, 2, 1, True, True),
          "AveragePool overlapping, ceil, padding counts", 19, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1],
          ceil_mode=1, count_include_pad=1)
    average("dense", 3, 1, 1, False, True, kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)
    average("dense without pads", 3, 1, 0, kernel_shape=[3, 3])
    average("with two strides", (3, 2), (3, 1), kernel_shape=[3, 2], strides=[3, 1])
    average("with asymmetric pads", 3, 2, padded=(1, 0, 0, 1), kernel_shape=[3, 3], strides=[2, 2],
            count_include_pad=1, pads=[0, 1, 1, 0])
    average("SAME_UPPER, padding counts", 3, 2, padded=(0, 1, 1, 1), kernel_shape=[3, 3], strides=[2, 2],
            auto_pad="SAME_UPPER", count_include_pad=1)


def reductions() -> None:
    """Adds cases of reductions, and of pooling that averages over padding."""
    # ONNX Runtime would fuse the Pad into the pooling, and then average over other places or not load the graph at all.
    for ceil, counts in ((False, True), (True, True), (True, False)):
        case(f"Pad before AveragePool{', ceil' if ceil else ''}{', padding counts' if counts else ''}",
             lambda a, w, ceil=ceil, counts=counts: F.avg_pool2d(F.pad(a, (1, 1, 1, 1)), 2, 1, 1, ceil, counts),
             [("Pad", ["a", "p"], ["q"], {}),
              ("AveragePool", ["q"], ["z"], dict(kernel_shape=[2, 2], strides=[1, 1], pads=[1, 1, 1, 1],
                                                 ceil_mode=int(ceil), count_include_pad=int(counts)))],
             19, p=numpy.array([0, 0, 1, 1, 0, 0, 1, 1]))
    unary("GlobalAveragePool", lambda a: a.mean((2, 3), True))
    unary("ReduceLogSumExp", lambda a: a.logsumexp((2, 3)), axes=[2, 3], keepdims=0)
    unary("ReduceLogSumExp", lambda a: a.logsumexp(1, True), "ReduceLogSumExp of channels", 11, axes=[1])
    unary("ReduceMean", lambda a: a.mean((2, 3)), axes=[2, 3], keepdims=0)
    unary("ReduceMean", lambda a: a.mean((2, 3), True), "ReduceMean from behind", 11, axes=[-1, -2])
    unary("ReduceMean", lambda a: a.mean(1, True), "ReduceMean of channels", axes=[1])
    case("ReduceMean opset 18", lambda a, w: a.mean((2, 3)),
         [("ReduceMean", ["a", "axes"], ["z"], {"keepdims": 0})], 18, axes=integers(-1, 2))
    case("ReduceMean opset 18 without axes", lambda a, w: a * 1,
         [("ReduceMean", ["a"], ["z"], {"noop_with_empty_axes": 1})], 18)
    unary("ReduceSum", lambda a: a.sum((1, 3)), "ReduceSum opset 11", 11, axes=[1, 3], keepdims=0)
    case("ReduceSum", lambda a, w: a.sum(2, True), [("ReduceSum", ["a", "axes"], ["z"], {})], axes=integers(2))


def linear() -> None:
    """Adds cases of matrix products."""
    flat = ("Flatten", ["a"], ["f"], {})
    size = CHANNELS * ROWS * COLUMNS
    for transposed in (0, 1):
        w = normal(7, size) if transposed else normal(size, 7)
        case(f"Gemm transB {transposed}",
             lambda a, w, t=transposed: 0.5 * (a.flatten(1) @ (w["w"].T if t else w["w"])) + w["b"],
             [flat, ("Gemm", ["f", "w", "b"], ["z"], {"transB": transposed, "alpha": 0.5})], w=w, b=normal(7))
    case("MatMul by a matrix", lambda a, w: a.flatten(1) @ w["w"], [flat, ("MatMul", ["f", "w"], ["z"], {})],
         w=normal(size, 7))
    case("MatMul of images", lambda a, w: a @ w["w"], [("MatMul", ["a", "w"], ["z"], {})], w=normal(COLUMNS, 3))
    case("MatMul after a weight", lambda a, w: w["w"] @ a, [("MatMul", ["w", "a"], ["z"], {})], w=normal(4, ROWS))
    case("MatMul of two images, Softmax",
         lambda a, w: torch.softmax(torch.tanh(a) @ a.transpose(2, 3), -1) @ a,
         [("Tanh", ["a"], ["t"], {}), ("Transpose", ["a"], ["k"], {"perm": [0, 1, 3, 2]}),
          ("MatMul", ["t", "k"], ["s"], {}), ("Softmax", ["s"], ["p"], {"axis": -1}),
          ("MatMul", ["p", "a"], ["z"], {})])


def normalizations() -> None:
    """Adds cases of normalisations."""
    channel = {name: normal(CHANNELS) for name in ("gamma", "beta", "mean")}
    variance = abs(normal(CHANNELS)) + numpy.float32(0.1)
    case("BatchNormalization",
         lambda a, w: F.batch_norm(a, w["mean"], w["variance"], w["gamma"], w["beta"], False, 0, 0.01),
         [("BatchNormalization", ["a", "gamma", "beta", "mean", "variance"], ["z"], {"epsilon": 0.01})],
         variance=variance, **channel)
    row = {"gamma": normal(COLUMNS), "beta": normal(COLUMNS)}
    case("LayerNormalization", lambda a, w: F.layer_norm(a, [COLUMNS], w["gamma"], w["beta"], 1e-3),
         [("LayerNormalization", ["a", "gamma", "beta"], ["z"], {"epsilon": 1e-3})], 17, **row)
    case("LayerNormalization opset 20", lambda a, w: F.layer_norm(a, [ROWS, COLUMNS], w["gamma"]),
         [("LayerNormalization", ["a", "gamma"], ["z"], {"axis": 2})], 20, gamma=normal(ROWS, COLUMNS))
    case("LayerNormalization in parts", lambda a, w: F.layer_norm(a, [COLUMNS], None, None, 1e-3),
         [("ReduceMean", ["a"], ["m"], {"axes": [-1]}), ("Sub", ["a", "m"], ["d"], {}),
          ("Pow", ["d", "two"], ["q"], {}), ("ReduceMean", ["q"], ["v"], {"axes": [-1]}),
          ("Add", ["v", "e"], ["s"], {}), ("Sqrt", ["s"], ["r"], {}), ("Div", ["d", "r"], ["z"], {})],
         two=numpy.float32(2).reshape(()), e=numpy.float32(1e-3).reshape(()))
    case("InstanceNormalization", lambda a, w: F.instance_norm(a, None, None, w["gamma"], w["beta"], eps=1e-3),
         [("InstanceNormalization", ["a", "gamma", "beta"], ["z"], {"epsilon": 1e-3})],
         gamma=channel["gamma"], beta=channel["beta"])


def shaping() -> None:
    """Adds cases of operators that move values and compute none."""
    unary("Flatten", lambda a: a.flatten(1))
    unary("Identity", lambda a: a * 1)
    unary("Dropout", lambda a: a * 1)
    shape = {"s": integers(-1, 2, 3, ROWS * COLUMNS)}
    case("Reshape and Transpose", lambda a, w: a.reshape(-1, 2, 3, ROWS * COLUMNS).transpose(1, 2).flatten(1, 2),
         [("Reshape", ["a", "s"], ["r"], {}), ("Transpose", ["r"], ["t"], {"perm": [0, 2, 1, 3]}),
          ("Reshape", ["t", "u"], ["z"], {})], **shape, u=integers(0, CHANNELS, -1))
    means = ("GlobalAveragePool", ["a"], ["m"], {})
    case("Squeeze and Unsqueeze opset 11", lambda a, w: a.mean((2, 3))[:, None],
         [means, ("Squeeze", ["m"], ["q"], {"axes": [2, 3]}), ("Unsqueeze", ["q"], ["z"], {"axes": [1]})], 11)
    case("Squeeze and Unsqueeze", lambda a, w: a.mean((2, 3))[:, None],
         [means, ("Squeeze", ["m", "x"], ["q"], {}), ("Unsqueeze", ["q", "y"], ["z"], {})], x=integers(2, 3),
         y=integers(1))
    case("Concat", lambda a, w: torch.cat([torch.tanh(a), w["w"].expand(len(a), -1, -1, -1), a], 1),
         [("Tanh", ["a"], ["t"], {}), ("Shape", ["a"], ["n"], {}), ("Slice", ["n", "zero", "one"], ["b"], {}),
          ("Concat", ["b", "rest"], ["shape"], {"axis": 0}), ("Expand", ["w", "shape"], ["c"], {}),
          ("Concat", ["t", "c", "a"], ["z"], {"axis": -3})],
         w=normal(1, 2, ROWS, COLUMNS), rest=integers(2, ROWS, COLUMNS), zero=integers(0), one=integers(1))
    halves = [("Tanh", ["p"], ["z"], {})]
    case("Split opset 11", lambda a, w: torch.tanh(a[:, :2]),
         [("Split", ["a"], ["p", "q"], {"axis": 1, "split": [2, 4]}), *halves], 11)
    case("Split", lambda a, w: torch.cat([torch.tanh(a[:, 2:4]), a[:, 4:]], 1),
         [("Split", ["a", "s"], ["p", "q", "r"], {"axis": 1}), ("Tanh", ["q"], ["t"], {}),
          ("Concat", ["t", "r"], ["z"], {"axis": 1})], s=integers(2, 2, 2))
    case("Split opset 18", lambda a, w: torch.tanh(a[:, :, :, 5:]),
         [("Split", ["a"], ["q", "p"], {"axis": -1, "num_outputs": 2}), *halves], 18)

    def cut(name: str, reference: Callable[[torch.Tensor], torch.Tensor], **operands: numpy.ndarray) -> None:
        """Adds a case of Slice. `operands`: those of starts, ends, axes and steps that are given."""
        names = ["a", *(key if key in operands else "" for key in ("starts", "ends", "axes", "steps"))]
        while names[-1] == "":
            names.pop()
        case(f"Slice {name}", lambda a, w: reference(a), [("Slice", names, ["z"], {})], **operands)

    cut("of channels", lambda a: a[:, 1:4], starts=integers(1), ends=integers(4), axes=integers(1))
    cut("from behind", lambda a: a[..., 2:-3, -7:], starts=integers(2, -7), ends=integers(-3, 2**31 - 1),
        axes=integers(-2, -1))
    cut("with steps", lambda a: a[:, :, 1::2, ::3], starts=integers(1, 0), ends=integers(2**31 - 1, 2**31 - 1),
        axes=integers(2, 3), steps=integers(2, 3))
    cut("without axes", lambda a: a[:, 1:5], starts=integers(0, 1), ends=integers(2**31 - 1, 5))
    case("Gather", lambda a, w: torch.tanh(a[:, 4]),
         [("Gather", ["a", "four"], ["p"], {"axis": 1}), ("Tanh", ["p"], ["z"], {})], four=numpy.array(4, numpy.int64))
    case("Pad", lambda a, w: F.pad(a, (2, 0, 1, 3), value=0.5), [("Pad", ["a", "p", "v"], ["z"], {})], 11,
         p=integers(0, 0, 1, 2, 0, 0, 3, 0), v=numpy.float32(0.5).reshape(()))
    case("Pad opset 18", lambda a, w: F.pad(a, (1, -2)), [("Pad", ["a", "p", "", "x"], ["z"], {})], 18,
         p=integers(1, -2), x=integers(-1))


def export(
    folder: str,
    name: str,
    reference: Callable[[torch.Tensor, dict[str, torch.Tensor]], torch.Tensor],
    nodes: list[tuple[str, list[str], list[str], dict[str, Any]]],
    opset: int,
    flat: bool,
    weights: dict[str, numpy.ndarray],
) -> None:
    """Builds the graph around the nodes of a case, and prints the reference. For the arguments see `case`."""
    x = normal(2, 3, ROWS, COLUMNS)
    if flat:
        x[:, :, :, : COLUMNS // 2] = 0
    weights = {**weights, "first.weight": normal(CHANNELS, 3, 3, 3) / 3, "first.bias": normal(CHANNELS) / 3}
    precise = {key: torch.from_numpy(numpy.asarray(value)).double() for key, value in weights.items()}
    a = F.conv2d(torch.from_numpy(x).double(), precise["first.weight"], precise["first.bias"], padding=1)
    a.requires_grad_()
    z = reference(a, precise).flatten(1)
    weights["head"] = normal(3, z.shape[1])
    logits = z @ torch.from_numpy(weights["head"]).double().T
    nodes = [
        ("Conv", ["input", "first.weight", "first.bias"], ["a"], {"pads": [1, 1, 1, 1]}), *nodes,
        ("Flatten", ["z"], ["flat"], {}), ("Gemm", ["flat", "head"], ["logits"], {"transB": 1}),
    ]
    graph = helper.make_graph(
        [helper.make_node(operator, inputs, outputs, **attributes) for operator, inputs, outputs, attributes in nodes],
        "rule",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, ROWS, COLUMNS])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 3])],
        [numpy_helper.from_array(numpy.asarray(value), key) for key, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    save(model, f"{folder}/{name}.onnx")
    seeds = torch.tensor(SEEDS).double()
    print(json.dumps({
        "name": name,
        "operators": [operator for operator, *_ in nodes],
        "input": x.flatten().tolist(),
        "logits": logits.flatten().tolist(),
        "seeds": SEEDS,
        "maps": [as_json(found["first"]) for _, found in explain(logits, {"first": a}, seeds)],
    }))


if __name__ == "__main__":
    for family in (activations, arithmetic, convolutions, pools, reductions, linear, normalizations, shaping):
        family()
    for arguments in cases:
        export(sys.argv[1], *arguments)
