"""The neural language model of a finite context (Bengio, Ducharme, Vincent and Jauvin 2003).

    h[t] = tanh(b + sum over p of W_p embedding[x[t - N + 1 + p]])        p = 0 ... N-1, the oldest character first
    logits[t] = W_head h[t] + b_head

It is a time-delay network (Waibel et al. 1989) of one layer, without Bengio's direct connections. A vocabulary is
small: the products W_p embedding^T are made once after each update, as tables of V rows, and a step adds N of their
rows. What comes before the first character adds nothing.
"""

from collections.abc import Mapping

import numpy as np

from charrnn.kernels.arrays import aligned_zeros, padded, row_stride
from charrnn.kernels.jit import by_address
from charrnn.kernels.lookup import LookupWeights, lookup_logits, lookup_tanh
from charrnn.kernels.matmul import matmul
from charrnn.kernels.packing import pack, pack_transposed, packed_zeros
from charrnn.model.config import ModelConfig
from charrnn.model.contexts import Array, ContextModel
from charrnn.model.tensors import EMBEDDING, Tensors, check_shapes
from charrnn.model.workers import Workers, share


class TDNNParameters(Tensors):
    """The tensors.

    embedding.weight (V, E), absent for one-hot input; hidden.weight (N, H, E or V), hidden.bias (H,); head.weight
    (V, H), head.bias (V,). In a checkpoint, hidden.weight is (H, N E), as PyTorch's Linear has it that reads the
    embeddings one after the other, the oldest first.
    """

    def __init__(self, config: ModelConfig) -> None:
        H, N = config.hidden_size, config.context_size
        super().__init__(
            config, tdnn_shapes(config) | {"hidden.weight": (N, H, config.embedding_size or config.vocab_size)}
        )

    def initialise(self, rng_seed: int) -> "TDNNParameters":
        """As ``Parameters.initialise``: matrices uniform in +-1/sqrt(H), a square embedding the identity."""
        random, bound = np.random.default_rng(rng_seed), self.config.hidden_size**-0.5
        for name, tensor in self.tensors.items():
            if name == EMBEDDING:
                square = tensor.shape[0] == tensor.shape[1]
                tensor[:] = np.eye(*tensor.shape) if square else random.normal(0, tensor.shape[1] ** -0.5, tensor.shape)
            else:
                tensor[:] = random.uniform(-bound, bound, tensor.shape) if "weight" in name else 0
        return self

    def to_tensors(self) -> dict[str, Array]:
        """See ``Tensors``."""
        H = self.config.hidden_size
        return self.tensors | {"hidden.weight": self["hidden.weight"].transpose(1, 0, 2).reshape(H, -1)}

    def load_tensors(self, tensors: Mapping[str, Array]) -> "TDNNParameters":
        """See ``Tensors``."""
        check_shapes(tdnn_shapes(self.config), tensors)
        tensors = {name: np.array(tensors[name]) for name in self.tensors}  # may be views of the vector
        self.vector[:] = 0  # the gaps too: a run that diverged may have ruined them
        N, H = self.config.context_size, self.config.hidden_size
        for name, tensor in tensors.items():
            self[name][:] = tensor.reshape(H, N, -1).transpose(1, 0, 2) if name == "hidden.weight" else tensor
        return self


def tdnn_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor in PyTorch's layouts, in the order of the flat vector."""
    V, E, H, N = config.vocab_size, config.embedding_size, config.hidden_size, config.context_size
    shapes: dict[str, tuple[int, ...]] = {EMBEDDING: (V, E)} if E else {}
    return shapes | {"hidden.weight": (H, N * (E or V)), "hidden.bias": (H,), "head.weight": (V, H), "head.bias": (V,)}


class TDNN(ContextModel):
    """The model on packed weights.

    Attributes:
        parameters: the tensors; call ``refresh`` after a change.
    """

    predict = staticmethod(lookup_logits)

    def __init__(self, parameters: TDNNParameters, workers: Workers | None = None) -> None:
        config = parameters.config
        super().__init__(config, workers, config.context_size)
        self.parameters = parameters
        V, H, E, dtype = config.vocab_size, config.hidden_size, config.embedding_size, config.dtype
        self.width = config.context_size * H
        """N H, the columns of the tables."""
        tables = aligned_zeros((V, padded(self.width, dtype.itemsize)), dtype)
        w_head, head_bias = packed_zeros(H, V, dtype), parameters.row("head.bias")
        one = self.space(1, 1)
        bias = parameters["hidden.bias"]
        self.weights = LookupWeights(
            by_address(lookup_tanh, tables, bias, one.history, 0, one.work, 0, 0, 0),
            by_address(matmul, one.work, w_head, head_bias, one.no_ids, one.logits, 0, 0),
            tables,
            bias,
            w_head,
            head_bias,
        )
        if E:
            self.w_in = packed_zeros(E, self.width, dtype)
        self.refresh()

    @staticmethod
    def check_fit(config: ModelConfig, tensors: Mapping[str, Array]) -> None:
        """See ``charrnn.model.load.check_fit``."""
        check_shapes(tdnn_shapes(config), tensors)

    @classmethod
    def load(cls, config: ModelConfig, tensors: Mapping[str, Array], workers: Workers | None = None) -> "TDNN":
        """See ``charrnn.model.load.load_model``."""
        return cls(TDNNParameters(config).load_tensors(tensors), workers)

    def room(self, steps: int, streams: int) -> Array:
        """The hidden layer (T, B, at least H)."""
        config = self.config
        return aligned_zeros((steps, streams, row_stride(config.hidden_size, config.dtype.itemsize)), config.dtype)

    def refresh(self) -> None:
        """Pack the weights and make the tables anew."""
        self.workers.run(self._pack)
        if self.config.embedding_size:
            self.workers.run(self._embed)

    def to_tensors(self) -> dict[str, Array]:
        """See ``LanguageModel``."""
        return self.parameters.to_tensors()

    @property
    def rows(self) -> Array:
        """All W_p, (N H, E or V), the same memory."""
        return self.parameters["hidden.weight"].reshape(self.width, -1)

    def _pack(self, part: int, parts: int) -> None:
        pack_transposed(self.parameters["head.weight"], self.weights.w_head, part, parts)
        if self.config.embedding_size:
            pack_transposed(self.rows, self.w_in, part, parts)
        else:
            first, last = share(self.width, part, parts)
            self.weights.tables[:, first:last] = self.rows[first:last].T

    def _embed(self, part: int, parts: int) -> None:
        V, tables = self.config.vocab_size, self.weights.tables
        embedding, no_ids = self.parameters[EMBEDDING], np.zeros((1, V), np.int32)
        zeros = np.zeros((1, self.width), tables.dtype)
        matmul(embedding[np.newaxis], self.w_in, zeros, no_ids, tables[np.newaxis], *share(V, part, parts))


class TrainingTDNN(TDNN):
    """A model whose weights are packed for the way back, too."""

    def __init__(self, parameters: TDNNParameters, workers: Workers | None = None) -> None:
        config = parameters.config
        self.w_head_back = packed_zeros(config.vocab_size, config.hidden_size, config.dtype)
        if config.embedding_size:
            self.w_in_back = packed_zeros(config.context_size * config.hidden_size, config.embedding_size, config.dtype)
        super().__init__(parameters, workers)

    def _pack(self, part: int, parts: int) -> None:
        super()._pack(part, parts)
        pack(self.parameters["head.weight"], self.w_head_back, part, parts)
        if self.config.embedding_size:
            pack(self.rows, self.w_in_back, part, parts)
