"""What a model writes while it is trained."""

import numpy as np

from charrnn.kernels.draw import Rules, generator
from charrnn.model.contract import LanguageModel
from charrnn.sampling.batch import opening
from charrnn.sampling.samplers import sampler_of
from charrnn.sampling.streams import Streams
from charrnn.text.vocabulary import Vocabulary

LENGTH = 120
RULES = Rules(temperature=0.8)


def preview(model: LanguageModel, vocabulary: Vocabulary, rng_seed: int, step: int) -> str:
    """LENGTH characters, a function of the model, the run's seed and the step."""
    generators = generator(rng_seed, step)[np.newaxis]
    streams = Streams.beginning(sampler_of(model), vocabulary.encode(opening(vocabulary)), generators)
    return vocabulary.decode(streams.draw(LENGTH, RULES).ids[0])
