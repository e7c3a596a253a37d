from itertools import islice

import numpy as np
import pytest

from charrnn.errors import ConfigError
from charrnn.kernels.draw import draw, generator, uniform
from charrnn.model.network import Network
from charrnn.model.workspace import Workspace
from charrnn.sampling import PRIME_WINDOW, sample_ids

V = 11


@pytest.fixture
def network(make_parameters):
    parameters = make_parameters(vocab_size=V, hidden_size=19, num_layers=2)
    parameters.vector *= 4  # so that every character read changes what is drawn
    return Network(parameters)


@pytest.fixture
def make_prefix(random):
    return lambda length: random.integers(0, V, length).astype(np.int32)


def step_by_step(network, prefix, length, temperature, random):
    """The same draws from windows of one character."""
    state, space = network.zero_state(1), Workspace.allocate(network.config, 1, 1)
    for character in prefix[:-1]:
        network.run(np.array([[character]], np.int32), None, state, space)
    text = [int(prefix[-1])]
    for _ in range(length):
        network.run(np.array([[text[-1]]], np.int32), None, state, space)
        text.append(draw(space.logits[0, 0], V, temperature, random))
    return text[1:]


@pytest.mark.parametrize("temperature", [0.0, 0.7, 1.0])
@pytest.mark.parametrize("length", [1, 2, PRIME_WINDOW, PRIME_WINDOW + 1, 2 * PRIME_WINDOW + 44])
def test_text_equals_step_by_step_drawing(network, make_prefix, length, temperature):
    prefix = make_prefix(length)
    first, second = generator(3), generator(3)
    drawn = list(sample_ids(network, prefix, 60, temperature, first))
    assert drawn == step_by_step(network, prefix, 60, temperature, second)
    assert np.array_equal(first, second)
    assert len(drawn) == 60
    assert all(0 <= character < V for character in drawn)


def test_length_zero_draws_nothing(network, make_prefix):
    random = generator(0)
    assert list(sample_ids(network, make_prefix(5), 0, 1.0, random)) == []
    assert np.array_equal(random, generator(0))


def test_the_same_generator_gives_the_same_text_and_another_one_another(network, make_prefix):
    prefix = make_prefix(5)
    texts = [list(sample_ids(network, prefix, 40, 1.0, generator(seed))) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_temperature_zero_takes_no_random_number(network, make_prefix):
    prefix, random = make_prefix(5), generator(1)
    greedy = list(sample_ids(network, prefix, 40, 0.0, random))
    assert np.array_equal(random, generator(1))
    assert greedy == list(sample_ids(network, prefix, 40, 0.0, generator(2)))


def test_the_prefix_counts_from_its_first_character(network):
    prefixes = [np.array([first] + [2] * 3, np.int32) for first in range(V)]
    assert len({tuple(sample_ids(network, prefix, 30, 1.0, generator(1))) for prefix in prefixes}) > V // 2


def test_each_character_comes_as_soon_as_it_is_drawn(network, make_prefix):
    random, wanted = generator(5), generator(5)
    ids = sample_ids(network, make_prefix(5), 30, 1.0, random)
    assert np.array_equal(random, wanted)
    for _ in islice(ids, 7):
        uniform(wanted)
        assert np.array_equal(random, wanted)


def test_a_text_that_goes_on_equals_a_longer_one(network, make_prefix):
    prefix, random = make_prefix(9), generator(6)
    whole = list(sample_ids(network, prefix, 50, 1.0, generator(6)))
    head = list(sample_ids(network, prefix, 20, 1.0, random))
    tail = list(sample_ids(network, np.concatenate([prefix, np.array(head, np.int32)]), 30, 1.0, random))
    assert head + tail == whole


@pytest.mark.parametrize(
    ("length", "temperature", "message"),
    [
        (-1, 1.0, "length must be at least 0, not -1"),
        (1, -0.1, "temperature must be a finite number of at least 0, not -0.1"),
        (1, float("nan"), "temperature must be a finite number of at least 0, not nan"),
        (1, float("inf"), "temperature must be a finite number of at least 0, not inf"),
    ],
)
def test_what_is_out_of_range_is_an_error_before_the_first_draw(network, make_prefix, length, temperature, message):
    with pytest.raises(ConfigError) as caught:
        sample_ids(network, make_prefix(5), length, temperature, generator(0))
    assert str(caught.value) == message
