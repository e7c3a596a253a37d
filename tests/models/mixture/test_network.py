import math

import numpy as np
import pytest
from members import V, counts, mixture, recurrent

from charrnn.errors import CheckpointError, ConfigError
from charrnn.kernels.draw import Rules, generator
from charrnn.kinds.config import config_from, make_config
from charrnn.layers.state import copy_state
from charrnn.models.mixture.config import MixtureConfig
from charrnn.sampling.streams import Streams
from charrnn.workers import Workers


@pytest.fixture(params=[("rnn", "ngram"), ("ngram", "tdnn", "rnn of one layer"), ("rnn", "rnn of one layer")], ids=str)
def names(request):
    return request.param


@pytest.fixture
def ids(random):
    return random.integers(0, V, (11, 3)).astype(np.int32)


def softmax(logits):
    p = np.exp(logits - logits.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


def test_the_gate_weighs_the_members_probabilities_by_their_entropies(names, ids):
    mix = mixture(names)
    p = []
    for member in mix.members:
        window = member.run(ids, member.initial_state(3), member.buffers(11, 3))
        p.append(softmax(window.logits[..., :V].astype(np.float64)))
    expected = np.zeros((11, 3, V))
    for t in range(11):
        for b in range(3):
            h = [-sum(q * math.log(q) for q in member[t, b]) for member in p]
            seen = [1, *(value for one in h for value in (one, math.sqrt(one)))]
            weights = softmax(mix.gate @ np.array(seen))
            expected[t, b] = sum(w * member[t, b] for w, member in zip(weights, p, strict=True))
    window = mix.run(ids, mix.initial_state(3), mix.buffers(11, 3))
    np.testing.assert_allclose(np.exp(window.logits[..., :V].astype(np.float64)), expected, atol=2e-6)


def test_reading_in_windows_equals_reading_at_once(names, ids):
    mix = mixture(names)
    whole = mix.run(ids, mix.initial_state(3), mix.buffers(11, 3)).logits.copy()
    state, buffers = mix.initial_state(3), mix.buffers(7, 3)
    parts = [mix.run(ids[at : at + 7], state, buffers).logits.copy() for at in (0, 7)]
    np.testing.assert_allclose(np.concatenate(parts)[..., :V], whole[..., :V], rtol=1e-6)


def test_reset_and_initial_states_are_the_members(names, ids):
    mix = mixture(names)
    state = mix.initial_state(3)
    mix.run(ids, state, mix.buffers(11, 3))
    mix.reset(state, np.array([True, False, True]))
    initial = mix.initial_state(3)
    assert len(mix.state_names) == len(state[0]) == len(set(mix.state_names))
    for array, new in zip(state[0], initial[0], strict=True):
        assert (array[[0, 2]] == new[[0, 2]]).all()
    assert any((array[1] != new[1]).any() for array, new in zip(state[0], initial[0], strict=True))
    mix.check_state(copy_state(state))


def test_a_loaded_mixture_is_the_same(names, ids):
    mix = mixture(names)
    config = config_from(mix.config.to_dict())
    assert config == mix.config
    tensors = mix.to_tensors()
    loaded = config.kind.load(config, tensors, Workers(1))
    again = loaded.run(ids, loaded.initial_state(3), loaded.buffers(11, 3)).logits
    np.testing.assert_array_equal(again, mix.run(ids, mix.initial_state(3), mix.buffers(11, 3)).logits)
    for name in ("gate", next(name for name in tensors if name.startswith("member1."))):
        with pytest.raises(CheckpointError, match=name.removeprefix("member1.").removeprefix("ngram.")):
            config.kind.check_fit(config, {key: tensor for key, tensor in tensors.items() if key != name})


@pytest.mark.parametrize("threads", [1, 3])
def test_drawing_is_reading_what_was_drawn(names, ids, threads):
    mix = mixture(names, threads)
    sampler = mix.config.kind.sampler(mix)
    prefix = ids[:, 0]
    generators = np.stack([generator(seed) for seed in (1, 2, 3, 4)])
    streams = Streams.beginning(sampler, prefix, generators)
    parts = [streams.draw(count, Rules(1.0), V) for count in (1, 4, 8)]
    drawn = np.concatenate([part.ids for part in parts], axis=1)
    nats = np.concatenate([part.nats for part in parts], axis=1)
    logprobs = np.concatenate([part.top_logprobs for part in parts], axis=1)
    np.testing.assert_allclose(np.exp(logprobs).sum(axis=2), 1, atol=1e-6)
    text = np.concatenate([np.tile(prefix, (4, 1)), drawn], axis=1).T.copy()
    window = mix.run(text, mix.initial_state(4), mix.buffers(len(text), 4))
    p = softmax(window.logits[len(prefix) - 1 : -1, :, :V].astype(np.float64))
    expected = -np.log(np.take_along_axis(p, drawn.T[..., np.newaxis].astype(np.int64), axis=2)[..., 0].T)
    np.testing.assert_allclose(nats, expected, atol=1e-4)
    alone = Streams.beginning(sampler, prefix, generators[2:3]).draw(13, Rules(1.0))
    np.testing.assert_array_equal(alone.ids[0], drawn[2])
    np.testing.assert_array_equal(alone.nats[0], nats[2])


def test_members_have_one_vocabulary_and_write_text():
    rnn, ngram = recurrent("gru", 1).config, counts().config
    with pytest.raises(ConfigError, match="one vocabulary"):
        MixtureConfig.of((rnn, make_config(V + 1, model="ngram")))
    with pytest.raises(ConfigError, match="at least 2 members, not 1"):
        MixtureConfig.of((rnn,))
    mix = MixtureConfig.of((rnn, ngram))
    with pytest.raises(ConfigError, match="model mixture of task text cannot join"):
        MixtureConfig.of((rnn, mix))


def test_precision_is_that_of_the_members_that_have_it():
    config = MixtureConfig.of((make_config(V, precision="bf16"), counts().config))
    assert [member.precision for member in config.members] == ["bf16", "float32"]
    from dataclasses import replace

    assert [member.precision for member in replace(config, precision="float64").members] == ["float64", "float64"]
