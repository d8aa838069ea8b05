"""The maps of a layer as its papers define them, from activations and their gradients by autograd."""
import torch
from torch.nn.functional import relu

METHODS = ("GRAD_CAM", "HIRES_CAM", "LAYER_CAM", "GRAD_CAM_PLUS_PLUS")


def maps(activations, gradients):
    """[N, channels, rows, columns] each; returns {method: [N, rows, columns]}."""
    positive = relu(gradients)
    # alpha of Grad-CAM++, its numerator and denominator divided by the squared gradient
    alpha = 1 / (2 + positive * relu(activations).sum((2, 3), keepdim=True))
    weights = {
        "GRAD_CAM": gradients.mean((2, 3), keepdim=True),
        "HIRES_CAM": gradients,
        "LAYER_CAM": positive,
        "GRAD_CAM_PLUS_PLUS": (alpha * positive).sum((2, 3), keepdim=True),
    }
    return {method: relu((weights[method] * activations).sum(1)).detach() for method in METHODS}


def explain(logits, activations, seeds):
    """The maps of several layers for several seeds: yields (seed index, {layer: {method: map}})."""
    for index, seed in enumerate(seeds):
        gradients = torch.autograd.grad((logits * seed).sum(), list(activations.values()), retain_graph=True)
        yield index, {layer: maps(a, g) for (layer, a), g in zip(activations.items(), gradients)}
