"""The model that restores: it predicts one class, the answer, for each character.

characters -> tables -> recurrent layers in both directions -> projection -> softmax over the classes

With feedback, there is one more layer, which also reads the last answer:

characters -> tables -> layers in both directions -----------------------------> projection -> softmax
                                    |-> feedback layer, forwards ->-|               |
                                              ^---------- last answer --------------|
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from charrnn.kernels.arrays import Array, aligned_zeros
from charrnn.layers.bidirectional import BidirectionalBuffers
from charrnn.layers.feedback import Feedback
from charrnn.layers.parameters import HEAD_BIAS
from charrnn.layers.products import Rows
from charrnn.layers.projection import Projection
from charrnn.layers.recurrent import StackBuffers
from charrnn.layers.softmax import Softmax
from charrnn.models.restorer.config import RestorerConfig
from charrnn.models.restorer.parameters import FEEDBACK, RestorerParameters, feedback_weights, head_weights
from charrnn.models.stateless import RowNetwork
from charrnn.workers import Workers, share


class Restorer(RowNetwork):
    """A model that restores, on packed weights; see ``RowNetwork``."""

    config: RestorerConfig

    def __init__(
        self, parameters: RestorerParameters, workers: Workers | None = None, *, training: bool = False
    ) -> None:
        config = parameters.config
        super().__init__(parameters, config.layers, config.vocab_size, workers, training=training)
        self.feedback = (
            Feedback(config.top, parameters, feedback_weights(config), FEEDBACK, training=training)
            if config.feedback
            else None
        )
        self.head = Projection(parameters, head_weights(config), HEAD_BIAS, config.packed_dtype, training=training)
        self.refresh()

    def packed(self) -> list[Any]:
        """The layers whose weights are packed; see ``StatelessNetwork``."""
        return [self.inputs, self.layers, self.head, *([self.feedback] if self.feedback else [])]

    def run(self, x: Array, lengths: Array, given: Array, is_given: Array, possible: Array) -> Array:
        """Compute the log probabilities (T, B, C) of the classes at each step, for rows of ids (T, B).

        Args:
            x: the ids.
            lengths: (B,) int32 length of each row.
            given: (T, B) int32 known answers. Feedback reads them where ``is_given``, and the most probable answers
                elsewhere.
            is_given: (T, B) bool.
            possible: (V, C) which classes each character can have; the others have probability 0.
        """
        buffers = RestorerBuffers.allocate(self.config, *x.shape)
        ids = self.in_orders(x, lengths)
        found = np.empty((*x.shape, len(self.config.classes)))

        def rows(part: int, parts: int) -> None:
            first, last = share(x.shape[1], part, parts)
            self.read(ids, lengths, buffers.layers, first, last)
            if self.feedback:
                self._answer_step_by_step(buffers, x, given, is_given, possible, found, first, last)
            else:
                self._project(buffers, first, last)
                logits = buffers.softmax.logits[:, first:last, : found.shape[2]]
                found[:, first:last] = _normalised(logits, possible[x[:, first:last]])

        self.workers.run(rows, most=x.shape[1])
        return found

    def forward(
        self,
        ids: list[Array],
        lengths: Array,
        last_answers: Array | None,
        buffers: "RestorerBuffers",
        first: int,
        last: int,
        *,
        dropout_seed: int | None = None,
    ) -> None:
        """Compute the logits of the rows ``first`` to ``last``; feedback reads ``last_answers`` (T, B)."""
        self.read(ids, lengths, buffers.layers, first, last, dropout_seed=dropout_seed)
        if self.feedback:
            assert last_answers is not None
            assert buffers.top is not None
            outputs, seed = self.layers.outputs(buffers.layers), self.top_seed(dropout_seed)
            self.feedback.forward(outputs, last_answers, buffers.top, first, last, dropout_seed=seed)
        self._project(buffers, first, last)

    def top_seed(self, seed: int | None) -> int | None:
        """The dropout seed of the feedback layer, which follows those of the other layers; None without dropout."""
        return None if seed is None else seed + self.config.num_layers * self.config.directions

    def read_by_head(self, buffers: "RestorerBuffers") -> list[Array]:
        """The outputs that the projection reads: of the top layer in each direction, and of the feedback layer."""
        return [*self.layers.outputs(buffers.layers), *(buffers.top.outputs if buffers.top else ())]

    def _project(self, buffers: "RestorerBuffers", first: int, last: int) -> None:
        self.head.forward(self.read_by_head(buffers), buffers.softmax.logits, buffers.layers.rows, first, last)

    def _answer_step_by_step(
        self,
        buffers: "RestorerBuffers",
        x: Array,
        given: Array,
        is_given: Array,
        possible: Array,
        found: Array,
        first: int,
        last: int,
    ) -> None:
        """Fill ``found``, step by step: the feedback layer reads the answer of the step before."""
        assert self.feedback is not None
        assert buffers.top is not None
        outputs, states = self.layers.outputs(buffers.layers), len(self.config.top.cell.state)
        one = StackBuffers.allocate(self.config.top, rows_for(self.config, 1, x.shape[1]))
        answers = np.full((1, x.shape[1]), found.shape[2], np.int32)
        logits = aligned_zeros((1, *buffers.softmax.logits.shape[1:]), self.config.dtype)
        for t in range(len(x)):
            step = [np.ascontiguousarray(each[t : t + 1]) for each in outputs]
            h = self.feedback.forward(step, answers, one, first, last)
            self.head.forward([*step, h], logits, one.rows, first, last)
            shown = _normalised(logits[:, first:last, : found.shape[2]], possible[x[t : t + 1, first:last]])
            found[t, first:last] = shown[0]
            answers[0, first:last] = np.where(is_given[t, first:last], given[t, first:last], shown[0].argmax(axis=1))
            for state in one.activations[0][1 : 1 + states]:
                state[0, first:last] = state[1, first:last]


def _normalised(logits: Array, possible: Array) -> Array:
    """Log probabilities of the ``possible`` classes, -inf for the others; if none is possible, class 0 is."""
    logits = np.where(possible, logits, -np.inf).astype(np.float64)
    logits[..., 0] = np.where(possible.any(axis=-1), logits[..., 0], 0)
    logits -= logits.max(axis=-1, keepdims=True)
    found: Array = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return found


@dataclass
class RestorerBuffers:
    """The model's arrays, for T steps of B rows.

    Attributes:
        layers: arrays of the recurrent layers in both directions.
        top: arrays of the feedback layer; None without feedback.
        softmax: logits (T, B, at least C) and losses.
    """

    layers: BidirectionalBuffers
    top: StackBuffers | None
    softmax: Softmax

    @classmethod
    def allocate(cls, config: RestorerConfig, steps: int, rows: int, *, training: bool = False) -> "RestorerBuffers":
        """Allocate arrays for at most T ``steps`` of B ``rows``."""
        of_steps = rows_for(config, steps, rows)
        return cls(
            BidirectionalBuffers.allocate(config.layers, of_steps, training=training),
            StackBuffers.allocate(config.top, of_steps, training=training) if config.feedback else None,
            Softmax.allocate(steps, rows, len(config.classes), config.dtype),
        )

    def shortened(self, steps: int) -> "RestorerBuffers":
        """The same arrays for fewer steps."""
        top = self.top.shortened(steps, self.layers.states) if self.top else None
        return RestorerBuffers(self.layers.shortened(steps), top, self.softmax.part(0, steps))


def rows_for(config: RestorerConfig, steps: int, rows: int) -> Rows:
    """Allocate row indices and buffers for the matrix products of T steps of B rows."""
    return Rows.allocate(steps, rows, max(config.stack.gate_width, len(config.classes)), config.packed_dtype)
