"""MobileNetV1 (Howard et al. 2017, arXiv:1704.04861), its first twelve blocks, with a linear head over the mean.

The head is linear in the mean of the last activations, so the class activation map of Zhou et al. 2016
(arXiv:1512.04150) and Grad-CAM of the last activations are the same map up to a factor. Training can therefore
supervise directly what the server will show.
"""
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

# (output channels, stride) of blocks 1-12. Block 12 has stride 2 in the original; with 1, the last map of a 128 px
# input has 8 x 8 cells instead of 4 x 4: a tumour of 15 px is one cell, not a fraction of one.
BLOCKS = [
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2),
    (512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 1),
]  # fmt: skip
BATCH_NORM_EPSILON = 1e-3  # of the TensorFlow weights
NORM_NAMES = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


def padding(stride):
    """TensorFlow's SAME for 3 x 3 on even sizes: (before, after) is (1, 1), but (0, 1) where the stride is 2."""
    return (0, 1) if stride == 2 else (1, 1)


class ConvNorm(nn.Module):
    """Convolution, batch normalisation, ReLU6."""

    def __init__(self, name, inputs, outputs, size, stride=1, groups=1):
        super().__init__()
        self.name, self.stride, self.size = name, stride, size
        self.conv = nn.Conv2d(inputs, outputs, size, stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=BATCH_NORM_EPSILON, momentum=0.03)

    def forward(self, x):
        if self.size == 3:
            before, after = padding(self.stride)
            x = F.pad(x, (before, after, before, after))
        return F.relu6(self.norm(self.conv(x)))

    def folded(self):
        """Kernel and bias of the one convolution that equals convolution and normalisation."""
        gain = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)
        kernel = self.conv.weight * gain[:, None, None, None]
        bias = self.norm.bias - self.norm.running_mean * gain
        return kernel.detach().numpy(), bias.detach().numpy()


class MobileNet(nn.Module):
    def __init__(self, classes, dropout=0.2):
        super().__init__()
        layers, width = [ConvNorm("conv1", 3, 32, 3, stride=2)], 32
        for number, (outputs, stride) in enumerate(BLOCKS, 1):
            layers.append(ConvNorm(f"conv_dw_{number}", width, width, 3, stride, groups=width))
            layers.append(ConvNorm(f"conv_pw_{number}", width, outputs, 1))
            width = outputs
        self.layers = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        """[N, 3, H, W] -> logits [N, classes], class activation maps [N, classes, H / 16, W / 16]."""
        activations = self.layers(x)
        maps = F.conv2d(activations, self.head.weight[:, :, None, None])
        return self.head(self.dropout(activations.mean((2, 3)))), maps

    def load_tensorflow(self, path):
        """ImageNet weights under TensorFlow's names: kernels are [H, W, in, out], depthwise ones [H, W, in, 1]."""
        weights = np.load(path)
        with torch.no_grad():
            for layer in self.layers:
                depthwise = "_dw_" in layer.name
                kernel = weights[f"{layer.name}/{'depthwise_kernel' if depthwise else 'kernel'}"]
                order = (2, 3, 0, 1) if depthwise else (3, 2, 0, 1)
                layer.conv.weight.copy_(torch.tensor(kernel.transpose(order)))
                for ours, theirs in NORM_NAMES.items():
                    getattr(layer.norm, ours).copy_(torch.tensor(weights[f"{layer.name}_bn/{theirs}"]))
