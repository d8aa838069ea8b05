"""The networks that are compared.

Each takes [N, 3, rows, columns] and returns (logits [N, classes], maps [N, classes, cells down, cells across],
features [N, F]). The maps are the last layer's Grad-CAM, up to a factor, so training can supervise them directly.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from mobilenet import ConvNorm, encoder

WIDTH = 128  # channels of the decoder
DEEP = 1024  # channels of the encoder's last activations
SKIP = 5  # the block whose output has cells of 8 px
NEVER = -1e4  # a logit whose exponential is 0


class LocalNet(nn.Module):
    """Asks in every cell of 8 px whether there is a tumour of each kind *here*, and pools the cells to the slice.

    `evidence` has a map for each label. What a cell says for a tumour is its evidence minus that for the normal label.
    A kind's odds are the mean odds of the cells, so one cell that is sure suffices. The cells alone decide whether
    there is a tumour at all: what a cell shows counts, not what kind of image it is. The kind may also depend on
    the whole slice: `kind`, linear in the encoder's last mean activations, shares the same odds out among the kinds.
    `features` are these and the mean activations of an early block. The mean evidence for the normal label is added to
    all logits. It changes no probability, and it gives that label a map of its own.
    """

    def __init__(self, classes: int, normal: int) -> None:
        """`classes`: number of labels. `normal`: index of the normal label."""
        super().__init__()
        self.normal = normal
        self.layers = encoder()
        self.deep = ConvNorm("deep", DEEP, WIDTH, 1)
        self.up = nn.ConvTranspose2d(WIDTH, WIDTH, 2, stride=2)
        self.skip = ConvNorm("skip", 256, WIDTH, 1)
        self.merge_dw = ConvNorm("merge_dw", WIDTH, WIDTH, 3, groups=WIDTH)
        self.merge_pw = ConvNorm("merge_pw", WIDTH, WIDTH, 1)
        self.dropout = nn.Dropout2d(0.1)
        self.evidence = nn.Conv2d(WIDTH, classes, 1, bias=False)
        self.bias = nn.Parameter(torch.zeros(classes))
        self.kind = nn.Linear(DEEP, classes, bias=False)
        is_tumour = torch.ones(classes)
        is_tumour[normal] = 0
        self.register_buffer("is_tumour", is_tumour, persistent=False)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """[N, 3, rows, columns] → logits, maps and features; the maps have cells of 8 px."""
        for index, layer in enumerate(self.layers):
            x = layer(x)
            if index == 2 * SKIP:
                beside = x
        features = torch.cat([x.mean((2, 3)), beside.mean((2, 3))], 1)
        merged = self.merge_pw(self.merge_dw(self.up(self.deep(x)) + self.skip(beside)))
        maps = self.evidence(self.dropout(merged))
        return self.pool(maps, features), maps, features

    def pool(self, maps: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        """Maps [N, classes, rows, columns] and features [N, F] → logits [N, classes]."""
        against = maps - maps[:, self.normal : self.normal + 1]
        cells = maps.shape[2] * maps.shape[3]
        local = torch.logsumexp(against, (2, 3)) - math.log(cells) + self.bias
        shared = local + self.kind(F.dropout(features[:, :DEEP], 0.2, self.training))
        without_normal = NEVER * (1 - self.is_tumour)
        presence = torch.logsumexp(local + without_normal, 1, keepdim=True)
        shared = shared - torch.logsumexp(shared + without_normal, 1, keepdim=True) + presence
        logits = shared * self.is_tumour + local * (1 - self.is_tumour)
        return logits + maps[:, self.normal].mean((1, 2))[:, None]

    def presence(self, maps: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
        """Logits [N, classes] of the cells `where` ([N, rows, columns] bool) alone, without the whole slice's part."""
        against = maps - maps[:, self.normal : self.normal + 1]
        counted = where[:, None].float()
        local = torch.logsumexp(against + NEVER * (1 - counted), (2, 3)) - torch.log(counted.sum((2, 3)).clamp(min=1))
        return local + self.bias

    def new_parameters(self) -> list[nn.Parameter]:
        """The parameters that do not come from ImageNet."""
        ours = (self.deep, self.up, self.skip, self.merge_dw, self.merge_pw, self.evidence, self.kind)
        return [self.bias, *(p for part in ours for p in part.parameters())]


def step_back(networks: Sequence[LocalNet], base: LocalNet, share: float) -> LocalNet:
    """A network with the mean weights of `networks`, which went on from `base`, and the share `share` of the base's.

    Wortsman et al. 2022, Model soups, arXiv:2203.05482, and Robust fine-tuning, arXiv:2109.01903. It costs as much as
    one of the networks.
    """
    states = [network.cpu().state_dict() for network in (base, *networks)]
    shares = [share, *[(1 - share) / len(networks)] * len(networks)]
    mixed = LocalNet(len(base.bias), base.normal)
    mixed.load_state_dict({
        name: sum(of * state[name].double() for of, state in zip(shares, states)).to(value.dtype)
        for name, value in states[0].items()
    })  # fmt: skip
    return mixed


def grad_cam(network: nn.Module, maps: np.ndarray, features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Grad-CAM of the last layer for each slice's label, as the server computes it (Selvaraju et al. 2017).

    `maps` [N, classes, rows, columns], `features` [N, F]: as the network gave them. `labels`: [N] indices. Returns
    [N, rows, columns], at least 0. It is not the label's map alone: it includes what the other maps take from it.
    """
    maps, features = torch.tensor(maps), torch.tensor(features)
    rows = torch.arange(len(maps))
    if not hasattr(network, "pool"):
        return F.relu(maps[rows, labels]).numpy()  # of a linear head over mean activations
    maps.requires_grad_(True)
    network.eval().cpu().pool(maps, features)[rows, labels].sum().backward()
    weights = maps.grad.mean((2, 3), keepdim=True)
    return F.relu((weights * maps).sum(1)).detach().numpy()


class PooledNet(nn.Module):
    """MobileNet with a linear head over the mean of its last activations. Its class activation maps are Grad-CAM."""

    def __init__(self, classes: int) -> None:
        """`classes`: number of labels."""
        super().__init__()
        self.layers = encoder()
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(1024, classes)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """[N, 3, rows, columns] → logits, maps and features; the maps have cells of 16 px."""
        activations = self.layers(x)
        features = activations.mean((2, 3))
        maps = F.conv2d(activations, self.head.weight[:, :, None, None])
        return self.head(self.dropout(features)), maps, features


class SmallNet(nn.Module):
    """A small convolutional network from random weights, of the kind of this project's first system."""

    def __init__(self, classes: int) -> None:
        """`classes`: number of labels."""
        super().__init__()
        widths = [3, 16, 32, 64, 128]
        self.layers = nn.Sequential(*(
            nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU(), nn.MaxPool2d(2))
            for a, b in zip(widths, widths[1:])
        ))  # fmt: skip
        self.head = nn.Linear(widths[-1], classes)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """[N, 3, rows, columns] → logits, maps and features; the maps have cells of 16 px."""
        activations = self.layers(x)
        features = activations.mean((2, 3))
        return self.head(features), F.conv2d(activations, self.head.weight[:, :, None, None]), features


class VggNet(nn.Module):
    """VGG16's convolutions, fine-tuned, under a linear head, of the kind of this project's second system."""

    def __init__(self, classes: int, weights: str) -> None:
        """`classes`: number of labels. `weights`: torchvision's file of ImageNet weights."""
        super().__init__()
        from torchvision.models import vgg16

        whole = vgg16()
        whole.load_state_dict(torch.load(weights, map_location="cpu"))
        self.layers = whole.features[:-1]  # without the last pooling: 10 x 10 cells of a 160 px input
        self.head = nn.Linear(512, classes)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """[N, 3, rows, columns] → logits, maps and features; the maps have cells of 16 px."""
        activations = self.layers(x)
        features = activations.mean((2, 3))
        return self.head(features), F.conv2d(activations, self.head.weight[:, :, None, None]), features
