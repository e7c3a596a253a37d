"""Several texts of a model that is conditioned on labels; each text's label is drawn from the text's seed."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from charrnn.sampling.batch import SampleBatch
from charrnn.sampling.growth import Step
from charrnn.sampling.settings import SamplingSettings
from charrnn.sampling.streams import ModelSampler
from charrnn.text.vocabulary import Vocabulary


class LabelledBatch(SampleBatch):
    """A ``SampleBatch`` whose texts have labels; a text's seed determines both its label and its characters.

    Args:
        label_for: returns the label for a text's seed.
        sampler_of: returns the sampler for texts with a label.
        vocabulary: as in ``SampleBatch``.
        prefix: as in ``SampleBatch``.
        rng_seed: as in ``SampleBatch``.
        num_samples: as in ``SampleBatch``.
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
        """The label of text number ``text``."""
        return self._label_for(self.rng_seeds[text])

    def _grown(self, rng_seeds: Sequence[int], settings: SamplingSettings, **how: Any) -> Iterator[Step]:
        places: dict[str, list[int]] = {}
        for place, seed in enumerate(rng_seeds):
            places.setdefault(self._label_for(seed), []).append(place)
        for label, own in places.items():
            steps = self._grown_from(self._sampler_of(label), [rng_seeds[place] for place in own], settings, **how)
            for step in steps:
                yield step._replace(text=own[step.text])
