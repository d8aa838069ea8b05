"""MobileNetV1 (Howard et al. 2017, arXiv:1704.04861): its first twelve blocks, with TensorFlow's weights."""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

# (output channels, stride) of blocks 1-12. Block 12 has stride 2 in the original; with 1, the last map of a 160 px
# input has 10 x 10 cells instead of 5 x 5.
BLOCKS = [
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2),
    (512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 1),
]  # fmt: skip
BATCH_NORM_EPSILON = 1e-3  # of the TensorFlow weights
NORM_NAMES = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


def padding(stride: int) -> tuple[int, int]:
    """TensorFlow's SAME padding of a 3 x 3 convolution on even sizes, px: (before, after)."""
    return (0, 1) if stride == 2 else (1, 1)


class ConvNorm(nn.Module):
    """Convolution, batch normalisation, ReLU6."""

    def __init__(self, name: str, inputs: int, outputs: int, size: int, stride: int = 1, groups: int = 1) -> None:
        """`inputs`, `outputs`: channels. `size`: of the kernel, px."""
        super().__init__()
        self.name, self.stride, self.size = name, stride, size
        self.conv = nn.Conv2d(inputs, outputs, size, stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=BATCH_NORM_EPSILON, momentum=0.03)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[N, inputs, rows, columns] → [N, outputs, rows / stride, columns / stride]."""
        if self.size == 3:
            before, after = padding(self.stride)
            x = F.pad(x, (before, after, before, after))
        return F.relu6(self.norm(self.conv(x)))

    def folded(self) -> tuple[np.ndarray, np.ndarray]:
        """Kernel [outputs, inputs / groups, size, size] and bias [outputs] of one convolution equal to both layers."""
        gain = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)
        kernel = self.conv.weight * gain[:, None, None, None]
        bias = self.norm.bias - self.norm.running_mean * gain
        return kernel.detach().numpy(), bias.detach().numpy()


def encoder() -> nn.Sequential:
    """The stem and the twelve blocks, as a sequence of ConvNorm.

    [N, 3, rows, columns] → [N, 1024, rows / 16, columns / 16].
    """
    layers, width = [ConvNorm("conv1", 3, 32, 3, stride=2)], 32
    for number, (outputs, stride) in enumerate(BLOCKS, 1):
        layers.append(ConvNorm(f"conv_dw_{number}", width, width, 3, stride, groups=width))
        layers.append(ConvNorm(f"conv_pw_{number}", width, outputs, 1))
        width = outputs
    return nn.Sequential(*layers)


def load_tensorflow(layers: nn.Sequential, path: Path) -> None:
    """Loads ImageNet weights into the layers, from an .npz file under TensorFlow's names.

    Its kernels are [H, W, in, out], depthwise ones [H, W, in, 1].
    """
    weights = np.load(path)
    with torch.no_grad():
        for layer in layers:
            depthwise = "_dw_" in layer.name
            kernel = weights[f"{layer.name}/{'depthwise_kernel' if depthwise else 'kernel'}"]
            order = (2, 3, 0, 1) if depthwise else (3, 2, 0, 1)
            layer.conv.weight.copy_(torch.tensor(kernel.transpose(order)))
            for ours, theirs in NORM_NAMES.items():
                getattr(layer.norm, ours).copy_(torch.tensor(weights[f"{layer.name}_bn/{theirs}"]))
