import numpy as np
import pytest

from charrnn.kernels.arrays import aligned_zeros
from charrnn.kernels.attention import attend, attend_back

UNITS = 3
LENGTHS = np.array([7, 1, 0], np.int32)
COUNTS = np.array([2, 3, 0], np.int32)


def arrays(random, steps=3):
    queries, memory = random.normal(size=(steps, 3, UNITS)), random.normal(size=(3, 8, UNITS))
    return queries, memory


def contexts_of(queries, memory, owners=(0, 1, 2), counts=COUNTS, begin=0):
    out = aligned_zeros((len(queries), len(owners), UNITS), queries.dtype)
    alphas = aligned_zeros((len(owners), 8), queries.dtype)
    owners = np.array(owners, np.int32)
    attend(queries, memory, LENGTHS, owners, counts, begin, UNITS, alphas, out, 0, len(owners))
    return out


def test_a_context_is_the_mean_of_a_rows_own_steps_weighted_by_a_softmax_of_products(random):
    queries, memory = arrays(random)
    contexts = contexts_of(queries, memory)
    for t in range(2):
        scores = memory[0, :7] @ queries[t, 0]
        weights = np.exp(scores) / np.exp(scores).sum()
        assert np.allclose(contexts[t, 0], weights @ memory[0, :7])
        assert np.allclose(contexts[t, 1], memory[1, 0])
    assert not contexts[2, 0].any(), "a step beyond the row"
    assert not contexts[:, 2].any(), "a row of padding"


def test_several_rows_may_look_at_the_same_memory(random):
    queries, memory = arrays(random)
    same = np.ascontiguousarray(np.repeat(queries[:1, :1], 3, axis=1))
    contexts = contexts_of(same, memory, owners=(0, 0, 1), counts=np.ones(3, np.int32))
    assert np.array_equal(contexts[0, 0], contexts[0, 1])
    assert np.array_equal(contexts[0, 2], memory[1, 0])


def test_steps_that_come_later_count_from_where_they_begin(random):
    queries, memory = arrays(random)
    assert np.array_equal(contexts_of(queries[1:], memory, begin=1), contexts_of(queries, memory)[1:])


def test_the_gradient_is_the_slope(random):
    queries, memory = arrays(random)
    d_contexts = random.normal(size=queries.shape)
    d_queries, d_memory = np.ones_like(queries), np.zeros_like(memory)
    alphas, d_alphas = np.zeros((3, 8)), np.zeros((3, 8))
    attend_back(queries, memory, LENGTHS, COUNTS, 0, UNITS, alphas, d_alphas, d_contexts, d_queries, d_memory, 0, 3)
    for values, gradient in ((queries, d_queries), (memory, d_memory)):
        direction = random.normal(size=values.shape)
        slope = 0
        for sign in (1, -1):
            np.add(values, sign * 1e-6 * direction, out=values)
            slope += sign * (contexts_of(queries, memory) * d_contexts).sum() / 2e-6
            np.subtract(values, sign * 1e-6 * direction, out=values)
        assert (gradient * direction).sum() == pytest.approx(slope, rel=1e-6)
