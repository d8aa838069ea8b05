"""Augmentation: a batch of slices as other scanners and other heads might have shown them."""

import numpy as np
import torch
from torch.nn import functional as F

KNOTS = 6  # segments of a random monotone intensity curve


def between(low: float, high: float, n: int) -> torch.Tensor:
    """[n] random numbers, uniform from `low` to `high`."""
    return torch.empty(n).uniform_(low, high)


def sometimes(share: float, n: int) -> torch.Tensor:
    """[n, 1, 1] bool: True for each slice with the probability `share`."""
    return (torch.rand(n) < share)[:, None, None]


def augment(
    image: torch.Tensor,
    mask: torch.Tensor,
    brain: torch.Tensor,
    may_strip: torch.Tensor,
    side: int,
    strength: float = 1.0,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Augments a batch of slices and their tumour masks alike.

    `image`, `mask`, `brain`: [N, rows, columns], 0-1; `brain` is 0 everywhere where the brain is not known.
    `may_strip`: [N], probability that the slice is shown without its skull.
    `side`: px, rows and columns of the result.
    `strength`: 0 to 1, scales how often contrast, coil and sharpness change.
    Returns image and mask, [N, side, side], 0-1.

    A slice may lose its skull. It is mirrored, turned by up to 15 degrees, scaled and moved by up to 12 %. It gets
    another contrast, another coil, another sharpness and some noise.
    """
    n = len(image)
    stripped = ((torch.rand(n) < may_strip) & (brain.flatten(1).sum(1) > 0))[:, None, None]
    image = torch.where(stripped, image * brain, image)
    image, mask = move(image, mask, torch.where(stripped, brain, torch.ones_like(brain)), side)
    image = image.clamp(0, 1)
    image = torch.where(sometimes(0.5 * strength, n), curve(image), image)
    image = image ** torch.exp(between(-0.4, 0.4, n))[:, None, None]
    image = torch.where(sometimes(0.4 * strength, n), image * coil(n, image.shape[1:]), image)
    image = torch.where(sometimes(0.25 * strength, n), blurred(image), image)
    image = image * between(0.8, 1.15, n)[:, None, None]
    image = image + torch.randn_like(image) * between(0, 0.04, n)[:, None, None]
    return image.clamp(0, 1), mask


def move(
    image: torch.Tensor, mask: torch.Tensor, visible: torch.Tensor, side: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Turns, scales, moves and mirrors image and mask alike: [N, rows, columns] each → [N, side, side] each.

    `visible`: [N, rows, columns], not 0 where the head is. It fills the frame afterwards, as after the crop of the
    preprocessing.
    """
    n = len(image)
    centre_y, half_y = extent(visible.amax(2))
    centre_x, half_x = extent(visible.amax(1))
    fill = torch.maximum(half_y, half_x)
    angle = between(-15, 15, n) * np.pi / 180
    zoom = between(0.88, 1.12, n) * fill
    mirror, stretch = torch.where(torch.rand(n) < 0.5, -1.0, 1.0), between(0.93, 1.07, n)
    cosine, sine = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    across = torch.stack([cosine * mirror, -sine, centre_x + between(-0.12, 0.12, n) * fill], 1)
    down = torch.stack([sine * mirror * stretch, cosine * stretch, centre_y + between(-0.12, 0.12, n) * fill], 1)
    grid = F.affine_grid(torch.stack([across, down], 1), [n, 2, side, side], align_corners=False)
    moved = F.grid_sample(torch.stack([image, mask], 1), grid, align_corners=False)
    return moved[:, 0], moved[:, 1]


def extent(line: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Centre [N] and half length [N] of what is not 0 in each line [N, size], in units of half the line."""
    size = line.shape[1]
    places = torch.arange(size, dtype=torch.float32)
    first = torch.where(line > 0, places, torch.tensor(float(size))).amin(1)
    last = torch.where(line > 0, places, torch.tensor(-1.0)).amax(1) + 1
    return (first + last) / size - 1, (last - first) / size


def curve(image: torch.Tensor) -> torch.Tensor:
    """[N, rows, columns], 0-1 → the same shape, with a random monotone intensity curve for each slice.

    The curve is monotone, so what is darker stays darker.
    """
    n = len(image)
    steps = torch.rand(n, KNOTS) + 0.15
    knots = torch.cat([torch.zeros(n, 1), steps.cumsum(1)], 1)
    knots = knots / knots[:, -1:]
    at = (image * KNOTS).clamp(0, KNOTS - 1e-4).flatten(1)
    below = at.long()
    low, high = knots.gather(1, below), knots.gather(1, below + 1)
    return (low + (high - low) * (at - below)).view_as(image)


def coil(n: int, size: torch.Size) -> torch.Tensor:
    """Gains [n, rows, columns] around 1 that change slowly over the slice, like a coil's sensitivity. `size`: px."""
    coarse = torch.randn(n, 1, 3, 3) * 0.25
    return torch.exp(F.interpolate(coarse, size, mode="bicubic", align_corners=True))[:, 0]


def blurred(image: torch.Tensor) -> torch.Tensor:
    """[N, rows, columns] → the same shape, as acquired with fewer rows and columns."""
    rows, columns = image.shape[1:]
    share = float(between(0.4, 0.75, 1))
    coarse = F.interpolate(
        image[:, None], (int(rows * share), int(columns * share)), mode="bilinear", align_corners=False
    )
    return F.interpolate(coarse, (rows, columns), mode="bilinear", align_corners=False)[:, 0]
