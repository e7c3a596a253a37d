"""Networks that read whole rows and carry no state from batch to batch."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from charrnn.kernels.arrays import Array
from charrnn.layers.bidirectional import Bidirectional, BidirectionalBuffers, BidirectionalShape
from charrnn.layers.embedding import InputTables
from charrnn.layers.products import Bias
from charrnn.layers.state import State
from charrnn.training.row_batches import reversed_rows
from charrnn.workers import Workers


class StatelessNetwork:
    """A network whose state, in the sense of ``charrnn.kinds.contract.LanguageModel``, is empty.

    Its weights are packed: copied into the layout that the matrix product reads. A subclass calls ``refresh`` after it
    has created its layers.

    Args:
        parameters: the tensors; call ``refresh`` after a change.
        workers: the threads that share the rows; one thread if None.
        training: whether the backward pass is needed, too.
    """

    state_names: tuple[str, ...] = ()

    def __init__(self, parameters: Any, workers: Workers | None = None, *, training: bool = False) -> None:
        self.config: Any = parameters.config
        if training:
            self.config.require_trainable()
        self.parameters, self.workers = parameters, workers or Workers()

    def packed(self) -> Iterable[Any]:
        """The layers whose weights are packed."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Pack the weights after a change of the parameters."""
        self.workers.run(self._pack)

    def _pack(self, part: int, parts: int) -> None:
        for layer in self.packed():
            layer.pack(part, parts)

    def initial_state(self, streams: int) -> State:
        """Return the empty state."""
        return []

    def check_state(self, state: State) -> None:
        """Accept the empty state."""

    def to_tensors(self) -> dict[str, Array]:
        """The tensors in a checkpoint's layouts."""
        tensors: dict[str, Array] = self.parameters.to_tensors()
        return tensors


class RowNetwork(StatelessNetwork):
    """A network whose first layers are recurrent and read rows of symbols, in one direction or both.

    Args:
        parameters: see ``StatelessNetwork``.
        shape: the shape of the recurrent layers.
        symbols: number of different symbols.
        workers: see ``StatelessNetwork``.
        training: see ``StatelessNetwork``.

    Attributes:
        inputs: the input tables, one for each direction.
        layers: the recurrent layers.
    """

    def __init__(
        self,
        parameters: Any,
        shape: BidirectionalShape,
        symbols: int,
        workers: Workers | None = None,
        *,
        training: bool = False,
    ) -> None:
        super().__init__(parameters, workers, training=training)
        first, packed = shape.parts[0], self.config.packed_dtype
        weights, biases = ([part.named(name, 0) for part in first] for name in ("weight_ih", "bias"))
        self.inputs = InputTables(parameters, weights, [*biases], symbols, packed, training=training)
        self.layers = Bidirectional(shape, parameters, training=training)

    def tables(self) -> Iterable[InputTables]:
        """All input tables; see ``charrnn.layers.embedding``."""
        return (self.inputs,)

    def refresh(self) -> None:
        """Pack the weights and compute the tables after a change of the parameters."""
        super().refresh()
        if self.config.embedding_size:
            self.workers.run(self._make)

    def _make(self, part: int, parts: int) -> None:
        for tables in self.tables():
            tables.make(part, parts)

    def in_orders(self, x: Array, lengths: Array) -> list[Array]:
        """The ids (T, B) in the order in which each direction reads them; a list of one array per direction."""
        forwards = np.ascontiguousarray(x)
        return [forwards] if self.config.directions == 1 else [forwards, reversed_rows(x, lengths)]

    def read(
        self,
        ids: list[Array],
        lengths: Array,
        buffers: BidirectionalBuffers,
        first: int,
        last: int,
        *,
        dropout_seed: int | None = None,
    ) -> None:
        """Compute the outputs of the recurrent layers for the rows ``first`` to ``last``."""
        starts = [Bias(table, x) for table, x in zip(self.inputs.tables, ids, strict=True)]
        self.layers.forward(starts, lengths, buffers, first, last, dropout_seed=dropout_seed)
