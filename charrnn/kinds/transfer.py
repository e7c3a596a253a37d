"""Start a model from a trained one whose vocabulary is smaller.

A new character gets the mean of the old characters' embeddings (or columns of one-hot input), output rows and biases.
So its logit is the mean of the others', and by Jensen's inequality its probability is at most 1 / (V + 1). n new
characters divide the old probabilities by at most 1 + n / V and keep their ratios (Hewitt 2021, Initializing New Word
Embeddings for Pretrained Language Models). Random rows would have no such bound.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from charrnn.kernels.arrays import Array
from charrnn.kinds.config import ModelConfig
from charrnn.layers.parameters import Parameters
from charrnn.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class Pretrained:
    """A trained model that a new run starts from.

    Attributes:
        config: the model's shape.
        vocabulary: the model's characters.
        tensors: the tensors of its checkpoint.
    """

    config: ModelConfig
    vocabulary: Vocabulary
    tensors: Mapping[str, Array]

    def fill(self, parameters: Parameters, vocabulary: Vocabulary) -> None:
        """Copy the tensors into the parameters of a model whose shape differs only in the vocabulary.

        Args:
            parameters: the new model's parameters, written.
            vocabulary: the new model's vocabulary, which contains that of the old one.
        """
        ids = vocabulary.encode(self.vocabulary.symbols)
        shapes = {name: tensor.shape for name, tensor in parameters.to_tensors().items()}
        parameters.load_tensors({name: widened(self.tensors[name], shape, ids) for name, shape in shapes.items()})


def widened(tensor: Array, shape: tuple[int, ...], ids: Array) -> Array:
    """Widen a tensor to more characters; new characters get the mean of the old ones.

    Args:
        tensor: a tensor; axes of characters have V elements, or a multiple of V with the characters innermost.
        shape: the new shape; the axes that are longer than in ``tensor`` are those of characters.
        ids: (V,) the new ids of the old characters.
    """
    for axis, (size, wanted) in enumerate(zip(tensor.shape, shape, strict=True)):
        if size != wanted:
            old = np.moveaxis(tensor, axis, -1)
            old = old.reshape(*old.shape[:-1], -1, len(ids))
            new = np.repeat(old.mean(axis=-1, keepdims=True, dtype=np.float64), wanted // old.shape[-2], axis=-1)
            new[..., ids] = old
            tensor = np.moveaxis(new.reshape(*new.shape[:-2], wanted), -1, axis)
    return tensor
