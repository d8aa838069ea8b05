"""The maps of a layer as its papers define them, from activations and their gradients by autograd."""
from collections.abc import Iterator

import torch
from torch.nn.functional import relu

METHODS = ("GRAD_CAM", "HIRES_CAM", "LAYER_CAM", "GRAD_CAM_PLUS_PLUS")


def maps(activations: torch.Tensor, gradients: torch.Tensor) -> dict[str, tuple[torch.Tensor, float]]:
    """Activations and gradients, [N, channels, rows, columns] each → {method: (map [N, rows, columns], scale)}.

    Errors are judged relative to the scale. It is the largest value of the map in any slice, before the map's negative
    part is cut off. Where the map's terms cancel to less than a hundredth of their sum without signs, the scale is that
    hundredth: before a LayerNorm over channels, for one, HiResCAM is 0 by its definition, and any computed value is
    rounding.
    """
    positive = relu(gradients)
    # Alpha of Grad-CAM++, with its numerator and denominator divided by the squared gradient.
    alpha = 1 / (2 + positive * relu(activations).sum((2, 3), keepdim=True))
    spatial = {"dim": (2, 3), "keepdim": True}
    weights = {
        "GRAD_CAM": (gradients.mean(**spatial), gradients.abs().mean(**spatial)),
        "HIRES_CAM": (gradients, gradients.abs()),
        "LAYER_CAM": (positive, gradients.abs()),
        "GRAD_CAM_PLUS_PLUS": ((alpha * positive).sum(**spatial), (alpha * gradients.abs()).sum(**spatial)),
    }
    found = {}
    for method in METHODS:
        signed, unsigned = weights[method]
        uncut = (signed * activations).sum(1)
        terms = (unsigned * activations.abs()).sum(1)
        found[method] = relu(uncut).detach(), max(uncut.abs().max(), 0.01 * terms.max()).item()
    return found


def explain(
    logits: torch.Tensor, activations: dict[str, torch.Tensor], seeds: torch.Tensor
) -> Iterator[tuple[int, dict[str, dict[str, tuple[torch.Tensor, float]]]]]:
    """Maps of several layers for several seeds: yields (seed index, {layer: {method: (map, scale)}}).

    `logits`: [N, classes]. `activations`: {layer: [N, channels, rows, columns]}. `seeds`: [seeds, classes], weights of
    the logits whose sum is explained.
    """
    for index, seed in enumerate(seeds):
        gradients = torch.autograd.grad((logits * seed).sum(), list(activations.values()), retain_graph=True)
        yield index, {layer: maps(a, g) for (layer, a), g in zip(activations.items(), gradients)}


def as_json(found: dict[str, tuple[torch.Tensor, float]]) -> dict[str, dict]:
    """{method: (map, scale)} for json.dumps: each map as a flat list of "values", with its "scale"."""
    return {method: {"values": values.flatten().tolist(), "scale": scale} for method, (values, scale) in found.items()}
