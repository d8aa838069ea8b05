"""Exports small CNNs with a residual branch in the ways that classifiers come, and explains all their layers.

Usage: exportCnns.py FOLDER. For each variant writes FOLDER/<name>.onnx and prints one line of JSON: the input, the
logits, the seeds, and by autograd in float64, for each seed, the maps of each layer.
"""
import json
import os
import sys

import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper

from camReference import as_json, explain

LABELS = 4
SEEDS = [[1, 0, 0, 0], [0, 0, 0, 1], [0, 1, -1, 0]]


class Cnn(nn.Module):
    """The sum has two ways back to the first layer; `obstacle` is an operator on one of them."""

    def __init__(self, channels, head, obstacle):
        super().__init__()
        self.first = nn.Conv2d(channels, 8, 3, stride=2, padding=1)
        self.block = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU())
        self.last = nn.Conv2d(8, 16, 3, padding=1)
        self.fc = nn.Linear(16, LABELS)
        self.head, self.obstacle = head, obstacle

    def forward(self, x):
        x = F.relu(self.first(x))
        x = self.obstacle(self.block(x)) + x
        x = F.relu(self.last(x))
        logits = self.fc(x.mean([2, 3]))
        return {"logits": lambda x: x, "softmax": lambda x: F.softmax(x, 1),
                "reshaped": lambda x: F.softmax(x, 1).reshape(-1, 2, 2).flatten(1)}[self.head](logits)


def export(folder, name, channels=3, head="logits", obstacle=lambda x: x, opset=13, batch="free", external=False):
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


def branching(folder):
    """A layer that leads to the logits by way of a branch, which reads it from outside."""
    def branch(operator):
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
    assert os.path.exists(f"{folder}/external data.weights")
