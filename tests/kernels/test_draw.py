from itertools import islice

import numpy as np
import pytest

from charrnn.kernels.draw import MASK, draw, generator, rotate, uniform

precisions = pytest.mark.parametrize("dtype", ["float32", "float64"])


def rotated(x, bits):
    return (x << bits | x >> 64 - bits) & MASK


def xoshiro(state):
    """xoshiro256** as published by Blackman and Vigna; yields 64-bit integers."""
    s = [int(x) for x in state]
    while True:
        yield rotated(s[1] * 5 & MASK, 7) * 9 & MASK
        t = s[1] << 17 & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotated(s[3], 45)


def test_reference_gives_the_published_numbers():
    wanted = [11520, 0, 1509978240, 1215971899390074240, 1216172134540287360]
    assert list(islice(xoshiro([1, 2, 3, 4]), 5)) == wanted


@pytest.mark.parametrize(
    ("seed", "wanted"),
    [
        (0, [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F, 0xF88BB8A8724C81EC]),
        (1234567, [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]),
    ],
)
def test_generator_is_seeded_by_splitmix64(seed, wanted):
    state = generator(seed)
    assert state.dtype == np.uint64
    assert state.tolist() == wanted


@pytest.mark.parametrize("bits", [7, 45])
def test_rotate(bits):
    for x in (0, 1, 0x8000000000000000, 0x123456789ABCDEF0):
        assert int(rotate(np.uint64(x), bits)) == rotated(x, bits)


@pytest.mark.parametrize(("seed", "stream"), [(0, 0), (1, 0), (2**63, 1), (12345, 7)])
def test_uniform_is_the_published_algorithm(seed, stream):
    state = generator(seed, stream)
    wanted = [(x >> 11) / 2**53 for x in islice(xoshiro(state), 2000)]
    drawn = [uniform(state) for _ in range(2000)]
    assert drawn == wanted
    assert 0 <= min(drawn) < 0.01
    assert 0.99 < max(drawn) < 1


def test_largest_number_is_below_one():
    """The state whose result has all bits set: 53 ones after the shift."""
    result = MASK
    word = rotated(result * pow(9, -1, 2**64) & MASK, 57) * pow(5, -1, 2**64) & MASK
    assert uniform(np.array([0, word, 0, 0], np.uint64)) == 1 - 2**-53


def test_generator_goes_on_from_a_saved_state():
    state = generator(3)
    uniform(state)
    saved = state.copy()
    assert [uniform(state) for _ in range(5)] == [uniform(saved) for _ in range(5)]


def test_seeds_and_streams_are_sequences_of_their_own():
    heads = set()
    for seed in range(5):
        for stream in range(5):
            state = generator(seed, stream)
            heads.update(uniform(state) for _ in range(20))
    assert len(heads) == 5 * 5 * 20


@precisions
@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_draws_follow_the_softmax(temperature, dtype):
    logits = np.array([0.3, -1, 2, 0, -np.inf, 1.1, -0.4, 1.9, 50], dtype)  # the last lies beyond the classes
    state = generator(17)
    count = 20_000
    drawn = np.bincount([draw(logits, 8, temperature, state) for _ in range(count)], minlength=9)
    weights = np.exp(logits[:8].astype("float64") / temperature)
    possible = weights > 0
    expected = count * weights[possible] / weights.sum()
    assert drawn[8] == drawn[4] == 0
    chi_square = ((drawn[:8][possible] - expected) ** 2 / expected).sum()
    assert chi_square < 22.5  # exceeded with probability 0.001 at 6 degrees of freedom


@precisions
def test_a_draw_takes_one_uniform_number(dtype):
    """Class v is drawn where the number falls between the sums of probabilities below and up to v."""
    logits = np.array([0.1, 2, -1, 0.5], dtype)
    edges = np.cumsum(np.exp(logits.astype("float64")) / np.exp(logits.astype("float64")).sum())
    state = generator(4)
    for _ in range(200):
        copy = state.copy()
        point = uniform(copy)
        assert draw(logits, 4, 1.0, state) == np.searchsorted(edges, point, side="right")
        assert np.array_equal(state, copy)


@precisions
@pytest.mark.parametrize(("logits", "wanted"), [([1, 3, 3, 2], 1), ([5], 0), ([-2, -1, -3], 1), ([0, 0, 0], 0)])
def test_temperature_zero_takes_the_first_maximum_and_no_number(logits, wanted, dtype):
    state = generator(8)
    before = state.copy()
    assert draw(np.array([*logits, 99], dtype), len(logits), 0.0, state) == wanted
    assert np.array_equal(state, before)


@precisions
@pytest.mark.parametrize("temperature", [1e-300, 1e-3])
def test_a_temperature_near_zero_takes_the_maximum(temperature, dtype):
    state = generator(8)
    logits = np.array([1, 3, 2.5, -1e30], dtype)
    assert {draw(logits, 4, temperature, state) for _ in range(100)} == {1}


@precisions
def test_huge_logits_and_a_high_temperature(dtype):
    state = generator(8)
    assert {draw(np.array([-1e30, 1e30, 0], dtype), 3, 1.0, state) for _ in range(50)} == {1}
    assert {draw(np.array([-5, 5, 0], dtype), 3, 1e6, state) for _ in range(100)} == {0, 1, 2}
