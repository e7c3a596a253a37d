from itertools import islice

import numpy as np
import pytest

from charrnn.kernels import draw as parts
from charrnn.kernels.draw import MASK, Rules, fill_uniform, generator
from charrnn.kernels.jit import jit

draw, keep_largest, rank, uniform = (
    jit(part.py_func) for part in (parts.draw, parts.keep_largest, parts.rank, parts.uniform)
)
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


def test_many_numbers_are_those_that_come_one_by_one():
    one, many, values = generator(5), generator(5), np.empty(100)
    fill_uniform(many, values)
    assert values.tolist() == [uniform(one) for _ in range(100)]
    assert many.tolist() == one.tolist()


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


def drawn(logits, classes, rules, state, count=1):
    weights, heap = np.empty(len(logits), logits.dtype), np.empty(len(logits), np.int32)
    return [draw(logits, classes, rules, weights, heap, state) for _ in range(count)]


def distribution(logits, temperature, top_k=0, top_p=1.0, min_p=0.0):
    """The probabilities (V,) that a draw must follow, in float64 and by sorting."""
    logits = np.asarray(logits, np.float64) / temperature
    p = np.exp(logits - logits.max())
    p /= p.sum()
    ranked = np.argsort(-p, kind="stable")
    if top_k:
        p[ranked[top_k:]] = 0
        p /= p.sum()
    below = np.cumsum(p[ranked]) - p[ranked]
    p[ranked[below >= top_p]] = 0
    p /= p.sum()
    p[p < min_p * p.max()] = 0
    return p / p.sum()


def assert_follows(counts, p):
    """Chi-square; too large by chance in one of a thousand tests, and so never for a seed that passed."""
    assert counts[p == 0].sum() == 0
    expected = counts.sum() * p[p > 0]
    chi_square = ((counts[p > 0] - expected) ** 2 / expected).sum()
    freedom = len(expected) - 1
    # Wilson and Hilferty 1931: the quantile 0.999 of chi-square
    assert chi_square <= freedom * (1 - 2 / (9 * freedom) + 3.09 * np.sqrt(2 / (9 * freedom))) ** 3 if freedom else True


LOGITS = [0.3, -1, 2, 0, -np.inf, 1.1, -0.4, 1.9]


@precisions
@pytest.mark.parametrize(
    "rules",
    [
        Rules(0.5),
        Rules(1.0),
        Rules(2.0),
        Rules(1.0, top_k=3),
        Rules(0.7, top_k=1),
        Rules(1.0, top_k=100),
        Rules(1.0, top_p=0.7),
        Rules(1.5, top_p=0.95),
        Rules(1.0, top_p=1e-9),
        Rules(1.0, min_p=0.2),
        Rules(2.0, min_p=0.5),
        Rules(1.0, min_p=1.0),
        Rules(1.3, top_k=5, top_p=0.8),
        Rules(1.3, top_k=6, top_p=0.97, min_p=0.25),
    ],
    ids=str,
)
def test_draws_follow_the_rules(rules, dtype):
    logits = np.array([*LOGITS, 50], dtype)  # the last lies beyond the classes
    counts = np.bincount(drawn(logits, 8, rules, generator(17), 20_000), minlength=9)
    assert counts[8] == 0
    assert_follows(counts[:8], distribution(LOGITS, *rules))


@precisions
def test_min_p_keeps_what_is_as_probable_as_it_asks(dtype):
    ties = np.array([1, 0, 1, -1, 1], dtype)
    assert set(drawn(ties, 5, Rules(1.0, min_p=1.0), generator(1), 200)) == {0, 2, 4}
    halves = np.array([0, 0, 0], dtype)
    halves[1] = -np.inf
    assert set(drawn(halves, 3, Rules(1.0, min_p=1.0), generator(1), 200)) == {0, 2}


def test_each_rule_changes_the_distribution():
    rows = [distribution(LOGITS, 1.3, *rest) for rest in [(), (6,), (6, 0.9), (6, 0.9, 0.25)]]
    assert [np.count_nonzero(row) for row in rows] == [7, 6, 5, 4]


@precisions
def test_half_the_temperature_is_twice_the_logits(dtype):
    logits = np.array(LOGITS, dtype)
    first, second = (drawn(x, 8, Rules(t), generator(5), 2000) for x, t in ((logits, 0.5), (2 * logits, 1.0)))
    assert first == second


@precisions
@pytest.mark.parametrize("classes", [1, 2, 3, 10, 65, 300])
def test_ranked_and_kept_as_sorting_does(classes, dtype, random):
    for _ in range(20):
        weights = random.integers(0, 6, classes).astype(dtype) / 8  # with ties
        sorted_ids = sorted(range(classes), key=lambda v: (-weights[v], v))
        for most in {1, classes // 2 + 1, classes}:
            ranked = np.empty(most, np.int32)
            rank(weights.copy(), classes, ranked)
            assert ranked.tolist() == sorted_ids[:most]
            kept = np.append(weights, np.array(9, dtype))
            total = keep_largest(kept, classes, most, np.inf, np.empty(classes, np.int32))
            wanted = np.zeros(classes + 1, dtype)
            wanted[ranked], wanted[-1] = weights[ranked], 9
            assert np.array_equal(kept, wanted)
            assert total == wanted[:-1].sum()


@pytest.mark.parametrize(
    ("mass", "wanted"), [(0.1, [1]), (1.0, [1]), (1.1, [1, 3]), (1.75, [1, 3]), (2.0, [1, 2, 3]), (2.5, [0, 1, 2, 3])]
)
def test_the_fewest_are_kept_that_have_the_mass(mass, wanted):
    weights = np.array([0.25, 1, 0.5, 0.75])
    assert keep_largest(weights.copy(), 4, 4, mass, np.empty(4, np.int32)) == weights[wanted].sum()


def test_weights_of_all_magnitudes_are_told_apart():
    weights = np.array([1e-30, 1, 2e-38, 1e-38, 1e-10], np.float32)
    keep_largest(weights, 5, 4, np.inf, np.empty(5, np.int32))
    assert np.flatnonzero(weights).tolist() == [0, 1, 2, 4]


@precisions
def test_a_draw_takes_one_uniform_number(dtype):
    """Class v is drawn where the number falls between the sums of probabilities below and up to v."""
    logits = np.array([0.1, 2, -1, 0.5], dtype)
    edges = np.cumsum(distribution(logits, 1.0))
    state = generator(4)
    for _ in range(200):
        copy = state.copy()
        point = uniform(copy)
        assert drawn(logits, 4, Rules(1.0), state) == [np.searchsorted(edges, point, side="right")]
        assert np.array_equal(state, copy)


@precisions
@pytest.mark.parametrize(("logits", "wanted"), [([1, 3, 3, 2], 1), ([5], 0), ([-2, -1, -3], 1), ([0, 0, 0], 0)])
def test_temperature_zero_takes_the_first_maximum_and_no_number(logits, wanted, dtype):
    state = generator(8)
    before = state.copy()
    assert drawn(np.array([*logits, 99], dtype), len(logits), Rules(0.0, 2, 0.5, 0.5), state) == [wanted]
    assert np.array_equal(state, before)


@precisions
@pytest.mark.parametrize("temperature", [1e-300, 1e-3])
def test_a_temperature_near_zero_takes_the_maximum(temperature, dtype):
    logits = np.array([1, 3, 2.5, -1e30], dtype)
    assert set(drawn(logits, 4, Rules(temperature), generator(8), 100)) == {1}


@precisions
def test_huge_logits_and_a_high_temperature(dtype):
    state = generator(8)
    assert set(drawn(np.array([-1e30, 1e30, 0], dtype), 3, Rules(1.0), state, 50)) == {1}
    assert set(drawn(np.array([-5, 5, 0], dtype), 3, Rules(1e6), state, 100)) == {0, 1, 2}
