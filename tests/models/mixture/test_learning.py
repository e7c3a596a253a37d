import numpy as np
import pytest
from members import KINDS, V

from charrnn.kinds.mixing import LEAST_GAIN
from charrnn.models.mixture.combine import combine
from charrnn.models.mixture.learning import learn_gate, mixed_nats, observe, softmax_of, two_fold_nats
from charrnn.workers import Workers


@pytest.mark.parametrize("length", [40, 20_000])
@pytest.mark.parametrize("name", ["tdnn", "ngram"])
def test_a_member_is_observed_on_each_character(name, length, random):
    member = KINDS[name]()
    ids = random.integers(0, V, length).astype(np.uint8)
    logprobs, entropies = observe(member, ids)
    x = ids[:-1, np.newaxis].astype(np.int32)
    window = member.run(x, member.initial_state(1), member.buffers(len(x), 1))
    p = softmax_of(window.logits[:, 0, :V].astype(np.float64).T)
    np.testing.assert_allclose(logprobs, np.log(p[ids[1:], np.arange(length - 1)]), atol=1e-5)
    np.testing.assert_allclose(entropies, -(p * np.log(p)).sum(0), atol=1e-5)


def two_experts(random, count):
    """Two members, of which the one with the lower entropy is right."""
    entropies = random.uniform(0.1, 1, (2, count))
    right = entropies[0] < entropies[1]
    return np.log(np.where([right, ~right], 0.8, 0.1)), entropies


def test_a_gate_learns_whom_to_trust(random):
    logprobs, entropies = two_experts(random, 4000)
    gate = learn_gate(logprobs, entropies)
    taught = mixed_nats(gate, logprobs, entropies)
    assert taught < mixed_nats(np.zeros((2, 5)), logprobs, entropies) - 0.2
    logprobs, entropies = two_experts(random, 4000)
    assert abs(mixed_nats(gate, logprobs, entropies) - taught) < 0.02
    assert abs(two_fold_nats(logprobs, entropies) - taught) < 0.02


def test_two_folds_do_not_reward_what_is_learned_by_heart(random):
    """With characters that nothing predicts, a gate of its own text looks better than it is."""
    logprobs, entropies = np.log(random.uniform(0.1, 1, (2, 60))), random.uniform(0.1, 1, (2, 60))
    own = mixed_nats(learn_gate(logprobs, entropies), logprobs, entropies)
    assert two_fold_nats(logprobs, entropies) > own


def test_a_member_that_gains_too_little_is_left_out(random):
    ids = random.integers(0, V, 3000).astype(np.int32)
    better, worse = KINDS["ngram"](), KINDS["rnn"]()
    found = combine([worse, better, worse], ids, Workers(1))
    if found.mixture is not None:
        assert len(found.kept) == 2
        assert found.mixed_nats <= min(found.nats) - LEAST_GAIN
    assert not {0, 2} <= set(found.kept)
