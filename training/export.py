"""Writes the trained network as an ONNX graph, node by node, with the layer names that the manifest has."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from mobilenet import padding
from networks import NEVER, SKIP

OPSET = 13


class Graph:
    """An ONNX graph in the making. Every method returns the name of what it adds."""

    def __init__(self) -> None:
        """Starts an empty graph. `layers`: the manifest's layers. `cells`: rows and columns of each value's maps."""
        self.nodes, self.constants, self.layers, self.cells = [], [], [], {}
        self.last, self.beside = "input", "input"  # the encoder's last activations, and those of an early block

    def constant(self, name: str, array: np.ndarray | list[int] | float, kind: type = np.float32) -> str:
        """Adds a constant of the number type `kind`."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array, kind), name))
        return name

    def node(self, operator: str, inputs: list[str], name: str, **attributes: Any) -> str:
        """Adds a graph node whose one output has the node's name."""
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def convolution(self, value: str, layer: nn.Module) -> str:
        """Adds a ConvNorm: its normalisation folded into the kernel, TensorFlow's padding as the convolution's own."""
        kernel, bias = layer.folded()
        before, after = padding(layer.stride) if layer.size == 3 else (0, 0)
        inputs = [value, self.constant(f"{layer.name}.weight", kernel), self.constant(f"{layer.name}.bias", bias)]
        self.node(
            "Conv", inputs, layer.name, kernel_shape=[layer.size] * 2, strides=[layer.stride] * 2,
            pads=[before, before, after, after], group=layer.conv.groups,
        )  # fmt: skip
        cells = [size // layer.stride for size in self.cells[value]]
        self.layers.append({"name": layer.name, "title": title(layer.name, len(kernel), cells)})
        active = self.node("Clip", [layer.name, "zero", "six"], f"{layer.name}_relu")
        self.cells[active] = cells
        return active


def export_onnx(
    network: nn.Module, novelty: dict[str, Any], labels: list[str], rows: int, columns: int, path: Path
) -> list[dict[str, str]]:
    """Writes the graph and returns its convolutions as the manifest's "layers".

    The graph takes `input` [N, 3, rows, columns]. It gives `logits` [N, classes], `novelty` [N] and `evidence`
    [N, classes, cells down, cells across].
    `novelty`: what `novelty.fit_novelty` returned, with "largest_known", the distance that becomes 1.
    """
    graph = Graph()
    graph.constant("zero", np.float32(0))
    graph.constant("six", np.float32(6))
    graph.cells["input"] = [rows, columns]
    value = "input"
    for index, layer in enumerate(network.layers):
        value = graph.convolution(value, layer)
        if index == 2 * SKIP:
            graph.beside = value
    graph.last = value
    logits = local_logits(graph, network)
    out_of_distribution(graph, novelty)
    image = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, rows, columns])
    outputs = [helper.make_tensor_value_info(logits, TensorProto.FLOAT, ["N", len(labels)])]
    outputs.append(helper.make_tensor_value_info("novelty", TensorProto.FLOAT, ["N"]))
    outputs.append(
        helper.make_tensor_value_info("evidence", TensorProto.FLOAT, ["N", len(labels), *graph.cells["evidence"]])
    )
    made = helper.make_graph(graph.nodes, "mrimaster", [image], outputs, graph.constants)
    proto = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="mrimaster")
    proto.ir_version = 7  # the version of opset 13
    onnx.checker.check_model(proto, full_check=True)
    path.write_bytes(proto.SerializeToString())
    return graph.layers


def local_logits(graph: Graph, network: nn.Module) -> str:
    """Adds `networks.LocalNet` after its encoder; returns the name of the logits."""
    weight, bias = network.up.weight.detach().numpy(), network.up.bias.detach().numpy()
    low = graph.convolution(graph.last, network.deep)
    inputs = [low, graph.constant("up.weight", weight), graph.constant("up.bias", bias)]
    high = graph.node("ConvTranspose", inputs, "up", kernel_shape=[2, 2], strides=[2, 2])
    skip = graph.convolution(graph.beside, network.skip)
    merged = graph.node("Add", [high, skip], "merged")
    graph.cells[merged] = graph.cells[skip]
    merged = graph.convolution(graph.convolution(merged, network.merge_dw), network.merge_pw)
    kernel = network.evidence.weight.detach().numpy()
    cells = graph.cells[merged]
    evidence = graph.node("Conv", [merged, graph.constant("evidence.weight", kernel)], "evidence", kernel_shape=[1, 1])
    graph.cells[evidence] = cells
    graph.layers.append(
        {"name": "evidence", "title": f"Evidence for each label, {len(kernel)} maps of {cells[0]}×{cells[1]}"}
    )
    bounds = [graph.constant(f"normal_{name}", [value], np.int64) for name, value in
              (("from", network.normal), ("to", network.normal + 1), ("axis", 1))]  # fmt: skip
    normal = graph.node("Slice", [evidence, *bounds], "normal")
    against = graph.node("Sub", [evidence, normal], "against")
    pooled = graph.node("ReduceLogSumExp", [against], "pooled", axes=[2, 3], keepdims=0)
    offset = network.bias.detach().numpy() - math.log(cells[0] * cells[1])
    local = graph.node("Add", [pooled, graph.constant("offset", offset)], "local")
    common = graph.node("ReduceMean", [normal], "common", axes=[2, 3], keepdims=0)
    return graph.node("Add", [share_out(graph, network, local), common], "logits")


def share_out(graph: Graph, network: nn.Module, local: str) -> str:
    """Adds the part that shares the local odds of a tumour out among its kinds, as the whole slice suggests.

    `local`: name of the local logits [N, classes]. Returns the name of the result, of the same shape.
    """
    is_tumour = network.is_tumour.numpy()
    graph.constant("is_tumour", is_tumour)
    graph.constant("without_normal", NEVER * (1 - is_tumour))
    mean = graph.node("GlobalAveragePool", [graph.last], "mean")
    features = graph.node("Flatten", [mean], "features")
    weight = graph.constant("kind.weight", network.kind.weight.detach().numpy())
    kind = graph.node("Gemm", [features, weight], "kind", transB=1)
    shared = graph.node("Add", [local, kind], "shared")
    sums = []
    for name, value in (("presence", local), ("shared_sum", shared)):
        kinds = graph.node("Add", [value, "without_normal"], f"{name}_kinds")
        sums.append(graph.node("ReduceLogSumExp", [kinds], name, axes=[1], keepdims=1))
    shift = graph.node("Sub", sums, "shift")
    tumours = graph.node("Mul", [graph.node("Add", [shared, shift], "shifted"), "is_tumour"], "tumours")
    normal = graph.node("Mul", [local, graph.constant("is_normal", 1 - is_tumour)], "of_normal")
    return graph.node("Add", [tumours, normal], "apart")


def out_of_distribution(graph: Graph, novelty: dict[str, Any]) -> None:
    """Adds the novelty: the distance of the mean activations from the nearest label's directions.

    It is 1 at the largest distance that counts as known.
    """
    early = graph.node("Flatten", [graph.node("GlobalAveragePool", [graph.beside], "early_mean")], "early")
    known = graph.node("Concat", ["features", early], "known", axis=1)
    scaled = graph.node("Div", [known, graph.constant("novelty.scale", novelty["scale"])], "scaled")
    distances = []
    for index, (centre, directions) in enumerate(zip(novelty["means"], novelty["directions"])):
        off = graph.node("Sub", [scaled, graph.constant(f"novelty.mean_{index}", centre)], f"off_{index}")
        inside = graph.node(
            "MatMul", [off, graph.constant(f"novelty.directions_{index}", directions)], f"inside_{index}"
        )
        whole = graph.node("ReduceSumSquare", [off], f"whole_{index}", axes=[1], keepdims=0)
        covered = graph.node("ReduceSumSquare", [inside], f"covered_{index}", axes=[1], keepdims=0)
        distances.append(graph.node("Sub", [whole, covered], f"distance_{index}"))
    nearest = graph.node("Min", distances, "nearest")
    positive = graph.node("Max", [nearest, "zero"], "positive")
    root = graph.node("Sqrt", [positive], "root")
    graph.node("Div", [root, graph.constant("novelty.largest_known", np.float32(novelty["largest_known"]))], "novelty")


def title(name: str, maps: int, cells: list[int]) -> str:
    """The layer's title in the manifest. `maps`: how many; `cells`: rows and columns of each."""
    kind = "depthwise 3×3" if "_dw" in name else "3×3" if name == "conv1" else "pointwise 1×1"
    block = {
        "conv1": "Stem", "deep": "Decoder, from block 12", "skip": "Decoder, from block 5",
        "merge_dw": "Decoder, merged", "merge_pw": "Decoder, merged",
    }.get(name) or f"Block {name.rsplit('_', 1)[1]}"  # fmt: skip
    return f"{block}, {kind} convolution, {maps} maps of {cells[0]}×{cells[1]}"
