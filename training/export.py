"""The trained network as ONNX, node by node, with the names its manifest gives its layers."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mobilenet import padding

OPSET = 13


def export_onnx(model, labels, rows, columns, path):
    """Writes `input` [N, 3, rows, columns] -> `logits` [N, classes], and returns the convolutions for the manifest.

    Batch normalisation is folded into the convolutions and TensorFlow's padding is the convolutions' own (asymmetric
    pads), so the graph is Conv -> Clip, twenty-five times, then GlobalAveragePool -> Flatten -> Gemm.
    """
    nodes = []
    constants = [constant("zero", np.float32(0)), constant("six", np.float32(6))]
    layers, previous, cells = [], "input", [rows, columns]
    for layer in model.layers:
        kernel, bias = layer.folded()
        constants += [constant(f"{layer.name}.weight", kernel), constant(f"{layer.name}.bias", bias)]
        before, after = padding(layer.stride) if layer.size == 3 else (0, 0)
        nodes.append(helper.make_node(
            "Conv", [previous, f"{layer.name}.weight", f"{layer.name}.bias"], [layer.name], name=layer.name,
            kernel_shape=[layer.size] * 2, strides=[layer.stride] * 2, pads=[before, before, after, after],
            group=layer.conv.groups,
        ))  # fmt: skip
        previous = f"{layer.name}_relu"
        nodes.append(helper.make_node("Clip", [layer.name, "zero", "six"], [previous], name=previous))
        cells = [size // layer.stride for size in cells]
        layers.append({"name": layer.name, "title": title(layer, len(kernel), cells)})
    constants += [constant("head.weight", model.head.weight.detach().numpy())]
    constants += [constant("head.bias", model.head.bias.detach().numpy())]
    nodes += [
        helper.make_node("GlobalAveragePool", [previous], ["mean"], name="mean"),
        helper.make_node("Flatten", ["mean"], ["features"], name="features"),
        helper.make_node("Gemm", ["features", "head.weight", "head.bias"], ["logits"], name="logits", transB=1),
    ]
    image = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, rows, columns])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", len(labels)])
    graph = helper.make_graph(nodes, "mobilenet", [image], [logits], constants)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="mrimaster")
    proto.ir_version = 7  # the version of opset 13
    onnx.checker.check_model(proto, full_check=True)
    path.write_bytes(proto.SerializeToString())
    return layers


def constant(name, array):
    return numpy_helper.from_array(np.ascontiguousarray(array, np.float32), name)


def title(layer, maps, cells):
    kind = "depthwise 3×3" if "_dw_" in layer.name else "pointwise 1×1" if "_pw_" in layer.name else "3×3"
    block = f"Block {layer.name.rsplit('_', 1)[1]}" if "_" in layer.name else "Stem"
    return f"{block}, {kind} convolution, {maps} maps of {cells[0]}×{cells[1]}"
