"""Exports a torchvision ResNet18 with three labels and random weights, as a hospital might export its own.

Usage: exportOwnModel.py FILE
"""
import sys

import torch
import torchvision

torch.manual_seed(5)
model = torchvision.models.resnet18(num_classes=3).eval()
torch.onnx.export(model, torch.zeros(1, 3, 96, 96), sys.argv[1], opset_version=13, input_names=["image"],
                  output_names=["scores"], dynamic_axes={"image": {0: "N"}, "scores": {0: "N"}})
