"""Several texts of a model that writes for a label, each of a label that is drawn with it."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from charrnn.sampling.batch import SampleBatch
from charrnn.sampling.growth import Step
from charrnn.sampling.settings import SamplingSettings
from charrnn.sampling.streams import ModelSampler
from charrnn.text.vocabulary import Vocabulary


class LabelledBatch(SampleBatch):
    """See ``SampleBatch``; a text drawn alone with its seed has the same label and is the same.

    Args:
        label_for: gives the label that goes with a seed.
        sampler_of: gives the sampler of the model of one label's texts.
        vocabulary: as in ``SampleBatch``, like the next three.
        prefix: see there.
        rng_seed: see there.
        num_samples: see there.
    """

    def __init__(
        self,
        label_for: Callable[[int], str],
        sampler_of: Callable[[str], ModelSampler],
        vocabulary: Vocabulary,
        prefix: str,
        rng_seed: int,
        num_samples: int,
    ) -> None:
        self._label_for, self._sampler_of = label_for, cache(sampler_of)
        super().__init__(self._sampler_of(label_for(rng_seed)), vocabulary, prefix, rng_seed, num_samples)

    def label(self, text: int) -> str:
        """See ``SampleBatch``."""
        return self._label_for(self.rng_seeds[text])

    def _grown(self, rng_seeds: Sequence[int], settings: SamplingSettings, **how: Any) -> Iterator[Step]:
        places: dict[str, list[int]] = {}
        for place, seed in enumerate(rng_seeds):
            places.setdefault(self._label_for(seed), []).append(place)
        for label, own in places.items():
            steps = self._grown_from(self._sampler_of(label), [rng_seeds[place] for place in own], settings, **how)
            for step in steps:
                yield step._replace(text=own[step.text])
