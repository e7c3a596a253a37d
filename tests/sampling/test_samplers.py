import numpy as np

from charrnn.model.config import ModelConfig
from charrnn.model.network import Network
from charrnn.model.ngram import NGram
from charrnn.sampling.contexts import ContextSampler
from charrnn.sampling.recurrent import Sampler
from charrnn.sampling.samplers import sampler_of


def test_each_model_has_its_sampler(make_parameters):
    network = Network(make_parameters(vocab_size=5, hidden_size=4))
    assert isinstance(sampler_of(network), Sampler)
    counts = NGram.count(ModelConfig(5, "ngram", order=1), np.arange(9) % 5)
    assert isinstance(sampler_of(counts), ContextSampler)
