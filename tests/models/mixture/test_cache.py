import numpy as np
from members import V, mixture

from charrnn.models.mixture import cache
from charrnn.models.mixture.adapting import AdaptingMixture
from charrnn.models.mixture.learning import observe
from charrnn.models.ngram.counts import NGram
from charrnn.scoring.defaults import Adaptation
from charrnn.training.dynamic import DynamicReader
from charrnn.workers import Workers


def test_each_character_is_observed_before_it_is_counted(monkeypatch, random):
    monkeypatch.setattr(cache, "RECOUNTED", 40)
    ids = random.integers(0, V, 130).astype(np.int32)
    logprobs, entropies = cache.observe_cache(ids, V, Workers())
    assert len(logprobs) == len(entropies) == 129
    every = np.arange(V, dtype=np.int32)
    config = cache.Cache(V, Workers()).config
    for first in (0, 40, 80, 120):
        model = NGram.count(config, np.concatenate([every, ids[:first]]), Workers())
        own = observe(model, ids)
        for found, expected in zip((logprobs, entropies), own, strict=True):
            np.testing.assert_allclose(found[first : first + 40], expected[first : first + 40], atol=1e-6)


def test_a_mixture_learns_a_text_by_its_cache(monkeypatch, random):
    monkeypatch.setattr(cache, "RECOUNTED", 50)
    ids = np.tile(random.integers(0, V, 60), 6).astype(np.int32)
    mix = mixture(("ngram", "tdnn"), cached=True)
    before = {name: tensor.copy() for name, tensor in mix.to_tensors().items()}
    losses = DynamicReader(AdaptingMixture(mix, Adaptation(1e-9))).read(ids)[0]
    plain = DynamicReader(AdaptingMixture(mixture(("ngram", "tdnn")), Adaptation(1e-9))).read(ids)[0]
    assert losses[-120:].mean() < losses[1:60].mean() - 0.3
    assert losses[-120:].mean() < plain[-120:].mean() - 0.3
    assert all((before[name] == tensor).all() for name, tensor in mix.to_tensors().items())


def test_what_is_held_back_is_counted_at_the_end(random):
    ids = random.integers(0, V, 70).astype(np.int32)
    adapting = AdaptingMixture(mixture(("ngram", "tdnn"), cached=True), Adaptation(1e-9))
    DynamicReader(adapting).read(ids)
    sizes = [adapting.network.members[-1].size]
    adapting.settle()
    assert adapting.network.members[-1].size > sizes[0]
