"""Short samples that show a model's progress during training."""

import numpy as np

from charrnn.kernels.draw import Rules, generator
from charrnn.kinds.contract import LanguageModel
from charrnn.sampling.batch import sub_seed, with_start
from charrnn.sampling.streams import Streams
from charrnn.text.vocabulary import END, Vocabulary

LENGTH = 120
RULES = Rules(temperature=0.8)

MOST_DOCUMENTS = 8


def preview(model: LanguageModel, vocabulary: Vocabulary, rng_seed: int, step: int) -> str:
    """Sample LENGTH characters, from documents one on each line; determined by the model, the seed and the step."""
    count = MOST_DOCUMENTS if vocabulary.documents else 1
    generators = np.stack([generator(sub_seed(rng_seed, number), step) for number in range(count)])
    start = vocabulary.encode(with_start("", vocabulary))
    streams = Streams.beginning(model.config.kind.sampler(model), start, generators)
    texts = [vocabulary.decode(ids) for ids in streams.draw(LENGTH, RULES).ids]
    return "\n".join(text.partition(END)[0] for text in texts)[:LENGTH] if vocabulary.documents else texts[0]
