"""Exports torchvision's classifiers with random weights, and explains all their layers by autograd in float64.

Usage: exportArchitectures.py FOLDER ARCHITECTURE:VARIANT:OPSET:SIZE:SLICES ... Variants:
  raw     batch normalisation stays in the graph
  fused   the exporter folds it into the convolutions, as it does by default; the reference does the same
  smooth  raw, with Softplus for every piecewise linear activation and mean for every maximum: gradients have no jumps
  shipped (brain-mri only) the model as it ships, rebuilt in PyTorch from its graph; its inputs have a black border
For each it writes FOLDER/<name>.onnx, <name>.input (float32) and <name>.maps (float64: seed, layer, method, slice). It
prints one line of JSON: the layers, the seeds, and for each map the scale of its errors and the error of PyTorch's own
float32.
"""
import copy
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx.helper
import onnx.numpy_helper
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from torch.nn.utils.fusion import fuse_conv_bn_eval

from camReference import METHODS, explain

LABELS = 4
VERSIONS = (Path(__file__).parents[3] / "models/brain-mri").iterdir()
SHIPPED = max(VERSIONS, key=lambda folder: [int(part) for part in folder.name.split(".")]) / "model.onnx"
SEEDS = torch.tensor([[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, -1]]).float()
SMOOTH = {
    nn.ReLU: nn.Softplus, nn.ReLU6: nn.Softplus, nn.Hardswish: nn.SiLU, nn.Hardsigmoid: nn.Sigmoid,
}
relu = F.relu  # `build` replaces F.relu, which in place would overwrite the activations that the reference reads
max_pool2d = F.max_pool2d


def build(name: str, smooth: bool, size: int) -> nn.Module:
    """A classifier of torchvision with random weights, for inputs of `size` px.

    Batch normalisation has the statistics of random images, and scales and shifts that matter.
    """
    torch.manual_seed(7)
    options = {"init_weights": False, "aux_logits": False} if name in ("googlenet", "inception_v3") else {}
    model = getattr(torchvision.models, name)(num_classes=LABELS, **options).eval()
    if name == "vgg16":  # its classifier alone would be half a gigabyte
        side = size // 32
        model.avgpool = nn.Identity()
        model.classifier = nn.Sequential(nn.Linear(512 * side**2, 64), nn.ReLU(), nn.Dropout(), nn.Linear(64, LABELS))
    F.relu = (lambda x, inplace=False: F.softplus(x)) if smooth else (lambda x, inplace=False: relu(x))
    F.max_pool2d = F.avg_pool2d if smooth else max_pool2d
    for module in list(model.modules()):
        for key, child in list(module.named_children()):
            if smooth and type(child) in SMOOTH:
                setattr(module, key, SMOOTH[type(child)]())
            elif smooth and isinstance(child, nn.MaxPool2d):
                setattr(module, key, nn.AvgPool2d(child.kernel_size, child.stride, child.padding, child.ceil_mode))
            elif hasattr(child, "inplace"):
                child.inplace = False
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.uniform_(norm.bias, -0.3, 0.3)
        norm.momentum = 1
        norm.train()
    with torch.no_grad():
        model(torch.randn(8, 3, size, size))
    return model.eval()


class Shipped(nn.Module):
    """The shipped model, models/brain-mri, node by node. Its convolutions are modules, so that they take hooks."""

    def __init__(self, path: Path) -> None:
        """Builds the model from its ONNX graph."""
        super().__init__()
        model = onnx.load(path)
        self.producers = {node.output[0]: node for node in model.graph.node}
        self.output = model.graph.output[0].name
        self.constants = nn.ParameterDict()
        weights = {tensor.name: torch.tensor(onnx.numpy_helper.to_array(tensor)) for tensor in model.graph.initializer}
        self.whole = {name: value.tolist() for name, value in weights.items() if not value.is_floating_point()}
        for node in model.graph.node:
            given = {name: weights[name] for name in node.input if name in weights and name not in self.whole}
            if node.op_type == "Conv":
                self.add_module(node.name, convolution(node, list(given.values())))
            else:
                self.constants.update({key(name): nn.Parameter(value) for name, value in given.items()})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[N, 3, rows, columns] → logits [N, classes]."""
        return self.compute(self.output, {"input": x})

    def compute(self, name: str, known: dict[str, Any]) -> Any:
        """The value `name` of the graph. `known`: values that are computed, to which this one is added."""
        if name in self.whole:
            return self.whole[name]
        if key(name) in self.constants:
            return self.constants[key(name)]
        if name not in known:
            node = self.producers[name]
            if node.op_type == "Conv":
                known[name] = self.get_submodule(node.name)(self.compute(node.input[0], known))
            else:
                known[name] = OPERATORS[node.op_type](
                    attributes_of(node), *(self.compute(operand, known) for operand in node.input)
                )
        return known[name]


def key(name: str) -> str:
    """The name of a constant as the name of a parameter."""
    return name.replace(".", "/")  # a parameter's name holds no dot


def attributes_of(node: onnx.NodeProto) -> dict[str, Any]:
    """The attributes of a graph node by name."""
    return {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}


def convolution(node: onnx.NodeProto, given: list[torch.Tensor]) -> nn.Module:
    """A Conv node as a module. `given`: kernel and maybe bias."""
    attributes = attributes_of(node)
    top, left, bottom, right = attributes.get("pads", [0] * 4)
    outputs, inputs, *kernel = given[0].shape
    group = attributes.get("group", 1)
    conv = Padded(inputs * group, outputs, kernel, attributes.get("strides", 1), groups=group, bias=len(given) > 1)
    conv.around = left, right, top, bottom
    for own, value in zip(conv.parameters(), given):
        own.data = value
    return conv


class Padded(nn.Conv2d):
    """A convolution with the pads of ONNX, which may differ from side to side."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[N, channels, rows, columns] → [N, channels, rows, columns] of the outputs."""
        return super().forward(F.pad(x, self.around))


OPERATORS = {
    "Add": lambda _, a, b: a + b,
    "Clip": lambda _, x, low, high: F.hardtanh(x, float(low), float(high)),  # at the bounds its gradient is 0, as ours
    "ConvTranspose": lambda attributes, x, weight, bias: F.conv_transpose2d(x, weight, bias, attributes["strides"]),
    "Flatten": lambda _, x: x.flatten(1),
    "Gemm": lambda _, x, weight: x @ weight.T,
    "GlobalAveragePool": lambda _, x: x.mean((2, 3), keepdim=True),
    "Mul": lambda _, a, b: a * b,
    "ReduceLogSumExp": lambda attributes, x: x.logsumexp(attributes["axes"], bool(attributes["keepdims"])),
    "ReduceMean": lambda attributes, x: x.mean(attributes["axes"], bool(attributes["keepdims"])),
    "Slice": lambda _, x, start, end, axis: x.narrow(axis[0], start[0], end[0] - start[0]),
    "Sub": lambda _, a, b: a - b,
}


def fuse(model: nn.Module, x: torch.Tensor) -> None:
    """Fuses as the exporter does, in place: a batch normalisation becomes part of the convolution before it.

    `x`: an input, with which the layers are followed.
    """
    modules = dict(model.named_modules())
    producers, pairs = {}, []

    def follow(name: str) -> Callable[[nn.Module, tuple, torch.Tensor], None]:
        """Forward hook that notes which convolution's output the module `name` is given."""
        def hook(module: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
            """Notes a convolution's output, or the pair of a convolution and the normalisation after it."""
            if isinstance(module, nn.Conv2d):
                producers[id(output)] = name, output  # kept, so that no other tensor takes its id
            elif id(inputs[0]) in producers:
                pairs.append((producers[id(inputs[0])][0], name))
        return hook

    hooks = [module.register_forward_hook(follow(name)) for name, module in modules.items()
             if isinstance(module, (nn.Conv2d, nn.BatchNorm2d))]
    model(x)
    for hook in hooks:
        hook.remove()
    for conv, norm in pairs:
        put(model, conv, fuse_conv_bn_eval(modules[conv], modules[norm]))
        put(model, norm, nn.Identity())


def put(model: nn.Module, name: str, module: nn.Module) -> None:
    """Replaces the module `name` (dotted) of the model."""
    owner, _, key = name.rpartition(".")
    setattr(model.get_submodule(owner), key, module)


def reference(
    model: nn.Module, x: torch.Tensor
) -> tuple[torch.Tensor, list[str], dict[tuple[int, str], dict[str, tuple[torch.Tensor, float]]]]:
    """Logits, layers and {(seed, layer): {method: (map, scale)}} in the precision of the model.

    `x`: [N, 3, rows, columns].
    """
    activations = {}

    def keep(layer: str) -> Callable[[nn.Module, tuple, torch.Tensor], torch.Tensor]:
        """Forward hook that keeps the activations of a layer."""
        def hook(_: nn.Module, __: tuple, output: torch.Tensor) -> torch.Tensor:
            """Keeps `output` and returns a copy of it."""
            activations[layer] = output
            return output.clone()  # the model may change the copy in place afterwards
        return hook

    hooks = [module.register_forward_hook(keep(layer)) for layer, module in model.named_modules()
             if isinstance(module, nn.Conv2d)]
    logits = model(x)
    for hook in hooks:
        hook.remove()
    found = {}
    for index, layers in explain(logits, activations, SEEDS.to(x.dtype)):
        for layer, maps in layers.items():
            found[index, layer] = maps
    return logits, list(activations), found


def export(folder: str, architecture: str, variant: str, opset: int, size: int, slices: int) -> None:
    """Writes and prints what the module's description says, of one model. `size`: px of the input."""
    name = f"{architecture}-{variant}-{opset}"
    x = torch.randn(slices, 3, size, size, generator=torch.Generator().manual_seed(3))
    if variant == "shipped":
        shutil.copy(SHIPPED, f"{folder}/{name}.onnx")
        model = Shipped(SHIPPED).eval()
        x = F.pad(x[..., size // 8 : -size // 8, size // 8 : -size // 8], (size // 8,) * 4, value=-1)
    else:
        model = build(architecture, variant == "smooth", size)
        options = {} if variant == "fused" else {
            "training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
        torch.onnx.export(model, x, f"{folder}/{name}.onnx", opset_version=opset, input_names=["input"],
                          output_names=["output"], dynamic_axes={"input": {0: "N"}, "output": {0: "N"}}, **options)
    if variant == "fused":
        fuse(model, x)
    logits, layers, precise = reference(copy.deepcopy(model).double(), x.double())
    _, _, single = reference(model, x)
    x.numpy().tofile(f"{folder}/{name}.input")
    scales, gaps, sizes = [], [], {}
    with open(f"{folder}/{name}.maps", "wb") as file:
        for seed in range(len(SEEDS)):
            for layer in layers:
                sizes[layer] = list(precise[seed, layer]["GRAD_CAM"][0].shape[1:])
                for method in METHODS:
                    exact, scale = precise[seed, layer][method]
                    exact.numpy().tofile(file)
                    scales.append(scale)
                    gap = (single[seed, layer][method][0].double() - exact).abs().amax((1, 2))
                    gaps.append((gap / scale if scale > 0 else gap).tolist())
    print(json.dumps({
        "name": name, "architecture": architecture, "variant": variant, "opset": opset,
        "shape": list(x.shape), "seeds": SEEDS.tolist(), "methods": METHODS, "scales": scales, "gaps": gaps,
        "logits": logits.flatten().tolist(),
        "layers": [{"name": layer, "rows": rows, "columns": columns} for layer, (rows, columns) in sizes.items()],
    }), flush=True)


if __name__ == "__main__":
    folder, *specifications = sys.argv[1:]
    torch.set_num_threads(1)
    for specification in specifications:
        architecture, variant, *numbers = specification.split(":")
        export(folder, architecture, variant, *map(int, numbers))
