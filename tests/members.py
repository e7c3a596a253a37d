"""Small models that can be members of a mixture, and mixtures of them."""

import numpy as np

from charrnn.kinds.config import make_config
from charrnn.models.mixture.config import MixtureConfig
from charrnn.models.mixture.network import Mixture
from charrnn.models.ngram.counts import NGram
from charrnn.models.tdnn.network import TDNN, TDNNParameters
from charrnn.workers import Workers

V = 6


def recurrent(cell, layers):
    config = make_config(V, cell=cell, hidden_size=9, num_layers=layers)
    parameters = config.kind.parameters(config).initialise(3)
    parameters.vector *= 4
    return config.kind.load(config, parameters.to_tensors(), Workers(1))


def tdnn():
    parameters = TDNNParameters(make_config(V, model="tdnn", hidden_size=9, context_size=4)).initialise(0)
    parameters.vector *= 3
    return TDNN(parameters, Workers(1))


def counts():
    text = np.random.default_rng(0).integers(0, V, 300)
    return NGram.count(make_config(V, model="ngram", order=4), text, Workers(1))


KINDS = {
    "rnn": lambda: recurrent("lstm", 2),
    "rnn of one layer": lambda: recurrent("gru-lecture", 1),
    "tdnn": tdnn,
    "ngram": counts,
}


def mixture(names, threads=1, cached=False):
    members = [KINDS[name]() for name in names]
    random = np.random.default_rng(len(members))
    gate, cache_gate = (random.normal(0, 0.7, (n, 1 + 2 * n)) for n in (len(members), len(members) + 1))
    config = MixtureConfig.of(tuple(m.config for m in members))
    return Mixture(config, members, gate, Workers(threads), cache_gate if cached else None)
