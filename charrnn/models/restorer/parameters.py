"""The tensors of a model that restores."""

from collections.abc import Mapping

import numpy as np

from charrnn.kernels.arrays import Array
from charrnn.layers.embedding import initial_embedding
from charrnn.layers.parameters import EMBEDDING, HEAD, HEAD_BIAS, Parameters, check_shapes
from charrnn.layers.recurrent_shape import uniform_weights
from charrnn.models.restorer.config import RestorerConfig

FEEDBACK = "feedback.weight"
"""Name of the tensor (C + 1, G) from which the feedback layer reads the last answer."""


class RestorerParameters(Parameters):
    """The tensors of a model that restores, or their gradient.

    embedding.weight (V, E), absent for one-hot input; the tensors of the recurrent layers, see
    ``charrnn.layers.bidirectional``; head.weight (C, N) and head.bias (C,) for C classes. N is H for each direction,
    and H more with feedback, which also has the tensors of ``charrnn.layers.feedback``.
    """

    config: RestorerConfig

    def __init__(self, config: RestorerConfig) -> None:
        super().__init__(config, restorer_shapes(config))

    def initialise(self, rng_seed: int) -> "RestorerParameters":
        """Fill with initial values; returns self. See ``Parameters``."""
        config, random = self.config, np.random.default_rng(rng_seed)
        if EMBEDDING in self.tensors:
            self[EMBEDDING][:] = initial_embedding(random, self[EMBEDDING].shape)
        orthogonal = config.recurrent_init == "orthogonal"
        config.layers.initialise(self, random, orthogonal=orthogonal)
        names = head_weights(config)
        if config.feedback:
            config.top.initialise(self, random, orthogonal=orthogonal)
            names += [*feedback_weights(config), FEEDBACK]
        for name in names:
            self[name][:] = uniform_weights(random, self[name].shape, config.hidden_size)
        return self

    def to_tensors(self) -> dict[str, Array]:
        """The tensors under PyTorch's names; see ``Parameters``."""
        tensors = dict(self.tensors)
        self.config.layers.to_torch(tensors)
        if self.config.feedback:
            self.config.top.to_torch(tensors)
        _join(self.config, tensors)
        return tensors

    def load_tensors(self, tensors: Mapping[str, Array]) -> "RestorerParameters":
        """Copy in tensors of a checkpoint; returns self. See ``Parameters``."""
        shapes = restorer_checkpoint_shapes(self.config)
        check_shapes(shapes, tensors)
        copies = self.copies_of(tensors, shapes)
        self.config.layers.from_torch(copies, self)
        if self.config.feedback:
            self.config.top.from_torch(copies, self)
        self.fill(copies)
        for joined, names in _joined(self.config):
            for name, part in zip(names, np.split(copies[joined], len(names), axis=1), strict=True):
                self[name][:] = part
        return self


def head_weights(config: RestorerConfig) -> list[str]:
    """Names of the output matrices: one for each direction, and one for the feedback layer."""
    return [HEAD, f"{HEAD}_back"][: config.directions] + [f"{HEAD}_feedback"] * config.feedback


def feedback_weights(config: RestorerConfig) -> list[str]:
    """Names of the feedback layer's input matrices, one for the outputs of each direction."""
    names = ("weight_ih", "weight_ih_back")[: config.directions]
    return [config.top.named(name, 0) for name in names]


def restorer_shapes(config: RestorerConfig) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor, in the order of the flat vector."""
    V, E, C, H = config.vocab_size, config.embedding_size, len(config.classes), config.hidden_size
    shapes: dict[str, tuple[int, ...]] = {EMBEDDING: (V, E)} if E else {}
    shapes |= config.layers.shapes()
    if config.feedback:
        G = config.top.gate_width
        shapes |= dict.fromkeys(feedback_weights(config), (G, H))
        shapes |= config.top.shapes()
        shapes[FEEDBACK] = (C + 1, G)
    shapes |= dict.fromkeys(head_weights(config), (C, H))
    return {**shapes, HEAD_BIAS: (C,)}


def restorer_checkpoint_shapes(config: RestorerConfig) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor under PyTorch's names."""
    shapes = restorer_shapes(config)
    own = {name: shape for name, shape in shapes.items() if name not in config.layers.shapes()}
    if config.feedback:
        own = {
            name: shape for name, shape in own.items() if name not in config.top.shapes()
        } | config.top.torch_shapes()
    for joined, names in _joined(config):
        rows, columns = own[joined]
        own = {name: shape for name, shape in own.items() if name not in names}
        own[joined] = (rows, len(names) * columns)
    return {**own, **config.layers.torch_shapes()}


def _joined(config: RestorerConfig) -> list[tuple[str, list[str]]]:
    """Groups of matrices that a checkpoint stores side by side as one: the name of that one, and their own names."""
    sides = [head_weights(config), *([feedback_weights(config)] if config.feedback else [])]
    return [(names[0], names) for names in sides if len(names) > 1]


def _join(config: RestorerConfig, tensors: dict[str, Array]) -> None:
    """Concatenate each group of ``_joined``, in place."""
    for joined, names in _joined(config):
        tensors[joined] = np.concatenate([tensors.pop(name) for name in names], axis=1)
