"""The networks that are compared. Each returns (logits [N, classes], maps [N, classes, rows, columns], features [N, F]).

`maps` are what is shown as the last layer's Grad-CAM, up to a factor; training can supervise them directly.
"""
import math

import torch
from torch import nn
from torch.nn import functional as F

from mobilenet import ConvNorm, encoder

WIDTH = 128  # of the decoder
DEEP = 1024  # of the encoder's last activations
SKIP = 5  # the block whose output has cells of 8 px
NEVER = -1e4  # a logit whose exponential is 0


class LocalNet(nn.Module):
    """Is there a tumour of this kind *here*? asked in every cell of 8 px, and pooled to the slice.

    `evidence` has a map for each label. What a cell says for a tumour is its evidence against that for the normal
    label; a kind's odds are the mean odds of the cells, so that one cell that is sure suffices. Whether there is a
    tumour at all is decided by these alone: by what is seen somewhere, not by what kind of image it is. Of which kind it
    is may also depend on the whole slice: `kind`, linear in the encoder's last mean activations, shares the same odds out
    among the kinds. `features` are these and the mean activations of an early block. The mean evidence for the normal label is added to all logits: it changes no probability, and gives
    that label a map of its own.
    """

    def __init__(self, classes, normal):
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

    def forward(self, x):
        for index, layer in enumerate(self.layers):
            x = layer(x)
            if index == 2 * SKIP:
                beside = x
        features = torch.cat([x.mean((2, 3)), beside.mean((2, 3))], 1)
        merged = self.merge_pw(self.merge_dw(self.up(self.deep(x)) + self.skip(beside)))
        maps = self.evidence(self.dropout(merged))
        return self.pool(maps, features), maps, features

    def pool(self, maps, features):
        against = maps - maps[:, self.normal : self.normal + 1]
        cells = maps.shape[2] * maps.shape[3]
        local = torch.logsumexp(against, (2, 3)) - math.log(cells) + self.bias
        shared = local + self.kind(F.dropout(features[:, :DEEP], 0.2, self.training))
        without_normal = NEVER * (1 - self.is_tumour)
        presence = torch.logsumexp(local + without_normal, 1, keepdim=True)
        shared = shared - torch.logsumexp(shared + without_normal, 1, keepdim=True) + presence
        logits = shared * self.is_tumour + local * (1 - self.is_tumour)
        return logits + maps[:, self.normal].mean((1, 2))[:, None]

    def presence(self, maps, where):
        """Logits [N, classes] of the cells `where` [N, rows, columns] alone, without what the whole slice adds."""
        against = maps - maps[:, self.normal : self.normal + 1]
        counted = where[:, None].float()
        local = torch.logsumexp(against + NEVER * (1 - counted), (2, 3)) - torch.log(counted.sum((2, 3)).clamp(min=1))
        return local + self.bias

    def new_parameters(self):
        """What does not come from ImageNet."""
        ours = (self.deep, self.up, self.skip, self.merge_dw, self.merge_pw, self.evidence, self.kind)
        return [self.bias, *(p for part in ours for p in part.parameters())]


def step_back(networks, base, share):
    """The mean of the weights of networks that went on from `base` (Wortsman et al. 2022, Model soups, arXiv:2203.05482), and
    `share` of its own (Wortsman et al. 2022, Robust fine-tuning, arXiv:2109.01903): costs as much as one of them."""
    states = [network.cpu().state_dict() for network in (base, *networks)]
    shares = [share, *[(1 - share) / len(networks)] * len(networks)]
    mixed = LocalNet(len(base.bias), base.normal)
    mixed.load_state_dict({
        name: sum(of * state[name].double() for of, state in zip(shares, states)).to(value.dtype)
        for name, value in states[0].items()
    })  # fmt: skip
    return mixed


def grad_cam(network, maps, features, labels):
    """Grad-CAM of the last layer (Selvaraju et al. 2017) for each slice's label, [N, rows, columns], as the server computes
    it: not the label's map alone, but also what the others take from it. `maps`, `features`: as the network gave them."""
    maps, features = torch.tensor(maps), torch.tensor(features)
    rows = torch.arange(len(maps))
    if not hasattr(network, "pool"):
        return F.relu(maps[rows, labels]).numpy()  # of a linear head over mean activations
    maps.requires_grad_(True)
    network.eval().cpu().pool(maps, features)[rows, labels].sum().backward()
    weights = maps.grad.mean((2, 3), keepdim=True)
    return F.relu((weights * maps).sum(1)).detach().numpy()


class PooledNet(nn.Module):
    """MobileNet with a linear head over the mean of the last activations: the class activation maps are Grad-CAM."""

    def __init__(self, classes):
        super().__init__()
        self.layers = encoder()
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(1024, classes)

    def forward(self, x):
        activations = self.layers(x)
        features = activations.mean((2, 3))
        maps = F.conv2d(activations, self.head.weight[:, :, None, None])
        return self.head(self.dropout(features)), maps, features


class SmallNet(nn.Module):
    """The seed's first system in kind: a small convolutional network from random weights."""

    def __init__(self, classes):
        super().__init__()
        widths = [3, 16, 32, 64, 128]
        self.layers = nn.Sequential(*(
            nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU(), nn.MaxPool2d(2))
            for a, b in zip(widths, widths[1:])
        ))  # fmt: skip
        self.head = nn.Linear(widths[-1], classes)

    def forward(self, x):
        activations = self.layers(x)
        features = activations.mean((2, 3))
        return self.head(features), F.conv2d(activations, self.head.weight[:, :, None, None]), features


class VggNet(nn.Module):
    """The seed's second system in kind: VGG16's convolutions, fine-tuned, under a linear head."""

    def __init__(self, classes, weights):
        super().__init__()
        from torchvision.models import vgg16

        whole = vgg16()
        whole.load_state_dict(torch.load(weights, map_location="cpu"))
        self.layers = whole.features[:-1]  # without the last pooling: 10 x 10 cells of a 160 px input
        self.head = nn.Linear(512, classes)

    def forward(self, x):
        activations = self.layers(x)
        features = activations.mean((2, 3))
        return self.head(features), F.conv2d(activations, self.head.weight[:, :, None, None]), features
