"""The tensors of a recurrent language model, in PyTorch's layouts.

embedding.weight       (V, E)   absent for one-hot input
...                             the stack's tensors, see ``charrnn.layers.recurrent_shape``
skip.weight_out_l{l}   (V, H)   with skip connections, for each layer l but the last
head.weight            (V, H)   absent if the embedding is tied
head.bias              (V,)
"""

from collections.abc import Mapping

import numpy as np

from charrnn.errors import CheckpointError
from charrnn.kernels.arrays import Array
from charrnn.layers.embedding import initial_embedding
from charrnn.layers.parameters import EMBEDDING, HEAD, HEAD_BIAS, Parameters, check_shapes
from charrnn.layers.recurrent_shape import uniform_weights
from charrnn.models.language.config import LanguageConfig


class LanguageParameters(Parameters):
    """The tensors of a recurrent language model, or their gradient."""

    config: LanguageConfig

    def __init__(self, config: LanguageConfig) -> None:
        super().__init__(config, tensor_shapes(config))

    def initialise(self, rng_seed: int) -> "LanguageParameters":
        """Fill with initial values; returns self."""
        config, random = self.config, np.random.default_rng(rng_seed)
        if EMBEDDING in self.tensors:
            embedding = self[EMBEDDING]
            embedding[:] = initial_embedding(random, embedding.shape, tied=config.tie_embedding)
        config.stack.initialise(self, random, orthogonal=config.recurrent_init == "orthogonal")
        for name in output_weights(config):
            if name != EMBEDDING:
                self[name][:] = uniform_weights(random, self[name].shape, config.hidden_size)
        self[HEAD_BIAS][:] = 0
        return self

    def to_tensors(self) -> dict[str, Array]:
        """The tensors under PyTorch's names; each layer's bias is split into PyTorch's two biases."""
        result = dict(self.tensors)
        self.config.stack.to_torch(result)
        return result

    def load_tensors(self, tensors: Mapping[str, Array]) -> "LanguageParameters":
        """Copy in tensors under PyTorch's names; returns self.

        Raises:
            CheckpointError: a tensor is missing or has another shape.
        """
        check_fit(self.config, tensors)
        copies = self.copies_of(tensors, torch_shapes(self.config))
        self.fill(copies)
        self.config.stack.from_torch(copies, self)
        return self


def check_fit(config: LanguageConfig, tensors: Mapping[str, Array]) -> None:
    """Check that tensors under PyTorch's names fit a config, before memory is allocated.

    Raises:
        CheckpointError: a tensor is missing, has another shape, or does not hold floating-point numbers.
    """
    if config.num_layers > len(tensors):
        raise CheckpointError(
            f"a checkpoint of {config.num_layers} layers must hold as many tensors or more, not {len(tensors)}: "
            "use another checkpoint"
        )
    check_shapes(torch_shapes(config), tensors)


def torch_shapes(config: LanguageConfig) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor under PyTorch's names."""
    return _around(config, config.stack.torch_shapes())


def tensor_shapes(config: LanguageConfig) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor, in the order of the flat vector."""
    return _around(config, config.stack.shapes())


def _around(config: LanguageConfig, stack: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    V, E = config.vocab_size, config.embedding_size
    shapes: dict[str, tuple[int, ...]] = {EMBEDDING: (V, E)} if E else {}
    shapes |= stack
    return shapes | dict.fromkeys(output_weights(config), (V, config.hidden_size)) | {HEAD_BIAS: (V,)}


def output_weights(config: LanguageConfig) -> list[str]:
    """Names of the output matrices, one for each layer that reaches the output."""
    last = EMBEDDING if config.tie_embedding else HEAD
    skipping = config.stack.output_layers[:-1]
    return [*(f"skip.weight_out_l{layer}" for layer in skipping), last]
