"""Draw a label at random, and sample texts of some labels."""

import numpy as np

from charrnn.kernels.draw import generator
from charrnn.models.conditional.config import ConditionalConfig
from charrnn.models.conditional.network import ConditionalNetwork
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.preview import preview

OF_LABELS = -1
"""The stream of random numbers from which a seed's label is drawn; its text is drawn from another stream."""


def draw_label(config: ConditionalConfig, rng_seed: int) -> str:
    """Draw a label with the probability of its share of the training texts; the same for the same seed."""
    chance = (int(generator(rng_seed, OF_LABELS)[0]) >> 11) / 2**53
    ends = np.cumsum(config.label_counts)
    return config.labels[int(np.searchsorted(ends, chance * ends[-1], side="right"))]


def sample_labels(network: ConditionalNetwork, vocabulary: Vocabulary, rng_seed: int, step: int, count: int) -> str:
    """Sample one line of text for each of ``count`` labels; determined by the model, the seed and the step."""
    chosen = np.random.default_rng((rng_seed, step)).permutation(len(network.config.labels))[:count]
    labels = [network.config.labels[at] for at in chosen]
    texts = [preview(network.of_label(label), vocabulary, rng_seed, step).partition("\n")[0] for label in labels]
    return "\n".join(f"{label}: {text}" for label, text in zip(labels, texts, strict=True))
