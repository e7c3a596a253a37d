"""ONNX Runtime: one step of the model as a graph, and the draw in NumPy, as those who deploy a model do it."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.engines.contract import TEMPERATURE, Array, Engine, parameters_of
from benchmarks.shared.shape import Shape

PYTORCH_GATES = "ifgo"
ONNX_GATES = "iofg"
"""The operator's LSTM has its gates in this order; it calls g c."""
OPSET, IR_VERSION = 17, 9


def absent(task: str, precision: str) -> str:
    """Why this precision is not measured."""
    del task
    if precision != "float32":
        return "samples in float32 only"
    installed = find_spec("onnx") and find_spec("onnxruntime")
    return "" if installed else "is not installed (pip install '.[benchmark]')"


def sample(shape: Shape, precision: str, threads: int) -> Iterator[Array]:
    """See ``Engine.sample``; the state is carried from item to item."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    graph = graph_of(shape, precision).SerializeToString()
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    states = [f"{name}{layer}" for layer in range(shape.layers) for name in "hc"]
    feed = {name: np.zeros((1, shape.streams, shape.hidden), np.float32) for name in states}
    feed["x"] = np.zeros((1, shape.streams), np.int64)
    random = np.random.default_rng(0)
    while True:
        ids = np.empty((shape.streams, shape.steps), np.int64)
        for t in range(shape.steps):
            logits, *after = session.run(None, feed)
            feed |= dict(zip(states, after, strict=True))
            ids[:, t] = feed["x"][0] = draw(logits[0], random)
        yield ids


def draw(logits: Array, random: np.random.Generator) -> Array:
    """A character for each row of ``logits`` (B, V)."""
    logits = logits / TEMPERATURE
    sums = np.cumsum(np.exp(logits - logits.max(axis=1, keepdims=True)), axis=1)
    points = random.random((len(sums), 1), np.float32) * sums[:, -1:]
    return np.asarray((sums[:, :-1] <= points).sum(axis=1))


def graph_of(shape: Shape, precision: str) -> Any:
    """One step: "x" (1, B) and the states to "logits" (1, B, V) and the states after it."""
    from onnx import TensorProto, helper, numpy_helper

    tensors = parameters_of(shape, precision).to_tensors()
    weights = {"embedding": tensors["embedding.weight"], "head": tensors["head.weight"].T, "b": tensors["head.bias"]}
    nodes = [helper.make_node("Gather", ["embedding", "x"], ["y_0"])]
    inputs = [helper.make_tensor_value_info("x", TensorProto.INT64, [1, shape.streams])]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, shape.streams, shape.vocabulary])]
    for l in range(shape.layers):
        names = [f"rnn.{part}_l{l}" for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        w_ih, w_hh, *biases = (reordered(tensors[name]) for name in names)
        weights |= {f"W{l}": w_ih[np.newaxis], f"R{l}": w_hh[np.newaxis], f"B{l}": np.concatenate(biases)[np.newaxis]}
        arguments = [f"y_{l}", f"W{l}", f"R{l}", f"B{l}", "", f"h{l}", f"c{l}"]
        results = [f"all_{l}", f"y_{l + 1}", f"c_after{l}"]  # of one step, h after it is all outputs
        nodes.append(helper.make_node("LSTM", arguments, results, hidden_size=shape.hidden))
        for names, infos in ((arguments[-2:], inputs), (results[1:], outputs)):
            size = [1, shape.streams, shape.hidden]
            infos += [helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name in names]
    nodes.append(helper.make_node("MatMul", [f"y_{shape.layers}", "head"], ["product"]))
    nodes.append(helper.make_node("Add", ["product", "b"], ["logits"]))
    constants = [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "step", inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def reordered(tensor: Array) -> Array:
    """A tensor of 4H rows in PyTorch's order of gates, in ONNX's."""
    gates = np.split(tensor, len(PYTORCH_GATES))
    return np.concatenate([gates[PYTORCH_GATES.index(gate)] for gate in ONNX_GATES])


ENGINE = Engine("ONNX Runtime", absent, sample=sample)
