"""Labels that are drawn, and some of their texts."""

import numpy as np

from charrnn.kernels.draw import generator
from charrnn.models.conditional.config import ConditionalConfig
from charrnn.models.conditional.network import ConditionalNetwork
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.preview import preview

OF_LABELS = -1
"""The random sequence of a seed by which its label is drawn; its text is drawn by another one."""


def draw_label(config: ConditionalConfig, rng_seed: int) -> str:
    """A label by its share of the texts, the same for the same seed."""
    chance = (int(generator(rng_seed, OF_LABELS)[0]) >> 11) / 2**53
    ends = np.cumsum(config.label_counts)
    return config.labels[int(np.searchsorted(ends, chance * ends[-1], side="right"))]


def sample_labels(network: ConditionalNetwork, vocabulary: Vocabulary, rng_seed: int, step: int, count: int) -> str:
    """A text of each of ``count`` labels, determined by the model, the seed and the step."""
    chosen = np.random.default_rng((rng_seed, step)).permutation(len(network.config.labels))[:count]
    labels = [network.config.labels[at] for at in chosen]
    texts = [preview(network.of_label(label), vocabulary, rng_seed, step).partition("\n")[0] for label in labels]
    return "\n".join(f"{label}: {text}" for label, text in zip(labels, texts, strict=True))
