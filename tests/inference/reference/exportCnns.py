"""Exports small CNNs with a residual branch in the ways that classifiers come, and explains all their layers.

Usage: exportCnns.py FOLDER. For each variant it writes FOLDER/<name>.onnx and prints one line of JSON: the input, the
logits, the seeds, and for each seed the maps of each layer, by autograd in float64.
"""
import json
import os
import sys
from collections.abc import Callable

import numpy
import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper

from camReference import as_json, explain

LABELS = 4
SEEDS = [[1, 0, 0, 0], [0, 0, 0, 1], [0, 1, -1, 0]]


class Cnn(nn.Module):
    """A CNN whose sum has two ways back to the first layer. `obstacle` is an operator on one of them."""

    def __init__(self, channels: int, head: str, obstacle: Callable[[torch.Tensor], torch.Tensor]) -> None:
        """`channels`: of the input. `head`: what the output is: "logits", "softmax" or "reshaped" (softmax)."""
        super().__init__()
        self.first = nn.Conv2d(channels, 8, 3, stride=2, padding=1)
        self.block = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU())
        self.last = nn.Conv2d(8, 16, 3, padding=1)
        self.fc = nn.Linear(16, LABELS)
        self.head, self.obstacle = head, obstacle

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[N, channels, rows, columns] → [N, LABELS], logits or probabilities as `head` says."""
        x = F.relu(self.first(x))
        x = self.obstacle(self.block(x)) + x
        x = F.relu(self.last(x))
        logits = self.fc(x.mean([2, 3]))
        return {"logits": lambda x: x, "softmax": lambda x: F.softmax(x, 1),
                "reshaped": lambda x: F.softmax(x, 1).reshape(-1, 2, 2).flatten(1)}[self.head](logits)


def export(
    folder: str,
    name: str,
    channels: int = 3,
    head: str = "logits",
    obstacle: Callable[[torch.Tensor], torch.Tensor] = lambda x: x,
    opset: int = 13,
    batch: str | int = "free",
    external: bool = False,
) -> None:
    """Writes one variant and prints its reference.

    `batch`: number of slices that the graph takes, "free" for any. `external`: the weights are in a file of their own.
    """
    torch.manual_seed(len(name))
    model = Cnn(channels, head, obstacle).eval()
    x = torch.randn(1 if batch == 1 else 2, channels, 20, 24)
    path = f"{folder}/{name}.onnx"
    torch.onnx.export(
        model, x, path, opset_version=opset, input_names=["input"], output_names=["output"],
        dynamic_axes={"input": {0: "N"}, "output": {0: "N"}} if batch == "free" else None,
    )
    if external:
        onnx.save_model(onnx.load(path), path, save_as_external_data=True, location=f"{name}.weights",
                        size_threshold=0)
    model, x = model.double(), x.double()
    activations = {}
    layers = {name: module for name, module in model.named_modules() if isinstance(module, nn.Conv2d)}
    for layer, module in layers.items():
        module.register_forward_hook(lambda _, __, output, layer=layer: activations.update({layer: output}))
    output = model(x)
    model.head = "logits"
    logits = model(x)
    print(json.dumps({
        "name": name,
        "shape": list(x.shape),
        "input": x.flatten().tolist(),
        "output": output.flatten().tolist(),
        "seeds": SEEDS,
        "maps": [{layer: as_json(maps) for layer, maps in found.items()}
                 for _, found in explain(logits, activations, torch.tensor(SEEDS).double())],
    }))


def branching(folder: str) -> None:
    """Writes a graph with a layer that leads to the logits by way of a branch, which reads it from outside."""
    def branch(operator: str) -> onnx.GraphProto:
        """The graph of a branch: one operator on the layer's output."""
        return helper.make_graph([helper.make_node(operator, ["a"], ["taken"])], operator, [],
                                 [helper.make_tensor_value_info("taken", TensorProto.FLOAT, None)])

    constants = {"w": torch.randn(4, 3, 3, 3), "v": torch.randn(4, 4, 3, 3), "c": torch.tensor(True)}
    nodes = [
        helper.make_node("Conv", ["input", "w"], ["a"], "early"),
        helper.make_node("If", ["c"], ["b"], "choice", then_branch=branch("Tanh"), else_branch=branch("Relu")),
        helper.make_node("Add", ["a", "b"], ["s"]),
        helper.make_node("Conv", ["s", "v"], ["d"], "late"),
        helper.make_node("GlobalAveragePool", ["d"], ["m"]),
        helper.make_node("Flatten", ["m"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes, "branching", [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, "rows", "columns"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 4])],
        [numpy_helper.from_array(value.numpy(), name) for name, value in constants.items()],
    )
    for name, opset in (("branching", 13), ("old", 10)):
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8),
                  f"{folder}/{name}.onnx")


def oddities(folder: str) -> None:
    """Writes graphs in which a layer has a gradient, or seems to, but no map that could be laid over the slice.

    Two more are odd, but can be explained. All end in GlobalAveragePool and Flatten unless they say otherwise.
    """
    def write(
        name: str,
        nodes: list[tuple[str, list[str], list[str], dict]],
        opset: int = 17,
        batch: str | int = "N",
        output: tuple[str | int, ...] = ("N", 4),
        tail: bool = True,
        **constants: numpy.ndarray,
    ) -> None:
        """Writes one graph.

        `nodes`: (operator, inputs, outputs, attributes). `output`: shape of the logits. `tail`: whether
        GlobalAveragePool and Flatten are added.
        """
        constants = {"w": normal(4, 3, 3, 3), "v": normal(4, 4, 3, 3), **constants}
        pooling = [("GlobalAveragePool", ["z"], ["pooled"], {}), ("Flatten", ["pooled"], ["logits"], {})]
        made = [helper.make_node(operator, inputs, outputs, outputs[0], **attributes)
                for operator, inputs, outputs, attributes in [*nodes, *(pooling if tail else [])]]
        graph = helper.make_graph(
            made, "odd", [helper.make_tensor_value_info("input", TensorProto.FLOAT, [batch, 3, 16, 16])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, output)],
            [numpy_helper.from_array(value, key) for key, value in constants.items()],
        )
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8),
                  f"{folder}/{name}.onnx")

    generator = numpy.random.default_rng(6)

    def normal(*shape: int) -> numpy.ndarray:
        """Random normal numbers of this shape, float32."""
        return generator.standard_normal(shape).astype(numpy.float32)

    def whole(*values: int) -> numpy.ndarray:
        """A constant of whole numbers, int64 [values]."""
        return numpy.array(values, numpy.int64)

    conv = ("Conv", ["input", "w"], ["a"], {"pads": [1, 1, 1, 1]})
    again = ("Conv", ["b", "v"], ["z"], {"pads": [1, 1, 1, 1]})
    write("mirrored", [conv, ("Slice", ["a", "from", "to", "axis", "step"], ["b"], {}), again],
          **{"from": whole(-1), "to": whole(-99), "axis": whole(3), "step": whole(-1)})
    write("patches", [("Reshape", ["input", "shape"], ["b"], {}), ("Conv", ["b", "w"], ["z"], {}),
                      ("GlobalAveragePool", ["z"], ["p"], {}), ("Reshape", ["p", "rows"], ["logits"], {})],
          tail=False, output=("N", 16), shape=whole(-1, 3, 8, 8), rows=whole(-1, 16))
    write("cropped to its brightest row", [
        conv, ("ReduceMax", ["a"], ["brightest"], {"axes": [0, 1, 3], "keepdims": 0}),
        ("ArgMax", ["brightest"], ["from"], {"axis": 0}), ("Add", ["from", "one"], ["to"], {}),
        ("Slice", ["a", "from", "to", "axis"], ["z"], {})], one=whole(1), axis=whole(2))
    write("two outputs", [conv, ("LayerNormalization", ["a", "scale"], ["y", "mean"], {}),
                          ("Add", ["y", "mean"], ["z"], {})], scale=normal(16))
    write("list", [conv, ("SplitToSequence", ["a"], ["parts"], {"axis": 1}),
                   ("SequenceAt", ["parts", "first"], ["b"], {}), ("Conv", ["b", "u"], ["z"], {})],
          first=numpy.array(0, numpy.int64), u=normal(4, 1, 3, 3))
    write("logits of a convolution", [("Conv", ["input", "whole"], ["a"], {}), ("Softmax", ["a"], ["s"], {"axis": 1}),
                                      ("Flatten", ["s"], ["logits"], {})], tail=False, whole=normal(4, 3, 16, 16))
    write("squeezed", [conv, ("GlobalAveragePool", ["a"], ["p"], {}), ("Reshape", ["p", "flat"], ["logits"], {})],
          batch=1, output=(4,), tail=False, flat=whole(4))


if __name__ == "__main__":
    folder = sys.argv[1]
    export(folder, "opset 13")
    export(folder, "opset 11", opset=11)
    export(folder, "opset 16", opset=16)
    export(folder, "trailing Softmax", head="softmax")
    export(folder, "reshaped Softmax", head="reshaped")
    export(folder, "batch of one", batch=1)
    export(folder, "batch of two", batch=2)
    export(folder, "one channel", channels=1)
    export(folder, "external data", external=True)
    export(folder, "obstacle", obstacle=lambda x: torch.cumsum(x, 3))
    branching(folder)
    oddities(folder)
    assert os.path.exists(f"{folder}/external data.weights")
