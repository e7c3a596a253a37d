"""Building the ONNX graph of a recurrent model of text; the only module that imports onnx.

    ids -> embedding, or one-hot -> one operator for each layer -> concatenated outputs -> MatMul -> logits

A layer that reads several things (the layer below; with skip connections the characters; the label) reads their
concatenation. A model of documents reads END from the initial state, also within a batch. So its layers lie in a Scan
over time, which begins the rows anew that read END.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from charrnn import __version__
from charrnn.exports.onnx.operators import Operator, operator_of
from charrnn.kernels.arrays import Array
from charrnn.kinds.header import header_of
from charrnn.kinds.portable import Portable
from charrnn.layers.parameters import EMBEDDING, HEAD_BIAS
from charrnn.models.conditional.network import LABELS
from charrnn.models.language.parameters import output_weights
from charrnn.text.vocabulary import Vocabulary

OPSET, IR_VERSION = 17, 8
"""Of 2022, which runtimes of today read."""

USE = (
    "Feed ids (time, batch) and the state that the last call returned, first the one in the metadata's initial_state. "
    "The softmax of logits (time, batch, vocabulary) is the probability of each next character."
)


class RecurrentGraph:
    """The graph of a model.

    Args:
        config: the model's shape.
        vocabulary: its characters.
        portable: its tensors and labels; its engine is "language".

    Attributes:
        states: names of the inputs that hold the state.
    """

    def __init__(self, config: Any, vocabulary: Vocabulary, portable: Portable) -> None:
        self._header = header_of(config, vocabulary)
        self._config, self._shape = config, config.stack
        self._tensors, self._labels = portable.tensors, portable.labels
        self._constants: dict[str, Any] = {}
        self._nodes: list[Any] = []
        self.states = [f"{name}_l{layer}" for layer in range(self._shape.layers) for name in self._shape.cell.state]

    def to_bytes(self) -> bytes:
        """The ONNX file, checked."""
        after = [f"{state}_next" for state in self.states]
        if self._config.end_symbol:
            self._scan(after)
        else:
            self._layers("ids", self.states, "logits", after)
        B, H, V = "batch", self._shape.units, self._config.vocab_size
        inputs = [_value("ids", TensorProto.INT64, "time", B), *(_value(name, _FLOAT, B, H) for name in self.states)]
        inputs += [_value("label", TensorProto.INT64, B)] if self._labels else []
        outputs = [_value("logits", _FLOAT, "time", B, V), *(_value(name, _FLOAT, B, H) for name in after)]
        graph = helper.make_graph(self._nodes, "charrnn", inputs, outputs, list(self._constants.values()), USE)
        made = {"producer_name": "charrnn", "producer_version": __version__, "ir_version": IR_VERSION}
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], **made)
        initial = {state: self._initial(state).tolist() for state in self.states}
        told = {**self._header, "initial_state": initial}
        helper.set_model_props(model, {name: json.dumps(value) for name, value in told.items()})
        onnx.checker.check_model(model, full_check=True)
        content: bytes = model.SerializeToString()
        return content

    def _scan(self, after: Sequence[str]) -> None:
        """Add a Scan over time, whose body begins the rows anew that read END and then does one step."""
        outer, self._nodes = self._nodes, []
        B, H, V = "batch", self._shape.units, self._config.vocab_size
        begins = self._add(
            "Unsqueeze", "begins", self._add("Equal", "is_end", "id", self._ids("end", V - 1)), *self._axis(1)
        )
        begun = []
        for state in self.states:
            first = self._floats(f"initial.{state}", self._initial(state)[np.newaxis])
            begun.append(self._add("Where", f"{state}_begun", begins, first, f"{state}_before"))
        self._add("Unsqueeze", "step_ids", "id", *self._axis(0))
        made = [f"{state}_after" for state in self.states]
        self._layers("step_ids", begun, "step_logits", made)
        self._add("Squeeze", "logits_t", "step_logits", *self._axis(0))
        values = [_value(f"{state}_before", _FLOAT, B, H) for state in self.states]
        results = [_value(name, _FLOAT, B, H) for name in made]
        body = helper.make_graph(
            self._nodes,
            "step",
            [*values, _value("id", TensorProto.INT64, B)],
            [*results, _value("logits_t", _FLOAT, B, V)],
        )
        self._nodes = outer
        inputs, outputs = [*self.states, "ids"], [*after, "logits"]
        self._nodes.append(helper.make_node("Scan", inputs, outputs, body=body, num_scan_inputs=1))

    def _layers(self, ids: str, states: Sequence[str], logits: str, after: Sequence[str]) -> None:
        """Add the nodes from ``ids`` (T, B) to ``logits`` (T, B, V) and to the states ``after`` the last step."""
        if self._config.embedding_size:
            x = self._add("Gather", "x", self._floats(EMBEDDING, self._tensors[EMBEDDING]), ids)
        else:
            x = self._one_hot("x", ids, self._config.vocab_size)
        count, outputs, below = len(self._shape.cell.state), [], ""
        for layer in range(self._shape.layers):
            inputs = [below] if layer else []
            inputs += [x] if layer in self._shape.input_layers else []
            inputs += [self._label(ids)] if self._labels and not layer else []
            own = slice(layer * count, (layer + 1) * count)
            below = self._recur(layer, self._joined(f"in_l{layer}", inputs), states[own], after[own])
            outputs += [below] if layer in self._shape.output_layers else []
        weights = np.concatenate([self._tensors[name].T for name in output_weights(self._config)])
        matrix, bias = self._floats("head", weights), self._floats(HEAD_BIAS, self._tensors[HEAD_BIAS])
        product = self._add("MatMul", f"{logits}_product", self._joined("outputs", outputs), matrix)
        self._add("Add", logits, product, bias)

    def _recur(self, layer: int, x: str, states: Sequence[str], after: Sequence[str]) -> str:
        """Add a layer's operator; returns the name of its output (T, B, H)."""
        one = self._operator(layer)
        names = {part: f"l{layer}.{part}" for part in "wrb"}
        weights = [self._floats(name, getattr(one, part)[np.newaxis]) for part, name in names.items()]
        before = [self._add("Unsqueeze", f"{state}_1", state, *self._axis(0)) for state in states]
        more = [self._floats(f"l{layer}.p", one.peepholes[np.newaxis])] if len(one.peepholes) else []
        outputs = [f"y_l{layer}_1", *(f"{name}_1" for name in after)]
        inputs = [x, *weights, "", *before, *more]
        self._nodes.append(helper.make_node(one.name, inputs, outputs, hidden_size=self._shape.units, **one.attributes))
        for name in after:
            self._add("Squeeze", name, f"{name}_1", *self._axis(0))
        return self._add("Squeeze", f"y_l{layer}", outputs[0], *self._axis(1))

    def _operator(self, layer: int) -> Operator:
        shape, tensors = self._shape, self._tensors
        parts = [tensors[shape.named("weight_ih", layer)]] if layer else []
        parts += [tensors[shape.input_weights[layer]]] if layer in shape.input_layers else []
        parts += [tensors[LABELS].T] if self._labels and not layer else []
        recurrent, bias = tensors[shape.named("weight_hh", layer)], tensors[shape.named("bias", layer)]
        vectors = {vector.name: tensors[shape.named(vector.name, layer)] for vector in shape.cell.vectors}
        return operator_of(shape.cell_name, np.concatenate(parts, axis=1), recurrent, bias, vectors)

    def _initial(self, state: str) -> Array:
        """A state (H,) before the first character."""
        name, layer = state.rsplit("_l", 1)
        learned = self._tensors.get(self._shape.named_initial(name, int(layer)))
        return np.zeros(self._shape.units, np.float32) if learned is None else learned

    def _label(self, ids: str) -> str:
        """Add the one-hot vectors (T, B, C) of the labels."""
        rows = self._add("Unsqueeze", "label_1", "label", *self._axis(0))
        everywhere = self._add("Expand", "label_ids", rows, self._add("Shape", "steps", ids))
        return self._one_hot("label_x", everywhere, len(self._labels))

    def _one_hot(self, name: str, ids: str, count: int) -> str:
        values = self._floats("off_on", np.array([0.0, 1.0]))
        return self._add("OneHot", name, ids, self._ids(f"{name}_count", count), values, axis=-1)

    def _joined(self, name: str, parts: Sequence[str]) -> str:
        return self._add("Concat", name, *parts, axis=-1) if len(parts) > 1 else parts[0]

    def _add(self, operator: str, output: str, *inputs: str, **attributes: Any) -> str:
        """Append a node; returns the name of its output."""
        self._nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def _axis(self, axis: int) -> list[str]:
        return [self._ids(f"axis_{axis}", [axis])]

    def _floats(self, name: str, values: Array) -> str:
        return self._constant(name, np.ascontiguousarray(values, np.float32))

    def _ids(self, name: str, values: Any) -> str:
        return self._constant(name, np.array(values, np.int64))

    def _constant(self, name: str, values: Any) -> str:
        self._constants[name] = numpy_helper.from_array(values, name)
        return name


_FLOAT = TensorProto.FLOAT


def _value(name: str, kind: int, *shape: int | str) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)
