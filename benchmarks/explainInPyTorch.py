"""PyTorch's side of benchmarks/explain.mjs: exports models, then computes Grad-CAM on demand, on one thread.

Usage: explainInPyTorch.py FOLDER MODEL ... It writes FOLDER/MODEL.onnx and prints "ready". Then it reads lines
"MODEL WORK RUNS" from stdin (WORK: forward, last, all or unfused), and for each it prints the CPU milliseconds of one
run. Weights need no gradients, and all maps come from one pass. Batch normalisation is part of the convolutions, as
ONNX exporters make it. With "unfused" it maps all layers of the model as torchvision builds it.
"""
import copy
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn as nn
import torchvision

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/inference/reference"))
from exportArchitectures import fuse  # noqa: E402

torch.set_num_threads(1)


def load(name: str, folder: str) -> tuple[nn.Module, nn.Module, torch.Tensor]:
    """Exports a torchvision model with random weights to FOLDER/NAME.onnx.

    Returns the model with batch normalisation fused, the model as torchvision builds it, and an input [1, 3, 224, 224].
    """
    torch.manual_seed(1)
    model = getattr(torchvision.models, name)(num_classes=4).eval().requires_grad_(False)
    x = torch.randn(1, 3, 224, 224)
    torch.onnx.export(model, x, f"{folder}/{name}.onnx", opset_version=13, input_names=["input"],
                      output_names=["output"], dynamic_axes={"input": {0: "N"}, "output": {0: "N"}})
    for module in model.modules():
        if hasattr(module, "inplace"):
            module.inplace = False
    unfused = copy.deepcopy(model)
    fuse(model, x)
    return model, unfused, x


def explain(model: nn.Module, x: torch.Tensor, layers: list[tuple[str, nn.Module]]) -> list[torch.Tensor]:
    """Grad-CAM [1, rows, columns] of each of the layers (name, module) for the first label.

    `x`: [1, 3, rows, columns]. Below the first layer nothing is differentiated.
    """
    activations = []

    def keep(name: str) -> Callable[[nn.Module, tuple, torch.Tensor], torch.Tensor]:
        """Forward hook that keeps the activations of the layer `name`."""
        def hook(_: nn.Module, __: tuple, output: torch.Tensor) -> torch.Tensor:
            """Keeps `output`; returns what the model computes on with."""
            activations.append(output if activations else output.detach().requires_grad_())
            # A ResNet's block adds to its second convolution in place, which would change what is mapped.
            return activations[-1].clone() if name.endswith("conv2") else activations[-1]
        return hook

    hooks = [layer.register_forward_hook(keep(name)) for name, layer in layers]
    logits = model(x)
    for hook in hooks:
        hook.remove()
    gradients = torch.autograd.grad(logits[:, 0].sum(), activations)
    return [torch.relu((g.mean((2, 3), keepdim=True) * a).sum(1)) for a, g in zip(activations, gradients)]


def run(fused: nn.Module, unfused: nn.Module, x: torch.Tensor, work: str) -> torch.Tensor | list[torch.Tensor]:
    """One run of `work` (forward, last, all or unfused): the logits of "forward", else Grad-CAM maps."""
    model = unfused if work == "unfused" else fused
    layers = [(name, module) for name, module in model.named_modules() if isinstance(module, nn.Conv2d)]
    if work == "forward":
        with torch.no_grad():
            return model(x)
    return explain(model, x, layers[-1:] if work == "last" else layers)


if __name__ == "__main__":
    folder, *names = sys.argv[1:]
    models = {name: load(name, folder) for name in names}
    print("ready", flush=True)
    for line in sys.stdin:
        name, work, runs = line.split()
        start = time.process_time()
        for _ in range(int(runs)):
            run(*models[name], work)
        print((time.process_time() - start) * 1000 / int(runs), flush=True)
