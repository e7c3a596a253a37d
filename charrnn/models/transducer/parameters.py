"""The tensors of a sequence-to-sequence model."""

from collections.abc import Mapping

import numpy as np

from charrnn.kernels.arrays import Array
from charrnn.layers.attention import attention_shapes, initialise_attention
from charrnn.layers.embedding import initial_embedding
from charrnn.layers.memory import Bridge
from charrnn.layers.parameters import EMBEDDING, HEAD, HEAD_BIAS, Parameters, check_shapes
from charrnn.layers.recurrent_shape import uniform_weights
from charrnn.models.transducer.config import TransducerConfig

TARGET_EMBEDDING = f"target_{EMBEDDING}"
FEED = "decoder.weight_feed"


class TransducerParameters(Parameters):
    """The tensors of a sequence-to-sequence model, or their gradient.

    embedding.weight (V + F, E) of V characters and F features, and target_embedding.weight (C, E), both absent for
    one-hot input; those of the encoder, see ``charrnn.layers.bidirectional``; of the bridge, see
    ``charrnn.layers.memory``; of the decoder, see ``charrnn.layers.recurrent_shape``; of attention, see
    ``charrnn.layers.attention``; decoder.weight_feed (G, H) with input feeding; head.weight (C, H) and head.bias (C,)
    for C classes.
    """

    config: TransducerConfig

    def __init__(self, config: TransducerConfig) -> None:
        super().__init__(config, transducer_shapes(config))

    def initialise(self, rng_seed: int) -> "TransducerParameters":
        """Fill with initial values; returns self. See ``Parameters``."""
        config, random = self.config, np.random.default_rng(rng_seed)
        for name in (EMBEDDING, TARGET_EMBEDDING):
            if name in self.tensors:
                self[name][:] = initial_embedding(random, self[name].shape)
        is_orthogonal = config.recurrent_init == "orthogonal"
        config.encoder.initialise(self, random, orthogonal=is_orthogonal)
        Bridge.initialise(self, random)
        config.decoder.initialise(self, random, orthogonal=is_orthogonal)
        if config.attends:
            initialise_attention(self, random)
        for name in (FEED, HEAD):
            if name in self.tensors:
                self[name][:] = uniform_weights(random, self[name].shape, config.hidden_size)
        return self

    def to_tensors(self) -> dict[str, Array]:
        """The tensors under PyTorch's names; see ``Parameters``."""
        tensors = dict(self.tensors)
        self.config.encoder.to_torch(tensors)
        self.config.decoder.to_torch(tensors)
        for name, axis in _read_by_id(self.config):
            halves = np.split(tensors[name], [self.config.vocab_size], axis=axis)
            tensors[name], tensors[of_features(name)] = map(np.ascontiguousarray, halves)
        return tensors

    def load_tensors(self, tensors: Mapping[str, Array]) -> "TransducerParameters":
        """Copy in tensors of a checkpoint; returns self. See ``Parameters``."""
        shapes = transducer_checkpoint_shapes(self.config)
        check_shapes(shapes, tensors)
        copies = self.copies_of(tensors, shapes)
        for name, axis in _read_by_id(self.config):
            copies[name] = np.concatenate([copies[name], copies.pop(of_features(name))], axis=axis)
        self.config.encoder.from_torch(copies, self)
        self.config.decoder.from_torch(copies, self)
        self.fill(copies)
        return self


def transducer_shapes(config: TransducerConfig) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor, in the order of the flat vector."""
    return _all_shapes(config, config.encoder.shapes(), config.decoder.shapes())


def transducer_checkpoint_shapes(config: TransducerConfig) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor under PyTorch's names; features have their own tensors, apart from characters."""
    shapes = _all_shapes(config, config.encoder.torch_shapes(), config.decoder.torch_shapes())
    for name, axis in _read_by_id(config):
        size = list(shapes[name])
        for key, count in ((name, config.vocab_size), (of_features(name), len(config.features))):
            size[axis] = count
            shapes[key] = tuple(size)
    return shapes


def of_features(name: str) -> str:
    """Name in a checkpoint of the part of a tensor that belongs to the features."""
    return f"features.{name}"


def _read_by_id(config: TransducerConfig) -> list[tuple[str, int]]:
    """Tensors that a checkpoint splits into characters and features, each with the axis of the symbols read.

    Without features, there are none.
    """
    if not config.features:
        return []
    parts = config.encoder.parts[0]
    return [(EMBEDDING, 0)] if config.embedding_size else [(part.named("weight_ih", 0), 1) for part in parts]


def _all_shapes(
    config: TransducerConfig, encoder: Mapping[str, tuple[int, ...]], decoder: Mapping[str, tuple[int, ...]]
) -> dict[str, tuple[int, ...]]:
    E, H, C, M = config.embedding_size, config.hidden_size, config.classes, config.memory_width
    shapes: dict[str, tuple[int, ...]] = {}
    if E:
        shapes = {EMBEDDING: (config.read_symbols, E), TARGET_EMBEDDING: (C, E)}
    shapes = {**shapes, **encoder, **Bridge.shapes(config.state_sizes, M), **decoder}
    if config.is_fed:
        shapes[FEED] = (config.decoder.gate_width, H)
    if config.attends:
        shapes |= attention_shapes(H, M)
    return {**shapes, HEAD: (C, H), HEAD_BIAS: (C,)}
