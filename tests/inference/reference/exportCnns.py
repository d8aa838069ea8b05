"""Exports small random CNNs to ONNX and computes their last layer's Grad-CAM with autograd in float64.

Usage: exportCnns.py FOLDER. For each variant writes FOLDER/<name>.onnx and prints one line of JSON: the input, the
logits, and for each label the map of the last convolution's output (torch.nn.functional names the operators).
"""
import json
import sys

import torch
import torch.nn as nn
import torch.nn.functional as functional

LABELS = 4


class Cnn(nn.Module):
    def __init__(self, activation, pooling, softmax):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.last = nn.Conv2d(8, 16, 3, padding=1)
        self.fc = nn.Linear(16, LABELS)
        self.activation, self.pooling, self.softmax = activation, pooling, softmax

    def head(self, maps):
        x = self.activation(maps)
        x = torch.flatten(nn.functional.adaptive_avg_pool2d(x, 1), 1) if self.pooling == "global" else x.mean([2, 3])
        return self.fc(x)

    def forward(self, x):
        logits = self.head(self.last(functional.relu(self.first(x))))
        return functional.softmax(logits, 1) if self.softmax else logits


def grad_cam(model, x, label):
    maps = model.last(functional.relu(model.first(x))).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(model.head(maps)[:, label].sum(), maps)
    weights = gradient.mean([2, 3], keepdim=True)
    return functional.relu((weights * maps).sum(1)).detach()


def export(folder, name, activation, pooling="global", softmax=False, opset=13, batch="free"):
    torch.manual_seed(len(name))
    model = Cnn(activation, pooling, softmax).eval()
    if activation is functional.relu6:
        model.last.weight.data *= 8  # so that a good part of the activations reaches the upper limit, too
    x = torch.randn(1, 3, 20, 24)
    axes = {"input": {0: "N"}, "output": {0: "N"}} if batch == "free" else None
    torch.onnx.export(
        model, x, f"{folder}/{name}.onnx", opset_version=opset, input_names=["input"], output_names=["output"],
        dynamic_axes=axes,
    )
    precise = model.double()
    x = x.double()
    print(json.dumps({
        "name": name,
        "input": x.flatten().tolist(),
        "output": precise(x).flatten().tolist(),
        "rows": 10,
        "columns": 12,
        "cams": [grad_cam(precise, x, label).flatten().tolist() for label in range(LABELS)],
    }))


if __name__ == "__main__":
    folder = sys.argv[1]
    export(folder, "relu-global", functional.relu)
    export(folder, "relu-mean", functional.relu, pooling="mean")
    export(folder, "relu6", functional.relu6)
    export(folder, "softmax", functional.relu, softmax=True)
    export(folder, "opset11", functional.relu6, opset=11)
    export(folder, "fixed-batch", functional.relu, batch="fixed")
    export(folder, "hardswish", functional.hardswish, opset=14)
