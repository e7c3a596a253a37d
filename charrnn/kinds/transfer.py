"""A trained model as the beginning of another, of more characters.

A character that the model has never seen gets the mean of all that it has: of their embeddings or columns of one-hot
input, of their rows of the output, and of their biases. So its logit is the mean of the others', and by Jensen's
inequality its probability at most 1 / (V + 1): n new ones divide the probabilities of the old ones by 1 + n / V at
most, and leave their relations as they are (Hewitt 2021, Initializing New Word Embeddings for Pretrained Language
Models). Random rows, as a new model has them, promise nothing of the kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from charrnn.kinds.config import ModelConfig
from charrnn.layers.parameters import Array, Parameters
from charrnn.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class Pretrained:
    """A model that others start from.

    Attributes:
        config: its shape.
        vocabulary: its characters.
        tensors: as a checkpoint has them.
    """

    config: ModelConfig
    vocabulary: Vocabulary
    tensors: Mapping[str, Array]

    def fill(self, parameters: Parameters, vocabulary: Vocabulary) -> None:
        """Copy the tensors into those of a model of the same shape that knows all of the characters, and perhaps more.

        Args:
            parameters: to be filled.
            vocabulary: of their model.
        """
        ids = vocabulary.encode(self.vocabulary.symbols)
        shapes = {name: tensor.shape for name, tensor in parameters.to_tensors().items()}
        parameters.load_tensors({name: widened(self.tensors[name], shape, ids) for name, shape in shapes.items()})


def widened(tensor: Array, shape: tuple[int, ...], ids: Array) -> Array:
    """A tensor with the means of its characters in the places of new ones.

    Args:
        tensor: any axis may hold characters, V of them or a multiple: (other things, characters).
        shape: that is wanted. The axes that are longer there are those that hold characters.
        ids: (V,) the new places of the old characters.
    """
    for axis, (size, wanted) in enumerate(zip(tensor.shape, shape, strict=True)):
        if size != wanted:
            old = np.moveaxis(tensor, axis, -1)
            old = old.reshape(*old.shape[:-1], -1, len(ids))
            new = np.repeat(old.mean(axis=-1, keepdims=True, dtype=np.float64), wanted // old.shape[-2], axis=-1)
            new[..., ids] = old
            tensor = np.moveaxis(new.reshape(*new.shape[:-2], wanted), -1, axis)
    return tensor
